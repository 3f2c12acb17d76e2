module attributes {moe.source = "model.onnx"} {
  func.func @main(%arg0: tensor<?x?x8xf32> {moe.name = "x", moe.symbols = ["B", "S", ""]}) -> (tensor<?x?x8xf32> {moe.name = "y", moe.symbols = ["B", "S", ""]}) {
    %0 = stablehlo.get_dimension_size %arg0, dim = 0 : (tensor<?x?x8xf32>) -> tensor<i32>
    %1 = stablehlo.convert %0 : (tensor<i32>) -> tensor<i64>
    %2 = stablehlo.reshape %1 : (tensor<i64>) -> tensor<1xi64>
    %3 = stablehlo.get_dimension_size %arg0, dim = 1 : (tensor<?x?x8xf32>) -> tensor<i32>
    %4 = stablehlo.convert %3 : (tensor<i32>) -> tensor<i64>
    %5 = stablehlo.reshape %4 : (tensor<i64>) -> tensor<1xi64>
    %c = stablehlo.constant dense<[1, 8]> : tensor<2xi64>
    %6 = stablehlo.concatenate %2, %5, %c,  dim = 0 : (tensor<1xi64>, tensor<1xi64>, tensor<2xi64>) -> tensor<4xi64>
    %7 = stablehlo.dynamic_reshape %arg0, %6 : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x1x8xf32>
    %c_0 = stablehlo.constant dense<[2, 8]> : tensor<2xi64>
    %8 = stablehlo.concatenate %2, %5, %c_0,  dim = 0 : (tensor<1xi64>, tensor<1xi64>, tensor<2xi64>) -> tensor<4xi64>
    %9 = stablehlo.dynamic_broadcast_in_dim %7, %8, dims = [0, 1, 2, 3] {known_expanding_dimensions = array<i64: 2>, known_nonexpanding_dimensions = array<i64: 0, 1, 3>} : (tensor<?x?x1x8xf32>, tensor<4xi64>) -> tensor<?x?x2x8xf32>
    %c_1 = stablehlo.constant dense<[2, 8, 1]> : tensor<3xi64>
    %10 = stablehlo.concatenate %2, %5, %c_1,  dim = 0 : (tensor<1xi64>, tensor<1xi64>, tensor<3xi64>) -> tensor<5xi64>
    %11 = stablehlo.dynamic_reshape %9, %10 : (tensor<?x?x2x8xf32>, tensor<5xi64>) -> tensor<?x?x2x8x1xf32>
    %cst = stablehlo.constant dense<[[0.115495935, -0.279476702, 0.0965686812], [0.324447572, 0.17616193, -0.258736581], [-0.0438236371, -0.338993043, -0.0965256616], [0.195300013, 0.135326147, -0.0375919826], [-0.0787080153, -0.273175091, -0.199413732], [0.0474342816, -0.0139442245, -0.15484035], [0.165352359, -0.555663884, -0.289575428], [-0.169544801, 0.104164451, 0.49179244]]> : tensor<8x3xf32>
    %12 = stablehlo.dot_general %arg0, %cst, contracting_dims = [2] x [0] : (tensor<?x?x8xf32>, tensor<8x3xf32>) -> tensor<?x?x3xf32>
    %cst_2 = stablehlo.constant dense<[0.367305517, 0.00203616288, 0.15805997]> : tensor<3xf32>
    %13 = chlo.broadcast_add %12, %cst_2 : (tensor<?x?x3xf32>, tensor<3xf32>) -> tensor<?x?x3xf32>
    %values, %indices = chlo.top_k(%13, k = 2) : tensor<?x?x3xf32> -> (tensor<?x?x2xf32>, tensor<?x?x2xi32>)
    %14 = stablehlo.convert %indices : (tensor<?x?x2xi32>) -> tensor<?x?x2xi64>
    %cst_3 = stablehlo.constant dense<"0xCFFCC1BD6171823E627E053D7160DB3C3C604A3D11D1233E27135E3C8954773E3573EDBDFD7C1FBEFF5E73BE69AAE0BDA94D4FBF95CD95BD9316423E3CA9BBBD3B4AFF3EF9084B3FBA4A6FBDDB4A983EAD9EFE3ED1A5D0BE8B859D3ED973823DDF22C5BD02ECBCBE5EF64A3DFE218ABD5598DF3ED2383FBE57B87CBE5A68873E268E723D9919C63DA5BCE33E1DA33DBE792E6A3E4A945F3DE243EA3DE0C68CBD33B35E3EAF231BBE89163FBE12682D3E7EDA133FF0BE41BE2C1882BEDF1BA6BD04709A3E500F5DBECF6E1C3E7667A03E20238C3E3A5F0D3F3B427FBE893D0A3F5C74A83E513915BC4BFB043E64EFF2BEA5BC82BEE4622BBE3618333D3009AE3E64C494BE185019BCFC4DE7BD34F5283DBE89ACBD7205CEBE174B883E87F3F5BE930A413E712DCCBDB26BD93E07E2C63EE48C243EE052813E4237113E4C10ECBC4F8B82BEE7D85FBE807AF43C7E09183D9F079BBC002ABE3EFF70E2BD6EA382BE1A7D263F520FDE3EC622443EE423E0BE11FB8FBD32B3BB3E28EBE1BE20B6803EF168DFBE68BC8DBE6EC7ACBDE2EAA0BD26EE2FBFFF0F423E535EBCBDBFB9E2BE57A1C73D316482BE8C6786BECADAB6BD903DB23DDF4C943C37CA8C3EE8DCC9BEF6DE07BF8EEC083ED83490BE43FB2E3E580C1FBE32E3C9BDDC37BF3E4C66933EADADB53C1C7E9EBD76415DBEAD196BBED023313ED0942BBEE34942BED1C364BE7BE9D8BBC0086F3EC3B69C3EBE14843E7E438F3EDF0546BEBB45433E62B680BD9CC5543E2E6E9ABECA95A73E4229AEBED3868ABD19B480BE532483BE7DFC67BD403F98BCDD8F393E914E9D3D770A303D30E59DBECC558B3C91F3B03E68C1E63D84C6883E02B71ABECFE869BEA8CBA33EB8782BBE0F040B3FBD5D9FBE7FBD4D3DC45FB4BE6A7216BDD0058FBE2313DBBEDD83393ED0DD253EB39B8F3E43FC3BBEA21E4B3DFFF3403EAB2255BE3CB8F43D464E283BB14DC1BE5EDED8BD0682923E8A0826BE30A3BD3C2CAEB63E18D4FB3C0219A8BC8B27E43D0196EBBE2AC335BD970D6CBED706DC3EEFC68D3EB303DD3E92977ABE030ED53C940ACCBE08598BBD"> : tensor<3x8x8xf32>
    %15 = stablehlo.composite "onnx.Gather" %cst_3, %14 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_0, version = 1 : i32} : (tensor<3x8x8xf32>, tensor<?x?x2xi64>) -> tensor<?x?x2x8x8xf32>
    %cst_4 = stablehlo.constant dense<[[0.162642315, 0.697350264, 0.0581186749, -0.00744141033, -0.112032175, 0.198919132, 0.00177846616, -0.211699218], [-0.31917876, 0.214429528, -0.651272356, 0.15087755, -0.152754009, 0.0425522812, 0.306046814, -0.293174565], [-0.833523869, 0.436042398, -0.154399887, -0.0365553908, -0.0203227215, -0.0227198806, 0.479850203, -0.0935089811]]> : tensor<3x8xf32>
    %16 = stablehlo.composite "onnx.Gather" %cst_4, %14 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_1, version = 1 : i32} : (tensor<3x8xf32>, tensor<?x?x2xi64>) -> tensor<?x?x2x8xf32>
    %17 = stablehlo.dynamic_reshape %16, %10 : (tensor<?x?x2x8xf32>, tensor<5xi64>) -> tensor<?x?x2x8x1xf32>
    %cst_5 = stablehlo.constant dense<[[[-0.297623932, 0.0100524519, 0.339573473, -0.398472935], [0.0895326659, 0.0108380346, 0.387095451, -0.0900522544], [-0.0336435512, 0.222364664, 7.132290e-02, 0.07846722], [-0.287597924, -0.159029603, -0.0514059141, 0.474491984], [-0.0380733162, 0.0479359291, -0.0649795681, -0.275797576], [0.163775727, -0.567227066, -0.406667799, 0.0275838971], [-0.131388053, -0.164346427, -0.337931275, -0.290911674], [-0.127894312, -0.314784735, 0.406009763, 0.143225536]], [[0.234440193, -0.0914861411, -0.524446845, -0.0615847408], [0.300397694, -0.177846357, 0.518790066, -0.0904443934], [-0.494664758, 0.429751098, -0.234513462, -0.0944187119], [-0.158412099, 0.0229051206, -0.526368618, 0.0100925788], [-0.410492271, 0.0540176928, -0.0858038664, -0.0819014311], [0.102682836, -0.37151143, 0.170656174, 0.21737361], [0.030518176, 0.242939517, 0.647405267, 0.0287664048], [-0.337728888, -0.335543603, -0.020207325, -0.235955253]], [[0.247107491, -0.212994471, 0.319834024, 0.112348758], [-0.378275603, 0.300846279, 0.074203372, -0.147133708], [0.00355276582, 0.340265393, 0.412142962, 0.124673717], [-0.322810024, 0.502481103, -0.253206074, 0.107763633], [-0.163243309, 0.0436950065, 0.218084589, 0.184869587], [-0.129701063, 0.182917863, 0.0808464586, 0.113897167], [0.102023065, 0.0158791617, 0.0389003977, 0.0228055436], [0.0694478378, -0.107759185, 0.0884540453, 0.42535004]]]> : tensor<3x8x4xf32>
    %18 = stablehlo.composite "onnx.Gather" %cst_5, %14 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_2, version = 1 : i32} : (tensor<3x8x4xf32>, tensor<?x?x2xi64>) -> tensor<?x?x2x8x4xf32>
    %cst_6 = stablehlo.constant dense<[[0.328818619, 0.376708835, 0.140869662, -0.462328941, -0.258650124, 0.24336271, 0.0762490332, 5.004950e-01], [-0.282917619, -0.114287958, 0.0533515438, 0.541722655, 0.185627237, 0.17519027, -0.357528389, 0.227030531], [0.32651636, 0.240610436, -0.357708931, 0.253481239, 0.0889323279, -0.145560935, 0.168087512, 0.0911209359]]> : tensor<3x8xf32>
    %19 = stablehlo.composite "onnx.Gather" %cst_6, %14 {composite_attributes = {axis = 0 : i64}, decomposition = @onnx.Gather_1, version = 1 : i32} : (tensor<3x8xf32>, tensor<?x?x2xi64>) -> tensor<?x?x2x8xf32>
    %20 = stablehlo.dynamic_reshape %19, %10 : (tensor<?x?x2x8xf32>, tensor<5xi64>) -> tensor<?x?x2x8x1xf32>
    %21 = stablehlo.composite "onnx.Softmax" %values {composite_attributes = {axis = 2 : i64}, decomposition = @onnx.Softmax_3, version = 1 : i32} : (tensor<?x?x2xf32>) -> tensor<?x?x2xf32>
    %c_7 = stablehlo.constant dense<[2, 1]> : tensor<2xi64>
    %22 = stablehlo.concatenate %2, %5, %c_7,  dim = 0 : (tensor<1xi64>, tensor<1xi64>, tensor<2xi64>) -> tensor<4xi64>
    %23 = stablehlo.dynamic_reshape %21, %22 : (tensor<?x?x2xf32>, tensor<4xi64>) -> tensor<?x?x2x1xf32>
    %c_8 = stablehlo.constant dense<[2, 1, 1]> : tensor<3xi64>
    %24 = stablehlo.concatenate %2, %5, %c_8,  dim = 0 : (tensor<1xi64>, tensor<1xi64>, tensor<3xi64>) -> tensor<5xi64>
    %25 = stablehlo.dynamic_reshape %23, %24 : (tensor<?x?x2x1xf32>, tensor<5xi64>) -> tensor<?x?x2x1x1xf32>
    %26 = stablehlo.dot_general %15, %11, batching_dims = [0, 1, 2] x [0, 1, 2], contracting_dims = [4] x [3] : (tensor<?x?x2x8x8xf32>, tensor<?x?x2x8x1xf32>) -> tensor<?x?x2x8x1xf32>
    %27 = stablehlo.add %26, %17 : tensor<?x?x2x8x1xf32>
    %c_9 = stablehlo.constant dense<0> : tensor<5xi64>
    %c_10 = stablehlo.constant dense<[2, 7, 1]> : tensor<3xi64>
    %28 = stablehlo.concatenate %2, %5, %c_10,  dim = 0 : (tensor<1xi64>, tensor<1xi64>, tensor<3xi64>) -> tensor<5xi64>
    %c_11 = stablehlo.constant dense<[1, 1, 1, 2, 1]> : tensor<5xi64>
    %29 = stablehlo.real_dynamic_slice %27, %c_9, %28, %c_11 : (tensor<?x?x2x8x1xf32>, tensor<5xi64>, tensor<5xi64>, tensor<5xi64>) -> tensor<?x?x2x4x1xf32>
    %cst_12 = stablehlo.constant dense<7.000000e+00> : tensor<f32>
    %30 = chlo.broadcast_minimum %29, %cst_12 : (tensor<?x?x2x4x1xf32>, tensor<f32>) -> tensor<?x?x2x4x1xf32>
    %c_13 = stablehlo.constant dense<[0, 0, 0, 1, 0]> : tensor<5xi64>
    %31 = stablehlo.real_dynamic_slice %27, %c_13, %10, %c_11 : (tensor<?x?x2x8x1xf32>, tensor<5xi64>, tensor<5xi64>, tensor<5xi64>) -> tensor<?x?x2x4x1xf32>
    %cst_14 = stablehlo.constant dense<-7.000000e+00> : tensor<f32>
    %32 = stablehlo.clamp %cst_14, %31, %cst_12 : (tensor<f32>, tensor<?x?x2x4x1xf32>, tensor<f32>) -> tensor<?x?x2x4x1xf32>
    %cst_15 = stablehlo.constant dense<1.703125> : tensor<f32>
    %33 = chlo.broadcast_multiply %30, %cst_15 : (tensor<?x?x2x4x1xf32>, tensor<f32>) -> tensor<?x?x2x4x1xf32>
    %34 = stablehlo.logistic %33 : tensor<?x?x2x4x1xf32>
    %35 = stablehlo.multiply %30, %34 : tensor<?x?x2x4x1xf32>
    %cst_16 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %36 = chlo.broadcast_add %32, %cst_16 : (tensor<?x?x2x4x1xf32>, tensor<f32>) -> tensor<?x?x2x4x1xf32>
    %37 = stablehlo.multiply %35, %36 : tensor<?x?x2x4x1xf32>
    %38 = stablehlo.dot_general %18, %37, batching_dims = [0, 1, 2] x [0, 1, 2], contracting_dims = [4] x [3] : (tensor<?x?x2x8x4xf32>, tensor<?x?x2x4x1xf32>) -> tensor<?x?x2x8x1xf32>
    %39 = stablehlo.add %38, %20 : tensor<?x?x2x8x1xf32>
    %40 = chlo.broadcast_multiply %39, %25 : (tensor<?x?x2x8x1xf32>, tensor<?x?x2x1x1xf32>) -> tensor<?x?x2x8x1xf32>
    %cst_17 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %41 = stablehlo.reduce(%40 init: %cst_17) applies stablehlo.add across dimensions = [2] : (tensor<?x?x2x8x1xf32>, tensor<f32>) -> tensor<?x?x8x1xf32>
    %c_18 = stablehlo.constant dense<8> : tensor<1xi64>
    %42 = stablehlo.concatenate %2, %5, %c_18,  dim = 0 : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3xi64>
    %43 = stablehlo.dynamic_reshape %41, %42 : (tensor<?x?x8x1xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
    return %43 : tensor<?x?x8xf32>
  }
  func.func private @onnx.Gather_0(%arg0: tensor<3x8x8xf32>, %arg1: tensor<?x?x2xi64>) -> tensor<?x?x2x8x8xf32> {
    %c = stablehlo.constant dense<3> : tensor<i64>
    %0 = chlo.broadcast_add %arg1, %c : (tensor<?x?x2xi64>, tensor<i64>) -> tensor<?x?x2xi64>
    %c_0 = stablehlo.constant dense<0> : tensor<i64>
    %1 = chlo.broadcast_compare %arg1, %c_0 {comparison_direction = #chlo<comparison_direction LT>} : (tensor<?x?x2xi64>, tensor<i64>) -> tensor<?x?x2xi1>
    %2 = stablehlo.select %1, %0, %arg1 : tensor<?x?x2xi1>, tensor<?x?x2xi64>
    %3 = "stablehlo.gather"(%arg0, %2) <{dimension_numbers = #stablehlo.gather<offset_dims = [3, 4], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 3>, indices_are_sorted = false, slice_sizes = array<i64: 1, 8, 8>}> : (tensor<3x8x8xf32>, tensor<?x?x2xi64>) -> tensor<?x?x2x8x8xf32>
    return %3 : tensor<?x?x2x8x8xf32>
  }
  func.func private @onnx.Gather_1(%arg0: tensor<3x8xf32>, %arg1: tensor<?x?x2xi64>) -> tensor<?x?x2x8xf32> {
    %c = stablehlo.constant dense<3> : tensor<i64>
    %0 = chlo.broadcast_add %arg1, %c : (tensor<?x?x2xi64>, tensor<i64>) -> tensor<?x?x2xi64>
    %c_0 = stablehlo.constant dense<0> : tensor<i64>
    %1 = chlo.broadcast_compare %arg1, %c_0 {comparison_direction = #chlo<comparison_direction LT>} : (tensor<?x?x2xi64>, tensor<i64>) -> tensor<?x?x2xi1>
    %2 = stablehlo.select %1, %0, %arg1 : tensor<?x?x2xi1>, tensor<?x?x2xi64>
    %3 = "stablehlo.gather"(%arg0, %2) <{dimension_numbers = #stablehlo.gather<offset_dims = [3], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 3>, indices_are_sorted = false, slice_sizes = array<i64: 1, 8>}> : (tensor<3x8xf32>, tensor<?x?x2xi64>) -> tensor<?x?x2x8xf32>
    return %3 : tensor<?x?x2x8xf32>
  }
  func.func private @onnx.Gather_2(%arg0: tensor<3x8x4xf32>, %arg1: tensor<?x?x2xi64>) -> tensor<?x?x2x8x4xf32> {
    %c = stablehlo.constant dense<3> : tensor<i64>
    %0 = chlo.broadcast_add %arg1, %c : (tensor<?x?x2xi64>, tensor<i64>) -> tensor<?x?x2xi64>
    %c_0 = stablehlo.constant dense<0> : tensor<i64>
    %1 = chlo.broadcast_compare %arg1, %c_0 {comparison_direction = #chlo<comparison_direction LT>} : (tensor<?x?x2xi64>, tensor<i64>) -> tensor<?x?x2xi1>
    %2 = stablehlo.select %1, %0, %arg1 : tensor<?x?x2xi1>, tensor<?x?x2xi64>
    %3 = "stablehlo.gather"(%arg0, %2) <{dimension_numbers = #stablehlo.gather<offset_dims = [3, 4], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 3>, indices_are_sorted = false, slice_sizes = array<i64: 1, 8, 4>}> : (tensor<3x8x4xf32>, tensor<?x?x2xi64>) -> tensor<?x?x2x8x4xf32>
    return %3 : tensor<?x?x2x8x4xf32>
  }
  func.func private @onnx.Softmax_3(%arg0: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
    %cst = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %0 = stablehlo.reduce(%arg0 init: %cst) applies stablehlo.maximum across dimensions = [2] : (tensor<?x?x2xf32>, tensor<f32>) -> tensor<?x?xf32>
    %1 = stablehlo.get_dimension_size %arg0, dim = 0 : (tensor<?x?x2xf32>) -> tensor<i32>
    %2 = stablehlo.convert %1 : (tensor<i32>) -> tensor<i64>
    %3 = stablehlo.reshape %2 : (tensor<i64>) -> tensor<1xi64>
    %4 = stablehlo.get_dimension_size %arg0, dim = 1 : (tensor<?x?x2xf32>) -> tensor<i32>
    %5 = stablehlo.convert %4 : (tensor<i32>) -> tensor<i64>
    %6 = stablehlo.reshape %5 : (tensor<i64>) -> tensor<1xi64>
    %c = stablehlo.constant dense<1> : tensor<1xi64>
    %7 = stablehlo.concatenate %3, %6, %c,  dim = 0 : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3xi64>
    %8 = stablehlo.dynamic_reshape %0, %7 : (tensor<?x?xf32>, tensor<3xi64>) -> tensor<?x?x1xf32>
    %9 = chlo.broadcast_subtract %arg0, %8 : (tensor<?x?x2xf32>, tensor<?x?x1xf32>) -> tensor<?x?x2xf32>
    %10 = stablehlo.exponential %9 : tensor<?x?x2xf32>
    %cst_0 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %11 = stablehlo.reduce(%10 init: %cst_0) applies stablehlo.add across dimensions = [2] : (tensor<?x?x2xf32>, tensor<f32>) -> tensor<?x?xf32>
    %12 = stablehlo.dynamic_reshape %11, %7 : (tensor<?x?xf32>, tensor<3xi64>) -> tensor<?x?x1xf32>
    %13 = chlo.broadcast_divide %10, %12 : (tensor<?x?x2xf32>, tensor<?x?x1xf32>) -> tensor<?x?x2xf32>
    return %13 : tensor<?x?x2xf32>
  }
}
