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
    SigmoidTopKRenorm, ///< sigmoid, divided by their sum
    SparseMixer        ///< each pick by a softmax over the logits near it
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

/// Logits near a pick of SparseMixer: those that lie below it by at most this
/// share of the larger magnitude, twice.
constexpr double sparseMixerEpsilon = 0.01;

/// How numbers are stored. The integers are codes of weights, one scale per
/// `scaleGroup` of them along the last dimension: int8 means q * s, and int4,
/// two in a byte, (u - 8) * s.
enum class Format { F32, BF16, Int8, Int4 };

constexpr int64_t scaleGroup = 64;

/// What a layer computes with.
struct Precision {
  Format weights = Format::F32;
  Format activations = Format::F32; ///< f32 or bf16; scales and biases, too
};

unsigned bitsOf(Format format);
llvm::StringRef formatName(Format format);

/// One parameter tensor of a layer in its weights file, row-major.
struct Parameter {
  std::vector<int64_t> shape;
  Format format;
  Format scaleFormat; ///< of the scales, where `format` has some
  uint64_t offset;    ///< of the elements in the file, in bytes
  /// Values are about uniform in [-range, range).
  float range;

  bool isQuantized() const {
    return format == Format::Int8 || format == Format::Int4;
  }
  int64_t elements() const;
  uint64_t elementBytes() const { return elements() * bitsOf(format) / 8; }
  /// Scales follow the elements.
  uint64_t scaleOffset() const { return offset + elementBytes(); }
  int64_t scales() const { return isQuantized() ? elements() / scaleGroup : 0; }
  uint64_t bytes() const {
    return elementBytes() + scales() * bitsOf(scaleFormat) / 8;
  }
};

llvm::ArrayRef<Layer> allLayers();

/// The layer called `name`, or null.
const Layer *findLayer(llvm::StringRef name);

/// The parameters in the order of the operands of moe.experts: first matrix,
/// its bias, down matrix, its bias; routed experts before the shared one.
std::vector<Parameter> parametersOf(const Layer &layer, Precision precision);

/// Bytes that one multiply-add reads of weights, scales included.
double weightBytesPerElement(Precision precision);

/// The module at the moe level: main(x: [T, H], logits: [T, E]) -> y: [T, H],
/// with parameters that refer to `weightsFile`.
std::string layerText(const Layer &layer, Precision precision,
                      llvm::StringRef weightsFile);

} // namespace moe::bench

#endif // MOE_TOOLS_MOE_BENCH_LAYERS_H
