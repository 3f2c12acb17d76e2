// Lane functions: integers, comparisons, atomics.
#include "Scalar.h"

#include <algorithm>

using namespace moe::emu;

namespace {

constexpr struct {
  const char *name;
  Type type;
  int bits;
} kTypes[] = {{"pred", Type::Pred, 1},      {"b8", Type::B8, 8},
              {"b16", Type::B16, 16},       {"b32", Type::B32, 32},
              {"b64", Type::B64, 64},       {"b128", Type::B128, 128},
              {"u8", Type::U8, 8},          {"u16", Type::U16, 16},
              {"u32", Type::U32, 32},       {"u64", Type::U64, 64},
              {"s8", Type::S8, 8},          {"s16", Type::S16, 16},
              {"s32", Type::S32, 32},       {"s64", Type::S64, 64},
              {"f16", Type::F16, 16},       {"f16x2", Type::F16x2, 32},
              {"bf16", Type::BF16, 16},     {"bf16x2", Type::BF16x2, 32},
              {"f32", Type::F32, 32},       {"f64", Type::F64, 64},
              {"tf32", Type::TF32, 32},     {"e4m3", Type::E4M3, 8},
              {"e5m2", Type::E5M2, 8},      {"e4m3x2", Type::E4M3x2, 16},
              {"e5m2x2", Type::E5M2x2, 16}, {"f32x2", Type::F32x2, 64}};

uint64_t lowBits(uint64_t value, int bits) {
  return bits >= 64 ? value : value & ((uint64_t(1) << bits) - 1);
}

int64_t signExtend(uint64_t value, int bits) {
  return bits >= 64 ? static_cast<int64_t>(value)
                    : static_cast<int64_t>(value << (64 - bits)) >> (64 - bits);
}

using Wide = __int128;

Wide widen(uint64_t value, Type type) {
  int bits = bitsOf(type);
  return isSigned(type) ? Wide(signExtend(value, bits))
                        : Wide(lowBits(value, bits));
}

/// `value` within the range of `type`.
Wide clampTo(Wide value, Type type) {
  int bits = bitsOf(type);
  Wide least = isSigned(type) ? -(Wide(1) << (bits - 1)) : Wide(0);
  Wide most = (Wide(1) << (isSigned(type) ? bits - 1 : bits)) - 1;
  return std::clamp(value, least, most);
}

uint64_t permute(uint64_t pool, uint32_t selector) {
  uint32_t result = 0;
  for (int i = 0; i < 4; ++i) {
    uint32_t s = selector >> (4 * i) & 0xf;
    auto byte = static_cast<uint8_t>(pool >> (8 * (s & 7)));
    if (s & 8)
      byte = byte & 0x80 ? 0xff : 0;
    result |= uint32_t(byte) << (8 * i);
  }
  return result;
}

/// The selector of the special modes of prmt, for the low two bits of c.
uint32_t permuteSelector(IntOp mode, uint32_t c) {
  static constexpr uint16_t kSelectors[6][4] = {
      {0x3210, 0x4321, 0x5432, 0x6543}, // f4e
      {0x5670, 0x6701, 0x7012, 0x0123}, // b4e
      {0x0000, 0x1111, 0x2222, 0x3333}, // rc8
      {0x3210, 0x3211, 0x3222, 0x3333}, // ecl
      {0x0000, 0x1110, 0x2210, 0x3210}, // ecr
      {0x1010, 0x3232, 0x1010, 0x3232}, // rc16
  };
  return kSelectors[static_cast<int>(mode) - static_cast<int>(IntOp::PrmtF4e)]
                   [c & 3];
}

uint64_t dotProduct(const LaneArguments &args, const IntSpec &spec,
                    int elements, int offset) {
  int bBits = 8, aBits = elements == 4 ? 8 : 16;
  Wide sum =
      widen(args.c, isSigned(spec.type) || isSigned(spec.type2) ? Type::S32
                                                                : Type::U32);
  for (int i = 0; i < elements; ++i) {
    uint64_t a = args.a >> (aBits * i), b = args.b >> (bBits * (i + offset));
    Wide x = isSigned(spec.type) ? Wide(signExtend(a, aBits))
                                 : Wide(lowBits(a, aBits));
    Wide y = isSigned(spec.type2) ? Wide(signExtend(b, bBits))
                                  : Wide(lowBits(b, bBits));
    sum += x * y;
  }
  return static_cast<uint32_t>(sum);
}

uint64_t findNthSet(uint32_t mask, uint32_t base, int32_t offset) {
  if (base > 31)
    return 0xffffffff;
  if (offset == 0)
    return mask >> base & 1 ? base : 0xffffffff;
  int step = offset > 0 ? 1 : -1;
  int left = std::abs(offset);
  for (int i = static_cast<int>(base); i >= 0 && i < 32; i += step)
    if (mask >> i & 1 && --left == 0)
      return static_cast<uint32_t>(i);
  return 0xffffffff;
}

uint64_t funnel(uint64_t a, uint64_t b, uint64_t c, bool left, bool wrap) {
  uint64_t pair = lowBits(b, 32) << 32 | lowBits(a, 32);
  auto amount = static_cast<uint32_t>(c);
  amount = wrap ? amount & 31 : std::min<uint32_t>(amount, 32);
  return left ? static_cast<uint32_t>(amount == 0 ? pair >> 32
                                                  : pair >> (32 - amount))
              : static_cast<uint32_t>(pair >> amount);
}

template <typename Function>
uint64_t halves(const LaneArguments &args, Type type, Function function) {
  uint32_t result = 0;
  for (int shift : {0, 16})
    result |= static_cast<uint32_t>(lowBits(
                  static_cast<uint64_t>(function(widen(args.a >> shift, type),
                                                 widen(args.b >> shift, type))),
                  16))
              << shift;
  return result;
}

uint64_t bitField(const LaneArguments &args, Type type) {
  int bits = bitsOf(type);
  unsigned position = args.b & 0xff, length = args.c & 0xff;
  uint64_t value = lowBits(args.a, bits);
  if (length == 0)
    return 0;
  unsigned last = std::min<unsigned>(position + length - 1, bits - 1);
  uint64_t sign = isSigned(type) ? value >> last & 1 : 0;
  uint64_t field =
      position >= static_cast<unsigned>(bits) ? 0 : value >> position;
  unsigned present = position >= static_cast<unsigned>(bits)
                         ? 0
                         : std::min<unsigned>(length, bits - position);
  field = lowBits(field, static_cast<int>(present));
  if (sign && present < 64)
    field |= ~uint64_t(0) << present;
  return field;
}

uint64_t bitInsert(const LaneArguments &args, Type type) {
  int bits = bitsOf(type);
  unsigned position = args.c & 0xff, length = args.d & 0xff;
  if (position >= static_cast<unsigned>(bits))
    return args.b;
  length = std::min<unsigned>(length, bits - position);
  uint64_t mask = lowBits(~uint64_t(0), static_cast<int>(length)) << position;
  return (args.b & ~mask) | (args.a << position & mask);
}

uint64_t findLeading(uint64_t value, Type type, bool shift) {
  int bits = bitsOf(type);
  uint64_t magnitude = lowBits(
      isSigned(type) && signExtend(value, bits) < 0 ? ~value : value, bits);
  if (magnitude == 0)
    return 0xffffffff;
  int position = 63 - std::countl_zero(magnitude);
  return static_cast<uint32_t>(shift ? bits - 1 - position : position);
}

uint64_t bitMask(uint64_t a, uint64_t b, bool wrap) {
  auto position = static_cast<uint32_t>(a), width = static_cast<uint32_t>(b);
  if (wrap) {
    position &= 31;
    width &= 31;
  }
  if (position >= 32 || width == 0)
    return 0;
  return static_cast<uint32_t>(
      lowBits(~uint64_t(0), static_cast<int>(std::min<uint32_t>(width, 32)))
      << position);
}

uint64_t signZeroExtend(uint64_t a, uint64_t b, Type type, bool wrap) {
  auto width = static_cast<uint32_t>(b);
  if (wrap)
    width &= 31;
  if (width >= 32)
    return static_cast<uint32_t>(a);
  if (width == 0)
    return 0;
  return static_cast<uint32_t>(
      isSigned(type)
          ? static_cast<uint64_t>(signExtend(a, static_cast<int>(width)))
          : lowBits(a, static_cast<int>(width)));
}

Wide low24(uint64_t value, Type type) {
  return isSigned(type) ? Wide(signExtend(value, 24))
                        : Wide(lowBits(value, 24));
}

uint64_t divide(Wide x, Wide y, bool remainder) {
  if (y == 0) // what the hardware's software sequences give
    return remainder ? static_cast<uint64_t>(x) : ~uint64_t(0);
  return static_cast<uint64_t>(remainder ? x % y : x / y);
}

} // namespace

Type moe::emu::parseType(const std::string &modifier) {
  for (const auto &known : kTypes)
    if (modifier == known.name)
      return known.type;
  return Type::None;
}

int moe::emu::bitsOf(Type type) {
  for (const auto &known : kTypes)
    if (type == known.type)
      return known.bits;
  return 0;
}

uint64_t moe::emu::intLane(const LaneArguments &args) {
  auto spec = unpackSpec<IntSpec>(args.imm);
  Type type = spec.type;
  int bits = bitsOf(type);
  Wide x = widen(args.a, type), y = widen(args.b, type),
       z = widen(args.c, type);
  auto wrap = [&](Wide value) {
    return lowBits(static_cast<uint64_t>(value), bits);
  };
  // Of two unsigned 64-bit numbers it may wrap; then only its low half counts.
  auto product = static_cast<Wide>(static_cast<unsigned __int128>(x) *
                                   static_cast<unsigned __int128>(y));
  unsigned carry = args.flags & 1 ? args.d & 1 : 0;
  switch (spec.op) {
  case IntOp::Add:
    return wrap(x + y + carry);
  case IntOp::AddSat:
    return wrap(clampTo(x + y, type));
  case IntOp::Sub:
    return wrap(x - y - carry);
  case IntOp::SubSat:
    return wrap(clampTo(x - y, type));
  case IntOp::MulLo:
    return wrap(product);
  case IntOp::MulHi:
    return bits == 64 && !isSigned(type)
               ? static_cast<uint64_t>(
                     static_cast<unsigned __int128>(args.a) *
                         static_cast<unsigned __int128>(args.b) >>
                     64)
               : wrap(product >> bits);
  case IntOp::MulWide:
    return lowBits(static_cast<uint64_t>(product), 2 * bits);
  case IntOp::MadLo:
    return lowBits(static_cast<uint64_t>(product) + static_cast<uint64_t>(z) +
                       carry,
                   bits);
  case IntOp::MadHi: {
    Wide high =
        bits == 64 && !isSigned(type)
            ? Wide(static_cast<unsigned __int128>(args.a) * args.b >> 64)
            : product >> bits;
    return wrap(high + z + carry);
  }
  case IntOp::MadHiSat:
    return wrap(clampTo((product >> bits) + z, type));
  case IntOp::MadWide:
    return lowBits(static_cast<uint64_t>(product) + args.c, 2 * bits);
  case IntOp::Mul24Lo:
    return wrap(low24(args.a, type) * low24(args.b, type));
  case IntOp::Mul24Hi:
    return wrap(low24(args.a, type) * low24(args.b, type) >> 16);
  case IntOp::Mad24Lo:
    return wrap(low24(args.a, type) * low24(args.b, type) + z);
  case IntOp::Mad24Hi:
    return wrap((low24(args.a, type) * low24(args.b, type) >> 16) + z);
  case IntOp::Sad:
    return wrap((x < y ? y - x : x - y) + z);
  case IntOp::Div:
    return lowBits(divide(x, y, false), bits);
  case IntOp::Rem:
    return lowBits(divide(x, y, true), bits);
  case IntOp::Abs:
    return wrap(x < 0 ? -x : x);
  case IntOp::Neg:
    return wrap(-x);
  case IntOp::Min:
    return wrap(std::min(x, y));
  case IntOp::Max:
    return wrap(std::max(x, y));
  case IntOp::MinRelu:
    return wrap(std::max(std::min(x, y), Wide(0)));
  case IntOp::MaxRelu:
    return wrap(std::max(std::max(x, y), Wide(0)));
  case IntOp::Popc:
    return static_cast<uint32_t>(std::popcount(lowBits(args.a, bits)));
  case IntOp::Clz:
    return static_cast<uint32_t>(std::countl_zero(lowBits(args.a, bits)) -
                                 (64 - bits));
  case IntOp::Bfind:
    return findLeading(args.a, type, false);
  case IntOp::BfindShift:
    return findLeading(args.a, type, true);
  case IntOp::Brev: {
    uint64_t result = 0;
    for (int i = 0; i < bits; ++i)
      result |= (args.a >> i & 1) << (bits - 1 - i);
    return result;
  }
  case IntOp::Bfe:
    return lowBits(bitField(args, type), bits);
  case IntOp::Bfi:
    return lowBits(bitInsert(args, type), bits);
  case IntOp::Szext:
    return signZeroExtend(args.a, args.b, type, false);
  case IntOp::SzextWrap:
    return signZeroExtend(args.a, args.b, type, true);
  case IntOp::BmskClamp:
    return bitMask(args.a, args.b, false);
  case IntOp::BmskWrap:
    return bitMask(args.a, args.b, true);
  case IntOp::Dp4a:
    return dotProduct(args, spec, 4, 0);
  case IntOp::Dp2aLo:
    return dotProduct(args, spec, 2, 0);
  case IntOp::Dp2aHi:
    return dotProduct(args, spec, 2, 2);
  case IntOp::And:
    return args.a & args.b;
  case IntOp::Or:
    return args.a | args.b;
  case IntOp::Xor:
    return args.a ^ args.b;
  case IntOp::Not:
    return lowBits(~args.a, bits);
  case IntOp::Cnot:
    return lowBits(args.a, bits) == 0;
  case IntOp::Shl: {
    auto amount = static_cast<uint32_t>(args.b);
    return amount >= static_cast<uint32_t>(bits)
               ? 0
               : lowBits(args.a << amount, bits);
  }
  case IntOp::Shr: {
    uint32_t amount = std::min<uint32_t>(static_cast<uint32_t>(args.b), bits);
    return wrap(x >> amount);
  }
  case IntOp::ShfLeftClamp:
    return funnel(args.a, args.b, args.c, true, false);
  case IntOp::ShfLeftWrap:
    return funnel(args.a, args.b, args.c, true, true);
  case IntOp::ShfRightClamp:
    return funnel(args.a, args.b, args.c, false, false);
  case IntOp::ShfRightWrap:
    return funnel(args.a, args.b, args.c, false, true);
  case IntOp::Prmt:
    return permute(lowBits(args.b, 32) << 32 | lowBits(args.a, 32),
                   static_cast<uint32_t>(args.c));
  case IntOp::PrmtF4e:
  case IntOp::PrmtB4e:
  case IntOp::PrmtRc8:
  case IntOp::PrmtEcl:
  case IntOp::PrmtEcr:
  case IntOp::PrmtRc16:
    return permute(lowBits(args.b, 32) << 32 | lowBits(args.a, 32),
                   permuteSelector(spec.op, static_cast<uint32_t>(args.c)));
  case IntOp::Lop3: {
    uint64_t result = 0;
    for (unsigned row = 0; row < 8; ++row)
      if (spec.extra >> row & 1)
        result |= (row & 4 ? args.a : ~args.a) & (row & 2 ? args.b : ~args.b) &
                  (row & 1 ? args.c : ~args.c);
    return lowBits(result, 32);
  }
  case IntOp::Slct:
    return static_cast<int32_t>(args.c) >= 0 ? args.a : args.b;
  case IntOp::SlctF:
    return asFloat(static_cast<uint32_t>(args.c)) >= 0 ? args.a : args.b;
  case IntOp::Fns:
    return findNthSet(static_cast<uint32_t>(args.a),
                      static_cast<uint32_t>(args.b),
                      static_cast<int32_t>(args.c));
  case IntOp::Extract:
    return lowBits(args.a >> spec.extra, bits);
  case IntOp::Insert: {
    uint64_t mask = lowBits(~uint64_t(0), bits) << spec.extra;
    return (args.b & ~mask) | (args.a << spec.extra & mask);
  }
  case IntOp::AddCarryOut:
    return (static_cast<unsigned __int128>(lowBits(args.a, bits)) +
            lowBits(args.b, bits) + carry) >>
               bits &
           1;
  case IntOp::SubBorrowOut:
    return static_cast<unsigned __int128>(lowBits(args.a, bits)) <
           static_cast<unsigned __int128>(lowBits(args.b, bits)) + carry;
  case IntOp::MadCarryOut:
    return (static_cast<unsigned __int128>(wrap(product)) +
            lowBits(args.c, bits) + carry) >>
               bits &
           1;
  case IntOp::MadHiCarryOut: {
    uint64_t high =
        bits == 64 && !isSigned(type)
            ? static_cast<uint64_t>(
                  static_cast<unsigned __int128>(args.a) * args.b >> 64)
            : wrap(product >> bits);
    return (static_cast<unsigned __int128>(high) + lowBits(args.c, bits) +
            carry) >>
               bits &
           1;
  }
  case IntOp::AddX2:
    return halves(args, type, [](Wide a, Wide b) { return a + b; });
  case IntOp::MinX2:
    return halves(args, type, [&](Wide a, Wide b) {
      Wide least = std::min(a, b);
      return spec.extra ? std::max(least, Wide(0)) : least;
    });
  case IntOp::MaxX2:
    return halves(args, type, [&](Wide a, Wide b) {
      return std::max({a, b, spec.extra ? Wide(0) : a});
    });
  }
  return 0;
}

static double decodeAny(uint64_t bits, Type type) {
  return type == Type::F64
             ? asDouble(bits)
             : decodeFloat(formatOf(type), static_cast<uint32_t>(bits));
}

uint64_t moe::emu::compareLane(const LaneArguments &args) {
  auto spec = unpackSpec<CompareSpec>(args.imm);
  auto c = spec.comparison;
  if (!isFloat(spec.type)) {
    Wide x = widen(args.a, spec.type), y = widen(args.b, spec.type);
    switch (c) {
    case Comparison::Eq:
      return x == y;
    case Comparison::Ne:
      return x != y;
    case Comparison::Lt:
      return x < y;
    case Comparison::Le:
      return x <= y;
    case Comparison::Gt:
      return x > y;
    default:
      return x >= y;
    }
  }
  Type element = spec.type == Type::F16x2    ? Type::F16
                 : spec.type == Type::BF16x2 ? Type::BF16
                                             : spec.type;
  int shift = spec.high ? 16 : 0;
  uint64_t low =
      element == Type::F16 || element == Type::BF16 ? 0xffff : ~uint64_t(0);
  double x = decodeAny(args.a >> shift & low, element),
         y = decodeAny(args.b >> shift & low, element);
  if (spec.ftz) {
    double least = element == Type::F16 ? 0x1p-14 : 0x1p-126;
    x = std::fabs(x) < least ? 0 : x;
    y = std::fabs(y) < least ? 0 : y;
  }
  bool unordered = std::isnan(x) || std::isnan(y);
  switch (c) {
  case Comparison::Eq:
  case Comparison::Equ:
    return unordered ? c == Comparison::Equ : x == y;
  case Comparison::Ne:
  case Comparison::Neu:
    return unordered ? c == Comparison::Neu : x != y;
  case Comparison::Lt:
  case Comparison::Ltu:
    return unordered ? c == Comparison::Ltu : x < y;
  case Comparison::Le:
  case Comparison::Leu:
    return unordered ? c == Comparison::Leu : x <= y;
  case Comparison::Gt:
  case Comparison::Gtu:
    return unordered ? c == Comparison::Gtu : x > y;
  case Comparison::Ge:
  case Comparison::Geu:
    return unordered ? c == Comparison::Geu : x >= y;
  case Comparison::Num:
    return !unordered;
  case Comparison::Nan:
    return unordered;
  }
  return 0;
}

uint64_t moe::emu::atomicResult(AtomicOp op, Type type, bool ftz, uint64_t old,
                                uint64_t b, uint64_t c) {
  int bits = bitsOf(type);
  Wide x = widen(old, type), y = widen(b, type);
  auto floating = [&](FloatOp kind) {
    return floatLane(
        {old, b, 0, 0, 0,
         packSpec(FloatSpec{kind, type, Rounding::NearestEven,
                            static_cast<uint8_t>(ftz ? FloatSpec::kFtz : 0)})});
  };
  switch (op) {
  case AtomicOp::Exch:
    return b;
  case AtomicOp::Cas:
    return lowBits(old, bits) == lowBits(b, bits) ? c : old;
  case AtomicOp::Add:
    return isFloat(type) ? floating(FloatOp::Add) : lowBits(old + b, bits);
  case AtomicOp::Inc:
    return lowBits(old, bits) >= lowBits(b, bits) ? 0 : lowBits(old + 1, bits);
  case AtomicOp::Dec:
    return lowBits(old, bits) == 0 || lowBits(old, bits) > lowBits(b, bits)
               ? b
               : lowBits(old - 1, bits);
  case AtomicOp::Min:
    return isFloat(type) ? floating(FloatOp::Min)
                         : lowBits(static_cast<uint64_t>(std::min(x, y)), bits);
  case AtomicOp::Max:
    return isFloat(type) ? floating(FloatOp::Max)
                         : lowBits(static_cast<uint64_t>(std::max(x, y)), bits);
  case AtomicOp::And:
    return old & b;
  case AtomicOp::Or:
    return old | b;
  case AtomicOp::Xor:
    return old ^ b;
  }
  return old;
}

uint64_t moe::emu::packLane(const LaneArguments &args) {
  auto spec = unpackSpec<PackSpec>(args.imm);
  auto saturated = [&](uint64_t value) {
    auto wide =
        spec.fromSigned
            ? int64_t(static_cast<int32_t>(static_cast<uint32_t>(value)))
            : static_cast<int64_t>(value & 0xffffffff);
    int64_t most = (int64_t(1) << (spec.bits - spec.toSigned)) - 1,
            least = spec.toSigned ? -most - 1 : 0;
    return static_cast<uint64_t>(std::clamp(wide, least, most)) &
           ((uint64_t(1) << spec.bits) - 1);
  };
  return ((args.c << 2 * spec.bits) | saturated(args.a) << spec.bits |
          saturated(args.b)) &
         0xffffffff;
}
