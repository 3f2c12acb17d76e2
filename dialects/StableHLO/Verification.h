// Checks that several operations share. Operations come from files that nobody
// has checked: nothing here asserts on sizes or counts, and dynamic sizes skip.
#ifndef MOE_DIALECTS_STABLEHLO_VERIFICATION_H
#define MOE_DIALECTS_STABLEHLO_VERIFICATION_H

#include "moe/Dialect/StableHLO/StableHLO.h"

namespace moe::stablehlo {

/// `dims` are distinct and within [0, rank); `sorted` asks for ascending order.
mlir::LogicalResult verifyDimensions(mlir::Operation *op, llvm::StringRef name,
                                     llvm::ArrayRef<int64_t> dims, int64_t rank,
                                     bool sorted = false);

/// The list `name` of `size` elements has `expected`, the number of `what`.
mlir::LogicalResult verifyLength(mlir::Operation *op, llvm::StringRef name,
                                 int64_t size, llvm::StringRef what,
                                 int64_t expected);

/// A one-dimensional tensor has `expected` elements, the number of `what`.
mlir::LogicalResult verifyLength(mlir::Operation *op, llvm::StringRef name,
                                 mlir::Value list, llvm::StringRef what,
                                 int64_t expected);

/// Each of the lists, with its name, has `expected` elements.
mlir::LogicalResult verifyLengths(
    mlir::Operation *op,
    llvm::ArrayRef<std::pair<llvm::StringRef, llvm::ArrayRef<int64_t>>> lists,
    llvm::StringRef what, int64_t expected);

/// 'operand' and 'result' have one rank, and each of the one-dimensional
/// tensors, with its name, has as many elements.
mlir::LogicalResult verifyPerDimension(
    mlir::Operation *op, mlir::Type operand, mlir::Type result,
    llvm::ArrayRef<std::pair<llvm::StringRef, mlir::Value>> lists);

/// There are as many results as inputs, and one at least.
mlir::LogicalResult verifyResultCount(mlir::Operation *op,
                                      mlir::ValueRange inputs);

/// The dimensions `lhsDims` of 'lhs' and `rhsDims` of 'rhs' agree one by one.
mlir::LogicalResult verifyPairedSizes(mlir::Operation *op,
                                      mlir::RankedTensorType lhs,
                                      llvm::ArrayRef<int64_t> lhsDims,
                                      mlir::RankedTensorType rhs,
                                      llvm::ArrayRef<int64_t> rhsDims);

/// The index `dim` is below `rank`.
mlir::LogicalResult verifyDimension(mlir::Operation *op, llvm::StringRef name,
                                    int64_t dim, llvm::StringRef of,
                                    int64_t rank);

/// Sizes are equal or one of them is dynamic.
bool sizesAgree(int64_t a, int64_t b);

/// The shapes agree, up to dynamic sizes.
bool shapesAgree(llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b);

/// The type of `name` has the shape `expected`, up to dynamic sizes.
mlir::LogicalResult verifyShape(mlir::Operation *op, llvm::StringRef name,
                                mlir::Type type,
                                llvm::ArrayRef<int64_t> expected);

/// A region's only block takes `arguments` and returns `results`.
mlir::LogicalResult verifyRegion(mlir::Operation *op, llvm::StringRef name,
                                 mlir::Region &region,
                                 mlir::TypeRange arguments,
                                 mlir::TypeRange results);

/// The number of elements; nothing where it is dynamic or exceeds 2^63 - 1.
std::optional<int64_t> countElements(mlir::ShapedType type);

/// Scalar tensor types of the element types of `values`.
llvm::SmallVector<mlir::Type> scalarTypes(mlir::TypeRange types);

} // namespace moe::stablehlo

#endif // MOE_DIALECTS_STABLEHLO_VERIFICATION_H
