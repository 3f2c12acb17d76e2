// Copies results that are views with gaps.
//
// Bufferisation casts a result to the identity layout where the sizes are
// dynamic, because the strides of the two types could be equal at run time. The
// artefact's interface promises dense outputs, so such a result is copied.
#include "moe/Conversion/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace moe {
#define GEN_PASS_DEF_CONTIGUOUSRESULTSPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

namespace {

Value copyDense(OpBuilder &builder, Location loc, Value source,
                MemRefType type) {
  SmallVector<Value> sizes;
  for (int64_t d = 0, rank = type.getRank(); d < rank; ++d)
    if (type.isDynamicDim(d))
      sizes.push_back(memref::DimOp::create(builder, loc, source, d));
  Value copy = memref::AllocOp::create(builder, loc, type, sizes,
                                       builder.getI64IntegerAttr(64));
  memref::CopyOp::create(builder, loc, source, copy);
  return copy;
}

struct ContiguousResults
    : moe::impl::ContiguousResultsPassBase<ContiguousResults> {
  void runOnOperation() override {
    getOperation().walk([](func::ReturnOp op) {
      OpBuilder builder(op);
      for (OpOperand &operand : op->getOpOperands()) {
        auto cast = operand.get().getDefiningOp<memref::CastOp>();
        auto type = dyn_cast<MemRefType>(operand.get().getType());
        if (!cast || !type)
          continue;
        auto source = dyn_cast<MemRefType>(cast.getSource().getType());
        if (source && !source.getLayout().isIdentity())
          operand.set(copyDense(builder, op.getLoc(), cast.getSource(), type));
      }
    });
  }
};

} // namespace
