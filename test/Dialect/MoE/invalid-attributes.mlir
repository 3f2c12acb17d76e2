// One case per constraint of the attribute axes and types; the function's name says the rule.
// RUN: moe-opt %s --split-input-file --verify-diagnostics

// (R1)
// expected-error @+1 {{expects a positive number of groups, but got 0}}
func.func private @score_groups_are_positive() attributes {a = #moe.score<softmax, over = group(0)>}

// -----

// (score_c1)
// expected-error @+1 {{expects softmax or entmax15 with 'over', but got 'sigmoid'}}
func.func private @over_belongs_to_softmax_and_entmax15() attributes {a = #moe.score<sigmoid, over = group(2)>}

// -----

// (R9): softmax
// expected-error @+1 {{expects a pointwise score before 'post = rmsnorm', but got 'softmax'}}
func.func private @rmsnorm_follows_a_pointwise_score() attributes {a = #moe.score<softmax, post = rmsnorm(1.0e-6)>}

// -----

// (score_c2)
// expected-error @+1 {{expects a non-negative epsilon, but got -1}}
func.func private @an_epsilon_is_not_negative() attributes {a = #moe.score<relu, post = rmsnorm(-1.0)>}

// -----

// expected-error @+1 {{expects one of over, dtype, round_to, post, but got 'what'}}
func.func private @a_score_has_known_fields() attributes {a = #moe.score<relu, what = 1>}

// -----

// (R1)
// expected-error @+1 {{expects a positive number of groups, but got 0}}
func.func private @filter_groups_are_positive() attributes {a = #moe.group_filter<0, keep = 1>}

// -----

// (R1): kept groups
// expected-error @+1 {{requires 'keep' (9) to be between 1 and the groups (8)}}
func.func private @a_filter_keeps_no_more_groups_than_there_are() attributes {a = #moe.group_filter<8, keep = 9>}

// -----

// (R1)
// expected-error @+1 {{requires 'keep' (0) to be between 1 and the groups (8)}}
func.func private @a_filter_keeps_a_group() attributes {a = #moe.group_filter<8, keep = 0>}

// -----

// (R1)
// expected-error @+1 {{expects a positive number of summed keys, but got 0}}
func.func private @a_filter_sums_keys() attributes {a = #moe.group_filter<8, keep = 1, group_score = sum_top(0)>}

// -----

// (select_c1)
// expected-error @+1 {{expects a positive number of selected experts, but got 0}}
func.func private @selection_takes_an_expert() attributes {a = #moe.select<topk(0)>}

// -----

// (R1)
// expected-error @+1 {{expects a positive number of groups, but got 0}}
func.func private @selection_groups_are_positive() attributes {a = #moe.select<topk_per_group(0, 1)>}

// -----

// (R5): fallback
// expected-error @+1 {{expects no 'fallback' with policy 'all', but got 'argmax'}}
func.func private @all_needs_no_fallback() attributes {a = #moe.select<all, fallback = argmax>}

// -----

// (select_c4)
// expected-error @+1 {{expects 'fallback = all' with policy 'threshold' without 'kmax' alone, but got 'topk'}}
func.func private @all_experts_fill_lists_of_thresholds() attributes {a = #moe.select<topk(2), fallback = all>}

// -----

// (select_c4)
// expected-error @+1 {{expects 'fallback = all' with policy 'threshold' without 'kmax' alone, but got 'threshold' with it}}
func.func private @all_experts_fill_whole_lists() attributes {a = #moe.select<threshold(0.5), kmax = 2, fallback = all>}

// -----

// (weight_c1)
// expected-error @+1 {{expects non-negative ids in 'zero', but got -1}}
func.func private @ids_are_not_negative() attributes {a = #moe.weight<scores, zero = [-1]>}

// -----

// (weight_c1)
// expected-error @+1 {{expects ascending ids in 'exclude', but got 1 after 2}}
func.func private @ids_ascend() attributes {a = #moe.weight<scores, exclude = [2, 1]>}

// -----

// (weight_c1)
// expected-error @+1 {{expects ids in 'zero' or in 'exclude', but got 1 in both}}
func.func private @an_id_is_zero_or_excluded() attributes {a = #moe.weight<scores, zero = [1], exclude = [1]>}

// -----

// (weight_c2)
// expected-error @+1 {{expects a positive 'min_k', but got 0}}
func.func private @min_k_is_positive() attributes {a = #moe.weight<scores, min_k = 0>}

// -----

// (weight_c2)
// expected-error @+1 {{expects a positive p, but got 0}}
func.func private @p_is_positive() attributes {a = #moe.weight<scores, norm = pnorm(0.0)>}

// -----

// (weight_c2)
// expected-error @+1 {{expects a non-negative epsilon, but got -1}}
func.func private @the_epsilon_of_sum_is_not_negative() attributes {a = #moe.weight<scores, norm = sum(-1.0, add)>}

// -----

// (R7): source
// expected-error @+1 {{expects source 'logits' or 'operand' with 'norm = softmax', but got 'key'}}
func.func private @softmax_norm_takes_logits_or_an_operand() attributes {a = #moe.weight<key, norm = softmax>}

// -----

// (R27): source
// expected-error @+1 {{expects source 'one' with 'grad = ste_identity', but got 'scores'}}
func.func private @the_identity_estimator_weighs_with_one() attributes {a = #moe.weight<scores, grad = ste_identity>}

// -----

// (body_c1)
// expected-error @+1 {{expects gate clamps, 'up_offset', a gate bias and joint storage in a gated body alone}}
func.func private @gate_clamps_belong_to_a_gated_body() attributes {a = #moe.body<ungated, relu, gate_hi = 1.0>}

// -----

// (body_c1)
// expected-error @+1 {{expects gate clamps, 'up_offset', a gate bias and joint storage in a gated body alone}}
func.func private @joint_storage_belongs_to_a_gated_body() attributes {a = #moe.body<ungated, relu, storage = interleaved>}

// -----

// (body_c1)
// expected-error @+1 {{expects a gate clamp with 'clamp_at = post'}}
func.func private @clamp_at_post_has_something_to_clamp() attributes {a = #moe.body<gated, silu, clamp_at = post>}

// -----

// (body_c2)
// expected-error @+1 {{expects 'alpha' with 'silu' alone, but got 'relu'}}
func.func private @alpha_belongs_to_silu() attributes {a = #moe.body<gated, relu, alpha = 2.0>}

// -----

// (body_c3)
// expected-error @+1 {{expects joint storage to have both a gate and an up bias or neither}}
func.func private @joint_storage_has_both_biases_or_neither() attributes {a = #moe.body<gated, silu, bias = [gate], storage = interleaved>}

// -----

// (body_c4)
// expected-error @+1 {{requires lower clamp bounds to be at most the upper ones}}
func.func private @clamp_bounds_are_ordered() attributes {a = #moe.body<gated, silu, up_lo = 1.0, up_hi = 0.0>}

// -----

// (body_c5)
// expected-error @+1 {{expects a 'callee' with 'external' alone, but got 'external'}}
func.func private @an_external_activation_has_a_callee() attributes {a = #moe.body<gated, external>}

// -----

// (body_c5)
// expected-error @+1 {{expects a 'callee' with 'external' alone, but got 'relu' with one}}
func.func private @a_callee_belongs_to_an_external_activation() attributes {a = #moe.body<gated, relu, callee = @f>}

// -----

// (class_c1)
// expected-error @+1 {{expects a positive number of experts, but got 0}}
func.func private @a_class_has_an_expert() attributes {a = #moe.class<zero, 0>}

// -----

// (class_c1)
// expected-error @+1 {{expects one expert in an 'external' class, but got 2}}
func.func private @an_external_class_has_one_expert() attributes {a = #moe.class<external, 2, callee = @f>}

// -----

// (class_c2)
// expected-error @+1 {{expects a positive 'width' and a 'body' in a class of kind 'ffn'}}
func.func private @an_ffn_class_has_a_body() attributes {a = #moe.class<ffn, 1, width = 8>}

// -----

// (class_c2)
// expected-error @+1 {{expects a positive 'width' and a 'body' in a class of kind 'lora'}}
func.func private @a_lora_class_has_a_width() attributes {a = #moe.class<lora, 1, body = <gated, silu>, targets = [up], rank = 1>}

// -----

// (class_c2)
// expected-error @+1 {{expects no 'width' and no 'body' in a class of kind 'copy'}}
func.func private @width_belongs_to_bodies() attributes {a = #moe.class<copy, 1, width = 8>}

// -----

// (class_c2)
// expected-error @+1 {{expects no 'width' and no 'body' in a class of kind 'linear'}}
func.func private @a_linear_class_has_no_body() attributes {a = #moe.class<linear, 1, width = 8, body = <gated, silu>>}

// -----

// (class_c2)
// expected-error @+1 {{expects a 'width' and a 'body' or neither in a class of kind 'factored'}}
func.func private @a_factored_body_has_a_width() attributes {a = #moe.class<factored, 1, body = <gated, silu>, rank = 1, factors = cp>}

// -----

// (class_c2)
// expected-error @+1 {{expects no 'body' in a class of kind 'value'}}
func.func private @a_value_has_no_body() attributes {a = #moe.class<value, 1, width = 8, body = <gated, silu>>}

// -----

// (class_c2)
// expected-error @+1 {{expects no 'width' and an ungated 'body' without biases in a class of kind 'neuron'}}
func.func private @a_neuron_is_ungated() attributes {a = #moe.class<neuron, 1, body = <gated, silu>>}

// -----

// (class_c2)
// expected-error @+1 {{expects no 'width' and an ungated 'body' without biases in a class of kind 'neuron'}}
func.func private @a_neuron_has_no_bias() attributes {a = #moe.class<neuron, 1, body = <ungated, silu, bias = [up]>>}

// -----

// (class_c2)
// expected-error @+1 {{expects no negative 'width' in a class of kind 'value'}}
func.func private @a_width_is_not_negative() attributes {a = #moe.class<value, 1, width = -8>}

// -----

// (class_c2)
// expected-error @+1 {{expects 'mix' in a 'constant' class alone, but got kind 'zero'}}
func.func private @mix_belongs_to_constant() attributes {a = #moe.class<zero, 1, mix = softmax2>}

// -----

// (class_c3)
// expected-error @+1 {{expects 'targets' in 'scale_vec' and 'lora' classes and in no other, but got kind 'scale_vec'}}
func.func private @scale_vec_scales_something() attributes {a = #moe.class<scale_vec, 1, width = 8, body = <gated, silu>>}

// -----

// (class_c3)
// expected-error @+1 {{expects 'targets' in 'scale_vec' and 'lora' classes and in no other, but got kind 'film'}}
func.func private @film_has_no_targets() attributes {a = #moe.class<film, 1, width = 8, body = <gated, silu>, targets = [hidden]>}

// -----

// (class_c3)
// expected-error @+1 {{expects gate, up, hidden or output as 'targets' of a 'scale_vec' class, but got 'down'}}
func.func private @scale_vec_scales_vectors() attributes {a = #moe.class<scale_vec, 1, width = 8, body = <gated, silu>, targets = [down]>}

// -----

// (class_c3)
// expected-error @+1 {{expects gate, up or down as 'targets' of a 'lora' class, but got 'hidden' or 'output'}}
func.func private @lora_adds_to_matrices() attributes {a = #moe.class<lora, 1, width = 8, body = <gated, silu>, targets = [hidden], rank = 1>}

// -----

// (class_c3)
// expected-error @+1 {{expects 'gate' as a target of a gated body alone}}
func.func private @a_gate_target_needs_a_gate() attributes {a = #moe.class<lora, 1, width = 8, body = <ungated, silu>, targets = [gate], rank = 1>}

// -----

// (class_c4)
// expected-error @+1 {{expects a positive 'rank' in 'lora' and 'factored' classes and in no other, but got 0 with kind 'lora'}}
func.func private @lora_has_a_rank() attributes {a = #moe.class<lora, 1, width = 8, body = <gated, silu>, targets = [up]>}

// -----

// (class_c4)
// expected-error @+1 {{expects a positive 'rank' in 'lora' and 'factored' classes and in no other, but got 2 with kind 'linear'}}
func.func private @linear_has_no_rank() attributes {a = #moe.class<linear, 1, rank = 2>}

// -----

// (class_c4)
// expected-error @+1 {{expects 'alpha' and 'base' in a 'lora' class alone, but got kind 'factored'}}
func.func private @alpha_belongs_to_lora() attributes {a = #moe.class<factored, 1, rank = 1, alpha = 2.0, factors = cp>}

// -----

// (class_c4)
// expected-error @+1 {{expects split storage with 'base = in_rows'}}
func.func private @products_in_rows_are_split() attributes {a = #moe.class<lora, 1, width = 8, body = <gated, silu, storage = interleaved>, targets = [up], rank = 1, base = in_rows>}

// -----

// (class_c5)
// expected-error @+1 {{expects 'factors', and 'evaluation' of them, in 'factored' classes and in no other, but got kind 'factored'}}
func.func private @factored_has_factors() attributes {a = #moe.class<factored, 1, rank = 1>}

// -----

// (class_c5)
// expected-error @+1 {{expects 'factors', and 'evaluation' of them, in 'factored' classes and in no other, but got kind 'linear'}}
func.func private @evaluation_belongs_to_factors() attributes {a = #moe.class<linear, 1, evaluation = materialise>}

// -----

// (class_c5)
// expected-error @+1 {{expects split storage in a class of kind 'factored'}}
func.func private @factors_are_of_split_matrices() attributes {a = #moe.class<factored, 1, width = 8, body = <gated, silu, storage = interleaved>, rank = 1, factors = cp>}

// -----

// (class_c4)
// expected-error @+1 {{expects a positive 'rank' in 'lora' and 'factored' classes and in no other, but got 2 with kind 'factored'}}
func.func private @a_residual_has_no_rank() attributes {a = #moe.class<factored, 1, rank = 2, factors = residual>}

// -----

// (R18)
// expected-error @+1 {{expects positive 'widths' with 'factors = mpo', but got []}}
func.func private @an_operator_has_an_outer_tensor() attributes {a = #moe.class<factored, 1, rank = 2, factors = mpo, evaluation = materialise>}

// -----

// (R18)
// expected-error @+1 {{expects positive 'columns' that are as many as 'widths' and not the same, but got [2, 3]}}
func.func private @an_outer_tensor_has_rows_and_columns() attributes {a = #moe.class<factored, 1, rank = 2, widths = [2], factors = mpo, columns = [2, 3]>}

// -----

// (R18)
// expected-error @+1 {{expects positive 'columns' that are as many as 'widths' and not the same, but got [2, 3]}}
func.func private @columns_are_given_where_they_differ() attributes {a = #moe.class<factored, 1, rank = 2, widths = [2, 3], factors = mpo, columns = [2, 3]>}

// -----

// (R18)
// expected-error @+1 {{expects positive 'columns' that are as many as 'widths' and not the same, but got [0]}}
func.func private @outer_tensors_have_columns() attributes {a = #moe.class<factored, 1, rank = 2, widths = [2], factors = mpo, columns = [0]>}

// -----

// (R18)
// expected-error @+1 {{expects 'columns' with 'factors = mpo' alone, but got kind 'nested'}}
func.func private @columns_belong_to_operators() attributes {a = #moe.class<nested, 1, widths = [2], columns = [3]>}

// -----

// (R18)
// expected-error @+1 {{expects positive 'widths' with 'factors = mpo', but got [2, 0]}}
func.func private @outer_tensors_have_a_size() attributes {a = #moe.class<factored, 1, rank = 2, widths = [2, 0], factors = mpo, evaluation = materialise>}

// -----

// (R18)
// expected-error @+1 {{expects split storage in a class of kind 'nested'}}
func.func private @nested_widths_are_of_split_matrices() attributes {a = #moe.class<nested, 1, width = 8, body = <gated, silu, storage = interleaved>, widths = [4]>}

// -----

// (R18)
// expected-error @+1 {{expects as many 'widths' as a 'nested' class has experts (2), but got 1}}
func.func private @a_nested_expert_has_a_width() attributes {a = #moe.class<nested, 2, width = 8, body = <gated, silu>, widths = [4]>}

// -----

// (R18)
// expected-error @+1 {{expects as many 'widths' as a 'nested' class has experts (0), but got 1}}
func.func private @widths_belong_to_nested() attributes {a = #moe.class<linear, 1, widths = [4]>}

// -----

// (R18): widths
// expected-error @+1 {{requires 'widths' (9) to be positive and at most 'width' (8)}}
func.func private @a_nested_width_is_at_most_the_whole() attributes {a = #moe.class<nested, 2, width = 8, body = <gated, silu>, widths = [4, 9]>}

// -----

// (R18)
// expected-error @+1 {{requires 'widths' (0) to be positive and at most 'width' (8)}}
func.func private @a_nested_width_is_positive() attributes {a = #moe.class<nested, 2, width = 8, body = <gated, silu>, widths = [0, 8]>}

// -----

// (class_c6)
// expected-error @+1 {{expects 'bias' in linear maps without a body alone, but got kind 'ffn'}}
func.func private @a_body_says_its_own_biases() attributes {a = #moe.class<ffn, 1, width = 8, body = <gated, silu>, bias = true>}

// -----

// (class_c7)
// expected-error @+1 {{expects a 'callee' in 'external' classes and in no other, but got kind 'external'}}
func.func private @an_external_class_has_a_callee() attributes {a = #moe.class<external, 1>}

// -----

// (class_c7)
// expected-error @+1 {{expects a 'callee' in 'external' classes and in no other, but got kind 'copy'}}
func.func private @a_callee_belongs_to_external() attributes {a = #moe.class<copy, 1, callee = @f>}

// -----

// (class_c8)
// expected-error @+1 {{expects 'input_scale' in classes that read their input alone, but got kind 'zero'}}
func.func private @zero_reads_no_input() attributes {a = #moe.class<zero, 1, input_scale = 2.0>}

// -----

// (class_c8)
// expected-error @+1 {{expects 'input_scale' in classes that read their input alone, but got kind 'value'}}
func.func private @a_value_reads_no_input() attributes {a = #moe.class<value, 1, input_scale = 2.0>}

// -----

// (class_c8)
// expected-error @+1 {{expects 'input_scale' in classes that read their input alone, but got kind 'constant'}}
func.func private @a_constant_reads_no_input() attributes {a = #moe.class<constant, 1, input_scale = 2.0>}

// -----

// (class_c8), where a mix reads it.
func.func private @a_mixed_constant_reads_its_input() attributes {a = #moe.class<constant, 1, mix = softmax2, input_scale = 2.0>}

// -----

// (class_c8)
// expected-error @+1 {{expects 'input_scale' in classes that read their input alone, but got kind 'lora' with products in its rows}}
func.func private @products_in_rows_are_not_scaled() attributes {a = #moe.class<lora, 1, width = 8, body = <gated, silu>, targets = [up], rank = 1, base = in_rows, input_scale = 2.0>}

// -----

// (class_c8)
// expected-error @+1 {{expects a finite 'input_scale' other than 1, but got 1}}
func.func private @no_scale_is_no_field() attributes {a = #moe.class<linear, 1, input_scale = 1.0>}

// -----

// (class_c8)
// expected-error @+1 {{expects a finite 'input_scale' other than 1, but got INF}}
func.func private @a_scale_is_finite() attributes {a = #moe.class<linear, 1, input_scale = 0x7FF0000000000000>}

// -----

// (class_c9)
// expected-error @+1 {{expects no negative rank in 'placement', but got -1}}
func.func private @a_rank_is_not_negative() attributes {a = #moe.class<linear, 2, placement = [0, -1]>}

// -----

// (class_c9)
// expected-error @+1 {{requires the ranks in 'placement' (3) to divide the experts of the class (8)}}
func.func private @ranks_have_equally_many_experts() attributes {a = #moe.class<linear, 8, placement = [0, 1, 2]>}

// -----

// expected-error @+1 {{expects one of gate, up, down, hidden, output, but got 'none'}}
func.func private @a_target_is_named() attributes {a = #moe.class<lora, 1, targets = [none]>}

// -----

// (table_c1)
// expected-error @+1 {{expects at least one class, but got none}}
func.func private @a_table_has_a_class() attributes {a = #moe.table<[]>}

// -----

// (table_c1)
// expected-error @+1 {{expects 'always' classes after all routed ones}}
func.func private @always_on_classes_come_last() attributes {a = #moe.table<[<zero, 1, activation = always>, <copy, 1>]>}

// -----

// (plan_c1)
// expected-error @+1 {{expects a positive number of experts, but got 0}}
func.func private @a_plan_has_experts(!moe.plan<0, slots<1>>)

// -----

// (plan_c2)
// expected-error @+1 {{requires the slots (0) to be between 1 and the experts (8)}}
func.func private @a_plan_has_a_slot(!moe.plan<8, slots<0>>)

// -----

// (plan_c2)
// expected-error @+1 {{requires the slots (9) to be between 1 and the experts (8)}}
func.func private @a_plan_has_no_more_slots_than_experts(!moe.plan<8, slots<9>>)

// -----

// (plan_c3)
// expected-error @+1 {{expects a non-negative number of always-on ids, but got -1}}
func.func private @always_on_ids_are_counted(!moe.plan<8, slots<1>, always = -1>)

// -----

// (rows_c1)
// expected-error @+1 {{expects a positive width, but got 0}}
func.func private @rows_have_a_width(!moe.rows<f32, 0, grouped>)

// -----

// (select_c1)
// expected-error @+1 {{expects a positive 'kmax', but got 0}}
func.func private @kmax_is_positive() attributes {a = #moe.select<topp(0.5), kmax = 0>}

// -----

// (select_c2)
// expected-error @+1 {{expects a positive bound with policy 'topp', but got 0}}
func.func private @topp_bounds_a_positive_sum() attributes {a = #moe.select<topp(0.0)>}

// -----

// (select_c2)
// expected-error @+1 {{expects a positive bound with policy 'sparsemixer', but got -1}}
func.func private @sparsemixer_has_a_positive_epsilon() attributes {a = #moe.select<sparsemixer(-1.0, 2), key = logits>}

// -----

// (select_c2)
// expected-error @+1 {{expects 'boundary' with 'topp' and 'threshold' alone, but got policy 'topk'}}
func.func private @topk_has_no_boundary() attributes {a = #moe.select<topk(2), boundary = exclude>}

// -----

// (select_c2)
// expected-error @+1 {{expects 'count' with policy 'expert_topc' alone, but got policy 'topk'}}
func.func private @topk_has_no_count() attributes {a = #moe.select<topk(2), count = <4>>}

// -----

// (select_c2)
// expected-error @+1 {{expects 'count' with policy 'expert_topc' alone, but got policy 'expert_topc'}}
func.func private @expert_topc_has_a_count() attributes {a = #moe.select<expert_topc>}

// -----

// (select_c2)
// expected-error @+1 {{expects 'order' with policy 'greedy_assign' alone, but got policy 'topk'}}
func.func private @topk_has_no_order() attributes {a = #moe.select<topk(2), order = [1], counts = [1]>}

// -----

// (select_c2)
// expected-error @+1 {{expects 'order' with policy 'greedy_assign' alone, but got policy 'greedy_assign'}}
func.func private @greedy_assign_has_an_order() attributes {a = #moe.select<greedy_assign>}

// -----

// (select_c3)
// expected-error @+1 {{expects every id once in 'order', but got 1}}
func.func private @every_expert_has_one_turn() attributes {a = #moe.select<greedy_assign, order = [1, 1], counts = [2, 2]>}

// -----

// (select_c3)
// expected-error @+1 {{requires the ids in 'order' (2) to be as many as the 'counts' (1)}}
func.func private @every_turn_has_a_count() attributes {a = #moe.select<greedy_assign, order = [1, 0], counts = [2]>}

// -----

// (select_c3)
// expected-error @+1 {{expects positive 'counts', but got 0}}
func.func private @every_turn_takes_somebody() attributes {a = #moe.select<greedy_assign, order = [1, 0], counts = [2, 0]>}

// -----

// (R3): fallback
// expected-error @+1 {{expects no 'fallback' with policy 'expert_topc', but got 'argmax'}}
func.func private @experts_that_choose_leave_no_fallback() attributes {a = #moe.select<expert_topc, count = <4>, fallback = argmax>}

// -----

// (R3)
// expected-error @+1 {{expects no 'fallback' with policy 'greedy_assign', but got 'argmax'}}
func.func private @experts_that_take_turns_leave_no_fallback() attributes {a = #moe.select<greedy_assign, order = [0], counts = [1], fallback = argmax>}

// -----

// (count_c1)
// expected-error @+1 {{expects a positive number or a 'factor'}}
func.func private @a_count_is_positive() attributes {a = #moe.count<0>}

// -----

// (count_c1)
// expected-error @+1 {{expects a positive 'factor', but got 0}}
func.func private @a_factor_is_positive() attributes {a = #moe.count<factor = 0.0>}

// -----

// (count_c1)
// expected-error @+1 {{expects a positive 'multiple_of', but got 0}}
func.func private @a_multiple_is_positive() attributes {a = #moe.count<factor = 1.0, multiple_of = 0>}

// -----

// (count_c1)
// expected-error @+1 {{expects a non-negative 'min', but got -1}}
func.func private @a_minimum_is_not_negative() attributes {a = #moe.count<factor = 1.0, min = -1>}

// -----

// (count_c1)
// expected-error @+1 {{expects no other field beside a number}}
func.func private @a_number_is_all() attributes {a = #moe.count<4, mult = k>}

// -----

// (capacity_c1)
// expected-error @+1 {{expects 'count' with 'limit' alone, but got 'limit'}}
func.func private @a_limit_has_a_count() attributes {a = #moe.capacity<limit>}

// -----

// (capacity_c1)
// expected-error @+1 {{expects 'count' with 'limit' alone, but got 'tile_round'}}
func.func private @tiles_have_no_count() attributes {a = #moe.capacity<tile_round, tile = 4, count = <4>>}

// -----

// (capacity_c1)
// expected-error @+1 {{expects 'tile', 'mode' and 'renorm' with 'tile_round' alone, but got 'limit'}}
func.func private @a_limit_has_no_tile() attributes {a = #moe.capacity<limit, count = <4>, tile = 4>}

// -----

// (capacity_c1)
// expected-error @+1 {{expects 'priority' and 'overflow' with 'limit' alone, but got 'tile_round'}}
func.func private @tiles_have_no_priority() attributes {a = #moe.capacity<tile_round, tile = 4, priority = bpr>}

// -----

// (capacity_c1)
// expected-error @+1 {{expects a positive 'tile', but got 0}}
func.func private @a_tile_is_positive() attributes {a = #moe.capacity<tile_round, tile = 0>}

// -----

// (capacity_c2)
// expected-error @+1 {{expects a seed with random, sr_f and nr_s alone, but got 3}}
func.func private @what_draws_has_a_seed() attributes {a = #moe.capacity<limit, count = <4>, priority = bpr(3)>}

// -----

// (R21): reroute
// expected-error @+1 {{expects priority 'unit_major' or 'choice_major' with 'overflow = reroute', but got 'key_desc'}}
func.func private @moving_needs_an_order_of_claims() attributes {a = #moe.capacity<limit, count = <4>, priority = key_desc, overflow = reroute>}

// -----

// (domain_c1)
// expected-error @+1 {{expects blocks of a positive size, but got 0}}
func.func private @blocks_hold_units() attributes {a = #moe.domain<blocks(0)>}

// -----

// (R3)
// expected-error @+1 {{expects no 'fallback' with policy 'balanced_assign', but got 'argmax'}}
func.func private @everybody_is_assigned() attributes {a = #moe.select<balanced_assign, fallback = argmax>}

// -----

// (R3)
// expected-error @+1 {{expects no 'fallback' with policy 'soft_slots', but got 'argmax'}}
func.func private @soft_slots_leave_nobody_out() attributes {a = #moe.select<soft_slots(1), key = logits, fallback = argmax>}

// -----

// (select_c1)
// expected-error @+1 {{expects a positive number of selected experts, but got 0}}
func.func private @an_expert_has_soft_rows() attributes {a = #moe.select<soft_slots(0), key = logits>}
