// One case per constraint of #moe.quant and moe.dequant; the function's name says the rule.
// RUN: moe-opt %s --split-input-file --verify-diagnostics

// (quant_c1)
// expected-error @+1 {{expects no positive 'group' in 'i8_chan'}}
func.func private @groups_belong_to_their_formats() attributes {f = #moe.quant<i8_chan, group = 8>}

// -----

// (quant_c1)
// expected-error @+1 {{expects a positive 'group' in 'i8_group'}}
func.func private @formats_by_groups_have_them() attributes {f = #moe.quant<i8_group>}

// -----

// (quant_c1)
// expected-error @+1 {{expects 'bits' that 'u_sym' has, but got 3}}
func.func private @codes_have_the_bits_of_the_format() attributes {f = #moe.quant<u_sym, group = 8, bits = 3>}

// -----

// (quant_c1)
// expected-error @+1 {{expects 'bits' that 'awq4' has, but got 4}}
func.func private @formats_may_fix_the_bits() attributes {f = #moe.quant<awq4, group = 8, bits = 4>}

// -----

// (quant_c1)
// expected-error @+1 {{expects 'bits' that 'u_sb' has, but got 7}}
func.func private @streams_have_no_seven_bits() attributes {f = #moe.quant<u_sb, group = 8, bits = 7>}

// -----

// (quant_c1)
// expected-error @+1 {{expects 'bits' that 'hqq' has, but got 5}}
func.func private @parts_of_rows_have_four_bits_at_most() attributes {f = #moe.quant<hqq, group = 8, bits = 5>}

// -----

// (quant_c1)
// expected-error @+1 {{expects no positive 'block_n' in 'i8_group'}}
func.func private @blocks_of_rows_belong_to_fp8() attributes {f = #moe.quant<i8_group, group = 8, block_n = 8>}

// -----

// (quant_c1)
// expected-error @+1 {{expects a positive 'block_n' in 'fp8_block'}}
func.func private @scales_of_blocks_have_rows() attributes {f = #moe.quant<fp8_block, group = 128>}

// -----

// (quant_c1)
// expected-error @+1 {{expects a positive 'version' in 'gptq4'}}
func.func private @gptq_has_a_version() attributes {f = #moe.quant<gptq4, group = 8>}

// -----

// (quant_c1)
// expected-error @+1 {{expects 'version' 1 or 2, but got 3}}
func.func private @gptq_has_two_versions() attributes {f = #moe.quant<gptq4, group = 8, version = 3>}

// -----

// (quant_c1)
// expected-error @+1 {{expects 'order' with nibbles alone, but got 'u_sym'}}
func.func private @only_nibbles_have_an_order() attributes {f = #moe.quant<u_sym, group = 8, bits = 2, order = half_split>}

// -----

// (quant_c1)
// expected-error @+1 {{expects 'global' in 'nvfp4' alone, but got 'mxfp4'}}
func.func private @a_global_scale_belongs_to_nvfp4() attributes {f = #moe.quant<mxfp4, global = divide>}

// -----

// (quant_c1)
// expected-error @+1 {{expects 'slice' in 'nested' alone, but got 'ternary'}}
func.func private @slices_belong_to_nested() attributes {f = #moe.quant<ternary, slice = round>}

// -----

// (quant_c1)
// expected-error @+1 {{expects no positive 'plane' in 'ternary'}}
func.func private @planes_belong_to_nested() attributes {f = #moe.quant<ternary, plane = 1>}

// -----

// (quant_c1)
// expected-error @+1 {{expects a positive 'base' in 'nested'}}
func.func private @nested_codes_have_a_base() attributes {f = #moe.quant<nested, group = 8, bits = 8, plane = 1>}

// -----

// (quant_c1)
// expected-error @+1 {{expects 'base' 1, 2 or 4 and 'plane' 1 or 2, but got 3 and 1}}
func.func private @a_base_fills_bytes() attributes {f = #moe.quant<nested, group = 8, bits = 8, base = 3, plane = 1>}

// -----

// (quant_c1)
// expected-error @+1 {{requires 'base' (4) and planes of 2 to make up 'bits' (7)}}
func.func private @planes_make_up_the_bits() attributes {f = #moe.quant<nested, group = 8, bits = 7, base = 4, plane = 2>}

// -----

// (quant_c2)
// expected-error @+1 {{expects a positive 'group' in 'i8_group'}}
func.func private @groups_are_positive() attributes {f = #moe.quant<i8_group, group = -8>}

// -----

// (quant_c2)
// expected-error @+1 {{requires 'group' (9) to be even where its halves share bytes}}
func.func private @halves_of_a_group_are_equal() attributes {f = #moe.quant<u_sym, group = 9, bits = 4, order = half_split>}

// -----

// (quant_c1)
// expected-error @+1 {{expects 'width' in 'nested' alone, but got 'ternary'}}
func.func private @widths_are_of_nested_codes() attributes {f = #moe.quant<ternary, width = 1>}

// -----

// (quant_c1)
// expected-error @+1 {{expects 'widths' in 'nested' alone, but got 'float'}}
func.func private @a_float_has_no_widths() attributes {f = #moe.quant<float, widths = operand>}

// -----

// (quant_c1)
// expected-error @+1 {{expects 'overrides' in 'nested' alone, but got 'mxfp4'}}
func.func private @overrides_are_of_nested_codes() attributes {f = #moe.quant<mxfp4, overrides = true>}

// -----

// (quant_c1)
// expected-error @+1 {{expects no positive 'group' in 'float'}}
func.func private @a_float_has_no_groups() attributes {f = #moe.quant<float, group = 8>}

// -----

// (quant_c3)
// expected-error @+1 {{requires 'width' (8) to end a plane and to be below 'bits' (8)}}
func.func private @all_bits_are_no_width() attributes {f = #moe.quant<nested, group = 8, bits = 8, base = 4, plane = 2, width = 8>}

// -----

// (quant_c3)
// expected-error @+1 {{requires 'width' (5) to end a plane and to be below 'bits' (8)}}
func.func private @a_width_ends_a_plane() attributes {f = #moe.quant<nested, group = 8, bits = 8, base = 4, plane = 2, width = 5>}

// -----

// (quant_c3)
// expected-error @+1 {{requires 'width' (2) to end a plane and to be below 'bits' (8)}}
func.func private @a_width_has_the_base() attributes {f = #moe.quant<nested, group = 8, bits = 8, base = 4, plane = 2, width = 2>}

// -----

// (quant_c3)
// expected-error @+1 {{expects a 'width' or 'widths = operand', but got both}}
func.func private @a_width_is_given_once() attributes {f = #moe.quant<nested, group = 8, bits = 8, base = 4, plane = 2, width = 6, widths = operand>}

// -----

// (quant_c3)
// expected-error @+1 {{expects 'overrides' of widths below 'bits', but 'base' has them all}}
func.func private @overrides_are_of_narrower_widths() attributes {f = #moe.quant<nested, group = 8, bits = 4, base = 4, plane = 1, overrides = true>}

// -----

// (quant_c1)
// expected-error @+1 {{expects a positive 'keep' in 'n_of_m'}}
func.func private @of_a_group_something_is_kept() attributes {f = #moe.quant<n_of_m, group = 4>}

// -----

// (quant_c1)
// expected-error @+1 {{expects no positive 'keep' in 'bitmask'}}
func.func private @a_mask_says_what_is_kept() attributes {f = #moe.quant<bitmask, keep = 2>}

// -----

// (quant_c4)
// expected-error @+1 {{requires 'keep' (4) to be below 'group' (4), which is at most 16}}
func.func private @of_a_group_not_all_is_kept() attributes {f = #moe.quant<n_of_m, group = 4, keep = 4>}

// -----

// (quant_c4)
// expected-error @+1 {{requires 'keep' (4) to be below 'group' (32), which is at most 16}}
func.func private @positions_have_four_bits() attributes {f = #moe.quant<n_of_m, group = 32, keep = 4>}

// -----

// (dequant_c1)
func.func @positions_fill_bytes(%v: tensor<4x6xf32>, %p: tensor<4x1xi8>) -> tensor<4x12xf32> {
  // expected-error @+1 {{requires the bits of a row's positions (12) to be a multiple of 8}}
  %w = moe.dequant %v, %p quant <n_of_m, group = 4, keep = 2> : tensor<4x6xf32>, tensor<4x1xi8> -> tensor<4x12xf32>
  return %w : tensor<4x12xf32>
}

// -----

// (dequant_c2)
func.func @kept_values_are_those_of_all_groups(%v: tensor<4x6xf32>, %p: tensor<4x2xi8>) -> tensor<4x16xf32> {
  // expected-error @+1 {{requires 'values' ('tensor<4x6xf32>') to have the shape [4, 8]}}
  %w = moe.dequant %v, %p quant <n_of_m, group = 4, keep = 2> : tensor<4x6xf32>, tensor<4x2xi8> -> tensor<4x16xf32>
  return %w : tensor<4x16xf32>
}

// -----

// (dequant_c1)
func.func @a_mask_fills_bytes(%m: tensor<4x1xi8>, %v: tensor<?xf32>, %o: tensor<5xi32>) -> tensor<4x12xf32> {
  // expected-error @+1 {{requires K (12) to be a multiple of 8}}
  %w = moe.dequant %m, %v, %o quant <bitmask> : tensor<4x1xi8>, tensor<?xf32>, tensor<5xi32> -> tensor<4x12xf32>
  return %w : tensor<4x12xf32>
}

// -----

// (dequant_c2)
func.func @values_of_a_mask_are_floats(%m: tensor<4x2xi8>, %v: tensor<?xi8>, %o: tensor<5xi32>) -> tensor<4x16xf32> {
  // expected-error @+1 {{expects float elements of 'values', but got 'tensor<?xi8>'}}
  %w = moe.dequant %m, %v, %o quant <bitmask> : tensor<4x2xi8>, tensor<?xi8>, tensor<5xi32> -> tensor<4x16xf32>
  return %w : tensor<4x16xf32>
}

// -----

// (dequant_c1)
func.func @a_stored_matrix_has_static_sizes(%q: tensor<?x8xi8>, %s: tensor<?xf32>) {
  // expected-error @+1 {{expects a matrix of static sizes, but got 'tensor<?x8xf32>'}}
  %w = moe.dequant %q, %s quant <i8_chan> : tensor<?x8xi8>, tensor<?xf32> -> tensor<?x8xf32>
  return
}

// -----

// (dequant_c1)
func.func @groups_are_full(%q: tensor<4x20xi8>, %s: tensor<4x3xf32>) {
  // expected-error @+1 {{requires K (20) to be a multiple of 8}}
  %w = moe.dequant %q, %s quant <i8_group, group = 8> : tensor<4x20xi8>, tensor<4x3xf32> -> tensor<4x20xf32>
  return
}

// -----

// (dequant_c1)
func.func @blocks_are_full(%q: tensor<4x1x17xi8>) {
  // expected-error @+1 {{requires K (48) to be a multiple of 32}}
  %w = moe.dequant %q quant <gguf_mxfp4> : tensor<4x1x17xi8> -> tensor<4x48xf32>
  return
}

// -----

// (dequant_c1)
func.func @words_are_full(%q: tensor<4x1xi32>, %s: tensor<4x1xf32>) {
  // expected-error @+1 {{requires K times bits (40) to be a multiple of 32}}
  %w = moe.dequant %q, %s, %s quant <u_sb, group = 8, bits = 5> : tensor<4x1xi32>, tensor<4x1xf32>, tensor<4x1xf32> -> tensor<4x8xf32>
  return
}

// -----

// (dequant_c2)
func.func @storage_has_the_tensors_of_its_format(%q: tensor<4x8xi8>) {
  // expected-error @+1 {{expects 2 tensors that store 'i8_chan', but got 1}}
  %w = moe.dequant %q quant <i8_chan> : tensor<4x8xi8> -> tensor<4x8xf32>
  return
}

// -----

// (dequant_c2)
func.func @codes_have_the_element_type_of_the_format(%q: tensor<4x8xi32>, %s: tensor<4xf32>) {
  // expected-error @+1 {{expects i8 elements of 'codes', but got 'tensor<4x8xi32>'}}
  %w = moe.dequant %q, %s quant <i8_chan> : tensor<4x8xi32>, tensor<4xf32> -> tensor<4x8xf32>
  return
}

// -----

// (dequant_c2)
func.func @scales_are_floats(%q: tensor<4x8xi8>, %s: tensor<4xi8>) {
  // expected-error @+1 {{expects float elements of 'scales', but got 'tensor<4xi8>'}}
  %w = moe.dequant %q, %s quant <i8_chan> : tensor<4x8xi8>, tensor<4xi8> -> tensor<4x8xf32>
  return
}

// -----

// (dequant_c2)
func.func @codes_have_the_shape_of_the_format(%q: tensor<4x8xi8>, %s: tensor<4x1xf32>) {
  // expected-error @+1 {{requires 'codes' ('tensor<4x8xi8>') to have the shape [4, 4]}}
  %w = moe.dequant %q, %s quant <u_sym, group = 8, bits = 4> : tensor<4x8xi8>, tensor<4x1xf32> -> tensor<4x8xf32>
  return
}

// -----

// (dequant_c2)
func.func @packed_zeros_have_their_own_shape(%q: tensor<4x8xi8>, %s: tensor<4x2xf32>, %z: tensor<4x2xi8>) {
  // expected-error @+1 {{requires 'zeros' ('tensor<4x2xi8>') to have the shape [4, 1]}}
  %w = moe.dequant %q, %s, %z quant <u_affine, group = 8, bits = 4> : tensor<4x8xi8>, tensor<4x2xf32>, tensor<4x2xi8> -> tensor<4x16xf32>
  return
}

// -----

// (dequant_c2)
func.func @a_stack_has_stacked_storage(%q: tensor<2x4x8xi8>, %s: tensor<3x4xf32>) {
  // expected-error @+1 {{requires 'scales' ('tensor<3x4xf32>') to have the shape [2, 4]}}
  %w = moe.dequant %q, %s quant <i8_chan> : tensor<2x4x8xi8>, tensor<3x4xf32> -> tensor<2x4x8xf32>
  return
}

// -----

// (dequant_c3)
func.func @widths_belong_to_nested_codes(%q: tensor<2x4x8xi8>, %s: tensor<2x4xf32>, %b: tensor<2xi8>) {
  // expected-error @+1 {{expects 'bits' for each matrix of a nested stack alone, but got 'tensor<2xi8>' for 'tensor<2x4x8xf32>'}}
  %w = moe.dequant %q, %s bits(%b : tensor<2xi8>) quant <i8_chan> : tensor<2x4x8xi8>, tensor<2x4xf32> -> tensor<2x4x8xf32>
  return
}

// -----

// (dequant_c3)
func.func @each_matrix_has_one_width(%q: tensor<2x32xi8>, %s: tensor<2x4x1xf32>, %b: tensor<3xi8>) {
  // expected-error @+1 {{expects 'bits' for each matrix of a nested stack alone, but got 'tensor<3xi8>' for 'tensor<2x4x8xf32>'}}
  %w = moe.dequant %q, %s, %s bits(%b : tensor<3xi8>) quant <nested, group = 8, bits = 8, base = 4, plane = 2> : tensor<2x32xi8>, tensor<2x4x1xf32>, tensor<2x4x1xf32> -> tensor<2x4x8xf32>
  return
}

// -----

// (dequant_c3)
func.func @a_width_for_all_is_no_width_for_each(%q: tensor<2x24xi8>, %s: tensor<2x4x1xf32>, %b: tensor<2xi8>) {
  // expected-error @+1 {{expects 'bits' for each matrix of a nested stack alone, but got 'tensor<2xi8>' for 'tensor<2x4x8xf32>'}}
  %w = moe.dequant %q, %s, %s bits(%b : tensor<2xi8>) quant <nested, group = 8, bits = 8, base = 4, plane = 2, width = 6> : tensor<2x24xi8>, tensor<2x4x1xf32>, tensor<2x4x1xf32> -> tensor<2x4x8xf32>
  return
}

// -----

// (dequant_c3)
func.func @bits_are_an_operand_of_their_own(%q: tensor<2x32xi8>, %s: tensor<2x4x1xf32>, %b: tensor<2xi8>) {
  // expected-error @+1 {{expects 'bits' in place of 'widths = operand'}}
  %w = moe.dequant %q, %s, %s, %b quant <nested, group = 8, bits = 8, base = 4, plane = 2, widths = operand> : tensor<2x32xi8>, tensor<2x4x1xf32>, tensor<2x4x1xf32>, tensor<2xi8> -> tensor<2x4x8xf32>
  return
}

// -----

// (dequant_c4)
func.func @all_bits_override_nothing(%q: tensor<32xi8>, %s: tensor<4x1xf32>, %o: tensor<2x4x1xf32>) {
  // expected-error @+1 {{expects 'overrides' where fewer than all bits are read}}
  %w = moe.dequant %q, %s, %s, %o, %o quant <nested, group = 8, bits = 8, base = 4, plane = 2, overrides = true>
    : tensor<32xi8>, tensor<4x1xf32>, tensor<4x1xf32>, tensor<2x4x1xf32>, tensor<2x4x1xf32> -> tensor<4x8xf32>
  return
}

// -----

// (dequant_c2)
func.func @a_tier_has_a_prefix_of_the_planes(%q: tensor<32xi8>, %s: tensor<4x1xf32>) {
  // expected-error @+1 {{requires 'planes' ('tensor<32xi8>') to have the shape [24]}}
  %w = moe.dequant %q, %s, %s quant <nested, group = 8, bits = 8, base = 4, plane = 2, width = 6> : tensor<32xi8>, tensor<4x1xf32>, tensor<4x1xf32> -> tensor<4x8xf32>
  return
}

// -----

// (R16)
// expected-error @+1 {{expects a format other than 'float' in 'quant'}}
func.func private @floats_alone_are_not_stored() attributes {f = #moe.class<linear, 2, quant = [<float>]>}

// -----

// (R16)
// expected-error @+1 {{expects 'overrides' where fewer than all bits are read, but got}}
func.func private @experts_that_read_all_bits_override_nothing() attributes {f = #moe.class<linear, 2, quant = [<nested, group = 8, bits = 8, base = 4, plane = 2, overrides = true>]>}

// -----

// (R16)
func.func @every_expert_has_a_width(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<2, slots<1>>, %q: tensor<2x64xi8>, %s: tensor<2x8x1xf32>, %b: tensor<3xi8>) {
  // expected-error @+1 {{requires 'widths' ('tensor<3xi8>') to have the shape [2]}}
  %h = moe.experts %r, %p (%q, %s, %s, %b : tensor<2x64xi8>, tensor<2x8x1xf32>, tensor<2x8x1xf32>, tensor<3xi8>)
    table <[<linear, 2, quant = [<nested, group = 8, bits = 8, base = 4, plane = 2, widths = operand>]>]> apply <output>
    : !moe.rows<f32, 8, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 8, grouped>
  return
}

// -----

// (R16)
func.func @a_float_matrix_has_the_shape_of_its_parameter(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<2, slots<1>>, %q: tensor<2x8x8xi8>, %s: tensor<2x8xf32>, %d: tensor<2x7x8xf32>) {
  // expected-error @+1 {{requires parameter 'down' ('tensor<2x7x8xf32>') to have the shape [2, 8, 8]}}
  %h = moe.experts %r, %p (%q, %s, %d : tensor<2x8x8xi8>, tensor<2x8xf32>, tensor<2x7x8xf32>)
    table <[<ffn, 2, width = 8, body = <ungated, relu>, quant = [<i8_chan>, <float>]>]> apply <output>
    : !moe.rows<f32, 8, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 8, grouped>
  return
}

// -----

// (R16)
// expected-error @+1 {{expects no 'quant' in a class of kind 'copy'}}
func.func private @copies_are_not_stored() attributes {f = #moe.class<copy, 2, quant = [<i8_chan>]>}

// -----

// (R16)
// expected-error @+1 {{expects no 'quant' in a class of kind 'value'}}
func.func private @values_are_not_stored() attributes {f = #moe.class<value, 2, width = 8, quant = [<i8_chan>]>}

// -----

// (R16): no matrices
// expected-error @+1 {{expects no 'quant' in a class of kind 'zero'}}
func.func private @nothing_is_not_stored() attributes {f = #moe.class<zero, 2, quant = [<i8_chan>]>}

// -----

// (R16)
func.func @every_matrix_has_a_format(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<2, slots<1>>, %q: tensor<2x8x8xi8>, %s: tensor<2x8xf32>) {
  // expected-error @+1 {{requires the formats in 'quant' (1) to be as many as the matrices of a 'ffn' class (2)}}
  %h = moe.experts %r, %p (%q, %s : tensor<2x8x8xi8>, tensor<2x8xf32>) table <[<ffn, 2, width = 8, body = <ungated, relu>, quant = [<i8_chan>]>]> apply <output>
    : !moe.rows<f32, 8, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 8, grouped>
  return
}

// -----

// (R16): element types
func.func @codes_of_experts_have_the_element_type_of_the_format(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<2, slots<1>>, %q: tensor<2x8x8xf32>, %s: tensor<2x8xf32>) {
  // expected-error @+1 {{expects i8 elements of 'codes', but got 'tensor<2x8x8xf32>'}}
  %h = moe.experts %r, %p (%q, %s : tensor<2x8x8xf32>, tensor<2x8xf32>) table <[<linear, 2, quant = [<i8_chan>]>]> apply <output>
    : !moe.rows<f32, 8, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 8, grouped>
  return
}

// -----

// (R16)
func.func @scales_of_experts_have_the_shape_of_the_format(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<2, slots<1>>, %q: tensor<2x8x8xi8>, %s: tensor<2x7xf32>) {
  // expected-error @+1 {{requires 'scales' ('tensor<2x7xf32>') to have the shape [2, 8]}}
  %h = moe.experts %r, %p (%q, %s : tensor<2x8x8xi8>, tensor<2x7xf32>) table <[<linear, 2, quant = [<i8_chan>]>]> apply <output>
    : !moe.rows<f32, 8, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 8, grouped>
  return
}

// -----

// (R16)
func.func @a_format_stores_the_matrix(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<2, slots<1>>, %q: tensor<2x8x1x17xi8>) {
  // expected-error @+1 {{requires K (8) to be a multiple of 32 where 'gguf_mxfp4' stores parameter 'matrix'}}
  %h = moe.experts %r, %p (%q : tensor<2x8x1x17xi8>) table <[<linear, 2, quant = [<gguf_mxfp4>]>]> apply <output>
    : !moe.rows<f32, 8, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 8, grouped>
  return
}
