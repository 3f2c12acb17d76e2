// tcgen05: every kind, shape and layout of mma against sums in double
// precision, moves to and from tensor memory, its allocation, and what is wrong
// with the use of it.
#include "Support.h"

#include <cmath>
#include <random>

using namespace moe::emu;
using namespace moe::emu::test;

namespace tcgen05_test {

// ---- numbers ----

/// Numbers that every type has, and how it encodes them; integers apart.
constexpr double kValues[] = {-1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2};

struct Format {
  const char *name;
  int bits, code; ///< code: in the instruction descriptor
  uint32_t values[8];
};
const Format kFormats[] = {
    {"f16", 16, 0, {0xbe00, 0xbc00, 0xb800, 0, 0x3800, 0x3c00, 0x3e00, 0x4000}},
    {"bf16",
     16,
     1,
     {0xbfc0, 0xbf80, 0xbf00, 0, 0x3f00, 0x3f80, 0x3fc0, 0x4000}},
    {"tf32",
     32,
     2,
     {0xbfc00000, 0xbf800000, 0xbf000000, 0, 0x3f000000, 0x3f800000, 0x3fc00000,
      0x40000000}},
    {"e4m3", 8, 0, {0xbc, 0xb8, 0xb0, 0, 0x30, 0x38, 0x3c, 0x40}},
    {"e5m2", 8, 1, {0xbe, 0xbc, 0xb8, 0, 0x38, 0x3c, 0x3e, 0x40}},
    {"e2m3", 6, 3, {0x2c, 0x28, 0x24, 0, 0x04, 0x08, 0x0c, 0x10}},
    {"e3m2", 6, 4, {0x2e, 0x2c, 0x28, 0, 0x08, 0x0c, 0x0e, 0x10}},
    {"e2m1", 4, 5, {0xb, 0xa, 0x9, 0, 1, 2, 3, 4}},
    {"u8", 8, 0, {0, 31, 62, 93, 124, 155, 186, 217}},
    {"s8", 8, 1, {0xfc, 0xfd, 0xfe, 0xff, 0, 1, 2, 3}},
};

const Format &formatOf(const std::string &name) {
  for (const Format &format : kFormats)
    if (name == format.name)
      return format;
  throw std::invalid_argument(name);
}

double valueOf(const std::string &type, int index) {
  return type == "u8" ? index * 31 : type == "s8" ? index - 4 : kValues[index];
}

// ---- one product ----

struct Product {
  const char *kind, *aType, *bType;
  int m, n;
  int swizzle = 3;            ///< 0 none, 3: 128 bytes
  const char *modifiers = ""; ///< behind the kind
  bool aTensor = false;       ///< A from tensor memory
  bool aAlongM = false, bAlongN = false;
  bool pair = false, ws = false, halfD = false;
  bool negateA = false, negateB = false;
  int scales = 0, scaleIndex = 0; ///< factors of a row; their first byte
  bool ue4m3 = false;
  int shift = 0;
  bool masked = false;
  int lane = 0; ///< where D begins

  bool isFour() const { return std::string(kind).find("mxf4") == 0; }
  bool isInteger() const { return std::string(kind) == "i8"; }
  int k() const {
    return isFour()                      ? 64
           : std::string(kind) == "f16"  ? 16
           : std::string(kind) == "tf32" ? 8
                                         : 32;
  }
};

std::string number(uint64_t value) { return std::to_string(value); }

/// Rows of A or B: their values and how shared memory has them.
struct Tile {
  std::vector<int> values; ///< [row][k]
  std::vector<uint8_t> bytes;
  uint64_t descriptor = 0; ///< but for the address
};

constexpr int kTileBytes = 32768;

void setBits(std::vector<uint8_t> &bytes, size_t bit, int count,
             uint32_t value) {
  for (int i = 0; i < count; ++i, ++bit)
    bytes[bit / 8] = static_cast<uint8_t>((bytes[bit / 8] & ~(1u << bit % 8)) |
                                          (value >> i & 1) << bit % 8);
}

Tile makeTile(const Product &product, const std::string &type, int rows,
              bool alongRows, std::mt19937 &random) {
  const Format &format = formatOf(type);
  Tile tile;
  int k = product.k();
  for (int i = 0; i < rows * k; ++i)
    tile.values.push_back(static_cast<int>(random() % 8));
  tile.bytes.assign(kTileBytes, 0x7b);
  // Elements of 16 bytes: of less than 8 bits 16 with room behind them, but two
  // in a byte of mxf4.
  int perChunk = product.isFour() ? 32 : std::min(128 / format.bits, 16);
  bool atoms32 = alongRows && type == "tf32";
  int span = 16 << product.swizzle;
  auto put = [&](int chunkAt, int within, int row, int column) {
    int at = chunkAt;
    if (atoms32)
      at ^= (at / 128 % 4) * 32;
    else if (product.swizzle)
      at ^= (at / 128 % (1 << product.swizzle)) * 16;
    setBits(tile.bytes, size_t(at) * 8 + size_t(within) * format.bits,
            format.bits, format.values[tile.values[row * k + column]]);
  };
  int leading = 16, stride = 8 * span;
  for (int row = 0; row < rows; ++row)
    for (int column = 0; column < k; ++column) {
      int chunk = column / perChunk;
      if (!alongRows && product.swizzle) {
        put(row * span + chunk * 16, column % perChunk, row, column);
      } else if (!alongRows) {
        leading = rows * 16;
        stride = 128;
        put(chunk * leading + row * 16, column % perChunk, row, column);
      } else if (product.swizzle) {
        int perSpan = span / 16 * perChunk;
        leading = k * span;
        stride = (atoms32 ? 4 : 8) * span;
        put(row / perSpan * leading + column * span +
                row % perSpan / perChunk * 16,
            row % perChunk, row, column);
      } else {
        stride = 128;
        leading = rows / perChunk * 128;
        put(row / perChunk * stride + column / 8 * leading + column % 8 * 16,
            row % perChunk, row, column);
      }
    }
  uint64_t mode = atoms32            ? 1
                  : !product.swizzle ? 0
                                     : 8 - 2 * uint64_t(product.swizzle);
  tile.descriptor = uint64_t(leading >> 4) << 16 | uint64_t(stride >> 4) << 32 |
                    uint64_t(1) << 46 | mode << 61;
  return tile;
}

uint32_t instructionDescriptor(const Product &p) {
  auto code = [&](const char *type) {
    return p.isFour() ? 1u : static_cast<uint32_t>(formatOf(type).code);
  };
  uint32_t bits = code(p.aType) << 7 | code(p.bType) << 10 |
                  uint32_t(p.negateA) << 13 | uint32_t(p.negateB) << 14 |
                  uint32_t(p.aAlongM) << 15 | uint32_t(p.bAlongN) << 16 |
                  static_cast<uint32_t>(p.n / 8) << 17 |
                  static_cast<uint32_t>(p.m / 16) << 24;
  auto index = static_cast<uint32_t>(p.scaleIndex);
  if (p.scales)
    return bits | index << 4 | uint32_t(!p.ue4m3) << 23 | index << 29;
  return bits | (p.isInteger() ? 2u : p.halfD ? 0u : 1u) << 4;
}

/// Columns of tensor memory: D, scale factors of A and of B, A.
constexpr int kScaleA = 256, kScaleB = 264, kA = 288;

/// What a kernel does wrong in the tests of misuse.
struct Pieces {
  std::string proxy = "fence.proxy.async;";
  std::string waitStore = "tcgen05.wait::st.sync.aligned;";
  std::string before = "tcgen05.fence::before_thread_sync;";
  std::string after = "tcgen05.fence::after_thread_sync;";
  std::string commit; ///< empty: the right one
  std::string wait =
      "WAIT: mbarrier.try_wait.parity.shared::cta.b64 %q5, [bar], 0; @!%q5 bra "
      "WAIT;";
  std::string afterCommit = "tcgen05.fence::after_thread_sync;";
  std::string waitLoad = "tcgen05.wait::ld.sync.aligned;";
  std::string beforeFree = "tcgen05.fence::before_thread_sync;";
  std::string free; ///< empty: the right one
  std::string initialise = "yes";
  std::string behindMma;
};

/// Every CTA copies p0 (tiles of A and B), p2 (A and scale factors of tensor
/// memory, 32 words for each lane) and writes all of D to p1.
std::string text(const Product &p, uint64_t aDescriptor, uint64_t bDescriptor,
                 const Pieces &pieces = {}) {
  std::string group = p.pair ? ".cta_group::2" : ".cta_group::1";
  std::string sync =
      p.pair ? "barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;"
             : "bar.sync 0;";
  std::string one = p.isInteger() ? "1" : p.halfD ? "0x3c00" : "0x3f800000";
  std::string body =
      ".reg .b32 %d<32>, %slot, %base, %mine, %rank; .reg .b64 %left, %right; "
      ".reg .b16 %mask;\n"
      "mov.u32 %rank, %cluster_ctarank; mov.u32 %r1, tile; shl.b32 %r2, %tid_, "
      "2; mul.wide.u32 %rd1, %rank, 65536; cvt.u64.u32 %rd3, %r2; add.u64 "
      "%rd1, %rd1, %rd3; add.u64 %rd2, %p0, %rd1; add.u32 %r3, %r1, %r2; "
      "mov.u32 %r4, 0;\n"
      "COPY: ld.global.u32 %r5, [%rd2]; st.shared.u32 [%r3], %r5; add.u64 "
      "%rd2, %rd2, 512; add.u32 %r3, %r3, 512; add.u32 %r4, %r4, 1; "
      "setp.lt.u32 "
      "%q1, %r4, 128; @%q1 bra COPY;\n" +
      pieces.proxy +
      "setp.eq.u32 %q2, %tid_, 0; @%q2 mbarrier.init.shared::cta.b64 [bar], "
      "1;\n"
      "setp.ge.u32 %q3, %tid_, 32; @%q3 bra ALLOCATED;\n"
      "tcgen05.alloc" +
      group + ".sync.aligned.shared::cta.b32 [slot], 512;\nALLOCATED: " + sync +
      "\nld.shared.u32 %base, [slot]; shr.u32 %r6, %tid_, 5; shl.b32 %r6, %r6, "
      "21; add.u32 %mine, %base, %r6;\n";
  auto store = [&](int column, int from) {
    body += "tcgen05.st.sync.aligned.32x32b.x8.b32 [%mine+" + number(column) +
            "], {";
    for (int i = 0; i < 8; ++i)
      body += (i ? ", %d" : "%d") + number(from + i);
    body += "};\n";
  };
  // D is 1; A and scale factors come from memory.
  for (int i = 0; i < 8; ++i)
    body += "mov.b32 %d" + number(i) + ", " + one + ";";
  for (int column = 0; !pieces.initialise.empty() && column < p.n; column += 8)
    store(column, 0);
  body += "mad.lo.u32 %r7, %rank, 128, %tid_; mul.wide.u32 %rd4, %r7, 128; "
          "add.u64 %rd4, %rd4, %p2;\n";
  for (int i = 0; i < 24; ++i)
    body += "ld.global.u32 %d" + number(i) + ", [%rd4+" + number(i * 4) + "];";
  store(kA, 0);
  store(kScaleA, 8);
  store(kScaleB, 16);
  body += pieces.waitStore + pieces.before + sync + pieces.after + "\n";
  auto descriptor = [&](const char *name, uint64_t bits, int at) {
    body += "add.u32 %r8, %r1, " + number(at) +
            "; shr.u32 %r8, %r8, 4; cvt.u64.u32 " + name + ", %r8; or.b64 " +
            name + ", " + name + ", " + number(bits) + ";\n";
  };
  descriptor("%left", aDescriptor, 0);
  descriptor("%right", bDescriptor, kTileBytes);
  std::string scales = p.scales ? ", [%base+" + number(kScaleA) + "], [%base+" +
                                      number(kScaleB) + "]"
                                : "";
  // Lanes 3, 40 and 127 keep what they have, of both CTAs.
  std::string mask;
  if (p.masked)
    mask = p.pair ? ", {8, 256, 0, 0x80000000, 8, 256, 0, 0x80000000}"
                  : ", {8, 256, 0, 0x80000000}";
  body += "setp.eq.u32 %q4, 0, 0; or.b32 %r9, %tid_, %rank; setp.eq.u32 %q6, "
          "%r9, 0;\n@%q6 tcgen05.mma" +
          std::string(p.ws ? ".ws" : "") + group + ".kind::" + p.kind +
          (p.scales ? ".block_scale" : "") + p.modifiers + " [%base+" +
          number(static_cast<uint64_t>(p.lane) << 16) + "], " +
          (p.aTensor ? "[%base+" + number(kA + (p.lane << 16)) + "]"
                     : std::string("%left")) +
          ", %right, " + number(instructionDescriptor(p)) + scales + mask +
          ", %q4" + (p.shift ? ", " + std::to_string(p.shift) : "") + ";\n";
  std::string commit =
      "@%q6 tcgen05.commit" + group + ".mbarrier::arrive::one.shared::cluster";
  body += pieces.behindMma + "mov.b16 %mask, 3;" +
          (pieces.commit.empty()
               ? commit + (p.pair ? ".multicast::cluster.b64 [bar], %mask;"
                                  : ".b64 [bar];")
               : pieces.commit) +
          "\n" + pieces.wait + pieces.afterCommit + "\nmul.lo.u32 %r10, %r7, " +
          number(p.n * 4) +
          "; cvt.u64.u32 %rd5, %r10; add.u64 %rd5, %rd5, %p1;\n";
  for (int column = 0; column < p.n; column += 8) {
    body += "tcgen05.ld.sync.aligned.32x32b.x8.b32 {";
    for (int i = 0; i < 8; ++i)
      body += (i ? ", %d" : "%d") + number(i);
    body += "}, [%mine+" + number(column) + "];" + pieces.waitLoad;
    for (int i = 0; i < 8; ++i)
      body += "st.global.u32 [%rd5+" + number((column + i) * 4) + "], %d" +
              number(i) + ";";
  }
  body += "\n" + pieces.beforeFree + sync + "@%q3 bra DONE;\n" +
          "tcgen05.relinquish_alloc_permit" + group + ".sync.aligned;\n" +
          (pieces.free.empty()
               ? "tcgen05.dealloc" + group + ".sync.aligned.b32 %base, 512;"
               : pieces.free) +
          "\nDONE:";
  return kernelText(body, 3,
                    ".shared .align 1024 .b8 tile[65536]; .shared .align 8 .b8 "
                    "bar[8]; .shared .align 4 .b8 slot[4];");
}

/// Where D has a row and a column: CTA, lane and column.
struct Place {
  int cta, lane, column;
};
Place placeOf(const Product &p, int row, int column) {
  int rows = p.pair ? p.m / 2 : p.m, cta = row / rows, r = row % rows;
  if (rows == 128)
    return {cta, r, column};
  if (rows == 64 && !p.pair && !p.ws)
    return {cta, p.lane + r / 16 * 32 + r % 16, column};
  int share = p.n * rows / 128;
  return {cta, r + column / share * rows, column % share};
}

class Tcgen05Mma : public ::testing::TestWithParam<Product> {};

TEST_P(Tcgen05Mma, IsTheProduct) {
  const Product &p = GetParam();
  std::mt19937 random(3);
  int ctas = p.pair ? 2 : 1, rows = p.m / ctas, columns = p.n / ctas, k = p.k();
  std::vector<uint8_t> bytes;
  std::vector<int> a, b;
  Tile left, right;
  for (int cta = 0; cta < ctas; ++cta) {
    left = makeTile(p, p.aType, rows, p.aAlongM, random);
    right = makeTile(p, p.bType, columns, p.bAlongN, random);
    for (const Tile *tile : {&left, &right})
      bytes.insert(bytes.end(), tile->bytes.begin(), tile->bytes.end());
    a.insert(a.end(), left.values.begin(), left.values.end());
    b.insert(b.end(), right.values.begin(), right.values.end());
  }
  // 0.5, 1 or 2, by row and factor.
  auto scale = [](int which, int row, int factor) {
    return (row * 5 + factor * 3 + which) % 3;
  };
  // Of each lane: 8 words of A, 8 of scale factors of A and 8 of those of B.
  std::vector<uint32_t> words(size_t(ctas) * 128 * 32);
  for (int cta = 0; cta < ctas; ++cta)
    for (int lane = 0; lane < 128; ++lane) {
      uint32_t *of = &words[(size_t(cta) * 128 + lane) * 32];
      // The row whose part of D the lane holds; any number elsewhere.
      int row = rows == 128                      ? lane
                : rows == 64 && !p.pair && !p.ws ? lane / 32 * 16 + lane % 16
                                                 : lane % rows;
      std::vector<uint8_t> packed(32);
      const Format &format = formatOf(p.aType);
      for (int i = 0; p.aTensor && i < k; ++i)
        setBits(packed, size_t(i) * format.bits, format.bits,
                format.values[a[(size_t(cta) * rows + row) * k + i]]);
      std::memcpy(of, packed.data(), 32);
      for (int which = 0; which < 2; ++which)
        for (int word = 0; word < 8; ++word)
          for (int factor = 0; factor < p.scales; ++factor) {
            int index = word * 32 + lane % 32;
            if (which == 1 && p.pair && rows == 64)
              index += lane / 64 * p.n / 2;
            if (which == 0)
              index += cta * rows;
            static const uint32_t kE4M3[] = {0x30, 0x38, 0x40};
            uint32_t bits =
                p.ue4m3
                    ? kE4M3[scale(which, index, factor)]
                    : 126 + static_cast<uint32_t>(scale(which, index, factor));
            of[8 + which * 8 + word] |= bits << (p.scaleIndex + factor) * 8;
          }
    }
  KernelRun run(text(p, left.descriptor, right.descriptor));
  run.input(bytes);
  uint64_t out = run.output(size_t(ctas) * 128 * p.n * 4);
  run.input(words);
  LaunchConfig config;
  config.grid = {static_cast<uint32_t>(ctas)};
  config.block = {128};
  config.cluster = {static_cast<uint32_t>(ctas)};
  run.emulator.launch(*run.module, "k", config, run.arguments);
  ASSERT_TRUE(run.emulator.run()) << run.report();
  auto got = run.read<uint32_t>(out, size_t(ctas) * 128 * p.n);
  for (int row = 0; row < p.m; ++row)
    for (int column = 0; column < p.n; ++column) {
      Place at = placeOf(p, row, column);
      bool kept = p.masked && (at.lane == 3 || at.lane == 40 || at.lane == 127);
      double sum = kept ? 1 : std::ldexp(1, -p.shift);
      for (int i = 0; !kept && i < k; ++i) {
        double term = valueOf(p.aType, a[size_t(row) * k + i]) *
                      valueOf(p.bType, b[size_t(column) * k + i]) *
                      (p.negateA ? -1 : 1) * (p.negateB ? -1 : 1);
        if (p.scales) {
          int factor = i * p.scales / k;
          term *= std::ldexp(1, scale(0, row, factor) - 1 +
                                    scale(1, column, factor) - 1);
        }
        sum += term;
      }
      uint32_t bits = got[(size_t(at.cta) * 128 + at.lane) * p.n + at.column];
      double value =
          p.isInteger() ? static_cast<int32_t>(bits)
          : p.halfD ? std::ldexp((bits & 0x3ff) + (bits & 0x7c00 ? 1024 : 0),
                                 std::max<int>(bits >> 10 & 31, 1) - 25) *
                          (bits & 0x8000 ? -1 : 1)
                    : std::bit_cast<float>(bits);
      ASSERT_EQ(value, sum) << row << ", " << column;
    }
}

Product with(Product p, void (*change)(Product &)) {
  change(p);
  return p;
}

const Product kProducts[] = {
    {"f16", "bf16", "bf16", 128, 256},
    {"f16", "f16", "f16", 64, 24, 2},
    with({"f16", "f16", "f16", 128, 32, 1}, [](Product &p) { p.halfD = true; }),
    {"f16", "bf16", "bf16", 128, 48, 0},
    with({"f16", "bf16", "bf16", 128, 64},
         [](Product &p) { p.aAlongM = p.bAlongN = true; }),
    with({"f16", "f16", "f16", 128, 64, 2},
         [](Product &p) { p.aAlongM = p.bAlongN = true; }),
    with({"f16", "bf16", "bf16", 64, 64, 0},
         [](Product &p) { p.aAlongM = p.bAlongN = true; }),
    with({"f16", "bf16", "bf16", 128, 32},
         [](Product &p) { p.aTensor = true; }),
    with({"f16", "bf16", "bf16", 64, 40},
         [](Product &p) {
           p.aTensor = true;
           p.lane = 16;
         }),
    with({"f16", "bf16", "bf16", 128, 16},
         [](Product &p) { p.negateA = true; }),
    with({"f16", "bf16", "bf16", 128, 16},
         [](Product &p) {
           p.negateB = true;
           p.shift = 3;
         }),
    with({"f16", "bf16", "bf16", 128, 32}, [](Product &p) { p.masked = true; }),
    {"f16", "bf16", "bf16", 128, 16, 3, ".collector::a::fill"},
    with({"f16", "bf16", "bf16", 256, 256}, [](Product &p) { p.pair = true; }),
    with({"f16", "bf16", "bf16", 128, 64}, [](Product &p) { p.pair = true; }),
    with({"f16", "bf16", "bf16", 128, 64},
         [](Product &p) { p.pair = p.aTensor = p.masked = true; }),
    with({"f16", "f16", "f16", 256, 32},
         [](Product &p) { p.pair = p.halfD = p.aTensor = true; }),
    with({"f16", "bf16", "bf16", 128, 64}, [](Product &p) { p.ws = true; }),
    with({"f16", "bf16", "bf16", 64, 128}, [](Product &p) { p.ws = true; }),
    with({"f16", "bf16", "bf16", 32, 64, 3, ".collector::b1::lastuse"},
         [](Product &p) { p.ws = true; }),
    {"tf32", "tf32", "tf32", 128, 64},
    with({"tf32", "tf32", "tf32", 128, 64},
         [](Product &p) { p.aAlongM = p.bAlongN = true; }),
    {"f8f6f4", "e4m3", "e5m2", 128, 64},
    {"f8f6f4", "e2m3", "e3m2", 64, 16, 2},
    {"f8f6f4", "e2m1", "e4m3", 128, 32, 1},
    with({"f8f6f4", "e5m2", "e4m3", 128, 64},
         [](Product &p) { p.aAlongM = p.bAlongN = true; }),
    with({"f8f6f4", "e4m3", "e2m1", 128, 32},
         [](Product &p) { p.aTensor = true; }),
    {"i8", "s8", "u8", 128, 32},
    with({"i8", "u8", "s8", 256, 64, 0}, [](Product &p) { p.pair = true; }),
    with({"mxf8f6f4", "e4m3", "e2m3", 128, 40},
         [](Product &p) {
           p.scales = 1;
           p.scaleIndex = 2;
         }),
    with({"mxf8f6f4", "e5m2", "e4m3", 256, 96, 2, ".scale_vec::1X"},
         [](Product &p) {
           p.pair = true;
           p.scales = 1;
         }),
    with({"mxf4", "e2m1", "e2m1", 128, 64},
         [](Product &p) {
           p.scales = 2;
           p.scaleIndex = 2;
         }),
    with({"mxf4nvf4", "e2m1", "e2m1", 128, 32, 2, ".scale_vec::4X"},
         [](Product &p) {
           p.scales = 4;
           p.ue4m3 = true;
         }),
    with({"mxf4nvf4", "e2m1", "e2m1", 128, 64, 3, ".scale_vec::2X"},
         [](Product &p) {
           p.scales = 2;
           p.aTensor = true;
         }),
    with({"mxf4", "e2m1", "e2m1", 128, 64},
         [](Product &p) {
           p.scales = 2;
           p.pair = true;
         }),
};
INSTANTIATE_TEST_SUITE_P(All, Tcgen05Mma, ::testing::ValuesIn(kProducts),
                         [](const auto &info) {
                           const Product &product = info.param;
                           return asName(number(info.index) + "_" +
                                         product.kind + "_" + product.aType +
                                         "_" + number(product.m) + "x" +
                                         number(product.n));
                         });

// ---- misuse ----

struct MisuseRun {
  std::string first; ///< finding; empty: none
};

std::string firstFinding(const std::string &kernel, uint64_t seed,
                         bool fences = true) {
  EmulatorOptions options;
  options.seed = seed;
  options.livelockSlots = 3000;
  options.tensorFences = fences;
  KernelRun run(kernel, options);
  run.input(std::vector<uint8_t>(131072));
  run.output(128 * 256 * 4);
  run.input(std::vector<uint8_t>(32768));
  run.launch({1}, {128});
  return run.findings().empty()
             ? ""
             : std::string(findingName(run.findings()[0].kind)) + ": " +
                   run.findings()[0].message;
}

TEST(Tcgen05Misuse, IsFound) {
  const Product p{"f16", "bf16", "bf16", 128, 32};
  std::mt19937 random(1);
  Tile a = makeTile(p, "bf16", 128, false, random),
       b = makeTile(p, "bf16", 32, false, random);
  auto expect = [&](void (*change)(Pieces &), const std::string &wanted,
                    bool fences = true) {
    Pieces pieces;
    change(pieces);
    for (uint64_t seed = 1; seed <= seedLimit(3); ++seed) {
      std::string found = firstFinding(
          text(p, a.descriptor, b.descriptor, pieces), seed, fences);
      EXPECT_EQ(wanted.empty() ? found : found.substr(0, wanted.size()), wanted)
          << found;
    }
  };
  expect([](Pieces &) {}, "");
  expect([](Pieces &x) { x.proxy = ""; }, "race: tcgen05.mma reads memory");
  expect([](Pieces &x) { x.waitStore = ""; },
         "race: reads tensor memory that is not ordered after a write by "
         "tcgen05 of warp");
  expect([](Pieces &x) { x.before = ""; },
         "race: reads tensor memory that is not ordered");
  expect([](Pieces &x) { x.after = ""; },
         "race: reads tensor memory that is not ordered");
  // The product comes before or after the load.
  expect([](Pieces &x) { x.wait = ""; }, "race: ");
  expect([](Pieces &x) { x.afterCommit = ""; },
         "race: reads tensor memory that is not ordered after a write");
  expect([](Pieces &x) { x.commit = "bar.warp.sync -1;"; }, "livelock");
  expect([](Pieces &x) { x.waitLoad = ""; },
         "race: writes tensor memory that is not ordered after a read");
  expect([](Pieces &x) { x.beforeFree = ""; },
         "race: writes tensor memory that is not ordered after a read");
  expect([](Pieces &x) { x.free = "bar.warp.sync -1;"; },
         "async-misuse: the CTA ends without freeing 512 columns");
  expect(
      [](Pieces &x) {
        x.free = "tcgen05.dealloc.cta_group::1.sync.aligned.b32 %base, 256;";
      },
      "async-misuse: frees 256 columns of tensor memory that were not");
  expect([](Pieces &x) { x.initialise = ""; }, "uninitialised-memory: reads");
  // A tile is overwritten while the product reads it.
  expect([](Pieces &x) { x.behindMma = "st.shared.u32 [tile], 0;"; },
         "race: write of 4 bytes");
  // Fences of tcgen05 may be left to the compiler, as CUTLASS does.
  expect(
      [](Pieces &x) { x.before = x.after = x.afterCommit = x.beforeFree = ""; },
      "", false);
  expect([](Pieces &x) { x.wait = ""; }, "race: ", false);
}

/// Text in which something is replaced.
std::string replaced(std::string text, const std::string &from,
                     const std::string &to) {
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Tcgen05Misuse, DescriptorsAndAddresses) {
  const Product p{"f16", "bf16", "bf16", 128, 32};
  std::mt19937 random(1);
  Tile a = makeTile(p, "bf16", 128, false, random),
       b = makeTile(p, "bf16", 32, false, random);
  std::string right = text(p, a.descriptor, b.descriptor);
  auto expect = [&](const std::string &kernel, const std::string &wanted) {
    std::string found = firstFinding(kernel, 1);
    EXPECT_EQ(found.substr(0, wanted.size()), wanted) << found;
  };
  auto withDescriptor = [&](uint32_t flip) {
    uint32_t bits = instructionDescriptor(p);
    return replaced(right, "%right, " + number(bits),
                    "%right, " + number(bits ^ flip));
  };
  expect(withDescriptor(4),
         "async-misuse: the instruction descriptor says that "
         "A is sparse");
  expect(withDescriptor(1 << 6), "async-misuse: expects zeros");
  expect(withDescriptor(2 << 4), "async-misuse: the instruction descriptor's "
                                 "type of D (3)");
  expect(withDescriptor(2 << 7), "async-misuse: the instruction descriptor's "
                                 "type of A (3)");
  expect(withDescriptor(1 << 17), "async-misuse: n = 40 is not supported");
  expect(withDescriptor(1 << 24), "async-misuse: m = 144 is not supported");
  expect(withDescriptor(1 << 3), "async-misuse: expects saturation");
  expect(text(p, a.descriptor ^ uint64_t(1) << 46, b.descriptor),
         "async-misuse: the descriptor of a matrix in shared memory expects 1");
  expect(text(p, a.descriptor | uint64_t(1) << 53, b.descriptor),
         "async-misuse: the descriptor of a matrix in shared memory expects "
         "zeros");
  expect(text(p, a.descriptor | uint64_t(3) << 61, b.descriptor),
         "async-misuse: the descriptor of a matrix in shared memory expects a "
         "swizzle");
  expect(
      text(p, a.descriptor, b.descriptor | uint64_t(1) << 49),
      "async-misuse: the descriptor of a matrix in shared memory has a base");
  // Warps reach their own 32 lanes.
  expect(replaced(right, "shl.b32 %r6, %r6, 21", "shl.b32 %r6, %r6, 20"),
         "async-misuse: accesses tensor memory from lane");
  expect(replaced(right, "[slot], 512", "[slot], 48"),
         "async-misuse: expects 32, 64, 128, 256 or 512 columns");
  expect(replaced(replaced(right, "[slot], 512", "[slot], 32"), "%base, 512",
                  "%base, 32"),
         "out-of-bounds: accesses columns");
  expect(replaced(right, "tcgen05.dealloc.cta_group::1.sync",
                  "tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 "
                  "[slot], 32; tcgen05.dealloc.cta_group::1.sync"),
         "async-misuse: allocates tensor memory after");
  EXPECT_THROW(firstFinding(replaced(right, "tcgen05.dealloc.cta_group::1",
                                     "tcgen05.dealloc.cta_group::2"),
                            1),
               LoadError);
}

// ---- moves ----

/// A shape of tcgen05.ld: how registers and threads name bits, in the terms of
/// CuTe (copy_traits_sm100.hpp has these layouts): the strides of the digits of
/// the thread and of the register, all in words; words of a lane.
struct MoveShape {
  const char *name;
  int lanes, perRepeat, wordsPerRepeat;
  std::vector<std::array<int, 3>> thread, reg; ///< size, lanes, words
};
const MoveShape kMoveShapes[] = {
    {"32x32b", 32, 1, 1, {{32, 1, 0}}, {}},
    {"16x64b", 16, 1, 2, {{2, 8, 0}, {2, 0, 1}, {8, 1, 0}}, {}},
    {"16x128b", 16, 2, 4, {{4, 0, 1}, {8, 1, 0}}, {{2, 8, 0}}},
    {"16x256b", 16, 4, 8, {{4, 0, 2}, {8, 1, 0}}, {{2, 0, 1}, {2, 8, 0}}},
};

class Tcgen05Move : public ::testing::TestWithParam<MoveShape> {};

/// Fills 16 columns, reads them with the shape (`packed`: two columns in a
/// register), writes what was read 64 columns further and reads that plainly.
TEST_P(Tcgen05Move, NamesEveryWordOnce) {
  const MoveShape &shape = GetParam();
  for (bool packed : {false, true})
    for (int half = 0; half < (shape.lanes == 16 ? 2 : 1); ++half) {
      int repeats = 16 / shape.wordsPerRepeat / (packed ? 2 : 1),
          registers = repeats * shape.perRepeat;
      std::string list;
      for (int i = 0; i < registers; ++i)
        list += (i ? ", %d" : "%d") + number(i);
      std::string lanes = number(static_cast<uint64_t>(half) * 16 << 16);
      std::string name =
          "sync.aligned." + std::string(shape.name) + ".x" + number(repeats);
      std::string body =
          ".reg .b32 %d<32>, %base, %mine; setp.ge.u32 %q3, %tid_, 32; @%q3 "
          "bra GO; tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 "
          "[slot], 128; GO: bar.sync 0; ld.shared.u32 %base, [slot]; shr.u32 "
          "%r6, %tid_, 5; shl.b32 %r6, %r6, 21; add.u32 %mine, %base, %r6; "
          "shl.b32 %r1, %tid_, 8;\n";
      for (int i = 0; i < 16; ++i)
        body += "add.u32 %d" + number(i) + ", %r1, " + number(i) + ";";
      auto plain = [&](const char *what, int column) {
        std::string registersText = "{";
        for (int i = 0; i < 16; ++i)
          registersText += (i ? ", %d" : "%d") + number(i);
        registersText += "}";
        std::string at = "[%mine+" + number(column) + "]";
        bool store = std::string(what) == "st";
        body +=
            "tcgen05." + std::string(what) + ".sync.aligned.32x32b.x16.b32 " +
            (store ? at + ", " + registersText : registersText + ", " + at) +
            "; tcgen05.wait::" + what + ".sync.aligned;\n";
      };
      plain("st", 0);
      plain("st", 64);
      body += "tcgen05.ld." + name + (packed ? ".pack::16b" : "") + ".b32 {" +
              list + "}, [%mine+" + lanes +
              "]; tcgen05.wait::ld.sync.aligned;\n";
      body += "mul.lo.u32 %r2, %tid_, 128; cvt.u64.u32 %rd1, %r2; add.u64 "
              "%rd1, %rd1, %p0;\n";
      for (int i = 0; i < registers; ++i)
        body += "st.global.u32 [%rd1+" + number(i * 4) + "], %d" + number(i) +
                "; not.b32 %d" + number(i) + ", %d" + number(i) + ";";
      body += "tcgen05.st." + name + (packed ? ".unpack::16b" : "") +
              ".b32 [%mine+" +
              number(64 + (static_cast<uint64_t>(half) * 16 << 16)) + "], {" +
              list + "}; tcgen05.wait::st.sync.aligned;\n";
      plain("ld", 64);
      for (int i = 0; i < 16; ++i)
        body += "st.global.u32 [%rd1+" + number(64 + i * 4) + "], %d" +
                number(i) + ";";
      body += "tcgen05.fence::before_thread_sync; bar.sync 0; @%q3 bra DONE; "
              "tcgen05.dealloc.cta_group::1.sync.aligned.b32 %base, 128; DONE:";
      KernelRun run(kernelText(body, 1, ".shared .align 4 .b8 slot[4];"));
      uint64_t out = run.output(128 * 128);
      // Registers that hold nothing are not written.
      run.emulator.write(out, std::vector<char>(128 * 128).data(), 128 * 128);
      ASSERT_TRUE(run.launch({1}, {128})) << run.report();
      auto got = run.read<uint32_t>(out, 128 * 32);
      std::vector<uint32_t> memory(128 * 16);
      for (uint32_t i = 0; i < memory.size(); ++i)
        memory[i] = i / 16 << 8 | i % 16;
      for (int thread = 0; thread < 128; ++thread)
        for (int reg = 0; reg < registers; ++reg) {
          int lane = thread / 32 * 32 + half * 16, word = 0, rest = thread % 32;
          for (auto [size, byLane, byWord] : shape.thread) {
            lane += rest % size * byLane;
            word += rest % size * byWord;
            rest /= size;
          }
          rest = reg;
          for (auto [size, byLane, byWord] : shape.reg) {
            lane += rest % size * byLane;
            word += rest % size * byWord;
            rest /= size;
          }
          word += rest * shape.wordsPerRepeat;
          uint32_t *at = &memory[lane * 16 + word * (packed ? 2 : 1)];
          uint32_t value = packed ? (at[0] & 0xffff) | at[1] << 16 : at[0];
          ASSERT_EQ(got[thread * 32 + reg], value) << thread << ", " << reg;
          at[0] = packed ? ~value & 0xffff : ~value;
          if (packed)
            at[1] = ~value >> 16;
        }
      for (int thread = 0; thread < 128; ++thread)
        for (int column = 0; column < 16; ++column)
          ASSERT_EQ(got[thread * 32 + 16 + column],
                    memory[thread * 16 + column])
              << thread << ", " << column;
    }
}
INSTANTIATE_TEST_SUITE_P(All, Tcgen05Move, ::testing::ValuesIn(kMoveShapes),
                         nameOf<MoveShape>);

/// A kernel of one CTA with 128 columns of tensor memory at %mine (the lanes of
/// the warp) and %base.
std::string inTensorMemory(const std::string &body,
                           const std::string &declarations = "") {
  return kernelText(
      ".reg .b32 %d<32>, %base, %mine; setp.ge.u32 %q3, %tid_, 32; @%q3 bra "
      "GO; "
      "tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [slot], 128; "
      "GO: bar.sync 0; ld.shared.u32 %base, [slot]; shr.u32 %r6, %tid_, 5; "
      "shl.b32 %r6, %r6, 21; add.u32 %mine, %base, %r6; mul.lo.u32 %r2, "
      "%tid_, 64; cvt.u64.u32 %rd1, %r2; add.u64 %rd1, %rd1, %p0;\n" +
          body +
          "tcgen05.fence::before_thread_sync; bar.sync 0; @%q3 bra DONE; "
          "tcgen05.dealloc.cta_group::1.sync.aligned.b32 %base, 128; DONE:",
      2, ".shared .align 4 .b8 slot[4];" + declarations);
}

/// Both halves of a warp have columns of their own.
TEST(Tcgen05, TwoHalvesOfSixteenLanes) {
  std::string body;
  for (int i = 0; i < 8; ++i)
    body += "mad.lo.u32 %d" + number(i) + ", %tid_, 256, " + number(i) + ";";
  body +=
      "tcgen05.st.sync.aligned.32x32b.x8.b32 [%mine], {%d0, %d1, %d2, %d3, "
      "%d4, %d5, %d6, %d7}; tcgen05.wait::st.sync.aligned;"
      "tcgen05.ld.sync.aligned.16x32bx2.x2.b32 {%d8, %d9}, [%mine+1048576], "
      "5; tcgen05.wait::ld.sync.aligned; st.global.v2.u32 [%rd1], {%d8, "
      "%d9};";
  KernelRun run(inTensorMemory(body));
  uint64_t out = run.output(128 * 64);
  run.output(4);
  ASSERT_TRUE(run.launch({1}, {128})) << run.report();
  auto got = run.read<uint32_t>(out, 128 * 16);
  for (uint32_t thread = 0; thread < 128; ++thread)
    for (uint32_t i = 0; i < 2; ++i)
      EXPECT_EQ(got[thread * 16 + i],
                (thread / 32 * 32 + 16 + thread % 16) * 256 + i +
                    (thread % 32 < 16 ? 0 : 5))
          << thread;
}

struct CopyShape {
  const char *name;
  int rows, columns;
  /// The row that a lane gets; -1: none.
  int (*rowOf)(int lane);
};
const CopyShape kCopyShapes[] = {
    {"128x256b", 128, 8, [](int lane) { return lane; }},
    {"128x128b", 128, 4, [](int lane) { return lane; }},
    {"64x128b.warpx2::02_13", 64, 4, [](int lane) { return lane % 64; }},
    {"64x128b.warpx2::01_23", 64, 4,
     [](int lane) { return lane / 64 * 32 + lane % 32; }},
    {"32x128b.warpx4", 32, 4, [](int lane) { return lane % 32; }},
    {"4x256b", 4, 8, [](int lane) { return lane % 32 ? -1 : lane / 32; }},
};

class Tcgen05Copy : public ::testing::TestWithParam<CopyShape> {};

/// From shared memory without a swizzle: 8 rows of 16 bytes, the next 8 rows
/// 128 bytes behind, the second 16 bytes of a row 2048 bytes behind.
TEST_P(Tcgen05Copy, PutsRowsToLanes) {
  const CopyShape &shape = GetParam();
  auto kernel = [&](const std::string &wait) {
    std::string body =
        "mov.u32 %r1, tile; mul.lo.u32 %r2, %tid_, 32; add.u32 %r3, %r1, %r2; "
        "mad.lo.u32 %r4, %tid_, 8, 1000;\n";
    for (int i = 0; i < 8; ++i)
      body += "add.u32 %r5, %r4, " + number(i) + "; st.shared.u32 [%r3+" +
              number(i * 4) + "], %r5; mov.b32 %d" + number(i) + ", 7;";
    body +=
        "fence.proxy.async; setp.eq.u32 %q2, %tid_, 0; @%q2 "
        "mbarrier.init.shared::cta.b64 [bar], 1;"
        "tcgen05.st.sync.aligned.32x32b.x8.b32 [%mine], {%d0, %d1, %d2, "
        "%d3, %d4, %d5, %d6, %d7}; tcgen05.wait::st.sync.aligned; "
        "tcgen05.fence::before_thread_sync; bar.sync 0; "
        "tcgen05.fence::after_thread_sync; shr.u32 %r1, %r1, 4; "
        "cvt.u64.u32 %rd2, %r1; or.b64 %rd2, %rd2, " +
        number(uint64_t(1) << 46 | uint64_t(8) << 32 | 128 << 16) +
        "; @%q2 tcgen05.cp.cta_group::1." + shape.name +
        " [%base], %rd2; @%q2 tcgen05.commit.cta_group::1.mbarrier::arrive::"
        "one.shared::cluster.b64 [bar];" +
        wait +
        "tcgen05.fence::after_thread_sync; "
        "tcgen05.ld.sync.aligned.32x32b.x8.b32 {%d0, %d1, %d2, %d3, %d4, "
        "%d5, %d6, %d7}, [%mine]; tcgen05.wait::ld.sync.aligned;";
    for (int i = 0; i < 8; ++i)
      body +=
          "st.global.u32 [%rd1+" + number(i * 4) + "], %d" + number(i) + ";";
    return inTensorMemory(body, ".shared .align 1024 .b8 tile[4096]; .shared "
                                ".align 8 .b8 bar[8];");
  };
  const std::string wait =
      "WAIT: mbarrier.try_wait.parity.shared::cta.b64 %q5, "
      "[bar], 0; @!%q5 bra WAIT;";
  KernelRun run(kernel(wait));
  uint64_t out = run.output(128 * 64);
  run.output(4);
  ASSERT_TRUE(run.launch({1}, {128})) << run.report();
  auto got = run.read<uint32_t>(out, 128 * 16);
  for (int lane = 0; lane < 128; ++lane)
    for (int column = 0; column < 8; ++column) {
      int row = shape.rowOf(lane);
      // Thread t wrote 8 words from byte 32 t on.
      int byte =
          row / 8 * 128 + row % 8 * 16 + column / 4 * 2048 + column % 4 * 4;
      uint32_t wanted = row < 0 || column >= shape.columns
                            ? 7
                            : static_cast<uint32_t>(1000 + byte / 4);
      ASSERT_EQ(got[lane * 16 + column], wanted) << lane << ", " << column;
    }
  KernelRun wrong(kernel(""));
  wrong.output(128 * 64);
  wrong.output(4);
  EXPECT_FALSE(wrong.launch({1}, {128}));
}
INSTANTIATE_TEST_SUITE_P(All, Tcgen05Copy, ::testing::ValuesIn(kCopyShapes),
                         nameOf<CopyShape>);

/// CTAs of one multiprocessor wait for the columns of others.
TEST(Tcgen05Allocation, Blocks) {
  auto kernel = [](const std::string &held) {
    return kernelText(
        ".reg .b32 %base; "
        "tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 "
        "[slot], 512; ld.shared.u32 %base, [slot]; mov.u32 %r1, 0;\n"
        "SPIN: add.u32 %r1, %r1, 1; setp.lt.u32 %q1, %r1, 50; @%q1 bra SPIN; "
        "atom.global.add.u32 %r2, [%p0], 1;" +
            held + "tcgen05.dealloc.cta_group::1.sync.aligned.b32 %base, 512;",
        1, ".shared .align 4 .b8 slot[4];");
  };
  for (uint64_t seed = 1; seed <= seedLimit(3); ++seed) {
    EmulatorOptions options;
    options.seed = seed;
    options.multiprocessors = 1;
    options.livelockSlots = 3000;
    KernelRun run(kernel(""), options);
    uint64_t out = run.input(std::vector<uint32_t>(1));
    ASSERT_TRUE(run.launch({6}, {32})) << run.report();
    EXPECT_EQ(run.read<uint32_t>(out, 1)[0], 6 * 32u);
    // Each waits for all others to have got theirs.
    KernelRun stuck(kernel("ALL: ld.relaxed.gpu.global.u32 %r3, [%p0]; "
                           "setp.lt.u32 %q2, %r3, 192; @%q2 bra ALL;"),
                    options);
    stuck.input(std::vector<uint32_t>(1));
    EXPECT_FALSE(stuck.launch({6}, {32}));
    std::string notes;
    for (const std::string &note : stuck.findings().at(0).notes)
      notes += note;
    EXPECT_NE(notes.find("wait for tensor memory"), std::string::npos) << notes;
  }
}

/// Which finding a kernel of pairs gives: allocation and freeing by one warp of
/// each CTA.
std::string pairFinding(const std::string &alloc, const std::string &free,
                        uint64_t seed) {
  EmulatorOptions options;
  options.seed = seed;
  options.livelockSlots = 3000;
  KernelRun run(
      kernelText(".reg .b32 %base, %rank; mov.u32 %rank, %cluster_ctarank; "
                 "setp.eq.u32 %q1, %rank, 0;" +
                     alloc + "ld.shared.u32 %base, [slot];" + free,
                 1, ".shared .align 4 .b8 slot[4];"),
      options);
  run.output(4);
  LaunchConfig config;
  config.grid = {2};
  config.block = {32};
  config.cluster = {2};
  run.emulator.launch(*run.module, "k", config, run.arguments);
  run.emulator.run();
  return run.findings().empty() ? "" : findingName(run.findings()[0].kind);
}

TEST(Tcgen05Allocation, Pairs) {
  const std::string alloc =
                        "tcgen05.alloc.cta_group::2.sync.aligned.shared::cta"
                        ".b32 [slot], 64;",
                    free = "tcgen05.dealloc.cta_group::2.sync.aligned.b32 "
                           "%base, 64;",
                    sync = "barrier.cluster.arrive.aligned; "
                           "barrier.cluster.wait.aligned;";
  bool waited = false;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(pairFinding(alloc, sync + free, seed), "");
    // One CTA only: the other has ended, or all wait.
    EXPECT_NE(pairFinding("@!%q1 bra OUT;" + alloc, free + "OUT:", seed), "");
    EXPECT_EQ(pairFinding(alloc, sync + "@!%q1 bra OUT;" + free + "OUT:", seed),
              "async-misuse");
    // Whether freeing waits for the other CTA is open.
    std::string found =
        pairFinding(alloc,
                    "@%q1 bra FIRST;" + free + sync + "bra OUT; FIRST:" + sync +
                        free + "OUT:",
                    seed);
    waited |= found == "deadlock";
    EXPECT_TRUE(found.empty() || found == "deadlock") << found;
  }
  EXPECT_TRUE(waited);
}

} // namespace tcgen05_test
