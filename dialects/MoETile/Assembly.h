// Parsing and printing of dimensions, counts and index lists; private to the
// dialect.
#ifndef MOE_DIALECTS_MOETILE_ASSEMBLY_H
#define MOE_DIALECTS_MOETILE_ASSEMBLY_H

#include "moe/Dialect/MoETile/MoETile.h"

namespace moe::tile::detail {

/// One dimension: `rows by 32`, `96 by 64`, `experts`. `present` is false, and
/// nothing read, where the text goes on with something else.
mlir::ParseResult parseOptionalDim(mlir::AsmParser &parser, Dim &dim,
                                   bool &present);
mlir::ParseResult parseDim(mlir::AsmParser &parser, Dim &dim);

/// The list of `dims`, checked; null after an error at `location`.
DimsAttr getDims(mlir::AsmParser &parser, llvm::SMLoc location,
                 llvm::ArrayRef<Dim> dims);

mlir::ParseResult parseArrivals(mlir::AsmParser &parser,
                                ArrivalsAttr &arrivals);

/// `[%a, *, 3]` after the name of what is indexed. The operands' places are
/// AccessAttr::kOperand.
mlir::ParseResult parseIndices(
    mlir::OpAsmParser &parser,
    llvm::SmallVectorImpl<mlir::OpAsmParser::UnresolvedOperand> &operands,
    llvm::SmallVectorImpl<int64_t> &indices);
void printIndices(mlir::OpAsmPrinter &printer, mlir::OperandRange operands,
                  llvm::ArrayRef<int64_t> indices);

/// Checks a list of `indices` into dimensions of the shape of `name`, which
/// `what` (buffer or signal) is. `cells`: a list must select one element of
/// each dimension.
mlir::LogicalResult verifyIndices(mlir::Operation *op, llvm::StringRef what,
                                  llvm::StringRef name, DimsAttr shape,
                                  llvm::ArrayRef<mlir::OpFoldResult> indices,
                                  bool cells);

/// Checks where `rows` stands in a shape: after `experts`, both once at most.
mlir::LogicalResult verifyRaggedShape(mlir::Operation *op, DimsAttr shape);

} // namespace moe::tile::detail

#endif // MOE_DIALECTS_MOETILE_ASSEMBLY_H
