// Kernels of CUTLASS, device code as nvcc makes it of NVIDIA's headers and
// parameters as CUTLASS's host code makes them: right on hardware, so they have
// to be exact and silent here. And what a driver would do for host code.
#include "CudaDriver.h"
#include "Support.h"

#include <random>

using namespace moe::emu;
using namespace moe::emu::test;

namespace {

/// A kernel, and the problem that its .cu makes parameters for.
struct Kernel {
  const char *name;
  uint32_t m, n, k;
  Dim3 grid, block, cluster;
  uint32_t shared;
};
constexpr Kernel kSm80 = {"cutlass_sm80", 128,   192,       160,
                          {2, 3},         {128}, {0, 0, 0}, 24576};
constexpr Kernel kSm90 = {"cutlass_sm90", 256,   192, 320,
                          {2, 3},         {256}, {2}, 74752};
// Where they have the matrices.
constexpr uint64_t kA = 0x700100000000, kB = 0x700200000000,
                   kD = 0x700300000000;

std::vector<char> readParameters(const std::string &name) {
  std::string text = readInput(name);
  std::vector<char> bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(
        static_cast<char>(std::stoul(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

GemmResult runKernel(const Kernel &kernel, const std::string &text,
                     uint64_t seed) {
  EmulatorOptions options;
  options.seed = seed;
  options.schedule = static_cast<Schedule>(seed % 4);
  options.livelockSlots = 5000;
  Emulator emulator(options);
  Module &module = emulator.load(text, kernel.name);
  std::mt19937 random(5);
  std::vector<int> a(size_t(kernel.m) * kernel.k),
      b(size_t(kernel.n) * kernel.k);
  std::vector<uint16_t> bits;
  auto fill = [&](std::vector<int> &matrix, uint64_t at, const char *name) {
    bits.clear();
    for (int &element : matrix) {
      element = static_cast<int>(random() % 9) - 4;
      bits.push_back(toBf16(element));
    }
    emulator.allocate(bits.size() * 2, 0, name, at);
    emulator.write(at, bits.data(), bits.size() * 2);
  };
  fill(a, kA, "a");
  fill(b, kB, "b");
  std::vector<float> d(size_t(kernel.m) * kernel.n);
  emulator.allocate(d.size() * 4, 0, "d", kD);
  LaunchConfig config;
  config.grid = kernel.grid;
  config.block = kernel.block;
  config.cluster = kernel.cluster;
  config.dynamicShared = kernel.shared;
  emulator.launch(module, module.kernels().front(), config,
                  readParameters(std::string(kernel.name) + ".params"));
  GemmResult result;
  result.clean = emulator.run();
  for (const Finding &finding : emulator.findings())
    result.report += formatFinding(finding, seed);
  emulator.read(kD, d.data(), d.size() * 4);
  result.exact = true;
  for (uint32_t i = 0; i < kernel.m; ++i)
    for (uint32_t j = 0; j < kernel.n; ++j) {
      int sum = 0;
      for (uint32_t k = 0; k < kernel.k; ++k)
        sum += a[i * kernel.k + k] * b[j * kernel.k + k];
      result.exact &= d[i * kernel.n + j] == static_cast<float>(sum);
    }
  return result;
}

TEST(Cutlass, MultistageGemmOfSm80) {
  std::string text = readInput("cutlass_sm80.ptx");
  for (uint64_t seed = 1; seed <= seedLimit(4); ++seed) {
    GemmResult result = runKernel(kSm80, text, seed);
    EXPECT_TRUE(result.clean) << result.report;
    EXPECT_TRUE(result.exact) << seed;
  }
}

TEST(Cutlass, WarpSpecialisedGemmOfSm90) {
  // CUTLASS declares its dynamic shared memory with an alignment of 16 and
  // relies on 1024, which hardware gives and the emulator on purpose does not.
  std::string text = mutate(readInput("cutlass_sm90.ptx"),
                            {"Alignment", ".extern .shared .align 16", 1,
                             ".extern .shared .align 1024"});
  for (uint64_t seed = 1; seed <= seedLimit(4); ++seed) {
    GemmResult result = runKernel(kSm90, text, seed);
    EXPECT_TRUE(result.clean) << result.report;
    EXPECT_TRUE(result.exact) << seed;
  }
}

class CutlassMutant : public ::testing::TestWithParam<Mutation> {};

TEST_P(CutlassMutant, IsCaught) {
  std::string text = mutate(readInput("cutlass_sm80.ptx"), GetParam());
  expectCaught([&](uint64_t seed) { return runKernel(kSm80, text, seed); });
}

const Mutation kMutations[] = {
    {"NoWaitInPrologue", "cp.async.wait_group 1;", 1, ""},
    {"WaitsForFewerInPrologue", "cp.async.wait_group 1;", 1,
     "cp.async.wait_group 2;"},
    {"NoWaitInLoop", "cp.async.wait_group 1;", 2, ""},
    {"WaitsForFewerInLoop", "cp.async.wait_group 1;", 2,
     "cp.async.wait_group 2;"},
    {"NoBarrierInPrologue", "bar.sync \t0;", 1, ""},
    {"NoBarrierInLoop", "bar.sync \t0;", 2, ""},
    {"NoBarrierBeforeNextStoresOfEpilogue", "bar.sync \t0;", 6, ""},
    {"NoBarrierBehindStoresOfEpilogue", "bar.sync \t0;", 5, ""},
    {"NoCommitInPrologue", "cp.async.commit_group;", 1, ""},
    {"NoCommitInLoop", "cp.async.commit_group;", 3, ""},
    {"SkipsACopy",
     "cp.async.cg.shared.global.L2::128B [%r125], [%rd42], 16, "
     "%r126;",
     1, ""},
    {"OtherFormat", "f32.bf16.bf16.f32", 3, "f32.f16.f16.f32"},
};

INSTANTIATE_TEST_SUITE_P(Sm80, CutlassMutant, ::testing::ValuesIn(kMutations),
                         nameOf<Mutation>);

/// A call of the driver's function with one argument after the other wrong.
struct Encoding {
  int type = 9; // bf16
  uint32_t rank = 2;
  uint64_t address = 0x700100000000;
  uint64_t dims[5] = {64, 100}, strides[4] = {128};
  uint32_t box[5] = {64, 32}, elementStrides[5] = {1, 1, 1, 1, 1};
  int interleave = 0, swizzle = 3, l2Promotion = 2, oobFill = 0;
  size_t misplaced = 0;

  int encode(char *to) const {
    return cuTensorMapEncodeTiled(to + misplaced, type, rank,
                                  reinterpret_cast<void *>(address), dims,
                                  strides, box, elementStrides, interleave,
                                  swizzle, l2Promotion, oobFill);
  }
};

TEST(Cutlass, TensorMapsOfTheDriver) {
  alignas(64) char map[256] = {};
  Encoding right;
  ASSERT_EQ(right.encode(map), 0);
  TensorMapParams params;
  params.type = 9;
  params.rank = 2;
  params.address = right.address;
  params.dims = {64, 100};
  params.strides = {128};
  params.box = {64, 32};
  params.swizzle = 3;
  EXPECT_EQ(std::memcmp(map, encodeTensorMap(params).data(), 128), 0);
  std::pair<const char *, void (*)(Encoding &)> wrongs[] = {
      {"map not aligned", [](Encoding &e) { e.misplaced = 32; }},
      {"type", [](Encoding &e) { e.type = 16; }},
      {"no dimension", [](Encoding &e) { e.rank = 0; }},
      {"six dimensions", [](Encoding &e) { e.rank = 6; }},
      {"address", [](Encoding &e) { e.address += 8; }},
      {"empty dimension", [](Encoding &e) { e.dims[1] = 0; }},
      {"long dimension", [](Encoding &e) { e.dims[1] = (1ull << 32) + 1; }},
      {"stride", [](Encoding &e) { e.strides[0] = 136; }},
      {"long stride", [](Encoding &e) { e.strides[0] = 1ull << 40; }},
      {"empty box", [](Encoding &e) { e.box[1] = 0; }},
      {"long box", [](Encoding &e) { e.box[1] = 257; }},
      {"narrow box", [](Encoding &e) { e.box[0] = 4; }},
      {"box beyond the swizzle", [](Encoding &e) { e.swizzle = 2; }},
      {"element stride", [](Encoding &e) { e.elementStrides[1] = 9; }},
      {"no element stride", [](Encoding &e) { e.elementStrides[1] = 0; }},
      {"swizzle", [](Encoding &e) { e.swizzle = 9; }},
      {"L2 promotion", [](Encoding &e) { e.l2Promotion = 4; }},
      {"fill", [](Encoding &e) { e.oobFill = 2; }},
  };
  for (const auto &[name, breakIt] : wrongs) {
    Encoding wrong;
    breakIt(wrong);
    EXPECT_EQ(wrong.encode(map), 1) << name;
  }
}

} // namespace
