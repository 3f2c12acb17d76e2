// Scalar formulas that several parts of a layer consist of.
#include "Raise.h"

#include "moe/Dialect/Support/MoESupport.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace moe;
using namespace moe::raise;

std::optional<std::pair<Element, Element>>
moe::raise::matchBinary(IndexFacts &facts, const Element &element,
                        Scalar kind) {
  if (kindOf(element) != kind)
    return std::nullopt;
  auto a = facts.operand(element, 0), b = facts.operand(element, 1);
  if (!a || !b)
    return std::nullopt;
  return std::pair(*a, *b);
}

Element moe::raise::takeFactor(IndexFacts &facts, Element element,
                               double &factor) {
  while (auto product = matchBinary(facts, element, Scalar::Mul)) {
    auto [a, b] = *product;
    if (facts.numberOf(a))
      std::swap(a, b);
    std::optional<double> number = facts.numberOf(b);
    if (!number)
      break;
    factor *= *number;
    element = a;
  }
  return element;
}

double moe::raise::shortestDecimal(double value) {
  auto single = static_cast<float>(value);
  if (static_cast<double>(single) != value)
    return value;
  for (int digits = 1; digits < 9; ++digits) {
    std::string text;
    llvm::raw_string_ostream(text) << llvm::format("%.*g", digits, value);
    double decimal;
    if (!StringRef(text).getAsDouble(decimal) &&
        static_cast<float>(decimal) == single)
      return decimal;
  }
  return value;
}

std::optional<Dot> moe::raise::matchDot(IndexFacts &facts,
                                        const Element &element) {
  auto dot = element.tensor.getDefiningOp<hlo::DotGeneralOp>();
  if (!dot)
    return std::nullopt;
  auto numbers = dot.getDotDimensionNumbers();
  if (numbers.getLhsContractingDimensions().size() != 1)
    return std::nullopt;
  int64_t lhsDim = numbers.getLhsContractingDimensions()[0],
          rhsDim = numbers.getRhsContractingDimensions()[0];
  int64_t extent = typeOf(dot.getLhs()).getDimSize(lhsDim);
  if (ShapedType::isDynamic(extent))
    extent = typeOf(dot.getRhs()).getDimSize(rhsDim);
  if (ShapedType::isDynamic(extent))
    return std::nullopt;
  Index contracted = facts.symbol("c", extent);

  // Result dimensions: batch, free ones of the left, free ones of the right.
  ArrayRef<Index> at(element.at);
  auto factor = [&](Value tensor, ArrayRef<int64_t> batch, int64_t dim,
                    ArrayRef<Index> &free) {
    Coordinates own(typeOf(tensor).getRank());
    for (auto [position, d] : llvm::enumerate(batch))
      own[d] = element.at[position];
    own[dim] = contracted;
    for (Index &coordinate : own)
      if (!coordinate) {
        coordinate = free.front();
        free = free.drop_front();
      }
    return Element{tensor, own};
  };
  ArrayRef<Index> free =
      at.drop_front(numbers.getLhsBatchingDimensions().size());
  Element lhs =
      factor(dot.getLhs(), numbers.getLhsBatchingDimensions(), lhsDim, free);
  Element rhs =
      factor(dot.getRhs(), numbers.getRhsBatchingDimensions(), rhsDim, free);
  return Dot{dot, lhs, rhs, contracted, extent};
}

std::optional<Element> moe::raise::matchSoftmax(IndexFacts &facts,
                                                const Element &element,
                                                Index position) {
  Operation *op = element.tensor.getDefiningOp();
  if (compositeName(op) == "onnx.Softmax") {
    int64_t axis = compositeInt(op, "axis").value_or(-1);
    int64_t rank = element.at.size();
    axis = axis < 0 ? axis + rank : axis;
    if (axis >= rank || element.at[axis] != position)
      return std::nullopt;
    return facts.trace(op->getOperand(0), element.at);
  }
  // exp(z - max z) / sum exp(z - max z)
  auto quotient = matchBinary(facts, element, Scalar::Div);
  if (!quotient)
    return std::nullopt;
  auto [numerator, denominator] = *quotient;
  auto isReduced = [&](const Element &result, Combiner combiner,
                       const Element &input) {
    if (combinerOf(result.tensor.getDefiningOp()) != combiner)
      return false;
    std::optional<Element> reduced = facts.reduced(result, position);
    return reduced && *reduced == input;
  };
  if (kindOf(numerator) != Scalar::Exp ||
      !isReduced(denominator, Combiner::Add, numerator))
    return std::nullopt;
  std::optional<Element> exponent = facts.operand(numerator, 0);
  auto difference =
      exponent ? matchBinary(facts, *exponent, Scalar::Sub) : std::nullopt;
  if (!difference ||
      !isReduced(difference->second, Combiner::Max, difference->first))
    return std::nullopt;
  return difference->first;
}

std::optional<Pick> moe::raise::asPick(Index id) {
  const IndexAtom *atom = id->asAtom(IndexAtom::Kind::Element);
  if (!atom || atom->element.at.size() != 2)
    return std::nullopt;
  auto topK = atom->element.tensor.getDefiningOp<chlo::TopKOp>();
  if (!topK || atom->element.tensor != topK.getIndices() ||
      typeOf(topK.getOperand()).isDynamicDim(1))
    return std::nullopt;
  return Pick{topK, atom->element.at[0], atom->element.at[1]};
}

/// The literal whose element it is, with the dimensions that `order` names (by
/// their coordinates) in front of each other; null coordinates stand for
/// dimensions that the literal lacks.
static std::optional<ElementsAttr> arrange(const Element &element,
                                           ArrayRef<Index> order) {
  auto literal = element.tensor.getDefiningOp<hlo::ConstantOp>();
  if (!literal)
    return std::nullopt;
  auto value = cast<ElementsAttr>(literal.getValue());
  ArrayRef<int64_t> sizes = value.getShapedType().getShape();
  // Dimensions of size 1 mean nothing.
  SmallVector<int64_t> squeezed;
  Coordinates at;
  for (auto [size, coordinate] : llvm::zip(sizes, element.at))
    if (size != 1) {
      squeezed.push_back(size);
      at.push_back(coordinate);
    }
  SmallVector<int64_t> permutation, shape;
  for (Index wanted : order) {
    auto it = wanted ? llvm::find(at, wanted) : at.end();
    if (it == at.end()) {
      shape.push_back(1);
      continue;
    }
    permutation.push_back(it - at.begin());
    shape.push_back(squeezed[permutation.back()]);
  }
  if (permutation.size() != at.size())
    return std::nullopt;
  value = support::reshapeWeight(value, squeezed);
  value = support::transposeWeight(value, permutation);
  return support::reshapeWeight(value, shape);
}

std::optional<Matrix> moe::raise::matchMatrix(IndexFacts &facts,
                                              const Element &element,
                                              Index contracted) {
  // The expert's coordinate comes before the column's in none of the layouts
  // by itself: it is the slowest one.
  Matrix result{};
  Coordinates others;
  for (Index coordinate : element.at)
    if (coordinate != contracted && coordinate != facts.constant(0))
      others.push_back(coordinate);
  if (others.size() > 2 || !llvm::is_contained(element.at, contracted))
    return std::nullopt;
  result.column = others.empty() ? facts.constant(0) : others.back();
  result.expert = others.size() == 2 ? others.front() : nullptr;
  auto value = arrange(element, {result.expert, result.column, contracted});
  if (!value)
    return std::nullopt;
  result.value = *value;
  return result;
}

std::optional<Matrix>
moe::raise::matchBias(IndexFacts &facts, const Element &element, Index column) {
  Matrix result{};
  for (Index coordinate : element.at)
    if (coordinate != column && coordinate != facts.constant(0))
      result.expert = coordinate;
  auto value = arrange(element, {result.expert, column});
  if (!value)
    return std::nullopt;
  result.column = column;
  result.value = *value;
  return result;
}

/// The attribute that all parts are made from by the same step, if they are.
template <typename Step>
static SmallVector<ElementsAttr> sourcesOf(ArrayRef<ElementsAttr> parts) {
  SmallVector<ElementsAttr> sources;
  for (ElementsAttr part : parts) {
    auto step = dyn_cast<Step>(part);
    if (!step)
      return {};
    sources.push_back(step.getSource());
    if (sources.back().getShapedType() != sources.front().getShapedType())
      return {};
  }
  return sources;
}

/// Parts along a new first dimension.
static ElementsAttr stackParts(ArrayRef<ElementsAttr> parts) {
  auto count = static_cast<int64_t>(parts.size());
  ArrayRef<int64_t> shape = parts.front().getShapedType().getShape();
  SmallVector<int64_t> stacked{count};
  stacked.append(shape.begin(), shape.end());
  if (auto sources = sourcesOf<support::ReshapeAttr>(parts); !sources.empty())
    return support::reshapeWeight(stackParts(sources), stacked);
  if (auto sources = sourcesOf<support::TransposeAttr>(parts);
      !sources.empty()) {
    auto first = cast<support::TransposeAttr>(parts.front());
    SmallVector<int64_t> permutation{0};
    for (int64_t d : first.getPermutation())
      permutation.push_back(d + 1);
    if (llvm::all_of(parts, [&](ElementsAttr part) {
          return cast<support::TransposeAttr>(part).getPermutation() ==
                 first.getPermutation();
        }))
      return support::transposeWeight(stackParts(sources), permutation);
  }
  // Slices [e : e + 1] that are all of their source.
  if (auto sources = sourcesOf<support::SliceAttr>(parts);
      !sources.empty() && llvm::all_equal(sources) && shape.front() == 1 &&
      sources.front().getShapedType().getDimSize(0) == count) {
    bool whole = true;
    for (auto [e, part] : llvm::enumerate(parts)) {
      auto slice = cast<support::SliceAttr>(part);
      SmallVector<int64_t> offsets(shape.size(), 0);
      offsets.front() = e;
      whole &= slice.getOffsets() == ArrayRef<int64_t>(offsets) &&
               slice.getShapedType().getShape().drop_front() ==
                   sources.front().getShapedType().getShape().drop_front();
    }
    if (whole)
      return support::reshapeWeight(sources.front(), stacked);
  }
  if (shape.front() == 1)
    return support::reshapeWeight(support::concatWeights(parts, 0), stacked);
  return support::stackWeights(parts);
}

ElementsAttr moe::raise::joinWeights(ArrayRef<ElementsAttr> parts) {
  SmallVector<int64_t> shape(parts.front().getShapedType().getShape());
  shape.front() = parts.size();
  return support::reshapeWeight(stackParts(parts), shape);
}

FailureOr<Value> moe::raise::matchTokens(Matcher &matcher,
                                         const Experts &experts, Index token) {
  Coordinates wanted{token, experts.inputColumn};
  Element rows = matcher.facts.trace(
      experts.input.tensor, experts.input.at,
      [&](Value, ArrayRef<Index> at) { return at == ArrayRef(wanted); });
  if (rows.at == wanted)
    return rows.tensor;
  return matcher.refuse(experts.ops[0],
                        "the rows that experts read are not those of their "
                        "tokens");
}

LogicalResult moe::raise::checkOutput(Matcher &matcher, const Experts &experts,
                                      Value result, Index column) {
  size_t last =
      experts.parameters.size() - (experts.body.getDownBias() ? 2 : 1);
  int64_t rows = experts.parameters[last].getShapedType().getDimSize(1);
  if (experts.outputColumn == column &&
      typeOf(result).getShape().back() == rows)
    return success();
  return matcher.refuse(experts.ops[0], "the columns of what experts compute "
                                        "are not those of the layer's result");
}

LogicalResult moe::raise::checkExpertCount(Matcher &matcher,
                                           const Experts &experts,
                                           const Pick &pick) {
  int64_t count = experts.parameters[0].getShapedType().getDimSize(0);
  if (count == pick.experts())
    return success();
  return matcher.refuse(experts.ops[0],
                        "there are parameters of " + Twine(count) +
                            " experts, but the router chooses among " +
                            Twine(pick.experts()));
}
