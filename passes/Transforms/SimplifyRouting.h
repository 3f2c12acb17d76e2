// What the two halves of moe-simplify-routing share: the rewrites of experts,
// and how a rewrite reports.
#ifndef MOE_PASSES_TRANSFORMS_SIMPLIFYROUTING_H
#define MOE_PASSES_TRANSFORMS_SIMPLIFYROUTING_H

#include "moe/Dialect/MoE/MoE.h"
#include "moe/Transforms/Passes.h"

#include "mlir/IR/PatternMatch.h"

namespace moe::detail {

/// Reports that rule `rule` of the specification rewrote `op`.
void reportSimplified(mlir::Operation *op, llvm::StringRef rule,
                      llvm::StringRef what);

/// Reports that `op` is a candidate of rule `rule`, and why it stayed.
void reportKept(mlir::Operation *op, llvm::StringRef rule,
                llvm::StringRef reason);

/// The ops of one layer, each used by the next alone.
struct RoutedLayer {
  RouteOp route;
  DispatchOp dispatch;
  ExpertsOp experts;
  CombineOp combine;
};

/// Why most rewrites leave a layer alone that they cannot see whole.
inline constexpr llvm::StringLiteral noLayer =
    "the ops of its layer have other users or plans";

/// The layer that ends in `combine`, or that of `experts`, whose plan nobody
/// else uses.
mlir::FailureOr<RoutedLayer> matchLayer(CombineOp combine);
mlir::FailureOr<RoutedLayer> matchLayer(ExpertsOp experts);

/// The layer that ends in `combine`, without its route.
mlir::FailureOr<RoutedLayer> matchRows(CombineOp combine);

/// Parameters of the classes of a table, class after class.
llvm::SmallVector<llvm::SmallVector<mlir::Value>>
splitParameters(ExpertsOp experts);

/// Gives `layer` another table with its parameters, and its plan as many
/// always-on ids.
void setTable(RoutedLayer &layer, llvm::ArrayRef<ClassAttr> classes,
              mlir::ValueRange parameters, mlir::RewriterBase &rewriter);

/// C13: where the plan of a layer is `remap` of another one that gives each
/// expert a number of its own, numbers the experts of the layer as that plan
/// does. Erases `remap`.
void renumberExperts(RemapOp remap, mlir::RewriterBase &rewriter);

/// C3: drops the entries of zero classes from the rows of `combine`'s layer,
/// has those of copy classes carried by its plan, and adds the vectors of
/// constant classes to its sum.
void dropParameterFree(CombineOp combine, mlir::RewriterBase &rewriter);

/// C15: where the plan of `combine`'s layer gives units the entries of coarser
/// ones, and its units are gathered from these, runs the layer on the coarse
/// units and gathers its result. Erases `combine`.
void sinkExpansion(CombineOp combine, mlir::RewriterBase &rewriter);

/// C16: computes the logits of a route by table at the columns that the table
/// names. Erases `op`.
void scoreSelectedColumns(RouteOp op, mlir::RewriterBase &rewriter);

/// C8: has the weights of `combine`'s layer multiply at `target`, which is
/// hidden or output.
void moveWeights(CombineOp combine, Apply target, mlir::RewriterBase &rewriter);

/// C10: turns the always-on ffn classes of `experts` into `moe.ffn` ops that
/// are added to the layer's result.
void inlineSharedExperts(ExpertsOp experts, mlir::RewriterBase &rewriter);

/// True for the sum of two tensors, at the graph or the moe level.
bool isSum(mlir::Operation *op);

/// C10: where `sum` adds a layer and a `moe.ffn` of the same input, makes the
/// latter an always-on class of the former. Erases `sum`.
void absorbSharedExpert(mlir::Operation *sum, mlir::RewriterBase &rewriter);

/// C9: merges neighbouring always-on classes of one body into one expert.
void mergeAlwaysOnClasses(ExpertsOp experts, mlir::RewriterBase &rewriter);

/// C9: where `sum` adds two `moe.ffn` of one body and input (or adds the second
/// to a sum with the first), merges them. Erases `sum`.
void mergeSharedExperts(mlir::Operation *sum, mlir::RewriterBase &rewriter);

/// C6, C7: multiplies the parameters that the output of the routed experts is
/// linear in by the factors of their weights, which the route then leaves out.
void foldScales(ExpertsOp experts, mlir::RewriterBase &rewriter);

/// C19: gives the gated bodies of `experts` the storage `target`.
void changeStorage(ExpertsOp experts, Storage target,
                   mlir::RewriterBase &rewriter);
/// C19: gives the body of `ffn` the storage `target`.
void changeStorage(FfnOp ffn, Storage target, mlir::RewriterBase &rewriter);

/// C17: has the products of units with the shared gate and up matrices of a
/// lora class made once per unit, before rows are dispatched.
void multiplyBaseOnce(ExpertsOp experts, mlir::RewriterBase &rewriter);

} // namespace moe::detail

#endif // MOE_PASSES_TRANSFORMS_SIMPLIFYROUTING_H
