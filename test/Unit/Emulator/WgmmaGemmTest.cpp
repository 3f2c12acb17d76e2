// The warp-specialised GEMM of wgmma_gemm.cu as it comes from nvcc: TMA with
// multicast, clusters, wgmma with B along k and along n. Exact on numbers whose
// sums are exact, silent with many seeds, and every wrong version is caught.
#include "Support.h"

#include <cstdlib>
#include <random>

using namespace moe::emu;
using namespace moe::emu::test;

namespace {

constexpr int kM = 512, kN = 256, kK = 320;

TensorMapParams tensorMap(uint64_t address, uint64_t inner, uint64_t outer,
                          uint32_t boxInner, uint32_t boxOuter) {
  TensorMapParams map;
  map.type = 9;
  map.rank = 2;
  map.address = address;
  map.dims = {inner, outer};
  map.strides = {inner * 2};
  map.box = {boxInner, boxOuter};
  map.swizzle = 3;
  return map;
}

/// `transposed`: B is given as K x N.
GemmResult runGemm(const std::string &text, bool transposed, uint64_t seed) {
  EmulatorOptions options;
  options.seed = seed;
  options.schedule = static_cast<Schedule>(seed % 3);
  // Two clusters for four pairs of tiles.
  options.multiprocessors = 4;
  options.livelockSlots = 30000;
  KernelRun run(text, options);
  std::mt19937 random(5);
  auto fill = [&](size_t count, std::vector<double> &values) {
    std::vector<uint16_t> bits;
    for (size_t i = 0; i < count; ++i) {
      values.push_back((static_cast<int>(random() % 17) - 8) / 8.0);
      bits.push_back(toBf16(values.back()));
    }
    uint64_t address = run.emulator.allocate(count * 2, 0, "matrix");
    run.emulator.write(address, bits.data(), count * 2);
    return address;
  };
  std::vector<double> a, b;
  uint64_t atA = fill(size_t(kM) * kK, a), atB = fill(size_t(kN) * kK, b);
  run.argument(encodeTensorMap(tensorMap(atA, kK, kM, 64, 128)));
  run.argument(encodeTensorMap(transposed ? tensorMap(atB, kN, kK, 64, 64)
                                          : tensorMap(atB, kK, kN, 64, 64)));
  uint64_t out = run.output(size_t(kM) * kN * 4);
  for (int extent : {kM, kN, kK})
    run.argument(extent);
  LaunchConfig config;
  config.grid = {4};
  config.block = {384};
  config.dynamicShared = 128 * 1024;
  run.emulator.launch(*run.module, transposed ? "gemm_nk" : "gemm_kn", config,
                      run.arguments);
  GemmResult result;
  result.clean = run.emulator.run();
  result.report = run.report();
  auto d = run.read<float>(out, size_t(kM) * kN);
  result.exact = true;
  for (int i = 0; i < kM && result.exact; ++i)
    for (int j = 0; j < kN; ++j) {
      double sum = 0;
      for (int k = 0; k < kK; ++k)
        sum += a[size_t(i) * kK + k] *
               b[transposed ? size_t(k) * kN + j : size_t(j) * kK + k];
      result.exact &= d[size_t(i) * kN + j] == static_cast<float>(sum);
    }
  return result;
}

TEST(WgmmaGemm, ExactAndSilent) {
  std::string text = readInput("wgmma_gemm.ptx");
  for (uint64_t seed = 1; seed <= 3; ++seed)
    for (bool transposed : {false, true}) {
      GemmResult result = runGemm(text, transposed, seed);
      EXPECT_TRUE(result.clean) << result.report;
      EXPECT_TRUE(result.exact) << seed;
    }
}

} // namespace
