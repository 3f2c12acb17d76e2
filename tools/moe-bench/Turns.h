// Times several ways to do the same, in turns.
#ifndef MOE_TOOLS_MOE_BENCH_TURNS_H
#define MOE_TOOLS_MOE_BENCH_TURNS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <vector>

namespace moe::bench {

/// What runs of one way took.
struct RunTimes {
  std::vector<double> seconds;
  std::vector<double> cpuSeconds; ///< of all threads

  double median() const { return seconds[seconds.size() / 2]; }
  double cpuMedian() const { return cpuSeconds[cpuSeconds.size() / 2]; }
  double least() const { return seconds.front(); }
  /// After the last run, and before what is above is asked.
  void sort();
};

/// Adds a run of `run`.
llvm::Error timeOnce(llvm::function_ref<llvm::Error()> run, RunTimes &times);

/// Runs all ways, of which way i is for threads[i] threads, five times and
/// `leastSeconds` each at least; `run(i, draw)` runs way i on the `draw`-th of
/// `draws` inputs and adds to times(i). Ways of one number of threads, which
/// are neighbours, take turns run by run, and the numbers of threads after each
/// has run all draws.
llvm::Error
takeTurns(llvm::ArrayRef<uint32_t> threads, size_t draws, double leastSeconds,
          llvm::function_ref<llvm::Error(size_t way, size_t draw)> run,
          llvm::function_ref<RunTimes &(size_t way)> times);

} // namespace moe::bench

#endif // MOE_TOOLS_MOE_BENCH_TURNS_H
