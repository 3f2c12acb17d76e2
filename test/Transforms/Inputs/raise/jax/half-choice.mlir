module @jit__lambda attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<6x8xf32>) -> (tensor<6x8xf32> {jax.result_info = "result"}) {
    %cst = stablehlo.constant dense<[[0.122182466, 0.290485889, 0.116827145], [-0.460735649, 0.320091635, 0.157817245], [-0.189841643, 0.205456272, 0.128895804], [0.103991538, 0.0100487797, 0.19329223], [-0.260375828, -0.0575973652, -0.170454919], [0.211724102, 0.0140438862, -0.103399076], [-0.276446402, -0.090931192, 0.00287869549], [-0.0974403396, 0.457520664, 0.355930805]]> : tensor<8x3xf32>
    %cst_0 = stablehlo.constant dense<[[[-9.570310e-01, -6.679690e-01, -6.176760e-02, -1.494140e-01], [7.568360e-02, 7.666020e-02, 7.500000e-01, -3.925780e-01], [-1.337890e-01, 7.226560e-01, 2.285160e-01, 2.343750e-01], [-1.816410e-01, -5.820310e-01, 5.932620e-02, 3.857420e-02], [-4.335940e-01, -2.412110e-01, -2.551270e-02, -3.339840e-01], [-3.466800e-02, 3.369140e-02, 1.257320e-02, -1.787110e-01], [2.099610e-01, 3.144530e-01, 1.132810e-01, -2.890630e-01], [2.578130e-01, -1.777340e-01, 3.105470e-01, -3.789060e-01]], [[3.242190e-01, -7.080080e-03, -4.414060e-01, -1.108400e-01], [1.916500e-02, 9.667960e-02, -3.476560e-01, -3.906250e-01], [7.080080e-02, -1.650390e-01, 8.349610e-02, 2.675780e-01], [-5.820310e-01, 8.984370e-02, 4.335940e-01, -1.049800e-01], [-2.871090e-01, 2.656250e-01, 8.984370e-02, 3.164060e-01], [-1.220700e-01, -5.234380e-01, -3.881840e-02, -1.572270e-01], [2.734380e-01, 6.835930e-02, -5.781250e-01, -4.218750e-01], [3.125000e-01, 2.402340e-01, -2.265630e-01, -3.700260e-04]], [[1.572270e-01, 1.660160e-01, 3.105470e-01, 9.082030e-02], [-3.344730e-02, -9.130850e-02, 3.730470e-01, -7.968750e-01], [-4.907230e-02, 1.165770e-02, -5.039060e-01, 1.176760e-01], [-2.304690e-01, 3.046880e-01, -4.443360e-02, 2.363280e-01], [4.316410e-01, 1.357420e-01, -3.105470e-01, -5.351560e-01], [6.210940e-01, -3.930660e-02, -2.431640e-01, 5.102540e-02], [-6.787110e-02, 3.007810e-01, 1.202390e-02, 4.852290e-03], [-2.519530e-01, 1.660160e-01, -3.652340e-01, 2.353520e-01]]]> : tensor<3x8x4xbf16>
    %cst_1 = stablehlo.constant dense<[[[-2.187500e-01, -1.035160e-01, -1.669920e-01, 2.832030e-02, -1.464840e-01, 3.769530e-01, -1.611330e-01, -6.835930e-02], [-3.320310e-01, -2.636720e-01, -6.328130e-01, 2.597660e-01, -5.703130e-01, -3.730470e-01, 1.796880e-01, 2.011720e-01], [-2.001950e-01, -1.007810e+00, 2.099610e-01, 1.298830e-01, -7.070310e-01, 3.847660e-01, -3.496090e-01, -5.625000e-01], [4.785160e-02, -8.935540e-02, 1.010740e-01, -8.046880e-01, 9.062500e-01, -3.007810e-01, -7.695310e-01, 3.085940e-01]], [[-1.777340e-01, 1.621090e-01, -1.699220e-01, -2.990720e-02, 1.230470e-01, -3.730470e-01, 3.398440e-01, -2.353520e-01], [-4.355470e-01, 3.857420e-02, 2.226560e-01, -1.147460e-01, -4.316410e-01, 3.105470e-01, -8.789060e-01, -5.156250e-01], [1.977540e-02, -6.796880e-01, 1.397710e-02, -2.746580e-02, 4.492190e-01, -4.570310e-01, -3.125000e-01, 1.669920e-01], [-1.226560e+00, 1.546880e+00, -3.496090e-01, -3.652340e-01, 4.296880e-01, -1.989750e-02, -8.906250e-01, 3.125000e-01]], [[4.277340e-01, -2.246090e-01, -1.406250e-01, 2.431640e-01, -4.550780e-01, 2.187500e-01, 9.960930e-02, -3.378910e-01], [-6.953130e-01, -1.127930e-01, -4.375000e-01, 5.000000e-01, 7.226560e-02, 3.906250e-01, 6.738280e-02, 1.318360e-01], [-3.906250e-01, 3.339840e-01, 8.906250e-01, -1.552730e-01, -2.968750e-01, -7.910150e-02, -2.402340e-01, -3.515630e-01], [6.933590e-02, -1.455080e-01, 7.187500e-01, 1.006130e-04, 1.621090e-01, 4.765630e-01, -1.503910e-01, 7.187500e-01]]]> : tensor<3x4x8xbf16>
    %0 = stablehlo.convert %arg0 : (tensor<6x8xf32>) -> tensor<6x8xbf16>
    %1 = stablehlo.reshape %0 : (tensor<6x8xbf16>) -> tensor<2x3x8xbf16>
    %2 = stablehlo.reshape %1 : (tensor<2x3x8xbf16>) -> tensor<6x8xbf16>
    %3 = stablehlo.convert %2 : (tensor<6x8xbf16>) -> tensor<6x8xf32>
    %4 = stablehlo.dot_general %3, %cst, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x8xf32>, tensor<8x3xf32>) -> tensor<6x3xf32>
    %cst_2 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %5 = stablehlo.reduce(%4 init: %cst_2) applies stablehlo.maximum across dimensions = [1] : (tensor<6x3xf32>, tensor<f32>) -> tensor<6xf32>
    %cst_3 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %6 = stablehlo.broadcast_in_dim %cst_3, dims = [] : (tensor<f32>) -> tensor<6xf32>
    %7 = stablehlo.maximum %6, %5 : tensor<6xf32>
    %8 = stablehlo.broadcast_in_dim %7, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %9 = stablehlo.broadcast_in_dim %8, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x3xf32>
    %10 = stablehlo.subtract %4, %9 : tensor<6x3xf32>
    %11 = stablehlo.exponential %10 : tensor<6x3xf32>
    %cst_4 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %12 = stablehlo.reduce(%11 init: %cst_4) applies stablehlo.add across dimensions = [1] : (tensor<6x3xf32>, tensor<f32>) -> tensor<6xf32>
    %13 = stablehlo.broadcast_in_dim %12, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %14 = stablehlo.broadcast_in_dim %13, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x3xf32>
    %15 = stablehlo.divide %11, %14 : tensor<6x3xf32>
    %16 = stablehlo.transpose %15, dims = [1, 0] : (tensor<6x3xf32>) -> tensor<3x6xf32>
    %values, %indices = chlo.top_k(%16, k = 4) : tensor<3x6xf32> -> (tensor<3x4xf32>, tensor<3x4xi32>)
    %17 = stablehlo.reshape %indices : (tensor<3x4xi32>) -> tensor<12xi32>
    %18 = call @_take(%2, %17) : (tensor<6x8xbf16>, tensor<12xi32>) -> tensor<12x8xbf16>
    %19 = stablehlo.reshape %18 : (tensor<12x8xbf16>) -> tensor<3x4x8xbf16>
    %20 = stablehlo.dot_general %19, %cst_0, batching_dims = [0] x [0], contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<3x4x8xbf16>, tensor<3x8x4xbf16>) -> tensor<3x4x4xbf16>
    %21 = stablehlo.multiply %20, %20 : tensor<3x4x4xbf16>
    %22 = stablehlo.multiply %21, %20 : tensor<3x4x4xbf16>
    %cst_5 = stablehlo.constant dense<4.467770e-02> : tensor<bf16>
    %23 = stablehlo.broadcast_in_dim %cst_5, dims = [] : (tensor<bf16>) -> tensor<3x4x4xbf16>
    %24 = stablehlo.multiply %23, %22 : tensor<3x4x4xbf16>
    %25 = stablehlo.add %20, %24 : tensor<3x4x4xbf16>
    %cst_6 = stablehlo.constant dense<7.968750e-01> : tensor<bf16>
    %26 = stablehlo.broadcast_in_dim %cst_6, dims = [] : (tensor<bf16>) -> tensor<3x4x4xbf16>
    %27 = stablehlo.multiply %26, %25 : tensor<3x4x4xbf16>
    %28 = stablehlo.tanh %27 : tensor<3x4x4xbf16>
    %cst_7 = stablehlo.constant dense<1.000000e+00> : tensor<bf16>
    %29 = stablehlo.broadcast_in_dim %cst_7, dims = [] : (tensor<bf16>) -> tensor<3x4x4xbf16>
    %30 = stablehlo.add %29, %28 : tensor<3x4x4xbf16>
    %cst_8 = stablehlo.constant dense<5.000000e-01> : tensor<bf16>
    %31 = stablehlo.broadcast_in_dim %cst_8, dims = [] : (tensor<bf16>) -> tensor<3x4x4xbf16>
    %32 = stablehlo.multiply %31, %30 : tensor<3x4x4xbf16>
    %33 = stablehlo.multiply %20, %32 : tensor<3x4x4xbf16>
    %34 = stablehlo.dot_general %33, %cst_1, batching_dims = [0] x [0], contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<3x4x4xbf16>, tensor<3x4x8xbf16>) -> tensor<3x4x8xbf16>
    %35 = stablehlo.convert %values : (tensor<3x4xf32>) -> tensor<3x4xbf16>
    %36 = stablehlo.broadcast_in_dim %35, dims = [0, 1] : (tensor<3x4xbf16>) -> tensor<3x4x1xbf16>
    %37 = stablehlo.broadcast_in_dim %36, dims = [0, 1, 2] : (tensor<3x4x1xbf16>) -> tensor<3x4x8xbf16>
    %38 = stablehlo.multiply %34, %37 : tensor<3x4x8xbf16>
    %cst_9 = stablehlo.constant dense<0.000000e+00> : tensor<bf16>
    %39 = stablehlo.broadcast_in_dim %cst_9, dims = [] : (tensor<bf16>) -> tensor<6x8xbf16>
    %40 = stablehlo.reshape %indices : (tensor<3x4xi32>) -> tensor<12xi32>
    %41 = stablehlo.reshape %38 : (tensor<3x4x8xbf16>) -> tensor<12x8xbf16>
    %c = stablehlo.constant dense<0> : tensor<i32>
    %42 = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %43 = stablehlo.compare LT, %40, %42, SIGNED : (tensor<12xi32>, tensor<12xi32>) -> tensor<12xi1>
    %c_10 = stablehlo.constant dense<6> : tensor<i32>
    %44 = stablehlo.broadcast_in_dim %c_10, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %45 = stablehlo.add %40, %44 : tensor<12xi32>
    %46 = stablehlo.select %43, %45, %40 : tensor<12xi1>, tensor<12xi32>
    %47 = stablehlo.broadcast_in_dim %46, dims = [0] : (tensor<12xi32>) -> tensor<12x1xi32>
    %48 = "stablehlo.scatter"(%39, %47, %41) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = false}> ({
    ^bb0(%arg1: tensor<bf16>, %arg2: tensor<bf16>):
      %52 = stablehlo.add %arg1, %arg2 : tensor<bf16>
      stablehlo.return %52 : tensor<bf16>
    }) : (tensor<6x8xbf16>, tensor<12x1xi32>, tensor<12x8xbf16>) -> tensor<6x8xbf16>
    %49 = stablehlo.reshape %48 : (tensor<6x8xbf16>) -> tensor<2x3x8xbf16>
    %50 = stablehlo.reshape %49 : (tensor<2x3x8xbf16>) -> tensor<6x8xbf16>
    %51 = stablehlo.convert %50 : (tensor<6x8xbf16>) -> tensor<6x8xf32>
    return %51 : tensor<6x8xf32>
  }
  func.func private @_take(%arg0: tensor<6x8xbf16>, %arg1: tensor<12xi32>) -> tensor<12x8xbf16> {
    %c = stablehlo.constant dense<0> : tensor<i32>
    %0 = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %1 = stablehlo.compare LT, %arg1, %0, SIGNED : (tensor<12xi32>, tensor<12xi32>) -> tensor<12xi1>
    %c_0 = stablehlo.constant dense<6> : tensor<i32>
    %2 = stablehlo.broadcast_in_dim %c_0, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %3 = stablehlo.add %arg1, %2 : tensor<12xi32>
    %4 = call @_where(%1, %3, %arg1) : (tensor<12xi1>, tensor<12xi32>, tensor<12xi32>) -> tensor<12xi32>
    %5 = stablehlo.broadcast_in_dim %4, dims = [0] : (tensor<12xi32>) -> tensor<12x1xi32>
    %c_1 = stablehlo.constant dense<5> : tensor<1xi32>
    %c_2 = stablehlo.constant dense<0> : tensor<i32>
    %6 = stablehlo.broadcast_in_dim %c_2, dims = [] : (tensor<i32>) -> tensor<12x1xi32>
    %7 = stablehlo.compare GE, %5, %6, SIGNED : (tensor<12x1xi32>, tensor<12x1xi32>) -> tensor<12x1xi1>
    %8 = stablehlo.broadcast_in_dim %c_1, dims = [1] : (tensor<1xi32>) -> tensor<1x1xi32>
    %9 = stablehlo.broadcast_in_dim %8, dims = [0, 1] : (tensor<1x1xi32>) -> tensor<12x1xi32>
    %10 = stablehlo.compare LE, %5, %9, SIGNED : (tensor<12x1xi32>, tensor<12x1xi32>) -> tensor<12x1xi1>
    %11 = stablehlo.and %7, %10 : tensor<12x1xi1>
    %c_3 = stablehlo.constant dense<true> : tensor<i1>
    %12 = stablehlo.reduce(%11 init: %c_3) applies stablehlo.and across dimensions = [1] : (tensor<12x1xi1>, tensor<i1>) -> tensor<12xi1>
    %13 = "stablehlo.gather"(%arg0, %5) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, indices_are_sorted = false, slice_sizes = array<i64: 1, 8>}> : (tensor<6x8xbf16>, tensor<12x1xi32>) -> tensor<12x8xbf16>
    %14 = stablehlo.broadcast_in_dim %12, dims = [0] : (tensor<12xi1>) -> tensor<12x8xi1>
    %cst = stablehlo.constant dense<0x7FC0> : tensor<bf16>
    %15 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<bf16>) -> tensor<12x8xbf16>
    %16 = stablehlo.select %14, %13, %15 : tensor<12x8xi1>, tensor<12x8xbf16>
    return %16 : tensor<12x8xbf16>
  }
  func.func private @_where(%arg0: tensor<12xi1>, %arg1: tensor<12xi32>, %arg2: tensor<12xi32>) -> tensor<12xi32> {
    %0 = stablehlo.select %arg0, %arg1, %arg2 : tensor<12xi1>, tensor<12xi32>
    return %0 : tensor<12xi32>
  }
}
