// The lowering of one moe.route, in parts: scores (RouteScores.cpp), keys,
// selection and weights (Route.cpp), what units compete for (RouteCounts.cpp).
#ifndef MOE_PASSES_CONVERSION_MOETOLINALG_ROUTE_H
#define MOE_PASSES_CONVERSION_MOETOLINALG_ROUTE_H

#include "MoEToLinalg.h"

#include <limits>

namespace moe::detail {

/// Lowers one route. Scores and keys are matrices U x E in `real`; a number is
/// rounded to a narrower type where the attributes ask for it and kept in
/// `real`. Selection walks the candidates of a unit once per slot: the next one
/// is the best of those that come after the previous one in the order relation,
/// so nothing is sorted and nothing is marked. −∞ and NaN are never better than
/// the −∞ that the search starts from, hence never selected. Where units
/// compete (RouteCounts.cpp), they are sorted per expert.
class RouteLowering {
public:
  RouteLowering(TensorBuilder &b, RouteOp op)
      : b(b), op(op), plan(op.getPlan().getType()), score(op.getScore()),
        selection(op.getSelect()), weight(op.getWeight()),
        capacity(op.getCapacityAttr()),
        real(computeType({op.getLogits().getType(), score.getDtype(),
                          selection.getKeyDtype(), weight.getDtype()})),
        units(b.size(op.getLogits(), 0)),
        unitsByExperts{units, b.getIndexAttr(plan.getExperts())},
        unitsBySlots{units, b.getIndexAttr(op.getSelectedSlots())} {}

  PlanParts build();
  /// The two softmaxes of soft_slots.
  SoftParts buildSoft();
  /// The scores in `element`.
  mlir::Value buildScoresResult(mlir::FloatType element);

private:
  mlir::Value infinity(bool negative) {
    return b.real(real, negative ? -std::numeric_limits<double>::infinity()
                                 : std::numeric_limits<double>::infinity());
  }
  bool shapes(CapacityKind kind) const {
    return capacity && capacity.getKind() == kind;
  }

  // Scores (2.3).
  mlir::Value buildLogits(mlir::FloatType rounding);
  mlir::Value buildScores();
  mlir::Value buildNormalised(mlir::Value logits, unsigned axis, ScoreFn fn);
  mlir::Value buildEntmax(mlir::Value shifted, unsigned axis);
  mlir::Value buildPost(mlir::Value scores);

  // Keys and selection (2.4).
  mlir::Value buildKeys();
  mlir::Value applyAllow(mlir::Value keys, bool addOffset);
  mlir::Value buildGroupScores(mlir::Value keys);
  mlir::Value buildSumOfNext(mlir::Value keys, mlir::Value unit,
                             mlir::Value lower, mlir::Value upper);
  mlir::Value applyGroupFilter(mlir::Value keys);
  llvm::SmallVector<mlir::Value> buildNext(mlir::Value keys, mlir::Value unit,
                                           mlir::Value lower, mlir::Value upper,
                                           mlir::ValueRange previous);
  mlir::Value addFallback(mlir::Value row, mlir::Value largest,
                          mlir::Value unit, mlir::Value unfiltered);
  mlir::Value buildSelection(mlir::Value keys, mlir::Value unfiltered);
  void checkSums();
  mlir::Value buildWalk(mlir::Value keys, mlir::Value unfiltered);
  mlir::Value buildTable();
  mlir::Value buildAll(mlir::Value keys);
  mlir::Value buildSparseMixer(mlir::Value keys);
  mlir::Value select(mlir::Value unfiltered);

  // What units compete for (2.4 and 2.6).
  llvm::SmallVector<mlir::Value> forEachPart(mlir::ValueRange init,
                                             PartBody body);
  mlir::Value buildCount(CountAttr count, mlir::Value partUnits);
  mlir::Value buildSorted(
      mlir::Value size,
      llvm::function_ref<mlir::Value(mlir::Value a, mlir::Value b)> before);
  mlir::Value buildUnitOrder(mlir::Value lower, mlir::Value upper,
                             mlir::Value expert, mlir::Value members);
  mlir::Value buildExpertTopC();
  mlir::Value buildGreedyAssign();
  mlir::Value buildBalancedAssign();
  mlir::Value buildEntryOrder(mlir::Value ids, mlir::Value weights,
                              mlir::Value lower, mlir::Value count);
  mlir::Value buildLimit(mlir::Value ids, mlir::Value weights);
  mlir::Value buildReroute(mlir::Value ids, mlir::Value unit,
                           mlir::Value counts, mlir::Value limit);
  mlir::Value buildTileRound(mlir::Value ids);
  mlir::Value buildRounded(mlir::Value expert, mlir::Value lower,
                           mlir::Value upper, mlir::Value order,
                           mlir::Value chosen, mlir::Value &balance);
  Assignment buildRoundedEntries(mlir::Value ids, mlir::Value members);

  // Weights (2.5).
  mlir::Value buildRawWeights(mlir::Value ids);
  mlir::Value isLive(mlir::Value id) { return buildIsLive(b, weight, id); }
  mlir::Value buildDenominator(mlir::Value ids, mlir::Value raw);
  mlir::Value buildWeights(mlir::Value ids, mlir::Value listed);
  mlir::Value finishWeight(mlir::Value value, mlir::Value id);
  Assignment buildLimited(mlir::Value ids);

  TensorBuilder &b;
  RouteOp op;
  PlanType plan;
  ScoreAttr score;
  SelectAttr selection;
  WeightAttr weight;
  CapacityAttr capacity;
  mlir::FloatType real;
  mlir::OpFoldResult units;
  Sizes unitsByExperts, unitsBySlots;
  /// Built when first asked for; null before.
  mlir::Value scores, keys;
  /// The weights of a policy that has its own; null elsewhere.
  mlir::Value policyWeights;
};

} // namespace moe::detail

#endif // MOE_PASSES_CONVERSION_MOETOLINALG_ROUTE_H
