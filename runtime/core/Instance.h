// An instance: where threads and memory come from.
#ifndef MOE_RUNTIME_CORE_INSTANCE_H
#define MOE_RUNTIME_CORE_INSTANCE_H

#include "moe-rt/runtime.h"

#include <atomic>

/// Shared by the handle and by every module loaded with it; immutable after
/// creation but for its counters, so that any thread may use it.
struct moe_instance_impl {
  std::atomic<uint64_t> references{1};
  uint32_t numThreads = 1; ///< 0 where the application runs the loops
  std::atomic<uint32_t> busyThreads{0}; ///< of teams that OpenMP runs now
  bool poison = false;
  moe_parallel_for_fn_t parallelFor = nullptr; ///< never NULL once created
  void *parallelForUser = nullptr;
  void *(*allocate)(void *, size_t, size_t) = nullptr;
  void (*release)(void *, void *, size_t) = nullptr;
  void *allocatorUser = nullptr;
  moe_trace_fn_t trace = nullptr; ///< NULL where nobody listens
  void *traceUser = nullptr;
};

namespace moe::rt {

/// Intrusive reference counting for the handles: T has an atomic `references`.
template <typename T>
T *retain(T *object) {
  object->references.fetch_add(1, std::memory_order_relaxed);
  return object;
}

/// True where this was the last reference: the caller destroys the object.
template <typename T>
bool dropReference(T *object) {
  return object->references.fetch_sub(1, std::memory_order_acq_rel) == 1;
}

/// Loops through OpenMP, on the threads of the instance `user` that no other
/// loop has now and at least on the calling one.
void openMPParallelFor(void *user, int64_t count, moe_range_fn_t body,
                       void *context);
/// Threads that OpenMP would use.
uint32_t openMPMaxThreads();

} // namespace moe::rt

#endif // MOE_RUNTIME_CORE_INSTANCE_H
