// Threads of the host beside kernels: the contract of their accesses, and what
// orders these with those of kernels.
#include "Support.h"

using namespace moe::emu;
using namespace moe::emu::test;

namespace host_thread_test {

/// Has a thread of the host do `access` once and returns what it refuses.
template <typename Access>
std::string refusal(KernelRun &run, Access access) {
  std::string message;
  // Later runs ask the thread again, when `message` is gone.
  auto done = std::make_shared<bool>(false);
  run.emulator.addHostThread([&message, access, done](HostThread &host) {
    if (std::exchange(*done, true))
      return false;
    try {
      access(host);
    } catch (const UsageError &error) {
      message = error.what();
    }
    return true;
  });
  run.launch({1}, {1});
  EXPECT_TRUE(*done);
  return message;
}

TEST(HostThread, RefusesWhatBreaksTheContract) {
  KernelRun run(kernelText("", 1, ".const .align 8 .b8 fixed[16];"));
  uint64_t memory = run.output(64), fixed = run.module->variable("fixed");
  char data[64] = {};
  auto expectRefused = [&](auto access, const std::string &message) {
    std::string got = refusal(run, access);
    EXPECT_NE(got.find(message), std::string::npos) << got;
  };
  const std::string size = "expects an access of 1, 2, 4 or 8 bytes",
                    range = "is not within one allocation",
                    constant = "is read-only";
  for (uint32_t bytes : {0u, 3u, 16u}) {
    expectRefused([=](HostThread &h) { h.loadAcquire(memory, bytes); }, size);
    expectRefused([=](HostThread &h) { h.storeRelease(memory, 1, bytes); },
                  size);
    expectRefused([=](HostThread &h) { h.addRelease(memory, 1, bytes); }, size);
  }
  expectRefused([=](HostThread &h) { h.loadAcquire(memory + 2, 4); },
                "expects an address that is a multiple of 4");
  expectRefused([&](HostThread &h) { h.read(memory + 1, data, 64); }, range);
  expectRefused([&](HostThread &h) { h.read(memory + 8, data, ~uint64_t(0)); },
                range);
  expectRefused([&](HostThread &h) { h.write(memory + 8, data, -uint64_t(8)); },
                range);
  expectRefused([&](HostThread &h) { h.write(fixed, data, 4); }, constant);
  expectRefused([=](HostThread &h) { h.storeRelease(fixed, 1, 4); }, constant);
  expectRefused([=](HostThread &h) { h.addRelease(fixed, 1, 4); }, constant);
  EXPECT_EQ(refusal(run, [&](HostThread &h) { h.write(memory, data, 64); }),
            "");
  // The host itself has the same ranges.
  EXPECT_THROW(run.emulator.read(memory + 8, data, ~uint64_t(0)), UsageError);
  EXPECT_THROW(run.emulator.write(memory + 8, data, -uint64_t(8)), UsageError);
}

TEST(HostThread, AnAdditionContinuesTheReleasesOfKernels) {
  // CTA 0 writes p0 and adds to the flag p1, the host adds behind it; CTA 1
  // reads when it sees both.
  const std::string text =
      "mov.u32 %r1, %ctaid.x; setp.eq.u32 %q1, %r1, 1; @%q1 bra READ;\n"
      "st.global.u32 [%p0], 7; red.release.sys.global.add.u32 [%p1], 1; bra "
      "END;\n"
      "READ: ld.acquire.sys.global.u32 %r2, [%p1]; setp.ne.u32 %q2, %r2, 2; "
      "@%q2 bra READ; ld.global.u32 %r3, [%p0]; st.global.u32 [%p2], %r3; END:";
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    EmulatorOptions options;
    options.seed = seed;
    options.schedule = static_cast<Schedule>(seed % 4);
    KernelRun run(kernelText(text, 3), options);
    run.input(std::vector<uint32_t>(1));
    uint64_t flag = run.input(std::vector<uint32_t>(1)), out = run.output(4);
    bool added = false;
    run.emulator.addHostThread([&](HostThread &host) {
      // Looked at from outside, so that the thread itself acquires nothing.
      if (added || run.read<uint32_t>(flag, 1)[0] != 1)
        return false;
      host.addRelease(flag, 1, 4);
      return added = true;
    });
    EXPECT_TRUE(run.launch({2}, {1})) << run.report();
    EXPECT_EQ(run.read<uint32_t>(out, 1)[0], 7u);
  }
}

TEST(HostThread, KnowsWhatTheHostHasWaitedFor) {
  for (bool waits : {false, true})
    for (uint64_t seed = 1; seed <= 10; ++seed) {
      EmulatorOptions options;
      options.seed = seed;
      options.schedule = static_cast<Schedule>(seed % 4);
      KernelRun run(kernelText("st.global.u32 [%p0], 7;", 1), options);
      std::vector<char> second(8);
      uint64_t first = run.output(4),
               other = run.emulator.allocate(4, 0, "other");
      std::memcpy(second.data(), &other, 8);
      uint32_t got = 0;
      bool may = false;
      run.emulator.addHostThread([&](HostThread &host) {
        if (!may)
          return false;
        may = false;
        host.read(first, &got, 4);
        return true;
      });
      LaunchConfig config;
      run.emulator.launch(*run.module, "k", config, run.arguments);
      if (waits) {
        EXPECT_TRUE(run.emulator.run(0, 0));
      } else {
        config.stream = 2; // the first one goes on while this is waited for
        run.emulator.enqueue(0, 2, [] {});
        run.emulator.run(0, 2);
      }
      may = true;
      config.stream = 1;
      run.emulator.launch(*run.module, "k", config, second);
      EXPECT_EQ(run.emulator.run(), waits) << run.report();
      if (waits)
        EXPECT_EQ(got, 7u);
    }
}

TEST(HostThread, ARaceIsReportedOnceAndNamesTheHost) {
  // The kernel stores and goes on; the host reads what nothing orders.
  KernelRun run(kernelText(
      "st.global.u32 [%p0], 7; mov.u32 %r1, 0; LOOP: add.u32 %r1, %r1, 1; "
      "setp.lt.u32 %q1, %r1, 100000; @%q1 bra LOOP; ld.global.u32 %r2, [%p1];",
      2));
  uint64_t out = run.output(4), in = run.input(std::vector<uint32_t>(1));
  int steps = 0;
  run.emulator.addHostThread([&](HostThread &host) {
    uint32_t value = 1;
    if (++steps > 6)
      return false;
    if (steps == 1)
      host.write(in, &value, 4);
    else if (run.emulator.uninitialised(out, 4) == 0)
      host.read(out, &value, 4);
    return true;
  });
  EXPECT_FALSE(run.launch({1}, {1}));
  ASSERT_GE(steps, 4);
  std::string report = run.report();
  ASSERT_EQ(run.findings().size(), 2u) << report;
  EXPECT_NE(report.find("the other access is by a thread of the host"),
            std::string::npos)
      << report;
  EXPECT_EQ(report.find("line 0"), std::string::npos) << report;
}

TEST(HostThread, RacesWithOtherThreadsOfTheHost) {
  KernelRun run(kernelText("", 1));
  uint64_t memory = run.output(4);
  for (int i = 0; i < 2; ++i)
    run.emulator.addHostThread([=, left = 1](HostThread &host) mutable {
      uint32_t value = 1;
      if (left-- <= 0)
        return false;
      host.write(memory, &value, 4);
      return true;
    });
  EXPECT_FALSE(run.launch({1}, {1}));
  ASSERT_EQ(run.findings().size(), 1u) << run.report();
  EXPECT_NE(run.report().find("is not ordered after a write by a thread of the "
                              "host"),
            std::string::npos)
      << run.report();
}

} // namespace host_thread_test
