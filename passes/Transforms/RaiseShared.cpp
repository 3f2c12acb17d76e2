// Shared experts beside a raised layer: dense bodies on the same tokens whose
// outputs are added to the layer's. They become always-on classes of its table
// where that means the same.
#include "Raise.h"

#include "moe/Analysis/Describe.h"

#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace moe;
using namespace moe::raise;

namespace {

/// What is added to the rows of a layer.
struct Addend {
  Operation *sum;
  Value rows, value; // both operands
  /// Ops between the layer's result and `rows`, the first one first.
  SmallVector<Operation *, 2> between;
  /// Whether nobody else reads a value between the result and the sum.
  bool isOnlyUse = true;
};

} // namespace

/// What is added to the value, in whatever shape.
static std::optional<Addend> addendOf(Value value) {
  Addend addend{};
  while (value) {
    addend.isOnlyUse &= value.hasOneUse();
    Operation *next = nullptr;
    for (Operation *user : value.getUsers()) {
      if (scalarKind(user) == Scalar::Add) {
        addend.sum = user;
        addend.rows = value;
        addend.value = user->getOperand(user->getOperand(0) == value ? 1 : 0);
        return addend;
      }
      if (isa<hlo::ReshapeOp, hlo::DynamicReshapeOp, hlo::ConvertOp>(user) &&
          user->getOperand(0) == value)
        next = user;
    }
    if (next)
      addend.between.push_back(next);
    value = next ? next->getResult(0) : Value();
  }
  return std::nullopt;
}

/// The tensor that holds one number for each of the rows, of which the element
/// is that of `row`; null where there is none.
static Value matchRowWeights(IndexFacts &facts, const Element &element,
                             Index row, Index rows) {
  auto isWeight = [&](Value tensor, ArrayRef<Index> at) {
    return rowCount(facts, tensor, /*columnDims=*/0) == rows &&
           rowOf(facts, tensor, at) == row;
  };
  Element found = facts.trace(element.tensor, element.at, isWeight);
  return isWeight(found.tensor, found.at) ? found.tensor : Value();
}

/// Ops whose results the value is computed from, but what stands before all of
/// `ops`, which lie in one block.
static llvm::DenseSet<Operation *> computingSince(Value value,
                                                  ArrayRef<Operation *> ops) {
  Operation *first = *llvm::min_element(
      ops, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  llvm::DenseSet<Operation *> found;
  SmallVector<Value> work{value};
  while (!work.empty()) {
    Operation *op = work.pop_back_val().getDefiningOp();
    if (op && !op->isBeforeInBlock(first) && found.insert(op).second)
      llvm::append_range(work, op->getOperands());
  }
  return found;
}

namespace {

/// One dense body beside a layer, if there is one.
class SharedMatch {
public:
  SharedMatch(Matcher &matcher, const Layer &layer, const Addend &addend)
      : matcher(matcher), facts(matcher.facts), layer(layer), addend(addend) {}

  /// Fails without a reason where what is added is no shared expert.
  FailureOr<SharedExpert> run();
  /// Why the layer's table cannot hold it; empty where it can.
  StringRef whyBeside(const SharedExpert &shared);

private:
  Matcher &matcher;
  IndexFacts &facts;
  const Layer &layer;
  const Addend &addend;
  Index row, column;
};

} // namespace

FailureOr<SharedExpert> SharedMatch::run() {
  Coordinates at;
  for (int64_t size : typeOf(addend.value).getShape())
    at.push_back(facts.symbol("t", size));
  row = rowOf(facts, addend.value, ArrayRef(at).drop_back());
  column = at.back();
  auto linear = [&](const Element &element) -> std::optional<Linear> {
    auto map = matchGatheredLinear(facts, element);
    return map && !map->expert ? map : std::nullopt;
  };
  SharedExpert shared;
  shared.sum = addend.sum;
  Element output = facts.trace(addend.value, at);
  if (auto factors = matchBinary(facts, output, Scalar::Mul)) {
    auto ordered = outputAndWeight(facts, *factors, linear);
    if (!ordered)
      return failure();
    output = ordered->first;
    shared.weight = ordered->second;
    shared.isSigmoid = matchLogistic(facts, shared.weight).has_value();
  }
  if (!isOutput(facts, output, linear))
    return failure();
  FailureOr<Experts> body = matchExperts(matcher, output, linear);
  if (failed(body))
    return failure();
  shared.experts = std::move(*body);
  const Element &input = shared.experts.input;
  Index inputColumn = shared.experts.inputColumn;
  if (matchRows(facts, input, row, inputColumn) != layer.tokens &&
      !(typeOf(layer.tokens).getRank() == 2 &&
        facts.trace(input) == facts.trace(layer.tokens, {row, inputColumn})))
    return matcher.refuse(addend.sum, "it reads other rows than the layer");
  if (shared.weight)
    shared.weights = matchRowWeights(facts, shared.weight, row,
                                     rowCount(facts, layer.tokens));
  return shared;
}

StringRef SharedMatch::whyBeside(const SharedExpert &shared) {
  if (layer.apply == Apply::Input)
    return "the layer's weights multiply the input of experts";
  if (!layer.experts.body)
    return "the layer's experts are one matrix each";
  if (layer.router.select.getPolicy() == Policy::SoftSlots)
    return "the layer's rows are mixtures of tokens";
  RankedTensorType result = typeOf(layer.result), tokens = typeOf(layer.tokens);
  if (result.getElementType() != tokens.getElementType() ||
      llvm::any_of(addend.between,
                   [](Operation *op) { return isa<hlo::ConvertOp>(op); }))
    return "the layer's result is of another type than its rows";
  if (!addend.isOnlyUse)
    return "the layer's result has other users";
  if (addend.sum->getResult(0).getType() != addend.rows.getType() ||
      addend.value.getType() != addend.rows.getType() ||
      rowCount(facts, addend.value) != rowCount(facts, layer.result))
    return "its rows may be repeated for the sum";
  const Experts &experts = shared.experts;
  if (experts.outputColumn != column ||
      experts.outputWidth != result.getShape().back() ||
      experts.parameters[0].getShapedType().getDimSize(2) !=
          tokens.getShape().back())
    return "its columns are not those of the layer";
  if (usedOutside(experts.ops, computingSince(addend.value, experts.ops),
                  addend.sum))
    return "what it computes has other users";
  if (shared.weight && !shared.weights)
    return "its weights are not one number for each token";
  // One tensor has the weights of all, with a column for each.
  if (!layer.shared.empty() && (shared.weight || layer.shared.back().weight))
    return "the table has another one, and not both have weight 1";
  return {};
}

std::string moe::raise::describeWeight(const SharedExpert &shared) {
  if (!shared.weight)
    return "";
  return shared.isSigmoid ? " weighed by a sigmoid" : " weighed";
}

/// Says that a shared expert stays where it is.
static void reportBeside(Operation *sum, const Twine &why) {
  remark::missed(sum->getLoc(),
                 remark::RemarkOpts::name("shared").category("moe-raise"))
      << ("shared expert stays beside its layer: " + why).str();
}

std::string moe::raise::takeShared(Matcher &matcher, Layer &layer) {
  if (layer.readsSlots || layer.givesSlots)
    return "";
  for (Value value = layer.result;;) {
    std::optional<Addend> addend = addendOf(value);
    if (!addend)
      return "";
    matcher.finding.reset();
    SharedMatch match(matcher, layer, *addend);
    FailureOr<SharedExpert> shared = match.run();
    auto finding = std::exchange(matcher.finding, std::nullopt);
    if (failed(shared)) {
      if (finding)
        reportBeside(addend->sum, finding->text);
      return "";
    }
    StringRef why = match.whyBeside(*shared);
    if (!why.empty()) {
      reportBeside(addend->sum, why);
      return ", 1 shared " +
             describe(shared->experts.body, shared->experts.width) +
             describeWeight(*shared) + " beside it";
    }
    shared->between = addend->between;
    layer.shared.push_back(std::move(*shared));
    value = addend->sum->getResult(0);
  }
}
