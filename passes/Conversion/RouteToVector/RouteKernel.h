// The function that selects experts for blocks of units, in vectors.
#ifndef MOE_PASSES_CONVERSION_ROUTETOVECTOR_ROUTEKERNEL_H
#define MOE_PASSES_CONVERSION_ROUTETOVECTOR_ROUTEKERNEL_H

#include "../MoEToLinalg/TensorBuilder.h"
#include "moe/Dialect/MoE/MoE.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <optional>

namespace moe::detail {

/// Why no kernel computes what `op` does; nothing where one does. `rounds`:
/// where somebody else rounds the counts of experts.
std::optional<llvm::StringRef> whyNoKernel(RouteOp op, bool rounds = false);

/// True where the counts of experts become multiples of a tile.
bool roundsCounts(RouteOp op);

/// The score of `logit` (f32, or a vector of it); `shift` and `sum` are those
/// of a softmax, else null.
mlir::Value buildRouteScore(TensorBuilder &b, ScoreAttr score,
                            mlir::Value logit, mlir::Value shift,
                            mlir::Value sum);

/// The operands of `op` that its kernel reads, null where they are not given:
/// `logits`, `key_offset`, `allow`, `weight_source`, `expert_scale`.
llvm::SmallVector<mlir::Value> getKernelOperands(RouteOp op);

/// Memory in which the kernel of `op` keeps what it makes of one block of
/// `lanes` units: dense rows of that many numbers. Where counts are rounded,
/// who does it reads some of that of all blocks, which are the first, dynamic
/// dimension: the order of the keys (E x lanes, the bits of an i32 that grows
/// with the key, the least for what is none), which are the first, and shift
/// and sum of a softmax (2 x lanes), which are the last.
llvm::SmallVector<mlir::MemRefType> getKernelScratch(RouteOp op, int64_t lanes);

/// Builds the kernel of `op` at the insertion point of `builder`: code that
/// writes ids (U x k, i32) and weights (U x k) of the entries which `op`
/// selects for all U units, in blocks of `lanes`; the last one may be shorter.
/// `memory` are the operands of `getKernelOperands` that are given, ids,
/// weights, and `getKernelScratch`, all of dense rows. `lanes` is a power of
/// two.
void buildRouteBlocks(mlir::OpBuilder &builder, RouteOp op, int64_t lanes,
                      mlir::ValueRange memory);

/// Adds to `module` the function
///   name(operands, ids: [U, k] i32, weights: [U, k], begin, end)
/// that writes the entries which `op` selects for the blocks [begin, end) of
/// `lanes` units; the last block of U units may be shorter. Operands are those
/// of `getKernelOperands`, as dense memory with any U. `lanes` is a power of
/// two.
mlir::func::FuncOp buildRouteKernel(mlir::ModuleOp module, RouteOp op,
                                    llvm::StringRef name, int64_t lanes);

} // namespace moe::detail

#endif // MOE_PASSES_CONVERSION_ROUTETOVECTOR_ROUTEKERNEL_H
