// Emulated memory: allocations in one address space for all devices.
#ifndef MOE_RUNTIME_EMULATOR_MEMORY_H
#define MOE_RUNTIME_EMULATOR_MEMORY_H

#include "Race.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>

namespace moe::emu {

/// Generic addresses of shared memory: one window per CTA that is resident, so
/// that a pointer that leaks to another CTA shows. Local memory has one window
/// for all threads. Global memory lies above.
inline constexpr uint64_t kSharedWindow = 0x0000'0100'0000'0000,
                          kSharedStride = 1 << 24,
                          kSharedWindowEnd = 0x0000'0200'0000'0000;
inline constexpr uint64_t kLocalWindow = 0x0000'0200'0000'0000,
                          kLocalWindowEnd = 0x0000'0201'0000'0000;
inline constexpr uint64_t kMulticastBase = 0x0000'5000'0000'0000;
inline constexpr uint64_t kGlobalBase = 0x0000'7000'0000'0000;
/// Shared memory of a CTA: 227 KiB.
inline constexpr uint64_t kMostSharedBytes = 232448;
/// Between two allocations.
inline constexpr uint64_t kRedZone = 0x10000;

struct FreeDeleter {
  void operator()(void *memory) const { std::free(memory); }
};

/// Bytes with their state. Global allocations, the shared memory of a CTA, the
/// local memory of a warp and the parameters of a launch are of this kind.
struct Allocation {
  static constexpr uint8_t kInitialised = 1, kRedZone = 2, kMbarrier = 4;

  Allocation(uint64_t base, uint64_t size, std::string name, int device)
      : base(base), size(size), name(std::move(name)), device(device),
        bytes(static_cast<char *>(std::calloc(size + 32, 1))),
        states(static_cast<uint8_t *>(std::calloc(size + 32, 1))) {
    if (!bytes || !states)
      throw std::bad_alloc();
  }

  /// Says that an access to 16 bytes comes soon. Most of the time of a checked
  /// tile would go into waiting for its cells, states and bytes otherwise.
  void prefetch(uint64_t offset, bool checked) const {
    if (offset >= size)
      return;
    __builtin_prefetch(bytes.get() + offset, 1);
    if (!checked)
      return;
    __builtin_prefetch(states.get() + offset, 1);
    shadow.prefetch(offset);
  }

  uint64_t base, size;
  std::string name;
  int device;
  bool released = false, readOnly = false;
  std::unique_ptr<char, FreeDeleter> bytes;
  std::unique_ptr<uint8_t, FreeDeleter> states;
  RaceShadow shadow;
};

struct Place {
  Allocation *allocation;
  uint64_t offset;
  bool isShared() const {
    return allocation->base >= kSharedWindow &&
           allocation->base < kSharedWindowEnd;
  }
  char *bytes() const { return allocation->bytes.get() + offset; }
  uint8_t *states() const { return allocation->states.get() + offset; }
};

// ---- states of bytes ----

/// The same bits for eight bytes.
inline uint64_t eightStates(uint8_t bits) { return 0x0101010101010101 * bits; }
inline uint64_t loadEight(const uint8_t *states) {
  uint64_t eight;
  std::memcpy(&eight, states, 8);
  return eight;
}
/// Whether any of the states has a bit of `bits`.
inline bool anyHas(const uint8_t *states, uint32_t bytes, uint8_t bits) {
  for (; bytes >= 8; bytes -= 8, states += 8)
    if (loadEight(states) & eightStates(bits))
      return true;
  for (; bytes; --bytes)
    if (*states++ & bits)
      return true;
  return false;
}
/// Whether all of them have it.
inline bool allHave(const uint8_t *states, uint32_t bytes, uint8_t bits) {
  for (; bytes >= 8; bytes -= 8, states += 8)
    if (~loadEight(states) & eightStates(bits))
      return false;
  for (; bytes; --bytes)
    if (!(*states++ & bits))
      return false;
  return true;
}
/// Whether all of 16 bytes are initialised and none is in a red zone.
inline bool areReadable(const uint8_t *states) {
  uint64_t mask = eightStates(Allocation::kInitialised | Allocation::kRedZone),
           wanted = eightStates(Allocation::kInitialised);
  return (loadEight(states) & mask) == wanted &&
         (loadEight(states + 8) & mask) == wanted;
}
/// Gives it to all of them.
inline void setAll(uint8_t *states, uint32_t bytes, uint8_t bits) {
  for (; bytes >= 8; bytes -= 8, states += 8) {
    uint64_t eight = loadEight(states) | eightStates(bits);
    std::memcpy(states, &eight, 8);
  }
  for (; bytes; --bytes)
    *states++ |= bits;
}

/// Finds allocations by address. A copy finds the same ones; one that was added
/// or removed through one of the two is so for the other.
class AddressSpace {
public:
  /// The allocation that holds `address`, or nullptr. Released ones are found
  /// too.
  Allocation *find(uint64_t address) const {
    if (last && address - last->base < last->size)
      return last;
    auto next = allocations->upper_bound(address);
    if (next == allocations->begin())
      return nullptr;
    Allocation *found = std::prev(next)->second.get();
    if (address - found->base >= found->size)
      return nullptr;
    return last = found;
  }
  /// What `find` returned last that was there; nullptr where none.
  Allocation *lastFound() const { return last; }
  /// Where these bytes lie. Throws UsageError where they are not within one
  /// allocation that has not been released.
  Place place(uint64_t address, uint64_t bytes) const;
  /// The nearest allocation below or above, for messages; nullptr where none.
  Allocation *nearest(uint64_t address) const;
  /// `at` 0: the next free place, aligned to 256 bytes and no better. Throws
  /// UsageError where `at` overlaps another allocation.
  Allocation &add(uint64_t size, const std::string &name, int device,
                  uint64_t at);
  /// Everybody has seen everything.
  void forgetHistories() {
    for (auto &[base, allocation] : *allocations)
      allocation->shadow.histories.clear();
  }
  void remove(uint64_t base) {
    last = nullptr;
    allocations->erase(base);
  }

private:
  using Allocations = std::map<uint64_t, std::unique_ptr<Allocation>>;
  std::shared_ptr<Allocations> allocations = std::make_shared<Allocations>();
  mutable Allocation *last = nullptr;
  uint64_t next = kGlobalBase;
};

} // namespace moe::emu

#endif // MOE_RUNTIME_EMULATOR_MEMORY_H
