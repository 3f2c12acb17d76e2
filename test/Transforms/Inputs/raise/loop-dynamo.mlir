func.func @layer(%ids: tensor<?x?xi64>, %x: tensor<?x?x8xf32>) -> tensor<?x8xf32> {
  %0 = stablehlo.get_dimension_size %ids, dim = 1 : (tensor<?x?xi64>) -> tensor<i32>
  %1 = stablehlo.convert %0 : (tensor<i32>) -> tensor<i64>
  %c = stablehlo.constant dense<1> : tensor<1xi64>
  %c_1 = stablehlo.constant dense<1> : tensor<2xi64>
  %2 = stablehlo.get_dimension_size %ids, dim = 0 : (tensor<?x?xi64>) -> tensor<i32>
  %3 = stablehlo.convert %2 : (tensor<i32>) -> tensor<i64>
  %cst_2 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %c_24 = stablehlo.constant dense<2> : tensor<1xi64>
  %c_27 = stablehlo.constant dense<[1, 2]> : tensor<2xi64>
  %c_30 = stablehlo.constant dense<8> : tensor<1xi64>
  %4 = stablehlo.multiply %3, %1 : tensor<i64>
  %5 = stablehlo.reshape %4 : (tensor<i64>) -> tensor<1xi64>
  %6 = stablehlo.concatenate %5, %c_30,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %7 = stablehlo.dynamic_reshape %x, %6 : (tensor<?x?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %cst_36 = stablehlo.constant #moe_support.external<"weights", 0> : tensor<3x8xf32>
  %8 = stablehlo.dot_general %7, %cst_36, contracting_dims = [1] x [1] : (tensor<?x8xf32>, tensor<3x8xf32>) -> tensor<?x3xf32>
  %9 = stablehlo.composite "onnx.Softmax" %8 {composite_attributes = {axis = 1 : i64}, decomposition = @onnx.Softmax_3, version = 1 : i32} : (tensor<?x3xf32>) -> tensor<?x3xf32>
  %values, %indices = chlo.top_k(%9, k = 2) : tensor<?x3xf32> -> (tensor<?x2xf32>, tensor<?x2xi32>)
  %10 = stablehlo.convert %indices : (tensor<?x2xi32>) -> tensor<?x2xi64>
  %11 = stablehlo.dynamic_broadcast_in_dim %cst_2, %6, dims = [] : (tensor<f32>, tensor<2xi64>) -> tensor<?x8xf32>
  %c_37 = stablehlo.constant dense<[2, 1]> : tensor<2xi64>
  %12 = stablehlo.concatenate %5, %c_37,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %13 = stablehlo.dynamic_reshape %10, %12 : (tensor<?x2xi64>, tensor<3xi64>) -> tensor<?x2x1xi64>
  %c_38 = stablehlo.constant dense<[0, 1, 2]> : tensor<3xi64>
  %14 = chlo.broadcast_compare %13, %c_38 {comparison_direction = #chlo<comparison_direction EQ>} : (tensor<?x2x1xi64>, tensor<3xi64>) -> tensor<?x2x3xi1>
  %15 = stablehlo.convert %14 : (tensor<?x2x3xi1>) -> tensor<?x2x3xi64>
  %16 = stablehlo.transpose %15, dims = [2, 1, 0] : (tensor<?x2x3xi64>) -> tensor<3x2x?xi64>
  %c_39 = stablehlo.constant dense<0> : tensor<3xi64>
  %17 = stablehlo.concatenate %c_27, %5,  dim = 0 : (tensor<2xi64>, tensor<1xi64>) -> tensor<3xi64>
  %c_40 = stablehlo.constant dense<1> : tensor<3xi64>
  %18 = stablehlo.real_dynamic_slice %16, %c_39, %17, %c_40 : (tensor<3x2x?xi64>, tensor<3xi64>, tensor<3xi64>, tensor<3xi64>) -> tensor<1x2x?xi64>
  %19 = stablehlo.concatenate %c_24, %5,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %20 = stablehlo.dynamic_reshape %18, %19 : (tensor<1x2x?xi64>, tensor<2xi64>) -> tensor<2x?xi64>
  %21 = stablehlo.composite "onnx.NonZero" %20 {composite_attributes = {}, decomposition = @onnx.NonZero_4, version = 1 : i32} : (tensor<2x?xi64>) -> tensor<2x?xi64>
  %22 = stablehlo.transpose %21, dims = [1, 0] : (tensor<2x?xi64>) -> tensor<?x2xi64>
  %c_41 = stablehlo.constant dense<0> : tensor<2xi64>
  %23 = stablehlo.get_dimension_size %21, dim = 1 : (tensor<2x?xi64>) -> tensor<i32>
  %24 = stablehlo.convert %23 : (tensor<i32>) -> tensor<i64>
  %25 = stablehlo.reshape %24 : (tensor<i64>) -> tensor<1xi64>
  %26 = stablehlo.concatenate %25, %c,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %27 = stablehlo.real_dynamic_slice %22, %c_41, %26, %c_1 : (tensor<?x2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %28 = stablehlo.dynamic_reshape %27, %25 : (tensor<?x1xi64>, tensor<1xi64>) -> tensor<?xi64>
  %c_42 = stablehlo.constant dense<[0, 1]> : tensor<2xi64>
  %29 = stablehlo.concatenate %25, %c_24,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %30 = stablehlo.real_dynamic_slice %22, %c_42, %29, %c_1 : (tensor<?x2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %31 = stablehlo.dynamic_reshape %30, %25 : (tensor<?x1xi64>, tensor<1xi64>) -> tensor<?xi64>
  %32 = stablehlo.concatenate %c, %5, %c_30,  dim = 0 : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3xi64>
  %33 = stablehlo.dynamic_reshape %7, %32 : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<1x?x8xf32>
  %34 = stablehlo.transpose %33, dims = [1, 0, 2] : (tensor<1x?x8xf32>) -> tensor<?x1x8xf32>
  %35 = stablehlo.dynamic_reshape %31, %26 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %36 = stablehlo.composite "onnx.GatherND" %34, %35 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_5, version = 1 : i32} : (tensor<?x1x8xf32>, tensor<?x1xi64>) -> tensor<?x1x8xf32>
  %37 = stablehlo.transpose %36, dims = [1, 0, 2] : (tensor<?x1x8xf32>) -> tensor<1x?x8xf32>
  %38 = stablehlo.concatenate %25, %c_30,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %39 = stablehlo.dynamic_reshape %37, %38 : (tensor<1x?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %cst_43 = stablehlo.constant #moe_support.external<"weights", 96> : tensor<4x8xf32>
  %40 = stablehlo.dot_general %39, %cst_43, contracting_dims = [1] x [1] : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
  %41 = stablehlo.logistic %40 : tensor<?x4xf32>
  %42 = stablehlo.multiply %40, %41 : tensor<?x4xf32>
  %cst_44 = stablehlo.constant #moe_support.external<"weights", 224> : tensor<4x8xf32>
  %43 = stablehlo.dot_general %39, %cst_44, contracting_dims = [1] x [1] : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
  %44 = stablehlo.multiply %42, %43 : tensor<?x4xf32>
  %cst_45 = stablehlo.constant #moe_support.external<"weights", 352> : tensor<8x4xf32>
  %45 = stablehlo.dot_general %44, %cst_45, contracting_dims = [1] x [1] : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  %46 = stablehlo.dynamic_reshape %values, %12 : (tensor<?x2xf32>, tensor<3xi64>) -> tensor<?x2x1xf32>
  %47 = stablehlo.dynamic_reshape %28, %26 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %48 = stablehlo.concatenate %35, %47,  dim = 1 : (tensor<?x1xi64>, tensor<?x1xi64>) -> tensor<?x2xi64>
  %49 = stablehlo.composite "onnx.GatherND" %46, %48 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_6, version = 1 : i32} : (tensor<?x2x1xf32>, tensor<?x2xi64>) -> tensor<?x1xf32>
  %50 = chlo.broadcast_multiply %45, %49 : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %51 = stablehlo.composite "onnx.ScatterND" %11, %35, %50 {composite_attributes = {reduction = "add"}, decomposition = @onnx.ScatterND_7, version = 1 : i32} : (tensor<?x8xf32>, tensor<?x1xi64>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %c_46 = stablehlo.constant dense<[1, 0, 0]> : tensor<3xi64>
  %c_47 = stablehlo.constant dense<2> : tensor<2xi64>
  %52 = stablehlo.concatenate %c_47, %5,  dim = 0 : (tensor<2xi64>, tensor<1xi64>) -> tensor<3xi64>
  %53 = stablehlo.real_dynamic_slice %16, %c_46, %52, %c_40 : (tensor<3x2x?xi64>, tensor<3xi64>, tensor<3xi64>, tensor<3xi64>) -> tensor<1x2x?xi64>
  %54 = stablehlo.dynamic_reshape %53, %19 : (tensor<1x2x?xi64>, tensor<2xi64>) -> tensor<2x?xi64>
  %55 = stablehlo.composite "onnx.NonZero" %54 {composite_attributes = {}, decomposition = @onnx.NonZero_4, version = 1 : i32} : (tensor<2x?xi64>) -> tensor<2x?xi64>
  %56 = stablehlo.transpose %55, dims = [1, 0] : (tensor<2x?xi64>) -> tensor<?x2xi64>
  %57 = stablehlo.get_dimension_size %55, dim = 1 : (tensor<2x?xi64>) -> tensor<i32>
  %58 = stablehlo.convert %57 : (tensor<i32>) -> tensor<i64>
  %59 = stablehlo.reshape %58 : (tensor<i64>) -> tensor<1xi64>
  %60 = stablehlo.concatenate %59, %c,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %61 = stablehlo.real_dynamic_slice %56, %c_41, %60, %c_1 : (tensor<?x2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %62 = stablehlo.dynamic_reshape %61, %59 : (tensor<?x1xi64>, tensor<1xi64>) -> tensor<?xi64>
  %63 = stablehlo.concatenate %59, %c_24,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %64 = stablehlo.real_dynamic_slice %56, %c_42, %63, %c_1 : (tensor<?x2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %65 = stablehlo.dynamic_reshape %64, %59 : (tensor<?x1xi64>, tensor<1xi64>) -> tensor<?xi64>
  %66 = stablehlo.dynamic_reshape %65, %60 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %67 = stablehlo.composite "onnx.GatherND" %34, %66 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_5, version = 1 : i32} : (tensor<?x1x8xf32>, tensor<?x1xi64>) -> tensor<?x1x8xf32>
  %68 = stablehlo.transpose %67, dims = [1, 0, 2] : (tensor<?x1x8xf32>) -> tensor<1x?x8xf32>
  %69 = stablehlo.concatenate %59, %c_30,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %70 = stablehlo.dynamic_reshape %68, %69 : (tensor<1x?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %cst_48 = stablehlo.constant #moe_support.external<"weights", 480> : tensor<4x8xf32>
  %71 = stablehlo.dot_general %70, %cst_48, contracting_dims = [1] x [1] : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
  %72 = stablehlo.logistic %71 : tensor<?x4xf32>
  %73 = stablehlo.multiply %71, %72 : tensor<?x4xf32>
  %cst_49 = stablehlo.constant #moe_support.external<"weights", 608> : tensor<4x8xf32>
  %74 = stablehlo.dot_general %70, %cst_49, contracting_dims = [1] x [1] : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
  %75 = stablehlo.multiply %73, %74 : tensor<?x4xf32>
  %cst_50 = stablehlo.constant #moe_support.external<"weights", 736> : tensor<8x4xf32>
  %76 = stablehlo.dot_general %75, %cst_50, contracting_dims = [1] x [1] : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  %77 = stablehlo.dynamic_reshape %62, %60 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %78 = stablehlo.concatenate %66, %77,  dim = 1 : (tensor<?x1xi64>, tensor<?x1xi64>) -> tensor<?x2xi64>
  %79 = stablehlo.composite "onnx.GatherND" %46, %78 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_6, version = 1 : i32} : (tensor<?x2x1xf32>, tensor<?x2xi64>) -> tensor<?x1xf32>
  %80 = chlo.broadcast_multiply %76, %79 : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %81 = stablehlo.composite "onnx.ScatterND" %51, %66, %80 {composite_attributes = {reduction = "add"}, decomposition = @onnx.ScatterND_7, version = 1 : i32} : (tensor<?x8xf32>, tensor<?x1xi64>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %c_51 = stablehlo.constant dense<[2, 0, 0]> : tensor<3xi64>
  %c_52 = stablehlo.constant dense<[3, 2]> : tensor<2xi64>
  %82 = stablehlo.concatenate %c_52, %5,  dim = 0 : (tensor<2xi64>, tensor<1xi64>) -> tensor<3xi64>
  %83 = stablehlo.real_dynamic_slice %16, %c_51, %82, %c_40 : (tensor<3x2x?xi64>, tensor<3xi64>, tensor<3xi64>, tensor<3xi64>) -> tensor<1x2x?xi64>
  %84 = stablehlo.dynamic_reshape %83, %19 : (tensor<1x2x?xi64>, tensor<2xi64>) -> tensor<2x?xi64>
  %85 = stablehlo.composite "onnx.NonZero" %84 {composite_attributes = {}, decomposition = @onnx.NonZero_4, version = 1 : i32} : (tensor<2x?xi64>) -> tensor<2x?xi64>
  %86 = stablehlo.transpose %85, dims = [1, 0] : (tensor<2x?xi64>) -> tensor<?x2xi64>
  %87 = stablehlo.get_dimension_size %85, dim = 1 : (tensor<2x?xi64>) -> tensor<i32>
  %88 = stablehlo.convert %87 : (tensor<i32>) -> tensor<i64>
  %89 = stablehlo.reshape %88 : (tensor<i64>) -> tensor<1xi64>
  %90 = stablehlo.concatenate %89, %c,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %91 = stablehlo.real_dynamic_slice %86, %c_41, %90, %c_1 : (tensor<?x2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %92 = stablehlo.dynamic_reshape %91, %89 : (tensor<?x1xi64>, tensor<1xi64>) -> tensor<?xi64>
  %93 = stablehlo.concatenate %89, %c_24,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %94 = stablehlo.real_dynamic_slice %86, %c_42, %93, %c_1 : (tensor<?x2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %95 = stablehlo.dynamic_reshape %94, %89 : (tensor<?x1xi64>, tensor<1xi64>) -> tensor<?xi64>
  %96 = stablehlo.dynamic_reshape %95, %90 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %97 = stablehlo.composite "onnx.GatherND" %34, %96 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_5, version = 1 : i32} : (tensor<?x1x8xf32>, tensor<?x1xi64>) -> tensor<?x1x8xf32>
  %98 = stablehlo.transpose %97, dims = [1, 0, 2] : (tensor<?x1x8xf32>) -> tensor<1x?x8xf32>
  %99 = stablehlo.concatenate %89, %c_30,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %100 = stablehlo.dynamic_reshape %98, %99 : (tensor<1x?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %cst_53 = stablehlo.constant #moe_support.external<"weights", 864> : tensor<4x8xf32>
  %101 = stablehlo.dot_general %100, %cst_53, contracting_dims = [1] x [1] : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
  %102 = stablehlo.logistic %101 : tensor<?x4xf32>
  %103 = stablehlo.multiply %101, %102 : tensor<?x4xf32>
  %cst_54 = stablehlo.constant #moe_support.external<"weights", 992> : tensor<4x8xf32>
  %104 = stablehlo.dot_general %100, %cst_54, contracting_dims = [1] x [1] : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
  %105 = stablehlo.multiply %103, %104 : tensor<?x4xf32>
  %cst_55 = stablehlo.constant #moe_support.external<"weights", 1120> : tensor<8x4xf32>
  %106 = stablehlo.dot_general %105, %cst_55, contracting_dims = [1] x [1] : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  %107 = stablehlo.dynamic_reshape %92, %90 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %108 = stablehlo.concatenate %96, %107,  dim = 1 : (tensor<?x1xi64>, tensor<?x1xi64>) -> tensor<?x2xi64>
  %109 = stablehlo.composite "onnx.GatherND" %46, %108 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_6, version = 1 : i32} : (tensor<?x2x1xf32>, tensor<?x2xi64>) -> tensor<?x1xf32>
  %110 = chlo.broadcast_multiply %106, %109 : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %111 = stablehlo.composite "onnx.ScatterND" %81, %96, %110 {composite_attributes = {reduction = "add"}, decomposition = @onnx.ScatterND_7, version = 1 : i32} : (tensor<?x8xf32>, tensor<?x1xi64>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %111 : tensor<?x8xf32>
}
func.func private @onnx.GatherND_5(tensor<?x1x8xf32>, tensor<?x1xi64>) -> tensor<?x1x8xf32>
func.func private @onnx.GatherND_6(tensor<?x2x1xf32>, tensor<?x2xi64>) -> tensor<?x1xf32>
func.func private @onnx.NonZero_4(tensor<2x?xi64>) -> tensor<2x?xi64>
func.func private @onnx.ScatterND_7(tensor<?x8xf32>, tensor<?x1xi64>, tensor<?x8xf32>) -> tensor<?x8xf32>
func.func private @onnx.Softmax_3(tensor<?x3xf32>) -> tensor<?x3xf32>
