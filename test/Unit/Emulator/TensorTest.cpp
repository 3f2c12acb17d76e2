// ldmatrix, stmatrix and mma.sync against their definition by indices.
#include "Support.h"

#include <cmath>
#include <random>

using namespace moe::emu;
using namespace moe::emu::test;

namespace {

TEST(Tensor, MatricesThroughSharedMemory) {
  // Element (row, column) of matrix i is 64 i + 8 row + column.
  for (bool transposed : {false, true}) {
    std::string body =
        R"(.shared .align 16 .b8 tile[512]; mov.u32 %r1, tile; shl.b32 %r2, %tid_, 4; add.u32 %r3, %r1, %r2; mul.wide.u32 %rd1, %tid_, 16;
add.u64 %rd2, %p0, %rd1; ld.global.v4.b32 {%r4, %r5, %r6, %r7}, [%rd2]; st.shared.v4.b32 [%r3], {%r4, %r5, %r6, %r7}; bar.sync 0;
ldmatrix.sync.aligned.m8n8.x4)" +
        std::string(transposed ? ".trans" : "") +
        R"(.shared.b16 {%r8, %r9, %r10, %r11}, [%r3];
add.u64 %rd3, %p1, %rd1; st.global.v4.b32 [%rd3], {%r8, %r9, %r10, %r11};)";
    KernelRun run(kernelText(body, 2));
    std::vector<uint16_t> elements(256);
    for (uint16_t i = 0; i < 256; ++i)
      elements[i] = i;
    run.input(elements);
    uint64_t out = run.output(512);
    ASSERT_TRUE(run.launch({1}, {32})) << run.report();
    auto values = run.read<uint16_t>(out, 256);
    for (int lane = 0; lane < 32; ++lane)
      for (int matrix = 0; matrix < 4; ++matrix)
        for (int half = 0; half < 2; ++half) {
          int row = lane / 4, column = lane % 4 * 2 + half;
          EXPECT_EQ(values[lane * 8 + matrix * 2 + half],
                    64 * matrix +
                        (transposed ? 8 * column + row : 8 * row + column));
        }
  }
}

TEST(Tensor, StmatrixUndoesLdmatrix) {
  std::string body =
      R"(.shared .align 16 .b8 tile[512]; mov.u32 %r1, tile; shl.b32 %r2, %tid_, 4; add.u32 %r3, %r1, %r2; mul.wide.u32 %rd1, %tid_, 16;
add.u64 %rd2, %p0, %rd1; ld.global.v4.b32 {%r4, %r5, %r6, %r7}, [%rd2]; st.shared.v4.b32 [%r3], {%r4, %r5, %r6, %r7}; bar.sync 0;
ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%r8, %r9, %r10, %r11}, [%r3]; bar.sync 0;
stmatrix.sync.aligned.m8n8.x4.trans.shared.b16 [%r3], {%r8, %r9, %r10, %r11}; bar.sync 0; ld.shared.v4.b32 {%r4, %r5, %r6, %r7}, [%r3];
add.u64 %rd3, %p1, %rd1; st.global.v4.b32 [%rd3], {%r4, %r5, %r6, %r7};)";
  KernelRun run(kernelText(body, 2));
  std::vector<uint16_t> elements(256);
  for (uint16_t i = 0; i < 256; ++i)
    elements[i] = i;
  run.input(elements);
  uint64_t out = run.output(512);
  ASSERT_TRUE(run.launch({1}, {32})) << run.report();
  EXPECT_EQ(run.read<uint16_t>(out, 256), elements);
}

struct Kind {
  const char *types; ///< d.a.b.c
  int k, bits;
  bool integer;
  int exponentBits, mantissaBits; ///< of integers: 0 and whether signed

  double decode(uint32_t code) const {
    if (integer)
      return mantissaBits ? static_cast<double>(static_cast<int8_t>(code))
                          : static_cast<double>(code);
    int bias = (1 << (exponentBits - 1)) - 1;
    auto mantissa = static_cast<double>(code & ((1u << mantissaBits) - 1));
    double fraction = std::ldexp(mantissa, -mantissaBits);
    int exponent =
        static_cast<int>(code >> mantissaBits) & ((1 << exponentBits) - 1);
    double value = exponent ? std::ldexp(1 + fraction, exponent - bias)
                            : std::ldexp(fraction, 1 - bias);
    return code >> (exponentBits + mantissaBits) & 1 ? -value : value;
  }
};

/// Rows x k elements by the layout of the PTX manual: groups of 8 rows, 32 /
/// bits elements side by side in a register, four lanes to a row.
std::vector<uint32_t> fragment(const std::vector<uint32_t> &elements, int rows,
                               int k, int bits) {
  int perRegister = 32 / bits, span = 4 * perRegister;
  std::vector<uint32_t> registers(static_cast<size_t>(rows * k * bits / 32));
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < k; ++c) {
      int reg = c / span * (rows / 8) + r / 8,
          lane = r % 8 * 4 + c % span / perRegister;
      registers[reg * 32 + lane] |= elements[r * k + c]
                                    << (c % perRegister * bits);
    }
  return registers;
}

TEST(Tensor, MmaOfEveryType) {
  const Kind kinds[] = {
      {"f32.bf16.bf16.f32", 16, 16, false, 8, 7},
      {"f32.bf16.bf16.f32", 8, 16, false, 8, 7},
      {"f32.f16.f16.f32", 16, 16, false, 5, 10},
      {"f32.f16.f16.f32", 8, 16, false, 5, 10},
      {"f32.tf32.tf32.f32", 8, 32, false, 8, 23},
      {"f32.e4m3.e4m3.f32", 32, 8, false, 4, 3},
      {"f32.e5m2.e5m2.f32", 32, 8, false, 5, 2},
      {"s32.s8.s8.s32", 32, 8, true, 0, 1},
      {"s32.u8.u8.s32", 16, 8, true, 0, 0},
  };
  // Numbers that every format holds, and whose sums are exact.
  const double numbers[] = {0, 1, -1, 2, 0.5, -0.5, -2, 4};
  for (const Kind &kind : kinds) {
    SCOPED_TRACE(kind.types);
    std::mt19937 random(7);
    std::vector<uint32_t> codes;
    for (uint64_t code = 0;
         code < (kind.bits == 32 ? 0x10000u : 1u << kind.bits); ++code) {
      uint32_t bits =
          static_cast<uint32_t>(kind.bits == 32 ? code << 16 : code);
      for (double number : numbers)
        if (kind.decode(bits) == number)
          codes.push_back(bits);
    }
    ASSERT_GE(codes.size(), 4u);
    auto draw = [&](size_t count) {
      std::vector<uint32_t> elements(count);
      for (uint32_t &element : elements)
        element = codes[random() % codes.size()];
      return elements;
    };
    auto a = draw(16 * static_cast<size_t>(kind.k)),
         b = draw(8 * static_cast<size_t>(kind.k));
    int aRegisters = 16 * kind.k * kind.bits / 1024,
        bRegisters = 8 * kind.k * kind.bits / 1024;
    std::string body = "mul.wide.u32 %rd1, %tid_, 4; add.u64 %rd2, %p0, %rd1; "
                       "add.u64 %rd3, %p1, %rd1; add.u64 %rd4, %p2, %rd1;\n",
                as, bs;
    for (int i = 0; i < aRegisters; ++i) {
      body += "ld.global.u32 %r" + std::to_string(10 + i) + ", [%rd2+" +
              std::to_string(128 * i) + "];\n";
      as += (i ? ", %r" : "%r") + std::to_string(10 + i);
    }
    for (int i = 0; i < bRegisters; ++i) {
      body += "ld.global.u32 %r" + std::to_string(20 + i) + ", [%rd3+" +
              std::to_string(128 * i) + "];\n";
      bs += (i ? ", %r" : "%r") + std::to_string(20 + i);
    }
    std::string start = kind.integer ? "7" : "0f40E00000";
    for (int i = 0; i < 4; ++i)
      body += "mov.b32 %r" + std::to_string(30 + i) + ", " + start + ";\n";
    body += "mma.sync.aligned.m16n8k" + std::to_string(kind.k) + ".row.col." +
            kind.types + " {%r30, %r31, %r32, %r33}, {" + as + "}, {" + bs +
            "}, {%r30, %r31, %r32, %r33};\n";
    for (int i = 0; i < 4; ++i)
      body += "st.global.u32 [%rd4+" + std::to_string(128 * i) + "], %r" +
              std::to_string(30 + i) + ";\n";
    KernelRun run(kernelText(body, 3));
    run.input(fragment(a, 16, kind.k, kind.bits));
    run.input(fragment(b, 8, kind.k, kind.bits));
    uint64_t out = run.output(512);
    ASSERT_TRUE(run.launch({1}, {32})) << run.report();
    auto values = run.read<uint32_t>(out, 128);
    for (int row = 0; row < 16; ++row)
      for (int column = 0; column < 8; ++column) {
        double expected = 7;
        for (int k = 0; k < kind.k; ++k)
          expected += kind.decode(a[row * kind.k + k]) *
                      kind.decode(b[column * kind.k + k]);
        uint32_t got =
            values[(row / 8 * 2 + column % 2) * 32 + row % 8 * 4 + column / 2];
        EXPECT_EQ(kind.integer ? static_cast<double>(static_cast<int32_t>(got))
                               : static_cast<double>(std::bit_cast<float>(got)),
                  expected)
            << row << ", " << column;
      }
  }
}

TEST(Tensor, MmaOfEightRows) {
  std::mt19937 random(7);
  std::vector<uint32_t> a(8 * 16), b(8 * 16);
  for (auto *matrix : {&a, &b})
    for (uint32_t &element : *matrix)
      element = random() % 256;
  KernelRun run(kernelText(
      "mul.wide.u32 %rd1, %tid_, 4; add.u64 %rd2, %p0, %rd1; add.u64 %rd3, "
      "%p1, %rd1; mul.wide.u32 %rd1, %tid_, 8; add.u64 %rd4, %p2, %rd1; "
      "ld.global.u32 %r1, [%rd2]; ld.global.u32 %r2, [%rd3]; mov.u32 %r3, 7; "
      "mov.u32 %r4, 7;\nmma.sync.aligned.m8n8k16.row.col.s32.u8.s8.s32 {%r3, "
      "%r4}, {%r1}, {%r2}, {%r3, %r4};\nst.global.v2.u32 [%rd4], {%r3, %r4};",
      3));
  run.input(fragment(a, 8, 16, 8));
  run.input(fragment(b, 8, 16, 8));
  uint64_t out = run.output(256);
  ASSERT_TRUE(run.launch({1}, {32})) << run.report();
  auto d = run.read<int32_t>(out, 64);
  for (size_t i = 0; i < 8; ++i)
    for (size_t j = 0; j < 8; ++j) {
      int32_t sum = 7;
      for (size_t k = 0; k < 16; ++k)
        sum += static_cast<int32_t>(a[i * 16 + k]) *
               static_cast<int8_t>(b[j * 16 + k]);
      EXPECT_EQ(d[i * 8 + j], sum);
    }
}

TEST(Tensor, MmaNeedsTheWholeWarp) {
  std::string code = "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%r1, "
                     "%r2, %r3, %r4}, {%r5, %r5}, {%r5}, {%r6, %r6, %r6, %r6};";
  KernelRun run(kernelText(
      "mov.u32 %r5, 0; mov.u32 %r6, 0; setp.lt.u32 %q1, %tid_, 16; @%q1 " +
          code,
      0));
  EXPECT_FALSE(run.launch({1}, {32}));
  EXPECT_EQ(run.findings()[0].kind, FindingKind::Divergence);
}

} // namespace
