// Free mode: threads of the host that run CTAs side by side.
#ifndef MOE_RUNTIME_EMULATOR_CORES_H
#define MOE_RUNTIME_EMULATOR_CORES_H

#include "Machine.h"

#include <atomic>
#include <condition_variable>
#include <exception>

namespace moe::emu {

/// What the machines of several cores share. Each has clusters, warps, copies
/// and tensor memory of its own, which nobody else touches; queues, launches
/// and the room on devices are those of the emulator's machine and need `lock`.
struct Cores {
  struct Core {
    std::unique_ptr<Machine> machine;
    uint64_t ctas = 0; ///< that are resident
    /// What `progress` was when the core had made none for long: the last time,
    /// and the time before.
    uint64_t stuck = ~uint64_t(0), stuckBefore = ~uint64_t(0);
  };

  Cores(Machine &home, unsigned count);
  /// With `lock`: something may start that could not.
  void noteChange() {
    ++changes;
    changed.notify_all();
  }
  void end() {
    ends = true;
    noteChange();
  }
  bool isIdle() const;
  /// Forgets what a run that a finding ended left behind.
  void abandon();

  std::vector<Core> cores;
  std::mutex lock;
  std::condition_variable changed;
  uint64_t changes = 0;
  /// Launches that have ended left these; they are removed after the run, since
  /// others may look for memory meanwhile.
  std::vector<uint64_t> garbage;
  /// A core on which nobody can go on, and whether all its threads wait.
  const Machine *stuckCore = nullptr;
  bool isDeadlock = false;
  bool stopped = false; ///< by a finding
  std::exception_ptr failure;

  std::mutex reporting; ///< for findings
  std::atomic<bool> ends = false;
  /// Slots in which something changed that others can see.
  std::atomic<uint64_t> progress = 0;
};

} // namespace moe::emu

#endif // MOE_RUNTIME_EMULATOR_CORES_H
