// C1 the other way: a softmax over the picks becomes one over all experts.
// RUN: moe-opt %s --moe-simplify-routing=softmax=scores --split-input-file --verify-diagnostics --remarks-filter='moe-simplify-routing' | FileCheck %s

// (C1): fires
// CHECK-LABEL: func.func @the_softmax_moves_to_the_scores
func.func @the_softmax_moves_to_the_scores(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{the softmax moves to all experts}}
  // CHECK: moe.route %{{.*}} score <softmax> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add)> :
  %p = moe.route %z score <identity> select <topk(2), key = logits> weight <logits, norm = softmax> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @from_identity_scores
func.func @from_identity_scores(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{the softmax moves to all experts}}
  // CHECK: moe.route %{{.*}} score <softmax> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add), scale = 2.000000e+00> :
  %p = moe.route %z score <identity> select <topk(2), key = scores> weight <logits, norm = softmax, scale = 2.0> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @an_unread_score_gives_way
func.func @an_unread_score_gives_way(%z: tensor<?x8xf32>, %k: tensor<8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{the softmax moves to all experts}}
  // CHECK: moe.route %{{.*}} score <softmax> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add)> :
  %p = moe.route %z score_gain(%k : tensor<8xf32>) score <relu, post = rmsnorm(0.0)> select <topk(2), key = logits> weight <logits, norm = softmax> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @not_of_another_norm
func.func @not_of_another_norm(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.route %{{.*}} score <identity> select <topk(2), key = logits> weight <logits, norm = pnorm(2.000000e+00)> :
  %p = moe.route %z score <identity> select <topk(2), key = logits> weight <logits, norm = pnorm(2.000000e+00)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @not_from_another_source
func.func @not_from_another_source(%z: tensor<?x8xf32>, %k: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.route %{{.*}} weight_source(%{{.*}} : tensor<?x8xf32>) score <identity> select <topk(2), key = logits> weight <operand, norm = softmax> :
  %p = moe.route %z weight_source(%k : tensor<?x8xf32>) score <identity> select <topk(2), key = logits> weight <operand, norm = softmax> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @not_of_another_policy
func.func @not_of_another_policy(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<8>> {
  // CHECK: moe.route %{{.*}} score <identity> select <all, key = logits> weight <logits, norm = softmax> :
  %p = moe.route %z score <identity> select <all, key = logits> weight <logits, norm = softmax> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// (C1): not with another order
// CHECK-LABEL: func.func @not_where_keys_are_other_scores
func.func @not_where_keys_are_other_scores(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{keys are scores of another function}}
  // CHECK: moe.route %{{.*}} score <relu> select <topk(2), key = scores> weight <logits, norm = softmax> :
  %p = moe.route %z score <relu> select <topk(2), key = scores> weight <logits, norm = softmax> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (C1): not with key offset
// CHECK-LABEL: func.func @not_with_a_key_offset
func.func @not_with_a_key_offset(%z: tensor<?x8xf32>, %k: tensor<8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{a key offset is added to the keys}}
  // CHECK: moe.route %{{.*}} key_offset(%{{.*}} : tensor<8xf32>) score <identity> select <topk(2), key = logits> weight <logits, norm = softmax> :
  %p = moe.route %z key_offset(%k : tensor<8xf32>) score <identity> select <topk(2), key = logits> weight <logits, norm = softmax> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @not_with_a_mask
func.func @not_with_a_mask(%z: tensor<?x8xf32>, %k: tensor<8xi1>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{a mask may leave scores that are all 0}}
  // CHECK: moe.route %{{.*}} allow(%{{.*}} : tensor<8xi1>) score <identity> select <topk(2), key = logits> weight <logits, norm = softmax> :
  %p = moe.route %z allow(%k : tensor<8xi1>) score <identity> select <topk(2), key = logits> weight <logits, norm = softmax> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @not_where_groups_are_scored_by_sums
func.func @not_where_groups_are_scored_by_sums(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{groups are scored by sums of keys}}
  // CHECK: moe.route %{{.*}} score <identity> group_filter <4, keep = 2, group_score = sum_top(2), fill = neginf> select <topk(2), key = logits> weight <logits, norm = softmax> :
  %p = moe.route %z score <identity> group_filter <4, keep = 2, group_score = sum_top(2), fill = neginf> select <topk(2), key = logits> weight <logits, norm = softmax> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @not_where_filtered_keys_become_zero
func.func @not_where_filtered_keys_become_zero(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+3 {{keys may be 0 or negative}}
  // expected-remark @+2 {{filtered keys become 0}}
  // CHECK: moe.route %{{.*}} score <identity> group_filter <4, keep = 2, group_score = max, fill = zero> select <topk(2), key = logits> weight <logits, norm = softmax> :
  %p = moe.route %z score <identity> group_filter <4, keep = 2, group_score = max, fill = zero> select <topk(2), key = logits> weight <logits, norm = softmax> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @not_where_keys_are_rounded
func.func @not_where_keys_are_rounded(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{scores or keys are rounded below f32}}
  // CHECK: moe.route %{{.*}} score <identity> select <topk(2), key = logits, key_dtype = bf16> weight <logits, norm = softmax> :
  %p = moe.route %z score <identity> select <topk(2), key = logits, key_dtype = bf16> weight <logits, norm = softmax> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @not_where_ids_weigh_nothing
func.func @not_where_ids_weigh_nothing(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{some ids weigh nothing}}
  // CHECK: moe.route %{{.*}} score <identity> select <topk(2), key = logits> weight <logits, exclude = [7], norm = softmax> :
  %p = moe.route %z score <identity> select <topk(2), key = logits> weight <logits, exclude = [7], norm = softmax> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @not_with_a_detached_denominator
func.func @not_with_a_detached_denominator(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{the denominator is detached}}
  // CHECK: moe.route %{{.*}} score <identity> select <topk(2), key = logits> weight <logits, norm = softmax, grad = stop_norm> :
  %p = moe.route %z score <identity> select <topk(2), key = logits> weight <logits, norm = softmax, grad = stop_norm> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @not_where_short_lists_stay_raw
func.func @not_where_short_lists_stay_raw(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{short lists are not normalised}}
  // CHECK: moe.route %{{.*}} score <identity> select <topk(2), key = logits> weight <logits, norm = softmax, min_k = 2> :
  %p = moe.route %z score <identity> select <topk(2), key = logits> weight <logits, norm = softmax, min_k = 2> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (C1): not with infinite logits
// CHECK-LABEL: func.func @not_of_logits_that_may_be_masked
func.func @not_of_logits_that_may_be_masked(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %b: tensor<8xf32>) -> !moe.plan<8, slots<2>> {
  %z = moe.logits %x, %w offset(%b : tensor<8xf32>) : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+2 {{an offset may make logits -inf}}
  // CHECK: moe.route %{{.*}} score <identity> select <topk(2), key = logits> weight <logits, norm = softmax> :
  %p = moe.route %z score <identity> select <topk(2), key = logits> weight <logits, norm = softmax> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @not_of_lazy_logits
func.func @not_of_lazy_logits(%a: tensor<?x4xf32>, %b: tensor<?x2xf32>) -> !moe.plan<8, slots<2>> {
  %z = moe.lazy_logits %a, %b : tensor<?x4xf32>, tensor<?x2xf32> -> !moe.lazy_logits<f32, 4, 2>
  // expected-remark @+2 {{lazy logits have no softmax over all experts}}
  // CHECK: moe.route %{{.*}} score <identity> select <topk(2), key = logits> weight <logits, norm = softmax> :
  %p = moe.route %z score <identity> select <topk(2), key = logits> weight <logits, norm = softmax> : !moe.lazy_logits<f32, 4, 2> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (C1): not with capacity between
// CHECK-LABEL: func.func @not_before_capacity
func.func @not_before_capacity(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+2 {{capacity looks at keys and weights}}
  // CHECK: moe.route %{{.*}} score <identity> select <topk(2), key = logits> weight <logits, norm = softmax> capacity
  %p = moe.route %z score <identity> select <topk(2), key = logits> weight <logits, norm = softmax> capacity <limit, count = <4>> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}
