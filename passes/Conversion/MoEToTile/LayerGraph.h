// Builds the task graphs of a layer.
#ifndef MOE_PASSES_CONVERSION_MOETOTILE_LAYERGRAPH_H
#define MOE_PASSES_CONVERSION_MOETOTILE_LAYERGRAPH_H

#include "TileLayer.h"

namespace moe {

/// How a layer is cut into tasks.
struct LayerCut {
  int64_t rows;          ///< of a tile of one expert's rows
  int64_t hiddenColumns; ///< that one task of the first products makes
  int64_t outColumns;    ///< that one task of the last products makes
  int64_t tokens;        ///< that one task begins or ends the sums of
  int64_t coldBatch;     ///< tiles that come together where they have few rows
  /// Entries of the rings between the families of a sweep: gathered rows and
  /// hidden vectors. Two more than what is made and what is used up at one
  /// time, so that a worker that is late holds nobody up.
  int64_t ring;

  /// For kernels of `unit` that divide rows as `rows` says.
  static LayerCut get(const VectorUnit &unit, const RowCut &rows,
                      int64_t coldBatch);
};

/// Builds `layer`, whose weights are packed, cut as `cut` says, as one graph,
/// or as two with the hidden vectors in memory between them. Returns the result
/// of the combine.
mlir::Value buildLayerGraph(TileLayer &layer, const VectorUnit &unit,
                            const LayerCut &cut, bool isFused);

} // namespace moe

#endif // MOE_PASSES_CONVERSION_MOETOTILE_LAYERGRAPH_H
