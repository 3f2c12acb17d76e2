module @jit__lambda attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<6xf32>) -> (tensor<6xf32> {jax.result_info = "result[0]"}, tensor<6xf32> {jax.result_info = "result[1]"}, tensor<6xf32> {jax.result_info = "result[2]"}, tensor<6xf32> {jax.result_info = "result[3]"}, tensor<6xf32> {jax.result_info = "result[4]"}, tensor<6xf32> {jax.result_info = "result[5]"}, tensor<6xf32> {jax.result_info = "result[6]"}) {
    %0 = stablehlo.log %arg0 : tensor<6xf32>
    %1 = stablehlo.log_plus_one %arg0 : tensor<6xf32>
    %2 = stablehlo.sqrt %arg0 : tensor<6xf32>
    %3 = stablehlo.rsqrt %arg0 : tensor<6xf32>
    %4 = stablehlo.cbrt %arg0 : tensor<6xf32>
    %5 = stablehlo.sine %arg0 : tensor<6xf32>
    %6 = stablehlo.cosine %arg0 : tensor<6xf32>
    return %0, %1, %2, %3, %4, %5, %6 : tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>
  }
}
