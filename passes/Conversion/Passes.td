//===- Passes.td - passes that go one level down --------------------------===//
#ifndef MOE_PASSES_CONVERSION_PASSES_TD
#define MOE_PASSES_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertMoEToLinalgPass : Pass<"convert-moe-to-linalg", "::mlir::ModuleOp"> {
  let summary = "Lower the moe dialect to structured ops on tensors";
  let description = [{
    The reference lowering: every moe op becomes `linalg`, `scf` and `tensor` ops by itself, and what they compute is what every faster lowering must. A
    plan becomes its ids and weights (units x slots) and the order of its rows; rows become one matrix, ordered by expert without padding. Each
    expert's matrix products are `linalg.matmul` on its block of rows; scores, keys, the gather of rows and the combine are parallel structured ops,
    the selection is an `scf.forall` over units, and the order of rows is a sequential counting sort. All of it bufferises in place.

    Ids stay within [-1, E) for any logits, NaN included, and nothing is read or written out of bounds.

    Quantised matrices whose storage is known when compiling become (code - zero point) * scale, elementwise, where the CPU kernels read that form.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect", "::mlir::func::FuncDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect", "::moe::support::MoESupportDialect"];
}

class MoE_VectorOptions {
  list<Option> vectorOptions = [
    Option<"vectorBits", "vector-bits", "unsigned", "256", "Width of the target's vectors">,
    Option<"vectorRegisters", "vector-registers", "unsigned", "16", "Number of the target's vector registers">,
    Option<"bf16Dot", "bf16-dot", "bool", "false", "The target multiplies pairs of bf16 into f32">,
    Option<"bf16Tiles", "bf16-tiles", "bool", "false", "The target does so in tile registers too">,
    Option<"fetchDistance", "fetch-distance", "int64_t", "0", "Bytes ahead of loads from memory at which kernels fetch; 0 leaves it to the CPU">
  ];
}

def TokenRoundingPass : Pass<"moe-token-rounding", "::mlir::ModuleOp">, MoE_VectorOptions {
  let summary = "Round the counts of experts to the kernel's tile";
  let description = [{
    Gives every route of topk without a capacity the capacity `tile_round` (SonicMoE), whose unit is the number of rows of the target's register tile, or of a tile register where the layer is multiplied in those. **This changes
    what a model computes**: entries of low scores are dropped, and units that had not chosen an expert come to it, so a unit's result depends on the others
    of its call. It is a transformation of training and of large calls, and nobody gets it without asking.

    Weights that the route normalises stay normalised over the original picks (`renorm = tc_set`). A softmax over the picks becomes one over all experts first, since
    units compete by scores.

    Tile registers of M rows have up to (M − 1) / (2 R) more rows than R rows per expert need; that is the most that rounding can gain. Register tiles of vectors
    are as high as the rows are, so that rounding only makes them fuller (`benchmarks/race --rounding` measures what that is worth). Below two tiles per expert it starves
    experts: where the number of units is known, from the type or from `tokens`, such a route stays, with a `missed` remark; else the remark says how many
    tokens a call needs.
  }];
  let options = vectorOptions # [
    Option<"mode", "mode", "std::string", "\"nearest\"", "Which multiple a count becomes: nearest, up, down, sr_f, nr_s or balance_f">,
    Option<"seed", "seed", "int64_t", "0", "Seed of sr_f and nr_s">,
    Option<"tokens", "tokens", "int64_t", "0", "Tokens of a usual call; 0 where nobody knows">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect", "::moe::MoEDialect",
                           "::moe::support::MoESupportDialect"];
}

def ConvertMoEToTilePass : Pass<"convert-moe-to-tile", "::mlir::ModuleOp">, MoE_VectorOptions {
  let summary = "Cut MoE layers into tile tasks";
  let description = [{
    Replaces `moe.dispatch`, `moe.experts` and `moe.combine` of a layer in f32, bf16 or f16, whose plan is of slots and whose experts are one class of ffn with constant
    parameters, quantised ones included where `moe-pack-weights` has a layout for them, by one `moe_tile.graph` without a barrier. Its families run over tiles of the
    rows of each expert and take turns (see `#moe_tile.schedule`): rows are gathered, once per tile; multiplied by gate and up and activated; multiplied by down and added, weighted, to
    their tokens. Tiles add to the same columns one after the other, so sums are in the order of experts. Between the families lie rings of a few tiles: there is no buffer
    of all rows, in any width, but the sums in f32 where the result is narrower. Weights are laid out in panels of the CPU's register tile. Other layers stay, each with a `missed` remark.

    Every number is computed as `convert-moe-to-linalg` and the passes behind it compute it: the same products of the same kernels, rounded where a tensor of the
    layer is narrower, added in the same order. So results have the same bits as unfused, whoever runs what.

    With `schedule=two-kernel`, a first graph makes all hidden vectors, and tasks of a second one own columns of the result and walk the experts; with `schedule=unfused`, every layer stays. With
    `schedule=auto`, a cost model (`moe/Analysis/Schedule.h`) estimates the forms of each layer from its sizes, the `tokens` and `threads` of a usual call and the rates of the machine (`schedule={auto tokens=512 threads=2 flops=1e11 read-bytes=5e10}`), and takes
    the cheapest; fused where the difference is within its error, or where nobody knows the tokens. What was decided on each layer is in `analysis` remarks (form, costs,
    tile, rings, memory). With `schedule={fused cold-batch=2}`, graphs may take two steps of their sweep at a time where a call leaves experts few rows (`batch` of
    `#moe_tile.schedule`), and rings are deeper from three on; none by default, since it gained nothing that repeats.

    A route that `convert-route-to-vector` has a kernel for, and whose plan nobody else reads, becomes part of the graph, with the same kernel: tasks over tokens write ids and weights,
    and one task, which the last of them releases, counts the rows of experts and lists their tokens. Families over rows begin after it. Where counts are rounded to tiles
    (tile_round over all tokens), that task does it: for each expert it keeps the few members and others next to the boundary while all pass by, and the rows of what
    it adds need no slots. A remark says which routes stay before the graph, and why. Where the logits of such a route are a product with a constant matrix that nobody else reads
    (a linear `moe.logits`), tasks over tokens and panels of the matrix make them before the first task of the route, with the bits that they have elsewhere. Weights and rows are those of the reference lowering, bit by bit, but for the sums of a softmax that
    `convert-linalg-to-cpu` may add lane by lane.

    The graph works on memory; of another plan it reads the parts that `convert-moe-to-linalg` makes, which has to run after this.
  }];
  let options = vectorOptions # [
    Option<"schedule", "schedule", "::moe::ScheduleOptions", "::moe::ScheduleOptions{::moe::Schedule::Fused}",
           "How layers are run: a form, and in braces with it the tokens and threads of a usual call, the cold-batch and the rates of the machine (flops, read-bytes)">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::vector::VectorDialect", "::moe::support::MoESupportDialect", "::moe::tile::MoETileDialect"];
}

def ConvertRouteToVectorPass : Pass<"convert-route-to-vector", "::mlir::ModuleOp"> {
  let summary = "Lower routes to kernels of vectors";
  let description = [{
    Replaces each `moe.route` that it can by calls of a function that is generated for its form, in vectors, with one unit per lane: scores, keys, group filter,
    top-k and weights of a block of units without a word to memory but the tables of that block. Key and id make one integer, whose order is the order relation,
    ties, −0, −∞ and NaN included; sorting networks keep the best k. Units are cut into chunks that depend on their number alone. The parts of the plan are
    made of ids and weights as `convert-moe-to-linalg` makes them, which has to run after this.

    **Ids and weights have the bits of the reference lowering**: formulas are evaluated operation by operation in its order, so scores of equal logits are equal
    and ties fall the same way. (`convert-linalg-to-cpu` may sum a softmax lane by lane; scores can then differ from those here in the last bits, and so can
    the choice between experts whose scores differ by as little.)

    Covered are topk of up to 32 among up to 2048 experts by softmax or pointwise scores or logits, with group filters, offsets and masks per expert, every norm and
    scale of weights, in f32 and narrower types. Other routes stay for the reference lowering, each with a `missed` remark.
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "unsigned", "256", "Width of the target's vectors">,
    Option<"grain", "grain", "int64_t", "65536", "Scalar operations that a chunk of parallel work holds at least">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect", "::mlir::func::FuncDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect", "::mlir::vector::VectorDialect"];
}

def ConvertTileToCPUPass : Pass<"convert-tile-to-cpu", "::mlir::ModuleOp"> {
  let summary = "Lower task graphs to loops that claim tickets";
  let description = [{
    Turns each `moe_tile.graph` with the schedule `ticket` on one rank into one parallel loop over workers. A worker claims the next number from a counter until all
    tasks are claimed, finds the task's point from tables that are made of the counts, and runs it: computations in their order, arrivals as atomic additions that release, waits as loops
    of loads that acquire. Since tasks wait only for tasks that were claimed before, any number of workers at a time gets to the end, one included; what they compute
    does not depend on it. Scratch memory and cells are allocated, and cells cleared, in front of the loop; a ring of rows has room for the highest tile that there is. Memory of a
    worker is allocated once by each worker that finds a task. Where a task of the graph counts the rows, it fills the tables when it has; what is in front of the loop has room for
    as many rows as the memory of those rows, and families over rows, which come last, have tickets for as many tiles as there turn out to be. The roles of a task run one after the
    other in the order of the text, which is all that is left of signals of a worker.

    Roles that wait for later ones, other rings, gaps, copies, arrivals that lag and epochs other than `fresh` are for other targets: an error.
  }];
  let options = [
    Option<"workers", "workers", "int64_t", "1024", "Workers that the parallel loop starts at most">,
    Option<"trace", "trace", "bool", "false", "Tell the runtime when each task and each wait for others begins and has ended">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

def ConvertAttentionToLinalgPass : Pass<"convert-attention-to-linalg", "::mlir::ModuleOp"> {
  let summary = "Lower masked attention to linalg in blocks of rows";
  let description = [{
    Replaces each composite `onnx.Attention` that is causal or has a mask by structured ops in a loop over even blocks of at most 120 queries. Of its attributes, `causal` says
    where the first query stands among the keys: `start` at the first one, `end` so that the last query stands at the last key, `first` where an operand says, for all
    sequences or for each; a query sees the keys up to its own place, with `window` only that many of them. Products, softmax and probabilities of a block
    range from the first to the last key that one of its queries sees in one of the sequences; keys in between that a query does not see have the weight zero, as
    all hidden keys have in the decomposition. So results are those of the decomposition but for rounding (sums are divided behind the product with
    values, not before), and but for values of hidden keys that are not finite, which may stay without influence.

    Of attention that is not causal, a run reads from its mask which keys are hidden from all queries of a block: by `false`, or by numbers of at most -1e38 beside which each
    query has one of at least -1e37; where a query has none, its weights depend on all keys, and the block ranges over all. This assumes that logits are smaller than
    4e37. The same is done for products that a graph writes out in f32, `softmax(scale (q k) [+ mask]) v` with a composite `onnx.Softmax` between two `dot_general`, where
    there are as many keys as queries: products of few rows read keys of a cache where they lie. There the mask's sizes have to be those of logits or 1. Rows of logits may
    end with a number for each head whose weight a slice leaves out, and may be less by their greatest one: that is a sink.

    Scale, cap, masks and sinks are those of the decomposition, and so are rows of zeros for queries that see nothing. Composites that hide nothing, and those whose types
    leave open whether their operands fit, stay for `moe-inline-composites`, the latter with a `missed` remark.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect", "::moe::support::MoESupportDialect"];
}

def ConvertStableHLOToLinalgPass : Pass<"convert-stablehlo-to-linalg", "::mlir::ModuleOp"> {
  let summary = "Lower stablehlo and chlo to linalg on tensors";
  let description = [{
    Turns every `stablehlo` and `chlo` operation into linalg, tensor, arith, math and scf. Element-wise operations, reductions and general products
    become `linalg.generic`, matrix products `linalg.matmul` and `linalg.batch_matmul` with f32 accumulation of 16-bit floats; scatter, sort and
    cumulative windows become sequential loops, so that results never depend on a schedule. Constants of more than 64 elements become
    `moe_support.weight`. Unsigned integers become signless ones. What the graph leaves undefined at run time (sizes that do not fit, bounds outside
    of a tensor) becomes `cf.assert`.

    Composites must be inlined before (`moe-inline-composites`).
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
                           "::moe::support::MoESupportDialect"];
}

def PrepareEntryPass : Pass<"moe-prepare-entry", "::mlir::ModuleOp"> {
  let summary = "Record the interface of the entry function";
  let description = [{
    Checks that the entry function takes and gives ranked tensors, writes their names, types and symbolic sizes to the module attribute
    `moe.interface` for the artefact writer, marks the arguments as read-only and asks for the C interface. Every other function becomes private.
  }];
  let options = [
    Option<"entry", "entry", "std::string", "\"main\"", "Name of the entry function">
  ];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::LLVM::LLVMDialect"];
}

def ExternalizeWeightsPass : Pass<"moe-externalize-weights", "::mlir::ModuleOp"> {
  let summary = "Give every weight a place in the weights file";
  let description = [{
    Replaces each `moe_support.weight` in the entry function by a read-only view of a new last argument, the address of the weights' data. Private functions with weights
    (experts that are functions) are inlined where the entry function calls them.
    Weights get 64-byte aligned offsets in the order of their first use; equal expressions share one. The table is left on the module for the
    packer: `moe.weights` is an array of `{offset, value}` and `moe.weights_size` the size of the data in bytes.
  }];
  let options = [
    Option<"entry", "entry", "std::string", "\"main\"", "Name of the function that owns the weights">
  ];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect"];
}

def ContiguousResultsPass : Pass<"moe-contiguous-results", "::mlir::func::FuncOp"> {
  let summary = "Copy results that are views with gaps";
  let description = [{
    Copies each returned buffer that is a cast of one without the identity layout: bufferisation casts where sizes are dynamic, but who calls the
    function reads dense rows.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

def SeparateFillsPass : Pass<"moe-separate-fills", "::mlir::func::FuncOp"> {
  let summary = "Give each product a filled tensor of its own";
  let description = [{
    Clones the tensor of one value that a contraction adds to where others use it, too. Bufferisation would fill memory once and copy it for all
    but one of them; `convert-linalg-to-cpu` lets the tasks of a product fill what only that product uses.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def FuseElementwisePass : Pass<"moe-fuse-elementwise", "::mlir::func::FuncOp"> {
  let summary = "Fuse elementwise ops where it saves memory traffic";
  let description = [{
    Moves elementwise `linalg.generic` producers into their users, unless that repeats a function or division for every element of a larger
    iteration space. Contractions take in transpositions alone, which their kernels read in place. Weights of one value become constants.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def FoldRepeatedOperandsPass : Pass<"moe-fold-repeated-operands", "::mlir::func::FuncOp"> {
  let summary = "Read operands of matmuls before they are repeated";
  let description = [{
    The keys and values of grouped-query attention belong to several query heads: exporters repeat them in memory, and reshape, transpose and scale what
    they have repeated. This pass lets a contraction read such an operand where the elements were first: dimensions of the batch along which they repeat
    become rows of the other operand (the query heads of a group, with their tokens, are the rows of one product), and a constant factor of at most one in
    f32 moves to the other operand, which is smaller where that matters. Reshapes are looked through where it is proved which sizes are equal: by how they
    are computed, by a `moe_support.require` in front, or by names of input sizes in the module's `moe.interface`. Rows of any product with a batch that lie
    side by side become one dimension.

    The source's last dimension has to be one of the product's columns or of its sum, as kernels need; what is in front of that stays as it is.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def PackWeightsPass : Pass<"moe-pack-weights", "::mlir::func::FuncOp">, MoE_VectorOptions {
  let summary = "Lay matmul weights out as the CPU kernels read them";
  let description = [{
    Rewrites contractions in f32 of operands in f32, bf16 or f16 whose one side is a weight, whole or a slab `[e, ...]` of a stack of weights, to read
    panels `[ceil(N / w), K, w]`, where w is the width of the CPU's register tile. The op stays an ordinary `linalg.generic` whose map of that side
    ends in `(n floordiv w, k, n mod w)`; the rearranging becomes part of the weight expression. Where both sides are bf16 and the target multiplies
    pairs of them, neighbours along k lie side by side: `[ceil(N / w), K / 2, w, 2]`. Where both are f32, vectors have 512 bits and kernels fetch, the columns of a panel lie in halves: `[ceil(N / w), 2, K, w / 2]`;
    pairs, with tile registers and a K that is a multiple of 32, as `[ceil(N / w), 2, K / 2, w / 2, 2]`. Several row dimensions become one.

    A side that is computed from weights element by element as `(code - zero point) * scale`, with codes of eight or four bits and a scale per group along k,
    is not computed any more: the contraction reads panels of the codes and the scales, and its body says what they mean. Where the codes come through views
    and broadcasts of constants, as importers spread scales and zero points, these are looked through. Codes of four bits lie two in a byte,
    `[ceil(N / w), K / 2, lanes, 2, w / (2 lanes)]`. Codes of eight bits lie in pairs where the rows they multiply are such; in halves, too,
    where there are tile registers, kernels fetch, and groups are multiples of 32 with one zero point for all. One scale for all columns, zero points that are not codes, and odd depths stay as they are.

    A remark says of each product how its weight lies now, or why it stays.
  }];
  let options = vectorOptions;
  let dependentDialects = ["::moe::support::MoESupportDialect", "::mlir::tensor::TensorDialect", "::mlir::linalg::LinalgDialect"];
}

def SplitRowsPass : Pass<"moe-split-rows", "::mlir::func::FuncOp">, MoE_VectorOptions {
  let summary = "Make bf16 parts of f32 rows for tile registers";
  let description = [{
    With `bf16-tiles`, a product in f32 whose other side lies in panels in halves gets three more operands: its rows in parts of bf16, `[..., K]` each, whose sum
    they are. The body does not read them, and says what is computed as before; where there are more than a few rows, `convert-linalg-to-cpu` multiplies parts in
    tile registers instead. K is a multiple of 32; products with up to 256 columns, of routers among others, stay as they are.
  }];
  let options = vectorOptions;
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def ConvertLinalgToCPUPass : Pass<"convert-linalg-to-cpu", "::mlir::ModuleOp">, MoE_VectorOptions {
  let summary = "Lower bufferised linalg ops to loops for CPUs";
  let description = [{
    Turns each structured op on memrefs into loops: the innermost loop runs along the dimension with the most contiguous accesses and is marked
    for LLVM's vectoriser, accumulators of an innermost reduction live in registers, and the outer parallel dimensions become one `scf.parallel`
    over chunks of a fixed amount of work, so that results never depend on the number of threads; an `scf.forall` over one dimension is chunked the
    same way. Contractions in f32 become calls of a kernel that keeps a tile of the result in registers; `moe-pack-weights` has laid out what it
    can for them. With `bf16-tiles`, those of pairs of bf16, also of codes, become calls of a kernel in tile registers (AMX) where they have more rows than a register
    tile of vectors: these, and what the last whole tile leaves of K, stay with vectors, which read the same panels. So do those of more than 12 rows of f32 that
    come in parts of bf16, too (`moe-split-rows`).
  }];
  let options = !listconcat(vectorOptions, [
    Option<"grain", "grain", "int64_t", "65536", "Scalar operations that a chunk of parallel work holds at least">
  ]);
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::scf::SCFDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::vector::VectorDialect",
                           "::mlir::func::FuncDialect", "::mlir::x86vector::X86VectorDialect"];
}

def ApproximateMathPass : Pass<"moe-approximate-math"> {
  let summary = "Expand f32 functions to polynomials that vectorise";
  let description = [{
    Replaces `math.exp`, `tanh`, `erf`, `log` and others on f32 by arithmetic without calls, and functions of narrower types by those on f32. Functions
    without an expansion that is accurate for every argument stay calls of the C library. Also expands rounding divisions, computes in f32 what is to
    be computed in bf16, with each result rounded, and expands the conversions of bf16, which not every CPU has. Without `f16-conversions` the same is done for f16, with
    the bits that x86's instructions (F16C) give: LLVM would call functions of a compiler's library for each. It does so for f64 to f16 on all but the newest x86, so that these go by
    f32, rounded to odd.
  }];
  let options = [
    Option<"f16Conversions", "f16-conversions", "bool", "true", "The target has instructions that convert f16">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::vector::VectorDialect"];
}

def ConvertAssertToRuntimePass : Pass<"convert-assert-to-runtime", "::mlir::ModuleOp"> {
  let summary = "Turn assertions into the runtime's fail call";
  let description = [{
    Replaces `cf.assert` and `moe_support.require` by a call of `moe_fail` with the message where the condition is false. Values in a message are
    written into it there, by `snprintf`. Runs while control flow is still structured.
  }];
  let options = [Option<"failFunction", "fail-function", "std::string", /*default=*/"\"moe_fail\"", "Function that takes the message">];
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect"];
}

def ConvertParallelToRuntimePass : Pass<"convert-parallel-to-runtime", "::mlir::ModuleOp"> {
  let summary = "Outline parallel loops to the runtime's parallel_for";
  let description = [{
    Moves the body of each outermost one-dimensional `scf.parallel` into a function `(context, begin, end)` and calls `moe_parallel_for` with it. What the
    body uses travels in a structure on the caller's stack; constants are cloned. Parallel loops inside others, and those whose body may fail
    (`moe_fail` belongs to the calling thread), become sequential loops.
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect"];
}

#endif // MOE_PASSES_CONVERSION_PASSES_TD
