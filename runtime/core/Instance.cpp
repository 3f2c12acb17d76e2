// Creation of instances: parameters, environment variables, defaults.
#include "Instance.h"
#include "Status.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#if defined(__linux__)
#include <sys/mman.h>
#endif

using namespace moe::rt;

/// Blocks of a few large pages lie in such: kernels that go through rows far
/// apart, again and again, wait for few page tables then, and no two lines of a
/// block get into each other's way in the second cache by chance.
static constexpr size_t kLargePage = size_t(2) << 20;

static void *hostAllocate(void *, size_t bytes, size_t alignment) {
  if (bytes >= kLargePage)
    alignment = std::max(alignment, kLargePage);
  // aligned_alloc wants a multiple of the alignment.
  size_t rounded = (bytes + alignment - 1) & ~(alignment - 1);
  void *memory = std::aligned_alloc(alignment, rounded);
#if defined(__linux__)
  if (memory && bytes >= kLargePage)
    madvise(memory, rounded, MADV_HUGEPAGE); // or the system refuses
#endif
  return memory;
}

static void hostRelease(void *, void *memory, size_t) { std::free(memory); }

static void serialParallelFor(void *, int64_t count, moe_range_fn_t body,
                              void *context) {
  body(context, 0, count);
}

/// More threads than this are a typing error.
static constexpr uint32_t kMaxThreads = 65536;

/// MOE_NUM_THREADS, or 0 where it is unset or empty.
static uint32_t threadsFromEnvironment() {
  const char *text = std::getenv("MOE_NUM_THREADS");
  if (!text || !*text)
    return 0;
  char *end = nullptr;
  unsigned long value = std::strtoul(text, &end, 10);
  if (*end || *text == '-' || value == 0 || value > kMaxThreads)
    throw Error(MOE_STATUS_INVALID_ARGUMENT,
                "environment variable 'MOE_NUM_THREADS' expects a number of "
                "threads from 1 to " +
                    std::to_string(kMaxThreads) + ", but got '" + text + "'");
  return static_cast<uint32_t>(value);
}

moe_status_t moeRuntimeInstanceCreate(const moe_instance_params_t *params,
                                      moe_instance_t *instance) {
  return guard([&] {
    requireArgument(instance, "moeRuntimeInstanceCreate expects a place for "
                              "the instance, but got NULL");
    moe_instance_params_t given = readParams(params, "moe_instance_params_t");
    if (given.flags & ~uint32_t(MOE_INSTANCE_POISON))
      throw Error(MOE_STATUS_INVALID_ARGUMENT,
                  "'moe_instance_params_t' has unknown flags " +
                      std::to_string(given.flags));
    if (!given.allocate != !given.release)
      throw Error(MOE_STATUS_INVALID_ARGUMENT,
                  "'moe_instance_params_t' expects both 'allocate' and "
                  "'release' or neither, but got one");
    if (given.num_threads > kMaxThreads)
      throw Error(MOE_STATUS_INVALID_ARGUMENT,
                  "requires 'num_threads' (" +
                      std::to_string(given.num_threads) + ") to be at most " +
                      std::to_string(kMaxThreads));
    const char *poison = std::getenv("MOE_POISON");

    auto created = std::make_unique<moe_instance_impl>();
    created->poison = (given.flags & MOE_INSTANCE_POISON) ||
                      (poison && std::strcmp(poison, "1") == 0);
    created->allocate = given.allocate ? given.allocate : hostAllocate;
    created->release = given.release ? given.release : hostRelease;
    created->allocatorUser = given.allocator_user;
    created->trace = given.trace;
    created->traceUser = given.trace_user;
    if (given.parallel_for) {
      created->numThreads = 0;
      created->parallelFor = given.parallel_for;
      created->parallelForUser = given.parallel_for_user;
    } else {
      uint32_t threads = given.num_threads;
      if (threads == 0)
        threads = threadsFromEnvironment();
      if (threads == 0)
        threads = openMPMaxThreads();
      created->numThreads = threads;
      created->parallelFor =
          threads == 1 ? serialParallelFor : openMPParallelFor;
      created->parallelForUser = created.get();
    }
    *instance = created.release();
  });
}

uint32_t moeRuntimeInstanceNumThreads(moe_instance_t instance) {
  return instance ? instance->numThreads : 0;
}

void moeRuntimeInstanceRelease(moe_instance_t instance) {
  if (instance && dropReference(instance))
    delete instance;
}
