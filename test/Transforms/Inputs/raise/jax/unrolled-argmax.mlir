module @jit_unrolled_argmax attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<6x8xf32>) -> (tensor<6x8xf32> {jax.result_info = "result"}) {
    %cst = stablehlo.constant dense<[[0.122182466, 0.290485889, 0.116827145], [-0.460735649, 0.320091635, 0.157817245], [-0.189841643, 0.205456272, 0.128895804], [0.103991538, 0.0100487797, 0.19329223], [-0.260375828, -0.0575973652, -0.170454919], [0.211724102, 0.0140438862, -0.103399076], [-0.276446402, -0.090931192, 0.00287869549], [-0.0974403396, 0.457520664, 0.355930805]]> : tensor<8x3xf32>
    %cst_0 = stablehlo.constant dense<[[[-0.958540678, -0.667867064, -0.0617912672, -0.149266854], [0.0755342096, 7.683490e-02, 0.748769045, -0.393158704], [-0.133503526, 0.722228825, 0.228644043, 0.234428301], [-0.181728691, -0.58268255, 0.0592077263, 3.854230e-02], [-0.43393448, -0.241557106, -0.0254712868, -0.334020138], [-0.0347436816, 0.0337583497, 0.0125816343, -0.179001138], [0.209921643, 0.315075099, 0.113437004, -0.289288074], [0.258678138, -0.17728582, 0.310830206, -0.378934085]], [[0.323312968, -0.0070935022, -0.441499412, -0.11098022], [0.0191280432, 0.0964463055, -0.347255945, -0.391515493], [0.0705637857, -0.165020913, 0.0832638069, 0.268530697], [-0.58293438, 0.0899397805, 0.432978094, -0.105191626], [-0.286666244, 0.265958369, 0.0896068736, 0.31674251], [-0.122052185, -0.52390188, -0.0388946794, -0.157624051], [0.274118364, 0.0684595481, -0.576592267, -0.422553957], [0.312466621, 0.240333229, -0.226360217, -3.70805588E-4]], [[0.157534048, 0.165605947, 0.30979839, 0.0906813666], [-0.0335268825, -0.091516614, 0.373261452, -0.795797169], [-0.0490220599, 0.0116672991, -0.503936946, 0.117667384], [-0.230262607, 0.304920286, -0.0444035083, 0.2365814], [0.430926293, 0.13538605, -0.309614182, -0.535392463], [0.619914889, -0.0393477306, -0.243444473, 0.0510025844], [-0.0676741228, 0.301277786, 0.0119954236, 0.00486121187], [-0.252642095, 0.166017398, -0.365527093, 0.235427469]]]> : tensor<3x8x4xf32>
    %cst_1 = stablehlo.constant dense<[[[-0.218994036, -0.103446461, -0.166863009, 0.0283449776, -0.146551102, 0.37660569, -0.161597967, -6.832480e-02], [-0.332390666, -0.263257414, -0.632246375, 0.25939247, -5.712590e-01, -0.372928202, 0.179622322, 0.201286688], [-0.200057372, -1.00963295, 0.210256651, 0.129781723, -0.706190586, 0.385161042, -0.350549906, -0.563094079], [0.0478653572, -0.0892352163, 0.101312004, -8.028740e-01, 0.906115055, -0.301329315, -0.76982963, 0.309421092]], [[-0.177402064, 0.162429243, -0.169804215, -0.0298701804, 0.122886419, -0.373326451, 0.339369804, -0.234950051], [-0.43484357, 0.0385162123, 0.222520635, -0.114539668, -0.4312599, 0.309892774, -0.880164385, -0.51543206], [0.019761445, -0.680529714, 0.013997132, -0.0274315588, 0.449369907, -0.457395166, -0.312953264, 0.16659084], [-1.22878182, 1.55002117, -0.349325359, -0.364917517, 0.430563748, -0.0199159216, -0.8897143, 0.313463688]], [[0.427688926, -0.224973142, -0.140800178, 0.242992297, -0.454390138, 0.219194278, 0.0996492579, -0.3374663], [-0.696050941, -0.112802915, -0.43771112, 0.500705123, 0.0720426813, 0.391042262, 0.0673109666, 0.131450564], [-0.39149946, 0.334023714, 0.892349123, -0.154843777, -0.296387255, -0.0789183527, -0.240640149, -0.350739658], [0.0690968186, -0.145458773, 0.719436824, 1.00821475E-4, 0.161955982, 0.476010948, -0.150377929, 0.718368292]]]> : tensor<3x4x8xf32>
    %0 = stablehlo.dot_general %arg0, %cst, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x8xf32>, tensor<8x3xf32>) -> tensor<6x3xf32>
    %1 = call @argmax(%0) : (tensor<6x3xf32>) -> tensor<6xi32>
    %2 = call @_one_hot(%1) : (tensor<6xi32>) -> tensor<6x3xf32>
    %cst_2 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %3 = stablehlo.broadcast_in_dim %cst_2, dims = [] : (tensor<f32>) -> tensor<6x3xf32>
    %4 = stablehlo.compare GT, %2, %3, FLOAT : (tensor<6x3xf32>, tensor<6x3xf32>) -> tensor<6x3xi1>
    %cst_3 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %5 = stablehlo.reduce(%0 init: %cst_3) applies stablehlo.maximum across dimensions = [1] : (tensor<6x3xf32>, tensor<f32>) -> tensor<6xf32>
    %cst_4 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %6 = call @_where(%4, %cst_4, %0) : (tensor<6x3xi1>, tensor<f32>, tensor<6x3xf32>) -> tensor<6x3xf32>
    %7 = call @argmax(%6) : (tensor<6x3xf32>) -> tensor<6xi32>
    %cst_5 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %8 = stablehlo.reduce(%6 init: %cst_5) applies stablehlo.maximum across dimensions = [1] : (tensor<6x3xf32>, tensor<f32>) -> tensor<6xf32>
    %9 = stablehlo.broadcast_in_dim %5, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %10 = stablehlo.broadcast_in_dim %8, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %11 = stablehlo.concatenate %9, %10, dim = 1 : (tensor<6x1xf32>, tensor<6x1xf32>) -> tensor<6x2xf32>
    %cst_6 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %12 = stablehlo.reduce(%11 init: %cst_6) applies stablehlo.maximum across dimensions = [1] : (tensor<6x2xf32>, tensor<f32>) -> tensor<6xf32>
    %cst_7 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %13 = stablehlo.broadcast_in_dim %cst_7, dims = [] : (tensor<f32>) -> tensor<6xf32>
    %14 = stablehlo.maximum %13, %12 : tensor<6xf32>
    %15 = stablehlo.broadcast_in_dim %14, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %16 = stablehlo.broadcast_in_dim %15, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x2xf32>
    %17 = stablehlo.subtract %11, %16 : tensor<6x2xf32>
    %18 = stablehlo.exponential %17 : tensor<6x2xf32>
    %cst_8 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %19 = stablehlo.reduce(%18 init: %cst_8) applies stablehlo.add across dimensions = [1] : (tensor<6x2xf32>, tensor<f32>) -> tensor<6xf32>
    %20 = stablehlo.broadcast_in_dim %19, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %21 = stablehlo.broadcast_in_dim %20, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x2xf32>
    %22 = stablehlo.divide %18, %21 : tensor<6x2xf32>
    %cst_9 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %23 = stablehlo.broadcast_in_dim %cst_9, dims = [] : (tensor<f32>) -> tensor<6x8xf32>
    %c = stablehlo.constant dense<0> : tensor<i32>
    %24 = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<i32>) -> tensor<6xi32>
    %25 = stablehlo.compare EQ, %1, %24, SIGNED : (tensor<6xi32>, tensor<6xi32>) -> tensor<6xi1>
    %26 = stablehlo.slice %22 [0:6, 0:1] : (tensor<6x2xf32>) -> tensor<6x1xf32>
    %27 = stablehlo.reshape %26 : (tensor<6x1xf32>) -> tensor<6xf32>
    %cst_10 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %28 = call @_where_0(%25, %27, %cst_10) : (tensor<6xi1>, tensor<6xf32>, tensor<f32>) -> tensor<6xf32>
    %cst_11 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %29 = stablehlo.broadcast_in_dim %cst_11, dims = [] : (tensor<f32>) -> tensor<6xf32>
    %30 = stablehlo.add %29, %28 : tensor<6xf32>
    %c_12 = stablehlo.constant dense<0> : tensor<i32>
    %31 = stablehlo.broadcast_in_dim %c_12, dims = [] : (tensor<i32>) -> tensor<6xi32>
    %32 = stablehlo.compare EQ, %7, %31, SIGNED : (tensor<6xi32>, tensor<6xi32>) -> tensor<6xi1>
    %33 = stablehlo.slice %22 [0:6, 1:2] : (tensor<6x2xf32>) -> tensor<6x1xf32>
    %34 = stablehlo.reshape %33 : (tensor<6x1xf32>) -> tensor<6xf32>
    %cst_13 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %35 = call @_where_0(%32, %34, %cst_13) : (tensor<6xi1>, tensor<6xf32>, tensor<f32>) -> tensor<6xf32>
    %36 = stablehlo.add %30, %35 : tensor<6xf32>
    %37 = stablehlo.slice %cst_0 [0:1, 0:8, 0:4] : (tensor<3x8x4xf32>) -> tensor<1x8x4xf32>
    %38 = stablehlo.reshape %37 : (tensor<1x8x4xf32>) -> tensor<8x4xf32>
    %39 = stablehlo.dot_general %arg0, %38, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x8xf32>, tensor<8x4xf32>) -> tensor<6x4xf32>
    %40 = stablehlo.multiply %39, %39 : tensor<6x4xf32>
    %41 = stablehlo.multiply %40, %39 : tensor<6x4xf32>
    %cst_14 = stablehlo.constant dense<4.471500e-02> : tensor<f32>
    %42 = stablehlo.broadcast_in_dim %cst_14, dims = [] : (tensor<f32>) -> tensor<6x4xf32>
    %43 = stablehlo.multiply %42, %41 : tensor<6x4xf32>
    %44 = stablehlo.add %39, %43 : tensor<6x4xf32>
    %cst_15 = stablehlo.constant dense<0.797884583> : tensor<f32>
    %45 = stablehlo.broadcast_in_dim %cst_15, dims = [] : (tensor<f32>) -> tensor<6x4xf32>
    %46 = stablehlo.multiply %45, %44 : tensor<6x4xf32>
    %47 = stablehlo.tanh %46 : tensor<6x4xf32>
    %cst_16 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %48 = stablehlo.broadcast_in_dim %cst_16, dims = [] : (tensor<f32>) -> tensor<6x4xf32>
    %49 = stablehlo.add %48, %47 : tensor<6x4xf32>
    %cst_17 = stablehlo.constant dense<5.000000e-01> : tensor<f32>
    %50 = stablehlo.broadcast_in_dim %cst_17, dims = [] : (tensor<f32>) -> tensor<6x4xf32>
    %51 = stablehlo.multiply %50, %49 : tensor<6x4xf32>
    %52 = stablehlo.multiply %39, %51 : tensor<6x4xf32>
    %53 = stablehlo.slice %cst_1 [0:1, 0:4, 0:8] : (tensor<3x4x8xf32>) -> tensor<1x4x8xf32>
    %54 = stablehlo.reshape %53 : (tensor<1x4x8xf32>) -> tensor<4x8xf32>
    %55 = stablehlo.dot_general %52, %54, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x4xf32>, tensor<4x8xf32>) -> tensor<6x8xf32>
    %56 = stablehlo.broadcast_in_dim %36, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %57 = stablehlo.broadcast_in_dim %56, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x8xf32>
    %58 = stablehlo.multiply %55, %57 : tensor<6x8xf32>
    %59 = stablehlo.add %23, %58 : tensor<6x8xf32>
    %c_18 = stablehlo.constant dense<1> : tensor<i32>
    %60 = stablehlo.broadcast_in_dim %c_18, dims = [] : (tensor<i32>) -> tensor<6xi32>
    %61 = stablehlo.compare EQ, %1, %60, SIGNED : (tensor<6xi32>, tensor<6xi32>) -> tensor<6xi1>
    %62 = stablehlo.slice %22 [0:6, 0:1] : (tensor<6x2xf32>) -> tensor<6x1xf32>
    %63 = stablehlo.reshape %62 : (tensor<6x1xf32>) -> tensor<6xf32>
    %cst_19 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %64 = call @_where_0(%61, %63, %cst_19) : (tensor<6xi1>, tensor<6xf32>, tensor<f32>) -> tensor<6xf32>
    %cst_20 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %65 = stablehlo.broadcast_in_dim %cst_20, dims = [] : (tensor<f32>) -> tensor<6xf32>
    %66 = stablehlo.add %65, %64 : tensor<6xf32>
    %c_21 = stablehlo.constant dense<1> : tensor<i32>
    %67 = stablehlo.broadcast_in_dim %c_21, dims = [] : (tensor<i32>) -> tensor<6xi32>
    %68 = stablehlo.compare EQ, %7, %67, SIGNED : (tensor<6xi32>, tensor<6xi32>) -> tensor<6xi1>
    %69 = stablehlo.slice %22 [0:6, 1:2] : (tensor<6x2xf32>) -> tensor<6x1xf32>
    %70 = stablehlo.reshape %69 : (tensor<6x1xf32>) -> tensor<6xf32>
    %cst_22 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %71 = call @_where_0(%68, %70, %cst_22) : (tensor<6xi1>, tensor<6xf32>, tensor<f32>) -> tensor<6xf32>
    %72 = stablehlo.add %66, %71 : tensor<6xf32>
    %73 = stablehlo.slice %cst_0 [1:2, 0:8, 0:4] : (tensor<3x8x4xf32>) -> tensor<1x8x4xf32>
    %74 = stablehlo.reshape %73 : (tensor<1x8x4xf32>) -> tensor<8x4xf32>
    %75 = stablehlo.dot_general %arg0, %74, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x8xf32>, tensor<8x4xf32>) -> tensor<6x4xf32>
    %76 = stablehlo.multiply %75, %75 : tensor<6x4xf32>
    %77 = stablehlo.multiply %76, %75 : tensor<6x4xf32>
    %cst_23 = stablehlo.constant dense<4.471500e-02> : tensor<f32>
    %78 = stablehlo.broadcast_in_dim %cst_23, dims = [] : (tensor<f32>) -> tensor<6x4xf32>
    %79 = stablehlo.multiply %78, %77 : tensor<6x4xf32>
    %80 = stablehlo.add %75, %79 : tensor<6x4xf32>
    %cst_24 = stablehlo.constant dense<0.797884583> : tensor<f32>
    %81 = stablehlo.broadcast_in_dim %cst_24, dims = [] : (tensor<f32>) -> tensor<6x4xf32>
    %82 = stablehlo.multiply %81, %80 : tensor<6x4xf32>
    %83 = stablehlo.tanh %82 : tensor<6x4xf32>
    %cst_25 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %84 = stablehlo.broadcast_in_dim %cst_25, dims = [] : (tensor<f32>) -> tensor<6x4xf32>
    %85 = stablehlo.add %84, %83 : tensor<6x4xf32>
    %cst_26 = stablehlo.constant dense<5.000000e-01> : tensor<f32>
    %86 = stablehlo.broadcast_in_dim %cst_26, dims = [] : (tensor<f32>) -> tensor<6x4xf32>
    %87 = stablehlo.multiply %86, %85 : tensor<6x4xf32>
    %88 = stablehlo.multiply %75, %87 : tensor<6x4xf32>
    %89 = stablehlo.slice %cst_1 [1:2, 0:4, 0:8] : (tensor<3x4x8xf32>) -> tensor<1x4x8xf32>
    %90 = stablehlo.reshape %89 : (tensor<1x4x8xf32>) -> tensor<4x8xf32>
    %91 = stablehlo.dot_general %88, %90, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x4xf32>, tensor<4x8xf32>) -> tensor<6x8xf32>
    %92 = stablehlo.broadcast_in_dim %72, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %93 = stablehlo.broadcast_in_dim %92, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x8xf32>
    %94 = stablehlo.multiply %91, %93 : tensor<6x8xf32>
    %95 = stablehlo.add %59, %94 : tensor<6x8xf32>
    %c_27 = stablehlo.constant dense<2> : tensor<i32>
    %96 = stablehlo.broadcast_in_dim %c_27, dims = [] : (tensor<i32>) -> tensor<6xi32>
    %97 = stablehlo.compare EQ, %1, %96, SIGNED : (tensor<6xi32>, tensor<6xi32>) -> tensor<6xi1>
    %98 = stablehlo.slice %22 [0:6, 0:1] : (tensor<6x2xf32>) -> tensor<6x1xf32>
    %99 = stablehlo.reshape %98 : (tensor<6x1xf32>) -> tensor<6xf32>
    %cst_28 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %100 = call @_where_0(%97, %99, %cst_28) : (tensor<6xi1>, tensor<6xf32>, tensor<f32>) -> tensor<6xf32>
    %cst_29 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %101 = stablehlo.broadcast_in_dim %cst_29, dims = [] : (tensor<f32>) -> tensor<6xf32>
    %102 = stablehlo.add %101, %100 : tensor<6xf32>
    %c_30 = stablehlo.constant dense<2> : tensor<i32>
    %103 = stablehlo.broadcast_in_dim %c_30, dims = [] : (tensor<i32>) -> tensor<6xi32>
    %104 = stablehlo.compare EQ, %7, %103, SIGNED : (tensor<6xi32>, tensor<6xi32>) -> tensor<6xi1>
    %105 = stablehlo.slice %22 [0:6, 1:2] : (tensor<6x2xf32>) -> tensor<6x1xf32>
    %106 = stablehlo.reshape %105 : (tensor<6x1xf32>) -> tensor<6xf32>
    %cst_31 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %107 = call @_where_0(%104, %106, %cst_31) : (tensor<6xi1>, tensor<6xf32>, tensor<f32>) -> tensor<6xf32>
    %108 = stablehlo.add %102, %107 : tensor<6xf32>
    %109 = stablehlo.slice %cst_0 [2:3, 0:8, 0:4] : (tensor<3x8x4xf32>) -> tensor<1x8x4xf32>
    %110 = stablehlo.reshape %109 : (tensor<1x8x4xf32>) -> tensor<8x4xf32>
    %111 = stablehlo.dot_general %arg0, %110, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x8xf32>, tensor<8x4xf32>) -> tensor<6x4xf32>
    %112 = stablehlo.multiply %111, %111 : tensor<6x4xf32>
    %113 = stablehlo.multiply %112, %111 : tensor<6x4xf32>
    %cst_32 = stablehlo.constant dense<4.471500e-02> : tensor<f32>
    %114 = stablehlo.broadcast_in_dim %cst_32, dims = [] : (tensor<f32>) -> tensor<6x4xf32>
    %115 = stablehlo.multiply %114, %113 : tensor<6x4xf32>
    %116 = stablehlo.add %111, %115 : tensor<6x4xf32>
    %cst_33 = stablehlo.constant dense<0.797884583> : tensor<f32>
    %117 = stablehlo.broadcast_in_dim %cst_33, dims = [] : (tensor<f32>) -> tensor<6x4xf32>
    %118 = stablehlo.multiply %117, %116 : tensor<6x4xf32>
    %119 = stablehlo.tanh %118 : tensor<6x4xf32>
    %cst_34 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %120 = stablehlo.broadcast_in_dim %cst_34, dims = [] : (tensor<f32>) -> tensor<6x4xf32>
    %121 = stablehlo.add %120, %119 : tensor<6x4xf32>
    %cst_35 = stablehlo.constant dense<5.000000e-01> : tensor<f32>
    %122 = stablehlo.broadcast_in_dim %cst_35, dims = [] : (tensor<f32>) -> tensor<6x4xf32>
    %123 = stablehlo.multiply %122, %121 : tensor<6x4xf32>
    %124 = stablehlo.multiply %111, %123 : tensor<6x4xf32>
    %125 = stablehlo.slice %cst_1 [2:3, 0:4, 0:8] : (tensor<3x4x8xf32>) -> tensor<1x4x8xf32>
    %126 = stablehlo.reshape %125 : (tensor<1x4x8xf32>) -> tensor<4x8xf32>
    %127 = stablehlo.dot_general %124, %126, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x4xf32>, tensor<4x8xf32>) -> tensor<6x8xf32>
    %128 = stablehlo.broadcast_in_dim %108, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %129 = stablehlo.broadcast_in_dim %128, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x8xf32>
    %130 = stablehlo.multiply %127, %129 : tensor<6x8xf32>
    %131 = stablehlo.add %95, %130 : tensor<6x8xf32>
    return %131 : tensor<6x8xf32>
  }
  func.func private @argmax(%arg0: tensor<6x3xf32>) -> tensor<6xi32> {
    %0 = stablehlo.iota dim = 1 : tensor<6x3xi32>
    %cst = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %c = stablehlo.constant dense<0> : tensor<i32>
    %1:2 = stablehlo.reduce(%arg0 init: %cst), (%0 init: %c) across dimensions = [1] : (tensor<6x3xf32>, tensor<6x3xi32>, tensor<f32>, tensor<i32>) -> (tensor<6xf32>, tensor<6xi32>)
     reducer(%arg1: tensor<f32>, %arg3: tensor<f32>) (%arg2: tensor<i32>, %arg4: tensor<i32>)  {
      %2 = stablehlo.compare GT, %arg1, %arg3, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %3 = stablehlo.compare NE, %arg1, %arg1, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %4 = stablehlo.or %2, %3 : tensor<i1>
      %5 = stablehlo.compare EQ, %arg1, %arg3, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %6 = stablehlo.compare LT, %arg2, %arg4, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
      %7 = stablehlo.and %5, %6 : tensor<i1>
      %8 = stablehlo.or %4, %7 : tensor<i1>
      %9 = stablehlo.select %4, %arg1, %arg3 : tensor<i1>, tensor<f32>
      %10 = stablehlo.select %8, %arg2, %arg4 : tensor<i1>, tensor<i32>
      stablehlo.return %9, %10 : tensor<f32>, tensor<i32>
    }
    return %1#1 : tensor<6xi32>
  }
  func.func private @_one_hot(%arg0: tensor<6xi32>) -> tensor<6x3xf32> {
    %0 = stablehlo.broadcast_in_dim %arg0, dims = [0] : (tensor<6xi32>) -> tensor<6x1xi32>
    %1 = stablehlo.iota dim = 1 : tensor<1x3xi32>
    %2 = stablehlo.broadcast_in_dim %0, dims = [0, 1] : (tensor<6x1xi32>) -> tensor<6x3xi32>
    %3 = stablehlo.broadcast_in_dim %1, dims = [0, 1] : (tensor<1x3xi32>) -> tensor<6x3xi32>
    %4 = stablehlo.compare EQ, %2, %3, SIGNED : (tensor<6x3xi32>, tensor<6x3xi32>) -> tensor<6x3xi1>
    %5 = stablehlo.convert %4 : (tensor<6x3xi1>) -> tensor<6x3xf32>
    return %5 : tensor<6x3xf32>
  }
  func.func private @_where(%arg0: tensor<6x3xi1>, %arg1: tensor<f32>, %arg2: tensor<6x3xf32>) -> tensor<6x3xf32> {
    %0 = stablehlo.convert %arg1 : tensor<f32>
    %1 = stablehlo.broadcast_in_dim %0, dims = [] : (tensor<f32>) -> tensor<6x3xf32>
    %2 = stablehlo.select %arg0, %1, %arg2 : tensor<6x3xi1>, tensor<6x3xf32>
    return %2 : tensor<6x3xf32>
  }
  func.func private @_where_0(%arg0: tensor<6xi1>, %arg1: tensor<6xf32>, %arg2: tensor<f32>) -> tensor<6xf32> {
    %0 = stablehlo.convert %arg2 : tensor<f32>
    %1 = stablehlo.broadcast_in_dim %0, dims = [] : (tensor<f32>) -> tensor<6xf32>
    %2 = stablehlo.select %arg0, %arg1, %1 : tensor<6xi1>, tensor<6xf32>
    return %2 : tensor<6xf32>
  }
}
