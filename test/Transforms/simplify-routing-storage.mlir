// C19: gate and up matrices change their layout, by weight expressions alone.
// RUN: moe-opt %s --moe-simplify-routing=storage=interleaved --split-input-file --verify-diagnostics --remarks-filter='moe-simplify-routing' | FileCheck %s

// (C19): fires
// CHECK-LABEL: func.func @two_matrices_interleave
func.func @two_matrices_interleave(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK-DAG: %[[F:.*]] = moe_support.weight #moe_support.reshape<#moe_support.concat<[#moe_support.external<"g.bin", 0> : tensor<2x3x1x4xf32>, #moe_support.external<"u.bin", 0> : tensor<2x3x1x4xf32>], 2> : tensor<2x3x2x4xf32>> : tensor<2x6x4xf32>
  // CHECK-DAG: %[[B:.*]] = moe_support.weight #moe_support.reshape<#moe_support.concat<[#moe_support.external<"gb.bin", 0> : tensor<2x3x1xf32>, #moe_support.external<"ub.bin", 0> : tensor<2x3x1xf32>], 2> : tensor<2x3x2xf32>> : tensor<2x6xf32>
  // CHECK-DAG: %[[D:.*]] = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  // CHECK: moe.experts %{{.*}}(%[[F]], %[[B]], %[[D]] : tensor<2x6x4xf32>, tensor<2x6xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <gated, silu, bias = [gate, up], storage = interleaved>>]>
  %g = moe_support.weight #moe_support.external<"g.bin", 0> : tensor<2x3x4xf32>
  %gb = moe_support.weight #moe_support.external<"gb.bin", 0> : tensor<2x3xf32>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %ub = moe_support.weight #moe_support.external<"ub.bin", 0> : tensor<2x3xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{gate and up matrices change their layout}}
  %h = moe.experts %r, %p (%g, %gb, %u, %ub, %d : tensor<2x3x4xf32>, tensor<2x3xf32>, tensor<2x3x4xf32>, tensor<2x3xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <gated, silu, bias = [gate, up]>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @gate_rows_then_up_rows_interleave
func.func @gate_rows_then_up_rows_interleave(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe_support.weight #moe_support.reshape<#moe_support.concat<[#moe_support.reshape<#moe_support.slice<#moe_support.external<"f.bin", 0> : tensor<2x6x4xf32>, [0, 0, 0], [1, 1, 1]> : tensor<2x3x4xf32>> : tensor<2x3x1x4xf32>, #moe_support.reshape<#moe_support.slice<#moe_support.external<"f.bin", 0> : tensor<2x6x4xf32>, [0, 3, 0], [1, 1, 1]> : tensor<2x3x4xf32>> : tensor<2x3x1x4xf32>], 2> : tensor<2x3x2x4xf32>> : tensor<2x6x4xf32>
  // CHECK: moe.experts %{{.*}} body = <gated, silu, storage = interleaved>
  %f = moe_support.weight #moe_support.external<"f.bin", 0> : tensor<2x6x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{gate and up matrices change their layout}}
  %h = moe.experts %r, %p (%f, %d : tensor<2x6x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <gated, silu, storage = concat_gate_up>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @other_fields_of_a_class_stay
func.func @other_fields_of_a_class_stay(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe_support.weight #moe_support.reshape<#moe_support.concat<[#moe_support.reshape<#moe_support.slice<#moe_support.external<"f.bin", 0> : tensor<2x6x4xf32>, [0, 0, 0], [1, 1, 1]> : tensor<2x3x4xf32>> : tensor<2x3x1x4xf32>, #moe_support.reshape<#moe_support.slice<#moe_support.external<"f.bin", 0> : tensor<2x6x4xf32>, [0, 3, 0], [1, 1, 1]> : tensor<2x3x4xf32>> : tensor<2x3x1x4xf32>], 2> : tensor<2x3x2x4xf32>> : tensor<2x6x4xf32>
  // CHECK: moe.experts %{{.*}} body = <gated, silu, storage = interleaved>, input_scale = 2.000000e+00, placement = [1]>]>
  %f = moe_support.weight #moe_support.external<"f.bin", 0> : tensor<2x6x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{gate and up matrices change their layout}}
  %h = moe.experts %r, %p (%f, %d : tensor<2x6x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <gated, silu, storage = concat_gate_up>, input_scale = 2.000000e+00, placement = [1]>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @up_rows_then_gate_rows_interleave
func.func @up_rows_then_gate_rows_interleave(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe_support.weight #moe_support.reshape<#moe_support.concat<[#moe_support.reshape<#moe_support.slice<#moe_support.external<"f.bin", 0> : tensor<2x6x4xf32>, [0, 3, 0], [1, 1, 1]> : tensor<2x3x4xf32>> : tensor<2x3x1x4xf32>, #moe_support.reshape<#moe_support.slice<#moe_support.external<"f.bin", 0> : tensor<2x6x4xf32>, [0, 0, 0], [1, 1, 1]> : tensor<2x3x4xf32>> : tensor<2x3x1x4xf32>], 2> : tensor<2x3x2x4xf32>> : tensor<2x6x4xf32>
  // CHECK: moe.experts %{{.*}} body = <gated, silu, storage = interleaved>
  %f = moe_support.weight #moe_support.external<"f.bin", 0> : tensor<2x6x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{gate and up matrices change their layout}}
  %h = moe.experts %r, %p (%f, %d : tensor<2x6x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <gated, silu, storage = concat_up_gate>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @interleaved_rows_stay
func.func @interleaved_rows_stay(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe_support.weight #moe_support.external<"f.bin", 0> : tensor<2x6x4xf32>
  // CHECK: moe.experts %{{.*}} body = <gated, silu, storage = interleaved>
  %f = moe_support.weight #moe_support.external<"f.bin", 0> : tensor<2x6x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%f, %d : tensor<2x6x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <gated, silu, storage = interleaved>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_of_an_ungated_body
func.func @not_of_an_ungated_body(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}} body = <ungated, relu>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<2x3x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_where_one_of_gate_and_up_has_a_bias
func.func @not_where_one_of_gate_and_up_has_a_bias(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}} body = <gated, silu, bias = [gate]>
  %g = moe_support.weight #moe_support.external<"g.bin", 0> : tensor<2x3x4xf32>
  %gb = moe_support.weight #moe_support.external<"gb.bin", 0> : tensor<2x3xf32>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{one of gate and up has a bias}}
  %h = moe.experts %r, %p (%g, %gb, %u, %d : tensor<2x3x4xf32>, tensor<2x3xf32>, tensor<2x3x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <gated, silu, bias = [gate]>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_where_parameters_are_no_constants
func.func @not_where_parameters_are_no_constants(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>, %u: tensor<2x3x4xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}} body = <gated, silu>
  %g = moe_support.weight #moe_support.external<"g.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{its parameters are no constants}}
  %h = moe.experts %r, %p (%g, %u, %d : tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @the_matrices_of_an_op_interleave
func.func @the_matrices_of_an_op_interleave(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK-DAG: %[[F:.*]] = moe_support.weight #moe_support.reshape<#moe_support.concat<[#moe_support.external<"g.bin", 0> : tensor<3x1x4xf32>, #moe_support.external<"u.bin", 0> : tensor<3x1x4xf32>], 1> : tensor<3x2x4xf32>> : tensor<6x4xf32>
  // CHECK-DAG: %[[D:.*]] = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<4x3xf32>
  // CHECK: moe.ffn %{{.*}}(%[[F]], %[[D]] : tensor<6x4xf32>, tensor<4x3xf32>) body <gated, silu, storage = interleaved>
  %g = moe_support.weight #moe_support.external<"g.bin", 0> : tensor<3x4xf32>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<4x3xf32>
  // expected-remark @+1 {{gate and up matrices change their layout}}
  %y = moe.ffn %x (%g, %u, %d : tensor<3x4xf32>, tensor<3x4xf32>, tensor<4x3xf32>) body <gated, silu> : tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_of_an_op_whose_parameters_are_no_constants
func.func @not_of_an_op_whose_parameters_are_no_constants(%x: tensor<?x4xf32>, %u: tensor<3x4xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.ffn %{{.*}} body <gated, silu>
  %g = moe_support.weight #moe_support.external<"g.bin", 0> : tensor<3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<4x3xf32>
  // expected-remark @+1 {{its parameters are no constants}}
  %y = moe.ffn %x (%g, %u, %d : tensor<3x4xf32>, tensor<3x4xf32>, tensor<4x3xf32>) body <gated, silu> : tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
