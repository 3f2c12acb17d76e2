// The reference lowering of the moe dialect: the pass and its types.
#include "MoEToLinalg.h"

#include "moe/Conversion/Passes.h"
#include "moe/Dialect/Support/MoESupport.h"

#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Func/Transforms/FuncConversions.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace moe {
#define GEN_PASS_DEF_CONVERTMOETOLINALGPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;
using namespace moe::detail;

SmallVector<Type> moe::detail::getPlanTypes(PlanType plan) {
  MLIRContext *context = plan.getContext();
  int64_t entries = plan.getSlots() + plan.getAlways();
  int64_t ids = plan.getExperts() + plan.getAlways();
  auto index = IndexType::get(context);
  auto dynamic = ShapedType::kDynamic;
  if (isSoft(plan)) {
    auto shares = RankedTensorType::get(
        {dynamic, plan.getExperts() * plan.getSize()}, plan.getWeight());
    return {shares, shares, RankedTensorType::get({ids + 1}, index),
            RankedTensorType::get({dynamic}, index)};
  }
  SmallVector<Type> types = {
      RankedTensorType::get({dynamic, entries}, IntegerType::get(context, 32)),
      RankedTensorType::get({dynamic, entries}, plan.getWeight()),
      RankedTensorType::get({ids + 1}, index),
      RankedTensorType::get({dynamic}, index),
      RankedTensorType::get({dynamic, entries}, index)};
  if (plan.getCarry())
    types.push_back(RankedTensorType::get({dynamic}, plan.getWeight()));
  return types;
}

RankedTensorType moe::detail::getRowsType(RowsType rows) {
  return RankedTensorType::get({ShapedType::kDynamic, rows.getWidth()},
                               rows.getElementType());
}

namespace {

/// Every op becomes structured ops on tensors by itself; nothing is fused. The
/// cost of a route is O(U E k) comparisons, of the row order O(U k), of expert
/// compute that of its matrix products. Plans and rows become several tensors
/// (see `PlanParts`), also where they pass through scf regions and functions.
struct ConvertMoEToLinalg
    : moe::impl::ConvertMoEToLinalgPassBase<ConvertMoEToLinalg> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    if (failed(resolveLayers(getOperation())))
      return signalPassFailure();
    TypeConverter converter;
    converter.addConversion([](Type type) { return type; });
    converter.addConversion(
        [](PlanType type,
           SmallVectorImpl<Type> &results) -> std::optional<LogicalResult> {
          llvm::append_range(results, getPlanTypes(type));
          return success();
        });
    converter.addConversion([](RowsType type) { return getRowsType(type); });
    converter.addConversion(
        [](LazyLogitsType type,
           SmallVectorImpl<Type> &results) -> std::optional<LogicalResult> {
          llvm::append_range(results, getLazyTypes(type));
          return success();
        });
    auto materialize = [](OpBuilder &builder, Type type, ValueRange inputs,
                          Location loc) -> Value {
      return UnrealizedConversionCastOp::create(builder, loc, type, inputs)
          .getResult(0);
    };
    converter.addSourceMaterialization(materialize);
    converter.addTargetMaterialization(materialize);

    RewritePatternSet patterns(context);
    populateRouteToLinalg(converter, patterns);
    populatePlansToLinalg(converter, patterns);
    populateRowsToLinalg(converter, patterns);
    populateExpertsToLinalg(converter, patterns);
    populateLazyRouteToLinalg(converter, patterns);
    populateMergeToLinalg(converter, patterns);
    populateQuantToLinalg(converter, patterns);
    populateLossesToLinalg(converter, patterns);
    populateStatisticsToLinalg(converter, patterns);

    ConversionTarget target(*context);
    target.addIllegalDialect<MoEDialect>();
    target.addLegalDialect<arith::ArithDialect, cf::ControlFlowDialect,
                           linalg::LinalgDialect, math::MathDialect,
                           scf::SCFDialect, support::MoESupportDialect,
                           tensor::TensorDialect>();
    scf::populateSCFStructuralTypeConversionsAndLegality(converter, patterns,
                                                         target);
    populateFunctionOpInterfaceTypeConversionPattern<func::FuncOp>(patterns,
                                                                   converter);
    populateCallOpTypeConversionPattern(patterns, converter);
    populateReturnOpTypeConversionPattern(patterns, converter);
    target.addDynamicallyLegalOp<func::FuncOp>([&](func::FuncOp op) {
      return converter.isSignatureLegal(op.getFunctionType()) &&
             converter.isLegal(&op.getBody());
    });
    target.addDynamicallyLegalOp<func::CallOp, func::ReturnOp>(
        [&](Operation *op) { return converter.isLegal(op); });
    ConversionConfig config;
    config.allowPatternRollback = false;
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace
