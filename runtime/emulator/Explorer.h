// The choices of an exhaustive search, and which runs of it are redundant.
#ifndef MOE_RUNTIME_EMULATOR_EXPLORER_H
#define MOE_RUNTIME_EMULATOR_EXPLORER_H

#include "moe-rt/emulator.h"

#include <set>

namespace moe::emu {

/// Ends a run that does what another one does.
struct RunRedundant {};

/// The search is depth first over the choices of a run, each of which starts
/// from the beginning (stateless). Two reductions keep it small:
///
/// - Only accesses to words that several threads access and one of them writes
///   are steps between which the schedule may change. Which words these are is
///   learnt: when a run shows a new one, the search starts again.
/// - Of runs that differ in the order of independent steps about one is made
///   (Abdulla, Aronis, Jonsson, Sagonas, "Optimal Dynamic Partial Order
///   Reduction", POPL 2014, the variant with source sets): another warp goes
///   first somewhere only where a later step of the run depended on the one
///   that did, and warps whose turn has been tried sleep until a step comes
///   that theirs depends on.
struct Explorer::State {
  uint64_t maxRuns = 0, runs = 0;
  bool started = false, replays = false, redundant = false, complete = false;

  /// What a warp does between two choices of the schedule.
  struct Step {
    uint64_t warp = 0;
    std::set<std::pair<uint64_t, bool>> words; ///< and whether written
    bool fence = false;                        ///< of the order of all fence.sc
    bool all = false; ///< does what depends on everything
  };

  // ---- choices ----
  struct Choice {
    uint32_t picked = 0, count = 0;
    // Of the schedule:
    std::vector<uint64_t> warps{}; ///< that could run
    std::set<uint64_t> wanted{};   ///< that have to be tried
    std::vector<Step> asleep{};    ///< when it was made
    std::vector<Step> tried{};     ///< of the warps that were picked before
    Step current{};                ///< of the one that is picked, in all runs
    bool isOfSchedule() const { return !warps.empty(); }
    bool next(); ///< false where all has been tried
  };
  std::vector<Choice> path;
  size_t at = 0;
  uint32_t pick(uint32_t count);
  /// Index of the warp that comes next; throws RunRedundant where all sleep.
  uint32_t pickWarp(const std::vector<uint64_t> &warps);
  void endStep();
  /// Of a step that ends the run.
  void endLastStep();

  // ---- words ----
  struct Word {
    uint32_t thread = ~0u;
    bool several = false, written = false;
    bool isShared() const { return several && written; }
  };
  std::map<uint64_t, Word> words; ///< by address / 4
  bool grown = false;
  /// Takes note of an access; true where it is a step of the schedule.
  bool touch(uint64_t address, uint32_t bytes, uint32_t thread, bool isWrite);

  Step step; ///< that runs
  std::vector<Step> asleep;
  /// A step of this run: where it was chosen, and which it comes after.
  struct Event {
    Step step;
    size_t choice = 0;
    std::vector<bool> after{};
  };
  std::vector<Event> events;
  void findRaces();
  void want(size_t first, size_t second);
};

} // namespace moe::emu

#endif // MOE_RUNTIME_EMULATOR_EXPLORER_H
