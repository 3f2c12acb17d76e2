//===- StableHLOOps.td - all operations of the stablehlo dialect ----------===//
#ifndef MOE_DIALECT_STABLEHLO_STABLEHLOOPS_TD
#define MOE_DIALECT_STABLEHLO_STABLEHLOOPS_TD

include "StableHLOElementwise.td"
include "StableHLOShape.td"
include "StableHLOIndexing.td"
include "StableHLOReduction.td"
include "StableHLOConvolution.td"
include "StableHLOControl.td"

#endif // MOE_DIALECT_STABLEHLO_STABLEHLOOPS_TD
