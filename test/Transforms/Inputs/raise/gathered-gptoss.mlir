func.func @layer(%ids: tensor<?x?xi64>, %x: tensor<?x?x8xf32>) -> tensor<?x8xf32> {
  %0 = stablehlo.get_dimension_size %ids, dim = 1 : (tensor<?x?xi64>) -> tensor<i32>
  %1 = stablehlo.convert %0 : (tensor<i32>) -> tensor<i64>
  %c_0 = stablehlo.constant dense<1> : tensor<1xi64>
  %2 = stablehlo.get_dimension_size %ids, dim = 0 : (tensor<?x?xi64>) -> tensor<i32>
  %3 = stablehlo.convert %2 : (tensor<i32>) -> tensor<i64>
  %c_17 = stablehlo.constant dense<[1, 4]> : tensor<2xi64>
  %c_25 = stablehlo.constant dense<[1, 2]> : tensor<2xi64>
  %c_29 = stablehlo.constant dense<8> : tensor<1xi64>
  %4 = stablehlo.multiply %3, %1 : tensor<i64>
  %5 = stablehlo.reshape %4 : (tensor<i64>) -> tensor<1xi64>
  %6 = stablehlo.concatenate %5, %c_29,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %7 = stablehlo.dynamic_reshape %x, %6 : (tensor<?x?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %cst_36 = stablehlo.constant #moe_support.external<"weights", 0> : tensor<3x8xf32>
  %8 = stablehlo.dot_general %7, %cst_36, contracting_dims = [1] x [1] : (tensor<?x8xf32>, tensor<3x8xf32>) -> tensor<?x3xf32>
  %cst_37 = stablehlo.constant dense<[-0.269419938, -0.109844789, 0.0206808653]> : tensor<3xf32>
  %9 = chlo.broadcast_add %8, %cst_37 : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  %values, %indices = chlo.top_k(%9, k = 2) : tensor<?x3xf32> -> (tensor<?x2xf32>, tensor<?x2xi32>)
  %10 = stablehlo.convert %indices : (tensor<?x2xi32>) -> tensor<?x2xi64>
  %11 = stablehlo.composite "onnx.Softmax" %values {composite_attributes = {axis = 1 : i64}, decomposition = @onnx.Softmax_2, version = 1 : i32} : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %c_38 = stablehlo.constant dense<[1, 8]> : tensor<2xi64>
  %12 = stablehlo.concatenate %5, %c_38,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %13 = stablehlo.dynamic_reshape %7, %12 : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x1x8xf32>
  %c_39 = stablehlo.constant dense<[2, 1, 8]> : tensor<3xi64>
  %14 = stablehlo.concatenate %5, %c_39,  dim = 0 : (tensor<1xi64>, tensor<3xi64>) -> tensor<4xi64>
  %15 = stablehlo.dynamic_broadcast_in_dim %13, %14, dims = [0, 2, 3] {known_nonexpanding_dimensions = array<i64: 0, 1, 2>} : (tensor<?x1x8xf32>, tensor<4xi64>) -> tensor<?x2x1x8xf32>
  %c_40 = stablehlo.constant dense<[2, 8]> : tensor<2xi64>
  %16 = stablehlo.concatenate %5, %c_40,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %17 = stablehlo.dynamic_reshape %15, %16 : (tensor<?x2x1x8xf32>, tensor<3xi64>) -> tensor<?x2x8xf32>
  %c_41 = stablehlo.constant dense<2> : tensor<i64>
  %18 = stablehlo.multiply %c_41, %3 : tensor<i64>
  %19 = stablehlo.multiply %18, %1 : tensor<i64>
  %20 = stablehlo.reshape %19 : (tensor<i64>) -> tensor<1xi64>
  %21 = stablehlo.concatenate %20, %c_29,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %22 = stablehlo.dynamic_reshape %17, %21 : (tensor<?x2x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %23 = stablehlo.dynamic_reshape %11, %20 : (tensor<?x2xf32>, tensor<1xi64>) -> tensor<?xf32>
  %24 = stablehlo.dynamic_reshape %10, %20 : (tensor<?x2xi64>, tensor<1xi64>) -> tensor<?xi64>
  %25 = stablehlo.concatenate %20, %c_0,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %26 = stablehlo.dynamic_reshape %24, %25 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %cst_42 = stablehlo.constant #moe_support.external<"weights", 96> : tensor<3x8x8xf32>
  %27 = stablehlo.composite "onnx.GatherND" %cst_42, %26 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_3, version = 1 : i32} : (tensor<3x8x8xf32>, tensor<?x1xi64>) -> tensor<?x8x8xf32>
  %cst_43 = stablehlo.constant #moe_support.external<"weights", 864> : tensor<3x8xf32>
  %28 = stablehlo.composite "onnx.GatherND" %cst_43, %26 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_4, version = 1 : i32} : (tensor<3x8xf32>, tensor<?x1xi64>) -> tensor<?x8xf32>
  %29 = stablehlo.concatenate %20, %c_38,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %30 = stablehlo.dynamic_reshape %22, %29 : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x1x8xf32>
  %31 = stablehlo.dot_general %30, %27, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<?x1x8xf32>, tensor<?x8x8xf32>) -> tensor<?x1x8xf32>
  %32 = stablehlo.dynamic_reshape %31, %21 : (tensor<?x1x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %33 = stablehlo.add %32, %28 : tensor<?x8xf32>
  %34 = stablehlo.dynamic_reshape %33, %29 : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x1x8xf32>
  %35 = stablehlo.dynamic_reshape %34, %21 : (tensor<?x1x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %c_44 = stablehlo.constant dense<0> : tensor<2xi64>
  %c_45 = stablehlo.constant dense<7> : tensor<1xi64>
  %36 = stablehlo.concatenate %20, %c_45,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %37 = stablehlo.real_dynamic_slice %35, %c_44, %36, %c_25 : (tensor<?x8xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x4xf32>
  %cst_46 = stablehlo.constant dense<7.000000e+00> : tensor<f32>
  %38 = chlo.broadcast_minimum %37, %cst_46 : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %c_47 = stablehlo.constant dense<[0, 1]> : tensor<2xi64>
  %39 = stablehlo.real_dynamic_slice %35, %c_47, %21, %c_25 : (tensor<?x8xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x4xf32>
  %cst_48 = stablehlo.constant dense<-7.000000e+00> : tensor<f32>
  %40 = stablehlo.clamp %cst_48, %39, %cst_46 : (tensor<f32>, tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %cst_49 = stablehlo.constant dense<1.702000e+00> : tensor<f32>
  %41 = chlo.broadcast_multiply %38, %cst_49 : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %42 = stablehlo.logistic %41 : tensor<?x4xf32>
  %43 = stablehlo.multiply %38, %42 : tensor<?x4xf32>
  %cst_50 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
  %44 = chlo.broadcast_add %40, %cst_50 : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %45 = stablehlo.multiply %44, %43 : tensor<?x4xf32>
  %cst_51 = stablehlo.constant #moe_support.external<"weights", 960> : tensor<3x4x8xf32>
  %46 = stablehlo.composite "onnx.GatherND" %cst_51, %26 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_5, version = 1 : i32} : (tensor<3x4x8xf32>, tensor<?x1xi64>) -> tensor<?x4x8xf32>
  %cst_52 = stablehlo.constant #moe_support.external<"weights", 1344> : tensor<3x8xf32>
  %47 = stablehlo.composite "onnx.GatherND" %cst_52, %26 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_4, version = 1 : i32} : (tensor<3x8xf32>, tensor<?x1xi64>) -> tensor<?x8xf32>
  %48 = stablehlo.concatenate %20, %c_17,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %49 = stablehlo.dynamic_reshape %45, %48 : (tensor<?x4xf32>, tensor<3xi64>) -> tensor<?x1x4xf32>
  %50 = stablehlo.dot_general %49, %46, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<?x1x4xf32>, tensor<?x4x8xf32>) -> tensor<?x1x8xf32>
  %51 = stablehlo.dynamic_reshape %50, %21 : (tensor<?x1x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %52 = stablehlo.add %51, %47 : tensor<?x8xf32>
  %53 = stablehlo.dynamic_reshape %52, %29 : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x1x8xf32>
  %54 = stablehlo.dynamic_reshape %53, %21 : (tensor<?x1x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %55 = stablehlo.dynamic_reshape %23, %25 : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x1xf32>
  %56 = chlo.broadcast_multiply %54, %55 : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %57 = stablehlo.dynamic_reshape %56, %16 : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x2x8xf32>
  %cst_53 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %58 = stablehlo.reduce(%57 init: %cst_53) applies stablehlo.add across dimensions = [1] : (tensor<?x2x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  return %58 : tensor<?x8xf32>
}
func.func private @onnx.GatherND_3(tensor<3x8x8xf32>, tensor<?x1xi64>) -> tensor<?x8x8xf32>
func.func private @onnx.GatherND_4(tensor<3x8xf32>, tensor<?x1xi64>) -> tensor<?x8xf32>
func.func private @onnx.GatherND_5(tensor<3x4x8xf32>, tensor<?x1xi64>) -> tensor<?x4x8xf32>
func.func private @onnx.Softmax_2(tensor<?x2xf32>) -> tensor<?x2xf32>
