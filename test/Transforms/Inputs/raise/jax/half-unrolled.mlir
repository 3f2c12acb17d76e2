module @jit__lambda attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<6x8xf32>) -> (tensor<6x8xf32> {jax.result_info = "result"}) {
    %cst = stablehlo.constant dense<[[0.122182466, 0.290485889, 0.116827145], [-0.460735649, 0.320091635, 0.157817245], [-0.189841643, 0.205456272, 0.128895804], [0.103991538, 0.0100487797, 0.19329223], [-0.260375828, -0.0575973652, -0.170454919], [0.211724102, 0.0140438862, -0.103399076], [-0.276446402, -0.090931192, 0.00287869549], [-0.0974403396, 0.457520664, 0.355930805]]> : tensor<8x3xf32>
    %cst_0 = stablehlo.constant dense<[[[-9.570310e-01, -6.679690e-01, -6.176760e-02, -1.494140e-01], [7.568360e-02, 7.666020e-02, 7.500000e-01, -3.925780e-01], [-1.337890e-01, 7.226560e-01, 2.285160e-01, 2.343750e-01], [-1.816410e-01, -5.820310e-01, 5.932620e-02, 3.857420e-02], [-4.335940e-01, -2.412110e-01, -2.551270e-02, -3.339840e-01], [-3.466800e-02, 3.369140e-02, 1.257320e-02, -1.787110e-01], [2.099610e-01, 3.144530e-01, 1.132810e-01, -2.890630e-01], [2.578130e-01, -1.777340e-01, 3.105470e-01, -3.789060e-01]], [[3.242190e-01, -7.080080e-03, -4.414060e-01, -1.108400e-01], [1.916500e-02, 9.667960e-02, -3.476560e-01, -3.906250e-01], [7.080080e-02, -1.650390e-01, 8.349610e-02, 2.675780e-01], [-5.820310e-01, 8.984370e-02, 4.335940e-01, -1.049800e-01], [-2.871090e-01, 2.656250e-01, 8.984370e-02, 3.164060e-01], [-1.220700e-01, -5.234380e-01, -3.881840e-02, -1.572270e-01], [2.734380e-01, 6.835930e-02, -5.781250e-01, -4.218750e-01], [3.125000e-01, 2.402340e-01, -2.265630e-01, -3.700260e-04]], [[1.572270e-01, 1.660160e-01, 3.105470e-01, 9.082030e-02], [-3.344730e-02, -9.130850e-02, 3.730470e-01, -7.968750e-01], [-4.907230e-02, 1.165770e-02, -5.039060e-01, 1.176760e-01], [-2.304690e-01, 3.046880e-01, -4.443360e-02, 2.363280e-01], [4.316410e-01, 1.357420e-01, -3.105470e-01, -5.351560e-01], [6.210940e-01, -3.930660e-02, -2.431640e-01, 5.102540e-02], [-6.787110e-02, 3.007810e-01, 1.202390e-02, 4.852290e-03], [-2.519530e-01, 1.660160e-01, -3.652340e-01, 2.353520e-01]]]> : tensor<3x8x4xbf16>
    %cst_1 = stablehlo.constant dense<[[[5.390630e-01, -5.390630e-01, -8.710930e-01, 2.177730e-01], [9.023430e-01, -3.535160e-01, -4.414060e-01, 2.080080e-01], [-2.968750e-01, -1.787110e-01, -1.230470e-01, 1.884770e-01], [-1.435550e-01, 9.814450e-02, -6.250000e-02, -2.988280e-01], [-1.132810e-01, -3.359380e-01, 2.304080e-03, -3.964840e-01], [-3.867190e-01, 5.156250e-01, -1.879880e-02, -1.904300e-02], [1.806640e-01, -1.484380e-01, -8.056640e-02, 1.503910e-01], [9.960930e-02, -4.101560e-01, 2.949220e-01, -2.089840e-01]], [[-3.730470e-01, -3.183590e-01, -1.376950e-01, 5.742190e-01], [-4.160160e-01, 5.664060e-02, -7.539060e-01, -5.531310e-04], [3.183590e-01, -8.349610e-02, -2.226560e-01, 8.203130e-02], [2.470700e-01, 2.343750e-01, 6.992180e-01, 7.373050e-02], [-2.089840e-01, -4.443360e-02, -2.563480e-02, 3.833010e-02], [-1.062010e-02, 6.152340e-02, -5.898440e-01, 2.929690e-01], [-2.031250e-01, -4.140630e-01, 2.255860e-01, 4.648440e-01], [1.738280e-01, 5.688480e-02, -3.300780e-01, 1.015630e+00]], [[3.105470e-01, -4.023440e-01, -2.753910e-01, 3.076170e-02], [-5.507810e-01, 5.957030e-02, -1.621090e-01, 4.335940e-01], [3.398440e-01, -9.570310e-01, 1.477050e-02, -5.703130e-01], [3.925780e-01, 5.932620e-02, 1.943360e-01, -3.769530e-01], [6.445310e-01, 7.148430e-01, -3.769530e-01, 1.318360e-01], [-2.382810e-01, -8.361810e-03, -4.472660e-01, 6.601560e-01], [-3.417970e-01, -1.044920e-01, 1.777340e-01, -2.285160e-01], [-8.447270e-02, -1.992190e-01, -4.711910e-02, -4.140630e-01]]]> : tensor<3x8x4xbf16>
    %cst_2 = stablehlo.constant dense<[[[-2.187500e-01, -1.035160e-01, -1.669920e-01, 2.832030e-02, -1.464840e-01, 3.769530e-01, -1.611330e-01, -6.835930e-02], [-3.320310e-01, -2.636720e-01, -6.328130e-01, 2.597660e-01, -5.703130e-01, -3.730470e-01, 1.796880e-01, 2.011720e-01], [-2.001950e-01, -1.007810e+00, 2.099610e-01, 1.298830e-01, -7.070310e-01, 3.847660e-01, -3.496090e-01, -5.625000e-01], [4.785160e-02, -8.935540e-02, 1.010740e-01, -8.046880e-01, 9.062500e-01, -3.007810e-01, -7.695310e-01, 3.085940e-01]], [[-1.777340e-01, 1.621090e-01, -1.699220e-01, -2.990720e-02, 1.230470e-01, -3.730470e-01, 3.398440e-01, -2.353520e-01], [-4.355470e-01, 3.857420e-02, 2.226560e-01, -1.147460e-01, -4.316410e-01, 3.105470e-01, -8.789060e-01, -5.156250e-01], [1.977540e-02, -6.796880e-01, 1.397710e-02, -2.746580e-02, 4.492190e-01, -4.570310e-01, -3.125000e-01, 1.669920e-01], [-1.226560e+00, 1.546880e+00, -3.496090e-01, -3.652340e-01, 4.296880e-01, -1.989750e-02, -8.906250e-01, 3.125000e-01]], [[4.277340e-01, -2.246090e-01, -1.406250e-01, 2.431640e-01, -4.550780e-01, 2.187500e-01, 9.960930e-02, -3.378910e-01], [-6.953130e-01, -1.127930e-01, -4.375000e-01, 5.000000e-01, 7.226560e-02, 3.906250e-01, 6.738280e-02, 1.318360e-01], [-3.906250e-01, 3.339840e-01, 8.906250e-01, -1.552730e-01, -2.968750e-01, -7.910150e-02, -2.402340e-01, -3.515630e-01], [6.933590e-02, -1.455080e-01, 7.187500e-01, 1.006130e-04, 1.621090e-01, 4.765630e-01, -1.503910e-01, 7.187500e-01]]]> : tensor<3x4x8xbf16>
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
    %cst_6 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %14 = stablehlo.broadcast_in_dim %cst_6, dims = [] : (tensor<f32>) -> tensor<6x8xf32>
    %c = stablehlo.constant dense<0> : tensor<i32>
    %15 = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<i32>) -> tensor<6x2xi32>
    %16 = stablehlo.compare EQ, %indices, %15, SIGNED : (tensor<6x2xi32>, tensor<6x2xi32>) -> tensor<6x2xi1>
    %cst_7 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %17 = call @_where(%16, %13, %cst_7) : (tensor<6x2xi1>, tensor<6x2xf32>, tensor<f32>) -> tensor<6x2xf32>
    %cst_8 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %18 = stablehlo.reduce(%17 init: %cst_8) applies stablehlo.add across dimensions = [1] : (tensor<6x2xf32>, tensor<f32>) -> tensor<6xf32>
    %19 = stablehlo.slice %cst_0 [0:1, 0:8, 0:4] : (tensor<3x8x4xbf16>) -> tensor<1x8x4xbf16>
    %20 = stablehlo.reshape %19 : (tensor<1x8x4xbf16>) -> tensor<8x4xbf16>
    %21 = stablehlo.dot_general %0, %20, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x8xbf16>, tensor<8x4xbf16>) -> tensor<6x4xbf16>
    %22 = call @silu(%21) : (tensor<6x4xbf16>) -> tensor<6x4xbf16>
    %23 = stablehlo.slice %cst_1 [0:1, 0:8, 0:4] : (tensor<3x8x4xbf16>) -> tensor<1x8x4xbf16>
    %24 = stablehlo.reshape %23 : (tensor<1x8x4xbf16>) -> tensor<8x4xbf16>
    %25 = stablehlo.dot_general %0, %24, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x8xbf16>, tensor<8x4xbf16>) -> tensor<6x4xbf16>
    %26 = stablehlo.multiply %22, %25 : tensor<6x4xbf16>
    %27 = stablehlo.slice %cst_2 [0:1, 0:4, 0:8] : (tensor<3x4x8xbf16>) -> tensor<1x4x8xbf16>
    %28 = stablehlo.reshape %27 : (tensor<1x4x8xbf16>) -> tensor<4x8xbf16>
    %29 = stablehlo.dot_general %26, %28, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x4xbf16>, tensor<4x8xbf16>) -> tensor<6x8xbf16>
    %30 = stablehlo.convert %29 : (tensor<6x8xbf16>) -> tensor<6x8xf32>
    %31 = stablehlo.broadcast_in_dim %18, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %32 = stablehlo.broadcast_in_dim %31, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x8xf32>
    %33 = stablehlo.multiply %30, %32 : tensor<6x8xf32>
    %34 = stablehlo.add %14, %33 : tensor<6x8xf32>
    %c_9 = stablehlo.constant dense<1> : tensor<i32>
    %35 = stablehlo.broadcast_in_dim %c_9, dims = [] : (tensor<i32>) -> tensor<6x2xi32>
    %36 = stablehlo.compare EQ, %indices, %35, SIGNED : (tensor<6x2xi32>, tensor<6x2xi32>) -> tensor<6x2xi1>
    %cst_10 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %37 = call @_where(%36, %13, %cst_10) : (tensor<6x2xi1>, tensor<6x2xf32>, tensor<f32>) -> tensor<6x2xf32>
    %cst_11 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %38 = stablehlo.reduce(%37 init: %cst_11) applies stablehlo.add across dimensions = [1] : (tensor<6x2xf32>, tensor<f32>) -> tensor<6xf32>
    %39 = stablehlo.slice %cst_0 [1:2, 0:8, 0:4] : (tensor<3x8x4xbf16>) -> tensor<1x8x4xbf16>
    %40 = stablehlo.reshape %39 : (tensor<1x8x4xbf16>) -> tensor<8x4xbf16>
    %41 = stablehlo.dot_general %0, %40, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x8xbf16>, tensor<8x4xbf16>) -> tensor<6x4xbf16>
    %42 = call @silu(%41) : (tensor<6x4xbf16>) -> tensor<6x4xbf16>
    %43 = stablehlo.slice %cst_1 [1:2, 0:8, 0:4] : (tensor<3x8x4xbf16>) -> tensor<1x8x4xbf16>
    %44 = stablehlo.reshape %43 : (tensor<1x8x4xbf16>) -> tensor<8x4xbf16>
    %45 = stablehlo.dot_general %0, %44, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x8xbf16>, tensor<8x4xbf16>) -> tensor<6x4xbf16>
    %46 = stablehlo.multiply %42, %45 : tensor<6x4xbf16>
    %47 = stablehlo.slice %cst_2 [1:2, 0:4, 0:8] : (tensor<3x4x8xbf16>) -> tensor<1x4x8xbf16>
    %48 = stablehlo.reshape %47 : (tensor<1x4x8xbf16>) -> tensor<4x8xbf16>
    %49 = stablehlo.dot_general %46, %48, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x4xbf16>, tensor<4x8xbf16>) -> tensor<6x8xbf16>
    %50 = stablehlo.convert %49 : (tensor<6x8xbf16>) -> tensor<6x8xf32>
    %51 = stablehlo.broadcast_in_dim %38, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %52 = stablehlo.broadcast_in_dim %51, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x8xf32>
    %53 = stablehlo.multiply %50, %52 : tensor<6x8xf32>
    %54 = stablehlo.add %34, %53 : tensor<6x8xf32>
    %c_12 = stablehlo.constant dense<2> : tensor<i32>
    %55 = stablehlo.broadcast_in_dim %c_12, dims = [] : (tensor<i32>) -> tensor<6x2xi32>
    %56 = stablehlo.compare EQ, %indices, %55, SIGNED : (tensor<6x2xi32>, tensor<6x2xi32>) -> tensor<6x2xi1>
    %cst_13 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %57 = call @_where(%56, %13, %cst_13) : (tensor<6x2xi1>, tensor<6x2xf32>, tensor<f32>) -> tensor<6x2xf32>
    %cst_14 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %58 = stablehlo.reduce(%57 init: %cst_14) applies stablehlo.add across dimensions = [1] : (tensor<6x2xf32>, tensor<f32>) -> tensor<6xf32>
    %59 = stablehlo.slice %cst_0 [2:3, 0:8, 0:4] : (tensor<3x8x4xbf16>) -> tensor<1x8x4xbf16>
    %60 = stablehlo.reshape %59 : (tensor<1x8x4xbf16>) -> tensor<8x4xbf16>
    %61 = stablehlo.dot_general %0, %60, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x8xbf16>, tensor<8x4xbf16>) -> tensor<6x4xbf16>
    %62 = call @silu(%61) : (tensor<6x4xbf16>) -> tensor<6x4xbf16>
    %63 = stablehlo.slice %cst_1 [2:3, 0:8, 0:4] : (tensor<3x8x4xbf16>) -> tensor<1x8x4xbf16>
    %64 = stablehlo.reshape %63 : (tensor<1x8x4xbf16>) -> tensor<8x4xbf16>
    %65 = stablehlo.dot_general %0, %64, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x8xbf16>, tensor<8x4xbf16>) -> tensor<6x4xbf16>
    %66 = stablehlo.multiply %62, %65 : tensor<6x4xbf16>
    %67 = stablehlo.slice %cst_2 [2:3, 0:4, 0:8] : (tensor<3x4x8xbf16>) -> tensor<1x4x8xbf16>
    %68 = stablehlo.reshape %67 : (tensor<1x4x8xbf16>) -> tensor<4x8xbf16>
    %69 = stablehlo.dot_general %66, %68, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x4xbf16>, tensor<4x8xbf16>) -> tensor<6x8xbf16>
    %70 = stablehlo.convert %69 : (tensor<6x8xbf16>) -> tensor<6x8xf32>
    %71 = stablehlo.broadcast_in_dim %58, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %72 = stablehlo.broadcast_in_dim %71, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x8xf32>
    %73 = stablehlo.multiply %70, %72 : tensor<6x8xf32>
    %74 = stablehlo.add %54, %73 : tensor<6x8xf32>
    return %74 : tensor<6x8xf32>
  }
  func.func private @_where(%arg0: tensor<6x2xi1>, %arg1: tensor<6x2xf32>, %arg2: tensor<f32>) -> tensor<6x2xf32> {
    %0 = stablehlo.convert %arg2 : tensor<f32>
    %1 = stablehlo.broadcast_in_dim %0, dims = [] : (tensor<f32>) -> tensor<6x2xf32>
    %2 = stablehlo.select %arg0, %arg1, %1 : tensor<6x2xi1>, tensor<6x2xf32>
    return %2 : tensor<6x2xf32>
  }
  func.func private @silu(%arg0: tensor<6x4xbf16>) -> tensor<6x4xbf16> {
    %0 = stablehlo.negate %arg0 : tensor<6x4xbf16>
    %1 = stablehlo.exponential %0 : tensor<6x4xbf16>
    %cst = stablehlo.constant dense<1.000000e+00> : tensor<bf16>
    %2 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<bf16>) -> tensor<6x4xbf16>
    %3 = stablehlo.add %2, %1 : tensor<6x4xbf16>
    %cst_0 = stablehlo.constant dense<1.000000e+00> : tensor<bf16>
    %4 = stablehlo.broadcast_in_dim %cst_0, dims = [] : (tensor<bf16>) -> tensor<6x4xbf16>
    %5 = stablehlo.divide %4, %3 : tensor<6x4xbf16>
    %6 = stablehlo.multiply %arg0, %5 : tensor<6x4xbf16>
    return %6 : tensor<6x4xbf16>
  }
}
