module @jit_grouped attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<6x8xf32>) -> (tensor<6x8xf32> {jax.result_info = "result"}) {
    %cst = stablehlo.constant dense<[[-0.283525586, -0.468231618, -0.0878090932, 0.148649842, 0.401653111, 0.0387870707], [-0.195390329, -0.277461767, 0.264721602, 0.577983081, 0.0964383259, -0.436047524], [-0.338797927, 0.565692186, 0.0717297718, -0.612402141, -0.0295910724, -0.411262482], [-0.222486943, -0.17253612, -0.252194375, 0.195648834, -0.0223042592, -0.208395422], [0.144828841, 0.293398172, -0.580896497, -0.0907678082, -0.346746564, -0.0612196177], [-0.455878377, 0.00731515884, -0.0133946324, -0.107599646, -0.370497972, -0.140074432], [-0.385843039, -0.479138643, 0.0794737562, -0.392214417, 0.413762152, 2.533520e-01], [-0.706334888, 0.0962120816, -0.389515638, 0.011687492, 0.015426239, -0.703016102]]> : tensor<8x6xf32>
    %cst_0 = stablehlo.constant dense<[-0.0700267553, -0.076737009, 0.288600177, -0.354434043, 0.221412569, -0.329691857]> : tensor<6xf32>
    %cst_1 = stablehlo.constant dense<[[0.27197057, -0.5089854, 0.721794426, -0.252744079], [-0.451679766, 0.577721894, 0.748981177, -0.248585418], [-0.216837808, 1.10022736, 0.0398161598, -0.701470494], [-0.21646969, 0.70785588, 0.23303555, 0.265907168], [0.432946444, 0.238923848, -0.11780557, -0.563674331], [0.157815918, -0.39457792, -0.0198833197, 0.621890187], [0.191148743, 0.0210334323, 0.0232214071, 0.258374244], [0.32570532, -0.465563983, 0.0655768439, 0.606572866]]> : tensor<8x4xf32>
    %cst_2 = stablehlo.constant dense<[[0.266709596, -0.270512849, -0.240284681, -0.728999674], [-0.280501783, 5.681480e-01, -0.0245804116, -0.302292019], [-0.203689367, -0.0391544513, -0.0376697592, -0.125148609], [-0.271915942, 0.225061506, 0.543954134, -0.200803131], [-0.191368505, 0.420499802, -0.517511547, -0.209089607], [-0.133677512, 0.0593197495, -0.0972055494, -0.313461632], [0.109780572, -0.419919044, -0.616071582, -0.717097342], [0.264704913, -0.61407119, 0.158058614, 0.237131491]]> : tensor<8x4xf32>
    %cst_3 = stablehlo.constant dense<[[0.403449655, -0.0873413607, -0.274100065, 0.0428356677, -0.29686746, -0.643101155, 0.627719938, -0.447218716], [0.897944509, 0.257382274, -0.227278382, 0.21882382, 0.615074754, -0.689234614, -0.463386476, -0.524633765], [8.251570e-02, 0.20212543, 0.0144841718, -0.364104927, -0.264225662, 0.593521655, 0.558471322, 0.0656776428], [-0.655304491, 0.3140634, 0.143829584, 0.126365244, 0.865015804, 0.410269856, -0.487242728, -0.482380271]]> : tensor<4x8xf32>
    %cst_4 = stablehlo.constant dense<"0x57E1EFBD532498BECB1F033F12B74D3E66185C3F0866683EC4F5983E0B2E983EE99D5BBEF5D2CABC4E72F43E14910FBE99B4883DFBE0F5BB588F5C3E6F1C04BEC2A45CBDBE80AF3D8531153DA9939CBE7027A23EDA0CEBBED66CD9BEE327E8BE6A0AAF3EDE8D02BEC0C6AFBE50A4CDBE3C77183E52F2BEBE5045E6BE0B4A5E3E93A0D8BE5C78E9BD09AB1CBB873A21BE40AC9CBC0958F23EBB223BBE7DF5E3BE453E26BF3A4494BDB30FFFBD42F2BF3D121328BE1F492DBE759282BE532C3CBE7608683DD0B309BE9174113D69132C3F95752D3EC0A60EBFB4E61C3F74D7FB3DFC69AABE8331A43E618BCC3B9FBB5EBED05A65BE93D4B3BE125E8B3CFB79C13EE45CEBBDC85A183E9CC3293F49DDDBBE5177BA3D50E2DDBDEFBEBFBEBCB2B9BEFF14B1BB49131D3EC17440BE27889D3CD6BB823EB8BBD63D003F9D3E060B273E4BAD303EFB53253FC19C613E867E3B3D7883803E1061A6BE3E86F4BD9C968F3E835E643E47240C3F41AA723BD45A04BFA33E303FB1D5C53EE6A6BFBEFA0CF93E73B23B3C972D24BF332F18BE2D3E38BEB5FC0F3F37618FBE79A3B7BD6F65C8BDEA3309BE0F77A5BEC8A29E3D26ECC23E6FE7613E31E5A7BE8E23D0BEC84A2C3D31CF7FBEF32464BE520718BFD189303F01EDA53ECA4BB0BE5467A43E2104F33E164758BF3FBD46BE18760CBE75B16A3E96E62FBDA1D9A6BDC50FA9BC70BE273FC67F433FE9013EBE07ABA7BEBCB3733F4C5AB1BEFD974FBE1AE7533C2EF42E3E7C46BA3E838C0D3E0FEB9DBE7A54373EACF5B43D1BE1293FB7C6ADBB9804F2BE372BBDBEBC40033F638C43BE7A793EBF5A3C52BE3222B3368B33D73E6BA3B7BE7A5D713EEAF68F3EA3347DBE57D487BD0127203F73B81B3FB4DD9A3ED75AF03D590ECE3EF4B84BBDA0B509BDE8BD9BBE01E8003BA78BEDBC5D0A7B3F24A28BBDEA0AE63E1909EF3E670687BDFAAED33ECE0545BF2178093D4F2E9B3EAD0759BF18D5D1BE742BBF3E7E18BABD92CBC6BE8E4107BE1D7044BE9423833E0153243E31E8CABD39E170BE640A9CBCFCE0EF3ECEB8FC3DB152673ED4355ABDFED7E9BE"> : tensor<6x8x4xf32>
    %cst_5 = stablehlo.constant dense<"0x2AAD80BED8C56B3E0F79153DCC9CA3BED46E12BFD648203DC2D8F5BD9DCFFDBD198CEEBDBB91CD3DF333D53DF329AE3EF00FA83E7522F13EA1F7913E9501F3BDFE2D9DBCCBEC323EF4ACE0BD08EB463E5CD3D03E800A91BEA43C20BF1B13D83EB6C0CD3B6F48803E4C2CF1BE43DA1C3F59B4853E2D9336BDD7DDFEBD59F0243DE97371BD10CBC9BD54ABCABECA97E43E294265BCFB2AD83C858E063D047155BF79D83E3E6955EEBD7D6CD1BD9520CA3C7209B0BE11AB983E0EEE7BBE5F94A3BEAF129CBE01E6653D2100873EAA6E57BEBEAF08BFD454C03EFCCCC0BE9349D83EF6419DBC65D47CBE1EB867BEA236273E55FEA03E967D8FBDD769AB3E47E43C3FD4D496BD7312D0BEEADDBEBE76ADFBBE699567BE9E0483BE8CDEEFBE7CF23F3EF7596CBF1417EFBE5766363FC0DCBB3E54453D3EA38B253E7549203F2CEB413EEFAFE03CCAAEDEBEA55CD5BCE2D884BEABA97FBE834A81BEA64F81BC73BCEEBD17B09D3E8210F0BE486B75BD714D283F4451613CF8F8D83E56CBCD3EB656EE3E259D853E2EE3F9BE009CC1BD39B209BEB72F0CBF6EF127BEE349E2BE9EBF16BF88B4983DF4817CBCFE0379BE1313ACBE40F643BE0BAD0EBE70C013BE6FA898BCBDAE1DBE4C190C3EAB4C3D3E0B90013EB21170BEF6325FBE08701D3E99AC8EBD1EF679BCB78C61BFB16274BF121FF43D3FA0EE3DF53CFC3E628B823E598EA03D1D90BD3B412201BF36DF9F3E80855ABE37EB353E7BD8903DF004C53D6B97A13EB95931BEB1310CBE6FED9ABE2B8B08BEA3C8163F108903BE969ED63E2886953E9C03843E7C5C913E8A9AB7BED733073E43C40F3FB0E77BBECB6F88BC958079BE758AE53D1C3CC3BE0CB1113FC46D08BE34A00BBF7A15223FF4AEAF3EA1B83B3E3AD1403E668901BEECAEA1BDBD0F833E9D1BA63E25D2A83E42E7993DBCD928BE0A168BBDE8DBC83E9653023FF622F7BD71CD2CBEA3D4E13E95FE823E376F7C3ECA8EEDBE8D5007BEC4723ABEFF89963DE88018BF3C36E63E9251D93D866D1D3E315AD6BE0B0B19BCF698F13E98120EBF5466DD3D91FE7C3EF9827ABEE27B933E"> : tensor<6x8x4xf32>
    %cst_6 = stablehlo.constant dense<"0xCFFE28BEFE681D3F030B873E2CC0E53D1492803F2BF7D43E6081273F2E4218BF0A88A5BE6329D63E2ED6E73EA84FE4BC289CC73E237807BF9FF7DA3D33DA12BF435F2E3E86EB78BE6A18A4BED099E63C88A2683F698101BF540C9ABE38A9083FBBDD58BE4077623FD4DEE33D3A9D393D85B9363EF9DE5E3FC6C5A73E3F47843E80F3003E57FD47BF30A1E2BE38DE3D3F9E66D23E778D813E8B16A33EEA288BBEA7092D3E7A9AE6BEA460483E8FD1B6BE96F3DABDFE25683EB85027BEEEC7A53ED97D693EE60A383E5086293F41A83CBFFA524CBF06C29D3EE2D7F03EB7BE803F0C9AC13EF888D43E8911E2BED2ABC03EB580AC3E972607BF1075E5BE546463BDFF95133E5E77BCBF56FC0F3D1F65EC3D9714B5BD469D083E8B6C693E5B7D01BF9115553E56AB00BE1D25F2BE0129D63D206B3E3F11E53ABF1B9953BFF39A53BF8D187D3F96CF00BE62A8F3BC075DC9BE30C1F0BE14B881BFFD7EAE3D06E5043E11FF7CBFEA8505BF3D7EBEBE190355BCFFFCF93DFC19103F7FA62E3F1EC3083F35B72B3F244D15BF2CF38DBECE61123F63CB133E4A5E193C7C4F7DBFACFB6DBF921BBB3E1AE32E3EDD9417BE087153BEEEF05CBFE90F3E3EE767043FA932523FE044C93CEF18D1BDA2490CBF40931C3F3E7A5A3FB6F89CBE55DE143E40B1393D59E692BE37D69FBF3C643BBE76819B3E1FBE38BFECC0D6BEDB25D2BF676B243F1D12803EB247BA3C7D7B0ABEFE24A3BE2C6521BD99E11EBE3951FEBD867D8ABCA6AA803DED44463F008739BFC020063E38E39FBE85DA11BF1C9097BF495D9B3E7E89FDBEC87AC2BE38756B3EECF60BBF1471033CC7D52DBD40B6CA3E0115003F5D79E0BECD3CE83E789D5ABD6902673D9CDAE3BD68FAC33E10711CBF0C0B003E4638153FE75B16BE2F23813FB0F3BEBEB895D03D2F377CBEC8F5A0BE441910BF28D18CBE4DECFEBC2327D0BE5455DF3E6252413F8DFA44BFEF28D33E6255B63DA0EBEE3DFBD49C3FA1DF183FF10B263ED644B13D1C9B8ABF69BBC53EF3A9BFBE41F3B33D91F2473D99D9F53EC2F3813F5CCDFB3EFBEF223F182CF0BD255B693E"> : tensor<6x4x8xf32>
    %0 = stablehlo.dot_general %arg0, %cst, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x8xf32>, tensor<8x6xf32>) -> tensor<6x6xf32>
    %1 = stablehlo.negate %0 : tensor<6x6xf32>
    %2 = stablehlo.exponential %1 : tensor<6x6xf32>
    %cst_7 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %3 = stablehlo.broadcast_in_dim %cst_7, dims = [] : (tensor<f32>) -> tensor<6x6xf32>
    %4 = stablehlo.add %3, %2 : tensor<6x6xf32>
    %cst_8 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %5 = stablehlo.broadcast_in_dim %cst_8, dims = [] : (tensor<f32>) -> tensor<6x6xf32>
    %6 = stablehlo.divide %5, %4 : tensor<6x6xf32>
    %7 = stablehlo.broadcast_in_dim %cst_0, dims = [1] : (tensor<6xf32>) -> tensor<1x6xf32>
    %8 = stablehlo.broadcast_in_dim %7, dims = [0, 1] : (tensor<1x6xf32>) -> tensor<6x6xf32>
    %9 = stablehlo.add %6, %8 : tensor<6x6xf32>
    %10 = stablehlo.reshape %9 : (tensor<6x6xf32>) -> tensor<6x3x2xf32>
    %values, %indices = chlo.top_k(%10, k = 2) : tensor<6x3x2xf32> -> (tensor<6x3x2xf32>, tensor<6x3x2xi32>)
    %cst_9 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %11 = stablehlo.reduce(%values init: %cst_9) applies stablehlo.add across dimensions = [2] : (tensor<6x3x2xf32>, tensor<f32>) -> tensor<6x3xf32>
    %values_10, %indices_11 = chlo.top_k(%11, k = 2) : tensor<6x3xf32> -> (tensor<6x2xf32>, tensor<6x2xi32>)
    %12 = call @_one_hot(%indices_11) : (tensor<6x2xi32>) -> tensor<6x2x3xf32>
    %cst_12 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %13 = stablehlo.reduce(%12 init: %cst_12) applies stablehlo.add across dimensions = [1] : (tensor<6x2x3xf32>, tensor<f32>) -> tensor<6x3xf32>
    %14 = stablehlo.broadcast_in_dim %13, dims = [0, 1] : (tensor<6x3xf32>) -> tensor<6x3x1xf32>
    %15 = stablehlo.broadcast_in_dim %14, dims = [0, 1, 2] : (tensor<6x3x1xf32>) -> tensor<6x3x2xf32>
    %16 = stablehlo.reshape %15 : (tensor<6x3x2xf32>) -> tensor<6x6xf32>
    %cst_13 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %17 = stablehlo.broadcast_in_dim %cst_13, dims = [] : (tensor<f32>) -> tensor<6x6xf32>
    %18 = stablehlo.compare GT, %16, %17, FLOAT : (tensor<6x6xf32>, tensor<6x6xf32>) -> tensor<6x6xi1>
    %cst_14 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %19 = call @_where(%18, %9, %cst_14) : (tensor<6x6xi1>, tensor<6x6xf32>, tensor<f32>) -> tensor<6x6xf32>
    %values_15, %indices_16 = chlo.top_k(%19, k = 2) : tensor<6x6xf32> -> (tensor<6x2xf32>, tensor<6x2xi32>)
    %20 = call @take_along_axis(%6, %indices_16) : (tensor<6x6xf32>, tensor<6x2xi32>) -> tensor<6x2xf32>
    %cst_17 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %21 = stablehlo.reduce(%20 init: %cst_17) applies stablehlo.add across dimensions = [1] : (tensor<6x2xf32>, tensor<f32>) -> tensor<6xf32>
    %22 = stablehlo.broadcast_in_dim %21, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %cst_18 = stablehlo.constant dense<9.99999968E-21> : tensor<f32>
    %23 = stablehlo.broadcast_in_dim %cst_18, dims = [] : (tensor<f32>) -> tensor<6x1xf32>
    %24 = stablehlo.add %22, %23 : tensor<6x1xf32>
    %25 = stablehlo.broadcast_in_dim %24, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x2xf32>
    %26 = stablehlo.divide %20, %25 : tensor<6x2xf32>
    %cst_19 = stablehlo.constant dense<2.500000e+00> : tensor<f32>
    %27 = stablehlo.broadcast_in_dim %cst_19, dims = [] : (tensor<f32>) -> tensor<6x2xf32>
    %28 = stablehlo.multiply %26, %27 : tensor<6x2xf32>
    %29 = stablehlo.dot_general %arg0, %cst_1, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x8xf32>, tensor<8x4xf32>) -> tensor<6x4xf32>
    %30 = call @silu(%29) : (tensor<6x4xf32>) -> tensor<6x4xf32>
    %31 = stablehlo.dot_general %arg0, %cst_2, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x8xf32>, tensor<8x4xf32>) -> tensor<6x4xf32>
    %32 = stablehlo.multiply %30, %31 : tensor<6x4xf32>
    %33 = stablehlo.dot_general %32, %cst_3, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x4xf32>, tensor<4x8xf32>) -> tensor<6x8xf32>
    %34 = stablehlo.reshape %indices_16 : (tensor<6x2xi32>) -> tensor<12xi32>
    %35 = call @argsort(%34) : (tensor<12xi32>) -> tensor<12xi32>
    %c = stablehlo.constant dense<2> : tensor<i32>
    %36 = call @floor_divide(%35, %c) : (tensor<12xi32>, tensor<i32>) -> tensor<12xi32>
    %37 = call @_take(%arg0, %36) : (tensor<6x8xf32>, tensor<12xi32>) -> tensor<12x8xf32>
    %c_20 = stablehlo.constant dense<0> : tensor<i32>
    %38 = stablehlo.broadcast_in_dim %c_20, dims = [] : (tensor<i32>) -> tensor<6xi32>
    %c_21 = stablehlo.constant dense<0> : tensor<i32>
    %39 = call @clip(%34, %c_21) : (tensor<12xi32>, tensor<i32>) -> tensor<12xi32>
    %c_22 = stablehlo.constant dense<0> : tensor<i32>
    %40 = stablehlo.broadcast_in_dim %c_22, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %41 = stablehlo.compare LT, %39, %40, SIGNED : (tensor<12xi32>, tensor<12xi32>) -> tensor<12xi1>
    %c_23 = stablehlo.constant dense<6> : tensor<i32>
    %42 = stablehlo.broadcast_in_dim %c_23, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %43 = stablehlo.add %39, %42 : tensor<12xi32>
    %44 = stablehlo.select %41, %43, %39 : tensor<12xi1>, tensor<12xi32>
    %45 = stablehlo.broadcast_in_dim %44, dims = [0] : (tensor<12xi32>) -> tensor<12x1xi32>
    %c_24 = stablehlo.constant dense<1> : tensor<i32>
    %46 = stablehlo.broadcast_in_dim %c_24, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %47 = "stablehlo.scatter"(%38, %45, %46) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = false}> ({
    ^bb0(%arg1: tensor<i32>, %arg2: tensor<i32>):
      %100 = stablehlo.add %arg1, %arg2 : tensor<i32>
      stablehlo.return %100 : tensor<i32>
    }) : (tensor<6xi32>, tensor<12x1xi32>, tensor<12xi32>) -> tensor<6xi32>
    %48 = stablehlo.broadcast_in_dim %37, dims = [1, 2] : (tensor<12x8xf32>) -> tensor<6x12x8xf32>
    %49 = stablehlo.iota dim = 1 : tensor<6x12x8xi32>
    %50 = call @cumsum(%47) : (tensor<6xi32>) -> tensor<6xi32>
    %c_25 = stablehlo.constant dense<0> : tensor<i32>
    %51 = stablehlo.broadcast_in_dim %c_25, dims = [] : (tensor<i32>) -> tensor<6xi32>
    %52 = stablehlo.slice %51 [0:1] : (tensor<6xi32>) -> tensor<1xi32>
    %53 = stablehlo.slice %50 [0:5] : (tensor<6xi32>) -> tensor<5xi32>
    %54 = stablehlo.concatenate %52, %53, dim = 0 : (tensor<1xi32>, tensor<5xi32>) -> tensor<6xi32>
    %55 = stablehlo.broadcast_in_dim %50, dims = [0] : (tensor<6xi32>) -> tensor<6x12x8xi32>
    %56 = stablehlo.broadcast_in_dim %54, dims = [0] : (tensor<6xi32>) -> tensor<6x12x8xi32>
    %57 = stablehlo.compare LE, %56, %49, SIGNED : (tensor<6x12x8xi32>, tensor<6x12x8xi32>) -> tensor<6x12x8xi1>
    %58 = stablehlo.compare LT, %49, %55, SIGNED : (tensor<6x12x8xi32>, tensor<6x12x8xi32>) -> tensor<6x12x8xi1>
    %59 = stablehlo.and %57, %58 : tensor<6x12x8xi1>
    %cst_26 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %60 = stablehlo.broadcast_in_dim %cst_26, dims = [] : (tensor<f32>) -> tensor<6x12x8xf32>
    %61 = stablehlo.select %59, %48, %60 : tensor<6x12x8xi1>, tensor<6x12x8xf32>
    %62 = stablehlo.dot_general %61, %cst_4, contracting_dims = [2, 0] x [1, 0], precision = [DEFAULT, DEFAULT] : (tensor<6x12x8xf32>, tensor<6x8x4xf32>) -> tensor<12x4xf32>
    %63 = stablehlo.broadcast_in_dim %37, dims = [1, 2] : (tensor<12x8xf32>) -> tensor<6x12x8xf32>
    %64 = stablehlo.iota dim = 1 : tensor<6x12x8xi32>
    %65 = call @cumsum(%47) : (tensor<6xi32>) -> tensor<6xi32>
    %c_27 = stablehlo.constant dense<0> : tensor<i32>
    %66 = stablehlo.broadcast_in_dim %c_27, dims = [] : (tensor<i32>) -> tensor<6xi32>
    %67 = stablehlo.slice %66 [0:1] : (tensor<6xi32>) -> tensor<1xi32>
    %68 = stablehlo.slice %65 [0:5] : (tensor<6xi32>) -> tensor<5xi32>
    %69 = stablehlo.concatenate %67, %68, dim = 0 : (tensor<1xi32>, tensor<5xi32>) -> tensor<6xi32>
    %70 = stablehlo.broadcast_in_dim %65, dims = [0] : (tensor<6xi32>) -> tensor<6x12x8xi32>
    %71 = stablehlo.broadcast_in_dim %69, dims = [0] : (tensor<6xi32>) -> tensor<6x12x8xi32>
    %72 = stablehlo.compare LE, %71, %64, SIGNED : (tensor<6x12x8xi32>, tensor<6x12x8xi32>) -> tensor<6x12x8xi1>
    %73 = stablehlo.compare LT, %64, %70, SIGNED : (tensor<6x12x8xi32>, tensor<6x12x8xi32>) -> tensor<6x12x8xi1>
    %74 = stablehlo.and %72, %73 : tensor<6x12x8xi1>
    %cst_28 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %75 = stablehlo.broadcast_in_dim %cst_28, dims = [] : (tensor<f32>) -> tensor<6x12x8xf32>
    %76 = stablehlo.select %74, %63, %75 : tensor<6x12x8xi1>, tensor<6x12x8xf32>
    %77 = stablehlo.dot_general %76, %cst_5, contracting_dims = [2, 0] x [1, 0], precision = [DEFAULT, DEFAULT] : (tensor<6x12x8xf32>, tensor<6x8x4xf32>) -> tensor<12x4xf32>
    %78 = call @silu_1(%62) : (tensor<12x4xf32>) -> tensor<12x4xf32>
    %79 = stablehlo.multiply %78, %77 : tensor<12x4xf32>
    %80 = stablehlo.broadcast_in_dim %79, dims = [1, 2] : (tensor<12x4xf32>) -> tensor<6x12x4xf32>
    %81 = stablehlo.iota dim = 1 : tensor<6x12x4xi32>
    %82 = call @cumsum(%47) : (tensor<6xi32>) -> tensor<6xi32>
    %c_29 = stablehlo.constant dense<0> : tensor<i32>
    %83 = stablehlo.broadcast_in_dim %c_29, dims = [] : (tensor<i32>) -> tensor<6xi32>
    %84 = stablehlo.slice %83 [0:1] : (tensor<6xi32>) -> tensor<1xi32>
    %85 = stablehlo.slice %82 [0:5] : (tensor<6xi32>) -> tensor<5xi32>
    %86 = stablehlo.concatenate %84, %85, dim = 0 : (tensor<1xi32>, tensor<5xi32>) -> tensor<6xi32>
    %87 = stablehlo.broadcast_in_dim %82, dims = [0] : (tensor<6xi32>) -> tensor<6x12x4xi32>
    %88 = stablehlo.broadcast_in_dim %86, dims = [0] : (tensor<6xi32>) -> tensor<6x12x4xi32>
    %89 = stablehlo.compare LE, %88, %81, SIGNED : (tensor<6x12x4xi32>, tensor<6x12x4xi32>) -> tensor<6x12x4xi1>
    %90 = stablehlo.compare LT, %81, %87, SIGNED : (tensor<6x12x4xi32>, tensor<6x12x4xi32>) -> tensor<6x12x4xi1>
    %91 = stablehlo.and %89, %90 : tensor<6x12x4xi1>
    %cst_30 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %92 = stablehlo.broadcast_in_dim %cst_30, dims = [] : (tensor<f32>) -> tensor<6x12x4xf32>
    %93 = stablehlo.select %91, %80, %92 : tensor<6x12x4xi1>, tensor<6x12x4xf32>
    %94 = stablehlo.dot_general %93, %cst_6, contracting_dims = [2, 0] x [1, 0], precision = [DEFAULT, DEFAULT] : (tensor<6x12x4xf32>, tensor<6x4x8xf32>) -> tensor<12x8xf32>
    %95 = call @argsort(%35) : (tensor<12xi32>) -> tensor<12xi32>
    %96 = call @_take_2(%94, %95) : (tensor<12x8xf32>, tensor<12xi32>) -> tensor<12x8xf32>
    %97 = stablehlo.reshape %96 : (tensor<12x8xf32>) -> tensor<6x2x8xf32>
    %98 = stablehlo.dot_general %97, %28, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<6x2x8xf32>, tensor<6x2xf32>) -> tensor<6x8xf32>
    %99 = stablehlo.add %98, %33 : tensor<6x8xf32>
    return %99 : tensor<6x8xf32>
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
  func.func private @_where(%arg0: tensor<6x6xi1>, %arg1: tensor<6x6xf32>, %arg2: tensor<f32>) -> tensor<6x6xf32> {
    %0 = stablehlo.convert %arg2 : tensor<f32>
    %1 = stablehlo.broadcast_in_dim %0, dims = [] : (tensor<f32>) -> tensor<6x6xf32>
    %2 = stablehlo.select %arg0, %arg1, %1 : tensor<6x6xi1>, tensor<6x6xf32>
    return %2 : tensor<6x6xf32>
  }
  func.func private @take_along_axis(%arg0: tensor<6x6xf32>, %arg1: tensor<6x2xi32>) -> tensor<6x2xf32> {
    %c = stablehlo.constant dense<0> : tensor<i32>
    %0 = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<i32>) -> tensor<6x2xi32>
    %1 = stablehlo.compare LT, %arg1, %0, SIGNED : (tensor<6x2xi32>, tensor<6x2xi32>) -> tensor<6x2xi1>
    %c_0 = stablehlo.constant dense<6> : tensor<i32>
    %2 = stablehlo.broadcast_in_dim %c_0, dims = [] : (tensor<i32>) -> tensor<6x2xi32>
    %3 = stablehlo.add %arg1, %2 : tensor<6x2xi32>
    %4 = stablehlo.select %1, %3, %arg1 : tensor<6x2xi1>, tensor<6x2xi32>
    %5 = stablehlo.reshape %4 : (tensor<6x2xi32>) -> tensor<6x2x1xi32>
    %c_1 = stablehlo.constant dense<5> : tensor<1xi32>
    %c_2 = stablehlo.constant dense<0> : tensor<i32>
    %6 = stablehlo.broadcast_in_dim %c_2, dims = [] : (tensor<i32>) -> tensor<6x2x1xi32>
    %7 = stablehlo.compare GE, %5, %6, SIGNED : (tensor<6x2x1xi32>, tensor<6x2x1xi32>) -> tensor<6x2x1xi1>
    %8 = stablehlo.broadcast_in_dim %c_1, dims = [2] : (tensor<1xi32>) -> tensor<1x1x1xi32>
    %9 = stablehlo.broadcast_in_dim %8, dims = [0, 1, 2] : (tensor<1x1x1xi32>) -> tensor<6x2x1xi32>
    %10 = stablehlo.compare LE, %5, %9, SIGNED : (tensor<6x2x1xi32>, tensor<6x2x1xi32>) -> tensor<6x2x1xi1>
    %11 = stablehlo.and %7, %10 : tensor<6x2x1xi1>
    %c_3 = stablehlo.constant dense<true> : tensor<i1>
    %12 = stablehlo.reduce(%11 init: %c_3) applies stablehlo.and across dimensions = [2] : (tensor<6x2x1xi1>, tensor<i1>) -> tensor<6x2xi1>
    %13 = "stablehlo.gather"(%arg0, %5) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [1], operand_batching_dims = [0], start_indices_batching_dims = [0], start_index_map = [1], index_vector_dim = 2>, indices_are_sorted = false, slice_sizes = array<i64: 1, 1>}> : (tensor<6x6xf32>, tensor<6x2x1xi32>) -> tensor<6x2xf32>
    %cst = stablehlo.constant dense<0x7FC00000> : tensor<f32>
    %14 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<6x2xf32>
    %15 = stablehlo.select %12, %13, %14 : tensor<6x2xi1>, tensor<6x2xf32>
    return %15 : tensor<6x2xf32>
  }
  func.func private @silu(%arg0: tensor<6x4xf32>) -> tensor<6x4xf32> {
    %0 = stablehlo.negate %arg0 : tensor<6x4xf32>
    %1 = stablehlo.exponential %0 : tensor<6x4xf32>
    %cst = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %2 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<6x4xf32>
    %3 = stablehlo.add %2, %1 : tensor<6x4xf32>
    %cst_0 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %4 = stablehlo.broadcast_in_dim %cst_0, dims = [] : (tensor<f32>) -> tensor<6x4xf32>
    %5 = stablehlo.divide %4, %3 : tensor<6x4xf32>
    %6 = stablehlo.multiply %arg0, %5 : tensor<6x4xf32>
    return %6 : tensor<6x4xf32>
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
    %14 = call @_where_0(%11, %13, %2) : (tensor<12xi1>, tensor<12xi32>, tensor<12xi32>) -> tensor<12xi32>
    return %14 : tensor<12xi32>
  }
  func.func private @_where_0(%arg0: tensor<12xi1>, %arg1: tensor<12xi32>, %arg2: tensor<12xi32>) -> tensor<12xi32> {
    %0 = stablehlo.select %arg0, %arg1, %arg2 : tensor<12xi1>, tensor<12xi32>
    return %0 : tensor<12xi32>
  }
  func.func private @_take(%arg0: tensor<6x8xf32>, %arg1: tensor<12xi32>) -> tensor<12x8xf32> {
    %c = stablehlo.constant dense<0> : tensor<i32>
    %0 = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %1 = stablehlo.compare LT, %arg1, %0, SIGNED : (tensor<12xi32>, tensor<12xi32>) -> tensor<12xi1>
    %c_0 = stablehlo.constant dense<6> : tensor<i32>
    %2 = stablehlo.broadcast_in_dim %c_0, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %3 = stablehlo.add %arg1, %2 : tensor<12xi32>
    %4 = call @_where_0(%1, %3, %arg1) : (tensor<12xi1>, tensor<12xi32>, tensor<12xi32>) -> tensor<12xi32>
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
    %13 = "stablehlo.gather"(%arg0, %5) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, indices_are_sorted = false, slice_sizes = array<i64: 1, 8>}> : (tensor<6x8xf32>, tensor<12x1xi32>) -> tensor<12x8xf32>
    %14 = stablehlo.broadcast_in_dim %12, dims = [0] : (tensor<12xi1>) -> tensor<12x8xi1>
    %cst = stablehlo.constant dense<0x7FC00000> : tensor<f32>
    %15 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<12x8xf32>
    %16 = stablehlo.select %14, %13, %15 : tensor<12x8xi1>, tensor<12x8xf32>
    return %16 : tensor<12x8xf32>
  }
  func.func private @clip(%arg0: tensor<12xi32>, %arg1: tensor<i32>) -> tensor<12xi32> {
    %0 = stablehlo.convert %arg1 : tensor<i32>
    %1 = stablehlo.broadcast_in_dim %0, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %2 = stablehlo.maximum %1, %arg0 : tensor<12xi32>
    return %2 : tensor<12xi32>
  }
  func.func private @cumsum(%arg0: tensor<6xi32>) -> tensor<6xi32> {
    %c = stablehlo.constant dense<0> : tensor<i32>
    %0 = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<i32>) -> tensor<i32>
    %1 = "stablehlo.reduce_window"(%arg0, %0) <{base_dilations = array<i64: 1>, padding = dense<[[5, 0]]> : tensor<1x2xi64>, window_dilations = array<i64: 1>, window_dimensions = array<i64: 6>, window_strides = array<i64: 1>}> ({
    ^bb0(%arg1: tensor<i32>, %arg2: tensor<i32>):
      %2 = stablehlo.add %arg1, %arg2 : tensor<i32>
      stablehlo.return %2 : tensor<i32>
    }) : (tensor<6xi32>, tensor<i32>) -> tensor<6xi32>
    return %1 : tensor<6xi32>
  }
  func.func private @silu_1(%arg0: tensor<12x4xf32>) -> tensor<12x4xf32> {
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
  func.func private @_take_2(%arg0: tensor<12x8xf32>, %arg1: tensor<12xi32>) -> tensor<12x8xf32> {
    %c = stablehlo.constant dense<0> : tensor<i32>
    %0 = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %1 = stablehlo.compare LT, %arg1, %0, SIGNED : (tensor<12xi32>, tensor<12xi32>) -> tensor<12xi1>
    %c_0 = stablehlo.constant dense<12> : tensor<i32>
    %2 = stablehlo.broadcast_in_dim %c_0, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %3 = stablehlo.add %arg1, %2 : tensor<12xi32>
    %4 = call @_where_0(%1, %3, %arg1) : (tensor<12xi1>, tensor<12xi32>, tensor<12xi32>) -> tensor<12xi32>
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
    %13 = "stablehlo.gather"(%arg0, %5) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, indices_are_sorted = false, slice_sizes = array<i64: 1, 8>}> : (tensor<12x8xf32>, tensor<12x1xi32>) -> tensor<12x8xf32>
    %14 = stablehlo.broadcast_in_dim %12, dims = [0] : (tensor<12xi1>) -> tensor<12x8xi1>
    %cst = stablehlo.constant dense<0x7FC00000> : tensor<f32>
    %15 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<12x8xf32>
    %16 = stablehlo.select %14, %13, %15 : tensor<12x8xi1>, tensor<12x8xf32>
    return %16 : tensor<12x8xf32>
  }
}
