// The reference lowering of balanced_assign: a linear assignment.
#include "Route.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

using FloatPredicate = arith::CmpFPredicate;
using IntPredicate = arith::CmpIPredicate;

namespace {

/// Assigns n units to m >= n places at least cost by shortest augmenting paths
/// (the Hungarian method with potentials): O(n² m) steps. Units and places
/// count from 1; place 0 stands for the unit that looks for one. Costs are
/// finite, so every search ends: each step reaches one more place.
class LinearAssignment {
public:
  using Cost = llvm::function_ref<Value(Value unit, Value place)>;

  LinearAssignment(TensorBuilder &b, Value units, Value places, Cost cost)
      : b(b), units(units), places(places), cost(cost), zero(b.index(0)),
        one(b.index(1)), type(b.getF64Type()) {}

  /// The unit of each place (m + 1 of them), 0 where a place stays free.
  Value build() {
    OpFoldResult placesAndOne = b.add(places, one);
    Value nobody = b.filled(placesAndOne, zero);
    SmallVector<Value> state = b.loop(
        one, b.add(units, one),
        {nobody, b.filled(OpFoldResult(b.add(units, one)), b.real(type, 0.0)),
         b.filled(placesAndOne, b.real(type, 0.0))},
        [&](Value unit, ValueRange state) { return add(unit, state); });
    return state[0];
  }

private:
  /// Adds one unit to `state`: unit of each place, potential of each unit, of
  /// each place.
  SmallVector<Value> add(Value unit, ValueRange state) {
    OpFoldResult placesAndOne = b.add(places, one);
    Value infinite = b.real(type, std::numeric_limits<double>::infinity());
    Value owners = b.insert(unit, state[0], zero);
    // The place reached last; owners; potentials; the least cost to reach each
    // place and the place before it; which are reached.
    SmallVector<Value> init = {zero,
                               owners,
                               state[1],
                               state[2],
                               b.filled(placesAndOne, infinite),
                               b.filled(placesAndOne, zero),
                               b.filled(placesAndOne, b.boolean(false))};
    SmallVector<Value> found = whileLoop(
        init,
        [&](ValueRange s) {
          Value owner = b.extract(s[1], s[0]);
          return b.compare(IntPredicate::ne, owner, zero);
        },
        [&](ValueRange s) { return reachNext(s); });
    // Along the path back every place gets the unit of the one before it.
    Value before = found[5];
    SmallVector<Value> moved = whileLoop(
        {found[0], found[1]},
        [&](ValueRange s) { return b.compare(IntPredicate::ne, s[0], zero); },
        [&](ValueRange s) -> SmallVector<Value> {
          Value previous = b.extract(before, s[0]);
          Value owner = b.extract(s[1], previous);
          return {previous, b.insert(owner, s[1], s[0])};
        });
    return {moved[1], found[2], found[3]};
  }

  /// Reaches the nearest place that is not reached yet.
  SmallVector<Value> reachNext(ValueRange s) {
    Value last = s[0], owners = s[1], unitCosts = s[2], placeCosts = s[3];
    Value reached = b.insert(b.boolean(true), s[6], last);
    Value unit = b.extract(owners, last);
    Value infinite = b.real(type, std::numeric_limits<double>::infinity());
    Value limit = b.add(places, one);
    SmallVector<Value> nearest = b.loop(
        one, limit, {s[4], s[5], infinite, zero},
        [&](Value place, ValueRange state) -> SmallVector<Value> {
          Value open = b.no(b.extract(reached, place));
          Value slack =
              b.sub(b.sub(cost(unit, place), b.extract(unitCosts, unit)),
                    b.extract(placeCosts, place));
          Value least = b.extract(state[0], place);
          Value nearer =
              b.both(open, b.compare(FloatPredicate::OLT, slack, least));
          least = b.select(nearer, slack, least);
          Value before = b.select(nearer, last, b.extract(state[1], place));
          Value best =
              b.both(open, b.compare(FloatPredicate::OLT, least, state[2]));
          return {b.insert(least, state[0], place),
                  b.insert(before, state[1], place),
                  b.select(best, least, state[2]),
                  b.select(best, place, state[3])};
        });
    Value step = nearest[2];
    SmallVector<Value> shifted =
        b.loop(zero, limit, {unitCosts, placeCosts, nearest[0]},
               [&](Value place, ValueRange state) -> SmallVector<Value> {
                 Value is = b.extract(reached, place);
                 Value owner = b.extract(owners, place);
                 Value none = b.real(type, 0.0);
                 Value forReached = b.select(is, step, none);
                 Value forOthers = b.select(is, none, step);
                 Value unitCost = b.add(b.extract(state[0], owner), forReached);
                 Value placeCost =
                     b.sub(b.extract(state[1], place), forReached);
                 Value least = b.sub(b.extract(state[2], place), forOthers);
                 return {b.insert(unitCost, state[0], owner),
                         b.insert(placeCost, state[1], place),
                         b.insert(least, state[2], place)};
               });
    return {nearest[3], owners,     shifted[0], shifted[1],
            shifted[2], nearest[1], reached};
  }

  SmallVector<Value>
  whileLoop(ValueRange init, llvm::function_ref<Value(ValueRange)> condition,
            llvm::function_ref<SmallVector<Value>(ValueRange)> body) {
    auto loop = scf::WhileOp::create(
        b, TypeRange(init), init,
        [&](OpBuilder &, Location, ValueRange state) {
          scf::ConditionOp::create(b, condition(state), state);
        },
        [&](OpBuilder &, Location, ValueRange state) {
          scf::YieldOp::create(b, body(state));
        });
    return llvm::to_vector_of<Value>(loop.getResults());
  }

  TensorBuilder &b;
  Value units, places;
  Cost cost;
  Value zero, one;
  FloatType type;
};

} // namespace

/// Ids U x 1. An expert has ceil(U / E) places. What may not be selected costs
/// more than any sum of keys can make up for, and is no entry in the end.
Value RouteLowering::buildBalancedAssign() {
  Value zero = b.index(0), one = b.index(1);
  Value experts = b.index(plan.getExperts());
  FloatType type = b.getF64Type();
  auto assign = [&](Value lower, Value upper, ValueRange carried) {
    Value count = b.sub(upper, lower);
    Value size = arith::CeilDivUIOp::create(b, count, experts);
    Value places = b.mul(size, experts);
    auto expertOf = [&](Value place) -> Value {
      return arith::DivUIOp::create(b, b.sub(place, one), size);
    };
    auto keyOf = [&](Value unit, Value expert) {
      Value key = b.extract(keys, {b.sub(b.add(lower, unit), one), expert});
      return b.convert(key, type);
    };
    Value infinite = b.real(type, std::numeric_limits<double>::infinity());
    auto isFinite = [&](Value key) -> Value {
      Value size = math::AbsFOp::create(b, key);
      return b.compare(FloatPredicate::OLT, size, infinite);
    };
    // More than any exchange of finite keys can gain, and no larger than that:
    // sums of costs keep their digits.
    Value largest =
        b.loop(one, b.add(count, one), b.real(type, 1.0),
               [&](Value unit, ValueRange state) {
                 return b.loop(
                     zero, experts, state,
                     [&](Value expert, ValueRange most) -> SmallVector<Value> {
                       Value key = keyOf(unit, expert);
                       Value size =
                           b.select(isFinite(key), math::AbsFOp::create(b, key),
                                    b.real(type, 0.0));
                       return {b.max(most[0], size)};
                     });
               })
            .front();
    Value units =
        arith::UIToFPOp::create(b, type, b.toInt64(b.add(count, one)));
    Value limit = b.mul(b.mul(largest, units), b.real(type, 4.0));
    auto cost = [&](Value unit, Value place) {
      Value key = keyOf(unit, expertOf(place));
      // NaN and −∞ are the last resort, +∞ the first.
      Value first = b.compare(FloatPredicate::OEQ, key, infinite);
      Value otherwise = b.select(first, b.neg(limit), limit);
      return b.select(isFinite(key), b.neg(key), otherwise);
    };
    Value owners = LinearAssignment(b, count, places, cost).build();
    return b.loop(
        one, b.add(places, one), carried,
        [&](Value place, ValueRange state) -> SmallVector<Value> {
          Value owner = b.extract(owners, place);
          Value expert = expertOf(place);
          Value taken = b.compare(IntPredicate::ne, owner, zero);
          auto conditional = scf::IfOp::create(
              b, taken,
              [&](OpBuilder &, Location) {
                Value unit = b.sub(b.add(lower, owner), one);
                Value allowed = b.compare(
                    FloatPredicate::OGT, keyOf(owner, expert),
                    b.real(type, -std::numeric_limits<double>::infinity()));
                Value id = b.select(allowed, b.toInt32(expert), b.int32(-1));
                scf::YieldOp::create(b, b.insert(id, state[0], {unit, zero}));
              },
              [&](OpBuilder &, Location) { scf::YieldOp::create(b, state); });
          return {conditional.getResult(0)};
        });
  };
  return forEachPart(b.filled(unitsBySlots, b.int32(-1)), assign).front();
}
