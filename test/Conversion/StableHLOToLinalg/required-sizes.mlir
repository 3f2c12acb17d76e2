// RUN: moe-opt %s --convert-stablehlo-to-linalg --cse | FileCheck %s
// Sizes that operands have to share, of operations with several operands or operands of several kinds: compared when the program runs, unless it is
// known that they agree. That the error reaches the user is shown by test/Import/runtime-sizes.test.

// CHECK-LABEL: func.func @sort
// CHECK-SAME: %[[KEY:[a-z0-9]+]]: tensor<?x4xf32>, %[[VALUE:[a-z0-9]+]]: tensor<?x?xi32>
func.func @sort(%key: tensor<?x4xf32>, %value: tensor<?x?xi32>) -> (tensor<?x4xf32>, tensor<?x?xi32>) {
  // CHECK: %[[C0:.*]] = arith.constant 0 : index
  // CHECK: %[[A:.*]] = tensor.dim %[[KEY]], %[[C0]]
  // CHECK: %[[B:.*]] = tensor.dim %[[VALUE]], %[[C0]]
  // CHECK: %[[ROWS:.*]] = arith.cmpi eq, %[[A]], %[[B]]
  // CHECK: moe_support.require %[[ROWS]], "node 'sort': requires the size of dimension #0 of operand #0 ({0}) to equal that of dimension #0 of operand #1 ({1})"(%[[A]], %[[B]])
  // CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
  // CHECK-DAG: %[[C4:.*]] = arith.constant 4 : index
  // CHECK: %[[C:.*]] = tensor.dim %[[VALUE]], %[[C1]]
  // CHECK: %[[COLUMNS:.*]] = arith.cmpi eq, %[[C4]], %[[C]]
  // CHECK: moe_support.require %[[COLUMNS]], "node 'sort': requires the size of dimension #1 of operand #0 ({0}) to equal that of dimension #1 of operand #1 ({1})"(%[[C4]], %[[C]])
  %0:2 = "stablehlo.sort"(%key, %value) <{dimension = 1 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<i32>, %d: tensor<i32>):
    %1 = stablehlo.compare LT, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %1 : tensor<i1>
  }) : (tensor<?x4xf32>, tensor<?x?xi32>) -> (tensor<?x4xf32>, tensor<?x?xi32>) loc("sort")
  return %0#0, %0#1 : tensor<?x4xf32>, tensor<?x?xi32>
}

// CHECK-LABEL: func.func @reduce
func.func @reduce(%x: tensor<?x2xf32>, %y: tensor<?x2xf32>, %z: tensor<f32>) -> (tensor<2xf32>, tensor<2xf32>) {
  // CHECK: moe_support.require %{{.*}}, "node 'reduce': requires the size of dimension #0 of operand #0 ({0}) to equal that of dimension #0 of operand #1 ({1})"
  // CHECK-NOT: moe_support.require
  %0:2 = "stablehlo.reduce"(%x, %y, %z, %z) <{dimensions = array<i64: 0>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<f32>, %d: tensor<f32>):
    %1 = stablehlo.add %a, %c : tensor<f32>
    %2 = stablehlo.maximum %b, %d : tensor<f32>
    stablehlo.return %1, %2 : tensor<f32>, tensor<f32>
  }) : (tensor<?x2xf32>, tensor<?x2xf32>, tensor<f32>, tensor<f32>) -> (tensor<2xf32>, tensor<2xf32>) loc("reduce")
  // CHECK: return
  return %0#0, %0#1 : tensor<2xf32>, tensor<2xf32>
}

// CHECK-LABEL: func.func @reduce_window
func.func @reduce_window(%x: tensor<?xf32>, %y: tensor<?xf32>, %z: tensor<f32>) -> (tensor<?xf32>, tensor<?xf32>) {
  // CHECK: moe_support.require %{{.*}}, "node 'window': requires the size of dimension #0 of operand #0 ({0}) to equal that of dimension #0 of operand #1 ({1})"
  %0:2 = "stablehlo.reduce_window"(%x, %y, %z, %z) <{window_dimensions = array<i64: 2>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<f32>, %d: tensor<f32>):
    %1 = stablehlo.add %a, %c : tensor<f32>
    %2 = stablehlo.maximum %b, %d : tensor<f32>
    stablehlo.return %1, %2 : tensor<f32>, tensor<f32>
  }) : (tensor<?xf32>, tensor<?xf32>, tensor<f32>, tensor<f32>) -> (tensor<?xf32>, tensor<?xf32>) loc("window")
  return %0#0, %0#1 : tensor<?xf32>, tensor<?xf32>
}

// CHECK-LABEL: func.func @map
func.func @map(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
  // CHECK: moe_support.require %{{.*}}, "node 'map': requires the size of dimension #0 of operand #0 ({0}) to equal that of dimension #0 of operand #1 ({1})"
  %0 = "stablehlo.map"(%x, %y) <{dimensions = array<i64: 0>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %1 = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %1 : tensor<f32>
  }) : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32> loc("map")
  return %0 : tensor<?xf32>
}

// CHECK-LABEL: func.func @gather
func.func @gather(%x: tensor<?x3xf32>, %i: tensor<?x2x1xi32>) -> tensor<?x2xf32> {
  // CHECK: moe_support.require %{{.*}}, "node 'gather': requires the size of dimension #0 of operand #0 ({0}) to equal that of dimension #0 of operand #1 ({1})"
  %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [1], operand_batching_dims = [0],
      start_indices_batching_dims = [0], start_index_map = [1], index_vector_dim = 2>, slice_sizes = array<i64: 1, 1>}>
      : (tensor<?x3xf32>, tensor<?x2x1xi32>) -> tensor<?x2xf32> loc("gather")
  return %0 : tensor<?x2xf32>
}

// Two tensors written at once; rows of the window, which is a dimension of 5 at most; batches.
// CHECK-LABEL: func.func @scatter
func.func @scatter(%x: tensor<?x3x5xf32>, %x1: tensor<?x3x5xf32>, %i: tensor<?x2x1xi32>, %u: tensor<?x?x?xf32>, %u1: tensor<?x2x?xf32>)
    -> (tensor<?x3x5xf32>, tensor<?x3x5xf32>) {
  // CHECK: moe_support.require %{{.*}}, "node 'scatter': requires the size of dimension #0 of operand #0 ({0}) to equal that of dimension #0 of operand #1 ({1})"
  // CHECK: moe_support.require %{{.*}}, "node 'scatter': requires the size of dimension #0 of operand #3 ({0}) to equal that of dimension #0 of operand #4 ({1})"
  // CHECK: moe_support.require %{{.*}}, "node 'scatter': requires the size of dimension #1 of operand #3 ({0}) to equal that of dimension #1 of operand #4 ({1})"
  // CHECK: moe_support.require %{{.*}}, "node 'scatter': requires the size of dimension #2 of operand #3 ({0}) to equal that of dimension #2 of operand #4 ({1})"
  // CHECK: moe_support.require %{{.*}}, "node 'scatter': requires the size of dimension #0 of operand #0 ({0}) to equal that of dimension #0 of operand #2 ({1})"
  // CHECK: moe_support.require %{{.*}}, "node 'scatter': requires the size of dimension #0 of operand #2 ({0}) to equal that of dimension #0 of operand #3 ({1})"
  // CHECK: moe_support.require %{{.*}}, "node 'scatter': requires the size of dimension #1 of operand #2 ({0}) to equal that of dimension #1 of operand #3 ({1})"
  // CHECK: arith.cmpi sle
  // CHECK: moe_support.require %{{.*}}, "node 'scatter': requires the size of a window of the updates ({0}) to be at most the size of what is updated ({1})"
  // CHECK-NOT: moe_support.require
  %0:2 = "stablehlo.scatter"(%x, %x1, %i, %u, %u1) <{scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [2], inserted_window_dims = [1],
      input_batching_dims = [0], scatter_indices_batching_dims = [0], scatter_dims_to_operand_dims = [1], index_vector_dim = 2>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<f32>, %d: tensor<f32>):
    stablehlo.return %c, %d : tensor<f32>, tensor<f32>
  }) : (tensor<?x3x5xf32>, tensor<?x3x5xf32>, tensor<?x2x1xi32>, tensor<?x?x?xf32>, tensor<?x2x?xf32>) -> (tensor<?x3x5xf32>, tensor<?x3x5xf32>) loc("scatter")
  // CHECK: return
  return %0#0, %0#1 : tensor<?x3x5xf32>, tensor<?x3x5xf32>
}

// The vector of coordinates stands first, so that rows of the updates follow later dimensions of the indices.
// CHECK-LABEL: func.func @scatter_vector_first
func.func @scatter_vector_first(%x: tensor<3x4xf32>, %i: tensor<2x?xi32>, %u: tensor<?xf32>) -> tensor<3x4xf32> {
  // CHECK: moe_support.require %{{.*}}, "node 'scatter': requires the size of dimension #1 of operand #1 ({0}) to equal that of dimension #0 of operand #2 ({1})"
  // CHECK-NOT: moe_support.require
  %0 = "stablehlo.scatter"(%x, %i, %u) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0, 1],
      scatter_dims_to_operand_dims = [0, 1], index_vector_dim = 0>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    stablehlo.return %b : tensor<f32>
  }) : (tensor<3x4xf32>, tensor<2x?xi32>, tensor<?xf32>) -> tensor<3x4xf32> loc("scatter")
  // CHECK: return
  return %0 : tensor<3x4xf32>
}

// CHECK-LABEL: func.func @ragged_dot
func.func @ragged_dot(%x: tensor<?x?xf32>, %w: tensor<?x4x5xf32>, %g: tensor<?xi32>) -> tensor<?x5xf32> {
  // CHECK: moe_support.require %{{.*}}, "node 'dot': requires the size of dimension #1 of operand #0 ({0}) to equal that of dimension #1 of operand #1 ({1})"
  // CHECK: moe_support.require %{{.*}}, "node 'dot': requires the size of dimension #0 of operand #1 ({0}) to equal that of dimension #0 of operand #2 ({1})"
  %0 = "chlo.ragged_dot"(%x, %w, %g) <{ragged_dot_dimension_numbers = #chlo.ragged_dot<lhs_contracting_dimensions = [1],
      rhs_contracting_dimensions = [1], lhs_ragged_dimensions = [0], rhs_group_dimensions = [0]>}>
      : (tensor<?x?xf32>, tensor<?x4x5xf32>, tensor<?xi32>) -> tensor<?x5xf32> loc("dot")
  return %0 : tensor<?x5xf32>
}

// Sizes that are known to agree are not compared.
// CHECK-LABEL: func.func @known
func.func @known(%key: tensor<?x4xf32> {moe.symbols = ["N", ""]}, %i: tensor<?x4xi32> {moe.symbols = ["N", ""]}, %u: tensor<?x4xf32> {moe.symbols = ["N", ""]})
    -> (tensor<?x4xf32>, tensor<?x4xi32>, tensor<4xf32>) {
  // CHECK-NOT: moe_support.require
  %0:2 = "stablehlo.sort"(%key, %i) <{dimension = 1 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<i32>, %d: tensor<i32>):
    %1 = stablehlo.compare LT, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %1 : tensor<i1>
  }) : (tensor<?x4xf32>, tensor<?x4xi32>) -> (tensor<?x4xf32>, tensor<?x4xi32>)
  %z = stablehlo.constant dense<0.0> : tensor<4xf32>
  %2 = "stablehlo.scatter"(%z, %i, %u) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0],
      scatter_dims_to_operand_dims = [0], index_vector_dim = 2>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %3 = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %3 : tensor<f32>
  }) : (tensor<4xf32>, tensor<?x4xi32>, tensor<?x4xf32>) -> tensor<4xf32>
  // CHECK: return
  return %0#0, %0#1, %2 : tensor<?x4xf32>, tensor<?x4xi32>, tensor<4xf32>
}

// A check that the graph makes itself, in JAX's form, says what JAX wrote.
// CHECK-LABEL: func.func @assertion
// CHECK-SAME: %[[HOLDS:[a-z0-9]+]]: tensor<i1>, %[[SIZE:[a-z0-9]+]]: tensor<i32>
func.func @assertion(%holds: tensor<i1>, %size: tensor<i32>) {
  // CHECK: %[[S:.*]] = tensor.extract %[[SIZE]][] : tensor<i32>
  // CHECK: %[[H:.*]] = tensor.extract %[[HOLDS]][] : tensor<i1>
  // CHECK: moe_support.require %[[H]], "node 'check': expects a size of at least 1, but got {0}"(%[[S]]) : i32
  stablehlo.custom_call @shape_assertion(%holds, %size) {api_version = 2 : i32, error_message = "expects a size of at least 1, but got {0}", has_side_effect = true}
      : (tensor<i1>, tensor<i32>) -> () loc("check")
  return
}
