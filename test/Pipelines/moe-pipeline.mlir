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

// Routes reach their canonical form on the way: the softmax of a normalising router is over the picks, selection is on logits.
// CHECK-LABEL: func.func @routes
func.func @routes(%z: tensor<?x8xf32>) -> (!moe.plan<8, slots<2>>, !moe.plan<8, slots<2>>) {
  // CHECK: moe.route %{{.*}} score <identity> select <topk(2), key = logits> weight <logits, norm = softmax> :
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores, norm = sum(0.0, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  // CHECK: moe.route %{{.*}} score <sigmoid> select <topk(2), key = logits> weight <scores> :
  %q = moe.route %z score <sigmoid> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p, %q : !moe.plan<8, slots<2>>, !moe.plan<8, slots<2>>
}
