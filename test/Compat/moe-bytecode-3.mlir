// What Inputs/bytecode-3/moe.mlirbc, the first file with every policy, capacity and domains, never regenerated, must still mean. The text may follow the syntax;
// the binary may not.
// RUN: moe-opt %s -o %t.today
// RUN: moe-opt %S/Inputs/bytecode-3/moe.mlirbc -o %t.then
// RUN: diff %t.today %t.then

module {
  func.func @logits(%arg0: tensor<?x64xf32>, %arg1: tensor<8x64xf32>) -> tensor<?x8xf32> {
    %0 = moe.logits %arg0, %arg1 : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
    return %0 : tensor<?x8xf32>
  }
  func.func @logits_with_everything(%arg0: tensor<4x64xbf16>, %arg1: tensor<8x64xf32>, %arg2: tensor<8xf32>, %arg3: tensor<4x8xf32>) -> tensor<4x8xbf16> {
    %0 = moe.logits %arg0, %arg1 bias(%arg2 : tensor<8xf32>) offset(%arg3 : tensor<4x8xf32>) {softcap = 3.000000e+01 : f64, temperature = 5.000000e-01 : f64} : tensor<4x64xbf16>, tensor<8x64xf32> -> tensor<4x8xbf16>
    return %0 : tensor<4x8xbf16>
  }
  func.func @logits_with_one_offset_for_all_units(%arg0: tensor<?x64xf32>, %arg1: tensor<8x64xf32>, %arg2: tensor<8xf32>) -> tensor<?x8xf32> {
    %0 = moe.logits %arg0, %arg1 offset(%arg2 : tensor<8xf32>) : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
    return %0 : tensor<?x8xf32>
  }
  func.func @route_mixtral(%arg0: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
    %plan = moe.route %arg0 score <softmax> select <topk(2), key = scores> weight <scores, norm = sum(0.000000e+00, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
    return %plan : !moe.plan<8, slots<2>>
  }
  func.func @route_deepseek_v3(%arg0: tensor<?x256xf32>, %arg1: tensor<256xf32>) -> !moe.plan<256, slots<8>, always = 1> {
    %plan = moe.route %arg0 key_offset(%arg1 : tensor<256xf32>) score <sigmoid> group_filter <8, keep = 4, group_score = sum_top(2), fill = neginf> select <topk(8), key = scores> weight <scores, norm = sum(9.9999999999999995E-21, add), min_k = 2, scale = 2.500000e+00> : tensor<?x256xf32> -> !moe.plan<256, slots<8>, always = 1>
    return %plan : !moe.plan<256, slots<8>, always = 1>
  }
  func.func @route_with_every_operand(%arg0: tensor<?x8xf32>, %arg1: tensor<?x8xf32>, %arg2: tensor<8xi1>, %arg3: tensor<8xf32>, %arg4: tensor<?x8xf32>, %arg5: tensor<8xf32>, %arg6: tensor<?x2xf32>) -> !moe.plan<8, slots<2>, always = 2, weight = bf16> {
    %plan = moe.route %arg0 key_offset(%arg1 : tensor<?x8xf32>) allow(%arg2 : tensor<8xi1>) score_gain(%arg3 : tensor<8xf32>) weight_source(%arg4 : tensor<?x8xf32>) expert_scale(%arg5 : tensor<8xf32>) always_weights(%arg6 : tensor<?x2xf32>) score <relu, post = rmsnorm(9.9999999999999995E-7)> select <topk(2), key = scores> weight <operand, dtype = bf16> : tensor<?x8xf32> -> !moe.plan<8, slots<2>, always = 2, weight = bf16>
    return %plan : !moe.plan<8, slots<2>, always = 2, weight = bf16>
  }
  func.func @route_all(%arg0: tensor<?x4xf32>) -> !moe.plan<4, slots<4>> {
    %plan = moe.route %arg0 score <softmax> select <all, key = scores> weight <scores> : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
    return %plan : !moe.plan<4, slots<4>>
  }
  func.func @route_top_per_group(%arg0: tensor<?x8xf32>) -> !moe.plan<8, slots<4>> {
    %plan = moe.route %arg0 score <softmax> select <topk_per_group(4, 1), key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<4>>
    return %plan : !moe.plan<8, slots<4>>
  }
  func.func @layer(%arg0: tensor<?x64xf32>, %arg1: !moe.plan<8, slots<2>>, %arg2: tensor<8x96x64xf32>, %arg3: tensor<8x96x64xf32>, %arg4: tensor<8x64x96xf32>) -> tensor<?x64xf32> {
    %0 = moe.dispatch %arg0, %arg1 apply <output> : tensor<?x64xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
    %1 = moe.experts %0, %arg1(%arg2, %arg3, %arg4 : tensor<8x96x64xf32>, tensor<8x96x64xf32>, tensor<8x64x96xf32>) table <[<ffn, 8, width = 96, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
    %2 = moe.combine %1, %arg1, %arg0 apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>>, tensor<?x64xf32> -> tensor<?x64xf32>
    return %2 : tensor<?x64xf32>
  }
  func.func @dispatch_with_weights_on_the_input(%arg0: tensor<?x64xf32>, %arg1: !moe.plan<8, slots<2>>) -> !moe.rows<f32, 64, grouped> {
    %0 = moe.dispatch %arg0, %arg1 apply <input> allow_multi {input_scale = 2.000000e+00 : f64} : tensor<?x64xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
    return %0 : !moe.rows<f32, 64, grouped>
  }
  func.func @experts_of_every_class(%arg0: !moe.rows<f32, 64, grouped>, %arg1: !moe.plan<7, slots<2>, always = 1>, %arg2: tensor<2x96x64xf32>, %arg3: tensor<2x64x96xf32>, %arg4: tensor<1x64xf32>, %arg5: tensor<2x64xf32>, %arg6: tensor<2x2x64xf32>, %arg7: tensor<1x64x64xf32>, %arg8: tensor<1x64x32xf32>) -> !moe.rows<f32, 64, grouped> {
    %0 = moe.experts %arg0, %arg1(%arg2, %arg3, %arg4, %arg5, %arg6, %arg7, %arg8 : tensor<2x96x64xf32>, tensor<2x64x96xf32>, tensor<1x64xf32>, tensor<2x64xf32>, tensor<2x2x64xf32>, tensor<1x64x64xf32>, tensor<1x64x32xf32>) table <[<ffn, 2, width = 96, body = <ungated, relu>>, <zero, 1>, <copy, 1>, <constant, 1>, <constant, 2, mix = softmax2>, <ffn, 1, width = 32, body = <gated, gelu_erf, storage = interleaved>, activation = always>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<7, slots<2>, always = 1> -> !moe.rows<f32, 64, grouped>
    return %0 : !moe.rows<f32, 64, grouped>
  }
  func.func @experts_without_parameters(%arg0: !moe.rows<f32, 64, grouped>, %arg1: !moe.plan<2, slots<1>>) -> !moe.rows<f32, 64, grouped> {
    %0 = moe.experts %arg0, %arg1 table <[<copy, 1>, <zero, 1>]> apply <output> : !moe.rows<f32, 64, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 64, grouped>
    return %0 : !moe.rows<f32, 64, grouped>
  }
  func.func @experts_of_another_width(%arg0: !moe.rows<f32, 64, grouped>, %arg1: !moe.plan<2, slots<1>>, %arg2: tensor<2x96x64xf32>, %arg3: tensor<2x32x96xf32>) -> !moe.rows<f32, 32, grouped> {
    %0 = moe.experts %arg0, %arg1(%arg2, %arg3 : tensor<2x96x64xf32>, tensor<2x32x96xf32>) table <[<ffn, 2, width = 96, body = <ungated, relu2>>]> apply <hidden> : !moe.rows<f32, 64, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 32, grouped>
    return %0 : !moe.rows<f32, 32, grouped>
  }
  func.func @combine_with_everything(%arg0: !moe.rows<bf16, 64, grouped>, %arg1: !moe.plan<8, slots<2>>, %arg2: tensor<4x64xbf16>, %arg3: tensor<64xf32>) -> tensor<4x64xbf16> {
    %0 = moe.combine %arg0, %arg1, %arg2 out_bias(%arg3 : tensor<64xf32>) apply <hidden> residual <complement> order <any> {acc = bf16} : !moe.rows<bf16, 64, grouped>, !moe.plan<8, slots<2>>, tensor<4x64xbf16> -> tensor<4x64xbf16>
    return %0 : tensor<4x64xbf16>
  }
  func.func @combine_in_slot_order_onto_the_input(%arg0: !moe.rows<f32, 64, grouped>, %arg1: !moe.plan<8, slots<2>>, %arg2: tensor<?x64xf32>) -> tensor<?x64xf32> {
    %0 = moe.combine %arg0, %arg1, %arg2 apply <input> residual <add_x> order <slot> : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>>, tensor<?x64xf32> -> tensor<?x64xf32>
    return %0 : tensor<?x64xf32>
  }
  func.func @ffn(%arg0: tensor<?x64xf32>, %arg1: tensor<96x64xf32>, %arg2: tensor<96xf32>, %arg3: tensor<96x64xf32>, %arg4: tensor<96xf32>, %arg5: tensor<32x96xf32>, %arg6: tensor<32xf32>) -> tensor<?x32xf32> {
    %0 = moe.ffn %arg0(%arg1, %arg2, %arg3, %arg4, %arg5, %arg6 : tensor<96x64xf32>, tensor<96xf32>, tensor<96x64xf32>, tensor<96xf32>, tensor<32x96xf32>, tensor<32xf32>) body <gated, silu, bias = [gate, up, down]> : tensor<?x64xf32> -> tensor<?x32xf32>
    return %0 : tensor<?x32xf32>
  }
  func.func @ffn_of_dynamic_width(%arg0: tensor<?x64xf32>, %arg1: tensor<?x64xf32>, %arg2: tensor<64x?xf32>) -> tensor<?x64xf32> {
    %0 = moe.ffn %arg0(%arg1, %arg2 : tensor<?x64xf32>, tensor<64x?xf32>) body <gated, silu, storage = concat_gate_up> : tensor<?x64xf32> -> tensor<?x64xf32>
    return %0 : tensor<?x64xf32>
  }
  func.func @score() attributes {s00 = #moe.score<identity>, s01 = #moe.score<softmax>, s02 = #moe.score<sigmoid>, s03 = #moe.score<sqrtsoftplus>, s04 = #moe.score<softplus>, s05 = #moe.score<relu>, s06 = #moe.score<exp>, s07 = #moe.score<entmax15>, s08 = #moe.score<softmax>, s09 = #moe.score<softmax, over = group(4)>, s10 = #moe.score<entmax15, over = units>, s11 = #moe.score<sigmoid, dtype = bf16>, s12 = #moe.score<sigmoid, round_to = bf16>, s13 = #moe.score<sigmoid, dtype = bf16>, s14 = #moe.score<relu, post = rmsnorm(9.9999999999999995E-7)>, s15 = #moe.score<relu, post = l2norm>, s16 = #moe.score<relu>} {
    return
  }
  func.func @group_filter() attributes {g0 = #moe.group_filter<8, keep = 4, group_score = sum_top(2), fill = neginf>, g1 = #moe.group_filter<8, keep = 3, group_score = max, fill = zero>, g2 = #moe.group_filter<2, keep = 1, group_score = max, fill = neginf>} {
    return
  }
  func.func @select() attributes {e0 = #moe.select<topk(8), key = scores>, e1 = #moe.select<topk_per_group(4, 2), key = scores>, e2 = #moe.select<all, key = scores>, e3 = #moe.select<topk(8), key = logits, key_dtype = bf16, fallback = argmax>, e4 = #moe.select<topk(1), key = scores>} {
    return
  }
  func.func @weight() attributes {w00 = #moe.weight<scores>, w01 = #moe.weight<logits>, w02 = #moe.weight<key>, w03 = #moe.weight<one>, w04 = #moe.weight<operand>, w05 = #moe.weight<scores, zero = [1, 3], exclude = [2]>, w06 = #moe.weight<scores, norm = sum(9.9999999999999995E-7, add)>, w07 = #moe.weight<scores, norm = sum(1.000000e-01, clamp)>, w08 = #moe.weight<scores, norm = pnorm(2.000000e+00)>, w09 = #moe.weight<logits, norm = softmax>, w10 = #moe.weight<scores>, w11 = #moe.weight<scores, min_k = 2, when = after, scale = 2.500000e+00, dtype = bf16, grad = stop_norm>, w12 = #moe.weight<one, grad = ste_identity>, w13 = #moe.weight<scores, grad = none>, w14 = #moe.weight<scores>} {
    return
  }
  func.func @body() attributes {b00 = #moe.body<gated, silu>, b01 = #moe.body<ungated, gelu_erf>, b02 = #moe.body<ungated, gelu_tanh>, b03 = #moe.body<ungated, relu>, b04 = #moe.body<ungated, relu2>, b05 = #moe.body<gated, sigmoid>, b06 = #moe.body<gated, tanh>, b07 = #moe.body<gated, identity>, b08 = #moe.body<gated, silu, alpha = 1.702000e+00, gate_lo = -7.000000e+00, gate_hi = 7.000000e+00, clamp_at = post, up_lo = -6.000000e+00, up_hi = 6.000000e+00, up_offset = 1.000000e+00, bias = [gate, up, down], storage = interleaved>, b09 = #moe.body<gated, silu, storage = concat_gate_up>, b10 = #moe.body<gated, silu, bias = [gate, up], storage = concat_up_gate>, b11 = #moe.body<gated, silu>, b12 = #moe.body<ungated, relu, up_hi = 6.000000e+00, bias = [down]>} {
    return
  }
  func.func @classes_and_table() attributes {c0 = #moe.class<ffn, 8, width = 96, body = <gated, silu>>, c1 = #moe.class<zero, 1>, c2 = #moe.class<copy, 2>, c3 = #moe.class<constant, 1>, c4 = #moe.class<constant, 1, mix = softmax2>, c5 = #moe.class<ffn, 1, width = 8, body = <ungated, relu>, activation = always>, c6 = #moe.class<zero, 1>, t0 = #moe.table<[<ffn, 8, width = 96, body = <gated, silu>>, <zero, 1>, <ffn, 1, width = 8, body = <ungated, relu>, activation = always>]>} {
    return
  }
  func.func @where() attributes {a0 = #moe.apply<input>, a1 = #moe.apply<hidden>, a2 = #moe.apply<output>, o0 = #moe.sum_order<slot>, o1 = #moe.sum_order<expert_asc>, o2 = #moe.sum_order<any>, r0 = #moe.residual<none>, r1 = #moe.residual<complement>, r2 = #moe.residual<add_x>} {
    return
  }
  func.func private @types(!moe.plan<8, slots<2>>, !moe.plan<8, slots<2>, always = 1>, !moe.plan<8, slots<2>, weight = bf16>, !moe.plan<8, slots<2>, always = 3, weight = f16>, !moe.rows<bf16, 64, grouped>)
  func.func private @plan_types(!moe.plan<8, csr>, !moe.plan<8, buckets<3>, always = 1>, !moe.plan<8, buckets<?>, weight = bf16>, !moe.plan<8, grouped, carry>, !moe.plan<8, dense, always = 2, weight = f16, carry>)
  func.func @convert_plan(%arg0: !moe.plan<8, slots<2>>) -> !moe.plan<8, csr> {
    %0 = moe.convert_plan %arg0 : !moe.plan<8, slots<2>> -> !moe.plan<8, csr>
    return %0 : !moe.plan<8, csr>
  }
  func.func @unpack_plan(%arg0: !moe.plan<8, buckets<?>, carry>) -> tensor<?xf32> {
    %0:5 = moe.unpack_plan %arg0 : !moe.plan<8, buckets<?>, carry> -> tensor<8x?xi32>, tensor<8x?xi32>, tensor<8x?xf32>, tensor<8xi32>, tensor<?xf32>
    return %0#4 : tensor<?xf32>
  }
  func.func @pack_plan(%arg0: tensor<9xi32>, %arg1: tensor<?xi32>, %arg2: tensor<?xi32>, %arg3: tensor<?xf32>, %arg4: index) -> !moe.plan<8, grouped> {
    %0 = moe.pack_plan %arg0, %arg1, %arg2, %arg3 units(%arg4) : tensor<9xi32>, tensor<?xi32>, tensor<?xi32>, tensor<?xf32> -> !moe.plan<8, grouped>
    return %0 : !moe.plan<8, grouped>
  }
  func.func @expand_plan(%arg0: !moe.plan<8, csr>, %arg1: tensor<?xi32>) -> !moe.plan<8, csr> {
    %0 = moe.expand_plan %arg0, %arg1 : !moe.plan<8, csr>, tensor<?xi32>
    return %0 : !moe.plan<8, csr>
  }
  func.func @remap(%arg0: !moe.plan<4, slots<3>>) -> !moe.plan<2, slots<2>, carry> {
    %0 = moe.remap %arg0 many_to_one <max> {carry = array<i64: 3>, map = array<i64: 0, 0, 1, -1>, slot_mask = array<i64: 0, 2>} : !moe.plan<4, slots<3>> -> !moe.plan<2, slots<2>, carry>
    return %0 : !moe.plan<2, slots<2>, carry>
  }
  func.func @remap_to_replicas(%arg0: !moe.plan<4, slots<3>>, %arg1: tensor<4x2xi32>, %arg2: tensor<?x3xi32>) -> !moe.plan<6, slots<3>> {
    %0 = moe.remap %arg0 replicas(%arg1 : tensor<4x2xi32>) choice(%arg2 : tensor<?x3xi32>) many_to_one <sum> : !moe.plan<4, slots<3>> -> !moe.plan<6, slots<3>>
    return %0 : !moe.plan<6, slots<3>>
  }
  func.func @logits_by_cosine(%arg0: tensor<?x64xf32>, %arg1: tensor<8x16xf32>, %arg2: tensor<16x64xf32>, %arg3: tensor<16xf32>, %arg4: tensor<f32>) -> tensor<?x8xf32> {
    %0 = moe.logits %arg0, %arg1 form <cosine> projection(%arg2 : tensor<16x64xf32>) projection_bias(%arg3 : tensor<16xf32>) log_scale(%arg4 : tensor<f32>) {acc = f64, max_log_scale = 4.605000e+00 : f64} : tensor<?x64xf32>, tensor<8x16xf32> -> tensor<?x8xf32>
    return %0 : tensor<?x8xf32>
  }
  func.func @route_with_scores(%arg0: tensor<?x8xf32>, %arg1: tensor<8xf32>) -> (!moe.plan<8, csr>, tensor<?x8xbf16>) {
    %plan, %scores = moe.route %arg0 thresholds(%arg1 : tensor<8xf32>) score <sigmoid> select <threshold(operand), key = scores> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, csr>, tensor<?x8xbf16>
    return %plan, %scores : !moe.plan<8, csr>, tensor<?x8xbf16>
  }
  func.func @route_by_table_in_segments(%arg0: tensor<?x8xf32>, %arg1: tensor<?x2xi32>, %arg2: tensor<?xi32>) -> !moe.plan<8, buckets<4>, carry> {
    %plan = moe.route %arg0 table_ids(%arg1 : tensor<?x2xi32>) segments(%arg2 : tensor<?xi32>) score <softmax> select <table, key = scores> weight <scores> capacity <limit, count = <4>, priority = choice_major, overflow = identity> domain <segments> : tensor<?x8xf32> -> !moe.plan<8, buckets<4>, carry>
    return %plan : !moe.plan<8, buckets<4>, carry>
  }
  func.func @soft_route(%arg0: tensor<?x8xf32>) -> (tensor<?x8xbf16>, tensor<?x8xbf16>) {
    %plan = moe.route %arg0 score <identity> select <soft_slots(2), key = logits> weight <policy, dtype = bf16> domain <blocks(16)> : tensor<?x8xf32> -> !moe.plan<4, soft<2>, weight = bf16>
    %0:2 = moe.unpack_plan %plan : !moe.plan<4, soft<2>, weight = bf16> -> tensor<?x8xbf16>, tensor<?x8xbf16>
    return %0#0, %0#1 : tensor<?x8xbf16>, tensor<?x8xbf16>
  }
  func.func @other_policies() attributes {p0 = #moe.select<topp(6.000000e-01), key = scores>, p1 = #moe.select<topp(6.000000e-01), key = scores, kmax = 4, boundary = exclude>, p2 = #moe.select<threshold(0.000000e+00), key = scores>, p3 = #moe.select<threshold(operand), key = scores, fallback = argmax, kmax = 2, boundary = include>, p4 = #moe.select<table, key = scores>, p5 = #moe.select<sparsemixer(1.000000e-02, 2), key = logits>, p6 = #moe.select<expert_topc, key = scores, count = <8>>, p7 = #moe.select<greedy_assign, key = scores, order = [2, 0, 1], counts = [4, 4, 8]>, p8 = #moe.select<balanced_assign, key = logits>, p9 = #moe.select<soft_slots(2), key = logits>} {
    return
  }
  func.func @count_capacity_domain() attributes {n0 = #moe.count<64>, n1 = #moe.count<factor = 1.250000e+00, mult = k, round = nearest, multiple_of = 4, min = 2, max = units, dtype = f32>, n2 = #moe.count<factor = 1.000000e+00, mult = k_after, share = ceil, round = trunc>, n3 = #moe.count<factor = 2.000000e+00>, o0 = #moe.capacity<limit, count = <64>, priority = unit_major, overflow = zero>, o1 = #moe.capacity<limit, count = <factor = 1.250000e+00, round = floor>, priority = random(7), overflow = identity>, o2 = #moe.capacity<limit, count = <1>, priority = choice_major, overflow = reroute>, o3 = #moe.capacity<limit, count = <1>, priority = bpr, overflow = zero>, o4 = #moe.capacity<limit, count = <1>, priority = key_desc, overflow = zero>, o5 = #moe.capacity<limit, count = <1>, priority = weight_desc, overflow = zero>, o6 = #moe.capacity<tile_round, tile = 128, mode = nearest, renorm = none>, o7 = #moe.capacity<tile_round, tile = 8, mode = sr_f(3), renorm = tc_set>, o8 = #moe.capacity<tile_round, tile = 8, mode = nr_s(0), renorm = selected_set>, o9 = #moe.capacity<tile_round, tile = 8, mode = balance_f, renorm = none>, u0 = #moe.domain<all>, u1 = #moe.domain<segments>, u2 = #moe.domain<blocks(16)>, v0 = #moe.weight<policy, grad = sparsemixer>} {
    return
  }
}

