// Divergence, memory spaces and what the lanes of a warp do together.
#include "Support.h"

using namespace moe::emu;
using namespace moe::emu::test;

namespace {

const std::string kStore = "\nmul.wide.u32 %rd60, %gid_, 4; add.u64 %rd61, "
                           "%p0, %rd60; st.global.u32 [%rd61], %r63;";

/// Runs a body that leaves a number in %r63 of every thread.
std::vector<uint32_t> perThread(const std::string &body, uint32_t threads,
                                uint64_t seed = 1,
                                const std::string &declarations = "") {
  EmulatorOptions options;
  options.seed = seed;
  KernelRun run(kernelText(body + kStore, 1, declarations), options);
  uint64_t out = run.output(threads * 4);
  EXPECT_TRUE(run.launch({1}, {threads})) << run.report();
  return run.read<uint32_t>(out, threads);
}

TEST(Control, LoopsOfDifferentLength) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    auto values = perThread(
        "mov.u32 %r63, 0; mov.u32 %r1, 0; LOOP: setp.ge.u32 %q1, %r1, %tid_; "
        "@%q1 bra END; add.u32 %r63, %r63, %r1; add.u32 %r1, "
        "%r1, 1; bra LOOP; END: activemask.b32 %r2; setp.ne.u32 %q2, %r2, "
        "0xffffffff; @%q2 add.u32 %r63, %r63, 100000;",
        64, seed);
    for (uint32_t i = 0; i < 64; ++i)
      EXPECT_EQ(values[i], i * (i ? i - 1 : 0) / 2)
          << "lanes meet again behind the loop";
  }
}

TEST(Control, NestedBranches) {
  auto values =
      perThread("and.b32 %r1, %tid_, 1; and.b32 %r2, %tid_, 2; setp.eq.u32 "
                "%q1, %r1, 0; setp.eq.u32 %q2, %r2, 0; mov.u32 %r63, 0;\n"
                "@%q1 bra A; @%q2 bra B; or.b32 %r63, %r63, 8; bra C; B: "
                "or.b32 %r63, %r63, 4; C: bra D; A: or.b32 %r63, %r63, 1; D: "
                "activemask.b32 %r3; popc.b32 %r3, %r3; shl.b32 %r3, %r3, 8; "
                "or.b32 %r63, %r63, %r3;",
                32);
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(values[i], (32u << 8) | (i % 2 == 0 ? 1 : i & 2 ? 8 : 4));
}

TEST(Control, EarlyExitAndBranchTables) {
  auto values = perThread(
      "and.b32 %r1, %tid_, 3; TS: .branchtargets L0, L1, L2; setp.eq.u32 %q1, "
      "%r1, 3; mov.u32 %r63, 7; @%q1 bra JOIN; brx.idx %r1, "
      "TS; L0: mov.u32 %r63, 10; bra JOIN; L1: mov.u32 %r63, 11; bra JOIN; L2: "
      "mov.u32 %r63, 12; JOIN: mov.u32 %r5, 0;",
      32);
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(values[i], i % 4 == 3 ? 7u : 10 + i % 4);
}

TEST(Control, LanesOfOneWarpMayWaitForEachOther) {
  // Lane 0 spins until lane 1, which would come to the meeting point first, has
  // stored behind it.
  std::string body =
      "setp.ne.u32 %q1, %tid_, 0; @%q1 bra MEET; SPIN: "
      "ld.relaxed.gpu.global.u32 %r1, [%p0+4]; setp.eq.u32 %q2, %r1, 0; @%q2 "
      "bra SPIN; "
      "MEET: st.relaxed.gpu.global.u32 [%p0+4], 1; st.global.u32 [%p0], 5;";
  EmulatorOptions options;
  options.livelockSlots = 2000;
  options.checked = false;
  KernelRun run(kernelText(body, 1), options);
  uint64_t out = run.input(std::vector<uint32_t>{0, 0});
  EXPECT_TRUE(run.launch({1}, {2})) << run.report();
  EXPECT_EQ(run.read<uint32_t>(out, 1)[0], 5u);
}

TEST(Memory, SpacesAndVectors) {
  // Shared memory by its own and by generic addresses, local memory, vectors of
  // narrow elements, sign extension.
  auto values = perThread(R"(
.local .align 8 .b8 stack[16]; .shared .align 16 .b8 tile[2048];
mov.u64 %rd1, stack; cvta.local.u64 %rd2, %rd1; st.u32 [%rd2+4], %tid_; ld.local.u32 %r1, [%rd1+4];
mov.u32 %r2, tile; shl.b32 %r3, %tid_, 4; add.u32 %r4, %r2, %r3; st.shared.v4.b32 [%r4], {%r1, %r1, 0x8000ff80, %r1};
mov.u64 %rd3, tile; cvta.shared.u64 %rd4, %rd3; cvt.u64.u32 %rd5, %r3; add.u64 %rd6, %rd4, %rd5;
ld.v2.u32 {%r5, _}, [%rd6]; ld.s8 %r6, [%rd6+8]; ld.u16 %h1, [%rd6+10]; cvt.u32.u16 %r7, %h1;
add.u32 %r63, %r5, %r6; add.u32 %r63, %r63, %r7;)",
                          64);
  for (uint32_t i = 0; i < 64; ++i)
    EXPECT_EQ(values[i], i - 128 + 0x8000);
}

TEST(Memory, DynamicSharedIsBehindStatic) {
  KernelRun run(kernelText(
      R"(.shared .align 4 .b8 fixed[4]; mov.u32 %r1, fixed; mov.u32 %r2, dyn; st.shared.u32 [%r1], 1; st.shared.u32 [%r2+60], 2;
ld.shared.u32 %r3, [%r1]; ld.shared.u32 %r4, [%r2+60]; mad.lo.u32 %r5, %r4, 10, %r3; and.b32 %r6, %r2, 127; mad.lo.u32 %r5, %r6, 1000, %r5;
st.global.u32 [%p0], %r5;)",
      1, ".extern .shared .align 128 .b8 dyn[];"));
  uint64_t out = run.output(4);
  ASSERT_TRUE(run.launch({1}, {1}, 64)) << run.report();
  EXPECT_EQ(run.read<uint32_t>(out, 1)[0], 21u);
}

TEST(Warp, Shuffles) {
  for (auto [code, expected] :
       std::vector<std::pair<std::string, std::function<uint32_t(uint32_t)>>>{
           {"shfl.sync.down.b32 %r63, %tid_, 4, 31, -1;",
            [](uint32_t i) { return i + 4 < 32 ? i + 4 : i; }},
           {"shfl.sync.up.b32 %r63, %tid_, 1, 0, -1;",
            [](uint32_t i) { return i ? i - 1 : 0; }},
           {"shfl.sync.bfly.b32 %r63, %tid_, 5, 31, -1;",
            [](uint32_t i) { return i ^ 5; }},
           {"shfl.sync.idx.b32 %r63, %tid_, 2, 0x181f, -1;",
            [](uint32_t i) { return (i & ~7u) + 2; }},
           {"shfl.sync.down.b32 %r63|%q1, %tid_, 8, 31, -1; @!%q1 mov.u32 "
            "%r63, 99;",
            [](uint32_t i) { return i + 8 < 32 ? i + 8 : 99; }},
           {"setp.lt.u32 %q1, %tid_, 5; vote.sync.ballot.b32 %r63, %q1, -1;",
            [](uint32_t) { return 31u; }},
           {"setp.lt.u32 %q1, %tid_, 5; vote.sync.any.pred %q2, !%q1, -1; "
            "selp.u32 %r63, 1, 0, %q2;",
            [](uint32_t) { return 1u; }},
           {"shr.u32 %r1, %tid_, 3; match.any.sync.b32 %r63, %r1, -1;",
            [](uint32_t i) { return 0xffu << (i / 8 * 8); }},
           {"redux.sync.add.s32 %r63, %tid_, -1;",
            [](uint32_t) { return 496u; }},
           {"redux.sync.max.u32 %r63, %tid_, -1;",
            [](uint32_t) { return 31u; }},
           // Tiles of a warp with masks of their own.
           {"and.b32 %r1, %tid_, 16; shl.b32 %r2, 0xffff, %r1; "
            "redux.sync.min.u32 %r63, %tid_, %r2;",
            [](uint32_t i) { return i & 16; }},
           {"elect.sync %r1|%q1, -1; selp.u32 %r63, 1, 0, %q1;",
            [](uint32_t i) { return uint32_t(i == 0); }},
       }) {
    auto values = perThread(code, 32);
    for (uint32_t i = 0; i < 32; ++i)
      EXPECT_EQ(values[i], expected(i)) << code << " lane " << i;
  }
}

TEST(Warp, DivergedLanesMeetForShuffles) {
  // Both sides of a branch come to the same function of the whole warp.
  auto values =
      perThread("and.b32 %r1, %tid_, 1; setp.eq.u32 %q1, %r1, 0; mov.u32 %r2, "
                "0; @%q1 bra EVEN; mov.u32 %r2, 1; bra.uni MEET; EVEN: mov.u32 "
                "%r2, 2; MEET: redux.sync.add.u32 %r63, %r2, -1;",
                32);
  for (uint32_t value : values)
    EXPECT_EQ(value, 48u);
}

TEST(Warp, BarriersAndReductions) {
  std::string body = "setp.lt.u32 %q1, %tid_, 40; "
                     "barrier.cta.red.popc.aligned.u32 %r63, 0, %q1;";
  for (uint32_t value : perThread(body, 128))
    EXPECT_EQ(value, 40u);
  // A sum through shared memory, warp 1 producing for warp 0 with bar.arrive.
  std::string pipeline =
      R"(.shared .align 4 .u32 box[32]; shl.b32 %r1, %tid_, 2; and.b32 %r1, %r1, 127; mov.u32 %r2, box; add.u32 %r2, %r2, %r1;
mov.u32 %r63, 0; setp.lt.u32 %q1, %tid_, 32; @%q1 bra CONSUME; st.shared.u32 [%r2], %tid_; bar.arrive 3, 64; bra END;
CONSUME: bar.sync 3, 64; ld.shared.u32 %r63, [%r2]; END: mov.u32 %r3, 0;)";
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    auto values = perThread(pipeline, 64, seed);
    for (uint32_t i = 0; i < 32; ++i)
      EXPECT_EQ(values[i], 32 + i);
  }
}

TEST(Warp, Atomics) {
  std::string body =
      R"(atom.global.add.u32 %r1, [%p0], %tid_; atom.global.max.s32 %r2, [%p0+4], %tid_; red.global.inc.u32 [%p0+8], 9;
atom.global.cas.b32 %r3, [%p0+12], 0, %tid_; red.global.add.f32 [%p0+16], 0f3F000000; atom.global.exch.b32 %r4, [%p0+20], 7;
red.global.add.noftz.f16x2 [%p0+24], 0x3c003c00; red.relaxed.sys.global.and.b32 [%p0+28], 0xff;)";
  KernelRun run(kernelText(body, 1));
  uint64_t out =
      run.input(std::vector<uint32_t>{100, 0, 0, 0, 0, 1, 0, 0xffff});
  ASSERT_TRUE(run.launch({2}, {64})) << run.report();
  auto values = run.read<uint32_t>(out, 8);
  EXPECT_EQ(values[0], 100u + 2 * 2016);
  EXPECT_EQ(values[1], 63u);
  EXPECT_EQ(values[2], 128u % 10);
  EXPECT_NE(values[3], 0u);
  EXPECT_EQ(values[4], std::bit_cast<uint32_t>(64.0f));
  EXPECT_EQ(values[5], 7u);
  EXPECT_EQ(values[6], 0x58005800u);
  EXPECT_EQ(values[7], 0xffu);
}

TEST(Warp, SpecialRegisters) {
  KernelRun run(kernelText(
      "mov.u32 %r1, %tid.y; mov.u32 %r2, %ctaid.z; mov.u32 %r3, %nctaid.x; "
      "mov.u32 %r4, %laneid; mov.u32 %r5, %lanemask_lt; mov.u32 %r6, "
      "%tid.x; mov.u32 %r7, %ntid.x; mad.lo.u32 %r8, %r1, %r7, %r6; "
      "setp.ne.u32 %q1, %r8, 5; setp.eq.or.u32 %q1, %r2, 0, %q1; @%q1 bra "
      "END; st.global.v2.u32 [%p0], {%r1, %r2}; st.global.v2.u32 [%p0+8], "
      "{%r3, %r4}; st.global.u32 [%p0+16], %r5; END: mov.u32 %r9, 0;",
      1));
  uint64_t out = run.output(20);
  ASSERT_TRUE(run.launch({1, 1, 2}, {4, 8})) << run.report();
  EXPECT_EQ(run.read<uint32_t>(out, 5),
            (std::vector<uint32_t>{1, 1, 1, 5, 31}));
}

/// The state that an arrival gives is that before it.
TEST(Mbarrier, PendingCount) {
  KernelRun run(kernelText(
      "mbarrier.init.shared.b64 [bar], 3; mbarrier.arrive.shared.b64 %rd1, "
      "[bar]; mbarrier.pending_count.b64 %r1, %rd1; mbarrier.arrive.shared.b64 "
      "%rd1, [bar]; mbarrier.pending_count.b64 %r2, %rd1; st.global.v2.u32 "
      "[%p0], {%r1, %r2};",
      1, ".shared .align 8 .b8 bar[8];"));
  uint64_t out = run.output(8);
  ASSERT_TRUE(run.launch({1}, {1})) << run.report();
  EXPECT_EQ(run.read<uint32_t>(out, 2), (std::vector<uint32_t>{3, 2}));
}

} // namespace
