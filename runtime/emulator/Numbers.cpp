// Decoding, encoding and rounding to odd.
#include "Numbers.h"

#include <cstring>
#include <limits>

using namespace moe::emu;

double moe::emu::decodeFloat(FloatFormat format, uint32_t bits) {
  uint32_t mantissa = bits & ((1u << format.mantissaBits) - 1);
  uint32_t top = (1u << format.exponentBits) - 1;
  uint32_t exponent = bits >> format.mantissaBits & top;
  bool negative = bits >> (format.bits() - 1) & 1;
  double value;
  if (format.specials == FloatFormat::Specials::Ieee && exponent == top)
    value = mantissa ? std::numeric_limits<double>::quiet_NaN()
                     : std::numeric_limits<double>::infinity();
  else if (format.specials == FloatFormat::Specials::OneNaN &&
           exponent == top && mantissa == (1u << format.mantissaBits) - 1)
    value = std::numeric_limits<double>::quiet_NaN();
  else if (exponent == 0)
    value = std::ldexp(mantissa, 1 - format.bias() - format.mantissaBits);
  else
    value = std::ldexp(mantissa | 1u << format.mantissaBits,
                       static_cast<int>(exponent) - format.bias() -
                           format.mantissaBits);
  return negative ? -value : value;
}

uint32_t moe::emu::encodeFloat(FloatFormat format, double value,
                               EncodeOptions options) {
  using Specials = FloatFormat::Specials;
  uint32_t signBit = 1u << (format.bits() - 1);
  uint32_t magnitudeMask = signBit - 1;
  uint32_t infinity = format.specials == Specials::Ieee
                          ? ((1u << format.exponentBits) - 1)
                                << format.mantissaBits
                      : format.specials == Specials::OneNaN ? magnitudeMask
                                                            : magnitudeMask + 1;
  uint32_t largest = infinity - 1;
  if (std::isnan(value)) // formats without NaN have it as the largest number
    return format.specials == Specials::None ? largest : magnitudeMask;
  bool negative = std::signbit(value);
  if (options.relu && negative)
    return 0;
  uint32_t sign = negative ? signBit : 0;
  double magnitude = std::fabs(value);
  if (std::isinf(magnitude))
    return sign |
           (options.satfinite || format.specials == Specials::None ? largest
                                                                   : infinity);
  if (magnitude == 0)
    return sign;

  int exponent = std::ilogb(magnitude);
  int least = 1 - format.bias();
  int unit = std::max(exponent, least) - format.mantissaBits;
  double scaled = std::ldexp(magnitude, -unit); // below 2^(mantissaBits + 1)
  double whole = std::floor(scaled);
  double fraction = scaled - whole;
  bool up = false;
  switch (options.rounding) {
  case Rounding::NearestEven:
    up = fraction > 0.5 || (fraction == 0.5 && std::fmod(whole, 2) != 0);
    break;
  case Rounding::NearestAway:
    up = fraction >= 0.5;
    break;
  case Rounding::Zero:
    break;
  case Rounding::Down:
    up = negative && fraction > 0;
    break;
  case Rounding::Up:
    up = !negative && fraction > 0;
    break;
  }
  // The encodings of growing magnitudes are consecutive integers.
  auto steps = static_cast<uint32_t>(whole) + up;
  uint64_t encoded = exponent < least ? steps
                                      : (static_cast<uint64_t>(exponent - least)
                                         << format.mantissaBits) +
                                            steps;
  if (encoded < infinity)
    return sign | static_cast<uint32_t>(encoded);
  bool clamp = options.satfinite || format.specials == Specials::None ||
               options.rounding == Rounding::Zero ||
               (options.rounding == Rounding::Down && !negative) ||
               (options.rounding == Rounding::Up && negative);
  return sign | (clamp ? largest : infinity);
}

/// `rounded` is the nearest double of a result whose exact value lies on the
/// side of `error`; gives the neighbour towards zero or away that is odd.
static double makeOdd(double rounded, double error) {
  if (error == 0 || !std::isfinite(rounded) || std::isnan(error))
    return rounded;
  uint64_t bits = asBits(rounded);
  if (bits & 1)
    return rounded;
  if (rounded == 0)
    return std::copysign(std::numeric_limits<double>::denorm_min(), error);
  bool away = (error > 0) == (rounded > 0);
  return asDouble(away ? bits + 1 : bits - 1);
}

double moe::emu::addToOdd(double a, double b) {
  double sum = a + b;
  double bPart = sum - a;
  double error = (a - (sum - bPart)) + (b - bPart);
  return makeOdd(sum, error);
}

double moe::emu::divideToOdd(double a, double b) {
  double quotient = a / b;
  if (!std::isfinite(quotient) || quotient == 0 || std::isinf(b))
    return quotient;
  double remainder = std::fma(-quotient, b, a);
  return makeOdd(quotient, b > 0 ? remainder : -remainder);
}

double moe::emu::sqrtToOdd(double a) {
  double root = std::sqrt(a);
  if (!std::isfinite(root) || root == 0)
    return root;
  return makeOdd(root, std::fma(-root, root, a));
}

double moe::emu::integerToOdd(uint64_t magnitude, bool negative) {
  int shift = magnitude >> 53 ? 11 - std::countl_zero(magnitude) : 0;
  uint64_t kept = magnitude >> shift;
  if (magnitude & ((uint64_t(1) << shift) - 1))
    kept |= 1;
  double value = std::ldexp(static_cast<double>(kept), shift);
  return negative ? -value : value;
}

float moe::emu::f16ToFloat(uint16_t bits) {
  uint32_t sign = uint32_t(bits & 0x8000) << 16;
  uint32_t rest = bits & 0x7fff;
  if (rest >= 0x7c00)
    return asFloat(sign | 0x7f800000 | (rest & 0x3ff) << 13);
  // Scaling by 2^112 makes subnormal numbers right too.
  return asFloat(sign | asBits(asFloat(rest << 13) * 0x1p112f));
}

uint16_t moe::emu::floatToF16(float value) {
  uint32_t bits = asBits(value);
  uint16_t sign = bits >> 16 & 0x8000;
  uint32_t rest = bits & 0x7fffffff;
  if (rest > 0x7f800000)
    return 0x7fff;
  if (rest >= 0x477ff000) // 65520 and more
    return sign | 0x7c00;
  if (rest < 0x38800000) // subnormal: the addition rounds
    return sign |
           static_cast<uint16_t>(asBits(asFloat(rest) + 0.5f) - 0x3f000000);
  return sign | static_cast<uint16_t>(
                    (rest - 0x38000000 + 0xfff + (rest >> 13 & 1)) >> 13);
}
