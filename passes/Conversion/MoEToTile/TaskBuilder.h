// Writes the ops of a task graph one after the other.
#ifndef MOE_PASSES_CONVERSION_MOETOTILE_TASKBUILDER_H
#define MOE_PASSES_CONVERSION_MOETOTILE_TASKBUILDER_H

#include "../MoEToLinalg/TensorBuilder.h"
#include "moe/Dialect/MoETile/MoETile.h"

namespace moe::tile {

/// A view whose strides are known at run time, but for the last.
mlir::MemRefType viewOf(mlir::Type element, llvm::ArrayRef<int64_t> shape);

/// Builds ops of a task graph at the insertion point of `b`, which is within
/// the graph's body. Buffers and signals are known by their names.
class TaskBuilder {
public:
  TaskBuilder(mlir::Location loc, const mlir::OpBuilder &builder)
      : b(loc, builder) {}

  /// One region of a computation, the type of its view.
  struct Region {
    Mode mode;
    std::string buffer;
    llvm::SmallVector<mlir::OpFoldResult> indices;
    mlir::MemRefType view;
  };
  /// The regions of one computation, by the part that each plays in it.
  struct Regions {
    llvm::SmallVector<Region> all;
    size_t add(Region region) {
      all.push_back(std::move(region));
      return all.size() - 1;
    }
  };

  void buffer(llvm::StringRef name, llvm::ArrayRef<Dim> shape,
              mlir::Type element, mlir::Value memory, Role role = Role::Input,
              int64_t ring = 0, Space space = Space::Device);
  void signal(llvm::StringRef name, llvm::ArrayRef<Dim> shape);
  /// `body` gets the views of `regions`.
  mlir::Value compute(llvm::ArrayRef<Region> regions, mlir::ValueRange after,
                      llvm::function_ref<void(mlir::ValueRange)> body);
  /// Goes on in the body of the family.
  TaskOp task(llvm::StringRef name, llvm::ArrayRef<Dim> domain,
              mlir::ValueRange after = {});
  /// Goes on in the body of the walk.
  ForOp walk(const Dim &dim, mlir::Value token);
  /// Waits for one arrival of each tile of `expects`; of nothing: for one.
  mlir::Value wait(llvm::StringRef name, mlir::ValueRange cell,
                   llvm::ArrayRef<Dim> expects, int64_t behind = 0);
  void arrive(llvm::StringRef name, mlir::ValueRange cell, mlir::Value after);

  // Structured ops on views.

  /// One new element for each of `target`, from those of inputs and `target`.
  void map(mlir::Value target, llvm::ArrayRef<moe::detail::Indexed> inputs,
           llvm::function_ref<mlir::Value(mlir::ValueRange)> body);
  /// Where sums in f32 begin: with `bias` in every row, or with zero where that
  /// is null.
  void start(mlir::Value target, mlir::Value bias);
  /// The first rows and columns of memory of a fixed size.
  mlir::Value corner(mlir::Value matrix, mlir::Value rows, mlir::Value columns);
  mlir::Value size(mlir::Value view, unsigned dim);

  moe::detail::TensorBuilder b;
};

} // namespace moe::tile

#endif // MOE_PASSES_CONVERSION_MOETOTILE_TASKBUILDER_H
