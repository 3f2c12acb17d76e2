module @jit_function attributes {mhlo.num_partitions = 4 : i32, mhlo.num_replicas = 1 : i32} {
  sdy.mesh @mesh = <["x"=2, "y"=2]> {stablehlo.mesh = {axes = [{name = "x", size = 2 : i64}, {name = "y", size = 2 : i64}]}}
  func.func public @main(%arg0: tensor<4x4xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"x"}, {}]>}) -> (tensor<4x8xf32> {jax.result_info = "result"}) {
    %cst = stablehlo.constant dense<[[-1.000000e+00, -0.935483872, -0.870967745, -0.806451618, -0.741935492, -0.677419364, -0.612903237, -0.54838711], [-0.483870953, -0.419354826, -0.354838699, -0.290322572, -0.225806445, -0.161290318, -0.0967741906, -0.0322580636], [0.0322580636, 0.0967741906, 0.161290318, 0.225806445, 0.290322572, 0.354838699, 0.419354826, 0.483870953], [0.54838711, 0.612903237, 0.677419364, 0.741935492, 0.806451618, 0.870967745, 0.935483872, 1.000000e+00]]> : tensor<4x8xf32>
    %0 = stablehlo.dot_general %arg0, %cst, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x4xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    %1 = stablehlo.tanh %0 : tensor<4x8xf32>
    %2 = sdy.sharding_constraint %1 <@mesh, [{"x"}, {"y"}]> : tensor<4x8xf32>
    %cst_0 = stablehlo.constant dense<2.000000e+00> : tensor<f32>
    %3 = stablehlo.broadcast_in_dim %cst_0, dims = [] : (tensor<f32>) -> tensor<4x8xf32>
    %4 = stablehlo.multiply %3, %2 : tensor<4x8xf32>
    return %4 : tensor<4x8xf32>
  }
}
