// Generates kernels that multiply codes by digits of few rows of bf16.
#include "KernelBase.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace moe;

namespace {

/// Bytes that one product takes along k of each column, and digits of a number.
constexpr int64_t quad = 4, digitCount = 3;
/// Bits of the significand of bf16, and of an integer without its sign: 2^22
/// leaves the highest of three digits room for what the lower ones carry.
constexpr int64_t significandBits = 8, integerBits = 22;
/// The exponents, of the largest element of a part, for which scaling to
/// integers and back neither over- nor underflows, as bf16 and f32 store them.
constexpr int64_t exponentBias = 127, leastExponent = integerBits,
                  mostExponent = 200;

/// Builds one kernel, for one or two rows. Few rows take longer to make numbers
/// of codes than memory takes to bring them, and longer still to multiply pairs
/// of bf16. Sums of integers are fast and exact: a part of a row of A becomes
/// integers with one exponent, and an integer three digits of a signed byte,
///   a[k] = 2^e * (d0[k] + 2^8 * d1[k] + 2^16 * d2[k]),
/// and codes, as unsigned bytes, are multiplied by one digit at a time. Where
/// an element is too small beside the largest one to become an integer, and
/// where there are infinities, the part goes to the kernel of floats.
///
///   for each part of K
///     digits of A, sums of them
///     s[i][j] = -zero * sum of d_j[i]
///     for k: s[i][j] += code[k] * d_j[i][k]
///     C[i] += scale * 2^e[i] * (s[i][0] + 2^8 * s[i][1] + 2^16 * s[i][2])
///
/// A product adds up four neighbours along k. Rows of panels hold two, so those
/// of two are brought together (loadCodes).
class DigitKernelBuilder : KernelBase {
public:
  using KernelBase::KernelBase;

  func::FuncOp build(ModuleOp module, StringRef name);

private:
  /// A part of a row of A.
  struct Part {
    Value isExact;
    /// 2^e, and minus the zero point times the sums of digits.
    Value factor, sums;
  };

  Value constant(Type type, int64_t value) {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getIntegerAttr(type, value));
  }
  Value splat(int64_t lanes, unsigned bits, int64_t value);
  Value shuffle(Value x, Value y, ArrayRef<int64_t> places) {
    return vector::ShuffleOp::create(builder, loc, x, y, places);
  }
  Value andOf(Value x, Value y) {
    return arith::AndIOp::create(builder, loc, x, y);
  }
  Value orOf(Value x, Value y) {
    return arith::OrIOp::create(builder, loc, x, y);
  }
  Value bytesOf(Value vector);
  Value dot(Value sum, Value codes, Value digits);
  int64_t zeroPoint() const;
  /// Whether the codes of vector `v` are those of the upper nibbles.
  bool isHighNibble(int64_t v) const { return form.hasNibbles() && v % 2 != 0; }
  void buildParts(int64_t rows);
  Part buildDigits(int64_t row, Value k);
  void multiply(ArrayRef<Part> parts, Value begin);
  SmallVector<Value> loadCodes(Value step);
  Value lowBytes(Value x, Value y);
  void addUp(int64_t row, const Part &part, ValueRange sums,
             ArrayRef<Value> scaleOf);
  void callFloats(int64_t rows, Value begin);

  int64_t depth = 0, steps = 0; ///< of a part, and rows of B in it
  /// Steps of all parts.
  Value allSteps;
  Value bAddress;
  /// Digits of a part: [row, depth / 4, digit or nothing] with four bytes each.
  Value digits;
  func::FuncOp floats;
};

func::FuncOp DigitKernelBuilder::build(ModuleOp module, StringRef name) {
  KernelForm ofFloats = form;
  ofFloats.digitDepth = 0;
  // Halves are panels, of half as many columns.
  ofFloats.hasHalves = false;
  ofFloats.tile.columns /= form.halves();
  floats = getMatmulKernel(module, ofFloats);
  func::FuncOp function = beginFunction(module, name);
  depth = form.digitDepth;
  steps = depth / form.stepDepth();
  allSteps = stepsOfB();
  bAddress = addressOf(b);
  auto type = MemRefType::get({2, depth}, builder.getI32Type());
  digits = memref::AllocaOp::create(builder, loc, type,
                                    builder.getI64IntegerAttr(cacheLineBytes));
  auto cases = scf::IndexSwitchOp::create(builder, loc, TypeRange(), size(c, 0),
                                          ArrayRef<int64_t>{1, 2}, 2);
  auto fill = [&](Region &region, int64_t rows) {
    builder.setInsertionPointToStart(&region.emplaceBlock());
    if (rows != 0)
      buildParts(rows);
    scf::YieldOp::create(builder, loc);
  };
  fill(cases.getDefaultRegion(), 0);
  fill(cases.getCaseRegions()[0], 1);
  fill(cases.getCaseRegions()[1], 2);
  return function;
}

Value DigitKernelBuilder::splat(int64_t lanes, unsigned bits, int64_t value) {
  Type element = builder.getIntegerType(bits);
  auto type = VectorType::get({lanes}, element);
  return arith::ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(type, APInt(bits, static_cast<uint64_t>(value),
                                         /*isSigned=*/false,
                                         /*implicitTrunc=*/true)));
}

Value DigitKernelBuilder::bytesOf(Value vector) {
  auto type = cast<VectorType>(vector.getType());
  int64_t count = type.getNumElements() * type.getElementTypeBitWidth() / 8;
  return vector::BitCastOp::create(
      builder, loc, VectorType::get({count}, builder.getI8Type()), vector);
}

/// sum + codes * digits, four unsigned by four signed bytes per lane.
Value DigitKernelBuilder::dot(Value sum, Value codes, Value digits) {
  return LLVM::CallIntrinsicOp::create(
             builder, loc, sum.getType(),
             builder.getStringAttr("llvm.x86.avx512.vpdpbusd.512"),
             ValueRange{sum, bytesOf(codes), bytesOf(digits)})
      .getResult(0);
}

/// The zero point of codes as unsigned numbers.
int64_t DigitKernelBuilder::zeroPoint() const {
  const CodeFormat &format = *form.codes;
  return format.zeroPoint + (format.isSigned ? 1 << (format.bits - 1) : 0);
}

void DigitKernelBuilder::buildParts(int64_t rows) {
  auto loop = scf::ForOp::create(builder, loc, index(0), allSteps, index(steps),
                                 ValueRange());
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value begin = loop.getInductionVar();
  Value k = mul(begin, index(form.stepDepth()));
  SmallVector<Part> parts;
  Value areExact;
  for (int64_t row = 0; row < rows; ++row) {
    parts.push_back(buildDigits(row, k));
    Value isExact = parts.back().isExact;
    areExact = areExact ? andOf(areExact, isExact) : isExact;
  }
  auto branch = scf::IfOp::create(builder, loc, areExact, /*else=*/true);
  builder.setInsertionPoint(branch.thenYield());
  multiply(parts, begin);
  builder.setInsertionPoint(branch.elseYield());
  callFloats(rows, begin);
}

/// Makes digits of `depth` elements of A.
DigitKernelBuilder::Part DigitKernelBuilder::buildDigits(int64_t row, Value k) {
  constexpr int64_t lanes = 16;
  Type i16 = builder.getI16Type(), i32 = builder.getI32Type(),
       f32 = builder.getF32Type();
  // All that is compared is without its sign.
  SmallVector<Value> words, sizes;
  Value largest;
  for (int64_t first = 0; first < depth; first += 2 * lanes) {
    Value loaded = vector::LoadOp::create(
        builder, loc, VectorType::get({2 * lanes}, form.a), a,
        ValueRange{index(row), add(k, index(first))});
    words.push_back(vector::BitCastOp::create(
        builder, loc, VectorType::get({2 * lanes}, i16), loaded));
    sizes.push_back(andOf(words.back(), splat(2 * lanes, 16, 0x7fff)));
    largest = largest
                  ? arith::MaxUIOp::create(builder, loc, largest, sizes.back())
                        .getResult()
                  : sizes.back();
  }
  Value most = vector::ReductionOp::create(
      builder, loc, vector::CombiningKind::MAXUI, largest);
  most = arith::ExtUIOp::create(builder, loc, i32, most);
  Value exponent = arith::ShRUIOp::create(builder, loc, most,
                                          constant(i32, significandBits - 1));
  exponent = arith::MaxUIOp::create(builder, loc, exponent,
                                    constant(i32, leastExponent));

  // Elements whose lowest bit is below that of the integers, but for zeros:
  // one less than zero is the largest number.
  Value least = sub(exponent, constant(i32, integerBits - significandBits));
  least = arith::ShLIOp::create(builder, loc, least,
                                constant(i32, significandBits - 1));
  least =
      arith::TruncIOp::create(builder, loc, i16, sub(least, constant(i32, 1)));
  least = vector::BroadcastOp::create(builder, loc,
                                      VectorType::get({2 * lanes}, i16), least);
  Value areSmall;
  for (Value size : sizes) {
    Value isSmall =
        arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                              sub(size, splat(2 * lanes, 16, 1)), least);
    areSmall = areSmall ? orOf(areSmall, isSmall) : isSmall;
  }
  Part part;
  Value anySmall = vector::ReductionOp::create(
      builder, loc, vector::CombiningKind::OR, areSmall);
  Value none =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, anySmall,
                            constant(builder.getI1Type(), 0));
  Value inRange = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ule,
                                        exponent, constant(i32, mostExponent));
  part.isExact = andOf(none, inRange);

  // Powers of two, from their exponents.
  auto power = [&](Value stored) -> Value {
    Value bits = arith::ShLIOp::create(builder, loc, stored, constant(i32, 23));
    return arith::BitcastOp::create(builder, loc, f32, bits);
  };
  constexpr int64_t up = integerBits - 1;
  part.factor = power(sub(exponent, constant(i32, up)));
  Value scale = vector::BroadcastOp::create(
      builder, loc, VectorType::get({lanes}, f32),
      power(sub(constant(i32, 2 * exponentBias + up), exponent)));

  // Adding 128 to the lower digits carries where they are 128 or more, and
  // taking it back from each leaves -128 to 127. The bytes of four numbers in
  // a part of a vector become four of each digit.
  SmallVector<int64_t> transposed, order = {0, 1, 2, 3};
  if (form.hasNibbles())
    order = {0, 2, 1, 3};
  for (int64_t block = 0; block < 64; block += quad * quad)
    for (int64_t digit = 0; digit < quad; ++digit)
      for (int64_t k : order)
        transposed.push_back(block + quad * k + digit);
  Value carry = splat(lanes, 32, 0x808080), ones = splat(64, 8, 1);
  Value total = splat(lanes, 32, 0);
  for (int64_t first = 0; first < depth; first += lanes) {
    Value half = vector::ExtractStridedSliceOp::create(
        builder, loc, words[first / (2 * lanes)],
        ArrayRef<int64_t>{first % (2 * lanes)}, ArrayRef<int64_t>{lanes},
        ArrayRef<int64_t>{1});
    auto type = VectorType::get({lanes}, i32);
    Value bits = arith::ExtUIOp::create(builder, loc, type, half);
    bits = arith::ShLIOp::create(builder, loc, bits, splat(lanes, 32, 16));
    Value number =
        arith::BitcastOp::create(builder, loc, type.clone(f32), bits);
    number = arith::MulFOp::create(builder, loc, number, scale);
    Value integer = arith::FPToSIOp::create(builder, loc, type, number);
    integer = arith::XOrIOp::create(
        builder, loc, arith::AddIOp::create(builder, loc, integer, carry),
        carry);
    Value bytes = bytesOf(integer);
    bytes = shuffle(bytes, bytes, transposed);
    total = dot(total, ones, bytes);
    vector::StoreOp::create(
        builder, loc, vector::BitCastOp::create(builder, loc, type, bytes),
        digits, ValueRange{index(row), index(first)});
  }
  auto addHalves = [&](Value sum, int64_t half) -> Value {
    auto slice = [&](int64_t first) {
      return vector::ExtractStridedSliceOp::create(
          builder, loc, sum, ArrayRef<int64_t>{first}, ArrayRef<int64_t>{half},
          ArrayRef<int64_t>{1});
    };
    return add(slice(0), slice(half));
  };
  total = addHalves(addHalves(total, 8), 4);
  part.sums = mul(total, splat(4, 32, -zeroPoint()));
  return part;
}

/// The sums of a part, and what they add to C.
void DigitKernelBuilder::multiply(ArrayRef<Part> parts, Value begin) {
  SmallVector<Value> scaleOf = startGroup(begin), sums;
  auto type = VectorType::get({tile.lanes}, builder.getI32Type());
  for (const Part &part : parts)
    for (int64_t v = 0; v < form.vectors(); ++v)
      for (int64_t digit = 0; digit < digitCount; ++digit) {
        Value first = vector::ExtractOp::create(builder, loc, part.sums, digit);
        Value sum = vector::BroadcastOp::create(builder, loc, type, first);
        if (isHighNibble(v))
          sum = arith::ShLIOp::create(builder, loc, sum,
                                      splat(tile.lanes, 32, 4));
        sums.push_back(sum);
      }
  constexpr int64_t stepsAtATime = 2;
  auto loop = scf::ForOp::create(builder, loc, index(0), index(steps),
                                 index(stepsAtATime), sums);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value step = loop.getInductionVar();
    Value place = mul(step, index(quad / stepsAtATime));
    Value ahead = add(add(bAddress, index(form.fetchDistance)),
                      mul(add(begin, step), index(form.rowBytes())));
    if (form.hasHalves)
      ahead = skipHalf(ahead, add(begin, step), allSteps);
    size_t linesOfHalf = stepsAtATime * form.rowBytes() / cacheLineBytes;
    size_t lines = form.halves() * linesOfHalf;
    auto fetchLine = [&](size_t line) {
      if (form.fetchDistance == 0 || line >= lines)
        return;
      if (line == linesOfHalf)
        ahead = add(ahead, mul(allSteps, index(form.rowBytes())));
      auto place = static_cast<int64_t>(line % linesOfHalf) * cacheLineBytes;
      fetch(add(ahead, index(place)), form.cacheOfCodes());
    };
    // Lines of nibbles are asked for between products, those of bytes, twice as
    // many, in front of them: both take longer the other way.
    bool fetchesFirst = !form.hasNibbles();
    for (size_t line = 0; fetchesFirst && line < lines; ++line)
      fetchLine(line);
    SmallVector<Value> bytes = loadCodes(add(begin, step)), next;
    for (auto [row, part] : llvm::enumerate(parts))
      for (auto [v, codes] : llvm::enumerate(bytes)) {
        for (int64_t digit = 0; digit < digitCount; ++digit) {
          Value four = memref::LoadOp::create(
              builder, loc, digits,
              ValueRange{index(static_cast<int64_t>(row)),
                         add(place, index(digit))});
          four = vector::BroadcastOp::create(builder, loc, type, four);
          next.push_back(dot(loop.getRegionIterArg(next.size()), codes, four));
        }
        if (!fetchesFirst && row == 0)
          fetchLine(v);
      }
    scf::YieldOp::create(builder, loc, next);
  }
  ValueRange results = loop.getResults();
  size_t count = results.size() / parts.size();
  for (auto [row, part] : llvm::enumerate(parts))
    addUp(static_cast<int64_t>(row), part, results.slice(row * count, count),
          scaleOf);
}

/// Codes of rows `step` and step + 1 of B as unsigned bytes, those of four
/// neighbours along k in each lane. Those of the upper nibbles are multiplied
/// by 16. Of bytes, a vector has columns of another order (see addUp).
SmallVector<Value> DigitKernelBuilder::loadCodes(Value step) {
  int64_t bits = form.codes->bits;
  auto words = VectorType::get({2 * tile.lanes}, builder.getI16Type());
  int64_t byteCount = 4 * tile.lanes;
  auto load = [&](Value row, int64_t half) -> Value {
    auto type = VectorType::get({byteCount}, form.b);
    int64_t column = half * byteCount;
    if (column >= form.rowElements())
      row = add(row, allSteps);
    Value loaded = vector::LoadOp::create(
        builder, loc, type, b,
        ValueRange{row, index(column % form.rowElements())});
    return vector::BitCastOp::create(builder, loc, words, loaded);
  };
  // The sign of a code is the half of the numbers that it adds as an unsigned
  // one.
  auto toUnsigned = [&](Value codes) -> Value {
    if (!form.codes->isSigned)
      return codes;
    int64_t sign = bits == 8 ? 0x8080 : 0x8888;
    return arith::XOrIOp::create(builder, loc, codes,
                                 splat(2 * tile.lanes, 16, sign));
  };
  Value second = add(step, index(1));
  SmallVector<Value> result;
  if (bits == 8) {
    // Within 128 bits, as the instruction has it.
    SmallVector<int64_t> low, high;
    for (int64_t block = 0; block < 2 * tile.lanes; block += 8)
      for (int64_t i = 0; i < 4; ++i) {
        low.append({block + i, 2 * tile.lanes + block + i});
        high.append({block + 4 + i, 2 * tile.lanes + block + 4 + i});
      }
    for (int64_t half = 0; half < 2; ++half) {
      Value x = toUnsigned(load(step, half)),
            y = toUnsigned(load(second, half));
      result.push_back(shuffle(x, y, low));
      result.push_back(shuffle(x, y, high));
    }
    return result;
  }
  Value x = load(step, 0), y = load(second, 0);
  Value byte = splat(2 * tile.lanes, 16, 8);
  Value vectors01 = lowBytes(x, arith::ShLIOp::create(builder, loc, y, byte));
  Value vectors23 = lowBytes(arith::ShRUIOp::create(builder, loc, x, byte), y);
  for (Value both : {toUnsigned(vectors01), toUnsigned(vectors23)})
    for (int64_t nibble : {0x0f0f, 0xf0f0})
      result.push_back(andOf(both, splat(2 * tile.lanes, 16, nibble)));
  return result;
}

/// The lower bytes of words of x and the upper ones of y. LLVM makes shuffles
/// of more than one step of ands and shifts.
Value DigitKernelBuilder::lowBytes(Value x, Value y) {
  Type words = x.getType();
  auto type = VectorType::get({tile.lanes}, builder.getI32Type());
  auto cast = [&](Value value, Type to) -> Value {
    return vector::BitCastOp::create(builder, loc, to, value);
  };
  // A bit of x where that of the first operand is set, else one of y.
  constexpr int64_t choose = 0xca;
  Value mask = splat(tile.lanes, 32, 0x00ff00ff);
  Value chosen = LLVM::CallIntrinsicOp::create(
                     builder, loc, type,
                     builder.getStringAttr("llvm.x86.avx512.pternlog.d.512"),
                     ValueRange{mask, cast(x, type), cast(y, type),
                                constant(builder.getI32Type(), choose)})
                     .getResult(0);
  return cast(chosen, words);
}

void DigitKernelBuilder::addUp(int64_t row, const Part &part, ValueRange sums,
                               ArrayRef<Value> scaleOf) {
  auto number = [&](Value integers) -> Value {
    return arith::SIToFPOp::create(builder, loc, vectorType, integers);
  };
  auto splatF32 = [&](float value) -> Value {
    return arith::ConstantOp::create(builder, loc,
                                     DenseElementsAttr::get(vectorType, value));
  };
  SmallVector<Value> totals;
  for (int64_t v = 0; v < form.vectors(); ++v) {
    Value total = number(sums[digitCount * v]);
    for (int64_t digit = 1; digit < digitCount; ++digit)
      total = vector::FMAOp::create(
          builder, loc, number(sums[digitCount * v + digit]),
          splatF32(static_cast<float>(1 << (8 * digit))), total);
    totals.push_back(total);
  }
  if (form.codes->bits == 8) {
    // Of each half of 32 columns, the first vector has the first four columns
    // of every eight, the second one the others.
    SmallVector<int64_t> low, high;
    for (int64_t column = 0; column < 2 * tile.lanes; ++column) {
      int64_t place =
          column / 8 * 4 + column % 4 + (column % 8 < 4 ? 0 : tile.lanes);
      (column < tile.lanes ? low : high).push_back(place);
    }
    for (int64_t v = 0; v < form.vectors(); v += 2) {
      Value x = totals[v], y = totals[v + 1];
      totals[v] = shuffle(x, y, low);
      totals[v + 1] = shuffle(x, y, high);
    }
  }
  for (int64_t v = 0; v < form.vectors(); ++v) {
    Value factor = part.factor;
    if (isHighNibble(v))
      factor = arith::MulFOp::create(
          builder, loc, factor,
          arith::ConstantOp::create(builder, loc,
                                    builder.getF32FloatAttr(1.0f / 16)));
    factor = vector::BroadcastOp::create(builder, loc, vectorType, factor);
    Value scaled = arith::MulFOp::create(builder, loc, totals[v], factor);
    storeC(index(row), v,
           vector::FMAOp::create(builder, loc, scaled, scaleOf[v],
                                 loadC(index(row), v)));
  }
}

/// Leaves a part to the kernel of floats, half by half where B has halves.
void DigitKernelBuilder::callFloats(int64_t rows, Value begin) {
  OpFoldResult one = builder.getIndexAttr(1);
  auto view = [&](Value matrix, Value row, Value column, Value rows,
                  Value columns) -> Value {
    return memref::SubViewOp::create(builder, loc, matrix,
                                     ArrayRef<OpFoldResult>{row, column},
                                     ArrayRef<OpFoldResult>{rows, columns},
                                     ArrayRef<OpFoldResult>{one, one});
  };
  Value none = index(0), k = mul(begin, index(form.stepDepth()));
  Value group =
      arith::DivUIOp::create(builder, loc, k, index(form.codes->group));
  Value ofA = view(a, none, k, index(rows), index(depth));
  Value width = index(tile.columns / form.halves());
  auto call = [&](Value column, Value row, Value ofC) {
    func::CallOp::create(
        builder, loc, floats,
        ValueRange{ofA,
                   view(b, row, none, index(steps), index(form.rowElements())),
                   ofC, view(scales, group, column, index(1), width)});
  };
  if (!form.hasHalves)
    return call(none, begin, c);
  auto loop = scf::ForOp::create(builder, loc, none, columnCount, width);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value column = loop.getInductionVar();
  Value half = arith::DivUIOp::create(builder, loc, column, width);
  call(
      column, add(begin, mul(half, allSteps)),
      view(c, none, column, index(rows), min(sub(columnCount, column), width)));
}

} // namespace

func::FuncOp moe::buildDigitKernel(ModuleOp module, const KernelForm &form,
                                   StringRef name) {
  return DigitKernelBuilder(module.getContext(), module.getLoc(), form)
      .build(module, name);
}
