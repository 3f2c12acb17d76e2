// One case per constraint; the function's name says the rule. What text cannot write (a concatenation of nothing) is in the unit tests.
// RUN: moe-opt %s --split-input-file --verify-diagnostics

// (weight_c1)
// expected-error @+1 {{expects a ranked tensor type of static shape, but got 'tensor<?x4xf32>'}}
func.func private @a_weight_has_a_static_shape() attributes {a = #moe_support.external<"w.bin", 0> : tensor<?x4xf32>}

// -----

// (weight_c1)
// expected-error @+1 {{expects a ranked tensor type of static shape, but got 'vector<4xf32>'}}
func.func private @a_weight_is_a_tensor() attributes {a = #moe_support.external<"w.bin", 0> : vector<4xf32>}

// -----

// (weight_c1)
// expected-error @+1 {{expects a ranked tensor type of static shape, but got 'vector<4xf32>'}}
func.func private @a_source_is_a_tensor() attributes {a = #moe_support.reshape<dense<0.0> : vector<4xf32>> : tensor<4xf32>}

// -----

// (weight_c2)
// expected-error @+1 {{requires the element type of the source ('tensor<8x4xf32>') to equal that of the result ('tensor<32xf16>')}}
func.func private @a_source_has_the_element_type_of_the_result() attributes {a = #moe_support.reshape<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>> : tensor<32xf16>}

// -----

// (external_c1)
// expected-error @+1 {{expects a file name, but got an empty string}}
func.func private @a_file_has_a_name() attributes {a = #moe_support.external<"", 0> : tensor<8x4xf32>}

// -----

// (external_c1)
// expected-error @+1 {{expects an integer or float element type, but got 'tensor<8x!moe.plan<8, slots<1>>>'}}
func.func private @a_file_holds_numbers() attributes {a = #moe_support.external<"w.bin", 0> : tensor<8x!moe.plan<8, slots<1>>>}

// -----

// (transpose_c1)
// expected-error @+1 {{expects a permutation of the 2 source dimensions, but got [1, 1]}}
func.func private @a_transposition_permutes() attributes {a = #moe_support.transpose<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, [1, 1]> : tensor<4x8xf32>}

// -----

// (transpose_c1)
// expected-error @+1 {{expects a permutation of the 2 source dimensions, but got [0]}}
func.func private @a_transposition_permutes_every_dimension() attributes {a = #moe_support.transpose<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, [0]> : tensor<8xf32>}

// -----

// (transpose_c1)
// expected-error @+1 {{requires the result type ('tensor<8x4xf32>') to be the source type ('tensor<8x4xf32>') permuted by [1, 0]}}
func.func private @a_transposition_gives_the_permuted_shape() attributes {a = #moe_support.transpose<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, [1, 0]> : tensor<8x4xf32>}

// -----

// (reshape_c1)
// expected-error @+1 {{requires the result ('tensor<31xf32>') to have as many elements as the source ('tensor<8x4xf32>')}}
func.func private @a_reshape_keeps_the_elements() attributes {a = #moe_support.reshape<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>> : tensor<31xf32>}

// -----

// (concat_c1)
// expected-error @+1 {{requires 'dimension' (2) to be below the rank (2)}}
func.func private @a_concatenation_has_its_dimension() attributes {a = #moe_support.concat<[#moe_support.external<"w.bin", 0> : tensor<8x4xf32>], 2> : tensor<8x4xf32>}

// -----

// (concat_c2)
// expected-error @+1 {{requires source #0 ('tensor<8x4xf32>') to have the result's shape ('tensor<16x5xf32>') outside dimension 0}}
func.func private @concatenated_sources_agree_elsewhere() attributes {a = #moe_support.concat<[#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, #moe_support.external<"w.bin", 0> : tensor<8x4xf32>], 0> : tensor<16x5xf32>}

// -----

// (concat_c2)
// expected-error @+1 {{requires source #0 ('tensor<8x4xf32>') to have the result's shape ('tensor<8xf32>') outside dimension 0}}
func.func private @concatenated_sources_have_the_rank_of_the_result() attributes {a = #moe_support.concat<[#moe_support.external<"w.bin", 0> : tensor<8x4xf32>], 0> : tensor<8xf32>}

// -----

// (concat_c2)
// expected-error @+1 {{requires the sources' sizes along dimension 0 (16) to sum to the result's (15)}}
func.func private @concatenated_sizes_sum_to_that_of_the_result() attributes {a = #moe_support.concat<[#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, #moe_support.external<"w.bin", 0> : tensor<8x4xf32>], 0> : tensor<15x4xf32>}

// -----

// (slice_c1)
// expected-error @+1 {{expects 2 offsets, strides and result dimensions, but got 1, 2 and 2}}
func.func private @a_slice_has_an_offset_per_dimension() attributes {a = #moe_support.slice<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, [0], [1, 1]> : tensor<4x4xf32>}

// -----

// (slice_c2)
// expected-error @+1 {{requires offset -1, size 4 and stride 1 of dimension #0 to stay within the source's size (8)}}
func.func private @a_slice_starts_inside() attributes {a = #moe_support.slice<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, [-1, 0], [1, 1]> : tensor<4x4xf32>}

// -----

// (slice_c2)
// expected-error @+1 {{requires offset 1, size 5 and stride 2 of dimension #0 to stay within the source's size (8)}}
func.func private @a_slice_ends_inside() attributes {a = #moe_support.slice<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, [1, 0], [2, 1]> : tensor<5x4xf32>}

// -----

// (slice_c2)
// expected-error @+1 {{requires offset 0, size 4 and stride 0 of dimension #1 to stay within the source's size (4)}}
func.func private @a_stride_is_positive() attributes {a = #moe_support.slice<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, [0, 0], [1, 0]> : tensor<4x4xf32>}

// -----

// (slice_c2)
// expected-error @+1 {{requires offset 0, size 3 and stride 9223372036854775807 of dimension #0 to stay within the source's size (8)}}
func.func private @a_huge_stride_does_not_wrap_around() attributes {a = #moe_support.slice<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, [0, 0], [9223372036854775807, 1]> : tensor<3x4xf32>}

// -----

// (pad_c1)
// expected-error @+1 {{requires the result ('tensor<8x3xf32>') to be at least as large as the source ('tensor<8x4xf32>') in every dimension}}
func.func private @padding_does_not_cut() attributes {a = #moe_support.pad<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>> : tensor<8x3xf32>}

// -----

// (scale_c1)
// expected-error @+1 {{requires the source ('tensor<8x4xf32>') to hold floats in the shape of the result ('tensor<4x8xf32>')}}
func.func private @a_scaled_weight_keeps_its_shape() attributes {a = #moe_support.scale<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, dense<2.0> : tensor<f32>> : tensor<4x8xf32>}

// -----

// (scale_c1)
// expected-error @+1 {{requires the source ('tensor<8x4xi8>') to hold floats in the shape of the result ('tensor<8x4xi8>')}}
func.func private @a_scaled_weight_is_a_float() attributes {a = #moe_support.scale<#moe_support.external<"w.bin", 0> : tensor<8x4xi8>, dense<2.0> : tensor<f32>> : tensor<8x4xi8>}

// -----

// (scale_c2)
// expected-error @+1 {{requires the factors ('tensor<4xf32>') to be floats whose shape begins the result's ('tensor<8x4xf32>')}}
func.func private @factors_belong_to_leading_dimensions() attributes {a = #moe_support.scale<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, dense<2.0> : tensor<4xf32>> : tensor<8x4xf32>}

// -----

// (scale_c2)
// expected-error @+1 {{requires the factors ('tensor<8xf32>') to be floats whose shape begins the result's ('tensor<f32>')}}
func.func private @factors_have_no_more_dimensions() attributes {a = #moe_support.scale<#moe_support.external<"w.bin", 0> : tensor<f32>, dense<2.0> : tensor<8xf32>> : tensor<f32>}

// -----

// (scale_c2)
// expected-error @+1 {{requires the factors ('tensor<8xi32>') to be floats whose shape begins the result's ('tensor<8x4xf32>')}}
func.func private @factors_are_floats() attributes {a = #moe_support.scale<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, dense<2> : tensor<8xi32>> : tensor<8x4xf32>}

// -----

// (weight_op_c1)
func.func @a_weight_has_the_type_of_its_expression() {
  // expected-error @+1 {{failed to verify that all of {value, result} have same type}}
  %0 = "moe_support.weight"() <{value = #moe_support.external<"w.bin", 0> : tensor<8x4xf32>}> : () -> tensor<4x8xf32>
  return
}

// -----

// (require_c1)
func.func @a_message_shows_its_values(%ok: i1, %a: index) {
  // expected-error @+1 {{expects braces in 'message' to hold the number of one of 1 values, but got "requires {1}"}}
  moe_support.require %ok, "requires {1}"(%a) : index
  return
}

// -----

// (require_c1)
func.func @braces_are_closed(%ok: i1) {
  // expected-error @+1 {{expects braces in 'message' to hold the number of one of 0 values, but got "requires {0"}}
  moe_support.require %ok, "requires {0"
  return
}

// -----

// (nibbles_c1)
// expected-error @+1 {{expects integers of four or two bits in bytes, but got 'tensor<8x4xi8>' in 'tensor<8x2xi8>'}}
func.func private @nibbles_have_four_bits() attributes {a = #moe_support.nibbles<#moe_support.external<"w.bin", 0> : tensor<8x4xi8>> : tensor<8x2xi8>}

// -----

// (nibbles_c1)
// expected-error @+1 {{requires the last dimension of the source ('tensor<8x4xi4>') to be 2 times that of the result ('tensor<4x4xi8>')}}
func.func private @nibbles_are_paired_along_the_last_dimension() attributes {a = #moe_support.nibbles<#moe_support.external<"w.bin", 0> : tensor<8x4xi4>> : tensor<4x4xi8>}

// -----

// (unpack_c1)
// expected-error @+1 {{expects integers of two, four or eight bits from bytes, but got 'tensor<8x4xi16>' from 'tensor<8x2xi8>'}}
func.func private @unpacked_numbers_have_four_or_eight_bits() attributes {a = #moe_support.unpack<#moe_support.external<"w.bin", 0> : tensor<8x2xi8>> : tensor<8x4xi16>}

// -----

// (nibbles_c1)
// expected-error @+1 {{requires the last dimension of the source ('tensor<8x4xi2>') to be 4 times that of the result ('tensor<8x2xi8>')}}
func.func private @four_codes_of_two_bits_are_a_byte() attributes {a = #moe_support.nibbles<#moe_support.external<"w.bin", 0> : tensor<8x4xi2>> : tensor<8x2xi8>}

// -----

// (unpack_c2)
// expected-error @+1 {{requires the last dimension of the result ('tensor<8x4xi2>') to be two or four times that of the source ('tensor<8x2xi8>')}}
func.func private @bytes_hold_four_numbers_of_two_bits() attributes {a = #moe_support.unpack<#moe_support.external<"w.bin", 0> : tensor<8x2xi8>> : tensor<8x4xi2>}

// -----

// (unpack_c2)
// expected-error @+1 {{requires the last dimension of the result ('tensor<8x6xi4>') to be two or four times that of the source ('tensor<8x2xi8>')}}
func.func private @bytes_hold_two_or_four_numbers() attributes {a = #moe_support.unpack<#moe_support.external<"w.bin", 0> : tensor<8x2xi8>> : tensor<8x6xi4>}

// -----

// (convert_c1)
// expected-error @+1 {{requires the source ('tensor<8x4xf32>') to hold floats in the shape of the result ('tensor<4x8xbf16>'), which holds floats too}}
func.func private @a_converted_weight_keeps_its_shape() attributes {a = #moe_support.convert<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>> : tensor<4x8xbf16>}

// -----

// (convert_c1)
// expected-error @+1 {{requires the source ('tensor<8x4xi8>') to hold floats in the shape of the result ('tensor<8x4xbf16>'), which holds floats too}}
func.func private @floats_are_converted() attributes {a = #moe_support.convert<#moe_support.external<"w.bin", 0> : tensor<8x4xi8>> : tensor<8x4xbf16>}

// -----

// (convert_c1)
// expected-error @+1 {{requires the source ('tensor<8x4xf32>') to hold floats in the shape of the result ('tensor<8x4xi8>'), which holds floats too}}
func.func private @weights_are_converted_to_floats() attributes {a = #moe_support.convert<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>> : tensor<8x4xi8>}
