// Networks that work on all lanes of vectors at once: transposition, sorting.
#include "LaneNetworks.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace moe::detail;

/// The elements [from, to) of a[0], b[0], a[1], b[1], ...
static Value interleave(TensorBuilder &b, Value left, Value right, int64_t from,
                        int64_t to) {
  int64_t width = cast<VectorType>(left.getType()).getDimSize(0);
  SmallVector<int64_t> mask;
  for (int64_t i = from; i < to; ++i)
    mask.push_back(i / 2 + i % 2 * width);
  return vector::ShuffleOp::create(b, left, right, mask);
}

/// Each step interleaves the row that is next with the one half of all rows
/// away, which brings the top bit of the number of a row to the end of the
/// position of an element. What does not fit into a vector is the next part.
Lanes moe::detail::transpose(TensorBuilder &b, ArrayRef<Value> rows,
                             int64_t width) {
  Lanes vectors(rows);
  // Vectors lie part by part, with those of `left` rows in each.
  for (size_t left = rows.size(), parts = 1; left > 1; left /= 2) {
    int64_t both =
        2 * cast<VectorType>(vectors.front().getType()).getDimSize(0);
    int64_t pieces = both > width ? 2 : 1, half = left / 2;
    Lanes next(parts * pieces * half);
    for (size_t part = 0; part < parts; ++part)
      for (int64_t piece = 0; piece < pieces; ++piece)
        for (int64_t row = 0; row < half; ++row)
          next[(part * pieces + piece) * half + row] = interleave(
              b, vectors[part * left + row], vectors[part * left + half + row],
              piece * both / pieces, (piece + 1) * both / pieces);
    vectors = std::move(next);
    parts *= pieces;
  }
  return vectors;
}

/// Puts the larger of two numbers first.
static void compareExchange(TensorBuilder &b, Value &first, Value &second) {
  Value larger = arith::MaxSIOp::create(b, first, second);
  second = arith::MinSIOp::create(b, first, second);
  first = larger;
}

void moe::detail::sortDescending(TensorBuilder &b, Lanes &list) {
  size_t size = list.size();
  // Sorted lists of `sorted` numbers are merged in pairs; a merge compares
  // numbers that are farther apart first.
  for (size_t sorted = 1; sorted < size; sorted *= 2)
    for (size_t apart = sorted; apart > 0; apart /= 2)
      for (size_t begin = apart % sorted; begin + apart < size;
           begin += 2 * apart)
        for (size_t i = begin; i < std::min(begin + apart, size - apart); ++i)
          if (i / (2 * sorted) == (i + apart) / (2 * sorted))
            compareExchange(b, list[i], list[i + apart]);
}

void moe::detail::keepLargest(TensorBuilder &b, Lanes &best,
                              ArrayRef<Value> others) {
  for (auto [mine, other] : llvm::zip_equal(best, llvm::reverse(others)))
    mine = arith::MaxSIOp::create(b, mine, other);
  for (size_t apart = best.size() / 2; apart > 0; apart /= 2)
    for (size_t i = 0; i < best.size(); ++i)
      if ((i & apart) == 0)
        compareExchange(b, best[i], best[i + apart]);
}
