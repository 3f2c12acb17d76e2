// Times ways in turns.
#include "Turns.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"

#include <chrono>
#include <ctime>
#include <thread>

using namespace moe::bench;

void RunTimes::sort() {
  llvm::sort(seconds);
  llvm::sort(cpuSeconds);
}

/// Time that all threads of this process have run.
static double processSeconds() {
  timespec time = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
}

/// Threads that wait for work spin for a while, and would run beside the next
/// team.
static void waitUntilIdle() {
  using namespace std::chrono_literals;
  constexpr auto period = 5ms;
  double before = processSeconds();
  for (unsigned periods = 0; periods < 200; ++periods) {
    std::this_thread::sleep_for(period);
    double now = processSeconds();
    if (now - before < 0.1 * std::chrono::duration<double>(period).count())
      return;
    before = now;
  }
}

llvm::Error moe::bench::timeOnce(llvm::function_ref<llvm::Error()> run,
                                 RunTimes &times) {
  double cpuStart = processSeconds();
  auto start = std::chrono::steady_clock::now();
  if (llvm::Error error = run())
    return error;
  std::chrono::duration<double> taken =
      std::chrono::steady_clock::now() - start;
  times.cpuSeconds.push_back(processSeconds() - cpuStart);
  times.seconds.push_back(taken.count());
  return llvm::Error::success();
}

llvm::Error
moe::bench::takeTurns(llvm::ArrayRef<uint32_t> threads, size_t draws,
                      double leastSeconds,
                      llvm::function_ref<llvm::Error(size_t, size_t)> run,
                      llvm::function_ref<RunTimes &(size_t)> times) {
  std::vector<double> totals(threads.size());
  auto needsMore = [&](size_t i) {
    return times(i).seconds.size() < 5 || totals[i] < leastSeconds;
  };
  auto ways = llvm::seq<size_t>(0, threads.size());
  bool hasOneTeam = threads.front() == threads.back();
  while (llvm::any_of(ways, needsMore))
    for (size_t begin = 0, end = 0; begin < threads.size(); begin = end) {
      while (end < threads.size() && threads[end] == threads[begin])
        ++end;
      if (!hasOneTeam)
        waitUntilIdle();
      for (size_t draw = 0; draw < draws; ++draw)
        for (size_t i = begin; i < end; ++i) {
          if (llvm::Error error = run(i, draw))
            return error;
          totals[i] += times(i).seconds.back();
        }
    }
  return llvm::Error::success();
}
