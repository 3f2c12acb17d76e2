// The machine that interprets task graphs: what it knows of a graph, of tasks
// that run, of cells and of memory.
#ifndef MOE_PASSES_ANALYSIS_TILEMACHINE_H
#define MOE_PASSES_ANALYSIS_TILEMACHINE_H

#include "moe/Analysis/TileInterpreter.h"

#include "llvm/ADT/BitVector.h"

#include <map>

namespace moe::tile::detail {

using namespace mlir;

/// Computations by number; what happens before something.
using Past = llvm::BitVector;

inline void join(Past &past, const Past &other) {
  if (other.size() > past.size())
    past.resize(other.size());
  past |= other;
}

inline bool contains(const Past &past, int event) {
  return event < static_cast<int>(past.size()) && past.test(event);
}

/// One op of a task, with its place in the walks around it.
struct Step {
  Operation *op;
  /// Values of the op's index operands.
  SmallVector<int64_t> indices;
  SmallVector<int> after;
  int token = -1;
};

/// Steps that are taken one after the other.
struct Strand {
  SmallVector<Step> steps;
  size_t next = 0;

  bool done() const { return next == steps.size(); }
};

struct Instance {
  TaskOp task;
  int64_t number = -1, rank = 0, launch = 0;
  SmallVector<int64_t> point;
  /// Waits beside the task come first.
  SmallVector<WaitOp> guards;
  size_t nextGuard = 0;
  SmallVector<Strand> strands;
  /// What the task's tokens stand for, once they exist.
  SmallVector<std::optional<Past>> tokens;
  /// What every op of the task comes after.
  Past begin;

  bool done() const {
    return nextGuard == guards.size() &&
           llvm::all_of(strands, [](const Strand &s) { return s.done(); });
  }
};

struct Worker {
  bool started = false, finished = false;
  std::unique_ptr<Instance> current;
  /// Place in the worker's own queue; of tickets, the next one that it has
  /// claimed, and the end of these.
  int64_t next = 0, end = 0;
  uint64_t priority = 0;
};

/// A task that has not begun: its family and point.
struct Pending {
  TaskOp task;
  SmallVector<int64_t> point;
  bool taken = false;
};

struct Rank {
  int64_t launch = 0;
  bool finished = false;
  SmallVector<Pending> tasks;
  int64_t nextTicket = 0, ended = 0;
  SmallVector<Worker> workers;
  /// All computations of the rank so far, and those of launches that ended.
  Past past, begin;
};

struct Cell {
  int64_t value = 0;
  /// Arrivals of each launch.
  std::map<int64_t, int64_t> arrived;
  Past published;
};

/// The last computations at one piece of memory.
struct Slot {
  int writer = -1;
  int64_t launch = -1;
  /// Entry of a ring that lies here.
  int64_t entry = -1;
  SmallVector<int, 2> readers;
};

struct Interval {
  int64_t begin, end;
};

class Machine {
public:
  Machine(GraphOp graph, const RunOptions &options);
  RunResult run();

private:
  // Sizes.
  const Load &load(int64_t rank, int64_t launch) const {
    return options.loads[launch][rank];
  }
  int64_t tiles(const Dim &dim, const Load &load, int64_t expert) const;
  int64_t evaluate(ArrivalsAttr arrivals, const Load &load,
                   int64_t expert) const;
  /// The item of the sweep that `indices` begin with, its number; and back.
  int64_t itemOf(const Sweep &sweep, const Load &load,
                 ArrayRef<int64_t> indices) const;
  SmallVector<int64_t> indicesOf(const Sweep &sweep, const Load &load,
                                 int64_t item) const;
  int64_t itemsOf(const Sweep &sweep, const Load &load) const;
  const Sweep *sweepOf(BufferOp ring) const;

  // Launches and tasks.
  void beginLaunch(int64_t rank);
  void addTasks(Rank &rank, TaskOp task, SmallVector<int64_t> point,
                const Load &load);
  void addTurns(Rank &rank, const Sweep &sweep, const Load &load);
  void endLaunch(int64_t rank);
  std::unique_ptr<Instance> begin(int64_t rank, Pending &pending);
  void flatten(Block &block, Instance &instance, size_t strand,
               DenseMap<Value, int64_t> &indices, DenseMap<Value, int> &tokens);

  // Steps.
  struct Where {
    Cell *cell;
    int64_t expected = 0;
    EpochAttr epoch;
    /// No cell is meant: the first steps of `behind`.
    bool none = false;
    std::string name;
  };
  template <typename OpTy>
  Where locate(OpTy op, ArrayRef<int64_t> indices, const Instance &instance);
  bool isOpen(const Where &where, int64_t launch) const;
  void pass(const Where &where, Instance &instance, Past &token, WaitOp op);
  bool canTake(const Step &step, const Instance &instance);
  void take(Step &step, Instance &instance);
  Where locateGuard(WaitOp guard, const Instance &instance);
  void takeGuard(Instance &instance);
  void checkCounts(const Instance &instance);
  bool isReady(int64_t rank, const Pending &pending);
  void compute(const Step &step, Instance &instance);
  void access(int event, const Past &before, const Access &access,
              ArrayRef<int64_t> indices, const Instance &instance,
              ComputeOp op);
  void visit(int event, const Past &before, Slot &slot, Mode mode,
             int64_t entry, BufferOp buffer, const Instance &instance,
             ComputeOp op);
  SmallVector<Interval> tilesOfRows(const Dim &dim, const Load &load,
                                    std::optional<int64_t> expert,
                                    std::optional<Interval> range) const;
  SmallVector<Interval> ragged(BufferOp buffer, const Load &load,
                               std::optional<int64_t> expert,
                               std::optional<Interval> rows) const;

  // Scheduling.
  struct Action {
    int64_t rank, worker;
    enum Kind { Start, Claim, Dispatch, Take, Guard, End, Finish } kind;
    size_t strand = 0;
    Pending *pending = nullptr;
  };
  void collect(int64_t rank, SmallVectorImpl<Action> &actions);
  Pending *claimable(Rank &rank, int64_t worker);
  void perform(const Action &action);
  void reportDeadlock();
  void report(FindingKind kind, Location loc, const Twine &text) {
    if (!result.finding)
      result.finding = {kind, text.str(), loc};
  }
  std::string describe(const Instance &instance) const;

  GraphOp graph;
  SmallVector<Sweep, 2> sweeps;
  const RunOptions &options;
  Random random, claims;
  ScheduleKind schedule;
  int64_t experts, workers, resident;
  bool byPriority, batches;
  /// That a worker claims at once.
  int64_t mostTickets;
  DenseMap<StringAttr, BufferOp> buffers;
  DenseMap<StringAttr, SignalOp> signals;
  BufferOp counts;
  bool countsAreWritten = false;
  /// Elements of each dimension of a buffer that are always used together.
  DenseMap<Operation *, SmallVector<int64_t>> units;
  DenseSet<Operation *> needsCounts;
  int64_t instances = 0;
  int events = 0;
  std::vector<Rank> ranks;
  std::map<std::pair<Operation *, std::vector<int64_t>>, Cell> cells;
  std::map<std::pair<Operation *, std::vector<int64_t>>, Slot> memory;
  RunResult result;
};

} // namespace moe::tile::detail

#endif // MOE_PASSES_ANALYSIS_TILEMACHINE_H
