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
  Pick entry;
  RunningCount count;
  /// Where the entry of number r + 1 of an expert is; -1: nowhere.
  SmallVector<int64_t> places;
  int64_t limit;  // of entries that are somewhere
  Element weight; // null: 1
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

static FailureOr<MaskedEntries> matchMask(Matcher &matcher, Operation *op,
                                          const Mixture &mixture,
                                          const Element &mask) {
  IndexFacts &facts = matcher.facts;
  EntryEvaluator evaluator(facts, mixture);
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
  if (!evaluator.addsAllSlots())
    return matcher.refuse(op, "not every slot of every token is added up");
  MaskedEntries result{*evaluator.entry, *evaluator.count, {}, 0, own.factor};
  for (auto [number, place] : llvm::zip(own.numbers, own.places)) {
    if (number != 0 && number != 1)
      return matcher.refuse(op, "masks hold other numbers than 0 and 1");
    result.places.push_back(number == 1 ? place : -1);
  }
  FailureOr<int64_t> limit = matchLimit(matcher, op, result.places);
  if (failed(limit))
    return failure();
  result.limit = *limit;
  if (result.weight) {
    for (Index &coordinate : result.weight.at)
      coordinate =
          facts.replace(coordinate, {{mixture.expert, evaluator.chosen()}});
    result.weight = facts.trace(result.weight);
  }
  return result;
}

FailureOr<Layer> moe::raise::matchCapacity(Matcher &matcher, Operation *op) {
  IndexFacts &facts = matcher.facts;
  std::optional<Mixture> mixture = matchMixture(matcher, op);
  if (!mixture)
    return failure();
  FailureOr<MaskedEntries> dispatch =
      matchMask(matcher, op, *mixture, mixture->dispatch);
  if (failed(dispatch))
    return failure();
  if (dispatch->weight)
    return matcher.refuse(op, "the mask that takes tokens to experts has "
                              "weights");
  FailureOr<MaskedEntries> combine =
      matchMask(matcher, op, *mixture, mixture->combine);
  if (failed(combine))
    return failure();
  if (!combine->weight)
    return matcher.refuse(op, "the outputs of experts are added up without "
                              "weights");
  const Pick &from = dispatch->entry, &to = combine->entry;
  if (from.topK != to.topK || dispatch->count.tensor != combine->count.tensor ||
      dispatch->places != combine->places)
    return matcher.refuse(op, "outputs are read from other places than tokens "
                              "are taken to");

  std::optional<TokenBlock> block =
      matchBlock(matcher, from.token, mixture->unit, mixture->units,
                 rowCount(facts, from.topK.getIndices()));
  if (!block || block->start != dispatch->count.start)
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
  FailureOr<Router> router = matchRouter(matcher, to, combine->weight);
  if (failed(router))
    return failure();
  Priority priority = dispatch->count.priority;
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
