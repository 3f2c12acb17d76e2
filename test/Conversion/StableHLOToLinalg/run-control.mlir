// RUN: moe-opt %s --moe-inline-composites --convert-stablehlo-to-linalg | %run_linalg | FileCheck %s

func.func private @printMemrefI32(tensor<*xi32>)
func.func private @printMemrefF32(tensor<*xf32>)

func.func private @show(%x: tensor<i32>) {
  %0 = tensor.cast %x : tensor<i32> to tensor<*xi32>
  call @printMemrefI32(%0) : (tensor<*xi32>) -> ()
  return
}
// The sum of the numbers below n.
func.func private @gauss(%n: tensor<i32>) -> tensor<i32> {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %0:2 = stablehlo.while(%i = %zero, %sum = %zero) : tensor<i32>, tensor<i32>
  cond {
    %1 = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %1 : tensor<i1>
  } do {
    %1 = stablehlo.add %sum, %i : tensor<i32>
    %2 = stablehlo.add %i, %one : tensor<i32>
    stablehlo.return %2, %1 : tensor<i32>, tensor<i32>
  }
  return %0#1 : tensor<i32>
}
func.func private @absolute(%x: tensor<i32>) -> tensor<i32> {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %p = stablehlo.compare LT, %x, %zero : (tensor<i32>, tensor<i32>) -> tensor<i1>
  %0 = "stablehlo.if"(%p) ({
    %1 = stablehlo.negate %x : tensor<i32>
    stablehlo.return %1 : tensor<i32>
  }, {
    stablehlo.return %x : tensor<i32>
  }) : (tensor<i1>) -> tensor<i32>
  return %0 : tensor<i32>
}
func.func private @choose(%i: tensor<i32>) -> tensor<i32> {
  %0 = "stablehlo.case"(%i) ({
    %1 = stablehlo.constant dense<10> : tensor<i32>
    stablehlo.return %1 : tensor<i32>
  }, {
    %1 = stablehlo.constant dense<20> : tensor<i32>
    stablehlo.return %1 : tensor<i32>
  }, {
    %1 = stablehlo.constant dense<30> : tensor<i32>
    stablehlo.return %1 : tensor<i32>
  }) : (tensor<i32>) -> tensor<i32>
  return %0 : tensor<i32>
}
func.func private @twice(%x: tensor<i32>) -> tensor<i32> {
  %0 = stablehlo.add %x, %x : tensor<i32>
  return %0 : tensor<i32>
}
func.func private @four_times(%x: tensor<i32>) -> tensor<i32> {
  %0 = stablehlo.composite "test.twice" %x {decomposition = @twice} : (tensor<i32>) -> tensor<i32>
  %1 = stablehlo.composite "test.twice" %0 {decomposition = @twice} : (tensor<i32>) -> tensor<i32>
  %2 = stablehlo.optimization_barrier %1 : tensor<i32>
  %3 = stablehlo.custom_call @Sharding(%2) : (tensor<i32>) -> tensor<i32>
  return %3 : tensor<i32>
}
func.func private @broadcast(%x: tensor<?x?xf32>, %y: tensor<?xf32>) -> tensor<?x?xf32> {
  %0 = chlo.broadcast_subtract %x, %y : (tensor<?x?xf32>, tensor<?xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}
func.func private @broadcast_chain(%x: tensor<?x?xf32>, %y: tensor<?xf32>) -> tensor<?x?xf32> {
  %0 = chlo.broadcast_add %x, %y : (tensor<?x?xf32>, tensor<?xf32>) -> tensor<?x?xf32>
  %1 = chlo.broadcast_multiply %0, %y : (tensor<?x?xf32>, tensor<?xf32>) -> tensor<?x?xf32>
  %2 = chlo.broadcast_divide %1, %y : (tensor<?x?xf32>, tensor<?xf32>) -> tensor<?x?xf32>
  %3 = chlo.broadcast_maximum %2, %x : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  %4 = chlo.broadcast_minimum %3, %2 : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  %5 = chlo.broadcast_compare %4, %y {comparison_direction = #chlo<comparison_direction GT>} : (tensor<?x?xf32>, tensor<?xf32>) -> tensor<?x?xi1>
  %6 = chlo.broadcast_compare %y, %y {comparison_direction = #chlo<comparison_direction EQ>} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xi1>
  %7 = chlo.broadcast_and %5, %6 : (tensor<?x?xi1>, tensor<?xi1>) -> tensor<?x?xi1>
  %8 = chlo.broadcast_or %7, %5 : (tensor<?x?xi1>, tensor<?x?xi1>) -> tensor<?x?xi1>
  %9 = chlo.broadcast_xor %8, %5 : (tensor<?x?xi1>, tensor<?x?xi1>) -> tensor<?x?xi1>
  %10 = chlo.broadcast_select %9, %y, %4 : (tensor<?x?xi1>, tensor<?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  %two = stablehlo.constant dense<2.0> : tensor<f32>
  %11 = chlo.broadcast_power %10, %two : (tensor<?x?xf32>, tensor<f32>) -> tensor<?x?xf32>
  %ten = stablehlo.constant dense<10.0> : tensor<1xf32>
  %12 = chlo.broadcast_remainder %11, %ten : (tensor<?x?xf32>, tensor<1xf32>) -> tensor<?x?xf32>
  return %12 : tensor<?x?xf32>
}

func.func @main() {
  // CHECK: [45]
  %ten = arith.constant dense<10> : tensor<i32>
  %0 = call @gauss(%ten) : (tensor<i32>) -> tensor<i32>
  call @show(%0) : (tensor<i32>) -> ()
  // CHECK: [3]
  %m = arith.constant dense<-3> : tensor<i32>
  %1 = call @absolute(%m) : (tensor<i32>) -> tensor<i32>
  call @show(%1) : (tensor<i32>) -> ()
  // CHECK: [10]
  // CHECK: [20]
  // CHECK: [30]
  // CHECK: [30]
  %c0 = arith.constant dense<0> : tensor<i32>
  %c1 = arith.constant dense<1> : tensor<i32>
  %2 = call @choose(%c0) : (tensor<i32>) -> tensor<i32>
  call @show(%2) : (tensor<i32>) -> ()
  %3 = call @choose(%c1) : (tensor<i32>) -> tensor<i32>
  call @show(%3) : (tensor<i32>) -> ()
  %4 = call @choose(%m) : (tensor<i32>) -> tensor<i32>
  call @show(%4) : (tensor<i32>) -> ()
  %5 = call @choose(%ten) : (tensor<i32>) -> tensor<i32>
  call @show(%5) : (tensor<i32>) -> ()
  // CHECK: [40]
  %6 = call @four_times(%ten) : (tensor<i32>) -> tensor<i32>
  call @show(%6) : (tensor<i32>) -> ()

  // A dynamic size of 1 stretches on either side.
  %x = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %xd = tensor.cast %x : tensor<2x2xf32> to tensor<?x?xf32>
  %y = arith.constant dense<[10.0, 20.0]> : tensor<2xf32>
  %yd = tensor.cast %y : tensor<2xf32> to tensor<?xf32>
  %s = arith.constant dense<[5.0]> : tensor<1xf32>
  %sd = tensor.cast %s : tensor<1xf32> to tensor<?xf32>
  %c = arith.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %cd = tensor.cast %c : tensor<2x1xf32> to tensor<?x?xf32>
  // CHECK: {{\[}}[-9, -18],
  // CHECK-NEXT: [-7, -16]]
  %7 = call @broadcast(%xd, %yd) : (tensor<?x?xf32>, tensor<?xf32>) -> tensor<?x?xf32>
  %p7 = tensor.cast %7 : tensor<?x?xf32> to tensor<*xf32>
  call @printMemrefF32(%p7) : (tensor<*xf32>) -> ()
  // CHECK: {{\[}}[-4, -3],
  // CHECK-NEXT: [-2, -1]]
  %8 = call @broadcast(%xd, %sd) : (tensor<?x?xf32>, tensor<?xf32>) -> tensor<?x?xf32>
  %p8 = tensor.cast %8 : tensor<?x?xf32> to tensor<*xf32>
  call @printMemrefF32(%p8) : (tensor<*xf32>) -> ()
  // CHECK: {{\[}}[-9, -19],
  // CHECK-NEXT: [-8, -18]]
  %9 = call @broadcast(%cd, %yd) : (tensor<?x?xf32>, tensor<?xf32>) -> tensor<?x?xf32>
  %p9 = tensor.cast %9 : tensor<?x?xf32> to tensor<*xf32>
  call @printMemrefF32(%p9) : (tensor<*xf32>) -> ()
  // 1 against 0 gives 0.
  // CHECK: sizes = [2, 0]
  %e = tensor.empty() : tensor<0xf32>
  %ed = tensor.cast %e : tensor<0xf32> to tensor<?xf32>
  %10 = call @broadcast(%cd, %ed) : (tensor<?x?xf32>, tensor<?xf32>) -> tensor<?x?xf32>
  %p10 = tensor.cast %10 : tensor<?x?xf32> to tensor<*xf32>
  call @printMemrefF32(%p10) : (tensor<*xf32>) -> ()
  // (x + y)^2 mod 10
  // CHECK: {{\[}}[1, 4],
  // CHECK-NEXT: [9, 6]]
  %11 = call @broadcast_chain(%xd, %yd) : (tensor<?x?xf32>, tensor<?xf32>) -> tensor<?x?xf32>
  %p11 = tensor.cast %11 : tensor<?x?xf32> to tensor<*xf32>
  call @printMemrefF32(%p11) : (tensor<*xf32>) -> ()
  return
}
