// The parts that every attention operator is put together from.
#ifndef MOE_LIB_IMPORT_ONNX_ATTENTIONPARTS_H
#define MOE_LIB_IMPORT_ONNX_ATTENTIONPARTS_H

#include "NodeContext.h"

namespace moe::importer {

/// Where the diagonal of a causal mask ends: nowhere (no mask), so that the
/// first query sees the first key, or so that the last query sees the last key.
enum class Causal { None, Start, End };

struct AttentionParts {
  Val query = nullptr; // B x Nq x S x D
  Val key = nullptr;   // B x Nk x T x D, with what came before
  Val value = nullptr; // B x Nk x T x Dv
  /// Broadcast to B x Nq x S x T: truth values of what is seen, or numbers
  /// that are added.
  Val mask = nullptr;
  /// Nq logits of an extra key without a value.
  Val sink = nullptr;
  Causal causal = Causal::None;
  float scale = 1, softcap = 0;
};

/// The composite onnx.Attention: B x Nq x S x Dv. Queries that see nothing get
/// 0.
Val emitAttention(NodeContext &node, const AttentionParts &parts);

/// The composite onnx.RotaryEmbedding of `x`, B x N x S x D, by angles whose
/// cosines and sines are B x S x R/2 (or 1 x S x R/2).
Val emitRotary(NodeContext &node, Val x, Val cosine, Val sine,
               bool interleaved);

/// The composite onnx.Gather.
Val emitGather(GraphBuilder &graph, Val data, Val indices, int64_t axis);

/// B x S x (N D) as B x N x S x D, and back.
Val splitHeads(NodeContext &node, Val x, int64_t heads);
Val joinHeads(GraphBuilder &graph, Val x);

/// Both masks at once; either may be null.
Val combineMasks(GraphBuilder &graph, Val a, Val b);

} // namespace moe::importer

#endif // MOE_LIB_IMPORT_ONNX_ATTENTIONPARTS_H
