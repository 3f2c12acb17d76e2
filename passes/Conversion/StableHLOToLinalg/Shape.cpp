// Constants, rearrangements and sizes.
#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "moe/Dialect/Support/MoESupport.h"

using namespace mlir;
using namespace moe::graph;
using namespace moe::stablehlo;

namespace {

/// Dense constants up to this size stay in the code; larger ones are weights.
constexpr int64_t maxInlineElements = 64;

struct ConvertConstant : OpConversionPattern<ConstantOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ConstantOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(
        getTypeConverter()->convertType(op.getOutput().getType()));
    ElementsAttr value = op.getValue();
    if (auto dense = dyn_cast<DenseElementsAttr>(value)) {
      if (dense.getType() != type)
        dense = dense.bitcast(type.getElementType());
      if (dense.isSplat() || dense.getNumElements() <= maxInlineElements) {
        rewriter.replaceOpWithNewOp<arith::ConstantOp>(op, dense);
        return success();
      }
      value = dense;
    }
    Value weight = moe::support::WeightOp::create(rewriter, op.getLoc(), value);
    if (weight.getType() != type)
      weight = tensor::BitcastOp::create(rewriter, op.getLoc(), type, weight);
    rewriter.replaceOp(op, weight);
    return success();
  }
};

Value buildIota(OpBuilder &b, Location loc, RankedTensorType type, Type element,
                ArrayRef<OpFoldResult> sizes, int64_t dim) {
  Value init = emptyOf(b, loc, type, sizes);
  return linalg::GenericOp::create(
             b, loc, type, ValueRange(), init,
             b.getMultiDimIdentityMap(type.getRank()),
             parallelLoops(type.getRank()),
             [&](OpBuilder &nested, Location loc, ValueRange) {
               Value index = linalg::IndexOp::create(nested, loc, dim);
               Value number = arith::IndexCastOp::create(
                   nested, loc, nested.getI64Type(), index);
               linalg::YieldOp::create(nested, loc,
                                       convertScalar(nested, loc, number,
                                                     nested.getI64Type(),
                                                     element));
             })
      .getResult(0);
}

struct ConvertIota : OpConversionPattern<IotaOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(IotaOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(
        getTypeConverter()->convertType(op.getOutput().getType()));
    rewriter.replaceOp(op, buildIota(rewriter, op.getLoc(), type,
                                     elementType(op.getOutput()), {},
                                     op.getIotaDimension()));
    return success();
  }
};

struct ConvertDynamicIota : OpConversionPattern<DynamicIotaOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(DynamicIotaOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type =
        cast<RankedTensorType>(getTypeConverter()->convertType(op.getType()));
    SmallVector<OpFoldResult> sizes = getAsOpFoldResult(
        readIndices(rewriter, loc, adaptor.getOutputShape(), type.getRank(),
                    zeroExtends(elementType(op.getOutputShape()))));
    rewriter.replaceOp(op, buildIota(rewriter, loc, type,
                                     elementType(op.getResult()), sizes,
                                     op.getIotaDimension()));
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Reshapes
//===----------------------------------------------------------------------===//

/// A reshape between static shapes as collapse and expand.
Value staticReshape(OpBuilder &b, Location loc, Value value,
                    RankedTensorType type) {
  auto from = cast<RankedTensorType>(value.getType());
  if (from == type)
    return value;
  auto change = [&](Value input, RankedTensorType to) -> Value {
    auto inputType = cast<RankedTensorType>(input.getType());
    std::optional<SmallVector<ReassociationIndices>> groups =
        getReassociationIndicesForReshape(inputType, to);
    if (!groups)
      return {};
    if (inputType.getRank() > to.getRank())
      return tensor::CollapseShapeOp::create(b, loc, to, input, *groups);
    return tensor::ExpandShapeOp::create(b, loc, to, input, *groups);
  };
  if (from.getRank() != type.getRank())
    if (Value direct = change(value, type))
      return direct;
  // Through one dimension.
  RankedTensorType flat =
      RankedTensorType::get(from.getNumElements(), from.getElementType());
  if (from.getRank() == 0)
    value = tensor::ExpandShapeOp::create(b, loc, flat, value,
                                          ArrayRef<ReassociationIndices>{});
  else if (from.getRank() > 1)
    value = tensor::CollapseShapeOp::create(
        b, loc, flat, value,
        ReassociationIndices(
            llvm::to_vector(llvm::seq<int64_t>(0, from.getRank()))));
  if (type.getRank() == 0)
    return tensor::CollapseShapeOp::create(b, loc, type, value,
                                           ArrayRef<ReassociationIndices>{});
  if (type.getRank() == 1)
    return value;
  return tensor::ExpandShapeOp::create(
      b, loc, type, value,
      ReassociationIndices(
          llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()))));
}

/// A reshape to computed sizes; stops the program where the numbers of elements
/// differ.
Value dynamicReshape(OpBuilder &b, Location loc, Value value,
                     ArrayRef<Value> sizes, RankedTensorType type) {
  auto from = cast<RankedTensorType>(value.getType());
  Value one = indexConstant(b, loc, 1), none = indexConstant(b, loc, 0);
  Value oldCount = one, newCount = one;
  Value valid = arith::ConstantIntOp::create(b, loc, 1, /*width=*/1);
  for (int64_t dim = 0; dim < from.getRank(); ++dim)
    oldCount =
        arith::MulIOp::create(b, loc, oldCount, sizeOf(b, loc, value, dim));
  for (auto [dim, size] : llvm::enumerate(sizes)) {
    newCount = arith::MulIOp::create(b, loc, newCount, size);
    Value fits = type.isDynamicDim(dim)
                     ? arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge,
                                             size, none)
                     : arith::CmpIOp::create(
                           b, loc, arith::CmpIPredicate::eq, size,
                           indexConstant(b, loc, type.getDimSize(dim)));
    valid = arith::AndIOp::create(b, loc, valid, fits);
  }
  Value equal = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                      oldCount, newCount);
  require(b, loc, arith::AndIOp::create(b, loc, valid, equal),
          "requires the number of elements before a reshape ({0}) to equal "
          "that behind it ({1}), in the sizes of its type",
          {oldCount, newCount});
  Value shape = tensor::FromElementsOp::create(
      b, loc,
      RankedTensorType::get(static_cast<int64_t>(sizes.size()),
                            b.getIndexType()),
      sizes);
  return tensor::ReshapeOp::create(b, loc, type, value, shape);
}

struct ConvertReshape : OpConversionPattern<ReshapeOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ReshapeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(
        getTypeConverter()->convertType(op.getResult().getType()));
    Value value = adaptor.getOperand();
    if (cast<RankedTensorType>(value.getType()).hasStaticShape()) {
      rewriter.replaceOp(op, staticReshape(rewriter, loc, value, type));
      return success();
    }
    SmallVector<Value> sizes;
    for (int64_t size : type.getShape())
      sizes.push_back(indexConstant(rewriter, loc, size));
    rewriter.replaceOp(op, dynamicReshape(rewriter, loc, value, sizes, type));
    return success();
  }
};

struct ConvertDynamicReshape : OpConversionPattern<DynamicReshapeOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(DynamicReshapeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type =
        cast<RankedTensorType>(getTypeConverter()->convertType(op.getType()));
    SmallVector<Value> sizes =
        readIndices(rewriter, loc, adaptor.getOutputShape(), type.getRank(),
                    zeroExtends(elementType(op.getOutputShape())));
    rewriter.replaceOp(
        op, dynamicReshape(rewriter, loc, adaptor.getOperand(), sizes, type));
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Transposition, reversal, concatenation
//===----------------------------------------------------------------------===//

struct ConvertTranspose : OpConversionPattern<TransposeOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(TransposeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type =
        cast<RankedTensorType>(getTypeConverter()->convertType(op.getType()));
    SmallVector<OpFoldResult> sizes;
    for (int64_t dim : op.getPermutation())
      sizes.push_back(sizeOf(rewriter, loc, adaptor.getOperand(), dim));
    Value init = emptyOf(rewriter, loc, type, sizes);
    rewriter.replaceOp(
        op, linalg::TransposeOp::create(rewriter, loc, adaptor.getOperand(),
                                        init, op.getPermutation())
                ->getResults());
    return success();
  }
};

struct ConvertReverse : OpConversionPattern<ReverseOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ReverseOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type =
        cast<RankedTensorType>(getTypeConverter()->convertType(op.getType()));
    Value operand = adaptor.getOperand();
    SmallVector<Value> last(type.getRank());
    for (int64_t dim : op.getDimensions())
      last[dim] = arith::SubIOp::create(rewriter, loc,
                                        sizeOf(rewriter, loc, operand, dim),
                                        indexConstant(rewriter, loc, 1));
    rewriter.replaceOp(
        op,
        elementwise(
            rewriter, loc, type, {}, operand,
            [&](OpBuilder &b, Location loc, ValueRange) -> Value {
              SmallVector<Value> indices;
              for (auto [dim, end] : llvm::enumerate(last)) {
                Value index = linalg::IndexOp::create(b, loc, dim);
                indices.push_back(
                    end ? arith::SubIOp::create(b, loc, end, index).getResult()
                        : index);
              }
              return tensor::ExtractOp::create(b, loc, operand, indices);
            }));
    return success();
  }
};

struct ConvertConcatenate : OpConversionPattern<ConcatenateOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ConcatenateOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type =
        cast<RankedTensorType>(getTypeConverter()->convertType(op.getType()));
    int64_t axis = op.getDimension();
    for (unsigned i = 1; i < op.getInputs().size(); ++i)
      for (int64_t dim = 0; dim < type.getRank(); ++dim)
        if (dim != axis)
          requireEqualSizes(rewriter, op, 0, dim, adaptor.getInputs()[0], i,
                            dim, adaptor.getInputs()[i]);
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(rewriter, loc, adaptor.getInputs().front());
    OpFoldResult offset = rewriter.getIndexAttr(0);
    SmallVector<OpFoldResult> offsets;
    for (Value input : adaptor.getInputs()) {
      offsets.push_back(offset);
      offset = add(rewriter, loc, offset,
                   tensor::getMixedSize(rewriter, loc, input, axis));
    }
    sizes[axis] = offset;
    Value result = emptyOf(rewriter, loc, type, sizes);
    SmallVector<OpFoldResult> strides(type.getRank(), rewriter.getIndexAttr(1));
    for (auto [input, at] : llvm::zip_equal(adaptor.getInputs(), offsets)) {
      SmallVector<OpFoldResult> position(type.getRank(),
                                         rewriter.getIndexAttr(0));
      position[axis] = at;
      result = tensor::InsertSliceOp::create(
          rewriter, loc, input, result, position,
          tensor::getMixedSizes(rewriter, loc, input), strides);
    }
    rewriter.replaceOp(op, result);
    return success();
  }

private:
  static OpFoldResult add(OpBuilder &b, Location loc, OpFoldResult lhs,
                          OpFoldResult rhs) {
    std::optional<int64_t> left = getConstantIntValue(lhs);
    std::optional<int64_t> right = getConstantIntValue(rhs);
    if (left && right)
      return b.getIndexAttr(*left + *right);
    return arith::AddIOp::create(b, loc,
                                 getValueOrCreateConstantIndexOp(b, loc, lhs),
                                 getValueOrCreateConstantIndexOp(b, loc, rhs))
        .getResult();
  }
};

//===----------------------------------------------------------------------===//
// Padding
//===----------------------------------------------------------------------===//

/// Fills a tensor with the value, writes the operand into it with gaps, and
/// cuts off what negative edges remove.
Value buildPad(OpBuilder &b, Location loc, Value operand, Value value,
               ArrayRef<Value> low, ArrayRef<Value> high,
               ArrayRef<Value> interior, RankedTensorType type) {
  int64_t rank = type.getRank();
  Value none = indexConstant(b, loc, 0), one = indexConstant(b, loc, 1);
  SmallVector<OpFoldResult> fullSizes, offsets, strides, cutOffsets, cutSizes;
  SmallVector<OpFoldResult> ones(rank, b.getIndexAttr(1));
  for (int64_t dim = 0; dim < rank; ++dim) {
    auto fold = [](Value v) { return getAsOpFoldResult(v); };
    Value size = sizeOf(b, loc, operand, dim);
    Value gaps = arith::MaxSIOp::create(
        b, loc, arith::SubIOp::create(b, loc, size, one), none);
    Value spread = arith::AddIOp::create(
        b, loc, size, arith::MulIOp::create(b, loc, gaps, interior[dim]));
    Value front = arith::MaxSIOp::create(b, loc, low[dim], none);
    Value back = arith::MaxSIOp::create(b, loc, high[dim], none);
    Value full = arith::AddIOp::create(
        b, loc, spread, arith::AddIOp::create(b, loc, front, back));
    Value total = arith::AddIOp::create(
        b, loc, spread, arith::AddIOp::create(b, loc, low[dim], high[dim]));
    requireAtMost(b, loc, none, total, "zero", "the size that padding leaves");
    fullSizes.push_back(fold(full));
    offsets.push_back(fold(front));
    strides.push_back(
        fold(arith::AddIOp::create(b, loc, interior[dim], one).getResult()));
    cutOffsets.push_back(
        fold(arith::SubIOp::create(b, loc, front, low[dim]).getResult()));
    cutSizes.push_back(fold(total));
  }
  SmallVector<int64_t> dynamicShape(rank, ShapedType::kDynamic);
  Value padded =
      fill(b, loc, value,
           emptyOf(b, loc,
                   RankedTensorType::get(dynamicShape, type.getElementType()),
                   fullSizes));
  padded = tensor::InsertSliceOp::create(b, loc, operand, padded, offsets,
                                         tensor::getMixedSizes(b, loc, operand),
                                         strides);
  Value cut = tensor::ExtractSliceOp::create(b, loc, padded, cutOffsets,
                                             cutSizes, ones);
  return castTo(b, loc, cut, type);
}

/// The common form: static amounts, none negative, nothing between elements.
struct ConvertPad : OpConversionPattern<PadOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(PadOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type =
        cast<RankedTensorType>(getTypeConverter()->convertType(op.getType()));
    Value value = readScalar(rewriter, loc, adaptor.getPaddingValue());
    Value operand = adaptor.getOperand();
    ArrayRef<int64_t> low = op.getEdgePaddingLow(),
                      high = op.getEdgePaddingHigh(),
                      interior = op.getInteriorPadding();
    auto isNegative = [](int64_t amount) { return amount < 0; };
    if (type.hasStaticShape() && llvm::none_of(low, isNegative) &&
        llvm::none_of(high, isNegative)) {
      Value padded =
          fill(rewriter, loc, value, emptyOf(rewriter, loc, type, {}));
      SmallVector<OpFoldResult> strides;
      for (int64_t amount : interior)
        strides.push_back(rewriter.getIndexAttr(amount + 1));
      rewriter.replaceOpWithNewOp<tensor::InsertSliceOp>(
          op, operand, padded, getAsIndexOpFoldResult(getContext(), low),
          tensor::getMixedSizes(rewriter, loc, operand), strides);
      return success();
    }
    auto constants = [&](ArrayRef<int64_t> list) {
      return llvm::map_to_vector(list, [&](int64_t amount) {
        return indexConstant(rewriter, loc, amount);
      });
    };
    rewriter.replaceOp(op,
                       buildPad(rewriter, loc, operand, value, constants(low),
                                constants(high), constants(interior), type));
    return success();
  }
};

struct ConvertDynamicPad : OpConversionPattern<DynamicPadOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(DynamicPadOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type =
        cast<RankedTensorType>(getTypeConverter()->convertType(op.getType()));
    auto read = [&](Value list, Value original) {
      return readIndices(rewriter, loc, list, type.getRank(),
                         zeroExtends(elementType(original)));
    };
    SmallVector<Value> interior =
        read(adaptor.getInteriorPadding(), op.getInteriorPadding());
    for (Value amount : interior)
      requireAtMost(rewriter, loc, indexConstant(rewriter, loc, 0), amount,
                    "zero", "the padding between elements");
    rewriter.replaceOp(
        op,
        buildPad(rewriter, loc, adaptor.getOperand(),
                 readScalar(rewriter, loc, adaptor.getPaddingValue()),
                 read(adaptor.getEdgePaddingLow(), op.getEdgePaddingLow()),
                 read(adaptor.getEdgePaddingHigh(), op.getEdgePaddingHigh()),
                 interior, type));
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

struct ConvertGetDimensionSize : OpConversionPattern<GetDimensionSizeOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(GetDimensionSizeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value size = sizeOf(rewriter, loc, adaptor.getOperand(), op.getDimension());
    Value number =
        arith::IndexCastOp::create(rewriter, loc, rewriter.getI32Type(), size);
    rewriter.replaceOp(op, makeScalarTensor(rewriter, loc, number));
    return success();
  }
};

struct ConvertSetDimensionSize : OpConversionPattern<SetDimensionSizeOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(SetDimensionSizeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type =
        cast<RankedTensorType>(getTypeConverter()->convertType(op.getType()));
    Value operand = adaptor.getOperand();
    int64_t dim = op.getDimension();
    Value size =
        toIndex(rewriter, loc, readScalar(rewriter, loc, adaptor.getSize()),
                /*isUnsigned=*/false);
    // Unsigned, so that a negative size is too large.
    require(rewriter, loc,
            arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::ule,
                                  size, sizeOf(rewriter, loc, operand, dim)),
            "requires the new size of a dimension ({0}) to be at most the old "
            "one ({1})",
            {size, sizeOf(rewriter, loc, operand, dim)});
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(rewriter, loc, operand);
    sizes[dim] = size;
    SmallVector<OpFoldResult> zeros(type.getRank(), rewriter.getIndexAttr(0));
    SmallVector<OpFoldResult> ones(type.getRank(), rewriter.getIndexAttr(1));
    Value slice = tensor::ExtractSliceOp::create(rewriter, loc, operand, zeros,
                                                 sizes, ones);
    rewriter.replaceOp(op, castTo(rewriter, loc, slice, type));
    return success();
  }
};

} // namespace

void moe::graph::populateShapePatterns(RewritePatternSet &patterns,
                                       const TypeConverter &converter) {
  patterns.add<ConvertConstant, ConvertIota, ConvertDynamicIota, ConvertReshape,
               ConvertDynamicReshape, ConvertTranspose, ConvertReverse,
               ConvertConcatenate, ConvertPad, ConvertDynamicPad,
               ConvertGetDimensionSize, ConvertSetDimensionSize>(
      converter, patterns.getContext());
}
