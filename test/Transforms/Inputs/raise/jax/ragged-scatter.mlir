module @jit_ragged_scatter attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<6x8xf32>) -> (tensor<6x8xf32> {jax.result_info = "result"}) {
    %cst = stablehlo.constant dense<[[0.122182466, 0.290485889, 0.116827145], [-0.460735649, 0.320091635, 0.157817245], [-0.189841643, 0.205456272, 0.128895804], [0.103991538, 0.0100487797, 0.19329223], [-0.260375828, -0.0575973652, -0.170454919], [0.211724102, 0.0140438862, -0.103399076], [-0.276446402, -0.090931192, 0.00287869549], [-0.0974403396, 0.457520664, 0.355930805]]> : tensor<8x3xf32>
    %cst_0 = stablehlo.constant dense<[[[-0.958540678, -0.667867064, -0.0617912672, -0.149266854], [0.0755342096, 7.683490e-02, 0.748769045, -0.393158704], [-0.133503526, 0.722228825, 0.228644043, 0.234428301], [-0.181728691, -0.58268255, 0.0592077263, 3.854230e-02], [-0.43393448, -0.241557106, -0.0254712868, -0.334020138], [-0.0347436816, 0.0337583497, 0.0125816343, -0.179001138], [0.209921643, 0.315075099, 0.113437004, -0.289288074], [0.258678138, -0.17728582, 0.310830206, -0.378934085]], [[0.323312968, -0.0070935022, -0.441499412, -0.11098022], [0.0191280432, 0.0964463055, -0.347255945, -0.391515493], [0.0705637857, -0.165020913, 0.0832638069, 0.268530697], [-0.58293438, 0.0899397805, 0.432978094, -0.105191626], [-0.286666244, 0.265958369, 0.0896068736, 0.31674251], [-0.122052185, -0.52390188, -0.0388946794, -0.157624051], [0.274118364, 0.0684595481, -0.576592267, -0.422553957], [0.312466621, 0.240333229, -0.226360217, -3.70805588E-4]], [[0.157534048, 0.165605947, 0.30979839, 0.0906813666], [-0.0335268825, -0.091516614, 0.373261452, -0.795797169], [-0.0490220599, 0.0116672991, -0.503936946, 0.117667384], [-0.230262607, 0.304920286, -0.0444035083, 0.2365814], [0.430926293, 0.13538605, -0.309614182, -0.535392463], [0.619914889, -0.0393477306, -0.243444473, 0.0510025844], [-0.0676741228, 0.301277786, 0.0119954236, 0.00486121187], [-0.252642095, 0.166017398, -0.365527093, 0.235427469]]]> : tensor<3x8x4xf32>
    %cst_1 = stablehlo.constant dense<[[[-0.218994036, -0.103446461, -0.166863009, 0.0283449776, -0.146551102, 0.37660569, -0.161597967, -6.832480e-02], [-0.332390666, -0.263257414, -0.632246375, 0.25939247, -5.712590e-01, -0.372928202, 0.179622322, 0.201286688], [-0.200057372, -1.00963295, 0.210256651, 0.129781723, -0.706190586, 0.385161042, -0.350549906, -0.563094079], [0.0478653572, -0.0892352163, 0.101312004, -8.028740e-01, 0.906115055, -0.301329315, -0.76982963, 0.309421092]], [[-0.177402064, 0.162429243, -0.169804215, -0.0298701804, 0.122886419, -0.373326451, 0.339369804, -0.234950051], [-0.43484357, 0.0385162123, 0.222520635, -0.114539668, -0.4312599, 0.309892774, -0.880164385, -0.51543206], [0.019761445, -0.680529714, 0.013997132, -0.0274315588, 0.449369907, -0.457395166, -0.312953264, 0.16659084], [-1.22878182, 1.55002117, -0.349325359, -0.364917517, 0.430563748, -0.0199159216, -0.8897143, 0.313463688]], [[0.427688926, -0.224973142, -0.140800178, 0.242992297, -0.454390138, 0.219194278, 0.0996492579, -0.3374663], [-0.696050941, -0.112802915, -0.43771112, 0.500705123, 0.0720426813, 0.391042262, 0.0673109666, 0.131450564], [-0.39149946, 0.334023714, 0.892349123, -0.154843777, -0.296387255, -0.0789183527, -0.240640149, -0.350739658], [0.0690968186, -0.145458773, 0.719436824, 1.00821475E-4, 0.161955982, 0.476010948, -0.150377929, 0.718368292]]]> : tensor<3x4x8xf32>
    %0 = stablehlo.dot_general %arg0, %cst, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x8xf32>, tensor<8x3xf32>) -> tensor<6x3xf32>
    %cst_2 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %1 = stablehlo.reduce(%0 init: %cst_2) applies stablehlo.maximum across dimensions = [1] : (tensor<6x3xf32>, tensor<f32>) -> tensor<6xf32>
    %cst_3 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %2 = stablehlo.broadcast_in_dim %cst_3, dims = [] : (tensor<f32>) -> tensor<6xf32>
    %3 = stablehlo.maximum %2, %1 : tensor<6xf32>
    %4 = stablehlo.broadcast_in_dim %3, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %5 = stablehlo.broadcast_in_dim %4, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x3xf32>
    %6 = stablehlo.subtract %0, %5 : tensor<6x3xf32>
    %7 = stablehlo.exponential %6 : tensor<6x3xf32>
    %cst_4 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %8 = stablehlo.reduce(%7 init: %cst_4) applies stablehlo.add across dimensions = [1] : (tensor<6x3xf32>, tensor<f32>) -> tensor<6xf32>
    %9 = stablehlo.broadcast_in_dim %8, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %10 = stablehlo.broadcast_in_dim %9, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x3xf32>
    %11 = stablehlo.divide %7, %10 : tensor<6x3xf32>
    %values, %indices = chlo.top_k(%11, k = 2) : tensor<6x3xf32> -> (tensor<6x2xf32>, tensor<6x2xi32>)
    %cst_5 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %12 = stablehlo.reduce(%values init: %cst_5) applies stablehlo.add across dimensions = [1] : (tensor<6x2xf32>, tensor<f32>) -> tensor<6xf32>
    %13 = stablehlo.broadcast_in_dim %12, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %14 = stablehlo.broadcast_in_dim %13, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x2xf32>
    %15 = stablehlo.divide %values, %14 : tensor<6x2xf32>
    %16 = stablehlo.reshape %indices : (tensor<6x2xi32>) -> tensor<12xi32>
    %17 = call @argsort(%16) : (tensor<12xi32>) -> tensor<12xi32>
    %18 = stablehlo.broadcast_in_dim %arg0, dims = [0, 2] : (tensor<6x8xf32>) -> tensor<6x2x8xf32>
    %19 = stablehlo.reshape %18 : (tensor<6x2x8xf32>) -> tensor<12x8xf32>
    %c = stablehlo.constant dense<0> : tensor<i32>
    %20 = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %21 = stablehlo.compare LT, %17, %20, SIGNED : (tensor<12xi32>, tensor<12xi32>) -> tensor<12xi1>
    %c_6 = stablehlo.constant dense<12> : tensor<i32>
    %22 = stablehlo.broadcast_in_dim %c_6, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %23 = stablehlo.add %17, %22 : tensor<12xi32>
    %24 = stablehlo.select %21, %23, %17 : tensor<12xi1>, tensor<12xi32>
    %25 = stablehlo.broadcast_in_dim %24, dims = [0] : (tensor<12xi32>) -> tensor<12x1xi32>
    %26 = "stablehlo.gather"(%19, %25) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, indices_are_sorted = false, slice_sizes = array<i64: 1, 8>}> : (tensor<12x8xf32>, tensor<12x1xi32>) -> tensor<12x8xf32>
    %27 = call @_one_hot(%16) : (tensor<12xi32>) -> tensor<12x3xi32>
    %c_7 = stablehlo.constant dense<0> : tensor<i32>
    %28 = stablehlo.reduce(%27 init: %c_7) applies stablehlo.add across dimensions = [0] : (tensor<12x3xi32>, tensor<i32>) -> tensor<3xi32>
    %29 = stablehlo.broadcast_in_dim %26, dims = [1, 2] : (tensor<12x8xf32>) -> tensor<3x12x8xf32>
    %30 = stablehlo.iota dim = 1 : tensor<3x12x8xi32>
    %31 = call @cumsum(%28) : (tensor<3xi32>) -> tensor<3xi32>
    %c_8 = stablehlo.constant dense<0> : tensor<i32>
    %32 = stablehlo.broadcast_in_dim %c_8, dims = [] : (tensor<i32>) -> tensor<3xi32>
    %33 = stablehlo.slice %32 [0:1] : (tensor<3xi32>) -> tensor<1xi32>
    %34 = stablehlo.slice %31 [0:2] : (tensor<3xi32>) -> tensor<2xi32>
    %35 = stablehlo.concatenate %33, %34, dim = 0 : (tensor<1xi32>, tensor<2xi32>) -> tensor<3xi32>
    %36 = stablehlo.broadcast_in_dim %31, dims = [0] : (tensor<3xi32>) -> tensor<3x12x8xi32>
    %37 = stablehlo.broadcast_in_dim %35, dims = [0] : (tensor<3xi32>) -> tensor<3x12x8xi32>
    %38 = stablehlo.compare LE, %37, %30, SIGNED : (tensor<3x12x8xi32>, tensor<3x12x8xi32>) -> tensor<3x12x8xi1>
    %39 = stablehlo.compare LT, %30, %36, SIGNED : (tensor<3x12x8xi32>, tensor<3x12x8xi32>) -> tensor<3x12x8xi1>
    %40 = stablehlo.and %38, %39 : tensor<3x12x8xi1>
    %cst_9 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %41 = stablehlo.broadcast_in_dim %cst_9, dims = [] : (tensor<f32>) -> tensor<3x12x8xf32>
    %42 = stablehlo.select %40, %29, %41 : tensor<3x12x8xi1>, tensor<3x12x8xf32>
    %43 = stablehlo.dot_general %42, %cst_0, contracting_dims = [2, 0] x [1, 0], precision = [DEFAULT, DEFAULT] : (tensor<3x12x8xf32>, tensor<3x8x4xf32>) -> tensor<12x4xf32>
    %44 = call @relu(%43) : (tensor<12x4xf32>) -> tensor<12x4xf32>
    %45 = stablehlo.broadcast_in_dim %44, dims = [1, 2] : (tensor<12x4xf32>) -> tensor<3x12x4xf32>
    %46 = stablehlo.iota dim = 1 : tensor<3x12x4xi32>
    %47 = call @cumsum(%28) : (tensor<3xi32>) -> tensor<3xi32>
    %c_10 = stablehlo.constant dense<0> : tensor<i32>
    %48 = stablehlo.broadcast_in_dim %c_10, dims = [] : (tensor<i32>) -> tensor<3xi32>
    %49 = stablehlo.slice %48 [0:1] : (tensor<3xi32>) -> tensor<1xi32>
    %50 = stablehlo.slice %47 [0:2] : (tensor<3xi32>) -> tensor<2xi32>
    %51 = stablehlo.concatenate %49, %50, dim = 0 : (tensor<1xi32>, tensor<2xi32>) -> tensor<3xi32>
    %52 = stablehlo.broadcast_in_dim %47, dims = [0] : (tensor<3xi32>) -> tensor<3x12x4xi32>
    %53 = stablehlo.broadcast_in_dim %51, dims = [0] : (tensor<3xi32>) -> tensor<3x12x4xi32>
    %54 = stablehlo.compare LE, %53, %46, SIGNED : (tensor<3x12x4xi32>, tensor<3x12x4xi32>) -> tensor<3x12x4xi1>
    %55 = stablehlo.compare LT, %46, %52, SIGNED : (tensor<3x12x4xi32>, tensor<3x12x4xi32>) -> tensor<3x12x4xi1>
    %56 = stablehlo.and %54, %55 : tensor<3x12x4xi1>
    %cst_11 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %57 = stablehlo.broadcast_in_dim %cst_11, dims = [] : (tensor<f32>) -> tensor<3x12x4xf32>
    %58 = stablehlo.select %56, %45, %57 : tensor<3x12x4xi1>, tensor<3x12x4xf32>
    %59 = stablehlo.dot_general %58, %cst_1, contracting_dims = [2, 0] x [1, 0], precision = [DEFAULT, DEFAULT] : (tensor<3x12x4xf32>, tensor<3x4x8xf32>) -> tensor<12x8xf32>
    %60 = stablehlo.reshape %15 : (tensor<6x2xf32>) -> tensor<12xf32>
    %c_12 = stablehlo.constant dense<0> : tensor<i32>
    %61 = stablehlo.broadcast_in_dim %c_12, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %62 = stablehlo.compare LT, %17, %61, SIGNED : (tensor<12xi32>, tensor<12xi32>) -> tensor<12xi1>
    %c_13 = stablehlo.constant dense<12> : tensor<i32>
    %63 = stablehlo.broadcast_in_dim %c_13, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %64 = stablehlo.add %17, %63 : tensor<12xi32>
    %65 = stablehlo.select %62, %64, %17 : tensor<12xi1>, tensor<12xi32>
    %66 = stablehlo.broadcast_in_dim %65, dims = [0] : (tensor<12xi32>) -> tensor<12x1xi32>
    %67 = "stablehlo.gather"(%60, %66) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, indices_are_sorted = false, slice_sizes = array<i64: 1>}> : (tensor<12xf32>, tensor<12x1xi32>) -> tensor<12xf32>
    %68 = stablehlo.broadcast_in_dim %67, dims = [0] : (tensor<12xf32>) -> tensor<12x1xf32>
    %69 = stablehlo.broadcast_in_dim %68, dims = [0, 1] : (tensor<12x1xf32>) -> tensor<12x8xf32>
    %70 = stablehlo.multiply %59, %69 : tensor<12x8xf32>
    %cst_14 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %71 = stablehlo.broadcast_in_dim %cst_14, dims = [] : (tensor<f32>) -> tensor<6x8xf32>
    %c_15 = stablehlo.constant dense<2> : tensor<i32>
    %72 = call @floor_divide(%17, %c_15) : (tensor<12xi32>, tensor<i32>) -> tensor<12xi32>
    %c_16 = stablehlo.constant dense<0> : tensor<i32>
    %73 = stablehlo.broadcast_in_dim %c_16, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %74 = stablehlo.compare LT, %72, %73, SIGNED : (tensor<12xi32>, tensor<12xi32>) -> tensor<12xi1>
    %c_17 = stablehlo.constant dense<6> : tensor<i32>
    %75 = stablehlo.broadcast_in_dim %c_17, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %76 = stablehlo.add %72, %75 : tensor<12xi32>
    %77 = stablehlo.select %74, %76, %72 : tensor<12xi1>, tensor<12xi32>
    %78 = stablehlo.broadcast_in_dim %77, dims = [0] : (tensor<12xi32>) -> tensor<12x1xi32>
    %79 = "stablehlo.scatter"(%71, %78, %70) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = false}> ({
    ^bb0(%arg1: tensor<f32>, %arg2: tensor<f32>):
      %80 = stablehlo.add %arg1, %arg2 : tensor<f32>
      stablehlo.return %80 : tensor<f32>
    }) : (tensor<6x8xf32>, tensor<12x1xi32>, tensor<12x8xf32>) -> tensor<6x8xf32>
    return %79 : tensor<6x8xf32>
  }
  func.func private @argsort(%arg0: tensor<12xi32>) -> tensor<12xi32> {
    %0 = stablehlo.iota dim = 0 : tensor<12xi32>
    %1:2 = "stablehlo.sort"(%arg0, %0) <{dimension = 0 : i64, is_stable = true}> ({
    ^bb0(%arg1: tensor<i32>, %arg2: tensor<i32>, %arg3: tensor<i32>, %arg4: tensor<i32>):
      %2 = stablehlo.compare LT, %arg1, %arg2, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %2 : tensor<i1>
    }) : (tensor<12xi32>, tensor<12xi32>) -> (tensor<12xi32>, tensor<12xi32>)
    return %1#1 : tensor<12xi32>
  }
  func.func private @_one_hot(%arg0: tensor<12xi32>) -> tensor<12x3xi32> {
    %0 = stablehlo.broadcast_in_dim %arg0, dims = [0] : (tensor<12xi32>) -> tensor<12x1xi32>
    %1 = stablehlo.iota dim = 1 : tensor<1x3xi32>
    %2 = stablehlo.broadcast_in_dim %0, dims = [0, 1] : (tensor<12x1xi32>) -> tensor<12x3xi32>
    %3 = stablehlo.broadcast_in_dim %1, dims = [0, 1] : (tensor<1x3xi32>) -> tensor<12x3xi32>
    %4 = stablehlo.compare EQ, %2, %3, SIGNED : (tensor<12x3xi32>, tensor<12x3xi32>) -> tensor<12x3xi1>
    %5 = stablehlo.convert %4 : (tensor<12x3xi1>) -> tensor<12x3xi32>
    return %5 : tensor<12x3xi32>
  }
  func.func private @cumsum(%arg0: tensor<3xi32>) -> tensor<3xi32> {
    %c = stablehlo.constant dense<0> : tensor<i32>
    %0 = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<i32>) -> tensor<i32>
    %1 = "stablehlo.reduce_window"(%arg0, %0) <{base_dilations = array<i64: 1>, padding = dense<[[2, 0]]> : tensor<1x2xi64>, window_dilations = array<i64: 1>, window_dimensions = array<i64: 3>, window_strides = array<i64: 1>}> ({
    ^bb0(%arg1: tensor<i32>, %arg2: tensor<i32>):
      %2 = stablehlo.add %arg1, %arg2 : tensor<i32>
      stablehlo.return %2 : tensor<i32>
    }) : (tensor<3xi32>, tensor<i32>) -> tensor<3xi32>
    return %1 : tensor<3xi32>
  }
  func.func private @relu(%arg0: tensor<12x4xf32>) -> tensor<12x4xf32> {
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %0 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<12x4xf32>
    %1 = stablehlo.maximum %arg0, %0 : tensor<12x4xf32>
    return %1 : tensor<12x4xf32>
  }
  func.func private @floor_divide(%arg0: tensor<12xi32>, %arg1: tensor<i32>) -> tensor<12xi32> {
    %0 = stablehlo.convert %arg1 : tensor<i32>
    %1 = stablehlo.broadcast_in_dim %0, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %2 = stablehlo.divide %arg0, %1 : tensor<12xi32>
    %3 = stablehlo.sign %arg0 : tensor<12xi32>
    %4 = stablehlo.sign %0 : tensor<i32>
    %5 = stablehlo.broadcast_in_dim %4, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %6 = stablehlo.compare NE, %3, %5, SIGNED : (tensor<12xi32>, tensor<12xi32>) -> tensor<12xi1>
    %7 = stablehlo.broadcast_in_dim %0, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %8 = stablehlo.remainder %arg0, %7 : tensor<12xi32>
    %c = stablehlo.constant dense<0> : tensor<i32>
    %9 = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %10 = stablehlo.compare NE, %8, %9, SIGNED : (tensor<12xi32>, tensor<12xi32>) -> tensor<12xi1>
    %11 = stablehlo.and %6, %10 : tensor<12xi1>
    %c_0 = stablehlo.constant dense<1> : tensor<i32>
    %12 = stablehlo.broadcast_in_dim %c_0, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %13 = stablehlo.subtract %2, %12 : tensor<12xi32>
    %14 = call @_where(%11, %13, %2) : (tensor<12xi1>, tensor<12xi32>, tensor<12xi32>) -> tensor<12xi32>
    return %14 : tensor<12xi32>
  }
  func.func private @_where(%arg0: tensor<12xi1>, %arg1: tensor<12xi32>, %arg2: tensor<12xi32>) -> tensor<12xi32> {
    %0 = stablehlo.select %arg0, %arg1, %arg2 : tensor<12xi1>, tensor<12xi32>
    return %0 : tensor<12xi32>
  }
}
