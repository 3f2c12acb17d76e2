// The GEMMs of tcgen05_gemm.cu as they come from nvcc: copies, products and
// stores by warps of their own, accumulators twice in tensor memory, by single
// CTAs and by pairs. Exact and silent, and every wrong version is caught.
#include "Support.h"

using namespace moe::emu;
using namespace moe::emu::test;

namespace tcgen05_gemm_test {

constexpr int kM = 512, kN = 256, kK = 128;

GemmResult runGemm(const std::string &text, bool pair, uint64_t seed) {
  EmulatorOptions options = test::optionsOf(seed);
  options.multiprocessors = 2;
  options.livelockSlots = 30000;
  KernelRun run(text, options);
  std::mt19937 random(5);
  std::vector<double> a, b;
  uint64_t atA = run.exactMatrix(size_t(kM) * kK, random, a),
           atB = run.exactMatrix(size_t(kN) * kK, random, b);
  run.argument(encodeTensorMap(matrixMap(atA, kK, kM, 64, 128)));
  run.argument(encodeTensorMap(matrixMap(atB, kK, kN, 64, pair ? 64 : 128)));
  uint64_t out = run.output(size_t(kM) * kN * 4);
  for (int extent : {kM, kN, kK})
    run.argument(extent);
  LaunchConfig config;
  config.grid = {2};
  config.block = {192};
  config.dynamicShared = 3 * (pair ? 24576 : 32768);
  run.emulator.launch(*run.module, pair ? "gemm_pair" : "gemm_single", config,
                      run.arguments);
  return runAndCompare(run, out, kM, kN, kK, [&](int i, int j, int k) {
    return a[size_t(i) * kK + k] * b[size_t(j) * kK + k];
  });
}

TEST(Tcgen05Gemm, ExactAndSilent) {
  std::string text = readInput("tcgen05_gemm.ptx");
  for (uint64_t seed = 1; seed <= seedLimit(3); ++seed)
    for (bool pair : {false, true}) {
      GemmResult result = runGemm(text, pair, seed);
      EXPECT_TRUE(result.clean) << result.report;
      EXPECT_TRUE(result.exact) << seed;
    }
}

TEST(Tcgen05Gemm, OnSeveralCores) {
  std::string text = readInput("tcgen05_gemm.ptx");
  for (bool pair : {false, true})
    expectExactOnCores([&](uint64_t run) { return runGemm(text, pair, run); });
}

/// CUTLASS's copies of a pair tell the even CTA's mbarrier through the address
/// of their own with bit 24 cleared.
TEST(Tcgen05Gemm, LeaderByItsBitOfAddresses) {
  std::string text = readInput("tcgen05_gemm.ptx");
  for (const Mutation &mutation :
       {Mutation{"Loads", "mapa.shared::cluster.u32 %r184, %r21, %r186;", 1,
                 "and.b32 %r184, %r21, 0xfeffffff;"},
        Mutation{"Stored", "mapa.shared::cluster.u32 %r112, %r113, %r114;", 1,
                 "and.b32 %r112, %r113, 0xfeffffff;"}})
    text = mutate(text, mutation);
  for (uint64_t seed = 1; seed <= seedLimit(2); ++seed) {
    GemmResult result = runGemm(text, true, seed);
    EXPECT_TRUE(result.clean) << result.report;
    EXPECT_TRUE(result.exact) << seed;
  }
}

// ---- wrong versions ----

/// Which kernel a mutation changes: the text has gemm_pair behind gemm_single,
/// or the other way round.
void expectMutantCaught(const Mutation &mutation, bool pair) {
  std::string text = readInput("tcgen05_gemm.ptx");
  size_t single = text.find(".entry gemm_single"),
         second = text.find(".entry gemm_pair");
  ASSERT_TRUE(single != std::string::npos && second != std::string::npos);
  size_t cut = std::max(single, second);
  bool first = pair == (second < single);
  std::string head = text.substr(0, cut), tail = text.substr(cut);
  text = first ? mutate(head, mutation) + tail : head + mutate(tail, mutation);
  expectCaught([&](uint64_t seed) { return runGemm(text, pair, seed); });
}

class Tcgen05Mutant : public ::testing::TestWithParam<Mutation> {};
TEST_P(Tcgen05Mutant, IsCaught) { expectMutantCaught(GetParam(), false); }

class Tcgen05PairMutant : public ::testing::TestWithParam<Mutation> {};
TEST_P(Tcgen05PairMutant, IsCaught) { expectMutantCaught(GetParam(), true); }

const Mutation kMutations[] = {
    {"NoEmptyWait", "@!done bra again;", 1, ""},
    {"NoStoredWait", "@!done bra again;", 2, ""},
    {"NoFullWait", "@!done bra again;", 3, ""},
    {"NoComputedWait", "@!done bra again;", 4, ""},
    {"NoFenceBehindStored", "tcgen05.fence::after_thread_sync;", 2, ""},
    {"NoFenceBehindComputed", "tcgen05.fence::after_thread_sync;", 3, ""},
    {"NoFenceBehindLoads", "tcgen05.fence::before_thread_sync;", 2, ""},
    {"NoWaitForLoads", "tcgen05.wait::ld.sync.aligned;", 1, ""},
    {"NoCommitOfStage",
     "tcgen05.commit.cta_group::1.mbarrier::arrive::one.shared::cluster.b64 "
     "[%r129];",
     1, ""},
    {"NoCommitOfTile",
     "tcgen05.commit.cta_group::1.mbarrier::arrive::one.shared::cluster.b64 "
     "[%r161];",
     1, ""},
    {"StageFreedWithoutCommit",
     "tcgen05.commit.cta_group::1.mbarrier::arrive::one.shared::cluster.b64 "
     "[%r129];",
     1, "mbarrier.arrive.shared::cta.b64 _, [%r129];"},
    {"TileDoneWithoutCommit",
     "tcgen05.commit.cta_group::1.mbarrier::arrive::one.shared::cluster.b64 "
     "[%r161];",
     1, "mbarrier.arrive.shared::cta.b64 _, [%r161];"},
    {"KeepsNoSums", "setp.ne.s32 \t%p14, %r204, 0;", 1,
     "setp.ne.s32 \t%p14, %r204, %r204;"},
    {"SumsFromNothing", "setp.ne.b32 p, %r119, 0;", 1,
     "setp.eq.b32 p, %r119, %r119;"},
    {"NoSwizzle", "4611756662049538048", 1, "70643622150144"},
    {"OtherSwizzle", "4611756662049538048", 2, "9223442680476925952"},
    {"WrongStride", "4611756662049538048", 1, "4611756524610584576"},
    {"DescriptorOfHopper", "4611756662049538048", 2, "4611686293305360384"},
    {"TransposesB", "136316048", 1, "136381584"},
    {"OtherFormat", "136316048", 1, "136314896"},
    {"HalfOfTheColumns", "136316048", 1, "135267472"},
    {"SaysSparse", "136316048", 1, "136316052"},
    {"NegatesA", "136316048", 1, "136324240"},
    {"ExpectsFewerBytes", "%r170, 32768;", 1, "%r170, 32752;"},
    {"ExpectsMoreBytes", "%r170, 32768;", 1, "%r170, 32784;"},
    {"StoredTooEarly", "%r75, 4;", 1, "%r75, 3;"},
    {"StoredNever", "%r75, 4;", 1, "%r75, 5;"},
    {"AllocatesTooFew", "[%r76], 256;", 1, "[%r76], 128;"},
    {"FreesNothing", "tcgen05.dealloc.cta_group::1.sync.aligned.b32 %r3, 256;",
     1, ""},
    {"FreesEarly", "bar.sync \t0;", 2, ""},
    {"RelinquishesFirst",
     "tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [%r76], 256;", 1,
     "tcgen05.relinquish_alloc_permit.cta_group::1.sync.aligned; "
     "tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [%r76], 256;"},
    {"LoadsNextColumns", "[%r103];", 1, "[%r103+8];"},
    {"LanesOfAnotherWarp", "shl.b32 \t%r89, %r1, 16;", 1,
     "shl.b32 \t%r89, %r1, 15;"},
    {"SlotOverlapsTheNext", "[%r171], [%rd30", 1, "[%r171+1024], [%rd30"},
    {"SwapsCoordinates", "{%r193, %r173}", 1, "{%r173, %r193}"},
    {"SlotBehindTheLast", "setp.eq.s32 \t%p21, %r187, 3;", 1,
     "setp.eq.s32 \t%p21, %r187, 4;"},
    {"SlotReusedEarly", "setp.eq.s32 \t%p21, %r187, 3;", 1,
     "setp.eq.s32 \t%p21, %r187, 2;"},
    {"OneAccumulatorOnly", "setp.eq.s32 \t%p17, %r201, 1;", 1,
     "setp.eq.s32 \t%p17, %r201, %r201;"},
};
const Mutation kPairMutations[] = {
    {"FreesStagesOfItselfOnly", "%rs1, 3;", 1, "%rs1, 1;"},
    {"TellsItselfOnly", "%rs2, 3;", 1, "%rs2, 1;"},
    {"LoadTellsItself", "mapa.shared::cluster.u32 %r184, %r21, %r186;", 1,
     "mov.u32 %r184, %r21;"},
    {"LoadWithoutPair", "tensor.2d.cta_group::2.", 1, "tensor.2d."},
    {"StoredTellsItself", "mapa.shared::cluster.u32 %r112, %r113, %r114;", 1,
     "mov.u32 %r112, %r113;"},
    {"StoredByOneCta", "%r80, 8;", 1, "%r80, 4;"},
    {"ExpectsOneCta", "%r183, 49152;", 1, "%r183, 24576;"},
    {"RowsOfOneCta", "270533776", 1, "136316048"},
    {"NoClusterSyncAtStart",
     "barrier.cluster.arrive.aligned;\nbarrier.cluster.wait.aligned;", 1, ""},
    {"NoClusterSyncAtEnd",
     "barrier.cluster.arrive.aligned;\nbarrier.cluster.wait.aligned;", 2, ""},
    {"OtherGroup", "tcgen05.mma.cta_group::2", 1, "tcgen05.mma.cta_group::1"},
};

INSTANTIATE_TEST_SUITE_P(All, Tcgen05Mutant, ::testing::ValuesIn(kMutations),
                         nameOf<Mutation>);
INSTANTIATE_TEST_SUITE_P(All, Tcgen05PairMutant,
                         ::testing::ValuesIn(kPairMutations), nameOf<Mutation>);

} // namespace tcgen05_gemm_test
