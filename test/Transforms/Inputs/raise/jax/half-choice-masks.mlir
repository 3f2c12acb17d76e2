module @jit__lambda attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<6x8xf32>) -> (tensor<6x8xf32> {jax.result_info = "result"}) {
    %cst = stablehlo.constant dense<[[0.122182466, 0.290485889, 0.116827145], [-0.460735649, 0.320091635, 0.157817245], [-0.189841643, 0.205456272, 0.128895804], [0.103991538, 0.0100487797, 0.19329223], [-0.260375828, -0.0575973652, -0.170454919], [0.211724102, 0.0140438862, -0.103399076], [-0.276446402, -0.090931192, 0.00287869549], [-0.0974403396, 0.457520664, 0.355930805]]> : tensor<8x3xf32>
    %cst_0 = stablehlo.constant dense<[[[-9.570310e-01, -6.679690e-01, -6.176760e-02, -1.494140e-01], [7.568360e-02, 7.666020e-02, 7.500000e-01, -3.925780e-01], [-1.337890e-01, 7.226560e-01, 2.285160e-01, 2.343750e-01], [-1.816410e-01, -5.820310e-01, 5.932620e-02, 3.857420e-02], [-4.335940e-01, -2.412110e-01, -2.551270e-02, -3.339840e-01], [-3.466800e-02, 3.369140e-02, 1.257320e-02, -1.787110e-01], [2.099610e-01, 3.144530e-01, 1.132810e-01, -2.890630e-01], [2.578130e-01, -1.777340e-01, 3.105470e-01, -3.789060e-01]], [[3.242190e-01, -7.080080e-03, -4.414060e-01, -1.108400e-01], [1.916500e-02, 9.667960e-02, -3.476560e-01, -3.906250e-01], [7.080080e-02, -1.650390e-01, 8.349610e-02, 2.675780e-01], [-5.820310e-01, 8.984370e-02, 4.335940e-01, -1.049800e-01], [-2.871090e-01, 2.656250e-01, 8.984370e-02, 3.164060e-01], [-1.220700e-01, -5.234380e-01, -3.881840e-02, -1.572270e-01], [2.734380e-01, 6.835930e-02, -5.781250e-01, -4.218750e-01], [3.125000e-01, 2.402340e-01, -2.265630e-01, -3.700260e-04]], [[1.572270e-01, 1.660160e-01, 3.105470e-01, 9.082030e-02], [-3.344730e-02, -9.130850e-02, 3.730470e-01, -7.968750e-01], [-4.907230e-02, 1.165770e-02, -5.039060e-01, 1.176760e-01], [-2.304690e-01, 3.046880e-01, -4.443360e-02, 2.363280e-01], [4.316410e-01, 1.357420e-01, -3.105470e-01, -5.351560e-01], [6.210940e-01, -3.930660e-02, -2.431640e-01, 5.102540e-02], [-6.787110e-02, 3.007810e-01, 1.202390e-02, 4.852290e-03], [-2.519530e-01, 1.660160e-01, -3.652340e-01, 2.353520e-01]]]> : tensor<3x8x4xbf16>
    %cst_1 = stablehlo.constant dense<[[[-2.187500e-01, -1.035160e-01, -1.669920e-01, 2.832030e-02, -1.464840e-01, 3.769530e-01, -1.611330e-01, -6.835930e-02], [-3.320310e-01, -2.636720e-01, -6.328130e-01, 2.597660e-01, -5.703130e-01, -3.730470e-01, 1.796880e-01, 2.011720e-01], [-2.001950e-01, -1.007810e+00, 2.099610e-01, 1.298830e-01, -7.070310e-01, 3.847660e-01, -3.496090e-01, -5.625000e-01], [4.785160e-02, -8.935540e-02, 1.010740e-01, -8.046880e-01, 9.062500e-01, -3.007810e-01, -7.695310e-01, 3.085940e-01]], [[-1.777340e-01, 1.621090e-01, -1.699220e-01, -2.990720e-02, 1.230470e-01, -3.730470e-01, 3.398440e-01, -2.353520e-01], [-4.355470e-01, 3.857420e-02, 2.226560e-01, -1.147460e-01, -4.316410e-01, 3.105470e-01, -8.789060e-01, -5.156250e-01], [1.977540e-02, -6.796880e-01, 1.397710e-02, -2.746580e-02, 4.492190e-01, -4.570310e-01, -3.125000e-01, 1.669920e-01], [-1.226560e+00, 1.546880e+00, -3.496090e-01, -3.652340e-01, 4.296880e-01, -1.989750e-02, -8.906250e-01, 3.125000e-01]], [[4.277340e-01, -2.246090e-01, -1.406250e-01, 2.431640e-01, -4.550780e-01, 2.187500e-01, 9.960930e-02, -3.378910e-01], [-6.953130e-01, -1.127930e-01, -4.375000e-01, 5.000000e-01, 7.226560e-02, 3.906250e-01, 6.738280e-02, 1.318360e-01], [-3.906250e-01, 3.339840e-01, 8.906250e-01, -1.552730e-01, -2.968750e-01, -7.910150e-02, -2.402340e-01, -3.515630e-01], [6.933590e-02, -1.455080e-01, 7.187500e-01, 1.006130e-04, 1.621090e-01, 4.765630e-01, -1.503910e-01, 7.187500e-01]]]> : tensor<3x4x8xbf16>
    %0 = stablehlo.convert %arg0 : (tensor<6x8xf32>) -> tensor<6x8xbf16>
    %1 = stablehlo.reshape %0 : (tensor<6x8xbf16>) -> tensor<2x3x8xbf16>
    %2 = stablehlo.convert %1 : (tensor<2x3x8xbf16>) -> tensor<2x3x8xf32>
    %3 = stablehlo.dot_general %2, %cst, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<2x3x8xf32>, tensor<8x3xf32>) -> tensor<2x3x3xf32>
    %cst_2 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %4 = stablehlo.reduce(%3 init: %cst_2) applies stablehlo.maximum across dimensions = [2] : (tensor<2x3x3xf32>, tensor<f32>) -> tensor<2x3xf32>
    %cst_3 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %5 = stablehlo.broadcast_in_dim %cst_3, dims = [] : (tensor<f32>) -> tensor<2x3xf32>
    %6 = stablehlo.maximum %5, %4 : tensor<2x3xf32>
    %7 = stablehlo.broadcast_in_dim %6, dims = [0, 1] : (tensor<2x3xf32>) -> tensor<2x3x1xf32>
    %8 = stablehlo.broadcast_in_dim %7, dims = [0, 1, 2] : (tensor<2x3x1xf32>) -> tensor<2x3x3xf32>
    %9 = stablehlo.subtract %3, %8 : tensor<2x3x3xf32>
    %10 = stablehlo.exponential %9 : tensor<2x3x3xf32>
    %cst_4 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %11 = stablehlo.reduce(%10 init: %cst_4) applies stablehlo.add across dimensions = [2] : (tensor<2x3x3xf32>, tensor<f32>) -> tensor<2x3xf32>
    %12 = stablehlo.broadcast_in_dim %11, dims = [0, 1] : (tensor<2x3xf32>) -> tensor<2x3x1xf32>
    %13 = stablehlo.broadcast_in_dim %12, dims = [0, 1, 2] : (tensor<2x3x1xf32>) -> tensor<2x3x3xf32>
    %14 = stablehlo.divide %10, %13 : tensor<2x3x3xf32>
    %15 = stablehlo.transpose %14, dims = [0, 2, 1] : (tensor<2x3x3xf32>) -> tensor<2x3x3xf32>
    %values, %indices = chlo.top_k(%15, k = 2) : tensor<2x3x3xf32> -> (tensor<2x3x2xf32>, tensor<2x3x2xi32>)
    %16 = call @_one_hot(%indices) : (tensor<2x3x2xi32>) -> tensor<2x3x2x3xbf16>
    %17 = stablehlo.transpose %16, dims = [0, 3, 1, 2] : (tensor<2x3x2x3xbf16>) -> tensor<2x3x3x2xbf16>
    %18 = stablehlo.convert %values : (tensor<2x3x2xf32>) -> tensor<2x3x2xbf16>
    %19 = stablehlo.dot_general %17, %18, batching_dims = [0, 2, 3] x [0, 1, 2], contracting_dims = [] x [], precision = [DEFAULT, DEFAULT] : (tensor<2x3x3x2xbf16>, tensor<2x3x2xbf16>) -> tensor<2x3x2x3xbf16>
    %20 = stablehlo.transpose %19, dims = [0, 3, 1, 2] : (tensor<2x3x2x3xbf16>) -> tensor<2x3x3x2xbf16>
    %21 = stablehlo.dot_general %17, %1, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<2x3x3x2xbf16>, tensor<2x3x8xbf16>) -> tensor<2x3x2x8xbf16>
    %22 = stablehlo.dot_general %cst_0, %21, batching_dims = [0] x [1], contracting_dims = [1] x [3], precision = [DEFAULT, DEFAULT] : (tensor<3x8x4xbf16>, tensor<2x3x2x8xbf16>) -> tensor<3x4x2x2xbf16>
    %23 = stablehlo.transpose %22, dims = [2, 0, 3, 1] : (tensor<3x4x2x2xbf16>) -> tensor<2x3x2x4xbf16>
    %24 = stablehlo.multiply %23, %23 : tensor<2x3x2x4xbf16>
    %25 = stablehlo.multiply %24, %23 : tensor<2x3x2x4xbf16>
    %cst_5 = stablehlo.constant dense<4.467770e-02> : tensor<bf16>
    %26 = stablehlo.broadcast_in_dim %cst_5, dims = [] : (tensor<bf16>) -> tensor<2x3x2x4xbf16>
    %27 = stablehlo.multiply %26, %25 : tensor<2x3x2x4xbf16>
    %28 = stablehlo.add %23, %27 : tensor<2x3x2x4xbf16>
    %cst_6 = stablehlo.constant dense<7.968750e-01> : tensor<bf16>
    %29 = stablehlo.broadcast_in_dim %cst_6, dims = [] : (tensor<bf16>) -> tensor<2x3x2x4xbf16>
    %30 = stablehlo.multiply %29, %28 : tensor<2x3x2x4xbf16>
    %31 = stablehlo.tanh %30 : tensor<2x3x2x4xbf16>
    %cst_7 = stablehlo.constant dense<1.000000e+00> : tensor<bf16>
    %32 = stablehlo.broadcast_in_dim %cst_7, dims = [] : (tensor<bf16>) -> tensor<2x3x2x4xbf16>
    %33 = stablehlo.add %32, %31 : tensor<2x3x2x4xbf16>
    %cst_8 = stablehlo.constant dense<5.000000e-01> : tensor<bf16>
    %34 = stablehlo.broadcast_in_dim %cst_8, dims = [] : (tensor<bf16>) -> tensor<2x3x2x4xbf16>
    %35 = stablehlo.multiply %34, %33 : tensor<2x3x2x4xbf16>
    %36 = stablehlo.multiply %23, %35 : tensor<2x3x2x4xbf16>
    %37 = stablehlo.dot_general %cst_1, %36, batching_dims = [0] x [1], contracting_dims = [1] x [3], precision = [DEFAULT, DEFAULT] : (tensor<3x4x8xbf16>, tensor<2x3x2x4xbf16>) -> tensor<3x8x2x2xbf16>
    %38 = stablehlo.transpose %37, dims = [2, 0, 3, 1] : (tensor<3x8x2x2xbf16>) -> tensor<2x3x2x8xbf16>
    %39 = stablehlo.dot_general %20, %38, batching_dims = [0] x [0], contracting_dims = [3, 2] x [2, 1], precision = [DEFAULT, DEFAULT] : (tensor<2x3x3x2xbf16>, tensor<2x3x2x8xbf16>) -> tensor<2x3x8xbf16>
    %40 = stablehlo.reshape %39 : (tensor<2x3x8xbf16>) -> tensor<6x8xbf16>
    %41 = stablehlo.convert %40 : (tensor<6x8xbf16>) -> tensor<6x8xf32>
    return %41 : tensor<6x8xf32>
  }
  func.func private @_one_hot(%arg0: tensor<2x3x2xi32>) -> tensor<2x3x2x3xbf16> {
    %0 = stablehlo.broadcast_in_dim %arg0, dims = [0, 1, 2] : (tensor<2x3x2xi32>) -> tensor<2x3x2x1xi32>
    %1 = stablehlo.iota dim = 3 : tensor<1x1x1x3xi32>
    %2 = stablehlo.broadcast_in_dim %0, dims = [0, 1, 2, 3] : (tensor<2x3x2x1xi32>) -> tensor<2x3x2x3xi32>
    %3 = stablehlo.broadcast_in_dim %1, dims = [0, 1, 2, 3] : (tensor<1x1x1x3xi32>) -> tensor<2x3x2x3xi32>
    %4 = stablehlo.compare EQ, %2, %3, SIGNED : (tensor<2x3x2x3xi32>, tensor<2x3x2x3xi32>) -> tensor<2x3x2x3xi1>
    %5 = stablehlo.convert %4 : (tensor<2x3x2x3xi1>) -> tensor<2x3x2x3xbf16>
    return %5 : tensor<2x3x2x3xbf16>
  }
}
