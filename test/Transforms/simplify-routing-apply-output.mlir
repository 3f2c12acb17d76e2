// C8: the weights multiply the output instead of the hidden vector.
// RUN: moe-opt %s --moe-simplify-routing=apply=output --verify-diagnostics --remarks-filter='moe-simplify-routing' | FileCheck %s

// CHECK-LABEL: func.func @weights_move_to_the_output
func.func @weights_move_to_the_output(%p: !moe.plan<2, slots<1>>, %x: tensor<?x4xf32>, %u: tensor<2x3x4xf32>, %d: tensor<2x4x3xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.dispatch %{{.*}} apply <output>
  // CHECK: moe.experts %{{.*}} apply <output>
  // CHECK: moe.combine %{{.*}} apply <output>
  %r = moe.dispatch %x, %p apply <hidden> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<2x3x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>]> apply <hidden> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{weights multiply the output}}
  %y = moe.combine %h, %p, %x apply <hidden> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
