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

/// The vector instructions that kernels are made of.
struct VectorUnit {
  unsigned bits = 0;
  unsigned registers = 0;
  /// There is an instruction for f32 += bf16 * bf16 + bf16 * bf16 per lane.
  bool bf16Dot = false;

  RegisterTile tile() const { return RegisterTile::get(bits, registers); }
};

/// How a packed B lies in memory: [batch..., ceil(N / width), K, width], or
/// with `pair` = 2 neighbours along k side by side, [batch..., ceil(N / width),
/// K / 2, width, 2].
struct PanelLayout {
  int64_t width = 0; ///< 0 where B is not packed
  int64_t pair = 1;

  explicit operator bool() const { return width != 0; }
  /// Dimensions of one stack of panels.
  size_t rank() const { return pair == 1 ? 3 : 4; }
  /// The last results of the map of a packed B.
  llvm::SmallVector<mlir::AffineExpr> getResults(mlir::AffineExpr n,
                                                 mlir::AffineExpr k) const;
  /// Weights [..., N, K], or [..., K, N] where `nIsLast`, in this layout.
  mlir::ElementsAttr pack(mlir::ElementsAttr value, bool nIsLast) const;
};

/// A structured op that computes C[batch, m, n] += A[batch, m, k] * B[batch, n,
/// k] in f32, with dimensions in any order and any number of m and batch
/// dimensions. A and B are of f32, bf16 or f16. B is the side that moves along
/// the last dimension of C.
struct Contraction {
  mlir::linalg::GenericOp op;
  mlir::OpOperand *a, *b, *c;
  llvm::SmallVector<unsigned> batch, m;
  unsigned n, k;
  PanelLayout panels;

  static std::optional<Contraction> match(mlir::linalg::GenericOp op);

  mlir::AffineMap map(mlir::OpOperand *operand) const {
    return mlir::linalg::GenericOp(op).getMatchingIndexingMap(operand);
  }
  mlir::FloatType elementOf(mlir::OpOperand *operand) const {
    return llvm::cast<mlir::FloatType>(
        mlir::getElementTypeOrSelf(operand->get().getType()));
  }
  /// True where A and B are of bf16 and `unit` multiplies pairs of them. The
  /// depth must be even, too.
  bool hasPairs(const VectorUnit &unit) const {
    return unit.bf16Dot && elementOf(a).isBF16() && elementOf(b).isBF16();
  }
};

/// Position of loop dimension `dim` among the results of `map`, all of which
/// are dimensions.
std::optional<unsigned> positionOf(mlir::AffineMap map, unsigned dim);

/// Lowers a contraction on buffers to loops around calls of a kernel that is
/// added to the module on first use, and erases it. Fails, changing nothing,
/// where no kernel fits the memory layouts.
mlir::LogicalResult lowerContraction(mlir::OpBuilder &builder,
                                     const Contraction &contraction,
                                     const VectorUnit &unit, int64_t grain);

} // namespace moe

#endif // MOE_PASSES_CONVERSION_LINALGTOCPU_CONTRACTION_H
