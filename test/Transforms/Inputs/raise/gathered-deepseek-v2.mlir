func.func @layer(%ids: tensor<?x?xi64>, %x: tensor<?x?x8xf32>) -> tensor<?x8xf32> {
  %0 = stablehlo.get_dimension_size %ids, dim = 1 : (tensor<?x?xi64>) -> tensor<i32>
  %1 = stablehlo.convert %0 : (tensor<i32>) -> tensor<i64>
  %c = stablehlo.constant dense<1> : tensor<1xi64>
  %2 = stablehlo.get_dimension_size %ids, dim = 0 : (tensor<?x?xi64>) -> tensor<i32>
  %3 = stablehlo.convert %2 : (tensor<i32>) -> tensor<i64>
  %c_0 = stablehlo.constant dense<0> : tensor<2xi64>
  %c_2 = stablehlo.constant dense<1> : tensor<2xi64>
  %c_10 = stablehlo.constant dense<2> : tensor<1xi64>
  %c_12 = stablehlo.constant dense<[2, 1]> : tensor<2xi64>
  %c_16 = stablehlo.constant dense<2> : tensor<2xi64>
  %c_30 = stablehlo.constant dense<[2, 8]> : tensor<2xi64>
  %c_31 = stablehlo.constant dense<4> : tensor<1xi64>
  %c_33 = stablehlo.constant dense<8> : tensor<1xi64>
  %c_50 = stablehlo.constant dense<2> : tensor<i64>
  %cst_52 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %4 = stablehlo.multiply %3, %1 : tensor<i64>
  %5 = stablehlo.reshape %4 : (tensor<i64>) -> tensor<1xi64>
  %6 = stablehlo.concatenate %5, %c_33,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %7 = stablehlo.dynamic_reshape %x, %6 : (tensor<?x?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %cst_58 = stablehlo.constant #moe_support.external<"weights", 0> : tensor<4x8xf32>
  %8 = stablehlo.dot_general %7, %cst_58, contracting_dims = [1] x [1] : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
  %9 = stablehlo.composite "onnx.Softmax" %8 {composite_attributes = {axis = 1 : i64}, decomposition = @onnx.Softmax_8, version = 1 : i32} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %10 = stablehlo.concatenate %5, %c_16,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %11 = stablehlo.dynamic_reshape %9, %10 : (tensor<?x4xf32>, tensor<3xi64>) -> tensor<?x2x2xf32>
  %cst_59 = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %12 = stablehlo.reduce(%11 init: %cst_59) applies stablehlo.maximum across dimensions = [2] : (tensor<?x2x2xf32>, tensor<f32>) -> tensor<?x2xf32>
  %values, %indices = chlo.top_k(%12, k = 1) : tensor<?x2xf32> -> (tensor<?x1xf32>, tensor<?x1xi32>)
  %13 = stablehlo.convert %indices : (tensor<?x1xi32>) -> tensor<?x1xi64>
  %14 = stablehlo.concatenate %5, %c_10,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %15 = stablehlo.dynamic_broadcast_in_dim %cst_52, %14, dims = [] : (tensor<f32>, tensor<2xi64>) -> tensor<?x2xf32>
  %16 = stablehlo.concatenate %5, %c,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %cst_60 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
  %17 = stablehlo.dynamic_broadcast_in_dim %cst_60, %16, dims = [] : (tensor<f32>, tensor<2xi64>) -> tensor<?x1xf32>
  %18 = stablehlo.composite "onnx.ScatterElements" %15, %13, %17 {composite_attributes = {axis = 1 : i64, reduction = "none"}, decomposition = @onnx.ScatterElements_9, version = 1 : i32} : (tensor<?x2xf32>, tensor<?x1xi64>, tensor<?x1xf32>) -> tensor<?x2xf32>
  %19 = stablehlo.concatenate %5, %c_12,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %20 = stablehlo.dynamic_reshape %18, %19 : (tensor<?x2xf32>, tensor<3xi64>) -> tensor<?x2x1xf32>
  %21 = stablehlo.dynamic_broadcast_in_dim %20, %10, dims = [0, 1, 2] {known_expanding_dimensions = array<i64: 2>, known_nonexpanding_dimensions = array<i64: 0, 1>} : (tensor<?x2x1xf32>, tensor<3xi64>) -> tensor<?x2x2xf32>
  %22 = stablehlo.concatenate %5, %c_31,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %23 = stablehlo.dynamic_reshape %21, %22 : (tensor<?x2x2xf32>, tensor<2xi64>) -> tensor<?x4xf32>
  %24 = stablehlo.convert %23 : (tensor<?x4xf32>) -> tensor<?x4xi1>
  %25 = stablehlo.not %24 : tensor<?x4xi1>
  %26 = chlo.broadcast_select %25, %cst_52, %9 : (tensor<?x4xi1>, tensor<f32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %values_61, %indices_62 = chlo.top_k(%26, k = 2) : tensor<?x4xf32> -> (tensor<?x2xf32>, tensor<?x2xi32>)
  %27 = stablehlo.convert %indices_62 : (tensor<?x2xi32>) -> tensor<?x2xi64>
  %cst_63 = stablehlo.constant dense<1.500000e+00> : tensor<f32>
  %28 = chlo.broadcast_multiply %values_61, %cst_63 : (tensor<?x2xf32>, tensor<f32>) -> tensor<?x2xf32>
  %c_64 = stablehlo.constant dense<[1, 8]> : tensor<2xi64>
  %29 = stablehlo.concatenate %5, %c_64,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %30 = stablehlo.dynamic_reshape %7, %29 : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x1x8xf32>
  %c_65 = stablehlo.constant dense<[2, 1, 8]> : tensor<3xi64>
  %31 = stablehlo.concatenate %5, %c_65,  dim = 0 : (tensor<1xi64>, tensor<3xi64>) -> tensor<4xi64>
  %32 = stablehlo.dynamic_broadcast_in_dim %30, %31, dims = [0, 2, 3] {known_nonexpanding_dimensions = array<i64: 0, 1, 2>} : (tensor<?x1x8xf32>, tensor<4xi64>) -> tensor<?x2x1x8xf32>
  %33 = stablehlo.concatenate %5, %c_30,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %34 = stablehlo.dynamic_reshape %32, %33 : (tensor<?x2x1x8xf32>, tensor<3xi64>) -> tensor<?x2x8xf32>
  %35 = stablehlo.multiply %c_50, %3 : tensor<i64>
  %36 = stablehlo.multiply %35, %1 : tensor<i64>
  %37 = stablehlo.reshape %36 : (tensor<i64>) -> tensor<1xi64>
  %38 = stablehlo.concatenate %37, %c_33,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %39 = stablehlo.dynamic_reshape %34, %38 : (tensor<?x2x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %40 = stablehlo.dynamic_reshape %28, %37 : (tensor<?x2xf32>, tensor<1xi64>) -> tensor<?xf32>
  %41 = stablehlo.dynamic_reshape %27, %37 : (tensor<?x2xi64>, tensor<1xi64>) -> tensor<?xi64>
  %42 = stablehlo.concatenate %37, %c,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %43 = stablehlo.dynamic_reshape %41, %42 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %cst_66 = stablehlo.constant #moe_support.external<"weights", 128> : tensor<4x8x8xf32>
  %44 = stablehlo.composite "onnx.GatherND" %cst_66, %43 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_10, version = 1 : i32} : (tensor<4x8x8xf32>, tensor<?x1xi64>) -> tensor<?x8x8xf32>
  %c_67 = stablehlo.constant dense<[8, 1]> : tensor<2xi64>
  %45 = stablehlo.concatenate %37, %c_67,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %46 = stablehlo.dynamic_reshape %39, %45 : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x8x1xf32>
  %47 = stablehlo.dot_general %44, %46, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<?x8x8xf32>, tensor<?x8x1xf32>) -> tensor<?x8x1xf32>
  %48 = stablehlo.dynamic_reshape %47, %38 : (tensor<?x8x1xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %49 = stablehlo.concatenate %37, %c_31,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %50 = stablehlo.real_dynamic_slice %48, %c_0, %49, %c_2 : (tensor<?x8xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x4xf32>
  %c_68 = stablehlo.constant dense<[0, 4]> : tensor<2xi64>
  %51 = stablehlo.real_dynamic_slice %48, %c_68, %38, %c_2 : (tensor<?x8xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x4xf32>
  %52 = stablehlo.logistic %50 : tensor<?x4xf32>
  %53 = stablehlo.multiply %50, %52 : tensor<?x4xf32>
  %54 = stablehlo.multiply %53, %51 : tensor<?x4xf32>
  %cst_69 = stablehlo.constant #moe_support.external<"weights", 1152> : tensor<4x8x4xf32>
  %55 = stablehlo.composite "onnx.GatherND" %cst_69, %43 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_11, version = 1 : i32} : (tensor<4x8x4xf32>, tensor<?x1xi64>) -> tensor<?x8x4xf32>
  %c_70 = stablehlo.constant dense<[4, 1]> : tensor<2xi64>
  %56 = stablehlo.concatenate %37, %c_70,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %57 = stablehlo.dynamic_reshape %54, %56 : (tensor<?x4xf32>, tensor<3xi64>) -> tensor<?x4x1xf32>
  %58 = stablehlo.dot_general %55, %57, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<?x8x4xf32>, tensor<?x4x1xf32>) -> tensor<?x8x1xf32>
  %59 = stablehlo.dynamic_reshape %58, %38 : (tensor<?x8x1xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %60 = stablehlo.dynamic_reshape %40, %42 : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x1xf32>
  %61 = chlo.broadcast_multiply %59, %60 : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %62 = stablehlo.dynamic_reshape %61, %33 : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x2x8xf32>
  %cst_71 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %63 = stablehlo.reduce(%62 init: %cst_71) applies stablehlo.add across dimensions = [1] : (tensor<?x2x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  return %63 : tensor<?x8xf32>
}
func.func private @onnx.GatherND_10(tensor<4x8x8xf32>, tensor<?x1xi64>) -> tensor<?x8x8xf32>
func.func private @onnx.GatherND_11(tensor<4x8x4xf32>, tensor<?x1xi64>) -> tensor<?x8x4xf32>
func.func private @onnx.ScatterElements_9(tensor<?x2xf32>, tensor<?x1xi64>, tensor<?x1xf32>) -> tensor<?x2xf32>
func.func private @onnx.Softmax_8(tensor<?x4xf32>) -> tensor<?x4xf32>
