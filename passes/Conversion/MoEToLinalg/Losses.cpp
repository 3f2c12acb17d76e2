// The reference lowering of auxiliary losses.
#include "Statistics.h"

#include "moe/Dialect/MoE/Statistics.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/PatternMatch.h"

#include <limits>
#include <numbers>

using namespace mlir;
using namespace moe;
using namespace moe::detail;

using FloatPredicate = arith::CmpFPredicate;
using IntPredicate = arith::CmpIPredicate;

static int64_t getRank(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getRank();
}

namespace {

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
    int64_t rank = getRank(stat);
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
    if (getRank(stat) == 0)
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

  /// ‖row‖ of each row.
  Value buildRowNorms(Value matrix) {
    Value squares = b.reduce(2, Indexed{matrix, {0, 1}},
                             {b.filled({b.size(matrix, 0)}, number(0.0)), {0}},
                             [&](ValueRange in) {
                               Value v = b.convert(in[0], real);
                               return b.add(in[1], b.mul(v, v));
                             });
    return b.map(b.sizes(squares), real, Indexed{squares, {0}},
                 [&](ValueRange in) { return b.sqrt(in[0]); });
  }

  /// The cosine of each row of `left` and each row of `right`.
  Value buildCosines(Value left, Value right) {
    auto normalise = [&](Value matrix) {
      return b.map(b.sizes(matrix), real,
                   {{matrix, {0, 1}}, {buildRowNorms(matrix), {0}}},
                   [&](ValueRange in) {
                     return divideOrZero(b, b.convert(in[0], real), in[1]);
                   });
    };
    Value zeros = b.filled({b.size(left, 0), b.size(right, 0)}, number(0.0));
    return b.matmulTransposed(normalise(left), normalise(right), zeros);
  }

  /// ‖N Nᵀ − I‖ plus the mean norm of rows, with N the normalised rows.
  Value buildOrthogonality() {
    Value router = find("router");
    Value norms = buildRowNorms(router);
    Value squares =
        b.reduce(2, Indexed{buildCosines(router, router), {0, 1}},
                 {b.filled({}, number(0.0)), {}}, [&](ValueRange in) {
                   Value own = b.compare(IntPredicate::eq, b.loopIndex(0),
                                         b.loopIndex(1));
                   Value one = b.select(own, number(1.0), number(0.0));
                   Value off = b.sub(in[0], one);
                   return b.add(in[1], b.mul(off, off));
                 });
    return b.add(b.sqrt(b.extract(squares, {})),
                 divideOrZero(b, sum(norms), size(norms)));
  }

  /// The mean over experts with units of the cross entropy of their own inputs
  /// among those of all.
  Value buildContrast() {
    Value counts = find("counts");
    Value logits = buildCosines(find("router"), find("input_sums"));
    Value temperature = number(op.getTemperature()->convertToDouble());
    auto isLive = [&](Value count) {
      return b.compare(IntPredicate::sgt, count, b.int32(0));
    };
    Value none = number(-std::numeric_limits<double>::infinity());
    logits =
        b.map(b.sizes(logits), real, {{logits, {0, 1}}, {counts, {1}}},
              [&](ValueRange in) {
                return b.select(isLive(in[1]), b.div(in[0], temperature), none);
              });
    Sizes experts = {b.size(logits, 0)};
    Value largest =
        b.reduce(2, Indexed{logits, {0, 1}}, {b.filled(experts, none), {0}},
                 [&](ValueRange in) { return b.max(in[1], in[0]); });
    Value sums =
        b.reduce(2, {{logits, {0, 1}}, {largest, {0}}},
                 {b.filled(experts, number(0.0)), {0}}, [&](ValueRange in) {
                   return b.add(in[2], b.exp(b.sub(in[0], in[1])));
                 });
    Value own =
        b.reduce(2, Indexed{logits, {0, 1}},
                 {b.filled(experts, number(0.0)), {0}}, [&](ValueRange in) {
                   Value same = b.compare(IntPredicate::eq, b.loopIndex(0),
                                          b.loopIndex(1));
                   return b.select(same, in[0], in[1]);
                 });
    Value losses = b.map(
        experts, real, {{largest, {0}}, {sums, {0}}, {own, {0}}, {counts, {0}}},
        [&](ValueRange in) {
          Value lse = b.add(in[0], math::LogOp::create(b, in[1]));
          return b.select(isLive(in[3]), b.sub(lse, in[2]), number(0.0));
        });
    Value live = sumOf(counts, [&](ValueRange in) {
      return b.select(isLive(in[0]), number(1.0), number(0.0));
    });
    return divideOrZero(b, sum(losses), live);
  }

  /// The mean over experts and chunks of 1 − Π_t (1 − s + eps).
  Value buildChunks() {
    Value scores = find("scores");
    Value units = b.sizeValue(scores, 0), experts = b.sizeValue(scores, 1);
    Value zero = b.index(0), length = b.index(*op.getChunk());
    Value chunks = arith::CeilDivUIOp::create(b, units, length);
    Value base = number(1.0 + op.getEps().convertToDouble());
    Value idle = b.filled({chunks, b.size(scores, 1)}, number(1.0));
    auto multiply = [&](Value unit, ValueRange state) {
      Value chunk = arith::DivUIOp::create(b, unit, length);
      return b.loop(zero, experts, state,
                    [&](Value expert, ValueRange state) -> SmallVector<Value> {
                      Value score =
                          b.convert(b.extract(scores, {unit, expert}), real);
                      Value old = b.extract(state[0], {chunk, expert});
                      Value product = b.mul(old, b.sub(base, score));
                      return {b.insert(product, state[0], {chunk, expert})};
                    });
    };
    idle = b.loop(zero, units, idle, multiply).front();
    Value used = b.reduce(
        2, Indexed{idle, {0, 1}}, {b.filled({}, number(0.0)), {}},
        [&](ValueRange in) { return b.add(in[1], b.sub(number(1.0), in[0])); });
    Value cells = toReal(b, b.toInt32(b.mul(chunks, experts)), real);
    return divideOrZero(b, b.extract(used, {}), cells);
  }

  /// The products of the elements of two vectors.
  Value multiplyEach(Value left, Value right) {
    return b.map(b.sizes(left), real, {{left, {0}}, {right, {0}}},
                 [&](ValueRange in) { return b.mul(in[0], in[1]); });
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
    case AuxLossKind::L1Balanced:
    case AuxLossKind::SizeWeighted: {
      Value counts = total("counts"), units = scalar("units");
      if (kind == AuxLossKind::NullMean)
        counts = averageNull(counts);
      if (kind == AuxLossKind::SizeWeighted)
        counts = multiplyEach(counts, total("sizes"));
      Value product = sum(multiplyEach(counts, total("score_sums")));
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
    case AuxLossKind::LatencyWeighted: {
      Value latencies = total("latencies");
      auto timed = [&](StringRef name) {
        return buildVariation(multiplyEach(total(name), latencies));
      };
      return b.add(timed("score_sums"), timed("loads"));
    }
    case AuxLossKind::GateOrthogonality:
      return buildOrthogonality();
    case AuxLossKind::RouterContrastive:
      return buildContrast();
    case AuxLossKind::ClsChunk:
      return buildChunks();
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
      return b.filled({}, b.convert(value, floatElement(as)));
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

} // namespace

void moe::detail::populateLossesToLinalg(const TypeConverter &converter,
                                         RewritePatternSet &patterns) {
  patterns.add<ConvertAttachLoss, ConvertAuxLoss>(converter,
                                                  patterns.getContext());
}
