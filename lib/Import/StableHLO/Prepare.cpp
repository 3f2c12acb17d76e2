// What is done to a module of StableHLO once it is read, from whatever form:
// names for people, nothing for devices, and operations for their wrappers.
#include "moe/Import/StableHLO.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Remarks.h"
#include "moe/Dialect/StableHLO/Chlo.h"
#include "moe/Dialect/StableHLO/StableHLO.h"
#include "llvm/ADT/SCCIterator.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"

#include "Carriers.h"

using namespace mlir;
using namespace moe;
namespace hlo = moe::stablehlo;

static constexpr StringLiteral kName = "moe.name";

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

/// "params['layers'][0]['q']" as "params.layers.0.q"; empty for what is no such
/// path.
static std::string pathName(StringRef path) {
  std::string name;
  while (!path.empty()) {
    StringRef part;
    if (path.consume_front("['")) {
      size_t end = path.find("']");
      if (end == StringRef::npos)
        return "";
      part = path.take_front(end);
      path = path.drop_front(end + 2);
    } else if (path.consume_front("[")) {
      size_t end = path.find(']');
      if (end == StringRef::npos)
        return "";
      part = path.take_front(end);
      path = path.drop_front(end + 1);
    } else {
      path.consume_front(".");
      part = path.take_until([](char c) { return c == '[' || c == '.'; });
      path = path.drop_front(part.size());
    }
    if (part.empty() || !llvm::all_of(part, [](char c) {
          return llvm::isAlnum(c) || c == '_' || c == '-' || c == '.' ||
                 c == '/';
        }))
      return "";
    name += (name.empty() ? "" : ".") + part.str();
  }
  return name;
}

/// The name of an argument: what the exporter says, else where it was defined.
static std::string argumentName(func::FuncOp function, unsigned index,
                                ModuleOp module) {
  if (auto info = function.getArgAttrOfType<StringAttr>(index, "jax.arg_info"))
    if (std::string name = pathName(info); !name.empty())
      return name;
  BlockArgument argument = function.getArgument(index);
  if (auto named = dyn_cast<NameLoc>(argument.getLoc()))
    if (std::string name = pathName(named.getName()); !name.empty())
      return name;
  // jax.export wraps the function that knows the names.
  for (OpOperand &use : argument.getUses())
    if (auto call = dyn_cast<func::CallOp>(use.getOwner()))
      if (auto callee = module.lookupSymbol<func::FuncOp>(call.getCallee()))
        if (callee != function && !callee.isExternal() &&
            use.getOperandNumber() < callee.getNumArguments())
          if (auto named = dyn_cast<NameLoc>(
                  callee.getArgument(use.getOperandNumber()).getLoc()))
            if (std::string name = pathName(named.getName()); !name.empty())
              return name;
  return "";
}

/// "result['logits']" is 'logits', "result[0]" is 'result.0'.
static std::string resultName(func::FuncOp function, unsigned index) {
  auto info =
      function.getResultAttrOfType<StringAttr>(index, "jax.result_info");
  if (!info)
    return "";
  std::string name = pathName(info);
  StringRef inner = name;
  if (inner.consume_front("result.") && !inner.empty() &&
      !llvm::isDigit(inner.front()))
    return inner.str();
  return name;
}

/// Gives names to what has none. A name that two would have is nobody's.
static void assignNames(unsigned count,
                        function_ref<std::string(unsigned)> nameOf,
                        function_ref<bool(unsigned)> hasName,
                        function_ref<void(unsigned, StringAttr)> setName,
                        MLIRContext *context) {
  SmallVector<std::string> names;
  llvm::StringMap<unsigned> uses;
  for (unsigned index = 0; index < count; ++index)
    ++uses[names.emplace_back(nameOf(index))];
  for (unsigned index = 0; index < count; ++index)
    if (!names[index].empty() && uses[names[index]] == 1 && !hasName(index))
      setName(index, StringAttr::get(context, names[index]));
}

static void nameInterface(func::FuncOp function, ModuleOp module) {
  MLIRContext *context = function.getContext();
  assignNames(
      function.getNumArguments(),
      [&](unsigned i) { return argumentName(function, i, module); },
      [&](unsigned i) { return !!function.getArgAttr(i, kName); },
      [&](unsigned i, StringAttr name) { function.setArgAttr(i, kName, name); },
      context);
  assignNames(
      function.getNumResults(),
      [&](unsigned i) { return resultName(function, i); },
      [&](unsigned i) { return !!function.getResultAttr(i, kName); },
      [&](unsigned i, StringAttr name) {
        function.setResultAttr(i, kName, name);
      },
      context);
}

//===----------------------------------------------------------------------===//
// Annotations
//===----------------------------------------------------------------------===//

namespace {
/// What was left out, for one remark.
struct Dropped {
  unsigned annotations = 0, shardings = 0;
};
} // namespace

/// True for an annotation of another compiler or of the exporter.
static bool isForeign(NamedAttribute attr, Dropped &dropped) {
  StringRef dialect = attr.getName().strref().split('.').first;
  if (dialect == attr.getName())
    return false;
  bool sharding =
      dialect == "sdy" || attr.getName().strref() == "mhlo.sharding";
  if (!sharding && !llvm::is_contained({"mhlo", "jax", "tf", "xla"}, dialect))
    return false;
  ++(sharding ? dropped.shardings : dropped.annotations);
  return true;
}

static DictionaryAttr withoutForeign(DictionaryAttr attrs, Dropped &dropped,
                                     MLIRContext *context) {
  SmallVector<NamedAttribute> kept;
  if (attrs)
    for (NamedAttribute attr : attrs)
      if (!isForeign(attr, dropped))
        kept.push_back(attr);
  return DictionaryAttr::get(context, kept);
}

static Dropped dropAnnotations(ModuleOp module) {
  Dropped dropped;
  MLIRContext *context = module.getContext();
  module.walk([&](Operation *op) {
    // The attributes of a call tell its callee what to do.
    if (isa<hlo::CustomCallOp>(op))
      return;
    op->setDiscardableAttrs(
        withoutForeign(op->getDiscardableAttrDictionary(), dropped, context));
    auto function = dyn_cast<func::FuncOp>(op);
    if (!function)
      return;
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      function.setArgAttrs(
          i, withoutForeign(function.getArgAttrDict(i), dropped, context));
    for (unsigned i = 0; i < function.getNumResults(); ++i)
      function.setResultAttrs(
          i, withoutForeign(function.getResultAttrDict(i), dropped, context));
  });
  return dropped;
}

/// Shardings say where values lie, which changes none of them.
static unsigned dropShardings(ModuleOp module) {
  unsigned count = 0;
  SmallVector<Operation *> gone;
  module.walk([&](Operation *op) {
    if (op->getName().getDialectNamespace() ==
        importer::ShardyDialect::getDialectNamespace())
      gone.push_back(op);
    else if (auto call = dyn_cast<hlo::CustomCallOp>(op);
             call && call.getCallTargetName() == "Sharding" &&
             call->getOperandTypes() == call->getResultTypes())
      gone.push_back(op);
  });
  for (Operation *op : gone) {
    count += op->getNumResults() != 0;
    if (op->getNumResults() == op->getNumOperands())
      op->replaceAllUsesWith(op->getOperands());
    op->erase();
  }
  return count;
}

//===----------------------------------------------------------------------===//
// Wrapped operations
//===----------------------------------------------------------------------===//

static std::optional<int64_t> integerOf(DictionaryAttr attrs, StringRef name) {
  auto attr = attrs ? attrs.getAs<IntegerAttr>(name) : IntegerAttr();
  return attr ? attr.getValue().trySExtValue() : std::nullopt;
}

/// The six lists of a ragged product's wrapper, in their order.
static chlo::RaggedDotDimensionNumbersAttr raggedNumbers(Attribute attr) {
  auto lists = dyn_cast_or_null<ArrayAttr>(attr);
  if (!lists || lists.size() != 6 || !llvm::all_of(lists, hlo::isI64List))
    return {};
  SmallVector<ArrayRef<int64_t>> values;
  for (Attribute list : lists)
    values.push_back(hlo::getI64List(list));
  return chlo::RaggedDotDimensionNumbersAttr::get(
      attr.getContext(), values[0], values[1], values[2], values[3], values[4],
      values[5]);
}

namespace {
/// What is in a wrapper.
enum class Wrapped { Nothing, TopK, RaggedDot, Unary };
} // namespace

static Wrapped wrappedIn(StringRef name) {
  return llvm::StringSwitch<Wrapped>(name)
      .Cases({"chlo.top_k", "mhlo.topk"}, Wrapped::TopK)
      .Case("chlo.ragged_dot", Wrapped::RaggedDot)
      .Cases({"chlo.erf", "chlo.erfc", "chlo.square", "mhlo.erf"},
             Wrapped::Unary)
      .Default(Wrapped::Nothing);
}

/// The operation that a wrapper stands for; null where its operands, attributes
/// or results are others, so that the wrapper stays with its decomposition.
static Operation *unwrap(OpBuilder &builder, Location loc, StringRef name,
                         ValueRange inputs, TypeRange types,
                         DictionaryAttr attrs) {
  auto areTensors = [](TypeRange list) {
    return llvm::all_of(list, llvm::IsaPred<RankedTensorType>);
  };
  if (!areTensors(inputs.getTypes()) || !areTensors(types))
    return nullptr;
  MLIRContext *context = builder.getContext();
  OperationState state(loc, "");
  state.addOperands(inputs);
  state.addTypes(types);
  switch (wrappedIn(name)) {
  case Wrapped::Nothing:
    return nullptr;
  case Wrapped::TopK: {
    std::optional<int64_t> k = integerOf(attrs, "k");
    auto largest = attrs ? attrs.getAs<BoolAttr>("largest") : BoolAttr();
    if (inputs.size() != 1 || types.size() != 2 || !k || *k < 0 ||
        (largest && !largest.getValue()) ||
        !getElementTypeOrSelf(types[1]).isInteger(32))
      return nullptr;
    state.name = OperationName(chlo::TopKOp::getOperationName(), context);
    state.addAttribute("k", builder.getI64IntegerAttr(*k));
    break;
  }
  case Wrapped::RaggedDot: {
    chlo::RaggedDotDimensionNumbersAttr numbers = raggedNumbers(
        attrs ? attrs.get("ragged_dot_dimension_numbers") : Attribute());
    if (inputs.size() != 3 || types.size() != 1 || !numbers)
      return nullptr;
    state.name = OperationName(chlo::RaggedDotOp::getOperationName(), context);
    state.addAttribute("ragged_dot_dimension_numbers", numbers);
    break;
  }
  case Wrapped::Unary:
    if (inputs.size() != 1 || types.size() != 1 ||
        inputs.front().getType() != types.front())
      return nullptr;
    state.name =
        OperationName(("chlo." + name.split('.').second).str(), context);
    break;
  }
  return builder.create(state);
}

bool moe::isKnownCallee(StringRef target) {
  return hlo::isLoweredCallee(target) || wrappedIn(target) != Wrapped::Nothing;
}

static void unwrapOperations(ModuleOp module) {
  SmallVector<Operation *> wrappers;
  module.walk([&](Operation *op) {
    if (isa<hlo::CompositeOp, hlo::CustomCallOp>(op))
      wrappers.push_back(op);
  });
  for (Operation *op : wrappers) {
    OpBuilder builder(op);
    auto composite = dyn_cast<hlo::CompositeOp>(op);
    auto call = dyn_cast<hlo::CustomCallOp>(op);
    StringRef name = composite ? composite.getName() : call.getCallTargetName();
    DictionaryAttr attrs =
        composite
            ? composite.getCompositeAttributes().value_or(DictionaryAttr())
            : op->getAttrOfType<DictionaryAttr>("mhlo.attributes");
    Operation *inner = unwrap(builder, op->getLoc(), name, op->getOperands(),
                              op->getResultTypes(), attrs);
    // What the inner operation's verifier refuses stays wrapped.
    if (!inner)
      continue;
    op->replaceAllUsesWith(inner);
    op->erase();
  }
}

//===----------------------------------------------------------------------===//
// Refusals
//===----------------------------------------------------------------------===//

/// In a module, unlike in a function, values may depend on themselves.
static LogicalResult checkPlaces(ModuleOp module) {
  WalkResult walked = module.walk([](Operation *op) {
    if (op->getNumResults() == 0 || !isa<ModuleOp>(op->getParentOp()))
      return WalkResult::advance();
    op->emitError() << "expects operations in functions, but '" << op->getName()
                    << "' is in a module";
    return WalkResult::interrupt();
  });
  return failure(walked.wasInterrupted());
}

/// Calls are inlined, so that none may lead back to its function.
static LogicalResult checkCalls(ModuleOp module) {
  enum State { New, Open, Done };
  llvm::DenseMap<Operation *, State> states;
  // Depth first, with an explicit stack: call chains come from files.
  for (auto start : module.getOps<func::FuncOp>()) {
    SmallVector<std::pair<func::FuncOp, SmallVector<func::FuncOp>>> stack;
    auto enter = [&](func::FuncOp function) {
      states[function] = Open;
      SmallVector<func::FuncOp> callees;
      function.walk([&](func::CallOp call) {
        if (auto callee = module.lookupSymbol<func::FuncOp>(call.getCallee()))
          callees.push_back(callee);
      });
      function.walk([&](hlo::CompositeOp composite) {
        if (auto callee =
                module.lookupSymbol<func::FuncOp>(composite.getDecomposition()))
          callees.push_back(callee);
      });
      stack.emplace_back(function, std::move(callees));
    };
    if (states.lookup(start) == New)
      enter(start);
    while (!stack.empty()) {
      if (stack.back().second.empty()) {
        states[stack.pop_back_val().first] = Done;
        continue;
      }
      func::FuncOp callee = stack.back().second.pop_back_val();
      if (states.lookup(callee) == Open)
        return emitError(callee.getLoc())
               << "expects functions that do not call themselves, but '"
               << callee.getName() << "' does";
      if (states.lookup(callee) == New)
        enter(callee);
    }
  }
  return success();
}

/// Weights in a resource section become plain elements.
static LogicalResult readResources(ModuleOp module) {
  WalkResult walked = module.walk([](hlo::ConstantOp constant) {
    auto resource = dyn_cast<DenseResourceElementsAttr>(constant.getValue());
    if (!resource)
      return WalkResult::advance();
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    auto type = dyn_cast<RankedTensorType>(resource.getType());
    if (!blob || !type) {
      emitError(constant.getLoc()) << "expects the elements of resource '"
                                   << resource.getRawHandle().getKey()
                                   << "' in the file, but they are missing";
      return WalkResult::interrupt();
    }
    ArrayRef<char> bytes = blob->getData();
    std::optional<int64_t> count =
        importer::checkedElementCount(type.getShape());
    Type element = type.getElementType();
    uint64_t width = element.isIntOrFloat()
                         ? std::max(element.getIntOrFloatBitWidth(), 8u)
                         : 0;
    if (!count || width == 0 || *count * width / 8 != bytes.size()) {
      emitError(constant.getLoc())
          << "expects resource '" << resource.getRawHandle().getKey()
          << "' to have the elements of " << type << ", but it has "
          << bytes.size() << " bytes";
      return WalkResult::interrupt();
    }
    if (element.isInteger(1)) {
      SmallVector<bool> values;
      for (char byte : bytes)
        values.push_back(byte != 0);
      constant.setValueAttr(DenseElementsAttr::get(type, values));
      return WalkResult::advance();
    }
    constant.setValueAttr(
        *count == 0 ? DenseElementsAttr::get(type, ArrayRef<Attribute>())
                    : DenseElementsAttr::getFromRawBuffer(type, bytes));
    return WalkResult::advance();
  });
  return failure(walked.wasInterrupted());
}

//===----------------------------------------------------------------------===//
// Everything
//===----------------------------------------------------------------------===//

void moe::registerStableHLOImportDialects(DialectRegistry &registry) {
  registry.insert<importer::VhloDialect, importer::ShardyDialect>();
}

/// True where operations of the graph level or annotations of its exporters
/// stand in the module.
static bool isGraph(ModuleOp module) {
  return module
      .walk([](Operation *op) {
        StringRef dialect = op->getName().getDialectNamespace();
        return dialect == "stablehlo" || dialect == "chlo" || dialect == "sdy"
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

LogicalResult moe::prepareStableHLO(ModuleOp module, StringRef entry) {
  if (!isGraph(module))
    return success();
  if (failed(checkPlaces(module)) || failed(checkCalls(module)) ||
      failed(readResources(module)))
    return failure();
  if (auto function = module.lookupSymbol<func::FuncOp>(entry);
      function && !function.isExternal())
    nameInterface(function, module);
  unwrapOperations(module);
  unsigned constraints = dropShardings(module);
  Dropped dropped = dropAnnotations(module);
  if (constraints + dropped.shardings != 0)
    remark::analysis(module.getLoc(),
                     remark::RemarkOpts::name("Shardings").category("import"))
        << remark::reason("left out {0} shardings: they say where values lie, "
                          "not what they are",
                          constraints + dropped.shardings);
  return success();
}
