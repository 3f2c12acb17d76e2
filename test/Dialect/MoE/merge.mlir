// Experts mixed in weight space, in custom and generic form and in bytecode.
// RUN: moe-opt %s --verify-roundtrip | FileCheck %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck %s
// RUN: moe-opt %s --emit-bytecode | moe-opt | FileCheck %s

// CHECK-LABEL: func.func @merged_scales
// CHECK-SAME: %[[P:.*]]: !moe.plan<4, slots<2>>, %[[X:.*]]: tensor<?x8xf32>, %[[U:.*]]: tensor<16x8xf32>, %[[D:.*]]: tensor<8x16xf32>, %[[S:.*]]: tensor<4x16xf32>, %[[O:.*]]: tensor<?xi32>
func.func @merged_scales(%p: !moe.plan<4, slots<2>>, %x: tensor<?x8xf32>, %u: tensor<16x8xf32>, %d: tensor<8x16xf32>, %s: tensor<4x16xf32>, %o: tensor<?xi32>) -> tensor<?x8xf32> {
  // CHECK: %[[M:.*]] = moe.merge_experts %[[P]](%[[S]] : tensor<4x16xf32>) experts <scale_vec, 4, width = 16, body = <ungated, relu>, targets = [hidden]> : !moe.plan<4, slots<2>> -> tensor<?x16xf32>
  %m = moe.merge_experts %p (%s : tensor<4x16xf32>) experts <scale_vec, 4, width = 16, body = <ungated, relu>, targets = [hidden]> : !moe.plan<4, slots<2>> -> tensor<?x16xf32>
  // CHECK: moe.apply_merged %[[X]](%[[U]], %[[D]], %[[M]] : tensor<16x8xf32>, tensor<8x16xf32>, tensor<?x16xf32>) unit_of(%[[O]] : tensor<?xi32>)
  // CHECK-SAME: experts <scale_vec, 1, width = 16, body = <ungated, relu>, targets = [hidden]> : tensor<?x8xf32> -> tensor<?x8xf32>
  %y = moe.apply_merged %x (%u, %d, %m : tensor<16x8xf32>, tensor<8x16xf32>, tensor<?x16xf32>) unit_of(%o : tensor<?xi32>)
    experts <scale_vec, 1, width = 16, body = <ungated, relu>, targets = [hidden]> : tensor<?x8xf32> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @merged_values
// CHECK-SAME: %[[P:.*]]: !moe.plan<4, dense>, %[[V:.*]]: tensor<4x3xf16>
func.func @merged_values(%p: !moe.plan<4, dense>, %v: tensor<4x3xf16>) -> tensor<7x3xf16> {
  // CHECK: moe.merge_experts %[[P]](%[[V]] : tensor<4x3xf16>) experts <value, 4> : !moe.plan<4, dense> -> tensor<7x3xf16>
  %m = moe.merge_experts %p (%v : tensor<4x3xf16>) experts <value, 4> : !moe.plan<4, dense> -> tensor<7x3xf16>
  return %m : tensor<7x3xf16>
}

// CHECK-LABEL: func.func @applied_vectors
// CHECK-SAME: %[[X:.*]]: tensor<?x8xf32>, %[[V:.*]]: tensor<?x8xf32>, %[[W:.*]]: tensor<?x2x8xf32>, %[[Q:.*]]: tensor<8x8xf32>, %[[O:.*]]: tensor<?xi32>
func.func @applied_vectors(%x: tensor<?x8xf32>, %v: tensor<?x8xf32>, %w: tensor<?x2x8xf32>, %q: tensor<8x8xf32>, %o: tensor<?xi32>) -> tensor<?x8xf32> {
  // CHECK: %[[A:.*]] = moe.apply_merged %[[X]](%[[V]], %[[W]] : tensor<?x8xf32>, tensor<?x2x8xf32>) experts <constant, 1, mix = softmax2> : tensor<?x8xf32> -> tensor<?x8xf32>
  %a = moe.apply_merged %x (%v, %w : tensor<?x8xf32>, tensor<?x2x8xf32>) experts <constant, 1, mix = softmax2> : tensor<?x8xf32> -> tensor<?x8xf32>
  // CHECK: %[[B:.*]] = moe.apply_merged %[[A]](%[[V]], %[[V]] : tensor<?x8xf32>, tensor<?x8xf32>) unit_of(%[[O]] : tensor<?xi32>) experts <neuron, 1, body = <ungated, relu>>
  %b = moe.apply_merged %a (%v, %v : tensor<?x8xf32>, tensor<?x8xf32>) unit_of(%o : tensor<?xi32>) experts <neuron, 1, body = <ungated, relu>> : tensor<?x8xf32> -> tensor<?x8xf32>
  // CHECK: moe.apply_merged %[[B]](%[[V]], %[[Q]] : tensor<?x8xf32>, tensor<8x8xf32>) experts <value, 1, width = 8>
  %c = moe.apply_merged %b (%v, %q : tensor<?x8xf32>, tensor<8x8xf32>) experts <value, 1, width = 8> : tensor<?x8xf32> -> tensor<?x8xf32>
  return %c : tensor<?x8xf32>
}
