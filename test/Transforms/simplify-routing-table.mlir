// C3: experts without parameters get no rows, one positive per kind and one negative per precondition.
// RUN: moe-opt %s --moe-simplify-routing=softmax=keep --split-input-file --verify-diagnostics --remarks-filter='moe-simplify-routing' | FileCheck %s

// (C3): fires
// CHECK-LABEL: func.func @zeros_are_dropped_and_copies_carried
func.func @zeros_are_dropped_and_copies_carried(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>, %u: tensor<5x6x4xf32>, %d: tensor<5x4x6xf32>) -> tensor<?x4xf32> {
  // CHECK: %[[P:.*]] = moe.route
  // CHECK: %[[Q:.*]] = moe.remap %[[P]] many_to_one <sum> {carry = array<i64: 5, 6>, map = array<i64: 0, 1, 2, 3, 4, -1, -1, -1>} : !moe.plan<8, slots<2>> -> !moe.plan<5, slots<2>, carry>
  // CHECK: moe.dispatch %{{.*}}, %[[Q]]
  // CHECK: moe.experts %{{.*}}, %[[Q]](%{{.*}}, %{{.*}} : tensor<5x6x4xf32>, tensor<5x4x6xf32>) table <[<ffn, 5, width = 6, body = <ungated, relu>>]>
  // CHECK: moe.combine %{{.*}}, %[[Q]]
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{experts without parameters get no rows}}
  %h = moe.experts %r, %p (%u, %d : tensor<5x6x4xf32>, tensor<5x4x6xf32>) table <[<ffn, 5, width = 6, body = <ungated, relu>>, <copy, 2>, <zero, 1>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @classes_in_front_shift_the_others
func.func @classes_in_front_shift_the_others(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>, %u: tensor<5x6x4xf32>, %d: tensor<5x4x6xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.remap %{{.*}} many_to_one <sum> {map = array<i64: -1, -1, -1, 0, 1, 2, 3, 4>} : !moe.plan<8, slots<2>> -> !moe.plan<5, slots<2>>
  // CHECK: moe.experts {{.*}} table <[<ffn, 5, width = 6, body = <ungated, relu>>]>
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{experts without parameters get no rows}}
  %h = moe.experts %r, %p (%u, %d : tensor<5x6x4xf32>, tensor<5x4x6xf32>) table <[<zero, 3>, <ffn, 5, width = 6, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @always_on_classes_stay
func.func @always_on_classes_stay(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>, %u: tensor<5x6x4xf32>, %d: tensor<5x4x6xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.remap %{{.*}} many_to_one <sum> {map = array<i64: 0, 1, 2, 3, 4, -1, -1, -1>} : !moe.plan<8, slots<2>, always = 1> -> !moe.plan<5, slots<2>, always = 1>
  // CHECK: moe.experts {{.*}} table <[<ffn, 5, width = 6, body = <ungated, relu>>, <copy, 1, activation = always>]>
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>, always = 1>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<2>, always = 1> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{experts without parameters get no rows}}
  %h = moe.experts %r, %p (%u, %d : tensor<5x6x4xf32>, tensor<5x4x6xf32>) table <[<ffn, 5, width = 6, body = <ungated, relu>>, <zero, 3>, <copy, 1, activation = always>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>, always = 1> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>, always = 1>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @few_experts_have_few_slots
func.func @few_experts_have_few_slots(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>, %u: tensor<1x6x4xf32>, %d: tensor<1x4x6xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.remap {{.*}} : !moe.plan<8, slots<2>> -> !moe.plan<1, slots<1>, carry>
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{experts without parameters get no rows}}
  %h = moe.experts %r, %p (%u, %d : tensor<1x6x4xf32>, tensor<1x4x6xf32>) table <[<ffn, 1, width = 6, body = <ungated, relu>>, <copy, 7>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @vectors_are_added_by_weight
func.func @vectors_are_added_by_weight(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>, %u: tensor<5x6x4xf32>, %d: tensor<5x4x6xf32>, %v: tensor<3x4xf32>) -> tensor<?x4xf32> {
  // CHECK: %[[P:.*]] = moe.route
  // CHECK: moe.remap %[[P]] many_to_one <sum> {map = array<i64: 0, 1, 2, 3, 4, -1, -1, -1>}
  // CHECK: moe.experts {{.*}}(%{{.*}}, %{{.*}} : tensor<5x6x4xf32>, tensor<5x4x6xf32>) table <[<ffn, 5, width = 6, body = <ungated, relu>>]>
  // CHECK: %[[Y:.*]] = moe.combine
  // CHECK: %[[D:.*]] = moe.convert_plan %[[P]] : !moe.plan<8, slots<2>> -> !moe.plan<8, dense>
  // CHECK: %[[W:.*]]:2 = moe.unpack_plan %[[D]]
  // CHECK: %[[C:.*]] = tensor.extract_slice %[[W]]#0[0, 5] [%{{.*}}, 3] [1, 1] : tensor<?x8xf32> to tensor<?x3xf32>
  // CHECK: %[[S:.*]] = linalg.matmul ins(%[[C]], %{{.*}} : tensor<?x3xf32>, tensor<3x4xf32>) outs(%[[Y]] : tensor<?x4xf32>)
  // CHECK: return %[[S]]
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{experts without parameters get no rows}}
  %h = moe.experts %r, %p (%u, %d, %v : tensor<5x6x4xf32>, tensor<5x4x6xf32>, tensor<3x4xf32>) table <[<ffn, 5, width = 6, body = <ungated, relu>>, <constant, 3>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @a_mix_needs_its_row
func.func @a_mix_needs_its_row(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>, %u: tensor<5x6x4xf32>, %d: tensor<5x4x6xf32>, %v: tensor<3x4xf32>, %m: tensor<3x2x4xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe.remap
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d, %v, %m : tensor<5x6x4xf32>, tensor<5x4x6xf32>, tensor<3x4xf32>, tensor<3x2x4xf32>) table <[<ffn, 5, width = 6, body = <ungated, relu>>, <constant, 3, mix = softmax2>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @somebody_must_have_rows
func.func @somebody_must_have_rows(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe.remap
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{no other expert is routed to}}
  %h = moe.experts %r, %p table <[<copy, 5>, <zero, 3>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// (C3): not with weights elsewhere than on outputs
// CHECK-LABEL: func.func @weights_must_multiply_the_output
func.func @weights_must_multiply_the_output(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>, %u: tensor<5x6x4xf32>, %d: tensor<5x4x6xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe.remap
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <input> allow_multi : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{weights do not multiply the output}}
  %h = moe.experts %r, %p (%u, %d : tensor<5x6x4xf32>, tensor<5x4x6xf32>) table <[<ffn, 5, width = 6, body = <ungated, relu>>, <copy, 3>]> apply <input> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <input> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @a_complement_counts_every_entry
func.func @a_complement_counts_every_entry(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>, %u: tensor<5x6x4xf32>, %d: tensor<5x4x6xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe.remap
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the residual subtracts the weights of all entries}}
  %h = moe.experts %r, %p (%u, %d : tensor<5x6x4xf32>, tensor<5x4x6xf32>) table <[<ffn, 5, width = 6, body = <ungated, relu>>, <zero, 3>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <complement> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @a_scaled_copy_is_not_the_unit
func.func @a_scaled_copy_is_not_the_unit(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>, %u: tensor<5x6x4xf32>, %d: tensor<5x4x6xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe.remap
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> {input_scale = 2.0 : f64} : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the input of all experts is scaled}}
  %h = moe.experts %r, %p (%u, %d : tensor<5x6x4xf32>, tensor<5x4x6xf32>) table <[<ffn, 5, width = 6, body = <ungated, relu>>, <copy, 3>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @a_class_of_scaled_copies_is_not_the_unit
func.func @a_class_of_scaled_copies_is_not_the_unit(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>, %u: tensor<5x6x4xf32>, %d: tensor<5x4x6xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe.remap
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{copied rows are scaled}}
  %h = moe.experts %r, %p (%u, %d : tensor<5x6x4xf32>, tensor<5x4x6xf32>) table <[<ffn, 5, width = 6, body = <ungated, relu>>, <copy, 3, input_scale = 2.0>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @a_scaled_zero_is_zero
func.func @a_scaled_zero_is_zero(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>, %u: tensor<5x6x4xf32>, %d: tensor<5x4x6xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.remap
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> {input_scale = 2.0 : f64} : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{experts without parameters get no rows}}
  %h = moe.experts %r, %p (%u, %d : tensor<5x6x4xf32>, tensor<5x4x6xf32>) table <[<ffn, 5, width = 6, body = <ungated, relu>>, <zero, 3>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @copies_of_other_units_are_no_carry
func.func @copies_of_other_units_are_no_carry(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>, %u: tensor<5x6x4xf32>, %d: tensor<5x4x6xf32>, %o: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe.remap
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %o, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{copied rows are not the units of the sum}}
  %h = moe.experts %r, %p (%u, %d : tensor<5x6x4xf32>, tensor<5x4x6xf32>) table <[<ffn, 5, width = 6, body = <ungated, relu>>, <copy, 3>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @vectors_of_other_types_stay
func.func @vectors_of_other_types_stay(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>, %u: tensor<5x6x4xf32>, %d: tensor<5x4x6xf32>, %v: tensor<3x4xbf16>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe.remap
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{vectors, weights or sums are not f32}}
  %h = moe.experts %r, %p (%u, %d, %v : tensor<5x6x4xf32>, tensor<5x4x6xf32>, tensor<3x4xbf16>) table <[<ffn, 5, width = 6, body = <ungated, relu>>, <constant, 3>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @rows_that_others_read_stay
func.func @rows_that_others_read_stay(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>, %u: tensor<5x6x4xf32>, %d: tensor<5x4x6xf32>) -> (tensor<?x4xf32>, !moe.rows<f32, 4, grouped>) {
  // CHECK-NOT: moe.remap
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the ops of its layer have other users or plans}}
  %h = moe.experts %r, %p (%u, %d : tensor<5x6x4xf32>, tensor<5x4x6xf32>) table <[<ffn, 5, width = 6, body = <ungated, relu>>, <zero, 3>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y, %h : tensor<?x4xf32>, !moe.rows<f32, 4, grouped>
}

// -----

// CHECK-LABEL: func.func @only_slots_are_renumbered
func.func @only_slots_are_renumbered(%p: !moe.plan<8, csr>, %x: tensor<?x4xf32>, %u: tensor<5x6x4xf32>, %d: tensor<5x4x6xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe.remap
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, csr> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the plan is not in slots}}
  %h = moe.experts %r, %p (%u, %d : tensor<5x6x4xf32>, tensor<5x4x6xf32>) table <[<ffn, 5, width = 6, body = <ungated, relu>>, <zero, 3>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, csr> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<8, csr>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// Statistics count what was selected, and places were taken before entries go.
// (C3): fires
// CHECK-LABEL: func.func @statistics_see_every_entry
func.func @statistics_see_every_entry(%z: tensor<?x3xf32>, %x: tensor<?x4xf32>, %u: tensor<2x6x4xf32>, %d: tensor<2x4x6xf32>) -> (tensor<?x4xf32>, tensor<3xi32>) {
  // CHECK: %[[P:.*]] = moe.route %{{.*}} capacity <limit
  // CHECK: moe.remap %[[P]]
  // CHECK: moe.plan_stats %[[P]]
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> capacity <limit, count = <2>> : tensor<?x3xf32> -> !moe.plan<3, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{experts without parameters get no rows}}
  %h = moe.experts %r, %p (%u, %d : tensor<2x6x4xf32>, tensor<2x4x6xf32>) table <[<ffn, 2, width = 6, body = <ungated, relu>>, <zero, 1>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  %c, %n = moe.plan_stats %p stage <after> counted <entries> : !moe.plan<3, slots<2>> -> tensor<3xi32>, tensor<i32>
  return %y, %c : tensor<?x4xf32>, tensor<3xi32>
}
