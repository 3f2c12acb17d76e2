// Fuses elementwise ops where that saves memory traffic without repeating
// expensive work.
#include "Contraction.h"
#include "moe/Conversion/Passes.h"
#include "moe/Dialect/Support/MoESupport.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace moe {
#define GEN_PASS_DEF_FUSEELEMENTWISEPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

using namespace mlir;

namespace {

/// Weights of one value need no place in the file.
struct SplatWeightToConstant : OpRewritePattern<moe::support::WeightOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(moe::support::WeightOp op,
                                PatternRewriter &rewriter) const override {
    auto dense = dyn_cast<DenseElementsAttr>(op.getValue());
    if (!dense || !dense.isSplat())
      return rewriter.notifyMatchFailure(op, "elements differ");
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(op, dense);
    return success();
  }
};

/// A body that gives its first input back.
bool isCopy(linalg::GenericOp op) {
  Block *body = op.getBody();
  return llvm::hasSingleElement(*body) && op.getNumDpsInputs() == 1 &&
         body->getTerminator()->getOperand(0) == body->getArgument(0);
}

bool isExpensive(linalg::GenericOp op) {
  return llvm::any_of(*op.getBody(), [](Operation &nested) {
    return isa<math::MathDialect>(nested.getDialect()) ||
           isa<arith::DivFOp, tensor::ExtractOp>(nested);
  });
}

/// Decides whether the producer of `operand` moves into its user.
bool shouldFuse(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!producer || !consumer)
    return false;
  bool copies = isCopy(producer);
  AffineMap out = producer.getIndexingMapsArray().back();
  if (auto contraction = moe::Contraction::match(consumer)) {
    // Kernels read transposed operands in place, as long as the rows of A stay
    // contiguous.
    if (!copies || !producer->hasOneUse())
      return false;
    AffineMap in = producer.getIndexingMapsArray().front();
    if (!in.isPermutation() || !out.isPermutation())
      return false;
    return operand == contraction->b ||
           (operand == contraction->a && in.getNumResults() != 0 &&
            in.getResults().back() == out.getResults().back());
  }
  bool repeats = consumer.getNumLoops() > producer.getNumLoops();
  if (repeats && isExpensive(producer))
    return false;
  if (producer->hasOneUse())
    return true;
  // Broadcasts are cheaper to repeat than to store.
  return copies && producer.getIndexingMapsArray().front().getNumResults() <
                       producer.getNumLoops();
}

struct FuseElementwise : moe::impl::FuseElementwisePassBase<FuseElementwise> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet patterns(context);
    patterns.add<SplatWeightToConstant>(context);
    tensor::populateDecomposeTensorConcatPatterns(patterns);
    linalg::populateElementwiseOpsFusionPatterns(patterns, shouldFuse);
    linalg::populateInlineConstantOperandsPatterns(patterns);
    linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
    linalg::GenericOp::getCanonicalizationPatterns(patterns, context);
    // Ops on buffers are in tasks of graphs and stay as they are: kernels read
    // parts of rows that bodies do not (moe-split-rows).
    SmallVector<Operation *> ops;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      auto structured = dyn_cast<linalg::LinalgOp>(op);
      if (op != getOperation() &&
          (!structured || !structured.hasPureBufferSemantics()))
        ops.push_back(op);
    });
    GreedyRewriteConfig config;
    config.setUseTopDownTraversal();
    config.setScope(&getOperation().getBody());
    config.setStrictness(GreedyRewriteStrictness::ExistingAndNewOps);
    if (failed(applyOpPatternsGreedily(ops, std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace
