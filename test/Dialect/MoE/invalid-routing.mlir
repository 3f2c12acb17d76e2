// One case per constraint of moe.logits and moe.route; the function's name says the rule.
// RUN: moe-opt %s --split-input-file --verify-diagnostics

// (logits_c1)
func.func @input_and_matrix_agree_in_width(%x: tensor<?x64xf32>, %w: tensor<8x32xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{requires the width of 'input' (64) to equal that of 'matrix' (32)}}
  %z = moe.logits %x, %w : tensor<?x64xf32>, tensor<8x32xf32> -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// -----

// (logits_c1)
func.func @logits_have_a_column_per_row_of_the_matrix(%x: tensor<?x64xf32>, %w: tensor<9x64xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{requires the result ('tensor<?x8xf32>') to have a row per row of 'input' ('tensor<?x64xf32>') and a column per row of 'matrix' ('tensor<9x64xf32>')}}
  %z = moe.logits %x, %w : tensor<?x64xf32>, tensor<9x64xf32> -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// -----

// (logits_c1)
func.func @a_router_bias_has_an_element_per_expert(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>, %b: tensor<7xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{requires 'bias' ('tensor<7xf32>') to have one element per expert (8)}}
  %z = moe.logits %x, %w bias(%b : tensor<7xf32>) : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// -----

// (logits_c1)
func.func @an_offset_has_the_columns_of_the_logits(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>, %o: tensor<7xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{requires 'offset' ('tensor<7xf32>') to have the columns, and with rank 2 the rows, of the result ('tensor<?x8xf32>')}}
  %z = moe.logits %x, %w offset(%o : tensor<7xf32>) : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// -----

// (logits_c1)
func.func @an_offset_has_the_rows_of_the_logits(%x: tensor<4x64xf32>, %w: tensor<8x64xf32>, %o: tensor<5x8xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{requires 'offset' ('tensor<5x8xf32>') to have the columns}}
  %z = moe.logits %x, %w offset(%o : tensor<5x8xf32>) : tensor<4x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// -----

// (logits_c2)
func.func @a_softcap_is_positive(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{expects a positive 'softcap', but got 0}}
  %z = moe.logits %x, %w {softcap = 0.0} : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// -----

// (logits_c2)
func.func @a_temperature_is_positive(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{expects a positive 'temperature', but got -1}}
  %z = moe.logits %x, %w {temperature = -1.0} : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// -----

// (logits_c1)
func.func @a_projection_reads_the_input(%x: tensor<?x64xf32>, %w: tensor<8x16xf32>, %p: tensor<16x32xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{requires the width of 'input' (64) to equal that of 'projection' (32)}}
  %z = moe.logits %x, %w form <cosine> projection(%p : tensor<16x32xf32>) : tensor<?x64xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// -----

// (logits_c1)
func.func @a_matrix_reads_the_projected_input(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>, %p: tensor<16x64xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{requires the width of the projected input (16) to equal that of 'matrix' (64)}}
  %z = moe.logits %x, %w form <cosine> projection(%p : tensor<16x64xf32>) : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// -----

// (logits_c1)
func.func @a_projection_bias_has_an_element_per_row(%x: tensor<?x64xf32>, %w: tensor<8x16xf32>, %p: tensor<16x64xf32>, %b: tensor<8xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{requires 'projection_bias' ('tensor<8xf32>') to have one element per row of 'projection' (16)}}
  %z = moe.logits %x, %w form <cosine> projection(%p : tensor<16x64xf32>) projection_bias(%b : tensor<8xf32>) : tensor<?x64xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// -----

// (logits_c3)
func.func @a_cosine_has_no_bias(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>, %b: tensor<8xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{expects 'bias' with 'form <linear>' alone}}
  %z = moe.logits %x, %w form <cosine> bias(%b : tensor<8xf32>) : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// -----

// (logits_c3)
func.func @a_linear_form_has_no_projection(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>, %p: tensor<64x64xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{expects 'projection' with 'form <cosine>' alone}}
  %z = moe.logits %x, %w projection(%p : tensor<64x64xf32>) : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// -----

// (logits_c3)
func.func @a_linear_form_has_no_log_scale(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>, %t: tensor<f32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{expects 'log_scale' with 'form <cosine>' alone}}
  %z = moe.logits %x, %w log_scale(%t : tensor<f32>) : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// -----

// (logits_c3)
func.func @a_projection_bias_needs_a_projection(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>, %b: tensor<64xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{expects 'projection_bias' with a 'projection' alone}}
  %z = moe.logits %x, %w form <cosine> projection_bias(%b : tensor<64xf32>) : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// -----

// (logits_c3)
func.func @a_limit_needs_a_log_scale(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{expects 'max_log_scale' with a 'log_scale' alone}}
  %z = moe.logits %x, %w form <cosine> {max_log_scale = 4.0} : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// -----

// (logits_c4)
func.func @sums_are_at_least_f32(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{requires 'acc' ('bf16') to be at least as wide as f32}}
  %z = moe.logits %x, %w {acc = bf16} : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// -----

// (route_c1)
func.func @the_number_of_experts_is_static(%z: tensor<?x?xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{expects a static number of expert columns, but got 'tensor<?x?xf32>'}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x?xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (route_c1)
func.func @the_plan_has_the_experts_of_the_logits(%z: tensor<?x9xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{requires the plan's experts (8) to equal the expert columns of 'logits' (9)}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x9xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R1): score groups
func.func @score_groups_divide_the_experts(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{requires the number of experts (8) to be a multiple of the score groups (3)}}
  %p = moe.route %z score <softmax, over = group(3)> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R1): filter groups
func.func @filter_groups_divide_the_experts(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{requires the number of experts (8) to be a multiple of the filter groups (3)}}
  %p = moe.route %z score <softmax> group_filter <3, keep = 1> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R1): summed keys
func.func @a_group_has_the_keys_that_are_summed(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{requires the summed keys (3) to be at most the group size (2)}}
  %p = moe.route %z score <softmax> group_filter <4, keep = 1, group_score = sum_top(3)> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R1)
func.func @topk_selects_from_the_experts_there_are(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{selects k = 9 experts, but only 8 can be selected}}
  %p = moe.route %z score <softmax> select <topk(9)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R1): k of kept groups
func.func @topk_selects_from_kept_groups(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{selects k = 3 experts, but only 2 can be selected}}
  %p = moe.route %z score <softmax> group_filter <4, keep = 1, fill = neginf> select <topk(3)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R1)
func.func @topk_selects_from_kept_groups_even_where_others_are_filled_with_zero(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{selects k = 3 experts, but only 2 can be selected}}
  %p = moe.route %z score <softmax> group_filter <4, keep = 1, fill = zero> select <topk(3)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R1): selection groups
func.func @selection_groups_divide_the_experts(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{requires the number of experts (8) to be a multiple of the selection groups (3)}}
  %p = moe.route %z score <softmax> select <topk_per_group(3, 1)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R1): k of a group
func.func @a_group_has_the_experts_that_are_selected(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{selects k = 3 experts of each group, but a group has only 2}}
  %p = moe.route %z score <softmax> select <topk_per_group(4, 3)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R2): group filter
func.func @selection_per_group_is_a_filter_already(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{expects no 'group_filter' with 'topk_per_group'}}
  %p = moe.route %z score <softmax> group_filter <4, keep = 2> select <topk_per_group(2, 1)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R7)
func.func @softmax_norm_does_not_take_pointwise_scores(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{expects source 'logits' or 'operand' with 'norm = softmax', but got 'scores' of score 'sigmoid'}}
  %p = moe.route %z score <sigmoid> select <topk(2)> weight <scores, norm = softmax> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R8): negative scores
func.func @sum_norm_takes_no_negative_scores(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{expects a weight source that cannot be negative with 'norm = sum', but got 'scores' of score 'identity'}}
  %p = moe.route %z score <identity> select <topk(2)> weight <scores, norm = sum(0.0, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R8)
func.func @sum_norm_takes_no_logits(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{expects a weight source that cannot be negative with 'norm = sum', but got 'logits' of score 'softmax'}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <logits, norm = sum(0.0, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R8): negative keys
func.func @sum_norm_takes_no_keys_with_an_offset(%z: tensor<?x8xf32>, %k: tensor<8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{expects a weight source that cannot be negative with 'norm = sum', but got 'key' of score 'softmax'}}
  %p = moe.route %z key_offset(%k : tensor<8xf32>) score <softmax> select <topk(2)> weight <key, norm = sum(0.0, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R29): key dtype
func.func @a_key_offset_is_added_in_f32(%z: tensor<?x8xf32>, %k: tensor<8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{requires 'key_dtype' ('bf16') to be at least f32 where 'key_offset' is added}}
  %p = moe.route %z key_offset(%k : tensor<8xf32>) score <softmax> select <topk(2), key_dtype = bf16> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (route_c2)
func.func @the_plan_has_the_slots_that_are_selected(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{requires the plan's slots (2) to equal the selected experts (3)}}
  %p = moe.route %z score <softmax> select <topk(3)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (route_c2)
func.func @the_plan_has_the_type_of_the_weights(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{requires the plan's weight type ('f32') to equal that of 'weight' ('bf16')}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores, dtype = bf16> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (route_c3)
func.func @key_offset_has_a_column_per_expert(%z: tensor<?x8xf32>, %k: tensor<7xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{requires the last dimension of 'key_offset' (7) to equal the number of experts (8)}}
  %p = moe.route %z key_offset(%k : tensor<7xf32>) score <softmax> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (route_c3)
func.func @allow_has_a_column_per_expert(%z: tensor<?x8xf32>, %k: tensor<7xi1>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{requires the last dimension of 'allow' (7) to equal the number of experts (8)}}
  %p = moe.route %z allow(%k : tensor<7xi1>) score <softmax> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (route_c3)
func.func @expert_scale_has_a_column_per_expert(%z: tensor<?x8xf32>, %k: tensor<7xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{requires the last dimension of 'expert_scale' (7) to equal the number of experts (8)}}
  %p = moe.route %z expert_scale(%k : tensor<7xf32>) score <softmax> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (route_c3)
func.func @score_gain_has_a_column_per_expert(%z: tensor<?x8xf32>, %k: tensor<7xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{requires the last dimension of 'score_gain' (7) to equal the number of experts (8)}}
  %p = moe.route %z score_gain(%k : tensor<7xf32>) score <relu, post = rmsnorm(0.0)> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (route_c3)
func.func @weight_source_has_a_column_per_expert(%z: tensor<?x8xf32>, %k: tensor<?x7xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{requires the last dimension of 'weight_source' (7) to equal the number of experts (8)}}
  %p = moe.route %z weight_source(%k : tensor<?x7xf32>) score <relu> select <topk(2)> weight <operand> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (route_c3), (R28): weights
func.func @always_weights_have_a_column_per_always_on_id(%z: tensor<?x8xf32>, %k: tensor<?x1xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{requires the last dimension of 'always_weights' (1) to equal the number of always-on ids (0)}}
  %p = moe.route %z always_weights(%k : tensor<?x1xf32>) score <softmax> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (route_c3)
func.func @operands_have_the_rows_of_the_logits(%z: tensor<4x8xf32>, %k: tensor<5x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{requires the rows of 'key_offset' (5) to equal the rows of 'logits' (4)}}
  %p = moe.route %z key_offset(%k : tensor<5x8xf32>) score <softmax> select <topk(2)> weight <scores> : tensor<4x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (route_c4)
func.func @ids_without_weight_are_experts(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{requires zero and exclude ids (8) to be below the number of experts (8)}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores, zero = [8]> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (route_c5)
func.func @score_gain_belongs_to_rmsnorm(%z: tensor<?x8xf32>, %k: tensor<8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{expects 'score_gain' with 'post = rmsnorm' alone}}
  %p = moe.route %z score_gain(%k : tensor<8xf32>) score <softmax> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (route_c5)
func.func @weight_source_belongs_to_the_source_operand(%z: tensor<?x8xf32>, %k: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{expects 'weight_source' with weight source 'operand' alone}}
  %p = moe.route %z weight_source(%k : tensor<?x8xf32>) score <softmax> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (route_c5)
func.func @the_source_operand_needs_weight_source(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{expects 'weight_source' with weight source 'operand' alone}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <operand> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R3): group filter
func.func @experts_that_choose_have_no_group_filter(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<8>> {
  // expected-error @+1 {{expects no 'group_filter' with policy 'expert_topc'}}
  %p = moe.route %z score <softmax> group_filter <2, keep = 1> select <expert_topc, count = <4>> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// (R3): limit
func.func @experts_that_choose_have_no_capacity(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<8>> {
  // expected-error @+1 {{expects no 'capacity' with policy 'expert_topc'}}
  %p = moe.route %z score <softmax> select <expert_topc, count = <4>> weight <scores> capacity <limit, count = <4>> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// (R3): after
func.func @experts_that_take_turns_drop_nothing(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<1>> {
  // expected-error @+1 {{expects no 'when = after' with policy 'greedy_assign'}}
  %p = moe.route %z score <softmax> select <greedy_assign, order = [0], counts = [1]> weight <scores, when = after> : tensor<?x8xf32> -> !moe.plan<8, slots<1>>
  return %p : !moe.plan<8, slots<1>>
}

// -----

// (R5): capacity
func.func @all_have_no_capacity(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<8>> {
  // expected-error @+1 {{expects no 'capacity' with policy 'all'}}
  %p = moe.route %z score <softmax> select <all> weight <scores> capacity <limit, count = <4>> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// (R6): keys
func.func @topp_sums_probabilities(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<8>> {
  // expected-error @+1 {{expects keys that are scores of softmax or entmax15 over the experts, or of 'identity', with policy 'topp'}}
  %p = moe.route %z score <sigmoid> select <topp(0.5)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// (R6)
func.func @topp_sums_scores(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<8>> {
  // expected-error @+1 {{expects keys that are scores of softmax or entmax15 over the experts, or of 'identity', with policy 'topp'}}
  %p = moe.route %z score <softmax> select <topp(0.5), key = logits> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// (R6): post
func.func @topp_sums_given_logits_as_they_are(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<8>> {
  // expected-error @+1 {{expects keys that are scores of softmax or entmax15 over the experts, or of 'identity', with policy 'topp'}}
  %p = moe.route %z score <identity, post = l2norm> select <topp(0.5)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// (R6)
func.func @topp_sums_over_all_experts(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<8>> {
  // expected-error @+1 {{expects keys that are scores of softmax or entmax15 over the experts, or of 'identity', with policy 'topp'}}
  %p = moe.route %z score <softmax, over = group(2)> select <topp(0.5)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// (R20): policy
func.func @tiles_round_topk(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<8>> {
  // expected-error @+1 {{expects policy 'topk' with 'tile_round', but got 'threshold'}}
  %p = moe.route %z score <softmax> select <threshold(0.5)> weight <scores> capacity <tile_round, tile = 4> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// (R20): score
func.func @tiles_round_no_sparse_scores(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<8>> {
  // expected-error @+1 {{expects softmax or a pointwise score with 'tile_round', but got 'entmax15'}}
  %p = moe.route %z score <entmax15> select <topk(2)> weight <scores> capacity <tile_round, tile = 4> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// (R20): renormalised
func.func @tiles_weigh_scores(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<8>> {
  // expected-error @+1 {{expects weights that are scores without norm, zero or exclude ids with 'tile_round'}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores, norm = sum(0.0, add)> capacity <tile_round, tile = 4> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// (R24): source
func.func @sparsemixer_weighs_by_itself(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{expects weight source 'policy' with policies 'sparsemixer' and 'soft_slots' alone, but got 'scores' with 'sparsemixer'}}
  %p = moe.route %z score <identity> select <sparsemixer(0.1, 2), key = logits> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R24)
func.func @topk_has_no_weights_of_its_own(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{expects weight source 'policy' with policies 'sparsemixer' and 'soft_slots' alone, but got 'policy' with 'topk'}}
  %p = moe.route %z score <identity> select <topk(2)> weight <policy> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R24): gradient
func.func @topk_has_no_sparsemixer_gradient(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{expects 'grad = sparsemixer' with policy 'sparsemixer' alone, but got 'topk'}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores, grad = sparsemixer> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R24): picks
func.func @the_sparsemixer_gradient_is_of_two_picks(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<3>> {
  // expected-error @+1 {{requires the picks of 'sparsemixer' (3) to be at most 2 with 'grad = sparsemixer'}}
  %p = moe.route %z score <identity> select <sparsemixer(0.1, 3), key = logits> weight <policy, grad = sparsemixer> : tensor<?x8xf32> -> !moe.plan<8, slots<3>>
  return %p : !moe.plan<8, slots<3>>
}

// -----

// (R24): score
func.func @sparsemixer_picks_by_logits(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{expects score 'identity' and keys that are logits with policy 'sparsemixer'}}
  %p = moe.route %z score <softmax> select <sparsemixer(0.1, 2)> weight <policy> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R24)
func.func @sparsemixer_is_not_normalised(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{expects no 'norm' with policy 'sparsemixer'}}
  %p = moe.route %z score <identity> select <sparsemixer(0.1, 2), key = logits> weight <policy, norm = sum(0.0, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R24)
func.func @sparsemixer_is_not_filtered(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{expects no 'group_filter' with policy 'sparsemixer'}}
  %p = moe.route %z score <identity> group_filter <2, keep = 1> select <sparsemixer(0.1, 2), key = logits> weight <policy> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R25): threshold
func.func @a_variable_list_fills_every_slot(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{requires the plan's slots (2) to equal the selected experts (8)}}
  %p = moe.route %z score <softmax> select <topp(0.5)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R25): kmax
func.func @kmax_bounds_the_slots(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{requires the plan's slots (2) to equal the selected experts (3)}}
  %p = moe.route %z score <softmax> select <topp(0.5), kmax = 3> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (route_c2)
func.func @kmax_is_at_most_the_experts(%z: tensor<?x8xf32>) -> !moe.plan<8, csr> {
  // expected-error @+1 {{requires the selected experts (9) to be at most the experts (8)}}
  %p = moe.route %z score <softmax> select <topp(0.5), kmax = 9> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, csr>
  return %p : !moe.plan<8, csr>
}

// -----

// (route_c2)
func.func @rounded_counts_may_list_every_expert(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{requires the plan's slots (2) to equal the selected experts (8)}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> capacity <tile_round, tile = 4> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (route_c2)
func.func @buckets_hold_the_limit(%z: tensor<?x8xf32>) -> !moe.plan<8, buckets<3>> {
  // expected-error @+1 {{requires the plan's buckets (3) to be dynamic or to equal the limit of an expert}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> capacity <limit, count = <4>> : tensor<?x8xf32> -> !moe.plan<8, buckets<3>>
  return %p : !moe.plan<8, buckets<3>>
}

// -----

// (route_c2)
func.func @buckets_need_a_limit(%z: tensor<?x8xf32>) -> !moe.plan<8, buckets<3>> {
  // expected-error @+1 {{requires the plan's buckets (3) to be dynamic or to equal the limit of an expert}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, buckets<3>>
  return %p : !moe.plan<8, buckets<3>>
}

// -----

// (route_c2)
func.func @units_that_pass_are_carried(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{expects a plan that carries with 'overflow = identity' alone, but got '!moe.plan<8, slots<2>>'}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> capacity <limit, count = <4>, overflow = identity> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (route_c2)
func.func @nothing_else_is_carried(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>, carry> {
  // expected-error @+1 {{expects a plan that carries with 'overflow = identity' alone, but got '!moe.plan<8, slots<2>, carry>'}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>, carry>
  return %p : !moe.plan<8, slots<2>, carry>
}

// -----

// (route_c3)
func.func @thresholds_are_per_expert(%z: tensor<?x8xf32>, %t: tensor<7xf32>) -> !moe.plan<8, slots<8>> {
  // expected-error @+1 {{requires the last dimension of 'thresholds' (7) to equal the number of experts (8)}}
  %p = moe.route %z thresholds(%t : tensor<7xf32>) score <softmax> select <threshold(operand)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// (route_c5)
func.func @thresholds_come_from_somewhere(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<8>> {
  // expected-error @+1 {{expects 'thresholds' with 'threshold(operand)' alone}}
  %p = moe.route %z score <softmax> select <threshold(operand)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// (route_c5)
func.func @a_constant_threshold_is_no_operand(%z: tensor<?x8xf32>, %t: tensor<8xf32>) -> !moe.plan<8, slots<8>> {
  // expected-error @+1 {{expects 'thresholds' with 'threshold(operand)' alone}}
  %p = moe.route %z thresholds(%t : tensor<8xf32>) score <softmax> select <threshold(0.5)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// (route_c5)
func.func @a_table_is_given(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{expects 'table_ids' with policy 'table' alone}}
  %p = moe.route %z score <softmax> select <table> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (route_c5)
func.func @topk_needs_no_table(%z: tensor<?x8xf32>, %t: tensor<?x2xi32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{expects 'table_ids' with policy 'table' alone}}
  %p = moe.route %z table_ids(%t : tensor<?x2xi32>) score <softmax> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (route_c2)
func.func @a_table_has_static_columns(%z: tensor<?x8xf32>, %t: tensor<?x?xi32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{expects a static number of columns of 'table_ids'}}
  %p = moe.route %z table_ids(%t : tensor<?x?xi32>) score <softmax> select <table> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (route_c5)
func.func @segments_are_given(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{expects 'segments' with a domain of segments alone}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> capacity <limit, count = <4>> domain <segments> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (route_c5)
func.func @blocks_need_no_segments(%z: tensor<?x8xf32>, %s: tensor<?xi32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{expects 'segments' with a domain of segments alone}}
  %p = moe.route %z segments(%s : tensor<?xi32>) score <softmax> select <topk(2)> weight <scores> capacity <limit, count = <4>> domain <blocks(4)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (route_c6)
func.func @units_that_do_not_compete_have_one_domain(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{expects a 'domain' of parts where units compete alone, but got policy 'topk' and no capacity}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> domain <blocks(4)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (route_c8)
func.func @a_dropped_entry_weighs_before(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>, carry> {
  // expected-error @+1 {{expects 'when = before' with 'overflow = identity': a dropped entry has no weight after}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores, norm = sum(0.0, add), when = after> capacity <limit, count = <4>, overflow = identity> : tensor<?x8xf32> -> !moe.plan<8, slots<2>, carry>
  return %p : !moe.plan<8, slots<2>, carry>
}

// -----

// (select_c3)
func.func @turns_are_of_experts(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<1>> {
  // expected-error @+1 {{requires the ids in 'order' (8) to be below the number of experts (8)}}
  %p = moe.route %z score <softmax> select <greedy_assign, order = [8], counts = [1]> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<1>>
  return %p : !moe.plan<8, slots<1>>
}

// -----

// (route_c3)
func.func @a_table_has_a_row_per_unit(%z: tensor<4x8xf32>, %t: tensor<5x2xi32>) -> !moe.plan<8, slots<2>> {
  // expected-error @+1 {{requires the rows of 'table_ids' (5) to equal the rows of 'logits' (4)}}
  %p = moe.route %z table_ids(%t : tensor<5x2xi32>) score <softmax> select <table> weight <scores> : tensor<4x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (route_c7)
func.func @scores_have_the_shape_of_logits(%z: tensor<?x8xf32>) -> tensor<?x7xf32> {
  // expected-error @+1 {{requires the scores ('tensor<?x7xf32>') to have the shape of 'logits' ('tensor<?x8xf32>')}}
  %p, %s = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>, tensor<?x7xf32>
  return %s : tensor<?x7xf32>
}

// -----

// (R3)
func.func @balanced_units_have_no_capacity(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<1>> {
  // expected-error @+1 {{expects no 'capacity' with policy 'balanced_assign'}}
  %p = moe.route %z score <softmax> select <balanced_assign> weight <scores> capacity <limit, count = <4>> : tensor<?x8xf32> -> !moe.plan<8, slots<1>>
  return %p : !moe.plan<8, slots<1>>
}

// -----

// (R11): key offset
func.func @balanced_keys_have_no_offset(%z: tensor<?x8xf32>, %b: tensor<8xf32>) -> !moe.plan<8, slots<1>> {
  // expected-error @+1 {{expects no 'key_offset' with policy 'balanced_assign'}}
  %p = moe.route %z key_offset(%b : tensor<8xf32>) score <softmax> select <balanced_assign> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<1>>
  return %p : !moe.plan<8, slots<1>>
}

// -----

// (R4)
func.func @soft_slots_make_soft_plans(%z: tensor<?x8xf32>) -> !moe.plan<4, csr> {
  // expected-error @+1 {{expects a plan 'soft<p>' with policy 'soft_slots(p)' alone, but got '!moe.plan<4, csr>' with 'soft_slots'}}
  %p = moe.route %z score <identity> select <soft_slots(2), key = logits> weight <policy> : tensor<?x8xf32> -> !moe.plan<4, csr>
  return %p : !moe.plan<4, csr>
}

// -----

// (R4)
func.func @soft_slots_fill_the_rows_of_the_plan(%z: tensor<?x8xf32>) -> !moe.plan<4, soft<3>> {
  // expected-error @+1 {{expects a plan 'soft<p>' with policy 'soft_slots(p)' alone, but got '!moe.plan<4, soft<3>>' with 'soft_slots'}}
  %p = moe.route %z score <identity> select <soft_slots(2), key = logits> weight <policy> : tensor<?x8xf32> -> !moe.plan<4, soft<3>>
  return %p : !moe.plan<4, soft<3>>
}

// -----

// (R4)
func.func @topk_makes_no_soft_plan(%z: tensor<?x8xf32>) -> !moe.plan<8, soft<2>> {
  // expected-error @+1 {{expects a plan 'soft<p>' with policy 'soft_slots(p)' alone, but got '!moe.plan<8, soft<2>>' with 'topk'}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, soft<2>>
  return %p : !moe.plan<8, soft<2>>
}

// -----

// (R4): score
func.func @soft_slots_have_softmaxes_of_their_own(%z: tensor<?x8xf32>) -> !moe.plan<4, soft<2>> {
  // expected-error @+1 {{expects score 'identity', keys that are logits and weights as they are with policy 'soft_slots'}}
  %p = moe.route %z score <softmax> select <soft_slots(2), key = logits> weight <policy> : tensor<?x8xf32> -> !moe.plan<4, soft<2>>
  return %p : !moe.plan<4, soft<2>>
}

// -----

// (R4)
func.func @soft_weights_are_not_scaled(%z: tensor<?x8xf32>) -> !moe.plan<4, soft<2>> {
  // expected-error @+1 {{expects score 'identity', keys that are logits and weights as they are with policy 'soft_slots'}}
  %p = moe.route %z score <identity> select <soft_slots(2), key = logits> weight <policy, scale = 2.0> : tensor<?x8xf32> -> !moe.plan<4, soft<2>>
  return %p : !moe.plan<4, soft<2>>
}

// -----

// (R4)
func.func @soft_slots_have_no_mask(%z: tensor<?x8xf32>, %a: tensor<4xi1>) -> !moe.plan<4, soft<2>> {
  // expected-error @+1 {{expects no 'key_offset', 'allow', 'expert_scale', 'always_weights' and scores with policy 'soft_slots'}}
  %p = moe.route %z allow(%a : tensor<4xi1>) score <identity> select <soft_slots(2), key = logits> weight <policy> : tensor<?x8xf32> -> !moe.plan<4, soft<2>>
  return %p : !moe.plan<4, soft<2>>
}

// -----

// (R3)
func.func @soft_slots_have_no_capacity(%z: tensor<?x8xf32>) -> !moe.plan<4, soft<2>> {
  // expected-error @+1 {{expects no 'capacity' with policy 'soft_slots'}}
  %p = moe.route %z score <identity> select <soft_slots(2), key = logits> weight <policy> capacity <limit, count = <4>> : tensor<?x8xf32> -> !moe.plan<4, soft<2>>
  return %p : !moe.plan<4, soft<2>>
}

// -----

// (R24)
func.func @soft_slots_weigh_by_themselves(%z: tensor<?x8xf32>) -> !moe.plan<4, soft<2>> {
  // expected-error @+1 {{expects weight source 'policy' with policies 'sparsemixer' and 'soft_slots' alone, but got 'logits' with 'soft_slots'}}
  %p = moe.route %z score <identity> select <soft_slots(2), key = logits> weight <logits> : tensor<?x8xf32> -> !moe.plan<4, soft<2>>
  return %p : !moe.plan<4, soft<2>>
}

// -----

// (route_c1)
func.func @every_expert_has_its_soft_columns(%z: tensor<?x8xf32>) -> !moe.plan<2, soft<3>> {
  // expected-error @+1 {{requires the expert columns of 'logits' (8) to be a multiple of the rows of an expert (3)}}
  %p = moe.route %z score <identity> select <soft_slots(3), key = logits> weight <policy> : tensor<?x8xf32> -> !moe.plan<2, soft<3>>
  return %p : !moe.plan<2, soft<3>>
}

// -----

// (route_c1)
func.func @soft_columns_are_of_the_experts(%z: tensor<?x8xf32>) -> !moe.plan<8, soft<2>> {
  // expected-error @+1 {{requires the plan's experts (8) to equal the expert columns of 'logits' (4)}}
  %p = moe.route %z score <identity> select <soft_slots(2), key = logits> weight <policy> : tensor<?x8xf32> -> !moe.plan<8, soft<2>>
  return %p : !moe.plan<8, soft<2>>
}

// -----

// (R4): key offset
func.func @soft_slots_have_no_key_offset(%z: tensor<?x8xf32>, %k: tensor<4xf32>) -> !moe.plan<4, soft<2>> {
  // expected-error @+1 {{expects no 'key_offset', 'allow', 'expert_scale', 'always_weights' and scores with policy 'soft_slots'}}
  %p = moe.route %z key_offset(%k : tensor<4xf32>) score <identity> select <soft_slots(2), key = logits> weight <policy> : tensor<?x8xf32> -> !moe.plan<4, soft<2>>
  return %p : !moe.plan<4, soft<2>>
}

// -----

// (R3): tile_round
func.func @experts_that_choose_round_no_counts(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<8>> {
  // expected-error @+1 {{expects no 'capacity' with policy 'expert_topc'}}
  %p = moe.route %z score <softmax> select <expert_topc, count = <4>> weight <scores> capacity <tile_round, tile = 4> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// (R20): units
func.func @no_expert_has_more_units_than_there_are(%z: tensor<3x8xf32>) -> !moe.plan<8, slots<8>> {
  // expected-error @+1 {{requires 'tile' (4) to be at most the units that compete (3) where counts are rounded up}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> capacity <tile_round, tile = 4, mode = up> : tensor<3x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// (R20)
func.func @no_expert_has_more_units_than_a_block(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<8>> {
  // expected-error @+1 {{requires 'tile' (4) to be at most the units that compete (2) where counts are rounded up}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> capacity <tile_round, tile = 4, mode = up> domain <blocks(2)> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}
