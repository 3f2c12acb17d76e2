// moe-verify-<level>: checks between the levels.
#include "moe/Analysis/RowLocality.h"
#include "moe/Analysis/TileGraph.h"
#include "moe/Dialect/MoE/MoE.h"
#include "moe/Transforms/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringExtras.h"

namespace moe {
#define GEN_PASS_DEF_VERIFYGRAPHPASS
#define GEN_PASS_DEF_VERIFYMOEPASS
#define GEN_PASS_DEF_VERIFYTARGETPASS
#define GEN_PASS_DEF_VERIFYTILEPASS
#include "moe/Transforms/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;

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

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

/// Requires the op that made the rows of `op` to be on its plan and to have
/// weights multiply at the same place. Each of the three ops of a layer does
/// its share of that, so two places multiply twice or not at all.
template <typename Consumer, typename Producer>
static LogicalResult verifyAgreement(Consumer op, Producer producer) {
  if (!producer)
    return success();
  auto explain = [&](InFlightDiagnostic diagnostic) -> LogicalResult {
    diagnostic.attachNote(producer.getLoc()) << "rows made here";
    return diagnostic;
  };
  StringRef name = Producer::getOperationName();
  if (op.getPlan() != producer.getPlan())
    return explain(op.emitOpError("requires its plan to be that of '")
                   << name << "'");
  if (op.getApply() != producer.getApply())
    return explain(op.emitOpError("requires 'apply' (")
                   << stringifyEnum(op.getApply()) << ") to equal that of '"
                   << name << "' (" << stringifyEnum(producer.getApply())
                   << ")");
  return success();
}

/// (R15): an id whose weight is forced to 0 computes nothing of its own, unless
/// a table lists it.
static LogicalResult verifyZeroIds(ExpertsOp op) {
  auto route = op.getPlan().getDefiningOp<RouteOp>();
  if (!route || route.getSelect().getPolicy() == Policy::Table)
    return success();
  WeightAttr weight = route.getWeight();
  for (int64_t id :
       llvm::concat<const int64_t>(weight.getZero(), weight.getExclude())) {
    ClassAttr entry = op.getTable().getClassOf(id);
    if (entry.mayHaveZeroIds())
      continue;
    InFlightDiagnostic diagnostic =
        op.emitOpError("expects zero and exclude ids in zero, copy or constant "
                       "classes, but id ")
        << id << " is of class '" << stringifyEnum(entry.getKind()) << "'";
    diagnostic.attachNote(route.getLoc()) << "its weight is set to 0 here";
    return diagnostic;
  }
  return success();
}

/// (R18): nested experts are chosen by topk or greedy_assign.
static LogicalResult verifyNested(ExpertsOp op) {
  auto route = op.getPlan().getDefiningOp<RouteOp>();
  if (!route || llvm::none_of(op.getTable().getClasses(), [](ClassAttr entry) {
        return entry.getKind() == ClassKind::Nested;
      }))
    return success();
  Policy policy = route.getSelect().getPolicy();
  if (policy == Policy::TopK || policy == Policy::GreedyAssign)
    return success();
  InFlightDiagnostic diagnostic =
      op.emitOpError("expects policy 'topk' or 'greedy_assign' with a 'nested' "
                     "class, but got '")
      << stringifyEnum(policy) << "'";
  diagnostic.attachNote(route.getLoc()) << "experts are chosen here";
  return diagnostic;
}

/// True where calls of `function` have no side effects. Of a declaration that
/// is taken for granted where it gets and gives nothing but numbers. `callers`
/// are those that led here; what calls itself might not end.
static bool isPure(FunctionOpInterface function,
                   SmallVectorImpl<Operation *> &callers) {
  if (!function || llvm::is_contained(callers, function.getOperation()))
    return false;
  if (function.isExternal()) {
    auto isNumber = [](Type type) { return type.isIntOrIndexOrFloat(); };
    return llvm::all_of(function.getArgumentTypes(), isNumber) &&
           llvm::all_of(function.getResultTypes(), isNumber);
  }
  callers.push_back(function);
  WalkResult result =
      function.getFunctionBody().walk([&](Operation *inner) -> WalkResult {
        if (auto call = dyn_cast<CallOpInterface>(inner))
          return success(isPure(
              dyn_cast_or_null<FunctionOpInterface>(call.resolveCallable()),
              callers));
        if (auto effects = dyn_cast<MemoryEffectOpInterface>(inner))
          return success(effects.hasNoEffect());
        return success(inner->hasTrait<OpTrait::IsTerminator>() ||
                       inner->hasTrait<OpTrait::HasRecursiveMemoryEffects>());
      });
  callers.pop_back();
  return !result.wasInterrupted();
}

/// (verify_moe_c3): a function that is an expert, or the activation of one, may
/// be run for any rows, in any order, or not at all. `callee` may be null.
static LogicalResult verifyCallee(Operation *op, FlatSymbolRefAttr callee,
                                  bool maybeDeclared) {
  if (!callee)
    return success();
  auto function = dyn_cast_or_null<FunctionOpInterface>(
      SymbolTable::lookupNearestSymbolFrom(op, callee));
  SmallVector<Operation *> callers;
  if (function && (maybeDeclared || !function.isExternal()) &&
      isPure(function, callers))
    return success();
  return op->emitOpError("expects a callee with a body of ops without side "
                         "effects, but got ")
         << callee;
}

static LogicalResult verifyActivation(Operation *op, BodyAttr body) {
  return verifyCallee(op, body ? body.getCallee() : FlatSymbolRefAttr(),
                      /*maybeDeclared=*/true);
}

static LogicalResult verifyCallees(ExpertsOp op) {
  for (ClassAttr entry : op.getTable().getClasses()) {
    if (failed(verifyCallee(op, entry.getCallee(), /*maybeDeclared=*/false)) ||
        failed(verifyActivation(op, entry.getBody())))
      return failure();
    if (!entry.getCallee())
      continue;
    auto function = cast<FunctionOpInterface>(
        SymbolTable::lookupNearestSymbolFrom(op, entry.getCallee()));
    std::string why = whyNotRowLocal(function);
    if (why.empty())
      continue;
    InFlightDiagnostic diagnostic =
        op.emitOpError("expects a callee that makes each row of the same row "
                       "alone, but in ")
        << entry.getCallee() << " " << why;
    diagnostic.attachNote(function.getLoc()) << "function defined here";
    return diagnostic;
  }
  return success();
}

/// (verify_moe_c4), (R11): statistics that nobody could make, and a loss for a
/// load that is even by force.
static LogicalResult verifyStatistics(PlanStatsOp op) {
  auto route = op.getPlan().getDefiningOp<RouteOp>();
  if (op.getStage() == StatsStage::Before && !route)
    return op.emitOpError("expects 'stage <before>' of the plan of a "
                          "'moe.route', but got another plan");
  if (!route || route.getSelect().getPolicy() != Policy::BalancedAssign)
    return success();
  for (Operation *user : op->getUsers()) {
    if (!isa<AuxLossOp>(user))
      continue;
    InFlightDiagnostic diagnostic = user->emitOpError(
        "expects statistics of a route that balances nothing itself, but got "
        "those of 'balanced_assign'");
    diagnostic.attachNote(route.getLoc()) << "units are assigned here";
    return diagnostic;
  }
  return success();
}

/// What relates the ops of one layer. No verifier of an op may look at another
/// op, so it is checked here, wherever both are in sight.
static LogicalResult verifyLayers(Operation *root) {
  WalkResult result = root->walk([](Operation *op) -> WalkResult {
    if (auto experts = dyn_cast<ExpertsOp>(op)) {
      if (failed(verifyZeroIds(experts)) || failed(verifyNested(experts)) ||
          failed(verifyCallees(experts)))
        return WalkResult::interrupt();
      return verifyAgreement(experts,
                             experts.getInput().getDefiningOp<DispatchOp>());
    }
    if (auto ffn = dyn_cast<FfnOp>(op))
      return verifyActivation(op, ffn.getBody());
    if (auto merged = dyn_cast<ApplyMergedOp>(op))
      return verifyActivation(op, merged.getExperts().getBody());
    if (auto stats = dyn_cast<PlanStatsOp>(op))
      return verifyStatistics(stats);
    if (auto combine = dyn_cast<CombineOp>(op))
      return verifyAgreement(combine,
                             combine.getRows().getDefiningOp<ExpertsOp>());
    return WalkResult::advance();
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
    if (failed(verifyLevel(getOperation(), level)) ||
        failed(verifyLayers(getOperation())))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

struct VerifyTile : moe::impl::VerifyTilePassBase<VerifyTile> {
  void runOnOperation() override {
    Level level{"tile",
                {"func", "moe_tile", "moe_support", "linalg", "tensor",
                 "memref", "vector", "bufferization", "arith", "math", "scf"},
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
