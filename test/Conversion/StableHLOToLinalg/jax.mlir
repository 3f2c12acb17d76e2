// RUN: moe-opt %s --verify-roundtrip --mlir-print-op-generic -o /dev/null
// RUN: moe-opt %s --convert-stablehlo-to-linalg | FileCheck %s

// A router and a ragged product in the text that JAX prints.

// CHECK-NOT: stablehlo.
// CHECK-NOT: chlo.
// CHECK: func.func public @main
module @jit_layer attributes {jax.uses_shape_polymorphism = false, mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<6x4xf32> {jax.arg_info = "x"}, %arg1: tensor<4x8xf32>, %arg2: tensor<8x4x5xf32>)
      -> (tensor<12x5xf32> {jax.result_info = "result"}) {
    %0 = stablehlo.dot_general %arg0, %arg1, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x4xf32>, tensor<4x8xf32>) -> tensor<6x8xf32>
    %cst = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %1 = stablehlo.reduce(%0 init: %cst) applies stablehlo.maximum across dimensions = [1] : (tensor<6x8xf32>, tensor<f32>) -> tensor<6xf32>
    %2 = stablehlo.broadcast_in_dim %1, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %3 = stablehlo.broadcast_in_dim %2, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x8xf32>
    %4 = stablehlo.subtract %0, %3 : tensor<6x8xf32>
    %5 = stablehlo.exponential %4 : tensor<6x8xf32>
    %values, %indices = chlo.top_k(%5, k = 2) : tensor<6x8xf32> -> (tensor<6x2xf32>, tensor<6x2xi32>)
    %6 = stablehlo.reshape %indices : (tensor<6x2xi32>) -> tensor<12xi32>
    %7 = call @argsort(%6) : (tensor<12xi32>) -> tensor<12xi32>
    %c = stablehlo.constant dense<2> : tensor<i32>
    %8 = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %9 = stablehlo.divide %7, %8 : tensor<12xi32>
    %10 = stablehlo.broadcast_in_dim %9, dims = [0] : (tensor<12xi32>) -> tensor<12x1xi32>
    %11 = "stablehlo.gather"(%arg0, %10) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, indices_are_sorted = false, slice_sizes = array<i64: 1, 4>}> : (tensor<6x4xf32>, tensor<12x1xi32>) -> tensor<12x4xf32>
    %c_0 = stablehlo.constant dense<0> : tensor<8xi32>
    %c_1 = stablehlo.constant dense<1> : tensor<12xi32>
    %12 = stablehlo.broadcast_in_dim %6, dims = [0] : (tensor<12xi32>) -> tensor<12x1xi32>
    %13 = "stablehlo.scatter"(%c_0, %12, %c_1) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = false}> ({
    ^bb0(%arg3: tensor<i32>, %arg4: tensor<i32>):
      %15 = stablehlo.add %arg3, %arg4 : tensor<i32>
      stablehlo.return %15 : tensor<i32>
    }) : (tensor<8xi32>, tensor<12x1xi32>, tensor<12xi32>) -> tensor<8xi32>
    %14 = "chlo.ragged_dot"(%11, %arg2, %13) <{precision_config = [#chlo<precision DEFAULT>, #chlo<precision DEFAULT>], ragged_dot_dimension_numbers = #chlo.ragged_dot<lhs_batching_dimensions = [], rhs_batching_dimensions = [], lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1], lhs_ragged_dimensions = [0], rhs_group_dimensions = [0]>}> : (tensor<12x4xf32>, tensor<8x4x5xf32>, tensor<8xi32>) -> tensor<12x5xf32>
    return %14 : tensor<12x5xf32>
  }
  func.func private @argsort(%arg0: tensor<12xi32>) -> tensor<12xi32> {
    %0 = stablehlo.iota dim = 0 : tensor<12xi32>
    %1:2 = "stablehlo.sort"(%arg0, %0) <{dimension = 0 : i64, is_stable = true}> ({
    ^bb0(%arg1: tensor<i32>, %arg2: tensor<i32>, %arg3: tensor<i32>, %arg4: tensor<i32>):
      %2 = stablehlo.compare  LT, %arg1, %arg2,  SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %2 : tensor<i1>
    }) : (tensor<12xi32>, tensor<12xi32>) -> (tensor<12xi32>, tensor<12xi32>)
    return %1#1 : tensor<12xi32>
  }
}
