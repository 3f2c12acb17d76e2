// Constants and rearrangements of elements.
#include "Verification.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace moe::stablehlo;

//===----------------------------------------------------------------------===//
// constant
//===----------------------------------------------------------------------===//

void ConstantOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getOutput(),
          isa<FloatType>(getOutput().getType().getElementType()) ? "cst" : "c");
}

// Reads `elements` with its type, or the generic form behind the name that old
// producers wrote: `() {value = elements} : () -> type`.
ParseResult ConstantOp::parse(OpAsmParser &parser, OperationState &result) {
  if (succeeded(parser.parseOptionalLParen())) {
    if (parser.parseRParen() || parser.parseOptionalAttrDict(result.attributes))
      return failure();
    Type type;
    if (parser.parseColon() || parser.parseLParen() || parser.parseRParen() ||
        parser.parseArrow() || parser.parseType(type))
      return failure();
    result.addTypes(type);
    return success();
  }
  ElementsAttr value;
  if (parser.parseOptionalAttrDict(result.attributes) ||
      parser.parseAttribute(value, getValueAttrName(result.name),
                            result.attributes))
    return failure();
  result.addTypes(value.getType());
  return success();
}

void ConstantOp::print(OpAsmPrinter &printer) {
  printer.printOptionalAttrDict((*this)->getAttrs(), {getValueAttrName()});
  printer << ' ' << getValueAttr();
}

// Checks constant_c1.
LogicalResult ConstantOp::verify() {
  if (getValue().getType() == getOutput().getType())
    return success();
  return emitOpError() << "requires the type of 'value' ("
                       << getValue().getType()
                       << ") to equal that of 'output' ("
                       << getOutput().getType() << ")";
}

//===----------------------------------------------------------------------===//
// iota, dynamic_iota
//===----------------------------------------------------------------------===//

// Checks iota_c1.
LogicalResult IotaOp::verify() {
  return verifyDimension(*this, "iota_dimension", getIotaDimension(), "output",
                         cast<ShapedType>(getOutput().getType()).getRank());
}

// Checks dynamic_iota_c1 and dynamic_iota_c2.
LogicalResult DynamicIotaOp::verify() {
  int64_t rank = getResult().getType().getRank();
  if (failed(verifyDimension(*this, "iota_dimension", getIotaDimension(),
                             "result", rank)))
    return failure();
  return verifyLength(*this, "output_shape", getOutputShape(),
                      "rank of 'result'", rank);
}

//===----------------------------------------------------------------------===//
// reshape, dynamic_reshape
//===----------------------------------------------------------------------===//

static LogicalResult verifyElementCounts(Operation *op, ShapedType from,
                                         ShapedType to) {
  for (ShapedType type : {from, to})
    if (type.hasStaticShape() && !countElements(type))
      return op->emitOpError() << "requires the number of elements of " << type
                               << " to be less than 2^63";
  std::optional<int64_t> fromCount = countElements(from);
  std::optional<int64_t> toCount = countElements(to);
  if (!fromCount || !toCount || *fromCount == *toCount)
    return success();
  return op->emitOpError() << "requires the number of elements of 'result' ("
                           << *toCount << ") to equal that of 'operand' ("
                           << *fromCount << ")";
}

// Checks reshape_c1.
LogicalResult ReshapeOp::verify() {
  return verifyElementCounts(*this, getOperand().getType(),
                             cast<ShapedType>(getResult().getType()));
}

// Checks dynamic_reshape_c1 and dynamic_reshape_c2.
LogicalResult DynamicReshapeOp::verify() {
  if (failed(verifyLength(*this, "output_shape", getOutputShape(),
                          "rank of 'result'", getResult().getType().getRank())))
    return failure();
  return verifyElementCounts(*this, getOperand().getType(),
                             getResult().getType());
}

//===----------------------------------------------------------------------===//
// broadcast_in_dim, dynamic_broadcast_in_dim
//===----------------------------------------------------------------------===//

static LogicalResult verifyBroadcast(Operation *op, ShapedType from,
                                     ArrayRef<int64_t> dims, ShapedType to) {
  if (failed(verifyLength(op, "broadcast_dimensions", dims.size(),
                          "rank of 'operand'", from.getRank())) ||
      failed(verifyDimensions(op, "broadcast_dimensions", dims, to.getRank())))
    return failure();
  for (auto [index, dim] : llvm::enumerate(dims)) {
    int64_t size = from.getDimSize(index);
    if (size != 1 && !sizesAgree(size, to.getDimSize(dim)))
      return op->emitOpError()
             << "requires the size of dimension #" << index << " of 'operand' ("
             << size << ") to be 1 or to equal that of dimension #" << dim
             << " of 'result' (" << to.getDimSize(dim) << ")";
  }
  return success();
}

// Checks broadcast_in_dim_c1 to broadcast_in_dim_c3.
LogicalResult BroadcastInDimOp::verify() {
  return verifyBroadcast(*this, getOperand().getType(),
                         getBroadcastDimensions(),
                         cast<ShapedType>(getResult().getType()));
}

// Checks dynamic_broadcast_in_dim_c1 to dynamic_broadcast_in_dim_c4.
LogicalResult DynamicBroadcastInDimOp::verify() {
  auto from = cast<ShapedType>(getOperand().getType());
  auto to = cast<ShapedType>(getResult().getType());
  if (failed(verifyLength(*this, "output_dimensions", getOutputDimensions(),
                          "rank of 'result'", to.getRank())) ||
      failed(verifyBroadcast(*this, from, getBroadcastDimensions(), to)))
    return failure();
  ArrayRef<int64_t> expanding = getI64List(getKnownExpandingDimensionsAttr());
  ArrayRef<int64_t> nonexpanding =
      getI64List(getKnownNonexpandingDimensionsAttr());
  SmallVector<int64_t> known(expanding);
  known.append(nonexpanding.begin(), nonexpanding.end());
  return verifyDimensions(*this, "known dimensions", known, from.getRank());
}

//===----------------------------------------------------------------------===//
// transpose, reverse
//===----------------------------------------------------------------------===//

void TransposeOp::build(OpBuilder &builder, OperationState &state,
                        Value operand, ArrayRef<int64_t> permutation) {
  auto type = cast<RankedTensorType>(operand.getType());
  build(builder, state,
        type.clone(applyPermutation(type.getShape(), permutation)), operand,
        builder.getDenseI64ArrayAttr(permutation));
}

// Checks transpose_c1 and transpose_c2.
LogicalResult TransposeOp::verify() {
  RankedTensorType type = getOperand().getType();
  ArrayRef<int64_t> permutation = getPermutation();
  if (failed(verifyLength(*this, "permutation", permutation.size(),
                          "rank of 'operand'", type.getRank())) ||
      failed(
          verifyDimensions(*this, "permutation", permutation, type.getRank())))
    return failure();
  return verifyShape(*this, "result", getResult().getType(),
                     applyPermutation(type.getShape(), permutation));
}

// Checks reverse_c1.
LogicalResult ReverseOp::verify() {
  return verifyDimensions(*this, "dimensions", getDimensions(),
                          getOperand().getType().getRank());
}

//===----------------------------------------------------------------------===//
// concatenate
//===----------------------------------------------------------------------===//

void ConcatenateOp::build(OpBuilder &builder, OperationState &state,
                          ValueRange inputs, int64_t dimension) {
  auto type = cast<RankedTensorType>(inputs.front().getType());
  SmallVector<int64_t> shape(type.getShape());
  for (Value input : inputs.drop_front()) {
    ArrayRef<int64_t> other =
        cast<RankedTensorType>(input.getType()).getShape();
    for (auto [dim, size] : llvm::enumerate(shape)) {
      if (static_cast<int64_t>(dim) == dimension)
        size = ShapedType::isDynamic(size) || ShapedType::isDynamic(other[dim])
                   ? ShapedType::kDynamic
                   : size + other[dim];
      else if (ShapedType::isDynamic(size))
        size = other[dim];
    }
  }
  build(builder, state, type.clone(shape), inputs,
        builder.getI64IntegerAttr(dimension));
}

// Checks concatenate_c1 to concatenate_c3.
LogicalResult ConcatenateOp::verify() {
  if (getInputs().empty())
    return emitOpError() << "expects at least one input, but got none";
  RankedTensorType type = getResult().getType();
  int64_t dimension = getDimension();
  if (failed(verifyDimension(*this, "dimension", dimension, "result",
                             type.getRank())))
    return failure();
  std::optional<int64_t> total = 0;
  bool dynamic = false;
  for (auto [index, input] : llvm::enumerate(getInputs())) {
    auto inputType = cast<RankedTensorType>(input.getType());
    SmallVector<int64_t> expected(type.getShape());
    if (inputType.getRank() == type.getRank())
      expected[dimension] = inputType.getDimSize(dimension);
    if (!shapesAgree(inputType.getShape(), expected))
      return emitOpError() << "requires input #" << index << " (" << inputType
                           << ") to have the shape of 'result' (" << type
                           << ") outside dimension " << dimension;
    if (ShapedType::isDynamic(expected[dimension]))
      dynamic = true;
    else if (total)
      total = llvm::checkedAdd(*total, expected[dimension]);
  }
  int64_t size = type.getDimSize(dimension);
  if (ShapedType::isDynamic(size))
    return success();
  if (!total || (dynamic ? *total > size : *total != size))
    return emitOpError() << "requires the sum of the inputs' sizes along "
                            "dimension "
                         << dimension << " (" << total.value_or(-1)
                         << ") to equal the size of 'result' (" << size << ")";
  return success();
}

//===----------------------------------------------------------------------===//
// pad, dynamic_pad
//===----------------------------------------------------------------------===//

/// The size of a padded dimension, or nothing where it overflows.
static std::optional<int64_t> paddedSize(int64_t size, int64_t low,
                                         int64_t high, int64_t interior) {
  std::optional<int64_t> between =
      llvm::checkedMul(std::max<int64_t>(size - 1, 0), interior);
  std::optional<int64_t> total =
      between ? llvm::checkedAdd(size, *between) : std::nullopt;
  total = total ? llvm::checkedAdd(*total, low) : std::nullopt;
  return total ? llvm::checkedAdd(*total, high) : std::nullopt;
}

void PadOp::build(OpBuilder &builder, OperationState &state, Value operand,
                  Value paddingValue, ArrayRef<int64_t> low,
                  ArrayRef<int64_t> high, ArrayRef<int64_t> interior) {
  auto type = cast<RankedTensorType>(operand.getType());
  SmallVector<int64_t> shape;
  for (auto [dim, size] : llvm::enumerate(type.getShape()))
    shape.push_back(ShapedType::isDynamic(size)
                        ? ShapedType::kDynamic
                        : paddedSize(size, low[dim], high[dim], interior[dim])
                              .value_or(ShapedType::kDynamic));
  build(builder, state, type.clone(shape), operand, paddingValue,
        builder.getDenseI64ArrayAttr(low), builder.getDenseI64ArrayAttr(high),
        builder.getDenseI64ArrayAttr(interior));
}

// Checks pad_c1 to pad_c3.
LogicalResult PadOp::verify() {
  RankedTensorType type = getOperand().getType();
  ArrayRef<int64_t> low = getEdgePaddingLow(), high = getEdgePaddingHigh(),
                    interior = getInteriorPadding();
  if (failed(verifyLengths(*this,
                           {{"edge_padding_low", low},
                            {"edge_padding_high", high},
                            {"interior_padding", interior}},
                           "rank of 'operand'", type.getRank())))
    return failure();
  SmallVector<int64_t> expected;
  for (auto [dim, size] : llvm::enumerate(type.getShape())) {
    if (interior[dim] < 0)
      return emitOpError()
             << "expects non-negative 'interior_padding', but got "
             << interior[dim];
    if (ShapedType::isDynamic(size)) {
      expected.push_back(size);
      continue;
    }
    std::optional<int64_t> padded =
        paddedSize(size, low[dim], high[dim], interior[dim]);
    if (!padded || *padded < 0)
      return emitOpError() << "requires the padded size of dimension #" << dim
                           << " to be non-negative and below 2^63";
    expected.push_back(*padded);
  }
  return verifyShape(*this, "result", getResult().getType(), expected);
}

// Checks dynamic_pad_c1.
LogicalResult DynamicPadOp::verify() {
  return verifyPerDimension(*this, getOperand().getType(),
                            getResult().getType(),
                            {{"edge_padding_low", getEdgePaddingLow()},
                             {"edge_padding_high", getEdgePaddingHigh()},
                             {"interior_padding", getInteriorPadding()}});
}

//===----------------------------------------------------------------------===//
// get_dimension_size, set_dimension_size
//===----------------------------------------------------------------------===//

// Checks get_dimension_size_c1.
LogicalResult GetDimensionSizeOp::verify() {
  return verifyDimension(*this, "dimension", getDimension(), "operand",
                         getOperand().getType().getRank());
}

// Checks set_dimension_size_c1 and set_dimension_size_c2.
LogicalResult SetDimensionSizeOp::verify() {
  RankedTensorType type = getOperand().getType();
  if (failed(verifyDimension(*this, "dimension", getDimension(), "operand",
                             type.getRank())))
    return failure();
  SmallVector<int64_t> expected(type.getShape());
  expected[getDimension()] = ShapedType::kDynamic;
  return verifyShape(*this, "result", getResult().getType(), expected);
}
