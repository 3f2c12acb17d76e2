// com.microsoft.MoE, straight to the moe dialect.
//
// ONNX Runtime gives equal probabilities to the expert with the higher id,
// the moe dialect to the lower one. Reversing the order of the experts, in the
// logits and in every stack of weights, makes the two the same.
#include "NodeContext.h"

#include "moe/Dialect/MoE/MoE.h"
#include "llvm/ADT/STLExtras.h"
#include <string>

using namespace mlir;
using namespace moe::importer;

namespace {

/// Translates one node; its steps share the sizes of the layer.
class MoETranslation {
public:
  explicit MoETranslation(NodeContext &node) : node(node), g(node.graph) {}
  void run();

private:
  bool readAttributes();
  bool readSizes();
  Val stack(unsigned index, ArrayRef<int64_t> shape);
  moe::BodyAttr body();
  FloatAttr real(float value) {
    return FloatAttr::get(Float64Type::get(g.builder.getContext()), value);
  }

  NodeContext &node;
  GraphBuilder &g;
  Val input = nullptr, logits = nullptr;
  int64_t k = 1, fusion = 0;
  int64_t experts = 0, hidden = 0, inner = 0;
  bool normalize = false, swiglu = false, gated = false, fused = false;
  moe::Activation activation = moe::Activation::Relu;
  float alpha = 1, beta = 0;
  std::optional<float> limit;
};

enum Input { X, Logits, Fc1, Bias1, Fc2, Bias2, Fc3, Bias3 };

} // namespace

bool MoETranslation::readAttributes() {
  std::string name = node.stringAttr("activation_type", "relu");
  k = node.intAttr("k", 1);
  normalize = node.intAttr("normalize_routing_weights", 0) != 0;
  fusion = node.intAttr("swiglu_fusion", 0);
  alpha = node.floatAttr("activation_alpha", 1);
  beta = node.floatAttr("activation_beta", 0);
  if (node.hasAttr("swiglu_limit"))
    limit = node.floatAttr("swiglu_limit", 0);
  if (limit && !(*limit >= 0)) {
    node.fail("expects a 'swiglu_limit' that is not negative, but got " +
              llvm::Twine(std::to_string(*limit)));
    return false;
  }
  // Kernels disagree on what it computes: that of ONNX Runtime 1.31 for CPUs
  // demands k = 2 and then gives the very numbers that it gives without.
  if (node.intAttr("use_sparse_mixer", 0) != 0) {
    node.fail("expects 'use_sparse_mixer' to be 0: ONNX Runtime's kernel for "
              "CPUs ignores it, so that what is meant is not defined");
    return false;
  }
  swiglu = name == "swiglu";
  if (name == "relu") {
    activation = moe::Activation::Relu;
  } else if (name == "gelu") {
    activation = moe::Activation::GeluTanh;
  } else if (name == "silu" || swiglu) {
    activation = moe::Activation::Silu;
  } else if (name == "identity") {
    activation = moe::Activation::Identity;
  } else {
    node.fail("expects 'activation_type' to be relu, gelu, silu, swiglu or "
              "identity, but got '" +
              name + "'");
    return false;
  }
  if (fusion < 0 || fusion > 2) {
    node.fail("expects 'swiglu_fusion' to be 0, 1 or 2, but got " +
              llvm::Twine(fusion));
    return false;
  }
  fused = swiglu && fusion != 0;
  if (fused && node.has(Fc3)) {
    node.fail("expects no input #6 (fc3) where 'swiglu_fusion' is " +
              llvm::Twine(fusion));
    return false;
  }
  if (swiglu && !fused && !node.has(Fc3)) {
    node.fail("expects an input #6 (fc3) where 'swiglu_fusion' is 0, but got "
              "none");
    return false;
  }
  gated = fused || node.has(Fc3);
  return !g.failed();
}

bool MoETranslation::readSizes() {
  input = node.input(X, 2, 3);
  logits = node.input(Logits, 2, 3);
  Val fc1 = node.input(Fc1, 3, 3), fc2 = node.input(Fc2, 3, 3);
  if (g.failed())
    return false;
  auto size = [&](Val value, int64_t dim) {
    return value->shape[dim].constant();
  };
  auto e = size(fc1, 0), h = size(input, input->rank() - 1), a = size(fc2, 1),
       b = size(fc2, 2), rows = size(fc1, 1);
  if (!e || !h || !a || !b || !rows || *e == 0 || *h == 0 || *a == 0 ||
      *b == 0) {
    node.fail(
        "expects sizes of the experts that are known when compiling and not 0");
    return false;
  }
  experts = *e;
  hidden = *h;
  // Weights come as [E, out, in]. Older files declare [E, in, out], but what
  // they hold is the same bytes, so that only the shape is to be corrected.
  if (*a == hidden && (*a != *b || !fused || *rows == 2 * *b)) {
    inner = *b;
  } else if (*b == hidden) {
    inner = *a;
  } else {
    node.fail("requires a dimension of input #4 (fc2), " + llvm::Twine(*a) +
              " or " + llvm::Twine(*b) + ", to equal the hidden size (" +
              llvm::Twine(hidden) + ")");
    return false;
  }
  if (size(logits, logits->rank() - 1) != experts) {
    node.fail("requires the columns of input #1 (router_probs) to be as many "
              "as the experts (" +
              llvm::Twine(experts) + ")");
    return false;
  }
  if (k < 1 || k > experts) {
    node.fail("requires 'k' (" + llvm::Twine(k) +
              ") to be between 1 and the number of experts (" +
              llvm::Twine(experts) + ")");
    return false;
  }
  return true;
}

Val MoETranslation::stack(unsigned index, ArrayRef<int64_t> shape) {
  Val value = node.input(index);
  SymbolicShape wanted;
  DimExpr elements(1), got(1);
  for (int64_t size : shape) {
    wanted.push_back(DimExpr(size));
    elements = elements * DimExpr(size);
  }
  for (const DimExpr &size : value->shape)
    got = got * size;
  if (value->rank() != static_cast<int64_t>(shape.size()) ||
      !(got == elements) || !value->shape[0].is(experts))
    node.fail("requires the shape of input #" + llvm::Twine(index) +
              " to fit the experts (" + llvm::Twine(experts) +
              "), the hidden size (" + llvm::Twine(hidden) +
              ") and the inner size (" + llvm::Twine(inner) + ")");
  if (value->elementType != input->elementType)
    node.fail("expects inputs of one element type");
  return g.reverse(g.reshape(value, wanted), 0);
}

moe::BodyAttr MoETranslation::body() {
  FloatAttr none;
  bool first = node.has(Bias1), third = fused ? first : node.has(Bias3);
  auto storage =
      fusion == 1 ? moe::Storage::Interleaved : moe::Storage::ConcatGateUp;
  bool clamp = swiglu && limit;
  return moe::BodyAttr::get(
      g.builder.getContext(), gated, activation,
      swiglu && alpha != 1.0f ? real(alpha) : none, none,
      clamp ? real(*limit) : none, moe::ClampAt::Pre,
      clamp ? real(-*limit) : none, clamp ? real(*limit) : none,
      swiglu && beta != 0.0f ? real(beta) : none, gated && first,
      gated ? third : first, node.has(Bias2),
      fused ? storage : moe::Storage::Split);
}

void MoETranslation::run() {
  if (!readAttributes() || !readSizes())
    return;
  auto real = dyn_cast<FloatType>(input->elementType);
  if (!real || logits->elementType != real)
    return node.fail("expects inputs of one float element type");
  MLIRContext *context = g.builder.getContext();

  int64_t first = fused ? 2 * inner : inner;
  SmallVector<Val> parameters{stack(Fc1, {experts, first, hidden})};
  if (node.has(Bias1))
    parameters.push_back(stack(Bias1, {experts, first}));
  if (gated && !fused) {
    parameters.push_back(stack(Fc3, {experts, inner, hidden}));
    if (node.has(Bias3))
      parameters.push_back(stack(Bias3, {experts, inner}));
  }
  parameters.push_back(stack(Fc2, {experts, hidden, inner}));
  if (node.has(Bias2))
    parameters.push_back(stack(Bias2, {experts, hidden}));

  auto flatten = [&](Val value, int64_t width) {
    DimExpr rows(1);
    for (const DimExpr &size : ArrayRef(value->shape).drop_back())
      rows = rows * size;
    return g.reshape(value, {rows, DimExpr(width)});
  };
  Val x = flatten(input, hidden);
  Val scores = flatten(logits, experts);
  g.requireSize(x->shape[0], "the number of rows of input #0 (input)",
                moe::stablehlo::ComparisonDirection::EQ, scores->shape[0],
                "that of input #1 (router_probs)");
  if (g.failed())
    return;
  scores = g.reverse(scores, 1);

  OpBuilder &b = g.builder;
  auto plan = moe::PlanType::get(context, experts, k);
  auto norm = normalize ? moe::WeightNorm::Sum : moe::WeightNorm::None;
  Value route =
      moe::RouteOp::create(
          b, g.loc, plan, g.get(scores), Value(), Value(), Value(), Value(),
          Value(), Value(), moe::ScoreAttr::get(context, moe::ScoreFn::Softmax),
          moe::GroupFilterAttr(),
          moe::SelectAttr::get(context, moe::Policy::TopK, k, 1,
                               moe::Key::Scores),
          moe::WeightAttr::get(context, moe::WeightSource::Scores, norm))
          .getPlan();
  auto rows =
      moe::RowsType::get(context, real, hidden, moe::RowLayout::Grouped);
  auto apply = moe::ApplyAttr::get(context, moe::Apply::Output);
  Value dispatched = moe::DispatchOp::create(b, g.loc, rows, g.get(x), route,
                                             apply, this->real(1));
  SmallVector<Value> tensors;
  for (Val parameter : parameters)
    tensors.push_back(g.get(parameter));
  auto table = moe::TableAttr::get(
      context, {moe::ClassAttr::get(context, experts, inner, body())});
  Value computed = moe::ExpertsOp::create(b, g.loc, rows, dispatched, route,
                                          tensors, table, apply);
  Value combined = moe::CombineOp::create(
      b, g.loc, g.typeOf(x), computed, route, g.get(x), Value(), apply,
      moe::ResidualAttr::get(context, moe::Residual::None),
      moe::SumOrderAttr::get(context, moe::SumOrder::ExpertAsc), TypeAttr());
  node.output(0, g.reshape(g.value(combined, x->shape), input->shape));
}

static void translateMoE(NodeContext &node) { MoETranslation(node).run(); }

ArrayRef<OpEntry> moe::importer::moeOps() {
  static const OpEntry table[] = {
      {"com.microsoft", "MoE", 1, translateMoE},
  };
  return table;
}
