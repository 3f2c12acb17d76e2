// RUN: moe-opt %s --convert-stablehlo-to-linalg | %run_linalg | FileCheck %s

func.func private @printMemrefF32(tensor<*xf32>)

func.func private @show(%x: tensor<?xf32>) {
  %0 = tensor.cast %x : tensor<?xf32> to tensor<*xf32>
  call @printMemrefF32(%0) : (tensor<*xf32>) -> ()
  return
}
func.func private @slice(%x: tensor<?xf32>) -> tensor<2xf32> {
  %0 = stablehlo.slice %x [1:5:2] : (tensor<?xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
func.func private @real_slice(%x: tensor<?xf32>, %s: tensor<1xi32>, %l: tensor<1xi32>, %t: tensor<1xi32>) -> tensor<?xf32> {
  %0 = stablehlo.real_dynamic_slice %x, %s, %l, %t : (tensor<?xf32>, tensor<1xi32>, tensor<1xi32>, tensor<1xi32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
func.func private @dynamic_slice(%x: tensor<?xf32>, %i: tensor<i32>) -> tensor<2xf32> {
  %0 = stablehlo.dynamic_slice %x, %i, sizes = [2] : (tensor<?xf32>, tensor<i32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
func.func private @update(%x: tensor<?xf32>, %u: tensor<2xf32>, %i: tensor<ui8>) -> tensor<?xf32> {
  %0 = stablehlo.dynamic_update_slice %x, %u, %i : (tensor<?xf32>, tensor<2xf32>, tensor<ui8>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
func.func private @gather_rows(%x: tensor<?x2xf32>, %i: tensor<?xi64>) -> tensor<?x2xf32> {
  %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0],
      index_vector_dim = 1>, slice_sizes = array<i64: 1, 2>}> : (tensor<?x2xf32>, tensor<?xi64>) -> tensor<?x2xf32>
  return %0 : tensor<?x2xf32>
}
func.func private @gather_batched(%x: tensor<2x3xf32>, %i: tensor<2x2x1xi32>) -> tensor<2x2xf32> {
  %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [1], operand_batching_dims = [0],
      start_indices_batching_dims = [0], start_index_map = [1], index_vector_dim = 2>, slice_sizes = array<i64: 1, 1>}>
      : (tensor<2x3xf32>, tensor<2x2x1xi32>) -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}
func.func private @dynamic_gather(%x: tensor<3x2xf32>, %i: tensor<1x2xi32>, %s: tensor<2xi32>) -> tensor<1x?x?xf32> {
  %0 = "stablehlo.dynamic_gather"(%x, %i, %s) <{dimension_numbers = #stablehlo.gather<offset_dims = [1, 2], start_index_map = [0, 1],
      index_vector_dim = 1>}> : (tensor<3x2xf32>, tensor<1x2xi32>, tensor<2xi32>) -> tensor<1x?x?xf32>
  return %0 : tensor<1x?x?xf32>
}
func.func private @scatter_add(%x: tensor<?xf32>, %i: tensor<?x1xi64>, %u: tensor<?xf32>) -> tensor<?xf32> {
  %0 = "stablehlo.scatter"(%x, %i, %u) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0],
      scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %1 = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %1 : tensor<f32>
  }) : (tensor<?xf32>, tensor<?x1xi64>, tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
func.func private @scatter_set_rows(%x: tensor<3x2xf32>, %i: tensor<2xi32>, %u: tensor<2x2xf32>) -> tensor<3x2xf32> {
  %0 = "stablehlo.scatter"(%x, %i, %u) <{scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1], inserted_window_dims = [0],
      scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    stablehlo.return %b : tensor<f32>
  }) : (tensor<3x2xf32>, tensor<2xi32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  return %0 : tensor<3x2xf32>
}

func.func @main() {
  %x = arith.constant dense<[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]> : tensor<6xf32>
  %xd = tensor.cast %x : tensor<6xf32> to tensor<?xf32>
  // CHECK: [1, 3]
  %0 = call @slice(%xd) : (tensor<?xf32>) -> tensor<2xf32>
  %r0 = tensor.cast %0 : tensor<2xf32> to tensor<?xf32>
  call @show(%r0) : (tensor<?xf32>) -> ()
  // CHECK: [1, 4]
  %one = arith.constant dense<1> : tensor<1xi32>
  %six = arith.constant dense<6> : tensor<1xi32>
  %three = arith.constant dense<3> : tensor<1xi32>
  %1 = call @real_slice(%xd, %one, %six, %three) : (tensor<?xf32>, tensor<1xi32>, tensor<1xi32>, tensor<1xi32>) -> tensor<?xf32>
  call @show(%1) : (tensor<?xf32>) -> ()
  // CHECK: sizes = [0]
  %2 = call @real_slice(%xd, %six, %six, %one) : (tensor<?xf32>, tensor<1xi32>, tensor<1xi32>, tensor<1xi32>) -> tensor<?xf32>
  call @show(%2) : (tensor<?xf32>) -> ()
  // Starts beyond an end are clamped.
  // CHECK: [4, 5]
  %big = arith.constant dense<100> : tensor<i32>
  %3 = call @dynamic_slice(%xd, %big) : (tensor<?xf32>, tensor<i32>) -> tensor<2xf32>
  %r3 = tensor.cast %3 : tensor<2xf32> to tensor<?xf32>
  call @show(%r3) : (tensor<?xf32>) -> ()
  // CHECK: [0, 1]
  %negative = arith.constant dense<-3> : tensor<i32>
  %4 = call @dynamic_slice(%xd, %negative) : (tensor<?xf32>, tensor<i32>) -> tensor<2xf32>
  %r4 = tensor.cast %4 : tensor<2xf32> to tensor<?xf32>
  call @show(%r4) : (tensor<?xf32>) -> ()
  // 200 does not wrap to a negative start.
  // CHECK: [0, 1, 2, 3, 7, 8]
  %u = arith.constant dense<[7.0, 8.0]> : tensor<2xf32>
  %c200 = arith.constant dense<200> : tensor<i32>
  %start = stablehlo.convert %c200 : (tensor<i32>) -> tensor<ui8>
  %5 = call @update(%xd, %u, %start) : (tensor<?xf32>, tensor<2xf32>, tensor<ui8>) -> tensor<?xf32>
  call @show(%5) : (tensor<?xf32>) -> ()
  // CHECK: {{\[}}[4, 5],
  // CHECK-NEXT: [0, 1],
  // CHECK-NEXT: [4, 5],
  // CHECK-NEXT: [2, 3]]
  %m = arith.constant dense<[[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]> : tensor<3x2xf32>
  %md = tensor.cast %m : tensor<3x2xf32> to tensor<?x2xf32>
  %i6 = arith.constant dense<[2, -1, 9, 1]> : tensor<4xi64>
  %i6d = tensor.cast %i6 : tensor<4xi64> to tensor<?xi64>
  %6 = call @gather_rows(%md, %i6d) : (tensor<?x2xf32>, tensor<?xi64>) -> tensor<?x2xf32>
  %p6 = tensor.cast %6 : tensor<?x2xf32> to tensor<*xf32>
  call @printMemrefF32(%p6) : (tensor<*xf32>) -> ()
  // No index reads no row.
  // CHECK: sizes = [0, 2]
  %none = tensor.empty() : tensor<0x2xf32>
  %noned = tensor.cast %none : tensor<0x2xf32> to tensor<?x2xf32>
  %noidx = tensor.empty() : tensor<0xi64>
  %noidxd = tensor.cast %noidx : tensor<0xi64> to tensor<?xi64>
  %7 = call @gather_rows(%noned, %noidxd) : (tensor<?x2xf32>, tensor<?xi64>) -> tensor<?x2xf32>
  %p7 = tensor.cast %7 : tensor<?x2xf32> to tensor<*xf32>
  call @printMemrefF32(%p7) : (tensor<*xf32>) -> ()
  // CHECK: {{\[}}[2, 0],
  // CHECK-NEXT: [4, 5]]
  %b = arith.constant dense<[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]> : tensor<2x3xf32>
  %i8 = arith.constant dense<[[[2], [0]], [[1], [2]]]> : tensor<2x2x1xi32>
  %8 = call @gather_batched(%b, %i8) : (tensor<2x3xf32>, tensor<2x2x1xi32>) -> tensor<2x2xf32>
  %p8 = tensor.cast %8 : tensor<2x2xf32> to tensor<*xf32>
  call @printMemrefF32(%p8) : (tensor<*xf32>) -> ()
  // The start (2, 1) moves to (1, 1) so that two rows fit.
  // CHECK: {{\[}}{{\[}}[3],
  // CHECK-NEXT: [5]]]
  %i9 = arith.constant dense<[[2, 1]]> : tensor<1x2xi32>
  %s9 = arith.constant dense<[2, 1]> : tensor<2xi32>
  %9 = call @dynamic_gather(%m, %i9, %s9) : (tensor<3x2xf32>, tensor<1x2xi32>, tensor<2xi32>) -> tensor<1x?x?xf32>
  %p9 = tensor.cast %9 : tensor<1x?x?xf32> to tensor<*xf32>
  call @printMemrefF32(%p9) : (tensor<*xf32>) -> ()
  // Equal positions add up, positions outside are skipped.
  // CHECK: [0, 31, 2, 3, 4, 45]
  %i10 = arith.constant dense<[[1], [5], [1], [6], [-1]]> : tensor<5x1xi64>
  %i10d = tensor.cast %i10 : tensor<5x1xi64> to tensor<?x1xi64>
  %u10 = arith.constant dense<[10.0, 40.0, 20.0, 50.0, 60.0]> : tensor<5xf32>
  %u10d = tensor.cast %u10 : tensor<5xf32> to tensor<?xf32>
  %10 = call @scatter_add(%xd, %i10d, %u10d) : (tensor<?xf32>, tensor<?x1xi64>, tensor<?xf32>) -> tensor<?xf32>
  call @show(%10) : (tensor<?xf32>) -> ()
  // The last of two updates of a row stays.
  // CHECK: {{\[}}[0, 1],
  // CHECK-NEXT: [2, 3],
  // CHECK-NEXT: [8, 9]]
  %i11 = arith.constant dense<[2, 2]> : tensor<2xi32>
  %u11 = arith.constant dense<[[6.0, 7.0], [8.0, 9.0]]> : tensor<2x2xf32>
  %11 = call @scatter_set_rows(%m, %i11, %u11) : (tensor<3x2xf32>, tensor<2xi32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  %p11 = tensor.cast %11 : tensor<3x2xf32> to tensor<*xf32>
  call @printMemrefF32(%p11) : (tensor<*xf32>) -> ()
  return
}
