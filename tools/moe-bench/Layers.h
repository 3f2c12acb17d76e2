// The layers that moe-bench knows by name.
#ifndef MOE_TOOLS_MOE_BENCH_LAYERS_H
#define MOE_TOOLS_MOE_BENCH_LAYERS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>
#include <vector>

namespace moe::bench {

/// The shape and the variant of one MoE layer, as the model's published
/// configuration has them.
struct Layer {
  enum class Router {
    SoftmaxTopK,       ///< softmax over all, weights as they are
    SoftmaxTopKRenorm, ///< ... divided by their sum
    TopKSoftmax,       ///< softmax over the selected logits
    SigmoidTopKRenorm  ///< sigmoid, divided by their sum
  };
  enum class Body {
    Silu,   ///< gated silu
    GptOss, ///< gated, clamped, alpha 1.702, biases, interleaved rows
    Relu    ///< not gated
  };

  llvm::StringLiteral name;
  int64_t hidden;      ///< H, width of a token
  int64_t width;       ///< inner width of a routed expert
  int64_t experts;     ///< E
  int64_t topK;        ///< K
  int64_t sharedWidth; ///< inner width of the always-on expert; 0 for none
  Router router;
  Body body;

  bool gated() const { return body != Body::Relu; }
  /// Multiply-adds of one row of an expert of inner width `inner`.
  int64_t multiplyAdds(int64_t inner) const {
    return (gated() ? 3 : 2) * hidden * inner;
  }
};

/// One parameter tensor of a layer in its weights file: f32, row-major.
struct Parameter {
  std::vector<int64_t> shape;
  uint64_t offset; ///< in bytes
  /// Values are uniform in [-scale, scale).
  float scale;

  int64_t elements() const;
};

llvm::ArrayRef<Layer> allLayers();

/// The layer called `name`, or null.
const Layer *findLayer(llvm::StringRef name);

/// The parameters in the order of the operands of moe.experts: first matrix,
/// its bias, down matrix, its bias; routed experts before the shared one.
std::vector<Parameter> parametersOf(const Layer &layer);

/// The module at the moe level: main(x: [T, H], logits: [T, E]) -> y: [T, H],
/// with parameters that refer to `weightsFile`.
std::string layerText(const Layer &layer, llvm::StringRef weightsFile);

} // namespace moe::bench

#endif // MOE_TOOLS_MOE_BENCH_LAYERS_H
