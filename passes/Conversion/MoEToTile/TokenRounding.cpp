// Rounds the counts of experts to the rows of the target's register tile.
#include "TileLayer.h"
#include "moe/Conversion/Passes.h"
#include "moe/Dialect/MoE/MoE.h"
#include "moe/Dialect/Support/MoESupport.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/FormatVariadic.h"

namespace moe {
#define GEN_PASS_DEF_TOKENROUNDINGPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;

namespace {

/// Fewest tiles per expert, on average, that rounding is safe with: below, it
/// changes what a model computes by more than noise (SonicMoE, ablation of the
/// micro-batch).
constexpr int64_t safeTiles = 2;

/// True where the weights are a softmax over the picked logits, which is one
/// over all experts, divided by its sum over the picks (C1).
bool isSoftmaxOfPicks(RouteOp op) {
  return op.getWeight().getSource() == WeightSource::Logits &&
         op.getWeight().getNorm() == WeightNorm::Softmax &&
         op.getScore() == ScoreAttr::get(op.getContext(), ScoreFn::Identity);
}

/// Why the counts of `op` stay; empty where they may be rounded.
StringRef whyCountsStay(RouteOp op) {
  WeightAttr weight = op.getWeight();
  if (op.getSelect().getPolicy() != Policy::TopK)
    return "its policy is not topk";
  if (op.isLazy())
    return "its logits are lazy";
  if (op.getCapacityAttr())
    return "its capacity shapes them already";
  if (op.getScore().getFn() == ScoreFn::Entmax15)
    return "its score is entmax15";
  if (!weight.getZero().empty() || !weight.getExclude().empty())
    return "some ids weigh nothing";
  if (isSoftmaxOfPicks(op)) {
    if (op.getScores())
      return "the logits are a result";
  } else if (weight.getSource() != WeightSource::Scores) {
    return "its weights are not scores";
  } else if (weight.getNorm() == WeightNorm::Sum) {
    // The largest score is at least 1/E, so that only rounding sees this.
    if (op.getScore().getFn() != ScoreFn::Softmax &&
        weight.getNormValueOr(0.0) != 0.0)
      return "its norm adds an epsilon";
    if (weight.getNormValueOr(0.0) * op.getPlan().getType().getExperts() > 1e-9)
      return "its norm adds an epsilon";
  } else if (weight.getNorm() != WeightNorm::None) {
    return "its norm is not that of rounded counts";
  }
  // Added entries need slots, which others than a layer would see.
  if (llvm::any_of(op.getPlan().getUsers(), [](Operation *user) {
        return !isa<DispatchOp, ExpertsOp, CombineOp>(user);
      }))
    return "its plan has other users than a layer";
  // (R13)
  if (llvm::any_of(op.getPlan().getUsers(), [](Operation *user) {
        auto dispatch = dyn_cast<DispatchOp>(user);
        return dispatch && dispatch.getApply() == Apply::Input &&
               !dispatch.getAllowMulti();
      }))
    return "its weights multiply the input, and units may get more entries";
  // (R22)
  auto layer = op->getParentOfType<LayerOp>();
  if (layer && layer.getDecode())
    return "units of a layer that decodes do not compete";
  return {};
}

struct TokenRounding : moe::impl::TokenRoundingPassBase<TokenRounding> {
  using TokenRoundingPassBase::TokenRoundingPassBase;

  void runOnOperation() override {
    std::optional<TileMode> rule = symbolizeTileMode(mode);
    if (!rule) {
      emitError(getOperation().getLoc())
          << "expects a rule of rounding (nearest, up, down, sr_f, nr_s, "
             "balance_f), but got '"
          << mode << "'";
      return signalPassFailure();
    }
    VectorUnit unit = {vectorBits, vectorRegisters, bf16Dot, bf16Tiles,
                       fetchDistance};
    getOperation().walk([&](RouteOp op) { round(op, *rule, cutOf(op, unit)); });
  }

  /// How the rows of the layer of `op` are divided.
  RowCut cutOf(RouteOp op, const VectorUnit &unit) {
    RowCut cut = {unit.tile().rows};
    for (Operation *user : op.getPlan().getUsers()) {
      if (auto dispatch = dyn_cast<DispatchOp>(user))
        cut = unit.rowCut(getElementTypeOrSelf(dispatch.getInput()));
      // Which kernels a graph of tasks calls is known.
      TileLayer layer;
      auto combine = dyn_cast<CombineOp>(user);
      if (combine && !TileLayer::match(combine, layer) && unit.bf16Tiles)
        return layer.rowCutOfStored(unit);
    }
    return cut;
  }

  void round(RouteOp op, TileMode rule, RowCut cut) {
    int64_t tile = cut.unit();
    auto options =
        remark::RemarkOpts::name("rounded").category("moe-token-rounding");
    if (StringRef reason = whyCountsStay(op); !reason.empty()) {
      remark::missed(op.getLoc(), options) << ("counts stay: " + reason).str();
      return;
    }
    PlanType plan = op.getPlan().getType();
    int64_t picks = op.getSelectedSlots(), experts = plan.getExperts();
    int64_t units = cast<ShapedType>(op.getLogits().getType()).getDimSize(0);
    if (ShapedType::isDynamic(units))
      units = tokens;
    std::string what =
        llvm::formatv("multiples of {0} ({1})", tile, stringifyEnum(rule));
    double rows = static_cast<double>(units) * picks / experts;
    if (units > 0 && rows < safeTiles * tile) {
      remark::missed(op.getLoc(), options) << std::string(llvm::formatv(
          "counts stay: {0:f1} rows per expert are fewer than {1} tiles of "
          "{2}, and rounding would starve experts",
          rows, safeTiles, tile));
      return;
    }
    std::string gain;
    llvm::raw_string_ostream text(gain);
    if (units > 0 && cut.hasTiles)
      // The last tile is half empty on average where nothing is rounded.
      text << llvm::formatv(
          "at {0:f1} rows per expert, tiles have up to {1:f1} "
          "% more rows without",
          rows, 100.0 * (tile - 1) / (2 * rows));
    else if (units > 0)
      text << llvm::formatv("at {0:f1} rows per expert, tiles are as high as "
                            "rows are without, and waste none",
                            rows);
    else
      text << llvm::formatv(
          "safe from {0} tokens a call on ({1} tiles per expert)",
          llvm::divideCeil(safeTiles * tile * experts, picks), safeTiles);
    remark::passed(op.getLoc(), options)
        << "counts become " + what + "; " + gain;

    MLIRContext *context = op.getContext();
    WeightAttr weight = op.getWeight();
    bool random = rule == TileMode::SrF || rule == TileMode::NrS;
    bool softmax = isSoftmaxOfPicks(op);
    bool normalises = softmax || (weight.getNorm() == WeightNorm::Sum &&
                                  weight.getMinK() <= picks);
    if (softmax) {
      op.setScoreAttr(ScoreAttr::get(context, ScoreFn::Softmax));
      op.setSelectAttr(op.getSelect().withKey(moe::Key::Scores));
    }
    op.setWeightAttr(WeightAttr::get(
        context, WeightSource::Scores, {}, {}, WeightNorm::None, FloatAttr(),
        EpsMode::Add, 1, NormWhen::Before, weight.getScale(), weight.getDtype(),
        weight.getGrad()));
    op.setCapacityAttr(
        CapacityAttr::get(context, CapacityKind::TileRound, CountAttr(),
                          Priority::UnitMajor, Overflow::Zero, tile, rule,
                          normalises ? TileRenorm::TcSet : TileRenorm::None,
                          random ? seed.getValue() : 0));
    if (plan.getEncoding() == PlanEncoding::Slots)
      op.getPlan().setType(plan.withEncoding(PlanEncoding::Slots, experts));
  }
};

} // namespace
