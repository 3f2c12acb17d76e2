// The reference lowering of moe.route: keys, selection, weights.
#include "Route.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

using FloatPredicate = arith::CmpFPredicate;
using IntPredicate = arith::CmpIPredicate;

/// The loops that index an operand of E or U x E in a nest over (u, e).
static Indexed perExpert(Value operand) {
  if (cast<RankedTensorType>(operand.getType()).getRank() == 1)
    return {operand, {1}};
  return {operand, {0, 1}};
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

/// Sum of the first candidates among [lower, upper) of a unit.
Value RouteLowering::buildSumOfNext(Value candidates, Value unit, Value lower,
                                    Value upper) {
  int64_t count = op.getGroupFilterAttr().getSumTop();
  return b
      .loop(b.index(0), b.index(count),
            {infinity(/*negative=*/false), b.int32(-1), b.real(real, 0.0)},
            [&](Value, ValueRange state) {
              SmallVector<Value> next =
                  buildNext(candidates, unit, lower, upper, state);
              next.push_back(b.add(state[2], next[0]));
              return next;
            })
      .back();
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

  return b
      .mapRows(
          units, {{groups, real}},
          [&](Value unit, ValueRange rows) {
            return b.loop(
                b.index(0), b.index(groups), rows,
                [&](Value group, ValueRange carried) -> SmallVector<Value> {
                  Value lower = b.mul(group, b.index(size));
                  Value sum = buildSumOfNext(candidates, unit, lower,
                                             b.add(lower, b.index(size)));
                  return {b.insert(sum, carried[0], group)};
                });
          })
      .front();
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

/// `row` of ids with the best of `unfiltered` in front, or with all of them in
/// order, where the selection asks for it and nothing is selected: the largest
/// id is then −1. A group filter may keep groups without a candidate, hence the
/// unfiltered keys.
Value RouteLowering::addFallback(Value row, Value largest, Value unit,
                                 Value unfiltered) {
  if (selection.getFallback() == Fallback::None)
    return row;
  Value zero = b.index(0), experts = b.index(plan.getExperts());
  Value isEmpty = b.compare(IntPredicate::slt, largest, b.int32(0));
  Value wanted =
      selection.getFallback() == Fallback::All ? experts : b.index(1);
  return b
      .loop(zero, b.select(isEmpty, wanted, zero),
            {infinity(/*negative=*/false), b.int32(-1), row},
            [&](Value rank, ValueRange state) -> SmallVector<Value> {
              SmallVector<Value> next =
                  buildNext(unfiltered, unit, zero, experts, state);
              return {next[0], next[1], b.insert(next[1], state[2], rank)};
            })
      .back();
}

/// Ids U x K of topk (one group) or topk_per_group.
Value RouteLowering::buildSelection(Value candidates, Value unfiltered) {
  bool perGroup = selection.getPolicy() == Policy::TopKPerGroup;
  int64_t groups = perGroup ? selection.getGroups() : 1;
  int64_t size = plan.getExperts() / groups, k = selection.getK();
  Value nothing = b.int32(-1);
  auto selectRow = [&](Value unit, ValueRange rows) -> SmallVector<Value> {
    // The row of ids, and the largest of them.
    SmallVector<Value> row = b.loop(
        b.index(0), b.index(groups), {rows[0], nothing},
        [&](Value group, ValueRange carried) -> SmallVector<Value> {
          Value lower = b.mul(group, b.index(size));
          Value upper = b.add(lower, b.index(size));
          Value firstSlot = b.mul(group, b.index(k));
          SmallVector<Value> state = b.loop(
              b.index(0), b.index(k),
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
    return {addFallback(row[0], row[1], unit, unfiltered)};
  };
  return b.mapRows(units, {{groups * k, b.getI32Type()}}, selectRow).front();
}

/// Requires, at run time, that the logits of a unit are not negative and sum to
/// at most 1 (R6), up to the rounding of two steps of bf16. −∞ is no candidate;
/// NaN passes.
void RouteLowering::checkSums() {
  constexpr StringLiteral message =
      "topp expects logits that are not negative and sum to at most 1";
  Value first = b.index(0), zero = b.real(real, 0.0);
  b.loop(first, b.toValue(units), {},
         [&](Value unit, ValueRange) -> SmallVector<Value> {
           auto add = [&](Value expert, ValueRange sum) -> SmallVector<Value> {
             Value share =
                 b.convert(b.extract(op.getLogits(), {unit, expert}), real);
             Value none = infinity(/*negative=*/true);
             b.check(b.either(b.compare(FloatPredicate::UGE, share, zero),
                              b.compare(FloatPredicate::OEQ, share, none)),
                     message);
             return {b.add(sum[0], b.max(share, zero))};
           };
           Value sum = b.loop(first, b.index(plan.getExperts()), zero, add)[0];
           Value most = b.real(real, 1.0 + 0x1p-7);
           b.check(b.compare(FloatPredicate::ULE, sum, most), message);
           return {};
         });
}

/// Ids U x K of topp and threshold: walks the candidates in order and takes
/// those that pass. The list of topp ends at the first that does not.
Value RouteLowering::buildWalk(Value candidates, Value unfiltered) {
  int64_t slots = op.getSelectedSlots(), experts = plan.getExperts();
  bool sums = selection.getPolicy() == Policy::TopP;
  bool includes = selection.getBoundary() == Boundary::Include;
  auto passes = [&](Value key, Value id, Value sum, Value taken) -> Value {
    if (sums) {
      Value limit = b.real(real, selection.getValue().getValueAsDouble());
      Value below =
          includes ? b.compare(FloatPredicate::OLT, sum, limit)
                   : b.compare(FloatPredicate::OLE, b.add(sum, key), limit);
      return b.either(b.compare(IntPredicate::eq, taken, b.index(0)), below);
    }
    Value safe = b.toIndex(arith::MaxSIOp::create(b, id, b.int32(0)));
    Value limit = op.getThresholds()
                      ? b.convert(b.extract(op.getThresholds(), safe), real)
                      : b.real(real, selection.getValue().getValueAsDouble());
    return b.compare(includes ? FloatPredicate::OGE : FloatPredicate::OGT, key,
                     limit);
  };
  auto selectRow = [&](Value unit, ValueRange rows) -> SmallVector<Value> {
    Value nothing = b.int32(-1);
    Value row = b.mapInto(rows[0], {}, [&](ValueRange) { return nothing; });
    // The candidate, its list, the number of entries in it, the sum of its
    // keys, and whether it is still open.
    SmallVector<Value> state = b.loop(
        b.index(0), b.index(experts),
        {infinity(/*negative=*/false), nothing, row, b.index(0),
         b.real(real, 0.0), b.boolean(true)},
        [&](Value, ValueRange state) -> SmallVector<Value> {
          SmallVector<Value> next =
              buildNext(candidates, unit, b.index(0), b.index(experts), state);
          Value found = b.compare(IntPredicate::sge, next[1], b.int32(0));
          Value room = b.compare(IntPredicate::ult, state[3], b.index(slots));
          Value passed = passes(next[0], next[1], state[4], state[3]);
          Value take = b.both(b.both(found, room), b.both(passed, state[5]));
          // A full list has no next place; its last one keeps what it holds.
          Value place = arith::MinUIOp::create(b, state[3], b.index(slots - 1));
          Value id = b.select(take, next[1], b.extract(state[2], place));
          Value one = b.select(take, b.index(1), b.index(0));
          Value sum = b.select(take, b.add(state[4], next[0]), state[4]);
          Value open = sums ? b.both(state[5], passed) : Value(state[5]);
          return {next[0],
                  next[1],
                  b.insert(id, state[2], place),
                  b.add(state[3], one),
                  sum,
                  open};
        });
    Value any = b.compare(IntPredicate::ugt, state[3], b.index(0));
    Value largest = b.select(any, b.int32(0), nothing);
    return {addFallback(state[2], largest, unit, unfiltered)};
  };
  return b.mapRows(units, {{slots, b.getI32Type()}}, selectRow).front();
}

/// The ids of the operand, which must be experts or −1, each once per unit.
Value RouteLowering::buildTable() {
  Value ids = op.getTableIds();
  checkIds(b, ids, plan.getExperts());
  checkDistinct(b, ids);
  if (selection.getFallback() == Fallback::None)
    return ids;
  int64_t slots = op.getSelectedSlots();
  auto selectRow = [&](Value unit, ValueRange rows) -> SmallVector<Value> {
    SmallVector<Value> row =
        b.loop(b.index(0), b.index(slots), {rows[0], b.int32(-1)},
               [&](Value slot, ValueRange state) -> SmallVector<Value> {
                 Value id = b.extract(ids, {unit, slot});
                 return {b.insert(id, state[0], slot),
                         arith::MaxSIOp::create(b, state[1], id)};
               });
    return {addFallback(row[0], row[1], unit, keys)};
  };
  return b.mapRows(units, {{slots, b.getI32Type()}}, selectRow).front();
}

/// Ids U x K of sparsemixer, and its weights: each pick weighs what a softmax
/// over the candidates near it gives it (specification, G1, inference). Picks
/// follow the order relation, so what comes after one is what is left.
Value RouteLowering::buildSparseMixer(Value candidates) {
  int64_t k = selection.getK(), experts = plan.getExperts();
  double bound = 2 * selection.getValue().getValueAsDouble();
  Value zero = b.index(0);
  auto selectRow = [&](Value unit, ValueRange rows) -> SmallVector<Value> {
    SmallVector<Value> state = b.loop(
        zero, b.index(k),
        {infinity(/*negative=*/false), b.int32(-1), rows[0], rows[1]},
        [&](Value rank, ValueRange state) -> SmallVector<Value> {
          SmallVector<Value> next =
              buildNext(candidates, unit, zero, b.index(experts), state);
          Value best = next[0];
          Value sum =
              b.loop(zero, b.index(experts), b.real(real, 0.0),
                     [&](Value expert, ValueRange sums) -> SmallVector<Value> {
                       Value key = b.extract(candidates, {unit, expert});
                       Value id = b.toInt32(expert);
                       Value gap = b.sub(best, key);
                       Value size = b.max(math::AbsFOp::create(b, key), best);
                       Value far =
                           b.compare(FloatPredicate::OGT, b.div(gap, size),
                                     b.real(real, bound));
                       Value left = b.either(
                           b.compare(FloatPredicate::OLT, key, best),
                           b.both(b.compare(FloatPredicate::OEQ, key, best),
                                  b.compare(IntPredicate::sge, id, next[1])));
                       Value near = b.both(left, b.no(far));
                       Value term =
                           b.select(near, b.exp(b.neg(gap)), b.real(real, 0.0));
                       return {b.add(sums[0], term)};
                     })
                  .front();
          Value found = b.compare(IntPredicate::sge, next[1], b.int32(0));
          Value share =
              b.select(found, b.div(b.real(real, 1.0), sum), b.real(real, 0.0));
          return {next[0], next[1], b.insert(next[1], state[2], rank),
                  b.insert(share, state[3], rank)};
        });
    return {state[2], state[3]};
  };
  SmallVector<Value> rows =
      b.mapRows(units, {{k, b.getI32Type()}, {k, real}}, selectRow);
  policyWeights = rows[1];
  return rows[0];
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

/// The ids of the policy, U x K.
Value RouteLowering::select(Value unfiltered) {
  switch (selection.getPolicy()) {
  case Policy::TopK:
  case Policy::TopKPerGroup:
    return buildSelection(keys, unfiltered);
  case Policy::All:
    return buildAll(keys);
  case Policy::TopP:
    if (op.choosesByGivenSums())
      checkSums();
    return buildWalk(keys, unfiltered);
  case Policy::Threshold:
    return buildWalk(keys, unfiltered);
  case Policy::Table:
    return buildTable();
  case Policy::SparseMixer:
    return buildSparseMixer(keys);
  case Policy::ExpertTopC:
    return buildExpertTopC();
  case Policy::GreedyAssign:
    return buildGreedyAssign();
  case Policy::BalancedAssign:
    return buildBalancedAssign();
  case Policy::SoftSlots:
    break;
  }
  llvm_unreachable("soft slots select nothing");
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

Value moe::detail::buildIsLive(TensorBuilder &b, WeightAttr weight, Value id) {
  auto number = [&](int64_t value) { return b.integer(id.getType(), value); };
  Value live = b.compare(IntPredicate::sge, id, number(0));
  SmallVector<int64_t> dead(weight.getZero());
  llvm::append_range(dead, weight.getExclude());
  llvm::sort(dead);
  for (size_t i = 0; i < dead.size();) {
    // One comparison per range of ids: parameter-free classes are contiguous.
    size_t end = i + 1;
    while (end < dead.size() && dead[end] <= dead[end - 1] + 1)
      ++end;
    Value outside =
        b.either(b.compare(IntPredicate::slt, id, number(dead[i])),
                 b.compare(IntPredicate::sgt, id, number(dead[end - 1])));
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
  case WeightSource::Policy:
    return b.map(unitsBySlots, real, {{ids, {0, 1}}, {policyWeights, {0, 1}}},
                 [&](ValueRange in) {
                   return b.select(isLive(in[0]), in[1], b.real(real, 0.0));
                 });
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
      value = b.roundTo(buildPointwiseScore(b, score.getFn(),
                                            b.roundTo(value, score.getDtype())),
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

/// `value` of the entry of `id` after scaling, in the plan's type.
Value RouteLowering::finishWeight(Value value, Value id) {
  if (weight.getScaleValue() != 1.0)
    value = b.mul(value, b.real(real, weight.getScaleValue()));
  if (op.getExpertScale()) {
    Value safe = arith::MaxSIOp::create(b, id, b.int32(0));
    Value scale = b.extract(op.getExpertScale(), b.toIndex(safe));
    value = b.mul(value, b.convert(scale, real));
  }
  return b.convert(b.select(isLive(id), value, b.real(real, 0.0)),
                   weight.getDtype());
}

/// U x K: weights of `ids` in the plan's type; `listed` are the entries that
/// `min_k` counts.
Value RouteLowering::buildWeights(Value ids, Value listed) {
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
        b.reduce(2, Indexed{listed, {0, 1}},
                 {b.filled({units}, b.int32(0)), {0}}, [&](ValueRange in) {
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
    return finishWeight(value, in[0]);
  });
}

/// Entries that find a place in the limit of their expert, with their weights.
Assignment RouteLowering::buildLimited(Value ids) {
  Value weights = buildWeights(ids, ids);
  Value placed = buildLimit(ids, weights);
  bool moves = capacity.getOverflow() == Overflow::Reroute;
  if (weight.getWhen() == NormWhen::After || moves)
    return {placed, buildWeights(placed, ids), {}, {}};
  FloatType type = weight.getDtype();
  Assignment result;
  result.ids = placed;
  result.weights =
      b.map(unitsBySlots, type, {{placed, {0, 1}}, {weights, {0, 1}}},
            [&](ValueRange in) {
              Value there = b.compare(IntPredicate::sge, in[0], b.int32(0));
              return b.select(there, in[1], b.real(type, 0.0));
            });
  if (capacity.getOverflow() != Overflow::Identity)
    return result;
  Value carried =
      b.reduce(2, {{ids, {0, 1}}, {placed, {0, 1}}, {weights, {0, 1}}},
               {b.filled({units}, b.real(real, 0.0)), {0}}, [&](ValueRange in) {
                 Value listed = b.compare(IntPredicate::sge, in[0], b.int32(0));
                 Value dropped =
                     b.compare(IntPredicate::slt, in[1], b.int32(0));
                 Value more = b.add(in[3], b.convert(in[2], real));
                 return b.select(b.both(listed, dropped), more, in[3]);
               });
  result.carry = b.map({units}, type, Indexed{carried, {0}},
                       [&](ValueRange in) { return b.convert(in[0], type); });
  return result;
}

PlanParts RouteLowering::build() {
  Value unfiltered = buildKeys();
  keys = applyGroupFilter(unfiltered);
  Value ids = select(unfiltered);
  Assignment entries;
  if (shapes(CapacityKind::Limit)) {
    entries = buildLimited(ids);
  } else if (shapes(CapacityKind::TileRound)) {
    entries = buildRoundedEntries(ids, buildTileRound(ids));
  } else {
    entries.ids = ids;
    entries.weights = buildWeights(ids, ids);
  }
  entries.alwaysWeights = op.getAlwaysWeights();
  return buildPlanOfSlots(b, plan, entries);
}

namespace {

struct ConvertRoute : OpConversionPattern<RouteOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(RouteOp op, OneToNOpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (op.isLazy())
      return rewriter.notifyMatchFailure(op, "its logits are lazy");
    TensorBuilder b(op.getLoc(), rewriter);
    RouteLowering lowering(b, op);
    SmallVector<SmallVector<Value>> results = {
        isSoft(op.getPlan().getType()) ? lowering.buildSoft().values()
                                       : lowering.build().values()};
    if (op.getScores()) {
      Value scores = lowering.buildScoresResult(floatElement(op.getScores()));
      results.push_back({b.castTo(scores, op.getScores().getType())});
    }
    rewriter.replaceOpWithMultiple(op, results);
    return success();
  }
};

} // namespace

void moe::detail::populateRouteToLinalg(const TypeConverter &converter,
                                        RewritePatternSet &patterns) {
  patterns.add<ConvertRoute>(converter, patterns.getContext());
}
