// The number formats of PTX and exact rounding between them.
#ifndef MOE_RUNTIME_EMULATOR_NUMBERS_H
#define MOE_RUNTIME_EMULATOR_NUMBERS_H

#include <bit>
#include <cmath>
#include <cstdint>

namespace moe::emu {

enum class Rounding : uint8_t {
  NearestEven, ///< .rn
  Zero,        ///< .rz
  Down,        ///< .rm
  Up,          ///< .rp
  NearestAway, ///< .rna
};

/// A binary floating-point format of at most 32 bits.
struct FloatFormat {
  uint8_t exponentBits;
  uint8_t mantissaBits;
  /// IEEE formats have infinities and NaNs in the highest exponent. e4m3 has
  /// one NaN (all bits set) and no infinity; the 4- and 6-bit formats neither.
  enum class Specials : uint8_t {
    Ieee,
    OneNaN,
    None
  } specials = Specials::Ieee;

  constexpr int bias() const { return (1 << (exponentBits - 1)) - 1; }
  constexpr int bits() const { return 1 + exponentBits + mantissaBits; }
};

inline constexpr FloatFormat kF32{8, 23}, kTF32{8, 10}, kF16{5, 10},
    kBF16{8, 7}, kE5M2{5, 2};
inline constexpr FloatFormat kE4M3{4, 3, FloatFormat::Specials::OneNaN};
inline constexpr FloatFormat kE2M1{2, 1, FloatFormat::Specials::None},
    kE2M3{2, 3, FloatFormat::Specials::None},
    kE3M2{3, 2, FloatFormat::Specials::None};

inline float asFloat(uint32_t bits) { return std::bit_cast<float>(bits); }
inline uint32_t asBits(float value) { return std::bit_cast<uint32_t>(value); }
inline double asDouble(uint64_t bits) { return std::bit_cast<double>(bits); }
inline uint64_t asBits(double value) { return std::bit_cast<uint64_t>(value); }

/// The value of `bits` in `format`, exactly.
double decodeFloat(FloatFormat format, uint32_t bits);

/// How a value that is too large, and NaN, are encoded.
struct EncodeOptions {
  Rounding rounding = Rounding::NearestEven;
  bool satfinite = false; ///< the largest finite number instead of infinity
  bool relu = false;      ///< negative numbers become 0, NaN stays
};

/// `value` rounded once to `format`. Sums that do not fit into a double must be
/// rounded to odd (addToOdd and the like), so that rounding twice is exact.
/// NaN becomes the canonical NaN, 0x7fff... of the format.
uint32_t encodeFloat(FloatFormat format, double value,
                     EncodeOptions options = {});

/// The exact result where it fits into a double; otherwise one of its two
/// neighbours, the one with an odd last bit.
double addToOdd(double a, double b);
double divideToOdd(double a, double b);
double sqrtToOdd(double a);
double integerToOdd(uint64_t magnitude, bool negative);

/// bf16 and f16 without the general path.
inline float bf16ToFloat(uint16_t bits) {
  return asFloat(uint32_t(bits) << 16);
}
inline uint16_t floatToBf16(float value) {
  uint32_t bits = asBits(value);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return 0x7fff;
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
float f16ToFloat(uint16_t bits);
uint16_t floatToF16(float value);

} // namespace moe::emu

#endif // MOE_RUNTIME_EMULATOR_NUMBERS_H
