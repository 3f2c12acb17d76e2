// Reductions and matrix products.
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

ArrayRef<OpEntry> moe::importer::reductionOps() {
  using F = ReduceForm;
  using R = Reduction;
  static const OpEntry table[] = {
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
