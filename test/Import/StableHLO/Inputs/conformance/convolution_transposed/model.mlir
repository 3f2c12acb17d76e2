module @jit__lambda attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<1x4x4x2xf32>, %arg1: tensor<3x3x3x2xf32>) -> (tensor<1x8x8x3xf32> {jax.result_info = "result[0]"}) {
    %0 = stablehlo.reverse %arg1, dims = [0] : tensor<3x3x3x2xf32>
    %1 = stablehlo.reverse %0, dims = [1] : tensor<3x3x3x2xf32>
    %2 = stablehlo.transpose %1, dims = [0, 1, 3, 2] : (tensor<3x3x3x2xf32>) -> tensor<3x3x2x3xf32>
    %3 = stablehlo.convolution(%arg0, %2) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {stride = [1, 1], pad = [[2, 1], [2, 1]], lhs_dilate = [2, 2], rhs_dilate = [1, 1], reverse = [false, false]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]} : (tensor<1x4x4x2xf32>, tensor<3x3x2x3xf32>) -> tensor<1x8x8x3xf32>
    return %3 : tensor<1x8x8x3xf32>
  }
}
