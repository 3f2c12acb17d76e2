// What model code may do while it runs: memory, loops, failure; and who runs
// the loops.
#include "Support.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <set>
#include <thread>

using namespace moe::test;

namespace {

/// A host allocator that counts.
struct CountingAllocator {
  std::atomic<int64_t> blocks{0};
  std::atomic<int64_t> bytes{0};
  std::atomic<int64_t> allocations{0};
  std::atomic<int64_t> limit{INT64_MAX};

  void install(moe_instance_params_t &params) {
    params.allocate = [](void *user, size_t bytes, size_t alignment) -> void * {
      auto *self = static_cast<CountingAllocator *>(user);
      ++self->allocations;
      if (self->bytes + int64_t(bytes) > self->limit)
        return nullptr;
      void *memory = std::aligned_alloc(alignment, (bytes + alignment - 1) /
                                                       alignment * alignment);
      if (memory) {
        ++self->blocks;
        self->bytes += int64_t(bytes);
      }
      return memory;
    };
    params.release = [](void *user, void *memory, size_t bytes) {
      auto *self = static_cast<CountingAllocator *>(user);
      --self->blocks;
      self->bytes -= int64_t(bytes);
      std::free(memory);
    };
    params.allocator_user = this;
  }
};

/// An application's executor: a new thread per range, ranges in reverse.
void threadPerRange(void *user, int64_t count, moe_range_fn_t body,
                    void *context) {
  int64_t parts = std::min<int64_t>(count, 4);
  std::vector<std::thread> threads;
  for (int64_t part = parts; part-- > 0;)
    threads.emplace_back([=] {
      body(context, count * part / parts, count * (part + 1) / parts);
    });
  for (std::thread &thread : threads)
    thread.join();
  ++*static_cast<std::atomic<int> *>(user);
}

void forgetful(void *, int64_t count, moe_range_fn_t body, void *context) {
  body(context, 0, count / 2);
}

class EnvironmentTest : public FakeTest {
protected:
  static void expectScratch(moe_call_t call, size_t n) {
    ASSERT_STATUS_OK(moeRuntimeCallRun(call));
    std::vector<float> y = output(call).values;
    ASSERT_EQ(y.size(), n);
    size_t sum = 0;
    for (size_t i = 0; i < n; ++i)
      ASSERT_EQ(y[i], float(sum += i)) << i;
  }
};

} // namespace

TEST_F(EnvironmentTest, FailEndsTheRunAndFreesItsMemory) {
  std::vector<float> x = ramp(10);
  Call call = createPlain("fail", x);
  for (int i = 0; i < 5; ++i)
    EXPECT_STATUS(moeRuntimeCallRun(call), MOE_STATUS_MODEL_FAILED,
                  "entry 'fail' failed: index 7 is out of range [0, 5)");
  EXPECT_EQ(memory(call).model_allocations, 45u);
  EXPECT_EQ(memory(call).host_allocations, 9u);
}

TEST_F(EnvironmentTest, FailInABodyEndsTheRun) {
  for (uint32_t threads : {1u, 4u}) {
    moe_instance_params_t params = {};
    params.num_threads = threads;
    load(params);
    std::vector<float> x = ramp(1000);
    Call call = createPlain("fail_in_body", x);
    for (int i = 0; i < 20; ++i)
      EXPECT_STATUS(moeRuntimeCallRun(call), MOE_STATUS_MODEL_FAILED,
                    "iteration in the middle failed");
  }
}

TEST_F(EnvironmentTest, ACallRunsAgainAfterAFailure) {
  // A result outlives a later run that fails.
  std::vector<float> x = {1, 2, 3};
  Call call = createPlain("compact", x);
  ASSERT_STATUS_OK(moeRuntimeCallRun(call));
  moe_tensor_t result = {};
  ASSERT_STATUS_OK(moeRuntimeCallOutput(call, 0, &result));
  const auto *kept = static_cast<const float *>(result.data);
  float small = 0;
  ASSERT_STATUS_OK(moeRuntimeCallBindOutput(call, 0, &small, 4));
  EXPECT_STATUS(moeRuntimeCallRun(call), MOE_STATUS_INVALID_ARGUMENT, "room");
  EXPECT_EQ(kept[2], 3);
  ASSERT_STATUS_OK(moeRuntimeCallBindOutput(call, 0, nullptr, 0));
  ASSERT_STATUS_OK(moeRuntimeCallRun(call));
  EXPECT_EQ(output(call).values, x);
}

TEST_F(EnvironmentTest, BodiesAllocateAndNest) {
  for (uint32_t threads : {1u, 2u, 7u}) {
    moe_instance_params_t params = {};
    params.num_threads = threads;
    load(params);
    std::vector<float> x = ramp(300);
    Call call = createPlain("scratch", x);
    for (int i = 0; i < 3; ++i)
      expectScratch(call, 300);
  }
}

TEST_F(EnvironmentTest, UsesTheApplicationsExecutor) {
  std::atomic<int> loops{0};
  moe_instance_params_t params = {};
  params.parallel_for = threadPerRange;
  params.parallel_for_user = &loops;
  load(params);
  EXPECT_EQ(moeRuntimeInstanceNumThreads(instance), 0u);
  std::vector<float> x = ramp(100);
  Call call = createPlain("scratch", x);
  expectScratch(call, 100);
  EXPECT_EQ(loops, 1) << "nested loops run on the body's thread";
  Call failing = createPlain("fail_in_body", x);
  EXPECT_STATUS(moeRuntimeCallRun(failing), MOE_STATUS_MODEL_FAILED,
                "iteration in the middle failed");
}

TEST_F(EnvironmentTest, NoticesAnExecutorThatForgetsWork) {
  moe_instance_params_t params = {};
  params.parallel_for = forgetful;
  load(params);
  std::vector<float> x = ramp(10);
  Call call = createPlain("scratch", x);
  EXPECT_STATUS(moeRuntimeCallRun(call), MOE_STATUS_MODEL_FAILED,
                "the executor ran 5 of 10 iterations");
}

TEST_F(EnvironmentTest, WarmRunsAllocateNothing) {
  CountingAllocator allocator;
  moe_instance_params_t params = {};
  params.num_threads = 1;
  allocator.install(params);
  load(params);
  {
    std::vector<float> x = ramp(400), r = ramp(40), y(400);
    Call call = create("main");
    bindMain(call, 10, 10, x, r);
    ASSERT_STATUS_OK(moeRuntimeCallRun(call));
    ASSERT_STATUS_OK(moeRuntimeCallRun(call)); // while the first result lives
    int64_t warm = allocator.allocations;
    for (int i = 0; i < 10; ++i)
      ASSERT_STATUS_OK(moeRuntimeCallRun(call));
    EXPECT_EQ(allocator.allocations, warm);

    // Nor do other shapes that fit into the same classes, nor bound outputs.
    bindMain(call, 10, 10, x, r);
    ASSERT_STATUS_OK(moeRuntimeCallBindOutput(call, 0, y.data(), 1600));
    ASSERT_STATUS_OK(moeRuntimeCallRun(call));
    EXPECT_EQ(allocator.allocations, warm);
    EXPECT_EQ(y, axpy(x, r, 10));

    Call scratch = createPlain("scratch", x);
    expectScratch(scratch, 400);
    expectScratch(scratch, 400);
    warm = allocator.allocations;
    expectScratch(scratch, 400);
    EXPECT_EQ(allocator.allocations, warm);
    moeRuntimeCallTrim(scratch);
    EXPECT_EQ(output(scratch).values[3], 6) << "a result is not trimmed";
    EXPECT_LT(memory(scratch).reserved_bytes, 10000u);
    EXPECT_EQ(memory(scratch).host_allocations > 100, true);
  }
  EXPECT_EQ(allocator.blocks, 0);
  EXPECT_EQ(allocator.bytes, 0);
}

TEST_F(EnvironmentTest, ReportsMemoryThatThereIsNot) {
  std::vector<float> x = ramp(10);
  Call huge = createPlain("huge", x);
  EXPECT_STATUS(moeRuntimeCallRun(huge), MOE_STATUS_MODEL_FAILED,
                "out of memory: the model asked for 4611686018427387904 bytes");

  // In a body, on whichever thread it happens.
  CountingAllocator allocator;
  moe_instance_params_t params = {};
  params.num_threads = 4;
  allocator.install(params);
  load(params);
  {
    x = ramp(400);
    Call call = createPlain("scratch", x);
    allocator.limit = 30000;
    for (int i = 0; i < 5; ++i)
      EXPECT_STATUS(moeRuntimeCallRun(call), MOE_STATUS_MODEL_FAILED,
                    "out of memory");
    allocator.limit = INT64_MAX;
    expectScratch(call, 400);
  }
  EXPECT_EQ(allocator.blocks, 0);
}

TEST_F(EnvironmentTest, NoticesDoubleReleases) {
  std::vector<float> x = ramp(10);
  Call call = createPlain("double_release", x);
  EXPECT_STATUS(moeRuntimeCallRun(call), MOE_STATUS_MODEL_FAILED,
                "'release' expects memory");
}

TEST_F(EnvironmentTest, CallsRunConcurrently) {
  for (bool own : {false, true}) {
    std::atomic<int> loops{0};
    moe_instance_params_t params = {};
    params.num_threads = 3;
    if (own) {
      params.parallel_for = threadPerRange;
      params.parallel_for_user = &loops;
    }
    load(params);
    std::vector<std::thread> threads;
    for (int t = 0; t < 6; ++t)
      threads.emplace_back([&, t] {
        Call axpyCall = create("main");
        std::vector<float> x = ramp(60);
        Call scratch = createPlain("scratch", x);
        Call failing = createPlain("fail_in_body", x);
        for (int i = 0; i < (own ? 4 : 20); ++i) {
          int64_t b = 1 + (t + i) % 3, s = 1 + i % 5;
          std::vector<float> input = ramp(size_t(b * s * 4)),
                             r = ramp(size_t(b * 4));
          r[0] += float(t);
          bindMain(axpyCall, b, s, input, r);
          ASSERT_STATUS_OK(moeRuntimeCallRun(axpyCall));
          ASSERT_EQ(output(axpyCall).values, axpy(input, r, s));
          expectScratch(scratch, 60);
          EXPECT_STATUS(moeRuntimeCallRun(failing), MOE_STATUS_MODEL_FAILED,
                        "middle");
        }
      });
    for (std::thread &thread : threads)
      thread.join();
  }
}

namespace {

/// Counts bodies that run at the same time, and holds each until there have
/// been `wanted` or it was held long enough.
struct RunningBodies {
  explicit RunningBodies(int wanted, std::chrono::milliseconds patience)
      : wanted(wanted), patience(patience) {}

  static void listen(void *user, const moe_trace_event_t *event) {
    static_cast<RunningBodies *>(user)->note(event->ends == 0);
  }

  void note(bool begins) {
    std::unique_lock<std::mutex> lock(mutex);
    running += begins ? 1 : -1;
    most = std::max(most, running);
    changed.notify_all();
    if (begins)
      changed.wait_for(lock, patience, [&] { return most >= wanted; });
  }

  int wanted;
  std::chrono::milliseconds patience;
  std::mutex mutex;
  std::condition_variable changed;
  int running = 0, most = 0;
};

} // namespace

TEST_F(EnvironmentTest, ConcurrentCallsShareTheThreads) {
  constexpr int threads = 4, calls = 6;
  // Every thread of a call would get a body while others are held.
  RunningBodies bodies(threads * calls, std::chrono::milliseconds(5));
  moe_instance_params_t params = {};
  params.num_threads = threads;
  params.trace = RunningBodies::listen;
  params.trace_user = &bodies;
  load(params);
  std::vector<std::thread> callers;
  for (int caller = 0; caller < calls; ++caller)
    callers.emplace_back([&] {
      std::vector<float> x = ramp(60);
      Call scratch = createPlain("scratch", x);
      Call failing = createPlain("fail_in_body", x);
      for (int i = 0; i < 3; ++i) {
        expectScratch(scratch, 60);
        EXPECT_STATUS(moeRuntimeCallRun(failing), MOE_STATUS_MODEL_FAILED,
                      "middle");
      }
    });
  for (std::thread &caller : callers)
    caller.join();
  EXPECT_GE(bodies.most, threads);
  EXPECT_LE(bodies.most, threads + calls - 1);

  // What they had is free again: all that one call alone waits for.
  bodies.wanted = threads;
  bodies.most = 0;
  bodies.patience = std::chrono::seconds(10);
  std::vector<float> x = ramp(60);
  Call alone = createPlain("scratch", x);
  expectScratch(alone, 60);
  EXPECT_EQ(bodies.most, threads);
}

TEST_F(EnvironmentTest, ModulesLoadConcurrently) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        Module loaded;
        ASSERT_STATUS_OK(moeRuntimeModuleLoad(
            instance, fakePath("fake.so").c_str(), nullptr, loaded.out()));
        EXPECT_EQ(moeRuntimeModuleEntryCount(loaded),
                  moeRuntimeModuleEntryCount(module));
      }
    });
  for (std::thread &thread : threads)
    thread.join();
}

namespace {

struct Reentrant {
  moe_call_t call;
  std::string message;
};

/// Uses the call that is running from within its own loop.
void reenter(void *user, int64_t count, moe_range_fn_t body, void *context) {
  auto *self = static_cast<Reentrant *>(user);
  self->message = Result(moeRuntimeCallRun(self->call)).message;
  body(context, 0, count);
}

} // namespace

TEST_F(EnvironmentTest, RefusesTwoUsesOfOneCall) {
  Reentrant reentrant = {};
  moe_instance_params_t params = {};
  params.parallel_for = reenter;
  params.parallel_for_user = &reentrant;
  load(params);
  std::vector<float> x = ramp(10);
  Call call = createPlain("scratch", x);
  reentrant.call = call;
  expectScratch(call, 10);
  EXPECT_NE(reentrant.message.find("in use by another thread"),
            std::string::npos);
}
