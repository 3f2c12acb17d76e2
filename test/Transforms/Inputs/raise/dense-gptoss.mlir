func.func @layer(%ids: tensor<?x?xi64>, %x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %0 = stablehlo.get_dimension_size %ids, dim = 1 : (tensor<?x?xi64>) -> tensor<i32>
  %1 = stablehlo.convert %0 : (tensor<i32>) -> tensor<i64>
  %2 = stablehlo.reshape %1 : (tensor<i64>) -> tensor<1xi64>
  %3 = stablehlo.get_dimension_size %ids, dim = 0 : (tensor<?x?xi64>) -> tensor<i32>
  %4 = stablehlo.convert %3 : (tensor<i32>) -> tensor<i64>
  %5 = stablehlo.reshape %4 : (tensor<i64>) -> tensor<1xi64>
  %cst_0 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
  %c_1 = stablehlo.constant dense<1> : tensor<1xi64>
  %cst_2 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %c_28 = stablehlo.constant dense<8> : tensor<1xi64>
  %6 = stablehlo.multiply %4, %1 : tensor<i64>
  %7 = stablehlo.reshape %6 : (tensor<i64>) -> tensor<1xi64>
  %8 = stablehlo.concatenate %7, %c_28,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %9 = stablehlo.dynamic_reshape %x, %8 : (tensor<?x?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %cst_35 = stablehlo.constant #moe_support.external<"weights", 0> : tensor<3x8xf32>
  %10 = stablehlo.dot_general %9, %cst_35, contracting_dims = [1] x [1] : (tensor<?x8xf32>, tensor<3x8xf32>) -> tensor<?x3xf32>
  %cst_36 = stablehlo.constant dense<[-0.269419938, -0.109844789, 0.0206808653]> : tensor<3xf32>
  %11 = chlo.broadcast_add %10, %cst_36 : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  %values, %indices = chlo.top_k(%11, k = 2) : tensor<?x3xf32> -> (tensor<?x2xf32>, tensor<?x2xi32>)
  %12 = stablehlo.convert %indices : (tensor<?x2xi32>) -> tensor<?x2xi64>
  %13 = stablehlo.composite "onnx.Softmax" %values {composite_attributes = {axis = 1 : i64}, decomposition = @onnx.Softmax_3, version = 1 : i32} : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %c_37 = stablehlo.constant dense<3> : tensor<1xi64>
  %14 = stablehlo.concatenate %7, %c_37,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %15 = stablehlo.dynamic_broadcast_in_dim %cst_2, %14, dims = [] : (tensor<f32>, tensor<2xi64>) -> tensor<?x3xf32>
  %16 = stablehlo.composite "onnx.ScatterElements" %15, %12, %13 {composite_attributes = {axis = 1 : i64, reduction = "none"}, decomposition = @onnx.ScatterElements_4, version = 1 : i32} : (tensor<?x3xf32>, tensor<?x2xi64>, tensor<?x2xf32>) -> tensor<?x3xf32>
  %17 = stablehlo.concatenate %c_37, %7, %c_28,  dim = 0 : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3xi64>
  %18 = stablehlo.dynamic_broadcast_in_dim %9, %17, dims = [1, 2] {known_nonexpanding_dimensions = array<i64: 0, 1>} : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<3x?x8xf32>
  %c_38 = stablehlo.constant dense<3> : tensor<i64>
  %19 = stablehlo.multiply %c_38, %4 : tensor<i64>
  %20 = stablehlo.multiply %19, %1 : tensor<i64>
  %21 = stablehlo.reshape %20 : (tensor<i64>) -> tensor<1xi64>
  %22 = stablehlo.concatenate %21, %c_28,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %23 = stablehlo.dynamic_reshape %18, %22 : (tensor<3x?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %24 = stablehlo.dynamic_reshape %23, %17 : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<3x?x8xf32>
  %cst_39 = stablehlo.constant #moe_support.external<"weights", 96> : tensor<3x8x8xf32>
  %25 = stablehlo.dot_general %24, %cst_39, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<3x?x8xf32>, tensor<3x8x8xf32>) -> tensor<3x?x8xf32>
  %cst_40 = stablehlo.constant #moe_support.external<"weights", 864> : tensor<3x1x8xf32>
  %26 = chlo.broadcast_add %25, %cst_40 : (tensor<3x?x8xf32>, tensor<3x1x8xf32>) -> tensor<3x?x8xf32>
  %c_41 = stablehlo.constant dense<0> : tensor<3xi64>
  %c_42 = stablehlo.constant dense<7> : tensor<1xi64>
  %27 = stablehlo.concatenate %c_37, %7, %c_42,  dim = 0 : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3xi64>
  %c_43 = stablehlo.constant dense<[1, 1, 2]> : tensor<3xi64>
  %28 = stablehlo.real_dynamic_slice %26, %c_41, %27, %c_43 : (tensor<3x?x8xf32>, tensor<3xi64>, tensor<3xi64>, tensor<3xi64>) -> tensor<3x?x4xf32>
  %c_44 = stablehlo.constant dense<[0, 0, 1]> : tensor<3xi64>
  %29 = stablehlo.real_dynamic_slice %26, %c_44, %17, %c_43 : (tensor<3x?x8xf32>, tensor<3xi64>, tensor<3xi64>, tensor<3xi64>) -> tensor<3x?x4xf32>
  %cst_45 = stablehlo.constant dense<7.000000e+00> : tensor<f32>
  %30 = chlo.broadcast_minimum %28, %cst_45 : (tensor<3x?x4xf32>, tensor<f32>) -> tensor<3x?x4xf32>
  %cst_46 = stablehlo.constant dense<-7.000000e+00> : tensor<f32>
  %31 = stablehlo.clamp %cst_46, %29, %cst_45 : (tensor<f32>, tensor<3x?x4xf32>, tensor<f32>) -> tensor<3x?x4xf32>
  %cst_47 = stablehlo.constant dense<1.702000e+00> : tensor<f32>
  %32 = chlo.broadcast_multiply %30, %cst_47 : (tensor<3x?x4xf32>, tensor<f32>) -> tensor<3x?x4xf32>
  %33 = stablehlo.logistic %32 : tensor<3x?x4xf32>
  %34 = stablehlo.multiply %30, %33 : tensor<3x?x4xf32>
  %35 = chlo.broadcast_add %31, %cst_0 : (tensor<3x?x4xf32>, tensor<f32>) -> tensor<3x?x4xf32>
  %36 = stablehlo.multiply %35, %34 : tensor<3x?x4xf32>
  %cst_48 = stablehlo.constant #moe_support.external<"weights", 960> : tensor<3x4x8xf32>
  %37 = stablehlo.dot_general %36, %cst_48, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<3x?x4xf32>, tensor<3x4x8xf32>) -> tensor<3x?x8xf32>
  %cst_49 = stablehlo.constant #moe_support.external<"weights", 1344> : tensor<3x1x8xf32>
  %38 = chlo.broadcast_add %37, %cst_49 : (tensor<3x?x8xf32>, tensor<3x1x8xf32>) -> tensor<3x?x8xf32>
  %39 = stablehlo.concatenate %c_37, %5, %2, %c_28,  dim = 0 : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4xi64>
  %40 = stablehlo.dynamic_reshape %38, %39 : (tensor<3x?x8xf32>, tensor<4xi64>) -> tensor<3x?x?x8xf32>
  %41 = stablehlo.transpose %16, dims = [1, 0] : (tensor<?x3xf32>) -> tensor<3x?xf32>
  %42 = stablehlo.concatenate %c_37, %5, %2,  dim = 0 : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3xi64>
  %43 = stablehlo.dynamic_reshape %41, %42 : (tensor<3x?xf32>, tensor<3xi64>) -> tensor<3x?x?xf32>
  %44 = stablehlo.concatenate %c_37, %5, %2, %c_1,  dim = 0 : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4xi64>
  %45 = stablehlo.dynamic_reshape %43, %44 : (tensor<3x?x?xf32>, tensor<4xi64>) -> tensor<3x?x?x1xf32>
  %46 = chlo.broadcast_multiply %40, %45 : (tensor<3x?x?x8xf32>, tensor<3x?x?x1xf32>) -> tensor<3x?x?x8xf32>
  %cst_50 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %47 = stablehlo.reduce(%46 init: %cst_50) applies stablehlo.add across dimensions = [0] : (tensor<3x?x?x8xf32>, tensor<f32>) -> tensor<?x?x8xf32>
  return %47 : tensor<?x?x8xf32>
}
func.func private @onnx.ScatterElements_4(tensor<?x3xf32>, tensor<?x2xi64>, tensor<?x2xf32>) -> tensor<?x3xf32>
func.func private @onnx.Softmax_3(tensor<?x2xf32>) -> tensor<?x2xf32>
