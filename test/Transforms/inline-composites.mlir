// RUN: moe-opt %s --moe-inline-composites | FileCheck %s
// RUN: moe-opt %s --moe-inline-composites=except=onnx.Softplus | FileCheck %s --check-prefix=KEEP

// CHECK-LABEL: func.func @main
// KEEP-LABEL: func.func @main
func.func @main(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK-NEXT: %[[E:.*]] = stablehlo.exponential
  // CHECK-NEXT: %[[S:.*]] = stablehlo.log_plus_one %[[E]]
  // CHECK-NEXT: %[[M:.*]] = stablehlo.multiply %{{.*}}, %[[S]]
  // KEEP-NEXT: %[[S:.*]] = stablehlo.composite "onnx.Softplus"
  // KEEP-NEXT: %[[M:.*]] = stablehlo.multiply %{{.*}}, %[[S]]
  %0 = stablehlo.composite "onnx.Gate" %x {decomposition = @gate, version = 1 : i32} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: %[[E2:.*]] = stablehlo.exponential
  // CHECK-NEXT: %[[S2:.*]] = stablehlo.log_plus_one %[[E2]]
  // KEEP-NEXT: %[[S2:.*]] = stablehlo.composite "onnx.Softplus"
  %1 = stablehlo.composite "onnx.Softplus" %x {decomposition = @softplus, version = 1 : i32} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: return %[[M]], %[[S2]]
  // KEEP-NEXT: return %[[M]], %[[S2]]
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// A public decomposition stays.
// CHECK: func.func @gate
func.func @gate(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = stablehlo.composite "onnx.Softplus" %x {decomposition = @softplus, version = 1 : i32} : (tensor<4xf32>) -> tensor<4xf32>
  %1 = stablehlo.multiply %x, %0 : tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-NOT: @softplus
// KEEP: func.func private @softplus
func.func private @softplus(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = stablehlo.exponential %x : tensor<4xf32>
  %1 = stablehlo.log_plus_one %0 : tensor<4xf32>
  return %1 : tensor<4xf32>
}
