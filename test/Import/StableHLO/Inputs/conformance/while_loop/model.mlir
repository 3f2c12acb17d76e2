module @jit__lambda attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<1xi32>) -> (tensor<i32> {jax.result_info = "result[0]"}, tensor<i32> {jax.result_info = "result[1]"}) {
    %0 = stablehlo.reshape %arg0 : (tensor<1xi32>) -> tensor<i32>
    %1 = stablehlo.reshape %arg0 : (tensor<1xi32>) -> tensor<i32>
    %2:2 = stablehlo.while(%iterArg = %0, %iterArg_0 = %1) : tensor<i32>, tensor<i32>
    cond {
      %c = stablehlo.constant dense<10> : tensor<i32>
      %3 = stablehlo.compare LT, %iterArg, %c, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %3 : tensor<i1>
    } do {
      %c = stablehlo.constant dense<2> : tensor<i32>
      %3 = stablehlo.multiply %iterArg, %c : tensor<i32>
      %c_1 = stablehlo.constant dense<1> : tensor<i32>
      %4 = stablehlo.add %3, %c_1 : tensor<i32>
      %5 = stablehlo.add %iterArg_0, %iterArg : tensor<i32>
      stablehlo.return %4, %5 : tensor<i32>, tensor<i32>
    }
    return %2#0, %2#1 : tensor<i32>, tensor<i32>
  }
}
