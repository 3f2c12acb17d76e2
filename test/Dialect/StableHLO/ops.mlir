// RUN: moe-opt %s --verify-roundtrip | FileCheck %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck %s
// RUN: moe-opt %s --emit-bytecode | moe-opt | FileCheck %s

// CHECK-LABEL: func.func @unary
func.func @unary(%i: tensor<?xi32>, %f: tensor<2x?xbf16>, %p: tensor<i1>) {
  // CHECK: stablehlo.abs %{{.*}} : tensor<?xi32>
  %0 = stablehlo.abs %i : tensor<?xi32>
  // CHECK: stablehlo.ceil %{{.*}} : tensor<2x?xbf16>
  %1 = stablehlo.ceil %f : tensor<2x?xbf16>
  // CHECK: stablehlo.floor
  %2 = stablehlo.floor %f : tensor<2x?xbf16>
  // CHECK: stablehlo.round_nearest_even
  %3 = stablehlo.round_nearest_even %f : tensor<2x?xbf16>
  // CHECK: stablehlo.round_nearest_afz
  %4 = stablehlo.round_nearest_afz %f : tensor<2x?xbf16>
  // CHECK: stablehlo.sign
  %5 = stablehlo.sign %f : tensor<2x?xbf16>
  // CHECK: stablehlo.negate %{{.*}} : (tensor<2x?xbf16>) -> tensor<2x4xbf16>
  %6 = stablehlo.negate %f : (tensor<2x?xbf16>) -> tensor<2x4xbf16>
  // CHECK: stablehlo.not %{{.*}} : tensor<i1>
  %7 = stablehlo.not %p : tensor<i1>
  // CHECK: stablehlo.cbrt
  %8 = stablehlo.cbrt %f : tensor<2x?xbf16>
  // CHECK: stablehlo.cosine
  %9 = stablehlo.cosine %f : tensor<2x?xbf16>
  // CHECK: stablehlo.exponential %{{.*}} {result_accuracy = #stablehlo.result_accuracy<ulps = 2, mode = #stablehlo.result_accuracy_mode<TOLERANCE>>} : tensor<2x?xbf16>
  %10 = stablehlo.exponential %f {result_accuracy = #stablehlo.result_accuracy<ulps = 2, mode = #stablehlo.result_accuracy_mode<TOLERANCE>>} : tensor<2x?xbf16>
  // CHECK: stablehlo.exponential_minus_one
  %11 = stablehlo.exponential_minus_one %f : tensor<2x?xbf16>
  // CHECK: stablehlo.log %
  %12 = stablehlo.log %f : tensor<2x?xbf16>
  // CHECK: stablehlo.log_plus_one
  %13 = stablehlo.log_plus_one %f : tensor<2x?xbf16>
  // CHECK: stablehlo.logistic
  %14 = stablehlo.logistic %f : tensor<2x?xbf16>
  // CHECK: stablehlo.rsqrt
  %15 = stablehlo.rsqrt %f : tensor<2x?xbf16>
  // CHECK: stablehlo.sine
  %16 = stablehlo.sine %f : tensor<2x?xbf16>
  // CHECK: stablehlo.sqrt
  %17 = stablehlo.sqrt %f : tensor<2x?xbf16>
  // CHECK: stablehlo.tan %
  %18 = stablehlo.tan %f : tensor<2x?xbf16>
  // CHECK: stablehlo.tanh
  %19 = stablehlo.tanh %f : tensor<2x?xbf16>
  // CHECK: stablehlo.convert %{{.*}} : (tensor<2x?xbf16>) -> tensor<2x?xui4>
  %20 = stablehlo.convert %f : (tensor<2x?xbf16>) -> tensor<2x?xui4>
  // CHECK: stablehlo.is_finite %{{.*}} : (tensor<2x?xbf16>) -> tensor<2x?xi1>
  %21 = stablehlo.is_finite %f : (tensor<2x?xbf16>) -> tensor<2x?xi1>
  // CHECK: stablehlo.bitcast_convert %{{.*}} : (tensor<?xi32>) -> tensor<?x4xi8>
  %22 = stablehlo.bitcast_convert %i : (tensor<?xi32>) -> tensor<?x4xi8>
  return
}

// CHECK-LABEL: func.func @binary
func.func @binary(%i: tensor<2xi32>, %f: tensor<2xf32>, %p: tensor<2xi1>, %s: tensor<f32>) {
  // CHECK: stablehlo.add %{{.*}}, %{{.*}} : tensor<2xi1>
  %0 = stablehlo.add %p, %p : tensor<2xi1>
  // CHECK: stablehlo.subtract
  %1 = stablehlo.subtract %f, %f : tensor<2xf32>
  // CHECK: stablehlo.multiply
  %2 = stablehlo.multiply %f, %f : tensor<2xf32>
  // CHECK: stablehlo.divide
  %3 = stablehlo.divide %f, %f : tensor<2xf32>
  // CHECK: stablehlo.remainder
  %4 = stablehlo.remainder %f, %f : tensor<2xf32>
  // CHECK: stablehlo.maximum
  %5 = stablehlo.maximum %f, %f : tensor<2xf32>
  // CHECK: stablehlo.minimum
  %6 = stablehlo.minimum %f, %f : tensor<2xf32>
  // CHECK: stablehlo.power
  %7 = stablehlo.power %f, %f : tensor<2xf32>
  // CHECK: stablehlo.and
  %8 = stablehlo.and %i, %i : tensor<2xi32>
  // CHECK: stablehlo.or
  %9 = stablehlo.or %i, %i : tensor<2xi32>
  // CHECK: stablehlo.xor
  %10 = stablehlo.xor %i, %i : tensor<2xi32>
  // CHECK: stablehlo.shift_left
  %11 = stablehlo.shift_left %i, %i : tensor<2xi32>
  // CHECK: stablehlo.shift_right_arithmetic
  %12 = stablehlo.shift_right_arithmetic %i, %i : tensor<2xi32>
  // CHECK: stablehlo.shift_right_logical
  %13 = stablehlo.shift_right_logical %i, %i : tensor<2xi32>
  // CHECK: stablehlo.compare LT, %{{.*}}, %{{.*}} : (tensor<2xi32>, tensor<2xi32>) -> tensor<2xi1>
  %14 = stablehlo.compare  LT, %i, %i : (tensor<2xi32>, tensor<2xi32>) -> tensor<2xi1>
  // CHECK: stablehlo.compare GE, %{{.*}}, %{{.*}}, TOTALORDER : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>
  %15 = stablehlo.compare GE, %f, %f,  TOTALORDER : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>
  // CHECK: stablehlo.select %{{.*}}, %{{.*}}, %{{.*}} : tensor<2xi1>, tensor<2xf32>
  %16 = stablehlo.select %p, %f, %f : tensor<2xi1>, tensor<2xf32>
  // CHECK: stablehlo.clamp %{{.*}}, %{{.*}}, %{{.*}} : (tensor<f32>, tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  %17 = stablehlo.clamp %s, %f, %s : (tensor<f32>, tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  // CHECK: stablehlo.clamp %{{.*}}, %{{.*}}, %{{.*}} : tensor<2xf32>
  %18 = stablehlo.clamp %f, %f, %f : tensor<2xf32>
  return
}

// CHECK-LABEL: func.func @shapes
func.func @shapes(%x: tensor<2x3xf32>, %d: tensor<?x3xf32>, %s: tensor<2xi64>, %v: tensor<f32>, %n: tensor<i32>) {
  // CHECK: %cst = stablehlo.constant dense<1.000000e+00> : tensor<2xf32>
  %0 = stablehlo.constant dense<1.0> : tensor<2xf32>
  // CHECK: %c = stablehlo.constant {note = "kept"} dense<[1, 2]> : tensor<2xui8>
  %1 = stablehlo.constant {note = "kept"} dense<[1, 2]> : tensor<2xui8>
  // CHECK: %cst_0 = stablehlo.constant #moe_support.external<"w.bin", 64> : tensor<8x4xbf16>
  %2 = stablehlo.constant #moe_support.external<"w.bin", 64> : tensor<8x4xbf16>
  // The form of early producers.
  // CHECK: stablehlo.constant dense<3> : tensor<i32>
  %3 = stablehlo.constant() {value = dense<3> : tensor<i32>} : () -> tensor<i32>
  // CHECK: stablehlo.iota dim = 1 : tensor<1x10xf32>
  %4 = stablehlo.iota dim = 1 : tensor<1x10xf32>
  // CHECK: stablehlo.dynamic_iota %{{.*}}, dim = 0 : (tensor<2xi64>) -> tensor<?x4xi32>
  %5 = stablehlo.dynamic_iota %s, dim = 0 : (tensor<2xi64>) -> tensor<?x4xi32>
  // CHECK: stablehlo.reshape %{{.*}} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %6 = stablehlo.reshape %x : (tensor<2x3xf32>) -> tensor<3x2xf32>
  // CHECK: stablehlo.dynamic_reshape %{{.*}}, %{{.*}} : (tensor<?x3xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  %7 = stablehlo.dynamic_reshape %d, %s : (tensor<?x3xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  // CHECK: stablehlo.broadcast_in_dim %{{.*}}, dims = [] : (tensor<f32>) -> tensor<4xf32>
  %8 = stablehlo.broadcast_in_dim %v, dims = [] : (tensor<f32>) -> tensor<4xf32>
  // CHECK: stablehlo.dynamic_broadcast_in_dim %{{.*}}, %{{.*}}, dims = [0, 1] {known_nonexpanding_dimensions = array<i64: 1>} : (tensor<?x3xf32>, tensor<2xi64>) -> tensor<?x3xf32>
  %9 = stablehlo.dynamic_broadcast_in_dim %d, %s, dims = [0, 1] {known_nonexpanding_dimensions = array<i64: 1>}
      : (tensor<?x3xf32>, tensor<2xi64>) -> tensor<?x3xf32>
  // CHECK: stablehlo.transpose %{{.*}}, dims = [1, 0] : (tensor<?x3xf32>) -> tensor<3x?xf32>
  %10 = stablehlo.transpose %d, dims = [1, 0] : (tensor<?x3xf32>) -> tensor<3x?xf32>
  // CHECK: stablehlo.reverse %{{.*}}, dims = [0] : tensor<2x3xf32>
  %11 = stablehlo.reverse %x, dims = [0] : tensor<2x3xf32>
  // CHECK: stablehlo.concatenate %{{.*}}, %{{.*}}, dim = 0 : (tensor<2x3xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>
  %12 = stablehlo.concatenate %x, %d, dim = 0 : (tensor<2x3xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>
  // CHECK: stablehlo.pad %{{.*}}, %{{.*}}, low = [1, 0], high = [-1, 2], interior = [0, 1] : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x7xf32>
  %13 = stablehlo.pad %x, %v, low = [1, 0], high = [-1, 2], interior = [0, 1] : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x7xf32>
  // CHECK: stablehlo.dynamic_pad
  %14 = stablehlo.dynamic_pad %d, %v, %s, %s, %s : (tensor<?x3xf32>, tensor<f32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x?xf32>
  // CHECK: stablehlo.get_dimension_size %{{.*}}, dim = 0 : (tensor<?x3xf32>) -> tensor<i32>
  %15 = stablehlo.get_dimension_size %d, dim = 0 : (tensor<?x3xf32>) -> tensor<i32>
  // CHECK: stablehlo.set_dimension_size %{{.*}}, %{{.*}}, dim = 0 : (tensor<2x3xf32>, tensor<i32>) -> tensor<?x3xf32>
  %16 = stablehlo.set_dimension_size %x, %n, dim = 0 : (tensor<2x3xf32>, tensor<i32>) -> tensor<?x3xf32>
  return
}

// Lists of integers in the spelling of early producers print as today's.
// CHECK-LABEL: func.func @early_lists
func.func @early_lists(%x: tensor<2x3xf32>) {
  // CHECK: stablehlo.transpose %{{.*}}, dims = [1, 0]
  %0 = "stablehlo.transpose"(%x) {permutation = dense<[1, 0]> : tensor<2xi64>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  // CHECK: stablehlo.slice %{{.*}} [0:2, 0:2] :
  %1 = "stablehlo.slice"(%x) <{start_indices = dense<0> : tensor<2xi64>, limit_indices = dense<2> : tensor<2xi64>, strides = array<i64: 1, 1>}>
      : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// CHECK-LABEL: func.func @indexing
func.func @indexing(%x: tensor<3x8xf32>, %i: tensor<i32>, %l: tensor<2xi64>, %r: tensor<5x1xi64>, %u: tensor<5xf32>, %y: tensor<8xf32>) {
  // CHECK: stablehlo.slice %{{.*}} [1:3, 4:8:2] : (tensor<3x8xf32>) -> tensor<2x2xf32>
  %0 = stablehlo.slice %x [1:3:1, 4:8:2] : (tensor<3x8xf32>) -> tensor<2x2xf32>
  // CHECK: stablehlo.real_dynamic_slice
  %1 = stablehlo.real_dynamic_slice %x, %l, %l, %l : (tensor<3x8xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x?xf32>
  // CHECK: stablehlo.dynamic_slice %{{.*}}, %{{.*}}, %{{.*}}, sizes = [1, 8] : (tensor<3x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32>
  %2 = stablehlo.dynamic_slice %x, %i, %i, sizes = [1, 8] : (tensor<3x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32>
  // CHECK: stablehlo.dynamic_update_slice
  %3 = stablehlo.dynamic_update_slice %x, %2, %i, %i : (tensor<3x8xf32>, tensor<1x8xf32>, tensor<i32>, tensor<i32>) -> tensor<3x8xf32>
  // CHECK: "stablehlo.gather"(%{{.*}}, %{{.*}}) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, indices_are_sorted = true, slice_sizes = array<i64: 1, 8>}>
  %4 = "stablehlo.gather"(%x, %r) <{dimension_numbers = #stablehlo.gather<start_index_map = [0], index_vector_dim = 1, offset_dims = [1],
      collapsed_slice_dims = [0]>, indices_are_sorted = true, slice_sizes = array<i64: 1, 8>}> : (tensor<3x8xf32>, tensor<5x1xi64>) -> tensor<5x8xf32>
  // CHECK: "stablehlo.dynamic_gather"
  %5 = "stablehlo.dynamic_gather"(%x, %r, %l) {dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0],
      start_index_map = [0], index_vector_dim = 1>} : (tensor<3x8xf32>, tensor<5x1xi64>, tensor<2xi64>) -> tensor<5x?xf32>
  // CHECK: "stablehlo.scatter"(%{{.*}}, %{{.*}}, %{{.*}}) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = true}>
  %6 = "stablehlo.scatter"(%y, %r, %u) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0],
      scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = true}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    stablehlo.return %b : tensor<f32>
  }) : (tensor<8xf32>, tensor<5x1xi64>, tensor<5xf32>) -> tensor<8xf32>
  return
}

// CHECK-LABEL: func.func @products
func.func @products(%x: tensor<2x4x8xf32>, %y: tensor<2x8x3xf32>, %m: tensor<4x8xf32>) {
  // CHECK: stablehlo.dot_general %{{.*}}, %{{.*}}, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<2x4x8xf32>, tensor<2x8x3xf32>) -> tensor<2x4x3xf32>
  %0 = stablehlo.dot_general %x, %y, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<2x4x8xf32>, tensor<2x8x3xf32>) -> tensor<2x4x3xf32>
  // CHECK: stablehlo.dot_general %{{.*}}, %{{.*}}, contracting_dims = [1] x [1], precision = [DEFAULT, HIGHEST] :
  %1 = stablehlo.dot_general %m, %m, contracting_dims = [1] x [1], precision = [DEFAULT, HIGHEST] : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
  // CHECK: contracting_dims = [] x [], algorithm = <lhs_precision_type = tf32, rhs_precision_type = tf32, accumulation_type = f32, lhs_component_count = 1, rhs_component_count = 1, num_primitive_operations = 1, allow_imprecise_accumulation = false> :
  %2 = stablehlo.dot_general %m, %m, contracting_dims = [] x [], algorithm = <lhs_precision_type = tf32, rhs_precision_type = tf32,
      accumulation_type = f32, lhs_component_count = 1, rhs_component_count = 1, num_primitive_operations = 1, allow_imprecise_accumulation = false>
      : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8x4x8xf32>
  return
}

// CHECK-LABEL: func.func @reductions
func.func @reductions(%x: tensor<2x3xf32>, %i: tensor<2x3xi32>, %z: tensor<f32>, %n: tensor<i32>) {
  // CHECK: stablehlo.reduce(%{{.*}} init: %{{.*}}) applies stablehlo.maximum across dimensions = [1] : (tensor<2x3xf32>, tensor<f32>) -> tensor<2xf32>
  %0 = stablehlo.reduce(%x init: %z) applies stablehlo.maximum across dimensions = [1] : (tensor<2x3xf32>, tensor<f32>) -> tensor<2xf32>
  // CHECK: stablehlo.reduce(%{{.*}} init: %{{.*}}), (%{{.*}} init: %{{.*}}) across dimensions = [0, 1] {note = "kept"} :
  // CHECK-NEXT: reducer(%{{.*}}: tensor<f32>, %{{.*}}: tensor<f32>) (%{{.*}}: tensor<i32>, %{{.*}}: tensor<i32>) {
  %1:2 = stablehlo.reduce(%x init: %z), (%i init: %n) across dimensions = [0, 1] {note = "kept"}
      : (tensor<2x3xf32>, tensor<2x3xi32>, tensor<f32>, tensor<i32>) -> (tensor<f32>, tensor<i32>)
   reducer(%a: tensor<f32>, %b: tensor<f32>) (%c: tensor<i32>, %d: tensor<i32>)  {
    stablehlo.return %b, %d : tensor<f32>, tensor<i32>
  }
  // Operands the wrong way round have no short form.
  // CHECK: stablehlo.reduce(%{{.*}} init: %{{.*}}) across dimensions = [0] :
  %2 = "stablehlo.reduce"(%x, %z) <{dimensions = array<i64: 0>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %3 = stablehlo.add %b, %a : tensor<f32>
    stablehlo.return %3 : tensor<f32>
  }) : (tensor<2x3xf32>, tensor<f32>) -> tensor<3xf32>
  // CHECK: "stablehlo.reduce_window"(%{{.*}}, %{{.*}}) <{padding = dense<{{\[}}[0, 0], [2, 0]]> : tensor<2x2xi64>, window_dimensions = array<i64: 1, 3>}>
  %4 = "stablehlo.reduce_window"(%x, %z) <{padding = dense<[[0, 0], [2, 0]]> : tensor<2x2xi64>, window_dimensions = array<i64: 1, 3>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %5 = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %5 : tensor<f32>
  }) : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  // CHECK: "stablehlo.sort"(%{{.*}}, %{{.*}}) <{dimension = 1 : i64, is_stable = true}>
  %6:2 = "stablehlo.sort"(%x, %i) <{dimension = 1 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<i32>, %d: tensor<i32>):
    %7 = stablehlo.compare LT, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %7 : tensor<i1>
  }) : (tensor<2x3xf32>, tensor<2x3xi32>) -> (tensor<2x3xf32>, tensor<2x3xi32>)
  // CHECK: "stablehlo.map"(%{{.*}}) <{dimensions = array<i64: 0, 1>}>
  %8 = "stablehlo.map"(%x) <{dimensions = array<i64: 0, 1>}> ({
  ^bb0(%a: tensor<f32>):
    stablehlo.return %a : tensor<f32>
  }) : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

func.func private @softplus(%x: tensor<?xf32>) -> tensor<?xf32>

// CHECK-LABEL: func.func @control
func.func @control(%p: tensor<i1>, %i: tensor<i32>, %x: tensor<?xf32>) {
  // CHECK: "stablehlo.if"(%{{.*}}) ({
  %0 = "stablehlo.if"(%p) ({
    stablehlo.return %x : tensor<?xf32>
  }, {
    stablehlo.return %x : tensor<?xf32>
  }) : (tensor<i1>) -> tensor<?xf32>
  // CHECK: "stablehlo.case"(%{{.*}}) ({
  "stablehlo.case"(%i) ({
    stablehlo.return
  }) : (tensor<i32>) -> ()
  // CHECK: %{{.*}}:2 = stablehlo.while(%[[A:.*]] = %{{.*}}, %[[B:.*]] = %{{.*}}) : tensor<i32>, tensor<?xf32> attributes {note = "kept"}
  // CHECK-NEXT: cond {
  // CHECK: } do {
  // CHECK-NEXT: stablehlo.return %[[A]], %[[B]] : tensor<i32>, tensor<?xf32>
  %1:2 = stablehlo.while(%a = %i, %b = %x) : tensor<i32>, tensor<?xf32> attributes {note = "kept"}
  cond {
    %2 = stablehlo.compare LT, %a, %i : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %2 : tensor<i1>
  } do {
    stablehlo.return %a, %b : tensor<i32>, tensor<?xf32>
  }
  // CHECK: stablehlo.while()
  stablehlo.while()
  cond {
    stablehlo.return %p : tensor<i1>
  } do {
    stablehlo.return
  }
  // CHECK: stablehlo.custom_call @foo(%{{.*}}) {api_version = 2 : i32, backend_config = "bar", has_side_effect = true, mhlo.sharding = "x"} : (tensor<?xf32>) -> tensor<?xf32>
  %3 = stablehlo.custom_call @foo(%x) {api_version = 2 : i32, backend_config = "bar", has_side_effect = true, mhlo.sharding = "x"} : (tensor<?xf32>) -> tensor<?xf32>
  // CHECK: stablehlo.custom_call @"any name"() : () -> ()
  stablehlo.custom_call @"any name"() : () -> ()
  // CHECK: stablehlo.composite "onnx.Softplus" %{{.*}} {composite_attributes = {threshold = 2.000000e+01 : f32}, decomposition = @softplus, version = 1 : i32} : (tensor<?xf32>) -> tensor<?xf32>
  %4 = stablehlo.composite "onnx.Softplus" %x {composite_attributes = {threshold = 20.0 : f32}, decomposition = @softplus, version = 1 : i32} : (tensor<?xf32>) -> tensor<?xf32>
  // CHECK: stablehlo.optimization_barrier()
  stablehlo.optimization_barrier()
  // CHECK: stablehlo.optimization_barrier %{{.*}}, %{{.*}} : tensor<?xf32>, tensor<i32>
  %5:2 = stablehlo.optimization_barrier %x, %i : tensor<?xf32>, tensor<i32>
  return
}

// CHECK-LABEL: func.func @chlo
func.func @chlo(%x: tensor<?x4xf32>, %y: tensor<4xf32>, %i: tensor<4xi8>, %w: tensor<3x4x5xf32>, %g: tensor<3xi32>) {
  // CHECK: chlo.broadcast_add %{{.*}}, %{{.*}} : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  %0 = chlo.broadcast_add %x, %y : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  // CHECK: chlo.broadcast_subtract %{{.*}}, %{{.*}} {broadcast_dimensions = array<i64: 1>} :
  %1 = chlo.broadcast_subtract %x, %y {broadcast_dimensions = array<i64: 1>} : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  // CHECK: chlo.broadcast_multiply
  %2 = chlo.broadcast_multiply %x, %y : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  // CHECK: chlo.broadcast_divide
  %3 = chlo.broadcast_divide %x, %y : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  // CHECK: chlo.broadcast_remainder
  %4 = chlo.broadcast_remainder %x, %y : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  // CHECK: chlo.broadcast_maximum
  %5 = chlo.broadcast_maximum %x, %y : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  // CHECK: chlo.broadcast_minimum
  %6 = chlo.broadcast_minimum %x, %y : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  // CHECK: chlo.broadcast_power
  %7 = chlo.broadcast_power %x, %y : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  // CHECK: chlo.broadcast_and
  %8 = chlo.broadcast_and %i, %i : (tensor<4xi8>, tensor<4xi8>) -> tensor<4xi8>
  // CHECK: chlo.broadcast_or
  %9 = chlo.broadcast_or %i, %i : (tensor<4xi8>, tensor<4xi8>) -> tensor<4xi8>
  // CHECK: chlo.broadcast_xor
  %10 = chlo.broadcast_xor %i, %i : (tensor<4xi8>, tensor<4xi8>) -> tensor<4xi8>
  // CHECK: chlo.broadcast_compare %{{.*}}, %{{.*}} {compare_type = #chlo<comparison_type TOTALORDER>, comparison_direction = #chlo<comparison_direction LT>} :
  %11 = chlo.broadcast_compare %x, %y {compare_type = #chlo<comparison_type TOTALORDER>, comparison_direction = #chlo<comparison_direction LT>}
      : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xi1>
  // CHECK: chlo.broadcast_select %{{.*}}, %{{.*}}, %{{.*}} : (tensor<?x4xi1>, tensor<4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %12 = chlo.broadcast_select %11, %y, %x : (tensor<?x4xi1>, tensor<4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: chlo.erf %{{.*}} : tensor<4xf32> -> tensor<4xf32>
  %13 = chlo.erf %y : tensor<4xf32> -> tensor<4xf32>
  // CHECK: chlo.top_k(%{{.*}}, k = 2) : tensor<?x4xf32> -> (tensor<?x2xf32>, tensor<?x2xi32>)
  %14:2 = chlo.top_k(%x, k = 2) : tensor<?x4xf32> -> (tensor<?x2xf32>, tensor<?x2xi32>)
  // CHECK: chlo.top_k(%{{.*}}, k = 4, is_stable = false) :
  %15:2 = chlo.top_k(%y, k = 4, is_stable = false) : tensor<4xf32> -> (tensor<4xf32>, tensor<4xi32>)
  // CHECK: "chlo.ragged_dot"(%{{.*}}) <{precision_config = [#chlo<precision DEFAULT>, #chlo<precision HIGH>], ragged_dot_dimension_numbers = #chlo.ragged_dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1], lhs_ragged_dimensions = [0], rhs_group_dimensions = [0]>}>
  %16 = "chlo.ragged_dot"(%x, %w, %g) <{precision_config = [#chlo<precision DEFAULT>, #chlo<precision HIGH>],
      ragged_dot_dimension_numbers = #chlo.ragged_dot<lhs_batching_dimensions = [], rhs_batching_dimensions = [], lhs_contracting_dimensions = [1],
      rhs_contracting_dimensions = [1], lhs_ragged_dimensions = [0], rhs_group_dimensions = [0]>}>
      : (tensor<?x4xf32>, tensor<3x4x5xf32>, tensor<3xi32>) -> tensor<?x5xf32>
  return
}

// CHECK-LABEL: func.func @vision
func.func @vision(%x: tensor<2x16x16x3xf32>, %w: tensor<4x4x3x8xf32>, %f: tensor<4xf32>, %i: tensor<4xi32>) {
  // CHECK: stablehlo.convolution(%{{.*}}, %{{.*}}) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {stride = [4, 4], pad = {{\[}}[0, 0], [0, 0]], lhs_dilate = [1, 1], rhs_dilate = [1, 1], reverse = [false, false]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]} : (tensor<2x16x16x3xf32>, tensor<4x4x3x8xf32>) -> tensor<2x4x4x8xf32>
  %0 = stablehlo.convolution(%x, %w) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {stride = [4, 4], pad = [[0, 0], [0, 0]], lhs_dilate = [1, 1], rhs_dilate = [1, 1], reverse = [false, false]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]} : (tensor<2x16x16x3xf32>, tensor<4x4x3x8xf32>) -> tensor<2x4x4x8xf32>
  // What old producers wrote.
  // CHECK: stablehlo.convolution(%{{.*}}, %{{.*}}) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, f, 1, 0], window = {pad = {{\[}}[1, 2], [-1, 0]], reverse = [true, false]}
  %1 = "stablehlo.convolution"(%x, %w) {batch_group_count = 1 : i64, dimension_numbers = #stablehlo.conv<[b, 0, 1, f]x[0, 1, i, o]->[b, f, 1, 0]>, feature_group_count = 1 : i64, padding = dense<[[1, 2], [-1, 0]]> : tensor<2x2xi64>, window_reversal = dense<[true, false]> : tensor<2xi1>} : (tensor<2x16x16x3xf32>, tensor<4x4x3x8xf32>) -> tensor<2x8x12x16xf32>
  // CHECK: stablehlo.reduce_precision %{{.*}}, format = e8m7 : tensor<4xf32>
  %2 = stablehlo.reduce_precision %f, format = e8m7 : tensor<4xf32>
  // CHECK: stablehlo.popcnt %{{.*}} : tensor<4xi32>
  %3 = stablehlo.popcnt %i : tensor<4xi32>
  // CHECK: stablehlo.count_leading_zeros %{{.*}} : tensor<4xi32>
  %4 = stablehlo.count_leading_zeros %i : tensor<4xi32>
  // CHECK: chlo.erfc %{{.*}} : tensor<4xf32> -> tensor<4xf32>
  %5 = chlo.erfc %f : tensor<4xf32> -> tensor<4xf32>
  // CHECK: chlo.square %{{.*}} : tensor<4xf32> -> tensor<4xf32>
  %6 = chlo.square %f : tensor<4xf32> -> tensor<4xf32>
  return
}
