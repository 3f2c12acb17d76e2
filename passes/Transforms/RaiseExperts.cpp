// Expert bodies: from the result of the last matrix back to the input row.
#include "Raise.h"

#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir;
using namespace moe;
using namespace moe::raise;

namespace {

/// A linear map's result within bounds.
struct Bounded {
  Linear linear;
  std::optional<double> low, high;
};

/// The vector between the matrices, as a product of factors.
class BodyMatch {
public:
  BodyMatch(Matcher &matcher, LinearForm linear, Index inner)
      : matcher(matcher), facts(matcher.facts), linear(linear), inner(inner) {}

  /// Fills all of `experts` but what belongs to the last matrix.
  LogicalResult run(const Element &hidden, int64_t width, Experts &experts,
                    const Linear &down);

private:
  /// What is rounded between the matrices is rounded once, to the type of the
  /// rows, before the last one.
  Element unrounded(const Element &element) {
    return takeConversions(facts, element, types);
  }
  void flatten(const Element &factor);
  std::optional<Bounded> matchBounded(Element element);
  LogicalResult matchActivation();
  LogicalResult matchUp();
  LogicalResult matchStorage(int64_t width, Experts &experts);
  bool removeFactor(const Element &element);
  struct Curve {
    Activation kind;
    Element value;
  };
  std::optional<Curve> matchGeluCurve(const Element &factor);
  std::optional<double> matchCube(const Element &element, const Element &x);
  /// Whether an element's constant is `expected`, rounded to the element's
  /// type.
  static bool isNumber(const Element &element, double number, double expected) {
    auto type = cast<FloatType>(typeOf(element.tensor).getElementType());
    int bits = APFloat::semanticsPrecision(type.getFloatSemantics());
    return std::abs(number - expected) <=
           std::max(1e-6, std::ldexp(1.0, -bits)) * std::abs(expected);
  }

  Matcher &matcher;
  IndexFacts &facts;
  LinearForm linear;
  Index inner;

  SmallVector<Element> factors;
  double constant = 1.0;

  SmallVector<FloatType> types; // that something is converted to
  Activation activation = Activation::Silu;
  std::optional<Bounded> gate, up;
  double alpha = 1.0, offset = 0.0;
  Storage storage = Storage::Split;
};

} // namespace

std::optional<Bounded> BodyMatch::matchBounded(Element element) {
  Bounded result;
  auto tighten = [](std::optional<double> &bound, double value, bool isLow) {
    bound = !bound  ? value
            : isLow ? std::max(*bound, value)
                    : std::min(*bound, value);
  };
  while (true) {
    element = unrounded(element);
    if (auto map = linear(element)) {
      result.linear = std::move(*map);
      return result;
    }
    Scalar kind = kindOf(element);
    if (kind == Scalar::Clamp) {
      auto low = facts.operand(element, 0), value = facts.operand(element, 1),
           high = facts.operand(element, 2);
      auto from = low ? facts.numberOf(*low) : std::nullopt,
           to = high ? facts.numberOf(*high) : std::nullopt;
      if (!value || !from || !to || *from > *to)
        return std::nullopt;
      tighten(result.low, *from, true);
      tighten(result.high, *to, false);
      element = *value;
      continue;
    }
    if (kind != Scalar::Max && kind != Scalar::Min)
      return std::nullopt;
    auto operands = matchBinary(facts, element, kind);
    if (!operands)
      return std::nullopt;
    auto [value, bound] = *operands;
    if (facts.numberOf(value))
      std::swap(value, bound);
    auto number = facts.numberOf(bound);
    // Bounds that cross would depend on their order.
    if (!number ||
        (kind == Scalar::Max && result.high && *result.high < *number) ||
        (kind == Scalar::Min && result.low && *result.low > *number))
      return std::nullopt;
    tighten(kind == Scalar::Max ? result.low : result.high, *number,
            kind == Scalar::Max);
    element = value;
  }
}

void BodyMatch::flatten(const Element &factor) {
  Element element = unrounded(factor);
  if (auto number = facts.numberOf(element)) {
    constant *= *number;
    return;
  }
  if (auto product = matchBinary(facts, element, Scalar::Mul)) {
    flatten(product->first);
    flatten(product->second);
    return;
  }
  factors.push_back(element);
}

bool BodyMatch::removeFactor(const Element &element) {
  auto it = llvm::find(factors, element);
  if (it == factors.end())
    return false;
  factors.erase(it);
  return true;
}

/// The element as c * x * x * x, or with a power of x: c.
std::optional<double> BodyMatch::matchCube(const Element &element,
                                           const Element &x) {
  double coefficient = 1.0;
  Element cube = takeFactor(facts, element, coefficient);
  if (auto power = matchBinary(facts, cube, Scalar::Power)) {
    if (power->first == x && facts.numberOf(power->second) == 3.0)
      return coefficient;
    return std::nullopt;
  }
  auto product = matchBinary(facts, cube, Scalar::Mul);
  if (!product)
    return std::nullopt;
  auto [square, factor] = *product;
  if (square == x)
    std::swap(square, factor);
  auto two = matchBinary(facts, square, Scalar::Mul);
  if (factor == x && two && two->first == x && two->second == x)
    return coefficient;
  return std::nullopt;
}

/// What gelu multiplies x / 2 with: 1 + erf(x / sqrt 2), which is
/// erfc(-x / sqrt 2), or 1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)). Curves of
/// other constants are refused.
std::optional<BodyMatch::Curve>
BodyMatch::matchGeluCurve(const Element &factor) {
  auto refuse = [&](StringRef text) -> std::optional<Curve> {
    (void)matcher.refuse(factor.tensor.getDefiningOp(), text);
    return std::nullopt;
  };
  Element curve = factor;
  if (auto sum = matchBinary(facts, factor, Scalar::Add)) {
    auto [shape, one] = *sum;
    if (facts.numberOf(shape))
      std::swap(shape, one);
    if (facts.numberOf(one) != 1.0)
      return std::nullopt;
    curve = shape;
  }
  Scalar kind = kindOf(curve);
  bool added = !(curve == factor);
  if (added ? kind != Scalar::Erf && kind != Scalar::Tanh
            : kind != Scalar::Erfc)
    return std::nullopt;
  auto argument = facts.operand(curve, 0);
  if (!argument)
    return std::nullopt;
  double scale = kind == Scalar::Erfc ? -1.0 : 1.0;
  Element value = takeFactor(facts, *argument, scale);
  if (kindOf(value) == Scalar::Neg) {
    scale = -scale;
    value = *facts.operand(value, 0);
  }
  if (auto quotient = matchBinary(facts, value, Scalar::Div))
    if (auto number = facts.numberOf(quotient->second)) {
      scale /= *number;
      value = quotient->first;
    }
  if (kind != Scalar::Tanh) {
    if (!isNumber(curve, scale, std::sqrt(0.5)))
      return refuse("the activation has other constants than gelu");
    return Curve{Activation::GeluErf, value};
  }
  auto sum = matchBinary(facts, value, Scalar::Add);
  if (!sum)
    return refuse("the activation is not one of silu, gelu or relu");
  for (const auto &[x, rest] :
       {std::pair(sum->first, sum->second), std::pair(sum->second, sum->first)})
    if (auto coefficient = matchCube(rest, x)) {
      if (!isNumber(curve, *coefficient, 0.044715) ||
          !isNumber(curve, scale, std::sqrt(2 / M_PI)))
        return refuse("the activation has other constants than gelu");
      return Curve{Activation::GeluTanh, x};
    }
  return refuse("the activation is not one of silu, gelu or relu");
}

/// Takes the activation and what it is applied to out of the factors.
LogicalResult BodyMatch::matchActivation() {
  auto applied = [&](Activation kind, const Element &argument) {
    activation = kind;
    gate = matchBounded(argument);
    return success(gate.has_value());
  };
  for (const Element &factor : factors) {
    Operation *op = factor.tensor.getDefiningOp();
    if (compositeName(op) == "onnx.Gelu") {
      Element argument = facts.trace(op->getOperand(0), factor.at);
      bool tanh = compositeString(op, "approximate") == "tanh";
      removeFactor(factor);
      return applied(tanh ? Activation::GeluTanh : Activation::GeluErf,
                     argument);
    }
    // x * sigmoid(alpha * x)
    if (auto argument = matchLogistic(facts, factor)) {
      Element value = unrounded(takeFactor(facts, *argument, alpha));
      if (!llvm::is_contained(factors, value)) {
        alpha = 1.0;
        continue;
      }
      removeFactor(factor);
      removeFactor(value);
      return applied(Activation::Silu, value);
    }
    if (auto curve = matchGeluCurve(factor)) {
      curve->value = unrounded(curve->value);
      if (!isNumber(factor, constant, 0.5) ||
          !llvm::is_contained(factors, curve->value))
        return matcher.refuse(factor.tensor.getDefiningOp(),
                              "the activation has other constants than gelu");
      constant = 1.0;
      removeFactor(factor);
      removeFactor(curve->value);
      return applied(curve->kind, curve->value);
    }
    if (matcher.finding)
      return failure();
  }
  for (const Element &factor : factors)
    if (auto bounded = matchBounded(factor);
        bounded && bounded->low == 0.0 && !bounded->high) {
      activation = Activation::Relu;
      bounded->low.reset();
      gate = std::move(bounded);
      removeFactor(factor);
      return success();
    }
  return failure();
}

/// What is left beside the activation: up + offset, or nothing.
LogicalResult BodyMatch::matchUp() {
  if (factors.empty())
    return success();
  if (factors.size() != 1)
    return failure();
  Element factor = factors.front();
  up = matchBounded(factor);
  if (up)
    return success();
  auto sum = matchBinary(facts, factor, Scalar::Add);
  if (!sum)
    return failure();
  auto [value, number] = *sum;
  if (facts.numberOf(value))
    std::swap(value, number);
  auto amount = facts.numberOf(number);
  if (!amount)
    return failure();
  offset = *amount;
  up = matchBounded(value);
  return success(up.has_value());
}

/// Where the rows of gate and up lie in their matrices.
LogicalResult BodyMatch::matchStorage(int64_t width, Experts &experts) {
  auto rows = [](const Linear &map) {
    return map.matrix.getShapedType().getDimSize(1);
  };
  auto push = [&](ElementsAttr matrix, ElementsAttr bias) {
    experts.parameters.push_back(matrix);
    if (bias)
      experts.parameters.push_back(bias);
  };
  const Linear &g = gate->linear;
  if (!up) {
    if (g.column != inner || rows(g) != width)
      return failure();
    push(g.matrix, g.bias);
    return success();
  }
  const Linear &u = up->linear;
  // Each product has its own name for what it contracts.
  Element gateRow = facts.trace(g.input), upRow = facts.trace(u.input);
  for (Index &coordinate : upRow.at)
    if (coordinate == u.contracted)
      coordinate = g.contracted;
  if (u.expert != g.expert || !(gateRow == upRow))
    return matcher.refuse(u.ops[0], "gate and up read different rows");
  if (g.matrix != u.matrix || g.column == u.column) {
    if (g.column != inner || u.column != inner || rows(g) != width ||
        rows(u) != width)
      return failure();
    push(g.matrix, g.bias);
    push(u.matrix, u.bias);
    return success();
  }
  Index second = facts.add(inner, facts.constant(width)),
        even = facts.scale(inner, 2), odd = facts.add(even, facts.constant(1));
  if (g.column == inner && u.column == second)
    storage = Storage::ConcatGateUp;
  else if (g.column == second && u.column == inner)
    storage = Storage::ConcatUpGate;
  else if (g.column == even && u.column == odd)
    storage = Storage::Interleaved;
  else
    return matcher.refuse(u.ops[0],
                          "gate and up are neither halves nor alternate "
                          "columns of one matrix");
  if (rows(g) != 2 * width || g.bias != u.bias)
    return failure();
  push(g.matrix, g.bias);
  return success();
}

LogicalResult BodyMatch::run(const Element &hidden, int64_t width,
                             Experts &experts, const Linear &down) {
  auto unknown = [&] {
    return matcher.refuse(down.ops[0],
                          "what is between the matrices is no known "
                          "expert body");
  };
  flatten(hidden);
  if (failed(matchActivation()) || failed(matchUp()) || constant != 1.0)
    return unknown();
  if (gate->linear.matrix.getShapedType().getDimSize(0) !=
      down.matrix.getShapedType().getDimSize(0))
    return unknown();
  if (failed(matchStorage(width, experts)))
    return unknown();
  experts.parameters.push_back(down.matrix);
  if (down.bias)
    experts.parameters.push_back(down.bias);
  if (gate->linear.expert != down.expert)
    return matcher.refuse(down.ops[0],
                          "the matrices are looked up for different "
                          "experts");
  if (!up && (gate->low || gate->high))
    return unknown();

  auto real = [&](std::optional<double> value) {
    return value ? FloatAttr::get(Float64Type::get(matcher.context),
                                  shortestDecimal(*value))
                 : FloatAttr();
  };
  auto unless = [](double value, double absent) {
    return value == absent ? std::nullopt : std::optional(value);
  };
  bool gated = up.has_value();
  bool gateBias = gate->linear.bias != nullptr;
  bool upBias = gated ? up->linear.bias != nullptr : gateBias;
  experts.body = BodyAttr::get(
      matcher.context, gated, activation, real(unless(alpha, 1.0)),
      real(gate->low), real(gate->high), ClampAt::Pre,
      real(gated ? up->low : std::nullopt),
      real(gated ? up->high : std::nullopt), real(unless(offset, 0.0)),
      gated && gateBias, upBias, down.bias != nullptr, storage);
  Type rows = typeOf(gate->linear.input.tensor).getElementType();
  if (!isa<FloatType>(rows) || !llvm::all_of(types, [&](FloatType type) {
        return holds(type, cast<FloatType>(rows));
      }))
    return matcher.refuse(down.ops[0],
                          "what is between the matrices is rounded to a "
                          "smaller type than that of the rows");
  experts.width = width;
  experts.outputWidth = down.matrix.getShapedType().getDimSize(1);
  experts.input = gate->linear.input;
  experts.inputColumn = gate->linear.contracted;
  experts.outputColumn = down.column;
  experts.expert = gate->linear.expert;
  experts.ops = gate->linear.ops;
  llvm::append_range(experts.ops, down.ops);
  if (gated)
    llvm::append_range(experts.ops, up->linear.ops);
  return success();
}

FailureOr<Experts> moe::raise::matchMap(Matcher &matcher, const Linear &map) {
  Operation *op = map.ops[0];
  Type rows = typeOf(map.input.tensor).getElementType();
  if (!isa<FloatType>(rows) ||
      typeOf(op->getResult(0)).getElementType() != rows)
    return matcher.refuse(op, "the outputs of experts are of another type than "
                              "their rows");
  Experts experts{};
  experts.outputWidth = map.matrix.getShapedType().getDimSize(1);
  experts.parameters.push_back(map.matrix);
  if (map.bias)
    experts.parameters.push_back(map.bias);
  experts.input = map.input;
  experts.inputColumn = map.contracted;
  experts.outputColumn = map.column;
  experts.expert = map.expert;
  experts.ops = map.ops;
  return experts;
}

FailureOr<Experts> moe::raise::matchExperts(Matcher &matcher,
                                            const Element &output,
                                            LinearForm linear) {
  auto [result, rounded] = takeRounding(matcher.facts, output);
  std::optional<Linear> down = linear(result);
  if (!down)
    return failure();
  Experts experts;
  Element hidden = matcher.facts.trace(down->input);
  if (failed(BodyMatch(matcher, linear, down->contracted)
                 .run(hidden, down->width, experts, *down)))
    return failure();
  // Rows of outputs have the type of rows of inputs, and what enters the last
  // matrix is rounded to it.
  auto rows = cast<FloatType>(typeOf(experts.input.tensor).getElementType());
  auto fits = [&](Type type) {
    auto real = dyn_cast<FloatType>(type);
    return real && holds(rows, real);
  };
  Operation *last = down->ops[0];
  if (!fits(rounded ? rounded : typeOf(last->getResult(0)).getElementType()))
    return matcher.refuse(last, "the outputs of experts are not rounded to the "
                                "type of their rows");
  if (!fits(
          typeOf(takeWidening(matcher.facts, hidden).tensor).getElementType()))
    return matcher.refuse(last, "what enters the last matrix is not rounded to "
                                "the type of the rows");
  return experts;
}

bool moe::raise::isOutput(IndexFacts &facts, const Element &element,
                          LinearForm linear) {
  return linear(takeRounding(facts, element).first).has_value();
}

std::optional<std::pair<Element, Element>> moe::raise::outputAndWeight(
    IndexFacts &facts, std::pair<Element, Element> factors, LinearForm linear) {
  // moe.combine adds up in f32, whatever the type of the rows.
  factors = {takeWidening(facts, factors.first),
             takeWidening(facts, factors.second)};
  if (!isOutput(facts, factors.first, linear))
    std::swap(factors.first, factors.second);
  if (!isOutput(facts, factors.first, linear))
    return std::nullopt;
  return factors;
}
