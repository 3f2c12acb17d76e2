// C8: the weights multiply the hidden vector instead of the output, or back.
// RUN: moe-opt %s --moe-simplify-routing="apply=hidden drop-parameter-free=false" --split-input-file --verify-diagnostics --remarks-filter='moe-simplify-routing' | FileCheck %s
// RUN: moe-opt %s --moe-simplify-routing="apply=hidden drop-parameter-free=false" --split-input-file | moe-opt --moe-simplify-routing=apply=output --split-input-file | FileCheck %s --check-prefix=BACK

// BACK-LABEL: func.func @weights_move_to_the_hidden_vector
// BACK: moe.dispatch %{{.*}} apply <output>
// BACK: moe.experts %{{.*}} apply <output>
// BACK: moe.combine %{{.*}} apply <output>

// (C8): fires
// CHECK-LABEL: func.func @weights_move_to_the_hidden_vector
func.func @weights_move_to_the_hidden_vector(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.dispatch %{{.*}} apply <hidden>
  // CHECK: moe.experts %{{.*}} apply <hidden>
  // CHECK: moe.combine %{{.*}} apply <hidden>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<2x3x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{weights multiply the hidden vector}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @weights_that_are_there_stay
func.func @weights_that_are_there_stay(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.dispatch %{{.*}} apply <hidden>
  // CHECK: moe.experts %{{.*}} apply <hidden>
  // CHECK: moe.combine %{{.*}} apply <hidden>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <hidden> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<2x3x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>]> apply <hidden> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <hidden> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// (C8): not with weights on inputs
// CHECK-LABEL: func.func @not_from_the_input
func.func @not_from_the_input(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.dispatch %{{.*}} apply <input>
  // CHECK: moe.experts %{{.*}} apply <input>
  // CHECK: moe.combine %{{.*}} apply <input>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <input> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<2x3x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>]> apply <input> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <input> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// (C8): not with no hidden vector
// CHECK-LABEL: func.func @not_where_some_experts_have_no_hidden_vector
func.func @not_where_some_experts_have_no_hidden_vector(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.dispatch %{{.*}} apply <output>
  // CHECK: moe.experts %{{.*}} apply <output>
  // CHECK: moe.combine %{{.*}} apply <output>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<1x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<1x4x3xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<1x3x4xf32>, tensor<1x4x3xf32>) table <[<ffn, 1, width = 3, body = <ungated, relu>>, <copy, 1>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{some experts have no hidden vector}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_where_the_ops_disagree
func.func @not_where_the_ops_disagree(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.dispatch %{{.*}} apply <output>
  // CHECK: moe.experts %{{.*}} apply <hidden>
  // CHECK: moe.combine %{{.*}} apply <output>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<2x3x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>]> apply <hidden> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{its ops disagree on where weights multiply}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_where_rows_have_other_users
func.func @not_where_rows_have_other_users(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.dispatch %{{.*}} apply <output>
  // CHECK: moe.experts %{{.*}} apply <output>
  // CHECK: moe.combine %{{.*}} apply <output>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<2x3x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the ops of its layer have other users or plans}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  %y2 = moe.combine %h, %p, %x apply <hidden> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  %s = arith.addf %y, %y2 : tensor<?x4xf32>
  return %s : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @bodies_of_every_kind_have_a_hidden_vector
func.func @bodies_of_every_kind_have_a_hidden_vector(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.dispatch %{{.*}} apply <hidden>
  // CHECK: moe.experts %{{.*}} apply <hidden>
  // CHECK: moe.combine %{{.*}} apply <hidden>
  %w0_0 = moe_support.weight #moe_support.external<"w0_0.bin", 0> : tensor<6x4xf32>
  %w0_1 = moe_support.weight #moe_support.external<"w0_1.bin", 0> : tensor<6x4xf32>
  %w0_2 = moe_support.weight #moe_support.external<"w0_2.bin", 0> : tensor<4x6xf32>
  %w0_3 = moe_support.weight #moe_support.external<"w0_3.bin", 0> : tensor<2x4x2xf32>
  %w0_4 = moe_support.weight #moe_support.external<"w0_4.bin", 0> : tensor<2x2x6xf32>
  %w1_0 = moe_support.weight #moe_support.external<"w1_0.bin", 0> : tensor<6x4xf32>
  %w1_1 = moe_support.weight #moe_support.external<"w1_1.bin", 0> : tensor<6x4xf32>
  %w1_2 = moe_support.weight #moe_support.external<"w1_2.bin", 0> : tensor<4x6xf32>
  %w1_3 = moe_support.weight #moe_support.external<"w1_3.bin", 0> : tensor<1x6xf32>
  %w1_4 = moe_support.weight #moe_support.external<"w1_4.bin", 0> : tensor<1x6xf32>
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x3xf32> -> !moe.plan<3, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%w0_0, %w0_1, %w0_2, %w0_3, %w0_4, %w1_0, %w1_1, %w1_2, %w1_3, %w1_4 : tensor<6x4xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<2x4x2xf32>, tensor<2x2x6xf32>, tensor<6x4xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<1x6xf32>, tensor<1x6xf32>) table <[<lora, 2, width = 6, body = <gated, silu>, targets = [down], rank = 2>, <film, 1, width = 6, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{weights multiply the hidden vector}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
// -----

// CHECK-LABEL: func.func @linear_maps_have_no_hidden_vector
func.func @linear_maps_have_no_hidden_vector(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}} apply <output>
  %w0_0 = moe_support.weight #moe_support.external<"w0_0.bin", 0> : tensor<3x4x4xf32>
  %w0_1 = moe_support.weight #moe_support.external<"w0_1.bin", 0> : tensor<3x4xf32>
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x3xf32> -> !moe.plan<3, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%w0_0, %w0_1 : tensor<3x4x4xf32>, tensor<3x4xf32>) table <[<linear, 3, bias = true>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{some experts have no hidden vector}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
// -----

// CHECK-LABEL: func.func @neurons_have_no_hidden_vector
func.func @neurons_have_no_hidden_vector(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}} apply <output>
  %w0_0 = moe_support.weight #moe_support.external<"w0_0.bin", 0> : tensor<3x4xf32>
  %w0_1 = moe_support.weight #moe_support.external<"w0_1.bin", 0> : tensor<3x4xf32>
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x3xf32> -> !moe.plan<3, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%w0_0, %w0_1 : tensor<3x4xf32>, tensor<3x4xf32>) table <[<neuron, 3, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{some experts have no hidden vector}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
// -----

// CHECK-LABEL: func.func @values_have_no_hidden_vector
func.func @values_have_no_hidden_vector(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}} apply <output>
  %w0_0 = moe_support.weight #moe_support.external<"w0_0.bin", 0> : tensor<3x4xf32>
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x3xf32> -> !moe.plan<3, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%w0_0 : tensor<3x4xf32>) table <[<value, 3>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{some experts have no hidden vector}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
// -----

// CHECK-LABEL: func.func @nested_maps_have_no_hidden_vector
func.func @nested_maps_have_no_hidden_vector(%x: tensor<?x4xf32>, %z: tensor<?x3xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts %{{.*}} apply <output>
  %w0_0 = moe_support.weight #moe_support.external<"w0_0.bin", 0> : tensor<4x4xf32>
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <scores> : tensor<?x3xf32> -> !moe.plan<3, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%w0_0 : tensor<4x4xf32>) table <[<nested, 3, widths = [2, 2, 2]>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{some experts have no hidden vector}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
