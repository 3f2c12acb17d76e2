// The function that selects experts for blocks of units, in vectors.
#ifndef MOE_PASSES_CONVERSION_ROUTETOVECTOR_ROUTEKERNEL_H
#define MOE_PASSES_CONVERSION_ROUTETOVECTOR_ROUTEKERNEL_H

#include "moe/Dialect/MoE/MoE.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <optional>

namespace moe::detail {

/// Why no kernel computes what `op` does; nothing where one does.
std::optional<llvm::StringRef> whyNoKernel(RouteOp op);

/// The operands of `op` that its kernel reads, null where they are not given:
/// `logits`, `key_offset`, `allow`, `weight_source`, `expert_scale`.
llvm::SmallVector<mlir::Value> getKernelOperands(RouteOp op);

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
