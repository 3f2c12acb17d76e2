// RUN: moe-opt %s --moe-fuse-elementwise | FileCheck %s

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#vec = affine_map<(i) -> (i)>

// CHECK-LABEL: func.func @chain
func.func @chain(%x: tensor<4x8xf32>, %e: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // CHECK: linalg.generic
  // CHECK: math.exp
  // CHECK: arith.mulf
  // CHECK-NOT: linalg.generic
  %two = moe_support.weight dense<2.0> : tensor<4x8xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.exp %a : f32
    linalg.yield %r : f32
  } -> tensor<4x8xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%0, %two : tensor<4x8xf32>, tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.mulf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// A function of each row is not computed again for each element.
// CHECK-LABEL: func.func @row_function
func.func @row_function(%x: tensor<4x8xf32>, %s: tensor<4xf32>, %e: tensor<4x8xf32>, %v: tensor<4xf32>) -> tensor<4x8xf32> {
  // CHECK: linalg.generic
  // CHECK: math.rsqrt
  // CHECK: linalg.generic
  // CHECK-NOT: math.rsqrt
  %0 = linalg.generic {indexing_maps = [#vec, #vec], iterator_types = ["parallel"]} ins(%s : tensor<4xf32>) outs(%v : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.rsqrt %a : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  %1 = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %0 : tensor<4x8xf32>, tensor<4xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.mulf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// A contraction reads a transposed operand in place, and computes nothing else.
// CHECK-LABEL: func.func @contraction
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>, %[[Y:.*]]: tensor<6x8xf32>
func.func @contraction(%x: tensor<4x8xf32>, %y: tensor<6x8xf32>, %e: tensor<4x8xf32>, %t: tensor<8x6xf32>, %o: tensor<4x6xf32>) -> tensor<4x6xf32> {
  // CHECK: %[[A:.*]] = linalg.generic {{.*}} ins(%[[X]]
  // CHECK: math.exp
  // CHECK: linalg.generic {{.*}}"reduction"]} ins(%[[A]], %[[Y]]
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32):
    %r = math.exp %a : f32
    linalg.yield %r : f32
  } -> tensor<4x8xf32>
  %1 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, #id], iterator_types = ["parallel", "parallel"]} ins(%y : tensor<6x8xf32>) outs(%t : tensor<8x6xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<8x6xf32>
  %2 = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%0, %1 : tensor<4x8xf32>, tensor<8x6xf32>) outs(%o : tensor<4x6xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %q = arith.addf %c, %p : f32
    linalg.yield %q : f32
  } -> tensor<4x6xf32>
  return %2 : tensor<4x6xf32>
}

// An op on buffers keeps operands that its body does not read, an op on tensors does not.
// CHECK-LABEL: func.func @unread
// CHECK-SAME: (%[[X:.*]]: memref<4x8xf32>, %[[UNREAD:.*]]: memref<4x8xbf16>, %{{.*}}: memref<4x8xf32>, %[[T:.*]]: tensor<4x8xf32>,
// CHECK: linalg.generic {{.*}} ins(%[[X]], %[[UNREAD]] : memref<4x8xf32>, memref<4x8xbf16>)
// CHECK: linalg.generic {{.*}} ins(%[[T]] : tensor<4x8xf32>)
func.func @unread(%x: memref<4x8xf32>, %unread: memref<4x8xbf16>, %y: memref<4x8xf32>, %t: tensor<4x8xf32>, %u: tensor<4x8xbf16>, %e: tensor<4x8xf32>) -> tensor<4x8xf32> {
  linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %unread : memref<4x8xf32>, memref<4x8xbf16>) outs(%y : memref<4x8xf32>) {
  ^bb0(%a: f32, %b: bf16, %c: f32):
    %r = arith.addf %a, %c : f32
    linalg.yield %r : f32
  }
  %0 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%t, %u : tensor<4x8xf32>, tensor<4x8xbf16>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: bf16, %c: f32):
    %r = arith.negf %a : f32
    linalg.yield %r : f32
  } -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}
