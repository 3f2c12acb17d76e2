// Vector handlers. Built three times, with MOE_EMU_TABLE naming the table; only
// builtins and functions of this file are called, so that no function compiled
// for a newer CPU can be picked by the linker for the others.
#include "Lanes.h"
#include "Warp.h"

using namespace moe::emu;

namespace {

template <typename T>
using Lanes __attribute__((ext_vector_type(32))) = T;
typedef uint32_t U32 __attribute__((ext_vector_type(32)));
typedef int32_t S32 __attribute__((ext_vector_type(32)));
typedef uint64_t U64 __attribute__((ext_vector_type(32)));
typedef int64_t S64 __attribute__((ext_vector_type(32)));
typedef float F32 __attribute__((ext_vector_type(32)));
typedef double F64 __attribute__((ext_vector_type(32)));
typedef bool Mask __attribute__((ext_vector_type(32)));

/// A register: vectors of 64-bit lanes would want 256 bytes by themselves.
template <typename V>
struct __attribute__((packed, aligned(128))) Register {
  V lanes;
};

template <typename V>
[[gnu::always_inline]] inline V load(const Warp &w, uint32_t offset) {
  return reinterpret_cast<const Register<V> *>(w.source(offset))->lanes;
}

template <typename V>
struct SignedOf {
  using type = S32;
};
template <>
struct SignedOf<U64> {
  using type = S64;
};
template <>
struct SignedOf<S64> {
  using type = S64;
};
template <>
struct SignedOf<F64> {
  using type = S64;
};

/// All lanes of `mask` as -1, the others as 0.
template <typename S>
[[gnu::always_inline]] inline S expand(uint32_t mask) {
  return __builtin_convertvector(__builtin_bit_cast(Mask, mask), S) != 0;
}

template <typename V>
[[gnu::always_inline]] inline void store(Warp &w, uint32_t offset,
                                         uint32_t mask, V value) {
  auto *to = reinterpret_cast<Register<V> *>(w.registers + offset);
  if (__builtin_expect(mask == ~0u, 1)) {
    to->lanes = value;
    return;
  }
  using S = SignedOf<V>::type;
  V old = to->lanes;
  to->lanes = expand<S>(mask) ? value : old;
}

template <typename S>
[[gnu::always_inline]] inline uint32_t pack(S comparison) {
  return __builtin_bit_cast(uint32_t,
                            __builtin_convertvector(comparison, Mask));
}

/// PTX single precision returns the one canonical NaN.
[[gnu::always_inline]] inline F32 canonical(F32 value) {
  U32 bits = __builtin_bit_cast(U32, value);
  return __builtin_bit_cast(F32, (value != value) ? U32(0x7fffffff) : bits);
}
[[gnu::always_inline]] inline F64 canonical(F64 value) { return value; }

template <typename V, V (*Function)(V)>
const Op *unary(Warp &w, const Op *op) {
  store(w, op->dst, w.lanes(op), Function(load<V>(w, op->a)));
  return op + 1;
}
template <typename V, V (*Function)(V, V)>
const Op *binary(Warp &w, const Op *op) {
  store(w, op->dst, w.lanes(op),
        Function(load<V>(w, op->a), load<V>(w, op->b)));
  return op + 1;
}
template <typename V, V (*Function)(V, V, V)>
const Op *ternary(Warp &w, const Op *op) {
  store(w, op->dst, w.lanes(op),
        Function(load<V>(w, op->a), load<V>(w, op->b), load<V>(w, op->c)));
  return op + 1;
}
template <typename To, typename From>
const Op *convert(Warp &w, const Op *op) {
  store(w, op->dst, w.lanes(op),
        __builtin_convertvector(load<From>(w, op->a), To));
  return op + 1;
}

template <typename V>
V mov(V a) {
  return a;
}
template <typename V>
V add(V a, V b) {
  return a + b;
}
template <typename V>
V sub(V a, V b) {
  return a - b;
}
template <typename V>
V mul(V a, V b) {
  return a * b;
}
template <typename V>
V addF(V a, V b) {
  return canonical(a + b);
}
template <typename V>
V subF(V a, V b) {
  return canonical(a - b);
}
template <typename V>
V mulF(V a, V b) {
  return canonical(a * b);
}
template <typename V>
V fmaF(V a, V b, V c) {
  return canonical(__builtin_elementwise_fma(a, b, c));
}
template <typename V>
V bitAnd(V a, V b) {
  return a & b;
}
template <typename V>
V bitOr(V a, V b) {
  return a | b;
}
template <typename V>
V bitXor(V a, V b) {
  return a ^ b;
}
template <typename V>
V bitNot(V a) {
  return ~a;
}
template <typename V>
V least(V a, V b) {
  return a < b ? a : b;
}
template <typename V>
V most(V a, V b) {
  return a > b ? a : b;
}
template <typename V>
V mad(V a, V b, V c) {
  return a * b + c;
}
F32 negF(F32 a) {
  return __builtin_bit_cast(F32, __builtin_bit_cast(U32, a) ^ 0x80000000u);
}
F32 absF(F32 a) {
  return __builtin_bit_cast(F32, __builtin_bit_cast(U32, a) & 0x7fffffffu);
}

/// The other operand where one is NaN; -0 is less than +0.
F32 leastF(F32 a, F32 b) {
  U32 x = __builtin_bit_cast(U32, a), y = __builtin_bit_cast(U32, b);
  U32 r = (a < b) ? x : y;
  r = (a == b) ? (x | y) : r;
  r = (a != a) ? y : r;
  r = (b != b) ? x : r;
  return canonical(__builtin_bit_cast(F32, r));
}
F32 mostF(F32 a, F32 b) {
  U32 x = __builtin_bit_cast(U32, a), y = __builtin_bit_cast(U32, b);
  U32 r = (a > b) ? x : y;
  r = (a == b) ? (x & y) : r;
  r = (a != a) ? y : r;
  r = (b != b) ? x : r;
  return canonical(__builtin_bit_cast(F32, r));
}

U32 mulHiU(U32 a, U32 b) {
  return __builtin_convertvector(
      __builtin_convertvector(a, U64) * __builtin_convertvector(b, U64) >> 32,
      U32);
}
S32 mulHiS(S32 a, S32 b) {
  return __builtin_convertvector(
      __builtin_convertvector(a, S64) * __builtin_convertvector(b, S64) >> 32,
      S32);
}

// Shift amounts are 32 bits wide; amounts beyond the width shift everything
// out.
template <typename V, typename Amount>
[[gnu::always_inline]] inline Amount amountOf(const Warp &w, const Op *op) {
  if constexpr (sizeof(V) == sizeof(U32))
    return load<U32>(w, op->b);
  else
    return __builtin_convertvector(load<U32>(w, op->b), U64);
}
template <typename V, typename Amount, unsigned Bits>
const Op *shiftLeft(Warp &w, const Op *op) {
  Amount amount = amountOf<V, Amount>(w, op);
  V value = load<V>(w, op->a) << (amount & (Bits - 1));
  store(w, op->dst, w.lanes(op), (amount > Bits - 1) ? V(0) : value);
  return op + 1;
}
template <typename V, typename Amount, unsigned Bits>
const Op *shiftRight(Warp &w, const Op *op) {
  Amount amount = amountOf<V, Amount>(w, op);
  V value =
      load<V>(w, op->a) >> __builtin_convertvector(amount & (Bits - 1), V);
  if constexpr (V(-1)[0] < 0) {
    amount = amount > Bits - 1 ? Amount(Bits - 1) : amount;
    value = load<V>(w, op->a) >> __builtin_convertvector(amount, V);
  } else {
    value = (amount > Bits - 1) ? V(0) : value;
  }
  store(w, op->dst, w.lanes(op), value);
  return op + 1;
}

template <typename Wide, typename Narrow>
const Op *mulWide(Warp &w, const Op *op) {
  store(w, op->dst, w.lanes(op),
        __builtin_convertvector(load<Narrow>(w, op->a), Wide) *
            __builtin_convertvector(load<Narrow>(w, op->b), Wide));
  return op + 1;
}
template <typename Wide, typename Narrow>
const Op *madWide(Warp &w, const Op *op) {
  store(w, op->dst, w.lanes(op),
        __builtin_convertvector(load<Narrow>(w, op->a), Wide) *
                __builtin_convertvector(load<Narrow>(w, op->b), Wide) +
            load<Wide>(w, op->c));
  return op + 1;
}

const Op *pack64(Warp &w, const Op *op) {
  store(w, op->dst, w.lanes(op),
        __builtin_convertvector(load<U32>(w, op->a), U64) |
            __builtin_convertvector(load<U32>(w, op->b), U64) << 32);
  return op + 1;
}
const Op *unpackHigh(Warp &w, const Op *op) {
  store(w, op->dst, w.lanes(op),
        __builtin_convertvector(load<U64>(w, op->a) >> 32, U32));
  return op + 1;
}

const Op *lop3(Warp &w, const Op *op) {
  U32 a = load<U32>(w, op->a), b = load<U32>(w, op->b), c = load<U32>(w, op->c);
  U32 result = 0;
  for (unsigned row = 0; row < 8; ++row)
    if (op->imm >> row & 1)
      result |= (row & 4 ? a : ~a) & (row & 2 ? b : ~b) & (row & 1 ? c : ~c);
  store(w, op->dst, w.lanes(op), result);
  return op + 1;
}

[[gnu::always_inline]] inline U32 roundBf16(F32 value) {
  U32 bits = __builtin_bit_cast(U32, value);
  U32 rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  return (value != value) ? U32(0x7fff) : rounded;
}
const Op *cvtBf16x2(Warp &w, const Op *op) {
  store(w, op->dst, w.lanes(op),
        roundBf16(load<F32>(w, op->a)) << 16 | roundBf16(load<F32>(w, op->b)));
  return op + 1;
}

template <typename V>
const Op *select(Warp &w, const Op *op) {
  using S = SignedOf<V>::type;
  S choose = expand<S>(w.readPredicate(op->c) ^ op->flags);
  store(w, op->dst, w.lanes(op),
        choose ? load<V>(w, op->a) : load<V>(w, op->b));
  return op + 1;
}

enum class Relation { Eq, Ne, Lt, Le };
/// flags bit 0: also true where an operand is NaN; bit 1: the result is
/// negated.
template <typename V, Relation R>
const Op *compare(Warp &w, const Op *op) {
  V a = load<V>(w, op->a), b = load<V>(w, op->b);
  uint32_t result;
  if constexpr (R == Relation::Eq)
    result = pack(a == b);
  else if constexpr (R == Relation::Ne)
    result = pack(a != b);
  else if constexpr (R == Relation::Lt)
    result = pack(a < b);
  else
    result = pack(a <= b);
  if constexpr (__is_same(V, F32)) {
    uint32_t unordered = pack((a != a) | (b != b));
    result = op->flags & 1 ? result | unordered : result & ~unordered;
  }
  uint32_t mask = w.lanes(op);
  uint32_t &to = w.predicate(op->dst);
  to = (to & ~mask) | (result & mask);
  return op + 1;
}

template <typename Function>
[[gnu::always_inline]] inline const Op *predicates(Warp &w, const Op *op,
                                                   Function function) {
  // flags bits 0 and 1: the first or second source is negated.
  uint32_t a = w.readPredicate(op->a) ^ -(op->flags & 1),
           b = w.readPredicate(op->b) ^ -(op->flags >> 1 & 1);
  uint32_t mask = w.lanes(op);
  uint32_t &to = w.predicate(op->dst);
  to = (to & ~mask) | (function(a, b) & mask);
  return op + 1;
}
const Op *predMov(Warp &w, const Op *op) {
  return predicates(w, op, [](uint32_t a, uint32_t) { return a; });
}
const Op *predNot(Warp &w, const Op *op) {
  return predicates(w, op, [](uint32_t a, uint32_t) { return ~a; });
}
const Op *predAnd(Warp &w, const Op *op) {
  return predicates(w, op, [](uint32_t a, uint32_t b) { return a & b; });
}
const Op *predOr(Warp &w, const Op *op) {
  return predicates(w, op, [](uint32_t a, uint32_t b) { return a | b; });
}
const Op *predXor(Warp &w, const Op *op) {
  return predicates(w, op, [](uint32_t a, uint32_t b) { return a ^ b; });
}

// ---- matrices ----

// m16n8k16: lane 4g + t holds A[g][2t+h], A[g+8][2t+h], A[g][2t+8+h],
// A[g+8][2t+8+h] in registers 0 to 3, B[2t+h][g] and B[2t+8+h][g] in 0 and 1,
// and C[g][2t+h] in 0 and 1, C[g+8][2t+h] in 2 and 3. The sum over k goes
// upwards, one fma each.

template <typename F, typename U>
[[gnu::always_inline]] inline F widenF16(U bits) {
  U sign = (bits & 0x8000) << 16, rest = bits & 0x7fff;
  F finite = __builtin_bit_cast(F, rest << 13) * 0x1p112f;
  U special = U(0x7f800000) | (rest & 0x3ff) << 13;
  return __builtin_bit_cast(
      F, sign | ((rest >= 0x7c00) ? special : __builtin_bit_cast(U, finite)));
}

struct BF16 {
  template <int Half>
  [[gnu::always_inline]] static F32 widen(U32 pair) {
    return __builtin_bit_cast(F32, Half ? pair & 0xffff0000u : pair << 16);
  }
};
struct F16 {
  template <int Half>
  [[gnu::always_inline]] static F32 widen(U32 pair) {
    return widenF16<F32>(Half ? pair >> 16 : pair & 0xffff);
  }
};

/// The value of lane (l & ~3) + T in every lane l: a row of A over its four
/// columns.
template <int T>
[[gnu::always_inline]] inline U32 quad(U32 v) {
  return __builtin_shufflevector(
      v, v, T, T, T, T, 4 + T, 4 + T, 4 + T, 4 + T, 8 + T, 8 + T, 8 + T, 8 + T,
      12 + T, 12 + T, 12 + T, 12 + T, 16 + T, 16 + T, 16 + T, 16 + T, 20 + T,
      20 + T, 20 + T, 20 + T, 24 + T, 24 + T, 24 + T, 24 + T, 28 + T, 28 + T,
      28 + T, 28 + T);
}
/// The value of lane 4 (2 (l % 4) + Half) + T in every lane l: a row of B over
/// the columns that l accumulates.
template <int T, int Half>
[[gnu::always_inline]] inline U32 column(U32 v) {
  constexpr int p = 4 * Half + T, q = p + 8, r = p + 16, s = p + 24;
  return __builtin_shufflevector(v, v, p, q, r, s, p, q, r, s, p, q, r, s, p, q,
                                 r, s, p, q, r, s, p, q, r, s, p, q, r, s, p, q,
                                 r, s);
}

template <typename Number, int T, int Half>
[[gnu::always_inline]] inline void mmaStep(F32 (&sum)[4], U32 a0, U32 a1,
                                           U32 b) {
  F32 top = Number::template widen<Half>(quad<T>(a0)),
      bottom = Number::template widen<Half>(quad<T>(a1));
  F32 even = Number::template widen<Half>(column<T, 0>(b)),
      odd = Number::template widen<Half>(column<T, 1>(b));
  sum[0] = __builtin_elementwise_fma(top, even, sum[0]);
  sum[1] = __builtin_elementwise_fma(top, odd, sum[1]);
  sum[2] = __builtin_elementwise_fma(bottom, even, sum[2]);
  sum[3] = __builtin_elementwise_fma(bottom, odd, sum[3]);
}

template <typename Number>
void mma16816(char *const *d, const char *const *a, const char *const *b,
              const char *const *c) {
  auto get = [](const char *p) { return *reinterpret_cast<const U32 *>(p); };
  F32 sum[4];
  for (int i = 0; i < 4; ++i)
    sum[i] = *reinterpret_cast<const F32 *>(c[i]);
  for (size_t half = 0; half < 2; ++half) {
    U32 a0 = get(a[2 * half]), a1 = get(a[2 * half + 1]), b0 = get(b[half]);
    mmaStep<Number, 0, 0>(sum, a0, a1, b0);
    mmaStep<Number, 0, 1>(sum, a0, a1, b0);
    mmaStep<Number, 1, 0>(sum, a0, a1, b0);
    mmaStep<Number, 1, 1>(sum, a0, a1, b0);
    mmaStep<Number, 2, 0>(sum, a0, a1, b0);
    mmaStep<Number, 2, 1>(sum, a0, a1, b0);
    mmaStep<Number, 3, 0>(sum, a0, a1, b0);
    mmaStep<Number, 3, 1>(sum, a0, a1, b0);
  }
  for (int i = 0; i < 4; ++i)
    *reinterpret_cast<F32 *>(d[i]) = canonical(sum[i]);
}

[[gnu::always_inline]] inline F32 multiplyAdd(F32 a, F32 b, F32 sum) {
  return __builtin_elementwise_fma(a, b, sum);
}
[[gnu::always_inline]] inline S32 multiplyAdd(S32 a, S32 b, S32 sum) {
  return __builtin_bit_cast(S32, __builtin_bit_cast(U32, a) *
                                         __builtin_bit_cast(U32, b) +
                                     __builtin_bit_cast(U32, sum));
}
[[gnu::always_inline]] inline S32 canonical(S32 v) { return v; }

template <typename V, typename Element>
void warpgroup(char *const *d, const char *a, const char *b, int n, int k,
               bool accumulate) {
  typedef Element Quad __attribute__((ext_vector_type(4)));
  const V *rows = reinterpret_cast<const V *>(a);
  const Quad *columns = reinterpret_cast<const Quad *>(b);
  int registers = n / 2;
  for (int pair = 0; pair < n / 4; ++pair) { // 8 columns, parity
    int reg = pair / 2 * 4 + pair % 2;
    V sum[4][2];
    for (int w = 0; w < 4; ++w)
      for (int half = 0; half < 2; ++half)
        sum[w][half] = accumulate ? *reinterpret_cast<const V *>(
                                        d[w * registers + reg + half * 2])
                                  : V(Element(0));
    for (int i = 0; i < k; ++i) {
      Quad q = columns[i * (n / 4) + pair];
      V column = __builtin_shufflevector(q, q, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2,
                                         3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3,
                                         0, 1, 2, 3, 0, 1, 2, 3);
      for (int w = 0; w < 4; ++w)
        for (int half = 0; half < 2; ++half)
          sum[w][half] =
              multiplyAdd(rows[(w * 2 + half) * k + i], column, sum[w][half]);
    }
    for (int w = 0; w < 4; ++w)
      for (int half = 0; half < 2; ++half)
        *reinterpret_cast<V *>(d[w * registers + reg + half * 2]) =
            canonical(sum[w][half]);
  }
}

// ---- operands of matrices in shared memory ----

typedef uint16_t Halves8 __attribute__((ext_vector_type(8), aligned(2)));
typedef uint32_t Words8 __attribute__((ext_vector_type(8)));
typedef float Floats8 __attribute__((ext_vector_type(8), aligned(4)));

template <bool IsBF16>
void widen(const char *from, uint32_t count, float *to) {
  for (uint32_t i = 0; i < count; i += 8) {
    Words8 bits = __builtin_convertvector(
        *reinterpret_cast<const Halves8 *>(from + size_t(i) * 2), Words8);
    Floats8 values;
    if constexpr (IsBF16)
      values = __builtin_bit_cast(Floats8, bits << 16);
    else
      values = widenF16<Floats8>(bits);
    *reinterpret_cast<Floats8 *>(to + i) = values;
  }
}

[[gnu::always_inline]] inline void transpose(Words8 (&v)[8]) {
  Words8 pairs[8], quads[8];
  for (int i = 0; i < 8; i += 2) {
    pairs[i] =
        __builtin_shufflevector(v[i], v[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    pairs[i + 1] =
        __builtin_shufflevector(v[i], v[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int i = 0; i < 8; i += 4)
    for (int j = 0; j < 2; ++j) {
      Words8 a = pairs[i + j], b = pairs[i + j + 2];
      quads[i + 2 * j] =
          __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
      quads[i + 2 * j + 1] =
          __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
    }
  for (int i = 0; i < 4; ++i) {
    Words8 a = quads[i], b = quads[i + 4];
    v[i] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11);
    v[i + 4] = __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

/// Calls emit(block, k, elements) with the elements of 8 rows at each k.
template <typename Emit>
[[gnu::always_inline]] inline void byBlocks(const float *values, uint32_t rows,
                                            uint32_t k, bool byK, Emit emit) {
  for (uint32_t block = 0; block < rows / 8; ++block)
    for (uint32_t first = 0; first < k; first += 8) {
      Words8 v[8];
      for (uint32_t i = 0; i < 8; ++i)
        v[i] = *reinterpret_cast<const Words8 *>(
            byK ? values + size_t(first + i) * rows + block * 8
                : values + size_t(block * 8 + i) * k + first);
      if (!byK)
        transpose(v);
      for (uint32_t i = 0; i < 8; ++i)
        emit(block, first + i, v[i]);
    }
}

/// Each row's element in four lanes.
void arrangeA(const float *values, uint32_t rows, uint32_t k, bool byK,
              float *to) {
  byBlocks(values, rows, k, byK, [&](uint32_t block, uint32_t at, Words8 v) {
    *reinterpret_cast<U32 *>(to + (size_t(block) * k + at) * 32) =
        __builtin_shufflevector(v, v, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3,
                                3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7,
                                7, 7);
  });
}

/// Even columns, then odd ones.
void arrangeB(const float *values, uint32_t rows, uint32_t k, bool byK,
              float *to) {
  byBlocks(values, rows, k, byK, [&](uint32_t block, uint32_t at, Words8 v) {
    *reinterpret_cast<Words8 *>(to + size_t(at) * rows + block * 8) =
        __builtin_shufflevector(v, v, 0, 2, 4, 6, 1, 3, 5, 7);
  });
}

typedef float F16Lanes __attribute__((ext_vector_type(16)));
typedef uint32_t U16Lanes __attribute__((ext_vector_type(16)));

[[gnu::always_inline]] inline F16Lanes multiplyAdd(F16Lanes a, F16Lanes b,
                                                   F16Lanes sum) {
  return __builtin_elementwise_fma(a, b, sum);
}
[[gnu::always_inline]] inline U16Lanes multiplyAdd(U16Lanes a, U16Lanes b,
                                                   U16Lanes sum) {
  return a * b + sum;
}

template <typename V, typename Element, uint32_t Blocks>
void tensorBlocks(const TensorTile &tile, const char *a, const char *b) {
  constexpr size_t kColumnBytes = 512;
  const V *rows = reinterpret_cast<const V *>(a);
  const Element *columns = reinterpret_cast<const Element *>(b);
  for (uint32_t column = 0; column < tile.n; column += 2) {
    V sum[2][Blocks];
    auto place = [&](uint32_t j, uint32_t block) {
      return reinterpret_cast<V *>(tile.d + (column + j) * kColumnBytes +
                                   size_t(block) * tile.blockBytes);
    };
    for (uint32_t j = 0; j < 2; ++j)
      for (uint32_t block = 0; block < Blocks; ++block)
        sum[j][block] = tile.accumulate ? *place(j, block) : V(Element(0));
    const Element *first = columns + size_t(column) * tile.k;
    for (uint32_t i = 0; i < tile.k; ++i) {
      V even = V(first[i]), odd = V(first[tile.k + i]);
      for (uint32_t block = 0; block < Blocks; ++block) {
        V row = rows[i * Blocks + block];
        sum[0][block] = multiplyAdd(row, even, sum[0][block]);
        sum[1][block] = multiplyAdd(row, odd, sum[1][block]);
      }
    }
    for (uint32_t j = 0; j < 2; ++j)
      for (uint32_t block = 0; block < Blocks; ++block)
        *place(j, block) = sum[j][block];
  }
}

template <typename V, typename Element>
void tensor(const TensorTile &tile, const char *a, const char *b) {
  if (tile.blocks == 8)
    tensorBlocks<V, Element, 8>(tile, a, b);
  else if (tile.blocks == 4)
    tensorBlocks<V, Element, 4>(tile, a, b);
  else
    tensorBlocks<V, Element, 2>(tile, a, b);
}

} // namespace

const LaneTable &moe::emu::MOE_EMU_TABLE() {
  static const LaneTable table = {MOE_EMU_ISA,
                                  {unary<U32, mov>,
                                   unary<U64, mov>,
                                   convert<U64, U32>,
                                   convert<S64, S32>,
                                   convert<U32, U64>,
                                   pack64,
                                   convert<U32, U64>,
                                   unpackHigh,
                                   binary<U32, add>,
                                   binary<U64, add>,
                                   binary<U32, sub>,
                                   binary<U64, sub>,
                                   binary<U32, mul>,
                                   binary<U64, mul>,
                                   binary<U32, bitAnd>,
                                   binary<U64, bitAnd>,
                                   binary<U32, bitOr>,
                                   binary<U64, bitOr>,
                                   binary<U32, bitXor>,
                                   binary<U64, bitXor>,
                                   unary<U32, bitNot>,
                                   unary<U64, bitNot>,
                                   binary<U32, least>,
                                   binary<S32, least>,
                                   binary<U32, most>,
                                   binary<S32, most>,
                                   shiftLeft<U32, U32, 32>,
                                   shiftLeft<U64, U64, 64>,
                                   shiftRight<U32, U32, 32>,
                                   shiftRight<S32, U32, 32>,
                                   shiftRight<U64, U64, 64>,
                                   shiftRight<S64, U64, 64>,
                                   binary<U32, mulHiU>,
                                   binary<S32, mulHiS>,
                                   mulWide<U64, U32>,
                                   mulWide<S64, S32>,
                                   ternary<U32, mad>,
                                   ternary<U64, mad>,
                                   madWide<U64, U32>,
                                   madWide<S64, S32>,
                                   lop3,
                                   binary<F32, addF>,
                                   binary<F32, subF>,
                                   binary<F32, mulF>,
                                   ternary<F32, fmaF>,
                                   binary<F64, addF>,
                                   binary<F64, subF>,
                                   binary<F64, mulF>,
                                   ternary<F64, fmaF>,
                                   binary<F32, leastF>,
                                   binary<F32, mostF>,
                                   unary<F32, negF>,
                                   unary<F32, absF>,
                                   cvtBf16x2,
                                   select<U32>,
                                   select<U64>,
                                   compare<U32, Relation::Eq>,
                                   compare<U32, Relation::Ne>,
                                   compare<U32, Relation::Lt>,
                                   compare<U32, Relation::Le>,
                                   compare<S32, Relation::Lt>,
                                   compare<S32, Relation::Le>,
                                   compare<U64, Relation::Eq>,
                                   compare<U64, Relation::Ne>,
                                   compare<U64, Relation::Lt>,
                                   compare<U64, Relation::Le>,
                                   compare<S64, Relation::Lt>,
                                   compare<S64, Relation::Le>,
                                   compare<F32, Relation::Eq>,
                                   compare<F32, Relation::Ne>,
                                   compare<F32, Relation::Lt>,
                                   compare<F32, Relation::Le>,
                                   predMov,
                                   predAnd,
                                   predOr,
                                   predXor,
                                   predNot},
                                  mma16816<BF16>,
                                  mma16816<F16>,
                                  warpgroup<F32, float>,
                                  warpgroup<S32, int32_t>,
                                  arrangeA,
                                  arrangeB,
                                  widen<false>,
                                  widen<true>,
                                  tensor<F16Lanes, float>,
                                  tensor<U16Lanes, uint32_t>};
  return table;
}
