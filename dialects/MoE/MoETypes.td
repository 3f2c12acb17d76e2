//===- MoETypes.td - plans and rows ---------------------------------------===//
#ifndef MOE_DIALECT_MOE_MOETYPES_TD
#define MOE_DIALECT_MOE_MOETYPES_TD

include "MoEBase.td"
include "MoEEnums.td"
include "mlir/IR/AttrTypeBase.td"

class MoE_Type<string name, string typeMnemonic> : TypeDef<MoE_Dialect, name> {
  let mnemonic = typeMnemonic;
  let genVerifyDecl = 1;
}

def MoE_PlanType : MoE_Type<"Plan", "plan"> {
  let summary = "an assignment of units to experts (specification 2.7)";
  let description = [{
    For each unit a list of entries (expert id in [0, `experts`), weight of type `weight`), then one entry for each of `always` ids from `experts` on. Per
    expert the entries are ordered by (unit, slot). `encoding` says what a plan consists of (U units, N entries), as `moe.unpack_plan` gives it:

    | encoding | content | slot of an entry |
    | --- | --- | --- |
    | slots<K> | ids i32[U,K] (−1: empty), weights[U,K] | its column |
    | csr | row_ptr[U+1], ids i32[N], weights[N] | its rank in the row |
    | buckets<C> | unit i32[E,C], slot i32[E,C], weights[E,C], count[E]; behind an expert's count unit and slot are −1, weights 0 | as given |
    | grouped | offsets[E+1], unit i32[N], slot i32[N], weights[N] | as given |
    | dense | weights[U,E], i1[U,E] | the expert's id |
    | soft<p> | dispatch[U,E·p], combine[U,E·p] | none: an expert has p rows, each a mix of all units of a part of the domain |

    `carry`: a unit has one more weight, times which `moe.combine` adds the unit itself.

    Constraints:
    1. (plan_c1) `experts` is positive.
    2. (plan_c2) K of slots is between 1 and `experts`, C of buckets is positive or dynamic, p of soft is positive.
    3. (plan_c3) `always` is not negative; a soft plan has no always-on ids and does not carry.

    ```mlir
    !moe.plan<256, slots<8>>
    !moe.plan<64, slots<6>, always = 2, weight = bf16>
    !moe.plan<8, buckets<?>>
    !moe.plan<8, csr, carry>
    ```
  }];
  let parameters = (ins "int64_t":$experts, EnumParameter<MoE_PlanEncoding>:$encoding,
                        "int64_t":$size, // K of slots, C of buckets, p of soft, else 0
                        "int64_t":$always, "::mlir::FloatType":$weight, "bool":$carry);
  let hasCustomAssemblyFormat = 1;
  let builders = [TypeBuilder<(ins "int64_t":$experts, "int64_t":$slots, CArg<"int64_t", "0">:$always)>];
  let extraClassDeclaration = [{
    /// Routed entries that a unit has at most.
    int64_t getSlots() const { return getEncoding() == PlanEncoding::Slots ? getSize() : getExperts(); }
    /// The same plan with another encoding, number of always-on ids or carry.
    ::moe::PlanType withEncoding(::moe::PlanEncoding encoding, int64_t size) const;
    ::moe::PlanType withAlways(int64_t always) const;
    ::moe::PlanType withCarry(bool carry) const;
  }];
}

def MoE_RowsType : MoE_Type<"Rows", "rows"> {
  let summary = "rows of units, ordered by expert";
  let description = [{
    One row of `width` elements for each entry of a plan. `grouped`: ragged, expert after expert in ascending order, without padding. `indexed`: the same rows in
    the same order, which are not copied: each is read where its unit is.

    Constraints:
    1. (rows_c1) `width` is positive.

    ```mlir
    !moe.rows<f32, 2048, grouped>
    !moe.rows<bf16, 2048, indexed>
    ```
  }];
  let parameters = (ins "::mlir::FloatType":$elementType, "int64_t":$width, EnumParameter<MoE_RowLayout>:$layout);
  let assemblyFormat = "`<` $elementType `,` $width `,` $layout `>`";
}

def MoE_LazyLogitsType : MoE_Type<"LazyLogits", "lazy_logits"> {
  let summary = "router logits of pairs of keys, none of them computed yet";
  let description = [{
    The logits of `rows`·`columns` experts for each unit, in `elementType`: sums of a row's and a column's value, or with a `rank` values of a tensor in Tucker
    form (`moe.lazy_logits`). Memory is O(U (rows + columns) (rank or 1)), whatever the number of experts.

    Constraints:
    1. (lazy_logits_type_c1) `rows` and `columns` are positive, `rank` is not negative.

    ```mlir
    !moe.lazy_logits<f32, 1024, 1024>
    !moe.lazy_logits<f32, 64, 64, rank = 2>
    ```
  }];
  let parameters = (ins "::mlir::FloatType":$elementType, "int64_t":$rows, "int64_t":$columns,
                        DefaultValuedParameter<"int64_t", "0">:$rank); // 0: outer_sum
  let assemblyFormat = "`<` $elementType `,` $rows `,` $columns (`,` `rank` `=` $rank^)? `>`";
}

#endif // MOE_DIALECT_MOE_MOETYPES_TD
