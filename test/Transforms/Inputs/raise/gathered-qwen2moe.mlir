func.func @layer(%ids: tensor<?x?xi64>, %x: tensor<?x?x8xf32>) -> tensor<?x8xf32> {
  %0 = stablehlo.get_dimension_size %ids, dim = 1 : (tensor<?x?xi64>) -> tensor<i32>
  %1 = stablehlo.convert %0 : (tensor<i32>) -> tensor<i64>
  %c = stablehlo.constant dense<1> : tensor<1xi64>
  %2 = stablehlo.get_dimension_size %ids, dim = 0 : (tensor<?x?xi64>) -> tensor<i32>
  %3 = stablehlo.convert %2 : (tensor<i32>) -> tensor<i64>
  %c_0 = stablehlo.constant dense<0> : tensor<2xi64>
  %c_2 = stablehlo.constant dense<1> : tensor<2xi64>
  %c_23 = stablehlo.constant dense<4> : tensor<1xi64>
  %c_32 = stablehlo.constant dense<2> : tensor<i64>
  %c_35 = stablehlo.constant dense<8> : tensor<1xi64>
  %4 = stablehlo.multiply %3, %1 : tensor<i64>
  %5 = stablehlo.reshape %4 : (tensor<i64>) -> tensor<1xi64>
  %6 = stablehlo.concatenate %5, %c_35,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %7 = stablehlo.dynamic_reshape %x, %6 : (tensor<?x?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %cst_44 = stablehlo.constant #moe_support.external<"weights", 0> : tensor<3x8xf32>
  %8 = stablehlo.dot_general %7, %cst_44, contracting_dims = [1] x [1] : (tensor<?x8xf32>, tensor<3x8xf32>) -> tensor<?x3xf32>
  %9 = stablehlo.composite "onnx.Softmax" %8 {composite_attributes = {axis = 1 : i64}, decomposition = @onnx.Softmax_7, version = 1 : i32} : (tensor<?x3xf32>) -> tensor<?x3xf32>
  %values, %indices = chlo.top_k(%9, k = 2) : tensor<?x3xf32> -> (tensor<?x2xf32>, tensor<?x2xi32>)
  %10 = stablehlo.convert %indices : (tensor<?x2xi32>) -> tensor<?x2xi64>
  %c_45 = stablehlo.constant dense<[1, 8]> : tensor<2xi64>
  %11 = stablehlo.concatenate %5, %c_45,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %12 = stablehlo.dynamic_reshape %7, %11 : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x1x8xf32>
  %c_46 = stablehlo.constant dense<[2, 1, 8]> : tensor<3xi64>
  %13 = stablehlo.concatenate %5, %c_46,  dim = 0 : (tensor<1xi64>, tensor<3xi64>) -> tensor<4xi64>
  %14 = stablehlo.dynamic_broadcast_in_dim %12, %13, dims = [0, 2, 3] {known_nonexpanding_dimensions = array<i64: 0, 1, 2>} : (tensor<?x1x8xf32>, tensor<4xi64>) -> tensor<?x2x1x8xf32>
  %c_47 = stablehlo.constant dense<[2, 8]> : tensor<2xi64>
  %15 = stablehlo.concatenate %5, %c_47,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %16 = stablehlo.dynamic_reshape %14, %15 : (tensor<?x2x1x8xf32>, tensor<3xi64>) -> tensor<?x2x8xf32>
  %17 = stablehlo.multiply %c_32, %3 : tensor<i64>
  %18 = stablehlo.multiply %17, %1 : tensor<i64>
  %19 = stablehlo.reshape %18 : (tensor<i64>) -> tensor<1xi64>
  %20 = stablehlo.concatenate %19, %c_35,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %21 = stablehlo.dynamic_reshape %16, %20 : (tensor<?x2x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %22 = stablehlo.dynamic_reshape %values, %19 : (tensor<?x2xf32>, tensor<1xi64>) -> tensor<?xf32>
  %23 = stablehlo.dynamic_reshape %10, %19 : (tensor<?x2xi64>, tensor<1xi64>) -> tensor<?xi64>
  %24 = stablehlo.concatenate %19, %c,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %25 = stablehlo.dynamic_reshape %23, %24 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %cst_48 = stablehlo.constant #moe_support.external<"weights", 96> : tensor<3x8x8xf32>
  %26 = stablehlo.composite "onnx.GatherND" %cst_48, %25 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_8, version = 1 : i32} : (tensor<3x8x8xf32>, tensor<?x1xi64>) -> tensor<?x8x8xf32>
  %c_49 = stablehlo.constant dense<[8, 1]> : tensor<2xi64>
  %27 = stablehlo.concatenate %19, %c_49,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %28 = stablehlo.dynamic_reshape %21, %27 : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x8x1xf32>
  %29 = stablehlo.dot_general %26, %28, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<?x8x8xf32>, tensor<?x8x1xf32>) -> tensor<?x8x1xf32>
  %30 = stablehlo.dynamic_reshape %29, %20 : (tensor<?x8x1xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %31 = stablehlo.concatenate %19, %c_23,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %32 = stablehlo.real_dynamic_slice %30, %c_0, %31, %c_2 : (tensor<?x8xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x4xf32>
  %c_50 = stablehlo.constant dense<[0, 4]> : tensor<2xi64>
  %33 = stablehlo.real_dynamic_slice %30, %c_50, %20, %c_2 : (tensor<?x8xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x4xf32>
  %34 = stablehlo.logistic %32 : tensor<?x4xf32>
  %35 = stablehlo.multiply %32, %34 : tensor<?x4xf32>
  %36 = stablehlo.multiply %35, %33 : tensor<?x4xf32>
  %cst_51 = stablehlo.constant #moe_support.external<"weights", 864> : tensor<3x8x4xf32>
  %37 = stablehlo.composite "onnx.GatherND" %cst_51, %25 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_9, version = 1 : i32} : (tensor<3x8x4xf32>, tensor<?x1xi64>) -> tensor<?x8x4xf32>
  %c_52 = stablehlo.constant dense<[4, 1]> : tensor<2xi64>
  %38 = stablehlo.concatenate %19, %c_52,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %39 = stablehlo.dynamic_reshape %36, %38 : (tensor<?x4xf32>, tensor<3xi64>) -> tensor<?x4x1xf32>
  %40 = stablehlo.dot_general %37, %39, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<?x8x4xf32>, tensor<?x4x1xf32>) -> tensor<?x8x1xf32>
  %41 = stablehlo.dynamic_reshape %40, %20 : (tensor<?x8x1xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %42 = stablehlo.dynamic_reshape %22, %24 : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x1xf32>
  %43 = chlo.broadcast_multiply %41, %42 : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %44 = stablehlo.dynamic_reshape %43, %15 : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x2x8xf32>
  %cst_53 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %45 = stablehlo.reduce(%44 init: %cst_53) applies stablehlo.add across dimensions = [1] : (tensor<?x2x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  return %45 : tensor<?x8xf32>
}
func.func private @onnx.GatherND_8(tensor<3x8x8xf32>, tensor<?x1xi64>) -> tensor<?x8x8xf32>
func.func private @onnx.GatherND_9(tensor<3x8x4xf32>, tensor<?x1xi64>) -> tensor<?x8x4xf32>
func.func private @onnx.Softmax_7(tensor<?x3xf32>) -> tensor<?x3xf32>
