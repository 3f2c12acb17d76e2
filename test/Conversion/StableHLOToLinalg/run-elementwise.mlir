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
func.func private @show_i1(%x: tensor<?xi1>) {
  %0 = stablehlo.convert %x : (tensor<?xi1>) -> tensor<?xi32>
  call @show_i32(%0) : (tensor<?xi32>) -> ()
  return
}

func.func private @unary(%x: tensor<?xf32>) {
  %0 = stablehlo.abs %x : tensor<?xf32>
  call @show_f32(%0) : (tensor<?xf32>) -> ()
  %1 = stablehlo.ceil %x : tensor<?xf32>
  call @show_f32(%1) : (tensor<?xf32>) -> ()
  %2 = stablehlo.floor %x : tensor<?xf32>
  call @show_f32(%2) : (tensor<?xf32>) -> ()
  %3 = stablehlo.round_nearest_even %x : tensor<?xf32>
  call @show_f32(%3) : (tensor<?xf32>) -> ()
  %4 = stablehlo.round_nearest_afz %x : tensor<?xf32>
  call @show_f32(%4) : (tensor<?xf32>) -> ()
  %5 = stablehlo.sign %x : tensor<?xf32>
  call @show_f32(%5) : (tensor<?xf32>) -> ()
  %6 = stablehlo.negate %x : tensor<?xf32>
  call @show_f32(%6) : (tensor<?xf32>) -> ()
  %7 = stablehlo.is_finite %x : (tensor<?xf32>) -> tensor<?xi1>
  call @show_i1(%7) : (tensor<?xi1>) -> ()
  %8 = stablehlo.convert %x : (tensor<?xf32>) -> tensor<?xi32>
  call @show_i32(%8) : (tensor<?xi32>) -> ()
  %9 = stablehlo.convert %x : (tensor<?xf32>) -> tensor<?xui8>
  %10 = stablehlo.convert %9 : (tensor<?xui8>) -> tensor<?xi32>
  call @show_i32(%10) : (tensor<?xi32>) -> ()
  %11 = stablehlo.convert %x : (tensor<?xf32>) -> tensor<?xi1>
  call @show_i1(%11) : (tensor<?xi1>) -> ()
  %12 = stablehlo.bitcast_convert %x : (tensor<?xf32>) -> tensor<?xi32>
  %13 = stablehlo.bitcast_convert %12 : (tensor<?xi32>) -> tensor<?xf32>
  call @show_f32(%13) : (tensor<?xf32>) -> ()
  return
}

func.func private @functions(%x: tensor<?xf32>) {
  %0 = stablehlo.cbrt %x : tensor<?xf32>
  call @show_f32(%0) : (tensor<?xf32>) -> ()
  %1 = stablehlo.cosine %x : tensor<?xf32>
  call @show_f32(%1) : (tensor<?xf32>) -> ()
  %2 = stablehlo.exponential %x : tensor<?xf32>
  call @show_f32(%2) : (tensor<?xf32>) -> ()
  %3 = stablehlo.exponential_minus_one %x : tensor<?xf32>
  call @show_f32(%3) : (tensor<?xf32>) -> ()
  %4 = stablehlo.log %x : tensor<?xf32>
  call @show_f32(%4) : (tensor<?xf32>) -> ()
  %5 = stablehlo.log_plus_one %x : tensor<?xf32>
  call @show_f32(%5) : (tensor<?xf32>) -> ()
  %6 = stablehlo.logistic %x : tensor<?xf32>
  call @show_f32(%6) : (tensor<?xf32>) -> ()
  %7 = stablehlo.rsqrt %x : tensor<?xf32>
  call @show_f32(%7) : (tensor<?xf32>) -> ()
  %8 = stablehlo.sine %x : tensor<?xf32>
  call @show_f32(%8) : (tensor<?xf32>) -> ()
  %9 = stablehlo.sqrt %x : tensor<?xf32>
  call @show_f32(%9) : (tensor<?xf32>) -> ()
  %10 = stablehlo.tan %x : tensor<?xf32>
  call @show_f32(%10) : (tensor<?xf32>) -> ()
  %11 = stablehlo.tanh %x : tensor<?xf32>
  call @show_f32(%11) : (tensor<?xf32>) -> ()
  %12 = chlo.erf %x : tensor<?xf32> -> tensor<?xf32>
  call @show_f32(%12) : (tensor<?xf32>) -> ()
  return
}

func.func private @floats(%x: tensor<?xf32>, %y: tensor<?xf32>) {
  %0 = stablehlo.maximum %x, %y : tensor<?xf32>
  call @show_f32(%0) : (tensor<?xf32>) -> ()
  %1 = stablehlo.minimum %x, %y : tensor<?xf32>
  call @show_f32(%1) : (tensor<?xf32>) -> ()
  %2 = stablehlo.remainder %x, %y : tensor<?xf32>
  call @show_f32(%2) : (tensor<?xf32>) -> ()
  %3 = stablehlo.compare LT, %x, %y, FLOAT : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xi1>
  call @show_i1(%3) : (tensor<?xi1>) -> ()
  %4 = stablehlo.compare LT, %x, %y, TOTALORDER : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xi1>
  call @show_i1(%4) : (tensor<?xi1>) -> ()
  %5 = stablehlo.compare NE, %x, %y : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xi1>
  call @show_i1(%5) : (tensor<?xi1>) -> ()
  %6 = stablehlo.select %3, %x, %y : tensor<?xi1>, tensor<?xf32>
  call @show_f32(%6) : (tensor<?xf32>) -> ()
  %lo = stablehlo.constant dense<-1.5> : tensor<f32>
  %hi = stablehlo.constant dense<2.5> : tensor<f32>
  %7 = stablehlo.clamp %lo, %x, %hi : (tensor<f32>, tensor<?xf32>, tensor<f32>) -> tensor<?xf32>
  call @show_f32(%7) : (tensor<?xf32>) -> ()
  %8 = stablehlo.add %x, %y : tensor<?xf32>
  %9 = stablehlo.subtract %8, %y : tensor<?xf32>
  %10 = stablehlo.multiply %9, %y : tensor<?xf32>
  %11 = stablehlo.divide %10, %y : tensor<?xf32>
  call @show_f32(%11) : (tensor<?xf32>) -> ()
  %12 = stablehlo.power %x, %y : tensor<?xf32>
  call @show_f32(%12) : (tensor<?xf32>) -> ()
  return
}

func.func private @ints(%x: tensor<?xi32>, %y: tensor<?xi32>) {
  %0 = stablehlo.divide %x, %y : tensor<?xi32>
  call @show_i32(%0) : (tensor<?xi32>) -> ()
  %1 = stablehlo.remainder %x, %y : tensor<?xi32>
  call @show_i32(%1) : (tensor<?xi32>) -> ()
  %2 = stablehlo.power %x, %y : tensor<?xi32>
  call @show_i32(%2) : (tensor<?xi32>) -> ()
  %3 = stablehlo.shift_left %x, %y : tensor<?xi32>
  call @show_i32(%3) : (tensor<?xi32>) -> ()
  %4 = stablehlo.shift_right_arithmetic %x, %y : tensor<?xi32>
  call @show_i32(%4) : (tensor<?xi32>) -> ()
  %5 = stablehlo.shift_right_logical %x, %y : tensor<?xi32>
  call @show_i32(%5) : (tensor<?xi32>) -> ()
  %6 = stablehlo.and %x, %y : tensor<?xi32>
  %7 = stablehlo.or %6, %y : tensor<?xi32>
  %8 = stablehlo.xor %7, %x : tensor<?xi32>
  %9 = stablehlo.not %8 : tensor<?xi32>
  call @show_i32(%9) : (tensor<?xi32>) -> ()
  %10 = stablehlo.sign %x : tensor<?xi32>
  call @show_i32(%10) : (tensor<?xi32>) -> ()
  %11 = stablehlo.abs %x : tensor<?xi32>
  call @show_i32(%11) : (tensor<?xi32>) -> ()
  %12 = stablehlo.convert %x : (tensor<?xi32>) -> tensor<?xui32>
  %13 = stablehlo.convert %y : (tensor<?xi32>) -> tensor<?xui32>
  %14 = stablehlo.maximum %12, %13 : tensor<?xui32>
  %15 = stablehlo.divide %14, %13 : tensor<?xui32>
  %16 = stablehlo.convert %15 : (tensor<?xui32>) -> tensor<?xi32>
  call @show_i32(%16) : (tensor<?xi32>) -> ()
  %17 = stablehlo.compare GT, %12, %13 : (tensor<?xui32>, tensor<?xui32>) -> tensor<?xi1>
  call @show_i1(%17) : (tensor<?xi1>) -> ()
  return
}

func.func private @narrow(%x: tensor<2xi32>) -> tensor<2xi32> {
  %0 = stablehlo.bitcast_convert %x : (tensor<2xi32>) -> tensor<2x4xui8>
  %1 = stablehlo.reverse %0, dims = [1] : tensor<2x4xui8>
  %2 = stablehlo.bitcast_convert %1 : (tensor<2x4xui8>) -> tensor<2xi32>
  return %2 : tensor<2xi32>
}

func.func private @mapped(%x: tensor<?xf32>, %s: tensor<f32>) -> tensor<?xf32> {
  %0 = "stablehlo.map"(%x) <{dimensions = array<i64: 0>}> ({
  ^bb0(%a: tensor<f32>):
    %c = stablehlo.constant dense<2.0> : tensor<f32>
    %1 = stablehlo.multiply %a, %c : tensor<f32>
    %2 = stablehlo.add %1, %s : tensor<f32>
    stablehlo.return %2 : tensor<f32>
  }) : (tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

func.func @main() {
  %u = arith.constant dense<[-2.5, 0.5, 1.5, -0.0, 0x7FC00000, 0x7F800000, 3.0e9]> : tensor<7xf32>
  %ud = tensor.cast %u : tensor<7xf32> to tensor<?xf32>
  // CHECK: [2.5,  0.5,  1.5,  0,  nan,  inf,  3e+09]
  // CHECK: [-2,  1,  2,  -0,  nan,  inf,  3e+09]
  // CHECK: [-3,  0,  1,  -0,  nan,  inf,  3e+09]
  // CHECK: [-2,  0,  2,  -0,  nan,  inf,  3e+09]
  // CHECK: [-3,  1,  2,  -0,  nan,  inf,  3e+09]
  // CHECK: [-1,  1,  1,  -0,  nan,  1,  1]
  // CHECK: [2.5,  -0.5,  -1.5,  0,  {{-?}}nan,  -inf,  -3e+09]
  // CHECK: [1,  1,  1,  1,  0,  0,  1]
  // CHECK: [-2,  0,  1,  0,  0,  2147483647,  2147483647]
  // CHECK: [0,  0,  1,  0,  0,  255,  255]
  // CHECK: [1,  1,  1,  0,  1,  1,  1]
  // CHECK: [-2.5,  0.5,  1.5,  -0,  nan,  inf,  3e+09]
  call @unary(%ud) : (tensor<?xf32>) -> ()
  %f = arith.constant dense<[0.0, 1.0, 0.5]> : tensor<3xf32>
  %fd = tensor.cast %f : tensor<3xf32> to tensor<?xf32>
  // CHECK: [0,  1,  0.793701]
  // CHECK: [1,  0.540302,  0.877583]
  // CHECK: [1,  2.71828,  1.64872]
  // CHECK: [0,  1.71828,  0.648721]
  // CHECK: [-inf,  0,  -0.693147]
  // CHECK: [0,  0.693147,  0.405465]
  // CHECK: [0.5,  0.731059,  0.622459]
  // CHECK: [inf,  1,  1.41421]
  // CHECK: [0,  0.841471,  0.479426]
  // CHECK: [0,  1,  0.707107]
  // CHECK: [0,  1.55741,  0.546302]
  // CHECK: [0,  0.761594,  0.462117]
  // CHECK: [0,  0.842701,  0.5205]
  call @functions(%fd) : (tensor<?xf32>) -> ()
  %x = arith.constant dense<[1.0, -0.0, 0x7FC00000, -7.5, 3.0]> : tensor<5xf32>
  %y = arith.constant dense<[2.0, 0.0, 1.0, 2.0, 0x7FC00000]> : tensor<5xf32>
  %xd = tensor.cast %x : tensor<5xf32> to tensor<?xf32>
  %yd = tensor.cast %y : tensor<5xf32> to tensor<?xf32>
  // CHECK: [2,  0,  nan,  2,  nan]
  // arith-expand does not tell the zeros apart.
  // CHECK: [1,  {{-?}}0,  nan,  -7.5,  nan]
  // CHECK: [1,  {{-?}}nan,  nan,  -1.5,  nan]
  // CHECK: [1,  0,  0,  1,  0]
  // CHECK: [1,  1,  0,  1,  1]
  // CHECK: [1,  0,  1,  1,  1]
  // CHECK: [1,  0,  1,  -7.5,  nan]
  // CHECK: [1,  -0,  nan,  -1.5,  2.5]
  // CHECK: [1,  {{-?}}nan,  nan,  -7.5,  nan]
  // CHECK: [1,  1,  nan,  56.25,  nan]
  call @floats(%xd, %yd) : (tensor<?xf32>, tensor<?xf32>) -> ()
  %i = arith.constant dense<[7, -2147483648, 5, -3, -1]> : tensor<5xi32>
  %j = arith.constant dense<[-2, -1, 0, 3, 33]> : tensor<5xi32>
  %id = tensor.cast %i : tensor<5xi32> to tensor<?xi32>
  %jd = tensor.cast %j : tensor<5xi32> to tensor<?xi32>
  // CHECK: [-3,  -2147483648,  -1,  -1,  0]
  // CHECK: [1,  0,  5,  0,  -1]
  // CHECK: [0,  0,  1,  -27,  -1]
  // CHECK: [0,  0,  5,  -24,  0]
  // CHECK: [0,  -1,  5,  -1,  -1]
  // CHECK: [0,  0,  5,  536870911,  0]
  // CHECK: [6,  -2147483648,  -6,  1,  33]
  // CHECK: [1,  -1,  1,  -1,  -1]
  // CHECK: [7,  -2147483648,  5,  3,  1]
  // CHECK: [1,  1,  -1,  1431655764,  130150524]
  // CHECK: [0,  0,  1,  1,  1]
  call @ints(%id, %jd) : (tensor<?xi32>, tensor<?xi32>) -> ()
  %b = arith.constant dense<[67305985, -1]> : tensor<2xi32>
  %r = call @narrow(%b) : (tensor<2xi32>) -> tensor<2xi32>
  %rd = tensor.cast %r : tensor<2xi32> to tensor<?xi32>
  // CHECK: [16909060,  -1]
  call @show_i32(%rd) : (tensor<?xi32>) -> ()
  %s = arith.constant dense<0.25> : tensor<f32>
  %m = call @mapped(%fd, %s) : (tensor<?xf32>, tensor<f32>) -> tensor<?xf32>
  // CHECK: [0.25,  2.25,  1.25]
  call @show_f32(%m) : (tensor<?xf32>) -> ()
  %empty = tensor.empty() : tensor<0xf32>
  %ed = tensor.cast %empty : tensor<0xf32> to tensor<?xf32>
  // CHECK: sizes = [0]
  %em = call @mapped(%ed, %s) : (tensor<?xf32>, tensor<f32>) -> tensor<?xf32>
  call @show_f32(%em) : (tensor<?xf32>) -> ()
  return
}
