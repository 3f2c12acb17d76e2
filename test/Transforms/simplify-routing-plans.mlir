// C16 and C15: a positive each, and one negative per precondition.
// RUN: moe-opt %s --moe-simplify-routing=softmax=keep --split-input-file --verify-diagnostics --remarks-filter='moe-simplify-routing' | FileCheck %s

// (C16): fires
// CHECK-LABEL: func.func @c16_columns_of_the_table_are_scored
// CHECK-SAME: %[[X:.*]]: tensor<?x16xf32>, %[[W:.*]]: tensor<8x16xf32>, %[[B:.*]]: tensor<8xf32>, %[[T:.*]]: tensor<?x2xi32>
func.func @c16_columns_of_the_table_are_scored(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %b: tensor<8xf32>, %t: tensor<?x2xi32>) -> !moe.plan<8, slots<2>> {
  // CHECK-NOT: moe.logits
  // CHECK: tensor.extract %[[B]]
  // CHECK: %[[Z:.*]] = linalg.generic {{.*}} ins(%[[X]], %[[T]]
  // CHECK: tensor.extract %[[W]]
  // CHECK: %[[P:.*]] = moe.route %[[Z]] allow(%{{.*}} : tensor<?x2xi1>) score <sigmoid> select <all, key = scores> weight <scores, norm = sum(0.000000e+00, add)> : tensor<?x2xf32> -> !moe.plan<2, slots<2>>
  // CHECK: %[[Q:.*]]:2 = moe.unpack_plan %[[P]]
  // CHECK: %[[R:.*]] = moe.pack_plan %[[T]], %[[Q]]#1 : tensor<?x2xi32>, tensor<?x2xf32> -> !moe.plan<8, slots<2>>
  // CHECK: return %[[R]]
  %z = moe.logits %x, %w bias(%b : tensor<8xf32>) : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{only the columns of the table are scored}}
  %p = moe.route %z table_ids(%t : tensor<?x2xi32>) score <sigmoid> select <table, key = scores> weight <scores, norm = sum(0.0, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (C16): not with all columns
// CHECK-LABEL: func.func @c16_a_softmax_needs_every_column
func.func @c16_a_softmax_needs_every_column(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %b: tensor<8xf32>, %t: tensor<?x2xi32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{a score depends on the logits of all experts}}
  %p = moe.route %z table_ids(%t : tensor<?x2xi32>) score <softmax> select <table, key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c16_a_norm_of_scores_needs_every_column
func.func @c16_a_norm_of_scores_needs_every_column(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %b: tensor<8xf32>, %t: tensor<?x2xi32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{a score depends on the logits of all experts}}
  %p = moe.route %z table_ids(%t : tensor<?x2xi32>) score <relu, post = rmsnorm(1.0e-6)> select <table, key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c16_scores_may_be_minus_infinity
func.func @c16_scores_may_be_minus_infinity(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %b: tensor<8xf32>, %t: tensor<?x2xi32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{a score may be -inf}}
  %p = moe.route %z table_ids(%t : tensor<?x2xi32>) score <identity> select <table, key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (C16): not with other weights
// CHECK-LABEL: func.func @c16_weights_are_not_scores
func.func @c16_weights_are_not_scores(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %b: tensor<8xf32>, %t: tensor<?x2xi32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{weights are no scores}}
  %p = moe.route %z table_ids(%t : tensor<?x2xi32>) score <sigmoid> select <table, key = scores> weight <logits> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c16_some_ids_weigh_nothing
func.func @c16_some_ids_weigh_nothing(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %b: tensor<8xf32>, %t: tensor<?x2xi32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{some ids weigh nothing}}
  %p = moe.route %z table_ids(%t : tensor<?x2xi32>) score <sigmoid> select <table, key = scores> weight <scores, zero = [3]> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c16_weights_are_scaled_by_expert
func.func @c16_weights_are_scaled_by_expert(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %b: tensor<8xf32>, %t: tensor<?x2xi32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{weights are scaled by expert}}
  %p = moe.route %z expert_scale(%b : tensor<8xf32>) table_ids(%t : tensor<?x2xi32>) score <sigmoid> select <table, key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c16_a_fallback_looks_at_every_expert
func.func @c16_a_fallback_looks_at_every_expert(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %b: tensor<8xf32>, %t: tensor<?x2xi32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{a fallback may look at every expert}}
  %p = moe.route %z table_ids(%t : tensor<?x2xi32>) score <sigmoid> select <table, key = scores, fallback = argmax> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c16_keys_have_an_offset
func.func @c16_keys_have_an_offset(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %b: tensor<8xf32>, %t: tensor<?x2xi32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{keys are of all experts}}
  %p = moe.route %z key_offset(%b : tensor<8xf32>) table_ids(%t : tensor<?x2xi32>) score <sigmoid> select <table, key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c16_capacity_ranks_keys
func.func @c16_capacity_ranks_keys(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %b: tensor<8xf32>, %t: tensor<?x2xi32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{keys are of all experts}}
  %p = moe.route %z table_ids(%t : tensor<?x2xi32>) score <sigmoid> select <table, key = scores> weight <scores> capacity <limit, count = <4>, priority = unit_major, overflow = zero> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c16_the_scores_are_a_result
func.func @c16_the_scores_are_a_result(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %t: tensor<?x2xi32>) -> (!moe.plan<8, slots<2>>, tensor<?x8xf32>) {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{the scores are a result}}
  %p, %s = moe.route %z table_ids(%t : tensor<?x2xi32>) score <sigmoid> select <table, key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>, tensor<?x8xf32>
  return %p, %s : !moe.plan<8, slots<2>>, tensor<?x8xf32>
}

// -----

// CHECK-LABEL: func.func @c16_a_plan_has_always_on_ids
func.func @c16_a_plan_has_always_on_ids(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %t: tensor<?x2xi32>) -> !moe.plan<8, slots<2>, always = 1> {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{the plan has more than the slots of the table}}
  %p = moe.route %z table_ids(%t : tensor<?x2xi32>) score <sigmoid> select <table, key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>, always = 1>
  return %p : !moe.plan<8, slots<2>, always = 1>
}

// -----

// CHECK-LABEL: func.func @c16_a_table_has_every_column
func.func @c16_a_table_has_every_column(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %t: tensor<?x8xi32>) -> !moe.plan<8, slots<8>> {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{the table has as many columns as there are experts}}
  %p = moe.route %z table_ids(%t : tensor<?x8xi32>) score <sigmoid> select <table, key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  return %p : !moe.plan<8, slots<8>>
}

// -----

// CHECK-LABEL: func.func @c16_logits_have_other_users
func.func @c16_logits_have_other_users(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %t: tensor<?x2xi32>) -> (!moe.plan<8, slots<2>>, tensor<?x8xf32>) {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{the logits have other users}}
  %p = moe.route %z table_ids(%t : tensor<?x2xi32>) score <sigmoid> select <table, key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p, %z : !moe.plan<8, slots<2>>, tensor<?x8xf32>
}

// -----

// CHECK-LABEL: func.func @c16_logits_are_capped
func.func @c16_logits_are_capped(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %t: tensor<?x2xi32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w {softcap = 3.0 : f64} : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{the logits are more than a product}}
  %p = moe.route %z table_ids(%t : tensor<?x2xi32>) score <sigmoid> select <table, key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c16_logits_have_an_offset
func.func @c16_logits_have_an_offset(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %t: tensor<?x2xi32>, %b: tensor<8xf32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w offset(%b : tensor<8xf32>) : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{the logits are more than a product}}
  %p = moe.route %z table_ids(%t : tensor<?x2xi32>) score <sigmoid> select <table, key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c16_logits_are_cooled
func.func @c16_logits_are_cooled(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %t: tensor<?x2xi32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w {temperature = 2.0 : f64} : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{the logits are more than a product}}
  %p = moe.route %z table_ids(%t : tensor<?x2xi32>) score <sigmoid> select <table, key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c16_logits_are_cosines
func.func @c16_logits_are_cosines(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %t: tensor<?x2xi32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w form <cosine> : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{the logits are more than a product}}
  %p = moe.route %z table_ids(%t : tensor<?x2xi32>) score <sigmoid> select <table, key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c16_logits_are_summed_in_f64
func.func @c16_logits_are_summed_in_f64(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %t: tensor<?x2xi32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w {acc = f64} : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{the logits are not in f32}}
  %p = moe.route %z table_ids(%t : tensor<?x2xi32>) score <sigmoid> select <table, key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c16_a_plan_has_no_slots
func.func @c16_a_plan_has_no_slots(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %t: tensor<?x2xi32>) -> !moe.plan<8, csr> {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{the plan has more than the slots of the table}}
  %p = moe.route %z table_ids(%t : tensor<?x2xi32>) score <sigmoid> select <table, key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, csr>
  return %p : !moe.plan<8, csr>
}

// -----

// CHECK-LABEL: func.func @c16_logits_are_rounded
func.func @c16_logits_are_rounded(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %t: tensor<?x2xi32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xbf16>
  // expected-remark @+1 {{the logits are not in f32}}
  %p = moe.route %z table_ids(%t : tensor<?x2xi32>) score <sigmoid> select <table, key = scores> weight <scores> : tensor<?x8xbf16> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (C15): fires
// CHECK-LABEL: func.func @c15_a_layer_runs_on_the_units_of_its_plan
// CHECK-SAME: %[[X:.*]]: tensor<?x4xf32>, %[[P:.*]]: !moe.plan<2, slots<1>>, %[[OF:.*]]: tensor<?xi32>
func.func @c15_a_layer_runs_on_the_units_of_its_plan(%x: tensor<?x4xf32>, %p: !moe.plan<2, slots<1>>, %of: tensor<?xi32>, %u: tensor<2x6x4xf32>, %d: tensor<2x4x6xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe.expand_plan
  // CHECK: %[[R:.*]] = moe.dispatch %[[X]], %[[P]]
  // CHECK: %[[H:.*]] = moe.experts %[[R]], %[[P]]
  // CHECK: %[[C:.*]] = moe.combine %[[H]], %[[P]], %[[X]]
  // CHECK: %[[Y:.*]] = linalg.generic {{.*}} ins(%[[OF]]
  // CHECK: tensor.extract %[[C]]
  // CHECK: return %[[Y]]
  %c0 = arith.constant 0 : index
  %n = tensor.dim %of, %c0 : tensor<?xi32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %g = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%of : tensor<?xi32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%in: i32, %out: f32):
    %row = arith.index_cast %in : i32 to index
    %column = linalg.index 1 : index
    %v = tensor.extract %x[%row, %column] : tensor<?x4xf32>
    linalg.yield %v : f32
  } -> tensor<?x4xf32>
  %q = moe.expand_plan %p, %of : !moe.plan<2, slots<1>>, tensor<?xi32>
  %r = moe.dispatch %g, %q apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %q (%u, %d : tensor<2x6x4xf32>, tensor<2x4x6xf32>) table <[<ffn, 2, width = 6, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the layer runs on the units of its plan}}
  %y = moe.combine %h, %q, %g apply <output> residual <add_x> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// (C15): not with inputs of their own
// CHECK-LABEL: func.func @c15_its_units_are_of_their_own
func.func @c15_its_units_are_of_their_own(%x: tensor<?x4xf32>, %p: !moe.plan<2, slots<1>>, %of: tensor<?xi32>, %u: tensor<2x6x4xf32>, %d: tensor<2x4x6xf32>) -> tensor<?x4xf32> {
  // CHECK: %[[Q:.*]] = moe.expand_plan
  // CHECK: moe.combine %{{.*}}, %[[Q]]
  %q = moe.expand_plan %p, %of : !moe.plan<2, slots<1>>, tensor<?xi32>
  %r = moe.dispatch %x, %q apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %q (%u, %d : tensor<2x6x4xf32>, tensor<2x4x6xf32>) table <[<ffn, 2, width = 6, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{its units are not gathered from others}}
  %y = moe.combine %h, %q, %x apply <output> residual <add_x> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @c15_its_units_come_from_elsewhere
func.func @c15_its_units_come_from_elsewhere(%x: tensor<?x4xf32>, %p: !moe.plan<2, slots<1>>, %of: tensor<?xi32>, %u: tensor<2x6x4xf32>, %d: tensor<2x4x6xf32>, %other: tensor<?xi32>) -> tensor<?x4xf32> {
  // CHECK: %[[Q:.*]] = moe.expand_plan
  // CHECK: moe.combine %{{.*}}, %[[Q]]
  %c0 = arith.constant 0 : index
  %n = tensor.dim %other, %c0 : tensor<?xi32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %g = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%other : tensor<?xi32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%in: i32, %out: f32):
    %row = arith.index_cast %in : i32 to index
    %column = linalg.index 1 : index
    %v = tensor.extract %x[%row, %column] : tensor<?x4xf32>
    linalg.yield %v : f32
  } -> tensor<?x4xf32>
  %q = moe.expand_plan %p, %of : !moe.plan<2, slots<1>>, tensor<?xi32>
  %r = moe.dispatch %g, %q apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %q (%u, %d : tensor<2x6x4xf32>, tensor<2x4x6xf32>) table <[<ffn, 2, width = 6, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{its units are gathered by other numbers than its plan}}
  %y = moe.combine %h, %q, %g apply <output> residual <add_x> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @c15_the_sum_has_units_of_its_own
func.func @c15_the_sum_has_units_of_its_own(%x: tensor<?x4xf32>, %p: !moe.plan<2, slots<1>>, %of: tensor<?xi32>, %u: tensor<2x6x4xf32>, %d: tensor<2x4x6xf32>, %own: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: %[[Q:.*]] = moe.expand_plan
  // CHECK: moe.combine %{{.*}}, %[[Q]]
  %c0 = arith.constant 0 : index
  %n = tensor.dim %of, %c0 : tensor<?xi32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %g = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%of : tensor<?xi32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%in: i32, %out: f32):
    %row = arith.index_cast %in : i32 to index
    %column = linalg.index 1 : index
    %v = tensor.extract %x[%row, %column] : tensor<?x4xf32>
    linalg.yield %v : f32
  } -> tensor<?x4xf32>
  %q = moe.expand_plan %p, %of : !moe.plan<2, slots<1>>, tensor<?xi32>
  %r = moe.dispatch %g, %q apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %q (%u, %d : tensor<2x6x4xf32>, tensor<2x4x6xf32>) table <[<ffn, 2, width = 6, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the sum has other units than the rows}}
  %y = moe.combine %h, %q, %own apply <output> residual <add_x> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @c15_rows_have_other_users
func.func @c15_rows_have_other_users(%x: tensor<?x4xf32>, %p: !moe.plan<2, slots<1>>, %of: tensor<?xi32>, %u: tensor<2x6x4xf32>, %d: tensor<2x4x6xf32>) -> (tensor<?x4xf32>, !moe.rows<f32, 4, grouped>) {
  // CHECK: %[[Q:.*]] = moe.expand_plan
  // CHECK: moe.combine %{{.*}}, %[[Q]]
  %c0 = arith.constant 0 : index
  %n = tensor.dim %of, %c0 : tensor<?xi32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %g = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%of : tensor<?xi32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%in: i32, %out: f32):
    %row = arith.index_cast %in : i32 to index
    %column = linalg.index 1 : index
    %v = tensor.extract %x[%row, %column] : tensor<?x4xf32>
    linalg.yield %v : f32
  } -> tensor<?x4xf32>
  %q = moe.expand_plan %p, %of : !moe.plan<2, slots<1>>, tensor<?xi32>
  %r = moe.dispatch %g, %q apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %q (%u, %d : tensor<2x6x4xf32>, tensor<2x4x6xf32>) table <[<ffn, 2, width = 6, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the ops of its layer have other users or plans}}
  %y = moe.combine %h, %q, %g apply <output> residual <add_x> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y, %h : tensor<?x4xf32>, !moe.rows<f32, 4, grouped>
}

// -----

// CHECK-LABEL: func.func @c15_widths_are_known_at_one_place
func.func @c15_widths_are_known_at_one_place(%x: tensor<?x?xf32>, %p: !moe.plan<2, slots<1>>, %of: tensor<?xi32>, %u: tensor<2x6x4xf32>, %d: tensor<2x4x6xf32>) -> tensor<?x4xf32> {
  // CHECK: %[[Q:.*]] = moe.expand_plan
  // CHECK: moe.combine %{{.*}}, %[[Q]]
  %c0 = arith.constant 0 : index
  %n = tensor.dim %of, %c0 : tensor<?xi32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %g = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%of : tensor<?xi32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%in: i32, %out: f32):
    %row = arith.index_cast %in : i32 to index
    %column = linalg.index 1 : index
    %v = tensor.extract %x[%row, %column] : tensor<?x?xf32>
    linalg.yield %v : f32
  } -> tensor<?x4xf32>
  %q = moe.expand_plan %p, %of : !moe.plan<2, slots<1>>, tensor<?xi32>
  %r = moe.dispatch %g, %q apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %q (%u, %d : tensor<2x6x4xf32>, tensor<2x4x6xf32>) table <[<ffn, 2, width = 6, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{widths are known at one place alone}}
  %y = moe.combine %h, %q, %g apply <output> residual <add_x> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @c16_a_mask_is_of_all_experts
func.func @c16_a_mask_is_of_all_experts(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %t: tensor<?x2xi32>, %a: tensor<8xi1>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{keys are of all experts}}
  %p = moe.route %z table_ids(%t : tensor<?x2xi32>) allow(%a : tensor<8xi1>) score <sigmoid> select <table, key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c16_a_filter_is_of_all_experts
func.func @c16_a_filter_is_of_all_experts(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %t: tensor<?x2xi32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{keys are of all experts}}
  %p = moe.route %z table_ids(%t : tensor<?x2xi32>) score <sigmoid> group_filter <4, keep = 2, group_score = max, fill = neginf> select <table, key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c16_some_ids_are_set_to_zero
func.func @c16_some_ids_are_set_to_zero(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %t: tensor<?x2xi32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{some ids weigh nothing}}
  %p = moe.route %z table_ids(%t : tensor<?x2xi32>) score <sigmoid> select <table, key = scores> weight <scores, zero = [7]> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c16_a_bias_is_rounded
func.func @c16_a_bias_is_rounded(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %t: tensor<?x2xi32>, %b: tensor<8xbf16>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w bias(%b : tensor<8xbf16>) : tensor<?x16xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{the logits are not in f32}}
  %p = moe.route %z table_ids(%t : tensor<?x2xi32>) score <sigmoid> select <table, key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @c16_an_input_is_rounded
func.func @c16_an_input_is_rounded(%x: tensor<?x16xbf16>, %w: tensor<8x16xf32>, %t: tensor<?x2xi32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.logits
  // CHECK: select <table
  %z = moe.logits %x, %w : tensor<?x16xbf16>, tensor<8x16xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{the logits are not in f32}}
  %p = moe.route %z table_ids(%t : tensor<?x2xi32>) score <sigmoid> select <table, key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}
