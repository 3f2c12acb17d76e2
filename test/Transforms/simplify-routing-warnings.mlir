// The warnings of R6, R7, R9 and R10: once, and no rewrite takes them away.
// RUN: moe-opt %s --moe-simplify-routing --canonicalize --split-input-file --verify-diagnostics | FileCheck %s

// (R7): double softmax
// CHECK-LABEL: func.func @a_second_softmax
func.func @a_second_softmax(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-warning @+2 {{softmax scores are normalised by a second softmax}}
  // CHECK: moe.route %{{.*}} score <softmax> select <topk(2), key = scores> weight <scores, norm = softmax> :
  %p = moe.route %z score <softmax> select <topk(2), key = scores> weight <scores, norm = softmax> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R9): norm
// CHECK-LABEL: func.func @a_sum_after_rmsnorm
func.func @a_sum_after_rmsnorm(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-warning @+2 {{weights of scores that 'post = rmsnorm' has normalised are normalised again}}
  // CHECK: moe.route %{{.*}} score <relu, post = rmsnorm(0.000000e+00)> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add)> :
  %p = moe.route %z score <relu, post = rmsnorm(0.000000e+00)> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R10): key offset
// CHECK-LABEL: func.func @a_biased_weight
func.func @a_biased_weight(%z: tensor<?x8xf32>, %k: tensor<8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-warning @+2 {{weights are keys that include 'key_offset'}}
  // CHECK: moe.route %{{.*}} key_offset(%{{.*}} : tensor<8xf32>) score <softmax> select <topk(2), key = scores> weight <key> :
  %p = moe.route %z key_offset(%k : tensor<8xf32>) score <softmax> select <topk(2), key = scores> weight <key> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// (R6): key offset
// CHECK-LABEL: func.func @a_sum_of_biased_probabilities
func.func @a_sum_of_biased_probabilities(%z: tensor<?x8xf32>, %b: tensor<8xf32>) -> !moe.plan<8, csr> {
  // expected-warning @+2 {{'key_offset' changes the keys whose sum 'topp' bounds}}
  // CHECK: select <topp(5.000000e-01), key = scores>
  %p = moe.route %z key_offset(%b : tensor<8xf32>) score <softmax> select <topp(0.5)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, csr>
  return %p : !moe.plan<8, csr>
}
