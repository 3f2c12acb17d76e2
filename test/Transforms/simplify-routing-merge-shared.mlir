// C9: shared experts of one body and input become one wider expert.
// RUN: moe-opt %s --moe-simplify-routing --split-input-file --verify-diagnostics --remarks-filter='moe-simplify-routing' | FileCheck %s

// (C9): fires
// CHECK-LABEL: func.func @classes_of_one_body_become_one_expert
func.func @classes_of_one_body_become_one_expert(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.route %{{.*}} -> !moe.plan<2, slots<1>, always = 1>
  // CHECK-DAG: %[[U:.*]] = moe_support.weight #moe_support.external<"su.bin", 0> : tensor<1x10x4xf32>
  // CHECK-DAG: %[[D:.*]] = moe_support.weight #moe_support.reshape<#moe_support.transpose<#moe_support.external<"sd.bin", 0> : tensor<2x4x5xf32>, [1, 0, 2]> : tensor<4x2x5xf32>> : tensor<1x4x10xf32>
  // CHECK: moe.experts %{{.*}}, %[[U]], %[[D]] : {{.*}} <ffn, 1, width = 10, body = <ungated, relu>, activation = always>]>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %su = moe_support.weight #moe_support.external<"su.bin", 0> : tensor<2x5x4xf32>
  %sd = moe_support.weight #moe_support.external<"sd.bin", 0> : tensor<2x4x5xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>, always = 2>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{always-on experts become one wider expert}}
  %h = moe.experts %r, %p (%u, %d, %su, %sd : tensor<2x3x4xf32>, tensor<2x4x3xf32>, tensor<2x5x4xf32>, tensor<2x4x5xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>, <ffn, 2, width = 5, body = <ungated, relu>, activation = always>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @experts_of_two_ranks_stay
func.func @experts_of_two_ranks_stay(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.route %{{.*}} -> !moe.plan<2, slots<1>, always = 2>
  // CHECK: moe.experts %{{.*}} <ffn, 2, width = 5, body = <ungated, relu>, activation = always, placement = [0, 1]>]>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %su = moe_support.weight #moe_support.external<"su.bin", 0> : tensor<2x5x4xf32>
  %sd = moe_support.weight #moe_support.external<"sd.bin", 0> : tensor<2x4x5xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>, always = 2>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d, %su, %sd : tensor<2x3x4xf32>, tensor<2x4x3xf32>, tensor<2x5x4xf32>, tensor<2x4x5xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>, <ffn, 2, width = 5, body = <ungated, relu>, activation = always, placement = [0, 1]>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @experts_that_scale_their_input_stay
func.func @experts_that_scale_their_input_stay(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.route %{{.*}} -> !moe.plan<2, slots<1>, always = 2>
  // CHECK: moe.experts %{{.*}} <ffn, 2, width = 5, body = <ungated, relu>, activation = always, input_scale = 2.000000e+00>]>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %su = moe_support.weight #moe_support.external<"su.bin", 0> : tensor<2x5x4xf32>
  %sd = moe_support.weight #moe_support.external<"sd.bin", 0> : tensor<2x4x5xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>, always = 2>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d, %su, %sd : tensor<2x3x4xf32>, tensor<2x4x3xf32>, tensor<2x5x4xf32>, tensor<2x4x5xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>, <ffn, 2, width = 5, body = <ungated, relu>, activation = always, input_scale = 2.0>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// Gate rows stay before up rows.
// CHECK-LABEL: func.func @neighbouring_classes_merge_half_by_half
func.func @neighbouring_classes_merge_half_by_half(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK-DAG: moe_support.weight #moe_support.reshape<#moe_support.concat<[#moe_support.reshape<#moe_support.transpose<#moe_support.external<"a.bin", 0> : tensor<2x2x1x4xf32>, [1, 0, 2, 3]> : tensor<2x2x1x4xf32>> : tensor<2x2x4xf32>, #moe_support.external<"b.bin", 0> : tensor<2x3x4xf32>], 1> : tensor<2x5x4xf32>> : tensor<1x10x4xf32>
  // CHECK-DAG: moe_support.weight #moe_support.reshape<#moe_support.concat<[#moe_support.reshape<#moe_support.transpose<#moe_support.external<"ab.bin", 0> : tensor<2x2x1xf32>, [1, 0, 2]> : tensor<2x2x1xf32>> : tensor<2x2xf32>, #moe_support.external<"bb.bin", 0> : tensor<2x3xf32>], 1> : tensor<2x5xf32>> : tensor<1x10xf32>
  // CHECK: moe.experts %{{.*}} <ffn, 1, width = 5, body = <gated, silu, bias = [gate, up], storage = concat_gate_up>, activation = always>]>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %a = moe_support.weight #moe_support.external<"a.bin", 0> : tensor<2x2x4xf32>
  %ab = moe_support.weight #moe_support.external<"ab.bin", 0> : tensor<2x2xf32>
  %ad = moe_support.weight #moe_support.external<"ad.bin", 0> : tensor<2x4x1xf32>
  %b = moe_support.weight #moe_support.external<"b.bin", 0> : tensor<1x6x4xf32>
  %bb = moe_support.weight #moe_support.external<"bb.bin", 0> : tensor<1x6xf32>
  %bd = moe_support.weight #moe_support.external<"bd.bin", 0> : tensor<1x4x3xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>, always = 3>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>, always = 3> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{always-on experts become one wider expert}}
  %h = moe.experts %r, %p (%u, %d, %a, %ab, %ad, %b, %bb, %bd : tensor<2x3x4xf32>, tensor<2x4x3xf32>, tensor<2x2x4xf32>, tensor<2x2xf32>, tensor<2x4x1xf32>, tensor<1x6x4xf32>, tensor<1x6xf32>, tensor<1x4x3xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>, <ffn, 2, width = 1, body = <gated, silu, bias = [gate, up], storage = concat_gate_up>, activation = always>, <ffn, 1, width = 3, body = <gated, silu, bias = [gate, up], storage = concat_gate_up>, activation = always>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 3> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 3>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @interleaved_rows_stay_interleaved
func.func @interleaved_rows_stay_interleaved(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK-DAG: moe_support.weight #moe_support.reshape<#moe_support.concat<[#moe_support.external<"a.bin", 0> : tensor<4x4xf32>, #moe_support.external<"b.bin", 0> : tensor<6x4xf32>], 0> : tensor<10x4xf32>> : tensor<1x10x4xf32>
  // CHECK: moe.experts %{{.*}} <ffn, 1, width = 5, body = <gated, silu, bias = [gate, up], storage = interleaved>, activation = always>]>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %a = moe_support.weight #moe_support.external<"a.bin", 0> : tensor<2x2x4xf32>
  %ab = moe_support.weight #moe_support.external<"ab.bin", 0> : tensor<2x2xf32>
  %ad = moe_support.weight #moe_support.external<"ad.bin", 0> : tensor<2x4x1xf32>
  %b = moe_support.weight #moe_support.external<"b.bin", 0> : tensor<1x6x4xf32>
  %bb = moe_support.weight #moe_support.external<"bb.bin", 0> : tensor<1x6xf32>
  %bd = moe_support.weight #moe_support.external<"bd.bin", 0> : tensor<1x4x3xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>, always = 3>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>, always = 3> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{always-on experts become one wider expert}}
  %h = moe.experts %r, %p (%u, %d, %a, %ab, %ad, %b, %bb, %bd : tensor<2x3x4xf32>, tensor<2x4x3xf32>, tensor<2x2x4xf32>, tensor<2x2xf32>, tensor<2x4x1xf32>, tensor<1x6x4xf32>, tensor<1x6xf32>, tensor<1x4x3xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>, <ffn, 2, width = 1, body = <gated, silu, bias = [gate, up], storage = interleaved>, activation = always>, <ffn, 1, width = 3, body = <gated, silu, bias = [gate, up], storage = interleaved>, activation = always>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 3> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 3>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// (C9): not with two bodies
// CHECK-LABEL: func.func @not_of_two_bodies
func.func @not_of_two_bodies(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}} <ffn, 1, width = 5, body = <ungated, relu>, activation = always>, <ffn, 1, width = 5, body = <ungated, silu>, activation = always>]>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %su = moe_support.weight #moe_support.external<"su.bin", 0> : tensor<1x5x4xf32>
  %sd = moe_support.weight #moe_support.external<"sd.bin", 0> : tensor<1x4x5xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>, always = 2>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d, %su, %sd, %su, %sd : tensor<2x3x4xf32>, tensor<2x4x3xf32>, tensor<1x5x4xf32>, tensor<1x4x5xf32>, tensor<1x5x4xf32>, tensor<1x4x5xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>, <ffn, 1, width = 5, body = <ungated, relu>, activation = always>, <ffn, 1, width = 5, body = <ungated, silu>, activation = always>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// (C9): not with gated experts
// CHECK-LABEL: func.func @not_where_always_on_experts_have_weights
func.func @not_where_always_on_experts_have_weights(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>, %a: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}} <ffn, 2, width = 5, body = <ungated, relu>, activation = always>]>
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

// CHECK-LABEL: func.func @not_with_down_biases
func.func @not_with_down_biases(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}} <ffn, 2, width = 5, body = <ungated, relu, bias = [down]>, activation = always>]>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %su = moe_support.weight #moe_support.external<"su.bin", 0> : tensor<2x5x4xf32>
  %sd = moe_support.weight #moe_support.external<"sd.bin", 0> : tensor<2x4x5xf32>
  %sb = moe_support.weight #moe_support.external<"sb.bin", 0> : tensor<2x4xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>, always = 2>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{down biases would have to be added}}
  %h = moe.experts %r, %p (%u, %d, %su, %sd, %sb : tensor<2x3x4xf32>, tensor<2x4x3xf32>, tensor<2x5x4xf32>, tensor<2x4x5xf32>, tensor<2x4xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>, <ffn, 2, width = 5, body = <ungated, relu, bias = [down]>, activation = always>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_where_parameters_are_no_constants
func.func @not_where_parameters_are_no_constants(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>, %sd: tensor<2x4x5xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}} <ffn, 2, width = 5, body = <ungated, relu>, activation = always>]>
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
  // CHECK: moe.experts %{{.*}} <ffn, 2, width = 5, body = <ungated, relu>, activation = always>]>
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

// -----

// (C9): fires
// CHECK-LABEL: func.func @two_ops_become_one
func.func @two_ops_become_one(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK-DAG: %[[U:.*]] = moe_support.weight #moe_support.concat<[#moe_support.external<"au.bin", 0> : tensor<5x4xf32>, #moe_support.external<"bu.bin", 0> : tensor<7x4xf32>], 0> : tensor<12x4xf32>
  // CHECK-DAG: %[[D:.*]] = moe_support.weight #moe_support.concat<[#moe_support.external<"ad.bin", 0> : tensor<4x5xf32>, #moe_support.external<"bd.bin", 0> : tensor<4x7xf32>], 1> : tensor<4x12xf32>
  // CHECK: %[[F:.*]] = moe.ffn %{{.*}}(%[[U]], %[[D]] : {{.*}}) body <ungated, relu>
  // CHECK-NOT: moe.ffn
  // CHECK: return %[[F]]
  %au = moe_support.weight #moe_support.external<"au.bin", 0> : tensor<5x4xf32>
  %ad = moe_support.weight #moe_support.external<"ad.bin", 0> : tensor<4x5xf32>
  %bu = moe_support.weight #moe_support.external<"bu.bin", 0> : tensor<7x4xf32>
  %bd = moe_support.weight #moe_support.external<"bd.bin", 0> : tensor<4x7xf32>
  %a = moe.ffn %x (%au, %ad : tensor<5x4xf32>, tensor<4x5xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  %b = moe.ffn %x (%bu, %bd : tensor<7x4xf32>, tensor<4x7xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  // expected-remark @+1 {{shared experts become one wider expert}}
  %s = arith.addf %a, %b : tensor<?x4xf32>
  return %s : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @two_ops_added_one_by_one_become_one
func.func @two_ops_added_one_by_one_become_one(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK-DAG: %[[U:.*]] = moe_support.weight #moe_support.concat<[#moe_support.external<"au.bin", 0> : tensor<5x4xf32>, #moe_support.external<"bu.bin", 0> : tensor<7x4xf32>], 0> : tensor<12x4xf32>
  // CHECK-DAG: %[[D:.*]] = moe_support.weight #moe_support.concat<[#moe_support.external<"ad.bin", 0> : tensor<4x5xf32>, #moe_support.external<"bd.bin", 0> : tensor<4x7xf32>], 1> : tensor<4x12xf32>
  // CHECK: %[[F:.*]] = moe.ffn %{{.*}}(%[[U]], %[[D]] : {{.*}}) body <ungated, relu>
  // CHECK-NOT: moe.ffn
  // CHECK: %[[S:.*]] = arith.addf %{{.*}}, %[[F]]
  // CHECK: return %[[S]]
  %au = moe_support.weight #moe_support.external<"au.bin", 0> : tensor<5x4xf32>
  %ad = moe_support.weight #moe_support.external<"ad.bin", 0> : tensor<4x5xf32>
  %bu = moe_support.weight #moe_support.external<"bu.bin", 0> : tensor<7x4xf32>
  %bd = moe_support.weight #moe_support.external<"bd.bin", 0> : tensor<4x7xf32>
  %a = moe.ffn %x (%au, %ad : tensor<5x4xf32>, tensor<4x5xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  %b = moe.ffn %x (%bu, %bd : tensor<7x4xf32>, tensor<4x7xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  %t = arith.addf %y, %a : tensor<?x4xf32>
  // expected-remark @+1 {{shared experts become one wider expert}}
  %s = arith.addf %t, %b : tensor<?x4xf32>
  return %s : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @sums_of_the_graph_level_are_sums_too
func.func @sums_of_the_graph_level_are_sums_too(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK-DAG: %[[U:.*]] = moe_support.weight #moe_support.concat<[#moe_support.external<"au.bin", 0> : tensor<5x4xf32>, #moe_support.external<"bu.bin", 0> : tensor<7x4xf32>], 0> : tensor<12x4xf32>
  // CHECK-DAG: %[[D:.*]] = moe_support.weight #moe_support.concat<[#moe_support.external<"ad.bin", 0> : tensor<4x5xf32>, #moe_support.external<"bd.bin", 0> : tensor<4x7xf32>], 1> : tensor<4x12xf32>
  // CHECK: %[[F:.*]] = moe.ffn %{{.*}}(%[[U]], %[[D]] : {{.*}}) body <ungated, relu>
  // CHECK-NOT: moe.ffn
  // CHECK: %[[S:.*]] = stablehlo.add %{{.*}}, %[[F]]
  // CHECK: return %[[S]]
  %au = moe_support.weight #moe_support.external<"au.bin", 0> : tensor<5x4xf32>
  %ad = moe_support.weight #moe_support.external<"ad.bin", 0> : tensor<4x5xf32>
  %bu = moe_support.weight #moe_support.external<"bu.bin", 0> : tensor<7x4xf32>
  %bd = moe_support.weight #moe_support.external<"bd.bin", 0> : tensor<4x7xf32>
  %a = moe.ffn %x (%au, %ad : tensor<5x4xf32>, tensor<4x5xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  %b = moe.ffn %x (%bu, %bd : tensor<7x4xf32>, tensor<4x7xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  %t = stablehlo.add %y, %a : tensor<?x4xf32>
  // expected-remark @+1 {{shared experts become one wider expert}}
  %s = stablehlo.add %t, %b : tensor<?x4xf32>
  return %s : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_of_two_inputs
func.func @not_of_two_inputs(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.ffn
  // CHECK: moe.ffn
  %au = moe_support.weight #moe_support.external<"au.bin", 0> : tensor<5x4xf32>
  %ad = moe_support.weight #moe_support.external<"ad.bin", 0> : tensor<4x5xf32>
  %bu = moe_support.weight #moe_support.external<"bu.bin", 0> : tensor<7x4xf32>
  %bd = moe_support.weight #moe_support.external<"bd.bin", 0> : tensor<4x7xf32>
  %a = moe.ffn %x (%au, %ad : tensor<5x4xf32>, tensor<4x5xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  %b = moe.ffn %y (%bu, %bd : tensor<7x4xf32>, tensor<4x7xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  %s = arith.addf %a, %b : tensor<?x4xf32>
  return %s : tensor<?x4xf32>
}

// -----

// (C9): not with two bodies
// CHECK-LABEL: func.func @not_of_two_ops_of_two_bodies
func.func @not_of_two_ops_of_two_bodies(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.ffn
  // CHECK: moe.ffn
  %au = moe_support.weight #moe_support.external<"au.bin", 0> : tensor<5x4xf32>
  %ad = moe_support.weight #moe_support.external<"ad.bin", 0> : tensor<4x5xf32>
  %bu = moe_support.weight #moe_support.external<"bu.bin", 0> : tensor<7x4xf32>
  %bd = moe_support.weight #moe_support.external<"bd.bin", 0> : tensor<4x7xf32>
  %a = moe.ffn %x (%au, %ad : tensor<5x4xf32>, tensor<4x5xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  %b = moe.ffn %x (%bu, %bd : tensor<7x4xf32>, tensor<4x7xf32>) body <ungated, silu> : tensor<?x4xf32> -> tensor<?x4xf32>
  // expected-remark @+1 {{their bodies differ}}
  %s = arith.addf %a, %b : tensor<?x4xf32>
  return %s : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_where_an_op_has_other_users
func.func @not_where_an_op_has_other_users(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.ffn
  // CHECK: moe.ffn
  %au = moe_support.weight #moe_support.external<"au.bin", 0> : tensor<5x4xf32>
  %ad = moe_support.weight #moe_support.external<"ad.bin", 0> : tensor<4x5xf32>
  %bu = moe_support.weight #moe_support.external<"bu.bin", 0> : tensor<7x4xf32>
  %bd = moe_support.weight #moe_support.external<"bd.bin", 0> : tensor<4x7xf32>
  %a = moe.ffn %x (%au, %ad : tensor<5x4xf32>, tensor<4x5xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  %b = moe.ffn %x (%bu, %bd : tensor<7x4xf32>, tensor<4x7xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  // expected-remark @+1 {{an intermediate result has other users}}
  %s = arith.addf %a, %b : tensor<?x4xf32>
  %s2 = arith.mulf %s, %a : tensor<?x4xf32>
  return %s2 : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_where_the_inner_sum_has_other_users
func.func @not_where_the_inner_sum_has_other_users(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.ffn
  // CHECK: moe.ffn
  %au = moe_support.weight #moe_support.external<"au.bin", 0> : tensor<5x4xf32>
  %ad = moe_support.weight #moe_support.external<"ad.bin", 0> : tensor<4x5xf32>
  %bu = moe_support.weight #moe_support.external<"bu.bin", 0> : tensor<7x4xf32>
  %bd = moe_support.weight #moe_support.external<"bd.bin", 0> : tensor<4x7xf32>
  %a = moe.ffn %x (%au, %ad : tensor<5x4xf32>, tensor<4x5xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  %b = moe.ffn %x (%bu, %bd : tensor<7x4xf32>, tensor<4x7xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  %t = arith.addf %y, %a : tensor<?x4xf32>
  // expected-remark @+1 {{an intermediate result has other users}}
  %s = arith.addf %t, %b : tensor<?x4xf32>
  %s2 = arith.mulf %s, %t : tensor<?x4xf32>
  return %s2 : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_of_ops_with_down_biases
func.func @not_of_ops_with_down_biases(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>, %c: tensor<4xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.ffn
  // CHECK: moe.ffn
  %au = moe_support.weight #moe_support.external<"au.bin", 0> : tensor<5x4xf32>
  %ad = moe_support.weight #moe_support.external<"ad.bin", 0> : tensor<4x5xf32>
  %bu = moe_support.weight #moe_support.external<"bu.bin", 0> : tensor<7x4xf32>
  %bd = moe_support.weight #moe_support.external<"bd.bin", 0> : tensor<4x7xf32>
  %a = moe.ffn %x (%au, %ad, %c : tensor<5x4xf32>, tensor<4x5xf32>, tensor<4xf32>) body <ungated, relu, bias = [down]> : tensor<?x4xf32> -> tensor<?x4xf32>
  %b = moe.ffn %x (%bu, %bd, %c : tensor<7x4xf32>, tensor<4x7xf32>, tensor<4xf32>) body <ungated, relu, bias = [down]> : tensor<?x4xf32> -> tensor<?x4xf32>
  // expected-remark @+1 {{down biases would have to be added}}
  %s = arith.addf %a, %b : tensor<?x4xf32>
  return %s : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_of_ops_whose_parameters_are_no_constants
func.func @not_of_ops_whose_parameters_are_no_constants(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>, %bd: tensor<4x7xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.ffn
  // CHECK: moe.ffn
  %au = moe_support.weight #moe_support.external<"au.bin", 0> : tensor<5x4xf32>
  %ad = moe_support.weight #moe_support.external<"ad.bin", 0> : tensor<4x5xf32>
  %bu = moe_support.weight #moe_support.external<"bu.bin", 0> : tensor<7x4xf32>
  %a = moe.ffn %x (%au, %ad : tensor<5x4xf32>, tensor<4x5xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  %b = moe.ffn %x (%bu, %bd : tensor<7x4xf32>, tensor<4x7xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  // expected-remark @+1 {{its parameters are no constants}}
  %s = arith.addf %a, %b : tensor<?x4xf32>
  return %s : tensor<?x4xf32>
}
