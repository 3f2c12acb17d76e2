// What the files of this lowering share: scalar forms of operations, access to
// shapes and elements, and the pattern groups.
#ifndef MOE_PASSES_CONVERSION_STABLEHLOTOLINALG_LOWERING_H
#define MOE_PASSES_CONVERSION_STABLEHLOTOLINALG_LOWERING_H

#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/Transforms/DialectConversion.h"
#include "moe/Dialect/StableHLO/Chlo.h"
#include "moe/Dialect/StableHLO/StableHLO.h"

namespace moe::graph {

//===----------------------------------------------------------------------===//
// Types: unsigned integers become signless ones, their operations keep the
// difference.
//===----------------------------------------------------------------------===//

class GraphTypeConverter : public mlir::TypeConverter {
public:
  GraphTypeConverter();
};

/// The signless form of a scalar type.
mlir::Type signless(mlir::Type element);

/// The element type of a value of the graph level, unsigned ones included.
mlir::Type elementType(mlir::Value value);

/// True for unsigned integers and i1, whose extension fills with zeros.
bool zeroExtends(mlir::Type element);

//===----------------------------------------------------------------------===//
// Shapes and elements
//===----------------------------------------------------------------------===//

mlir::Value indexConstant(mlir::OpBuilder &b, mlir::Location loc,
                          int64_t value);
/// The size of a dimension as a value of type index.
mlir::Value sizeOf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value tensor,
                   int64_t dim);
/// An uninitialised tensor of `type` whose dynamic sizes are those of `like`.
mlir::Value emptyLike(mlir::OpBuilder &b, mlir::Location loc,
                      mlir::RankedTensorType type, mlir::Value like);
/// An uninitialised tensor of `type`; `sizes` has an entry for every dimension.
mlir::Value emptyOf(mlir::OpBuilder &b, mlir::Location loc,
                    mlir::RankedTensorType type,
                    llvm::ArrayRef<mlir::OpFoldResult> sizes);
/// `scalar` in every element of `tensor`.
mlir::Value fill(mlir::OpBuilder &b, mlir::Location loc, mlir::Value scalar,
                 mlir::Value tensor);
/// The element of a tensor of rank 0.
mlir::Value readScalar(mlir::OpBuilder &b, mlir::Location loc,
                       mlir::Value tensor);
/// A tensor of rank 0.
mlir::Value makeScalarTensor(mlir::OpBuilder &b, mlir::Location loc,
                             mlir::Value scalar);
/// A signless integer or index as an index.
mlir::Value toIndex(mlir::OpBuilder &b, mlir::Location loc, mlir::Value scalar,
                    bool isUnsigned);
/// The elements of a one-dimensional tensor of `count` elements as indices.
llvm::SmallVector<mlir::Value> readIndices(mlir::OpBuilder &b,
                                           mlir::Location loc,
                                           mlir::Value tensor, int64_t count,
                                           bool isUnsigned);
/// `tensor` under `type`, which agrees with its own type.
mlir::Value castTo(mlir::OpBuilder &b, mlir::Location loc, mlir::Value tensor,
                   mlir::Type type);
/// The arithmetic zero of a scalar type.
mlir::Value zero(mlir::OpBuilder &b, mlir::Location loc, mlir::Type type);
/// min(max(value, 0), upper) of signed indices; 0 where `upper` is negative.
mlir::Value clampIndex(mlir::OpBuilder &b, mlir::Location loc,
                       mlir::Value value, mlir::Value upper);
/// Stops the program where `condition` is false. The error names the place in
/// the model that `loc` tells, and `message` with the `values` in it.
void require(mlir::OpBuilder &b, mlir::Location loc, mlir::Value condition,
             llvm::StringRef message, mlir::ValueRange values = {});
/// Requires `small` <= `large`; both are named for the message.
void requireAtMost(mlir::OpBuilder &b, mlir::Location loc, mlir::Value small,
                   mlir::Value large, llvm::StringRef smallName,
                   llvm::StringRef largeName);
/// Requires two sizes to be equal, unless types or what is known of the graph
/// prove it. `a` and `b` are operands of `op`; `newA` and `newB` are what the
/// conversion made of them.
void requireEqualSizes(mlir::OpBuilder &b, mlir::Operation *op,
                       unsigned operandA, int64_t dimA, mlir::Value newA,
                       unsigned operandB, int64_t dimB, mlir::Value newB);
/// Requires operands of `op` from number `first` on, which `newValues` stand
/// for after the conversion, to have one shape.
void requireOneShape(mlir::OpBuilder &b, mlir::Operation *op, unsigned first,
                     mlir::ValueRange newValues);
llvm::SmallVector<mlir::utils::IteratorType> parallelLoops(int64_t rank);
/// The map from `rank` loops to the dimensions `dims`.
mlir::AffineMap dimsMap(mlir::MLIRContext *context, int64_t rank,
                        llvm::ArrayRef<int64_t> dims);

using ScalarBody = llvm::function_ref<mlir::Value(
    mlir::OpBuilder &, mlir::Location, mlir::ValueRange)>;

/// result[i] = body(operands[i]): operands of rank 0 are read everywhere.
mlir::Value elementwise(mlir::OpBuilder &b, mlir::Location loc,
                        mlir::RankedTensorType type, mlir::ValueRange operands,
                        mlir::Value like, ScalarBody body);

/// Runs `body` for every index in [0, sizes), in row-major order, carrying
/// tensors from step to step.
llvm::SmallVector<mlir::Value>
sequentialLoops(mlir::OpBuilder &b, mlir::Location loc,
                llvm::ArrayRef<mlir::Value> sizes, mlir::ValueRange inits,
                llvm::function_ref<llvm::SmallVector<mlir::Value>(
                    mlir::OpBuilder &, mlir::Location, mlir::ValueRange indices,
                    mlir::ValueRange carried)>
                    body);

/// Decides whether element a goes before element b in a sorted row.
using Less = llvm::function_ref<mlir::Value(
    mlir::OpBuilder &, mlir::Location, mlir::ValueRange a, mlir::ValueRange b)>;

/// Sorts the rows of `tensors` along `dim` together, stably.
llvm::SmallVector<mlir::Value> sortRows(mlir::OpBuilder &b, mlir::Location loc,
                                        mlir::ValueRange tensors, int64_t dim,
                                        Less less);

//===----------------------------------------------------------------------===//
// Scalar forms
//===----------------------------------------------------------------------===//

/// Emits the scalar form of an element-wise operation of either dialect on
/// `args`; null where the operation has none.
mlir::Value lowerScalar(mlir::OpBuilder &b, mlir::Location loc,
                        mlir::Operation *op, mlir::ValueRange args);

/// True where lowerScalar knows the operation.
bool hasScalarForm(mlir::Operation *op);

/// An integer of the width of `value` that orders floats totally as signed
/// integers; integers stay.
mlir::Value totalOrderKey(mlir::OpBuilder &b, mlir::Location loc,
                          mlir::Value value);

/// `value` in element type `to`, both as stablehlo.convert reads them.
mlir::Value convertScalar(mlir::OpBuilder &b, mlir::Location loc,
                          mlir::Value value, mlir::Type from, mlir::Type to);

/// The type in which sums of a result of type `result` accumulate: f32 for
/// 16-bit floats.
mlir::Type accumulatorType(mlir::Type result);

/// acc + lhs * rhs, all in the accumulator's type; i1 means or and and.
mlir::Value multiplyAdd(mlir::OpBuilder &b, mlir::Location loc, mlir::Value lhs,
                        mlir::Value rhs, mlir::Value acc);

/// A tensor of accumulated sums in the element type of `type`.
mlir::Value narrowTo(mlir::OpBuilder &b, mlir::Location loc,
                     mlir::Value accumulated, mlir::RankedTensorType type);

/// Emits the only block of `region`, whose arguments are scalars, on `args`.
/// Values from outside are read through `remap`.
mlir::FailureOr<llvm::SmallVector<mlir::Value>>
inlineScalarRegion(mlir::OpBuilder &b, mlir::Region &region,
                   mlir::ValueRange args,
                   llvm::function_ref<mlir::Value(mlir::Value)> remap);

/// True where inlineScalarRegion can emit the region.
bool isScalarRegion(mlir::Region &region);

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

void populateElementwisePatterns(mlir::RewritePatternSet &patterns,
                                 const mlir::TypeConverter &converter);
void populateBroadcastPatterns(mlir::RewritePatternSet &patterns,
                               const mlir::TypeConverter &converter);
void populateShapePatterns(mlir::RewritePatternSet &patterns,
                           const mlir::TypeConverter &converter);
void populateIndexingPatterns(mlir::RewritePatternSet &patterns,
                              const mlir::TypeConverter &converter);
void populateReductionPatterns(mlir::RewritePatternSet &patterns,
                               const mlir::TypeConverter &converter);
void populateProductPatterns(mlir::RewritePatternSet &patterns,
                             const mlir::TypeConverter &converter);
void populateConvolutionPatterns(mlir::RewritePatternSet &patterns,
                                 const mlir::TypeConverter &converter);
void populateSortPatterns(mlir::RewritePatternSet &patterns,
                          const mlir::TypeConverter &converter);
void populateControlPatterns(mlir::RewritePatternSet &patterns,
                             const mlir::TypeConverter &converter);

} // namespace moe::graph

#endif // MOE_PASSES_CONVERSION_STABLEHLOTOLINALG_LOWERING_H
