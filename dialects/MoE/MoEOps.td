//===- MoEOps.td - every op of the moe dialect ----------------------------===//
#ifndef MOE_DIALECT_MOE_MOEOPS_TD
#define MOE_DIALECT_MOE_MOEOPS_TD

include "MoEExperts.td"
include "MoELazy.td"
include "MoEMerge.td"
include "MoEPlans.td"
include "MoEQuant.td"
include "MoERouting.td"
include "MoEStatistics.td"

#endif // MOE_DIALECT_MOE_MOEOPS_TD
