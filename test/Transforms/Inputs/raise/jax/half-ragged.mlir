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
    %14 = stablehlo.convert %13 : (tensor<6x2xf32>) -> tensor<6x2xbf16>
    %15 = stablehlo.reshape %indices : (tensor<6x2xi32>) -> tensor<12xi32>
    %16 = call @argsort(%15) : (tensor<12xi32>) -> tensor<12xi32>
    %c = stablehlo.constant dense<2> : tensor<i32>
    %17 = call @floor_divide(%16, %c) : (tensor<12xi32>, tensor<i32>) -> tensor<12xi32>
    %18 = call @_take(%0, %17) : (tensor<6x8xbf16>, tensor<12xi32>) -> tensor<12x8xbf16>
    %c_6 = stablehlo.constant dense<0> : tensor<i32>
    %19 = stablehlo.broadcast_in_dim %c_6, dims = [] : (tensor<i32>) -> tensor<3xi32>
    %c_7 = stablehlo.constant dense<0> : tensor<i32>
    %20 = call @clip(%15, %c_7) : (tensor<12xi32>, tensor<i32>) -> tensor<12xi32>
    %c_8 = stablehlo.constant dense<0> : tensor<i32>
    %21 = stablehlo.broadcast_in_dim %c_8, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %22 = stablehlo.compare LT, %20, %21, SIGNED : (tensor<12xi32>, tensor<12xi32>) -> tensor<12xi1>
    %c_9 = stablehlo.constant dense<3> : tensor<i32>
    %23 = stablehlo.broadcast_in_dim %c_9, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %24 = stablehlo.add %20, %23 : tensor<12xi32>
    %25 = stablehlo.select %22, %24, %20 : tensor<12xi1>, tensor<12xi32>
    %26 = stablehlo.broadcast_in_dim %25, dims = [0] : (tensor<12xi32>) -> tensor<12x1xi32>
    %c_10 = stablehlo.constant dense<1> : tensor<i32>
    %27 = stablehlo.broadcast_in_dim %c_10, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %28 = "stablehlo.scatter"(%19, %26, %27) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = false}> ({
    ^bb0(%arg1: tensor<i32>, %arg2: tensor<i32>):
      %84 = stablehlo.add %arg1, %arg2 : tensor<i32>
      stablehlo.return %84 : tensor<i32>
    }) : (tensor<3xi32>, tensor<12x1xi32>, tensor<12xi32>) -> tensor<3xi32>
    %29 = stablehlo.broadcast_in_dim %18, dims = [1, 2] : (tensor<12x8xbf16>) -> tensor<3x12x8xbf16>
    %30 = stablehlo.iota dim = 1 : tensor<3x12x8xi32>
    %31 = call @cumsum(%28) : (tensor<3xi32>) -> tensor<3xi32>
    %c_11 = stablehlo.constant dense<0> : tensor<i32>
    %32 = stablehlo.broadcast_in_dim %c_11, dims = [] : (tensor<i32>) -> tensor<3xi32>
    %33 = stablehlo.slice %32 [0:1] : (tensor<3xi32>) -> tensor<1xi32>
    %34 = stablehlo.slice %31 [0:2] : (tensor<3xi32>) -> tensor<2xi32>
    %35 = stablehlo.concatenate %33, %34, dim = 0 : (tensor<1xi32>, tensor<2xi32>) -> tensor<3xi32>
    %36 = stablehlo.broadcast_in_dim %31, dims = [0] : (tensor<3xi32>) -> tensor<3x12x8xi32>
    %37 = stablehlo.broadcast_in_dim %35, dims = [0] : (tensor<3xi32>) -> tensor<3x12x8xi32>
    %38 = stablehlo.compare LE, %37, %30, SIGNED : (tensor<3x12x8xi32>, tensor<3x12x8xi32>) -> tensor<3x12x8xi1>
    %39 = stablehlo.compare LT, %30, %36, SIGNED : (tensor<3x12x8xi32>, tensor<3x12x8xi32>) -> tensor<3x12x8xi1>
    %40 = stablehlo.and %38, %39 : tensor<3x12x8xi1>
    %cst_12 = stablehlo.constant dense<0.000000e+00> : tensor<bf16>
    %41 = stablehlo.broadcast_in_dim %cst_12, dims = [] : (tensor<bf16>) -> tensor<3x12x8xbf16>
    %42 = stablehlo.select %40, %29, %41 : tensor<3x12x8xi1>, tensor<3x12x8xbf16>
    %43 = stablehlo.dot_general %42, %cst_0, contracting_dims = [2, 0] x [1, 0], precision = [DEFAULT, DEFAULT] : (tensor<3x12x8xbf16>, tensor<3x8x4xbf16>) -> tensor<12x4xbf16>
    %44 = stablehlo.broadcast_in_dim %18, dims = [1, 2] : (tensor<12x8xbf16>) -> tensor<3x12x8xbf16>
    %45 = stablehlo.iota dim = 1 : tensor<3x12x8xi32>
    %46 = call @cumsum(%28) : (tensor<3xi32>) -> tensor<3xi32>
    %c_13 = stablehlo.constant dense<0> : tensor<i32>
    %47 = stablehlo.broadcast_in_dim %c_13, dims = [] : (tensor<i32>) -> tensor<3xi32>
    %48 = stablehlo.slice %47 [0:1] : (tensor<3xi32>) -> tensor<1xi32>
    %49 = stablehlo.slice %46 [0:2] : (tensor<3xi32>) -> tensor<2xi32>
    %50 = stablehlo.concatenate %48, %49, dim = 0 : (tensor<1xi32>, tensor<2xi32>) -> tensor<3xi32>
    %51 = stablehlo.broadcast_in_dim %46, dims = [0] : (tensor<3xi32>) -> tensor<3x12x8xi32>
    %52 = stablehlo.broadcast_in_dim %50, dims = [0] : (tensor<3xi32>) -> tensor<3x12x8xi32>
    %53 = stablehlo.compare LE, %52, %45, SIGNED : (tensor<3x12x8xi32>, tensor<3x12x8xi32>) -> tensor<3x12x8xi1>
    %54 = stablehlo.compare LT, %45, %51, SIGNED : (tensor<3x12x8xi32>, tensor<3x12x8xi32>) -> tensor<3x12x8xi1>
    %55 = stablehlo.and %53, %54 : tensor<3x12x8xi1>
    %cst_14 = stablehlo.constant dense<0.000000e+00> : tensor<bf16>
    %56 = stablehlo.broadcast_in_dim %cst_14, dims = [] : (tensor<bf16>) -> tensor<3x12x8xbf16>
    %57 = stablehlo.select %55, %44, %56 : tensor<3x12x8xi1>, tensor<3x12x8xbf16>
    %58 = stablehlo.dot_general %57, %cst_1, contracting_dims = [2, 0] x [1, 0], precision = [DEFAULT, DEFAULT] : (tensor<3x12x8xbf16>, tensor<3x8x4xbf16>) -> tensor<12x4xbf16>
    %59 = stablehlo.convert %43 : (tensor<12x4xbf16>) -> tensor<12x4xf32>
    %60 = call @silu(%59) : (tensor<12x4xf32>) -> tensor<12x4xf32>
    %61 = stablehlo.convert %58 : (tensor<12x4xbf16>) -> tensor<12x4xf32>
    %62 = stablehlo.multiply %60, %61 : tensor<12x4xf32>
    %63 = stablehlo.convert %62 : (tensor<12x4xf32>) -> tensor<12x4xbf16>
    %64 = stablehlo.broadcast_in_dim %63, dims = [1, 2] : (tensor<12x4xbf16>) -> tensor<3x12x4xbf16>
    %65 = stablehlo.iota dim = 1 : tensor<3x12x4xi32>
    %66 = call @cumsum(%28) : (tensor<3xi32>) -> tensor<3xi32>
    %c_15 = stablehlo.constant dense<0> : tensor<i32>
    %67 = stablehlo.broadcast_in_dim %c_15, dims = [] : (tensor<i32>) -> tensor<3xi32>
    %68 = stablehlo.slice %67 [0:1] : (tensor<3xi32>) -> tensor<1xi32>
    %69 = stablehlo.slice %66 [0:2] : (tensor<3xi32>) -> tensor<2xi32>
    %70 = stablehlo.concatenate %68, %69, dim = 0 : (tensor<1xi32>, tensor<2xi32>) -> tensor<3xi32>
    %71 = stablehlo.broadcast_in_dim %66, dims = [0] : (tensor<3xi32>) -> tensor<3x12x4xi32>
    %72 = stablehlo.broadcast_in_dim %70, dims = [0] : (tensor<3xi32>) -> tensor<3x12x4xi32>
    %73 = stablehlo.compare LE, %72, %65, SIGNED : (tensor<3x12x4xi32>, tensor<3x12x4xi32>) -> tensor<3x12x4xi1>
    %74 = stablehlo.compare LT, %65, %71, SIGNED : (tensor<3x12x4xi32>, tensor<3x12x4xi32>) -> tensor<3x12x4xi1>
    %75 = stablehlo.and %73, %74 : tensor<3x12x4xi1>
    %cst_16 = stablehlo.constant dense<0.000000e+00> : tensor<bf16>
    %76 = stablehlo.broadcast_in_dim %cst_16, dims = [] : (tensor<bf16>) -> tensor<3x12x4xbf16>
    %77 = stablehlo.select %75, %64, %76 : tensor<3x12x4xi1>, tensor<3x12x4xbf16>
    %78 = stablehlo.dot_general %77, %cst_2, contracting_dims = [2, 0] x [1, 0], precision = [DEFAULT, DEFAULT] : (tensor<3x12x4xbf16>, tensor<3x4x8xbf16>) -> tensor<12x8xbf16>
    %79 = call @argsort(%16) : (tensor<12xi32>) -> tensor<12xi32>
    %80 = call @_take_0(%78, %79) : (tensor<12x8xbf16>, tensor<12xi32>) -> tensor<12x8xbf16>
    %81 = stablehlo.reshape %80 : (tensor<12x8xbf16>) -> tensor<6x2x8xbf16>
    %82 = stablehlo.dot_general %81, %14, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<6x2x8xbf16>, tensor<6x2xbf16>) -> tensor<6x8xbf16>
    %83 = stablehlo.convert %82 : (tensor<6x8xbf16>) -> tensor<6x8xf32>
    return %83 : tensor<6x8xf32>
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
  func.func private @clip(%arg0: tensor<12xi32>, %arg1: tensor<i32>) -> tensor<12xi32> {
    %0 = stablehlo.convert %arg1 : tensor<i32>
    %1 = stablehlo.broadcast_in_dim %0, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %2 = stablehlo.maximum %1, %arg0 : tensor<12xi32>
    return %2 : tensor<12xi32>
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
  func.func private @silu(%arg0: tensor<12x4xf32>) -> tensor<12x4xf32> {
    %0 = stablehlo.negate %arg0 : tensor<12x4xf32>
    %1 = stablehlo.exponential %0 : tensor<12x4xf32>
    %cst = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %2 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<12x4xf32>
    %3 = stablehlo.add %2, %1 : tensor<12x4xf32>
    %cst_0 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %4 = stablehlo.broadcast_in_dim %cst_0, dims = [] : (tensor<f32>) -> tensor<12x4xf32>
    %5 = stablehlo.divide %4, %3 : tensor<12x4xf32>
    %6 = stablehlo.multiply %arg0, %5 : tensor<12x4xf32>
    return %6 : tensor<12x4xf32>
  }
  func.func private @_take_0(%arg0: tensor<12x8xbf16>, %arg1: tensor<12xi32>) -> tensor<12x8xbf16> {
    %c = stablehlo.constant dense<0> : tensor<i32>
    %0 = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %1 = stablehlo.compare LT, %arg1, %0, SIGNED : (tensor<12xi32>, tensor<12xi32>) -> tensor<12xi1>
    %c_0 = stablehlo.constant dense<12> : tensor<i32>
    %2 = stablehlo.broadcast_in_dim %c_0, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %3 = stablehlo.add %arg1, %2 : tensor<12xi32>
    %4 = call @_where(%1, %3, %arg1) : (tensor<12xi1>, tensor<12xi32>, tensor<12xi32>) -> tensor<12xi32>
    %5 = stablehlo.broadcast_in_dim %4, dims = [0] : (tensor<12xi32>) -> tensor<12x1xi32>
    %c_1 = stablehlo.constant dense<11> : tensor<1xi32>
    %c_2 = stablehlo.constant dense<0> : tensor<i32>
    %6 = stablehlo.broadcast_in_dim %c_2, dims = [] : (tensor<i32>) -> tensor<12x1xi32>
    %7 = stablehlo.compare GE, %5, %6, SIGNED : (tensor<12x1xi32>, tensor<12x1xi32>) -> tensor<12x1xi1>
    %8 = stablehlo.broadcast_in_dim %c_1, dims = [1] : (tensor<1xi32>) -> tensor<1x1xi32>
    %9 = stablehlo.broadcast_in_dim %8, dims = [0, 1] : (tensor<1x1xi32>) -> tensor<12x1xi32>
    %10 = stablehlo.compare LE, %5, %9, SIGNED : (tensor<12x1xi32>, tensor<12x1xi32>) -> tensor<12x1xi1>
    %11 = stablehlo.and %7, %10 : tensor<12x1xi1>
    %c_3 = stablehlo.constant dense<true> : tensor<i1>
    %12 = stablehlo.reduce(%11 init: %c_3) applies stablehlo.and across dimensions = [1] : (tensor<12x1xi1>, tensor<i1>) -> tensor<12xi1>
    %13 = "stablehlo.gather"(%arg0, %5) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, indices_are_sorted = false, slice_sizes = array<i64: 1, 8>}> : (tensor<12x8xbf16>, tensor<12x1xi32>) -> tensor<12x8xbf16>
    %14 = stablehlo.broadcast_in_dim %12, dims = [0] : (tensor<12xi1>) -> tensor<12x8xi1>
    %cst = stablehlo.constant dense<0x7FC0> : tensor<bf16>
    %15 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<bf16>) -> tensor<12x8xbf16>
    %16 = stablehlo.select %14, %13, %15 : tensor<12x8xi1>, tensor<12x8xbf16>
    return %16 : tensor<12x8xbf16>
  }
}
