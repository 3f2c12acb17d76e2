// A compiled task graph gives the same bits whoever runs its workers, in
// whichever order, and however long its tasks take.
#include "CompiledModel.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

using namespace moe::test;

namespace {

constexpr int64_t tokens = 300, width = 64, hidden = 192, experts = 4;

/// A layer whose experts have several tiles of rows and of columns, so that
/// tasks wait for each other.
std::string layerText() {
  Tensor up = random({experts, hidden, width}, 1),
         down = random({experts, width, hidden}, 2);
  return llvm::formatv(R"(
func.func @main(%x: tensor<?x{0}xf32>, %z: tensor<?x{2}xf32>) -> tensor<?x{0}xf32> {{
  %u = moe_support.weight {3} : tensor<{2}x{1}x{0}xf32>
  %d = moe_support.weight {4} : tensor<{2}x{0}x{1}xf32>
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x{2}xf32> -> !moe.plan<{2}, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x{0}xf32>, !moe.plan<{2}, slots<2>> -> !moe.rows<f32, {0}, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<{2}x{1}x{0}xf32>, tensor<{2}x{0}x{1}xf32>)
    table <[<ffn, {2}, width = {1}, body = <ungated, relu>>]> apply <output>
    : !moe.rows<f32, {0}, grouped>, !moe.plan<{2}, slots<2>> -> !moe.rows<f32, {0}, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc>
    : !moe.rows<f32, {0}, grouped>, !moe.plan<{2}, slots<2>>, tensor<?x{0}xf32> -> tensor<?x{0}xf32>
  return %y : tensor<?x{0}xf32>
})",
                       width, hidden, experts, dense(up), dense(down))
      .str();
}

/// Ranges of one iteration in an order.
template <bool backwards>
void oneByOne(void *, int64_t count, moe_range_fn_t body, void *context) {
  for (int64_t i = 0; i < count; ++i) {
    int64_t at = backwards ? count - 1 - i : i;
    body(context, at, at + 1);
  }
}

void allAtOnce(void *, int64_t count, moe_range_fn_t body, void *context) {
  body(context, 0, count);
}

/// Ranges of one iteration in a random order on three threads; `user` is the
/// engine.
void shuffled(void *user, int64_t count, moe_range_fn_t body, void *context) {
  std::vector<int64_t> order(count);
  for (auto [i, at] : llvm::enumerate(order))
    at = static_cast<int64_t>(i);
  std::shuffle(order.begin(), order.end(), *static_cast<std::mt19937 *>(user));
  std::atomic<size_t> next{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 3; ++thread)
    threads.emplace_back([&] {
      for (size_t i; (i = next++) < order.size();)
        body(context, order[i], order[i] + 1);
    });
  for (std::thread &thread : threads)
    thread.join();
}

/// Holds some tasks up when they begin, as a seed says.
struct Delays {
  uint32_t seed;
  std::atomic<uint32_t> tasks{0};

  static void listen(void *user, const moe_trace_event_t *event) {
    if (event->ends == 0 && llvm::StringRef(event->name) != "range")
      static_cast<Delays *>(user)->hold();
  }

  void hold() {
    std::seed_seq sequence{seed, tasks++};
    std::mt19937 engine(sequence);
    uint32_t number = engine();
    if (number % 3 == 0)
      std::this_thread::yield();
    else if (number % 3 == 1)
      std::this_thread::sleep_for(std::chrono::microseconds(number / 3 % 500));
  }
};

class ExecutorTest : public ::testing::Test {
protected:
  /// The bits of an instance of `params`.
  std::vector<uint32_t> bitsOf(const moe_instance_params_t &params) {
    model.load(params);
    std::vector<Tensor> results = model.run({x, z});
    EXPECT_EQ(results.size(), 1u) << model.error;
    std::vector<uint32_t> bits;
    for (const Tensor &result : results)
      for (float value : result.data)
        bits.push_back(llvm::bit_cast<uint32_t>(value));
    return bits;
  }

  /// Those of one thread.
  std::vector<uint32_t> expected() {
    moe_instance_params_t params = {};
    params.num_threads = 1;
    std::vector<uint32_t> bits = bitsOf(params);
    EXPECT_EQ(bits.size(), static_cast<size_t>(tokens * width));
    EXPECT_GT(llvm::count_if(bits, [](uint32_t word) { return word != 0; }), 0);
    return bits;
  }

  Model model{layerText(), "host", /*trace=*/true};
  Tensor x = random({tokens, width}, 3), z = random({tokens, experts}, 4);
};

} // namespace

TEST_F(ExecutorTest, TheApplicationsLoopsGiveTheSameBits) {
  std::vector<uint32_t> bits = expected();
  std::mt19937 engine(5);
  moe_instance_params_t params = {};
  params.parallel_for_user = &engine;
  for (moe_parallel_for_fn_t loop :
       {oneByOne<false>, oneByOne<true>, allAtOnce, shuffled, shuffled}) {
    params.parallel_for = loop;
    EXPECT_EQ(bitsOf(params), bits);
  }
}

TEST_F(ExecutorTest, DelaysOfTasksGiveTheSameBits) {
  std::vector<uint32_t> bits = expected();
  for (uint32_t seed = 0; seed < 20; ++seed) {
    Delays delays{seed};
    moe_instance_params_t params = {};
    params.num_threads = 1 + seed % 4;
    params.trace = Delays::listen;
    params.trace_user = &delays;
    EXPECT_EQ(bitsOf(params), bits) << "seed " << seed;
    EXPECT_GT(delays.tasks, 10u);
  }
}
