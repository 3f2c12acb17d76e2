func.func @layer(%ids: tensor<?x?xi64>, %x: tensor<?x?x8xf32>) -> tensor<?x8xf32> {
  %0 = stablehlo.get_dimension_size %ids, dim = 1 : (tensor<?x?xi64>) -> tensor<i32>
  %1 = stablehlo.convert %0 : (tensor<i32>) -> tensor<i64>
  %c = stablehlo.constant dense<1> : tensor<1xi64>
  %c_0 = stablehlo.constant dense<1> : tensor<2xi64>
  %2 = stablehlo.get_dimension_size %ids, dim = 0 : (tensor<?x?xi64>) -> tensor<i32>
  %3 = stablehlo.convert %2 : (tensor<i32>) -> tensor<i64>
  %c_26 = stablehlo.constant dense<4> : tensor<1xi64>
  %c_28 = stablehlo.constant dense<2> : tensor<1xi64>
  %c_33 = stablehlo.constant dense<8> : tensor<1xi64>
  %4 = stablehlo.multiply %3, %1 : tensor<i64>
  %5 = stablehlo.reshape %4 : (tensor<i64>) -> tensor<1xi64>
  %6 = stablehlo.concatenate %5, %c_33,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %7 = stablehlo.dynamic_reshape %x, %6 : (tensor<?x?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %cst_40 = stablehlo.constant #moe_support.external<"weights", 0> : tensor<8x3xf32>
  %8 = stablehlo.dot_general %7, %cst_40, contracting_dims = [1] x [0] : (tensor<?x8xf32>, tensor<8x3xf32>) -> tensor<?x3xf32>
  %9 = stablehlo.composite "onnx.Softmax" %8 {composite_attributes = {axis = 1 : i64}, decomposition = @onnx.Softmax_3, version = 1 : i32} : (tensor<?x3xf32>) -> tensor<?x3xf32>
  %values, %indices = chlo.top_k(%9, k = 2) : tensor<?x3xf32> -> (tensor<?x2xf32>, tensor<?x2xi32>)
  %10 = stablehlo.convert %indices : (tensor<?x2xi32>) -> tensor<?x2xi64>
  %cst_41 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %11 = stablehlo.reduce(%values init: %cst_41) applies stablehlo.add across dimensions = [1] : (tensor<?x2xf32>, tensor<f32>) -> tensor<?xf32>
  %12 = stablehlo.concatenate %5, %c,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %13 = stablehlo.dynamic_reshape %11, %12 : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x1xf32>
  %14 = chlo.broadcast_divide %values, %13 : (tensor<?x2xf32>, tensor<?x1xf32>) -> tensor<?x2xf32>
  %c_42 = stablehlo.constant dense<2> : tensor<i64>
  %15 = stablehlo.multiply %c_42, %3 : tensor<i64>
  %16 = stablehlo.multiply %15, %1 : tensor<i64>
  %17 = stablehlo.reshape %16 : (tensor<i64>) -> tensor<1xi64>
  %18 = stablehlo.dynamic_reshape %10, %17 : (tensor<?x2xi64>, tensor<1xi64>) -> tensor<?xi64>
  %19 = stablehlo.dynamic_iota %5, dim = 0 : (tensor<1xi64>) -> tensor<?xi64>
  %20 = stablehlo.dynamic_reshape %19, %12 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %21 = stablehlo.concatenate %5, %c_28,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %22 = stablehlo.dynamic_broadcast_in_dim %20, %21, dims = [0, 1] {known_expanding_dimensions = array<i64: 1>, known_nonexpanding_dimensions = array<i64: 0>} : (tensor<?x1xi64>, tensor<2xi64>) -> tensor<?x2xi64>
  %23 = stablehlo.dynamic_reshape %22, %17 : (tensor<?x2xi64>, tensor<1xi64>) -> tensor<?xi64>
  %24 = stablehlo.dynamic_reshape %14, %17 : (tensor<?x2xf32>, tensor<1xi64>) -> tensor<?xf32>
  %25 = stablehlo.composite "onnx.Gather" %7, %23 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_4, version = 1 : i32} : (tensor<?x8xf32>, tensor<?xi64>) -> tensor<?x8xf32>
  %cst_43 = stablehlo.constant #moe_support.external<"weights", 96> : tensor<3x8x8xf32>
  %26 = stablehlo.composite "onnx.Gather" %cst_43, %18 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_5, version = 1 : i32} : (tensor<3x8x8xf32>, tensor<?xi64>) -> tensor<?x8x8xf32>
  %cst_44 = stablehlo.constant #moe_support.external<"weights", 864> : tensor<3x8x4xf32>
  %27 = stablehlo.composite "onnx.Gather" %cst_44, %18 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_6, version = 1 : i32} : (tensor<3x8x4xf32>, tensor<?xi64>) -> tensor<?x8x4xf32>
  %c_45 = stablehlo.constant dense<[8, 1]> : tensor<2xi64>
  %28 = stablehlo.concatenate %17, %c_45,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %29 = stablehlo.dynamic_reshape %25, %28 : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x8x1xf32>
  %30 = stablehlo.dot_general %26, %29, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<?x8x8xf32>, tensor<?x8x1xf32>) -> tensor<?x8x1xf32>
  %31 = stablehlo.concatenate %17, %c_33,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %32 = stablehlo.dynamic_reshape %30, %31 : (tensor<?x8x1xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %c_46 = stablehlo.constant dense<0> : tensor<2xi64>
  %33 = stablehlo.concatenate %17, %c_26,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %34 = stablehlo.real_dynamic_slice %32, %c_46, %33, %c_0 : (tensor<?x8xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x4xf32>
  %c_47 = stablehlo.constant dense<[0, 4]> : tensor<2xi64>
  %35 = stablehlo.real_dynamic_slice %32, %c_47, %31, %c_0 : (tensor<?x8xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x4xf32>
  %36 = stablehlo.logistic %34 : tensor<?x4xf32>
  %37 = stablehlo.multiply %34, %36 : tensor<?x4xf32>
  %38 = stablehlo.multiply %37, %35 : tensor<?x4xf32>
  %c_48 = stablehlo.constant dense<[4, 1]> : tensor<2xi64>
  %39 = stablehlo.concatenate %17, %c_48,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %40 = stablehlo.dynamic_reshape %38, %39 : (tensor<?x4xf32>, tensor<3xi64>) -> tensor<?x4x1xf32>
  %41 = stablehlo.dot_general %27, %40, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<?x8x4xf32>, tensor<?x4x1xf32>) -> tensor<?x8x1xf32>
  %42 = stablehlo.dynamic_reshape %41, %31 : (tensor<?x8x1xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %43 = stablehlo.concatenate %17, %c,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %44 = stablehlo.dynamic_reshape %24, %43 : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x1xf32>
  %45 = chlo.broadcast_multiply %42, %44 : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %c_50 = stablehlo.constant dense<1> : tensor<i64>
  %46 = stablehlo.minimum %c_50, %4 : tensor<i64>
  %47 = stablehlo.compare  EQ, %16, %c_50 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %48 = stablehlo.select %47, %46, %16 : tensor<i1>, tensor<i64>
  %49 = stablehlo.reshape %48 : (tensor<i64>) -> tensor<1xi64>
  %50 = stablehlo.concatenate %49, %c_33,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %51 = stablehlo.dynamic_broadcast_in_dim %45, %50, dims = [0, 1] {known_nonexpanding_dimensions = array<i64: 1>} : (tensor<?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %52 = stablehlo.dynamic_reshape %23, %43 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %53 = stablehlo.compare  EQ, %16, %c_50 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %54 = stablehlo.select %53, %48, %16 : tensor<i1>, tensor<i64>
  %55 = stablehlo.reshape %54 : (tensor<i64>) -> tensor<1xi64>
  %56 = stablehlo.concatenate %55, %c_33,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %57 = stablehlo.dynamic_broadcast_in_dim %52, %56, dims = [0, 1] {known_expanding_dimensions = array<i64: 1>} : (tensor<?x1xi64>, tensor<2xi64>) -> tensor<?x8xi64>
  %cst_51 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %58 = stablehlo.dynamic_broadcast_in_dim %cst_51, %6, dims = [] : (tensor<f32>, tensor<2xi64>) -> tensor<?x8xf32>
  %59 = stablehlo.composite "onnx.ScatterElements" %58, %57, %51 {composite_attributes = {axis = 0 : i64, reduction = "none"}, decomposition = @onnx.ScatterElements_7, version = 1 : i32} : (tensor<?x8xf32>, tensor<?x8xi64>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %59 : tensor<?x8xf32>
}
func.func private @onnx.Gather_4(tensor<?x8xf32>, tensor<?xi64>) -> tensor<?x8xf32>
func.func private @onnx.Gather_5(tensor<3x8x8xf32>, tensor<?xi64>) -> tensor<?x8x8xf32>
func.func private @onnx.Gather_6(tensor<3x8x4xf32>, tensor<?xi64>) -> tensor<?x8x4xf32>
func.func private @onnx.ScatterElements_7(tensor<?x8xf32>, tensor<?x8xi64>, tensor<?x8xf32>) -> tensor<?x8xf32>
func.func private @onnx.Softmax_3(tensor<?x3xf32>) -> tensor<?x3xf32>
