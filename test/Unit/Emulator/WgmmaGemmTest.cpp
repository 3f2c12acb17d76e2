// The warp-specialised GEMM of wgmma_gemm.cu as it comes from nvcc: TMA with
// multicast, clusters, wgmma with B along k and along n. Exact on numbers whose
// sums are exact, silent with many seeds, and every wrong version is caught.
#include "Support.h"

using namespace moe::emu;
using namespace moe::emu::test;

namespace wgmma_gemm_test {

constexpr int kM = 512, kN = 256, kK = 320;

/// `transposed`: B is given as K x N.
GemmResult runGemm(const std::string &text, bool transposed, uint64_t seed) {
  EmulatorOptions options = test::optionsOf(seed);
  // Two clusters for four pairs of tiles.
  options.multiprocessors = 4;
  options.livelockSlots = 30000;
  KernelRun run(text, options);
  std::mt19937 random(5);
  std::vector<double> a, b;
  uint64_t atA = run.exactMatrix(size_t(kM) * kK, random, a),
           atB = run.exactMatrix(size_t(kN) * kK, random, b);
  run.argument(encodeTensorMap(matrixMap(atA, kK, kM, 64, 128)));
  run.argument(encodeTensorMap(transposed ? matrixMap(atB, kN, kK, 64, 64)
                                          : matrixMap(atB, kK, kN, 64, 64)));
  uint64_t out = run.output(size_t(kM) * kN * 4);
  for (int extent : {kM, kN, kK})
    run.argument(extent);
  LaunchConfig config;
  config.grid = {4};
  config.block = {384};
  config.dynamicShared = 128 * 1024;
  run.emulator.launch(*run.module, transposed ? "gemm_nk" : "gemm_kn", config,
                      run.arguments);
  return runAndCompare(run, out, kM, kN, kK, [&](int i, int j, int k) {
    return a[size_t(i) * kK + k] *
           b[transposed ? size_t(k) * kN + j : size_t(j) * kK + k];
  });
}

TEST(WgmmaGemm, ExactAndSilent) {
  std::string text = readInput("wgmma_gemm.ptx");
  for (uint64_t seed = 1; seed <= seedLimit(3); ++seed)
    for (bool transposed : {false, true}) {
      GemmResult result = runGemm(text, transposed, seed);
      EXPECT_TRUE(result.clean) << result.report;
      EXPECT_TRUE(result.exact) << seed;
    }
}

TEST(WgmmaGemm, OnSeveralCores) {
  std::string text = readInput("wgmma_gemm.ptx");
  for (bool transposed : {false, true})
    expectExactOnCores(
        [&](uint64_t run) { return runGemm(text, transposed, run); });
}

// ---- wrong versions ----

void expectMutantCaught(const Mutation &mutation, bool transposed) {
  std::string text = readInput("wgmma_gemm.ptx");
  size_t second = text.find("// .globl\tgemm_nk");
  ASSERT_NE(second, std::string::npos);
  std::string head = text.substr(0, second), tail = text.substr(second);
  text = transposed ? head + mutate(tail, mutation)
                    : mutate(head, mutation) + tail;
  expectCaught([&](uint64_t seed) { return runGemm(text, transposed, seed); });
}

class WgmmaMutant : public ::testing::TestWithParam<Mutation> {};
TEST_P(WgmmaMutant, IsCaught) { expectMutantCaught(GetParam(), false); }

class WgmmaMutantAlongN : public ::testing::TestWithParam<Mutation> {};
TEST_P(WgmmaMutantAlongN, IsCaught) { expectMutantCaught(GetParam(), true); }

const Mutation kMutations[] = {
    {"NoFullWait", "@!done bra again;", 1, ""},
    {"NoEmptyWait", "@!done bra again;", 4, ""},
    {"NoWgmmaFence", "wgmma.fence.sync.aligned;", 1, ""},
    {"NoCommit", "wgmma.commit_group.sync.aligned;", 1, ""},
    {"WaitsForFewerGroups", "wgmma.wait_group.sync.aligned 1;", 1,
     "wgmma.wait_group.sync.aligned 2;"},
    {"NoWait", "wgmma.wait_group.sync.aligned 1;", 1, ""},
    {"NoFinalWait", "wgmma.wait_group.sync.aligned 0;", 1, ""},
    {"EmptyCountTooSmall", "[%r79], 4;", 1, "[%r79], 3;"},
    {"EmptyCountTooLarge", "[%r81], 4;", 1, "[%r81], 5;"},
    {"FullCountTooLarge", "[%r78], 1;", 1, "[%r78], 2;"},
    {"FullNotInitialised", "mbarrier.init.shared::cta.b64 [%r84], 1;", 1, ""},
    {"NoClusterSyncAtStart",
     "barrier.cluster.arrive.aligned;\nbarrier.cluster.wait.aligned;", 1, ""},
    {"NoClusterWaitAtStart", "barrier.cluster.wait.aligned;", 1, ""},
    {"NoClusterSyncAtEnd", "barrier.cluster.arrive;\nbarrier.cluster.wait;", 1,
     ""},
    {"ExpectsFewerBytes", "%r328, 32768;", 1, "%r328, 32752;"},
    {"ExpectsMoreBytes", "%r328, 32768;", 1, "%r328, 32784;"},
    {"ExpectsOneTile", "%r328, 32768;", 1, "%r328, 16384;"},
    {"WrongPhaseOfFull", "[%r105], %r429;", 1, "[%r105], 0;"},
    {"WrongPhaseOfEmpty", "xor.b32  \t%r290, %r444, 1;", 1,
     "mov.u32 %r290, %r444;"},
    {"SlotOverlapsTheNext", "[%r293], [%rd72", 1, "[%r293+1024], [%rd72"},
    {"SlotReusedEarly", "setp.eq.s32 \t%p27, %r347, 4;", 1,
     "setp.eq.s32 \t%p27, %r347, 3;"},
    {"SlotBehindTheLast", "setp.eq.s32 \t%p11, %r158, 4;", 1,
     "setp.eq.s32 \t%p11, %r158, 5;"},
    {"SwapsCoordinates", "{%r298, %r47}", 1, "{%r47, %r298}"},
    {"WrongTileRow", "{%r298, %r47}", 1, "{%r298, %r48}"},
    {"MulticastToItselfOnly", "%rs4, 3;", 1, "%rs4, 1;"},
    {"MulticastToTheOtherOnly", "%rs4, 3;", 1, "%rs4, 2;"},
    {"HalfOverTheOther", "shl.b32 \t%r278, %r75, 13;", 1,
     "shl.b32 \t%r278, %r75, 12;"},
    {"WrongSwizzle", "4611686293305360384", 1, "9223372311732748288"},
    {"NoSwizzle", "4611686293305360384", 2, "274877972480"},
    {"WrongStride", "4611686293305360384", 1, "4611686155866406912"},
    {"NextChunk", "%r126, %r125, 16320;", 1, "%r126, %r125, 16318;"},
    {"KeepsNoSums", "setp.ne.b32 p, %r110, 0;", 1, "setp.eq.b32 p, %r110, 0;"},
    {"SumsFromNothing", "setp.ne.b32 p, %r107, 0;", 1,
     "setp.eq.b32 p, %r107, %r107;"},
    {"OtherFormat", "f32.bf16.bf16", 2, "f32.f16.f16"},
    {"NegatesA", "p, 1, 1, 0, 0;", 3, "p, -1, 1, 0, 0;"},
    {"TransposesB", "p, 1, 1, 0, 0;", 2, "p, 1, 1, 0, 1;"},
    {"NoArrival",
     "mbarrier.arrive.release.cluster.shared::cluster.b64 _, [remote];", 1, ""},
    {"RelaxedArrival",
     "mbarrier.arrive.release.cluster.shared::cluster.b64 _, [remote];", 1,
     "mbarrier.arrive.relaxed.cluster.shared::cluster.b64 _, [remote];"},
    {"ArrivesAtItselfOnly", "remote, %r145, %r146;", 1, "remote, %r145, 0;"},
    {"ArrivesAtTheWrongSlot", "remote, %r193, %r194;", 1,
     "remote, %r145, %r194;"},
    {"OneTileTooMany", "setp.lt.s32 \t%p20, %r413, %r7;", 1,
     "setp.le.s32 \t%p20, %r413, %r7;"},
    {"SkipsTheLastTile", "setp.lt.s32 \t%p37, %r413, %r7;", 1,
     "setp.lt.s32 \t%p37, %r413, 1;"},
    {"StoresToTheNextRow", "[%rd61+448]", 1, "[%rd61+456]"},
    {"ReadsRemoteBarrier", "mapa.shared::cluster.u32 remote, %r145, %r146;", 1,
     "mov.u32 remote, %r145;"},
    {"WantsTooManyRegisters", "inc.sync.aligned.u32 232;", 1,
     "inc.sync.aligned.u32 240;"},
    {"GivesBackTooFewRegisters", "dec.sync.aligned.u32 40;", 1,
     "dec.sync.aligned.u32 48;"},
};
const Mutation kMutationsAlongN[] = {
    {"SwapsStrides", "4611686293338849280", 1, "4611688217454837760"},
    {"WrongLeadingStride", "4611686293338849280", 2, "4611686293322072064"},
    {"NotTransposed", "p, 1, 1, 0, 1;", 1, "p, 1, 1, 0, 0;"},
    {"TransposesA", "p, 1, 1, 0, 1;", 2, "p, 1, 1, 1, 1;"},
};

INSTANTIATE_TEST_SUITE_P(All, WgmmaMutant, ::testing::ValuesIn(kMutations),
                         nameOf<Mutation>);
INSTANTIATE_TEST_SUITE_P(All, WgmmaMutantAlongN,
                         ::testing::ValuesIn(kMutationsAlongN),
                         nameOf<Mutation>);

} // namespace wgmma_gemm_test
