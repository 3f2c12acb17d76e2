// C10: always-on classes become ops beside the layer.
// RUN: moe-opt %s --moe-simplify-routing='shared=ffn merge-shared=false' --split-input-file --verify-diagnostics --remarks-filter='moe-simplify-routing' | FileCheck %s

// (C10): fires
// CHECK-LABEL: func.func @classes_become_ops
func.func @classes_become_ops(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.route %{{.*}} -> !moe.plan<2, slots<1>>
  // CHECK: moe.experts %{{.*}} table <[<ffn, 2, width = 3, body = <ungated, relu>>]>
  // CHECK: %[[Y:.*]] = moe.combine
  // CHECK-DAG: %[[U0:.*]] = moe_support.weight #moe_support.reshape<#moe_support.slice<#moe_support.external<"su.bin", 0> : tensor<2x5x4xf32>, [0, 0, 0], [1, 1, 1]> : tensor<1x5x4xf32>> : tensor<5x4xf32>
  // CHECK-DAG: %[[D0:.*]] = moe_support.weight #moe_support.reshape<#moe_support.slice<#moe_support.external<"sd.bin", 0> : tensor<2x4x5xf32>, [0, 0, 0], [1, 1, 1]> : tensor<1x4x5xf32>> : tensor<4x5xf32>
  // CHECK: %[[S0:.*]] = moe.ffn %{{.*}}(%[[U0]], %[[D0]] : {{.*}}) body <ungated, relu>
  // CHECK: %[[Y0:.*]] = arith.addf %[[Y]], %[[S0]]
  // CHECK-DAG: %[[U1:.*]] = moe_support.weight #moe_support.reshape<#moe_support.slice<#moe_support.external<"su.bin", 0> : tensor<2x5x4xf32>, [1, 0, 0], [1, 1, 1]> : tensor<1x5x4xf32>> : tensor<5x4xf32>
  // CHECK-DAG: %[[D1:.*]] = moe_support.weight #moe_support.reshape<#moe_support.slice<#moe_support.external<"sd.bin", 0> : tensor<2x4x5xf32>, [1, 0, 0], [1, 1, 1]> : tensor<1x4x5xf32>> : tensor<4x5xf32>
  // CHECK: %[[S1:.*]] = moe.ffn %{{.*}}(%[[U1]], %[[D1]] : {{.*}}) body <ungated, relu>
  // CHECK: %[[Y1:.*]] = arith.addf %[[Y0]], %[[S1]]
  // CHECK: return %[[Y1]]
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %su = moe_support.weight #moe_support.external<"su.bin", 0> : tensor<2x5x4xf32>
  %sd = moe_support.weight #moe_support.external<"sd.bin", 0> : tensor<2x4x5xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>, always = 2>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{always-on classes become ffn ops}}
  %h = moe.experts %r, %p (%u, %d, %su, %sd : tensor<2x3x4xf32>, tensor<2x4x3xf32>, tensor<2x5x4xf32>, tensor<2x4x5xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>, <ffn, 2, width = 5, body = <ungated, relu>, activation = always>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_without_shared_experts
func.func @not_without_shared_experts(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts
  // CHECK-NOT: moe.ffn
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<2x3x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// (C10): not with gated experts
// CHECK-LABEL: func.func @not_where_always_on_experts_have_weights
func.func @not_where_always_on_experts_have_weights(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>, %a: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}}activation = always
  // CHECK-NOT: moe.ffn
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %su = moe_support.weight #moe_support.external<"su.bin", 0> : tensor<2x5x4xf32>
  %sd = moe_support.weight #moe_support.external<"sd.bin", 0> : tensor<2x4x5xf32>
  %p = moe.route %z always_weights(%a : tensor<?x2xf32>) score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>, always = 2>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{always-on experts have weights}}
  %h = moe.experts %r, %p (%u, %d, %su, %sd : tensor<2x3x4xf32>, tensor<2x4x3xf32>, tensor<2x5x4xf32>, tensor<2x4x5xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>, <ffn, 2, width = 5, body = <ungated, relu>, activation = always>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_where_the_input_is_scaled
func.func @not_where_the_input_is_scaled(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}}activation = always
  // CHECK-NOT: moe.ffn
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %su = moe_support.weight #moe_support.external<"su.bin", 0> : tensor<2x5x4xf32>
  %sd = moe_support.weight #moe_support.external<"sd.bin", 0> : tensor<2x4x5xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>, always = 2>
  %r = moe.dispatch %x, %p apply <output> {input_scale = 2.0} : tensor<?x4xf32>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the input of all experts is scaled}}
  %h = moe.experts %r, %p (%u, %d, %su, %sd : tensor<2x3x4xf32>, tensor<2x4x3xf32>, tensor<2x5x4xf32>, tensor<2x4x5xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>, <ffn, 2, width = 5, body = <ungated, relu>, activation = always>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_where_a_class_scales_its_input
func.func @not_where_a_class_scales_its_input(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}}activation = always
  // CHECK-NOT: moe.ffn
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %su = moe_support.weight #moe_support.external<"su.bin", 0> : tensor<2x5x4xf32>
  %sd = moe_support.weight #moe_support.external<"sd.bin", 0> : tensor<2x4x5xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>, always = 2>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{its experts scale their input or have a place}}
  %h = moe.experts %r, %p (%u, %d, %su, %sd : tensor<2x3x4xf32>, tensor<2x4x3xf32>, tensor<2x5x4xf32>, tensor<2x4x5xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>, <ffn, 2, width = 5, body = <ungated, relu>, activation = always, input_scale = 2.0>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_where_a_class_has_a_place
func.func @not_where_a_class_has_a_place(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}}activation = always
  // CHECK-NOT: moe.ffn
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %su = moe_support.weight #moe_support.external<"su.bin", 0> : tensor<2x5x4xf32>
  %sd = moe_support.weight #moe_support.external<"sd.bin", 0> : tensor<2x4x5xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>, always = 2>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{its experts scale their input or have a place}}
  %h = moe.experts %r, %p (%u, %d, %su, %sd : tensor<2x3x4xf32>, tensor<2x4x3xf32>, tensor<2x5x4xf32>, tensor<2x4x5xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>, <ffn, 2, width = 5, body = <ungated, relu>, activation = always, placement = [3]>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_where_an_always_on_class_is_no_ffn
func.func @not_where_an_always_on_class_is_no_ffn(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}}activation = always
  // CHECK-NOT: moe.ffn
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>, always = 1>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>, always = 1> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{an always-on class is no ffn}}
  %h = moe.experts %r, %p (%u, %d : tensor<2x3x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>, <copy, 1, activation = always>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 1> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 1>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_where_parameters_are_no_constants
func.func @not_where_parameters_are_no_constants(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>, %sd: tensor<2x4x5xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}}activation = always
  // CHECK-NOT: moe.ffn
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %su = moe_support.weight #moe_support.external<"su.bin", 0> : tensor<2x5x4xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>, always = 2>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{its parameters are no constants}}
  %h = moe.experts %r, %p (%u, %d, %su, %sd : tensor<2x3x4xf32>, tensor<2x4x3xf32>, tensor<2x5x4xf32>, tensor<2x4x5xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>, <ffn, 2, width = 5, body = <ungated, relu>, activation = always>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_where_the_plan_has_other_users
func.func @not_where_the_plan_has_other_users(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}}activation = always
  // CHECK-NOT: moe.ffn
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %su = moe_support.weight #moe_support.external<"su.bin", 0> : tensor<2x5x4xf32>
  %sd = moe_support.weight #moe_support.external<"sd.bin", 0> : tensor<2x4x5xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>, always = 2>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the ops of its layer have other users or plans}}
  %h = moe.experts %r, %p (%u, %d, %su, %sd : tensor<2x3x4xf32>, tensor<2x4x3xf32>, tensor<2x5x4xf32>, tensor<2x4x5xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>, <ffn, 2, width = 5, body = <ungated, relu>, activation = always>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  %r2 = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  return %y : tensor<?x4xf32>
}
