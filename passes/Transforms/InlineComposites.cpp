// Inlines the decompositions of composites.
//
// Functions are expanded in depth-first order, each one once: when a composite
// is replaced, its decomposition has no composite left that is not to be kept.
// So the work is linear in the size of the result, and a cycle shows as a
// function that is reached while it is being expanded.
#include "moe/Transforms/Passes.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "moe/Dialect/StableHLO/StableHLO.h"
#include "llvm/ADT/StringSet.h"

namespace moe {
#define GEN_PASS_DEF_INLINECOMPOSITESPASS
#include "moe/Transforms/Passes.h.inc"
} // namespace moe

using namespace mlir;
using moe::stablehlo::CompositeOp;

namespace {

struct InlineComposites
    : moe::impl::InlineCompositesPassBase<InlineComposites> {
  using InlineCompositesPassBase::InlineCompositesPassBase;

  void runOnOperation() override {
    states.clear();
    decompositions.clear();
    kept.clear();
    kept.insert(except.begin(), except.end());
    SymbolTableCollection symbols;
    SmallVector<FunctionOpInterface> functions(
        getOperation().getOps<FunctionOpInterface>());
    for (FunctionOpInterface function : functions)
      if (failed(expand(function, symbols)))
        return signalPassFailure();
    eraseUnused(symbols);
  }

private:
  enum class State { Running, Done };

  LogicalResult expand(FunctionOpInterface function,
                       SymbolTableCollection &symbols) {
    states[function] = State::Running;
    SmallVector<CompositeOp> composites;
    function->walk([&](CompositeOp op) {
      if (!kept.contains(op.getName()))
        composites.push_back(op);
    });
    for (CompositeOp op : composites)
      if (failed(inlineOne(op, symbols)))
        return failure();
    states[function] = State::Done;
    return success();
  }

  LogicalResult inlineOne(CompositeOp op, SymbolTableCollection &symbols) {
    auto callee = symbols.lookupNearestSymbolFrom<FunctionOpInterface>(
        op, op.getDecompositionAttr());
    if (!callee || callee.isExternal() ||
        !callee.getFunctionBody().hasOneBlock())
      return op.emitOpError()
             << "expects 'decomposition' to name a function with a body of one "
                "block, but got '"
             << op.getDecomposition() << "'";
    auto state = states.find(callee);
    if (state != states.end() && state->second == State::Running) {
      InFlightDiagnostic diag =
          op.emitOpError()
          << "expects a decomposition that ends, but got the cycle through '"
          << op.getDecomposition() << "'";
      diag.attachNote(callee->getLoc()) << "decomposition defined here";
      return diag;
    }
    if (state == states.end() && failed(expand(callee, symbols)))
      return failure();

    Block &body = callee.getFunctionBody().front();
    IRMapping mapping;
    mapping.map(body.getArguments(), op.getInputs());
    OpBuilder builder(op);
    for (Operation &inner : body.without_terminator())
      builder.clone(inner, mapping);
    for (auto [result, value] :
         llvm::zip_equal(op.getResults(), body.getTerminator()->getOperands()))
      result.replaceAllUsesWith(mapping.lookupOrDefault(value));
    op.erase();
    decompositions.insert(callee);
    return success();
  }

  /// Erases the private decompositions without users, until none is left: a
  /// kept composite inside of one may have been the last user of another.
  void eraseUnused(SymbolTableCollection &symbols) {
    SymbolTable &table = symbols.getSymbolTable(getOperation());
    bool changed = true;
    while (changed) {
      changed = false;
      SymbolUserMap users(symbols, getOperation());
      for (Operation *function : llvm::to_vector(decompositions)) {
        if (!cast<SymbolOpInterface>(function).isPrivate() ||
            !users.useEmpty(function))
          continue;
        decompositions.remove(function);
        table.erase(function);
        changed = true;
      }
    }
  }

  llvm::DenseMap<Operation *, State> states;
  llvm::SetVector<Operation *> decompositions;
  llvm::StringSet<> kept;
};

} // namespace
