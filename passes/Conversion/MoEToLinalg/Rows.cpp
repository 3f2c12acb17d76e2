// The reference lowering of the order of rows, moe.dispatch and moe.combine.
#include "MoEToLinalg.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

using IntPredicate = arith::CmpIPredicate;

/// A stable counting sort by expert id. Empty slots go to a bucket of their own
/// behind all experts.
void moe::detail::orderEntries(TensorBuilder &b, PlanType type,
                               PlanParts &plan) {
  int64_t buckets = type.getExperts() + type.getAlways() + 1;
  int64_t slots = type.getSlots() + type.getAlways();
  Value ids = b.flatten(plan.ids);
  OpFoldResult total = b.size(ids, 0);
  Value zero = b.index(0), one = b.index(1), count = b.toValue(total);
  auto bucketOf = [&](Value entry) -> std::pair<Value, Value> {
    Value id = b.extract(ids, entry);
    Value used = b.compare(IntPredicate::sge, id, b.int32(0));
    return {b.select(used, b.toIndex(id), b.index(buckets - 1)), used};
  };

  Value counts =
      b.loop(zero, count, b.filled({b.getIndexAttr(buckets)}, zero),
             [&](Value entry, ValueRange carried) -> SmallVector<Value> {
               Value bucket = bucketOf(entry).first;
               Value more = b.add(b.extract(carried[0], bucket), one);
               return {b.insert(more, carried[0], bucket)};
             })
          .front();
  // The counts become the next free row of each bucket.
  Value offsets = b.empty({b.getIndexAttr(buckets)}, b.getIndexType());
  SmallVector<Value> starts =
      b.loop(zero, b.index(buckets), {counts, offsets, zero},
             [&](Value bucket, ValueRange carried) -> SmallVector<Value> {
               Value end = b.add(carried[2], b.extract(carried[0], bucket));
               return {b.insert(carried[2], carried[0], bucket),
                       b.insert(carried[2], carried[1], bucket), end};
             });
  Value entries = b.empty({total}, b.getIndexType());
  Value positions = b.empty({total}, b.getIndexType());
  SmallVector<Value> order =
      b.loop(zero, count, {starts[0], entries, positions},
             [&](Value entry, ValueRange carried) -> SmallVector<Value> {
               auto [bucket, used] = bucketOf(entry);
               Value row = b.extract(carried[0], bucket);
               Value position = b.select(used, row, b.index(-1));
               return {b.insert(b.add(row, one), carried[0], bucket),
                       b.insert(entry, carried[1], row),
                       b.insert(position, carried[2], entry)};
             });

  SmallVector<Type> types = getPlanTypes(type);
  plan.offsets = starts[1];
  plan.entries = b.castTo(order[1], types[3]);
  plan.positions =
      b.castTo(b.unflatten(order[2], b.size(plan.ids, 0), slots), types[4]);
}

Value moe::detail::buildRanks(TensorBuilder &b, Value values) {
  // How many elements of the row come before an element.
  return b.reduce(
      3, {{values, {0, 1}}, {values, {0, 2}}},
      {b.filled(b.sizes(values), b.index(0)), {0, 1}}, [&](ValueRange in) {
        Value tied = b.compare(IntPredicate::eq, in[1], in[0]);
        Value earlier =
            b.compare(IntPredicate::ult, b.loopIndex(2), b.loopIndex(1));
        Value before = b.either(b.compare(IntPredicate::slt, in[1], in[0]),
                                b.both(tied, earlier));
        return b.add(in[2], b.select(before, b.index(1), b.index(0)));
      });
}

SmallVector<Value> moe::detail::sortRows(TensorBuilder &b, Value ranks,
                                         ValueRange matrices) {
  // Every column gets the one element of its rank; what it starts from does not
  // show.
  SmallVector<Indexed> inputs = {{ranks, {0, 2}}}, outputs;
  for (Value matrix : matrices) {
    Type element = cast<ShapedType>(matrix.getType()).getElementType();
    Value none = arith::ConstantOp::create(b, b.getZeroAttr(element));
    inputs.push_back({matrix, {0, 2}});
    outputs.push_back({b.filled(b.sizes(matrix), none), {0, 1}});
  }
  return b.structured(
      3, inputs, outputs, [&](ValueRange in) -> SmallVector<Value> {
        Value here = b.compare(IntPredicate::eq, in[0], b.loopIndex(1));
        ValueRange values = in.drop_front().take_front(matrices.size());
        SmallVector<Value> sorted;
        for (auto [value, old] :
             llvm::zip_equal(values, in.take_back(matrices.size())))
          sorted.push_back(b.select(here, value, old));
        return sorted;
      });
}

Value moe::detail::buildRowWeights(TensorBuilder &b, PlanType type,
                                   const PlanParts &plan) {
  return b.map(b.sizes(plan.entries), type.getWeight(),
               Indexed{plan.entries, {0}}, [&](ValueRange in) {
                 Value slots = b.index(type.getSlots() + type.getAlways());
                 Value unit = arith::DivUIOp::create(b, in[0], slots);
                 Value slot = arith::RemUIOp::create(b, in[0], slots);
                 return b.extract(plan.weights, {unit, slot});
               });
}

Value moe::detail::buildRowCount(TensorBuilder &b, const PlanParts &plan) {
  Value last =
      b.index(cast<ShapedType>(plan.offsets.getType()).getDimSize(0) - 1);
  Value used = b.extract(plan.offsets, last);
  Value entries = b.sizeValue(plan.entries, 0), one = b.index(1);
  Value least = arith::MinUIOp::create(b, entries, one);
  return arith::MaxUIOp::create(b, used, least);
}

Value moe::detail::gatherUnits(TensorBuilder &b, PlanType type, Value x,
                               Value entries) {
  return b.map({b.size(entries, 0), b.size(x, 1)}, floatElement(x),
               Indexed{entries, {0}}, [&](ValueRange in) {
                 Value slots = b.index(type.getSlots() + type.getAlways());
                 Value unit = arith::DivUIOp::create(b, in[0], slots);
                 return b.extract(x, {unit, b.loopIndex(1)});
               });
}

namespace {

struct ConvertDispatch : OpConversionPattern<DispatchOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(DispatchOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    PlanType type = op.getPlan().getType();
    Value x = adaptor.getInput().front();
    RankedTensorType rowsType = getRowsType(op.getRows().getType());
    if (isSoft(type)) {
      Value rows = buildSoftRows(b, type, SoftParts(adaptor.getPlan()), x,
                                 op.getInputScale().convertToDouble(),
                                 op.getRows().getType().getElementType());
      rewriter.replaceOp(op, b.castTo(rows, rowsType));
      return success();
    }
    if (op.getRows().getType().getLayout() == RowLayout::Indexed) {
      rewriter.replaceOp(op, b.castTo(x, rowsType));
      return success();
    }
    PlanParts plan(adaptor.getPlan());
    FloatType real = computeType(x.getType());

    // What stands behind the last row is no entry.
    OpFoldResult count = buildRowCount(b, plan);
    auto used = [&](Value perEntry) {
      return b.slice(perEntry, SizesRef{b.getIndexAttr(0)}, count);
    };
    Value entries = used(plan.entries);
    if (op.givesUnitsAsTheyAre()) {
      rewriter.replaceOp(op,
                         b.castTo(gatherUnits(b, type, x, entries), rowsType));
      return success();
    }
    SmallVector<Indexed> inputs = {{entries, {0}}};
    if (op.getApply() == Apply::Input)
      inputs.push_back({used(buildRowWeights(b, type, plan)), {0}});
    double scale = op.getInputScale().convertToDouble();
    Sizes sizes = {count, b.getIndexAttr(rowsType.getDimSize(1))};
    Value rows =
        b.map(sizes, rowsType.getElementType(), inputs, [&](ValueRange in) {
          Value slots = b.index(type.getSlots() + type.getAlways());
          Value unit = arith::DivUIOp::create(b, in[0], slots);
          Value value = b.convert(b.extract(x, {unit, b.loopIndex(1)}), real);
          if (scale != 1.0)
            value = b.mul(value, b.real(real, scale));
          if (in.size() == 2)
            value = b.mul(value, b.convert(in[1], real));
          return b.convert(value, rowsType.getElementType());
        });
    rewriter.replaceOp(op, b.castTo(rows, rowsType));
    return success();
  }
};

/// Sums the rows of each unit. Since rows are ordered by expert, the entries of
/// a unit in the order of their positions are its entries in ascending order of
/// experts.
struct ConvertCombine : OpConversionPattern<CombineOp> {
  using OpConversionPattern::OpConversionPattern;

  /// res_u, in `acc`.
  static Value buildResidual(TensorBuilder &b, CombineOp op, PlanType type,
                             const PlanParts &plan, Value x, Sizes sizes,
                             FloatType acc) {
    if (op.getResidual() == Residual::None)
      return b.filled(sizes, b.real(acc, 0.0));
    if (op.getResidual() == Residual::AddX)
      return b.map(sizes, acc, Indexed{x, {0, 1}},
                   [&](ValueRange in) { return b.convert(in[0], acc); });
    // Always-on entries are no part of the sum of weights: they are to a layer
    // what an added moe.ffn is.
    Sizes routed = {sizes[0], b.getIndexAttr(type.getSlots())};
    Value weights =
        b.slice(plan.weights, {b.getIndexAttr(0), b.getIndexAttr(0)}, routed);
    Value rest = b.reduce(
        2, Indexed{weights, {0, 1}},
        {b.filled({sizes[0]}, b.real(acc, 1.0)), {0}},
        [&](ValueRange in) { return b.sub(in[1], b.convert(in[0], acc)); });
    return b.map(sizes, acc, {{x, {0, 1}}, {rest, {0}}}, [&](ValueRange in) {
      return b.mul(b.convert(in[0], acc), in[1]);
    });
  }

  /// `init` (U x d) plus the rows of the entries of each unit.
  static Value buildEntrySum(TensorBuilder &b, CombineOp op, PlanType type,
                             const PlanParts &plan, Value rows, Value init) {
    FloatType acc = floatElement(init);
    Value positions = plan.positions, weights = plan.weights;
    if (op.getOrder() != SumOrder::Slot &&
        type.getSlots() + type.getAlways() > 1) {
      SmallVector<Value> sorted =
          sortRows(b, buildRanks(b, positions), {positions, weights});
      positions = sorted[0];
      weights = sorted[1];
    }
    bool weighted = op.getApply() == Apply::Output;
    return b.reduce(
        3, {{positions, {0, 1}}, {weights, {0, 1}}}, {init, {0, 2}},
        [&](ValueRange in) {
          // There is a row 0 wherever there is a unit.
          Value row = arith::MaxSIOp::create(b, in[0], b.index(0));
          Value value = b.convert(b.extract(rows, {row, b.loopIndex(2)}), acc);
          if (weighted)
            value = b.mul(value, b.convert(in[1], acc));
          Value used = b.compare(IntPredicate::sge, in[0], b.index(0));
          return b.select(used, b.add(in[2], value), in[2]);
        });
  }

  LogicalResult
  matchAndRewrite(CombineOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    PlanType type = op.getPlan().getType();
    Value rows = adaptor.getRows().front(), x = adaptor.getX().front();
    auto resultType = cast<RankedTensorType>(op.getType());
    auto acc = cast<FloatType>(op.getAcc().value_or(b.getF32Type()));
    Sizes sizes = {b.size(x, 0),
                   b.getIndexAttr(op.getRows().getType().getWidth())};

    PlanParts plan;
    if (!isSoft(type))
      plan = PlanParts(adaptor.getPlan());
    Value residual = buildResidual(b, op, type, plan, x, sizes, acc);
    Value sum = isSoft(type)
                    ? buildSoftSum(b, type, SoftParts(adaptor.getPlan()), rows,
                                   residual)
                    : buildEntrySum(b, op, type, plan, rows, residual);
    if (plan.carry)
      sum = b.map(sizes, acc, {{sum, {0, 1}}, {plan.carry, {0}}, {x, {0, 1}}},
                  [&](ValueRange in) {
                    return b.add(in[0], b.mul(b.convert(in[1], acc),
                                              b.convert(in[2], acc)));
                  });
    FloatType element = floatElement(op.getResult());
    if (op.getOutBias() || element != acc) {
      SmallVector<Indexed> inputs = {{sum, {0, 1}}};
      if (op.getOutBias())
        inputs.push_back({adaptor.getOutBias().front(), {1}});
      sum = b.map(sizes, element, inputs, [&](ValueRange in) {
        Value value = in[0];
        if (in.size() == 2)
          value = b.add(value, b.convert(in[1], acc));
        return b.convert(value, element);
      });
    }
    rewriter.replaceOp(op, b.castTo(sum, resultType));
    return success();
  }
};

} // namespace

void moe::detail::populateRowsToLinalg(const TypeConverter &converter,
                                       RewritePatternSet &patterns) {
  patterns.add<ConvertDispatch, ConvertCombine>(converter,
                                                patterns.getContext());
}
