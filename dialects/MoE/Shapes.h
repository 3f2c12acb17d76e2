// Shape checks that the verifiers of the moe dialect share; private to it.
#ifndef MOE_DIALECTS_MOE_SHAPES_H
#define MOE_DIALECTS_MOE_SHAPES_H

#include "moe/Dialect/MoE/Parameters.h"

#include "mlir/IR/BuiltinTypes.h"

namespace moe::detail {

/// True where two sizes cannot differ at run time as far as the types tell.
inline bool compatible(int64_t a, int64_t b) {
  return mlir::ShapedType::isDynamic(a) || mlir::ShapedType::isDynamic(b) ||
         a == b;
}

/// (experts_c6): what reshapes the matrices of `entry` divides their sizes,
/// which are `in`, `out` and the inner width.
mlir::LogicalResult verifyDivisors(mlir::Operation *op, ClassAttr entry,
                                   int64_t in, int64_t out);

/// (R16): what stores a parameter, behind `leading`, can store it and has the
/// element types and shapes of its format.
mlir::LogicalResult verifyStored(mlir::Operation *op,
                                 const ParameterOperands &own,
                                 llvm::ArrayRef<int64_t> leading);

} // namespace moe::detail

#endif // MOE_DIALECTS_MOE_SHAPES_H
