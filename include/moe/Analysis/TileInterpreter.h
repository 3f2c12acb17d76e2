// Runs task graphs step by step, in orders that chance picks, and watches
// memory: the oracle for what schedules and signals of a graph permit.
#ifndef MOE_ANALYSIS_TILEINTERPRETER_H
#define MOE_ANALYSIS_TILEINTERPRETER_H

#include "moe/Dialect/MoETile/MoETile.h"

namespace moe::tile {

/// A sequence of numbers that a seed determines, the same on every machine.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}

  uint64_t next();
  /// A number in [0, bound), bound > 0.
  int64_t below(int64_t bound) { return next() % bound; }

private:
  uint64_t state;
};

/// What one launch gets on one rank.
struct Load {
  int64_t tokens = 0;
  /// Rows of each expert.
  llvm::SmallVector<int64_t> rows;
};

/// Loads of `launches` launches on every rank of `graph`: between no and
/// `maxTokens` tokens, often next to a multiple of a tile, spread evenly, all
/// to one expert, or leaving experts without rows.
llvm::SmallVector<llvm::SmallVector<Load>>
randomLoads(GraphOp graph, int64_t launches, int64_t maxTokens, Random &random);

struct RunOptions {
  uint64_t seed = 0;
  /// loads[launch][rank]; nothing is cleared between launches but what a
  /// signal's epoch says.
  llvm::SmallVector<llvm::SmallVector<Load>> loads;
  /// Workers of each rank, and how many of them can run at a time; 0: those of
  /// the graph's schedule, or 4.
  int64_t workers = 0;
  int64_t resident = 0;
  /// Instead of the graph's.
  std::optional<ScheduleKind> schedule;
};

enum class FindingKind {
  /// No worker can go on.
  Deadlock,
  /// A domain of rows is looked at before the counts are written.
  UnknownCounts,
  /// What is read was not written in this launch.
  UnwrittenRead,
  /// It was, but nothing orders the read after the write.
  UnorderedRead,
  /// Two writes of one element in one launch.
  DoubleWrite,
  /// A write of what somebody may still read or write, of an entry or launch
  /// before.
  SlotReuse,
  /// A wait that goes on with arrivals of another launch.
  StaleEpoch,
  /// An output that is not written where the launch ends.
  MissingWrite
};

/// The name of a kind in messages, such as "unordered read".
llvm::StringRef stringifyFindingKind(FindingKind kind);

struct Finding {
  FindingKind kind;
  std::string text;
  mlir::Location loc;
};

struct RunResult {
  /// The first violation; none where all launches ended well.
  std::optional<Finding> finding;
  int64_t tasks = 0;
};

/// Runs `graph`, which its op verifiers accept, on the given loads. Each step
/// takes one of the workers that can go on; a worker that begins a task stays
/// with it. Ranks go from launch to launch on their own. Order of memory is
/// that of tokens, signals and launches of a rank, not that in which steps
/// happened to be taken. Equal options give equal results.
RunResult runTileGraph(GraphOp graph, const RunOptions &options);

} // namespace moe::tile

#endif // MOE_ANALYSIS_TILEINTERPRETER_H
