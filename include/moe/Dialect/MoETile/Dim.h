// A dimension of the moe_tile dialect: what it counts, and the step of its
// tiles.
#ifndef MOE_DIALECT_MOETILE_DIM_H
#define MOE_DIALECT_MOETILE_DIM_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MathExtras.h"

#include <optional>
#include <tuple>

#include "moe/Dialect/MoETile/MoETileEnums.h.inc"

namespace moe::tile {

/// `size` things of one kind, cut into tiles of `step`; `size` is 0 where it is
/// no compile-time constant.
struct Dim {
  Extent extent = Extent::Static;
  int64_t size = 0;
  int64_t step = 1;

  static Dim fixed(int64_t size, int64_t step = 1) {
    return {Extent::Static, size, step};
  }
  static Dim of(Extent extent, int64_t step = 1) { return {extent, 0, step}; }

  bool isStatic() const { return extent == Extent::Static; }
  /// True where the number of tiles differs from launch to launch.
  bool isData() const {
    return extent == Extent::Rows || extent == Extent::Tokens;
  }
  /// Number of tiles of a fixed dimension.
  int64_t staticTiles() const { return llvm::divideCeilSigned(size, step); }
  /// True where both count the same things, whatever the tiles are.
  bool hasExtentOf(const Dim &other) const {
    return extent == other.extent && size == other.size;
  }

  auto key() const { return std::tie(extent, size, step); }
  bool operator==(const Dim &other) const { return key() == other.key(); }
  bool operator!=(const Dim &other) const { return !(*this == other); }
  bool operator<(const Dim &other) const { return key() < other.key(); }
};

inline llvm::hash_code hash_value(const Dim &dim) {
  return llvm::hash_combine(static_cast<int>(dim.extent), dim.size, dim.step);
}

} // namespace moe::tile

#endif // MOE_DIALECT_MOETILE_DIM_H
