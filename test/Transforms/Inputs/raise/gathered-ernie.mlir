func.func @layer(%arg0: tensor<?x?xi64>, %arg1: tensor<?x?x8xf32>) -> tensor<?x8xf32> {
  %c = stablehlo.constant dense<[4, 1]> : tensor<2xi64>
  %cst = stablehlo.constant #moe_support.external<"weights", 0> : tensor<4x8x4xf32>
  %c_0 = stablehlo.constant dense<[0, 4]> : tensor<2xi64>
  %c_1 = stablehlo.constant dense<[8, 1]> : tensor<2xi64>
  %cst_2 = stablehlo.constant #moe_support.external<"weights", 512> : tensor<4x8x8xf32>
  %c_3 = stablehlo.constant dense<[2, 8]> : tensor<2xi64>
  %c_4 = stablehlo.constant dense<[2, 1, 8]> : tensor<3xi64>
  %c_5 = stablehlo.constant dense<[1, 8]> : tensor<2xi64>
  %cst_6 = stablehlo.constant dense<9.99999996E-13> : tensor<f32>
  %cst_7 = stablehlo.constant dense<[0.139694318, 2.796680e-01, -0.18996425, -0.124646127]> : tensor<4xf32>
  %cst_8 = stablehlo.constant #moe_support.external<"weights", 1536> : tensor<4x8xf32>
  %c_9 = stablehlo.constant dense<8> : tensor<1xi64>
  %c_10 = stablehlo.constant dense<2> : tensor<i64>
  %c_11 = stablehlo.constant dense<4> : tensor<1xi64>
  %cst_12 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %c_13 = stablehlo.constant dense<1> : tensor<2xi64>
  %c_14 = stablehlo.constant dense<0> : tensor<2xi64>
  %c_15 = stablehlo.constant dense<1> : tensor<1xi64>
  %0 = stablehlo.get_dimension_size %arg0, dim = 1 : (tensor<?x?xi64>) -> tensor<i32>
  %1 = stablehlo.convert %0 : (tensor<i32>) -> tensor<i64>
  %2 = stablehlo.get_dimension_size %arg0, dim = 0 : (tensor<?x?xi64>) -> tensor<i32>
  %3 = stablehlo.convert %2 : (tensor<i32>) -> tensor<i64>
  %4 = stablehlo.multiply %3, %c_10 : tensor<i64>
  %5 = stablehlo.multiply %3, %1 : tensor<i64>
  %6 = stablehlo.reshape %5 : (tensor<i64>) -> tensor<1xi64>
  %7 = stablehlo.concatenate %6, %c_9,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %8 = stablehlo.dynamic_reshape %arg1, %7 : (tensor<?x?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %9 = stablehlo.dot_general %8, %cst_8, contracting_dims = [1] x [1] : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
  %10 = stablehlo.composite "onnx.Softmax" %9 {composite_attributes = {axis = 1 : i64}, decomposition = @onnx.Softmax_7, version = 1 : i32} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %11 = chlo.broadcast_add %10, %cst_7 : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  %values, %indices = chlo.top_k(%11, k = 2) : tensor<?x4xf32> -> (tensor<?x2xf32>, tensor<?x2xi32>)
  %12 = stablehlo.convert %indices : (tensor<?x2xi32>) -> tensor<?x2xi64>
  %13 = stablehlo.composite "onnx.GatherElements" %10, %12 {composite_attributes = {axis = 1 : i64}, decomposition = @onnx.GatherElements_8, version = 1 : i32} : (tensor<?x4xf32>, tensor<?x2xi64>) -> tensor<?x2xf32>
  %14 = stablehlo.reduce(%13 init: %cst_12) applies stablehlo.add across dimensions = [1] : (tensor<?x2xf32>, tensor<f32>) -> tensor<?xf32>
  %15 = stablehlo.concatenate %6, %c_15,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %16 = stablehlo.dynamic_reshape %14, %15 : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x1xf32>
  %17 = chlo.broadcast_maximum %16, %cst_6 : (tensor<?x1xf32>, tensor<f32>) -> tensor<?x1xf32>
  %18 = chlo.broadcast_divide %13, %17 : (tensor<?x2xf32>, tensor<?x1xf32>) -> tensor<?x2xf32>
  %19 = stablehlo.concatenate %6, %c_5,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %20 = stablehlo.dynamic_reshape %8, %19 : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x1x8xf32>
  %21 = stablehlo.concatenate %6, %c_4,  dim = 0 : (tensor<1xi64>, tensor<3xi64>) -> tensor<4xi64>
  %22 = stablehlo.dynamic_broadcast_in_dim %20, %21, dims = [0, 2, 3] {known_nonexpanding_dimensions = array<i64: 0, 1, 2>} : (tensor<?x1x8xf32>, tensor<4xi64>) -> tensor<?x2x1x8xf32>
  %23 = stablehlo.concatenate %6, %c_3,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %24 = stablehlo.dynamic_reshape %22, %23 : (tensor<?x2x1x8xf32>, tensor<3xi64>) -> tensor<?x2x8xf32>
  %25 = stablehlo.multiply %4, %1 : tensor<i64>
  %26 = stablehlo.reshape %25 : (tensor<i64>) -> tensor<1xi64>
  %27 = stablehlo.concatenate %26, %c_9,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %28 = stablehlo.dynamic_reshape %24, %27 : (tensor<?x2x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %29 = stablehlo.dynamic_reshape %18, %26 : (tensor<?x2xf32>, tensor<1xi64>) -> tensor<?xf32>
  %30 = stablehlo.dynamic_reshape %12, %26 : (tensor<?x2xi64>, tensor<1xi64>) -> tensor<?xi64>
  %31 = stablehlo.concatenate %26, %c_15,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %32 = stablehlo.dynamic_reshape %30, %31 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %33 = stablehlo.composite "onnx.GatherND" %cst_2, %32 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_9, version = 1 : i32} : (tensor<4x8x8xf32>, tensor<?x1xi64>) -> tensor<?x8x8xf32>
  %34 = stablehlo.concatenate %26, %c_1,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %35 = stablehlo.dynamic_reshape %28, %34 : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x8x1xf32>
  %36 = stablehlo.dot_general %33, %35, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<?x8x8xf32>, tensor<?x8x1xf32>) -> tensor<?x8x1xf32>
  %37 = stablehlo.dynamic_reshape %36, %27 : (tensor<?x8x1xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %38 = stablehlo.concatenate %26, %c_11,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %39 = stablehlo.real_dynamic_slice %37, %c_14, %38, %c_13 : (tensor<?x8xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x4xf32>
  %40 = stablehlo.real_dynamic_slice %37, %c_0, %27, %c_13 : (tensor<?x8xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x4xf32>
  %41 = stablehlo.logistic %39 : tensor<?x4xf32>
  %42 = stablehlo.multiply %39, %41 : tensor<?x4xf32>
  %43 = stablehlo.multiply %42, %40 : tensor<?x4xf32>
  %44 = stablehlo.composite "onnx.GatherND" %cst, %32 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_10, version = 1 : i32} : (tensor<4x8x4xf32>, tensor<?x1xi64>) -> tensor<?x8x4xf32>
  %45 = stablehlo.concatenate %26, %c,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %46 = stablehlo.dynamic_reshape %43, %45 : (tensor<?x4xf32>, tensor<3xi64>) -> tensor<?x4x1xf32>
  %47 = stablehlo.dot_general %44, %46, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<?x8x4xf32>, tensor<?x4x1xf32>) -> tensor<?x8x1xf32>
  %48 = stablehlo.dynamic_reshape %47, %27 : (tensor<?x8x1xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %49 = stablehlo.dynamic_reshape %29, %31 : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x1xf32>
  %50 = chlo.broadcast_multiply %48, %49 : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %51 = stablehlo.dynamic_reshape %50, %23 : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x2x8xf32>
  %52 = stablehlo.reduce(%51 init: %cst_12) applies stablehlo.add across dimensions = [1] : (tensor<?x2x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  return %52 : tensor<?x8xf32>
}
func.func private @onnx.GatherND_9(%arg0: tensor<4x8x8xf32>, %arg1: tensor<?x1xi64>) -> tensor<?x8x8xf32> {
  %c = stablehlo.constant dense<4> : tensor<1xi64>
  %c_0 = stablehlo.constant dense<0> : tensor<i64>
  %0 = chlo.broadcast_compare %arg1, %c_0 {comparison_direction = #chlo<comparison_direction LT>} : (tensor<?x1xi64>, tensor<i64>) -> tensor<?x1xi1>
  %1 = chlo.broadcast_add %arg1, %c : (tensor<?x1xi64>, tensor<1xi64>) -> tensor<?x1xi64>
  %2 = stablehlo.select %0, %1, %arg1 : tensor<?x1xi1>, tensor<?x1xi64>
  %3 = "stablehlo.gather"(%arg0, %2) <{dimension_numbers = #stablehlo.gather<offset_dims = [1, 2], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, indices_are_sorted = false, slice_sizes = array<i64: 1, 8, 8>}> : (tensor<4x8x8xf32>, tensor<?x1xi64>) -> tensor<?x8x8xf32>
  return %3 : tensor<?x8x8xf32>
}
func.func private @onnx.GatherElements_8(%arg0: tensor<?x4xf32>, %arg1: tensor<?x2xi64>) -> tensor<?x2xf32> {
  %c = stablehlo.constant dense<[2, 1]> : tensor<2xi64>
  %c_0 = stablehlo.constant dense<2> : tensor<1xi64>
  %c_1 = stablehlo.constant dense<0> : tensor<i64>
  %c_2 = stablehlo.constant dense<4> : tensor<i64>
  %0 = chlo.broadcast_add %arg1, %c_2 : (tensor<?x2xi64>, tensor<i64>) -> tensor<?x2xi64>
  %1 = chlo.broadcast_compare %arg1, %c_1 {comparison_direction = #chlo<comparison_direction LT>} : (tensor<?x2xi64>, tensor<i64>) -> tensor<?x2xi1>
  %2 = stablehlo.select %1, %0, %arg1 : tensor<?x2xi1>, tensor<?x2xi64>
  %3 = stablehlo.get_dimension_size %arg0, dim = 0 : (tensor<?x4xf32>) -> tensor<i32>
  %4 = stablehlo.convert %3 : (tensor<i32>) -> tensor<i64>
  %5 = stablehlo.reshape %4 : (tensor<i64>) -> tensor<1xi64>
  %6 = stablehlo.concatenate %5, %c_0,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %7 = stablehlo.dynamic_iota %6, dim = 0 : (tensor<2xi64>) -> tensor<?x2xi64>
  %8 = stablehlo.concatenate %5, %c,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %9 = stablehlo.dynamic_reshape %7, %8 : (tensor<?x2xi64>, tensor<3xi64>) -> tensor<?x2x1xi64>
  %10 = stablehlo.dynamic_reshape %2, %8 : (tensor<?x2xi64>, tensor<3xi64>) -> tensor<?x2x1xi64>
  %11 = stablehlo.concatenate %9, %10,  dim = 2 : (tensor<?x2x1xi64>, tensor<?x2x1xi64>) -> tensor<?x2x2xi64>
  %12 = "stablehlo.gather"(%arg0, %11) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0, 1], start_index_map = [0, 1], index_vector_dim = 2>, indices_are_sorted = false, slice_sizes = array<i64: 1, 1>}> : (tensor<?x4xf32>, tensor<?x2x2xi64>) -> tensor<?x2xf32>
  return %12 : tensor<?x2xf32>
}
func.func private @onnx.Softmax_7(%arg0: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %c = stablehlo.constant dense<1> : tensor<1xi64>
  %cst_0 = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %0 = stablehlo.reduce(%arg0 init: %cst_0) applies stablehlo.maximum across dimensions = [1] : (tensor<?x4xf32>, tensor<f32>) -> tensor<?xf32>
  %1 = stablehlo.get_dimension_size %arg0, dim = 0 : (tensor<?x4xf32>) -> tensor<i32>
  %2 = stablehlo.convert %1 : (tensor<i32>) -> tensor<i64>
  %3 = stablehlo.reshape %2 : (tensor<i64>) -> tensor<1xi64>
  %4 = stablehlo.concatenate %3, %c,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %5 = stablehlo.dynamic_reshape %0, %4 : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x1xf32>
  %6 = chlo.broadcast_subtract %arg0, %5 : (tensor<?x4xf32>, tensor<?x1xf32>) -> tensor<?x4xf32>
  %7 = stablehlo.exponential %6 : tensor<?x4xf32>
  %8 = stablehlo.reduce(%7 init: %cst) applies stablehlo.add across dimensions = [1] : (tensor<?x4xf32>, tensor<f32>) -> tensor<?xf32>
  %9 = stablehlo.dynamic_reshape %8, %4 : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x1xf32>
  %10 = chlo.broadcast_divide %7, %9 : (tensor<?x4xf32>, tensor<?x1xf32>) -> tensor<?x4xf32>
  return %10 : tensor<?x4xf32>
}
func.func private @onnx.GatherND_10(%arg0: tensor<4x8x4xf32>, %arg1: tensor<?x1xi64>) -> tensor<?x8x4xf32> {
  %c = stablehlo.constant dense<4> : tensor<1xi64>
  %c_0 = stablehlo.constant dense<0> : tensor<i64>
  %0 = chlo.broadcast_compare %arg1, %c_0 {comparison_direction = #chlo<comparison_direction LT>} : (tensor<?x1xi64>, tensor<i64>) -> tensor<?x1xi1>
  %1 = chlo.broadcast_add %arg1, %c : (tensor<?x1xi64>, tensor<1xi64>) -> tensor<?x1xi64>
  %2 = stablehlo.select %0, %1, %arg1 : tensor<?x1xi1>, tensor<?x1xi64>
  %3 = "stablehlo.gather"(%arg0, %2) <{dimension_numbers = #stablehlo.gather<offset_dims = [1, 2], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, indices_are_sorted = false, slice_sizes = array<i64: 1, 8, 4>}> : (tensor<4x8x4xf32>, tensor<?x1xi64>) -> tensor<?x8x4xf32>
  return %3 : tensor<?x8x4xf32>
}

