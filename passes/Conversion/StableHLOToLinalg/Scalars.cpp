// The scalar forms of element-wise operations, and regions on scalars.
#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace moe;
using namespace moe::graph;
using moe::stablehlo::ComparisonDirection;
using moe::stablehlo::ComparisonType;

//===----------------------------------------------------------------------===//
// Constants and small steps
//===----------------------------------------------------------------------===//

static Value intConst(OpBuilder &b, Location loc, Type type,
                      const APInt &value) {
  return arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, value));
}

static Value intConst(OpBuilder &b, Location loc, Type type, int64_t value) {
  return arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, value));
}

static Value floatConst(OpBuilder &b, Location loc, Type type, double value) {
  return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
}

static Value cmpI(OpBuilder &b, Location loc, arith::CmpIPredicate predicate,
                  Value lhs, Value rhs) {
  return arith::CmpIOp::create(b, loc, predicate, lhs, rhs);
}

static Value cmpF(OpBuilder &b, Location loc, arith::CmpFPredicate predicate,
                  Value lhs, Value rhs) {
  return arith::CmpFOp::create(b, loc, predicate, lhs, rhs);
}

static Value select(OpBuilder &b, Location loc, Value condition, Value onTrue,
                    Value onFalse) {
  return arith::SelectOp::create(b, loc, condition, onTrue, onFalse);
}

static unsigned width(Value value) {
  return value.getType().getIntOrFloatBitWidth();
}

//===----------------------------------------------------------------------===//
// Binary operations
//===----------------------------------------------------------------------===//

namespace {
enum class Binary {
  None,
  Add,
  Subtract,
  Multiply,
  Divide,
  Remainder,
  Maximum,
  Minimum,
  Power,
  And,
  Or,
  Xor,
  ShiftLeft,
  ShiftRightArithmetic,
  ShiftRightLogical
};
} // namespace

static Binary binaryKind(Operation *op) {
  StringRef name = op->getName().stripDialect();
  name.consume_front("broadcast_");
  return llvm::StringSwitch<Binary>(name)
      .Case("add", Binary::Add)
      .Case("subtract", Binary::Subtract)
      .Case("multiply", Binary::Multiply)
      .Case("divide", Binary::Divide)
      .Case("remainder", Binary::Remainder)
      .Case("maximum", Binary::Maximum)
      .Case("minimum", Binary::Minimum)
      .Case("power", Binary::Power)
      .Case("and", Binary::And)
      .Case("or", Binary::Or)
      .Case("xor", Binary::Xor)
      .Case("shift_left", Binary::ShiftLeft)
      .Case("shift_right_arithmetic", Binary::ShiftRightArithmetic)
      .Case("shift_right_logical", Binary::ShiftRightLogical)
      .Default(Binary::None);
}

/// Integer division and remainder that are defined for every operand: a divisor
/// of 0 gives all bits set and the dividend, the least number divided by -1
/// itself and 0.
static Value divideInts(OpBuilder &b, Location loc, Value lhs, Value rhs,
                        bool isUnsigned, bool remainder) {
  Type type = lhs.getType();
  Value zeroValue = intConst(b, loc, type, 0), one = intConst(b, loc, type, 1);
  Value ones = intConst(b, loc, type, APInt::getAllOnes(width(lhs)));
  Value byZero = cmpI(b, loc, arith::CmpIPredicate::eq, rhs, zeroValue);
  Value unsafe = byZero;
  if (!isUnsigned) {
    Value least = intConst(b, loc, type, APInt::getSignedMinValue(width(lhs)));
    Value overflow = arith::AndIOp::create(
        b, loc, cmpI(b, loc, arith::CmpIPredicate::eq, lhs, least),
        cmpI(b, loc, arith::CmpIPredicate::eq, rhs, ones));
    unsafe = arith::OrIOp::create(b, loc, byZero, overflow);
  }
  Value divisor = select(b, loc, unsafe, one, rhs);
  Value result;
  if (remainder)
    result = isUnsigned
                 ? arith::RemUIOp::create(b, loc, lhs, divisor).getResult()
                 : arith::RemSIOp::create(b, loc, lhs, divisor).getResult();
  else
    result = isUnsigned
                 ? arith::DivUIOp::create(b, loc, lhs, divisor).getResult()
                 : arith::DivSIOp::create(b, loc, lhs, divisor).getResult();
  return select(b, loc, byZero, remainder ? lhs : ones, result);
}

/// lhs^rhs modulo 2^n by squaring; negative exponents give 1, -1 or 0.
static Value powerInts(OpBuilder &b, Location loc, Value lhs, Value rhs,
                       bool isUnsigned) {
  Type type = lhs.getType();
  Value zeroValue = intConst(b, loc, type, 0), one = intConst(b, loc, type, 1);
  auto loop = scf::ForOp::create(
      b, loc, indexConstant(b, loc, 0), indexConstant(b, loc, width(lhs)),
      indexConstant(b, loc, 1), ValueRange{one, lhs, rhs},
      [&](OpBuilder &nested, Location loc, Value, ValueRange state) {
        Value bit =
            cmpI(nested, loc, arith::CmpIPredicate::ne,
                 arith::AndIOp::create(nested, loc, state[2], one), zeroValue);
        Value product = arith::MulIOp::create(nested, loc, state[0], state[1]);
        Value square = arith::MulIOp::create(nested, loc, state[1], state[1]);
        scf::YieldOp::create(
            nested, loc,
            ValueRange{select(nested, loc, bit, product, state[0]), square,
                       arith::ShRUIOp::create(nested, loc, state[2], one)});
      });
  Value result = loop.getResult(0);
  if (isUnsigned)
    return result;
  Value minusOne = intConst(b, loc, type, APInt::getAllOnes(width(lhs)));
  Value odd = cmpI(b, loc, arith::CmpIPredicate::ne,
                   arith::AndIOp::create(b, loc, rhs, one), zeroValue);
  Value ofMinusOne = select(b, loc, odd, minusOne, one);
  Value inverse = select(
      b, loc, cmpI(b, loc, arith::CmpIPredicate::eq, lhs, one), one,
      select(b, loc, cmpI(b, loc, arith::CmpIPredicate::eq, lhs, minusOne),
             ofMinusOne, zeroValue));
  Value negative = cmpI(b, loc, arith::CmpIPredicate::slt, rhs, zeroValue);
  return select(b, loc, negative, inverse, result);
}

static Value shift(OpBuilder &b, Location loc, Binary kind, Value lhs,
                   Value rhs) {
  Type type = lhs.getType();
  Value inRange = cmpI(b, loc, arith::CmpIPredicate::ult, rhs,
                       intConst(b, loc, type, APInt(width(lhs), width(lhs))));
  Value zeroValue = intConst(b, loc, type, 0);
  if (kind == Binary::ShiftRightArithmetic) {
    Value most = intConst(b, loc, type, width(lhs) - 1);
    return arith::ShRSIOp::create(b, loc, lhs,
                                  select(b, loc, inRange, rhs, most));
  }
  Value amount = select(b, loc, inRange, rhs, zeroValue);
  Value shifted = kind == Binary::ShiftLeft
                      ? arith::ShLIOp::create(b, loc, lhs, amount).getResult()
                      : arith::ShRUIOp::create(b, loc, lhs, amount).getResult();
  return select(b, loc, inRange, shifted, zeroValue);
}

template <typename IntOp, typename FloatOp>
static Value intOrFloat(OpBuilder &b, Location loc, Value lhs, Value rhs) {
  if (isa<FloatType>(lhs.getType()))
    return FloatOp::create(b, loc, lhs, rhs);
  return IntOp::create(b, loc, lhs, rhs);
}

static Value lowerBinary(OpBuilder &b, Location loc, Binary kind, Type element,
                         Value lhs, Value rhs) {
  bool isFloat = isa<FloatType>(element), isPred = element.isInteger(1);
  bool isUnsigned = zeroExtends(element);
  switch (kind) {
  case Binary::None:
    return {};
  case Binary::Add:
    if (isPred)
      return arith::OrIOp::create(b, loc, lhs, rhs);
    return intOrFloat<arith::AddIOp, arith::AddFOp>(b, loc, lhs, rhs);
  case Binary::Subtract:
    return intOrFloat<arith::SubIOp, arith::SubFOp>(b, loc, lhs, rhs);
  case Binary::Multiply:
    if (isPred)
      return arith::AndIOp::create(b, loc, lhs, rhs);
    return intOrFloat<arith::MulIOp, arith::MulFOp>(b, loc, lhs, rhs);
  case Binary::Divide:
    if (isFloat)
      return arith::DivFOp::create(b, loc, lhs, rhs);
    return divideInts(b, loc, lhs, rhs, isUnsigned, /*remainder=*/false);
  case Binary::Remainder:
    if (isFloat)
      return arith::RemFOp::create(b, loc, lhs, rhs);
    return divideInts(b, loc, lhs, rhs, isUnsigned, /*remainder=*/true);
  case Binary::Maximum:
    if (isFloat)
      return arith::MaximumFOp::create(b, loc, lhs, rhs);
    return isUnsigned ? arith::MaxUIOp::create(b, loc, lhs, rhs).getResult()
                      : arith::MaxSIOp::create(b, loc, lhs, rhs).getResult();
  case Binary::Minimum:
    if (isFloat)
      return arith::MinimumFOp::create(b, loc, lhs, rhs);
    return isUnsigned ? arith::MinUIOp::create(b, loc, lhs, rhs).getResult()
                      : arith::MinSIOp::create(b, loc, lhs, rhs).getResult();
  case Binary::Power:
    if (!isFloat)
      return powerInts(b, loc, lhs, rhs, isUnsigned);
    if (width(lhs) < 32) {
      Value wideLhs = arith::ExtFOp::create(b, loc, b.getF32Type(), lhs);
      Value wideRhs = arith::ExtFOp::create(b, loc, b.getF32Type(), rhs);
      Value wide = math::PowFOp::create(b, loc, wideLhs, wideRhs);
      return arith::TruncFOp::create(b, loc, lhs.getType(), wide);
    }
    return math::PowFOp::create(b, loc, lhs, rhs);
  case Binary::And:
    return arith::AndIOp::create(b, loc, lhs, rhs);
  case Binary::Or:
    return arith::OrIOp::create(b, loc, lhs, rhs);
  case Binary::Xor:
    return arith::XOrIOp::create(b, loc, lhs, rhs);
  case Binary::ShiftLeft:
  case Binary::ShiftRightArithmetic:
  case Binary::ShiftRightLogical:
    return shift(b, loc, kind, lhs, rhs);
  }
  llvm_unreachable("every kind returns");
}

//===----------------------------------------------------------------------===//
// Comparisons
//===----------------------------------------------------------------------===//

Value moe::graph::totalOrderKey(OpBuilder &b, Location loc, Value value) {
  if (!isa<FloatType>(value.getType()))
    return value;
  unsigned bits = width(value);
  Type type = b.getIntegerType(bits);
  Value raw = arith::BitcastOp::create(b, loc, type, value);
  // Negative numbers order backwards: flip their magnitude.
  Value sign =
      arith::ShRSIOp::create(b, loc, raw, intConst(b, loc, type, bits - 1));
  Value mask = intConst(b, loc, type, APInt::getSignedMaxValue(bits));
  return arith::XOrIOp::create(b, loc, raw,
                               arith::AndIOp::create(b, loc, sign, mask));
}

static Value lowerCompare(OpBuilder &b, Location loc,
                          ComparisonDirection direction,
                          std::optional<ComparisonType> type, Type element,
                          Value lhs, Value rhs) {
  bool totalOrder = type == ComparisonType::TOTALORDER;
  if (isa<FloatType>(element) && !totalOrder) {
    using P = arith::CmpFPredicate;
    switch (direction) {
    case ComparisonDirection::EQ:
      return cmpF(b, loc, P::OEQ, lhs, rhs);
    case ComparisonDirection::NE:
      return cmpF(b, loc, P::UNE, lhs, rhs);
    case ComparisonDirection::GE:
      return cmpF(b, loc, P::OGE, lhs, rhs);
    case ComparisonDirection::GT:
      return cmpF(b, loc, P::OGT, lhs, rhs);
    case ComparisonDirection::LE:
      return cmpF(b, loc, P::OLE, lhs, rhs);
    case ComparisonDirection::LT:
      return cmpF(b, loc, P::OLT, lhs, rhs);
    }
  }
  lhs = totalOrderKey(b, loc, lhs);
  rhs = totalOrderKey(b, loc, rhs);
  bool isUnsigned = zeroExtends(element);
  using P = arith::CmpIPredicate;
  switch (direction) {
  case ComparisonDirection::EQ:
    return cmpI(b, loc, P::eq, lhs, rhs);
  case ComparisonDirection::NE:
    return cmpI(b, loc, P::ne, lhs, rhs);
  case ComparisonDirection::GE:
    return cmpI(b, loc, isUnsigned ? P::uge : P::sge, lhs, rhs);
  case ComparisonDirection::GT:
    return cmpI(b, loc, isUnsigned ? P::ugt : P::sgt, lhs, rhs);
  case ComparisonDirection::LE:
    return cmpI(b, loc, isUnsigned ? P::ule : P::sle, lhs, rhs);
  case ComparisonDirection::LT:
    return cmpI(b, loc, isUnsigned ? P::ult : P::slt, lhs, rhs);
  }
  llvm_unreachable("every direction returns");
}

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

/// NaN gives 0, numbers beyond the range its nearest end.
static Value floatToInt(OpBuilder &b, Location loc, Value value, Type to) {
  if (width(value) < 32)
    value = arith::ExtFOp::create(b, loc, b.getF32Type(), value);
  Type from = value.getType(), result = signless(to);
  unsigned bits = result.getIntOrFloatBitWidth();
  bool isUnsigned = to.isUnsignedInteger();
  APInt least = isUnsigned ? APInt(bits, 0) : APInt::getSignedMinValue(bits);
  APInt most =
      isUnsigned ? APInt::getMaxValue(bits) : APInt::getSignedMaxValue(bits);
  // Both ends are powers of two or zero, so they are exact in every float type.
  Value lower =
      floatConst(b, loc, from, isUnsigned ? 0.0 : -std::ldexp(1.0, bits - 1));
  Value upper =
      floatConst(b, loc, from, std::ldexp(1.0, isUnsigned ? bits : bits - 1));
  Value above = cmpF(b, loc, arith::CmpFPredicate::OGE, value, upper);
  Value below = cmpF(b, loc, arith::CmpFPredicate::OLE, value, lower);
  Value nan = cmpF(b, loc, arith::CmpFPredicate::UNO, value, value);
  Value outside = arith::OrIOp::create(
      b, loc, nan, arith::OrIOp::create(b, loc, above, below));
  Value inside = select(b, loc, outside, floatConst(b, loc, from, 0.0), value);
  Value converted =
      isUnsigned ? arith::FPToUIOp::create(b, loc, result, inside).getResult()
                 : arith::FPToSIOp::create(b, loc, result, inside).getResult();
  converted = select(b, loc, above, intConst(b, loc, result, most), converted);
  return select(b, loc, below, intConst(b, loc, result, least), converted);
}

Value moe::graph::convertScalar(OpBuilder &b, Location loc, Value value,
                                Type from, Type to) {
  Type result = signless(to);
  if (from == to)
    return value;
  bool fromFloat = isa<FloatType>(from), toFloat = isa<FloatType>(to);
  if (to.isInteger(1)) {
    Value none = zero(b, loc, value.getType());
    return fromFloat ? cmpF(b, loc, arith::CmpFPredicate::UNE, value, none)
                     : cmpI(b, loc, arith::CmpIPredicate::ne, value, none);
  }
  if (fromFloat && toFloat) {
    unsigned fromBits = width(value), toBits = result.getIntOrFloatBitWidth();
    if (fromBits == toBits) // f16 and bf16
      value = arith::ExtFOp::create(b, loc, b.getF32Type(), value);
    if (width(value) < toBits)
      return arith::ExtFOp::create(b, loc, result, value);
    return arith::TruncFOp::create(b, loc, result, value);
  }
  if (fromFloat)
    return floatToInt(b, loc, value, to);
  if (toFloat)
    return zeroExtends(from)
               ? arith::UIToFPOp::create(b, loc, result, value).getResult()
               : arith::SIToFPOp::create(b, loc, result, value).getResult();
  unsigned toBits = result.getIntOrFloatBitWidth();
  if (toBits < width(value))
    return arith::TruncIOp::create(b, loc, result, value);
  if (toBits == width(value))
    return value;
  return zeroExtends(from)
             ? arith::ExtUIOp::create(b, loc, result, value).getResult()
             : arith::ExtSIOp::create(b, loc, result, value).getResult();
}

//===----------------------------------------------------------------------===//
// Unary operations
//===----------------------------------------------------------------------===//

/// Functions of 16-bit floats are computed in f32.
static Value inF32(OpBuilder &b, Location loc, Value x,
                   function_ref<Value(Value)> fn) {
  if (width(x) >= 32)
    return fn(x);
  Value wide = fn(arith::ExtFOp::create(b, loc, b.getF32Type(), x));
  return arith::TruncFOp::create(b, loc, x.getType(), wide);
}

static Value sign(OpBuilder &b, Location loc, Value x) {
  Type type = x.getType();
  if (isa<FloatType>(type)) {
    Value unit =
        math::CopySignOp::create(b, loc, floatConst(b, loc, type, 1.0), x);
    Value keep = cmpF(b, loc, arith::CmpFPredicate::UEQ, x,
                      floatConst(b, loc, type, 0.0));
    return select(b, loc, keep, x, unit);
  }
  Value none = intConst(b, loc, type, 0);
  Value negative = cmpI(b, loc, arith::CmpIPredicate::slt, x, none);
  Value positive = cmpI(b, loc, arith::CmpIPredicate::sgt, x, none);
  Value minusOne = intConst(b, loc, type, APInt::getAllOnes(width(x)));
  return select(b, loc, negative, minusOne,
                select(b, loc, positive, intConst(b, loc, type, 1), none));
}

static Value logistic(OpBuilder &b, Location loc, Value x) {
  Value one = floatConst(b, loc, x.getType(), 1.0);
  Value e =
      math::ExpOp::create(b, loc, arith::NegFOp::create(b, loc, x).getResult());
  return arith::DivFOp::create(b, loc, one,
                               arith::AddFOp::create(b, loc, one, e));
}

/// Rounds to a float of `exponentBits` and `mantissaBits`, to nearest and ties
/// to even, and keeps the result in the type of `x`. Beyond the smaller range
/// numbers become infinite, below its normal ones zero; NaN stays NaN.
static Value reducePrecision(OpBuilder &b, Location loc, Value x,
                             unsigned exponentBits, unsigned mantissaBits) {
  auto floatType = cast<FloatType>(x.getType());
  unsigned bits = floatType.getWidth();
  unsigned ownMantissa = floatType.getFPMantissaWidth() - 1;
  unsigned ownExponent = bits - 1 - ownMantissa;
  Type type = b.getIntegerType(bits);
  auto constant = [&](const APInt &value) {
    return intConst(b, loc, type, value);
  };
  Value raw = arith::BitcastOp::create(b, loc, type, x);
  if (mantissaBits < ownMantissa) {
    // Half of the last place kept, less one where that place is even.
    unsigned dropped = ownMantissa - mantissaBits;
    Value odd = arith::AndIOp::create(
        b, loc,
        arith::ShRUIOp::create(b, loc, raw, constant(APInt(bits, dropped))),
        constant(APInt(bits, 1)));
    Value bias = arith::AddIOp::create(
        b, loc, odd, constant(APInt::getLowBitsSet(bits, dropped - 1)));
    raw = arith::AndIOp::create(
        b, loc, arith::AddIOp::create(b, loc, raw, bias),
        constant(APInt::getHighBitsSet(bits, bits - dropped)));
  }
  if (exponentBits < ownExponent) {
    APInt sign = APInt::getSignMask(bits);
    Value signBit = arith::AndIOp::create(b, loc, raw, constant(sign));
    Value exponent = arith::AndIOp::create(
        b, loc, raw, constant(APInt::getBitsSet(bits, ownMantissa, bits - 1)));
    uint64_t bias = (uint64_t(1) << (ownExponent - 1)) - 1;
    uint64_t reach = (uint64_t(1) << (exponentBits - 1)) - 1;
    APInt most = APInt(bits, bias + reach) << ownMantissa;
    APInt least = APInt(bits, bias - reach) << ownMantissa;
    Value above =
        cmpI(b, loc, arith::CmpIPredicate::ugt, exponent, constant(most));
    Value below =
        cmpI(b, loc, arith::CmpIPredicate::ule, exponent, constant(least));
    Value infinity = arith::OrIOp::create(
        b, loc, signBit,
        constant(
            APFloat::getInf(floatType.getFloatSemantics()).bitcastToAPInt()));
    raw = select(b, loc, above, infinity, raw);
    raw = select(b, loc, below, signBit, raw);
  }
  Value rounded = arith::BitcastOp::create(b, loc, floatType, raw);
  Value isNaN = cmpF(b, loc, arith::CmpFPredicate::UNO, x, x);
  return select(b, loc, isNaN, x, rounded);
}

template <typename MathOp>
static Value mathFunction(OpBuilder &b, Location loc, Value x) {
  return inF32(b, loc, x, [&](Value wide) -> Value {
    return MathOp::create(b, loc, wide);
  });
}

static Value lowerUnary(OpBuilder &b, Location loc, Operation *op, Value x) {
  using namespace moe::stablehlo;
  bool isFloat = isa<FloatType>(x.getType());
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case([&](AbsOp) -> Value {
        return isFloat ? math::AbsFOp::create(b, loc, x).getResult()
                       : math::AbsIOp::create(b, loc, x).getResult();
      })
      .Case([&](CeilOp) { return mathFunction<math::CeilOp>(b, loc, x); })
      .Case([&](FloorOp) { return mathFunction<math::FloorOp>(b, loc, x); })
      .Case([&](RoundNearestEvenOp) {
        return mathFunction<math::RoundEvenOp>(b, loc, x);
      })
      .Case([&](RoundOp) { return mathFunction<math::RoundOp>(b, loc, x); })
      .Case([&](SignOp) { return sign(b, loc, x); })
      .Case([&](NegOp) -> Value {
        if (isFloat)
          return arith::NegFOp::create(b, loc, x);
        return arith::SubIOp::create(b, loc, intConst(b, loc, x.getType(), 0),
                                     x);
      })
      .Case([&](NotOp) -> Value {
        return arith::XOrIOp::create(
            b, loc, x,
            intConst(b, loc, x.getType(), APInt::getAllOnes(width(x))));
      })
      .Case([&](CbrtOp) { return mathFunction<math::CbrtOp>(b, loc, x); })
      .Case([&](CosineOp) { return mathFunction<math::CosOp>(b, loc, x); })
      .Case([&](ExpOp) { return mathFunction<math::ExpOp>(b, loc, x); })
      .Case([&](Expm1Op) { return mathFunction<math::ExpM1Op>(b, loc, x); })
      .Case([&](LogOp) { return mathFunction<math::LogOp>(b, loc, x); })
      .Case([&](Log1pOp) { return mathFunction<math::Log1pOp>(b, loc, x); })
      .Case([&](LogisticOp) {
        return inF32(b, loc, x,
                     [&](Value wide) { return logistic(b, loc, wide); });
      })
      .Case([&](RsqrtOp) { return mathFunction<math::RsqrtOp>(b, loc, x); })
      .Case([&](SineOp) { return mathFunction<math::SinOp>(b, loc, x); })
      .Case([&](SqrtOp) { return mathFunction<math::SqrtOp>(b, loc, x); })
      .Case([&](TanOp) { return mathFunction<math::TanOp>(b, loc, x); })
      .Case([&](TanhOp) { return mathFunction<math::TanhOp>(b, loc, x); })
      .Case([&](chlo::ErfOp) { return mathFunction<math::ErfOp>(b, loc, x); })
      .Case([&](chlo::ErfcOp) { return mathFunction<math::ErfcOp>(b, loc, x); })
      .Case([&](chlo::SquareOp) {
        return lowerBinary(b, loc, Binary::Multiply,
                           elementType(op->getOperand(0)), x, x);
      })
      .Case([&](PopulationCountOp) -> Value {
        return math::CtPopOp::create(b, loc, x);
      })
      .Case([&](CountLeadingZerosOp) -> Value {
        return math::CountLeadingZerosOp::create(b, loc, x);
      })
      .Case([&](ReducePrecisionOp reduce) {
        return reducePrecision(b, loc, x, reduce.getExponentBits(),
                               reduce.getMantissaBits());
      })
      .Case([&](IsFiniteOp) {
        Value infinity = arith::ConstantOp::create(
            b, loc,
            b.getFloatAttr(
                x.getType(),
                APFloat::getInf(
                    cast<FloatType>(x.getType()).getFloatSemantics())));
        return cmpF(b, loc, arith::CmpFPredicate::OLT,
                    math::AbsFOp::create(b, loc, x), infinity);
      })
      .Case([&](ConvertOp convert) {
        return convertScalar(b, loc, x, elementType(convert.getOperand()),
                             elementType(convert.getResult()));
      })
      .Case([&](BitcastConvertOp convert) -> Value {
        Type to = signless(elementType(convert.getResult()));
        if (to.getIntOrFloatBitWidth() != width(x))
          return {};
        if (to == x.getType())
          return x;
        return arith::BitcastOp::create(b, loc, to, x);
      })
      .Default([](Operation *) { return Value(); });
}

//===----------------------------------------------------------------------===//
// Dispatch
//===----------------------------------------------------------------------===//

bool moe::graph::hasScalarForm(Operation *op) {
  using namespace moe::stablehlo;
  if (auto bitcast = dyn_cast<BitcastConvertOp>(op))
    return elementType(bitcast.getOperand()).getIntOrFloatBitWidth() ==
           elementType(bitcast.getResult()).getIntOrFloatBitWidth();
  return binaryKind(op) != Binary::None ||
         isa<AbsOp, CeilOp, FloorOp, RoundNearestEvenOp, RoundOp, SignOp, NegOp,
             NotOp, CbrtOp, CosineOp, ExpOp, Expm1Op, LogOp, Log1pOp,
             LogisticOp, RsqrtOp, SineOp, SqrtOp, TanOp, TanhOp, IsFiniteOp,
             ConvertOp, CompareOp, SelectOp, ClampOp, PopulationCountOp,
             CountLeadingZerosOp, ReducePrecisionOp, chlo::ErfOp, chlo::ErfcOp,
             chlo::SquareOp, chlo::BroadcastCompareOp, chlo::BroadcastSelectOp>(
             op);
}

Value moe::graph::lowerScalar(OpBuilder &b, Location loc, Operation *op,
                              ValueRange args) {
  using namespace moe::stablehlo;
  if (Binary kind = binaryKind(op); kind != Binary::None)
    return lowerBinary(b, loc, kind, elementType(op->getOperand(0)), args[0],
                       args[1]);
  if (auto compare = dyn_cast<CompareOp>(op))
    return lowerCompare(b, loc, compare.getComparisonDirection(),
                        compare.getCompareType(), elementType(compare.getLhs()),
                        args[0], args[1]);
  if (auto compare = dyn_cast<chlo::BroadcastCompareOp>(op))
    return lowerCompare(b, loc, compare.getComparisonDirection(),
                        compare.getCompareType(), elementType(compare.getLhs()),
                        args[0], args[1]);
  if (isa<SelectOp, chlo::BroadcastSelectOp>(op))
    return select(b, loc, args[0], args[1], args[2]);
  if (auto clamp = dyn_cast<ClampOp>(op)) {
    Type element = elementType(clamp.getOperand());
    Value raised =
        lowerBinary(b, loc, Binary::Maximum, element, args[1], args[0]);
    return lowerBinary(b, loc, Binary::Minimum, element, raised, args[2]);
  }
  return lowerUnary(b, loc, op, args[0]);
}

//===----------------------------------------------------------------------===//
// Regions
//===----------------------------------------------------------------------===//

static bool isScalarTensor(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == 0;
}

bool moe::graph::isScalarRegion(Region &region) {
  using namespace moe::stablehlo;
  return llvm::all_of(region.front().without_terminator(), [](Operation &op) {
    if (!llvm::all_of(op.getOperands(), isScalarTensor) ||
        !llvm::all_of(op.getResults(), isScalarTensor))
      return false;
    if (auto constant = dyn_cast<ConstantOp>(op))
      return isa<DenseElementsAttr>(constant.getValue());
    return hasScalarForm(&op) ||
           isa<ReshapeOp, BroadcastInDimOp, TransposeOp, OptimizationBarrierOp>(
               op);
  });
}

FailureOr<SmallVector<Value>>
moe::graph::inlineScalarRegion(OpBuilder &b, Region &region, ValueRange args,
                               function_ref<Value(Value)> remap) {
  using namespace moe::stablehlo;
  IRMapping scalars;
  scalars.map(region.getArguments(), args);
  auto lookup = [&](Value value) -> Value {
    if (Value scalar = scalars.lookupOrNull(value))
      return scalar;
    return readScalar(b, value.getLoc(), remap(value));
  };
  for (Operation &op : region.front().without_terminator()) {
    Location loc = op.getLoc();
    if (auto constant = dyn_cast<ConstantOp>(op)) {
      auto dense = cast<DenseElementsAttr>(constant.getValue());
      Attribute value = dense.getSplatValue<Attribute>();
      Type type = signless(dense.getElementType());
      if (auto integer = dyn_cast<IntegerAttr>(value))
        value = b.getIntegerAttr(type, integer.getValue());
      scalars.map(constant.getOutput(),
                  arith::ConstantOp::create(b, loc, cast<TypedAttr>(value)));
      continue;
    }
    SmallVector<Value> operands;
    for (Value operand : op.getOperands())
      operands.push_back(lookup(operand));
    if (isa<ReshapeOp, BroadcastInDimOp, TransposeOp, OptimizationBarrierOp>(
            op)) {
      scalars.map(op.getResults(), operands);
      continue;
    }
    Value result = lowerScalar(b, loc, &op, operands);
    if (!result)
      return failure();
    scalars.map(op.getResult(0), result);
  }
  SmallVector<Value> results;
  for (Value result : region.front().getTerminator()->getOperands())
    results.push_back(lookup(result));
  return results;
}
