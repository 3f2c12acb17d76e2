// The logits of a layer's route, as tasks of its graph make them.
#ifndef MOE_PASSES_CONVERSION_MOETOTILE_LAYERLOGITS_H
#define MOE_PASSES_CONVERSION_MOETOTILE_LAYERLOGITS_H

#include "TileLayer.h"

namespace moe {

/// One family of the graph:
///
///   logits(t, n)  logits[t, n] = x[t, *] * router[n, *]
///
/// Its tasks are those that the product has elsewhere: as many tokens as a
/// kernel takes rows, by one panel of the router. So logits have the bits of
/// those that stand before a graph, and several workers share the router of a
/// call with few tokens.
class LayerLogits {
public:
  /// Those of `layer`, which takes them, for kernels of `unit`.
  LayerLogits(tile::TaskBuilder &builder, const TileLayer &layer,
              const VectorUnit &unit);

  /// What becomes the buffer 'logits': tokens x experts.
  mlir::MemRefType type() const { return logits; }
  mlir::Value input() { return op.getInput(); }
  /// Declares 'logits', and all that the family uses but the layer's 'x'.
  void addBuffers();
  void build();
  /// Waits for all of them.
  mlir::Value wait();

private:
  static constexpr int64_t dynamic = mlir::ShapedType::kDynamic;
  static mlir::Type elementOf(mlir::Value tensor) {
    return mlir::getElementTypeOrSelf(tensor.getType());
  }

  tile::TaskBuilder *builder;
  LogitsOp op;
  PanelWeight router;
  tile::Dim tokens, experts;
  mlir::MemRefType logits;
  /// The router reads what experts do.
  bool sharesInput;
};

} // namespace moe

#endif // MOE_PASSES_CONVERSION_MOETOTILE_LAYERLOGITS_H
