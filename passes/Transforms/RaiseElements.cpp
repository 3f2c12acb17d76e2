// Scalar formulas that several parts of a layer consist of.
#include "Raise.h"

#include "moe/Dialect/Support/MoESupport.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <limits>

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

bool moe::raise::holds(FloatType type, FloatType other) {
  return APFloat::isRepresentableBy(other.getFloatSemantics(),
                                    type.getFloatSemantics());
}

/// Whether a conversion between floats keeps all numbers.
static bool widens(Operation *convert) {
  auto from =
           dyn_cast<FloatType>(typeOf(convert->getOperand(0)).getElementType()),
       to = dyn_cast<FloatType>(typeOf(convert->getResult(0)).getElementType());
  return from && to && holds(to, from);
}

Element moe::raise::takeWidening(IndexFacts &facts, Element element) {
  while (kindOf(element) == Scalar::Convert &&
         widens(element.tensor.getDefiningOp()))
    element = *facts.operand(element, 0);
  return element;
}

std::pair<Element, FloatType> moe::raise::takeRounding(IndexFacts &facts,
                                                       Element element) {
  element = takeWidening(facts, element);
  FloatType rounded;
  if (kindOf(element) == Scalar::Convert) {
    Operation *convert = element.tensor.getDefiningOp();
    rounded = dyn_cast<FloatType>(typeOf(element.tensor).getElementType());
    if (!rounded ||
        !isa<FloatType>(typeOf(convert->getOperand(0)).getElementType()))
      return {element, FloatType()};
    element = takeWidening(facts, *facts.operand(element, 0));
  }
  return {element, rounded};
}

Element moe::raise::takeConversions(IndexFacts &facts, Element element,
                                    SmallVectorImpl<FloatType> &types) {
  while (kindOf(element) == Scalar::Convert) {
    Operation *convert = element.tensor.getDefiningOp();
    auto type = dyn_cast<FloatType>(typeOf(element.tensor).getElementType());
    if (!type ||
        !isa<FloatType>(typeOf(convert->getOperand(0)).getElementType()))
      break;
    types.push_back(type);
    element = *facts.operand(element, 0);
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

std::optional<Contraction>
moe::raise::matchContraction(IndexFacts &facts, const Element &element) {
  auto dot = element.tensor.getDefiningOp<hlo::DotGeneralOp>();
  if (!dot)
    return std::nullopt;
  auto numbers = dot.getDotDimensionNumbers();
  Contraction result{dot, {}, {}, {}, {}};
  for (auto [lhs, rhs] : llvm::zip(numbers.getLhsContractingDimensions(),
                                   numbers.getRhsContractingDimensions())) {
    int64_t extent = typeOf(dot.getLhs()).getDimSize(lhs);
    if (ShapedType::isDynamic(extent))
      extent = typeOf(dot.getRhs()).getDimSize(rhs);
    if (ShapedType::isDynamic(extent))
      return std::nullopt;
    result.contracted.push_back(facts.symbol("c", extent));
    result.extents.push_back(extent);
  }

  // Result dimensions: batch, free ones of the left, free ones of the right.
  ArrayRef<Index> at(element.at);
  auto factor = [&](Value tensor, ArrayRef<int64_t> batch,
                    ArrayRef<int64_t> dims, ArrayRef<Index> &free) {
    Coordinates own(typeOf(tensor).getRank());
    for (auto [position, d] : llvm::enumerate(batch))
      own[d] = element.at[position];
    for (auto [coordinate, d] : llvm::zip(result.contracted, dims))
      own[d] = coordinate;
    for (Index &coordinate : own)
      if (!coordinate) {
        coordinate = free.front();
        free = free.drop_front();
      }
    return Element{tensor, own};
  };
  ArrayRef<Index> free =
      at.drop_front(numbers.getLhsBatchingDimensions().size());
  result.lhs = factor(dot.getLhs(), numbers.getLhsBatchingDimensions(),
                      numbers.getLhsContractingDimensions(), free);
  result.rhs = factor(dot.getRhs(), numbers.getRhsBatchingDimensions(),
                      numbers.getRhsContractingDimensions(), free);
  return result;
}

std::optional<Dot> moe::raise::matchDot(IndexFacts &facts,
                                        const Element &element) {
  std::optional<Contraction> product = matchContraction(facts, element);
  if (!product || product->contracted.size() != 1)
    return std::nullopt;
  return Dot{product->op, product->lhs, product->rhs,
             product->contracted.front(), product->extents.front()};
}

std::optional<ProductSum> moe::raise::matchProductSum(IndexFacts &facts,
                                                      const Element &element) {
  Operation *op = element.tensor.getDefiningOp();
  if (std::optional<Dot> dot = matchDot(facts, element))
    return ProductSum{op, facts.trace(dot->lhs), facts.trace(dot->rhs),
                      dot->contracted, dot->extent};
  auto reduce = dyn_cast_if_present<hlo::ReduceOp>(op);
  if (!reduce || combinerOf(op) != Combiner::Add ||
      reduce.getDimensions().size() != 1)
    return std::nullopt;
  int64_t count =
      typeOf(reduce.getInputs()[0]).getDimSize(reduce.getDimensions()[0]);
  if (ShapedType::isDynamic(count))
    return std::nullopt;
  Index position = facts.symbol("j", count);
  std::optional<Element> term = facts.reduced(element, position);
  auto product = term ? matchBinary(facts, *term, Scalar::Mul) : std::nullopt;
  if (!product)
    return std::nullopt;
  return ProductSum{op, product->first, product->second, position, count};
}

std::optional<Without> moe::raise::matchWithout(IndexFacts &facts,
                                                const Element &element,
                                                Index position) {
  if (std::optional<Unmasked> unmasked = matchUnmasked(facts, element)) {
    auto equal = facts.equality(unmasked->mask);
    if (!equal || (equal->a != position && equal->b != position))
      return std::nullopt;
    return Without{unmasked->value, equal->a == position ? equal->b : equal->a,
                   unmasked->fill};
  }
  // One update for each row.
  Operation *op = element.tensor.getDefiningOp();
  int64_t last = element.at.size() - 1;
  if (compositeName(op) != "onnx.ScatterElements" ||
      combinerOf(op) != Combiner::Replace || compositeInt(op, "axis") != last ||
      element.at.back() != position)
    return std::nullopt;
  Value indices = op->getOperand(1);
  for (int64_t d = 0; d <= last; ++d)
    if (facts.extentOf(indices, d) !=
        (d == last ? facts.constant(1) : facts.extentOf(element.tensor, d)))
      return std::nullopt;
  Coordinates where = element.at;
  where.back() = facts.constant(0);
  return Without{facts.trace(op->getOperand(0), element.at),
                 facts.valueOf(indices, where),
                 facts.numberOf(facts.trace(op->getOperand(2), where))};
}

std::optional<Element> moe::raise::matchLogistic(IndexFacts &facts,
                                                 const Element &element) {
  if (kindOf(element) == Scalar::Logistic)
    return facts.operand(element, 0);
  auto quotient = matchBinary(facts, element, Scalar::Div);
  if (!quotient || facts.numberOf(quotient->first) != 1.0)
    return std::nullopt;
  auto sum = matchBinary(facts, quotient->second, Scalar::Add);
  if (!sum)
    return std::nullopt;
  auto [power, one] = *sum;
  if (facts.numberOf(power))
    std::swap(power, one);
  if (facts.numberOf(one) != 1.0 || kindOf(power) != Scalar::Exp)
    return std::nullopt;
  auto exponent = facts.operand(power, 0);
  if (!exponent || kindOf(*exponent) != Scalar::Neg)
    return std::nullopt;
  return facts.operand(*exponent, 0);
}

std::optional<Element> moe::raise::matchSoftmax(IndexFacts &facts,
                                                const Element &element,
                                                ArrayRef<Index> positions) {
  Operation *op = element.tensor.getDefiningOp();
  if (compositeName(op) == "onnx.Softmax" && positions.size() == 1) {
    int64_t axis = compositeInt(op, "axis").value_or(-1);
    int64_t rank = element.at.size();
    axis = axis < 0 ? axis + rank : axis;
    if (axis >= rank || element.at[axis] != positions[0])
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
    std::optional<Element> reduced = facts.reduced(result, positions);
    return reduced && *reduced == input;
  };
  if (kindOf(numerator) != Scalar::Exp ||
      !isReduced(denominator, Combiner::Add, numerator))
    return std::nullopt;
  std::optional<Element> exponent = facts.operand(numerator, 0);
  auto difference =
      exponent ? matchBinary(facts, *exponent, Scalar::Sub) : std::nullopt;
  if (!difference)
    return std::nullopt;
  auto [argument, greatest] = *difference;
  // A maximum that starts at -inf may say so twice.
  if (auto guarded = matchBinary(facts, greatest, Scalar::Max)) {
    auto [a, b] = *guarded;
    if (facts.numberOf(a))
      std::swap(a, b);
    if (facts.numberOf(b) == -std::numeric_limits<double>::infinity())
      greatest = a;
  }
  if (!isReduced(greatest, Combiner::Max, argument))
    return std::nullopt;
  return argument;
}

std::optional<Unmasked> moe::raise::matchUnmasked(IndexFacts &facts,
                                                  const Element &element) {
  if (kindOf(element) == Scalar::Select) {
    auto mask = facts.operand(element, 0), fill = facts.operand(element, 1),
         value = facts.operand(element, 2);
    auto number = fill ? facts.numberOf(*fill) : std::nullopt;
    if (!mask || !value || !number)
      return std::nullopt;
    return Unmasked{*value, *mask, *number};
  }
  auto product = matchBinary(facts, element, Scalar::Mul);
  if (!product)
    return std::nullopt;
  for (const auto &[value, rest] : {std::pair(product->first, product->second),
                                    std::pair(product->second, product->first)})
    if (auto difference = matchBinary(facts, rest, Scalar::Sub);
        difference && facts.numberOf(difference->first) == 1.0)
      return Unmasked{value, difference->second, 0.0};
  return std::nullopt;
}

static Coordinates innerExtents(IndexFacts &facts, Value tensor, int64_t from,
                                int64_t to) {
  Coordinates extents;
  for (int64_t d = from; d < to; ++d)
    extents.push_back(facts.extentOf(tensor, d));
  return extents;
}

Index moe::raise::rowOf(IndexFacts &facts, Value tensor,
                        ArrayRef<Index> coordinates) {
  if (coordinates.empty())
    return facts.constant(0);
  return facts.flatten(coordinates,
                       innerExtents(facts, tensor, 1, coordinates.size()));
}

Index moe::raise::rowCount(IndexFacts &facts, Value tensor,
                           int64_t columnDims) {
  Index count = facts.constant(1);
  for (Index extent :
       innerExtents(facts, tensor, 0, typeOf(tensor).getRank() - columnDims))
    count = facts.multiply(count, extent);
  return count;
}

std::optional<Pick> moe::raise::asPick(IndexFacts &facts, Index id) {
  const IndexAtom *atom = id->asAtom(IndexAtom::Kind::Element);
  if (!atom || atom->element.at.size() < 2)
    return std::nullopt;
  auto topK = atom->element.tensor.getDefiningOp<chlo::TopKOp>();
  if (!topK || atom->element.tensor != topK.getIndices())
    return std::nullopt;
  Coordinates row(ArrayRef(atom->element.at).drop_back());
  Pick pick{topK, row, rowOf(facts, topK.getIndices(), row),
            atom->element.at.back()};
  if (ShapedType::isDynamic(pick.experts()))
    return std::nullopt;
  return pick;
}

Index moe::raise::idOf(IndexFacts &facts, const Pick &pick) {
  Coordinates where(pick.row);
  where.push_back(pick.slot);
  return facts.element({pick.topK.getIndices(), where});
}

Index moe::raise::entryOf(IndexFacts &facts, const Pick &pick) {
  return facts.add(facts.scale(pick.token, pick.slots()), pick.slot);
}

std::optional<Pick>
moe::raise::matchChoice(IndexFacts &facts, const Element &mask, Index &expert) {
  std::optional<Equality> equal = facts.equality(mask);
  if (!equal)
    return std::nullopt;
  expert = equal->b;
  if (auto pick = asPick(facts, equal->a))
    return pick;
  expert = equal->a;
  return asPick(facts, equal->b);
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
  SmallVector<int64_t> sizes(value.getShapedType().getShape());
  // Where a coordinate is a number, only that slab is meant.
  SmallVector<int64_t> offsets(sizes.size(), 0), strides(sizes.size(), 1);
  for (auto [offset, size, coordinate] : llvm::zip(offsets, sizes, element.at))
    if (std::optional<int64_t> number = coordinate->asConstant()) {
      if (*number < 0 || *number >= size)
        return std::nullopt;
      offset = *number;
      size = 1;
    }
  value = support::sliceWeight(value, offsets, sizes, strides);
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
  Element own = takeWidening(facts, element);
  for (Index coordinate : own.at)
    if (coordinate != contracted && !coordinate->asConstant())
      others.push_back(coordinate);
  if (others.size() > 2 || !llvm::is_contained(own.at, contracted))
    return std::nullopt;
  result.column = others.empty() ? facts.constant(0) : others.back();
  result.expert = others.size() == 2 ? others.front() : nullptr;
  auto value = arrange(own, {result.expert, result.column, contracted});
  if (!value)
    return std::nullopt;
  result.value = *value;
  return result;
}

/// Whether a literal has the same elements all along a dimension, as a
/// broadcast that was folded has.
static bool repeatsAlong(hlo::ConstantOp literal, int64_t dimension) {
  auto value = dyn_cast_if_present<DenseElementsAttr>(
      literal ? literal.getValue() : Attribute());
  if (!value)
    return false;
  if (value.isSplat())
    return true;
  ArrayRef<int64_t> shape = value.getType().getShape();
  int64_t stride = 1;
  for (int64_t size : shape.drop_front(dimension + 1))
    stride *= size;
  auto elements = value.getValues<Attribute>();
  for (int64_t i = 0; i < value.getNumElements(); ++i)
    if (i / stride % shape[dimension] != 0 &&
        elements[i] != elements[i - stride])
      return false;
  return true;
}

std::optional<Matrix>
moe::raise::matchBias(IndexFacts &facts, const Element &element, Index column) {
  Matrix result{};
  Element own = element;
  for (auto [d, coordinate] : llvm::enumerate(own.at)) {
    if (coordinate == column || coordinate->asConstant())
      continue;
    if (repeatsAlong(own.tensor.getDefiningOp<hlo::ConstantOp>(), d))
      coordinate = facts.constant(0);
    else
      result.expert = coordinate;
  }
  auto value = arrange(own, {result.expert, column});
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

Value moe::raise::matchRows(IndexFacts &facts, const Element &element,
                            Index row, Index column) {
  // A matrix if there is one.
  for (bool matrix : {true, false}) {
    auto isRow = [&](Value tensor, ArrayRef<Index> at) {
      return (matrix ? at.size() == 2 : at.size() > 2) && at.back() == column &&
             rowOf(facts, tensor, at.drop_back()) == row;
    };
    Element found = facts.trace(element.tensor, element.at, isRow);
    if (isRow(found.tensor, found.at))
      return found.tensor;
  }
  return {};
}

FailureOr<Value> moe::raise::matchTokens(Matcher &matcher,
                                         const Experts &experts, Index token) {
  if (Value rows =
          matchRows(matcher.facts, experts.input, token, experts.inputColumn))
    return rows;
  return matcher.refuse(experts.ops[0],
                        "the rows that experts read are not those of their "
                        "tokens");
}

LogicalResult moe::raise::checkOutput(Matcher &matcher, const Experts &experts,
                                      Value result, Index column) {
  if (experts.outputColumn == column &&
      typeOf(result).getShape().back() == experts.outputWidth)
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
