module @jit_dense_copies attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<6x8xf32>) -> (tensor<6x8xf32> {jax.result_info = "result"}) {
    %cst = stablehlo.constant dense<[[0.122182466, 0.290485889, 0.116827145], [-0.460735649, 0.320091635, 0.157817245], [-0.189841643, 0.205456272, 0.128895804], [0.103991538, 0.0100487797, 0.19329223], [-0.260375828, -0.0575973652, -0.170454919], [0.211724102, 0.0140438862, -0.103399076], [-0.276446402, -0.090931192, 0.00287869549], [-0.0974403396, 0.457520664, 0.355930805]]> : tensor<8x3xf32>
    %cst_0 = stablehlo.constant dense<[-0.632694184, -0.808327674, -0.366267025]> : tensor<3xf32>
    %cst_1 = stablehlo.constant dense<"0xE72026BD6BAAFDBE6C4A4BBC75EC16BF0401FC3E9C97EABCDD6968BE406DA4BEBF2D0BBEDC86A1BDA113BDBE2E80A6BE788787BD3A8B3CBE0704AA3EFEF9CD3E059CB93B1C762B3EE6B1F1BE16C5663E8C2831BCFB772F3E03D9103F8F704EBF59F2BC3D39F6C6BEEA65563E31BCEDBE935A33BE80CB923D371D5E3E77A0D83C8A848FBE6B6648BEB41CA03E80DBFEBAC86618BF22B8983EB3B2163EE81A9E3E8CBEF3BD8FE9953EC212C0BEAA5C4E3E618931BE3324743E810AB63E7C3A85BE5D6094BC39A6613C335AD73EF09F803E7BB6DCBE01AC253E24E0863E9739403FAFFA17BF262E42BEB05DF13E3F4BF5BE2520D9BE29343B3E065AB83E941672BE038C433E8C5E293D2376093F5CBB0CBA0041B33E577BA3BED9DD85BD030B0CBD5833CE3EA3D7513EF41488BE11E6763EC97F8B3E27AE21BD4491BABD1B548CBDC76919BF1FAA883D42DAA93D6AAD9CBEAA65863E9888F8BE10C747BE350C2CBE8CE3333FDBBD10BFA4B14B3EE38AAA3E53C0083E1AEED53ED183B5BEAD624EBF12CF8A3ED077D8BEB956ECBDD864D5BE857EBE3EE29B9C3E6F5882BEAC8CA33ED4A02F3D49DB49BDE24BA63C64CE92BDDBA75E3E34B7E03D8F0AFDBDD926B63EB9605DBE1CC3CF3D29D6183EA9D8053F44FD36BE0CC41D3F361D7F3D4C748CBD0D7673BECA42543E4BBB8D3C4DC6C7BE5D2BCCBE931E49BE85BD74BEA65DC53EC0FFF83EE1399D3EF88F013EEE091BBEDCCC9D3C2A26A03EA4DF403F9E40A53E430ACBBDC8435C3C2EB32EBE18A18DBECC6785BDE2A38D3DB62A263FBFB3963C43B5F53E90F91F3F8140E43C7785113FC96A813EF72917BEC702C03DC185043C3F3BA8BDD8EE8FBD5ED6503DBC301D3E442EA0BE3F8459BBB0C909BF0BD6BC3D62C4613E956E6D3DD4FACE3D0C95553ECFCA70BE0117ADBD3AF9383E565CB53E11FA0E3EF70E673FE34D04BD37F5B43E5D4DE53E2DB841BD598794BEF112D6BE90006B3DFCFBC83E7DB5C43D85527A3D434A09BE4D1D4B3E385041BF9741A83DCCEC223CDE0EF8BEA3E9443F0C26FBBE530DC3BE2361D9BE80FFC83EB2C2A0BE"> : tensor<3x8x8xf32>
    %cst_2 = stablehlo.constant dense<[[0.386048973, 0.339199156, 0.149920776, -0.754931032, -0.353399783, 0.965973377, -0.745217382, -0.480156213], [-0.0936730727, 0.467070639, 0.145283952, 0.428419381, -0.616202593, 5.454670e-01, 0.328528941, -0.920622289], [0.889071047, 1.32351649, -0.443738341, 0.032131169, 0.806802332, -0.855194449, -1.14884639, -0.748791038]]> : tensor<3x8xf32>
    %cst_3 = stablehlo.constant dense<[[[-0.218994036, -0.103446461, -0.166863009, 0.0283449776, -0.146551102, 0.37660569, -0.161597967, -6.832480e-02], [-0.332390666, -0.263257414, -0.632246375, 0.25939247, -5.712590e-01, -0.372928202, 0.179622322, 0.201286688], [-0.200057372, -1.00963295, 0.210256651, 0.129781723, -0.706190586, 0.385161042, -0.350549906, -0.563094079], [0.0478653572, -0.0892352163, 0.101312004, -8.028740e-01, 0.906115055, -0.301329315, -0.76982963, 0.309421092]], [[-0.177402064, 0.162429243, -0.169804215, -0.0298701804, 0.122886419, -0.373326451, 0.339369804, -0.234950051], [-0.43484357, 0.0385162123, 0.222520635, -0.114539668, -0.4312599, 0.309892774, -0.880164385, -0.51543206], [0.019761445, -0.680529714, 0.013997132, -0.0274315588, 0.449369907, -0.457395166, -0.312953264, 0.16659084], [-1.22878182, 1.55002117, -0.349325359, -0.364917517, 0.430563748, -0.0199159216, -0.8897143, 0.313463688]], [[0.427688926, -0.224973142, -0.140800178, 0.242992297, -0.454390138, 0.219194278, 0.0996492579, -0.3374663], [-0.696050941, -0.112802915, -0.43771112, 0.500705123, 0.0720426813, 0.391042262, 0.0673109666, 0.131450564], [-0.39149946, 0.334023714, 0.892349123, -0.154843777, -0.296387255, -0.0789183527, -0.240640149, -0.350739658], [0.0690968186, -0.145458773, 0.719436824, 1.00821475E-4, 0.161955982, 0.476010948, -0.150377929, 0.718368292]]]> : tensor<3x4x8xf32>
    %cst_4 = stablehlo.constant dense<[[-0.327396154, -0.333963782, 0.350652069, 0.155039549, -0.719423056, 0.327576965, 1.08200133, 0.691119611], [0.572216153, 0.0116497325, 0.567899823, -5.577970e-01, 0.433598489, -5.037290e-02, 0.65292871, 0.269051313], [-0.62924236, 0.0738967657, 0.70334047, -0.651963472, -0.322819561, -0.443793565, -0.863511562, 0.554988503]]> : tensor<3x8xf32>
    %0 = stablehlo.dot_general %arg0, %cst, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x8xf32>, tensor<8x3xf32>) -> tensor<6x3xf32>
    %1 = stablehlo.broadcast_in_dim %cst_0, dims = [1] : (tensor<3xf32>) -> tensor<1x3xf32>
    %2 = stablehlo.broadcast_in_dim %1, dims = [0, 1] : (tensor<1x3xf32>) -> tensor<6x3xf32>
    %3 = stablehlo.add %0, %2 : tensor<6x3xf32>
    %values, %indices = chlo.top_k(%3, k = 2) : tensor<6x3xf32> -> (tensor<6x2xf32>, tensor<6x2xi32>)
    %cst_5 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %4 = stablehlo.reduce(%values init: %cst_5) applies stablehlo.maximum across dimensions = [1] : (tensor<6x2xf32>, tensor<f32>) -> tensor<6xf32>
    %cst_6 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %5 = stablehlo.broadcast_in_dim %cst_6, dims = [] : (tensor<f32>) -> tensor<6xf32>
    %6 = stablehlo.maximum %5, %4 : tensor<6xf32>
    %7 = stablehlo.broadcast_in_dim %6, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %8 = stablehlo.broadcast_in_dim %7, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x2xf32>
    %9 = stablehlo.subtract %values, %8 : tensor<6x2xf32>
    %10 = stablehlo.exponential %9 : tensor<6x2xf32>
    %cst_7 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %11 = stablehlo.reduce(%10 init: %cst_7) applies stablehlo.add across dimensions = [1] : (tensor<6x2xf32>, tensor<f32>) -> tensor<6xf32>
    %12 = stablehlo.broadcast_in_dim %11, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %13 = stablehlo.broadcast_in_dim %12, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x2xf32>
    %14 = stablehlo.divide %10, %13 : tensor<6x2xf32>
    %cst_8 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %15 = stablehlo.broadcast_in_dim %cst_8, dims = [] : (tensor<f32>) -> tensor<6x3xf32>
    %16 = stablehlo.iota dim = 0 : tensor<6xi32>
    %17 = stablehlo.broadcast_in_dim %16, dims = [0] : (tensor<6xi32>) -> tensor<6x1xi32>
    %c = stablehlo.constant dense<0> : tensor<i32>
    %18 = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<i32>) -> tensor<6x1xi32>
    %19 = stablehlo.compare LT, %17, %18, SIGNED : (tensor<6x1xi32>, tensor<6x1xi32>) -> tensor<6x1xi1>
    %c_9 = stablehlo.constant dense<6> : tensor<i32>
    %20 = stablehlo.broadcast_in_dim %c_9, dims = [] : (tensor<i32>) -> tensor<6x1xi32>
    %21 = stablehlo.add %17, %20 : tensor<6x1xi32>
    %22 = stablehlo.select %19, %21, %17 : tensor<6x1xi1>, tensor<6x1xi32>
    %c_10 = stablehlo.constant dense<0> : tensor<i32>
    %23 = stablehlo.broadcast_in_dim %c_10, dims = [] : (tensor<i32>) -> tensor<6x2xi32>
    %24 = stablehlo.compare LT, %indices, %23, SIGNED : (tensor<6x2xi32>, tensor<6x2xi32>) -> tensor<6x2xi1>
    %c_11 = stablehlo.constant dense<3> : tensor<i32>
    %25 = stablehlo.broadcast_in_dim %c_11, dims = [] : (tensor<i32>) -> tensor<6x2xi32>
    %26 = stablehlo.add %indices, %25 : tensor<6x2xi32>
    %27 = stablehlo.select %24, %26, %indices : tensor<6x2xi1>, tensor<6x2xi32>
    %28 = stablehlo.broadcast_in_dim %22, dims = [0, 1] : (tensor<6x1xi32>) -> tensor<6x2xi32>
    %29 = stablehlo.broadcast_in_dim %28, dims = [0, 1] : (tensor<6x2xi32>) -> tensor<6x2x1xi32>
    %30 = stablehlo.broadcast_in_dim %27, dims = [0, 1] : (tensor<6x2xi32>) -> tensor<6x2x1xi32>
    %31 = stablehlo.concatenate %29, %30, dim = 2 : (tensor<6x2x1xi32>, tensor<6x2x1xi32>) -> tensor<6x2x2xi32>
    %32 = "stablehlo.scatter"(%15, %31, %14) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0, 1], scatter_dims_to_operand_dims = [0, 1], index_vector_dim = 2>, unique_indices = false}> ({
    ^bb0(%arg1: tensor<f32>, %arg2: tensor<f32>):
      stablehlo.return %arg2 : tensor<f32>
    }) : (tensor<6x3xf32>, tensor<6x2x2xi32>, tensor<6x2xf32>) -> tensor<6x3xf32>
    %33 = stablehlo.concatenate %arg0, %arg0, %arg0, dim = 0 : (tensor<6x8xf32>, tensor<6x8xf32>, tensor<6x8xf32>) -> tensor<18x8xf32>
    %34 = stablehlo.reshape %33 : (tensor<18x8xf32>) -> tensor<3x6x8xf32>
    %35 = stablehlo.dot_general %34, %cst_1, batching_dims = [0] x [0], contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<3x6x8xf32>, tensor<3x8x8xf32>) -> tensor<3x6x8xf32>
    %36 = stablehlo.broadcast_in_dim %cst_2, dims = [0, 2] : (tensor<3x8xf32>) -> tensor<3x1x8xf32>
    %37 = stablehlo.broadcast_in_dim %36, dims = [0, 1, 2] : (tensor<3x1x8xf32>) -> tensor<3x6x8xf32>
    %38 = stablehlo.add %35, %37 : tensor<3x6x8xf32>
    %39 = stablehlo.slice %38 [0:3, 0:6, 0:8:2] : (tensor<3x6x8xf32>) -> tensor<3x6x4xf32>
    %cst_12 = stablehlo.constant dense<7.000000e+00> : tensor<f32>
    %40 = stablehlo.broadcast_in_dim %cst_12, dims = [] : (tensor<f32>) -> tensor<3x6x4xf32>
    %41 = stablehlo.minimum %39, %40 : tensor<3x6x4xf32>
    %42 = stablehlo.slice %38 [0:3, 0:6, 1:8:2] : (tensor<3x6x8xf32>) -> tensor<3x6x4xf32>
    %cst_13 = stablehlo.constant dense<-7.000000e+00> : tensor<f32>
    %cst_14 = stablehlo.constant dense<7.000000e+00> : tensor<f32>
    %43 = call @clip(%42, %cst_13, %cst_14) : (tensor<3x6x4xf32>, tensor<f32>, tensor<f32>) -> tensor<3x6x4xf32>
    %cst_15 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %44 = stablehlo.broadcast_in_dim %cst_15, dims = [] : (tensor<f32>) -> tensor<3x6x4xf32>
    %45 = stablehlo.add %43, %44 : tensor<3x6x4xf32>
    %cst_16 = stablehlo.constant dense<1.702000e+00> : tensor<f32>
    %46 = stablehlo.broadcast_in_dim %cst_16, dims = [] : (tensor<f32>) -> tensor<3x6x4xf32>
    %47 = stablehlo.multiply %46, %41 : tensor<3x6x4xf32>
    %48 = stablehlo.negate %47 : tensor<3x6x4xf32>
    %49 = stablehlo.exponential %48 : tensor<3x6x4xf32>
    %cst_17 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %50 = stablehlo.broadcast_in_dim %cst_17, dims = [] : (tensor<f32>) -> tensor<3x6x4xf32>
    %51 = stablehlo.add %50, %49 : tensor<3x6x4xf32>
    %cst_18 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %52 = stablehlo.broadcast_in_dim %cst_18, dims = [] : (tensor<f32>) -> tensor<3x6x4xf32>
    %53 = stablehlo.divide %52, %51 : tensor<3x6x4xf32>
    %54 = stablehlo.multiply %41, %53 : tensor<3x6x4xf32>
    %55 = stablehlo.multiply %45, %54 : tensor<3x6x4xf32>
    %56 = stablehlo.dot_general %55, %cst_3, batching_dims = [0] x [0], contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<3x6x4xf32>, tensor<3x4x8xf32>) -> tensor<3x6x8xf32>
    %57 = stablehlo.broadcast_in_dim %cst_4, dims = [0, 2] : (tensor<3x8xf32>) -> tensor<3x1x8xf32>
    %58 = stablehlo.broadcast_in_dim %57, dims = [0, 1, 2] : (tensor<3x1x8xf32>) -> tensor<3x6x8xf32>
    %59 = stablehlo.add %56, %58 : tensor<3x6x8xf32>
    %60 = stablehlo.transpose %32, dims = [1, 0] : (tensor<6x3xf32>) -> tensor<3x6xf32>
    %61 = stablehlo.broadcast_in_dim %60, dims = [0, 1] : (tensor<3x6xf32>) -> tensor<3x6x1xf32>
    %62 = stablehlo.broadcast_in_dim %61, dims = [0, 1, 2] : (tensor<3x6x1xf32>) -> tensor<3x6x8xf32>
    %63 = stablehlo.multiply %59, %62 : tensor<3x6x8xf32>
    %cst_19 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %64 = stablehlo.reduce(%63 init: %cst_19) applies stablehlo.add across dimensions = [0] : (tensor<3x6x8xf32>, tensor<f32>) -> tensor<6x8xf32>
    return %64 : tensor<6x8xf32>
  }
  func.func private @clip(%arg0: tensor<3x6x4xf32>, %arg1: tensor<f32>, %arg2: tensor<f32>) -> tensor<3x6x4xf32> {
    %0 = stablehlo.convert %arg1 : tensor<f32>
    %1 = stablehlo.broadcast_in_dim %0, dims = [] : (tensor<f32>) -> tensor<3x6x4xf32>
    %2 = stablehlo.maximum %1, %arg0 : tensor<3x6x4xf32>
    %3 = stablehlo.convert %arg2 : tensor<f32>
    %4 = stablehlo.broadcast_in_dim %3, dims = [] : (tensor<f32>) -> tensor<3x6x4xf32>
    %5 = stablehlo.minimum %4, %2 : tensor<3x6x4xf32>
    return %5 : tensor<3x6x4xf32>
  }
}
