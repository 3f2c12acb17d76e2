// Lowers a task graph to a parallel loop whose workers claim tickets.
#ifndef MOE_PASSES_CONVERSION_TILETOCPU_GRAPHLOWERING_H
#define MOE_PASSES_CONVERSION_TILETOCPU_GRAPHLOWERING_H

#include "moe/Dialect/MoETile/MoETile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moe::tile {

/// The tiles of the rows of all experts in one number, expert after expert.
struct RowTiles {
  /// E + 1: number of each expert's first tile.
  mlir::Value begins;
  /// The expert of each tile.
  mlir::Value experts;
  /// As many tiles, and rows of one, as there can be.
  mlir::Value mostTiles, mostHeight;
  /// Where the graph counts the rows, 2: the number of tiles, rows of the
  /// highest one. Else null, and these are the most.
  mlir::Value found;
};

/// Lowers one graph in place.
///
///   tables of row tiles; cells, counter = 0
///   parallel worker:
///     memory of the worker
///     while (t = the next ticket that was claimed) < tasks:
///       if t < tasks of family 0: its point from t; its steps
///       else if ...
///
/// The families of a sweep are one block of tickets: its steps, each with the
/// tasks of every family for one item, a tile of rows or of tokens, or, where
/// items have few rows, for a batch of them. A worker claims several tasks of a
/// family there at once, until few steps are left. It takes
/// its tickets in their order, so that who has the lowest one that is not done
/// waits for nobody.
///
/// Where tasks of the graph count the rows, who has counted fills the tables,
/// and families over rows, which come last, have tickets for as many as there
/// are: who claims one of these waits for the counts first.
class GraphLowering {
public:
  GraphLowering(GraphOp graph, int64_t workers, bool traces)
      : graph(graph), sweeps(getSweeps(graph)), workers(workers),
        traces(traces), b(graph.getLoc(), graph), symbols(graph) {}

  llvm::LogicalResult run();

private:
  // What a CPU can do with.
  llvm::LogicalResult check();
  bool writesCounts(ComputeOp op);

  // Scalars.
  mlir::Value index(int64_t value) {
    return mlir::arith::ConstantIndexOp::create(b, value);
  }
  mlir::Value add(mlir::Value x, mlir::Value y) {
    return mlir::arith::AddIOp::create(b, x, y);
  }
  mlir::Value sub(mlir::Value x, mlir::Value y) {
    return mlir::arith::SubIOp::create(b, x, y);
  }
  mlir::Value mul(mlir::Value x, mlir::Value y) {
    return mlir::arith::MulIOp::create(b, x, y);
  }
  mlir::Value ceilDiv(mlir::Value x, int64_t y) {
    return y == 1
               ? x
               : mlir::Value(mlir::arith::CeilDivUIOp::create(b, x, index(y)));
  }
  mlir::Value min(mlir::Value x, mlir::Value y) {
    return mlir::arith::MinUIOp::create(b, x, y);
  }
  mlir::Value less(mlir::Value x, mlir::Value y) {
    return mlir::arith::CmpIOp::create(b, mlir::arith::CmpIPredicate::ult, x,
                                       y);
  }
  mlir::Value load(mlir::Value memory, mlir::Value at) {
    return mlir::memref::LoadOp::create(b, memory, at);
  }
  mlir::Value sumOverExperts(llvm::function_ref<mlir::Value(mlir::Value)> term);

  // Sizes. Rows are those of `expert`, null where none is at hand.
  mlir::Value firstRow(mlir::Value expert) { return load(offsets, expert); }
  mlir::Value rowsOf(mlir::Value expert) {
    return sub(load(offsets, add(expert, index(1))), firstRow(expert));
  }
  mlir::Value sizeOf(const Dim &dim, mlir::Value expert);
  mlir::Value tilesOf(const Dim &dim, mlir::Value expert) {
    return dim.isStatic() ? index(dim.staticTiles())
                          : ceilDiv(sizeOf(dim, expert), dim.step);
  }
  mlir::Value evaluate(ArrivalsAttr arrivals, mlir::Value expert);
  void allocateTables();
  void tabulateRows(int64_t step);
  void publishCounts();
  mlir::Value tileCount(int64_t step) {
    RowTiles &tiles = rowTiles[step];
    return tiles.found ? load(tiles.found, index(0)) : tiles.mostTiles;
  }
  mlir::Value tileHeight(int64_t step) {
    RowTiles &tiles = rowTiles[step];
    return tiles.found ? load(tiles.found, index(1)) : tiles.mostHeight;
  }
  mlir::Value tileNumber(const Dim &rows, mlir::Value expert,
                         mlir::Value tile) {
    return add(load(rowTiles[rows.step].begins, expert), tile);
  }
  const Sweep &sweepOf(BufferOp ring);
  mlir::Value itemCount(const Sweep &of) {
    return of.ofRows() ? tileCount(of.items.step) : tilesOf(of.items, {});
  }
  mlir::Value itemHeight(const Sweep &of) {
    return of.ofRows() ? tileHeight(of.items.step)
                       : min(index(of.items.step), tokens);
  }

  // Tickets.
  mlir::Value pointsPerItem(TaskOp task, unsigned first);
  mlir::Value points(TaskOp task, mlir::Value rowTileCount);
  llvm::SmallVector<mlir::Value> point(TaskOp task, mlir::Value ticket);
  llvm::SmallVector<mlir::Value> point(TaskOp task, mlir::Value item,
                                       mlir::Value number);
  void choose(mlir::Value number, llvm::ArrayRef<mlir::Value> ends,
              llvm::function_ref<void(size_t, mlir::Value)> build);
  mlir::Value stepsAtOnce(const Sweep &sweep, bool most);
  llvm::SmallVector<mlir::Value> turnEnds(const Sweep &sweep,
                                          mlir::Value steps);
  mlir::Value sweepTickets(const Sweep &sweep, mlir::Value items,
                           mlir::Value steps);
  void lowerSweep(const Sweep &sweep, mlir::Value number);
  llvm::SmallVector<mlir::Value> ticketEnds(llvm::ArrayRef<TaskOp> families,
                                            mlir::Value begin, bool most);
  mlir::Value claimLength(llvm::ArrayRef<TaskOp> families,
                          llvm::ArrayRef<mlir::Value> ends, mlir::Value begin,
                          mlir::Value at, mlir::Value workers);
  mlir::Value waitForCounts(mlir::Value ticket, mlir::Value begin,
                            llvm::ArrayRef<TaskOp> families);

  // Memory.
  bool hasFreeStrides(BufferOp buffer);
  mlir::Value allocateApart(mlir::MemRefType type, mlir::ValueRange sizes);
  void allocate(BufferOp buffer);
  void allocateOfWorker(llvm::ArrayRef<BufferOp> buffers);
  void allocate(SignalOp signal);
  /// A cell of a signal, and the expert that it belongs to, null where it is
  /// none's. `exists`: whether there is one so far behind; null for always.
  struct Cell {
    mlir::Value number, expert, exists;
  };
  Cell cellOf(SignalOp signal, llvm::ArrayRef<mlir::OpFoldResult> indices,
              int64_t behind, const mlir::IRMapping &mapping);
  mlir::Value viewOf(const Access &access, mlir::Type type,
                     const mlir::IRMapping &mapping);
  /// The expert whose rows are meant around `op`, null where none is.
  mlir::Value expertAt(mlir::Operation *op, const mlir::IRMapping &mapping);

  // Steps.
  void lowerBlock(mlir::Block &block, mlir::IRMapping &mapping);
  bool standsApart(ComputeOp op);
  void callBody(ComputeOp op, const mlir::IRMapping &mapping);
  mlir::Value addressOf(mlir::Value memory, mlir::Value number);
  mlir::Value loadAtomic(mlir::Value address,
                         mlir::LLVM::AtomicOrdering ordering);
  mlir::Value isMissing(mlir::Value address, mlir::Value expected);
  void lowerWait(WaitOp op, mlir::IRMapping &mapping);
  void lowerWait(mlir::Value address, mlir::Value expected);
  mlir::LLVM::LLVMFuncOp getYield();
  void lowerArrive(ArriveOp op, mlir::IRMapping &mapping);
  void lowerTask(TaskOp task, mlir::ValueRange point);
  void lowerTrace(llvm::StringRef event, mlir::ValueRange point, int64_t phase);

  GraphOp graph;
  llvm::SmallVector<Sweep, 2> sweeps;
  int64_t workers;
  bool traces;
  mlir::ImplicitLocOpBuilder b;
  mlir::SymbolTable symbols;
  mlir::Value offsets, tokens;
  /// Where tasks of the graph count the rows: as many as there can be, and of
  /// one expert. Else null.
  mlir::Value mostRows, mostRowsOfOne;
  /// Waits beside the tasks that families over rows come after.
  llvm::SetVector<WaitOp> counted;
  llvm::MapVector<int64_t, RowTiles> rowTiles;
  llvm::StringMap<mlir::Value> memory, cells;
};

} // namespace moe::tile

#endif // MOE_PASSES_CONVERSION_TILETOCPU_GRAPHLOWERING_H
