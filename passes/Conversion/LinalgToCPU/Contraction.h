// Contractions as the CPU kernels see them, and the layout of packed operands.
#ifndef MOE_PASSES_CONVERSION_LINALGTOCPU_CONTRACTION_H
#define MOE_PASSES_CONVERSION_LINALGTOCPU_CONTRACTION_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>

namespace moe {

/// The register tile of the matmul kernel: `rows` x `columns` accumulators of
/// which each row is columns / lanes vectors.
struct RegisterTile {
  int64_t rows;
  int64_t columns;
  int64_t lanes;

  /// The tile for f32 on a CPU with such vectors: accumulators fill the
  /// registers but for the vectors of one row and a broadcast.
  static RegisterTile get(unsigned vectorBits, unsigned vectorRegisters);
};

/// A structured op that computes C[batch, m, n] += A[batch, m, k] * B[batch, n,
/// k] on f32, with dimensions in any order and any number of m and batch
/// dimensions. B is the side that moves along the last dimension of C.
struct Contraction {
  mlir::linalg::GenericOp op;
  mlir::OpOperand *a, *b, *c;
  llvm::SmallVector<unsigned> batch, m;
  unsigned n, k;
  /// Width of the panels of a packed B: [batch..., ceil(N / panel), K, panel];
  /// 0 where B is not packed.
  int64_t panel = 0;

  static std::optional<Contraction> match(mlir::linalg::GenericOp op);

  mlir::AffineMap map(mlir::OpOperand *operand) const {
    return mlir::linalg::GenericOp(op).getMatchingIndexingMap(operand);
  }
};

/// Position of loop dimension `dim` among the results of `map`, all of which
/// are dimensions.
std::optional<unsigned> positionOf(mlir::AffineMap map, unsigned dim);

/// Weights [..., N, K], or [..., K, N] where `nIsLast`, as the panels
/// [..., ceil(N / panel), K, panel] that kernels read.
mlir::ElementsAttr packPanels(mlir::ElementsAttr value, bool nIsLast,
                              int64_t panel);

/// Lowers a contraction on buffers to loops around calls of a kernel that is
/// added to the module on first use, and erases it. Fails, changing nothing,
/// where no kernel fits the memory layouts.
mlir::LogicalResult lowerContraction(mlir::OpBuilder &builder,
                                     const Contraction &contraction,
                                     const RegisterTile &tile, int64_t grain);

} // namespace moe

#endif // MOE_PASSES_CONVERSION_LINALGTOCPU_CONTRACTION_H
