// moe-simplify-routing: the rewrites of routes, and the pass that runs them and
// those of experts (SimplifyExperts.cpp).
#include "SimplifyRouting.h"
#include "moe/Dialect/Support/MoESupport.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace moe {
#define GEN_PASS_DEF_SIMPLIFYROUTINGPASS
#include "moe/Transforms/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;
using namespace moe::detail;

static remark::RemarkOpts remarkOf(StringRef rule) {
  return remark::RemarkOpts::name(rule).category("moe-simplify-routing");
}

void moe::detail::reportSimplified(Operation *op, StringRef rule,
                                   StringRef what) {
  remark::passed(op->getLoc(), remarkOf(rule)) << what;
}

void moe::detail::reportKept(Operation *op, StringRef rule, StringRef reason) {
  remark::missed(op->getLoc(), remarkOf(rule)) << reason;
}

//===----------------------------------------------------------------------===//
// Facts about scores
//===----------------------------------------------------------------------===//

/// Strictly increasing in the own logit, whatever the others are.
static bool isStrictlyIncreasing(ScoreFn fn) {
  switch (fn) {
  case ScoreFn::Sigmoid:
  case ScoreFn::SqrtSoftplus:
  case ScoreFn::Softplus:
  case ScoreFn::Exp:
    return true;
  case ScoreFn::Identity:
  case ScoreFn::Softmax:
  case ScoreFn::Relu:
  case ScoreFn::Entmax15:
    return false;
  }
  llvm_unreachable("every score function is listed");
}

/// Above 0 for every finite logit.
static bool isPositive(ScoreFn fn) {
  return fn == ScoreFn::Softmax || isStrictlyIncreasing(fn);
}

static bool atLeastF32(FloatType type) { return type.getWidth() >= 32; }

/// Rounding to less than f32 makes ties (and zeros) that real arithmetic has
/// not; a rewrite that moves the comparison would move them.
static bool roundsBelowF32(RouteOp op) {
  return !atLeastF32(op.getScore().getDtype()) ||
         !atLeastF32(op.getScore().getRoundTo()) ||
         !atLeastF32(op.getSelect().getKeyDtype());
}

/// True where an offset of the logits may be a mask of -inf. Such a logit has a
/// score of 0, which is selected where -inf is not.
static bool mayBeMasked(RouteOp op) {
  auto logits = op.getLogits().getDefiningOp<LogitsOp>();
  return logits && logits.getOffset();
}

static constexpr StringLiteral masked = "an offset may make logits -inf";

static bool isTopK(Policy policy) {
  return policy == Policy::TopK || policy == Policy::TopKPerGroup;
}

//===----------------------------------------------------------------------===//
// C5: fill with -inf
//===----------------------------------------------------------------------===//

/// Filled keys of 0 are not selected where at least k kept ones are above 0;
/// (R1) sees to it that the kept groups have k.
static void fillWithNegInf(RouteOp op, RewriterBase &rewriter) {
  constexpr StringLiteral rule = "C5";
  GroupFilterAttr filter = op.getGroupFilterAttr();
  if (!filter || filter.getFill() != GroupFill::Zero)
    return;
  if (op.getKeyOffset())
    return reportKept(op, rule, "a key offset may make keys negative");
  if (op.getAllow())
    return reportKept(op, rule, "a mask may leave fewer than k kept keys");
  if (mayBeMasked(op))
    return reportKept(op, rule, masked);
  if (op.getSelect().getKey() != moe::Key::Scores ||
      !isPositive(op.getScore().getFn()))
    return reportKept(op, rule, "keys may be 0 or negative");
  if (op.getScore().getPost() != ScorePost::None)
    return reportKept(op, rule, "scores are normalised after their function");
  if (op.getSelect().getPolicy() != Policy::TopK)
    return reportKept(op, rule, "the policy selects keys of 0");
  if (roundsBelowF32(op))
    return reportKept(op, rule, "keys below f32 may round to 0");
  rewriter.modifyOpInPlace(op, [&] {
    op.setGroupFilterAttr(GroupFilterAttr::get(
        op.getContext(), filter.getGroups(), filter.getKeep(),
        filter.getSumTop(), GroupFill::NegInf));
  });
  reportSimplified(op, rule, "filtered keys become -inf");
}

//===----------------------------------------------------------------------===//
// C1: softmax of the picks
//===----------------------------------------------------------------------===//

/// Why keys may not move between softmax scores and logits; empty where they
/// may.
static StringRef whyKeysStay(RouteOp op) {
  GroupFilterAttr filter = op.getGroupFilterAttr();
  if (op.getCapacityAttr())
    return "capacity looks at keys and weights";
  if (op.getScores())
    return "the scores are a result";
  if (op.getKeyOffset())
    return "a key offset is added to the keys";
  if (op.getAllow())
    return "a mask may leave scores that are all 0";
  if (mayBeMasked(op))
    return masked;
  if (filter && filter.getSumTop() > 1)
    return "groups are scored by sums of keys";
  if (filter && filter.getFill() == GroupFill::Zero)
    return "filtered keys become 0";
  if (roundsBelowF32(op))
    return "scores or keys are rounded below f32";
  return {};
}

static StringRef whyWeightsStay(RouteOp op) {
  WeightAttr weight = op.getWeight();
  if (!weight.getZero().empty() || !weight.getExclude().empty())
    return "some ids weigh nothing";
  if (weight.getGrad() == WeightGrad::StopNorm)
    return "the denominator is detached";
  return {};
}

/// The same weight without its norm's fields, which the caller gives.
static WeightAttr withNorm(WeightAttr weight, WeightSource source,
                           WeightNorm norm) {
  MLIRContext *context = weight.getContext();
  FloatAttr value;
  if (norm == WeightNorm::Sum)
    value = FloatAttr::get(Float64Type::get(context), 0.0);
  return WeightAttr::get(context, source, {}, {}, norm, value, EpsMode::Add, 1,
                         weight.getWhen(), weight.getScale(), weight.getDtype(),
                         weight.getGrad());
}

/// Softmax, then top k, then division by the sum: the softmax of the k logits.
/// The largest score is at least 1/E, so an epsilon far below 1/E only rounds.
static void normalisePicks(RouteOp op, RewriterBase &rewriter) {
  constexpr StringLiteral rule = "C1";
  ScoreAttr score = op.getScore();
  WeightAttr weight = op.getWeight();
  if (score.getFn() != ScoreFn::Softmax ||
      weight.getNorm() != WeightNorm::Sum ||
      weight.getSource() != WeightSource::Scores ||
      !isTopK(op.getSelect().getPolicy()))
    return;
  if (score.getOver() != ScoreOver::Experts)
    return reportKept(op, rule, "the softmax is not over the experts");
  if (score.getPost() != ScorePost::None)
    return reportKept(op, rule, "scores are normalised after their function");
  if (StringRef why = whyKeysStay(op); !why.empty())
    return reportKept(op, rule, why);
  if (StringRef why = whyWeightsStay(op); !why.empty())
    return reportKept(op, rule, why);
  PlanType plan = op.getPlan().getType();
  if (weight.getMinK() > plan.getSlots())
    return reportKept(op, rule, "too few entries to be normalised");
  if (weight.getNormValueOr(0.0) * plan.getExperts() > 1e-9)
    return reportKept(op, rule, "the epsilon is not negligible");
  rewriter.modifyOpInPlace(op, [&] {
    op.setScoreAttr(ScoreAttr::get(op.getContext(), ScoreFn::Identity));
    op.setSelectAttr(op.getSelect().withKey(moe::Key::Logits));
    op.setWeightAttr(
        withNorm(weight, WeightSource::Logits, WeightNorm::Softmax));
  });
  reportSimplified(op, rule, "the softmax moves to the picked logits");
}

/// The way back.
static void normaliseScores(RouteOp op, RewriterBase &rewriter) {
  constexpr StringLiteral rule = "C1";
  ScoreAttr score = op.getScore();
  SelectAttr select = op.getSelect();
  WeightAttr weight = op.getWeight();
  bool selectsOnLogits = select.getKey() == moe::Key::Logits ||
                         (score.getFn() == ScoreFn::Identity &&
                          score.getPost() == ScorePost::None);
  if (weight.getNorm() != WeightNorm::Softmax ||
      weight.getSource() != WeightSource::Logits || !isTopK(select.getPolicy()))
    return;
  if (!selectsOnLogits)
    return reportKept(op, rule, "keys are scores of another function");
  if (op.isLazy())
    return reportKept(op, rule, "lazy logits have no softmax over all experts");
  if (StringRef why = whyKeysStay(op); !why.empty())
    return reportKept(op, rule, why);
  if (StringRef why = whyWeightsStay(op); !why.empty())
    return reportKept(op, rule, why);
  if (weight.getMinK() > 1)
    return reportKept(op, rule, "short lists are not normalised");
  rewriter.modifyOpInPlace(op, [&] {
    op.setScoreAttr(ScoreAttr::get(op.getContext(), ScoreFn::Softmax));
    op.getScoreGainMutable().clear();
    op.setSelectAttr(select.withKey(moe::Key::Scores));
    op.setWeightAttr(withNorm(weight, WeightSource::Scores, WeightNorm::Sum));
  });
  reportSimplified(op, rule, "the softmax moves to all experts");
}

//===----------------------------------------------------------------------===//
// C2: select on logits
//===----------------------------------------------------------------------===//

static void selectOnLogits(RouteOp op, RewriterBase &rewriter) {
  constexpr StringLiteral rule = "C2";
  SelectAttr select = op.getSelect();
  if (select.getKey() != moe::Key::Scores || !isTopK(select.getPolicy()) ||
      !isStrictlyIncreasing(op.getScore().getFn()))
    return;
  if (op.getScore().getPost() != ScorePost::None)
    return reportKept(op, rule, "scores are normalised after their function");
  GroupFilterAttr filter = op.getGroupFilterAttr();
  if (op.getCapacityAttr())
    return reportKept(op, rule, "capacity looks at keys");
  if (op.getKeyOffset())
    return reportKept(op, rule, "a key offset is added to the scores");
  if (mayBeMasked(op))
    return reportKept(op, rule, masked);
  if (filter && filter.getSumTop() > 1)
    return reportKept(op, rule, "groups are scored by sums of keys");
  if (filter && filter.getFill() == GroupFill::Zero)
    return reportKept(op, rule, "filtered keys become 0");
  if (op.getWeight().getSource() == WeightSource::Key)
    return reportKept(op, rule, "keys are the weights");
  if (roundsBelowF32(op))
    return reportKept(op, rule, "scores or keys are rounded below f32");
  rewriter.modifyOpInPlace(
      op, [&] { op.setSelectAttr(select.withKey(moe::Key::Logits)); });
  reportSimplified(op, rule, "the selection compares logits");
}

//===----------------------------------------------------------------------===//
// C20: a bound that no sum of probabilities reaches
//===----------------------------------------------------------------------===//

/// Probabilities sum to 1 up to rounding, so a p clearly above 1 takes every
/// candidate. Their slots become their ids, which nothing but the order of a
/// sum and the choices of a capacity can tell.
static void takeAll(RouteOp op, RewriterBase &rewriter) {
  constexpr StringLiteral rule = "C20";
  SelectAttr select = op.getSelect();
  if (select.getPolicy() != Policy::TopP ||
      !(select.getValue().getValueAsDouble() > 1.0))
    return;
  if (select.getValue().getValueAsDouble() < 1.001)
    return reportKept(op, rule, "rounded sums may reach the bound");
  if (op.choosesByGivenSums())
    return reportKept(op, rule, "sums of logits are known at run time alone");
  if (select.getK() != 0)
    return reportKept(op, rule, "the list is bounded");
  if (op.getKeyOffset())
    return reportKept(op, rule, "a key offset is added to the keys");
  if (op.getCapacityAttr())
    return reportKept(op, rule, "capacity looks at slots");
  if (select.getFallback() != Fallback::None)
    return reportKept(op, rule, "a fallback may add an expert");
  rewriter.modifyOpInPlace(op, [&] {
    op.setSelectAttr(SelectAttr::get(
        op.getContext(), Policy::All, 0, 1, select.getKey(),
        select.getKeyDtype(), Fallback::None, FloatAttr(), Boundary::Include,
        CountAttr(), ArrayRef<int64_t>(), ArrayRef<int64_t>()));
  });
  reportSimplified(op, rule, "every allowed expert is selected");
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

/// Visits each op once, in program order, rule after rule: every rule only
/// enables later ones, so there is no fixpoint to look for. Linear in the ops
/// and in the sizes of the weight expressions.
struct SimplifyRouting final
    : moe::impl::SimplifyRoutingPassBase<SimplifyRouting> {
  using SimplifyRoutingPassBase::SimplifyRoutingPassBase;

  /// Applies `simplify` to every op of a type that is there when it starts. It
  /// may erase its own op and earlier ones.
  template <typename OpTy>
  void forEach(llvm::function_ref<void(OpTy)> simplify) {
    SmallVector<OpTy> ops;
    getOperation()->walk([&](OpTy op) { ops.push_back(op); });
    llvm::for_each(ops, simplify);
  }

  template <typename OpTy>
  void eraseDead(RewriterBase &rewriter) {
    forEach<OpTy>([&](OpTy op) {
      if (isOpTriviallyDead(op))
        rewriter.eraseOp(op);
    });
  }

  void forEachSum(llvm::function_ref<void(Operation *)> simplify) {
    SmallVector<Operation *> sums;
    getOperation()->walk([&](Operation *op) {
      if (isSum(op))
        sums.push_back(op);
    });
    llvm::for_each(sums, simplify);
  }

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    forEach<RouteOp>([&](RouteOp op) {
      op.emitWarnings();
      fillWithNegInf(op, rewriter);
      if (softmax == SoftmaxForm::Picks)
        normalisePicks(op, rewriter);
      if (softmax == SoftmaxForm::Scores)
        normaliseScores(op, rewriter);
      selectOnLogits(op, rewriter);
      takeAll(op, rewriter);
      scoreSelectedColumns(op, rewriter);
    });
    forEach<CombineOp>([&](CombineOp op) { sinkExpansion(op, rewriter); });
    if (renumber)
      forEach<RemapOp>([&](RemapOp op) { renumberExperts(op, rewriter); });
    if (apply != ApplyForm::Keep)
      forEach<CombineOp>([&](CombineOp op) {
        moveWeights(op,
                    apply == ApplyForm::Hidden ? Apply::Hidden : Apply::Output,
                    rewriter);
      });
    if (shared == SharedForm::Ffn)
      forEach<ExpertsOp>(
          [&](ExpertsOp op) { inlineSharedExperts(op, rewriter); });
    if (shared == SharedForm::Table)
      forEachSum([&](Operation *op) { absorbSharedExpert(op, rewriter); });
    if (mergeShared) {
      forEach<ExpertsOp>(
          [&](ExpertsOp op) { mergeAlwaysOnClasses(op, rewriter); });
      forEachSum([&](Operation *op) { mergeSharedExperts(op, rewriter); });
    }
    if (std::optional<Storage> target = getStorage()) {
      forEach<ExpertsOp>(
          [&](ExpertsOp op) { changeStorage(op, *target, rewriter); });
      forEach<FfnOp>([&](FfnOp op) { changeStorage(op, *target, rewriter); });
    }
    if (scale == ScaleForm::Weights)
      forEach<ExpertsOp>([&](ExpertsOp op) { foldScales(op, rewriter); });
    if (parameterFree)
      forEach<CombineOp>(
          [&](CombineOp op) { dropParameterFree(op, rewriter); });
    if (loraBase == BaseForm::Units)
      forEach<ExpertsOp>([&](ExpertsOp op) { multiplyBaseOnce(op, rewriter); });
    eraseDead<DequantOp>(rewriter);
    eraseDead<support::WeightOp>(rewriter);
  }

  std::optional<Storage> getStorage() const {
    switch (storage.getValue()) {
    case StorageForm::Keep:
      return std::nullopt;
    case StorageForm::Split:
      return Storage::Split;
    case StorageForm::ConcatGateUp:
      return Storage::ConcatGateUp;
    case StorageForm::ConcatUpGate:
      return Storage::ConcatUpGate;
    case StorageForm::Interleaved:
      return Storage::Interleaved;
    }
    llvm_unreachable("every storage is listed");
  }
};

} // namespace
