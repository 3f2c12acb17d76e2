// The reference lowering of matrix products and bodies: moe.logits, moe.ffn and
// moe.experts.
#include "MoEToLinalg.h"

#include "moe/Dialect/MoE/Parameters.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include <numbers>

using namespace mlir;
using namespace moe;
using namespace moe::detail;

using FloatPredicate = arith::CmpFPredicate;
using IntPredicate = arith::CmpIPredicate;

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

Value moe::detail::buildLinear(TensorBuilder &b, Value rows, Value matrix,
                               Value bias, FloatType acc) {
  if (!acc)
    acc = computeType({rows.getType(), matrix.getType()});
  Sizes sizes = {b.size(rows, 0), b.size(matrix, 0)};
  Value init = bias
                   ? b.map(sizes, acc, Indexed{bias, {1}},
                           [&](ValueRange in) { return b.convert(in[0], acc); })
                   : b.filled(sizes, b.real(acc, 0.0));
  return b.matmulTransposed(rows, matrix, init);
}

static Value buildActivation(TensorBuilder &b, BodyAttr body, Value t) {
  Type type = t.getType();
  auto real = [&](double value) { return b.real(type, value); };
  auto gelu = [&](Value distribution) {
    return b.mul(b.mul(t, real(0.5)), b.add(distribution, real(1.0)));
  };
  switch (body.getAct()) {
  case Activation::Silu: {
    Value scaled = t;
    if (body.getAlpha())
      scaled = b.mul(t, real(body.getAlpha().getValueAsDouble()));
    return b.div(t, b.add(real(1.0), b.exp(b.neg(scaled))));
  }
  case Activation::GeluErf: {
    Value scaled = b.mul(t, real(1.0 / std::numbers::sqrt2));
    return gelu(math::ErfOp::create(b, scaled));
  }
  case Activation::GeluTanh: {
    Value cube = b.mul(b.mul(b.mul(t, t), t), real(0.044715));
    Value scaled = b.mul(b.add(t, cube),
                         real(std::numbers::sqrt2 * std::numbers::inv_sqrtpi));
    return gelu(math::TanhOp::create(b, scaled));
  }
  case Activation::Relu:
    return b.max(t, real(0.0));
  case Activation::Relu2: {
    Value positive = b.max(t, real(0.0));
    return b.mul(positive, positive);
  }
  case Activation::Sigmoid:
    return b.sigmoid(t);
  case Activation::Tanh:
    return math::TanhOp::create(b, t);
  case Activation::Identity:
    return t;
  }
  llvm_unreachable("every activation has a formula");
}

static Value buildClamp(TensorBuilder &b, Value value, FloatAttr lo,
                        FloatAttr hi) {
  if (lo)
    value = b.max(value, b.real(value.getType(), lo.getValueAsDouble()));
  if (hi)
    value = b.min(value, b.real(value.getType(), hi.getValueAsDouble()));
  return value;
}

Value moe::detail::buildHidden(TensorBuilder &b, BodyAttr body, Value gate,
                               Value up) {
  up = buildClamp(b, up, body.getUpLo(), body.getUpHi());
  if (!gate)
    return buildActivation(b, body, up);
  bool clampsFirst = body.getClampAt() == ClampAt::Pre;
  auto clampGate = [&](Value value) {
    return buildClamp(b, value, body.getGateLo(), body.getGateHi());
  };
  Value active = clampsFirst ? buildActivation(b, body, clampGate(gate))
                             : clampGate(buildActivation(b, body, gate));
  if (body.getUpOffset())
    up = b.add(up, b.real(up.getType(), body.getUpOffset().getValueAsDouble()));
  return b.mul(active, up);
}

Value moe::detail::buildBody(TensorBuilder &b, BodyAttr body,
                             ValueRange parameters, Value rows,
                             Value rowWeights, Value out) {
  SmallVector<Parameter> roles = getParameters(body, 1, 1, 1);
  auto find = [&](ParameterRole role) -> Value {
    for (auto [parameter, value] : llvm::zip_equal(roles, parameters))
      if (parameter.role == role)
        return value;
    return {};
  };
  Value down = find(ParameterRole::Down);
  Value downBias = find(ParameterRole::DownBias);
  Value gate, up;
  if (body.hasJointStorage()) {
    Value both = buildLinear(b, rows, find(ParameterRole::First),
                             find(ParameterRole::FirstBias));
    OpFoldResult width = b.size(down, 1), none = b.getIndexAttr(0);
    bool interleaved = body.getStorage() == Storage::Interleaved;
    bool upFirst = body.getStorage() == Storage::ConcatUpGate;
    OpFoldResult second = interleaved ? b.getIndexAttr(1) : width;
    gate = b.columns(both, upFirst ? second : none, width, interleaved ? 2 : 1);
    up = b.columns(both, upFirst ? none : second, width, interleaved ? 2 : 1);
  } else {
    if (body.getGated())
      gate = buildLinear(b, rows, find(ParameterRole::Gate),
                         find(ParameterRole::GateBias));
    up = buildLinear(b, rows, find(ParameterRole::Up),
                     find(ParameterRole::UpBias));
  }

  SmallVector<Indexed> inputs = {{up, {0, 1}}};
  if (gate)
    inputs.push_back({gate, {0, 1}});
  if (rowWeights)
    inputs.push_back({rowWeights, {0}});
  Value hidden =
      b.map(b.sizes(up), floatElement(rows), inputs, [&](ValueRange in) {
        Value h = buildHidden(b, body, gate ? in[1] : Value(), in[0]);
        if (rowWeights)
          h = b.mul(h, b.convert(in.back(), h.getType()));
        return b.convert(h, floatElement(rows));
      });

  // The products accumulate in place where the result has room for them.
  FloatType acc = computeType({hidden.getType(), down.getType()});
  FloatType element = floatElement(out);
  Value init = element == acc ? out : b.empty(b.sizes(out), acc);
  SmallVector<Indexed> biases;
  if (downBias)
    biases.push_back({downBias, {1}});
  if (downBias && rowWeights)
    biases.push_back({rowWeights, {0}});
  init = b.mapInto(init, biases, [&](ValueRange in) {
    if (in.empty())
      return b.real(acc, 0.0);
    Value bias = b.convert(in[0], acc);
    return in.size() == 1 ? bias : b.mul(bias, b.convert(in[1], acc));
  });
  Value result = b.matmulTransposed(hidden, down, init);
  if (element == acc)
    return result;
  return b.mapInto(out, Indexed{result, {0, 1}},
                   [&](ValueRange in) { return b.convert(in[0], element); });
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

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
    double temperature = op.getTemperature().convertToDouble();
    if (op.getSoftcap() || offset || temperature != 1.0 || element != acc) {
      SmallVector<Indexed> inputs = {{logits, {0, 1}}};
      if (offset && cast<ShapedType>(offset.getType()).getRank() == 1)
        inputs.push_back({offset, {1}});
      else if (offset)
        inputs.push_back({offset, {0, 1}});
      logits = b.map(b.sizes(logits), element, inputs, [&](ValueRange in) {
        Value z = in[0];
        if (op.getSoftcap()) {
          Value cap = b.real(acc, op.getSoftcap()->convertToDouble());
          Value tanh = math::TanhOp::create(b, b.div(z, cap));
          z = b.mul(cap, tanh);
        }
        if (offset)
          z = b.add(z, b.convert(in[1], acc));
        if (temperature != 1.0)
          z = b.div(z, b.real(acc, temperature));
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
    Value result = buildBody(b, op.getBody(), adaptor.getParameters(), input,
                             /*rowWeights=*/{}, out);
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
    Value out = b.empty({b.size(rows, 0), b.getIndexAttr(outWidth)}, element);
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
  /// The ids [lower, upper) at a time: `build` makes rows [begin, begin + size)
  /// of the result. Nothing is done for experts without rows.
  Value
  buildBlock(Value lower, Value upper, Value out,
             function_ref<Value(Value in, Value begin, Value out)> build) {
    Value begin = b.extract(plan.offsets, lower);
    Value end = b.extract(plan.offsets, upper);
    Value size = arith::SubIOp::create(b, end, begin);
    Value some = b.compare(IntPredicate::sgt, size, b.index(0));
    auto conditional = scf::IfOp::create(
        b, some,
        [&](OpBuilder &, Location) {
          Sizes offsets = {begin, b.getIndexAttr(0)};
          Value in = b.slice(rows, offsets, {size, b.getIndexAttr(inWidth)});
          Value block = b.slice(out, offsets, {size, b.getIndexAttr(outWidth)});
          block = build(in, begin, block);
          scf::YieldOp::create(b, b.insertSlice(block, out, offsets));
        },
        [&](OpBuilder &, Location) { scf::YieldOp::create(b, out); });
    return conditional.getResult(0);
  }

  Value buildClass(ClassAttr entry, int64_t first, ValueRange parameters,
                   Value out) {
    if (entry.getKind() == ClassKind::Zero ||
        entry.getKind() == ClassKind::Copy)
      return buildBlock(b.index(first), b.index(first + entry.getCount()), out,
                        [&](Value in, Value, Value block) {
                          if (entry.getKind() == ClassKind::Zero)
                            return b.mapInto(block, {}, [&](ValueRange) {
                              return b.real(element, 0.0);
                            });
                          return b.mapInto(block, Indexed{in, {0, 1}},
                                           [&](ValueRange in) {
                                             return b.convert(in[0], element);
                                           });
                        });
    return b
        .loop(b.index(0), b.index(entry.getCount()), out,
              [&](Value expert, ValueRange carried) -> SmallVector<Value> {
                Value id = b.add(expert, b.index(first));
                Value next = b.add(id, b.index(1));
                return {buildBlock(id, next, carried[0],
                                   [&](Value in, Value begin, Value block) {
                                     return buildExpert(entry, expert,
                                                        parameters, in, begin,
                                                        block);
                                   })};
              })
        .front();
  }

  Value buildExpert(ClassAttr entry, Value expert, ValueRange parameters,
                    Value in, Value begin, Value block) {
    SmallVector<Value> own;
    for (Value stack : parameters) {
      Sizes offsets(cast<ShapedType>(stack.getType()).getRank(),
                    b.getIndexAttr(0));
      Sizes sizes = b.sizes(stack);
      offsets[0] = expert;
      sizes[0] = b.getIndexAttr(1);
      own.push_back(b.slice(stack, offsets, sizes, /*dropped=*/1));
    }
    if (entry.getKind() == ClassKind::Constant)
      return buildConstant(entry, own, in, block);
    Value weights;
    if (rowWeights)
      weights = b.slice(rowWeights, SizesRef{begin}, b.size(in, 0));
    return buildBody(b, entry.getBody(), own, in, weights, block);
  }

  /// v, or α₀ x + α₁ v with α = softmax(W x).
  Value buildConstant(ClassAttr entry, ValueRange parameters, Value in,
                      Value block) {
    Value vector = parameters[0];
    if (entry.getMix() == ConstantMix::None)
      return b.mapInto(block, Indexed{vector, {1}}, [&](ValueRange in) {
        return b.convert(in[0], element);
      });
    Value mix = buildLinear(b, in, parameters[1], {});
    FloatType acc = floatElement(mix);
    // The softmax of two logits is a sigmoid of their difference.
    return b.mapInto(block, {{in, {0, 1}}, {vector, {1}}}, [&](ValueRange in) {
      Value x = b.convert(in[0], acc);
      Value v = b.convert(in[1], acc);
      Value row = b.loopIndex(0);
      Value z0 = b.extract(mix, {row, b.index(0)});
      Value z1 = b.extract(mix, {row, b.index(1)});
      Value mixed = b.add(b.mul(b.sigmoid(b.sub(z0, z1)), x),
                          b.mul(b.sigmoid(b.sub(z1, z0)), v));
      return b.convert(mixed, element);
    });
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
                       .build(parameters);
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
