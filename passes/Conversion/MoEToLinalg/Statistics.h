// What the lowerings of statistics and of losses share.
#ifndef MOE_PASSES_CONVERSION_MOETOLINALG_STATISTICS_H
#define MOE_PASSES_CONVERSION_MOETOLINALG_STATISTICS_H

#include "MoEToLinalg.h"

namespace moe::detail {

/// A number, which may be a count, in `type`.
mlir::Value toReal(TensorBuilder &b, mlir::Value value, mlir::FloatType type);

/// `a` / `c`, or 0 where `c` is.
mlir::Value divideOrZero(TensorBuilder &b, mlir::Value a, mlir::Value c);

/// The element of each row (`axis` 1) or column (0) that `rank` others come
/// before by descending value, ties to the lower index.
mlir::Value buildOfRank(TensorBuilder &b, mlir::Value matrix, unsigned axis,
                        mlir::Value rank);

} // namespace moe::detail

#endif // MOE_PASSES_CONVERSION_MOETOLINALG_STATISTICS_H
