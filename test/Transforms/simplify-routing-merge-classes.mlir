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

// -----

// CHECK-LABEL: func.func @stored_classes_merge_with_what_stores_them
func.func @stored_classes_merge_with_what_stores_them(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK-DAG: %[[FQ:.*]] = moe_support.weight #moe_support.reshape<#moe_support.concat<[#moe_support.external<"fq.bin", 0> : tensor<2x2x4xi8>, #moe_support.external<"gq.bin", 0> : tensor<2x4x4xi8>], 1> : tensor<2x6x4xi8>> : tensor<1x12x4xi8>
  // CHECK-DAG: %[[FS:.*]] = moe_support.weight #moe_support.reshape<#moe_support.concat<[#moe_support.external<"fs.bin", 0> : tensor<2x2xf32>, #moe_support.external<"gs.bin", 0> : tensor<2x4xf32>], 1> : tensor<2x6xf32>> : tensor<1x12xf32>
  // CHECK-DAG: %[[DQ:.*]] = moe_support.weight #moe_support.reshape<#moe_support.concat<[#moe_support.external<"dq.bin", 0> : tensor<4x1xi8>, #moe_support.external<"eq.bin", 0> : tensor<4x2xi8>], 1> : tensor<4x3xi8>> : tensor<1x4x3xi8>
  // CHECK-DAG: %[[DS:.*]] = moe_support.weight #moe_support.reshape<#moe_support.concat<[#moe_support.external<"ds.bin", 0> : tensor<4x1xf16>, #moe_support.external<"es.bin", 0> : tensor<4x2xf16>], 1> : tensor<4x3xf16>> : tensor<1x4x3xf16>
  // CHECK: moe.experts %{{.*}}, %[[FQ]], %[[FS]], %[[DQ]], %[[DS]] : {{.*}} <ffn, 1, width = 6, body = <gated, silu, storage = concat_gate_up>, activation = always, quant = [<i8_chan>, <u_sym, group = 2, bits = 4>]>]>
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<2x4x4xf32>
  %wb = moe_support.weight #moe_support.external<"wb.bin", 0> : tensor<2x4xf32>
  %fq = moe_support.weight #moe_support.external<"fq.bin", 0> : tensor<1x4x4xi8>
  %fs = moe_support.weight #moe_support.external<"fs.bin", 0> : tensor<1x4xf32>
  %dq = moe_support.weight #moe_support.external<"dq.bin", 0> : tensor<1x4x1xi8>
  %ds = moe_support.weight #moe_support.external<"ds.bin", 0> : tensor<1x4x1xf16>
  %gq = moe_support.weight #moe_support.external<"gq.bin", 0> : tensor<1x8x4xi8>
  %gs = moe_support.weight #moe_support.external<"gs.bin", 0> : tensor<1x8xf32>
  %eq = moe_support.weight #moe_support.external<"eq.bin", 0> : tensor<1x4x2xi8>
  %es = moe_support.weight #moe_support.external<"es.bin", 0> : tensor<1x4x2xf16>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>, always = 2>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{always-on experts become one wider expert}}
  %h = moe.experts %r, %p (%w, %wb, %fq, %fs, %dq, %ds, %gq, %gs, %eq, %es : tensor<2x4x4xf32>, tensor<2x4xf32>, tensor<1x4x4xi8>, tensor<1x4xf32>, tensor<1x4x1xi8>, tensor<1x4x1xf16>, tensor<1x8x4xi8>, tensor<1x8xf32>, tensor<1x4x2xi8>, tensor<1x4x2xf16>)
    table <[<linear, 2, bias = true>, <ffn, 1, width = 2, body = <gated, silu, storage = concat_gate_up>, activation = always, quant = [<i8_chan>, <u_sym, group = 2, bits = 4>]>, <ffn, 1, width = 4, body = <gated, silu, storage = concat_gate_up>, activation = always, quant = [<i8_chan>, <u_sym, group = 2, bits = 4>]>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// (C9): not with scales of whole rows
// CHECK-LABEL: func.func @not_with_one_scale_for_rows_of_all_experts
func.func @not_with_one_scale_for_rows_of_all_experts(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: <ffn, 2, width = 8,
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<2x4x4xf32>
  %wb = moe_support.weight #moe_support.external<"wb.bin", 0> : tensor<2x4xf32>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x8x4xf32>
  %dq = moe_support.weight #moe_support.external<"dq.bin", 0> : tensor<2x4x8xi8>
  %ds = moe_support.weight #moe_support.external<"ds.bin", 0> : tensor<2x4xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>, always = 2>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{scales are of whole rows}}
  %h = moe.experts %r, %p (%w, %wb, %u, %dq, %ds : tensor<2x4x4xf32>, tensor<2x4xf32>, tensor<2x8x4xf32>, tensor<2x4x8xi8>, tensor<2x4xf32>)
    table <[<linear, 2, bias = true>, <ffn, 2, width = 8, body = <ungated, relu>, activation = always, quant = [<float>, <i8_chan>]>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_with_rows_that_share_words
func.func @not_with_rows_that_share_words(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: <ffn, 2, width = 8,
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<2x4x4xf32>
  %wb = moe_support.weight #moe_support.external<"wb.bin", 0> : tensor<2x4xf32>
  %uw = moe_support.weight #moe_support.external<"uw.bin", 0> : tensor<2x4x1xi32>
  %uz = moe_support.weight #moe_support.external<"uz.bin", 0> : tensor<2x1x1xi32>
  %us = moe_support.weight #moe_support.external<"us.bin", 0> : tensor<2x1x8xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x8xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>, always = 2>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{its storage does not keep rows apart}}
  %h = moe.experts %r, %p (%w, %wb, %uw, %uz, %us, %d : tensor<2x4x4xf32>, tensor<2x4xf32>, tensor<2x4x1xi32>, tensor<2x1x1xi32>, tensor<2x1x8xf32>, tensor<2x4x8xf32>)
    table <[<linear, 2, bias = true>, <ffn, 2, width = 8, body = <ungated, relu>, activation = always, quant = [<awq4, group = 4>, <float>]>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_with_one_scale_per_matrix
func.func @not_with_one_scale_per_matrix(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: <ffn, 2, width = 8,
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<2x4x4xf32>
  %wb = moe_support.weight #moe_support.external<"wb.bin", 0> : tensor<2x4xf32>
  %uq = moe_support.weight #moe_support.external<"uq.bin", 0> : tensor<2x8x1xi8>
  %us = moe_support.weight #moe_support.external<"us.bin", 0> : tensor<2xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x8xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>, always = 2>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{its storage does not keep rows apart}}
  %h = moe.experts %r, %p (%w, %wb, %uq, %us, %d : tensor<2x4x4xf32>, tensor<2x4xf32>, tensor<2x8x1xi8>, tensor<2xf32>, tensor<2x4x8xf32>)
    table <[<linear, 2, bias = true>, <ffn, 2, width = 8, body = <ungated, relu>, activation = always, quant = [<ternary>, <float>]>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_of_scales_of_two_types
func.func @not_of_scales_of_two_types(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: <ffn, 1, width = 8,
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<2x4x4xf32>
  %wb = moe_support.weight #moe_support.external<"wb.bin", 0> : tensor<2x4xf32>
  %uq = moe_support.weight #moe_support.external<"uq.bin", 0> : tensor<1x8x4xi8>
  %us = moe_support.weight #moe_support.external<"us.bin", 0> : tensor<1x8xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<1x4x8xf32>
  %vq = moe_support.weight #moe_support.external<"vq.bin", 0> : tensor<1x8x4xi8>
  %vs = moe_support.weight #moe_support.external<"vs.bin", 0> : tensor<1x8xf16>
  %e = moe_support.weight #moe_support.external<"e.bin", 0> : tensor<1x4x8xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>, always = 2>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{their formats differ}}
  %h = moe.experts %r, %p (%w, %wb, %uq, %us, %d, %vq, %vs, %e : tensor<2x4x4xf32>, tensor<2x4xf32>, tensor<1x8x4xi8>, tensor<1x8xf32>, tensor<1x4x8xf32>, tensor<1x8x4xi8>, tensor<1x8xf16>, tensor<1x4x8xf32>)
    table <[<linear, 2, bias = true>, <ffn, 1, width = 8, body = <ungated, relu>, activation = always, quant = [<i8_chan>, <float>]>, <ffn, 1, width = 8, body = <ungated, relu>, activation = always, quant = [<i8_chan>, <float>]>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 2>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
