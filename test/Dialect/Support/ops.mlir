// RUN: moe-opt %s --verify-roundtrip | FileCheck %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck %s
// RUN: moe-opt %s --emit-bytecode | moe-opt | FileCheck %s

// CHECK-LABEL: func.func @requirements
// CHECK-SAME: %[[OK:.*]]: i1, %[[A:.*]]: index, %[[B:.*]]: index
func.func @requirements(%ok: i1, %a: index, %b: index) {
  // CHECK: moe_support.require %[[OK]], "requires {0} to equal {1}"(%[[A]], %[[B]]) : index, index
  moe_support.require %ok, "requires {0} to equal {1}"(%a, %b) : index, index
  // CHECK: moe_support.require %[[OK]], "expects rows"
  moe_support.require %ok, "expects rows"
  return
}

// CHECK-LABEL: func.func @weights
func.func @weights() {
  // CHECK: moe_support.weight #moe_support.external<"w.bin", 64> : tensor<8x4xf32>
  %0 = moe_support.weight #moe_support.external<"w.bin", 64> : tensor<8x4xf32>
  // CHECK: moe_support.weight #moe_support.transpose<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, [1, 0]> : tensor<4x8xf32>
  %1 = moe_support.weight #moe_support.transpose<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, [1, 0]> : tensor<4x8xf32>
  // CHECK: moe_support.weight #moe_support.reshape<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>> : tensor<32xf32>
  %2 = moe_support.weight #moe_support.reshape<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>> : tensor<32xf32>
  // CHECK: moe_support.weight #moe_support.concat<[#moe_support.external<"w.bin", 0> : tensor<1x4xf32>, dense<0.000000e+00> : tensor<1x4xf32>], 0> : tensor<2x4xf32>
  %3 = moe_support.weight #moe_support.concat<[#moe_support.external<"w.bin", 0> : tensor<1x4xf32>, dense<0.0> : tensor<1x4xf32>], 0> : tensor<2x4xf32>
  // CHECK: moe_support.weight #moe_support.slice<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, [1, 0], [2, 1]> : tensor<4x4xf32>
  %4 = moe_support.weight #moe_support.slice<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, [1, 0], [2, 1]> : tensor<4x4xf32>
  // CHECK: moe_support.weight #moe_support.pad<#moe_support.external<"w.bin", 0> : tensor<5x4xf32>> : tensor<8x4xf32>
  %5 = moe_support.weight #moe_support.pad<#moe_support.external<"w.bin", 0> : tensor<5x4xf32>> : tensor<8x4xf32>
  // CHECK: moe_support.weight #moe_support.scale<#moe_support.external<"w.bin", 0> : tensor<8x4xbf16>, dense<2.500000e+00> : tensor<f32>> : tensor<8x4xbf16>
  %6 = moe_support.weight #moe_support.scale<#moe_support.external<"w.bin", 0> : tensor<8x4xbf16>, dense<2.5> : tensor<f32>> : tensor<8x4xbf16>
  // CHECK: moe_support.weight #moe_support.scale<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, #moe_support.external<"s.bin", 0> : tensor<8xf32>> : tensor<8x4xf32>
  %7 = moe_support.weight #moe_support.scale<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, #moe_support.external<"s.bin", 0> : tensor<8xf32>> : tensor<8x4xf32>
  // CHECK: moe_support.weight #moe_support.convert<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>> : tensor<8x4xbf16>
  %12 = moe_support.weight #moe_support.convert<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>> : tensor<8x4xbf16>
  // CHECK: moe_support.weight #moe_support.nibbles<#moe_support.external<"w.bin", 0> : tensor<8x4xi4>> : tensor<8x2xi8>
  %8 = moe_support.weight #moe_support.nibbles<#moe_support.external<"w.bin", 0> : tensor<8x4xi4>> : tensor<8x2xi8>
  // CHECK: moe_support.weight #moe_support.unpack<#moe_support.external<"w.bin", 0> : tensor<8x2xi8>> : tensor<8x4xi4>
  %9 = moe_support.weight #moe_support.unpack<#moe_support.external<"w.bin", 0> : tensor<8x2xi8>> : tensor<8x4xi4>
  // CHECK: moe_support.weight #moe_support.nibbles<#moe_support.unpack<#moe_support.external<"w.bin", 0> : tensor<8x1xi8>> : tensor<8x4xi2>> : tensor<8x1xi8>
  %11 = moe_support.weight #moe_support.nibbles<#moe_support.unpack<#moe_support.external<"w.bin", 0> : tensor<8x1xi8>> : tensor<8x4xi2>> : tensor<8x1xi8>
  // CHECK: moe_support.weight #moe_support.unpack<#moe_support.external<"w.bin", 0> : tensor<8x1xi8>> : tensor<8x4xi8>
  %10 = moe_support.weight #moe_support.unpack<#moe_support.external<"w.bin", 0> : tensor<8x1xi8>> : tensor<8x4xi8>
  return
}
