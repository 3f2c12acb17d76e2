// wgmma of every type and layout of shared memory against sums in double
// precision, and what is wrong with it.
#include "Support.h"

#include <cmath>
#include <random>

using namespace moe::emu;
using namespace moe::emu::test;

namespace wgmma_test {

struct Shape {
  const char *types; ///< d, a, b as PTX has them
  int n, elementBytes;
  int swizzle = 3;         ///< 0 none, 3: 128 bytes
  bool aRegisters = false; ///< A from registers
  bool aAlongM = false, bAlongN = false;
  int scaleA = 1, scaleB = 1;
};

bool has(const Shape &shape, const char *text) {
  return std::string(shape.types).find(text) != std::string::npos;
}

std::string typeOf(const Shape &shape, int operand) {
  std::stringstream stream(shape.types);
  std::string type;
  for (int i = 0; i <= operand; ++i)
    std::getline(stream, type, '.');
  return type;
}

/// Eight numbers that every type has.
constexpr double kValues[] = {-1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2};

uint32_t encode(const std::string &type, int value) {
  static const uint32_t kF16[] = {0xbe00, 0xbc00, 0xb800, 0,
                                  0x3800, 0x3c00, 0x3e00, 0x4000};
  static const uint32_t kE4M3[] = {0xbc, 0xb8, 0xb0, 0, 0x30, 0x38, 0x3c, 0x40};
  static const uint32_t kE5M2[] = {0xbe, 0xbc, 0xb8, 0, 0x38, 0x3c, 0x3e, 0x40};
  if (type == "bf16")
    return toBf16(kValues[value]);
  if (type == "f16")
    return kF16[value];
  if (type == "tf32")
    return std::bit_cast<uint32_t>(static_cast<float>(kValues[value]));
  if (type == "e4m3")
    return kE4M3[value];
  if (type == "e5m2")
    return kE5M2[value];
  return static_cast<uint8_t>(type == "s8" ? value - 4 : value * 31);
}

double decode(const std::string &type, int value) {
  return type == "s8" ? value - 4 : type == "u8" ? value * 31 : kValues[value];
}

/// A matrix of `rows` rows and 32 bytes along k per instruction: the second of
/// the instructions' slices is what is multiplied where a row has room for
/// more.
struct Tile {
  std::vector<int> values; ///< [row][k of the instruction]
  std::vector<uint8_t> bytes;
  uint32_t start = 0, leading = 0, stride = 0;
};

Tile makeTile(const Shape &shape, int rows, bool alongRows,
              const std::string &type, std::mt19937 &random) {
  Tile tile;
  int size = shape.elementBytes, k = 32 / size;
  for (int i = 0; i < rows * k; ++i)
    tile.values.push_back(static_cast<int>(random() % 8));
  int span = 16 << shape.swizzle; // bytes of a row of the swizzle
  tile.bytes.assign(16384, 0x7b);
  auto put = [&](int offset, int row, int column) {
    uint32_t bits = encode(type, tile.values[row * k + column]);
    int at = offset;
    if (shape.swizzle) // 16-byte chunks, by the number of the 128-byte line
      at ^= (at / 128 % (1 << shape.swizzle)) * 16;
    std::memcpy(&tile.bytes[static_cast<size_t>(at)], &bits,
                static_cast<size_t>(size));
  };
  int slice = !alongRows && shape.swizzle ? 32 % span : 0;
  tile.start = static_cast<uint32_t>(slice);
  for (int row = 0; row < rows; ++row)
    for (int column = 0; column < k; ++column) {
      int byte = column * size;
      if (!alongRows && shape.swizzle) {
        put(row * span + slice + byte, row, column);
        tile.stride = static_cast<uint32_t>(8 * span);
        tile.leading = 16;
      } else if (!alongRows) {
        put(byte / 16 * rows * 16 + row * 16 + byte % 16, row, column);
        tile.stride = 128;
        tile.leading = static_cast<uint32_t>(rows * 16);
      } else if (shape.swizzle) {
        int perSpan = span / size;
        put(row / perSpan * k * span + column * span + row % perSpan * size,
            row, column);
        tile.stride = static_cast<uint32_t>(8 * span);
        tile.leading = static_cast<uint32_t>(k * span);
      } else {
        put(row / 8 * 128 + column / 8 * rows * 16 + column % 8 * 16 +
                row % 8 * size,
            row, column);
        tile.stride = 128;
        tile.leading = static_cast<uint32_t>(rows * 16);
      }
    }
  return tile;
}

std::string number(uint64_t value) { return std::to_string(value); }

/// Copies the tiles to shared memory, multiplies and writes every register.
std::string text(const Shape &shape, const Tile &a, const Tile &b,
                 const std::string &fence = "wgmma.fence.sync.aligned;",
                 const std::string &wait = "wgmma.wait_group.sync.aligned 0;",
                 const std::string &proxy = "fence.proxy.async;") {
  bool packed = has(shape, "f16.f16.") || typeOf(shape, 0) == "f16";
  int registers = shape.n / (packed ? 4 : 2);
  std::string one = has(shape, "satfinite")     ? "2147483600"
                    : typeOf(shape, 0) == "s32" ? "1"
                    : packed                    ? "0x3c003c00"
                                                : "0x3f800000";
  std::string body =
      ".reg .b32 %d<128>; .reg .b64 %left, %right; mov.u32 %r1, tile; shl.b32 "
      "%r2, %tid_, 2; cvt.u64.u32 %rd1, %r2; add.u64 %rd2, %p0, %rd1; add.u32 "
      "%r3, %r1, %r2; mov.u32 %r4, 0;\nCOPY: ld.global.u32 %r5, [%rd2]; "
      "st.shared.u32 [%r3], %r5; add.u64 %rd2, %rd2, 512; add.u32 %r3, %r3, "
      "512; add.u32 %r4, %r4, 1; setp.lt.u32 %q1, %r4, 64; @%q1 bra COPY;\n" +
      proxy + " bar.sync 0;\n";
  auto descriptor = [&](const char *name, const Tile &tile, uint32_t at) {
    uint64_t mode =
        shape.swizzle ? 4 - static_cast<uint64_t>(shape.swizzle) : 0;
    uint64_t bits = uint64_t(tile.leading >> 4) << 16 |
                    uint64_t(tile.stride >> 4) << 32 | mode << 62;
    body += "add.u32 %r6, %r1, " + number(at + tile.start) +
            "; shr.u32 %r6, %r6, 4; cvt.u64.u32 " + name + ", %r6; or.b64 " +
            name + ", " + name + ", " + number(bits) + ";\n";
  };
  descriptor("%left", a, 0);
  descriptor("%right", b, 16384);
  std::string ds;
  for (int i = 0; i < registers; ++i) {
    body += "mov.b32 %d" + number(i) + ", " + one + ";";
    ds += (i ? ", %d" : "%d") + number(i);
  }
  std::string left = "%left";
  if (shape.aRegisters) {
    body += "shl.b32 %r2, %tid_, 4; cvt.u64.u32 %rd3, %r2; add.u64 %rd3, %rd3, "
            "%p2; ld.global.v4.u32 {%r10, %r11, %r12, %r13}, [%rd3];\n";
    left = "{%r10, %r11, %r12, %r13}";
  }
  std::string modifiers;
  if (typeOf(shape, 0) != "s32")
    modifiers = ", " + std::to_string(shape.scaleA) + ", " +
                std::to_string(shape.scaleB);
  if (shape.elementBytes == 2) {
    if (!shape.aRegisters)
      modifiers += shape.aAlongM ? ", 1" : ", 0";
    modifiers += shape.bAlongN ? ", 1" : ", 0";
  }
  body += "setp.eq.u32 %q2, 0, 0;\n" + fence +
          "\nwgmma.mma_async.sync.aligned.m64n" + number(shape.n) + "k" +
          number(32 / shape.elementBytes) + "." + shape.types + " {" + ds +
          "}, " + left + ", %right, %q2" + modifiers +
          ";\nwgmma.commit_group.sync.aligned;\n" + wait +
          "\nmul.lo.u32 %r7, %tid_, " + number(registers * 4) +
          "; cvt.u64.u32 %rd4, %r7; add.u64 %rd4, %rd4, %p1;\n";
  for (int i = 0; i < registers; ++i)
    body += "st.global.u32 [%rd4+" + number(i * 4) + "], %d" + number(i) + ";";
  return kernelText(body, shape.aRegisters ? 3 : 2,
                    ".shared .align 1024 .b8 tile[32768];");
}

class Wgmma : public ::testing::TestWithParam<Shape> {};

TEST_P(Wgmma, IsTheProduct) {
  const Shape &shape = GetParam();
  std::mt19937 random(3);
  std::string aType = typeOf(shape, 1), bType = typeOf(shape, 2);
  Tile a = makeTile(shape, 64, shape.aAlongM, aType, random),
       b = makeTile(shape, shape.n, shape.bAlongN, bType, random);
  int k = 32 / shape.elementBytes, perRegister = 4 / shape.elementBytes;
  KernelRun run(text(shape, a, b));
  std::vector<uint8_t> tiles = a.bytes;
  tiles.insert(tiles.end(), b.bytes.begin(), b.bytes.end());
  run.input(tiles);
  bool packed = typeOf(shape, 0) == "f16";
  int registers = shape.n / (packed ? 4 : 2);
  uint64_t out = run.output(static_cast<uint64_t>(registers) * 128 * 4);
  if (shape.aRegisters) {
    // Registers 0 and 1: rows g and g + 8; 2 and 3: the same, k behind.
    std::vector<uint32_t> fragments(128 * 4);
    for (int thread = 0; thread < 128; ++thread)
      for (int reg = 0; reg < 4; ++reg)
        for (int i = 0; i < perRegister; ++i) {
          int row = thread / 32 * 16 + thread % 32 / 4 + reg % 2 * 8,
              column = (reg / 2 * 4 + thread % 4) * perRegister + i;
          fragments[thread * 4 + reg] |=
              encode(aType, a.values[row * k + column])
              << (i * shape.elementBytes * 8);
        }
    run.input(fragments);
  }
  ASSERT_TRUE(run.launch({1}, {128})) << run.report();
  auto got = run.read<uint32_t>(out, static_cast<size_t>(registers) * 128);
  for (int row = 0; row < 64; ++row)
    for (int column = 0; column < shape.n; ++column) {
      bool saturates = has(shape, "satfinite");
      double sum = saturates ? 2147483600 : 1;
      for (int i = 0; i < k; ++i)
        sum += shape.scaleA * shape.scaleB *
               decode(aType, a.values[row * k + i]) *
               decode(bType, b.values[column * k + i]);
      if (saturates)
        sum = std::min(sum, 2147483647.0);
      int thread = row / 16 * 32 + row % 8 * 4 + column % 8 / 2;
      int half = row / 8 % 2, odd = column % 2;
      uint32_t bits =
          packed ? got[thread * registers + column / 8 * 2 + half] >> odd * 16 &
                       0xffff
                 : got[thread * registers + column / 8 * 4 + half * 2 + odd];
      double value =
          typeOf(shape, 0) == "s32" ? static_cast<int32_t>(bits)
          : packed ? std::ldexp((bits & 0x3ff) + (bits & 0x7c00 ? 1024 : 0),
                                std::max<int>(bits >> 10 & 31, 1) - 25) *
                         (bits & 0x8000 ? -1 : 1)
                   : std::bit_cast<float>(bits);
      ASSERT_EQ(value, sum) << row << ", " << column;
    }
}

const Shape kShapes[] = {
    {"f32.bf16.bf16", 64, 2},
    {"f32.bf16.bf16", 256, 2, 2},
    {"f32.f16.f16", 24, 2, 2},
    {"f16.f16.f16", 32, 2, 1},
    {"f32.bf16.bf16", 40, 2, 0},
    {"f32.bf16.bf16", 64, 2, 3, false, true, true},
    {"f32.bf16.bf16", 128, 2, 2, false, true, true},
    {"f32.f16.f16", 32, 2, 1, false, false, true},
    {"f32.bf16.bf16", 64, 2, 0, false, true, true},
    {"f16.f16.f16", 64, 2, 3, true, false, true},
    {"f32.bf16.bf16", 96, 2, 3, true},
    {"f32.bf16.bf16", 16, 2, 3, false, false, false, -1, 1},
    {"f32.bf16.bf16", 16, 2, 3, true, false, false, -1, -1},
    {"f32.tf32.tf32", 64, 4},
    {"f32.tf32.tf32", 64, 4, 0, true},
    {"f32.e4m3.e4m3", 64, 1},
    {"f32.e4m3.e5m2", 64, 1, 2, true},
    {"f16.e5m2.e4m3", 48, 1, 1},
    {"s32.s8.s8", 64, 1},
    {"s32.u8.s8", 32, 1, 0},
    {"s32.u8.u8", 16, 1, 3, true},
    {"s32.s8.u8.satfinite", 24, 1, 3},
};
INSTANTIATE_TEST_SUITE_P(All, Wgmma, ::testing::ValuesIn(kShapes));

// ---- misuse ----

std::string firstFinding(const std::string &kernel, uint64_t seed,
                         uint32_t threads = 128) {
  EmulatorOptions options;
  options.seed = seed;
  options.livelockSlots = 3000;
  KernelRun run(kernel, options);
  run.input(std::vector<uint8_t>(32768));
  run.output(128 * 128);
  run.launch({1}, {threads});
  return run.findings().empty()
             ? ""
             : std::string(findingName(run.findings()[0].kind)) + ": " +
                   run.findings()[0].message;
}

TEST(WgmmaMisuse, IsFound) {
  Shape shape{"f32.bf16.bf16", 64, 2};
  std::mt19937 random(1);
  Tile a = makeTile(shape, 64, false, "bf16", random),
       b = makeTile(shape, 64, false, "bf16", random);
  const std::string fence = "wgmma.fence.sync.aligned;",
                    wait = "wgmma.wait_group.sync.aligned 0;";
  auto expect = [](const std::string &kernel, const std::string &wanted,
                   uint32_t threads = 128) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      std::string found = firstFinding(kernel, seed, threads);
      EXPECT_EQ(found.substr(0, wanted.size()), wanted) << found;
    }
  };
  expect(text(shape, a, b), "");
  EXPECT_EQ(firstFinding(text(shape, a, b), 1), "");
  expect(text(shape, a, b, ""),
         "async-misuse: wgmma uses registers that were written without");
  expect(text(shape, a, b, fence, ""),
         "async-misuse: uses an accumulator of a wgmma that nobody has waited");
  expect(text(shape, a, b, fence, "wgmma.wait_group.sync.aligned 1;"),
         "async-misuse: uses an accumulator of a wgmma that nobody has waited");
  expect(text(shape, a, b, fence, "mov.b32 %d3, 0;" + wait),
         "async-misuse: uses an accumulator of a wgmma that nobody has waited");
  // A copy is not a use, as compilers make them.
  EXPECT_EQ(
      firstFinding(text(shape, a, b, fence,
                        "mov.b32 %d100, %d3;" + wait + "mov.b32 %d3, %d100;"),
                   1),
      "");
  expect(text(shape, a, b, fence, wait, ""), "race: wgmma reads memory");
  expect(text(shape, a, b, fence, "st.shared.u32 [%r1+256], 0;" + wait),
         "race: write of 4 bytes");
  expect(text(shape, a, b), "divergence: expects four warps", 96);
  Tile outside = b;
  outside.stride = 16368 * 16;
  expect(text(shape, a, outside), "out-of-bounds");
}

TEST(WgmmaMisuse, SomeWarpsOnly) {
  Shape shape{"f32.bf16.bf16", 64, 2};
  std::mt19937 random(1);
  Tile a = makeTile(shape, 64, false, "bf16", random),
       b = makeTile(shape, 64, false, "bf16", random);
  for (uint64_t seed = 1; seed <= 20; ++seed)
    EXPECT_EQ(firstFinding(text(shape, a, b,
                                "setp.lt.u32 %q3, %tid_, 32; @%q3 exit; "
                                "wgmma.fence.sync.aligned;"),
                           seed)
                  .substr(0, 8),
              "deadlock");
}

TEST(WgmmaMisuse, RegistersOfA) {
  Shape shape{"f32.bf16.bf16", 16, 2, 3, true};
  std::mt19937 random(1);
  Tile a = makeTile(shape, 64, false, "bf16", random),
       b = makeTile(shape, 16, false, "bf16", random);
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    EmulatorOptions options;
    options.seed = seed;
    KernelRun run(text(shape, a, b, "wgmma.fence.sync.aligned;",
                       "mov.b32 %r10, 0; wgmma.wait_group.sync.aligned 0;"),
                  options);
    run.input(std::vector<uint8_t>(32768));
    run.output(128 * 128);
    run.input(std::vector<uint32_t>(512));
    run.launch({1}, {128});
    ASSERT_FALSE(run.findings().empty());
    EXPECT_EQ(run.findings()[0].message,
              "overwrites a register that a wgmma in flight reads");
  }
}

} // namespace wgmma_test
