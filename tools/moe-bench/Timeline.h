// The tasks of runs as a timeline that Perfetto opens.
#ifndef MOE_TOOLS_MOE_BENCH_TIMELINE_H
#define MOE_TOOLS_MOE_BENCH_TIMELINE_H

#include "moe-rt/runtime.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

#include <initializer_list>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace moe::bench {

/// Keeps what a runtime tells of tasks while it listens. Any thread may tell.
class Timeline {
public:
  /// For moe_instance_params_t; `timeline` is the Timeline.
  static void tell(void *timeline, const moe_trace_event_t *event);

  /// What comes from now on belongs to a run called `name`, which becomes a
  /// process of the timeline.
  void begin(const llvm::Twine &name);
  void end();

  /// Seconds, of all threads together, in the tasks of the last run that have
  /// one of these names, waits left out; nothing where it has none.
  std::optional<double>
  secondsOf(std::initializer_list<llvm::StringRef> names) const;

  /// Writes Chrome's trace-event JSON: a complete event ("X") per task, wait
  /// and range with its thread, its begin and duration in microseconds since
  /// the run's first event, and its indices.
  llvm::Error write(llvm::StringRef path) const;

private:
  struct Event {
    std::string name;
    int64_t point[3];
    bool ends;
    uint32_t thread;
    uint64_t nanoseconds;
  };
  struct Run {
    std::string name;
    std::vector<Event> events;

    /// Calls `tell(begin, end, around)` for each task, wait and range in the
    /// order of ends; `around` is the begin of what it lies in, or null.
    void forEach(llvm::function_ref<void(const Event &, const Event &,
                                         const Event *)>) const;
  };

  std::mutex mutex;
  bool listens = false;
  std::vector<Run> runs;
};

} // namespace moe::bench

#endif // MOE_TOOLS_MOE_BENCH_TIMELINE_H
