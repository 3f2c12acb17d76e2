// All experts on all tokens, summed with a matrix of weights that is zero where
// the router did not choose the expert.
#include "Raise.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::raise;

FailureOr<Layer> moe::raise::matchDenseExperts(Matcher &matcher,
                                               Operation *op) {
  IndexFacts &facts = matcher.facts;
  if (!isa<hlo::ReduceOp, hlo::DotGeneralOp>(op))
    return failure();
  Value result = op->getResult(0);
  RankedTensorType type = typeOf(result);
  if (type.getRank() < 2)
    return failure();

  Coordinates at;
  for (int64_t d = 0; d < type.getRank(); ++d)
    at.push_back(facts.symbol("d", type.getDimSize(d)));
  std::optional<ProductSum> sum = matchProductSum(facts, {result, at});
  if (!sum || sum->count < 2)
    return failure();
  Index expert = sum->position;
  auto linear = [&](const Element &element) -> std::optional<Linear> {
    auto map = matchGatheredLinear(facts, element);
    return map && map->expert == expert ? map : std::nullopt;
  };
  auto product = outputAndWeight(facts, {sum->a, sum->b}, linear);
  if (!product)
    return failure();
  const auto &[output, weight] = *product;
  FailureOr<Experts> experts = matchExperts(matcher, output, linear);
  if (failed(experts) ||
      failed(checkOutput(matcher, *experts, result, at.back())))
    return failure();
  FailureOr<SmallVector<Choice>> choices =
      matchChoices(matcher, weight, expert);
  if (failed(choices))
    return matcher.refuse(op, "the outputs of all experts are added up with "
                              "weights that are not those of a top-k");
  const Pick &pick = choices->front().pick;
  if (pick.experts() != sum->count)
    return matcher.refuse(op, "the number of experts that are added up (" +
                                  Twine(sum->count) +
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
  return Layer{"dense experts", *tokens, result, *router, std::move(*experts)};
}
