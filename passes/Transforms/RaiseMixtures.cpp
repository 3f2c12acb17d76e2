// Experts on a fixed number of rows: a product with the tokens makes them, and
// a product over experts and rows gives tokens back.
#include "Raise.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::raise;

/// The product over tokens that a row of an expert is.
static bool matchDispatch(IndexFacts &facts, Mixture &mixture) {
  Experts &experts = mixture.experts;
  std::optional<Dot> dot = matchDot(facts, facts.trace(experts.input));
  if (!dot)
    return false;
  // What depends on the column is the token.
  Element tokens = dot->rhs, weights = facts.trace(dot->lhs);
  if (!llvm::is_contained(facts.trace(tokens).at, experts.inputColumn)) {
    weights = facts.trace(tokens);
    tokens = dot->lhs;
  }
  if (!llvm::is_contained(facts.trace(tokens).at, experts.inputColumn) ||
      llvm::is_contained(weights.at, experts.inputColumn))
    return false;
  experts.input = tokens;
  experts.ops.push_back(dot->op);
  mixture.dispatch = weights;
  mixture.unit = dot->contracted;
  mixture.units = dot->extent;
  return true;
}

std::optional<Mixture> moe::raise::matchMixture(Matcher &matcher,
                                                Operation *op) {
  IndexFacts &facts = matcher.facts;
  if (!isa<hlo::DotGeneralOp>(op) || typeOf(op->getResult(0)).getRank() < 2)
    return std::nullopt;
  Value result = op->getResult(0);
  Mixture mixture{};
  for (int64_t size : typeOf(result).getShape())
    mixture.at.push_back(facts.symbol("t", size));
  std::optional<Contraction> product =
      matchContraction(facts, {result, mixture.at});
  if (!product || product->contracted.size() != 2)
    return std::nullopt;
  for (const auto &[output, weight] : {std::pair(product->lhs, product->rhs),
                                       std::pair(product->rhs, product->lhs)})
    for (unsigned i : {0U, 1U}) {
      Index expert = product->contracted[i];
      auto linear = [&](const Element &element) -> std::optional<Linear> {
        auto map = matchGatheredLinear(facts, element);
        return map && map->expert == expert ? map : std::nullopt;
      };
      Element mixed = takeWidening(facts, facts.trace(output));
      if (!isOutput(facts, mixed, linear))
        continue;
      FailureOr<Experts> experts = matchExperts(matcher, mixed, linear);
      if (failed(experts) ||
          failed(checkOutput(matcher, *experts, result, mixture.at.back())))
        return std::nullopt;
      mixture.experts = std::move(*experts);
      mixture.combine = facts.trace(weight);
      mixture.expert = expert;
      mixture.count = product->extents[i];
      mixture.place = product->contracted[1 - i];
      mixture.places = product->extents[1 - i];
      if (!matchDispatch(facts, mixture))
        return std::nullopt;
      return mixture;
    }
  return std::nullopt;
}

CountAttr moe::raise::fixedCount(Matcher &matcher, int64_t number) {
  return CountAttr::get(
      matcher.context, number, /*factor=*/{}, CountMultiplier::One,
      CountShare::Exact, CountRound::Ceil, /*multipleOf=*/1, /*min=*/0,
      /*atMostUnits=*/false, Float64Type::get(matcher.context));
}

std::optional<TokenBlock> moe::raise::matchBlock(Matcher &matcher, Index token,
                                                 Index unit, int64_t units,
                                                 Index tokens) {
  IndexTable &table = matcher.facts;
  Index start = table.sub(token, unit), marker = table.symbol("x", units + 1);
  auto isMultiple = [&](int64_t number) { return number % units == 0; };
  if (table.replace(start, {{unit, marker}}) != start ||
      !isMultiple(start->constant) ||
      !llvm::all_of(start->terms,
                    [&](auto term) { return isMultiple(term.second); }))
    return std::nullopt;
  if (start == table.constant(0) && tokens == table.constant(units))
    return TokenBlock{start, DomainAttr()};
  return TokenBlock{
      start, DomainAttr::get(matcher.context, DomainKind::Blocks, units)};
}
