// What integer tensors hold: arithmetic, permutations, histograms.
#include "moe/Analysis/IndexFacts.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Matchers.h"
#include "moe/Dialect/StableHLO/Chlo.h"
#include "moe/Dialect/StableHLO/StableHLO.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace moe;
namespace hlo = moe::stablehlo;
using Direction = hlo::ComparisonDirection;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Index IndexFacts::valueOf(Value tensor, ArrayRef<Index> at) {
  return elementValue(trace(tensor, at));
}

/// The value of a traced element.
Index IndexFacts::elementValue(const Element &e) {
  Operation *op = e.tensor.getDefiningOp();
  if (typeOf(e.tensor).getElementType().isInteger(1)) {
    std::optional<bool> truth = truthOf(e.tensor, e.at);
    return truth ? constant(*truth) : element(e);
  }
  if (auto literal = dyn_cast_if_present<hlo::ConstantOp>(op))
    return constantValue(e, literal.getValue());
  if (auto iota = dyn_cast_if_present<hlo::IotaOp>(op))
    return e.at[iota.getIotaDimension()];
  if (auto iota = dyn_cast_if_present<hlo::DynamicIotaOp>(op))
    return e.at[iota.getIotaDimension()];
  if (auto size = dyn_cast_if_present<hlo::GetDimensionSizeOp>(op))
    return extentOf(size.getOperand(), size.getDimension());
  if (Scalar kind = scalarKind(op); kind != Scalar::None)
    if (Index result = arithmetic(e, kind))
      return result;
  // The last offset is the number of ids.
  if (std::optional<Histogram> counted = offsets(e.tensor))
    if (e.at[0] == constant(counted->bins - 1))
      return counted->count;
  // p[q[i]] and q[p[i]] are i where one is the inverse of the other.
  if (e.at.size() == 1)
    if (const IndexAtom *inner = e.at[0]->asAtom(IndexAtom::Kind::Element))
      if (inner->element.at.size() == 1 &&
          (inverseOf(e.tensor) == inner->element.tensor ||
           inverseOf(inner->element.tensor) == e.tensor))
        return inner->element.at[0];
  return element(e);
}

/// A literal at constant coordinates, or one whose elements are an arithmetic
/// progression along the one coordinate that is not constant.
Index IndexFacts::constantValue(const Element &e, Attribute value) {
  auto dense = dyn_cast<DenseIntElementsAttr>(value);
  if (!dense || dense.getNumElements() == 0)
    return element(e);
  if (dense.isSplat())
    return constant(dense.getSplatValue<APInt>().getSExtValue());
  ArrayRef<int64_t> shape = dense.getType().getShape();
  int64_t offset = 0, stride = 1, freeStride = 0, freeSize = 0;
  Index freeAt = nullptr;
  for (int64_t d = shape.size() - 1; d >= 0; --d) {
    if (auto fixed = e.at[d]->asConstant()) {
      if (*fixed < 0 || *fixed >= shape[d])
        return element(e);
      offset += *fixed * stride;
    } else if (freeAt) {
      return element(e);
    } else {
      freeAt = e.at[d];
      freeStride = stride;
      freeSize = shape[d];
    }
    stride *= shape[d];
  }
  auto values = dense.getValues<APInt>();
  auto at = [&](int64_t i) {
    return values[offset + i * freeStride].getSExtValue();
  };
  if (!freeAt)
    return constant(at(0));
  int64_t step = freeSize > 1 ? at(1) - at(0) : 0;
  for (int64_t i = 0; i < freeSize; ++i)
    if (at(i) != at(0) + i * step)
      return element(e);
  return add(constant(at(0)), scale(freeAt, step));
}

/// Null where the result is no expression of the operands.
Index IndexFacts::arithmetic(const Element &e, Scalar kind) {
  Operation *op = e.tensor.getDefiningOp();
  auto integer = [&](unsigned number) -> Index {
    auto at = operandCoordinates(op, number, e.at);
    if (!at ||
        !isa<IntegerType>(typeOf(op->getOperand(number)).getElementType()))
      return nullptr;
    return valueOf(op->getOperand(number), *at);
  };
  Index a = integer(0), b = op->getNumOperands() > 1 ? integer(1) : nullptr;
  switch (kind) {
  case Scalar::Add:
    return a && b ? foldCounts(add(a, b)) : nullptr;
  case Scalar::Sub:
    return a && b ? sub(a, b) : nullptr;
  case Scalar::Mul:
    return a && b ? multiply(a, b) : nullptr;
  case Scalar::Neg:
    return a ? scale(a, -1) : nullptr;
  case Scalar::Sign: {
    if (!a)
      return nullptr;
    IndexRange bounds = range(a);
    if (bounds.low && *bounds.low > 0)
      return constant(1);
    return bounds.high && *bounds.high < 0 ? constant(-1) : nullptr;
  }
  case Scalar::Div:
  case Scalar::Rem: {
    // Division rounds towards zero, which is downwards for what is not
    // negative.
    std::optional<int64_t> divisor =
        a && b && isNonNegative(a) ? b->asConstant() : std::nullopt;
    if (b && b->asConstant() == 1 && a)
      return kind == Scalar::Div ? a : constant(0);
    if (!divisor || *divisor <= 0)
      return nullptr;
    return kind == Scalar::Div ? floorDiv(a, *divisor) : mod(a, *divisor);
  }
  case Scalar::Max:
  case Scalar::Min: {
    if (!a || !b)
      return nullptr;
    Index greater = nullptr, less = nullptr;
    if (isNonNegative(sub(a, b)))
      greater = a, less = b;
    else if (isNonNegative(sub(b, a)))
      greater = b, less = a;
    if (Index chosen = kind == Scalar::Max ? greater : less)
      return chosen;
    return tabulated(e.tensor, e.at);
  }
  case Scalar::Select: // between what is one number
    return b && b == integer(2) ? b : nullptr;
  case Scalar::Clamp: {
    Index value = b, low = a, high = integer(2);
    if (value && low && high && isNonNegative(sub(value, low)) &&
        isNonNegative(sub(high, value)))
      return value;
    return tabulated(e.tensor, e.at);
  }
  case Scalar::Convert: // of a float: integers were traced through
    if (auto real = operand(e, 0))
      if (Index quotient = truncatedQuotient(*real))
        return quotient;
    return tabulated(e.tensor, e.at);
  default:
    return nullptr;
  }
}

/// Division with rounding towards zero in floats, of an integer that is not
/// negative: floor(|q|) * sign(q), or floor(q), of q = a / b. The float holds
/// positions (up to 2^24 in f32), whose quotients then round to no integer
/// above them. Null where it is something else.
Index IndexFacts::truncatedQuotient(const Element &e) {
  auto ofKind = [&](const Element &element, Scalar kind, unsigned number) {
    return scalarKind(element.tensor.getDefiningOp()) == kind
               ? operand(element, number)
               : std::nullopt;
  };
  Element whole = e;
  std::optional<Element> signOf;
  for (unsigned number : {0, 1})
    if (auto sign = ofKind(e, Scalar::Mul, number))
      if (auto magnitude = operand(e, 1 - number))
        if (auto own = ofKind(*sign, Scalar::Sign, 0)) {
          signOf = own;
          whole = *magnitude;
        }
  auto quotient = ofKind(whole, Scalar::Floor, 0);
  if (!quotient)
    return nullptr;
  if (auto inner = ofKind(*quotient, Scalar::Abs, 0))
    quotient = inner;
  if (signOf && !(*signOf == *quotient))
    return nullptr;
  auto dividend = ofKind(*quotient, Scalar::Div, 0),
       divisor = ofKind(*quotient, Scalar::Div, 1);
  auto number = divisor ? numberOf(*divisor) : std::nullopt;
  auto integer =
      dividend ? ofKind(*dividend, Scalar::Convert, 0) : std::nullopt;
  if (!number || !integer || *number < 1 || *number != std::trunc(*number) ||
      !isa<IntegerType>(typeOf(integer->tensor).getElementType()))
    return nullptr;
  Index a = valueOf(integer->tensor, integer->at);
  return isNonNegative(a) ? floorDiv(a, static_cast<int64_t>(*number))
                          : nullptr;
}

std::optional<bool> IndexFacts::truthOf(Value tensor, ArrayRef<Index> at) {
  Element e = trace(tensor, at);
  Operation *op = e.tensor.getDefiningOp();
  if (auto literal = dyn_cast_if_present<hlo::ConstantOp>(op)) {
    auto dense = dyn_cast<DenseIntElementsAttr>(literal.getValue());
    if (!dense)
      return std::nullopt;
    std::optional<int64_t> value = constantValue(e, dense)->asConstant();
    return value ? std::optional(*value != 0) : std::nullopt;
  }
  auto truth = [&](unsigned number) -> std::optional<bool> {
    auto where = operandCoordinates(op, number, e.at);
    return where ? truthOf(op->getOperand(number), *where) : std::nullopt;
  };
  switch (scalarKind(op)) {
  case Scalar::Not: {
    std::optional<bool> a = truth(0);
    return a ? std::optional(!*a) : std::nullopt;
  }
  case Scalar::And:
  case Scalar::Or: {
    bool absorbing = scalarKind(op) == Scalar::Or;
    std::optional<bool> a = truth(0), b = truth(1);
    if (a == absorbing || b == absorbing)
      return absorbing;
    if (a && b)
      return !absorbing;
    auto first = operand(e, 0), second = operand(e, 1);
    if (absorbing || !first || !second)
      return std::nullopt;
    // "x is 0, but no multiple of d" of no x.
    Index zero = zeroWhere(*first), multiple = multipleUnless(*second);
    return zero && zero == multiple ? std::optional(false) : std::nullopt;
  }
  case Scalar::Convert:
  case Scalar::Compare: {
    auto value = [&](unsigned number) -> Index {
      Value operand = op->getOperand(number);
      auto where = operandCoordinates(op, number, e.at);
      if (!where || !isa<IntegerType>(typeOf(operand).getElementType()))
        return nullptr;
      return valueOf(operand, *where);
    };
    bool convert = scalarKind(op) == Scalar::Convert;
    Index a = value(0), b = convert ? constant(0) : value(1);
    if (!a || !b)
      return std::nullopt;
    Direction direction = convert ? Direction::NE : directionOf(op);
    IndexRange d = range(sub(a, b));
    auto below = [](std::optional<int64_t> x, int64_t limit) {
      return x && *x < limit;
    };
    auto above = [](std::optional<int64_t> x, int64_t limit) {
      return x && *x > limit;
    };
    bool less = below(d.high, 0), notLess = above(d.low, -1);
    bool greater = above(d.low, 0), notGreater = below(d.high, 1);
    bool equal = notLess && notGreater, unequal = less || greater;
    auto decide = [](bool yes, bool no) -> std::optional<bool> {
      return yes  ? std::optional(true)
             : no ? std::optional(false)
                  : std::nullopt;
    };
    switch (direction) {
    case Direction::EQ:
      return decide(equal, unequal);
    case Direction::NE:
      return decide(unequal, equal);
    case Direction::LT:
      return decide(less, notLess);
    case Direction::LE:
      return decide(notGreater, greater);
    case Direction::GT:
      return decide(greater, notGreater);
    case Direction::GE:
      return decide(notLess, less);
    }
    return std::nullopt;
  }
  default:
    return truthOfReduction(e);
  }
}

/// All of the elements, or any of them.
std::optional<bool> IndexFacts::truthOfReduction(const Element &e) {
  auto reduce = e.tensor.getDefiningOp<hlo::ReduceOp>();
  Combiner combiner = combinerOf(reduce);
  if (combiner != Combiner::And && combiner != Combiner::Or)
    return std::nullopt;
  Value input = reduce.getInputs().front();
  Coordinates at = e.at;
  for (int64_t d : reduce.getDimensions()) {
    int64_t size = typeOf(input).getDimSize(d);
    if (ShapedType::isDynamic(size) || size == 0)
      return std::nullopt;
    at.insert(at.begin() + d, symbol("r", size));
  }
  // What holds for one that may be any holds for each.
  return truthOf(input, at);
}

/// Division with rounding down is written with a correction for negative
/// operands, where signs differ and something is left over. With a divisor
/// above 0, signs of an x >= 0 differ where x is 0: this x.
Index IndexFacts::zeroWhere(const Element &condition) {
  Operation *op = condition.tensor.getDefiningOp();
  if (scalarKind(op) != Scalar::Compare || directionOf(op) != Direction::NE)
    return nullptr;
  auto sign = operand(condition, 0), other = operand(condition, 1);
  if (!sign || !other ||
      scalarKind(sign->tensor.getDefiningOp()) != Scalar::Sign ||
      valueOf(other->tensor, other->at) != constant(1))
    return nullptr;
  Value x = sign->tensor.getDefiningOp()->getOperand(0);
  if (!isa<IntegerType>(typeOf(x).getElementType()))
    return nullptr;
  Index value = valueOf(x, sign->at);
  return isNonNegative(value) ? value : nullptr;
}

/// The x of which the condition says that it is no multiple of something.
Index IndexFacts::multipleUnless(const Element &condition) {
  Operation *op = condition.tensor.getDefiningOp();
  if (scalarKind(op) != Scalar::Compare || directionOf(op) != Direction::NE)
    return nullptr;
  auto rest = operand(condition, 0), zero = operand(condition, 1);
  if (!rest || !zero || numberOf(*zero) != 0.0 ||
      scalarKind(rest->tensor.getDefiningOp()) != Scalar::Rem)
    return nullptr;
  auto x = operand(*rest, 0);
  return x && isa<IntegerType>(typeOf(x->tensor).getElementType())
             ? valueOf(x->tensor, x->at)
             : nullptr;
}

std::optional<double> IndexFacts::numberOf(const Element &e) {
  auto literal = e.tensor.getDefiningOp<hlo::ConstantOp>();
  if (!literal)
    return std::nullopt;
  auto dense = dyn_cast<DenseElementsAttr>(literal.getValue());
  if (!dense || dense.getNumElements() == 0)
    return std::nullopt;
  int64_t position = 0;
  if (!dense.isSplat())
    for (auto [coordinate, size] :
         llvm::zip(e.at, dense.getType().getShape())) {
      std::optional<int64_t> fixed = coordinate->asConstant();
      if (!fixed || *fixed < 0 || *fixed >= size)
        return std::nullopt;
      position = position * size + *fixed;
    }
  if (isa<FloatType>(dense.getElementType())) {
    APFloat number = dense.getValues<APFloat>()[position];
    bool loses;
    number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &loses);
    return number.convertToDouble();
  }
  APInt number = dense.getValues<APInt>()[position];
  return dense.getElementType().isInteger(1) ? number.getZExtValue()
                                             : number.getSExtValue();
}

//===----------------------------------------------------------------------===//
// Functions of one bounded atom, value by value
//===----------------------------------------------------------------------===//

static constexpr int64_t kMaxTabulated = 4096;

std::optional<IndexFacts::Tabulation> IndexFacts::tabulate(Value tensor,
                                                           ArrayRef<Index> at) {
  Element e = trace(tensor, at);
  Operation *op = e.tensor.getDefiningOp();
  Type type = typeOf(e.tensor).getElementType();
  if (std::optional<double> number = numberOf(e))
    return Tabulation{nullptr, 0, {*number}};
  Scalar kind = scalarKind(op);
  bool computes = llvm::is_contained(
      {Scalar::Add, Scalar::Sub, Scalar::Mul, Scalar::Div, Scalar::Max,
       Scalar::Min, Scalar::Clamp, Scalar::Convert, Scalar::Floor},
      kind);
  if (!computes) {
    // An integer that is not computed: a multiple of an atom, plus a constant.
    if (!isa<IntegerType>(type) || type.isInteger(1))
      return std::nullopt;
    Index value = elementValue(e);
    if (value->terms.size() != 1)
      return std::nullopt;
    auto [atom, coefficient] = value->terms[0];
    IndexRange bounds = range(sub(scale(value, 1), constant(value->constant)));
    if (!bounds.low || !bounds.high || coefficient != 1 ||
        *bounds.high - *bounds.low >= kMaxTabulated)
      return std::nullopt;
    Tabulation result{atom, *bounds.low, {}};
    for (int64_t i = *bounds.low; i <= *bounds.high; ++i)
      result.values.push_back(static_cast<double>(i + value->constant));
    return result;
  }

  if (isa<FloatType>(type) && !type.isF32() && !type.isF64())
    return std::nullopt;
  SmallVector<Tabulation> inputs;
  Tabulation result;
  size_t count = 1;
  for (unsigned i = 0; i < op->getNumOperands(); ++i) {
    auto where = operandCoordinates(op, i, e.at);
    if (!where)
      return std::nullopt;
    auto input = tabulate(op->getOperand(i), *where);
    if (!input)
      return std::nullopt;
    if (input->atom) {
      if (result.atom && result.atom != input->atom)
        return std::nullopt;
      result.atom = input->atom;
      result.low = input->low;
      count = input->values.size();
    }
    inputs.push_back(std::move(*input));
  }
  bool integer = isa<IntegerType>(type);
  for (size_t i = 0; i < count; ++i) {
    auto in = [&](unsigned number) {
      const Tabulation &input = inputs[number];
      return input.values[input.atom ? i : 0];
    };
    double value = 0;
    switch (kind) {
    case Scalar::Add:
      value = in(0) + in(1);
      break;
    case Scalar::Sub:
      value = in(0) - in(1);
      break;
    case Scalar::Mul:
      value = in(0) * in(1);
      break;
    case Scalar::Div:
      if (in(1) == 0)
        return std::nullopt;
      value = in(0) / in(1);
      break;
    case Scalar::Max:
      value = std::max(in(0), in(1));
      break;
    case Scalar::Min:
      value = std::min(in(0), in(1));
      break;
    case Scalar::Clamp:
      value = std::min(std::max(in(0), in(1)), in(2));
      break;
    case Scalar::Floor:
      value = std::floor(in(0));
      break;
    default:
      value = in(0);
      break;
    }
    if (integer)
      value = std::trunc(value);
    else if (type.isF32())
      value = static_cast<float>(value);
    result.values.push_back(value);
  }
  return result;
}

Index IndexFacts::tabulated(Value tensor, ArrayRef<Index> at) {
  std::optional<Tabulation> table = tabulate(tensor, at);
  if (!table || table->values.empty())
    return nullptr;
  auto first = static_cast<int64_t>(table->values[0]);
  if (llvm::all_equal(table->values))
    return constant(first);
  int64_t step = static_cast<int64_t>(table->values[1]) - first;
  for (auto [i, value] : llvm::enumerate(table->values))
    if (value != static_cast<double>(first + static_cast<int64_t>(i) * step))
      return nullptr;
  // low <= atom, so that atom - low counts from 0.
  Index atom = element(table->atom->element);
  if (table->atom->kind != IndexAtom::Kind::Element)
    return nullptr;
  return add(constant(first - step * table->low), scale(atom, step));
}

//===----------------------------------------------------------------------===//
// Permutations
//===----------------------------------------------------------------------===//

/// The argument of a comparator that is compared, maybe with one zero for both
/// and one NaN for all: "arg == 0 ? 0 : arg", "arg != arg ? NaN : arg".
static Value comparedArgument(Value value) {
  while (auto select = value.getDefiningOp<hlo::SelectOp>()) {
    auto test = select.getPred().getDefiningOp<hlo::CompareOp>();
    if (!test)
      break;
    bool isNaN = test.getComparisonDirection() == Direction::NE &&
                 test.getLhs() == test.getRhs() &&
                 matchPattern(select.getOnTrue(), m_NaNFloat());
    bool isZero = test.getComparisonDirection() == Direction::EQ &&
                  matchPattern(test.getRhs(), m_AnyZeroFloat()) &&
                  matchPattern(select.getOnTrue(), m_AnyZeroFloat());
    if (!isNaN && !isZero)
      break;
    value = select.getOnFalse();
    if (value != test.getLhs() && comparedArgument(value) != test.getLhs())
      return {};
  }
  return value;
}

Value IndexFacts::sortedBy(Value positions) {
  Operation *op = positions.getDefiningOp();
  auto result = dyn_cast<OpResult>(positions);
  if (!result || result.getResultNumber() != 1 ||
      typeOf(positions).getRank() != 1)
    return {};
  if (compositeName(op) == "onnx.TopK")
    return compositeInt(op, "largest") == 0 ? op->getOperand(0) : Value();
  auto sort = dyn_cast<hlo::SortOp>(op);
  if (!sort || sort.getInputs().size() != 2 || !sort.getIsStable())
    return {};
  auto [known, isNew] = sorts.try_emplace(positions, Value());
  if (!isNew)
    return known->second;
  // Keys ascending, with the positions themselves carried along.
  Block &block = sort.getComparator().front();
  auto compare =
      block.getTerminator()->getOperand(0).getDefiningOp<hlo::CompareOp>();
  Index i = symbol("i");
  if (compare && compare.getComparisonDirection() == Direction::LT &&
      comparedArgument(compare.getLhs()) == block.getArgument(0) &&
      comparedArgument(compare.getRhs()) == block.getArgument(1) &&
      valueOf(sort.getInputs()[1], {i}) == i)
    sorts[positions] = sort.getInputs()[0];
  return sorts[positions];
}

Value IndexFacts::inverseOf(Value inverse) {
  auto [known, isNew] = inverses.try_emplace(inverse, Value());
  if (!isNew)
    return known->second;
  Operation *op = inverse.getDefiningOp();
  if (!op || typeOf(inverse).getRank() != 1)
    return {};
  Index i = symbol("i");
  Value permutation;
  // The sort of a permutation, or its positions scattered by it.
  Value keys = sortedBy(inverse);
  Element e;
  if (keys) {
    Index value = valueOf(keys, {i});
    if (const IndexAtom *atom = value->asAtom(IndexAtom::Kind::Element))
      e = atom->element;
  } else if (combinerOf(op) == Combiner::Replace) {
    std::optional<Writes> written = writes(op);
    if (!written || written->from.size() != 1)
      return {};
    i = written->from[0];
    if (valueOf(written->updates, {i}) != i)
      return {};
    if (const IndexAtom *atom =
            written->to[0]->asAtom(IndexAtom::Kind::Element))
      e = atom->element;
  }
  if (e && e.at == Coordinates{i} && sortedBy(e.tensor) &&
      extentOf(e.tensor, 0) == extentOf(inverse, 0))
    permutation = e.tensor;
  inverses[inverse] = permutation;
  return permutation;
}

//===----------------------------------------------------------------------===//
// Histograms
//===----------------------------------------------------------------------===//

/// Counts stay what they are in another number format, as long as it holds
/// them: f32 up to 2^24 entries, which no exporter goes beyond.
static Value withoutConversions(Value tensor) {
  while (auto convert = tensor.getDefiningOp<hlo::ConvertOp>())
    tensor = convert.getOperand();
  return tensor;
}

/// Ones added up at the ids of a list.
std::optional<Histogram> IndexFacts::scatteredHistogram(Operation *op) {
  std::optional<Writes> written = writes(op);
  if (!written || written->from.size() != 1 ||
      numberOf(trace(written->data, {symbol("bin")})) != 0.0 ||
      numberOf(trace(written->updates, written->from)) != 1.0)
    return std::nullopt;
  return Histogram{written->from[0], written->to[0],
                   extentOf(written->updates, 0)};
}

/// A column of "this id is that bin", summed.
std::optional<Histogram> IndexFacts::reducedHistogram(Operation *op) {
  auto reduce = dyn_cast<hlo::ReduceOp>(op);
  if (!reduce)
    return std::nullopt;
  Index position = symbol("i"),
        bin = symbol("bin", typeOf(reduce.getResult(0)).getDimSize(0));
  auto mask = reduced({reduce.getResult(0), {bin}}, position);
  auto equal = mask ? equality(*mask) : std::nullopt;
  if (!equal || (equal->a != bin && equal->b != bin))
    return std::nullopt;
  return Histogram{position, equal->a == bin ? equal->b : equal->a,
                   extentOf(reduce.getInputs()[0], reduce.getDimensions()[0])};
}

/// The columns, summed, of a mask that has a one for each id of each row: ids
/// of a top-k, which no row has twice.
std::optional<Histogram> IndexFacts::maskHistogram(Operation *op) {
  auto reduce = dyn_cast<hlo::ReduceOp>(op);
  if (!reduce || reduce.getDimensions() != ArrayRef<int64_t>{0})
    return std::nullopt;
  Value mask = withoutConversions(reduce.getInputs()[0]);
  Operation *scatter = mask.getDefiningOp();
  auto written =
      combinerOf(scatter) == Combiner::Replace ? writes(scatter) : std::nullopt;
  if (!written || written->from.size() != 2 ||
      written->to[0] != written->from[0] ||
      numberOf(trace(written->data, {symbol("row"), symbol("bin")})) != 0.0 ||
      numberOf(trace(written->updates, written->from)) != 1.0)
    return std::nullopt;
  const IndexAtom *id = written->to[1]->asAtom(IndexAtom::Kind::Element);
  auto topK =
      id ? id->element.tensor.getDefiningOp<chlo::TopKOp>() : chlo::TopKOp();
  if (!topK || id->element.tensor != topK.getIndices() ||
      id->element.at != written->from)
    return std::nullopt;
  auto slots = static_cast<int64_t>(topK.getK());
  Index position = symbol("i");
  return Histogram{position,
                   valueOf(topK.getIndices(),
                           {floorDiv(position, slots), mod(position, slots)}),
                   scale(extentOf(written->updates, 0), slots)};
}

std::optional<Histogram> IndexFacts::histogram(Value counts) {
  counts = withoutConversions(counts);
  auto [known, isNew] = histograms.try_emplace(counts, std::nullopt);
  if (!isNew)
    return known->second;
  Operation *op = counts.getDefiningOp();
  if (!op || typeOf(counts).getRank() != 1 || typeOf(counts).isDynamicDim(0) ||
      combinerOf(op) != Combiner::Add)
    return std::nullopt;
  std::optional<Histogram> result = scatteredHistogram(op);
  if (!result)
    result = reducedHistogram(op);
  if (!result)
    result = maskHistogram(op);
  if (!result)
    return std::nullopt;
  result->bins = typeOf(counts).getDimSize(0);
  if (!range(result->id).within(0, result->bins - 1))
    return std::nullopt;
  return histograms[counts] = result;
}

std::optional<Histogram> IndexFacts::offsets(Value values) {
  values = withoutConversions(values);
  auto [known, isNew] = sums.try_emplace(values, std::nullopt);
  if (!isNew)
    return known->second;
  Operation *op = values.getDefiningOp();
  bool onnx = compositeName(op) == "onnx.CumSum" &&
              compositeInt(op, "exclusive") == 0 &&
              compositeInt(op, "reverse") == 0;
  std::optional<RunningSum> running;
  if (!onnx && typeOf(values).getRank() == 1)
    running = runningSum(values);
  if (!onnx && !running)
    return std::nullopt;
  std::optional<Histogram> result =
      histogram(onnx ? op->getOperand(0) : running->input);
  return sums[values] = result;
}

//===----------------------------------------------------------------------===//
// Ranges
//===----------------------------------------------------------------------===//

IndexRange IndexFacts::range(Index a) {
  IndexRange result = IndexTable::range(a);
  if (result.low)
    return result;
  // Offsets ascend, up to the number of ids: an offset that is subtracted from
  // a later one, or from that number, leaves something.
  for (auto [atom, coefficient] : a->terms) {
    if (atom->kind != IndexAtom::Kind::Element || coefficient != -1)
      continue;
    const Element &offset = atom->element;
    std::optional<Histogram> counted = offsets(offset.tensor);
    if (!counted)
      continue;
    Index rest = add(a, element(offset));
    IndexRange behindAll = IndexTable::range(sub(rest, counted->count));
    result.low = behindAll.low;
    const IndexAtom *later =
        rest->terms.size() == 1 ? rest->terms[0].first : nullptr;
    if (!result.low && later && rest->terms[0].second == 1 &&
        later->kind == IndexAtom::Kind::Element &&
        later->element.tensor == offset.tensor &&
        isNonNegative(sub(later->element.at[0], offset.at[0])))
      result.low = rest->constant;
    if (result.low)
      break;
  }
  return result;
}

IndexRange IndexFacts::elementRange(const Element &e) {
  Operation *op = e.tensor.getDefiningOp();
  if (!op)
    return {};
  auto below = [](int64_t size) -> IndexRange {
    if (ShapedType::isDynamic(size))
      return {0, std::nullopt};
    return {0, size - 1};
  };
  if (auto topK = dyn_cast<chlo::TopKOp>(op)) {
    if (e.tensor == topK.getIndices())
      return below(typeOf(topK.getOperand()).getShape().back());
    return {};
  }
  if (auto literal = dyn_cast<hlo::ConstantOp>(op)) {
    auto dense = dyn_cast<DenseIntElementsAttr>(literal.getValue());
    if (!dense || dense.getNumElements() == 0 ||
        dense.getNumElements() > kMaxTabulated)
      return {};
    auto values =
        llvm::map_to_vector(dense.getValues<APInt>(),
                            [](const APInt &v) { return v.getSExtValue(); });
    return {*llvm::min_element(values), *llvm::max_element(values)};
  }
  StringRef name = compositeName(op);
  if (name == "onnx.TopK" && e.tensor == op->getResult(1))
    return below(
        typeOf(op->getOperand(0)).getDimSize(*compositeInt(op, "axis")));
  if (name == "onnx.NonZero") {
    // Row r holds coordinates along dimension r.
    if (auto row = e.at[0]->asConstant())
      return below(typeOf(op->getOperand(0)).getDimSize(*row));
    return {0, std::nullopt};
  }
  if (sortedBy(e.tensor) || inverseOf(e.tensor))
    return below(typeOf(e.tensor).getDimSize(0));
  if (offsets(e.tensor))
    return {0, std::nullopt};
  // A size that is the greater of two is none below either.
  Scalar kind = scalarKind(op);
  if (kind == Scalar::Max || kind == Scalar::Min) {
    IndexRange result;
    for (unsigned i = 0; i < 2; ++i) {
      auto at = operandCoordinates(op, i, e.at);
      if (!at)
        return {};
      IndexRange own = range(valueOf(op->getOperand(i), *at));
      std::optional<int64_t> &loose =
          kind == Scalar::Max ? result.high : result.low;
      std::optional<int64_t> &tight =
          kind == Scalar::Max ? result.low : result.high;
      auto ownLoose = kind == Scalar::Max ? own.high : own.low;
      auto ownTight = kind == Scalar::Max ? own.low : own.high;
      bool isMax = kind == Scalar::Max;
      if (i == 0)
        loose = ownLoose;
      else
        loose = loose && ownLoose
                    ? std::optional(isMax ? std::max(*loose, *ownLoose)
                                          : std::min(*loose, *ownLoose))
                    : std::nullopt;
      if (ownTight)
        tight = tight ? (isMax ? std::max(*tight, *ownTight)
                               : std::min(*tight, *ownTight))
                      : *ownTight;
    }
    return result;
  }
  return {};
}
