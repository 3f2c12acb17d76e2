// Layers that have a row for each slot of a token, or add these up, and experts
// whose parameters are looked up per slot (transformers' batched_mm).
#include "Raise.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::raise;

/// sum over c of input[..., c] * W[expert, ..., c], plus b[expert, ...]; the
/// expert is whatever chooses the slab of W.
std::optional<Linear> moe::raise::matchGatheredLinear(IndexFacts &facts,
                                                      const Element &element) {
  Element product = element;
  std::optional<Matrix> bias;
  std::optional<Element> biasElement;
  if (auto sum = matchBinary(facts, element, Scalar::Add)) {
    auto [a, b] = *sum;
    if (!a.tensor.getDefiningOp<hlo::DotGeneralOp>())
      std::swap(a, b);
    product = a;
    biasElement = b;
  }
  std::optional<Dot> dot = matchDot(facts, product);
  if (!dot)
    return std::nullopt;
  auto matrix = matchMatrix(facts, facts.trace(dot->rhs), dot->contracted);
  Element input = dot->lhs;
  if (!matrix) {
    matrix = matchMatrix(facts, facts.trace(dot->lhs), dot->contracted);
    input = dot->rhs;
  }
  if (!matrix)
    return std::nullopt;
  Linear result{{dot->op},      matrix->value, nullptr,         matrix->column,
                matrix->expert, input,         dot->contracted, dot->extent};
  if (biasElement) {
    bias = matchBias(facts, *biasElement, matrix->column);
    if (!bias || bias->expert != matrix->expert ||
        bias->value.getShapedType().getShape() !=
            matrix->value.getShapedType().getShape().drop_back())
      return std::nullopt;
    result.bias = bias->value;
  }
  return result;
}

/// The op whose result is the op's without dimensions of size 1 behind the
/// columns (products of matrices and column vectors); else the op itself.
static Operation *unsqueezed(Operation *op) {
  if (!isa<hlo::ReshapeOp, hlo::DynamicReshapeOp>(op))
    return op;
  Value source = op->getOperand(0);
  RankedTensorType from = typeOf(source), to = typeOf(op->getResult(0));
  bool isSqueeze = from.getRank() > to.getRank() &&
                   from.getShape().back() == 1 &&
                   from.getShape().take_front(to.getRank()) == to.getShape();
  return isSqueeze ? source.getDefiningOp() : nullptr;
}

/// result[row, column] = sum over slot of a product
static std::optional<Entries> matchSumOverSlots(IndexFacts &facts,
                                                Operation *op) {
  Operation *sumOp = unsqueezed(op);
  if (!isa_and_present<hlo::DotGeneralOp, hlo::ReduceOp>(sumOp) ||
      (isa<hlo::ReduceOp>(sumOp) && combinerOf(sumOp) != Combiner::Add))
    return std::nullopt;
  Value result = op->getResult(0);
  if (typeOf(result).getRank() < 2 || typeOf(result).getShape().back() == 1)
    return std::nullopt;
  Coordinates at;
  for (int64_t size : typeOf(result).getShape())
    at.push_back(facts.symbol("t", size));
  Entries entries{};
  entries.row = rowOf(facts, result, ArrayRef(at).drop_back());
  entries.column = at.back();
  Element element = facts.trace(result, at);
  if (element.tensor != sumOp->getResult(0))
    return std::nullopt;
  if (auto sum = matchProductSum(facts, element)) {
    entries.factors = {sum->a, sum->b};
    entries.slot = sum->position;
    entries.count = sum->count;
    return entries;
  }
  entries.slot = facts.symbol("j");
  std::optional<Element> term = facts.reduced(element, entries.slot);
  if (!term)
    return std::nullopt;
  entries.term = *term;
  return entries;
}

std::optional<Entries> moe::raise::matchScatteredRows(IndexFacts &facts,
                                                      Operation *op) {
  std::optional<Writes> written = facts.writes(op);
  if (!written || written->from.size() != 2 || written->to.size() != 2 ||
      written->to[1] != written->from[1])
    return std::nullopt;
  Entries entries{};
  entries.position = written->from[0];
  entries.positions = facts.extentOf(written->updates, 0);
  entries.column = written->from[1];
  entries.row = written->to[0];
  entries.term = facts.trace(written->updates, written->from);
  entries.factors = matchBinary(facts, entries.term, Scalar::Mul);
  return entries;
}

/// The same, into zeros.
static std::optional<Entries> matchScatteredSlots(IndexFacts &facts,
                                                  Operation *op) {
  auto entries = matchScatteredRows(facts, op);
  Combiner combiner = combinerOf(op);
  if (!entries ||
      (combiner != Combiner::Add && combiner != Combiner::Replace) ||
      facts.numberOf(facts.trace(op->getOperand(0),
                                 {facts.symbol("t"), entries->column})) != 0.0)
    return std::nullopt;
  return entries;
}

/// The list position that a pick comes from: a position p, or the entry that a
/// permutation of all entries holds there, both taken apart into p / k, p mod
/// k. There are as many positions as entries.
static bool coversAllSlots(IndexFacts &facts, const Pick &pick,
                           const Entries &entries) {
  int64_t k = pick.slots();
  Index position = entries.position;
  Index entryCount = facts.scale(rowCount(facts, pick.topK.getIndices()), k);
  // Several slots are never one entry, so that broadcasting cannot change them.
  bool isWhole = k > 1 ? facts.neverGrows(entryCount, entries.positions)
                       : entries.positions == entryCount;
  if (!isWhole)
    return false;
  auto isEntry = [&](Index entry) {
    return pick.token == facts.floorDiv(entry, k) &&
           pick.slot == facts.mod(entry, k);
  };
  if (isEntry(position))
    return true;
  Index entry = entryOf(facts, pick);
  const IndexAtom *atom = entry->asAtom(IndexAtom::Kind::Element);
  return atom && atom->element.at == Coordinates{position} && isEntry(entry) &&
         (facts.sortedBy(atom->element.tensor) ||
          facts.inverseOf(atom->element.tensor));
}

namespace {

/// The forms that have one map per slot.
class SlotForms {
public:
  SlotForms(Matcher &matcher) : matcher(matcher) {}

  std::optional<Linear> operator()(const Element &element) {
    form = {};
    if (auto map = matchGatheredLinear(matcher.facts, element))
      return map->expert ? map : std::nullopt;
    if (auto map = matchGroupedLinear(matcher, element)) {
      form = "grouped matmul";
      return map;
    }
    auto map = matchRaggedLinear(matcher, element);
    if (map)
      form = "ragged dot";
    return map;
  }
  /// Of the last map that was found.
  StringRef getForm() const { return form.empty() ? "gathered weights" : form; }
  /// Rows are in order of experts, for the sake of that map alone.
  bool isSorted() const { return !form.empty(); }

private:
  Matcher &matcher;
  StringRef form;
};

} // namespace

FailureOr<Layer> moe::raise::matchSlotRows(Matcher &matcher, Operation *op) {
  IndexFacts &facts = matcher.facts;
  std::optional<Entries> entries = matchScatteredSlots(facts, op);
  if (!entries)
    return failure();
  SlotForms linear(matcher);
  std::optional<Linear> map = linear(entries->term);
  std::optional<Pick> pick =
      map && linear.isSorted() ? asPick(facts, map->expert) : std::nullopt;
  // Without rows of tokens it is the last matrix of another body.
  Value tokens =
      pick ? matchRows(facts, map->input, pick->token, map->contracted)
           : Value();
  if (!tokens)
    return failure();
  if (entries->row != entryOf(facts, *pick) ||
      !coversAllSlots(facts, *pick, *entries))
    return matcher.refuse(op, "what experts make of each slot of a token is "
                              "not written to the row of that slot");
  FailureOr<Experts> experts = matchMap(matcher, *map);
  if (failed(experts) ||
      failed(
          checkOutput(matcher, *experts, op->getResult(0), entries->column)) ||
      failed(checkExpertCount(matcher, *experts, *pick)))
    return failure();
  FailureOr<Router> router =
      matchRouter(matcher, Choice{*pick, Element(), FloatType()});
  if (failed(router))
    return failure();
  Layer layer{linear.getForm(), tokens, op->getResult(0), *router,
              std::move(*experts)};
  layer.givesSlots = true;
  return layer;
}

/// Experts of one matrix whose rows are those of slots, put in the order of
/// experts for them: the outputs of a mixture of attention heads.
static FailureOr<Experts> matchSlotMap(Matcher &matcher,
                                       const std::optional<Linear> &map) {
  IndexFacts &facts = matcher.facts;
  std::optional<Pick> pick = map ? asPick(facts, map->expert) : std::nullopt;
  if (!pick ||
      !matchRows(facts, map->input, entryOf(facts, *pick), map->contracted))
    return failure();
  // It is no part of a body that is not known.
  matcher.finding.reset();
  return matchMap(matcher, *map);
}

FailureOr<Layer> moe::raise::matchSlotSum(Matcher &matcher, Operation *op) {
  IndexFacts &facts = matcher.facts;
  std::optional<Entries> entries = matchSumOverSlots(facts, op);
  if (!entries)
    entries = matchScatteredSlots(facts, op);
  if (!entries)
    return failure();
  if (!entries->factors) {
    // Segments that are not known to make up the rows leave their number open,
    // and with it whether the product broadcasts: the segments tell why.
    if (kindOf(entries->term) == Scalar::Mul)
      for (Value factor : entries->term.tensor.getDefiningOp()->getOperands())
        if (typeOf(factor).getRank() == 2)
          (void)matchGroupedLinear(matcher,
                                   facts.trace(factor, entries->term.at));
    return failure();
  }

  SlotForms linear(matcher);
  auto product = outputAndWeight(facts, *entries->factors, linear);
  if (!product)
    return failure();
  const auto &[output, weight] = *product;
  std::optional<Linear> last = linear(output);
  StringRef form = linear.getForm();
  bool isSorted = linear.isSorted();
  FailureOr<Experts> experts = matchExperts(matcher, output, linear);
  bool readsSlots = failed(experts) && isSorted;
  if (readsSlots)
    experts = matchSlotMap(matcher, last);
  if (failed(experts) ||
      failed(checkOutput(matcher, *experts, op->getResult(0), entries->column)))
    return failure();
  // A sum over all experts is that of another form.
  if (entries->slot && experts->expert == entries->slot)
    return failure();
  std::optional<Pick> pick = asPick(facts, experts->expert);
  if (!pick)
    return matcher.refuse(op, "experts are not chosen by the ids of a top-k");

  if (pick->token != entries->row)
    return matcher.refuse(op, "the rows that terms are added to are not the "
                              "tokens that the top-k chose their experts for");
  if (entries->slot) {
    if (pick->slot != entries->slot || entries->count != pick->slots())
      return matcher.refuse(op, "what is added up for a token are not the " +
                                    Twine(pick->slots()) +
                                    " slots that the top-k chose for it");
  } else if (!coversAllSlots(facts, *pick, *entries)) {
    return matcher.refuse(op, "not every slot of every token is added up");
  }
  FailureOr<Value> tokens = matchTokens(
      matcher, *experts, readsSlots ? entryOf(facts, *pick) : pick->token);
  if (failed(tokens) || failed(checkExpertCount(matcher, *experts, *pick)))
    return failure();
  FailureOr<Router> router = matchRouter(matcher, {*pick, weight, FloatType()});
  if (failed(router))
    return failure();
  if (!entries->slot && combinerOf(op) == Combiner::Replace &&
      pick->slots() > 1) {
    std::string text = ("the " + Twine(pick->slots()) +
                        " expert outputs of a token overwrite each other "
                        "instead of being added up")
                           .str();
    // Where no exporter came in between, the model says so itself.
    if (compositeName(op).empty())
      return matcher.refuse(op, text);
    return matcher.reject(
        op, text,
        "the exporter lost the accumulation of an index_add; export with "
        "torch.onnx.export(..., dynamo=True), or with a model that sums over "
        "its slots");
  }
  Layer layer{form, *tokens, op->getResult(0), *router, std::move(*experts)};
  layer.readsSlots = readsSlots;
  return layer;
}
