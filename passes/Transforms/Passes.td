//===- Passes.td - passes that stay on a level ----------------------------===//
#ifndef MOE_PASSES_TRANSFORMS_PASSES_TD
#define MOE_PASSES_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def RaisePass : Pass<"moe-raise", "::mlir::ModuleOp"> {
  let summary = "Recover MoE layers from what exporters made of them";
  let description = [{
    Replaces what computes a layer by `moe.logits`, `moe.route`, `moe.dispatch`, `moe.experts` and `moe.combine`, in these forms: a sum over the slots of each
    token of experts whose matrices are looked up per slot (gathered weights) or multiplied per segment of rows sorted by expert (grouped matmul); all
    experts on all tokens with weights that are zero for experts not chosen (dense experts); one branch per expert (expert loop).

    A layer is raised only where every side condition is proved. One that fails gives a `missed` remark that names it, and the graph stays as it is; each
    raised layer gives a `passed` remark. Results change by the order of summation only.

    A graph that is known not to compute what its model did (experts that the exporter dropped, expert outputs that overwrite each other) is an error,
    unless `accept-frozen-export` is set: then it stays as it is, with a warning. Values that the rest of the graph uses (logits, ids) are kept;
    ops and private functions that nothing uses any more are removed.
  }];
  let options = [
    Option<"acceptFrozenExport", "accept-frozen-export", "bool", "false", "Leave graphs alone that do not compute what their model did">
  ];
  let dependentDialects = ["::moe::MoEDialect", "::moe::stablehlo::StableHLODialect", "::moe::support::MoESupportDialect"];
}

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

    It also checks what relates the ops of a layer, where one's rows come from another in sight:

    1. (verify_moe_c1) `moe.dispatch`, `moe.experts` and `moe.combine` are on one plan.
    2. (verify_moe_c2) their `apply` is the same.
    3. (R15) zero and exclude ids of the route belong to classes zero, copy or constant.
  }];
}

def VerifyTargetPass : Pass<"moe-verify-target", "::mlir::ModuleOp"> {
  let summary = "Check that a module is at the target level";
  let description = [{
    What the target level hands to the artefact writer: the LLVM dialect alone. The first other op is an error.
  }];
}

def SimplifyRoutingPass : Pass<"moe-simplify-routing", "::mlir::func::FuncOp"> {
  let summary = "Bring routing and experts into a canonical form";
  let description = [{
    The rewrites of the routing specification's section 5 that are equal in real arithmetic but change rounding or structure; the exact ones are
    canonicalisations of the dialect. First gives the warnings of rules R6, R7, R9 and R10, which no rewrite here takes away. Then, op by op:

    * C5: a group filter that fills with 0 fills with −∞ where keys are positive.
    * C1: a softmax over all experts whose picks are normalised is a softmax over the picks of the logits (`softmax=picks`), or back
      (`softmax=scores`).
    * C2: where a score is strictly increasing, the selection compares logits.
    * C8: weights multiply the hidden vector or the output (`apply`).
    * C10: shared experts become `moe.ffn` and a sum, or always-on classes (`shared`).
    * C9: shared experts of one body and input become one wider expert (`merge-shared`).
    * C19: gate and up matrices change their layout (`storage`).
    * C3: entries of zero classes are dropped before the dispatch, those of copy classes are carried by the plan, those of constant classes without a mix
      become a product of weights and vectors beside the layer (`drop-parameter-free`).

    C9, C10 and C19 rearrange weights by weight expressions, so they apply to constant parameters alone. Each rewrite gives a remark, and so does each
    that one condition kept from a candidate.
  }];
  let options = [
    Option<"softmax", "softmax", "::moe::SoftmaxForm", "::moe::SoftmaxForm::Picks", "Where the softmax of a normalising router stands", [{
      ::llvm::cl::values(clEnumValN(::moe::SoftmaxForm::Keep, "keep", "where it is"),
                         clEnumValN(::moe::SoftmaxForm::Picks, "picks", "over the picks"),
                         clEnumValN(::moe::SoftmaxForm::Scores, "scores", "over all experts"))}]>,
    Option<"apply", "apply", "::moe::ApplyForm", "::moe::ApplyForm::Keep", "What the weights multiply, where either gives the same", [{
      ::llvm::cl::values(clEnumValN(::moe::ApplyForm::Keep, "keep", "what they do"),
                         clEnumValN(::moe::ApplyForm::Hidden, "hidden", "the hidden vector"),
                         clEnumValN(::moe::ApplyForm::Output, "output", "the output"))}]>,
    Option<"shared", "shared", "::moe::SharedForm", "::moe::SharedForm::Keep", "What shared experts are", [{
      ::llvm::cl::values(clEnumValN(::moe::SharedForm::Keep, "keep", "what they are"),
                         clEnumValN(::moe::SharedForm::Ffn, "ffn", "ops beside the layer"),
                         clEnumValN(::moe::SharedForm::Table, "table", "always-on classes of its table"))}]>,
    Option<"mergeShared", "merge-shared", "bool", "true", "Merge shared experts of one body into a wider one">,
    Option<"storage", "storage", "::moe::StorageForm", "::moe::StorageForm::Keep", "Layout of the gate and up matrices", [{
      ::llvm::cl::values(clEnumValN(::moe::StorageForm::Keep, "keep", "as it is"),
                         clEnumValN(::moe::StorageForm::Split, "split", "two matrices"),
                         clEnumValN(::moe::StorageForm::ConcatGateUp, "concat_gate_up", "gate rows, then up rows"),
                         clEnumValN(::moe::StorageForm::ConcatUpGate, "concat_up_gate", "up rows, then gate rows"),
                         clEnumValN(::moe::StorageForm::Interleaved, "interleaved", "gate in even rows"))}]>,
    Option<"parameterFree", "drop-parameter-free", "bool", "true", "Give no rows to zero, copy and constant experts">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect", "::moe::MoEDialect",
                           "::moe::support::MoESupportDialect"];
}

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
