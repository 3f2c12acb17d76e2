// Lane functions: floating-point arithmetic and conversions.
//
// Everything of at most 32 bits is computed as a double that is exact or
// rounded to odd, and then rounded once. The .approx functions are computed to
// double precision and rounded to nearest, which lies within the error that the
// PTX manual allows them.
#include "Scalar.h"

#include <algorithm>
#include <cfenv>
#include <limits>

using namespace moe::emu;

namespace {

constexpr uint64_t kNaN64 = 0x7fffffffffffffff;

int hostRounding(Rounding rounding) {
  switch (rounding) {
  case Rounding::Zero:
    return FE_TOWARDZERO;
  case Rounding::Down:
    return FE_DOWNWARD;
  case Rounding::Up:
    return FE_UPWARD;
  default:
    return FE_TONEAREST;
  }
}

/// Evaluates in the rounding mode; volatile keeps the arithmetic between the
/// changes of the mode.
template <typename Function>
double inMode(Rounding rounding, Function function) {
  if (rounding == Rounding::NearestEven)
    return function();
  int before = std::fegetround();
  std::fesetround(hostRounding(rounding));
  volatile double result = function();
  std::fesetround(before);
  return result;
}

double lesser(double a, double b) {
  if (std::isnan(a))
    return b;
  if (std::isnan(b))
    return a;
  if (a == b)
    return std::signbit(a) ? a : b;
  return a < b ? a : b;
}
double greater(double a, double b) {
  if (std::isnan(a))
    return b;
  if (std::isnan(b))
    return a;
  if (a == b)
    return std::signbit(a) ? b : a;
  return a > b ? a : b;
}

double power2(double x) { return std::exp2(x); }

/// The functions that are the same in every format.
double evaluate(const FloatSpec &spec, double a, double b, double c) {
  auto minMax = [&](auto pick) {
    double result = pick(a, b);
    if (spec.flags & FloatSpec::kNaN && (std::isnan(a) || std::isnan(b)))
      return std::numeric_limits<double>::quiet_NaN();
    return result;
  };
  switch (spec.op) {
  case FloatOp::Min:
    return minMax(lesser);
  case FloatOp::Max:
    return minMax(greater);
  case FloatOp::Min3:
    return lesser(lesser(a, b), c);
  case FloatOp::Max3:
    return greater(greater(a, b), c);
  case FloatOp::Rsqrt:
    return 1 / std::sqrt(a);
  case FloatOp::Ex2:
    return power2(a);
  case FloatOp::Lg2:
    return std::log2(a);
  case FloatOp::Sin:
    return std::sin(a);
  case FloatOp::Cos:
    return std::cos(a);
  case FloatOp::Tanh:
    return std::tanh(a);
  default:
    return std::numeric_limits<double>::quiet_NaN();
  }
}

/// testp.
bool testClass(FloatOp op, double value, double leastNormal) {
  switch (op) {
  case FloatOp::TestFinite:
    return std::isfinite(value);
  case FloatOp::TestInfinite:
    return std::isinf(value);
  case FloatOp::TestNumber:
    return !std::isnan(value);
  case FloatOp::TestNaN:
    return std::isnan(value);
  case FloatOp::TestNormal:
    return std::isfinite(value) && std::fabs(value) >= leastNormal;
  default:
    return value != 0 && std::fabs(value) < leastNormal;
  }
}

uint64_t doubleLane(const FloatSpec &spec, const LaneArguments &args) {
  volatile double a = asDouble(args.a), b = asDouble(args.b),
                  c = asDouble(args.c);
  double result;
  switch (spec.op) {
  case FloatOp::Neg:
    return args.a ^ uint64_t(1) << 63;
  case FloatOp::Abs:
    return args.a & ~(uint64_t(1) << 63);
  case FloatOp::CopySign: // copysign d, a, b: the sign of a, the rest of b
    return (args.a & uint64_t(1) << 63) | (args.b & ~(uint64_t(1) << 63));
  case FloatOp::TestFinite:
  case FloatOp::TestInfinite:
  case FloatOp::TestNumber:
  case FloatOp::TestNaN:
  case FloatOp::TestNormal:
  case FloatOp::TestSubnormal:
    return testClass(spec.op, a, std::numeric_limits<double>::min());
  case FloatOp::Add:
    result = inMode(spec.rounding, [&] { return a + b; });
    break;
  case FloatOp::Sub:
    result = inMode(spec.rounding, [&] { return a - b; });
    break;
  case FloatOp::Mul:
    result = inMode(spec.rounding, [&] { return a * b; });
    break;
  case FloatOp::Fma:
    result = inMode(spec.rounding, [&] { return std::fma(a, b, c); });
    break;
  case FloatOp::Div:
    result = inMode(spec.rounding, [&] { return a / b; });
    break;
  case FloatOp::Rcp:
    result = inMode(spec.rounding, [&] { return 1.0 / a; });
    break;
  case FloatOp::Sqrt:
    result = inMode(spec.rounding, [&] { return std::sqrt(a); });
    break;
  default:
    result = evaluate(spec, a, b, c);
  }
  return std::isnan(result) ? kNaN64 : asBits(result);
}

uint32_t narrowLane(const FloatSpec &spec, FloatFormat format, uint32_t aBits,
                    uint32_t bBits, uint32_t cBits) {
  uint32_t sign = 1u << (format.bits() - 1);
  bool ftz = spec.flags & FloatSpec::kFtz;
  double leastNormal = std::ldexp(1.0, 1 - format.bias());
  auto flush = [&](double value) {
    return ftz && std::fabs(value) < leastNormal ? std::copysign(0.0, value)
                                                 : value;
  };
  double a = flush(decodeFloat(format, aBits)),
         b = flush(decodeFloat(format, bBits)),
         c = flush(decodeFloat(format, cBits));
  double result;
  switch (spec.op) {
  case FloatOp::Neg:
    return std::isnan(a) && format.bits() == 16
               ? sign - 1
               : (ftz && a == 0 ? aBits & sign : aBits) ^ sign;
  case FloatOp::Abs:
    return std::isnan(a) && format.bits() == 16
               ? sign - 1
               : (ftz && a == 0 ? 0 : aBits & ~sign);
  case FloatOp::CopySign:
    return (aBits & sign) | (bBits & ~sign);
  case FloatOp::TestFinite:
  case FloatOp::TestInfinite:
  case FloatOp::TestNumber:
  case FloatOp::TestNaN:
  case FloatOp::TestNormal:
  case FloatOp::TestSubnormal:
    return testClass(spec.op, a, leastNormal);
  case FloatOp::Add:
    result = addToOdd(a, b);
    break;
  case FloatOp::Sub:
    result = addToOdd(a, -b);
    break;
  case FloatOp::Mul:
    result = a * b; // exact
    break;
  case FloatOp::Fma:
    result = addToOdd(a * b, c);
    break;
  case FloatOp::Div:
    result = divideToOdd(a, b);
    break;
  case FloatOp::Rcp:
    result = divideToOdd(1, a);
    break;
  case FloatOp::Sqrt:
    result = sqrtToOdd(a);
    break;
  default:
    result = evaluate(spec, a, b, c);
  }
  if (spec.op == FloatOp::Add || spec.op == FloatOp::Sub ||
      spec.op == FloatOp::Fma) {
    // An exact zero sum of unlike signs is -0 only when rounding down.
    double other = spec.op == FloatOp::Fma   ? c
                   : spec.op == FloatOp::Sub ? -b
                                             : b;
    double first = spec.op == FloatOp::Fma ? a * b : a;
    if (result == 0 && std::signbit(first) != std::signbit(other) &&
        spec.rounding == Rounding::Down)
      result = -0.0;
  }
  if (spec.flags & FloatSpec::kXorSign && !std::isnan(result))
    result = std::copysign(result,
                           (std::signbit(a) != std::signbit(b)) ? -1.0 : 1.0);
  if (spec.flags & FloatSpec::kSat)
    result = std::isnan(result) ? 0 : std::clamp(result, 0.0, 1.0);
  uint32_t bits =
      encodeFloat(format, result,
                  {spec.rounding, false, (spec.flags & FloatSpec::kRelu) != 0});
  if (ftz && (bits & (sign - 1)) < (1u << format.mantissaBits))
    bits &= sign;
  return bits;
}

uint32_t narrowMinMax(const FloatSpec &spec, FloatFormat format, uint32_t a,
                      uint32_t b, uint32_t c) {
  uint32_t magnitude = (1u << (format.bits() - 1)) - 1;
  FloatSpec plain = spec;
  if (spec.flags & FloatSpec::kAbs) {
    // min.xorsign.abs: the magnitudes are compared, the signs multiplied.
    plain.flags &=
        static_cast<uint8_t>(~(FloatSpec::kXorSign | FloatSpec::kAbs));
    uint32_t result =
        narrowLane(plain, format, a & magnitude, b & magnitude, c);
    return spec.flags & FloatSpec::kXorSign
               ? result | ((a ^ b) & ~magnitude & (magnitude << 1 | 1))
               : result;
  }
  return narrowLane(plain, format, a, b, c);
}

/// The whole number that `rounding` chooses for `value`.
double roundToWhole(double value, Rounding rounding) {
  switch (rounding) {
  case Rounding::NearestEven:
  case Rounding::NearestAway:
    return std::nearbyint(value);
  case Rounding::Zero:
    return std::trunc(value);
  case Rounding::Down:
    return std::floor(value);
  case Rounding::Up:
    return std::ceil(value);
  }
  __builtin_unreachable();
}

uint64_t roundToInteger(double value, Rounding rounding, Type type) {
  int bits = bitsOf(type);
  value = roundToWhole(value, rounding);
  double limit = std::ldexp(1.0, isSigned(type) ? bits - 1 : bits);
  uint64_t mask = bits == 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1;
  if (value >= limit)
    return isSigned(type) ? mask >> 1 : mask;
  if (isSigned(type))
    return value < -limit
               ? (uint64_t(1) << (bits - 1))
               : static_cast<uint64_t>(static_cast<int64_t>(value)) & mask;
  return value <= 0 ? 0 : static_cast<uint64_t>(value);
}

uint64_t fromInteger(const ConvertSpec &spec, uint64_t bits) {
  int width = bitsOf(spec.from);
  bool negative = isSigned(spec.from) && bits >> (width - 1) & 1;
  uint64_t magnitude =
      negative
          ? -(static_cast<uint64_t>(
                static_cast<int64_t>(bits << (64 - width)) >> (64 - width)))
          : (width == 64 ? bits : bits & ((uint64_t(1) << width) - 1));
  if (spec.to == Type::F64) {
    volatile uint64_t exact = magnitude;
    return asBits(inMode(spec.rounding, [&] {
      double value = negative
                         ? static_cast<double>(-static_cast<__int128>(exact))
                         : static_cast<double>(exact);
      // Conversions of 128 bits may be done by a library that ignores the mode.
      return negative && exact <= uint64_t(1) << 63
                 ? static_cast<double>(static_cast<int64_t>(-exact))
                 : value;
    }));
  }
  double value = integerToOdd(magnitude, negative);
  if (spec.flags & ConvertSpec::kSat)
    value = std::clamp(value, 0.0, 1.0);
  return encodeFloat(formatOf(spec.to), value, {spec.rounding});
}

uint64_t toInteger(const ConvertSpec &spec, double value) {
  if (std::isnan(value)) {
    int bits = bitsOf(spec.to);
    bool wide = spec.from == Type::F64 || bits == 64;
    return wide ? uint64_t(1) << (bits - 1) : 0;
  }
  return roundToInteger(value, spec.rounding, spec.to);
}

uint64_t integerToInteger(const ConvertSpec &spec, uint64_t bits) {
  int from = bitsOf(spec.from), to = bitsOf(spec.to);
  __int128 value =
      isSigned(spec.from)
          ? static_cast<__int128>(static_cast<int64_t>(bits << (64 - from)) >>
                                  (64 - from))
          : static_cast<__int128>(
                from == 64 ? bits : bits & ((uint64_t(1) << from) - 1));
  if (spec.flags & ConvertSpec::kSat) {
    __int128 least =
        isSigned(spec.to) ? -(static_cast<__int128>(1) << (to - 1)) : 0;
    __int128 most =
        (static_cast<__int128>(1) << (isSigned(spec.to) ? to - 1 : to)) - 1;
    value = std::clamp(value, least, most);
  }
  return static_cast<uint64_t>(value);
}

double decodeScalar(Type type, uint64_t bits) {
  return type == Type::F64
             ? asDouble(bits)
             : decodeFloat(formatOf(type), static_cast<uint32_t>(bits));
}

uint64_t floatToFloat(const ConvertSpec &spec, uint64_t bits) {
  double value = decodeScalar(spec.from, bits);
  if (spec.flags & ConvertSpec::kFtz && spec.from == Type::F32 &&
      std::fabs(value) < 0x1p-126)
    value = std::copysign(0.0, value);
  if (spec.flags & ConvertSpec::kToInteger) {
    // .rni and the like between formats of one size: to a whole number.
    double before = value;
    value = roundToWhole(value, spec.rounding);
    if (value == 0)
      value = std::copysign(0.0, before);
  }
  if (spec.flags & ConvertSpec::kSat)
    value = std::isnan(value) ? 0 : std::clamp(value, 0.0, 1.0);
  if (spec.to == Type::F64)
    return std::isnan(value) ? kNaN64 : asBits(value);
  EncodeOptions options{spec.rounding,
                        (spec.flags & ConvertSpec::kSatFinite) != 0,
                        (spec.flags & ConvertSpec::kRelu) != 0};
  uint32_t result = encodeFloat(formatOf(spec.to), value, options);
  if (spec.flags & ConvertSpec::kFtz && spec.to == Type::F32 &&
      (result & 0x7fffffff) < 0x800000)
    result &= 0x80000000;
  if (spec.to == Type::TF32)
    result <<= 13;
  return result;
}

} // namespace

FloatFormat moe::emu::formatOf(Type type) {
  switch (type) {
  case Type::F16:
  case Type::F16x2:
    return kF16;
  case Type::BF16:
  case Type::BF16x2:
    return kBF16;
  case Type::TF32:
    return kTF32;
  case Type::E4M3:
  case Type::E4M3x2:
    return kE4M3;
  case Type::E5M2:
  case Type::E5M2x2:
    return kE5M2;
  default:
    return kF32;
  }
}

uint64_t moe::emu::floatLane(const LaneArguments &args) {
  auto spec = unpackSpec<FloatSpec>(args.imm);
  if (spec.type == Type::F64)
    return doubleLane(spec, args);
  if (spec.type == Type::F32x2) {
    spec.type = Type::F32;
    auto half = [&](int shift) {
      LaneArguments part = args;
      part.imm = packSpec(spec);
      for (uint64_t *operand : {&part.a, &part.b, &part.c})
        *operand = *operand >> shift & 0xffffffff;
      return floatLane(part);
    };
    return half(0) | half(32) << 32;
  }
  FloatFormat format = formatOf(spec.type);
  auto a = static_cast<uint32_t>(args.a), b = static_cast<uint32_t>(args.b),
       c = static_cast<uint32_t>(args.c);
  if (spec.type != Type::F16x2 && spec.type != Type::BF16x2) {
    uint32_t mask = format.bits() == 16 ? 0xffff : ~0u;
    return narrowMinMax(spec, format, a & mask, b & mask, c & mask);
  }
  return narrowMinMax(spec, format, a & 0xffff, b & 0xffff, c & 0xffff) |
         narrowMinMax(spec, format, a >> 16, b >> 16, c >> 16) << 16;
}

uint64_t moe::emu::convertLane(const LaneArguments &args) {
  auto spec = unpackSpec<ConvertSpec>(args.imm);
  // Packed destinations: d = {a in the upper half, b in the lower one}.
  if (spec.to == Type::F16x2 || spec.to == Type::BF16x2 ||
      spec.to == Type::E4M3x2 || spec.to == Type::E5M2x2) {
    ConvertSpec element = spec;
    element.to = spec.to == Type::F16x2    ? Type::F16
                 : spec.to == Type::BF16x2 ? Type::BF16
                 : spec.to == Type::E4M3x2 ? Type::E4M3
                                           : Type::E5M2;
    int bits = bitsOf(element.to);
    uint64_t high = args.a, low = args.b;
    if (spec.from != Type::F32) { // one packed source
      bool bytes = spec.from == Type::E4M3x2 || spec.from == Type::E5M2x2;
      element.from = spec.from == Type::E4M3x2   ? Type::E4M3
                     : spec.from == Type::E5M2x2 ? Type::E5M2
                     : spec.from == Type::F16x2  ? Type::F16
                                                 : Type::BF16;
      high = args.a >> (bytes ? 8 : 16) & (bytes ? 0xff : 0xffff);
      low = args.a & (bytes ? 0xff : 0xffff);
    }
    return floatToFloat(element, high) << bits | floatToFloat(element, low);
  }
  bool toFloat = isFloat(spec.to), fromFloat = isFloat(spec.from);
  if (toFloat)
    return fromFloat ? floatToFloat(spec, args.a) : fromInteger(spec, args.a);
  uint64_t result;
  if (fromFloat) {
    double value = decodeScalar(spec.from, args.a);
    if (spec.flags & ConvertSpec::kFtz && std::fabs(value) < 0x1p-126)
      value = 0;
    result = toInteger(spec, value);
  } else {
    result = integerToInteger(spec, args.a);
  }
  // Extended to the bits of the destination register.
  int shift = 64 - bitsOf(spec.to);
  result = isSigned(spec.to)
               ? static_cast<uint64_t>(static_cast<int64_t>(result << shift) >>
                                       shift)
               : result << shift >> shift;
  return args.flags >= 64 ? result : result & ((uint64_t(1) << args.flags) - 1);
}
