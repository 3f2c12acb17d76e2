// RUN: moe-opt %s --convert-stablehlo-to-linalg | %run_linalg | FileCheck %s

func.func private @printMemrefF32(tensor<*xf32>)
func.func private @printMemrefI32(tensor<*xi32>)

func.func private @iota() -> tensor<2x3xf32> {
  %0 = stablehlo.iota dim = 1 : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
func.func private @dynamic_iota(%s: tensor<2xi64>) -> tensor<?x?xi32> {
  %0 = stablehlo.dynamic_iota %s, dim = 0 : (tensor<2xi64>) -> tensor<?x?xi32>
  return %0 : tensor<?x?xi32>
}
func.func private @reshape(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  %0 = stablehlo.reshape %x : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return %0 : tensor<3x2xf32>
}
func.func private @scalar_reshape(%x: tensor<1x1xf32>) -> tensor<1xf32> {
  %0 = stablehlo.reshape %x : (tensor<1x1xf32>) -> tensor<f32>
  %1 = stablehlo.reshape %0 : (tensor<f32>) -> tensor<1xf32>
  return %1 : tensor<1xf32>
}
func.func private @dynamic_reshape(%x: tensor<?x3xf32>, %s: tensor<3xi32>) -> tensor<?x?x?xf32> {
  %0 = stablehlo.dynamic_reshape %x, %s : (tensor<?x3xf32>, tensor<3xi32>) -> tensor<?x?x?xf32>
  return %0 : tensor<?x?x?xf32>
}
func.func private @broadcast(%x: tensor<2x1xf32>) -> tensor<2x2x3xf32> {
  %0 = stablehlo.broadcast_in_dim %x, dims = [1, 2] : (tensor<2x1xf32>) -> tensor<2x2x3xf32>
  return %0 : tensor<2x2x3xf32>
}
func.func private @dynamic_broadcast(%x: tensor<?x?xf32>, %s: tensor<2xi64>) -> tensor<?x?xf32> {
  %0 = stablehlo.dynamic_broadcast_in_dim %x, %s, dims = [0, 1] : (tensor<?x?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}
func.func private @transpose(%x: tensor<?x3xf32>) -> tensor<3x?xf32> {
  %0 = stablehlo.transpose %x, dims = [1, 0] : (tensor<?x3xf32>) -> tensor<3x?xf32>
  return %0 : tensor<3x?xf32>
}
func.func private @reverse(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
  %0 = stablehlo.reverse %x, dims = [0, 1] : tensor<?x3xf32>
  return %0 : tensor<?x3xf32>
}
func.func private @concatenate(%x: tensor<?x3xf32>, %y: tensor<1x3xf32>) -> tensor<?x3xf32> {
  %0 = stablehlo.concatenate %x, %y, %x, dim = 0 : (tensor<?x3xf32>, tensor<1x3xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>
  return %0 : tensor<?x3xf32>
}
func.func private @pad(%x: tensor<3xf32>, %v: tensor<f32>) -> tensor<7xf32> {
  %0 = stablehlo.pad %x, %v, low = [1], high = [1], interior = [1] : (tensor<3xf32>, tensor<f32>) -> tensor<7xf32>
  return %0 : tensor<7xf32>
}
func.func private @pad_negative(%x: tensor<3xf32>, %v: tensor<f32>) -> tensor<4xf32> {
  %0 = stablehlo.pad %x, %v, low = [-1], high = [0], interior = [1] : (tensor<3xf32>, tensor<f32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
func.func private @dynamic_pad(%x: tensor<?xf32>, %v: tensor<f32>, %l: tensor<1xi64>, %h: tensor<1xi64>, %i: tensor<1xi64>) -> tensor<?xf32> {
  %0 = stablehlo.dynamic_pad %x, %v, %l, %h, %i : (tensor<?xf32>, tensor<f32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
func.func private @sizes(%x: tensor<?x3xf32>) -> tensor<2xi32> {
  %0 = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?x3xf32>) -> tensor<i32>
  %1 = stablehlo.get_dimension_size %x, dim = 1 : (tensor<?x3xf32>) -> tensor<i32>
  %2 = stablehlo.reshape %0 : (tensor<i32>) -> tensor<1xi32>
  %3 = stablehlo.reshape %1 : (tensor<i32>) -> tensor<1xi32>
  %4 = stablehlo.concatenate %2, %3, dim = 0 : (tensor<1xi32>, tensor<1xi32>) -> tensor<2xi32>
  return %4 : tensor<2xi32>
}
func.func private @set_size(%x: tensor<3xf32>, %n: tensor<i32>) -> tensor<?xf32> {
  %0 = stablehlo.set_dimension_size %x, %n, dim = 0 : (tensor<3xf32>, tensor<i32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

func.func @main() {
  %x = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %xd = tensor.cast %x : tensor<2x3xf32> to tensor<?x3xf32>
  %row = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %rowd = tensor.cast %row : tensor<3xf32> to tensor<?xf32>
  %v = arith.constant dense<9.0> : tensor<f32>
  // CHECK: {{\[}}[0, 1, 2],
  // CHECK-NEXT: [0, 1, 2]]
  %0 = call @iota() : () -> tensor<2x3xf32>
  %p0 = tensor.cast %0 : tensor<2x3xf32> to tensor<*xf32>
  call @printMemrefF32(%p0) : (tensor<*xf32>) -> ()
  // CHECK: sizes = [2, 3]
  // CHECK: {{\[}}[0, 0, 0],
  // CHECK-NEXT: [1, 1, 1]]
  %s = arith.constant dense<[2, 3]> : tensor<2xi64>
  %1 = call @dynamic_iota(%s) : (tensor<2xi64>) -> tensor<?x?xi32>
  %p1 = tensor.cast %1 : tensor<?x?xi32> to tensor<*xi32>
  call @printMemrefI32(%p1) : (tensor<*xi32>) -> ()
  // CHECK: {{\[}}[1, 2],
  // CHECK-NEXT: [3, 4],
  // CHECK-NEXT: [5, 6]]
  %2 = call @reshape(%x) : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %p2 = tensor.cast %2 : tensor<3x2xf32> to tensor<*xf32>
  call @printMemrefF32(%p2) : (tensor<*xf32>) -> ()
  // CHECK: [7]
  %seven = arith.constant dense<7.0> : tensor<1x1xf32>
  %3 = call @scalar_reshape(%seven) : (tensor<1x1xf32>) -> tensor<1xf32>
  %p3 = tensor.cast %3 : tensor<1xf32> to tensor<*xf32>
  call @printMemrefF32(%p3) : (tensor<*xf32>) -> ()
  // CHECK: sizes = [3, 1, 2]
  // CHECK: {{\[}}{{\[}}[1, 2]],
  // CHECK-NEXT: {{\[}}[3, 4]],
  // CHECK-NEXT: {{\[}}[5, 6]]]
  %s4 = arith.constant dense<[3, 1, 2]> : tensor<3xi32>
  %4 = call @dynamic_reshape(%xd, %s4) : (tensor<?x3xf32>, tensor<3xi32>) -> tensor<?x?x?xf32>
  %p4 = tensor.cast %4 : tensor<?x?x?xf32> to tensor<*xf32>
  call @printMemrefF32(%p4) : (tensor<*xf32>) -> ()
  // CHECK: {{\[}}{{\[}}[3, 3, 3],
  // CHECK-NEXT: [4, 4, 4]],
  // CHECK-NEXT: {{\[}}[3, 3, 3],
  // CHECK-NEXT: [4, 4, 4]]]
  %c5 = arith.constant dense<[[3.0], [4.0]]> : tensor<2x1xf32>
  %5 = call @broadcast(%c5) : (tensor<2x1xf32>) -> tensor<2x2x3xf32>
  %p5 = tensor.cast %5 : tensor<2x2x3xf32> to tensor<*xf32>
  call @printMemrefF32(%p5) : (tensor<*xf32>) -> ()
  // CHECK: {{\[}}[3, 3, 3],
  // CHECK-NEXT: [4, 4, 4]]
  %cd = tensor.cast %c5 : tensor<2x1xf32> to tensor<?x?xf32>
  %6 = call @dynamic_broadcast(%cd, %s) : (tensor<?x?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  %p6 = tensor.cast %6 : tensor<?x?xf32> to tensor<*xf32>
  call @printMemrefF32(%p6) : (tensor<*xf32>) -> ()
  // CHECK: {{\[}}[1, 2, 3],
  // CHECK-NEXT: [4, 5, 6]]
  %xdd = tensor.cast %x : tensor<2x3xf32> to tensor<?x?xf32>
  %7 = call @dynamic_broadcast(%xdd, %s) : (tensor<?x?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  %p7 = tensor.cast %7 : tensor<?x?xf32> to tensor<*xf32>
  call @printMemrefF32(%p7) : (tensor<*xf32>) -> ()
  // CHECK: {{\[}}[1, 4],
  // CHECK-NEXT: [2, 5],
  // CHECK-NEXT: [3, 6]]
  %8 = call @transpose(%xd) : (tensor<?x3xf32>) -> tensor<3x?xf32>
  %p8 = tensor.cast %8 : tensor<3x?xf32> to tensor<*xf32>
  call @printMemrefF32(%p8) : (tensor<*xf32>) -> ()
  // CHECK: {{\[}}[6, 5, 4],
  // CHECK-NEXT: [3, 2, 1]]
  %9 = call @reverse(%xd) : (tensor<?x3xf32>) -> tensor<?x3xf32>
  %p9 = tensor.cast %9 : tensor<?x3xf32> to tensor<*xf32>
  call @printMemrefF32(%p9) : (tensor<*xf32>) -> ()
  // CHECK: sizes = [5, 3]
  // CHECK: {{\[}}[1, 2, 3],
  // CHECK-NEXT: [4, 5, 6],
  // CHECK-NEXT: [0, 1, 2],
  // CHECK-NEXT: [1, 2, 3],
  // CHECK-NEXT: [4, 5, 6]]
  %y10 = arith.constant dense<[[0.0, 1.0, 2.0]]> : tensor<1x3xf32>
  %10 = call @concatenate(%xd, %y10) : (tensor<?x3xf32>, tensor<1x3xf32>) -> tensor<?x3xf32>
  %p10 = tensor.cast %10 : tensor<?x3xf32> to tensor<*xf32>
  call @printMemrefF32(%p10) : (tensor<*xf32>) -> ()
  // CHECK: [9, 1, 9, 2, 9, 3, 9]
  %11 = call @pad(%row, %v) : (tensor<3xf32>, tensor<f32>) -> tensor<7xf32>
  %p11 = tensor.cast %11 : tensor<7xf32> to tensor<*xf32>
  call @printMemrefF32(%p11) : (tensor<*xf32>) -> ()
  // CHECK: [9, 2, 9, 3]
  %12 = call @pad_negative(%row, %v) : (tensor<3xf32>, tensor<f32>) -> tensor<4xf32>
  %p12 = tensor.cast %12 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%p12) : (tensor<*xf32>) -> ()
  // CHECK: [9, 9, 1, 2]
  %l = arith.constant dense<2> : tensor<1xi64>
  %h = arith.constant dense<-1> : tensor<1xi64>
  %i = arith.constant dense<0> : tensor<1xi64>
  %13 = call @dynamic_pad(%rowd, %v, %l, %h, %i) : (tensor<?xf32>, tensor<f32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?xf32>
  %p13 = tensor.cast %13 : tensor<?xf32> to tensor<*xf32>
  call @printMemrefF32(%p13) : (tensor<*xf32>) -> ()
  // CHECK: [9, 9]
  %e = tensor.empty() : tensor<0xf32>
  %ed = tensor.cast %e : tensor<0xf32> to tensor<?xf32>
  %14 = call @dynamic_pad(%ed, %v, %l, %i, %l) : (tensor<?xf32>, tensor<f32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?xf32>
  %p14 = tensor.cast %14 : tensor<?xf32> to tensor<*xf32>
  call @printMemrefF32(%p14) : (tensor<*xf32>) -> ()
  // CHECK: [2, 3]
  %15 = call @sizes(%xd) : (tensor<?x3xf32>) -> tensor<2xi32>
  %p15 = tensor.cast %15 : tensor<2xi32> to tensor<*xi32>
  call @printMemrefI32(%p15) : (tensor<*xi32>) -> ()
  // CHECK: [1, 2]
  %n = arith.constant dense<2> : tensor<i32>
  %16 = call @set_size(%row, %n) : (tensor<3xf32>, tensor<i32>) -> tensor<?xf32>
  %p16 = tensor.cast %16 : tensor<?xf32> to tensor<*xf32>
  call @printMemrefF32(%p16) : (tensor<*xf32>) -> ()
  return
}
