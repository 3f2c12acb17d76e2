// The reference lowering of statistics, auxiliary losses, bias updates and
// layers.
#include "MoEToLinalg.h"

#include "moe/Dialect/MoE/Statistics.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/PatternMatch.h"

#include <limits>
#include <numbers>

using namespace mlir;
using namespace moe;
using namespace moe::detail;

using FloatPredicate = arith::CmpFPredicate;
using IntPredicate = arith::CmpIPredicate;

static Value toReal(TensorBuilder &b, Value value, FloatType type) {
  if (isa<FloatType>(value.getType()))
    return b.convert(value, type);
  return arith::SIToFPOp::create(b, type, value);
}

/// `a` / `c`, or 0 where `c` is.
static Value divideOrZero(TensorBuilder &b, Value a, Value c) {
  Value zero = b.real(a.getType(), 0.0);
  return b.select(b.compare(FloatPredicate::OEQ, c, zero), zero, b.div(a, c));
}

static int64_t rankOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getRank();
}

/// A tensor without dimensions that holds `scalar`.
static Value toTensor(TensorBuilder &b, Value scalar) {
  return b.filled({}, scalar);
}

/// The place of each element among those of its row (`axis` 1) or column (0) by
/// descending value, ties to the lower index: 0 for the largest.
static Value buildRanks(TensorBuilder &b, Value matrix, unsigned axis) {
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

/// The element of each row (`axis` 1) or column (0) whose rank is `rank`.
static Value buildOfRank(TensorBuilder &b, Value matrix, unsigned axis,
                         Value rank) {
  Value ranks = buildRanks(b, matrix, axis);
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
        if (rankOf(value) == 2)
          loops.push_back(1);
        value = b.map(b.sizes(value), element, Indexed{value, loops},
                      [&](ValueRange in) { return b.convert(in[0], element); });
      }
      // Without parts there is one row.
      if (!op.getOver() && rankOf(value) == 2)
        value = b.slice(value, {b.getIndexAttr(0), b.getIndexAttr(0)},
                        {b.getIndexAttr(1), b.size(value, 1)}, /*dropped=*/1);
      else if (!op.getOver())
        value = toTensor(b, b.extract(value, zero));
      results.push_back(b.castTo(value, to));
    }
    rewriter.replaceOp(op, results);
    return success();
  }
};

//===----------------------------------------------------------------------===//
// aux_loss
//===----------------------------------------------------------------------===//

/// The formulas of `moe.aux_loss`, in `real`.
class LossLowering {
public:
  LossLowering(TensorBuilder &b, AuxLossOp op, ValueRange stats)
      : b(b), op(op), kind(op.getKind()), stats(stats) {
    SmallVector<Type> types = {op.getLoss().getType()};
    for (Value stat : stats)
      if (isa<FloatType>(cast<ShapedType>(stat.getType()).getElementType()))
        types.push_back(stat.getType());
    real = computeType(types);
  }

  Value build() {
    return b.mul(number(op.getCoeff().convertToDouble()), buildFormula());
  }

  /// λ of the next step: up where more than k entries per unit are live.
  Value buildNext() {
    Value live = sum(total("counts")), units = scalar("units");
    Value wanted = b.mul(units, number(static_cast<double>(*op.getK())));
    Value lambda = scalar("lambda"), step = number(1.2);
    Value more = b.compare(FloatPredicate::OGT, live, wanted);
    Value fewer = b.compare(FloatPredicate::OLT, live, wanted);
    return b.select(more, b.mul(lambda, step),
                    b.select(fewer, b.div(lambda, step), lambda));
  }

private:
  Value number(double value) { return b.real(real, value); }

  Value find(StringRef name) {
    for (auto [stat, wanted] : llvm::zip_equal(stats, getLossStatistics(kind)))
      if (wanted.name == name)
        return stat;
    llvm_unreachable("the verifier sees to what a kind has");
  }

  /// A statistic of experts over all parts, in `real`.
  Value total(StringRef name) {
    Value stat = find(name);
    int64_t rank = rankOf(stat);
    SmallVector<unsigned, 3> loops = {0};
    if (rank == 2)
      loops = {1, 0};
    Sizes sizes = {b.size(stat, rank - 1)};
    return b.reduce(
        rank, Indexed{stat, loops}, {b.filled(sizes, number(0.0)), {0}},
        [&](ValueRange in) { return b.add(in[1], toReal(b, in[0], real)); });
  }

  /// A statistic without experts over all parts, in `real`.
  Value scalar(StringRef name) {
    Value stat = find(name);
    if (rankOf(stat) == 0)
      return toReal(b, b.extract(stat, {}), real);
    Value sum = b.reduce(
        1, Indexed{stat, {0}}, {b.filled({}, number(0.0)), {}},
        [&](ValueRange in) { return b.add(in[1], toReal(b, in[0], real)); });
    return b.extract(sum, {});
  }

  /// Σ `term` over the elements of vectors of one size.
  Value sumOf(ArrayRef<Value> vectors, TensorBuilder::Body term) {
    SmallVector<Indexed> inputs;
    for (Value vector : vectors)
      inputs.push_back({vector, {0}});
    Value result = b.reduce(
        1, inputs, {b.filled({}, number(0.0)), {}},
        [&](ValueRange in) { return b.add(in.back(), term(in.drop_back())); });
    return b.extract(result, {});
  }

  Value sum(Value vector) {
    return sumOf(vector, [](ValueRange in) { return in[0]; });
  }

  Value size(Value vector) {
    return toReal(b, b.toInt32(b.sizeValue(vector, 0)), real);
  }

  /// E/k · `product` / (`units` · `others`), where k is 1 for kinds without.
  Value buildBalance(Value product, Value experts, Value units, Value others) {
    if (op.getK())
      experts = b.div(experts, number(static_cast<double>(*op.getK())));
    Value value = divideOrZero(b, product, units);
    return b.mul(experts, divideOrZero(b, value, others));
  }

  /// Counts where those of `null_ids` are their mean.
  Value averageNull(Value counts) {
    Value none = b.boolean(false);
    SmallVector<bool> flags(cast<ShapedType>(counts.getType()).getDimSize(0),
                            false);
    for (int64_t id : op.getNullIds())
      flags[id] = true;
    Value isNull = arith::ConstantOp::create(
        b, DenseElementsAttr::get(
               RankedTensorType::get({static_cast<int64_t>(flags.size())},
                                     none.getType()),
               ArrayRef<bool>(flags)));
    Value mean = b.div(sumOf({counts, isNull},
                             [&](ValueRange in) {
                               return b.select(in[1], in[0], number(0.0));
                             }),
                       number(op.getNullIds().size()));
    return b.map(b.sizes(counts), real, {{counts, {0}}, {isNull, {0}}},
                 [&](ValueRange in) { return b.select(in[1], mean, in[0]); });
  }

  /// Mean of the balance of each part with units.
  Value buildSeq() {
    Value counts = find("counts"), sums = find("score_sums");
    Value units = find("units");
    Value experts = toReal(b, b.toInt32(b.sizeValue(counts, 1)), real);
    Value products = b.reduce(
        2, {{counts, {0, 1}}, {sums, {0, 1}}},
        {b.filled({b.size(counts, 0)}, number(0.0)), {0}}, [&](ValueRange in) {
          Value product = b.mul(toReal(b, in[0], real), b.convert(in[1], real));
          return b.add(in[2], product);
        });
    Value losses = b.map({b.size(counts, 0)}, real,
                         {{products, {0}}, {units, {0}}}, [&](ValueRange in) {
                           Value t = toReal(b, in[1], real);
                           return buildBalance(in[0], experts, t, t);
                         });
    Value parts = sumOf(units, [&](ValueRange in) {
      Value some = b.compare(IntPredicate::sgt, in[0], b.int32(0));
      return b.select(some, number(1.0), number(0.0));
    });
    return divideOrZero(b, sum(losses), parts);
  }

  /// (std / mean)² of a vector.
  Value buildVariation(Value vector) {
    Value count = size(vector);
    Value mean = divideOrZero(b, sum(vector), count);
    Value squares = sumOf(vector, [&](ValueRange in) {
      Value off = b.sub(in[0], mean);
      return b.mul(off, off);
    });
    Value degrees = op.getSample() ? b.sub(count, number(1.0)) : count;
    Value variance = divideOrZero(b, squares, degrees);
    Value base =
        b.add(b.mul(mean, mean), number(op.getEps().convertToDouble()));
    return divideOrZero(b, variance, base);
  }

  /// Σ_t 1 − Φ((θ_t − z_te) E / σ₀) of each expert.
  Value buildNoisyLoad() {
    Value logits = find("logits");
    Value noisy = find("noisy_logits");
    noisy = b.map(b.sizes(noisy), real, Indexed{noisy, {0, 1}},
                  [&](ValueRange in) { return b.convert(in[0], real); });
    Value limits = buildOfRank(b, noisy, 1, b.int32(*op.getK() - 1));
    Value experts = toReal(b, b.toInt32(b.sizeValue(logits, 1)), real);
    Value scale = b.div(experts, number(op.getNoiseStd()->convertToDouble()));
    return b.reduce(
        2, {{logits, {0, 1}}, {limits, {0}}},
        {b.filled({b.size(logits, 1)}, number(0.0)), {1}}, [&](ValueRange in) {
          Value off = b.mul(b.sub(in[1], b.convert(in[0], real)), scale);
          // 1 - Φ(x) = erfc(x / √2) / 2, which keeps small tails.
          Value tail = math::ErfcOp::create(
              b, b.mul(off, number(1.0 / std::numbers::sqrt2)));
          return b.add(in[2], b.mul(tail, number(0.5)));
        });
  }

  /// p ln p, 0 where p is.
  Value buildEntropyTerm(Value p) {
    Value zero = number(0.0);
    Value none = b.compare(FloatPredicate::OEQ, p, zero);
    Value safe = b.select(none, number(1.0), p);
    return b.mul(p, math::LogOp::create(b, safe));
  }

  /// The mean over units of Σ_e `term` of a score.
  Value meanOverUnits(function_ref<Value(Value)> term) {
    Value scores = find("scores");
    Value terms = b.reduce(2, Indexed{scores, {0, 1}},
                           {b.filled({}, number(0.0)), {}}, [&](ValueRange in) {
                             return b.add(in[1], term(b.convert(in[0], real)));
                           });
    return divideOrZero(b, b.extract(terms, {}), size(scores));
  }

  Value buildFormula() {
    switch (kind) {
    case AuxLossKind::Switch:
    case AuxLossKind::SwitchSumK:
    case AuxLossKind::GShardTop1:
    case AuxLossKind::NullMean:
    case AuxLossKind::GlobalBatch:
    case AuxLossKind::L1Balanced: {
      Value counts = total("counts"), units = scalar("units");
      if (kind == AuxLossKind::NullMean)
        counts = averageNull(counts);
      Value product = sumOf({counts, total("score_sums")},
                            [&](ValueRange in) { return b.mul(in[0], in[1]); });
      Value others =
          kind == AuxLossKind::GlobalBatch ? scalar("score_units") : units;
      Value value = buildBalance(product, size(counts), units, others);
      return kind == AuxLossKind::L1Balanced ? b.mul(value, scalar("lambda"))
                                             : value;
    }
    case AuxLossKind::Seq:
      return buildSeq();
    case AuxLossKind::Z:
      return divideOrZero(b, scalar("lse_squares"), scalar("units"));
    case AuxLossKind::ImportanceCv2:
      return buildVariation(total("score_sums"));
    case AuxLossKind::LoadCv2:
      return buildVariation(buildNoisyLoad());
    case AuxLossKind::Entropy: {
      Value units = scalar("units");
      return b.neg(sumOf(total("score_sums"), [&](ValueRange in) {
        return buildEntropyTerm(divideOrZero(b, in[0], units));
      }));
    }
    case AuxLossKind::MeanEntropy:
      return b.neg(meanOverUnits([&](Value p) { return buildEntropyTerm(p); }));
    case AuxLossKind::L1:
      return meanOverUnits(
          [&](Value s) { return math::AbsFOp::create(b, s).getResult(); });
    case AuxLossKind::MeanImportance: {
      Value units = scalar("units"), sums = total("score_sums");
      Value squares = sumOf(sums, [&](ValueRange in) {
        Value mean = divideOrZero(b, in[0], units);
        return b.mul(mean, mean);
      });
      return b.mul(size(sums), squares);
    }
    }
    llvm_unreachable("every kind has a formula");
  }

  TensorBuilder &b;
  AuxLossOp op;
  AuxLossKind kind;
  ValueRange stats;
  FloatType real;
};

struct ConvertAuxLoss : OpConversionPattern<AuxLossOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(AuxLossOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    LossLowering lowering(b, op, adaptor.getStats());
    auto result = [&](Value value, Value as) {
      return toTensor(b, b.convert(value, floatElement(as)));
    };
    SmallVector<Value> results = {result(lowering.build(), op.getLoss())};
    if (op.getNext())
      results.push_back(result(lowering.buildNext(), op.getNext()));
    rewriter.replaceOp(op, results);
    return success();
  }
};

struct ConvertAttachLoss : OpConversionPattern<AttachLossOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(AttachLossOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, adaptor.getInput());
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
  patterns.add<ConvertAttachLoss, ConvertAuxLoss, ConvertBiasUpdate,
               ConvertPlanStats>(converter, patterns.getContext());
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
