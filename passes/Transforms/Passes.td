//===- Passes.td - passes that stay on a level ----------------------------===//
#ifndef MOE_PASSES_TRANSFORMS_PASSES_TD
#define MOE_PASSES_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def InlineCompositesPass : Pass<"moe-inline-composites", "::mlir::ModuleOp"> {
  let summary = "Replace composites by their decompositions";
  let description = [{
    Inlines the decomposition of every `stablehlo.composite`, composites inside of it included, except those named in `except`, and erases private
    decomposition functions that nothing uses any more. A decomposition that reaches itself through composites is refused.
  }];
  let options = [
    ListOption<"except", "except", "std::string", "Names of composites to keep, such as onnx.TopK">
  ];
}

#endif // MOE_PASSES_TRANSFORMS_PASSES_TD
