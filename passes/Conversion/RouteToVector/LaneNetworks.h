// Networks that work on all lanes of vectors at once: transposition, sorting.
#ifndef MOE_PASSES_CONVERSION_ROUTETOVECTOR_LANENETWORKS_H
#define MOE_PASSES_CONVERSION_ROUTETOVECTOR_LANENETWORKS_H

#include "../MoEToLinalg/TensorBuilder.h"

namespace moe::detail {

/// A list of vectors of integers. Lane by lane it is a list of numbers.
using Lanes = llvm::SmallVector<mlir::Value>;

/// Transposes the matrix that has `rows` as its rows; their number R and width
/// are powers of two, the width at most `width`. Returns the elements of the
/// transposed matrix, row after row, in vectors of `width`; R is a multiple of
/// `width` or the rows are that wide.
Lanes transpose(TensorBuilder &b, llvm::ArrayRef<mlir::Value> rows,
                int64_t width);

/// Sorts `list`, whose length is a power of two, in each lane: the largest
/// comes first. A network of n log² n comparators (Batcher's odd-even
/// mergesort; 19 for 8 numbers).
void sortDescending(TensorBuilder &b, Lanes &list);

/// Replaces `best` by the largest of the numbers of `best` and `others`, sorted
/// as both are; lengths are equal powers of two. Of a descending and an
/// ascending list, the larger ones of the pairs are the n largest numbers, and
/// fall and rise only once: log n steps of a bitonic network sort them.
void keepLargest(TensorBuilder &b, Lanes &best,
                 llvm::ArrayRef<mlir::Value> others);

} // namespace moe::detail

#endif // MOE_PASSES_CONVERSION_ROUTETOVECTOR_LANENETWORKS_H
