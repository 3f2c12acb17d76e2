// Gives weights their places in the weights file and makes the entry function
// read them from there.
#include "moe/Conversion/Passes.h"
#include "moe/Dialect/Support/MoESupport.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"

namespace moe {
#define GEN_PASS_DEF_EXTERNALIZEWEIGHTSPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

using namespace mlir;

namespace {

/// Vector loads and cache lines like this alignment; the packer pads with
/// zeros.
constexpr int64_t weightAlignment = 64;

struct ExternalizeWeights
    : moe::impl::ExternalizeWeightsPassBase<ExternalizeWeights> {
  using ExternalizeWeightsPassBase::ExternalizeWeightsPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto function = module.lookupSymbol<func::FuncOp>(entry);
    if (!function || function.isExternal()) {
      module.emitError() << "expects a function '" << entry
                         << "' with a body, but found none";
      return signalPassFailure();
    }
    WalkResult stray =
        module.walk([&](moe::support::WeightOp op) -> WalkResult {
          if (op->getParentOfType<func::FuncOp>() == function)
            return WalkResult::advance();
          op.emitError() << "requires the weight to be used in '" << entry
                         << "'; inline the function around it";
          return WalkResult::interrupt();
        });
    if (stray.wasInterrupted())
      return signalPassFailure();

    Builder builder(&getContext());
    auto bytesType =
        MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
    if (failed(function.insertArgument(function.getNumArguments(), bytesType,
                                       {}, function.getLoc())))
      return signalPassFailure();
    Value data = function.getArguments().back();

    llvm::MapVector<Attribute, int64_t> offsets;
    int64_t size = 0;
    OpBuilder body = OpBuilder::atBlockBegin(&function.front());
    llvm::DenseMap<Attribute, Value> views;
    SmallVector<moe::support::WeightOp> weights;
    function.walk([&](moe::support::WeightOp op) { weights.push_back(op); });
    for (moe::support::WeightOp op : weights) {
      auto type = cast<RankedTensorType>(op.getType());
      ElementsAttr value = op.getValue();
      auto [place, isNew] = offsets.try_emplace(value, size);
      if (isNew) {
        int64_t bytes = type.getNumElements() *
                        llvm::divideCeil(type.getElementTypeBitWidth(), 8);
        size += llvm::alignTo(bytes, weightAlignment);
        Location loc = op.getLoc();
        auto viewType = MemRefType::get(type.getShape(), type.getElementType());
        Value offset = arith::ConstantIndexOp::create(body, loc, place->second);
        Value view = memref::ViewOp::create(body, loc, viewType, data, offset,
                                            ValueRange());
        views[value] = bufferization::ToTensorOp::create(
            body, loc, type, view, /*restrict=*/true, /*writable=*/false);
      }
      op.getResult().replaceAllUsesWith(views[value]);
    }
    // Not before: the builder stands in front of the first op.
    for (moe::support::WeightOp op : weights)
      op.erase();

    SmallVector<Attribute> table;
    for (auto [value, offset] : offsets)
      table.push_back(builder.getDictionaryAttr(
          {builder.getNamedAttr("offset", builder.getI64IntegerAttr(offset)),
           builder.getNamedAttr("value", value)}));
    module->setAttr("moe.weights", builder.getArrayAttr(table));
    module->setAttr("moe.weights_size", builder.getI64IntegerAttr(size));
  }
};

} // namespace
