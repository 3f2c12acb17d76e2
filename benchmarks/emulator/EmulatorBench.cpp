// Thread instructions per second of an integer and float loop, with and without
// checks.
#include "moe-rt/emulator.h"

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

static void runAlu(benchmark::State &state) {
  EmulatorOptions options;
  options.checked = state.range(0) != 0;
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
  for (auto iteration : state) {
    emulator.launch(module, "alu", config, arguments);
    if (!emulator.run())
      state.SkipWithError(
          formatFinding(emulator.findings()[0], options.seed).c_str());
  }
  state.counters["thread-instructions"] =
      benchmark::Counter(double(kThreads) * kCtas * kIterations * kPerIteration,
                         benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(runAlu)->ArgName("checked")->Arg(0)->Arg(1)->Unit(
    benchmark::kMillisecond);

/// Multiply-adds per second of the mma.sync GEMM, in GFLOP/s.
static void runMmaGemm(benchmark::State &state) {
  EmulatorOptions options;
  options.checked = state.range(0) != 0;
  constexpr uint32_t kSize = 256;
  Emulator emulator(options);
  Module &module =
      emulator.load(readKernel("../../test/Emulator/Inputs/mma_gemm.ptx"));
  std::vector<uint16_t> ones(kSize * kSize, 0x3f80);
  std::vector<char> arguments(32);
  for (size_t i = 0; i < 3; ++i) {
    uint64_t buffer = emulator.allocate(kSize * kSize * (i == 2 ? 4 : 2));
    if (i < 2)
      emulator.write(buffer, ones.data(), ones.size() * 2);
    std::memcpy(arguments.data() + 8 * i, &buffer, 8);
  }
  std::memcpy(arguments.data() + 24, &kSize, 4);
  std::memcpy(arguments.data() + 28, &kSize, 4);
  LaunchConfig config;
  config.grid = {kSize / 128, kSize / 128};
  config.block = {128};
  for (auto iteration : state) {
    emulator.launch(module, "mma_gemm", config, arguments);
    if (!emulator.run())
      state.SkipWithError(
          formatFinding(emulator.findings()[0], options.seed).c_str());
  }
  state.counters["FLOP"] =
      benchmark::Counter(2.0 * kSize * kSize * kSize,
                         benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(runMmaGemm)
    ->ArgName("checked")
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMillisecond);

BENCHMARK_MAIN();
