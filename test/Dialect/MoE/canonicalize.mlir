// RUN: moe-opt %s --canonicalize | FileCheck %s

// (C4): fires
// CHECK-LABEL: func.func @the_sum_of_one_key_is_the_maximum
func.func @the_sum_of_one_key_is_the_maximum(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // CHECK: group_filter <4, keep = 2, group_score = max, fill = neginf>
  %p = moe.route %z score <softmax> group_filter <4, keep = 2, group_score = sum_top(1)> select <topk(2)> weight <scores>
    : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// (C4): not with two keys
// CHECK-LABEL: func.func @the_sum_of_two_keys_is_not
func.func @the_sum_of_two_keys_is_not(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // CHECK: group_filter <4, keep = 2, group_score = sum_top(2), fill = neginf>
  %p = moe.route %z score <softmax> group_filter <4, keep = 2, group_score = sum_top(2)> select <topk(2)> weight <scores>
    : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// (R21): nothing dropped
// CHECK-LABEL: func.func @normalising_after_nothing_is_before
func.func @normalising_after_nothing_is_before(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // CHECK: weight <scores, exclude = [3], norm = sum(1.000000e-01, clamp), min_k = 2, scale = 2.000000e+00, grad = stop_norm> :
  %p = moe.route %z score <softmax> select <topk(2)>
    weight <scores, exclude = [3], norm = sum(0.1, clamp), min_k = 2, when = after, scale = 2.0, grad = stop_norm>
    : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// (R5): softmax
// CHECK-LABEL: func.func @a_softmax_of_all_weights_is_the_score
func.func @a_softmax_of_all_weights_is_the_score(%z: tensor<?x4xf32>) -> !moe.plan<4, slots<4>, weight = bf16> {
  // CHECK: score <softmax> select <all, key = logits> weight <scores, scale = 2.000000e+00, dtype = bf16>
  %p = moe.route %z score <identity> select <all> weight <logits, norm = softmax, scale = 2.0, dtype = bf16>
    : tensor<?x4xf32> -> !moe.plan<4, slots<4>, weight = bf16>
  return %p : !moe.plan<4, slots<4>, weight = bf16>
}

// Keys are the logits, so the score that nobody reads may be anything, and its gain goes.
// CHECK-LABEL: func.func @an_unread_score_gives_way
// CHECK-SAME: %[[Z:.*]]: tensor<?x4xf32>,
func.func @an_unread_score_gives_way(%z: tensor<?x4xf32>, %g: tensor<4xf32>) -> !moe.plan<4, slots<4>> {
  // CHECK: moe.route %[[Z]] score <softmax> select <all, key = logits> weight <scores>
  %p = moe.route %z score_gain(%g : tensor<4xf32>) score <relu, post = rmsnorm(0.0)> select <all, key = logits> weight <logits, norm = softmax>
    : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
  return %p : !moe.plan<4, slots<4>>
}

// CHECK-LABEL: func.func @not_a_softmax_of_all_where_some_are_selected
func.func @not_a_softmax_of_all_where_some_are_selected(%z: tensor<?x4xf32>) -> !moe.plan<4, slots<4>> {
  // CHECK: score <identity> select <topk(4), key = scores> weight <logits, norm = softmax>
  %p = moe.route %z score <identity> select <topk(4)> weight <logits, norm = softmax> : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
  return %p : !moe.plan<4, slots<4>>
}

// CHECK-LABEL: func.func @not_a_softmax_of_all_with_another_norm
func.func @not_a_softmax_of_all_with_another_norm(%z: tensor<?x4xf32>) -> !moe.plan<4, slots<4>> {
  // CHECK: score <identity> select <all, key = scores> weight <logits, norm = pnorm(2.000000e+00)>
  %p = moe.route %z score <identity> select <all> weight <logits, norm = pnorm(2.0)> : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
  return %p : !moe.plan<4, slots<4>>
}

// CHECK-LABEL: func.func @not_a_softmax_of_all_from_another_source
func.func @not_a_softmax_of_all_from_another_source(%z: tensor<?x4xf32>, %w: tensor<?x4xf32>) -> !moe.plan<4, slots<4>> {
  // CHECK: score <identity> select <all, key = scores> weight <operand, norm = softmax>
  %p = moe.route %z weight_source(%w : tensor<?x4xf32>) score <identity> select <all> weight <operand, norm = softmax>
    : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
  return %p : !moe.plan<4, slots<4>>
}

// CHECK-LABEL: func.func @not_a_softmax_of_all_with_a_mask
func.func @not_a_softmax_of_all_with_a_mask(%z: tensor<?x4xf32>, %a: tensor<4xi1>) -> !moe.plan<4, slots<4>> {
  // CHECK: score <identity> select <all, key = scores> weight <logits, norm = softmax>
  %p = moe.route %z allow(%a : tensor<4xi1>) score <identity> select <all> weight <logits, norm = softmax> : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
  return %p : !moe.plan<4, slots<4>>
}

// An offset of −∞ takes an expert out.
// CHECK-LABEL: func.func @not_a_softmax_of_all_with_an_offset
func.func @not_a_softmax_of_all_with_an_offset(%z: tensor<?x4xf32>, %k: tensor<4xf32>) -> !moe.plan<4, slots<4>> {
  // CHECK: score <identity> select <all, key = scores> weight <logits, norm = softmax>
  %p = moe.route %z key_offset(%k : tensor<4xf32>) score <identity> select <all> weight <logits, norm = softmax>
    : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
  return %p : !moe.plan<4, slots<4>>
}

// CHECK-LABEL: func.func @not_a_softmax_of_all_with_a_filter
func.func @not_a_softmax_of_all_with_a_filter(%z: tensor<?x4xf32>) -> !moe.plan<4, slots<4>> {
  // CHECK: group_filter <2, keep = 1, group_score = max, fill = neginf> select <all, key = scores> weight <logits, norm = softmax>
  %p = moe.route %z score <identity> group_filter <2, keep = 1> select <all> weight <logits, norm = softmax> : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
  return %p : !moe.plan<4, slots<4>>
}

// CHECK-LABEL: func.func @not_a_softmax_of_all_with_excluded_ids
func.func @not_a_softmax_of_all_with_excluded_ids(%z: tensor<?x4xf32>) -> !moe.plan<4, slots<4>> {
  // CHECK: weight <logits, exclude = [3], norm = softmax>
  %p = moe.route %z score <identity> select <all> weight <logits, exclude = [3], norm = softmax> : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
  return %p : !moe.plan<4, slots<4>>
}

// CHECK-LABEL: func.func @not_a_softmax_of_all_with_zero_ids
func.func @not_a_softmax_of_all_with_zero_ids(%z: tensor<?x4xf32>) -> !moe.plan<4, slots<4>> {
  // CHECK: weight <logits, zero = [3], norm = softmax>
  %p = moe.route %z score <identity> select <all> weight <logits, zero = [3], norm = softmax> : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
  return %p : !moe.plan<4, slots<4>>
}

// A unit with one finite logit is not normalised.
// CHECK-LABEL: func.func @not_a_softmax_of_all_where_short_lists_stay_raw
func.func @not_a_softmax_of_all_where_short_lists_stay_raw(%z: tensor<?x4xf32>) -> !moe.plan<4, slots<4>> {
  // CHECK: weight <logits, norm = softmax, min_k = 2>
  %p = moe.route %z score <identity> select <all> weight <logits, norm = softmax, min_k = 2> : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
  return %p : !moe.plan<4, slots<4>>
}

// Scores of relu are never −∞, so logits of −∞ are selected and count.
// CHECK-LABEL: func.func @not_a_softmax_of_all_where_the_score_decides
func.func @not_a_softmax_of_all_where_the_score_decides(%z: tensor<?x4xf32>) -> !moe.plan<4, slots<4>> {
  // CHECK: score <relu> select <all, key = scores> weight <logits, norm = softmax>
  %p = moe.route %z score <relu> select <all> weight <logits, norm = softmax> : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
  return %p : !moe.plan<4, slots<4>>
}

// A finite logit may round to −∞ in f16.
// CHECK-LABEL: func.func @not_a_softmax_of_all_where_rounding_decides
func.func @not_a_softmax_of_all_where_rounding_decides(%z: tensor<?x4xf32>) -> !moe.plan<4, slots<4>> {
  // CHECK: score <identity> select <all, key = scores, key_dtype = f16> weight <logits, norm = softmax>
  %p = moe.route %z score <identity> select <all, key_dtype = f16> weight <logits, norm = softmax> : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
  return %p : !moe.plan<4, slots<4>>
}

// CHECK-LABEL: func.func @not_a_softmax_of_all_with_a_detached_denominator
func.func @not_a_softmax_of_all_with_a_detached_denominator(%z: tensor<?x4xf32>) -> !moe.plan<4, slots<4>> {
  // CHECK: weight <logits, norm = softmax, grad = stop_norm>
  %p = moe.route %z score <identity> select <all> weight <logits, norm = softmax, grad = stop_norm> : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
  return %p : !moe.plan<4, slots<4>>
}

// (C13): fires
// CHECK-LABEL: func.func @two_renumberings_are_one
// CHECK-SAME: %[[P:.*]]: !moe.plan<4, slots<2>>
func.func @two_renumberings_are_one(%p: !moe.plan<4, slots<2>>) -> !moe.plan<2, slots<2>, carry> {
  // CHECK-NEXT: %[[Q:.*]] = moe.remap %[[P]] many_to_one <sum> {carry = array<i64: 3>, map = array<i64: 1, 1, 0, -1>} : !moe.plan<4, slots<2>> -> !moe.plan<2, slots<2>, carry>
  // CHECK-NEXT: return %[[Q]]
  %q = moe.remap %p many_to_one <max> {map = array<i64: 2, 1, 0, 3>} : !moe.plan<4, slots<2>> -> !moe.plan<4, slots<2>>
  %r = moe.remap %q many_to_one <sum> {map = array<i64: 0, 1, 1, -1>, carry = array<i64: 3>} : !moe.plan<4, slots<2>> -> !moe.plan<2, slots<2>, carry>
  return %r : !moe.plan<2, slots<2>, carry>
}

// CHECK-LABEL: func.func @two_sums_are_one
func.func @two_sums_are_one(%p: !moe.plan<8, slots<2>>) -> !moe.plan<2, slots<2>> {
  // CHECK-NEXT: moe.remap %{{.*}} many_to_one <sum> {map = array<i64: 0, 0, 0, 0, 1, 1, 1, -1>}
  // CHECK-NEXT: return
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 0, 0, 1, 1, 2, 2, 3, -1>} : !moe.plan<8, slots<2>> -> !moe.plan<4, slots<2>>
  %r = moe.remap %q many_to_one <sum> {map = array<i64: 0, 0, 1, 1>} : !moe.plan<4, slots<2>> -> !moe.plan<2, slots<2>>
  return %r : !moe.plan<2, slots<2>>
}

// (C13): not with two rules of merging
// CHECK-LABEL: func.func @a_sum_of_maxima_is_neither
func.func @a_sum_of_maxima_is_neither(%p: !moe.plan<8, slots<2>>) -> !moe.plan<2, slots<2>> {
  // CHECK: moe.remap %{{.*}} many_to_one <max>
  // CHECK: moe.remap %{{.*}} many_to_one <sum>
  %q = moe.remap %p many_to_one <max> {map = array<i64: 0, 0, 1, 1, 2, 2, 3, -1>} : !moe.plan<8, slots<2>> -> !moe.plan<4, slots<2>>
  %r = moe.remap %q many_to_one <sum> {map = array<i64: 0, 0, 1, 1>} : !moe.plan<4, slots<2>> -> !moe.plan<2, slots<2>>
  return %r : !moe.plan<2, slots<2>>
}

// CHECK-LABEL: func.func @a_maximum_is_carried_as_it_is
func.func @a_maximum_is_carried_as_it_is(%p: !moe.plan<8, slots<2>>) -> !moe.plan<2, slots<2>, carry> {
  // CHECK: moe.remap %{{.*}} many_to_one <max>
  // CHECK: moe.remap %{{.*}} many_to_one <sum>
  %q = moe.remap %p many_to_one <max> {map = array<i64: 0, 0, 1, 1, 2, 2, 3, -1>} : !moe.plan<8, slots<2>> -> !moe.plan<4, slots<2>>
  %r = moe.remap %q many_to_one <sum> {map = array<i64: 0, -1, 1, -1>, carry = array<i64: 1>} : !moe.plan<4, slots<2>> -> !moe.plan<2, slots<2>, carry>
  return %r : !moe.plan<2, slots<2>, carry>
}

// CHECK-LABEL: func.func @entries_that_moved_stay_moved
func.func @entries_that_moved_stay_moved(%p: !moe.plan<4, slots<3>>) -> !moe.plan<2, slots<2>> {
  // CHECK: moe.remap
  // CHECK: moe.remap
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 0, 0, 1, 1>} : !moe.plan<4, slots<3>> -> !moe.plan<2, slots<2>>
  %r = moe.remap %q many_to_one <sum> {map = array<i64: 1, 0>} : !moe.plan<2, slots<2>> -> !moe.plan<2, slots<2>>
  return %r : !moe.plan<2, slots<2>>
}

// CHECK-LABEL: func.func @slots_of_a_result_stay_its_slots
func.func @slots_of_a_result_stay_its_slots(%p: !moe.plan<4, slots<2>>) -> !moe.plan<4, slots<1>> {
  // CHECK: moe.remap
  // CHECK: moe.remap
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 3, 2, 1, 1>} : !moe.plan<4, slots<2>> -> !moe.plan<4, slots<2>>
  %r = moe.remap %q many_to_one <sum> {map = array<i64: 1, 0, 2, 3>, slot_mask = array<i64: 1>} : !moe.plan<4, slots<2>> -> !moe.plan<4, slots<1>>
  return %r : !moe.plan<4, slots<1>>
}

// CHECK-LABEL: func.func @the_same_numbers_are_no_renumbering
// CHECK-SAME: %[[P:.*]]: !moe.plan<3, slots<2>>
func.func @the_same_numbers_are_no_renumbering(%p: !moe.plan<3, slots<2>>) -> (!moe.plan<3, slots<2>>, !moe.plan<3, slots<1>>) {
  // CHECK: %[[R:.*]] = moe.remap %[[P]]
  // CHECK: return %[[P]], %[[R]]
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 0, 1, 2>} : !moe.plan<3, slots<2>> -> !moe.plan<3, slots<2>>
  %r = moe.remap %p many_to_one <sum> {map = array<i64: 0, 1, 2>, slot_mask = array<i64: 0>} : !moe.plan<3, slots<2>> -> !moe.plan<3, slots<1>>
  return %q, %r : !moe.plan<3, slots<2>>, !moe.plan<3, slots<1>>
}

// CHECK-LABEL: func.func @the_same_encoding_is_no_conversion
// CHECK-SAME: %[[P:.*]]: !moe.plan<3, csr>
func.func @the_same_encoding_is_no_conversion(%p: !moe.plan<3, csr>) -> !moe.plan<3, csr> {
  // CHECK-NEXT: return %[[P]]
  %q = moe.convert_plan %p : !moe.plan<3, csr> -> !moe.plan<3, csr>
  return %q : !moe.plan<3, csr>
}

// R21.
// CHECK-LABEL: func.func @normalising_after_a_limit_stays
func.func @normalising_after_a_limit_stays(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // CHECK: weight <scores, norm = sum(0.000000e+00, add), when = after> capacity <limit
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores, norm = sum(0.0, add), when = after> capacity <limit, count = <4>>
    : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// (C12): fires
// CHECK-LABEL: func.func @places_for_all_are_no_limit
func.func @places_for_all_are_no_limit(%z: tensor<4x8xf32>, %y: tensor<?x8xf32>) -> (!moe.plan<8, slots<2>>, !moe.plan<8, slots<2>>) {
  // CHECK: moe.route %{{.*}} score <softmax> select <topk(2), key = scores> weight <scores> : tensor<4x8xf32>
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> capacity <limit, count = <4>> : tensor<4x8xf32> -> !moe.plan<8, slots<2>>
  // CHECK: moe.route %{{.*}} score <softmax> select <topk(2), key = scores> weight <scores> : tensor<?x8xf32>
  %q = moe.route %y score <softmax> select <topk(2)> weight <scores> capacity <limit, count = <5>, overflow = reroute> domain <blocks(5)>
    : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p, %q : !moe.plan<8, slots<2>>, !moe.plan<8, slots<2>>
}

// (C12): not with fewer places than units
// CHECK-LABEL: func.func @limits_that_may_drop
func.func @limits_that_may_drop(%z: tensor<4x8xf32>, %y: tensor<?x8xf32>) -> (!moe.plan<8, slots<2>>, !moe.plan<8, slots<2>>, !moe.plan<8, slots<2>>) {
  // Fewer places than units.
  // CHECK: capacity <limit, count = <3>
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> capacity <limit, count = <3>> : tensor<4x8xf32> -> !moe.plan<8, slots<2>>
  // Any number of units.
  // CHECK: capacity <limit, count = <100>
  %q = moe.route %y score <softmax> select <topk(2)> weight <scores> capacity <limit, count = <100>> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  // A count of the units.
  // CHECK: capacity <limit, count = <factor
  %r = moe.route %z score <softmax> select <topk(2)> weight <scores> capacity <limit, count = <factor = 8.0>> : tensor<4x8xf32> -> !moe.plan<8, slots<2>>
  return %p, %q, %r : !moe.plan<8, slots<2>>, !moe.plan<8, slots<2>>, !moe.plan<8, slots<2>>
}

// CHECK-LABEL: func.func @other_capacities_are_no_limits
func.func @other_capacities_are_no_limits(%z: tensor<4x8xf32>) -> (!moe.plan<8, slots<2>, carry>, !moe.plan<8, csr>) {
  // The plan has to carry.
  // CHECK: capacity <limit, count = <4>
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> capacity <limit, count = <4>, overflow = identity> : tensor<4x8xf32> -> !moe.plan<8, slots<2>, carry>
  // CHECK: capacity <tile_round
  %q = moe.route %z score <softmax> select <topk(2)> weight <scores> capacity <tile_round, tile = 4> : tensor<4x8xf32> -> !moe.plan<8, csr>
  return %p, %q : !moe.plan<8, slots<2>, carry>, !moe.plan<8, csr>
}

// (C11): fires
// CHECK-LABEL: func.func @what_relu_leaves_was_positive
func.func @what_relu_leaves_was_positive(%z: tensor<?x8xf32>) -> !moe.plan<8, csr> {
  // CHECK: score <relu> select <threshold(0.000000e+00), key = logits> weight <scores>
  %p = moe.route %z score <relu> select <threshold(0.0)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, csr>
  return %p : !moe.plan<8, csr>
}

// (C11): not with another threshold
// CHECK-LABEL: func.func @another_threshold_is_not_zero
func.func @another_threshold_is_not_zero(%z: tensor<?x8xf32>) -> !moe.plan<8, csr> {
  // CHECK: key = scores
  %p = moe.route %z score <relu> select <threshold(0.5)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, csr>
  return %p : !moe.plan<8, csr>
}

// CHECK-LABEL: func.func @zeros_that_are_taken_stay_zeros
func.func @zeros_that_are_taken_stay_zeros(%z: tensor<?x8xf32>) -> !moe.plan<8, csr> {
  // CHECK: key = scores
  %p = moe.route %z score <relu> select <threshold(0.0), boundary = include> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, csr>
  return %p : !moe.plan<8, csr>
}

// (C11): not with another score
// CHECK-LABEL: func.func @another_score_has_other_signs
func.func @another_score_has_other_signs(%z: tensor<?x8xf32>) -> !moe.plan<8, csr> {
  // CHECK: key = scores
  %p = moe.route %z score <softplus> select <threshold(0.0)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, csr>
  return %p : !moe.plan<8, csr>
}

// CHECK-LABEL: func.func @normalised_scores_stay
func.func @normalised_scores_stay(%z: tensor<?x8xf32>) -> !moe.plan<8, csr> {
  // CHECK: key = scores
  %p = moe.route %z score <relu, post = l2norm> select <threshold(0.0)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, csr>
  return %p : !moe.plan<8, csr>
}

// CHECK-LABEL: func.func @an_offset_is_added_to_scores
func.func @an_offset_is_added_to_scores(%z: tensor<?x8xf32>, %k: tensor<8xf32>) -> !moe.plan<8, csr> {
  // CHECK: key = scores
  %p = moe.route %z key_offset(%k : tensor<8xf32>) score <relu> select <threshold(0.0)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, csr>
  return %p : !moe.plan<8, csr>
}

// CHECK-LABEL: func.func @filters_fill_with_scores
func.func @filters_fill_with_scores(%z: tensor<?x8xf32>) -> !moe.plan<8, csr> {
  // CHECK: key = scores
  %p = moe.route %z score <relu> group_filter <2, keep = 1, fill = zero> select <threshold(0.0)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, csr>
  return %p : !moe.plan<8, csr>
}

// CHECK-LABEL: func.func @keys_that_weigh_stay
func.func @keys_that_weigh_stay(%z: tensor<?x8xf32>) -> !moe.plan<8, csr> {
  // CHECK: key = scores
  %p = moe.route %z score <relu> select <threshold(0.0)> weight <key> : tensor<?x8xf32> -> !moe.plan<8, csr>
  return %p : !moe.plan<8, csr>
}

// CHECK-LABEL: func.func @of_equal_scores_the_first_is_the_fallback
func.func @of_equal_scores_the_first_is_the_fallback(%z: tensor<?x8xf32>) -> !moe.plan<8, csr> {
  // CHECK: key = scores
  %p = moe.route %z score <relu> select <threshold(0.0), fallback = argmax> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, csr>
  return %p : !moe.plan<8, csr>
}

// CHECK-LABEL: func.func @rounded_keys_may_be_zero
func.func @rounded_keys_may_be_zero(%z: tensor<?x8xf32>) -> !moe.plan<8, csr> {
  // CHECK: key = scores
  %p = moe.route %z score <relu> select <threshold(0.0), key_dtype = f16> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, csr>
  return %p : !moe.plan<8, csr>
}

// CHECK-LABEL: func.func @topk_is_no_threshold
func.func @topk_is_no_threshold(%z: tensor<?x8xf32>) -> !moe.plan<8, csr> {
  // CHECK: key = scores
  %p = moe.route %z score <relu> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, csr>
  return %p : !moe.plan<8, csr>
}

// (C18): fires
// CHECK-LABEL: func.func @groups_are_on_the_way
// CHECK-SAME: %[[P:.*]]: !moe.plan<3, slots<2>>, %[[G:.*]]: !moe.plan<3, grouped>
func.func @groups_are_on_the_way(%p: !moe.plan<3, slots<2>>, %g: !moe.plan<3, grouped>) -> (!moe.plan<3, csr>, !moe.plan<3, grouped>) {
  // CHECK-NEXT: %[[R:.*]] = moe.convert_plan %[[P]] : !moe.plan<3, slots<2>> -> !moe.plan<3, csr>
  // CHECK-NEXT: return %[[R]], %[[G]]
  %q = moe.convert_plan %p : !moe.plan<3, slots<2>> -> !moe.plan<3, grouped>
  %r = moe.convert_plan %q : !moe.plan<3, grouped> -> !moe.plan<3, csr>
  %b = moe.convert_plan %g : !moe.plan<3, grouped> -> !moe.plan<3, buckets<?>>
  %h = moe.convert_plan %b : !moe.plan<3, buckets<?>> -> !moe.plan<3, grouped>
  return %r, %h : !moe.plan<3, csr>, !moe.plan<3, grouped>
}

// (C18): not with places for some
// CHECK-LABEL: func.func @conversions_that_change_slots
func.func @conversions_that_change_slots(%p: !moe.plan<3, slots<2>>) -> (!moe.plan<3, slots<2>>, !moe.plan<3, dense>, !moe.plan<3, csr>) {
  // Slots in the end.
  // CHECK: moe.convert_plan %{{.*}} : !moe.plan<3, slots<2>> -> !moe.plan<3, grouped>
  // CHECK: moe.convert_plan %{{.*}} : !moe.plan<3, grouped> -> !moe.plan<3, slots<2>>
  %q = moe.convert_plan %p : !moe.plan<3, slots<2>> -> !moe.plan<3, grouped>
  %r = moe.convert_plan %q : !moe.plan<3, grouped> -> !moe.plan<3, slots<2>>
  // Ranks on the way.
  // CHECK: moe.convert_plan %{{.*}} : !moe.plan<3, slots<2>> -> !moe.plan<3, csr>
  // CHECK: moe.convert_plan %{{.*}} : !moe.plan<3, csr> -> !moe.plan<3, dense>
  %s = moe.convert_plan %p : !moe.plan<3, slots<2>> -> !moe.plan<3, csr>
  %t = moe.convert_plan %s : !moe.plan<3, csr> -> !moe.plan<3, dense>
  // Buckets that may be too small.
  // CHECK: moe.convert_plan %{{.*}} : !moe.plan<3, slots<2>> -> !moe.plan<3, buckets<4>>
  // CHECK: moe.convert_plan %{{.*}} : !moe.plan<3, buckets<4>> -> !moe.plan<3, csr>
  %u = moe.convert_plan %p : !moe.plan<3, slots<2>> -> !moe.plan<3, buckets<4>>
  %v = moe.convert_plan %u : !moe.plan<3, buckets<4>> -> !moe.plan<3, csr>
  return %r, %t, %v : !moe.plan<3, slots<2>>, !moe.plan<3, dense>, !moe.plan<3, csr>
}
