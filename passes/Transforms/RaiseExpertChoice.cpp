// Expert choice: a top-k over tokens for each expert, whose outputs are added
// to the rows of the tokens that it chose, by a scatter or by one-hot vectors
// of the tokens.
#include "Raise.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::raise;

namespace {

/// Rows of experts that are added to the rows of tokens.
struct ScatteredRows {
  Element term; // at [entry..., column]
  Coordinates entry, row;
  Index column;
  llvm::SmallVector<int64_t> extents; // of the entry's coordinates
};

/// Outputs of experts for the tokens that they chose.
struct ChosenOutputs {
  Experts experts;
  Pick pick;         // of a token, by the expert that its row is
  Element weight;    // of the output
  FloatType rounded; // what the weight is rounded to; null: nothing
  Index row;         // of the result
  Index token;       // among those that the expert chooses from
};

/// What the experts choose by.
struct TokenScores {
  Element logits;
  ScoreFn function;
};

} // namespace

/// Updates of whole rows.
static std::optional<ScatteredRows> matchRowUpdates(IndexFacts &facts,
                                                    Operation *op) {
  std::optional<Writes> written = facts.writes(op);
  if (!written || written->from.size() < 2 || written->to.size() < 2 ||
      written->to.back() != written->from.back())
    return std::nullopt;
  ScatteredRows rows{facts.trace(written->updates, written->from),
                     Coordinates(ArrayRef(written->from).drop_back()),
                     Coordinates(ArrayRef(written->to).drop_back()),
                     written->from.back(),
                     {}};
  llvm::append_range(rows.extents,
                     typeOf(written->updates).getShape().drop_back());
  return rows;
}

/// Updates are added up, in zeros.
static LogicalResult checkSum(Matcher &matcher, Operation *op) {
  if (combinerOf(op) != Combiner::Add)
    return matcher.refuse(op, "the outputs for a token are not added up");
  Value data = op->getOperand(0);
  Coordinates anywhere;
  for (int64_t size : typeOf(data).getShape())
    anywhere.push_back(matcher.facts.symbol("t", size));
  if (matcher.facts.numberOf(matcher.facts.trace(data, anywhere)) != 0.0)
    return matcher.refuse(op, "outputs are not added to zeros");
  return success();
}

/// Whether each slot of each row of the top-k is an entry, once: the entry's
/// coordinates are these or their position in row-major order.
static bool coversAllChoices(IndexFacts &facts, const ScatteredRows &rows,
                             const Pick &pick) {
  Coordinates choice(pick.row);
  choice.push_back(pick.slot);
  RankedTensorType ids = typeOf(pick.topK.getIndices());
  if (!ids.hasStaticShape())
    return false;
  if (choice == rows.entry)
    return llvm::equal(ids.getShape(), rows.extents);
  Index position = rows.entry[0];
  if (rows.entry.size() != 1 || ids.getNumElements() != rows.extents[0])
    return false;
  for (int64_t d = ids.getRank() - 1; d > 0; --d) {
    if (choice[d] != facts.mod(position, ids.getDimSize(d)))
      return false;
    position = facts.floorDiv(position, ids.getDimSize(d));
  }
  return choice[0] == position;
}

/// The keys as a score, normalised over experts, of logits.
static FailureOr<TokenScores> matchScores(Matcher &matcher, Operation *op,
                                          const Element &keys, Index expert,
                                          Index unit) {
  IndexFacts &facts = matcher.facts;
  if (auto argument = matchSoftmax(facts, keys, expert))
    return TokenScores{*argument, ScoreFn::Softmax};
  if (matchSoftmax(facts, keys, unit))
    return matcher.refuse(op, "scores are normalised over tokens instead of "
                              "experts");
  if (auto argument = matchLogistic(facts, keys))
    return TokenScores{*argument, ScoreFn::Sigmoid};
  return TokenScores{keys, ScoreFn::Identity};
}

/// Rows that are scattered to the tokens.
static FailureOr<ChosenOutputs> matchScattered(Matcher &matcher,
                                               Operation *op) {
  IndexFacts &facts = matcher.facts;
  Value result = op->getResult(0);
  std::optional<ScatteredRows> rows = matchRowUpdates(facts, op);
  if (!rows)
    return failure();
  // The token that an expert chose: the id of a top-k's row, which is the
  // expert.
  std::optional<Pick> pick = asPick(facts, rows->row.back());
  auto factors = matchBinary(facts, rows->term, Scalar::Mul);
  if (!pick || !factors)
    return failure();
  Index expert = pick->row.back();
  auto linear = [&](const Element &element) -> std::optional<Linear> {
    auto map = matchGatheredLinear(facts, element);
    return map && map->expert == expert ? map : std::nullopt;
  };
  auto product = outputAndWeight(facts, *factors, linear);
  if (!product)
    return failure();
  const auto &[output, weight] = *product;
  FailureOr<Experts> experts = matchExperts(matcher, output, linear);
  if (failed(experts) ||
      failed(checkOutput(matcher, *experts, result, rows->column)) ||
      failed(checkSum(matcher, op)))
    return failure();
  if (!coversAllChoices(facts, *rows, *pick))
    return matcher.refuse(op, "not every token that an expert chose is added "
                              "up");
  return ChosenOutputs{std::move(*experts),
                       *pick,
                       weight,
                       FloatType(),
                       rowOf(facts, result, rows->row),
                       rows->row.back()};
}

/// Products with masks that are one where an expert's choice is the token.
static FailureOr<ChosenOutputs> matchMasked(Matcher &matcher, Operation *op) {
  IndexFacts &facts = matcher.facts;
  std::optional<Mixture> mixture = matchMixture(matcher, op);
  if (!mixture)
    return failure();
  // Of one place of one expert.
  Index unit = nullptr;
  std::optional<Pick> pick = matchChoice(facts, mixture->dispatch, unit);
  if (!pick || pick->row.back() != mixture->expert)
    return failure();
  if (unit != mixture->unit || pick->experts() != mixture->units)
    return matcher.refuse(op, "the tokens that an expert reads are not among "
                              "those that it chooses from");
  if (pick->slot != mixture->place || pick->slots() != mixture->places)
    return matcher.refuse(op, "not every token that an expert chose is added "
                              "up");
  // Of a mask's product with a weight, rounding is that of the weight.
  auto [combine, rounded] = takeRounding(facts, mixture->combine);
  auto factors = matchBinary(facts, combine, Scalar::Mul);
  if (!factors)
    if (auto product = matchContraction(facts, combine);
        product && product->contracted.empty())
      factors = {facts.trace(product->lhs), facts.trace(product->rhs)};
  // Of the token that the result is for; it is the chosen one.
  Index row = rowOf(facts, op->getResult(0), ArrayRef(mixture->at).drop_back());
  std::optional<Pick> own;
  Index self = nullptr;
  if (factors)
    own = matchChoice(facts, factors->first, self);
  if (factors && !own) {
    std::swap(factors->first, factors->second);
    own = matchChoice(facts, factors->first, self);
  }
  auto isSame = [&](const Pick &other) {
    return other.topK == pick->topK && other.row == pick->row &&
           other.slot == pick->slot;
  };
  if (!own || !isSame(*own))
    return matcher.refuse(op, "outputs are read by other masks than tokens are "
                              "taken to experts by");
  Index chosen = idOf(facts, *pick);
  for (Index &coordinate : mixture->experts.input.at)
    coordinate = facts.replace(coordinate, {{mixture->unit, chosen}});
  return ChosenOutputs{
      std::move(mixture->experts),          *pick, factors->second, rounded,
      facts.replace(row, {{self, chosen}}), chosen};
}

FailureOr<Layer> moe::raise::matchExpertChoice(Matcher &matcher,
                                               Operation *op) {
  IndexFacts &facts = matcher.facts;
  if (!isa<hlo::ScatterOp, hlo::DotGeneralOp>(op) ||
      typeOf(op->getResult(0)).getRank() < 2)
    return failure();
  Value result = op->getResult(0);
  FailureOr<ChosenOutputs> outputs = isa<hlo::ScatterOp>(op)
                                         ? matchScattered(matcher, op)
                                         : matchMasked(matcher, op);
  if (failed(outputs))
    return failure();
  const Pick &pick = outputs->pick;
  Index expert = pick.row.back();
  RankedTensorType keysType = typeOf(pick.keys());
  int64_t count = keysType.getShape().end()[-2],
          units = keysType.getShape().back();
  if (ShapedType::isDynamic(count) ||
      outputs->experts.parameters[0].getShapedType().getDimSize(0) != count)
    return matcher.refuse(op, "not every expert chooses tokens");

  // Keys [block..., expert, token], of logits [block..., token, expert].
  Coordinates choosers(pick.row);
  Index unit = facts.symbol("u", units), anyExpert = facts.symbol("e", count);
  choosers.back() = anyExpert;
  choosers.push_back(unit);
  Element keys = facts.trace(pick.keys(), choosers);
  FailureOr<TokenScores> scores =
      matchScores(matcher, op, keys, anyExpert, unit);
  if (failed(scores))
    return failure();
  const Element &logits = scores->logits;
  if (logits.at.size() < 2 || logits.at.back() != anyExpert ||
      typeOf(logits.tensor).getShape().back() != count)
    return matcher.refuse(op, "the logits are no matrix with one row per token "
                              "and one column per expert");
  if (!typeOf(logits.tensor).getElementType().isF32())
    return matcher.refuse(op, "the logits are not f32");
  if (failed(checkOrder(matcher, pick, keys)))
    return failure();
  Index token = rowOf(facts, logits.tensor, ArrayRef(logits.at).drop_back());
  std::optional<TokenBlock> block =
      matchBlock(matcher, token, unit, units, rowCount(facts, logits.tensor));
  if (!block)
    return matcher.refuse(op, "the tokens that an expert chooses among are not "
                              "those of a block of tokens");

  auto chosen = [&](Index coordinate) {
    return facts.replace(coordinate,
                         {{unit, outputs->token}, {anyExpert, expert}});
  };
  auto ofChoice = [&](const Element &element) {
    return facts.trace(element.tensor,
                       llvm::to_vector(llvm::map_range(element.at, chosen)));
  };
  if (outputs->row != chosen(token))
    return matcher.refuse(op, "the rows that outputs are added to are not the "
                              "tokens that the experts chose");
  auto unrounded =
      matchRounding(matcher, op, outputs->weight, outputs->rounded);
  if (failed(unrounded))
    return failure();
  auto [weight, rounded] = *unrounded;
  WeightSource source;
  if (weight == ofChoice(keys))
    source = WeightSource::Scores;
  else if (weight == ofChoice(logits))
    source = WeightSource::Logits;
  else
    return matcher.refuse(op, "the combine weights are not the scores or "
                              "logits of the chosen tokens");
  FailureOr<Value> tokens =
      matchTokens(matcher, outputs->experts, chosen(token));
  if (failed(tokens))
    return failure();

  Router router{};
  router.logits = logits.tensor;
  router.score = ScoreAttr::get(matcher.context, scores->function);
  bool byLogits = scores->function == ScoreFn::Identity;
  router.select = SelectAttr::get(
      matcher.context, Policy::ExpertTopC, /*k=*/0, /*groups=*/1,
      byLogits ? Key::Logits : Key::Scores, Float32Type::get(matcher.context),
      Fallback::None, /*value=*/{}, Boundary::Include,
      fixedCount(matcher, pick.slots()), /*order=*/{}, /*counts=*/{});
  router.weight = makeWeight(matcher.context, source, rounded);
  router.domain = block->domain;
  router.experts = count;
  router.slots = router.select.getSlots(count);
  return Layer{"expert choice", *tokens, result, router,
               std::move(outputs->experts)};
}
