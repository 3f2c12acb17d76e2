func.func @layer(%ids: tensor<?x?xi64>, %x: tensor<?x?x8xf32>) -> tensor<?x8xf32> {
  %0 = stablehlo.get_dimension_size %ids, dim = 1 : (tensor<?x?xi64>) -> tensor<i32>
  %1 = stablehlo.convert %0 : (tensor<i32>) -> tensor<i64>
  %c_0 = stablehlo.constant dense<1> : tensor<1xi64>
  %c_3 = stablehlo.constant dense<true> : tensor<i1>
  %2 = stablehlo.get_dimension_size %ids, dim = 0 : (tensor<?x?xi64>) -> tensor<i32>
  %3 = stablehlo.convert %2 : (tensor<i32>) -> tensor<i64>
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
  %c_38 = stablehlo.constant dense<2> : tensor<i64>
  %12 = stablehlo.multiply %c_38, %3 : tensor<i64>
  %13 = stablehlo.multiply %12, %1 : tensor<i64>
  %14 = stablehlo.reshape %13 : (tensor<i64>) -> tensor<1xi64>
  %15 = stablehlo.dynamic_reshape %11, %14 : (tensor<?x2xf32>, tensor<1xi64>) -> tensor<?xf32>
  %16 = stablehlo.dynamic_reshape %10, %14 : (tensor<?x2xi64>, tensor<1xi64>) -> tensor<?xi64>
  %17:2 = stablehlo.composite "onnx.TopK" %16 {composite_attributes = {axis = 0 : i64, largest = 0 : i64, sorted = 1 : i64}, decomposition = @onnx.TopK_3, version = 1 : i32} : (tensor<?xi64>) -> (tensor<?xi64>, tensor<?xi64>)
  %c_39 = stablehlo.constant dense<0> : tensor<i64>
  %18 = chlo.broadcast_compare %17#1, %c_39 {comparison_direction = #chlo<comparison_direction LT>} : (tensor<?xi64>, tensor<i64>) -> tensor<?xi1>
  %19 = chlo.broadcast_compare %18, %c_3 {comparison_direction = #chlo<comparison_direction EQ>} : (tensor<?xi1>, tensor<i1>) -> tensor<?xi1>
  %c_40 = stablehlo.constant dense<2> : tensor<i64>
  %20 = chlo.broadcast_remainder %17#1, %c_40 : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %c_41 = stablehlo.constant dense<0> : tensor<i64>
  %21 = chlo.broadcast_compare %20, %c_41 {comparison_direction = #chlo<comparison_direction LT>} : (tensor<?xi64>, tensor<i64>) -> tensor<?xi1>
  %c_42 = stablehlo.constant dense<false> : tensor<i1>
  %22 = chlo.broadcast_xor %21, %c_42 : (tensor<?xi1>, tensor<i1>) -> tensor<?xi1>
  %23 = chlo.broadcast_compare %20, %c_41 {comparison_direction = #chlo<comparison_direction NE>} : (tensor<?xi64>, tensor<i64>) -> tensor<?xi1>
  %24 = stablehlo.and %22, %23 : tensor<?xi1>
  %25 = chlo.broadcast_add %20, %c_40 : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %26 = stablehlo.select %24, %25, %20 : tensor<?xi1>, tensor<?xi64>
  %27 = stablehlo.convert %26 : (tensor<?xi64>) -> tensor<?xi1>
  %28 = stablehlo.and %19, %27 : tensor<?xi1>
  %29 = stablehlo.convert %28 : (tensor<?xi1>) -> tensor<?xi64>
  %30 = chlo.broadcast_divide %17#1, %c_40 : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %31 = stablehlo.subtract %30, %29 : tensor<?xi64>
  %32 = stablehlo.concatenate %14, %c_0,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %33 = stablehlo.dynamic_reshape %31, %32 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %34 = stablehlo.composite "onnx.GatherND" %7, %33 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_4, version = 1 : i32} : (tensor<?x8xf32>, tensor<?x1xi64>) -> tensor<?x8xf32>
  %35 = stablehlo.dynamic_reshape %17#1, %32 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %36 = stablehlo.composite "onnx.GatherND" %15, %35 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_5, version = 1 : i32} : (tensor<?xf32>, tensor<?x1xi64>) -> tensor<?xf32>
  %37 = stablehlo.convert %17#0 : (tensor<?xi64>) -> tensor<?xf32>
  %cst_43 = stablehlo.constant dense<0.666666686> : tensor<f32>
  %38 = chlo.broadcast_divide %37, %cst_43 : (tensor<?xf32>, tensor<f32>) -> tensor<?xf32>
  %39 = stablehlo.convert %38 : (tensor<?xf32>) -> tensor<?xi64>
  %40 = stablehlo.clamp %c_39, %39, %c_40 : (tensor<i64>, tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %cst_44 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
  %41 = stablehlo.dynamic_broadcast_in_dim %cst_44, %14, dims = [] : (tensor<f32>, tensor<1xi64>) -> tensor<?xf32>
  %cst_45 = stablehlo.constant dense<0.000000e+00> : tensor<3xf32>
  %42 = stablehlo.composite "onnx.ScatterElements" %cst_45, %40, %41 {composite_attributes = {axis = 0 : i64, reduction = "add"}, decomposition = @onnx.ScatterElements_6, version = 1 : i32} : (tensor<3xf32>, tensor<?xi64>, tensor<?xf32>) -> tensor<3xf32>
  %43 = stablehlo.convert %42 : (tensor<3xf32>) -> tensor<3xi32>
  %44 = stablehlo.composite "onnx.CumSum" %43 {composite_attributes = {axis = 0 : i64, exclusive = 0 : i64, reverse = 0 : i64}, decomposition = @onnx.CumSum_7, version = 1 : i32} : (tensor<3xi32>) -> tensor<3xi32>
  %45 = stablehlo.dynamic_reshape %17#0, %32 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %cst_46 = stablehlo.constant #moe_support.external<"weights", 96> : tensor<3x8xf32>
  %46 = stablehlo.composite "onnx.GatherND" %cst_46, %45 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_8, version = 1 : i32} : (tensor<3x8xf32>, tensor<?x1xi64>) -> tensor<?x8xf32>
  %47 = stablehlo.convert %44 : (tensor<3xi32>) -> tensor<3xi64>
  %48 = stablehlo.slice %47 [0:1] : (tensor<3xi64>) -> tensor<1xi64>
  %49 = stablehlo.slice %47 [1:2] : (tensor<3xi64>) -> tensor<1xi64>
  %50 = stablehlo.slice %47 [2:3] : (tensor<3xi64>) -> tensor<1xi64>
  %51 = stablehlo.reshape %48 : (tensor<1xi64>) -> tensor<i64>
  %52 = stablehlo.subtract %51, %c_39 : tensor<i64>
  %c_47 = stablehlo.constant dense<1> : tensor<i64>
  %53 = stablehlo.divide %52, %c_47 : tensor<i64>
  %54 = stablehlo.multiply %53, %c_47 : tensor<i64>
  %55 = stablehlo.subtract %52, %54 : tensor<i64>
  %c_48 = stablehlo.constant dense<0> : tensor<i64>
  %56 = stablehlo.compare  NE, %55, %c_48 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %57 = stablehlo.compare  LT, %55, %c_48 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %c_49 = stablehlo.constant dense<false> : tensor<i1>
  %58 = stablehlo.compare  EQ, %57, %c_49 : (tensor<i1>, tensor<i1>) -> tensor<i1>
  %59 = stablehlo.and %56, %58 : tensor<i1>
  %60 = stablehlo.convert %59 : (tensor<i1>) -> tensor<i64>
  %61 = stablehlo.add %53, %60 : tensor<i64>
  %c_50 = stablehlo.constant dense<0> : tensor<i64>
  %62 = stablehlo.maximum %61, %c_50 : tensor<i64>
  %63 = stablehlo.reshape %62 : (tensor<i64>) -> tensor<1xi64>
  %64 = stablehlo.dynamic_iota %63, dim = 0 : (tensor<1xi64>) -> tensor<?xi64>
  %65 = stablehlo.composite "onnx.Gather" %34, %64 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_9, version = 1 : i32} : (tensor<?x8xf32>, tensor<?xi64>) -> tensor<?x8xf32>
  %cst_51 = stablehlo.constant #moe_support.reshape<#moe_support.slice<#moe_support.external<"weights", 192> : tensor<3x8x8xf32>, [0, 0, 0], [1, 1, 1]> : tensor<1x8x8xf32>> : tensor<8x8xf32>
  %66 = stablehlo.dot_general %65, %cst_51, contracting_dims = [1] x [0] : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  %67 = stablehlo.reshape %49 : (tensor<1xi64>) -> tensor<i64>
  %68 = stablehlo.subtract %67, %51 : tensor<i64>
  %69 = stablehlo.divide %68, %c_47 : tensor<i64>
  %70 = stablehlo.multiply %69, %c_47 : tensor<i64>
  %71 = stablehlo.subtract %68, %70 : tensor<i64>
  %c_52 = stablehlo.constant dense<0> : tensor<i64>
  %72 = stablehlo.compare  NE, %71, %c_52 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %73 = stablehlo.compare  LT, %71, %c_52 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %c_53 = stablehlo.constant dense<false> : tensor<i1>
  %74 = stablehlo.compare  EQ, %73, %c_53 : (tensor<i1>, tensor<i1>) -> tensor<i1>
  %75 = stablehlo.and %72, %74 : tensor<i1>
  %76 = stablehlo.convert %75 : (tensor<i1>) -> tensor<i64>
  %77 = stablehlo.add %69, %76 : tensor<i64>
  %c_54 = stablehlo.constant dense<0> : tensor<i64>
  %78 = stablehlo.maximum %77, %c_54 : tensor<i64>
  %79 = stablehlo.reshape %78 : (tensor<i64>) -> tensor<1xi64>
  %80 = stablehlo.dynamic_iota %79, dim = 0 : (tensor<1xi64>) -> tensor<?xi64>
  %81 = chlo.broadcast_add %80, %51 : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %82 = stablehlo.composite "onnx.Gather" %34, %81 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_9, version = 1 : i32} : (tensor<?x8xf32>, tensor<?xi64>) -> tensor<?x8xf32>
  %cst_55 = stablehlo.constant #moe_support.reshape<#moe_support.slice<#moe_support.external<"weights", 192> : tensor<3x8x8xf32>, [1, 0, 0], [1, 1, 1]> : tensor<1x8x8xf32>> : tensor<8x8xf32>
  %83 = stablehlo.dot_general %82, %cst_55, contracting_dims = [1] x [0] : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  %84 = stablehlo.reshape %50 : (tensor<1xi64>) -> tensor<i64>
  %85 = stablehlo.subtract %84, %67 : tensor<i64>
  %86 = stablehlo.divide %85, %c_47 : tensor<i64>
  %87 = stablehlo.multiply %86, %c_47 : tensor<i64>
  %88 = stablehlo.subtract %85, %87 : tensor<i64>
  %c_56 = stablehlo.constant dense<0> : tensor<i64>
  %89 = stablehlo.compare  NE, %88, %c_56 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %90 = stablehlo.compare  LT, %88, %c_56 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %c_57 = stablehlo.constant dense<false> : tensor<i1>
  %91 = stablehlo.compare  EQ, %90, %c_57 : (tensor<i1>, tensor<i1>) -> tensor<i1>
  %92 = stablehlo.and %89, %91 : tensor<i1>
  %93 = stablehlo.convert %92 : (tensor<i1>) -> tensor<i64>
  %94 = stablehlo.add %86, %93 : tensor<i64>
  %c_58 = stablehlo.constant dense<0> : tensor<i64>
  %95 = stablehlo.maximum %94, %c_58 : tensor<i64>
  %96 = stablehlo.reshape %95 : (tensor<i64>) -> tensor<1xi64>
  %97 = stablehlo.dynamic_iota %96, dim = 0 : (tensor<1xi64>) -> tensor<?xi64>
  %98 = chlo.broadcast_add %97, %67 : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %99 = stablehlo.composite "onnx.Gather" %34, %98 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_9, version = 1 : i32} : (tensor<?x8xf32>, tensor<?xi64>) -> tensor<?x8xf32>
  %cst_59 = stablehlo.constant #moe_support.reshape<#moe_support.slice<#moe_support.external<"weights", 192> : tensor<3x8x8xf32>, [2, 0, 0], [1, 1, 1]> : tensor<1x8x8xf32>> : tensor<8x8xf32>
  %100 = stablehlo.dot_general %99, %cst_59, contracting_dims = [1] x [0] : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  %101 = stablehlo.concatenate %66, %83, %100,  dim = 0 : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %102 = chlo.broadcast_add %101, %46 : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %c_60 = stablehlo.constant dense<0> : tensor<2xi64>
  %103 = stablehlo.add %62, %78 : tensor<i64>
  %104 = stablehlo.add %103, %95 : tensor<i64>
  %c_61 = stablehlo.constant dense<1> : tensor<i64>
  %105 = stablehlo.compare  EQ, %104, %c_61 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %106 = stablehlo.select %105, %13, %104 : tensor<i1>, tensor<i64>
  %107 = stablehlo.reshape %106 : (tensor<i64>) -> tensor<1xi64>
  %c_62 = stablehlo.constant dense<7> : tensor<1xi64>
  %108 = stablehlo.concatenate %107, %c_62,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %109 = stablehlo.real_dynamic_slice %102, %c_60, %108, %c_25 : (tensor<?x8xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x4xf32>
  %cst_63 = stablehlo.constant dense<7.000000e+00> : tensor<f32>
  %110 = chlo.broadcast_minimum %109, %cst_63 : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %c_64 = stablehlo.constant dense<[0, 1]> : tensor<2xi64>
  %111 = stablehlo.concatenate %107, %c_29,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %112 = stablehlo.real_dynamic_slice %102, %c_64, %111, %c_25 : (tensor<?x8xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x4xf32>
  %cst_65 = stablehlo.constant dense<-7.000000e+00> : tensor<f32>
  %113 = stablehlo.clamp %cst_65, %112, %cst_63 : (tensor<f32>, tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %cst_66 = stablehlo.constant dense<1.702000e+00> : tensor<f32>
  %114 = chlo.broadcast_multiply %110, %cst_66 : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %115 = stablehlo.logistic %114 : tensor<?x4xf32>
  %116 = stablehlo.multiply %110, %115 : tensor<?x4xf32>
  %117 = chlo.broadcast_add %113, %cst_44 : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %118 = stablehlo.multiply %117, %116 : tensor<?x4xf32>
  %cst_67 = stablehlo.constant #moe_support.external<"weights", 960> : tensor<3x8xf32>
  %119 = stablehlo.composite "onnx.GatherND" %cst_67, %45 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_8, version = 1 : i32} : (tensor<3x8xf32>, tensor<?x1xi64>) -> tensor<?x8xf32>
  %120 = stablehlo.composite "onnx.Gather" %118, %64 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_10, version = 1 : i32} : (tensor<?x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
  %cst_68 = stablehlo.constant #moe_support.reshape<#moe_support.slice<#moe_support.external<"weights", 1056> : tensor<3x4x8xf32>, [0, 0, 0], [1, 1, 1]> : tensor<1x4x8xf32>> : tensor<4x8xf32>
  %121 = stablehlo.dot_general %120, %cst_68, contracting_dims = [1] x [0] : (tensor<?x4xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
  %122 = stablehlo.composite "onnx.Gather" %118, %81 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_10, version = 1 : i32} : (tensor<?x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
  %cst_69 = stablehlo.constant #moe_support.reshape<#moe_support.slice<#moe_support.external<"weights", 1056> : tensor<3x4x8xf32>, [1, 0, 0], [1, 1, 1]> : tensor<1x4x8xf32>> : tensor<4x8xf32>
  %123 = stablehlo.dot_general %122, %cst_69, contracting_dims = [1] x [0] : (tensor<?x4xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
  %124 = stablehlo.composite "onnx.Gather" %118, %98 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_10, version = 1 : i32} : (tensor<?x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
  %cst_70 = stablehlo.constant #moe_support.reshape<#moe_support.slice<#moe_support.external<"weights", 1056> : tensor<3x4x8xf32>, [2, 0, 0], [1, 1, 1]> : tensor<1x4x8xf32>> : tensor<4x8xf32>
  %125 = stablehlo.dot_general %124, %cst_70, contracting_dims = [1] x [0] : (tensor<?x4xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
  %126 = stablehlo.concatenate %121, %123, %125,  dim = 0 : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %127 = chlo.broadcast_add %126, %119 : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %128 = stablehlo.dynamic_reshape %36, %32 : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x1xf32>
  %129 = chlo.broadcast_multiply %127, %128 : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %130 = stablehlo.dynamic_broadcast_in_dim %c_39, %14, dims = [] : (tensor<i64>, tensor<1xi64>) -> tensor<?xi64>
  %131 = stablehlo.dynamic_iota %14, dim = 0 : (tensor<1xi64>) -> tensor<?xi64>
  %132 = stablehlo.composite "onnx.ScatterND" %130, %35, %131 {composite_attributes = {reduction = "none"}, decomposition = @onnx.ScatterND_11, version = 1 : i32} : (tensor<?xi64>, tensor<?x1xi64>, tensor<?xi64>) -> tensor<?xi64>
  %133 = stablehlo.dynamic_reshape %132, %32 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %134 = stablehlo.composite "onnx.GatherND" %129, %133 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_4, version = 1 : i32} : (tensor<?x8xf32>, tensor<?x1xi64>) -> tensor<?x8xf32>
  %c_71 = stablehlo.constant dense<[2, 8]> : tensor<2xi64>
  %135 = stablehlo.concatenate %5, %c_71,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %136 = stablehlo.dynamic_reshape %134, %135 : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x2x8xf32>
  %cst_72 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %137 = stablehlo.reduce(%136 init: %cst_72) applies stablehlo.add across dimensions = [1] : (tensor<?x2x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  return %137 : tensor<?x8xf32>
}
func.func private @onnx.CumSum_7(tensor<3xi32>) -> tensor<3xi32>
func.func private @onnx.GatherND_4(tensor<?x8xf32>, tensor<?x1xi64>) -> tensor<?x8xf32>
func.func private @onnx.GatherND_5(tensor<?xf32>, tensor<?x1xi64>) -> tensor<?xf32>
func.func private @onnx.GatherND_8(tensor<3x8xf32>, tensor<?x1xi64>) -> tensor<?x8xf32>
func.func private @onnx.Gather_10(tensor<?x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
func.func private @onnx.Gather_9(tensor<?x8xf32>, tensor<?xi64>) -> tensor<?x8xf32>
func.func private @onnx.ScatterElements_6(tensor<3xf32>, tensor<?xi64>, tensor<?xf32>) -> tensor<3xf32>
func.func private @onnx.ScatterND_11(tensor<?xi64>, tensor<?x1xi64>, tensor<?xi64>) -> tensor<?xi64>
func.func private @onnx.Softmax_2(tensor<?x2xf32>) -> tensor<?x2xf32>
func.func private @onnx.TopK_3(tensor<?xi64>) -> (tensor<?xi64>, tensor<?xi64>)
