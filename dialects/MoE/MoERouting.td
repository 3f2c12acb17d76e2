//===- MoERouting.td - logits and selection -------------------------------===//
#ifndef MOE_DIALECT_MOE_MOEROUTING_TD
#define MOE_DIALECT_MOE_MOEROUTING_TD

include "MoEAttrs.td"
include "MoETypes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class MoE_Op<string mnemonic, list<Trait> traits = []> : Op<MoE_Dialect, mnemonic, traits>;

def MoE_OpGroupRouting : OpDocGroup {
  let summary = "Routing";
  let description = "Which experts each unit goes to, and with which weight.";
}

let opDocGroup = MoE_OpGroupRouting in {

def MoE_LogitsOp : MoE_Op<"logits", [Pure, AttrSizedOperandSegments]> {
  let summary = "Compute router logits";
  let description = [{
    `result`[u,e] = (softcap(m[u,e]) + `offset`[u,e]) / `temperature`, with softcap_c(t) = c * tanh(t / c) where `softcap` is given, and by `form`

    * linear: m[u,e] = Σ_j `input`[u,j] * `matrix`[e,j] + `bias`[e];
    * cosine: m[u,e] = cos(`projection` `input`[u] + `projection_bias`, `matrix`[e]) * exp(min(`log_scale`, `max_log_scale`)), where a vector of zeros has the
      cosine 0 to every other.

    Sums are in `acc` (f64 where an operand of the product is f64, else f32, where absent); the result is rounded to its element type before anything is scored.

    `input`: U×d. `matrix`: E×d, or E×p after a projection. `bias`: E. `offset`: E or U×E. `projection`: p×d. `projection_bias`: p. `log_scale`: one number.

    Constraints:
    1. (logits_c1) `input`, `projection` and `matrix` agree in widths; `result` is U×E; `bias`, `projection_bias` and `offset` have the shapes given above.
    2. (logits_c2) `softcap` and `temperature` are positive.
    3. (logits_c3) `bias` belongs to linear; `projection`, `log_scale` and `max_log_scale` to cosine, `projection_bias` to a `projection`, `max_log_scale` to a
       `log_scale`.
    4. (logits_c4) `acc` is at least as wide as f32.

    NaN inputs give NaN logits.

    Example:
    ```mlir
    func.func @logits(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>) -> tensor<?x8xf32> {
      %z = moe.logits %x, %w : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
      return %z : tensor<?x8xf32>
    }
    ```
  }];
  let arguments = (ins 2DTensorOf<[AnyFloat]>:$input, 2DTensorOf<[AnyFloat]>:$matrix, Optional<1DTensorOf<[AnyFloat]>>:$bias,
                       Optional<TensorRankOf<[AnyFloat], [1, 2]>>:$offset, Optional<2DTensorOf<[AnyFloat]>>:$projection,
                       Optional<1DTensorOf<[AnyFloat]>>:$projection_bias, Optional<0DTensorOf<[AnyFloat]>>:$log_scale,
                       DefaultValuedAttr<MoE_LogitsFormAttr, "::moe::LogitsForm::Linear">:$form, OptionalAttr<F64Attr>:$softcap,
                       DefaultValuedAttr<F64Attr, "1.0">:$temperature, OptionalAttr<F64Attr>:$max_log_scale,
                       OptionalAttr<TypeAttrOf<AnyFloat>>:$acc);
  let results = (outs 2DTensorOf<[AnyFloat]>:$result);
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$input, "::mlir::Value":$matrix, "::mlir::Value":$bias,
                                 "::mlir::Value":$offset, "::mlir::FloatAttr":$softcap, "::mlir::FloatAttr":$temperature), [{
    build($_builder, $_state, result, input, matrix, bias, offset, /*projection=*/{}, /*projection_bias=*/{}, /*log_scale=*/{},
          LogitsFormAttr::get($_builder.getContext(), LogitsForm::Linear), softcap, temperature, /*max_log_scale=*/::mlir::FloatAttr(),
          /*acc=*/::mlir::TypeAttr());
  }]>];
  let assemblyFormat = [{
    $input `,` $matrix (`form` $form^)? (`bias` `(` $bias^ `:` type($bias) `)`)? (`offset` `(` $offset^ `:` type($offset) `)`)?
    (`projection` `(` $projection^ `:` type($projection) `)`)? (`projection_bias` `(` $projection_bias^ `:` type($projection_bias) `)`)?
    (`log_scale` `(` $log_scale^ `:` type($log_scale) `)`)? attr-dict `:` type($input) `,` type($matrix) `->` type($result)
  }];
  let useCustomPropertiesEncoding = 1;
  let hasVerifier = 1;
}

def MoE_RouteOp : MoE_Op<"route", [Pure, AttrSizedOperandSegments]> {
  let summary = "Assign units to experts";
  let description = [{
    Scores s = `score`(`logits`) with gain `score_gain`; keys κ = (s or logits) + `key_offset`, −∞ where `allow` is false, restricted by `group_filter`; entries by
    `select`; weights by `weight` from s, logits, κ, 1 or `weight_source`, times `expert_scale`. The `plan` also lists the always-on ids, with weight 1 or
    `always_weights`. Specification, sections 2.3 to 2.7.

    `logits`: U×E. `key_offset`, `allow`: E or U×E. `score_gain`, `expert_scale`: E. `weight_source`: U×E. `always_weights`: U×A.

    Constraints:
    1. (route_c1) E is static and the number of the plan's experts.
    2. (R1) groups divide E; sum_top(n) has n ≤ E/G; k ≤ keep·E/G; kg ≤ E/G.
    3. (R2) `topk_per_group` excludes `group_filter`.
    4. (R7) `norm = softmax` requires source logits or operand; scores of a softmax are accepted, with a warning.
    5. (R8) `norm = sum` requires a source that cannot be negative.
    6. (R9) `norm = sum` or softmax after `post = rmsnorm` is a warning.
    7. (R10) `source = key` with `key_offset` is a warning: the bias ends up in the weights.
    8. (R29) `key_offset` requires a `key_dtype` of f32 or f64.
    9. (route_c2) the plan's slots are those that `select` fills, its weight type that of `weight`.
    10. (route_c3) operands have the columns and rows given above.
    11. (route_c4) zero and exclude ids of `weight` are below E.
    12. (route_c5) `score_gain` belongs to `post = rmsnorm`, `weight_source` to `source = operand`.

    Warnings come once, from `moe-simplify-routing`: a verifier would repeat them after every pass.

    Ties go to the lower id. Fewer than k finite keys leave slots empty. Ids of NaN logits are unspecified within [−1, E).

    Example:
    ```mlir
    func.func @deepseek_v3(%z: tensor<?x256xf32>, %bias: tensor<256xf32>) -> !moe.plan<256, slots<8>> {
      %p = moe.route %z key_offset(%bias : tensor<256xf32>) score <sigmoid>
        group_filter <8, keep = 4, group_score = sum_top(2), fill = neginf> select <topk(8), key = scores>
        weight <scores, norm = sum(1.0e-20, add), min_k = 2, scale = 2.5> : tensor<?x256xf32> -> !moe.plan<256, slots<8>>
      return %p : !moe.plan<256, slots<8>>
    }
    ```
  }];
  let arguments = (ins 2DTensorOf<[AnyFloat]>:$logits, Optional<TensorRankOf<[AnyFloat], [1, 2]>>:$key_offset,
                       Optional<TensorRankOf<[I1], [1, 2]>>:$allow, Optional<1DTensorOf<[AnyFloat]>>:$score_gain,
                       Optional<2DTensorOf<[AnyFloat]>>:$weight_source, Optional<1DTensorOf<[AnyFloat]>>:$expert_scale,
                       Optional<2DTensorOf<[AnyFloat]>>:$always_weights, MoE_ScoreAttr:$score, OptionalAttr<MoE_GroupFilterAttr>:$group_filter,
                       MoE_SelectAttr:$select, MoE_WeightAttr:$weight);
  let results = (outs MoE_PlanType:$plan);
  let assemblyFormat = [{
    $logits oilist(`key_offset` `(` $key_offset `:` type($key_offset) `)` | `allow` `(` $allow `:` type($allow) `)` |
      `score_gain` `(` $score_gain `:` type($score_gain) `)` | `weight_source` `(` $weight_source `:` type($weight_source) `)` |
      `expert_scale` `(` $expert_scale `:` type($expert_scale) `)` | `always_weights` `(` $always_weights `:` type($always_weights) `)`)
    `score` $score (`group_filter` $group_filter^)? `select` $select `weight` $weight attr-dict `:` type($logits) `->` qualified(type($plan))
  }];
  let extraClassDeclaration = [{
    /// Emits the warnings of (R7), (R9) and (R10).
    void emitWarnings();
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

} // let opDocGroup

#endif // MOE_DIALECT_MOE_MOEROUTING_TD
