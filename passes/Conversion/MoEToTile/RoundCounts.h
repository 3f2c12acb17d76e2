// Code that counts the rows of experts, and rounds their numbers to tiles.
#ifndef MOE_PASSES_CONVERSION_MOETOTILE_ROUNDCOUNTS_H
#define MOE_PASSES_CONVERSION_MOETOTILE_ROUNDCOUNTS_H

#include "../MoEToLinalg/TensorBuilder.h"
#include "moe/Dialect/MoE/MoE.h"

#include <optional>

namespace moe {

/// Runs `body` on unit, slot and expert of each entry of `ids` (U x k, i32; -1
/// is none) in order.
void forEachEntry(
    detail::TensorBuilder &b, mlir::Value ids,
    llvm::function_ref<void(mlir::Value, mlir::Value, mlir::Value)> body);

/// counts[e] = number of entries of `ids` that are e.
void buildCounts(detail::TensorBuilder &b, mlir::Value ids, mlir::Value counts);

/// counts[e] becomes the sum of those up to e.
void buildEnds(detail::TensorBuilder &b, mlir::Value counts);

/// Rounds counts as the capacity of a route says, with the bits of the
/// reference lowering. Of an expert with n members, those change places that
/// stand between n and the next multiples of the tile m, in the order of their
/// keys: at most m - 1 members below, and m - 1 others above. So each expert
/// keeps two lists of that length while the members, and then all units, pass
/// by: O(U E / lanes) for the units that are too weak, and O(m) for each that
/// enters a list.
///
/// Key and unit make one number, no two of which are equal; of equal keys, the
/// unit that comes first is the better one:
///
///   63            32 31             0
///   +---------------+---------------+
///   | order of key  | 2^32 - 1 - u  |
///   +---------------+---------------+
class RoundedCounts {
public:
  RoundedCounts(RouteOp route, int64_t lanes);

  /// What the code works on, in the order of `Views`.
  struct Memory {
    llvm::StringLiteral name;
    mlir::MemRefType type;
  };
  /// Of an expert: how many members may go and how many others may come, and
  /// the best and least of these; what others have to exceed; the units that
  /// come, ascending, how many, and their weights.
  llvm::SmallVector<Memory> memory();
  struct Views {
    explicit Views(mlir::ValueRange views)
        : goers(views[0]), comers(views[1]), mayGo(views[2]), mayCome(views[3]),
          bar(views[4]), added(views[5]), units(views[6]), weights(views[7]) {}
    mlir::Value goers, comers, mayGo, mayCome, bar, added, units, weights;
  };

  /// Most rows that are added to those of `experts`.
  int64_t mostAdded() const { return experts * (tile - 1); }

  /// What units are judged by: logits (U x E); the order of keys and the
  /// statistics of `getKernelScratch`, null for none; a scale of each expert's
  /// weights, null for none.
  struct Inputs {
    mlir::Value logits, orders, statistics, expertScale;
  };
  /// Writes the rounded counts to `counts`. Entries that go become -1 in `ids`.
  /// `inputs.orders` of members are lost.
  void build(detail::TensorBuilder &b, mlir::Value ids, mlir::Value counts,
             const Inputs &inputs, const Views &views);

private:
  class Code;

  RouteOp route;
  int64_t experts, tile, lanes;
};

/// Gives each entry of a plan the next row of its expert, and so do those that
/// rounding has added (`rounded`, if any), which stand among them by their
/// units. `read`: ids, their weights, the ends of experts. `written`: unit and
/// weight of each row; the next row of each expert, and how many added ones are
/// placed.
void buildRows(detail::TensorBuilder &b, mlir::ValueRange read,
               mlir::ValueRange written,
               std::optional<RoundedCounts::Views> rounded);

} // namespace moe

#endif // MOE_PASSES_CONVERSION_MOETOTILE_ROUNDCOUNTS_H
