func.func @layer(%ids: tensor<?x?xi64>, %x: tensor<?x?x8xf32>) -> tensor<?x8xf32> {
  %0 = stablehlo.get_dimension_size %ids, dim = 1 : (tensor<?x?xi64>) -> tensor<i32>
  %1 = stablehlo.convert %0 : (tensor<i32>) -> tensor<i64>
  %c = stablehlo.constant dense<1> : tensor<1xi64>
  %c_1 = stablehlo.constant dense<1> : tensor<2xi64>
  %2 = stablehlo.get_dimension_size %ids, dim = 0 : (tensor<?x?xi64>) -> tensor<i32>
  %3 = stablehlo.convert %2 : (tensor<i32>) -> tensor<i64>
  %c_4 = stablehlo.constant dense<1> : tensor<3xi64>
  %c_16 = stablehlo.constant dense<0> : tensor<2xi64>
  %c_22 = stablehlo.constant dense<2> : tensor<1xi64>
  %c_25 = stablehlo.constant dense<[1, 2]> : tensor<2xi64>
  %c_27 = stablehlo.constant dense<8> : tensor<1xi64>
  %4 = stablehlo.multiply %3, %1 : tensor<i64>
  %5 = stablehlo.reshape %4 : (tensor<i64>) -> tensor<1xi64>
  %6 = stablehlo.concatenate %5, %c_27,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %7 = stablehlo.dynamic_reshape %x, %6 : (tensor<?x?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %cst_34 = stablehlo.constant #moe_support.external<"weights", 0> : tensor<8x3xf32>
  %8 = stablehlo.dot_general %7, %cst_34, contracting_dims = [1] x [0] : (tensor<?x8xf32>, tensor<8x3xf32>) -> tensor<?x3xf32>
  %9 = stablehlo.composite "onnx.Softmax" %8 {composite_attributes = {axis = 1 : i64}, decomposition = @onnx.Softmax_5, version = 1 : i32} : (tensor<?x3xf32>) -> tensor<?x3xf32>
  %values, %indices = chlo.top_k(%9, k = 2) : tensor<?x3xf32> -> (tensor<?x2xf32>, tensor<?x2xi32>)
  %10 = stablehlo.convert %indices : (tensor<?x2xi32>) -> tensor<?x2xi64>
  %cst_35 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %11 = stablehlo.reduce(%values init: %cst_35) applies stablehlo.add across dimensions = [1] : (tensor<?x2xf32>, tensor<f32>) -> tensor<?xf32>
  %12 = stablehlo.concatenate %5, %c,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %13 = stablehlo.dynamic_reshape %11, %12 : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x1xf32>
  %14 = chlo.broadcast_divide %values, %13 : (tensor<?x2xf32>, tensor<?x1xf32>) -> tensor<?x2xf32>
  %c_36 = stablehlo.constant dense<[0, 1]> : tensor<2xi64>
  %15 = stablehlo.composite "onnx.OneHot" %10, %c_36 {composite_attributes = {axis = 2 : i64, depth = 3 : i64}, decomposition = @onnx.OneHot_6, version = 1 : i32} : (tensor<?x2xi64>, tensor<2xi64>) -> tensor<?x2x3xi64>
  %16 = stablehlo.transpose %15, dims = [2, 1, 0] : (tensor<?x2x3xi64>) -> tensor<3x2x?xi64>
  %c_37 = stablehlo.constant dense<0> : tensor<3xi64>
  %17 = stablehlo.concatenate %c_25, %5,  dim = 0 : (tensor<2xi64>, tensor<1xi64>) -> tensor<3xi64>
  %18 = stablehlo.real_dynamic_slice %16, %c_37, %17, %c_4 : (tensor<3x2x?xi64>, tensor<3xi64>, tensor<3xi64>, tensor<3xi64>) -> tensor<1x2x?xi64>
  %19 = stablehlo.concatenate %c_22, %5,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %20 = stablehlo.dynamic_reshape %18, %19 : (tensor<1x2x?xi64>, tensor<2xi64>) -> tensor<2x?xi64>
  %21 = stablehlo.convert %20 : (tensor<2x?xi64>) -> tensor<2x?xi1>
  %22 = stablehlo.composite "onnx.NonZero" %21 {composite_attributes = {}, decomposition = @onnx.NonZero_7, version = 1 : i32} : (tensor<2x?xi1>) -> tensor<2x?xi64>
  %23 = stablehlo.transpose %22, dims = [1, 0] : (tensor<2x?xi64>) -> tensor<?x2xi64>
  %24 = stablehlo.get_dimension_size %22, dim = 1 : (tensor<2x?xi64>) -> tensor<i32>
  %25 = stablehlo.convert %24 : (tensor<i32>) -> tensor<i64>
  %26 = stablehlo.reshape %25 : (tensor<i64>) -> tensor<1xi64>
  %27 = stablehlo.concatenate %26, %c,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %28 = stablehlo.real_dynamic_slice %23, %c_16, %27, %c_1 : (tensor<?x2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %c_38 = stablehlo.constant dense<[0, 1]> : tensor<2xi64>
  %29 = stablehlo.concatenate %26, %c_22,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %30 = stablehlo.real_dynamic_slice %23, %c_38, %29, %c_1 : (tensor<?x2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %31 = stablehlo.dynamic_reshape %28, %26 : (tensor<?x1xi64>, tensor<1xi64>) -> tensor<?xi64>
  %32 = stablehlo.dynamic_reshape %30, %26 : (tensor<?x1xi64>, tensor<1xi64>) -> tensor<?xi64>
  %33 = stablehlo.concatenate %c, %5, %c_27,  dim = 0 : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3xi64>
  %34 = stablehlo.dynamic_reshape %7, %33 : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<1x?x8xf32>
  %35 = stablehlo.composite "onnx.Gather" %34, %32 {composite_attributes = {axis = 1 : i64}, decomposition = @onnx.Gather_8, version = 1 : i32} : (tensor<1x?x8xf32>, tensor<?xi64>) -> tensor<1x?x8xf32>
  %36 = stablehlo.concatenate %26, %c_27,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %37 = stablehlo.dynamic_reshape %35, %36 : (tensor<1x?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %cst_39 = stablehlo.constant #moe_support.external<"weights", 96> : tensor<8x4xf32>
  %38 = stablehlo.dot_general %37, %cst_39, contracting_dims = [1] x [0] : (tensor<?x8xf32>, tensor<8x4xf32>) -> tensor<?x4xf32>
  %39 = stablehlo.logistic %38 : tensor<?x4xf32>
  %40 = stablehlo.multiply %38, %39 : tensor<?x4xf32>
  %cst_40 = stablehlo.constant #moe_support.external<"weights", 224> : tensor<8x4xf32>
  %41 = stablehlo.dot_general %37, %cst_40, contracting_dims = [1] x [0] : (tensor<?x8xf32>, tensor<8x4xf32>) -> tensor<?x4xf32>
  %42 = stablehlo.multiply %40, %41 : tensor<?x4xf32>
  %cst_41 = stablehlo.constant #moe_support.external<"weights", 352> : tensor<4x8xf32>
  %43 = stablehlo.dot_general %42, %cst_41, contracting_dims = [1] x [0] : (tensor<?x4xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
  %c_42 = stablehlo.constant dense<[2, 1]> : tensor<2xi64>
  %44 = stablehlo.concatenate %5, %c_42,  dim = 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %45 = stablehlo.dynamic_reshape %14, %44 : (tensor<?x2xf32>, tensor<3xi64>) -> tensor<?x2x1xf32>
  %c_43 = stablehlo.constant dense<2> : tensor<i64>
  %46 = stablehlo.multiply %c_43, %3 : tensor<i64>
  %47 = stablehlo.multiply %46, %1 : tensor<i64>
  %48 = stablehlo.reshape %47 : (tensor<i64>) -> tensor<1xi64>
  %49 = stablehlo.concatenate %48, %c,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %50 = stablehlo.dynamic_reshape %45, %49 : (tensor<?x2x1xf32>, tensor<2xi64>) -> tensor<?x1xf32>
  %c_44 = stablehlo.constant dense<2> : tensor<1xi64>
  %51 = chlo.broadcast_multiply %32, %c_44 : (tensor<?xi64>, tensor<1xi64>) -> tensor<?xi64>
  %52 = stablehlo.add %31, %51 : tensor<?xi64>
  %53 = stablehlo.composite "onnx.Gather" %50, %52 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_9, version = 1 : i32} : (tensor<?x1xf32>, tensor<?xi64>) -> tensor<?x1xf32>
  %54 = chlo.broadcast_multiply %43, %53 : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %cst_45 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %55 = stablehlo.dynamic_broadcast_in_dim %cst_45, %6, dims = [] : (tensor<f32>, tensor<2xi64>) -> tensor<?x8xf32>
  %c_46 = stablehlo.constant dense<[1, 0, 0]> : tensor<3xi64>
  %c_47 = stablehlo.constant dense<2> : tensor<2xi64>
  %56 = stablehlo.concatenate %c_47, %5,  dim = 0 : (tensor<2xi64>, tensor<1xi64>) -> tensor<3xi64>
  %57 = stablehlo.real_dynamic_slice %16, %c_46, %56, %c_4 : (tensor<3x2x?xi64>, tensor<3xi64>, tensor<3xi64>, tensor<3xi64>) -> tensor<1x2x?xi64>
  %58 = stablehlo.dynamic_reshape %57, %19 : (tensor<1x2x?xi64>, tensor<2xi64>) -> tensor<2x?xi64>
  %59 = stablehlo.convert %58 : (tensor<2x?xi64>) -> tensor<2x?xi1>
  %60 = stablehlo.composite "onnx.NonZero" %59 {composite_attributes = {}, decomposition = @onnx.NonZero_7, version = 1 : i32} : (tensor<2x?xi1>) -> tensor<2x?xi64>
  %61 = stablehlo.transpose %60, dims = [1, 0] : (tensor<2x?xi64>) -> tensor<?x2xi64>
  %62 = stablehlo.get_dimension_size %60, dim = 1 : (tensor<2x?xi64>) -> tensor<i32>
  %63 = stablehlo.convert %62 : (tensor<i32>) -> tensor<i64>
  %64 = stablehlo.reshape %63 : (tensor<i64>) -> tensor<1xi64>
  %65 = stablehlo.concatenate %64, %c,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %66 = stablehlo.real_dynamic_slice %61, %c_16, %65, %c_1 : (tensor<?x2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %67 = stablehlo.concatenate %64, %c_22,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %68 = stablehlo.real_dynamic_slice %61, %c_38, %67, %c_1 : (tensor<?x2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %69 = stablehlo.dynamic_reshape %66, %64 : (tensor<?x1xi64>, tensor<1xi64>) -> tensor<?xi64>
  %70 = stablehlo.dynamic_reshape %68, %64 : (tensor<?x1xi64>, tensor<1xi64>) -> tensor<?xi64>
  %71 = stablehlo.composite "onnx.Gather" %34, %70 {composite_attributes = {axis = 1 : i64}, decomposition = @onnx.Gather_8, version = 1 : i32} : (tensor<1x?x8xf32>, tensor<?xi64>) -> tensor<1x?x8xf32>
  %72 = stablehlo.concatenate %64, %c_27,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %73 = stablehlo.dynamic_reshape %71, %72 : (tensor<1x?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %cst_48 = stablehlo.constant #moe_support.external<"weights", 480> : tensor<8x4xf32>
  %74 = stablehlo.dot_general %73, %cst_48, contracting_dims = [1] x [0] : (tensor<?x8xf32>, tensor<8x4xf32>) -> tensor<?x4xf32>
  %75 = stablehlo.logistic %74 : tensor<?x4xf32>
  %76 = stablehlo.multiply %74, %75 : tensor<?x4xf32>
  %cst_49 = stablehlo.constant #moe_support.external<"weights", 608> : tensor<8x4xf32>
  %77 = stablehlo.dot_general %73, %cst_49, contracting_dims = [1] x [0] : (tensor<?x8xf32>, tensor<8x4xf32>) -> tensor<?x4xf32>
  %78 = stablehlo.multiply %76, %77 : tensor<?x4xf32>
  %cst_50 = stablehlo.constant #moe_support.external<"weights", 736> : tensor<4x8xf32>
  %79 = stablehlo.dot_general %78, %cst_50, contracting_dims = [1] x [0] : (tensor<?x4xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
  %80 = stablehlo.dynamic_reshape %14, %44 : (tensor<?x2xf32>, tensor<3xi64>) -> tensor<?x2x1xf32>
  %81 = stablehlo.dynamic_reshape %80, %49 : (tensor<?x2x1xf32>, tensor<2xi64>) -> tensor<?x1xf32>
  %c_51 = stablehlo.constant dense<2> : tensor<1xi64>
  %82 = chlo.broadcast_multiply %70, %c_51 : (tensor<?xi64>, tensor<1xi64>) -> tensor<?xi64>
  %83 = stablehlo.add %69, %82 : tensor<?xi64>
  %84 = stablehlo.composite "onnx.Gather" %81, %83 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_9, version = 1 : i32} : (tensor<?x1xf32>, tensor<?xi64>) -> tensor<?x1xf32>
  %85 = chlo.broadcast_multiply %79, %84 : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %c_52 = stablehlo.constant dense<1> : tensor<i64>
  %86 = stablehlo.minimum %c_52, %4 : tensor<i64>
  %87 = stablehlo.compare  EQ, %25, %c_52 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %88 = stablehlo.select %87, %86, %25 : tensor<i1>, tensor<i64>
  %89 = stablehlo.reshape %88 : (tensor<i64>) -> tensor<1xi64>
  %90 = stablehlo.concatenate %89, %c_27,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %91 = stablehlo.dynamic_broadcast_in_dim %54, %90, dims = [0, 1] {known_nonexpanding_dimensions = array<i64: 1>} : (tensor<?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %92 = stablehlo.dynamic_reshape %32, %27 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %93 = stablehlo.compare  EQ, %25, %c_52 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %94 = stablehlo.select %93, %88, %25 : tensor<i1>, tensor<i64>
  %95 = stablehlo.reshape %94 : (tensor<i64>) -> tensor<1xi64>
  %96 = stablehlo.concatenate %95, %c_27,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %97 = stablehlo.dynamic_broadcast_in_dim %92, %96, dims = [0, 1] {known_expanding_dimensions = array<i64: 1>} : (tensor<?x1xi64>, tensor<2xi64>) -> tensor<?x8xi64>
  %cst_53 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %98 = stablehlo.dynamic_broadcast_in_dim %cst_53, %6, dims = [] : (tensor<f32>, tensor<2xi64>) -> tensor<?x8xf32>
  %99 = stablehlo.composite "onnx.ScatterElements" %98, %97, %91 {composite_attributes = {axis = 0 : i64, reduction = "none"}, decomposition = @onnx.ScatterElements_10, version = 1 : i32} : (tensor<?x8xf32>, tensor<?x8xi64>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %100 = stablehlo.add %55, %99 : tensor<?x8xf32>
  %c_54 = stablehlo.constant dense<[2, 0, 0]> : tensor<3xi64>
  %c_55 = stablehlo.constant dense<[3, 2]> : tensor<2xi64>
  %101 = stablehlo.concatenate %c_55, %5,  dim = 0 : (tensor<2xi64>, tensor<1xi64>) -> tensor<3xi64>
  %102 = stablehlo.real_dynamic_slice %16, %c_54, %101, %c_4 : (tensor<3x2x?xi64>, tensor<3xi64>, tensor<3xi64>, tensor<3xi64>) -> tensor<1x2x?xi64>
  %103 = stablehlo.dynamic_reshape %102, %19 : (tensor<1x2x?xi64>, tensor<2xi64>) -> tensor<2x?xi64>
  %104 = stablehlo.convert %103 : (tensor<2x?xi64>) -> tensor<2x?xi1>
  %105 = stablehlo.composite "onnx.NonZero" %104 {composite_attributes = {}, decomposition = @onnx.NonZero_7, version = 1 : i32} : (tensor<2x?xi1>) -> tensor<2x?xi64>
  %106 = stablehlo.transpose %105, dims = [1, 0] : (tensor<2x?xi64>) -> tensor<?x2xi64>
  %107 = stablehlo.get_dimension_size %105, dim = 1 : (tensor<2x?xi64>) -> tensor<i32>
  %108 = stablehlo.convert %107 : (tensor<i32>) -> tensor<i64>
  %109 = stablehlo.reshape %108 : (tensor<i64>) -> tensor<1xi64>
  %110 = stablehlo.concatenate %109, %c,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %111 = stablehlo.real_dynamic_slice %106, %c_16, %110, %c_1 : (tensor<?x2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %112 = stablehlo.concatenate %109, %c_22,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %113 = stablehlo.real_dynamic_slice %106, %c_38, %112, %c_1 : (tensor<?x2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %114 = stablehlo.dynamic_reshape %111, %109 : (tensor<?x1xi64>, tensor<1xi64>) -> tensor<?xi64>
  %115 = stablehlo.dynamic_reshape %113, %109 : (tensor<?x1xi64>, tensor<1xi64>) -> tensor<?xi64>
  %116 = stablehlo.composite "onnx.Gather" %34, %115 {composite_attributes = {axis = 1 : i64}, decomposition = @onnx.Gather_8, version = 1 : i32} : (tensor<1x?x8xf32>, tensor<?xi64>) -> tensor<1x?x8xf32>
  %117 = stablehlo.concatenate %109, %c_27,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %118 = stablehlo.dynamic_reshape %116, %117 : (tensor<1x?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %cst_56 = stablehlo.constant #moe_support.external<"weights", 864> : tensor<8x4xf32>
  %119 = stablehlo.dot_general %118, %cst_56, contracting_dims = [1] x [0] : (tensor<?x8xf32>, tensor<8x4xf32>) -> tensor<?x4xf32>
  %120 = stablehlo.logistic %119 : tensor<?x4xf32>
  %121 = stablehlo.multiply %119, %120 : tensor<?x4xf32>
  %cst_57 = stablehlo.constant #moe_support.external<"weights", 992> : tensor<8x4xf32>
  %122 = stablehlo.dot_general %118, %cst_57, contracting_dims = [1] x [0] : (tensor<?x8xf32>, tensor<8x4xf32>) -> tensor<?x4xf32>
  %123 = stablehlo.multiply %121, %122 : tensor<?x4xf32>
  %cst_58 = stablehlo.constant #moe_support.external<"weights", 1120> : tensor<4x8xf32>
  %124 = stablehlo.dot_general %123, %cst_58, contracting_dims = [1] x [0] : (tensor<?x4xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
  %125 = stablehlo.dynamic_reshape %14, %44 : (tensor<?x2xf32>, tensor<3xi64>) -> tensor<?x2x1xf32>
  %126 = stablehlo.dynamic_reshape %125, %49 : (tensor<?x2x1xf32>, tensor<2xi64>) -> tensor<?x1xf32>
  %c_59 = stablehlo.constant dense<2> : tensor<1xi64>
  %127 = chlo.broadcast_multiply %115, %c_59 : (tensor<?xi64>, tensor<1xi64>) -> tensor<?xi64>
  %128 = stablehlo.add %114, %127 : tensor<?xi64>
  %129 = stablehlo.composite "onnx.Gather" %126, %128 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_9, version = 1 : i32} : (tensor<?x1xf32>, tensor<?xi64>) -> tensor<?x1xf32>
  %130 = chlo.broadcast_multiply %124, %129 : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %131 = stablehlo.compare  EQ, %63, %c_52 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %132 = stablehlo.select %131, %86, %63 : tensor<i1>, tensor<i64>
  %133 = stablehlo.reshape %132 : (tensor<i64>) -> tensor<1xi64>
  %134 = stablehlo.concatenate %133, %c_27,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %135 = stablehlo.dynamic_broadcast_in_dim %85, %134, dims = [0, 1] {known_nonexpanding_dimensions = array<i64: 1>} : (tensor<?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %136 = stablehlo.dynamic_reshape %70, %65 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %137 = stablehlo.compare  EQ, %63, %c_52 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %138 = stablehlo.select %137, %132, %63 : tensor<i1>, tensor<i64>
  %139 = stablehlo.reshape %138 : (tensor<i64>) -> tensor<1xi64>
  %140 = stablehlo.concatenate %139, %c_27,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %141 = stablehlo.dynamic_broadcast_in_dim %136, %140, dims = [0, 1] {known_expanding_dimensions = array<i64: 1>} : (tensor<?x1xi64>, tensor<2xi64>) -> tensor<?x8xi64>
  %cst_60 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %142 = stablehlo.dynamic_broadcast_in_dim %cst_60, %6, dims = [] : (tensor<f32>, tensor<2xi64>) -> tensor<?x8xf32>
  %143 = stablehlo.composite "onnx.ScatterElements" %142, %141, %135 {composite_attributes = {axis = 0 : i64, reduction = "none"}, decomposition = @onnx.ScatterElements_10, version = 1 : i32} : (tensor<?x8xf32>, tensor<?x8xi64>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %144 = stablehlo.add %100, %143 : tensor<?x8xf32>
  %145 = stablehlo.compare  EQ, %108, %c_52 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %146 = stablehlo.select %145, %86, %108 : tensor<i1>, tensor<i64>
  %147 = stablehlo.reshape %146 : (tensor<i64>) -> tensor<1xi64>
  %148 = stablehlo.concatenate %147, %c_27,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %149 = stablehlo.dynamic_broadcast_in_dim %130, %148, dims = [0, 1] {known_nonexpanding_dimensions = array<i64: 1>} : (tensor<?x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  %150 = stablehlo.dynamic_reshape %115, %110 : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %151 = stablehlo.compare  EQ, %108, %c_52 : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %152 = stablehlo.select %151, %146, %108 : tensor<i1>, tensor<i64>
  %153 = stablehlo.reshape %152 : (tensor<i64>) -> tensor<1xi64>
  %154 = stablehlo.concatenate %153, %c_27,  dim = 0 : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %155 = stablehlo.dynamic_broadcast_in_dim %150, %154, dims = [0, 1] {known_expanding_dimensions = array<i64: 1>} : (tensor<?x1xi64>, tensor<2xi64>) -> tensor<?x8xi64>
  %cst_61 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
  %156 = stablehlo.dynamic_broadcast_in_dim %cst_61, %6, dims = [] : (tensor<f32>, tensor<2xi64>) -> tensor<?x8xf32>
  %157 = stablehlo.composite "onnx.ScatterElements" %156, %155, %149 {composite_attributes = {axis = 0 : i64, reduction = "none"}, decomposition = @onnx.ScatterElements_10, version = 1 : i32} : (tensor<?x8xf32>, tensor<?x8xi64>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %158 = stablehlo.add %144, %157 : tensor<?x8xf32>
  return %158 : tensor<?x8xf32>
}
func.func private @onnx.Gather_8(tensor<1x?x8xf32>, tensor<?xi64>) -> tensor<1x?x8xf32>
func.func private @onnx.Gather_9(tensor<?x1xf32>, tensor<?xi64>) -> tensor<?x1xf32>
func.func private @onnx.NonZero_7(tensor<2x?xi1>) -> tensor<2x?xi64>
func.func private @onnx.OneHot_6(tensor<?x2xi64>, tensor<2xi64>) -> tensor<?x2x3xi64>
func.func private @onnx.ScatterElements_10(tensor<?x8xf32>, tensor<?x8xi64>, tensor<?x8xf32>) -> tensor<?x8xf32>
func.func private @onnx.Softmax_5(tensor<?x3xf32>) -> tensor<?x3xf32>
