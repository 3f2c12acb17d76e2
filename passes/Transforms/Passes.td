//===- Passes.td - passes that stay on a level ----------------------------===//
#ifndef MOE_PASSES_TRANSFORMS_PASSES_TD
#define MOE_PASSES_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def VerifyGraphPass : Pass<"moe-verify-graph", "::mlir::ModuleOp"> {
  let summary = "Check that a module is at the graph level";
  let description = [{
    The graph level holds a model as imported: `stablehlo`, `chlo`, `moe` and `moe_support` ops in functions. The first other op is an error.
  }];
}

def VerifyMoEPass : Pass<"moe-verify-moe", "::mlir::ModuleOp"> {
  let summary = "Check that a module is at the moe level";
  let description = [{
    The moe level says what is computed, on tensors: `moe` and `moe_support`, and `linalg`, `tensor`, `arith`, `math` and `scf` for the rest of the model,
    `cf.assert` and affine index arithmetic, in functions. The first other op is an error.
  }];
}

def VerifyTargetPass : Pass<"moe-verify-target", "::mlir::ModuleOp"> {
  let summary = "Check that a module is at the target level";
  let description = [{
    What the target level hands to the artefact writer: the LLVM dialect alone. The first other op is an error.
  }];
}

#endif // MOE_PASSES_TRANSFORMS_PASSES_TD
