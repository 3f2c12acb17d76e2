// What auxiliary losses are computed from, by kind.
#ifndef MOE_DIALECT_MOE_STATISTICS_H
#define MOE_DIALECT_MOE_STATISTICS_H

#include "moe/Dialect/MoE/MoE.h"

namespace moe {

/// An operand of `moe.aux_loss`. `rank` is that of a statistic over all units;
/// one of parts has one dimension more.
struct LossStatistic {
  llvm::StringRef name;
  unsigned rank;
  bool isCount;
  /// Whether there may be a leading dimension of parts.
  bool hasParts;
  /// A row for each expert instead of a column.
  bool hasRows = false;
};

/// The statistics of `kind` in operand order.
llvm::ArrayRef<LossStatistic> getLossStatistics(AuxLossKind kind);

/// Whether the formula of `kind` has a k.
bool usesK(AuxLossKind kind);

/// Whether `kind` is a squared coefficient of variation.
bool isVariation(AuxLossKind kind);

} // namespace moe

#endif // MOE_DIALECT_MOE_STATISTICS_H
