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
    `always_weights`. Specification, sections 2.3 to 2.7. `scores`: s, where asked for.

    `logits`: U×E, or lazy ones of E experts. `key_offset`, `allow`: E or U×E. `score_gain`, `expert_scale`: E. `weight_source`: U×E. `always_weights`: U×A. `thresholds`: E.
    `table_ids`: U×K. `segments`: offsets of the segments of the domain, from 0 to U. `predictor`: the plan that stands for `plan` in a `moe.layer` that decodes,
    where units that compete with those of the call do not exist yet.

    Constraints:
    1. (route_c1) E is static and the number of the plan's experts; soft_slots(p) has p columns of `logits` per expert.
    2. (R1) groups divide E; sum_top(n) has n ≤ E/G; k ≤ keep·E/G; kg ≤ E/G.
    3. (R2) `topk_per_group` excludes `group_filter`.
    4. (R7) `norm = softmax` requires source logits or operand; scores of a softmax are accepted, with a warning.
    5. (R8) `norm = sum` requires a source that cannot be negative: no logits, and of scores no identity but that of (R6).
    6. (R9) `norm = sum` or softmax after `post = rmsnorm` is a warning.
    7. (R10) `source = key` with `key_offset` is a warning: the bias ends up in the weights.
    8. (R29) `key_offset` requires a `key_dtype` of f32 or f64.
    9. (route_c2) a plan in slots has those that `select` fills, or E with `tile_round`; one in buckets has an expert's limit. Its weight type is that of
       `weight`, and it carries where `overflow = identity` alone.
    10. (route_c3) operands have the columns and rows given above.
    11. (route_c4) zero and exclude ids of `weight` are below E.
    12. (route_c5) `score_gain` belongs to `post = rmsnorm`, `weight_source` to `source = operand`, `thresholds` to `threshold(operand)`, `table_ids` to `table`,
        `segments` to a domain of segments.
    13. (R3) expert_topc, greedy_assign, balanced_assign and soft_slots exclude `group_filter`, `capacity` and `when = after`.
    14. (R5) `all` excludes `capacity`.
    15. (R6) `topp` requires keys that are not negative and sum to at most 1: scores of softmax or entmax15 over the experts, or `logits` that have these sums already
        (identity), without `post`; a `key_offset` is a warning.
    16. (R20) `tile_round` requires topk, scores of softmax or pointwise ones, and weights that are scores without norm, zero or exclude ids; with `mode = up` a
        `tile` of at most the units that compete, where their number is static.
    17. (R24) `sparsemixer` requires identity scores, keys that are logits and weights of `source = policy` without norm, and excludes `group_filter`;
        `grad = sparsemixer` requires it and two picks at most, `source = policy` it or soft_slots.
    18. (route_c6) `domain` has parts only where units compete (expert_topc, greedy_assign, balanced_assign, soft_slots, `capacity`).
    19. (route_c7) `scores` is U×E.
    20. (route_c8) `overflow = identity` requires `when = before`.
    21. (R11) `balanced_assign` excludes `key_offset`.
    22. (R4) `soft_slots(p)` requires a plan soft<p>, identity scores, keys that are logits and weights of `source = policy` as they are, and excludes
        `key_offset`, `allow`, `expert_scale`, `always_weights` and the result `scores`; no other policy has a soft plan.
    23. (R22) a `predictor` has the type of `plan` and belongs to routes whose units compete; `moe.layer` says where it is required.
    24. (R23) lazy `logits` require topk in slots, keys that are logits or scores that increase with them, a pointwise score without `post`, and exclude whatever looks at
        all experts: `key_offset`, `allow`, `group_filter`, `weight_source`, `expert_scale`, `always_weights`, `capacity`, `fallback`, zero and exclude ids, `scores`.

    Warnings come once, from `moe-simplify-routing`: a verifier would repeat them after every pass.

    Capacity drops at inference too. An id of a table outside [−1, E), one that a unit lists twice, offsets of segments that do not ascend from 0 to U, and with `topp`
    over identity scores `logits` of a unit that are negative but not −∞ or sum to more than 1 (and 2^−7 for rounding) are errors at run time. A unit that no expert
    takes has no entry.

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
  let arguments = (ins AnyTypeOf<[2DTensorOf<[AnyFloat]>, MoE_LazyLogitsType]>:$logits, Optional<TensorRankOf<[AnyFloat], [1, 2]>>:$key_offset,
                       Optional<TensorRankOf<[I1], [1, 2]>>:$allow, Optional<1DTensorOf<[AnyFloat]>>:$score_gain,
                       Optional<2DTensorOf<[AnyFloat]>>:$weight_source, Optional<1DTensorOf<[AnyFloat]>>:$expert_scale,
                       Optional<2DTensorOf<[AnyFloat]>>:$always_weights, Optional<1DTensorOf<[AnyFloat]>>:$thresholds,
                       Optional<2DTensorOf<[I32]>>:$table_ids, Optional<1DTensorOf<[I32]>>:$segments, Optional<MoE_PlanType>:$predictor,
                       MoE_ScoreAttr:$score,
                       OptionalAttr<MoE_GroupFilterAttr>:$group_filter, MoE_SelectAttr:$select, MoE_WeightAttr:$weight,
                       OptionalAttr<MoE_CapacityAttr>:$capacity, OptionalAttr<MoE_DomainAttr>:$domain);
  let results = (outs MoE_PlanType:$plan, Optional<2DTensorOf<[AnyFloat]>>:$scores);
  let builders = [OpBuilder<(ins "::mlir::Type":$plan, "::mlir::Value":$logits, "::mlir::Value":$key_offset, "::mlir::Value":$allow,
                                 "::mlir::Value":$score_gain, "::mlir::Value":$weight_source, "::mlir::Value":$expert_scale,
                                 "::mlir::Value":$always_weights, "::moe::ScoreAttr":$score, "::moe::GroupFilterAttr":$group_filter,
                                 "::moe::SelectAttr":$select, "::moe::WeightAttr":$weight), [{
    build($_builder, $_state, plan, /*scores=*/::mlir::Type(), logits, key_offset, allow, score_gain, weight_source, expert_scale, always_weights,
          /*thresholds=*/::mlir::Value(), /*table_ids=*/::mlir::Value(), /*segments=*/::mlir::Value(), /*predictor=*/::mlir::Value(), score,
          group_filter, select, weight, /*capacity=*/::moe::CapacityAttr(), /*domain=*/::moe::DomainAttr());
  }]>];
  let assemblyFormat = [{
    $logits oilist(`key_offset` `(` $key_offset `:` type($key_offset) `)` | `allow` `(` $allow `:` type($allow) `)` |
      `score_gain` `(` $score_gain `:` type($score_gain) `)` | `weight_source` `(` $weight_source `:` type($weight_source) `)` |
      `expert_scale` `(` $expert_scale `:` type($expert_scale) `)` | `always_weights` `(` $always_weights `:` type($always_weights) `)` |
      `thresholds` `(` $thresholds `:` type($thresholds) `)` | `table_ids` `(` $table_ids `:` type($table_ids) `)` |
      `segments` `(` $segments `:` type($segments) `)` | `predictor` `(` $predictor `:` qualified(type($predictor)) `)`)
    `score` $score (`group_filter` $group_filter^)? `select` $select `weight` $weight (`capacity` $capacity^)? (`domain` $domain^)? attr-dict `:`
    qualified(type($logits)) `->` qualified(type($plan)) (`,` type($scores)^)?
  }];
  let useCustomPropertiesEncoding = 1;
  let extraClassDeclaration = [{
    /// Emits the warnings of (R6), (R7), (R9) and (R10).
    void emitWarnings();
    /// True where the logits are lazy.
    bool isLazy();
    /// Columns of the logits, as tensors or lazy ones; may be dynamic.
    int64_t getLogitColumns();
    /// (R23): what lazy logits ask of the other axes.
    ::llvm::LogicalResult verifyLazy();
    /// Slots that the selection fills, before capacity.
    int64_t getSelectedSlots();
    /// The most units that compete with each other, dynamic where no type says it. Not of lazy logits.
    int64_t getMostCompeting();
    /// True where a unit's entries depend on no other unit (specification 2.16).
    bool isCausal();
    /// (R6): true for topp over logits whose sums are the caller's promise.
    bool choosesByGivenSums();
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

} // let opDocGroup

#endif // MOE_DIALECT_MOE_MOEROUTING_TD
