// Slices, gathers and scatters.
#include "Verification.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moe::stablehlo;

//===----------------------------------------------------------------------===//
// slice, real_dynamic_slice
//===----------------------------------------------------------------------===//

/// ceil((limit - start) / stride) for 0 <= start <= limit and stride > 0.
static int64_t sliceSize(int64_t start, int64_t limit, int64_t stride) {
  return limit == start ? 0 : (limit - start - 1) / stride + 1;
}

void SliceOp::build(OpBuilder &builder, OperationState &state, Value operand,
                    ArrayRef<int64_t> starts, ArrayRef<int64_t> limits,
                    ArrayRef<int64_t> strides) {
  SmallVector<int64_t> shape;
  for (auto [start, limit, stride] : llvm::zip_equal(starts, limits, strides))
    shape.push_back(sliceSize(start, limit, stride));
  build(builder, state, cast<RankedTensorType>(operand.getType()).clone(shape),
        operand, builder.getDenseI64ArrayAttr(starts),
        builder.getDenseI64ArrayAttr(limits),
        builder.getDenseI64ArrayAttr(strides));
}

// Checks slice_c1 to slice_c3.
LogicalResult SliceOp::verify() {
  RankedTensorType type = getOperand().getType();
  ArrayRef<int64_t> starts = getStartIndices(), limits = getLimitIndices(),
                    strides = getStrides();
  if (failed(verifyLengths(*this,
                           {{"start_indices", starts},
                            {"limit_indices", limits},
                            {"strides", strides}},
                           "rank of 'operand'", type.getRank())))
    return failure();
  SmallVector<int64_t> expected;
  for (auto [dim, size] : llvm::enumerate(type.getShape())) {
    int64_t start = starts[dim], limit = limits[dim], stride = strides[dim];
    if (stride <= 0)
      return emitOpError() << "expects positive 'strides', but got " << stride;
    if (start < 0 || start > limit)
      return emitOpError() << "requires 'start_indices' #" << dim << " ("
                           << start << ") to be between 0 and 'limit_indices' #"
                           << dim << " (" << limit << ")";
    if (!ShapedType::isDynamic(size) && limit > size)
      return emitOpError() << "requires 'limit_indices' #" << dim << " ("
                           << limit << ") to be at most the size of 'operand' ("
                           << size << ")";
    expected.push_back(sliceSize(start, limit, stride));
  }
  return verifyShape(*this, "result", getResult().getType(), expected);
}

// Checks real_dynamic_slice_c1.
LogicalResult RealDynamicSliceOp::verify() {
  return verifyPerDimension(*this, getOperand().getType(),
                            getResult().getType(),
                            {{"start_indices", getStartIndices()},
                             {"limit_indices", getLimitIndices()},
                             {"strides", getStrides()}});
}

//===----------------------------------------------------------------------===//
// dynamic_slice, dynamic_update_slice
//===----------------------------------------------------------------------===//

static LogicalResult verifyStartIndices(Operation *op, ValueRange indices,
                                        int64_t rank) {
  if (failed(verifyLength(op, "start_indices", indices.size(),
                          "rank of 'operand'", rank)))
    return failure();
  for (auto [number, index] : llvm::enumerate(indices))
    if (index.getType() != indices.front().getType())
      return op->emitOpError()
             << "requires the type of 'start_indices' #" << number << " ("
             << index.getType() << ") to equal that of #0 ("
             << indices.front().getType() << ")";
  return success();
}

// Checks dynamic_slice_c1 to dynamic_slice_c4.
LogicalResult DynamicSliceOp::verify() {
  RankedTensorType type = getOperand().getType();
  ArrayRef<int64_t> sizes = getSliceSizes();
  if (failed(verifyStartIndices(*this, getStartIndices(), type.getRank())) ||
      failed(verifyLength(*this, "slice_sizes", sizes.size(),
                          "rank of 'operand'", type.getRank())))
    return failure();
  for (auto [dim, size] : llvm::enumerate(sizes))
    if (size < 0 || (!type.isDynamicDim(dim) && size > type.getDimSize(dim)))
      return emitOpError() << "requires 'slice_sizes' #" << dim << " (" << size
                           << ") to be between 0 and the size of 'operand' ("
                           << type.getDimSize(dim) << ")";
  return verifyShape(*this, "result", getResult().getType(), sizes);
}

// Checks dynamic_update_slice_c1 to dynamic_update_slice_c4.
LogicalResult DynamicUpdateSliceOp::verify() {
  RankedTensorType type = getOperand().getType();
  RankedTensorType update = getUpdate().getType();
  if (update.getRank() != type.getRank())
    return emitOpError() << "requires the rank of 'update' ("
                         << update.getRank() << ") to equal that of 'operand' ("
                         << type.getRank() << ")";
  if (failed(verifyStartIndices(*this, getStartIndices(), type.getRank())))
    return failure();
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    if (!type.isDynamicDim(dim) && !update.isDynamicDim(dim) &&
        update.getDimSize(dim) > type.getDimSize(dim))
      return emitOpError() << "requires the size of dimension #" << dim
                           << " of 'update' (" << update.getDimSize(dim)
                           << ") to be at most that of 'operand' ("
                           << type.getDimSize(dim) << ")";
  return verifyShape(*this, "result", getResult().getType(), type.getShape());
}

//===----------------------------------------------------------------------===//
// gather, dynamic_gather
//===----------------------------------------------------------------------===//

/// Checks the index vectors of a gather or scatter: where they lie in
/// `indices`, which `operand` dimensions they address (`map`) and which pairs
/// of dimensions batch. `skipped` are the dimensions without a window; its name
/// and that of the others follow the op's attribute. Sets `batchShape` to the
/// shape of `indices` without the index vectors.
static LogicalResult verifyIndexing(
    Operation *op, RankedTensorType operand, RankedTensorType indices,
    int64_t vectorDim, StringRef mapName, ArrayRef<int64_t> map,
    StringRef skippedName, ArrayRef<int64_t> skipped, StringRef batchName,
    ArrayRef<int64_t> operandBatch, StringRef indicesBatchName,
    ArrayRef<int64_t> indicesBatch, SmallVectorImpl<int64_t> &batchShape) {
  int64_t rank = operand.getRank();
  if (vectorDim < 0 || vectorDim > indices.getRank())
    return op->emitOpError() << "requires 'index_vector_dim' (" << vectorDim
                             << ") to be at most the rank of the indices ("
                             << indices.getRank() << ")";
  int64_t components =
      vectorDim == indices.getRank() ? 1 : indices.getDimSize(vectorDim);
  if (!ShapedType::isDynamic(components) &&
      failed(verifyLength(op, mapName, map.size(), "number of index components",
                          components)))
    return failure();

  // Every dimension of the operand is skipped, batched or part of the window,
  // and addressed at most once.
  SmallVector<int64_t> skippedOrBatch(skipped), mappedOrBatch(map);
  llvm::append_range(skippedOrBatch, operandBatch);
  llvm::append_range(mappedOrBatch, operandBatch);
  if (failed(verifyDimensions(op, mapName, map, rank)) ||
      failed(verifyDimensions(op, skippedName, skipped, rank, true)) ||
      failed(verifyDimensions(op, batchName, operandBatch, rank, true)) ||
      failed(verifyDimensions(op, (skippedName + " and " + batchName).str(),
                              skippedOrBatch, rank)) ||
      failed(verifyDimensions(op, (mapName + " and " + batchName).str(),
                              mappedOrBatch, rank)) ||
      failed(verifyDimensions(op, indicesBatchName, indicesBatch,
                              indices.getRank())) ||
      failed(verifyLength(op, indicesBatchName, indicesBatch.size(),
                          ("length of '" + batchName + "'").str(),
                          operandBatch.size())))
    return failure();
  for (auto [operandDim, indicesDim] :
       llvm::zip_equal(operandBatch, indicesBatch)) {
    if (indicesDim == vectorDim)
      return op->emitOpError()
             << "expects '" << indicesBatchName
             << "' without 'index_vector_dim', but got " << indicesDim;
    int64_t operandSize = operand.getDimSize(operandDim);
    int64_t indicesSize = indices.getDimSize(indicesDim);
    if (!sizesAgree(operandSize, indicesSize))
      return op->emitOpError()
             << "requires the size of batching dimension " << operandDim
             << " of the operand (" << operandSize
             << ") to equal that of dimension " << indicesDim
             << " of the indices (" << indicesSize << ")";
  }
  for (auto [dim, size] : llvm::enumerate(indices.getShape()))
    if (static_cast<int64_t>(dim) != vectorDim)
      batchShape.push_back(size);
  return success();
}

/// Checks gather_c1 to gather_c5; sizes that are computed are dynamic.
static LogicalResult verifyGather(Operation *op, RankedTensorType operand,
                                  RankedTensorType indices,
                                  GatherDimensionNumbersAttr numbers,
                                  ArrayRef<int64_t> sliceSizes, Type result) {
  SmallVector<int64_t> batchShape;
  if (failed(verifyIndexing(
          op, operand, indices, numbers.getIndexVectorDim(), "start_index_map",
          numbers.getStartIndexMap(), "collapsed_slice_dims",
          numbers.getCollapsedSliceDims(), "operand_batching_dims",
          numbers.getOperandBatchingDims(), "start_indices_batching_dims",
          numbers.getStartIndicesBatchingDims(), batchShape)))
    return failure();
  int64_t rank = operand.getRank();
  ArrayRef<int64_t> offsetDims = numbers.getOffsetDims();
  int64_t windowRank = rank - numbers.getCollapsedSliceDims().size() -
                       numbers.getOperandBatchingDims().size();
  int64_t resultRank = batchShape.size() + windowRank;
  if (failed(verifyLength(op, "offset_dims", offsetDims.size(),
                          "number of slice dimensions", windowRank)) ||
      failed(verifyDimensions(op, "offset_dims", offsetDims, resultRank,
                              /*sorted=*/true)) ||
      failed(verifyLength(op, "slice_sizes", sliceSizes.size(),
                          "rank of 'operand'", rank)))
    return failure();

  SmallVector<int64_t> windowShape;
  for (auto [dim, size] : llvm::enumerate(sliceSizes)) {
    bool single = llvm::is_contained(numbers.getCollapsedSliceDims(), dim) ||
                  llvm::is_contained(numbers.getOperandBatchingDims(), dim);
    if (!single)
      windowShape.push_back(size);
    if (ShapedType::isDynamic(size))
      continue;
    if (size < 0 ||
        (!operand.isDynamicDim(dim) && size > operand.getDimSize(dim)))
      return op->emitOpError()
             << "requires 'slice_sizes' #" << dim << " (" << size
             << ") to be between 0 and the size of 'operand' ("
             << operand.getDimSize(dim) << ")";
    if (single && size > 1)
      return op->emitOpError()
             << "requires 'slice_sizes' #" << dim << " (" << size
             << ") to be at most 1 in a collapsed or batching dimension";
  }
  SmallVector<int64_t> expected;
  auto window = windowShape.begin();
  auto batch = batchShape.begin();
  for (int64_t dim = 0; dim < resultRank; ++dim)
    expected.push_back(llvm::is_contained(offsetDims, dim) ? *window++
                                                           : *batch++);
  return verifyShape(op, "result", result, expected);
}

LogicalResult GatherOp::verify() {
  return verifyGather(*this, getOperand().getType(),
                      getStartIndices().getType(), getDimensionNumbers(),
                      getSliceSizes(), getResult().getType());
}

LogicalResult DynamicGatherOp::verify() {
  RankedTensorType operand = getOperand().getType();
  if (failed(verifyLength(*this, "slice_sizes", getSliceSizes(),
                          "rank of 'operand'", operand.getRank())))
    return failure();
  SmallVector<int64_t> sizes(operand.getRank(), ShapedType::kDynamic);
  return verifyGather(*this, operand, getStartIndices().getType(),
                      getDimensionNumbers(), sizes, getResult().getType());
}

//===----------------------------------------------------------------------===//
// scatter
//===----------------------------------------------------------------------===//

// Checks scatter_c1 to scatter_c5.
LogicalResult ScatterOp::verify() {
  if (failed(verifyResultCount(*this, getInputs())))
    return failure();
  auto operand = cast<RankedTensorType>(getInputs().front().getType());
  auto update = cast<RankedTensorType>(getUpdates().front().getType());
  for (auto [input, updates, result] :
       llvm::zip_equal(getInputs(), getUpdates(), getResults())) {
    if (failed(verifyShape(*this, "inputs", input.getType(),
                           operand.getShape())) ||
        failed(verifyShape(*this, "updates", updates.getType(),
                           update.getShape())) ||
        failed(verifyShape(*this, "results", result.getType(),
                           operand.getShape())))
      return failure();
    for (Type type : {updates.getType(), result.getType()})
      if (getElementTypeOrSelf(type) != getElementTypeOrSelf(input.getType()))
        return emitOpError()
               << "requires the element types of input (" << input.getType()
               << "), update and result (" << type << ") to be equal";
  }

  ScatterDimensionNumbersAttr numbers = getScatterDimensionNumbers();
  ArrayRef<int64_t> windowDims = numbers.getUpdateWindowDims();
  SmallVector<int64_t> batchShape;
  if (failed(verifyIndexing(
          *this, operand, getScatterIndices().getType(),
          numbers.getIndexVectorDim(), "scatter_dims_to_operand_dims",
          numbers.getScatterDimsToOperandDims(), "inserted_window_dims",
          numbers.getInsertedWindowDims(), "input_batching_dims",
          numbers.getInputBatchingDims(), "scatter_indices_batching_dims",
          numbers.getScatterIndicesBatchingDims(), batchShape)))
    return failure();
  int64_t windowRank = operand.getRank() -
                       numbers.getInsertedWindowDims().size() -
                       numbers.getInputBatchingDims().size();
  int64_t updateRank = batchShape.size() + windowRank;
  if (update.getRank() != updateRank)
    return emitOpError() << "requires the rank of 'updates' ("
                         << update.getRank()
                         << ") to equal the number of scatter and window "
                            "dimensions ("
                         << updateRank << ")";
  if (failed(verifyLength(*this, "update_window_dims", windowDims.size(),
                          "number of window dimensions", windowRank)) ||
      failed(verifyDimensions(*this, "update_window_dims", windowDims,
                              updateRank, /*sorted=*/true)))
    return failure();

  SmallVector<int64_t> windowSizes;
  for (int64_t dim = 0; dim < operand.getRank(); ++dim)
    if (!llvm::is_contained(numbers.getInsertedWindowDims(), dim) &&
        !llvm::is_contained(numbers.getInputBatchingDims(), dim))
      windowSizes.push_back(operand.getDimSize(dim));
  auto window = windowSizes.begin();
  auto batch = batchShape.begin();
  for (int64_t dim = 0; dim < updateRank; ++dim) {
    int64_t size = update.getDimSize(dim);
    if (!llvm::is_contained(windowDims, dim)) {
      if (!sizesAgree(size, *batch))
        return emitOpError()
               << "requires the size of dimension #" << dim << " of 'updates' ("
               << size << ") to equal that of 'scatter_indices' (" << *batch
               << ")";
      ++batch;
      continue;
    }
    if (!ShapedType::isDynamic(size) && !ShapedType::isDynamic(*window) &&
        size > *window)
      return emitOpError() << "requires the size of dimension #" << dim
                           << " of 'updates' (" << size
                           << ") to be at most that of the window (" << *window
                           << ")";
    ++window;
  }
  SmallVector<Type> scalars = scalarTypes(getInputs().getTypes());
  SmallVector<Type> arguments(scalars);
  llvm::append_range(arguments, scalars);
  return verifyRegion(*this, "update_computation", getUpdateComputation(),
                      arguments, scalars);
}
