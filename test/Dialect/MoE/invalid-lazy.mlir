// One case per constraint of lazy logits, and of routes over them; the function's name says the rule.
// RUN: moe-opt %s --split-input-file --verify-diagnostics

// (lazy_logits_type_c1)
// expected-error @+1 {{expects positive numbers of rows and columns, but got 8 and 0 of rank 0}}
func.func private @an_axis_has_a_key(!moe.lazy_logits<f32, 8, 0>)

// -----

// (lazy_logits_c1)
func.func @rows_and_columns_have_the_sizes_of_the_result(%a: tensor<?x8xf32>, %b: tensor<?x4xf32>) {
  // expected-error @+1 {{requires 'rows' ('tensor<?x8xf32>') and 'columns' ('tensor<?x4xf32>') to have the sizes of the result ('!moe.lazy_logits<f32, 8, 5>')}}
  %z = moe.lazy_logits %a, %b : tensor<?x8xf32>, tensor<?x4xf32> -> !moe.lazy_logits<f32, 8, 5>
  return
}

// -----

// (lazy_logits_c1)
func.func @rows_and_columns_are_of_the_same_units(%a: tensor<3x8xf32>, %b: tensor<2x4xf32>) {
  // expected-error @+1 {{requires 'rows' ('tensor<3x8xf32>') and 'columns' ('tensor<2x4xf32>') to have the sizes of the result}}
  %z = moe.lazy_logits %a, %b : tensor<3x8xf32>, tensor<2x4xf32> -> !moe.lazy_logits<f32, 8, 4>
  return
}

// -----

// (lazy_logits_c1)
func.func @a_rank_comes_with_a_core(%a: tensor<?x8xf32>, %b: tensor<?x4xf32>) {
  // expected-error @+1 {{expects a rank of the result with 'core' alone, but got '!moe.lazy_logits<f32, 8, 4, rank = 2>'}}
  %z = moe.lazy_logits %a, %b : tensor<?x8xf32>, tensor<?x4xf32> -> !moe.lazy_logits<f32, 8, 4, rank = 2>
  return
}

// -----

// (lazy_logits_c1)
func.func @a_core_has_the_rank(%a: tensor<?x2x8xf32>, %b: tensor<?x2x4xf32>, %c: tensor<2x2xf32>, %l: tensor<2xf32>, %c3: tensor<3x2xf32>) {
  // expected-error @+1 {{requires the sizes of 'core' and directions ('tensor<3x2xf32>') to equal the rank (2)}}
  %z = moe.lazy_logits %a, %b core(%c3 : tensor<3x2xf32>) row_direction(%l : tensor<2xf32>) column_direction(%l : tensor<2xf32>) approx : tensor<?x2x8xf32>, tensor<?x2x4xf32> -> !moe.lazy_logits<f32, 8, 4, rank = 2>
  return
}

// -----

// (R23): approx
func.func @tucker_says_that_it_approximates(%a: tensor<?x2x8xf32>, %b: tensor<?x2x4xf32>, %c: tensor<2x2xf32>, %l: tensor<2xf32>, %c3: tensor<3x2xf32>) {
  // expected-error @+1 {{expects 'core', 'row_direction', 'column_direction' and 'approx' together or not at all}}
  %z = moe.lazy_logits %a, %b core(%c : tensor<2x2xf32>) row_direction(%l : tensor<2xf32>) column_direction(%l : tensor<2xf32>) : tensor<?x2x8xf32>, tensor<?x2x4xf32> -> !moe.lazy_logits<f32, 8, 4, rank = 2>
  return
}

// -----

// (R23)
func.func @tucker_has_directions(%a: tensor<?x2x8xf32>, %b: tensor<?x2x4xf32>, %c: tensor<2x2xf32>, %l: tensor<2xf32>, %c3: tensor<3x2xf32>) {
  // expected-error @+1 {{expects 'core', 'row_direction', 'column_direction' and 'approx' together or not at all}}
  %z = moe.lazy_logits %a, %b core(%c : tensor<2x2xf32>) approx : tensor<?x2x8xf32>, tensor<?x2x4xf32> -> !moe.lazy_logits<f32, 8, 4, rank = 2>
  return
}

// -----

// (R23)
func.func @sums_do_not_approximate(%a: tensor<?x8xf32>, %b: tensor<?x4xf32>) {
  // expected-error @+1 {{expects 'core', 'row_direction', 'column_direction' and 'approx' together or not at all}}
  %z = moe.lazy_logits %a, %b approx : tensor<?x8xf32>, tensor<?x4xf32> -> !moe.lazy_logits<f32, 8, 4>
  return
}

// -----

// (R23): policy
func.func @lazy_logits_are_for_topk(%z: !moe.lazy_logits<f32, 8, 4>) {
  // expected-error @+1 {{expects policy 'topk' with lazy logits, but got 'all'}}
  %p = moe.route %z score <identity> select <all, key = logits> weight <logits, norm = softmax> : !moe.lazy_logits<f32, 8, 4> -> !moe.plan<32, slots<32>>
  return
}

// -----

// (R23)
func.func @lazy_scores_are_pointwise(%z: !moe.lazy_logits<f32, 8, 4>) {
  // expected-error @+1 {{expects a pointwise score without 'post' with lazy logits}}
  %p = moe.route %z score <softmax> select <topk(3), key = logits> weight <logits, norm = softmax> : !moe.lazy_logits<f32, 8, 4> -> !moe.plan<32, slots<3>>
  return
}

// -----

// (R23)
func.func @lazy_scores_are_not_normalised(%z: !moe.lazy_logits<f32, 8, 4>) {
  // expected-error @+1 {{expects a pointwise score without 'post' with lazy logits}}
  %p = moe.route %z score <sigmoid, post = l2norm> select <topk(3), key = logits> weight <logits, norm = softmax> : !moe.lazy_logits<f32, 8, 4> -> !moe.plan<32, slots<3>>
  return
}

// -----

// (R23): score
func.func @lazy_keys_increase_with_logits(%z: !moe.lazy_logits<f32, 8, 4>) {
  // expected-error @+1 {{expects keys that are logits or scores that increase with them with lazy logits, but got scores of 'relu'}}
  %p = moe.route %z score <relu> select <topk(3), key = scores> weight <scores> : !moe.lazy_logits<f32, 8, 4> -> !moe.plan<32, slots<3>>
  return
}

// -----

// (R23)
func.func @lazy_keys_have_no_offset(%z: !moe.lazy_logits<f32, 8, 4>, %o: tensor<32xf32>) {
  // expected-error @+1 {{expects nothing that looks at every expert with lazy logits}}
  %p = moe.route %z key_offset(%o : tensor<32xf32>) score <identity> select <topk(3), key = logits> weight <logits, norm = softmax> : !moe.lazy_logits<f32, 8, 4> -> !moe.plan<32, slots<3>>
  return
}

// -----

// (R23)
func.func @lazy_keys_have_no_mask(%z: !moe.lazy_logits<f32, 8, 4>, %o: tensor<32xi1>) {
  // expected-error @+1 {{expects nothing that looks at every expert with lazy logits}}
  %p = moe.route %z allow(%o : tensor<32xi1>) score <identity> select <topk(3), key = logits> weight <logits, norm = softmax> : !moe.lazy_logits<f32, 8, 4> -> !moe.plan<32, slots<3>>
  return
}

// -----

// (R23)
func.func @lazy_keys_have_no_groups(%z: !moe.lazy_logits<f32, 8, 4>) {
  // expected-error @+1 {{expects nothing that looks at every expert with lazy logits}}
  %p = moe.route %z score <identity> group_filter <2, keep = 1, group_score = max, fill = neginf> select <topk(3), key = logits> weight <logits, norm = softmax> : !moe.lazy_logits<f32, 8, 4> -> !moe.plan<32, slots<3>>
  return
}

// -----

// (R23)
func.func @lazy_weights_have_no_operand(%z: !moe.lazy_logits<f32, 8, 4>, %o: tensor<?x32xf32>) {
  // expected-error @+1 {{expects nothing that looks at every expert with lazy logits}}
  %p = moe.route %z weight_source(%o : tensor<?x32xf32>) score <identity> select <topk(3), key = logits> weight <operand> : !moe.lazy_logits<f32, 8, 4> -> !moe.plan<32, slots<3>>
  return
}

// -----

// (R23)
func.func @lazy_weights_have_no_scale_per_expert(%z: !moe.lazy_logits<f32, 8, 4>, %o: tensor<32xf32>) {
  // expected-error @+1 {{expects nothing that looks at every expert with lazy logits}}
  %p = moe.route %z expert_scale(%o : tensor<32xf32>) score <identity> select <topk(3), key = logits> weight <logits, norm = softmax> : !moe.lazy_logits<f32, 8, 4> -> !moe.plan<32, slots<3>>
  return
}

// -----

// (R23)
func.func @lazy_routes_have_no_capacity(%z: !moe.lazy_logits<f32, 8, 4>) {
  // expected-error @+1 {{expects nothing that looks at every expert with lazy logits}}
  %p = moe.route %z score <identity> select <topk(3), key = logits> weight <logits, norm = softmax> capacity <limit, count = <4>, priority = unit_major, overflow = zero> : !moe.lazy_logits<f32, 8, 4> -> !moe.plan<32, slots<3>>
  return
}

// -----

// (R23)
func.func @lazy_routes_have_no_fallback(%z: !moe.lazy_logits<f32, 8, 4>) {
  // expected-error @+1 {{expects nothing that looks at every expert with lazy logits}}
  %p = moe.route %z score <identity> select <topk(3), key = logits, fallback = argmax> weight <logits, norm = softmax> : !moe.lazy_logits<f32, 8, 4> -> !moe.plan<32, slots<3>>
  return
}

// -----

// (R23)
func.func @lazy_routes_have_no_zero_ids(%z: !moe.lazy_logits<f32, 8, 4>) {
  // expected-error @+1 {{expects nothing that looks at every expert with lazy logits}}
  %p = moe.route %z score <identity> select <topk(3), key = logits> weight <logits, zero = [3], norm = softmax> : !moe.lazy_logits<f32, 8, 4> -> !moe.plan<32, slots<3>>
  return
}

// -----

// (R23)
func.func @lazy_routes_give_no_scores(%z: !moe.lazy_logits<f32, 8, 4>) {
  // expected-error @+1 {{expects nothing that looks at every expert with lazy logits}}
  %p, %s = moe.route %z score <identity> select <topk(3), key = logits> weight <logits, norm = softmax> : !moe.lazy_logits<f32, 8, 4> -> !moe.plan<32, slots<3>>, tensor<?x32xf32>
  return
}

// -----

// (R23)
func.func @lazy_plans_are_in_slots(%z: !moe.lazy_logits<f32, 8, 4>) {
  // expected-error @+1 {{expects a plan in slots without always-on ids with lazy logits, but got '!moe.plan<32, csr>'}}
  %p = moe.route %z score <identity> select <topk(3), key = logits> weight <logits, norm = softmax> : !moe.lazy_logits<f32, 8, 4> -> !moe.plan<32, csr>
  return
}

// -----

// (R23)
func.func @lazy_plans_have_no_always_on_ids(%z: !moe.lazy_logits<f32, 8, 4>) {
  // expected-error @+1 {{expects a plan in slots without always-on ids with lazy logits, but got '!moe.plan<32, slots<3>, always = 1>'}}
  %p = moe.route %z score <identity> select <topk(3), key = logits> weight <logits, norm = softmax> : !moe.lazy_logits<f32, 8, 4> -> !moe.plan<32, slots<3>, always = 1>
  return
}

// -----

// (route_c1)
func.func @lazy_logits_have_as_many_experts_as_the_plan(%z: !moe.lazy_logits<f32, 8, 4>) {
  // expected-error @+1 {{requires the plan's experts (16) to equal the expert columns of 'logits' (32)}}
  %p = moe.route %z score <identity> select <topk(3), key = logits> weight <logits, norm = softmax> : !moe.lazy_logits<f32, 8, 4> -> !moe.plan<16, slots<3>>
  return
}
