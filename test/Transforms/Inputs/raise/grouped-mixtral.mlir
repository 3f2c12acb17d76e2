func.func @layer(%ids: tensor<?x?xi64>, %x: tensor<?x?x8xf32>) -> tensor<?x8xf32> {
  %0 = stablehlo.get_dimension_size %ids, dim = 1 : (tensor<?x?xi64>) -> tensor<i32>
  %1 = stablehlo.convert %0 : (tensor<i32>) -> tensor<i64>
  %c = stablehlo.constant dense<1> : tensor<1xi64>
  %2 = stablehlo.get_dimension_size %ids, dim = 0 : (tensor<?x?xi64>) -> tensor<i32>
  %3 = stablehlo.convert %2 : (tensor<i32>) -> tensor<i64>
  %c_0 = stablehlo.constant dense<0> : tensor<2xi64>
  %c_2 = stablehlo.constant dense<1> : tensor<2xi64>
  %c_3 = stablehlo.constant dense<1> : tensor<i64>
  %c_8 = stablehlo.constant dense<true> : tensor<i1>
  %c_20 = stablehlo.constant dense<4> : tensor<1xi64>
  %cst_28 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
  %c_29 = stablehlo.constant dense<2> : tensor<i64>
  %c_32 = stablehlo.constant dense<8> : tensor<1xi64>
  %4 = stablehlo.multiply %3, %1 : tensor<i64>
  %5 = stablehlo.reshape %4 : (tensor<i64>) -> tensor<1xi64>
  %6 = stablehlo.concatenate %5, %c_32,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %7 = stablehlo.dynamic_reshape %x, %6 : (tensor<?x?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %cst_38 = stablehlo.constant #moe_support.external<"weights", 0> : tensor<3x8xf32>
  %8 = stablehlo.dot_general %7, %cst_38, contracting_dims = [1] x [1] : (tensor<?x8xf32>, tensor<3x8xf32>) -> tensor<?x3xf32>
  %9 = stablehlo.composite "onnx.Softmax" %8 {composite_attributes = {axis = 1 : i64}, decomposition = @onnx.Softmax_7, version = 1 : i32} : (tensor<?x3xf32>) -> tensor<?x3xf32>
  %values, %indices = chlo.top_k(%9, k = 2) : tensor<?x3xf32> -> (tensor<?x2xf32>, tensor<?x2xi32>)
  %10 = stablehlo.convert %indices : (tensor<?x2xi32>) -> tensor<?x2xi64>
  %cst_39 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %11 = stablehlo.reduce(%values init: %cst_39) applies stablehlo.add across dimensions = [1] : (tensor<?x2xf32>, tensor<f32>) -> tensor<?xf32>
  %12 = stablehlo.concatenate %5, %c,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %13 = stablehlo.dynamic_reshape %11, %12 : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x1xf32>
  %14 = chlo.broadcast_divide %values, %13 : (tensor<?x2xf32>, tensor<?x1xf32>) -> tensor<?x2xf32>
  %15 = stablehlo.multiply %c_29, %3 : tensor<i64>
  %16 = stablehlo.multiply %15, %1 : tensor<i64>
  %17 = stablehlo.reshape %16 : (tensor<i64>) -> tensor<1xi64>
  %18 = stablehlo.dynamic_reshape %10, %17 : (tensor<?x2xi64>, tensor<1xi64>) -> tensor<?xi64>
  %19:2 = stablehlo.composite "onnx.TopK" %18 {composite_attributes = {axis = 0 : i64, largest = 0 : i64, sorted = 1 : i64}, decomposition = @onnx.TopK_8, version = 1 : i32} : (tensor<?xi64>) -> (tensor<?xi64>, tensor<?xi64>)
  %c_40 = stablehlo.constant dense<0> : tensor<i64>
  %20 = chlo.broadcast_compare %19#1, %c_40 {comparison_direction = #chlo<comparison_direction LT>} : (tensor<?xi64>, tensor<i64>) -> tensor<?xi1>
  %21 = chlo.broadcast_compare %20, %c_8 {comparison_direction = #chlo<comparison_direction EQ>} : (tensor<?xi1>, tensor<i1>) -> tensor<?xi1>
  %c_41 = stablehlo.constant dense<2> : tensor<i64>
  %22 = chlo.broadcast_remainder %19#1, %c_41 : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %c_42 = stablehlo.constant dense<0> : tensor<i64>
  %23 = chlo.broadcast_compare %22, %c_42 {comparison_direction = #chlo<comparison_direction LT>} : (tensor<?xi64>, tensor<i64>) -> tensor<?xi1>
  %c_43 = stablehlo.constant dense<false> : tensor<i1>
  %24 = chlo.broadcast_xor %23, %c_43 : (tensor<?xi1>, tensor<i1>) -> tensor<?xi1>
  %25 = chlo.broadcast_compare %22, %c_42 {comparison_direction = #chlo<comparison_direction NE>} : (tensor<?xi64>, tensor<i64>) -> tensor<?xi1>
  %26 = stablehlo.and %24, %25 : tensor<?xi1>
  %27 = chlo.broadcast_add %22, %c_41 : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %28 = stablehlo.select %26, %27, %22 : tensor<?xi1>, tensor<?xi64>
  %29 = stablehlo.convert %28 : (tensor<?xi64>) -> tensor<?xi1>
  %30 = stablehlo.and %21, %29 : tensor<?xi1>
  %31 = stablehlo.convert %30 : (tensor<?xi1>) -> tensor<?xi64>
  %32 = chlo.broadcast_divide %19#1, %c_41 : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %33 = stablehlo.subtract %32, %31 : tensor<?xi64>
  %34 = stablehlo.concatenate %17, %c,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %35 = stablehlo.dynamic_reshape %33, %34 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %36 = stablehlo.composite "onnx.GatherND" %7, %35 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_9, version = 1 : i32} : (tensor<?x8xf32>, tensor<?x1xi64>) -> tensor<?x8xf32>
  %37 = stablehlo.dynamic_reshape %14, %17 : (tensor<?x2xf32>, tensor<1xi64>) -> tensor<?xf32>
  %38 = stablehlo.dynamic_reshape %19#1, %34 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %39 = stablehlo.composite "onnx.GatherND" %37, %38 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_10, version = 1 : i32} : (tensor<?xf32>, tensor<?x1xi64>) -> tensor<?xf32>
  %40 = stablehlo.convert %19#0 : (tensor<?xi64>) -> tensor<?xf32>
  %cst_44 = stablehlo.constant dense<0.666666686> : tensor<f32>
  %41 = chlo.broadcast_divide %40, %cst_44 : (tensor<?xf32>, tensor<f32>) -> tensor<?xf32>
  %42 = stablehlo.convert %41 : (tensor<?xf32>) -> tensor<?xi64>
  %43 = stablehlo.clamp %c_40, %42, %c_41 : (tensor<i64>, tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %44 = stablehlo.dynamic_broadcast_in_dim %cst_28, %17, dims = [] : (tensor<f32>, tensor<1xi64>) -> tensor<?xf32>
  %cst_45 = stablehlo.constant dense<0.000000e+00> : tensor<3xf32>
  %45 = stablehlo.composite "onnx.ScatterElements" %cst_45, %43, %44 {composite_attributes = {axis = 0 : i64, reduction = "add"}, decomposition = @onnx.ScatterElements_11, version = 1 : i32} : (tensor<3xf32>, tensor<?xi64>, tensor<?xf32>) -> tensor<3xf32>
  %46 = stablehlo.convert %45 : (tensor<3xf32>) -> tensor<3xi32>
  %47 = stablehlo.composite "onnx.CumSum" %46 {composite_attributes = {axis = 0 : i64, exclusive = 0 : i64, reverse = 0 : i64}, decomposition = @onnx.CumSum_12, version = 1 : i32} : (tensor<3xi32>) -> tensor<3xi32>
  %48 = stablehlo.convert %47 : (tensor<3xi32>) -> tensor<3xi64>
  %49 = stablehlo.slice %48 [0:1] : (tensor<3xi64>) -> tensor<1xi64>
  %50 = stablehlo.slice %48 [1:2] : (tensor<3xi64>) -> tensor<1xi64>
  %51 = stablehlo.slice %48 [2:3] : (tensor<3xi64>) -> tensor<1xi64>
  %52 = stablehlo.reshape %49 : (tensor<1xi64>) -> tensor<i64>
  %53 = stablehlo.subtract %52, %c_40 : tensor<i64>
  %54 = stablehlo.divide %53, %c_3 : tensor<i64>
  %55 = stablehlo.multiply %54, %c_3 : tensor<i64>
  %56 = stablehlo.subtract %53, %55 : tensor<i64>
  %c_46 = stablehlo.constant dense<0> : tensor<i64>
  %57 = stablehlo.compare  NE, %56, %c_46 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %58 = stablehlo.compare  LT, %56, %c_46 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %c_47 = stablehlo.constant dense<false> : tensor<i1>
  %59 = stablehlo.compare  EQ, %58, %c_47 : (tensor<i1>, tensor<i1>) -> tensor<i1>
  %60 = stablehlo.and %57, %59 : tensor<i1>
  %61 = stablehlo.convert %60 : (tensor<i1>) -> tensor<i64>
  %62 = stablehlo.add %54, %61 : tensor<i64>
  %c_48 = stablehlo.constant dense<0> : tensor<i64>
  %63 = stablehlo.maximum %62, %c_48 : tensor<i64>
  %64 = stablehlo.reshape %63 : (tensor<i64>) -> tensor<1xi64>
  %65 = stablehlo.dynamic_iota %64, dim = 0 : (tensor<1xi64>) -> tensor<?xi64>
  %66 = stablehlo.composite "onnx.Gather" %36, %65 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_13, version = 1 : i32} : (tensor<?x8xf32>, tensor<?xi64>) -> tensor<?x8xf32>
  %cst_49 = stablehlo.constant #moe_support.reshape<#moe_support.slice<#moe_support.external<"weights", 96> : tensor<3x8x8xf32>, [0, 0, 0], [1, 1, 1]> : tensor<1x8x8xf32>> : tensor<8x8xf32>
  %67 = stablehlo.dot_general %66, %cst_49, contracting_dims = [1] x [0] : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  %68 = stablehlo.reshape %50 : (tensor<1xi64>) -> tensor<i64>
  %69 = stablehlo.subtract %68, %52 : tensor<i64>
  %70 = stablehlo.divide %69, %c_3 : tensor<i64>
  %71 = stablehlo.multiply %70, %c_3 : tensor<i64>
  %72 = stablehlo.subtract %69, %71 : tensor<i64>
  %c_50 = stablehlo.constant dense<0> : tensor<i64>
  %73 = stablehlo.compare  NE, %72, %c_50 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %74 = stablehlo.compare  LT, %72, %c_50 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %c_51 = stablehlo.constant dense<false> : tensor<i1>
  %75 = stablehlo.compare  EQ, %74, %c_51 : (tensor<i1>, tensor<i1>) -> tensor<i1>
  %76 = stablehlo.and %73, %75 : tensor<i1>
  %77 = stablehlo.convert %76 : (tensor<i1>) -> tensor<i64>
  %78 = stablehlo.add %70, %77 : tensor<i64>
  %c_52 = stablehlo.constant dense<0> : tensor<i64>
  %79 = stablehlo.maximum %78, %c_52 : tensor<i64>
  %80 = stablehlo.reshape %79 : (tensor<i64>) -> tensor<1xi64>
  %81 = stablehlo.dynamic_iota %80, dim = 0 : (tensor<1xi64>) -> tensor<?xi64>
  %82 = chlo.broadcast_add %81, %52 : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %83 = stablehlo.composite "onnx.Gather" %36, %82 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_13, version = 1 : i32} : (tensor<?x8xf32>, tensor<?xi64>) -> tensor<?x8xf32>
  %cst_53 = stablehlo.constant #moe_support.reshape<#moe_support.slice<#moe_support.external<"weights", 96> : tensor<3x8x8xf32>, [1, 0, 0], [1, 1, 1]> : tensor<1x8x8xf32>> : tensor<8x8xf32>
  %84 = stablehlo.dot_general %83, %cst_53, contracting_dims = [1] x [0] : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  %85 = stablehlo.reshape %51 : (tensor<1xi64>) -> tensor<i64>
  %86 = stablehlo.subtract %85, %68 : tensor<i64>
  %87 = stablehlo.divide %86, %c_3 : tensor<i64>
  %88 = stablehlo.multiply %87, %c_3 : tensor<i64>
  %89 = stablehlo.subtract %86, %88 : tensor<i64>
  %c_54 = stablehlo.constant dense<0> : tensor<i64>
  %90 = stablehlo.compare  NE, %89, %c_54 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %91 = stablehlo.compare  LT, %89, %c_54 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %c_55 = stablehlo.constant dense<false> : tensor<i1>
  %92 = stablehlo.compare  EQ, %91, %c_55 : (tensor<i1>, tensor<i1>) -> tensor<i1>
  %93 = stablehlo.and %90, %92 : tensor<i1>
  %94 = stablehlo.convert %93 : (tensor<i1>) -> tensor<i64>
  %95 = stablehlo.add %87, %94 : tensor<i64>
  %c_56 = stablehlo.constant dense<0> : tensor<i64>
  %96 = stablehlo.maximum %95, %c_56 : tensor<i64>
  %97 = stablehlo.reshape %96 : (tensor<i64>) -> tensor<1xi64>
  %98 = stablehlo.dynamic_iota %97, dim = 0 : (tensor<1xi64>) -> tensor<?xi64>
  %99 = chlo.broadcast_add %98, %68 : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %100 = stablehlo.composite "onnx.Gather" %36, %99 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_13, version = 1 : i32} : (tensor<?x8xf32>, tensor<?xi64>) -> tensor<?x8xf32>
  %cst_57 = stablehlo.constant #moe_support.reshape<#moe_support.slice<#moe_support.external<"weights", 96> : tensor<3x8x8xf32>, [2, 0, 0], [1, 1, 1]> : tensor<1x8x8xf32>> : tensor<8x8xf32>
  %101 = stablehlo.dot_general %100, %cst_57, contracting_dims = [1] x [0] : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  %102 = stablehlo.concatenate %67, %84, %101,  dim = 0 : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %103 = stablehlo.add %63, %79 : tensor<i64>
  %104 = stablehlo.add %103, %96 : tensor<i64>
  %105 = stablehlo.reshape %104 : (tensor<i64>) -> tensor<1xi64>
  %106 = stablehlo.concatenate %105, %c_20,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %107 = stablehlo.real_dynamic_slice %102, %c_0, %106, %c_2 : (tensor<?x8xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x4xf32>
  %c_58 = stablehlo.constant dense<[0, 4]> : tensor<2xi64>
  %108 = stablehlo.concatenate %105, %c_32,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %109 = stablehlo.real_dynamic_slice %102, %c_58, %108, %c_2 : (tensor<?x8xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x4xf32>
  %110 = stablehlo.logistic %107 : tensor<?x4xf32>
  %111 = stablehlo.multiply %107, %110 : tensor<?x4xf32>
  %112 = stablehlo.multiply %111, %109 : tensor<?x4xf32>
  %113 = stablehlo.composite "onnx.Gather" %112, %65 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_14, version = 1 : i32} : (tensor<?x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
  %cst_59 = stablehlo.constant #moe_support.reshape<#moe_support.slice<#moe_support.external<"weights", 864> : tensor<3x4x8xf32>, [0, 0, 0], [1, 1, 1]> : tensor<1x4x8xf32>> : tensor<4x8xf32>
  %114 = stablehlo.dot_general %113, %cst_59, contracting_dims = [1] x [0] : (tensor<?x4xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
  %115 = stablehlo.composite "onnx.Gather" %112, %82 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_14, version = 1 : i32} : (tensor<?x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
  %cst_60 = stablehlo.constant #moe_support.reshape<#moe_support.slice<#moe_support.external<"weights", 864> : tensor<3x4x8xf32>, [1, 0, 0], [1, 1, 1]> : tensor<1x4x8xf32>> : tensor<4x8xf32>
  %116 = stablehlo.dot_general %115, %cst_60, contracting_dims = [1] x [0] : (tensor<?x4xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
  %117 = stablehlo.composite "onnx.Gather" %112, %99 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_14, version = 1 : i32} : (tensor<?x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
  %cst_61 = stablehlo.constant #moe_support.reshape<#moe_support.slice<#moe_support.external<"weights", 864> : tensor<3x4x8xf32>, [2, 0, 0], [1, 1, 1]> : tensor<1x4x8xf32>> : tensor<4x8xf32>
  %118 = stablehlo.dot_general %117, %cst_61, contracting_dims = [1] x [0] : (tensor<?x4xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
  %119 = stablehlo.concatenate %114, %116, %118,  dim = 0 : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %120 = stablehlo.dynamic_reshape %39, %34 : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x1xf32>
  %121 = chlo.broadcast_multiply %119, %120 : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %122 = stablehlo.dynamic_broadcast_in_dim %c_40, %17, dims = [] : (tensor<i64>, tensor<1xi64>) -> tensor<?xi64>
  %123 = stablehlo.dynamic_iota %17, dim = 0 : (tensor<1xi64>) -> tensor<?xi64>
  %124 = stablehlo.composite "onnx.ScatterND" %122, %38, %123 {composite_attributes = {reduction = "none"}, decomposition = @onnx.ScatterND_15, version = 1 : i32} : (tensor<?xi64>, tensor<?x1xi64>, tensor<?xi64>) -> tensor<?xi64>
  %125 = stablehlo.dynamic_reshape %124, %34 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %126 = stablehlo.composite "onnx.GatherND" %121, %125 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_9, version = 1 : i32} : (tensor<?x8xf32>, tensor<?x1xi64>) -> tensor<?x8xf32>
  %c_62 = stablehlo.constant dense<[2, 8]> : tensor<2xi64>
  %127 = stablehlo.concatenate %5, %c_62,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %128 = stablehlo.dynamic_reshape %126, %127 : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x2x8xf32>
  %cst_63 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %129 = stablehlo.reduce(%128 init: %cst_63) applies stablehlo.add across dimensions = [1] : (tensor<?x2x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  return %129 : tensor<?x8xf32>
}
func.func private @onnx.CumSum_12(tensor<3xi32>) -> tensor<3xi32>
func.func private @onnx.GatherND_10(tensor<?xf32>, tensor<?x1xi64>) -> tensor<?xf32>
func.func private @onnx.GatherND_9(tensor<?x8xf32>, tensor<?x1xi64>) -> tensor<?x8xf32>
func.func private @onnx.Gather_13(tensor<?x8xf32>, tensor<?xi64>) -> tensor<?x8xf32>
func.func private @onnx.Gather_14(tensor<?x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
func.func private @onnx.ScatterElements_11(tensor<3xf32>, tensor<?xi64>, tensor<?xf32>) -> tensor<3xf32>
func.func private @onnx.ScatterND_15(tensor<?xi64>, tensor<?x1xi64>, tensor<?xi64>) -> tensor<?xi64>
func.func private @onnx.Softmax_7(tensor<?x3xf32>) -> tensor<?x3xf32>
func.func private @onnx.TopK_8(tensor<?xi64>) -> (tensor<?xi64>, tensor<?xi64>)
