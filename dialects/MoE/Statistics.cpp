// moe.plan_stats, aux_loss, attach_loss, bias_update and layer: verifiers.
#include "moe/Dialect/MoE/Statistics.h"
#include "Shapes.h"
#include "moe/Dialect/MoE/MoE.h"

using namespace mlir;
using namespace moe;
using moe::detail::compatible;

//===----------------------------------------------------------------------===//
// PlanStatsOp
//===----------------------------------------------------------------------===//

/// (plan_stats_c3): `value` has `shape` behind a leading dimension of parts.
static LogicalResult verifyStatistic(PlanStatsOp op, StringRef name,
                                     Value value, ArrayRef<int64_t> shape) {
  if (!value)
    return success();
  SmallVector<int64_t> expected;
  if (op.getOver())
    expected.push_back(ShapedType::kDynamic);
  llvm::append_range(expected, shape);
  auto type = cast<RankedTensorType>(value.getType());
  if (llvm::equal(type.getShape(), expected, compatible))
    return success();
  return op.emitOpError("requires '")
         << name << "' (" << type << ") to have "
         << (op.getOver() ? "a dimension of parts and then " : "")
         << "the shape [" << shape << "]";
}

LogicalResult PlanStatsOp::verify() {
  PlanType plan = getPlan().getType();
  // (plan_stats_c1)
  if (plan.getEncoding() == PlanEncoding::Soft)
    return emitOpError("expects a plan of entries, but got ") << plan;
  // (plan_stats_c2)
  auto together = [&](StringRef operand, Value given, StringRef result,
                      Value asked) -> LogicalResult {
    if (static_cast<bool>(given) == static_cast<bool>(asked))
      return success();
    return emitOpError("expects '")
           << operand << "' and '" << result << "' both or neither";
  };
  if (failed(together("scores", getScores(), "score_sums", getScoreSums())) ||
      failed(together("logits", getLogits(), "lse_squares", getLseSquares())))
    return failure();
  if (getNormalise() && !getScores())
    return emitOpError("expects 'normalise' with 'scores' alone");
  // (plan_stats_c3)
  for (auto [name, operand] :
       {std::pair<StringRef, Value>{"scores", getScores()},
        {"logits", getLogits()}}) {
    if (!operand)
      continue;
    auto type = cast<RankedTensorType>(operand.getType());
    if (!compatible(type.getDimSize(1), plan.getExperts()))
      return emitOpError("requires the columns of '")
             << name << "' (" << type.getDimSize(1)
             << ") to equal the plan's experts (" << plan.getExperts() << ")";
  }
  if (failed(
          verifyStatistic(*this, "counts", getCounts(), plan.getExperts())) ||
      failed(verifyStatistic(*this, "units", getUnits(), {})) ||
      failed(verifyStatistic(*this, "score_sums", getScoreSums(),
                             plan.getExperts())) ||
      failed(verifyStatistic(*this, "lse_squares", getLseSquares(), {})))
    return failure();
  // (plan_stats_c4)
  bool bySegments = getOver() && getOver()->getKind() == DomainKind::Segments;
  if (bySegments != static_cast<bool>(getSegments()))
    return emitOpError("expects 'segments' with 'over <segments>' alone");
  return success();
}

//===----------------------------------------------------------------------===//
// AuxLossOp
//===----------------------------------------------------------------------===//

ArrayRef<LossStatistic> moe::getLossStatistics(AuxLossKind kind) {
  static constexpr LossStatistic loads[] = {
      {"counts", 1, true, true},
      {"score_sums", 1, false, true},
      {"units", 0, true, true},
      // What single kinds have beyond: that part of a batch, the weight.
      {"score_units", 0, true, true},
  };
  static constexpr LossStatistic weighted[] = {
      loads[0], loads[1], loads[2], {"lambda", 0, false, false}};
  static constexpr LossStatistic squares[] = {{"lse_squares", 0, false, true},
                                              {"units", 0, true, true}};
  static constexpr LossStatistic noisy[] = {{"logits", 2, false, false},
                                            {"noisy_logits", 2, false, false}};
  static constexpr LossStatistic scores[] = {{"scores", 2, false, false}};
  static constexpr LossStatistic sized[] = {
      loads[0], loads[1], loads[2], {"sizes", 1, false, false}};
  static constexpr LossStatistic timed[] = {
      loads[1], {"loads", 1, false, true}, {"latencies", 1, false, false}};
  static constexpr LossStatistic router[] = {
      {"router", 2, false, false, true},
      {"input_sums", 2, false, false, true},
      {"counts", 1, true, false}};
  ArrayRef<LossStatistic> all(loads);
  switch (kind) {
  case AuxLossKind::Switch:
  case AuxLossKind::SwitchSumK:
  case AuxLossKind::GShardTop1:
  case AuxLossKind::Seq:
  case AuxLossKind::NullMean:
    return all.take_front(3);
  case AuxLossKind::GlobalBatch:
    return all;
  case AuxLossKind::L1Balanced:
    return weighted;
  case AuxLossKind::Z:
    return squares;
  case AuxLossKind::ImportanceCv2:
    return all.slice(1, 1);
  case AuxLossKind::LoadCv2:
    return noisy;
  case AuxLossKind::Entropy:
  case AuxLossKind::MeanImportance:
    return all.slice(1, 2);
  case AuxLossKind::MeanEntropy:
  case AuxLossKind::L1:
  case AuxLossKind::ClsChunk:
    return scores;
  case AuxLossKind::SizeWeighted:
    return sized;
  case AuxLossKind::LatencyWeighted:
    return timed;
  case AuxLossKind::GateOrthogonality:
    return ArrayRef(router).take_front();
  case AuxLossKind::RouterContrastive:
    return router;
  }
  llvm_unreachable("every kind has statistics");
}

bool moe::usesK(AuxLossKind kind) {
  return kind == AuxLossKind::Switch || kind == AuxLossKind::Seq ||
         kind == AuxLossKind::GlobalBatch || kind == AuxLossKind::L1Balanced ||
         kind == AuxLossKind::NullMean || kind == AuxLossKind::LoadCv2;
}

bool moe::isVariation(AuxLossKind kind) {
  return kind == AuxLossKind::ImportanceCv2 || kind == AuxLossKind::LoadCv2 ||
         kind == AuxLossKind::LatencyWeighted;
}

/// (aux_loss_c1) and the part of (R30) that is about shapes.
static LogicalResult verifyLossStatistics(AuxLossOp op, int64_t &experts) {
  AuxLossKind kind = op.getKind();
  ArrayRef<LossStatistic> expected = getLossStatistics(kind);
  if (op.getStats().size() != expected.size())
    return op.emitOpError("expects ")
           << expected.size() << " statistics for '" << stringifyEnum(kind)
           << "', but got " << op.getStats().size();
  experts = ShapedType::kDynamic;
  int64_t hidden = ShapedType::kDynamic;
  for (auto [stat, wanted] : llvm::zip_equal(op.getStats(), expected)) {
    auto type = cast<RankedTensorType>(stat.getType());
    bool isCount = type.getElementType().isInteger(32);
    bool isReal = isa<FloatType>(type.getElementType());
    if (wanted.isCount ? !isCount : !isReal)
      return op.emitOpError("expects ")
             << (wanted.isCount ? "i32" : "float") << " elements of '"
             << wanted.name << "', but got " << type;
    int64_t parts = type.getRank() - static_cast<int64_t>(wanted.rank);
    if (parts < 0 || parts > wanted.hasParts)
      return op.emitOpError("expects '")
             << wanted.name << "' of rank " << wanted.rank
             << (wanted.hasParts ? ", or one more for parts, but got "
                                 : ", but got ")
             << type;
    // (R30)
    if (kind == AuxLossKind::Seq && parts != 1)
      return op.emitOpError("expects statistics of segments for 'seq', but "
                            "got '")
             << wanted.name << "' " << type;
    if (wanted.rank == 0)
      continue;
    int64_t size = wanted.hasRows ? type.getDimSize(0) : type.getShape().back();
    if (!compatible(experts, size))
      return op.emitOpError("requires the experts of '")
             << wanted.name << "' (" << size
             << ") to equal those of the others (" << experts << ")";
    if (!ShapedType::isDynamic(size))
      experts = size;
    if (!wanted.hasRows)
      continue;
    if (!compatible(hidden, type.getDimSize(1)))
      return op.emitOpError("requires the columns of '")
             << wanted.name << "' (" << type.getDimSize(1)
             << ") to equal those of the others (" << hidden << ")";
    hidden = type.getDimSize(1);
  }
  return success();
}

LogicalResult AuxLossOp::verify() {
  AuxLossKind kind = getKind();
  int64_t experts;
  // (aux_loss_c1), (R30)
  if (failed(verifyLossStatistics(*this, experts)))
    return failure();
  // (aux_loss_c2)
  if (usesK(kind) != getK().has_value())
    return emitOpError("expects 'k' with a formula that has it alone, but got "
                       "kind '")
           << stringifyEnum(kind) << "'";
  if (getK() && (static_cast<int64_t>(*getK()) < 1 ||
                 (!ShapedType::isDynamic(experts) &&
                  static_cast<int64_t>(*getK()) > experts)))
    return emitOpError("requires 'k' (")
           << static_cast<int64_t>(*getK())
           << ") to be between 1 and the experts (" << experts << ")";
  // (aux_loss_c3)
  if ((kind == AuxLossKind::LoadCv2) != getNoiseStd().has_value())
    return emitOpError("expects 'noise_std' with 'load_cv2' alone, but got "
                       "kind '")
           << stringifyEnum(kind) << "'";
  if (!isVariation(kind) && getSample())
    return emitOpError("expects 'sample' with squared coefficients of "
                       "variation alone, but got kind '")
           << stringifyEnum(kind) << "'";
  if (!isVariation(kind) && kind != AuxLossKind::ClsChunk && !getEps().isZero())
    return emitOpError("expects 'eps' with squared coefficients of variation "
                       "and 'cls_chunk' alone, but got kind '")
           << stringifyEnum(kind) << "'";
  if (getEps().isNegative())
    return emitOpError("requires 'eps' (")
           << getEps().convertToDouble() << ") to be at least 0";
  if ((kind == AuxLossKind::NullMean) == getNullIds().empty())
    return emitOpError("expects 'null_ids' with 'null_mean' alone, but got "
                       "kind '")
           << stringifyEnum(kind) << "'";
  int64_t previous = -1;
  for (int64_t id : getNullIds()) {
    if (id <= previous || (!ShapedType::isDynamic(experts) && id >= experts))
      return emitOpError("expects ascending ids of experts in 'null_ids', but "
                         "got ")
             << id << " after " << previous;
    previous = id;
  }
  if (getNext() && kind != AuxLossKind::L1Balanced)
    return emitOpError("expects 'next' with 'l1_balanced' alone, but got kind "
                       "'")
           << stringifyEnum(kind) << "'";
  if ((kind == AuxLossKind::RouterContrastive) != getTemperature().has_value())
    return emitOpError("expects 'temperature' with 'router_contrastive' alone, "
                       "but got kind '")
           << stringifyEnum(kind) << "'";
  if (getTemperature() && !(getTemperature()->convertToDouble() > 0.0))
    return emitOpError("requires 'temperature' (")
           << getTemperature()->convertToDouble() << ") to be above 0";
  if ((kind == AuxLossKind::ClsChunk) != getChunk().has_value())
    return emitOpError("expects 'chunk' with 'cls_chunk' alone, but got kind '")
           << stringifyEnum(kind) << "'";
  if (getChunk() && static_cast<int64_t>(*getChunk()) < 1)
    return emitOpError("requires 'chunk' (")
           << static_cast<int64_t>(*getChunk()) << ") to be at least 1";
  // (R30)
  if (getNoiseStd() && !(getNoiseStd()->convertToDouble() > 0.0))
    return emitOpError("requires 'noise_std' (")
           << getNoiseStd()->convertToDouble() << ") to be above 0";
  return success();
}

//===----------------------------------------------------------------------===//
// BiasUpdateOp
//===----------------------------------------------------------------------===//

LogicalResult BiasUpdateOp::verify() {
  auto bias = cast<RankedTensorType>(getBias().getType());
  auto load = cast<RankedTensorType>(getLoad().getType());
  int64_t experts = bias.getDimSize(0);
  bool byQuantile = getKind() == BiasRule::Quantile;
  // (bias_update_c1)
  if (load.getElementType().isInteger(32) == byQuantile ||
      load.getRank() != (byQuantile ? 2 : 1) ||
      !compatible(load.getShape().back(), experts))
    return emitOpError("expects ")
           << (byQuantile ? "logits of" : "a count of each of") << " the "
           << experts << " experts as 'load' for '" << stringifyEnum(getKind())
           << "', but got " << load;
  // (bias_update_c2)
  if (byQuantile != getK().has_value())
    return emitOpError("expects 'k' with 'quantile' alone, but got kind '")
           << stringifyEnum(getKind()) << "'";
  if (!byQuantile || ShapedType::isDynamic(experts))
    return success();
  int64_t k = static_cast<int64_t>(*getK());
  if (k < 1 || k >= experts)
    return emitOpError("requires 'k' (")
           << k << ") to be between 1 and the experts (" << experts << ") - 1";
  // (R12)
  if (!load.isDynamicDim(0) && load.getDimSize(0) * k % experts != 0)
    return emitOpError("requires the units (")
           << load.getDimSize(0) << ") times 'k' (" << k
           << ") to be a multiple of the experts (" << experts << ")";
  return success();
}

//===----------------------------------------------------------------------===//
// LayerOp
//===----------------------------------------------------------------------===//

LogicalResult LayerOp::verify() {
  // (layer_c1)
  if (static_cast<int64_t>(getLayerId()) < 0)
    return emitOpError("requires 'layer_id' (")
           << static_cast<int64_t>(getLayerId()) << ") to be at least 0";
  return success();
}

LogicalResult LayerOp::verifyRegions() {
  auto yield = dyn_cast<LayerYieldOp>(getBody().front().getTerminator());
  // (layer_c2)
  if (!yield || yield->getOperandTypes() != getResultTypes())
    return emitOpError("requires the types of what its body yields to be those "
                       "of its results");
  // (R22)
  if (!getDecode())
    return success();
  WalkResult walk = getBody().walk([&](RouteOp route) {
    if (route.isCausal() || route.getPredictor())
      return WalkResult::advance();
    auto diagnostic =
        route.emitOpError("expects a 'predictor' where units compete in a "
                          "layer that decodes");
    diagnostic.attachNote(getLoc()) << "the layer is here";
    return WalkResult::interrupt();
  });
  return failure(walk.wasInterrupted());
}
