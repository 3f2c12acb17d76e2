// What builders of kernels have in common.
#ifndef MOE_PASSES_CONVERSION_LINALGTOCPU_KERNELBASE_H
#define MOE_PASSES_CONVERSION_LINALGTOCPU_KERNELBASE_H

#include "CodeReader.h"
#include "MatmulKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"

namespace moe {

constexpr int64_t cacheLineBytes = 64;

/// Builds the function of a kernel, its arguments and its access to C.
class KernelBase {
public:
  KernelBase(mlir::MLIRContext *context, mlir::Location loc,
             const KernelForm &form)
      : builder(context), loc(loc), form(form), tile(form.tile),
        vectorType(mlir::VectorType::get({tile.lanes}, builder.getF32Type())) {}

protected:
  /// Makes the function and sets the insertion point into its only block, which
  /// ends in a return.
  mlir::func::FuncOp beginFunction(mlir::ModuleOp module, llvm::StringRef name);

  mlir::Value index(int64_t value) {
    return mlir::arith::ConstantIndexOp::create(builder, loc, value);
  }
  mlir::Value add(mlir::Value a, mlir::Value b) {
    return mlir::arith::AddIOp::create(builder, loc, a, b);
  }
  mlir::Value sub(mlir::Value a, mlir::Value b) {
    return mlir::arith::SubIOp::create(builder, loc, a, b);
  }
  mlir::Value mul(mlir::Value a, mlir::Value b) {
    return mlir::arith::MulIOp::create(builder, loc, a, b);
  }
  mlir::Value min(mlir::Value a, mlir::Value b) {
    return mlir::arith::MinSIOp::create(builder, loc, a, b);
  }
  mlir::Value size(mlir::Value memref, int64_t dim) {
    return mlir::memref::DimOp::create(builder, loc, memref, dim);
  }
  /// Steps along K: one row of B each, or of each half of it.
  mlir::Value stepsOfB();
  /// `value` in f32.
  mlir::Value widen(mlir::Value value);
  /// Vector `vector` of row `row` of C: what is beyond C is zero, and stays.
  mlir::Value loadC(mlir::Value row, size_t vector);
  void storeC(mlir::Value row, size_t vector, mlir::Value sum);
  /// The pair of bf16 of A at `k` in `row`, in every lane.
  mlir::Value spreadPair(mlir::Value row, mlir::Value k);
  /// The address of the first element.
  mlir::Value addressOf(mlir::Value memref);
  /// Brings what lies at an address to the first or the second cache.
  void fetch(mlir::Value address, int64_t cache);
  /// What is fetched at step `step` of `steps` from `ahead` on, fetchDistance
  /// behind the row that the step reads of the left half: behind its end that
  /// of the next panel, which lies behind the right half.
  mlir::Value skipHalf(mlir::Value ahead, mlir::Value step, mlir::Value steps);
  /// Makes the group of codes that step `step` is in the current one. Returns
  /// its scales, for each vector of a row.
  llvm::SmallVector<mlir::Value> startGroup(mlir::Value step);

  mlir::OpBuilder builder;
  mlir::Location loc;
  KernelForm form;
  RegisterTile tile;
  mlir::VectorType vectorType;
  mlir::Value a, b, c, scales, zero, columnCount;
  /// A in parts, the largest first.
  llvm::SmallVector<mlir::Value> parts;
  std::optional<CodeReader> codes;
  /// Of each vector of a row of C.
  llvm::SmallVector<mlir::Value> masks, columnIndices;
};

/// The kernel of `form` in tile registers, under the name `name`.
mlir::func::FuncOp buildTileKernel(mlir::ModuleOp module,
                                   const KernelForm &form,
                                   llvm::StringRef name);

/// The kernel of `form` in tile registers, for rows in parts, under the name
/// `name`.
mlir::func::FuncOp buildPartsKernel(mlir::ModuleOp module,
                                    const KernelForm &form,
                                    llvm::StringRef name);

/// The kernel of `form`, of pairs, for up to mostRowsBesideTiles rows, under
/// the name `name`.
mlir::func::FuncOp buildFewRowsKernel(mlir::ModuleOp module,
                                      const KernelForm &form,
                                      llvm::StringRef name);

/// The kernel of `form` for a B whose rows lie along k, under the name `name`.
mlir::func::FuncOp buildDotKernel(mlir::ModuleOp module, const KernelForm &form,
                                  llvm::StringRef name);

/// The kernel of `form` for one or two rows of digits, under the name `name`.
mlir::func::FuncOp buildDigitKernel(mlir::ModuleOp module,
                                    const KernelForm &form,
                                    llvm::StringRef name);

} // namespace moe

#endif // MOE_PASSES_CONVERSION_LINALGTOCPU_KERNELBASE_H
