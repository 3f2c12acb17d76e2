// RUN: moe-opt %s --verify-roundtrip | FileCheck %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck %s
// RUN: moe-opt %s --emit-bytecode | moe-opt | FileCheck %s

// CHECK-LABEL: func.func private @format_0() attributes {f = #moe.quant<i8_chan>}
func.func private @format_0() attributes {f = #moe.quant<i8_chan>}

// CHECK-LABEL: func.func private @format_1() attributes {f = #moe.quant<i8_group, group = 64>}
func.func private @format_1() attributes {f = #moe.quant<i8_group, group = 64>}

// CHECK-LABEL: func.func private @format_2() attributes {f = #moe.quant<u_sym, group = 32, bits = 2>}
func.func private @format_2() attributes {f = #moe.quant<u_sym, group = 32, bits = 2>}

// CHECK-LABEL: func.func private @format_3() attributes {f = #moe.quant<u_sym, group = 32, bits = 4, order = half_split>}
func.func private @format_3() attributes {f = #moe.quant<u_sym, group = 32, bits = 4, order = half_split>}

// CHECK-LABEL: func.func private @format_4() attributes {f = #moe.quant<u_affine, group = 32, bits = 4>}
func.func private @format_4() attributes {f = #moe.quant<u_affine, group = 32, bits = 4>}

// CHECK-LABEL: func.func private @format_5() attributes {f = #moe.quant<u_sb, group = 64, bits = 3>}
func.func private @format_5() attributes {f = #moe.quant<u_sb, group = 64, bits = 3>}

// CHECK-LABEL: func.func private @format_6() attributes {f = #moe.quant<gptq4, group = 128, version = 1>}
func.func private @format_6() attributes {f = #moe.quant<gptq4, group = 128, version = 1>}

// CHECK-LABEL: func.func private @format_7() attributes {f = #moe.quant<gptq4, group = 128, version = 2>}
func.func private @format_7() attributes {f = #moe.quant<gptq4, group = 128, version = 2>}

// CHECK-LABEL: func.func private @format_8() attributes {f = #moe.quant<awq4, group = 128>}
func.func private @format_8() attributes {f = #moe.quant<awq4, group = 128>}

// CHECK-LABEL: func.func private @format_9() attributes {f = #moe.quant<gguf_q4_0>}
func.func private @format_9() attributes {f = #moe.quant<gguf_q4_0>}

// CHECK-LABEL: func.func private @format_10() attributes {f = #moe.quant<gguf_q8_0>}
func.func private @format_10() attributes {f = #moe.quant<gguf_q8_0>}

// CHECK-LABEL: func.func private @format_11() attributes {f = #moe.quant<hqq, group = 64, bits = 3>}
func.func private @format_11() attributes {f = #moe.quant<hqq, group = 64, bits = 3>}

// CHECK-LABEL: func.func private @format_12() attributes {f = #moe.quant<fp8_block, group = 128, block_n = 128>}
func.func private @format_12() attributes {f = #moe.quant<fp8_block, group = 128, block_n = 128>}

// CHECK-LABEL: func.func private @format_13() attributes {f = #moe.quant<mxfp4>}
func.func private @format_13() attributes {f = #moe.quant<mxfp4>}

// CHECK-LABEL: func.func private @format_14() attributes {f = #moe.quant<mxfp4, order = half_split>}
func.func private @format_14() attributes {f = #moe.quant<mxfp4, order = half_split>}

// CHECK-LABEL: func.func private @format_15() attributes {f = #moe.quant<gguf_mxfp4>}
func.func private @format_15() attributes {f = #moe.quant<gguf_mxfp4>}

// CHECK-LABEL: func.func private @format_16() attributes {f = #moe.quant<nvfp4>}
func.func private @format_16() attributes {f = #moe.quant<nvfp4>}

// CHECK-LABEL: func.func private @format_17() attributes {f = #moe.quant<nvfp4, global = divide>}
func.func private @format_17() attributes {f = #moe.quant<nvfp4, global = divide>}

// CHECK-LABEL: func.func private @format_18() attributes {f = #moe.quant<gguf_nvfp4>}
func.func private @format_18() attributes {f = #moe.quant<gguf_nvfp4>}

// CHECK-LABEL: func.func private @format_19() attributes {f = #moe.quant<qmoe>}
func.func private @format_19() attributes {f = #moe.quant<qmoe>}

// CHECK-LABEL: func.func private @format_20() attributes {f = #moe.quant<ternary>}
func.func private @format_20() attributes {f = #moe.quant<ternary>}

// CHECK-LABEL: func.func private @format_21() attributes {f = #moe.quant<nested, group = 64, bits = 8, base = 4, plane = 2>}
func.func private @format_21() attributes {f = #moe.quant<nested, group = 64, bits = 8, base = 4, plane = 2>}

// CHECK-LABEL: func.func private @format_22() attributes {f = #moe.quant<nested, group = 64, bits = 4, base = 2, plane = 1, slice = centre>}
func.func private @format_22() attributes {f = #moe.quant<nested, group = 64, bits = 4, base = 2, plane = 1, slice = centre>}

// CHECK-LABEL: func.func private @format_23() attributes {f = #moe.quant<nested, group = 64, bits = 3, base = 1, plane = 2, slice = round>}
func.func private @format_23() attributes {f = #moe.quant<nested, group = 64, bits = 3, base = 1, plane = 2, slice = round>}

// CHECK-LABEL: func.func private @format_24() attributes {f = #moe.quant<nested, group = 64, bits = 8, base = 4, plane = 2, width = 6>}
func.func private @format_24() attributes {f = #moe.quant<nested, group = 64, bits = 8, base = 4, plane = 2, width = 6>}

// CHECK-LABEL: func.func private @format_25() attributes {f = #moe.quant<nested, group = 64, bits = 8, base = 2, plane = 1, widths = operand, overrides = true>}
func.func private @format_25() attributes {f = #moe.quant<nested, group = 64, bits = 8, base = 2, plane = 1, widths = operand, overrides = true>}

// CHECK-LABEL: func.func private @format_26() attributes {f = #moe.quant<float>}
func.func private @format_26() attributes {f = #moe.quant<float>}

// CHECK-LABEL: func.func private @format_27() attributes {f = #moe.quant<n_of_m, group = 4, keep = 2>}
func.func private @format_27() attributes {f = #moe.quant<n_of_m, group = 4, keep = 2>}

// CHECK-LABEL: func.func private @format_28() attributes {f = #moe.quant<bitmask>}
func.func private @format_28() attributes {f = #moe.quant<bitmask>}

// CHECK-LABEL: func.func @dequant
// CHECK-SAME: %[[Q:.*]]: tensor<96x32xi8>, %[[S:.*]]: tensor<96x2xf16>
func.func @dequant(%q: tensor<96x32xi8>, %s: tensor<96x2xf16>) -> tensor<96x64xbf16> {
  // CHECK: %[[W:.*]] = moe.dequant %[[Q]], %[[S]] quant <u_sym, group = 32, bits = 4> : tensor<96x32xi8>, tensor<96x2xf16> -> tensor<96x64xbf16>
  %w = moe.dequant %q, %s quant <u_sym, group = 32, bits = 4> : tensor<96x32xi8>, tensor<96x2xf16> -> tensor<96x64xbf16>
  // CHECK: return %[[W]]
  return %w : tensor<96x64xbf16>
}

// CHECK-LABEL: func.func @dequant_with_widths
// CHECK-SAME: %[[Q:.*]]: tensor<8x6144xi8>, %[[S:.*]]: tensor<8x96x1xf32>, %[[B:.*]]: tensor<8xi8>
func.func @dequant_with_widths(%q: tensor<8x6144xi8>, %s: tensor<8x96x1xf32>, %b: tensor<8xi8>) -> tensor<8x96x64xf32> {
  // CHECK: moe.dequant %[[Q]], %[[S]], %[[S]] bits(%[[B]] : tensor<8xi8>) quant <nested, group = 64, bits = 8, base = 4, plane = 2>
  %w = moe.dequant %q, %s, %s bits(%b : tensor<8xi8>) quant <nested, group = 64, bits = 8, base = 4, plane = 2>
    : tensor<8x6144xi8>, tensor<8x96x1xf32>, tensor<8x96x1xf32> -> tensor<8x96x64xf32>
  return %w : tensor<8x96x64xf32>
}

// CHECK-LABEL: func.func @experts_with_stored_matrices
// CHECK-SAME: %[[R:.*]]: !moe.rows<f32, 32, grouped>, %[[P:.*]]: !moe.plan<2, slots<1>>, %[[Q:.*]]: tensor<2x64x32xi8>, %[[S:.*]]: tensor<2x64xf32>, %[[B:.*]]: tensor<2x64xf32>, %[[D:.*]]: tensor<2x32x2x17xi8>
func.func @experts_with_stored_matrices(%r: !moe.rows<f32, 32, grouped>, %p: !moe.plan<2, slots<1>>, %q: tensor<2x64x32xi8>, %s: tensor<2x64xf32>,
                                        %b: tensor<2x64xf32>, %d: tensor<2x32x2x17xi8>) -> !moe.rows<f32, 32, grouped> {
  // CHECK: moe.experts %[[R]], %[[P]](%[[Q]], %[[S]], %[[B]], %[[D]] : tensor<2x64x32xi8>, tensor<2x64xf32>, tensor<2x64xf32>, tensor<2x32x2x17xi8>)
  // CHECK-SAME: table <[<ffn, 2, width = 64, body = <ungated, relu, bias = [up]>, quant = [<i8_chan>, <gguf_mxfp4>]>]>
  %h = moe.experts %r, %p (%q, %s, %b, %d : tensor<2x64x32xi8>, tensor<2x64xf32>, tensor<2x64xf32>, tensor<2x32x2x17xi8>)
    table <[<ffn, 2, width = 64, body = <ungated, relu, bias = [up]>, quant = [<i8_chan>, <gguf_mxfp4>]>]> apply <output>
    : !moe.rows<f32, 32, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 32, grouped>
  return %h : !moe.rows<f32, 32, grouped>
}

// CHECK-LABEL: func.func @experts_with_a_stored_base
// CHECK-SAME: %[[R:.*]]: !moe.rows<f32, 32, grouped>, %[[P:.*]]: !moe.plan<2, slots<1>>, %[[Q:.*]]: tensor<32x32xi8>, %[[S:.*]]: tensor<32xf32>, %[[D:.*]]: tensor<32x32xbf16>, %[[B:.*]]: tensor<2x32x4xf32>, %[[A:.*]]: tensor<2x4x32xf32>
func.func @experts_with_a_stored_base(%r: !moe.rows<f32, 32, grouped>, %p: !moe.plan<2, slots<1>>, %q: tensor<32x32xi8>, %s: tensor<32xf32>,
                                      %d: tensor<32x32xbf16>, %b: tensor<2x32x4xf32>, %a: tensor<2x4x32xf32>) -> !moe.rows<f32, 32, grouped> {
  // CHECK: moe.experts %[[R]], %[[P]](%[[Q]], %[[S]], %[[D]], %[[B]], %[[A]] :
  // CHECK-SAME: table <[<lora, 2, width = 32, body = <ungated, relu>, targets = [up], rank = 4, quant = [<i8_chan>, <float>, <float>, <float>]>]>
  %h = moe.experts %r, %p (%q, %s, %d, %b, %a : tensor<32x32xi8>, tensor<32xf32>, tensor<32x32xbf16>, tensor<2x32x4xf32>, tensor<2x4x32xf32>)
    table <[<lora, 2, width = 32, body = <ungated, relu>, targets = [up], rank = 4, quant = [<i8_chan>, <float>, <float>, <float>]>]> apply <output>
    : !moe.rows<f32, 32, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 32, grouped>
  return %h : !moe.rows<f32, 32, grouped>
}

// CHECK-LABEL: func.func @experts_of_different_widths
// CHECK-SAME: %[[R:.*]]: !moe.rows<f32, 32, grouped>, %[[P:.*]]: !moe.plan<2, slots<1>>, %[[Q:.*]]: tensor<2x1024xi8>, %[[S:.*]]: tensor<2x32x1xf32>, %[[O:.*]]: tensor<2x2x32x1xf32>, %[[B:.*]]: tensor<2xi8>
func.func @experts_of_different_widths(%r: !moe.rows<f32, 32, grouped>, %p: !moe.plan<2, slots<1>>, %q: tensor<2x1024xi8>, %s: tensor<2x32x1xf32>,
                                       %o: tensor<2x2x32x1xf32>, %b: tensor<2xi8>) -> !moe.rows<f32, 32, grouped> {
  // CHECK: moe.experts %[[R]], %[[P]](%[[Q]], %[[S]], %[[S]], %[[O]], %[[O]], %[[B]] :
  // CHECK-SAME: quant = [<nested, group = 32, bits = 8, base = 4, plane = 2, widths = operand, overrides = true>]
  %h = moe.experts %r, %p (%q, %s, %s, %o, %o, %b : tensor<2x1024xi8>, tensor<2x32x1xf32>, tensor<2x32x1xf32>, tensor<2x2x32x1xf32>, tensor<2x2x32x1xf32>, tensor<2xi8>)
    table <[<linear, 2, quant = [<nested, group = 32, bits = 8, base = 4, plane = 2, widths = operand, overrides = true>]>]> apply <output>
    : !moe.rows<f32, 32, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 32, grouped>
  return %h : !moe.rows<f32, 32, grouped>
}

// CHECK-LABEL: func.func @experts_of_a_tier
// CHECK-SAME: %[[R:.*]]: !moe.rows<f32, 32, grouped>, %[[P:.*]]: !moe.plan<2, slots<1>>, %[[Q:.*]]: tensor<2x512xi8>, %[[S:.*]]: tensor<2x32x1xf32>
func.func @experts_of_a_tier(%r: !moe.rows<f32, 32, grouped>, %p: !moe.plan<2, slots<1>>, %q: tensor<2x512xi8>, %s: tensor<2x32x1xf32>)
    -> !moe.rows<f32, 32, grouped> {
  // CHECK: moe.experts %[[R]], %[[P]](%[[Q]], %[[S]], %[[S]] :
  // CHECK-SAME: quant = [<nested, group = 32, bits = 8, base = 4, plane = 2, width = 4>]
  %h = moe.experts %r, %p (%q, %s, %s : tensor<2x512xi8>, tensor<2x32x1xf32>, tensor<2x32x1xf32>)
    table <[<linear, 2, quant = [<nested, group = 32, bits = 8, base = 4, plane = 2, width = 4>]>]> apply <output>
    : !moe.rows<f32, 32, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 32, grouped>
  return %h : !moe.rows<f32, 32, grouped>
}

// A residual of few elements on a low rank (MC-SMoE), and a matrix of which two of four elements are left.
// CHECK-LABEL: func.func @experts_with_sparse_matrices
// CHECK-SAME: %[[R:.*]]: !moe.rows<f32, 32, grouped>, %[[P:.*]]: !moe.plan<4, slots<1>>, %[[B:.*]]: tensor<2x32x4xf32>, %[[A:.*]]: tensor<2x4x32xf32>, %[[M:.*]]: tensor<2x32x4xi8>, %[[V:.*]]: tensor<2x?xbf16>, %[[O:.*]]: tensor<2x33xi32>, %[[W:.*]]: tensor<2x32x16xf16>, %[[C:.*]]: tensor<2x32x4xi8>
func.func @experts_with_sparse_matrices(%r: !moe.rows<f32, 32, grouped>, %p: !moe.plan<4, slots<1>>, %b: tensor<2x32x4xf32>, %a: tensor<2x4x32xf32>, %m: tensor<2x32x4xi8>,
                                        %v: tensor<2x?xbf16>, %o: tensor<2x33xi32>, %w: tensor<2x32x16xf16>, %c: tensor<2x32x4xi8>) -> !moe.rows<f32, 32, grouped> {
  // CHECK: moe.experts %[[R]], %[[P]](%[[B]], %[[A]], %[[M]], %[[V]], %[[O]], %[[W]], %[[C]] :
  // CHECK-SAME: quant = [<float>, <float>, <bitmask>]>, <linear, 2, quant = [<n_of_m, group = 4, keep = 2>]>]>
  %h = moe.experts %r, %p (%b, %a, %m, %v, %o, %w, %c : tensor<2x32x4xf32>, tensor<2x4x32xf32>, tensor<2x32x4xi8>, tensor<2x?xbf16>, tensor<2x33xi32>, tensor<2x32x16xf16>, tensor<2x32x4xi8>)
    table <[<factored, 2, rank = 4, factors = low_rank_sparse, quant = [<float>, <float>, <bitmask>]>, <linear, 2, quant = [<n_of_m, group = 4, keep = 2>]>]> apply <output>
    : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<1>> -> !moe.rows<f32, 32, grouped>
  return %h : !moe.rows<f32, 32, grouped>
}
