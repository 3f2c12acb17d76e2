// Experts on rows sorted by expert: one product of ragged groups, as such or as
// JAX writes it for CPUs: a product over group and column of rows that are zero
// outside of the group.
#include "Raise.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::raise;

namespace {

/// An element of a ragged product before its groups are looked at.
struct RaggedProduct {
  Operation *op;
  Element rows, matrix; // not traced
  Index row, group;
  Index contracted;
  int64_t width;
  Value sizes; // of groups; null where the mask `inGroup` tells
  std::optional<Element> inGroup;
};

/// "a < b" or "a <= b" of integers.
struct Order {
  Index a, b;
  bool strict;
};

} // namespace

/// The op: groups of rows, each times its matrix.
static std::optional<RaggedProduct> matchRaggedOp(IndexFacts &facts,
                                                  const Element &element) {
  auto ragged = element.tensor.getDefiningOp<chlo::RaggedDotOp>();
  if (!ragged)
    return std::nullopt;
  auto numbers = ragged.getRaggedDotDimensionNumbers();
  auto is = [](ArrayRef<int64_t> list, int64_t only) {
    return list == ArrayRef<int64_t>{only};
  };
  if (!numbers.getLhsBatchingDimensions().empty() ||
      !is(numbers.getLhsRaggedDimensions(), 0) ||
      !is(numbers.getLhsContractingDimensions(), 1) ||
      !is(numbers.getRhsGroupDimensions(), 0) ||
      typeOf(ragged.getRhs()).getRank() != 3 || element.at.size() != 2)
    return std::nullopt;
  bool transposed = is(numbers.getRhsContractingDimensions(), 2);
  RankedTensorType type = typeOf(ragged.getRhs());
  int64_t width = type.getDimSize(transposed ? 2 : 1);
  if (ShapedType::isDynamic(width) || type.isDynamicDim(0))
    return std::nullopt;
  Index group = facts.symbol("g", type.getDimSize(0)),
        contracted = facts.symbol("c", width);
  Coordinates matrix{group, contracted, element.at[1]};
  if (transposed)
    std::swap(matrix[1], matrix[2]);
  return RaggedProduct{ragged,
                       {ragged.getLhs(), {element.at[0], contracted}},
                       {ragged.getRhs(), matrix},
                       element.at[0],
                       group,
                       contracted,
                       width,
                       ragged.getGroupSizes(),
                       std::nullopt};
}

/// A product that also sums over groups, of rows that a mask makes zero.
static std::optional<RaggedProduct> matchMaskedProduct(IndexFacts &facts,
                                                       const Element &element) {
  std::optional<Contraction> product = matchContraction(facts, element);
  if (!product || product->contracted.size() != 2)
    return std::nullopt;
  for (const auto &[masked, matrix] : {std::pair(product->lhs, product->rhs),
                                       std::pair(product->rhs, product->lhs)}) {
    Element choice = facts.trace(masked);
    if (kindOf(choice) != Scalar::Select)
      continue;
    auto mask = facts.operand(choice, 0), rows = facts.operand(choice, 1),
         zero = facts.operand(choice, 2);
    if (!mask || !rows || !zero || facts.numberOf(*zero) != 0.0)
      continue;
    // What the rows do not depend on is the group.
    for (unsigned group : {0U, 1U}) {
      auto row = llvm::find_if(choice.at, [&](Index coordinate) {
        return !llvm::is_contained(product->contracted, coordinate);
      });
      if (choice.at.size() == 3 && row != choice.at.end() &&
          !llvm::is_contained(rows->at, product->contracted[group]))
        return RaggedProduct{product->op,
                             *rows,
                             matrix,
                             *row,
                             product->contracted[group],
                             product->contracted[1 - group],
                             product->extents[1 - group],
                             Value(),
                             mask};
    }
  }
  return std::nullopt;
}

static std::optional<Order> matchOrder(IndexFacts &facts,
                                       const Element &truth) {
  using Direction = hlo::ComparisonDirection;
  if (kindOf(truth) != Scalar::Compare)
    return std::nullopt;
  auto a = facts.operand(truth, 0), b = facts.operand(truth, 1);
  if (!a || !b || !isa<IntegerType>(typeOf(a->tensor).getElementType()))
    return std::nullopt;
  Index x = facts.valueOf(a->tensor, a->at),
        y = facts.valueOf(b->tensor, b->at);
  switch (directionOf(truth.tensor.getDefiningOp())) {
  case Direction::LT:
    return Order{x, y, true};
  case Direction::LE:
    return Order{x, y, false};
  case Direction::GT:
    return Order{y, x, true};
  case Direction::GE:
    return Order{y, x, false};
  default:
    return std::nullopt;
  }
}

/// start[g] <= row < end[g], where groups end at the running sums of their
/// sizes and start where the one before ends.
static std::optional<Histogram> matchGroupMask(Matcher &matcher,
                                               const RaggedProduct &product) {
  IndexFacts &facts = matcher.facts;
  auto refuse = [&](const Twine &text) -> std::optional<Histogram> {
    (void)matcher.refuse(product.op, text);
    return std::nullopt;
  };
  std::optional<Order> from, to;
  if (auto both = matchBinary(facts, *product.inGroup, Scalar::And)) {
    from = matchOrder(facts, both->first);
    to = matchOrder(facts, both->second);
    if (from && to && from->strict)
      std::swap(from, to);
  }
  if (!from || !to || from->strict || !to->strict || from->b != product.row ||
      to->a != product.row)
    return refuse("rows are not masked by where a group starts and ends");
  const IndexAtom *end = to->b->asAtom(IndexAtom::Kind::Element);
  std::optional<Histogram> histogram;
  if (end && end->element.at == Coordinates{product.group})
    histogram = facts.offsets(end->element.tensor);
  if (!histogram)
    return refuse("groups of rows do not end at running sums of how often each "
                  "expert was chosen");
  for (int64_t g = 0; g < histogram->bins; ++g) {
    Index start = facts.replace(from->a, {{product.group, facts.constant(g)}});
    Index before = facts.constant(0);
    if (g > 0)
      before = facts.valueOf(end->element.tensor, {facts.constant(g - 1)});
    if (start != before)
      return refuse("group #" + Twine(g) +
                    " does not start where the one before ends");
  }
  return histogram;
}

std::optional<Linear> moe::raise::matchRaggedLinear(Matcher &matcher,
                                                    const Element &element) {
  IndexFacts &facts = matcher.facts;
  std::optional<Element> bias;
  std::optional<RaggedProduct> product;
  auto match = [&](const Element &candidate) {
    product = matchRaggedOp(facts, candidate);
    if (!product)
      product = matchMaskedProduct(facts, candidate);
    return product.has_value();
  };
  if (auto terms = matchBinary(facts, element, Scalar::Add)) {
    bias = terms->second;
    if (!match(terms->first)) {
      bias = terms->first;
      match(terms->second);
    }
  } else {
    match(element);
  }
  if (!product)
    return std::nullopt;
  auto matrix =
      matchMatrix(facts, facts.trace(product->matrix), product->contracted);
  if (!matrix || matrix->expert != product->group)
    return std::nullopt;

  auto refuse = [&](const Twine &text) -> std::optional<Linear> {
    (void)matcher.refuse(product->op, text);
    return std::nullopt;
  };
  std::optional<Histogram> histogram;
  if (product->sizes) {
    histogram = facts.histogram(product->sizes);
    if (!histogram)
      return refuse("the sizes of groups are not how often each expert was "
                    "chosen");
  } else {
    histogram = matchGroupMask(matcher, *product);
    if (!histogram)
      return std::nullopt;
  }
  if (histogram->bins != matrix->value.getShapedType().getDimSize(0))
    return refuse("there are matrices for " +
                  Twine(matrix->value.getShapedType().getDimSize(0)) +
                  " experts, but groups of " + Twine(histogram->bins));
  Element read = facts.trace(product->rows);
  Index expert = sortedExpert(facts, product->op, *histogram, product->row,
                              read.at.empty() ? nullptr : read.at[0]);
  if (!expert)
    return refuse("the rows are not sorted by the ids that the sizes of groups "
                  "count");
  Linear result{{product->op},       matrix->value, nullptr,
                matrix->column,      expert,        product->rows,
                product->contracted, product->width};
  if (bias) {
    // One row per expert, looked up by the id that the row was sorted by.
    auto value = matchBias(facts, *bias, matrix->column);
    if (!value || value->expert != expert ||
        value->value.getShapedType().getShape() !=
            matrix->value.getShapedType().getShape().drop_back())
      return std::nullopt;
    result.bias = value->value;
  }
  return result;
}
