// Where scatters write, and what masks of zeros and ones say.
#include "moe/Analysis/IndexFacts.h"

#include "moe/Dialect/StableHLO/Chlo.h"
#include "moe/Dialect/StableHLO/StableHLO.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace moe;
namespace hlo = moe::stablehlo;

//===----------------------------------------------------------------------===//
// Scatters
//===----------------------------------------------------------------------===//

/// Updates that are out of bounds are skipped; only those that never are have
/// a place.
bool IndexFacts::inBounds(Index position, Value tensor, int64_t dimension) {
  int64_t size = typeOf(tensor).getDimSize(dimension);
  IndexRange bounds = range(position);
  return ShapedType::isDynamic(size) ? bounds.isNonNegative()
                                     : bounds.within(0, size - 1);
}

std::optional<Writes> IndexFacts::stableHLOWrites(Operation *op) {
  auto scatter = cast<hlo::ScatterOp>(op);
  if (scatter.getInputs().size() != 1)
    return std::nullopt;
  auto numbers = scatter.getScatterDimensionNumbers();
  Writes result{
      {}, {}, scatter.getInputs().front(), scatter.getUpdates().front()};
  Value indices = scatter.getScatterIndices();
  Coordinates batch, window;
  for (auto [d, size] : llvm::enumerate(typeOf(result.updates).getShape())) {
    result.from.push_back(symbol("u", size));
    (llvm::is_contained(numbers.getUpdateWindowDims(), static_cast<int64_t>(d))
         ? window
         : batch)
        .push_back(result.from.back());
  }
  int64_t vectorDim = numbers.getIndexVectorDim();
  bool scalars = vectorDim == typeOf(indices).getRank();
  result.to.assign(typeOf(result.data).getRank(), constant(0));
  auto next = window.begin();
  for (auto [d, coordinate] : llvm::enumerate(result.to)) {
    auto dim = static_cast<int64_t>(d);
    if (!llvm::is_contained(numbers.getInsertedWindowDims(), dim) &&
        !llvm::is_contained(numbers.getInputBatchingDims(), dim))
      coordinate = *next++;
  }
  for (auto [number, d] :
       llvm::enumerate(numbers.getScatterDimsToOperandDims())) {
    Coordinates where = batch;
    if (!scalars)
      where.insert(where.begin() + vectorDim, constant(number));
    Index start = valueOf(indices, where);
    result.to[d] = add(result.to[d], start);
    if (!inBounds(result.to[d], result.data, d))
      return std::nullopt;
  }
  for (auto [own, other] : llvm::zip(numbers.getInputBatchingDims(),
                                     numbers.getScatterIndicesBatchingDims()))
    result.to[own] = batch[other - (!scalars && other > vectorDim ? 1 : 0)];
  return result;
}

std::optional<Writes> IndexFacts::writes(Operation *op) {
  if (isa_and_present<hlo::ScatterOp>(op))
    return stableHLOWrites(op);
  StringRef name = compositeName(op);
  if (name != "onnx.ScatterElements" && name != "onnx.ScatterND")
    return std::nullopt;
  Value indices = op->getOperand(1);
  Writes result{{}, {}, op->getOperand(0), op->getOperand(2)};
  for (int64_t size : typeOf(result.updates).getShape())
    result.from.push_back(symbol("u", size));
  if (name == "onnx.ScatterElements") {
    result.to = result.from;
    result.to[*compositeInt(op, "axis")] = valueOf(indices, result.from);
    return result;
  }
  int64_t depth = typeOf(indices).getRank() - 1,
          tuple = typeOf(indices).getDimSize(depth);
  if (ShapedType::isDynamic(tuple))
    return std::nullopt;
  Coordinates where(ArrayRef(result.from).take_front(depth));
  for (int64_t i = 0; i < tuple; ++i) {
    where.push_back(constant(i));
    result.to.push_back(valueOf(indices, where));
    where.pop_back();
  }
  llvm::append_range(result.to, ArrayRef(result.from).drop_front(depth));
  return result;
}

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

std::optional<Equality> IndexFacts::equality(const Element &mask) {
  Operation *op = mask.tensor.getDefiningOp();
  if (compositeName(op) == "onnx.OneHot") {
    int64_t axis = *compositeInt(op, "axis");
    Value values = op->getOperand(1);
    if (numberOf({values, {constant(0)}}) != 0.0 ||
        numberOf({values, {constant(1)}}) != 1.0)
      return std::nullopt;
    Coordinates at = mask.at;
    Index hot = at[axis];
    at.erase(at.begin() + axis);
    return Equality{valueOf(op->getOperand(0), at), hot};
  }
  switch (scalarKind(op)) {
  case Scalar::Convert: {
    auto inner = operand(mask, 0);
    return inner ? equality(*inner) : std::nullopt;
  }
  case Scalar::Select: {
    auto condition = operand(mask, 0), one = operand(mask, 1),
         zero = operand(mask, 2);
    if (!condition || !one || !zero || numberOf(*one) != 1.0 ||
        numberOf(*zero) != 0.0)
      return std::nullopt;
    return equality(*condition);
  }
  case Scalar::Compare:
    break;
  default:
    return std::nullopt;
  }
  auto a = operand(mask, 0), b = operand(mask, 1);
  if (!a || !b)
    return std::nullopt;
  switch (directionOf(op)) {
  case hlo::ComparisonDirection::EQ:
    if (!isa<IntegerType>(typeOf(a->tensor).getElementType()))
      return std::nullopt;
    return Equality{valueOf(a->tensor, a->at), valueOf(b->tensor, b->at)};
  case hlo::ComparisonDirection::NE:
  case hlo::ComparisonDirection::GT:
    // A test of a mask of zeros and ones.
    return numberOf(*b) == 0.0 ? equality(*a) : std::nullopt;
  default:
    return std::nullopt;
  }
}
