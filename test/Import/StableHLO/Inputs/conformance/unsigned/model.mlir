module @jit__lambda attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<3xui8>, %arg1: tensor<3xui8>) -> (tensor<3xui8> {jax.result_info = "result[0]"}, tensor<3xi1> {jax.result_info = "result[1]"}, tensor<3xui8> {jax.result_info = "result[2]"}, tensor<3xui8> {jax.result_info = "result[3]"}) {
    %0 = stablehlo.divide %arg0, %arg1 : tensor<3xui8>
    %1 = stablehlo.compare LT, %arg0, %arg1, UNSIGNED : (tensor<3xui8>, tensor<3xui8>) -> tensor<3xi1>
    %2 = stablehlo.subtract %arg0, %arg1 : tensor<3xui8>
    %3 = stablehlo.maximum %arg0, %arg1 : tensor<3xui8>
    return %0, %1, %2, %3 : tensor<3xui8>, tensor<3xi1>, tensor<3xui8>, tensor<3xui8>
  }
}
