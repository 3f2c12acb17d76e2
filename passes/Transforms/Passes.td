//===- Passes.td - passes that stay on a level ----------------------------===//
#ifndef MOE_PASSES_TRANSFORMS_PASSES_TD
#define MOE_PASSES_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def RaiseMoEPass : Pass<"moe-raise", "::mlir::ModuleOp"> {
  let summary = "Recover whole MoE layers from the ops that an exporter made of them";
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

#endif // MOE_PASSES_TRANSFORMS_PASSES_TD
