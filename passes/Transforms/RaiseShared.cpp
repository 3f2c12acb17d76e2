// Shared experts beside a raised layer: dense bodies on the same tokens whose
// outputs are added to the layer's. They stay as they are; reports name them.
#include "Raise.h"

#include "moe/Analysis/Describe.h"

using namespace mlir;
using namespace moe;
using namespace moe::raise;

/// What is added to the value, in whatever shape; null if nothing is.
static Value addendOf(Value value) {
  while (value) {
    Value reshaped;
    for (Operation *user : value.getUsers()) {
      if (scalarKind(user) == Scalar::Add)
        return user->getOperand(user->getOperand(0) == value ? 1 : 0);
      if (isa<hlo::ReshapeOp, hlo::DynamicReshapeOp, hlo::ConvertOp>(user) &&
          user->getOperand(0) == value)
        reshaped = user->getResult(0);
    }
    value = reshaped;
  }
  return {};
}

std::string moe::raise::describeShared(Matcher &matcher, const Layer &layer) {
  IndexFacts &facts = matcher.facts;
  Value sum = addendOf(layer.result);
  if (!sum || typeOf(layer.tokens).getRank() != 2)
    return "";
  Coordinates at;
  for (int64_t size : typeOf(sum).getShape())
    at.push_back(facts.symbol("t", size));
  Element output = facts.trace(sum, at);
  bool weighed = false;
  if (auto factors = matchBinary(facts, output, Scalar::Mul)) {
    auto [a, b] = *factors;
    if (matchLogistic(facts, a))
      std::swap(a, b);
    weighed = matchLogistic(facts, b).has_value();
    output = weighed ? a : output;
  }
  auto linear = [&](const Element &element) -> std::optional<Linear> {
    auto map = matchGatheredLinear(facts, element);
    return map && !map->expert ? map : std::nullopt;
  };
  FailureOr<Experts> body = matchExperts(matcher, output, linear);
  matcher.finding.reset();
  if (failed(body))
    return "";
  Index row = rowOf(facts, sum, ArrayRef(at).drop_back());
  if (!(facts.trace(body->input) ==
        facts.trace(layer.tokens, {row, body->inputColumn})))
    return "";
  return ", 1 shared " + describe(body->body, body->width) +
         (weighed ? " weighed by a sigmoid" : "");
}
