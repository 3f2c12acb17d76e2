// Size-class allocation for model memory.
#include "Pool.h"

#include <bit>
#include <cstring>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MOE_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define MOE_ASAN 1
#endif
#ifdef MOE_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size)
#define ASAN_UNPOISON_MEMORY_REGION(address, size)
#endif

using namespace moe::rt;

/// What lies between a block's header and its payload, and the least alignment
/// of a payload: one cache line.
static constexpr uint64_t kHeader = 64;
/// No machine has more; keeps sums of sizes far from overflow.
static constexpr uint64_t kMaxBytes = uint64_t(1) << 47;
/// In the header of every block of a pool, so that a foreign pointer shows.
static constexpr uint64_t kTag = 0x4b434f4c42454f4d;

/// The class whose size is the smallest one that holds `bytes`, and that size:
/// (4 + step) * 2^exponent.
static uint32_t classOf(uint64_t bytes, uint64_t &size) {
  if (bytes <= 64) {
    size = 64;
    return 0;
  }
  uint32_t exponent = std::bit_width(bytes - 1) - 3;
  uint64_t quarter = uint64_t(1) << exponent;
  uint64_t steps = (bytes + quarter - 1) >> exponent; // 5 to 8
  size = steps << exponent;
  return (exponent - 4) * 4 + static_cast<uint32_t>(steps - 4);
}

Pool::Block *Pool::blockOf(void *memory) {
  return reinterpret_cast<Block *>(static_cast<char *>(memory) - kHeader);
}

char *Pool::payloadOf(Block *block) {
  return reinterpret_cast<char *>(block) + kHeader;
}

void Pool::insert(List &list, Block *block) {
  block->previous = nullptr;
  block->next = list.first;
  if (list.first)
    list.first->previous = block;
  list.first = block;
}

void Pool::remove(List &list, Block *block) {
  (block->previous ? block->previous->next : list.first) = block->next;
  if (block->next)
    block->next->previous = block->previous;
}

Pool::~Pool() {
  endRun(true);
  endRun(true);
  trim();
}

Pool::Block *Pool::takeFree(uint32_t sizeClass, uint64_t alignment) {
  for (Block *block = free[sizeClass].first; block; block = block->next)
    if (reinterpret_cast<uintptr_t>(payloadOf(block)) % alignment == 0) {
      remove(free[sizeClass], block);
      return block;
    }
  return nullptr;
}

Pool::Block *Pool::obtain(uint32_t sizeClass, uint64_t payload,
                          uint64_t alignment) {
  uint64_t hostBytes = alignment + payload; // the header lies in the padding
  ++hostAllocations;
  void *host = instance.allocate(instance.allocatorUser, hostBytes, alignment);
  if (!host) {
    trimLocked();
    ++hostAllocations;
    host = instance.allocate(instance.allocatorUser, hostBytes, alignment);
    if (!host)
      return nullptr;
  }
  char *memory = static_cast<char *>(host) + alignment;
  Block *block = blockOf(memory);
  block->host = host;
  block->hostBytes = hostBytes;
  block->payloadBytes = payload;
  block->sizeClass = sizeClass;
  block->tag = kTag;
  reservedBytes += hostBytes;
  return block;
}

void *Pool::allocate(uint64_t bytes, uint64_t alignment) noexcept {
  if (alignment < kHeader)
    alignment = kHeader;
  if (bytes > kMaxBytes || alignment > kMaxBytes)
    return nullptr;
  uint64_t payload = 0;
  uint32_t sizeClass = classOf(bytes, payload);
  char *memory = nullptr;
  {
    std::lock_guard<std::mutex> lock(mutex);
    ++modelAllocations;
    Block *block = takeFree(sizeClass, alignment);
    if (!block)
      block = obtain(sizeClass, payload, alignment);
    if (!block)
      return nullptr;
    block->state = State::Live;
    insert(live, block);
    usedBytes += payload;
    if (usedBytes > peakBytes)
      peakBytes = usedBytes;
    memory = payloadOf(block);
  }
  ASAN_UNPOISON_MEMORY_REGION(memory, bytes);
  ASAN_POISON_MEMORY_REGION(memory + bytes, payload - bytes);
  if (instance.poison)
    std::memset(memory, 0xFF, bytes);
  return memory;
}

bool Pool::release(void *memory) noexcept {
  if (!memory)
    return true;
  if (reinterpret_cast<uintptr_t>(memory) % kHeader != 0)
    return false;
  std::lock_guard<std::mutex> lock(mutex);
  Block *block = blockOf(memory);
  if (block->tag != kTag || block->state != State::Live)
    return false;
  makeFree(live, block);
  return true;
}

Pool::Block *Pool::find(const List &list, const void *data, uint64_t bytes) {
  auto begin = reinterpret_cast<uintptr_t>(data);
  for (Block *block = list.first; block; block = block->next) {
    auto payload = reinterpret_cast<uintptr_t>(payloadOf(block));
    if (begin >= payload && begin - payload <= block->payloadBytes &&
        bytes <= block->payloadBytes - (begin - payload))
      return block;
  }
  return nullptr;
}

bool Pool::owns(const void *data, uint64_t bytes) noexcept {
  std::lock_guard<std::mutex> lock(mutex);
  return find(live, data, bytes) || find(fresh, data, bytes);
}

bool Pool::makeResult(const void *data, uint64_t bytes) noexcept {
  std::lock_guard<std::mutex> lock(mutex);
  if (find(fresh, data, bytes))
    return true;
  Block *block = find(live, data, bytes);
  if (!block)
    return false;
  remove(live, block);
  block->state = State::Fresh;
  insert(fresh, block);
  return true;
}

void Pool::makeFree(List &from, Block *block) {
  remove(from, block);
  block->state = State::Free;
  usedBytes -= block->payloadBytes;
  insert(free[block->sizeClass], block);
  ASAN_POISON_MEMORY_REGION(payloadOf(block), block->payloadBytes);
}

void Pool::endRun(bool succeeded) noexcept {
  std::lock_guard<std::mutex> lock(mutex);
  while (live.first)
    makeFree(live, live.first);
  List &dropped = succeeded ? kept : fresh;
  while (dropped.first)
    makeFree(dropped, dropped.first);
  while (Block *block = fresh.first) {
    remove(fresh, block);
    block->state = State::Kept;
    insert(kept, block);
  }
}

void Pool::giveBack(Block *block) {
  void *host = block->host;
  uint64_t hostBytes = block->hostBytes;
  ASAN_UNPOISON_MEMORY_REGION(payloadOf(block), block->payloadBytes);
  block->tag = 0;
  reservedBytes -= hostBytes;
  instance.release(instance.allocatorUser, host, hostBytes);
}

void Pool::trimLocked() {
  for (List &list : free)
    while (Block *block = list.first) {
      remove(list, block);
      giveBack(block);
    }
}

void Pool::trim() noexcept {
  std::lock_guard<std::mutex> lock(mutex);
  trimLocked();
}

void Pool::readStats(moe_memory_stats_t &stats) noexcept {
  std::lock_guard<std::mutex> lock(mutex);
  stats.reserved_bytes = reservedBytes;
  stats.peak_bytes = peakBytes;
  stats.host_allocations = hostAllocations;
  stats.model_allocations = modelAllocations;
}
