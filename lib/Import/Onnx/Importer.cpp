// From a checked ONNX model to a module of the graph level: the signature,
// the initializers, and node after node.
#include "moe/Import/Onnx.h"

#include "NodeContext.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/Verifier.h"
#include "moe/Dialect/MoE/MoE.h"
#include "moe/Dialect/StableHLO/Chlo.h"
#include "moe/Dialect/Support/MoESupport.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <map>

using namespace mlir;
using namespace moe::importer;

const OpEntry *moe::importer::findOp(StringRef domain, StringRef name) {
  static const llvm::StringMap<const OpEntry *> table = [] {
    llvm::StringMap<const OpEntry *> result;
    for (ArrayRef<OpEntry> group :
         {elementwiseOps(), shapeOps(), sliceOps(), indexingOps(),
          reductionOps(), normalizationOps(), quantizationOps(), controlOps(),
          attentionOps(), microsoftOps(), moeOps()})
      for (const OpEntry &entry : group)
        result[(StringRef(entry.domain) + ":" + entry.name).str()] = &entry;
    return result;
  }();
  return table.lookup((domain + ":" + name).str());
}

namespace {

/// Builds the module of one model.
class Importer {
public:
  explicit Importer(const OnnxModel &model) : model(model), reader(model) {}

  OwningOpRef<ModuleOp> run();

private:
  LogicalResult checkOperators();
  void findMissing(ArrayRef<Node> nodes);
  LogicalResult readInitializers();
  LogicalResult readInputs();
  FailureOr<Type> elementTypeOf(const ::onnx::ValueInfoProto &info,
                                StringRef what);
  void emitNodes(ArrayRef<Node> nodes, GraphBuilder &into,
                 llvm::StringMap<Val> &values);
  LogicalResult emitOutputs();
  DictionaryAttr describe(StringRef name, ArrayRef<std::string> symbols);
  /// A symbol of its own for a size written in another form, such as "n//2".
  std::string symbolFor(StringRef text);

  const OnnxModel &model;
  TensorReader reader;
  OwningOpRef<ModuleOp> module;
  func::FuncOp function;
  std::unique_ptr<ModuleState> state;
  std::unique_ptr<GraphBuilder> graph;
  llvm::StringMap<Val> values;
  llvm::StringMap<std::string> symbolNames;
  const Node *current = nullptr;
  /// Operators that no translation knows, by how messages show them.
  struct Missing {
    size_t count = 0;
    const Node *first = nullptr;
  };
  std::map<std::string, Missing> missing;
};

} // namespace

void Importer::findMissing(ArrayRef<Node> nodes) {
  for (const Node &node : nodes) {
    for (const auto &body : node.subgraphs)
      findMissing(body.second->nodes);
    const OpEntry *entry = findOp(node.domain, node.opType);
    if (entry && node.version >= entry->since)
      continue;
    std::string what = "'" + (node.domain.empty() ? "" : node.domain + ".") +
                       node.opType + "' (";
    if (node.version == 0)
      what += "of a domain that is not imported";
    else
      what += "opset " + std::to_string(node.version);
    if (entry && node.version != 0)
      what += ", defined from opset " + std::to_string(entry->since) + " on";
    Missing &record = missing[what + ")"];
    if (record.count++ == 0)
      record.first = &node;
  }
}

LogicalResult Importer::checkOperators() {
  // One error for all of them: users want to know everything that is missing.
  findMissing(model.nodes());
  if (missing.empty())
    return success();
  InFlightDiagnostic diagnostic =
      mlir::emitError(model.location(*missing.begin()->second.first));
  diagnostic << "expects supported operators, but got ";
  llvm::interleaveComma(missing, diagnostic, [&](const auto &entry) {
    diagnostic << entry.first << " in " << entry.second.count
               << (entry.second.count == 1 ? " node" : " nodes")
               << ", the first being '" << entry.second.first->name << "'";
  });
  return diagnostic;
}

LogicalResult Importer::readInitializers() {
  for (const ::onnx::TensorProto &tensor : model.graph().initializer()) {
    auto elements = reader.read(tensor, [&] { return model.emitError(); });
    if (failed(elements))
      return failure();
    values[tensor.name()] = graph->constant(*elements);
  }
  return reader.checkOverlaps();
}

FailureOr<Type> Importer::elementTypeOf(const ::onnx::ValueInfoProto &info,
                                        StringRef what) {
  if (!info.type().has_tensor_type()) {
    model.emitError() << "expects a tensor as " << what << " '" << info.name()
                      << "', but got another type";
    return failure();
  }
  int32_t code = info.type().tensor_type().elem_type();
  Type type = elementTypeFromOnnx(code, model.getContext());
  if (!type) {
    model.emitError() << "expects a supported element type of " << what << " '"
                      << info.name() << "', but got " << elementTypeName(code);
    return failure();
  }
  return type;
}

/// A name that reads back in forms such as "2*B + S".
static std::string symbolName(StringRef name) {
  std::string result;
  for (char c : name)
    result += llvm::isAlnum(c) ? c : '_';
  if (!result.empty() && llvm::isDigit(result[0]))
    result.insert(0, "_");
  return result;
}

static bool isSymbolName(StringRef name) {
  return !name.empty() && symbolName(name) == name;
}

std::string Importer::symbolFor(StringRef text) {
  std::string &name = symbolNames[text];
  if (name.empty())
    for (name = symbolName(text); graph->dims.hasName(name);)
      name += '_';
  return name;
}

DictionaryAttr Importer::describe(StringRef name,
                                  ArrayRef<std::string> symbols) {
  Builder &builder = graph->builder;
  SmallVector<StringRef> strings(symbols.begin(), symbols.end());
  return builder.getDictionaryAttr(
      {builder.getNamedAttr("moe.name", builder.getStringAttr(name)),
       builder.getNamedAttr("moe.symbols", builder.getStrArrayAttr(strings))});
}

LogicalResult Importer::readInputs() {
  // Sizes that are just names come first, since other inputs may have sizes
  // computed from them.
  for (const ::onnx::ValueInfoProto &info : model.graph().input())
    if (!model.initializer(info.name()))
      for (const auto &dim : info.type().tensor_type().shape().dim())
        if (dim.has_dim_param() && isSymbolName(dim.dim_param()))
          graph->dims.named(dim.dim_param());

  std::vector<bool> bound;
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attributes;
  Block *entry = &function.getBody().front();
  for (const ::onnx::ValueInfoProto &info : model.graph().input()) {
    // An initializer with the name of an input is its value.
    if (model.initializer(info.name()))
      continue;
    FailureOr<Type> elementType = elementTypeOf(info, "input");
    if (failed(elementType))
      return failure();
    if (!info.type().tensor_type().has_shape())
      return model.emitError()
             << "expects a rank of input '" << info.name() << "', but got none";
    const auto &dims = info.type().tensor_type().shape().dim();
    if (dims.size() > 64)
      return model.emitError() << "requires the rank of input '" << info.name()
                               << "' (" << dims.size() << ") to be at most 64";
    SymbolicShape shape;
    SmallVector<SymbolId> own;
    std::vector<std::string> names;
    for (const auto &dim : dims) {
      if (dim.has_dim_value()) {
        if (dim.dim_value() < 0)
          return model.emitError()
                 << "expects sizes of input '" << info.name()
                 << "' that are not negative, but got " << dim.dim_value();
        shape.push_back(DimExpr(dim.dim_value()));
        names.push_back("");
        continue;
      }
      const std::string &name = dim.dim_param();
      if (!name.empty()) {
        std::optional<DimExpr> parsed = graph->dims.parse(name);
        if (!parsed)
          parsed = DimExpr::symbol(graph->dims.named(symbolFor(name)));
        shape.push_back(*parsed);
        names.push_back(graph->dims.print(*parsed));
        continue;
      }
      shape.push_back(DimExpr::symbol(graph->dims.create("")));
      names.push_back("");
    }
    RankedTensorType type = graph->typeOf(*elementType, shape);
    if (graph->failed())
      return failure();
    Value argument = entry->addArgument(type, model.location());
    bound.resize(graph->dims.size());
    for (auto [index, dim] : llvm::enumerate(shape))
      if (std::optional<SymbolId> symbol = dim.asSymbol();
          symbol && !bound[*symbol]) {
        bound[*symbol] = true;
        graph->bindDimension(*symbol, argument, index);
      }
    types.push_back(type);
    attributes.push_back(describe(info.name(), names));
    values[info.name()] = graph->argument(argument, shape);
  }
  function.setFunctionType(FunctionType::get(model.getContext(), types, {}));
  for (auto [index, dictionary] : llvm::enumerate(attributes))
    function.setArgAttrs(index, dictionary);
  return success();
}

void Importer::emitNodes(ArrayRef<Node> nodes, GraphBuilder &into,
                         llvm::StringMap<Val> &values) {
  const Node *around = current;
  Location loc = into.loc;
  auto emitBody = [this](ArrayRef<Node> body, GraphBuilder &inner,
                         llvm::StringMap<Val> &innerValues) {
    emitNodes(body, inner, innerValues);
  };
  for (const Node &node : nodes) {
    current = &node;
    into.loc = model.location(node);
    NodeContext context(model, reader, node, into, values, emitBody);
    findOp(node.domain, node.opType)->handler(context);
    context.finish();
    if (into.failed())
      return;
  }
  current = around;
  into.loc = loc;
}

LogicalResult Importer::emitOutputs() {
  SmallVector<Value> results;
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attributes;
  for (const ::onnx::ValueInfoProto &info : model.graph().output()) {
    Val value = values.lookup(info.name());
    FailureOr<Type> elementType = elementTypeOf(info, "output");
    if (failed(elementType))
      return failure();
    if (*elementType != value->elementType)
      return model.emitError()
             << "requires the element type of output '" << info.name() << "' ("
             << *elementType << ") to equal that of its value ("
             << value->elementType << ")";
    if (info.type().tensor_type().has_shape()) {
      const auto &declared = info.type().tensor_type().shape().dim();
      if (declared.size() != value->rank())
        return model.emitError()
               << "requires the rank of output '" << info.name() << "' ("
               << declared.size() << ") to equal that of its value ("
               << value->rank() << ")";
      for (int i = 0; i < declared.size(); ++i) {
        std::optional<int64_t> size = value->shape[i].constant();
        if (declared[i].has_dim_value() && size &&
            declared[i].dim_value() != *size)
          return model.emitError()
                 << "requires the size of dimension #" << i << " of output '"
                 << info.name() << "' (" << declared[i].dim_value()
                 << ") to equal that of its value (" << *size << ")";
      }
    }
    Value ssa = graph->get(value);
    if (graph->failed())
      return failure();
    results.push_back(ssa);
    types.push_back(ssa.getType());
    std::vector<std::string> symbols;
    for (const DimExpr &dim : value->shape)
      symbols.push_back(
          dim.constant() ? "" : graph->dims.print(dim, /*linearOnly=*/true));
    attributes.push_back(describe(info.name(), symbols));
  }
  func::ReturnOp::create(graph->builder, graph->loc, results);
  function.setFunctionType(FunctionType::get(
      model.getContext(), function.getArgumentTypes(), types));
  for (auto [index, dictionary] : llvm::enumerate(attributes))
    function.setResultAttrs(index, dictionary);
  return success();
}

OwningOpRef<ModuleOp> Importer::run() {
  if (failed(checkOperators()))
    return nullptr;
  Location loc = model.location();
  module = ModuleOp::create(loc);
  OpBuilder builder = OpBuilder::atBlockEnd(module->getBody());
  (*module)->setAttr(
      "moe.source",
      builder.getStringAttr(llvm::sys::path::filename(model.path())));
  function = func::FuncOp::create(builder, loc, "main",
                                  builder.getFunctionType({}, {}));
  function.getBody().emplaceBlock();
  state = std::make_unique<ModuleState>(*module);
  graph = std::make_unique<GraphBuilder>(
      *state, function, [this](const llvm::Twine &message) {
        (current ? model.emitError(*current) : model.emitError()) << message;
      });
  if (failed(readInitializers()) || failed(readInputs()))
    return nullptr;
  emitNodes(model.nodes(), *graph, values);
  if (state->failed || failed(emitOutputs()) || state->failed)
    return nullptr;
  if (failed(verify(*module)))
    return nullptr;
  return std::move(module);
}

void moe::registerImportDialects(DialectRegistry &registry) {
  registry.insert<func::FuncDialect, MoEDialect, chlo::CHLODialect,
                  stablehlo::StableHLODialect, support::MoESupportDialect>();
}

static OwningOpRef<ModuleOp> importModel(ArrayRef<char> bytes, StringRef path,
                                         MLIRContext *context, bool isFile) {
  context->loadDialect<func::FuncDialect, moe::MoEDialect,
                       moe::chlo::CHLODialect, moe::stablehlo::StableHLODialect,
                       moe::support::MoESupportDialect>();
  std::unique_ptr<OnnxModel> model =
      OnnxModel::parse(bytes, path, context, isFile);
  return model ? Importer(*model).run() : nullptr;
}

OwningOpRef<ModuleOp> moe::importOnnxBuffer(ArrayRef<char> bytes,
                                            StringRef path,
                                            MLIRContext *context) {
  return importModel(bytes, path, context, /*isFile=*/false);
}

OwningOpRef<ModuleOp> moe::importOnnx(StringRef path, MLIRContext *context) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  if (std::error_code error = file.getError()) {
    emitError(FileLineColLoc::get(context, path, 0, 0))
        << "expects a file that can be read, but got '" << path
        << "': " << error.message();
    return nullptr;
  }
  return importModel((*file)->getBuffer(), path, context, /*isFile=*/true);
}
