// What each arithmetic instruction computes for one lane. This is the
// definition; the vector handlers of Lanes.cpp must agree with it.
#ifndef MOE_RUNTIME_EMULATOR_SCALAR_H
#define MOE_RUNTIME_EMULATOR_SCALAR_H

#include "Program.h"

namespace moe::emu {

enum class FloatOp : uint8_t {
  Add,
  Sub,
  Mul,
  Fma,
  Div,
  Min,
  Max,
  Min3,
  Max3,
  Neg,
  Abs,
  Rcp,
  Sqrt,
  Rsqrt,
  Ex2,
  Lg2,
  Sin,
  Cos,
  Tanh,
  CopySign,
  TestFinite,
  TestInfinite,
  TestNumber,
  TestNaN,
  TestNormal,
  TestSubnormal
};

/// LaneArguments::imm of floatLane.
struct FloatSpec {
  FloatOp op;
  Type type;
  Rounding rounding = Rounding::NearestEven;
  uint8_t flags = 0;
  static constexpr uint8_t kFtz = 1, kSat = 2, kRelu = 4, kNaN = 8,
                           kXorSign = 16, kAbs = 32;
};
uint64_t floatLane(const LaneArguments &);

enum class IntOp : uint8_t {
  Add,
  AddSat,
  Sub,
  SubSat,
  MulLo,
  MulHi,
  MulWide,
  MadLo,
  MadHi,
  MadHiSat,
  MadWide,
  Mul24Lo,
  Mul24Hi,
  Mad24Lo,
  Mad24Hi,
  Sad,
  Div,
  Rem,
  Abs,
  Neg,
  Min,
  Max,
  MinRelu,
  MaxRelu,
  Popc,
  Clz,
  Bfind,
  BfindShift,
  Brev,
  Bfe,
  Bfi,
  Szext,
  SzextWrap,
  BmskClamp,
  BmskWrap,
  Dp4a,
  Dp2aLo,
  Dp2aHi,
  And,
  Or,
  Xor,
  Not,
  Cnot,
  Shl,
  Shr,
  ShfLeftClamp,
  ShfLeftWrap,
  ShfRightClamp,
  ShfRightWrap,
  Prmt,
  PrmtF4e,
  PrmtB4e,
  PrmtRc8,
  PrmtEcl,
  PrmtEcr,
  PrmtRc16,
  Lop3,
  Slct,
  SlctF,
  Fns,
  Extract,
  Insert,
  AddCarryOut,
  SubBorrowOut,
  MadCarryOut,
  MadHiCarryOut,
  AddX2,
  MinX2,
  MaxX2
};

/// LaneArguments::imm of intLane. `type2` is that of the second operand of dp4a
/// and dp2a; `extra` is the table of lop3, the shift of Extract and Insert, or
/// whether MinX2 and MaxX2 raise negative results to zero.
/// flags bit 0: Carry (the d operand is the carry or borrow in).
struct IntSpec {
  IntOp op;
  Type type;
  Type type2 = Type::None;
  uint8_t extra = 0;
};
uint64_t intLane(const LaneArguments &);

enum class Comparison : uint8_t {
  Eq,
  Ne,
  Lt,
  Le,
  Gt,
  Ge,
  Equ,
  Neu,
  Ltu,
  Leu,
  Gtu,
  Geu,
  Num,
  Nan
};
struct CompareSpec {
  Comparison comparison;
  Type type;
  bool ftz = false;
  bool high = false; ///< compares the upper halves of packed operands
};
/// 0 or 1.
uint64_t compareLane(const LaneArguments &);

struct ConvertSpec {
  Type to, from;
  Rounding rounding = Rounding::NearestEven;
  uint8_t flags = 0;
  static constexpr uint8_t kFtz = 1, kSat = 2, kRelu = 4, kSatFinite = 8,
                           kToInteger = 16;
};
/// LaneArguments::flags: bits of the destination register.
uint64_t convertLane(const LaneArguments &);

/// LaneArguments::imm of packLane, cvt.pack: both sources saturated to `bits`
/// bits, b lowest, a above it, and c above both.
struct PackSpec {
  uint8_t bits;
  bool toSigned, fromSigned;
};
uint64_t packLane(const LaneArguments &);

enum class AtomicOp : uint8_t {
  Exch,
  Cas,
  Add,
  Inc,
  Dec,
  Min,
  Max,
  And,
  Or,
  Xor
};
/// The new value of memory that holds `old`.
uint64_t atomicResult(AtomicOp op, Type type, bool ftz, uint64_t old,
                      uint64_t b, uint64_t c);

/// Packs one of the structures above into LaneArguments::imm and back.
template <typename Spec>
uint64_t packSpec(const Spec &spec) {
  static_assert(sizeof(Spec) <= 8);
  uint64_t bits = 0;
  std::memcpy(&bits, &spec, sizeof(spec));
  return bits;
}
template <typename Spec>
Spec unpackSpec(uint64_t bits) {
  Spec spec;
  std::memcpy(static_cast<void *>(&spec), &bits, sizeof(spec));
  return spec;
}

/// The format of one element of a floating-point type of at most 32 bits.
FloatFormat formatOf(Type type);

} // namespace moe::emu

#endif // MOE_RUNTIME_EMULATOR_SCALAR_H
