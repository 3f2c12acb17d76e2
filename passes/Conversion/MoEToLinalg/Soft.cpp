// The reference lowering of soft plans: rows that mix units, units that mix
// rows.
#include "Route.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

using FloatPredicate = arith::CmpFPredicate;
using IntPredicate = arith::CmpIPredicate;

Value moe::detail::buildSoftOffsets(TensorBuilder &b, PlanType type,
                                    Value parts) {
  Value rows = b.mul(parts, b.index(type.getSize()));
  return b.map({b.getIndexAttr(type.getExperts() + 1)}, b.getIndexType(), {},
               [&](ValueRange) { return b.mul(b.loopIndex(0), rows); });
}

/// Number of parts of the domain.
static Value buildParts(TensorBuilder &b, PlanType type,
                        const SoftParts &plan) {
  Value rows = b.extract(plan.offsets, b.index(1));
  return arith::DivUIOp::create(b, rows, b.index(type.getSize()));
}

Value moe::detail::buildSoftRows(TensorBuilder &b, PlanType type,
                                 const SoftParts &plan, Value x, double scale,
                                 FloatType element) {
  FloatType real = computeType({x.getType(), type.getWeight()});
  Value count = b.extract(plan.offsets, b.index(type.getExperts()));
  Value parts = buildParts(b, type, plan);
  Sizes sizes = {count, b.size(x, 1)};
  Value sums = b.reduce(
      3, {{plan.partOf, {1}}, {x, {1, 2}}},
      {b.filled(sizes, b.real(real, 0.0)), {0, 2}}, [&](ValueRange in) {
        Value size = b.index(type.getSize());
        Value block = arith::DivUIOp::create(b, b.loopIndex(0), size);
        Value place = arith::RemUIOp::create(b, b.loopIndex(0), size);
        Value expert = arith::DivUIOp::create(b, block, parts);
        Value part = arith::RemUIOp::create(b, block, parts);
        Value column = b.add(b.mul(expert, size), place);
        Value share = b.extract(plan.dispatch, {b.loopIndex(1), column});
        Value term = b.mul(b.convert(share, real), b.convert(in[1], real));
        Value mine = b.compare(IntPredicate::eq, in[0], part);
        return b.select(mine, b.add(in[2], term), in[2]);
      });
  return b.map(sizes, element, Indexed{sums, {0, 1}}, [&](ValueRange in) {
    Value value = in[0];
    if (scale != 1.0)
      value = b.mul(value, b.real(real, scale));
    return b.convert(value, element);
  });
}

Value moe::detail::buildSoftSum(TensorBuilder &b, PlanType type,
                                const SoftParts &plan, Value rows, Value init) {
  FloatType acc = floatElement(init);
  Value parts = buildParts(b, type, plan);
  return b.reduce(
      3, {{plan.combine, {0, 1}}, {plan.partOf, {0}}}, {init, {0, 2}},
      [&](ValueRange in) {
        Value size = b.index(type.getSize());
        Value expert = arith::DivUIOp::create(b, b.loopIndex(1), size);
        Value place = arith::RemUIOp::create(b, b.loopIndex(1), size);
        Value block = b.add(b.mul(expert, parts), in[1]);
        Value row = b.add(b.mul(block, size), place);
        Value value = b.convert(b.extract(rows, {row, b.loopIndex(2)}), acc);
        return b.add(in[2], b.mul(b.convert(in[0], acc), value));
      });
}

/// One softmax of the logits over the units of each part, one over the columns.
SoftParts RouteLowering::buildSoft() {
  Value zero = b.index(0), one = b.index(1);
  Value logits = buildLogits(real);
  Value columns = b.index(plan.getExperts() * plan.getSize());
  Sizes sizes = b.sizes(logits);
  // The softmax of one column over the units [lower, upper).
  auto softenColumn = [&](Value lower, Value upper, Value column,
                          ValueRange shares) {
    auto read = [&](Value unit) { return b.extract(logits, {unit, column}); };
    Value largest =
        b.loop(lower, upper, infinity(/*negative=*/true),
               [&](Value unit, ValueRange state) -> SmallVector<Value> {
                 return {b.max(state[0], read(unit))};
               })
            .front();
    // Of −∞ alone every share is 0.
    Value none = b.compare(FloatPredicate::OEQ, largest, infinity(true));
    Value base = b.select(none, b.real(real, 0.0), largest);
    auto power = [&](Value unit) { return b.exp(b.sub(read(unit), base)); };
    Value sum = b.loop(lower, upper, b.real(real, 0.0),
                       [&](Value unit, ValueRange state) -> SmallVector<Value> {
                         return {b.add(state[0], power(unit))};
                       })
                    .front();
    Value divisor = b.select(none, b.real(real, 1.0), sum);
    return b.loop(lower, upper, shares,
                  [&](Value unit, ValueRange state) -> SmallVector<Value> {
                    Value share = b.div(power(unit), divisor);
                    return {b.insert(share, state[0], {unit, column})};
                  });
  };
  SmallVector<Value> soft = forEachPart(
      {b.filled(sizes, b.real(real, 0.0)), b.filled({units}, zero), zero},
      [&](Value lower, Value upper, ValueRange carried) -> SmallVector<Value> {
        Value shares =
            b.loop(zero, columns, carried[0],
                   [&](Value column, ValueRange state) {
                     return softenColumn(lower, upper, column, state);
                   })
                .front();
        Value partOf =
            b.loop(lower, upper, carried[1],
                   [&](Value unit, ValueRange state) -> SmallVector<Value> {
                     return {b.insert(carried[2], state[0], unit)};
                   })
                .front();
        return {shares, partOf, b.add(carried[2], one)};
      });
  SmallVector<Type> types = getPlanTypes(plan);
  auto round = [&](Value shares, Type type) {
    Value rounded = b.map(
        sizes, plan.getWeight(), Indexed{shares, {0, 1}},
        [&](ValueRange in) { return b.convert(in[0], plan.getWeight()); });
    return b.castTo(rounded, type);
  };
  SoftParts result;
  result.dispatch = round(soft[0], types[0]);
  result.combine =
      round(buildNormalised(logits, 1, ScoreFn::Softmax), types[1]);
  result.offsets = buildSoftOffsets(b, plan, soft[2]);
  result.partOf = b.castTo(soft[1], types[3]);
  return result;
}
