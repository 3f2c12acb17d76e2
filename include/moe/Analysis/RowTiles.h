// How kernels divide the rows of an expert.
#ifndef MOE_ANALYSIS_ROWTILES_H
#define MOE_ANALYSIS_ROWTILES_H

#include "llvm/ADT/SmallVector.h"

#include <cstdint>

namespace moe {

/// Rows of the matmul kernel's register tile on a CPU with such vectors.
int64_t registerTileRows(unsigned vectorBits, unsigned vectorRegisters);

/// Heights of the tiles that a kernel whose register tile has `most` rows
/// computes `rows` rows in, in order: as few as there can be, of heights that
/// differ by one at most.
llvm::SmallVector<int64_t> tileHeights(int64_t rows, int64_t most);

/// Rows of a tile register of AMX.
constexpr int64_t tileRegisterRows = 16;
/// Rows that go to vectors where a CPU has tile registers, of weights that are
/// numbers and of codes: for these few, memory or reading codes takes longer
/// than multiplying, and tile registers would do nothing but wait.
constexpr int64_t mostRowsBesideTiles = 3, mostRowsOfCodesBesideTiles = 2;

/// Rows of f32 that go to vectors where tile registers multiply them in parts
/// of bf16.
constexpr int64_t mostRowsBesideParts = 12;

/// How a kernel divides the rows of an expert.
struct RowCut {
  /// Rows of the register tile of vectors. It is as high as the rows are, so
  /// nothing is computed for nobody.
  int64_t vectorRows;
  /// Whether more than mostForVectors() go to tile registers. Two of those
  /// are a block, blocks are of one height: of the last one, less than a row
  /// for each block may be computed for nobody.
  bool hasTiles = false;
  /// Whether weights are codes.
  bool hasCodes = false;
  /// Whether tile registers multiply f32 in parts of bf16. Their blocks are of
  /// one height, too.
  bool hasParts = false;

  /// Rows that one task multiplies by a panel of weights: enough to use it many
  /// times, few enough that their part of A stays in the second cache.
  int64_t task() const;
  /// Multiples of so many rows fill every tile.
  int64_t unit() const { return hasTiles ? tileRegisterRows : vectorRows; }
  int64_t mostForVectors() const {
    return hasCodes   ? mostRowsOfCodesBesideTiles
           : hasParts ? mostRowsBesideParts
                      : mostRowsBesideTiles;
  }
  /// Whether a call of `rows` rows goes to vectors.
  bool isForVectors(int64_t rows) const {
    return !hasTiles || rows <= mostForVectors();
  }
  /// Rows that are computed for `rows` rows of one expert.
  int64_t computed(int64_t rows) const;
  /// The same where every tile is a whole one.
  int64_t inWholeTiles(int64_t rows) const;
};

} // namespace moe

#endif // MOE_ANALYSIS_ROWTILES_H
