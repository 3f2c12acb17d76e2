// What Inputs/0.1/moe_support.mlirbc, written by moec 0.1 and never regenerated, must still mean. The text may follow the syntax; the binary may not.
// RUN: moe-opt %s -o %t.today
// RUN: moe-opt %S/Inputs/0.1/moe_support.mlirbc -o %t.then
// RUN: diff %t.today %t.then

module {
  func.func @weights() {
    %weight = moe_support.weight #moe_support.external<"w.bin", 64> : tensor<8x4xf32>
    %weight_0 = moe_support.weight #moe_support.transpose<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, [1, 0]> : tensor<4x8xf32>
    %weight_1 = moe_support.weight #moe_support.reshape<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>> : tensor<32xf32>
    %weight_2 = moe_support.weight #moe_support.concat<[#moe_support.external<"w.bin", 0> : tensor<1x4xf32>, dense<0.000000e+00> : tensor<1x4xf32>], 0> : tensor<2x4xf32>
    %weight_3 = moe_support.weight #moe_support.slice<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, [1, 0], [2, 1]> : tensor<4x4xf32>
    %weight_4 = moe_support.weight #moe_support.pad<#moe_support.external<"w.bin", 0> : tensor<5x4xf32>> : tensor<8x4xf32>
    return
  }
}

