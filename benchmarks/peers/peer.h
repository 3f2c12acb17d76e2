// What a peer written in C++ offers to worker.py. All functions are called from
// one thread; failures end the process with a message on standard error.
#ifndef MOE_BENCHMARKS_PEERS_PEER_H
#define MOE_BENCHMARKS_PEERS_PEER_H

#include <cstdint>

extern "C" {

enum PeerRouter : int32_t {
  SoftmaxTopK,
  SoftmaxTopKRenorm,
  TopKSoftmax,
  SigmoidTopKRenorm
};
enum PeerBody : int32_t { Silu, GptOss, Relu };
enum PeerFormat : int32_t { F32, BF16, Int8, Int4 };

/// A stack of matrices [count, rows, depth], row-major. Int8 means q * s, Int4,
/// two in a byte, the lower one first, (u - 8) * s; `scales` [count, rows,
/// depth / 64] are f32 and null for floats. The memory stays the caller's and
/// outlives the peer.
struct PeerMatrix {
  const void *elements;
  const float *scales;
};

/// One layer, as moe-bench --list names its parts. The rows of `first` are gate
/// then up (Silu), gate and up in turn (GptOss), or up alone (Relu). Biases
/// [experts, rows] are null but for GptOss, shared matrices but where
/// `sharedWidth` is not 0.
struct PeerLayer {
  int64_t hidden, width, experts, topK, sharedWidth, threads;
  PeerRouter router;
  PeerBody body;
  PeerFormat format;
  PeerMatrix first, down, sharedFirst, sharedDown;
  const float *firstBias, *downBias;
};

/// Makes a peer and lays its weights out. The caller never releases it.
void *peerCreate(const PeerLayer *layer);

/// Sets the inputs x [tokens, hidden] and logits [tokens, experts]; both are
/// copied, in the element type that the peer computes with.
void peerBind(void *peer, int64_t tokens, const float *x, const float *logits);

/// Computes the layer once.
void peerRun(void *peer);

/// Copies the output [tokens, hidden] of the last run.
void peerOutput(void *peer, float *y);

} // extern "C"

#endif // MOE_BENCHMARKS_PEERS_PEER_H
