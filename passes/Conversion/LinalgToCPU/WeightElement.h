// Where the elements of a tensor come from, where they come from weights.
#ifndef MOE_PASSES_CONVERSION_LINALGTOCPU_WEIGHTELEMENT_H
#define MOE_PASSES_CONVERSION_LINALGTOCPU_WEIGHTELEMENT_H

#include "Contraction.h"

#include "mlir/IR/BuiltinAttributes.h"

namespace moe {

/// One element of a weight: indices in terms of loops (dimensions) and of
/// values known at run time (symbols).
struct WeightPlace {
  mlir::ElementsAttr value;
  llvm::SmallVector<mlir::AffineExpr> indices;
};

/// An element of a tensor as arithmetic on elements of weights: a float as it
/// is stored, or (code - zero point) * scale.
struct WeightElement {
  WeightPlace stored;           ///< the float or the code
  std::optional<bool> isSigned; ///< of codes, once they are numbers
  std::optional<WeightPlace> zero;
  int64_t zeroPoint = 0;
  std::optional<WeightPlace> scale;

  /// What the element of `tensor` at `indices` is. New values that it depends
  /// on are added to `symbols`.
  static std::optional<WeightElement>
  find(mlir::Value tensor, llvm::ArrayRef<mlir::AffineExpr> indices,
       llvm::SmallVectorImpl<mlir::Value> &symbols);
};

} // namespace moe

#endif // MOE_PASSES_CONVERSION_LINALGTOCPU_WEIGHTELEMENT_H
