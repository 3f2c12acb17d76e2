// Which dynamic sizes of a graph are certainly equal.
#ifndef MOE_PASSES_CONVERSION_STABLEHLOTOLINALG_SIZEANALYSIS_H
#define MOE_PASSES_CONVERSION_STABLEHLOTOLINALG_SIZEANALYSIS_H

#include "mlir/IR/Value.h"

namespace moe::graph {

/// Names a size: the symbol that a function argument carries for it, or the
/// value and dimension where it comes from.
struct SizeKey {
  const void *source = nullptr;
  int64_t dim = 0;
  friend bool operator==(const SizeKey &a, const SizeKey &b) {
    return a.source == b.source && a.dim == b.dim;
  }
};

/// Follows the size of dimension `dim` of `value` to where it comes from. Equal
/// keys mean equal sizes; different keys mean nothing.
SizeKey traceSize(mlir::Value value, int64_t dim);

} // namespace moe::graph

#endif // MOE_PASSES_CONVERSION_STABLEHLOTOLINALG_SIZEANALYSIS_H
