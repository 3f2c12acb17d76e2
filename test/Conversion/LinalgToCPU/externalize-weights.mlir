// RUN: moe-opt %s --split-input-file --verify-diagnostics --moe-externalize-weights | FileCheck %s

// Equal weights share a place; places are aligned to 64 bytes.
// CHECK: module attributes {moe.weights = [
// CHECK-SAME: {offset = 0 : i64, value = #moe_support.external<"w.bin", 0> : tensor<3xf32>},
// CHECK-SAME: {offset = 64 : i64, value = dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf64>}],
// CHECK-SAME: moe.weights_size = 128 : i64}
module {
  // CHECK-LABEL: func.func @main(
  // CHECK-SAME: %[[X:.*]]: tensor<3xf32>, %[[DATA:.*]]: memref<?xi8>)
  func.func @main(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<2xf64>, tensor<3xf32>) {
    // CHECK: %[[OFFSET0:.*]] = arith.constant 0 : index
    // CHECK: %[[VIEW0:.*]] = memref.view %[[DATA]][%[[OFFSET0]]][] : memref<?xi8> to memref<3xf32>
    // CHECK: %[[W0:.*]] = bufferization.to_tensor %[[VIEW0]] restrict : memref<3xf32> to tensor<3xf32>
    // CHECK: %[[OFFSET1:.*]] = arith.constant 64 : index
    // CHECK: %[[VIEW1:.*]] = memref.view %[[DATA]][%[[OFFSET1]]][]
    // CHECK: %[[W1:.*]] = bufferization.to_tensor %[[VIEW1]] restrict
    %0 = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<3xf32>
    %1 = moe_support.weight dense<[1.0, 2.0]> : tensor<2xf64>
    %2 = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<3xf32>
    // CHECK: return %[[W0]], %[[W1]], %[[W0]]
    return %0, %1, %2 : tensor<3xf32>, tensor<2xf64>, tensor<3xf32>
  }
}

// -----

// What is called with weights of its own reads them where it is called.
module {
  // CHECK-LABEL: func.func @main(
  // CHECK-SAME: %[[X:.*]]: tensor<3xf32>, %[[DATA:.*]]: memref<?xi8>)
  func.func @main(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
    // CHECK: %[[VIEW:.*]] = memref.view %[[DATA]]
    // CHECK: %[[W:.*]] = bufferization.to_tensor %[[VIEW]]
    // CHECK: %[[Y:.*]] = arith.addf %[[X]], %[[W]]
    // CHECK: %[[Z:.*]] = arith.addf %[[Y]], %[[W]]
    // CHECK: call @plain(%[[Z]])
    // CHECK: return %[[Y]],
    // CHECK-NOT: @shifted
    // CHECK-NOT: @outer
    %0 = call @outer(%x) : (tensor<3xf32>) -> tensor<3xf32>
    %1 = call @shifted(%0) : (tensor<3xf32>) -> tensor<3xf32>
    %2 = call @plain(%1) : (tensor<3xf32>) -> tensor<3xf32>
    return %0, %2 : tensor<3xf32>, tensor<3xf32>
  }
  func.func private @outer(%x: tensor<3xf32>) -> tensor<3xf32> {
    %0 = call @shifted(%x) : (tensor<3xf32>) -> tensor<3xf32>
    return %0 : tensor<3xf32>
  }
  func.func private @shifted(%x: tensor<3xf32>) -> tensor<3xf32> {
    %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<3xf32>
    %0 = arith.addf %x, %w : tensor<3xf32>
    return %0 : tensor<3xf32>
  }
  // CHECK: func.func private @plain(
  func.func private @plain(%x: tensor<3xf32>) -> tensor<3xf32> {
    return %x : tensor<3xf32>
  }
}

// -----

// A body that calls itself has no end.
module {
  func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
    %0 = call @forever(%x) : (tensor<3xf32>) -> tensor<3xf32>
    return %0 : tensor<3xf32>
  }
  func.func private @forever(%x: tensor<3xf32>) -> tensor<3xf32> {
    // expected-error @+1 {{requires the weight to be used in 'main'; inline the function around it}}
    %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<3xf32>
    %0 = arith.addf %x, %w : tensor<3xf32>
    %1 = call @forever(%0) : (tensor<3xf32>) -> tensor<3xf32>
    return %1 : tensor<3xf32>
  }
}

// -----

module {
  func.func @main() {
    return
  }
  func.func @other() -> tensor<3xf32> {
    // expected-error @+1 {{requires the weight to be used in 'main'; inline the function around it}}
    %0 = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<3xf32>
    return %0 : tensor<3xf32>
  }
}
