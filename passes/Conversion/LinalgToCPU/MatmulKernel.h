// The functions that multiply one panel of B, generated on first use.
#ifndef MOE_PASSES_CONVERSION_LINALGTOCPU_MATMULKERNEL_H
#define MOE_PASSES_CONVERSION_LINALGTOCPU_MATMULKERNEL_H

#include "Contraction.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace moe {

/// What a kernel multiplies and how its operands lie in memory.
struct KernelForm {
  RegisterTile tile;
  /// A has more than half of the tile's rows, and no more than all.
  bool fillsTile = false;
  mlir::Type a;
  /// Floats, or bytes where B holds codes.
  mlir::Type b;
  /// Elements along k that one product takes at a time: 2 for pairs of bf16.
  int64_t pair = 1;
  /// B has no more columns than C; else it has those of the tile.
  bool masksB = false;
  /// What is read after B lies behind it, and is fetched meanwhile.
  bool fetchesAhead = false;
  /// The left half of B's columns lies in front of the right one.
  bool hasHalves = false;
  /// Bytes behind what it reads at which a tile that reads from memory fetches
  /// the next lines; 0 leaves that to the hardware.
  int64_t fetchDistance = 0;
  std::optional<CodeFormat> codes;
  /// Element type of the scales of codes.
  mlir::Type scale;
  bool hasZeros = false;
  /// The kernel multiplies in tile registers (AMX): pairs of bf16, whose depth
  /// and groups of codes are multiples of tileDepth.
  bool usesTiles = false;
  /// So it does f32, with B in halves: rows of A come in parts, too, K is a
  /// multiple of tileDepth.
  bool hasParts = false;
  /// At most two rows of A, of bf16, become digits that are multiplied by codes
  /// as integers, so many elements along k at a time; 0: they do not. K and
  /// groups of codes are multiples of it.
  int64_t digitDepth = 0;
  /// A has no more rows than mostRowsBesideTiles, and B has pairs of bf16.
  bool isForFewRows = false;
  /// B is [n, K] with rows as they lie in memory, and rows of A are few: sums
  /// run along the lanes of vectors.
  bool sumsLanes = false;

  /// Codes of four bits, or of two in pairs.
  bool hasNibbles() const { return codes && codes->bits < 8; }
  /// Elements along k that one row of B holds.
  int64_t stepDepth() const { return hasNibbles() ? 8 / codes->bits : pair; }
  /// The fewest rows that a tile of rows of A can have.
  int64_t leastRows() const { return fillsTile ? tile.rows / 2 + 1 : 1; }
  int64_t vectors() const { return tile.columns / tile.lanes; }
  /// Elements of B's type in a row of B.
  int64_t rowElements() const {
    return hasNibbles() ? tile.columns : tile.columns * pair / halves();
  }
  int64_t halves() const { return hasHalves ? 2 : 1; }
  /// The cache to which few rows fetch codes: the first one where they read two
  /// halves at once, which they fetch from less far ahead, else the second one.
  int64_t cacheOfCodes() const { return hasHalves ? 1 : 2; }
  int64_t rowBytes() const {
    return rowElements() * b.getIntOrFloatBitWidth() / 8;
  }
};

/// The function
///   kernel(A: [M, K], B: [K / d, r], C: [M, n]):
///     C += A * B[:, 0:n],  n <= w = tile.columns
/// of `module`, with d = stepDepth() and r = rowElements(); made if it has none
/// yet. Where B has halves it is [2 * K / d, r]. A and C have contiguous rows.
/// Where B holds codes two more arguments follow: scales [G, w] and, if there
/// are such, codes of zero points, in rows like those of B with groups in place
/// of k. Where A has parts they follow, each [M, K] of bf16, whose sum is A.
/// Where lanes are summed B is [n, K] and the kernel computes C += A * B^T for
/// any n.
mlir::func::FuncOp getMatmulKernel(mlir::ModuleOp module,
                                   const KernelForm &form);

/// A matrix with contiguous rows of any stride.
mlir::MemRefType getRowsType(mlir::Type element);

} // namespace moe

#endif // MOE_PASSES_CONVERSION_LINALGTOCPU_MATMULKERNEL_H
