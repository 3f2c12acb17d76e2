// RUN: moe-opt %s --verify-roundtrip | FileCheck %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck %s
// RUN: moe-opt %s --emit-bytecode | moe-opt | FileCheck %s

// CHECK-LABEL: func.func @logits
// CHECK-SAME: %[[X:.*]]: tensor<?x64xf32>, %[[W:.*]]: tensor<8x64xf32>
func.func @logits(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>) -> tensor<?x8xf32> {
  // CHECK: moe.logits %[[X]], %[[W]] : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  %z = moe.logits %x, %w : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @logits_with_everything
// CHECK-SAME: %[[X:.*]]: tensor<4x64xbf16>, %[[W:.*]]: tensor<8x64xf32>, %[[B:.*]]: tensor<8xf32>, %[[O:.*]]: tensor<4x8xf32>
func.func @logits_with_everything(%x: tensor<4x64xbf16>, %w: tensor<8x64xf32>, %b: tensor<8xf32>, %o: tensor<4x8xf32>) -> tensor<4x8xbf16> {
  // CHECK: moe.logits %[[X]], %[[W]] bias(%[[B]] : tensor<8xf32>) offset(%[[O]] : tensor<4x8xf32>)
  // CHECK-SAME: {softcap = 3.000000e+01 : f64, temperature = 5.000000e-01 : f64}
  // CHECK-SAME: tensor<4x64xbf16>, tensor<8x64xf32> -> tensor<4x8xbf16>
  %z = moe.logits %x, %w bias(%b : tensor<8xf32>) offset(%o : tensor<4x8xf32>) {softcap = 30.0, temperature = 0.5}
    : tensor<4x64xbf16>, tensor<8x64xf32> -> tensor<4x8xbf16>
  return %z : tensor<4x8xbf16>
}

// CHECK-LABEL: func.func @logits_with_one_offset_for_all_units
// CHECK-SAME: %[[X:.*]]: tensor<?x64xf32>, %[[W:.*]]: tensor<8x64xf32>, %[[O:.*]]: tensor<8xf32>
func.func @logits_with_one_offset_for_all_units(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>, %o: tensor<8xf32>) -> tensor<?x8xf32> {
  // CHECK: moe.logits %[[X]], %[[W]] offset(%[[O]] : tensor<8xf32>) : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  %z = moe.logits %x, %w offset(%o : tensor<8xf32>) : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @logits_by_cosine
// CHECK-SAME: %[[X:.*]]: tensor<?x64xf32>, %[[W:.*]]: tensor<8x16xf32>, %[[P:.*]]: tensor<16x64xf32>, %[[B:.*]]: tensor<16xf32>, %[[T:.*]]: tensor<f32>
func.func @logits_by_cosine(%x: tensor<?x64xf32>, %w: tensor<8x16xf32>, %p: tensor<16x64xf32>, %b: tensor<16xf32>, %t: tensor<f32>) -> tensor<?x8xf32> {
  // CHECK: moe.logits %[[X]], %[[W]] form <cosine> projection(%[[P]] : tensor<16x64xf32>) projection_bias(%[[B]] : tensor<16xf32>)
  // CHECK-SAME: log_scale(%[[T]] : tensor<f32>) {acc = f64, max_log_scale = 4.605{{.*}} : f64} : tensor<?x64xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  %z = moe.logits %x, %w form <cosine> projection(%p : tensor<16x64xf32>) projection_bias(%b : tensor<16xf32>) log_scale(%t : tensor<f32>)
    {max_log_scale = 4.605, acc = f64} : tensor<?x64xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @route_mixtral
// CHECK-SAME: %[[Z:.*]]: tensor<?x8xf32>
func.func @route_mixtral(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.route %[[Z]] score <softmax> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add)>
  // CHECK-SAME: : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores, norm = sum(0.0, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// CHECK-LABEL: func.func @route_deepseek_v3
// CHECK-SAME: %[[Z:.*]]: tensor<?x256xf32>, %[[B:.*]]: tensor<256xf32>
func.func @route_deepseek_v3(%z: tensor<?x256xf32>, %bias: tensor<256xf32>) -> !moe.plan<256, slots<8>, always = 1> {
  // CHECK: moe.route %[[Z]] key_offset(%[[B]] : tensor<256xf32>) score <sigmoid>
  // CHECK-SAME: group_filter <8, keep = 4, group_score = sum_top(2), fill = neginf> select <topk(8), key = scores>
  // CHECK-SAME: weight <scores, norm = sum(9.9999999999999995E-21, add), min_k = 2, scale = 2.500000e+00>
  // CHECK-SAME: -> !moe.plan<256, slots<8>, always = 1>
  %p = moe.route %z key_offset(%bias : tensor<256xf32>) score <sigmoid>
    group_filter <8, keep = 4, group_score = sum_top(2), fill = neginf> select <topk(8), key = scores>
    weight <scores, norm = sum(1.0e-20, add), min_k = 2, scale = 2.5> : tensor<?x256xf32> -> !moe.plan<256, slots<8>, always = 1>
  return %p : !moe.plan<256, slots<8>, always = 1>
}

// Operand clauses may come in any order and print in a fixed one.
// CHECK-LABEL: func.func @route_with_every_operand
// CHECK-SAME: %[[Z:.*]]: tensor<?x8xf32>, %[[K:.*]]: tensor<?x8xf32>, %[[A:.*]]: tensor<8xi1>, %[[G:.*]]: tensor<8xf32>, %[[W:.*]]: tensor<?x8xf32>, %[[E:.*]]: tensor<8xf32>, %[[AW:.*]]: tensor<?x2xf32>
func.func @route_with_every_operand(%z: tensor<?x8xf32>, %k: tensor<?x8xf32>, %a: tensor<8xi1>, %g: tensor<8xf32>, %w: tensor<?x8xf32>,
                                    %e: tensor<8xf32>, %aw: tensor<?x2xf32>) -> !moe.plan<8, slots<2>, always = 2, weight = bf16> {
  // CHECK: moe.route %[[Z]] key_offset(%[[K]] : tensor<?x8xf32>) allow(%[[A]] : tensor<8xi1>) score_gain(%[[G]] : tensor<8xf32>)
  // CHECK-SAME: weight_source(%[[W]] : tensor<?x8xf32>) expert_scale(%[[E]] : tensor<8xf32>) always_weights(%[[AW]] : tensor<?x2xf32>)
  // CHECK-SAME: -> !moe.plan<8, slots<2>, always = 2, weight = bf16>
  %p = moe.route %z always_weights(%aw : tensor<?x2xf32>) expert_scale(%e : tensor<8xf32>) weight_source(%w : tensor<?x8xf32>)
    score_gain(%g : tensor<8xf32>) allow(%a : tensor<8xi1>) key_offset(%k : tensor<?x8xf32>)
    score <relu, post = rmsnorm(1.0e-6)> select <topk(2)> weight <operand, dtype = bf16>
    : tensor<?x8xf32> -> !moe.plan<8, slots<2>, always = 2, weight = bf16>
  return %p : !moe.plan<8, slots<2>, always = 2, weight = bf16>
}

// CHECK-LABEL: func.func @route_all
// CHECK-SAME: %[[Z:.*]]: tensor<?x4xf32>
func.func @route_all(%z: tensor<?x4xf32>) -> !moe.plan<4, slots<4>> {
  // CHECK: moe.route %[[Z]] score <softmax> select <all, key = scores> weight <scores> : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
  %p = moe.route %z score <softmax> select <all> weight <scores> : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
  return %p : !moe.plan<4, slots<4>>
}

// CHECK-LABEL: func.func @route_top_per_group
// CHECK-SAME: %[[Z:.*]]: tensor<?x8xf32>
func.func @route_top_per_group(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<4>> {
  // CHECK: moe.route %[[Z]] score <softmax> select <topk_per_group(4, 1), key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<4>>
  %p = moe.route %z score <softmax> select <topk_per_group(4, 1)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<4>>
  return %p : !moe.plan<8, slots<4>>
}

// CHECK-LABEL: func.func @layer
// CHECK-SAME: %[[X:.*]]: tensor<?x64xf32>, %[[P:.*]]: !moe.plan<8, slots<2>>, %[[G:.*]]: tensor<8x96x64xf32>, %[[U:.*]]: tensor<8x96x64xf32>, %[[D:.*]]: tensor<8x64x96xf32>
func.func @layer(%x: tensor<?x64xf32>, %p: !moe.plan<8, slots<2>>, %g: tensor<8x96x64xf32>, %u: tensor<8x96x64xf32>,
                 %d: tensor<8x64x96xf32>) -> tensor<?x64xf32> {
  // CHECK: %[[R:.*]] = moe.dispatch %[[X]], %[[P]] apply <output> : tensor<?x64xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x64xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  // CHECK: %[[H:.*]] = moe.experts %[[R]], %[[P]](%[[G]], %[[U]], %[[D]] : tensor<8x96x64xf32>, tensor<8x96x64xf32>, tensor<8x64x96xf32>)
  // CHECK-SAME: table <[<ffn, 8, width = 96, body = <gated, silu>>]> apply <output>
  // CHECK-SAME: : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  %h = moe.experts %r, %p (%g, %u, %d : tensor<8x96x64xf32>, tensor<8x96x64xf32>, tensor<8x64x96xf32>)
    table <[<ffn, 8, width = 96, body = <gated, silu>>]> apply <output>
    : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  // CHECK: moe.combine %[[H]], %[[P]], %[[X]] apply <output> residual <none> order <expert_asc>
  // CHECK-SAME: : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>>, tensor<?x64xf32> -> tensor<?x64xf32>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc>
    : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>>, tensor<?x64xf32> -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// CHECK-LABEL: func.func @dispatch_with_weights_on_the_input
// CHECK-SAME: %[[X:.*]]: tensor<?x64xf32>, %[[P:.*]]: !moe.plan<8, slots<2>>
func.func @dispatch_with_weights_on_the_input(%x: tensor<?x64xf32>, %p: !moe.plan<8, slots<2>>) -> !moe.rows<f32, 64, grouped> {
  // CHECK: moe.dispatch %[[X]], %[[P]] apply <input> allow_multi {input_scale = 2.000000e+00 : f64}
  %r = moe.dispatch %x, %p apply <input> allow_multi {input_scale = 2.0} : tensor<?x64xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %r : !moe.rows<f32, 64, grouped>
}

// CHECK-LABEL: func.func @experts_of_every_class
// CHECK-SAME: %[[R:.*]]: !moe.rows<f32, 64, grouped>, %[[P:.*]]: !moe.plan<7, slots<2>, always = 1>
func.func @experts_of_every_class(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<7, slots<2>, always = 1>, %up: tensor<2x96x64xf32>,
                                  %down: tensor<2x64x96xf32>, %v: tensor<1x64xf32>, %v2: tensor<2x64xf32>, %mix: tensor<2x2x64xf32>,
                                  %first: tensor<1x64x64xf32>, %down1: tensor<1x64x32xf32>) -> !moe.rows<f32, 64, grouped> {
  // CHECK: moe.experts %[[R]], %[[P]](
  // CHECK-SAME: table <[<ffn, 2, width = 96, body = <ungated, relu>>, <zero, 1>, <copy, 1>, <constant, 1>, <constant, 2, mix = softmax2>,
  // CHECK-SAME: <ffn, 1, width = 32, body = <gated, gelu_erf, storage = interleaved>, activation = always>]> apply <output>
  %h = moe.experts %r, %p (%up, %down, %v, %v2, %mix, %first, %down1 : tensor<2x96x64xf32>, tensor<2x64x96xf32>, tensor<1x64xf32>,
                           tensor<2x64xf32>, tensor<2x2x64xf32>, tensor<1x64x64xf32>, tensor<1x64x32xf32>)
    table <[<ffn, 2, width = 96, body = <ungated, relu>>, <zero, 1>, <copy, 1>, <constant, 1>, <constant, 2, mix = softmax2>,
            <ffn, 1, width = 32, body = <gated, gelu_erf, storage = interleaved>, activation = always>]> apply <output>
    : !moe.rows<f32, 64, grouped>, !moe.plan<7, slots<2>, always = 1> -> !moe.rows<f32, 64, grouped>
  return %h : !moe.rows<f32, 64, grouped>
}

// CHECK-LABEL: func.func @experts_without_parameters
// CHECK-SAME: %[[R:.*]]: !moe.rows<f32, 64, grouped>, %[[P:.*]]: !moe.plan<2, slots<1>>
func.func @experts_without_parameters(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<2, slots<1>>) -> !moe.rows<f32, 64, grouped> {
  // CHECK: moe.experts %[[R]], %[[P]] table <[<copy, 1>, <zero, 1>]> apply <output>
  %h = moe.experts %r, %p table <[<copy, 1>, <zero, 1>]> apply <output>
    : !moe.rows<f32, 64, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 64, grouped>
  return %h : !moe.rows<f32, 64, grouped>
}

// CHECK-LABEL: func.func @experts_of_another_width
// CHECK-SAME: %[[R:.*]]: !moe.rows<f32, 64, grouped>, %[[P:.*]]: !moe.plan<2, slots<1>>
func.func @experts_of_another_width(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<2, slots<1>>, %u: tensor<2x96x64xf32>,
                                    %d: tensor<2x32x96xf32>) -> !moe.rows<f32, 32, grouped> {
  // CHECK: moe.experts %[[R]], %[[P]](%{{.*}} apply <hidden> : !moe.rows<f32, 64, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<2x96x64xf32>, tensor<2x32x96xf32>) table <[<ffn, 2, width = 96, body = <ungated, relu2>>]>
    apply <hidden> : !moe.rows<f32, 64, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 32, grouped>
  return %h : !moe.rows<f32, 32, grouped>
}

// CHECK-LABEL: func.func @combine_with_everything
// CHECK-SAME: %[[H:.*]]: !moe.rows<bf16, 64, grouped>, %[[P:.*]]: !moe.plan<8, slots<2>>, %[[X:.*]]: tensor<4x64xbf16>, %[[B:.*]]: tensor<64xf32>
func.func @combine_with_everything(%h: !moe.rows<bf16, 64, grouped>, %p: !moe.plan<8, slots<2>>, %x: tensor<4x64xbf16>, %b: tensor<64xf32>) -> tensor<4x64xbf16> {
  // CHECK: moe.combine %[[H]], %[[P]], %[[X]] out_bias(%[[B]] : tensor<64xf32>) apply <hidden> residual <complement> order <any> {acc = bf16}
  %y = moe.combine %h, %p, %x out_bias(%b : tensor<64xf32>) apply <hidden> residual <complement> order <any> {acc = bf16}
    : !moe.rows<bf16, 64, grouped>, !moe.plan<8, slots<2>>, tensor<4x64xbf16> -> tensor<4x64xbf16>
  return %y : tensor<4x64xbf16>
}

// CHECK-LABEL: func.func @combine_in_slot_order_onto_the_input
// CHECK-SAME: %[[H:.*]]: !moe.rows<f32, 64, grouped>, %[[P:.*]]: !moe.plan<8, slots<2>>, %[[X:.*]]: tensor<?x64xf32>
func.func @combine_in_slot_order_onto_the_input(%h: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  // CHECK: moe.combine %[[H]], %[[P]], %[[X]] apply <input> residual <add_x> order <slot>
  %y = moe.combine %h, %p, %x apply <input> residual <add_x> order <slot>
    : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>>, tensor<?x64xf32> -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// CHECK-LABEL: func.func @ffn
// CHECK-SAME: %[[X:.*]]: tensor<?x64xf32>, %[[G:.*]]: tensor<96x64xf32>, %[[GB:.*]]: tensor<96xf32>, %[[U:.*]]: tensor<96x64xf32>, %[[UB:.*]]: tensor<96xf32>, %[[D:.*]]: tensor<32x96xf32>, %[[DB:.*]]: tensor<32xf32>
func.func @ffn(%x: tensor<?x64xf32>, %g: tensor<96x64xf32>, %gb: tensor<96xf32>, %u: tensor<96x64xf32>, %ub: tensor<96xf32>, %d: tensor<32x96xf32>,
               %db: tensor<32xf32>) -> tensor<?x32xf32> {
  // CHECK: moe.ffn %[[X]](%[[G]], %[[GB]], %[[U]], %[[UB]], %[[D]], %[[DB]] : tensor<96x64xf32>, tensor<96xf32>, tensor<96x64xf32>, tensor<96xf32>, tensor<32x96xf32>, tensor<32xf32>)
  // CHECK-SAME: body <gated, silu, bias = [gate, up, down]> : tensor<?x64xf32> -> tensor<?x32xf32>
  %y = moe.ffn %x (%g, %gb, %u, %ub, %d, %db : tensor<96x64xf32>, tensor<96xf32>, tensor<96x64xf32>, tensor<96xf32>, tensor<32x96xf32>, tensor<32xf32>)
    body <gated, silu, bias = [gate, up, down]> : tensor<?x64xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// The sizes of a dynamic parameter are checked where they are known.
// CHECK-LABEL: func.func @ffn_of_dynamic_width
func.func @ffn_of_dynamic_width(%x: tensor<?x64xf32>, %first: tensor<?x64xf32>, %d: tensor<64x?xf32>) -> tensor<?x64xf32> {
  // CHECK: moe.ffn %{{.*}} body <gated, silu, storage = concat_gate_up>
  %y = moe.ffn %x (%first, %d : tensor<?x64xf32>, tensor<64x?xf32>) body <gated, silu, storage = concat_gate_up> : tensor<?x64xf32> -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// CHECK-LABEL: func.func @route_with_scores
// CHECK-SAME: %[[Z:.*]]: tensor<?x8xf32>, %[[T:.*]]: tensor<8xf32>
func.func @route_with_scores(%z: tensor<?x8xf32>, %t: tensor<8xf32>) -> (!moe.plan<8, csr>, tensor<?x8xbf16>) {
  // CHECK: %[[P:.*]], %[[S:.*]] = moe.route %[[Z]] thresholds(%[[T]] : tensor<8xf32>) score <sigmoid> select <threshold(operand), key = scores> weight <scores>
  // CHECK-SAME: : tensor<?x8xf32> -> !moe.plan<8, csr>, tensor<?x8xbf16>
  %p, %s = moe.route %z thresholds(%t : tensor<8xf32>) score <sigmoid> select <threshold(operand)> weight <scores>
    : tensor<?x8xf32> -> !moe.plan<8, csr>, tensor<?x8xbf16>
  // CHECK: return %[[P]], %[[S]]
  return %p, %s : !moe.plan<8, csr>, tensor<?x8xbf16>
}

// CHECK-LABEL: func.func @route_by_table_in_segments
// CHECK-SAME: %[[Z:.*]]: tensor<?x8xf32>, %[[T:.*]]: tensor<?x2xi32>, %[[S:.*]]: tensor<?xi32>
func.func @route_by_table_in_segments(%z: tensor<?x8xf32>, %t: tensor<?x2xi32>, %s: tensor<?xi32>) -> !moe.plan<8, buckets<4>, carry> {
  // CHECK: moe.route %[[Z]] table_ids(%[[T]] : tensor<?x2xi32>) segments(%[[S]] : tensor<?xi32>) score <softmax> select <table, key = scores> weight <scores>
  // CHECK-SAME: capacity <limit, count = <4>, priority = choice_major, overflow = identity> domain <segments> : tensor<?x8xf32> -> !moe.plan<8, buckets<4>, carry>
  %p = moe.route %z segments(%s : tensor<?xi32>) table_ids(%t : tensor<?x2xi32>) score <softmax> select <table> weight <scores>
    capacity <limit, count = <4>, priority = choice_major, overflow = identity> domain <segments> : tensor<?x8xf32> -> !moe.plan<8, buckets<4>, carry>
  return %p : !moe.plan<8, buckets<4>, carry>
}

// CHECK-LABEL: func.func @soft_route
// CHECK-SAME: %[[Z:.*]]: tensor<?x8xf32>
func.func @soft_route(%z: tensor<?x8xf32>) -> (tensor<?x8xbf16>, tensor<?x8xbf16>) {
  // CHECK: %[[P:.*]] = moe.route %[[Z]] score <identity> select <soft_slots(2), key = logits> weight <policy, dtype = bf16> domain <blocks(16)>
  // CHECK-SAME: : tensor<?x8xf32> -> !moe.plan<4, soft<2>, weight = bf16>
  %p = moe.route %z score <identity> select <soft_slots(2), key = logits> weight <policy, dtype = bf16> domain <blocks(16)>
    : tensor<?x8xf32> -> !moe.plan<4, soft<2>, weight = bf16>
  // CHECK: moe.unpack_plan %[[P]] : !moe.plan<4, soft<2>, weight = bf16> -> tensor<?x8xbf16>, tensor<?x8xbf16>
  %d, %c = moe.unpack_plan %p : !moe.plan<4, soft<2>, weight = bf16> -> tensor<?x8xbf16>, tensor<?x8xbf16>
  return %d, %c : tensor<?x8xbf16>, tensor<?x8xbf16>
}
