// com.microsoft.MoE and QMoE, straight to the moe dialect.
//
// ONNX Runtime gives equal probabilities to the expert with the higher id,
// the moe dialect to the lower one. Reversing the order of the experts, in the
// logits and in every stack of weights, makes the two the same.
#include "NodeContext.h"

#include "moe/Dialect/MoE/MoE.h"
#include "moe/Dialect/Support/MoESupport.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <string>

using namespace mlir;
using namespace moe::importer;
namespace support = moe::support;

namespace {

/// The inputs of one matrix per expert, and how QMoE stores it.
struct Projection {
  const char *name;
  unsigned matrix, bias;
  unsigned scales = 0, zeros = 0;
  int64_t bits = 0;
};

/// Translates one node; its steps share the sizes of the layer.
class MoETranslation {
public:
  MoETranslation(NodeContext &node, bool isQuantized)
      : node(node), g(node.graph), isQuantized(isQuantized) {
    if (isQuantized) {
      fc1 = {"fc1", 2, 4, 3, 11};
      fc2 = {"fc2", 5, 7, 6, 12};
      fc3 = {"fc3", 8, 10, 9, 13};
    }
  }
  void run();

private:
  bool readAttributes();
  bool readActivation();
  bool readStorage();
  bool readSizes();
  bool readInnerSize();
  void readParameters();
  void addMatrix(const Projection &projection, int64_t rows, int64_t columns);
  void addCodes(const Projection &projection, int64_t rows, int64_t columns);
  void addBias(const Projection &projection, int64_t rows);
  Val stack(unsigned index, ArrayRef<int64_t> shape);
  Val flatten(Val value, int64_t width);
  Val routing(unsigned index, StringRef name, Val x);
  moe::BodyAttr body();
  moe::WeightAttr weight();
  FloatAttr real(float value) {
    return FloatAttr::get(Float64Type::get(g.builder.getContext()), value);
  }

  NodeContext &node;
  GraphBuilder &g;
  bool isQuantized;
  Projection fc1 = {"fc1", 2, 3}, fc2 = {"fc2", 4, 5}, fc3 = {"fc3", 6, 7};
  Val input = nullptr;
  int64_t k = 1, fusion = 0;
  int64_t block = 0; ///< columns that share a scale; 0: all of a row
  int64_t experts = 0, hidden = 0, inner = 0;
  bool normalize = false, swiglu = false, gated = false, fused = false;
  moe::Activation activation = moe::Activation::Relu;
  float alpha = 1, beta = 0;
  std::optional<float> limit;
  SmallVector<Val> parameters;
  SmallVector<moe::QuantAttr> formats; ///< of each matrix, where quantised
};

enum Input { X, Logits, RouterWeights = 14 };

} // namespace

bool MoETranslation::readAttributes() {
  k = node.intAttr("k", 1);
  normalize = node.intAttr("normalize_routing_weights", 0) != 0;
  // Kernels disagree on what it computes: that of ONNX Runtime 1.31 for CPUs
  // demands k = 2 and then gives the very numbers that it gives without.
  if (node.intAttr("use_sparse_mixer", 0) != 0) {
    node.fail("expects 'use_sparse_mixer' to be 0: ONNX Runtime's kernel for "
              "CPUs ignores it, so that what is meant is not defined");
    return false;
  }
  return readActivation() && (!isQuantized || readStorage());
}

bool MoETranslation::readActivation() {
  std::string name = node.stringAttr("activation_type", "relu");
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
  bool hasFc3 = node.has(fc3.matrix);
  if (fused && hasFc3) {
    node.fail("expects no input #" + llvm::Twine(fc3.matrix) +
              " (fc3) where 'swiglu_fusion' is " + llvm::Twine(fusion));
    return false;
  }
  if (swiglu && !fused && !hasFc3) {
    node.fail("expects an input #" + llvm::Twine(fc3.matrix) +
              " (fc3) where 'swiglu_fusion' is 0, but got none");
    return false;
  }
  gated = fused || hasFc3;
  return !g.failed();
}

/// How QMoE stores its matrices.
bool MoETranslation::readStorage() {
  // A floor, which f32 is above.
  node.ignoreAttr("accuracy_level");
  std::string type = node.stringAttr("quant_type", "int");
  if (type != "int") {
    node.fail("expects 'quant_type' to be int, but got '" + type +
              "': ONNX Runtime's kernel for CPUs takes such weights for "
              "integers, so that what they mean here is not defined; quantise "
              "the experts to 4 or 8 bits");
    return false;
  }
  // -1, the default, means the layout of the kernel at hand: that for CPUs
  // takes weights as they are, as 0 has them.
  int64_t prepacked = node.intAttr("weights_prepacked", -1);
  if (prepacked != -1 && prepacked != 0) {
    node.fail("expects 'weights_prepacked' to be -1 or 0, but got " +
              llvm::Twine(prepacked) + ", a layout of one kind of GPU");
    return false;
  }
  if (node.hasAttr("block_size")) {
    block = node.intAttr("block_size", 0);
    if (block < 16 || block > (1 << 16) || !llvm::isPowerOf2_64(block)) {
      node.fail("expects 'block_size' to be a power of two from 16 to 65536, "
                "but got " +
                llvm::Twine(block));
      return false;
    }
  }
  int64_t bits = node.intAttr("expert_weight_bits", 4);
  for (Projection *projection : {&fc1, &fc2, &fc3}) {
    std::string name = std::string(projection->name) + "_expert_weight_bits";
    projection->bits = node.intAttr(name, bits);
    if (projection->bits != 2 && projection->bits != 4 &&
        projection->bits != 8) {
      node.fail("expects weights of 2, 4 or 8 bits, but got " +
                llvm::Twine(projection->bits) + " in " + projection->name);
      return false;
    }
  }
  if (fused && fc3.bits != fc1.bits)
    node.fail("requires the bits of fc3 (" + llvm::Twine(fc3.bits) +
              "), which is part of fc1, to equal those of fc1 (" +
              llvm::Twine(fc1.bits) + ")");
  return !g.failed();
}

bool MoETranslation::readSizes() {
  input = node.input(X, 2, 3);
  Val first = node.input(fc1.matrix, 3, 3);
  if (g.failed())
    return false;
  auto e = first->shape[0].constant(), h = input->shape.back().constant();
  if (!e || !h || *e == 0 || *h == 0) {
    node.fail(
        "expects sizes of the experts that are known when compiling and not 0");
    return false;
  }
  experts = *e;
  hidden = *h;
  if (!readInnerSize())
    return false;
  if (k < 1 || k > experts) {
    node.fail("requires 'k' (" + llvm::Twine(k) +
              ") to be between 1 and the number of experts (" +
              llvm::Twine(experts) + ")");
    return false;
  }
  return true;
}

/// Weights come as [E, out, in]. Older files of MoE declare [E, in, out], but
/// what they hold is the same bytes, so that only the shape is to be corrected.
bool MoETranslation::readInnerSize() {
  Val first = node.input(fc1.matrix, 3, 3);
  Val second = node.input(fc2.matrix, 3, 3);
  if (g.failed())
    return false;
  auto rows = first->shape[1].constant(), a = second->shape[1].constant(),
       b = second->shape[2].constant();
  if (!rows || !a || !b || *a == 0 || *b == 0) {
    node.fail(
        "expects sizes of the experts that are known when compiling and not 0");
    return false;
  }
  if (isQuantized) {
    inner = *b * 8 / fc2.bits;
    auto isWhole = [&](StringRef name, int64_t size) {
      if (block == 0 || size % block == 0)
        return true;
      node.fail("requires the " + name + " size (" + llvm::Twine(size) +
                ") to be a multiple of 'block_size' (" + llvm::Twine(block) +
                ")");
      return false;
    };
    return isWhole("hidden", hidden) && isWhole("inner", inner);
  }
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
  return true;
}

//===----------------------------------------------------------------------===//
// Experts
//===----------------------------------------------------------------------===//

/// A float input of one tensor per expert.
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
  if (value->rank() == 0 || !(got == elements) || !value->shape[0].is(experts))
    node.fail("requires the shape of input #" + llvm::Twine(index) +
              " to fit the experts (" + llvm::Twine(experts) +
              "), the hidden size (" + llvm::Twine(hidden) +
              ") and the inner size (" + llvm::Twine(inner) + ")");
  // Scales may be of another type than what they scale.
  if (isQuantized ? !value->isFloat()
                  : value->elementType != input->elementType)
    node.fail("expects inputs of one float element type");
  return g.reverse(g.reshape(value, wanted), 0);
}

void MoETranslation::addMatrix(const Projection &projection, int64_t rows,
                               int64_t columns) {
  if (isQuantized)
    addCodes(projection, rows, columns);
  else
    parameters.push_back(stack(projection.matrix, {experts, rows, columns}));
}

/// The tensors that store one matrix per expert by `#moe.quant`. They stay
/// references to bytes: unpacking and reversing are weight expressions.
void MoETranslation::addCodes(const Projection &projection, int64_t rows,
                              int64_t columns) {
  int64_t bits = projection.bits, group = block == 0 ? columns : block;
  int64_t groups = columns / group;
  auto bytes = [&](unsigned index, ArrayRef<int64_t> numbers) -> ElementsAttr {
    SmallVector<int64_t> shape(numbers);
    shape.back() = llvm::divideCeilSigned(shape.back() * bits, 8);
    return node.constantBytes(index, shape);
  };
  auto add = [&](ElementsAttr value) {
    if (value)
      parameters.push_back(g.constant(support::reverseWeight(value, 0)));
  };
  if (columns * bits % 8 != 0)
    return node.fail("requires rows of " + llvm::Twine(columns) +
                     " weights of " + llvm::Twine(bits) +
                     " bits to be whole bytes");
  add(bytes(projection.matrix, {experts, rows, columns}));
  parameters.push_back(stack(projection.scales, {experts, rows, groups}));
  bool hasZeros = node.has(projection.zeros);
  if (hasZeros && block != 0) {
    add(bytes(projection.zeros, {experts, rows, groups}));
  } else if (hasZeros) {
    // Zero points of several rows share a byte; #moe.quant has one for each.
    ElementsAttr zeros = bytes(projection.zeros, {experts, rows});
    if (zeros && bits != 8)
      zeros = support::sliceWeight(
          support::unpackBytes(zeros, bits, g.builder.getI8Type()), {0, 0},
          {experts, rows}, {1, 1});
    add(zeros ? support::reshapeWeight(zeros, {experts, rows, 1}) : zeros);
  }
  auto format = hasZeros ? moe::QuantFormat::UAffine : moe::QuantFormat::USym;
  formats.push_back(
      moe::QuantAttr::get(g.builder.getContext(), format, group, bits));
}

void MoETranslation::addBias(const Projection &projection, int64_t rows) {
  if (node.has(projection.bias))
    parameters.push_back(stack(projection.bias, {experts, rows}));
}

/// The parameters of a class, in the order of its body.
void MoETranslation::readParameters() {
  int64_t first = fused ? 2 * inner : inner;
  addMatrix(fc1, first, hidden);
  addBias(fc1, first);
  if (gated && !fused) {
    addMatrix(fc3, inner, hidden);
    addBias(fc3, inner);
  }
  addMatrix(fc2, hidden, inner);
  addBias(fc2, hidden);
}

moe::BodyAttr MoETranslation::body() {
  FloatAttr none;
  bool first = node.has(fc1.bias);
  bool third = fused ? first : node.has(fc3.bias);
  auto storage =
      fusion == 1 ? moe::Storage::Interleaved : moe::Storage::ConcatGateUp;
  bool clamp = swiglu && limit;
  return moe::BodyAttr::get(
      g.builder.getContext(), gated, activation,
      swiglu && alpha != 1.0f ? real(alpha) : none, none,
      clamp ? real(*limit) : none, moe::ClampAt::Pre,
      clamp ? real(-*limit) : none, clamp ? real(*limit) : none,
      swiglu && beta != 0.0f ? real(beta) : none, gated && first,
      gated ? third : first, node.has(fc2.bias),
      fused ? storage : moe::Storage::Split);
}

//===----------------------------------------------------------------------===//
// Routing
//===----------------------------------------------------------------------===//

/// `value` as a matrix.
Val MoETranslation::flatten(Val value, int64_t width) {
  DimExpr rows(1);
  for (const DimExpr &size : ArrayRef(value->shape).drop_back())
    rows = rows * size;
  return g.reshape(value, {rows, DimExpr(width)});
}

/// An input with a column per expert and a row per row of `x`.
Val MoETranslation::routing(unsigned index, StringRef name, Val x) {
  Val value = node.input(index, 2, 3);
  std::string label = ("#" + llvm::Twine(index) + " (" + name + ")").str();
  if (!value->shape.back().is(experts))
    node.fail("requires the columns of input " + label +
              " to be as many as the experts (" + llvm::Twine(experts) + ")");
  if (value->elementType != input->elementType)
    node.fail("expects inputs of one float element type");
  value = flatten(value, experts);
  g.requireSize(x->shape[0], "the number of rows of input #0 (input)",
                moe::stablehlo::ComparisonDirection::EQ, value->shape[0],
                "that of input " + label);
  return g.failed() ? value : g.reverse(value, 1);
}

/// QMoE normalises the probabilities that it picked whatever
/// 'normalize_routing_weights' says, which is about 'router_weights' alone:
/// that is what ONNX Runtime 1.31 computes on CPUs.
moe::WeightAttr MoETranslation::weight() {
  bool isOperand = isQuantized && node.has(RouterWeights);
  bool sums = normalize || (isQuantized && !isOperand);
  return moe::WeightAttr::get(
      g.builder.getContext(),
      isOperand ? moe::WeightSource::Operand : moe::WeightSource::Scores,
      sums ? moe::WeightNorm::Sum : moe::WeightNorm::None);
}

void MoETranslation::run() {
  if (!readAttributes() || !readSizes())
    return;
  auto element = dyn_cast<FloatType>(input->elementType);
  if (!element)
    return node.fail("expects inputs of one float element type");
  readParameters();
  Val x = flatten(input, hidden);
  Val scores = routing(Logits, "router_probs", x), source = nullptr;
  if (isQuantized && node.has(RouterWeights))
    source = routing(RouterWeights, "router_weights", x);
  if (g.failed())
    return;

  OpBuilder &b = g.builder;
  MLIRContext *context = b.getContext();
  auto plan = moe::PlanType::get(context, experts, k);
  Value route = moe::RouteOp::create(
                    b, g.loc, plan, g.get(scores), Value(), Value(), Value(),
                    source ? g.get(source) : Value(), Value(), Value(),
                    moe::ScoreAttr::get(context, moe::ScoreFn::Softmax),
                    moe::GroupFilterAttr(),
                    moe::SelectAttr::get(context, moe::Policy::TopK, k, 1,
                                         moe::Key::Scores),
                    weight())
                    .getPlan();
  auto rows =
      moe::RowsType::get(context, element, hidden, moe::RowLayout::Grouped);
  auto apply = moe::ApplyAttr::get(context, moe::Apply::Output);
  Value dispatched =
      moe::DispatchOp::create(b, g.loc, rows, g.get(x), route, apply, real(1));
  SmallVector<Value> tensors;
  for (Val parameter : parameters)
    tensors.push_back(g.get(parameter));
  auto entry = moe::ClassAttr::get(context, experts, inner, body(),
                                   moe::ClassActivation::Routed, formats);
  Value computed =
      moe::ExpertsOp::create(b, g.loc, rows, dispatched, route, tensors,
                             moe::TableAttr::get(context, {entry}), apply);
  Value combined = moe::CombineOp::create(
      b, g.loc, g.typeOf(x), computed, route, g.get(x), Value(), apply,
      moe::ResidualAttr::get(context, moe::Residual::None),
      moe::SumOrderAttr::get(context, moe::SumOrder::ExpertAsc), TypeAttr());
  node.output(0, g.reshape(g.value(combined, x->shape), input->shape));
}

static void translateMoE(NodeContext &node) {
  MoETranslation(node, /*isQuantized=*/false).run();
}

static void translateQMoE(NodeContext &node) {
  MoETranslation(node, /*isQuantized=*/true).run();
}

ArrayRef<OpEntry> moe::importer::moeOps() {
  static const OpEntry table[] = {
      {"com.microsoft", "MoE", 1, translateMoE},
      {"com.microsoft", "QMoE", 1, translateQMoE},
  };
  return table;
}
