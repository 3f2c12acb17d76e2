// One case per constraint of plans and of the ops on them; the function's name says the rule.
// RUN: moe-opt %s --split-input-file --verify-diagnostics

// (plan_c2)
// expected-error @+1 {{expects buckets of a positive size, but got 0}}
func.func private @buckets_hold_something(!moe.plan<8, buckets<0>>)

// -----

// (convert_plan_c1)
func.func @a_conversion_keeps_the_experts(%p: !moe.plan<8, slots<2>>) {
  // expected-error @+1 {{requires the result ('!moe.plan<9, csr>') to differ from the plan ('!moe.plan<8, slots<2>>') in the encoding alone}}
  %q = moe.convert_plan %p : !moe.plan<8, slots<2>> -> !moe.plan<9, csr>
  return
}

// -----

// (convert_plan_c1)
func.func @a_conversion_keeps_what_is_carried(%p: !moe.plan<8, csr, carry>) {
  // expected-error @+1 {{requires the result ('!moe.plan<8, dense>') to differ from the plan ('!moe.plan<8, csr, carry>') in the encoding alone}}
  %q = moe.convert_plan %p : !moe.plan<8, csr, carry> -> !moe.plan<8, dense>
  return
}

// -----

// (unpack_plan_c1)
func.func @every_part_is_taken(%p: !moe.plan<8, csr>) {
  // expected-error @+1 {{expects 3 parts of '!moe.plan<8, csr>', but got 2}}
  %q:2 = moe.unpack_plan %p : !moe.plan<8, csr> -> tensor<?xi32>, tensor<?xi32>
  return
}

// -----

// (unpack_plan_c1)
func.func @parts_have_their_types(%p: !moe.plan<8, slots<2>, weight = bf16>) {
  // expected-error @+1 {{requires part 'weights' ('tensor<?x2xf32>') to have the type 'tensor<?x2xbf16>'}}
  %q:2 = moe.unpack_plan %p : !moe.plan<8, slots<2>, weight = bf16> -> tensor<?x2xi32>, tensor<?x2xf32>
  return
}

// -----

// (unpack_plan_c1)
func.func @parts_have_their_sizes(%p: !moe.plan<8, slots<2>>) {
  // expected-error @+1 {{requires part 'ids' ('tensor<?x3xi32>') to have the type 'tensor<?x2xi32>'}}
  %q:2 = moe.unpack_plan %p : !moe.plan<8, slots<2>> -> tensor<?x3xi32>, tensor<?x2xf32>
  return
}

// -----

// (pack_plan_c1)
func.func @a_plan_is_made_of_its_parts(%i: tensor<?x2xi64>, %w: tensor<?x2xf32>) {
  // expected-error @+1 {{requires part 'ids' ('tensor<?x2xi64>') to have the type 'tensor<?x2xi32>'}}
  %q = moe.pack_plan %i, %w : tensor<?x2xi64>, tensor<?x2xf32> -> !moe.plan<8, slots<2>>
  return
}

// -----

// (pack_plan_c2)
func.func @slots_tell_their_units(%i: tensor<?x2xi32>, %w: tensor<?x2xf32>, %u: index) {
  // expected-error @+1 {{expects 'units' with buckets and grouped alone, but got the encoding 'slots'}}
  %q = moe.pack_plan %i, %w units(%u) : tensor<?x2xi32>, tensor<?x2xf32> -> !moe.plan<8, slots<2>>
  return
}

// -----

// (pack_plan_c2)
func.func @groups_do_not_tell_their_units(%o: tensor<9xi32>, %i: tensor<?xi32>, %w: tensor<?xf32>) {
  // expected-error @+1 {{expects 'units' with buckets and grouped alone, but got the encoding 'grouped'}}
  %q = moe.pack_plan %o, %i, %i, %w : tensor<9xi32>, tensor<?xi32>, tensor<?xi32>, tensor<?xf32> -> !moe.plan<8, grouped>
  return
}

// -----

// (expand_plan_c1)
func.func @buckets_are_not_expanded(%p: !moe.plan<8, buckets<4>>, %u: tensor<?xi32>) {
  // expected-error @+1 {{expects a plan that is not in buckets and not soft, but got '!moe.plan<8, buckets<4>>'}}
  %q = moe.expand_plan %p, %u : !moe.plan<8, buckets<4>>, tensor<?xi32>
  return
}

// -----

// (remap_c1)
func.func @new_ids_come_from_somewhere(%p: !moe.plan<4, slots<2>>) {
  // expected-error @+1 {{expects either 'map' or 'replicas' and 'choice'}}
  %q = moe.remap %p many_to_one <sum> {} : !moe.plan<4, slots<2>> -> !moe.plan<2, slots<2>>
  return
}

// -----

// (remap_c1)
func.func @replicas_are_chosen(%p: !moe.plan<4, slots<2>>, %r: tensor<4x2xi32>) {
  // expected-error @+1 {{expects either 'map' or 'replicas' and 'choice'}}
  %q = moe.remap %p replicas(%r : tensor<4x2xi32>) many_to_one <sum> {} : !moe.plan<4, slots<2>> -> !moe.plan<2, slots<2>>
  return
}

// -----

// (remap_c1)
func.func @new_ids_come_from_one_place(%p: !moe.plan<4, slots<2>>, %r: tensor<4x2xi32>, %c: tensor<?x2xi32>) {
  // expected-error @+1 {{expects either 'map' or 'replicas' and 'choice'}}
  %q = moe.remap %p replicas(%r : tensor<4x2xi32>) choice(%c : tensor<?x2xi32>) many_to_one <sum> {map = array<i64: 0, 0, 1, 1>} : !moe.plan<4, slots<2>> -> !moe.plan<2, slots<2>>
  return
}

// -----

// (remap_c2)
func.func @a_map_has_every_expert(%p: !moe.plan<4, slots<2>>) {
  // expected-error @+1 {{requires the elements of 'map' (3) to be as many as the plan's experts (4)}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 0, 0, 1>} : !moe.plan<4, slots<2>> -> !moe.plan<2, slots<2>>
  return
}

// -----

// (remap_c2)
func.func @a_map_leads_to_experts(%p: !moe.plan<4, slots<2>>) {
  // expected-error @+1 {{requires the ids in 'map' (2) to be -1 or below the result's experts (2)}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 0, 0, 1, 2>} : !moe.plan<4, slots<2>> -> !moe.plan<2, slots<2>>
  return
}

// -----

// (remap_c2)
func.func @a_map_leads_nowhere_by_minus_one(%p: !moe.plan<4, slots<2>>) {
  // expected-error @+1 {{requires the ids in 'map' (-2) to be -1 or below the result's experts (2)}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 0, 0, 1, -2>} : !moe.plan<4, slots<2>> -> !moe.plan<2, slots<2>>
  return
}

// -----

// (remap_c2)
func.func @every_expert_has_replicas(%p: !moe.plan<4, slots<2>>, %r: tensor<3x2xi32>, %c: tensor<?x2xi32>) {
  // expected-error @+1 {{requires the rows of 'replicas' (3) to equal the plan's experts (4)}}
  %q = moe.remap %p replicas(%r : tensor<3x2xi32>) choice(%c : tensor<?x2xi32>) many_to_one <sum> {} : !moe.plan<4, slots<2>> -> !moe.plan<2, slots<2>>
  return
}

// -----

// (remap_c2)
func.func @every_slot_has_a_choice(%p: !moe.plan<4, slots<2>>, %r: tensor<4x2xi32>, %c: tensor<?x3xi32>) {
  // expected-error @+1 {{requires the columns of 'choice' (3) to equal the plan's slots (2)}}
  %q = moe.remap %p replicas(%r : tensor<4x2xi32>) choice(%c : tensor<?x3xi32>) many_to_one <sum> {} : !moe.plan<4, slots<2>> -> !moe.plan<2, slots<2>>
  return
}

// -----

// (remap_c3)
func.func @carried_ids_ascend(%p: !moe.plan<4, slots<2>>) {
  // expected-error @+1 {{expects ascending ids of the plan in 'carry', but got 2 after 3}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 0, 1, -1, -1>, carry = array<i64: 3, 2>} : !moe.plan<4, slots<2>> -> !moe.plan<2, slots<2>, carry>
  return
}

// -----

// (remap_c3)
func.func @carried_ids_are_dropped(%p: !moe.plan<4, slots<2>>) {
  // expected-error @+1 {{expects 'map' to drop the ids in 'carry', but it keeps 1}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 0, 1, -1, -1>, carry = array<i64: 1>} : !moe.plan<4, slots<2>> -> !moe.plan<2, slots<2>, carry>
  return
}

// -----

// (remap_c4)
func.func @kept_slots_are_slots(%p: !moe.plan<4, slots<2>>) {
  // expected-error @+1 {{expects ascending slots of the plan in 'slot_mask', but got 2 after 0}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 0, 0, 1, 1>, slot_mask = array<i64: 0, 2>} : !moe.plan<4, slots<2>> -> !moe.plan<2, slots<2>>
  return
}

// -----

// (remap_c5)
func.func @plans_are_in_slots(%p: !moe.plan<4, csr>) {
  // expected-error @+1 {{expects plans in slots, but got '!moe.plan<4, csr>' and '!moe.plan<2, csr>'}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 0, 0, 1, 1>} : !moe.plan<4, csr> -> !moe.plan<2, csr>
  return
}

// -----

// (remap_c5)
func.func @no_slots_are_gained(%p: !moe.plan<4, slots<1>>) {
  // expected-error @+1 {{requires the result ('!moe.plan<2, slots<2>>') to be '!moe.plan<2, slots<1>>'}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 0, 0, 1, 1>} : !moe.plan<4, slots<1>> -> !moe.plan<2, slots<2>>
  return
}

// -----

// (remap_c5)
func.func @the_result_carries_what_is_carried(%p: !moe.plan<4, slots<2>>) {
  // expected-error @+1 {{requires the result ('!moe.plan<2, slots<2>>') to be '!moe.plan<2, slots<2>, carry>'}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 0, 1, -1, -1>, carry = array<i64: 3>} : !moe.plan<4, slots<2>> -> !moe.plan<2, slots<2>>
  return
}

// -----

// (plan_c2)
// expected-error @+1 {{expects a positive number of rows per expert, but got 0}}
func.func private @an_expert_has_a_soft_row(!moe.plan<8, soft<0>>)

// -----

// (plan_c3)
// expected-error @+1 {{expects a soft plan without always-on ids and carry}}
func.func private @soft_plans_carry_nothing(!moe.plan<8, soft<1>, carry>)

// -----

// (plan_c3)
// expected-error @+1 {{expects a soft plan without always-on ids and carry}}
func.func private @soft_plans_have_no_always_on_ids(!moe.plan<8, soft<1>, always = 1>)

// -----

// (convert_plan_c1)
func.func @a_soft_plan_has_no_entries(%p: !moe.plan<8, soft<1>>) {
  // expected-error @+1 {{expects plans of entries, but got '!moe.plan<8, soft<1>>' and '!moe.plan<8, csr>'}}
  %q = moe.convert_plan %p : !moe.plan<8, soft<1>> -> !moe.plan<8, csr>
  return
}

// -----

// (expand_plan_c1)
func.func @soft_plans_are_not_expanded(%p: !moe.plan<8, soft<1>>, %u: tensor<?xi32>) {
  // expected-error @+1 {{expects a plan that is not in buckets and not soft, but got '!moe.plan<8, soft<1>>'}}
  %q = moe.expand_plan %p, %u : !moe.plan<8, soft<1>>, tensor<?xi32>
  return
}

// -----

// (R4): apply
func.func @soft_rows_are_not_weighed_at_the_input(%x: tensor<?x4xf32>, %p: !moe.plan<8, soft<1>>) {
  // expected-error @+1 {{expects 'apply <output>' with a soft plan, but got 'input'}}
  %r = moe.dispatch %x, %p apply <input> allow_multi : tensor<?x4xf32>, !moe.plan<8, soft<1>> -> !moe.rows<f32, 4, grouped>
  return
}

// -----

// (R4): zero
func.func @soft_rows_need_an_expert(%r: !moe.rows<f32, 4, grouped>, %p: !moe.plan<8, soft<1>>) {
  // expected-error @+1 {{expects no class that looks at single units with a soft plan, but got 'zero'}}
  %h = moe.experts %r, %p table <[<zero, 8>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, soft<1>> -> !moe.rows<f32, 4, grouped>
  return
}

// -----

// (R4): constant
func.func @soft_rows_need_an_input(%r: !moe.rows<f32, 4, grouped>, %p: !moe.plan<8, soft<1>>, %v: tensor<8x4xf32>) {
  // expected-error @+1 {{expects no class that looks at single units with a soft plan, but got 'constant'}}
  %h = moe.experts %r, %p (%v : tensor<8x4xf32>) table <[<constant, 8>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, soft<1>> -> !moe.rows<f32, 4, grouped>
  return
}

// -----

// (R4): copy
func.func @soft_rows_need_a_body(%r: !moe.rows<f32, 4, grouped>, %p: !moe.plan<8, soft<1>>) {
  // expected-error @+1 {{expects no class that looks at single units with a soft plan, but got 'copy'}}
  %h = moe.experts %r, %p table <[<copy, 8>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, soft<1>> -> !moe.rows<f32, 4, grouped>
  return
}

// -----

// (R4): neuron
func.func @soft_rows_are_of_no_unit(%r: !moe.rows<f32, 4, grouped>, %p: !moe.plan<8, soft<1>>, %u: tensor<8x4xf32>) {
  // expected-error @+1 {{expects no class that looks at single units with a soft plan, but got 'neuron'}}
  %h = moe.experts %r, %p (%u, %u : tensor<8x4xf32>, tensor<8x4xf32>) table <[<neuron, 8, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, soft<1>> -> !moe.rows<f32, 4, grouped>
  return
}

// -----

// (R4)
func.func @soft_rows_leave_no_complement(%r: !moe.rows<f32, 4, grouped>, %p: !moe.plan<8, soft<1>>, %x: tensor<?x4xf32>) {
  // expected-error @+1 {{expects 'apply <output>' and no residual 'complement' with a soft plan, but got 'output' and 'complement'}}
  %y = moe.combine %r, %p, %x apply <output> residual <complement> order <any> : !moe.rows<f32, 4, grouped>, !moe.plan<8, soft<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return
}
