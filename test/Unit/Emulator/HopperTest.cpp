// CUDA C++ for Hopper through NVIDIA's headers (hopper_kernels.cu): clusters,
// cuda::barrier and cuda::ptx with bulk and tensor copies, programmatic
// launches.
#include "Support.h"

#include <algorithm>
#include <random>

using namespace moe::emu;
using namespace moe::emu::test;

namespace hopper_test {

std::vector<int> randomNumbers(size_t count) {
  std::mt19937 random(4);
  std::vector<int> numbers;
  for (size_t i = 0; i < count; ++i)
    numbers.push_back(static_cast<int>(random() % 20000) - 10000);
  return numbers;
}

EmulatorOptions optionsOf(uint64_t seed) {
  EmulatorOptions options = test::optionsOf(seed);
  options.livelockSlots = 5000;
  return options;
}

void launch(KernelRun &run, const char *kernel, Dim3 grid, uint32_t threads) {
  LaunchConfig config;
  config.grid = grid;
  config.block = {threads};
  run.emulator.launch(*run.module, kernel, config, run.arguments);
  run.emulator.run();
}

GemmResult resultOf(const KernelRun &run, bool exact) {
  return {run.findings().empty(), exact, run.report()};
}

GemmResult clusterHistogram(const std::string &text, uint64_t seed) {
  KernelRun run(text, optionsOf(seed));
  std::vector<int> numbers = randomNumbers(1000), expected(64);
  for (int number : numbers)
    ++expected[number & 63];
  run.input(numbers);
  run.argument(1000);
  uint64_t out = run.output(256);
  launch(run, "cluster_histogram", {4}, 64);
  return resultOf(run, run.read<int>(out, 64) == expected);
}

GemmResult clusterMax(const std::string &text, uint64_t seed) {
  KernelRun run(text, optionsOf(seed));
  std::vector<int> numbers = randomNumbers(6 * 64), expected;
  run.input(numbers);
  uint64_t out = run.output(24);
  launch(run, "cluster_max", {6}, 64);
  for (int i = 0; i < 6; ++i)
    expected.push_back(
        *std::max_element(&numbers[i / 2 * 128], &numbers[i / 2 * 128] + 128));
  return resultOf(run, run.read<int>(out, 6) == expected);
}

GemmResult bulkIncrement(const std::string &text, uint64_t seed) {
  KernelRun run(text, optionsOf(seed));
  std::vector<int> numbers = randomNumbers(3 * 1024);
  uint64_t data = run.input(numbers);
  launch(run, "bulk_increment", {3}, 128);
  for (int &number : numbers)
    ++number;
  return resultOf(run, run.read<int>(data, 3 * 1024) == numbers);
}

GemmResult tensorTranspose(const std::string &text, uint64_t seed) {
  // 96 x 70: tiles stick out on two sides.
  constexpr int kRows = 70, kColumns = 96;
  KernelRun run(text, optionsOf(seed));
  std::vector<int> numbers = randomNumbers(size_t(kRows) * kColumns);
  auto map = [&](uint64_t address, uint64_t columns, uint64_t rows,
                 uint64_t pitch) {
    TensorMapParams params;
    params.type = 3;
    params.rank = 2;
    params.address = address;
    params.dims = {columns, rows};
    params.strides = {pitch};
    params.box = {32, 32};
    return encodeTensorMap(params);
  };
  uint64_t from = run.emulator.allocate(numbers.size() * 4),
           to = run.emulator.allocate(size_t(kColumns) * 72 * 4);
  run.emulator.write(from, numbers.data(), numbers.size() * 4);
  run.argument(map(from, kColumns, kRows, kColumns * 4));
  run.argument(map(to, kRows, kColumns, 72 * 4));
  launch(run, "tensor_transpose", {3, 3}, 128);
  auto got = run.read<int>(to, size_t(kColumns) * 72);
  bool right = true;
  for (int row = 0; row < kRows; ++row)
    for (int column = 0; column < kColumns; ++column)
      right &= got[column * 72 + row] == numbers[row * kColumns + column];
  // The rows' padding is nobody's.
  right &= run.emulator.uninitialised(to, size_t(kColumns) * 288) ==
           size_t(kColumns) * 8;
  return resultOf(run, right);
}

GemmResult pipelinedCopy(const std::string &text, uint64_t seed) {
  KernelRun run(text, optionsOf(seed));
  std::vector<int> numbers = randomNumbers(5 * 512);
  run.input(numbers);
  uint64_t out = run.output(5 * 2048);
  run.argument(5);
  launch(run, "pipelined_copy", {1}, 64);
  for (int tile = 0; tile < 5; ++tile)
    std::reverse(numbers.begin() + tile * 512,
                 numbers.begin() + (tile + 1) * 512);
  return resultOf(run, run.read<int>(out, 5 * 512) == numbers);
}

GemmResult dependentLaunch(const std::string &text, uint64_t seed) {
  KernelRun run(text, optionsOf(seed));
  uint64_t data = run.output(512);
  LaunchConfig config;
  config.grid = {2};
  config.block = {64};
  run.emulator.launch(*run.module, "produce", config, run.arguments);
  uint64_t out = run.output(512);
  config.programmatic = true;
  run.emulator.launch(*run.module, "consume", config, run.arguments);
  run.emulator.run();
  (void)data;
  auto got = run.read<int>(out, 128);
  bool right = true;
  for (int i = 0; i < 128; ++i)
    right &= got[i] == (i % 64 + 5) * 2;
  return resultOf(run, right);
}

using Scenario = GemmResult (*)(const std::string &, uint64_t);

struct Named {
  const char *name;
  Scenario run;
};
class Hopper : public ::testing::TestWithParam<Named> {};

TEST_P(Hopper, IsRightAndSilent) {
  std::string text = readInput("hopper_kernels.ptx");
  for (uint64_t seed = 1; seed <= seedLimit(6); ++seed) {
    GemmResult result = GetParam().run(text, seed);
    EXPECT_TRUE(result.exact);
    EXPECT_EQ(result.report, "");
  }
}

TEST_P(Hopper, IsRightOnSeveralCores) {
  expectExactOnCores([text = readInput("hopper_kernels.ptx")](uint64_t run) {
    Outcome outcome = GetParam().run(text, run);
    return GemmResult{outcome.report.empty(), outcome.right, outcome.report};
  });
}

INSTANTIATE_TEST_SUITE_P(
    All, Hopper,
    ::testing::Values(Named{"ClusterHistogram", clusterHistogram},
                      Named{"ClusterMax", clusterMax},
                      Named{"BulkIncrement", bulkIncrement},
                      Named{"TensorTranspose", tensorTranspose},
                      Named{"PipelinedCopy", pipelinedCopy},
                      Named{"DependentLaunch", dependentLaunch}),
    [](const auto &info) { return std::string(info.param.name); });

// ---- wrong versions ----

struct Wrong {
  Scenario run;
  Mutation mutation;
};
class HopperMutant : public ::testing::TestWithParam<Wrong> {};

TEST_P(HopperMutant, IsCaught) {
  std::string text =
      mutate(readInput("hopper_kernels.ptx"), GetParam().mutation);
  expectCaught([&](uint64_t seed) { return GetParam().run(text, seed); });
}

const Wrong kWrong[] = {
    {clusterHistogram,
     {"HistogramNoWaitBefore", "barrier.cluster.wait;", 1, ""}},
    {clusterHistogram,
     {"HistogramNoWaitAfter", "barrier.cluster.wait;", 2, ""}},
    {clusterHistogram,
     {"HistogramPlainAdd", "atom.add.u32 \t%r25, [%rd10], 1;", 1,
      "st.u32 [%rd10], 1;"}},
    {clusterHistogram,
     {"HistogramOwnCtaOnly", "mapa.u64 \t%rd7, %rd6, %r22;", 1,
      "mov.u64 %rd7, %rd6;"}},
    {clusterHistogram,
     {"HistogramCtaScope", "atom.add.u32", 1, "atom.add.relaxed.cta.u32"}},
    {clusterMax, {"MaxNoBarrierAfterInit", "bar.sync \t0;", 1, ""}},
    {clusterMax, {"MaxNoWait", "barrier.cluster.wait;", 3, ""}},
    {clusterMax,
     {"MaxRelaxedArrival", "barrier.cluster.arrive;", 3,
      "barrier.cluster.arrive.relaxed;"}},
    {clusterMax, {"MaxNoWaitAtEnd", "barrier.cluster.wait;", 4, ""}},
    {bulkIncrement, {"BulkNoBarrierAfterInit", "bar.sync \t0;", 2, ""}},
    {bulkIncrement,
     {"BulkNoProxyFence", "fence.proxy.async.shared::cta;", 2, ""}},
    {bulkIncrement, {"BulkNoBarrierBeforeStore", "bar.sync \t0;", 3, ""}},
    {bulkIncrement, {"BulkNoCommit", "cp.async.bulk.commit_group;", 1, ""}},
    {bulkIncrement,
     {"BulkNoWaitGroup", "cp.async.bulk.wait_group.read 0;", 1, ""}},
    {bulkIncrement,
     {"BulkExpectsNothing",
      "mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%r15], %r17;", 1, ""}},
    {bulkIncrement, {"BulkFewerBytes", "[%rd9], %r17,", 1, "[%rd9], 4080,"}},
    {bulkIncrement,
     {"BulkWrongSource", "[%rd9], %r17,", 1, "[%rd9+16], %r17,"}},
    {bulkIncrement,
     {"BulkStoresTooFar", "[%rd15], [%r28]", 1, "[%rd15+16], [%r28]"}},
    {tensorTranspose,
     {"TensorNoProxyFence", "fence.proxy.async.shared::cta;", 4, ""}},
    {tensorTranspose, {"TensorNoBarrierBeforeStore", "bar.sync \t0;", 5, ""}},
    {tensorTranspose, {"TensorNoCommit", "cp.async.bulk.commit_group;", 2, ""}},
    {tensorTranspose,
     {"TensorWrongCoordinates", "{%r2, %r3}", 1, "{%r3, %r2}"}},
    {tensorTranspose,
     {"TensorStoreCoordinates", "{%r3, %r2}", 1, "{%r2, %r3}"}},
    {tensorTranspose,
     {"TensorFewerBytesExpected", "[%r18], %r20;", 1, "[%r18], 4064;"}},
    {pipelinedCopy,
     {"PipelineArrivalOfCopies", "cp.async.mbarrier.arrive.shared.b64 [%r51];",
      1, ""}},
    {pipelinedCopy,
     {"PipelineHalfACopy", "[%rd21], 16, 16;", 1, "[%rd21], 16, 8;"}},
    {pipelinedCopy,
     {"PipelineNoConsumerArrival",
      "mbarrier.arrive.shared::cta.b64                             %rd27,  "
      "[%r89], %r90;",
      1, "mov.u64 %rd27, 0;"}},
    {dependentLaunch, {"DependentsDoNotWait", "griddepcontrol.wait;", 1, ""}},
};
INSTANTIATE_TEST_SUITE_P(All, HopperMutant, ::testing::ValuesIn(kWrong),
                         [](const auto &info) {
                           return std::string(info.param.mutation.name);
                         });

} // namespace hopper_test
