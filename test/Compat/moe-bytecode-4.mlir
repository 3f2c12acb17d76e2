// What Inputs/bytecode-4/moe.mlirbc, the first file with every kind of class, statistics, losses, layers, predictors and quantised storage, never regenerated, must
// still mean. The text may follow the syntax; the binary may not.
// RUN: moe-opt %s -o %t.today
// RUN: moe-opt %S/Inputs/bytecode-4/moe.mlirbc -o %t.then
// RUN: diff %t.today %t.then

module {
  func.func @plan_stats(%arg0: !moe.plan<8, slots<2>>) -> (tensor<8xi32>, tensor<i32>) {
    %counts, %units = moe.plan_stats %arg0 stage <after> counted <entries> : !moe.plan<8, slots<2>> -> tensor<8xi32>, tensor<i32>
    return %counts, %units : tensor<8xi32>, tensor<i32>
  }
  func.func @plan_stats_with_everything(%arg0: tensor<?x8xf32>, %arg1: tensor<?xi32>) -> (tensor<?x8xf64>, tensor<?xf32>) {
    %plan, %scores = moe.route %arg0 score <softmax> select <topk(2), key = scores> weight <scores> capacity <limit, count = <4>, priority = unit_major, overflow = zero> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>, tensor<?x8xf32>
    %counts, %units, %score_sums, %lse_squares = moe.plan_stats %plan scores(%scores : tensor<?x8xf32>) logits(%arg0 : tensor<?x8xf32>) segments(%arg1 : tensor<?xi32>) stage <before> counted <first> over <segments> normalise : !moe.plan<8, slots<2>> -> tensor<?x8xi32>, tensor<?xi32> score_sums tensor<?x8xf64> lse_squares tensor<?xf32>
    return %score_sums, %lse_squares : tensor<?x8xf64>, tensor<?xf32>
  }
  func.func @aux_loss(%arg0: tensor<8xi32>, %arg1: tensor<8xf32>, %arg2: tensor<i32>, %arg3: tensor<f32>) -> (tensor<f64>, tensor<f32>) {
    %loss, %next = moe.aux_loss <l1_balanced> %arg0, %arg1, %arg2, %arg3 {coeff = 1.000000e-02 : f64, k = 2 : i64} : tensor<8xi32>, tensor<8xf32>, tensor<i32>, tensor<f32> -> tensor<f64> next tensor<f32>
    return %loss, %next : tensor<f64>, tensor<f32>
  }
  func.func @aux_loss_by_noise(%arg0: tensor<?x8xf32>, %arg1: tensor<?x8xf32>) -> tensor<f32> {
    %loss = moe.aux_loss <load_cv2> %arg0, %arg1 {eps = 1.000000e-10 : f64, k = 1 : i64, noise_std = 1.000000e+00 : f64, sample} : tensor<?x8xf32>, tensor<?x8xf32> -> tensor<f32>
    return %loss : tensor<f32>
  }
  func.func @every_kind() attributes {k0 = #moe.aux_loss_kind<switch>, k1 = #moe.aux_loss_kind<switch_sumk>, k10 = #moe.aux_loss_kind<null_mean>, k2 = #moe.aux_loss_kind<gshard_top1>, k3 = #moe.aux_loss_kind<seq>, k4 = #moe.aux_loss_kind<global_batch>, k5 = #moe.aux_loss_kind<z>, k6 = #moe.aux_loss_kind<importance_cv2>, k7 = #moe.aux_loss_kind<load_cv2>, k8 = #moe.aux_loss_kind<entropy>, k9 = #moe.aux_loss_kind<mean_entropy>} {
    return
  }
  func.func @attach_loss(%arg0: tensor<?x64xf32>, %arg1: tensor<f32>) -> tensor<?x64xf32> {
    %0 = moe.attach_loss %arg0, %arg1 : tensor<?x64xf32>, tensor<f32>
    return %0 : tensor<?x64xf32>
  }
  func.func @bias_update(%arg0: tensor<8xf32>, %arg1: tensor<8xi32>, %arg2: tensor<?x8xbf16>) -> tensor<8xf32> {
    %0 = moe.bias_update <sign> %arg0, %arg1 : tensor<8xf32>, tensor<8xi32>
    %1 = moe.bias_update <proportional> %0, %arg1 {rate = 5.000000e-01 : f64} : tensor<8xf32>, tensor<8xi32>
    %2 = moe.bias_update <quantile> %1, %arg2 {k = 2 : i64, rate = 1.000000e+00 : f64} : tensor<8xf32>, tensor<?x8xbf16>
    return %2 : tensor<8xf32>
  }
  func.func @layer(%arg0: tensor<?x4xf32>, %arg1: !moe.plan<4, slots<4>>) -> !moe.plan<4, slots<4>> {
    %0 = moe.layer 12 decode : !moe.plan<4, slots<4>> {
      %plan = moe.route %arg0 predictor(%arg1 : !moe.plan<4, slots<4>>) score <sigmoid> select <expert_topc, key = scores, count = <1>> weight <scores> : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
      moe.yield %plan : !moe.plan<4, slots<4>>
    }
    return %0 : !moe.plan<4, slots<4>>
  }
  func.func private @format_0() attributes {f = #moe.quant<i8_chan>}
  func.func private @format_1() attributes {f = #moe.quant<i8_group, group = 64>}
  func.func private @format_2() attributes {f = #moe.quant<u_sym, group = 32, bits = 2>}
  func.func private @format_3() attributes {f = #moe.quant<u_sym, group = 32, bits = 4, order = half_split>}
  func.func private @format_4() attributes {f = #moe.quant<u_affine, group = 32, bits = 4>}
  func.func private @format_5() attributes {f = #moe.quant<u_sb, group = 64, bits = 3>}
  func.func private @format_6() attributes {f = #moe.quant<gptq4, group = 128, version = 1>}
  func.func private @format_7() attributes {f = #moe.quant<gptq4, group = 128, version = 2>}
  func.func private @format_8() attributes {f = #moe.quant<awq4, group = 128>}
  func.func private @format_9() attributes {f = #moe.quant<gguf_q4_0>}
  func.func private @format_10() attributes {f = #moe.quant<gguf_q8_0>}
  func.func private @format_11() attributes {f = #moe.quant<hqq, group = 64, bits = 3>}
  func.func private @format_12() attributes {f = #moe.quant<fp8_block, group = 128, block_n = 128>}
  func.func private @format_13() attributes {f = #moe.quant<mxfp4>}
  func.func private @format_14() attributes {f = #moe.quant<mxfp4, order = half_split>}
  func.func private @format_15() attributes {f = #moe.quant<gguf_mxfp4>}
  func.func private @format_16() attributes {f = #moe.quant<nvfp4>}
  func.func private @format_17() attributes {f = #moe.quant<nvfp4, global = divide>}
  func.func private @format_18() attributes {f = #moe.quant<gguf_nvfp4>}
  func.func private @format_19() attributes {f = #moe.quant<qmoe>}
  func.func private @format_20() attributes {f = #moe.quant<ternary>}
  func.func private @format_21() attributes {f = #moe.quant<nested, group = 64, bits = 8, base = 4, plane = 2>}
  func.func private @format_22() attributes {f = #moe.quant<nested, group = 64, bits = 4, base = 2, plane = 1, slice = centre>}
  func.func private @format_23() attributes {f = #moe.quant<nested, group = 64, bits = 3, base = 1, plane = 2, slice = round>}
  func.func @dequant(%arg0: tensor<96x32xi8>, %arg1: tensor<96x2xf16>) -> tensor<96x64xbf16> {
    %0 = moe.dequant %arg0, %arg1 quant <u_sym, group = 32, bits = 4> : tensor<96x32xi8>, tensor<96x2xf16> -> tensor<96x64xbf16>
    return %0 : tensor<96x64xbf16>
  }
  func.func @dequant_with_widths(%arg0: tensor<8x6144xi8>, %arg1: tensor<8x96x1xf32>, %arg2: tensor<8xi8>) -> tensor<8x96x64xf32> {
    %0 = moe.dequant %arg0, %arg1, %arg1 bits(%arg2 : tensor<8xi8>) quant <nested, group = 64, bits = 8, base = 4, plane = 2> : tensor<8x6144xi8>, tensor<8x96x1xf32>, tensor<8x96x1xf32> -> tensor<8x96x64xf32>
    return %0 : tensor<8x96x64xf32>
  }
  func.func @experts_with_stored_matrices(%arg0: !moe.rows<f32, 32, grouped>, %arg1: !moe.plan<2, slots<1>>, %arg2: tensor<2x64x32xi8>, %arg3: tensor<2x64xf32>, %arg4: tensor<2x64xf32>, %arg5: tensor<2x32x2x17xi8>) -> !moe.rows<f32, 32, grouped> {
    %0 = moe.experts %arg0, %arg1(%arg2, %arg3, %arg4, %arg5 : tensor<2x64x32xi8>, tensor<2x64xf32>, tensor<2x64xf32>, tensor<2x32x2x17xi8>) table <[<ffn, 2, width = 64, body = <ungated, relu, bias = [up]>, quant = [<i8_chan>, <gguf_mxfp4>]>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 32, grouped>
    return %0 : !moe.rows<f32, 32, grouped>
  }
  func.func private @classes() attributes {c0 = #moe.class<linear, 4, activation = always>, c1 = #moe.class<linear, 4, bias = true>, c2 = #moe.class<neuron, 1048576, body = <ungated, silu, alpha = 2.000000e+00>>, c3 = #moe.class<value, 16>, c4 = #moe.class<value, 16, width = 8>, c5 = #moe.class<scale_vec, 2, width = 6, body = <gated, silu, storage = interleaved>, targets = [gate, up, hidden, output]>, c6 = #moe.class<film, 2, width = 6, body = <ungated, relu>>, c7 = #moe.class<lora, 2, width = 6, body = <gated, silu>, targets = [gate, up, down], rank = 4, alpha = 8.000000e+00>, c8 = #moe.class<lora, 2, width = 6, body = <gated, silu>, targets = [down], rank = 4, base = in_rows>, c9 = #moe.class<nested, 2, width = 6, body = <gated, silu>, widths = [3, 6]>, d0 = #moe.class<nested, 3, widths = [6, 1, 1], bias = true>, d1 = #moe.class<factored, 2, width = 6, body = <gated, silu>, rank = 2, factors = low_rank>, d2 = #moe.class<factored, 2, rank = 2, factors = shared_left, evaluation = materialise>, d3 = #moe.class<factored, 2, rank = 2, factors = shared_right>, d4 = #moe.class<factored, 2, rank = 2, factors = cp, bias = true>, d5 = #moe.class<factored, 2, rank = 2, factors = tucker>, d6 = #moe.class<external, 1, callee = @twice>}
  func.func @twice(%arg0: tensor<?x8xf32>) -> tensor<?x8xf32> {
    %0 = arith.addf %arg0, %arg0 : tensor<?x8xf32>
    return %0 : tensor<?x8xf32>
  }
  func.func @experts(%arg0: !moe.rows<f32, 8, grouped>, %arg1: !moe.plan<8, slots<2>>, %arg2: tensor<2x8x8xf32>, %arg3: tensor<6x8xf32>, %arg4: tensor<8x6xf32>, %arg5: tensor<2x6x4xf32>, %arg6: tensor<2x4x8xf32>, %arg7: tensor<3x8xf32>) -> !moe.rows<f32, 8, grouped> {
    %0 = moe.experts %arg0, %arg1(%arg2, %arg3, %arg3, %arg4, %arg5, %arg6, %arg7, %arg7 : tensor<2x8x8xf32>, tensor<6x8xf32>, tensor<6x8xf32>, tensor<8x6xf32>, tensor<2x6x4xf32>, tensor<2x4x8xf32>, tensor<3x8xf32>, tensor<3x8xf32>) table <[<linear, 2>, <lora, 2, width = 6, body = <gated, silu>, targets = [up], rank = 4>, <neuron, 3, body = <ungated, relu>>, <external, 1, callee = @twice>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 8, grouped>
    return %0 : !moe.rows<f32, 8, grouped>
  }
  func.func @merged_scales(%arg0: !moe.plan<4, slots<2>>, %arg1: tensor<?x8xf32>, %arg2: tensor<16x8xf32>, %arg3: tensor<8x16xf32>, %arg4: tensor<4x16xf32>, %arg5: tensor<?xi32>) -> tensor<?x8xf32> {
    %0 = moe.merge_experts %arg0(%arg4 : tensor<4x16xf32>) experts <scale_vec, 4, width = 16, body = <ungated, relu>, targets = [hidden]> : !moe.plan<4, slots<2>> -> tensor<?x16xf32>
    %1 = moe.apply_merged %arg1(%arg2, %arg3, %0 : tensor<16x8xf32>, tensor<8x16xf32>, tensor<?x16xf32>) unit_of(%arg5 : tensor<?xi32>) experts <scale_vec, 1, width = 16, body = <ungated, relu>, targets = [hidden]> : tensor<?x8xf32> -> tensor<?x8xf32>
    return %1 : tensor<?x8xf32>
  }
  func.func @merged_values(%arg0: !moe.plan<4, dense>, %arg1: tensor<4x3xf16>) -> tensor<7x3xf16> {
    %0 = moe.merge_experts %arg0(%arg1 : tensor<4x3xf16>) experts <value, 4> : !moe.plan<4, dense> -> tensor<7x3xf16>
    return %0 : tensor<7x3xf16>
  }
}

