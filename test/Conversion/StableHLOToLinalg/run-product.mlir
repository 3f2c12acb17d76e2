// RUN: moe-opt %s --convert-stablehlo-to-linalg | %run_linalg | FileCheck %s

func.func private @printMemrefF32(tensor<*xf32>)
func.func private @printMemrefI32(tensor<*xi32>)

func.func private @matrix(%x: tensor<?x2xf32>, %y: tensor<2x3xf32>) -> tensor<?x3xf32> {
  %0 = stablehlo.dot_general %x, %y, contracting_dims = [1] x [0] : (tensor<?x2xf32>, tensor<2x3xf32>) -> tensor<?x3xf32>
  return %0 : tensor<?x3xf32>
}
func.func private @rows(%x: tensor<?x2x2xf32>, %y: tensor<3x2xf32>) -> tensor<?x2x3xf32> {
  %0 = stablehlo.dot_general %x, %y, contracting_dims = [2] x [1] : (tensor<?x2x2xf32>, tensor<3x2xf32>) -> tensor<?x2x3xf32>
  return %0 : tensor<?x2x3xf32>
}
func.func private @batched(%x: tensor<2x1x2xf32>, %y: tensor<2x2x2xf32>) -> tensor<2x1x2xf32> {
  %0 = stablehlo.dot_general %x, %y, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<2x1x2xf32>, tensor<2x2x2xf32>) -> tensor<2x1x2xf32>
  return %0 : tensor<2x1x2xf32>
}
// Batching and contracting dimensions in the middle, two of them summed.
func.func private @general(%x: tensor<2x2x?xf32>, %y: tensor<?x2x2xf32>) -> tensor<2xf32> {
  %0 = stablehlo.dot_general %x, %y, batching_dims = [1] x [2], contracting_dims = [0, 2] x [1, 0] : (tensor<2x2x?xf32>, tensor<?x2x2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
// 256 + 1 needs the f32 accumulator: bf16 has 8 bits.
func.func private @half(%x: tensor<1x4xbf16>, %y: tensor<4x1xbf16>) -> tensor<1x1xf32> {
  %0 = stablehlo.dot_general %x, %y, contracting_dims = [1] x [0] : (tensor<1x4xbf16>, tensor<4x1xbf16>) -> tensor<1x1xbf16>
  %1 = stablehlo.convert %0 : (tensor<1x1xbf16>) -> tensor<1x1xf32>
  return %1 : tensor<1x1xf32>
}
func.func private @ints(%x: tensor<2xui8>, %y: tensor<2xui8>) -> tensor<i32> {
  %0 = stablehlo.dot_general %x, %y, contracting_dims = [0] x [0] : (tensor<2xui8>, tensor<2xui8>) -> tensor<i32>
  return %0 : tensor<i32>
}
func.func private @ragged_rows(%x: tensor<?x2xf32>, %w: tensor<3x2x1xf32>, %g: tensor<3xi32>) -> tensor<?x1xf32> {
  %0 = "chlo.ragged_dot"(%x, %w, %g) <{ragged_dot_dimension_numbers = #chlo.ragged_dot<lhs_contracting_dimensions = [1],
      rhs_contracting_dimensions = [1], lhs_ragged_dimensions = [0], rhs_group_dimensions = [0]>}>
      : (tensor<?x2xf32>, tensor<3x2x1xf32>, tensor<3xi32>) -> tensor<?x1xf32>
  return %0 : tensor<?x1xf32>
}
func.func private @ragged_sums(%x: tensor<2x4xf32>, %y: tensor<4x1xf32>, %g: tensor<3xi32>) -> tensor<3x2x1xf32> {
  %0 = "chlo.ragged_dot"(%x, %y, %g) <{ragged_dot_dimension_numbers = #chlo.ragged_dot<lhs_contracting_dimensions = [1],
      rhs_contracting_dimensions = [0], lhs_ragged_dimensions = [1]>}>
      : (tensor<2x4xf32>, tensor<4x1xf32>, tensor<3xi32>) -> tensor<3x2x1xf32>
  return %0 : tensor<3x2x1xf32>
}

func.func @main() {
  %x = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %xd = tensor.cast %x : tensor<2x2xf32> to tensor<?x2xf32>
  %y = arith.constant dense<[[1.0, 0.0, 2.0], [0.0, 1.0, 1.0]]> : tensor<2x3xf32>
  // CHECK: {{\[}}[1, 2, 4],
  // CHECK-NEXT: [3, 4, 10]]
  %0 = call @matrix(%xd, %y) : (tensor<?x2xf32>, tensor<2x3xf32>) -> tensor<?x3xf32>
  %p0 = tensor.cast %0 : tensor<?x3xf32> to tensor<*xf32>
  call @printMemrefF32(%p0) : (tensor<*xf32>) -> ()
  // CHECK: sizes = [0, 3]
  %e = tensor.empty() : tensor<0x2xf32>
  %ed = tensor.cast %e : tensor<0x2xf32> to tensor<?x2xf32>
  %1 = call @matrix(%ed, %y) : (tensor<?x2xf32>, tensor<2x3xf32>) -> tensor<?x3xf32>
  %p1 = tensor.cast %1 : tensor<?x3xf32> to tensor<*xf32>
  call @printMemrefF32(%p1) : (tensor<*xf32>) -> ()
  // CHECK: {{\[}}{{\[}}[1, 2, 4],
  // CHECK-NEXT: [3, 4, 10]],
  // CHECK-NEXT: {{\[}}[1, 0, 2],
  // CHECK-NEXT: [0, 1, 1]]]
  %x2 = arith.constant dense<[[[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [0.0, 1.0]]]> : tensor<2x2x2xf32>
  %x2d = tensor.cast %x2 : tensor<2x2x2xf32> to tensor<?x2x2xf32>
  %y2 = arith.constant dense<[[1.0, 0.0], [0.0, 1.0], [2.0, 1.0]]> : tensor<3x2xf32>
  %2 = call @rows(%x2d, %y2) : (tensor<?x2x2xf32>, tensor<3x2xf32>) -> tensor<?x2x3xf32>
  %p2 = tensor.cast %2 : tensor<?x2x3xf32> to tensor<*xf32>
  call @printMemrefF32(%p2) : (tensor<*xf32>) -> ()
  // CHECK: {{\[}}{{\[}}[7, 10]],
  // CHECK-NEXT: {{\[}}[3, 4]]]
  %x3 = arith.constant dense<[[[1.0, 2.0]], [[3.0, 4.0]]]> : tensor<2x1x2xf32>
  %3 = call @batched(%x3, %x2) : (tensor<2x1x2xf32>, tensor<2x2x2xf32>) -> tensor<2x1x2xf32>
  %p3 = tensor.cast %3 : tensor<2x1x2xf32> to tensor<*xf32>
  call @printMemrefF32(%p3) : (tensor<*xf32>) -> ()
  // sum over i, k of x[i, b, k] * y[k, i, b]
  // CHECK: [6, 7]
  %x4 = tensor.cast %x2 : tensor<2x2x2xf32> to tensor<2x2x?xf32>
  %4 = call @general(%x4, %x2d) : (tensor<2x2x?xf32>, tensor<?x2x2xf32>) -> tensor<2xf32>
  %p4 = tensor.cast %4 : tensor<2xf32> to tensor<*xf32>
  call @printMemrefF32(%p4) : (tensor<*xf32>) -> ()
  // CHECK: {{\[}}[260]]
  %x5 = arith.constant dense<[[256.0, 1.0, 1.0, 2.0]]> : tensor<1x4xbf16>
  %y5 = arith.constant dense<1.0> : tensor<4x1xbf16>
  %5 = call @half(%x5, %y5) : (tensor<1x4xbf16>, tensor<4x1xbf16>) -> tensor<1x1xf32>
  %p5 = tensor.cast %5 : tensor<1x1xf32> to tensor<*xf32>
  call @printMemrefF32(%p5) : (tensor<*xf32>) -> ()
  // CHECK: [40400]
  %i6 = arith.constant dense<[200, 20]> : tensor<2xi32>
  %u6 = stablehlo.convert %i6 : (tensor<2xi32>) -> tensor<2xui8>
  %6 = call @ints(%u6, %u6) : (tensor<2xui8>, tensor<2xui8>) -> tensor<i32>
  %p6 = tensor.cast %6 : tensor<i32> to tensor<*xi32>
  call @printMemrefI32(%p6) : (tensor<*xi32>) -> ()
  // Groups of 1, 0 and 2 rows; the last row belongs to none.
  // CHECK: {{\[}}[1],
  // CHECK-NEXT: [40],
  // CHECK-NEXT: [60],
  // CHECK-NEXT: [0]]
  %x7 = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]> : tensor<4x2xf32>
  %x7d = tensor.cast %x7 : tensor<4x2xf32> to tensor<?x2xf32>
  %w7 = arith.constant dense<[[[1.0], [0.0]], [[2.0], [2.0]], [[0.0], [10.0]]]> : tensor<3x2x1xf32>
  %g7 = arith.constant dense<[1, 0, 2]> : tensor<3xi32>
  %7 = call @ragged_rows(%x7d, %w7, %g7) : (tensor<?x2xf32>, tensor<3x2x1xf32>, tensor<3xi32>) -> tensor<?x1xf32>
  %p7 = tensor.cast %7 : tensor<?x1xf32> to tensor<*xf32>
  call @printMemrefF32(%p7) : (tensor<*xf32>) -> ()
  // CHECK: {{\[}}{{\[}}[1],
  // CHECK-NEXT: [5]],
  // CHECK-NEXT: {{\[}}[0],
  // CHECK-NEXT: [0]],
  // CHECK-NEXT: {{\[}}[5],
  // CHECK-NEXT: [13]]]
  %x8 = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]> : tensor<2x4xf32>
  %y8 = arith.constant dense<1.0> : tensor<4x1xf32>
  %8 = call @ragged_sums(%x8, %y8, %g7) : (tensor<2x4xf32>, tensor<4x1xf32>, tensor<3xi32>) -> tensor<3x2x1xf32>
  %p8 = tensor.cast %8 : tensor<3x2x1xf32> to tensor<*xf32>
  call @printMemrefF32(%p8) : (tensor<*xf32>) -> ()
  return
}
