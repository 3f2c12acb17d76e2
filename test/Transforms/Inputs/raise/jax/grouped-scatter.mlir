module @jit_grouped_scatter attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<6x8xf32>) -> (tensor<6x8xf32> {jax.result_info = "result"}) {
    %cst = stablehlo.constant dense<[[-0.283525586, -0.468231618, -0.0878090932, 0.148649842, 0.401653111, 0.0387870707], [-0.195390329, -0.277461767, 0.264721602, 0.577983081, 0.0964383259, -0.436047524], [-0.338797927, 0.565692186, 0.0717297718, -0.612402141, -0.0295910724, -0.411262482], [-0.222486943, -0.17253612, -0.252194375, 0.195648834, -0.0223042592, -0.208395422], [0.144828841, 0.293398172, -0.580896497, -0.0907678082, -0.346746564, -0.0612196177], [-0.455878377, 0.00731515884, -0.0133946324, -0.107599646, -0.370497972, -0.140074432], [-0.385843039, -0.479138643, 0.0794737562, -0.392214417, 0.413762152, 2.533520e-01], [-0.706334888, 0.0962120816, -0.389515638, 0.011687492, 0.015426239, -0.703016102]]> : tensor<8x6xf32>
    %cst_0 = stablehlo.constant dense<"0x57E1EFBD532498BECB1F033F12B74D3E66185C3F0866683EC4F5983E0B2E983EE99D5BBEF5D2CABC4E72F43E14910FBE99B4883DFBE0F5BB588F5C3E6F1C04BEC2A45CBDBE80AF3D8531153DA9939CBE7027A23EDA0CEBBED66CD9BEE327E8BE6A0AAF3EDE8D02BEC0C6AFBE50A4CDBE3C77183E52F2BEBE5045E6BE0B4A5E3E93A0D8BE5C78E9BD09AB1CBB873A21BE40AC9CBC0958F23EBB223BBE7DF5E3BE453E26BF3A4494BDB30FFFBD42F2BF3D121328BE1F492DBE759282BE532C3CBE7608683DD0B309BE9174113D69132C3F95752D3EC0A60EBFB4E61C3F74D7FB3DFC69AABE8331A43E618BCC3B9FBB5EBED05A65BE93D4B3BE125E8B3CFB79C13EE45CEBBDC85A183E9CC3293F49DDDBBE5177BA3D50E2DDBDEFBEBFBEBCB2B9BEFF14B1BB49131D3EC17440BE27889D3CD6BB823EB8BBD63D003F9D3E060B273E4BAD303EFB53253FC19C613E867E3B3D7883803E1061A6BE3E86F4BD9C968F3E835E643E47240C3F41AA723BD45A04BFA33E303FB1D5C53EE6A6BFBEFA0CF93E73B23B3C972D24BF332F18BE2D3E38BEB5FC0F3F37618FBE79A3B7BD6F65C8BDEA3309BE0F77A5BEC8A29E3D26ECC23E6FE7613E31E5A7BE8E23D0BEC84A2C3D31CF7FBEF32464BE520718BFD189303F01EDA53ECA4BB0BE5467A43E2104F33E164758BF3FBD46BE18760CBE75B16A3E96E62FBDA1D9A6BDC50FA9BC70BE273FC67F433FE9013EBE07ABA7BEBCB3733F4C5AB1BEFD974FBE1AE7533C2EF42E3E7C46BA3E838C0D3E0FEB9DBE7A54373EACF5B43D1BE1293FB7C6ADBB9804F2BE372BBDBEBC40033F638C43BE7A793EBF5A3C52BE3222B3368B33D73E6BA3B7BE7A5D713EEAF68F3EA3347DBE57D487BD0127203F73B81B3FB4DD9A3ED75AF03D590ECE3EF4B84BBDA0B509BDE8BD9BBE01E8003BA78BEDBC5D0A7B3F24A28BBDEA0AE63E1909EF3E670687BDFAAED33ECE0545BF2178093D4F2E9B3EAD0759BF18D5D1BE742BBF3E7E18BABD92CBC6BE8E4107BE1D7044BE9423833E0153243E31E8CABD39E170BE640A9CBCFCE0EF3ECEB8FC3DB152673ED4355ABDFED7E9BE"> : tensor<6x8x4xf32>
    %cst_1 = stablehlo.constant dense<"0x2AAD80BED8C56B3E0F79153DCC9CA3BED46E12BFD648203DC2D8F5BD9DCFFDBD198CEEBDBB91CD3DF333D53DF329AE3EF00FA83E7522F13EA1F7913E9501F3BDFE2D9DBCCBEC323EF4ACE0BD08EB463E5CD3D03E800A91BEA43C20BF1B13D83EB6C0CD3B6F48803E4C2CF1BE43DA1C3F59B4853E2D9336BDD7DDFEBD59F0243DE97371BD10CBC9BD54ABCABECA97E43E294265BCFB2AD83C858E063D047155BF79D83E3E6955EEBD7D6CD1BD9520CA3C7209B0BE11AB983E0EEE7BBE5F94A3BEAF129CBE01E6653D2100873EAA6E57BEBEAF08BFD454C03EFCCCC0BE9349D83EF6419DBC65D47CBE1EB867BEA236273E55FEA03E967D8FBDD769AB3E47E43C3FD4D496BD7312D0BEEADDBEBE76ADFBBE699567BE9E0483BE8CDEEFBE7CF23F3EF7596CBF1417EFBE5766363FC0DCBB3E54453D3EA38B253E7549203F2CEB413EEFAFE03CCAAEDEBEA55CD5BCE2D884BEABA97FBE834A81BEA64F81BC73BCEEBD17B09D3E8210F0BE486B75BD714D283F4451613CF8F8D83E56CBCD3EB656EE3E259D853E2EE3F9BE009CC1BD39B209BEB72F0CBF6EF127BEE349E2BE9EBF16BF88B4983DF4817CBCFE0379BE1313ACBE40F643BE0BAD0EBE70C013BE6FA898BCBDAE1DBE4C190C3EAB4C3D3E0B90013EB21170BEF6325FBE08701D3E99AC8EBD1EF679BCB78C61BFB16274BF121FF43D3FA0EE3DF53CFC3E628B823E598EA03D1D90BD3B412201BF36DF9F3E80855ABE37EB353E7BD8903DF004C53D6B97A13EB95931BEB1310CBE6FED9ABE2B8B08BEA3C8163F108903BE969ED63E2886953E9C03843E7C5C913E8A9AB7BED733073E43C40F3FB0E77BBECB6F88BC958079BE758AE53D1C3CC3BE0CB1113FC46D08BE34A00BBF7A15223FF4AEAF3EA1B83B3E3AD1403E668901BEECAEA1BDBD0F833E9D1BA63E25D2A83E42E7993DBCD928BE0A168BBDE8DBC83E9653023FF622F7BD71CD2CBEA3D4E13E95FE823E376F7C3ECA8EEDBE8D5007BEC4723ABEFF89963DE88018BF3C36E63E9251D93D866D1D3E315AD6BE0B0B19BCF698F13E98120EBF5466DD3D91FE7C3EF9827ABEE27B933E"> : tensor<6x8x4xf32>
    %cst_2 = stablehlo.constant dense<"0xCFFE28BEFE681D3F030B873E2CC0E53D1492803F2BF7D43E6081273F2E4218BF0A88A5BE6329D63E2ED6E73EA84FE4BC289CC73E237807BF9FF7DA3D33DA12BF435F2E3E86EB78BE6A18A4BED099E63C88A2683F698101BF540C9ABE38A9083FBBDD58BE4077623FD4DEE33D3A9D393D85B9363EF9DE5E3FC6C5A73E3F47843E80F3003E57FD47BF30A1E2BE38DE3D3F9E66D23E778D813E8B16A33EEA288BBEA7092D3E7A9AE6BEA460483E8FD1B6BE96F3DABDFE25683EB85027BEEEC7A53ED97D693EE60A383E5086293F41A83CBFFA524CBF06C29D3EE2D7F03EB7BE803F0C9AC13EF888D43E8911E2BED2ABC03EB580AC3E972607BF1075E5BE546463BDFF95133E5E77BCBF56FC0F3D1F65EC3D9714B5BD469D083E8B6C693E5B7D01BF9115553E56AB00BE1D25F2BE0129D63D206B3E3F11E53ABF1B9953BFF39A53BF8D187D3F96CF00BE62A8F3BC075DC9BE30C1F0BE14B881BFFD7EAE3D06E5043E11FF7CBFEA8505BF3D7EBEBE190355BCFFFCF93DFC19103F7FA62E3F1EC3083F35B72B3F244D15BF2CF38DBECE61123F63CB133E4A5E193C7C4F7DBFACFB6DBF921BBB3E1AE32E3EDD9417BE087153BEEEF05CBFE90F3E3EE767043FA932523FE044C93CEF18D1BDA2490CBF40931C3F3E7A5A3FB6F89CBE55DE143E40B1393D59E692BE37D69FBF3C643BBE76819B3E1FBE38BFECC0D6BEDB25D2BF676B243F1D12803EB247BA3C7D7B0ABEFE24A3BE2C6521BD99E11EBE3951FEBD867D8ABCA6AA803DED44463F008739BFC020063E38E39FBE85DA11BF1C9097BF495D9B3E7E89FDBEC87AC2BE38756B3EECF60BBF1471033CC7D52DBD40B6CA3E0115003F5D79E0BECD3CE83E789D5ABD6902673D9CDAE3BD68FAC33E10711CBF0C0B003E4638153FE75B16BE2F23813FB0F3BEBEB895D03D2F377CBEC8F5A0BE441910BF28D18CBE4DECFEBC2327D0BE5455DF3E6252413F8DFA44BFEF28D33E6255B63DA0EBEE3DFBD49C3FA1DF183FF10B263ED644B13D1C9B8ABF69BBC53EF3A9BFBE41F3B33D91F2473D99D9F53EC2F3813F5CCDFB3EFBEF223F182CF0BD255B693E"> : tensor<6x4x8xf32>
    %0 = stablehlo.dot_general %arg0, %cst, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<6x8xf32>, tensor<8x6xf32>) -> tensor<6x6xf32>
    %cst_3 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %1 = stablehlo.reduce(%0 init: %cst_3) applies stablehlo.maximum across dimensions = [1] : (tensor<6x6xf32>, tensor<f32>) -> tensor<6xf32>
    %cst_4 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %2 = stablehlo.broadcast_in_dim %cst_4, dims = [] : (tensor<f32>) -> tensor<6xf32>
    %3 = stablehlo.maximum %2, %1 : tensor<6xf32>
    %4 = stablehlo.broadcast_in_dim %3, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %5 = stablehlo.broadcast_in_dim %4, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x6xf32>
    %6 = stablehlo.subtract %0, %5 : tensor<6x6xf32>
    %7 = stablehlo.exponential %6 : tensor<6x6xf32>
    %cst_5 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %8 = stablehlo.reduce(%7 init: %cst_5) applies stablehlo.add across dimensions = [1] : (tensor<6x6xf32>, tensor<f32>) -> tensor<6xf32>
    %9 = stablehlo.broadcast_in_dim %8, dims = [0] : (tensor<6xf32>) -> tensor<6x1xf32>
    %10 = stablehlo.broadcast_in_dim %9, dims = [0, 1] : (tensor<6x1xf32>) -> tensor<6x6xf32>
    %11 = stablehlo.divide %7, %10 : tensor<6x6xf32>
    %12 = stablehlo.reshape %11 : (tensor<6x6xf32>) -> tensor<6x3x2xf32>
    %cst_6 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %13 = stablehlo.reduce(%12 init: %cst_6) applies stablehlo.maximum across dimensions = [2] : (tensor<6x3x2xf32>, tensor<f32>) -> tensor<6x3xf32>
    %values, %indices = chlo.top_k(%13, k = 2) : tensor<6x3xf32> -> (tensor<6x2xf32>, tensor<6x2xi32>)
    %c = stablehlo.constant dense<false> : tensor<i1>
    %14 = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<i1>) -> tensor<6x3xi1>
    %15 = stablehlo.iota dim = 0 : tensor<6xi32>
    %16 = stablehlo.broadcast_in_dim %15, dims = [0] : (tensor<6xi32>) -> tensor<6x1xi32>
    %c_7 = stablehlo.constant dense<0> : tensor<i32>
    %17 = stablehlo.broadcast_in_dim %c_7, dims = [] : (tensor<i32>) -> tensor<6x1xi32>
    %18 = stablehlo.compare LT, %16, %17, SIGNED : (tensor<6x1xi32>, tensor<6x1xi32>) -> tensor<6x1xi1>
    %c_8 = stablehlo.constant dense<6> : tensor<i32>
    %19 = stablehlo.broadcast_in_dim %c_8, dims = [] : (tensor<i32>) -> tensor<6x1xi32>
    %20 = stablehlo.add %16, %19 : tensor<6x1xi32>
    %21 = stablehlo.select %18, %20, %16 : tensor<6x1xi1>, tensor<6x1xi32>
    %c_9 = stablehlo.constant dense<0> : tensor<i32>
    %22 = stablehlo.broadcast_in_dim %c_9, dims = [] : (tensor<i32>) -> tensor<6x2xi32>
    %23 = stablehlo.compare LT, %indices, %22, SIGNED : (tensor<6x2xi32>, tensor<6x2xi32>) -> tensor<6x2xi1>
    %c_10 = stablehlo.constant dense<3> : tensor<i32>
    %24 = stablehlo.broadcast_in_dim %c_10, dims = [] : (tensor<i32>) -> tensor<6x2xi32>
    %25 = stablehlo.add %indices, %24 : tensor<6x2xi32>
    %26 = stablehlo.select %23, %25, %indices : tensor<6x2xi1>, tensor<6x2xi32>
    %27 = stablehlo.broadcast_in_dim %21, dims = [0, 1] : (tensor<6x1xi32>) -> tensor<6x2xi32>
    %28 = stablehlo.broadcast_in_dim %27, dims = [0, 1] : (tensor<6x2xi32>) -> tensor<6x2x1xi32>
    %29 = stablehlo.broadcast_in_dim %26, dims = [0, 1] : (tensor<6x2xi32>) -> tensor<6x2x1xi32>
    %30 = stablehlo.concatenate %28, %29, dim = 2 : (tensor<6x2x1xi32>, tensor<6x2x1xi32>) -> tensor<6x2x2xi32>
    %c_11 = stablehlo.constant dense<true> : tensor<i1>
    %31 = stablehlo.broadcast_in_dim %c_11, dims = [] : (tensor<i1>) -> tensor<6x2xi1>
    %32 = "stablehlo.scatter"(%14, %30, %31) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0, 1], scatter_dims_to_operand_dims = [0, 1], index_vector_dim = 2>, unique_indices = false}> ({
    ^bb0(%arg1: tensor<i1>, %arg2: tensor<i1>):
      stablehlo.return %arg2 : tensor<i1>
    }) : (tensor<6x3xi1>, tensor<6x2x2xi32>, tensor<6x2xi1>) -> tensor<6x3xi1>
    %33 = stablehlo.broadcast_in_dim %32, dims = [0, 1] : (tensor<6x3xi1>) -> tensor<6x3x2xi1>
    %34 = stablehlo.reshape %33 : (tensor<6x3x2xi1>) -> tensor<6x6xi1>
    %cst_12 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %35 = call @_where(%34, %11, %cst_12) : (tensor<6x6xi1>, tensor<6x6xf32>, tensor<f32>) -> tensor<6x6xf32>
    %values_13, %indices_14 = chlo.top_k(%35, k = 2) : tensor<6x6xf32> -> (tensor<6x2xf32>, tensor<6x2xi32>)
    %cst_15 = stablehlo.constant dense<1.500000e+00> : tensor<f32>
    %36 = stablehlo.broadcast_in_dim %cst_15, dims = [] : (tensor<f32>) -> tensor<6x2xf32>
    %37 = stablehlo.multiply %values_13, %36 : tensor<6x2xf32>
    %38 = stablehlo.reshape %indices_14 : (tensor<6x2xi32>) -> tensor<12xi32>
    %39 = call @argsort(%38) : (tensor<12xi32>) -> tensor<12xi32>
    %c_16 = stablehlo.constant dense<2> : tensor<i32>
    %40 = call @floor_divide(%39, %c_16) : (tensor<12xi32>, tensor<i32>) -> tensor<12xi32>
    %41 = call @_take(%arg0, %40) : (tensor<6x8xf32>, tensor<12xi32>) -> tensor<12x8xf32>
    %c_17 = stablehlo.constant dense<0> : tensor<i32>
    %42 = stablehlo.broadcast_in_dim %c_17, dims = [] : (tensor<i32>) -> tensor<6xi32>
    %c_18 = stablehlo.constant dense<0> : tensor<i32>
    %43 = call @clip(%38, %c_18) : (tensor<12xi32>, tensor<i32>) -> tensor<12xi32>
    %c_19 = stablehlo.constant dense<0> : tensor<i32>
    %44 = stablehlo.broadcast_in_dim %c_19, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %45 = stablehlo.compare LT, %43, %44, SIGNED : (tensor<12xi32>, tensor<12xi32>) -> tensor<12xi1>
    %c_20 = stablehlo.constant dense<6> : tensor<i32>
    %46 = stablehlo.broadcast_in_dim %c_20, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %47 = stablehlo.add %43, %46 : tensor<12xi32>
    %48 = stablehlo.select %45, %47, %43 : tensor<12xi1>, tensor<12xi32>
    %49 = stablehlo.broadcast_in_dim %48, dims = [0] : (tensor<12xi32>) -> tensor<12x1xi32>
    %c_21 = stablehlo.constant dense<1> : tensor<i32>
    %50 = stablehlo.broadcast_in_dim %c_21, dims = [] : (tensor<i32>) -> tensor<12xi32>
    %51 = "stablehlo.scatter"(%42, %49, %50) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = false}> ({
    ^bb0(%arg1: tensor<i32>, %arg2: tensor<i32>):
      %103 = stablehlo.add %arg1, %arg2 : tensor<i32>
      stablehlo.return %103 : tensor<i32>
    }) : (tensor<6xi32>, tensor<12x1xi32>, tensor<12xi32>) -> tensor<6xi32>
    %52 = stablehlo.broadcast_in_dim %41, dims = [1, 2] : (tensor<12x8xf32>) -> tensor<6x12x8xf32>
    %53 = stablehlo.iota dim = 1 : tensor<6x12x8xi32>
    %54 = call @cumsum(%51) : (tensor<6xi32>) -> tensor<6xi32>
    %c_22 = stablehlo.constant dense<0> : tensor<i32>
    %55 = stablehlo.broadcast_in_dim %c_22, dims = [] : (tensor<i32>) -> tensor<6xi32>
    %56 = stablehlo.slice %55 [0:1] : (tensor<6xi32>) -> tensor<1xi32>
    %57 = stablehlo.slice %54 [0:5] : (tensor<6xi32>) -> tensor<5xi32>
    %58 = stablehlo.concatenate %56, %57, dim = 0 : (tensor<1xi32>, tensor<5xi32>) -> tensor<6xi32>
    %59 = stablehlo.broadcast_in_dim %54, dims = [0] : (tensor<6xi32>) -> tensor<6x12x8xi32>
    %60 = stablehlo.broadcast_in_dim %58, dims = [0] : (tensor<6xi32>) -> tensor<6x12x8xi32>
    %61 = stablehlo.compare LE, %60, %53, SIGNED : (tensor<6x12x8xi32>, tensor<6x12x8xi32>) -> tensor<6x12x8xi1>
    %62 = stablehlo.compare LT, %53, %59, SIGNED : (tensor<6x12x8xi32>, tensor<6x12x8xi32>) -> tensor<6x12x8xi1>
    %63 = stablehlo.and %61, %62 : tensor<6x12x8xi1>
    %cst_23 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %64 = stablehlo.broadcast_in_dim %cst_23, dims = [] : (tensor<f32>) -> tensor<6x12x8xf32>
    %65 = stablehlo.select %63, %52, %64 : tensor<6x12x8xi1>, tensor<6x12x8xf32>
    %66 = stablehlo.dot_general %65, %cst_0, contracting_dims = [2, 0] x [1, 0], precision = [DEFAULT, DEFAULT] : (tensor<6x12x8xf32>, tensor<6x8x4xf32>) -> tensor<12x4xf32>
    %67 = stablehlo.broadcast_in_dim %41, dims = [1, 2] : (tensor<12x8xf32>) -> tensor<6x12x8xf32>
    %68 = stablehlo.iota dim = 1 : tensor<6x12x8xi32>
    %69 = call @cumsum(%51) : (tensor<6xi32>) -> tensor<6xi32>
    %c_24 = stablehlo.constant dense<0> : tensor<i32>
    %70 = stablehlo.broadcast_in_dim %c_24, dims = [] : (tensor<i32>) -> tensor<6xi32>
    %71 = stablehlo.slice %70 [0:1] : (tensor<6xi32>) -> tensor<1xi32>
    %72 = stablehlo.slice %69 [0:5] : (tensor<6xi32>) -> tensor<5xi32>
    %73 = stablehlo.concatenate %71, %72, dim = 0 : (tensor<1xi32>, tensor<5xi32>) -> tensor<6xi32>
    %74 = stablehlo.broadcast_in_dim %69, dims = [0] : (tensor<6xi32>) -> tensor<6x12x8xi32>
    %75 = stablehlo.broadcast_in_dim %73, dims = [0] : (tensor<6xi32>) -> tensor<6x12x8xi32>
    %76 = stablehlo.compare LE, %75, %68, SIGNED : (tensor<6x12x8xi32>, tensor<6x12x8xi32>) -> tensor<6x12x8xi1>
    %77 = stablehlo.compare LT, %68, %74, SIGNED : (tensor<6x12x8xi32>, tensor<6x12x8xi32>) -> tensor<6x12x8xi1>
    %78 = stablehlo.and %76, %77 : tensor<6x12x8xi1>
    %cst_25 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %79 = stablehlo.broadcast_in_dim %cst_25, dims = [] : (tensor<f32>) -> tensor<6x12x8xf32>
    %80 = stablehlo.select %78, %67, %79 : tensor<6x12x8xi1>, tensor<6x12x8xf32>
    %81 = stablehlo.dot_general %80, %cst_1, contracting_dims = [2, 0] x [1, 0], precision = [DEFAULT, DEFAULT] : (tensor<6x12x8xf32>, tensor<6x8x4xf32>) -> tensor<12x4xf32>
    %82 = call @silu(%66) : (tensor<12x4xf32>) -> tensor<12x4xf32>
    %83 = stablehlo.multiply %82, %81 : tensor<12x4xf32>
    %84 = stablehlo.broadcast_in_dim %83, dims = [1, 2] : (tensor<12x4xf32>) -> tensor<6x12x4xf32>
    %85 = stablehlo.iota dim = 1 : tensor<6x12x4xi32>
    %86 = call @cumsum(%51) : (tensor<6xi32>) -> tensor<6xi32>
    %c_26 = stablehlo.constant dense<0> : tensor<i32>
    %87 = stablehlo.broadcast_in_dim %c_26, dims = [] : (tensor<i32>) -> tensor<6xi32>
    %88 = stablehlo.slice %87 [0:1] : (tensor<6xi32>) -> tensor<1xi32>
    %89 = stablehlo.slice %86 [0:5] : (tensor<6xi32>) -> tensor<5xi32>
    %90 = stablehlo.concatenate %88, %89, dim = 0 : (tensor<1xi32>, tensor<5xi32>) -> tensor<6xi32>
    %91 = stablehlo.broadcast_in_dim %86, dims = [0] : (tensor<6xi32>) -> tensor<6x12x4xi32>
    %92 = stablehlo.broadcast_in_dim %90, dims = [0] : (tensor<6xi32>) -> tensor<6x12x4xi32>
    %93 = stablehlo.compare LE, %92, %85, SIGNED : (tensor<6x12x4xi32>, tensor<6x12x4xi32>) -> tensor<6x12x4xi1>
    %94 = stablehlo.compare LT, %85, %91, SIGNED : (tensor<6x12x4xi32>, tensor<6x12x4xi32>) -> tensor<6x12x4xi1>
    %95 = stablehlo.and %93, %94 : tensor<6x12x4xi1>
    %cst_27 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %96 = stablehlo.broadcast_in_dim %cst_27, dims = [] : (tensor<f32>) -> tensor<6x12x4xf32>
    %97 = stablehlo.select %95, %84, %96 : tensor<6x12x4xi1>, tensor<6x12x4xf32>
    %98 = stablehlo.dot_general %97, %cst_2, contracting_dims = [2, 0] x [1, 0], precision = [DEFAULT, DEFAULT] : (tensor<6x12x4xf32>, tensor<6x4x8xf32>) -> tensor<12x8xf32>
    %99 = call @argsort(%39) : (tensor<12xi32>) -> tensor<12xi32>
    %100 = call @_take_1(%98, %99) : (tensor<12x8xf32>, tensor<12xi32>) -> tensor<12x8xf32>
    %101 = stablehlo.reshape %100 : (tensor<12x8xf32>) -> tensor<6x2x8xf32>
    %102 = stablehlo.dot_general %101, %37, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<6x2x8xf32>, tensor<6x2xf32>) -> tensor<6x8xf32>
    return %102 : tensor<6x8xf32>
  }
  func.func private @_where(%arg0: tensor<6x6xi1>, %arg1: tensor<6x6xf32>, %arg2: tensor<f32>) -> tensor<6x6xf32> {
    %0 = stablehlo.convert %arg2 : tensor<f32>
    %1 = stablehlo.broadcast_in_dim %0, dims = [] : (tensor<f32>) -> tensor<6x6xf32>
    %2 = stablehlo.select %arg0, %arg1, %1 : tensor<6x6xi1>, tensor<6x6xf32>
    return %2 : tensor<6x6xf32>
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
  func.func private @_take_1(%arg0: tensor<12x8xf32>, %arg1: tensor<12xi32>) -> tensor<12x8xf32> {
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
