// C19: joint gate and up matrices become two.
// RUN: moe-opt %s --moe-simplify-routing=storage=split --split-input-file --verify-diagnostics --remarks-filter='moe-simplify-routing' | FileCheck %s

// (C19): fires
// CHECK-LABEL: func.func @interleaved_rows_split
func.func @interleaved_rows_split(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK-DAG: %[[G:.*]] = moe_support.weight #moe_support.slice<#moe_support.external<"f.bin", 0> : tensor<2x6x4xf32>, [0, 0, 0], [1, 2, 1]> : tensor<2x3x4xf32>
  // CHECK-DAG: %[[GB:.*]] = moe_support.weight #moe_support.slice<#moe_support.external<"b.bin", 0> : tensor<2x6xf32>, [0, 0], [1, 2]> : tensor<2x3xf32>
  // CHECK-DAG: %[[U:.*]] = moe_support.weight #moe_support.slice<#moe_support.external<"f.bin", 0> : tensor<2x6x4xf32>, [0, 1, 0], [1, 2, 1]> : tensor<2x3x4xf32>
  // CHECK-DAG: %[[UB:.*]] = moe_support.weight #moe_support.slice<#moe_support.external<"b.bin", 0> : tensor<2x6xf32>, [0, 1], [1, 2]> : tensor<2x3xf32>
  // CHECK: moe.experts %{{.*}}(%[[G]], %[[GB]], %[[U]], %[[UB]], %{{.*}} body = <gated, silu, bias = [gate, up]>
  %f = moe_support.weight #moe_support.external<"f.bin", 0> : tensor<2x6x4xf32>
  %b = moe_support.weight #moe_support.external<"b.bin", 0> : tensor<2x6xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{gate and up matrices change their layout}}
  %h = moe.experts %r, %p (%f, %b, %d : tensor<2x6x4xf32>, tensor<2x6xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <gated, silu, bias = [gate, up], storage = interleaved>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @gate_rows_then_up_rows_split
func.func @gate_rows_then_up_rows_split(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK-DAG: %[[G:.*]] = moe_support.weight #moe_support.slice<#moe_support.external<"f.bin", 0> : tensor<2x6x4xf32>, [0, 0, 0], [1, 1, 1]> : tensor<2x3x4xf32>
  // CHECK-DAG: %[[GB:.*]] = moe_support.weight #moe_support.slice<#moe_support.external<"b.bin", 0> : tensor<2x6xf32>, [0, 0], [1, 1]> : tensor<2x3xf32>
  // CHECK-DAG: %[[U:.*]] = moe_support.weight #moe_support.slice<#moe_support.external<"f.bin", 0> : tensor<2x6x4xf32>, [0, 3, 0], [1, 1, 1]> : tensor<2x3x4xf32>
  // CHECK-DAG: %[[UB:.*]] = moe_support.weight #moe_support.slice<#moe_support.external<"b.bin", 0> : tensor<2x6xf32>, [0, 3], [1, 1]> : tensor<2x3xf32>
  // CHECK: moe.experts %{{.*}}(%[[G]], %[[GB]], %[[U]], %[[UB]], %{{.*}} body = <gated, silu, bias = [gate, up]>
  %f = moe_support.weight #moe_support.external<"f.bin", 0> : tensor<2x6x4xf32>
  %b = moe_support.weight #moe_support.external<"b.bin", 0> : tensor<2x6xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{gate and up matrices change their layout}}
  %h = moe.experts %r, %p (%f, %b, %d : tensor<2x6x4xf32>, tensor<2x6xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <gated, silu, bias = [gate, up], storage = concat_gate_up>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @up_rows_then_gate_rows_split
func.func @up_rows_then_gate_rows_split(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK-DAG: %[[G:.*]] = moe_support.weight #moe_support.slice<#moe_support.external<"f.bin", 0> : tensor<2x6x4xf32>, [0, 3, 0], [1, 1, 1]> : tensor<2x3x4xf32>
  // CHECK-DAG: %[[GB:.*]] = moe_support.weight #moe_support.slice<#moe_support.external<"b.bin", 0> : tensor<2x6xf32>, [0, 3], [1, 1]> : tensor<2x3xf32>
  // CHECK-DAG: %[[U:.*]] = moe_support.weight #moe_support.slice<#moe_support.external<"f.bin", 0> : tensor<2x6x4xf32>, [0, 0, 0], [1, 1, 1]> : tensor<2x3x4xf32>
  // CHECK-DAG: %[[UB:.*]] = moe_support.weight #moe_support.slice<#moe_support.external<"b.bin", 0> : tensor<2x6xf32>, [0, 0], [1, 1]> : tensor<2x3xf32>
  // CHECK: moe.experts %{{.*}}(%[[G]], %[[GB]], %[[U]], %[[UB]], %{{.*}} body = <gated, silu, bias = [gate, up]>
  %f = moe_support.weight #moe_support.external<"f.bin", 0> : tensor<2x6x4xf32>
  %b = moe_support.weight #moe_support.external<"b.bin", 0> : tensor<2x6xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{gate and up matrices change their layout}}
  %h = moe.experts %r, %p (%f, %b, %d : tensor<2x6x4xf32>, tensor<2x6xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <gated, silu, bias = [gate, up], storage = concat_up_gate>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
