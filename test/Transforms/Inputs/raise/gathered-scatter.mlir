func.func @layer(%ids: tensor<?x?xi64>, %x: tensor<?x?x8xf32>) -> tensor<?x8xf32> {
  %0 = stablehlo.get_dimension_size %ids, dim = 1 : (tensor<?x?xi64>) -> tensor<i32>
  %1 = stablehlo.convert %0 : (tensor<i32>) -> tensor<i64>
  %2 = stablehlo.get_dimension_size %ids, dim = 0 : (tensor<?x?xi64>) -> tensor<i32>
  %3 = stablehlo.convert %2 : (tensor<i32>) -> tensor<i64>
  %c = stablehlo.constant dense<1> : tensor<2xi64>
  %c_1 = stablehlo.constant dense<1> : tensor<1xi64>
  %c_14 = stablehlo.constant dense<4> : tensor<1xi64>
  %c_16 = stablehlo.constant dense<2> : tensor<1xi64>
  %c_20 = stablehlo.constant dense<2> : tensor<i64>
  %cst_22 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %c_24 = stablehlo.constant dense<8> : tensor<1xi64>
  %4 = stablehlo.multiply %3, %1 : tensor<i64>
  %5 = stablehlo.reshape %4 : (tensor<i64>) -> tensor<1xi64>
  %6 = stablehlo.concatenate %5, %c_24,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %7 = stablehlo.dynamic_reshape %x, %6 : (tensor<?x?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %cst_30 = stablehlo.constant #moe_support.external<"weights", 0> : tensor<3x8xf32>
  %8 = stablehlo.dot_general %7, %cst_30, contracting_dims = [1] x [1] : (tensor<?x8xf32>, tensor<3x8xf32>) -> tensor<?x3xf32>
  %9 = stablehlo.composite "onnx.Softmax" %8 {composite_attributes = {axis = 1 : i64}, decomposition = @onnx.Softmax_3, version = 1 : i32} : (tensor<?x3xf32>) -> tensor<?x3xf32>
  %values, %indices = chlo.top_k(%9, k = 2) : tensor<?x3xf32> -> (tensor<?x2xf32>, tensor<?x2xi32>)
  %10 = stablehlo.convert %indices : (tensor<?x2xi32>) -> tensor<?x2xi64>
  %cst_31 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %11 = stablehlo.reduce(%values init: %cst_31) applies stablehlo.add across dimensions = [1] : (tensor<?x2xf32>, tensor<f32>) -> tensor<?xf32>
  %12 = stablehlo.concatenate %5, %c_1,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %13 = stablehlo.dynamic_reshape %11, %12 : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x1xf32>
  %14 = chlo.broadcast_divide %values, %13 : (tensor<?x2xf32>, tensor<?x1xf32>) -> tensor<?x2xf32>
  %15 = stablehlo.dynamic_broadcast_in_dim %cst_22, %6, dims = [] : (tensor<f32>, tensor<2xi64>) -> tensor<?x8xf32>
  %16 = stablehlo.multiply %c_20, %3 : tensor<i64>
  %17 = stablehlo.multiply %16, %1 : tensor<i64>
  %18 = stablehlo.reshape %17 : (tensor<i64>) -> tensor<1xi64>
  %19 = stablehlo.dynamic_reshape %10, %18 : (tensor<?x2xi64>, tensor<1xi64>) -> tensor<?xi64>
  %20 = stablehlo.dynamic_iota %5, dim = 0 : (tensor<1xi64>) -> tensor<?xi64>
  %21 = stablehlo.dynamic_reshape %20, %12 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %22 = stablehlo.concatenate %5, %c_16,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %23 = stablehlo.dynamic_broadcast_in_dim %21, %22, dims = [0, 1] {known_expanding_dimensions = array<i64: 1>, known_nonexpanding_dimensions = array<i64: 0>} : (tensor<?x1xi64>, tensor<2xi64>) -> tensor<?x2xi64>
  %24 = stablehlo.dynamic_reshape %23, %18 : (tensor<?x2xi64>, tensor<1xi64>) -> tensor<?xi64>
  %25 = stablehlo.concatenate %18, %c_1,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %26 = stablehlo.dynamic_reshape %24, %25 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %27 = stablehlo.composite "onnx.GatherND" %7, %26 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_4, version = 1 : i32} : (tensor<?x8xf32>, tensor<?x1xi64>) -> tensor<?x8xf32>
  %28 = stablehlo.dynamic_reshape %19, %25 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %cst_32 = stablehlo.constant #moe_support.external<"weights", 96> : tensor<3x8x8xf32>
  %29 = stablehlo.composite "onnx.GatherND" %cst_32, %28 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_5, version = 1 : i32} : (tensor<3x8x8xf32>, tensor<?x1xi64>) -> tensor<?x8x8xf32>
  %cst_33 = stablehlo.constant #moe_support.external<"weights", 864> : tensor<3x8x4xf32>
  %30 = stablehlo.composite "onnx.GatherND" %cst_33, %28 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_6, version = 1 : i32} : (tensor<3x8x4xf32>, tensor<?x1xi64>) -> tensor<?x8x4xf32>
  %c_34 = stablehlo.constant dense<[8, 1]> : tensor<2xi64>
  %31 = stablehlo.concatenate %18, %c_34,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %32 = stablehlo.dynamic_reshape %27, %31 : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x8x1xf32>
  %33 = stablehlo.dot_general %29, %32, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<?x8x8xf32>, tensor<?x8x1xf32>) -> tensor<?x8x1xf32>
  %34 = stablehlo.concatenate %18, %c_24,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %35 = stablehlo.dynamic_reshape %33, %34 : (tensor<?x8x1xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %c_35 = stablehlo.constant dense<0> : tensor<2xi64>
  %36 = stablehlo.concatenate %18, %c_14,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %37 = stablehlo.real_dynamic_slice %35, %c_35, %36, %c : (tensor<?x8xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x4xf32>
  %c_36 = stablehlo.constant dense<[0, 4]> : tensor<2xi64>
  %38 = stablehlo.real_dynamic_slice %35, %c_36, %34, %c : (tensor<?x8xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x4xf32>
  %39 = stablehlo.logistic %37 : tensor<?x4xf32>
  %40 = stablehlo.multiply %37, %39 : tensor<?x4xf32>
  %41 = stablehlo.multiply %40, %38 : tensor<?x4xf32>
  %c_37 = stablehlo.constant dense<[4, 1]> : tensor<2xi64>
  %42 = stablehlo.concatenate %18, %c_37,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %43 = stablehlo.dynamic_reshape %41, %42 : (tensor<?x4xf32>, tensor<3xi64>) -> tensor<?x4x1xf32>
  %44 = stablehlo.dot_general %30, %43, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<?x8x4xf32>, tensor<?x4x1xf32>) -> tensor<?x8x1xf32>
  %45 = stablehlo.dynamic_reshape %44, %34 : (tensor<?x8x1xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %46 = stablehlo.dynamic_reshape %14, %18 : (tensor<?x2xf32>, tensor<1xi64>) -> tensor<?xf32>
  %47 = stablehlo.dynamic_reshape %46, %25 : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x1xf32>
  %48 = chlo.broadcast_multiply %45, %47 : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %49 = stablehlo.composite "onnx.ScatterND" %15, %26, %48 {composite_attributes = {reduction = "add"}, decomposition = @onnx.ScatterND_7, version = 1 : i32} : (tensor<?x8xf32>, tensor<?x1xi64>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %49 : tensor<?x8xf32>
}
func.func private @onnx.GatherND_4(tensor<?x8xf32>, tensor<?x1xi64>) -> tensor<?x8xf32>
func.func private @onnx.GatherND_5(tensor<3x8x8xf32>, tensor<?x1xi64>) -> tensor<?x8x8xf32>
func.func private @onnx.GatherND_6(tensor<3x8x4xf32>, tensor<?x1xi64>) -> tensor<?x8x4xf32>
func.func private @onnx.ScatterND_7(tensor<?x8xf32>, tensor<?x1xi64>, tensor<?x8xf32>) -> tensor<?x8xf32>
func.func private @onnx.Softmax_3(tensor<?x3xf32>) -> tensor<?x3xf32>
