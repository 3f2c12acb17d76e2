// Which graphs a CPU can run, and the tickets of their tasks.
#include "GraphLowering.h"
#include "moe/Conversion/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace moe {
#define GEN_PASS_DEF_CONVERTTILETOCPUPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;
using namespace moe::tile;

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
    return access.writes() && buffer.isCounts();
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
      if (buffer.getRing() && buffer.getShape()[0].isStatic())
        return refuse(op, "rings of rows or tokens");
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
  bool isDistinct = false;
  for (auto buffer : graph.getBody().getOps<BufferOp>()) {
    if (buffer.isCounts()) {
      offsets = buffer.getMemory();
      isDistinct = buffer.getRole() == Role::DistinctCounts;
    }
    for (auto [i, dim] : llvm::enumerate(buffer.getShape()))
      if (dim.extent == Extent::Tokens && buffer.getMemory() && !tokens)
        tokens = memref::DimOp::create(b, buffer.getMemory(), i);
    // Experts and rows are one dimension.
    if (counts && buffer.getRowsDim() && buffer.getMemory() && !mostRows)
      mostRows = memref::DimOp::create(b, buffer.getMemory(),
                                       *buffer.getRowsDim() - 1);
  }
  mostRowsOfOne =
      mostRows && tokens && isDistinct ? min(mostRows, tokens) : mostRows;
  if (counts && !mostRows)
    return refuse(graph, "memory for the rows that its tasks count");
  if (needsTokens && !tokens)
    return refuse(graph, "memory whose dimension is the number of tokens");
  return success();
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

/// The same for point `number` of those that have the tile of rows or tokens
/// `item`, null where the family has no items.
SmallVector<Value> GraphLowering::point(TaskOp task, Value item, Value number) {
  DimsAttr domain = task.getDomain();
  SmallVector<Value> found(domain.size());
  size_t first = !item ? 0 : isRagged(task) ? 2 : 1;
  for (size_t i = domain.size(); i-- > first;) {
    if (i == first) {
      found[i] = number;
      break;
    }
    Value tiles = tilesOf(domain[i], {});
    found[i] = arith::RemUIOp::create(b, number, tiles);
    number = arith::DivUIOp::create(b, number, tiles);
  }
  if (item && !isRagged(task)) {
    found[0] = item;
  } else if (item) {
    RowTiles &tiles = rowTiles[domain[1].step];
    found[0] = load(tiles.experts, item);
    found[1] = sub(item, load(tiles.begins, found[0]));
  }
  return found;
}

/// Items are cold where there are at least so many, so that all workers have
/// some, of so few rows on average. Both are guesses, and no measurement
/// says where batches would gain.
static constexpr int64_t fewestColdItems = 16, mostColdRows = 4;

/// The steps of `sweep` that come at a time: its batch where items are cold, or
/// as many as can be. Null where that is one always.
Value GraphLowering::stepsAtOnce(const Sweep &sweep, bool most) {
  if (sweep.batch == 1)
    return {};
  Value batch = index(sweep.batch);
  if (most && mostRows)
    return batch;
  Value items = itemCount(sweep), rows = firstRow(index(graph.getExperts()));
  Value isCold = arith::AndIOp::create(
      b, less(index(fewestColdItems - 1), items),
      less(rows, add(mul(items, index(mostColdRows)), index(1))));
  return arith::SelectOp::create(b, isCold, batch, index(1));
}

/// The tickets up to the end of each family of `sweep` in one turn of it: a
/// step, or a batch of so many.
SmallVector<Value> GraphLowering::turnEnds(const Sweep &sweep, Value steps) {
  SmallVector<Value> ends;
  for (TaskOp task : sweep.tasks) {
    Value points = pointsPerItem(task, sweep.numIndices());
    if (steps)
      points = mul(steps, points);
    ends.push_back(ends.empty() ? points : add(ends.back(), points));
  }
  return ends;
}

/// Task `number` of the families of `sweep` in their order. Steps at both ends
/// have tickets of families that have no item there: nothing is to do.
void GraphLowering::lowerSweep(const Sweep &sweep, Value number) {
  Value steps = stepsAtOnce(sweep, /*most=*/false);
  SmallVector<Value> ends = turnEnds(sweep, steps);
  Value first = arith::DivUIOp::create(b, number, ends.back());
  number = arith::RemUIOp::create(b, number, ends.back());
  if (steps)
    first = mul(first, steps);
  choose(number, ends, [&](size_t i, Value inner) {
    Value step = first;
    if (steps) {
      Value points = pointsPerItem(sweep.tasks[i], sweep.numIndices());
      step = add(first, arith::DivUIOp::create(b, inner, points));
      inner = arith::RemUIOp::create(b, inner, points);
    }
    // Unsigned, so that what is before the first item is beyond the last.
    Value item = sub(step, index(sweep.lags[i]));
    Value exists = less(item, itemCount(sweep));
    auto some = scf::IfOp::create(b, exists, /*else=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(some.thenYield());
    lowerTask(sweep.tasks[i], point(sweep.tasks[i], item, inner));
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

/// Number of tickets of a sweep over `items`, in turns of `steps`.
Value GraphLowering::sweepTickets(const Sweep &sweep, Value items,
                                  Value steps) {
  Value turns = add(items, index(sweep.mostLag()));
  if (steps)
    turns = arith::CeilDivUIOp::create(b, turns, steps);
  Value none =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, items, index(0));
  turns = arith::SelectOp::create(b, none, items, turns);
  return mul(turns, turnEnds(sweep, steps).back());
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
    const Sweep *sweep = findSweep(sweeps, task);
    if (sweep && !sweep->ofRows())
      items = itemCount(*sweep);
    begin = add(begin,
                sweep ? sweepTickets(*sweep, items, stepsAtOnce(*sweep, most))
                      : points(task, items));
    ends.push_back(begin);
  }
  return ends;
}

/// Turns of a sweep that are left to each worker when tasks are claimed one by
/// one, so that all workers end together.
static constexpr int64_t lastTurns = 2;
/// Turns whose items the workers are at in each family of a sweep.
static constexpr int64_t turnsAtOnce = 2;

/// How many tickets a worker claims at once where the next one is `at`, of
/// `families` from `begin` on, which end at `ends`. Tasks of one item read the
/// same rows: whoever has several of them fetches these once from the cache of
/// who wrote them.
Value GraphLowering::claimLength(ArrayRef<TaskOp> families,
                                 ArrayRef<Value> ends, Value begin, Value at,
                                 Value workers) {
  Value one = index(1), length = one;
  auto max = [&](Value x, Value y) -> Value {
    return arith::MaxUIOp::create(b, x, y);
  };
  for (auto [task, end] : llvm::zip_equal(families, ends)) {
    if (const Sweep *sweep = findSweep(sweeps, task)) {
      SmallVector<Value> familyEnds =
          turnEnds(*sweep, stepsAtOnce(*sweep, /*most=*/false));
      Value perTurn = familyEnds.back();
      // Unsigned, so that what is before the sweep is beyond its end.
      Value inSweep = sub(at, begin);
      Value number = arith::RemUIOp::create(b, inSweep, max(perTurn, one));
      Value some = one;
      for (size_t i = familyEnds.size(); i-- > 0;) {
        Value end = familyEnds[i];
        Value count = i == 0 ? end : sub(end, familyEnds[i - 1]);
        Value most =
            arith::DivUIOp::create(b, mul(index(turnsAtOnce), count), workers);
        some = arith::SelectOp::create(
            b, less(number, end), min(max(most, one), sub(end, number)), some);
      }
      Value left = sub(sub(end, begin), inSweep);
      Value last = mul(mul(index(lastTurns), workers), perTurn);
      Value isEarly = arith::AndIOp::create(b, less(inSweep, sub(end, begin)),
                                            less(last, left));
      length = arith::SelectOp::create(b, isEarly, some, length);
    }
    begin = end;
  }
  return length;
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
  // Families, or the first one for all of a sweep: those that begin at once,
  // and those that begin when the rows are counted.
  SmallVector<TaskOp> families;
  size_t atOnce = 0;
  for (auto task : graph.getBody().getOps<TaskOp>()) {
    const Sweep *sweep = findSweep(sweeps, task);
    if (sweep && task != sweep->tasks.front())
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
  Value zero = index(0), one = index(1);
  auto number = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
  };
  auto makeCounter = [&]() -> Value {
    Value counter = memref::AllocOp::create(b, MemRefType::get({1}, i64),
                                            b.getI64IntegerAttr(64));
    memref::StoreOp::create(b, number(0), counter, zero);
    return counter;
  };
  // Of the next ticket; where turns are taken, of workers that have come.
  Value counter = makeCounter(), came;
  if (!sweeps.empty())
    came = makeCounter();
  Type indexType = b.getIndexType();
  auto look = [&](Value counter) -> Value {
    Value seen = loadAtomic(addressOf(counter, number(0)),
                            LLVM::AtomicOrdering::monotonic);
    return arith::IndexCastOp::create(b, indexType, seen);
  };
  auto claim = [&](Value count) -> Value {
    Value claimed = memref::AtomicRMWOp::create(b, arith::AtomicRMWKind::addi,
                                                count, counter, zero);
    return arith::IndexCastOp::create(b, indexType, claimed);
  };

  auto parallel =
      scf::ParallelOp::create(b, zero, min(total, index(workers)), one);
  b.setInsertionPointToStart(parallel.getBody());
  // Who comes when all is claimed looks, and leaves: there may be many more of
  // these than of threads.
  auto some = scf::IfOp::create(b, less(look(counter), total), /*else=*/false);
  b.setInsertionPoint(some.thenYield());
  allocateOfWorker(ofWorkers);
  // Of tickets that are claimed several at once: the one behind the last one
  // that was done, and their end.
  SmallVector<Value> none;
  if (came) {
    memref::AtomicRMWOp::create(b, arith::AtomicRMWKind::addi, number(1), came,
                                zero);
    none = {zero, zero};
  }
  SmallVector<Type> states(came ? 2 : 1, indexType);
  SmallVector<Location> places(states.size(), b.getLoc());
  auto loop = scf::WhileOp::create(b, states, none);
  Block *before =
      b.createBlock(&loop.getBefore(), {}, ValueRange(none).getTypes(),
                    ArrayRef(places).take_front(none.size()));
  SmallVector<Value> claimed;
  if (came) {
    Value next = before->getArgument(0), end = before->getArgument(1);
    auto own = scf::IfOp::create(b, states, less(next, end), /*else=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(own.thenBlock());
    scf::YieldOp::create(b, before->getArguments());
    b.setInsertionPointToStart(own.elseBlock());
    Value at = look(counter), present = look(came);
    Value length = claimLength(ArrayRef(families).take_front(atOnce), ends,
                               zero, at, present);
    if (!later.empty()) {
      // Who has had one of these tickets has waited for the counts.
      auto knows = scf::IfOp::create(b, indexType, less(known, next),
                                     /*else=*/true);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(knows.elseBlock());
      scf::YieldOp::create(b, length);
      b.setInsertionPointToStart(knows.thenBlock());
      length = claimLength(later, ticketEnds(later, known, /*most=*/false),
                           known, at, present);
      scf::YieldOp::create(b, length);
      length = knows.getResult(0);
    }
    Value first = claim(arith::IndexCastOp::create(b, i64, length));
    scf::YieldOp::create(b, ValueRange{first, add(first, length)});
    claimed = llvm::to_vector_of<Value>(own.getResults());
  } else {
    claimed = {claim(number(1))};
  }
  Value ticket = claimed.front();
  Value isTask =
      later.empty() ? less(ticket, total) : waitForCounts(ticket, known, later);
  scf::ConditionOp::create(b, isTask, claimed);
  Block *body = b.createBlock(&loop.getAfter(), {}, states, places);
  if (came)
    none = {add(body->getArgument(0), one), body->getArgument(1)};
  scf::YieldOp::create(b, none);
  // Whose ticket is beyond the last makes the counter be beyond all that there
  // could have been.
  if (!later.empty()) {
    b.setInsertionPointAfter(loop);
    claim(arith::IndexCastOp::create(b, i64, total));
  }
  b.setInsertionPoint(body->getTerminator());
  if (!later.empty())
    ends.append(ticketEnds(later, known, /*most=*/false));
  choose(body->getArgument(0), ends, [&](size_t i, Value own) {
    if (const Sweep *sweep = findSweep(sweeps, families[i]))
      lowerSweep(*sweep, own);
    else
      lowerTask(families[i], point(families[i], own));
  });
  graph.erase();
  return success();
}

namespace {

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
