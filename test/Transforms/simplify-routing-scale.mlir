// C6 and C7: the factors of the weights go into the parameters of the experts, one positive per kind and one negative per precondition.
// RUN: moe-opt %s --moe-simplify-routing='scale=weights softmax=keep drop-parameter-free=false' --split-input-file --verify-diagnostics --remarks-filter='moe-simplify-routing' | FileCheck %s

// (C6): fires
// CHECK-LABEL: func.func @the_scale_goes_into_down_matrices
func.func @the_scale_goes_into_down_matrices(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.route %{{.*}} weight <scores> :
  // CHECK: %[[D:.*]] = moe_support.weight #moe_support.scale<#moe_support.external<"d.bin", 0> : tensor<3x4x6xf32>, dense<2.500000e+00> : tensor<f32>> : tensor<3x4x6xf32>
  // CHECK: moe.experts %{{.*}}(%{{.*}}, %[[D]] :
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<3x6x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<3x4x6xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores, scale = 2.5> : tensor<?x3xf32> -> !moe.plan<3, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the scale goes into the experts' parameters}}
  %h = moe.experts %r, %p (%u, %d : tensor<3x6x4xf32>, tensor<3x4x6xf32>) table <[<ffn, 3, width = 6, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// (C7): fires
// CHECK-LABEL: func.func @the_scales_of_experts_go_into_down_matrices_and_biases
func.func @the_scales_of_experts_go_into_down_matrices_and_biases(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.route %{{[^ ]*}} score
  // CHECK-DAG: %[[D:.*]] = moe_support.weight #moe_support.scale<#moe_support.external<"d.bin", 0> : tensor<3x4x6xf32>, #moe_support.external<"s.bin", 0> : tensor<3xf32>> : tensor<3x4x6xf32>
  // CHECK-DAG: %[[B:.*]] = moe_support.weight #moe_support.scale<#moe_support.external<"b.bin", 0> : tensor<3x4xf32>, #moe_support.external<"s.bin", 0> : tensor<3xf32>> : tensor<3x4xf32>
  // CHECK: moe.experts %{{.*}}(%{{.*}}, %[[D]], %[[B]] :
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<3x6x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<3x4x6xf32>
  %b = moe_support.weight #moe_support.external<"b.bin", 0> : tensor<3x4xf32>
  %s = moe_support.weight #moe_support.external<"s.bin", 0> : tensor<3xf32>
  %p = moe.route %z expert_scale (%s : tensor<3xf32>) score <softmax> select <topk(1)> weight <scores> : tensor<?x3xf32> -> !moe.plan<3, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the scales of experts go into their parameters}}
  %h = moe.experts %r, %p (%u, %d, %b : tensor<3x6x4xf32>, tensor<3x4x6xf32>, tensor<3x4xf32>) table <[<ffn, 3, width = 6, body = <ungated, relu, bias = [down]>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @both_go_and_classes_get_their_own
func.func @both_go_and_classes_get_their_own(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK: moe_support.weight #moe_support.external<"a.bin", 0> : tensor<1x4x6xf32>
  // CHECK: moe.route %{{[^ ]*}} score <softmax> select <topk(1), key = scores> weight <scores> :
  // CHECK-DAG: moe_support.weight #moe_support.scale<#moe_support.external<"v.bin", 0> : tensor<1x4xf32>, #moe_support.slice<#moe_support.scale<#moe_support.external<"s.bin", 0> : tensor<3xf32>, dense<2.500000e+00> : tensor<f32>> : tensor<3xf32>, [0], [1]> : tensor<1xf32>> : tensor<1x4xf32>
  // CHECK-DAG: moe_support.weight #moe_support.scale<#moe_support.external<"d.bin", 0> : tensor<1x4x6xf32>, #moe_support.slice<#moe_support.scale<#moe_support.external<"s.bin", 0> : tensor<3xf32>, dense<2.500000e+00> : tensor<f32>> : tensor<3xf32>, [2], [1]> : tensor<1xf32>> : tensor<1x4x6xf32>
  %v = moe_support.weight #moe_support.external<"v.bin", 0> : tensor<1x4xf32>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<1x6x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<1x4x6xf32>
  %u1 = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<1x6x4xf32>
  %a = moe_support.weight #moe_support.external<"a.bin", 0> : tensor<1x4x6xf32>
  %s = moe_support.weight #moe_support.external<"s.bin", 0> : tensor<3xf32>
  %p = moe.route %z expert_scale (%s : tensor<3xf32>) score <softmax> select <topk(1)> weight <scores, scale = 2.5> : tensor<?x3xf32> -> !moe.plan<3, slots<1>, always = 1>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<1>, always = 1> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+2 {{the scale goes into those of the experts}}
  // expected-remark @+1 {{the scales of experts go into their parameters}}
  %h = moe.experts %r, %p (%v, %u, %d, %u1, %a : tensor<1x4xf32>, tensor<1x6x4xf32>, tensor<1x4x6xf32>, tensor<1x6x4xf32>, tensor<1x4x6xf32>) table <[<constant, 1>, <zero, 1>, <ffn, 1, width = 6, body = <ungated, relu>>, <ffn, 1, width = 6, body = <ungated, relu>, activation = always>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>, always = 1> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>, always = 1>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @places_may_be_limited
func.func @places_may_be_limited(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.route %{{.*}} weight <scores> capacity
  // CHECK: moe_support.scale
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<3x6x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<3x4x6xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores, scale = 2.5> capacity <limit, count = <4>, priority = unit_major, overflow = zero> : tensor<?x3xf32> -> !moe.plan<3, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the scale goes into the experts' parameters}}
  %h = moe.experts %r, %p (%u, %d : tensor<3x6x4xf32>, tensor<3x4x6xf32>) table <[<ffn, 3, width = 6, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// (C6): not with weights on inputs
// CHECK-LABEL: func.func @weights_on_the_input_stay
func.func @weights_on_the_input_stay(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe_support.scale
  // CHECK: moe.route %{{.*}} scale = 2.500000e+00>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<3x6x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<3x4x6xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores, scale = 2.5> : tensor<?x3xf32> -> !moe.plan<3, slots<1>>
  %r = moe.dispatch %x, %p apply <input> : tensor<?x4xf32>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{weights multiply the input}}
  %h = moe.experts %r, %p (%u, %d : tensor<3x6x4xf32>, tensor<3x4x6xf32>) table <[<ffn, 3, width = 6, body = <ungated, relu>>]> apply <input> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <input> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @a_complement_needs_the_weights
func.func @a_complement_needs_the_weights(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe_support.scale
  // CHECK: moe.route %{{.*}} scale = 2.500000e+00>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<3x6x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<3x4x6xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores, scale = 2.5> : tensor<?x3xf32> -> !moe.plan<3, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the residual's share is what the weights leave}}
  %h = moe.experts %r, %p (%u, %d : tensor<3x6x4xf32>, tensor<3x4x6xf32>) table <[<ffn, 3, width = 6, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <complement> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @places_by_weight_need_the_weights
func.func @places_by_weight_need_the_weights(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe_support.scale
  // CHECK: moe.route %{{.*}} scale = 2.500000e+00>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<3x6x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<3x4x6xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores, scale = 2.5> capacity <limit, count = <4>, priority = weight_desc, overflow = zero> : tensor<?x3xf32> -> !moe.plan<3, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{entries claim places by their weights}}
  %h = moe.experts %r, %p (%u, %d : tensor<3x6x4xf32>, tensor<3x4x6xf32>) table <[<ffn, 3, width = 6, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @carried_units_need_the_weights
func.func @carried_units_need_the_weights(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe_support.scale
  // CHECK: moe.route %{{.*}} scale = 2.500000e+00>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<3x6x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<3x4x6xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores, scale = 2.5> capacity <limit, count = <4>, priority = unit_major, overflow = identity> : tensor<?x3xf32> -> !moe.plan<3, slots<1>, carry>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<1>, carry> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{dropped entries pass their units on by their weights}}
  %h = moe.experts %r, %p (%u, %d : tensor<3x6x4xf32>, tensor<3x4x6xf32>) table <[<ffn, 3, width = 6, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>, carry> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>, carry>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @rounded_counts_stay
func.func @rounded_counts_stay(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe_support.scale
  // CHECK: moe.route %{{.*}} scale = 2.500000e+00>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<3x6x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<3x4x6xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores, scale = 2.5> capacity <tile_round, tile = 4, mode = nearest, renorm = none> : tensor<?x3xf32> -> !moe.plan<3, slots<3>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<3>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{rounded counts make weights of their own}}
  %h = moe.experts %r, %p (%u, %d : tensor<3x6x4xf32>, tensor<3x4x6xf32>) table <[<ffn, 3, width = 6, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<3>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<3>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @copies_take_no_factor
func.func @copies_take_no_factor(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe_support.scale
  // CHECK: moe.route %{{.*}} scale = 2.500000e+00>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x6x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x6xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores, scale = 2.5> : tensor<?x3xf32> -> !moe.plan<3, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{some experts pass their input on}}
  %h = moe.experts %r, %p (%u, %d : tensor<2x6x4xf32>, tensor<2x4x6xf32>) table <[<ffn, 2, width = 6, body = <ungated, relu>>, <copy, 1>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @mixed_constants_take_no_factor
func.func @mixed_constants_take_no_factor(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe_support.scale
  // CHECK: moe.route %{{.*}} scale = 2.500000e+00>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x6x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x6xf32>
  %v = moe_support.weight #moe_support.external<"v.bin", 0> : tensor<1x4xf32>
  %m = moe_support.weight #moe_support.external<"m.bin", 0> : tensor<1x2x4xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores, scale = 2.5> : tensor<?x3xf32> -> !moe.plan<3, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{some experts pass their input on}}
  %h = moe.experts %r, %p (%u, %d, %v, %m : tensor<2x6x4xf32>, tensor<2x4x6xf32>, tensor<1x4xf32>, tensor<1x2x4xf32>) table <[<ffn, 2, width = 6, body = <ungated, relu>>, <constant, 1, mix = softmax2>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @parameters_that_are_no_constants_stay
func.func @parameters_that_are_no_constants_stay(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>, %d: tensor<3x4x6xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe_support.scale
  // CHECK: moe.route %{{.*}} scale = 2.500000e+00>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<3x6x4xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores, scale = 2.5> : tensor<?x3xf32> -> !moe.plan<3, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{its parameters are no constants}}
  %h = moe.experts %r, %p (%u, %d : tensor<3x6x4xf32>, tensor<3x4x6xf32>) table <[<ffn, 3, width = 6, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @scales_that_are_no_constants_stay
func.func @scales_that_are_no_constants_stay(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>, %es: tensor<3xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe_support.scale
  // CHECK: moe.route %{{.*}} expert_scale
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<3x6x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<3x4x6xf32>
  %p = moe.route %z expert_scale (%es : tensor<3xf32>) score <softmax> select <topk(1)> weight <scores> : tensor<?x3xf32> -> !moe.plan<3, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the scales of experts are no constants}}
  %h = moe.experts %r, %p (%u, %d : tensor<3x6x4xf32>, tensor<3x4x6xf32>) table <[<ffn, 3, width = 6, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// (C6): not with narrow weights
// CHECK-LABEL: func.func @f16_could_overflow
func.func @f16_could_overflow(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe_support.scale
  // CHECK: moe.route %{{.*}} scale = 2.500000e+00>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<3x6x4xf16>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<3x4x6xf16>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores, scale = 2.5> : tensor<?x3xf32> -> !moe.plan<3, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{weights of a small range may overflow}}
  %h = moe.experts %r, %p (%u, %d : tensor<3x6x4xf16>, tensor<3x4x6xf16>) table <[<ffn, 3, width = 6, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// (C6): not with weights read elsewhere
// CHECK-LABEL: func.func @somebody_else_reads_the_weights
func.func @somebody_else_reads_the_weights(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> (tensor<?x4xf32>, tensor<?x1xf32>) {
  // CHECK-NOT: moe_support.scale
  // CHECK: moe.route %{{.*}} scale = 2.500000e+00>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<3x6x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<3x4x6xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores, scale = 2.5> : tensor<?x3xf32> -> !moe.plan<3, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the ops of its layer have other users or plans}}
  %h = moe.experts %r, %p (%u, %d : tensor<3x6x4xf32>, tensor<3x4x6xf32>) table <[<ffn, 3, width = 6, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  %ids, %w = moe.unpack_plan %p : !moe.plan<3, slots<1>> -> tensor<?x1xi32>, tensor<?x1xf32>
  return %y, %w : tensor<?x4xf32>, tensor<?x1xf32>
}

// -----

// CHECK-LABEL: func.func @maps_neurons_and_values_take_factors
func.func @maps_neurons_and_values_take_factors(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK: moe_support.weight #moe_support.scale<#moe_support.external<"w0_0.bin", 0> : tensor<1x4x4xf32>, dense<2.500000e+00> : tensor<f32>>
  // CHECK: moe_support.weight #moe_support.scale<#moe_support.external<"w0_1.bin", 0> : tensor<1x4xf32>, dense<2.500000e+00> : tensor<f32>>
  // CHECK: moe_support.weight #moe_support.scale<#moe_support.external<"w1_1.bin", 0> : tensor<1x4xf32>, dense<2.500000e+00> : tensor<f32>>
  // CHECK: moe_support.weight #moe_support.scale<#moe_support.external<"w2_0.bin", 0> : tensor<1x4xf32>, dense<2.500000e+00> : tensor<f32>>
  %w0_0 = moe_support.weight #moe_support.external<"w0_0.bin", 0> : tensor<1x4x4xf32>
  %w0_1 = moe_support.weight #moe_support.external<"w0_1.bin", 0> : tensor<1x4xf32>
  %w1_0 = moe_support.weight #moe_support.external<"w1_0.bin", 0> : tensor<1x4xf32>
  %w1_1 = moe_support.weight #moe_support.external<"w1_1.bin", 0> : tensor<1x4xf32>
  %w2_0 = moe_support.weight #moe_support.external<"w2_0.bin", 0> : tensor<1x4xf32>
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores, scale = 2.5> : tensor<?x3xf32> -> !moe.plan<3, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the scale goes into the experts' parameters}}
  %h = moe.experts %r, %p (%w0_0, %w0_1, %w1_0, %w1_1, %w2_0 : tensor<1x4x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>) table <[<linear, 1, bias = true>, <neuron, 1, body = <ungated, relu>>, <value, 1>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
// -----

// CHECK-LABEL: func.func @experts_of_lora_share_what_would_be_scaled
func.func @experts_of_lora_share_what_would_be_scaled(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe_support.scale
  // CHECK: return
  %w0_0 = moe_support.weight #moe_support.external<"w0_0.bin", 0> : tensor<6x4xf32>
  %w0_1 = moe_support.weight #moe_support.external<"w0_1.bin", 0> : tensor<6x4xf32>
  %w0_2 = moe_support.weight #moe_support.external<"w0_2.bin", 0> : tensor<4x6xf32>
  %w0_3 = moe_support.weight #moe_support.external<"w0_3.bin", 0> : tensor<3x4x2xf32>
  %w0_4 = moe_support.weight #moe_support.external<"w0_4.bin", 0> : tensor<3x2x6xf32>
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores, scale = 2.5> : tensor<?x3xf32> -> !moe.plan<3, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{experts share parameters or are made of factors}}
  %h = moe.experts %r, %p (%w0_0, %w0_1, %w0_2, %w0_3, %w0_4 : tensor<6x4xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<3x4x2xf32>, tensor<3x2x6xf32>) table <[<lora, 3, width = 6, body = <gated, silu>, targets = [down], rank = 2>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
// -----

// CHECK-LABEL: func.func @experts_of_film_share_what_would_be_scaled
func.func @experts_of_film_share_what_would_be_scaled(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe_support.scale
  // CHECK: return
  %w0_0 = moe_support.weight #moe_support.external<"w0_0.bin", 0> : tensor<6x4xf32>
  %w0_1 = moe_support.weight #moe_support.external<"w0_1.bin", 0> : tensor<6x4xf32>
  %w0_2 = moe_support.weight #moe_support.external<"w0_2.bin", 0> : tensor<4x6xf32>
  %w0_3 = moe_support.weight #moe_support.external<"w0_3.bin", 0> : tensor<3x6xf32>
  %w0_4 = moe_support.weight #moe_support.external<"w0_4.bin", 0> : tensor<3x6xf32>
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores, scale = 2.5> : tensor<?x3xf32> -> !moe.plan<3, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{experts share parameters or are made of factors}}
  %h = moe.experts %r, %p (%w0_0, %w0_1, %w0_2, %w0_3, %w0_4 : tensor<6x4xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<3x6xf32>, tensor<3x6xf32>) table <[<film, 3, width = 6, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
// -----

// CHECK-LABEL: func.func @experts_of_nested_share_what_would_be_scaled
func.func @experts_of_nested_share_what_would_be_scaled(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe_support.scale
  // CHECK: return
  %w0_0 = moe_support.weight #moe_support.external<"w0_0.bin", 0> : tensor<4x4xf32>
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores, scale = 2.5> : tensor<?x3xf32> -> !moe.plan<3, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{experts share parameters or are made of factors}}
  %h = moe.experts %r, %p (%w0_0 : tensor<4x4xf32>) table <[<nested, 3, widths = [2, 2, 2]>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
// -----

func.func @same(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  return %x : tensor<?x4xf32>
}

// CHECK-LABEL: func.func @functions_take_no_factors
func.func @functions_take_no_factors(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe_support.scale
  // CHECK: return
  %w0_0 = moe_support.weight #moe_support.external<"w0_0.bin", 0> : tensor<2x4x4xf32>
  %w0_1 = moe_support.weight #moe_support.external<"w0_1.bin", 0> : tensor<2x4xf32>
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores, scale = 2.5> : tensor<?x3xf32> -> !moe.plan<3, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{some experts are functions}}
  %h = moe.experts %r, %p (%w0_0, %w0_1 : tensor<2x4x4xf32>, tensor<2x4xf32>) table <[<linear, 2, bias = true>, <external, 1, callee = @same>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// (C7): not with weights on inputs
// CHECK-LABEL: func.func @scales_of_experts_on_the_input_stay
func.func @scales_of_experts_on_the_input_stay(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe_support.scale
  // CHECK: moe.route %{{.*}} expert_scale
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<3x6x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<3x4x6xf32>
  %s = moe_support.weight #moe_support.external<"s.bin", 0> : tensor<3xf32>
  %p = moe.route %z expert_scale (%s : tensor<3xf32>) score <softmax> select <topk(1)> weight <scores> : tensor<?x3xf32> -> !moe.plan<3, slots<1>>
  %r = moe.dispatch %x, %p apply <input> : tensor<?x4xf32>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{weights multiply the input}}
  %h = moe.experts %r, %p (%u, %d : tensor<3x6x4xf32>, tensor<3x4x6xf32>) table <[<ffn, 3, width = 6, body = <ungated, relu>>]> apply <input> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <input> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// (C7): not with narrow weights
// CHECK-LABEL: func.func @scales_of_experts_could_overflow_f16
func.func @scales_of_experts_could_overflow_f16(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe_support.scale
  // CHECK: moe.route %{{.*}} expert_scale
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<3x6x4xf16>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<3x4x6xf16>
  %s = moe_support.weight #moe_support.external<"s.bin", 0> : tensor<3xf32>
  %p = moe.route %z expert_scale (%s : tensor<3xf32>) score <softmax> select <topk(1)> weight <scores> : tensor<?x3xf32> -> !moe.plan<3, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{weights of a small range may overflow}}
  %h = moe.experts %r, %p (%u, %d : tensor<3x6x4xf16>, tensor<3x4x6xf16>) table <[<ffn, 3, width = 6, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// (C7): not with weights read elsewhere
// CHECK-LABEL: func.func @somebody_else_reads_the_weights_with_their_scales
func.func @somebody_else_reads_the_weights_with_their_scales(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> (tensor<?x4xf32>, tensor<?x1xf32>) {
  // CHECK-NOT: moe_support.scale
  // CHECK: moe.route %{{.*}} expert_scale
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<3x6x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<3x4x6xf32>
  %s = moe_support.weight #moe_support.external<"s.bin", 0> : tensor<3xf32>
  %p = moe.route %z expert_scale (%s : tensor<3xf32>) score <softmax> select <topk(1)> weight <scores> : tensor<?x3xf32> -> !moe.plan<3, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the ops of its layer have other users or plans}}
  %h = moe.experts %r, %p (%u, %d : tensor<3x6x4xf32>, tensor<3x4x6xf32>) table <[<ffn, 3, width = 6, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  %ids, %w = moe.unpack_plan %p : !moe.plan<3, slots<1>> -> tensor<?x1xi32>, tensor<?x1xf32>
  return %y, %w : tensor<?x4xf32>, tensor<?x1xf32>
}
