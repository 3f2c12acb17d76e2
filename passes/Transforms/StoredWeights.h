// Constant parameters of experts, stored in fewer bits or not: what the
// rewrites of moe-simplify-routing that change weights match and make.
#ifndef MOE_PASSES_TRANSFORMS_STOREDWEIGHTS_H
#define MOE_PASSES_TRANSFORMS_STOREDWEIGHTS_H

#include "moe/Dialect/MoE/Parameters.h"
#include "moe/Dialect/Support/MoESupport.h"

#include "mlir/IR/PatternMatch.h"

namespace moe::detail {

/// The elements of a parameter or, where `quant` is not null, those of the
/// tensors that store it.
struct StoredWeight {
  Parameter parameter;
  QuantAttr quant;
  llvm::SmallVector<mlir::ElementsAttr> parts;
};

using StoredWeights = llvm::SmallVector<StoredWeight>;

/// Why rewrites leave parameters alone that they cannot read.
inline constexpr llvm::StringLiteral notConstant =
    "its parameters are no constants";
inline constexpr llvm::StringLiteral rowsTogether =
    "its storage does not keep rows apart";

/// The parameters of `entry`, whose inputs and results have `in` and `out`
/// elements; empty where one is no constant.
StoredWeights matchStored(ClassAttr entry, int64_t in, int64_t out,
                          mlir::ValueRange operands);

/// Those of `ffn`; a matrix that a `moe.dequant` makes in f32 is stored.
StoredWeights matchStored(FfnOp ffn);

/// The operands of a class that has `weights`.
llvm::SmallVector<mlir::Value> createOperands(llvm::ArrayRef<StoredWeight>,
                                              mlir::Location loc,
                                              mlir::RewriterBase &rewriter);

/// The parameters of a `moe.ffn` that has `weights`, of one expert.
llvm::SmallVector<mlir::Value> createParameters(llvm::ArrayRef<StoredWeight>,
                                                mlir::Location loc,
                                                mlir::RewriterBase &rewriter);

/// What a class lists as `quant` where its parameters are `weights`.
llvm::SmallVector<QuantAttr> getFormats(llvm::ArrayRef<StoredWeight> weights);

/// True for two weights of one parameter whose elements may stand side by side:
/// their formats and element types are the same.
bool haveOneFormat(const StoredWeight &a, const StoredWeight &b);

/// How many rows of a matrix one row of each tensor that stores it is for, 0
/// where it is for all of them; empty where a tensor has no rows of the matrix.
/// A parameter that is not stored (`quant` is null) is its own only tensor.
llvm::SmallVector<int64_t> getRowsPerPart(QuantAttr quant);

/// True where each tensor of `weight` has the matrix's rows, then what stands
/// for its columns from left to right, in whole elements.
bool storesByColumn(const StoredWeight &weight);

/// Sizes of a weight.
llvm::SmallVector<int64_t> shapeOf(mlir::ElementsAttr weight);

/// The experts `indices` of `weight`, whose tensors are stacked; an expert may
/// stand there once. Tensors that experts share stay.
StoredWeight takeExperts(const StoredWeight &weight,
                         llvm::ArrayRef<int64_t> indices);

/// The tensors of `weight`, of which `drop` or add a leading dimension of 1.
StoredWeight dropLeading(const StoredWeight &weight);
StoredWeight addLeading(const StoredWeight &weight);

} // namespace moe::detail

#endif // MOE_PASSES_TRANSFORMS_STOREDWEIGHTS_H
