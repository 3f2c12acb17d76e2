// The default parallel loop: one OpenMP region in which threads claim ranges.
//
// Only the region itself comes from OpenMP. Which iterations a thread gets is
// decided by an atomic counter and not by omp_get_thread_num(), because that
// name may bind to another OpenMP runtime of the process. The counter is also
// what orders memory: each claim releases what the thread wrote so far and
// acquires what earlier claimants wrote, so that ThreadSanitizer, which does
// not see into libomp, knows it too.
//
// Every thread that runs a model gets a team of its own from OpenMP. So the
// teams of an instance share its threads: N calls at once have at most N - 1
// threads more than one call alone, their own.
#include "Instance.h"

#include <algorithm>
#include <omp.h>

using namespace moe::rt;

/// Ranges per thread: enough to even out unequal iterations, few enough that
/// claiming costs nothing.
static constexpr int64_t kRangesPerThread = 4;

uint32_t moe::rt::openMPMaxThreads() {
  return static_cast<uint32_t>(std::max(1, omp_get_max_threads()));
}

namespace {

struct Work {
  int64_t count;
  int64_t step;
  moe_range_fn_t body;
  void *context;
};

struct SharedLoop {
  std::atomic<int64_t> next;
  Work work;
};

/// The threads of one loop, the calling one included.
class Team {
public:
  Team(moe_instance_impl &instance, int64_t most) : busy(instance.busyThreads) {
    uint32_t taken = busy.load(std::memory_order_relaxed);
    do {
      uint32_t free =
          instance.numThreads - std::min(instance.numThreads, taken);
      size = static_cast<uint32_t>(
          std::clamp<int64_t>(free, 1, std::max<int64_t>(1, most)));
    } while (!busy.compare_exchange_weak(taken, taken + size,
                                         std::memory_order_relaxed));
  }
  ~Team() { busy.fetch_sub(size, std::memory_order_relaxed); }
  Team(const Team &) = delete;
  Team &operator=(const Team &) = delete;

  uint32_t size;

private:
  std::atomic<uint32_t> &busy;
};

} // namespace

void moe::rt::openMPParallelFor(void *user, int64_t count, moe_range_fn_t body,
                                void *context) {
  const Team team(*static_cast<moe_instance_impl *>(user), count);
  const auto threads = static_cast<int>(team.size);
  if (threads == 1) {
    body(context, 0, count);
    return;
  }
  SharedLoop loop = {
      {0},
      {count, std::max<int64_t>(1, count / (threads * kRangesPerThread)), body,
       context}};
  loop.next.store(0, std::memory_order_release);
  SharedLoop *shared = &loop;
#pragma omp parallel num_threads(threads) firstprivate(shared)
  {
    // Everything is read between the first acquire and the first claim, so that
    // a thread's last claim is the last that it does with the loop.
    shared->next.load(std::memory_order_acquire);
    const Work work = shared->work;
    for (;;) {
      int64_t begin =
          shared->next.fetch_add(work.step, std::memory_order_acq_rel);
      if (begin >= work.count)
        break;
      work.body(work.context, begin, std::min(begin + work.step, work.count));
    }
  }
  loop.next.load(std::memory_order_acquire);
}
