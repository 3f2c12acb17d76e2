// Replaces routes by calls of kernels that are generated for them.
#include "../LinalgToCPU/CPULoops.h"
#include "../MoEToLinalg/MoEToLinalg.h"
#include "RouteKernel.h"
#include "moe/Conversion/Passes.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Remarks.h"

namespace moe {
#define GEN_PASS_DEF_CONVERTROUTETOVECTORPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;
using namespace moe::detail;

namespace {

/// One kernel per form of route: routes with the same attributes and types of
/// operands share it. The units are cut into blocks of as many as a vector has
/// lanes, these into chunks of a fixed amount of work. The rest of the plan is
/// made of ids and weights as the reference lowering makes it. Linear in U E
/// log² k.
struct ConvertRouteToVector
    : moe::impl::ConvertRouteToVectorPassBase<ConvertRouteToVector> {
  using ConvertRouteToVectorPassBase::ConvertRouteToVectorPassBase;

  void runOnOperation() override {
    // Layers ask for the routes in them.
    if (failed(resolveLayers(getOperation())))
      return signalPassFailure();
    kernels.clear();
    SmallVector<RouteOp> routes;
    getOperation().walk([&](RouteOp op) { routes.push_back(op); });
    for (RouteOp op : routes) {
      auto options =
          remark::RemarkOpts::name("route").category("convert-route-to-vector");
      if (std::optional<StringRef> reason = whyNoKernel(op)) {
        remark::missed(op.getLoc(), options)
            << ("routes by the reference lowering: " + *reason).str();
        continue;
      }
      remark::passed(op.getLoc(), options)
          << ("routes " + Twine(lanes()) + " units at a time").str();
      convert(op);
    }
  }

private:
  /// Units of a block: numbers of 32 bits in a vector.
  int64_t lanes() const { return vectorBits / 32; }

  func::FuncOp getKernel(RouteOp op) {
    Builder builder(&getContext());
    auto orUnit = [&](Attribute attribute) {
      return attribute ? attribute : builder.getUnitAttr();
    };
    SmallVector<Attribute> form = {op.getScore(), op.getSelect(),
                                   op.getWeight(),
                                   orUnit(op.getGroupFilterAttr())};
    for (Value operand : getKernelOperands(op))
      form.push_back(
          orUnit(operand ? TypeAttr::get(operand.getType()) : TypeAttr()));
    func::FuncOp &kernel = kernels[builder.getArrayAttr(form)];
    if (!kernel)
      kernel = buildRouteKernel(
          getOperation(), op, ("moe_route_" + Twine(kernels.size() - 1)).str(),
          lanes());
    return kernel;
  }

  void convert(RouteOp op) {
    func::FuncOp kernel = getKernel(op);
    TensorBuilder b(op.getLoc(), OpBuilder(op));
    SmallVector<Value> arguments;
    for (Value operand : getKernelOperands(op)) {
      if (!operand)
        continue;
      Type memory = kernel.getArgumentTypes()[arguments.size()];
      arguments.push_back(
          memref::CastOp::create(b, memory, b.readOnlyBuffer(operand)));
    }
    Value units = b.sizeValue(op.getLogits(), 0);
    SmallVector<Value> results;
    for (Type type : kernel.getArgumentTypes().slice(arguments.size(), 2))
      results.push_back(memref::AllocOp::create(
          b, cast<MemRefType>(type), units, b.getI64IntegerAttr(64)));
    llvm::append_range(arguments, results);
    Value blocks = arith::CeilDivUIOp::create(b, units, b.index(lanes()));
    Value work =
        b.index(op.getPlan().getType().getExperts() * lanes() * workPerKey);
    buildChunks(b, op.getLoc(), blocks, work, grain,
                [&](OpBuilder &builder, Value begin, Value end) {
                  SmallVector<Value> all(arguments);
                  all.append({begin, end});
                  func::CallOp::create(builder, op.getLoc(), kernel, all);
                });
    SmallVector<Value> tensors;
    for (Value result : results) {
      auto memory = cast<MemRefType>(result.getType());
      tensors.push_back(bufferization::ToTensorOp::create(
          b, RankedTensorType::get(memory.getShape(), memory.getElementType()),
          result, /*restrict=*/true, /*writable=*/true));
    }
    PlanType type = op.getPlan().getType();
    PlanParts plan = buildPlanOfSlots(
        b, type, {tensors[0], tensors[1], op.getAlwaysWeights(), {}});
    // What converts the users of the plan takes its parts from the cast.
    auto cast = UnrealizedConversionCastOp::create(
        b, b.getLoc(), TypeRange{type}, plan.values());
    op.getPlan().replaceAllUsesWith(cast.getResult(0));
    op.erase();
  }

  /// Scalar operations that a key costs, in the measure of `grain`.
  static constexpr int64_t workPerKey = 4;

  llvm::MapVector<Attribute, func::FuncOp> kernels;
};

} // namespace
