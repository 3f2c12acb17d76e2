// Every field of every axis, each beside its default.
// RUN: moe-opt %s --verify-roundtrip | FileCheck %s
// RUN: moe-opt %s --emit-bytecode | moe-opt | FileCheck %s

// CHECK-LABEL: func.func @score
func.func @score() attributes {
  // CHECK: s00 = #moe.score<identity>, s01 = #moe.score<softmax>, s02 = #moe.score<sigmoid>, s03 = #moe.score<sqrtsoftplus>
  s00 = #moe.score<identity>, s01 = #moe.score<softmax>, s02 = #moe.score<sigmoid>, s03 = #moe.score<sqrtsoftplus>,
  // CHECK-SAME: s04 = #moe.score<softplus>, s05 = #moe.score<relu>, s06 = #moe.score<exp>, s07 = #moe.score<entmax15>
  s04 = #moe.score<softplus>, s05 = #moe.score<relu>, s06 = #moe.score<exp>, s07 = #moe.score<entmax15>,
  // CHECK-SAME: s08 = #moe.score<softmax>, s09 = #moe.score<softmax, over = group(4)>, s10 = #moe.score<entmax15, over = units>
  s08 = #moe.score<softmax, over = experts>, s09 = #moe.score<softmax, over = group(4)>, s10 = #moe.score<entmax15, over = units>,
  // CHECK-SAME: s11 = #moe.score<sigmoid, dtype = bf16>, s12 = #moe.score<sigmoid, round_to = bf16>, s13 = #moe.score<sigmoid, dtype = bf16>
  s11 = #moe.score<sigmoid, dtype = bf16>, s12 = #moe.score<sigmoid, round_to = bf16>, s13 = #moe.score<sigmoid, round_to = bf16, dtype = bf16>,
  // CHECK-SAME: s14 = #moe.score<relu, post = rmsnorm(9.9999999999999995E-7)>, s15 = #moe.score<relu, post = l2norm>, s16 = #moe.score<relu>
  s14 = #moe.score<relu, post = rmsnorm(1.0e-6)>, s15 = #moe.score<relu, post = l2norm>, s16 = #moe.score<relu, post = none>} {
  return
}

// CHECK-LABEL: func.func @group_filter
func.func @group_filter() attributes {
  // CHECK: g0 = #moe.group_filter<8, keep = 4, group_score = sum_top(2), fill = neginf>
  g0 = #moe.group_filter<8, keep = 4, group_score = sum_top(2), fill = neginf>,
  // CHECK-SAME: g1 = #moe.group_filter<8, keep = 3, group_score = max, fill = zero>
  g1 = #moe.group_filter<8, keep = 3, group_score = max, fill = zero>,
  // CHECK-SAME: g2 = #moe.group_filter<2, keep = 1, group_score = max, fill = neginf>
  g2 = #moe.group_filter<2, keep = 1>} {
  return
}

// CHECK-LABEL: func.func @select
func.func @select() attributes {
  // CHECK: e0 = #moe.select<topk(8), key = scores>, e1 = #moe.select<topk_per_group(4, 2), key = scores>, e2 = #moe.select<all, key = scores>
  e0 = #moe.select<topk(8), key = scores>, e1 = #moe.select<topk_per_group(4, 2)>, e2 = #moe.select<all>,
  // CHECK-SAME: e3 = #moe.select<topk(8), key = logits, key_dtype = bf16, fallback = argmax>, e4 = #moe.select<topk(1), key = scores>
  e3 = #moe.select<topk(8), key = logits, key_dtype = bf16, fallback = argmax>, e4 = #moe.select<topk(1), key_dtype = f32, fallback = none>} {
  return
}

// CHECK-LABEL: func.func @other_policies
func.func @other_policies() attributes {
  // CHECK: p0 = #moe.select<topp(6.000000e-01), key = scores>, p1 = #moe.select<topp(6.000000e-01), key = scores, kmax = 4, boundary = exclude>
  p0 = #moe.select<topp(0.6), boundary = include>, p1 = #moe.select<topp(0.6), boundary = exclude, kmax = 4>,
  // CHECK-SAME: p2 = #moe.select<threshold(0.000000e+00), key = scores>, p3 = #moe.select<threshold(operand), key = scores, fallback = argmax, kmax = 2, boundary = include>
  p2 = #moe.select<threshold(0.0), boundary = exclude>, p3 = #moe.select<threshold(operand), kmax = 2, boundary = include, fallback = argmax>,
  // CHECK-SAME: p3a = #moe.select<threshold(5.000000e-01), key = scores, fallback = all>
  p3a = #moe.select<threshold(0.5), fallback = all>,
  // CHECK-SAME: p4 = #moe.select<table, key = scores>, p5 = #moe.select<sparsemixer(1.000000e-02, 2), key = logits>
  p4 = #moe.select<table>, p5 = #moe.select<sparsemixer(0.01, 2), key = logits>,
  // CHECK-SAME: p6 = #moe.select<expert_topc, key = scores, count = <8>>
  p6 = #moe.select<expert_topc, count = <8>>,
  // CHECK-SAME: p7 = #moe.select<greedy_assign, key = scores, order = [2, 0, 1], counts = [4, 4, 8]>, p8 = #moe.select<balanced_assign, key = logits>, p9 = #moe.select<soft_slots(2), key = logits>
  p7 = #moe.select<greedy_assign, order = [2, 0, 1], counts = [4, 4, 8]>, p8 = #moe.select<balanced_assign, key = logits>, p9 = #moe.select<soft_slots(2), key = logits>} {
  return
}

// CHECK-LABEL: func.func @count_capacity_domain
func.func @count_capacity_domain() attributes {
  // CHECK: n0 = #moe.count<64>, n1 = #moe.count<factor = 1.250000e+00, mult = k, round = nearest, multiple_of = 4, min = 2, max = units, dtype = f32>
  n0 = #moe.count<64>, n1 = #moe.count<factor = 1.25, max = units, dtype = f32, mult = k, min = 2, round = nearest, multiple_of = 4>,
  // CHECK-SAME: n2 = #moe.count<factor = 1.000000e+00, mult = k_after, share = ceil, round = trunc>, n3 = #moe.count<factor = 2.000000e+00>
  n2 = #moe.count<factor = 1.0, mult = k_after, share = ceil, round = trunc>, n3 = #moe.count<factor = 2.0, mult = one, share = exact, round = ceil, dtype = f64>,
  // CHECK-SAME: o0 = #moe.capacity<limit, count = <64>, priority = unit_major, overflow = zero>
  o0 = #moe.capacity<limit, count = <64>>,
  // CHECK-SAME: o1 = #moe.capacity<limit, count = <factor = 1.250000e+00, round = floor>, priority = random(7), overflow = identity>
  o1 = #moe.capacity<limit, count = <factor = 1.25, round = floor>, priority = random(7), overflow = identity>,
  // CHECK-SAME: o2 = #moe.capacity<limit, count = <1>, priority = choice_major, overflow = reroute>
  o2 = #moe.capacity<limit, count = <1>, priority = choice_major, overflow = reroute>,
  // CHECK-SAME: o3 = #moe.capacity<limit, count = <1>, priority = bpr, overflow = zero>, o4 = #moe.capacity<limit, count = <1>, priority = key_desc, overflow = zero>
  o3 = #moe.capacity<limit, count = <1>, priority = bpr>, o4 = #moe.capacity<limit, count = <1>, priority = key_desc>,
  // CHECK-SAME: o5 = #moe.capacity<limit, count = <1>, priority = weight_desc, overflow = zero>
  o5 = #moe.capacity<limit, count = <1>, priority = weight_desc>,
  // CHECK-SAME: o6 = #moe.capacity<tile_round, tile = 128, mode = nearest, renorm = none>, o7 = #moe.capacity<tile_round, tile = 8, mode = sr_f(3), renorm = tc_set>
  o6 = #moe.capacity<tile_round, tile = 128>, o7 = #moe.capacity<tile_round, tile = 8, mode = sr_f(3), renorm = tc_set>,
  // CHECK-SAME: o8 = #moe.capacity<tile_round, tile = 8, mode = nr_s(0), renorm = selected_set>, o9 = #moe.capacity<tile_round, tile = 8, mode = balance_f, renorm = none>
  o8 = #moe.capacity<tile_round, tile = 8, mode = nr_s, renorm = selected_set>, o9 = #moe.capacity<tile_round, tile = 8, mode = balance_f>,
  // CHECK-SAME: u0 = #moe.domain<all>, u1 = #moe.domain<segments>, u2 = #moe.domain<blocks(16)>
  u0 = #moe.domain<all>, u1 = #moe.domain<segments>, u2 = #moe.domain<blocks(16)>,
  // CHECK-SAME: v0 = #moe.weight<policy, grad = sparsemixer>
  v0 = #moe.weight<policy, grad = sparsemixer>} {
  return
}

// CHECK-LABEL: func.func @weight
func.func @weight() attributes {
  // CHECK: w00 = #moe.weight<scores>, w01 = #moe.weight<logits>, w02 = #moe.weight<key>, w03 = #moe.weight<one>, w04 = #moe.weight<operand>
  w00 = #moe.weight<scores>, w01 = #moe.weight<logits>, w02 = #moe.weight<key>, w03 = #moe.weight<one>, w04 = #moe.weight<operand>,
  // CHECK-SAME: w05 = #moe.weight<scores, zero = [1, 3], exclude = [2]>
  w05 = #moe.weight<scores, zero = [1, 3], exclude = [2]>,
  // CHECK-SAME: w06 = #moe.weight<scores, norm = sum(9.9999999999999995E-7, add)>, w07 = #moe.weight<scores, norm = sum(1.000000e-01, clamp)>
  w06 = #moe.weight<scores, norm = sum(1.0e-6, add)>, w07 = #moe.weight<scores, norm = sum(0.1, clamp)>,
  // CHECK-SAME: w08 = #moe.weight<scores, norm = pnorm(2.000000e+00)>, w09 = #moe.weight<logits, norm = softmax>, w10 = #moe.weight<scores>
  w08 = #moe.weight<scores, norm = pnorm(2.0)>, w09 = #moe.weight<logits, norm = softmax>, w10 = #moe.weight<scores, norm = none>,
  // CHECK-SAME: w11 = #moe.weight<scores, min_k = 2, when = after, scale = 2.500000e+00, dtype = bf16, grad = stop_norm>
  w11 = #moe.weight<scores, min_k = 2, when = after, scale = 2.5, dtype = bf16, grad = stop_norm>,
  // CHECK-SAME: w12 = #moe.weight<one, grad = ste_identity>, w13 = #moe.weight<scores, grad = none>, w14 = #moe.weight<scores>
  w12 = #moe.weight<one, grad = ste_identity>, w13 = #moe.weight<scores, grad = none>,
  w14 = #moe.weight<scores, min_k = 1, when = before, scale = 1.0, dtype = f32, grad = standard>} {
  return
}

// CHECK-LABEL: func.func @body
func.func @body() attributes {
  // CHECK: b00 = #moe.body<gated, silu>, b01 = #moe.body<ungated, gelu_erf>, b02 = #moe.body<ungated, gelu_tanh>, b03 = #moe.body<ungated, relu>
  b00 = #moe.body<gated, silu>, b01 = #moe.body<ungated, gelu_erf>, b02 = #moe.body<ungated, gelu_tanh>, b03 = #moe.body<ungated, relu>,
  // CHECK-SAME: b04 = #moe.body<ungated, relu2>, b05 = #moe.body<gated, sigmoid>, b06 = #moe.body<gated, tanh>, b07 = #moe.body<gated, identity>
  b04 = #moe.body<ungated, relu2>, b05 = #moe.body<gated, sigmoid>, b06 = #moe.body<gated, tanh>, b07 = #moe.body<gated, identity>,
  // CHECK-SAME: b08 = #moe.body<gated, silu, alpha = 1.702000e+00, gate_lo = -7.000000e+00, gate_hi = 7.000000e+00, clamp_at = post,
  // CHECK-SAME: up_lo = -6.000000e+00, up_hi = 6.000000e+00, up_offset = 1.000000e+00, bias = [gate, up, down], storage = interleaved>
  b08 = #moe.body<gated, silu, alpha = 1.702, gate_lo = -7.0, gate_hi = 7.0, clamp_at = post, up_lo = -6.0, up_hi = 6.0, up_offset = 1.0,
                  bias = [down, up, gate], storage = interleaved>,
  // CHECK-SAME: b09 = #moe.body<gated, silu, storage = concat_gate_up>, b10 = #moe.body<gated, silu, bias = [gate, up], storage = concat_up_gate>
  b09 = #moe.body<gated, silu, storage = concat_gate_up>, b10 = #moe.body<gated, silu, bias = [gate, up], storage = concat_up_gate>,
  // CHECK-SAME: b11 = #moe.body<gated, silu>, b12 = #moe.body<ungated, relu, up_hi = 6.000000e+00, bias = [down]>,
  // CHECK-SAME: b13 = #moe.body<gated, external, gate_hi = 2.000000e+00, callee = @xielu>
  b11 = #moe.body<gated, silu, clamp_at = pre, storage = split>, b12 = #moe.body<ungated, relu, up_hi = 6.0, bias = [down]>,
  b13 = #moe.body<gated, external, gate_hi = 2.0, callee = @xielu>} {
  return
}

// CHECK-LABEL: func.func @classes_and_table
func.func @classes_and_table() attributes {
  // CHECK: c0 = #moe.class<ffn, 8, width = 96, body = <gated, silu>>, c1 = #moe.class<zero, 1>, c2 = #moe.class<copy, 2>
  c0 = #moe.class<ffn, 8, width = 96, body = <gated, silu>>, c1 = #moe.class<zero, 1>, c2 = #moe.class<copy, 2>,
  // CHECK-SAME: c3 = #moe.class<constant, 1>, c4 = #moe.class<constant, 1, mix = softmax2>
  c3 = #moe.class<constant, 1, mix = none>, c4 = #moe.class<constant, 1, mix = softmax2>,
  // CHECK-SAME: c5 = #moe.class<ffn, 1, width = 8, body = <ungated, relu>, activation = always>
  c5 = #moe.class<ffn, 1, width = 8, body = <ungated, relu>, activation = always>, c6 = #moe.class<zero, 1, activation = routed>,
  // CHECK-SAME: t0 = #moe.table<[<ffn, 8, width = 96, body = <gated, silu>>, <zero, 1>, <ffn, 1, width = 8, body = <ungated, relu>, activation = always>]>
  t0 = #moe.table<[<ffn, 8, width = 96, body = <gated, silu>>, <zero, 1>, <ffn, 1, width = 8, body = <ungated, relu>, activation = always>]>} {
  return
}

// CHECK-LABEL: func.func @where
func.func @where() attributes {
  // CHECK: a0 = #moe.apply<input>, a1 = #moe.apply<hidden>, a2 = #moe.apply<output>
  a0 = #moe.apply<input>, a1 = #moe.apply<hidden>, a2 = #moe.apply<output>,
  // CHECK-SAME: o0 = #moe.sum_order<slot>, o1 = #moe.sum_order<expert_asc>, o2 = #moe.sum_order<any>
  o0 = #moe.sum_order<slot>, o1 = #moe.sum_order<expert_asc>, o2 = #moe.sum_order<any>,
  // CHECK-SAME: r0 = #moe.residual<none>, r1 = #moe.residual<complement>, r2 = #moe.residual<add_x>
  r0 = #moe.residual<none>, r1 = #moe.residual<complement>, r2 = #moe.residual<add_x>} {
  return
}

// CHECK-LABEL: func.func private @types
// CHECK-SAME: !moe.plan<8, slots<2>>, !moe.plan<8, slots<2>, always = 1>, !moe.plan<8, slots<2>, weight = bf16>, !moe.plan<8, slots<2>, always = 3, weight = f16>
// CHECK-SAME: !moe.rows<bf16, 64, grouped>
func.func private @types(!moe.plan<8, slots<2>>, !moe.plan<8, slots<2>, always = 1>, !moe.plan<8, slots<2>, weight = bf16>,
                         !moe.plan<8, slots<2>, weight = f16, always = 3>, !moe.rows<bf16, 64, grouped>)
