module @jit_dense_one_hot attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<6x8xf32>) -> (tensor<6x8xf32> {jax.result_info = "result"}) {
    %cst = stablehlo.constant #moe_support.external<"weights", 0> : tensor<8x3xf32>
    %cst_0 = stablehlo.constant #moe_support.external<"weights", 96> : tensor<3x8x4xf32>
    %cst_1 = stablehlo.constant #moe_support.external<"weights", 480> : tensor<3x8x4xf32>
    %cst_2 = stablehlo.constant #moe_support.external<"weights", 864> : tensor<3x4x8xf32>
    %0 = stablehlo.dot_general %arg0, %cst, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x8xf32>, tensor<8x3xf32>) -> tensor<6x3xf32>
    %cst_3 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %1 = stablehlo.reduce(%0 init: %cst_3) applies stablehlo.maximum across dimensions = [1] : (tensor<6x3xf32>, tensor<f32>) -> tensor<6xf32>
    %cst_4 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %2 = stablehlo.broadcast_in_dim %cst_4, dims = [] : (tensor<f32>) -> tensor<6xf32>
    %3 = stablehlo.maximum %2, %1 : tensor<6xf32>
    %4 = stablehlo.broadcast_in_dim %3, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %5 = stablehlo.broadcast_in_dim %4, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x3xf32>
    %6 = stablehlo.subtract %0, %5 : tensor<6x3xf32>
    %7 = stablehlo.exponential %6 : tensor<6x3xf32>
    %cst_5 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %8 = stablehlo.reduce(%7 init: %cst_5) applies stablehlo.add across dimensions = [1] : (tensor<6x3xf32>, tensor<f32>) -> tensor<6xf32>
    %9 = stablehlo.broadcast_in_dim %8, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %10 = stablehlo.broadcast_in_dim %9, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x3xf32>
    %11 = stablehlo.divide %7, %10 : tensor<6x3xf32>
    %values, %indices = chlo.top_k(%11, k = 2) : tensor<6x3xf32> -> (tensor<6x2xf32>, tensor<6x2xi32>)
    %cst_6 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %12 = stablehlo.reduce(%values init: %cst_6) applies stablehlo.add across dimensions = [1] : (tensor<6x2xf32>, tensor<f32>) -> tensor<6xf32>
    %13 = stablehlo.broadcast_in_dim %12, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %14 = stablehlo.broadcast_in_dim %13, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x2xf32>
    %15 = stablehlo.divide %values, %14 : tensor<6x2xf32>
    %16 = call @_one_hot(%indices) : (tensor<6x2xi32>) -> tensor<6x2x3xf32>
    %17 = stablehlo.broadcast_in_dim %15, dims = [0, 1] : (tensor<6x2xf32>) -> tensor<6x2x1xf32>
    %18 = stablehlo.broadcast_in_dim %17, dims = [0, 1, 2] : (tensor<6x2x1xf32>) -> tensor<6x2x3xf32>
    %19 = stablehlo.multiply %16, %18 : tensor<6x2x3xf32>
    %cst_7 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %20 = stablehlo.reduce(%19 init: %cst_7) applies stablehlo.add across dimensions = [1] : (tensor<6x2x3xf32>, tensor<f32>) -> tensor<6x3xf32>
    %21 = stablehlo.dot_general %arg0, %cst_0, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<6x8xf32>, tensor<3x8x4xf32>) -> tensor<6x3x4xf32>
    %22 = stablehlo.dot_general %arg0, %cst_1, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<6x8xf32>, tensor<3x8x4xf32>) -> tensor<6x3x4xf32>
    %23 = call @silu(%21) : (tensor<6x3x4xf32>) -> tensor<6x3x4xf32>
    %24 = stablehlo.multiply %23, %22 : tensor<6x3x4xf32>
    %25 = stablehlo.dot_general %cst_2, %24, batching_dims = [0] x [1], contracting_dims = [1] x [2], precision = [DEFAULT, DEFAULT] : (tensor<3x4x8xf32>, tensor<6x3x4xf32>) -> tensor<3x8x6xf32>
    %26 = stablehlo.transpose %25, dims = [2, 0, 1] : (tensor<3x8x6xf32>) -> tensor<6x3x8xf32>
    %27 = stablehlo.dot_general %26, %20, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<6x3x8xf32>, tensor<6x3xf32>) -> tensor<6x8xf32>
    %gate = stablehlo.constant #moe_support.external<"weights", 1248> : tensor<8x5xf32>
    %up = stablehlo.constant #moe_support.external<"weights", 1408> : tensor<8x5xf32>
    %down = stablehlo.constant #moe_support.external<"weights", 1568> : tensor<5x8xf32>
    %28 = stablehlo.dot_general %arg0, %gate, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x8xf32>, tensor<8x5xf32>) -> tensor<6x5xf32>
    %29 = stablehlo.dot_general %arg0, %up, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x8xf32>, tensor<8x5xf32>) -> tensor<6x5xf32>
    %30 = stablehlo.logistic %28 : tensor<6x5xf32>
    %31 = stablehlo.multiply %28, %30 : tensor<6x5xf32>
    %32 = stablehlo.multiply %31, %29 : tensor<6x5xf32>
    %33 = stablehlo.dot_general %32, %down, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x5xf32>, tensor<5x8xf32>) -> tensor<6x8xf32>
    %34 = stablehlo.add %27, %33 : tensor<6x8xf32>
    return %34 : tensor<6x8xf32>
  }
  func.func private @_one_hot(%arg0: tensor<6x2xi32>) -> tensor<6x2x3xf32> {
    %0 = stablehlo.broadcast_in_dim %arg0, dims = [0, 1] : (tensor<6x2xi32>) -> tensor<6x2x1xi32>
    %1 = stablehlo.iota dim = 2 : tensor<1x1x3xi32>
    %2 = stablehlo.broadcast_in_dim %0, dims = [0, 1, 2] : (tensor<6x2x1xi32>) -> tensor<6x2x3xi32>
    %3 = stablehlo.broadcast_in_dim %1, dims = [0, 1, 2] : (tensor<1x1x3xi32>) -> tensor<6x2x3xi32>
    %4 = stablehlo.compare EQ, %2, %3, SIGNED : (tensor<6x2x3xi32>, tensor<6x2x3xi32>) -> tensor<6x2x3xi1>
    %5 = stablehlo.convert %4 : (tensor<6x2x3xi1>) -> tensor<6x2x3xf32>
    return %5 : tensor<6x2x3xf32>
  }
  func.func private @silu(%arg0: tensor<6x3x4xf32>) -> tensor<6x3x4xf32> {
    %0 = stablehlo.negate %arg0 : tensor<6x3x4xf32>
    %1 = stablehlo.exponential %0 : tensor<6x3x4xf32>
    %cst = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %2 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<6x3x4xf32>
    %3 = stablehlo.add %2, %1 : tensor<6x3x4xf32>
    %cst_0 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %4 = stablehlo.broadcast_in_dim %cst_0, dims = [] : (tensor<f32>) -> tensor<6x3x4xf32>
    %5 = stablehlo.divide %4, %3 : tensor<6x3x4xf32>
    %6 = stablehlo.multiply %arg0, %5 : tensor<6x3x4xf32>
    return %6 : tensor<6x3x4xf32>
  }
}
