// Expands functions into arithmetic that LLVM vectorises.
#include "moe/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace moe {
#define GEN_PASS_DEF_APPROXIMATEMATHPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

using namespace mlir;

namespace {

/// `type` with another element type.
Type withElement(Type type, Type element) {
  if (auto shaped = dyn_cast<ShapedType>(type))
    return shaped.clone(element);
  return element;
}

/// Computes in f32 what is to be computed in bf16, or in f16 too, and rounds
/// each result: LLVM calls a function for that which not every compiler's
/// library has.
struct ComputeInF32 : RewritePattern {
  ComputeInF32(MLIRContext *context, bool withF16)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context),
        withF16(withF16) {}

  bool isNarrow(Type type) const {
    Type element = getElementTypeOrSelf(type);
    return element.isBF16() || (withF16 && element.isF16());
  }

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!OpTrait::hasElementwiseMappableTraits(op) ||
        isa<arith::ExtFOp, arith::TruncFOp, arith::BitcastOp, arith::SelectOp,
            arith::NegFOp, math::AbsFOp, math::CopySignOp>(op) ||
        llvm::none_of(
            llvm::concat<const Type>(llvm::to_vector(op->getOperandTypes()),
                                     llvm::to_vector(op->getResultTypes())),
            [&](Type type) { return isNarrow(type); }))
      return failure();
    Type f32 = rewriter.getF32Type();
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      if (isNarrow(operand.getType()))
        operand =
            arith::ExtFOp::create(rewriter, op->getLoc(),
                                  withElement(operand.getType(), f32), operand);
      operands.push_back(operand);
    }
    OperationState state(op->getLoc(), op->getName(), operands, {},
                         op->getAttrs());
    for (Type type : op->getResultTypes())
      state.addTypes(isNarrow(type) ? withElement(type, f32) : type);
    Operation *wide = rewriter.create(state);
    SmallVector<Value> results(wide->getResults());
    for (auto [result, type] : llvm::zip_equal(results, op->getResultTypes()))
      if (isNarrow(type))
        result = arith::TruncFOp::create(rewriter, op->getLoc(), type, result);
    rewriter.replaceOp(op, results);
    return success();
  }

  bool withF16;
};

/// Integer arithmetic on numbers, or on each lane of vectors, at one place.
class BitBuilder {
public:
  BitBuilder(OpBuilder &builder, Location loc, Type like)
      : builder(builder), loc(loc), like(like) {}

  Type type(Type element) const { return withElement(like, element); }
  Type ints(unsigned width) const {
    return type(builder.getIntegerType(width));
  }
  Type f32() const { return type(builder.getF32Type()); }
  Value constant(int64_t value, unsigned width = 32) {
    Type all = ints(width);
    APInt bits(width, value, /*isSigned=*/false, /*implicitTrunc=*/true);
    TypedAttr attribute =
        builder.getIntegerAttr(getElementTypeOrSelf(all), bits);
    if (auto shaped = dyn_cast<ShapedType>(all))
      attribute = DenseElementsAttr::get(shaped, bits);
    return arith::ConstantOp::create(builder, loc, attribute);
  }
  template <typename Op, typename... Operands>
  Value create(Operands... operands) {
    return Op::create(builder, loc, operands...);
  }
  Value bitcast(Type type, Value value) {
    return create<arith::BitcastOp>(type, value);
  }
  Value add(Value x, int64_t y) {
    return create<arith::AddIOp>(x, constant(y));
  }
  Value both(Value x, int64_t y) {
    return create<arith::AndIOp>(x, constant(y));
  }
  Value either(Value x, Value y) { return create<arith::OrIOp>(x, y); }
  Value left(Value x, int64_t by) {
    return create<arith::ShLIOp>(x, constant(by));
  }
  Value right(Value x, int64_t by) {
    return create<arith::ShRUIOp>(x, constant(by));
  }
  Value isAtLeast(Value x, int64_t y) {
    return create<arith::CmpIOp>(arith::CmpIPredicate::uge, x, constant(y));
  }
  Value select(Value condition, Value x, Value y) {
    return create<arith::SelectOp>(condition, x, y);
  }

private:
  OpBuilder &builder;
  Location loc;
  Type like;
};

// Bits of f32: 1 at 2^k is (127 + k) << 23. Those of f16 are 13 places to the
// right, with exponents that are less by 112.
constexpr int64_t exponentDistance = int64_t(112) << 23;
constexpr int64_t bitsOfLeastNormalF16 = int64_t(113) << 23; // 2^-14
constexpr int64_t bitsOfHalf = int64_t(126) << 23;
constexpr int64_t bitsAboveF16 = int64_t(143) << 23; // 2^16

/// f16 as f32, as vcvtph2ps has it: exact, NaN quiet.
struct ExpandExtF16 : OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::ExtFOp op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getIn().getType()).isF16())
      return rewriter.notifyMatchFailure(op, "not of f16");
    BitBuilder b(rewriter, op.getLoc(), op.getType());
    if (!getElementTypeOrSelf(op.getType()).isF32()) {
      Value wide = b.create<arith::ExtFOp>(b.f32(), op.getIn());
      rewriter.replaceOpWithNewOp<arith::ExtFOp>(op, op.getType(), wide);
      return success();
    }
    Value bits =
        b.create<arith::ExtUIOp>(b.ints(32), b.bitcast(b.ints(16), op.getIn()));
    Value sign = b.left(b.both(bits, 0x8000), 16);
    Value magnitude = b.both(bits, 0x7fff);
    Value places = b.left(magnitude, 13);
    // Below the normal numbers: 2^-14 and this much, less 2^-14.
    Value least = b.constant(bitsOfLeastNormalF16);
    Value small = b.bitcast(
        b.ints(32), b.create<arith::SubFOp>(
                        b.bitcast(b.f32(), b.add(places, bitsOfLeastNormalF16)),
                        b.bitcast(b.f32(), least)));
    Value normal = b.add(places, exponentDistance);
    Value infinite = b.add(places, 2 * exponentDistance);
    Value nan = b.either(infinite, b.constant(0x400000));
    infinite = b.select(b.isAtLeast(magnitude, 0x7c01), nan, infinite);
    Value result = b.select(b.isAtLeast(magnitude, 0x400), normal, small);
    result = b.select(b.isAtLeast(magnitude, 0x7c00), infinite, result);
    rewriter.replaceOpWithNewOp<arith::BitcastOp>(op, op.getType(),
                                                  b.either(result, sign));
    return success();
  }
};

/// f32 as f16, as vcvtps2ph has it where it rounds to nearest, ties to even.
struct ExpandTruncF16 : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF16() ||
        !getElementTypeOrSelf(op.getIn().getType()).isF32())
      return rewriter.notifyMatchFailure(op, "not of f32 to f16");
    BitBuilder b(rewriter, op.getLoc(), op.getType());
    Value bits = b.bitcast(b.ints(32), op.getIn());
    Value sign = b.right(b.both(bits, 0x80000000), 16);
    Value magnitude = b.both(bits, 0x7fffffff);
    // Below the normal numbers: 0.5 has as many bits behind the point.
    Value half = b.bitcast(b.f32(), b.constant(bitsOfHalf));
    Value sum = b.create<arith::AddFOp>(b.bitcast(b.f32(), magnitude), half);
    Value small = b.add(b.bitcast(b.ints(32), sum), -bitsOfHalf);
    // A half of the last place is 0x1000: less than that, and what makes ties
    // even; a carry is one of the exponent.
    Value odd = b.both(b.right(magnitude, 13), 1);
    Value rounded = b.add(magnitude, 0xfff - exponentDistance);
    rounded = b.right(b.create<arith::AddIOp>(rounded, odd), 13);
    Value nan =
        b.either(b.both(b.right(magnitude, 13), 0x3ff), b.constant(0x7e00));
    Value infinite =
        b.select(b.isAtLeast(magnitude, 0x7f800001), nan, b.constant(0x7c00));
    Value result =
        b.select(b.isAtLeast(magnitude, bitsOfLeastNormalF16), rounded, small);
    result = b.select(b.isAtLeast(magnitude, bitsAboveF16), infinite, result);
    Value narrow =
        b.create<arith::TruncIOp>(b.ints(16), b.either(result, sign));
    rewriter.replaceOpWithNewOp<arith::BitcastOp>(op, op.getType(), narrow);
    return success();
  }
};

/// f64 as f16, rounded to f32 on the way so that the second rounding cannot
/// tell: towards zero, with the last bit set where anything is lost. LLVM calls
/// a function for that also where f32 becomes f16 by an instruction.
struct TruncF64InSteps : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    Value x = op.getIn();
    if (!getElementTypeOrSelf(op.getType()).isF16() ||
        !getElementTypeOrSelf(x.getType()).isF64())
      return rewriter.notifyMatchFailure(op, "not of f64 to f16");
    BitBuilder b(rewriter, op.getLoc(), op.getType());
    Value near = b.create<arith::TruncFOp>(b.f32(), x);
    Value back = b.create<arith::ExtFOp>(x.getType(), near);
    // False for NaN.
    Value isInexact =
        b.create<arith::CmpFOp>(arith::CmpFPredicate::ONE, back, x);
    Value isFarther = b.create<arith::CmpFOp>(
        arith::CmpFPredicate::OGT, Value(b.create<math::AbsFOp>(back)),
        Value(b.create<math::AbsFOp>(x)));
    Value bits = b.bitcast(b.ints(32), near);
    Value towardsZero = b.select(isFarther, b.add(bits, -1), bits);
    Value odd = b.either(towardsZero, b.constant(1));
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(
        op, op.getType(), b.bitcast(b.f32(), b.select(isInexact, odd, bits)));
    return success();
  }
};

struct ApproximateMath : moe::impl::ApproximateMathPassBase<ApproximateMath> {
  using ApproximateMathPassBase::ApproximateMathPassBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    auto accurate = [](StringRef name) {
      static constexpr StringLiteral names[] = {
          math::ExpOp::getOperationName(),   math::TanhOp::getOperationName(),
          math::ErfOp::getOperationName(),   math::LogOp::getOperationName(),
          math::Log1pOp::getOperationName(), math::ExpM1Op::getOperationName()};
      return llvm::is_contained(names, name);
    };
    populateMathF32ExpansionPatterns(patterns, accurate);
    populateMathPolynomialApproximationPatterns(patterns, accurate);
    // Not all of arith-expand: comparisons in place of llvm.maximum would hide
    // reductions from the vectoriser.
    arith::populateCeilFloorDivExpandOpsPatterns(patterns);
    arith::populateExpandBFloat16Patterns(patterns);
    patterns.add<ComputeInF32>(&getContext(), !f16Conversions);
    patterns.add<TruncF64InSteps>(&getContext());
    if (!f16Conversions)
      patterns.add<ExpandExtF16, ExpandTruncF16>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
