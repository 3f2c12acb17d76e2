module @jit_stacked attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<6x8xf32>) -> (tensor<6x8xf32> {jax.result_info = "result"}) {
    %cst = stablehlo.constant dense<"0xF93F60BEBDDBD3BD23DE2ABEBA33E83C7E1116BE76D2C03EF07925BEDFED8BBD1C2FAABEADC986BEE6DA21BF17CF843E083E12BF72F0BEBEEAEE373E191E4E3ED7DB4CBEA73B81BF854D573E80E5043EE8C834BFD433C53E477BB3BEEF2610BF770E443DF4C0B6BDAB7CCF3D27894DBF28F7673FD6479ABE8E1345BF716C9E3EE3A835BEDA53263E28E12DBE4FB2F4BCE0ABFB3DA524BFBEE1C1AD3EBF9670BED1A3DEBE2DC31D3D73DC633EC693EABD19CEDCBE44AA9E3E745261BF5BF303BFC1E2A13C32372EBF3A54653C26B8E0BCD013E63EB32FEABE693BA0BECA962A3EB9489DBF1867C63FC6DAB2BE78D6BABEDA72DC3EB726A3BC51C463BF507EA03E0BFADA3E5C5F66BEEC2D10BEF9D2783ED3A5E8BE7774603EE914CC3D62C8ACBE653032BF3705E7BDAC1BE0BE362E003F1D8B933DB136C83E55DA893DFA9A063E9E72C8BE2805AB3EFE70643F5E8F1EBE12C097BEF29FA1BD5F6A76BE2694B3BEA2828D3D25F314BE032D383F1E70D338CAD7253EB5B7F33EACFC19BEFCE6373FF93FE0BEBDDB53BE23DEAABEBA33683D7E1196BE76D2403FF079A5BEDFED0BBE1C2F2ABFADC906BFE6DAA1BF17CF043F083E92BF72F03EBFEAEEB73E191ECE3ED7DBCCBEA73B01C0854DD73E80E5843EE8C8B4BFD433453F477B33BFEF2690BF770EC43DF4C036BEAB7C4F3E2789CDBF28F7E73FD6471ABF8E13C5BF716C1E3FE3A8B5BEDA53A63E28E1ADBE4FB274BDE0AB7B3EA5243FBFE1C12D3FBF96F0BED1A35EBF2DC39D3D73DCE33EC6936ABE19CE5CBF44AA1E3F7452E1BF5BF383BFC1E2213D3237AEBF3A54E53C26B860BDD013663FB32F6ABF693B20BFCA96AA3EB9481DC018674640C6DA32BF78D63ABFDA725C3FB72623BD51C4E3BF507E203F0BFA5A3F5C5FE6BEEC2D90BEF9D2F83ED3A568BF7774E03EE9144C3E62C82CBF6530B2BF370567BEAC1B60BF362E803F1D8B133EB136483F55DA093EFA9A863E9E7248BF28052B3FFE70E43F5E8F9EBE12C017BFF29F21BE5F6AF6BE269433BFA2820D3E25F394BE032DB83F1E705339CAD7A53EB5B7733FACFC99BEFCE6B73F"> : tensor<2x3x4x8xf32>
    %cst_0 = stablehlo.constant dense<"0xEC6275BF56F92ABFD7187DBD69D918BEAEB19A3D9E5B9D3D54AF3F3F194CC9BE26B508BEFDE3383FAA216A3EF90D703E16173ABEAF2A15BFCD83723D88DE1D3DA92CDEBEBF5A77BE29A9D0BCB004ABBE644F0EBD32460A3D33234E3C134C37BEB3F5563E8651A13EA951E83D911D94BE7671843E6A8A35BE23259F3EA603C2BE4789A53E9C70E8BB360CE2BE9949E3BD6AB29C3CA485C53D88CBB1BEB874C8BEBF83903D3EFB28BE3786AA3DDB7C893E303B15BF5932B83D4EAFDD3EB56ED7BDEBC592BEB22B883ECF83B73D132CA23E7FF6F9BD6F1E06BF07501FBD336821BE3E598C3E85348C3D8D9B13BFFE58D8BEA0FB9F3EEA19763EF9CA67BEAF68C2B99B50213E9B94293EE59D9E3E27B7B93D7C5309BD106DBBBD201CBF3E5DB94BBF5BCB48BD33283F3C030201BF99FBF03DF6C96BBE831E9C3E74E035BD6542723E5FA2DC3EA4A20A3EC0859EBE7B0F09BFBEB21E3F162B21BD824979BE16E8503DBB988ABD15419A3E7488443CCD4A9F3B4E5A81BE77002A3E5E26BBBEE613713EEC62F5BF56F9AABFD718FDBD69D998BEAEB11A3E9E5B1D3E54AFBF3F194C49BF26B588BEFDE3B83FAA21EA3EF90DF03E1617BABEAF2A95BFCD83F23D88DE9D3DA92C5EBFBF5AF7BE29A950BDB0042BBF644F8EBD32468A3D3323CE3C134CB7BEB3F5D63E8651213FA951683E911D14BF7671043F6A8AB5BE23251F3FA60342BF4789253F9C7068BC360C62BF994963BE6AB21C3DA485453E88CB31BFB87448BFBF83103E3EFBA8BE37862A3EDB7C093F303B95BF5932383E4EAF5D3FB56E57BEEBC512BFB22B083FCF83373E132C223F7FF679BE6F1E86BF07509FBD3368A1BE3E590C3F85340C3E8D9B93BFFE5858BFA0FB1F3FEA19F63EF9CAE7BEAF6842BA9B50A13E9B94A93EE59D1E3F27B7393E7C5389BD106D3BBE201C3F3F5DB9CBBF5BCBC8BD3328BF3C030281BF99FB703EF6C9EBBE831E1C3F74E0B5BD6542F23E5FA25C3FA4A28A3EC0851EBF7B0F89BFBEB29E3F162BA1BD8249F9BE16E8D03DBB980ABE15411A3F7488C43CCD4A1F3C4E5A01BF7700AA3E5E263BBFE613F13E"> : tensor<2x3x8x4xf32>
    %cst_1 = stablehlo.constant dense<[[[0.122182466, 0.290485889, 0.116827145], [-0.460735649, 0.320091635, 0.157817245], [-0.189841643, 0.205456272, 0.128895804], [0.103991538, 0.0100487797, 0.19329223], [-0.260375828, -0.0575973652, -0.170454919], [0.211724102, 0.0140438862, -0.103399076], [-0.276446402, -0.090931192, 0.00287869549], [-0.0974403396, 0.457520664, 0.355930805]], [[0.244364932, 0.580971777, 0.23365429], [-0.921471297, 0.640183269, 0.315634489], [-0.379683286, 0.410912544, 0.257791609], [0.207983077, 0.0200975593, 0.386584461], [-0.520751655, -0.11519473, -0.340909839], [0.423448205, 0.0280877724, -0.206798151], [-0.552892804, -0.181862384, 0.00575739099], [-0.194880679, 0.915041327, 0.71186161]]]> : tensor<2x8x3xf32>
    %cst_2 = stablehlo.constant dense<"0x5BEE093FB3FF09BFB4375FBF7F555F3E019C663FCF2FB5BE6E66E2BEC33A553ED62F98BE673337BE6010FCBDF79A403E31BC12BE6B35C93DC0A57FBDDDE698BE3694E7BD6C0AACBE90F4163B0771CBBEC3D5C5BE7FDE033FB7099ABCF01D9CBC2B32393ED45D18BE2F7AA5BD98EB193EAC7DCC3DE9DAD1BEE3D9963EA2C255BEB42BBFBEDF00A3BE7C640DBE5249133F73CBD4BE8DD0673D687E41BFF13911BAC3D6A23ED05CABBDCFD963BEC5A1A73D657B7D3E0B45703E2887323F1474973DB27956BEF66F36BD6CFAD1BCF3771D3D8EF02DBCFAED7B3D643A17BFCB2D963EED1350BE4A5DD4BEFDE3663E2376EE3EC97E323E3562693DF9BFA8BECAF3813F05589F3EFF3BCEBE29218DBE37EBFB3CDCB70CBFF233743DA03326BE8BFADD3E292BAE3EC56575BF3391713C7E6512BFAEDDC83E7C71733D428B463EE4CEC0BE997D253F0FD6363F80BEC0BE37F9063EF3C273BE1B8808BCD21AE5BEA6FE283FB370AFBE3963D6BD648E353E27716ABEDD47ADBD360F4CBE964541BD0FE4D3BE5BEE893FB3FF89BFB437DFBF7F55DF3E019CE63FCF2F35BF6E6662BFC33AD53ED62F18BF6733B7BE60107CBEF79AC03E31BC92BE6B35493EC0A5FFBDDDE618BF369467BE6C0A2CBF90F4963B07714BBFC3D545BF7FDE833FB7091ABDF01D1CBD2B32B93ED45D98BE2F7A25BE98EB993EAC7D4C3EE9DA51BFE3D9163FA2C2D5BEB42B3FBFDF0023BF7C648DBE5249933F73CB54BF8DD0E73D687EC1BFF13991BAC3D6223FD05C2BBECFD9E3BEC5A1273E657BFD3E0B45F03E2887B23F1474173EB279D6BEF66FB6BD6CFA51BDF3779D3D8EF0ADBCFAEDFB3D643A97BFCB2D163FED13D0BE4A5D54BFFDE3E63E23766E3FC97EB23E3562E93DF9BF28BFCAF3014005581F3FFF3B4EBF29210DBF37EB7B3DDCB78CBFF233F43DA033A6BE8BFA5D3F292B2E3FC565F5BF3391F13C7E6592BFAEDD483F7C71F33D428BC63EE4CE40BF997DA53F0FD6B63F80BE40BF37F9863EF3C2F3BE1B8888BCD21A65BFA6FEA83FB3702FBF396356BE648EB53E2771EABEDD472DBE360FCCBE9645C1BD0FE453BF"> : tensor<2x3x8x4xf32>
    %c = stablehlo.constant dense<0> : tensor<i32>
    %0:6 = stablehlo.while(%iterArg = %cst, %iterArg_3 = %cst_0, %iterArg_4 = %cst_1, %iterArg_5 = %cst_2, %iterArg_6 = %c, %iterArg_7 = %arg0) : tensor<2x3x4x8xf32>, tensor<2x3x8x4xf32>, tensor<2x8x3xf32>, tensor<2x3x8x4xf32>, tensor<i32>, tensor<6x8xf32>
    cond {
      %c_8 = stablehlo.constant dense<2> : tensor<i32>
      %1 = stablehlo.compare LT, %iterArg_6, %c_8, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %1 : tensor<i1>
    } do {
      %1 = func.call @dynamic_index_in_dim(%iterArg, %iterArg_6) : (tensor<2x3x4x8xf32>, tensor<i32>) -> tensor<3x4x8xf32>
      %2 = func.call @dynamic_index_in_dim_0(%iterArg_3, %iterArg_6) : (tensor<2x3x8x4xf32>, tensor<i32>) -> tensor<3x8x4xf32>
      %3 = func.call @dynamic_index_in_dim_1(%iterArg_4, %iterArg_6) : (tensor<2x8x3xf32>, tensor<i32>) -> tensor<8x3xf32>
      %4 = func.call @dynamic_index_in_dim_0(%iterArg_5, %iterArg_6) : (tensor<2x3x8x4xf32>, tensor<i32>) -> tensor<3x8x4xf32>
      %5 = func.call @closed_call(%iterArg_7, %1, %2, %3, %4) : (tensor<6x8xf32>, tensor<3x4x8xf32>, tensor<3x8x4xf32>, tensor<8x3xf32>, tensor<3x8x4xf32>) -> tensor<6x8xf32>
      %c_8 = stablehlo.constant dense<1> : tensor<i32>
      %6 = stablehlo.add %iterArg_6, %c_8 : tensor<i32>
      stablehlo.return %iterArg, %iterArg_3, %iterArg_4, %iterArg_5, %6, %5 : tensor<2x3x4x8xf32>, tensor<2x3x8x4xf32>, tensor<2x8x3xf32>, tensor<2x3x8x4xf32>, tensor<i32>, tensor<6x8xf32>
    }
    return %0#5 : tensor<6x8xf32>
  }
  func.func private @dynamic_index_in_dim(%arg0: tensor<2x3x4x8xf32>, %arg1: tensor<i32>) -> tensor<3x4x8xf32> {
    %c = stablehlo.constant dense<0> : tensor<i32>
    %c_0 = stablehlo.constant dense<0> : tensor<i32>
    %c_1 = stablehlo.constant dense<0> : tensor<i32>
    %0 = stablehlo.dynamic_slice %arg0, %arg1, %c, %c_0, %c_1, sizes = [1, 3, 4, 8] : (tensor<2x3x4x8xf32>, tensor<i32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x3x4x8xf32>
    %1 = stablehlo.reshape %0 : (tensor<1x3x4x8xf32>) -> tensor<3x4x8xf32>
    return %1 : tensor<3x4x8xf32>
  }
  func.func private @dynamic_index_in_dim_0(%arg0: tensor<2x3x8x4xf32>, %arg1: tensor<i32>) -> tensor<3x8x4xf32> {
    %c = stablehlo.constant dense<0> : tensor<i32>
    %c_0 = stablehlo.constant dense<0> : tensor<i32>
    %c_1 = stablehlo.constant dense<0> : tensor<i32>
    %0 = stablehlo.dynamic_slice %arg0, %arg1, %c, %c_0, %c_1, sizes = [1, 3, 8, 4] : (tensor<2x3x8x4xf32>, tensor<i32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x3x8x4xf32>
    %1 = stablehlo.reshape %0 : (tensor<1x3x8x4xf32>) -> tensor<3x8x4xf32>
    return %1 : tensor<3x8x4xf32>
  }
  func.func private @dynamic_index_in_dim_1(%arg0: tensor<2x8x3xf32>, %arg1: tensor<i32>) -> tensor<8x3xf32> {
    %c = stablehlo.constant dense<0> : tensor<i32>
    %c_0 = stablehlo.constant dense<0> : tensor<i32>
    %0 = stablehlo.dynamic_slice %arg0, %arg1, %c, %c_0, sizes = [1, 8, 3] : (tensor<2x8x3xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x8x3xf32>
    %1 = stablehlo.reshape %0 : (tensor<1x8x3xf32>) -> tensor<8x3xf32>
    return %1 : tensor<8x3xf32>
  }
  func.func private @closed_call(%arg0: tensor<6x8xf32>, %arg1: tensor<3x4x8xf32>, %arg2: tensor<3x8x4xf32>, %arg3: tensor<8x3xf32>, %arg4: tensor<3x8x4xf32>) -> tensor<6x8xf32> {
    %0 = stablehlo.broadcast_in_dim %arg0, dims = [1, 2] : (tensor<6x8xf32>) -> tensor<1x6x8xf32>
    %1 = stablehlo.dot_general %0, %arg3, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x6x8xf32>, tensor<8x3xf32>) -> tensor<1x6x3xf32>
    %values, %indices = chlo.top_k(%1, k = 2) : tensor<1x6x3xf32> -> (tensor<1x6x2xf32>, tensor<1x6x2xi32>)
    %cst = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %2 = stablehlo.reduce(%values init: %cst) applies stablehlo.maximum across dimensions = [2] : (tensor<1x6x2xf32>, tensor<f32>) -> tensor<1x6xf32>
    %cst_0 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %3 = stablehlo.broadcast_in_dim %cst_0, dims = [] : (tensor<f32>) -> tensor<1x6xf32>
    %4 = stablehlo.maximum %3, %2 : tensor<1x6xf32>
    %5 = stablehlo.broadcast_in_dim %4, dims = [0, 1] : (tensor<1x6xf32>) -> tensor<1x6x1xf32>
    %6 = stablehlo.broadcast_in_dim %5, dims = [0, 1, 2] : (tensor<1x6x1xf32>) -> tensor<1x6x2xf32>
    %7 = stablehlo.subtract %values, %6 : tensor<1x6x2xf32>
    %8 = stablehlo.exponential %7 : tensor<1x6x2xf32>
    %cst_1 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %9 = stablehlo.reduce(%8 init: %cst_1) applies stablehlo.add across dimensions = [2] : (tensor<1x6x2xf32>, tensor<f32>) -> tensor<1x6xf32>
    %10 = stablehlo.broadcast_in_dim %9, dims = [0, 1] : (tensor<1x6xf32>) -> tensor<1x6x1xf32>
    %11 = stablehlo.broadcast_in_dim %10, dims = [0, 1, 2] : (tensor<1x6x1xf32>) -> tensor<1x6x2xf32>
    %12 = stablehlo.divide %8, %11 : tensor<1x6x2xf32>
    %13 = stablehlo.iota dim = 0 : tensor<1xi32>
    %14 = stablehlo.broadcast_in_dim %13, dims = [0] : (tensor<1xi32>) -> tensor<1x1x1xi32>
    %15 = stablehlo.iota dim = 0 : tensor<6xi32>
    %16 = stablehlo.broadcast_in_dim %15, dims = [1] : (tensor<6xi32>) -> tensor<1x6x1xi32>
    %cst_2 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %17 = stablehlo.broadcast_in_dim %cst_2, dims = [] : (tensor<f32>) -> tensor<1x6x3xf32>
    %c = stablehlo.constant dense<0> : tensor<i32>
    %18 = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<i32>) -> tensor<1x1x1xi32>
    %19 = stablehlo.compare LT, %14, %18, SIGNED : (tensor<1x1x1xi32>, tensor<1x1x1xi32>) -> tensor<1x1x1xi1>
    %c_3 = stablehlo.constant dense<1> : tensor<i32>
    %20 = stablehlo.broadcast_in_dim %c_3, dims = [] : (tensor<i32>) -> tensor<1x1x1xi32>
    %21 = stablehlo.add %14, %20 : tensor<1x1x1xi32>
    %22 = stablehlo.select %19, %21, %14 : tensor<1x1x1xi1>, tensor<1x1x1xi32>
    %c_4 = stablehlo.constant dense<0> : tensor<i32>
    %23 = stablehlo.broadcast_in_dim %c_4, dims = [] : (tensor<i32>) -> tensor<1x6x1xi32>
    %24 = stablehlo.compare LT, %16, %23, SIGNED : (tensor<1x6x1xi32>, tensor<1x6x1xi32>) -> tensor<1x6x1xi1>
    %c_5 = stablehlo.constant dense<6> : tensor<i32>
    %25 = stablehlo.broadcast_in_dim %c_5, dims = [] : (tensor<i32>) -> tensor<1x6x1xi32>
    %26 = stablehlo.add %16, %25 : tensor<1x6x1xi32>
    %27 = stablehlo.select %24, %26, %16 : tensor<1x6x1xi1>, tensor<1x6x1xi32>
    %c_6 = stablehlo.constant dense<0> : tensor<i32>
    %28 = stablehlo.broadcast_in_dim %c_6, dims = [] : (tensor<i32>) -> tensor<1x6x2xi32>
    %29 = stablehlo.compare LT, %indices, %28, SIGNED : (tensor<1x6x2xi32>, tensor<1x6x2xi32>) -> tensor<1x6x2xi1>
    %c_7 = stablehlo.constant dense<3> : tensor<i32>
    %30 = stablehlo.broadcast_in_dim %c_7, dims = [] : (tensor<i32>) -> tensor<1x6x2xi32>
    %31 = stablehlo.add %indices, %30 : tensor<1x6x2xi32>
    %32 = stablehlo.select %29, %31, %indices : tensor<1x6x2xi1>, tensor<1x6x2xi32>
    %33 = stablehlo.broadcast_in_dim %22, dims = [0, 1, 2] : (tensor<1x1x1xi32>) -> tensor<1x6x2xi32>
    %34 = stablehlo.broadcast_in_dim %27, dims = [0, 1, 2] : (tensor<1x6x1xi32>) -> tensor<1x6x2xi32>
    %35 = stablehlo.broadcast_in_dim %33, dims = [0, 1, 2] : (tensor<1x6x2xi32>) -> tensor<1x6x2x1xi32>
    %36 = stablehlo.broadcast_in_dim %34, dims = [0, 1, 2] : (tensor<1x6x2xi32>) -> tensor<1x6x2x1xi32>
    %37 = stablehlo.broadcast_in_dim %32, dims = [0, 1, 2] : (tensor<1x6x2xi32>) -> tensor<1x6x2x1xi32>
    %38 = stablehlo.concatenate %35, %36, %37, dim = 3 : (tensor<1x6x2x1xi32>, tensor<1x6x2x1xi32>, tensor<1x6x2x1xi32>) -> tensor<1x6x2x3xi32>
    %39 = "stablehlo.scatter"(%17, %38, %12) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0, 1, 2], scatter_dims_to_operand_dims = [0, 1, 2], index_vector_dim = 3>, unique_indices = false}> ({
    ^bb0(%arg5: tensor<f32>, %arg6: tensor<f32>):
      stablehlo.return %arg6 : tensor<f32>
    }) : (tensor<1x6x3xf32>, tensor<1x6x2x3xi32>, tensor<1x6x2xf32>) -> tensor<1x6x3xf32>
    %40 = stablehlo.dot_general %0, %arg2, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x6x8xf32>, tensor<3x8x4xf32>) -> tensor<1x6x3x4xf32>
    %41 = stablehlo.dot_general %0, %arg4, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x6x8xf32>, tensor<3x8x4xf32>) -> tensor<1x6x3x4xf32>
    %42 = call @silu(%40) : (tensor<1x6x3x4xf32>) -> tensor<1x6x3x4xf32>
    %43 = stablehlo.multiply %42, %41 : tensor<1x6x3x4xf32>
    %44 = stablehlo.dot_general %arg1, %43, batching_dims = [0] x [2], contracting_dims = [1] x [3], precision = [DEFAULT, DEFAULT] : (tensor<3x4x8xf32>, tensor<1x6x3x4xf32>) -> tensor<3x8x1x6xf32>
    %45 = stablehlo.transpose %44, dims = [2, 3, 0, 1] : (tensor<3x8x1x6xf32>) -> tensor<1x6x3x8xf32>
    %46 = stablehlo.dot_general %45, %39, batching_dims = [0, 1] x [0, 1], contracting_dims = [2] x [2], precision = [DEFAULT, DEFAULT] : (tensor<1x6x3x8xf32>, tensor<1x6x3xf32>) -> tensor<1x6x8xf32>
    %47 = stablehlo.reshape %46 : (tensor<1x6x8xf32>) -> tensor<6x8xf32>
    %48 = stablehlo.add %arg0, %47 : tensor<6x8xf32>
    return %48 : tensor<6x8xf32>
  }
  func.func private @silu(%arg0: tensor<1x6x3x4xf32>) -> tensor<1x6x3x4xf32> {
    %0 = stablehlo.negate %arg0 : tensor<1x6x3x4xf32>
    %1 = stablehlo.exponential %0 : tensor<1x6x3x4xf32>
    %cst = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %2 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<1x6x3x4xf32>
    %3 = stablehlo.add %2, %1 : tensor<1x6x3x4xf32>
    %cst_0 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %4 = stablehlo.broadcast_in_dim %cst_0, dims = [] : (tensor<f32>) -> tensor<1x6x3x4xf32>
    %5 = stablehlo.divide %4, %3 : tensor<1x6x3x4xf32>
    %6 = stablehlo.multiply %arg0, %5 : tensor<1x6x3x4xf32>
    return %6 : tensor<1x6x3x4xf32>
  }
}
