// Counts become multiples of the register tile's rows: 4 with vectors of 128 bits, 6 with wider ones. One positive per form of weights, one negative per condition.
// RUN: moe-opt %s --moe-token-rounding='vector-bits=128 tokens=64' --split-input-file --verify-diagnostics --remarks-filter='moe-token-rounding' | FileCheck %s
// RUN: moe-opt %s --moe-token-rounding='vector-bits=128 mode=sr_f seed=7' --split-input-file | FileCheck %s --check-prefix=RANDOM
// RUN: moe-opt %s --moe-token-rounding='vector-bits=512 vector-registers=32 bf16-dot bf16-tiles' --split-input-file | FileCheck %s --check-prefix=TILES
// RUN: not moe-opt %s --moe-token-rounding=mode=half 2>&1 | FileCheck %s --check-prefix=RULE
// RULE: error: expects a rule of rounding (nearest, up, down, sr_f, nr_s, balance_f), but got 'half'

// Units compete by scores, so the softmax over the picks becomes one over all, divided by that of the original picks.
// CHECK-LABEL: func.func @softmax_of_picks
// RANDOM-LABEL: func.func @softmax_of_picks
func.func @softmax_of_picks(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: %[[P:.*]] = moe.route %{{.*}} score <softmax> select <topk(2), key = scores> weight <scores> capacity <tile_round, tile = 4, mode = nearest, renorm = tc_set> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  // CHECK: moe.dispatch %{{.*}}, %[[P]] apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<8>>
  // RANDOM: capacity <tile_round, tile = 4, mode = sr_f(7), renorm = tc_set>
  // expected-remark @+1 {{counts become multiples of 4 (nearest); at 16.0 rows per expert, tiles are as high as rows are without, and waste none}}
  %p = moe.route %z score <identity> select <topk(2), key = logits> weight <logits, norm = softmax> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p table <[<copy, 8>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @normalised_scores_with_a_bias
func.func @normalised_scores_with_a_bias(%z: tensor<?x8xf32>, %b: tensor<8xf32>, %x: tensor<?x4xf32>) -> !moe.rows<f32, 4, grouped> {
  // CHECK: score <softmax> select <topk(2), key = scores> weight <scores, scale = 2.500000e+00> capacity <tile_round, tile = 4, mode = nearest, renorm = tc_set>
  // expected-remark @+1 {{counts become multiples of 4}}
  %p = moe.route %z key_offset(%b : tensor<8xf32>) score <softmax> select <topk(2)> weight <scores, norm = sum(1.0e-20, add), scale = 2.5> : tensor<?x8xf32> -> !moe.plan<8, csr>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, csr> -> !moe.rows<f32, 4, grouped>
  return %r : !moe.rows<f32, 4, grouped>
}

// -----

// One pick is below min_k, so nothing normalises it.
// CHECK-LABEL: func.func @raw_scores
func.func @raw_scores(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>) -> !moe.rows<f32, 4, grouped> {
  // CHECK: weight <scores> capacity <tile_round, tile = 4, mode = nearest, renorm = none> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  // expected-remark @+1 {{counts become multiples of 4 (nearest); at 8.0 rows per expert, tiles are as high as rows are without, and waste none}}
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores, norm = sum(0.0, add), min_k = 2> : tensor<?x8xf32> -> !moe.plan<8, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<1>> -> !moe.rows<f32, 4, grouped>
  return %r : !moe.rows<f32, 4, grouped>
}

// -----

// The type says how many units there are, whatever the usual call has.
// CHECK-LABEL: func.func @fewer_than_two_tiles
func.func @fewer_than_two_tiles(%z: tensor<31x8xf32>, %x: tensor<31x4xf32>) -> !moe.rows<f32, 4, grouped> {
  // CHECK-NOT: tile_round
  // expected-remark @+1 {{counts stay: 7.8 rows per expert are fewer than 2 tiles of 4, and rounding would starve experts}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<31x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<31x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  return %r : !moe.rows<f32, 4, grouped>
}

// -----

// CHECK-LABEL: func.func @another_policy_stays
func.func @another_policy_stays(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>) -> !moe.rows<f32, 4, grouped> {
  // CHECK-NOT: tile_round
  // expected-remark @+1 {{counts stay: its policy is not topk}}
  %p = moe.route %z score <softmax> select <topp(0.5)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<8>> -> !moe.rows<f32, 4, grouped>
  return %r : !moe.rows<f32, 4, grouped>
}

// -----

// CHECK-LABEL: func.func @a_capacity_stays
func.func @a_capacity_stays(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>) -> !moe.rows<f32, 4, grouped> {
  // CHECK-NOT: tile_round
  // expected-remark @+1 {{counts stay: its capacity shapes them already}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> capacity <limit, count = <4>> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  return %r : !moe.rows<f32, 4, grouped>
}

// -----

// CHECK-LABEL: func.func @entmax_stays
func.func @entmax_stays(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>) -> !moe.rows<f32, 4, grouped> {
  // CHECK-NOT: tile_round
  // expected-remark @+1 {{counts stay: its score is entmax15}}
  %p = moe.route %z score <entmax15> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  return %r : !moe.rows<f32, 4, grouped>
}

// -----

// CHECK-LABEL: func.func @null_experts_stays
func.func @null_experts_stays(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>) -> !moe.rows<f32, 4, grouped> {
  // CHECK-NOT: tile_round
  // expected-remark @+1 {{counts stay: some ids weigh nothing}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores, zero = [7]> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  return %r : !moe.rows<f32, 4, grouped>
}

// -----

// CHECK-LABEL: func.func @weights_of_one_stays
func.func @weights_of_one_stays(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>) -> !moe.rows<f32, 4, grouped> {
  // CHECK-NOT: tile_round
  // expected-remark @+1 {{counts stay: its weights are not scores}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <one> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  return %r : !moe.rows<f32, 4, grouped>
}

// -----

// CHECK-LABEL: func.func @an_epsilon_stays
func.func @an_epsilon_stays(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>) -> !moe.rows<f32, 4, grouped> {
  // CHECK-NOT: tile_round
  // expected-remark @+1 {{counts stay: its norm adds an epsilon}}
  %p = moe.route %z score <sigmoid> select <topk(2)> weight <scores, norm = sum(1.0e-6, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  return %r : !moe.rows<f32, 4, grouped>
}

// -----

// CHECK-LABEL: func.func @another_norm_stays
func.func @another_norm_stays(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>) -> !moe.rows<f32, 4, grouped> {
  // CHECK-NOT: tile_round
  // expected-remark @+1 {{counts stay: its norm is not that of rounded counts}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores, norm = pnorm(2.0)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  return %r : !moe.rows<f32, 4, grouped>
}

// -----

// CHECK-LABEL: func.func @somebody_else_reads_the_plan
func.func @somebody_else_reads_the_plan(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // CHECK-NOT: tile_round
  // expected-remark @+1 {{counts stay: its plan has other users than a layer}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// -----

// CHECK-LABEL: func.func @logits_as_scores_are_a_result
func.func @logits_as_scores_are_a_result(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>) -> (!moe.rows<f32, 4, grouped>, tensor<?x8xf32>) {
  // CHECK-NOT: tile_round
  // expected-remark @+1 {{counts stay: the logits are a result}}
  %p, %s = moe.route %z score <identity> select <topk(2)> weight <logits, norm = softmax> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>, tensor<?x8xf32>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  return %r, %s : !moe.rows<f32, 4, grouped>, tensor<?x8xf32>
}

// -----

// CHECK-LABEL: func.func @weights_on_the_input_stay
func.func @weights_on_the_input_stay(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>) -> !moe.rows<f32, 4, grouped> {
  // CHECK-NOT: tile_round
  // expected-remark @+1 {{counts stay: its weights multiply the input, and units may get more entries}}
  %p = moe.route %z score <sigmoid> select <topk(1), key = logits> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<1>>
  %r = moe.dispatch %x, %p apply <input> : tensor<?x4xf32>, !moe.plan<8, slots<1>> -> !moe.rows<f32, 4, grouped>
  return %r : !moe.rows<f32, 4, grouped>
}

// -----

// CHECK-LABEL: func.func @weights_on_several_inputs
func.func @weights_on_several_inputs(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>) -> !moe.rows<f32, 4, grouped> {
  // CHECK: tile_round
  // expected-remark @+1 {{counts become multiples of 4}}
  %p = moe.route %z score <sigmoid> select <topk(1), key = logits> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<1>>
  %r = moe.dispatch %x, %p apply <input> allow_multi : tensor<?x4xf32>, !moe.plan<8, slots<1>> -> !moe.rows<f32, 4, grouped>
  return %r : !moe.rows<f32, 4, grouped>
}

// -----

// CHECK-LABEL: func.func @a_layer_that_decodes_stays
func.func @a_layer_that_decodes_stays(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>) -> !moe.rows<f32, 4, grouped> {
  // CHECK-NOT: tile_round
  %y = moe.layer 0 decode : !moe.rows<f32, 4, grouped> {
    // expected-remark @+1 {{counts stay: units of a layer that decodes do not compete}}
    %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
    %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
    moe.yield %r : !moe.rows<f32, 4, grouped>
  }
  return %y : !moe.rows<f32, 4, grouped>
}

// -----

// Tile registers have 16 rows; one of the products has a whole tile along K.
// CHECK-LABEL: func.func @a_layer_for_tile_registers
// TILES-LABEL: func.func @a_layer_for_tile_registers
func.func @a_layer_for_tile_registers(%z: tensor<?x8xf32>, %x: tensor<?x16xbf16>) -> tensor<?x16xbf16> {
  %u = moe_support.weight dense<0.5> : tensor<8x32x16xbf16>
  %d = moe_support.weight dense<0.5> : tensor<8x16x32xbf16>
  // CHECK: capacity <tile_round, tile = 4
  // TILES: moe_support.weight
  // TILES-NEXT: moe_support.weight
  // TILES-NEXT: moe.route {{.*}} capacity <tile_round, tile = 16
  // TILES-NEXT: moe.dispatch
  // expected-remark @+1 {{counts become multiples of 4}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x16xbf16>, !moe.plan<8, slots<2>> -> !moe.rows<bf16, 16, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<8x32x16xbf16>, tensor<8x16x32xbf16>) table <[<ffn, 8, width = 32, body = <ungated, relu>>]>
    apply <output> : !moe.rows<bf16, 16, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<bf16, 16, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<bf16, 16, grouped>, !moe.plan<8, slots<2>>, tensor<?x16xbf16> -> tensor<?x16xbf16>
  return %y : tensor<?x16xbf16>
}

// -----

// Here none has.
// CHECK-LABEL: func.func @a_layer_that_is_too_narrow_for_tile_registers
// TILES-LABEL: func.func @a_layer_that_is_too_narrow_for_tile_registers
func.func @a_layer_that_is_too_narrow_for_tile_registers(%z: tensor<?x8xf32>, %x: tensor<?x16xbf16>) -> tensor<?x16xbf16> {
  %u = moe_support.weight dense<0.5> : tensor<8x24x16xbf16>
  %d = moe_support.weight dense<0.5> : tensor<8x16x24xbf16>
  // CHECK: capacity <tile_round, tile = 4
  // TILES: moe_support.weight
  // TILES-NEXT: moe_support.weight
  // TILES-NEXT: moe.route {{.*}} capacity <tile_round, tile = 6
  // TILES-NEXT: moe.dispatch
  // expected-remark @+1 {{counts become multiples of 4}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x16xbf16>, !moe.plan<8, slots<2>> -> !moe.rows<bf16, 16, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<8x24x16xbf16>, tensor<8x16x24xbf16>) table <[<ffn, 8, width = 24, body = <ungated, relu>>]>
    apply <output> : !moe.rows<bf16, 16, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<bf16, 16, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<bf16, 16, grouped>, !moe.plan<8, slots<2>>, tensor<?x16xbf16> -> tensor<?x16xbf16>
  return %y : tensor<?x16xbf16>
}
