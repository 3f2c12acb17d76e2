// Code that counts the rows of experts, and rounds their numbers to tiles.
#include "RoundCounts.h"
#include "../MoEToLinalg/MoEToLinalg.h"
#include "../RouteToVector/RouteKernel.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <limits>

using namespace mlir;
using namespace moe;
using namespace moe::detail;

using IntPredicate = arith::CmpIPredicate;

static Value load(TensorBuilder &b, Value memory, ValueRange indices) {
  return memref::LoadOp::create(b, memory, indices);
}

static void store(TensorBuilder &b, Value value, Value memory,
                  ValueRange indices) {
  memref::StoreOp::create(b, value, memory, indices);
}

/// Runs `body` where `condition` holds.
static void buildIf(TensorBuilder &b, Value condition,
                    function_ref<void()> body) {
  auto some = scf::IfOp::create(b, condition, /*else=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(some.thenYield());
  body();
}

/// Runs `body` for each index of [begin, end).
static void forEach(TensorBuilder &b, Value begin, Value end,
                    function_ref<void(Value)> body) {
  b.loop(begin, end, {}, [&](Value index, ValueRange) -> SmallVector<Value> {
    body(index);
    return {};
  });
}

void moe::forEachEntry(TensorBuilder &b, Value ids,
                       function_ref<void(Value, Value, Value)> body) {
  Value zero = b.index(0), units = memref::DimOp::create(b, ids, 0);
  Value slots = b.index(cast<MemRefType>(ids.getType()).getDimSize(1));
  forEach(b, zero, units, [&](Value unit) {
    forEach(b, zero, slots, [&](Value slot) {
      Value id = load(b, ids, {unit, slot});
      buildIf(b, b.compare(IntPredicate::sge, id, b.int32(0)),
              [&] { body(unit, slot, b.toIndex(id)); });
    });
  });
}

static Value sizeOf(TensorBuilder &b, Value memory) {
  return b.index(cast<MemRefType>(memory.getType()).getDimSize(0));
}

void moe::buildCounts(TensorBuilder &b, Value ids, Value counts) {
  Value zero = b.index(0);
  forEach(b, zero, sizeOf(b, counts),
          [&](Value expert) { store(b, zero, counts, expert); });
  forEachEntry(b, ids, [&](Value, Value, Value expert) {
    store(b, b.add(load(b, counts, expert), b.index(1)), counts, expert);
  });
}

void moe::buildEnds(TensorBuilder &b, Value counts) {
  Value zero = b.index(0);
  b.loop(zero, sizeOf(b, counts), zero,
         [&](Value expert, ValueRange before) -> SmallVector<Value> {
           Value end = b.add(before[0], load(b, counts, expert));
           store(b, end, counts, expert);
           return {end};
         });
}

//===----------------------------------------------------------------------===//
// RoundedCounts
//===----------------------------------------------------------------------===//

RoundedCounts::RoundedCounts(RouteOp route, int64_t lanes)
    : route(route), experts(route.getPlan().getType().getExperts()),
      tile(route.getCapacityAttr().getTile()), lanes(lanes) {}

SmallVector<RoundedCounts::Memory> RoundedCounts::memory() {
  Builder builder(route.getContext());
  auto lists = [&](Type element) {
    return MemRefType::get({experts, tile}, element);
  };
  auto numbers = [&](Type element) {
    return MemRefType::get({experts}, element);
  };
  Type i64 = builder.getI64Type(), index = builder.getIndexType();
  return {{"goers", lists(i64)},
          {"comers", lists(i64)},
          {"may_go", numbers(index)},
          {"may_come", numbers(index)},
          {"bar", numbers(builder.getI32Type())},
          {"added_count", numbers(index)},
          {"added_units", lists(index)},
          {"added_weights", lists(route.getWeight().getDtype())}};
}

/// Builds the code of one plan.
class RoundedCounts::Code {
public:
  Code(TensorBuilder &b, const RoundedCounts &of, Value ids, Value counts,
       const Inputs &inputs, const Views &views)
      : b(b), of(of), route(of.route), ids(ids), counts(counts), in(inputs),
        views(views), zero(b.index(0)), one(b.index(1)),
        units(memref::DimOp::create(b, ids, 0)) {}

  void build() {
    buildCounts(b, ids, counts);
    Value balance = zero;
    if (!needsScores())
      b.loop(zero, b.index(of.experts), balance,
             [&](Value expert, ValueRange state) -> SmallVector<Value> {
               Value changed = state[0];
               Value rises = this->rises(expert, changed);
               prepare(expert, b.no(rises), rises);
               return {changed};
             });
    else
      forEachExpert([&](Value expert) {
        prepare(expert, b.boolean(true), b.boolean(true));
      });
    judgeMembers();
    judgeOthers();
    forEachExpert([&](Value expert) {
      if (!needsScores()) {
        // Only one list has room.
        Value goes =
            b.compare(IntPredicate::ne, load(b, views.mayGo, expert), zero);
        change(expert, b.no(goes));
        return;
      }
      Value balance = zero;
      change(expert, rises(expert, balance));
    });
  }

private:
  void forEachExpert(function_ref<void(Value)> body) {
    forEach(b, zero, b.index(of.experts), body);
  }
  Value i64(int64_t value) { return b.integer(b.getI64Type(), value); }

  /// True where the rule looks at the scores of the units themselves.
  bool needsScores() {
    return route.getCapacityAttr().getMode() == TileMode::NrS;
  }

  Value rises(Value expert, Value &balance) {
    return buildRises(b, route.getCapacityAttr(), expert,
                      load(b, counts, expert), units, balance, [&] {
                        // Best first.
                        Value last = load(b, views.mayGo, expert);
                        Value goers =
                            sumScores(expert, views.goers, last, [&](Value i) {
                              return b.sub(b.sub(last, one), i);
                            });
                        Value comers = sumScores(expert, views.comers,
                                                 load(b, views.mayCome, expert),
                                                 [&](Value i) { return i; });
                        return std::pair(goers, comers);
                      });
  }

  /// Sum, in f64, of the scores of the units that `list` has for `expert`.
  Value sumScores(Value expert, Value list, Value room,
                  function_ref<Value(Value)> place) {
    FloatType f64 = b.getF64Type();
    return b
        .loop(
            zero, room, b.real(f64, 0.0),
            [&](Value i, ValueRange sum) -> SmallVector<Value> {
              Value entry = load(b, list, {expert, place(i)});
              auto some = scf::IfOp::create(
                  b, isThere(entry),
                  [&](OpBuilder &, Location) {
                    Value s = scoreOf(unitOf(entry), expert);
                    scf::YieldOp::create(b, b.add(sum[0], b.convert(s, f64)));
                  },
                  [&](OpBuilder &, Location) { scf::YieldOp::create(b, sum); });
              return {some.getResult(0)};
            })
        .front();
  }

  // Entries of lists.
  static constexpr int64_t leastOrder = std::numeric_limits<int32_t>::min();
  Value entryOf(Value order, Value unit) {
    Value high = arith::ShLIOp::create(
        b, arith::ExtSIOp::create(b, b.getI64Type(), order), i64(32));
    return b.add(high, b.sub(i64(0xffffffff), b.toInt64(unit)));
  }
  Value unitOf(Value entry) {
    Value low = arith::AndIOp::create(b, entry, i64(0xffffffff));
    return b.toIndex(b.sub(i64(0xffffffff), low));
  }
  Value orderOf(Value entry) {
    return arith::TruncIOp::create(b, b.getI32Type(),
                                   arith::ShRSIOp::create(b, entry, i64(32)));
  }
  /// True for an entry that is not what a list is filled with.
  Value isThere(Value entry) {
    return b.compare(IntPredicate::sgt, entry,
                     i64((leastOrder + 1) * (int64_t(1) << 32) - 1));
  }

  /// Makes room in the lists of an expert whose count is not a multiple.
  void prepare(Value expert, Value mayGo, Value mayCome) {
    Value tile = b.index(of.tile);
    Value rest = arith::RemUIOp::create(b, load(b, counts, expert), tile);
    Value exact = b.compare(IntPredicate::eq, rest, zero);
    Value missing = b.select(exact, zero, b.sub(tile, rest));
    Value come = b.select(mayCome, missing, zero);
    store(b, b.select(mayGo, rest, zero), views.mayGo, expert);
    store(b, come, views.mayCome, expert);
    Value open = b.compare(IntPredicate::ne, come, zero);
    store(b,
          b.select(open, b.int32(leastOrder),
                   b.int32(std::numeric_limits<int32_t>::max())),
          views.bar, expert);
    forEach(b, zero, tile, [&](Value i) {
      store(b, i64(std::numeric_limits<int64_t>::max()), views.goers,
            {expert, i});
      store(b, i64(std::numeric_limits<int64_t>::min()), views.comers,
            {expert, i});
    });
  }

  /// Puts `entry` in its place among the first `room` of a list, from which the
  /// last one goes.
  template <typename First, typename Second>
  void enter(Value list, Value expert, Value room, Value entry) {
    b.loop(zero, room, entry,
           [&](Value i, ValueRange next) -> SmallVector<Value> {
             Value here = load(b, list, {expert, i});
             store(b, First::create(b, here, next[0]), list, {expert, i});
             return {Second::create(b, here, next[0])};
           });
  }

  /// The order of the keys, among the units of its block, of a unit.
  SmallVector<Value> placeOf(Value unit, Value expert) {
    Value lanes = b.index(of.lanes);
    return {arith::DivUIOp::create(b, unit, lanes), expert,
            arith::RemUIOp::create(b, unit, lanes)};
  }

  /// Lists the weakest members, and takes all out of the orders.
  void judgeMembers() {
    Type f32 = b.getF32Type();
    Value none = arith::BitcastOp::create(b, f32, b.int32(leastOrder));
    forEachEntry(b, ids, [&](Value unit, Value, Value expert) {
      SmallVector<Value> place = placeOf(unit, expert);
      Value room = load(b, views.mayGo, expert);
      Value order = arith::BitcastOp::create(b, b.getI32Type(),
                                             load(b, in.orders, place));
      enter<arith::MinSIOp, arith::MaxSIOp>(views.goers, expert, room,
                                            entryOf(order, unit));
      store(b, none, in.orders, place);
    });
  }

  /// Lists the best others. Most blocks have none: one look at all lanes.
  void judgeOthers() {
    auto reals = VectorType::get({of.lanes}, b.getF32Type());
    auto ints = reals.clone(b.getI32Type());
    Value lanes = b.index(of.lanes);
    Value blocks = arith::CeilDivUIOp::create(b, units, lanes);
    forEach(b, zero, blocks, [&](Value block) {
      Value first = b.mul(block, lanes);
      Value count = arith::MinUIOp::create(b, b.sub(units, first), lanes);
      forEachExpert([&](Value expert) {
        Value orders = arith::BitcastOp::create(
            b, ints,
            vector::LoadOp::create(b, reals, in.orders,
                                   ValueRange{block, expert, zero}));
        Value bar =
            vector::BroadcastOp::create(b, ints, load(b, views.bar, expert));
        Value above = b.compare(IntPredicate::sgt, orders, bar);
        Value any =
            vector::ReductionOp::create(b, vector::CombiningKind::OR, above);
        buildIf(b, any, [&] {
          // Units that repeat the last one are none.
          forEach(b, zero, count, [&](Value lane) {
            judgeOther(b.add(first, lane), expert, {block, expert, lane});
          });
        });
      });
    });
  }

  void judgeOther(Value unit, Value expert, ValueRange place) {
    Value order =
        arith::BitcastOp::create(b, b.getI32Type(), load(b, in.orders, place));
    Value better =
        b.compare(IntPredicate::sgt, order, load(b, views.bar, expert));
    buildIf(b, better, [&] {
      Value room = load(b, views.mayCome, expert);
      enter<arith::MaxSIOp, arith::MinSIOp>(views.comers, expert, room,
                                            entryOf(order, unit));
      Value last = load(b, views.comers, {expert, b.sub(room, one)});
      store(b, orderOf(last), views.bar, expert);
    });
  }

  Value scoreOf(Value unit, Value expert) {
    FloatType f32 = b.getF32Type();
    Value shift, sum;
    if (in.statistics) {
      SmallVector<Value> place = placeOf(unit, zero);
      shift = load(b, in.statistics, place);
      place[1] = one;
      sum = load(b, in.statistics, place);
    }
    Value logit = b.convert(load(b, in.logits, {unit, expert}), f32);
    return buildRouteScore(b, route.getScore(), logit, shift, sum);
  }

  /// The weight of an entry that is added: its score.
  Value weightOf(Value unit, Value expert) {
    WeightAttr weight = route.getWeight();
    FloatType f32 = b.getF32Type();
    Value value = scoreOf(unit, expert);
    if (weight.getScaleValue() != 1.0)
      value = b.mul(value, b.real(f32, weight.getScaleValue()));
    if (in.expertScale)
      value = b.mul(value, b.convert(load(b, in.expertScale, expert), f32));
    return b.convert(value, weight.getDtype());
  }

  /// Brings the count of an expert up or down.
  void change(Value expert, Value rises) {
    store(b, zero, views.added, expert);
    Value count = load(b, counts, expert);
    auto both = scf::IfOp::create(b, rises, /*else=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(both.thenYield());
    forEach(b, zero, load(b, views.mayCome, expert), [&](Value i) {
      Value entry = load(b, views.comers, {expert, i});
      buildIf(b, isThere(entry), [&] { add(expert, unitOf(entry)); });
    });
    store(b, b.add(count, load(b, views.added, expert)), counts, expert);
    b.setInsertionPoint(both.elseYield());
    Value going = load(b, views.mayGo, expert);
    forEach(b, zero, going, [&](Value i) {
      drop(expert, unitOf(load(b, views.goers, {expert, i})));
    });
    store(b, b.sub(count, going), counts, expert);
  }

  /// Adds a unit to the list of an expert, which ascends.
  void add(Value expert, Value unit) {
    Value count = load(b, views.added, expert);
    SmallVector<Value> last = b.loop(
        zero, count, {unit, weightOf(unit, expert)},
        [&](Value i, ValueRange next) -> SmallVector<Value> {
          Value here = load(b, views.units, {expert, i});
          Value weight = load(b, views.weights, {expert, i});
          Value before = b.compare(IntPredicate::ult, next[0], here);
          store(b, b.select(before, next[0], here), views.units, {expert, i});
          store(b, b.select(before, next[1], weight), views.weights,
                {expert, i});
          return {b.select(before, here, next[0]),
                  b.select(before, weight, next[1])};
        });
    store(b, last[0], views.units, {expert, count});
    store(b, last[1], views.weights, {expert, count});
    store(b, b.add(count, one), views.added, expert);
  }

  /// Takes the entry of a unit for an expert out of `ids`.
  void drop(Value expert, Value unit) {
    Value slots = b.index(cast<MemRefType>(ids.getType()).getDimSize(1));
    forEach(b, zero, slots, [&](Value slot) {
      Value id = load(b, ids, {unit, slot});
      Value is = b.compare(IntPredicate::eq, id, b.toInt32(expert));
      store(b, b.select(is, b.int32(-1), id), ids, {unit, slot});
    });
  }

  TensorBuilder &b;
  const RoundedCounts &of;
  RouteOp route;
  Value ids, counts;
  Inputs in;
  Views views;
  Value zero, one, units;
};

void RoundedCounts::build(TensorBuilder &b, Value ids, Value counts,
                          const Inputs &inputs, const Views &views) {
  Code(b, *this, ids, counts, inputs, views).build();
}

void moe::buildRows(TensorBuilder &b, ValueRange read, ValueRange written,
                    std::optional<RoundedCounts::Views> rounded) {
  Value experts = sizeOf(b, read[2]);
  Value next = written[2], zero = b.index(0), one = b.index(1);
  auto put = [&](Value expert, Value unit, Value weight) {
    Value row = load(b, next, expert);
    store(b, b.add(row, one), next, expert);
    store(b, unit, written[0], row);
    store(b, weight, written[1], row);
  };
  // Those before `unit`; null for all that are left.
  auto putAdded = [&](Value expert, Value unit) {
    Value placed = written[3], count = load(b, rounded->added, expert);
    auto loop = scf::WhileOp::create(
        b, TypeRange(b.getIndexType()), load(b, placed, expert),
        [&](OpBuilder &, Location, ValueRange state) {
          Value more = b.compare(IntPredicate::ult, state[0], count);
          if (unit) {
            Value at = arith::MinUIOp::create(
                b, state[0],
                b.index(
                    cast<MemRefType>(rounded->units.getType()).getDimSize(1) -
                    1));
            Value other = load(b, rounded->units, {expert, at});
            more = b.both(more, b.compare(IntPredicate::ult, other, unit));
          }
          scf::ConditionOp::create(b, more, state);
        },
        [&](OpBuilder &, Location, ValueRange state) {
          put(expert, load(b, rounded->units, {expert, state[0]}),
              load(b, rounded->weights, {expert, state[0]}));
          scf::YieldOp::create(b, ValueRange{b.add(state[0], one)});
        });
    store(b, loop.getResult(0), placed, expert);
  };
  auto forEachExpert = [&](Value init, TensorBuilder::LoopBody body) {
    b.loop(zero, experts, init, body);
  };
  forEachExpert(zero,
                [&](Value expert, ValueRange begin) -> SmallVector<Value> {
                  store(b, begin[0], next, expert);
                  if (rounded)
                    store(b, zero, written[3], expert);
                  return {load(b, read[2], expert)};
                });
  forEachEntry(b, read[0], [&](Value unit, Value slot, Value expert) {
    if (rounded)
      putAdded(expert, unit);
    put(expert, unit, load(b, read[1], {unit, slot}));
  });
  if (rounded)
    forEachExpert(zero, [&](Value expert, ValueRange) -> SmallVector<Value> {
      putAdded(expert, {});
      return {zero};
    });
}
