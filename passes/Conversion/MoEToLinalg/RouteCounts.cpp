// The reference lowering of what units of a route compete for: experts that
// choose units, limits of experts, counts rounded to tiles.
#include "Route.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

using FloatPredicate = arith::CmpFPredicate;
using IntPredicate = arith::CmpIPredicate;

//===----------------------------------------------------------------------===//
// Parts, counts and orders
//===----------------------------------------------------------------------===//

/// Loops over the parts [lower, upper) of the domain.
SmallVector<Value> moe::detail::forEachPart(TensorBuilder &b, DomainAttr domain,
                                            Value offsets, Value units,
                                            ValueRange init, PartBody body) {
  Value zero = b.index(0), one = b.index(1), all = units;
  if (!domain || domain.getKind() == DomainKind::All)
    return body(zero, all, init);
  if (domain.getKind() == DomainKind::Blocks) {
    Value size = b.index(domain.getSize());
    Value blocks = arith::CeilDivUIOp::create(b, all, size);
    return b.loop(zero, blocks, init, [&](Value block, ValueRange carried) {
      Value lower = b.mul(block, size);
      Value upper = arith::MinUIOp::create(b, b.add(lower, size), all);
      return body(lower, upper, carried);
    });
  }
  Value segments = b.sub(b.sizeValue(offsets, 0), one);
  auto offset = [&](Value index) {
    return b.toIndex(b.extract(offsets, index));
  };
  StringRef message = "segments do not ascend from 0 to the number of units";
  Value some = b.compare(IntPredicate::sge, segments, zero);
  b.check(some, message);
  b.check(b.both(b.compare(IntPredicate::eq, offset(zero), zero),
                 b.compare(IntPredicate::eq, offset(segments), all)),
          message);
  return b.loop(zero, segments, init, [&](Value segment, ValueRange carried) {
    Value lower = offset(segment), upper = offset(b.add(segment, one));
    b.check(b.both(b.compare(IntPredicate::ule, lower, upper),
                   b.compare(IntPredicate::ule, upper, all)),
            message);
    return body(lower, upper, carried);
  });
}

SmallVector<Value> RouteLowering::forEachPart(ValueRange init, PartBody body) {
  return moe::detail::forEachPart(b, op.getDomainAttr(), op.getSegments(),
                                  b.toValue(units), init, body);
}

/// The count of an expert among `partUnits` units.
Value RouteLowering::buildCount(CountAttr count, Value partUnits) {
  if (count.getNumber() != 0)
    return b.index(count.getNumber());
  FloatType type = count.getDtype();
  auto number = [&](double value) { return b.real(type, value); };
  Value all =
      arith::UIToFPOp::create(b, type, b.toInt64(partUnits)).getResult();
  Value experts = number(plan.getExperts()), k = number(op.getSelectedSlots());
  bool inside = count.getMult() == CountMultiplier::K;
  Value share;
  if (count.getShare() == CountShare::Ceil) {
    share = math::CeilOp::create(b, b.div(all, experts));
    share = inside ? b.mul(share, k) : share;
  } else {
    share = b.div(inside ? b.mul(all, k) : all, experts);
  }
  Value result = b.mul(share, number(count.getFactor().getValueAsDouble()));
  switch (count.getRound()) {
  case CountRound::Ceil:
    result = math::CeilOp::create(b, result);
    break;
  case CountRound::Floor:
  case CountRound::Trunc:
    // Nothing here is negative.
    result = math::FloorOp::create(b, result);
    break;
  case CountRound::Nearest:
    result = math::RoundEvenOp::create(b, result);
    break;
  }
  if (count.getMult() == CountMultiplier::KAfter)
    result = b.mul(result, k);
  // No expert has more units than there are; a count that is no i64 is no
  // count.
  result = b.min(result, number(1 << 30));
  Value places =
      b.toIndex(arith::FPToUIOp::create(b, b.getI64Type(), result).getResult());
  if (count.getMultipleOf() != 1) {
    Value multiple = b.index(count.getMultipleOf());
    places = b.mul(arith::CeilDivUIOp::create(b, places, multiple), multiple);
  }
  places = arith::MaxUIOp::create(b, places, b.index(count.getMin()));
  return count.getAtMostUnits()
             ? Value(arith::MinUIOp::create(b, places, partUnits))
             : places;
}

/// The numbers [0, size) in the order of `before`, equals in their own: a merge
/// sort from the bottom, O(size log size).
Value RouteLowering::buildSorted(
    Value size, llvm::function_ref<Value(Value, Value)> before) {
  Value zero = b.index(0), one = b.index(1), two = b.index(2);
  Value last = arith::MaxSIOp::create(b, b.sub(size, one), zero);
  Value identity = b.map(OpFoldResult(size), b.getIndexType(), {},
                         [&](ValueRange) { return b.loopIndex(0); });
  auto mergePass = [&](Value width, Value from) {
    Value runs = arith::CeilDivUIOp::create(b, size, b.mul(width, two));
    Value to = b.empty(OpFoldResult(size), b.getIndexType());
    return b.loop(zero, runs, to, [&](Value run, ValueRange carried) {
      Value lower = b.mul(run, b.mul(width, two));
      Value middle = arith::MinUIOp::create(b, b.add(lower, width), size);
      Value upper = arith::MinUIOp::create(b, b.add(middle, width), size);
      SmallVector<Value> merged = b.loop(
          lower, upper, {carried[0], lower, middle},
          [&](Value at, ValueRange state) -> SmallVector<Value> {
            Value hasLeft = b.compare(IntPredicate::ult, state[1], middle);
            Value hasRight = b.compare(IntPredicate::ult, state[2], upper);
            auto read = [&](Value index) {
              Value safe = arith::MinUIOp::create(b, index, last);
              return b.extract(from, safe);
            };
            Value left = read(state[1]), right = read(state[2]);
            Value isRight =
                b.both(hasRight, b.either(b.no(hasLeft), before(right, left)));
            return {b.insert(b.select(isRight, right, left), state[0], at),
                    b.add(state[1], b.select(isRight, zero, one)),
                    b.add(state[2], b.select(isRight, one, zero))};
          });
      return SmallVector<Value>{merged[0]};
    });
  };
  auto loop = scf::WhileOp::create(
      b, TypeRange{b.getIndexType(), identity.getType()},
      ValueRange{one, identity},
      [&](OpBuilder &, Location, ValueRange state) {
        scf::ConditionOp::create(
            b, b.compare(IntPredicate::ult, state[0], size), state);
      },
      [&](OpBuilder &, Location, ValueRange state) {
        Value sorted = mergePass(state[0], state[1]).front();
        scf::YieldOp::create(b, ValueRange{b.mul(state[0], two), sorted});
      });
  return loop.getResult(1);
}

/// The units of [lower, upper), counted from 0, by descending keys for
/// `expert`; the members (an i1 of each unit and expert) before the others
/// where given.
Value RouteLowering::buildUnitOrder(Value lower, Value upper, Value expert,
                                    Value members) {
  auto read = [&](Value matrix, Value unit) {
    return b.extract(matrix, {b.add(lower, unit), expert});
  };
  // NaN is as good as −∞: nobody selects either.
  auto keyOf = [&](Value unit) {
    Value key = read(keys, unit);
    Value isNumber = b.compare(FloatPredicate::ORD, key, key);
    return b.select(isNumber, key, infinity(/*negative=*/true));
  };
  return buildSorted(b.sub(upper, lower), [&](Value a, Value c) {
    Value better = b.compare(FloatPredicate::OGT, keyOf(a), keyOf(c));
    if (!members)
      return better;
    Value isMember = read(members, a), other = read(members, c);
    Value same = b.compare(IntPredicate::eq, isMember, other);
    return b.either(b.both(isMember, b.no(other)), b.both(same, better));
  });
}

Value moe::detail::buildMark(TensorBuilder &b, int64_t seed, Value number) {
  auto constant = [&](uint64_t value) -> Value {
    return arith::ConstantOp::create(
        b, b.getI64IntegerAttr(static_cast<int64_t>(value)));
  };
  auto mix = [&](Value x, unsigned shift, uint64_t factor) {
    Value shifted = arith::ShRUIOp::create(b, x, constant(shift));
    return b.mul(arith::XOrIOp::create(b, x, shifted), constant(factor));
  };
  constexpr uint64_t gamma = 0x9E3779B97F4A7C15;
  uint64_t start = static_cast<uint64_t>(seed) + gamma;
  Value x = b.add(constant(start), b.mul(b.toInt64(number), constant(gamma)));
  x = mix(x, 30, 0xBF58476D1CE4E5B9);
  x = mix(x, 27, 0x94D049BB133111EB);
  Value shifted = arith::ShRUIOp::create(b, x, constant(31));
  return arith::XOrIOp::create(b, x, shifted);
}

//===----------------------------------------------------------------------===//
// Experts choose units
//===----------------------------------------------------------------------===//

/// Ids U x E: each expert takes the first units of its order, and the experts
/// of a unit move to the front in ascending order.
Value RouteLowering::buildExpertTopC() {
  Value zero = b.index(0), experts = b.index(plan.getExperts());
  Value none = b.filled(unitsByExperts, b.int32(-1));
  Value ids =
      forEachPart(none, [&](Value lower, Value upper, ValueRange carried) {
        Value count = arith::MinUIOp::create(
            b, buildCount(selection.getCount(), b.sub(upper, lower)),
            b.sub(upper, lower));
        return b.loop(
            zero, experts, carried, [&](Value expert, ValueRange state) {
              Value order = buildUnitOrder(lower, upper, expert, {});
              return b.loop(
                  zero, count, state,
                  [&](Value rank, ValueRange taken) -> SmallVector<Value> {
                    Value unit = b.add(lower, b.extract(order, rank));
                    Value key = b.extract(keys, {unit, expert});
                    Value allowed = b.compare(FloatPredicate::OGT, key,
                                              infinity(/*negative=*/true));
                    Value id =
                        b.select(allowed, b.toInt32(expert), b.int32(-1));
                    return {b.insert(id, taken[0], {unit, expert})};
                  });
            });
      }).front();
  Assignment entries{ids, b.filled(unitsByExperts, b.real(real, 0.0)), {}, {}};
  rearrange(b, entries, plan.getExperts(), Arrangement::Front);
  return entries.ids;
}

/// Ids U x 1: experts take turns.
Value RouteLowering::buildGreedyAssign() {
  auto constants = [&](ArrayRef<int64_t> values) -> Value {
    return arith::ConstantOp::create(b, b.getIndexTensorAttr(values));
  };
  Value order = constants(selection.getOrder());
  Value counts = constants(selection.getCounts());
  Value turns = b.index(selection.getOrder().size()), zero = b.index(0);
  auto takeTurns = [&](Value lower, Value upper, ValueRange carried) {
    return b.loop(zero, turns, carried, [&](Value turn, ValueRange state) {
      Value expert = b.extract(order, turn);
      Value limit = b.extract(counts, turn);
      Value sorted = buildUnitOrder(lower, upper, expert, {});
      SmallVector<Value> taken =
          b.loop(zero, b.sub(upper, lower), {state[0], zero},
                 [&](Value rank, ValueRange inner) -> SmallVector<Value> {
                   Value unit = b.add(lower, b.extract(sorted, rank));
                   Value now = b.extract(inner[0], {unit, zero});
                   Value key = b.extract(keys, {unit, expert});
                   Value free = b.compare(IntPredicate::slt, now, b.int32(0));
                   Value room = b.compare(IntPredicate::ult, inner[1], limit);
                   Value allowed = b.compare(FloatPredicate::OGT, key,
                                             infinity(/*negative=*/true));
                   Value take = b.both(b.both(free, room), allowed);
                   Value id = b.select(take, b.toInt32(expert), now);
                   return {b.insert(id, inner[0], {unit, zero}),
                           b.add(inner[1], b.select(take, b.index(1), zero))};
                 });
      return SmallVector<Value>{taken[0]};
    });
  };
  return forEachPart(b.filled(unitsBySlots, b.int32(-1)), takeTurns).front();
}

//===----------------------------------------------------------------------===//
// Limits
//===----------------------------------------------------------------------===//

/// The entries (unit, slot) of `count` units from `lower` on, as numbers
/// counted from 0, in the order in which they claim places.
Value RouteLowering::buildEntryOrder(Value ids, Value weights, Value lower,
                                     Value count) {
  Value slots = b.index(op.getSelectedSlots());
  Value entries = b.mul(count, slots);
  auto unitOf = [&](Value entry) -> Value {
    return b.add(lower, arith::DivUIOp::create(b, entry, slots));
  };
  auto slotOf = [&](Value entry) -> Value {
    return arith::RemUIOp::create(b, entry, slots);
  };
  auto keyOf = [&](Value entry) -> Value {
    Value unit = unitOf(entry);
    Value id = b.extract(ids, {unit, slotOf(entry)});
    Value safe = b.toIndex(arith::MaxSIOp::create(b, id, b.int32(0)));
    return b.extract(keys, {unit, safe});
  };
  auto descending = [&](Value left, Value right) {
    return b.compare(FloatPredicate::OGT, left, right);
  };
  switch (capacity.getPriority()) {
  case Priority::UnitMajor:
    return b.map(OpFoldResult(entries), b.getIndexType(), {},
                 [&](ValueRange) { return b.loopIndex(0); });
  case Priority::ChoiceMajor:
    return buildSorted(entries, [&](Value a, Value c) {
      return b.compare(IntPredicate::ult, slotOf(a), slotOf(c));
    });
  case Priority::Bpr: {
    Value maxima =
        b.reduce(2, Indexed{buildScores(), {0, 1}},
                 {b.filled({units}, infinity(/*negative=*/true)), {0}},
                 [&](ValueRange in) { return b.max(in[0], in[1]); });
    return buildSorted(entries, [&](Value a, Value c) {
      Value earlier = b.compare(IntPredicate::ult, slotOf(a), slotOf(c));
      Value same = b.compare(IntPredicate::eq, slotOf(a), slotOf(c));
      Value better = descending(b.extract(maxima, unitOf(a)),
                                b.extract(maxima, unitOf(c)));
      return b.either(earlier, b.both(same, better));
    });
  }
  case Priority::KeyDesc:
    return buildSorted(entries, [&](Value a, Value c) {
      return descending(keyOf(a), keyOf(c));
    });
  case Priority::WeightDesc:
    return buildSorted(entries, [&](Value a, Value c) {
      return descending(b.extract(weights, {unitOf(a), slotOf(a)}),
                        b.extract(weights, {unitOf(c), slotOf(c)}));
    });
  case Priority::Random: {
    // Marks of all entries of the call, so that parts differ.
    auto mark = [&](Value entry) {
      return buildMark(b, capacity.getSeed(),
                       b.add(b.mul(lower, slots), entry));
    };
    return buildSorted(entries, [&](Value a, Value c) {
      return b.compare(IntPredicate::ugt, mark(a), mark(c));
    });
  }
  }
  llvm_unreachable("every priority has an order");
}

/// The best expert with room that a unit does not list, or −1.
Value RouteLowering::buildReroute(Value ids, Value unit, Value counts,
                                  Value limit) {
  Value slots = b.index(op.getSelectedSlots()), zero = b.index(0);
  auto isListed = [&](Value id) {
    return b
        .loop(zero, slots, b.boolean(false),
              [&](Value other, ValueRange state) -> SmallVector<Value> {
                Value same = b.compare(IntPredicate::eq,
                                       b.extract(ids, {unit, other}), id);
                return {b.either(state[0], same)};
              })
        .front();
  };
  return b
      .loop(
          zero, b.index(plan.getExperts()),
          {infinity(/*negative=*/true), b.int32(-1)},
          [&](Value expert, ValueRange best) -> SmallVector<Value> {
            Value key = b.extract(keys, {unit, expert});
            Value id = b.toInt32(expert);
            Value room =
                b.compare(IntPredicate::ult, b.extract(counts, expert), limit);
            Value better = b.compare(FloatPredicate::OGT, key, best[0]);
            Value take = b.both(b.both(room, better), b.no(isListed(id)));
            return {b.select(take, key, best[0]), b.select(take, id, best[1])};
          })
      .back();
}

/// The ids of the entries that find a place, −1 for the others.
Value RouteLowering::buildLimit(Value ids, Value weights) {
  Value slots = b.index(op.getSelectedSlots()), zero = b.index(0);
  bool moves = capacity.getOverflow() == Overflow::Reroute;
  // Parts may be a loop; the scores belong before it.
  if (capacity.getPriority() == Priority::Bpr)
    buildScores();
  auto claim = [&](Value lower, Value upper, ValueRange carried) {
    Value count = b.sub(upper, lower);
    Value limit = buildCount(capacity.getCount(), count);
    Value order = buildEntryOrder(ids, weights, lower, count);
    SmallVector<Value> claimed = b.loop(
        zero, b.mul(count, slots),
        {carried[0], b.filled({b.getIndexAttr(plan.getExperts())}, zero)},
        [&](Value rank, ValueRange state) -> SmallVector<Value> {
          Value entry = b.extract(order, rank);
          Value unit = b.add(lower, arith::DivUIOp::create(b, entry, slots));
          Value slot = arith::RemUIOp::create(b, entry, slots);
          Value id = b.extract(state[0], {unit, slot});
          auto holders = [&](Value expert) {
            Value safe =
                b.toIndex(arith::MaxSIOp::create(b, expert, b.int32(0)));
            return std::pair(safe, b.extract(state[1], safe));
          };
          Value used = b.compare(IntPredicate::sge, id, b.int32(0));
          Value full = b.compare(IntPredicate::uge, holders(id).second, limit);
          Value next = moves ? buildReroute(state[0], unit, state[1], limit)
                             : b.int32(-1);
          id = b.select(b.both(used, full), next, id);
          used = b.compare(IntPredicate::sge, id, b.int32(0));
          auto [expert, taken] = holders(id);
          Value more = b.add(taken, b.select(used, b.index(1), zero));
          return {b.insert(id, state[0], {unit, slot}),
                  b.insert(more, state[1], expert)};
        });
    return SmallVector<Value>{claimed[0]};
  };
  return forEachPart(ids, claim).front();
}

//===----------------------------------------------------------------------===//
// Counts rounded to tiles
//===----------------------------------------------------------------------===//

Value moe::detail::buildRises(TensorBuilder &b, CapacityAttr capacity,
                              Value expert, Value chosen, Value units,
                              Value &balance,
                              function_ref<std::pair<Value, Value>()> sums) {
  Value zero = b.index(0), tile = b.index(capacity.getTile());
  Value rest = arith::RemUIOp::create(b, chosen, tile);
  Value down = b.sub(chosen, rest), up = b.add(down, tile);
  Value exact = b.compare(IntPredicate::eq, rest, zero);
  FloatType f64 = b.getF64Type();
  Value rises;
  // A mark as a number in [0, 1).
  auto draw = [&]() -> Value {
    Value mark = arith::ShRUIOp::create(
        b, buildMark(b, capacity.getSeed(), expert),
        arith::ConstantOp::create(b, b.getI64IntegerAttr(11)));
    Value number = arith::UIToFPOp::create(b, f64, mark);
    return b.mul(number, b.real(f64, 0x1p-53));
  };
  auto toReal = [&](Value index) -> Value {
    return arith::SIToFPOp::create(b, f64, b.toInt64(index));
  };
  switch (capacity.getMode()) {
  case TileMode::Nearest:
    rises = b.compare(IntPredicate::ult, b.sub(up, chosen), rest);
    break;
  case TileMode::Up:
    rises = b.boolean(true);
    break;
  case TileMode::Down:
    rises = b.boolean(false);
    break;
  case TileMode::SrF:
    rises = b.compare(FloatPredicate::OLT, draw(),
                      b.div(toReal(rest), toReal(tile)));
    break;
  case TileMode::NrS: {
    auto [dropped, added] = sums();
    rises = b.compare(FloatPredicate::OLT, b.mul(draw(), b.add(dropped, added)),
                      dropped);
    break;
  }
  case TileMode::BalanceF: {
    auto changed = [&](Value count) -> Value {
      return math::AbsIOp::create(
          b, b.toInt64(b.add(b.sub(count, chosen), balance)));
    };
    rises = b.compare(IntPredicate::slt, changed(up), changed(down));
    break;
  }
  }
  Value fits = b.compare(IntPredicate::ule, up, units);
  rises = b.both(b.both(rises, fits), b.no(exact));
  Value count = b.select(rises, up, down);
  balance = b.add(balance, b.sub(count, chosen));
  return rises;
}

/// The count that `chosen` of an expert becomes; `order` has its members first.
/// `balance` is the sum of the changes of the experts before it.
Value RouteLowering::buildRounded(Value expert, Value lower, Value upper,
                                  Value order, Value chosen, Value &balance) {
  Value tile = b.index(capacity.getTile()), count = b.sub(upper, lower);
  Value down = b.sub(chosen, arith::RemUIOp::create(b, chosen, tile));
  Value up = b.add(down, tile);
  // Scores of those of the order that an expert may have.
  auto sum = [&](Value begin, Value end) {
    Value none = b.real(b.getF64Type(), 0.0);
    return b
        .loop(begin, arith::MinUIOp::create(b, end, count), none,
              [&](Value rank, ValueRange state) -> SmallVector<Value> {
                Value unit = b.add(lower, b.extract(order, rank));
                Value s = b.convert(b.extract(buildScores(), {unit, expert}),
                                    b.getF64Type());
                Value key = b.extract(keys, {unit, expert});
                Value allowed = b.compare(FloatPredicate::OGT, key,
                                          infinity(/*negative=*/true));
                return {b.add(state[0], b.select(allowed, s, none))};
              })
        .front();
  };
  Value rises = buildRises(b, capacity, expert, chosen, count, balance, [&] {
    return std::pair(sum(down, chosen), sum(chosen, up));
  });
  return b.select(rises, up, down);
}

/// i1 U x E: which units each expert has when its count is rounded.
Value RouteLowering::buildTileRound(Value ids) {
  Value zero = b.index(0), experts = b.index(plan.getExperts());
  Value slots = b.index(op.getSelectedSlots());
  Value start =
      b.loop(zero, b.toValue(units), b.filled(unitsByExperts, b.boolean(false)),
             [&](Value unit, ValueRange carried) {
               return b.loop(
                   zero, slots, carried,
                   [&](Value slot, ValueRange state) -> SmallVector<Value> {
                     Value id = b.extract(ids, {unit, slot});
                     Value used = b.compare(IntPredicate::sge, id, b.int32(0));
                     Value safe =
                         b.toIndex(arith::MaxSIOp::create(b, id, b.int32(0)));
                     Value now = b.extract(state[0], {unit, safe});
                     return {
                         b.insert(b.either(now, used), state[0], {unit, safe})};
                   });
             })
          .front();
  // What follows is in loops; the scores belong before them.
  buildScores();
  // The members of an expert decide about its own column alone.
  auto roundColumn = [&](Value lower, Value upper, Value expert, Value members,
                         Value &balance) {
    Value count = b.sub(upper, lower);
    Value order = buildUnitOrder(lower, upper, expert, members);
    Value chosen =
        b.loop(lower, upper, zero,
               [&](Value unit, ValueRange state) -> SmallVector<Value> {
                 Value is = b.extract(members, {unit, expert});
                 return {b.add(state[0], b.select(is, b.index(1), zero))};
               })
            .front();
    Value kept = buildRounded(expert, lower, upper, order, chosen, balance);
    return b
        .loop(zero, count, members,
              [&](Value rank, ValueRange state) -> SmallVector<Value> {
                Value unit = b.add(lower, b.extract(order, rank));
                Value key = b.extract(keys, {unit, expert});
                Value first = b.compare(IntPredicate::ult, rank, kept);
                Value allowed = b.compare(FloatPredicate::OGT, key,
                                          infinity(/*negative=*/true));
                return {
                    b.insert(b.both(first, allowed), state[0], {unit, expert})};
              })
        .front();
  };
  return forEachPart(
             start,
             [&](Value lower, Value upper, ValueRange carried) {
               SmallVector<Value> rounded = b.loop(
                   zero, experts, {carried[0], zero},
                   [&](Value expert, ValueRange state) -> SmallVector<Value> {
                     Value balance = state[1];
                     Value members =
                         roundColumn(lower, upper, expert, state[0], balance);
                     return {members, balance};
                   });
               return SmallVector<Value>{rounded[0]};
             })
      .front();
}

/// The entries of U x E slots that `members` make: those of `ids` that are left
/// in their slots, then the others by ascending id; and their weights.
Assignment RouteLowering::buildRoundedEntries(Value ids, Value members) {
  int64_t slots = op.getSelectedSlots(), experts = plan.getExperts();
  Value zero = b.index(0), scored = buildScores();
  auto arrangeUnit = [&](Value unit, ValueRange rows) -> SmallVector<Value> {
    Value row = b.mapInto(rows[0], {}, [&](ValueRange) { return b.int32(-1); });
    Value shares =
        b.mapInto(rows[1], {}, [&](ValueRange) { return b.real(real, 0.0); });
    // What was listed: whether each expert was, and the sum of its scores.
    Value none = b.filled({b.getIndexAttr(experts)}, b.boolean(false));
    SmallVector<Value> listed = b.loop(
        zero, b.index(slots), {row, none, b.real(real, 0.0)},
        [&](Value slot, ValueRange state) -> SmallVector<Value> {
          Value id = b.extract(ids, {unit, slot});
          Value used = b.compare(IntPredicate::sge, id, b.int32(0));
          Value safe = b.toIndex(arith::MaxSIOp::create(b, id, b.int32(0)));
          Value stays = b.both(used, b.extract(members, {unit, safe}));
          Value is = b.either(used, b.extract(state[1], safe));
          Value s = b.select(used, b.extract(scored, {unit, safe}),
                             b.real(real, 0.0));
          return {b.insert(b.select(stays, id, b.int32(-1)), state[0], slot),
                  b.insert(is, state[1], safe), b.add(state[2], s)};
        });
    SmallVector<Value> final = b.loop(
        zero, b.index(experts), {listed[0], b.index(slots), b.real(real, 0.0)},
        [&](Value expert, ValueRange state) -> SmallVector<Value> {
          Value is = b.extract(members, {unit, expert});
          Value added = b.both(is, b.no(b.extract(listed[1], expert)));
          // Added entries are at most the experts that were not listed.
          Value place =
              arith::MinUIOp::create(b, state[1], b.index(experts - 1));
          Value id =
              b.select(added, b.toInt32(expert), b.extract(state[0], place));
          Value s = b.select(is, b.extract(scored, {unit, expert}),
                             b.real(real, 0.0));
          Value one = b.select(added, b.index(1), zero);
          return {b.insert(id, state[0], place), b.add(state[1], one),
                  b.add(state[2], s)};
        });
    SmallVector<Value> weighed =
        b.loop(zero, b.index(experts), shares,
               [&](Value slot, ValueRange state) -> SmallVector<Value> {
                 Value id = b.extract(final[0], slot);
                 Value safe =
                     b.toIndex(arith::MaxSIOp::create(b, id, b.int32(0)));
                 Value s = b.extract(scored, {unit, safe});
                 Value total;
                 if (capacity.getRenorm() == TileRenorm::TcSet)
                   total = b.select(b.extract(listed[1], safe), listed[2],
                                    b.real(real, 1.0));
                 if (capacity.getRenorm() == TileRenorm::SelectedSet)
                   total = final[2];
                 if (total) {
                   Value nothing =
                       b.compare(FloatPredicate::OEQ, total, b.real(real, 0.0));
                   s = b.select(nothing, b.real(real, 0.0), b.div(s, total));
                 }
                 return {b.insert(s, state[0], slot)};
               });
    return {final[0], weighed[0]};
  };
  SmallVector<Value> rows = b.mapRows(
      units, {{experts, b.getI32Type()}, {experts, real}}, arrangeUnit);
  Assignment result;
  result.ids = rows[0];
  result.weights = b.map(
      unitsByExperts, weight.getDtype(), {{rows[0], {0, 1}}, {rows[1], {0, 1}}},
      [&](ValueRange in) { return finishWeight(in[1], in[0]); });
  return result;
}
