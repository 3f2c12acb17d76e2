// Sparse mixers (GRIN, Phi-3.5-MoE): picks by arg-maxima, each weighed by a
// softmax over the logits that are left and near it.
#include "Raise.h"

#include "llvm/ADT/STLExtras.h"
#include <limits>

using namespace mlir;
using namespace moe;
using namespace moe::raise;

namespace {

/// Matches the weight of one slot; elements are at a symbolic row and expert.
class MixerMatch {
public:
  MixerMatch(Matcher &matcher, const Pick &pick)
      : matcher(matcher), facts(matcher.facts), topK(pick.topK),
        expert(facts.symbol("e", pick.experts())) {
    for (int64_t size : typeOf(pick.keys()).getShape())
      at.push_back(facts.symbol("t", size));
    at.back() = expert;
    logit = facts.trace(pick.keys(), at);
  }

  /// The bound of the slot's weights, a tensor with one column.
  FailureOr<double> run(Value column, int64_t slot);

private:
  Coordinates with(Index last) const {
    Coordinates result(at);
    result.back() = last;
    return result;
  }
  Index idOf(int64_t slot) {
    return facts.valueOf(topK.getIndices(), with(facts.constant(slot)));
  }
  bool isLeft(Element element, int64_t slot);
  bool isBest(const Element &element, int64_t slot);
  std::optional<double> matchFar(const Element &mask, int64_t slot);

  Matcher &matcher;
  IndexFacts &facts;
  chlo::TopKOp topK;
  Index expert;
  Coordinates at;
  Element logit;
};

} // namespace

/// The logit, or -inf for the picks before `slot`.
bool MixerMatch::isLeft(Element element, int64_t slot) {
  llvm::SmallDenseSet<Index> earlier;
  for (int64_t i = 0; i < slot; ++i)
    earlier.insert(idOf(i));
  while (auto masked = matchWithout(facts, element, expert)) {
    if (masked->fill != -std::numeric_limits<double>::infinity() ||
        !earlier.erase(masked->gone))
      return false;
    element = masked->rest;
  }
  return earlier.empty() && element == logit;
}

/// The greatest logit that is left: that of the pick.
bool MixerMatch::isBest(const Element &element, int64_t slot) {
  if (element == facts.trace(topK.getOperand(), with(idOf(slot))))
    return true;
  std::optional<Element> reduced = facts.reduced(element, expert);
  return combinerOf(element.tensor.getDefiningOp()) == Combiner::Max &&
         reduced && isLeft(*reduced, slot);
}

/// (best - logit) / max(|logit|, best) > bound
std::optional<double> MixerMatch::matchFar(const Element &mask, int64_t slot) {
  if (kindOf(mask) != Scalar::Compare ||
      directionOf(mask.tensor.getDefiningOp()) != hlo::ComparisonDirection::GT)
    return std::nullopt;
  auto ratio = facts.operand(mask, 0), limit = facts.operand(mask, 1);
  auto bound = limit ? facts.numberOf(*limit) : std::nullopt;
  auto quotient =
      ratio ? matchBinary(facts, *ratio, Scalar::Div) : std::nullopt;
  auto gap = quotient ? matchBinary(facts, quotient->first, Scalar::Sub)
                      : std::nullopt;
  auto size = quotient ? matchBinary(facts, quotient->second, Scalar::Max)
                       : std::nullopt;
  if (!bound || !gap || !size || !isBest(gap->first, slot) ||
      !(gap->second == logit))
    return std::nullopt;
  auto [magnitude, best] = *size;
  if (kindOf(magnitude) != Scalar::Abs)
    std::swap(magnitude, best);
  if (kindOf(magnitude) != Scalar::Abs || !isBest(best, slot))
    return std::nullopt;
  auto whose = facts.operand(magnitude, 0);
  return whose && *whose == logit ? bound : std::nullopt;
}

FailureOr<double> MixerMatch::run(Value column, int64_t slot) {
  auto refuse = [&](const Twine &what) {
    return matcher.refuse(topK, "the weights of slot #" + Twine(slot) + what);
  };
  Element weight = facts.trace(column, with(facts.constant(0)));
  if (weight.at != with(idOf(slot)))
    return refuse(" are not those of the expert that it picked");
  weight.at.back() = expert;
  auto argument = matchSoftmax(facts, weight, expert);
  if (!argument || kindOf(*argument) != Scalar::Select)
    return refuse(" are no softmax over logits near the pick");
  auto mask = facts.operand(*argument, 0), fill = facts.operand(*argument, 1),
       rest = facts.operand(*argument, 2);
  if (!mask || !fill || !rest ||
      facts.numberOf(*fill) != -std::numeric_limits<double>::infinity())
    return refuse(" are no softmax over logits near the pick");
  if (!isLeft(*rest, slot))
    return refuse(" are shared with experts that slots before it picked");
  std::optional<double> bound = matchFar(*mask, slot);
  if (!bound || !(*bound > 0))
    return refuse(" leave out other logits than those far from the pick");
  return *bound;
}

bool moe::raise::hasColumns(const Pick &pick, const Element &weight) {
  auto concat = weight.tensor.getDefiningOp<hlo::ConcatenateOp>();
  Coordinates at(pick.row);
  at.push_back(pick.slot);
  return concat && weight.at == at && concat.getDimension() + 1 == at.size() &&
         static_cast<int64_t>(concat.getInputs().size()) == pick.slots();
}

FailureOr<double> moe::raise::matchMixerBound(Matcher &matcher,
                                              const Pick &pick,
                                              const Element &weight) {
  MixerMatch match(matcher, pick);
  std::optional<double> bound;
  auto concat = cast<hlo::ConcatenateOp>(weight.tensor.getDefiningOp());
  for (auto [slot, column] : llvm::enumerate(concat.getInputs())) {
    FailureOr<double> own = match.run(column, slot);
    if (failed(own))
      return failure();
    double value = *own;
    if (bound && *bound != value)
      return matcher.refuse(pick.topK, "what is near a pick differs between "
                                       "slots");
    bound = value;
  }
  return *bound;
}
