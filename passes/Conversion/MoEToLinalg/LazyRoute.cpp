// The reference lowering of product keys: moe.lazy_logits, and moe.route over
// lazy logits by candidates (rule C14).
#include "MoEToLinalg.h"

#include "moe/Dialect/MoE/Plans.h"

#include "mlir/IR/TypeUtilities.h"

#include <limits>

using namespace mlir;
using namespace moe;
using namespace moe::detail;

using IntPredicate = arith::CmpIPredicate;

SmallVector<Type> moe::detail::getLazyTypes(LazyLogitsType type) {
  FloatType acc = computeType(type.getElementType());
  constexpr int64_t dynamic = ShapedType::kDynamic;
  int64_t rank = type.getRank();
  if (rank == 0)
    return {RankedTensorType::get({dynamic, type.getRows()}, acc),
            RankedTensorType::get({dynamic, type.getColumns()}, acc)};
  auto direction = RankedTensorType::get({rank}, acc);
  return {RankedTensorType::get({dynamic, rank, type.getRows()}, acc),
          RankedTensorType::get({dynamic, rank, type.getColumns()}, acc),
          RankedTensorType::get({rank, rank}, acc), direction, direction};
}

namespace {

/// The parts of lazy logits, as `getLazyTypes` has them. The last three are
/// null of outer_sum.
struct LazyParts {
  Value rows, columns, core, rowDirection, columnDirection;

  explicit LazyParts(ValueRange values) : rows(values[0]), columns(values[1]) {
    if (values.size() == 2)
      return;
    core = values[2];
    rowDirection = values[3];
    columnDirection = values[4];
  }
};

struct ConvertLazyLogits : OpConversionPattern<LazyLogitsOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(LazyLogitsOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    SmallVector<Value> parts;
    for (auto [value, type] :
         llvm::zip_equal(adaptor.getOperands(), getLazyTypes(op.getType()))) {
      FloatType acc = cast<FloatType>(getElementTypeOrSelf(type));
      if (floatElement(value) != acc) {
        auto rank = cast<RankedTensorType>(type).getRank();
        Indexed whole = {value,
                         llvm::to_vector<3>(llvm::seq<unsigned>(0, rank))};
        value = b.map(b.sizes(value), acc, whole,
                      [&](ValueRange in) { return b.convert(in[0], acc); });
      }
      parts.push_back(b.castTo(value, type));
    }
    rewriter.replaceOpWithMultiple(op, SmallVector<SmallVector<Value>>{parts});
    return success();
  }
};

/// Chooses among k x k pairs instead of all: of each axis the k best values, of
/// their pairs the k best. O(U (n + m) k + U k³) work, O(U (n + m + k²))
/// memory. Candidates of an axis are in ascending order, so pairs are in that
/// of the experts they stand for and ties among pairs go to the lower id.
class LazyRouteLowering {
public:
  LazyRouteLowering(TensorBuilder &b, RouteOp op, ValueRange logits)
      : b(b), op(op), type(cast<LazyLogitsType>(op.getLogits().getType())),
        parts(logits), acc(floatElement(parts.rows)) {}

  PlanParts build() {
    Value rows = pickAxis(parts.rows, parts.rowDirection, type.getRows());
    Value columns =
        pickAxis(parts.columns, parts.columnDirection, type.getColumns());
    int64_t columnPicks = cast<ShapedType>(columns.getType()).getDimSize(1);
    Value pairs = buildPairs(rows, columns);
    int64_t candidates = cast<ShapedType>(pairs.getType()).getDimSize(1);
    PlanType plan = op.getPlan().getType();
    auto small = PlanType::get(b.getContext(), candidates, PlanEncoding::Slots,
                               plan.getSlots(), /*always=*/0, plan.getWeight(),
                               /*carry=*/false);
    auto [ids, weights] = unpack(createRoute(small, pairs, op.getScore(),
                                             op.getSelect(), op.getWeight()));
    Assignment chosen;
    chosen.weights = weights;
    chosen.ids = b.map(
        b.sizes(ids), b.getI32Type(), Indexed{ids, {0, 1}}, [&](ValueRange in) {
          auto [row, column] = pairOf(in[0], rows, columns, columnPicks);
          Value width = b.index(type.getColumns());
          Value id = b.toInt32(b.add(b.mul(row, width), column));
          return b.select(isUsed(in[0]), id, b.int32(-1));
        });
    return buildPlan(b, plan, chosen);
  }

private:
  Value isUsed(Value id) {
    return b.compare(IntPredicate::sge, id, b.int32(0));
  }

  Value createRoute(PlanType plan, Value logits, ScoreAttr score,
                    SelectAttr select, WeightAttr weight) {
    return RouteOp::create(b, plan, logits, /*key_offset=*/Value(),
                           /*allow=*/Value(),
                           /*score_gain=*/Value(), /*weight_source=*/Value(),
                           /*expert_scale=*/Value(), /*always_weights=*/Value(),
                           score, GroupFilterAttr(), select, weight)
        .getPlan();
  }

  std::pair<Value, Value> unpack(Value plan) {
    SmallVector<Type> types;
    for (const PlanPart &part : getPlanParts(cast<PlanType>(plan.getType())))
      types.push_back(part.type);
    auto unpacked = UnpackPlanOp::create(b, types, plan);
    return {unpacked.getParts()[0], unpacked.getParts()[1]};
  }

  /// The best `k` of `size` values of an axis: their numbers, ascending, -1
  /// first where there are fewer (i32, U x min(k, size)).
  Value pickAxis(Value axis, Value direction, int64_t size) {
    if (direction)
      axis = b.reduce(
          3, {{axis, {0, 2, 1}}, {direction, {2}}},
          {b.filled({b.size(axis, 0), b.getIndexAttr(size)}, b.real(acc, 0.0)),
           {0, 1}},
          [&](ValueRange in) { return b.add(in[2], b.mul(in[0], in[1])); });
    MLIRContext *context = b.getContext();
    int64_t picks = std::min(op.getSelect().getK(), size);
    auto select = SelectAttr::get(
        context, Policy::TopK, picks, /*groups=*/1, moe::Key::Logits,
        /*keyDtype=*/acc, Fallback::None, FloatAttr(), Boundary::Include,
        CountAttr(), ArrayRef<int64_t>(), ArrayRef<int64_t>());
    Value plan = createRoute(PlanType::get(context, size, picks), axis,
                             ScoreAttr::get(context, ScoreFn::Identity), select,
                             WeightAttr::get(context, WeightSource::One));
    Value ids = unpack(plan).first;
    return sortRows(b, buildRanks(b, ids), ids).front();
  }

  /// The row and the column that number `pair` of the candidates stands for; of
  /// an empty one any.
  std::pair<Value, Value> pairOf(Value pair, Value rows, Value columns,
                                 int64_t columnPicks) {
    Value unit = b.loopIndex(0);
    Value number = b.toIndex(b.select(isUsed(pair), pair, b.int32(0)));
    Value divisor = b.index(columnPicks);
    Value row = arith::DivUIOp::create(b, number, divisor);
    Value column = arith::RemUIOp::create(b, number, divisor);
    auto safe = [&](Value id) {
      return b.toIndex(b.select(isUsed(id), id, b.int32(0)));
    };
    return {safe(b.extract(rows, {unit, row})),
            safe(b.extract(columns, {unit, column}))};
  }

  /// The logits of all pairs of candidates, row after row; −∞ of a pair with an
  /// empty one.
  Value buildPairs(Value rows, Value columns) {
    OpFoldResult units = b.size(rows, 0);
    int64_t rowPicks = cast<ShapedType>(rows.getType()).getDimSize(1);
    int64_t columnPicks = cast<ShapedType>(columns.getType()).getDimSize(1);
    Sizes sizes = {units, b.getIndexAttr(rowPicks * columnPicks)};
    // A pair's number among the candidates, where both are there; else -1.
    Value there = b.map(sizes, b.getI32Type(), {}, [&](ValueRange) {
      Value unit = b.loopIndex(0), number = b.loopIndex(1);
      Value divisor = b.index(columnPicks);
      Value row =
          b.extract(rows, {unit, arith::DivUIOp::create(b, number, divisor)});
      Value column = b.extract(
          columns, {unit, arith::RemUIOp::create(b, number, divisor)});
      return b.select(b.both(isUsed(row), isUsed(column)), b.toInt32(number),
                      b.int32(-1));
    });
    Value sums =
        parts.core ? buildProducts(there, rows, columns, columnPicks) : Value();
    return b.map(sizes, type.getElementType(), Indexed{there, {0, 1}},
                 [&](ValueRange in) {
                   Value unit = b.loopIndex(0), value;
                   if (sums) {
                     value = b.extract(sums, {unit, b.loopIndex(1)});
                   } else {
                     auto [row, column] =
                         pairOf(in[0], rows, columns, columnPicks);
                     value = b.add(b.extract(parts.rows, {unit, row}),
                                   b.extract(parts.columns, {unit, column}));
                   }
                   Value none =
                       b.real(acc, -std::numeric_limits<double>::infinity());
                   return b.convert(b.select(isUsed(in[0]), value, none),
                                    type.getElementType());
                 });
  }

  /// Σ_pq core[p,q] rows[u,p,i] columns[u,q,j] of all pairs (i, j).
  Value buildProducts(Value pairs, Value rows, Value columns,
                      int64_t columnPicks) {
    Value zeros = b.filled(b.sizes(pairs), b.real(acc, 0.0));
    return b.reduce(
        4, {{pairs, {0, 1}}, {parts.core, {2, 3}}}, {zeros, {0, 1}},
        [&](ValueRange in) {
          auto [row, column] = pairOf(in[0], rows, columns, columnPicks);
          Value unit = b.loopIndex(0);
          Value left = b.extract(parts.rows, {unit, b.loopIndex(2), row});
          Value right =
              b.extract(parts.columns, {unit, b.loopIndex(3), column});
          return b.add(in[2], b.mul(b.mul(in[1], left), right));
        });
  }

  TensorBuilder &b;
  RouteOp op;
  LazyLogitsType type;
  LazyParts parts;
  FloatType acc;
};

struct ConvertLazyRoute : OpConversionPattern<RouteOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(RouteOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!op.isLazy())
      return rewriter.notifyMatchFailure(op, "its logits are a tensor");
    TensorBuilder b(op.getLoc(), rewriter);
    LazyRouteLowering lowering(b, op, adaptor.getLogits());
    rewriter.replaceOpWithMultiple(
        op, SmallVector<SmallVector<Value>>{lowering.build().values()});
    return success();
  }
};

} // namespace

void moe::detail::populateLazyRouteToLinalg(const TypeConverter &converter,
                                            RewritePatternSet &patterns) {
  patterns.add<ConvertLazyLogits, ConvertLazyRoute>(converter,
                                                    patterns.getContext());
}
