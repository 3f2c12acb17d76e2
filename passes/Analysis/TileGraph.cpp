// The constraints of moe-verify-tile: what a task graph's text proves.
#include "moe/Analysis/TileGraph.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace moe;
using namespace moe::tile;

namespace {

bool isRank(OpFoldResult index) {
  auto value = dyn_cast_if_present<Value>(index);
  return value && value.getDefiningOp<RankOp>();
}

/// The iterations for which `op` runs again on one rank. What belongs to one
/// task instance (`worker`) is repeated by its walks alone.
SmallVector<std::pair<Value, Dim>> repetitions(Operation *op, bool worker) {
  SmallVector<std::pair<Value, Dim>> iterations = getIterations(op);
  if (worker)
    llvm::erase_if(iterations, [](const auto &entry) {
      return isa<TaskOp>(
          cast<BlockArgument>(entry.first).getOwner()->getParentOp());
    });
  return iterations;
}

TaskOp taskOf(Operation *op) { return op->getParentOfType<TaskOp>(); }

/// What `ops` run over: where each of them runs at all, none of it is zero.
SmallVector<Extent> extentsOf(ArrayRef<Operation *> ops) {
  SmallVector<Extent> extents;
  for (Operation *op : ops)
    for (auto [index, dim] : getIterations(op))
      extents.push_back(dim.extent);
  return extents;
}

std::string text(const Dim &dim) {
  std::string result;
  llvm::raw_string_ostream os(result);
  printDim(os, dim);
  return result;
}

std::string text(ArrivalsAttr arrivals) {
  std::string result;
  llvm::raw_string_ostream os(result);
  printSum(os, arrivals);
  return result;
}

/// A computation with one of its accesses.
struct Use {
  ComputeOp op;
  Access access;
};

/// One graph's ops by what they name, and the checks.
class Verifier {
public:
  explicit Verifier(GraphOp graph);

  LogicalResult run();

private:
  ArrivalsAttr countArrivals(SignalOp signal);
  LogicalResult verifyArrivals(WaitOp wait);
  LogicalResult verifyOrder();
  LogicalResult verifyOrder(WaitOp wait);
  bool isEarlier(const Sweep &sweep, ArriveOp arrive, WaitOp wait);
  LogicalResult verifyResidency();
  LogicalResult verifyScope(WaitOp wait);
  LogicalResult verifyWritten(BufferOp buffer);
  LogicalResult verifyWriter(BufferOp buffer, Use use);
  LogicalResult verifyRead(BufferOp buffer, Use use);
  LogicalResult verifyCountsKnown(TaskOp task);
  LogicalResult verifySpace(BufferOp buffer);
  LogicalResult verifyRing(BufferOp buffer, Use write);
  LogicalResult verifyEpoch(SignalOp signal);
  LogicalResult verifyCopies(BufferOp buffer);
  LogicalResult verifyGap(BufferOp buffer, Use write);

  ArrayRef<ArriveOp> arrivalsOf(SignalOp signal) { return arrivals[signal]; }
  SignalOp signalOf(WaitOp wait) { return signals.lookup(wait.getSignal()); }

  /// Computations that happen before what holds the tokens. `system`: only
  /// those reached through a signal of system scope. `some`: sizes that are
  /// known not to be zero; a wait that may expect nothing without others of
  /// them orders nothing.
  llvm::SetVector<ComputeOp> closure(ValueRange tokens, bool system,
                                     ArrayRef<Extent> some);
  llvm::SetVector<ComputeOp> before(ComputeOp op, bool system,
                                    ArrayRef<Extent> some);
  /// The tokens that are given to every op of the task around `op`.
  static ValueRange taskTokens(Operation *op) {
    TaskOp task = taskOf(op);
    return task ? ValueRange(task.getAfter()) : ValueRange();
  }
  bool isRemote(BufferOp buffer, const Use &use) {
    return buffer.getSpace() == Space::Symmetric &&
           !isRank(use.access.indices[0]);
  }
  /// By how many launches one rank can be ahead of another; none where nothing
  /// bounds it.
  std::optional<int64_t> skew();

  /// True where `indices` begin with those of the item of `sweep` that the task
  /// of `op` is for.
  static bool isOfItem(const Sweep &sweep, Operation *op,
                       ArrayRef<OpFoldResult> indices);

  GraphOp graph;
  SmallVector<Sweep, 2> sweeps;
  SmallVector<TaskOp> tasks;
  SmallVector<WaitOp> waits;
  llvm::MapVector<StringRef, BufferOp> buffers;
  llvm::MapVector<StringRef, SignalOp> signals;
  DenseMap<SignalOp, SmallVector<ArriveOp>> arrivals;
  DenseMap<BufferOp, SmallVector<Use>> uses;
  BufferOp counts;
};

} // namespace

ArrivalsAttr moe::tile::deriveArrivals(SignalOp signal,
                                       ArrayRef<ArriveOp> arrivals) {
  SmallVector<SmallVector<Dim>> terms;
  for (ArriveOp arrive : arrivals) {
    SmallVector<Dim> &factors = terms.emplace_back();
    bool worker = signal.getScope() == Scope::Worker;
    for (auto [index, dim] : repetitions(arrive, worker))
      if (!llvm::is_contained(arrive.getIndices(), index))
        factors.push_back(dim);
    bool fromAll = signal.getScope() == Scope::System &&
                   llvm::none_of(arrive.getIndices(),
                                 [](Value index) { return isRank(index); });
    if (fromAll)
      factors.push_back(Dim::of(Extent::Ranks));
    if (factors.empty())
      factors.push_back(Dim::fixed(1));
  }
  return ArrivalsAttr::getCanonical(signal.getContext(), terms);
}

Verifier::Verifier(GraphOp graph) : graph(graph), sweeps(getSweeps(graph)) {
  for (Operation &op : graph.getBody().front()) {
    if (auto buffer = dyn_cast<BufferOp>(op)) {
      buffers[buffer.getSymName()] = buffer;
      if (buffer.isCounts())
        counts = buffer;
    } else if (auto signal = dyn_cast<SignalOp>(op)) {
      signals[signal.getSymName()] = signal;
    } else if (auto task = dyn_cast<TaskOp>(op)) {
      tasks.push_back(task);
    }
  }
  graph.walk([&](Operation *op) {
    if (auto wait = dyn_cast<WaitOp>(op))
      waits.push_back(wait);
    if (auto arrive = dyn_cast<ArriveOp>(op))
      arrivals[signals.lookup(arrive.getSignal())].push_back(arrive);
    if (auto compute = dyn_cast<ComputeOp>(op))
      for (Access &access : getAccesses(compute))
        uses[buffers.lookup(access.attr.getBuffer().getValue())].push_back(
            {compute, std::move(access)});
  });
}

//===----------------------------------------------------------------------===//
// Progress
//===----------------------------------------------------------------------===//

/// The arrivals at a cell of `signal`, or null and an error.
ArrivalsAttr Verifier::countArrivals(SignalOp signal) {
  ArrivalsAttr count = deriveArrivals(signal, arrivalsOf(signal));
  if (!count)
    signal.emitOpError("requires the arrivals at a cell to be a number of 64 "
                       "bits");
  return count;
}

/// (tile_c1)
LogicalResult Verifier::verifyArrivals(WaitOp wait) {
  SignalOp signal = signalOf(wait);
  if (arrivalsOf(signal).empty())
    return wait.emitOpError("expects tasks that arrive at '")
           << wait.getSignal() << "', but got none";
  ArrivalsAttr derived = countArrivals(signal);
  if (!derived)
    return failure();
  if (wait.getExpects() != derived)
    return wait.emitOpError("requires 'expects' (")
           << text(wait.getExpects())
           << ") to equal the arrivals at a cell of '" << wait.getSignal()
           << "' (" << text(derived) << ")";
  // Each cell that is waited for is one that is arrived at. On one rank, %self
  // is one value; where all ranks arrive, it is all of them.
  bool system = signal.getScope() == Scope::System;
  SmallVector<OpFoldResult> cell = getMixedIndices(wait);
  for (ArriveOp arrive : arrivalsOf(signal))
    for (auto [i, waited, arrived] :
         llvm::enumerate(cell, getMixedIndices(arrive))) {
      bool single = isa<Attribute>(arrived) || (isRank(arrived) && !system);
      if (single && waited != arrived && !(isRank(waited) && isRank(arrived)))
        return wait.emitOpError("requires every cell of '")
                   .append(wait.getSignal(),
                           "' that it waits for to be arrived at, but "
                           "dimension #",
                           i, " is one value there")
                   .attachNote(arrive.getLoc())
               << "arrives here";
    }
  return success();
}

bool Verifier::isOfItem(const Sweep &sweep, Operation *op,
                        ArrayRef<OpFoldResult> indices) {
  auto arguments = taskOf(op).getBody().getArguments();
  unsigned count = sweep.numIndices();
  return indices.size() >= count &&
         llvm::all_of(llvm::seq(count), [&](unsigned i) {
           return indices[i] == OpFoldResult(arguments[i]);
         });
}

/// Whether of two families of a sweep the one that arrives has come to the item
/// that is waited for before the one that waits comes to its own: in the same
/// step where it stands before it, else in an earlier one, and in an earlier
/// batch of steps, wherever batches begin.
bool Verifier::isEarlier(const Sweep &sweep, ArriveOp arrive, WaitOp wait) {
  TaskOp producer = taskOf(arrive), waiter = taskOf(wait);
  if (!sweep.leads(signalOf(wait).getShape()) ||
      !isOfItem(sweep, wait, getMixedIndices(wait)) ||
      !isOfItem(sweep, arrive, getMixedIndices(arrive)))
    return false;
  int64_t itemsBefore = static_cast<int64_t>(wait.getBehind()) -
                        static_cast<int64_t>(arrive.getBehind());
  int64_t stepsBefore =
      *sweep.lagOf(waiter) - *sweep.lagOf(producer) + itemsBefore;
  int64_t needed = producer == waiter                  ? 1
                   : producer->isBeforeInBlock(waiter) ? 0
                                                       : sweep.batch;
  return stepsBefore >= needed;
}

/// (tile_c2)
LogicalResult Verifier::verifyOrder(WaitOp wait) {
  SignalOp signal = signalOf(wait);
  Operation *waiter = wait->getParentOp() == graph
                          ? wait.getOperation()
                          : taskOf(wait).getOperation();
  auto waiting = dyn_cast<TaskOp>(waiter);
  const Sweep *sweep = waiting ? findSweep(sweeps, waiting) : nullptr;
  for (ArriveOp arrive : arrivalsOf(signal)) {
    TaskOp producer = taskOf(arrive);
    bool own = producer == waiter && signal.getScope() == Scope::Worker;
    if (own || (sweep && sweep->lagOf(producer)
                    ? isEarlier(*sweep, arrive, wait)
                    : producer != waiter && producer->isBeforeInBlock(waiter)))
      continue;
    InFlightDiagnostic diagnostic =
        wait.emitOpError("expects tasks that arrive at '");
    diagnostic << wait.getSignal() << "' to stand before those that wait, but "
               << "got '" << producer.getName() << "' "
               << (producer == waiter ? "itself" : "later");
    diagnostic.attachNote(arrive.getLoc()) << "arrives here";
    return diagnostic;
  }
  return success();
}

/// (tile_c2) Who hands out tasks that are ready needs no order in the text, but
/// one that exists.
LogicalResult Verifier::verifyOrder() {
  if (graph.getSchedule().getKind() != ScheduleKind::CentralOS) {
    for (WaitOp wait : waits)
      if (failed(verifyOrder(wait)))
        return failure();
    return success();
  }
  DenseMap<Operation *, llvm::SetVector<Operation *>> needs;
  auto add = [&](TaskOp task, WaitOp wait) {
    if (signalOf(wait).getScope() != Scope::Worker)
      for (ArriveOp arrive : arrivalsOf(signalOf(wait)))
        needs[task].insert(taskOf(arrive));
  };
  for (TaskOp task : tasks) {
    task.walk([&](WaitOp wait) { add(task, wait); });
    for (Value token : task.getAfter())
      if (auto wait = token.getDefiningOp<WaitOp>())
        add(task, wait);
  }
  DenseMap<Operation *, int> state;
  std::function<bool(Operation *)> hasCycle = [&](Operation *task) {
    int &mine = state[task];
    if (mine != 0)
      return mine == 1;
    mine = 1;
    for (Operation *other : needs[task])
      if (hasCycle(other))
        return true;
    state[task] = 2;
    return false;
  };
  for (TaskOp task : tasks)
    if (hasCycle(task))
      return task.emitOpError("expects tasks that do not wait for each other "
                              "in a circle");
  return success();
}

/// (tile_c3)
LogicalResult Verifier::verifyResidency() {
  ScheduleAttr schedule = graph.getSchedule();
  bool waitsForOthers = llvm::any_of(waits, [&](WaitOp wait) {
    return signalOf(wait).getScope() != Scope::Worker;
  });
  if (schedule.getKind() == ScheduleKind::Ticket ||
      (!waitsForOthers && schedule.getKind() != ScheduleKind::CentralOS))
    return success();
  if (schedule.getWorkers() > 0 &&
      schedule.getResident() >= schedule.getWorkers())
    return success();
  return graph.emitOpError("requires 'workers' (")
         << schedule.getWorkers() << ") of schedule '"
         << stringifyScheduleKind(schedule.getKind())
         << "' to be known and at most 'resident' (" << schedule.getResident()
         << "), because they wait for each other";
}

/// (tile_c4)
LogicalResult Verifier::verifyScope(WaitOp wait) {
  SignalOp signal = signalOf(wait);
  if (signal.getScope() != Scope::Worker)
    return success();
  for (ArriveOp arrive : arrivalsOf(signal))
    if (wait->getParentOp() == graph || taskOf(arrive) != taskOf(wait))
      return wait.emitOpError("requires the scope of '")
             << wait.getSignal() << "' (" << stringifyScope(signal.getScope())
             << ") to hold task '" << taskOf(arrive).getName()
             << "' that arrives";
  return success();
}

//===----------------------------------------------------------------------===//
// Coverage
//===----------------------------------------------------------------------===//

/// (tile_c5) One writer writes each element once: each of its repetitions picks
/// its own part, and the parts are all there is.
LogicalResult Verifier::verifyWriter(BufferOp buffer, Use use) {
  SmallVector<Value> used;
  for (auto [i, index] : llvm::enumerate(use.access.indices)) {
    auto value = dyn_cast_if_present<Value>(index);
    if (!value)
      continue;
    if (llvm::is_contained(used, value))
      return use.op.emitOpError("expects an index of its own for dimension #")
             << i << " of '" << buffer.getSymName()
             << "', which is written everywhere";
    used.push_back(value);
    if (isRank(value) && buffer.getSpace() != Space::Symmetric &&
        graph.getRanks() > 1)
      return use.op.emitOpError("expects all of dimension #")
             << i << " of '" << buffer.getSymName()
             << "' to be written, but got the rank's own part";
  }
  for (auto [index, dim] :
       repetitions(use.op, buffer.getSpace() == Space::Worker)) {
    bool once = dim.isStatic() && dim.staticTiles() == 1;
    if (!once && !llvm::is_contained(used, index))
      return use.op.emitOpError("expects one writer of each element of '")
             << buffer.getSymName() << "', but every tile of " << text(dim)
             << " writes it";
  }
  bool byAllRanks = buffer.getSpace() == Space::Symmetric &&
                    graph.getRanks() > 1 &&
                    llvm::none_of(used, [](Value v) { return isRank(v); });
  if (byAllRanks)
    return use.op.emitOpError("expects one writer of each element of '")
           << buffer.getSymName() << "', but every rank writes it";
  return success();
}

/// (tile_c5)
LogicalResult Verifier::verifyWritten(BufferOp buffer) {
  SmallVector<Use> writers;
  bool isRead = false;
  for (const Use &use : uses[buffer]) {
    if (use.access.mode() == Mode::Write)
      writers.push_back(use);
    isRead |= use.access.reads();
  }
  Role role = buffer.getRole();
  if (role == Role::Input || (buffer.isCounts() && writers.empty()))
    return success();
  if (writers.empty()) {
    if (role != Role::Output && !isRead)
      return success();
    return buffer.emitOpError("expects a computation that writes it");
  }
  for (const Use &writer : writers)
    if (failed(verifyWriter(buffer, writer)) ||
        failed(verifyGap(buffer, writer)))
      return failure();
  // Several writers share one dimension, each with a number of its own; one
  // that has numbers is no more complete.
  for (auto [i, dim] : llvm::enumerate(buffer.getShape())) {
    llvm::SmallDenseSet<int64_t> numbers;
    for (const Use &writer : writers)
      if (auto attr = dyn_cast_if_present<Attribute>(writer.access.indices[i]))
        numbers.insert(cast<IntegerAttr>(attr).getInt());
    if (numbers.empty())
      continue;
    if (numbers.size() == writers.size() &&
        static_cast<int64_t>(numbers.size()) == dim.staticTiles())
      return success();
    return buffer.emitOpError("expects dimension #")
           << i << " to be written once everywhere, but got " << writers.size()
           << " writers of " << numbers.size() << " of " << dim.staticTiles()
           << " entries";
  }
  if (writers.size() == 1)
    return success();
  InFlightDiagnostic diagnostic =
      buffer.emitOpError("expects one writer of each element, but got ");
  diagnostic << writers.size();
  for (Use writer : writers)
    diagnostic.attachNote(writer.op.getLoc()) << "written here";
  return diagnostic;
}

/// (tile_c11)
LogicalResult Verifier::verifyGap(BufferOp buffer, Use write) {
  if (buffer.getGap() != Gap::Zero)
    return success();
  auto index =
      dyn_cast_if_present<Value>(write.access.indices[*buffer.getRowsDim()]);
  int64_t step = index ? getIndexDim(index)->step : buffer.getAlign();
  if (step % buffer.getAlign() == 0)
    return success();
  return write.op.emitOpError("requires the step of its rows (")
         << step << ") to be a multiple of the alignment of '"
         << buffer.getSymName() << "' (" << buffer.getAlign()
         << "), so that the last tile of an expert fills the gap";
}

//===----------------------------------------------------------------------===//
// Order of memory
//===----------------------------------------------------------------------===//

/// True where `expected` is not zero as long as no size of `some` is.
static bool isPositive(ArrivalsAttr expected, ArrayRef<Extent> some) {
  return llvm::any_of(expected.getTerms(), [&](DimsAttr factors) {
    return llvm::all_of(factors, [&](const Dim &dim) {
      return !dim.isData() || llvm::is_contained(some, dim.extent);
    });
  });
}

llvm::SetVector<ComputeOp> Verifier::closure(ValueRange tokens, bool system,
                                             ArrayRef<Extent> some) {
  llvm::SetVector<ComputeOp> found;
  DenseSet<std::pair<Value, unsigned>> seen;
  SmallVector<std::pair<Value, bool>> work;
  auto push = [&](ValueRange more, bool crossed) {
    for (Value token : more)
      if (seen.insert({token, crossed}).second)
        work.push_back({token, crossed});
  };
  push(tokens, !system);
  while (!work.empty()) {
    auto [token, crossed] = work.pop_back_val();
    if (auto argument = dyn_cast<BlockArgument>(token)) {
      auto walk = cast<ForOp>(argument.getOwner()->getParentOp());
      unsigned i = argument.getArgNumber() - 1;
      auto yield = cast<YieldOp>(walk.getBody().front().getTerminator());
      push({walk.getInit()[i], yield.getTokens()[i]}, crossed);
      continue;
    }
    Operation *op = token.getDefiningOp();
    unsigned i = cast<OpResult>(token).getResultNumber();
    if (auto compute = dyn_cast<ComputeOp>(op)) {
      if (crossed)
        found.insert(compute);
      push(compute.getAfter(), crossed);
      push(taskTokens(op), crossed);
    } else if (auto wait = dyn_cast<WaitOp>(op)) {
      if (!isPositive(wait.getExpects(), some))
        continue;
      bool next = crossed || signalOf(wait).getScope() == Scope::System;
      for (ArriveOp arrive : arrivalsOf(signalOf(wait))) {
        push(arrive.getAfter(), next);
        push(taskTokens(arrive), next);
      }
    } else if (auto walk = dyn_cast<ForOp>(op)) {
      auto yield = cast<YieldOp>(walk.getBody().front().getTerminator());
      push({walk.getInit()[i], yield.getTokens()[i]}, crossed);
    } else if (auto role = dyn_cast<RoleOp>(op)) {
      auto yield = cast<YieldOp>(role.getBody().front().getTerminator());
      push(yield.getTokens()[i], crossed);
    }
  }
  return found;
}

llvm::SetVector<ComputeOp> Verifier::before(ComputeOp op, bool system,
                                            ArrayRef<Extent> some) {
  SmallVector<Value> tokens(op.getAfter());
  llvm::append_range(tokens, taskTokens(op));
  return closure(tokens, system, some);
}

/// (tile_c6)
LogicalResult Verifier::verifyRead(BufferOp buffer, Use use) {
  for (Use writer : uses[buffer]) {
    if (writer.access.mode() == Mode::Read)
      continue;
    bool remote = isRemote(buffer, writer) || isRemote(buffer, use);
    // What updates one part again and again comes after itself.
    bool itself = writer.op == use.op;
    if (itself) {
      auto around = repetitions(use.op, buffer.getSpace() == Space::Worker);
      bool again = llvm::any_of(around, [&](const auto &entry) {
        return !llvm::is_contained(use.access.indices,
                                   OpFoldResult(entry.first));
      });
      if (use.access.mode() != Mode::Update || !again)
        continue;
    }
    SmallVector<Extent> some = extentsOf({use.op, writer.op});
    // Updates of one task are ordered among themselves; others wait for the
    // last, which every path from them reaches.
    if (before(use.op, remote, some).contains(writer.op))
      continue;
    // So is an update that a later one, of another kind, goes on from.
    if (!itself && use.access.mode() == Mode::Update &&
        writer.access.mode() == Mode::Update &&
        before(writer.op, remote, some).contains(use.op))
      continue;
    InFlightDiagnostic diagnostic =
        use.op.emitOpError("expects tokens that order it after ");
    diagnostic << (itself ? "its step before" : "what writes") << " '"
               << buffer.getSymName() << "'"
               << (remote ? ", in system scope" : "");
    if (!itself)
      diagnostic.attachNote(writer.op.getLoc()) << "written here";
    return diagnostic;
  }
  return success();
}

/// (tile_c7)
LogicalResult Verifier::verifyCountsKnown(TaskOp task) {
  auto isRows = [](const Dim &dim) { return dim.extent == Extent::Rows; };
  bool needs = llvm::any_of(task.getDomain(), isRows);
  task.walk([&](Operation *op) {
    if (auto walk = dyn_cast<ForOp>(op))
      needs |= isRows(walk.getDim()[0]);
    if (auto wait = dyn_cast<WaitOp>(op))
      for (DimsAttr term : wait.getExpects().getTerms())
        needs |= llvm::any_of(term, isRows);
  });
  if (!needs)
    return success();
  for (Use use : uses[counts])
    if (use.access.writes() &&
        !closure(task.getAfter(), /*system=*/false, extentsOf({use.op}))
             .contains(use.op)) {
      InFlightDiagnostic diagnostic = task.emitOpError(
          "expects to begin after the counts of its rows are known");
      diagnostic.attachNote(use.op.getLoc())
          << "'" << counts.getSymName() << "' is written here";
      return diagnostic;
    }
  return success();
}

/// (tile_c8)
LogicalResult Verifier::verifySpace(BufferOp buffer) {
  if (buffer.getSpace() != Space::Worker)
    return success();
  TaskOp owner;
  for (Use use : uses[buffer]) {
    TaskOp task = taskOf(use.op);
    if (owner && task != owner)
      return use.op.emitOpError("expects one task to use '")
             << buffer.getSymName() << "' in space 'worker', but got '"
             << owner.getName() << "' and '" << task.getName() << "'";
    owner = task;
  }
  return success();
}

/// (tile_c9) Entry j of a ring of depth D is written after entry j - b was
/// given back, b <= D. Who gives back a entries late has j - b + a in hand,
/// which must have been written: a < b.
LogicalResult Verifier::verifyRing(BufferOp buffer, Use write) {
  bool ofItems = buffer.getRowsDim().has_value();
  ArrayRef<OpFoldResult> entry =
      ArrayRef(write.access.indices).take_front(ofItems ? 2 : 1);
  int64_t depth = *buffer.getRing();
  bool credited = false;
  for (Value token : write.op.getAfter()) {
    auto wait = token.getDefiningOp<WaitOp>();
    if (!wait || wait.getBehind() == 0 ||
        ArrayRef(getMixedIndices(wait)).take_front(entry.size()) != entry)
      continue;
    int64_t lag = wait.getBehind();
    if (lag > depth)
      return wait.emitOpError("requires 'behind' (")
             << lag << ") to be at most the depth of ring '"
             << buffer.getSymName() << "' (" << depth << ")";
    for (ArriveOp arrive : arrivalsOf(signalOf(wait))) {
      if (static_cast<int64_t>(arrive.getBehind()) >= lag)
        return arrive.emitOpError("requires 'behind' (")
               << arrive.getBehind() << ") to be below that of who waits for '"
               << wait.getSignal() << "' (" << lag
               << "), which it would wait for itself";
      for (const Use &use : uses[buffer])
        if (use.access.reads() && !closure(arrive.getAfter(), /*system=*/false,
                                           extentsOf({use.op, arrive}))
                                       .contains(use.op))
          return arrive.emitOpError("expects tokens of all that reads ring '")
                 << buffer.getSymName() << "'";
    }
    credited = true;
  }
  if (!credited)
    return write.op.emitOpError("expects to wait for an entry of ring '")
           << buffer.getSymName() << "' that was given back";
  return success();
}

//===----------------------------------------------------------------------===//
// Epochs
//===----------------------------------------------------------------------===//

std::optional<int64_t> Verifier::skew() {
  if (graph.getRanks() == 1)
    return 0;
  // Every rank waits for an arrival of every rank: for one cell per rank, or
  // for a cell at which all arrive.
  for (WaitOp wait : waits) {
    if (signalOf(wait).getScope() != Scope::System ||
        !isRank(getMixedIndices(wait)[0]))
      continue;
    bool each = llvm::any_of(
        ArrayRef(getMixedIndices(wait)).drop_front(), [](OpFoldResult index) {
          auto value = dyn_cast<Value>(index);
          return value && !isRank(value) &&
                 getIndexDim(value)->extent == Extent::Ranks;
        });
    bool all = llvm::any_of(wait.getExpects().getTerms(), [](DimsAttr term) {
      return llvm::any_of(
          term, [](const Dim &dim) { return dim.extent == Extent::Ranks; });
    });
    if (each || all)
      return 1;
  }
  return std::nullopt;
}

/// (tile_c10)
LogicalResult Verifier::verifyEpoch(SignalOp signal) {
  EpochAttr epoch = signal.getEpoch();
  StringRef kind = stringifyEpochKind(epoch.getKind());
  ArrivalsAttr count = countArrivals(signal);
  if (!count)
    return failure();
  bool system = signal.getScope() == Scope::System && graph.getRanks() > 1;
  bool fromAll = llvm::any_of(count.getTerms(), [](DimsAttr term) {
    return llvm::any_of(
        term, [](const Dim &dim) { return dim.extent == Extent::Ranks; });
  });
  if (signal.getScope() == Scope::Worker && epoch.getKind() != EpochKind::Fresh)
    return signal.emitOpError("expects epoch 'fresh' in scope 'worker', but "
                              "got '")
           << kind << "'";
  switch (epoch.getKind()) {
  case EpochKind::Fresh:
    if (system)
      return signal.emitOpError("expects an epoch that is not 'fresh' in scope "
                                "'system': a rank that is ahead arrives before "
                                "another one has cleared its cells");
    return success();
  case EpochKind::Monotone:
    if (!count.getConstant() && !fromAll)
      return signal.emitOpError("requires the arrivals at a 'monotone' cell (")
             << text(count) << ") to be the same number in each launch";
    [[fallthrough]];
  case EpochKind::SelfClean: {
    if (system && fromAll)
      return signal.emitOpError("expects arrivals of one rank at a '")
             << kind << "' cell: one that is ahead would stand for one that is "
             << "not";
    if (epoch.getKind() == EpochKind::Monotone)
      return success();
    SmallVector<WaitOp> mine = llvm::filter_to_vector(
        waits, [&](WaitOp wait) { return signalOf(wait) == signal; });
    for (WaitOp wait : mine) {
      bool once = mine.size() == 1;
      for (auto [index, dim] : repetitions(wait, /*worker=*/false))
        once &= llvm::is_contained(wait.getIndices(), index);
      if (wait->getParentOp() == graph || !once)
        return wait.emitOpError("expects one wait for each 'self_clean' cell "
                                "of '")
               << signal.getSymName() << "', which it clears";
    }
    return success();
  }
  case EpochKind::Stamp:
  case EpochKind::Cyclic:
    if (count.getConstant() != 1)
      return signal.emitOpError("requires the arrivals at a '")
             << kind << "' cell (" << text(count) << ") to equal 1";
    if (epoch.getKind() == EpochKind::Stamp)
      return success();
    if (std::optional<int64_t> ahead = skew();
        !ahead || epoch.getModulus() < *ahead + 2) {
      InFlightDiagnostic diagnostic =
          signal.emitOpError("requires the modulus of 'cyclic' (");
      diagnostic << epoch.getModulus() << ") to be at least 2 more than the "
                 << "launches that a rank can be ahead (";
      ahead ? diagnostic << *ahead : diagnostic << "unbounded";
      return diagnostic << ")";
    }
    for (ArriveOp arrive : arrivalsOf(signal))
      for (auto [index, dim] : repetitions(arrive, /*worker=*/false))
        if (dim.isData())
          return arrive.emitOpError("expects an arrival at every 'cyclic' cell "
                                    "in each launch, but ")
                 << text(dim) << " may be none";
    return success();
  }
  llvm_unreachable("every epoch has rules");
}

/// (tile_c12)
LogicalResult Verifier::verifyCopies(BufferOp buffer) {
  if (graph.getRanks() == 1 || llvm::none_of(uses[buffer], [&](const Use &use) {
        return isRemote(buffer, use);
      }))
    return success();
  std::optional<int64_t> ahead = skew();
  if (ahead && static_cast<int64_t>(buffer.getCopies()) > *ahead)
    return success();
  InFlightDiagnostic diagnostic = buffer.emitOpError("requires 'copies' (");
  diagnostic << buffer.getCopies()
             << ") to exceed the launches that a rank can be ahead (";
  ahead ? diagnostic << *ahead : diagnostic << "unbounded";
  return diagnostic << "), because other ranks reach it";
}

LogicalResult Verifier::run() {
  for (WaitOp wait : waits)
    if (failed(verifyArrivals(wait)))
      return failure();
  if (failed(verifyOrder()) || failed(verifyResidency()))
    return failure();
  for (WaitOp wait : waits)
    if (failed(verifyScope(wait)))
      return failure();
  for (auto &[name, buffer] : buffers)
    if (failed(verifyWritten(buffer)))
      return failure();
  for (auto &[name, buffer] : buffers)
    for (const Use &use : uses[buffer])
      if (use.access.reads() && failed(verifyRead(buffer, use)))
        return failure();
  for (TaskOp task : tasks)
    if (failed(verifyCountsKnown(task)))
      return failure();
  for (auto &[name, buffer] : buffers) {
    if (failed(verifySpace(buffer)))
      return failure();
    if (buffer.getRing())
      for (const Use &use : uses[buffer])
        if (use.access.writes() && failed(verifyRing(buffer, use)))
          return failure();
  }
  for (auto &[name, signal] : signals)
    if (failed(verifyEpoch(signal)))
      return failure();
  for (auto &[name, buffer] : buffers)
    if (failed(verifyCopies(buffer)))
      return failure();
  return success();
}

LogicalResult moe::tile::verifyTileGraph(GraphOp graph) {
  return Verifier(graph).run();
}
