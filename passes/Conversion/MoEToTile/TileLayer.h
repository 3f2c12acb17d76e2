// Layers that task graphs can compute, and their weights as graphs read them.
#ifndef MOE_PASSES_CONVERSION_MOETOTILE_TILELAYER_H
#define MOE_PASSES_CONVERSION_MOETOTILE_TILELAYER_H

#include "../LinalgToCPU/Contraction.h"
#include "../MoEToLinalg/MoEToLinalg.h"
#include "TaskBuilder.h"

#include "moe/Dialect/MoE/Parameters.h"

namespace moe {

/// Matrices [experts, N, K] of one role, or one matrix [N, K], in panels, as
/// tensors with experts in front and panels behind: the numbers, or codes,
/// their scales and zero points.
struct PanelWeight {
  /// The product over ([e,] m, n, k) that reads them: C += A * B.
  mlir::linalg::GenericOp product;
  int64_t columns = 0; ///< N
  int64_t width = 0;   ///< of a panel

  explicit operator bool() const { return product != nullptr; }
  mlir::ValueRange tensors() const {
    return mlir::linalg::GenericOp(product).getInputs().drop_front();
  }
  /// Whether there is a matrix for each expert.
  bool ofExperts() const {
    return mlir::linalg::GenericOp(product).getNumLoops() == 4;
  }
  /// Declares a buffer for each tensor, `name`, `name`_scale and `name`_zero,
  /// that begins with the dimension `experts` where there are such.
  void addBuffers(tile::TaskBuilder &builder, llvm::StringRef name,
                  const tile::Dim &experts) const;
  /// Adds regions of the panels of columns `n`, of expert `e` where there are
  /// such: the first one, and how many.
  std::pair<size_t, size_t> addRegions(tile::TaskBuilder::Regions &regions,
                                       llvm::StringRef name,
                                       mlir::OpFoldResult e,
                                       mlir::Value n) const;
  /// Builds the product of one matrix: target[m, n] += Σ_k rows[m, k] * B[n,
  /// k], with `views` of the regions of its panels, on memory.
  /// With `parts`, of rows, the product has them, too.
  void multiply(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value rows,
                mlir::ValueRange parts, mlir::ValueRange views,
                mlir::Value target) const;
  /// Whether products of `unit` take parts of rows.
  bool takesParts(const VectorUnit &unit) const {
    return Contraction::match(product)->takesParts(unit);
  }
};

/// The weights of the experts of one class of ffn.
struct ExpertWeights {
  ClassAttr table;
  /// Operands that the class has.
  mlir::ValueRange parameters;
  PanelWeight gate, up, down;
  /// With the experts in front; null where there are none.
  mlir::ElementsAttr gateBias, upBias, downBias;

  std::array<PanelWeight *, 3> matrices() { return {&gate, &up, &down}; }
};

/// One dispatch, one class of ffn experts that are routed to, others that are
/// always on, and one combine.
struct TileLayer {
  DispatchOp dispatch;
  ExpertsOp experts;
  CombineOp combine;
  /// What makes the plan, where tasks of the layer's graph can; else null.
  RouteOp route;
  /// What makes the logits of that route, where tasks can, and its matrix; else
  /// null.
  LogitsOp logits;
  PanelWeight router;
  ExpertWeights routed;
  llvm::SmallVector<ExpertWeights, 1> always;

  /// Types of the input and the rows that are gathered of it, of hidden
  /// vectors, and of what experts give.
  mlir::FloatType inputType() { return elementOf(dispatch.getInput()); }
  mlir::FloatType rowsType() {
    return experts.getRows().getType().getElementType();
  }
  mlir::FloatType resultType() { return elementOf(combine.getResult()); }
  /// Bytes that an element of the matrices is stored in.
  double weightBytes();
  int64_t in() { return experts.getInput().getType().getWidth(); }
  int64_t out() { return experts.getRows().getType().getWidth(); }

  /// Fills in all but the weights. Why `combine` ends no such layer, or none.
  static std::optional<llvm::StringRef> match(CombineOp combine,
                                              TileLayer &layer);
  /// Fills in the route of a layer that matches. Why none is taken, or none;
  /// empty where no route is in sight.
  std::optional<llvm::StringRef> matchRoute();
  /// Fills in the logits of a route that is taken, and lays its matrix out for
  /// kernels of `unit`. Why others make them, or none; empty where they are
  /// given.
  std::optional<llvm::StringRef> takeLogits(const VectorUnit &unit);
  /// Lays the weights out for kernels of `unit`, in front of the layer. Why
  /// kernels cannot read them, or none.
  std::optional<llvm::StringRef> pack(const VectorUnit &unit);
  /// How kernels of `unit` divide rows of its products, which are packed.
  RowCut rowCut(const VectorUnit &unit);
  /// The same of a layer that is not packed, which stays so; that of vectors
  /// where kernels cannot read its weights.
  RowCut rowCutOfStored(const VectorUnit &unit);
  /// How the packed weights lie, for people.
  std::string describeWeights();
  /// Takes away what stands for the products.
  void dropProducts();

private:
  bool pack(ExpertWeights &weights, const VectorUnit &unit);
  llvm::SmallVector<PanelWeight *> expertMatrices();
  static mlir::FloatType elementOf(mlir::Value value) {
    return mlir::cast<mlir::FloatType>(mlir::getElementTypeOrSelf(value));
  }
};

} // namespace moe

#endif // MOE_PASSES_CONVERSION_MOETOTILE_TILELAYER_H
