// One number of tokens under one trace, timed.
#ifndef MOE_TOOLS_MOE_BENCH_CELL_H
#define MOE_TOOLS_MOE_BENCH_CELL_H

#include "LoadedLayer.h"
#include "Machine.h"
#include "Routing.h"
#include "Turns.h"

#include "moe/Analysis/RowTiles.h"

namespace moe::bench {

/// One way to run the layer.
struct Variant {
  Schedule schedule;
  unsigned threads;
  MachinePeak peak; ///< of that many threads
  std::unique_ptr<LoadedLayer> layer;
};

/// What one variant took for a cell.
struct Timing : RunTimes {
  double error = 0; ///< max |y - r| / max |r|
  uint64_t peakBytes = 0;
  /// Of the time of all threads in a traced run, the part outside tasks that
  /// multiply: routing, the plan, moving rows, and waiting. Absent without a
  /// timeline and where the form has no such tasks.
  std::optional<double> routing;
};

struct Cell {
  Cell(Trace trace, int64_t tokens) : trace(trace), tokens(tokens) {}

  Trace trace;
  int64_t tokens;
  double active = 0;       ///< experts with rows, mean over the draws
  double flops = 0;        ///< useful operations of a run
  double weightBytes = 0;  ///< of the experts with rows, mean over the draws
  size_t draws = 0;        ///< of the routing, which runs take in turn
  double rotatedBytes = 0; ///< weights of all experts that have rows in a draw
  /// Rows that the kernel computes, and that it would compute in whole register
  /// tiles, beyond those that are routed, as a share of these.
  double wastedRows = 0, paddedRows = 0;
  double stealPercent = 0;
  std::vector<Timing> timings; ///< one per variant, in their order

  /// Whether a last-level cache of `cacheBytes` may keep all weights from one
  /// turn of the draws to the next, faster than memory gives them.
  bool fits(uint64_t cacheBytes) const { return rotatedBytes <= cacheBytes; }
  double roofline(const MachinePeak &peak, Precision precision) const;
};

/// Operations per second of the arithmetic: multiply-adds are of the
/// activations' type, codes are widened to it.
double peakOf(const MachinePeak &peak, Precision precision);

struct CellParameters {
  double leastSeconds; ///< of each variant
  unsigned seed;
  RowCut rows;        ///< how the kernel divides those of an expert
  Timeline *timeline; ///< gets one run of each variant; may be null
};

/// Times every variant in `cell`, in turns (see takeTurns). The first tokens of
/// each draw of the routing are compared with f64.
llvm::Error timeCell(const LayerFiles &files, llvm::ArrayRef<Variant> variants,
                     const CellParameters &parameters, Cell &cell);

} // namespace moe::bench

#endif // MOE_TOOLS_MOE_BENCH_CELL_H
