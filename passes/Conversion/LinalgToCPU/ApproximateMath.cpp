// Expands functions into arithmetic that LLVM vectorises.
#include "moe/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace moe {
#define GEN_PASS_DEF_APPROXIMATEMATHPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

using namespace mlir;

namespace {

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
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
