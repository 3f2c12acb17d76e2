// The vector handlers of every instruction set agree with the lane functions
// that define the instructions, on random and special numbers and partial
// masks.
#include "Lanes.h"
#include "Scalar.h"
#include "Warp.h"

#include <gtest/gtest.h>
#include <random>

using namespace moe::emu;

namespace {

struct Definition {
  LaneOp op;
  LaneFunction function;
  uint64_t imm;
  int dst, a, b, c; ///< bits of the registers; 1: a predicate, 0: none
  uint32_t flags = 0;
};

uint64_t intSpec(IntOp op, Type type) { return packSpec(IntSpec{op, type}); }
uint64_t floatSpec(FloatOp op, Type type) {
  return packSpec(FloatSpec{op, type});
}
uint64_t compareSpec(Comparison comparison, Type type) {
  return packSpec(CompareSpec{comparison, type});
}
uint64_t convertSpec(Type to, Type from) {
  return packSpec(ConvertSpec{to, from});
}

std::vector<Definition> definitions() {
  std::vector<Definition> all;
  auto integer = [&](LaneOp op, IntOp which, Type type, int operands) {
    int bits = bitsOf(type);
    bool shift = which == IntOp::Shl || which == IntOp::Shr,
         wide = which == IntOp::MulWide || which == IntOp::MadWide;
    all.push_back({op, intLane, intSpec(which, type), wide ? 64 : bits, bits,
                   operands > 1 ? (shift ? 32 : bits) : 0,
                   operands > 2 ? (wide ? 64 : bits) : 0});
  };
  integer(LaneOp::Add32, IntOp::Add, Type::U32, 2);
  integer(LaneOp::Add64, IntOp::Add, Type::U64, 2);
  integer(LaneOp::Sub32, IntOp::Sub, Type::U32, 2);
  integer(LaneOp::Sub64, IntOp::Sub, Type::U64, 2);
  integer(LaneOp::Mul32, IntOp::MulLo, Type::U32, 2);
  integer(LaneOp::Mul64, IntOp::MulLo, Type::U64, 2);
  integer(LaneOp::And32, IntOp::And, Type::B32, 2);
  integer(LaneOp::And64, IntOp::And, Type::B64, 2);
  integer(LaneOp::Or32, IntOp::Or, Type::B32, 2);
  integer(LaneOp::Or64, IntOp::Or, Type::B64, 2);
  integer(LaneOp::Xor32, IntOp::Xor, Type::B32, 2);
  integer(LaneOp::Xor64, IntOp::Xor, Type::B64, 2);
  integer(LaneOp::Not32, IntOp::Not, Type::B32, 1);
  integer(LaneOp::Not64, IntOp::Not, Type::B64, 1);
  integer(LaneOp::MinU32, IntOp::Min, Type::U32, 2);
  integer(LaneOp::MinS32, IntOp::Min, Type::S32, 2);
  integer(LaneOp::MaxU32, IntOp::Max, Type::U32, 2);
  integer(LaneOp::MaxS32, IntOp::Max, Type::S32, 2);
  integer(LaneOp::Shl32, IntOp::Shl, Type::B32, 2);
  integer(LaneOp::Shl64, IntOp::Shl, Type::B64, 2);
  integer(LaneOp::ShrU32, IntOp::Shr, Type::U32, 2);
  integer(LaneOp::ShrS32, IntOp::Shr, Type::S32, 2);
  integer(LaneOp::ShrU64, IntOp::Shr, Type::U64, 2);
  integer(LaneOp::ShrS64, IntOp::Shr, Type::S64, 2);
  integer(LaneOp::MulHiU32, IntOp::MulHi, Type::U32, 2);
  integer(LaneOp::MulHiS32, IntOp::MulHi, Type::S32, 2);
  integer(LaneOp::MulWideU32, IntOp::MulWide, Type::U32, 2);
  integer(LaneOp::MulWideS32, IntOp::MulWide, Type::S32, 2);
  integer(LaneOp::Mad32, IntOp::MadLo, Type::U32, 3);
  integer(LaneOp::Mad64, IntOp::MadLo, Type::U64, 3);
  integer(LaneOp::MadWideU32, IntOp::MadWide, Type::U32, 3);
  integer(LaneOp::MadWideS32, IntOp::MadWide, Type::S32, 3);
  auto floating = [&](LaneOp op, FloatOp which, Type type, int operands) {
    int bits = bitsOf(type);
    all.push_back({op, floatLane, floatSpec(which, type), bits, bits,
                   operands > 1 ? bits : 0, operands > 2 ? bits : 0});
  };
  floating(LaneOp::AddF32, FloatOp::Add, Type::F32, 2);
  floating(LaneOp::SubF32, FloatOp::Sub, Type::F32, 2);
  floating(LaneOp::MulF32, FloatOp::Mul, Type::F32, 2);
  floating(LaneOp::FmaF32, FloatOp::Fma, Type::F32, 3);
  floating(LaneOp::MinF32, FloatOp::Min, Type::F32, 2);
  floating(LaneOp::MaxF32, FloatOp::Max, Type::F32, 2);
  floating(LaneOp::NegF32, FloatOp::Neg, Type::F32, 1);
  floating(LaneOp::AbsF32, FloatOp::Abs, Type::F32, 1);
  auto comparison = [&](LaneOp op, Comparison which, Type type,
                        uint32_t flags = 0) {
    int bits = bitsOf(type);
    all.push_back(
        {op, compareLane, compareSpec(which, type), 1, bits, bits, 0, flags});
  };
  comparison(LaneOp::EqI32, Comparison::Eq, Type::U32);
  comparison(LaneOp::NeI32, Comparison::Ne, Type::U32);
  comparison(LaneOp::LtU32, Comparison::Lt, Type::U32);
  comparison(LaneOp::LeU32, Comparison::Le, Type::U32);
  comparison(LaneOp::LtS32, Comparison::Lt, Type::S32);
  comparison(LaneOp::LeS32, Comparison::Le, Type::S32);
  comparison(LaneOp::EqI64, Comparison::Eq, Type::U64);
  comparison(LaneOp::NeI64, Comparison::Ne, Type::U64);
  comparison(LaneOp::LtU64, Comparison::Lt, Type::U64);
  comparison(LaneOp::LeU64, Comparison::Le, Type::U64);
  comparison(LaneOp::LtS64, Comparison::Lt, Type::S64);
  comparison(LaneOp::LeS64, Comparison::Le, Type::S64);
  comparison(LaneOp::EqF32, Comparison::Eq, Type::F32);
  comparison(LaneOp::EqF32, Comparison::Equ, Type::F32, 1);
  comparison(LaneOp::NeF32, Comparison::Ne, Type::F32);
  comparison(LaneOp::NeF32, Comparison::Neu, Type::F32, 1);
  comparison(LaneOp::LtF32, Comparison::Lt, Type::F32);
  comparison(LaneOp::LtF32, Comparison::Ltu, Type::F32, 1);
  comparison(LaneOp::LeF32, Comparison::Le, Type::F32);
  comparison(LaneOp::LeF32, Comparison::Leu, Type::F32, 1);
  all.push_back({LaneOp::Zext64, convertLane, convertSpec(Type::U64, Type::U32),
                 64, 32, 0, 0});
  all.push_back({LaneOp::Sext64, convertLane, convertSpec(Type::S64, Type::S32),
                 64, 32, 0, 0});
  all.push_back({LaneOp::Trunc64, convertLane,
                 convertSpec(Type::U32, Type::U64), 32, 64, 0, 0});
  all.push_back({LaneOp::CvtBF16x2, convertLane,
                 convertSpec(Type::BF16x2, Type::F32), 32, 32, 32, 0});
  return all;
}

const uint64_t kSpecial[] = {0,
                             1,
                             31,
                             32,
                             33,
                             63,
                             64,
                             0x7fffffff,
                             0x80000000,
                             0xffffffff,
                             0x3f800000,
                             0xbf800000,
                             0x7f800000,
                             0xff800000,
                             0x7fc00000,
                             0x00000001,
                             0x00800000,
                             0x7f7fffff,
                             0x3f808000,
                             0x3f818000,
                             0xffffffffffffffff,
                             0x8000000000000000,
                             0x7fffffffffffffff,
                             0x100000000};

/// Those that this CPU runs.
std::vector<const LaneTable *> allTables() {
  std::vector<const LaneTable *> tables = {&laneTablePortable()};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("x86-64-v3"))
    tables.push_back(&laneTableAvx2());
  if (__builtin_cpu_supports("x86-64-v4"))
    tables.push_back(&laneTableAvx512());
#endif
  return tables;
}

TEST(Lanes, ArrangeOperandsOfWgmma) {
  constexpr uint32_t kRows = 24;
  for (const LaneTable *table : allTables())
    for (uint32_t k : {8u, 16u, 32u})
      for (bool byK : {false, true}) {
        alignas(128) float values[kRows * 32], a[kRows * 32 * 4], b[kRows * 32];
        for (uint32_t i = 0; i < kRows * k; ++i)
          values[i] = static_cast<float>(i);
        table->warpgroupA(values, kRows, k, byK, a);
        table->warpgroupB(values, kRows, k, byK, b);
        for (uint32_t row = 0; row < kRows; ++row)
          for (uint32_t i = 0; i < k; ++i) {
            float expected = values[byK ? i * kRows + row : row * k + i];
            for (uint32_t copy = 0; copy < 4; ++copy)
              ASSERT_EQ(a[(row / 8 * k + i) * 32 + row % 8 * 4 + copy],
                        expected)
                  << table->isa << " row " << row << " k " << i;
            ASSERT_EQ(b[i * kRows + row / 8 * 8 + row % 2 * 4 + row % 8 / 2],
                      expected)
                << table->isa << " row " << row << " k " << i;
          }
      }
}

TEST(Lanes, WidenAllHalves) {
  std::vector<uint16_t> halves(1 << 16);
  for (size_t i = 0; i < halves.size(); ++i)
    halves[i] = static_cast<uint16_t>(i);
  std::vector<float> f16(halves.size()), bf16(halves.size());
  const char *from = reinterpret_cast<const char *>(halves.data());
  for (const LaneTable *table : allTables()) {
    table->widenF16(from, 1 << 16, f16.data());
    table->widenBF16(from, 1 << 16, bf16.data());
    for (uint16_t half : halves) {
      ASSERT_EQ(asBits(f16[half]), asBits(f16ToFloat(half)))
          << table->isa << " " << half;
      ASSERT_EQ(asBits(bf16[half]), asBits(bf16ToFloat(half)))
          << table->isa << " " << half;
    }
  }
}

TEST(Lanes, AgreeWithTheirDefinition) {
  alignas(128) char registers[2048];
  std::mt19937_64 random(3);
  for (const LaneTable *table : allTables())
    for (const Definition &definition : definitions())
      for (int round = 0; round < 20; ++round) {
        Warp w;
        w.registers = registers;
        w.constants = registers;
        w.mask = round % 2 ? ~0u : static_cast<uint32_t>(random());
        w.predicate(0) = ~0u;
        const uint32_t dst = 256, sources[] = {512, 768, 1024};
        const int widths[] = {definition.a, definition.b, definition.c};
        for (int source = 0; source < 3; ++source)
          for (int lane = 0; lane < 32; ++lane) {
            uint64_t value = random() & 1
                                 ? random()
                                 : kSpecial[random() % std::size(kSpecial)];
            if (widths[source] == 64)
              w.write64(sources[source], lane, value);
            else
              w.write32(sources[source], lane, static_cast<uint32_t>(value));
          }
        std::memset(registers + dst, 0x5a, 256);
        Op op;
        op.dst = dst;
        op.a = sources[0];
        op.b = sources[1];
        op.c = sources[2];
        op.flags = definition.flags;
        EXPECT_EQ(table->handlers[static_cast<size_t>(definition.op)](w, &op),
                  &op + 1);
        for (int lane = 0; lane < 32; ++lane) {
          auto get = [&](int source) {
            return widths[source] == 64 ? w.read64(sources[source], lane)
                   : widths[source]     ? w.read32(sources[source], lane)
                                        : 0;
          };
          LaneArguments args{get(0),
                             get(1),
                             get(2),
                             0,
                             static_cast<uint32_t>(definition.dst),
                             definition.imm};
          if (definition.function == intLane)
            args.flags = 0;
          uint64_t expected = definition.function(args);
          bool active = w.mask >> lane & 1;
          uint64_t got = definition.dst == 64  ? w.read64(dst, lane)
                         : definition.dst == 1 ? w.predicate(dst) >> lane & 1
                                               : w.read32(dst, lane);
          if (!active)
            expected = definition.dst == 64  ? 0x5a5a5a5a5a5a5a5a
                       : definition.dst == 1 ? 0x5a5a5a5au >> lane & 1
                                             : 0x5a5a5a5a;
          ASSERT_EQ(got, expected)
              << table->isa << " operation " << static_cast<int>(definition.op)
              << " lane " << lane << std::hex << " of " << args.a << ", "
              << args.b << ", " << args.c;
        }
      }
}

} // namespace
