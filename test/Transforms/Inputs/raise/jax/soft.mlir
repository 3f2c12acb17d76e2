module @jit_soft attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<6x8xf32>) -> (tensor<6x8xf32> {jax.result_info = "result"}) {
    %cst = stablehlo.constant dense<[[[0.756904661, 0.461905152], [0.140048042, -0.030040333], [0.138206288, -4.223640e-01]], [[5.160620e-01, 0.603615283], [0.538404286, -0.306543082], [0.0452667661, -9.571360e-02]], [[1.03263414, 0.103747651], [-1.08661413, 0.230077341], [1.0867269, 0.395586371]], [[0.507767856, 0.0208199825], [-1.13818228, -1.04515278], [-0.719348311, -0.0732265115]], [[0.178977713, 0.39803344], [-0.196563542, 0.55248338], [-0.161513016, -0.406737208]], [[0.491695583, -0.527955055], [-1.57563794, -0.611966311], [0.0543630384, -1.77834141]], [[-0.206193745, -0.191732451], [-0.823564708, -0.855923771], [-0.267002523, -0.315868437]], [[0.727414309, 0.216427281], [-0.912707328, -0.493433267], [0.407113642, 1.09464264]]]> : tensor<8x3x2xf32>
    %cst_0 = stablehlo.constant dense<[[[-0.958540678, -0.667867064, -0.0617912672, -0.149266854], [0.0755342096, 7.683490e-02, 0.748769045, -0.393158704], [-0.133503526, 0.722228825, 0.228644043, 0.234428301], [-0.181728691, -0.58268255, 0.0592077263, 3.854230e-02], [-0.43393448, -0.241557106, -0.0254712868, -0.334020138], [-0.0347436816, 0.0337583497, 0.0125816343, -0.179001138], [0.209921643, 0.315075099, 0.113437004, -0.289288074], [0.258678138, -0.17728582, 0.310830206, -0.378934085]], [[0.323312968, -0.0070935022, -0.441499412, -0.11098022], [0.0191280432, 0.0964463055, -0.347255945, -0.391515493], [0.0705637857, -0.165020913, 0.0832638069, 0.268530697], [-0.58293438, 0.0899397805, 0.432978094, -0.105191626], [-0.286666244, 0.265958369, 0.0896068736, 0.31674251], [-0.122052185, -0.52390188, -0.0388946794, -0.157624051], [0.274118364, 0.0684595481, -0.576592267, -0.422553957], [0.312466621, 0.240333229, -0.226360217, -3.70805588E-4]], [[0.157534048, 0.165605947, 0.30979839, 0.0906813666], [-0.0335268825, -0.091516614, 0.373261452, -0.795797169], [-0.0490220599, 0.0116672991, -0.503936946, 0.117667384], [-0.230262607, 0.304920286, -0.0444035083, 0.2365814], [0.430926293, 0.13538605, -0.309614182, -0.535392463], [0.619914889, -0.0393477306, -0.243444473, 0.0510025844], [-0.0676741228, 0.301277786, 0.0119954236, 0.00486121187], [-0.252642095, 0.166017398, -0.365527093, 0.235427469]]]> : tensor<3x8x4xf32>
    %cst_1 = stablehlo.constant dense<[[[-0.218994036, -0.103446461, -0.166863009, 0.0283449776, -0.146551102, 0.37660569, -0.161597967, -6.832480e-02], [-0.332390666, -0.263257414, -0.632246375, 0.25939247, -5.712590e-01, -0.372928202, 0.179622322, 0.201286688], [-0.200057372, -1.00963295, 0.210256651, 0.129781723, -0.706190586, 0.385161042, -0.350549906, -0.563094079], [0.0478653572, -0.0892352163, 0.101312004, -8.028740e-01, 0.906115055, -0.301329315, -0.76982963, 0.309421092]], [[-0.177402064, 0.162429243, -0.169804215, -0.0298701804, 0.122886419, -0.373326451, 0.339369804, -0.234950051], [-0.43484357, 0.0385162123, 0.222520635, -0.114539668, -0.4312599, 0.309892774, -0.880164385, -0.51543206], [0.019761445, -0.680529714, 0.013997132, -0.0274315588, 0.449369907, -0.457395166, -0.312953264, 0.16659084], [-1.22878182, 1.55002117, -0.349325359, -0.364917517, 0.430563748, -0.0199159216, -0.8897143, 0.313463688]], [[0.427688926, -0.224973142, -0.140800178, 0.242992297, -0.454390138, 0.219194278, 0.0996492579, -0.3374663], [-0.696050941, -0.112802915, -0.43771112, 0.500705123, 0.0720426813, 0.391042262, 0.0673109666, 0.131450564], [-0.39149946, 0.334023714, 0.892349123, -0.154843777, -0.296387255, -0.0789183527, -0.240640149, -0.350739658], [0.0690968186, -0.145458773, 0.719436824, 1.00821475E-4, 0.161955982, 0.476010948, -0.150377929, 0.718368292]]]> : tensor<3x4x8xf32>
    %0 = stablehlo.reshape %arg0 : (tensor<6x8xf32>) -> tensor<2x3x8xf32>
    %cst_2 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %1 = stablehlo.reduce(%0 init: %cst_2) applies stablehlo.add across dimensions = [2] : (tensor<2x3x8xf32>, tensor<f32>) -> tensor<2x3xf32>
    %2 = stablehlo.broadcast_in_dim %1, dims = [0, 1] : (tensor<2x3xf32>) -> tensor<2x3x1xf32>
    %cst_3 = stablehlo.constant dense<8.000000e+00> : tensor<f32>
    %3 = stablehlo.broadcast_in_dim %cst_3, dims = [] : (tensor<f32>) -> tensor<2x3x1xf32>
    %4 = stablehlo.divide %2, %3 : tensor<2x3x1xf32>
    %c = stablehlo.constant dense<0> : tensor<i32>
    %5 = call @_var(%0, %c) : (tensor<2x3x8xf32>, tensor<i32>) -> tensor<2x3x1xf32>
    %6 = stablehlo.broadcast_in_dim %4, dims = [0, 1, 2] : (tensor<2x3x1xf32>) -> tensor<2x3x8xf32>
    %7 = stablehlo.subtract %0, %6 : tensor<2x3x8xf32>
    %cst_4 = stablehlo.constant dense<9.99999997E-7> : tensor<f32>
    %8 = stablehlo.broadcast_in_dim %cst_4, dims = [] : (tensor<f32>) -> tensor<2x3x1xf32>
    %9 = stablehlo.add %5, %8 : tensor<2x3x1xf32>
    %10 = stablehlo.rsqrt %9 : tensor<2x3x1xf32>
    %11 = stablehlo.broadcast_in_dim %10, dims = [0, 1, 2] : (tensor<2x3x1xf32>) -> tensor<2x3x8xf32>
    %12 = stablehlo.multiply %7, %11 : tensor<2x3x8xf32>
    %cst_5 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %13 = stablehlo.broadcast_in_dim %cst_5, dims = [] : (tensor<f32>) -> tensor<2x3x8xf32>
    %14 = stablehlo.multiply %12, %13 : tensor<2x3x8xf32>
    %cst_6 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %15 = stablehlo.broadcast_in_dim %cst_6, dims = [] : (tensor<f32>) -> tensor<2x3x8xf32>
    %16 = stablehlo.add %14, %15 : tensor<2x3x8xf32>
    %17 = stablehlo.dot_general %16, %cst, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<2x3x8xf32>, tensor<8x3x2xf32>) -> tensor<2x3x3x2xf32>
    %cst_7 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %18 = stablehlo.reduce(%17 init: %cst_7) applies stablehlo.maximum across dimensions = [1] : (tensor<2x3x3x2xf32>, tensor<f32>) -> tensor<2x3x2xf32>
    %cst_8 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %19 = stablehlo.broadcast_in_dim %cst_8, dims = [] : (tensor<f32>) -> tensor<2x3x2xf32>
    %20 = stablehlo.maximum %19, %18 : tensor<2x3x2xf32>
    %21 = stablehlo.broadcast_in_dim %20, dims = [0, 2, 3] : (tensor<2x3x2xf32>) -> tensor<2x1x3x2xf32>
    %22 = stablehlo.broadcast_in_dim %21, dims = [0, 1, 2, 3] : (tensor<2x1x3x2xf32>) -> tensor<2x3x3x2xf32>
    %23 = stablehlo.subtract %17, %22 : tensor<2x3x3x2xf32>
    %24 = stablehlo.exponential %23 : tensor<2x3x3x2xf32>
    %cst_9 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %25 = stablehlo.reduce(%24 init: %cst_9) applies stablehlo.add across dimensions = [1] : (tensor<2x3x3x2xf32>, tensor<f32>) -> tensor<2x3x2xf32>
    %26 = stablehlo.broadcast_in_dim %25, dims = [0, 2, 3] : (tensor<2x3x2xf32>) -> tensor<2x1x3x2xf32>
    %27 = stablehlo.broadcast_in_dim %26, dims = [0, 1, 2, 3] : (tensor<2x1x3x2xf32>) -> tensor<2x3x3x2xf32>
    %28 = stablehlo.divide %24, %27 : tensor<2x3x3x2xf32>
    %29 = stablehlo.reshape %17 : (tensor<2x3x3x2xf32>) -> tensor<2x3x6xf32>
    %cst_10 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %30 = stablehlo.reduce(%29 init: %cst_10) applies stablehlo.maximum across dimensions = [2] : (tensor<2x3x6xf32>, tensor<f32>) -> tensor<2x3xf32>
    %cst_11 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %31 = stablehlo.broadcast_in_dim %cst_11, dims = [] : (tensor<f32>) -> tensor<2x3xf32>
    %32 = stablehlo.maximum %31, %30 : tensor<2x3xf32>
    %33 = stablehlo.broadcast_in_dim %32, dims = [0, 1] : (tensor<2x3xf32>) -> tensor<2x3x1xf32>
    %34 = stablehlo.broadcast_in_dim %33, dims = [0, 1, 2] : (tensor<2x3x1xf32>) -> tensor<2x3x6xf32>
    %35 = stablehlo.subtract %29, %34 : tensor<2x3x6xf32>
    %36 = stablehlo.exponential %35 : tensor<2x3x6xf32>
    %cst_12 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %37 = stablehlo.reduce(%36 init: %cst_12) applies stablehlo.add across dimensions = [2] : (tensor<2x3x6xf32>, tensor<f32>) -> tensor<2x3xf32>
    %38 = stablehlo.broadcast_in_dim %37, dims = [0, 1] : (tensor<2x3xf32>) -> tensor<2x3x1xf32>
    %39 = stablehlo.broadcast_in_dim %38, dims = [0, 1, 2] : (tensor<2x3x1xf32>) -> tensor<2x3x6xf32>
    %40 = stablehlo.divide %36, %39 : tensor<2x3x6xf32>
    %41 = stablehlo.reshape %40 : (tensor<2x3x6xf32>) -> tensor<2x3x3x2xf32>
    %42 = stablehlo.dot_general %28, %0, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<2x3x3x2xf32>, tensor<2x3x8xf32>) -> tensor<2x3x2x8xf32>
    %43 = stablehlo.dot_general %cst_0, %42, batching_dims = [0] x [1], contracting_dims = [1] x [3], precision = [DEFAULT, DEFAULT] : (tensor<3x8x4xf32>, tensor<2x3x2x8xf32>) -> tensor<3x4x2x2xf32>
    %44 = stablehlo.transpose %43, dims = [2, 0, 3, 1] : (tensor<3x4x2x2xf32>) -> tensor<2x3x2x4xf32>
    %45 = stablehlo.multiply %44, %44 : tensor<2x3x2x4xf32>
    %46 = stablehlo.multiply %45, %44 : tensor<2x3x2x4xf32>
    %cst_13 = stablehlo.constant dense<4.471500e-02> : tensor<f32>
    %47 = stablehlo.broadcast_in_dim %cst_13, dims = [] : (tensor<f32>) -> tensor<2x3x2x4xf32>
    %48 = stablehlo.multiply %47, %46 : tensor<2x3x2x4xf32>
    %49 = stablehlo.add %44, %48 : tensor<2x3x2x4xf32>
    %cst_14 = stablehlo.constant dense<0.797884583> : tensor<f32>
    %50 = stablehlo.broadcast_in_dim %cst_14, dims = [] : (tensor<f32>) -> tensor<2x3x2x4xf32>
    %51 = stablehlo.multiply %50, %49 : tensor<2x3x2x4xf32>
    %52 = stablehlo.tanh %51 : tensor<2x3x2x4xf32>
    %cst_15 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %53 = stablehlo.broadcast_in_dim %cst_15, dims = [] : (tensor<f32>) -> tensor<2x3x2x4xf32>
    %54 = stablehlo.add %53, %52 : tensor<2x3x2x4xf32>
    %cst_16 = stablehlo.constant dense<5.000000e-01> : tensor<f32>
    %55 = stablehlo.broadcast_in_dim %cst_16, dims = [] : (tensor<f32>) -> tensor<2x3x2x4xf32>
    %56 = stablehlo.multiply %55, %54 : tensor<2x3x2x4xf32>
    %57 = stablehlo.multiply %44, %56 : tensor<2x3x2x4xf32>
    %58 = stablehlo.dot_general %cst_1, %57, batching_dims = [0] x [1], contracting_dims = [1] x [3], precision = [DEFAULT, DEFAULT] : (tensor<3x4x8xf32>, tensor<2x3x2x4xf32>) -> tensor<3x8x2x2xf32>
    %59 = stablehlo.transpose %58, dims = [2, 0, 3, 1] : (tensor<3x8x2x2xf32>) -> tensor<2x3x2x8xf32>
    %60 = stablehlo.dot_general %41, %59, batching_dims = [0] x [0], contracting_dims = [2, 3] x [1, 2], precision = [DEFAULT, DEFAULT] : (tensor<2x3x3x2xf32>, tensor<2x3x2x8xf32>) -> tensor<2x3x8xf32>
    %61 = stablehlo.reshape %60 : (tensor<2x3x8xf32>) -> tensor<6x8xf32>
    return %61 : tensor<6x8xf32>
  }
  func.func private @_var(%arg0: tensor<2x3x8xf32>, %arg1: tensor<i32>) -> tensor<2x3x1xf32> {
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %0 = stablehlo.reduce(%arg0 init: %cst) applies stablehlo.add across dimensions = [2] : (tensor<2x3x8xf32>, tensor<f32>) -> tensor<2x3xf32>
    %1 = stablehlo.broadcast_in_dim %0, dims = [0, 1] : (tensor<2x3xf32>) -> tensor<2x3x1xf32>
    %cst_0 = stablehlo.constant dense<8.000000e+00> : tensor<f32>
    %2 = stablehlo.broadcast_in_dim %cst_0, dims = [] : (tensor<f32>) -> tensor<2x3x1xf32>
    %3 = stablehlo.divide %1, %2 : tensor<2x3x1xf32>
    %4 = stablehlo.broadcast_in_dim %3, dims = [0, 1, 2] : (tensor<2x3x1xf32>) -> tensor<2x3x8xf32>
    %5 = stablehlo.subtract %arg0, %4 : tensor<2x3x8xf32>
    %6 = chlo.square %5 : tensor<2x3x8xf32> -> tensor<2x3x8xf32>
    %7 = stablehlo.convert %arg1 : (tensor<i32>) -> tensor<f32>
    %cst_1 = stablehlo.constant dense<8.000000e+00> : tensor<f32>
    %8 = stablehlo.subtract %cst_1, %7 : tensor<f32>
    %cst_2 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %9 = stablehlo.reduce(%6 init: %cst_2) applies stablehlo.add across dimensions = [2] : (tensor<2x3x8xf32>, tensor<f32>) -> tensor<2x3xf32>
    %10 = stablehlo.broadcast_in_dim %9, dims = [0, 1] : (tensor<2x3xf32>) -> tensor<2x3x1xf32>
    %11 = stablehlo.broadcast_in_dim %8, dims = [] : (tensor<f32>) -> tensor<2x3x1xf32>
    %12 = stablehlo.divide %10, %11 : tensor<2x3x1xf32>
    %cst_3 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %13 = stablehlo.compare GT, %8, %cst_3, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %cst_4 = stablehlo.constant dense<0x7FC00000> : tensor<f32>
    %14 = call @_where(%13, %12, %cst_4) : (tensor<i1>, tensor<2x3x1xf32>, tensor<f32>) -> tensor<2x3x1xf32>
    return %14 : tensor<2x3x1xf32>
  }
  func.func private @_where(%arg0: tensor<i1>, %arg1: tensor<2x3x1xf32>, %arg2: tensor<f32>) -> tensor<2x3x1xf32> {
    %0 = stablehlo.convert %arg2 : tensor<f32>
    %1 = stablehlo.broadcast_in_dim %0, dims = [] : (tensor<f32>) -> tensor<2x3x1xf32>
    %2 = stablehlo.select %arg0, %arg1, %1 : tensor<i1>, tensor<2x3x1xf32>
    return %2 : tensor<2x3x1xf32>
  }
}
