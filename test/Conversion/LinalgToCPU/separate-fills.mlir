// RUN: moe-opt %s --moe-separate-fills | FileCheck %s

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(m, n) -> (m, n)>

// Equal sums begin with tensors of their own.
// CHECK-LABEL: func.func @shared
// CHECK-SAME: %[[X:.*]]: tensor<?x8xf32>, %[[W:.*]]: tensor<20x8xf32>, %[[V:.*]]: tensor<20x8xf32>, %[[M:.*]]: index
func.func @shared(%x: tensor<?x8xf32>, %w: tensor<20x8xf32>, %v: tensor<20x8xf32>, %m: index) -> (tensor<?x20xf32>, tensor<?x20xf32>) {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty(%m) : tensor<?x20xf32>
  %fill = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%empty : tensor<?x20xf32>) {
  ^bb0(%o: f32):
    linalg.yield %zero : f32
  } -> tensor<?x20xf32>
  // CHECK: %[[E1:.*]] = tensor.empty(%[[M]])
  // CHECK-NEXT: %[[F1:.*]] = linalg.generic {{.*}} outs(%[[E1]] : tensor<?x20xf32>)
  // CHECK: %[[E0:.*]] = tensor.empty(%[[M]])
  // CHECK-NEXT: %[[F0:.*]] = linalg.generic {{.*}} outs(%[[E0]] : tensor<?x20xf32>)
  // CHECK: linalg.generic {{.*}} ins(%[[X]], %[[W]] : {{.*}}) outs(%[[F0]] : tensor<?x20xf32>)
  %y = linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<?x8xf32>, tensor<20x8xf32>) outs(%fill : tensor<?x20xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %q = arith.addf %c, %p : f32
    linalg.yield %q : f32
  } -> tensor<?x20xf32>
  // CHECK: linalg.generic {{.*}} ins(%[[X]], %[[V]] : {{.*}}) outs(%[[F1]] : tensor<?x20xf32>)
  %z = linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %v : tensor<?x8xf32>, tensor<20x8xf32>) outs(%fill : tensor<?x20xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %q = arith.addf %c, %p : f32
    linalg.yield %q : f32
  } -> tensor<?x20xf32>
  return %y, %z : tensor<?x20xf32>, tensor<?x20xf32>
}

// What is added to, but is not of one value, stays; so does a fill of one product.
// CHECK-LABEL: func.func @alone
func.func @alone(%x: tensor<4x8xf32>, %w: tensor<20x8xf32>, %bias: tensor<4x20xf32>) -> (tensor<4x20xf32>, tensor<4x20xf32>) {
  %zero = arith.constant 0.0 : f32
  // CHECK-COUNT-1: tensor.empty()
  // CHECK-NOT: tensor.empty()
  // CHECK: return
  %empty = tensor.empty() : tensor<4x20xf32>
  %fill = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%empty : tensor<4x20xf32>) {
  ^bb0(%o: f32):
    linalg.yield %zero : f32
  } -> tensor<4x20xf32>
  %y = linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<4x8xf32>, tensor<20x8xf32>) outs(%fill : tensor<4x20xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %q = arith.addf %c, %p : f32
    linalg.yield %q : f32
  } -> tensor<4x20xf32>
  %z = linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<4x8xf32>, tensor<20x8xf32>) outs(%bias : tensor<4x20xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %q = arith.addf %c, %p : f32
    linalg.yield %q : f32
  } -> tensor<4x20xf32>
  return %y, %z : tensor<4x20xf32>, tensor<4x20xf32>
}
