// wmma as nvcc makes it of NVIDIA's header (wmma_kernels.cu), against sums in
// double precision.
#include "Support.h"

#include <random>

using namespace moe::emu;
using namespace moe::emu::test;

namespace wmma_test {

struct Kernel {
  const char *name;
  int m, n, k;
  char type; ///< h: f16, b: bf16, t: tf32, s: s8, u: u8
  bool rowA, rowB;
  bool half = false; ///< accumulators
};

const Kernel kKernels[] = {
    {"f16_f32", 16, 16, 16, 'h', true, false},
    {"f16_f16", 16, 16, 16, 'h', false, true, true},
    {"f16_wide", 8, 32, 16, 'h', true, true},
    {"f16_tall", 32, 8, 16, 'h', false, false},
    {"bf16_f32", 16, 16, 16, 'b', true, false},
    {"bf16_tall", 32, 8, 16, 'b', true, true},
    {"tf32_f32", 16, 16, 8, 't', true, false},
    {"s8_s32", 16, 16, 16, 's', true, false},
    {"u8_wide", 8, 32, 16, 'u', false, true},
};

/// Small integers in half precision.
uint16_t toHalf(int value) {
  if (value == 0)
    return 0;
  int magnitude = std::abs(value),
      exponent = std::bit_width(static_cast<unsigned>(magnitude)) - 1;
  return static_cast<uint16_t>((value < 0 ? 0x8000 : 0) |
                               (exponent + 15) << 10 |
                               ((magnitude << 10 >> exponent) & 0x3ff));
}

void append(std::vector<uint8_t> &bytes, const void *value, size_t size) {
  const auto *from = static_cast<const uint8_t *>(value);
  bytes.insert(bytes.end(), from, from + size);
}

void appendElement(std::vector<uint8_t> &bytes, char type, int value) {
  uint16_t half = type == 'h' ? toHalf(value) : toBf16(value);
  auto single = static_cast<float>(value);
  auto byte = static_cast<uint8_t>(value);
  if (type == 't')
    append(bytes, &single, 4);
  else if (type == 's' || type == 'u')
    append(bytes, &byte, 1);
  else
    append(bytes, &half, 2);
}

class Wmma : public ::testing::TestWithParam<Kernel> {
protected:
  GemmResult run(const std::string &text, uint64_t seed) {
    const Kernel &kernel = GetParam();
    EmulatorOptions options;
    options.seed = seed;
    options.schedule = static_cast<Schedule>(seed % 4);
    KernelRun run(text, options);
    std::mt19937 random(9);
    bool integer = kernel.type == 's' || kernel.type == 'u';
    auto draw = [&] {
      int value = static_cast<int>(random() % 9);
      return kernel.type == 'u' ? value + 120 : value - 4;
    };
    std::vector<int> a(kernel.m * kernel.k), b(kernel.k * kernel.n),
        c(kernel.m * kernel.n);
    for (auto *values : {&a, &b})
      for (int &value : *values)
        value = draw();
    for (int &value : c)
      value = static_cast<int>(random() % 15) - 7;
    std::vector<uint8_t> bytesA, bytesB, bytesC;
    for (int i = 0; i < kernel.m * kernel.k; ++i)
      appendElement(bytesA, kernel.type,
                    kernel.rowA ? a[i]
                                : a[i % kernel.m * kernel.k + i / kernel.m]);
    for (int i = 0; i < kernel.k * kernel.n; ++i)
      appendElement(bytesB, kernel.type,
                    kernel.rowB ? b[i]
                                : b[i % kernel.k * kernel.n + i / kernel.k]);
    for (int value : c)
      if (integer)
        append(bytesC, &value, 4);
      else
        appendElement(bytesC, kernel.half ? 'h' : 't', value);
    run.input(bytesA);
    run.input(bytesB);
    run.input(bytesC);
    size_t count = c.size(), size = kernel.half ? 2 : 4;
    uint64_t out = run.output(count * size);
    LaunchConfig config;
    config.block = {32};
    run.emulator.launch(*run.module, kernel.name, config, run.arguments);
    GemmResult result;
    result.clean = run.emulator.run();
    result.report = run.report();
    result.exact = true;
    std::vector<uint8_t> got = run.read<uint8_t>(out, count * size), expected;
    for (int row = 0; row < kernel.m; ++row)
      for (int column = 0; column < kernel.n; ++column) {
        int sum = c[row * kernel.n + column];
        for (int k = 0; k < kernel.k; ++k)
          sum += a[row * kernel.k + k] * b[k * kernel.n + column];
        sum *= 2;
        if (integer)
          append(expected, &sum, 4);
        else
          appendElement(expected, kernel.half ? 'h' : 't', sum);
      }
    result.exact = got == expected;
    return result;
  }
};

TEST_P(Wmma, IsTheProduct) {
  for (uint64_t seed = 1; seed <= seedLimit(4); ++seed) {
    GemmResult result = run(readInput("wmma_kernels.ptx"), seed);
    EXPECT_TRUE(result.clean) << result.report;
    EXPECT_TRUE(result.exact);
  }
}

TEST_P(Wmma, WrongVersionsAreCaught) {
  // In the kernel under test only.
  std::string text = readInput("wmma_kernels.ptx");
  size_t at = text.find(std::string(".entry ") + GetParam().name + "(");
  ASSERT_NE(at, std::string::npos);
  size_t end = std::min(text.find(".visible .entry", at), text.size());
  std::string head = text.substr(0, at), kernel = text.substr(at, end - at),
              tail = text.substr(end);
  std::string row = GetParam().rowA ? "row" : "col",
              other = GetParam().rowA ? "col" : "row";
  std::string load = "load.a.sync.aligned." + row,
              wrong = "load.a.sync.aligned." + other;
  const Mutation mutations[] = {
      {"NoWarpBarrier", "bar.warp.sync", 1, "// "},
      {"OtherLayout", load.c_str(), 1, wrong.c_str()},
      {"StoresByRows", "store.d.sync.aligned.col", 1,
       "store.d.sync.aligned.row"},
  };
  for (const Mutation &mutation : mutations) {
    SCOPED_TRACE(mutation.name);
    std::string wrongText = head + mutate(kernel, mutation) + tail;
    expectCaught([&](uint64_t seed) { return run(wrongText, seed); });
  }
}

INSTANTIATE_TEST_SUITE_P(All, Wmma, ::testing::ValuesIn(kKernels),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });

// ---- cvt.pack ----

TEST(CvtPack, Saturates) {
  KernelRun run(kernelText(
      "ld.global.v2.u32 {%r1, %r2}, [%p0]; cvt.pack.sat.s16.s32 %r3, %r1, %r2; "
      "st.global.u32 [%p1], %r3; cvt.pack.sat.u16.s32 %r3, %r1, %r2; "
      "st.global.u32 [%p1+4], %r3; mov.u32 %r4, 0x12345678; "
      "cvt.pack.sat.u8.s32.b32 %r3, %r1, %r2, %r4; st.global.u32 [%p1+8], %r3; "
      "cvt.pack.sat.s8.s32.b32 %r3, %r1, %r2, %r4; st.global.u32 [%p1+12], "
      "%r3; cvt.pack.sat.s4.s32.b32 %r3, %r1, %r2, %r4; st.global.u32 "
      "[%p1+16], %r3; cvt.pack.sat.u2.s32.b32 %r3, 1, 5, 0; st.global.u32 "
      "[%p1+20], %r3;",
      2));
  run.input(std::vector<int>{-70000, 300});
  uint64_t out = run.output(24);
  ASSERT_TRUE(run.launch({1}, {1})) << run.report();
  EXPECT_EQ(run.read<uint32_t>(out, 6),
            (std::vector<uint32_t>{0x8000012c, 0x0000012c, 0x567800ff,
                                   0x5678807f, 0x34567887, 0x7}));
}

// ---- multimem ----

TEST(Multimem, ReducesOverDevices) {
  // Every device adds its rank + 1 everywhere; then rank 0 reads the sum of all
  // copies.
  std::string add =
      "shl.b32 %r1, %tid_, 2; cvt.u64.u32 %rd1, %r1; add.u64 %rd2, %p0, %rd1; "
      "ld.global.u32 %r2, [%p1]; cvt.rn.f32.u32 %f1, %r2; "
      "multimem.red.relaxed.sys.global.add.f32 [%rd2], %f1;";
  std::string sum =
      "shl.b32 %r1, %tid_, 4; cvt.u64.u32 %rd1, %r1; add.u64 %rd2, %p0, %rd1; "
      "multimem.ld_reduce.relaxed.sys.global.add.v4.f32 {%f1, %f2, %f3, %f4}, "
      "[%rd2]; add.u64 %rd3, %p1, %rd1; st.global.v4.f32 [%rd3], {%f1, %f2, "
      "%f3, %f4}; bar.sync 0; multimem.st.release.sys.global.u32 [%rd2], "
      "%tid_;";
  for (uint64_t seed = 1; seed <= 10; ++seed)
    for (bool wrong : {false, true}) {
      EmulatorOptions options;
      options.devices = 4;
      options.seed = seed;
      Emulator emulator(options);
      std::string weak = sum;
      Module &adds = emulator.load(kernelText(add, 2)),
             &sums = emulator.load(kernelText(weak, 2));
      std::vector<uint64_t> copies;
      std::vector<float> zeros(64);
      for (unsigned device = 0; device < 4; ++device) {
        copies.push_back(emulator.allocate(256, device));
        emulator.write(copies.back(), zeros.data(), 256);
      }
      uint64_t window = emulator.bindMulticast(copies, 256),
               out = emulator.allocate(256);
      LaunchConfig config;
      config.block = {64};
      for (uint32_t device = 0; device < 4; ++device) {
        uint64_t rank = emulator.allocate(4, device);
        uint32_t value = device + 1;
        emulator.write(rank, &value, 4);
        std::vector<char> arguments(16);
        // Wrong: memory itself, not the window.
        std::memcpy(arguments.data(), wrong ? &copies[0] : &window, 8);
        std::memcpy(arguments.data() + 8, &rank, 8);
        config.device = device;
        emulator.launch(adds, "k", config, arguments);
      }
      ASSERT_EQ(emulator.run(), !wrong);
      if (wrong) {
        EXPECT_EQ(emulator.findings()[0].kind, FindingKind::OutOfBounds);
        continue;
      }
      std::vector<char> arguments(16);
      std::memcpy(arguments.data(), &window, 8);
      std::memcpy(arguments.data() + 8, &out, 8);
      config.device = 0;
      config.block = {16};
      emulator.launch(sums, "k", config, arguments);
      ASSERT_TRUE(emulator.run());
      std::vector<float> result(64);
      emulator.read(out, result.data(), 256);
      EXPECT_EQ(result, std::vector<float>(64, 40));
      for (uint64_t copy : copies) {
        uint32_t value = 0;
        emulator.read(copy + 32, &value, 4);
        EXPECT_EQ(value, 2u);
      }
    }
}

} // namespace wmma_test
