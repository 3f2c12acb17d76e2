// Slices, gathers and scatters. Starts are clamped as the operations say, and
// what the graph leaves undefined stops the program: no index leaves a tensor.
#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace moe::graph;
using namespace moe::stablehlo;

namespace {

//===----------------------------------------------------------------------===//
// Slices
//===----------------------------------------------------------------------===//

struct ConvertSlice : OpConversionPattern<SliceOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(SliceOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    MLIRContext *context = getContext();
    auto type =
        cast<RankedTensorType>(getTypeConverter()->convertType(op.getType()));
    SmallVector<int64_t> sizes;
    for (auto [dim, start] : llvm::enumerate(op.getStartIndices())) {
      int64_t limit = op.getLimitIndices()[dim], step = op.getStrides()[dim];
      sizes.push_back(limit == start ? 0 : (limit - start - 1) / step + 1);
      if (op.getOperand().getType().isDynamicDim(dim))
        requireAtMost(rewriter, loc, indexConstant(rewriter, loc, limit),
                      sizeOf(rewriter, loc, adaptor.getOperand(), dim),
                      "the end of a slice", "the size of its operand");
    }
    Value slice = tensor::ExtractSliceOp::create(
        rewriter, loc, adaptor.getOperand(),
        getAsIndexOpFoldResult(context, op.getStartIndices()),
        getAsIndexOpFoldResult(context, sizes),
        getAsIndexOpFoldResult(context, op.getStrides()));
    rewriter.replaceOp(op, castTo(rewriter, loc, slice, type));
    return success();
  }
};

struct ConvertRealDynamicSlice : OpConversionPattern<RealDynamicSliceOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(RealDynamicSliceOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type =
        cast<RankedTensorType>(getTypeConverter()->convertType(op.getType()));
    auto read = [&](Value list, Value original) {
      return readIndices(rewriter, loc, list, type.getRank(),
                         zeroExtends(elementType(original)));
    };
    SmallVector<Value> starts =
        read(adaptor.getStartIndices(), op.getStartIndices());
    SmallVector<Value> limits =
        read(adaptor.getLimitIndices(), op.getLimitIndices());
    SmallVector<Value> steps = read(adaptor.getStrides(), op.getStrides());
    Value none = indexConstant(rewriter, loc, 0);
    SmallVector<OpFoldResult> sizes;
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      auto atMost = [&](Value a, Value b) -> Value {
        return arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::sle,
                                     a, b);
      };
      Value inside = arith::AndIOp::create(
          rewriter, loc, atMost(none, starts[dim]),
          arith::AndIOp::create(
              rewriter, loc, atMost(starts[dim], limits[dim]),
              atMost(limits[dim],
                     sizeOf(rewriter, loc, adaptor.getOperand(), dim))));
      Value forward = arith::CmpIOp::create(
          rewriter, loc, arith::CmpIPredicate::sgt, steps[dim], none);
      Value valid = arith::AndIOp::create(rewriter, loc, inside, forward);
      Value span =
          arith::SubIOp::create(rewriter, loc, limits[dim], starts[dim]);
      // Never divides by zero, whatever the check below finds.
      Value step = arith::MaxSIOp::create(rewriter, loc, steps[dim],
                                          indexConstant(rewriter, loc, 1));
      Value size = arith::CeilDivSIOp::create(rewriter, loc, span, step);
      if (!type.isDynamicDim(dim))
        valid = arith::AndIOp::create(
            rewriter, loc, valid,
            arith::CmpIOp::create(
                rewriter, loc, arith::CmpIPredicate::eq, size,
                indexConstant(rewriter, loc, type.getDimSize(dim))));
      require(rewriter, loc, valid,
              "requires a slice from {0} to {1} by steps of {2} to lie within "
              "the size of its operand ({3}), and to have the size of its type",
              {starts[dim], limits[dim], steps[dim],
               sizeOf(rewriter, loc, adaptor.getOperand(), dim)});
      sizes.push_back(getAsOpFoldResult(size));
    }
    Value slice = tensor::ExtractSliceOp::create(
        rewriter, loc, adaptor.getOperand(), getAsOpFoldResult(starts), sizes,
        getAsOpFoldResult(steps));
    rewriter.replaceOp(op, castTo(rewriter, loc, slice, type));
    return success();
  }
};

/// The start indices, clamped so that a box of `sizes` stays inside.
SmallVector<OpFoldResult> clampStarts(OpBuilder &b, Location loc, Value operand,
                                      ValueRange starts, bool isUnsigned,
                                      ArrayRef<OpFoldResult> sizes) {
  SmallVector<OpFoldResult> clamped;
  for (auto [dim, start] : llvm::enumerate(starts)) {
    Value size = getValueOrCreateConstantIndexOp(b, loc, sizes[dim]);
    Value room =
        arith::SubIOp::create(b, loc, sizeOf(b, loc, operand, dim), size);
    if (cast<RankedTensorType>(operand.getType()).isDynamicDim(dim) ||
        isa<Value>(sizes[dim]))
      requireAtMost(b, loc, size, sizeOf(b, loc, operand, dim),
                    "the size of a slice", "the size of its operand");
    Value index = toIndex(b, loc, readScalar(b, loc, start), isUnsigned);
    clamped.push_back(getAsOpFoldResult(clampIndex(b, loc, index, room)));
  }
  return clamped;
}

bool startsAreUnsigned(ValueRange starts) {
  return !starts.empty() && zeroExtends(elementType(starts.front()));
}

struct ConvertDynamicSlice : OpConversionPattern<DynamicSliceOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(DynamicSliceOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type =
        cast<RankedTensorType>(getTypeConverter()->convertType(op.getType()));
    SmallVector<OpFoldResult> sizes =
        getAsIndexOpFoldResult(getContext(), op.getSliceSizes());
    SmallVector<OpFoldResult> starts = clampStarts(
        rewriter, loc, adaptor.getOperand(), adaptor.getStartIndices(),
        startsAreUnsigned(op.getStartIndices()), sizes);
    SmallVector<OpFoldResult> ones(sizes.size(), rewriter.getIndexAttr(1));
    Value slice = tensor::ExtractSliceOp::create(
        rewriter, loc, adaptor.getOperand(), starts, sizes, ones);
    rewriter.replaceOp(op, castTo(rewriter, loc, slice, type));
    return success();
  }
};

struct ConvertDynamicUpdateSlice : OpConversionPattern<DynamicUpdateSliceOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(DynamicUpdateSliceOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type =
        cast<RankedTensorType>(getTypeConverter()->convertType(op.getType()));
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(rewriter, loc, adaptor.getUpdate());
    SmallVector<OpFoldResult> starts = clampStarts(
        rewriter, loc, adaptor.getOperand(), adaptor.getStartIndices(),
        startsAreUnsigned(op.getStartIndices()), sizes);
    SmallVector<OpFoldResult> ones(sizes.size(), rewriter.getIndexAttr(1));
    Value updated = tensor::InsertSliceOp::create(
        rewriter, loc, adaptor.getUpdate(), adaptor.getOperand(), starts, sizes,
        ones);
    rewriter.replaceOp(op, castTo(rewriter, loc, updated, type));
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Index vectors of gather and scatter
//===----------------------------------------------------------------------===//

/// Reads the index vector that the batch coordinates choose, one start per
/// dimension of the operand (null where nothing addresses it).
SmallVector<Value> readStarts(OpBuilder &b, Location loc, Value indices,
                              bool isUnsigned, int64_t vectorDim,
                              ArrayRef<Value> batch, ArrayRef<int64_t> map,
                              ArrayRef<int64_t> operandBatch,
                              ArrayRef<int64_t> indicesBatch,
                              int64_t operandRank) {
  int64_t indicesRank = cast<RankedTensorType>(indices.getType()).getRank();
  SmallVector<Value> position(batch);
  if (vectorDim < indicesRank)
    position.insert(position.begin() + vectorDim, Value());
  SmallVector<Value> starts(operandRank);
  for (auto [component, dim] : llvm::enumerate(map)) {
    SmallVector<Value> at(position);
    if (vectorDim < indicesRank)
      at[vectorDim] = indexConstant(b, loc, component);
    starts[dim] = toIndex(
        b, loc, tensor::ExtractOp::create(b, loc, indices, at), isUnsigned);
  }
  for (auto [operandDim, indicesDim] :
       llvm::zip_equal(operandBatch, indicesBatch))
    starts[operandDim] = position[indicesDim];
  return starts;
}

//===----------------------------------------------------------------------===//
// Gather
//===----------------------------------------------------------------------===//

Value buildGather(OpBuilder &b, Location loc, Value operand, Value indices,
                  bool isUnsigned, GatherDimensionNumbersAttr numbers,
                  ArrayRef<OpFoldResult> sliceSizes, RankedTensorType type) {
  int64_t rank = type.getRank();
  auto operandType = cast<RankedTensorType>(operand.getType());
  int64_t vectorDim = numbers.getIndexVectorDim();
  auto isWindow = [&](int64_t dim) {
    return !llvm::is_contained(numbers.getCollapsedSliceDims(), dim) &&
           !llvm::is_contained(numbers.getOperandBatchingDims(), dim);
  };

  // Sizes of the result: slice sizes at the offset dimensions, sizes of the
  // indices elsewhere.
  SmallVector<int64_t> windowDims;
  for (int64_t dim = 0; dim < operandType.getRank(); ++dim)
    if (isWindow(dim))
      windowDims.push_back(dim);
  SmallVector<OpFoldResult> sizes;
  SmallVector<int64_t> batchDims;
  int64_t window = 0, indicesDim = 0;
  Value isEmpty = arith::ConstantIntOp::create(b, loc, 0, /*width=*/1);
  for (int64_t dim = 0; dim < rank; ++dim) {
    if (llvm::is_contained(numbers.getOffsetDims(), dim)) {
      sizes.push_back(sliceSizes[windowDims[window++]]);
    } else {
      if (indicesDim == vectorDim)
        ++indicesDim;
      batchDims.push_back(dim);
      sizes.push_back(tensor::getMixedSize(b, loc, indices, indicesDim++));
    }
    if (!getConstantIntValue(sizes.back())) {
      Value none = arith::CmpIOp::create(
          b, loc, arith::CmpIPredicate::eq,
          getValueOrCreateConstantIndexOp(b, loc, sizes.back()),
          indexConstant(b, loc, 0));
      isEmpty = arith::OrIOp::create(b, loc, isEmpty, none);
    }
  }

  // The last start of every dimension. A slice beyond the operand is only
  // harmless where the result is empty.
  SmallVector<Value> lastStart;
  for (auto [dim, size] : llvm::enumerate(sliceSizes)) {
    Value room =
        arith::SubIOp::create(b, loc, sizeOf(b, loc, operand, dim),
                              getValueOrCreateConstantIndexOp(b, loc, size));
    lastStart.push_back(room);
    if (!operandType.isDynamicDim(dim) && getConstantIntValue(size))
      continue;
    Value fits = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, room,
                                       indexConstant(b, loc, 0));
    require(b, loc, arith::OrIOp::create(b, loc, fits, isEmpty),
            "requires the size of a gathered slice ({0}) to be at most the "
            "size of its operand ({1})",
            {getValueOrCreateConstantIndexOp(b, loc, size),
             sizeOf(b, loc, operand, dim)});
  }

  Value init = emptyOf(b, loc, type, sizes);
  return linalg::GenericOp::create(
             b, loc, type, ValueRange(), init, b.getMultiDimIdentityMap(rank),
             parallelLoops(rank),
             [&](OpBuilder &nested, Location loc, ValueRange) {
               SmallVector<Value> loops, batch;
               for (int64_t dim = 0; dim < rank; ++dim)
                 loops.push_back(linalg::IndexOp::create(nested, loc, dim));
               for (int64_t dim : batchDims)
                 batch.push_back(loops[dim]);
               SmallVector<Value> position = readStarts(
                   nested, loc, indices, isUnsigned, vectorDim, batch,
                   numbers.getStartIndexMap(), numbers.getOperandBatchingDims(),
                   numbers.getStartIndicesBatchingDims(),
                   operandType.getRank());
               int64_t offset = 0;
               for (auto [dim, index] : llvm::enumerate(position)) {
                 bool batched =
                     llvm::is_contained(numbers.getOperandBatchingDims(), dim);
                 if (index && !batched)
                   index = clampIndex(nested, loc, index, lastStart[dim]);
                 if (isWindow(dim)) {
                   Value loop = loops[numbers.getOffsetDims()[offset++]];
                   index = index
                               ? arith::AddIOp::create(nested, loc, index, loop)
                                     .getResult()
                               : loop;
                 }
                 if (!index)
                   index = indexConstant(nested, loc, 0);
               }
               Value element =
                   tensor::ExtractOp::create(nested, loc, operand, position);
               linalg::YieldOp::create(nested, loc, element);
             })
      .getResult(0);
}

/// Requires batching dimensions of the operand and of the indices, operands #0
/// and #1 of `op`, to be of equal sizes.
void requireBatchSizes(OpBuilder &b, Operation *op,
                       GatherDimensionNumbersAttr numbers, Value operand,
                       Value indices) {
  for (auto [operandDim, indicesDim] :
       llvm::zip_equal(numbers.getOperandBatchingDims(),
                       numbers.getStartIndicesBatchingDims()))
    requireEqualSizes(b, op, 0, operandDim, operand, 1, indicesDim, indices);
}

struct ConvertGather : OpConversionPattern<GatherOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(GatherOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto type =
        cast<RankedTensorType>(getTypeConverter()->convertType(op.getType()));
    requireBatchSizes(rewriter, op, op.getDimensionNumbers(),
                      adaptor.getOperand(), adaptor.getStartIndices());
    rewriter.replaceOp(
        op,
        buildGather(rewriter, op.getLoc(), adaptor.getOperand(),
                    adaptor.getStartIndices(),
                    zeroExtends(elementType(op.getStartIndices())),
                    op.getDimensionNumbers(),
                    getAsIndexOpFoldResult(getContext(), op.getSliceSizes()),
                    type));
    return success();
  }
};

struct ConvertDynamicGather : OpConversionPattern<DynamicGatherOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(DynamicGatherOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type =
        cast<RankedTensorType>(getTypeConverter()->convertType(op.getType()));
    SmallVector<Value> sizes =
        readIndices(rewriter, loc, adaptor.getSliceSizes(),
                    op.getOperand().getType().getRank(),
                    zeroExtends(elementType(op.getSliceSizes())));
    for (Value size : sizes)
      requireAtMost(rewriter, loc, indexConstant(rewriter, loc, 0), size,
                    "zero", "the size of a gathered slice");
    requireBatchSizes(rewriter, op, op.getDimensionNumbers(),
                      adaptor.getOperand(), adaptor.getStartIndices());
    rewriter.replaceOp(
        op, buildGather(
                rewriter, loc, adaptor.getOperand(), adaptor.getStartIndices(),
                zeroExtends(elementType(op.getStartIndices())),
                op.getDimensionNumbers(), getAsOpFoldResult(sizes), type));
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Scatter
//===----------------------------------------------------------------------===//

/// Loops over the updates in row-major order, one after another, so that equal
/// positions combine in a fixed order; positions outside are skipped.
struct ConvertScatter : OpConversionPattern<ScatterOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ScatterOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Region &region = op.getUpdateComputation();
    if (!isScalarRegion(region))
      return rewriter.notifyMatchFailure(op, "region has no scalar form");
    Location loc = op.getLoc();
    ScatterDimensionNumbersAttr numbers = op.getScatterDimensionNumbers();
    Value operand = adaptor.getInputs().front();
    Value firstUpdate = adaptor.getUpdates().front();
    int64_t rank = cast<RankedTensorType>(operand.getType()).getRank();
    int64_t updateRank =
        cast<RankedTensorType>(firstUpdate.getType()).getRank();
    bool isUnsigned = zeroExtends(elementType(op.getScatterIndices()));
    auto remap = [&](Value v) { return rewriter.getRemappedValue(v); };

    requireSizes(rewriter, op, adaptor);
    SmallVector<Value> sizes, operandSizes;
    for (int64_t dim = 0; dim < updateRank; ++dim)
      sizes.push_back(sizeOf(rewriter, loc, firstUpdate, dim));
    for (int64_t dim = 0; dim < rank; ++dim)
      operandSizes.push_back(sizeOf(rewriter, loc, operand, dim));

    auto body = [&](OpBuilder &b, Location loc, ValueRange loops,
                    ValueRange carried) -> SmallVector<Value> {
      SmallVector<Value> batch;
      for (int64_t dim = 0; dim < updateRank; ++dim)
        if (!llvm::is_contained(numbers.getUpdateWindowDims(), dim))
          batch.push_back(loops[dim]);
      SmallVector<Value> position = readStarts(
          b, loc, adaptor.getScatterIndices(), isUnsigned,
          numbers.getIndexVectorDim(), batch,
          numbers.getScatterDimsToOperandDims(), numbers.getInputBatchingDims(),
          numbers.getScatterIndicesBatchingDims(), rank);
      int64_t window = 0;
      Value inside = arith::ConstantIntOp::create(b, loc, 1, /*width=*/1);
      for (auto [dim, index] : llvm::enumerate(position)) {
        if (!llvm::is_contained(numbers.getInsertedWindowDims(), dim) &&
            !llvm::is_contained(numbers.getInputBatchingDims(), dim)) {
          Value loop = loops[numbers.getUpdateWindowDims()[window++]];
          index = index ? arith::AddIOp::create(b, loc, index, loop).getResult()
                        : loop;
        }
        if (!index)
          index = indexConstant(b, loc, 0);
        // Unsigned, so that negative positions are outside as well.
        Value below = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult,
                                            index, operandSizes[dim]);
        inside = arith::AndIOp::create(b, loc, inside, below);
      }
      auto branch = scf::IfOp::create(
          b, loc, inside,
          [&](OpBuilder &then, Location loc) {
            SmallVector<Value> args;
            for (Value tensor : carried)
              args.push_back(
                  tensor::ExtractOp::create(then, loc, tensor, position));
            for (Value update : adaptor.getUpdates())
              args.push_back(
                  tensor::ExtractOp::create(then, loc, update, loops));
            FailureOr<SmallVector<Value>> results =
                inlineScalarRegion(then, region, args, remap);
            SmallVector<Value> next;
            for (auto [result, tensor] : llvm::zip_equal(*results, carried))
              next.push_back(tensor::InsertOp::create(then, loc, result, tensor,
                                                      position));
            scf::YieldOp::create(then, loc, next);
          },
          [&](OpBuilder &otherwise, Location loc) {
            scf::YieldOp::create(otherwise, loc, carried);
          });
      return SmallVector<Value>(branch.getResults());
    };
    SmallVector<Value> results =
        sequentialLoops(rewriter, loc, sizes, adaptor.getInputs(), body);
    for (auto [result, original] : llvm::zip_equal(results, op.getResults()))
      result = castTo(rewriter, loc, result,
                      getTypeConverter()->convertType(original.getType()));
    rewriter.replaceOp(op, results);
    return success();
  }

private:
  /// What the verifier of the op asks of sizes, where types do not show it.
  static void requireSizes(OpBuilder &b, ScatterOp op, OpAdaptor adaptor) {
    ScatterDimensionNumbersAttr numbers = op.getScatterDimensionNumbers();
    Location loc = op.getLoc();
    unsigned indicesNumber = op.getInputs().size();
    unsigned updateNumber = indicesNumber + 1;
    Value operand = adaptor.getInputs().front();
    Value indices = adaptor.getScatterIndices();
    Value update = adaptor.getUpdates().front();
    requireOneShape(b, op, 0, adaptor.getInputs());
    requireOneShape(b, op, updateNumber, adaptor.getUpdates());
    for (auto [operandDim, indicesDim] :
         llvm::zip_equal(numbers.getInputBatchingDims(),
                         numbers.getScatterIndicesBatchingDims()))
      requireEqualSizes(b, op, 0, operandDim, operand, indicesNumber,
                        indicesDim, indices);

    SmallVector<int64_t> windowDims;
    auto operandType = cast<RankedTensorType>(operand.getType());
    for (int64_t dim = 0; dim < operandType.getRank(); ++dim)
      if (!llvm::is_contained(numbers.getInsertedWindowDims(), dim) &&
          !llvm::is_contained(numbers.getInputBatchingDims(), dim))
        windowDims.push_back(dim);
    auto updateType = cast<RankedTensorType>(update.getType());
    int64_t window = 0, indicesDim = 0;
    for (int64_t dim = 0; dim < updateType.getRank(); ++dim) {
      if (!llvm::is_contained(numbers.getUpdateWindowDims(), dim)) {
        if (indicesDim == numbers.getIndexVectorDim())
          ++indicesDim;
        requireEqualSizes(b, op, indicesNumber, indicesDim++, indices,
                          updateNumber, dim, update);
        continue;
      }
      int64_t operandDim = windowDims[window++];
      if (updateType.isDynamicDim(dim) || operandType.isDynamicDim(operandDim))
        requireAtMost(b, loc, sizeOf(b, loc, update, dim),
                      sizeOf(b, loc, operand, operandDim),
                      "the size of a window of the updates",
                      "the size of what is updated");
    }
  }
};

} // namespace

void moe::graph::populateIndexingPatterns(RewritePatternSet &patterns,
                                          const TypeConverter &converter) {
  patterns.add<ConvertSlice, ConvertRealDynamicSlice, ConvertDynamicSlice,
               ConvertDynamicUpdateSlice, ConvertGather, ConvertDynamicGather,
               ConvertScatter>(converter, patterns.getContext());
}
