// The reference lowering of the scores of moe.route.
#include "Route.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

using FloatPredicate = arith::CmpFPredicate;

static Indexed allLoops(Value tensor) {
  unsigned rank = cast<RankedTensorType>(tensor.getType()).getRank();
  return {tensor, llvm::to_vector<3>(llvm::seq(0u, rank))};
}

namespace {

/// A tensor that is reduced over one dimension: its sizes, the other dimensions
/// and their sizes, and itself indexed by all loops.
struct Reduced {
  Reduced(TensorBuilder &b, Value tensor, unsigned axis)
      : sizes(b.sizes(tensor)), all(allLoops(tensor)) {
    for (unsigned loop = 0; loop < sizes.size(); ++loop)
      if (loop != axis) {
        kept.push_back(loop);
        keptSizes.push_back(sizes[loop]);
      }
  }

  Sizes sizes;
  SmallVector<unsigned, 3> kept;
  Sizes keptSizes;
  Indexed all;
};

} // namespace

/// The logits in `real`, rounded to `rounding`.
Value RouteLowering::buildLogits(FloatType rounding) {
  Value logits = op.getLogits();
  FloatType type = floatElement(logits);
  if (type == real && rounding.getWidth() >= real.getWidth())
    return logits;
  return b.map(unitsByExperts, real, Indexed{logits, {0, 1}},
               [&](ValueRange in) {
                 return b.roundTo(b.convert(in[0], real), rounding);
               });
}

Value moe::detail::buildPointwiseScore(TensorBuilder &b, ScoreFn fn, Value z) {
  Type real = z.getType();
  auto softplus = [&] {
    // max(z, 0) + ln(1 + e^-|z|) does not overflow.
    Value magnitude = math::AbsFOp::create(b, z);
    Value tail = math::Log1pOp::create(b, b.exp(b.neg(magnitude)));
    return b.add(b.max(z, b.real(real, 0.0)), tail);
  };
  switch (fn) {
  case ScoreFn::Identity:
    return z;
  case ScoreFn::Sigmoid:
    return b.sigmoid(z);
  case ScoreFn::Softplus:
    return softplus();
  case ScoreFn::SqrtSoftplus:
    return b.sqrt(softplus());
  case ScoreFn::Relu:
    return b.max(z, b.real(real, 0.0));
  case ScoreFn::Exp:
    return b.exp(z);
  case ScoreFn::Softmax:
  case ScoreFn::Entmax15:
    break;
  }
  llvm_unreachable("softmax and entmax15 are not pointwise");
}

/// Softmax or entmax15 along one axis. A row of −∞ alone gives zeros.
Value RouteLowering::buildNormalised(Value logits, unsigned axis, ScoreFn fn) {
  Reduced over(b, logits, axis);
  auto &[sizes, kept, keptSizes, all] = over;
  unsigned rank = sizes.size();

  Value maxima = b.reduce(
      rank, all, {b.filled(keptSizes, infinity(/*negative=*/true)), kept},
      [&](ValueRange in) { return b.max(in[0], in[1]); });
  bool softmax = fn == ScoreFn::Softmax;
  Value shifted = b.map(sizes, real, {all, {maxima, kept}}, [&](ValueRange in) {
    // −∞ − −∞ would be NaN.
    Value none = b.compare(FloatPredicate::OEQ, in[1], infinity(true));
    Value difference = b.sub(in[0], b.select(none, b.real(real, 0.0), in[1]));
    return softmax ? b.exp(difference) : b.mul(difference, b.real(real, 0.5));
  });
  if (!softmax)
    return buildEntmax(shifted, axis);
  Value sums = b.reduce(rank, allLoops(shifted),
                        {b.filled(keptSizes, b.real(real, 0.0)), kept},
                        [&](ValueRange in) { return b.add(in[0], in[1]); });
  return b.map(sizes, real, {allLoops(shifted), {sums, kept}},
               [&](ValueRange in) {
                 Value zero = b.real(real, 0.0);
                 Value none = b.compare(FloatPredicate::OEQ, in[1], zero);
                 return b.select(none, zero, b.div(in[0], in[1]));
               });
}

/// s = (x − τ)₊² for x = (z − max z) / 2, so that the scores sum to 1. The sums
/// over {x_i >= x_e} give the τ that would hold if these were the support; it
/// grows with the support up to the right one and is at most x_e there, so the
/// largest τ_e <= x_e is τ. Costs O(E²) per unit and no sort. Every x of the
/// support is within 1 of the maximum 0: nothing cancels.
Value RouteLowering::buildEntmax(Value shifted, unsigned axis) {
  Reduced over(b, shifted, axis);
  auto &[sizes, kept, keptSizes, all] = over;
  unsigned rank = sizes.size();
  Indexed other = all;
  other.loops[axis] = rank;

  SmallVector<Indexed> sums;
  for (int i = 0; i < 3; ++i)
    sums.push_back({b.filled(sizes, b.real(real, 0.0)), all.loops});
  // Number, sum and sum of squares of {x_i >= x_e}.
  SmallVector<Value> moments = b.structured(
      rank + 1, {all, other}, sums, [&](ValueRange in) -> SmallVector<Value> {
        Value zero = b.real(real, 0.0);
        Value counts = b.compare(FloatPredicate::OGE, in[1], in[0]);
        Value x = b.select(counts, in[1], zero);
        Value one = b.select(counts, b.real(real, 1.0), zero);
        return {b.add(in[2], one), b.add(in[3], x), b.add(in[4], b.mul(x, x))};
      });
  Value thresholds = b.reduce(
      rank,
      {all, allLoops(moments[0]), allLoops(moments[1]), allLoops(moments[2])},
      {b.filled(keptSizes, infinity(/*negative=*/true)), kept},
      [&](ValueRange in) {
        Value x = in[0], count = in[1];
        Value mean = b.div(in[2], count);
        Value spread = b.sub(in[3], b.mul(in[2], mean));
        Value one = b.real(real, 1.0);
        Value rest = b.div(b.sub(one, spread), count);
        Value zero = b.real(real, 0.0);
        Value tau = b.sub(mean, b.sqrt(b.max(rest, zero)));
        Value valid =
            b.both(b.compare(FloatPredicate::OGE, rest, zero),
                   b.both(b.compare(FloatPredicate::OLE, tau, x),
                          b.compare(FloatPredicate::OGT, x, b.neg(one))));
        Value larger =
            b.both(valid, b.compare(FloatPredicate::OGT, tau, in[4]));
        return b.select(larger, tau, in[4]);
      });
  return b.map(sizes, real, {all, {thresholds, kept}}, [&](ValueRange in) {
    Value supported = b.compare(FloatPredicate::OGT, in[0], in[1]);
    Value root = b.sub(in[0], in[1]);
    return b.select(supported, b.mul(root, root), b.real(real, 0.0));
  });
}

/// Normalisation of the E scores of a unit.
Value RouteLowering::buildPost(Value values) {
  if (score.getPost() == ScorePost::None)
    return values;
  Value squares = b.reduce(
      2, Indexed{values, {0, 1}}, {b.filled({units}, b.real(real, 0.0)), {0}},
      [&](ValueRange in) { return b.add(in[1], b.mul(in[0], in[0])); });
  SmallVector<Indexed> inputs = {{values, {0, 1}}, {squares, {0}}};
  if (score.getPost() == ScorePost::L2Norm)
    return b.map(unitsByExperts, real, inputs, [&](ValueRange in) {
      Value zero = b.real(real, 0.0);
      Value none = b.compare(FloatPredicate::OEQ, in[1], zero);
      return b.select(none, zero, b.div(in[0], b.sqrt(in[1])));
    });
  if (op.getScoreGain())
    inputs.push_back({op.getScoreGain(), {1}});
  return b.map(unitsByExperts, real, inputs, [&](ValueRange in) {
    Value mean =
        b.div(in[1], b.real(real, static_cast<double>(plan.getExperts())));
    Value eps = b.real(real, score.getPostEps().getValueAsDouble());
    Value normalised = b.div(in[0], b.sqrt(b.add(mean, eps)));
    return in.size() == 2 ? normalised
                          : b.mul(normalised, b.convert(in[2], real));
  });
}

Value RouteLowering::buildScores() {
  if (scores)
    return scores;
  Value logits = buildLogits(score.getDtype());
  if (score.isPointwise()) {
    scores = score.getFn() == ScoreFn::Identity
                 ? logits
                 : b.map(unitsByExperts, real, Indexed{logits, {0, 1}},
                         [&](ValueRange in) {
                           return buildPointwiseScore(b, score.getFn(), in[0]);
                         });
  } else {
    switch (score.getOver()) {
    case ScoreOver::Experts:
      scores = buildNormalised(logits, 1, score.getFn());
      break;
    case ScoreOver::Group:
      scores = b.joinColumns(buildNormalised(
          b.splitColumns(logits, score.getGroups()), 2, score.getFn()));
      break;
    case ScoreOver::Units:
      scores = buildNormalised(logits, 0, score.getFn());
      break;
    }
  }
  scores = buildPost(scores);
  if (score.getRoundTo().getWidth() < real.getWidth())
    scores = b.map(
        unitsByExperts, real, Indexed{scores, {0, 1}},
        [&](ValueRange in) { return b.roundTo(in[0], score.getRoundTo()); });
  return scores;
}

Value RouteLowering::buildScoresResult(FloatType element) {
  return b.map(unitsByExperts, element, Indexed{buildScores(), {0, 1}},
               [&](ValueRange in) { return b.convert(in[0], element); });
}
