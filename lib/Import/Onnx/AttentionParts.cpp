// Scaled dot products, masks and rotary embeddings.
#include "AttentionParts.h"

#include "llvm/ADT/STLExtras.h"
#include <limits>

using namespace mlir;
using namespace moe::importer;
namespace hlo = moe::stablehlo;
using Direction = hlo::ComparisonDirection;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

Val moe::importer::splitHeads(NodeContext &node, Val x, int64_t heads) {
  GraphBuilder &g = node.graph;
  std::optional<int64_t> width = x->shape.back().constant();
  if (x->rank() != 3 || !width || heads <= 0 || *width % heads != 0) {
    node.fail("requires a width (" + llvm::Twine(width.value_or(-1)) +
              ") to be a multiple of the number of heads (" +
              llvm::Twine(heads) + ")");
    return g.placeholder(x->elementType, SymbolicShape(4, DimExpr(1)));
  }
  Val split = g.reshape(
      x, {x->shape[0], x->shape[1], DimExpr(heads), DimExpr(*width / heads)});
  return g.transpose(split, {0, 2, 1, 3});
}

Val moe::importer::joinHeads(GraphBuilder &g, Val x) {
  Val rows = g.transpose(x, {0, 2, 1, 3});
  return g.reshape(rows, {x->shape[0], x->shape[2], x->shape[1] * x->shape[3]});
}

Val moe::importer::combineMasks(GraphBuilder &g, Val a, Val b) {
  if (!a || !b)
    return a ? a : b;
  if (a->isBool() && b->isBool())
    return g.binary(Binary::And, a, b);
  if (!a->isBool() && !b->isBool())
    return g.add(a, b);
  if (!a->isBool())
    std::swap(a, b);
  return g.select(a, b, g.scalar(b->elementType, -kInfinity));
}

/// A mask in the shape B x Nk x G x S x T, in which sizes may be 1.
static Val groupMask(GraphBuilder &g, Val mask, int64_t keyHeads,
                     int64_t group) {
  SymbolicShape shape(4 - mask->rank(), DimExpr(1));
  shape.append(mask->shape.begin(), mask->shape.end());
  bool perHead = !shape[1].is(1);
  SymbolicShape wide{shape[0], DimExpr(perHead ? keyHeads : 1),
                     DimExpr(perHead ? group : 1), shape[2], shape[3]};
  return g.reshape(mask, wide);
}

static Val attentionBody(GraphBuilder &g, const AttentionParts &parts) {
  Type original = parts.query->elementType;
  Type type =
      original.getIntOrFloatBitWidth() < 32 ? g.builder.getF32Type() : original;
  Val q = g.convert(parts.query, type), k = g.convert(parts.key, type),
      v = g.convert(parts.value, type);
  int64_t heads = *q->shape[1].constant(), keyHeads = *k->shape[1].constant();
  int64_t group = heads / keyHeads;
  DimExpr batch = q->shape[0], length = q->shape[2], total = k->shape[2];
  q = g.reshape(
      q, {batch, DimExpr(keyHeads), DimExpr(group), length, q->shape[3]});
  Val logits = g.dot(q, k, {0, 1}, {0, 1}, {4}, {3});
  if (parts.scale != 1.0f)
    logits = g.mul(logits, g.scalar(type, parts.scale));
  if (parts.softcap > 0) {
    Val cap = g.scalar(type, parts.softcap);
    logits = g.mul(g.unary<hlo::TanhOp>(g.div(logits, cap)), cap);
  }
  Val none = g.scalar(type, -kInfinity);
  if (parts.mask) {
    Val mask = groupMask(g, parts.mask, keyHeads, group);
    logits = mask->isBool() ? g.select(mask, logits, none)
                            : g.add(logits, g.convert(mask, type));
  }
  if (parts.causal != Causal::None) {
    SymbolicShape plane{length, total};
    Val row = g.iota(g.i64(), plane, 0), column = g.iota(g.i64(), plane, 1);
    if (parts.causal == Causal::End)
      row = g.add(row, g.integers(g.i64(), {total - length}, {}));
    if (parts.causal == Causal::First) {
      DimExpr one(1);
      row = g.add(row, g.reshape(parts.first,
                                 {parts.first->shape[0], one, one, one, one}));
    }
    Val seen = g.compare(Direction::LE, column, row);
    if (parts.window > 0) {
      Val before = g.sub(row, g.integers(g.i64(), {DimExpr(parts.window)}, {}));
      seen =
          g.binary(Binary::And, seen, g.compare(Direction::GT, column, before));
    }
    logits = g.select(seen, logits, none);
  }
  Val greatest = g.reduce(Reduction::Max, logits, {4}, /*keepDims=*/true);
  Val sink = nullptr;
  if (parts.sink) {
    sink = g.reshape(g.convert(parts.sink, type),
                     {DimExpr(1), DimExpr(keyHeads), DimExpr(group), DimExpr(1),
                      DimExpr(1)});
    greatest = g.binary(Binary::Max, greatest, sink);
  }
  // A query that sees nothing has no greatest logit; its sum is 0.
  Val zero = g.scalar(type, 0);
  Val shift =
      g.select(g.compare(Direction::EQ, greatest, none), zero, greatest);
  Val weights = g.unary<hlo::ExpOp>(g.sub(logits, shift));
  Val sum = g.reduce(Reduction::Sum, weights, {4}, /*keepDims=*/true);
  if (sink)
    sum = g.add(sum, g.unary<hlo::ExpOp>(g.sub(sink, shift)));
  sum = g.select(g.compare(Direction::EQ, sum, zero), g.scalar(type, 1), sum);
  Val result = g.dot(g.div(weights, sum), v, {0, 1}, {0, 1}, {4}, {2});
  return g.convert(
      g.reshape(result, {batch, DimExpr(heads), length, v->shape[3]}),
      original);
}

Val moe::importer::emitAttention(NodeContext &node,
                                 const AttentionParts &parts) {
  GraphBuilder &graph = node.graph;
  Val q = parts.query, k = parts.key, v = parts.value;
  if (graph.failed())
    return graph.placeholder(q->elementType, SymbolicShape(4, DimExpr(1)));
  SymbolicShape shape = q->shape;
  shape[3] = v->shape[3];
  auto heads = q->shape[1].constant(), keyHeads = k->shape[1].constant();
  if (!heads || !keyHeads || *keyHeads <= 0 || *heads % *keyHeads != 0)
    node.fail("requires the number of query heads (" +
              llvm::Twine(heads.value_or(-1)) +
              ") to be a multiple of the number of key heads (" +
              llvm::Twine(keyHeads.value_or(-1)) + ")");
  if (parts.mask && parts.mask->rank() > 4)
    node.fail("requires the rank of the mask (" +
              llvm::Twine(parts.mask->rank()) + ") to be at most 4");
  if (parts.mask && parts.mask->rank() == 4 && !parts.mask->shape[1].is(1) &&
      heads && !parts.mask->shape[1].is(*heads))
    node.fail("requires the heads of the mask to be 1 or those of the query");
  if (graph.failed())
    return graph.placeholder(q->elementType, shape);
  SmallVector<Val> inputs{q, k, v};
  if (parts.first)
    inputs.push_back(parts.first);
  if (parts.mask) {
    // Where blocks of it are read, sizes are 1 or those of the logits, without
    // anybody finding out at run time.
    SymbolicShape sizes = parts.mask->shape;
    const DimExpr whole[] = {q->shape[0], q->shape[1], q->shape[2],
                             k->shape[2]};
    for (auto [size, all] :
         llvm::zip_equal(sizes, ArrayRef(whole).take_back(sizes.size())))
      if (parts.causal != Causal::None && !size.is(1))
        size = all;
    inputs.push_back(graph.expand(parts.mask, sizes));
  }
  if (parts.sink)
    inputs.push_back(parts.sink);
  StringRef causal = parts.causal == Causal::None    ? "none"
                     : parts.causal == Causal::Start ? "start"
                     : parts.causal == Causal::End   ? "end"
                                                     : "first";
  return graph.composite(
      "onnx.Attention",
      {graph.attr("causal", causal),
       graph.attr("has_mask", int64_t(parts.mask != nullptr)),
       graph.attr("has_sink", int64_t(parts.sink != nullptr)),
       graph.attr("scale", parts.scale), graph.attr("softcap", parts.softcap),
       graph.attr("window", parts.window)},
      inputs, [&](GraphBuilder &g, ArrayRef<Val> in) {
        AttentionParts inner = parts;
        inner.query = in[0];
        inner.key = in[1];
        inner.value = in[2];
        size_t next = 3;
        if (parts.first)
          inner.first = in[next++];
        if (parts.mask)
          inner.mask = in[next++];
        if (parts.sink)
          inner.sink = in[next++];
        return SmallVector<Val>{attentionBody(g, inner)};
      })[0];
}

Val moe::importer::emitRotary(NodeContext &node, Val x, Val cosine, Val sine,
                              bool interleaved) {
  GraphBuilder &graph = node.graph;
  if (graph.failed())
    return x;
  auto width = x->shape[3].constant(), half = cosine->shape.back().constant();
  if (cosine->rank() != 3 || sine->rank() != 3 || !width || !half ||
      2 * *half > *width)
    node.fail("requires twice the width of the cosines (" +
              llvm::Twine(half.value_or(-1)) +
              ") to be at most the head size (" +
              llvm::Twine(width.value_or(-1)) + ")");
  if (graph.failed())
    return x;
  return graph.composite(
      "onnx.RotaryEmbedding", {graph.attr("interleaved", int64_t(interleaved))},
      {x, cosine, sine},
      [&](GraphBuilder &g, ArrayRef<Val> in) -> SmallVector<Val> {
        Val x = in[0];
        auto perHead = [&](Val table) {
          SymbolicShape shape{table->shape[0], DimExpr(1), table->shape[1],
                              table->shape[2]};
          return g.convert(g.reshape(table, shape), x->elementType);
        };
        Val cosine = perHead(in[1]), sine = perHead(in[2]);
        int64_t rotated = 2 * *half;
        Val turned = g.sliceDim(x, 3, DimExpr(0), DimExpr(rotated));
        SymbolicShape pairs = turned->shape;
        Val first = nullptr, second = nullptr;
        if (interleaved) {
          pairs[3] = DimExpr(*half);
          pairs.push_back(DimExpr(2));
          Val split = g.reshape(turned, pairs);
          SymbolicShape flat(pairs.begin(), pairs.end() - 1);
          first = g.reshape(g.sliceDim(split, 4, DimExpr(0), DimExpr(1)), flat);
          second =
              g.reshape(g.sliceDim(split, 4, DimExpr(1), DimExpr(1)), flat);
        } else {
          first = g.sliceDim(turned, 3, DimExpr(0), DimExpr(*half));
          second = g.sliceDim(turned, 3, DimExpr(*half), DimExpr(*half));
        }
        Val real = g.sub(g.mul(first, cosine), g.mul(second, sine));
        Val imaginary = g.add(g.mul(first, sine), g.mul(second, cosine));
        Val result = nullptr;
        if (interleaved) {
          SymbolicShape column = real->shape;
          column.push_back(DimExpr(1));
          result = g.reshape(
              g.concat({g.reshape(real, column), g.reshape(imaginary, column)},
                       4),
              turned->shape);
        } else {
          result = g.concat({real, imaginary}, 3);
        }
        if (rotated != *width)
          result = g.concat({result, g.sliceDim(x, 3, DimExpr(rotated),
                                                DimExpr(*width - rotated))},
                            3);
        return {result};
      })[0];
}
