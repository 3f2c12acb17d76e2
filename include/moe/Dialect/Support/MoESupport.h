// The moe_support dialect: weight expressions (attributes that name the bytes
// of a weight), the op that yields one, and the op that checks a run.
#ifndef MOE_DIALECT_SUPPORT_MOESUPPORT_H
#define MOE_DIALECT_SUPPORT_MOESUPPORT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include <optional>
#include <utility>

namespace mlir {
class PatternRewriter;
} // namespace mlir

#include "moe/Dialect/Support/MoESupportDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "moe/Dialect/Support/MoESupportAttrs.h.inc"

#define GET_OP_CLASSES
#include "moe/Dialect/Support/MoESupportOps.h.inc"

namespace moe::support {

/// True where the elements of `attr` cannot be read in place: a weight
/// expression of this dialect.
bool isWeightExpression(mlir::ElementsAttr attr);

/// The elements that `value` is known to hold: those of a `moe_support.weight`
/// or of any constant; null where it is neither.
mlir::ElementsAttr matchWeight(mlir::Value value);

/// Builders of weight expressions that simplify what is trivial (identity
/// permutations and reshapes, whole slices, single sources, slices of one part
/// of a concatenation, factors of 1) and nest otherwise. Sources may be weight
/// expressions or builtin elements; the arguments must describe a legal result.
mlir::ElementsAttr transposeWeight(mlir::ElementsAttr source,
                                   llvm::ArrayRef<int64_t> permutation);
mlir::ElementsAttr reshapeWeight(mlir::ElementsAttr source,
                                 llvm::ArrayRef<int64_t> shape);
mlir::ElementsAttr concatWeights(llvm::ArrayRef<mlir::ElementsAttr> sources,
                                 int64_t dimension);
mlir::ElementsAttr sliceWeight(mlir::ElementsAttr source,
                               llvm::ArrayRef<int64_t> offsets,
                               llvm::ArrayRef<int64_t> sizes,
                               llvm::ArrayRef<int64_t> strides);
mlir::ElementsAttr padWeight(mlir::ElementsAttr source,
                             llvm::ArrayRef<int64_t> shape);
/// Multiplies each slab source[i, ...] by factors[i], whose shape is a prefix
/// of the source's.
mlir::ElementsAttr scaleWeight(mlir::ElementsAttr source,
                               mlir::ElementsAttr factors);
/// Floats rounded to `type`. Elements that are in memory are converted at once.
mlir::ElementsAttr convertWeight(mlir::ElementsAttr source,
                                 mlir::FloatType type);
/// Integers of four or two bits, two or four in a byte, as bytes; their number
/// must divide the last dimension.
mlir::ElementsAttr nibbleBytes(mlir::ElementsAttr source);
/// Numbers of `bits` (2 or 4) that share bytes along the last dimension, the
/// first in the low bits, as integers of `elementType` (i2, i4 or i8).
mlir::ElementsAttr unpackBytes(mlir::ElementsAttr source, int64_t bits,
                               mlir::Type elementType);
/// The elements in the opposite order along `dimension`.
mlir::ElementsAttr reverseWeight(mlir::ElementsAttr source, int64_t dimension);
/// Joins equally shaped sources along a new leading dimension.
mlir::ElementsAttr stackWeights(llvm::ArrayRef<mlir::ElementsAttr> sources);

} // namespace moe::support

#endif // MOE_DIALECT_SUPPORT_MOESUPPORT_H
