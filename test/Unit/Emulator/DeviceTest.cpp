// The launch interface on the emulator.
#include "Support.h"

#include "moe-rt/device.h"

using namespace moe::emu;
using namespace moe::emu::test;

namespace device_test {

/// One message of a status, which it releases; "" for success.
std::string take(moe_status_t status) {
  std::string text = status ? moeRuntimeStatusMessage(status) : "";
  moeRuntimeStatusRelease(status);
  return text;
}
#define EXPECT_OK(call) EXPECT_EQ(take(call), "")
#define ASSERT_OK(call) ASSERT_EQ(take(call), "")

// add: p1[gid] = p0[gid] + 1. set: waits until p0[0] is set, then sets p1[0].
const char *const kModule = R"(.version 8.7
.target sm_90a
.address_size 64
.visible .global .align 4 .u32 counter = 5;
.visible .entry add(.param .u64 from, .param .u64 to, .param .u32 by)
{
  .reg .b32 %r<8>; .reg .b64 %rd<8>;
  ld.param.u64 %rd1, [from];
  ld.param.u64 %rd2, [to];
  ld.param.u32 %r1, [by];
  mov.u32 %r2, %ctaid.x;
  mov.u32 %r3, %ntid.x;
  mov.u32 %r4, %tid.x;
  mad.lo.u32 %r5, %r2, %r3, %r4;
  mul.wide.u32 %rd3, %r5, 4;
  add.u64 %rd4, %rd1, %rd3;
  add.u64 %rd5, %rd2, %rd3;
  ld.global.u32 %r6, [%rd4];
  add.u32 %r6, %r6, %r1;
  st.global.u32 [%rd5], %r6;
  ret;
}
.visible .entry poll(.param .u64 flag, .param .u64 done)
{
  .reg .b32 %r<8>; .reg .b64 %rd<8>; .reg .pred %p;
  ld.param.u64 %rd1, [flag];
  ld.param.u64 %rd2, [done];
again:
  ld.acquire.sys.global.u32 %r1, [%rd1];
  setp.eq.u32 %p, %r1, 0;
  @%p bra again;
  st.global.u32 [%rd2], %r1;
  ret;
}
.visible .entry raise(.param .u64 flag)
{
  .reg .b64 %rd<8>;
  ld.param.u64 %rd1, [flag];
  st.release.sys.global.u32 [%rd1], 7;
  ret;
}
)";

class Device : public ::testing::TestWithParam<uint64_t> {
protected:
  void SetUp() override {
    moe_emulator_params_t params{};
    params.struct_size = sizeof(params);
    params.devices = 2;
    params.multiprocessors = 2;
    params.seed = GetParam();
    ASSERT_OK(moeDeviceOpenEmulator(&params, &backend));
    ASSERT_OK(moeDeviceModuleLoad(backend, kModule, std::strlen(kModule),
                                  "device.ptx", &module));
    for (uint32_t device = 0; device < 2; ++device)
      ASSERT_OK(moeDeviceStreamCreate(backend, device, &streams[device]));
  }
  void TearDown() override {
    for (moe_device_stream_t stream : streams)
      moeDeviceStreamRelease(stream);
    moeDeviceModuleRelease(module);
    moeDeviceClose(backend);
  }

  moe_status_t launch(moe_device_stream_t stream, const char *name,
                      uint32_t ctas, uint32_t threads,
                      std::vector<uint64_t> arguments, uint32_t flags = 0) {
    moe_device_kernel_t kernel = nullptr;
    EXPECT_OK(moeDeviceModuleKernel(module, name, &kernel));
    std::vector<const void *> pointers;
    for (const uint64_t &argument : arguments)
      pointers.push_back(&argument);
    moe_launch_params_t params{};
    params.struct_size = sizeof(params);
    params.grid[0] = ctas;
    params.block[0] = threads;
    params.flags = flags;
    params.arguments = pointers.data();
    params.argument_count = static_cast<uint32_t>(pointers.size());
    return moeDeviceLaunch(stream, kernel, &params);
  }
  moe_device_address_t allocate(uint32_t device, uint64_t bytes) {
    moe_device_address_t address = 0;
    EXPECT_OK(moeDeviceAllocate(backend, device, bytes, "memory", &address));
    return address;
  }

  moe_backend_t backend = nullptr;
  moe_device_module_t module = nullptr;
  moe_device_stream_t streams[2] = {};
};

TEST_P(Device, CopiesAndLaunchesOfAStreamAreInOrder) {
  uint64_t a = allocate(0, 1024), b = allocate(0, 1024), c = allocate(1, 1024);
  std::vector<uint32_t> values(256, 1), result(256);
  EXPECT_OK(moeDeviceWrite(streams[0], a, values.data(), 1024));
  values.assign(256, 99); // taken already
  EXPECT_OK(launch(streams[0], "add", 4, 64, {a, b, 10}));
  EXPECT_OK(launch(streams[0], "add", 4, 64, {b, a, 100}));
  EXPECT_OK(moeDeviceCopy(streams[0], c, a, 1024)); // to the peer
  EXPECT_OK(moeDeviceFill(streams[0], a, 3, 512));
  EXPECT_OK(moeDeviceRead(streams[0], result.data(), c, 1024));
  EXPECT_EQ(result[7], 0u); // not yet
  EXPECT_OK(moeDeviceStreamSynchronize(streams[0]));
  EXPECT_EQ(result, std::vector<uint32_t>(256, 111));
  EXPECT_OK(moeDeviceRead(streams[0], result.data(), a, 1024));
  EXPECT_OK(moeDeviceSynchronize(backend));
  EXPECT_EQ(result[127], 0x03030303u);
  EXPECT_EQ(result[128], 111u);
}

TEST_P(Device, EventsOrderStreams) {
  uint64_t a = allocate(0, 1024), b = allocate(0, 1024), c = allocate(1, 1024);
  std::vector<uint32_t> values(256, 1), result(256);
  moe_device_event_t event = nullptr;
  ASSERT_OK(moeDeviceEventCreate(backend, &event));
  EXPECT_EQ(moeDeviceEventQuery(event), 1u);
  EXPECT_OK(moeDeviceEventWait(event, streams[1])); // never recorded: nothing
  EXPECT_OK(moeDeviceWrite(streams[0], a, values.data(), 1024));
  EXPECT_OK(launch(streams[0], "add", 4, 64, {a, b, 1}));
  EXPECT_OK(moeDeviceEventRecord(event, streams[0]));
  EXPECT_EQ(moeDeviceEventQuery(event), 0u);
  EXPECT_OK(moeDeviceEventWait(event, streams[1]));
  EXPECT_OK(launch(streams[1], "add", 4, 64, {b, c, 1}));
  EXPECT_OK(moeDeviceRead(streams[1], result.data(), c, 1024));
  EXPECT_OK(moeDeviceStreamSynchronize(streams[1]));
  EXPECT_EQ(moeDeviceEventQuery(event), 1u);
  EXPECT_EQ(result, std::vector<uint32_t>(256, 3));
  moeDeviceEventRelease(event);
}

TEST_P(Device, StreamsWithoutAnEventRace) {
  uint64_t a = allocate(0, 1024), b = allocate(0, 1024), c = allocate(1, 1024);
  EXPECT_OK(moeDeviceFill(streams[0], a, 0, 1024));
  EXPECT_OK(moeDeviceFill(streams[0], b, 0, 1024));
  EXPECT_OK(moeDeviceStreamSynchronize(streams[0]));
  EXPECT_OK(launch(streams[0], "add", 4, 64, {a, b, 1}));
  EXPECT_OK(launch(streams[1], "add", 4, 64, {b, c, 1}));
  std::string message = take(moeDeviceSynchronize(backend));
  EXPECT_NE(message.find("race"), std::string::npos) << message;
  EXPECT_OK(moeDeviceSynchronize(backend)); // each finding once
}

TEST_P(Device, AKernelGoesOnAfterItsPeerHasBeenWaitedFor) {
  uint64_t flag = allocate(0, 4), done = allocate(0, 4);
  EXPECT_OK(moeDeviceFill(streams[0], flag, 0, 4));
  EXPECT_OK(moeDeviceFill(streams[0], done, 0, 4));
  EXPECT_OK(moeDeviceStreamSynchronize(streams[0]));
  EXPECT_OK(launch(streams[0], "poll", 1, 1, {flag, done}));
  EXPECT_OK(moeDeviceFill(streams[1], allocate(1, 4), 0, 4));
  EXPECT_OK(moeDeviceStreamSynchronize(streams[1])); // while it polls
  EXPECT_OK(launch(streams[1], "raise", 1, 1, {flag}));
  uint32_t value = 0;
  EXPECT_OK(moeDeviceRead(streams[0], &value, done, 4));
  EXPECT_OK(moeDeviceSynchronize(backend));
  EXPECT_EQ(value, 7u);
}

TEST_P(Device, SymmetricWindowsLieAtEqualDistances) {
  moe_device_window_t window{};
  window.struct_size = sizeof(window);
  ASSERT_OK(moeDeviceAllocateSymmetric(backend, 4096, "window", &window));
  std::vector<uint32_t> values(64, 4), result(64);
  EXPECT_OK(moeDeviceWrite(streams[0], window.base, values.data(), 256));
  // Rank 0 writes into rank 1's part.
  EXPECT_OK(launch(streams[0], "add", 1, 64,
                   {window.base, window.base + window.stride, 1}));
  EXPECT_OK(moeDeviceRead(streams[0], result.data(),
                          window.base + window.stride, 256));
  EXPECT_OK(moeDeviceStreamSynchronize(streams[0]));
  EXPECT_EQ(result, std::vector<uint32_t>(64, 5));
  EXPECT_OK(moeDeviceFree(backend, window.base));
  EXPECT_NE(take(moeDeviceFill(streams[1], window.base + window.stride, 0, 4)),
            "");
}

TEST_P(Device, DescribesModulesAndKernels) {
  ASSERT_EQ(moeDeviceModuleKernelCount(module), 3u);
  moe_device_kernel_t kernel = moeDeviceModuleKernelAt(module, 0);
  EXPECT_STREQ(moeDeviceKernelName(kernel), "add");
  EXPECT_EQ(moeDeviceModuleKernelAt(module, 3), nullptr);
  moe_device_parameter_t parameter{};
  parameter.struct_size = sizeof(parameter);
  ASSERT_OK(moeDeviceKernelParameter(kernel, 2, &parameter));
  EXPECT_STREQ(parameter.name, "by");
  EXPECT_EQ(parameter.offset, 16u);
  EXPECT_EQ(parameter.bytes, 4u);
  EXPECT_NE(take(moeDeviceKernelParameter(kernel, 3, &parameter)), "");
  uint32_t blocks = 0;
  EXPECT_OK(moeDeviceKernelOccupancy(kernel, 512, 0, &blocks));
  EXPECT_EQ(blocks, 4u);
  EXPECT_OK(moeDeviceKernelOccupancy(kernel, 32, 100000, &blocks));
  EXPECT_EQ(blocks, 2u);
  moe_device_address_t first = 0, second = 0;
  EXPECT_OK(moeDeviceModuleVariable(module, "counter", 0, &first));
  EXPECT_OK(moeDeviceModuleVariable(module, "counter", 1, &second));
  EXPECT_NE(first, second);
  uint32_t value = 0;
  EXPECT_OK(moeDeviceRead(streams[1], &value, second, 4));
  EXPECT_OK(moeDeviceSynchronize(backend));
  EXPECT_EQ(value, 5u);
}

TEST(Occupancy, RegistersAreOfFourPartitions) {
  KernelRun run(kernelText("", 0));
  auto ctas = [&](uint32_t registers, uint32_t threads) {
    LaunchConfig config;
    config.block = {threads};
    config.registers = registers;
    return run.emulator.occupancy(*run.module, "k", config);
  };
  EXPECT_EQ(ctas(96, 32), 20u); // 5 warps a partition, not 65536 / 3072 = 21
  EXPECT_EQ(ctas(96, 160), 4u);
  EXPECT_EQ(ctas(128, 512), 1u);
  EXPECT_EQ(ctas(64, 1024), 1u);
  EXPECT_EQ(ctas(255, 256), 1u);
  EXPECT_EQ(ctas(72, 896), 1u);
  EXPECT_EQ(ctas(72, 928), 0u); // 29 warps count as 32
  EXPECT_EQ(ctas(0, 97), 16u);  // 4 warps of 64
  LaunchConfig config;
  config.block = {1024};
  config.registers = 72;
  try {
    run.emulator.launch(*run.module, "k", config, {});
    ADD_FAILURE();
  } catch (const UsageError &error) {
    EXPECT_STREQ(error.what(), "kernel 'k': needs more registers than a "
                               "multiprocessor has");
  }
}

TEST_P(Device, RefusesWhatBreaksTheContract) {
  uint64_t a = allocate(0, 256);
  EXPECT_NE(take(moeDeviceFill(streams[0], a, 0, 257)), "");
  EXPECT_NE(take(moeDeviceFree(backend, a + 16)), "");
  moe_device_kernel_t kernel = nullptr;
  moe_status_t status = moeDeviceModuleKernel(module, "none", &kernel);
  EXPECT_EQ(moeRuntimeStatusCode(status), MOE_STATUS_NOT_FOUND);
  take(status);
  EXPECT_EQ(take(launch(streams[0], "add", 1, 32, {a})),
            "kernel 'add' expects 3 arguments, but got 1");
  EXPECT_NE(take(launch(streams[0], "add", 1, 2000, {a, a, 1})), "");
  // Two multiprocessors hold eight CTAs of 512 threads.
  EXPECT_EQ(take(launch(streams[0], "add", 9, 512, {a, a, 1},
                        MOE_LAUNCH_COOPERATIVE)),
            "kernel 'add': a cooperative launch of more CTAs than can be "
            "resident (9; multiprocessors: 2, of room for CTAs each: 4)");
  moe_device_module_t broken = nullptr;
  status = moeDeviceModuleLoad(backend, "nonsense", 8, "broken.ptx", &broken);
  EXPECT_EQ(moeRuntimeStatusCode(status), MOE_STATUS_INCOMPATIBLE);
  EXPECT_NE(take(status).find("broken.ptx:1"), std::string::npos);
  moe_device_stream_t stream = nullptr;
  EXPECT_EQ(take(moeDeviceStreamCreate(backend, 2, &stream)),
            "expects a device below 2, but got 2");
}

INSTANTIATE_TEST_SUITE_P(Seeds, Device, ::testing::Range<uint64_t>(1, 6));

} // namespace device_test
