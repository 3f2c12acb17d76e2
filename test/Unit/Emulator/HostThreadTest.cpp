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
  bool done = false;
  run.emulator.addHostThread([&](HostThread &host) {
    if (done)
      return false;
    done = true;
    try {
      access(host);
    } catch (const UsageError &error) {
      message = error.what();
    }
    return true;
  });
  run.launch({1}, {1});
  EXPECT_TRUE(done);
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

} // namespace host_thread_test
