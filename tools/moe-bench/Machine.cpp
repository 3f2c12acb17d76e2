// Peak arithmetic and read bandwidth by short loops of independent chains.
#include "Machine.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MemoryBuffer.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <immintrin.h>
#include <sys/syscall.h>
#define MOE_TARGET(features) __attribute__((target(features)))
#endif

using namespace moe::bench;
using Clock = std::chrono::steady_clock;

namespace {

/// Keeps a computation whose result nobody needs.
void keep(double value) {
  [[maybe_unused]] static thread_local volatile double sink;
  sink = value;
}

/// The sum of all lanes of all accumulators, so that none of them is dead.
template <typename Vector, size_t count>
__attribute__((always_inline)) inline double
reduce(const Vector (&sums)[count]) {
  double result = 0;
  for (const Vector &sum : sums)
    for (size_t lane = 0; lane < sizeof(Vector) / sizeof(sum[0]); ++lane)
      result += static_cast<double>(sum[lane]);
  return result;
}

/// Multiply-adds on `chains` independent accumulators of `lanes` floats:
/// enough chains to cover the latency, few enough to stay in registers.
template <int lanes, int chains>
__attribute__((always_inline)) inline double multiplyAdd(int64_t steps) {
  typedef float Vector __attribute__((vector_size(lanes * sizeof(float))));
  Vector sums[chains] = {};
  // Not constants: the compiler must not know them.
  float scaleValue = 0.999f + static_cast<float>(steps & 1) * 1e-6f;
  Vector scale = {}, offset = {};
  scale += scaleValue;
  offset += 1.0f - scaleValue;
  for (int64_t i = 0; i < steps; ++i)
#pragma clang loop unroll(full)
    for (int c = 0; c < chains; ++c)
      sums[c] = sums[c] * scale + offset;
  return reduce(sums);
}

/// A loop that a machine may be able to run, with its operations per step.
struct Kernel {
  double (*run)(int64_t steps);
  double operations;
};

#if defined(__x86_64__)
MOE_TARGET("avx512f") double f32Avx512(int64_t n) {
  return multiplyAdd<16, 24>(n);
}
MOE_TARGET("avx2,fma") double f32Avx2(int64_t n) {
  return multiplyAdd<8, 12>(n);
}

MOE_TARGET("avx512f,avx512bf16") double bf16Avx512(int64_t n) {
  __m512 sums[16] = {};
  __m512bh pair = (__m512bh)_mm512_set1_epi32(0x3f803f80 + int(n & 1));
  for (int64_t i = 0; i < n; ++i)
#pragma clang loop unroll(full)
    for (int c = 0; c < 16; ++c)
      sums[c] = _mm512_dpbf16_ps(sums[c], pair, pair);
  return reduce(sums);
}

#if defined(__linux__)
/// Linux gives tile registers out on request, for all threads of a process.
bool hasTiles() {
  constexpr long requestPermission = 0x1023, tileData = 18;
  return __builtin_cpu_supports("amx-bf16") &&
         syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
}

/// Four sums of tiles, of two by two.
MOE_TARGET("amx-tile,amx-bf16") double bf16Tiles(int64_t n) {
  struct {
    uint8_t palette = 1, startRow = 0, reserved[14] = {};
    uint16_t rowBytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } configuration;
  uint32_t pairs[16][16];
  std::fill_n(&pairs[0][0], 256, 0x3f803f80 + uint32_t(n & 1));
  float sums[16][16];
  _tile_loadconfig(&configuration);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, pairs, 64);
  _tile_loadd(5, pairs, 64);
  _tile_loadd(6, pairs, 64);
  _tile_loadd(7, pairs, 64);
  for (int64_t i = 0; i < n; ++i) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, sums, 64);
  _tile_release();
  return double(sums[0][0]);
}
#endif

MOE_TARGET("avx512f,avx512vnni") double int8Avx512(int64_t n) {
  __m512i sums[16] = {};
  __m512i bytes = _mm512_set1_epi32(0x01010101 + int(n & 1));
  for (int64_t i = 0; i < n; ++i)
#pragma clang loop unroll(full)
    for (int c = 0; c < 16; ++c)
      sums[c] = _mm512_dpbusd_epi32(sums[c], bytes, bytes);
  return reduce(sums);
}
#endif

double f32Portable(int64_t n) { return multiplyAdd<4, 8>(n); }

Kernel f32Kernel() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f"))
    return {f32Avx512, 2.0 * 16 * 24};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {f32Avx2, 2.0 * 8 * 12};
#endif
  return {f32Portable, 2.0 * 4 * 8};
}

std::optional<Kernel> bf16Kernel() {
#if defined(__x86_64__) && defined(__linux__)
  if (hasTiles())
    return Kernel{bf16Tiles, 2.0 * 4 * 16 * 16 * 32};
#endif
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bf16"))
    return Kernel{bf16Avx512, 2.0 * 32 * 16};
#endif
  return std::nullopt;
}

std::optional<Kernel> int8Kernel() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512vnni"))
    return Kernel{int8Avx512, 2.0 * 64 * 16};
#endif
  return std::nullopt;
}

/// Runs `body(thread)` on `threads` threads that start together; the seconds
/// from the first start to the last end.
template <typename Body>
double timeTogether(unsigned threads, Body body) {
  std::atomic<unsigned> ready = 0;
  std::vector<Clock::time_point> starts(threads), ends(threads);
  auto work = [&](unsigned thread) {
    ++ready;
    while (ready.load() < threads)
      std::this_thread::yield();
    starts[thread] = Clock::now();
    body(thread);
    ends[thread] = Clock::now();
  };
  std::vector<std::thread> workers;
  for (unsigned thread = 1; thread < threads; ++thread)
    workers.emplace_back(work, thread);
  work(0);
  for (std::thread &worker : workers)
    worker.join();
  return std::chrono::duration<double>(*std::ranges::max_element(ends) -
                                       *std::ranges::min_element(starts))
      .count();
}

/// The best of many short runs: one that no other process interrupts.
constexpr int attempts = 40;

double bestRate(const Kernel &kernel, unsigned threads) {
  constexpr int64_t steps = 100'000; // under a millisecond
  double best = 0;
  for (int i = 0; i < attempts; ++i) {
    double seconds =
        timeTogether(threads, [&](unsigned) { keep(kernel.run(steps + i)); });
    best = std::max(best, kernel.operations * steps * threads / seconds);
  }
  return best;
}

/// Sums `count` floats with as many loads in flight as it takes. Some CPUs read
/// faster where lines are fetched `ahead` bytes before, others without.
template <size_t ahead>
double sumAll(const float *data, size_t count) {
  typedef float Vector __attribute__((vector_size(64)));
  Vector sums[8] = {};
  for (size_t i = 0; i + 128 <= count; i += 128)
    for (size_t c = 0; c < 8; ++c) {
      const float *line = data + i + c * 16;
      if constexpr (ahead != 0)
        __builtin_prefetch(line + ahead / sizeof(float), /*rw=*/0,
                           /*locality=*/2);
      sums[c] += *reinterpret_cast<const Vector *>(line);
    }
  return reduce(sums);
}

double bestReadRate(unsigned threads) {
  // Short runs over part of a region that is far larger than any cache.
  constexpr size_t part = size_t(32) << 20, parts = 16;
  size_t all = part * parts * threads;
  void *memory = mmap(nullptr, all, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return 0;
  madvise(memory, all, MADV_HUGEPAGE);
  float *data = static_cast<float *>(memory);
  constexpr size_t count = part / sizeof(float);
  std::fill(data, data + count * parts * threads, 1.0f);
  double best = 0;
  for (int i = 0; i < attempts; ++i) {
    double seconds = timeTogether(threads, [&](unsigned thread) {
      const float *from = data + (i % parts * threads + thread) * count;
      keep(i % 2 ? sumAll<1024>(from, count) : sumAll<0>(from, count));
    });
    best = std::max(best, double(part) * threads / seconds);
  }
  munmap(memory, all);
  return best;
}

} // namespace

MachinePeak moe::bench::measurePeak(unsigned threads) {
  MachinePeak peak;
  peak.f32 = bestRate(f32Kernel(), threads);
  if (std::optional<Kernel> kernel = bf16Kernel())
    peak.bf16 = bestRate(*kernel, threads);
  if (std::optional<Kernel> kernel = int8Kernel())
    peak.int8 = bestRate(*kernel, threads);
  peak.readBytes = bestReadRate(threads);
  return peak;
}

uint64_t moe::bench::lastLevelCacheBytes() {
  long bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
  return bytes > 0 ? static_cast<uint64_t>(bytes) : 0;
}

StealCounter StealCounter::now() {
  StealCounter counter;
  auto file = llvm::MemoryBuffer::getFileAsStream("/proc/stat");
  if (!file)
    return counter;
  // "cpu user nice system idle iowait irq softirq steal guest guest_nice", of
  // which user and nice contain the last two.
  llvm::SmallVector<llvm::StringRef> fields;
  (*file)->getBuffer().split('\n').first.split(fields, ' ', -1,
                                               /*KeepEmpty=*/false);
  constexpr size_t steal = 8;
  if (fields.size() <= steal)
    return counter;
  for (llvm::StringRef field : llvm::ArrayRef(fields).slice(1, steal)) {
    uint64_t ticks = 0;
    if (field.getAsInteger(10, ticks))
      return {};
    counter.total += ticks;
    counter.steal = ticks;
  }
  return counter;
}

double StealCounter::percentSince(const StealCounter &earlier) const {
  uint64_t all = total - earlier.total;
  return all ? 100.0 * (steal - earlier.steal) / all : 0;
}
