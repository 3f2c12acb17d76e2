// Layer normalisations, all as one of two composites: onnx.LayerNormalization
// and onnx.RMSNormalization.
#include "NodeContext.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace moe::importer;
namespace hlo = moe::stablehlo;

/// The composite that normalises dimensions from `axis` on, in f32, or in the
/// type of `x` where that is wider or `stash` is false.
static Val normalise(GraphBuilder &graph, bool rms, Val x, Val scale, Val bias,
                     int64_t axis, float epsilon, bool stash = true) {
  SmallVector<Val> inputs{x, scale};
  if (bias)
    inputs.push_back(bias);
  return graph.composite(
      rms ? "onnx.RMSNormalization" : "onnx.LayerNormalization",
      {graph.attr("axis", axis), graph.attr("epsilon", epsilon),
       graph.attr("stash_type", int64_t(stash))},
      inputs, [&](GraphBuilder &g, ArrayRef<Val> in) -> SmallVector<Val> {
        Type original = in[0]->elementType;
        bool narrow = original.getIntOrFloatBitWidth() < 32 && stash;
        Val y = narrow ? g.convert(in[0], g.builder.getF32Type()) : in[0];
        SmallVector<int64_t> axes = llvm::to_vector(llvm::seq(axis, y->rank()));
        if (!rms)
          y = g.sub(y, g.mean(y, axes));
        Val variance = g.mean(g.mul(y, y), axes);
        Val denominator = g.unary<hlo::SqrtOp>(
            g.add(variance, g.scalar(y->elementType, epsilon)));
        y = g.convert(g.div(y, denominator), original);
        y = g.mul(y, g.convert(in[1], original));
        if (in.size() > 2)
          y = g.add(y, g.convert(in[2], original));
        return {y};
      })[0];
}

template <bool rms>
static void translateNormalization(NodeContext &node) {
  Val x = node.input(0, 1), scale = node.input(1);
  Val bias = !rms && node.has(2) ? node.input(2) : nullptr;
  int64_t axis = node.axis(node.intAttr("axis", -1), x->rank());
  bool stash = node.intAttr("stash_type", 1) == 1;
  if (node.graph.failed())
    return;
  node.output(0, normalise(node.graph, rms, x, scale, bias, axis,
                           node.floatAttr("epsilon", 1e-5f), stash));
}

template <bool rms>
static void translateSkipNormalization(NodeContext &node) {
  GraphBuilder &g = node.graph;
  Val x = node.input(0, 2), skip = node.input(1), scale = node.input(2);
  // SkipSimplifiedLayerNormalization has no beta.
  unsigned next = 3;
  Val beta = nullptr;
  if (!rms) {
    if (node.has(next))
      beta = node.input(next);
    ++next;
  }
  Val sum = g.add(x, skip);
  if (node.has(next))
    sum = g.add(sum, node.input(next));
  if (g.failed())
    return;
  node.output(0, normalise(g, rms, sum, scale, beta, x->rank() - 1,
                           node.floatAttr("epsilon", 1e-12f)));
  node.output(3, sum);
}

ArrayRef<OpEntry> moe::importer::normalizationOps() {
  static const OpEntry table[] = {
      {"", "LayerNormalization", 17, translateNormalization<false>},
      {"", "RMSNormalization", 23, translateNormalization<true>},
      // An operator of ONNX Runtime that it keeps in the default domain.
      {"", "SimplifiedLayerNormalization", 1, translateNormalization<true>},
      {"com.microsoft", "SkipLayerNormalization", 1,
       translateSkipNormalization<false>},
      {"com.microsoft", "SkipSimplifiedLayerNormalization", 1,
       translateSkipNormalization<true>},
  };
  return table;
}
