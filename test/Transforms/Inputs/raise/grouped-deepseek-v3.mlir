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
  %c_21 = stablehlo.constant dense<[2, 8]> : tensor<2xi64>
  %c_23 = stablehlo.constant dense<2> : tensor<1xi64>
  %c_24 = stablehlo.constant dense<4> : tensor<1xi64>
  %c_27 = stablehlo.constant dense<8> : tensor<1xi64>
  %cst_44 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
  %c_45 = stablehlo.constant dense<2> : tensor<i64>
  %cst_47 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %4 = stablehlo.multiply %3, %1 : tensor<i64>
  %5 = stablehlo.reshape %4 : (tensor<i64>) -> tensor<1xi64>
  %6 = stablehlo.concatenate %5, %c_27,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %7 = stablehlo.dynamic_reshape %x, %6 : (tensor<?x?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %cst_53 = stablehlo.constant #moe_support.external<"weights", 0> : tensor<4x8xf32>
  %8 = stablehlo.dot_general %7, %cst_53, contracting_dims = [1] x [1] : (tensor<?x8xf32>, tensor<4x8xf32>) -> tensor<?x4xf32>
  %9 = stablehlo.logistic %8 : tensor<?x4xf32>
  %cst_54 = stablehlo.constant dense<[0.0849897935, -0.0363920927, 0.0198627543, -0.049065385]> : tensor<4xf32>
  %10 = chlo.broadcast_add %9, %cst_54 : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  %c_55 = stablehlo.constant dense<2> : tensor<2xi64>
  %11 = stablehlo.concatenate %5, %c_55,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %12 = stablehlo.dynamic_reshape %10, %11 : (tensor<?x4xf32>, tensor<3xi64>) -> tensor<?x2x2xf32>
  %values, %indices = chlo.top_k(%12, k = 2) : tensor<?x2x2xf32> -> (tensor<?x2x2xf32>, tensor<?x2x2xi32>)
  %cst_56 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %13 = stablehlo.reduce(%values init: %cst_56) applies stablehlo.add across dimensions = [2] : (tensor<?x2x2xf32>, tensor<f32>) -> tensor<?x2xf32>
  %values_57, %indices_58 = chlo.top_k(%13, k = 1) : tensor<?x2xf32> -> (tensor<?x1xf32>, tensor<?x1xi32>)
  %14 = stablehlo.convert %indices_58 : (tensor<?x1xi32>) -> tensor<?x1xi64>
  %15 = stablehlo.concatenate %5, %c_23,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %16 = stablehlo.dynamic_broadcast_in_dim %cst_47, %15, dims = [] : (tensor<f32>, tensor<2xi64>) -> tensor<?x2xf32>
  %17 = stablehlo.concatenate %5, %c,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %cst_59 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
  %18 = stablehlo.dynamic_broadcast_in_dim %cst_59, %17, dims = [] : (tensor<f32>, tensor<2xi64>) -> tensor<?x1xf32>
  %19 = stablehlo.composite "onnx.ScatterElements" %16, %14, %18 {composite_attributes = {axis = 1 : i64, reduction = "none"}, decomposition = @onnx.ScatterElements_8, version = 1 : i32} : (tensor<?x2xf32>, tensor<?x1xi64>, tensor<?x1xf32>) -> tensor<?x2xf32>
  %c_60 = stablehlo.constant dense<[2, 1]> : tensor<2xi64>
  %20 = stablehlo.concatenate %5, %c_60,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %21 = stablehlo.dynamic_reshape %19, %20 : (tensor<?x2xf32>, tensor<3xi64>) -> tensor<?x2x1xf32>
  %22 = stablehlo.dynamic_broadcast_in_dim %21, %11, dims = [0, 1, 2] {known_expanding_dimensions = array<i64: 2>, known_nonexpanding_dimensions = array<i64: 0, 1>} : (tensor<?x2x1xf32>, tensor<3xi64>) -> tensor<?x2x2xf32>
  %23 = stablehlo.concatenate %5, %c_24,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %24 = stablehlo.dynamic_reshape %22, %23 : (tensor<?x2x2xf32>, tensor<2xi64>) -> tensor<?x4xf32>
  %25 = stablehlo.convert %24 : (tensor<?x4xf32>) -> tensor<?x4xi1>
  %26 = stablehlo.not %25 : tensor<?x4xi1>
  %cst_61 = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %27 = chlo.broadcast_select %26, %cst_61, %10 : (tensor<?x4xi1>, tensor<f32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %values_62, %indices_63 = chlo.top_k(%27, k = 2) : tensor<?x4xf32> -> (tensor<?x2xf32>, tensor<?x2xi32>)
  %28 = stablehlo.convert %indices_63 : (tensor<?x2xi32>) -> tensor<?x2xi64>
  %29 = stablehlo.composite "onnx.GatherElements" %9, %28 {composite_attributes = {axis = 1 : i64}, decomposition = @onnx.GatherElements_9, version = 1 : i32} : (tensor<?x4xf32>, tensor<?x2xi64>) -> tensor<?x2xf32>
  %cst_64 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %30 = stablehlo.reduce(%29 init: %cst_64) applies stablehlo.add across dimensions = [1] : (tensor<?x2xf32>, tensor<f32>) -> tensor<?xf32>
  %31 = stablehlo.dynamic_reshape %30, %17 : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x1xf32>
  %32 = chlo.broadcast_divide %29, %31 : (tensor<?x2xf32>, tensor<?x1xf32>) -> tensor<?x2xf32>
  %cst_65 = stablehlo.constant dense<2.500000e+00> : tensor<f32>
  %33 = chlo.broadcast_multiply %32, %cst_65 : (tensor<?x2xf32>, tensor<f32>) -> tensor<?x2xf32>
  %34 = stablehlo.multiply %c_45, %3 : tensor<i64>
  %35 = stablehlo.multiply %34, %1 : tensor<i64>
  %36 = stablehlo.reshape %35 : (tensor<i64>) -> tensor<1xi64>
  %37 = stablehlo.dynamic_reshape %33, %36 : (tensor<?x2xf32>, tensor<1xi64>) -> tensor<?xf32>
  %38 = stablehlo.dynamic_reshape %28, %36 : (tensor<?x2xi64>, tensor<1xi64>) -> tensor<?xi64>
  %39:2 = stablehlo.composite "onnx.TopK" %38 {composite_attributes = {axis = 0 : i64, largest = 0 : i64, sorted = 1 : i64}, decomposition = @onnx.TopK_10, version = 1 : i32} : (tensor<?xi64>) -> (tensor<?xi64>, tensor<?xi64>)
  %c_66 = stablehlo.constant dense<0> : tensor<i64>
  %40 = chlo.broadcast_compare %39#1, %c_66 {comparison_direction = #chlo<comparison_direction LT>} : (tensor<?xi64>, tensor<i64>) -> tensor<?xi1>
  %41 = chlo.broadcast_compare %40, %c_8 {comparison_direction = #chlo<comparison_direction EQ>} : (tensor<?xi1>, tensor<i1>) -> tensor<?xi1>
  %c_67 = stablehlo.constant dense<2> : tensor<i64>
  %42 = chlo.broadcast_remainder %39#1, %c_67 : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %c_68 = stablehlo.constant dense<0> : tensor<i64>
  %43 = chlo.broadcast_compare %42, %c_68 {comparison_direction = #chlo<comparison_direction LT>} : (tensor<?xi64>, tensor<i64>) -> tensor<?xi1>
  %c_69 = stablehlo.constant dense<false> : tensor<i1>
  %44 = chlo.broadcast_xor %43, %c_69 : (tensor<?xi1>, tensor<i1>) -> tensor<?xi1>
  %45 = chlo.broadcast_compare %42, %c_68 {comparison_direction = #chlo<comparison_direction NE>} : (tensor<?xi64>, tensor<i64>) -> tensor<?xi1>
  %46 = stablehlo.and %44, %45 : tensor<?xi1>
  %47 = chlo.broadcast_add %42, %c_67 : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %48 = stablehlo.select %46, %47, %42 : tensor<?xi1>, tensor<?xi64>
  %49 = stablehlo.convert %48 : (tensor<?xi64>) -> tensor<?xi1>
  %50 = stablehlo.and %41, %49 : tensor<?xi1>
  %51 = stablehlo.convert %50 : (tensor<?xi1>) -> tensor<?xi64>
  %52 = chlo.broadcast_divide %39#1, %c_67 : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %53 = stablehlo.subtract %52, %51 : tensor<?xi64>
  %54 = stablehlo.concatenate %36, %c,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %55 = stablehlo.dynamic_reshape %53, %54 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %56 = stablehlo.composite "onnx.GatherND" %7, %55 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_11, version = 1 : i32} : (tensor<?x8xf32>, tensor<?x1xi64>) -> tensor<?x8xf32>
  %57 = stablehlo.dynamic_reshape %39#1, %54 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %58 = stablehlo.composite "onnx.GatherND" %37, %57 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_12, version = 1 : i32} : (tensor<?xf32>, tensor<?x1xi64>) -> tensor<?xf32>
  %59 = stablehlo.convert %39#0 : (tensor<?xi64>) -> tensor<?xf32>
  %cst_70 = stablehlo.constant dense<7.500000e-01> : tensor<f32>
  %60 = chlo.broadcast_divide %59, %cst_70 : (tensor<?xf32>, tensor<f32>) -> tensor<?xf32>
  %61 = stablehlo.convert %60 : (tensor<?xf32>) -> tensor<?xi64>
  %c_71 = stablehlo.constant dense<3> : tensor<i64>
  %62 = stablehlo.clamp %c_66, %61, %c_71 : (tensor<i64>, tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %63 = stablehlo.dynamic_broadcast_in_dim %cst_44, %36, dims = [] : (tensor<f32>, tensor<1xi64>) -> tensor<?xf32>
  %cst_72 = stablehlo.constant dense<0.000000e+00> : tensor<4xf32>
  %64 = stablehlo.composite "onnx.ScatterElements" %cst_72, %62, %63 {composite_attributes = {axis = 0 : i64, reduction = "add"}, decomposition = @onnx.ScatterElements_13, version = 1 : i32} : (tensor<4xf32>, tensor<?xi64>, tensor<?xf32>) -> tensor<4xf32>
  %65 = stablehlo.convert %64 : (tensor<4xf32>) -> tensor<4xi32>
  %66 = stablehlo.composite "onnx.CumSum" %65 {composite_attributes = {axis = 0 : i64, exclusive = 0 : i64, reverse = 0 : i64}, decomposition = @onnx.CumSum_14, version = 1 : i32} : (tensor<4xi32>) -> tensor<4xi32>
  %67 = stablehlo.convert %66 : (tensor<4xi32>) -> tensor<4xi64>
  %68 = stablehlo.slice %67 [0:1] : (tensor<4xi64>) -> tensor<1xi64>
  %69 = stablehlo.slice %67 [1:2] : (tensor<4xi64>) -> tensor<1xi64>
  %70 = stablehlo.slice %67 [2:3] : (tensor<4xi64>) -> tensor<1xi64>
  %71 = stablehlo.slice %67 [3:4] : (tensor<4xi64>) -> tensor<1xi64>
  %72 = stablehlo.reshape %68 : (tensor<1xi64>) -> tensor<i64>
  %73 = stablehlo.subtract %72, %c_66 : tensor<i64>
  %74 = stablehlo.divide %73, %c_3 : tensor<i64>
  %75 = stablehlo.multiply %74, %c_3 : tensor<i64>
  %76 = stablehlo.subtract %73, %75 : tensor<i64>
  %c_73 = stablehlo.constant dense<0> : tensor<i64>
  %77 = stablehlo.compare  NE, %76, %c_73 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %78 = stablehlo.compare  LT, %76, %c_73 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %c_74 = stablehlo.constant dense<false> : tensor<i1>
  %79 = stablehlo.compare  EQ, %78, %c_74 : (tensor<i1>, tensor<i1>) -> tensor<i1>
  %80 = stablehlo.and %77, %79 : tensor<i1>
  %81 = stablehlo.convert %80 : (tensor<i1>) -> tensor<i64>
  %82 = stablehlo.add %74, %81 : tensor<i64>
  %c_75 = stablehlo.constant dense<0> : tensor<i64>
  %83 = stablehlo.maximum %82, %c_75 : tensor<i64>
  %84 = stablehlo.reshape %83 : (tensor<i64>) -> tensor<1xi64>
  %85 = stablehlo.dynamic_iota %84, dim = 0 : (tensor<1xi64>) -> tensor<?xi64>
  %86 = stablehlo.composite "onnx.Gather" %56, %85 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_15, version = 1 : i32} : (tensor<?x8xf32>, tensor<?xi64>) -> tensor<?x8xf32>
  %cst_76 = stablehlo.constant #moe_support.reshape<#moe_support.slice<#moe_support.external<"weights", 128> : tensor<4x8x8xf32>, [0, 0, 0], [1, 1, 1]> : tensor<1x8x8xf32>> : tensor<8x8xf32>
  %87 = stablehlo.dot_general %86, %cst_76, contracting_dims = [1] x [0] : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  %88 = stablehlo.reshape %69 : (tensor<1xi64>) -> tensor<i64>
  %89 = stablehlo.subtract %88, %72 : tensor<i64>
  %90 = stablehlo.divide %89, %c_3 : tensor<i64>
  %91 = stablehlo.multiply %90, %c_3 : tensor<i64>
  %92 = stablehlo.subtract %89, %91 : tensor<i64>
  %c_77 = stablehlo.constant dense<0> : tensor<i64>
  %93 = stablehlo.compare  NE, %92, %c_77 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %94 = stablehlo.compare  LT, %92, %c_77 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %c_78 = stablehlo.constant dense<false> : tensor<i1>
  %95 = stablehlo.compare  EQ, %94, %c_78 : (tensor<i1>, tensor<i1>) -> tensor<i1>
  %96 = stablehlo.and %93, %95 : tensor<i1>
  %97 = stablehlo.convert %96 : (tensor<i1>) -> tensor<i64>
  %98 = stablehlo.add %90, %97 : tensor<i64>
  %c_79 = stablehlo.constant dense<0> : tensor<i64>
  %99 = stablehlo.maximum %98, %c_79 : tensor<i64>
  %100 = stablehlo.reshape %99 : (tensor<i64>) -> tensor<1xi64>
  %101 = stablehlo.dynamic_iota %100, dim = 0 : (tensor<1xi64>) -> tensor<?xi64>
  %102 = chlo.broadcast_add %101, %72 : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %103 = stablehlo.composite "onnx.Gather" %56, %102 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_15, version = 1 : i32} : (tensor<?x8xf32>, tensor<?xi64>) -> tensor<?x8xf32>
  %cst_80 = stablehlo.constant #moe_support.reshape<#moe_support.slice<#moe_support.external<"weights", 128> : tensor<4x8x8xf32>, [1, 0, 0], [1, 1, 1]> : tensor<1x8x8xf32>> : tensor<8x8xf32>
  %104 = stablehlo.dot_general %103, %cst_80, contracting_dims = [1] x [0] : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  %105 = stablehlo.reshape %70 : (tensor<1xi64>) -> tensor<i64>
  %106 = stablehlo.subtract %105, %88 : tensor<i64>
  %107 = stablehlo.divide %106, %c_3 : tensor<i64>
  %108 = stablehlo.multiply %107, %c_3 : tensor<i64>
  %109 = stablehlo.subtract %106, %108 : tensor<i64>
  %c_81 = stablehlo.constant dense<0> : tensor<i64>
  %110 = stablehlo.compare  NE, %109, %c_81 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %111 = stablehlo.compare  LT, %109, %c_81 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %c_82 = stablehlo.constant dense<false> : tensor<i1>
  %112 = stablehlo.compare  EQ, %111, %c_82 : (tensor<i1>, tensor<i1>) -> tensor<i1>
  %113 = stablehlo.and %110, %112 : tensor<i1>
  %114 = stablehlo.convert %113 : (tensor<i1>) -> tensor<i64>
  %115 = stablehlo.add %107, %114 : tensor<i64>
  %c_83 = stablehlo.constant dense<0> : tensor<i64>
  %116 = stablehlo.maximum %115, %c_83 : tensor<i64>
  %117 = stablehlo.reshape %116 : (tensor<i64>) -> tensor<1xi64>
  %118 = stablehlo.dynamic_iota %117, dim = 0 : (tensor<1xi64>) -> tensor<?xi64>
  %119 = chlo.broadcast_add %118, %88 : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %120 = stablehlo.composite "onnx.Gather" %56, %119 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_15, version = 1 : i32} : (tensor<?x8xf32>, tensor<?xi64>) -> tensor<?x8xf32>
  %cst_84 = stablehlo.constant #moe_support.reshape<#moe_support.slice<#moe_support.external<"weights", 128> : tensor<4x8x8xf32>, [2, 0, 0], [1, 1, 1]> : tensor<1x8x8xf32>> : tensor<8x8xf32>
  %121 = stablehlo.dot_general %120, %cst_84, contracting_dims = [1] x [0] : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  %122 = stablehlo.reshape %71 : (tensor<1xi64>) -> tensor<i64>
  %123 = stablehlo.subtract %122, %105 : tensor<i64>
  %124 = stablehlo.divide %123, %c_3 : tensor<i64>
  %125 = stablehlo.multiply %124, %c_3 : tensor<i64>
  %126 = stablehlo.subtract %123, %125 : tensor<i64>
  %c_85 = stablehlo.constant dense<0> : tensor<i64>
  %127 = stablehlo.compare  NE, %126, %c_85 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %128 = stablehlo.compare  LT, %126, %c_85 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %c_86 = stablehlo.constant dense<false> : tensor<i1>
  %129 = stablehlo.compare  EQ, %128, %c_86 : (tensor<i1>, tensor<i1>) -> tensor<i1>
  %130 = stablehlo.and %127, %129 : tensor<i1>
  %131 = stablehlo.convert %130 : (tensor<i1>) -> tensor<i64>
  %132 = stablehlo.add %124, %131 : tensor<i64>
  %c_87 = stablehlo.constant dense<0> : tensor<i64>
  %133 = stablehlo.maximum %132, %c_87 : tensor<i64>
  %134 = stablehlo.reshape %133 : (tensor<i64>) -> tensor<1xi64>
  %135 = stablehlo.dynamic_iota %134, dim = 0 : (tensor<1xi64>) -> tensor<?xi64>
  %136 = chlo.broadcast_add %135, %105 : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %137 = stablehlo.composite "onnx.Gather" %56, %136 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_15, version = 1 : i32} : (tensor<?x8xf32>, tensor<?xi64>) -> tensor<?x8xf32>
  %cst_88 = stablehlo.constant #moe_support.reshape<#moe_support.slice<#moe_support.external<"weights", 128> : tensor<4x8x8xf32>, [3, 0, 0], [1, 1, 1]> : tensor<1x8x8xf32>> : tensor<8x8xf32>
  %138 = stablehlo.dot_general %137, %cst_88, contracting_dims = [1] x [0] : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  %139 = stablehlo.concatenate %87, %104, %121, %138,  dim = 0 : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %140 = stablehlo.add %83, %99 : tensor<i64>
  %141 = stablehlo.add %140, %116 : tensor<i64>
  %142 = stablehlo.add %141, %133 : tensor<i64>
  %143 = stablehlo.reshape %142 : (tensor<i64>) -> tensor<1xi64>
  %144 = stablehlo.concatenate %143, %c_24,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %145 = stablehlo.real_dynamic_slice %139, %c_0, %144, %c_2 : (tensor<?x8xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x4xf32>
  %c_89 = stablehlo.constant dense<[0, 4]> : tensor<2xi64>
  %146 = stablehlo.concatenate %143, %c_27,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %147 = stablehlo.real_dynamic_slice %139, %c_89, %146, %c_2 : (tensor<?x8xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x4xf32>
  %148 = stablehlo.logistic %145 : tensor<?x4xf32>
  %149 = stablehlo.multiply %145, %148 : tensor<?x4xf32>
  %150 = stablehlo.multiply %149, %147 : tensor<?x4xf32>
  %151 = stablehlo.composite "onnx.Gather" %150, %85 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_16, version = 1 : i32} : (tensor<?x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
  %cst_90 = stablehlo.constant #moe_support.reshape<#moe_support.slice<#moe_support.external<"weights", 1152> : tensor<4x4x8xf32>, [0, 0, 0], [1, 1, 1]> : tensor<1x4x8xf32>> : tensor<4x8xf32>
  %152 = stablehlo.dot_general %151, %cst_90, contracting_dims = [1] x [0] : (tensor<?x4xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
  %153 = stablehlo.composite "onnx.Gather" %150, %102 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_16, version = 1 : i32} : (tensor<?x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
  %cst_91 = stablehlo.constant #moe_support.reshape<#moe_support.slice<#moe_support.external<"weights", 1152> : tensor<4x4x8xf32>, [1, 0, 0], [1, 1, 1]> : tensor<1x4x8xf32>> : tensor<4x8xf32>
  %154 = stablehlo.dot_general %153, %cst_91, contracting_dims = [1] x [0] : (tensor<?x4xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
  %155 = stablehlo.composite "onnx.Gather" %150, %119 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_16, version = 1 : i32} : (tensor<?x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
  %cst_92 = stablehlo.constant #moe_support.reshape<#moe_support.slice<#moe_support.external<"weights", 1152> : tensor<4x4x8xf32>, [2, 0, 0], [1, 1, 1]> : tensor<1x4x8xf32>> : tensor<4x8xf32>
  %156 = stablehlo.dot_general %155, %cst_92, contracting_dims = [1] x [0] : (tensor<?x4xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
  %157 = stablehlo.composite "onnx.Gather" %150, %136 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_16, version = 1 : i32} : (tensor<?x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
  %cst_93 = stablehlo.constant #moe_support.reshape<#moe_support.slice<#moe_support.external<"weights", 1152> : tensor<4x4x8xf32>, [3, 0, 0], [1, 1, 1]> : tensor<1x4x8xf32>> : tensor<4x8xf32>
  %158 = stablehlo.dot_general %157, %cst_93, contracting_dims = [1] x [0] : (tensor<?x4xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
  %159 = stablehlo.concatenate %152, %154, %156, %158,  dim = 0 : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %160 = stablehlo.dynamic_reshape %58, %54 : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x1xf32>
  %161 = chlo.broadcast_multiply %159, %160 : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %162 = stablehlo.dynamic_broadcast_in_dim %c_66, %36, dims = [] : (tensor<i64>, tensor<1xi64>) -> tensor<?xi64>
  %163 = stablehlo.dynamic_iota %36, dim = 0 : (tensor<1xi64>) -> tensor<?xi64>
  %164 = stablehlo.composite "onnx.ScatterND" %162, %57, %163 {composite_attributes = {reduction = "none"}, decomposition = @onnx.ScatterND_17, version = 1 : i32} : (tensor<?xi64>, tensor<?x1xi64>, tensor<?xi64>) -> tensor<?xi64>
  %165 = stablehlo.dynamic_reshape %164, %54 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %166 = stablehlo.composite "onnx.GatherND" %161, %165 {composite_attributes = {batch_dims = 0 : i64}, decomposition = @onnx.GatherND_11, version = 1 : i32} : (tensor<?x8xf32>, tensor<?x1xi64>) -> tensor<?x8xf32>
  %167 = stablehlo.concatenate %5, %c_21,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %168 = stablehlo.dynamic_reshape %166, %167 : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x2x8xf32>
  %cst_94 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %169 = stablehlo.reduce(%168 init: %cst_94) applies stablehlo.add across dimensions = [1] : (tensor<?x2x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  return %169 : tensor<?x8xf32>
}
func.func private @onnx.CumSum_14(tensor<4xi32>) -> tensor<4xi32>
func.func private @onnx.GatherElements_9(tensor<?x4xf32>, tensor<?x2xi64>) -> tensor<?x2xf32>
func.func private @onnx.GatherND_11(tensor<?x8xf32>, tensor<?x1xi64>) -> tensor<?x8xf32>
func.func private @onnx.GatherND_12(tensor<?xf32>, tensor<?x1xi64>) -> tensor<?xf32>
func.func private @onnx.Gather_15(tensor<?x8xf32>, tensor<?xi64>) -> tensor<?x8xf32>
func.func private @onnx.Gather_16(tensor<?x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
func.func private @onnx.ScatterElements_13(tensor<4xf32>, tensor<?xi64>, tensor<?xf32>) -> tensor<4xf32>
func.func private @onnx.ScatterElements_8(tensor<?x2xf32>, tensor<?x1xi64>, tensor<?x1xf32>) -> tensor<?x2xf32>
func.func private @onnx.ScatterND_17(tensor<?xi64>, tensor<?x1xi64>, tensor<?xi64>) -> tensor<?xi64>
func.func private @onnx.TopK_10(tensor<?xi64>) -> (tensor<?xi64>, tensor<?xi64>)
