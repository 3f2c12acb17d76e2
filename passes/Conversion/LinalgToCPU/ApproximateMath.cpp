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

/// Computes in f32 what is to be computed in bf16, and rounds each result: LLVM
/// calls a function for that which not every compiler's library has.
struct ComputeInF32 : RewritePattern {
  explicit ComputeInF32(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}

  static bool isBF16(Type type) { return getElementTypeOrSelf(type).isBF16(); }

  /// The same shape of f32.
  static Type widen(Type type, OpBuilder &builder) {
    if (auto shaped = dyn_cast<ShapedType>(type))
      return shaped.clone(builder.getF32Type());
    return builder.getF32Type();
  }

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!OpTrait::hasElementwiseMappableTraits(op) ||
        isa<arith::ExtFOp, arith::TruncFOp, arith::BitcastOp, arith::SelectOp,
            arith::NegFOp, math::AbsFOp, math::CopySignOp>(op) ||
        (llvm::none_of(op->getOperandTypes(), isBF16) &&
         llvm::none_of(op->getResultTypes(), isBF16)))
      return failure();
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      if (isBF16(operand.getType()))
        operand =
            arith::ExtFOp::create(rewriter, op->getLoc(),
                                  widen(operand.getType(), rewriter), operand);
      operands.push_back(operand);
    }
    OperationState state(op->getLoc(), op->getName(), operands, {},
                         op->getAttrs());
    for (Type type : op->getResultTypes())
      state.addTypes(isBF16(type) ? widen(type, rewriter) : type);
    Operation *wide = rewriter.create(state);
    SmallVector<Value> results(wide->getResults());
    for (auto [result, type] : llvm::zip_equal(results, op->getResultTypes()))
      if (isBF16(type))
        result = arith::TruncFOp::create(rewriter, op->getLoc(), type, result);
    rewriter.replaceOp(op, results);
    return success();
  }
};

struct ApproximateMath : moe::impl::ApproximateMathPassBase<ApproximateMath> {
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
    patterns.add<ComputeInF32>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
