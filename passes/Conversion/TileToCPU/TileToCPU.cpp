// Lowers task graphs to a parallel loop whose workers claim tickets.
#include "moe/Conversion/Passes.h"
#include "moe/Dialect/MoETile/MoETile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/RegionUtils.h"

namespace moe {
#define GEN_PASS_DEF_CONVERTTILETOCPUPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;
using namespace moe::tile;

namespace {

/// Looks at a cell before a waiting thread lets another one run: some
/// microseconds.
constexpr int64_t looksPerTurn = 1024;

/// The tiles of the rows of all experts in one number, expert after expert.
struct RowTiles {
  /// E + 1: number of each expert's first tile.
  Value begins;
  /// The expert of each tile.
  Value experts;
  /// As many tiles, and rows of one, as there can be.
  Value mostTiles, mostHeight;
  /// Where the graph counts the rows, 2: the number of tiles, rows of the
  /// highest one. Else null, and these are the most.
  Value found;
};

/// Lowers one graph in place.
///
///   tables of row tiles; cells, counter = 0
///   parallel worker:
///     memory of the worker
///     while (t = counter++) < tasks:
///       if t < tasks of family 0: its point from t; its steps
///       else if ...
///
/// The families of a sweep are one block of tickets: its steps, each with the
/// tasks of every family for one item.
///
/// Where tasks of the graph count the rows, who has counted fills the tables,
/// and families over rows, which come last, have tickets for as many as there
/// are: who claims one of these waits for the counts first.
class GraphLowering {
public:
  GraphLowering(GraphOp graph, int64_t workers, bool traces)
      : graph(graph), sweep(getSweep(graph)), workers(workers), traces(traces),
        b(graph.getLoc(), graph), symbols(graph) {}

  LogicalResult run();

private:
  // What a CPU can do with.
  LogicalResult check();
  bool writesCounts(ComputeOp op);

  // Scalars.
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, x, y); }
  Value sub(Value x, Value y) { return arith::SubIOp::create(b, x, y); }
  Value mul(Value x, Value y) { return arith::MulIOp::create(b, x, y); }
  Value ceilDiv(Value x, int64_t y) {
    return y == 1 ? x : Value(arith::CeilDivUIOp::create(b, x, index(y)));
  }
  Value min(Value x, Value y) { return arith::MinUIOp::create(b, x, y); }
  Value less(Value x, Value y) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ult, x, y);
  }
  Value load(Value memory, Value at) {
    return memref::LoadOp::create(b, memory, at);
  }
  Value sumOverExperts(function_ref<Value(Value)> term);

  // Sizes. Rows are those of `expert`, null where none is at hand.
  Value firstRow(Value expert) { return load(offsets, expert); }
  Value rowsOf(Value expert) {
    return sub(load(offsets, add(expert, index(1))), firstRow(expert));
  }
  Value sizeOf(const Dim &dim, Value expert);
  Value tilesOf(const Dim &dim, Value expert) {
    return dim.isStatic() ? index(dim.staticTiles())
                          : ceilDiv(sizeOf(dim, expert), dim.step);
  }
  Value evaluate(ArrivalsAttr arrivals, Value expert);
  void allocateTables();
  void tabulateRows(int64_t step);
  void publishCounts();
  Value tileCount(int64_t step) {
    RowTiles &tiles = rowTiles[step];
    return tiles.found ? load(tiles.found, index(0)) : tiles.mostTiles;
  }
  Value tileHeight(int64_t step) {
    RowTiles &tiles = rowTiles[step];
    return tiles.found ? load(tiles.found, index(1)) : tiles.mostHeight;
  }
  Value tileNumber(const Dim &rows, Value expert, Value tile) {
    return add(load(rowTiles[rows.step].begins, expert), tile);
  }

  // Tickets.
  Value pointsPerItem(TaskOp task, unsigned first);
  Value points(TaskOp task, Value rowTileCount);
  SmallVector<Value> point(TaskOp task, Value ticket);
  SmallVector<Value> point(TaskOp task, Value item, Value number);
  void choose(Value number, ArrayRef<Value> ends,
              function_ref<void(size_t, Value)> build);
  Value sweepTickets(Value items);
  void lowerSweep(Value number);
  bool inSweep(TaskOp task) { return sweep && sweep->lagOf(task); }
  SmallVector<Value> ticketEnds(ArrayRef<TaskOp> families, Value begin,
                                bool most);
  Value waitForCounts(Value ticket, Value begin, ArrayRef<TaskOp> families);

  // Memory.
  void allocate(BufferOp buffer);
  void allocate(SignalOp signal);
  /// A cell of a signal, and the expert that it belongs to, null where it is
  /// none's. `exists`: whether there is one so far behind; null for always.
  struct Cell {
    Value number, expert, exists;
  };
  Cell cellOf(SignalOp signal, ArrayRef<OpFoldResult> indices, int64_t behind,
              const IRMapping &mapping);
  Value viewOf(const Access &access, Type type, const IRMapping &mapping);
  /// The expert whose rows are meant around `op`, null where none is.
  Value expertAt(Operation *op, const IRMapping &mapping);

  // Steps.
  void lowerBlock(Block &block, IRMapping &mapping);
  bool standsApart(ComputeOp op);
  void callBody(ComputeOp op, const IRMapping &mapping);
  void lowerWait(WaitOp op, IRMapping &mapping);
  LLVM::LLVMFuncOp getYield();
  void lowerArrive(ArriveOp op, IRMapping &mapping);
  void lowerTask(TaskOp task, ValueRange point);
  void lowerTrace(TaskOp task, ValueRange point, int64_t phase);

  GraphOp graph;
  std::optional<Sweep> sweep;
  int64_t workers;
  bool traces;
  ImplicitLocOpBuilder b;
  SymbolTable symbols;
  Value offsets, tokens;
  /// Where tasks of the graph count the rows: as many as there can be. Else
  /// null.
  Value mostRows;
  /// Waits beside the tasks that families over rows come after.
  llvm::SetVector<WaitOp> counted;
  llvm::MapVector<int64_t, RowTiles> rowTiles;
  llvm::StringMap<Value> memory, cells;
};

/// Whether a wait is for what a later role of its task does: roles run in
/// order.
static bool waitsForLaterRole(WaitOp wait) {
  Operation *step = wait;
  while (!isa<TaskOp, GraphOp>(step->getParentOp()))
    step = step->getParentOp();
  StringRef signal = wait.getSignal();
  bool found = false;
  while ((step = step->getNextNode()))
    if (isa<RoleOp>(step))
      step->walk([&](ArriveOp op) { found |= op.getSignal() == signal; });
  return found;
}

bool GraphLowering::writesCounts(ComputeOp op) {
  return llvm::any_of(getAccesses(op), [&](const Access &access) {
    auto buffer = symbols.lookup<BufferOp>(access.attr.getBuffer().getValue());
    return access.writes() && buffer.getRole() == Role::Counts;
  });
}

LogicalResult GraphLowering::check() {
  auto refuse = [](Operation *op, const Twine &what) {
    return op->emitOpError("expects ") << what << " on a CPU";
  };
  if (graph.getSchedule().getKind() != ScheduleKind::Ticket)
    return refuse(graph, "the schedule 'ticket'");
  if (graph.getRanks() != 1)
    return refuse(graph, "one rank");
  bool needsTokens = false, counts = false;
  WalkResult result = graph.walk([&](Operation *op) -> WalkResult {
    auto hasTokens = [](DimsAttr dims) {
      return llvm::any_of(
          dims, [](const Dim &dim) { return dim.extent == Extent::Tokens; });
    };
    if (auto buffer = dyn_cast<BufferOp>(op)) {
      if (buffer.getSpace() == Space::Symmetric || buffer.getCopies() != 1 ||
          buffer.getAlign() != 1)
        return refuse(op, "buffers of the device or a worker without copies "
                          "and gaps");
      bool isFixed = llvm::all_of(
          buffer.getShape(), [](const Dim &dim) { return dim.isStatic(); });
      if (buffer.getSpace() == Space::Worker && (!isFixed || buffer.getRing()))
        return refuse(op, "memory of a worker of a fixed size without a ring");
      if (buffer.getRing() && !buffer.getRowsDim())
        return refuse(op, "rings of rows");
      if (buffer.getRole() != Role::Scratch && !buffer.getMemory())
        return refuse(op, "memory for what the graph does not allocate");
      needsTokens |= hasTokens(buffer.getShape());
    }
    if (auto arrive = dyn_cast<ArriveOp>(op); arrive && arrive.getBehind() != 0)
      return refuse(op, "arrivals that do not lag");
    if (auto signal = dyn_cast<SignalOp>(op))
      if (signal.getScope() == Scope::System ||
          signal.getEpoch().getKind() != EpochKind::Fresh)
        return refuse(op, "signals of the device or a worker that are fresh");
    if (auto task = dyn_cast<TaskOp>(op)) {
      for (Value token : task.getAfter())
        if (auto wait = token.getDefiningOp<WaitOp>())
          counted.insert(wait);
      if (task.getAfter().empty() && !counted.empty())
        return refuse(op, "tasks that begin at once before those that do not");
      needsTokens |= hasTokens(task.getDomain());
      for (auto [i, dim] : llvm::enumerate(task.getDomain()))
        if (dim.extent == Extent::Rows && i != 1)
          return refuse(op, "domains of rows that begin with 'experts' and "
                            "'rows'");
    }
    if (auto wait = dyn_cast<WaitOp>(op); wait && waitsForLaterRole(wait))
      return refuse(op, "roles that wait for earlier ones alone");
    if (auto compute = dyn_cast<ComputeOp>(op)) {
      if (compute.getBody().empty())
        return refuse(op, "computations with a body");
      counts |= writesCounts(compute);
    }
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  for (auto buffer : graph.getBody().getOps<BufferOp>()) {
    if (buffer.getRole() == Role::Counts)
      offsets = buffer.getMemory();
    for (auto [i, dim] : llvm::enumerate(buffer.getShape()))
      if (dim.extent == Extent::Tokens && buffer.getMemory() && !tokens)
        tokens = memref::DimOp::create(b, buffer.getMemory(), i);
    // Experts and rows are one dimension.
    if (counts && buffer.getRowsDim() && buffer.getMemory() && !mostRows)
      mostRows = memref::DimOp::create(b, buffer.getMemory(),
                                       *buffer.getRowsDim() - 1);
  }
  if (counts && !mostRows)
    return refuse(graph, "memory for the rows that its tasks count");
  if (needsTokens && !tokens)
    return refuse(graph, "memory whose dimension is the number of tokens");
  return success();
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

Value GraphLowering::sumOverExperts(function_ref<Value(Value)> term) {
  Value zero = index(0);
  auto loop = scf::ForOp::create(b, zero, index(graph.getExperts()), index(1),
                                 ValueRange{zero});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value sum = add(loop.getRegionIterArg(0), term(loop.getInductionVar()));
  scf::YieldOp::create(b, sum);
  return loop.getResult(0);
}

Value GraphLowering::sizeOf(const Dim &dim, Value expert) {
  switch (dim.extent) {
  case Extent::Static:
    return index(dim.size);
  case Extent::Ranks:
    return index(1);
  case Extent::Experts:
    return index(graph.getExperts());
  case Extent::Rows:
    return rowsOf(expert);
  case Extent::Tokens:
    return tokens;
  }
  llvm_unreachable("every extent has a size");
}

Value GraphLowering::evaluate(ArrivalsAttr arrivals, Value expert) {
  Value sum = index(0);
  for (DimsAttr term : arrivals.getTerms()) {
    auto isExperts = [](const Dim &dim) {
      return dim.extent == Extent::Experts;
    };
    bool all = llvm::any_of(term, isExperts);
    auto product = [&](Value expert) {
      Value value = index(1);
      for (const Dim &dim : term)
        if (!isExperts(dim))
          value = mul(value, tilesOf(dim, expert));
      return value;
    };
    sum = add(sum, all ? sumOverExperts(product) : product(expert));
  }
  return sum;
}

/// The tables for all steps of rows by which tasks and signals number tiles,
/// filled where the rows are known.
void GraphLowering::allocateTables() {
  auto table = [&](int64_t size, ValueRange dynamicSize) -> Value {
    return memref::AllocOp::create(b, MemRefType::get(size, b.getIndexType()),
                                   dynamicSize, b.getI64IntegerAttr(64));
  };
  auto add = [&](DimsAttr dims) {
    for (const Dim &dim : dims) {
      if (dim.extent != Extent::Rows || rowTiles.contains(dim.step))
        continue;
      RowTiles &tiles = rowTiles[dim.step];
      tiles.begins = table(graph.getExperts() + 1, {});
      if (!mostRows) {
        tabulateRows(dim.step);
        continue;
      }
      tiles.found = table(2, {});
      // Each expert with rows has one tile that is not full.
      Value full = arith::DivUIOp::create(b, mostRows, index(dim.step));
      tiles.mostTiles =
          this->add(full, min(index(graph.getExperts()), mostRows));
      tiles.mostHeight = min(index(dim.step), mostRows);
      tiles.experts = table(ShapedType::kDynamic, tiles.mostTiles);
    }
  };
  for (Operation &op : graph.getBody().front()) {
    if (auto task = dyn_cast<TaskOp>(op))
      add(task.getDomain());
    if (auto signal = dyn_cast<SignalOp>(op))
      add(signal.getShape());
  }
}

/// Fills the tables of one step.
void GraphLowering::tabulateRows(int64_t step) {
  RowTiles &tiles = rowTiles[step];
  Value zero = index(0), one = index(1), experts = index(graph.getExperts());
  memref::StoreOp::create(b, zero, tiles.begins, zero);
  auto count =
      scf::ForOp::create(b, zero, experts, one, ValueRange{zero, zero});
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(count.getBody());
    Value expert = count.getInductionVar(), rows = rowsOf(expert);
    Value end = add(count.getRegionIterArg(0), ceilDiv(rows, step));
    memref::StoreOp::create(b, end, tiles.begins, add(expert, one));
    Value height = arith::MaxUIOp::create(b, count.getRegionIterArg(1),
                                          min(rows, index(step)));
    scf::YieldOp::create(b, ValueRange{end, height});
  }
  if (tiles.found) {
    for (auto [i, value] : llvm::enumerate(count.getResults()))
      memref::StoreOp::create(b, value, tiles.found, index(i));
  } else {
    tiles.mostTiles = count.getResult(0);
    tiles.mostHeight = count.getResult(1);
    tiles.experts = memref::AllocOp::create(
        b, MemRefType::get(ShapedType::kDynamic, b.getIndexType()),
        tiles.mostTiles, b.getI64IntegerAttr(64));
  }
  auto walk = scf::ForOp::create(b, zero, experts, one);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(walk.getBody());
  Value expert = walk.getInductionVar();
  auto fill = scf::ForOp::create(b, load(tiles.begins, expert),
                                 load(tiles.begins, add(expert, one)), one);
  b.setInsertionPointToStart(fill.getBody());
  memref::StoreOp::create(b, expert, tiles.experts, fill.getInductionVar());
}

/// Behind what has written where the rows of each expert end: the rest of what
/// others find them by.
void GraphLowering::publishCounts() {
  memref::StoreOp::create(b, index(0), offsets, index(0));
  for (auto &[step, tiles] : rowTiles)
    tabulateRows(step);
}

//===----------------------------------------------------------------------===//
// Tickets
//===----------------------------------------------------------------------===//

/// Number of points of a family's dimensions from `first` on, which are neither
/// rows nor behind experts.
Value GraphLowering::pointsPerItem(TaskOp task, unsigned first) {
  Value count = index(1);
  for (const Dim &dim : task.getDomain().getDims().drop_front(first))
    count = mul(count, tilesOf(dim, {}));
  return count;
}

static bool isRagged(TaskOp task) {
  return task.getDomain().size() > 1 &&
         task.getDomain()[1].extent == Extent::Rows;
}

/// Number of tasks of a family, which may be one over so many tiles of rows.
Value GraphLowering::points(TaskOp task, Value rowTileCount) {
  if (!isRagged(task))
    return pointsPerItem(task, 0);
  return mul(rowTileCount, pointsPerItem(task, 2));
}

/// The point of a family's domain that has the number `ticket`, the last
/// dimension moving fastest.
SmallVector<Value> GraphLowering::point(TaskOp task, Value ticket) {
  if (!isRagged(task))
    return point(task, Value(), ticket);
  Value inner = pointsPerItem(task, 2);
  return point(task, arith::DivUIOp::create(b, ticket, inner),
               arith::RemUIOp::create(b, ticket, inner));
}

/// The same for point `number` of those that have the tile of rows `item`, null
/// where the family has no rows.
SmallVector<Value> GraphLowering::point(TaskOp task, Value item, Value number) {
  DimsAttr domain = task.getDomain();
  SmallVector<Value> found(domain.size());
  size_t first = item ? 2 : 0;
  for (size_t i = domain.size(); i-- > first;) {
    if (i == first) {
      found[i] = number;
      break;
    }
    Value tiles = tilesOf(domain[i], {});
    found[i] = arith::RemUIOp::create(b, number, tiles);
    number = arith::DivUIOp::create(b, number, tiles);
  }
  if (item) {
    RowTiles &tiles = rowTiles[domain[1].step];
    found[0] = load(tiles.experts, item);
    found[1] = sub(item, load(tiles.begins, found[0]));
  }
  return found;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

void GraphLowering::allocate(BufferOp buffer) {
  if (buffer.getMemory()) {
    memory[buffer.getSymName()] = buffer.getMemory();
    return;
  }
  SmallVector<int64_t> shape;
  SmallVector<Value> sizes;
  std::optional<unsigned> rows = buffer.getRowsDim();
  for (auto [i, dim] : llvm::enumerate(buffer.getShape())) {
    if (rows && i + 1 == *rows)
      continue;
    bool isRows = dim.extent == Extent::Rows;
    shape.push_back(dim.isStatic() ? dim.staticTiles() : ShapedType::kDynamic);
    if (isRows && buffer.getRing())
      sizes.push_back(
          mul(index(*buffer.getRing()), rowTiles[sweep->rows.step].mostHeight));
    else if (isRows)
      sizes.push_back(mostRows ? mostRows
                               : firstRow(index(graph.getExperts())));
    else if (!dim.isStatic())
      sizes.push_back(tilesOf(dim, {}));
  }
  memory[buffer.getSymName()] =
      memref::AllocOp::create(b, MemRefType::get(shape, buffer.getElement()),
                              sizes, b.getI64IntegerAttr(64));
}

void GraphLowering::allocate(SignalOp signal) {
  if (signal.getScope() == Scope::Worker)
    return;
  Value count = index(1);
  for (auto [i, dim] : llvm::enumerate(signal.getShape())) {
    bool beforeRows = i + 1 < signal.getShape().size() &&
                      signal.getShape()[i + 1].extent == Extent::Rows;
    if (beforeRows)
      continue;
    count = mul(count, dim.extent == Extent::Rows ? rowTiles[dim.step].mostTiles
                                                  : tilesOf(dim, {}));
  }
  Type i64 = b.getI64Type();
  Value all =
      memref::AllocOp::create(b, MemRefType::get({ShapedType::kDynamic}, i64),
                              count, b.getI64IntegerAttr(64));
  Value zero = arith::ConstantOp::create(b, b.getI64IntegerAttr(0));
  auto loop = scf::ForOp::create(b, index(0), count, index(1));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    memref::StoreOp::create(b, zero, all, loop.getInductionVar());
  }
  cells[signal.getSymName()] = all;
}

/// An index of the graph as a value; null for a whole dimension.
static Value valueOf(OpBuilder &b, Location loc, OpFoldResult index,
                     const IRMapping &mapping) {
  if (!index)
    return {};
  if (auto value = dyn_cast<Value>(index))
    return mapping.lookup(value);
  return arith::ConstantIndexOp::create(
      b, loc, cast<IntegerAttr>(cast<Attribute>(index)).getInt());
}

GraphLowering::Cell GraphLowering::cellOf(SignalOp signal,
                                          ArrayRef<OpFoldResult> indices,
                                          int64_t behind,
                                          const IRMapping &mapping) {
  Cell cell{index(0), {}, {}};
  DimsAttr shape = signal.getShape();
  for (auto [i, dim, entry] : llvm::enumerate(shape, indices)) {
    Value at = valueOf(b, b.getLoc(), entry, mapping), size;
    if (dim.extent == Extent::Experts)
      cell.expert = at;
    if (i + 1 < shape.size() && shape[i + 1].extent == Extent::Rows)
      continue;
    bool isRows = dim.extent == Extent::Rows;
    if (isRows) {
      at = tileNumber(dim, cell.expert, at);
      size = rowTiles[dim.step].mostTiles;
    } else {
      size = tilesOf(dim, {});
    }
    bool leads = i == 0 || (i == 1 && isRows);
    if (leads && behind != 0) {
      Value distance = index(behind);
      cell.exists =
          arith::CmpIOp::create(b, arith::CmpIPredicate::uge, at, distance);
      at = arith::SelectOp::create(b, cell.exists, sub(at, distance), index(0));
      if (isRows)
        cell.expert = load(rowTiles[dim.step].experts, at);
    }
    cell.number = add(mul(cell.number, size), at);
  }
  return cell;
}

Value GraphLowering::viewOf(const Access &access, Type type,
                            const IRMapping &mapping) {
  auto buffer = symbols.lookup<BufferOp>(access.attr.getBuffer().getValue());
  Value source = memory.lookup(buffer.getSymName());
  DimsAttr shape = buffer.getShape();
  SmallVector<unsigned> kept = getViewDims(shape, access.indices);
  SmallVector<OpFoldResult> offset, size;
  OpFoldResult one = b.getIndexAttr(1), zero = b.getIndexAttr(0);
  SmallVector<int64_t> viewShape;
  Value expert;
  bool isExpert = false;
  for (auto [i, dim, entry] : llvm::enumerate(shape, access.indices)) {
    Value at = valueOf(b, b.getLoc(), entry, mapping);
    bool beforeRows =
        i + 1 < shape.size() && shape[i + 1].extent == Extent::Rows;
    if (beforeRows) {
      expert = at;
      isExpert = true;
      continue;
    }
    bool isRows = dim.extent == Extent::Rows && isExpert;
    bool keeps = llvm::is_contained(kept, i);
    // Elements of the dimension from which the view begins, and how many there
    // are behind that.
    Value begin = isRows && expert ? firstRow(expert) : Value();
    Value total = isRows && !expert ? firstRow(index(graph.getExperts()))
                  : isRows          ? rowsOf(expert)
                                    : tilesOf(dim, {});
    if (isRows && buffer.getRing()) {
      Value entryNumber = arith::RemUIOp::create(
          b, tileNumber(sweep->rows, expert, at), index(*buffer.getRing()));
      offset.push_back(mul(entryNumber, tileHeight(sweep->rows.step)));
      Value step = index(sweep->rows.step);
      size.push_back(min(step, sub(total, mul(at, step))));
    } else if (!at) {
      // Of counts, the ends of experts.
      offset.push_back(begin                              ? OpFoldResult(begin)
                       : buffer.getRole() == Role::Counts ? one
                                                          : zero);
      size.push_back(dim.isStatic()
                         ? OpFoldResult(b.getIndexAttr(dim.staticTiles()))
                         : OpFoldResult(total));
    } else if (!keeps) {
      offset.push_back(begin ? add(begin, at) : at);
      size.push_back(one);
    } else {
      int64_t step = getIndexDim(cast<Value>(entry))->step / dim.step;
      Value first = mul(at, index(step));
      offset.push_back(begin ? add(begin, first) : first);
      size.push_back(min(index(step), sub(total, first)));
    }
    if (keeps)
      viewShape.push_back(
          getConstantIntValue(size.back()).value_or(ShapedType::kDynamic));
  }
  SmallVector<OpFoldResult> strides(offset.size(), one);
  auto inferred = memref::SubViewOp::inferRankReducedResultType(
      viewShape, cast<MemRefType>(source.getType()), offset, size, strides);
  Value view =
      memref::SubViewOp::create(b, inferred, source, offset, size, strides);
  return view.getType() == type ? view
                                : Value(memref::CastOp::create(b, type, view));
}

Value GraphLowering::expertAt(Operation *op, const IRMapping &mapping) {
  for (auto [index, dim] : getIterations(op))
    if (dim.extent == Extent::Experts)
      return mapping.lookup(index);
  return {};
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

/// Loads with acquire until the cell has what is expected. Whoever arrives has
/// claimed its task before and runs, or would if this thread let it: after some
/// looks it does, for where there are more threads than cores.
void GraphLowering::lowerWait(WaitOp op, IRMapping &mapping) {
  auto signal = symbols.lookup<SignalOp>(op.getSignal());
  if (signal.getScope() == Scope::Worker)
    return;
  Cell cell = cellOf(signal, getMixedIndices(op),
                     static_cast<int64_t>(op.getBehind()), mapping);
  Type i64 = b.getI64Type();
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  auto toI64 = [&](Value value) -> Value {
    return arith::IndexCastOp::create(b, i64, value);
  };
  Value expected = evaluate(op.getExpects(), cell.expert);
  if (cell.exists)
    expected = arith::SelectOp::create(b, cell.exists, expected, index(0));
  expected = toI64(expected);
  Value base = memref::ExtractAlignedPointerAsIndexOp::create(
      b, cells.lookup(op.getSignal()));
  Value address = LLVM::IntToPtrOp::create(b, pointer, toI64(base));
  address = LLVM::GEPOp::create(b, pointer, i64, address, toI64(cell.number));
  Value none = arith::ConstantOp::create(b, b.getI64IntegerAttr(0));
  auto loop = scf::WhileOp::create(b, TypeRange(i64), none);
  OpBuilder::InsertionGuard guard(b);
  Block *before = b.createBlock(&loop.getBefore(), {}, {i64}, {b.getLoc()});
  Value arrived = LLVM::LoadOp::create(
      b, i64, address, /*alignment=*/8, /*isVolatile=*/false,
      /*isNonTemporal=*/false, /*isInvariant=*/false,
      /*isInvariantGroup=*/false, LLVM::AtomicOrdering::acquire);
  Value missing =
      arith::CmpIOp::create(b, arith::CmpIPredicate::slt, arrived, expected);
  scf::ConditionOp::create(b, missing, before->getArguments());
  Block *after = b.createBlock(&loop.getAfter(), {}, {i64}, {b.getLoc()});
  auto number = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
  };
  Value looks = arith::AddIOp::create(b, after->getArgument(0), number(1));
  Value rest = arith::RemUIOp::create(b, looks, number(looksPerTurn));
  Value enough =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, rest, number(0));
  auto some = scf::IfOp::create(b, enough, /*else=*/false);
  scf::YieldOp::create(b, looks);
  b.setInsertionPoint(some.thenYield());
  LLVM::CallOp::create(b, getYield(), ValueRange());
}

/// The function of the C library that lets another thread run.
LLVM::LLVMFuncOp GraphLowering::getYield() {
  auto module = graph->getParentOfType<ModuleOp>();
  if (auto function = module.lookupSymbol<LLVM::LLVMFuncOp>("sched_yield"))
    return function;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(module.getBody());
  return LLVM::LLVMFuncOp::create(
      b, "sched_yield", LLVM::LLVMFunctionType::get(b.getI32Type(), {}));
}

void GraphLowering::lowerArrive(ArriveOp op, IRMapping &mapping) {
  auto signal = symbols.lookup<SignalOp>(op.getSignal());
  if (signal.getScope() == Scope::Worker)
    return;
  Value one = arith::ConstantOp::create(b, b.getI64IntegerAttr(1));
  // Acquires and releases.
  memref::AtomicRMWOp::create(b, arith::AtomicRMWKind::addi, one,
                              cells.lookup(op.getSignal()),
                              cellOf(signal, getMixedIndices(op),
                                     /*behind=*/0, mapping)
                                  .number);
}

void GraphLowering::lowerBlock(Block &block, IRMapping &mapping) {
  for (Operation &op : block) {
    b.setLoc(op.getLoc());
    if (auto wait = dyn_cast<WaitOp>(op)) {
      lowerWait(wait, mapping);
    } else if (auto arrive = dyn_cast<ArriveOp>(op)) {
      lowerArrive(arrive, mapping);
    } else if (auto role = dyn_cast<RoleOp>(op)) {
      lowerBlock(role.getBody().front(), mapping);
    } else if (auto walk = dyn_cast<ForOp>(op)) {
      Value tiles = tilesOf(walk.getDim()[0], expertAt(walk, mapping));
      auto loop = scf::ForOp::create(b, index(0), tiles, index(1));
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      mapping.map(walk.getBody().getArgument(0), loop.getInductionVar());
      lowerBlock(walk.getBody().front(), mapping);
    } else if (auto compute = dyn_cast<ComputeOp>(op)) {
      Block &body = compute.getBody().front();
      for (auto [argument, access] :
           llvm::zip_equal(body.getArguments(), getAccesses(compute)))
        mapping.map(argument, viewOf(access, argument.getType(), mapping));
      if (standsApart(compute))
        callBody(compute, mapping);
      else
        for (Operation &nested : body)
          b.clone(nested, mapping);
      if (writesCounts(compute))
        publishCounts();
    }
  }
}

/// True for code, not structured ops, of families that take no turns. A
/// function of its own leaves the registers to the loops of those that do.
bool GraphLowering::standsApart(ComputeOp op) {
  auto task = op->getParentOfType<TaskOp>();
  WalkResult structured = op.walk(
      [](linalg::LinalgOp) -> WalkResult { return WalkResult::interrupt(); });
  return sweep && !inSweep(task) && !structured.wasInterrupted();
}

/// Makes a function of the body of `op`, and calls it.
void GraphLowering::callBody(ComputeOp op, const IRMapping &mapping) {
  auto module = graph->getParentOfType<ModuleOp>();
  llvm::SetVector<Value> taken(op.getBody().args_begin(),
                               op.getBody().args_end());
  getUsedValuesDefinedAbove(op.getBody(), taken);
  std::string name;
  for (unsigned i = 0; name.empty() || module.lookupSymbol(name); ++i)
    name = ("moe_step_" + Twine(i)).str();
  SmallVector<Value> operands = llvm::map_to_vector(
      taken, [&](Value value) { return mapping.lookupOrDefault(value); });
  func::FuncOp function;
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(module.getBody());
    function = func::FuncOp::create(
        b, name, b.getFunctionType(ValueRange(operands).getTypes(), {}));
    function.setPrivate();
    function.setNoInline(true);
    Block *entry = function.addEntryBlock();
    IRMapping inner;
    inner.map(taken.getArrayRef(), entry->getArguments());
    b.setInsertionPointToStart(entry);
    for (Operation &nested : op.getBody().front())
      b.clone(nested, inner);
    func::ReturnOp::create(b);
  }
  func::CallOp::create(b, function, operands);
}

void GraphLowering::lowerTask(TaskOp task, ValueRange point) {
  IRMapping mapping;
  mapping.map(task.getBody().getArguments(), point);
  if (traces)
    lowerTrace(task, point, /*phase=*/0);
  lowerBlock(task.getBody().front(), mapping);
  if (traces)
    lowerTrace(task, point, /*phase=*/1);
}

/// Task `number` of the families of the sweep in their order. Steps at both
/// ends have tickets of families that have no item there: nothing is to do.
void GraphLowering::lowerSweep(Value number) {
  SmallVector<Value> ends;
  Value perStep = index(0);
  for (TaskOp task : sweep->tasks) {
    perStep = add(perStep, pointsPerItem(task, 2));
    ends.push_back(perStep);
  }
  Value step = arith::DivUIOp::create(b, number, perStep);
  number = arith::RemUIOp::create(b, number, perStep);
  choose(number, ends, [&](size_t i, Value inner) {
    // Unsigned, so that what is before the first item is beyond the last.
    Value item = sub(step, index(sweep->lags[i]));
    Value exists = less(item, tileCount(sweep->rows.step));
    auto some = scf::IfOp::create(b, exists, /*else=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(some.thenYield());
    lowerTask(sweep->tasks[i], point(sweep->tasks[i], item, inner));
  });
}

/// Builds `build(i, number - ends[i - 1])` for the first i with number <
/// ends[i].
void GraphLowering::choose(Value number, ArrayRef<Value> ends,
                           function_ref<void(size_t, Value)> build) {
  OpBuilder::InsertionGuard guard(b);
  for (auto [i, end] : llvm::enumerate(ends)) {
    Value inner = i == 0 ? number : sub(number, ends[i - 1]);
    if (i + 1 == ends.size())
      return build(i, inner);
    auto choice = scf::IfOp::create(b, less(number, end), /*else=*/true);
    b.setInsertionPoint(choice.thenYield());
    build(i, inner);
    b.setInsertionPoint(choice.elseYield());
  }
}

/// Calls moe_trace(name, i, j, k, phase), see moe_environment_v1.
void GraphLowering::lowerTrace(TaskOp task, ValueRange point, int64_t phase) {
  auto module = graph->getParentOfType<ModuleOp>();
  Type i64 = b.getI64Type(), i32 = b.getI32Type();
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  std::string symbol = ("moe_task_" + task.getName()).str();
  OpBuilder::InsertionGuard guard(b);
  auto name = module.lookupSymbol<LLVM::GlobalOp>(symbol);
  auto function = module.lookupSymbol<LLVM::LLVMFuncOp>("moe_trace");
  {
    OpBuilder::InsertionGuard inner(b);
    b.setInsertionPointToStart(module.getBody());
    if (!name) {
      std::string text = task.getName().str() + '\0';
      auto type = LLVM::LLVMArrayType::get(b.getI8Type(), text.size());
      name = LLVM::GlobalOp::create(b, type, /*isConstant=*/true,
                                    LLVM::Linkage::Internal, symbol,
                                    b.getStringAttr(text));
    }
    if (!function)
      function = LLVM::LLVMFuncOp::create(
          b, "moe_trace",
          LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(b.getContext()),
                                      {pointer, i64, i64, i64, i32}));
  }
  SmallVector<Value> operands = {LLVM::AddressOfOp::create(b, name)};
  for (size_t i = 0; i < 3; ++i)
    operands.push_back(
        i < point.size()
            ? Value(arith::IndexCastOp::create(b, i64, point[i]))
            : Value(arith::ConstantOp::create(b, b.getI64IntegerAttr(-1))));
  operands.push_back(arith::ConstantOp::create(b, b.getI32IntegerAttr(phase)));
  LLVM::CallOp::create(b, function, operands);
}

/// Number of tickets of a sweep over `items`.
Value GraphLowering::sweepTickets(Value items) {
  Value steps = add(items, index(sweep->mostLag()));
  Value none =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, items, index(0));
  steps = arith::SelectOp::create(b, none, items, steps);
  Value perStep = index(0);
  for (TaskOp task : sweep->tasks)
    perStep = add(perStep, pointsPerItem(task, 2));
  return mul(steps, perStep);
}

/// The tickets up to the end of each family, of which the first begins with
/// ticket `begin`: as many as there are, or can be.
SmallVector<Value> GraphLowering::ticketEnds(ArrayRef<TaskOp> families,
                                             Value begin, bool most) {
  SmallVector<Value> ends;
  for (TaskOp task : families) {
    Value items;
    if (isRagged(task)) {
      int64_t step = task.getDomain()[1].step;
      items = most ? rowTiles[step].mostTiles : tileCount(step);
    }
    begin =
        add(begin, inSweep(task) ? sweepTickets(items) : points(task, items));
    ends.push_back(begin);
  }
  return ends;
}

/// True where `ticket` is one of a task. Those from `begin` on are of
/// `families`, which come when the rows are counted.
Value GraphLowering::waitForCounts(Value ticket, Value begin,
                                   ArrayRef<TaskOp> families) {
  auto known =
      scf::IfOp::create(b, b.getI1Type(), less(ticket, begin), /*else=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(known.thenBlock());
  scf::YieldOp::create(
      b, Value(arith::ConstantOp::create(b, b.getBoolAttr(true))));
  b.setInsertionPointToStart(known.elseBlock());
  IRMapping none;
  for (WaitOp wait : counted)
    lowerWait(wait, none);
  Value total = ticketEnds(families, begin, /*most=*/false).back();
  scf::YieldOp::create(b, less(ticket, total));
  return known.getResult(0);
}

LogicalResult GraphLowering::run() {
  if (failed(check()))
    return failure();
  allocateTables();
  SmallVector<BufferOp> ofWorkers;
  for (Operation &op : graph.getBody().front()) {
    if (auto buffer = dyn_cast<BufferOp>(op)) {
      if (buffer.getSpace() == Space::Worker)
        ofWorkers.push_back(buffer);
      else
        allocate(buffer);
    }
    if (auto signal = dyn_cast<SignalOp>(op))
      allocate(signal);
  }
  // Families, or the first one for all of the sweep: those that begin at once,
  // and those that begin when the rows are counted.
  SmallVector<TaskOp> families;
  size_t atOnce = 0;
  for (auto task : graph.getBody().getOps<TaskOp>()) {
    if (inSweep(task) && task != sweep->tasks.front())
      continue;
    families.push_back(task);
    atOnce += task.getAfter().empty();
  }
  ArrayRef<TaskOp> later = ArrayRef(families).drop_front(atOnce);
  // The tickets up to the end of each, and to that of all that there can be.
  SmallVector<Value> ends = ticketEnds(ArrayRef(families).take_front(atOnce),
                                       index(0), /*most=*/true);
  Value known = ends.empty() ? index(0) : ends.back(), total = known;
  if (!later.empty())
    total = ticketEnds(later, known, /*most=*/true).back();
  Type i64 = b.getI64Type();
  Value counter = memref::AllocOp::create(b, MemRefType::get({1}, i64),
                                          b.getI64IntegerAttr(64));
  Value zero = index(0), one = index(1);
  auto number = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
  };
  memref::StoreOp::create(b, number(0), counter, zero);
  auto claim = [&](int64_t count) -> Value {
    Value claimed = memref::AtomicRMWOp::create(b, arith::AtomicRMWKind::addi,
                                                number(count), counter, zero);
    return arith::IndexCastOp::create(b, b.getIndexType(), claimed);
  };

  auto parallel =
      scf::ParallelOp::create(b, zero, min(total, index(workers)), one);
  b.setInsertionPointToStart(parallel.getBody());
  // Who comes when all is claimed needs no memory.
  if (!ofWorkers.empty()) {
    auto some = scf::IfOp::create(b, less(claim(0), total), /*else=*/false);
    b.setInsertionPoint(some.thenYield());
    for (BufferOp buffer : ofWorkers)
      allocate(buffer);
  }
  Type indexType = b.getIndexType();
  auto loop = scf::WhileOp::create(b, TypeRange(indexType), ValueRange());
  b.createBlock(&loop.getBefore());
  Value ticket = claim(1);
  Value isTask =
      later.empty() ? less(ticket, total) : waitForCounts(ticket, known, later);
  scf::ConditionOp::create(b, isTask, ticket);
  Block *body = b.createBlock(&loop.getAfter(), {}, {indexType}, {b.getLoc()});
  scf::YieldOp::create(b);
  b.setInsertionPoint(body->getTerminator());
  if (!later.empty())
    ends.append(ticketEnds(later, known, /*most=*/false));
  choose(body->getArgument(0), ends, [&](size_t i, Value own) {
    if (inSweep(families[i]))
      lowerSweep(own);
    else
      lowerTask(families[i], point(families[i], own));
  });
  graph.erase();
  return success();
}

struct ConvertTileToCPU
    : moe::impl::ConvertTileToCPUPassBase<ConvertTileToCPU> {
  using ConvertTileToCPUPassBase::ConvertTileToCPUPassBase;

  void runOnOperation() override {
    if (workers < 1) {
      getOperation().emitError("expects at least one worker, but got ")
          << workers.getValue();
      return signalPassFailure();
    }
    SmallVector<GraphOp> graphs;
    getOperation().walk([&](GraphOp graph) { graphs.push_back(graph); });
    for (GraphOp graph : graphs)
      if (failed(GraphLowering(graph, workers, trace).run()))
        return signalPassFailure();
  }
};

} // namespace
