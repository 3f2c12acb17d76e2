module @jit_dense_one_hot attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<6x8xf32>) -> (tensor<6x8xf32> {jax.result_info = "result"}) {
    %cst = stablehlo.constant dense<[[0.122182466, 0.290485889, 0.116827145], [-0.460735649, 0.320091635, 0.157817245], [-0.189841643, 0.205456272, 0.128895804], [0.103991538, 0.0100487797, 0.19329223], [-0.260375828, -0.0575973652, -0.170454919], [0.211724102, 0.0140438862, -0.103399076], [-0.276446402, -0.090931192, 0.00287869549], [-0.0974403396, 0.457520664, 0.355930805]]> : tensor<8x3xf32>
    %cst_0 = stablehlo.constant dense<[[[-9.570310e-01, -6.679690e-01, -6.176760e-02, -1.494140e-01], [7.568360e-02, 7.666020e-02, 7.500000e-01, -3.925780e-01], [-1.337890e-01, 7.226560e-01, 2.285160e-01, 2.343750e-01], [-1.816410e-01, -5.820310e-01, 5.932620e-02, 3.857420e-02], [-4.335940e-01, -2.412110e-01, -2.551270e-02, -3.339840e-01], [-3.466800e-02, 3.369140e-02, 1.257320e-02, -1.787110e-01], [2.099610e-01, 3.144530e-01, 1.132810e-01, -2.890630e-01], [2.578130e-01, -1.777340e-01, 3.105470e-01, -3.789060e-01]], [[3.242190e-01, -7.080080e-03, -4.414060e-01, -1.108400e-01], [1.916500e-02, 9.667960e-02, -3.476560e-01, -3.906250e-01], [7.080080e-02, -1.650390e-01, 8.349610e-02, 2.675780e-01], [-5.820310e-01, 8.984370e-02, 4.335940e-01, -1.049800e-01], [-2.871090e-01, 2.656250e-01, 8.984370e-02, 3.164060e-01], [-1.220700e-01, -5.234380e-01, -3.881840e-02, -1.572270e-01], [2.734380e-01, 6.835930e-02, -5.781250e-01, -4.218750e-01], [3.125000e-01, 2.402340e-01, -2.265630e-01, -3.700260e-04]], [[1.572270e-01, 1.660160e-01, 3.105470e-01, 9.082030e-02], [-3.344730e-02, -9.130850e-02, 3.730470e-01, -7.968750e-01], [-4.907230e-02, 1.165770e-02, -5.039060e-01, 1.176760e-01], [-2.304690e-01, 3.046880e-01, -4.443360e-02, 2.363280e-01], [4.316410e-01, 1.357420e-01, -3.105470e-01, -5.351560e-01], [6.210940e-01, -3.930660e-02, -2.431640e-01, 5.102540e-02], [-6.787110e-02, 3.007810e-01, 1.202390e-02, 4.852290e-03], [-2.519530e-01, 1.660160e-01, -3.652340e-01, 2.353520e-01]]]> : tensor<3x8x4xbf16>
    %cst_1 = stablehlo.constant dense<[[[5.390630e-01, -5.390630e-01, -8.710930e-01, 2.177730e-01], [9.023430e-01, -3.535160e-01, -4.414060e-01, 2.080080e-01], [-2.968750e-01, -1.787110e-01, -1.230470e-01, 1.884770e-01], [-1.435550e-01, 9.814450e-02, -6.250000e-02, -2.988280e-01], [-1.132810e-01, -3.359380e-01, 2.304080e-03, -3.964840e-01], [-3.867190e-01, 5.156250e-01, -1.879880e-02, -1.904300e-02], [1.806640e-01, -1.484380e-01, -8.056640e-02, 1.503910e-01], [9.960930e-02, -4.101560e-01, 2.949220e-01, -2.089840e-01]], [[-3.730470e-01, -3.183590e-01, -1.376950e-01, 5.742190e-01], [-4.160160e-01, 5.664060e-02, -7.539060e-01, -5.531310e-04], [3.183590e-01, -8.349610e-02, -2.226560e-01, 8.203130e-02], [2.470700e-01, 2.343750e-01, 6.992180e-01, 7.373050e-02], [-2.089840e-01, -4.443360e-02, -2.563480e-02, 3.833010e-02], [-1.062010e-02, 6.152340e-02, -5.898440e-01, 2.929690e-01], [-2.031250e-01, -4.140630e-01, 2.255860e-01, 4.648440e-01], [1.738280e-01, 5.688480e-02, -3.300780e-01, 1.015630e+00]], [[3.105470e-01, -4.023440e-01, -2.753910e-01, 3.076170e-02], [-5.507810e-01, 5.957030e-02, -1.621090e-01, 4.335940e-01], [3.398440e-01, -9.570310e-01, 1.477050e-02, -5.703130e-01], [3.925780e-01, 5.932620e-02, 1.943360e-01, -3.769530e-01], [6.445310e-01, 7.148430e-01, -3.769530e-01, 1.318360e-01], [-2.382810e-01, -8.361810e-03, -4.472660e-01, 6.601560e-01], [-3.417970e-01, -1.044920e-01, 1.777340e-01, -2.285160e-01], [-8.447270e-02, -1.992190e-01, -4.711910e-02, -4.140630e-01]]]> : tensor<3x8x4xbf16>
    %cst_2 = stablehlo.constant dense<[[[-2.187500e-01, -1.035160e-01, -1.669920e-01, 2.832030e-02, -1.464840e-01, 3.769530e-01, -1.611330e-01, -6.835930e-02], [-3.320310e-01, -2.636720e-01, -6.328130e-01, 2.597660e-01, -5.703130e-01, -3.730470e-01, 1.796880e-01, 2.011720e-01], [-2.001950e-01, -1.007810e+00, 2.099610e-01, 1.298830e-01, -7.070310e-01, 3.847660e-01, -3.496090e-01, -5.625000e-01], [4.785160e-02, -8.935540e-02, 1.010740e-01, -8.046880e-01, 9.062500e-01, -3.007810e-01, -7.695310e-01, 3.085940e-01]], [[-1.777340e-01, 1.621090e-01, -1.699220e-01, -2.990720e-02, 1.230470e-01, -3.730470e-01, 3.398440e-01, -2.353520e-01], [-4.355470e-01, 3.857420e-02, 2.226560e-01, -1.147460e-01, -4.316410e-01, 3.105470e-01, -8.789060e-01, -5.156250e-01], [1.977540e-02, -6.796880e-01, 1.397710e-02, -2.746580e-02, 4.492190e-01, -4.570310e-01, -3.125000e-01, 1.669920e-01], [-1.226560e+00, 1.546880e+00, -3.496090e-01, -3.652340e-01, 4.296880e-01, -1.989750e-02, -8.906250e-01, 3.125000e-01]], [[4.277340e-01, -2.246090e-01, -1.406250e-01, 2.431640e-01, -4.550780e-01, 2.187500e-01, 9.960930e-02, -3.378910e-01], [-6.953130e-01, -1.127930e-01, -4.375000e-01, 5.000000e-01, 7.226560e-02, 3.906250e-01, 6.738280e-02, 1.318360e-01], [-3.906250e-01, 3.339840e-01, 8.906250e-01, -1.552730e-01, -2.968750e-01, -7.910150e-02, -2.402340e-01, -3.515630e-01], [6.933590e-02, -1.455080e-01, 7.187500e-01, 1.006130e-04, 1.621090e-01, 4.765630e-01, -1.503910e-01, 7.187500e-01]]]> : tensor<3x4x8xbf16>
    %0 = stablehlo.dot_general %arg0, %cst, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x8xf32>, tensor<8x3xf32>) -> tensor<6x3xf32>
    %cst_3 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %1 = stablehlo.reduce(%0 init: %cst_3) applies stablehlo.maximum across dimensions = [1] : (tensor<6x3xf32>, tensor<f32>) -> tensor<6xf32>
    %cst_4 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %2 = stablehlo.broadcast_in_dim %cst_4, dims = [] : (tensor<f32>) -> tensor<6xf32>
    %3 = stablehlo.maximum %2, %1 : tensor<6xf32>
    %4 = stablehlo.broadcast_in_dim %3, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %5 = stablehlo.broadcast_in_dim %4, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x3xf32>
    %6 = stablehlo.subtract %0, %5 : tensor<6x3xf32>
    %7 = stablehlo.exponential %6 : tensor<6x3xf32>
    %cst_5 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %8 = stablehlo.reduce(%7 init: %cst_5) applies stablehlo.add across dimensions = [1] : (tensor<6x3xf32>, tensor<f32>) -> tensor<6xf32>
    %9 = stablehlo.broadcast_in_dim %8, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %10 = stablehlo.broadcast_in_dim %9, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x3xf32>
    %11 = stablehlo.divide %7, %10 : tensor<6x3xf32>
    %values, %indices = chlo.top_k(%11, k = 2) : tensor<6x3xf32> -> (tensor<6x2xf32>, tensor<6x2xi32>)
    %cst_6 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %12 = stablehlo.reduce(%values init: %cst_6) applies stablehlo.add across dimensions = [1] : (tensor<6x2xf32>, tensor<f32>) -> tensor<6xf32>
    %13 = stablehlo.broadcast_in_dim %12, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %14 = stablehlo.broadcast_in_dim %13, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x2xf32>
    %15 = stablehlo.divide %values, %14 : tensor<6x2xf32>
    %16 = call @_one_hot(%indices) : (tensor<6x2xi32>) -> tensor<6x2x3xf32>
    %17 = stablehlo.broadcast_in_dim %15, dims = [0, 1] : (tensor<6x2xf32>) -> tensor<6x2x1xf32>
    %18 = stablehlo.broadcast_in_dim %17, dims = [0, 1, 2] : (tensor<6x2x1xf32>) -> tensor<6x2x3xf32>
    %19 = stablehlo.multiply %16, %18 : tensor<6x2x3xf32>
    %cst_7 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %20 = stablehlo.reduce(%19 init: %cst_7) applies stablehlo.add across dimensions = [1] : (tensor<6x2x3xf32>, tensor<f32>) -> tensor<6x3xf32>
    %21 = stablehlo.convert %arg0 : tensor<6x8xf32>
    %22 = stablehlo.convert %cst_0 : (tensor<3x8x4xbf16>) -> tensor<3x8x4xf32>
    %23 = stablehlo.dot_general %21, %22, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<6x8xf32>, tensor<3x8x4xf32>) -> tensor<6x3x4xf32>
    %24 = stablehlo.convert %arg0 : tensor<6x8xf32>
    %25 = stablehlo.convert %cst_1 : (tensor<3x8x4xbf16>) -> tensor<3x8x4xf32>
    %26 = stablehlo.dot_general %24, %25, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<6x8xf32>, tensor<3x8x4xf32>) -> tensor<6x3x4xf32>
    %27 = call @silu(%23) : (tensor<6x3x4xf32>) -> tensor<6x3x4xf32>
    %28 = stablehlo.multiply %27, %26 : tensor<6x3x4xf32>
    %29 = stablehlo.convert %cst_2 : (tensor<3x4x8xbf16>) -> tensor<3x4x8xf32>
    %30 = stablehlo.convert %28 : tensor<6x3x4xf32>
    %31 = stablehlo.dot_general %29, %30, batching_dims = [0] x [1], contracting_dims = [1] x [2], precision = [DEFAULT, DEFAULT] : (tensor<3x4x8xf32>, tensor<6x3x4xf32>) -> tensor<3x8x6xf32>
    %32 = stablehlo.transpose %31, dims = [2, 0, 1] : (tensor<3x8x6xf32>) -> tensor<6x3x8xf32>
    %33 = stablehlo.dot_general %32, %20, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<6x3x8xf32>, tensor<6x3xf32>) -> tensor<6x8xf32>
    return %33 : tensor<6x8xf32>
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
}
