module @jit__lambda attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<1x2x8xf32>, %arg1: tensor<3x2x4xf32>) -> (tensor<1x3x8xf32> {jax.result_info = "result[0]"}) {
    %0 = stablehlo.convert %arg0 : (tensor<1x2x8xf32>) -> tensor<1x2x8xbf16>
    %1 = stablehlo.convert %arg1 : (tensor<3x2x4xf32>) -> tensor<3x2x4xbf16>
    %2 = stablehlo.convolution(%0, %1) dim_numbers = [b, f, 0]x[o, i, 0]->[b, f, 0], window = {stride = [1], pad = [[1, 2]], lhs_dilate = [1], rhs_dilate = [1], reverse = [false]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]} : (tensor<1x2x8xbf16>, tensor<3x2x4xbf16>) -> tensor<1x3x8xbf16>
    %3 = stablehlo.convert %2 : (tensor<1x3x8xbf16>) -> tensor<1x3x8xf32>
    return %3 : tensor<1x3x8xf32>
  }
}
