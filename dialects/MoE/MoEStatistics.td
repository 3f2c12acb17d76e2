//===- MoEStatistics.td - loads, losses and layers ------------------------===//
#ifndef MOE_DIALECT_MOE_MOESTATISTICS_TD
#define MOE_DIALECT_MOE_MOESTATISTICS_TD

include "MoERouting.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def MoE_OpGroupStatistics : OpDocGroup {
  let summary = "Statistics and training";
  let description = "What a plan does to its experts, the losses that training adds because of it, and the layer as a unit.";
}

let opDocGroup = MoE_OpGroupStatistics in {

def MoE_PlanStatsOp : MoE_Op<"plan_stats", [Pure, AttrSizedOperandSegments, AttrSizedResultSegments]> {
  let summary = "Count the entries of experts and sum scores";
  let description = [{
    `counts`[e]: entries of expert e in `plan` (`counted` = entries), or units whose slot 0 has it (first). `units`: number of units. `score_sums`[e] =
    Σ_u `scores`[u,e], where each row is first divided by its sum if `normalise` is set (a row that sums to 0 stays 0). `lse_squares` = Σ_u (ln Σ_e exp
    `logits`[u,e])², where a unit of −∞ alone adds nothing. With `over`, each result has a leading dimension of the P parts of that domain, each of
    its own units; without, the sums are over all units of the call.

    `plan`: U units, E experts; always-on ids are not counted. `scores`, `logits`: U×E. `segments`: P + 1 offsets from 0 to U. `counts`: E or P×E.
    `units`: one number, or P. `score_sums`: E or P×E. `lse_squares`: one number, or P.

    `stage` = after counts what the plan has. `stage` = before counts what it would have without capacity, so the plan comes from a `moe.route` in
    sight; a route without capacity has the same counts in both stages.

    Constraints:
    1. (plan_stats_c1) `plan` is not soft: it has no entries.
    2. (plan_stats_c2) `score_sums` is there where `scores` is, and `lse_squares` where `logits` is; `normalise` belongs to `scores`.
    3. (plan_stats_c3) `scores` and `logits` are U×E, and results have the shapes given above.
    4. (plan_stats_c4) `segments` belongs to a domain of segments.
    5. (verify_moe_c4) `stage` = before requires `plan` to be the result of a `moe.route`; `moe-verify-moe` and the lowering check it.
    6. (R11) no `moe.aux_loss` is of the statistics of a balanced assignment; `moe-verify-moe` checks it.

    Offsets of segments that do not ascend from 0 to U are an error at run time. NaN scores give NaN sums.

    Example:
    ```mlir
    func.func @plan_stats(%p: !moe.plan<8, slots<2>>, %s: tensor<?x8xf32>) -> (tensor<8xi32>, tensor<i32>, tensor<8xf32>) {
      %c, %n, %sums = moe.plan_stats %p scores(%s : tensor<?x8xf32>) stage <after> counted <entries>
        : !moe.plan<8, slots<2>> -> tensor<8xi32>, tensor<i32> score_sums tensor<8xf32>
      return %c, %n, %sums : tensor<8xi32>, tensor<i32>, tensor<8xf32>
    }
    ```
  }];
  let arguments = (ins MoE_PlanType:$plan, Optional<2DTensorOf<[AnyFloat]>>:$scores, Optional<2DTensorOf<[AnyFloat]>>:$logits,
                       Optional<1DTensorOf<[I32]>>:$segments, MoE_StatsStageAttr:$stage, MoE_CountedAttr:$counted,
                       OptionalAttr<MoE_DomainAttr>:$over, UnitAttr:$normalise);
  let results = (outs TensorRankOf<[I32], [1, 2]>:$counts, TensorRankOf<[I32], [0, 1]>:$units,
                      Optional<TensorRankOf<[AnyFloat], [1, 2]>>:$score_sums, Optional<TensorRankOf<[AnyFloat], [0, 1]>>:$lse_squares);
  let assemblyFormat = [{
    $plan (`scores` `(` $scores^ `:` type($scores) `)`)? (`logits` `(` $logits^ `:` type($logits) `)`)?
    (`segments` `(` $segments^ `:` type($segments) `)`)? `stage` $stage `counted` $counted (`over` $over^)? (`normalise` $normalise^)? attr-dict
    `:` qualified(type($plan)) `->` type($counts) `,` type($units) (`score_sums` type($score_sums)^)? (`lse_squares` type($lse_squares)^)?
  }];
  let hasVerifier = 1;
}

def MoE_AuxLossOp : MoE_Op<"aux_loss", [Pure]> {
  let summary = "Compute an auxiliary loss from statistics";
  let description = [{
    `loss` = `coeff` times a formula of `kind`. With c_e counts, S_e sums of scores, T units, E experts, and sums over parts first where a statistic has a
    leading dimension of parts:

    | kind | `stats` | formula |
    | --- | --- | --- |
    | switch | c, S, T | E/(k T²) · Σ_e S_e c_e |
    | switch_sumk | c, S, T; parts are layers | E/T² · Σ_e S_e c_e |
    | gshard_top1 | c of first choices, S, T | E/T² · Σ_e S_e c_e |
    | seq | c, S, T, each P×E or P | mean over parts with units of E/(k T²) · Σ_e S_e c_e |
    | global_batch | c and T' of the whole batch, S and T of this part of it | E/(k T T') · Σ_e S_e c_e |
    | z | Q, T | Q/T with Q = `lse_squares` |
    | importance_cv2 | S | (std_e S_e / mean_e S_e)² |
    | load_cv2 | logits z, noisy logits | (std_e / mean_e)² of Σ_t 1 − Φ((θ_t − z_te) E / σ₀), θ_t the k-th largest noisy logit of t, σ₀ = `noise_std` |
    | l1_balanced | c, S of relu scores, T, λ | λ E/(k T²) · Σ_e S_e c_e |
    | entropy | S, T | −Σ_e p ln p with p = S_e/T |
    | mean_entropy | scores s | −mean_t Σ_e s_te ln s_te |
    | null_mean | c, S, T | as switch, where c_e of `null_ids` is their mean |
    | l1 | scores s | mean_t Σ_e abs(s_te), of ReLU scores (ReMoE, Wang et al. 2024) or of softmaxes with `post = l2norm` (SpeechMoE, You et al. 2021) |
    | mean_importance | S, T | E · Σ_e (S_e/T)² (SpeechMoE) |
    | size_weighted | c, S, T, sizes D of experts | E/T² · Σ_e D_e S_e c_e (HMoE, Wang et al. 2024; D are widths, or widths over the largest) |
    | latency_weighted | S, smooth loads L, latencies D | (std_e / mean_e)² of D_e S_e plus that of D_e L_e (ShiftAddViT, You et al. 2023) |
    | gate_orthogonality | router matrix W (E×H) | norm of all elements of N Nᵀ − I, plus mean_e ‖W_e‖, with N_e = W_e/‖W_e‖ (DynMoE, Guo et al. 2024) |
    | router_contrastive | prototypes W (E×H), sums M of the inputs of experts (E×H), c | mean over experts with units of ln Σ_j exp(cos(W_e, M_j)/τ) − cos(W_e, M_e)/τ, where
      j goes over experts with units, τ = `temperature`; 0 where fewer than two have some (ProMoE, Wei et al. 2025) |
    | cls_chunk | scores s | 1 − mean over experts and chunks of Π_t (1 − s_te + `eps`), t over the `chunk` units of a chunk, of which the last may have fewer (BlockFFN, Song
      et al. 2025) |

    A quotient by 0 is 0, as is 0 ln 0; a row of zeros has the cosine 0. The variance is that of a population, or of a sample where `sample` is set; `eps` is added to its
    squared mean. `next` is the λ of the next step: λ·1.2 where more than k T entries are live, λ/1.2 where fewer are.

    Constraints:
    1. (aux_loss_c1) `stats` are as many as `kind` has and have the element types and sizes that it asks for.
    2. (aux_loss_c2) `k` is given where the formula has it and nowhere else; it is between 1 and E.
    3. (aux_loss_c3) `noise_std` belongs to load_cv2, `null_ids` (ascending ids below E) to null_mean, `sample` to the squared coefficients of
       variation, `eps` to these and to cls_chunk; `next` to l1_balanced; a positive `temperature` to router_contrastive, a positive `chunk` to cls_chunk.
    4. (R30) seq requires statistics of parts; load_cv2 requires a positive `noise_std`.

    Example:
    ```mlir
    func.func @aux_loss(%c: tensor<8xi32>, %s: tensor<8xf32>, %n: tensor<i32>) -> tensor<f32> {
      %l = moe.aux_loss <switch> %c, %s, %n {coeff = 0.01 : f64, k = 2 : i64} : tensor<8xi32>, tensor<8xf32>, tensor<i32> -> tensor<f32>
      return %l : tensor<f32>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$stats, MoE_AuxLossKindAttr:$kind, DefaultValuedAttr<F64Attr, "1.0">:$coeff,
                       OptionalAttr<I64Attr>:$k, OptionalAttr<F64Attr>:$noise_std, DefaultValuedAttr<F64Attr, "0.0">:$eps, UnitAttr:$sample,
                       DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$null_ids, OptionalAttr<F64Attr>:$temperature, OptionalAttr<I64Attr>:$chunk);
  let results = (outs 0DTensorOf<[F32, F64]>:$loss, Optional<0DTensorOf<[F32, F64]>>:$next);
  let assemblyFormat = "$kind $stats attr-dict `:` type($stats) `->` type($loss) (`next` type($next)^)?";
  let hasVerifier = 1;
  let useCustomPropertiesEncoding = 1;
}

def MoE_AttachLossOp : MoE_Op<"attach_loss", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "Tie a loss to a value";
  let description = [{
    `result` = `input`. Backwards, `loss` gets the gradient 1 beside that of `result`: a loss that no one returns takes part in training.

    `input`, `result`: any tensor. `loss`: one number.

    Constraints:
    1. (attach_loss_c1) `result` has the type of `input`.

    Example:
    ```mlir
    func.func @attach_loss(%y: tensor<?x64xf32>, %l: tensor<f32>) -> tensor<?x64xf32> {
      %z = moe.attach_loss %y, %l : tensor<?x64xf32>, tensor<f32>
      return %z : tensor<?x64xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, 0DTensorOf<[AnyFloat]>:$loss);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input `,` $loss attr-dict `:` type($input) `,` type($loss)";
}

def MoE_BiasUpdateOp : MoE_Op<"bias_update", [Pure, AllTypesMatch<["bias", "result"]>]> {
  let summary = "Move a selection bias against the load";
  let description = [{
    `result` = the `key_offset` of the next step from that of this one, `bias` (E elements), by `kind`:

    * sign: b_e + `rate` · sign(mean(`load`) − `load`_e), with `load` the E counts of the global batch;
    * proportional: b_e + `rate` · (mean(`load`) − `load`_e);
    * quantile: (1 − `rate`) b_e − `rate` β_e, with `load` the logits z (U×E): α_u is the (k+1)-th largest of z_u + b, β_e the (U k/E + 1)-th largest over u of
      z_ue − α_u. So experts that get as many units as others keep their bias.

    Constraints:
    1. (bias_update_c1) `load` has the element type and sizes given above.
    2. (bias_update_c2) `k` belongs to quantile and is between 1 and E − 1.
    3. (R12) quantile requires U·k to be a multiple of E; where U is dynamic, that is checked at run time.

    Without units a bias stays.

    Example:
    ```mlir
    func.func @bias_update(%b: tensor<8xf32>, %c: tensor<8xi32>) -> tensor<8xf32> {
      %n = moe.bias_update <sign> %b, %c {rate = 0.001 : f64} : tensor<8xf32>, tensor<8xi32>
      return %n : tensor<8xf32>
    }
    ```
  }];
  let arguments = (ins 1DTensorOf<[F32, F64]>:$bias, TensorRankOf<[I32, AnyFloat], [1, 2]>:$load, MoE_BiasRuleAttr:$kind,
                       DefaultValuedAttr<F64Attr, "1.0e-3">:$rate, OptionalAttr<I64Attr>:$k);
  let results = (outs 1DTensorOf<[F32, F64]>:$result);
  let assemblyFormat = "$kind $bias `,` $load attr-dict `:` type($bias) `,` type($load)";
  let hasVerifier = 1;
}

def MoE_LayerOp : MoE_Op<"layer", [RecursiveMemoryEffects, RecursivelySpeculatable, SingleBlock, NoRegionArguments]> {
  let summary = "Hold the ops of one layer together";
  let description = [{
    `results` = what `body` yields; it may use values from outside. `layer_id` is the number of the layer in its model, for placement and prefetch. With `decode`
    the units of a call are those of one step of autoregressive decoding, of which later ones do not exist yet.

    Constraints:
    1. (layer_c1) `layer_id` is not negative.
    2. (layer_c2) `body` yields values of the types of `results`.
    3. (R22) with `decode`, a route in `body` whose units compete requires a `predictor`.

    Example:
    ```mlir
    func.func @layer(%x: tensor<?x64xf32>, %g: tensor<96x64xf32>, %u: tensor<96x64xf32>, %d: tensor<64x96xf32>) -> tensor<?x64xf32> {
      %y = moe.layer 3 decode : tensor<?x64xf32> {
        %z = moe.ffn %x (%g, %u, %d : tensor<96x64xf32>, tensor<96x64xf32>, tensor<64x96xf32>) body <gated, silu>
          : tensor<?x64xf32> -> tensor<?x64xf32>
        moe.yield %z : tensor<?x64xf32>
      }
      return %y : tensor<?x64xf32>
    }
    ```
  }];
  let arguments = (ins I64Attr:$layer_id, UnitAttr:$decode);
  let results = (outs Variadic<AnyType>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$layer_id (`decode` $decode^)? attr-dict `:` type($results) $body";
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def MoE_LayerYieldOp : MoE_Op<"yield", [Pure, ReturnLike, Terminator, HasParent<"LayerOp">]> {
  let summary = "End the region of a layer";
  let description = [{
    `values` are the results of the `moe.layer` around.

    Constraints:
    1. (layer_c2) `values` have the types of the layer's results.

    Example:
    ```mlir
    func.func @layer_of_nothing(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
      %y = moe.layer 0 : tensor<?x64xf32> {
        moe.yield %x : tensor<?x64xf32>
      }
      return %y : tensor<?x64xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "$values attr-dict `:` type($values)";
}

} // let opDocGroup

#endif // MOE_DIALECT_MOE_MOESTATISTICS_TD
