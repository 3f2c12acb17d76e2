// Turns expansions of contiguous buffers into views with explicit sizes.
//
// MLIR's expand-strided-metadata derives the sizes of an expansion and so takes
// one dynamic size per group; a batch and a sequence that come apart again are
// two. The op names all of its sizes, which is enough where the source is
// contiguous.
#include "moe/Conversion/Passes.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

using namespace mlir;

namespace moe {
#define GEN_PASS_DEF_EXPANDSHAPESPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

namespace {

OpFoldResult multiply(OpBuilder &builder, Location loc, OpFoldResult a,
                      OpFoldResult b) {
  std::optional<int64_t> x = getConstantIntValue(a);
  std::optional<int64_t> y = getConstantIntValue(b);
  if (x && y)
    return builder.getIndexAttr(*x * *y);
  return arith::MulIOp::create(builder, loc,
                               getValueOrCreateConstantIndexOp(builder, loc, a),
                               getValueOrCreateConstantIndexOp(builder, loc, b))
      .getResult();
}

struct ExpandContiguous : OpRewritePattern<memref::ExpandShapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(memref::ExpandShapeOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getSrcType().getLayout().isIdentity())
      return rewriter.notifyMatchFailure(op, "the source is not contiguous");
    SmallVector<OpFoldResult> sizes = op.getMixedOutputShape();
    SmallVector<OpFoldResult> strides(sizes.size());
    OpFoldResult stride = rewriter.getIndexAttr(1);
    for (size_t d = sizes.size(); d-- > 0;) {
      strides[d] = stride;
      if (d > 0)
        stride = multiply(rewriter, op.getLoc(), stride, sizes[d]);
    }
    Value view = memref::ReinterpretCastOp::create(
        rewriter, op.getLoc(), op.getSrc(), rewriter.getIndexAttr(0), sizes,
        strides);
    if (view.getType() != op.getType())
      view = memref::CastOp::create(rewriter, op.getLoc(), op.getType(), view);
    rewriter.replaceOp(op, view);
    return success();
  }
};

struct ExpandShapes : moe::impl::ExpandShapesPassBase<ExpandShapes> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ExpandContiguous>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
