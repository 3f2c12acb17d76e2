// Turns codes of eight, four and two bits into numbers in registers.
#include "CodeReader.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace moe;

Value CodeReader::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value CodeReader::splat(Type element, int64_t value, int64_t lanes) {
  auto type = VectorType::get({lanes}, element);
  Attribute one =
      isa<FloatType>(element)
          ? Attribute(builder.getFloatAttr(element, static_cast<double>(value)))
          : builder.getIntegerAttr(element, value);
  return arith::ConstantOp::create(builder, loc,
                                   DenseElementsAttr::get(type, one));
}

Value CodeReader::table(Type element, int64_t size,
                        function_ref<int64_t(int64_t)> number) {
  SmallVector<Attribute> values;
  for (int64_t i = 0; i < size; ++i)
    values.push_back(
        builder.getFloatAttr(element, static_cast<double>(number(i))));
  auto type = VectorType::get({size}, element);
  return arith::ConstantOp::create(builder, loc,
                                   DenseElementsAttr::get(type, values));
}

void CodeReader::buildConstants() {
  if (form.hasHalves)
    rowsOfHalf = arith::DivUIOp::create(
        builder, loc, memref::DimOp::create(builder, loc, codes, 0), index(2));
  if (!form.hasNibbles() || !usesTables())
    return;
  if (form.pair == 1) {
    int64_t zero = zeros ? 0 : format.zeroPoint;
    numbers = table(builder.getF32Type(), 16,
                    [&](int64_t i) { return meaning(i) - zero; });
    return;
  }
  // An index has five bits: either a code and bits of its neighbours, or a
  // difference of two codes.
  numbers = table(form.a, 32, [&](int64_t i) -> int64_t {
    if (zeros)
      return i < 16 ? i : i - 32;
    return meaning(i) - format.zeroPoint;
  });
}

Value CodeReader::loadBytes(Value from, Value row, int64_t offset,
                            int64_t count) {
  auto type = VectorType::get({count}, builder.getI8Type());
  return vector::LoadOp::create(builder, loc, type, from,
                                ValueRange{row, index(offset)});
}

/// A whole row of nibbles as `lanes` words.
Value CodeReader::loadWords(Value from, Value row, int64_t lanes) {
  int64_t bytes = form.rowElements();
  auto type = VectorType::get(
      {lanes},
      builder.getIntegerType(static_cast<unsigned>(8 * bytes / lanes)));
  return vector::BitCastOp::create(builder, loc, type,
                                   loadBytes(from, row, 0, bytes));
}

/// Bytes as f32.
Value CodeReader::numberOf(Value bytes) {
  Type type = cast<VectorType>(bytes.getType()).clone(builder.getF32Type());
  if (format.isSigned)
    return arith::SIToFPOp::create(builder, loc, type, bytes);
  return arith::UIToFPOp::create(builder, loc, type, bytes);
}

/// Where the code of row k of a panel's row lies in the word of its lane, for
/// one word per lane: nibbles by (k mod 2, vector), in them codes by k / 2.
int64_t CodeReader::placeOf(int64_t k, size_t vector) const {
  return 4 * (k % 2 * form.vectors() + static_cast<int64_t>(vector)) +
         format.bits * (k / 2);
}

/// The code that begins `shift` bits up in each word, extended to the width of
/// the word.
Value CodeReader::extract(Value words, Value shift) {
  auto type = cast<VectorType>(words.getType());
  int64_t lanes = type.getNumElements();
  Type word = type.getElementType();
  Value low = arith::ShRUIOp::create(builder, loc, words, shift);
  if (!format.isSigned)
    return arith::AndIOp::create(builder, loc, low,
                                 splat(word, (1 << format.bits) - 1, lanes));
  Value up = splat(word, word.getIntOrFloatBitWidth() - format.bits, lanes);
  low = arith::ShLIOp::create(builder, loc, low, up);
  return arith::ShRSIOp::create(builder, loc, low, up);
}

Value CodeReader::lookUp(StringRef intrinsic, Value table, Value indices) {
  return LLVM::CallIntrinsicOp::create(builder, loc, table.getType(),
                                       builder.getStringAttr(intrinsic),
                                       ValueRange{table, indices})
      .getResult(0);
}

/// Numbers of at most eight bits, of which the upper halves are all, as bf16.
/// They are moved as integers, by an instruction that LLVM knows by name: where
/// bf16 has registers of its own (AVX512-FP16) it takes a shuffle of bf16
/// apart, element by element.
Value CodeReader::upperHalves(Value numbers) {
  int64_t lanes = form.tile.lanes;
  auto type = VectorType::get({2 * lanes}, builder.getI16Type());
  SmallVector<Attribute> places;
  for (int64_t lane = 0; lane < 2 * lanes; ++lane)
    places.push_back(
        builder.getI16IntegerAttr(static_cast<int16_t>(2 * lane + 1)));
  Value upper = arith::ConstantOp::create(builder, loc,
                                          DenseElementsAttr::get(type, places));
  auto half = [&](int64_t first) -> Value {
    Value part = vector::ExtractStridedSliceOp::create(
        builder, loc, numbers, ArrayRef<int64_t>{first},
        ArrayRef<int64_t>{lanes}, ArrayRef<int64_t>{1});
    return vector::BitCastOp::create(builder, loc, type, part);
  };
  Value halves = LLVM::CallIntrinsicOp::create(
                     builder, loc, type,
                     builder.getStringAttr("llvm.x86.avx512.vpermi2var.hi.512"),
                     ValueRange{half(0), upper, half(lanes)})
                     .getResult(0);
  return vector::BitCastOp::create(
      builder, loc, VectorType::get({2 * lanes}, form.a), halves);
}

void CodeReader::startGroup(Value group) {
  zeroNumbers.assign(form.vectors(), Value());
  if (!zeros)
    return;
  for (auto [vector, zero] : llvm::enumerate(zeroNumbers))
    zero = readZero(group, vector);
}

/// The zero points of a vector, in the form in which `read` subtracts them.
Value CodeReader::readZero(Value group, size_t vector) {
  int64_t lanes = form.tile.lanes;
  if (format.bits == 8) {
    Value zero = numberOf(
        loadBytes(zeros, group, static_cast<int64_t>(vector) * lanes, lanes));
    if (form.pair == 1)
      return zero;
    SmallVector<int64_t> twice;
    for (int64_t lane = 0; lane < 2 * lanes; ++lane)
      twice.push_back(lane / 2);
    return vector::ShuffleOp::create(builder, loc, zero, zero, twice);
  }
  Value depth = index(form.stepDepth()), two = index(2);
  Value row = arith::DivUIOp::create(builder, loc, group, depth);
  Value words = loadWords(zeros, row, lanes);
  auto type = cast<VectorType>(words.getType());
  // Groups take the place of k; that of the first one, and what others add.
  Value shift = index(placeOf(0, vector));
  auto move = [&](Value count, int64_t distance) {
    Value by = arith::MulIOp::create(builder, loc, count, index(distance));
    shift = arith::AddIOp::create(builder, loc, shift, by);
  };
  move(arith::RemUIOp::create(builder, loc, group, two),
       placeOf(1, vector) - placeOf(0, vector));
  if (format.bits == 2) {
    Value half = arith::RemUIOp::create(builder, loc, group, depth);
    move(arith::DivUIOp::create(builder, loc, half, two),
         placeOf(2, vector) - placeOf(0, vector));
  }
  shift =
      arith::IndexCastUIOp::create(builder, loc, type.getElementType(), shift);
  shift = vector::BroadcastOp::create(builder, loc, type, shift);
  Value zero = extract(words, shift);
  if (form.pair == 1)
    return arith::SIToFPOp::create(builder, loc,
                                   type.clone(builder.getF32Type()), zero);
  // The same in both halves of a word of 32 bits.
  Type word = type.getElementType();
  Value low =
      arith::AndIOp::create(builder, loc, zero, splat(word, 0xffff, lanes));
  Value high =
      arith::ShLIOp::create(builder, loc, zero, splat(word, 16, lanes));
  Value both = arith::OrIOp::create(builder, loc, low, high);
  return vector::BitCastOp::create(
      builder, loc, VectorType::get({2 * lanes}, builder.getI16Type()), both);
}

Value CodeReader::read(Value step, int64_t part, size_t vector) {
  int64_t lanes = form.tile.lanes;
  auto place = static_cast<int64_t>(vector);
  Type f32 = builder.getF32Type();
  auto subtractZero = [&](Value number) -> Value {
    Value zero = zeroNumbers[vector];
    if (!zero && format.zeroPoint == 0)
      return number;
    if (!zero)
      zero = splat(f32, format.zeroPoint,
                   cast<VectorType>(number.getType()).getNumElements());
    return arith::SubFOp::create(builder, loc, number, zero);
  };

  if (format.bits == 8) {
    int64_t count = lanes * form.pair, offset = place * count;
    if (offset >= form.rowElements())
      step = arith::AddIOp::create(builder, loc, step, rowsOfHalf);
    Value number = subtractZero(
        numberOf(loadBytes(codes, step, offset % form.rowElements(), count)));
    if (form.pair == 1)
      return number;
    return upperHalves(number);
  }

  if (form.pair == 2) {
    Value words = loadWords(codes, step, 2 * lanes);
    Type word = builder.getI16Type();
    // A word for each of two rows, which have these parts each.
    Value shift = splat(word, placeOf(2 * part, vector), 2 * lanes);
    Value indices = arith::ShRUIOp::create(builder, loc, words, shift);
    if (Value zero = zeroNumbers[vector])
      indices =
          arith::SubIOp::create(builder, loc, extract(words, shift), zero);
    // The intrinsic knows integers alone.
    auto type = VectorType::get({2 * lanes}, word);
    Value bits = vector::BitCastOp::create(builder, loc, type, numbers);
    Value found = lookUp("llvm.x86.avx512.permvar.hi.512", bits, indices);
    return vector::BitCastOp::create(
        builder, loc, VectorType::get({2 * lanes}, form.a), found);
  }

  Value words = loadWords(codes, step, lanes);
  auto type = cast<VectorType>(words.getType());
  Value shift = splat(type.getElementType(), placeOf(part, vector), lanes);
  if (usesTables()) {
    Value indices = arith::ShRUIOp::create(builder, loc, words, shift);
    Value number = lookUp("llvm.x86.avx512.permvar.sf.512", numbers, indices);
    Value zero = zeroNumbers[vector];
    return zero ? arith::SubFOp::create(builder, loc, number, zero).getResult()
                : number;
  }
  Value code = extract(words, shift);
  return subtractZero(
      arith::SIToFPOp::create(builder, loc, type.clone(f32), code));
}
