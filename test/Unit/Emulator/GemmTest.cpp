// A GEMM for tensor cores as it comes from nvcc: exact on numbers whose sums
// are exact, silent with many seeds, and every wrong version of it is caught.
#include "Support.h"

using namespace moe::emu;
using namespace moe::emu::test;

namespace {

constexpr int kM = 128, kN = 256, kK = 192;

GemmResult runGemm(const std::string &text, uint64_t seed) {
  EmulatorOptions options = test::optionsOf(seed);
  KernelRun run(text, options);
  std::mt19937 random(5);
  std::vector<double> a, b;
  run.argument(run.exactMatrix(kM * kK, random, a));
  run.argument(run.exactMatrix(kN * kK, random, b));
  uint64_t out = run.output(kM * kN * 4);
  run.argument(kN);
  run.argument(kK);
  LaunchConfig config;
  config.grid = {kN / 128, kM / 128};
  config.block = {128};
  run.emulator.launch(*run.module, run.module->kernels().front(), config,
                      run.arguments);
  return runAndCompare(run, out, kM, kN, kK, [&](int i, int j, int k) {
    return a[i * kK + k] * b[j * kK + k];
  });
}

TEST(Gemm, ExactAndSilent) {
  std::string text = readInput("mma_gemm.ptx");
  for (uint64_t seed = 1; seed <= seedLimit(6); ++seed) {
    GemmResult result = runGemm(text, seed);
    EXPECT_TRUE(result.clean) << result.report;
    EXPECT_TRUE(result.exact) << seed;
  }
}

TEST(Gemm, OnSeveralCores) {
  expectExactOnCores([text = readInput("mma_gemm.ptx")](uint64_t run) {
    return runGemm(text, run);
  });
}

class GemmMutant : public ::testing::TestWithParam<Mutation> {};

TEST_P(GemmMutant, IsCaught) {
  std::string text = mutate(readInput("mma_gemm.ptx"), GetParam());
  expectCaught([&](uint64_t seed) { return runGemm(text, seed); });
}

const Mutation kMutations[] = {
    {"NoBarrier", "bar.sync \t0;", 1, ""},
    {"WaitsForFewerGroups", "cp.async.wait_group 1;", 1,
     "cp.async.wait_group 2;"},
    {"NoWait", "cp.async.wait_group 1;", 1, ""},
    {"NoCommitInPrologue", "cp.async.commit_group;", 1, ""},
    {"NoCommitInLoop", "cp.async.commit_group;", 3, ""},
    {"SkipsACopy", "cp.async.cg.shared.global [%r34], [%rd19], 16;", 1, ""},
    {"SkipsACopyInLoop", "cp.async.cg.shared.global [%r136], [%rd57], 16;", 1,
     ""},
    {"CopiesHalf", "[%r133], [%rd54], 16;", 1, "[%r133], [%rd54], 16, 8;"},
    {"CopiesFromBehind", "[%rd19], 16;", 1, "[%rd19+16], 16;"},
    {"CopiesToTheNextRow", "[%r35], [%rd20]", 1, "[%r35+64], [%rd20]"},
    {"ReadsTheNextRow", "[%r152];", 1, "[%r152+64];"},
    {"ReadsTheNextChunk", "[%r384];", 1, "[%r384+16];"},
    {"Transposed", "ldmatrix.sync.aligned.m8n8.x4.shared.b16", 5,
     "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16"},
    {"OtherFormat", "f32.bf16.bf16.f32", 7, "f32.f16.f16.f32"},
    {"Misplaced", "[%r157];", 1, "[%r157+8];"},
};

INSTANTIATE_TEST_SUITE_P(All, GemmMutant, ::testing::ValuesIn(kMutations),
                         nameOf<Mutation>);

} // namespace
