// RUN: moe-opt %s --convert-stablehlo-to-linalg | %run_linalg | FileCheck %s

func.func private @printMemrefF32(tensor<*xf32>)
func.func private @printMemrefI32(tensor<*xi32>)

func.func private @show_f32(%x: tensor<?xf32>) {
  %0 = tensor.cast %x : tensor<?xf32> to tensor<*xf32>
  call @printMemrefF32(%0) : (tensor<*xf32>) -> ()
  return
}
func.func private @show_i32(%x: tensor<?xi32>) {
  %0 = tensor.cast %x : tensor<?xi32> to tensor<*xi32>
  call @printMemrefI32(%0) : (tensor<*xi32>) -> ()
  return
}
// Sorts by the first input; the second one shows where elements came from.
func.func private @sort(%x: tensor<?xf32>, %i: tensor<?xi32>) -> (tensor<?xf32>, tensor<?xi32>) {
  %0:2 = "stablehlo.sort"(%x, %i) <{dimension = 0 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<i32>, %d: tensor<i32>):
    %1 = stablehlo.compare LT, %a, %b, TOTALORDER : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %1 : tensor<i1>
  }) : (tensor<?xf32>, tensor<?xi32>) -> (tensor<?xf32>, tensor<?xi32>)
  return %0#0, %0#1 : tensor<?xf32>, tensor<?xi32>
}
func.func private @columns(%x: tensor<3x2xi32>) -> tensor<3x2xi32> {
  %0 = "stablehlo.sort"(%x) <{dimension = 0 : i64}> ({
  ^bb0(%a: tensor<i32>, %b: tensor<i32>):
    %1 = stablehlo.compare GT, %a, %b : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %1 : tensor<i1>
  }) : (tensor<3x2xi32>) -> tensor<3x2xi32>
  return %0 : tensor<3x2xi32>
}
func.func private @top(%x: tensor<?x6xf32>) -> (tensor<?x3xf32>, tensor<?x3xi32>) {
  %0:2 = chlo.top_k(%x, k = 3) : tensor<?x6xf32> -> (tensor<?x3xf32>, tensor<?x3xi32>)
  return %0#0, %0#1 : tensor<?x3xf32>, tensor<?x3xi32>
}
func.func private @top_ints(%x: tensor<5xi32>) -> (tensor<2xi32>, tensor<2xi32>) {
  %0:2 = chlo.top_k(%x, k = 2) : tensor<5xi32> -> (tensor<2xi32>, tensor<2xi32>)
  return %0#0, %0#1 : tensor<2xi32>, tensor<2xi32>
}
// More than 16 elements are sorted.
func.func private @top_many() -> (tensor<20xi32>, tensor<20xi32>) {
  %0 = stablehlo.iota dim = 0 : tensor<24xi32>
  %c = stablehlo.constant dense<5> : tensor<24xi32>
  %1 = stablehlo.remainder %0, %c : tensor<24xi32>
  %2:2 = chlo.top_k(%1, k = 20) : tensor<24xi32> -> (tensor<20xi32>, tensor<20xi32>)
  return %2#0, %2#1 : tensor<20xi32>, tensor<20xi32>
}

func.func @main() {
  %x = arith.constant dense<[3.0, 0x7FC00000, -0.0, 1.0, 0.0, 1.0, 0xFF800000, 3.0, 0x7F800000, 1.0]> : tensor<10xf32>
  %xd = tensor.cast %x : tensor<10xf32> to tensor<?xf32>
  %i = arith.constant dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]> : tensor<10xi32>
  %id = tensor.cast %i : tensor<10xi32> to tensor<?xi32>
  %0:2 = call @sort(%xd, %id) : (tensor<?xf32>, tensor<?xi32>) -> (tensor<?xf32>, tensor<?xi32>)
  // CHECK: [-inf, -0, 0, 1, 1, 1, 3, 3, inf, nan]
  call @show_f32(%0#0) : (tensor<?xf32>) -> ()
  // CHECK: [6, 2, 4, 3, 5, 9, 0, 7, 8, 1]
  call @show_i32(%0#1) : (tensor<?xi32>) -> ()
  // CHECK: sizes = [0]
  %e = tensor.empty() : tensor<0xf32>
  %ed = tensor.cast %e : tensor<0xf32> to tensor<?xf32>
  %n = tensor.empty() : tensor<0xi32>
  %nd = tensor.cast %n : tensor<0xi32> to tensor<?xi32>
  %1:2 = call @sort(%ed, %nd) : (tensor<?xf32>, tensor<?xi32>) -> (tensor<?xf32>, tensor<?xi32>)
  call @show_f32(%1#0) : (tensor<?xf32>) -> ()
  // CHECK: {{\[}}[5, 6],
  // CHECK-NEXT: [3, 4],
  // CHECK-NEXT: [1, 2]]
  %m = arith.constant dense<[[1, 4], [5, 2], [3, 6]]> : tensor<3x2xi32>
  %2 = call @columns(%m) : (tensor<3x2xi32>) -> tensor<3x2xi32>
  %p2 = tensor.cast %2 : tensor<3x2xi32> to tensor<*xi32>
  call @printMemrefI32(%p2) : (tensor<*xi32>) -> ()
  // Ties go to the lower position, NaN is the greatest.
  // CHECK: {{\[}}[4, 4, 2],
  // CHECK-NEXT: [nan, -1, -1],
  // CHECK-NEXT: [-inf, -inf, -inf]]
  // CHECK: {{\[}}[1, 4, 2],
  // CHECK-NEXT: [3, 0, 1],
  // CHECK-NEXT: [0, 1, 2]]
  %t = arith.constant dense<[[0.0, 4.0, 2.0, 2.0, 4.0, 1.0], [-1.0, -1.0, -2.0, 0x7FC00000, -1.0, -5.0],
                             [0xFF800000, 0xFF800000, 0xFF800000, 0xFF800000, 0xFF800000, 0xFF800000]]> : tensor<3x6xf32>
  %td = tensor.cast %t : tensor<3x6xf32> to tensor<?x6xf32>
  %3:2 = call @top(%td) : (tensor<?x6xf32>) -> (tensor<?x3xf32>, tensor<?x3xi32>)
  %p3 = tensor.cast %3#0 : tensor<?x3xf32> to tensor<*xf32>
  call @printMemrefF32(%p3) : (tensor<*xf32>) -> ()
  %p4 = tensor.cast %3#1 : tensor<?x3xi32> to tensor<*xi32>
  call @printMemrefI32(%p4) : (tensor<*xi32>) -> ()
  // CHECK: [7, 7]
  // CHECK: [1, 4]
  %ti = arith.constant dense<[3, 7, -1, 5, 7]> : tensor<5xi32>
  %4:2 = call @top_ints(%ti) : (tensor<5xi32>) -> (tensor<2xi32>, tensor<2xi32>)
  %ti0 = tensor.cast %4#0 : tensor<2xi32> to tensor<?xi32>
  call @show_i32(%ti0) : (tensor<?xi32>) -> ()
  %ti1 = tensor.cast %4#1 : tensor<2xi32> to tensor<?xi32>
  call @show_i32(%ti1) : (tensor<?xi32>) -> ()
  // CHECK: [4, 4, 4, 4, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 0]
  // CHECK: [4, 9, 14, 19, 3, 8, 13, 18, 23, 2, 7, 12, 17, 22, 1, 6, 11, 16, 21, 0]
  %5:2 = call @top_many() : () -> (tensor<20xi32>, tensor<20xi32>)
  %many = tensor.cast %5#0 : tensor<20xi32> to tensor<?xi32>
  call @show_i32(%many) : (tensor<?xi32>) -> ()
  %where = tensor.cast %5#1 : tensor<20xi32> to tensor<?xi32>
  call @show_i32(%where) : (tensor<?xi32>) -> ()
  return
}
