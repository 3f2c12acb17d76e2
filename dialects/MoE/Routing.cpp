// moe.logits and moe.route: verifiers and canonicalisations.
#include "moe/Dialect/MoE/MoE.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace moe;

/// True where two sizes cannot differ at run time as far as the types tell.
static bool compatible(int64_t a, int64_t b) {
  return ShapedType::isDynamic(a) || ShapedType::isDynamic(b) || a == b;
}

//===----------------------------------------------------------------------===//
// LogitsOp
//===----------------------------------------------------------------------===//

LogicalResult LogitsOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  auto matrix = cast<RankedTensorType>(getMatrix().getType());
  auto result = cast<RankedTensorType>(getType());
  // (logits_c1)
  if (!compatible(input.getDimSize(1), matrix.getDimSize(1)))
    return emitOpError("requires the width of 'input' (")
           << input.getDimSize(1) << ") to equal that of 'matrix' ("
           << matrix.getDimSize(1) << ")";
  if (!compatible(result.getDimSize(0), input.getDimSize(0)) ||
      !compatible(result.getDimSize(1), matrix.getDimSize(0)))
    return emitOpError("requires the result (")
           << result << ") to have a row per row of 'input' (" << input
           << ") and a column per row of 'matrix' (" << matrix << ")";
  int64_t experts = result.getDimSize(1);
  if (getBias() &&
      !compatible(cast<ShapedType>(getBias().getType()).getDimSize(0), experts))
    return emitOpError("requires 'bias' (")
           << getBias().getType() << ") to have one element per expert ("
           << experts << ")";
  if (getOffset() &&
      !compatible(cast<ShapedType>(getOffset().getType()).getShape().back(),
                  experts))
    return emitOpError("requires 'offset' (")
           << getOffset().getType() << ") to have one column per expert ("
           << experts << ")";
  // (logits_c2)
  if (getSoftcap() && !(getSoftcap()->convertToDouble() > 0))
    return emitOpError("expects a positive 'softcap', but got ")
           << getSoftcap()->convertToDouble();
  if (!(getTemperature().convertToDouble() > 0))
    return emitOpError("expects a positive 'temperature', but got ")
           << getTemperature().convertToDouble();
  return success();
}

//===----------------------------------------------------------------------===//
// RouteOp
//===----------------------------------------------------------------------===//

/// Checks that `operand`, where present, has `columns` elements in its last
/// dimension.
static LogicalResult verifyColumns(RouteOp op, Value operand, StringRef name,
                                   int64_t columns, StringRef what) {
  if (!operand)
    return success();
  int64_t last = cast<ShapedType>(operand.getType()).getShape().back();
  if (!compatible(last, columns))
    return op.emitOpError("requires the last dimension of '")
           << name << "' (" << last << ") to equal the number of " << what
           << " (" << columns << ")";
  return success();
}

/// (R1): group counts divide E and what is picked exists.
static LogicalResult verifyGroups(RouteOp op, int64_t experts) {
  auto divides = [&](int64_t groups, StringRef what) -> LogicalResult {
    if (experts % groups == 0)
      return success();
    return op.emitOpError("requires the number of experts (")
           << experts << ") to be a multiple of the " << what << " (" << groups
           << ")";
  };
  SelectAttr select = op.getSelect();
  int64_t selectable = experts;
  if (op.getScore().getOver() == ScoreOver::Group &&
      failed(divides(op.getScore().getGroups(), "score groups")))
    return failure();
  if (GroupFilterAttr filter = op.getGroupFilterAttr()) {
    if (failed(divides(filter.getGroups(), "filter groups")))
      return failure();
    int64_t size = experts / filter.getGroups();
    if (filter.getSumTop() > size)
      return op.emitOpError("requires the summed keys (")
             << filter.getSumTop() << ") to be at most the group size (" << size
             << ")";
    if (filter.getFill() == GroupFill::NegInf)
      selectable = filter.getKeep() * size;
  }
  if (select.getPolicy() == Policy::TopK && select.getK() > selectable)
    return op.emitOpError("selects k = ")
           << select.getK() << " experts, but only " << selectable
           << " can be selected";
  if (select.getPolicy() == Policy::TopKPerGroup) {
    if (failed(divides(select.getGroups(), "selection groups")))
      return failure();
    int64_t size = experts / select.getGroups();
    if (select.getK() > size)
      return op.emitOpError("selects k = ")
             << select.getK() << " experts of each group, but a group has only "
             << size;
  }
  return success();
}

LogicalResult RouteOp::verify() {
  PlanType plan = getPlan().getType();
  int64_t experts = cast<ShapedType>(getLogits().getType()).getDimSize(1);
  SelectAttr select = getSelect();
  WeightAttr weight = getWeight();
  // (route_c1)
  if (ShapedType::isDynamic(experts))
    return emitOpError("expects a static number of expert columns, but got ")
           << getLogits().getType();
  if (plan.getExperts() != experts)
    return emitOpError("requires the plan's experts (")
           << plan.getExperts() << ") to equal the expert columns of 'logits' ("
           << experts << ")";
  if (failed(verifyGroups(*this, experts)))
    return failure();
  if (plan.getSlots() != select.getSlots(experts))
    return emitOpError("requires the plan's slots (")
           << plan.getSlots() << ") to equal the selected experts ("
           << select.getSlots(experts) << ")";
  if (plan.getWeight() != weight.getDtype())
    return emitOpError("requires the plan's weight type (")
           << plan.getWeight() << ") to equal that of 'weight' ("
           << weight.getDtype() << ")";
  if (failed(verifyColumns(*this, getKeyOffset(), "key_offset", experts,
                           "experts")) ||
      failed(verifyColumns(*this, getAllow(), "allow", experts, "experts")) ||
      failed(verifyColumns(*this, getScoreGain(), "score_gain", experts,
                           "experts")) ||
      failed(verifyColumns(*this, getWeightSource(), "weight_source", experts,
                           "experts")) ||
      failed(verifyColumns(*this, getExpertScale(), "expert_scale", experts,
                           "experts")) ||
      failed(verifyColumns(*this, getAlwaysWeights(), "always_weights",
                           plan.getAlways(), "always-on ids")))
    return failure();
  for (int64_t id :
       llvm::concat<const int64_t>(weight.getZero(), weight.getExclude()))
    if (id >= experts)
      return emitOpError("requires zero and exclude ids (")
             << id << ") to be below the number of experts (" << experts << ")";
  // (route_c2)
  if (getScoreGain() && getScore().getPost() != ScorePost::RmsNorm)
    return emitOpError("expects 'score_gain' with 'post = rmsnorm' alone");
  if (static_cast<bool>(getWeightSource()) !=
      (weight.getSource() == WeightSource::Operand))
    return emitOpError(
        "expects 'weight_source' with weight source 'operand' alone");
  // (R2)
  if (select.getPolicy() == Policy::TopKPerGroup && getGroupFilterAttr())
    return emitOpError("expects no 'group_filter' with 'topk_per_group'");
  // (R8)
  if (weight.getNorm() == WeightNorm::Sum) {
    bool fromScores = weight.getSource() == WeightSource::Scores ||
                      (weight.getSource() == WeightSource::Key &&
                       select.getKey() == Key::Scores && !getKeyOffset());
    bool nonNegative = weight.getSource() == WeightSource::One ||
                       weight.getSource() == WeightSource::Operand ||
                       (fromScores && getScore().isNonNegative());
    if (!nonNegative)
      return emitOpError("expects a weight source that cannot be negative with "
                         "'norm = sum', but got '")
             << stringifyEnum(weight.getSource()) << "' of score '"
             << stringifyEnum(getScore().getFn()) << "'";
  }
  // (R29)
  if (getKeyOffset() && select.getKeyDtype().getWidth() < 32)
    return emitOpError("requires 'key_dtype' (")
           << select.getKeyDtype()
           << ") to be at least f32 where 'key_offset' is added";
  // (R7)
  if (weight.getNorm() == WeightNorm::Softmax &&
      weight.getSource() == WeightSource::Scores &&
      getScore().getFn() == ScoreFn::Softmax)
    emitWarning("'moe.route' op normalises softmax scores by a second softmax");
  // (R9)
  if (getScore().getPost() == ScorePost::RmsNorm &&
      (weight.getNorm() == WeightNorm::Sum ||
       weight.getNorm() == WeightNorm::Softmax))
    emitWarning("'moe.route' op normalises weights of scores that 'post = "
                "rmsnorm' has normalised");
  // (R10)
  if (weight.getSource() == WeightSource::Key && getKeyOffset())
    emitWarning("'moe.route' op weighs with keys that include 'key_offset'");
  return success();
}

namespace {

/// C4: the sum of the one largest key is the maximum.
struct RouteSumOfOneIsMax : OpRewritePattern<RouteOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(RouteOp op,
                                PatternRewriter &rewriter) const override {
    GroupFilterAttr filter = op.getGroupFilterAttr();
    if (!filter || filter.getSumTop() != 1)
      return rewriter.notifyMatchFailure(op, "no sum_top(1)");
    rewriter.modifyOpInPlace(op, [&] {
      op.setGroupFilterAttr(
          GroupFilterAttr::get(op.getContext(), filter.getGroups(),
                               filter.getKeep(), 0, filter.getFill()));
    });
    return success();
  }
};

/// C5: filling with 0 instead of −∞ changes nothing where at least k kept keys
/// are above 0. Softmax scores without an offset are, unless they underflow or
/// are masked, so the kept groups must offer k and nothing may mask.
struct RouteZeroFillIsNegInf : OpRewritePattern<RouteOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(RouteOp op,
                                PatternRewriter &rewriter) const override {
    GroupFilterAttr filter = op.getGroupFilterAttr();
    if (!filter || filter.getFill() != GroupFill::Zero)
      return rewriter.notifyMatchFailure(op, "no zero fill");
    SelectAttr select = op.getSelect();
    if (op.getKeyOffset() || op.getAllow() || select.getKey() != Key::Scores ||
        op.getScore().getFn() != ScoreFn::Softmax ||
        op.getScore().getPost() != ScorePost::None)
      return rewriter.notifyMatchFailure(op, "keys may be 0 or negative");
    int64_t size = op.getPlan().getType().getExperts() / filter.getGroups();
    if (select.getPolicy() != Policy::TopK ||
        select.getK() > filter.getKeep() * size)
      return rewriter.notifyMatchFailure(op, "kept groups offer fewer than k");
    rewriter.modifyOpInPlace(op, [&] {
      op.setGroupFilterAttr(GroupFilterAttr::get(
          op.getContext(), filter.getGroups(), filter.getKeep(),
          filter.getSumTop(), GroupFill::NegInf));
    });
    return success();
  }
};

/// R21: without capacity nothing is dropped between selection and
/// normalisation.
struct RouteNormAfterNothing : OpRewritePattern<RouteOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(RouteOp op,
                                PatternRewriter &rewriter) const override {
    WeightAttr weight = op.getWeight();
    if (weight.getWhen() != NormWhen::After)
      return rewriter.notifyMatchFailure(op, "normalises before capacity");
    rewriter.modifyOpInPlace(op, [&] {
      op.setWeightAttr(WeightAttr::get(
          op.getContext(), weight.getSource(), weight.getZero(),
          weight.getExclude(), weight.getNorm(), weight.getNormValue(),
          weight.getEpsMode(), weight.getMinK(), NormWhen::Before,
          weight.getScale(), weight.getDtype(), weight.getGrad()));
    });
    return success();
  }
};

/// R5: a softmax over the weights of all experts is the softmax score.
struct RouteSoftmaxOfAll : OpRewritePattern<RouteOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(RouteOp op,
                                PatternRewriter &rewriter) const override {
    WeightAttr weight = op.getWeight();
    if (op.getSelect().getPolicy() != Policy::All ||
        weight.getNorm() != WeightNorm::Softmax ||
        weight.getSource() != WeightSource::Logits || op.getAllow() ||
        !weight.getExclude().empty() || !weight.getZero().empty() ||
        weight.getMinK() > op.getPlan().getType().getExperts())
      return rewriter.notifyMatchFailure(op, "no softmax over all logits");
    if (op.getSelect().getKey() == Key::Scores &&
        op.getScore().getFn() != ScoreFn::Identity)
      return rewriter.notifyMatchFailure(op, "the score decides what is -inf");
    rewriter.modifyOpInPlace(op, [&] {
      MLIRContext *context = op.getContext();
      op.setScoreAttr(ScoreAttr::get(context, ScoreFn::Softmax));
      op.setWeightAttr(WeightAttr::get(
          context, WeightSource::Scores, {}, {}, WeightNorm::None, FloatAttr(),
          EpsMode::Add, 1, weight.getWhen(), weight.getScale(),
          weight.getDtype(), weight.getGrad()));
    });
    return success();
  }
};

} // namespace

void RouteOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                          MLIRContext *context) {
  patterns.add<RouteSumOfOneIsMax, RouteZeroFillIsNegInf, RouteNormAfterNothing,
               RouteSoftmaxOfAll>(context);
}
