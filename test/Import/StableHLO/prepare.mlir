// RUN: moe-compile %s --stop-after=graph | FileCheck %s

// What exporters write around a program is understood or left out.

// CHECK: module @jit_f {
module @jit_f attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32, jax.uses_shape_polymorphism = false} {
  // Names come from where the exporter put them; a name for two is none.
  // CHECK-LABEL: func.func public @main(%arg0: tensor<4x8xf32> {moe.name = "params.layers.0.w"}, %arg1: tensor<6x4xf32> {moe.name = "x"}, %arg2: tensor<3xi32>, %arg3: tensor<3xi32>, %arg4: tensor<3x4x5xf32>)
  // CHECK-SAME: -> (tensor<4x2xf32> {moe.name = "scores.top"}, tensor<4x2xi32> {moe.name = "result.1"}, tensor<6x5xf32> {moe.name = "kept"})
  func.func public @main(%arg0: tensor<4x8xf32> {jax.arg_info = "params['layers'][0]['w']", mhlo.layout_mode = "default"}, %arg1: tensor<6x4xf32> {mhlo.sharding = "{replicated}"} loc("x"),
      %arg2: tensor<3xi32> {jax.arg_info = "twice"}, %arg3: tensor<3xi32> {jax.arg_info = "twice"}, %arg4: tensor<3x4x5xf32> {jax.arg_info = "a b"})
      -> (tensor<4x2xf32> {jax.result_info = "result['scores'].top"}, tensor<4x2xi32> {jax.result_info = "result[1]"}, tensor<6x5xf32> {jax.result_info = "result", moe.name = "kept"}) {
    // CHECK: %[[V:.*]], %[[I:.*]] = chlo.top_k(%arg0, k = 2) : tensor<4x8xf32> -> (tensor<4x2xf32>, tensor<4x2xi32>)
    %0:2 = stablehlo.composite "chlo.top_k" %arg0 {composite_attributes = {k = 2 : i64}, decomposition = @top_k, version = 1 : i32} : (tensor<4x8xf32>) -> (tensor<4x2xf32>, tensor<4x2xi32>)
    // The smallest are not what the operation gives: the wrapper stays.
    // CHECK: stablehlo.composite "chlo.top_k"
    %1:2 = stablehlo.composite "chlo.top_k" %arg0 {composite_attributes = {k = 2 : i64, largest = false}, decomposition = @top_k, version = 1 : i32} : (tensor<4x8xf32>) -> (tensor<4x2xf32>, tensor<4x2xi32>)
    // CHECK: chlo.top_k(%[[V]], k = 1)
    %2:2 = stablehlo.custom_call @mhlo.topk(%0#0) {mhlo.attributes = {k = 1 : i64, largest = true}, mhlo.version = 1 : i64} : (tensor<4x2xf32>) -> (tensor<4x1xf32>, tensor<4x1xi32>)
    // CHECK: chlo.erf %arg1 : tensor<6x4xf32> -> tensor<6x4xf32>
    %3 = stablehlo.custom_call @mhlo.erf(%arg1) {mhlo.attributes = {}, mhlo.version = 1 : i64} : (tensor<6x4xf32>) -> tensor<6x4xf32>
    // CHECK: "chlo.ragged_dot"(%arg1, %arg4, %arg2) <{ragged_dot_dimension_numbers = #chlo.ragged_dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1], lhs_ragged_dimensions = [0], rhs_group_dimensions = [0]>}>
    %4 = stablehlo.composite "chlo.ragged_dot" %arg1, %arg4, %arg2 {composite_attributes = {precision_config = ["DEFAULT", "DEFAULT"], ragged_dot_dimension_numbers = [dense<> : tensor<0xi64>, dense<> : tensor<0xi64>, dense<1> : tensor<1xi64>, dense<1> : tensor<1xi64>, dense<0> : tensor<1xi64>, dense<0> : tensor<1xi64>]}, decomposition = @ragged, version = 1 : i32} : (tensor<6x4xf32>, tensor<3x4x5xf32>, tensor<3xi32>) -> tensor<6x5xf32>
    // CHECK-NOT: Sharding
    // CHECK: return %[[V]], %[[I]], %{{.*}} :
    %5 = stablehlo.custom_call @Sharding(%4) {mhlo.sharding = "{replicated}"} : (tensor<6x5xf32>) -> tensor<6x5xf32>
    return %0#0, %0#1, %5 : tensor<4x2xf32>, tensor<4x2xi32>, tensor<6x5xf32>
  }
  func.func private @top_k(%arg0: tensor<4x8xf32>) -> (tensor<4x2xf32>, tensor<4x2xi32>) {
    %0:2 = chlo.top_k(%arg0, k = 2) : tensor<4x8xf32> -> (tensor<4x2xf32>, tensor<4x2xi32>)
    return %0#0, %0#1 : tensor<4x2xf32>, tensor<4x2xi32>
  }
  func.func private @ragged(%arg0: tensor<6x4xf32>, %arg1: tensor<3x4x5xf32>, %arg2: tensor<3xi32>) -> tensor<6x5xf32> {
    %cst = stablehlo.constant dense<0.0> : tensor<6x5xf32>
    return %cst : tensor<6x5xf32>
  }
  // A weight in the resource section.
  // CHECK-LABEL: func.func @resources
  // CHECK: stablehlo.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
  func.func @resources() -> tensor<2xf32> {
    %0 = stablehlo.constant dense_resource<w> : tensor<2xf32>
    return %0 : tensor<2xf32>
  }
}

{-#
  dialect_resources: {
    builtin: {
      w: "0x040000000000803F00000040"
    }
  }
#-}
