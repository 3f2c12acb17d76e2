// The parts that every attention operator is put together from.
#ifndef MOE_LIB_IMPORT_ONNX_ATTENTIONPARTS_H
#define MOE_LIB_IMPORT_ONNX_ATTENTIONPARTS_H

#include "NodeContext.h"

namespace moe::importer {

/// Where the diagonal of a causal mask is: nowhere (no mask), so that the first
/// query sees the first key, so that the last query sees the last key, or so
/// that the first query stands at a key that the run tells.
enum class Causal { None, Start, End, First };

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
  /// B positions of first queries among the keys, or one for all; negative ones
  /// see nothing. Null unless causal is First.
  Val first = nullptr;
  /// Of a causal mask: how many keys a query sees at most, its own place
  /// included; 0 for all.
  int64_t window = 0;
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
