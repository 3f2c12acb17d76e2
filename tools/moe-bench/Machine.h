// What the machine can do at best, measured.
#ifndef MOE_TOOLS_MOE_BENCH_MACHINE_H
#define MOE_TOOLS_MOE_BENCH_MACHINE_H

#include <cstdint>
#include <map>
#include <optional>

namespace moe::bench {

/// Rates of `threads` threads together, each the best of several short runs.
struct MachinePeak {
  /// Multiply-adds count as two. Absent where the CPU has no instruction for
  /// the type: bf16 pairs into f32, in tile registers where it has them, int8
  /// quadruples into i32.
  double f32 = 0; ///< operations per second
  std::optional<double> bf16;
  std::optional<double> int8;
  double readBytes = 0; ///< bytes per second, from memory far beyond any cache
};

MachinePeak measurePeak(unsigned threads);

/// By number of threads.
using MachinePeaks = std::map<unsigned, MachinePeak>;

/// Bytes of the last-level cache; 0 where the system does not say.
uint64_t lastLevelCacheBytes();

/// Time that the hypervisor gave to other machines, and all time, in ticks
/// since boot; nothing where the system does not say.
struct StealCounter {
  uint64_t steal = 0, total = 0;
  static StealCounter now();
  /// Percent stolen since `earlier`.
  double percentSince(const StealCounter &earlier) const;
};

} // namespace moe::bench

#endif // MOE_TOOLS_MOE_BENCH_MACHINE_H
