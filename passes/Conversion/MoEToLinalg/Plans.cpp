// The reference lowering of ops on plans: other encodings, units and experts.
#include "MoEToLinalg.h"

#include "moe/Dialect/MoE/Plans.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

using FloatPredicate = arith::CmpFPredicate;
using IntPredicate = arith::CmpIPredicate;

PlanParts moe::detail::buildPlan(TensorBuilder &b, PlanType type,
                                 const Assignment &assignment) {
  OpFoldResult units = b.size(assignment.ids, 0);
  Value alwaysIds, alwaysWeights;
  if (int64_t always = type.getAlways()) {
    Sizes unitsByAlways = {units, b.getIndexAttr(always)};
    alwaysIds = b.map(unitsByAlways, b.getI32Type(), {}, [&](ValueRange) {
      return b.add(b.toInt32(b.loopIndex(1)), b.int32(type.getExperts()));
    });
    alwaysWeights =
        assignment.alwaysWeights
            ? b.map(unitsByAlways, type.getWeight(),
                    Indexed{assignment.alwaysWeights, {0, 1}},
                    [&](ValueRange in) {
                      return b.convert(in[0], type.getWeight());
                    })
            : b.filled(unitsByAlways, b.real(type.getWeight(), 1.0));
  }
  SmallVector<Type> types = getPlanTypes(type);
  PlanParts plan;
  plan.ids = b.castTo(b.concatColumns(assignment.ids, alwaysIds), types[0]);
  plan.weights =
      b.castTo(b.concatColumns(assignment.weights, alwaysWeights), types[1]);
  if (type.getCarry())
    plan.carry = b.castTo(
        assignment.carry ? assignment.carry
                         : b.filled({units}, b.real(type.getWeight(), 0.0)),
        types[5]);
  orderEntries(b, type, plan);
  return plan;
}

Assignment moe::detail::getAssignment(TensorBuilder &b, PlanType type,
                                      const PlanParts &plan) {
  Assignment result;
  int64_t slots = type.getSlots();
  auto take = [&](Value matrix, int64_t first, int64_t count) -> Value {
    if (count == slots + type.getAlways())
      return matrix;
    return b.columns(matrix, b.getIndexAttr(first), b.getIndexAttr(count), 1);
  };
  result.ids = take(plan.ids, 0, slots);
  result.weights = take(plan.weights, 0, slots);
  if (type.getAlways())
    result.alwaysWeights = take(plan.weights, slots, type.getAlways());
  result.carry = plan.carry;
  return result;
}

void moe::detail::rearrange(TensorBuilder &b, Assignment &assignment,
                            int64_t columns, Arrangement arrangement,
                            Target target) {
  Value units = b.sizeValue(assignment.ids, 0), zero = b.index(0);
  Value slots = b.sizeValue(assignment.ids, 1), one = b.index(1);
  Sizes sizes = {b.size(assignment.ids, 0), b.getIndexAttr(columns)};
  FloatType element = floatElement(assignment.weights);
  Value ids = assignment.ids, weights = assignment.weights;
  SmallVector<Value> result = b.loop(
      zero, units,
      {b.filled(sizes, b.int32(-1)), b.filled(sizes, b.real(element, 0.0))},
      [&](Value unit, ValueRange carried) {
        SmallVector<Value> row = b.loop(
            zero, slots, {carried[0], carried[1], zero},
            [&](Value slot, ValueRange state) -> SmallVector<Value> {
              Value old = b.extract(ids, {unit, slot});
              Value id = target ? target(unit, slot, old) : old;
              Value weight = b.extract(weights, {unit, slot});
              Value used = b.compare(IntPredicate::sge, id, b.int32(0));
              auto place = scf::IfOp::create(
                  b, used,
                  [&](OpBuilder &, Location) {
                    Value at = arrangement == Arrangement::Front ? state[2]
                               : arrangement == Arrangement::ById
                                   ? b.toIndex(id)
                                   : slot;
                    b.check(b.compare(IntPredicate::ult, at, b.index(columns)),
                            "a unit has more entries than its plan has slots");
                    scf::YieldOp::create(
                        b, ValueRange{b.insert(id, state[0], {unit, at}),
                                      b.insert(weight, state[1], {unit, at}),
                                      b.add(state[2], one)});
                  },
                  [&](OpBuilder &, Location) {
                    scf::YieldOp::create(b, state);
                  });
              return llvm::to_vector_of<Value>(place.getResults());
            });
        row.pop_back();
        return row;
      });
  assignment.ids = result[0];
  assignment.weights = result[1];
}

Arrangement moe::detail::arrangementIn(PlanType from, PlanType to) {
  switch (to.getEncoding()) {
  case PlanEncoding::Csr:
    return Arrangement::Front;
  case PlanEncoding::Dense:
    return Arrangement::ById;
  case PlanEncoding::Slots:
    return to.getSlots() < from.getSlots() ? Arrangement::Front
                                           : Arrangement::Stay;
  case PlanEncoding::Buckets:
  case PlanEncoding::Grouped:
    return Arrangement::Stay;
  case PlanEncoding::Soft:
    break;
  }
  llvm_unreachable("a soft plan has no entries");
}

/// Number of entries of an expert.
static Value buildCount(TensorBuilder &b, const PlanParts &plan, Value expert) {
  Value begin = b.extract(plan.offsets, expert);
  Value end = b.extract(plan.offsets, b.add(expert, b.index(1)));
  return arith::SubIOp::create(b, end, begin);
}

void moe::detail::checkBuckets(TensorBuilder &b, PlanType type,
                               const PlanParts &plan) {
  if (type.getEncoding() != PlanEncoding::Buckets ||
      ShapedType::isDynamic(type.getSize()))
    return;
  b.loop(b.index(0), b.index(type.getExperts()), {},
         [&](Value expert, ValueRange) -> SmallVector<Value> {
           b.check(b.compare(IntPredicate::ule, buildCount(b, plan, expert),
                             b.index(type.getSize())),
                   "an expert has more entries than its bucket holds");
           return {};
         });
}

PlanParts moe::detail::buildPlanOfSlots(TensorBuilder &b, PlanType type,
                                        Assignment entries) {
  int64_t slots = cast<RankedTensorType>(entries.ids.getType()).getDimSize(1);
  PlanType made = type.withEncoding(PlanEncoding::Slots, slots);
  if (made != type)
    rearrange(b, entries, type.getSlots(), arrangementIn(made, type));
  PlanParts plan = buildPlan(b, type, entries);
  checkBuckets(b, type, plan);
  return plan;
}

namespace {

struct ConvertConvertPlan : OpConversionPattern<ConvertPlanOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(ConvertPlanOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    PlanType from = op.getPlan().getType(), to = op.getType();
    Assignment entries = getAssignment(b, from, PlanParts(adaptor.getPlan()));
    rearrange(b, entries, to.getSlots(), arrangementIn(from, to));
    PlanParts plan = buildPlan(b, to, entries);
    checkBuckets(b, to, plan);
    rewriter.replaceOpWithMultiple(
        op, SmallVector<SmallVector<Value>>{plan.values()});
    return success();
  }
};

struct ConvertExpandPlan : OpConversionPattern<ExpandPlanOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(ExpandPlanOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    PlanType type = op.getType();
    Assignment coarse = getAssignment(b, type, PlanParts(adaptor.getPlan()));
    Value unitOf = adaptor.getUnitOf().front();
    OpFoldResult units = b.size(unitOf, 0);
    Value known = b.toInt32(b.sizeValue(coarse.ids, 0));
    b.loop(b.index(0), b.toValue(units), {},
           [&](Value unit, ValueRange) -> SmallVector<Value> {
             b.check(
                 b.compare(IntPredicate::ult, b.extract(unitOf, unit), known),
                 "a unit is mapped to one that the plan does not have");
             return {};
           });
    auto gather = [&](Value values) -> Value {
      if (!values)
        return {};
      auto tensor = cast<RankedTensorType>(values.getType());
      Sizes sizes = {units};
      if (tensor.getRank() == 2)
        sizes.push_back(b.size(values, 1));
      return b.map(sizes, tensor.getElementType(), Indexed{unitOf, {0}},
                   [&](ValueRange in) {
                     SmallVector<Value> at = {b.toIndex(in[0])};
                     if (tensor.getRank() == 2)
                       at.push_back(b.loopIndex(1));
                     return b.extract(values, at);
                   });
    };
    Assignment fine{gather(coarse.ids), gather(coarse.weights),
                    gather(coarse.alwaysWeights), gather(coarse.carry)};
    rewriter.replaceOpWithMultiple(
        op, SmallVector<SmallVector<Value>>{buildPlan(b, type, fine).values()});
    return success();
  }
};

/// Takes the tensors of a plan apart.
struct ConvertUnpackPlan : OpConversionPattern<UnpackPlanOp> {
  using OpConversionPattern::OpConversionPattern;

  /// Walks the entries of all units in order: `visit` gets unit, slot, id and
  /// weight of each.
  static SmallVector<Value> forEachEntry(
      TensorBuilder &b, const Assignment &entries, ValueRange init,
      function_ref<SmallVector<Value>(ValueRange entry, ValueRange)> visit) {
    return b.loop(
        b.index(0), b.sizeValue(entries.ids, 0), init,
        [&](Value unit, ValueRange carried) {
          return b.loop(
              b.index(0), b.sizeValue(entries.ids, 1), carried,
              [&](Value slot, ValueRange state) -> SmallVector<Value> {
                Value id = b.extract(entries.ids, {unit, slot});
                Value used = b.compare(IntPredicate::sge, id, b.int32(0));
                auto conditional = scf::IfOp::create(
                    b, used,
                    [&](OpBuilder &, Location) {
                      Value weight = b.extract(entries.weights, {unit, slot});
                      scf::YieldOp::create(
                          b, visit(ValueRange{unit, slot, id, weight}, state));
                    },
                    [&](OpBuilder &, Location) {
                      scf::YieldOp::create(b, state);
                    });
                return llvm::to_vector_of<Value>(conditional.getResults());
              });
        });
  }

  static SmallVector<Value> unpackCsr(TensorBuilder &b, PlanType type,
                                      const PlanParts &plan) {
    Assignment entries = getAssignment(b, type, plan);
    Value count = b.extract(plan.offsets, b.index(type.getExperts()));
    Value units = b.sizeValue(entries.ids, 0), one = b.index(1);
    // Ends of rows; row u begins where row u - 1 ends.
    Value ends = b.filled({OpFoldResult(b.add(units, one))}, b.int32(0));
    SmallVector<Value> result = forEachEntry(
        b, entries,
        {ends, b.empty({count}, b.getI32Type()),
         b.empty({count}, type.getWeight()), b.index(0)},
        [&](ValueRange entry, ValueRange state) -> SmallVector<Value> {
          Value next = b.add(state[3], one);
          return {b.insert(b.toInt32(next), state[0], b.add(entry[0], one)),
                  b.insert(entry[2], state[1], state[3]),
                  b.insert(entry[3], state[2], state[3]), next};
        });
    // A unit without entries ends where the one before does.
    Value rows =
        b.loop(b.index(0), units, result[0],
               [&](Value unit, ValueRange state) -> SmallVector<Value> {
                 Value next = b.add(unit, one);
                 Value end = arith::MaxSIOp::create(
                     b, b.extract(state[0], unit), b.extract(state[0], next));
                 return {b.insert(end, state[0], next)};
               })
            .front();
    return {rows, result[1], result[2]};
  }

  /// Unit, slot and weight of the entry that has a row.
  static SmallVector<Value> entryOfRow(TensorBuilder &b, PlanType type,
                                       const PlanParts &plan, Value row) {
    Value slots = b.index(type.getSlots() + type.getAlways());
    Value entry = b.extract(plan.entries, row);
    Value unit = arith::DivUIOp::create(b, entry, slots);
    Value slot = arith::RemUIOp::create(b, entry, slots);
    return {b.toInt32(unit), b.toInt32(slot),
            b.extract(plan.weights, {unit, slot})};
  }

  static SmallVector<Value> unpackGrouped(TensorBuilder &b, PlanType type,
                                          const PlanParts &plan) {
    Sizes experts = {b.getIndexAttr(type.getExperts() + 1)};
    Value offsets = b.map(experts, b.getI32Type(), Indexed{plan.offsets, {0}},
                          [&](ValueRange in) { return b.toInt32(in[0]); });
    Value count = b.extract(plan.offsets, b.index(type.getExperts()));
    SmallVector<Value> result = b.loop(
        b.index(0), count,
        {b.empty({count}, b.getI32Type()), b.empty({count}, b.getI32Type()),
         b.empty({count}, type.getWeight())},
        [&](Value row, ValueRange state) {
          SmallVector<Value> next;
          for (auto [value, tensor] :
               llvm::zip_equal(entryOfRow(b, type, plan, row), state))
            next.push_back(b.insert(value, tensor, row));
          return next;
        });
    return {offsets, result[0], result[1], result[2]};
  }

  static SmallVector<Value> unpackBuckets(TensorBuilder &b, PlanType type,
                                          const PlanParts &plan) {
    Value zero = b.index(0), experts = b.index(type.getExperts());
    OpFoldResult size = b.getIndexAttr(type.getSize());
    if (ShapedType::isDynamic(type.getSize()))
      size = b.loop(zero, experts, zero,
                    [&](Value expert, ValueRange state) -> SmallVector<Value> {
                      return {arith::MaxUIOp::create(
                          b, state[0], buildCount(b, plan, expert))};
                    })
                 .front();
    Sizes sizes = {b.getIndexAttr(type.getExperts()), size};
    SmallVector<Value> result = b.loop(
        zero, experts,
        {b.filled(sizes, b.int32(-1)), b.filled(sizes, b.int32(-1)),
         b.filled(sizes, b.real(type.getWeight(), 0.0)),
         b.empty({sizes[0]}, b.getI32Type())},
        [&](Value expert, ValueRange carried) {
          Value count = buildCount(b, plan, expert);
          Value begin = b.extract(plan.offsets, expert);
          SmallVector<Value> bucket = b.loop(
              zero, count, carried.drop_back(),
              [&](Value place, ValueRange state) {
                SmallVector<Value> next;
                for (auto [value, tensor] : llvm::zip_equal(
                         entryOfRow(b, type, plan, b.add(begin, place)), state))
                  next.push_back(b.insert(value, tensor, {expert, place}));
                return next;
              });
          bucket.push_back(b.insert(b.toInt32(count), carried[3], expert));
          return bucket;
        });
    return result;
  }

  static SmallVector<Value> unpackDense(TensorBuilder &b, PlanType type,
                                        const PlanParts &plan) {
    Assignment entries = getAssignment(b, type, plan);
    Sizes sizes = {b.size(entries.ids, 0), b.getIndexAttr(type.getExperts())};
    Value no = b.boolean(false);
    Value yes = b.boolean(true);
    return forEachEntry(
        b, entries,
        {b.filled(sizes, b.real(type.getWeight(), 0.0)), b.filled(sizes, no)},
        [&](ValueRange entry, ValueRange state) -> SmallVector<Value> {
          SmallVector<Value> at = {entry[0], b.toIndex(entry[2])};
          return {b.insert(entry[3], state[0], at),
                  b.insert(yes, state[1], at)};
        });
  }

  LogicalResult
  matchAndRewrite(UnpackPlanOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    PlanType type = op.getPlan().getType();
    SmallVector<Value> values;
    if (isSoft(type)) {
      SoftParts soft(adaptor.getPlan());
      values = {b.castTo(soft.dispatch, op.getParts()[0].getType()),
                b.castTo(soft.combine, op.getParts()[1].getType())};
      rewriter.replaceOp(op, values);
      return success();
    }
    PlanParts plan(adaptor.getPlan());
    switch (type.getEncoding()) {
    case PlanEncoding::Slots: {
      Assignment entries = getAssignment(b, type, plan);
      values = {entries.ids, entries.weights};
      break;
    }
    case PlanEncoding::Csr:
      values = unpackCsr(b, type, plan);
      break;
    case PlanEncoding::Buckets:
      values = unpackBuckets(b, type, plan);
      break;
    case PlanEncoding::Grouped:
      values = unpackGrouped(b, type, plan);
      break;
    case PlanEncoding::Dense:
      values = unpackDense(b, type, plan);
      break;
    case PlanEncoding::Soft:
      llvm_unreachable("soft plans are taken apart above");
    }
    if (type.getCarry())
      values.push_back(plan.carry);
    for (auto [value, result] : llvm::zip_equal(values, op.getParts()))
      value = b.castTo(value, result.getType());
    rewriter.replaceOp(op, values);
    return success();
  }
};

constexpr StringLiteral notAnExpert = "a unit lists an id that is no expert";

/// Puts the tensors of a plan together; refuses at run time what is outside its
/// range.
struct ConvertPackPlan : OpConversionPattern<PackPlanOp> {
  using OpConversionPattern::OpConversionPattern;

  /// Lists `id` with `weight` in a slot of a unit that is empty so far.
  static SmallVector<Value> place(TensorBuilder &b, ValueRange state,
                                  Value unit, Value slot, Value id,
                                  Value weight) {
    Value units = b.sizeValue(state[0], 0), slots = b.sizeValue(state[0], 1);
    b.check(b.both(b.compare(IntPredicate::ult, unit, units),
                   b.compare(IntPredicate::ult, slot, slots)),
            "a plan has an entry outside its units and slots");
    Value there = b.extract(state[0], {unit, slot});
    b.check(b.compare(IntPredicate::slt, there, b.int32(0)),
            "a plan has two entries in one slot");
    return {b.insert(id, state[0], {unit, slot}),
            b.insert(weight, state[1], {unit, slot})};
  }

  /// Empty slots for `units` units.
  static SmallVector<Value> noEntries(TensorBuilder &b, PlanType type,
                                      OpFoldResult units) {
    Sizes sizes = {units, b.getIndexAttr(type.getSlots())};
    return {b.filled(sizes, b.int32(-1)),
            b.filled(sizes, b.real(type.getWeight(), 0.0))};
  }

  /// The entries [begin, end) of `offsets` belong to row or expert `index`:
  /// `add` places each.
  static SmallVector<Value>
  forEachSegment(TensorBuilder &b, Value offsets, Value limit,
                 ArrayRef<Value> init,
                 function_ref<SmallVector<Value>(Value index, Value rank,
                                                 Value entry, ValueRange)>
                     add) {
    Value one = b.index(1);
    Value segments = arith::SubIOp::create(b, b.sizeValue(offsets, 0), one);
    auto offset = [&](Value index) {
      return b.toIndex(b.extract(offsets, index));
    };
    return b.loop(
        b.index(0), segments, init, [&](Value index, ValueRange carried) {
          Value begin = offset(index), end = offset(b.add(index, one));
          b.check(b.both(b.compare(IntPredicate::ule, begin, end),
                         b.compare(IntPredicate::ule, end, limit)),
                  "a plan has offsets that do not ascend within its entries");
          Value count = arith::SubIOp::create(b, end, begin);
          return b.loop(b.index(0), count, carried,
                        [&](Value rank, ValueRange state) {
                          return add(index, rank, b.add(begin, rank), state);
                        });
        });
  }

  static SmallVector<Value> pack(TensorBuilder &b, PlanType type,
                                 ValueRange parts, Value units) {
    Value experts = b.int32(type.getExperts());
    auto isExpert = [&](Value id) {
      return b.compare(IntPredicate::ult, id, experts);
    };
    auto index = [&](Value tensor, ValueRange at) {
      return b.toIndex(b.extract(tensor, at));
    };
    switch (type.getEncoding()) {
    case PlanEncoding::Slots: {
      checkIds(b, parts[0], type.getExperts());
      // What stands in an empty slot is no weight.
      Value weights =
          b.map(b.sizes(parts[1]), type.getWeight(),
                {{parts[0], {0, 1}}, {parts[1], {0, 1}}}, [&](ValueRange in) {
                  Value used = b.compare(IntPredicate::sge, in[0], b.int32(0));
                  return b.select(used, in[1], b.real(type.getWeight(), 0.0));
                });
      return {parts[0], weights};
    }
    case PlanEncoding::Csr: {
      Value rows =
          arith::SubIOp::create(b, b.sizeValue(parts[0], 0), b.index(1));
      return forEachSegment(
          b, parts[0], b.sizeValue(parts[1], 0), noEntries(b, type, rows),
          [&](Value unit, Value rank, Value entry, ValueRange state) {
            Value id = b.extract(parts[1], entry);
            b.check(isExpert(id), notAnExpert);
            return place(b, state, unit, rank, id, b.extract(parts[2], entry));
          });
    }
    case PlanEncoding::Grouped:
      return forEachSegment(
          b, parts[0], b.sizeValue(parts[1], 0), noEntries(b, type, units),
          [&](Value expert, Value, Value entry, ValueRange state) {
            return place(b, state, index(parts[1], entry),
                         index(parts[2], entry), b.toInt32(expert),
                         b.extract(parts[3], entry));
          });
    case PlanEncoding::Buckets:
      return b.loop(
          b.index(0), b.index(type.getExperts()), noEntries(b, type, units),
          [&](Value expert, ValueRange carried) {
            Value count = index(parts[3], expert);
            b.check(
                b.compare(IntPredicate::ule, count, b.sizeValue(parts[0], 1)),
                "an expert has more entries than its bucket holds");
            return b.loop(
                b.index(0), count, carried, [&](Value at, ValueRange state) {
                  return place(b, state, index(parts[0], {expert, at}),
                               index(parts[1], {expert, at}), b.toInt32(expert),
                               b.extract(parts[2], {expert, at}));
                });
          });
    case PlanEncoding::Dense: {
      Value ids = b.map(b.sizes(parts[1]), b.getI32Type(),
                        Indexed{parts[1], {0, 1}}, [&](ValueRange in) {
                          return b.select(in[0], b.toInt32(b.loopIndex(1)),
                                          b.int32(-1));
                        });
      Value weights =
          b.map(b.sizes(parts[0]), type.getWeight(),
                {{parts[0], {0, 1}}, {parts[1], {0, 1}}}, [&](ValueRange in) {
                  return b.select(in[1], in[0], b.real(type.getWeight(), 0.0));
                });
      return {ids, weights};
    }
    case PlanEncoding::Soft:
      break;
    }
    llvm_unreachable("a soft plan has no entries");
  }

  LogicalResult
  matchAndRewrite(PackPlanOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    PlanType type = op.getPlan().getType();
    SmallVector<Value> parts;
    for (ValueRange part : adaptor.getParts())
      parts.push_back(part.front());
    if (isSoft(type)) {
      // Units of a plan that is made of tensors are of one part.
      SmallVector<Type> types = getPlanTypes(type);
      SoftParts soft;
      soft.dispatch = b.castTo(parts[0], types[0]);
      soft.combine = b.castTo(parts[1], types[1]);
      soft.offsets = buildSoftOffsets(b, type, b.index(1));
      soft.partOf =
          b.castTo(b.filled({b.size(parts[0], 0)}, b.index(0)), types[3]);
      rewriter.replaceOpWithMultiple(
          op, SmallVector<SmallVector<Value>>{soft.values()});
      return success();
    }
    Value units = op.getUnits() ? adaptor.getUnits().front() : Value();
    SmallVector<Value> packed = pack(b, type, parts, units);
    checkDistinct(b, packed[0]);
    PlanParts plan = buildPlan(
        b, type,
        {packed[0], packed[1], {}, type.getCarry() ? parts.back() : Value()});
    rewriter.replaceOpWithMultiple(
        op, SmallVector<SmallVector<Value>>{plan.values()});
    return success();
  }
};

struct ConvertRemap : OpConversionPattern<RemapOp> {
  using OpConversionPattern::OpConversionPattern;

  /// The carried weights and those of the ids in `carry`, in the weight's type.
  static Value buildCarry(TensorBuilder &b, RemapOp op,
                          const Assignment &entries) {
    FloatType type = op.getType().getWeight(), real = computeType(type);
    OpFoldResult units = b.size(entries.ids, 0);
    Value start =
        entries.carry
            ? b.map({units}, real, Indexed{entries.carry, {0}},
                    [&](ValueRange in) { return b.convert(in[0], real); })
            : b.filled({units}, b.real(real, 0.0));
    Value sums = b.reduce(
        2, {{entries.ids, {0, 1}}, {entries.weights, {0, 1}}}, {start, {0}},
        [&](ValueRange in) {
          Value sum = in[2];
          for (int64_t id : op.getCarry()) {
            Value carries = b.compare(IntPredicate::eq, in[0], b.int32(id));
            sum = b.select(carries, b.add(in[2], b.convert(in[1], real)), sum);
          }
          return sum;
        });
    return b.map({units}, type, Indexed{sums, {0}},
                 [&](ValueRange in) { return b.convert(in[0], type); });
  }

  /// Entries of a unit that have come to one expert become one.
  static void mergeEntries(TensorBuilder &b, RemapOp op, Assignment &entries) {
    FloatType type = op.getType().getWeight(), real = computeType(type);
    Sizes sizes = b.sizes(entries.ids);
    Indexed ids = {entries.ids, {0, 1}}, others = {entries.ids, {0, 2}};
    // Slot of the first entry of the same expert.
    Value firsts = b.reduce(
        3, {ids, others},
        {b.filled(sizes, b.sizeValue(entries.ids, 1)), {0, 1}},
        [&](ValueRange in) {
          Value same = b.compare(IntPredicate::eq, in[0], in[1]);
          Value earlier = b.compare(IntPredicate::ult, b.loopIndex(2), in[2]);
          return b.select(b.both(same, earlier), b.loopIndex(2), in[2]);
        });
    if (op.getManyToOne() != ManyToOne::First)
      entries.weights = b.map(
          sizes, type,
          {Indexed{
              b.reduce(
                  3, {ids, others, {entries.weights, {0, 2}}},
                  {b.filled(
                       sizes,
                       b.real(real,
                              op.getManyToOne() == ManyToOne::Max
                                  ? -std::numeric_limits<double>::infinity()
                                  : 0.0)),
                   {0, 1}},
                  [&](ValueRange in) {
                    Value same = b.compare(IntPredicate::eq, in[0], in[1]);
                    Value weight = b.convert(in[2], real);
                    Value merged = op.getManyToOne() == ManyToOne::Max
                                       ? b.max(weight, in[3])
                                       : b.add(in[3], weight);
                    return b.select(same, merged, in[3]);
                  }),
              {0, 1}}},
          [&](ValueRange in) { return b.convert(in[0], type); });
    Value used = b.map(
        sizes, b.getI32Type(), {ids, {firsts, {0, 1}}}, [&](ValueRange in) {
          Value first = b.compare(IntPredicate::eq, in[1], b.loopIndex(1));
          return b.select(first, in[0], b.int32(-1));
        });
    entries.weights =
        b.map(sizes, type, {{used, {0, 1}}, {entries.weights, {0, 1}}},
              [&](ValueRange in) {
                Value there = b.compare(IntPredicate::sge, in[0], b.int32(0));
                return b.select(there, in[1], b.real(type, 0.0));
              });
    entries.ids = used;
  }

  LogicalResult
  matchAndRewrite(RemapOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    PlanType from = op.getPlan().getType(), to = op.getType();
    Assignment entries = getAssignment(b, from, PlanParts(adaptor.getPlan()));
    if (to.getCarry())
      entries.carry = buildCarry(b, op, entries);
    Value map, replicas, choice;
    if (op.getMap()) {
      SmallVector<int32_t> ids(op.getMap()->begin(), op.getMap()->end());
      map = arith::ConstantOp::create(b, b.getI32TensorAttr(ids));
    } else {
      replicas = adaptor.getReplicas().front();
      choice = adaptor.getChoice().front();
    }
    if (DenseI64ArrayAttr mask = op.getSlotMaskAttr()) {
      auto keep = [&](Value values) {
        Value kept;
        for (int64_t slot : mask.asArrayRef())
          kept = b.concatColumns(kept, b.columns(values, b.getIndexAttr(slot),
                                                 b.getIndexAttr(1), 1));
        return kept;
      };
      entries.ids = keep(entries.ids);
      entries.weights = keep(entries.weights);
      choice = choice ? keep(choice) : choice;
    }
    auto target = [&](Value unit, Value slot, Value old) -> Value {
      Value safe = b.toIndex(arith::MaxSIOp::create(b, old, b.int32(0)));
      Value id;
      if (map) {
        id = b.extract(map, safe);
      } else {
        Value picked = b.toIndex(b.extract(choice, {unit, slot}));
        Value empty = b.compare(IntPredicate::slt, old, b.int32(0));
        picked = b.select(empty, b.index(0), picked);
        b.check(b.compare(IntPredicate::ult, picked, b.sizeValue(replicas, 1)),
                "a choice is none of the replicas");
        id = b.extract(replicas, {safe, picked});
        b.check(
            b.both(b.compare(IntPredicate::sge, id, b.int32(-1)),
                   b.compare(IntPredicate::slt, id, b.int32(to.getExperts()))),
            "a replica is no expert");
      }
      Value empty = b.compare(IntPredicate::slt, old, b.int32(0));
      return b.select(empty, b.int32(-1), id);
    };
    int64_t slots =
        op.getSlotMask() ? op.getSlotMask()->size() : from.getSlots();
    rearrange(b, entries, slots, Arrangement::Stay, target);
    mergeEntries(b, op, entries);
    if (to.getSlots() < slots)
      rearrange(b, entries, to.getSlots(), Arrangement::Front);
    rewriter.replaceOpWithMultiple(op, SmallVector<SmallVector<Value>>{
                                           buildPlan(b, to, entries).values()});
    return success();
  }
};

} // namespace

void moe::detail::checkIds(TensorBuilder &b, Value ids, int64_t experts) {
  Value zero = b.index(0);
  b.loop(zero, b.sizeValue(ids, 0), {},
         [&](Value unit, ValueRange) -> SmallVector<Value> {
           b.loop(
               zero, b.sizeValue(ids, 1), {},
               [&](Value slot, ValueRange) -> SmallVector<Value> {
                 Value id = b.extract(ids, {unit, slot});
                 b.check(
                     b.both(b.compare(IntPredicate::sge, id, b.int32(-1)),
                            b.compare(IntPredicate::slt, id, b.int32(experts))),
                     notAnExpert);
                 return {};
               });
           return {};
         });
}

void moe::detail::checkDistinct(TensorBuilder &b, Value ids) {
  Value slots = b.sizeValue(ids, 1), zero = b.index(0);
  b.loop(
      zero, b.sizeValue(ids, 0), {},
      [&](Value unit, ValueRange) -> SmallVector<Value> {
        b.loop(
            zero, slots, {}, [&](Value slot, ValueRange) -> SmallVector<Value> {
              Value id = b.extract(ids, {unit, slot});
              b.loop(
                  zero, slot, {},
                  [&](Value earlier, ValueRange) -> SmallVector<Value> {
                    Value other = b.extract(ids, {unit, earlier});
                    Value same = b.compare(IntPredicate::eq, id, other);
                    Value used = b.compare(IntPredicate::sge, id, b.int32(0));
                    Value no = b.boolean(false);
                    b.check(b.compare(IntPredicate::eq, b.both(same, used), no),
                            "a unit lists an expert twice");
                    return {};
                  });
              return {};
            });
        return {};
      });
}

void moe::detail::populatePlansToLinalg(const TypeConverter &converter,
                                        RewritePatternSet &patterns) {
  patterns.add<ConvertConvertPlan, ConvertExpandPlan, ConvertPackPlan,
               ConvertRemap, ConvertUnpackPlan>(converter,
                                                patterns.getContext());
}
