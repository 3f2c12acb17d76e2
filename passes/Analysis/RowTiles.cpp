// How kernels divide the rows of an expert.
#include "moe/Analysis/RowTiles.h"

#include "llvm/Support/MathExtras.h"

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
