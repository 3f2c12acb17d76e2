// RUN: moe-opt %s --split-input-file --verify-diagnostics

// One case for every labelled constraint; the function's name is the label.

func.func @bitcast_convert_c1(%x: tensor<2x3xi8>) {
  // expected-error@+1 {{op requires the innermost size of the operand ('tensor<2x3xi8>') to equal the ratio of the element widths (4)}}
  %0 = stablehlo.bitcast_convert %x : (tensor<2x3xi8>) -> tensor<2xi32>
  return
}

// -----

func.func @bitcast_convert_c2(%x: tensor<2xi1>) {
  // expected-error@+1 {{op requires the element type of the operand ('tensor<2xi1>') to be i1 like that of the result ('tensor<2xi8>')}}
  %0 = stablehlo.bitcast_convert %x : (tensor<2xi1>) -> tensor<2xi8>
  return
}

// -----

func.func @compare_c1(%x: tensor<2xi32>) {
  // expected-error@+1 {{op requires 'compare_type' (TOTALORDER) to fit the element type ('i32')}}
  %0 = stablehlo.compare LT, %x, %x, TOTALORDER : (tensor<2xi32>, tensor<2xi32>) -> tensor<2xi1>
  return
}

// -----

func.func @select_c1(%p: tensor<3xi1>, %x: tensor<2xf32>) {
  // expected-error@+1 {{op requires 'pred' ('tensor<3xi1>') to have the shape [2]}}
  %0 = stablehlo.select %p, %x, %x : tensor<3xi1>, tensor<2xf32>
  return
}

// -----

func.func @select_c2(%p: tensor<i1>, %x: tensor<2xf32>, %y: tensor<2xi32>) {
  // expected-error@+1 {{op requires the element type of 'on_false' ('tensor<2xi32>') to equal that of 'on_true' ('tensor<2xf32>')}}
  %0 = stablehlo.select %p, %x, %y : (tensor<i1>, tensor<2xf32>, tensor<2xi32>) -> tensor<2xf32>
  return
}

// -----

func.func @clamp_c1(%l: tensor<3xf32>, %x: tensor<2xf32>) {
  // expected-error@+1 {{op requires 'min' ('tensor<3xf32>') to have the shape [2]}}
  %0 = stablehlo.clamp %l, %x, %x : (tensor<3xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @clamp_c2(%l: tensor<f32>, %x: tensor<2xf32>) {
  // expected-error@+1 {{op requires 'result' ('tensor<3xf32>') to have the shape [2]}}
  %0 = stablehlo.clamp %l, %x, %l : (tensor<f32>, tensor<2xf32>, tensor<f32>) -> tensor<3xf32>
  return
}

// -----

func.func @constant_c1() {
  // expected-error@+1 {{op requires the type of 'value' ('tensor<2xi32>') to equal that of 'output' ('tensor<3xi32>')}}
  %0 = "stablehlo.constant"() <{value = dense<1> : tensor<2xi32>}> : () -> tensor<3xi32>
  return
}

// -----

func.func @iota_c1() {
  // expected-error@+1 {{op requires 'iota_dimension' (1) to be below the rank of 'output' (1)}}
  %0 = stablehlo.iota dim = 1 : tensor<4xi32>
  return
}

// -----

func.func @dynamic_iota_c1(%s: tensor<1xi64>) {
  // expected-error@+1 {{op requires 'iota_dimension' (1) to be below the rank of 'result' (1)}}
  %0 = stablehlo.dynamic_iota %s, dim = 1 : (tensor<1xi64>) -> tensor<?xi32>
  return
}

// -----

func.func @dynamic_iota_c2(%s: tensor<2xi64>) {
  // expected-error@+1 {{op requires the length of 'output_shape' (2) to equal the rank of 'result' (1)}}
  %0 = stablehlo.dynamic_iota %s, dim = 0 : (tensor<2xi64>) -> tensor<?xi32>
  return
}

// -----

func.func @reshape_c1(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{op requires the number of elements of 'result' (5) to equal that of 'operand' (6)}}
  %0 = stablehlo.reshape %x : (tensor<2x3xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @reshape_overflow(%x: tensor<4611686018427387904x4xf32>) {
  // expected-error@+1 {{op requires the number of elements of 'tensor<4611686018427387904x4xf32>' to be less than 2^63}}
  %0 = stablehlo.reshape %x : (tensor<4611686018427387904x4xf32>) -> tensor<0xf32>
  return
}

// -----

func.func @dynamic_reshape_c1(%x: tensor<?xf32>, %s: tensor<2xi64>) {
  // expected-error@+1 {{op requires the length of 'output_shape' (2) to equal the rank of 'result' (1)}}
  %0 = stablehlo.dynamic_reshape %x, %s : (tensor<?xf32>, tensor<2xi64>) -> tensor<?xf32>
  return
}

// -----

func.func @dynamic_reshape_c2(%x: tensor<4xf32>, %s: tensor<1xi64>) {
  // expected-error@+1 {{op requires the number of elements of 'result' (5) to equal that of 'operand' (4)}}
  %0 = stablehlo.dynamic_reshape %x, %s : (tensor<4xf32>, tensor<1xi64>) -> tensor<5xf32>
  return
}

// -----

func.func @broadcast_in_dim_c1(%x: tensor<3xf32>) {
  // expected-error@+1 {{op requires the length of 'broadcast_dimensions' (0) to equal the rank of 'operand' (1)}}
  %0 = stablehlo.broadcast_in_dim %x, dims = [] : (tensor<3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @broadcast_in_dim_c2(%x: tensor<3xf32>) {
  // expected-error@+1 {{op requires 'broadcast_dimensions' #0 (2) to be a dimension below 2}}
  %0 = stablehlo.broadcast_in_dim %x, dims = [2] : (tensor<3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @broadcast_in_dim_c2_distinct(%x: tensor<1x1xf32>) {
  // expected-error@+1 {{op expects distinct 'broadcast_dimensions', but got 1 twice}}
  %0 = stablehlo.broadcast_in_dim %x, dims = [1, 1] : (tensor<1x1xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @broadcast_in_dim_c3(%x: tensor<3xf32>) {
  // expected-error@+1 {{op requires the size of dimension #0 of 'operand' (3) to be 1 or to equal that of dimension #0 of 'result' (2)}}
  %0 = stablehlo.broadcast_in_dim %x, dims = [0] : (tensor<3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @dynamic_broadcast_in_dim_c1(%x: tensor<?xf32>, %s: tensor<1xi64>) {
  // expected-error@+1 {{op requires the length of 'output_dimensions' (1) to equal the rank of 'result' (2)}}
  %0 = stablehlo.dynamic_broadcast_in_dim %x, %s, dims = [1] : (tensor<?xf32>, tensor<1xi64>) -> tensor<?x?xf32>
  return
}

// -----

func.func @dynamic_broadcast_in_dim_c2(%x: tensor<?xf32>, %s: tensor<2xi64>) {
  // expected-error@+1 {{op requires the length of 'broadcast_dimensions' (0) to equal the rank of 'operand' (1)}}
  %0 = stablehlo.dynamic_broadcast_in_dim %x, %s, dims = [] : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return
}

// -----

func.func @dynamic_broadcast_in_dim_c3(%x: tensor<3xf32>, %s: tensor<2xi64>) {
  // expected-error@+1 {{op requires the size of dimension #0 of 'operand' (3) to be 1 or to equal that of dimension #1 of 'result' (4)}}
  %0 = stablehlo.dynamic_broadcast_in_dim %x, %s, dims = [1] : (tensor<3xf32>, tensor<2xi64>) -> tensor<?x4xf32>
  return
}

// -----

func.func @dynamic_broadcast_in_dim_c4(%x: tensor<?xf32>, %s: tensor<2xi64>) {
  // expected-error@+1 {{op expects distinct 'known dimensions', but got 0 twice}}
  %0 = stablehlo.dynamic_broadcast_in_dim %x, %s, dims = [1] {known_expanding_dimensions = array<i64: 0>, known_nonexpanding_dimensions = array<i64: 0>} : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return
}

// -----

func.func @transpose_c1(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{op expects distinct 'permutation', but got 0 twice}}
  %0 = stablehlo.transpose %x, dims = [0, 0] : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @transpose_c1_length(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{op requires the length of 'permutation' (1) to equal the rank of 'operand' (2)}}
  %0 = stablehlo.transpose %x, dims = [0] : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @transpose_c2(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{op requires 'result' ('tensor<2x3xf32>') to have the shape [3, 2]}}
  %0 = stablehlo.transpose %x, dims = [1, 0] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @reverse_c1(%x: tensor<2xf32>) {
  // expected-error@+1 {{op requires 'dimensions' #0 (1) to be a dimension below 1}}
  %0 = stablehlo.reverse %x, dims = [1] : tensor<2xf32>
  return
}

// -----

func.func @concatenate_c1() {
  // expected-error@+1 {{op expected 1 or more operands, but found 0}}
  %0 = "stablehlo.concatenate"() <{dimension = 0 : i64}> : () -> tensor<0xf32>
  return
}

// -----

func.func @concatenate_c1_dimension(%x: tensor<2xf32>) {
  // expected-error@+1 {{op requires 'dimension' (1) to be below the rank of 'result' (1)}}
  %0 = stablehlo.concatenate %x, dim = 1 : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @concatenate_c2(%x: tensor<2x3xf32>, %y: tensor<2x4xf32>) {
  // expected-error@+1 {{op requires input #1 ('tensor<2x4xf32>') to have the shape of 'result' ('tensor<4x3xf32>') outside dimension 0}}
  %0 = stablehlo.concatenate %x, %y, dim = 0 : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @concatenate_c3(%x: tensor<2xf32>) {
  // expected-error@+1 {{op requires the sum of the inputs' sizes along dimension 0 (4) to equal the size of 'result' (5)}}
  %0 = stablehlo.concatenate %x, %x, dim = 0 : (tensor<2xf32>, tensor<2xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @pad_c1(%x: tensor<3xf32>, %v: tensor<f32>) {
  // expected-error@+1 {{op requires the length of 'edge_padding_low' (2) to equal the rank of 'operand' (1)}}
  %0 = stablehlo.pad %x, %v, low = [1, 0], high = [0], interior = [0] : (tensor<3xf32>, tensor<f32>) -> tensor<4xf32>
  return
}

// -----

func.func @pad_c2(%x: tensor<3xf32>, %v: tensor<f32>) {
  // expected-error@+1 {{op expects non-negative 'interior_padding', but got -1}}
  %0 = stablehlo.pad %x, %v, low = [0], high = [0], interior = [-1] : (tensor<3xf32>, tensor<f32>) -> tensor<1xf32>
  return
}

// -----

func.func @pad_c3(%x: tensor<3xf32>, %v: tensor<f32>) {
  // expected-error@+1 {{op requires 'result' ('tensor<4xf32>') to have the shape [6]}}
  %0 = stablehlo.pad %x, %v, low = [1], high = [0], interior = [1] : (tensor<3xf32>, tensor<f32>) -> tensor<4xf32>
  return
}

// -----

func.func @pad_overflow(%x: tensor<3xf32>, %v: tensor<f32>) {
  // expected-error@+1 {{op requires the padded size of dimension #0 to be non-negative and below 2^63}}
  %0 = stablehlo.pad %x, %v, low = [0], high = [0], interior = [9223372036854775807] : (tensor<3xf32>, tensor<f32>) -> tensor<?xf32>
  return
}

// -----

func.func @dynamic_pad_c1(%x: tensor<?xf32>, %v: tensor<f32>, %a: tensor<2xi64>) {
  // expected-error@+1 {{op requires the length of 'edge_padding_low' (2) to equal the rank of 'operand' (1)}}
  %0 = stablehlo.dynamic_pad %x, %v, %a, %a, %a : (tensor<?xf32>, tensor<f32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?xf32>
  return
}

// -----

func.func @get_dimension_size_c1(%x: tensor<?xf32>) {
  // expected-error@+1 {{op requires 'dimension' (1) to be below the rank of 'operand' (1)}}
  %0 = stablehlo.get_dimension_size %x, dim = 1 : (tensor<?xf32>) -> tensor<i32>
  return
}

// -----

func.func @set_dimension_size_c1(%x: tensor<3xf32>, %n: tensor<i32>) {
  // expected-error@+1 {{op requires 'dimension' (1) to be below the rank of 'operand' (1)}}
  %0 = stablehlo.set_dimension_size %x, %n, dim = 1 : (tensor<3xf32>, tensor<i32>) -> tensor<?xf32>
  return
}

// -----

func.func @set_dimension_size_c2(%x: tensor<3x4xf32>, %n: tensor<i32>) {
  // expected-error@+1 {{op requires 'result' ('tensor<?x5xf32>') to have the shape [?, 4]}}
  %0 = stablehlo.set_dimension_size %x, %n, dim = 0 : (tensor<3x4xf32>, tensor<i32>) -> tensor<?x5xf32>
  return
}

// -----

func.func @slice_c1(%x: tensor<3x8xf32>) {
  // expected-error@+1 {{op requires the length of 'start_indices' (1) to equal the rank of 'operand' (2)}}
  %0 = stablehlo.slice %x [0:1] : (tensor<3x8xf32>) -> tensor<1x8xf32>
  return
}

// -----

func.func @slice_c2_start(%x: tensor<8xf32>) {
  // expected-error@+1 {{op requires 'start_indices' #0 (4) to be between 0 and 'limit_indices' #0 (2)}}
  %0 = stablehlo.slice %x [4:2] : (tensor<8xf32>) -> tensor<0xf32>
  return
}

// -----

func.func @slice_c2_limit(%x: tensor<8xf32>) {
  // expected-error@+1 {{op requires 'limit_indices' #0 (9) to be at most the size of 'operand' (8)}}
  %0 = stablehlo.slice %x [0:9] : (tensor<8xf32>) -> tensor<9xf32>
  return
}

// -----

func.func @slice_c2_stride(%x: tensor<8xf32>) {
  // expected-error@+1 {{op expects positive 'strides', but got 0}}
  %0 = stablehlo.slice %x [0:8:0] : (tensor<8xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @slice_c3(%x: tensor<8xf32>) {
  // expected-error@+1 {{op requires 'result' ('tensor<2xf32>') to have the shape [3]}}
  %0 = stablehlo.slice %x [0:8:3] : (tensor<8xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @real_dynamic_slice_c1(%x: tensor<?xf32>, %s: tensor<2xi64>) {
  // expected-error@+1 {{op requires the length of 'start_indices' (2) to equal the rank of 'operand' (1)}}
  %0 = stablehlo.real_dynamic_slice %x, %s, %s, %s : (tensor<?xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?xf32>
  return
}

// -----

func.func @dynamic_slice_c1(%x: tensor<3x4xf32>, %i: tensor<i64>) {
  // expected-error@+1 {{op requires the length of 'start_indices' (1) to equal the rank of 'operand' (2)}}
  %0 = stablehlo.dynamic_slice %x, %i, sizes = [1, 4] : (tensor<3x4xf32>, tensor<i64>) -> tensor<1x4xf32>
  return
}

// -----

func.func @dynamic_slice_c2(%x: tensor<4xf32>, %i: tensor<i64>) {
  // expected-error@+1 {{op requires 'slice_sizes' #0 (5) to be between 0 and the size of 'operand' (4)}}
  %0 = stablehlo.dynamic_slice %x, %i, sizes = [5] : (tensor<4xf32>, tensor<i64>) -> tensor<5xf32>
  return
}

// -----

func.func @dynamic_slice_c3(%x: tensor<4xf32>, %i: tensor<i64>) {
  // expected-error@+1 {{op requires 'result' ('tensor<2xf32>') to have the shape [3]}}
  %0 = stablehlo.dynamic_slice %x, %i, sizes = [3] : (tensor<4xf32>, tensor<i64>) -> tensor<2xf32>
  return
}

// -----

func.func @dynamic_slice_c4(%x: tensor<3x4xf32>, %i: tensor<i64>, %j: tensor<i32>) {
  // expected-error@+1 {{op requires the type of 'start_indices' #1 ('tensor<i32>') to equal that of #0 ('tensor<i64>')}}
  %0 = stablehlo.dynamic_slice %x, %i, %j, sizes = [1, 4] : (tensor<3x4xf32>, tensor<i64>, tensor<i32>) -> tensor<1x4xf32>
  return
}

// -----

func.func @dynamic_update_slice_c1(%x: tensor<4xf32>, %u: tensor<2x1xf32>, %i: tensor<i64>) {
  // expected-error@+1 {{op requires the rank of 'update' (2) to equal that of 'operand' (1)}}
  %0 = stablehlo.dynamic_update_slice %x, %u, %i : (tensor<4xf32>, tensor<2x1xf32>, tensor<i64>) -> tensor<4xf32>
  return
}

// -----

func.func @dynamic_update_slice_c2(%x: tensor<4xf32>, %u: tensor<5xf32>, %i: tensor<i64>) {
  // expected-error@+1 {{op requires the size of dimension #0 of 'update' (5) to be at most that of 'operand' (4)}}
  %0 = stablehlo.dynamic_update_slice %x, %u, %i : (tensor<4xf32>, tensor<5xf32>, tensor<i64>) -> tensor<4xf32>
  return
}

// -----

func.func @dynamic_update_slice_c3(%x: tensor<4xf32>, %u: tensor<2xf32>, %i: tensor<i64>) {
  // expected-error@+1 {{op requires 'result' ('tensor<5xf32>') to have the shape [4]}}
  %0 = stablehlo.dynamic_update_slice %x, %u, %i : (tensor<4xf32>, tensor<2xf32>, tensor<i64>) -> tensor<5xf32>
  return
}

// -----

func.func @gather_c1(%x: tensor<8x4xf32>, %i: tensor<3xi64>) {
  // expected-error@+1 {{op requires 'index_vector_dim' (2) to be at most the rank of the indices (1)}}
  %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 2>, slice_sizes = array<i64: 1, 4>}> : (tensor<8x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  return
}

// -----

func.func @gather_c1_components(%x: tensor<8x4xf32>, %i: tensor<3xi64>) {
  // expected-error@+1 {{op requires the length of 'start_index_map' (2) to equal the number of index components (1)}}
  %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0, 1], index_vector_dim = 1>, slice_sizes = array<i64: 1, 4>}> : (tensor<8x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  return
}

// -----

func.func @gather_c2(%x: tensor<8x4xf32>, %i: tensor<3xi64>) {
  // expected-error@+1 {{op requires 'offset_dims' #0 (2) to be a dimension below 2}}
  %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [2], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1, 4>}> : (tensor<8x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  return
}

// -----

func.func @gather_c2_sorted(%x: tensor<8x4xf32>, %i: tensor<3xi64>) {
  // expected-error@+1 {{op requires 'collapsed_slice_dims' #1 (0) to follow 1}}
  %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [1, 0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1, 1>}> : (tensor<8x4xf32>, tensor<3xi64>) -> tensor<3xf32>
  return
}

// -----

func.func @gather_c2_overlap(%x: tensor<8x4xf32>, %i: tensor<3xi64>) {
  // expected-error@+1 {{op expects distinct 'collapsed_slice_dims and operand_batching_dims', but got 0 twice}}
  %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0], operand_batching_dims = [0], start_indices_batching_dims = [0], offset_dims = [1], start_index_map = [1], index_vector_dim = 1>, slice_sizes = array<i64: 1, 4>}> : (tensor<8x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  return
}

// -----

func.func @gather_c3(%x: tensor<8x4xf32>, %i: tensor<3xi64>) {
  // expected-error@+1 {{op requires the size of batching dimension 0 of the operand (8) to equal that of dimension 0 of the indices (3)}}
  %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<operand_batching_dims = [0], start_indices_batching_dims = [0], offset_dims = [1], start_index_map = [1], index_vector_dim = 1>, slice_sizes = array<i64: 1, 4>}> : (tensor<8x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  return
}

// -----

func.func @gather_c3_pairs(%x: tensor<8x4xf32>, %i: tensor<3xi64>) {
  // expected-error@+1 {{op requires the length of 'start_indices_batching_dims' (0) to equal the length of 'operand_batching_dims' (1)}}
  %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<operand_batching_dims = [0], offset_dims = [1], start_index_map = [1], index_vector_dim = 1>, slice_sizes = array<i64: 1, 4>}> : (tensor<8x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  return
}

// -----

func.func @gather_c4(%x: tensor<8x4xf32>, %i: tensor<3xi64>) {
  // expected-error@+1 {{op requires 'slice_sizes' #1 (5) to be between 0 and the size of 'operand' (4)}}
  %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1, 5>}> : (tensor<8x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  return
}

// -----

func.func @gather_c4_collapsed(%x: tensor<8x4xf32>, %i: tensor<3xi64>) {
  // expected-error@+1 {{op requires 'slice_sizes' #0 (2) to be at most 1 in a collapsed or batching dimension}}
  %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 2, 4>}> : (tensor<8x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  return
}

// -----

func.func @gather_c4_length(%x: tensor<8x4xf32>, %i: tensor<3xi64>) {
  // expected-error@+1 {{op requires the length of 'slice_sizes' (1) to equal the rank of 'operand' (2)}}
  %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1>}> : (tensor<8x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  return
}

// -----

func.func @gather_c5(%x: tensor<8x4xf32>, %i: tensor<3xi64>) {
  // expected-error@+1 {{op requires 'result' ('tensor<3x5xf32>') to have the shape [3, 4]}}
  %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1, 4>}> : (tensor<8x4xf32>, tensor<3xi64>) -> tensor<3x5xf32>
  return
}

// -----

func.func @gather_c5_offset(%x: tensor<8x4xf32>, %i: tensor<3xi64>) {
  // expected-error@+1 {{op requires the length of 'offset_dims' (0) to equal the number of slice dimensions (1)}}
  %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1, 4>}> : (tensor<8x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  return
}

// -----

func.func @dynamic_gather_sizes(%x: tensor<8x4xf32>, %i: tensor<3xi64>, %s: tensor<3xi64>) {
  // expected-error@+1 {{op requires the length of 'slice_sizes' (3) to equal the rank of 'operand' (2)}}
  %0 = "stablehlo.dynamic_gather"(%x, %i, %s) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>}> : (tensor<8x4xf32>, tensor<3xi64>, tensor<3xi64>) -> tensor<3x4xf32>
  return
}

// -----

func.func @scatter_c1(%x: tensor<8xf32>, %i: tensor<3x1xi64>, %u: tensor<3xf32>) {
  // expected-error@+1 {{op requires 'results' ('tensor<9xf32>') to have the shape [8]}}
  %0 = "stablehlo.scatter"(%x, %i, %u) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    stablehlo.return %b : tensor<f32>
  }) : (tensor<8xf32>, tensor<3x1xi64>, tensor<3xf32>) -> tensor<9xf32>
  return
}

// -----

func.func @scatter_c1_elements(%x: tensor<8xf32>, %i: tensor<3x1xi64>, %u: tensor<3xi32>) {
  // expected-error@+1 {{op requires the element types of input ('tensor<8xf32>'), update and result ('tensor<3xi32>') to be equal}}
  %0 = "stablehlo.scatter"(%x, %i, %u) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    stablehlo.return %b : tensor<f32>
  }) : (tensor<8xf32>, tensor<3x1xi64>, tensor<3xi32>) -> tensor<8xf32>
  return
}

// -----

func.func @scatter_c2(%x: tensor<8xf32>, %i: tensor<3x1xi64>, %u: tensor<3xf32>) {
  // expected-error@+1 {{op requires 'index_vector_dim' (3) to be at most the rank of the indices (2)}}
  %0 = "stablehlo.scatter"(%x, %i, %u) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 3>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    stablehlo.return %b : tensor<f32>
  }) : (tensor<8xf32>, tensor<3x1xi64>, tensor<3xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @scatter_c3(%x: tensor<8xf32>, %i: tensor<3x1xi64>, %u: tensor<3xf32>) {
  // expected-error@+1 {{op requires 'inserted_window_dims' #0 (1) to be a dimension below 1}}
  %0 = "stablehlo.scatter"(%x, %i, %u) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [1], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    stablehlo.return %b : tensor<f32>
  }) : (tensor<8xf32>, tensor<3x1xi64>, tensor<3xf32>) -> tensor<8xf32>
  return
}

// -----

// What a region returns is looked at before the return itself is verified.
func.func @scatter_returns_no_tensor(%x: tensor<8xf32>, %i: tensor<3x1xi64>, %u: tensor<3xf32>, %n: index) {
  // expected-error@+1 {{op expects 'update_computation' to return ('tensor<f32>'), but got ('index')}}
  %0 = "stablehlo.scatter"(%x, %i, %u) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    // expected-note@+1 {{returned here}}
    "stablehlo.return"(%n) : (index) -> ()
  }) : (tensor<8xf32>, tensor<3x1xi64>, tensor<3xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @scatter_returns_no_shape(%x: tensor<8xf32>, %i: tensor<3x1xi64>, %u: tensor<3xf32>, %n: tensor<*xf32>) {
  // expected-error@+1 {{op expects 'update_computation' to return ('tensor<f32>'), but got ('tensor<*xf32>')}}
  %0 = "stablehlo.scatter"(%x, %i, %u) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    // expected-note@+1 {{returned here}}
    "stablehlo.return"(%n) : (tensor<*xf32>) -> ()
  }) : (tensor<8xf32>, tensor<3x1xi64>, tensor<3xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @scatter_c4_rank(%x: tensor<8xf32>, %i: tensor<3x1xi64>, %u: tensor<3x1xf32>) {
  // expected-error@+1 {{op requires the rank of 'updates' (2) to equal the number of scatter and window dimensions (1)}}
  %0 = "stablehlo.scatter"(%x, %i, %u) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    stablehlo.return %b : tensor<f32>
  }) : (tensor<8xf32>, tensor<3x1xi64>, tensor<3x1xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @scatter_c4_size(%x: tensor<8xf32>, %i: tensor<3x1xi64>, %u: tensor<4xf32>) {
  // expected-error@+1 {{op requires the size of dimension #0 of 'updates' (4) to equal that of 'scatter_indices' (3)}}
  %0 = "stablehlo.scatter"(%x, %i, %u) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    stablehlo.return %b : tensor<f32>
  }) : (tensor<8xf32>, tensor<3x1xi64>, tensor<4xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @scatter_c4_window(%x: tensor<8xf32>, %i: tensor<3x1xi64>, %u: tensor<3x9xf32>) {
  // expected-error@+1 {{op requires the size of dimension #1 of 'updates' (9) to be at most that of the window (8)}}
  %0 = "stablehlo.scatter"(%x, %i, %u) <{scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    stablehlo.return %b : tensor<f32>
  }) : (tensor<8xf32>, tensor<3x1xi64>, tensor<3x9xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @scatter_c5(%x: tensor<8xf32>, %i: tensor<3x1xi64>, %u: tensor<3xf32>) {
  // expected-error@+1 {{op expects 'update_computation' to take ('tensor<f32>', 'tensor<f32>'), but got ('tensor<f32>')}}
  %0 = "stablehlo.scatter"(%x, %i, %u) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
  ^bb0(%a: tensor<f32>):
    stablehlo.return %a : tensor<f32>
  }) : (tensor<8xf32>, tensor<3x1xi64>, tensor<3xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @dot_general_c1(%x: tensor<2x4x8xf32>, %y: tensor<2x8x3xf32>) {
  // expected-error@+1 {{op requires the number of lhs batching dimensions (1) to equal that of rhs (0)}}
  %0 = stablehlo.dot_general %x, %y, batching_dims = [0] x [], contracting_dims = [2] x [1] : (tensor<2x4x8xf32>, tensor<2x8x3xf32>) -> tensor<2x4x3xf32>
  return
}

// -----

func.func @dot_general_c2(%x: tensor<2x4x8xf32>, %y: tensor<2x8x3xf32>) {
  // expected-error@+1 {{op expects distinct 'lhs dimensions', but got 0 twice}}
  %0 = stablehlo.dot_general %x, %y, batching_dims = [0] x [0], contracting_dims = [0] x [1] : (tensor<2x4x8xf32>, tensor<2x8x3xf32>) -> tensor<2x4x3xf32>
  return
}

// -----

func.func @dot_general_c3(%x: tensor<2x4x8xf32>, %y: tensor<2x8x3xf32>) {
  // expected-error@+1 {{op requires the size of dimension 2 of 'lhs' (8) to equal that of dimension 2 of 'rhs' (3)}}
  %0 = stablehlo.dot_general %x, %y, batching_dims = [0] x [0], contracting_dims = [2] x [2] : (tensor<2x4x8xf32>, tensor<2x8x3xf32>) -> tensor<2x4x3xf32>
  return
}

// -----

func.func @dot_general_c4(%x: tensor<2x4x8xf32>, %y: tensor<2x8x3xf32>) {
  // expected-error@+1 {{op requires 'result' ('tensor<4x2x3xf32>') to have the shape [2, 4, 3]}}
  %0 = stablehlo.dot_general %x, %y, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<2x4x8xf32>, tensor<2x8x3xf32>) -> tensor<4x2x3xf32>
  return
}

// -----

func.func @dot_general_c5(%x: tensor<2x4x8xf32>, %y: tensor<2x8x3xf32>) {
  // expected-error@+1 {{op expects at most two precisions, but got 3}}
  %0 = stablehlo.dot_general %x, %y, batching_dims = [0] x [0], contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT, DEFAULT] : (tensor<2x4x8xf32>, tensor<2x8x3xf32>) -> tensor<2x4x3xf32>
  return
}

// -----

func.func @reduce_c1() {
  // expected-error@+1 {{op expects at least one input, but got none}}
  "stablehlo.reduce"() <{dimensions = array<i64>}> ({
    stablehlo.return
  }) : () -> ()
  return
}

// -----

func.func @reduce_c2(%x: tensor<2x3xf32>, %z: tensor<f32>) {
  // expected-error@+1 {{op requires 'dimensions' #0 (2) to be a dimension below 2}}
  %0 = stablehlo.reduce(%x init: %z) applies stablehlo.add across dimensions = [2] : (tensor<2x3xf32>, tensor<f32>) -> tensor<2xf32>
  return
}

// -----

func.func @reduce_c3(%x: tensor<2x3xf32>, %z: tensor<f32>) {
  // expected-error@+1 {{op expects 'body' to return ('tensor<f32>'), but got ('tensor<i1>')}}
  %0 = stablehlo.reduce(%x init: %z) across dimensions = [1] : (tensor<2x3xf32>, tensor<f32>) -> tensor<2xf32>
   reducer(%a: tensor<f32>, %b: tensor<f32>) {
    %1 = stablehlo.compare LT, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
    // expected-note@+1 {{returned here}}
    stablehlo.return %1 : tensor<i1>
  }
  return
}

// -----

func.func @reduce_c4(%x: tensor<2x3xf32>, %z: tensor<f32>) {
  // expected-error@+1 {{op requires 'results' ('tensor<3xf32>') to have the shape [2]}}
  %0 = stablehlo.reduce(%x init: %z) applies stablehlo.add across dimensions = [1] : (tensor<2x3xf32>, tensor<f32>) -> tensor<3xf32>
  return
}

// -----

func.func @reduce_window_c2(%x: tensor<4xf32>, %z: tensor<f32>) {
  // expected-error@+1 {{op expects positive 'window_strides', but got 0}}
  %0 = "stablehlo.reduce_window"(%x, %z) <{window_dimensions = array<i64: 1>, window_strides = array<i64: 0>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %1 = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %1 : tensor<f32>
  }) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return
}

// -----

func.func @reduce_window_c2_length(%x: tensor<4xf32>, %z: tensor<f32>) {
  // expected-error@+1 {{op requires the length of 'window_dimensions' (2) to equal the rank of 'inputs' (1)}}
  %0 = "stablehlo.reduce_window"(%x, %z) <{window_dimensions = array<i64: 1, 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %1 = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %1 : tensor<f32>
  }) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return
}

// -----

func.func @reduce_window_c3(%x: tensor<4xf32>, %z: tensor<f32>) {
  // expected-error@+1 {{op requires 'padding' ('tensor<1x1xi64>') to have the shape [1, 2]}}
  %0 = "stablehlo.reduce_window"(%x, %z) <{window_dimensions = array<i64: 1>, padding = dense<0> : tensor<1x1xi64>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %1 = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %1 : tensor<f32>
  }) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return
}

// -----

func.func @reduce_window_c5(%x: tensor<4xf32>, %z: tensor<f32>) {
  // expected-error@+1 {{op requires 'results' ('tensor<4xf32>') to have the shape [3]}}
  %0 = "stablehlo.reduce_window"(%x, %z) <{window_dimensions = array<i64: 2>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %1 = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %1 : tensor<f32>
  }) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return
}

// -----

func.func @reduce_window_overflow_dilation(%x: tensor<4xf32>, %z: tensor<f32>) {
  // expected-error@+1 {{op requires the padded size of dimension #0 to be non-negative and below 2^63}}
  %0 = "stablehlo.reduce_window"(%x, %z) <{window_dimensions = array<i64: 4>, window_dilations = array<i64: 9223372036854775807>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %1 = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %1 : tensor<f32>
  }) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return
}

// -----

func.func @reduce_window_overflow(%x: tensor<4xf32>, %z: tensor<f32>) {
  // expected-error@+1 {{op requires the padded size of dimension #0 to be non-negative and below 2^63}}
  %0 = "stablehlo.reduce_window"(%x, %z) <{window_dimensions = array<i64: 2>, base_dilations = array<i64: 9223372036854775807>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %1 = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %1 : tensor<f32>
  }) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return
}

// -----

func.func @sort_c1(%x: tensor<4xf32>, %y: tensor<3xf32>) {
  // expected-error@+1 {{op requires 'inputs' ('tensor<3xf32>') to have the shape [4]}}
  %0:2 = "stablehlo.sort"(%x, %y) ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<f32>, %d: tensor<f32>):
    %1 = stablehlo.compare LT, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %1 : tensor<i1>
  }) : (tensor<4xf32>, tensor<3xf32>) -> (tensor<4xf32>, tensor<3xf32>)
  return
}

// -----

func.func @sort_c1_results(%x: tensor<4xf32>) {
  // expected-error@+1 {{op requires the number of results (0) to equal the number of inputs (1)}}
  "stablehlo.sort"(%x) ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %1 = stablehlo.compare LT, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %1 : tensor<i1>
  }) : (tensor<4xf32>) -> ()
  return
}

// -----

func.func @sort_c2(%x: tensor<4xf32>) {
  // expected-error@+1 {{op requires 'dimension' (1) to be between -1 and 1 - 1}}
  %0 = "stablehlo.sort"(%x) <{dimension = 1 : i64}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %1 = stablehlo.compare LT, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %1 : tensor<i1>
  }) : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @sort_c3(%x: tensor<4xf32>) {
  // expected-error@+1 {{op expects 'comparator' to return ('tensor<i1>'), but got ('tensor<f32>')}}
  %0 = "stablehlo.sort"(%x) <{dimension = 0 : i64}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    // expected-note@+1 {{returned here}}
    stablehlo.return %a : tensor<f32>
  }) : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @map_c1(%x: tensor<3xf32>) {
  // expected-error@+1 {{op requires 'inputs' ('tensor<3xf32>') to have the shape [4]}}
  %0 = "stablehlo.map"(%x) <{dimensions = array<i64: 0>}> ({
  ^bb0(%a: tensor<f32>):
    stablehlo.return %a : tensor<f32>
  }) : (tensor<3xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @map_c2(%x: tensor<4xf32>) {
  // expected-error@+1 {{op expects 'dimensions' to list all 1 dimensions in order, but got [1]}}
  %0 = "stablehlo.map"(%x) <{dimensions = array<i64: 1>}> ({
  ^bb0(%a: tensor<f32>):
    stablehlo.return %a : tensor<f32>
  }) : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @map_c3(%x: tensor<4xf32>) {
  // expected-error@+1 {{op expects 'computation' to take ('tensor<f32>'), but got ('tensor<i32>')}}
  %0 = "stablehlo.map"(%x) <{dimensions = array<i64: 0>}> ({
  ^bb0(%a: tensor<i32>):
    stablehlo.return %a : tensor<i32>
  }) : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @if_c1(%p: tensor<i1>, %x: tensor<4xf32>) {
  // expected-error@+1 {{op expects 'false_branch' to return ('tensor<4xf32>'), but got ('tensor<i1>')}}
  %0 = "stablehlo.if"(%p) ({
    stablehlo.return %x : tensor<4xf32>
  }, {
    // expected-note@+1 {{returned here}}
    stablehlo.return %p : tensor<i1>
  }) : (tensor<i1>) -> tensor<4xf32>
  return
}

// -----

func.func @case_c1(%i: tensor<i32>) {
  // expected-error@+1 {{op expects at least one branch, but got none}}
  "stablehlo.case"(%i) : (tensor<i32>) -> ()
  return
}

// -----

func.func @case_c2(%i: tensor<i32>) {
  // expected-error@+1 {{op expects 'branch #0' to return ('tensor<i32>'), but got ()}}
  %0 = "stablehlo.case"(%i) ({
    // expected-note@+1 {{returned here}}
    stablehlo.return
  }) : (tensor<i32>) -> tensor<i32>
  return
}

// -----

func.func @while_c1(%i: tensor<i32>) {
  // expected-error@+1 {{op expects 'cond' to return ('tensor<i1>'), but got ('tensor<i32>')}}
  %0 = stablehlo.while(%a = %i) : tensor<i32>
  cond {
    // expected-note@+1 {{returned here}}
    stablehlo.return %a : tensor<i32>
  } do {
    stablehlo.return %a : tensor<i32>
  }
  return
}

// -----

func.func @while_c2(%i: tensor<i32>, %p: tensor<i1>) {
  // expected-error@+1 {{op expects 'body' to return ('tensor<i32>'), but got ()}}
  %0 = stablehlo.while(%a = %i) : tensor<i32>
  cond {
    stablehlo.return %p : tensor<i1>
  } do {
    // expected-note@+1 {{returned here}}
    stablehlo.return
  }
  return
}

// -----

func.func private @f(tensor<4xf32>) -> tensor<4xf32>
func.func @composite_c1(%x: tensor<4xf32>) {
  // expected-error@+1 {{op expects 'name' to be a dialect's name, a dot and an operation's name, but got 'softplus'}}
  %0 = stablehlo.composite "softplus" %x {decomposition = @f} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @composite_c2(%x: tensor<4xf32>) {
  // expected-error@+1 {{op expects 'decomposition' to name a function, but got 'nothing'}}
  %0 = stablehlo.composite "onnx.Softplus" %x {decomposition = @nothing} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

// expected-note@+1 {{decomposition defined here}}
func.func private @f()
func.func @composite_c2_type(%x: tensor<4xf32>) {
  // expected-error@+1 {{op requires the type of 'decomposition' ('() -> ()') to equal that of the composite ('(tensor<4xf32>) -> tensor<4xf32>')}}
  %0 = stablehlo.composite "onnx.Softplus" %x {decomposition = @f} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @composite_c3() {
  // expected-error@+1 {{op expects a 'decomposition' without this operation, but got 'composite_c3'}}
  stablehlo.composite "onnx.Softplus" {decomposition = @composite_c3} : () -> ()
  return
}

// -----

func.func @optimization_barrier_c1(%x: tensor<4xf32>) {
  // expected-error@+1 {{op requires the types of the results to equal those of the operands}}
  %0 = "stablehlo.optimization_barrier"(%x) : (tensor<4xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @broadcast_c1(%x: tensor<3xf32>, %y: tensor<4xf32>) {
  // expected-error@+1 {{op requires the size of dimension #0 of 'lhs' (3) to be 1 or to equal that of dimension #0 of 'result' (4)}}
  %0 = chlo.broadcast_add %x, %y : (tensor<3xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @broadcast_c1_result(%x: tensor<1xf32>, %y: tensor<1xf32>) {
  // expected-error@+1 {{op requires the size of dimension #0 of 'result' (4) to equal the broadcast size of the operands (1)}}
  %0 = chlo.broadcast_add %x, %y : (tensor<1xf32>, tensor<1xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @broadcast_c1_rank(%x: tensor<1xf32>, %y: tensor<1xf32>) {
  // expected-error@+1 {{op requires the rank of 'result' (2) to equal the highest rank of the operands (1)}}
  %0 = chlo.broadcast_add %x, %y : (tensor<1xf32>, tensor<1xf32>) -> tensor<1x1xf32>
  return
}

// -----

func.func @broadcast_c1_elements(%x: tensor<1xf32>, %y: tensor<1xi32>) {
  // expected-error@+1 {{op requires the element types of the operands and the result to be equal, such as 'tensor<1xf32>' and 'tensor<1xi32>'}}
  %0 = chlo.broadcast_add %x, %y : (tensor<1xf32>, tensor<1xi32>) -> tensor<1xf32>
  return
}

// -----

func.func @broadcast_c2(%x: tensor<2x3xf32>, %y: tensor<3xf32>) {
  // expected-error@+1 {{op requires 'broadcast_dimensions' #0 (2) to be a dimension below 2}}
  %0 = chlo.broadcast_add %x, %y {broadcast_dimensions = array<i64: 2>} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @top_k_c1(%x: tensor<4xf32>) {
  // expected-error@+1 {{op requires 'k' (5) to be at most the innermost size of 'operand' (4)}}
  %0:2 = chlo.top_k(%x, k = 5) : tensor<4xf32> -> (tensor<5xf32>, tensor<5xi32>)
  return
}

// -----

func.func @top_k_c1_rank(%x: tensor<f32>) {
  // expected-error@+1 {{op expects 'operand' of rank 1 or more, but got 'tensor<f32>'}}
  %0:2 = chlo.top_k(%x, k = 1) : tensor<f32> -> (tensor<f32>, tensor<i32>)
  return
}

// -----

func.func @top_k_c2(%x: tensor<4xf32>) {
  // expected-error@+1 {{op requires 'indices' ('tensor<3xi32>') to have the shape [2]}}
  %0:2 = chlo.top_k(%x, k = 2) : tensor<4xf32> -> (tensor<2xf32>, tensor<3xi32>)
  return
}

// -----

func.func @ragged_dot_c1(%x: tensor<6x4xf32>, %w: tensor<3x7x5xf32>, %g: tensor<3xi32>) {
  // expected-error@+1 {{op requires the size of dimension 1 of 'lhs' (4) to equal that of dimension 1 of 'rhs' (7)}}
  %0 = "chlo.ragged_dot"(%x, %w, %g) <{ragged_dot_dimension_numbers = #chlo.ragged_dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1], lhs_ragged_dimensions = [0], rhs_group_dimensions = [0]>}> : (tensor<6x4xf32>, tensor<3x7x5xf32>, tensor<3xi32>) -> tensor<6x5xf32>
  return
}

// -----

func.func @ragged_dot_c2(%x: tensor<6x4xf32>, %w: tensor<3x4x5xf32>, %g: tensor<3xi32>) {
  // expected-error@+1 {{op expects one ragged dimension, but got 0}}
  %0 = "chlo.ragged_dot"(%x, %w, %g) <{ragged_dot_dimension_numbers = #chlo.ragged_dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1], rhs_group_dimensions = [0]>}> : (tensor<6x4xf32>, tensor<3x4x5xf32>, tensor<3xi32>) -> tensor<6x5xf32>
  return
}

// -----

func.func @ragged_dot_c2_group(%x: tensor<6x4xf32>, %w: tensor<3x4x5xf32>, %g: tensor<3xi32>) {
  // expected-error@+1 {{op expects one group dimension for the ragged dimension 0, but got 0}}
  %0 = "chlo.ragged_dot"(%x, %w, %g) <{ragged_dot_dimension_numbers = #chlo.ragged_dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1], lhs_ragged_dimensions = [0]>}> : (tensor<6x4xf32>, tensor<3x4x5xf32>, tensor<3xi32>) -> tensor<6x5xf32>
  return
}

// -----

func.func @ragged_dot_c3(%x: tensor<6x4xf32>, %w: tensor<3x4x5xf32>, %g: tensor<2xi32>) {
  // expected-error@+1 {{op requires the size of 'group_sizes' (2) to equal that of the group dimension of 'rhs' (3)}}
  %0 = "chlo.ragged_dot"(%x, %w, %g) <{ragged_dot_dimension_numbers = #chlo.ragged_dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1], lhs_ragged_dimensions = [0], rhs_group_dimensions = [0]>}> : (tensor<6x4xf32>, tensor<3x4x5xf32>, tensor<2xi32>) -> tensor<6x5xf32>
  return
}

// -----

func.func @ragged_dot_c3_rank(%x: tensor<6x4xf32>, %w: tensor<3x4x5xf32>, %g: tensor<1x3xi32>) {
  // expected-error@+1 {{op expects 'group_sizes' of one dimension, but got 'tensor<1x3xi32>'}}
  %0 = "chlo.ragged_dot"(%x, %w, %g) <{ragged_dot_dimension_numbers = #chlo.ragged_dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1], lhs_ragged_dimensions = [0], rhs_group_dimensions = [0]>}> : (tensor<6x4xf32>, tensor<3x4x5xf32>, tensor<1x3xi32>) -> tensor<6x5xf32>
  return
}

// -----

func.func @ragged_dot_c4(%x: tensor<6x4xf32>, %w: tensor<3x4x5xf32>, %g: tensor<3xi32>) {
  // expected-error@+1 {{op requires 'result' ('tensor<5x6xf32>') to have the shape [6, 5]}}
  %0 = "chlo.ragged_dot"(%x, %w, %g) <{ragged_dot_dimension_numbers = #chlo.ragged_dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1], lhs_ragged_dimensions = [0], rhs_group_dimensions = [0]>}> : (tensor<6x4xf32>, tensor<3x4x5xf32>, tensor<3xi32>) -> tensor<5x6xf32>
  return
}

// -----

func.func @ragged_dot_c5(%x: tensor<6x4xf32>, %w: tensor<3x4x5xf32>, %g: tensor<3xi32>) {
  // expected-error@+1 {{op expects at most two precisions, but got 3}}
  %0 = "chlo.ragged_dot"(%x, %w, %g) <{precision_config = [#chlo<precision DEFAULT>, #chlo<precision DEFAULT>, #chlo<precision DEFAULT>], ragged_dot_dimension_numbers = #chlo.ragged_dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1], lhs_ragged_dimensions = [0], rhs_group_dimensions = [0]>}> : (tensor<6x4xf32>, tensor<3x4x5xf32>, tensor<3xi32>) -> tensor<6x5xf32>
  return
}

// -----

func.func @convolution_c1(%x: tensor<2x4x3xf32>, %w: tensor<2x3x8xf32>) {
  // expected-error@+1 {{requires the length of 'lhs dimension numbers' (2) to equal the rank of 'lhs' (3)}}
  %0 = stablehlo.convolution(%x, %w) dim_numbers = [b, f]x[0, i, o]->[b, 0, f], window = {} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<2x4x3xf32>, tensor<2x3x8xf32>) -> tensor<2x3x8xf32>
  return
}

// -----

func.func @convolution_c1_spatial(%x: tensor<2x4x3xf32>, %w: tensor<2x2x3x8xf32>) {
  // expected-error@+1 {{requires the number of spatial dimensions of 'rhs' (2) to equal that of 'lhs' (1)}}
  %0 = "stablehlo.convolution"(%x, %w) <{batch_group_count = 1 : i64, feature_group_count = 1 : i64, dimension_numbers = #stablehlo.conv<[b, 0, f]x[0, 1, i, o]->[b, 0, f]>}> : (tensor<2x4x3xf32>, tensor<2x2x3x8xf32>) -> tensor<2x3x8xf32>
  return
}

// -----

func.func @convolution_c2_stride(%x: tensor<2x4x3xf32>, %w: tensor<2x3x8xf32>) {
  // expected-error@+1 {{requires elements of 'window_strides' (0) to be positive and below 2^31}}
  %0 = stablehlo.convolution(%x, %w) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f], window = {stride = [0]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<2x4x3xf32>, tensor<2x3x8xf32>) -> tensor<2x3x8xf32>
  return
}

// -----

func.func @convolution_c2_padding(%x: tensor<2x4x3xf32>, %w: tensor<2x3x8xf32>) {
  // expected-error@+1 {{expects 'padding' of shape 1 x 2, but got 'tensor<2x2xi64>'}}
  %0 = stablehlo.convolution(%x, %w) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f], window = {pad = [[0, 0], [0, 0]]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<2x4x3xf32>, tensor<2x3x8xf32>) -> tensor<2x3x8xf32>
  return
}

// -----

func.func @convolution_c2_padding_size(%x: tensor<2x4x3xf32>, %w: tensor<2x3x8xf32>) {
  // expected-error@+1 {{requires elements of 'padding' (2147483648) to be above -2^31 and below 2^31}}
  %0 = stablehlo.convolution(%x, %w) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f], window = {pad = [[0, 2147483648]]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<2x4x3xf32>, tensor<2x3x8xf32>) -> tensor<2x3x8xf32>
  return
}

// -----

func.func @convolution_c3(%x: tensor<2x4x3xf32>, %w: tensor<2x3x8xf32>) {
  // expected-error@+1 {{requires 'feature_group_count' (3) and 'batch_group_count' (2) to be positive and one of them to be 1}}
  %0 = stablehlo.convolution(%x, %w) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f], window = {} {batch_group_count = 2 : i64, feature_group_count = 3 : i64} : (tensor<2x4x3xf32>, tensor<2x3x8xf32>) -> tensor<2x3x8xf32>
  return
}

// -----

func.func @convolution_c3_multiple(%x: tensor<2x4x3xf32>, %w: tensor<2x3x8xf32>) {
  // expected-error@+1 {{requires the features of 'lhs' (3) to be a multiple of the group count (2)}}
  %0 = stablehlo.convolution(%x, %w) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f], window = {} {batch_group_count = 1 : i64, feature_group_count = 2 : i64} : (tensor<2x4x3xf32>, tensor<2x3x8xf32>) -> tensor<2x3x8xf32>
  return
}

// -----

func.func @convolution_c4(%x: tensor<2x4x3xf32>, %w: tensor<2x2x8xf32>) {
  // expected-error@+1 {{requires the features of a group of 'lhs' (3) to equal the input features of 'rhs' (2)}}
  %0 = stablehlo.convolution(%x, %w) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f], window = {} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<2x4x3xf32>, tensor<2x2x8xf32>) -> tensor<2x3x8xf32>
  return
}

// -----

func.func @convolution_c5_size(%x: tensor<2x2147483648x3xf32>, %w: tensor<2x3x8xf32>) {
  // expected-error@+1 {{requires sizes of spatial dimensions to be below 2^31}}
  %0 = stablehlo.convolution(%x, %w) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f], window = {} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<2x2147483648x3xf32>, tensor<2x3x8xf32>) -> tensor<2x3x8xf32>
  return
}

// -----

func.func @convolution_c5(%x: tensor<2x4x3xf32>, %w: tensor<2x3x8xf32>) {
  // expected-error@+1 {{requires 'result' ('tensor<2x4x8xf32>') to have the shape [2, 3, 8]}}
  %0 = stablehlo.convolution(%x, %w) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f], window = {} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<2x4x3xf32>, tensor<2x3x8xf32>) -> tensor<2x4x8xf32>
  return
}

// -----

func.func @reduce_precision_c1(%x: tensor<2xf32>) {
  // expected-error@+1 {{attribute 'exponent_bits' failed to satisfy constraint: 32-bit signless integer attribute whose value is positive}}
  %0 = stablehlo.reduce_precision %x, format = e0m7 : tensor<2xf32>
  return
}
