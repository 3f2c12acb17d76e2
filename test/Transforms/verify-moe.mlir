// What moe-verify-moe checks over the ops of one layer; the function's name says the rule.
// RUN: moe-opt %s --moe-verify-moe --split-input-file --verify-diagnostics

// (verify_moe_c2), (R15), a layer that agrees.
func.func @a_layer_that_agrees(%z: tensor<?x4xf32>, %x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores, zero = [3]> : tensor<?x4xf32> -> !moe.plan<4, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x8xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 8, grouped>
  %h = moe.experts %r, %p table <[<copy, 3>, <zero, 1>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 8, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 8, grouped>, !moe.plan<4, slots<2>>, tensor<?x8xf32> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// Rows and plans from elsewhere are taken as they are.
func.func @rows_of_an_argument(%h: !moe.rows<f32, 8, grouped>, %p: !moe.plan<4, slots<2>>, %x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = moe.combine %h, %p, %x apply <hidden> residual <none> order <slot> : !moe.rows<f32, 8, grouped>, !moe.plan<4, slots<2>>, tensor<?x8xf32> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// (verify_moe_c1)
func.func @experts_are_on_the_plan_of_their_rows(%p: !moe.plan<4, slots<2>>, %q: !moe.plan<4, slots<2>>, %x: tensor<?x8xf32>) -> !moe.rows<f32, 8, grouped> {
  // expected-note @+1 {{rows made here}}
  %r = moe.dispatch %x, %p apply <output> : tensor<?x8xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 8, grouped>
  // expected-error @+1 {{'moe.experts' op requires its plan to be that of 'moe.dispatch'}}
  %h = moe.experts %r, %q table <[<copy, 4>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// -----

// (verify_moe_c1)
func.func @a_sum_is_on_the_plan_of_its_rows(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<4, slots<2>>, %q: !moe.plan<4, slots<2>>, %x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-note @+1 {{rows made here}}
  %h = moe.experts %r, %p table <[<copy, 4>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 8, grouped>
  // expected-error @+1 {{'moe.combine' op requires its plan to be that of 'moe.experts'}}
  %y = moe.combine %h, %q, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 8, grouped>, !moe.plan<4, slots<2>>, tensor<?x8xf32> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// (verify_moe_c2)
func.func @dispatch_and_experts_apply_weights_at_one_place(%p: !moe.plan<4, slots<1>>, %x: tensor<?x8xf32>) -> !moe.rows<f32, 8, grouped> {
  // expected-note @+1 {{rows made here}}
  %r = moe.dispatch %x, %p apply <input> : tensor<?x8xf32>, !moe.plan<4, slots<1>> -> !moe.rows<f32, 8, grouped>
  // expected-error @+1 {{'moe.experts' op requires 'apply' (output) to equal that of 'moe.dispatch' (input)}}
  %h = moe.experts %r, %p table <[<copy, 4>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<4, slots<1>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// -----

// (verify_moe_c2)
func.func @experts_and_sum_apply_weights_at_one_place(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<4, slots<2>>, %x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-note @+1 {{rows made here}}
  %h = moe.experts %r, %p table <[<copy, 4>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 8, grouped>
  // expected-error @+1 {{'moe.combine' op requires 'apply' (hidden) to equal that of 'moe.experts' (output)}}
  %y = moe.combine %h, %p, %x apply <hidden> residual <none> order <slot> : !moe.rows<f32, 8, grouped>, !moe.plan<4, slots<2>>, tensor<?x8xf32> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// (R15)
func.func @zero_ids_are_of_classes_without_parameters(%z: tensor<?x5xf32>, %r: !moe.rows<f32, 8, grouped>, %g: tensor<4x6x8xf32>, %d: tensor<4x8x6xf32>) -> !moe.rows<f32, 8, grouped> {
  // expected-note @+1 {{its weight is set to 0 here}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores, zero = [4], exclude = [3]> : tensor<?x5xf32> -> !moe.plan<5, slots<2>>
  // expected-error @+1 {{'moe.experts' op expects zero and exclude ids in zero, copy or constant classes, but id 3 is of class 'ffn'}}
  %h = moe.experts %r, %p (%g, %d : tensor<4x6x8xf32>, tensor<4x8x6xf32>) table <[<ffn, 4, width = 6, body = <ungated, relu>>, <zero, 1>]> apply <output>
    : !moe.rows<f32, 8, grouped>, !moe.plan<5, slots<2>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// -----

// (R15): zero
func.func @ids_of_no_weight_are_of_no_class_with_weights(%z: tensor<?x5xf32>, %r: !moe.rows<f32, 8, grouped>, %w: tensor<4x8x8xf32>) -> !moe.rows<f32, 8, grouped> {
  // expected-note @+1 {{its weight is set to 0 here}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores, zero = [2, 4]> : tensor<?x5xf32> -> !moe.plan<5, slots<2>>
  // expected-error @+1 {{'moe.experts' op expects zero and exclude ids in zero, copy or constant classes, but id 2 is of class 'linear'}}
  %h = moe.experts %r, %p (%w : tensor<4x8x8xf32>) table <[<linear, 4>, <zero, 1>]> apply <output>
    : !moe.rows<f32, 8, grouped>, !moe.plan<5, slots<2>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// -----

// (R15): exclude
func.func @excluded_ids_are_of_no_class_with_weights(%z: tensor<?x5xf32>, %r: !moe.rows<f32, 8, grouped>, %w: tensor<4x8x8xf32>) -> !moe.rows<f32, 8, grouped> {
  // expected-note @+1 {{its weight is set to 0 here}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores, exclude = [3]> : tensor<?x5xf32> -> !moe.plan<5, slots<2>>
  // expected-error @+1 {{'moe.experts' op expects zero and exclude ids in zero, copy or constant classes, but id 3 is of class 'linear'}}
  %h = moe.experts %r, %p (%w : tensor<4x8x8xf32>) table <[<linear, 4>, <zero, 1>]> apply <output>
    : !moe.rows<f32, 8, grouped>, !moe.plan<5, slots<2>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// -----

// (R15): table
func.func @zero_ids_of_a_table_are_of_any_class(%z: tensor<?x5xf32>, %t: tensor<?x2xi32>, %r: !moe.rows<f32, 8, grouped>, %w: tensor<5x8x8xf32>) -> !moe.rows<f32, 8, grouped> {
  %p = moe.route %z table_ids(%t : tensor<?x2xi32>) score <softmax> select <table> weight <scores, exclude = [3]> : tensor<?x5xf32> -> !moe.plan<5, slots<2>>
  %h = moe.experts %r, %p (%w : tensor<5x8x8xf32>) table <[<linear, 5>]> apply <output>
    : !moe.rows<f32, 8, grouped>, !moe.plan<5, slots<2>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// -----

// (R18): policy
func.func @nested_experts_are_not_chosen_by_thresholds(%z: tensor<?x2xf32>, %r: !moe.rows<f32, 8, grouped>, %w: tensor<8x8xf32>) -> !moe.rows<f32, 8, grouped> {
  // expected-note @+1 {{experts are chosen here}}
  %p = moe.route %z score <sigmoid> select <threshold(0.5), key = scores> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<2>>
  // expected-error @+1 {{'moe.experts' op expects policy 'topk' or 'greedy_assign' with a 'nested' class, but got 'threshold'}}
  %h = moe.experts %r, %p (%w : tensor<8x8xf32>) table <[<nested, 2, widths = [4, 8]>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<2, slots<2>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// -----

// (R18), where topk is fine.
func.func @nested_experts_are_chosen_by_topk(%z: tensor<?x2xf32>, %r: !moe.rows<f32, 8, grouped>, %w: tensor<8x8xf32>) -> !moe.rows<f32, 8, grouped> {
  %p = moe.route %z score <sigmoid> select <topk(1), key = scores> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %h = moe.experts %r, %p (%w : tensor<8x8xf32>) table <[<nested, 2, widths = [4, 8]>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// -----

// (verify_moe_c3)
func.func private @log(tensor<?x8xf32>)
func.func @writes(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  call @log(%x) : (tensor<?x8xf32>) -> ()
  return %x : tensor<?x8xf32>
}
func.func @a_callee_has_no_side_effects(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<1, slots<1>>) -> !moe.rows<f32, 8, grouped> {
  // expected-error @+1 {{'moe.experts' op expects a callee with a body of ops without side effects, but got @writes}}
  %h = moe.experts %r, %p table <[<external, 1, callee = @writes>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<1, slots<1>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// -----

// (verify_moe_c3)
func.func private @elsewhere(tensor<?x8xf32>) -> tensor<?x8xf32>
func.func @a_callee_has_a_body(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<1, slots<1>>) -> !moe.rows<f32, 8, grouped> {
  // expected-error @+1 {{'moe.experts' op expects a callee with a body of ops without side effects, but got @elsewhere}}
  %h = moe.experts %r, %p table <[<external, 1, callee = @elsewhere>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<1, slots<1>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// -----

// (verify_moe_c4)
func.func @what_was_before_capacity_is_known_of_a_route(%p: !moe.plan<8, slots<2>>) -> tensor<8xi32> {
  // expected-error @+1 {{expects 'stage <before>' of the plan of a 'moe.route', but got another plan}}
  %c, %n = moe.plan_stats %p stage <before> counted <entries> : !moe.plan<8, slots<2>> -> tensor<8xi32>, tensor<i32>
  return %c : tensor<8xi32>
}

// -----

// (R11): loss
func.func @a_balanced_assignment_has_no_loss(%z: tensor<?x8xf32>) -> tensor<f32> {
  // expected-note @+1 {{units are assigned here}}
  %p, %s = moe.route %z score <identity> select <balanced_assign, key = logits> weight <one> : tensor<?x8xf32> -> !moe.plan<8, slots<1>>, tensor<?x8xf32>
  %c, %n, %a = moe.plan_stats %p scores(%s : tensor<?x8xf32>) stage <after> counted <entries>
    : !moe.plan<8, slots<1>> -> tensor<8xi32>, tensor<i32> score_sums tensor<8xf32>
  // expected-error @+1 {{expects statistics of a route that balances nothing itself, but got those of 'balanced_assign'}}
  %l = moe.aux_loss <switch> %c, %a, %n {k = 1 : i64} : tensor<8xi32>, tensor<8xf32>, tensor<i32> -> tensor<f32>
  return %l : tensor<f32>
}
