// Gives weights their places in the weights file and makes the entry function
// read them from there.
#include "moe/Conversion/Passes.h"
#include "moe/Dialect/Support/MoESupport.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
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

/// True where calls of `function` come to a weight.
bool reachesWeights(func::FuncOp function,
                    llvm::SmallPtrSetImpl<Operation *> &seen) {
  if (!function || !seen.insert(function).second)
    return false;
  WalkResult result = function.walk([&](Operation *op) -> WalkResult {
    auto call = dyn_cast<func::CallOp>(op);
    bool reaches =
        isa<moe::support::WeightOp>(op) ||
        (call &&
         reachesWeights(SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
                            call, call.getCalleeAttr()),
                        seen));
    return WalkResult(failure(reaches));
  });
  return result.wasInterrupted();
}

/// Replaces the calls in `function` of private functions that have weights of
/// their own (experts that are functions) by their bodies, which alone may read
/// the data of weights, and erases what nobody calls any more. A function of
/// several blocks or that calls itself stays.
void inlineOwners(func::FuncOp function) {
  SmallVector<std::pair<func::CallOp, SmallVector<Operation *>>> calls;
  auto collect = [&](Operation *op, ArrayRef<Operation *> callers) {
    op->walk([&](func::CallOp call) {
      calls.emplace_back(call, SmallVector<Operation *>(callers));
    });
  };
  collect(function, {function});
  llvm::SetVector<Operation *> inlined;
  while (!calls.empty()) {
    auto [call, callers] = calls.pop_back_val();
    auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
        call, call.getCalleeAttr());
    llvm::SmallPtrSet<Operation *, 4> seen;
    if (!callee || !callee.isPrivate() ||
        llvm::is_contained(callers, callee.getOperation()) ||
        !llvm::hasSingleElement(callee.getBody()) ||
        !reachesWeights(callee, seen))
      continue;
    callers.push_back(callee);
    Block &body = callee.front();
    IRMapping mapping;
    mapping.map(body.getArguments(), call.getOperands());
    OpBuilder builder(call);
    for (Operation &inner : body.without_terminator())
      collect(builder.clone(inner, mapping), callers);
    for (auto [result, value] : llvm::zip_equal(
             call.getResults(), body.getTerminator()->getOperands()))
      result.replaceAllUsesWith(mapping.lookupOrDefault(value));
    call.erase();
    inlined.insert(callee);
  }
  // One that is erased may have been the last to call another.
  auto eraseUnused = [&](Operation *callee) {
    if (!SymbolTable::symbolKnownUseEmpty(callee, function->getParentOp()))
      return false;
    callee->erase();
    return true;
  };
  while (inlined.remove_if(eraseUnused))
    ;
}

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
    inlineOwners(function);
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
