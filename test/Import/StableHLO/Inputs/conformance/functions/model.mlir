module @jit__lambda attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<7xf32>) -> (tensor<7xf32> {jax.result_info = "result[0]"}, tensor<7xf32> {jax.result_info = "result[1]"}, tensor<7xf32> {jax.result_info = "result[2]"}, tensor<7xf32> {jax.result_info = "result[3]"}, tensor<7xf32> {jax.result_info = "result[4]"}, tensor<7xf32> {jax.result_info = "result[5]"}, tensor<7xf32> {jax.result_info = "result[6]"}) {
    %0 = stablehlo.tanh %arg0 : tensor<7xf32>
    %1 = stablehlo.negate %arg0 : tensor<7xf32>
    %2 = stablehlo.exponential %1 : tensor<7xf32>
    %cst = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %3 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<7xf32>
    %4 = stablehlo.add %3, %2 : tensor<7xf32>
    %cst_0 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %5 = stablehlo.broadcast_in_dim %cst_0, dims = [] : (tensor<f32>) -> tensor<7xf32>
    %6 = stablehlo.divide %5, %4 : tensor<7xf32>
    %7 = chlo.erf %arg0 : tensor<7xf32> -> tensor<7xf32>
    %8 = chlo.erfc %arg0 : tensor<7xf32> -> tensor<7xf32>
    %9 = chlo.square %arg0 : tensor<7xf32> -> tensor<7xf32>
    %10 = stablehlo.exponential %arg0 : tensor<7xf32>
    %11 = stablehlo.exponential_minus_one %arg0 : tensor<7xf32>
    return %0, %6, %7, %8, %9, %10, %11 : tensor<7xf32>, tensor<7xf32>, tensor<7xf32>, tensor<7xf32>, tensor<7xf32>, tensor<7xf32>, tensor<7xf32>
  }
}
