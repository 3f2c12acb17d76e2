// The functions that model code calls while it runs, and how a run is entered
// and left.
#ifndef MOE_RUNTIME_CORE_ENVIRONMENT_H
#define MOE_RUNTIME_CORE_ENVIRONMENT_H

#include "Instance.h"
#include "Pool.h"

#include <mutex>

namespace moe::rt {

/// What the running model's environment functions find through thread-local
/// storage.
struct RunContext {
  RunContext(const moe_instance_impl &instance, Pool &pool)
      : instance(instance), pool(pool) {}

  /// Keeps the first message of a run. From any thread.
  void recordFailure(const char *message) noexcept;

  const moe_instance_impl &instance;
  Pool &pool;
  std::mutex mutex;
  bool failed = false;
  /// Parallel loops so far, for whoever listens.
  int64_t loops = 0;
  char message[2048] = {};
};

/// The environment given to every module; lives as long as the process.
const moe_environment_v1 *environment();

/// Runs an entry point on the calling thread. False where it ended through
/// `fail`, whose message is then in the context; else `result` is what it
/// returned. A thread may enter a run of another context from within one.
bool enterRun(RunContext &context, moe_entry_fn_v1 entry,
              const moe_buffer_v1 *inputs, moe_buffer_v1 *outputs,
              const void *weights, int32_t &result) noexcept;

} // namespace moe::rt

#endif // MOE_RUNTIME_CORE_ENVIRONMENT_H
