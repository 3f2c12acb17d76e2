// The moe_tile dialect: task graphs of Mixture-of-Experts layers.
#ifndef MOE_DIALECT_MOETILE_MOETILE_H
#define MOE_DIALECT_MOETILE_MOETILE_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "moe/Dialect/MoETile/Dim.h"
#include "llvm/ADT/STLExtras.h"

#include "moe/Dialect/MoETile/MoETileDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "moe/Dialect/MoETile/MoETileTypes.h.inc"

#define GET_ATTRDEF_CLASSES
#include "moe/Dialect/MoETile/MoETileAttrs.h.inc"

#define GET_OP_CLASSES
#include "moe/Dialect/MoETile/MoETileOps.h.inc"

namespace moe::tile {

/// The dimension that an index of a task graph runs over: an argument of a task
/// or a walk, or the rank. None for any other value.
std::optional<Dim> getIndexDim(mlir::Value index);

/// The dimensions that `op` is repeated for: those of its task and, from the
/// outermost in, of the walks around it, with their indices.
llvm::SmallVector<std::pair<mlir::Value, Dim>>
getIterations(mlir::Operation *op);

/// Families that take turns under a graph's schedule, and their items: tiles of
/// the rows of each expert, expert after expert, or of the tokens.
struct Sweep {
  llvm::SmallVector<TaskOp> tasks;
  llvm::ArrayRef<int64_t> lags;
  /// Steps that may come at a time, family after family.
  int64_t batch = 1;
  /// `rows` or `tokens`, by the step of a tile.
  Dim items;

  bool ofRows() const { return items.extent == Extent::Rows; }
  /// Indices that say which item is meant: an expert and its tile, or a tile.
  unsigned numIndices() const { return ofRows() ? 2 : 1; }
  /// Steps that `task` lags behind the first one; none where it is no family of
  /// the sweep.
  std::optional<int64_t> lagOf(TaskOp task) const;
  /// Steps in which families still begin tasks when the last item has had its
  /// turn.
  int64_t mostLag() const {
    return *std::max_element(lags.begin(), lags.end());
  }
  /// True where the leading dimensions of `shape` are the items.
  bool leads(DimsAttr shape) const;
};

/// The sweeps of `graph`: of rows, then of tokens, where its schedule has them.
llvm::SmallVector<Sweep, 2> getSweeps(GraphOp graph);

/// The one of `sweeps` that `task` belongs to; null where there is none.
const Sweep *findSweep(llvm::ArrayRef<Sweep> sweeps, TaskOp task);

/// An index list with its operands in place: a value, a number, or a null
/// attribute for a whole dimension.
llvm::SmallVector<mlir::OpFoldResult>
getMixedIndices(mlir::MLIRContext *context, llvm::ArrayRef<int64_t> indices,
                mlir::ValueRange operands);
llvm::SmallVector<mlir::OpFoldResult> getMixedIndices(WaitOp op);
llvm::SmallVector<mlir::OpFoldResult> getMixedIndices(ArriveOp op);

/// One access of a computation: what it does with which region.
struct Access {
  AccessAttr attr;
  llvm::SmallVector<mlir::OpFoldResult> indices;

  Mode mode() const { return attr.getMode(); }
  bool reads() const { return mode() != Mode::Write; }
  bool writes() const { return mode() != Mode::Read; }
};

/// The accesses of `op` in order.
llvm::SmallVector<Access> getAccesses(ComputeOp op);

/// The dimensions of a view of a region: those that the indices do not fix to
/// one element; experts and rows together are the rows.
llvm::SmallVector<unsigned>
getViewDims(DimsAttr shape, llvm::ArrayRef<mlir::OpFoldResult> indices);

/// Write a dimension, or a number of arrivals, as the text of a graph has it.
void printDim(llvm::raw_ostream &os, const Dim &dim);
void printSum(llvm::raw_ostream &os, ArrivalsAttr arrivals);

} // namespace moe::tile

#endif // MOE_DIALECT_MOETILE_MOETILE_H
