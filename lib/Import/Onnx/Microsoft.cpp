// Operators of ONNX Runtime's own domain, except for the MoE layer.
#include "AttentionParts.h"

#include "moe/Dialect/StableHLO/Chlo.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <tuple>

using namespace mlir;
using namespace moe::importer;
namespace hlo = moe::stablehlo;
namespace chlo = moe::chlo;
using Direction = hlo::ComparisonDirection;

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

/// onnx.Gelu of a sum of inputs, as the operators here have it.
static Val emitGelu(GraphBuilder &graph, Val x, bool tanh) {
  return graph.composite(
      "onnx.Gelu",
      {graph.attr("approximate", StringRef(tanh ? "tanh" : "none"))}, {x},
      [&](GraphBuilder &g, ArrayRef<Val> in) {
        return SmallVector<Val>{geluBody(g, in[0], tanh)};
      })[0];
}

static void translateBiasGelu(NodeContext &node) {
  GraphBuilder &g = node.graph;
  node.output(0, emitGelu(g, g.add(node.input(0), node.input(1)), false));
}

static void translateFastGelu(NodeContext &node) {
  GraphBuilder &g = node.graph;
  Val x = node.input(0);
  if (node.has(1))
    x = g.add(x, node.input(1));
  node.output(0, emitGelu(g, x, true));
}

static void translateGelu(NodeContext &node) {
  node.output(0, emitGelu(node.graph, node.input(0), false));
}

static void translateQuickGelu(NodeContext &node) {
  GraphBuilder &g = node.graph;
  Val x = node.input(0);
  float alpha = node.floatAttr("alpha", 1.702f);
  Val gate =
      g.unary<hlo::LogisticOp>(g.mul(x, g.scalar(x->elementType, alpha)));
  node.output(0, g.mul(x, gate));
}

/// x + y * gate, the gate being one number per row.
static void translateGatedAdd(NodeContext &node) {
  GraphBuilder &g = node.graph;
  Val x = node.input(0, 1), y = node.input(1, 1), gate = node.input(2, 1);
  std::optional<int64_t> width =
      gate->rank() == x->rank() ? gate->shape.back().constant() : 0;
  if (width && *width != 1)
    node.fail("expects one gate per row as input #2");
  node.output(0, g.add(x, g.mul(y, gate)));
}

//===----------------------------------------------------------------------===//
// RotaryEmbedding
//===----------------------------------------------------------------------===//

/// Cosines or sines of positions, B x S x R/2.
static void translateRotaryEmbedding(NodeContext &node) {
  GraphBuilder &g = node.graph;
  Val x = node.input(0, 3, 4), positions = node.input(1, 1, 2),
      cosine = node.input(2, 2, 2), sine = node.input(3, 2, 2);
  int64_t heads = node.intAttr("num_heads", 0);
  int64_t rotated = node.intAttr("rotary_embedding_dim", 0);
  bool interleaved = node.intAttr("interleaved", 0) != 0;
  if (node.intAttr("is_packed_batching", 0) != 0)
    node.fail("expects 'is_packed_batching' to be 0");
  if (node.floatAttr("scale", 1.0f) != 1.0f)
    node.fail("expects 'scale' to be 1");
  std::optional<int64_t> half = cosine->shape[1].constant();
  if (!half)
    return node.fail("expects cosines of a width known when compiling");
  if (rotated != 0 && rotated != 2 * *half)
    node.fail("requires 'rotary_embedding_dim' (" + llvm::Twine(rotated) +
              ") to be twice the width of the cosines (" + llvm::Twine(*half) +
              ")");
  bool flat = x->rank() == 3;
  if (flat && heads == 0) {
    // Without their number, heads are as wide as the rotation.
    if (auto width = x->shape[2].constant())
      heads = *half == 0 ? 0 : *width / (2 * *half);
  }
  Val split = flat ? splitHeads(node, x, heads) : x;
  if (g.failed())
    return;
  if (positions->rank() == 1) {
    // One offset for all: positions follow each other.
    Val steps = g.iota(g.i64(), {DimExpr(1), split->shape[2]}, 1);
    positions = g.add(steps, g.reshape(g.convert(positions, g.i64()), {}));
  }
  Val result = emitRotary(node, split, emitGather(g, cosine, positions, 0),
                          emitGather(g, sine, positions, 0), interleaved);
  node.output(0, flat ? joinHeads(g, result) : result);
}

//===----------------------------------------------------------------------===//
// MultiHeadAttention
//===----------------------------------------------------------------------===//

/// Part `index` of a packed input B x S x N x parts x D, as B x S x (N D).
static Val unpackHeads(GraphBuilder &g, Val packed, int64_t index) {
  Val part = g.sliceDim(packed, 3, DimExpr(index), DimExpr(1));
  return g.reshape(part, {packed->shape[0], packed->shape[1],
                          packed->shape[2] * packed->shape[4]});
}

/// Queries, keys and values, which may share one input (all three) or two (keys
/// with values).
static std::tuple<Val, Val, Val> readQueryKeyValue(NodeContext &node,
                                                   int64_t heads) {
  GraphBuilder &g = node.graph;
  Val query = node.input(0, 3, 5);
  auto checkPacked = [&](Val packed, int64_t parts) {
    if (packed->rank() != 5 || !packed->shape[2].is(heads) ||
        !packed->shape[3].is(parts))
      node.fail("expects an input that packs " + llvm::Twine(parts) +
                " parts to be of rank 5, with " + llvm::Twine(heads) +
                " heads before the parts");
    return !g.failed();
  };
  if (!node.has(1)) {
    if (!checkPacked(query, 3))
      return {query, query, query};
    return {unpackHeads(g, query, 0), unpackHeads(g, query, 1),
            unpackHeads(g, query, 2)};
  }
  if (query->rank() != 3)
    node.fail("requires the rank of input #0 (" + llvm::Twine(query->rank()) +
              ") to be 3");
  if (node.has(2))
    return {query, node.input(1, 3, 4), node.input(2, 3, 4)};
  Val packed = node.input(1, 3, 5);
  if (!checkPacked(packed, 2))
    return {query, packed, packed};
  return {query, unpackHeads(g, packed, 0), unpackHeads(g, packed, 1)};
}

static void translateMultiHeadAttention(NodeContext &node) {
  GraphBuilder &g = node.graph;
  int64_t heads = node.intAttr("num_heads", 0);
  node.ignoreAttr("mask_filter_value");
  bool isCausal = node.intAttr("unidirectional", 0) != 0;
  auto [query, key, value] = readQueryKeyValue(node, heads);
  if (g.failed())
    return;
  if (node.has(3)) {
    // Biases of the three, one after another.
    Val bias = node.input(3, 1, 1);
    DimExpr q = query->shape.back();
    if (key->rank() != 3 || value->rank() != 3)
      return node.fail("expects keys and values of rank 3 beside a bias");
    DimExpr k = key->shape.back(), v = value->shape.back();
    query = g.add(query, g.sliceDim(bias, 0, DimExpr(0), q));
    key = g.add(key, g.sliceDim(bias, 0, q, k));
    value = g.add(value, g.sliceDim(bias, 0, q + k, v));
  }
  AttentionParts parts;
  parts.query = splitHeads(node, query, heads);
  Val k = key->rank() == 3 ? splitHeads(node, key, heads) : key;
  Val v = value->rank() == 3 ? splitHeads(node, value, heads) : value;
  if (node.has(6) != node.has(7))
    node.fail("expects past keys and past values together");
  bool hasPast = node.has(6);
  if (hasPast) {
    k = g.concat({node.input(6, 4, 4), k}, 2);
    v = g.concat({node.input(7, 4, 4), v}, 2);
  }
  parts.key = k;
  parts.value = v;
  node.output(1, k);
  node.output(2, v);
  if (node.has(4)) {
    Val padding = node.input(4, 1, 2);
    DimExpr batch = padding->shape[0];
    Val seen = nullptr;
    if (padding->rank() == 2) {
      seen = g.reshape(g.convert(padding, g.builder.getI1Type()),
                       {batch, DimExpr(1), DimExpr(1), padding->shape[1]});
    } else {
      if (!(batch == parts.query->shape[0]))
        node.fail("expects one number of keys per batch");
      Val counts = g.reshape(g.convert(padding, g.i64()),
                             {batch, DimExpr(1), DimExpr(1), DimExpr(1)});
      seen =
          g.compare(Direction::LT, g.iota(g.i64(), {k->shape[2]}, 0), counts);
    }
    parts.mask = seen;
  }
  if (node.has(5))
    parts.mask = combineMasks(g, parts.mask, node.input(5, 2, 4));
  if (isCausal)
    parts.causal = hasPast ? Causal::End : Causal::Start;
  std::optional<int64_t> headSize = parts.query->shape[3].constant();
  float scale = node.floatAttr("scale", 0);
  if (scale == 0 && headSize && *headSize > 0)
    scale = 1.0f / std::sqrt(static_cast<float>(*headSize));
  parts.scale = scale;
  node.output(0, joinHeads(g, emitAttention(node, parts)));
}

//===----------------------------------------------------------------------===//
// GroupQueryAttention
//===----------------------------------------------------------------------===//

namespace {

/// Batches may have different numbers of keys: `past` of them, one number per
/// batch, come before the new ones.
class GroupQuery {
public:
  explicit GroupQuery(NodeContext &node) : node(node), g(node.graph) {}
  void run();

private:
  Val update(Val cache, Val fresh, const DimExpr &total);

  NodeContext &node;
  GraphBuilder &g;
  Val past = nullptr; // B
};

} // namespace

Val GroupQuery::update(Val cache, Val fresh, const DimExpr &total) {
  DimExpr before(0);
  Val both = fresh;
  if (cache) {
    before = cache->shape[2];
    both = g.concat({cache, fresh}, 2);
  }
  DimExpr batch = fresh->shape[0];
  if (g.failed())
    return fresh;
  // Key j is an old one, a new one, or nothing yet.
  SymbolicShape grid{batch, total};
  Val j = g.iota(g.i64(), grid, 1);
  Val start = g.reshape(past, {batch, DimExpr(1)});
  Val moved = g.add(g.sub(j, start), g.integers(g.i64(), {before}, {}));
  Val position = g.select(g.compare(Direction::LT, j, start), j, moved);
  auto numbers = hlo::GatherDimensionNumbersAttr::get(
      g.builder.getContext(), {1, 3}, {2}, {0}, {0}, {2}, 2);
  SymbolicShape sizes{DimExpr(1), both->shape[1], DimExpr(1), both->shape[3]};
  SymbolicShape shape{batch, both->shape[1], total, both->shape[3]};
  Val gathered = g.gather(both, g.reshape(position, {batch, total, DimExpr(1)}),
                          numbers, sizes, shape);
  Val end = g.add(start, g.integers(g.i64(), {fresh->shape[2]}, {}));
  Val filled = g.reshape(g.compare(Direction::LT, j, end),
                         {batch, DimExpr(1), total, DimExpr(1)});
  return g.select(filled, gathered, g.scalar(fresh->elementType, 0));
}

void GroupQuery::run() {
  int64_t heads = node.intAttr("num_heads", 0),
          keyHeads = node.intAttr("kv_num_heads", 0);
  int64_t window = node.intAttr("local_window_size", -1);
  bool rotary = node.intAttr("do_rotary", 0) != 0;
  bool interleaved = node.intAttr("rotary_interleaved", 0) != 0;
  AttentionParts parts;
  parts.softcap = node.floatAttr("softcap", 0);
  bool smooth = node.intAttr("smooth_softmax", 0) == 1;
  for (StringRef name : {"k_quant_type", "v_quant_type"})
    if (std::string type = node.stringAttr(name, "NONE"); type != "NONE")
      node.fail("expects '" + name + "' to be NONE, but got '" + type + "'");
  node.ignoreAttr("kv_cache_bit_width");
  node.ignoreAttr("qk_output");

  Val query = node.input(0, 3, 3);
  Val key = nullptr, value = nullptr;
  if (node.has(1)) {
    key = node.input(1, 3, 3);
    value = node.input(2, 3, 3);
  } else {
    // Queries, keys and values side by side.
    std::optional<int64_t> width = query->shape[2].constant();
    constexpr int64_t kMaxHeads = 1 << 16;
    if (heads > kMaxHeads || keyHeads > kMaxHeads)
      return node.fail("requires the numbers of heads to be at most " +
                       llvm::Twine(kMaxHeads));
    int64_t all = heads + 2 * keyHeads;
    if (heads <= 0 || keyHeads <= 0 || !width || *width % all != 0)
      return node.fail("requires the width of the packed input (" +
                       llvm::Twine(width.value_or(-1)) +
                       ") to be a multiple of its heads (" + llvm::Twine(all) +
                       ")");
    int64_t size = *width / all;
    auto part = [&](int64_t from, int64_t count) {
      return g.sliceDim(query, 2, DimExpr(from * size), DimExpr(count * size));
    };
    key = part(heads, keyHeads);
    value = part(heads + keyHeads, keyHeads);
    query = part(0, heads);
  }
  Val q = splitHeads(node, query, heads), k = splitHeads(node, key, keyHeads),
      v = splitHeads(node, value, keyHeads);
  std::optional<int64_t> headSize = q->shape[3].constant();
  DimExpr batch = q->shape[0], length = q->shape[2];
  Val lengths = g.convert(node.input(5, 1, 2), g.i64());
  lengths = g.reshape(lengths, {batch});
  auto totals = g.elementsOf(node.input(6, 0, 1));
  if (!headSize || *headSize <= 0 || !totals || totals->size() != 1)
    return node.fail("expects a known head size and one total length");
  // A prompt may be shorter than the batch's longest; nothing is before it.
  Val before = g.sub(lengths, g.integers(g.i64(), {length - DimExpr(1)}, {}));
  past = g.binary(Binary::Max, before, g.scalar(g.i64(), 0));

  if (rotary) {
    Val positions = nullptr;
    if (node.has(9)) {
      positions = node.input(9, 2, 2);
    } else {
      positions = g.add(g.iota(g.i64(), {batch, length}, 1),
                        g.reshape(past, {batch, DimExpr(1)}));
    }
    Val cosine = emitGather(g, node.input(7, 2, 2), positions, 0);
    Val sine = emitGather(g, node.input(8, 2, 2), positions, 0);
    q = emitRotary(node, q, cosine, sine, interleaved);
    k = emitRotary(node, k, cosine, sine, interleaved);
  } else {
    for (unsigned i : {7, 8, 9})
      node.ignoreInput(i);
  }
  if (node.has(3) != node.has(4))
    node.fail("expects past keys and past values together");
  Val pastKey = node.has(3) ? node.input(3, 4, 4) : nullptr;
  Val pastValue = node.has(4) ? node.input(4, 4, 4) : nullptr;
  DimExpr total = (*totals)[0];
  if (pastKey)
    total = g.dims.max(total, pastKey->shape[2]);
  k = update(pastKey, k, total);
  v = update(pastValue, v, total);
  node.output(1, k);
  node.output(2, v);

  parts.causal = Causal::First;
  parts.first = past;
  parts.window = std::max<int64_t>(window, 0);
  if (node.has(10))
    parts.mask = node.input(10, 4, 4);
  // A smooth softmax has a sink of logit 0.
  if (node.has(11))
    parts.sink = node.input(11, 1, 1);
  else if (smooth)
    parts.sink = g.splat(q->elementType, 0, {q->shape[1]});
  float scale = node.floatAttr("scale", 0);
  parts.scale =
      scale != 0 ? scale : 1.0f / std::sqrt(static_cast<float>(*headSize));
  parts.query = q;
  parts.key = k;
  parts.value = v;
  node.output(0, joinHeads(g, emitAttention(node, parts)));
}

static void translateGroupQueryAttention(NodeContext &node) {
  GroupQuery(node).run();
}

ArrayRef<OpEntry> moe::importer::microsoftOps() {
  static const OpEntry table[] = {
      {"com.microsoft", "BiasGelu", 1, translateBiasGelu},
      {"com.microsoft", "FastGelu", 1, translateFastGelu},
      {"com.microsoft", "GatedAdd", 1, translateGatedAdd},
      {"com.microsoft", "Gelu", 1, translateGelu},
      {"com.microsoft", "GroupQueryAttention", 1, translateGroupQueryAttention},
      {"com.microsoft", "MultiHeadAttention", 1, translateMultiHeadAttention},
      {"com.microsoft", "QuickGelu", 1, translateQuickGelu},
      {"com.microsoft", "RotaryEmbedding", 1, translateRotaryEmbedding},
  };
  return table;
}
