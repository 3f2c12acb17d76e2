// The reference lowering of statistics, bias updates and layers.
#include "Statistics.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/PatternMatch.h"

#include <limits>

using namespace mlir;
using namespace moe;
using namespace moe::detail;

using FloatPredicate = arith::CmpFPredicate;
using IntPredicate = arith::CmpIPredicate;

Value moe::detail::toReal(TensorBuilder &b, Value value, FloatType type) {
  if (isa<FloatType>(value.getType()))
    return b.convert(value, type);
  return arith::SIToFPOp::create(b, type, value);
}

Value moe::detail::divideOrZero(TensorBuilder &b, Value a, Value c) {
  Value zero = b.real(a.getType(), 0.0);
  return b.select(b.compare(FloatPredicate::OEQ, c, zero), zero, b.div(a, c));
}

/// The place of each element among those of its row (`axis` 1) or column (0) by
/// descending value, ties to the lower index: 0 for the largest.
static Value buildPlaces(TensorBuilder &b, Value matrix, unsigned axis) {
  SmallVector<unsigned, 3> other = {axis == 0 ? 2u : 0u, axis == 0 ? 1u : 2u};
  return b.reduce(3, {{matrix, {0, 1}}, {matrix, other}},
                  {b.filled(b.sizes(matrix), b.int32(0)), {0, 1}},
                  [&](ValueRange in) {
                    Value above = b.compare(FloatPredicate::OGT, in[1], in[0]);
                    Value equal = b.compare(FloatPredicate::OEQ, in[1], in[0]);
                    Value earlier = b.compare(IntPredicate::ult, b.loopIndex(2),
                                              b.loopIndex(axis));
                    Value before = b.either(above, b.both(equal, earlier));
                    return b.select(before, b.add(in[2], b.int32(1)), in[2]);
                  });
}

Value moe::detail::buildOfRank(TensorBuilder &b, Value matrix, unsigned axis,
                               Value rank) {
  Value ranks = buildPlaces(b, matrix, axis);
  Value none =
      b.real(floatElement(matrix), -std::numeric_limits<double>::infinity());
  return b.reduce(2, {{matrix, {0, 1}}, {ranks, {0, 1}}},
                  {b.filled({b.size(matrix, 1 - axis)}, none), {1 - axis}},
                  [&](ValueRange in) {
                    Value wanted = b.compare(IntPredicate::eq, in[1], rank);
                    return b.select(wanted, in[0], in[2]);
                  });
}

//===----------------------------------------------------------------------===//
// plan_stats
//===----------------------------------------------------------------------===//

namespace {

struct ConvertPlanStats : OpConversionPattern<PlanStatsOp> {
  using OpConversionPattern::OpConversionPattern;

  /// Σ of each row, in `real`.
  static Value buildRowSums(TensorBuilder &b, Value matrix, FloatType real) {
    return b.reduce(
        2, Indexed{matrix, {0, 1}},
        {b.filled({b.size(matrix, 0)}, b.real(real, 0.0)), {0}},
        [&](ValueRange in) { return b.add(in[1], b.convert(in[0], real)); });
  }

  /// (ln Σ exp z)² of each row, 0 of a row of −∞.
  static Value buildSquares(TensorBuilder &b, Value logits, FloatType real) {
    Value infinity = b.real(real, -std::numeric_limits<double>::infinity());
    Value largest = b.reduce(
        2, Indexed{logits, {0, 1}},
        {b.filled({b.size(logits, 0)}, infinity), {0}},
        [&](ValueRange in) { return b.max(in[1], b.convert(in[0], real)); });
    Value sums = b.reduce(
        2, {{logits, {0, 1}}, {largest, {0}}},
        {b.filled({b.size(logits, 0)}, b.real(real, 0.0)), {0}},
        [&](ValueRange in) {
          return b.add(in[2], b.exp(b.sub(b.convert(in[0], real), in[1])));
        });
    return b.map({b.size(logits, 0)}, real, {{largest, {0}}, {sums, {0}}},
                 [&](ValueRange in) {
                   Value lse = b.add(in[0], math::LogOp::create(b, in[1]));
                   Value none = b.compare(FloatPredicate::OEQ, in[0], infinity);
                   return b.select(none, b.real(real, 0.0), b.mul(lse, lse));
                 });
  }

  /// Number of parts.
  static Value buildParts(TensorBuilder &b, PlanStatsOp op, Value offsets,
                          Value units) {
    DomainAttr over = op.getOverAttr();
    if (!over || over.getKind() == DomainKind::All)
      return b.index(1);
    if (over.getKind() == DomainKind::Blocks)
      return arith::CeilDivUIOp::create(b, units, b.index(over.getSize()));
    return b.sub(b.sizeValue(offsets, 0), b.index(1));
  }

  LogicalResult
  matchAndRewrite(PlanStatsOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    auto optional = [](ArrayRef<ValueRange> values) -> Value {
      return values.empty() ? Value() : values.front().front();
    };
    auto at = [&](unsigned group) {
      auto [first, count] = op.getODSOperandIndexAndLength(group);
      return optional(adaptor.getOperands().slice(first, count));
    };
    Value scores = at(1), logits = at(2), offsets = at(3);
    PlanType type = op.getPlan().getType();
    Assignment entries = getAssignment(b, type, PlanParts(adaptor.getPlan()));
    Value units = b.sizeValue(entries.ids, 0), zero = b.index(0);
    Value one = b.index(1);
    Value slots =
        op.getCounted() == Counted::First ? one : b.sizeValue(entries.ids, 1);
    OpFoldResult parts = buildParts(b, op, offsets, units);
    Sizes table = {parts, b.getIndexAttr(type.getExperts())};

    // Counts, sums and squares of each part, as far as they are asked for.
    SmallVector<Value> init = {b.filled(table, b.int32(0)),
                               b.filled({parts}, b.int32(0)), zero};
    FloatType sumType, squareType;
    Value rowSums, squares;
    if (scores) {
      sumType = computeType({scores.getType(), op.getScoreSums().getType()});
      init.push_back(b.filled(table, b.real(sumType, 0.0)));
      if (op.getNormalise())
        rowSums = buildRowSums(b, scores, sumType);
    }
    if (logits) {
      squareType =
          computeType({logits.getType(), op.getLseSquares().getType()});
      squares = buildSquares(b, logits, squareType);
      init.push_back(b.filled({parts}, b.real(squareType, 0.0)));
    }
    auto addEntries = [&](Value part, Value unit, Value counts) {
      return b
          .loop(zero, slots, counts,
                [&](Value slot, ValueRange state) -> SmallVector<Value> {
                  Value id = b.extract(entries.ids, {unit, slot});
                  Value used = b.compare(IntPredicate::sge, id, b.int32(0));
                  Value safe = b.toIndex(b.select(used, id, b.int32(0)));
                  Value more = b.select(used, b.int32(1), b.int32(0));
                  Value old = b.extract(state[0], {part, safe});
                  return {b.insert(b.add(old, more), state[0], {part, safe})};
                })
          .front();
    };
    auto addScores = [&](Value part, Value unit, Value sums) {
      return b
          .loop(zero, b.index(type.getExperts()), sums,
                [&](Value expert, ValueRange state) -> SmallVector<Value> {
                  Value score =
                      b.convert(b.extract(scores, {unit, expert}), sumType);
                  if (rowSums)
                    score = divideOrZero(b, score, b.extract(rowSums, unit));
                  Value old = b.extract(state[0], {part, expert});
                  return {
                      b.insert(b.add(old, score), state[0], {part, expert})};
                })
          .front();
    };
    SmallVector<Value> stats = forEachPart(
        b, op.getOverAttr(), offsets, units, init,
        [&](Value lower, Value upper, ValueRange carried) {
          Value part = carried[2];
          SmallVector<Value> state =
              b.loop(lower, upper, carried,
                     [&](Value unit, ValueRange state) -> SmallVector<Value> {
                       SmallVector<Value> next(state);
                       next[0] = addEntries(part, unit, state[0]);
                       if (scores)
                         next[3] = addScores(part, unit, state[3]);
                       if (logits) {
                         Value sum = b.add(b.extract(state.back(), part),
                                           b.extract(squares, unit));
                         next.back() = b.insert(sum, state.back(), part);
                       }
                       return next;
                     });
          Value size = b.toInt32(b.sub(upper, lower));
          state[1] = b.insert(size, state[1], part);
          state[2] = b.add(part, one);
          return state;
        });

    SmallVector<Value> values = {stats[0], stats[1]};
    values.append(stats.begin() + 3, stats.end());
    SmallVector<Value> results;
    for (auto [value, result] : llvm::zip_equal(values, op.getResults())) {
      auto to = cast<RankedTensorType>(result.getType());
      Type element = to.getElementType();
      if (isa<FloatType>(element)) {
        SmallVector<unsigned, 3> loops = {0};
        if (cast<RankedTensorType>(value.getType()).getRank() == 2)
          loops.push_back(1);
        value = b.map(b.sizes(value), element, Indexed{value, loops},
                      [&](ValueRange in) { return b.convert(in[0], element); });
      }
      // Without parts there is one row.
      if (!op.getOver() &&
          cast<RankedTensorType>(value.getType()).getRank() == 2)
        value = b.slice(value, {b.getIndexAttr(0), b.getIndexAttr(0)},
                        {b.getIndexAttr(1), b.size(value, 1)}, /*dropped=*/1);
      else if (!op.getOver())
        value = b.filled({}, b.extract(value, zero));
      results.push_back(b.castTo(value, to));
    }
    rewriter.replaceOp(op, results);
    return success();
  }
};

//===----------------------------------------------------------------------===//
// bias_update
//===----------------------------------------------------------------------===//

struct ConvertBiasUpdate : OpConversionPattern<BiasUpdateOp> {
  using OpConversionPattern::OpConversionPattern;

  /// b + rate · step(mean(load) − load).
  static Value buildByCount(TensorBuilder &b, BiasUpdateOp op, Value bias,
                            Value load, FloatType real, Value rate) {
    Value sum = b.reduce(
        1, Indexed{load, {0}}, {b.filled({}, b.real(real, 0.0)), {}},
        [&](ValueRange in) { return b.add(in[1], toReal(b, in[0], real)); });
    Value experts = toReal(b, b.toInt32(b.sizeValue(load, 0)), real);
    Value mean = b.div(b.extract(sum, {}), experts);
    return b.map(b.sizes(bias), real, {{bias, {0}}, {load, {0}}},
                 [&](ValueRange in) {
                   Value step = b.sub(mean, toReal(b, in[1], real));
                   if (op.getKind() == BiasRule::Sign) {
                     Value zero = b.real(real, 0.0);
                     Value up = b.compare(FloatPredicate::OGT, step, zero);
                     Value down = b.compare(FloatPredicate::OLT, step, zero);
                     step = b.select(up, b.real(real, 1.0),
                                     b.select(down, b.real(real, -1.0), zero));
                   }
                   return b.add(in[0], b.mul(rate, step));
                 });
  }

  /// (1 − rate) b − rate β. The ranks of U units cost O(U² E).
  static Value buildByQuantile(TensorBuilder &b, BiasUpdateOp op, Value bias,
                               Value load, FloatType real, Value rate) {
    Value experts = b.sizeValue(load, 1), units = b.sizeValue(load, 0);
    Value k = b.index(*op.getK());
    Value left = arith::RemUIOp::create(b, b.mul(units, k), experts);
    // (R12)
    b.check(b.compare(IntPredicate::eq, left, b.index(0)),
            "units times k are no multiple of the experts");
    b.check(b.compare(IntPredicate::ult, k, experts),
            "k is not below the number of experts");
    Value keys = b.map(
        b.sizes(load), real, {{load, {0, 1}}, {bias, {1}}}, [&](ValueRange in) {
          return b.add(b.convert(in[0], real), b.convert(in[1], real));
        });
    Value limits = buildOfRank(b, keys, 1, b.toInt32(k));
    Value above = b.map(
        b.sizes(load), real, {{load, {0, 1}}, {limits, {0}}},
        [&](ValueRange in) { return b.sub(b.convert(in[0], real), in[1]); });
    Value share = arith::DivUIOp::create(b, b.mul(units, k), experts);
    Value quantiles = buildOfRank(b, above, 0, b.toInt32(share));
    Value some = b.compare(IntPredicate::ugt, units, b.index(0));
    return b.map(b.sizes(bias), real, {{bias, {0}}, {quantiles, {0}}},
                 [&](ValueRange in) {
                   Value old = b.convert(in[0], real);
                   Value kept = b.sub(b.real(real, 1.0), rate);
                   Value moved = b.sub(b.mul(kept, old), b.mul(rate, in[1]));
                   return b.select(some, moved, old);
                 });
  }

  LogicalResult
  matchAndRewrite(BiasUpdateOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    FloatType element = floatElement(op.getResult());
    SmallVector<Type> types = {element};
    if (op.getKind() == BiasRule::Quantile)
      types.push_back(op.getLoad().getType());
    FloatType real = computeType(types);
    Value rate = b.real(real, op.getRate().convertToDouble());
    auto build =
        op.getKind() == BiasRule::Quantile ? buildByQuantile : buildByCount;
    Value result =
        build(b, op, adaptor.getBias(), adaptor.getLoad(), real, rate);
    if (element != real)
      result = b.map(b.sizes(result), element, Indexed{result, {0}},
                     [&](ValueRange in) { return b.convert(in[0], element); });
    rewriter.replaceOp(op, b.castTo(result, op.getType()));
    return success();
  }
};

} // namespace

void moe::detail::populateStatisticsToLinalg(const TypeConverter &converter,
                                             RewritePatternSet &patterns) {
  patterns.add<ConvertBiasUpdate, ConvertPlanStats>(converter,
                                                    patterns.getContext());
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

/// Counts of a route before capacity are those of the same route without.
static LogicalResult countWithoutCapacity(PlanStatsOp op) {
  auto route = op.getPlan().getDefiningOp<RouteOp>();
  if (!route)
    return op.emitOpError("expects 'stage <before>' of the plan of a "
                          "'moe.route', but got another plan");
  op.setStage(StatsStage::After);
  if (!route.getCapacityAttr())
    return success();
  OpBuilder builder(route);
  auto whole = cast<RouteOp>(builder.clone(*route));
  PlanType plan = route.getPlan().getType();
  whole.removeCapacityAttr();
  whole.removeDomainAttr();
  whole.getSegmentsMutable().clear();
  whole.getPredictorMutable().clear();
  whole.getPlan().setType(
      plan.withEncoding(PlanEncoding::Slots, route.getSelectedSlots())
          .withCarry(false));
  op.getPlanMutable().assign(whole.getPlan());
  return success();
}

static void inlineLayer(LayerOp layer, RewriterBase &rewriter) {
  if (layer.getDecode())
    layer.getBody().walk([&](RouteOp route) {
      if (!route.getPredictor())
        return;
      rewriter.replaceAllUsesWith(route.getPlan(), route.getPredictor());
    });
  Block &body = layer.getBody().front();
  Operation *yield = body.getTerminator();
  SmallVector<Value> results(yield->getOperands());
  rewriter.inlineBlockBefore(&body, layer);
  rewriter.eraseOp(yield);
  rewriter.replaceOp(layer, results);
}

LogicalResult moe::detail::resolveLayers(Operation *root) {
  IRRewriter rewriter(root->getContext());
  // An inner layer before the one around it.
  root->walk<WalkOrder::PostOrder>(
      [&](LayerOp layer) { inlineLayer(layer, rewriter); });
  WalkResult walk = root->walk([](PlanStatsOp op) -> WalkResult {
    if (op.getStage() == StatsStage::After)
      return WalkResult::advance();
    return countWithoutCapacity(op);
  });
  return failure(walk.wasInterrupted());
}
