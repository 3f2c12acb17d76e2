// One view of the ops of the graph level, whichever dialect spells them.
#include "moe/Analysis/IndexFacts.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Matchers.h"
#include "moe/Dialect/StableHLO/Chlo.h"
#include "moe/Dialect/StableHLO/StableHLO.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moe;
namespace hlo = moe::stablehlo;

Scalar moe::scalarKind(Operation *op) {
  if (!op)
    return Scalar::None;
  StringRef name = op->getName().getStringRef();
  if (!name.consume_front("stablehlo.") &&
      !name.consume_front("chlo.broadcast_") && !name.consume_front("chlo."))
    return Scalar::None;
  return llvm::StringSwitch<Scalar>(name)
      .Case("add", Scalar::Add)
      .Case("subtract", Scalar::Sub)
      .Case("multiply", Scalar::Mul)
      .Case("divide", Scalar::Div)
      .Case("remainder", Scalar::Rem)
      .Case("maximum", Scalar::Max)
      .Case("minimum", Scalar::Min)
      .Case("and", Scalar::And)
      .Case("or", Scalar::Or)
      .Case("not", Scalar::Not)
      .Case("negate", Scalar::Neg)
      .Case("abs", Scalar::Abs)
      .Case("sign", Scalar::Sign)
      .Case("compare", Scalar::Compare)
      .Case("select", Scalar::Select)
      .Case("clamp", Scalar::Clamp)
      .Case("convert", Scalar::Convert)
      .Case("exponential", Scalar::Exp)
      .Case("logistic", Scalar::Logistic)
      .Case("tanh", Scalar::Tanh)
      .Case("erf", Scalar::Erf)
      .Case("erfc", Scalar::Erfc)
      .Case("power", Scalar::Power)
      .Case("sqrt", Scalar::Sqrt)
      .Case("rsqrt", Scalar::Rsqrt)
      .Case("floor", Scalar::Floor)
      .Default(Scalar::None);
}

hlo::ComparisonDirection moe::directionOf(Operation *op) {
  return TypeSwitch<Operation *, hlo::ComparisonDirection>(op)
      .Case<hlo::CompareOp, chlo::BroadcastCompareOp>(
          [](auto compare) { return compare.getComparisonDirection(); });
}

StringRef moe::compositeName(Operation *op) {
  auto composite = dyn_cast_if_present<hlo::CompositeOp>(op);
  return composite ? composite.getNameAttr().getValue() : StringRef();
}

static Attribute compositeAttribute(Operation *op, StringRef name) {
  auto composite = dyn_cast_if_present<hlo::CompositeOp>(op);
  if (!composite || !composite.getCompositeAttributes())
    return nullptr;
  return composite.getCompositeAttributes()->get(name);
}

std::optional<int64_t> moe::compositeInt(Operation *op, StringRef name) {
  auto number = dyn_cast_if_present<IntegerAttr>(compositeAttribute(op, name));
  return number ? std::optional(number.getInt()) : std::nullopt;
}

StringRef moe::compositeString(Operation *op, StringRef name) {
  auto text = dyn_cast_if_present<StringAttr>(compositeAttribute(op, name));
  return text ? text.getValue() : StringRef();
}

/// The one op of a body of two scalars, or that body's second argument.
static Combiner combinerOf(Region &body) {
  if (!body.hasOneBlock() || body.front().getNumArguments() != 2)
    return Combiner::None;
  Block &block = body.front();
  auto terminator = dyn_cast<hlo::ReturnOp>(block.getTerminator());
  if (!terminator || terminator->getNumOperands() != 1)
    return Combiner::None;
  Value result = terminator->getOperand(0);
  if (result == block.getArgument(1))
    return Combiner::Replace;
  Operation *op = result.getDefiningOp();
  if (!op || op->getNumOperands() != 2 ||
      !llvm::is_contained(op->getOperands(), block.getArgument(0)) ||
      !llvm::is_contained(op->getOperands(), block.getArgument(1)))
    return Combiner::None;
  switch (scalarKind(op)) {
  case Scalar::Add:
    return Combiner::Add;
  case Scalar::Max:
    return Combiner::Max;
  case Scalar::Min:
    return Combiner::Min;
  case Scalar::Mul:
    return Combiner::Mul;
  case Scalar::And:
    return Combiner::And;
  case Scalar::Or:
    return Combiner::Or;
  default:
    return Combiner::None;
  }
}

/// Whether combining with the constant changes nothing.
static bool isNeutral(Value initial, Combiner combiner) {
  DenseElementsAttr value;
  if (!matchPattern(initial, m_Constant(&value)) || !value.isSplat())
    return false;
  if (isa<FloatType>(value.getElementType())) {
    APFloat number = value.getSplatValue<APFloat>();
    switch (combiner) {
    case Combiner::Add:
      return number.isZero();
    case Combiner::Mul:
      return number.isExactlyValue(1.0);
    case Combiner::Max:
      return number.isInfinity() && number.isNegative();
    case Combiner::Min:
      return number.isInfinity() && !number.isNegative();
    default:
      return false;
    }
  }
  APInt number = value.getSplatValue<APInt>();
  switch (combiner) {
  case Combiner::Add:
    return number.isZero();
  case Combiner::Mul:
    return number.isOne();
  case Combiner::Max:
    return number.isMinSignedValue();
  case Combiner::Min:
    return number.isMaxSignedValue();
  case Combiner::And:
    return number.isAllOnes();
  case Combiner::Or:
    return number.isZero();
  default:
    return false;
  }
}

Combiner moe::combinerOf(Operation *op) {
  auto ofReduction = [](auto reduce) {
    if (reduce.getInputs().size() != 1)
      return Combiner::None;
    Combiner combiner = ::combinerOf(reduce.getBody());
    return isNeutral(reduce.getInitValues()[0], combiner) ? combiner
                                                          : Combiner::None;
  };
  if (auto reduce = dyn_cast_if_present<hlo::ReduceOp>(op))
    return ofReduction(reduce);
  if (auto reduce = dyn_cast_if_present<hlo::ReduceWindowOp>(op))
    return ofReduction(reduce);
  if (auto scatter = dyn_cast_if_present<hlo::ScatterOp>(op))
    return scatter.getInputs().size() == 1
               ? ::combinerOf(scatter.getUpdateComputation())
               : Combiner::None;
  StringRef name = compositeName(op);
  if (name != "onnx.ScatterElements" && name != "onnx.ScatterND")
    return Combiner::None;
  return llvm::StringSwitch<Combiner>(compositeString(op, "reduction"))
      .Case("none", Combiner::Replace)
      .Case("add", Combiner::Add)
      .Case("max", Combiner::Max)
      .Case("min", Combiner::Min)
      .Case("mul", Combiner::Mul)
      .Default(Combiner::None);
}
