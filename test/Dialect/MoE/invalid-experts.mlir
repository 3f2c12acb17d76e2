// One case per constraint of dispatch, experts, combine and ffn; the function's name says the rule.
// RUN: moe-opt %s --split-input-file --verify-diagnostics

// (dispatch_c1)
func.func @dispatched_rows_have_the_width_of_the_input(%x: tensor<?x32xf32>, %p: !moe.plan<8, slots<2>>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{requires 'rows' ('!moe.rows<f32, 64, grouped>') to have the width and element type of 'input' ('tensor<?x32xf32>')}}
  %y = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (dispatch_c1)
func.func @dispatched_rows_have_the_element_type_of_the_input(%x: tensor<?x64xbf16>, %p: !moe.plan<8, slots<2>>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{requires 'rows' ('!moe.rows<f32, 64, grouped>') to have the width and element type of 'input' ('tensor<?x64xbf16>')}}
  %y = moe.dispatch %x, %p apply <output> : tensor<?x64xbf16>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (R13): slots
func.func @weights_on_the_input_take_one_slot(%x: tensor<?x64xf32>, %p: !moe.plan<8, slots<2>>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{requires the plan's slots (2) to equal 1 where weights multiply the input, or 'allow_multi'}}
  %y = moe.dispatch %x, %p apply <input> : tensor<?x64xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (experts_c1)
func.func @a_table_has_the_experts_of_the_plan(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{requires the table's routed ids (7) to equal the plan's experts (8)}}
  %y = moe.experts %r, %p  table <[<zero, 7>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (experts_c1)
func.func @a_table_has_the_always_on_ids_of_the_plan(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{requires the table's always-on ids (1) to equal the plan's (0)}}
  %y = moe.experts %r, %p  table <[<zero, 8>, <copy, 1, activation = always>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (experts_c2)
func.func @experts_have_the_parameters_of_their_table(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %a: tensor<8x96x64xf32>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{expects 2 parameters, but got 1}}
  %y = moe.experts %r, %p (%a : tensor<8x96x64xf32>) table <[<ffn, 8, width = 96, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (experts_c2)
func.func @a_parameter_has_the_shape_that_its_class_asks_for(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %a: tensor<8x95x64xf32>, %b: tensor<8x64x96xf32>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{requires parameter 'up' ('tensor<8x95x64xf32>') to have the shape [8, 96, 64]}}
  %y = moe.experts %r, %p (%a, %b : tensor<8x95x64xf32>, tensor<8x64x96xf32>) table <[<ffn, 8, width = 96, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (experts_c2)
func.func @a_joint_matrix_has_the_rows_of_gate_and_up(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %a: tensor<8x96x64xf32>, %b: tensor<8x64x96xf32>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{requires parameter 'first' ('tensor<8x96x64xf32>') to have the shape [8, 192, 64]}}
  %y = moe.experts %r, %p (%a, %b : tensor<8x96x64xf32>, tensor<8x64x96xf32>) table <[<ffn, 8, width = 96, body = <gated, silu, storage = interleaved>>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (experts_c2)
func.func @a_parameter_holds_real_numbers(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %a: tensor<8x96x64xi8>, %b: tensor<8x64x96xf32>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{expects a float element type of parameter 'up', but got 'tensor<8x96x64xi8>'}}
  %y = moe.experts %r, %p (%a, %b : tensor<8x96x64xi8>, tensor<8x64x96xf32>) table <[<ffn, 8, width = 96, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (experts_c2)
func.func @a_constant_expert_has_a_vector_as_wide_as_the_result(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %a: tensor<8x32xf32>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{requires parameter 'vector' ('tensor<8x32xf32>') to have the shape [8, 64]}}
  %y = moe.experts %r, %p (%a : tensor<8x32xf32>) table <[<constant, 8>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (R14): kind
func.func @weights_on_the_hidden_vector_need_one(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{expects classes with a hidden vector alone with 'apply <hidden>', but got 'zero'}}
  %y = moe.experts %r, %p  table <[<zero, 8>]> apply <hidden> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (R14)
func.func @weights_on_the_hidden_vector_need_a_body(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %w: tensor<8x64x64xf32>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{expects classes with a hidden vector alone with 'apply <hidden>', but got 'linear'}}
  %y = moe.experts %r, %p (%w : tensor<8x64x64xf32>) table <[<linear, 8>]> apply <hidden> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (R14)
func.func @a_neuron_has_no_hidden_vector(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %w: tensor<8x64xf32>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{expects classes with a hidden vector alone with 'apply <hidden>', but got 'neuron'}}
  %y = moe.experts %r, %p (%w, %w : tensor<8x64xf32>, tensor<8x64xf32>) table <[<neuron, 8, body = <ungated, relu>>]> apply <hidden> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (experts_c2)
func.func @a_shared_parameter_is_not_stacked(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %u: tensor<8x6x64xf32>, %d: tensor<64x6xf32>, %s: tensor<8x6xf32>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{requires parameter 'up' ('tensor<8x6x64xf32>') to have the shape [6, 64]}}
  %y = moe.experts %r, %p (%u, %d, %s : tensor<8x6x64xf32>, tensor<64x6xf32>, tensor<8x6xf32>) table <[<scale_vec, 8, width = 6, body = <ungated, relu>, targets = [hidden]>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (experts_c2)
func.func @a_scale_is_as_wide_as_what_it_scales(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %u: tensor<6x64xf32>, %d: tensor<64x6xf32>, %s: tensor<8x5xf32>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{requires parameter 'hidden scale' ('tensor<8x5xf32>') to have the shape [8, 6]}}
  %y = moe.experts %r, %p (%u, %d, %s : tensor<6x64xf32>, tensor<64x6xf32>, tensor<8x5xf32>) table <[<scale_vec, 8, width = 6, body = <ungated, relu>, targets = [hidden]>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (experts_c2)
func.func @a_left_factor_has_the_rows_of_the_matrix(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %u: tensor<6x64xf32>, %d: tensor<64x6xf32>, %b: tensor<8x6x2xf32>, %a: tensor<8x2x6xf32>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{requires parameter 'down left factor' ('tensor<8x6x2xf32>') to have the shape [8, 64, 2]}}
  %y = moe.experts %r, %p (%u, %d, %b, %a : tensor<6x64xf32>, tensor<64x6xf32>, tensor<8x6x2xf32>, tensor<8x2x6xf32>) table <[<lora, 8, width = 6, body = <ungated, relu>, targets = [down], rank = 2>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (experts_c2)
func.func @a_core_has_the_rank(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %l: tensor<64x2xf32>, %c: tensor<8x3xf32>, %t: tensor<2x64xf32>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{requires parameter 'matrix core' ('tensor<8x3xf32>') to have the shape [8, 2]}}
  %y = moe.experts %r, %p (%l, %c, %t : tensor<64x2xf32>, tensor<8x3xf32>, tensor<2x64xf32>) table <[<factored, 8, rank = 2, factors = cp>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (experts_c3)
func.func @a_nested_map_reads_at_most_the_input(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %w: tensor<64x64xf32>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{requires 'widths' (65) to be at most the width of the input (64)}}
  %y = moe.experts %r, %p (%w : tensor<64x64xf32>) table <[<nested, 8, widths = [1, 2, 3, 4, 5, 6, 64, 65]>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (experts_c3)
func.func @products_in_rows_leave_room_for_the_input(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %d: tensor<64x32xf32>, %b: tensor<8x32x2xf32>, %a: tensor<8x2x64xf32>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{requires the width of the input (64) to exceed the products in a row (64)}}
  %y = moe.experts %r, %p (%d, %b, %a : tensor<64x32xf32>, tensor<8x32x2xf32>, tensor<8x2x64xf32>) table <[<lora, 8, width = 32, body = <gated, silu>, targets = [up], rank = 2, base = in_rows>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (R18): sharing
func.func @nested_classes_share_with_no_other(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %w: tensor<64x64xf32>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{expects parameter 'matrix' of a 'nested' class in one class alone}}
  %y = moe.experts %r, %p (%w, %w : tensor<64x64xf32>, tensor<64x64xf32>) table <[<nested, 4, widths = [1, 2, 3, 4]>, <nested, 4, widths = [5, 6, 7, 8]>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (R18)
func.func @factored_classes_share_with_no_other(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %l: tensor<64x2xf32>, %t: tensor<4x2x64xf32>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{expects parameter 'matrix left factor' of a 'factored' class in one class alone}}
  %y = moe.experts %r, %p (%l, %t, %l, %t : tensor<64x2xf32>, tensor<4x2x64xf32>, tensor<64x2xf32>, tensor<4x2x64xf32>) table <[<factored, 4, rank = 2, factors = shared_left>, <factored, 4, rank = 2, factors = shared_left>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (experts_c4)
func.func @a_callee_is_a_function(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %w: tensor<7x64x64xf32>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{expects a function as 'callee', but got @nothing}}
  %y = moe.experts %r, %p (%w : tensor<7x64x64xf32>) table <[<linear, 7>, <external, 1, callee = @nothing>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (experts_c4)
// expected-note @+1 {{function declared here}}
func.func @narrow(%x: tensor<?x32xf32>) -> tensor<?x64xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x32xf32>
  %y = tensor.empty(%n) : tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

func.func @a_callee_takes_rows(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %w: tensor<7x64x64xf32>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{expects a function from 'tensor<?x64xf32>' to 'tensor<?x64xf32>' as 'callee', but got @narrow}}
  %y = moe.experts %r, %p (%w : tensor<7x64x64xf32>) table <[<linear, 7>, <external, 1, callee = @narrow>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (body_c5)
func.func @the_function_of_an_activation_is_there(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %u: tensor<8x64xf32>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{expects a function as 'callee', but got @nothing}}
  %y = moe.experts %r, %p (%u, %u : tensor<8x64xf32>, tensor<8x64xf32>) table <[<neuron, 8, body = <ungated, external, callee = @nothing>>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (body_c5)
// expected-note @+1 {{function declared here}}
func.func private @of_rows(tensor<?x64xf32>) -> tensor<?x64xf32>

func.func @an_activation_is_of_numbers(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %u: tensor<8x64xf32>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{expects a function from 'f32' to 'f32' as 'callee', but got @of_rows}}
  %y = moe.experts %r, %p (%u, %u : tensor<8x64xf32>, tensor<8x64xf32>) table <[<neuron, 8, body = <ungated, external, callee = @of_rows>>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (body_c5)
// expected-note @+1 {{function declared here}}
func.func private @single(f32) -> f32

func.func @an_activation_has_the_type_of_the_sums(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %u: tensor<8x64xf32>, %d: tensor<8x64xf64>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{expects a function from 'f64' to 'f64' as 'callee', but got @single}}
  %y = moe.experts %r, %p (%u, %d : tensor<8x64xf32>, tensor<8x64xf64>) table <[<neuron, 8, body = <ungated, external, callee = @single>>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (body_c5)
func.func @the_function_of_a_shared_expert_is_there(%x: tensor<?x64xf32>, %u: tensor<96x64xf32>, %d: tensor<64x96xf32>) -> tensor<?x64xf32> {
  // expected-error @+1 {{expects a function as 'callee', but got @nothing}}
  %y = moe.ffn %x (%u, %d : tensor<96x64xf32>, tensor<64x96xf32>) body <ungated, external, callee = @nothing> : tensor<?x64xf32> -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// -----

// (experts_c6): columns
func.func @columns_of_outer_tensors_divide_those_of_matrices(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %w: tensor<8x2x2x1xf32>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{requires the sizes of matrices (64) to be multiples of those that 'factors = mpo' splits off (3)}}
  %y = moe.experts %r, %p (%w, %w : tensor<8x2x2x1xf32>, tensor<8x2x2x1xf32>) table <[<factored, 8, rank = 1, widths = [2], factors = mpo, columns = [3]>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (experts_c2)
func.func @tensors_of_a_kind_are_numbered(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %a: tensor<8x2x2x3xf32>, %b: tensor<8x3x2x2x3xf32>, %c: tensor<3x4x4x3xf32>, %d: tensor<8x3x2x2xf32>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{requires parameter 'matrix right factor #1' ('tensor<8x3x2x2xf32>') to have the shape [8, 3, 2, 2, 3]}}
  %y = moe.experts %r, %p (%a, %b, %c, %d, %d : tensor<8x2x2x3xf32>, tensor<8x3x2x2x3xf32>, tensor<3x4x4x3xf32>, tensor<8x3x2x2xf32>, tensor<8x3x2x2xf32>) table <[<factored, 8, rank = 3, widths = [2, 2, 2, 2], factors = mpo>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (R17): copy
func.func @a_copied_row_is_as_wide_as_the_result(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>) -> !moe.rows<f32, 32, grouped> {
  // expected-error @+1 {{requires the width of the result (32) to equal that of the input (64) where a class passes rows on}}
  %y = moe.experts %r, %p  table <[<copy, 8>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 32, grouped>
  return %y : !moe.rows<f32, 32, grouped>
}

// -----

// (R17)
func.func @a_mixed_row_is_as_wide_as_the_result(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %a: tensor<8x32xf32>, %b: tensor<8x2x64xf32>) -> !moe.rows<f32, 32, grouped> {
  // expected-error @+1 {{requires the width of the result (32) to equal that of the input (64) where a class passes rows on}}
  %y = moe.experts %r, %p (%a, %b : tensor<8x32xf32>, tensor<8x2x64xf32>) table <[<constant, 8, mix = softmax2>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 32, grouped>
  return %y : !moe.rows<f32, 32, grouped>
}

// -----

// (combine_c1)
func.func @the_sum_has_the_rows_of_the_units(%h: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %x: tensor<4x64xf32>) -> tensor<5x64xf32> {
  // expected-error @+1 {{requires the result ('tensor<5x64xf32>') to have the rows of 'x' ('tensor<4x64xf32>') and the width of 'rows' (64)}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>>, tensor<4x64xf32> -> tensor<5x64xf32>
  return %y : tensor<5x64xf32>
}

// -----

// (combine_c1)
func.func @the_sum_has_the_width_of_the_rows(%h: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %x: tensor<4x64xf32>) -> tensor<4x32xf32> {
  // expected-error @+1 {{requires the result ('tensor<4x32xf32>') to have the rows of 'x' ('tensor<4x64xf32>') and the width of 'rows' (64)}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>>, tensor<4x64xf32> -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}

// -----

// (combine_c2)
func.func @an_output_bias_has_the_width_of_the_rows(%h: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %x: tensor<4x64xf32>, %b: tensor<32xf32>) -> tensor<4x64xf32> {
  // expected-error @+1 {{requires 'out_bias' ('tensor<32xf32>') to have the width of 'rows' (64)}}
  %y = moe.combine %h, %p, %x out_bias(%b : tensor<32xf32>) apply <output> residual <none> order <slot> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>>, tensor<4x64xf32> -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}

// -----

// (R17): residual
func.func @a_residual_is_as_wide_as_the_rows(%h: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %x: tensor<4x32xf32>) -> tensor<4x64xf32> {
  // expected-error @+1 {{requires the width of 'x' (32) to equal that of 'rows' (64) where units are added to the sum}}
  %y = moe.combine %h, %p, %x apply <output> residual <add_x> order <slot> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>>, tensor<4x32xf32> -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}

// -----

// (ffn_c1)
func.func @a_dense_body_keeps_the_rows(%x: tensor<4x64xf32>, %a: tensor<96x64xf32>, %b: tensor<64x96xf32>) -> tensor<5x64xf32> {
  // expected-error @+1 {{requires the result ('tensor<5x64xf32>') to have the rows of 'input' ('tensor<4x64xf32>')}}
  %y = moe.ffn %x (%a, %b : tensor<96x64xf32>, tensor<64x96xf32>) body <ungated, relu> : tensor<4x64xf32> -> tensor<5x64xf32>
  return %y : tensor<5x64xf32>
}

// -----

// (ffn_c2)
func.func @a_dense_body_has_its_parameters(%x: tensor<4x64xf32>, %a: tensor<96x64xf32>, %b: tensor<64x96xf32>) -> tensor<4x64xf32> {
  // expected-error @+1 {{expects 3 parameters, but got 2}}
  %y = moe.ffn %x (%a, %b : tensor<96x64xf32>, tensor<64x96xf32>) body <gated, silu> : tensor<4x64xf32> -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}

// -----

// (ffn_c2)
func.func @the_last_matrix_is_a_matrix(%x: tensor<4x64xf32>, %a: tensor<96x64xf32>, %b: tensor<64xf32>) -> tensor<4x64xf32> {
  // expected-error @+1 {{expects a matrix as parameter 'down', but got 'tensor<64xf32>'}}
  %y = moe.ffn %x (%a, %b : tensor<96x64xf32>, tensor<64xf32>) body <ungated, relu> : tensor<4x64xf32> -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}

// -----

// (ffn_c2)
func.func @a_dense_body_has_parameters_of_its_shapes(%x: tensor<4x64xf32>, %a: tensor<95x64xf32>, %b: tensor<64x96xf32>) -> tensor<4x64xf32> {
  // expected-error @+1 {{requires parameter 'up' ('tensor<95x64xf32>') to have the shape [96, 64]}}
  %y = moe.ffn %x (%a, %b : tensor<95x64xf32>, tensor<64x96xf32>) body <ungated, relu> : tensor<4x64xf32> -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}

// -----

// (dispatch_c2)
func.func @indexed_rows_are_units_as_they_are(%x: tensor<?x64xf32>, %p: !moe.plan<8, slots<1>>) -> !moe.rows<f32, 64, indexed> {
  // expected-error @+1 {{expects units as they are in indexed rows, but got weights, a scale or a soft plan that change them}}
  %y = moe.dispatch %x, %p apply <input> : tensor<?x64xf32>, !moe.plan<8, slots<1>> -> !moe.rows<f32, 64, indexed>
  return %y : !moe.rows<f32, 64, indexed>
}

// -----

// (experts_c5)
func.func @results_of_experts_are_grouped(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>) -> !moe.rows<f32, 64, indexed> {
  // expected-error @+1 {{expects grouped 'rows', but got '!moe.rows<f32, 64, indexed>'}}
  %y = moe.experts %r, %p table <[<copy, 8>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, indexed>
  return %y : !moe.rows<f32, 64, indexed>
}

// -----

// (combine_c3)
func.func @combined_rows_are_grouped(%r: !moe.rows<f32, 64, indexed>, %p: !moe.plan<8, slots<2>>, %x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  // expected-error @+1 {{expects grouped 'rows', but got '!moe.rows<f32, 64, indexed>'}}
  %y = moe.combine %r, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 64, indexed>, !moe.plan<8, slots<2>>, tensor<?x64xf32> -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// -----

// (experts_c6)
func.func @kronecker_products_split_every_size(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %a: tensor<3x3x3xf32>, %s: tensor<8x3x21x21xf32>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{requires the sizes of matrices (64) to be multiples of those that 'factors = phm' splits off (3)}}
  %y = moe.experts %r, %p (%a, %s : tensor<3x3x3xf32>, tensor<8x3x21x21xf32>) table <[<factored, 8, rank = 3, factors = phm, evaluation = materialise>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (experts_c6)
func.func @outer_tensors_split_the_inner_width(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %w: tensor<8x2x2x1xf32>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{requires the sizes of matrices (12) to be multiples of those that 'factors = mpo' splits off (8)}}
  %y = moe.experts %r, %p (%w, %w, %w, %w, %w, %w : tensor<8x2x2x1xf32>, tensor<8x2x2x1xf32>, tensor<8x2x2x1xf32>, tensor<8x2x2x1xf32>, tensor<8x2x2x1xf32>, tensor<8x2x2x1xf32>) table <[<factored, 8, width = 12, body = <ungated, relu>, rank = 1, widths = [2, 4], factors = mpo, evaluation = materialise>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}

// -----

// (experts_c2)
func.func @a_shared_centre_is_not_stacked(%r: !moe.rows<f32, 64, grouped>, %p: !moe.plan<8, slots<2>>, %l: tensor<8x2x2x1xf32>, %c: tensor<8x1x16x16x1xf32>, %t: tensor<8x1x2x2xf32>) -> !moe.rows<f32, 64, grouped> {
  // expected-error @+1 {{requires parameter 'matrix core' ('tensor<8x1x16x16x1xf32>') to have the shape [1, 16, 16, 1]}}
  %y = moe.experts %r, %p (%l, %c, %t : tensor<8x2x2x1xf32>, tensor<8x1x16x16x1xf32>, tensor<8x1x2x2xf32>) table <[<factored, 8, rank = 1, widths = [2, 2], factors = mpo, evaluation = materialise>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  return %y : !moe.rows<f32, 64, grouped>
}
