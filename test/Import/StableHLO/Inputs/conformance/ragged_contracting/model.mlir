module @jit__lambda attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<3x6xf32>, %arg1: tensor<6x2xf32>, %arg2: tensor<3xi32>) -> (tensor<3x3x2xf32> {jax.result_info = "result[0]"}) {
    %0 = stablehlo.broadcast_in_dim %arg0, dims = [1, 2] : (tensor<3x6xf32>) -> tensor<3x3x6xf32>
    %1 = stablehlo.iota dim = 2 : tensor<3x3x6xi32>
    %2 = call @cumsum(%arg2) : (tensor<3xi32>) -> tensor<3xi32>
    %c = stablehlo.constant dense<0> : tensor<i32>
    %3 = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<i32>) -> tensor<3xi32>
    %4 = stablehlo.slice %3 [0:1] : (tensor<3xi32>) -> tensor<1xi32>
    %5 = stablehlo.slice %2 [0:2] : (tensor<3xi32>) -> tensor<2xi32>
    %6 = stablehlo.concatenate %4, %5, dim = 0 : (tensor<1xi32>, tensor<2xi32>) -> tensor<3xi32>
    %7 = stablehlo.broadcast_in_dim %2, dims = [0] : (tensor<3xi32>) -> tensor<3x3x6xi32>
    %8 = stablehlo.broadcast_in_dim %6, dims = [0] : (tensor<3xi32>) -> tensor<3x3x6xi32>
    %9 = stablehlo.compare LE, %8, %1, SIGNED : (tensor<3x3x6xi32>, tensor<3x3x6xi32>) -> tensor<3x3x6xi1>
    %10 = stablehlo.compare LT, %1, %7, SIGNED : (tensor<3x3x6xi32>, tensor<3x3x6xi32>) -> tensor<3x3x6xi1>
    %11 = stablehlo.and %9, %10 : tensor<3x3x6xi1>
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %12 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<3x3x6xf32>
    %13 = stablehlo.select %11, %0, %12 : tensor<3x3x6xi1>, tensor<3x3x6xf32>
    %14 = stablehlo.broadcast_in_dim %arg1, dims = [1, 2] : (tensor<6x2xf32>) -> tensor<3x6x2xf32>
    %15 = stablehlo.iota dim = 1 : tensor<3x6x2xi32>
    %16 = call @cumsum(%arg2) : (tensor<3xi32>) -> tensor<3xi32>
    %c_0 = stablehlo.constant dense<0> : tensor<i32>
    %17 = stablehlo.broadcast_in_dim %c_0, dims = [] : (tensor<i32>) -> tensor<3xi32>
    %18 = stablehlo.slice %17 [0:1] : (tensor<3xi32>) -> tensor<1xi32>
    %19 = stablehlo.slice %16 [0:2] : (tensor<3xi32>) -> tensor<2xi32>
    %20 = stablehlo.concatenate %18, %19, dim = 0 : (tensor<1xi32>, tensor<2xi32>) -> tensor<3xi32>
    %21 = stablehlo.broadcast_in_dim %16, dims = [0] : (tensor<3xi32>) -> tensor<3x6x2xi32>
    %22 = stablehlo.broadcast_in_dim %20, dims = [0] : (tensor<3xi32>) -> tensor<3x6x2xi32>
    %23 = stablehlo.compare LE, %22, %15, SIGNED : (tensor<3x6x2xi32>, tensor<3x6x2xi32>) -> tensor<3x6x2xi1>
    %24 = stablehlo.compare LT, %15, %21, SIGNED : (tensor<3x6x2xi32>, tensor<3x6x2xi32>) -> tensor<3x6x2xi1>
    %25 = stablehlo.and %23, %24 : tensor<3x6x2xi1>
    %cst_1 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %26 = stablehlo.broadcast_in_dim %cst_1, dims = [] : (tensor<f32>) -> tensor<3x6x2xf32>
    %27 = stablehlo.select %25, %14, %26 : tensor<3x6x2xi1>, tensor<3x6x2xf32>
    %28 = stablehlo.dot_general %13, %27, batching_dims = [0] x [0], contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<3x3x6xf32>, tensor<3x6x2xf32>) -> tensor<3x3x2xf32>
    return %28 : tensor<3x3x2xf32>
  }
  func.func private @cumsum(%arg0: tensor<3xi32>) -> tensor<3xi32> {
    %c = stablehlo.constant dense<0> : tensor<i32>
    %0 = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<i32>) -> tensor<i32>
    %1 = "stablehlo.reduce_window"(%arg0, %0) <{base_dilations = array<i64: 1>, padding = dense<[[2, 0]]> : tensor<1x2xi64>, window_dilations = array<i64: 1>, window_dimensions = array<i64: 3>, window_strides = array<i64: 1>}> ({
    ^bb0(%arg1: tensor<i32>, %arg2: tensor<i32>):
      %2 = stablehlo.add %arg1, %arg2 : tensor<i32>
      stablehlo.return %2 : tensor<i32>
    }) : (tensor<3xi32>, tensor<i32>) -> tensor<3xi32>
    return %1 : tensor<3xi32>
  }
}
