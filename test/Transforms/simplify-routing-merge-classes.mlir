// C9 merges neighbouring ffn classes of one body, and no others.
// RUN: moe-opt %s --moe-simplify-routing --split-input-file --verify-diagnostics --remarks-filter='moe-simplify-routing' | FileCheck %s

// CHECK-LABEL: func.func @an_ffn_and_a_film_do_not_merge
func.func @an_ffn_and_a_film_do_not_merge(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}} table <[<linear, 2, bias = true>, <ffn, 1, width = 6, body = <gated, silu>, activation = always>, <film, 1, width = 6, body = <gated, silu>, activation = always>, <ffn, 1, width = 6, body = <gated, silu>, activation = always>]>
  // CHECK-NOT: moe.ffn
  %w0_0 = moe_support.weight #moe_support.external<"w0_0.bin", 0> : tensor<2x4x4xf32>
  %w0_1 = moe_support.weight #moe_support.external<"w0_1.bin", 0> : tensor<2x4xf32>
  %w1_0 = moe_support.weight #moe_support.external<"w1_0.bin", 0> : tensor<1x6x4xf32>
  %w1_1 = moe_support.weight #moe_support.external<"w1_1.bin", 0> : tensor<1x6x4xf32>
  %w1_2 = moe_support.weight #moe_support.external<"w1_2.bin", 0> : tensor<1x4x6xf32>
  %w2_0 = moe_support.weight #moe_support.external<"w2_0.bin", 0> : tensor<6x4xf32>
  %w2_1 = moe_support.weight #moe_support.external<"w2_1.bin", 0> : tensor<6x4xf32>
  %w2_2 = moe_support.weight #moe_support.external<"w2_2.bin", 0> : tensor<4x6xf32>
  %w2_3 = moe_support.weight #moe_support.external<"w2_3.bin", 0> : tensor<1x6xf32>
  %w2_4 = moe_support.weight #moe_support.external<"w2_4.bin", 0> : tensor<1x6xf32>
  %w3_0 = moe_support.weight #moe_support.external<"w3_0.bin", 0> : tensor<1x6x4xf32>
  %w3_1 = moe_support.weight #moe_support.external<"w3_1.bin", 0> : tensor<1x6x4xf32>
  %w3_2 = moe_support.weight #moe_support.external<"w3_2.bin", 0> : tensor<1x4x6xf32>
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<2>, always = 3>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<2>, always = 3> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%w0_0, %w0_1, %w1_0, %w1_1, %w1_2, %w2_0, %w2_1, %w2_2, %w2_3, %w2_4, %w3_0, %w3_1, %w3_2 : tensor<2x4x4xf32>, tensor<2x4xf32>, tensor<1x6x4xf32>, tensor<1x6x4xf32>, tensor<1x4x6xf32>, tensor<6x4xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<1x6xf32>, tensor<1x6xf32>, tensor<1x6x4xf32>, tensor<1x6x4xf32>, tensor<1x4x6xf32>) table <[<linear, 2, bias = true>, <ffn, 1, width = 6, body = <gated, silu>, activation = always>, <film, 1, width = 6, body = <gated, silu>, activation = always>, <ffn, 1, width = 6, body = <gated, silu>, activation = always>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<2>, always = 3> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<2>, always = 3>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
// -----

// CHECK-LABEL: func.func @two_lora_classes_do_not_merge
func.func @two_lora_classes_do_not_merge(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}} table <[<linear, 2, bias = true>, <lora, 1, width = 6, body = <gated, silu>, activation = always, targets = [down], rank = 2>, <lora, 1, width = 6, body = <gated, silu>, activation = always, targets = [down], rank = 2>]>
  // CHECK-NOT: moe.ffn
  %w0_0 = moe_support.weight #moe_support.external<"w0_0.bin", 0> : tensor<2x4x4xf32>
  %w0_1 = moe_support.weight #moe_support.external<"w0_1.bin", 0> : tensor<2x4xf32>
  %w1_0 = moe_support.weight #moe_support.external<"w1_0.bin", 0> : tensor<6x4xf32>
  %w1_1 = moe_support.weight #moe_support.external<"w1_1.bin", 0> : tensor<6x4xf32>
  %w1_2 = moe_support.weight #moe_support.external<"w1_2.bin", 0> : tensor<4x6xf32>
  %w1_3 = moe_support.weight #moe_support.external<"w1_3.bin", 0> : tensor<1x4x2xf32>
  %w1_4 = moe_support.weight #moe_support.external<"w1_4.bin", 0> : tensor<1x2x6xf32>
  %w2_0 = moe_support.weight #moe_support.external<"w2_0.bin", 0> : tensor<6x4xf32>
  %w2_1 = moe_support.weight #moe_support.external<"w2_1.bin", 0> : tensor<6x4xf32>
  %w2_2 = moe_support.weight #moe_support.external<"w2_2.bin", 0> : tensor<4x6xf32>
  %w2_3 = moe_support.weight #moe_support.external<"w2_3.bin", 0> : tensor<1x4x2xf32>
  %w2_4 = moe_support.weight #moe_support.external<"w2_4.bin", 0> : tensor<1x2x6xf32>
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<2>, always = 2>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<2>, always = 2> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%w0_0, %w0_1, %w1_0, %w1_1, %w1_2, %w1_3, %w1_4, %w2_0, %w2_1, %w2_2, %w2_3, %w2_4 : tensor<2x4x4xf32>, tensor<2x4xf32>, tensor<6x4xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<1x4x2xf32>, tensor<1x2x6xf32>, tensor<6x4xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<1x4x2xf32>, tensor<1x2x6xf32>) table <[<linear, 2, bias = true>, <lora, 1, width = 6, body = <gated, silu>, activation = always, targets = [down], rank = 2>, <lora, 1, width = 6, body = <gated, silu>, activation = always, targets = [down], rank = 2>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<2>, always = 2> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<2>, always = 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
// -----

// CHECK-LABEL: func.func @ffn_classes_beside_others_merge
func.func @ffn_classes_beside_others_merge(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}} table <[<linear, 2, bias = true>, <ffn, 1, width = 12, body = <gated, silu>, activation = always>, <lora, 1, width = 6, body = <gated, silu>, activation = always, targets = [down], rank = 2>]>
  %w0_0 = moe_support.weight #moe_support.external<"w0_0.bin", 0> : tensor<2x4x4xf32>
  %w0_1 = moe_support.weight #moe_support.external<"w0_1.bin", 0> : tensor<2x4xf32>
  %w1_0 = moe_support.weight #moe_support.external<"w1_0.bin", 0> : tensor<1x6x4xf32>
  %w1_1 = moe_support.weight #moe_support.external<"w1_1.bin", 0> : tensor<1x6x4xf32>
  %w1_2 = moe_support.weight #moe_support.external<"w1_2.bin", 0> : tensor<1x4x6xf32>
  %w2_0 = moe_support.weight #moe_support.external<"w2_0.bin", 0> : tensor<1x6x4xf32>
  %w2_1 = moe_support.weight #moe_support.external<"w2_1.bin", 0> : tensor<1x6x4xf32>
  %w2_2 = moe_support.weight #moe_support.external<"w2_2.bin", 0> : tensor<1x4x6xf32>
  %w3_0 = moe_support.weight #moe_support.external<"w3_0.bin", 0> : tensor<6x4xf32>
  %w3_1 = moe_support.weight #moe_support.external<"w3_1.bin", 0> : tensor<6x4xf32>
  %w3_2 = moe_support.weight #moe_support.external<"w3_2.bin", 0> : tensor<4x6xf32>
  %w3_3 = moe_support.weight #moe_support.external<"w3_3.bin", 0> : tensor<1x4x2xf32>
  %w3_4 = moe_support.weight #moe_support.external<"w3_4.bin", 0> : tensor<1x2x6xf32>
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<2>, always = 3>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<2>, always = 3> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{always-on experts become one wider expert}}
  %h = moe.experts %r, %p (%w0_0, %w0_1, %w1_0, %w1_1, %w1_2, %w2_0, %w2_1, %w2_2, %w3_0, %w3_1, %w3_2, %w3_3, %w3_4 : tensor<2x4x4xf32>, tensor<2x4xf32>, tensor<1x6x4xf32>, tensor<1x6x4xf32>, tensor<1x4x6xf32>, tensor<1x6x4xf32>, tensor<1x6x4xf32>, tensor<1x4x6xf32>, tensor<6x4xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<1x4x2xf32>, tensor<1x2x6xf32>) table <[<linear, 2, bias = true>, <ffn, 1, width = 6, body = <gated, silu>, activation = always>, <ffn, 1, width = 6, body = <gated, silu>, activation = always>, <lora, 1, width = 6, body = <gated, silu>, activation = always, targets = [down], rank = 2>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<2>, always = 3> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<2>, always = 3>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
