// The rewrites of routes, one positive per rule and one negative per precondition.
// RUN: moe-opt %s --moe-simplify-routing --split-input-file --verify-diagnostics --remarks-filter='moe-simplify-routing' | FileCheck %s

// (C1): fires
// CHECK-LABEL: func.func @c1_the_softmax_moves_to_the_picks
func.func @c1_the_softmax_moves_to_the_picks(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{the softmax moves to the picked logits}}
  // CHECK: moe.route %{{.*}} score <identity> select <topk(2), key = logits> weight <logits, norm = softmax> :
  %p = moe.route %z score <softmax> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c1_with_a_group_filter_by_maximum
func.func @c1_with_a_group_filter_by_maximum(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{the softmax moves to the picked logits}}
  // CHECK: moe.route %{{.*}} score <identity> group_filter <4, keep = 2, group_score = max, fill = neginf> select <topk(2), key = logits> weight <logits, norm = softmax, scale = 2.000000e+00> :
  %p = moe.route %z score <softmax> group_filter <4, keep = 2, group_score = max, fill = neginf> select <topk(2), key = scores> weight <scores, norm = sum(1.0e-20, add), min_k = 2, scale = 2.0> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c1_per_group
func.func @c1_per_group(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{the softmax moves to the picked logits}}
  // CHECK: moe.route %{{.*}} score <identity> select <topk_per_group(2, 1), key = logits> weight <logits, norm = softmax> :
  %p = moe.route %z score <softmax> select <topk_per_group(2, 1), key = scores> weight <scores, norm = sum(0.000000e+00, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c1_not_with_another_norm
func.func @c1_not_with_another_norm(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.route %{{.*}} score <softmax> select <topk(2), key = scores> weight <scores, norm = pnorm(1.000000e+00)> :
  %p = moe.route %z score <softmax> select <topk(2), key = scores> weight <scores, norm = pnorm(1.000000e+00)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c1_not_from_another_source
func.func @c1_not_from_another_source(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.route %{{.*}} score <softmax> select <topk(2), key = scores> weight <one, norm = sum(0.000000e+00, add)> :
  %p = moe.route %z score <softmax> select <topk(2), key = scores> weight <one, norm = sum(0.000000e+00, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c1_not_of_another_policy
func.func @c1_not_of_another_policy(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<8>> {
  // CHECK: moe.route %{{.*}} score <softmax> select <all, key = scores> weight <scores, norm = sum(0.000000e+00, add)> :
  %p = moe.route %z score <softmax> select <all, key = scores> weight <scores, norm = sum(0.000000e+00, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// CHECK-LABEL: func.func @c1_not_over_groups
func.func @c1_not_over_groups(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{the softmax is not over the experts}}
  // CHECK: moe.route %{{.*}} score <softmax, over = group(2)> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add)> :
  %p = moe.route %z score <softmax, over = group(2)> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (C1): not with score post
// CHECK-LABEL: func.func @c1_not_after_l2norm
func.func @c1_not_after_l2norm(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{scores are normalised after their function}}
  // CHECK: moe.route %{{.*}} score <softmax, post = l2norm> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add)> :
  %p = moe.route %z score <softmax, post = l2norm> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (C1): not with key offset
// CHECK-LABEL: func.func @c1_not_with_a_key_offset
func.func @c1_not_with_a_key_offset(%z: tensor<?x8xf32>, %k: tensor<8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{a key offset is added to the keys}}
  // CHECK: moe.route %{{.*}} key_offset(%{{.*}} : tensor<8xf32>) score <softmax> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add)> :
  %p = moe.route %z key_offset(%k : tensor<8xf32>) score <softmax> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c1_not_with_a_mask
func.func @c1_not_with_a_mask(%z: tensor<?x8xf32>, %k: tensor<8xi1>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{a mask may leave scores that are all 0}}
  // CHECK: moe.route %{{.*}} allow(%{{.*}} : tensor<8xi1>) score <softmax> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add)> :
  %p = moe.route %z allow(%k : tensor<8xi1>) score <softmax> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c1_not_where_groups_are_scored_by_sums
func.func @c1_not_where_groups_are_scored_by_sums(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{groups are scored by sums of keys}}
  // CHECK: moe.route %{{.*}} score <softmax> group_filter <4, keep = 2, group_score = sum_top(2), fill = neginf> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add)> :
  %p = moe.route %z score <softmax> group_filter <4, keep = 2, group_score = sum_top(2), fill = neginf> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (C1): not with another order
// CHECK-LABEL: func.func @c1_not_where_scores_are_rounded
func.func @c1_not_where_scores_are_rounded(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{scores or keys are rounded below f32}}
  // CHECK: moe.route %{{.*}} score <softmax, round_to = bf16> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add)> :
  %p = moe.route %z score <softmax, round_to = bf16> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c1_not_where_keys_are_rounded
func.func @c1_not_where_keys_are_rounded(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{scores or keys are rounded below f32}}
  // CHECK: moe.route %{{.*}} score <softmax> select <topk(2), key = scores, key_dtype = bf16> weight <scores, norm = sum(0.000000e+00, add)> :
  %p = moe.route %z score <softmax> select <topk(2), key = scores, key_dtype = bf16> weight <scores, norm = sum(0.000000e+00, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c1_not_where_ids_weigh_nothing
func.func @c1_not_where_ids_weigh_nothing(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{some ids weigh nothing}}
  // CHECK: moe.route %{{.*}} score <softmax> select <topk(2), key = scores> weight <scores, exclude = [7], norm = sum(0.000000e+00, add)> :
  %p = moe.route %z score <softmax> select <topk(2), key = scores> weight <scores, exclude = [7], norm = sum(0.000000e+00, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c1_not_with_a_detached_denominator
func.func @c1_not_with_a_detached_denominator(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{the denominator is detached}}
  // CHECK: moe.route %{{.*}} score <softmax> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add), grad = stop_norm> :
  %p = moe.route %z score <softmax> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add), grad = stop_norm> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c1_not_where_the_list_is_too_short
func.func @c1_not_where_the_list_is_too_short(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<1>> {
  // expected-remark @+2 {{too few entries to be normalised}}
  // CHECK: moe.route %{{.*}} score <softmax> select <topk(1), key = scores> weight <scores, norm = sum(0.000000e+00, add), min_k = 2> :
  %p = moe.route %z score <softmax> select <topk(1), key = scores> weight <scores, norm = sum(0.000000e+00, add), min_k = 2> : tensor<?x8xf32> -> !moe.plan<8, slots<1>>
  return %p : !moe.plan<8, slots<1>>
}

// -----

// CHECK-LABEL: func.func @c1_not_with_a_large_epsilon
func.func @c1_not_with_a_large_epsilon(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{the epsilon is not negligible}}
  // CHECK: moe.route %{{.*}} score <softmax> select <topk(2), key = scores> weight <scores, norm = sum(1.000000e-01, add)> :
  %p = moe.route %z score <softmax> select <topk(2), key = scores> weight <scores, norm = sum(1.000000e-01, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (C2): fires
// CHECK-LABEL: func.func @c2_sigmoid_selects_on_logits
func.func @c2_sigmoid_selects_on_logits(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{the selection compares logits}}
  // CHECK: moe.route %{{.*}} score <sigmoid> select <topk(2), key = logits> weight <scores, scale = 2.500000e+00> :
  %p = moe.route %z score <sigmoid> select <topk(2), key = scores> weight <scores, scale = 2.5> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c2_sqrtsoftplus_selects_on_logits
func.func @c2_sqrtsoftplus_selects_on_logits(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{the selection compares logits}}
  // CHECK: moe.route %{{.*}} score <sqrtsoftplus> select <topk(2), key = logits> weight <scores, scale = 2.500000e+00> :
  %p = moe.route %z score <sqrtsoftplus> select <topk(2), key = scores> weight <scores, scale = 2.5> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c2_softplus_selects_on_logits
func.func @c2_softplus_selects_on_logits(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{the selection compares logits}}
  // CHECK: moe.route %{{.*}} score <softplus> select <topk(2), key = logits> weight <scores, scale = 2.500000e+00> :
  %p = moe.route %z score <softplus> select <topk(2), key = scores> weight <scores, scale = 2.5> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c2_exp_selects_on_logits
func.func @c2_exp_selects_on_logits(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{the selection compares logits}}
  // CHECK: moe.route %{{.*}} score <exp> select <topk(2), key = logits> weight <scores, scale = 2.500000e+00> :
  %p = moe.route %z score <exp> select <topk(2), key = scores> weight <scores, scale = 2.5> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c2_with_a_group_filter_by_maximum
func.func @c2_with_a_group_filter_by_maximum(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{the selection compares logits}}
  // CHECK: moe.route %{{.*}} score <sigmoid> group_filter <4, keep = 2, group_score = max, fill = neginf> select <topk(2), key = logits> weight <scores> :
  %p = moe.route %z score <sigmoid> group_filter <4, keep = 2, group_score = max, fill = neginf> select <topk(2), key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (C2): not with flat score
// CHECK-LABEL: func.func @c2_not_where_a_score_is_flat
func.func @c2_not_where_a_score_is_flat(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.route %{{.*}} score <relu> select <topk(2), key = scores> weight <scores> :
  %p = moe.route %z score <relu> select <topk(2), key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c2_not_of_another_policy
func.func @c2_not_of_another_policy(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<8>> {
  // CHECK: moe.route %{{.*}} score <sigmoid> select <all, key = scores> weight <scores> :
  %p = moe.route %z score <sigmoid> select <all, key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// CHECK-LABEL: func.func @c2_not_after_rmsnorm
func.func @c2_not_after_rmsnorm(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{scores are normalised after their function}}
  // CHECK: moe.route %{{.*}} score <sigmoid, post = rmsnorm(0.000000e+00)> select <topk(2), key = scores> weight <scores> :
  %p = moe.route %z score <sigmoid, post = rmsnorm(0.000000e+00)> select <topk(2), key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (C2): not with key offset
// CHECK-LABEL: func.func @c2_not_with_a_key_offset
func.func @c2_not_with_a_key_offset(%z: tensor<?x8xf32>, %k: tensor<8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{a key offset is added to the scores}}
  // CHECK: moe.route %{{.*}} key_offset(%{{.*}} : tensor<8xf32>) score <sigmoid> select <topk(2), key = scores> weight <scores> :
  %p = moe.route %z key_offset(%k : tensor<8xf32>) score <sigmoid> select <topk(2), key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (C2): not with summed groups
// CHECK-LABEL: func.func @c2_not_where_groups_are_scored_by_sums
func.func @c2_not_where_groups_are_scored_by_sums(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{groups are scored by sums of keys}}
  // CHECK: moe.route %{{.*}} score <sigmoid> group_filter <4, keep = 2, group_score = sum_top(2), fill = neginf> select <topk(2), key = scores> weight <scores> :
  %p = moe.route %z score <sigmoid> group_filter <4, keep = 2, group_score = sum_top(2), fill = neginf> select <topk(2), key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c2_not_where_keys_weigh
func.func @c2_not_where_keys_weigh(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{keys are the weights}}
  // CHECK: moe.route %{{.*}} score <sigmoid> select <topk(2), key = scores> weight <key> :
  %p = moe.route %z score <sigmoid> select <topk(2), key = scores> weight <key> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c2_not_where_scores_are_rounded
func.func @c2_not_where_scores_are_rounded(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{scores or keys are rounded below f32}}
  // CHECK: moe.route %{{.*}} score <sigmoid, dtype = bf16> select <topk(2), key = scores> weight <scores> :
  %p = moe.route %z score <sigmoid, dtype = bf16> select <topk(2), key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (C5): fires
// CHECK-LABEL: func.func @c5_filtered_keys_become_neginf
func.func @c5_filtered_keys_become_neginf(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{filtered keys become -inf}}
  // CHECK: moe.route %{{.*}} score <softmax> group_filter <4, keep = 2, group_score = sum_top(2), fill = neginf> select <topk(2), key = scores> weight <scores> :
  %p = moe.route %z score <softmax> group_filter <4, keep = 2, group_score = sum_top(2), fill = zero> select <topk(2), key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (C5): not with negative keys
// CHECK-LABEL: func.func @c5_not_with_a_key_offset
func.func @c5_not_with_a_key_offset(%z: tensor<?x8xf32>, %k: tensor<8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{a key offset may make keys negative}}
  // CHECK: moe.route %{{.*}} key_offset(%{{.*}} : tensor<8xf32>) score <softmax> group_filter <4, keep = 2, group_score = sum_top(2), fill = zero> select <topk(2), key = scores> weight <scores> :
  %p = moe.route %z key_offset(%k : tensor<8xf32>) score <softmax> group_filter <4, keep = 2, group_score = sum_top(2), fill = zero> select <topk(2), key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (C5): not with too few positive keys
// CHECK-LABEL: func.func @c5_not_with_a_mask
func.func @c5_not_with_a_mask(%z: tensor<?x8xf32>, %k: tensor<8xi1>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{a mask may leave fewer than k kept keys}}
  // CHECK: moe.route %{{.*}} allow(%{{.*}} : tensor<8xi1>) score <softmax> group_filter <4, keep = 2, group_score = sum_top(2), fill = zero> select <topk(2), key = scores> weight <scores> :
  %p = moe.route %z allow(%k : tensor<8xi1>) score <softmax> group_filter <4, keep = 2, group_score = sum_top(2), fill = zero> select <topk(2), key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c5_not_on_logits
func.func @c5_not_on_logits(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{keys may be 0 or negative}}
  // CHECK: moe.route %{{.*}} score <softmax> group_filter <4, keep = 2, group_score = sum_top(2), fill = zero> select <topk(2), key = logits> weight <scores> :
  %p = moe.route %z score <softmax> group_filter <4, keep = 2, group_score = sum_top(2), fill = zero> select <topk(2), key = logits> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c5_not_where_scores_may_be_zero
func.func @c5_not_where_scores_may_be_zero(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{keys may be 0 or negative}}
  // CHECK: moe.route %{{.*}} score <relu> group_filter <4, keep = 2, group_score = sum_top(2), fill = zero> select <topk(2), key = scores> weight <scores> :
  %p = moe.route %z score <relu> group_filter <4, keep = 2, group_score = sum_top(2), fill = zero> select <topk(2), key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c5_not_after_l2norm
func.func @c5_not_after_l2norm(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{scores are normalised after their function}}
  // CHECK: moe.route %{{.*}} score <softmax, post = l2norm> group_filter <4, keep = 2, group_score = sum_top(2), fill = zero> select <topk(2), key = scores> weight <scores> :
  %p = moe.route %z score <softmax, post = l2norm> group_filter <4, keep = 2, group_score = sum_top(2), fill = zero> select <topk(2), key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c5_not_where_everything_is_selected
func.func @c5_not_where_everything_is_selected(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<8>> {
  // expected-remark @+2 {{the policy selects keys of 0}}
  // CHECK: moe.route %{{.*}} score <softmax> group_filter <4, keep = 2, group_score = sum_top(2), fill = zero> select <all, key = scores> weight <scores> :
  %p = moe.route %z score <softmax> group_filter <4, keep = 2, group_score = sum_top(2), fill = zero> select <all, key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// CHECK-LABEL: func.func @c5_not_where_scores_round_to_zero
func.func @c5_not_where_scores_round_to_zero(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{keys below f32 may round to 0}}
  // CHECK: moe.route %{{.*}} score <softmax, round_to = f16> group_filter <4, keep = 2, group_score = sum_top(2), fill = zero> select <topk(2), key = scores> weight <scores> :
  %p = moe.route %z score <softmax, round_to = f16> group_filter <4, keep = 2, group_score = sum_top(2), fill = zero> select <topk(2), key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// A rule may enable the next one.
// CHECK-LABEL: func.func @c5_then_c1
func.func @c5_then_c1(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+3 {{filtered keys become -inf}}
  // expected-remark @+2 {{the softmax moves to the picked logits}}
  // CHECK: moe.route %{{.*}} score <identity> group_filter <4, keep = 2, group_score = max, fill = neginf> select <topk(2), key = logits> weight <logits, norm = softmax> :
  %p = moe.route %z score <softmax> group_filter <4, keep = 2, fill = zero> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (C1): not with capacity between
// CHECK-LABEL: func.func @c1_not_before_capacity
func.func @c1_not_before_capacity(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{capacity looks at keys and weights}}
  // CHECK: moe.route %{{.*}} score <softmax> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add)> capacity
  %p = moe.route %z score <softmax> select <topk(2), key = scores> weight <scores, norm = sum(0.0, add)> capacity <limit, count = <4>> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c1_not_of_scores_that_are_asked_for
func.func @c1_not_of_scores_that_are_asked_for(%z: tensor<?x8xf32>) -> (!moe.plan<8, slots<2>>, tensor<?x8xf32>) {
  // expected-remark @+2 {{the scores are a result}}
  // CHECK: moe.route %{{.*}} score <softmax> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add)> :
  %p, %s = moe.route %z score <softmax> select <topk(2), key = scores> weight <scores, norm = sum(0.0, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>, tensor<?x8xf32>
  return %p, %s : !moe.plan<8, slots<2>>, tensor<?x8xf32>
}

// -----

// CHECK-LABEL: func.func @c2_not_before_capacity
func.func @c2_not_before_capacity(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{capacity looks at keys}}
  // CHECK: moe.route %{{.*}} score <sigmoid> select <topk(2), key = scores> weight <scores> capacity
  %p = moe.route %z score <sigmoid> select <topk(2), key = scores> weight <scores> capacity <limit, count = <4>, priority = key_desc> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (C20): fires
// CHECK-LABEL: func.func @c20_a_bound_above_one_takes_all
func.func @c20_a_bound_above_one_takes_all(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<8>> {
  // expected-remark @+2 {{every allowed expert is selected}}
  // CHECK: select <all, key = scores>
  %p = moe.route %z score <softmax> select <topp(1.5)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// (C20): not with the sum itself
// CHECK-LABEL: func.func @c20_not_at_one
func.func @c20_not_at_one(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<8>> {
  // CHECK: select <topp(1.000000e+00)
  %p = moe.route %z score <softmax> select <topp(1.0)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// CHECK-LABEL: func.func @c20_not_close_to_one
func.func @c20_not_close_to_one(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<8>> {
  // expected-remark @+2 {{rounded sums may reach the bound}}
  // CHECK: select <topp(1.000500e+00)
  %p = moe.route %z score <softmax> select <topp(1.0005)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// CHECK-LABEL: func.func @c20_not_of_a_bounded_list
func.func @c20_not_of_a_bounded_list(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{the list is bounded}}
  // CHECK: select <topp(1.500000e+00)
  %p = moe.route %z score <softmax> select <topp(1.5), kmax = 2> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c20_not_with_an_offset
func.func @c20_not_with_an_offset(%z: tensor<?x8xf32>, %b: tensor<8xf32>) -> !moe.plan<8, slots<8>> {
  // expected-warning @+3 {{'key_offset' changes the keys whose sum 'topp' bounds}}
  // expected-remark @+2 {{a key offset is added to the keys}}
  // CHECK: select <topp(1.500000e+00)
  %p = moe.route %z key_offset(%b : tensor<8xf32>) score <softmax> select <topp(1.5)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// CHECK-LABEL: func.func @c20_not_before_capacity
func.func @c20_not_before_capacity(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<8>> {
  // expected-remark @+2 {{capacity looks at slots}}
  // CHECK: select <topp(1.500000e+00)
  %p = moe.route %z score <softmax> select <topp(1.5)> weight <scores> capacity <limit, count = <4>> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// CHECK-LABEL: func.func @c20_not_of_given_sums
func.func @c20_not_of_given_sums(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<8>> {
  // expected-remark @+2 {{sums of logits are known at run time alone}}
  // CHECK: select <topp(1.500000e+00)
  %p = moe.route %z score <identity> select <topp(1.5)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// CHECK-LABEL: func.func @c20_not_with_a_fallback
func.func @c20_not_with_a_fallback(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<8>> {
  // expected-remark @+2 {{a fallback may add an expert}}
  // CHECK: select <topp(1.500000e+00)
  %p = moe.route %z score <softmax> select <topp(1.5), fallback = argmax> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// Of a logit of -inf the softmax is 0, which is selected where fewer others are left than are asked for.
// (C1): not with infinite logits
// CHECK-LABEL: func.func @c1_not_of_logits_that_may_be_masked
func.func @c1_not_of_logits_that_may_be_masked(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %b: tensor<8xf32>) -> !moe.plan<8, slots<2>> {
  %z = moe.logits %x, %w offset(%b : tensor<8xf32>) : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+2 {{an offset may make logits -inf}}
  // CHECK: moe.route %{{.*}} score <softmax> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add)> :
  %p = moe.route %z score <softmax> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (C2): not with infinite logits
// CHECK-LABEL: func.func @c2_not_of_logits_that_may_be_masked
func.func @c2_not_of_logits_that_may_be_masked(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %b: tensor<8xf32>) -> !moe.plan<8, slots<2>> {
  %z = moe.logits %x, %w offset(%b : tensor<8xf32>) : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+2 {{an offset may make logits -inf}}
  // CHECK: moe.route %{{.*}} score <sigmoid> select <topk(2), key = scores> weight <scores> :
  %p = moe.route %z score <sigmoid> select <topk(2), key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c2_of_logits_with_a_bias
func.func @c2_of_logits_with_a_bias(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %b: tensor<8xf32>) -> !moe.plan<8, slots<2>> {
  %z = moe.logits %x, %w bias(%b : tensor<8xf32>) : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+2 {{the selection compares logits}}
  // CHECK: select <topk(2), key = logits>
  %p = moe.route %z score <sigmoid> select <topk(2), key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (C5): not with infinite logits
// CHECK-LABEL: func.func @c5_not_of_logits_that_may_be_masked
func.func @c5_not_of_logits_that_may_be_masked(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %b: tensor<8xf32>) -> !moe.plan<8, slots<2>> {
  %z = moe.logits %x, %w offset(%b : tensor<8xf32>) : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+2 {{an offset may make logits -inf}}
  // CHECK: fill = zero>
  %p = moe.route %z score <softmax> group_filter <4, keep = 2, group_score = max, fill = zero> select <topk(2), key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// A mask keeps C5 from the filter; on logits the zeros that it fills with would be something else.
// CHECK-LABEL: func.func @c2_not_where_filtered_keys_become_zero
func.func @c2_not_where_filtered_keys_become_zero(%z: tensor<?x8xf32>, %a: tensor<8xi1>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+3 {{a mask may leave fewer than k kept keys}}
  // expected-remark @+2 {{filtered keys become 0}}
  // CHECK: fill = zero> select <topk(2), key = scores>
  %p = moe.route %z allow(%a : tensor<8xi1>) score <sigmoid> group_filter <4, keep = 2, group_score = max, fill = zero> select <topk(2), key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c1_not_where_ids_are_set_to_zero
func.func @c1_not_where_ids_are_set_to_zero(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{some ids weigh nothing}}
  // CHECK: moe.route %{{.*}} score <softmax> select <topk(2), key = scores> weight <scores, zero = [7], norm = sum(0.000000e+00, add)> :
  %p = moe.route %z score <softmax> select <topk(2), key = scores> weight <scores, zero = [7], norm = sum(0.000000e+00, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}
