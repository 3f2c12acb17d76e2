// All experts on all tokens, summed with a matrix of weights that is zero where
// the router did not choose the expert.
#include "Raise.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::raise;

namespace {
struct DenseWeight {
  Pick pick;
  Element weight; // of the pick
};
} // namespace

/// weight[token, expert]: zeros, with the weights of a token's slots scattered
/// to the experts that they chose.
static FailureOr<DenseWeight>
matchDenseWeight(Matcher &matcher, const Element &element, Index expert) {
  IndexFacts &facts = matcher.facts;
  Operation *scatter = element.tensor.getDefiningOp();
  if (compositeName(scatter) != "onnx.ScatterElements" ||
      element.at.size() != 2 || element.at[1] != expert)
    return failure();
  Index token = element.at[0];
  Value indices = scatter->getOperand(1), updates = scatter->getOperand(2);
  // The ids of a token's slots differ, so that adding and replacing are one.
  Combiner combiner = combinerOf(scatter);
  if (compositeInt(scatter, "axis") != 1 ||
      (combiner != Combiner::Replace && combiner != Combiner::Add) ||
      facts.numberOf(facts.trace(scatter->getOperand(0), element.at)) != 0.0)
    return matcher.refuse(scatter, "the weights of experts that are not chosen "
                                   "are not zero");
  Index slot = facts.symbol("j", typeOf(indices).getDimSize(1));
  std::optional<Pick> pick = asPick(facts.valueOf(indices, {token, slot}));
  if (!pick || pick->token != token || pick->slot != slot ||
      pick->slots() != typeOf(indices).getDimSize(1))
    return matcher.refuse(scatter, "weights are not scattered to the experts "
                                   "that a top-k chose for the token");
  return DenseWeight{*pick, facts.trace(updates, {token, slot})};
}

FailureOr<Layer> moe::raise::matchDenseExperts(Matcher &matcher,
                                               Operation *op) {
  IndexFacts &facts = matcher.facts;
  auto reduce = dyn_cast<hlo::ReduceOp>(op);
  if (!reduce || combinerOf(op) != Combiner::Add ||
      reduce.getDimensions().size() != 1)
    return failure();
  RankedTensorType type = typeOf(reduce.getResult(0));
  int64_t count =
      typeOf(reduce.getInputs()[0]).getDimSize(reduce.getDimensions()[0]);
  if (ShapedType::isDynamic(count) || count < 2 || type.getRank() < 2)
    return failure();

  Index expert = facts.symbol("e", count);
  Coordinates at;
  for (int64_t d = 0; d < type.getRank(); ++d)
    at.push_back(facts.symbol("d", type.getDimSize(d)));
  std::optional<Element> term =
      facts.reduced(Element{reduce.getResult(0), at}, expert);
  auto product = term ? matchBinary(facts, *term, Scalar::Mul) : std::nullopt;
  if (!product)
    return failure();
  auto linear = [&](const Element &element) -> std::optional<Linear> {
    auto map = matchGatheredLinear(facts, element);
    return map && map->expert == expert ? map : std::nullopt;
  };
  auto [output, weight] = *product;
  if (!linear(output)) {
    std::swap(output, weight);
    if (!linear(output))
      return failure();
  }
  FailureOr<Experts> experts = matchExperts(matcher, output, linear);
  if (failed(experts) ||
      failed(checkOutput(matcher, *experts, reduce.getResult(0), at.back())))
    return failure();
  FailureOr<DenseWeight> dense = matchDenseWeight(matcher, weight, expert);
  if (failed(dense))
    return matcher.refuse(op, "the outputs of all experts are added up with "
                              "weights that are not those of a top-k");
  Pick pick = dense->pick;
  if (pick.experts() != count)
    return matcher.refuse(op, "the number of experts that are added up (" +
                                  Twine(count) +
                                  ") differs from that of the router (" +
                                  Twine(pick.experts()) + ")");
  FailureOr<Value> tokens = matchTokens(matcher, *experts, pick.token);
  if (failed(tokens))
    return failure();
  FailureOr<Router> router = matchRouter(matcher, pick, dense->weight);
  if (failed(router))
    return failure();
  return Layer{"dense experts", *tokens, reduce.getResult(0), *router,
               std::move(*experts)};
}
