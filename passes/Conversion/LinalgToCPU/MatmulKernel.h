// The functions that multiply one panel of B, generated on first use.
#ifndef MOE_PASSES_CONVERSION_LINALGTOCPU_MATMULKERNEL_H
#define MOE_PASSES_CONVERSION_LINALGTOCPU_MATMULKERNEL_H

#include "Contraction.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace moe {

/// What a kernel multiplies and how its operands lie in memory.
struct KernelForm {
  RegisterTile tile;
  mlir::FloatType a, b;
  /// Elements along k that lie side by side in B; 2 needs a pair product.
  int64_t pair = 1;
  /// B has no more columns than C; else it has those of the tile.
  bool masksB = false;

  /// Rows of C that one walk through a panel of B computes at most.
  int64_t maxRows() const;
};

/// The function
///   kernel(A: [M, K], B: [K / pair, w * pair], C: [M, n]):
///     C += A * B[:, 0:n],  n <= w = tile.columns
/// of `module`; made if it has none yet. A and C have contiguous rows.
mlir::func::FuncOp getMatmulKernel(mlir::ModuleOp module,
                                   const KernelForm &form);

/// A matrix with contiguous rows of any stride.
mlir::MemRefType getRowsType(mlir::Type element);

} // namespace moe

#endif // MOE_PASSES_CONVERSION_LINALGTOCPU_MATMULKERNEL_H
