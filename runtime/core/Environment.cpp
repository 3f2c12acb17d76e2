// allocate, release, parallel_for and fail.
//
// `fail` leaves model code by longjmp to the frame that entered it: enterRun()
// on the calling thread, runRange() in a loop body on any thread. So no frame
// of OpenMP or of an application's executor is ever jumped over: a failed body
// ends its range, the remaining ranges are skipped, and once the loop has been
// joined the calling thread jumps on to enterRun(). Frames between a jump and
// its target are model code and functions of this file, none of which holds an
// object with a destructor at that point.
#include "Environment.h"

#include <chrono>
#include <cinttypes>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace moe::rt;

namespace {

/// What the current thread is doing for which run.
struct ThreadState {
  RunContext *context;
  std::jmp_buf *escape;
  bool inBody;
};

/// One parallel loop of a run.
struct Loop {
  RunContext *context;
  int64_t number;
  moe_range_fn_t body;
  void *bodyContext;
  std::atomic<int64_t> done;
  std::atomic<bool> failed;
};

} // namespace

static thread_local ThreadState threadState;

void RunContext::recordFailure(const char *text) noexcept {
  std::lock_guard<std::mutex> lock(mutex);
  if (failed)
    return;
  failed = true;
  std::snprintf(message, sizeof(message), "%s",
                text ? text : "the model gave no message");
}

/// Tells whoever listens to the run of an event on the calling thread.
static void tell(const moe_instance_impl &instance, const char *name, int64_t i,
                 int64_t j, int64_t k, uint32_t phase) noexcept {
  static std::atomic<uint32_t> threads{0};
  static thread_local const uint32_t thread =
      threads.fetch_add(1, std::memory_order_relaxed);
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  moe_trace_event_t event = {
      name,
      {i, j, k},
      phase,
      thread,
      static_cast<uint64_t>(
          std::chrono::duration_cast<std::chrono::nanoseconds>(now).count())};
  instance.trace(instance.traceUser, &event);
}

[[noreturn]] static void fail(const char *message) {
  if (!threadState.context) {
    std::fprintf(stderr,
                 "moe_runtime: model code failed outside of a run: %s\n",
                 message ? message : "");
    std::abort();
  }
  threadState.context->recordFailure(message);
  std::longjmp(*threadState.escape, 1);
}

static RunContext &currentRun(const char *function) {
  if (!threadState.context) {
    std::fprintf(stderr,
                 "moe_runtime: model code called '%s' outside of a run\n",
                 function);
    std::abort();
  }
  return *threadState.context;
}

static void *allocate(uint64_t bytes, uint64_t alignment) {
  RunContext &run = currentRun("allocate");
  if (alignment == 0 || (alignment & (alignment - 1)) != 0)
    fail("'allocate' requires the alignment to be a power of two");
  if (void *memory = run.pool.allocate(bytes, alignment))
    return memory;
  char text[128];
  std::snprintf(text, sizeof(text),
                "out of memory: the model asked for %" PRIu64 " bytes", bytes);
  fail(text);
}

static void release(void *memory) {
  if (!currentRun("release").pool.release(memory))
    fail("'release' expects memory from 'allocate' of this run that was not "
         "released before");
}

static void trace(const char *task, int64_t i, int64_t j, int64_t k,
                  uint32_t phase) {
  const moe_instance_impl &instance = currentRun("trace").instance;
  if (instance.trace)
    tell(instance, task, i, j, k, phase);
}

/// Runs one range of a loop on whichever thread the executor chose.
static void runRange(void *loopPointer, int64_t begin, int64_t end) noexcept {
  Loop &loop = *static_cast<Loop *>(loopPointer);
  if (begin >= end)
    return;
  if (!loop.failed.load(std::memory_order_relaxed)) {
    std::jmp_buf escape;
    const ThreadState saved = threadState;
    threadState = {loop.context, &escape, /*inBody=*/true};
    const moe_instance_impl &instance = loop.context->instance;
    if (instance.trace)
      tell(instance, "range", loop.number, begin, end, /*phase=*/0);
    if (_setjmp(escape) == 0)
      loop.body(loop.bodyContext, begin, end);
    else
      loop.failed.store(true, std::memory_order_relaxed);
    if (instance.trace)
      tell(instance, "range", loop.number, begin, end, /*phase=*/1);
    threadState = saved;
  }
  loop.done.fetch_add(end - begin, std::memory_order_relaxed);
}

static void parallelFor(int64_t count,
                        void (*body)(void *context, int64_t begin, int64_t end),
                        void *context) {
  RunContext &run = currentRun("parallel_for");
  if (count <= 0)
    return;
  // A single iteration is no loop: loops inside it may still be parallel.
  if (threadState.inBody || count == 1) {
    body(context, 0, count);
    return;
  }
  Loop loop = {&run, run.loops++, body, context, {0}, {false}};
  run.instance.parallelFor(run.instance.parallelForUser, count, runRange,
                           &loop);
  if (loop.failed.load(std::memory_order_relaxed))
    std::longjmp(*threadState.escape, 1);
  int64_t done = loop.done.load(std::memory_order_relaxed);
  if (done != count) {
    char text[160];
    std::snprintf(text, sizeof(text),
                  "the executor ran %" PRId64 " of %" PRId64
                  " iterations of a parallel loop",
                  done, count);
    fail(text);
  }
}

const moe_environment_v1 *moe::rt::environment() {
  static const moe_environment_v1 functions = {
      MOE_ABI_MAJOR, MOE_ABI_MINOR, allocate, release,
      parallelFor,   fail,          trace,    {0, 0, 0}};
  return &functions;
}

bool moe::rt::enterRun(RunContext &context, moe_entry_fn_v1 entry,
                       const moe_buffer_v1 *inputs, moe_buffer_v1 *outputs,
                       const void *weights, int32_t &result) noexcept {
  std::jmp_buf escape;
  const ThreadState saved = threadState;
  threadState = {&context, &escape, /*inBody=*/false};
  if (_setjmp(escape) == 0)
    result = entry(inputs, outputs, weights);
  threadState = saved;
  return !context.failed;
}
