// Portable operations become those of the mirror. Types and attributes were
// decoded while they were read, so that an operation changes its name and the
// shape of its attributes only. Linear in the number of operations.
#include "Carriers.h"

#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "moe/Dialect/StableHLO/StableHLO.h"
#include "moe/Dialect/Support/MoESupport.h"
#include "moe/Import/StableHLO.h"
#include "llvm/Support/VersionTuple.h"

using namespace mlir;
using namespace moe::importer;
namespace hlo = moe::stablehlo;

namespace {

/// Moves the attributes of one operation to their places in the mirror.
class Attributes {
public:
  explicit Attributes(Operation *op)
      : op(op), builder(op->getContext()), list(op->getAttrs()) {}

  /// Groups what an operation of this name has in one attribute there, and
  /// drops what says nothing. False after an error.
  LogicalResult convert(StringRef name);

  NamedAttrList take() { return std::move(list); }

  /// Removes and returns an attribute of a kind; an error where it is another.
  template <typename AttrT>
  FailureOr<AttrT> take(StringRef name) {
    if (auto attr = dyn_cast_or_null<AttrT>(list.erase(name)))
      return attr;
    return op->emitError() << "expects another attribute '" << name << "' of '"
                           << op->getName() << "'";
  }

private:
  /// Removes a list of integers; absent ones are empty.
  SmallVector<int64_t> takeList(StringRef name) {
    Attribute attr = list.erase(name);
    if (!attr)
      return {};
    if (!hlo::isI64List(attr)) {
      op->emitError() << "expects '" << name << "' of '" << op->getName()
                      << "' to be a list of integers";
      valid = false;
      return {};
    }
    return llvm::to_vector(hlo::getI64List(attr));
  }
  int64_t takeInteger(StringRef name) {
    FailureOr<IntegerAttr> attr = take<IntegerAttr>(name);
    valid &= succeeded(attr) && attr->getValue().getSignificantBits() <= 64;
    return valid ? attr->getValue().getSExtValue() : 0;
  }
  /// A name becomes a reference to a function.
  void makeSymbol(StringRef name) {
    FailureOr<StringAttr> text = take<StringAttr>(name);
    valid &= succeeded(text);
    if (valid)
      list.set(name, FlatSymbolRefAttr::get(*text));
  }
  void dropEmpty(StringRef name) {
    Attribute attr = list.get(name);
    auto array = dyn_cast_or_null<ArrayAttr>(attr);
    auto numbers = dyn_cast_or_null<DenseI64ArrayAttr>(attr);
    if ((array && array.empty()) || (numbers && numbers.empty()))
      list.erase(name);
  }
  void simplifyLists(StringRef except);
  void convertDot();
  void convertConvolution();
  void convertGather();
  void convertScatter();
  void convertCustomCall();

  Operation *op;
  Builder builder;
  NamedAttrList list;
  bool valid = true;
};

} // namespace

/// Lists of integers and truth values in the spelling of today.
void Attributes::simplifyLists(StringRef except) {
  for (NamedAttribute attr : llvm::to_vector(list)) {
    auto dense = dyn_cast<DenseIntElementsAttr>(attr.getValue());
    if (!dense || attr.getName() == except)
      continue;
    if (hlo::isI64List(dense))
      list.set(attr.getName(),
               builder.getDenseI64ArrayAttr(hlo::getI64List(dense)));
    else if (hlo::isBoolList(dense))
      list.set(attr.getName(),
               builder.getDenseBoolArrayAttr(hlo::getBoolList(dense)));
  }
}

void Attributes::convertDot() {
  // In order of their names; the attribute has its own order.
  SmallVector<int64_t> lhsBatch = takeList("lhs_batching_dimensions"),
                       rhsBatch = takeList("rhs_batching_dimensions"),
                       lhsContract = takeList("lhs_contracting_dimensions"),
                       rhsContract = takeList("rhs_contracting_dimensions");
  list.set("dot_dimension_numbers",
           hlo::DotDimensionNumbersAttr::get(
               op->getContext(), lhsBatch, rhsBatch, lhsContract, rhsContract));
  auto lhs = dyn_cast_or_null<TypeAttr>(list.erase("lhs_precision_type")),
       rhs = dyn_cast_or_null<TypeAttr>(list.erase("rhs_precision_type")),
       sum = dyn_cast_or_null<TypeAttr>(list.erase("accumulation_type"));
  Attribute counts[] = {list.erase("lhs_component_count"),
                        list.erase("rhs_component_count"),
                        list.erase("num_primitive_operations")};
  auto imprecise =
      dyn_cast_or_null<BoolAttr>(list.erase("allow_imprecise_accumulation"));
  // Without an algorithm all of them are 'none'.
  if (!lhs || !rhs || !sum || !imprecise ||
      !llvm::all_of(counts, llvm::IsaAndPresentPred<IntegerAttr>) ||
      isa<NoneType>(lhs.getValue()))
    return;
  auto count = [&](unsigned index) {
    return cast<IntegerAttr>(counts[index])
        .getValue()
        .trySExtValue()
        .value_or(0);
  };
  list.set("algorithm",
           hlo::DotAlgorithmAttr::get(
               op->getContext(), lhs.getValue(), rhs.getValue(), sum.getValue(),
               count(0), count(1), count(2), imprecise.getValue()));
}

void Attributes::convertConvolution() {
  int64_t inputBatch = takeInteger("input_batch_dimension"),
          inputFeature = takeInteger("input_feature_dimension");
  SmallVector<int64_t> input = takeList("input_spatial_dimensions");
  int64_t kernelInput = takeInteger("kernel_input_feature_dimension"),
          kernelOutput = takeInteger("kernel_output_feature_dimension");
  SmallVector<int64_t> kernel = takeList("kernel_spatial_dimensions");
  int64_t outputBatch = takeInteger("output_batch_dimension"),
          outputFeature = takeInteger("output_feature_dimension");
  SmallVector<int64_t> output = takeList("output_spatial_dimensions");
  list.set("dimension_numbers",
           hlo::ConvDimensionNumbersAttr::get(
               op->getContext(), inputBatch, inputFeature, input, kernelInput,
               kernelOutput, kernel, outputBatch, outputFeature, output));
}

void Attributes::convertGather() {
  SmallVector<int64_t> offset = takeList("offset_dims"),
                       collapsed = takeList("collapsed_slice_dims"),
                       operandBatch = takeList("operand_batching_dims"),
                       indicesBatch = takeList("start_indices_batching_dims"),
                       map = takeList("start_index_map");
  list.set("dimension_numbers",
           hlo::GatherDimensionNumbersAttr::get(
               op->getContext(), offset, collapsed, operandBatch, indicesBatch,
               map, takeInteger("index_vector_dim")));
}

void Attributes::convertScatter() {
  SmallVector<int64_t> window = takeList("update_window_dims"),
                       inserted = takeList("inserted_window_dims"),
                       inputBatch = takeList("input_batching_dims"),
                       indicesBatch = takeList("scatter_indices_batching_dims"),
                       map = takeList("scatter_dims_to_operand_dims");
  list.set("scatter_dimension_numbers",
           hlo::ScatterDimensionNumbersAttr::get(
               op->getContext(), window, inserted, inputBatch, indicesBatch,
               map, takeInteger("index_vector_dim")));
}

void Attributes::convertCustomCall() {
  for (StringRef name : {"operand_layouts", "result_layouts",
                         "output_operand_aliases", "result_tilings"})
    dropEmpty(name);
  FailureOr<ArrayAttr> called = take<ArrayAttr>("called_computations");
  valid &= succeeded(called);
  if (!valid || called->empty())
    return;
  SmallVector<Attribute> symbols;
  for (Attribute name : *called)
    if (auto text = dyn_cast<StringAttr>(name))
      symbols.push_back(FlatSymbolRefAttr::get(text));
  list.set("called_computations", builder.getArrayAttr(symbols));
}

LogicalResult Attributes::convert(StringRef name) {
  simplifyLists(/*except=*/name == "constant"                  ? "value"
                : name == "composite" || name == "custom_call" ? "none"
                                                               : "padding");
  for (StringRef list : {"precision_config", "known_expanding_dimensions",
                         "known_nonexpanding_dimensions"})
    dropEmpty(list);
  if (auto type =
          dyn_cast_or_null<hlo::ComparisonTypeAttr>(list.get("compare_type")))
    if (type.getValue() == hlo::ComparisonType::NOTYPE)
      list.erase("compare_type");
  if (auto accuracy = dyn_cast_or_null<hlo::ResultAccuracyAttr>(
          list.get("result_accuracy")))
    if (accuracy.getMode().getValue() == hlo::ResultAccuracyMode::DEFAULT)
      list.erase("result_accuracy");
  if (name == "dot_general")
    convertDot();
  else if (name == "convolution")
    convertConvolution();
  else if (name == "gather" || name == "dynamic_gather")
    convertGather();
  else if (name == "scatter")
    convertScatter();
  else if (name == "custom_call")
    convertCustomCall();
  else if (name == "composite")
    makeSymbol("decomposition");
  return success(valid);
}

namespace {

/// Replaces the operations of an artifact from the innermost outwards.
class Converter {
public:
  explicit Converter(ModuleOp module) : module(module) {}
  LogicalResult run();

private:
  LogicalResult convert(Operation *op);
  LogicalResult convertFunction(Operation *op);
  LogicalResult convertCall(Operation *op);
  LogicalResult convertOperation(Operation *op, StringRef name);
  void noteFunctions();
  LogicalResult replace(Operation *op, OperationState &state);
  LogicalResult forward(Operation *op);
  LogicalResult erase(Operation *op);

  ModuleOp module;
  moe::MissingInModel missing;
};

} // namespace

/// Nobody has verified the operation: it may have results that its kind does
/// not have, or read them itself.
LogicalResult Converter::erase(Operation *op) {
  if (!op->use_empty())
    return op->emitError() << "expects '" << op->getName()
                           << "' neither to read its own results nor to have "
                              "more of them than its kind";
  op->erase();
  return success();
}

/// Its operands take the place of its results.
LogicalResult Converter::forward(Operation *op) {
  if (llvm::none_of(op->getOperands(), [&](Value operand) {
        return operand.getDefiningOp() == op;
      }))
    op->replaceAllUsesWith(op->getOperands());
  return erase(op);
}

LogicalResult Converter::replace(Operation *op, OperationState &state) {
  OpBuilder builder(op);
  state.addOperands(op->getOperands());
  for (Region &region : op->getRegions())
    state.addRegion()->takeBody(region);
  Operation *result = builder.create(state);
  if (result->getNumResults() == op->getNumResults())
    op->replaceAllUsesWith(result);
  return erase(op);
}

LogicalResult Converter::convertFunction(Operation *op) {
  Attributes attributes(op);
  FailureOr<StringAttr> name = attributes.take<StringAttr>("sym_name");
  if (failed(name))
    return failure();
  FailureOr<StringAttr> visibility =
      attributes.take<StringAttr>("sym_visibility");
  if (failed(visibility))
    return failure();
  FailureOr<TypeAttr> type = attributes.take<TypeAttr>("function_type");
  if (failed(type))
    return failure();
  auto functionType = dyn_cast<FunctionType>(type->getValue());
  if (!functionType || name->empty() || op->getNumRegions() != 1 ||
      op->getParentOp() != module)
    return op->emitError() << "expects a function with a name, a type and a "
                              "body in the module";
  OpBuilder builder(op);
  auto function =
      func::FuncOp::create(builder, op->getLoc(), *name, functionType);
  if (llvm::is_contained({"public", "private", "nested"}, visibility->strref()))
    function.setSymVisibilityAttr(*visibility);
  for (auto [attr, count, set] :
       {std::tuple{"arg_attrs", functionType.getNumInputs(), true},
        std::tuple{"res_attrs", functionType.getNumResults(), false}}) {
    FailureOr<ArrayAttr> list = attributes.take<ArrayAttr>(attr);
    if (failed(list))
      return failure();
    if (list->empty())
      continue;
    if (list->size() != count ||
        !llvm::all_of(*list, llvm::IsaPred<DictionaryAttr>))
      return op->emitError()
             << "expects one dictionary of '" << attr << "' for each of "
             << count << ", but got " << list->size();
    for (auto [index, entry] : llvm::enumerate(*list))
      if (set)
        function.setArgAttrs(index, cast<DictionaryAttr>(entry));
      else
        function.setResultAttrs(index, cast<DictionaryAttr>(entry));
  }
  function.getBody().takeBody(op->getRegion(0));
  return erase(op);
}

LogicalResult Converter::convertCall(Operation *op) {
  Attributes attributes(op);
  FailureOr<StringAttr> callee = attributes.take<StringAttr>("callee");
  if (failed(callee))
    return failure();
  OperationState state(op->getLoc(), func::CallOp::getOperationName());
  state.addTypes(op->getResultTypes());
  state.addAttribute("callee", FlatSymbolRefAttr::get(*callee));
  return replace(op, state);
}

/// Lists something as missing that the operation is or calls.
static void note(moe::MissingParts &parts, Operation *op, StringAttr name) {
  moe::MissingPart &part = parts[name.getValue()];
  ++part.count;
  if (auto place = op->getLoc()->findInstanceOf<FileLineColLoc>())
    part.places.push_back((place.getFilename().getValue() + ":" +
                           Twine(place.getLine()) + ":" +
                           Twine(place.getColumn()))
                              .str());
}

/// Lists the functions that the converted operations, which nobody has
/// verified, call and that are nowhere.
void Converter::noteFunctions() {
  llvm::DenseSet<Attribute> functions;
  module.walk([&](func::FuncOp function) {
    functions.insert(function.getSymNameAttr());
  });
  auto noteAbsent = [&](Operation *op, FlatSymbolRefAttr name) {
    if (name && !functions.contains(name.getAttr()))
      note(missing.functions, op, name.getAttr());
  };
  module.walk([&](Operation *op) {
    if (auto call = dyn_cast<func::CallOp>(op))
      noteAbsent(op, call.getCalleeAttr());
    else if (auto composite = dyn_cast<hlo::CompositeOp>(op))
      noteAbsent(op, composite.getDecompositionAttr());
    else if (auto custom = dyn_cast<hlo::CustomCallOp>(op))
      if (StringAttr target = custom.getCallTargetNameAttr();
          target && !moe::isKnownCallee(target))
        note(missing.callees, op, target);
  });
}

LogicalResult Converter::convertOperation(Operation *op, StringRef name) {
  std::optional<RegisteredOperationName> mirrored =
      RegisteredOperationName::lookup(("stablehlo." + name).str(),
                                      op->getContext());
  if (!mirrored) {
    note(missing.operations, op,
         StringAttr::get(op->getContext(), "stablehlo." + name));
    return success();
  }
  Attributes attributes(op);
  if (failed(attributes.convert(name)))
    return failure();
  // A region of a composite repeats its decomposition.
  if (name == "composite" && op->getNumRegions() != 0)
    return op->emitError() << "expects a composite without regions";
  OperationState state(op->getLoc(), *mirrored);
  state.addTypes(op->getResultTypes());
  state.attributes = attributes.take();
  return replace(op, state);
}

LogicalResult Converter::convert(Operation *op) {
  StringRef name = op->getName().stripDialect();
  if (op->getName().getDialectNamespace() == "sdy") {
    // The device that a value lies on changes nothing about it.
    if (name == "sharding_constraint" && op->getNumOperands() == 1 &&
        op->getOperandTypes() == op->getResultTypes())
      return forward(op);
    if (name == "mesh")
      return erase(op);
    note(missing.operations, op, op->getName().getIdentifier());
    return success();
  }
  if (op->getName().getStringRef() == "builtin.unrealized_conversion_cast" &&
      op->getOperandTypes() == op->getResultTypes()) {
    // Between types of the portable form and others, which are the same now.
    return forward(op);
  }
  if (op->getName().getDialectNamespace() != "vhlo")
    return success();
  name = name.rsplit("_v").first;
  if (name == "func")
    return convertFunction(op);
  if (name == "call")
    return convertCall(op);
  if (name == "return" && op->getParentOp() &&
      op->getParentOp()->getName().getStringRef() == "vhlo.func_v1") {
    OperationState state(op->getLoc(), func::ReturnOp::getOperationName());
    return replace(op, state);
  }
  return convertOperation(op, name);
}

LogicalResult Converter::run() {
  WalkResult walked = module.walk<WalkOrder::PostOrder>([&](Operation *op) {
    return failed(convert(op)) ? WalkResult::interrupt()
                               : WalkResult::advance();
  });
  if (walked.wasInterrupted())
    return failure();
  noteFunctions();
  std::string text = moe::describeMissing(missing);
  return text.empty() ? success() : module.emitError() << text;
}

/// The version of StableHLO that bytecode was written for: in the name of its
/// producer, behind the magic number and the version of bytecode. None where
/// somebody else wrote it.
static std::optional<llvm::VersionTuple> findArtifactVersion(StringRef bytes) {
  constexpr size_t numberAt = 4;
  if (bytes.size() <= numberAt)
    return std::nullopt;
  // One byte more for each low bit that is not set.
  size_t length = 1 + llvm::countr_zero(static_cast<uint8_t>(bytes[numberAt]));
  StringRef producer =
      bytes.drop_front(std::min(numberAt + length, bytes.size()));
  producer = producer.take_until([](char c) { return c == '\0'; });
  llvm::VersionTuple version;
  if (!producer.consume_front("StableHLO_v") || version.tryParse(producer))
    return std::nullopt;
  return version;
}

/// Refuses what was written for a newer version than the known ones, whose
/// operations and codes mean what nobody here knows.
static LogicalResult checkVersion(StringRef bytecode, MLIRContext &context) {
  llvm::VersionTuple newest;
  [[maybe_unused]] bool isBad = newest.tryParse(moe::kNewestArtifact);
  assert(!isBad && "a version that is none");
  std::optional<llvm::VersionTuple> version = findArtifactVersion(bytecode);
  if (!version || *version <= newest)
    return success();
  return emitError(UnknownLoc::get(&context))
         << "expects an artifact of StableHLO up to version "
         << moe::kNewestArtifact << ", but got version "
         << version->getAsString()
         << "; export it for an older version, or read it with a newer moec";
}

OwningOpRef<ModuleOp> moe::readStableHLOBytecode(StringRef bytecode,
                                                 StringRef file,
                                                 uint64_t offset,
                                                 MLIRContext &context) {
  if (failed(checkVersion(bytecode, context)))
    return nullptr;
  // What decoding makes beside the operations that the file names.
  context.loadDialect<func::FuncDialect, hlo::StableHLODialect,
                      moe::support::MoESupportDialect>();
  auto *vhlo = context.getOrLoadDialect<VhloDialect>();
  vhlo->source = {ArrayRef(bytecode.data(), bytecode.size()), file.str(),
                  offset};
  // Carriers have no terminators; the verifier sees what becomes of them.
  ParserConfig config(&context, /*verifyAfterParse=*/false);
  // MLIR's reader gives up without a word where entries refer to each other.
  bool hasError = false;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    hasError |= diagnostic.getSeverity() == DiagnosticSeverity::Error;
    return failure();
  });
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(bytecode, config);
  if (!module && !hasError)
    emitError(UnknownLoc::get(&context))
        << "expects bytecode that MLIR wrote, but its reader fails on this";
  if (!module || failed(Converter(*module).run()) || failed(verify(*module)))
    return nullptr;
  return module;
}
