// The reference lowering of quantised storage: every element of a matrix from
// the codes that hold it.
#include "MoEToLinalg.h"

#include "moe/Dialect/MoE/Quant.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

#include <limits>

using namespace mlir;
using namespace moe;
using namespace moe::detail;

using IntPredicate = arith::CmpIPredicate;

namespace {

/// The matrix, or the stack of matrices, of one storage. Element (n, k) is
/// computed by itself; only the codes of `qmoe` and the values of `bitmask` are
/// walked in order.
class DequantLowering {
public:
  DequantLowering(TensorBuilder &b, QuantAttr quant, ValueRange storage,
                  Value widths, RankedTensorType result)
      : b(b), quant(quant), storage(storage), widths(widths),
        rank(result.getRank()), rows(result.getDimSize(rank - 2)),
        columns(result.getDimSize(rank - 1)),
        element(cast<FloatType>(result.getElementType())) {
    SmallVector<Type> types = {element};
    for (Value part : storage)
      if (isReal(part))
        types.push_back(part.getType());
    real = computeType(types);
  }

  Value build() {
    check();
    if (quant.getFormat() == QuantFormat::QMoE)
      return buildCodewords();
    if (quant.getFormat() == QuantFormat::Bitmask)
      return buildMasked();
    return b.map(sizes(), element, {}, [&](ValueRange) {
      matrix = rank == 3 ? b.loopIndex(0) : Value();
      row = b.loopIndex(rank - 2);
      column = b.loopIndex(rank - 1);
      return b.convert(buildElement(), element);
    });
  }

private:
  static bool isReal(Value tensor) {
    return isa<FloatType>(cast<ShapedType>(tensor.getType()).getElementType());
  }

  Sizes sizes() {
    Sizes result = {b.getIndexAttr(rows), b.getIndexAttr(columns)};
    if (rank == 3)
      result.insert(result.begin(), b.size(storage[0], 0));
    return result;
  }

  // Numbers. Positions are of type index, codes of type i32.

  Value number(double value) { return b.real(real, value); }
  Value over(Value position, int64_t by) {
    return arith::DivUIOp::create(b, position, b.index(by));
  }
  Value in(Value position, int64_t by) {
    return arith::RemUIOp::create(b, position, b.index(by));
  }
  Value times(Value position, int64_t by) {
    return b.mul(position, b.index(by));
  }
  /// `count` bits of a code from bit `shift` on.
  Value bitsFrom(Value code, Value shift, int64_t count) {
    Value moved = arith::ShRUIOp::create(b, code, shift);
    return arith::AndIOp::create(b, moved, b.int32((1 << count) - 1));
  }
  Value bitsFrom(Value code, int64_t shift, int64_t count) {
    return bitsFrom(code, b.int32(shift), count);
  }
  Value fromBits(Value bits) {
    return b.convert(
        arith::BitcastOp::create(b, b.getF32Type(), bits).getResult(), real);
  }
  Value toReal(Value code) { return arith::SIToFPOp::create(b, real, code); }

  // Elements of the storage, of the matrix at hand.

  Value extract(unsigned part, ArrayRef<Value> at, bool shared = false) {
    if (!matrix || shared)
      return b.extract(storage[part], at);
    SmallVector<Value> ofMatrix = {matrix};
    llvm::append_range(ofMatrix, at);
    return b.extract(storage[part], ofMatrix);
  }
  Value scale(unsigned part, ArrayRef<Value> at) {
    return b.convert(extract(part, at), real);
  }
  Value byte(unsigned part, ArrayRef<Value> at) {
    return arith::ExtUIOp::create(b, b.getI32Type(), extract(part, at));
  }
  Value signedByte(unsigned part, ArrayRef<Value> at) {
    return toReal(arith::ExtSIOp::create(b, b.getI32Type(), extract(part, at)));
  }

  // Number formats of 9.1.

  /// 1-4-3, bias 7, without infinities.
  Value fromE4M3(Value code) {
    Value exponent = bitsFrom(code, 3, 4), mantissa = bitsFrom(code, 0, 3);
    Value sign = arith::ShLIOp::create(b, bitsFrom(code, 7, 1), b.int32(31));
    Value high = arith::ShLIOp::create(b, b.add(exponent, b.int32(127 - 7)),
                                       b.int32(23));
    Value low = arith::ShLIOp::create(b, mantissa, b.int32(20));
    Value normal = fromBits(
        arith::OrIOp::create(b, sign, arith::OrIOp::create(b, high, low)));
    Value small = b.mul(toReal(mantissa), number(0x1p-9));
    Value negative = b.compare(IntPredicate::ne, sign, b.int32(0));
    small = b.select(negative, b.neg(small), small);
    Value subnormal = b.compare(IntPredicate::eq, exponent, b.int32(0));
    Value value = b.select(subnormal, small, normal);
    Value none =
        b.compare(IntPredicate::eq, bitsFrom(code, 0, 7), b.int32(0x7F));
    return b.select(none, number(std::numeric_limits<double>::quiet_NaN()),
                    value);
  }

  /// 1-2-1: 0, 0.5, 1, 1.5, 2, 3, 4, 6.
  Value fromE2M1(Value code) {
    Value exponent = bitsFrom(code, 1, 2), mantissa = bitsFrom(code, 0, 1);
    Value half = b.mul(toReal(mantissa), number(0.5));
    Value power = toReal(arith::ShLIOp::create(
        b, b.int32(1),
        arith::SubIOp::create(
            b, arith::MaxUIOp::create(b, exponent, b.int32(1)), b.int32(1))));
    Value normal = b.mul(power, b.add(number(1.0), half));
    Value subnormal = b.compare(IntPredicate::eq, exponent, b.int32(0));
    Value value = b.select(subnormal, half, normal);
    Value negative =
        b.compare(IntPredicate::ne, bitsFrom(code, 3, 1), b.int32(0));
    return b.select(negative, b.neg(value), value);
  }

  /// 2^(code - 127), of which the least is subnormal in f32.
  Value fromE8M0(Value code) {
    Value power =
        fromBits(arith::ShLIOp::create(b, code, b.int32(23)).getResult());
    Value least = b.compare(IntPredicate::eq, code, b.int32(0));
    Value none = b.compare(IntPredicate::eq, code, b.int32(255));
    return b.select(none, number(std::numeric_limits<double>::quiet_NaN()),
                    b.select(least, number(0x1p-127), power));
  }

  /// The f16 in bytes `first` and `first` + 1 of a block.
  Value halfAt(unsigned part, SmallVector<Value> at, int64_t first) {
    at.push_back(b.index(first));
    Value low = byte(part, at);
    at.back() = b.index(first + 1);
    Value high = arith::ShLIOp::create(b, byte(part, at), b.int32(8));
    Value bits = arith::TruncIOp::create(b, b.getI16Type(),
                                         arith::OrIOp::create(b, low, high));
    Value half = arith::BitcastOp::create(b, b.getF16Type(), bits);
    return b.convert(half, real);
  }

  // Where a code lies.

  /// Byte and shift of element j of a block of `size` nibbles whose halves
  /// share bytes.
  std::pair<Value, Value> halfSplit(Value j, int64_t size) {
    Value shift = times(over(j, size / 2), 4);
    return {in(j, size / 2), b.toInt32(shift)};
  }

  /// The code of element `at` of a row of bytes, of `bits` each.
  Value packedCode(unsigned part, SmallVector<Value> row, Value at,
                   int64_t bits) {
    Value position = times(at, bits);
    row.push_back(over(position, 8));
    return bitsFrom(byte(part, row), b.toInt32(in(position, 8)), bits);
  }

  /// The nibble of this element in a row of bytes, by `order` in blocks of
  /// `size`.
  Value orderedCode(unsigned part, int64_t size) {
    if (quant.getOrder() == NibbleOrder::Adjacent)
      return packedCode(part, {row}, column, 4);
    auto [place, shift] = halfSplit(in(column, size), size);
    Value first = times(over(column, size), size / 2);
    return bitsFrom(byte(part, {row, b.add(first, place)}), shift, 4);
  }

  /// A nibble of word `at`, of which there are eight.
  Value nibble(unsigned part, ArrayRef<Value> at, Value place) {
    return bitsFrom(extract(part, at), b.toInt32(times(place, 4)), 4);
  }

  /// Nibble of an AWQ word that holds column c: π⁻¹ of c in 8.
  Value awqPlace(Value c) {
    Value j = in(c, 8);
    // Columns 0 2 4 6 lie in nibbles 0 1 2 3, columns 1 3 5 7 behind them.
    return b.add(over(j, 2), times(in(j, 2), 4));
  }

  // Formats.

  Value buildElement() {
    int64_t group = quant.getGroup(), bits = quant.getBits();
    Value inGroup = group != 0 ? over(column, group) : Value();
    switch (quant.getFormat()) {
    case QuantFormat::I8Chan:
      return b.mul(scale(1, {row}), signedByte(0, {row, column}));
    case QuantFormat::I8Group:
      return b.mul(scale(1, {row, inGroup}), signedByte(0, {row, column}));
    case QuantFormat::USym:
    case QuantFormat::UAffine: {
      Value code = toReal(bits == 4 ? orderedCode(0, group)
                                    : packedCode(0, {row}, column, bits));
      Value zero = number(1 << (bits - 1));
      if (quant.getFormat() == QuantFormat::UAffine)
        zero = isReal(storage[2]) ? scale(2, {row, inGroup})
                                  : toReal(packedCode(2, {row}, inGroup, bits));
      return b.mul(scale(1, {row, inGroup}), b.sub(code, zero));
    }
    case QuantFormat::USb:
      return b.add(b.mul(scale(1, {row, inGroup}), toReal(streamCode(bits))),
                   scale(2, {row, inGroup}));
    case QuantFormat::Gptq4: {
      Value code = nibble(0, {over(column, 8), row}, in(column, 8));
      Value own = b.toIndex(extract(3, {column}));
      Value zero = nibble(1, {own, over(row, 8)}, in(row, 8));
      if (quant.getVersion() == 1)
        zero = b.add(zero, b.int32(1));
      return b.mul(scale(2, {own, row}), b.sub(toReal(code), toReal(zero)));
    }
    case QuantFormat::Awq4: {
      Value place = awqPlace(row);
      Value code = nibble(0, {column, over(row, 8)}, place);
      Value zero = nibble(1, {inGroup, over(row, 8)}, place);
      return b.mul(scale(2, {inGroup, row}), b.sub(toReal(code), toReal(zero)));
    }
    case QuantFormat::GgufQ40: {
      SmallVector<Value> block = {row, over(column, 32)};
      auto [place, shift] = halfSplit(in(column, 32), 32);
      Value code = bitsFrom(byte(0, {row, block[1], b.add(place, b.index(2))}),
                            shift, 4);
      return b.mul(halfAt(0, block, 0), b.sub(toReal(code), number(8.0)));
    }
    case QuantFormat::GgufQ80: {
      SmallVector<Value> block = {row, over(column, 32)};
      Value place = b.add(in(column, 32), b.index(2));
      return b.mul(halfAt(0, block, 0), signedByte(0, {row, block[1], place}));
    }
    case QuantFormat::Hqq:
      return buildHqq();
    case QuantFormat::Fp8Block: {
      SmallVector<Value> block = {over(row, quant.getBlockN()), inGroup};
      Value factor =
          isReal(storage[1]) ? scale(1, block) : fromE8M0(byte(1, block));
      return b.mul(factor, fromE4M3(byte(0, {row, column})));
    }
    case QuantFormat::Mxfp4: {
      Value block = over(column, 32), j = in(column, 32);
      Value place = over(j, 2), shift = b.toInt32(times(in(j, 2), 4));
      if (quant.getOrder() == NibbleOrder::HalfSplit)
        std::tie(place, shift) = halfSplit(j, 32);
      Value code = bitsFrom(byte(0, {row, block, place}), shift, 4);
      return b.mul(fromE2M1(code), fromE8M0(byte(1, {row, block})));
    }
    case QuantFormat::GgufMxfp4: {
      Value block = over(column, 32);
      auto [place, shift] = halfSplit(in(column, 32), 32);
      Value code =
          bitsFrom(byte(0, {row, block, b.add(place, b.index(1))}), shift, 4);
      return b.mul(fromE2M1(code), fromE8M0(byte(0, {row, block, b.index(0)})));
    }
    case QuantFormat::Nvfp4: {
      Value value = b.mul(fromE2M1(orderedCode(0, 16)),
                          fromE4M3(byte(1, {row, over(column, 16)})));
      return quant.getGlobal() == GlobalScale::Divide
                 ? b.div(value, scale(2, {}))
                 : b.mul(value, scale(2, {}));
    }
    case QuantFormat::GgufNvfp4: {
      Value block = over(column, 64), part = over(in(column, 64), 16);
      auto [place, shift] = halfSplit(in(column, 16), 16);
      Value at = b.add(b.add(place, b.index(4)), times(part, 8));
      Value code = bitsFrom(byte(0, {row, block, at}), shift, 4);
      // Bit 7 is no sign here.
      Value factor = fromE4M3(bitsFrom(byte(0, {row, block, part}), 0, 7));
      return b.mul(b.mul(fromE2M1(code), factor), scale(1, {}));
    }
    case QuantFormat::Ternary: {
      Value code = packedCode(0, {row}, column, 2);
      Value sign = b.sub(bitsFrom(code, 0, 1), bitsFrom(code, 1, 1));
      return b.mul(scale(1, {}), toReal(sign));
    }
    case QuantFormat::Nested:
      return buildNested();
    case QuantFormat::Float:
      return scale(0, {row, column});
    case QuantFormat::NOfM:
      return buildKept();
    case QuantFormat::QMoE:
    case QuantFormat::Bitmask:
      break;
    }
    llvm_unreachable("rows in order have no elements by themselves");
  }

  /// The sum of the values of a group that are at this place in it.
  Value buildKept() {
    int64_t group = quant.getGroup(), keep = quant.getKeep();
    Value place = b.toInt32(in(column, group));
    Value first = times(over(column, group), keep);
    Value sum = number(0.0);
    for (int64_t kept = 0; kept < keep; ++kept) {
      Value at = b.add(first, b.index(kept));
      Value position = packedCode(1, {row}, at, quant.getPositionBits());
      Value here = b.compare(IntPredicate::eq, position, place);
      Value more = b.add(sum, scale(0, {row, at}));
      sum = b.select(here, more, sum);
    }
    return sum;
  }

  /// A code of a stream of bits in words, which may begin in one and end in the
  /// next.
  Value streamCode(int64_t bits) {
    Value position = times(column, bits);
    Value word = over(position, 32), shift = b.toInt32(in(position, 32));
    Value last = b.index(columns * bits / 32 - 1);
    Value next = arith::MinUIOp::create(b, b.add(word, b.index(1)), last);
    auto wide = [&](Value value) -> Value {
      return arith::ExtUIOp::create(b, b.getI64Type(), value);
    };
    Value high = arith::ShLIOp::create(
        b, wide(extract(0, {row, next})),
        arith::ConstantOp::create(b, b.getI64IntegerAttr(32)));
    Value both = arith::OrIOp::create(b, high, wide(extract(0, {row, word})));
    Value moved = arith::ShRUIOp::create(b, both, wide(shift));
    return bitsFrom(arith::TruncIOp::create(b, b.getI32Type(), moved), 0, bits);
  }

  /// Rows of groups lie beside each other in a byte from the high bits down.
  Value buildHqq() {
    int64_t bits = quant.getBits(), group = quant.getGroup();
    Value position = b.add(times(row, columns), column);
    Value own = over(position, group), place = in(position, group);
    int64_t stored =
        cast<ShapedType>(storage[0].getType()).getDimSize(matrix ? 1 : 0);
    Value line = in(own, stored), share = b.toInt32(over(own, stored));
    int64_t top = bits == 3 ? 27 : 8 - bits;
    Value shift = b.sub(b.int32(top), b.mul(share, b.int32(bits)));
    Value word = bits == 3 ? extract(0, {line, place}) : byte(0, {line, place});
    Value code = toReal(bitsFrom(word, shift, bits));
    return b.mul(scale(1, {own}), b.sub(code, scale(2, {own})));
  }

  Value extractWidth() {
    return matrix ? b.extract(widths, matrix) : b.extract(widths, {});
  }

  /// Planes of bits, the high ones first; those below the width are not read.
  Value buildNested() {
    int64_t bits = quant.getBits(), plane = quant.getPlane();
    int64_t stored = quant.getStoredBits();
    int64_t elements = rows * columns, base = quant.getBase();
    Value position = b.add(times(row, columns), column);
    Value width =
        widths
            ? Value(arith::ExtUIOp::create(b, b.getI32Type(), extractWidth()))
            : b.int32(quant.getWidth() ? quant.getWidth() : bits);
    bool whole = quant.getSlice() == QuantSlice::Round;
    Value code = packedCode(0, {}, position, base), have = b.int32(base);
    int64_t first = elements * base;
    for (int64_t end = base + plane; end <= stored; end += plane) {
      Value wanted = whole ? b.boolean(true)
                           : b.compare(IntPredicate::sge, width, b.int32(end));
      Value at = b.add(times(position, plane), b.index(first));
      at = b.select(wanted, at, b.index(0));
      Value more =
          bitsFrom(byte(0, {over(at, 8)}), b.toInt32(in(at, 8)), plane);
      Value longer = arith::OrIOp::create(
          b, arith::ShLIOp::create(b, code, b.int32(plane)), more);
      code = b.select(wanted, longer, code);
      have = b.select(wanted, b.int32(end), have);
      first += elements * plane;
    }
    Value lost = b.sub(b.int32(bits), width);
    Value power = arith::ShLIOp::create(b, b.int32(1), lost);
    if (whole) {
      Value half = arith::ShRUIOp::create(b, power, b.int32(1));
      Value most =
          b.sub(arith::ShLIOp::create(b, b.int32(1), width), b.int32(1));
      code = arith::MinSIOp::create(
          b, arith::ShRUIOp::create(b, b.add(code, half), lost), most);
    }
    Value value = toReal(code), step = toReal(power);
    if (quant.getSlice() == QuantSlice::Centre)
      value = b.add(value, b.sub(number(0.5), b.div(number(0.5), step)));
    Value inGroup = over(column, quant.getGroup());
    Value factor = scale(1, {row, inGroup}), zero = scale(2, {row, inGroup});
    // Those of a width are as they are.
    if (quant.getOverrides() && !widths)
      return b.mul(factor, b.sub(value, zero));
    factor = b.mul(factor, step);
    zero = b.div(zero, step);
    if (quant.getOverrides()) {
      Value all = b.compare(IntPredicate::eq, lost, b.int32(0));
      Value which = b.toIndex(arith::DivUIOp::create(
          b, b.sub(width, b.int32(base)), b.int32(plane)));
      which = arith::MinUIOp::create(b, which,
                                     b.index(quant.getNumNarrowWidths() - 1));
      auto own = [&](unsigned part, Value otherwise) {
        return b.select(all, otherwise, scale(part, {which, row, inGroup}));
      };
      factor = own(3, factor);
      zero = own(4, zero);
    }
    return b.mul(factor, b.sub(value, zero));
  }

  /// Row by row of all matrices: `fill` writes a row into `out` from what lies
  /// from `begin` to `end` in part `source`, by the offsets in part `offsets`.
  Value buildRows(unsigned source, unsigned offsets, StringRef message,
                  function_ref<Value(Value begin, Value end, Value out)> fill) {
    Value zero = b.index(0);
    Value init = b.filled(sizes(), b.real(element, 0.0));
    auto buildMatrix = [&](Value own, Value out) {
      matrix = own;
      return b
          .loop(zero, b.index(rows), out,
                [&](Value line, ValueRange carried) -> SmallVector<Value> {
                  row = line;
                  Value next = b.add(row, b.index(1));
                  Value begin = b.toIndex(extract(offsets, {row}));
                  Value end = b.toIndex(extract(offsets, {next}));
                  Value count = b.sizeValue(storage[source], matrix ? 1 : 0);
                  b.check(b.both(b.compare(IntPredicate::ule, begin, end),
                                 b.compare(IntPredicate::ule, end, count)),
                          message);
                  return {fill(begin, end, carried[0])};
                })
          .front();
    };
    if (rank == 2)
      return buildMatrix({}, init);
    return b
        .loop(zero, b.sizeValue(storage[0], 0), init,
              [&](Value own, ValueRange carried) -> SmallVector<Value> {
                return {buildMatrix(own, carried[0])};
              })
        .front();
  }

  /// `whole` with `value` at column `at` of the row at hand.
  Value place(Value value, Value at, Value whole) {
    SmallVector<Value> indices = {row, at};
    if (matrix)
      indices.insert(indices.begin(), matrix);
    return b.insert(b.convert(value, element), whole, indices);
  }

  // Sparse rows: the values of the bits that are set.

  Value buildMasked() {
    constexpr StringLiteral message =
        "a row of a mask has another number of values than bits";
    auto fill = [&](Value begin, Value end, Value out) {
      SmallVector<Value> filled =
          b.loop(b.index(0), b.index(columns), {out, begin},
                 [&](Value at, ValueRange state) -> SmallVector<Value> {
                   Value code = packedCode(0, {row}, at, 1);
                   Value kept = b.compare(IntPredicate::ne, code, b.int32(0));
                   Value left = b.compare(IntPredicate::ult, state[1], end);
                   b.check(b.either(b.no(kept), left), message);
                   auto own = scf::IfOp::create(
                       b, kept,
                       [&](OpBuilder &, Location) {
                         scf::YieldOp::create(b, scale(1, {state[1]}));
                       },
                       [&](OpBuilder &, Location) {
                         scf::YieldOp::create(b, number(0.0));
                       });
                   return {place(own.getResult(0), at, state[0]),
                           b.add(state[1], b.toIndex(code))};
                 });
      b.check(b.compare(IntPredicate::eq, filled[1], end), message);
      return filled[0];
    };
    return buildRows(1, 2, "offsets of values do not ascend within them", fill);
  }

  // Codewords (9.7): a row of the matrix is a run of dictionary entries.

  Value buildCodewords() {
    auto fill = [&](Value begin, Value end, Value out) {
      SmallVector<Value> filled = b.loop(
          begin, end, {out, b.index(0)},
          [&](Value at, ValueRange state) { return buildEntry(at, state); });
      b.check(b.compare(IntPredicate::eq, filled[1], b.index(columns)),
              "a row of codewords is not as long as its matrix");
      return filled[0];
    };
    return buildRows(0, 1, "offsets of codewords do not ascend within them",
                     fill);
  }

  /// Writes the pairs of codeword `at` behind what is there: `state` is the
  /// result and the number of columns written.
  SmallVector<Value> buildEntry(Value at, ValueRange state) {
    Value code =
        b.toIndex(arith::ExtUIOp::create(b, b.getI32Type(), extract(0, {at})));
    auto word = [&](int64_t which) {
      return extract(4, {code, b.index(which)}, /*shared=*/true);
    };
    Value first = word(0), second = word(1);
    Value low = scale(2, {row}), high = scale(3, {row});
    Value values = times(b.toIndex(bitsFrom(first, 0, 4)), 2);
    return b.loop(
        b.index(0), values, state,
        [&](Value j, ValueRange inner) -> SmallVector<Value> {
          Value shift = b.toInt32(times(j, 2));
          Value early = b.compare(IntPredicate::ult, j, b.index(14));
          Value fields = b.select(early, first, second);
          shift = b.select(early, b.add(shift, b.int32(4)),
                           b.sub(shift, b.int32(28)));
          Value symbol = bitsFrom(fields, shift, 2);
          Value value =
              b.select(b.compare(IntPredicate::eq, symbol, b.int32(1)), low,
                       b.select(b.compare(IntPredicate::eq, symbol, b.int32(2)),
                                high, number(0.0)));
          b.check(b.compare(IntPredicate::ult, inner[1], b.index(columns)),
                  "a row of codewords is not as long as its matrix");
          return {place(value, inner[1], inner[0]),
                  b.add(inner[1], b.index(1))};
        });
  }

  /// What only the values of the storage tell.
  void check() {
    if (quant.getFormat() == QuantFormat::Gptq4)
      checkEach(storage[3], [&](Value group) {
        b.check(b.compare(IntPredicate::ult, group,
                          b.int32(columns / quant.getGroup())),
                "a column belongs to a group without scales");
      });
    if (!widths)
      return;
    checkEach(widths, [&](Value element) {
      Value width = arith::ExtUIOp::create(b, b.getI32Type(), element);
      Value lowest = b.int32(quant.getBase());
      Value rest =
          arith::RemUIOp::create(b, arith::SubIOp::create(b, width, lowest),
                                 b.int32(quant.getPlane()));
      Value fits =
          b.both(b.compare(IntPredicate::uge, width, lowest),
                 b.compare(IntPredicate::ule, width, b.int32(quant.getBits())));
      Value whole = b.compare(IntPredicate::eq, rest, b.int32(0));
      b.check(b.both(fits, whole), "a width ends between two planes");
    });
  }

  /// Visits the elements of a tensor.
  void checkEach(Value tensor, function_ref<void(Value)> visit) {
    auto walk = [&](unsigned dim, ArrayRef<Value> at, auto &self) -> void {
      if (dim == cast<ShapedType>(tensor.getType()).getRank())
        return visit(b.extract(tensor, at));
      b.loop(b.index(0), b.sizeValue(tensor, dim), {},
             [&](Value position, ValueRange) -> SmallVector<Value> {
               auto next = llvm::to_vector(at);
               next.push_back(position);
               self(dim + 1, next, self);
               return {};
             });
    };
    walk(0, {}, walk);
  }

  TensorBuilder &b;
  QuantAttr quant;
  ValueRange storage;
  Value widths;
  unsigned rank;
  int64_t rows, columns;
  FloatType element, real;
  /// The element at hand; `matrix` is null where there is one matrix.
  Value matrix, row, column;
};

struct ConvertDequant : OpConversionPattern<DequantOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(DequantOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    Value result = buildDequantised(b, op.getQuant(), adaptor.getStorage(),
                                    adaptor.getBits(),
                                    cast<RankedTensorType>(op.getType()));
    rewriter.replaceOp(op, result);
    return success();
  }
};

} // namespace

Value moe::detail::buildDequantised(TensorBuilder &b, QuantAttr quant,
                                    ValueRange storage, Value widths,
                                    RankedTensorType type) {
  if (quant.getWidths() == QuantWidths::Operand) {
    widths = storage.back();
    storage = storage.drop_back();
  }
  if (Value matrix = buildFromCodes(b, quant, storage, type))
    return matrix;
  return b.castTo(DequantLowering(b, quant, storage, widths, type).build(),
                  type);
}

void moe::detail::populateQuantToLinalg(const TypeConverter &converter,
                                        RewritePatternSet &patterns) {
  patterns.add<ConvertDequant>(converter, patterns.getContext());
}
