// moe-reduce takes out what only passes values on, and the contents of weights: of two layers stays what makes the experts of one.
// RUN: moe-reduce %s --reduction-tree='traversal-mode=0 test=%S/Inputs/holds-gated-experts' -o %t
// RUN: FileCheck %s < %t --implicit-check-not=moe.combine --implicit-check-not=moe.logits --implicit-check-not=stablehlo. --implicit-check-not=external

// CHECK: moe_support.weight dense<0.000000e+00>
// CHECK: moe_support.weight dense<0.000000e+00>
// CHECK: moe.route
// CHECK: moe.dispatch
// CHECK: moe.experts {{.*}}gated
// CHECK: return
func.func @main(%x: tensor<?x64xf32>, %gain: tensor<64xf32>) -> (tensor<?x64xf32>, tensor<?x8xf32>) {
  %router = moe_support.weight #moe_support.external<"gone.weights", 0> : tensor<8x64xf32>
  %up = moe_support.weight #moe_support.external<"gone.weights", 4096> : tensor<8x16x64xf32>
  %down = moe_support.weight #moe_support.external<"gone.weights", 65536> : tensor<8x64x16xf32>
  %gate_up = moe_support.weight #moe_support.external<"gone.weights", 131072> : tensor<8x32x64xf32>
  %scaled = chlo.broadcast_multiply %x, %gain : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32>
  %z0 = moe.logits %scaled, %router : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  %p0 = moe.route %z0 score <softmax> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r0 = moe.dispatch %scaled, %p0 apply <output> : tensor<?x64xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  %h0 = moe.experts %r0, %p0 (%up, %down : tensor<8x16x64xf32>, tensor<8x64x16xf32>) table <[<ffn, 8, width = 16, body = <ungated, relu>>]> apply <output>
    : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  %y0 = moe.combine %h0, %p0, %scaled apply <output> residual <none> order <expert_asc>
    : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>>, tensor<?x64xf32> -> tensor<?x64xf32>
  %s0 = stablehlo.add %x, %y0 : tensor<?x64xf32>
  %t0 = stablehlo.tanh %s0 : tensor<?x64xf32>
  %z1 = moe.logits %t0, %router : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  %p1 = moe.route %z1 score <softmax> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r1 = moe.dispatch %t0, %p1 apply <output> : tensor<?x64xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  %h1 = moe.experts %r1, %p1 (%gate_up, %down : tensor<8x32x64xf32>, tensor<8x64x16xf32>) table <[<ffn, 8, width = 16, body = <gated, silu, storage = concat_gate_up>>]> apply <output>
    : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  %y1 = moe.combine %h1, %p1, %t0 apply <output> residual <none> order <expert_asc>
    : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>>, tensor<?x64xf32> -> tensor<?x64xf32>
  %s1 = stablehlo.add %s0, %y1 : tensor<?x64xf32>
  return %s1, %z1 : tensor<?x64xf32>, tensor<?x8xf32>
}
