// Lowers bufferised structured ops to loops for CPUs.
#include "CPULoops.h"
#include "Contraction.h"
#include "moe/Conversion/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"

namespace moe {
#define GEN_PASS_DEF_CONVERTLINALGTOCPUPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

using namespace mlir;

namespace {

/// Expansions with several dynamic sizes in one group become casts: MLIR 22's
/// expand-strided-metadata, which comes later, can find one such size only.
void lowerExpansion(OpBuilder &builder, memref::ExpandShapeOp op) {
  ArrayRef<int64_t> shape = op.getResultType().getShape();
  SmallVector<ReassociationIndices> groups = op.getReassociationIndices();
  if (llvm::all_of(groups, [&](ArrayRef<int64_t> group) {
        return llvm::count_if(group, [&](int64_t dim) {
                 return ShapedType::isDynamic(shape[dim]);
               }) < 2;
      }))
    return;
  builder.setInsertionPoint(op);
  Location loc = op.getLoc();
  auto metadata =
      memref::ExtractStridedMetadataOp::create(builder, loc, op.getSrc());
  SmallVector<OpFoldResult> sizes = op.getMixedOutputShape();
  int64_t staticOffset;
  SmallVector<int64_t> staticStrides;
  if (failed(
          op.getResultType().getStridesAndOffset(staticStrides, staticOffset)))
    return;
  SmallVector<OpFoldResult> strides(shape.size());
  for (auto [group, sourceStride] :
       llvm::zip_equal(groups, metadata.getStrides())) {
    Value stride = sourceStride;
    for (int64_t dim : llvm::reverse(group)) {
      strides[dim] = ShapedType::isDynamic(staticStrides[dim])
                         ? OpFoldResult(stride)
                         : builder.getIndexAttr(staticStrides[dim]);
      stride = moe::buildMul(
          builder, loc, stride,
          getValueOrCreateConstantIndexOp(builder, loc, sizes[dim]));
    }
  }
  OpFoldResult offset = ShapedType::isDynamic(staticOffset)
                            ? OpFoldResult(metadata.getOffset())
                            : builder.getIndexAttr(staticOffset);
  Value cast = memref::ReinterpretCastOp::create(
      builder, loc, op.getResultType(), metadata.getBaseBuffer(), offset, sizes,
      strides);
  op.replaceAllUsesWith(cast);
  op.erase();
}

struct ConvertLinalgToCPU
    : moe::impl::ConvertLinalgToCPUPassBase<ConvertLinalgToCPU> {
  using ConvertLinalgToCPUPassBase::ConvertLinalgToCPUPassBase;

  void runOnOperation() override {
    OpBuilder builder(&getContext());
    // A copy is the simplest structured op; strided ones have no other
    // lowering than a library call.
    SmallVector<memref::CopyOp> copies;
    getOperation().walk([&](memref::CopyOp op) { copies.push_back(op); });
    for (memref::CopyOp op : copies) {
      builder.setInsertionPoint(op);
      if (auto type = dyn_cast<MemRefType>(op.getTarget().getType());
          !type || !isa<MemRefType>(op.getSource().getType()))
        continue;
      linalg::makeMemRefCopyOp(builder, op.getLoc(), op.getSource(),
                               op.getTarget());
      op.erase();
    }
    SmallVector<memref::ExpandShapeOp> expansions;
    getOperation().walk(
        [&](memref::ExpandShapeOp op) { expansions.push_back(op); });
    for (memref::ExpandShapeOp op : expansions)
      lowerExpansion(builder, op);
    moe::VectorUnit unit{vectorBits, vectorRegisters, bf16Dot, bf16Tiles,
                         fetchDistance};
    // Contractions first: they may take the op along that fills their result.
    SmallVector<moe::Contraction> contractions;
    getOperation().walk([&](linalg::GenericOp op) {
      if (!op.hasPureBufferSemantics())
        return;
      if (std::optional<moe::Contraction> found = moe::Contraction::match(op))
        contractions.push_back(*found);
    });
    // Those that no kernel fits become loops like all other ops.
    for (const moe::Contraction &contraction : contractions)
      (void)moe::lowerContraction(builder, contraction, unit, grain);
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : ops) {
      if (!op.hasPureBufferSemantics()) {
        op.emitError() << "expects buffers, but got a tensor";
        return signalPassFailure();
      }
      moe::lowerToLoops(builder, op, grain);
    }
    SmallVector<scf::ForallOp> foralls;
    getOperation().walk([&](scf::ForallOp op) {
      if (op.getRank() == 1 && op.isNormalized() && op.getOutputs().empty())
        foralls.push_back(op);
    });
    for (scf::ForallOp op : foralls)
      moe::lowerForall(builder, op, grain);
  }
};

} // namespace
