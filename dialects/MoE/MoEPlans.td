//===- MoEPlans.td - plans: encodings and renumbering ---------------------===//
#ifndef MOE_DIALECT_MOE_MOEPLANS_TD
#define MOE_DIALECT_MOE_MOEPLANS_TD

include "MoERouting.td"

def MoE_OpGroupPlans : OpDocGroup {
  let summary = "Plans";
  let description = "Other encodings, units and numbers of experts for an assignment that there is already.";
}

let opDocGroup = MoE_OpGroupPlans in {

def MoE_ConvertPlanOp : MoE_Op<"convert_plan", [Pure]> {
  let summary = "Encode a plan in another way";
  let description = [{
    `result` has the entries, weights, carry and always-on ids of `plan`. Units keep the order of their entries. Where slots say more than that order: they stay
    in buckets, grouped and slots of at least as many columns; they become ranks in csr and fewer slots, ids in dense.

    Constraints:
    1. (convert_plan_c1) both have the same experts, always-on ids, weight type and carry, and neither is soft.

    A unit with more entries than `result` has slots, or an expert with more than its bucket holds, is an error at run time: nothing is dropped.

    Example:
    ```mlir
    func.func @convert_plan(%p: !moe.plan<8, slots<2>>) -> !moe.plan<8, csr> {
      %q = moe.convert_plan %p : !moe.plan<8, slots<2>> -> !moe.plan<8, csr>
      return %q : !moe.plan<8, csr>
    }
    ```
  }];
  let arguments = (ins MoE_PlanType:$plan);
  let results = (outs MoE_PlanType:$result);
  let assemblyFormat = "$plan attr-dict `:` qualified(type($plan)) `->` qualified(type($result))";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def MoE_UnpackPlanOp : MoE_Op<"unpack_plan", [Pure]> {
  let summary = "Take the tensors of a plan";
  let description = [{
    `parts`: the tensors that the encoding of `plan` consists of (type `!moe.plan`), then the carried weights [U] where it carries. Always-on ids are not in them.

    Constraints:
    1. (unpack_plan_c1) `parts` have the number, element types and static sizes that the encoding asks for.

    Example:
    ```mlir
    func.func @unpack_plan(%p: !moe.plan<8, slots<2>>) -> (tensor<?x2xi32>, tensor<?x2xf32>) {
      %ids, %weights = moe.unpack_plan %p : !moe.plan<8, slots<2>> -> tensor<?x2xi32>, tensor<?x2xf32>
      return %ids, %weights : tensor<?x2xi32>, tensor<?x2xf32>
    }
    ```
  }];
  let arguments = (ins MoE_PlanType:$plan);
  let results = (outs Variadic<AnyRankedTensor>:$parts);
  let assemblyFormat = "$plan attr-dict `:` qualified(type($plan)) `->` type($parts)";
  let hasVerifier = 1;
}

def MoE_PackPlanOp : MoE_Op<"pack_plan", [Pure, AttrSizedOperandSegments]> {
  let summary = "Make a plan of its tensors";
  let description = [{
    The `plan` that consists of `parts`, in the order of `moe.unpack_plan`; each unit gets the always-on ids of the type, with weight 1. `units`: their number,
    which buckets and groups do not tell.

    Constraints:
    1. (pack_plan_c1) `parts` have the number, element types and static sizes that the encoding asks for.
    2. (pack_plan_c2) `units` is given for buckets and grouped alone.

    An id, unit or slot outside its range is an error at run time; so is an expert that a unit lists twice.

    Example:
    ```mlir
    func.func @pack_plan(%ids: tensor<?x2xi32>, %weights: tensor<?x2xf32>) -> !moe.plan<8, slots<2>> {
      %p = moe.pack_plan %ids, %weights : tensor<?x2xi32>, tensor<?x2xf32> -> !moe.plan<8, slots<2>>
      return %p : !moe.plan<8, slots<2>>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$parts, Optional<Index>:$units);
  let results = (outs MoE_PlanType:$plan);
  let assemblyFormat = "$parts (`units` `(` $units^ `)`)? attr-dict `:` type($parts) `->` qualified(type($plan))";
  let hasVerifier = 1;
}

def MoE_ExpandPlanOp : MoE_Op<"expand_plan", [Pure, AllTypesMatch<["plan", "result"]>]> {
  let summary = "Give units the entries of coarser units";
  let description = [{
    `result` lists for unit u what `plan` lists for `unit_of`[u]: a route of sequences, images or tasks becomes one of tokens.

    `unit_of`: U, numbers of units of `plan`; one outside its range is an error at run time.

    Constraints:
    1. (expand_plan_c1) `plan` is not in buckets and not soft: its counts and sums over units are not those of the units. `result` has its type.

    Example:
    ```mlir
    func.func @expand_plan(%p: !moe.plan<8, slots<2>>, %sequence: tensor<?xi32>) -> !moe.plan<8, slots<2>> {
      %q = moe.expand_plan %p, %sequence : !moe.plan<8, slots<2>>, tensor<?xi32>
      return %q : !moe.plan<8, slots<2>>
    }
    ```
  }];
  let arguments = (ins MoE_PlanType:$plan, 1DTensorOf<[I32]>:$unit_of);
  let results = (outs MoE_PlanType:$result);
  let assemblyFormat = "$plan `,` $unit_of attr-dict `:` qualified(type($plan)) `,` type($unit_of)";
  let hasVerifier = 1;
}

def MoE_RemapOp : MoE_Op<"remap", [Pure, AttrSizedOperandSegments]> {
  let summary = "Give the entries of a plan to other experts";
  let description = [{
    The entries of `plan` in the slots of `slot_mask` (all where absent), each with the id that `map` gives for its own, or `replicas`[e, `choice`[u,j]]. An id of −1
    drops the entry; where the old id is in `carry` its weight goes to the carried weight of its unit. Entries of a unit that come to one expert become
    one, in the slot of the first, of the weight that `many_to_one` says: the sum, the largest or that of the first. Always-on ids stay.

    `result` has min(K', E') slots for K' slots kept of E' experts; entries move to the front where that is less than K'.

    Constraints:
    1. (remap_c1) either `map`, or `replicas` and `choice`.
    2. (remap_c2) `map` has E elements in [−1, E') and `replicas` E rows; `choice` has the slots of `plan`.
    3. (remap_c3) `carry` ids ascend, and `map` drops them.
    4. (remap_c4) `slot_mask` ascends within the slots of `plan`.
    5. (remap_c5) `plan` and `result` are in slots, with the always-on ids and weight type of each other; `result` has the slots said above and carries where
       `plan` does or `carry` is not empty.

    Replicas outside [−1, E') and choices outside the replicas are an error at run time.

    Example:
    ```mlir
    func.func @remap(%p: !moe.plan<4, slots<2>>) -> !moe.plan<2, slots<2>> {
      %q = moe.remap %p many_to_one <sum> {map = array<i64: 0, 0, 1, -1>} : !moe.plan<4, slots<2>> -> !moe.plan<2, slots<2>>
      return %q : !moe.plan<2, slots<2>>
    }
    ```
  }];
  let arguments = (ins MoE_PlanType:$plan, Optional<2DTensorOf<[I32]>>:$replicas, Optional<2DTensorOf<[I32]>>:$choice,
                       OptionalAttr<DenseI64ArrayAttr>:$map, DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$carry,
                       OptionalAttr<DenseI64ArrayAttr>:$slot_mask, MoE_ManyToOneAttr:$many_to_one);
  let results = (outs MoE_PlanType:$result);
  let assemblyFormat = [{
    $plan (`replicas` `(` $replicas^ `:` type($replicas) `)`)? (`choice` `(` $choice^ `:` type($choice) `)`)? `many_to_one` $many_to_one attr-dict `:`
    qualified(type($plan)) `->` qualified(type($result))
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

} // let opDocGroup

#endif // MOE_DIALECT_MOE_MOEPLANS_TD
