// C6, C7, C9, C10 and C19 of classes whose matrices are stored in fewer bits, some of them or all: what stores a matrix changes with it.
// RUN: moe-opt %s --moe-simplify-routing='scale=weights storage=interleaved shared=ffn softmax=keep' --split-input-file --verify-diagnostics --remarks-filter='moe-simplify-routing' | FileCheck %s

// What is left of a sparse matrix takes the factor.
// CHECK-LABEL: func.func @the_scale_goes_into_the_values_of_sparse_matrices
func.func @the_scale_goes_into_the_values_of_sparse_matrices(%x: tensor<?x8xf32>, %z: tensor<?x4xf32>) -> tensor<?x8xf32> {
  // CHECK: moe.route %{{.*}} weight <scores> :
  // CHECK-DAG: %[[V:.*]] = moe_support.weight #moe_support.scale<#moe_support.external<"v.bin", 0> : tensor<2x8x4xf32>, dense<2.500000e+00> : tensor<f32>> : tensor<2x8x4xf32>
  // CHECK-DAG: %[[W:.*]] = moe_support.weight #moe_support.scale<#moe_support.external<"w.bin", 0> : tensor<2x20xf32>, dense<2.500000e+00> : tensor<f32>> : tensor<2x20xf32>
  // CHECK: moe.experts %{{.*}}(%[[V]], %{{.*}}, %{{.*}}, %[[W]], %{{.*}} :
  %v = moe_support.weight #moe_support.external<"v.bin", 0> : tensor<2x8x4xf32>
  %c = moe_support.weight #moe_support.external<"c.bin", 0> : tensor<2x8x1xi8>
  %m = moe_support.weight #moe_support.external<"m.bin", 0> : tensor<2x8x1xi8>
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<2x20xf32>
  %o = moe_support.weight #moe_support.external<"o.bin", 0> : tensor<2x9xi32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores, scale = 2.5> : tensor<?x4xf32> -> !moe.plan<4, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x8xf32>, !moe.plan<4, slots<1>> -> !moe.rows<f32, 8, grouped>
  // expected-remark @+1 {{the scale goes into the experts' parameters}}
  %h = moe.experts %r, %p (%v, %c, %m, %w, %o : tensor<2x8x4xf32>, tensor<2x8x1xi8>, tensor<2x8x1xi8>, tensor<2x20xf32>, tensor<2x9xi32>)
    table <[<linear, 2, quant = [<n_of_m, group = 4, keep = 2>]>, <linear, 2, quant = [<bitmask>]>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<4, slots<1>> -> !moe.rows<f32, 8, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 8, grouped>, !moe.plan<4, slots<1>>, tensor<?x8xf32> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// The down matrix alone takes the factor: scales of its codes, and a bias that is a float.
// CHECK-LABEL: func.func @the_scale_goes_into_the_scales_of_codes
func.func @the_scale_goes_into_the_scales_of_codes(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.route %{{.*}} weight <scores> :
  // CHECK: %[[S:.*]] = moe_support.weight #moe_support.scale<#moe_support.external<"ds.bin", 0> : tensor<2x4x3xf32>, dense<2.500000e+00> : tensor<f32>> : tensor<2x4x3xf32>
  // CHECK: moe.experts %{{.*}}(%{{.*}}, %{{.*}}, %[[S]] : tensor<2x6x4xf32>, tensor<2x4x6xi8>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 6, body = <ungated, relu>, quant = [<float>, <u_sym, group = 2, bits = 8>]>]>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x6x4xf32>
  %dq = moe_support.weight #moe_support.external<"dq.bin", 0> : tensor<2x4x6xi8>
  %ds = moe_support.weight #moe_support.external<"ds.bin", 0> : tensor<2x4x3xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores, scale = 2.5> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the scale goes into the experts' parameters}}
  %h = moe.experts %r, %p (%u, %dq, %ds : tensor<2x6x4xf32>, tensor<2x4x6xi8>, tensor<2x4x3xf32>)
    table <[<ffn, 2, width = 6, body = <ungated, relu>, quant = [<float>, <u_sym, group = 2, bits = 8>]>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @the_scales_of_experts_go_into_scales_and_biases_of_words
func.func @the_scales_of_experts_go_into_scales_and_biases_of_words(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.route %{{[^ ]*}} score
  // CHECK-DAG: %[[S:.*]] = moe_support.weight #moe_support.scale<#moe_support.external<"ds.bin", 0> : tensor<2x4x1xbf16>, #moe_support.external<"scales_of_experts.bin", 0> : tensor<2xf32>> : tensor<2x4x1xbf16>
  // CHECK-DAG: %[[B:.*]] = moe_support.weight #moe_support.scale<#moe_support.external<"db.bin", 0> : tensor<2x4x1xbf16>, #moe_support.external<"scales_of_experts.bin", 0> : tensor<2xf32>> : tensor<2x4x1xbf16>
  // CHECK-DAG: %[[O:.*]] = moe_support.weight #moe_support.scale<#moe_support.external<"b.bin", 0> : tensor<2x4xf32>, #moe_support.external<"scales_of_experts.bin", 0> : tensor<2xf32>> : tensor<2x4xf32>
  // CHECK: moe.experts %{{.*}}(%{{.*}}, %{{.*}}, %{{.*}}, %[[S]], %[[B]], %[[O]] :
  %uq = moe_support.weight #moe_support.external<"uq.bin", 0> : tensor<2x8x4xi8>
  %us = moe_support.weight #moe_support.external<"us.bin", 0> : tensor<2x8xf16>
  %dw = moe_support.weight #moe_support.external<"dw.bin", 0> : tensor<2x4x1xi32>
  %ds = moe_support.weight #moe_support.external<"ds.bin", 0> : tensor<2x4x1xbf16>
  %db = moe_support.weight #moe_support.external<"db.bin", 0> : tensor<2x4x1xbf16>
  %b = moe_support.weight #moe_support.external<"b.bin", 0> : tensor<2x4xf32>
  %scales_of_experts = moe_support.weight #moe_support.external<"scales_of_experts.bin", 0> : tensor<2xf32>
  %p = moe.route %z expert_scale (%scales_of_experts : tensor<2xf32>) score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the scales of experts go into their parameters}}
  %h = moe.experts %r, %p (%uq, %us, %dw, %ds, %db, %b : tensor<2x8x4xi8>, tensor<2x8xf16>, tensor<2x4x1xi32>, tensor<2x4x1xbf16>, tensor<2x4x1xbf16>, tensor<2x4xf32>)
    table <[<ffn, 2, width = 8, body = <ungated, relu, bias = [down]>, quant = [<i8_chan>, <u_sb, group = 8, bits = 4>]>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// (C6): not with scales in blocks (C7): not with scales in blocks
// CHECK-LABEL: func.func @scales_in_blocks_take_no_factor
func.func @scales_in_blocks_take_no_factor(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe_support.scale
  // CHECK: scale = 2.500000e+00>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x32x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x1x18xi8>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores, scale = 2.5> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{its scales stand in blocks or divide}}
  %h = moe.experts %r, %p (%u, %d : tensor<2x32x4xf32>, tensor<2x4x1x18xi8>)
    table <[<ffn, 2, width = 32, body = <ungated, relu>, quant = [<float>, <gguf_q4_0>]>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @scales_of_a_small_range_take_no_factor
func.func @scales_of_a_small_range_take_no_factor(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe_support.scale
  // CHECK: scale = 2.500000e+00>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x6x4xf32>
  %dq = moe_support.weight #moe_support.external<"dq.bin", 0> : tensor<2x4x6xi8>
  %ds = moe_support.weight #moe_support.external<"ds.bin", 0> : tensor<2x4xf16>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores, scale = 2.5> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{weights of a small range may overflow}}
  %h = moe.experts %r, %p (%u, %dq, %ds : tensor<2x6x4xf32>, tensor<2x4x6xi8>, tensor<2x4xf16>)
    table <[<ffn, 2, width = 6, body = <ungated, relu>, quant = [<float>, <i8_chan>]>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// Rows of codes and of what belongs to them take the same places; the down matrix is a float and stays.
// CHECK-LABEL: func.func @codes_and_their_scales_interleave
func.func @codes_and_their_scales_interleave(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK-DAG: %[[Q:.*]] = moe_support.weight #moe_support.reshape<#moe_support.concat<[#moe_support.external<"gq.bin", 0> : tensor<2x6x1x4xi8>, #moe_support.external<"uq.bin", 0> : tensor<2x6x1x4xi8>], 2> : tensor<2x6x2x4xi8>> : tensor<2x12x4xi8>
  // CHECK-DAG: %[[S:.*]] = moe_support.weight #moe_support.reshape<#moe_support.concat<[#moe_support.external<"gs.bin", 0> : tensor<2x6x1xf32>, #moe_support.external<"us.bin", 0> : tensor<2x6x1xf32>], 2> : tensor<2x6x2xf32>> : tensor<2x12xf32>
  // CHECK: moe.experts %{{.*}}(%[[Q]], %[[S]], %{{.*}} : tensor<2x12x4xi8>, tensor<2x12xf32>, tensor<2x4x6xf32>) table <[<ffn, 2, width = 6, body = <gated, silu, storage = interleaved>, quant = [<i8_chan>, <float>]>]>
  %gq = moe_support.weight #moe_support.external<"gq.bin", 0> : tensor<2x6x4xi8>
  %gs = moe_support.weight #moe_support.external<"gs.bin", 0> : tensor<2x6xf32>
  %uq = moe_support.weight #moe_support.external<"uq.bin", 0> : tensor<2x6x4xi8>
  %us = moe_support.weight #moe_support.external<"us.bin", 0> : tensor<2x6xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x6xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{gate and up matrices change their layout}}
  %h = moe.experts %r, %p (%gq, %gs, %uq, %us, %d : tensor<2x6x4xi8>, tensor<2x6xf32>, tensor<2x6x4xi8>, tensor<2x6xf32>, tensor<2x4x6xf32>)
    table <[<ffn, 2, width = 6, body = <gated, silu>, quant = [<i8_chan>, <i8_chan>, <float>]>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @a_scale_of_the_whole_matrix_stays
func.func @a_scale_of_the_whole_matrix_stays(%x: tensor<?x16xf32>, %z: tensor<?x2xf32>) -> tensor<?x16xf32> {
  // CHECK-DAG: %[[Q:.*]] = moe_support.weight #moe_support.reshape<#moe_support.concat<[#moe_support.reshape<#moe_support.slice<#moe_support.external<"fq.bin", 0> : tensor<2x12x8xi8>, [0, 6, 0], [1, 1, 1]> : tensor<2x6x8xi8>> : tensor<2x6x1x8xi8>, #moe_support.reshape<#moe_support.slice<#moe_support.external<"fq.bin", 0> : tensor<2x12x8xi8>, [0, 0, 0], [1, 1, 1]> : tensor<2x6x8xi8>> : tensor<2x6x1x8xi8>], 2> : tensor<2x6x2x8xi8>> : tensor<2x12x8xi8>
  // CHECK-DAG: %[[T:.*]] = moe_support.weight #moe_support.external<"ft.bin", 0> : tensor<2xf32>
  // CHECK: moe.experts %{{.*}}(%[[Q]], %{{.*}}, %[[T]], %{{.*}} body = <gated, silu, storage = interleaved>, quant = [<nvfp4>, <float>]
  %fq = moe_support.weight #moe_support.external<"fq.bin", 0> : tensor<2x12x8xi8>
  %fs = moe_support.weight #moe_support.external<"fs.bin", 0> : tensor<2x12x1xi8>
  %ft = moe_support.weight #moe_support.external<"ft.bin", 0> : tensor<2xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x16x6xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x16xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 16, grouped>
  // expected-remark @+1 {{gate and up matrices change their layout}}
  %h = moe.experts %r, %p (%fq, %fs, %ft, %d : tensor<2x12x8xi8>, tensor<2x12x1xi8>, tensor<2xf32>, tensor<2x16x6xf32>)
    table <[<ffn, 2, width = 6, body = <gated, silu, storage = concat_up_gate>, quant = [<nvfp4>, <float>]>]> apply <output> : !moe.rows<f32, 16, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 16, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 16, grouped>, !moe.plan<2, slots<1>>, tensor<?x16xf32> -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

// -----

// (C19): not with rows stored together
// CHECK-LABEL: func.func @rows_that_share_words_stay
func.func @rows_that_share_words_stay(%x: tensor<?x8xf32>, %z: tensor<?x2xf32>) -> tensor<?x8xf32> {
  // CHECK: body = <gated, silu>, quant
  %gw = moe_support.weight #moe_support.external<"gw.bin", 0> : tensor<2x8x1xi32>
  %gz = moe_support.weight #moe_support.external<"gz.bin", 0> : tensor<2x1x1xi32>
  %gs = moe_support.weight #moe_support.external<"gs.bin", 0> : tensor<2x1x8xf32>
  %uw = moe_support.weight #moe_support.external<"uw.bin", 0> : tensor<2x8x1xi32>
  %uz = moe_support.weight #moe_support.external<"uz.bin", 0> : tensor<2x1x1xi32>
  %us = moe_support.weight #moe_support.external<"us.bin", 0> : tensor<2x1x8xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x8x8xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x8xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 8, grouped>
  // expected-remark @+1 {{its storage does not keep rows apart}}
  %h = moe.experts %r, %p (%gw, %gz, %gs, %uw, %uz, %us, %d : tensor<2x8x1xi32>, tensor<2x1x1xi32>, tensor<2x1x8xf32>, tensor<2x8x1xi32>, tensor<2x1x1xi32>, tensor<2x1x8xf32>, tensor<2x8x8xf32>)
    table <[<ffn, 2, width = 8, body = <gated, silu>, quant = [<awq4, group = 8>, <awq4, group = 8>, <float>]>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 8, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 8, grouped>, !moe.plan<2, slots<1>>, tensor<?x8xf32> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// CHECK-LABEL: func.func @rows_of_one_block_do_not_alternate
func.func @rows_of_one_block_do_not_alternate(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: body = <gated, silu, storage = concat_gate_up>, quant
  %fq = moe_support.weight #moe_support.external<"fq.bin", 0> : tensor<2x8x4xi8>
  %fs = moe_support.weight #moe_support.external<"fs.bin", 0> : tensor<2x2x1xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x4xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{its storage does not keep rows apart}}
  %h = moe.experts %r, %p (%fq, %fs, %d : tensor<2x8x4xi8>, tensor<2x2x1xf32>, tensor<2x4x4xf32>)
    table <[<ffn, 2, width = 4, body = <gated, silu, storage = concat_gate_up>, quant = [<fp8_block, group = 4, block_n = 4>, <float>]>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// (C19): not with two formats
// CHECK-LABEL: func.func @a_stored_and_a_float_matrix_stay_two
func.func @a_stored_and_a_float_matrix_stay_two(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: body = <gated, silu>, quant
  %gq = moe_support.weight #moe_support.external<"gq.bin", 0> : tensor<2x6x4xi8>
  %gs = moe_support.weight #moe_support.external<"gs.bin", 0> : tensor<2x6xf32>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x6x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x6xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{formats of gate and up differ}}
  %h = moe.experts %r, %p (%gq, %gs, %u, %d : tensor<2x6x4xi8>, tensor<2x6xf32>, tensor<2x6x4xf32>, tensor<2x4x6xf32>)
    table <[<ffn, 2, width = 6, body = <gated, silu>, quant = [<i8_chan>, <float>, <float>]>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @scales_of_two_matrices_stay_two
func.func @scales_of_two_matrices_stay_two(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: body = <gated, silu>, quant
  %gq = moe_support.weight #moe_support.external<"gq.bin", 0> : tensor<2x6x1xi8>
  %gs = moe_support.weight #moe_support.external<"gs.bin", 0> : tensor<2xf32>
  %uq = moe_support.weight #moe_support.external<"uq.bin", 0> : tensor<2x6x1xi8>
  %us = moe_support.weight #moe_support.external<"us.bin", 0> : tensor<2xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x6xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{scales of the whole matrix may differ}}
  %h = moe.experts %r, %p (%gq, %gs, %uq, %us, %d : tensor<2x6x1xi8>, tensor<2xf32>, tensor<2x6x1xi8>, tensor<2xf32>, tensor<2x4x6xf32>)
    table <[<ffn, 2, width = 6, body = <gated, silu>, quant = [<ternary>, <ternary>, <float>]>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @a_stored_class_becomes_an_op_of_made_matrices
func.func @a_stored_class_becomes_an_op_of_made_matrices(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: %[[Y:.*]] = moe.combine
  // CHECK-DAG: %[[Q:.*]] = moe_support.weight #moe_support.external<"uq.bin", 0> : tensor<6x4xi8>
  // CHECK-DAG: %[[S:.*]] = moe_support.weight #moe_support.external<"us.bin", 0> : tensor<6xf16>
  // CHECK-DAG: %[[D:.*]] = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<4x6xf32>
  // CHECK-DAG: %[[U:.*]] = moe.dequant %[[Q]], %[[S]] quant <i8_chan> : tensor<6x4xi8>, tensor<6xf16> -> tensor<6x4xf32>
  // CHECK: moe.ffn %{{.*}}(%[[U]], %[[D]] : tensor<6x4xf32>, tensor<4x6xf32>) body <ungated, relu>
  %a = moe_support.weight #moe_support.external<"a.bin", 0> : tensor<2x6x4xf32>
  %b = moe_support.weight #moe_support.external<"b.bin", 0> : tensor<2x4x6xf32>
  %uq = moe_support.weight #moe_support.external<"uq.bin", 0> : tensor<1x6x4xi8>
  %us = moe_support.weight #moe_support.external<"us.bin", 0> : tensor<1x6xf16>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<1x4x6xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>, always = 1>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>, always = 1> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{always-on classes become ffn ops}}
  %h = moe.experts %r, %p (%a, %b, %uq, %us, %d : tensor<2x6x4xf32>, tensor<2x4x6xf32>, tensor<1x6x4xi8>, tensor<1x6xf16>, tensor<1x4x6xf32>)
    table <[<ffn, 2, width = 6, body = <ungated, relu>>, <ffn, 1, width = 6, body = <ungated, relu>, activation = always, quant = [<i8_chan>, <float>]>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 1> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 1>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// (C10): not with widths that are operands
// CHECK-LABEL: func.func @widths_that_operands_say_stay_in_a_class
func.func @widths_that_operands_say_stay_in_a_class(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: activation = always
  %a = moe_support.weight #moe_support.external<"a.bin", 0> : tensor<2x6x4xf32>
  %b = moe_support.weight #moe_support.external<"b.bin", 0> : tensor<2x4x6xf32>
  %uq = moe_support.weight #moe_support.external<"uq.bin", 0> : tensor<1x24xi8>
  %us = moe_support.weight #moe_support.external<"us.bin", 0> : tensor<1x6x2xf32>
  %uz = moe_support.weight #moe_support.external<"uz.bin", 0> : tensor<1x6x2xf32>
  %uw = moe_support.weight #moe_support.external<"uw.bin", 0> : tensor<1xi8>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<1x4x6xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>, always = 1>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>, always = 1> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the widths of its codes are operands}}
  %h = moe.experts %r, %p (%a, %b, %uq, %us, %uz, %uw, %d : tensor<2x6x4xf32>, tensor<2x4x6xf32>, tensor<1x24xi8>, tensor<1x6x2xf32>, tensor<1x6x2xf32>, tensor<1xi8>, tensor<1x4x6xf32>)
    table <[<ffn, 2, width = 6, body = <ungated, relu>>, <ffn, 1, width = 6, body = <ungated, relu>, activation = always, quant = [<nested, group = 2, bits = 8, base = 4, plane = 2, widths = operand>, <float>]>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 1> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 1>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @two_ops_of_stored_matrices_become_one
func.func @two_ops_of_stored_matrices_become_one(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK-DAG: %[[Q:.*]] = moe_support.weight #moe_support.concat<[#moe_support.external<"aq.bin", 0> : tensor<4x2xi8>, #moe_support.external<"bq.bin", 0> : tensor<4x4xi8>], 1> : tensor<4x6xi8>
  // CHECK-DAG: %[[S:.*]] = moe_support.weight #moe_support.concat<[#moe_support.external<"as.bin", 0> : tensor<4x1xf32>, #moe_support.external<"bs.bin", 0> : tensor<4x2xf32>], 1> : tensor<4x3xf32>
  // CHECK: %[[D:.*]] = moe.dequant %[[Q]], %[[S]] quant <i8_group, group = 2> : tensor<4x6xi8>, tensor<4x3xf32> -> tensor<4x6xf32>
  // CHECK: moe.ffn %{{.*}}(%{{.*}}, %[[D]] : tensor<6x4xf32>, tensor<4x6xf32>)
  // CHECK-NOT: moe.ffn
  %au = moe_support.weight #moe_support.external<"au.bin", 0> : tensor<2x4xf32>
  %aq = moe_support.weight #moe_support.external<"aq.bin", 0> : tensor<4x2xi8>
  %as = moe_support.weight #moe_support.external<"as.bin", 0> : tensor<4x1xf32>
  %ad = moe.dequant %aq, %as quant <i8_group, group = 2> : tensor<4x2xi8>, tensor<4x1xf32> -> tensor<4x2xf32>
  %bu = moe_support.weight #moe_support.external<"bu.bin", 0> : tensor<4x4xf32>
  %bq = moe_support.weight #moe_support.external<"bq.bin", 0> : tensor<4x4xi8>
  %bs = moe_support.weight #moe_support.external<"bs.bin", 0> : tensor<4x2xf32>
  %bd = moe.dequant %bq, %bs quant <i8_group, group = 2> : tensor<4x4xi8>, tensor<4x2xf32> -> tensor<4x4xf32>
  %a = moe.ffn %x (%au, %ad : tensor<2x4xf32>, tensor<4x2xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  %b = moe.ffn %x (%bu, %bd : tensor<4x4xf32>, tensor<4x4xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  // expected-remark @+1 {{shared experts become one wider expert}}
  %s = arith.addf %a, %b : tensor<?x4xf32>
  return %s : tensor<?x4xf32>
}
