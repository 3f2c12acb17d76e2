// What kernels that multiply in tile registers have in common.
#ifndef MOE_PASSES_CONVERSION_LINALGTOCPU_TILEKERNELBASE_H
#define MOE_PASSES_CONVERSION_LINALGTOCPU_TILEKERNELBASE_H

#include "KernelBase.h"

#include <array>

namespace moe {

/// The eight tile registers hold the four products of two tiles of A and two of
/// B: each that is loaded is used twice, and loads take half of the time of
/// products.
constexpr int64_t tilesOfA = 2, tilesOfB = 2;
constexpr int64_t firstOfA = tilesOfA * tilesOfB,
                  firstOfB = firstOfA + tilesOfA,
                  tileRegisters = firstOfB + tilesOfB;
/// The register of the sums of tile `i` of A by tile `j` of B.
constexpr int64_t sumOf(int64_t i, int64_t j) { return tilesOfB * i + j; }
/// Rows of A and columns of B that the registers hold at once.
constexpr int64_t blockRows = tilesOfA * tileRegisterRows,
                  blockColumns = tilesOfB * tileRegisterRows;
/// Bytes of a row of a tile.
constexpr int64_t tileRowBytes = 64;

/// Builds a kernel in tile registers. Tiles of the `amx` dialect have fixed
/// heights, and LLVM has no plan for registers of several run-time shapes: so
/// kernels name their registers, by LLVM's intrinsics, and give them shapes
/// when they begin.
class TileKernelBase : protected KernelBase {
protected:
  using KernelBase::KernelBase;

  /// Pairs of A along k, and of B across columns, in the row of a tile.
  static constexpr int64_t pairs = tileDepth / 2;

  /// An instruction of LLVM that takes numbers of registers and other operands.
  void instruct(llvm::StringRef name, llvm::ArrayRef<int64_t> tiles,
                mlir::ValueRange operands = {});
  /// Loads or stores what lies from `row` and `column` of `matrix` on.
  void loadTile(int64_t tile, mlir::Value matrix, mlir::Value row,
                mlir::Value column) {
    access("tileloadd64", tile, matrix, row, column);
  }
  void storeTile(int64_t tile, mlir::Value matrix, mlir::Value row,
                 mlir::Value column) {
    access("tilestored64", tile, matrix, row, column);
  }
  /// Divides rowCount evenly into blocks of up to blockRows, and a block into
  /// two tiles, or one where that is enough.
  void divideRows();
  /// Gives the registers their shapes: those of A and of sums have the heights
  /// of the two tiles.
  void configure();

  mlir::Value toInteger(mlir::Value value, unsigned bits);
  mlir::Value pointerTo(mlir::Value address);
  /// Memory on the stack.
  mlir::Value allocate(mlir::Type element, int64_t rows, int64_t columns);
  mlir::Value divideUp(mlir::Value value, mlir::Value by) {
    return mlir::arith::CeilDivUIOp::create(builder, loc, value, by);
  }
  mlir::Value equals(mlir::Value value, int64_t constant) {
    return mlir::arith::CmpIOp::create(
        builder, loc, mlir::arith::CmpIPredicate::eq, value, index(constant));
  }
  void forEach(mlir::Value begin, mlir::Value end, mlir::Value step,
               llvm::function_ref<void(mlir::Value)> body);
  void forEach(mlir::Value end, mlir::Value step,
               llvm::function_ref<void(mlir::Value)> body) {
    forEach(index(0), end, step, body);
  }
  mlir::Value view(mlir::Value matrix, mlir::Value row, mlir::Value column,
                   mlir::Value rows, mlir::Value columns);
  /// What `view` builds where `isWhole`, else `copy` behind what `fill` builds.
  mlir::Value viewOrCopy(mlir::Value isWhole, mlir::Value copy,
                         llvm::function_ref<mlir::Value()> view,
                         llvm::function_ref<void()> fill);

  mlir::Value rowCount;
  /// The rows of a block, whether they take two tiles, and the rows of those.
  mlir::Value blockHeight, isHigh;
  std::array<mlir::Value, tilesOfA> heights;

private:
  void access(llvm::StringRef name, int64_t tile, mlir::Value matrix,
              mlir::Value row, mlir::Value column);
};

} // namespace moe

#endif // MOE_PASSES_CONVERSION_LINALGTOCPU_TILEKERNELBASE_H
