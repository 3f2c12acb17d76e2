// Gives each contraction a result of its own to begin with.
#include "Contraction.h"
#include "moe/Conversion/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace moe {
#define GEN_PASS_DEF_SEPARATEFILLSPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

using namespace mlir;

namespace {

/// Stores one value all over its result.
bool isFill(linalg::GenericOp op) {
  return op && op.getNumDpsInputs() == 0 && op.getNumDpsInits() == 1 &&
         llvm::hasSingleElement(*op.getBody()) &&
         !isa<BlockArgument>(op.getBody()->getTerminator()->getOperand(0));
}

/// Clones the fill, and the empty tensor, of each contraction that shares them.
/// Linear in the number of ops. Whatever merges equal ops comes before.
struct SeparateFills : moe::impl::SeparateFillsPassBase<SeparateFills> {
  void runOnOperation() override {
    getOperation().walk([](linalg::GenericOp op) {
      std::optional<moe::Contraction> contraction = moe::Contraction::match(op);
      if (!contraction)
        return;
      auto fill = contraction->c->get().getDefiningOp<linalg::GenericOp>();
      if (!isFill(fill))
        return;
      auto empty = fill.getDpsInits()[0].getDefiningOp<tensor::EmptyOp>();
      if (!empty || (fill->hasOneUse() && empty->hasOneUse()))
        return;
      OpBuilder builder(op);
      auto own = cast<linalg::GenericOp>(builder.clone(*fill));
      builder.setInsertionPoint(own);
      own.getDpsInitsMutable()[0].set(builder.clone(*empty)->getResult(0));
      contraction->c->set(own->getResult(0));
      // Bufferisation would keep it.
      if (fill.use_empty())
        fill.erase();
    });
  }
};

} // namespace
