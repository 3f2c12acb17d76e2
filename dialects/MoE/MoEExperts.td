//===- MoEExperts.td - dispatch, expert compute, combine ------------------===//
#ifndef MOE_DIALECT_MOE_MOEEXPERTS_TD
#define MOE_DIALECT_MOE_MOEEXPERTS_TD

include "MoERouting.td"
include "mlir/IR/SymbolInterfaces.td"

def MoE_OpGroupExperts : OpDocGroup {
  let summary = "Expert compute";
  let description = "Rows ordered by expert, what the experts make of them, and their sum per unit.";
}

let opDocGroup = MoE_OpGroupExperts in {

def MoE_DispatchOp : MoE_Op<"dispatch", [Pure]> {
  let summary = "Order the rows of units by expert";
  let description = [{
    Of a soft plan the p rows of expert e are Σ_u dispatch[u, (e,i)] * `input`[u] * `input_scale`, of each part of the domain by itself. Otherwise the row of entry (u, e) is `input`[u] * `input_scale` * (w if `apply` = input, else 1). Units without entries give no row; empty slots give none.

    `input`: U×d. `plan`: the assignment of the same U units. `rows`: one row per entry, ordered by (expert, unit, slot).

    Constraints:
    1. (dispatch_c1) `rows` has the width and element type of `input`.
    2. (R13) `apply` = input requires one routed slot, or `allow_multi`.
    3. (R4) a soft plan requires `apply` = output.
    4. (dispatch_c2) indexed `rows` are units as they are: `apply` is not input, `input_scale` is 1, the plan is not soft.

    Example:
    ```mlir
    func.func @dispatch(%x: tensor<?x64xf32>, %p: !moe.plan<8, slots<2>>) -> !moe.rows<f32, 64, grouped> {
      %r = moe.dispatch %x, %p apply <output> : tensor<?x64xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
      return %r : !moe.rows<f32, 64, grouped>
    }
    ```
  }];
  let arguments = (ins 2DTensorOf<[AnyFloat]>:$input, MoE_PlanType:$plan, MoE_ApplyAttr:$apply, DefaultValuedAttr<F64Attr, "1.0">:$input_scale,
                       UnitAttr:$allow_multi);
  let results = (outs MoE_RowsType:$rows);
  let assemblyFormat = [{
    $input `,` $plan `apply` $apply (`allow_multi` $allow_multi^)? attr-dict `:` type($input) `,` qualified(type($plan)) `->`
    qualified(type($rows))
  }];
  let extraClassDeclaration = [{
    /// True where a row is the unit of its entry, unchanged.
    bool givesUnitsAsTheyAre();
  }];
  let hasVerifier = 1;
}

def MoE_ExpertsOp : MoE_Op<"experts", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Apply to each row the expert it belongs to";
  let description = [{
    A row of `input` that belongs to entry (u, e) becomes f_e(row) in `rows`, with f_e from `table`; w multiplies the hidden vector where `apply` = hidden. Products accumulate in f32; the hidden
    vector is rounded to the element type of the rows before the last matrix.

    `input`: rows of `plan`. `parameters`: the tensors of each class in the table's order, each stacked along a leading dimension of the class's count or shared by
    the class. External classes call functions without side effects, with all rows of the class at once.

    Constraints:
    1. (experts_c1) the table's routed ids are the plan's experts, its always-on ids the plan's.
    2. (experts_c2) `parameters` have the number and shapes that the table asks for (table of `#moe.class`).
    3. (experts_c3) the widths of a nested class without a body are at most the input's; with `base = in_rows` the input is wider than the products in it.
    4. (R14) `apply` = hidden requires every class to have a hidden vector: ffn, scale_vec, film, lora, and nested and factored with a body.
    5. (R17) a copy class requires the result's width to equal the input's.
    6. (R4) a soft plan excludes zero, copy, constant, neuron and value classes.
    7. (R18) what the experts of a nested or factored class share is no parameter of another class.
    8. (R16) a class that is quantised has one format per matrix, which is float or can store it, and the operands of each have the element types and shapes of
       its storage.
    9. (experts_c4) the callee of an external class is a function from any number of rows of the input to as many of the result.
    10. (experts_c5) the result is grouped.
    11. (experts_c6) the sizes of factored matrices are multiples of `rank` with phm, and with mpo rows of the product of `widths` and columns of that of
        `columns`.
    12. (body_c5) the callee of an activation is a function of a number, of the type in which hidden vectors are computed.

    Example:
    ```mlir
    func.func @experts(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %g: tensor<8x96x64xf32>, %u: tensor<8x96x64xf32>,
                       %d: tensor<8x64x96xf32>) -> !moe.rows<f32, 64, grouped> {
      %h = moe.experts %r, %p (%g, %u, %d : tensor<8x96x64xf32>, tensor<8x96x64xf32>, tensor<8x64x96xf32>)
        table <[<ffn, 8, width = 96, body = <gated, silu>>]> apply <output>
        : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
      return %h : !moe.rows<f32, 64, grouped>
    }
    ```
  }];
  let arguments = (ins MoE_RowsType:$input, MoE_PlanType:$plan, Variadic<AnyRankedTensor>:$parameters, MoE_TableAttr:$table, MoE_ApplyAttr:$apply);
  let results = (outs MoE_RowsType:$rows);
  let assemblyFormat = [{
    $input `,` $plan (`(` $parameters^ `:` type($parameters) `)`)? `table` $table `apply` $apply attr-dict `:` qualified(type($input)) `,`
    qualified(type($plan)) `->` qualified(type($rows))
  }];
  let hasVerifier = 1;
}

def MoE_CombineOp : MoE_Op<"combine", [Pure]> {
  let summary = "Sum the rows of each unit";
  let description = [{
    `result`[u] = res_u + Σ c * row + `out_bias` over the entries of unit u (of a soft plan over all rows of its part, c = combine[u, (e,i)]), c = w where `apply` = output and 1 otherwise. `residual` is none (res = 0),
    complement (res = (1 − Σ w) x, summed over the routed entries) or add_x (res = x), with x = `x`[u]; where the plan carries, its carried weight times x is added too. The sum is in `acc` (f32 where absent) and in the given `order`; a unit without entries
    gets res_u + `out_bias`. Every element of the result is written.

    `rows`: rows of `plan`. `x`: U×d, the units; also gives U. `out_bias`: d.

    Constraints:
    1. (combine_c1) `result` has U rows of the width of `rows`.
    2. (combine_c2) `out_bias` has the width of `rows`.
    3. (R17) a residual and a plan that carries require `x` to have the width of `rows`.
    4. (R4) a soft plan requires `apply` = output and excludes the residual complement.
    5. (combine_c3) `rows` are grouped.

    Example:
    ```mlir
    func.func @combine(%h: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %x: tensor<?x64xf32>) -> tensor<?x64xf32> {
      %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc>
        : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>>, tensor<?x64xf32> -> tensor<?x64xf32>
      return %y : tensor<?x64xf32>
    }
    ```
  }];
  let arguments = (ins MoE_RowsType:$rows, MoE_PlanType:$plan, 2DTensorOf<[AnyFloat]>:$x, Optional<1DTensorOf<[AnyFloat]>>:$out_bias,
                       MoE_ApplyAttr:$apply, MoE_ResidualAttr:$residual, MoE_SumOrderAttr:$order, OptionalAttr<TypeAttrOf<AnyFloat>>:$acc);
  let results = (outs 2DTensorOf<[AnyFloat]>:$result);
  let assemblyFormat = [{
    $rows `,` $plan `,` $x (`out_bias` `(` $out_bias^ `:` type($out_bias) `)`)? `apply` $apply `residual` $residual `order` $order
    attr-dict `:` qualified(type($rows)) `,` qualified(type($plan)) `,` type($x) `->` type($result)
  }];
  let hasVerifier = 1;
}

def MoE_FfnOp : MoE_Op<"ffn", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Apply one always-on body to every unit";
  let description = [{
    `result`[u] = f(`input`[u]) with f the `body`: a shared expert or a dense layer.

    `input`: U×d. `parameters`: as for an ffn class of `#moe.class`, without the leading dimension.

    Constraints:
    1. (ffn_c1) `result` has the rows of `input`.
    2. (ffn_c2) `parameters` have the number and shapes that the body asks for.
    3. (body_c5) a `callee` is a function of a number in which the hidden vector is computed.

    Example:
    ```mlir
    func.func @ffn(%x: tensor<?x64xf32>, %g: tensor<96x64xf32>, %u: tensor<96x64xf32>, %d: tensor<64x96xf32>) -> tensor<?x64xf32> {
      %y = moe.ffn %x (%g, %u, %d : tensor<96x64xf32>, tensor<96x64xf32>, tensor<64x96xf32>) body <gated, silu>
        : tensor<?x64xf32> -> tensor<?x64xf32>
      return %y : tensor<?x64xf32>
    }
    ```
  }];
  let arguments = (ins 2DTensorOf<[AnyFloat]>:$input, Variadic<AnyRankedTensor>:$parameters, MoE_BodyAttr:$body);
  let results = (outs 2DTensorOf<[AnyFloat]>:$result);
  let assemblyFormat = "$input `(` $parameters `:` type($parameters) `)` `body` $body attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

} // let opDocGroup

#endif // MOE_DIALECT_MOE_MOEEXPERTS_TD
