// Contractions as the CPU kernels see them, and the layout of packed operands.
#ifndef MOE_PASSES_CONVERSION_LINALGTOCPU_CONTRACTION_H
#define MOE_PASSES_CONVERSION_LINALGTOCPU_CONTRACTION_H

#include "moe/Analysis/RowTiles.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>
#include <string>

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

/// The instructions that kernels are made of.
struct VectorUnit {
  unsigned bits = 0;
  unsigned registers = 0;
  /// There is an instruction for f32 += bf16 * bf16 + bf16 * bf16 per lane.
  bool bf16Dot = false;
  /// There are tile registers (AMX) and an instruction that does the same for
  /// 16 x 16 sums and 16 such pairs.
  bool bf16Tiles = false;
  /// Bytes ahead of loads from memory at which kernels fetch; 0: they do not.
  int64_t fetchDistance = 0;

  /// Numbers of 32 bits in a vector.
  int64_t lanes() const { return bits / 32; }
  RegisterTile tile() const { return RegisterTile::get(bits, registers); }
  /// Whether tile registers multiply rows of type `a`: where panels are those
  /// of pairs in vectors of 512 bits, which are columns of tiles.
  bool hasTiles(mlir::Type a) const {
    return bf16Tiles && bf16Dot && bits == 512 && a.isBF16();
  }
  /// Whether panels of numbers of type `b` that rows of type `a` are multiplied
  /// by lie in halves of f32.
  bool hasF32Halves(mlir::Type a, mlir::Type b) const {
    return fetchDistance != 0 && bits == 512 && a.isF32() && b.isF32();
  }
  /// The same in halves of any kind: of numbers, so many along k, and of bytes
  /// of codes by which few rows are multiplied as digits, `digitDepth` at a
  /// time. Pairs of numbers lie so where tile registers leave nothing of k,
  /// codes where there are digits.
  bool hasHalves(mlir::Type a, mlir::Type b, int64_t depth,
                 int64_t digitDepth) const;
  /// Whether tile registers multiply rows of type `a` by numbers of type `b`,
  /// which lie in such halves, in parts of bf16.
  bool hasParts(mlir::Type a, mlir::Type b) const {
    return hasF32Halves(a, b) && bf16Tiles && bf16Dot;
  }
  /// How products with rows of type `a` divide them.
  RowCut rowCut(mlir::Type a) const { return {tile().rows, hasTiles(a)}; }
  /// The same of products that take rows in parts.
  RowCut partsCut() const {
    return {tile().rows, /*hasTiles=*/true, /*hasCodes=*/false,
            /*hasParts=*/true};
  }
};

/// How a packed B lies in memory:
///   plain        [batch..., ceil(N / width), K, width]
///   pairs        [batch..., ceil(N / width), K / 2, width, 2]
///   nibbles      [batch..., ceil(N / width), K / 2, lanes, 2,
///                 width / (2 * lanes)]
///   halves       [batch..., ceil(N / width), 2, K, width / 2]
///   pair halves  [batch..., ceil(N / width), 2, K / 2, width / 2, 2]
/// Pairs are neighbours along k, side by side. A byte of nibbles holds two
/// codes of columns that are `lanes` apart: of one lane all codes of two rows
/// lie side by side, and one load brings them to the lane that multiplies them.
/// Where codes have two bits, rows are K / 4, and a nibble holds those of k
/// (low) and k + 2 in the place of one of four bits. Of halves, the left one of
/// a panel's columns lies in front of the right one: a tile of twice as many
/// rows reads each in turn, in the order of memory, and others read both at
/// once.
struct PanelLayout {
  enum class Kind { Plain, Pairs, Nibbles, Halves, PairHalves };
  Kind kind = Kind::Plain;
  int64_t width = 0; ///< 0 where B is not packed
  int64_t lanes = 0;
  unsigned bits = 4; ///< of codes in nibbles

  explicit operator bool() const { return width != 0; }
  /// Dimensions of one stack of panels.
  size_t rank() const {
    switch (kind) {
    case Kind::Plain:
      return 3;
    case Kind::Pairs:
    case Kind::Halves:
      return 4;
    case Kind::Nibbles:
    case Kind::PairHalves:
      return 5;
    }
    llvm_unreachable("a layout without dimensions");
  }
  /// The left half of a panel's columns lies in front of the right one.
  bool hasHalves() const {
    return kind == Kind::Halves || kind == Kind::PairHalves;
  }
  /// Neighbours along k lie side by side.
  bool hasPairs() const {
    return kind == Kind::Pairs || kind == Kind::PairHalves;
  }
  /// Elements along k that one row of a panel holds.
  int64_t depth() const {
    return kind == Kind::Nibbles ? 8 / bits : hasPairs() ? 2 : 1;
  }
  /// The layout of codes of zero points where this is that of codes.
  PanelLayout ofZeroPoints() const {
    return {kind == Kind::Nibbles ? kind : Kind::Plain, width, lanes, bits};
  }
  /// The last results of the map of a packed B.
  llvm::SmallVector<mlir::AffineExpr> getResults(mlir::AffineExpr n,
                                                 mlir::AffineExpr k) const;
  /// Weights [..., N, K], or [..., K, N] where `nIsLast`, in this layout; an
  /// odd depth is padded where needed. Nibbles are bytes afterwards.
  mlir::ElementsAttr pack(mlir::ElementsAttr value, bool nIsLast) const;
  /// The layout of numbers or codes of type `stored` for people, such as
  /// "panels of 64 columns, pairs of bf16".
  std::string describe(mlir::Type stored) const;
};

/// Elements along k that a tile register holds of bf16: 16 pairs.
constexpr int64_t tileDepth = 32;

/// Numbers of bf16 whose sum is one of f32.
constexpr int64_t partsOfNumber = 3;

/// What codes of weights mean: (code - zero point) * scale, where scale and
/// zero point are those of `group` codes along k.
struct CodeFormat {
  unsigned bits; ///< 8, 4 or 2
  bool isSigned;
  int64_t group;
  int64_t zeroPoint = 0; ///< of all, where there is no tensor of them

  /// Elements along k, of `depth`, that few rows of bf16 are made integers of
  /// at a time, to be multiplied by codes; 0 where codes have two bits or
  /// groups of them end in between.
  int64_t digitDepth(int64_t depth) const;
};

/// A structured op that computes C[batch, m, n] += A[batch, m, k] * B[batch, n,
/// k] in f32, with dimensions in any order and any number of m and batch
/// dimensions. A and B are of f32, bf16 or f16; or B is packed and holds codes.
/// B is the side that moves along the last dimension of C.
struct Contraction {
  mlir::linalg::GenericOp op;
  mlir::OpOperand *a, *b, *c;
  llvm::SmallVector<unsigned> batch, m;
  unsigned n, k;
  PanelLayout panels;
  std::optional<CodeFormat> codes;
  /// Scales in plain panels and codes of zero points, with groups in place of
  /// k; null where there are none.
  mlir::OpOperand *scale = nullptr, *zero = nullptr;
  /// Whether the last inputs, which the body does not read, are parts of A, the
  /// largest first: of bf16, with A as their sum where it has more rows than
  /// mostRowsBesideParts.
  bool hasParts = false;

  static std::optional<Contraction> match(mlir::linalg::GenericOp op);

  /// Whether tile registers can multiply it where it is one of pairs: K has a
  /// whole tile, and scales of codes change between tiles.
  bool fitsTiles() const;
  /// Whether it pays that A comes in parts, too, for tile registers of `unit`.
  bool takesParts(const VectorUnit &unit) const;
  /// The depth of digits for its codes; 0 where there are none or several zero
  /// points.
  int64_t digitDepth() const;

  mlir::OpOperand *part(int64_t number) const {
    mlir::linalg::GenericOp generic = op;
    return generic.getDpsInputOperand(generic.getNumDpsInputs() -
                                      partsOfNumber + number);
  }
  mlir::AffineMap map(mlir::OpOperand *operand) const {
    return mlir::linalg::GenericOp(op).getMatchingIndexingMap(operand);
  }
  mlir::Type elementOf(mlir::OpOperand *operand) const {
    return mlir::getElementTypeOrSelf(operand->get().getType());
  }
};

/// The code of a nibble panel in `byte`, as the body of a contraction with
/// loops `n` and `k` finds it; `group` codes along k share it (1 for those of
/// weights).
mlir::Value buildNibble(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value byte, const PanelLayout &layout, unsigned n,
                        unsigned k, int64_t group);

/// Puts an op in the place of a contraction that has `parts` of its rows, too.
void addParts(mlir::OpBuilder &builder, const Contraction &contraction,
              mlir::ValueRange parts);

/// The parts of an f32, the largest first, each rounded to nearest.
llvm::SmallVector<mlir::Value>
buildParts(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value number);

/// Position of loop dimension `dim` among the results of `map`, all of which
/// are dimensions.
std::optional<unsigned> positionOf(mlir::AffineMap map, unsigned dim);

/// Lays out B of a contraction on tensors ahead of time, where it is a weight,
/// whole or a slab of it, or computed from weights element by element, and the
/// kernels of `unit` have panels for it. The op that reads them instead takes
/// its place and is the result: A, panels of B, for codes those of their scales
/// and, where there are such, of the codes of zero points. Null, and the op
/// stays, for any other B.
mlir::linalg::GenericOp packWeight(const Contraction &contraction,
                                   const VectorUnit &unit);

/// Lowers a contraction on buffers to loops around calls of a kernel that is
/// added to the module on first use, and erases it, and the op with it that
/// fills C before, where nobody else reads that. Fails, changing nothing, where
/// no kernel fits the memory layouts.
mlir::LogicalResult lowerContraction(mlir::OpBuilder &builder,
                                     const Contraction &contraction,
                                     const VectorUnit &unit, int64_t grain);

} // namespace moe

#endif // MOE_PASSES_CONVERSION_LINALGTOCPU_CONTRACTION_H
