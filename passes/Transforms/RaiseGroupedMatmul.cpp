// Experts on rows sorted by expert: one product per expert on its segment of
// the rows, joined again (transformers' grouped_mm, unrolled by its exporter).
#include "Raise.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace moe;
using namespace moe::raise;

/// Permutations by sorting among what an integer is computed from.
static void collectPermutations(IndexFacts &facts, Index value,
                                llvm::SetVector<Value> &found) {
  for (auto [atom, coefficient] : value->terms) {
    if (atom->kind == IndexAtom::Kind::Element) {
      Value tensor = atom->element.tensor;
      if (facts.sortedBy(tensor))
        found.insert(tensor);
      if (Value inverse = facts.inverseOf(tensor))
        found.insert(inverse);
      for (Index inner : atom->element.at)
        collectPermutations(facts, inner, found);
    }
    for (Index inner : atom->operands)
      collectPermutations(facts, inner, found);
  }
}

/// The id that the given row was sorted by: the histogram counts all keys of
/// that sort, in the order of the rows or before it.
static Index sortedId(IndexFacts &facts, const Histogram &histogram,
                      Value positions, Index row) {
  Value keys = facts.sortedBy(positions);
  if (!keys || histogram.count != facts.extentOf(keys, 0))
    return nullptr;
  Index i = histogram.position;
  bool counted =
      histogram.id == facts.valueOf(keys, {facts.valueOf(positions, {i})}) ||
      histogram.id == facts.valueOf(keys, {i});
  return counted ? facts.valueOf(keys, {facts.valueOf(positions, {row})})
                 : nullptr;
}

Index moe::raise::sortedExpert(IndexFacts &facts, Operation *op,
                               const Histogram &histogram, Index row,
                               Index hint) {
  llvm::SetVector<Value> sorts;
  for (Index value : {histogram.id, hint, row})
    if (value)
      collectPermutations(facts, value, sorts);
  for (Value positions : sorts)
    if (Index id = sortedId(facts, histogram, positions, row))
      return id;
  // Any sort of what is counted tells the same.
  for (Operation &sort : *op->getBlock())
    if (isa<hlo::SortOp>(sort) || compositeName(&sort) == "onnx.TopK")
      for (Value positions : sort.getResults())
        if (Index id = sortedId(facts, histogram, positions, row))
          return id;
  return nullptr;
}

/// An element of the joined products. Row s lies in the segment of expert e
/// where offset[e - 1] <= s < offset[e], which is where the s-th id in
/// ascending order is e.
std::optional<Linear> moe::raise::matchGroupedLinear(Matcher &matcher,
                                                     const Element &element) {
  IndexFacts &facts = matcher.facts;
  Element joined = element;
  std::optional<Element> bias;
  if (auto sum = matchBinary(facts, element, Scalar::Add)) {
    auto [a, b] = *sum;
    if (!a.tensor.getDefiningOp<hlo::ConcatenateOp>())
      std::swap(a, b);
    joined = a;
    bias = b;
  }
  auto concat = joined.tensor.getDefiningOp<hlo::ConcatenateOp>();
  if (!concat || concat.getDimension() != 0 || joined.at.size() != 2 ||
      concat.getInputs().size() < 2)
    return std::nullopt;

  auto refuse = [&](Operation *op, const Twine &text) -> std::optional<Linear> {
    (void)matcher.refuse(op, text);
    return std::nullopt;
  };

  // Each product is asked for the same row of the whole, which is at another
  // place of its own segment.
  Index row = joined.at[0], start = facts.constant(0), end = start;
  Linear result{};
  Element read;
  // Running sums of how often each expert was chosen, or these numbers.
  Value boundaries;
  bool areCounts = false;
  std::optional<Histogram> histogram;
  SmallVector<ElementsAttr> matrices;
  for (auto [number, input] : llvm::enumerate(concat.getInputs())) {
    std::optional<Dot> dot = matchDot(
        facts, facts.trace(input, {facts.sub(row, start), joined.at[1]}));
    auto matrix =
        dot ? matchMatrix(facts, facts.trace(dot->rhs), dot->contracted)
            : std::nullopt;
    if (!matrix || matrix->expert)
      return std::nullopt;
    start = facts.add(start, facts.extentOf(input, 0));
    if (number == 0) {
      const IndexAtom *first = start->asAtom(IndexAtom::Kind::Element);
      boundaries = first ? first->element.tensor : Value();
      histogram = first ? facts.offsets(boundaries) : std::nullopt;
      if (first && !histogram) {
        histogram = facts.histogram(boundaries);
        areCounts = true;
      }
      if (!histogram)
        return refuse(concat, "rows are not cut at running sums of how often "
                              "each expert was chosen");
    }
    // All counts together are the number of ids.
    Index own = facts.valueOf(boundaries, {facts.constant(number)});
    bool isLast = number + 1 == concat.getInputs().size();
    end = !areCounts ? own : isLast ? histogram->count : facts.add(end, own);
    if (start != end)
      return refuse(dot->op, "segment #" + Twine(number) +
                                 " does not end at the offset of its expert");
    matrices.push_back(matrix->value);
    result.ops.push_back(dot->op);

    Element rows = facts.trace(dot->lhs);
    if (number == 0) {
      read = rows;
      result.column = matrix->column;
      result.input = dot->lhs;
      result.contracted = dot->contracted;
      result.width = dot->extent;
      continue;
    }
    // Each product has its own name for what it contracts.
    for (Index &coordinate : rows.at)
      if (coordinate == dot->contracted)
        coordinate = result.contracted;
    if (!(rows == read))
      return refuse(dot->op, "segment #" + Twine(number) +
                                 " does not read its own rows");
    if (matrix->column != result.column || dot->extent != result.width)
      return std::nullopt;
  }

  if (histogram->bins != static_cast<int64_t>(matrices.size()))
    return refuse(concat, "there are products for " + Twine(matrices.size()) +
                              " experts, but offsets of " +
                              Twine(histogram->bins));
  result.expert = sortedExpert(facts, concat, *histogram, row,
                               read.at.empty() ? nullptr : read.at[0]);
  if (!result.expert)
    return refuse(concat, "the rows are not sorted by the ids that the offsets "
                          "count");
  result.matrix = joinWeights(matrices);
  if (bias) {
    auto value = matchBias(facts, *bias, result.column);
    if (!value || value->expert != result.expert ||
        value->value.getShapedType().getShape() !=
            result.matrix.getShapedType().getShape().drop_back())
      return std::nullopt;
    result.bias = value->value;
  }
  return result;
}
