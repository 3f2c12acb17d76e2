// Clusters: distributed shared memory, the barrier of a cluster, mbarriers of
// other CTAs, programmatic launches. Every check has a kernel that it must
// find.
#include "Support.h"

#include <set>

using namespace moe::emu;
using namespace moe::emu::test;

namespace cluster_test {

// Every CTA writes its rank + 100 to `box`, and reads the box of the next one.
const std::string kNext =
    "mov.u32 %r1, %cluster_ctarank; mov.u32 %r2, %cluster_nctarank; add.u32 "
    "%r3, %r1, 1; rem.u32 %r3, %r3, %r2; mov.u32 %r4, box; mapa.shared::cluster"
    ".u32 %r5, %r4, %r3; add.u32 %r6, %r1, 100; mov.u32 %r7, %ctaid.x; "
    "mul.wide.u32 %rd1, %r7, 4; add.u64 %rd2, %p0, %rd1;\n";
const std::string kBox =
    ".shared .align 16 .b8 box[16]; .shared .align 8 .b8 bar[16];";
const std::string kSync = "barrier.cluster.arrive.aligned; "
                          "barrier.cluster.wait.aligned;\n";

struct Case {
  std::string body;
  uint32_t cluster = 2;
  uint32_t grid = 4;
  uint32_t threads = 32;
};

struct Result {
  std::set<FindingKind> kinds;
  std::string report;
  std::vector<uint32_t> values;
};

Result runCase(const Case &test, uint64_t seed) {
  EmulatorOptions options;
  options.seed = seed;
  options.schedule = static_cast<Schedule>(seed % 3);
  options.livelockSlots = 3000;
  KernelRun run(kernelText(test.body, 1, kBox), options);
  uint64_t out = run.input(std::vector<uint32_t>(64, 9999));
  LaunchConfig config;
  config.grid = {test.grid};
  config.block = {test.threads};
  config.cluster = {test.cluster};
  run.emulator.launch(*run.module, "k", config, run.arguments);
  run.emulator.run();
  Result result;
  for (const Finding &finding : run.findings())
    result.kinds.insert(finding.kind);
  result.report = run.report();
  result.values = run.read<uint32_t>(out, 64);
  return result;
}

/// `wrong` has a finding of this kind with each of 20 seeds, `right` none.
void check(FindingKind kind, const Case &wrong, const Case &right) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Result result = runCase(wrong, seed);
    EXPECT_TRUE(result.kinds.count(kind)) << "seed " << seed << result.report;
    EXPECT_EQ(runCase(right, seed).report, "");
  }
}

const std::string kExchange = kNext + "st.shared.u32 [%r4], %r6;\n" + kSync +
                              "ld.shared::cluster.u32 %r8, [%r5]; "
                              "st.relaxed.gpu.global.u32 [%rd2], %r8;\n";

TEST(Cluster, ReadsTheNextCta) {
  for (uint64_t seed = 1; seed <= 10; ++seed)
    for (uint32_t size : {1u, 2u, 4u, 8u}) {
      Result result = runCase({kExchange + kSync, size, 8, 1}, seed);
      EXPECT_EQ(result.report, "");
      for (uint32_t cta = 0; cta < 8; ++cta)
        EXPECT_EQ(result.values[cta], 100 + (cta % size + 1) % size);
    }
}

TEST(Cluster, GenericPointersAndAtomics) {
  std::string generic =
      kNext + "setp.eq.u32 %q1, %tid_, 0; @%q1 st.shared.u32 [%r4], 0;\n" +
      kSync +
      "cvt.u64.u32 %rd3, %r4; cvta.shared.u64 %rd4, %rd3; mapa.u64 %rd5, %rd4, "
      "%r3; atom.add.relaxed.cluster.u32 %r8, [%rd5], 2; cvta.to.shared.u64 "
      "%rd6, %rd5; cvt.u32.u64 %r10, %rd6; red.relaxed.cluster.shared::cluster"
      ".add.u32 [%r10], 1; getctarank.u64 %r11, %rd5; setp.ne.u32 %q2, %r11, "
      "%r3; @%q2 trap; getctarank.shared::cluster.u32 %r12, %r10; setp.ne.u32 "
      "%q2, %r12, %r3; @%q2 trap;\n" +
      kSync + "ld.shared.u32 %r9, [%r4]; @%q1 st.global.u32 [%rd2], %r9;";
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Result result = runCase({generic, 4}, seed);
    EXPECT_EQ(result.report, "");
    EXPECT_EQ(result.values[2], 96u);
  }
}

// Addresses of a CTA's own variables have its rank in their upper bits. CUTLASS
// clears the lowest of them to name the even CTA of a pair.
TEST(Cluster, AddressesHaveTheRank) {
  std::string body =
      kNext +
      "st.shared.u32 [%r4], %r6; shr.u32 %r9, %r4, 24; setp.ne.u32 %q1, %r9, "
      "%r1; @%q1 trap; cvt.u64.u32 %rd3, %r4; cvta.shared.u64 %rd4, %rd3; "
      "mov.u64 "
      "%rd5, box; cvta.shared.u64 %rd6, %rd5; setp.ne.u64 %q1, %rd4, %rd6; "
      "@%q1 "
      "trap; ld.u32 %r10, [%rd4]; setp.ne.u32 %q1, %r10, %r6; @%q1 trap;\n" +
      kSync +
      "and.b32 %r11, %r4, 0xfeffffff; ld.shared::cluster.u32 %r8, [%r11]; "
      "st.global.u32 [%rd2], %r8;" +
      kSync;
  for (uint64_t seed = 1; seed <= 10; ++seed)
    for (uint32_t size : {1u, 2u, 4u}) {
      Result result = runCase({body, size, 8, 1}, seed);
      EXPECT_EQ(result.report, "");
      for (uint32_t cta = 0; cta < 8; ++cta)
        EXPECT_EQ(result.values[cta], 100 + (cta % size & ~1u));
    }
  // An address of the even CTA is none of the odd one's own memory.
  check(FindingKind::OutOfBounds,
        {kNext + "and.b32 %r11, %r4, 0xfeffffff; st.shared.u32 [%r11], %r6;" +
             kSync,
         2, 4, 1},
        {kNext + "st.shared.u32 [%r4], %r6;" + kSync, 2, 4, 1});
}

TEST(Cluster, SpecialRegisters) {
  KernelRun run(kernelText("mov.u32 %r1, %clusterid.y; mov.u32 %r2, "
                           "%nclusterid.x; mov.u32 %r3, %cluster_ctaid.x; "
                           "mov.u32 %r4, %cluster_nctaid.y; mov.u32 %r5, "
                           "%cluster_ctarank; mov.u32 %r6, %ctaid.x; mov.u32 "
                           "%r7, %ctaid.y; mad.lo.u32 %r8, %r7, 4, %r6; "
                           "mul.wide.u32 %rd1, %r8, 20; add.u64 %rd1, %rd1, "
                           "%p0; st.global.u32 [%rd1], %r1; st.global.u32 "
                           "[%rd1+4], %r2; st.global.u32 [%rd1+8], %r3; "
                           "st.global.u32 [%rd1+12], %r4; st.global.u32 "
                           "[%rd1+16], %r5;",
                           1));
  uint64_t out = run.output(16 * 20);
  LaunchConfig config;
  config.grid = {4, 4};
  config.cluster = {2, 2};
  run.emulator.launch(*run.module, "k", config, run.arguments);
  ASSERT_TRUE(run.emulator.run()) << run.report();
  auto values = run.read<uint32_t>(out, 80);
  for (uint32_t y = 0; y < 4; ++y)
    for (uint32_t x = 0; x < 4; ++x) {
      const uint32_t *got = &values[(y * 4 + x) * 5];
      EXPECT_EQ(got[0], y / 2);
      EXPECT_EQ(got[1], 2u);
      EXPECT_EQ(got[2], x % 2);
      EXPECT_EQ(got[3], 2u);
      EXPECT_EQ(got[4], x % 2 + y % 2 * 2);
    }
}

TEST(Cluster, Races) {
  Case right{kExchange + kSync, 2, 4, 1};
  // Nobody waits for the write.
  check(FindingKind::Race,
        {kNext +
             "st.shared.u32 [%r4], %r6; ld.shared::cluster.u32 %r8, [%r5];" +
             kSync,
         2, 4, 1},
        right);
  // A relaxed arrival hands over nothing but what a fence has released.
  std::string relaxed = "barrier.cluster.arrive.relaxed.aligned; "
                        "barrier.cluster.wait.aligned;\n";
  auto with = [&](const std::string &before) {
    return Case{kNext + "st.shared.u32 [%r4], %r6;" + before + relaxed +
                    "ld.shared::cluster.u32 %r8, [%r5];\n" + kSync,
                2, 4, 1};
  };
  check(FindingKind::Race, with(""), with("fence.acq_rel.cluster;"));
  check(FindingKind::Race, with("fence.acq_rel.cta;"),
        with("fence.acq_rel.gpu;"));
  // Two CTAs write the same box.
  check(FindingKind::Race,
        {kNext +
             "mov.u32 %r9, 0; mapa.shared::cluster.u32 %r5, %r4, %r9; "
             "st.shared::cluster.u32 [%r5], %r6;" +
             kSync,
         2, 4, 1},
        right);
}

TEST(Cluster, LifetimesAndBounds) {
  Case right{kExchange + kSync, 2, 4, 1};
  // Reads the other's memory while that may have ended; the starved one is the
  // first to be picked up with few seeds only, so let it wait for long.
  check(FindingKind::UseAfterFree,
        {kNext + "st.shared.u32 [%r4], %r6;" + kSync +
             "setp.eq.u32 %q1, %r1, 0; @%q1 bra END; WAIT: ld.relaxed.gpu"
             ".global.u32 %r8, [%p0+128]; setp.ne.u32 %q2, %r8, 1; @%q2 bra "
             "LAST; LAST: mov.u32 %r10, 0; LOOP: nanosleep.u32 100; add.u32 "
             "%r10, %r10, 1; setp.lt.u32 %q2, %r10, 600; @%q2 bra LOOP; "
             "ld.shared::cluster.u32 %r8, [%r5]; END:",
         2, 2, 1},
        right);
  check(FindingKind::OutOfBounds,
        {kNext + "mov.u32 %r3, 2; mapa.shared::cluster.u32 %r5, %r4, %r3;", 2,
         4, 1},
        right);
  check(FindingKind::OutOfBounds,
        {kNext + "st.shared.u32 [%r4], %r6;" + kSync +
             "ld.shared.u32 %r8, [%r5];" + kSync,
         2, 4, 1},
        right);
  check(FindingKind::OutOfBounds,
        {kNext + "st.shared.u32 [%r4], %r6;" + kSync +
             "ld.shared::cluster.u32 %r8, [%r5+65536];" + kSync,
         2, 4, 1},
        right);
}

TEST(Cluster, BarrierMisuse) {
  Case right{kExchange + kSync, 2, 4, 1};
  check(FindingKind::BarrierMisuse,
        {"barrier.cluster.arrive; barrier.cluster.arrive;"}, right);
  check(FindingKind::BarrierMisuse, {"barrier.cluster.wait;"}, right);
  check(FindingKind::Deadlock,
        {"mov.u32 %r1, %cluster_ctarank; setp.eq.u32 %q1, %r1, 0; @!%q1 bra "
         "OTHER; barrier.cluster.arrive; barrier.cluster.wait; bra END; OTHER: "
         "bar.sync 1, 64; END:"},
        right);
}

// CTA 0 waits at its mbarrier for an arrival of every CTA, then reads what they
// have written into its shared memory.
std::string collect(const std::string &count, const std::string &store,
                    const std::string &arrive) {
  return "mov.u32 %r1, %cluster_ctarank; mov.u32 %r2, bar; mov.u32 %r3, box; "
         "setp.eq.u32 %q1, %r1, 0; @%q1 mbarrier.init.shared.b64 [%r2], " +
         count +
         "; fence.mbarrier_init.release.cluster; "
         "barrier.cluster.arrive.relaxed.aligned; "
         "barrier.cluster.wait.aligned;\n mov.u32 %r4, 0; mapa.shared::cluster"
         ".u32 %r5, %r2, %r4; mapa.shared::cluster.u32 %r6, %r3, %r4; "
         "shl.b32 %r7, %r1, 2; add.u32 %r6, %r6, %r7; add.u32 %r8, %r1, 50;\n" +
         store + arrive +
         "\n@!%q1 bra END; WAIT: mbarrier.try_wait.parity.shared.b64 %q2, "
         "[%r2], 0; @!%q2 bra WAIT; ld.shared.v4.u32 {%r10, %r11, %r12, %r13}, "
         "[%r3]; add.u32 %r10, %r10, %r11; add.u32 %r12, %r12, %r13; add.u32 "
         "%r10, %r10, %r12; st.global.u32 [%p0], %r10; END:\n" +
         kSync;
}

TEST(Cluster, RemoteMbarriers) {
  std::string store = "st.shared::cluster.u32 [%r6], %r8;",
              arrive = "mbarrier.arrive.release.cluster.shared::cluster.b64 _, "
                       "[%r5];";
  Case right{collect("4", store, arrive), 4, 4, 1};
  for (uint64_t seed = 1; seed <= 10; ++seed)
    EXPECT_EQ(runCase(right, seed).values[0], 206u);
  // One arrival too few: not seen where CTA 0 itself comes last.
  int found = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed)
    found +=
        static_cast<int>(runCase({collect("3", store, arrive), 4, 4, 1}, seed)
                             .kinds.count(FindingKind::Race));
  EXPECT_GE(found, 5);
  check(FindingKind::Race,
        {collect("4", store,
                 "mbarrier.arrive.relaxed.cluster.shared::cluster.b64 _, "
                 "[%r5];"),
         4, 4, 1},
        right);
  check(FindingKind::MbarrierMisuse,
        {collect("4", store, "add.u32 %r5, %r5, 8;" + arrive), 4, 4, 1}, right);
}

// Fences for shared memory only order accesses to shared memory, and no others.
TEST(Cluster, RestrictedFences) {
  const std::string release =
                        "fence.release.sync_restrict::shared::cta.cluster;",
                    acquire =
                        "fence.acquire.sync_restrict::shared::cluster.cluster;",
                    relaxed = "barrier.cluster.arrive.relaxed.aligned; "
                              "barrier.cluster.wait.aligned;\n";
  auto shared = [&](const std::string &fence) {
    return Case{kNext + "st.shared.u32 [%r4], %r6;" + fence + relaxed +
                    "ld.shared::cluster.u32 %r8, [%r5];\n" + kSync,
                2, 4, 1};
  };
  auto global = [&](const std::string &fence) {
    return Case{kNext + "st.global.u32 [%rd2], %r6;" + fence + relaxed +
                    "xor.b32 %r8, %r7, 1; mul.wide.u32 %rd1, %r8, 4; add.u64 "
                    "%rd2, %p0, %rd1; ld.global.u32 %r8, [%rd2];\n" +
                    kSync,
                2, 4, 1};
  };
  check(FindingKind::Race, shared(""), shared(release));
  check(FindingKind::Race, global(release), global("fence.acq_rel.cluster;"));
  check(FindingKind::Race, global(release), global("fence.release.cluster;"));
  // Relaxed arrivals at an mbarrier and relaxed waits for it.
  const std::string store = "st.shared::cluster.u32 [%r6], %r8;",
                    arrive = "mbarrier.arrive.relaxed.cluster.shared::cluster"
                             ".b64 _, [%r5];";
  auto waits = [&](const std::string &before, const std::string &after) {
    std::string text = collect("4", store, before + arrive);
    const std::string wait = "mbarrier.try_wait.parity.shared.b64",
                      behind = " ld.shared.v4";
    text.replace(text.find(wait), wait.size(),
                 "mbarrier.try_wait.parity.relaxed.cluster.shared::cta.b64");
    text.insert(text.find(behind), after);
    return Case{text, 4, 4, 1};
  };
  for (const std::string &fence : {release, std::string("fence.acq_rel.gpu;")})
    for (const std::string &other :
         {acquire, std::string("fence.acquire.cluster;")}) {
      check(FindingKind::Race, waits("", other), waits(fence, other));
      check(FindingKind::Race, waits(fence, ""), waits(fence, other));
    }
}

// Every CTA sends four words to the next one, then adds to the first of them.
TEST(Cluster, StoreAsync) {
  auto kernel = [](bool waits, const std::string &expected,
                   const std::string &barrier = "%r10") {
    auto phase = [&](const std::string &name, const std::string &bytes,
                     const std::string &send, bool loops, int parity) {
      return "mbarrier.arrive.expect_tx.shared::cta.b64 _, [bar], " + bytes +
             ";" + send + ", [" + barrier + "];\n" + name +
             ": mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 %q1, "
             "[bar], " +
             std::to_string(parity) + "; " +
             (loops ? "@!%q1 bra " + name + ";" : "") + "\n";
    };
    return kNext +
           "mov.u32 %r9, bar; mapa.shared::cluster.u32 %r10, %r9, %r3; mov.u32 "
           "%r12, 2; mov.u32 %r13, 3; mov.u32 %r14, 4; "
           "mbarrier.init.shared::cta.b64 [bar], 1; "
           "fence.mbarrier_init.release.cluster;" +
           kSync +
           phase("ONE", expected,
                 "st.async.shared::cluster.mbarrier::complete_tx::bytes.v4.b32 "
                 "[%r5], {%r6, %r12, %r13, %r14}",
                 true, 0) +
           kSync +
           phase("TWO", "4",
                 "red.async.relaxed.cluster.shared::cluster.mbarrier::complete_"
                 "tx::bytes.add.u32 [%r5], %r12",
                 waits, 1) +
           "ld.shared.v4.u32 {%r15, %r16, %r17, %r18}, [%r4]; mad.lo.u32 %r15, "
           "%r15, 1000, %r16; mad.lo.u32 %r15, %r17, 10, %r15; add.u32 %r15, "
           "%r15, %r18; st.global.u32 [%rd2], %r15;" +
           kSync;
  };
  Case right{kernel(true, "16"), 2, 4, 1};
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Result result = runCase(right, seed);
    EXPECT_EQ(result.report, "");
    for (uint32_t cta = 0; cta < 4; ++cta)
      EXPECT_EQ(result.values[cta], (101 - cta % 2 + 2) * 1000 + 36);
  }
  check(FindingKind::Race, {kernel(false, "16"), 2, 4, 1}, right);
  check(FindingKind::Livelock, {kernel(true, "20"), 2, 4, 1}, right);
  check(FindingKind::AsyncMisuse, {kernel(true, "16", "%r9"), 2, 4, 1}, right);
  check(FindingKind::MbarrierMisuse, {kernel(true, "16", "%r10+8"), 2, 4, 1},
        right);
}

// ---- clusterlaunchcontrol ----

// Every cluster does its own work and that of clusters that have not started:
// each CTA of the grid of 4 x 3 x 2 is counted once.
std::string workStealing(const std::string &wait,
                         const std::string &guard = "@%q2 ",
                         bool asksAgain = false) {
  const std::string ask =
      "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r9], 16;\n" + kSync +
      "setp.eq.u32 %q1, %r2, 0; @%q1 clusterlaunchcontrol.try_cancel.async"
      ".shared::cta.mbarrier::complete_tx::bytes.multicast::cluster::all.b128 "
      "[box], [%r9];\n";
  return "mov.u32 %r1, %ctaid.x; mov.u32 %r5, %ctaid.y; mov.u32 %r6, %ctaid.z; "
         "mov.u32 %r2, %cluster_ctarank; mov.u32 %r20, 0; "
         "mov.u32 %r9, bar; mbarrier.init.shared::cta.b64 [%r9], 1; "
         "fence.mbarrier_init.release.cluster;\n" +
         kSync +
         "LOOP: mad.lo.u32 %r5, %r6, 3, %r5; mad.lo.u32 %r1, %r5, 4, %r1; "
         "mul.wide.u32 %rd1, %r1, 4; add.u64 %rd1, %rd1, %p0; "
         "red.relaxed.gpu.global.add.u32 [%rd1], 1;\n" +
         ask + wait +
         "{ .reg .b128 %response; ld.shared.b128 %response, [box]; "
         "clusterlaunchcontrol.query_cancel.is_canceled.pred.b128 %q2, "
         "%response; " +
         guard +
         "clusterlaunchcontrol.query_cancel.get_first_ctaid.v4.b32.b128 {%r1, "
         "%r5, _, _}, %response; @%q2 clusterlaunchcontrol.query_cancel."
         "get_first_ctaid::z.b32.b128 %r6, %response; }\n"
         "xor.b32 %r20, %r20, 1; add.u32 %r1, %r1, %r2; fence.proxy.async;\n" +
         kSync + "@%q2 bra LOOP;\n" + (asksAgain ? ask : "");
}

TEST(Cluster, LaunchControl) {
  auto run = [](const std::string &text, uint64_t seed) {
    EmulatorOptions options;
    options.seed = seed;
    options.schedule = static_cast<Schedule>(seed % 3);
    options.multiprocessors = 1;
    options.livelockSlots = 3000;
    KernelRun run(kernelText(text, 1,
                             ".shared .align 16 .b8 box[16]; .shared .align 8 "
                             ".b8 bar[8];"),
                  options);
    uint64_t out = run.input(std::vector<uint32_t>(24));
    LaunchConfig config;
    config.grid = {4, 3, 2};
    config.cluster = {2};
    config.dynamicShared = 50000; // four at a time
    run.emulator.launch(*run.module, "k", config, run.arguments);
    run.emulator.run();
    return std::pair(run.report(), run.read<uint32_t>(out, 24));
  };
  const std::string wait =
      "WAIT: mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 %q3, "
      "[%r9], %r20; @!%q3 bra WAIT;\n";
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    auto [report, counts] = run(workStealing(wait), seed);
    EXPECT_EQ(report, "");
    EXPECT_EQ(counts, std::vector<uint32_t>(24, 1));
    // Nobody waits for the response.
    EXPECT_NE(run(workStealing(""), seed).first.find("race"),
              std::string::npos);
    EXPECT_NE(run(workStealing(wait, "@%q2 ", true), seed)
                  .first.find("after a response that none is left"),
              std::string::npos);
    EXPECT_NE(run(workStealing(wait, ""), seed)
                  .first.find("says that none was cancelled"),
              std::string::npos);
  }
}

// ---- programmatic launches ----

TEST(Programmatic, WaitsForTheKernelBefore) {
  // The first kernel lets the second start and writes afterwards.
  std::string first =
      "griddepcontrol.launch_dependents; mov.u32 %r1, 0; LOOP: add.u32 %r1, "
      "%r1, 1; nanosleep.u32 1; setp.lt.u32 %q1, %r1, 50; @%q1 bra LOOP; "
      "st.global.u32 [%p0], 7;";
  auto second = [](const std::string &wait) {
    return "st.global.u32 [%p1], 3;" + wait +
           "ld.global.u32 %r1, [%p0]; "
           "st.global.u32 [%p1], %r1;";
  };
  for (uint64_t seed = 1; seed <= 20; ++seed)
    for (bool waits : {true, false}) {
      EmulatorOptions options;
      options.seed = seed;
      Emulator emulator(options);
      Module &producer = emulator.load(kernelText(first, 2)),
             &consumer = emulator.load(
                 kernelText(second(waits ? "griddepcontrol.wait;" : ""), 2));
      uint64_t data = emulator.allocate(4), out = emulator.allocate(4);
      uint32_t zero = 0;
      emulator.write(data, &zero, 4);
      std::vector<char> arguments(16);
      std::memcpy(arguments.data(), &data, 8);
      std::memcpy(arguments.data() + 8, &out, 8);
      LaunchConfig config;
      emulator.launch(producer, "k", config, arguments);
      config.programmatic = true;
      emulator.launch(consumer, "k", config, arguments);
      EXPECT_EQ(emulator.run(), waits) << seed;
      uint32_t value = 0;
      emulator.read(out, &value, 4);
      if (waits)
        EXPECT_EQ(value, 7u);
      else
        EXPECT_EQ(emulator.findings()[0].kind, FindingKind::Race);
    }
}

} // namespace cluster_test
