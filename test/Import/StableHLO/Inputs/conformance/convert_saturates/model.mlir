module @jit__lambda attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<7xf32>) -> (tensor<7xi32> {jax.result_info = "result[0]"}, tensor<7xui8> {jax.result_info = "result[1]"}, tensor<7xi1> {jax.result_info = "result[2]"}) {
    %0 = stablehlo.convert %arg0 : (tensor<7xf32>) -> tensor<7xi32>
    %1 = stablehlo.convert %arg0 : (tensor<7xf32>) -> tensor<7xui8>
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %2 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<7xf32>
    %3 = stablehlo.compare NE, %arg0, %2, FLOAT : (tensor<7xf32>, tensor<7xf32>) -> tensor<7xi1>
    %4 = stablehlo.convert %3 : tensor<7xi1>
    return %0, %1, %4 : tensor<7xi32>, tensor<7xui8>, tensor<7xi1>
  }
}
