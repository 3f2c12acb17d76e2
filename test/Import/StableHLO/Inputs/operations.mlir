// Every operation of the mirror that portable artifacts can hold, in the text of today. Made into artifacts of several versions by utils/jax-zoo/make.py.
module @operations {
  func.func public @main(%x: tensor<4x4xf32> {jax.buffer_donor = true}, %i: tensor<4xi32>) -> (tensor<4x4xf32> {jax.result_info = "result['y']"}) {
    %0 = call @elementwise(%x, %i) : (tensor<4x4xf32>, tensor<4xi32>) -> tensor<4x4xf32>
    return %0 : tensor<4x4xf32>
  }
  func.func private @elementwise(%x: tensor<4x4xf32>, %i: tensor<4xi32>) -> tensor<4x4xf32> {
    %0 = stablehlo.abs %x : tensor<4x4xf32>
    %1 = stablehlo.add %0, %x : tensor<4x4xf32>
    %2 = stablehlo.ceil %1 : tensor<4x4xf32>
    %3 = stablehlo.floor %2 : tensor<4x4xf32>
    %4 = stablehlo.divide %3, %x : tensor<4x4xf32>
    %5 = stablehlo.maximum %4, %x : tensor<4x4xf32>
    %6 = stablehlo.minimum %5, %x : tensor<4x4xf32>
    %7 = stablehlo.multiply %6, %x : tensor<4x4xf32>
    %8 = stablehlo.negate %7 : tensor<4x4xf32>
    %9 = stablehlo.power %8, %x : tensor<4x4xf32>
    %10 = stablehlo.remainder %9, %x : tensor<4x4xf32>
    %11 = stablehlo.round_nearest_afz %10 : tensor<4x4xf32>
    %12 = stablehlo.round_nearest_even %11 : tensor<4x4xf32>
    %13 = stablehlo.sign %12 : tensor<4x4xf32>
    %14 = stablehlo.subtract %13, %x : tensor<4x4xf32>
    %15 = stablehlo.reduce_precision %14, format = e8m7 : tensor<4x4xf32>
    %16 = stablehlo.is_finite %15 : (tensor<4x4xf32>) -> tensor<4x4xi1>
    %17 = stablehlo.compare GT, %15, %x, TOTALORDER : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xi1>
    %18 = stablehlo.compare LE, %15, %x : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xi1>
    %19 = stablehlo.and %16, %17 : tensor<4x4xi1>
    %20 = stablehlo.or %19, %18 : tensor<4x4xi1>
    %21 = stablehlo.xor %20, %18 : tensor<4x4xi1>
    %22 = stablehlo.not %21 : tensor<4x4xi1>
    %23 = stablehlo.select %22, %x, %15 : tensor<4x4xi1>, tensor<4x4xf32>
    %24 = stablehlo.clamp %x, %23, %x : tensor<4x4xf32>
    %25 = stablehlo.popcnt %i : tensor<4xi32>
    %26 = stablehlo.count_leading_zeros %25 : tensor<4xi32>
    %27 = stablehlo.shift_left %26, %i : tensor<4xi32>
    %28 = stablehlo.shift_right_arithmetic %27, %i : tensor<4xi32>
    %29 = stablehlo.shift_right_logical %28, %i : tensor<4xi32>
    %30 = stablehlo.convert %29 : (tensor<4xi32>) -> tensor<4xf32>
    %31 = stablehlo.bitcast_convert %30 : (tensor<4xf32>) -> tensor<4xi32>
    %32 = stablehlo.optimization_barrier %24 : tensor<4x4xf32>
    return %32 : tensor<4x4xf32>
  }
  func.func private @transcendental(%x: tensor<4xbf16>) -> tensor<4xbf16> {
    %0 = stablehlo.cbrt %x : tensor<4xbf16>
    %1 = stablehlo.cosine %0 : tensor<4xbf16>
    %2 = stablehlo.exponential %1 : tensor<4xbf16>
    %3 = stablehlo.exponential_minus_one %2 : tensor<4xbf16>
    %4 = stablehlo.log %3 : tensor<4xbf16>
    %5 = stablehlo.log_plus_one %4 : tensor<4xbf16>
    %6 = stablehlo.logistic %5 : tensor<4xbf16>
    %7 = stablehlo.rsqrt %6 : tensor<4xbf16>
    %8 = stablehlo.sine %7 : tensor<4xbf16>
    %9 = stablehlo.sqrt %8 : tensor<4xbf16>
    %10 = stablehlo.tanh %9 : tensor<4xbf16>
    return %10 : tensor<4xbf16>
  }
  func.func private @tangent(%x: tensor<4xf64>) -> tensor<4xf64> {
    %0 = stablehlo.tan %x : tensor<4xf64>
    return %0 : tensor<4xf64>
  }
  func.func private @accurate(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0 = stablehlo.exponential %x {result_accuracy = #stablehlo.result_accuracy<atol = 1.000000e-05, ulps = 2, mode = #stablehlo.result_accuracy_mode<TOLERANCE>>} : tensor<4xf32>
    return %0 : tensor<4xf32>
  }
  func.func private @constants() -> (tensor<3xi1>, tensor<16xi1>, tensor<9xi1>, tensor<2x2xi64>, tensor<3xui8>, tensor<f16>, tensor<2xf64>, tensor<0xf32>, tensor<5xbf16>) {
    %c = stablehlo.constant dense<[true, false, true]> : tensor<3xi1>
    %c_0 = stablehlo.constant dense<true> : tensor<16xi1>
    %c_1 = stablehlo.constant dense<[false, true, true, false, false, false, true, false, true]> : tensor<9xi1>
    %c_2 = stablehlo.constant dense<[[1, -2], [3, 4]]> : tensor<2x2xi64>
    %c_3 = stablehlo.constant dense<[1, 200, 255]> : tensor<3xui8>
    %cst = stablehlo.constant dense<1.500000e+00> : tensor<f16>
    %cst_4 = stablehlo.constant dense<[1.000000e+300, 0xFFF8000000000000]> : tensor<2xf64>
    %cst_5 = stablehlo.constant dense<> : tensor<0xf32>
    %cst_6 = stablehlo.constant dense<-0.000000e+00> : tensor<5xbf16>
    return %c, %c_0, %c_1, %c_2, %c_3, %cst, %cst_4, %cst_5, %cst_6 : tensor<3xi1>, tensor<16xi1>, tensor<9xi1>, tensor<2x2xi64>, tensor<3xui8>, tensor<f16>, tensor<2xf64>, tensor<0xf32>, tensor<5xbf16>
  }
  func.func private @shapes(%x: tensor<2x3xf32>, %v: tensor<f32>, %n: tensor<i32>) -> tensor<3x2xf32> {
    %0 = stablehlo.iota dim = 1 : tensor<2x3xf32>
    %1 = stablehlo.broadcast_in_dim %v, dims = [] : (tensor<f32>) -> tensor<2x3xf32>
    %2 = stablehlo.concatenate %0, %1, dim = 0 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<4x3xf32>
    %3 = stablehlo.slice %2 [0:4:2, 1:3] : (tensor<4x3xf32>) -> tensor<2x2xf32>
    %4 = stablehlo.pad %3, %v, low = [0, 1], high = [0, 0], interior = [0, 0] : (tensor<2x2xf32>, tensor<f32>) -> tensor<2x3xf32>
    %5 = stablehlo.reverse %4, dims = [1] : tensor<2x3xf32>
    %6 = stablehlo.dynamic_slice %5, %n, %n, sizes = [1, 3] : (tensor<2x3xf32>, tensor<i32>, tensor<i32>) -> tensor<1x3xf32>
    %7 = stablehlo.dynamic_update_slice %5, %6, %n, %n : (tensor<2x3xf32>, tensor<1x3xf32>, tensor<i32>, tensor<i32>) -> tensor<2x3xf32>
    %8 = stablehlo.reshape %7 : (tensor<2x3xf32>) -> tensor<6xf32>
    %9 = stablehlo.reshape %8 : (tensor<6xf32>) -> tensor<2x3xf32>
    %10 = stablehlo.transpose %9, dims = [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>
    return %10 : tensor<3x2xf32>
  }
  func.func private @dynamic(%x: tensor<?x3xf32>, %s: tensor<2xi64>, %v: tensor<f32>, %n: tensor<i32>) -> tensor<?x?xf32> {
    %0 = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?x3xf32>) -> tensor<i32>
    %1 = stablehlo.dynamic_iota %s, dim = 1 : (tensor<2xi64>) -> tensor<?x?xf32>
    %2 = stablehlo.dynamic_broadcast_in_dim %v, %s, dims = [] : (tensor<f32>, tensor<2xi64>) -> tensor<?x?xf32>
    %3 = stablehlo.dynamic_reshape %x, %s : (tensor<?x3xf32>, tensor<2xi64>) -> tensor<?x?xf32>
    %4 = stablehlo.dynamic_pad %3, %v, %s, %s, %s : (tensor<?x?xf32>, tensor<f32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x?xf32>
    %5 = stablehlo.real_dynamic_slice %4, %s, %s, %s : (tensor<?x?xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x?xf32>
    return %5 : tensor<?x?xf32>
  }
  func.func private @products(%x: tensor<2x4x8xf32>, %y: tensor<2x8x3xf32>) -> tensor<2x4x3xf32> {
    %0 = stablehlo.dot_general %x, %y, batching_dims = [0] x [0], contracting_dims = [2] x [1], precision = [DEFAULT, HIGHEST] : (tensor<2x4x8xf32>, tensor<2x8x3xf32>) -> tensor<2x4x3xf32>
    return %0 : tensor<2x4x3xf32>
  }
  func.func private @algorithm(%x: tensor<4x8xf32>, %y: tensor<8x3xf32>) -> tensor<4x3xf32> {
    %0 = stablehlo.dot_general %x, %y, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT], algorithm = <lhs_precision_type = tf32, rhs_precision_type = tf32, accumulation_type = f32, lhs_component_count = 1, rhs_component_count = 1, num_primitive_operations = 1, allow_imprecise_accumulation = false> : (tensor<4x8xf32>, tensor<8x3xf32>) -> tensor<4x3xf32>
    return %0 : tensor<4x3xf32>
  }
  func.func private @window(%x: tensor<2x16x16x3xf32>, %w: tensor<4x4x3x8xf32>) -> tensor<2x4x4x8xf32> {
    %0 = stablehlo.convolution(%x, %w) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {stride = [4, 4], pad = [[0, 0], [0, 0]], lhs_dilate = [1, 1], rhs_dilate = [1, 1], reverse = [false, false]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]} : (tensor<2x16x16x3xf32>, tensor<4x4x3x8xf32>) -> tensor<2x4x4x8xf32>
    return %0 : tensor<2x4x4x8xf32>
  }
  func.func private @indexing(%x: tensor<8x4xf32>, %i: tensor<3x1xi64>) -> tensor<8x4xf32> {
    %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, indices_are_sorted = true, slice_sizes = array<i64: 1, 4>}> : (tensor<8x4xf32>, tensor<3x1xi64>) -> tensor<3x4xf32>
    %1 = "stablehlo.scatter"(%x, %i, %0) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = true}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %2 = stablehlo.add %a, %b : tensor<f32>
      stablehlo.return %2 : tensor<f32>
    }) : (tensor<8x4xf32>, tensor<3x1xi64>, tensor<3x4xf32>) -> tensor<8x4xf32>
    return %1 : tensor<8x4xf32>
  }
  func.func private @batched(%x: tensor<2x8xf32>, %i: tensor<2x3x1xi64>, %s: tensor<2xi64>) -> tensor<2x8xf32> {
    %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [1], operand_batching_dims = [0], start_indices_batching_dims = [0], start_index_map = [1], index_vector_dim = 2>, indices_are_sorted = false, slice_sizes = array<i64: 1, 1>}> : (tensor<2x8xf32>, tensor<2x3x1xi64>) -> tensor<2x3xf32>
    %1 = "stablehlo.dynamic_gather"(%x, %i, %s) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [1], operand_batching_dims = [0], start_indices_batching_dims = [0], start_index_map = [1], index_vector_dim = 2>, indices_are_sorted = false}> : (tensor<2x8xf32>, tensor<2x3x1xi64>, tensor<2xi64>) -> tensor<2x3xf32>
    %2 = "stablehlo.scatter"(%x, %i, %1) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [1], input_batching_dims = [0], scatter_indices_batching_dims = [0], scatter_dims_to_operand_dims = [1], index_vector_dim = 2>, unique_indices = false}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      stablehlo.return %b : tensor<f32>
    }) : (tensor<2x8xf32>, tensor<2x3x1xi64>, tensor<2x3xf32>) -> tensor<2x8xf32>
    return %2 : tensor<2x8xf32>
  }
  func.func private @regions(%x: tensor<2x3xf32>, %i: tensor<2x3xi32>, %v: tensor<f32>, %n: tensor<i32>) -> (tensor<2xf32>, tensor<2xi32>, tensor<2x3xf32>, tensor<2x3xf32>) {
    %0:2 = stablehlo.reduce(%x init: %v), (%i init: %n) across dimensions = [1] : (tensor<2x3xf32>, tensor<2x3xi32>, tensor<f32>, tensor<i32>) -> (tensor<2xf32>, tensor<2xi32>)
     reducer(%a: tensor<f32>, %b: tensor<f32>) (%c: tensor<i32>, %d: tensor<i32>) {
      %4 = stablehlo.maximum %a, %b : tensor<f32>
      %5 = stablehlo.add %c, %d : tensor<i32>
      stablehlo.return %4, %5 : tensor<f32>, tensor<i32>
    }
    %1 = "stablehlo.reduce_window"(%x, %v) <{base_dilations = array<i64: 1, 1>, padding = dense<[[0, 0], [2, 0]]> : tensor<2x2xi64>, window_dilations = array<i64: 1, 1>, window_dimensions = array<i64: 1, 3>, window_strides = array<i64: 1, 1>}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %4 = stablehlo.add %a, %b : tensor<f32>
      stablehlo.return %4 : tensor<f32>
    }) : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
    %2:2 = "stablehlo.sort"(%x, %i) <{dimension = 1 : i64, is_stable = true}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<i32>, %d: tensor<i32>):
      %4 = stablehlo.compare LT, %a, %b, TOTALORDER : (tensor<f32>, tensor<f32>) -> tensor<i1>
      stablehlo.return %4 : tensor<i1>
    }) : (tensor<2x3xf32>, tensor<2x3xi32>) -> (tensor<2x3xf32>, tensor<2x3xi32>)
    %3 = "stablehlo.map"(%x) <{dimensions = array<i64: 0, 1>}> ({
    ^bb0(%a: tensor<f32>):
      %4 = stablehlo.negate %a : tensor<f32>
      stablehlo.return %4 : tensor<f32>
    }) : (tensor<2x3xf32>) -> tensor<2x3xf32>
    return %0#0, %0#1, %1, %3 : tensor<2xf32>, tensor<2xi32>, tensor<2x3xf32>, tensor<2x3xf32>
  }
  func.func private @control(%p: tensor<i1>, %n: tensor<i32>) -> tensor<i32> {
    %0 = "stablehlo.if"(%p) ({
      stablehlo.return %n : tensor<i32>
    }, {
      %4 = stablehlo.negate %n : tensor<i32>
      stablehlo.return %4 : tensor<i32>
    }) : (tensor<i1>) -> tensor<i32>
    %1 = "stablehlo.case"(%0) ({
      stablehlo.return %n : tensor<i32>
    }, {
      stablehlo.return %0 : tensor<i32>
    }) : (tensor<i32>) -> tensor<i32>
    %2 = stablehlo.while(%i = %1) : tensor<i32>
    cond {
      %4 = stablehlo.compare LT, %i, %n, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %4 : tensor<i1>
    } do {
      %4 = stablehlo.add %i, %i : tensor<i32>
      stablehlo.return %4 : tensor<i32>
    }
    %3 = stablehlo.custom_call @other.target(%2) {api_version = 2 : i32, has_side_effect = true, backend_config = "text"} : (tensor<i32>) -> tensor<i32>
    return %3 : tensor<i32>
  }
  func.func private @softplus(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0 = stablehlo.abs %x : tensor<4xf32>
    return %0 : tensor<4xf32>
  }
  func.func private @composites(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0 = stablehlo.composite "my.softplus" %x {composite_attributes = {axes = dense<[0, 1]> : tensor<2xi64>, threshold = 2.000000e+01 : f32, flag = true, mode = "fast"}, decomposition = @softplus, version = 2 : i32} : (tensor<4xf32>) -> tensor<4xf32>
    return %0 : tensor<4xf32>
  }
}
