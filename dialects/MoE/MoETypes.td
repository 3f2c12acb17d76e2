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
    For each unit a list of at most `slots` entries (expert id in [0, `experts`), weight of type `weight`), then one entry for each of `always` ids from `experts`
    on. Per expert the entries are ordered by (unit, slot).

    Constraints:
    1. (plan_c1) `experts` is positive.
    2. (plan_c2) `slots` is between 1 and `experts`.
    3. (plan_c3) `always` is not negative.

    ```mlir
    !moe.plan<256, slots<8>>
    !moe.plan<64, slots<6>, always = 2, weight = bf16>
    ```
  }];
  let parameters = (ins "int64_t":$experts, "int64_t":$slots, "int64_t":$always, "::mlir::FloatType":$weight);
  let hasCustomAssemblyFormat = 1;
  let builders = [TypeBuilder<(ins "int64_t":$experts, "int64_t":$slots, CArg<"int64_t", "0">:$always)>];
}

def MoE_RowsType : MoE_Type<"Rows", "rows"> {
  let summary = "rows of units, ordered by expert";
  let description = [{
    One row of `width` elements for each entry of a plan. `grouped`: ragged, expert after expert in ascending order, without padding.

    Constraints:
    1. (rows_c1) `width` is positive.

    ```mlir
    !moe.rows<f32, 2048, grouped>
    ```
  }];
  let parameters = (ins "::mlir::FloatType":$elementType, "int64_t":$width, EnumParameter<MoE_RowLayout>:$layout);
  let assemblyFormat = "`<` $elementType `,` $width `,` $layout `>`";
}

#endif // MOE_DIALECT_MOE_MOETYPES_TD
