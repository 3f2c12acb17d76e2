// A convolution is one generic contraction. Zeros around and between elements
// and a reversed window become operations of the graph level on its operands,
// which other patterns lower; what remains is affine in the loops.
#include "Lowering.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace moe::graph;
using namespace moe::stablehlo;

namespace {

/// `lhs` with the zeros that the window sees around and between its elements.
Value padSpatial(OpBuilder &b, ConvolutionOp op,
                 ArrayRef<ConvolutionOp::Window> window) {
  auto type = op.getLhs().getType();
  SmallVector<int64_t> shape(type.getShape()), low(type.getRank(), 0),
      high(low), interior(low);
  for (auto [index, dim] :
       llvm::enumerate(op.getDimensionNumbers().getInputSpatialDimensions())) {
    low[dim] = window[index].low;
    high[dim] = window[index].high;
    interior[dim] = window[index].lhsDilation - 1;
    if (!ShapedType::isDynamic(shape[dim]))
      shape[dim] += std::max<int64_t>(shape[dim] - 1, 0) * interior[dim] +
                    low[dim] + high[dim];
  }
  auto isZero = [](int64_t amount) { return amount == 0; };
  if (llvm::all_of(low, isZero) && llvm::all_of(high, isZero) &&
      llvm::all_of(interior, isZero))
    return op.getLhs();
  auto scalar = RankedTensorType::get({}, type.getElementType());
  Value none = ConstantOp::create(
      b, op.getLoc(),
      DenseElementsAttr::get(scalar, b.getZeroAttr(type.getElementType())));
  return PadOp::create(b, op.getLoc(), type.clone(shape), op.getLhs(), none,
                       b.getDenseI64ArrayAttr(low),
                       b.getDenseI64ArrayAttr(high),
                       b.getDenseI64ArrayAttr(interior));
}

/// `rhs` in the order in which the window is passed over.
Value reverseWindow(OpBuilder &b, ConvolutionOp op,
                    ArrayRef<ConvolutionOp::Window> window) {
  SmallVector<int64_t> dims;
  for (auto [index, dim] :
       llvm::enumerate(op.getDimensionNumbers().getKernelSpatialDimensions()))
    if (window[index].reversed)
      dims.push_back(dim);
  if (dims.empty())
    return op.getRhs();
  return ReverseOp::create(b, op.getLoc(), op.getRhs(), dims);
}

/// How many windows of `size` elements fit into dimension `dim` of `padded`.
Value countWindows(OpBuilder &b, Location loc, Value padded, int64_t dim,
                   int64_t size, const ConvolutionOp::Window &window) {
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  int64_t extent = size == 0 ? 0 : window.rhsDilation * (size - 1) + 1;
  Value room =
      arith::AddIOp::create(b, loc, tensor::DimOp::create(b, loc, padded, dim),
                            index(window.stride - extent));
  room = arith::MaxSIOp::create(b, loc, room, index(0));
  return arith::DivUIOp::create(b, loc, room, index(window.stride));
}

/// Loops: the dimensions of the result in its order, then the input features of
/// a group, then the window. The group is that of the output feature.
struct ConvertConvolution : OpConversionPattern<ConvolutionOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ConvolutionOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    ConvDimensionNumbersAttr numbers = op.getDimensionNumbers();
    RankedTensorType lhsType = op.getLhs().getType();
    RankedTensorType rhsType = op.getRhs().getType();
    RankedTensorType type = op.getResult().getType();
    int64_t rank = type.getRank(), spatial = rank - 2;
    int64_t depth =
        rhsType.getDimSize(numbers.getKernelInputFeatureDimension());
    int64_t outputs =
        rhsType.getDimSize(numbers.getKernelOutputFeatureDimension());
    int64_t batch = type.getDimSize(numbers.getOutputBatchDimension());
    int64_t groups = op.getFeatureGroupCount() * op.getBatchGroupCount();
    if (ShapedType::isDynamic(depth) || ShapedType::isDynamic(outputs) ||
        (op.getBatchGroupCount() > 1 && ShapedType::isDynamic(batch)))
      return rewriter.notifyMatchFailure(op, "sizes of groups are dynamic");
    if (!rhsType.hasStaticShape())
      return rewriter.notifyMatchFailure(op, "the window is dynamic");

    SmallVector<ConvolutionOp::Window> window = op.getWindow();
    Value lhs = rewriter.getRemappedValue(padSpatial(rewriter, op, window));
    Value rhs = rewriter.getRemappedValue(reverseWindow(rewriter, op, window));
    if (!lhs || !rhs)
      return rewriter.notifyMatchFailure(op, "operands are not converted");

    auto loop = [&](int64_t index) { return rewriter.getAffineDimExpr(index); };
    AffineExpr outputFeature = loop(numbers.getOutputFeatureDimension());
    AffineExpr group =
        groups == 1
            ? rewriter.getAffineConstantExpr(0)
            : outputFeature.floorDiv(std::max<int64_t>(outputs / groups, 1));
    SmallVector<AffineExpr> lhsExprs(rank), rhsExprs(rank);
    AffineExpr feature = loop(rank);
    lhsExprs[numbers.getInputBatchDimension()] =
        loop(numbers.getOutputBatchDimension());
    lhsExprs[numbers.getInputFeatureDimension()] = feature;
    if (op.getFeatureGroupCount() > 1)
      lhsExprs[numbers.getInputFeatureDimension()] = group * depth + feature;
    if (op.getBatchGroupCount() > 1)
      lhsExprs[numbers.getInputBatchDimension()] =
          group * batch + loop(numbers.getOutputBatchDimension());
    rhsExprs[numbers.getKernelInputFeatureDimension()] = feature;
    rhsExprs[numbers.getKernelOutputFeatureDimension()] = outputFeature;
    for (int64_t index = 0; index < spatial; ++index) {
      AffineExpr position = loop(numbers.getOutputSpatialDimensions()[index]);
      AffineExpr offset = loop(rank + 1 + index);
      lhsExprs[numbers.getInputSpatialDimensions()[index]] =
          position * window[index].stride + offset * window[index].rhsDilation;
      rhsExprs[numbers.getKernelSpatialDimensions()[index]] = offset;
    }
    int64_t loops = 2 * rank - 1;
    MLIRContext *context = getContext();
    SmallVector<AffineMap> maps{
        AffineMap::get(loops, 0, lhsExprs, context),
        AffineMap::get(loops, 0, rhsExprs, context),
        dimsMap(context, loops, llvm::to_vector(llvm::seq<int64_t>(0, rank)))};
    SmallVector<utils::IteratorType> iterators = parallelLoops(rank);
    iterators.append(spatial + 1, utils::IteratorType::reduction);

    auto resultType =
        cast<RankedTensorType>(getTypeConverter()->convertType(type));
    Type acc = accumulatorType(resultType.getElementType());
    auto accType = cast<RankedTensorType>(resultType.clone(acc));
    // A dynamic batch is that of lhs, and a dynamic spatial size the number of
    // windows in what is padded.
    SmallVector<OpFoldResult> sizes =
        getAsIndexOpFoldResult(context, type.getShape());
    sizes[numbers.getOutputBatchDimension()] =
        ShapedType::isDynamic(batch)
            ? tensor::getMixedSize(rewriter, loc, lhs,
                                   numbers.getInputBatchDimension())
            : OpFoldResult(rewriter.getIndexAttr(batch));
    for (int64_t index = 0; index < spatial; ++index)
      if (int64_t dim = numbers.getOutputSpatialDimensions()[index];
          type.isDynamicDim(dim))
        sizes[dim] = countWindows(
            rewriter, loc, lhs, numbers.getInputSpatialDimensions()[index],
            rhsType.getDimSize(numbers.getKernelSpatialDimensions()[index]),
            window[index]);
    Value init = fill(rewriter, loc, zero(rewriter, loc, acc),
                      emptyOf(rewriter, loc, accType, sizes));
    Value sum =
        linalg::GenericOp::create(
            rewriter, loc, accType, ValueRange{lhs, rhs}, init, maps, iterators,
            [&](OpBuilder &b, Location loc, ValueRange args) {
              Value x =
                  convertScalar(b, loc, args[0], lhsType.getElementType(), acc);
              Value w =
                  convertScalar(b, loc, args[1], rhsType.getElementType(), acc);
              linalg::YieldOp::create(b, loc,
                                      multiplyAdd(b, loc, x, w, args[2]));
            })
            .getResult(0);
    rewriter.replaceOp(op, narrowTo(rewriter, loc, sum, resultType));
    return success();
  }
};

} // namespace

void moe::graph::populateConvolutionPatterns(RewritePatternSet &patterns,
                                             const TypeConverter &converter) {
  patterns.add<ConvertConvolution>(converter, patterns.getContext());
}
