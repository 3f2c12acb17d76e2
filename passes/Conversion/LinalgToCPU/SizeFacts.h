// What is known at compile time about sizes that only the run knows.
#ifndef MOE_PASSES_CONVERSION_LINALGTOCPU_SIZEFACTS_H
#define MOE_PASSES_CONVERSION_LINALGTOCPU_SIZEFACTS_H

#include "moe/Dialect/Support/MoESupport.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <map>
#include <optional>
#include <string>

namespace moe {

/// A product of a constant and of numbers that only the run knows.
struct Size {
  int64_t coefficient = 1;
  /// Which numbers, in order.
  llvm::SmallVector<unsigned> unknowns;

  Size() = default;
  explicit Size(int64_t constant) : coefficient(constant) {}

  std::optional<int64_t> constant() const {
    return unknowns.empty() ? std::optional(coefficient) : std::nullopt;
  }
};

/// Tells which sizes are equal, from how they are computed and from what the
/// program has required so far. The sizes of tensors fit their types: numbers
/// that went through narrower integers are the same afterwards.
class SizeFacts {
public:
  /// Sizes of the entry's inputs that have the same name: the runtime refuses a
  /// call where they differ.
  void learn(mlir::func::FuncOp function, mlir::DictionaryAttr interface);
  /// What `op` requires holds from here on.
  void learn(support::RequireOp op);
  Size sizeOf(mlir::Value tensor, int64_t dim);
  Size product(llvm::ArrayRef<Size> sizes);
  bool areEqual(const Size &x, const Size &y);

private:
  void learn(mlir::Value condition);
  Size valueOf(mlir::Value value);
  Size computeValue(mlir::Value value);
  Size computeSize(mlir::Value tensor, int64_t dim);
  Size elementOf(mlir::Value tensor, int64_t position);
  Size computeElement(mlir::Value tensor, int64_t position);
  Size yieldedBy(mlir::linalg::GenericOp op, mlir::Value value,
                 int64_t position);
  Size sum(const Size &x, const Size &y);
  Size fold(mlir::OpFoldResult value);
  /// The number of this name.
  Size named(const std::string &name);
  Size numberOf(const void *value, int64_t position);
  /// In terms of one number for all that are equal.
  Size normalize(const Size &size);
  std::string textOf(const Size &size);

  std::map<std::string, unsigned> names;
  /// What each number is known to be: itself, or something else.
  llvm::SmallVector<Size> meaning;
  /// Of numbers that are sums.
  llvm::DenseMap<unsigned, std::pair<Size, Size>> addends;
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, Size> sizes, elements;
  llvm::DenseMap<mlir::Value, Size> values;
};

} // namespace moe

#endif // MOE_PASSES_CONVERSION_LINALGTOCPU_SIZEFACTS_H
