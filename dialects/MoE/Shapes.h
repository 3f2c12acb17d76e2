// Shape checks that the verifiers of the moe dialect share; private to it.
#ifndef MOE_DIALECTS_MOE_SHAPES_H
#define MOE_DIALECTS_MOE_SHAPES_H

#include "mlir/IR/BuiltinTypes.h"

namespace moe::detail {

/// True where two sizes cannot differ at run time as far as the types tell.
inline bool compatible(int64_t a, int64_t b) {
  return mlir::ShapedType::isDynamic(a) || mlir::ShapedType::isDynamic(b) ||
         a == b;
}

} // namespace moe::detail

#endif // MOE_DIALECTS_MOE_SHAPES_H
