// Helpers that the lowerings of structured ops to CPU loops share.
#ifndef MOE_PASSES_CONVERSION_LINALGTOCPU_CPULOOPS_H
#define MOE_PASSES_CONVERSION_LINALGTOCPU_CPULOOPS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"

namespace moe {

/// Runs `body` for every index of [0, total), in an `scf.parallel` over
/// contiguous chunks where the work is large enough. `workPerIndex` estimates
/// the scalar operations of one index; a chunk holds about `grain` of them. The
/// chunks depend on shapes alone. `body` receives the bounds of its chunk.
void buildChunks(
    mlir::OpBuilder &builder, mlir::Location loc, mlir::Value total,
    mlir::Value workPerIndex, int64_t grain,
    llvm::function_ref<void(mlir::OpBuilder &, mlir::Value, mlir::Value)> body);

/// Index arithmetic that folds constants.
mlir::Value buildMul(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Value a, mlir::Value b);

/// The size of dimension `dim` of a memref.
mlir::Value buildDim(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Value memref, int64_t dim);

/// The constant behind an index value, if it is one.
std::optional<int64_t> constantIndex(mlir::Value value);

/// Lowers any structured op on memrefs to loops in place of it and erases it.
void lowerToLoops(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op,
                  int64_t grain);

/// Lowers a loop over independent indices of one dimension, on memrefs, to
/// chunks of about `grain` operations in place of it and erases it.
void lowerForall(mlir::OpBuilder &builder, mlir::scf::ForallOp op,
                 int64_t grain);

} // namespace moe

#endif // MOE_PASSES_CONVERSION_LINALGTOCPU_CPULOOPS_H
