// The reference lowering of moe.logits, moe.ffn and moe.experts.
#include "Bodies.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

using FloatPredicate = arith::CmpFPredicate;
using IntPredicate = arith::CmpIPredicate;

bool moe::detail::changesSums(LogitsOp op) {
  return op.getSoftcap() || op.getOffset() ||
         op.getTemperature().convertToDouble() != 1.0;
}

Value moe::detail::buildLogit(TensorBuilder &b, LogitsOp op, Value sum,
                              Value offset) {
  Type acc = sum.getType();
  if (op.getSoftcap()) {
    Value cap = b.real(acc, op.getSoftcap()->convertToDouble());
    Value tanh = math::TanhOp::create(b, b.div(sum, cap));
    sum = b.mul(cap, tanh);
  }
  if (offset)
    sum = b.add(sum, b.convert(offset, acc));
  double temperature = op.getTemperature().convertToDouble();
  return temperature == 1.0 ? sum : b.div(sum, b.real(acc, temperature));
}

namespace {

struct ConvertLogits : OpConversionPattern<LogitsOp> {
  using OpConversionPattern::OpConversionPattern;

  /// 1 / ||row|| of each row, 0 of a row of zeros.
  static Value buildInverseNorms(TensorBuilder &b, Value rows, FloatType acc) {
    Sizes sizes = {b.size(rows, 0)};
    Value squares =
        b.reduce(2, Indexed{rows, {0, 1}},
                 {b.filled(sizes, b.real(acc, 0.0)), {0}}, [&](ValueRange in) {
                   Value value = b.convert(in[0], acc);
                   return b.add(in[1], b.mul(value, value));
                 });
    return b.map(sizes, acc, Indexed{squares, {0}}, [&](ValueRange in) {
      Value zero = b.real(acc, 0.0);
      Value none = b.compare(FloatPredicate::OEQ, in[0], zero);
      return b.select(none, zero, b.div(b.real(acc, 1.0), b.sqrt(in[0])));
    });
  }

  /// Cosines of the (projected) input and the rows of the matrix, scaled.
  static Value buildCosine(TensorBuilder &b, OpAdaptor op, FloatType acc) {
    Value rows = op.getInput(), matrix = op.getMatrix();
    if (op.getProjection())
      rows =
          buildLinear(b, rows, op.getProjection(), op.getProjectionBias(), acc);
    if (!acc)
      acc = computeType({rows.getType(), matrix.getType()});
    Value scale;
    if (op.getLogScale()) {
      scale = b.convert(b.extract(op.getLogScale(), {}), acc);
      if (FloatAttr limit = op.getMaxLogScaleAttr())
        scale = b.min(scale, b.real(acc, limit.getValueAsDouble()));
      scale = b.exp(scale);
    }
    Value products = buildLinear(b, rows, matrix, {}, acc);
    return b.map(b.sizes(products), acc,
                 {{products, {0, 1}},
                  {buildInverseNorms(b, rows, acc), {0}},
                  {buildInverseNorms(b, matrix, acc), {1}}},
                 [&](ValueRange in) {
                   Value cosine = b.mul(b.mul(in[0], in[1]), in[2]);
                   return scale ? b.mul(cosine, scale) : cosine;
                 });
  }

  LogicalResult
  matchAndRewrite(LogitsOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    FloatType acc = op.getAcc() ? cast<FloatType>(*op.getAcc()) : FloatType();
    Value logits = op.getForm() == LogitsForm::Cosine
                       ? buildCosine(b, adaptor, acc)
                       : buildLinear(b, adaptor.getInput(), adaptor.getMatrix(),
                                     adaptor.getBias(), acc);
    acc = floatElement(logits);
    FloatType element = floatElement(op.getResult());
    Value offset = adaptor.getOffset();
    if (changesSums(op) || element != acc) {
      SmallVector<Indexed> inputs = {{logits, {0, 1}}};
      if (offset && cast<ShapedType>(offset.getType()).getRank() == 1)
        inputs.push_back({offset, {1}});
      else if (offset)
        inputs.push_back({offset, {0, 1}});
      logits = b.map(b.sizes(logits), element, inputs, [&](ValueRange in) {
        Value z = buildLogit(b, op, in[0], offset ? in[1] : Value());
        return b.convert(z, element);
      });
    }
    rewriter.replaceOp(op, b.castTo(logits, op.getType()));
    return success();
  }
};

struct ConvertFfn : OpConversionPattern<FfnOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(FfnOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    Value input = adaptor.getInput();
    Value down =
        adaptor.getParameters().drop_back(op.getBody().getDownBias()).back();
    Value out = b.empty({b.size(input, 0), b.size(down, 0)},
                        floatElement(op.getResult()));
    ExpertBody body(b, op.getBody(), getParameters(op.getBody(), 1, 1, 1),
                    adaptor.getParameters());
    Value result = body.build(input, /*rowWeights=*/{}, out);
    rewriter.replaceOp(op, b.castTo(result, op.getType()));
    return success();
  }
};

/// Walks the experts; the rows of one are a block of the matrix of rows, and
/// what the expert makes of them is written into the same block of the result.
class ExpertsLowering {
public:
  ExpertsLowering(TensorBuilder &b, ExpertsOp op, Value rows,
                  const PlanParts &plan)
      : b(b), op(op), rows(rows), plan(plan),
        inWidth(op.getInput().getType().getWidth()),
        outWidth(op.getRows().getType().getWidth()),
        element(op.getRows().getType().getElementType()) {
    if (op.getApply() == Apply::Hidden)
      rowWeights = buildRowWeights(b, op.getPlan().getType(), plan);
  }

  Value build(ValueRange parameters) {
    OpFoldResult count =
        plan.entries ? OpFoldResult(buildRowCount(b, plan)) : b.size(rows, 0);
    Value out = b.empty({count, b.getIndexAttr(outWidth)}, element);
    int64_t first = 0;
    for (ClassAttr entry : op.getTable().getClasses()) {
      unsigned count = entry.getNumParameters();
      out = buildClass(entry, first, parameters.take_front(count), out);
      parameters = parameters.drop_front(count);
      first += entry.getCount();
    }
    return out;
  }

private:
  /// Rows [begin, begin + size) of the input.
  Value takeRows(Value begin, Value size) {
    if (op.getInput().getType().getLayout() == RowLayout::Grouped)
      return b.slice(rows, {begin, b.getIndexAttr(0)},
                     {size, b.getIndexAttr(inWidth)});
    Value entries = b.slice(plan.entries, SizesRef{begin}, OpFoldResult(size));
    return gatherUnits(b, op.getPlan().getType(), rows, entries);
  }

  /// The ids [lower, upper) of `entry` at a time: `build` makes rows [begin,
  /// begin + size) of the result. Nothing is done for experts without rows.
  Value
  buildBlock(ClassAttr entry, Value lower, Value upper, Value out,
             function_ref<Value(Value in, Value begin, Value out)> build) {
    Value begin = b.extract(plan.offsets, lower);
    Value end = b.extract(plan.offsets, upper);
    Value size = arith::SubIOp::create(b, end, begin);
    Value some = b.compare(IntPredicate::sgt, size, b.index(0));
    auto conditional = scf::IfOp::create(
        b, some,
        [&](OpBuilder &, Location) {
          Sizes offsets = {begin, b.getIndexAttr(0)};
          Value in = scaleInput(b, entry, takeRows(begin, size));
          Value block = b.slice(out, offsets, {size, b.getIndexAttr(outWidth)});
          block = build(in, begin, block);
          scf::YieldOp::create(b, b.insertSlice(block, out, offsets));
        },
        [&](OpBuilder &, Location) { scf::YieldOp::create(b, out); });
    return conditional.getResult(0);
  }

  Value buildClass(ClassAttr entry, int64_t first, ValueRange parameters,
                   Value out) {
    Value lower = b.index(first), upper = b.index(first + entry.getCount());
    switch (entry.getKind()) {
    case ClassKind::Zero:
      return buildBlock(
          entry, lower, upper, out, [&](Value, Value, Value block) {
            return b.mapInto(block, {},
                             [&](ValueRange) { return b.real(element, 0.0); });
          });
    case ClassKind::Copy:
      return buildBlock(
          entry, lower, upper, out, [&](Value in, Value, Value block) {
            return b.mapInto(block, Indexed{in, {0, 1}}, [&](ValueRange in) {
              return b.convert(in[0], element);
            });
          });
    case ClassKind::Neuron:
      return buildBlock(
          entry, lower, upper, out, [&](Value in, Value begin, Value block) {
            return buildNeurons(b, entry.getBody(),
                                buildExpertOfRow(in, begin, first), parameters,
                                in, block);
          });
    case ClassKind::Value:
      return buildBlock(
          entry, lower, upper, out, [&](Value in, Value begin, Value block) {
            return buildValues(b, buildExpertOfRow(in, begin, first),
                               parameters, block);
          });
    case ClassKind::External:
      return buildBlock(entry, lower, upper, out,
                        [&](Value in, Value, Value block) {
                          return buildCall(entry, in, block);
                        });
    case ClassKind::Nested:
      for (int64_t index = 0; index < entry.getCount(); ++index)
        out = buildBlock(
            entry, b.index(first + index), b.index(first + index + 1), out,
            [&](Value in, Value begin, Value block) {
              return buildNested(entry, index, parameters, in, begin, block);
            });
      return out;
    default:
      break;
    }
    return b
        .loop(b.index(0), b.index(entry.getCount()), out,
              [&](Value expert, ValueRange carried) -> SmallVector<Value> {
                Value id = b.add(expert, b.index(first));
                Value next = b.add(id, b.index(1));
                return {buildBlock(entry, id, next, carried[0],
                                   [&](Value in, Value begin, Value block) {
                                     return buildExpert(entry, expert,
                                                        parameters, in, begin,
                                                        block);
                                   })};
              })
        .front();
  }

  /// The weights of the rows of a block where they multiply hidden vectors.
  Value buildBlockWeights(Value in, Value begin) {
    if (!rowWeights)
      return {};
    return b.slice(rowWeights, SizesRef{begin}, b.size(in, 0));
  }

  Value buildExpert(ClassAttr entry, Value expert, ValueRange parameters,
                    Value in, Value begin, Value block) {
    SmallVector<Value> own = takeExpert(
        b, getParameters(entry, inWidth, outWidth), parameters, expert);
    if (entry.getKind() == ClassKind::Constant)
      return buildConstant(b, entry, own, in, block);
    return ExpertBody(b, entry, inWidth, outWidth, own)
        .build(in, buildBlockWeights(in, begin), block);
  }

  /// An expert of the leading `widths[index]` of the inner width, or without a
  /// body of the input.
  Value buildNested(ClassAttr entry, int64_t index, ValueRange parameters,
                    Value in, Value begin, Value block) {
    OpFoldResult none = b.getIndexAttr(0);
    OpFoldResult width = b.getIndexAttr(entry.getWidths()[index]);
    SmallVector<Value> own;
    for (auto [parameter, whole] :
         llvm::zip_equal(getParameters(entry, inWidth, outWidth), parameters)) {
      Sizes sizes = b.sizes(whole);
      switch (parameter.role) {
      case ParameterRole::Down:
      case ParameterRole::Matrix:
        sizes[1] = width;
        break;
      case ParameterRole::DownBias:
      case ParameterRole::MatrixBias:
        break;
      default:
        sizes[0] = width;
      }
      own.push_back(b.slice(whole, Sizes(sizes.size(), none), sizes));
    }
    if (!entry.getBody())
      in = b.columns(in, none, width, 1);
    return ExpertBody(b, entry, inWidth, outWidth, own)
        .build(in, buildBlockWeights(in, begin), block);
  }

  /// The number in its class of the expert of each row of a block; `first` is
  /// the class's first id.
  Value buildExpertOfRow(Value in, Value begin, int64_t first) {
    int64_t slots =
        op.getPlan().getType().getSlots() + op.getPlan().getType().getAlways();
    return b.map(b.size(in, 0), b.getIndexType(), {}, [&](ValueRange) {
      Value row = b.add(begin, b.loopIndex(0));
      Value entry = b.extract(plan.entries, row);
      Value unit = arith::DivUIOp::create(b, entry, b.index(slots));
      Value slot = arith::RemUIOp::create(b, entry, b.index(slots));
      Value id = b.toIndex(b.extract(plan.ids, {unit, slot}));
      return b.sub(id, b.index(first));
    });
  }

  /// What the function makes of all rows at once.
  Value buildCall(ClassAttr entry, Value in, Value block) {
    auto typeOf = [&](int64_t width, FloatType type) {
      return RankedTensorType::get({ShapedType::kDynamic, width}, type);
    };
    Value argument = b.castTo(in, typeOf(inWidth, floatElement(in)));
    Value result =
        func::CallOp::create(b, entry.getCallee(),
                             TypeRange{typeOf(outWidth, element)}, argument)
            .getResult(0);
    b.check(
        b.compare(IntPredicate::eq, b.sizeValue(result, 0), b.sizeValue(in, 0)),
        "an external expert gives one row per row");
    return b.mapInto(block, Indexed{result, {0, 1}},
                     [&](ValueRange in) { return in[0]; });
  }

  TensorBuilder &b;
  ExpertsOp op;
  Value rows;
  const PlanParts &plan;
  int64_t inWidth, outWidth;
  FloatType element;
  /// Weight of each row where `apply` = hidden; null otherwise.
  Value rowWeights;
};

struct ConvertExperts : OpConversionPattern<ExpertsOp> {
  using OpConversionPattern::OpConversionPattern;

  /// The parameters of the table.
  static SmallVector<Value> getParameters(TensorBuilder &b, ExpertsOp op,
                                          ValueRange operands) {
    SmallVector<Value> result;
    for (ClassAttr entry : op.getTable().getClasses()) {
      unsigned count = entry.getNumOperands();
      llvm::append_range(
          result, buildParameters(b, entry, op.getInput().getType().getWidth(),
                                  op.getRows().getType().getWidth(),
                                  operands.take_front(count)));
      operands = operands.drop_front(count);
    }
    return result;
  }

  LogicalResult
  matchAndRewrite(ExpertsOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    PlanParts plan;
    if (isSoft(op.getPlan().getType()))
      plan.offsets = SoftParts(adaptor.getPlan()).offsets;
    else
      plan = PlanParts(adaptor.getPlan());
    SmallVector<Value> parameters;
    for (ValueRange parameter : adaptor.getParameters())
      parameters.push_back(parameter.front());
    Value result = ExpertsLowering(b, op, adaptor.getInput().front(), plan)
                       .build(getParameters(b, op, parameters));
    rewriter.replaceOp(op,
                       b.castTo(result, getRowsType(op.getRows().getType())));
    return success();
  }
};

} // namespace

void moe::detail::populateExpertsToLinalg(const TypeConverter &converter,
                                          RewritePatternSet &patterns) {
  patterns.add<ConvertLogits, ConvertFfn, ConvertExperts>(
      converter, patterns.getContext());
}
