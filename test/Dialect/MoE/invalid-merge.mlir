// One case per constraint of merge_experts and apply_merged; the function's name says the rule.
// RUN: moe-opt %s --split-input-file --verify-diagnostics

// (R19): class
func.func @a_zero_class_has_nothing_to_mix(%p: !moe.plan<4, dense>, %v: tensor<4x3xf32>) {
  // expected-error @+1 {{expects a class with parameters to mix, but got kind 'zero'}}
  %m = moe.merge_experts %p (%v : tensor<4x3xf32>) experts <zero, 4> : !moe.plan<4, dense> -> tensor<?x3xf32>
  return
}

// -----

// (R19)
func.func @a_copy_class_has_nothing_to_mix(%p: !moe.plan<4, dense>, %v: tensor<4x3xf32>) {
  // expected-error @+1 {{expects a class with parameters to mix, but got kind 'copy'}}
  %m = moe.merge_experts %p (%v : tensor<4x3xf32>) experts <copy, 4> : !moe.plan<4, dense> -> tensor<?x3xf32>
  return
}

// -----

// (R19)
func.func @a_nested_class_has_nothing_to_mix(%p: !moe.plan<4, dense>, %v: tensor<4x3xf32>) {
  // expected-error @+1 {{expects a class with parameters to mix, but got kind 'nested'}}
  %m = moe.merge_experts %p (%v : tensor<4x3xf32>) experts <nested, 4, widths = [1, 1, 2, 3]> : !moe.plan<4, dense> -> tensor<?x3xf32>
  return
}

// -----

// (R19): plan
func.func @plans_in_csr_are_not_mixed_by(%p: !moe.plan<4, csr>, %v: tensor<4x3xf32>) {
  // expected-error @+1 {{expects a plan in slots or dense, but got '!moe.plan<4, csr>'}}
  %m = moe.merge_experts %p (%v : tensor<4x3xf32>) experts <value, 4> : !moe.plan<4, csr> -> tensor<?x3xf32>
  return
}

// -----

// (R19)
func.func @plans_in_buckets_are_not_mixed_by(%p: !moe.plan<4, buckets<2>>, %v: tensor<4x3xf32>) {
  // expected-error @+1 {{expects a plan in slots or dense, but got '!moe.plan<4, buckets<2>>'}}
  %m = moe.merge_experts %p (%v : tensor<4x3xf32>) experts <value, 4> : !moe.plan<4, buckets<2>> -> tensor<?x3xf32>
  return
}

// -----

// (R19)
func.func @plans_in_grouped_are_not_mixed_by(%p: !moe.plan<4, grouped>, %v: tensor<4x3xf32>) {
  // expected-error @+1 {{expects a plan in slots or dense, but got '!moe.plan<4, grouped>'}}
  %m = moe.merge_experts %p (%v : tensor<4x3xf32>) experts <value, 4> : !moe.plan<4, grouped> -> tensor<?x3xf32>
  return
}

// -----

// (R19)
func.func @plans_in_soft_are_not_mixed_by(%p: !moe.plan<4, soft<1>>, %v: tensor<4x3xf32>) {
  // expected-error @+1 {{expects a plan in slots or dense, but got '!moe.plan<4, soft<1>>'}}
  %m = moe.merge_experts %p (%v : tensor<4x3xf32>) experts <value, 4> : !moe.plan<4, soft<1>> -> tensor<?x3xf32>
  return
}

// -----

// (merge_experts_c1)
func.func @the_class_has_all_experts(%p: !moe.plan<4, dense>, %v: tensor<3x3xf32>) {
  // expected-error @+1 {{requires the experts of the class (3) to equal the plan's experts (4)}}
  %m = moe.merge_experts %p (%v : tensor<3x3xf32>) experts <value, 3> : !moe.plan<4, dense> -> tensor<?x3xf32>
  return
}

// -----

// (merge_experts_c1)
func.func @a_plan_has_no_always(%p: !moe.plan<4, dense, always = 1>, %v: tensor<4x3xf32>) {
  // expected-error @+1 {{expects a plan without always-on ids and carry, but got '!moe.plan<4, dense, always = 1>'}}
  %m = moe.merge_experts %p (%v : tensor<4x3xf32>) experts <value, 4> : !moe.plan<4, dense, always = 1> -> tensor<?x3xf32>
  return
}

// -----

// (merge_experts_c1)
func.func @a_plan_has_no_carry(%p: !moe.plan<4, dense, carry>, %v: tensor<4x3xf32>) {
  // expected-error @+1 {{expects a plan without always-on ids and carry, but got '!moe.plan<4, dense, carry>'}}
  %m = moe.merge_experts %p (%v : tensor<4x3xf32>) experts <value, 4> : !moe.plan<4, dense, carry> -> tensor<?x3xf32>
  return
}

// -----

// (merge_experts_c2)
func.func @every_parameter_is_mixed(%p: !moe.plan<4, dense>, %v: tensor<4x3xf32>) {
  // expected-error @+1 {{expects 2 parameters and results, but got 1 and 1}}
  %m = moe.merge_experts %p (%v : tensor<4x3xf32>) experts <ffn, 4, width = 3, body = <ungated, relu>> : !moe.plan<4, dense> -> tensor<?x3xf32>
  return
}

// -----

// (merge_experts_c2)
func.func @parameters_have_their_shapes(%p: !moe.plan<4, dense>, %v: tensor<5x3xf32>) {
  // expected-error @+1 {{requires 'vector' ('tensor<5x3xf32>') to be a tensor of floats of the shape}}
  %m = moe.merge_experts %p (%v : tensor<5x3xf32>) experts <value, 4> : !moe.plan<4, dense> -> tensor<?x3xf32>
  return
}

// -----

// (merge_experts_c2)
func.func @results_are_like_parameters(%p: !moe.plan<4, dense>, %v: tensor<4x3xf32>) {
  // expected-error @+1 {{requires the merged 'vector' ('tensor<?x2xf32>') to be the parameter ('tensor<4x3xf32>') with units instead of experts}}
  %m = moe.merge_experts %p (%v : tensor<4x3xf32>) experts <value, 4> : !moe.plan<4, dense> -> tensor<?x2xf32>
  return
}

// -----

// (merge_experts_c2)
func.func @results_have_the_type_of_parameters(%p: !moe.plan<4, dense>, %v: tensor<4x3xf32>) {
  // expected-error @+1 {{requires the merged 'vector' ('tensor<?x3xf16>') to be the parameter ('tensor<4x3xf32>') with units instead of experts}}
  %m = moe.merge_experts %p (%v : tensor<4x3xf32>) experts <value, 4> : !moe.plan<4, dense> -> tensor<?x3xf16>
  return
}

// -----

// (apply_merged_c1)
func.func @zero_has_no_parameters(%x: tensor<?x3xf32>, %w: tensor<?x3xf32>) {
  // expected-error @+1 {{expects a class with parameters of its own, but got kind 'zero'}}
  %y = moe.apply_merged %x (%w : tensor<?x3xf32>) experts <zero, 1> : tensor<?x3xf32> -> tensor<?x3xf32>
  return
}

// -----

// (apply_merged_c1)
func.func @a_copy_has_no_parameters(%x: tensor<?x3xf32>, %w: tensor<?x3xf32>) {
  // expected-error @+1 {{expects a class with parameters of its own, but got kind 'copy'}}
  %y = moe.apply_merged %x (%w : tensor<?x3xf32>) experts <copy, 1> : tensor<?x3xf32> -> tensor<?x3xf32>
  return
}

// -----

// (apply_merged_c1)
func.func @a_nested_expert_has_parameters_of_all(%x: tensor<?x3xf32>, %w: tensor<?x3xf32>) {
  // expected-error @+1 {{expects a class with parameters of its own, but got kind 'nested'}}
  %y = moe.apply_merged %x (%w : tensor<?x3xf32>) experts <nested, 1, widths = [3]> : tensor<?x3xf32> -> tensor<?x3xf32>
  return
}

// -----

// (apply_merged_c1)
func.func @a_function_has_no_parameters(%x: tensor<?x3xf32>, %w: tensor<?x3xf32>) {
  // expected-error @+1 {{expects a class with parameters of its own, but got kind 'external'}}
  %y = moe.apply_merged %x (%w : tensor<?x3xf32>) experts <external, 1, callee = @f> : tensor<?x3xf32> -> tensor<?x3xf32>
  return
}

// -----

// (apply_merged_c2)
func.func @a_vector_is_as_wide_as_the_result(%x: tensor<?x3xf32>, %v: tensor<?x3xf32>) {
  // expected-error @+1 {{requires 'vector' ('tensor<?x3xf32>') to be a tensor of floats of the shape}}
  %y = moe.apply_merged %x (%v : tensor<?x3xf32>) experts <value, 1> : tensor<?x3xf32> -> tensor<?x2xf32>
  return
}

// -----

// (R17)
func.func @what_is_mixed_in_is_as_wide_as_the_result(%x: tensor<?x3xf32>, %v: tensor<?x2xf32>, %w: tensor<?x2x3xf32>) {
  // expected-error @+1 {{requires the width of the result (2) to equal that of the input (3) where a class passes rows on}}
  %y = moe.apply_merged %x (%v, %w : tensor<?x2xf32>, tensor<?x2x3xf32>) experts <constant, 1, mix = softmax2> : tensor<?x3xf32> -> tensor<?x2xf32>
  return
}

// -----

// (body_c5)
func.func @the_function_of_a_merged_neuron_is_there(%x: tensor<?x3xf32>, %u: tensor<?x3xf32>) {
  // expected-error @+1 {{expects a function as 'callee', but got @nothing}}
  %y = moe.apply_merged %x (%u, %u : tensor<?x3xf32>, tensor<?x3xf32>) experts <neuron, 1, body = <ungated, external, callee = @nothing>> : tensor<?x3xf32> -> tensor<?x3xf32>
  return
}

// -----

// (apply_merged_c1)
func.func @one_expert_is_applied(%x: tensor<?x3xf32>, %w: tensor<?x2x3xf32>) {
  // expected-error @+1 {{expects a class of one expert, but got 2}}
  %y = moe.apply_merged %x (%w : tensor<?x2x3xf32>) experts <linear, 2> : tensor<?x3xf32> -> tensor<?x2xf32>
  return
}

// -----

// (apply_merged_c2)
func.func @every_parameter_is_applied(%x: tensor<?x3xf32>, %w: tensor<?x2x3xf32>) {
  // expected-error @+1 {{expects 2 parameters, but got 1}}
  %y = moe.apply_merged %x (%w : tensor<?x2x3xf32>) experts <linear, 1, bias = true> : tensor<?x3xf32> -> tensor<?x2xf32>
  return
}

// -----

// (apply_merged_c2)
func.func @applied_parameters_have_their_shapes(%x: tensor<?x3xf32>, %w: tensor<?x3x3xf32>) {
  // expected-error @+1 {{requires 'matrix' ('tensor<?x3x3xf32>') to be a tensor of floats of the shape}}
  %y = moe.apply_merged %x (%w : tensor<?x3x3xf32>) experts <linear, 1> : tensor<?x3xf32> -> tensor<?x2xf32>
  return
}

// -----

// (apply_merged_c2)
func.func @the_result_has_the_rows_of_the_input(%x: tensor<4x3xf32>, %w: tensor<?x2x3xf32>) {
  // expected-error @+1 {{requires the result ('tensor<5x2xf32>') to have the rows of 'input' ('tensor<4x3xf32>')}}
  %y = moe.apply_merged %x (%w : tensor<?x2x3xf32>) experts <linear, 1> : tensor<4x3xf32> -> tensor<5x2xf32>
  return
}

// -----

// (apply_merged_c3)
func.func @each_row_has_a_unit(%x: tensor<4x3xf32>, %w: tensor<?x2x3xf32>, %u: tensor<5xi32>) {
  // expected-error @+1 {{requires 'unit_of' ('tensor<5xi32>') to have one element per row of 'input' ('tensor<4x3xf32>')}}
  %y = moe.apply_merged %x (%w : tensor<?x2x3xf32>) unit_of(%u : tensor<5xi32>) experts <linear, 1> : tensor<4x3xf32> -> tensor<4x2xf32>
  return
}

// -----

// (apply_merged_c3)
func.func @without_unit_of_each_row_has_a_slab(%x: tensor<4x3xf32>, %w: tensor<5x2x3xf32>) {
  // expected-error @+1 {{requires 'matrix' ('tensor<5x2x3xf32>') to be a tensor of floats of the shape}}
  %y = moe.apply_merged %x (%w : tensor<5x2x3xf32>) experts <linear, 1> : tensor<4x3xf32> -> tensor<4x2xf32>
  return
}

// -----

// (R19): quantised
func.func @codes_are_not_mixed(%p: !moe.plan<4, dense>, %q: tensor<4x8x8xi8>, %s: tensor<4x8xf32>) {
  // expected-error @+1 {{expects parameters of float to mix, but got #moe.class<linear, 4, quant = [<i8_chan>]>}}
  %m:2 = moe.merge_experts %p (%q, %s : tensor<4x8x8xi8>, tensor<4x8xf32>) experts <linear, 4, quant = [<i8_chan>]> : !moe.plan<4, dense> -> tensor<?x8x8xi8>, tensor<?x8xf32>
  return
}

// -----

// (R19)
func.func @codes_are_not_mixed_before(%x: tensor<?x8xf32>, %q: tensor<?x8x8xi8>, %s: tensor<?x8xf32>) {
  // expected-error @+1 {{expects a float 'quant' of 'matrix', which is mixed}}
  %y = moe.apply_merged %x (%q, %s : tensor<?x8x8xi8>, tensor<?x8xf32>) experts <linear, 1, quant = [<i8_chan>]> : tensor<?x8xf32> -> tensor<?x8xf32>
  return
}

// -----

// (R16)
func.func @a_shared_base_has_the_shapes_of_its_format(%x: tensor<?x8xf32>, %q: tensor<8x8xi8>, %s: tensor<7xf32>, %b: tensor<?x8x2xf32>, %a: tensor<?x2x8xf32>) {
  // expected-error @+1 {{requires 'scales' ('tensor<7xf32>') to have the shape [8]}}
  %y = moe.apply_merged %x (%q, %s, %q, %s, %b, %a : tensor<8x8xi8>, tensor<7xf32>, tensor<8x8xi8>, tensor<7xf32>, tensor<?x8x2xf32>, tensor<?x2x8xf32>)
    experts <lora, 1, width = 8, body = <ungated, relu>, targets = [up], rank = 2, quant = [<i8_chan>, <i8_chan>, <float>, <float>]>
    : tensor<?x8xf32> -> tensor<?x8xf32>
  return
}

// -----

// (R16)
func.func @a_shared_base_has_static_sizes(%x: tensor<?x?xf32>, %q: tensor<8x8xi8>, %s: tensor<8xf32>, %b: tensor<?x8x2xf32>, %a: tensor<?x2x8xf32>) {
  // expected-error @+1 {{expects static sizes of parameter 'up', which is stored}}
  %y = moe.apply_merged %x (%q, %s, %q, %s, %b, %a : tensor<8x8xi8>, tensor<8xf32>, tensor<8x8xi8>, tensor<8xf32>, tensor<?x8x2xf32>, tensor<?x2x8xf32>)
    experts <lora, 1, width = 8, body = <ungated, relu>, targets = [up], rank = 2, quant = [<i8_chan>, <i8_chan>, <float>, <float>]>
    : tensor<?x?xf32> -> tensor<?x?xf32>
  return
}

// -----

// (experts_c6)
func.func @rules_of_a_product_divide_the_sizes(%x: tensor<?x8xf32>, %a: tensor<3x3x3xf32>, %s: tensor<?x3x2x2xf32>) {
  // expected-error @+1 {{requires the sizes of matrices (8) to be multiples of those that 'factors = phm' splits off (3)}}
  %y = moe.apply_merged %x (%a, %s : tensor<3x3x3xf32>, tensor<?x3x2x2xf32>) experts <factored, 1, rank = 3, factors = phm> : tensor<?x8xf32> -> tensor<?x8xf32>
  return
}
