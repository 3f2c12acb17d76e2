// What Inputs/bytecode-4/tables.mlirbc, the first file with every kind of class, merged experts and lazy logits, never regenerated, must still mean. The text may
// follow the syntax; the binary may not.
// RUN: moe-opt %s -o %t.today
// RUN: moe-opt %S/Inputs/bytecode-4/tables.mlirbc -o %t.then
// RUN: diff %t.today %t.then

module {
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
  func.func @product_keys(%arg0: tensor<?x8xbf16>, %arg1: tensor<?x4xbf16>) -> !moe.plan<32, slots<3>> {
    %0 = moe.lazy_logits %arg0, %arg1 : tensor<?x8xbf16>, tensor<?x4xbf16> -> !moe.lazy_logits<bf16, 8, 4>
    %plan = moe.route %0 score <sigmoid> select <topk(3), key = scores> weight <scores, norm = sum(0.000000e+00, add)> : !moe.lazy_logits<bf16, 8, 4> -> !moe.plan<32, slots<3>>
    return %plan : !moe.plan<32, slots<3>>
  }
  func.func @tucker(%arg0: tensor<?x2x8xf32>, %arg1: tensor<?x2x4xf32>, %arg2: tensor<2x2xf32>, %arg3: tensor<2xf32>, %arg4: tensor<2xf32>) -> !moe.lazy_logits<f32, 8, 4, rank = 2> {
    %0 = moe.lazy_logits %arg0, %arg1 core(%arg2 : tensor<2x2xf32>) row_direction(%arg3 : tensor<2xf32>) column_direction(%arg4 : tensor<2xf32>) approx : tensor<?x2x8xf32>, tensor<?x2x4xf32> -> !moe.lazy_logits<f32, 8, 4, rank = 2>
    return %0 : !moe.lazy_logits<f32, 8, 4, rank = 2>
  }
}

