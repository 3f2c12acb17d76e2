// All experts on all tokens, summed with a matrix of weights that is zero where
// the router did not choose the expert: weights of outputs, or of inputs.
#include "Raise.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::raise;

namespace {

/// result[at] = sum over `expert` in [0, count) of the expert's output.
class DenseMatch {
public:
  DenseMatch(Matcher &matcher, Operation *op)
      : matcher(matcher), facts(matcher.facts), op(op) {}

  FailureOr<Layer> run();

private:
  FailureOr<Experts> matchWeightedOutputs(const ProductSum &sum);
  FailureOr<Experts> matchWeightedInputs();

  Matcher &matcher;
  IndexFacts &facts;
  Operation *op;
  Coordinates at;
  Index expert = nullptr;
  int64_t count = 0;
  /// Maps of the expert that is summed over.
  std::optional<Linear> linear(const Element &element) {
    auto map = matchGatheredLinear(facts, element);
    return map && map->expert == expert ? map : std::nullopt;
  }
  Element weight;
};

} // namespace

/// sum of output * weight
FailureOr<Experts> DenseMatch::matchWeightedOutputs(const ProductSum &sum) {
  expert = sum.position;
  count = sum.count;
  auto form = [&](const Element &element) { return linear(element); };
  auto product = outputAndWeight(facts, {sum.a, sum.b}, form);
  if (!product)
    return failure();
  weight = product->second;
  return matchExperts(matcher, product->first, form);
}

/// Whether an expert gives zeros where its input is zeros. Activations that are
/// known do.
static bool keepsZeros(BodyAttr body) {
  auto isAbove = [](FloatAttr bound) {
    return bound && bound.getValueAsDouble() > 0;
  };
  auto isBelow = [](FloatAttr bound) {
    return bound && bound.getValueAsDouble() < 0;
  };
  // The other factor of a gated body does not matter: it is finite.
  bool hasBias = body.getDownBias() ||
                 (body.getGated() ? body.getGateBias() : body.getUpBias());
  return !hasBias && !isAbove(body.getGateLo()) && !isBelow(body.getGateHi());
}

/// sum of what the expert makes of token * weight
FailureOr<Experts> DenseMatch::matchWeightedInputs() {
  auto reduce = dyn_cast<hlo::ReduceOp>(op);
  if (!reduce || combinerOf(op) != Combiner::Add ||
      reduce.getDimensions().size() != 1)
    return failure();
  count = typeOf(reduce.getInputs()[0]).getDimSize(reduce.getDimensions()[0]);
  if (ShapedType::isDynamic(count) || count < 2)
    return failure();
  expert = facts.symbol("j", count);
  std::optional<Element> term = facts.reduced({op->getResult(0), at}, expert);
  auto form = [&](const Element &element) { return linear(element); };
  if (!term || !isOutput(facts, *term, form))
    return failure();
  FailureOr<Experts> experts = matchExperts(matcher, *term, form);
  if (failed(experts))
    return failure();
  auto product = matchBinary(facts, facts.trace(experts->input), Scalar::Mul);
  if (!product)
    return matcher.refuse(op, "the outputs of all experts are added up without "
                              "weights");
  if (!keepsZeros(experts->body))
    return matcher.refuse(op, "weights are those of inputs, and an expert does "
                              "not give zeros for an input of zeros");
  // The weight has no columns.
  auto [row, other] = *product;
  if (!llvm::is_contained(row.at, experts->inputColumn))
    std::swap(row, other);
  weight = other;
  experts->input = row;
  return experts;
}

FailureOr<Layer> DenseMatch::run() {
  Value result = op->getResult(0);
  RankedTensorType type = typeOf(result);
  if (type.getRank() < 2)
    return failure();
  for (int64_t d = 0; d < type.getRank(); ++d)
    at.push_back(facts.symbol("d", type.getDimSize(d)));
  std::optional<ProductSum> sum = matchProductSum(facts, {result, at});
  if (sum && sum->count < 2)
    return failure();
  FailureOr<Experts> experts =
      sum ? matchWeightedOutputs(*sum) : matchWeightedInputs();
  if (failed(experts) ||
      failed(checkOutput(matcher, *experts, result, at.back())))
    return failure();
  FailureOr<SmallVector<Choice>> choices =
      matchChoices(matcher, weight, expert);
  if (failed(choices))
    return matcher.refuse(op, "the outputs of all experts are added up with "
                              "weights that are not those of a top-k");
  const Pick &pick = choices->front().pick;
  if (pick.experts() != count)
    return matcher.refuse(op, "the number of experts that are added up (" +
                                  Twine(count) +
                                  ") differs from that of the router (" +
                                  Twine(pick.experts()) + ")");
  if (pick.token != rowOf(facts, result, ArrayRef(at).drop_back()))
    return matcher.refuse(op, "outputs are weighted as the top-k chose for "
                              "other tokens");
  FailureOr<Value> tokens = matchTokens(matcher, *experts, pick.token);
  if (failed(tokens))
    return failure();
  FailureOr<Router> router = matchRouter(matcher, *choices);
  if (failed(router))
    return failure();
  return Layer{"dense experts",
               *tokens,
               result,
               *router,
               std::move(*experts),
               sum ? Apply::Output : Apply::Input};
}

FailureOr<Layer> moe::raise::matchDenseExperts(Matcher &matcher,
                                               Operation *op) {
  if (!isa<hlo::ReduceOp, hlo::DotGeneralOp>(op))
    return failure();
  return DenseMatch(matcher, op).run();
}
