//===- Passes.td - passes that stay on a level ----------------------------===//
#ifndef MOE_PASSES_TRANSFORMS_PASSES_TD
#define MOE_PASSES_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def RaisePass : Pass<"moe-raise", "::mlir::ModuleOp"> {
  let summary = "Recover MoE layers from what exporters made of them";
  let description = [{
    Replaces what computes a layer by `moe.logits`, `moe.route`, `moe.dispatch`, `moe.experts` and `moe.combine`, in these forms: a sum over the slots of each
    token of experts whose matrices are looked up per slot (gathered weights) or multiplied per segment of rows sorted by expert, one by one (grouped matmul)
    or by one product of groups (ragged dot); all experts on all tokens with weights that are zero for experts not chosen, in one product (dense experts) or
    one by one (unrolled experts); one branch per expert (expert loop); a fixed number of rows per expert that one-hot masks take from the tokens (capacity
    masks), that the experts choose (expert choice), or that are means of all tokens (soft mixture). Loops over layers whose weights are stacked constants are
    unrolled first.

    Dense bodies on the same tokens that are added to a layer become always-on classes of its table, where this can hold them; a `missed` remark says why one
    stays beside the layer.

    A layer is raised only where every side condition is proved. One that fails gives a `missed` remark that names it, and the graph stays as it is; each
    raised layer gives a `passed` remark. Results change by the order of summation only.

    A graph that is known not to compute what its model did (experts that the exporter dropped, expert outputs that overwrite each other) is an error,
    unless `accept-frozen-export` is set: then it stays as it is, with a warning. Values that the rest of the graph uses (logits, ids) are kept;
    ops and private functions that nothing uses any more are removed.
  }];
  let options = [
    Option<"acceptFrozenExport", "accept-frozen-export", "bool", "false", "Leave graphs alone that do not compute what their model did">
  ];
  let dependentDialects = ["::moe::MoEDialect", "::moe::chlo::CHLODialect", "::moe::stablehlo::StableHLODialect", "::moe::support::MoESupportDialect"];
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
    3. (R15) zero and exclude ids of the route belong to classes zero, copy or constant, unless a table selects.
    4. (R18) nested classes are chosen from by topk or greedy_assign.
    5. (verify_moe_c3) callees have no side effects: those of external classes have a body of ops without them, which may call such functions again; those of
       activations have one or are declared, which promises it. What an external class makes of a row depends on that row alone.
    6. (verify_moe_c4) statistics before capacity are of the plan of a route.
    7. (R11) no auxiliary loss is of the statistics of a balanced assignment.
  }];
}

def VerifyTilePass : Pass<"moe-verify-tile", "::mlir::ModuleOp"> {
  let summary = "Check that task graphs are sound and alone at the tile level";
  let description = [{
    The tile level holds task graphs and what is left around them. The first op of another level is an error. Of each graph, whatever the counts are:

    1. (tile_c1) a wait expects as many arrivals as its cell gets, and every cell that is waited for gets them. Where nothing is to arrive (an expert without
       rows), nothing is waited for.
    2. (tile_c2) tasks stand after those that they wait for; with `central_os`, they do not wait in a circle. So whoever runs tasks in their order gets on.
    3. (tile_c3) with schedules other than `ticket`, workers that wait for each other are all resident.
    4. (tile_c4) a signal's scope holds all who arrive and wait.
    5. (tile_c5) every element of every buffer but inputs is written once.
    6. (tile_c6) what is read was written before, by a chain of tokens and signals, of system scope where it comes from another rank. A wait that may expect nothing
       while there is what is read and who reads it (no expert has a row, though there are tokens) is no part of a chain.
    7. (tile_c7) a domain of rows is not looked at before the counts are known.
    8. (tile_c8) memory of a worker belongs to one task.
    9. (tile_c9) an entry of a ring is written again only after it was given back, and whoever gives back does not wait for that.
    10. (tile_c10) cells are as their epoch needs them: arrivals of one number (monotone), one in each launch and a modulus of two more than the skew between ranks
        (cyclic), one wait per cell (self_clean), no clearing by one rank what another arrives at (fresh).
    11. (tile_c11) where gaps are zero, the last tile of an expert fills them.
    12. (tile_c12) what other ranks reach has a copy for each launch that they can be apart.

    The skew between ranks is 1 where each waits for all others in each launch, and unbounded otherwise.
  }];
}

def InterpretTilePass : Pass<"moe-interpret-tile", "::mlir::ModuleOp"> {
  let summary = "Run task graphs in random orders and watch memory";
  let description = [{
    Runs each graph `runs` times, from seed `seed` on: `launches` launches after each other on loads that the seed picks (of at most `max-tokens` tokens; or `tokens`
    and `rows`, where given), with as many workers and as few resident ones as said. Every run that ends well counts; the first one that does not is an error at
    the op where it shows, with what replays it. Found are deadlocks, reads of what is not written or not in order after its write, double and missing
    writes, reuse of memory that may be in use, arrivals taken for those of another launch, and domains looked at before their counts.
  }];
  let options = [
    Option<"seed", "seed", "uint64_t", "0", "First seed">,
    Option<"runs", "runs", "unsigned", "20", "Number of seeds">,
    Option<"launches", "launches", "unsigned", "4", "Launches of a run, without reset between them">,
    Option<"maxTokens", "max-tokens", "int64_t", "70", "Most tokens of a random load">,
    Option<"tokens", "tokens", "int64_t", "-1", "Tokens of every launch instead of random ones">,
    ListOption<"rows", "rows", "int64_t", "Rows of each expert in every launch instead of random ones">,
    Option<"workers", "workers", "int64_t", "0", "Workers of a rank instead of the schedule's">,
    Option<"resident", "resident", "int64_t", "0", "Workers that run at a time instead of the schedule's">,
    Option<"schedule", "schedule", "std::string", "\"\"", "ticket, static_wave, per_worker_queue or central_os instead of the graph's">
  ];
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
    * C20: probabilities up to a sum above 1 are all of them.
    * C13: where the plan of a layer is a renumbering that brings no entries together and drops none, the experts are numbered as they were before it (`renumber`).
    * C8: weights multiply the hidden vector or the output (`apply`).
    * C10: shared experts become `moe.ffn` and a sum, or always-on classes (`shared`).
    * C9: shared experts of one body and input become one wider expert (`merge-shared`).
    * C19: gate and up matrices change their layout (`storage`).
    * C6, C7: the factors of the weights, one for all and one per expert, multiply the down matrices and biases of the experts (`scale=weights`).
    * C3: entries of zero classes are dropped before the dispatch, those of copy classes are carried by the plan, those of constant classes without a mix
      become a product of weights and vectors beside the layer (`drop-parameter-free`).
    * C16: where a table selects and scores are pointwise, logits are computed at its columns alone.
    * C15: a layer of units that are copies of the units of its plan runs on these, and its result is copied.
    * C17: products with the shared gate and up matrices of lora experts are made once per unit and dispatched with it (`lora-base=units`).

    C1, C2 and C5 leave logits alone that have an `offset`: it may be a mask of −∞, whose scores of 0 are selected where −∞ is not.
    C6, C7, C9, C10, C13 and C19 change weights by weight expressions, so they apply to constant parameters alone. A matrix that is stored in fewer bits changes with the
    tensors that store it: C6 and C7 multiply its scales where these are floats of their own, C9 and C19 need formats that keep rows (C9 also columns) apart, C10 and C17
    make a `moe.dequant` where a matrix leaves its class. Each rewrite gives a remark, and so does each that one condition kept from a candidate.
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
    Option<"renumber", "renumber", "bool", "true", "Number experts as before a renumbering of their plan">,
    Option<"mergeShared", "merge-shared", "bool", "true", "Merge shared experts of one body into a wider one">,
    Option<"storage", "storage", "::moe::StorageForm", "::moe::StorageForm::Keep", "Layout of the gate and up matrices", [{
      ::llvm::cl::values(clEnumValN(::moe::StorageForm::Keep, "keep", "as it is"),
                         clEnumValN(::moe::StorageForm::Split, "split", "two matrices"),
                         clEnumValN(::moe::StorageForm::ConcatGateUp, "concat_gate_up", "gate rows, then up rows"),
                         clEnumValN(::moe::StorageForm::ConcatUpGate, "concat_up_gate", "up rows, then gate rows"),
                         clEnumValN(::moe::StorageForm::Interleaved, "interleaved", "gate in even rows"))}]>,
    Option<"scale", "scale", "::moe::ScaleForm", "::moe::ScaleForm::Keep", "Where the factors of the weights are", [{
      ::llvm::cl::values(clEnumValN(::moe::ScaleForm::Keep, "keep", "where they are"),
                         clEnumValN(::moe::ScaleForm::Weights, "weights", "in the parameters of the experts"))}]>,
    Option<"parameterFree", "drop-parameter-free", "bool", "true", "Give no rows to zero, copy and constant experts">,
    Option<"loraBase", "lora-base", "::moe::BaseForm", "::moe::BaseForm::Keep", "How often products with the base of lora experts are made", [{
      ::llvm::cl::values(clEnumValN(::moe::BaseForm::Keep, "keep", "as they are"),
                         clEnumValN(::moe::BaseForm::Units, "units", "once per unit"))}]>
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect", "::moe::MoEDialect",
                           "::moe::support::MoESupportDialect"];
}

def PaddingEliminationPass : Pass<"moe-padding-elimination", "::mlir::ModuleOp"> {
  let summary = "Keep of plans and rows what is assigned alone";
  let description = [{
    What a layer computes stays: every entry keeps its expert, unit and weight, what capacity dropped stays dropped, and sums keep their order. Rewritten is how
    much room there is for entries that nobody assigned, and what is copied into it:

    1. *capacity to ragged*: a plan in csr, buckets, groups or dense has a column for each of E experts in every lowering. Where a route's selection fills k < E, or the
       plan is converted from one in k slots, its layer gets the plan in k slots. Required: the plan's users are a layer's ops; nobody needs the check that buckets hold
       a part of the domain or a converted plan; the order of a dense plan's slots is that of its experts, so `order <slot>` becomes `order <expert_asc>`, and no
       complement of its weights is summed in it.
    2. *gather sinking*: rows that are dispatched as the units are become indexed, so nothing of the size of all rows is copied: each expert reads its units where they
       are. Required: `apply` is not input, no scale, no soft plan, and every user is a `moe.experts` that reads them as its input.
    3. *physical to virtual pad*: a buffer of a task graph whose rows are aligned becomes dense: the tiles that read it end where the rows of an expert do. Required: the
       graph allocates the buffer and it is no output; every access selects an expert; and where the gap is zero, every access is a view in a computation with a body,
       of as many rows as there are.

    Heights of tiles need no rewrite: kernels divide the rows of an expert evenly and compute no row beyond the last. Bounds that are known before a call, rows of one
    expert and of all, are an `analysis` remark of each route.

    It runs on the level where encodings are, since no later one knows that what lies in a matrix is an assignment; the third rewrite is for graphs that come in at the
    tile level. No rewrite costs time or memory, so all of them are always on.
  }];
  let dependentDialects = ["::moe::MoEDialect"];
}

def PrintPlanStatsPass : Pass<"moe-print-plan-stats", "::mlir::ModuleOp"> {
  let summary = "Have every route tell how it loads its experts";
  let description = [{
    Behind each `moe.route` comes what prints, whenever it runs, the load of its experts: logits of a compiler are seldom constants, so the numbers are those of a
    run. What is printed goes through `vector.print`, hence to the standard output of `mlir-runner`; the values that the module computes stay.

    Of each run of a route: the function and the number of the route in it (and the layer, where it is in a `moe.layer`), the units, the entries after capacity (load)
    and those that capacity dropped or rounding to tiles took away, for each expert and in all, and the entropy of the loads in nats (ln E where experts are
    loaded evenly, 0 where one has everything or nothing is routed). What rounding added is a negative drop.

    `format=text` is for people, `format=json` gives one object per line. With `format=results` nothing is printed: a public function has three results more for each
    route i in it, named `plan_stats.i.load` and `plan_stats.i.dropped` (i32, one element per expert) and `plan_stats.i.entropy`; this is what `moe-compile --plan-stats`
    does, so that a compiled model gives them like its other outputs. A route in a region or a private function is left alone then, and a soft plan, which has no
    entries, always; both with a remark.

    ```
    moe-opt layer.mlir --moe-print-plan-stats=format=json --convert-moe-to-linalg | …
    {"function": "main", "route": 0, "units": 12, "load": [0, 3, 3, 0], "dropped": [0, 9, 9, 0], "entries": 6, "all_dropped": 18, "entropy": 0.693147}
    ```
  }];
  let options = [
    Option<"format", "format", "::moe::ReportFormat", "::moe::ReportFormat::Text", "Who reads the numbers", [{
      ::llvm::cl::values(clEnumValN(::moe::ReportFormat::Text, "text", "people"),
                         clEnumValN(::moe::ReportFormat::Json, "json", "programs, one object per line"),
                         clEnumValN(::moe::ReportFormat::Results, "results", "callers of the function"))}]>
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect", "::mlir::vector::VectorDialect",
                           "::moe::MoEDialect"];
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
