// From the graph level to the moe level: which ops are left of a dense layer, and that a moe layer stays.
// RUN: moe-opt %s --moe-moe-pipeline | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK-NOT: stablehlo
// CHECK: linalg.matmul
// CHECK: linalg.generic
// CHECK: moe.ffn
// CHECK-NOT: stablehlo
// CHECK: return
func.func @main(%x: tensor<?x4xf32>, %w: tensor<4x4xf32>, %u: tensor<6x4xf32>, %d: tensor<4x6xf32>) -> tensor<?x4xf32> {
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0] : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  %1 = stablehlo.tanh %0 : tensor<?x4xf32>
  %2 = moe.ffn %1 (%u, %d : tensor<6x4xf32>, tensor<4x6xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  return %2 : tensor<?x4xf32>
}
