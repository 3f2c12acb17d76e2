//===- MoELazy.td - logits of product keys --------------------------------===//
#ifndef MOE_DIALECT_MOE_MOELAZY_TD
#define MOE_DIALECT_MOE_MOELAZY_TD

include "MoERouting.td"

let opDocGroup = MoE_OpGroupRouting in {

def MoE_LazyLogitsOp : MoE_Op<"lazy_logits", [Pure, AttrSizedOperandSegments]> {
  let summary = "Score experts by pairs of keys, without a score for each";
  let description = [{
    The logits of n·m experts, of which expert i·m + j has (specification 2.2)

    * outer_sum, without `core`: z[u, i·m+j] = `rows`[u,i] + `columns`[u,j];
    * tucker, with `core`: z[u, i·m+j] = Σ_pq `core`[p,q] * `rows`[u,p,i] * `columns`[u,q,j].

    `result` is lazy: only `moe.route` takes it, and looks at the candidates alone, which are the pairs of the k best rows i and the k best columns j in the order relation. By
    outer_sum rows and columns are compared by themselves, and the k best pairs are among the candidates (C14; a rounded sum may tie what was apart). By tucker row i
    counts as Σ_p `row_direction`[p] * `rows`[u,p,i] and column j as Σ_q `column_direction`[q] * `columns`[u,q,j], the best approximation of `core` of rank 1 where these are
    its singular vectors; the k best pairs may be missed, which `approx` says.

    `rows`: U×n, of tucker U×r×n. `columns`: U×m, of tucker U×r×m. `core`: r×r. `row_direction`, `column_direction`: r. The logits are computed in f32 (f64 where the result's element type is) and
    rounded to the element type of `result`.

    Constraints:
    1. (lazy_logits_c1) operands and `result` agree in U, n, m and r.
    2. (R23) `core`, `row_direction`, `column_direction` and `approx` come together or not at all.

    A row or column of −∞ or NaN is never a candidate. Heads with keys of their own are units.

    Example:
    ```mlir
    func.func @peer(%a: tensor<?x1024xf32>, %b: tensor<?x1024xf32>) -> !moe.plan<1048576, slots<16>> {
      %z = moe.lazy_logits %a, %b : tensor<?x1024xf32>, tensor<?x1024xf32> -> !moe.lazy_logits<f32, 1024, 1024>
      %p = moe.route %z score <identity> select <topk(16), key = logits> weight <logits, norm = softmax>
        : !moe.lazy_logits<f32, 1024, 1024> -> !moe.plan<1048576, slots<16>>
      return %p : !moe.plan<1048576, slots<16>>
    }
    ```
  }];
  let arguments = (ins TensorRankOf<[AnyFloat], [2, 3]>:$rows, TensorRankOf<[AnyFloat], [2, 3]>:$columns, Optional<2DTensorOf<[AnyFloat]>>:$core,
                       Optional<1DTensorOf<[AnyFloat]>>:$row_direction, Optional<1DTensorOf<[AnyFloat]>>:$column_direction, UnitAttr:$approx);
  let results = (outs MoE_LazyLogitsType:$result);
  let assemblyFormat = [{
    $rows `,` $columns (`core` `(` $core^ `:` type($core) `)`)? (`row_direction` `(` $row_direction^ `:` type($row_direction) `)`)?
    (`column_direction` `(` $column_direction^ `:` type($column_direction) `)`)? (`approx` $approx^)? attr-dict `:` type($rows) `,` type($columns) `->`
    qualified(type($result))
  }];
  let hasVerifier = 1;
}

} // let opDocGroup

#endif // MOE_DIALECT_MOE_MOELAZY_TD
