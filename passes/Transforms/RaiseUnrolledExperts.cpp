// A loop over experts without one: each expert's output for all tokens, times
// the column of weights that is zero for tokens that did not choose it, added
// up.
#include "Raise.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::raise;

namespace {

/// What one expert adds.
struct Term {
  Operation *op;
  Element output, weight;
};

class UnrolledMatch {
public:
  explicit UnrolledMatch(Matcher &matcher)
      : matcher(matcher), facts(matcher.facts) {}

  FailureOr<Layer> run(Operation *op);

private:
  struct Parts {
    size_t terms = 0, others = 0;
    bool holdsSum = false; // of terms alone
  };
  Parts collect(const Element &sum);
  std::optional<Linear> linear(const Element &element);
  LogicalResult orderByExpert(Operation *op);

  Matcher &matcher;
  IndexFacts &facts;
  SmallVector<Term, 0> terms;
  SmallVector<SmallVector<Choice>, 0> choices; // of each term
  SmallVector<Index> experts;
};

} // namespace

std::optional<Linear> UnrolledMatch::linear(const Element &element) {
  auto map = matchGatheredLinear(facts, element);
  return map && !map->expert ? map : std::nullopt;
}

/// Takes a sum apart into terms of experts and others.
UnrolledMatch::Parts UnrolledMatch::collect(const Element &sum) {
  if (facts.numberOf(sum) == 0.0)
    return {};
  Operation *op = sum.tensor.getDefiningOp();
  if (auto addends = matchBinary(facts, sum, Scalar::Add)) {
    matcher.parts.push_back(op);
    Parts result;
    for (const Element &addend : {addends->first, addends->second}) {
      Parts own = collect(addend);
      result.terms += own.terms;
      result.others += own.others;
      result.holdsSum |= own.holdsSum || (own.others == 0 && own.terms > 1);
    }
    return result;
  }
  auto product = matchBinary(facts, sum, Scalar::Mul);
  if (product)
    product = outputAndWeight(facts, *product, [this](const Element &element) {
      return linear(element);
    });
  if (!product)
    return {0, 1};
  const auto &[output, weight] = *product;
  terms.push_back({op, output, weight});
  return {1, 0};
}

/// Every expert once, in order of ids.
LogicalResult UnrolledMatch::orderByExpert(Operation *op) {
  int64_t count = choices.front().front().pick.experts();
  SmallVector<std::optional<size_t>> byExpert(count);
  for (auto [position, expert] : llvm::enumerate(experts)) {
    std::optional<int64_t> id = expert->asConstant();
    if (!id || *id < 0 || *id >= count)
      return matcher.refuse(terms[position].op,
                            "the weight is not that of one expert");
    if (byExpert[*id])
      return matcher.refuse(terms[position].op, "expert " + Twine(*id) +
                                                    " is added more than once");
    byExpert[*id] = position;
  }
  SmallVector<std::string> missing;
  for (auto [id, position] : llvm::enumerate(byExpert))
    if (!position)
      missing.push_back(std::to_string(id));
  if (!missing.empty())
    return matcher.refuse(op, "of " + Twine(count) +
                                  " experts to choose from, these are not "
                                  "added: " +
                                  llvm::join(missing, ", "));
  decltype(terms) orderedTerms;
  decltype(choices) orderedChoices;
  for (std::optional<size_t> position : byExpert) {
    orderedTerms.push_back(terms[*position]);
    orderedChoices.push_back(choices[*position]);
  }
  terms = std::move(orderedTerms);
  choices = std::move(orderedChoices);
  return success();
}

FailureOr<Layer> UnrolledMatch::run(Operation *op) {
  Value result = op->getResult(0);
  RankedTensorType type = typeOf(result);
  if (type.getRank() < 2)
    return failure();
  Coordinates at;
  for (int64_t size : type.getShape())
    at.push_back(facts.symbol("d", size));
  // A sum of experts alone within another one is looked at by itself.
  Parts parts = collect(facts.trace(result, at));
  if (terms.size() < 2 || (parts.others != 0 && parts.holdsSum))
    return failure();
  Operation *unweighted = nullptr;
  for (const Term &term : terms) {
    Index expert = nullptr;
    FailureOr<SmallVector<Choice>> own =
        matchChoices(matcher, term.weight, expert);
    if (failed(own)) {
      unweighted = term.op;
      continue;
    }
    if (own->front().pick.token !=
        rowOf(facts, result, ArrayRef(at).drop_back()))
      return matcher.refuse(term.op, "outputs are weighted as the top-k chose "
                                     "for other tokens");
    choices.push_back(std::move(*own));
    experts.push_back(expert);
  }
  // Nothing here is chosen.
  if (choices.empty() && !matcher.finding && matcher.whyNoTopK(op).empty())
    return failure();
  if (unweighted)
    return matcher.refuse(unweighted, "an expert's output is weighted by "
                                      "something else than what a top-k gives "
                                      "it");
  if (parts.others != 0)
    return matcher.refuse(op, "something else is added to the outputs of "
                              "experts before all of them are");
  if (failed(orderByExpert(op)))
    return failure();

  Branches branches(matcher, "unrolled experts", result);
  for (auto [term, own] : llvm::zip(terms, choices)) {
    FailureOr<Experts> body =
        matchExperts(matcher, term.output,
                     [&](const Element &element) { return linear(element); });
    if (failed(body) || failed(checkOutput(matcher, *body, result, at.back())))
      return failure();
    FailureOr<Value> tokens =
        matchTokens(matcher, *body, own.front().pick.token);
    if (failed(tokens))
      return failure();
    FailureOr<Router> router = matchRouter(matcher, own);
    if (failed(router) ||
        failed(branches.add(term.op, *tokens, *router, *body)))
      return failure();
  }
  return branches.layer();
}

FailureOr<Layer> moe::raise::matchUnrolledExperts(Matcher &matcher,
                                                  Operation *op) {
  if (scalarKind(op) != Scalar::Add)
    return failure();
  return UnrolledMatch(matcher).run(op);
}

//===----------------------------------------------------------------------===//
// Branches
//===----------------------------------------------------------------------===//

LogicalResult Branches::add(Operation *op, Value tokens, const Router &router,
                            const Experts &experts) {
  if (count++ == 0) {
    result.tokens = tokens;
    result.router = router;
    result.experts = experts;
    parameters.resize(experts.parameters.size());
  } else {
    const Experts &first = result.experts;
    if (tokens != result.tokens || router.logits != result.router.logits ||
        router.weight != result.router.weight || experts.body != first.body ||
        experts.width != first.width ||
        !llvm::equal(experts.parameters, first.parameters,
                     [](ElementsAttr a, ElementsAttr b) {
                       return a.getShapedType() == b.getShapedType();
                     }))
      return matcher.refuse(op, "the branch of expert " + Twine(count - 1) +
                                    " computes something else than that of "
                                    "expert 0");
    llvm::append_range(result.experts.ops, experts.ops);
  }
  for (auto [list, parameter] : llvm::zip(parameters, experts.parameters))
    list.push_back(parameter);
  return success();
}

Layer Branches::layer() {
  for (auto [stacked, list] : llvm::zip(result.experts.parameters, parameters))
    stacked = joinWeights(list);
  return result;
}
