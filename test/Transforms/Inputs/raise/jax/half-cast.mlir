module @jit__lambda attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<6x8xf32>) -> (tensor<6x8xf32> {jax.result_info = "result"}) {
    %cst = stablehlo.constant dense<[[0.122182466, 0.290485889, 0.116827145], [-0.460735649, 0.320091635, 0.157817245], [-0.189841643, 0.205456272, 0.128895804], [0.103991538, 0.0100487797, 0.19329223], [-0.260375828, -0.0575973652, -0.170454919], [0.211724102, 0.0140438862, -0.103399076], [-0.276446402, -0.090931192, 0.00287869549], [-0.0974403396, 0.457520664, 0.355930805]]> : tensor<8x3xf32>
    %cst_0 = stablehlo.constant dense<[[[-0.958540678, -0.667867064, -0.0617912672, -0.149266854], [0.0755342096, 7.683490e-02, 0.748769045, -0.393158704], [-0.133503526, 0.722228825, 0.228644043, 0.234428301], [-0.181728691, -0.58268255, 0.0592077263, 3.854230e-02], [-0.43393448, -0.241557106, -0.0254712868, -0.334020138], [-0.0347436816, 0.0337583497, 0.0125816343, -0.179001138], [0.209921643, 0.315075099, 0.113437004, -0.289288074], [0.258678138, -0.17728582, 0.310830206, -0.378934085]], [[0.323312968, -0.0070935022, -0.441499412, -0.11098022], [0.0191280432, 0.0964463055, -0.347255945, -0.391515493], [0.0705637857, -0.165020913, 0.0832638069, 0.268530697], [-0.58293438, 0.0899397805, 0.432978094, -0.105191626], [-0.286666244, 0.265958369, 0.0896068736, 0.31674251], [-0.122052185, -0.52390188, -0.0388946794, -0.157624051], [0.274118364, 0.0684595481, -0.576592267, -0.422553957], [0.312466621, 0.240333229, -0.226360217, -3.70805588E-4]], [[0.157534048, 0.165605947, 0.30979839, 0.0906813666], [-0.0335268825, -0.091516614, 0.373261452, -0.795797169], [-0.0490220599, 0.0116672991, -0.503936946, 0.117667384], [-0.230262607, 0.304920286, -0.0444035083, 0.2365814], [0.430926293, 0.13538605, -0.309614182, -0.535392463], [0.619914889, -0.0393477306, -0.243444473, 0.0510025844], [-0.0676741228, 0.301277786, 0.0119954236, 0.00486121187], [-0.252642095, 0.166017398, -0.365527093, 0.235427469]]]> : tensor<3x8x4xf32>
    %cst_1 = stablehlo.constant dense<[[[0.538793266, -0.53905791, -0.871943712, 0.218099579], [0.90081793, -0.353880376, -0.442187726, 0.208231971], [-0.297239959, -0.178907022, -0.123078108, 0.188091144], [-0.143296018, 0.0982464179, -0.0624139308, -0.298636347], [-0.113075659, -3.360170e-01, 0.00230339542, -0.397346705], [-0.386396497, 0.515113771, -0.0188034605, -0.0190572441], [0.180855438, -0.148795426, -0.0807994529, 0.150312781], [0.099849075, -0.409873277, 0.294631094, -0.208750278]], [[-0.373380303, -0.318366021, -0.13807863, 0.575337529], [-0.415614694, 0.0565953739, -0.755835056, -5.53994498E-4], [0.318044752, -0.0836731195, -0.222510561, 0.0818515196], [0.247541025, 0.234638378, 0.69737482, 0.0739518702], [-0.209448606, -0.044540368, -0.0256321058, 0.0384444706], [-0.0106164347, 0.061506249, -0.59073472, 0.293318123], [-0.203201011, -0.414774239, 0.225479081, 0.465745062], [0.174311772, 0.0569784231, -0.329589635, 1.01525235]], [[0.311218411, -0.402801484, -0.275643617, 0.0307518076], [-0.549680471, 0.0596198514, -0.162306309, 0.433552116], [0.340173036, -0.958584129, 0.0147440908, -0.571861148], [0.392316282, 5.943440e-02, 0.193890601, -0.37657845], [0.646447718, 0.714203774, -0.3764534, 0.131810054], [-0.23804836, -0.00833323132, -0.447470248, 0.660135627], [-0.342656702, -0.10468144, 0.17730099, -0.228947267], [-0.0846097245, -0.199276775, -0.0471855029, -0.413849324]]]> : tensor<3x8x4xf32>
    %cst_2 = stablehlo.constant dense<[[[-0.218994036, -0.103446461, -0.166863009, 0.0283449776, -0.146551102, 0.37660569, -0.161597967, -6.832480e-02], [-0.332390666, -0.263257414, -0.632246375, 0.25939247, -5.712590e-01, -0.372928202, 0.179622322, 0.201286688], [-0.200057372, -1.00963295, 0.210256651, 0.129781723, -0.706190586, 0.385161042, -0.350549906, -0.563094079], [0.0478653572, -0.0892352163, 0.101312004, -8.028740e-01, 0.906115055, -0.301329315, -0.76982963, 0.309421092]], [[-0.177402064, 0.162429243, -0.169804215, -0.0298701804, 0.122886419, -0.373326451, 0.339369804, -0.234950051], [-0.43484357, 0.0385162123, 0.222520635, -0.114539668, -0.4312599, 0.309892774, -0.880164385, -0.51543206], [0.019761445, -0.680529714, 0.013997132, -0.0274315588, 0.449369907, -0.457395166, -0.312953264, 0.16659084], [-1.22878182, 1.55002117, -0.349325359, -0.364917517, 0.430563748, -0.0199159216, -0.8897143, 0.313463688]], [[0.427688926, -0.224973142, -0.140800178, 0.242992297, -0.454390138, 0.219194278, 0.0996492579, -0.3374663], [-0.696050941, -0.112802915, -0.43771112, 0.500705123, 0.0720426813, 0.391042262, 0.0673109666, 0.131450564], [-0.39149946, 0.334023714, 0.892349123, -0.154843777, -0.296387255, -0.0789183527, -0.240640149, -0.350739658], [0.0690968186, -0.145458773, 0.719436824, 1.00821475E-4, 0.161955982, 0.476010948, -0.150377929, 0.718368292]]]> : tensor<3x4x8xf32>
    %0 = stablehlo.convert %arg0 : (tensor<6x8xf32>) -> tensor<6x8xbf16>
    %1 = stablehlo.convert %0 : (tensor<6x8xbf16>) -> tensor<6x8xf32>
    %2 = stablehlo.dot_general %1, %cst, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x8xf32>, tensor<8x3xf32>) -> tensor<6x3xf32>
    %values, %indices = chlo.top_k(%2, k = 2) : tensor<6x3xf32> -> (tensor<6x2xf32>, tensor<6x2xi32>)
    %cst_3 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %3 = stablehlo.reduce(%values init: %cst_3) applies stablehlo.maximum across dimensions = [1] : (tensor<6x2xf32>, tensor<f32>) -> tensor<6xf32>
    %cst_4 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %4 = stablehlo.broadcast_in_dim %cst_4, dims = [] : (tensor<f32>) -> tensor<6xf32>
    %5 = stablehlo.maximum %4, %3 : tensor<6xf32>
    %6 = stablehlo.broadcast_in_dim %5, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %7 = stablehlo.broadcast_in_dim %6, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x2xf32>
    %8 = stablehlo.subtract %values, %7 : tensor<6x2xf32>
    %9 = stablehlo.exponential %8 : tensor<6x2xf32>
    %cst_5 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %10 = stablehlo.reduce(%9 init: %cst_5) applies stablehlo.add across dimensions = [1] : (tensor<6x2xf32>, tensor<f32>) -> tensor<6xf32>
    %11 = stablehlo.broadcast_in_dim %10, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %12 = stablehlo.broadcast_in_dim %11, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x2xf32>
    %13 = stablehlo.divide %9, %12 : tensor<6x2xf32>
    %14 = stablehlo.convert %cst_0 : (tensor<3x8x4xf32>) -> tensor<3x8x4xbf16>
    %15 = stablehlo.convert %cst_1 : (tensor<3x8x4xf32>) -> tensor<3x8x4xbf16>
    %16 = stablehlo.convert %cst_2 : (tensor<3x4x8xf32>) -> tensor<3x4x8xbf16>
    %17 = stablehlo.dot_general %0, %14, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<6x8xbf16>, tensor<3x8x4xbf16>) -> tensor<6x3x4xf32>
    %18 = call @silu(%17) : (tensor<6x3x4xf32>) -> tensor<6x3x4xf32>
    %19 = stablehlo.dot_general %0, %15, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<6x8xbf16>, tensor<3x8x4xbf16>) -> tensor<6x3x4xf32>
    %20 = stablehlo.multiply %18, %19 : tensor<6x3x4xf32>
    %21 = stablehlo.convert %20 : (tensor<6x3x4xf32>) -> tensor<6x3x4xbf16>
    %22 = stablehlo.dot_general %16, %21, batching_dims = [0] x [1], contracting_dims = [1] x [2], precision = [DEFAULT, DEFAULT] : (tensor<3x4x8xbf16>, tensor<6x3x4xbf16>) -> tensor<3x8x6xf32>
    %23 = stablehlo.transpose %22, dims = [2, 0, 1] : (tensor<3x8x6xf32>) -> tensor<6x3x8xf32>
    %24 = stablehlo.convert %23 : (tensor<6x3x8xf32>) -> tensor<6x3x8xbf16>
    %25 = call @_one_hot(%indices) : (tensor<6x2xi32>) -> tensor<6x2x3xf32>
    %26 = stablehlo.dot_general %25, %13, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<6x2x3xf32>, tensor<6x2xf32>) -> tensor<6x3xf32>
    %27 = stablehlo.convert %26 : (tensor<6x3xf32>) -> tensor<6x3xbf16>
    %28 = stablehlo.dot_general %24, %27, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<6x3x8xbf16>, tensor<6x3xbf16>) -> tensor<6x8xbf16>
    %29 = stablehlo.convert %28 : (tensor<6x8xbf16>) -> tensor<6x8xf32>
    return %29 : tensor<6x8xf32>
  }
  func.func private @silu(%arg0: tensor<6x3x4xf32>) -> tensor<6x3x4xf32> {
    %0 = stablehlo.negate %arg0 : tensor<6x3x4xf32>
    %1 = stablehlo.exponential %0 : tensor<6x3x4xf32>
    %cst = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %2 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<6x3x4xf32>
    %3 = stablehlo.add %2, %1 : tensor<6x3x4xf32>
    %cst_0 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %4 = stablehlo.broadcast_in_dim %cst_0, dims = [] : (tensor<f32>) -> tensor<6x3x4xf32>
    %5 = stablehlo.divide %4, %3 : tensor<6x3x4xf32>
    %6 = stablehlo.multiply %arg0, %5 : tensor<6x3x4xf32>
    return %6 : tensor<6x3x4xf32>
  }
  func.func private @_one_hot(%arg0: tensor<6x2xi32>) -> tensor<6x2x3xf32> {
    %0 = stablehlo.broadcast_in_dim %arg0, dims = [0, 1] : (tensor<6x2xi32>) -> tensor<6x2x1xi32>
    %1 = stablehlo.iota dim = 2 : tensor<1x1x3xi32>
    %2 = stablehlo.broadcast_in_dim %0, dims = [0, 1, 2] : (tensor<6x2x1xi32>) -> tensor<6x2x3xi32>
    %3 = stablehlo.broadcast_in_dim %1, dims = [0, 1, 2] : (tensor<1x1x3xi32>) -> tensor<6x2x3xi32>
    %4 = stablehlo.compare EQ, %2, %3, SIGNED : (tensor<6x2x3xi32>, tensor<6x2x3xi32>) -> tensor<6x2x3xi1>
    %5 = stablehlo.convert %4 : (tensor<6x2x3xi1>) -> tensor<6x2x3xf32>
    return %5 : tensor<6x2x3xf32>
  }
}
