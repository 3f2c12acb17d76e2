// Soft MoE: each row of an expert is the mean of all tokens by a softmax over
// them, each token the mean of all rows by a softmax of the same logits.
#include "Raise.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::raise;

/// Whether the element is some number divided by a sum of exponentials.
static bool looksNormalised(IndexFacts &facts, const Element &element) {
  auto quotient = matchBinary(facts, element, Scalar::Div);
  return quotient && kindOf(quotient->first) == Scalar::Exp;
}

/// The argument of a softmax over the coordinates that take `sizes` different
/// values each.
static std::optional<Element> matchWholeSoftmax(IndexFacts &facts,
                                                const Element &element,
                                                ArrayRef<Index> positions,
                                                ArrayRef<int64_t> sizes) {
  for (auto [position, size] : llvm::zip(positions, sizes)) {
    auto own = llvm::find(element.at, position);
    if (own == element.at.end() ||
        typeOf(element.tensor).getDimSize(own - element.at.begin()) != size)
      return std::nullopt;
  }
  return matchSoftmax(facts, element, positions);
}

/// A softmax over all rows of all experts, as one dimension or two.
static std::optional<Element> matchCombine(IndexFacts &facts,
                                           const Mixture &mixture) {
  int64_t count = mixture.count, places = mixture.places;
  Index flat = facts.add(facts.scale(mixture.expert, places), mixture.place);
  if (auto argument =
          matchWholeSoftmax(facts, mixture.combine, {flat}, {count * places}))
    return argument;
  return matchWholeSoftmax(facts, mixture.combine,
                           {mixture.expert, mixture.place}, {count, places});
}

FailureOr<Layer> moe::raise::matchSoftMixture(Matcher &matcher, Operation *op) {
  IndexFacts &facts = matcher.facts;
  std::optional<Mixture> mixture = matchMixture(matcher, op);
  if (!mixture || (!looksNormalised(facts, mixture->dispatch) &&
                   !looksNormalised(facts, mixture->combine)))
    return failure();
  auto dispatch = matchWholeSoftmax(facts, mixture->dispatch, {mixture->unit},
                                    {mixture->units});
  if (!dispatch)
    return matcher.refuse(op, "tokens are mixed to an expert's row by weights "
                              "that are no softmax over the tokens");
  std::optional<Element> combine = matchCombine(facts, *mixture);
  if (!combine)
    return matcher.refuse(op, "rows are mixed to a token by weights that are "
                              "no softmax over all rows of all experts");

  // Logits [tokens..., expert, row], or the last two as one.
  Index flat =
      facts.add(facts.scale(mixture->expert, mixture->places), mixture->place);
  int64_t rank = dispatch->at.size(), columnDims = 0;
  if (rank > 1 && dispatch->at.back() == flat)
    columnDims = 1;
  else if (rank > 2 && dispatch->at[rank - 2] == mixture->expert &&
           dispatch->at[rank - 1] == mixture->place)
    columnDims = 2;
  int64_t columns = 1;
  for (int64_t size : typeOf(dispatch->tensor).getShape().take_back(columnDims))
    columns *= size;
  if (columnDims == 0 || columns != mixture->count * mixture->places)
    return matcher.refuse(op, "the logits are no matrix with one row per token "
                              "and one column per row of an expert");
  if (!typeOf(dispatch->tensor).getElementType().isF32())
    return matcher.refuse(op, "the logits are not f32");

  Index token = rowOf(facts, dispatch->tensor,
                      ArrayRef(dispatch->at).drop_back(columnDims));
  Index row = rowOf(facts, op->getResult(0), ArrayRef(mixture->at).drop_back());
  std::optional<TokenBlock> block =
      matchBlock(matcher, token, mixture->unit, mixture->units,
                 rowCount(facts, dispatch->tensor, columnDims));
  if (!block)
    return matcher.refuse(op, "the tokens that a softmax runs over are not "
                              "those of a block of tokens");
  // The same logits, of the token that the result is for.
  Index self = facts.sub(row, block->start);
  Element own = *dispatch;
  for (Index &coordinate : own.at)
    coordinate = facts.replace(coordinate, {{mixture->unit, self}});
  if (!(own == *combine))
    return matcher.refuse(op, "rows are mixed to a token by other logits than "
                              "tokens to a row");

  FailureOr<Value> tokens = matchTokens(matcher, mixture->experts, token);
  if (failed(tokens))
    return failure();
  Router router{};
  router.logits = dispatch->tensor;
  router.score = ScoreAttr::get(matcher.context, ScoreFn::Identity);
  router.select = SelectAttr::get(matcher.context, Policy::SoftSlots,
                                  mixture->places, 1, Key::Logits);
  router.weight =
      WeightAttr::get(matcher.context, WeightSource::Policy, WeightNorm::None,
                      /*normValue=*/0.0, /*scale=*/1.0);
  router.domain = block->domain;
  router.experts = mixture->count;
  router.slots = mixture->places;
  router.columnDims = columnDims;
  return Layer{"soft mixture", *tokens, op->getResult(0), router,
               std::move(mixture->experts)};
}
