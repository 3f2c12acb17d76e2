// Control flow, calls and barriers.
#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace moe::graph;
using namespace moe::stablehlo;

namespace {

/// Moves the regions; their returns are converted once their parent is.
struct ConvertIf : OpConversionPattern<IfOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(IfOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    SmallVector<Type> types;
    if (failed(getTypeConverter()->convertTypes(op.getResultTypes(), types)))
      return failure();
    Value condition = readScalar(rewriter, op.getLoc(), adaptor.getPred());
    auto branch = scf::IfOp::create(rewriter, op.getLoc(), types, condition,
                                    /*addThenBlock=*/false,
                                    /*addElseBlock=*/false);
    rewriter.inlineRegionBefore(op.getTrueBranch(), branch.getThenRegion(),
                                branch.getThenRegion().end());
    rewriter.inlineRegionBefore(op.getFalseBranch(), branch.getElseRegion(),
                                branch.getElseRegion().end());
    rewriter.replaceOp(op, branch);
    return success();
  }
};

struct ConvertCase : OpConversionPattern<CaseOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(CaseOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    SmallVector<Type> types;
    if (failed(getTypeConverter()->convertTypes(op.getResultTypes(), types)))
      return failure();
    // The last branch also takes every index out of range.
    unsigned last = op.getBranches().size() - 1;
    SmallVector<int64_t> cases = llvm::to_vector(llvm::seq<int64_t>(0, last));
    Value index =
        toIndex(rewriter, loc, readScalar(rewriter, loc, adaptor.getIndex()),
                /*isUnsigned=*/false);
    auto branch =
        scf::IndexSwitchOp::create(rewriter, loc, types, index, cases, last);
    for (auto [number, region] : llvm::enumerate(op.getBranches())) {
      Region &target = number == last ? branch.getDefaultRegion()
                                      : branch.getCaseRegions()[number];
      rewriter.inlineRegionBefore(region, target, target.end());
    }
    rewriter.replaceOp(op, branch);
    return success();
  }
};

struct ConvertWhile : OpConversionPattern<WhileOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(WhileOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    SmallVector<Type> types;
    if (failed(getTypeConverter()->convertTypes(op.getResultTypes(), types)))
      return failure();
    auto loop = scf::WhileOp::create(rewriter, op.getLoc(), types,
                                     adaptor.getOperand());
    rewriter.inlineRegionBefore(op.getCond(), loop.getBefore(),
                                loop.getBefore().end());
    rewriter.inlineRegionBefore(op.getBody(), loop.getAfter(),
                                loop.getAfter().end());
    for (Region *region : {&loop.getBefore(), &loop.getAfter()})
      if (failed(rewriter.convertRegionTypes(region, *getTypeConverter())))
        return failure();
    rewriter.replaceOp(op, loop);
    return success();
  }
};

struct ConvertReturn : OpConversionPattern<ReturnOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ReturnOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Operation *parent = op->getParentOp();
    if (!isa<scf::IfOp, scf::IndexSwitchOp, scf::WhileOp>(parent))
      return rewriter.notifyMatchFailure(op, "parent is not converted");
    Location loc = op.getLoc();
    auto loop = dyn_cast<scf::WhileOp>(parent);
    if (loop && op->getParentRegion() == &loop.getBefore()) {
      Value condition = readScalar(rewriter, loc, adaptor.getResults().front());
      rewriter.replaceOpWithNewOp<scf::ConditionOp>(
          op, condition, loop.getBefore().getArguments());
      return success();
    }
    SmallVector<Value> values;
    TypeRange types = loop ? TypeRange(loop.getBefore().getArgumentTypes())
                           : TypeRange(parent->getResultTypes());
    for (auto [value, type] : llvm::zip_equal(adaptor.getResults(), types))
      values.push_back(castTo(rewriter, loc, value, type));
    rewriter.replaceOpWithNewOp<scf::YieldOp>(op, values);
    return success();
  }
};

struct ConvertBarrier : OpConversionPattern<OptimizationBarrierOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(OptimizationBarrierOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, adaptor.getOperand());
    return success();
  }
};

/// A truth value, and the integers that `error_message` shows as "{0}", "{1}",
/// ... of them.
bool isShapeAssertion(CustomCallOp op) {
  if (op.getNumResults() != 0 || op.getInputs().empty() ||
      !elementType(op.getInputs().front()).isInteger(1))
    return false;
  return llvm::all_of(op.getInputs(), [](Value input) {
    return cast<RankedTensorType>(input.getType()).getRank() == 0 &&
           elementType(input).isIntOrIndex();
  });
}

/// Calls that only annotate, and the check of a shape.
struct ConvertCustomCall : OpConversionPattern<CustomCallOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(CustomCallOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    StringRef target = op.getCallTargetName();
    if (target == "Sharding" &&
        op.getInputs().getTypes() == op.getResultTypes()) {
      rewriter.replaceOp(op, adaptor.getInputs());
      return success();
    }
    if (target == "shape_assertion" && isShapeAssertion(op)) {
      Location loc = op.getLoc();
      auto message = op->getAttrOfType<StringAttr>("error_message");
      SmallVector<Value> values;
      if (message)
        for (Value input : adaptor.getInputs().drop_front())
          values.push_back(readScalar(rewriter, loc, input));
      require(rewriter, loc,
              readScalar(rewriter, loc, adaptor.getInputs().front()),
              message ? message.getValue()
                      : "shape assertion of the model does not hold",
              values);
      rewriter.eraseOp(op);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "callee is not known");
  }
};

} // namespace

void moe::graph::populateControlPatterns(RewritePatternSet &patterns,
                                         const TypeConverter &converter) {
  patterns.add<ConvertIf, ConvertCase, ConvertWhile, ConvertReturn,
               ConvertBarrier, ConvertCustomCall>(converter,
                                                  patterns.getContext());
}
