//===- MoEMerge.td - experts mixed in weight space ------------------------===//
#ifndef MOE_DIALECT_MOE_MOEMERGE_TD
#define MOE_DIALECT_MOE_MOEMERGE_TD

include "MoEExperts.td"

let opDocGroup = MoE_OpGroupExperts in {

def MoE_MergeExpertsOp : MoE_Op<"merge_experts", [Pure]> {
  let summary = "Mix the parameters of experts for each unit";
  let description = [{
    `merged`_i[u] = Σ w * `parameters`_i[e] over the entries (e, w) of unit u: the parameters of an expert of its own for every unit of `plan` (specification 2.13).
    A unit may be a token or what many tokens have in common (sequence, task, batch); `moe.apply_merged` says which tokens it stands for.

    `plan`: U units, E experts. `experts`: the class of all E experts. `parameters`: its parameters that are stacked, in its order; what the experts share stays as it
    is. `merged`: for each of them U slabs.

    Each parameter is mixed by itself. So the result of the merged expert is the mix of the results of the experts only where the body is linear in its parameters (linear,
    value, scales on a linear path); of a product such as lora's B A the mix of products is another one.

    Constraints:
    1. (R19) `experts` has parameters that can be mixed: it is not zero, copy, nested or external, and what is mixed is not quantised (codes have no mean;
       `moe.dequant` gives what has). What the experts share may be.
    2. (R19) `plan` is in slots or dense.
    3. (merge_experts_c1) the class's `count` is the plan's experts; the plan has no always-on ids and does not carry.
    4. (merge_experts_c2) `parameters` have the number and shapes that the class asks for, and `merged` the same with U in front.

    Sums are in f32 (f64 where a parameter is), in the order of slots, and rounded to the element type of the parameter. A unit without entries gets zeros. Parameters of
    experts that a unit does not list are not read for it.

    Example:
    ```mlir
    func.func @smear(%p: !moe.plan<4, dense>, %u: tensor<4x16x8xf32>, %d: tensor<4x8x16xf32>) -> (tensor<?x16x8xf32>, tensor<?x8x16xf32>) {
      %m:2 = moe.merge_experts %p (%u, %d : tensor<4x16x8xf32>, tensor<4x8x16xf32>) experts <ffn, 4, width = 16, body = <ungated, relu>>
        : !moe.plan<4, dense> -> tensor<?x16x8xf32>, tensor<?x8x16xf32>
      return %m#0, %m#1 : tensor<?x16x8xf32>, tensor<?x8x16xf32>
    }
    ```
  }];
  let arguments = (ins MoE_PlanType:$plan, Variadic<AnyRankedTensor>:$parameters, MoE_ClassAttr:$experts);
  let results = (outs Variadic<AnyRankedTensor>:$merged);
  let assemblyFormat = [{
    $plan `(` $parameters `:` type($parameters) `)` `experts` $experts attr-dict `:` qualified(type($plan)) `->` type($merged)
  }];
  let hasVerifier = 1;
}

def MoE_ApplyMergedOp : MoE_Op<"apply_merged", [Pure, AttrSizedOperandSegments, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Apply to each unit an expert with parameters of its own";
  let description = [{
    `result`[t] = f(`input`[t]) where f is the expert of `experts` whose stacked parameters are slab `unit_of`[t] of `parameters` (slab t where `unit_of` is absent).

    `input`: T×d. `parameters`: as for an expert of `#moe.class`: what a class stacks has a leading dimension of U here, what it shares has none. `experts`: a class
    of one expert. `unit_of`: T numbers in [0, U). `result`: T×d'.

    Of a value or a constant without `mix` only the number of rows of `input` matters: the result is the mixed vector of the unit (of a value times the shared projection).

    Constraints:
    1. (apply_merged_c1) `experts` has a `count` of 1 and parameters of its own: it is not zero, copy, nested or external.
    2. (apply_merged_c2) `parameters` have the number and shapes that the class asks for, all with the same U; `result` has the rows of `input`.
    3. (R19) parameters with U slabs are not quantised; (R16) holds for those that are shared.
    4. (experts_c6) holds for the sizes of factored matrices.
    5. (apply_merged_c3) `unit_of` has one element per row of `input`; without it U is their number.
    6. (R17) a constant that mixes its vector with its input has results as wide as that.
    7. (body_c5) the callee of an activation is a function of a number, of the type in which hidden vectors are computed.

    A number outside [0, U) is an error at run time.

    Example:
    ```mlir
    func.func @ffn_per_sequence(%x: tensor<?x8xf32>, %u: tensor<?x16x8xf32>, %d: tensor<?x8x16xf32>, %sequence: tensor<?xi32>) -> tensor<?x8xf32> {
      %y = moe.apply_merged %x (%u, %d : tensor<?x16x8xf32>, tensor<?x8x16xf32>) unit_of(%sequence : tensor<?xi32>)
        experts <ffn, 1, width = 16, body = <ungated, relu>> : tensor<?x8xf32> -> tensor<?x8xf32>
      return %y : tensor<?x8xf32>
    }
    ```
  }];
  let arguments = (ins 2DTensorOf<[AnyFloat]>:$input, Variadic<AnyRankedTensor>:$parameters, Optional<1DTensorOf<[I32]>>:$unit_of,
                       MoE_ClassAttr:$experts);
  let results = (outs 2DTensorOf<[AnyFloat]>:$result);
  let assemblyFormat = [{
    $input `(` $parameters `:` type($parameters) `)` (`unit_of` `(` $unit_of^ `:` type($unit_of) `)`)? `experts` $experts attr-dict `:` type($input) `->`
    type($result)
  }];
  let hasVerifier = 1;
}

} // let opDocGroup

#endif // MOE_DIALECT_MOE_MOEMERGE_TD
