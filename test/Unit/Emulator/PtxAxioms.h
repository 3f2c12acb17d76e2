// The PTX memory consistency model as its axioms state it (PTX ISA, chapter
// "Memory Consistency Model"; Lustig, Sahasrabuddhe, Giroux, ASPLOS 2019), for
// programs of a few accesses: enumerates what executions may do, by brute
// force and without regard to how the emulator does it.
#ifndef MOE_TEST_UNIT_EMULATOR_PTXAXIOMS_H
#define MOE_TEST_UNIT_EMULATOR_PTXAXIOMS_H

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace moe::emu::test {

/// One statement of a thread.
struct LitmusOp {
  enum class Kind : uint8_t { Load, Store, Add, Exchange, Fence, Barrier };
  enum class Order : uint8_t { Weak, Relaxed, Acquire, Release, AcqRel, Sc };
  enum class Scope : uint8_t { Cta, Cluster, Gpu, Sys };
  Kind kind;
  Order order = Order::Weak;
  Scope scope = Scope::Sys;
  /// A fence with '.sync_restrict', which the axioms take for one without: it
  /// is right where all locations are in shared memory.
  bool sharedOnly = false;
  int location = 0;
  int result = -1; ///< register that gets what is read
  uint32_t value = 0;
  int valueFrom = -1; ///< register that is written instead of `value`
};

/// A thread is the first one of its warp, and its warp the `warp`-th of a CTA.
/// Two CTAs, 0 and 1, 2 and 3, ..., are a cluster.
struct LitmusThread {
  unsigned device = 0, cta = 0, warp = 0;
  std::vector<LitmusOp> ops;
};

/// Locations hold 0 at first. At most 3 locations, 4 threads.
struct LitmusProgram {
  std::vector<LitmusThread> threads;
  int locations = 2;
};

/// What a run ends with: "0:r0=1 1:r0=0 x=1 y=2".
std::string outcomeText(const std::vector<std::vector<uint32_t>> &registers,
                        const std::vector<uint32_t> &memory);

/// Threads separated by "||", statements by ";", in a short form:
///   st.release.gpu x 1      r0 = ld.acquire.gpu y     st y r0
///   r1 = add.relaxed.gpu x 1   r1 = exch.acq_rel.sys x 2
///   fence.sc.sys            fence.release.shared      bar
/// `places`: for each thread "device.cta.warp".
LitmusProgram parseLitmus(const std::string &text,
                          const std::vector<std::string> &places);

/// All outcomes of executions that the axioms admit.
std::set<std::string> outcomesByAxioms(const LitmusProgram &program);

} // namespace moe::emu::test

#endif // MOE_TEST_UNIT_EMULATOR_PTXAXIOMS_H
