// Thread instructions per second of an integer and float loop and operations
// per second of GEMMs, each with and without checks.
#include "moe-rt/emulator.h"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <cstring>
#include <fstream>
#include <sstream>

using namespace moe::emu;

static std::string readKernel(const std::string &name) {
  std::ifstream stream(std::string(MOE_EMULATOR_KERNELS "/") + name);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

static void countOperations(benchmark::State &state, double size) {
  state.counters["FLOP"] = benchmark::Counter(
      2 * size * size * size, benchmark::Counter::kIsIterationInvariantRate);
}

/// Without checks on one core and on two, by the clock.
static void onCores(benchmark::internal::Benchmark *benchmark) {
  benchmark->ArgNames({"cores"})
      ->Arg(1)
      ->Arg(2)
      ->UseRealTime()
      ->MeasureProcessCPUTime()
      ->Unit(benchmark::kMillisecond);
}

static EmulatorOptions freeMode(const benchmark::State &state) {
  EmulatorOptions options;
  options.checked = false;
  options.cores = static_cast<unsigned>(state.range(0));
  return options;
}

static EmulatorOptions onOneCore(const benchmark::State &state) {
  EmulatorOptions options;
  options.checked = state.range(0) != 0;
  return options;
}

/// One launch per iteration.
static void launchAll(benchmark::State &state, Emulator &emulator,
                      Module &module, const char *kernel,
                      const LaunchConfig &config,
                      const std::vector<char> &arguments) {
  for (auto iteration : state) {
    emulator.launch(module, kernel, config, arguments);
    if (!emulator.run())
      state.SkipWithError(
          formatFinding(emulator.findings()[0], emulator.options().seed)
              .c_str());
  }
}

static void runAlu(benchmark::State &state) {
  EmulatorOptions options = onOneCore(state);
  constexpr uint32_t kThreads = 256, kCtas = 4, kIterations = 2000,
                     kPerIteration = 51;
  Emulator emulator(options);
  Module &module = emulator.load(readKernel("alu.ptx"), "alu.ptx");
  uint64_t out = emulator.allocate(kThreads * kCtas * 4);
  std::vector<char> arguments(12);
  std::memcpy(arguments.data(), &out, 8);
  std::memcpy(arguments.data() + 8, &kIterations, 4);
  LaunchConfig config;
  config.grid = {kCtas};
  config.block = {kThreads};
  launchAll(state, emulator, module, "alu", config, arguments);
  state.counters["thread-instructions"] =
      benchmark::Counter(double(kThreads) * kCtas * kIterations * kPerIteration,
                         benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(runAlu)->ArgName("checked")->Arg(0)->Arg(1)->Unit(
    benchmark::kMillisecond);

/// Multiply-adds per second of the mma.sync GEMM, in GFLOP/s.
static void multiplyByMma(benchmark::State &state,
                          const EmulatorOptions &options, uint32_t size) {
  Emulator emulator(options);
  Module &module =
      emulator.load(readKernel("../../test/Emulator/Inputs/mma_gemm.ptx"));
  std::vector<uint16_t> ones(size * size, 0x3f80);
  std::vector<char> arguments(32);
  for (size_t i = 0; i < 3; ++i) {
    uint64_t buffer = emulator.allocate(size * size * (i == 2 ? 4 : 2));
    if (i < 2)
      emulator.write(buffer, ones.data(), ones.size() * 2);
    std::memcpy(arguments.data() + 8 * i, &buffer, 8);
  }
  std::memcpy(arguments.data() + 24, &size, 4);
  std::memcpy(arguments.data() + 28, &size, 4);
  LaunchConfig config;
  config.grid = {size / 128, size / 128};
  config.block = {128};
  launchAll(state, emulator, module, "mma_gemm", config, arguments);
  countOperations(state, size);
}

static void runMmaGemm(benchmark::State &state) {
  multiplyByMma(state, onOneCore(state), 256);
}
static void runMmaGemmFreely(benchmark::State &state) {
  multiplyByMma(state, freeMode(state), 512);
}
BENCHMARK(runMmaGemmFreely)->Apply(onCores);
BENCHMARK(runMmaGemm)
    ->ArgName("checked")
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMillisecond);

/// A GEMM whose operands come by tensor maps.
struct TensorGemm {
  const char *file, *kernel;
  uint32_t boxRowsOfB, threads, shared;
};

static void runTensorGemm(benchmark::State &state,
                          const EmulatorOptions &options,
                          const TensorGemm &gemm) {
  constexpr uint32_t kSize = 512;
  Emulator emulator(options);
  Module &module = emulator.load(
      readKernel(std::string("../../test/Emulator/Inputs/") + gemm.file));
  std::vector<uint16_t> ones(size_t(kSize) * kSize, 0x3f80);
  std::vector<char> arguments(module.parameterBytes(gemm.kernel));
  for (size_t i = 0; i < 2; ++i) {
    TensorMapParams map;
    map.type = 9;
    map.rank = 2;
    map.address = emulator.allocate(ones.size() * 2);
    map.dims = {kSize, kSize};
    map.strides = {kSize * 2};
    map.box = {64, i == 0 ? 128u : gemm.boxRowsOfB};
    map.swizzle = 3;
    emulator.write(map.address, ones.data(), ones.size() * 2);
    std::array<char, 128> bytes = encodeTensorMap(map);
    std::copy(bytes.begin(), bytes.end(), arguments.begin() + i * 128);
  }
  uint64_t out = emulator.allocate(size_t(kSize) * kSize * 4);
  std::memcpy(arguments.data() + 256, &out, 8);
  for (size_t i = 0; i < 3; ++i)
    std::memcpy(arguments.data() + 264 + 4 * i, &kSize, 4);
  LaunchConfig config;
  config.grid = {8};
  config.block = {gemm.threads};
  config.dynamicShared = gemm.shared;
  launchAll(state, emulator, module, gemm.kernel, config, arguments);
  countOperations(state, kSize);
}

static constexpr TensorGemm kWgmma{"wgmma_gemm.ptx", "gemm_kn", 64, 384,
                                   128 * 1024};
static constexpr TensorGemm kTcgen05{"tcgen05_gemm.ptx", "gemm_single", 128,
                                     192, 3 * 32768};

static void runWgmmaGemm(benchmark::State &state) {
  runTensorGemm(state, onOneCore(state), kWgmma);
}
static void runWgmmaGemmFreely(benchmark::State &state) {
  runTensorGemm(state, freeMode(state), kWgmma);
}
BENCHMARK(runWgmmaGemmFreely)->Apply(onCores);
BENCHMARK(runWgmmaGemm)
    ->ArgName("checked")
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMillisecond);

static void runTcgen05Gemm(benchmark::State &state) {
  runTensorGemm(state, onOneCore(state), kTcgen05);
}
static void runTcgen05GemmFreely(benchmark::State &state) {
  runTensorGemm(state, freeMode(state), kTcgen05);
}
BENCHMARK(runTcgen05GemmFreely)->Apply(onCores);
BENCHMARK(runTcgen05Gemm)
    ->ArgName("checked")
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMillisecond);

BENCHMARK_MAIN();
