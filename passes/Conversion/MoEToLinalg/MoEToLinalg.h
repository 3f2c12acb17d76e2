// What the parts of the reference lowering of the moe dialect share.
#ifndef MOE_PASSES_CONVERSION_MOETOLINALG_MOETOLINALG_H
#define MOE_PASSES_CONVERSION_MOETOLINALG_MOETOLINALG_H

#include "TensorBuilder.h"

#include "moe/Dialect/MoE/MoE.h"

#include "mlir/Transforms/DialectConversion.h"

namespace moe::detail {

/// What a plan becomes. A unit has S = `slots` + `always` entries, the entry of
/// unit u in slot j has the number u * S + j:
///
///   ids        U x S     expert of an entry, -1 where the slot is empty
///   weights    U x S     its weight, 0 where the slot is empty
///   offsets    E + A + 1 row at which each expert's rows begin; the last one
///                        is the number of rows
///   entries    U * S     entry of a row; those behind the last row are the
///                        empty slots
///   positions  U x S     row of an entry, -1 where the slot is empty
///   carry      U         carried weight, where the type has it; else null
///
/// Rows are ordered by (expert, unit, slot). A grouped `!moe.rows` is a matrix
/// of `buildRowCount` rows: those in use, or one that is not, so that row 0 can
/// be read wherever there is a unit. Indexed ones are the matrix of units,
/// whose row of an entry is that of the entry's unit.
struct PlanParts {
  mlir::Value ids, weights, offsets, entries, positions, carry;

  PlanParts() = default;
  explicit PlanParts(mlir::ValueRange values)
      : ids(values[0]), weights(values[1]), offsets(values[2]),
        entries(values[3]), positions(values[4]),
        carry(values.size() > 5 ? values[5] : mlir::Value()) {}

  llvm::SmallVector<mlir::Value> values() const {
    llvm::SmallVector<mlir::Value> values = {ids, weights, offsets, entries,
                                             positions};
    if (carry)
      values.push_back(carry);
    return values;
  }
};

/// What a soft plan becomes, for P parts of the domain:
///
///   dispatch  U x E p  share of a unit in each row of its part
///   combine   U x E p  share of each row of its part in a unit
///   offsets   E + 1    row at which each expert's rows begin
///   partOf    U        part of a unit
///
/// Row (expert e, part q, i) has the number (e P + q) p + i.
struct SoftParts {
  mlir::Value dispatch, combine, offsets, partOf;

  SoftParts() = default;
  explicit SoftParts(mlir::ValueRange values)
      : dispatch(values[0]), combine(values[1]), offsets(values[2]),
        partOf(values[3]) {}

  llvm::SmallVector<mlir::Value> values() const {
    return {dispatch, combine, offsets, partOf};
  }
};

inline bool isSoft(PlanType plan) {
  return plan.getEncoding() == PlanEncoding::Soft;
}

/// The rows of a soft plan, of `element`: mixes of the units `x` times `scale`.
mlir::Value buildSoftRows(TensorBuilder &b, PlanType type,
                          const SoftParts &plan, mlir::Value x, double scale,
                          mlir::FloatType element);

/// `init` (U x d) plus the rows of a soft plan mixed for each unit.
mlir::Value buildSoftSum(TensorBuilder &b, PlanType type, const SoftParts &plan,
                         mlir::Value rows, mlir::Value init);

/// Where the rows of each expert begin, for `parts` parts.
mlir::Value buildSoftOffsets(TensorBuilder &b, PlanType type,
                             mlir::Value parts);

/// The routed entries of a plan as matrices U x slots (see `PlanParts`), the
/// weights of its always-on ids (U x always; null: all 1) and what it carries
/// (U; null: nothing).
struct Assignment {
  mlir::Value ids, weights, alwaysWeights, carry;
};

/// What is done with the units [lower, upper) of one part of a domain.
using PartBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(
    mlir::Value lower, mlir::Value upper, mlir::ValueRange)>;

/// Runs `body` on the parts of `domain` (null: all units) in order. `offsets`
/// are those of its segments; that they ascend from 0 to `units` is required
/// at run time.
llvm::SmallVector<mlir::Value>
forEachPart(TensorBuilder &b, DomainAttr domain, mlir::Value offsets,
            mlir::Value units, mlir::ValueRange init, PartBody body);

/// Types of the parts of a plan, in order.
llvm::SmallVector<mlir::Type> getPlanTypes(PlanType plan);

/// Types of what lazy logits become, in the type they are computed in: rows,
/// columns, and of tucker core and directions.
llvm::SmallVector<mlir::Type> getLazyTypes(LazyLogitsType type);

/// Type of the matrix that rows become.
mlir::RankedTensorType getRowsType(RowsType rows);

/// Orders the entries of `ids` by expert: `offsets`, `entries`, `positions` of
/// a plan.
void orderEntries(TensorBuilder &b, PlanType type, PlanParts &plan);

/// The plan of `type` that an assignment is, and back.
PlanParts buildPlan(TensorBuilder &b, PlanType type,
                    const Assignment &assignment);
Assignment getAssignment(TensorBuilder &b, PlanType type,
                         const PlanParts &plan);

/// Where entries go when the number of slots changes: to the front in their
/// order, to the slot that is their id, or nowhere else.
enum class Arrangement { Front, ById, Stay };

/// Gives an entry (unit, slot, id) another id.
using Target =
    std::function<mlir::Value(mlir::Value, mlir::Value, mlir::Value)>;

/// Moves the entries of each unit into `columns` slots, with the ids that
/// `target` gives them; those of a negative id go. An entry without a slot is
/// an error at run time.
void rearrange(TensorBuilder &b, Assignment &assignment, int64_t columns,
               Arrangement arrangement, Target target = nullptr);

/// How the entries of a plan lie in the slots of another encoding.
Arrangement arrangementIn(PlanType from, PlanType to);

/// Requires, at run time, that the experts of `plan` have no more entries than
/// buckets of a given size hold.
void checkBuckets(TensorBuilder &b, PlanType type, const PlanParts &plan);

/// The plan of `type` whose entries lie in slots as a selection filled them.
PlanParts buildPlanOfSlots(TensorBuilder &b, PlanType type, Assignment entries);

/// Requires, at run time, that `ids` (U x K) are in [-1, experts).
void checkIds(TensorBuilder &b, mlir::Value ids, int64_t experts);

/// Requires, at run time, that no unit lists an expert twice.
void checkDistinct(TensorBuilder &b, mlir::Value ids);

/// The position that each element of `values` (integers, U x K) has in its row
/// when that is sorted, ascending and stable: O(U K²).
mlir::Value buildRanks(TensorBuilder &b, mlir::Value values);

/// The elements of each row of `matrices` (U x K), that of rank r in column r.
llvm::SmallVector<mlir::Value> sortRows(TensorBuilder &b, mlir::Value ranks,
                                        mlir::ValueRange matrices);

/// The weight of the entry of each row.
mlir::Value buildRowWeights(TensorBuilder &b, PlanType type,
                            const PlanParts &plan);

/// The pointwise score function `fn` of a logit, or of each lane of a vector.
mlir::Value buildPointwiseScore(TensorBuilder &b, ScoreFn fn,
                                mlir::Value logit);

/// True where the entry of `id` (i32, or a vector of them) takes part in
/// normalisation and weighs something: not an empty slot, not a zero or
/// excluded id. A zero id adds 0 to its normaliser, which is to add nothing.
mlir::Value buildIsLive(TensorBuilder &b, WeightAttr weight, mlir::Value id);

/// True where the count `chosen` of `expert` becomes the next higher multiple
/// of the tile of `capacity` (a tile_round), not the next lower one: neither
/// where it is one, nor where there are not as many `units`. `balance` is the
/// sum of the changes of the experts before it, and becomes that of this one,
/// too. `sums` gives the scores (f64) of the members that are dropped below,
/// and of the units that are added above.
mlir::Value
buildRises(TensorBuilder &b, CapacityAttr capacity, mlir::Value expert,
           mlir::Value chosen, mlir::Value units, mlir::Value &balance,
           llvm::function_ref<std::pair<mlir::Value, mlir::Value>()> sums);

/// A mark of i64 that `seed` and `number` determine (splitmix64), to be
/// compared as unsigned.
mlir::Value buildMark(TensorBuilder &b, int64_t seed, mlir::Value number);

/// Rows of the matrix that grouped rows of a plan become.
mlir::Value buildRowCount(TensorBuilder &b, const PlanParts &plan);

/// The units of the entries `entries` among the rows of `x`, one row each.
mlir::Value gatherUnits(TensorBuilder &b, PlanType type, mlir::Value x,
                        mlir::Value entries);

/// Sum over products with the rows of `matrix` (n x k) of each row of `rows`
/// (m x k), plus `bias` (n) where given: in `acc`, or where that is null in f32
/// or f64.
mlir::Value buildLinear(TensorBuilder &b, mlir::Value rows, mlir::Value matrix,
                        mlir::Value bias, mlir::FloatType acc = {});

/// Whether logits are more than products, bias included.
bool changesSums(LogitsOp op);

/// What `op` makes of the product `sum` of a unit and an expert, and of
/// `offset` (null: none), before it is rounded to the type of logits.
mlir::Value buildLogit(TensorBuilder &b, LogitsOp op, mlir::Value sum,
                       mlir::Value offset);

/// One element of the hidden vector of `body`; `gate` is null where that is
/// ungated.
mlir::Value buildHidden(TensorBuilder &b, BodyAttr body, mlir::Value gate,
                        mlir::Value up);

/// The matrix or stack of matrices of `type` that `storage` holds by `quant`;
/// `widths` (null: those that `quant` or `storage` says) are those of nested
/// codes.
mlir::Value buildDequantised(TensorBuilder &b, QuantAttr quant,
                             mlir::ValueRange storage, mlir::Value widths,
                             mlir::RankedTensorType type);

/// The same where `storage` is known when compiling and holds integers that the
/// CPU kernels read; null where not.
mlir::Value buildFromCodes(TensorBuilder &b, QuantAttr quant,
                           mlir::ValueRange storage,
                           mlir::RankedTensorType type);

// Patterns of the reference lowering.
void populateRouteToLinalg(const mlir::TypeConverter &converter,
                           mlir::RewritePatternSet &patterns);
void populatePlansToLinalg(const mlir::TypeConverter &converter,
                           mlir::RewritePatternSet &patterns);
void populateRowsToLinalg(const mlir::TypeConverter &converter,
                          mlir::RewritePatternSet &patterns);
void populateLazyRouteToLinalg(const mlir::TypeConverter &converter,
                               mlir::RewritePatternSet &patterns);
void populateMergeToLinalg(const mlir::TypeConverter &converter,
                           mlir::RewritePatternSet &patterns);
void populateExpertsToLinalg(const mlir::TypeConverter &converter,
                             mlir::RewritePatternSet &patterns);
void populateQuantToLinalg(const mlir::TypeConverter &converter,
                           mlir::RewritePatternSet &patterns);
void populateLossesToLinalg(const mlir::TypeConverter &converter,
                            mlir::RewritePatternSet &patterns);
void populateStatisticsToLinalg(const mlir::TypeConverter &converter,
                                mlir::RewritePatternSet &patterns);

/// Inlines layers, where those that decode take the plans of predictors, and
/// has statistics before capacity be those of routes without it. What is left
/// of these ops has patterns. Fails, with an error, where the route is not in
/// sight.
mlir::LogicalResult resolveLayers(mlir::Operation *root);

} // namespace moe::detail

#endif // MOE_PASSES_CONVERSION_MOETOLINALG_MOETOLINALG_H
