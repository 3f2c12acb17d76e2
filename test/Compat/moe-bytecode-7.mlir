// What Inputs/bytecode-7/tables.mlirbc, the first file with functions as activations, scales and places of classes, matrix product operators of any number of
// tensors and sparse matrices, never regenerated, must still mean. The text may follow the syntax; the binary may not.
// RUN: moe-opt %s -o %t.today
// RUN: moe-opt %S/Inputs/bytecode-7/tables.mlirbc -o %t.then
// RUN: diff %t.today %t.then

module {
  func.func private @formats() attributes {b0 = #moe.body<gated, external, bias = [down], callee = @squash>, c0 = #moe.class<factored, 8, rank = 4, widths = [2, 4, 1, 3], factors = mpo, columns = [4, 2, 3, 1]>, c1 = #moe.class<factored, 8, rank = 4, widths = [2], factors = mpo>, c2 = #moe.class<copy, 1, input_scale = 2.000000e+00>, c3 = #moe.class<linear, 8, bias = true, input_scale = -5.000000e-01, placement = [0, 3, 1, 2]>, f0 = #moe.quant<n_of_m, group = 4, keep = 2>, f1 = #moe.quant<bitmask>}
  func.func private @squash(f32) -> f32
  func.func @layer(%arg0: !moe.rows<f32, 32, grouped>, %arg1: !moe.plan<4, slots<1>>, %arg2: tensor<2x8x32xf32>, %arg3: tensor<2x32x8xf32>, %arg4: tensor<2x32x4xi8>, %arg5: tensor<2x?xbf16>, %arg6: tensor<2x33xi32>) -> !moe.rows<f32, 32, grouped> {
    %0 = moe.experts %arg0, %arg1(%arg2, %arg3, %arg4, %arg5, %arg6 : tensor<2x8x32xf32>, tensor<2x32x8xf32>, tensor<2x32x4xi8>, tensor<2x?xbf16>, tensor<2x33xi32>) table <[<ffn, 2, width = 8, body = <ungated, external, callee = @squash>, placement = [1]>, <linear, 2, quant = [<bitmask>], input_scale = 2.000000e+00>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<1>> -> !moe.rows<f32, 32, grouped>
    return %0 : !moe.rows<f32, 32, grouped>
  }
  func.func @merged(%arg0: tensor<?x8xf32>, %arg1: tensor<?x8xf32>) -> tensor<?x8xf32> {
    %0 = moe.apply_merged %arg0(%arg1, %arg1 : tensor<?x8xf32>, tensor<?x8xf32>) experts <neuron, 1, body = <ungated, external, callee = @squash>> : tensor<?x8xf32> -> tensor<?x8xf32>
    return %0 : tensor<?x8xf32>
  }
}

