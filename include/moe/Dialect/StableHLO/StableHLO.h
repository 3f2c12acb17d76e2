// The stablehlo dialect: a mirror of the public operation set that exported
// models use, under upstream's names and text.
#ifndef MOE_DIALECT_STABLEHLO_STABLEHLO_H
#define MOE_DIALECT_STABLEHLO_STABLEHLO_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mlir {
class RewriterBase;
} // namespace mlir

namespace moe::stablehlo {

/// True where `attr` is a list of 64-bit integers in today's spelling
/// (`array<i64: ...>`) or in that of early producers
/// (`dense<[...]> : tensor<Nxi64>`).
bool isI64List(mlir::Attribute attr);

/// The elements of an attribute for which isI64List holds (nothing for null).
/// They live as long as the context.
llvm::ArrayRef<int64_t> getI64List(mlir::Attribute attr);

/// True where `attr` is a list of truth values in one of the two spellings.
bool isBoolList(mlir::Attribute attr);

/// The elements of an attribute for which isBoolList holds (nothing for null).
llvm::SmallVector<bool> getBoolList(mlir::Attribute attr);

/// The type of the first value with every dynamic size replaced by the static
/// size that another value of the same rank has there.
mlir::RankedTensorType mergeStaticShapes(mlir::ValueRange values);

/// Whether calls of the function `target` of another compiler
/// (`stablehlo.custom_call`) have a lowering: annotations, checks of shapes.
bool isLoweredCallee(llvm::StringRef target);

} // namespace moe::stablehlo

#include "moe/Dialect/StableHLO/StableHLODialect.h.inc"
#include "moe/Dialect/StableHLO/StableHLOEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "moe/Dialect/StableHLO/StableHLOAttrs.h.inc"

#define GET_OP_CLASSES
#include "moe/Dialect/StableHLO/StableHLOOps.h.inc"

#endif // MOE_DIALECT_STABLEHLO_STABLEHLO_H
