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
  EmulatorOptions options = test::optionsOf(seed);
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

/// CUTLASS declares its dynamic shared memory with an alignment of 16 and
/// relies on 1024, which hardware gives and the emulator on purpose does not.
std::string readAligned(const std::string &name) {
  return mutate(readInput(name), {"Alignment", ".extern .shared .align 16", 1,
                                  ".extern .shared .align 1024"});
}

// ---- the grouped GEMM ----

struct Problem {
  int m, n, k;
};
/// Whole tiles of 64 x 64 and parts of them; more tiles than CTAs.
constexpr Problem kGroups[] = {{72, 64, 128}, {128, 136, 64}, {40, 72, 200}};
constexpr uint64_t kTables = 0x700400000000, kWorkspace = 0x700500000000;

GemmResult runGrouped(const std::string &text, uint64_t seed) {
  EmulatorOptions options = test::optionsOf(seed);
  options.livelockSlots = 5000;
  Emulator emulator(options);
  Module &module = emulator.load(text, "cutlass_grouped_sm90");
  emulator.allocate(7 * 256, 0, "tables", kTables);
  emulator.allocate(2048, 0, "workspace", kWorkspace);
  std::mt19937 random(5);
  std::vector<std::vector<int>> as, bs;
  std::vector<uint64_t> ds;
  uint64_t group = 0;
  for (const Problem &problem : kGroups) {
    auto matrix = [&](int rows, int columns) {
      std::vector<int> values;
      std::vector<uint16_t> bits;
      for (int i = 0; i < rows * columns; ++i) {
        values.push_back(static_cast<int>(random() % 9) - 4);
        bits.push_back(toBf16(values.back()));
      }
      uint64_t at = emulator.allocate(bits.size() * 2, 0, "operand");
      emulator.write(at, bits.data(), bits.size() * 2);
      return std::pair(at, std::move(values));
    };
    auto [a, aValues] = matrix(problem.m, problem.k);
    auto [b, bValues] = matrix(problem.n, problem.k);
    as.push_back(std::move(aValues));
    bs.push_back(std::move(bValues));
    ds.push_back(emulator.allocate(
        static_cast<uint64_t>(problem.m) * problem.n * 4, 0, "d"));
    // Sizes, then pointers and strides of A, B and D.
    emulator.write(kTables + group * sizeof(Problem), &problem,
                   sizeof(Problem));
    uint64_t entries[] = {a,         static_cast<uint64_t>(problem.k),
                          b,         static_cast<uint64_t>(problem.k),
                          ds.back(), static_cast<uint64_t>(problem.n)};
    for (uint64_t table = 0; table < std::size(entries); ++table)
      emulator.write(kTables + (table + 1) * 256 + group * 8, &entries[table],
                     8);
    ++group;
  }
  LaunchConfig config;
  config.grid = {4};
  config.block = {384};
  config.cluster = {2};
  config.dynamicShared = 67584;
  emulator.launch(module, module.kernels().front(), config,
                  readParameters("cutlass_grouped_sm90.params"));
  GemmResult result;
  result.clean = emulator.run();
  for (const Finding &finding : emulator.findings())
    result.report += formatFinding(finding, seed);
  result.exact = true;
  for (size_t g = 0; g < std::size(kGroups); ++g) {
    auto m = static_cast<size_t>(kGroups[g].m),
         n = static_cast<size_t>(kGroups[g].n),
         k = static_cast<size_t>(kGroups[g].k);
    std::vector<float> d(m * n);
    emulator.read(ds[g], d.data(), d.size() * 4);
    for (size_t i = 0; i < m; ++i)
      for (size_t j = 0; j < n; ++j) {
        int sum = 0;
        for (size_t p = 0; p < k; ++p)
          sum += as[g][i * k + p] * bs[g][j * k + p];
        result.exact &= d[i * n + j] == static_cast<float>(sum);
      }
  }
  return result;
}

TEST(Cutlass, GroupedGemmOfSm90) {
  std::string text = readAligned("cutlass_grouped_sm90.ptx");
  for (uint64_t seed = 1; seed <= seedLimit(4); ++seed) {
    GemmResult result = runGrouped(text, seed);
    EXPECT_TRUE(result.clean) << result.report;
    EXPECT_TRUE(result.exact) << seed;
  }
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
  std::string text = readAligned("cutlass_sm90.ptx");
  for (uint64_t seed = 1; seed <= seedLimit(4); ++seed) {
    GemmResult result = runKernel(kSm90, text, seed);
    EXPECT_TRUE(result.clean) << result.report;
    EXPECT_TRUE(result.exact) << seed;
  }
}

TEST(Cutlass, OnSeveralCores) {
  expectExactOnCores([text = readAligned("cutlass_grouped_sm90.ptx")](
                         uint64_t run) { return runGrouped(text, run); });
  expectExactOnCores([text = readInput("cutlass_sm80.ptx")](uint64_t run) {
    return runKernel(kSm80, text, run);
  });
  expectExactOnCores([text = readAligned("cutlass_sm90.ptx")](uint64_t run) {
    return runKernel(kSm90, text, run);
  });
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

class CutlassSm90Mutant : public ::testing::TestWithParam<Mutation> {};

TEST_P(CutlassSm90Mutant, IsCaught) {
  std::string text = mutate(readAligned("cutlass_sm90.ptx"), GetParam());
  expectCaught([&](uint64_t seed) { return runKernel(kSm90, text, seed); });
}

const Mutation kSm90Mutations[] = {
    {"NoClusterArrival", "barrier.cluster.arrive.relaxed.aligned;", 1, ""},
    {"NoClusterWait", "barrier.cluster.wait.aligned;", 1, ""},
    {"FullByTwo", "mbarrier.init.shared::cta.b64 [%r102], %r109;", 1,
     "mbarrier.init.shared::cta.b64 [%r102], 2;"},
    {"EmptyByOne", "mbarrier.init.shared::cta.b64 [%r104], %r111;", 1,
     "mbarrier.init.shared::cta.b64 [%r104], 1;"},
    {"NoFullWaitInPrologue", "bra     LAB_WAIT;", 1, ""},
    {"NoFullWaitInLoop", "bra     LAB_WAIT;", 2, ""},
    {"NoEmptyWait", "bra     LAB_WAIT;", 3, ""},
    {"NoWgmmaCommitInLoop", "wgmma.commit_group.sync.aligned;", 2, ""},
    {"NoWgmmaWaitInLoop", "wgmma.wait_group.sync.aligned 1;", 1, ""},
    {"WaitsForFewerInLoop", "wgmma.wait_group.sync.aligned 1;", 1,
     "wgmma.wait_group.sync.aligned 2;"},
    {"NoWgmmaWaitAtEnd", "wgmma.wait_group.sync.aligned 0;", 1, ""},
    {"WaitsForFewerAtEnd", "wgmma.wait_group.sync.aligned 0;", 1,
     "wgmma.wait_group.sync.aligned 1;"},
    {"StageNeverFreed", "mbarrier.arrive.shared::cluster.b64  _, [remAddr32];",
     1, ""},
    {"FreesItsOwnStageOnly",
     "mapa.shared::cluster.u32  remAddr32, %r266, %r12;", 1,
     "mov.u32 remAddr32, %r266;"},
    {"ExpectsFewerBytes", "[%r460], %r9;", 1, "[%r460], 24560;"},
    {"ExpectsMoreBytes", "[%r460], %r9;", 1, "[%r460], 24592;"},
    {"SwapsCoordinatesOfA", "{%r642, %r55, %r22}", 1, "{%r55, %r642, %r22}"},
    {"RowsOfTheOtherCta", "{%r642, %r55, %r22}", 1, "{%r642, %r54, %r22}"},
    {"TileOverlapsTheNext", "[%r464], [%rd11", 1, "[%r464+1024], [%rd11"},
    {"MulticastToOneOnly", "[%r465], %rs14,", 1, "[%r465], 1,"},
    {"NoMulticast",
     "bytes.multicast::cluster.L2::cache_hint [%r469], [%rd12, {%r642, %r54, "
     "%r22}], [%r465], %rs14,",
     1, "bytes.L2::cache_hint [%r469], [%rd12, {%r642, %r54, %r22}], [%r465],"},
    {"OtherSwizzle", "4611686293305360384", 1, "9223372311732748288"},
    {"WrongStrideOfRows", "4611686293305360384", 2, "4611686155866406912"},
    {"NoProxyFenceInEpilogue", "fence.proxy.async.shared::cta;", 1, ""},
    {"NoProxyFenceBeforeLastStore", "fence.proxy.async.shared::cta;", 4, ""},
    {"NoBarrierBeforeStore", "bar.sync %r332, %r333;", 1, ""},
    {"NoCommitOfStore", "cp.async.bulk.commit_group;", 4, ""},
    {"EndsBeforeStores", "cp.async.bulk.wait_group.read 0;", 1, ""},
    {"StoresElsewhere", "{%r337, %r338, %r624}", 1, "{%r338, %r337, %r624}"},
    {"OtherFormat", "f32.bf16.bf16", 2, "f32.f16.f16"},
};
INSTANTIATE_TEST_SUITE_P(All, CutlassSm90Mutant,
                         ::testing::ValuesIn(kSm90Mutations), nameOf<Mutation>);

class CutlassGroupedMutant : public ::testing::TestWithParam<Mutation> {};

TEST_P(CutlassGroupedMutant, IsCaught) {
  std::string text =
      mutate(readAligned("cutlass_grouped_sm90.ptx"), GetParam());
  expectCaught([&](uint64_t seed) { return runGrouped(text, seed); });
}

#define MOE_COPY_OF_MAP                                                        \
  "tensormap.cp_fenceproxy.global.shared::cta.tensormap::generic.release.gpu." \
  "sync.aligned "
#define MOE_REPLACE "tensormap.replace.tile."
const Mutation kGroupedMutations[] = {
    {"NoMapOfD", MOE_COPY_OF_MAP "[%rd634], [%r648], 128;", 1, ""},
    {"NoMapOfDOfNextGroup", MOE_COPY_OF_MAP "[%rd634], [%r98], 128;", 1, ""},
    {"NoMapOfA", MOE_COPY_OF_MAP "[%rd500], [%r1017], 128;", 1, ""},
    {"NoMapOfBOfNextGroup", MOE_COPY_OF_MAP "[%rd501], [%r1018], 128;", 2, ""},
    {"NoAcquireOfD", "fence.proxy.tensormap::generic.acquire.gpu [%rd634]", 1,
     "fence.proxy.tensormap::generic.acquire.gpu [%rd500]"},
    {"NoAcquireOfA",
     "fence.proxy.tensormap::generic.acquire.gpu [%rd500], 128;", 1, ""},
    {"NoAcquireOfB",
     "fence.proxy.tensormap::generic.acquire.gpu [%rd501], 128;", 1, ""},
    {"AddressOfBForA",
     MOE_REPLACE "global_address.shared::cta.b1024.b64 [%r999], %rd452;", 1,
     MOE_REPLACE "global_address.shared::cta.b1024.b64 [%r999], %rd453;"},
    {"NoAddressOfB",
     MOE_REPLACE "global_address.shared::cta.b1024.b64 [%r1005], %rd453;", 1,
     ""},
    {"RowsOfBForA",
     MOE_REPLACE "global_dim.shared::cta.b1024.b32 [%rd481], 1, %r95;", 1,
     MOE_REPLACE "global_dim.shared::cta.b1024.b32 [%rd481], 1, %r96;"},
    {"NoLengthOfRowsOfA",
     MOE_REPLACE "global_dim.shared::cta.b1024.b32 [%rd481], 0, %r94;", 1, ""},
    {"NoStrideOfA",
     MOE_REPLACE "global_stride.shared::cta.b1024.b64 [%rd481], 0, %rd461;", 1,
     ""},
    {"NoWarpSyncBeforeCopyOfMap", "bar.warp.sync \t-1;", 2, ""},
    {"FullWaitLeftOut", "bra     LAB_WAIT;", 2, ""},
    {"EmptyWaitLeftOut", "bra     LAB_WAIT;", 24, ""},
    {"NoWgmmaWaitInLoop", "wgmma.wait_group.sync.aligned 1;", 1, ""},
    {"NoWgmmaWaitAtEnd", "wgmma.wait_group.sync.aligned 0;", 1, ""},
    {"StageNeverFreed", "mbarrier.arrive.shared::cluster.b64  _, [remAddr32];",
     1, ""},
    {"FreesItsOwnStageOnly",
     "mapa.shared::cluster.u32  remAddr32, %r775, %r31;", 1,
     "mov.u32 remAddr32, %r775;"},
    {"OtherWarpgroupNeverGoesOn", "mbarrier.arrive.shared::cta.b64 _, [%r101];",
     1, ""},
    {"NoProxyFenceBeforeStore", "fence.proxy.async.shared::cta;", 2, ""},
    {"NoBarrierBeforeStore", "bar.sync %r822, %r823;", 1, ""},
    {"SwapsCoordinatesOfD", "{%r143, %r142}", 1, "{%r142, %r143}"},
    {"ExpectsFewerBytes", "[%r1047], %r28;", 1, "[%r1047], 16368;"},
    {"MulticastToOneOnly", "[%r1052], %rs22,", 1, "[%r1052], 1,"},
    {"NoClusterWait", "barrier.cluster.wait.aligned;", 1, ""},
    {"OtherSwizzle", "4611686293305360384", 1, "9223372311732748288"},
};
INSTANTIATE_TEST_SUITE_P(All, CutlassGroupedMutant,
                         ::testing::ValuesIn(kGroupedMutations),
                         nameOf<Mutation>);

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
