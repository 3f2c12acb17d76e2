// The tensors that plans consist of, by encoding.
#ifndef MOE_DIALECT_MOE_PLANS_H
#define MOE_DIALECT_MOE_PLANS_H

#include "moe/Dialect/MoE/MoE.h"

namespace moe {

/// A tensor of a plan: its name in messages and its type; sizes that depend on
/// units and entries are dynamic.
struct PlanPart {
  llvm::StringRef name;
  mlir::RankedTensorType type;
};

/// The tensors of `plan` in the order of `moe.unpack_plan`: those of its
/// encoding, then the carried weights where it carries.
llvm::SmallVector<PlanPart> getPlanParts(PlanType plan);

} // namespace moe

#endif // MOE_DIALECT_MOE_PLANS_H
