// Elements in memory that several cores access at one time: every access is
// one of a word, as the PTX memory model has it, and no undefined behaviour.
#ifndef MOE_RUNTIME_EMULATOR_ELEMENTS_H
#define MOE_RUNTIME_EMULATOR_ELEMENTS_H

#include <atomic>
#include <cstdint>
#include <cstring>

namespace moe::emu {

/// Calls body with the word of `bytes` bytes (1, 2, 4 or 8) at `at`, a multiple
/// of that.
template <typename Body>
inline auto withWord(const char *at, unsigned bytes, Body body) {
  auto word = [&]<typename T>(T) {
    return body(
        std::atomic_ref<T>(*reinterpret_cast<T *>(const_cast<char *>(at))));
  };
  switch (bytes) {
  case 1:
    return word(uint8_t());
  case 2:
    return word(uint16_t());
  case 4:
    return word(uint32_t());
  default:
    return word(uint64_t());
  }
}

template <std::memory_order Order = std::memory_order_relaxed>
inline uint64_t loadWord(const char *from, unsigned bytes) {
  return withWord(from, bytes,
                  [](auto word) -> uint64_t { return word.load(Order); });
}

template <std::memory_order Order = std::memory_order_relaxed>
inline void storeWord(char *to, uint64_t value, unsigned bytes) {
  withWord(to, bytes, [&](auto word) {
    word.store(static_cast<decltype(word)::value_type>(value), Order);
  });
}

/// Replaces a word by `change` of it, which may be called more than once.
/// Returns what it was.
template <typename Change>
inline uint64_t changeWord(char *at, unsigned bytes, Change change) {
  return withWord(at, bytes, [&](auto word) -> uint64_t {
    using Value = decltype(word)::value_type;
    Value old = word.load(std::memory_order_relaxed);
    while (!word.compare_exchange_weak(old, static_cast<Value>(change(old)),
                                       std::memory_order_acq_rel,
                                       std::memory_order_relaxed))
      continue;
    return old;
  });
}

/// Copies word by word, in words as wide as both places are aligned to.
inline void copyWords(char *to, const char *from, uint64_t bytes) {
  auto alignment = static_cast<unsigned>(
      (reinterpret_cast<uintptr_t>(to) | reinterpret_cast<uintptr_t>(from)) &
      7);
  unsigned width = alignment ? alignment & -alignment : 8;
  for (uint64_t done = 0; done < bytes; done += width) {
    while (width > bytes - done)
      width /= 2;
    storeWord(to + done, loadWord(from + done, width), width);
  }
}

} // namespace moe::emu

#endif // MOE_RUNTIME_EMULATOR_ELEMENTS_H
