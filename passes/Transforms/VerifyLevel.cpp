// moe-verify-<level>: checks between the levels.
#include "moe/Analysis/TileGraph.h"
#include "moe/Transforms/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringExtras.h"

namespace moe {
#define GEN_PASS_DEF_VERIFYGRAPHPASS
#define GEN_PASS_DEF_VERIFYMOEPASS
#define GEN_PASS_DEF_VERIFYTARGETPASS
#define GEN_PASS_DEF_VERIFYTILEPASS
#include "moe/Transforms/Passes.h.inc"
} // namespace moe

using namespace mlir;

namespace {

/// What may stand at a level besides modules. Names are text, so that a level
/// can be checked without loading the dialects of the others.
struct Level {
  StringRef name;
  SmallVector<StringRef> dialects;
  /// Single ops of dialects that are not legal as a whole.
  SmallVector<StringRef> ops = {};

  bool isLegal(OperationName op) const {
    return op.getStringRef() == ModuleOp::getOperationName() ||
           llvm::is_contained(dialects, op.getDialectNamespace()) ||
           llvm::is_contained(ops, op.getStringRef());
  }
};

} // namespace

/// Emits an error at the first op, in the order of the text, that is illegal at
/// `level`.
static LogicalResult verifyLevel(Operation *root, const Level &level) {
  WalkResult result = root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (level.isLegal(op->getName()))
      return WalkResult::advance();
    op->emitError("expects an op of level '")
        << level.name << "' ("
        << llvm::join(llvm::concat<const StringRef>(level.dialects, level.ops),
                      ", ")
        << "), but got '" << op->getName() << "'";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

namespace {

struct VerifyGraph : moe::impl::VerifyGraphPassBase<VerifyGraph> {
  void runOnOperation() override {
    Level level{"graph", {"func", "stablehlo", "chlo", "moe", "moe_support"}};
    if (failed(verifyLevel(getOperation(), level)))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

struct VerifyMoE : moe::impl::VerifyMoEPassBase<VerifyMoE> {
  void runOnOperation() override {
    Level level{"moe",
                {"func", "moe", "moe_support", "linalg", "tensor", "arith",
                 "math", "scf"},
                {"cf.assert", "affine.apply", "affine.min", "affine.max"}};
    if (failed(verifyLevel(getOperation(), level)))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

struct VerifyTile : moe::impl::VerifyTilePassBase<VerifyTile> {
  void runOnOperation() override {
    Level level{"tile",
                {"func", "moe_tile", "moe_support", "linalg", "tensor",
                 "memref", "bufferization", "arith", "math", "scf"},
                {"cf.assert", "affine.apply", "affine.min", "affine.max"}};
    if (failed(verifyLevel(getOperation(), level)))
      return signalPassFailure();
    WalkResult result = getOperation().walk([](moe::tile::GraphOp graph) {
      return failed(moe::tile::verifyTileGraph(graph)) ? WalkResult::interrupt()
                                                       : WalkResult::skip();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

struct VerifyTarget : moe::impl::VerifyTargetPassBase<VerifyTarget> {
  void runOnOperation() override {
    if (failed(verifyLevel(getOperation(), Level{"target", {"llvm"}})))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
