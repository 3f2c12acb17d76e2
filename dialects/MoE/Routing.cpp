// moe.logits and moe.route: verifiers and canonicalisations.
#include "Shapes.h"
#include "moe/Dialect/MoE/MoE.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace moe;
using moe::detail::compatible;

//===----------------------------------------------------------------------===//
// LogitsOp
//===----------------------------------------------------------------------===//

/// (logits_c3): what belongs to one form alone.
static LogicalResult verifyForm(LogitsOp op) {
  bool cosine = op.getForm() == LogitsForm::Cosine;
  auto belongs = [&](bool given, StringRef name, StringRef to,
                     bool there) -> LogicalResult {
    if (!given || there)
      return success();
    return op.emitOpError("expects '") << name << "' with " << to << " alone";
  };
  return success(
      succeeded(belongs(static_cast<bool>(op.getBias()), "bias",
                        "'form <linear>'", !cosine)) &&
      succeeded(belongs(static_cast<bool>(op.getProjection()), "projection",
                        "'form <cosine>'", cosine)) &&
      succeeded(belongs(static_cast<bool>(op.getLogScale()), "log_scale",
                        "'form <cosine>'", cosine)) &&
      succeeded(belongs(static_cast<bool>(op.getProjectionBias()),
                        "projection_bias", "a 'projection'",
                        static_cast<bool>(op.getProjection()))) &&
      succeeded(belongs(op.getMaxLogScale().has_value(), "max_log_scale",
                        "a 'log_scale'", static_cast<bool>(op.getLogScale()))));
}

LogicalResult LogitsOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  auto matrix = cast<RankedTensorType>(getMatrix().getType());
  auto result = cast<RankedTensorType>(getType());
  // (logits_c1)
  int64_t width = input.getDimSize(1);
  if (getProjection()) {
    auto projection = cast<RankedTensorType>(getProjection().getType());
    if (!compatible(width, projection.getDimSize(1)))
      return emitOpError("requires the width of 'input' (")
             << width << ") to equal that of 'projection' ("
             << projection.getDimSize(1) << ")";
    width = projection.getDimSize(0);
    if (getProjectionBias() &&
        !compatible(
            cast<ShapedType>(getProjectionBias().getType()).getDimSize(0),
            width))
      return emitOpError("requires 'projection_bias' (")
             << getProjectionBias().getType()
             << ") to have one element per row of 'projection' (" << width
             << ")";
  }
  if (!compatible(width, matrix.getDimSize(1)))
    return emitOpError("requires the width of ")
           << (getProjection() ? "the projected input" : "'input'") << " ("
           << width << ") to equal that of 'matrix' (" << matrix.getDimSize(1)
           << ")";
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
  if (getOffset()) {
    auto offset = cast<RankedTensorType>(getOffset().getType());
    if (!compatible(offset.getShape().back(), experts) ||
        (offset.getRank() == 2 &&
         !compatible(offset.getDimSize(0), input.getDimSize(0))))
      return emitOpError("requires 'offset' (")
             << offset << ") to have the columns, and with rank 2 the rows, of "
             << "the result (" << result << ")";
  }
  // (logits_c2)
  if (getSoftcap() && !(getSoftcap()->convertToDouble() > 0))
    return emitOpError("expects a positive 'softcap', but got ")
           << getSoftcap()->convertToDouble();
  if (!(getTemperature().convertToDouble() > 0))
    return emitOpError("expects a positive 'temperature', but got ")
           << getTemperature().convertToDouble();
  // (logits_c3)
  if (failed(verifyForm(*this)))
    return failure();
  // (logits_c4)
  if (getAcc() && getAcc()->getIntOrFloatBitWidth() < 32)
    return emitOpError("requires 'acc' (")
           << *getAcc() << ") to be at least as wide as f32";
  return success();
}

//===----------------------------------------------------------------------===//
// RouteOp
//===----------------------------------------------------------------------===//

/// Checks that `operand`, where present, has `columns` elements in its last
/// dimension and, where it has two, the rows of `logits`.
static LogicalResult verifyShape(RouteOp op, Value operand, StringRef name,
                                 int64_t columns, StringRef what) {
  if (!operand)
    return success();
  ArrayRef<int64_t> shape = cast<ShapedType>(operand.getType()).getShape();
  if (!compatible(shape.back(), columns))
    return op.emitOpError("requires the last dimension of '")
           << name << "' (" << shape.back() << ") to equal the number of "
           << what << " (" << columns << ")";
  int64_t rows = cast<ShapedType>(op.getLogits().getType()).getDimSize(0);
  if (shape.size() == 2 && !compatible(shape.front(), rows))
    return op.emitOpError("requires the rows of '")
           << name << "' (" << shape.front()
           << ") to equal the rows of 'logits' (" << rows << ")";
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
    selectable = filter.getKeep() * size;
  }
  bool picks = select.getPolicy() == Policy::TopK ||
               select.getPolicy() == Policy::SparseMixer;
  if (picks && select.getK() > selectable)
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

/// (R7), (R8): a norm's domain holds what the source can be.
static LogicalResult verifyNorm(RouteOp op) {
  WeightAttr weight = op.getWeight();
  ScoreAttr score = op.getScore();
  if (weight.getNorm() == WeightNorm::Softmax &&
      weight.getSource() == WeightSource::Scores &&
      score.getFn() != ScoreFn::Softmax)
    return op.emitOpError("expects source 'logits' or 'operand' with 'norm = "
                          "softmax', but got 'scores' of score '")
           << stringifyEnum(score.getFn()) << "'";
  if (weight.getNorm() != WeightNorm::Sum)
    return success();
  bool fromScores =
      weight.getSource() == WeightSource::Scores ||
      (weight.getSource() == WeightSource::Key &&
       op.getSelect().getKey() == moe::Key::Scores && !op.getKeyOffset());
  if (weight.getSource() == WeightSource::One ||
      weight.getSource() == WeightSource::Operand ||
      weight.getSource() == WeightSource::Policy ||
      (fromScores && (score.isNonNegative() || op.choosesByGivenSums())))
    return success();
  return op.emitOpError("expects a weight source that cannot be negative with "
                        "'norm = sum', but got '")
         << stringifyEnum(weight.getSource()) << "' of score '"
         << stringifyEnum(score.getFn()) << "'";
}

/// (R3), (R5), (R6), (R11), (R24): what policies ask of the other axes.
static LogicalResult verifyPolicy(RouteOp op) {
  SelectAttr select = op.getSelect();
  ScoreAttr score = op.getScore();
  WeightAttr weight = op.getWeight();
  auto excludes = [&](bool given, StringRef what) -> LogicalResult {
    if (!given)
      return success();
    return op.emitOpError("expects no ")
           << what << " with policy '" << stringifyEnum(select.getPolicy())
           << "'";
  };
  bool mixes = select.getPolicy() == Policy::SparseMixer;
  bool isSoft = select.getPolicy() == Policy::SoftSlots;
  // (R3)
  if (select.isCrossUnit() &&
      (failed(excludes(static_cast<bool>(op.getGroupFilterAttr()),
                       "'group_filter'")) ||
       failed(
           excludes(static_cast<bool>(op.getCapacityAttr()), "'capacity'")) ||
       failed(excludes(weight.getWhen() == NormWhen::After, "'when = after'"))))
    return failure();
  // (R11)
  if (select.getPolicy() == Policy::BalancedAssign &&
      failed(excludes(static_cast<bool>(op.getKeyOffset()), "'key_offset'")))
    return failure();
  // (R5)
  if (select.getPolicy() == Policy::All &&
      failed(excludes(static_cast<bool>(op.getCapacityAttr()), "'capacity'")))
    return failure();
  // (R6)
  bool sumsToOne = !score.isPointwise() && score.getPost() == ScorePost::None &&
                   score.getOver() == ScoreOver::Experts &&
                   select.getKey() == moe::Key::Scores;
  if (select.getPolicy() == Policy::TopP && !sumsToOne &&
      !op.choosesByGivenSums())
    return op.emitOpError("expects keys that are scores of softmax or entmax15 "
                          "over the experts, or of 'identity', with policy "
                          "'topp'");
  // (R24)
  if ((mixes || isSoft) != (weight.getSource() == WeightSource::Policy))
    return op.emitOpError("expects weight source 'policy' with policies "
                          "'sparsemixer' and 'soft_slots' alone, but got '")
           << stringifyEnum(weight.getSource()) << "' with '"
           << stringifyEnum(select.getPolicy()) << "'";
  if (!mixes && weight.getGrad() == WeightGrad::SparseMixer)
    return op.emitOpError("expects 'grad = sparsemixer' with policy "
                          "'sparsemixer' alone, but got '")
           << stringifyEnum(select.getPolicy()) << "'";
  if (weight.getGrad() == WeightGrad::SparseMixer && select.getK() > 2)
    return op.emitOpError("requires the picks of 'sparsemixer' (")
           << select.getK() << ") to be at most 2 with 'grad = sparsemixer'";
  if (mixes && (score != ScoreAttr::get(op.getContext(), ScoreFn::Identity) ||
                select.getKey() != moe::Key::Logits))
    return op.emitOpError("expects score 'identity' and keys that are logits "
                          "with policy 'sparsemixer'");
  if (mixes &&
      (failed(excludes(weight.getNorm() != WeightNorm::None, "'norm'")) ||
       failed(excludes(static_cast<bool>(op.getGroupFilterAttr()),
                       "'group_filter'"))))
    return failure();
  return success();
}

/// (R4): a soft plan is two softmaxes of the logits and nothing else.
static LogicalResult verifySoft(RouteOp op) {
  PlanType plan = op.getPlan().getType();
  SelectAttr select = op.getSelect();
  bool isSoft = select.getPolicy() == Policy::SoftSlots;
  if (isSoft != (plan.getEncoding() == PlanEncoding::Soft) ||
      (isSoft && plan.getSize() != select.getK()))
    return op.emitOpError("expects a plan 'soft<p>' with policy "
                          "'soft_slots(p)' alone, but got ")
           << plan << " with '" << stringifyEnum(select.getPolicy()) << "'";
  if (!isSoft)
    return success();
  WeightAttr weight = op.getWeight();
  if (op.getScore() != ScoreAttr::get(op.getContext(), ScoreFn::Identity) ||
      select.getKey() != moe::Key::Logits ||
      weight.getNorm() != WeightNorm::None || !weight.getZero().empty() ||
      !weight.getExclude().empty() || weight.getScaleValue() != 1.0)
    return op.emitOpError("expects score 'identity', keys that are logits and "
                          "weights as they are with policy 'soft_slots'");
  if (op.getKeyOffset() || op.getAllow() || op.getExpertScale() ||
      op.getAlwaysWeights() || op.getScores())
    return op.emitOpError("expects no 'key_offset', 'allow', 'expert_scale', "
                          "'always_weights' and scores with policy "
                          "'soft_slots'");
  return success();
}

/// (R20), (route_c6), (route_c8): what capacity and domain ask of the others.
static LogicalResult verifyCapacity(RouteOp op) {
  CapacityAttr capacity = op.getCapacityAttr();
  WeightAttr weight = op.getWeight();
  bool rounds = capacity && capacity.getKind() == CapacityKind::TileRound;
  // (R20)
  if (rounds && op.getSelect().getPolicy() != Policy::TopK)
    return op.emitOpError("expects policy 'topk' with 'tile_round', but got '")
           << stringifyEnum(op.getSelect().getPolicy()) << "'";
  if (rounds && op.getScore().getFn() == ScoreFn::Entmax15)
    return op.emitOpError("expects softmax or a pointwise score with "
                          "'tile_round', but got 'entmax15'");
  if (rounds && (weight.getSource() != WeightSource::Scores ||
                 weight.getNorm() != WeightNorm::None ||
                 !weight.getZero().empty() || !weight.getExclude().empty()))
    return op.emitOpError("expects weights that are scores without norm, zero "
                          "or exclude ids with 'tile_round'");
  if (rounds && capacity.getMode() == TileMode::Up) {
    int64_t most = op.getMostCompeting();
    if (!ShapedType::isDynamic(most) && capacity.getTile() > most)
      return op.emitOpError("requires 'tile' (")
             << capacity.getTile() << ") to be at most the units that compete ("
             << most << ") where counts are rounded up";
  }
  // (route_c6)
  DomainAttr domain = op.getDomainAttr();
  if (domain && domain.getKind() != DomainKind::All && !capacity &&
      !op.getSelect().isCrossUnit())
    return op.emitOpError("expects a 'domain' of parts where units "
                          "compete alone, but got policy '")
           << stringifyEnum(op.getSelect().getPolicy()) << "' and no capacity";
  // (route_c8)
  if (capacity && capacity.getOverflow() == Overflow::Identity &&
      weight.getWhen() == NormWhen::After)
    return op.emitOpError("expects 'when = before' with 'overflow = identity': "
                          "a dropped entry has no weight after");
  return success();
}

/// (route_c2): the plan holds what the selection makes.
static LogicalResult verifyPlan(RouteOp op, int64_t experts) {
  PlanType plan = op.getPlan().getType();
  CapacityAttr capacity = op.getCapacityAttr();
  bool rounds = capacity && capacity.getKind() == CapacityKind::TileRound;
  if (plan.getEncoding() == PlanEncoding::Soft)
    return success();
  int64_t slots = rounds ? experts : op.getSelectedSlots();
  if (ShapedType::isDynamic(slots))
    return op.emitOpError("expects a static number of columns of 'table_ids'");
  if (plan.getEncoding() == PlanEncoding::Slots && plan.getSlots() != slots)
    return op.emitOpError("requires the plan's slots (")
           << plan.getSlots() << ") to equal the selected experts (" << slots
           << ")";
  if (slots > experts)
    return op.emitOpError("requires the selected experts (")
           << slots << ") to be at most the experts (" << experts << ")";
  if (plan.getEncoding() == PlanEncoding::Buckets) {
    CountAttr count = op.getSelect().getCount();
    if (capacity)
      count = capacity.getCount();
    bool isFixed = count && count.getNumber() != 0;
    if (!ShapedType::isDynamic(plan.getSize()) &&
        (!isFixed || count.getNumber() != plan.getSize()))
      return op.emitOpError("requires the plan's buckets (")
             << plan.getSize() << ") to be dynamic or to equal the limit of "
             << "an expert";
  }
  if (plan.getWeight() != op.getWeight().getDtype())
    return op.emitOpError("requires the plan's weight type (")
           << plan.getWeight() << ") to equal that of 'weight' ("
           << op.getWeight().getDtype() << ")";
  bool carries = capacity && capacity.getOverflow() == Overflow::Identity;
  if (plan.getCarry() != carries)
    return op.emitOpError("expects a plan that carries with 'overflow = "
                          "identity' alone, but got ")
           << plan;
  return success();
}

int64_t RouteOp::getMostCompeting() {
  int64_t most = cast<ShapedType>(getLogits().getType()).getDimSize(0);
  DomainAttr domain = getDomainAttr();
  if (domain && domain.getKind() == DomainKind::Blocks &&
      (ShapedType::isDynamic(most) || domain.getSize() < most))
    most = domain.getSize();
  return most;
}

bool RouteOp::choosesByGivenSums() {
  return getSelect().getPolicy() == Policy::TopP &&
         getScore().getFn() == ScoreFn::Identity &&
         getScore().getPost() == ScorePost::None;
}

bool RouteOp::isCausal() {
  return !getSelect().isCrossUnit() && !getCapacityAttr() &&
         getScore().getOver() != ScoreOver::Units;
}

int64_t RouteOp::getSelectedSlots() {
  int64_t columns = 0;
  if (getTableIds())
    columns = cast<ShapedType>(getTableIds().getType()).getDimSize(1);
  int64_t experts = getLogitColumns();
  return getSelect().getSlots(experts, columns);
}

LogicalResult RouteOp::verify() {
  PlanType plan = getPlan().getType();
  int64_t experts = getLogitColumns();
  SelectAttr select = getSelect();
  WeightAttr weight = getWeight();
  // (route_c1)
  if (ShapedType::isDynamic(experts))
    return emitOpError("expects a static number of expert columns, but got ")
           << getLogits().getType();
  int64_t columns = 1;
  if (select.getPolicy() == Policy::SoftSlots) {
    columns = select.getK();
    if (experts % columns != 0)
      return emitOpError("requires the expert columns of 'logits' (")
             << experts << ") to be a multiple of the rows of an expert ("
             << columns << ")";
    experts /= columns;
  }
  if (plan.getExperts() != experts)
    return emitOpError("requires the plan's experts (")
           << plan.getExperts() << ") to equal the expert columns of 'logits' ("
           << experts << ")";
  // (R23)
  if (isLazy() && failed(verifyLazy()))
    return failure();
  // (R1)
  if (failed(verifyGroups(*this, experts)))
    return failure();
  // (R2)
  if (select.getPolicy() == Policy::TopKPerGroup && getGroupFilterAttr())
    return emitOpError("expects no 'group_filter' with 'topk_per_group'");
  // (R7), (R8)
  if (failed(verifyNorm(*this)))
    return failure();
  // (R29)
  if (getKeyOffset() && select.getKeyDtype().getWidth() < 32)
    return emitOpError("requires 'key_dtype' (")
           << select.getKeyDtype()
           << ") to be at least f32 where 'key_offset' is added";
  // (R3), (R5), (R6), (R11), (R24)
  if (failed(verifyPolicy(*this)))
    return failure();
  // (R4)
  if (failed(verifySoft(*this)))
    return failure();
  // (R20), (route_c6), (route_c8)
  if (failed(verifyCapacity(*this)))
    return failure();
  // (route_c3)
  auto perExpert = [&](Value operand, StringRef name) {
    return verifyShape(*this, operand, name, experts, "experts");
  };
  if (failed(perExpert(getKeyOffset(), "key_offset")) ||
      failed(perExpert(getAllow(), "allow")) ||
      failed(perExpert(getScoreGain(), "score_gain")) ||
      failed(perExpert(getWeightSource(), "weight_source")) ||
      failed(perExpert(getExpertScale(), "expert_scale")) ||
      failed(perExpert(getThresholds(), "thresholds")) ||
      failed(verifyShape(*this, getAlwaysWeights(), "always_weights",
                         plan.getAlways(), "always-on ids")))
    return failure();
  // (route_c4)
  for (int64_t id :
       llvm::concat<const int64_t>(weight.getZero(), weight.getExclude()))
    if (id >= experts)
      return emitOpError("requires zero and exclude ids (")
             << id << ") to be below the number of experts (" << experts << ")";
  // (route_c5)
  if (getScoreGain() && getScore().getPost() != ScorePost::RmsNorm)
    return emitOpError("expects 'score_gain' with 'post = rmsnorm' alone");
  if (static_cast<bool>(getWeightSource()) !=
      (weight.getSource() == WeightSource::Operand))
    return emitOpError(
        "expects 'weight_source' with weight source 'operand' alone");
  bool byOperand =
      select.getPolicy() == Policy::Threshold && !select.getValue();
  if (static_cast<bool>(getThresholds()) != byOperand)
    return emitOpError("expects 'thresholds' with 'threshold(operand)' alone");
  if (static_cast<bool>(getTableIds()) != (select.getPolicy() == Policy::Table))
    return emitOpError("expects 'table_ids' with policy 'table' alone");
  bool inSegments =
      getDomainAttr() && getDomainAttr().getKind() == DomainKind::Segments;
  if (static_cast<bool>(getSegments()) != inSegments)
    return emitOpError("expects 'segments' with a domain of segments alone");
  if (getTableIds() &&
      failed(verifyShape(
          *this, getTableIds(), "table_ids",
          cast<ShapedType>(getTableIds().getType()).getDimSize(1), "columns")))
    return failure();
  // (select_c3)
  for (int64_t id : select.getOrder())
    if (id >= experts)
      return emitOpError("requires the ids in 'order' (")
             << id << ") to be below the number of experts (" << experts << ")";
  // (route_c2)
  if (failed(verifyPlan(*this, experts)))
    return failure();
  // (route_c7)
  if (getScores() &&
      !llvm::equal(cast<ShapedType>(getScores().getType()).getShape(),
                   cast<ShapedType>(getLogits().getType()).getShape(),
                   compatible))
    return emitOpError("requires the scores (")
           << getScores().getType() << ") to have the shape of 'logits' ("
           << getLogits().getType() << ")";
  // (R22)
  if (getPredictor() && getPredictor().getType() != plan)
    return emitOpError("requires 'predictor' (")
           << getPredictor().getType() << ") to have the type of the plan ("
           << plan << ")";
  if (getPredictor() && isCausal())
    return emitOpError("expects 'predictor' with a route whose units compete "
                       "alone");
  return success();
}

void RouteOp::emitWarnings() {
  WeightAttr weight = getWeight();
  bool normalises = weight.getNorm() == WeightNorm::Sum ||
                    weight.getNorm() == WeightNorm::Softmax;
  // (R6)
  if (getSelect().getPolicy() == Policy::TopP && getKeyOffset())
    emitWarning("'key_offset' changes the keys whose sum 'topp' bounds");
  // (R7)
  if (weight.getNorm() == WeightNorm::Softmax &&
      weight.getSource() == WeightSource::Scores)
    emitWarning("softmax scores are normalised by a second softmax");
  // (R9)
  bool weighsScores = weight.getSource() == WeightSource::Scores ||
                      (weight.getSource() == WeightSource::Key &&
                       getSelect().getKey() == moe::Key::Scores);
  if (normalises && weighsScores && getScore().getPost() == ScorePost::RmsNorm)
    emitWarning("weights of scores that 'post = rmsnorm' has normalised are "
                "normalised again");
  // (R10)
  if (weight.getSource() == WeightSource::Key && getKeyOffset())
    emitWarning("weights are keys that include 'key_offset'");
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

/// R21: without capacity nothing is dropped between selection and
/// normalisation.
struct RouteNormAfterNothing : OpRewritePattern<RouteOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(RouteOp op,
                                PatternRewriter &rewriter) const override {
    WeightAttr weight = op.getWeight();
    if (weight.getWhen() != NormWhen::After)
      return rewriter.notifyMatchFailure(op, "normalises before capacity");
    if (op.getCapacityAttr())
      return rewriter.notifyMatchFailure(op, "capacity drops in between");
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

/// C12: a limit of as many places as there are units drops nothing, since a
/// unit lists an expert at most once.
struct RouteLimitOfAllUnits : OpRewritePattern<RouteOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(RouteOp op,
                                PatternRewriter &rewriter) const override {
    CapacityAttr capacity = op.getCapacityAttr();
    if (!capacity || capacity.getKind() != CapacityKind::Limit)
      return rewriter.notifyMatchFailure(op, "no limit");
    if (capacity.getOverflow() == Overflow::Identity)
      return rewriter.notifyMatchFailure(op, "the plan has to carry");
    int64_t most = op.getMostCompeting();
    if (ShapedType::isDynamic(most))
      return rewriter.notifyMatchFailure(op, "any number of units");
    if (capacity.getCount().getNumber() < most)
      return rewriter.notifyMatchFailure(op, "fewer places than units");
    rewriter.modifyOpInPlace(op, [&] {
      op.removeCapacityAttr();
      op.removeDomainAttr();
      op.getSegmentsMutable().clear();
    });
    return success();
  }
};

/// C11: what ReLU leaves above 0 is what was above 0.
struct RouteThresholdOfRelu : OpRewritePattern<RouteOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(RouteOp op,
                                PatternRewriter &rewriter) const override {
    SelectAttr select = op.getSelect();
    bool aboveZero = select.getPolicy() == Policy::Threshold &&
                     select.getValue() &&
                     select.getValue().getValueAsDouble() == 0.0 &&
                     select.getBoundary() == Boundary::Exclude;
    if (!aboveZero || select.getKey() != moe::Key::Scores ||
        op.getScore() != ScoreAttr::get(op.getContext(), ScoreFn::Relu))
      return rewriter.notifyMatchFailure(op, "no ReLU above 0");
    if (op.getKeyOffset() || op.getGroupFilterAttr())
      return rewriter.notifyMatchFailure(op, "keys are more than scores");
    if (op.getWeight().getSource() == WeightSource::Key)
      return rewriter.notifyMatchFailure(op, "keys are the weights");
    if (select.getFallback() != Fallback::None)
      return rewriter.notifyMatchFailure(op, "of scores of 0 the first counts");
    if (!select.getKeyDtype().isF32() && !select.getKeyDtype().isF64())
      return rewriter.notifyMatchFailure(op, "rounding may reach 0");
    rewriter.modifyOpInPlace(
        op, [&] { op.setSelectAttr(select.withKey(moe::Key::Logits)); });
    return success();
  }
};

/// R5: a softmax over the weights of all experts is the softmax score. Keys
/// become the logits, so that a logit of −∞ stays unselected; what else could
/// take an expert out of the softmax (a mask, an offset, a filter, a score that
/// reaches −∞ elsewhere, a rounding that does) refuses.
struct RouteSoftmaxOfAll : OpRewritePattern<RouteOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(RouteOp op,
                                PatternRewriter &rewriter) const override {
    WeightAttr weight = op.getWeight();
    SelectAttr select = op.getSelect();
    ScoreAttr score = op.getScore();
    if (select.getPolicy() != Policy::All ||
        weight.getNorm() != WeightNorm::Softmax ||
        weight.getSource() != WeightSource::Logits)
      return rewriter.notifyMatchFailure(op, "no softmax over all logits");
    if (op.getAllow() || op.getKeyOffset() || op.getGroupFilterAttr() ||
        !weight.getExclude().empty() || !weight.getZero().empty() ||
        weight.getMinK() > 1)
      return rewriter.notifyMatchFailure(op, "not every expert is live");
    if (select.getKey() == moe::Key::Scores &&
        score != ScoreAttr::get(op.getContext(), ScoreFn::Identity))
      return rewriter.notifyMatchFailure(op, "the score decides what is -inf");
    if (!select.getKeyDtype().isF32())
      return rewriter.notifyMatchFailure(op, "rounding decides what is -inf");
    if (weight.getGrad() == WeightGrad::StopNorm)
      return rewriter.notifyMatchFailure(op, "the denominator is detached");
    if (op.getScores())
      return rewriter.notifyMatchFailure(op, "the scores are a result");
    rewriter.modifyOpInPlace(op, [&] {
      MLIRContext *context = op.getContext();
      op.setScoreAttr(ScoreAttr::get(context, ScoreFn::Softmax));
      op.getScoreGainMutable().clear();
      op.setSelectAttr(
          SelectAttr::get(context, Policy::All, 0, 1, moe::Key::Logits));
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
  patterns.add<RouteLimitOfAllUnits, RouteNormAfterNothing, RouteSoftmaxOfAll,
               RouteSumOfOneIsMax, RouteThresholdOfRelu>(context);
}
