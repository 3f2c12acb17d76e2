LogicalResult match(Matcher &matcher, Operation *op) {
  if (isLate(op))
    return matcher.refuse(op, "a token comes (with its "
                              "expert) too late");
  auto refuse = [&](const Twine &what) { return matcher.refuse(op, what); };
  if (isLarge(op))
    return refuse("there are more than " + Twine(3) + " toys in the box of it");
  if (isSplit(op))
    return matcher.refuse(op, "a token has two minds");
  if (isEmpty(op))
    return matcher.reject(op, "the graph is wrong: " + Twine(2), "export it");
  return refuse(Twine(4) + " experts, but the toy has " + Twine(5));
}
