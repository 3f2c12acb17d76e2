// What can be proved of a task graph from its text alone.
#ifndef MOE_ANALYSIS_TILEGRAPH_H
#define MOE_ANALYSIS_TILEGRAPH_H

#include "moe/Dialect/MoETile/MoETile.h"

namespace moe::tile {

/// Checks progress, coverage, order of memory and epochs of `graph`: the
/// constraints of `moe-verify-tile`, in the order of its description. Emits an
/// error for the first one that does not hold.
mlir::LogicalResult verifyTileGraph(GraphOp graph);

/// The arrivals that a cell of `signal` gets in one launch from those of
/// `arrivals`, which name it; null where a number in them does not fit into 64
/// bits.
ArrivalsAttr deriveArrivals(SignalOp signal, llvm::ArrayRef<ArriveOp> arrivals);

} // namespace moe::tile

#endif // MOE_ANALYSIS_TILEGRAPH_H
