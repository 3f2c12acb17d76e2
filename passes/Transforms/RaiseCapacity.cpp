// Layers of GShard's kind: one-hot masks [token, expert, place] take tokens to
// the places of experts, as many as there are, and their outputs back.
#include "RaiseEntries.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::raise;

namespace {

/// The entries that a mask is made of, each slot of each token.
struct MaskedEntries {
  Pick entry;                 // of the first slot, or of all
  SmallVector<Value> counted; // by each slot
  Priority priority;
  Index start; // the first token that is counted
  /// Where the entry of number r + 1 of an expert is; -1: nowhere.
  SmallVector<int64_t> places;
  int64_t limit; // of entries that are somewhere
  SmallVector<Choice> choices;
};

} // namespace

/// The numbers of entries that have a place are those up to a limit, and each
/// has one of its own.
static FailureOr<int64_t> matchLimit(Matcher &matcher, Operation *op,
                                     ArrayRef<int64_t> places) {
  int64_t limit = llvm::find(places, -1) - places.begin();
  if (!llvm::all_of(places.drop_front(limit),
                    [](int64_t place) { return place == -1; }))
    return matcher.refuse(op, "an entry of an expert has a place, but entry #" +
                                  Twine(limit + 1) + " before it has none");
  if (limit == 0)
    return matcher.refuse(op, "no entry has a place");
  llvm::SmallDenseSet<int64_t> taken;
  for (int64_t place : places.take_front(limit))
    if (!taken.insert(place).second)
      return matcher.refuse(op, "two entries of an expert have one place");
  return limit;
}

/// The places of all slots' entries, or of those of one slot.
static FailureOr<MaskedEntries> matchEntries(Matcher &matcher, Operation *op,
                                             const Mixture &mixture,
                                             const Element &mask,
                                             EntryEvaluator &evaluator) {
  IndexFacts &facts = matcher.facts;
  Amount own = evaluator.evaluate(mask, mixture.expert, MaskExpert::Own);
  if (!evaluator.entry || !evaluator.count || own.places.empty())
    return matcher.refuse(
        op, evaluator.reason.empty()
                ? "the rows of experts are not taken from tokens by masks of "
                  "choices and positions"
                : evaluator.reason);
  if (!evaluator.evaluate(mask, mixture.expert, MaskExpert::Unused).isZero())
    return matcher.refuse(op, "a token may go to experts that it did not "
                              "choose");
  const Pick &entry = *evaluator.entry;
  const RunningCount &count = *evaluator.count;
  if (!evaluator.isOfOneSlot() && !evaluator.addsAllSlots())
    return matcher.refuse(op, "not every slot of every token is added up");
  if (evaluator.totalStart && evaluator.totalStart != count.start)
    return matcher.refuse(op, "first choices are counted among other tokens "
                              "than second ones");
  MaskedEntries result{entry,
                       {count.tensor},
                       count.priority,
                       count.start,
                       {},
                       0,
                       {{entry, own.factor, own.rounded}}};
  result.places.assign(mixture.units, -1);
  for (auto [number, place, where] :
       llvm::zip(own.numbers, own.places, evaluator.getCases())) {
    if (number != 0 && number != 1)
      return matcher.refuse(op, "masks hold other numbers than 0 and 1");
    int64_t own = number == 1 ? place : -1;
    int64_t &known = result.places[where.number()];
    // The first case of a number is that of no earlier slots' entries.
    if (where.before != 0 && known != own)
      return matcher.refuse(op, "the place of a second choice is not that of "
                                "the number of entries before it");
    known = own;
  }
  for (Choice &choice : result.choices)
    if (choice.weight) {
      for (Index &coordinate : choice.weight.at)
        coordinate =
            facts.replace(coordinate, {{mixture.expert, idOf(facts, entry)}});
      choice.weight = facts.trace(choice.weight);
    }
  return result;
}

static FailureOr<MaskedEntries> matchMask(Matcher &matcher, Operation *op,
                                          const Mixture &mixture,
                                          const Element &mask) {
  IndexFacts &facts = matcher.facts;
  EntryEvaluator all(facts, mixture);
  (void)all.evaluate(mask, mixture.expert, MaskExpert::Own);
  FailureOr<MaskedEntries> result = failure();
  if (!all.isOfOneSlot()) {
    EntryEvaluator evaluator(facts, mixture);
    result = matchEntries(matcher, op, mixture, mask, evaluator);
  } else {
    // A mask, and a count, for each of the slots.
    if (all.entry->slots() != 2 ||
        mixture.units > EntryEvaluator::kMaxUnitsApart)
      return matcher.refuse(
          op, "slots of a token are counted apart, and are more than 2, or "
              "more than " +
                  Twine(EntryEvaluator::kMaxUnitsApart) +
                  " tokens are counted together");
    for (int64_t slot : {0, 1}) {
      Pick pick = *all.entry;
      pick.slot = facts.constant(slot);
      EntryEvaluator evaluator(facts, mixture, pick);
      FailureOr<MaskedEntries> own =
          matchEntries(matcher, op, mixture, mask, evaluator);
      if (failed(own))
        return failure();
      if (slot == 0) {
        result = std::move(own);
        continue;
      }
      if (own->places != result->places || own->start != result->start)
        return matcher.refuse(op, "second choices have other places than first "
                                  "ones of the same number");
      llvm::append_range(result->counted, own->counted);
      llvm::append_range(result->choices, own->choices);
    }
  }
  if (failed(result))
    return failure();
  FailureOr<int64_t> limit = matchLimit(matcher, op, result->places);
  if (failed(limit))
    return failure();
  result->limit = *limit;
  return result;
}

/// A mask that is one where the given one is not zero, and whether it is.
/// Entries of weight 0, which such a mask leaves out, give nothing.
static std::pair<Element, bool> peelTest(IndexFacts &facts, Element mask) {
  bool tested = false;
  while (true) {
    Scalar kind = kindOf(mask);
    auto inner = kind == Scalar::Convert || kind == Scalar::Compare
                     ? facts.operand(mask, 0)
                     : std::nullopt;
    auto zero = kind == Scalar::Compare ? facts.operand(mask, 1) : std::nullopt;
    bool isTest = zero && facts.numberOf(*zero) == 0.0 &&
                  directionOf(mask.tensor.getDefiningOp()) ==
                      hlo::ComparisonDirection::NE;
    if (!inner || (kind == Scalar::Compare && !isTest))
      return {mask, tested};
    mask = *inner;
    tested |= isTest;
  }
}

FailureOr<Layer> moe::raise::matchCapacity(Matcher &matcher, Operation *op) {
  IndexFacts &facts = matcher.facts;
  std::optional<Mixture> mixture = matchMixture(matcher, op);
  if (!mixture)
    return failure();
  auto [mask, tested] = peelTest(facts, mixture->dispatch);
  FailureOr<MaskedEntries> dispatch = matchMask(matcher, op, *mixture, mask);
  if (failed(dispatch))
    return failure();
  if (!tested && llvm::any_of(dispatch->choices, [](const Choice &choice) {
        return choice.weight;
      }))
    return matcher.refuse(op, "the mask that takes tokens to experts depends "
                              "on more than choices and positions");
  FailureOr<MaskedEntries> combine =
      matchMask(matcher, op, *mixture, mixture->combine);
  if (failed(combine))
    return failure();
  const Pick &from = dispatch->entry, &to = combine->entry;
  if (from.topK != to.topK || dispatch->counted != combine->counted ||
      dispatch->places != combine->places)
    return matcher.refuse(op, "outputs are read from other places than tokens "
                              "are taken to");

  std::optional<TokenBlock> block =
      matchBlock(matcher, from.token, mixture->unit, mixture->units,
                 rowCount(facts, from.topK.getIndices()));
  if (!block || block->start != dispatch->start)
    return matcher.refuse(op, "positions in experts are counted among other "
                              "tokens than those that the rows are taken from");
  Index row = rowOf(facts, op->getResult(0), ArrayRef(mixture->at).drop_back());
  Index self = facts.sub(row, block->start);
  auto isOwn = [&](auto pair) {
    auto [source, target] = pair;
    return facts.replace(source, {{mixture->unit, self}}) == target;
  };
  if (to.token != row || !llvm::all_of(llvm::zip(from.row, to.row), isOwn))
    return matcher.refuse(op, "outputs are added to other tokens than those "
                              "that the rows are taken from");
  FailureOr<Value> tokens = matchTokens(matcher, mixture->experts, from.token);
  if (failed(tokens) || failed(checkExpertCount(matcher, mixture->experts, to)))
    return failure();
  FailureOr<Router> router = matchRouter(matcher, combine->choices);
  if (failed(router))
    return failure();
  Priority priority = dispatch->priority;
  if (priority == Priority::Bpr && (router->keyOffset || router->groupFilter))
    return matcher.refuse(op, "tokens claim places by keys that are not their "
                              "scores");
  router->capacity = CapacityAttr::get(matcher.context, CapacityKind::Limit,
                                       fixedCount(matcher, dispatch->limit),
                                       priority, Overflow::Zero, /*tile=*/0,
                                       TileMode::Nearest, TileRenorm::None,
                                       /*seed=*/0);
  router->domain = block->domain;
  return Layer{"capacity masks", *tokens, op->getResult(0), *router,
               std::move(mixture->experts)};
}
