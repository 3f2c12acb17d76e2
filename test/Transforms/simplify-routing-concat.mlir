// C19: gate and up rows one after the other, and back to where they were.
// RUN: moe-opt %s --moe-simplify-routing=storage=concat_gate_up | FileCheck %s --check-prefixes=CHECK,GU
// RUN: moe-opt %s --moe-simplify-routing=storage=concat_up_gate | FileCheck %s --check-prefixes=CHECK,UG
// RUN: moe-opt %s --moe-simplify-routing=storage=concat_gate_up --moe-simplify-routing=storage=split | FileCheck %s --check-prefix=BACK

// (C19): fires
// CHECK-LABEL: func.func @two_matrices_concatenate
// BACK-LABEL: func.func @two_matrices_concatenate
func.func @two_matrices_concatenate(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // GU: moe_support.weight #moe_support.concat<[#moe_support.external<"g.bin", 0> : tensor<2x3x4xf32>, #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>], 1> : tensor<2x6x4xf32>
  // GU: body = <gated, silu, storage = concat_gate_up>
  // UG: moe_support.weight #moe_support.concat<[#moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>, #moe_support.external<"g.bin", 0> : tensor<2x3x4xf32>], 1> : tensor<2x6x4xf32>
  // UG: body = <gated, silu, storage = concat_up_gate>
  // BACK-DAG: %[[G:.*]] = moe_support.weight #moe_support.external<"g.bin", 0> : tensor<2x3x4xf32>
  // BACK-DAG: %[[U:.*]] = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  // BACK: moe.experts %{{.*}}(%[[G]], %[[U]], %{{.*}} body = <gated, silu>
  %g = moe_support.weight #moe_support.external<"g.bin", 0> : tensor<2x3x4xf32>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%g, %u, %d : tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
