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

} // namespace moe

#endif // MOE_ANALYSIS_ROWTILES_H
