// What Inputs/bytecode-6/storage.mlirbc, the first file with matrices that stay float among stored ones, with widths of nested codes and with every expert as a
// fallback, never regenerated, must still mean. The text may follow the syntax; the binary may not.
// RUN: moe-opt %s -o %t.today
// RUN: moe-opt %S/Inputs/bytecode-6/storage.mlirbc -o %t.then
// RUN: diff %t.today %t.then

module {
  func.func private @formats() attributes {c0 = #moe.class<factored, 8, rank = 4, factors = phm>, c1 = #moe.class<factored, 8, rank = 4, factors = low_rank_sparse>, c2 = #moe.class<factored, 8, factors = residual, evaluation = materialise>, f0 = #moe.quant<nested, group = 64, bits = 8, base = 4, plane = 2, slice = centre, width = 6>, f1 = #moe.quant<nested, group = 64, bits = 8, base = 2, plane = 1, widths = operand, overrides = true>, f2 = #moe.quant<nested, group = 64, bits = 8, base = 4, plane = 2, width = 4, overrides = true>, f3 = #moe.quant<float>, s0 = #moe.select<threshold(operand), key = scores, fallback = all>}
  func.func @experts_with_a_stored_base(%arg0: !moe.rows<f32, 32, grouped>, %arg1: !moe.plan<2, slots<1>>, %arg2: tensor<32x32xi8>, %arg3: tensor<32xf32>, %arg4: tensor<32x32xbf16>, %arg5: tensor<2x32x4xf32>, %arg6: tensor<2x4x32xf32>) -> !moe.rows<f32, 32, grouped> {
    %0 = moe.experts %arg0, %arg1(%arg2, %arg3, %arg4, %arg5, %arg6 : tensor<32x32xi8>, tensor<32xf32>, tensor<32x32xbf16>, tensor<2x32x4xf32>, tensor<2x4x32xf32>) table <[<lora, 2, width = 32, body = <ungated, relu>, targets = [up], rank = 4, quant = [<i8_chan>, <float>, <float>, <float>]>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 32, grouped>
    return %0 : !moe.rows<f32, 32, grouped>
  }
}

