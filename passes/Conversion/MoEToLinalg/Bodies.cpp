// The reference lowering of what one expert computes: products with whole or
// factored matrices, activations, and the vectors that scale and shift them.
#include "Bodies.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <numbers>

using namespace mlir;
using namespace moe;
using namespace moe::detail;

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
  case Activation::External:
    return func::CallOp::create(b, body.getCallee(), TypeRange{type}, t)
        .getResult(0);
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

Value moe::detail::scaleInput(TensorBuilder &b, ClassAttr entry, Value rows) {
  if (!entry.scalesInput())
    return rows;
  FloatType element = floatElement(rows), real = computeType(rows.getType());
  return b.map(
      b.sizes(rows), element, Indexed{rows, {0, 1}}, [&](ValueRange in) {
        Value scale = b.real(real, entry.getInputScale().getValueAsDouble());
        return b.convert(b.mul(b.convert(in[0], real), scale), element);
      });
}

SmallVector<Value> moe::detail::takeExpert(TensorBuilder &b,
                                           ArrayRef<Parameter> parameters,
                                           ValueRange values, Value expert) {
  SmallVector<Value> own;
  for (auto [parameter, value] : llvm::zip_equal(parameters, values)) {
    if (parameter.shared) {
      own.push_back(value);
      continue;
    }
    Sizes sizes = b.sizes(value);
    Sizes offsets(sizes.size(), b.getIndexAttr(0));
    offsets[0] = expert;
    sizes[0] = b.getIndexAttr(1);
    own.push_back(b.slice(value, offsets, sizes, /*dropped=*/1));
  }
  return own;
}

SmallVector<Value> moe::detail::buildParameters(TensorBuilder &b,
                                                ClassAttr entry, int64_t in,
                                                int64_t out,
                                                ValueRange operands) {
  SmallVector<Value> result;
  for (const ParameterOperands &own : groupOperands(entry, in, out, operands)) {
    if (!own.quant) {
      result.push_back(own.operands.front());
      continue;
    }
    SmallVector<int64_t> shape(ArrayRef<int64_t>(own.parameter.shape));
    if (!own.parameter.shared)
      shape.insert(shape.begin(), entry.getCount());
    auto type = RankedTensorType::get(shape, b.getF32Type());
    result.push_back(
        buildDequantised(b, own.quant, own.operands, /*widths=*/{}, type));
  }
  return result;
}

//===----------------------------------------------------------------------===//
// ExpertBody
//===----------------------------------------------------------------------===//

ExpertBody::ExpertBody(TensorBuilder &b, ClassAttr entry, int64_t in,
                       int64_t out, ValueRange values)
    : ExpertBody(b, entry.getBody(), getParameters(entry, in, out), values) {
  scale = entry.getFactorScale();
  materialises = entry.getEvaluation() == FactorEvaluation::Materialise;
  factors = entry.getFactors();
  areTensors = entry.hasTensorFactors();
  if (entry.getBase() == ClassBase::InRows)
    productsInRows = entry.getWidth();
}

Value ExpertBody::find(ParameterRole role, ParameterPart part) const {
  for (auto [parameter, value] : llvm::zip_equal(parameters, values))
    if (parameter.role == role && parameter.part == part)
      return value;
  return {};
}

SmallVector<Value> ExpertBody::findFactors(ParameterRole role) const {
  SmallVector<Value> factors;
  for (auto [parameter, value] : llvm::zip_equal(parameters, values))
    if (parameter.role == role)
      factors.push_back(value);
  return factors;
}

/// Σ of products of elements of `p` and `q` over the loops that do not index
/// `result`, of the given sizes.
static Value contract(TensorBuilder &b, unsigned loops, const Indexed &p,
                      const Indexed &q, ArrayRef<unsigned> result,
                      SizesRef sizes, FloatType acc) {
  Value zeros = b.filled(sizes, b.real(acc, 0.0));
  return b.reduce(loops, {p, q}, {zeros, SmallVector<unsigned, 3>(result)},
                  [&](ValueRange in) {
                    Value product =
                        b.mul(b.convert(in[0], acc), b.convert(in[1], acc));
                    return b.add(in.back(), product);
                  });
}

/// Σ_s A_s ⊗ S_s: O(rows * columns * rank).
static Value buildPhm(TensorBuilder &b, Value left, Value right,
                      FloatType acc) {
  Sizes sizes = {b.size(left, 1), b.size(right, 1), b.size(left, 2),
                 b.size(right, 2)};
  Value blocks = contract(b, 5, {left, {4, 0, 2}}, {right, {4, 1, 3}},
                          {0, 1, 2, 3}, sizes, acc);
  return tensor::CollapseShapeOp::create(
      b, blocks, ArrayRef<ReassociationIndices>{{0, 1}, {2, 3}});
}

/// The product of an mpo's tensors, from the left: what is joined so far has
/// the rows and columns of the matrix of the tensors that are in it, and one
/// bond to the next. O(rows * columns * rank²).
static Value buildMpo(TensorBuilder &b, ArrayRef<Value> tensors,
                      FloatType acc) {
  Value joined = tensors.front();
  for (Value next : tensors.drop_front().drop_back()) {
    // Loops O, o, I, i, q, p.
    joined = contract(b, 6, {joined, {0, 2, 5}}, {next, {5, 1, 3, 4}},
                      {0, 1, 2, 3, 4},
                      {b.size(joined, 0), b.size(next, 1), b.size(joined, 1),
                       b.size(next, 2), b.size(next, 3)},
                      acc);
    joined = tensor::CollapseShapeOp::create(
        b, joined, ArrayRef<ReassociationIndices>{{0, 1}, {2, 3}, {4}});
  }
  // Loops O, o, I, i, p.
  Value last = tensors.back();
  Value blocks = contract(
      b, 5, {joined, {0, 2, 4}}, {last, {4, 1, 3}}, {0, 1, 2, 3},
      {b.size(joined, 0), b.size(last, 1), b.size(joined, 1), b.size(last, 2)},
      acc);
  return tensor::CollapseShapeOp::create(
      b, blocks, ArrayRef<ReassociationIndices>{{0, 1}, {2, 3}});
}

/// Σ_pqs G[p,q] I[q,i,s] O[s,o,p]: O(rows * columns * rank²).
static Value buildRing(TensorBuilder &b, Value left, Value core, Value right,
                       FloatType acc) {
  // Loops p, i, s, q, then o, i, p, s.
  Value joined =
      contract(b, 4, {core, {0, 3}}, {right, {3, 1, 2}}, {0, 1, 2},
               {b.size(core, 0), b.size(right, 1), b.size(right, 2)}, acc);
  return contract(b, 4, {left, {3, 0, 2}}, {joined, {2, 1, 3}}, {0, 1},
                  {b.size(left, 1), b.size(right, 1)}, acc);
}

/// `rows` (m x i) as m x `sizes`, whose product is i.
static Value splitRows(TensorBuilder &b, Value rows, SizesRef sizes) {
  if (std::optional<SmallVector<int64_t>> all = getConstantIntValues(sizes))
    return b.splitColumns(rows, *all);
  // Canonicalisation (MLIR 22) crashes on an expand_shape of several sizes that
  // are dynamic.
  Sizes split = {b.size(rows, 0)};
  llvm::append_range(split, sizes);
  return b.map(split, floatElement(rows), {}, [&](ValueRange) {
    Value column = b.loopIndex(1);
    for (unsigned part = 1; part < sizes.size(); ++part)
      column =
          b.add(b.mul(column, b.toValue(sizes[part])), b.loopIndex(part + 1));
    return b.extract(rows, {b.loopIndex(0), column});
  });
}

/// The products of `rows` with Σ_s A_s ⊗ S_s: O(columns * rank + rows *
/// columns) each.
static Value applyPhm(TensorBuilder &b, Value left, Value right, Value rows,
                      FloatType acc) {
  OpFoldResult count = b.size(rows, 0), i1 = b.size(left, 2);
  OpFoldResult i2 = b.size(right, 2), o1 = b.size(left, 1);
  Value blocks = splitRows(b, rows, {i1, i2});
  // Loops row, s, o1, i2, i1, then row, o1, o2, s, i2.
  Value mixed = contract(b, 5, {blocks, {0, 4, 3}}, {left, {1, 2, 4}},
                         {0, 1, 2, 3}, {count, b.size(left, 0), o1, i2}, acc);
  return b.joinColumns(contract(b, 5, {mixed, {0, 3, 1, 4}}, {right, {3, 2, 4}},
                                {0, 1, 2}, {count, o1, b.size(right, 1)}, acc));
}

static OpFoldResult multiply(TensorBuilder &b, OpFoldResult p, OpFoldResult q) {
  std::optional<int64_t> left = getConstantIntValue(p);
  std::optional<int64_t> right = getConstantIntValue(q);
  if (left && right)
    return b.getIndexAttr(*left * *right);
  return b.mul(b.toValue(p), b.toValue(q));
}

/// The products of `rows` with an mpo: one tensor after the other, from the
/// right. A row is then (I, q, O): the inputs of the tensors that are left, the
/// bond to the last of them, and the outputs of the others.
static Value applyMpo(TensorBuilder &b, ArrayRef<Value> tensors, Value rows,
                      FloatType acc) {
  OpFoldResult one = b.getIndexAttr(1), count = b.size(rows, 0);
  auto inputs = [&](Value tensor) {
    return b.size(tensor, tensor == tensors.front() ? 1 : 2);
  };
  // Inputs of all tensors in front of each.
  SmallVector<OpFoldResult> before = {one};
  for (Value tensor : tensors.drop_back())
    before.push_back(multiply(b, before.back(), inputs(tensor)));

  Value last = tensors.back();
  Value blocks = splitRows(b, rows, {before.back(), inputs(last)});
  // Loops row, I, p, o, i.
  Value state =
      contract(b, 5, {blocks, {0, 1, 4}}, {last, {2, 3, 4}}, {0, 1, 2, 3},
               {count, before.back(), b.size(last, 0), b.size(last, 1)}, acc);
  OpFoldResult outputs = b.size(last, 1);
  for (size_t at = tensors.size() - 2; at != 0; --at) {
    Value next = tensors[at];
    OpFoldResult bond = b.size(next, 3), o = b.size(next, 1);
    blocks = splitRows(b, b.joinColumns(state),
                       {before[at], inputs(next), bond, outputs});
    // Loops row, I, p, o, O, i, q.
    state = contract(b, 7, {blocks, {0, 1, 5, 6, 4}}, {next, {2, 3, 5, 6}},
                     {0, 1, 2, 3, 4},
                     {count, before[at], b.size(next, 0), o, outputs}, acc);
    outputs = multiply(b, o, outputs);
  }
  Value first = tensors.front();
  blocks = splitRows(b, b.joinColumns(state),
                     {inputs(first), b.size(first, 2), outputs});
  // Loops row, o, O, i, q.
  return b.joinColumns(contract(b, 5, {blocks, {0, 3, 4, 2}},
                                {first, {1, 3, 4}}, {0, 1, 2},
                                {count, b.size(first, 0), outputs}, acc));
}

/// The products of `rows` with a tensor ring: O((rows + columns + rank) *
/// rank²) each.
static Value applyRing(TensorBuilder &b, Value left, Value core, Value right,
                       Value rows, FloatType acc) {
  OpFoldResult count = b.size(rows, 0), s = b.size(right, 2);
  // Loops row, q, s, i, then row, p, s, q, then row, o, s, p.
  Value columns = contract(b, 4, {rows, {0, 3}}, {right, {1, 3, 2}}, {0, 1, 2},
                           {count, b.size(right, 0), s}, acc);
  Value own = contract(b, 4, {columns, {0, 3, 2}}, {core, {1, 3}}, {0, 1, 2},
                       {count, b.size(core, 0), s}, acc);
  return contract(b, 4, {own, {0, 3, 2}}, {left, {2, 1, 3}}, {0, 1},
                  {count, b.size(left, 1)}, acc);
}

Value ExpertBody::applyTensors(ParameterRole role, Value rows,
                               FloatType acc) const {
  Value left = find(role, ParameterPart::Left);
  Value core = find(role, ParameterPart::Core);
  Value right = find(role, ParameterPart::Right);
  if (factors == Factorisation::Phm)
    return applyPhm(b, left, right, rows, acc);
  if (factors == Factorisation::Mpo)
    return applyMpo(b, findFactors(role), rows, acc);
  return applyRing(b, left, core, right, rows, acc);
}

Value ExpertBody::buildMatrix(ParameterRole role, FloatType acc) const {
  Value left = find(role, ParameterPart::Left);
  Value core = find(role, ParameterPart::Core);
  Value right = find(role, ParameterPart::Right);
  if (factors == Factorisation::Phm)
    return buildPhm(b, left, right, acc);
  if (factors == Factorisation::Mpo)
    return buildMpo(b, findFactors(role), acc);
  if (factors == Factorisation::TensorRing)
    return buildRing(b, left, core, right, acc);
  Value whole = find(role), residual = find(role, ParameterPart::Residual);
  auto multiply = [&](Value p, Value diagonal, Value q) {
    Value zeros = b.filled({b.size(p, 0), b.size(q, 1)}, b.real(acc, 0.0));
    SmallVector<Indexed> inputs = {{p, {0, 2}}, {q, {2, 1}}};
    if (diagonal)
      inputs.push_back({diagonal, {2}});
    return b.reduce(3, inputs, {zeros, {0, 1}}, [&](ValueRange in) {
      Value product = b.mul(b.convert(in[0], acc), b.convert(in[1], acc));
      if (diagonal)
        product = b.mul(product, b.convert(in[2], acc));
      return b.add(in.back(), product);
    });
  };
  auto addResidual = [&](Value matrix) {
    return b.map(b.sizes(matrix), acc, {{matrix, {0, 1}}, {residual, {0, 1}}},
                 [&](ValueRange in) {
                   return b.add(b.convert(in[0], acc), b.convert(in[1], acc));
                 });
  };
  if (residual)
    return addResidual(whole ? whole : multiply(left, {}, right));
  bool isDiagonal = core && cast<ShapedType>(core.getType()).getRank() == 1;
  if (core && !isDiagonal)
    return multiply(left, {}, multiply(core, {}, right));
  return multiply(left, core, right);
}

bool ExpertBody::isMadeOfFactors(ParameterRole role) const {
  return find(role, ParameterPart::Right) ||
         find(role, ParameterPart::Residual);
}

Value ExpertBody::findMatrix(ParameterRole role, FloatType acc) const {
  if (materialises && isMadeOfFactors(role))
    return buildMatrix(role, acc);
  return find(role);
}

Value ExpertBody::accumulate(ParameterRole role, Value whole, Value rows,
                             Value init) const {
  if (whole)
    init = b.matmulTransposed(rows, whole, init);
  if (materialises)
    return init;
  if (Value residual = find(role, ParameterPart::Residual))
    init = b.matmulTransposed(rows, residual, init);
  if (!find(role, ParameterPart::Right))
    return init;
  FloatType acc = floatElement(init);
  if (areTensors)
    return b.reduce(2, Indexed{applyTensors(role, rows, acc), {0, 1}},
                    {init, {0, 1}},
                    [&](ValueRange in) { return b.add(in[0], in[1]); });
  Value core = find(role, ParameterPart::Core);
  Value right = find(role, ParameterPart::Right);
  auto zeros = [&] {
    return b.filled({b.size(rows, 0), b.size(right, 0)}, b.real(acc, 0.0));
  };
  Value inner = b.matmulTransposed(rows, right, zeros());
  bool isDiagonal = core && cast<ShapedType>(core.getType()).getRank() == 1;
  if (core && !isDiagonal)
    inner = b.matmulTransposed(inner, core, zeros());
  if (isDiagonal || scale != 1.0) {
    SmallVector<Indexed> inputs = {{inner, {0, 1}}};
    if (isDiagonal)
      inputs.push_back({core, {1}});
    inner = b.map(b.sizes(inner), acc, inputs, [&](ValueRange in) {
      Value value = in[0];
      if (isDiagonal)
        value = b.mul(value, b.convert(in[1], acc));
      return scale == 1.0 ? value : b.mul(value, b.real(acc, scale));
    });
  }
  return b.matmulTransposed(inner, find(role, ParameterPart::Left), init);
}

Value ExpertBody::buildProduct(ParameterRole role, ParameterRole biasRole,
                               Value rows, FloatType acc) const {
  Value whole = findMatrix(role, acc);
  Value bias = find(biasRole);
  if (!whole && areTensors) {
    Value product = applyTensors(role, rows, acc);
    if (!bias)
      return product;
    return b.reduce(
        2, Indexed{bias, {1}}, {product, {0, 1}},
        [&](ValueRange in) { return b.add(b.convert(in[0], acc), in[1]); });
  }
  Value matrix = whole ? whole : find(role, ParameterPart::Left);
  Sizes sizes = {b.size(rows, 0), b.size(matrix, 0)};
  Value init = bias
                   ? b.map(sizes, acc, Indexed{bias, {1}},
                           [&](ValueRange in) { return b.convert(in[0], acc); })
                   : b.filled(sizes, b.real(acc, 0.0));
  return accumulate(role, whole, rows, init);
}

std::pair<Value, Value> ExpertBody::buildFirst(Value &rows,
                                               FloatType acc) const {
  Value gate, up;
  if (productsInRows != 0) {
    int64_t products = productsInRows * (body.getGated() ? 2 : 1);
    int64_t width = cast<ShapedType>(rows.getType()).getDimSize(1) - products;
    auto take = [&](int64_t first, int64_t count) {
      return b.columns(rows, b.getIndexAttr(first), b.getIndexAttr(count), 1);
    };
    auto product = [&](int64_t first) {
      Value part = take(first, productsInRows);
      return b.map(b.sizes(part), acc, Indexed{part, {0, 1}},
                   [&](ValueRange in) { return b.convert(in[0], acc); });
    };
    if (body.getGated())
      gate = product(width);
    up = product(width + products - productsInRows);
    rows = take(0, width);
  } else if (body.hasJointStorage()) {
    Value both =
        buildProduct(ParameterRole::First, ParameterRole::FirstBias, rows, acc);
    OpFoldResult width = b.size(find(ParameterRole::Down), 1);
    OpFoldResult none = b.getIndexAttr(0);
    bool interleaved = body.getStorage() == Storage::Interleaved;
    bool upFirst = body.getStorage() == Storage::ConcatUpGate;
    OpFoldResult second = interleaved ? b.getIndexAttr(1) : width;
    gate = b.columns(both, upFirst ? second : none, width, interleaved ? 2 : 1);
    up = b.columns(both, upFirst ? none : second, width, interleaved ? 2 : 1);
  } else {
    if (body.getGated())
      gate =
          buildProduct(ParameterRole::Gate, ParameterRole::GateBias, rows, acc);
    up = buildProduct(ParameterRole::Up, ParameterRole::UpBias, rows, acc);
    return {gate, up};
  }
  // The base is there; what an expert adds to it is not.
  if (gate)
    gate = accumulate(ParameterRole::Gate, {}, rows, gate);
  return {gate, accumulate(ParameterRole::Up, {}, rows, up)};
}

Value ExpertBody::adjust(ParameterRole role, Value element) const {
  auto own = [&](Value vector) {
    return b.convert(b.extract(vector, b.loopIndex(1)), element.getType());
  };
  if (Value vector = find(role, ParameterPart::Scale))
    element = b.mul(element, own(vector));
  if (Value vector = find(role, ParameterPart::Shift))
    element = b.add(element, own(vector));
  return element;
}

Value ExpertBody::buildHiddenRows(Value rows, Value rowWeights,
                                  FloatType acc) const {
  FloatType rounded = floatElement(rows);
  auto [gate, up] = buildFirst(rows, acc);
  SmallVector<Indexed> inputs = {{up, {0, 1}}};
  if (gate)
    inputs.push_back({gate, {0, 1}});
  if (rowWeights)
    inputs.push_back({rowWeights, {0}});
  bool isGated = static_cast<bool>(gate);
  return b.map(b.sizes(up), rounded, inputs, [&](ValueRange in) {
    Value g = isGated ? adjust(ParameterRole::Gate, in[1]) : Value();
    Value h = buildHidden(b, body, g, adjust(ParameterRole::Up, in[0]));
    h = adjust(ParameterRole::Hidden, h);
    if (rowWeights)
      h = b.mul(h, b.convert(in.back(), h.getType()));
    return b.convert(h, rounded);
  });
}

Value ExpertBody::build(Value rows, Value rowWeights, Value out) const {
  SmallVector<Type> types = {rows.getType()};
  llvm::append_range(types, ValueRange(values).getTypes());
  FloatType acc = computeType(types);
  auto last = body ? ParameterRole::Down : ParameterRole::Matrix;
  Value bias = find(body ? ParameterRole::DownBias : ParameterRole::MatrixBias);
  if (body)
    rows = buildHiddenRows(rows, rowWeights, acc);

  // The products accumulate in place where the result has room for them.
  FloatType element = floatElement(out);
  Value init = element == acc ? out : b.empty(b.sizes(out), acc);
  SmallVector<Indexed> biases;
  if (bias)
    biases.push_back({bias, {1}});
  if (bias && rowWeights)
    biases.push_back({rowWeights, {0}});
  init = b.mapInto(init, biases, [&](ValueRange in) {
    if (in.empty())
      return b.real(acc, 0.0);
    Value value = b.convert(in[0], acc);
    return in.size() == 1 ? value : b.mul(value, b.convert(in[1], acc));
  });
  Value result = accumulate(last, findMatrix(last, acc), rows, init);
  if (find(ParameterRole::Output, ParameterPart::Scale))
    result = b.reduce(2, {}, {result, {0, 1}}, [&](ValueRange in) {
      return adjust(ParameterRole::Output, in[0]);
    });
  if (element == acc)
    return result;
  return b.mapInto(out, Indexed{result, {0, 1}},
                   [&](ValueRange in) { return b.convert(in[0], element); });
}
