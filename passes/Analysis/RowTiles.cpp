// How kernels divide the rows of an expert.
#include "moe/Analysis/RowTiles.h"

#include "llvm/Support/MathExtras.h"

#include <numeric>

/// Heights of tasks: 20 tiles of six rows; where there are tile registers,
/// whose CPUs have a second cache of 2 MiB, nine blocks of two. Rows beyond a
/// task read the weights of their expert once more: most experts that get 256
/// rows on average get no more than this. Parts of rows are three times as many
/// bytes: five blocks, for experts that get 128 rows. Rings are as high as
/// tasks.
static constexpr int64_t vectorTiles = 20, tileRows = 270, partsRows = 160;

int64_t moe::registerTileRows(unsigned vectorBits, unsigned vectorRegisters) {
  return vectorRegisters >= 32 || vectorBits >= 256 ? 6 : 4;
}

llvm::SmallVector<int64_t> moe::tileHeights(int64_t rows, int64_t most) {
  auto count = static_cast<int64_t>(llvm::divideCeil(rows, most));
  llvm::SmallVector<int64_t> heights;
  for (int64_t tile = 0; tile < count; ++tile)
    heights.push_back((tile + 1) * rows / count - tile * rows / count);
  return heights;
}

int64_t moe::RowCut::task() const {
  if (hasParts)
    return partsRows;
  return hasTiles ? tileRows : vectorTiles * vectorRows;
}

int64_t moe::RowCut::computed(int64_t rows) const {
  if (!hasTiles) {
    llvm::SmallVector<int64_t> heights = tileHeights(rows, vectorRows);
    return std::accumulate(heights.begin(), heights.end(), int64_t(0));
  }
  // Tasks of full height have no rest. The others are divided evenly into
  // blocks of two tiles.
  int64_t rest = rows % task();
  if (isForVectors(rest))
    return rows;
  auto blocks =
      static_cast<int64_t>(llvm::divideCeil(rest, 2 * tileRegisterRows));
  return rows - rest + static_cast<int64_t>(llvm::alignTo(rest, blocks));
}

int64_t moe::RowCut::inWholeTiles(int64_t rows) const {
  return static_cast<int64_t>(llvm::alignTo(rows, unit()));
}
