// The reference lowering of moe.route: scores, keys, selection, weights.
#include "MoEToLinalg.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <limits>

using namespace mlir;
using namespace moe;
using namespace moe::detail;

using FloatPredicate = arith::CmpFPredicate;
using IntPredicate = arith::CmpIPredicate;

namespace {

/// Lowers one route. Scores and keys are matrices U x E in `real`; a number is
/// rounded to a narrower type where the attributes ask for it and kept in
/// `real`. Selection walks the candidates of a unit once per slot: the next one
/// is the best of those that come after the previous one in the order relation,
/// so nothing is sorted and nothing is marked. −∞ and NaN are never better than
/// the −∞ that the search starts from, hence never selected.
class RouteLowering {
public:
  RouteLowering(TensorBuilder &b, RouteOp op)
      : b(b), op(op), plan(op.getPlan().getType()), score(op.getScore()),
        selection(op.getSelect()), weight(op.getWeight()),
        real(computeType({op.getLogits().getType(), score.getDtype(),
                          selection.getKeyDtype(), weight.getDtype()})),
        units(b.size(op.getLogits(), 0)),
        unitsByExperts{units, b.getIndexAttr(plan.getExperts())},
        unitsBySlots{units, b.getIndexAttr(plan.getSlots())} {}

  PlanParts build();

private:
  Value infinity(bool negative) {
    return b.real(real, negative ? -std::numeric_limits<double>::infinity()
                                 : std::numeric_limits<double>::infinity());
  }

  // Scores (2.3).
  Value buildLogits(FloatType rounding);
  Value applyPointwise(Value logit);
  Value buildScores();
  Value buildNormalised(Value logits, unsigned axis);
  Value buildEntmax(Value shifted, unsigned axis);
  Value buildPost(Value scores);

  // Keys and selection (2.4).
  Value buildKeys();
  Value applyAllow(Value keys, bool addOffset);
  Value buildGroupScores(Value keys);
  Value applyGroupFilter(Value keys);
  SmallVector<Value> buildNext(Value keys, Value unit, Value lower, Value upper,
                               ValueRange previous);
  Value buildSelection(Value keys, Value unfiltered);
  Value buildAll(Value keys);

  // Weights (2.5).
  Value buildRawWeights(Value ids);
  Value isLive(Value id);
  Value buildDenominator(Value ids, Value raw);
  Value buildWeights(Value ids);

  TensorBuilder &b;
  RouteOp op;
  PlanType plan;
  ScoreAttr score;
  SelectAttr selection;
  WeightAttr weight;
  FloatType real;
  OpFoldResult units;
  Sizes unitsByExperts, unitsBySlots;
  /// Built when first asked for; null before.
  Value scores, keys;
};

/// The loops that index an operand of E or U x E in a nest over (u, e).
Indexed perExpert(Value operand) {
  if (cast<RankedTensorType>(operand.getType()).getRank() == 1)
    return {operand, {1}};
  return {operand, {0, 1}};
}

SmallVector<unsigned, 3> loopsWithout(unsigned count, unsigned dropped) {
  SmallVector<unsigned, 3> loops;
  for (unsigned loop = 0; loop < count; ++loop)
    if (loop != dropped)
      loops.push_back(loop);
  return loops;
}

Indexed allLoops(Value tensor) {
  unsigned rank = cast<RankedTensorType>(tensor.getType()).getRank();
  return {tensor, llvm::to_vector<3>(llvm::seq(0u, rank))};
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

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

Value RouteLowering::applyPointwise(Value z) {
  auto softplus = [&] {
    // max(z, 0) + ln(1 + e^-|z|) does not overflow.
    Value magnitude = math::AbsFOp::create(b, z);
    Value tail = math::Log1pOp::create(b, b.exp(b.neg(magnitude)));
    return b.add(b.max(z, b.real(real, 0.0)), tail);
  };
  switch (score.getFn()) {
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
Value RouteLowering::buildNormalised(Value logits, unsigned axis) {
  Sizes sizes = b.sizes(logits);
  unsigned rank = sizes.size();
  SmallVector<unsigned, 3> kept = loopsWithout(rank, axis);
  Sizes keptSizes;
  for (unsigned loop : kept)
    keptSizes.push_back(sizes[loop]);
  Indexed all = allLoops(logits);

  Value maxima = b.reduce(
      rank, all, {b.filled(keptSizes, infinity(/*negative=*/true)), kept},
      [&](ValueRange in) { return b.max(in[0], in[1]); });
  bool softmax = score.getFn() == ScoreFn::Softmax;
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
  Sizes sizes = b.sizes(shifted);
  unsigned rank = sizes.size();
  SmallVector<unsigned, 3> kept = loopsWithout(rank, axis);
  Sizes keptSizes;
  for (unsigned loop : kept)
    keptSizes.push_back(sizes[loop]);
  Indexed all = allLoops(shifted);
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
                         [&](ValueRange in) { return applyPointwise(in[0]); });
  } else {
    switch (score.getOver()) {
    case ScoreOver::Experts:
      scores = buildNormalised(logits, 1);
      break;
    case ScoreOver::Group:
      scores = b.joinColumns(
          buildNormalised(b.splitColumns(logits, score.getGroups()), 2));
      break;
    case ScoreOver::Units:
      scores = buildNormalised(logits, 0);
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

//===----------------------------------------------------------------------===//
// Keys and selection
//===----------------------------------------------------------------------===//

/// Adds the key offset, rounds to the key type and masks with `allow`.
Value RouteLowering::applyAllow(Value values, bool addOffset) {
  SmallVector<Indexed> inputs = {{values, {0, 1}}};
  Value offset = addOffset ? op.getKeyOffset() : Value();
  bool rounds =
      addOffset && selection.getKeyDtype().getWidth() < real.getWidth();
  if (offset)
    inputs.push_back(perExpert(offset));
  if (op.getAllow())
    inputs.push_back(perExpert(op.getAllow()));
  if (inputs.size() == 1 && !rounds)
    return values;
  return b.map(unitsByExperts, real, inputs, [&](ValueRange in) {
    Value key = in[0];
    if (offset)
      key = b.add(key, b.convert(in[1], real));
    if (rounds)
      key = b.roundTo(key, selection.getKeyDtype());
    if (op.getAllow())
      key = b.select(in.back(), key, infinity(/*negative=*/true));
    return key;
  });
}

/// The best candidate (key, id) among [lower, upper) of a unit that comes after
/// `previous` in the order relation, or (−∞, −1).
SmallVector<Value> RouteLowering::buildNext(Value candidates, Value unit,
                                            Value lower, Value upper,
                                            ValueRange previous) {
  return b.loop(
      lower, upper, {infinity(/*negative=*/true), b.int32(-1)},
      [&](Value expert, ValueRange best) -> SmallVector<Value> {
        Value key = b.extract(candidates, {unit, expert});
        Value id = b.toInt32(expert);
        Value tied = b.compare(FloatPredicate::OEQ, key, previous[0]);
        Value after = b.either(
            b.compare(FloatPredicate::OLT, key, previous[0]),
            b.both(tied, b.compare(IntPredicate::sgt, id, previous[1])));
        // Strictly better: of equals the first stays.
        Value better = b.compare(FloatPredicate::OGT, key, best[0]);
        Value take = b.both(after, better);
        return {b.select(take, key, best[0]), b.select(take, id, best[1])};
      });
}

/// U x G: maximum of the keys of a group, or sum of its largest ones.
Value RouteLowering::buildGroupScores(Value candidates) {
  GroupFilterAttr filter = op.getGroupFilterAttr();
  int64_t groups = filter.getGroups(), size = plan.getExperts() / groups;
  Sizes unitsByGroups = {units, b.getIndexAttr(groups)};
  if (filter.getSumTop() == 0)
    return b.reduce(
        3, Indexed{b.splitColumns(candidates, groups), {0, 1, 2}},
        {b.filled(unitsByGroups, infinity(/*negative=*/true)), {0, 1}},
        [&](ValueRange in) { return b.max(in[0], in[1]); });

  auto forall = scf::ForallOp::create(b, SizesRef{units},
                                      ValueRange{b.empty(unitsByGroups, real)},
                                      std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(forall.getTerminator());
  Value unit = forall.getInductionVar(0);
  Value shared = forall.getRegionIterArgs().front();
  Sizes offsets = {unit, b.getIndexAttr(0)};
  Sizes oneUnit = {b.getIndexAttr(1), b.getIndexAttr(groups)};
  Value zero = b.index(0);
  Value row =
      b.loop(zero, b.index(groups), b.slice(shared, offsets, oneUnit, 1),
             [&](Value group, ValueRange carried) -> SmallVector<Value> {
               Value lower = arith::MulIOp::create(b, group, b.index(size));
               Value upper = b.add(lower, b.index(size));
               Value sum = b.loop(zero, b.index(filter.getSumTop()),
                                  {infinity(/*negative=*/false), b.int32(-1),
                                   b.real(real, 0.0)},
                                  [&](Value, ValueRange state) {
                                    SmallVector<Value> next = buildNext(
                                        candidates, unit, lower, upper, state);
                                    next.push_back(b.add(state[2], next[0]));
                                    return next;
                                  })
                               .back();
               return {b.insert(sum, carried[0], group)};
             })
          .front();
  b.setInsertionPointToStart(forall.getTerminator().getBody());
  tensor::ParallelInsertSliceOp::create(
      b, row, shared, offsets, oneUnit,
      SizesRef{b.getIndexAttr(1), b.getIndexAttr(1)});
  return forall.getResult(0);
}

Value RouteLowering::applyGroupFilter(Value candidates) {
  GroupFilterAttr filter = op.getGroupFilterAttr();
  if (!filter)
    return candidates;
  int64_t groups = filter.getGroups();
  Value groupScores = buildGroupScores(candidates);
  // Rank of a group: how many come before it in the order relation.
  Sizes unitsByGroups = {units, b.getIndexAttr(groups)};
  Value ranks = b.reduce(
      3, {{groupScores, {0, 1}}, {groupScores, {0, 2}}},
      {b.filled(unitsByGroups, b.int32(0)), {0, 1}}, [&](ValueRange in) {
        Value lowerId =
            b.compare(IntPredicate::ult, b.loopIndex(2), b.loopIndex(1));
        Value tied = b.compare(FloatPredicate::OEQ, in[1], in[0]);
        Value before = b.either(b.compare(FloatPredicate::OGT, in[1], in[0]),
                                b.both(tied, lowerId));
        return b.add(in[2], b.select(before, b.int32(1), b.int32(0)));
      });
  bool zeroFill = filter.getFill() == GroupFill::Zero;
  Value split = b.splitColumns(candidates, groups);
  Value filtered = b.joinColumns(b.map(
      b.sizes(split), real, {{split, {0, 1, 2}}, {ranks, {0, 1}}},
      [&](ValueRange in) {
        Value kept =
            b.compare(IntPredicate::slt, in[1], b.int32(filter.getKeep()));
        Value fill = zeroFill ? b.real(real, 0.0) : infinity(/*negative=*/true);
        return b.select(kept, in[0], fill);
      }));
  // A zero must not revive what is not allowed.
  return zeroFill ? applyAllow(filtered, /*addOffset=*/false) : filtered;
}

Value RouteLowering::buildKeys() {
  Value base = selection.getKey() == moe::Key::Scores ? buildScores()
                                                      : buildLogits(real);
  return applyAllow(base, /*addOffset=*/true);
}

/// Ids U x K of topk (one group) or topk_per_group. `unfiltered` keys serve the
/// fallback: a group filter may keep groups without a candidate.
Value RouteLowering::buildSelection(Value candidates, Value unfiltered) {
  bool perGroup = selection.getPolicy() == Policy::TopKPerGroup;
  int64_t groups = perGroup ? selection.getGroups() : 1;
  int64_t size = plan.getExperts() / groups, k = selection.getK();
  auto forall = scf::ForallOp::create(
      b, SizesRef{units}, ValueRange{b.empty(unitsBySlots, b.getI32Type())},
      std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(forall.getTerminator());
  Value unit = forall.getInductionVar(0);
  Value shared = forall.getRegionIterArgs().front();
  Sizes offsets = {unit, b.getIndexAttr(0)};
  Sizes oneUnit = {b.getIndexAttr(1), unitsBySlots[1]};
  Value zero = b.index(0), nothing = b.int32(-1);
  // The row of ids, and the largest of them: −1 as long as nothing is selected.
  SmallVector<Value> row = b.loop(
      zero, b.index(groups), {b.slice(shared, offsets, oneUnit, 1), nothing},
      [&](Value group, ValueRange carried) -> SmallVector<Value> {
        Value lower = arith::MulIOp::create(b, group, b.index(size));
        Value upper = b.add(lower, b.index(size));
        Value firstSlot = arith::MulIOp::create(b, group, b.index(k));
        SmallVector<Value> state = b.loop(
            zero, b.index(k),
            {infinity(/*negative=*/false), nothing, carried[0], carried[1]},
            [&](Value rank, ValueRange state) -> SmallVector<Value> {
              SmallVector<Value> next =
                  buildNext(candidates, unit, lower, upper, state);
              Value ids = b.insert(next[1], state[2], b.add(firstSlot, rank));
              Value largest = arith::MaxSIOp::create(b, state[3], next[1]);
              return {next[0], next[1], ids, largest};
            });
        return {state[2], state[3]};
      });
  Value ids = row[0];
  if (selection.getFallback() == Fallback::ArgMax) {
    SmallVector<Value> best =
        buildNext(unfiltered, unit, zero, b.index(plan.getExperts()),
                  {infinity(/*negative=*/false), nothing});
    Value isEmpty = b.compare(IntPredicate::slt, row[1], b.int32(0));
    Value first = b.extract(ids, zero);
    ids = b.insert(b.select(isEmpty, best[1], first), ids, zero);
  }
  b.setInsertionPointToStart(forall.getTerminator().getBody());
  tensor::ParallelInsertSliceOp::create(
      b, ids, shared, offsets, oneUnit,
      SizesRef{b.getIndexAttr(1), b.getIndexAttr(1)});
  return forall.getResult(0);
}

Value RouteLowering::buildAll(Value candidates) {
  return b.map(
      unitsByExperts, b.getI32Type(), Indexed{candidates, {0, 1}},
      [&](ValueRange in) {
        Value allowed =
            b.compare(FloatPredicate::OGT, in[0], infinity(/*negative=*/true));
        return b.select(allowed, b.toInt32(b.loopIndex(1)), b.int32(-1));
      });
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// True where the entry of `id` takes part in normalisation and weighs
/// something: not an empty slot, not a zero or excluded id. A zero id adds 0 to
/// its normaliser, which is to add nothing.
Value RouteLowering::isLive(Value id) {
  Value live = b.compare(IntPredicate::sge, id, b.int32(0));
  SmallVector<int64_t> dead(weight.getZero());
  llvm::append_range(dead, weight.getExclude());
  llvm::sort(dead);
  for (size_t i = 0; i < dead.size();) {
    // One comparison per range of ids: parameter-free classes are contiguous.
    size_t end = i + 1;
    while (end < dead.size() && dead[end] <= dead[end - 1] + 1)
      ++end;
    Value outside =
        b.either(b.compare(IntPredicate::slt, id, b.int32(dead[i])),
                 b.compare(IntPredicate::sgt, id, b.int32(dead[end - 1])));
    live = b.both(live, outside);
    i = end;
  }
  return live;
}

/// U x K: the source's value at each entry, 0 where it is not live.
Value RouteLowering::buildRawWeights(Value ids) {
  Value source;
  // Where nothing but the weights needs a pointwise score, only selected
  // logits are scored.
  bool scoresEntries = weight.getSource() == WeightSource::Scores && !scores &&
                       score.isPointwise() &&
                       score.getPost() == ScorePost::None;
  switch (weight.getSource()) {
  case WeightSource::Scores:
    source = scoresEntries ? op.getLogits() : buildScores();
    break;
  case WeightSource::Logits:
    source = op.getLogits();
    break;
  case WeightSource::Key:
    source = keys;
    break;
  case WeightSource::Operand:
    source = op.getWeightSource();
    break;
  case WeightSource::One:
    break;
  }
  return b.map(unitsBySlots, real, Indexed{ids, {0, 1}}, [&](ValueRange in) {
    Value value = b.real(real, 1.0);
    if (source) {
      Value safe = arith::MaxSIOp::create(b, in[0], b.int32(0));
      value =
          b.convert(b.extract(source, {b.loopIndex(0), b.toIndex(safe)}), real);
    }
    if (scoresEntries)
      value = b.roundTo(applyPointwise(b.roundTo(value, score.getDtype())),
                        score.getRoundTo());
    return b.select(isLive(in[0]), value, b.real(real, 0.0));
  });
}

/// U: what the weights of a unit are divided by; 0 where they become 0.
Value RouteLowering::buildDenominator(Value ids, Value raw) {
  Indexed zeros = {b.filled({units}, b.real(real, 0.0)), {0}};
  if (weight.getNorm() == WeightNorm::PNorm) {
    double p = weight.getNormValueOr(1.0);
    Value sums = b.reduce(2, Indexed{raw, {0, 1}}, zeros, [&](ValueRange in) {
      Value magnitude = math::AbsFOp::create(b, in[0]);
      if (p != 1.0)
        magnitude = math::PowFOp::create(b, magnitude, b.real(real, p));
      return b.add(in[1], magnitude);
    });
    if (p == 1.0)
      return sums;
    return b.map({units}, real, Indexed{sums, {0}}, [&](ValueRange in) {
      return Value(math::PowFOp::create(b, in[0], b.real(real, 1.0 / p)));
    });
  }
  Value sums = b.reduce(2, Indexed{raw, {0, 1}}, zeros,
                        [&](ValueRange in) { return b.add(in[0], in[1]); });
  double eps = weight.getNormValueOr(0.0);
  if (weight.getNorm() == WeightNorm::Softmax || eps == 0.0)
    return sums;
  return b.map({units}, real, Indexed{sums, {0}}, [&](ValueRange in) {
    Value guard = b.real(real, eps);
    return weight.getEpsMode() == EpsMode::Add ? b.add(in[0], guard)
                                               : b.max(in[0], guard);
  });
}

/// U x K: weights in the plan's type.
Value RouteLowering::buildWeights(Value ids) {
  Value raw = buildRawWeights(ids);
  Value numerators = raw;
  if (weight.getNorm() == WeightNorm::Softmax) {
    Value maxima =
        b.reduce(2, {{raw, {0, 1}}, {ids, {0, 1}}},
                 {b.filled({units}, infinity(/*negative=*/true)), {0}},
                 [&](ValueRange in) {
                   return b.select(isLive(in[1]), b.max(in[0], in[2]), in[2]);
                 });
    numerators =
        b.map(unitsBySlots, real, {{raw, {0, 1}}, {ids, {0, 1}}, {maxima, {0}}},
              [&](ValueRange in) {
                return b.select(isLive(in[1]), b.exp(b.sub(in[0], in[2])),
                                b.real(real, 0.0));
              });
  }
  bool normalises = weight.getNorm() != WeightNorm::None;
  bool counts = normalises && weight.getMinK() > 1;
  SmallVector<Indexed> inputs = {{ids, {0, 1}}, {raw, {0, 1}}};
  if (normalises) {
    inputs.push_back({numerators, {0, 1}});
    inputs.push_back({buildDenominator(ids, numerators), {0}});
  }
  if (counts) {
    Value entries =
        b.reduce(2, Indexed{ids, {0, 1}}, {b.filled({units}, b.int32(0)), {0}},
                 [&](ValueRange in) {
                   Value used = b.compare(IntPredicate::sge, in[0], b.int32(0));
                   return b.add(in[1], b.select(used, b.int32(1), b.int32(0)));
                 });
    inputs.push_back({entries, {0}});
  }
  return b.map(unitsBySlots, weight.getDtype(), inputs, [&](ValueRange in) {
    Value value = in[1], zero = b.real(real, 0.0);
    if (normalises) {
      Value none = b.compare(FloatPredicate::OEQ, in[3], zero);
      value = b.select(none, zero, b.div(in[2], in[3]));
    }
    if (counts) {
      Value enough =
          b.compare(IntPredicate::sge, in[4], b.int32(weight.getMinK()));
      value = b.select(enough, value, in[1]);
    }
    if (weight.getScaleValue() != 1.0)
      value = b.mul(value, b.real(real, weight.getScaleValue()));
    if (op.getExpertScale()) {
      Value safe = arith::MaxSIOp::create(b, in[0], b.int32(0));
      Value scale = b.extract(op.getExpertScale(), b.toIndex(safe));
      value = b.mul(value, b.convert(scale, real));
    }
    return b.convert(b.select(isLive(in[0]), value, zero), weight.getDtype());
  });
}

PlanParts RouteLowering::build() {
  Value unfiltered = buildKeys();
  keys = applyGroupFilter(unfiltered);
  Value ids = selection.getPolicy() == Policy::All
                  ? buildAll(keys)
                  : buildSelection(keys, unfiltered);
  Value weights = buildWeights(ids);

  return buildPlan(b, plan, {ids, weights, op.getAlwaysWeights(), {}});
}

struct ConvertRoute : OpConversionPattern<RouteOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(RouteOp op, OneToNOpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    rewriter.replaceOpWithMultiple(
        op,
        SmallVector<SmallVector<Value>>{RouteLowering(b, op).build().values()});
    return success();
  }
};

} // namespace

void moe::detail::populateRouteToLinalg(const TypeConverter &converter,
                                        RewritePatternSet &patterns) {
  patterns.add<ConvertRoute>(converter, patterns.getContext());
}
