// The memory that one call's model code allocates from.
#ifndef MOE_RUNTIME_CORE_POOL_H
#define MOE_RUNTIME_CORE_POOL_H

#include "Instance.h"

#include <cstddef>
#include <cstdint>
#include <mutex>

namespace moe::rt {

/// Keeps released blocks in size classes, so that a run with shapes seen before
/// gets everything without asking the host allocator.
///
///   host block:  | padding | Block (64 bytes) | payload ... |
///                                             ^ aligned, what models see
///
/// A block is free, live (the running model owns it), a fresh result (of the
/// run that ends) or a kept one (of the last successful run). All members may
/// be called from any thread.
class Pool {
public:
  explicit Pool(const moe_instance_impl &instance) : instance(instance) {}
  ~Pool();
  Pool(const Pool &) = delete;
  Pool &operator=(const Pool &) = delete;

  /// At least `bytes` bytes aligned to `alignment` (a power of two); NULL where
  /// the host allocator has none.
  void *allocate(uint64_t bytes, uint64_t alignment) noexcept;

  /// Takes a live block back. False where `memory` is not one.
  bool release(void *memory) noexcept;

  /// Whether [data, data + bytes) lies in a live block or a fresh result.
  bool owns(const void *data, uint64_t bytes) noexcept;

  /// Marks the live block that holds [data, data + bytes) as a fresh result.
  /// False where there is none. Several results may share a block.
  bool makeResult(const void *data, uint64_t bytes) noexcept;

  /// Ends a run: every live block becomes free. A successful run's results
  /// replace those kept before; a failed run's are freed.
  void endRun(bool succeeded) noexcept;

  /// Gives all free blocks back to the host allocator.
  void trim() noexcept;

  void readStats(moe_memory_stats_t &stats) noexcept;

private:
  enum class State : uint32_t { Free, Live, Fresh, Kept };
  struct Block {
    Block *previous;
    Block *next;
    void *host;
    uint64_t hostBytes;
    uint64_t payloadBytes;
    uint32_t sizeClass;
    State state;
    uint64_t tag;
  };
  static_assert(sizeof(Block) <= 64);
  struct List {
    Block *first = nullptr;
  };

  /// Four classes per power of two, from 64 bytes up: at most a quarter is
  /// wasted.
  static constexpr uint32_t kClasses = 4 * 48;

  static Block *blockOf(void *memory);
  static char *payloadOf(Block *block);
  static void insert(List &list, Block *block);
  static void remove(List &list, Block *block);

  static Block *find(const List &list, const void *data, uint64_t bytes);
  Block *takeFree(uint32_t sizeClass, uint64_t alignment);
  Block *obtain(uint32_t sizeClass, uint64_t payload, uint64_t alignment);
  void makeFree(List &from, Block *block);
  void trimLocked();
  void giveBack(Block *block);

  const moe_instance_impl &instance;
  std::mutex mutex;
  List free[kClasses];
  List live;
  List fresh;
  List kept;
  uint64_t reservedBytes = 0;
  uint64_t usedBytes = 0;
  uint64_t peakBytes = 0;
  uint64_t hostAllocations = 0;
  uint64_t modelAllocations = 0;
};

} // namespace moe::rt

#endif // MOE_RUNTIME_CORE_POOL_H
