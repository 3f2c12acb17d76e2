// Rewrites of ffn, zero, copy and constant classes leave other classes alone: C3, C9, C10, C19.
// RUN: moe-opt %s --moe-simplify-routing='shared=ffn storage=interleaved' --split-input-file --verify-diagnostics --remarks-filter='moe-simplify-routing' | FileCheck %s

// CHECK-LABEL: func.func @neither_storage_nor_shared_form_of_lora_changes
func.func @neither_storage_nor_shared_form_of_lora_changes(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}} table <[<lora, 3, width = 6, body = <gated, silu>, targets = [down], rank = 2>, <lora, 1, width = 6, body = <gated, silu>, activation = always, targets = [down], rank = 2>, <lora, 2, width = 6, body = <gated, silu>, activation = always, targets = [down], rank = 2>]>
  // CHECK-NOT: moe.ffn
  %w0_0 = moe_support.weight #moe_support.external<"w0_0.bin", 0> : tensor<6x4xf32>
  %w0_1 = moe_support.weight #moe_support.external<"w0_1.bin", 0> : tensor<6x4xf32>
  %w0_2 = moe_support.weight #moe_support.external<"w0_2.bin", 0> : tensor<4x6xf32>
  %w0_3 = moe_support.weight #moe_support.external<"w0_3.bin", 0> : tensor<3x4x2xf32>
  %w0_4 = moe_support.weight #moe_support.external<"w0_4.bin", 0> : tensor<3x2x6xf32>
  %w1_0 = moe_support.weight #moe_support.external<"w1_0.bin", 0> : tensor<6x4xf32>
  %w1_1 = moe_support.weight #moe_support.external<"w1_1.bin", 0> : tensor<6x4xf32>
  %w1_2 = moe_support.weight #moe_support.external<"w1_2.bin", 0> : tensor<4x6xf32>
  %w1_3 = moe_support.weight #moe_support.external<"w1_3.bin", 0> : tensor<1x4x2xf32>
  %w1_4 = moe_support.weight #moe_support.external<"w1_4.bin", 0> : tensor<1x2x6xf32>
  %w2_0 = moe_support.weight #moe_support.external<"w2_0.bin", 0> : tensor<6x4xf32>
  %w2_1 = moe_support.weight #moe_support.external<"w2_1.bin", 0> : tensor<6x4xf32>
  %w2_2 = moe_support.weight #moe_support.external<"w2_2.bin", 0> : tensor<4x6xf32>
  %w2_3 = moe_support.weight #moe_support.external<"w2_3.bin", 0> : tensor<2x4x2xf32>
  %w2_4 = moe_support.weight #moe_support.external<"w2_4.bin", 0> : tensor<2x2x6xf32>
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x3xf32> -> !moe.plan<3, slots<2>, always = 3>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<2>, always = 3> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{an always-on class is no ffn}}
  %h = moe.experts %r, %p (%w0_0, %w0_1, %w0_2, %w0_3, %w0_4, %w1_0, %w1_1, %w1_2, %w1_3, %w1_4, %w2_0, %w2_1, %w2_2, %w2_3, %w2_4 : tensor<6x4xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<3x4x2xf32>, tensor<3x2x6xf32>, tensor<6x4xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<1x4x2xf32>, tensor<1x2x6xf32>, tensor<6x4xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<2x4x2xf32>, tensor<2x2x6xf32>) table <[<lora, 3, width = 6, body = <gated, silu>, targets = [down], rank = 2>, <lora, 1, width = 6, body = <gated, silu>, activation = always, targets = [down], rank = 2>, <lora, 2, width = 6, body = <gated, silu>, activation = always, targets = [down], rank = 2>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>, always = 3> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>, always = 3>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
// -----

// CHECK-LABEL: func.func @neither_storage_nor_shared_form_of_film_changes
func.func @neither_storage_nor_shared_form_of_film_changes(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}} table <[<film, 3, width = 6, body = <gated, silu>>, <film, 1, width = 6, body = <gated, silu>, activation = always>]>
  // CHECK-NOT: moe.ffn
  %w0_0 = moe_support.weight #moe_support.external<"w0_0.bin", 0> : tensor<6x4xf32>
  %w0_1 = moe_support.weight #moe_support.external<"w0_1.bin", 0> : tensor<6x4xf32>
  %w0_2 = moe_support.weight #moe_support.external<"w0_2.bin", 0> : tensor<4x6xf32>
  %w0_3 = moe_support.weight #moe_support.external<"w0_3.bin", 0> : tensor<3x6xf32>
  %w0_4 = moe_support.weight #moe_support.external<"w0_4.bin", 0> : tensor<3x6xf32>
  %w1_0 = moe_support.weight #moe_support.external<"w1_0.bin", 0> : tensor<6x4xf32>
  %w1_1 = moe_support.weight #moe_support.external<"w1_1.bin", 0> : tensor<6x4xf32>
  %w1_2 = moe_support.weight #moe_support.external<"w1_2.bin", 0> : tensor<4x6xf32>
  %w1_3 = moe_support.weight #moe_support.external<"w1_3.bin", 0> : tensor<1x6xf32>
  %w1_4 = moe_support.weight #moe_support.external<"w1_4.bin", 0> : tensor<1x6xf32>
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x3xf32> -> !moe.plan<3, slots<2>, always = 1>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<2>, always = 1> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{an always-on class is no ffn}}
  %h = moe.experts %r, %p (%w0_0, %w0_1, %w0_2, %w0_3, %w0_4, %w1_0, %w1_1, %w1_2, %w1_3, %w1_4 : tensor<6x4xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<3x6xf32>, tensor<3x6xf32>, tensor<6x4xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<1x6xf32>, tensor<1x6xf32>) table <[<film, 3, width = 6, body = <gated, silu>>, <film, 1, width = 6, body = <gated, silu>, activation = always>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>, always = 1> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>, always = 1>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
// -----

// CHECK-LABEL: func.func @a_film_is_no_ffn_of_its_body
func.func @a_film_is_no_ffn_of_its_body(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}} table <[<lora, 3, width = 6, body = <gated, silu>, targets = [down], rank = 2>, <film, 1, width = 6, body = <gated, silu>, activation = always>, <film, 1, width = 6, body = <gated, silu>, activation = always>]>
  // CHECK-NOT: moe.ffn
  %w0_0 = moe_support.weight #moe_support.external<"w0_0.bin", 0> : tensor<6x4xf32>
  %w0_1 = moe_support.weight #moe_support.external<"w0_1.bin", 0> : tensor<6x4xf32>
  %w0_2 = moe_support.weight #moe_support.external<"w0_2.bin", 0> : tensor<4x6xf32>
  %w0_3 = moe_support.weight #moe_support.external<"w0_3.bin", 0> : tensor<3x4x2xf32>
  %w0_4 = moe_support.weight #moe_support.external<"w0_4.bin", 0> : tensor<3x2x6xf32>
  %w1_0 = moe_support.weight #moe_support.external<"w1_0.bin", 0> : tensor<6x4xf32>
  %w1_1 = moe_support.weight #moe_support.external<"w1_1.bin", 0> : tensor<6x4xf32>
  %w1_2 = moe_support.weight #moe_support.external<"w1_2.bin", 0> : tensor<4x6xf32>
  %w1_3 = moe_support.weight #moe_support.external<"w1_3.bin", 0> : tensor<1x6xf32>
  %w1_4 = moe_support.weight #moe_support.external<"w1_4.bin", 0> : tensor<1x6xf32>
  %w2_0 = moe_support.weight #moe_support.external<"w2_0.bin", 0> : tensor<6x4xf32>
  %w2_1 = moe_support.weight #moe_support.external<"w2_1.bin", 0> : tensor<6x4xf32>
  %w2_2 = moe_support.weight #moe_support.external<"w2_2.bin", 0> : tensor<4x6xf32>
  %w2_3 = moe_support.weight #moe_support.external<"w2_3.bin", 0> : tensor<1x6xf32>
  %w2_4 = moe_support.weight #moe_support.external<"w2_4.bin", 0> : tensor<1x6xf32>
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x3xf32> -> !moe.plan<3, slots<2>, always = 2>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<2>, always = 2> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{an always-on class is no ffn}}
  %h = moe.experts %r, %p (%w0_0, %w0_1, %w0_2, %w0_3, %w0_4, %w1_0, %w1_1, %w1_2, %w1_3, %w1_4, %w2_0, %w2_1, %w2_2, %w2_3, %w2_4 : tensor<6x4xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<3x4x2xf32>, tensor<3x2x6xf32>, tensor<6x4xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<1x6xf32>, tensor<1x6xf32>, tensor<6x4xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<1x6xf32>, tensor<1x6xf32>) table <[<lora, 3, width = 6, body = <gated, silu>, targets = [down], rank = 2>, <film, 1, width = 6, body = <gated, silu>, activation = always>, <film, 1, width = 6, body = <gated, silu>, activation = always>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>, always = 2> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>, always = 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
// -----

// CHECK-LABEL: func.func @only_trivial_classes_get_no_rows
func.func @only_trivial_classes_get_no_rows(%x: tensor<?x4xf32>, %z: tensor<?x5xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}} table <[<linear, 2, bias = true>, <value, 1>, <nested, 1, widths = [2]>, <neuron, 1, body = <ungated, relu>>]>
  // CHECK-NOT: moe.ffn
  %w0_0 = moe_support.weight #moe_support.external<"w0_0.bin", 0> : tensor<2x4x4xf32>
  %w0_1 = moe_support.weight #moe_support.external<"w0_1.bin", 0> : tensor<2x4xf32>
  %w1_0 = moe_support.weight #moe_support.external<"w1_0.bin", 0> : tensor<1x4xf32>
  %w2_0 = moe_support.weight #moe_support.external<"w2_0.bin", 0> : tensor<4x4xf32>
  %w3_0 = moe_support.weight #moe_support.external<"w3_0.bin", 0> : tensor<1x4xf32>
  %w3_1 = moe_support.weight #moe_support.external<"w3_1.bin", 0> : tensor<1x4xf32>
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x5xf32> -> !moe.plan<5, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<5, slots<2>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%w0_0, %w0_1, %w1_0, %w2_0, %w3_0, %w3_1 : tensor<2x4x4xf32>, tensor<2x4xf32>, tensor<1x4xf32>, tensor<4x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>) table <[<linear, 2, bias = true>, <value, 1>, <nested, 1, widths = [2]>, <neuron, 1, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<5, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<5, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
