// Every check: a kernel that it must find, and a correct twin that it must not.
#include "Support.h"

#include <set>

using namespace moe::emu;
using namespace moe::emu::test;

namespace {

struct Case {
  std::string body;
  Dim3 grid{1};
  Dim3 block{64};
  std::string declarations{};
  std::vector<uint32_t> memory = std::vector<uint32_t>(256); ///< of p0
  uint32_t unwritten = 256;                                  ///< bytes of p1
  uint32_t dynamicShared = 0;
};

std::vector<Finding> findings(const Case &test, uint64_t seed) {
  EmulatorOptions options;
  options.seed = seed;
  options.livelockSlots = 3000;
  KernelRun run(kernelText(test.body, 2, test.declarations), options);
  run.input(test.memory);
  run.output(test.unwritten);
  run.launch(test.grid, test.block, test.dynamicShared);
  return run.findings();
}

/// `wrong` has a finding of this kind with each of 20 seeds, `right` none
/// with 20.
void check(FindingKind kind, const Case &wrong, const Case &right) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::set<FindingKind> found;
    for (const Finding &finding : findings(wrong, seed))
      found.insert(finding.kind);
    EXPECT_TRUE(found.count(kind))
        << "seed " << seed << " finds no " << findingName(kind);
    for (const Finding &finding : findings(right, seed))
      ADD_FAILURE() << "seed " << seed << ": " << formatFinding(finding, seed);
  }
}

const std::string kSlot =
    "shl.b32 %r1, %tid_, 2; cvt.u64.u32 %rd1, %r1; add.u64 %rd2, %p0, %rd1; "
    "mov.u32 %r2, box; add.u32 %r3, %r2, %r1; xor.b32 %r4, "
    "%r1, 128; add.u32 %r5, %r2, %r4;\n";
const std::string kBox = ".shared .align 4 .u32 box[64];";

TEST(Check, OutOfBounds) {
  check(FindingKind::OutOfBounds,
        {kSlot + "ld.global.u32 %r6, [%rd2+1016];", {1}, {64}, kBox},
        {kSlot + "ld.global.u32 %r6, [%rd2+768];", {1}, {64}, kBox});
  check(FindingKind::OutOfBounds,
        {kSlot + "st.shared.u32 [%r3+4], 1;", {1}, {64}, kBox},
        {kSlot + "st.shared.u32 [%r3], 1;", {1}, {64}, kBox});
  // Between two variables lies a red zone.
  std::string two = kBox + ".shared .align 4 .u32 other[64];";
  check(
      FindingKind::OutOfBounds,
      {kSlot + "mov.u32 %r7, other; st.shared.u32 [%r7+-4], 1;", {1}, {1}, two},
      {kSlot + "mov.u32 %r7, other; st.shared.u32 [%r7], 1;", {1}, {1}, two});
  check(FindingKind::OutOfBounds,
        {".local .b32 mine[2]; mov.u64 %rd1, mine; st.local.u32 [%rd1+8], 1;"},
        {".local .b32 mine[2]; mov.u64 %rd1, mine; st.local.u32 [%rd1+4], 1;"});
}

TEST(Check, Misaligned) {
  check(FindingKind::Misaligned, {"ld.global.v2.u32 {%r1, %r2}, [%p0+4];"},
        {"ld.global.v2.u32 {%r1, %r2}, [%p0+8];"});
  // An array of bf16 is aligned to 2 bytes and no better.
  check(FindingKind::Misaligned,
        {"mov.u32 %r1, tile; st.shared.u32 [%r1], 0;",
         {1},
         {1},
         ".shared .align 2 .b8 tile[64];"},
        {"mov.u32 %r1, tile; st.shared.u32 [%r1], 0;",
         {1},
         {1},
         ".shared .align 4 .b8 tile[64];"});
}

TEST(Check, Uninitialised) {
  check(FindingKind::UninitialisedMemory, {"ld.global.u32 %r1, [%p1];"},
        {"ld.global.u32 %r1, [%p0];"});
  check(FindingKind::UninitialisedMemory,
        {kSlot + "ld.shared.u32 %r6, [%r3];", {1}, {64}, kBox},
        {kSlot + "st.shared.u32 [%r3], 1; ld.shared.u32 %r6, [%r3];",
         {1},
         {64},
         kBox});
  check(FindingKind::UninitialisedRegister,
        {"setp.gt.u32 %q1, %tid_, 5; @%q1 mov.u32 %r1, 1; add.u32 %r2, %r1, 1; "
         "st.global.u32 [%p1], %r2;",
         {1},
         {1},
         ""},
        {"setp.lt.u32 %q1, %tid_, 5; mov.u32 %r1, 0; @%q1 mov.u32 %r1, 1; "
         "add.u32 %r2, %r1, 1; st.global.u32 [%p1], %r2;",
         {1},
         {1},
         ""});
}

TEST(Check, UninitialisedRegisterOfSomeLanesOnly) {
  Case right{"setp.lt.u32 %q1, %tid_, 5; @%q1 mov.u32 %r1, 1; @%q1 add.u32 "
             "%r2, %r1, 1;"};
  Case wrong{"setp.lt.u32 %q1, %tid_, 5; setp.lt.u32 %q2, %tid_, 6; @%q1 "
             "mov.u32 %r1, 1; @%q2 add.u32 %r2, %r1, 1;"};
  check(FindingKind::UninitialisedRegister, wrong, right);
  auto found = findings(wrong, 1);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].thread[0], 5u);
}

TEST(Check, Barriers) {
  check(FindingKind::Divergence,
        {"setp.lt.u32 %q1, %tid_, 5; @%q1 bra A; bra B; A: bar.sync 0; B: "
         "bar.sync 0;",
         {1},
         {32}},
        {"setp.lt.u32 %q1, %tid_, 32; @%q1 bra A; bra B; A: bar.sync 1, 32; B: "
         "bar.sync 0;",
         {1},
         {64}});
  check(FindingKind::BarrierMisuse,
        {"setp.lt.u32 %q1, %tid_, 32; @%q1 bra A; bar.sync 1, 64; bra B; A: "
         "bar.sync 1, 96; B: bar.sync 0;",
         {1},
         {64}},
        {"setp.lt.u32 %q1, %tid_, 32; @%q1 bra A; bar.sync 1, 64; bra B; A: "
         "bar.sync 1, 64; B: bar.sync 0;",
         {1},
         {64}});
  check(FindingKind::BarrierMisuse, {"mov.u32 %r1, 16; bar.sync %r1;"},
        {"mov.u32 %r1, 15; bar.sync %r1;"});
  check(
      FindingKind::Deadlock,
      {"setp.lt.u32 %q1, %tid_, 32; @%q1 bra A; bar.sync 1, 64; A: bar.sync 0;",
       {1},
       {64}},
      {"setp.lt.u32 %q1, %tid_, 32; bar.sync 1, 64; bar.sync 0;", {1}, {64}});
}

TEST(Check, DeadlockSaysWhoWaitsForWhat) {
  auto found = findings(
      {"setp.lt.u32 %q1, %tid_, 32; @%q1 bra A; bar.sync 1, 64; A: bar.sync 0;",
       {1},
       {64}},
      1);
  ASSERT_EQ(found.size(), 1u);
  ASSERT_EQ(found[0].notes.size(), 2u);
  EXPECT_NE(
      (found[0].notes[0] + found[0].notes[1])
          .find("32 threads from 32 wait at barrier 1 for 32 more threads"),
      std::string::npos);
}

TEST(Check, Livelock) {
  std::string wait = "SPIN: ld.acquire.gpu.global.u32 %r1, [%p0+4]; "
                     "setp.eq.u32 %q2, %r1, 0; @%q2 bra SPIN;";
  check(FindingKind::Livelock,
        {"setp.eq.u32 %q1, %gid_, 0; @%q1 st.release.gpu.global.u32 [%p0+8], "
         "1; " +
             wait,
         {2},
         {1}},
        {"setp.eq.u32 %q1, %gid_, 0; @%q1 st.release.gpu.global.u32 [%p0+4], "
         "1; " +
             wait,
         {2},
         {1}});
}

/// Who waits for ever is the finding, not that the others, which are let go on
/// without it in the end, come to the barrier alone.
TEST(Check, LivelockBeforeABarrier) {
  const std::string spin =
      "setp.ne.u32 %q1, %tid_, 0; @%q1 bra MEET; SPIN: "
      "ld.relaxed.gpu.global.u32 %r1, [%p0]; setp.eq.u32 %q2, %r1, 0; @%q2 bra "
      "SPIN; MEET: bar.sync 0;";
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    auto found = findings({spin, {1}, {64}}, seed);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].kind, FindingKind::Livelock);
  }
  check(FindingKind::Divergence,
        {"setp.lt.u32 %q1, %tid_, 5; @%q1 bar.sync 0;"}, {"bar.sync 0;"});
}

/// The same before an instruction of a whole warp.
TEST(Check, LivelockBeforeAWarpInstruction) {
  const std::string meet = "MEET: mov.u32 %r2, tile; ",
                    load = "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r3}, "
                           "[%r2];",
                    waits = "setp.ne.u32 %q1, %tid_, 0; @%q1 bra MEET; SPIN: "
                            "ld.relaxed.gpu.global.u32 %r1, [%p0]; setp.eq.u32 "
                            "%q2, %r1, 0; @%q2 bra SPIN; ";
  auto with = [&](const std::string &text) {
    return Case{"shl.b32 %r4, %tid_, 2; mov.u32 %r5, tile; add.u32 %r5, %r5, "
                "%r4; st.shared.u32 [%r5], 0; bar.warp.sync -1;" +
                    text,
                {1},
                {32},
                ".shared .align 16 .b32 tile[32];"};
  };
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    auto found = findings(with(waits + meet + load), seed);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].kind, FindingKind::Livelock);
    std::string report = formatFinding(found[0], seed);
    EXPECT_NE(report.find("31 threads from 1 wait for other lanes of their "
                          "warp"),
              std::string::npos)
        << report;
    // Who is let go on may do what the others wait for: then all meet.
    for (const Finding &finding :
         findings(with(waits + meet +
                       "@%q1 st.relaxed.gpu.global.u32 [%p0], 1;" + load),
                  seed))
      ADD_FAILURE() << formatFinding(finding, seed);
  }
  // Without anybody to wait for it is divergence.
  check(FindingKind::Divergence,
        with("setp.ne.u32 %q1, %tid_, 0; mov.u32 %r2, tile; @%q1 " + load),
        with("mov.u32 %r2, tile; " + load));
}

TEST(Check, SharedRaces) {
  std::string exchange = "st.shared.u32 [%r3], %tid_; ";
  check(FindingKind::Race,
        {kSlot + exchange + "ld.shared.u32 %r6, [%r5];", {1}, {64}, kBox},
        {kSlot + exchange + "bar.sync 0; ld.shared.u32 %r6, [%r5];",
         {1},
         {64},
         kBox});
  // Write after read.
  check(FindingKind::Race,
        {kSlot + exchange +
             "bar.sync 0; ld.shared.u32 %r6, [%r5]; st.shared.u32 [%r3], 0;",
         {1},
         {64},
         kBox},
        {kSlot + exchange +
             "bar.sync 0; ld.shared.u32 %r6, [%r5]; bar.sync 0; st.shared.u32 "
             "[%r3], 0;",
         {1},
         {64},
         kBox});
  // Lanes of one warp are ordered by bar.warp.sync only.
  std::string neighbour = "xor.b32 %r7, %r1, 4; add.u32 %r8, %r2, %r7; ";
  check(FindingKind::Race,
        {kSlot + neighbour + exchange + "ld.shared.u32 %r6, [%r8];",
         {1},
         {32},
         kBox},
        {kSlot + neighbour + exchange +
             "bar.warp.sync -1; ld.shared.u32 %r6, [%r8];",
         {1},
         {32},
         kBox});
  // Words that lanes store side by side, over those of the other warp.
  check(FindingKind::Race,
        {kSlot + exchange + "st.shared.u32 [%r5], 0;", {1}, {64}, kBox},
        {kSlot + exchange +
             "st.shared.u32 [%r3], 0; bar.sync 0; st.shared.u32 [%r5], 0; "
             "ld.shared.u32 %r6, [%r5];",
         {1},
         {64},
         kBox});
  // Different bytes of one word are different places.
  std::string bytes =
      "add.u32 %r7, %r2, %tid_; st.shared.u8 [%r7], %tid_; bar.sync 0; ";
  check(FindingKind::Race,
        {kSlot + bytes + "st.shared.u8 [%r2], %tid_;", {1}, {64}, kBox},
        {kSlot + bytes + "st.shared.u8 [%r7], 1;", {1}, {64}, kBox});
}

std::string messagePassing(const std::string &store, const std::string &load,
                           const std::string &between = "",
                           const std::string &after = "") {
  return "setp.eq.u32 %q1, %gid_, 0; @!%q1 bra READ; st.global.u32 [%p0], "
         "42; " +
         between + " " + store + " [%p0+4], 1; bra END; READ: " + load +
         " %r1, [%p0+4]; setp.eq.u32 %q2, %r1, 0; @%q2 bra READ; " + after +
         " ld.global.u32 %r2, [%p0]; END: mov.u32 %r3, 0;";
}

/// What lanes of a warp do together orders nothing, but for bar.warp.sync.
TEST(Check, RacesWithinAWarp) {
  auto exchange = [](const std::string &between) {
    return Case{"shl.b32 %r1, %tid_, 2; mov.u32 %r2, box; add.u32 %r3, %r2, "
                "%r1; xor.b32 %r4, %r1, 4; add.u32 %r5, %r2, %r4; setp.eq.u32 "
                "%q1, %tid_, 0; st.shared.u32 [%r3], %tid_; " +
                    between + " ld.shared.u32 %r6, [%r5];",
                {1},
                {32},
                kBox};
  };
  for (const char *together :
       {"shfl.sync.idx.b32 %r7, %tid_, 0, 31, -1;",
        "vote.sync.any.pred %q2, %q1, -1;",
        "match.any.sync.b32 %r7, %tid_, -1;",
        "redux.sync.add.u32 %r7, %tid_, -1;", "elect.sync _|%q2, -1;"})
    check(FindingKind::Race, exchange(together), exchange("bar.warp.sync -1;"));
}

TEST(Check, MessagePassing) {
  Case right{
      messagePassing("st.release.gpu.global.u32", "ld.acquire.gpu.global.u32"),
      {2},
      {1}};
  for (const std::string &wrong : {messagePassing("st.relaxed.gpu.global.u32",
                                                  "ld.acquire.gpu.global.u32"),
                                   messagePassing("st.release.gpu.global.u32",
                                                  "ld.relaxed.gpu.global.u32"),
                                   messagePassing("st.release.cta.global.u32",
                                                  "ld.acquire.gpu.global.u32"),
                                   messagePassing("st.release.gpu.global.u32",
                                                  "ld.acquire.cta.global.u32")})
    check(FindingKind::Race, {wrong, {2}, {1}}, right);
  // Fences make relaxed accesses release and acquire.
  Case fenced{messagePassing("st.relaxed.gpu.global.u32",
                             "ld.relaxed.gpu.global.u32", "fence.acq_rel.gpu;",
                             "fence.acq_rel.gpu;"),
              {2},
              {1}};
  for (const auto &[before, after] :
       std::vector<std::pair<std::string, std::string>>{
           {"", "fence.acq_rel.gpu;"},
           {"fence.acq_rel.gpu;", ""},
           {"fence.acq_rel.cta;", "fence.acq_rel.gpu;"}})
    check(FindingKind::Race,
          {messagePassing("st.relaxed.gpu.global.u32",
                          "ld.relaxed.gpu.global.u32", before, after),
           {2},
           {1}},
          fenced);
  // What a reduction reads is not acquired by a fence behind it.
  auto atomic = [](const char *add) {
    return std::string("setp.eq.u32 %q1, %gid_, 0; @%q1 bra READ; "
                       "st.global.u32 [%p0], 42; st.release.gpu.global.u32 "
                       "[%p0+4], 1; bra END; READ: mov.u32 %r1, 1; ") +
           add +
           "fence.acq_rel.gpu; setp.ne.u32 %q2, %r1, 1; @%q2 bra END; "
           "ld.global.u32 %r2, [%p0]; END: mov.u32 %r3, 0;";
  };
  check(FindingKind::Race,
        {atomic("red.relaxed.gpu.global.add.u32 [%p0+4], 1;"), {2}, {1}},
        {atomic("atom.relaxed.gpu.global.add.u32 %r1, [%p0+4], 1;"), {2}, {1}});
}

TEST(Check, ReleaseSequencesAndCumulativity) {
  // The release of one thread reaches through the relaxed increments of others.
  std::string chain =
      "setp.eq.u32 %q1, %gid_, 0; setp.eq.u32 %q3, %gid_, 2; @%q3 bra READ; "
      "@!%q1 bra ADD; st.global.u32 [%p0], 42; "
      "red.release.gpu.global.add.u32 [%p0+4], 1; bra END; ADD: "
      "red.relaxed.gpu.global.add.u32 [%p0+4], 1; bra END; READ: "
      "ld.acquire.gpu.global.u32 %r1, [%p0+4]; setp.ne.u32 %q2, %r1, 2; @%q2 "
      "bra READ; ld.global.u32 %r2, [%p0]; END: mov.u32 %r3, 0;";
  std::string broken = chain;
  broken.replace(broken.find("red.release"), 11, "red.relaxed");
  check(FindingKind::Race, {broken, {3}, {1}}, {chain, {3}, {1}});
  // All threads of a CTA write, one releases behind the barrier.
  std::string publish =
      "setp.ge.u32 %q1, %gid_, 64; @%q1 bra READ; mul.wide.u32 %rd1, %tid_, 4; "
      "add.u64 %rd2, %p0, %rd1; st.global.u32 [%rd2+64], 1; "
      "bar.sync 0; setp.eq.u32 %q3, %tid_, 0; @%q3 st.release.gpu.global.u32 "
      "[%p0+4], 1; bra END; READ: ld.acquire.gpu.global.u32 %r1, "
      "[%p0+4]; setp.eq.u32 %q2, %r1, 0; @%q2 bra READ; ld.global.u32 %r2, "
      "[%p0+312]; END: mov.u32 %r3, 0;";
  std::string unsynchronised = publish;
  unsynchronised.erase(unsynchronised.find("bar.sync 0;"), 11);
  check(FindingKind::Race, {unsynchronised, {2}, {64}}, {publish, {2}, {64}});
}

TEST(Check, GlobalRacesAcrossLaunches) {
  // Launches of one stream are ordered, of two streams not.
  for (bool sameStream : {true, false}) {
    Emulator emulator;
    Module &module =
        emulator.load(kernelText("st.global.u32 [%p0], %gid_;", 1));
    uint64_t out = emulator.allocate(4);
    std::vector<char> arguments(8);
    std::memcpy(arguments.data(), &out, 8);
    for (unsigned launch = 0; launch < 2; ++launch) {
      LaunchConfig config;
      config.stream = sameStream ? 0 : launch;
      emulator.launch(module, "k", config, arguments);
    }
    EXPECT_EQ(emulator.run(), sameStream);
  }
}

TEST(Check, Assertions) {
  // As nvcc compiles assert(): a call of a function that the driver has.
  std::string declarations =
      ".extern .func __assertfail(.param .b64 a, .param .b64 b, .param .b32 c, "
      ".param .b64 d, .param .b64 e);";
  std::string call =
      "@%q1 bra GOOD; { .param .b64 p0; .param .b64 p1; .param .b32 p2; .param "
      ".b64 p3; .param .b64 p4; st.param.b64 [p0], %p0; st.param.b64 [p1], "
      "%p0; st.param.b32 [p2], 7; st.param.b64 [p3], %p0; st.param.b64 [p4], "
      "1; call.uni __assertfail, (p0, p1, p2, p3, p4); } GOOD: mov.u32 %r1, 0;";
  check(FindingKind::Trap,
        {"setp.lt.u32 %q1, %tid_, 63; " + call, {1}, {64}, declarations},
        {"setp.lt.u32 %q1, %tid_, 64; " + call, {1}, {64}, declarations});
}

TEST(Check, ReleasedMemory) {
  for (bool released : {true, false}) {
    KernelRun run(kernelText("ld.global.u32 %r1, [%p0+4];", 1));
    uint64_t memory = run.input(std::vector<uint32_t>(4));
    if (released)
      run.emulator.release(memory);
    run.launch({1}, {1});
    ASSERT_EQ(run.findings().size(), released ? 1u : 0u) << run.report();
    if (released) {
      EXPECT_EQ(run.findings()[0].kind, FindingKind::UseAfterFree);
    }
  }
}

TEST(Check, ScopesAcrossDevices) {
  for (const char *scope : {"sys", "gpu"}) {
    EmulatorOptions options;
    options.devices = 2;
    Emulator emulator(options);
    std::string text =
        messagePassing(std::string("st.release.") + scope + ".global.u32",
                       std::string("ld.acquire.") + scope + ".global.u32");
    // Each device runs one CTA; the second parameter says which it is.
    text = "cvt.u32.u64 %gid_, %p1; " + text;
    Module &module = emulator.load(kernelText(text, 2));
    uint64_t window = emulator.allocate(256, 1, "window");
    std::vector<uint32_t> zeros(64);
    emulator.write(window, zeros.data(), 256);
    for (unsigned device = 0; device < 2; ++device) {
      std::vector<char> arguments(16);
      uint64_t rank = device;
      std::memcpy(arguments.data(), &window, 8);
      std::memcpy(arguments.data() + 8, &rank, 8);
      LaunchConfig config;
      config.device = device;
      emulator.launch(module, "k", config, arguments);
    }
    EXPECT_EQ(emulator.run(), std::string(scope) == "sys");
  }
}

TEST(Check, AsyncCopies) {
  std::string copy =
      kSlot +
      "cp.async.ca.shared.global [%r3], [%rd2], 4; cp.async.commit_group; ";
  Case right{copy +
                 "cp.async.wait_group 0; bar.sync 0; ld.shared.u32 %r6, [%r5];",
             {1},
             {64},
             kBox};
  check(FindingKind::Race,
        {copy + "bar.sync 0; ld.shared.u32 %r6, [%r5];", {1}, {64}, kBox},
        right);
  check(FindingKind::Race,
        {copy + "cp.async.wait_group 1; bar.sync 0; ld.shared.u32 %r6, [%r5];",
         {1},
         {64},
         kBox},
        right);
  check(FindingKind::Race,
        {copy + "cp.async.wait_group 0; ld.shared.u32 %r6, [%r5];",
         {1},
         {64},
         kBox},
        right);
}

TEST(Check, Mbarriers) {
  std::string init =
      ".shared .align 8 .b64 bar; mov.u32 %r1, bar; setp.eq.u32 %q1, %tid_, 0; "
      "@%q1 mbarrier.init.shared.b64 [%r1], COUNT; bar.sync 0;\n";
  std::string wait = "WAIT: mbarrier.try_wait.parity.shared.b64 %q2, [%r1], 0; "
                     "@!%q2 bra WAIT; ";
  auto text = [&](const std::string &count, const std::string &rest) {
    std::string result = init + rest;
    return result.replace(result.find("COUNT"), 5, count);
  };
  Case right{
      text("64", "mbarrier.arrive.shared.b64 %rd5, [%r1]; " + wait), {1}, {64}};
  check(FindingKind::Livelock,
        {text("65", "mbarrier.arrive.shared.b64 %rd5, [%r1]; " + wait),
         {1},
         {64}},
        right);
  check(FindingKind::MbarrierMisuse,
        {text("64", "st.shared.u64 [%r1], %rd5; "),
         {1},
         {1},
         ".global .u32 unused;"},
        right);
  check(FindingKind::MbarrierMisuse,
        {text("1", "mbarrier.arrive.shared.b64 %rd5, [%r1], 2;"), {1}, {1}},
        right);
  check(FindingKind::MbarrierMisuse,
        {"mov.u32 %r1, bar; mbarrier.arrive.shared.b64 %rd5, [%r1];",
         {1},
         {1},
         ".shared .align 8 .b64 bar;"},
        right);
  // The first thread leaves, and the other one goes on alone.
  std::string leaves =
      "setp.eq.u32 %q3, %tid_, 0; @%q3 mbarrier.arrive_drop.expect_tx"
      ".shared::cta.b64 %rd5, [%r1], 16; @%q3 mbarrier.complete_tx.shared::cta"
      ".b64 [%r1], 16; @!%q3 mbarrier.arrive.shared.b64 %rd5, [%r1]; " +
      wait +
      "@!%q3 mbarrier.arrive.shared.b64 %rd5, [%r1]; SECOND: "
      "mbarrier.try_wait.parity.shared.b64 %q2, [%r1], 1; @!%q2 bra SECOND;";
  std::string stays = leaves;
  stays.replace(stays.find("arrive_drop"), 11, "arrive");
  check(FindingKind::Livelock, {text("2", stays), {1}, {2}},
        {text("2", leaves), {1}, {2}});
  // Data handed over through the barrier.
  std::string data =
      "st.shared.u32 [%r3], %tid_; mbarrier.arrive.shared.b64 %rd5, [%r9]; "
      "WAIT: mbarrier.test_wait.shared.b64 %q2, [%r9], %rd5; @!%q2 bra "
      "WAIT; ld.shared.u32 %r6, [%r5];";
  std::string setUp = kSlot +
                      "mov.u32 %r9, bar; setp.eq.u32 %q1, %tid_, 0; @%q1 "
                      "mbarrier.init.shared.b64 [%r9], 64; bar.sync 0;";
  std::string late = data;
  late.replace(late.find("st.shared.u32 [%r3], %tid_; "), 28, "");
  late.replace(late.find("WAIT:"), 5, "st.shared.u32 [%r3], %tid_; WAIT:");
  std::string variables = kBox + ".shared .align 8 .b64 bar;";
  check(FindingKind::Race, {setUp + late, {1}, {64}, variables},
        {setUp + data, {1}, {64}, variables});
}

TEST(Check, BulkCopies) {
  // In: thread 0 fetches 256 bytes, all wait and read.
  std::string variables =
      ".shared .align 16 .b8 tile[256]; .shared .align 8 .b64 bar;";
  auto in = [&](const std::string &expect, const std::string &wait,
                const std::string &init = "1") {
    return Case{
        "mov.u32 %r1, tile; mov.u32 %r9, bar; setp.eq.u32 %q1, %tid_, 0; @%q1 "
        "mbarrier.init.shared.b64 [%r9], " +
            init +
            "; bar.sync 0; @!%q1 bra "
            "WAIT; mbarrier.arrive.expect_tx.shared.b64 %rd5, [%r9], " +
            expect +
            "; "
            "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes "
            "[%r1], [%p0], 256, [%r9]; WAIT: " +
            wait +
            " shl.b32 %r2, %tid_, 2; add.u32 %r3, %r1, %r2; ld.shared.u32 %r4, "
            "[%r3]; bar.sync 0;",
        {1},
        {64},
        variables};
  };
  std::string wait =
      "mbarrier.try_wait.parity.shared.b64 %q2, [%r9], 0; @!%q2 bra WAIT;";
  Case right = in("256", wait);
  check(FindingKind::Race,
        in("256", "setp.eq.u32 %q2, %tid_, 99; @%q2 bra WAIT;"), right);
  check(FindingKind::Livelock, in("512", wait), right);
  check(
      FindingKind::Race,
      in("256",
         "mbarrier.try_wait.parity.shared.b64 %q2, [%r9], 1; @!%q2 bra WAIT;"),
      right);
  // Out: all write, one copies.
  auto out = [&](const std::string &fence, const std::string &end,
                 const std::string &barrier = "bar.sync 0;") {
    return Case{
        "mov.u32 %r1, tile; shl.b32 %r2, %tid_, 2; add.u32 %r3, %r1, %r2; "
        "st.shared.u32 [%r3], %tid_; " +
            fence + barrier +
            " setp.ne.u32 %q1, %tid_, 0; @%q1 bra END; "
            "cp.async.bulk.global.shared::cta.bulk_group [%p1], [%r1], 256; "
            "cp.async.bulk.commit_group; " +
            end + " END: bar.sync 0;",
        {1},
        {64},
        variables};
  };
  Case good = out("fence.proxy.async.shared::cta; ",
                  "cp.async.bulk.wait_group 0; ld.global.u32 %r4, [%p1+252];");
  check(FindingKind::Race, out("", "cp.async.bulk.wait_group 0;"), good);
  check(
      FindingKind::Race,
      out("fence.proxy.async.shared::cta; ", "cp.async.bulk.wait_group 0;", ""),
      good);
  check(FindingKind::Race,
        out("fence.proxy.async.shared::cta; ",
            "cp.async.bulk.wait_group.read 0; ld.global.u32 %r4, [%p1+252];"),
        good);
  check(FindingKind::Race,
        out("fence.proxy.async.shared::cta; ",
            "cp.async.bulk.wait_group 1; st.shared.u32 [%r1], 1; "
            "cp.async.bulk.wait_group 0;"),
        out("fence.proxy.async.shared::cta; ",
            "cp.async.bulk.wait_group.read 0; st.shared.u32 [%r1], 1;"));
  // One-way proxy fences, of the writers or of the issuer.
  const std::string oneWay = "fence.proxy.async::generic.",
                    release =
                        oneWay + "release.sync_restrict::shared::cta.cluster; ",
                    acquire =
                        oneWay +
                        "acquire.sync_restrict::shared::cluster.cluster; ";
  check(FindingKind::Race,
        out("fence.acq_rel.cta; ", "cp.async.bulk.wait_group 0;"),
        out(release, "cp.async.bulk.wait_group 0;"));
  check(FindingKind::Race, out("", "cp.async.bulk.wait_group 0;"),
        out("", "cp.async.bulk.wait_group 0;", "bar.sync 0; " + acquire));
  // They say nothing of global memory.
  auto global = [&](const std::string &fence) {
    std::string text = in("256", wait).body;
    const std::string copy = "cp.async.bulk.shared";
    text.insert(text.find(copy), "st.global.u32 [%p0], 1; " + fence);
    return Case{text, {1}, {64}, variables};
  };
  check(FindingKind::Race, global(release + acquire),
        global("fence.proxy.async.global; "));
  check(FindingKind::AsyncMisuse,
        {"mov.u32 %r1, tile; cp.async.bulk.global.shared::cta.bulk_group "
         "[%p1], [%r1], 24;",
         {1},
         {1},
         variables},
        good);
}

TEST(Check, OtherMisuse) {
  check(FindingKind::Trap, {"trap;"},
        {"setp.eq.u32 %q1, %tid_, 99; @%q1 trap;"});
  check(FindingKind::ReadOnlyWrite,
        {"mov.u64 %rd1, table; st.global.u32 [%rd1], 1;",
         {1},
         {1},
         ".const .u32 table = 5;"},
        {"mov.u64 %rd1, table; st.global.u32 [%rd1], 1;",
         {1},
         {1},
         ".global .u32 table = 5;"});
  check(FindingKind::Divergence,
        {"setp.lt.u32 %q1, %tid_, 5; @%q1 shfl.sync.idx.b32 %r1, %tid_, 0, 31, "
         "0x1e;",
         {1},
         {32}},
        {"shfl.sync.idx.b32 %r1, %tid_, 0, 31, -1;", {1}, {32}});
}

TEST(Check, NotResident) {
  // A grid barrier of more CTAs than fit never completes, and the report says
  // which CTAs are missing.
  std::string body = "red.release.gpu.global.add.u32 [%p0], 1; SPIN: "
                     "ld.acquire.gpu.global.u32 %r1, [%p0]; setp.lt.u32 %q1, "
                     "%r1, 3; @%q1 bra SPIN;";
  for (unsigned multiprocessors : {2u, 3u}) {
    EmulatorOptions options;
    options.multiprocessors = multiprocessors;
    options.livelockSlots = 3000;
    KernelRun run(kernelText(body, 1), options);
    run.input(std::vector<uint32_t>{0});
    // Almost all of the shared memory of a multiprocessor each.
    EXPECT_EQ(run.launch({3}, {1}, 200000), multiprocessors == 3)
        << run.report();
    if (multiprocessors == 2) {
      ASSERT_EQ(run.findings().size(), 1u);
      EXPECT_EQ(run.findings()[0].kind, FindingKind::Livelock);
      EXPECT_NE(
          run.findings()[0].notes.back().find("CTAs that are not resident: 1"),
          std::string::npos);
    }
  }
}

TEST(Check, KernelsOfTwoStreamsRunTogether) {
  // CTAs that poll until a kernel of another stream, for which there has to be
  // room, writes.
  std::string poll = "SPIN: ld.acquire.gpu.global.u32 %r1, [%p0]; "
                     "setp.eq.u32 %q1, %r1, 0; @%q1 bra SPIN;",
              raise = "st.release.gpu.global.u32 [%p0], 1;";
  auto finish = [&](uint32_t polling, unsigned stream, uint64_t seed) {
    EmulatorOptions options;
    options.seed = seed;
    options.schedule = static_cast<Schedule>(seed % 3);
    options.multiprocessors = 2;
    options.livelockSlots = 3000;
    KernelRun run(kernelText(poll, 1), options);
    run.input(std::vector<uint32_t>{0});
    LaunchConfig config;
    config.dynamicShared = 100000; // two of a multiprocessor
    config.grid = {polling};
    run.emulator.launch(*run.module, "k", config, run.arguments);
    config.grid = {1};
    config.stream = stream;
    run.emulator.launch(run.emulator.load(kernelText(raise, 1)), "k", config,
                        run.arguments);
    return run.emulator.run();
  };
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    EXPECT_TRUE(finish(3, 1, seed));
    EXPECT_FALSE(finish(4, 1, seed));
    EXPECT_FALSE(finish(3, 0, seed));
  }
}

TEST(Check, CopiesAreDoneEarlyOrLate) {
  // Two copies to one place of each kind, without checks, which would find the
  // race: what is there at once and what is there in the end.
  std::string body =
      "mov.u32 %r1, tile; mov.u32 %r9, bar; mbarrier.init.shared.b64 [%r9], 1; "
      "mov.u32 %r8, 7; st.shared.u32 [%r1], %r8; st.shared.u32 [%r1+16], %r8;\n"
      "mbarrier.arrive.expect_tx.shared.b64 _, [%r9], 32;\n";
  for (int copy = 0; copy < 2; ++copy) {
    std::string from = "[%p" + std::to_string(copy) + "]";
    body += "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes "
            "[%r1], " +
            from + ", 16, [%r9]; cp.async.ca.shared.global [%r1+16], " + from +
            ", 4;\n";
  }
  body += "ld.shared.u32 %r2, [%r1]; ld.shared.u32 %r3, [%r1+16];\n"
          "cp.async.wait_all; WAIT: mbarrier.try_wait.parity.shared.b64 %q1, "
          "[%r9], 0; @!%q1 bra WAIT;\n"
          "ld.shared.u32 %r4, [%r1]; ld.shared.u32 %r5, [%r1+16]; "
          "st.global.v4.u32 [%p2], {%r2, %r3, %r4, %r5};";
  auto values = [&](Schedule schedule, uint64_t seed) {
    EmulatorOptions options;
    options.seed = seed;
    options.schedule = schedule;
    options.checked = false;
    KernelRun run(kernelText(body, 3,
                             ".shared .align 16 .b8 tile[32]; .shared .align 8 "
                             ".b64 bar;"),
                  options);
    run.input(std::vector<uint32_t>(4, 1));
    run.input(std::vector<uint32_t>(4, 2));
    uint64_t out = run.output(16);
    EXPECT_TRUE(run.launch({1}, {1})) << run.report();
    return run.read<uint32_t>(out, 4);
  };
  std::set<std::vector<uint32_t>> seen;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    EXPECT_EQ(values(Schedule::Starve, seed),
              (std::vector<uint32_t>{2, 2, 2, 2}));
    EXPECT_EQ(values(Schedule::Latest, seed),
              (std::vector<uint32_t>{7, 7, 1, 1}));
    seen.insert(values(Schedule::Random, seed));
  }
  EXPECT_GT(seen.size(), 4u);
}

TEST(Check, AsyncArrivals) {
  // Threads copy a word each, and read their neighbour's when all have arrived.
  auto exchange = [](const std::string &arrive, const std::string &end) {
    return Case{
        kSlot +
            "mov.u32 %r9, bar; setp.eq.u32 %q1, %tid_, 0; @%q1 "
            "mbarrier.init.shared.b64 [%r9], 64; bar.sync 0; cvt.u64.u32 "
            "%rd3, %r9; cvta.shared.u64 %rd4, %rd3; "
            "cp.async.ca.shared.global [%r3], [%rd2], 4;\n" +
            arrive +
            "\nWAIT: mbarrier.try_wait.parity.shared.b64 %q2, [%r9], 0;" + end +
            " ld.shared.u32 %r6, [%r5]; cp.async.wait_all; bar.sync 0;",
        {1},
        {64},
        kBox + ".shared .align 8 .b64 bar;"};
  };
  const std::string wait = "@!%q2 bra WAIT;";
  Case right = exchange("cp.async.mbarrier.arrive.noinc.b64 [%rd4];", wait);
  check(FindingKind::Race,
        exchange("cp.async.mbarrier.arrive.noinc.b64 [%rd4];", ""), right);
  check(FindingKind::Race,
        exchange("mbarrier.arrive.shared.b64 %rd5, [%r9];", wait), right);
  check(FindingKind::Livelock,
        exchange("cp.async.mbarrier.arrive.b64 [%rd4];", wait),
        exchange("cp.async.mbarrier.arrive.noinc.shared.b64 [%r9];", wait));
  check(FindingKind::MbarrierMisuse,
        exchange("cp.async.mbarrier.arrive.noinc.b64 [%p0];", wait), right);
}

TEST(Check, RegistersLimitResidency) {
  Emulator emulator;
  LaunchConfig config;
  config.block = {256};
  auto fits = [&](const char *directive, uint32_t registers) {
    std::string text = kernelText("bar.sync 0;", 0);
    text.replace(text.find(")\n{"), 1, std::string(")\n") + directive);
    config.registers = registers;
    return emulator.occupancy(emulator.load(text), "k", config);
  };
  EXPECT_EQ(fits("", 0), 8u); // by threads
  EXPECT_EQ(fits("", 32), 8u);
  EXPECT_EQ(fits("", 33), 6u); // 40 registers: 8 warps take 10240
  EXPECT_EQ(fits("", 128), 2u);
  EXPECT_EQ(fits(".maxnreg 128", 0), 2u);
  EXPECT_EQ(fits(".maxnreg 128", 64), 4u);
}

TEST(Check, SeedsReplay) {
  Case test{
      messagePassing("st.relaxed.gpu.global.u32", "ld.acquire.gpu.global.u32"),
      {2},
      {32}};
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    auto first = findings(test, seed), second = findings(test, seed);
    ASSERT_EQ(first.size(), second.size());
    for (size_t i = 0; i < first.size(); ++i)
      EXPECT_EQ(formatFinding(first[i], seed), formatFinding(second[i], seed));
  }
}

} // namespace
