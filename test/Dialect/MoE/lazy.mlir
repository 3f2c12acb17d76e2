// Lazy logits, in custom and generic form and in bytecode.
// RUN: moe-opt %s --verify-roundtrip | FileCheck %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck %s
// RUN: moe-opt %s --emit-bytecode | moe-opt | FileCheck %s

// CHECK-LABEL: func.func @product_keys
// CHECK-SAME: %[[A:.*]]: tensor<?x8xbf16>, %[[B:.*]]: tensor<?x4xbf16>
func.func @product_keys(%a: tensor<?x8xbf16>, %b: tensor<?x4xbf16>) -> !moe.plan<32, slots<3>> {
  // CHECK: %[[Z:.*]] = moe.lazy_logits %[[A]], %[[B]] : tensor<?x8xbf16>, tensor<?x4xbf16> -> !moe.lazy_logits<bf16, 8, 4>
  %z = moe.lazy_logits %a, %b : tensor<?x8xbf16>, tensor<?x4xbf16> -> !moe.lazy_logits<bf16, 8, 4>
  // CHECK: moe.route %[[Z]] score <sigmoid> select <topk(3), key = scores> weight <scores, norm = sum(0.000000e+00, add)> : !moe.lazy_logits<bf16, 8, 4> -> !moe.plan<32, slots<3>>
  %p = moe.route %z score <sigmoid> select <topk(3), key = scores> weight <scores, norm = sum(0.0, add)> : !moe.lazy_logits<bf16, 8, 4> -> !moe.plan<32, slots<3>>
  return %p : !moe.plan<32, slots<3>>
}

// CHECK-LABEL: func.func @tucker
// CHECK-SAME: %[[A:.*]]: tensor<?x2x8xf32>, %[[B:.*]]: tensor<?x2x4xf32>, %[[C:.*]]: tensor<2x2xf32>, %[[L:.*]]: tensor<2xf32>, %[[R:.*]]: tensor<2xf32>
func.func @tucker(%a: tensor<?x2x8xf32>, %b: tensor<?x2x4xf32>, %c: tensor<2x2xf32>, %l: tensor<2xf32>, %r: tensor<2xf32>) -> !moe.lazy_logits<f32, 8, 4, rank = 2> {
  // CHECK: moe.lazy_logits %[[A]], %[[B]] core(%[[C]] : tensor<2x2xf32>) row_direction(%[[L]] : tensor<2xf32>) column_direction(%[[R]] : tensor<2xf32>) approx
  // CHECK-SAME: : tensor<?x2x8xf32>, tensor<?x2x4xf32> -> !moe.lazy_logits<f32, 8, 4, rank = 2>
  %z = moe.lazy_logits %a, %b core(%c : tensor<2x2xf32>) row_direction(%l : tensor<2xf32>) column_direction(%r : tensor<2xf32>) approx
    : tensor<?x2x8xf32>, tensor<?x2x4xf32> -> !moe.lazy_logits<f32, 8, 4, rank = 2>
  return %z : !moe.lazy_logits<f32, 8, 4, rank = 2>
}
