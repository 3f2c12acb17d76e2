// Reductions, matrix products and convolutions.
#include "NodeContext.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <map>

using namespace mlir;
using namespace moe::importer;
namespace hlo = moe::stablehlo;

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

enum class ReduceForm { Plain, Mean, L1, L2, SumSquare, LogSum, LogSumExp };

template <ReduceForm form, Reduction kind>
static void translateReduce(NodeContext &node) {
  GraphBuilder &g = node.graph;
  Val x = node.input(0);
  bool keep = node.intAttr("keepdims", 1) != 0;
  bool noop = node.intAttr("noop_with_empty_axes", 0) != 0;
  auto axes = node.axesOperand(1, x->rank());
  if (!axes || axes->empty()) {
    if (noop)
      return node.output(0, x);
    axes = llvm::to_vector(llvm::seq<int64_t>(0, x->rank()));
  }
  if (g.failed())
    return;
  bool isExtreme = kind == Reduction::Max || kind == Reduction::Min;
  if (x->isBool() && !isExtreme)
    node.fail("expects a numeric element type, but got bool");
  auto drop = [&](Val result) {
    if (keep)
      return result;
    SymbolicShape shape;
    for (int64_t d = 0; d < x->rank(); ++d)
      if (!llvm::is_contained(*axes, d))
        shape.push_back(result->shape[d]);
    return g.reshape(result, shape);
  };
  switch (form) {
  case ReduceForm::Plain: {
    Reduction actual = kind;
    if (x->isBool())
      actual = kind == Reduction::Max ? Reduction::Or : Reduction::And;
    return node.output(0, g.reduce(actual, x, *axes, keep));
  }
  case ReduceForm::Mean:
    return node.output(0, drop(g.mean(x, *axes)));
  case ReduceForm::L1:
    return node.output(
        0, g.reduce(Reduction::Sum, g.unary<hlo::AbsOp>(x), *axes, keep));
  case ReduceForm::L2:
    return node.output(0, g.unary<hlo::SqrtOp>(g.reduce(
                              Reduction::Sum, g.mul(x, x), *axes, keep)));
  case ReduceForm::SumSquare:
    return node.output(0, g.reduce(Reduction::Sum, g.mul(x, x), *axes, keep));
  case ReduceForm::LogSum:
    return node.output(
        0, g.unary<hlo::LogOp>(g.reduce(Reduction::Sum, x, *axes, keep)));
  case ReduceForm::LogSumExp: {
    Val greatest = g.reduce(Reduction::Max, x, *axes, /*keepDims=*/true);
    Val sum = g.reduce(Reduction::Sum, g.unary<hlo::ExpOp>(g.sub(x, greatest)),
                       *axes, /*keepDims=*/true);
    return node.output(0, drop(g.add(g.unary<hlo::LogOp>(sum), greatest)));
  }
  }
}

static void translateSoftmax(NodeContext &node) {
  GraphBuilder &graph = node.graph;
  Val x = node.input(0, 1);
  int64_t axis = node.axis(node.intAttr("axis", -1), x->rank());
  node.output(0,
              graph.composite("onnx.Softmax", {graph.attr("axis", axis)}, {x},
                              [&](GraphBuilder &g, ArrayRef<Val> in) {
                                return SmallVector<Val>{g.softmax(in[0], axis)};
                              })[0]);
}

static void translateLogSoftmax(NodeContext &node) {
  GraphBuilder &graph = node.graph;
  Val x = node.input(0, 1);
  int64_t axis = node.axis(node.intAttr("axis", -1), x->rank());
  node.output(
      0, graph.composite(
             "onnx.LogSoftmax", {graph.attr("axis", axis)}, {x},
             [&](GraphBuilder &g, ArrayRef<Val> in) -> SmallVector<Val> {
               Val shifted =
                   g.sub(in[0], g.reduce(Reduction::Max, in[0], {axis}, true));
               Val sum = g.reduce(Reduction::Sum, g.unary<hlo::ExpOp>(shifted),
                                  {axis}, true);
               return {g.sub(shifted, g.unary<hlo::LogOp>(sum))};
             })[0]);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

static void translateMatMul(NodeContext &node) {
  node.output(0, node.graph.matmul(node.input(0, 1), node.input(1, 1)));
}

static void translateGemm(NodeContext &node) {
  GraphBuilder &g = node.graph;
  Val a = node.input(0, 2, 2), b = node.input(1, 2, 2);
  bool transA = node.intAttr("transA", 0) != 0;
  bool transB = node.intAttr("transB", 0) != 0;
  float alpha = node.floatAttr("alpha", 1), beta = node.floatAttr("beta", 1);
  // A transposed weight is contracted where it stands.
  if (transA)
    a = g.transpose(a, {1, 0});
  Val y = g.dot(a, b, {}, {}, {1}, {transB ? 1 : 0});
  if (alpha != 1.0f)
    y = g.mul(y, g.scalar(y->elementType, alpha));
  if (node.has(2)) {
    Val c = node.input(2, 0, 2);
    if (beta != 1.0f)
      c = g.mul(c, g.scalar(c->elementType, beta));
    y = g.add(y, c);
  }
  node.output(0, y);
}

/// com.microsoft: matmul with scale and transposed last dimensions.
static void translateFusedMatMul(NodeContext &node) {
  GraphBuilder &g = node.graph;
  Val a = node.input(0, 1), b = node.input(1, 1);
  auto swapLast = [&](Val x) {
    SmallVector<int64_t> permutation =
        llvm::to_vector(llvm::seq<int64_t>(0, x->rank()));
    if (x->rank() >= 2)
      std::swap(permutation[x->rank() - 1], permutation[x->rank() - 2]);
    return g.transpose(x, permutation);
  };
  if (node.intAttr("transBatchA", 0) != 0 ||
      node.intAttr("transBatchB", 0) != 0)
    node.fail("expects 'transBatchA' and 'transBatchB' to be 0");
  if (node.intAttr("transA", 0) != 0)
    a = swapLast(a);
  if (node.intAttr("transB", 0) != 0)
    b = swapLast(b);
  float alpha = node.floatAttr("alpha", 1);
  Val y = g.matmul(a, b);
  if (alpha != 1.0f)
    y = g.mul(y, g.scalar(y->elementType, alpha));
  node.output(0, y);
}

//===----------------------------------------------------------------------===//
// Einsum
//===----------------------------------------------------------------------===//

namespace {

/// A tensor whose dimensions have labels.
struct Labelled {
  Val value;
  std::string labels;
};

/// Evaluates an equation pair by pair, from the left.
class Einsum {
public:
  explicit Einsum(NodeContext &node) : node(node), g(node.graph) {}
  void run();

private:
  bool parse(std::string equation);
  Labelled sumOut(Labelled term, const std::string &kept);
  Labelled multiply(Labelled a, const Labelled &b, const std::string &kept);

  NodeContext &node;
  GraphBuilder &g;
  SmallVector<Labelled> terms;
  std::string result;
};

} // namespace

bool Einsum::parse(std::string equation) {
  llvm::erase(equation, ' ');
  auto [left, right] = StringRef(equation).split("->");
  bool isExplicit = equation.find("->") != std::string::npos;
  SmallVector<StringRef> parts;
  left.split(parts, ',');
  if (parts.size() != node.numInputs()) {
    node.fail("expects 'equation' to have one term per input, but got '" +
              equation + "'");
    return false;
  }
  // An ellipsis becomes upper case Greek, so to say: labels from '\x80' on,
  // numbered from the last dimension.
  int64_t widest = 0;
  auto expand = [&](StringRef text, int64_t rank) -> std::string {
    std::string labels;
    size_t dots = text.find("...");
    if (dots == StringRef::npos)
      return text.str();
    int64_t extra = rank - (static_cast<int64_t>(text.size()) - 3);
    widest = std::max(widest, extra);
    labels = text.take_front(dots);
    for (int64_t i = extra - 1; i >= 0; --i)
      labels += static_cast<char>(0x80 + i);
    return labels + text.drop_front(dots + 3).str();
  };
  for (auto [index, part] : llvm::enumerate(parts)) {
    Val value = node.input(index);
    std::string labels = expand(part, value->rank());
    if (static_cast<int64_t>(labels.size()) != value->rank()) {
      node.fail("requires the labels of a term ('" + part +
                "') to be as many as the dimensions of its input (" +
                llvm::Twine(value->rank()) + ")");
      return false;
    }
    for (size_t i = 0; i < labels.size(); ++i) {
      bool isLabel = llvm::isAlpha(labels[i]) || (labels[i] & 0x80);
      if (!isLabel || labels.find(labels[i]) != i) {
        node.fail("expects distinct letters as labels of a term, but got '" +
                  part + "'");
        return false;
      }
    }
    terms.push_back({value, labels});
  }
  if (isExplicit) {
    result = expand(right, widest + static_cast<int64_t>(right.size()) - 3);
  } else {
    // Labels that occur once, in alphabetical order.
    std::map<char, int> counts;
    for (const Labelled &term : terms)
      for (char label : term.labels)
        ++counts[label];
    for (int64_t i = widest - 1; i >= 0; --i)
      result += static_cast<char>(0x80 + i);
    for (auto [label, count] : counts)
      if (count == 1 && !(label & 0x80))
        result += label;
  }
  for (char label : result)
    if (llvm::none_of(terms, [&](const Labelled &term) {
          return term.labels.find(label) != std::string::npos;
        })) {
      node.fail("has a result label in 'equation' that no term has");
      return false;
    }
  return true;
}

Labelled Einsum::sumOut(Labelled term, const std::string &kept) {
  SmallVector<int64_t> dims;
  std::string labels;
  for (auto [index, label] : llvm::enumerate(term.labels)) {
    if (kept.find(label) == std::string::npos)
      dims.push_back(index);
    else
      labels += label;
  }
  return {g.reduce(Reduction::Sum, term.value, dims), labels};
}

Labelled Einsum::multiply(Labelled a, const Labelled &b,
                          const std::string &kept) {
  SmallVector<int64_t> batchA, batchB, contractA, contractB;
  std::string labels;
  for (auto [index, label] : llvm::enumerate(a.labels)) {
    size_t other = b.labels.find(label);
    if (other == std::string::npos)
      continue;
    bool stays = kept.find(label) != std::string::npos;
    (stays ? batchA : contractA).push_back(index);
    (stays ? batchB : contractB).push_back(other);
    if (stays)
      labels += label;
  }
  for (char label : a.labels)
    if (b.labels.find(label) == std::string::npos)
      labels += label;
  for (char label : b.labels)
    if (a.labels.find(label) == std::string::npos)
      labels += label;
  return {g.dot(a.value, b.value, batchA, batchB, contractA, contractB),
          labels};
}

void Einsum::run() {
  if (!parse(node.stringAttr("equation", "")) || g.failed())
    return;
  Labelled total = terms[0];
  for (size_t i = 0; i < terms.size(); ++i) {
    // What later terms or the result still need.
    std::string kept = result;
    for (const Labelled &term : ArrayRef(terms).drop_front(i + 1))
      kept += term.labels;
    if (i == 0) {
      total = sumOut(terms[0], kept);
      continue;
    }
    Labelled next = sumOut(terms[i], kept + total.labels);
    total = multiply(total, next, kept);
    if (g.failed())
      return;
  }
  SmallVector<int64_t> permutation;
  for (char label : result)
    permutation.push_back(total.labels.find(label));
  if (permutation.size() != total.labels.size())
    return node.fail("has a result label twice in 'equation'");
  node.output(0, g.transpose(total.value, permutation));
}

static void translateEinsum(NodeContext &node) { Einsum(node).run(); }

//===----------------------------------------------------------------------===//
// Convolution
//===----------------------------------------------------------------------===//

namespace {

/// Translates a Conv node: data [batch, features, spatial...], weights
/// [features, features of a group, spatial...].
class Convolution {
public:
  explicit Convolution(NodeContext &node) : node(node), g(node.graph) {}
  void run();

private:
  bool readWindow();
  DimExpr positions(size_t dim);

  NodeContext &node;
  GraphBuilder &g;
  Val x = nullptr, weights = nullptr;
  int64_t spatial = 0, groups = 1;
  SmallVector<int64_t> kernel, strides, dilations, pads;
};

} // namespace

bool Convolution::readWindow() {
  std::string autoPad = node.stringAttr("auto_pad", "NOTSET");
  if (autoPad != "NOTSET" && autoPad != "VALID") {
    node.fail("expects 'auto_pad' to be NOTSET or VALID, but got '" + autoPad +
              "'");
    return false;
  }
  for (const DimExpr &size : ArrayRef(weights->shape).drop_front(2)) {
    std::optional<int64_t> known = size.constant();
    if (!known || *known < 1) {
      node.fail("expects a window whose size is known when compiling and not "
                "0");
      return false;
    }
    kernel.push_back(*known);
  }
  auto list = [&](StringRef name, size_t count, int64_t otherwise,
                  int64_t least) {
    SmallVector<int64_t> values =
        node.intsAttr(name).value_or(SmallVector<int64_t>(count, otherwise));
    constexpr int64_t limit = int64_t(1) << 31;
    if (values.size() != count || llvm::any_of(values, [&](int64_t value) {
          return value < least || value > limit;
        }))
      node.fail("expects " + llvm::Twine(count) + " numbers of at least " +
                llvm::Twine(least) + " in '" + name + "'");
    return values;
  };
  strides = list("strides", spatial, 1, 1);
  dilations = list("dilations", spatial, 1, 1);
  pads = list("pads", 2 * spatial, 0, 0);
  if (auto shape = node.intsAttr("kernel_shape"); shape && *shape != kernel)
    node.fail("requires 'kernel_shape' to be the shape of the weights' window");
  groups = node.intAttr("group", 1);
  std::optional<int64_t> features = weights->shape[0].constant();
  if (groups < 1 || !features || *features % groups != 0)
    node.fail("requires the features of the result to be a multiple of "
              "'group' (" +
              llvm::Twine(groups) + ")");
  return !g.failed();
}

/// How many windows fit along a spatial dimension.
DimExpr Convolution::positions(size_t dim) {
  DimExpr padded = x->shape[2 + dim] + DimExpr(pads[dim] + pads[spatial + dim]);
  DimExpr window(dilations[dim] * (kernel[dim] - 1) + 1);
  g.requireSize(window, "the window", hlo::ComparisonDirection::LE, padded,
                "the padded size of dimension #" + std::to_string(2 + dim) +
                    " of input #0");
  if (strides[dim] == 1)
    return padded - window + 1;
  if (auto steps = g.dims.divide(padded - window, DimExpr(strides[dim])))
    return *steps + 1;
  node.fail("expects a size of dimension #" + llvm::Twine(2 + dim) +
            " of input #0 that is known when compiling, where windows are " +
            llvm::Twine(strides[dim]) + " apart");
  return DimExpr(1);
}

void Convolution::run() {
  x = node.input(0, 3);
  weights = node.input(1, x->rank(), x->rank());
  spatial = x->rank() - 2;
  if (g.failed())
    return;
  if (!x->isFloat() || weights->elementType != x->elementType)
    return node.fail("expects inputs of one float element type");
  if (!readWindow())
    return;
  g.requireSize(
      x->shape[1], "the features of input #0", hlo::ComparisonDirection::EQ,
      weights->shape[1] * DimExpr(groups), "those that the weights have");
  SymbolicShape shape{x->shape[0], weights->shape[0]};
  SmallVector<int64_t> padding, dims;
  for (int64_t d = 0; d < spatial; ++d) {
    shape.push_back(positions(d));
    padding.append({pads[d], pads[spatial + d]});
    dims.push_back(2 + d);
  }
  if (g.failed())
    return;
  OpBuilder &b = g.builder;
  auto numbers = hlo::ConvDimensionNumbersAttr::get(
      b.getContext(), 0, 1, dims, /*kernel_input_feature_dimension=*/1,
      /*kernel_output_feature_dimension=*/0, dims, 0, 1, dims);
  auto paddingType = RankedTensorType::get({spatial, 2}, b.getI64Type());
  Val y = g.value(
      hlo::ConvolutionOp::create(
          b, g.loc, g.typeOf(x->elementType, shape), g.get(x), g.get(weights),
          b.getDenseI64ArrayAttr(strides),
          DenseIntElementsAttr::get(paddingType, ArrayRef<int64_t>(padding)),
          /*lhs_dilation=*/Attribute(), b.getDenseI64ArrayAttr(dilations),
          /*window_reversal=*/Attribute(), numbers, groups,
          /*batch_group_count=*/1, /*precision_config=*/ArrayAttr()),
      shape);
  if (node.has(2)) {
    Val bias = node.input(2, 1, 1);
    SymbolicShape column(x->rank(), DimExpr(1));
    column[1] = bias->shape[0];
    y = g.add(y, g.reshape(bias, column));
  }
  node.output(0, y);
}

static void translateConv(NodeContext &node) { Convolution(node).run(); }

ArrayRef<OpEntry> moe::importer::reductionOps() {
  using F = ReduceForm;
  using R = Reduction;
  static const OpEntry table[] = {
      {"", "Conv", 11, translateConv},
      {"", "Einsum", 12, translateEinsum},
      {"", "Gemm", 13, translateGemm},
      {"", "LogSoftmax", 13, translateLogSoftmax},
      {"", "MatMul", 13, translateMatMul},
      {"", "ReduceL1", 13, translateReduce<F::L1, R::Sum>},
      {"", "ReduceL2", 13, translateReduce<F::L2, R::Sum>},
      {"", "ReduceLogSum", 13, translateReduce<F::LogSum, R::Sum>},
      {"", "ReduceLogSumExp", 13, translateReduce<F::LogSumExp, R::Sum>},
      {"", "ReduceMax", 13, translateReduce<F::Plain, R::Max>},
      {"", "ReduceMean", 13, translateReduce<F::Mean, R::Sum>},
      {"", "ReduceMin", 13, translateReduce<F::Plain, R::Min>},
      {"", "ReduceProd", 13, translateReduce<F::Plain, R::Product>},
      {"", "ReduceSum", 13, translateReduce<F::Plain, R::Sum>},
      {"", "ReduceSumSquare", 13, translateReduce<F::SumSquare, R::Sum>},
      {"", "Softmax", 13, translateSoftmax},
      {"com.microsoft", "FusedMatMul", 1, translateFusedMatMul},
  };
  return table;
}
