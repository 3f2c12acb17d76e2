// The chlo dialect: client-side operations above stablehlo.
#ifndef MOE_DIALECT_STABLEHLO_CHLO_H
#define MOE_DIALECT_STABLEHLO_CHLO_H

#include "moe/Dialect/StableHLO/StableHLO.h"

namespace moe::chlo {

/// The type that implicit broadcasting of `values` gives, in the element type
/// of the first: trailing dimensions aligned, sizes of 1 repeated; a size is
/// dynamic where no operand has a static one other than 1. Operands that do not
/// broadcast give the size of the last of them.
mlir::RankedTensorType broadcastType(mlir::ValueRange values);

} // namespace moe::chlo

#include "moe/Dialect/StableHLO/ChloDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "moe/Dialect/StableHLO/ChloAttrs.h.inc"

#define GET_OP_CLASSES
#include "moe/Dialect/StableHLO/ChloOps.h.inc"

#endif // MOE_DIALECT_STABLEHLO_CHLO_H
