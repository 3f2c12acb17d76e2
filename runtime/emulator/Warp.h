// The state of a warp.
#ifndef MOE_RUNTIME_EMULATOR_WARP_H
#define MOE_RUNTIME_EMULATOR_WARP_H

#include "Program.h"

namespace moe::emu {

struct Allocation;
struct Cta;
struct Machine;

/// Lanes that have diverged and meet again at one operation.
struct Join {
  const Op *at;
  uint32_t expected; ///< lanes that have not exited
  uint32_t arrived = 0;
  int depth = 0;
  std::shared_ptr<Join> outer;
};

/// Lanes that execute together.
struct Group {
  uint32_t mask = 0;
  const Op *next = nullptr;
  std::shared_ptr<Join> join;
  /// Waits: for named barrier `barrier`, for other lanes of the warp at the
  /// same operation, or not at all.
  enum class Wait : uint8_t {
    None,
    Barrier,
    Lanes,
    Warpgroup,
    Cluster,
    TensorMemory,
    Registers
  } wait = Wait::None;
  uint32_t barrier = 0;
  uint32_t waitMask = 0;
  /// Went on without the lanes that it was to meet, since nothing else could.
  bool isForced = false;
};

/// A load that is done later than the program says (ExecWeak.cpp).
struct LateLoad {
  const Op *op, *at; ///< the load, and the operation that it comes before
  int lane;
  Allocation *allocation;
  uint64_t offset;
  uint32_t stamp; ///< of the lane when the program did it
  bool done = false;
};

struct alignas(64) Warp {
  char *registers = nullptr;
  const char *constants = nullptr;
  uint32_t mask = 0;  ///< lanes of the group that runs
  int32_t budget = 0; ///< backward branches and memory operations left
  Cta *cta = nullptr;
  Machine *machine = nullptr;
  unsigned index = 0; ///< within its CTA
  /// Of each thread, as setmaxnreg has it; 0: not known.
  uint32_t registerCount = 0;
  uint32_t live = 0; ///< lanes that have not exited
  std::vector<Group> groups;
  size_t current = 0;  ///< the group that runs
  bool queued = false; ///< the scheduler may pick it
  std::vector<LateLoad> late;
  /// Reads the same again and again since the machine has made so many writes.
  bool stalled = false;
  uint64_t stalledAt = 0;

  // Inlined always: Lanes.cpp is compiled for several CPUs.
  Group &group() { return groups[current]; }

  [[gnu::always_inline]] uint32_t &predicate(uint32_t offset) {
    return *reinterpret_cast<uint32_t *>(registers + offset);
  }
  [[gnu::always_inline]] uint32_t readPredicate(uint32_t offset) const {
    return *reinterpret_cast<const uint32_t *>(source(offset));
  }
  [[gnu::always_inline]] const char *source(uint32_t offset) const {
    return (static_cast<int32_t>(offset) < 0 ? constants : registers) +
           (offset & ~kConstantBit);
  }
  [[gnu::always_inline]] uint32_t lanes(const Op *op) const {
    return mask & (*reinterpret_cast<const uint32_t *>(registers + op->guard) ^
                   op->guardFlip);
  }
  [[gnu::always_inline]] uint32_t read32(uint32_t offset, int lane) const {
    return reinterpret_cast<const uint32_t *>(source(offset))[lane];
  }
  [[gnu::always_inline]] uint64_t read64(uint32_t offset, int lane) const {
    return reinterpret_cast<const uint64_t *>(source(offset))[lane];
  }
  void write32(uint32_t offset, int lane, uint32_t value) {
    reinterpret_cast<uint32_t *>(registers + offset)[lane] = value;
  }
  void write64(uint32_t offset, int lane, uint64_t value) {
    reinterpret_cast<uint64_t *>(registers + offset)[lane] = value;
  }
};

/// Calls `body(lane)` for each lane of `mask`.
template <typename Body>
inline void forLanes(uint32_t mask, Body body) {
  for (; mask; mask &= mask - 1)
    body(__builtin_ctz(mask));
}

} // namespace moe::emu

#endif // MOE_RUNTIME_EMULATOR_WARP_H
