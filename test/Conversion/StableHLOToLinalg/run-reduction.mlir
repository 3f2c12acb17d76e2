// RUN: moe-opt %s --convert-stablehlo-to-linalg | %run_linalg | FileCheck %s

func.func private @printMemrefF32(tensor<*xf32>)
func.func private @printMemrefI32(tensor<*xi32>)

func.func private @show(%x: tensor<?xf32>) {
  %0 = tensor.cast %x : tensor<?xf32> to tensor<*xf32>
  call @printMemrefF32(%0) : (tensor<*xf32>) -> ()
  return
}
func.func private @sum(%x: tensor<?x?xf32>, %z: tensor<f32>) -> tensor<?xf32> {
  %0 = stablehlo.reduce(%x init: %z) applies stablehlo.add across dimensions = [1] : (tensor<?x?xf32>, tensor<f32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
// The position of the first greatest element of every row.
func.func private @argmax(%x: tensor<2x3xf32>, %i: tensor<2x3xi32>, %z: tensor<f32>, %n: tensor<i32>) -> (tensor<2xf32>, tensor<2xi32>) {
  %0:2 = stablehlo.reduce(%x init: %z), (%i init: %n) across dimensions = [1]
      : (tensor<2x3xf32>, tensor<2x3xi32>, tensor<f32>, tensor<i32>) -> (tensor<2xf32>, tensor<2xi32>)
   reducer(%a: tensor<f32>, %b: tensor<f32>) (%c: tensor<i32>, %d: tensor<i32>) {
    %1 = stablehlo.compare GE, %a, %b, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %2 = stablehlo.select %1, %a, %b : tensor<i1>, tensor<f32>
    %3 = stablehlo.select %1, %c, %d : tensor<i1>, tensor<i32>
    stablehlo.return %2, %3 : tensor<f32>, tensor<i32>
  }
  return %0#0, %0#1 : tensor<2xf32>, tensor<2xi32>
}
func.func private @cumulative(%x: tensor<4xf32>, %z: tensor<f32>) -> tensor<4xf32> {
  %0 = "stablehlo.reduce_window"(%x, %z) <{padding = dense<[[3, 0]]> : tensor<1x2xi64>, window_dimensions = array<i64: 4>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %1 = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %1 : tensor<f32>
  }) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
// A window that no dimension exceeds accumulates along a dynamic one.
func.func private @cumulative_backwards(%x: tensor<2x?xf32>, %z: tensor<f32>) -> tensor<2x?xf32> {
  %0 = "stablehlo.reduce_window"(%x, %z) <{padding = dense<[[0, 0], [0, 2147483646]]> : tensor<2x2xi64>,
      window_dimensions = array<i64: 1, 2147483647>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %1 = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %1 : tensor<f32>
  }) : (tensor<2x?xf32>, tensor<f32>) -> tensor<2x?xf32>
  return %0 : tensor<2x?xf32>
}
// Two results of one type in one pass.
func.func private @cumulative_pair(%x: tensor<4xf32>, %z: tensor<f32>, %one: tensor<f32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0:2 = "stablehlo.reduce_window"(%x, %x, %z, %one) <{padding = dense<[[3, 0]]> : tensor<1x2xi64>, window_dimensions = array<i64: 4>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<f32>, %d: tensor<f32>):
    %1 = stablehlo.add %a, %c : tensor<f32>
    %2 = stablehlo.multiply %b, %d : tensor<f32>
    stablehlo.return %1, %2 : tensor<f32>, tensor<f32>
  }) : (tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<f32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %0#0, %0#1 : tensor<4xf32>, tensor<4xf32>
}
func.func private @sum_pair(%x: tensor<2x3xf32>, %z: tensor<f32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %0:2 = stablehlo.reduce(%x init: %z), (%x init: %z) across dimensions = [1]
      : (tensor<2x3xf32>, tensor<2x3xf32>, tensor<f32>, tensor<f32>) -> (tensor<2xf32>, tensor<2xf32>)
   reducer(%a: tensor<f32>, %b: tensor<f32>) (%c: tensor<f32>, %d: tensor<f32>) {
    %1 = stablehlo.add %a, %b : tensor<f32>
    %2 = stablehlo.maximum %c, %d : tensor<f32>
    stablehlo.return %1, %2 : tensor<f32>, tensor<f32>
  }
  return %0#0, %0#1 : tensor<2xf32>, tensor<2xf32>
}
func.func private @window(%x: tensor<?xf32>, %z: tensor<f32>) -> tensor<?xf32> {
  %0 = "stablehlo.reduce_window"(%x, %z) <{base_dilations = array<i64: 2>, padding = dense<[[1, 1]]> : tensor<1x2xi64>,
      window_dilations = array<i64: 2>, window_dimensions = array<i64: 2>, window_strides = array<i64: 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %1 = stablehlo.maximum %a, %b : tensor<f32>
    stablehlo.return %1 : tensor<f32>
  }) : (tensor<?xf32>, tensor<f32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

func.func @main() {
  %x = arith.constant dense<[[1.0, 2.0, 3.0], [6.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %xd = tensor.cast %x : tensor<2x3xf32> to tensor<?x?xf32>
  %z = arith.constant dense<0.0> : tensor<f32>
  // CHECK: [6, 17]
  %0 = call @sum(%xd, %z) : (tensor<?x?xf32>, tensor<f32>) -> tensor<?xf32>
  call @show(%0) : (tensor<?xf32>) -> ()
  // Empty rows give the initial value.
  // CHECK: [0, 0]
  %e = tensor.empty() : tensor<2x0xf32>
  %ed = tensor.cast %e : tensor<2x0xf32> to tensor<?x?xf32>
  %1 = call @sum(%ed, %z) : (tensor<?x?xf32>, tensor<f32>) -> tensor<?xf32>
  call @show(%1) : (tensor<?xf32>) -> ()
  // CHECK: [3, 6]
  // CHECK: [2, 0]
  %i = arith.constant dense<[[0, 1, 2], [0, 1, 2]]> : tensor<2x3xi32>
  %least = arith.constant dense<0xFF800000> : tensor<f32>
  %n = arith.constant dense<-1> : tensor<i32>
  %2:2 = call @argmax(%x, %i, %least, %n) : (tensor<2x3xf32>, tensor<2x3xi32>, tensor<f32>, tensor<i32>) -> (tensor<2xf32>, tensor<2xi32>)
  %p2 = tensor.cast %2#0 : tensor<2xf32> to tensor<*xf32>
  call @printMemrefF32(%p2) : (tensor<*xf32>) -> ()
  %p3 = tensor.cast %2#1 : tensor<2xi32> to tensor<*xi32>
  call @printMemrefI32(%p3) : (tensor<*xi32>) -> ()
  // CHECK: [1, 3, 6, 10]
  %row = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %4 = call @cumulative(%row, %z) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %p4 = tensor.cast %4 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%p4) : (tensor<*xf32>) -> ()
  // CHECK: {{\[}}[6, 5, 3],
  // CHECK-NEXT: [17, 11, 6]]
  %xr = tensor.cast %x : tensor<2x3xf32> to tensor<2x?xf32>
  %5 = call @cumulative_backwards(%xr, %z) : (tensor<2x?xf32>, tensor<f32>) -> tensor<2x?xf32>
  %p5 = tensor.cast %5 : tensor<2x?xf32> to tensor<*xf32>
  call @printMemrefF32(%p5) : (tensor<*xf32>) -> ()
  // _ 1 _ 2 _ 3 _ 4 _ with windows over every second element.
  // CHECK: [0, 2, 0, 3, 0, 4, 0]
  %rowd = tensor.cast %row : tensor<4xf32> to tensor<?xf32>
  %6 = call @window(%rowd, %z) : (tensor<?xf32>, tensor<f32>) -> tensor<?xf32>
  call @show(%6) : (tensor<?xf32>) -> ()
  // CHECK: [1, 3, 6, 10]
  // CHECK: [1, 2, 6, 24]
  %one = arith.constant dense<1.0> : tensor<f32>
  %7:2 = call @cumulative_pair(%row, %z, %one) : (tensor<4xf32>, tensor<f32>, tensor<f32>) -> (tensor<4xf32>, tensor<4xf32>)
  %p7 = tensor.cast %7#0 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%p7) : (tensor<*xf32>) -> ()
  %p8 = tensor.cast %7#1 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%p8) : (tensor<*xf32>) -> ()
  // CHECK: [6, 17]
  // CHECK: [3, 6]
  %8:2 = call @sum_pair(%x, %z) : (tensor<2x3xf32>, tensor<f32>) -> (tensor<2xf32>, tensor<2xf32>)
  %p9 = tensor.cast %8#0 : tensor<2xf32> to tensor<*xf32>
  call @printMemrefF32(%p9) : (tensor<*xf32>) -> ()
  %p10 = tensor.cast %8#1 : tensor<2xf32> to tensor<*xf32>
  call @printMemrefF32(%p10) : (tensor<*xf32>) -> ()
  return
}
