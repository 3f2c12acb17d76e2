// The pass from the graph level to linalg on tensors.
//
// Every operation is converted on its own by a dialect conversion, types of
// unsigned integers become signless ones on the way. Whatever is left of the
// two dialects is reported at its place. Linear in the number of operations,
// apart from the bounded walks that look for equal dynamic sizes.
#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Func/Transforms/FuncConversions.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "moe/Conversion/Passes.h"
#include "moe/Dialect/Support/MoESupport.h"
#include "llvm/ADT/MapVector.h"

namespace moe {
#define GEN_PASS_DEF_CONVERTSTABLEHLOTOLINALGPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe::graph;

namespace {

struct ConvertStableHLOToLinalg
    : moe::impl::ConvertStableHLOToLinalgPassBase<ConvertStableHLOToLinalg> {
  void runOnOperation() override {
    if (failed(checkSupported()))
      return signalPassFailure();
    recordUnsignedTypes();
    MLIRContext *context = &getContext();
    GraphTypeConverter converter;
    RewritePatternSet patterns(context);
    populateElementwisePatterns(patterns, converter);
    populateBroadcastPatterns(patterns, converter);
    populateShapePatterns(patterns, converter);
    populateIndexingPatterns(patterns, converter);
    populateReductionPatterns(patterns, converter);
    populateProductPatterns(patterns, converter);
    populateConvolutionPatterns(patterns, converter);
    populateSortPatterns(patterns, converter);
    populateControlPatterns(patterns, converter);
    populateFunctionOpInterfaceTypeConversionPattern<func::FuncOp>(patterns,
                                                                   converter);
    populateCallOpTypeConversionPattern(patterns, converter);
    populateReturnOpTypeConversionPattern(patterns, converter);

    ConversionTarget target(*context);
    target.addIllegalDialect<moe::stablehlo::StableHLODialect,
                             moe::chlo::CHLODialect>();
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    target.addDynamicallyLegalOp<func::FuncOp>([&](func::FuncOp op) {
      return converter.isSignatureLegal(op.getFunctionType());
    });
    target.addDynamicallyLegalOp<func::CallOp, func::ReturnOp>(
        [&](Operation *op) { return converter.isLegal(op); });
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns))))
      signalPassFailure();
  }

private:
  /// Signless types do not tell what a caller has to pass: unsigned arguments
  /// and results keep their element types as attributes.
  void recordUnsignedTypes() {
    auto unsignedElement = [](Type type) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      return tensor && tensor.getElementType().isUnsignedInteger()
                 ? TypeAttr::get(tensor.getElementType())
                 : TypeAttr();
    };
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      for (auto [index, type] : llvm::enumerate(function.getArgumentTypes()))
        if (TypeAttr dtype = unsignedElement(type))
          function.setArgAttr(index, "moe.dtype", dtype);
      for (auto [index, type] : llvm::enumerate(function.getResultTypes()))
        if (TypeAttr dtype = unsignedElement(type))
          function.setResultAttr(index, "moe.dtype", dtype);
    }
  }

  /// Names all functions of other compilers that the model calls, at once.
  LogicalResult checkCallees() {
    llvm::MapVector<StringRef, SmallVector<Operation *>> unknown;
    getOperation()->walk([&](moe::stablehlo::CustomCallOp call) {
      StringRef target = call.getCallTargetName();
      if (!moe::stablehlo::isLoweredCallee(target))
        unknown[target].push_back(call);
    });
    if (unknown.empty())
      return success();
    std::string names;
    for (const auto &[target, calls] : unknown)
      names +=
          (Twine(names.empty() ? "'" : ", '") + target + "' (" +
           Twine(calls.size()) + (calls.size() == 1 ? " time)" : " times)"))
              .str();
    InFlightDiagnostic diagnostic =
        unknown.front().second.front()->emitOpError()
        << "expects functions that this compiler knows, but the model calls "
        << names;
    for (const auto &[target, calls] : llvm::drop_begin(unknown))
      diagnostic.attachNote(calls.front()->getLoc())
          << "'" << target << "' is called here";
    diagnostic.attachNote()
        << "a kernel of another compiler has no operations to read; export the "
           "model without it, in JAX for the platform 'cpu' or with its XLA "
           "implementation";
    return failure();
  }

  /// What no pattern could lower, said in the user's terms.
  LogicalResult checkSupported() {
    if (failed(checkCallees()))
      return failure();
    WalkResult result =
        getOperation()->walk([](Operation *op) {
          if (auto composite = dyn_cast<moe::stablehlo::CompositeOp>(op)) {
            op->emitOpError() << "expects composites to be inlined before this "
                                 "pass, but got '"
                              << composite.getName() << "'";
            return WalkResult::interrupt();
          }
          if (isa<moe::stablehlo::ReduceOp, moe::stablehlo::ReduceWindowOp,
                  moe::stablehlo::ScatterOp, moe::stablehlo::SortOp,
                  moe::stablehlo::MapOp>(op) &&
              !isScalarRegion(op->getRegion(0))) {
            op->emitOpError()
                << "expects a region of element-wise operations on scalars";
            return WalkResult::interrupt();
          }
          return WalkResult::advance();
        });
    return failure(result.wasInterrupted());
  }
};

} // namespace
