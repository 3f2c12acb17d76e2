// Free mode: kernels whose threads wait for each other on several cores, and
// those that cannot go on. The kernels of the other tests run on several cores
// there (*SeveralCores*).
#include "Support.h"

#include <numeric>

using namespace moe::emu;
using namespace moe::emu::test;

namespace {

/// A persistent kernel: CTAs draw tickets until p1 of them are gone, and add
/// each to p0. The last one to leave sets p2.
const char *const kTickets = R"(
  ld.global.u32 %r1, [%p1];
  setp.ne.u32 %q0, %tid_, 0;
again:
  mov.u32 %r2, 0;
  @!%q0 atom.global.relaxed.gpu.add.u32 %r2, [%p1+4], 1;
  shfl.sync.idx.b32 %r2, %r2, 0, 31, -1;
  setp.ge.u32 %q1, %r2, %r1;
  @%q1 bra done;
  add.u32 %r3, %r2, %tid_;
  red.global.relaxed.gpu.add.u32 [%p0], %r3;
  bra again;
done:
  mov.u32 %r4, %nctaid.x;
  sub.u32 %r4, %r4, 1;
  @%q0 bra end;
  atom.global.acq_rel.gpu.inc.u32 %r5, [%p2], %r4;
  setp.eq.u32 %q2, %r5, %r4;
  @%q2 st.global.u32 [%p2+4], 1;
end:)";

/// A ring of CTAs: each waits for the flag of the one before, reads what it
/// left by a weak load, and hands on one more. %rd1: the flags.
const char *const kRing = R"(
  setp.ne.u32 %q0, %tid_, 0;
  @%q0 bra end;
  mov.u32 %r1, %ctaid.x;
  mul.wide.u32 %rd0, %r1, 4;
  add.u64 %rd1, %p0, %rd0;
  add.u64 %rd2, %p1, %rd0;
wait:
  ld.global.relaxed.gpu.u32 %r2, [%rd1];
  setp.eq.u32 %q1, %r2, 0;
  @%q1 bra wait;
  fence.acq_rel.gpu;
  ld.global.u32 %r3, [%rd2];
  add.u32 %r3, %r3, 1;
  st.global.u32 [%rd2+4], %r3;
  fence.acq_rel.gpu;
  st.global.relaxed.gpu.u32 [%rd1+4], 1;
end:)";

} // namespace

TEST(SeveralCores, PersistentTickets) {
  constexpr uint32_t kCount = 500, kCtas = 24;
  for (unsigned cores : {2u, 4u}) {
    EmulatorOptions options = optionsOf(onCores(cores));
    options.multiprocessors = 8;
    KernelRun run(kernelText(kTickets, 3), options);
    uint64_t sum = run.input(std::vector<uint32_t>(1));
    run.input(std::vector<uint32_t>{kCount, 0});
    uint64_t left = run.input(std::vector<uint32_t>(2));
    ASSERT_TRUE(run.launch({kCtas}, {32})) << run.report();
    EXPECT_EQ(run.read<uint32_t>(sum, 1)[0],
              32 * (kCount * (kCount - 1) / 2) + kCount * (31 * 32 / 2));
    EXPECT_EQ(run.read<uint32_t>(left, 2), (std::vector<uint32_t>{0, 1}));
  }
}

TEST(SeveralCores, AFlagHandsOnWhatCameBeforeIt) {
  constexpr uint32_t kCtas = 64;
  for (unsigned cores : {2u, 4u}) {
    KernelRun run(kernelText(kRing, 2), optionsOf(onCores(cores)));
    std::vector<uint32_t> flags(kCtas + 1), expected(kCtas + 1);
    flags[0] = 1;
    run.input(flags);
    uint64_t values = run.input(std::vector<uint32_t>(kCtas + 1));
    ASSERT_TRUE(run.launch({kCtas}, {32})) << run.report();
    std::iota(expected.begin(), expected.end(), 0u);
    EXPECT_EQ(run.read<uint32_t>(values, kCtas + 1), expected);
  }
}

/// Streams and events: a kernel of one device waits for that of another.
TEST(SeveralCores, EventsOrderStreams) {
  EmulatorOptions options = optionsOf(onCores(2));
  options.devices = 2;
  KernelRun run(kernelText("ld.global.u32 %r1, [%p0]; add.u32 %r1, %r1, 1; "
                           "st.global.u32 [%p0], %r1;",
                           1),
                options);
  uint64_t counter = run.input(std::vector<uint32_t>(1));
  for (unsigned i = 0; i < 20; ++i) {
    LaunchConfig config;
    config.device = i % 2;
    run.emulator.launch(*run.module, "k", config, run.arguments);
    uint64_t event = run.emulator.recordEvent(i % 2, 0);
    run.emulator.waitEvent((i + 1) % 2, 0, event);
  }
  EXPECT_TRUE(run.emulator.run()) << run.report();
  EXPECT_EQ(run.read<uint32_t>(counter, 1)[0], 20u);
}

/// A kernel goes on after the host's wait for another one.
TEST(SeveralCores, RunsOfOneStream) {
  KernelRun run(kernelText("wait: ld.acquire.sys.global.u32 %r1, [%p0]; "
                           "setp.eq.u32 %q0, %r1, 0; @%q0 bra wait; "
                           "st.global.u32 [%p0+4], 7;",
                           1),
                optionsOf(onCores(2)));
  Module &other = run.emulator.load(kernelText("st.global.u32 [%p0], 1;", 1));
  uint64_t flag = run.input(std::vector<uint32_t>(2));
  uint64_t unrelated = run.emulator.allocate(4);
  run.emulator.launch(*run.module, "k", {}, run.arguments);
  std::vector<char> arguments(8);
  LaunchConfig second;
  second.stream = 1;
  for (uint64_t to : {unrelated, flag}) {
    std::memcpy(arguments.data(), &to, 8);
    run.emulator.launch(other, "k", second, arguments);
    ASSERT_TRUE(run.emulator.run(0, 1)) << run.report();
  }
  EXPECT_TRUE(run.emulator.run()) << run.report();
  EXPECT_EQ(run.read<uint32_t>(flag, 2), (std::vector<uint32_t>{1, 7}));
}

TEST(SeveralCores, WhoCannotGoOnIsReported) {
  struct Case {
    const char *body;
    uint32_t ctas;
    FindingKind kind;
  };
  for (const Case &wrong :
       {// A barrier that half of a CTA never comes to.
        Case{"setp.lt.u32 %q0, %tid_, 32; @%q0 bar.sync 1, 64;", 4,
             FindingKind::Deadlock},
        // A flag that nobody sets.
        Case{"wait: ld.acquire.gpu.global.u32 %r1, [%p0]; setp.eq.u32 %q0, "
             "%r1, 0; @%q0 bra wait;",
             4, FindingKind::Livelock},
        // A flag that a CTA sets for which there is no room.
        Case{"mov.u32 %r2, %nctaid.x; shl.b32 %r2, %r2, 6; // all threads\n"
             "atom.global.add.u32 %r3, [%p0], 1;"
             "wait: ld.acquire.gpu.global.u32 %r1, [%p0]; setp.lt.u32 %q0, "
             "%r1, %r2; @%q0 bra wait;",
             6, FindingKind::Livelock},
        Case{"trap;", 8, FindingKind::Trap}}) {
    SCOPED_TRACE(wrong.body);
    EmulatorOptions options = optionsOf(onCores(2));
    options.multiprocessors = 1;
    options.livelockSlots = 100;
    KernelRun run(kernelText(wrong.body, 1), options);
    run.input(std::vector<uint32_t>(1));
    LaunchConfig config;
    config.grid = {wrong.ctas};
    config.block = {64};
    config.registers = 255; // room for four CTAs
    run.emulator.launch(*run.module, "k", config, run.arguments);
    ASSERT_FALSE(run.emulator.run()) << wrong.body;
    EXPECT_EQ(run.findings().back().kind, wrong.kind) << run.report();
  }
}

TEST(SeveralCores, NothingThatNeedsOneOrder) {
  EmulatorOptions options;
  options.cores = 2;
  EXPECT_THROW(Emulator{options}, UsageError); // checks
  options.checked = false;
  options.seed = 7;
  EXPECT_THROW(Emulator{options}, UsageError);
  options.seed = 1;
  options.counting = true;
  EXPECT_THROW(Emulator{options}, UsageError);
  options.counting = false;
  options.schedule = Schedule::Latest;
  EXPECT_THROW(Emulator{options}, UsageError);
}
