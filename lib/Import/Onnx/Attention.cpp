// Attention and RotaryEmbedding of the default domain.
#include "AttentionParts.h"

#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace moe::importer;
namespace hlo = moe::stablehlo;
using Direction = hlo::ComparisonDirection;

/// A mask that covers fewer keys hides the others.
static Val padMask(GraphBuilder &g, Val mask, const DimExpr &total) {
  if (mask->rank() == 0 || mask->shape.back() == total)
    return mask;
  SmallVector<DimExpr> low(mask->rank(), DimExpr(0)), high = low;
  high.back() = total - mask->shape.back();
  double fill = mask->isBool() ? 0 : -std::numeric_limits<double>::infinity();
  return g.pad(mask, g.scalar(mask->elementType, fill), low, high);
}

static void translateAttention(NodeContext &node) {
  GraphBuilder &g = node.graph;
  Val q = node.input(0, 3, 4), k = node.input(1, 3, 4), v = node.input(2, 3, 4);
  int64_t queryHeads = node.intAttr("q_num_heads", 0),
          keyHeads = node.intAttr("kv_num_heads", 0);
  bool isCausal = node.intAttr("is_causal", 0) != 0;
  // Both say how exact intermediate results shall be, which is f32 here.
  node.ignoreAttr("softmax_precision");
  node.ignoreAttr("qk_matmul_output_mode");
  bool flat = q->rank() == 3;
  if (k->rank() != q->rank() || v->rank() != q->rank())
    node.fail("expects inputs of one rank");
  if (g.failed())
    return;
  if (flat) {
    q = splitHeads(node, q, queryHeads);
    k = splitHeads(node, k, keyHeads);
    v = splitHeads(node, v, keyHeads);
  }
  AttentionParts parts;
  std::optional<int64_t> headSize = q->shape[3].constant();
  if (!headSize || *headSize <= 0)
    return node.fail("expects a head size that is known when compiling");
  parts.scale =
      node.floatAttr("scale", 1.0f / std::sqrt(static_cast<float>(*headSize)));
  parts.softcap = node.floatAttr("softcap", 0);
  parts.query = q;
  DimExpr fresh = k->shape[2];
  if (node.has(4) != node.has(5))
    node.fail("expects past keys and past values together");
  if (node.has(4)) {
    k = g.concat({node.input(4, 4, 4), k}, 2);
    v = g.concat({node.input(5, 4, 4), v}, 2);
  }
  parts.key = k;
  parts.value = v;
  node.output(1, k);
  node.output(2, v);
  DimExpr total = k->shape[2], length = q->shape[2];
  if (node.has(3))
    parts.mask = padMask(g, node.input(3), total);
  if (isCausal && !node.has(6)) {
    DimExpr past = total - fresh;
    if (past.is(0)) {
      parts.causal = Causal::Start;
    } else if (past == total - length) {
      parts.causal = Causal::End;
    } else {
      parts.causal = Causal::First;
      parts.first = g.integers(g.i64(), {past}, {1});
    }
  }
  if (node.has(6)) {
    // Valid keys per batch; queries are the last of them.
    Val counts = g.convert(node.input(6, 1, 1), g.i64());
    if (isCausal) {
      parts.causal = Causal::First;
      parts.first = g.sub(counts, g.integers(g.i64(), {length}, {}));
    } else {
      counts = g.reshape(
          counts, {counts->shape[0], DimExpr(1), DimExpr(1), DimExpr(1)});
      Val column = g.iota(g.i64(), {total}, 0);
      parts.mask =
          combineMasks(g, parts.mask, g.compare(Direction::LT, column, counts));
    }
  }
  Val result = emitAttention(node, parts);
  node.output(0, flat ? joinHeads(g, result) : result);
}

static void translateRotaryEmbedding(NodeContext &node) {
  GraphBuilder &g = node.graph;
  Val x = node.input(0, 3, 4);
  int64_t heads = node.intAttr("num_heads", 0);
  int64_t rotated = node.intAttr("rotary_embedding_dim", 0);
  bool interleaved = node.intAttr("interleaved", 0) != 0;
  bool flat = x->rank() == 3;
  Val split = flat ? splitHeads(node, x, heads) : x;
  bool byPosition = node.has(3);
  int64_t tableRank = byPosition ? 2 : 3;
  Val cosine = node.input(1, tableRank, tableRank),
      sine = node.input(2, tableRank, tableRank);
  if (byPosition) {
    Val positions = node.input(3, 2, 2);
    if (g.failed())
      return;
    cosine = emitGather(g, cosine, positions, 0);
    sine = emitGather(g, sine, positions, 0);
  }
  if (rotated != 0 && !cosine->shape.back().is(rotated / 2))
    node.fail("requires the width of the cosines to be half of "
              "'rotary_embedding_dim' (" +
              llvm::Twine(rotated) + ")");
  Val result = emitRotary(node, split, cosine, sine, interleaved);
  node.output(0, flat ? joinHeads(g, result) : result);
}

/// Copies new keys or values into a cache of fixed size.
static void translateTensorScatter(NodeContext &node) {
  GraphBuilder &graph = node.graph;
  Val past = node.input(0, 2), update = node.input(1, 2);
  int64_t axis = node.axis(node.intAttr("axis", -2), past->rank());
  std::string mode = node.stringAttr("mode", "linear");
  if (mode != "linear" && mode != "circular")
    node.fail("expects 'mode' to be linear or circular, but got '" + mode +
              "'");
  if (axis == 0 || update->rank() != past->rank() ||
      update->elementType != past->elementType)
    node.fail("expects inputs of one rank and type, and an axis other than 0");
  Val first = node.has(2) ? graph.convert(node.input(2, 1, 1), graph.i64())
                          : graph.splat(graph.i64(), 0, {past->shape[0]});
  if (graph.failed())
    return;
  bool circular = mode == "circular";
  node.output(
      0, graph.composite(
             "onnx.TensorScatter",
             {graph.attr("axis", axis), graph.attr("mode", StringRef(mode))},
             {past, update, first},
             [&](GraphBuilder &g, ArrayRef<Val> in) -> SmallVector<Val> {
               SymbolicShape shape = in[1]->shape;
               Val position = g.add(g.broadcast(in[2], shape, {0}),
                                    g.iota(g.i64(), shape, axis));
               if (circular)
                 position =
                     g.binary(Binary::Rem, position,
                              g.integers(g.i64(), {in[0]->shape[axis]}, {}));
               SymbolicShape column = shape;
               column.push_back(DimExpr(1));
               SmallVector<Val> parts;
               SmallVector<int64_t> all;
               for (int64_t d = 0; d < in[0]->rank(); ++d) {
                 all.push_back(d);
                 Val part = d == axis ? position : g.iota(g.i64(), shape, d);
                 parts.push_back(g.reshape(part, column));
               }
               auto numbers = hlo::ScatterDimensionNumbersAttr::get(
                   g.builder.getContext(), {}, all, {}, {}, all, all.size());
               return {g.scatter(in[0], g.concat(parts, shape.size()), in[1],
                                 numbers, std::nullopt)};
             })[0]);
}

ArrayRef<OpEntry> moe::importer::attentionOps() {
  static const OpEntry table[] = {
      {"", "Attention", 23, translateAttention},
      {"", "RotaryEmbedding", 23, translateRotaryEmbedding},
      {"", "TensorScatter", 24, translateTensorScatter},
  };
  return table;
}
