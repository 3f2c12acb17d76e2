//===- MoETileAttrs.td - dimensions, counts, accesses, schedules ----------===//
#ifndef MOE_DIALECT_MOETILE_MOETILEATTRS_TD
#define MOE_DIALECT_MOETILE_MOETILEATTRS_TD

include "MoETileBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"

class MoETile_Attr<string name, string attrMnemonic> : AttrDef<MoETile_Dialect, name> {
  let mnemonic = attrMnemonic;
}

def MoETile_TokenType : TypeDef<MoETile_Dialect, "Token"> {
  let mnemonic = "token";
  let summary = "what has happened before";
  let description = [{
    Stands for a set of computations. Who holds it runs after them and sees what they wrote; lowerings keep it as data flow until it is an acquire, a release
    or the order of one thread.

    ```mlir
    !moe_tile.token
    ```
  }];
}

def MoETile_DimsAttr : MoETile_Attr<"Dims", "dims"> {
  let summary = "a list of dimensions, cut into tiles";
  let description = [{
    Each dimension counts `experts`, `ranks`, `rows` of an expert, `tokens` of a rank, or a fixed number of things, in tiles of `by` things (1 where absent);
    the last tile may be short.

    Constraints:
    1. (dims_c1) fixed sizes and steps are positive; `experts` and `ranks` have a step of 1.

    ```mlir
    #moe_tile.dims<experts x rows by 32 x 96 by 64>
    #moe_tile.dims<tokens x 64>
    #moe_tile.dims<>
    ```
  }];
  let parameters = (ins OptionalArrayRefParameter<"::moe::tile::Dim">:$dims);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    size_t size() const { return getDims().size(); }
    const Dim &operator[](size_t i) const { return getDims()[i]; }
    const Dim *begin() const { return getDims().begin(); }
    const Dim *end() const { return getDims().end(); }
  }];
}

def MoETile_ArrivalsAttr : MoETile_Attr<"Arrivals", "arrivals"> {
  let summary = "a number of arrivals as an expression over counts";
  let description = [{
    A sum of products; a dimension stands for its number of tiles. `rows` are those of the expert that the cell belongs to; in a product with `experts` the sum over
    all experts is meant. Stored in one form: fixed factors multiplied out and in front, other factors and the terms in the order of the enum `Extent`,
    equal terms added.

    ```mlir
    #moe_tile.arrivals<1>
    #moe_tile.arrivals<2 * rows by 32>
    #moe_tile.arrivals<experts * rows by 32 + 1>
    ```
  }];
  let parameters = (ins OptionalArrayRefParameter<"::moe::tile::DimsAttr">:$terms);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The sum of the products of `terms` in the one form that is stored; null
    /// where a number in it does not fit into 64 bits.
    static ArrivalsAttr getCanonical(::mlir::MLIRContext *context, ::llvm::ArrayRef<::llvm::SmallVector<Dim>> terms);
    /// The number, where it is known at compile time.
    std::optional<int64_t> getConstant() const;
  }];
}

def MoETile_EpochAttr : MoETile_Attr<"Epoch", "epoch"> {
  let summary = "how a signal's cells tell one launch from the next";
  let description = [{
    With i the number of the launch and c the arrivals that a wait expects:

    | kind | an arrival | a wait goes on when | cleared |
    | --- | --- | --- | --- |
    | fresh | adds 1 | cell ≥ c | before each launch, by who launches |
    | monotone | adds 1 | cell ≥ (i + 1) * c | never |
    | stamp | sets i + 1 | cell ≥ i + 1 | never |
    | cyclic(n) | sets (i + 1) mod n | cell is not i mod n, the stamp of the launch before | never |
    | self_clean | adds 1 | cell ≥ c | by the wait, which takes c away |

    A flag of alternating parity is cyclic(2).

    Constraints:
    1. (epoch_c1) `modulus` is at least 2 with cyclic, and 0 with the others.

    ```mlir
    #moe_tile.epoch<fresh>
    #moe_tile.epoch<cyclic(3)>
    ```
  }];
  let parameters = (ins EnumParameter<MoETile_EpochKind>:$kind, DefaultValuedParameter<"int64_t", "0">:$modulus);
  let assemblyFormat = "`<` $kind (`(` $modulus^ `)`)? `>`";
  let genVerifyDecl = 1;
  let builders = [AttrBuilder<(ins CArg<"EpochKind", "EpochKind::Fresh">:$kind), [{ return $_get($_ctxt, kind, 0); }]>];
}

def MoETile_AccessAttr : MoETile_Attr<"Access", "access"> {
  let summary = "a region of a buffer and what is done with it";
  let description = [{
    An index per dimension of `buffer`: `*` the whole dimension, `?` the next index operand of the op, or a number. `read` needs what others wrote, `write` gives
    every element a value and reads none, `update` does both.

    ```mlir
    #moe_tile.access<read, @hidden[?, ?, *]>
    #moe_tile.access<write, @parts[0, ?]>
    ```
  }];
  let parameters = (ins EnumParameter<MoETile_Mode>:$mode, "::mlir::FlatSymbolRefAttr":$buffer, OptionalArrayRefParameter<"int64_t">:$indices);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    /// Index of a whole dimension, and of one given by an operand.
    static constexpr int64_t kWhole = std::numeric_limits<int64_t>::min() + 1;
    static constexpr int64_t kOperand = std::numeric_limits<int64_t>::min();
    /// Number of index operands that belong to the access.
    size_t getNumOperands() const { return ::llvm::count(getIndices(), kOperand); }
  }];
}

def MoETile_ScheduleAttr : MoETile_Attr<"Schedule", "schedule"> {
  let summary = "how workers come to their tasks";
  let description = [{
    * `ticket`: a worker claims the next task of the graph's order from a counter, or several at once, and finishes them in this order before it claims others. Needs no
      co-resident workers: who has the first task that is not done waits for nobody.
    * `static_wave`: worker w of W runs tasks w, w + W, ... of the graph's order.
    * `per_worker_queue`: the first index of a task, modulo W, names its worker; each runs its own in the graph's order.
    * `central_os`: the last worker hands out tasks that have all they wait for.

    `workers` is W, `resident` the number of workers that are guaranteed to run at the same time; 0 where who launches decides. The order of a graph is that of its
    tasks in the text, and of a task's domain with the last dimension fastest.

    With a `sweep`, the families over `experts, rows` take turns: those tiles, expert after expert, are the items i = 0, 1, ..., and step s = 0, 1, ... has the tasks
    that the first family has for item s - `sweep`[0], then those of the second for item s - `sweep`[1], and so on. So what is made of one item is used up while the next one
    is made, and a ring holds it; a family that lags finds complete what it waits for. With `batch` n, a launch whose items have few rows may take n steps at a time: all that
    the first family has in them, step after step, then all that the second has, and so on; both orders have to be right. With a `token_sweep`, so do the families that use a ring of `tokens`, whose items
    are tiles of the tokens.

    Constraints:
    1. (schedule_c1) `workers`, `resident` and the lags of sweeps are not negative.
    2. (schedule_c2) `batch` is positive, and 1, which is none, without a `sweep`.

    ```mlir
    #moe_tile.schedule<ticket>
    #moe_tile.schedule<ticket sweep = [0, 1, 2]>
    #moe_tile.schedule<ticket sweep = [0, 1, 3] batch 2>
    #moe_tile.schedule<ticket sweep = [0, 1, 2] token_sweep = [0, 1]>
    #moe_tile.schedule<static_wave workers 132 resident 132>
    ```
  }];
  let parameters = (ins EnumParameter<MoETile_ScheduleKind>:$kind, DefaultValuedParameter<"int64_t", "0">:$workers,
                        DefaultValuedParameter<"int64_t", "0">:$resident, OptionalArrayRefParameter<"int64_t">:$sweep,
                        DefaultValuedParameter<"int64_t", "1">:$batch, OptionalArrayRefParameter<"int64_t">:$tokenSweep);
  let assemblyFormat = [{
    `<` $kind (`workers` $workers^)? (`resident` $resident^)? (`sweep` `=` `[` $sweep^ `]`)? (`batch` $batch^)?
    (`token_sweep` `=` `[` $tokenSweep^ `]`)? `>`
  }];
  let genVerifyDecl = 1;
}

#endif // MOE_DIALECT_MOETILE_MOETILEATTRS_TD
