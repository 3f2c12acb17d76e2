// Operations that compute one result element per index.
#include "Verification.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace moe::stablehlo;

RankedTensorType moe::stablehlo::mergeStaticShapes(ValueRange values) {
  auto type = cast<RankedTensorType>(values.front().getType());
  SmallVector<int64_t> shape(type.getShape());
  for (Value value : values.drop_front()) {
    auto other = cast<RankedTensorType>(value.getType());
    if (other.getRank() != type.getRank())
      continue;
    for (auto [size, otherSize] : llvm::zip_equal(shape, other.getShape()))
      if (ShapedType::isDynamic(size))
        size = otherSize;
  }
  return type.clone(shape);
}

// Checks bitcast_convert_c1 and bitcast_convert_c2.
LogicalResult BitcastConvertOp::verify() {
  auto from = cast<RankedTensorType>(getOperand().getType());
  auto to = cast<RankedTensorType>(getResult().getType());
  unsigned fromBits = from.getElementTypeBitWidth();
  unsigned toBits = to.getElementTypeBitWidth();
  if ((fromBits == 1) != (toBits == 1))
    return emitOpError() << "requires the element type of the operand (" << from
                         << ") to be i1 like that of the result (" << to << ")";
  // All widths are powers of two.
  SmallVector<int64_t> expected(from.getShape());
  if (fromBits > toBits) {
    expected.push_back(fromBits / toBits);
  } else if (fromBits < toBits) {
    if (expected.empty() || !sizesAgree(expected.back(), toBits / fromBits))
      return emitOpError() << "requires the innermost size of the operand ("
                           << from
                           << ") to equal the ratio of the element widths ("
                           << toBits / fromBits << ")";
    expected.pop_back();
  }
  return verifyShape(*this, "result", to, expected);
}

// Checks compare_c1.
LogicalResult CompareOp::verify() {
  std::optional<ComparisonType> type = getCompareType();
  if (!type || *type == ComparisonType::NOTYPE)
    return success();
  Type element = getElementTypeOrSelf(getLhs().getType());
  bool fits = false;
  switch (*type) {
  case ComparisonType::FLOAT:
  case ComparisonType::TOTALORDER:
    fits = isa<FloatType>(element);
    break;
  case ComparisonType::UNSIGNED:
    fits = element.isUnsignedInteger() || element.isInteger(1);
    break;
  case ComparisonType::SIGNED:
    fits = element.isSignlessInteger() && !element.isInteger(1);
    break;
  case ComparisonType::NOTYPE:
    break;
  }
  if (fits)
    return success();
  return emitOpError() << "requires 'compare_type' ("
                       << stringifyComparisonType(*type)
                       << ") to fit the element type (" << element << ")";
}

// Checks select_c1 and select_c2.
LogicalResult SelectOp::verify() {
  auto type = cast<RankedTensorType>(getOnTrue().getType());
  for (auto [name, other] :
       {std::pair<StringRef, Type>{"on_false", getOnFalse().getType()},
        std::pair<StringRef, Type>{"result", getResult().getType()}}) {
    if (getElementTypeOrSelf(other) != type.getElementType())
      return emitOpError() << "requires the element type of '" << name << "' ("
                           << other << ") to equal that of 'on_true' (" << type
                           << ")";
    if (failed(verifyShape(*this, name, other, type.getShape())))
      return failure();
  }
  auto pred = cast<RankedTensorType>(getPred().getType());
  if (pred.getRank() == 0)
    return success();
  return verifyShape(*this, "pred", pred, type.getShape());
}

// Checks clamp_c1 and clamp_c2.
LogicalResult ClampOp::verify() {
  auto type = cast<RankedTensorType>(getOperand().getType());
  for (auto [name, limit] : {std::pair<StringRef, Value>{"min", getMin()},
                             std::pair<StringRef, Value>{"max", getMax()}}) {
    auto limitType = cast<RankedTensorType>(limit.getType());
    if (limitType.getRank() != 0 &&
        failed(verifyShape(*this, name, limitType, type.getShape())))
      return failure();
  }
  return verifyShape(*this, "result", getResult().getType(), type.getShape());
}
