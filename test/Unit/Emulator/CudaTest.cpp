// CUDA C++ through NVIDIA's compiler and headers: cooperative groups, CUB,
// cuda::barrier, cuda::atomic_ref. test/Emulator/Inputs/cuda_kernels.ptx is
// what nvcc makes of cuda_kernels.cu; the test CudaFresh compiles it again
// where there is an nvcc.
#include "Support.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <random>

using namespace moe::emu;
using namespace moe::emu::test;

namespace {

class Cuda : public ::testing::Test {
protected:
  Cuda() : text(readInput("cuda_kernels.ptx")) {
    std::mt19937 random(11);
    for (int i = 0; i < 1024; ++i)
      numbers.push_back(static_cast<int>(random() % 2000) - 1000);
  }

  /// Hands a run of each seed, and on several cores, to `body`.
  template <typename Body>
  void forSeeds(Body body) {
    std::vector<uint64_t> runs(seedLimit(6));
    std::iota(runs.begin(), runs.end(), uint64_t(1));
    for (unsigned cores : kCores)
      runs.push_back(onCores(cores));
    for (uint64_t number : runs) {
      KernelRun run(text, optionsOf(number));
      body(run);
    }
  }
  void launch(KernelRun &run, const std::string &kernel, uint32_t ctas,
              uint32_t threads, bool cooperative = false) {
    LaunchConfig config;
    config.grid = {ctas};
    config.block = {threads};
    config.cooperative = cooperative;
    run.emulator.launch(*run.module, kernel, config, run.arguments);
    EXPECT_TRUE(run.emulator.run()) << run.report();
  }

  std::string text;
  std::vector<int> numbers;
};

TEST_F(Cuda, GroupReduce) {
  forSeeds([&](KernelRun &run) {
    run.input(numbers);
    uint64_t out = run.input(std::vector<int>(4));
    launch(run, "group_reduce", 4, 256);
    for (int b = 0; b < 4; ++b)
      EXPECT_EQ(run.read<int>(out, 4)[b],
                std::accumulate(&numbers[b * 256], &numbers[b * 256] + 256, 0));
  });
}

TEST_F(Cuda, GroupScan) {
  forSeeds([&](KernelRun &run) {
    run.input(numbers);
    uint64_t out = run.output(4096);
    launch(run, "group_scan", 8, 128);
    auto values = run.read<int>(out, 1024);
    for (int i = 0, sum = 0; i < 1024; ++i) {
      sum = i % 16 ? sum : 0;
      EXPECT_EQ(values[i], sum);
      sum += numbers[i];
    }
  });
}

TEST_F(Cuda, WideTiles) {
  forSeeds([&](KernelRun &run) {
    run.input(numbers);
    uint64_t out = run.output(4096);
    launch(run, "wide_tiles", 4, 256);
    auto values = run.read<int>(out, 1024);
    for (size_t i = 0; i < 1024; ++i)
      EXPECT_EQ(values[i], numbers[i ^ 63]);
  });
}

/// Sums of tiles of several warps: the first lane of the warp that comes last
/// learns by an atomic operation that the others' numbers are there, and tells
/// its neighbours by a shuffle, which orders nothing.
TEST_F(Cuda, WideReductionsRelyOnShuffles) {
  KernelRun run(text);
  run.input(numbers);
  uint64_t out = run.output(4096);
  LaunchConfig config;
  config.grid = {4};
  config.block = {256};
  run.emulator.launch(*run.module, "wide_reduce", config, run.arguments);
  run.emulator.run();
  ASSERT_FALSE(run.findings().empty());
  for (const Finding &finding : run.findings())
    EXPECT_EQ(finding.kind, FindingKind::Race) << run.report();
  auto values = run.read<int>(out, 1024);
  for (size_t i = 0; i < 1024; ++i) {
    auto tile = numbers.begin() + static_cast<ptrdiff_t>(i / 64 * 64);
    EXPECT_EQ(values[i], std::accumulate(tile, tile + 64, 0));
  }
}

TEST_F(Cuda, AggregatedAtomics) {
  std::vector<int> buckets, expected(8);
  for (int number : numbers) {
    buckets.push_back(std::abs(number) % 8);
    ++expected[buckets.back()];
  }
  forSeeds([&](KernelRun &run) {
    run.input(buckets);
    uint64_t out = run.input(std::vector<int>(8));
    launch(run, "aggregated_atomics", 4, 256);
    EXPECT_EQ(run.read<int>(out, 8), expected);
  });
}

TEST_F(Cuda, CubBlock) {
  forSeeds([&](KernelRun &run) {
    run.input(numbers);
    uint64_t sums = run.output(16), prefixes = run.output(4096),
             sorted = run.output(4096);
    launch(run, "cub_block", 4, 128);
    auto gotPrefixes = run.read<int>(prefixes, 1024),
         gotSorted = run.read<int>(sorted, 1024);
    for (int b = 0; b < 4; ++b) {
      std::vector<int> tile(numbers.begin() + b * 256,
                            numbers.begin() + (b + 1) * 256),
          scan(256);
      std::exclusive_scan(tile.begin(), tile.end(), scan.begin(), 0);
      EXPECT_EQ(run.read<int>(sums, 4)[b],
                std::accumulate(tile.begin(), tile.end(), 0));
      EXPECT_TRUE(
          std::equal(scan.begin(), scan.end(), gotPrefixes.begin() + b * 256));
      std::sort(tile.begin(), tile.end());
      EXPECT_TRUE(
          std::equal(tile.begin(), tile.end(), gotSorted.begin() + b * 256));
    }
  });
}

TEST_F(Cuda, PipelinedSum) {
  forSeeds([&](KernelRun &run) {
    run.input(numbers);
    uint64_t out = run.output(512);
    run.argument(8);
    launch(run, "pipelined_sum", 1, 128);
    auto values = run.read<int>(out, 128);
    for (int i = 0; i < 128; ++i) {
      int sum = 0;
      for (int t = 0; t < 8; ++t)
        sum += numbers[t * 128 + 127 - i];
      EXPECT_EQ(values[i], sum);
    }
  });
}

TEST_F(Cuda, BarrierExchange) {
  forSeeds([&](KernelRun &run) {
    run.input(numbers);
    uint64_t out = run.output(3 * 512);
    launch(run, "barrier_exchange", 1, 128);
    auto values = run.read<int>(out, 384);
    for (int i = 0; i < 384; ++i)
      EXPECT_EQ(values[i], numbers[127 - i % 128] + i / 128);
  });
}

TEST_F(Cuda, LastBlock) {
  forSeeds([&](KernelRun &run) {
    run.input(numbers);
    run.output(16);
    run.input(std::vector<unsigned>(1));
    uint64_t out = run.output(4);
    launch(run, "last_block", 4, 256);
    EXPECT_EQ(run.read<int>(out, 1)[0],
              std::count_if(numbers.begin(), numbers.end(),
                            [](int n) { return n & 1; }));
  });
}

TEST_F(Cuda, GridExchange) {
  forSeeds([&](KernelRun &run) {
    run.output(2048);
    uint64_t out = run.output(2048);
    launch(run, "grid_exchange", 4, 128, true);
    auto values = run.read<int>(out, 512);
    for (int i = 0; i < 512; ++i)
      EXPECT_EQ(values[i], (511 - i) * 3);
  });
}

/// `text` without what nvcc makes of the path and the time: hashes of 8 digits.
std::string withoutHashes(std::string text) {
  size_t digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    digits = std::strchr("0123456789abcdef", text[i]) ? digits + 1 : 0;
    if (digits == 8) {
      text.replace(i - 7, 8, 8, '#');
      digits = 0;
    }
  }
  return text;
}

/// The line that names nvcc's release.
std::string releaseOf(const std::string &text) {
  size_t at = text.find("// Cuda compilation tools");
  return at == std::string::npos ? ""
                                 : text.substr(at, text.find('\n', at) - at);
}

class CudaFresh
    : public ::testing::TestWithParam<std::pair<std::string, std::string>> {};

TEST_P(CudaFresh, CommittedPtxIsWhatNvccMakes) {
  if (std::system("nvcc --version > /dev/null 2>&1") != 0)
    GTEST_SKIP() << "there is no nvcc";
  const auto &[name, target] = GetParam();
  std::string out = ::testing::TempDir() + name + "_fresh.ptx";
  std::string command = "nvcc -std=c++17 -ptx -arch=" + target +
                        " '" MOE_EMULATOR_INPUTS "/" + name + ".cu' -o '" +
                        out + "' > /dev/null 2>&1";
  ASSERT_EQ(std::system(command.c_str()), 0);
  std::ifstream stream(out);
  std::stringstream fresh;
  fresh << stream.rdbuf();
  std::string committed = readInput(name + ".ptx");
  // Another release of nvcc may print other text: it must load all the same.
  if (releaseOf(fresh.str()) == releaseOf(committed)) {
    EXPECT_TRUE(withoutHashes(fresh.str()) == withoutHashes(committed)) << out;
  }
  Emulator emulator;
  EXPECT_EQ(emulator.load(fresh.str(), out).kernels(),
            emulator.load(committed).kernels());
}

INSTANTIATE_TEST_SUITE_P(
    All, CudaFresh,
    ::testing::Values(std::pair("cuda_kernels", "sm_80"),
                      std::pair("wmma_kernels", "sm_80"),
                      std::pair("mma_gemm", "sm_80"),
                      std::pair("hopper_kernels", "sm_90a"),
                      std::pair("wgmma_gemm", "sm_90a"),
                      std::pair("tcgen05_gemm", "sm_100a")),
    [](const auto &info) { return info.param.first; });

} // namespace
