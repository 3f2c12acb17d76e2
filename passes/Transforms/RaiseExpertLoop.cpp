// One branch per expert: the tokens that chose it are found by NonZero, go
// through its matrices, and are added to their rows of the result.
#include "Raise.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::raise;

namespace {

/// The entries that one branch handles.
struct Branch {
  Operation *scatter;
  Entries entries;
  Pick pick; // of an entry of the branch
  Index expert;
};

class LoopMatch {
public:
  explicit LoopMatch(Matcher &matcher)
      : matcher(matcher), facts(matcher.facts) {}

  FailureOr<Layer> run(Operation *op);

private:
  bool collect(const Element &sum, const Coordinates &at);
  std::optional<Branch> matchBranch(Operation *scatter, Entries entries);
  LogicalResult orderByExpert(Operation *op);
  FailureOr<Experts> matchBody(const Branch &branch, Element &weight);

  Matcher &matcher;
  IndexFacts &facts;
  SmallVector<Operation *> scatters;
  SmallVector<Branch, 0> branches;
};

} // namespace

/// Takes a sum of scatters apart: true where nothing else is in it.
bool LoopMatch::collect(const Element &sum, const Coordinates &at) {
  if (facts.numberOf(sum) == 0.0)
    return true;
  if (sum.at != at)
    return false;
  matcher.parts.push_back(sum.tensor.getDefiningOp());
  if (auto terms = matchBinary(facts, sum, Scalar::Add))
    return collect(terms->first, at) && collect(terms->second, at);
  Operation *op = sum.tensor.getDefiningOp();
  Combiner combiner = combinerOf(op);
  if (compositeName(op).empty() ||
      (combiner != Combiner::Add && combiner != Combiner::Replace))
    return false;
  Element data = facts.trace(op->getOperand(0), at);
  if (combiner == Combiner::Replace && facts.numberOf(data) != 0.0)
    return false;
  scatters.push_back(op);
  return collect(data, at);
}

/// The rows that are written are those of the tokens among the places where a
/// mask of (slot, token), or (token, slot), holds.
std::optional<Branch> LoopMatch::matchBranch(Operation *scatter,
                                             Entries entries) {
  const IndexAtom *row = entries.row->asAtom(IndexAtom::Kind::Element);
  Operation *nonZero = row ? row->element.tensor.getDefiningOp() : nullptr;
  if (compositeName(nonZero) != "onnx.NonZero" ||
      typeOf(nonZero->getOperand(0)).getRank() != 2 ||
      row->element.at[1] != entries.position)
    return std::nullopt;
  auto place = [&](int64_t dim) {
    return facts.element(
        {nonZero->getResult(0), {facts.constant(dim), entries.position}});
  };
  Coordinates at{facts.symbol("a"), facts.symbol("b")};
  Index expert = nullptr;
  auto pick =
      matchChoice(facts, facts.trace(nonZero->getOperand(0), at), expert);
  if (!pick || pick->row.size() != 1)
    return std::nullopt;
  int64_t tokenDim = pick->token == at[1] ? 1 : 0;
  if (pick->token != at[tokenDim] || pick->slot != at[1 - tokenDim] ||
      entries.row != place(tokenDim))
    return std::nullopt;
  pick->token = place(tokenDim);
  pick->row = {pick->token};
  pick->slot = place(1 - tokenDim);
  return Branch{scatter, std::move(entries), *pick, expert};
}

/// Every expert once, in order of ids.
LogicalResult LoopMatch::orderByExpert(Operation *op) {
  int64_t count = branches.front().pick.experts();
  SmallVector<const Branch *> byExpert(count, nullptr);
  for (const Branch &branch : branches) {
    if (branch.pick.topK != branches.front().pick.topK)
      return matcher.refuse(branch.scatter,
                            "branches handle choices of different routers");
    std::optional<int64_t> id = branch.expert->asConstant();
    if (!id || *id < 0 || *id >= count)
      return matcher.reject(
          op,
          "runs the matrices of " + Twine(branches.size()) +
              " experts on whichever experts the input chooses first",
          "the exporter unrolled a loop over the experts that the example "
          "input hit; export with torch.onnx.export(..., dynamo=True) or with "
          "an experts implementation that does not loop");
    if (byExpert[*id])
      return matcher.refuse(branch.scatter, "expert " + Twine(*id) +
                                                " has more than one branch");
    byExpert[*id] = &branch;
  }
  SmallVector<std::string> missing;
  for (auto [id, branch] : llvm::enumerate(byExpert))
    if (!branch)
      missing.push_back(std::to_string(id));
  if (!missing.empty())
    return matcher.reject(
        op,
        "has branches for " + Twine(branches.size()) + " of " + Twine(count) +
            " experts; missing: " + llvm::join(missing, ", "),
        "the exporter dropped the experts that the example input did not "
        "choose; export with torch.onnx.export(..., dynamo=True) or with an "
        "experts implementation that does not loop");
  SmallVector<Branch, 0> ordered;
  for (const Branch *branch : byExpert)
    ordered.push_back(*branch);
  branches = std::move(ordered);
  return success();
}

FailureOr<Experts> LoopMatch::matchBody(const Branch &branch, Element &weight) {
  auto linear = [&](const Element &element) -> std::optional<Linear> {
    auto map = matchGatheredLinear(facts, element);
    return map && !map->expert ? map : std::nullopt;
  };
  auto unknown = [&] {
    return matcher.refuse(branch.scatter,
                          "what the branch of expert " +
                              Twine(*branch.expert->asConstant()) +
                              " adds is no expert output times a weight");
  };
  if (!branch.entries.factors)
    return unknown();
  auto product = outputAndWeight(facts, *branch.entries.factors, linear);
  if (!product)
    return unknown();
  Element output;
  std::tie(output, weight) = *product;
  FailureOr<Experts> experts = matchExperts(matcher, output, linear);
  if (failed(experts) ||
      failed(checkOutput(matcher, *experts, branch.scatter->getResult(0),
                         branch.entries.column)))
    return unknown();
  return experts;
}

FailureOr<Layer> LoopMatch::run(Operation *op) {
  if (op->getNumResults() != 1)
    return failure();
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || type.getRank() != 2)
    return failure();
  Coordinates at{facts.symbol("t"), facts.symbol("h")};
  if (!collect(facts.trace(op->getResult(0), at), at) || scatters.empty())
    return failure();
  for (Operation *scatter : scatters) {
    auto entries = matchScatteredRows(facts, scatter);
    auto branch = entries ? matchBranch(scatter, *entries) : std::nullopt;
    if (branch)
      branches.push_back(std::move(*branch));
  }
  if (branches.empty())
    return failure();
  for (Operation *scatter : scatters)
    if (llvm::none_of(branches, [&](const Branch &branch) {
          return branch.scatter == scatter;
        }))
      return matcher.refuse(scatter, "what is added is not the output of one "
                                     "expert for the tokens that chose it");
  if (failed(orderByExpert(op)))
    return failure();

  Branches layer(matcher, "expert loop", op->getResult(0));
  for (const Branch &branch : branches) {
    Element weight;
    FailureOr<Experts> experts = matchBody(branch, weight);
    if (failed(experts))
      return failure();
    FailureOr<Value> tokens = matchTokens(matcher, *experts, branch.pick.token);
    if (failed(tokens))
      return failure();
    FailureOr<Router> router =
        matchRouter(matcher, {branch.pick, weight, FloatType()});
    if (failed(router) ||
        failed(layer.add(branch.scatter, *tokens, *router, *experts)))
      return failure();
  }
  return layer.layer();
}

FailureOr<Layer> moe::raise::matchExpertLoop(Matcher &matcher, Operation *op) {
  if (scalarKind(op) != Scalar::Add && combinerOf(op) == Combiner::None)
    return failure();
  if (isa<hlo::ReduceOp>(op))
    return failure();
  return LoopMatch(matcher).run(op);
}
