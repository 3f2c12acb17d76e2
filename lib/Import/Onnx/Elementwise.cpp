// Operators that work element by element, with implicit broadcasting.
#include "NodeContext.h"

#include "moe/Dialect/StableHLO/Chlo.h"
#include <limits>

using namespace mlir;
using namespace moe::importer;
namespace hlo = moe::stablehlo;
namespace chlo = moe::chlo;
using Direction = hlo::ComparisonDirection;

template <typename Op>
static void translateUnary(NodeContext &node) {
  node.output(0, node.graph.unary<Op>(node.input(0)));
}

template <typename Op>
static void translateFloatUnary(NodeContext &node) {
  Val x = node.input(0);
  if (!x->isFloat())
    node.fail("expects a float element type");
  node.output(0, node.graph.unary<Op>(x));
}

/// And and its like are defined for truth values alone.
template <Binary kind>
static void translateLogical(NodeContext &node) {
  Val a = node.input(0), b = node.input(1);
  if (!a->isBool())
    node.fail("expects a bool element type");
  node.output(0, node.graph.binary(kind, a, b));
}

/// Add and its like are not defined for truth values.
template <Binary kind>
static void translateArithmetic(NodeContext &node) {
  Val a = node.input(0), b = node.input(1);
  if (a->isBool())
    node.fail("expects a numeric element type, but got bool");
  node.output(0, node.graph.binary(kind, a, b));
}

template <Direction direction>
static void translateCompare(NodeContext &node) {
  node.output(0, node.graph.compare(direction, node.input(0), node.input(1)));
}

template <Binary kind>
static void translateVariadic(NodeContext &node) {
  Val result = node.input(0);
  for (unsigned i = 1; i < node.numInputs(); ++i)
    result = node.graph.binary(kind, result, node.input(i));
  node.output(0, result);
}

static void translateMean(NodeContext &node) {
  Val sum = node.input(0);
  for (unsigned i = 1; i < node.numInputs(); ++i)
    sum = node.graph.add(sum, node.input(i));
  node.output(0, node.graph.div(sum, node.graph.scalar(sum->elementType,
                                                       node.numInputs())));
}

static void translateNeg(NodeContext &node) {
  Val x = node.input(0);
  if (x->isBool())
    node.fail("expects a numeric element type, but got bool");
  if (x->elements)
    return node.output(0,
                       node.graph.sub(node.graph.scalar(x->elementType, 0), x));
  node.output(0, node.graph.unary<hlo::NegOp>(x));
}

static void translateNot(NodeContext &node) {
  Val x = node.input(0);
  if (!x->isBool())
    node.fail("expects a bool element type");
  node.output(0, node.graph.logicalNot(x));
}

static void translateReciprocal(NodeContext &node) {
  Val x = node.input(0);
  node.output(0, node.graph.div(node.graph.scalar(x->elementType, 1), x));
}

static void translateRelu(NodeContext &node) {
  Val x = node.input(0);
  node.output(0, node.graph.binary(Binary::Max, x,
                                   node.graph.scalar(x->elementType, 0)));
}

static void translatePow(NodeContext &node) {
  Val base = node.input(0), exponent = node.input(1);
  // A square is so common that it is worth its exact form.
  if (base->isFloat() && exponent->rank() == 0 &&
      (node.graph.constantFloat(exponent) == 2.0 ||
       node.graph.constantScalar(exponent) == 2))
    return node.output(0, node.graph.mul(base, base));
  node.output(
      0, node.graph.binary(Binary::Pow, base,
                           node.graph.convert(exponent, base->elementType)));
}

static void translateMod(NodeContext &node) {
  GraphBuilder &g = node.graph;
  Val a = node.input(0), b = node.input(1);
  bool likeC = node.intAttr("fmod", 0) != 0;
  if (!likeC && a->isFloat())
    node.fail("requires 'fmod' (0) to be 1 for a float element type");
  Val rest = g.binary(Binary::Rem, a, b);
  if (likeC || a->isUnsigned() || rest->elements)
    return node.output(0, rest);
  // The remainder has the sign of the divisor.
  Val zero = g.scalar(a->elementType, 0);
  Val differs = g.binary(Binary::Xor, g.compare(Direction::LT, rest, zero),
                         g.compare(Direction::LT, b, zero));
  Val wrong =
      g.binary(Binary::And, differs, g.compare(Direction::NE, rest, zero));
  node.output(0, g.select(wrong, g.add(rest, b), rest));
}

static void translateCast(NodeContext &node) {
  node.ignoreAttr("saturate");
  node.ignoreAttr("round_mode");
  node.output(0, node.graph.convert(node.input(0),
                                    node.elementType(node.intAttr("to", 0))));
}

static void translateCastLike(NodeContext &node) {
  node.ignoreAttr("saturate");
  node.ignoreAttr("round_mode");
  node.output(0, node.graph.convert(node.input(0), node.input(1)->elementType));
}

static void translateWhere(NodeContext &node) {
  Val predicate = node.input(0);
  if (!predicate->isBool())
    node.fail("expects a bool element type of input #0");
  node.output(0, node.graph.select(predicate, node.input(1), node.input(2)));
}

static void translateClip(NodeContext &node) {
  GraphBuilder &g = node.graph;
  Val x = node.input(0);
  bool hasMin = node.has(1), hasMax = node.has(2);
  Val low = hasMin ? node.input(1) : nullptr;
  Val high = hasMax ? node.input(2) : nullptr;
  // A limit may come as a tensor of one element.
  for (Val *limit : {&low, &high})
    if (*limit && (*limit)->rank() != 0)
      *limit = g.reshape(*limit, {});
  if ((low && low->elementType != x->elementType) ||
      (high && high->elementType != x->elementType))
    node.fail("expects inputs of one element type");
  if (low && high && !x->elements && !g.failed())
    return node.output(
        0, g.value(hlo::ClampOp::create(g.builder, g.loc, g.get(low), g.get(x),
                                        g.get(high)),
                   x->shape));
  if (low)
    x = g.binary(Binary::Max, x, low);
  if (high)
    x = g.binary(Binary::Min, x, high);
  node.output(0, x);
}

/// An input that must be of floats.
static Val floatInput(NodeContext &node, unsigned index) {
  Val x = node.input(index);
  if (!x->isFloat())
    node.fail("expects a float element type of input #" + llvm::Twine(index));
  return x;
}

static void translateIsNaN(NodeContext &node) {
  Val x = floatInput(node, 0);
  node.output(0, node.graph.compare(Direction::NE, x, x));
}

static void translateIsInf(NodeContext &node) {
  GraphBuilder &g = node.graph;
  Val x = floatInput(node, 0);
  if (g.failed())
    return;
  bool positive = node.intAttr("detect_positive", 1) != 0;
  bool negative = node.intAttr("detect_negative", 1) != 0;
  Val infinity =
      g.scalar(x->elementType, std::numeric_limits<double>::infinity());
  Val subject = x;
  if (positive && negative)
    subject = g.unary<hlo::AbsOp>(x);
  else if (negative)
    subject = g.unary<hlo::NegOp>(x);
  if (!positive && !negative)
    return node.output(0, g.splat(g.builder.getI1Type(), 0, x->shape));
  node.output(0, g.compare(Direction::EQ, subject, infinity));
}

static void translateIdentity(NodeContext &node) {
  node.output(0, node.input(0));
}

static void translateDropout(NodeContext &node) {
  GraphBuilder &g = node.graph;
  node.ignoreAttr("seed");
  node.ignoreInput(1);
  if (node.has(2) && g.constantScalar(node.input(2)) != 0)
    node.fail("expects 'training_mode' to be false");
  Val x = node.input(0);
  node.output(0, x);
  if (node.hasOutput(1))
    node.output(1, g.splat(g.builder.getI1Type(), 1, x->shape));
}

//===----------------------------------------------------------------------===//
// Activations: composites, since other levels know them by name
//===----------------------------------------------------------------------===//

Val moe::importer::geluBody(GraphBuilder &g, Val x, bool tanh) {
  auto number = [&](double value) { return g.scalar(x->elementType, value); };
  Val inner;
  if (tanh) {
    Val cubed = g.mul(g.mul(x, x), x);
    Val sum = g.add(x, g.mul(cubed, number(0.044715)));
    inner = g.unary<hlo::TanhOp>(g.mul(sum, number(0.7978845608028654)));
  } else {
    inner = g.unary<chlo::ErfOp>(g.mul(x, number(0.7071067811865476)));
  }
  return g.mul(g.mul(x, number(0.5)), g.add(inner, number(1)));
}

static void translateGelu(NodeContext &node) {
  std::string approximate = node.stringAttr("approximate", "none");
  if (approximate != "none" && approximate != "tanh")
    node.fail("expects 'approximate' to be none or tanh, but got '" +
              approximate + "'");
  bool tanh = approximate == "tanh";
  GraphBuilder &graph = node.graph;
  node.output(
      0, graph.composite(
             "onnx.Gelu", {graph.attr("approximate", StringRef(approximate))},
             {node.input(0)},
             [&](GraphBuilder &g, ArrayRef<Val> in) -> SmallVector<Val> {
               return {geluBody(g, in[0], tanh)};
             })[0]);
}

static void translateSwish(NodeContext &node) {
  float alpha = node.floatAttr("alpha", 1.0f);
  GraphBuilder &g = node.graph;
  Val x = node.input(0);
  Val scaled = alpha == 1.0f ? x : g.mul(x, g.scalar(x->elementType, alpha));
  node.output(0, g.mul(x, g.unary<hlo::LogisticOp>(scaled)));
}

static void translateSoftplus(NodeContext &node) {
  GraphBuilder &graph = node.graph;
  node.output(0, graph.composite(
                     "onnx.Softplus", {}, {node.input(0)},
                     [](GraphBuilder &g, ArrayRef<Val> in) -> SmallVector<Val> {
                       // max(x, 0) + log1p(exp(-|x|)) does not overflow.
                       Val x = in[0];
                       Val zero = g.scalar(x->elementType, 0);
                       Val magnitude = g.unary<hlo::AbsOp>(x);
                       Val tail = g.unary<hlo::Log1pOp>(
                           g.unary<hlo::ExpOp>(g.unary<hlo::NegOp>(magnitude)));
                       return {g.add(g.binary(Binary::Max, x, zero), tail)};
                     })[0]);
}

static void translateLeakyRelu(NodeContext &node) {
  GraphBuilder &g = node.graph;
  Val x = node.input(0);
  Val slope = g.scalar(x->elementType, node.floatAttr("alpha", 0.01f));
  Val zero = g.scalar(x->elementType, 0);
  node.output(0,
              g.select(g.compare(Direction::LT, x, zero), g.mul(x, slope), x));
}

ArrayRef<OpEntry> moe::importer::elementwiseOps() {
  static const OpEntry table[] = {
      {"", "Abs", 13, translateUnary<hlo::AbsOp>},
      {"", "Add", 13, translateArithmetic<Binary::Add>},
      {"", "And", 7, translateLogical<Binary::And>},
      {"", "Cast", 13, translateCast},
      {"", "CastLike", 15, translateCastLike},
      {"", "Ceil", 13, translateFloatUnary<hlo::CeilOp>},
      {"", "Clip", 12, translateClip},
      {"", "Cos", 7, translateFloatUnary<hlo::CosineOp>},
      {"", "Div", 13, translateArithmetic<Binary::Div>},
      {"", "Dropout", 13, translateDropout},
      {"", "Equal", 11, translateCompare<Direction::EQ>},
      {"", "Erf", 13, translateFloatUnary<chlo::ErfOp>},
      {"", "Exp", 13, translateFloatUnary<hlo::ExpOp>},
      {"", "Floor", 13, translateFloatUnary<hlo::FloorOp>},
      {"", "Gelu", 20, translateGelu},
      {"", "Greater", 9, translateCompare<Direction::GT>},
      {"", "GreaterOrEqual", 12, translateCompare<Direction::GE>},
      {"", "Identity", 1, translateIdentity},
      {"", "IsInf", 10, translateIsInf},
      {"", "IsNaN", 9, translateIsNaN},
      {"", "LeakyRelu", 6, translateLeakyRelu},
      {"", "Less", 9, translateCompare<Direction::LT>},
      {"", "LessOrEqual", 12, translateCompare<Direction::LE>},
      {"", "Log", 13, translateFloatUnary<hlo::LogOp>},
      {"", "Max", 12, translateVariadic<Binary::Max>},
      {"", "Mean", 13, translateMean},
      {"", "Min", 12, translateVariadic<Binary::Min>},
      {"", "Mod", 10, translateMod},
      {"", "Mul", 13, translateArithmetic<Binary::Mul>},
      {"", "Neg", 13, translateNeg},
      {"", "Not", 1, translateNot},
      {"", "Or", 7, translateLogical<Binary::Or>},
      {"", "Pow", 12, translatePow},
      {"", "Reciprocal", 13, translateReciprocal},
      {"", "Relu", 13, translateRelu},
      {"", "Round", 11, translateFloatUnary<hlo::RoundNearestEvenOp>},
      {"", "Sigmoid", 13, translateFloatUnary<hlo::LogisticOp>},
      {"", "Sign", 13, translateUnary<hlo::SignOp>},
      {"", "Sin", 7, translateFloatUnary<hlo::SineOp>},
      {"", "Softplus", 1, translateSoftplus},
      {"", "Sqrt", 13, translateFloatUnary<hlo::SqrtOp>},
      {"", "Sub", 13, translateArithmetic<Binary::Sub>},
      {"", "Sum", 13, translateVariadic<Binary::Add>},
      {"", "Swish", 24, translateSwish},
      {"", "Tanh", 13, translateFloatUnary<hlo::TanhOp>},
      {"", "Where", 9, translateWhere},
      {"", "Xor", 7, translateLogical<Binary::Xor>},
  };
  return table;
}
