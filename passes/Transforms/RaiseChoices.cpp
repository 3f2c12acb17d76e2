// Weights of experts per token that are zero where a top-k did not choose the
// expert: scattered into zeros, or a sum over the slots of "this slot's id is
// the expert" times the slot's weight, which is 1 where there is none; or the
// sigmoid of logits that are -inf there.
#include "Raise.h"

#include "llvm/ADT/STLExtras.h"
#include <limits>

using namespace mlir;
using namespace moe;
using namespace moe::raise;

namespace {

class ChoiceMatch {
public:
  ChoiceMatch(Matcher &matcher, Index &expert)
      : matcher(matcher), facts(matcher.facts), expert(expert) {}

  FailureOr<SmallVector<Choice>> run(const Element &weight);

private:
  bool collect(const Element &sum);
  bool collectScatter(const Element &element);
  bool collectTerm(const Element &element);
  bool collectProduct(const Element &a, const Element &b);
  LogicalResult checkSlots();
  bool isExpert(Index id) {
    if (!expert)
      expert = id;
    return id == expert;
  }

  Matcher &matcher;
  IndexFacts &facts;
  Index &expert;
  SmallVector<Choice> choices;
  /// What stands where the expert is not chosen.
  double absent = 0.0;
  /// Symbols for the slots that sums and scatters run over.
  llvm::SmallDenseMap<Index, int64_t> summed;
};

} // namespace

/// The weights of a token's slots, scattered to the experts that they chose.
bool ChoiceMatch::collectScatter(const Element &element) {
  Operation *scatter = element.tensor.getDefiningOp();
  std::optional<Writes> written = facts.writes(scatter);
  if (!written || written->to.empty())
    return false;
  // The ids of a token's slots differ, so that adding and replacing are one.
  Combiner combiner = combinerOf(scatter);
  bool adds = combiner == Combiner::Add && absent == 0.0;
  if ((combiner != Combiner::Replace && !adds) ||
      facts.numberOf(facts.trace(written->data, element.at)) != absent) {
    (void)matcher.refuse(scatter, "the weights of experts that are not chosen "
                                  "are not zero");
    return false;
  }
  auto refuse = [&] {
    (void)matcher.refuse(scatter, "weights are not scattered to the experts "
                                  "that a top-k chose for the token");
    return false;
  };
  // Of the coordinates that are written to, one is the id; the others are those
  // of the update, and stand where the element asks for.
  SmallVector<std::pair<Index, Index>> replacements;
  std::optional<Pick> pick;
  for (auto [target, wanted] : llvm::zip(written->to, element.at)) {
    if (auto own = asPick(facts, target); own && isExpert(wanted)) {
      if (pick)
        return refuse();
      pick = own;
      continue;
    }
    if (target == wanted)
      continue;
    if (!target->asAtom(IndexAtom::Kind::Symbol) ||
        !llvm::is_contained(written->from, target) ||
        llvm::is_contained(llvm::make_first_range(replacements), target))
      return refuse();
    replacements.push_back({target, wanted});
  }
  auto freeSlot = [&](Index coordinate) {
    return coordinate->asAtom() && llvm::none_of(replacements, [&](auto pair) {
             return pair.first == coordinate;
           });
  };
  if (!pick || llvm::count_if(written->from, freeSlot) > 1)
    return refuse();
  for (auto [d, coordinate] : llvm::enumerate(written->from)) {
    if (freeSlot(coordinate))
      summed[coordinate] = typeOf(written->updates).getDimSize(d);
    coordinate = facts.replace(coordinate, replacements);
  }
  for (Index &coordinate : pick->row)
    coordinate = facts.replace(coordinate, replacements);
  pick->token = facts.replace(pick->token, replacements);
  pick->slot = facts.replace(pick->slot, replacements);
  choices.push_back(
      {*pick, facts.trace(written->updates, written->from), FloatType()});
  if (succeeded(checkSlots()))
    return true;
  return refuse();
}

bool ChoiceMatch::collectProduct(const Element &a, const Element &b) {
  for (const auto &[mask, weight] : {std::pair(a, b), std::pair(b, a)}) {
    Index chosen = nullptr;
    auto pick = matchChoice(facts, mask, chosen);
    if (!pick || !isExpert(chosen))
      continue;
    choices.push_back({*pick, weight, FloatType()});
    return true;
  }
  return false;
}

/// The weight of a slot, or 0; or a mask alone.
bool ChoiceMatch::collectTerm(const Element &element) {
  if (auto product = matchBinary(facts, element, Scalar::Mul))
    return collectProduct(product->first, product->second);
  Index chosen = nullptr;
  if (auto pick = matchChoice(facts, element, chosen)) {
    choices.push_back({*pick, {}, FloatType()});
    return isExpert(chosen);
  }
  if (kindOf(element) != Scalar::Select)
    return false;
  auto mask = facts.operand(element, 0), weight = facts.operand(element, 1),
       zero = facts.operand(element, 2);
  return mask && weight && zero && facts.numberOf(*zero) == 0.0 &&
         collectProduct(*mask, *weight);
}

bool ChoiceMatch::collect(const Element &sum) {
  // Of the terms all but one are 0, so that rounding them is rounding the sum.
  size_t first = choices.size();
  auto [element, rounded] = takeRounding(facts, sum);
  if (rounded) {
    if (!collect(element))
      return false;
    for (Choice &choice : llvm::drop_begin(choices, first)) {
      if (choice.rounded && choice.rounded != rounded)
        return false;
      choice.rounded = rounded;
    }
    return true;
  }
  if (facts.numberOf(element) == 0.0)
    return true;
  if (auto terms = matchBinary(facts, element, Scalar::Add))
    return collect(terms->first) && collect(terms->second);
  if (auto sum = matchProductSum(facts, element)) {
    summed[sum->position] = sum->count;
    return collectProduct(sum->a, sum->b);
  }
  Operation *op = element.tensor.getDefiningOp();
  if (isa_and_present<hlo::ReduceOp>(op)) {
    Index slot = facts.symbol("j");
    int64_t count = 0;
    Combiner combiner = combinerOf(op);
    // Masks of a token's slots exclude each other: any of them is their sum.
    bool isAny = combiner == Combiner::Or || combiner == Combiner::Max;
    auto term = combiner == Combiner::Add || isAny
                    ? facts.reduced(element, slot, &count)
                    : std::nullopt;
    if (!term || ShapedType::isDynamic(count))
      return false;
    summed[slot] = count;
    return collectTerm(*term) && (!isAny || !choices.back().weight);
  }
  if (combinerOf(op) != Combiner::None)
    return collectScatter(element);
  return collectTerm(element);
}

/// All slots of one top-k's row, each once.
LogicalResult ChoiceMatch::checkSlots() {
  if (choices.empty())
    return failure();
  const Pick &first = choices.front().pick;
  llvm::SmallDenseSet<Index> slots;
  for (const Choice &choice : choices) {
    const Pick &pick = choice.pick;
    if (pick.topK != first.topK || pick.row != first.row ||
        !slots.insert(pick.slot).second)
      return failure();
    if (pick.slot->asConstant())
      continue;
    auto range = summed.find(pick.slot);
    if (choices.size() != 1 || range == summed.end() ||
        range->second != pick.slots())
      return failure();
    return success();
  }
  return success(static_cast<int64_t>(slots.size()) == first.slots());
}

FailureOr<SmallVector<Choice>> ChoiceMatch::run(const Element &weight) {
  auto logits = matchLogistic(facts, weight);
  bool isSigmoid =
      logits && combinerOf(logits->tensor.getDefiningOp()) != Combiner::None;
  if (isSigmoid)
    absent = -std::numeric_limits<double>::infinity();
  if (!(isSigmoid ? collectScatter(*logits) : collect(weight)) ||
      choices.empty())
    return failure();
  for (Choice &choice : choices)
    choice.isSigmoid = isSigmoid;
  if (failed(checkSlots()))
    return matcher.refuse(weight.tensor.getDefiningOp(),
                          "the weight of an expert is not the sum over the " +
                              Twine(choices.front().pick.slots()) +
                              " slots that a top-k chose for the token");
  return std::move(choices);
}

FailureOr<SmallVector<Choice>> moe::raise::matchChoices(Matcher &matcher,
                                                        const Element &weight,
                                                        Index &expert) {
  return ChoiceMatch(matcher, expert).run(weight);
}

FailureOr<Router> moe::raise::matchRouter(Matcher &matcher,
                                          ArrayRef<Choice> choices) {
  std::optional<Router> router;
  for (const Choice &choice : choices) {
    if (!choice.weight)
      return matcher.refuse(choice.pick.topK, "the outputs of experts are "
                                              "added up without weights");
    FailureOr<Router> own = matchRouter(matcher, choice);
    if (failed(own))
      return failure();
    if (choice.isSigmoid) {
      if (own->weight != WeightAttr::get(matcher.context, WeightSource::Logits))
        return matcher.refuse(choice.pick.topK,
                              "the weights are a sigmoid of something else "
                              "than the logits of the chosen experts");
      own->score = ScoreAttr::get(matcher.context, ScoreFn::Sigmoid);
      own->weight = WeightAttr::get(matcher.context, WeightSource::Scores);
    }
    if (router && own->weight != router->weight)
      return matcher.refuse(choice.pick.topK,
                            "the slots of a token have weights of different "
                            "kinds");
    router = *own;
  }
  return *router;
}
