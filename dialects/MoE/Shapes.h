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

/// (body_c5): where the activation of `body` (null: none) is a function, `op`
/// finds it and it maps a number to a number: of f64 where one of `types` is,
/// else of f32.
mlir::LogicalResult verifyActivation(mlir::Operation *op, BodyAttr body,
                                     mlir::TypeRange types,
                                     mlir::SymbolTableCollection &symbols);

/// Element types of what `parameters` hold in floats.
llvm::SmallVector<mlir::Type>
getFloatTypes(llvm::ArrayRef<ParameterOperands> parameters);

/// (R17): a class that passes its rows on has results as wide as they are.
mlir::LogicalResult verifyPassedOn(mlir::Operation *op, ClassAttr entry,
                                   int64_t in, int64_t out);

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
