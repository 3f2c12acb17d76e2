// One case per constraint of plan_stats, aux_loss, attach_loss, bias_update and layer; the function's name says the rule.
// RUN: moe-opt %s --split-input-file --verify-diagnostics

// (plan_stats_c1)
func.func @a_soft_plan_has_no_entries(%p: !moe.plan<8, soft<2>>) {
  // expected-error @+1 {{expects a plan of entries, but got '!moe.plan<8, soft<2>>'}}
  %c, %n = moe.plan_stats %p stage <after> counted <entries> : !moe.plan<8, soft<2>> -> tensor<8xi32>, tensor<i32>
  return
}

// -----

// (plan_stats_c2)
func.func @sums_are_of_scores(%p: !moe.plan<8, slots<2>>) {
  // expected-error @+1 {{expects 'scores' and 'score_sums' both or neither}}
  %c, %n, %s = moe.plan_stats %p stage <after> counted <entries> : !moe.plan<8, slots<2>> -> tensor<8xi32>, tensor<i32> score_sums tensor<8xf32>
  return
}

// -----

// (plan_stats_c2)
func.func @squares_are_of_logits(%p: !moe.plan<8, slots<2>>, %z: tensor<?x8xf32>) {
  // expected-error @+1 {{expects 'logits' and 'lse_squares' both or neither}}
  %c, %n = moe.plan_stats %p logits(%z : tensor<?x8xf32>) stage <after> counted <entries> : !moe.plan<8, slots<2>> -> tensor<8xi32>, tensor<i32>
  return
}

// -----

// (plan_stats_c2)
func.func @scores_alone_are_normalised(%p: !moe.plan<8, slots<2>>) {
  // expected-error @+1 {{expects 'normalise' with 'scores' alone}}
  %c, %n = moe.plan_stats %p stage <after> counted <entries> normalise : !moe.plan<8, slots<2>> -> tensor<8xi32>, tensor<i32>
  return
}

// -----

// (plan_stats_c3)
func.func @scores_are_of_the_experts_of_the_plan(%p: !moe.plan<8, slots<2>>, %z: tensor<?x7xf32>) {
  // expected-error @+1 {{requires the columns of 'scores' (7) to equal the plan's experts (8)}}
  %c, %n, %s = moe.plan_stats %p scores(%z : tensor<?x7xf32>) stage <after> counted <entries> : !moe.plan<8, slots<2>> -> tensor<8xi32>, tensor<i32> score_sums tensor<8xf32>
  return
}

// -----

// (plan_stats_c3)
func.func @counts_are_of_the_experts_of_the_plan(%p: !moe.plan<8, slots<2>>) {
  // expected-error @+1 {{requires 'counts' ('tensor<7xi32>') to have the shape [8]}}
  %c, %n = moe.plan_stats %p stage <after> counted <entries> : !moe.plan<8, slots<2>> -> tensor<7xi32>, tensor<i32>
  return
}

// -----

// (plan_stats_c3)
func.func @units_of_parts_are_as_many_as_parts(%p: !moe.plan<8, slots<2>>) {
  // expected-error @+1 {{requires 'units' ('tensor<i32>') to have a dimension of parts and then the shape []}}
  %c, %n = moe.plan_stats %p stage <after> counted <entries> over <blocks(4)> : !moe.plan<8, slots<2>> -> tensor<?x8xi32>, tensor<i32>
  return
}

// -----

// (plan_stats_c4)
func.func @segments_have_offsets(%p: !moe.plan<8, slots<2>>) {
  // expected-error @+1 {{expects 'segments' with 'over <segments>' alone}}
  %c, %n = moe.plan_stats %p stage <after> counted <entries> over <segments> : !moe.plan<8, slots<2>> -> tensor<?x8xi32>, tensor<?xi32>
  return
}

// -----

// (aux_loss_c1)
func.func @a_loss_has_the_statistics_of_its_kind(%c: tensor<8xi32>, %s: tensor<8xf32>, %n: tensor<i32>) {
  // expected-error @+1 {{expects 2 statistics for 'z', but got 3}}
  %l = moe.aux_loss <z> %c, %s, %n : tensor<8xi32>, tensor<8xf32>, tensor<i32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c1)
func.func @counts_are_integers(%c: tensor<8xi32>, %s: tensor<8xf32>, %n: tensor<i32>) {
  // expected-error @+1 {{expects i32 elements of 'counts', but got 'tensor<8xf32>'}}
  %l = moe.aux_loss <switch> %s, %s, %n {k = 2 : i64} : tensor<8xf32>, tensor<8xf32>, tensor<i32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c1)
func.func @sums_are_floats(%c: tensor<8xi32>, %s: tensor<8xf32>, %n: tensor<i32>) {
  // expected-error @+1 {{expects float elements of 'score_sums', but got 'tensor<8xi32>'}}
  %l = moe.aux_loss <switch> %c, %c, %n {k = 2 : i64} : tensor<8xi32>, tensor<8xi32>, tensor<i32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c1)
func.func @logits_have_units_and_experts(%c: tensor<8xi32>, %s: tensor<8xf32>, %n: tensor<i32>) {
  // expected-error @+1 {{expects 'logits' of rank 2, but got 'tensor<8xf32>'}}
  %l = moe.aux_loss <load_cv2> %s, %s {k = 2 : i64, noise_std = 1.0 : f64} : tensor<8xf32>, tensor<8xf32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c1)
func.func @a_number_of_units_has_no_experts(%c: tensor<8xi32>, %s: tensor<8xf32>, %n: tensor<i32>, %m: tensor<2x8xi32>) {
  // expected-error @+1 {{expects 'units' of rank 0, or one more for parts, but got 'tensor<2x8xi32>'}}
  %l = moe.aux_loss <entropy> %s, %m : tensor<8xf32>, tensor<2x8xi32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c1)
func.func @statistics_are_of_the_same_experts(%c: tensor<8xi32>, %s: tensor<8xf32>, %n: tensor<i32>, %o: tensor<7xf32>) {
  // expected-error @+1 {{requires the experts of 'score_sums' (7) to equal those of the others (8)}}
  %l = moe.aux_loss <switch_sumk> %c, %o, %n : tensor<8xi32>, tensor<7xf32>, tensor<i32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c2)
func.func @a_formula_with_k_has_one(%c: tensor<8xi32>, %s: tensor<8xf32>, %n: tensor<i32>) {
  // expected-error @+1 {{expects 'k' with a formula that has it alone, but got kind 'switch'}}
  %l = moe.aux_loss <switch> %c, %s, %n : tensor<8xi32>, tensor<8xf32>, tensor<i32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c2)
func.func @a_formula_without_k_has_none(%c: tensor<8xi32>, %s: tensor<8xf32>, %n: tensor<i32>) {
  // expected-error @+1 {{expects 'k' with a formula that has it alone, but got kind 'switch_sumk'}}
  %l = moe.aux_loss <switch_sumk> %c, %s, %n {k = 2 : i64} : tensor<8xi32>, tensor<8xf32>, tensor<i32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c2)
func.func @k_is_at_most_the_experts(%c: tensor<8xi32>, %s: tensor<8xf32>, %n: tensor<i32>) {
  // expected-error @+1 {{requires 'k' (9) to be between 1 and the experts (8)}}
  %l = moe.aux_loss <switch> %c, %s, %n {k = 9 : i64} : tensor<8xi32>, tensor<8xf32>, tensor<i32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c3)
func.func @noise_belongs_to_the_load(%c: tensor<8xi32>, %s: tensor<8xf32>, %n: tensor<i32>) {
  // expected-error @+1 {{expects 'noise_std' with 'load_cv2' alone, but got kind 'importance_cv2'}}
  %l = moe.aux_loss <importance_cv2> %s {noise_std = 1.0 : f64} : tensor<8xf32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c3)
func.func @a_sample_has_a_variance(%c: tensor<8xi32>, %s: tensor<8xf32>, %n: tensor<i32>) {
  // expected-error @+1 {{expects 'sample' with squared coefficients of variation alone, but got kind 'entropy'}}
  %l = moe.aux_loss <entropy> %s, %n {sample} : tensor<8xf32>, tensor<i32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c3)
func.func @an_epsilon_is_added_to_a_denominator_or_a_factor(%s: tensor<8xf32>, %n: tensor<i32>) {
  // expected-error @+1 {{expects 'eps' with squared coefficients of variation and 'cls_chunk' alone, but got kind 'entropy'}}
  %l = moe.aux_loss <entropy> %s, %n {eps = 1.0e-5 : f64} : tensor<8xf32>, tensor<i32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c3)
func.func @an_epsilon_is_not_negative(%c: tensor<8xi32>, %s: tensor<8xf32>, %n: tensor<i32>) {
  // expected-error @+1 {{requires 'eps' (-1.000000e+00) to be at least 0}}
  %l = moe.aux_loss <importance_cv2> %s {eps = -1.0 : f64} : tensor<8xf32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c3)
func.func @null_ids_are_averaged_by_one_kind(%c: tensor<8xi32>, %s: tensor<8xf32>, %n: tensor<i32>) {
  // expected-error @+1 {{expects 'null_ids' with 'null_mean' alone, but got kind 'switch'}}
  %l = moe.aux_loss <switch> %c, %s, %n {k = 2 : i64, null_ids = array<i64: 7>} : tensor<8xi32>, tensor<8xf32>, tensor<i32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c3)
func.func @null_ids_ascend(%c: tensor<8xi32>, %s: tensor<8xf32>, %n: tensor<i32>) {
  // expected-error @+1 {{expects ascending ids of experts in 'null_ids', but got 6 after 7}}
  %l = moe.aux_loss <null_mean> %c, %s, %n {k = 2 : i64, null_ids = array<i64: 7, 6>} : tensor<8xi32>, tensor<8xf32>, tensor<i32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c3)
func.func @null_ids_are_experts(%c: tensor<8xi32>, %s: tensor<8xf32>, %n: tensor<i32>) {
  // expected-error @+1 {{expects ascending ids of experts in 'null_ids', but got 8 after -1}}
  %l = moe.aux_loss <null_mean> %c, %s, %n {k = 2 : i64, null_ids = array<i64: 8>} : tensor<8xi32>, tensor<8xf32>, tensor<i32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c3)
func.func @one_kind_has_a_next_weight(%c: tensor<8xi32>, %s: tensor<8xf32>, %n: tensor<i32>) {
  // expected-error @+1 {{expects 'next' with 'l1_balanced' alone, but got kind 'switch'}}
  %l, %m = moe.aux_loss <switch> %c, %s, %n {k = 2 : i64} : tensor<8xi32>, tensor<8xf32>, tensor<i32> -> tensor<f32> next tensor<f32>
  return
}

// -----

// (aux_loss_c1)
func.func @sizes_are_one_for_each_expert(%c: tensor<8xi32>, %s: tensor<8xf32>, %n: tensor<i32>, %d: tensor<7xf32>) {
  // expected-error @+1 {{requires the experts of 'sizes' (7) to equal those of the others (8)}}
  %l = moe.aux_loss <size_weighted> %c, %s, %n, %d : tensor<8xi32>, tensor<8xf32>, tensor<i32>, tensor<7xf32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c1)
func.func @latencies_are_of_no_part(%s: tensor<8xf32>, %d: tensor<2x8xf32>) {
  // expected-error @+1 {{expects 'latencies' of rank 1, but got 'tensor<2x8xf32>'}}
  %l = moe.aux_loss <latency_weighted> %s, %s, %d : tensor<8xf32>, tensor<8xf32>, tensor<2x8xf32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c1)
func.func @a_router_has_a_row_for_each_expert(%c: tensor<8xi32>, %w: tensor<6x4xf32>) {
  // expected-error @+1 {{requires the experts of 'counts' (8) to equal those of the others (6)}}
  %l = moe.aux_loss <router_contrastive> %w, %w, %c {temperature = 0.1 : f64} : tensor<6x4xf32>, tensor<6x4xf32>, tensor<8xi32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c1)
func.func @prototypes_are_compared_with_inputs_of_their_size(%c: tensor<8xi32>, %w: tensor<8x4xf32>, %m: tensor<8x5xf32>) {
  // expected-error @+1 {{requires the columns of 'input_sums' (5) to equal those of the others (4)}}
  %l = moe.aux_loss <router_contrastive> %w, %m, %c {temperature = 0.1 : f64} : tensor<8x4xf32>, tensor<8x5xf32>, tensor<8xi32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c3)
func.func @a_contrast_has_a_temperature(%c: tensor<8xi32>, %w: tensor<8x4xf32>) {
  // expected-error @+1 {{expects 'temperature' with 'router_contrastive' alone, but got kind 'router_contrastive'}}
  %l = moe.aux_loss <router_contrastive> %w, %w, %c : tensor<8x4xf32>, tensor<8x4xf32>, tensor<8xi32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c3)
func.func @a_temperature_is_positive(%c: tensor<8xi32>, %w: tensor<8x4xf32>) {
  // expected-error @+1 {{requires 'temperature' (0.000000e+00) to be above 0}}
  %l = moe.aux_loss <router_contrastive> %w, %w, %c {temperature = 0.0 : f64} : tensor<8x4xf32>, tensor<8x4xf32>, tensor<8xi32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c3)
func.func @orthogonality_has_no_temperature(%w: tensor<8x4xf32>) {
  // expected-error @+1 {{expects 'temperature' with 'router_contrastive' alone, but got kind 'gate_orthogonality'}}
  %l = moe.aux_loss <gate_orthogonality> %w {temperature = 0.1 : f64} : tensor<8x4xf32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c3)
func.func @chunks_have_a_size(%s: tensor<?x8xf32>) {
  // expected-error @+1 {{expects 'chunk' with 'cls_chunk' alone, but got kind 'cls_chunk'}}
  %l = moe.aux_loss <cls_chunk> %s : tensor<?x8xf32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c3)
func.func @a_chunk_has_a_unit(%s: tensor<?x8xf32>) {
  // expected-error @+1 {{requires 'chunk' (0) to be at least 1}}
  %l = moe.aux_loss <cls_chunk> %s {chunk = 0 : i64} : tensor<?x8xf32> -> tensor<f32>
  return
}

// -----

// (aux_loss_c3)
func.func @single_units_are_no_chunks(%s: tensor<?x8xf32>) {
  // expected-error @+1 {{expects 'chunk' with 'cls_chunk' alone, but got kind 'l1'}}
  %l = moe.aux_loss <l1> %s {chunk = 8 : i64} : tensor<?x8xf32> -> tensor<f32>
  return
}

// -----

// (R30): segments
func.func @a_loss_of_sequences_has_statistics_of_sequences(%c: tensor<8xi32>, %s: tensor<8xf32>, %n: tensor<i32>) {
  // expected-error @+1 {{expects statistics of segments for 'seq', but got 'counts' 'tensor<8xi32>'}}
  %l = moe.aux_loss <seq> %c, %s, %n {k = 2 : i64} : tensor<8xi32>, tensor<8xf32>, tensor<i32> -> tensor<f32>
  return
}

// -----

// (R30): noise
func.func @noise_has_a_deviation(%z: tensor<?x8xf32>) {
  // expected-error @+1 {{requires 'noise_std' (0.000000e+00) to be above 0}}
  %l = moe.aux_loss <load_cv2> %z, %z {k = 2 : i64, noise_std = 0.0 : f64} : tensor<?x8xf32>, tensor<?x8xf32> -> tensor<f32>
  return
}

// -----

// (bias_update_c1)
func.func @a_bias_follows_counts(%b: tensor<8xf32>, %z: tensor<4x8xf32>) {
  // expected-error @+1 {{expects a count of each of the 8 experts as 'load' for 'sign', but got 'tensor<4x8xf32>'}}
  %n = moe.bias_update <sign> %b, %z : tensor<8xf32>, tensor<4x8xf32>
  return
}

// -----

// (bias_update_c1)
func.func @quantiles_are_of_logits(%b: tensor<8xf32>, %c: tensor<8xi32>) {
  // expected-error @+1 {{expects logits of the 8 experts as 'load' for 'quantile', but got 'tensor<8xi32>'}}
  %n = moe.bias_update <quantile> %b, %c {k = 2 : i64} : tensor<8xf32>, tensor<8xi32>
  return
}

// -----

// (bias_update_c2)
func.func @quantiles_have_a_k(%b: tensor<8xf32>, %z: tensor<4x8xf32>) {
  // expected-error @+1 {{expects 'k' with 'quantile' alone, but got kind 'quantile'}}
  %n = moe.bias_update <quantile> %b, %z : tensor<8xf32>, tensor<4x8xf32>
  return
}

// -----

// (bias_update_c2)
func.func @a_quantile_leaves_an_expert(%b: tensor<8xf32>, %z: tensor<4x8xf32>) {
  // expected-error @+1 {{requires 'k' (8) to be between 1 and the experts (8) - 1}}
  %n = moe.bias_update <quantile> %b, %z {k = 8 : i64} : tensor<8xf32>, tensor<4x8xf32>
  return
}

// -----

// (R12): multiple
func.func @entries_share_out_among_experts(%b: tensor<8xf32>, %z: tensor<3x8xf32>) {
  // expected-error @+1 {{requires the units (3) times 'k' (2) to be a multiple of the experts (8)}}
  %n = moe.bias_update <quantile> %b, %z {k = 2 : i64} : tensor<8xf32>, tensor<3x8xf32>
  return
}

// -----

// (attach_loss_c1)
func.func @a_loss_changes_no_type(%y: tensor<?x8xf32>, %l: tensor<f32>) {
  // expected-error @+1 {{failed to verify that all of {input, result} have same type}}
  %z = "moe.attach_loss"(%y, %l) : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xbf16>
  return
}

// -----

// (layer_c1)
func.func @layers_are_counted_from_zero(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{requires 'layer_id' (-1) to be at least 0}}
  %y = moe.layer -1 : tensor<?x8xf32> {
    moe.yield %x : tensor<?x8xf32>
  }
  return
}

// -----

// (layer_c2)
func.func @a_layer_yields_its_results(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{requires the types of what its body yields to be those of its results}}
  %y = moe.layer 0 : tensor<?x8xbf16> {
    moe.yield %x : tensor<?x8xf32>
  }
  return
}

// -----

// (R22): policy
func.func @experts_that_choose_need_a_predictor_in_decoding(%z: tensor<?x4xf32>) {
  // expected-note @+1 {{the layer is here}}
  %y = moe.layer 0 decode : !moe.plan<4, slots<4>> {
    // expected-error @+1 {{expects a 'predictor' where units compete in a layer that decodes}}
    %p = moe.route %z score <sigmoid> select <expert_topc, key = scores, count = <1>> weight <scores> : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
    moe.yield %p : !moe.plan<4, slots<4>>
  }
  return
}

// -----

// (R22): capacity
func.func @capacity_needs_a_predictor_in_decoding(%z: tensor<?x4xf32>) {
  // expected-note @+1 {{the layer is here}}
  %y = moe.layer 0 decode : !moe.plan<4, slots<4>> {
    // expected-error @+1 {{expects a 'predictor' where units compete in a layer that decodes}}
    %p = moe.route %z score <sigmoid> select <topk(4), key = scores> weight <scores> capacity <limit, count = <1>, priority = unit_major, overflow = zero> : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
    moe.yield %p : !moe.plan<4, slots<4>>
  }
  return
}

// -----

// (R22): score
func.func @scores_over_units_need_a_predictor_in_decoding(%z: tensor<?x4xf32>) {
  // expected-note @+1 {{the layer is here}}
  %y = moe.layer 0 decode : !moe.plan<4, slots<4>> {
    // expected-error @+1 {{expects a 'predictor' where units compete in a layer that decodes}}
    %p = moe.route %z score <softmax, over = units> select <topk(4), key = scores> weight <scores> : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
    moe.yield %p : !moe.plan<4, slots<4>>
  }
  return
}

// -----

// (R22)
func.func @a_predictor_has_the_plan_of_the_route(%z: tensor<?x4xf32>, %q: !moe.plan<4, slots<2>>) {
  // expected-error @+1 {{requires 'predictor' ('!moe.plan<4, slots<2>>') to have the type of the plan ('!moe.plan<4, slots<4>>')}}
  %p = moe.route %z predictor(%q : !moe.plan<4, slots<2>>) score <sigmoid> select <expert_topc, key = scores, count = <1>> weight <scores> : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
  return
}

// -----

// (R22)
func.func @a_route_of_single_units_predicts_itself(%z: tensor<?x4xf32>, %q: !moe.plan<4, slots<2>>) {
  // expected-error @+1 {{expects 'predictor' with a route whose units compete alone}}
  %p = moe.route %z predictor(%q : !moe.plan<4, slots<2>>) score <sigmoid> select <topk(2), key = scores> weight <scores> : tensor<?x4xf32> -> !moe.plan<4, slots<2>>
  return
}
