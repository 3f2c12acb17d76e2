//===- MoETileOps.td - every op of the moe_tile dialect -------------------===//
#ifndef MOE_DIALECT_MOETILE_MOETILEOPS_TD
#define MOE_DIALECT_MOETILE_MOETILEOPS_TD

include "MoETileAttrs.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/IR/BuiltinTypeInterfaces.td"
include "mlir/IR/CommonTypeConstraints.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"

class MoETile_Op<string mnemonic, list<Trait> traits = []> : Op<MoETile_Dialect, mnemonic, traits>;

def MoETile_Tokens : Variadic<MoETile_TokenType>;
def MoETile_Indices : Variadic<Index>;
def MoETile_Positive : ConfinedAttr<I64Attr, [IntPositive]>;
def MoETile_NonNegative : ConfinedAttr<I64Attr, [IntNonNegative]>;

def MoETile_OpGroupShared : OpDocGroup {
  let summary = "What tasks share";
  let description = "A graph, its memory and its signals.";
}

let opDocGroup = MoETile_OpGroupShared in {

def MoETile_GraphOp : MoETile_Op<"graph", [SymbolTable, SingleBlock, NoTerminator, NoRegionArguments]> {
  let summary = "Run a task graph once on every rank";
  let description = [{
    One launch: every rank r < `ranks` runs every task of every family in `body`, each once, in an order that `schedule` allows and that waits permit. The layer has
    `experts` experts. Ends on a rank when all of its tasks have ended there.

    Constraints:
    1. (graph_c1) at most one buffer is `counts`, and a graph with `rows` has one.
    2. (graph_c2) names of tasks differ.
    3. (graph_c3) with a `sweep` in `schedule`, the tasks whose domain begins with `experts, rows` stand side by side, have one step, and there is a lag for each; with a
       `token_sweep`, so do the tasks that use rings of `tokens`, whose domain begins with `tokens`.

    Example:
    ```mlir
    func.func @copy() {
      moe_tile.graph experts 1 schedule <ticket> {
        moe_tile.buffer input @x : tokens x 64 x f32 in device
        moe_tile.buffer output @y : tokens x 64 x f32 in device
        moe_tile.task @copy over (%t in tokens by 32) {
          %done = moe_tile.compute reads(@x[%t, *]) writes(@y[%t, *])
        }
      }
      return
    }
    ```
  }];
  let arguments = (ins MoETile_Positive:$experts, DefaultValuedAttr<MoETile_Positive, "1">:$ranks, MoETile_ScheduleAttr:$schedule);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "`experts` $experts (`ranks` $ranks^)? `schedule` $schedule attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
}

def MoETile_BufferOp : MoETile_Op<"buffer", [HasParent<"GraphOp">, Symbol]> {
  let summary = "Declare memory that tasks share";
  let description = [{
    An array named `sym_name` of the dimensions `shape` and elements of type `element`, in `space`: of one task instance (worker), of a rank (device), or of a
    rank and reachable from all others (symmetric; the leading dimension `ranks` is whose memory is meant). A dimension with a step has one element per tile.

    `role`: an `input` is never written; an `output`, like any buffer that is none, is written once everywhere in each launch; `counts` holds the rows of each
    expert, and a view of it where they end: element e is the number of rows of the experts up to e. `ring`: the leading dimension has room for that many entries, entry i where i modulo `ring` was before; of
    `experts x rows`, or of `tokens`, the entries are the items of the schedule's sweep of these, tiles. `copies`: launches use one after the other
    of so many copies. `align`: the rows of each expert begin at a multiple of it; `gap` is what the rows left out hold. Rows lie expert after expert, those of e
    from Σ_{e' < e} alignTo(rows(e'), `align`) on. `memory`: where the array is, if it is not for the lowering to allocate; offsets of experts come from
    the memory of the counts, E + 1 prefix sums. `distinct_counts` are counts of tokens that no expert has twice: at most as many rows as there are tokens.

    Constraints:
    1. (buffer_c1) `rows` follows `experts`, and both occur once at most.
    2. (buffer_c2) a symmetric buffer begins with `ranks`.
    3. (buffer_c3) `counts` is of `experts x index`.
    4. (buffer_c4) `align` above 1 belongs to `rows` and needs a gap of undef or zero; without it there is none.
    5. (buffer_c5) `ring` needs a leading dimension of fixed size, or `experts x rows` and a sweep, or `tokens` and a token sweep.
    6. (buffer_c6) `memory` has the element type, and a dimension for each of `shape`, experts and rows together being one.
    7. (buffer_c7) an `input` or an `output` is not in worker memory, and has neither `ring` nor `copies`: it is the caller's.

    Example:
    ```mlir
    moe_tile.graph experts 8 schedule <ticket> {
      moe_tile.buffer counts @counts : experts x index in device
      moe_tile.buffer @hidden : experts x rows x 96 x f32 in device align 16 gap zero
      moe_tile.buffer @stage : 512 by 64 x 64 x 32 x f32 in worker ring 4
    }
    ```
  }];
  let arguments = (ins DefaultValuedAttr<MoETile_RoleAttr, "::moe::tile::Role::Scratch">:$role, SymbolNameAttr:$sym_name, MoETile_DimsAttr:$shape,
                       TypeAttr:$element, MoETile_SpaceAttr:$space, OptionalAttr<MoETile_Positive>:$ring,
                       DefaultValuedAttr<MoETile_Positive, "1">:$copies, DefaultValuedAttr<MoETile_Positive, "1">:$align,
                       DefaultValuedAttr<MoETile_GapAttr, "::moe::tile::Gap::None">:$gap, Optional<AnyMemRef>:$memory);
  let assemblyFormat = [{
    custom<Declaration>($role, $sym_name) `:` custom<Shape>($shape, $element) `in` `` $space (`ring` $ring^)? (`copies` $copies^)? (`align` $align^)? (`gap` `` $gap^)?
    (`from` $memory^ `:` type($memory))? attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// True where it holds the rows of each expert.
    bool isCounts() { return getRole() == Role::Counts || getRole() == Role::DistinctCounts; }
    /// Position of the dimension `rows` in the shape, if it has one.
    std::optional<unsigned> getRowsDim();
  }];
}

def MoETile_SignalOp : MoETile_Op<"signal", [HasParent<"GraphOp">, Symbol]> {
  let summary = "Declare counters that tasks wait for";
  let description = [{
    Cells named `sym_name`, one for each tile of `shape` (one cell where that is empty), zero before the first launch. An arrival that a wait saw orders what was published with it
    before what comes after the wait, among those in `scope`: roles of one task instance, which has cells of its own (worker); tasks of a rank (device); all ranks
    (system; the leading dimension `ranks` is whose cells are meant). `epoch` says how cells survive from one launch to the next.

    Constraints:
    1. (signal_c1) a signal of system scope begins with `ranks`.
    2. (signal_c2) `rows` follows `experts`, and both occur once at most.

    Example:
    ```mlir
    moe_tile.graph experts 8 ranks 2 schedule <ticket> {
      moe_tile.buffer counts @counts : experts x index in device
      moe_tile.signal @routed in device
      moe_tile.signal @ready : experts x rows by 32 in device
      moe_tile.signal @landed : ranks x ranks in system epoch <cyclic(3)>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, MoETile_DimsAttr:$shape, MoETile_ScopeAttr:$scope, MoETile_EpochAttr:$epoch);
  let assemblyFormat = "custom<Cells>($sym_name, $shape) `in` `` $scope `` custom<Epoch>($epoch) attr-dict";
  let hasVerifier = 1;
}

def MoETile_RankOp : MoETile_Op<"rank", [Pure, HasParent<"GraphOp">, DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "Give the rank that a task runs on";
  let description = [{
    `self` is r on rank r: an index over `ranks`.

    Example:
    ```mlir
    moe_tile.graph experts 2 ranks 2 schedule <ticket> {
      %self = moe_tile.rank
    }
    ```
  }];
  let results = (outs Index:$self);
  let assemblyFormat = "attr-dict";
}

} // let opDocGroup

def MoETile_OpGroupTasks : OpDocGroup {
  let summary = "Tasks";
  let description = "What runs, over which domain, in which order.";
}

let opDocGroup = MoETile_OpGroupTasks in {

def MoETile_TaskOp : MoETile_Op<"task", [HasParent<"GraphOp">, SingleBlock, NoTerminator, DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>]> {
  let summary = "Declare a family of tasks";
  let description = [{
    One task, named `name`, for each point of `domain`, with the point's tile indices as arguments of `body`. The domain is known once `after` is: tokens of waits
    beside the task, for whose computations every task of the family waits. A task's ops are issued in their order by one worker; its roles run side by side.

    Constraints:
    1. (task_c1) `body` has an index for each dimension of `domain`.
    2. (task_c2) a dimension `rows` stands within one dimension `experts` of the same task, and that within no other.

    Example:
    ```mlir
    moe_tile.graph experts 8 schedule <ticket> {
      moe_tile.buffer counts @counts : experts x index in device
      moe_tile.buffer input @x : tokens x 64 x f32 in device
      moe_tile.buffer @hidden : experts x rows x 96 x f32 in device
      moe_tile.signal @ready : experts in device
      moe_tile.task @up over (%e in experts, %m in rows by 32, %n in 96 by 48) {
        %done = moe_tile.compute reads(@x[*, *], @counts[*]) writes(@hidden[%e, %m, %n])
        moe_tile.arrive @ready[%e] after %done
      }
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$name, MoETile_DimsAttr:$domain, MoETile_Tokens:$after);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasRegionVerifier = 1;
}

def MoETile_ForOp : MoETile_Op<"for", [ParentOneOf<["TaskOp", "ForOp", "RoleOp"]>, SingleBlockImplicitTerminator<"YieldOp">,
                                       DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>]> {
  let summary = "Walk a dimension in ascending order";
  let description = [{
    Runs `body` for each tile of the one dimension `dim`, with its index and the tokens that the tile before yielded (`init` for the first); `results` are those of the
    last.

    Constraints:
    1. (for_c1) `dim` is one dimension; `rows` stands as in a task's domain.
    2. (for_c2) `body` takes an index and as many tokens as `init` has, and yields as many.

    Example:
    ```mlir
    moe_tile.graph experts 8 schedule <ticket> {
      moe_tile.buffer input @x : experts x 64 x f32 in device
      moe_tile.buffer output @sum : 64 x f32 in device
      moe_tile.task @add over (%n in 64 by 16) {
        %zero = moe_tile.compute writes(@sum[%n])
        %all = moe_tile.for %e in experts carry (%before = %zero) {
          %next = moe_tile.compute reads(@x[%e, %n]) updates(@sum[%n]) after(%before)
          moe_tile.yield %next
        }
      }
    }
    ```
  }];
  let arguments = (ins MoETile_DimsAttr:$dim, MoETile_Tokens:$init);
  let results = (outs MoETile_Tokens:$results);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasRegionVerifier = 1;
}

def MoETile_RoleOp : MoETile_Op<"role", [HasParent<"TaskOp">, SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "Run a part of a task beside its other roles";
  let description = [{
    All roles of a task begin with it and run `body` side by side, such as the warps of a CTA; `name` is for people. `results` are the tokens that it yields. A lowering for
    workers that are one thread may run roles in any order that waits permit.

    Example:
    ```mlir
    moe_tile.graph experts 1 schedule <ticket> {
      moe_tile.buffer output @y : 64 x f32 in device
      moe_tile.task @fill over (%n in 64 by 32) {
        %done = moe_tile.role @store {
          %0 = moe_tile.compute writes(@y[%n])
          moe_tile.yield %0
        }
      }
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$name);
  let results = (outs MoETile_Tokens:$results);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasRegionVerifier = 1;
}

def MoETile_YieldOp : MoETile_Op<"yield", [Terminator, ParentOneOf<["ForOp", "RoleOp"]>]> {
  let summary = "End a walk's step or a role";
  let description = [{
    Gives `tokens` to the next step of a walk, or to who uses the results of the role.

    Example:
    ```mlir
    moe_tile.graph experts 1 schedule <ticket> {
      moe_tile.buffer output @y : 64 x f32 in device
      moe_tile.task @fill over () {
        %done = moe_tile.role @store {
          %0 = moe_tile.compute writes(@y[*])
          moe_tile.yield %0
        }
      }
    }
    ```
  }];
  let arguments = (ins MoETile_Tokens:$tokens);
  let assemblyFormat = "($tokens^)? attr-dict";
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
}

} // let opDocGroup

def MoETile_OpGroupSteps : OpDocGroup {
  let summary = "Steps of a task";
  let description = "Waiting, computing and telling others.";
}

let opDocGroup = MoETile_OpGroupSteps in {

class MoETile_Step<string mnemonic, list<Trait> traits> : MoETile_Op<mnemonic, !listconcat([DeclareOpInterfaceMethods<SymbolUserOpInterface>], traits)>;

def MoETile_WaitOp : MoETile_Step<"wait", [DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>, ParentOneOf<["GraphOp", "TaskOp", "ForOp", "RoleOp"]>]> {
  let summary = "Wait for arrivals at a cell";
  let description = [{
    Goes on when the cell of `signal` at `indices` (`static_indices` says which of them are operands) has the number of arrivals `expects`, or at once where that is 0; `token` stands for
    what those arrivals published. With `behind` b, the cell b before in the signal's leading dimension is meant, and for the first b nothing is waited for: what
    a producer into a ring waits for, or who goes on with what the item before left. Of `experts x rows` or `tokens`, that is the cell of the item of the sweep b before.

    Constraints:
    1. (wait_c1) `signal` is a signal of the graph, with an index of the same dimension for each of its own.
    2. (wait_c2) `rows` in `expects` belongs to a cell of an expert, or to a product with `experts`.

    Memory effects: acquires, in the signal's scope.

    Example:
    ```mlir
    moe_tile.graph experts 8 schedule <ticket> {
      moe_tile.buffer counts @counts : experts x index in device
      moe_tile.signal @ready : experts in device
      moe_tile.task @down over (%e in experts) {
        %0 = moe_tile.wait @ready[%e] expects 2 * rows by 32
      }
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$signal, MoETile_Indices:$indices, DenseI64ArrayAttr:$static_indices,
                       DefaultValuedAttr<MoETile_NonNegative, "0">:$behind, MoETile_ArrivalsAttr:$expects);
  let results = (outs MoETile_TokenType:$token);
  let assemblyFormat = [{
    $signal `` custom<Cell>($indices, $static_indices) (`behind` $behind^)? `expects` custom<Arrivals>($expects) attr-dict
  }];
}

def MoETile_ArriveOp : MoETile_Step<"arrive", [ParentOneOf<["TaskOp", "ForOp", "RoleOp"]>, AttrSizedOperandSegments]> {
  let summary = "Arrive at a cell";
  let description = [{
    Publishes what `after` stands for, then arrives once at the cell of `signal` at `indices` (`static_indices` says which of them are operands). With `behind` b, the cell b
    before in the signal's leading dimension is meant, and the first b arrive nowhere: a consumer that still uses the last entry of a ring gives back the one before.

    Constraints:
    1. (arrive_c1) `signal` is a signal of the graph, with an index of the same dimension for each of its own.

    Memory effects: releases, in the signal's scope.

    Example:
    ```mlir
    moe_tile.graph experts 8 schedule <ticket> {
      moe_tile.signal @begun : experts in device
      moe_tile.task @begin over (%e in experts) {
        moe_tile.arrive @begun[%e]
      }
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$signal, MoETile_Indices:$indices, DenseI64ArrayAttr:$static_indices,
                       DefaultValuedAttr<MoETile_NonNegative, "0">:$behind, MoETile_Tokens:$after);
  let assemblyFormat = [{
    $signal `` custom<Cell>($indices, $static_indices) (`behind` $behind^)? (`after` $after^)? attr-dict
  }];
}

def MoETile_ComputeOp : MoETile_Step<"compute", [DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>, ParentOneOf<["TaskOp", "ForOp", "RoleOp"]>, AttrSizedOperandSegments, NoTerminator]> {
  let summary = "Compute regions of buffers from others";
  let description = [{
    Reads, updates and writes the regions `accesses` and nothing else, after what `after` stands for; `token` stands for all of that and the computation itself. `indices` are the index
    operands of the accesses, one after the other. `body`, where there is one, does it: its arguments are views of the regions, without the dimensions that an
    index fixes to one element; `experts` and `rows` together are one dimension.

    Constraints:
    1. (compute_c1) `accesses` are reads, then updates, then writes.
    2. (compute_c2) each names a buffer of the graph, with an index of the same extent for each dimension; one whose step is a multiple of the dimension's selects a range.
    3. (compute_c3) an index over `rows` goes with the one over `experts` that it belongs to; all experts go with all rows.
    4. (compute_c4) a `body` has one memref argument per access, of the buffer's element type and the region's rank.
    5. (compute_c5) inputs are read alone.
    6. (compute_c6) of a ring of `experts x rows` or of `tokens`, the entry of the task's own item is used.

    Example:
    ```mlir
    func.func @twice(%x: memref<?x64xf32>, %y: memref<?x64xf32>) {
      moe_tile.graph experts 1 schedule <ticket> {
        moe_tile.buffer input @x : tokens x 64 x f32 in device from %x : memref<?x64xf32>
        moe_tile.buffer output @y : tokens x 64 x f32 in device from %y : memref<?x64xf32>
        moe_tile.task @twice over (%t in tokens by 32) {
          %0 = moe_tile.compute reads(%a = @x[%t, *] : memref<?x64xf32, strided<[64, 1], offset: ?>>)
            writes(%b = @y[%t, *] : memref<?x64xf32, strided<[64, 1], offset: ?>>) {
            linalg.add ins(%a, %a : memref<?x64xf32, strided<[64, 1], offset: ?>>, memref<?x64xf32, strided<[64, 1], offset: ?>>)
                       outs(%b : memref<?x64xf32, strided<[64, 1], offset: ?>>)
          }
        }
      }
      return
    }
    ```
  }];
  let arguments = (ins TypedArrayAttrBase<MoETile_AccessAttr, "accesses">:$accesses, MoETile_Indices:$indices, MoETile_Tokens:$after);
  let results = (outs MoETile_TokenType:$token);
  let regions = (region MaxSizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

} // let opDocGroup

#endif // MOE_DIALECT_MOETILE_MOETILEOPS_TD
