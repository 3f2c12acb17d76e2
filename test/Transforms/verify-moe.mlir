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

// (verify_moe_c3), where a callee calls a function of numbers that is declared.
func.func private @declared(f32) -> f32
func.func @maps(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = linalg.map ins(%x : tensor<?x8xf32>) outs(%x : tensor<?x8xf32>) (%v: f32, %o: f32) {
    %f = func.call @declared(%v) : (f32) -> f32
    linalg.yield %f : f32
  }
  return %y : tensor<?x8xf32>
}
func.func @a_callee_calls_what_has_no_side_effects(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<2, slots<1>>, %u: tensor<1x8xf32>) -> !moe.rows<f32, 8, grouped> {
  %h = moe.experts %r, %p (%u, %u : tensor<1x8xf32>, tensor<1x8xf32>) table <[<external, 1, callee = @maps>, <neuron, 1, body = <ungated, external, callee = @declared>>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// -----

// (verify_moe_c3)
func.func private @log(f32, tensor<?x8xf32>)
func.func @counts(%x: f32) -> f32 {
  %n = arith.constant 0 : index
  %t = tensor.empty(%n) : tensor<?x8xf32>
  func.call @log(%x, %t) : (f32, tensor<?x8xf32>) -> ()
  return %x : f32
}
func.func @an_activation_has_no_side_effects(%x: tensor<?x8xf32>, %u: tensor<4x8xf32>, %d: tensor<8x4xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{'moe.ffn' op expects a callee with a body of ops without side effects, but got @counts}}
  %y = moe.ffn %x (%u, %d : tensor<4x8xf32>, tensor<8x4xf32>) body <ungated, external, callee = @counts> : tensor<?x8xf32> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// (verify_moe_c3)
func.func @forever(%x: f32) -> f32 {
  %y = func.call @forever(%x) : (f32) -> f32
  return %y : f32
}
func.func @an_activation_does_not_call_itself(%x: tensor<?x8xf32>, %u: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{'moe.apply_merged' op expects a callee with a body of ops without side effects, but got @forever}}
  %y = moe.apply_merged %x (%u, %u : tensor<?x8xf32>, tensor<?x8xf32>) experts <neuron, 1, body = <ungated, external, callee = @forever>> : tensor<?x8xf32> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// (verify_moe_c3): rows
// expected-note @+1 {{function defined here}}
func.func @centred(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8xf32>
  %i = linalg.fill ins(%zero : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %s = linalg.reduce ins(%x : tensor<?x8xf32>) outs(%i : tensor<8xf32>) dimensions = [0] (%v: f32, %a: f32) {
    %n = arith.addf %v, %a : f32
    linalg.yield %n : f32
  }
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x8xf32>
  %o = tensor.empty(%m) : tensor<?x8xf32>
  %y = linalg.broadcast ins(%s : tensor<8xf32>) outs(%o : tensor<?x8xf32>) dimensions = [0]
  return %y : tensor<?x8xf32>
}
func.func @a_callee_sums_no_rows(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<1, slots<1>>) -> !moe.rows<f32, 8, grouped> {
  // expected-error @+1 {{'moe.experts' op expects a callee that makes each row of the same row alone, but in @centred 'linalg.reduce' may make a row from others, their number or its position}}
  %h = moe.experts %r, %p table <[<external, 1, callee = @centred>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<1, slots<1>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// -----

// (verify_moe_c3): number of rows
// expected-note @+1 {{function defined here}}
func.func @counted(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x8xf32>
  %i = arith.index_cast %m : index to i64
  %n = arith.sitofp %i : i64 to f32
  %y = linalg.map ins(%x : tensor<?x8xf32>) outs(%x : tensor<?x8xf32>) (%v: f32, %o: f32) {
    %d = arith.divf %v, %n : f32
    linalg.yield %d : f32
  }
  return %y : tensor<?x8xf32>
}
func.func @a_callee_counts_no_rows(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<1, slots<1>>) -> !moe.rows<f32, 8, grouped> {
  // expected-error @+1 {{in @counted 'arith.index_cast' may make}}
  %h = moe.experts %r, %p table <[<external, 1, callee = @counted>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<1, slots<1>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// -----

// (verify_moe_c3): number of rows, summed
// expected-note @+1 {{function defined here}}
func.func @summed(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x8xf32>
  %o = tensor.empty(%m) : tensor<?xf32>
  %ones = linalg.fill ins(%one : f32) outs(%o : tensor<?xf32>) -> tensor<?xf32>
  %e = tensor.empty() : tensor<f32>
  %i = linalg.fill ins(%zero : f32) outs(%e : tensor<f32>) -> tensor<f32>
  %n = linalg.reduce ins(%ones : tensor<?xf32>) outs(%i : tensor<f32>) dimensions = [0] (%v: f32, %a: f32) {
    %s = arith.addf %v, %a : f32
    linalg.yield %s : f32
  }
  %y = linalg.generic {indexing_maps = [affine_map<(u, c) -> ()>, affine_map<(u, c) -> (u, c)>], iterator_types = ["parallel", "parallel"]} ins(%n : tensor<f32>) outs(%x : tensor<?x8xf32>) {
  ^bb0(%s: f32, %v: f32):
    %d = arith.divf %v, %s : f32
    linalg.yield %d : f32
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
func.func @a_callee_sums_no_ones_of_rows(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<1, slots<1>>) -> !moe.rows<f32, 8, grouped> {
  // expected-error @+1 {{in @summed 'linalg.reduce' may make}}
  %h = moe.experts %r, %p table <[<external, 1, callee = @summed>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<1, slots<1>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// -----

// (verify_moe_c3): number of rows, as the size of what has none of them
// expected-note @+1 {{function defined here}}
func.func @sized(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%m) : tensor<?xf32>
  %k = tensor.dim %e, %c0 : tensor<?xf32>
  %i = arith.index_cast %k : index to i64
  %n = arith.sitofp %i : i64 to f32
  %y = linalg.map ins(%x : tensor<?x8xf32>) outs(%x : tensor<?x8xf32>) (%v: f32, %o: f32) {
    %d = arith.divf %v, %n : f32
    linalg.yield %d : f32
  }
  return %y : tensor<?x8xf32>
}
func.func @a_callee_counts_no_rows_of_a_shape(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<1, slots<1>>) -> !moe.rows<f32, 8, grouped> {
  // expected-error @+1 {{in @sized 'arith.index_cast' may make}}
  %h = moe.experts %r, %p table <[<external, 1, callee = @sized>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<1, slots<1>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// -----

// (verify_moe_c3): number of rows, as two sizes
// expected-note @+1 {{function defined here}}
func.func @squared(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%m, %m) : tensor<?x?xf32>
  return %x : tensor<?x8xf32>
}
func.func @a_callee_has_no_columns_of_rows(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<1, slots<1>>) -> !moe.rows<f32, 8, grouped> {
  // expected-error @+1 {{in @squared 'tensor.empty' may make}}
  %h = moe.experts %r, %p table <[<external, 1, callee = @squared>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<1, slots<1>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// -----

// (verify_moe_c3): each row gets the same bias.
func.func @biased(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %b = arith.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]> : tensor<8xf32>
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x8xf32>
  %o = tensor.empty(%m) : tensor<?x8xf32>
  %w = linalg.broadcast ins(%b : tensor<8xf32>) outs(%o : tensor<?x8xf32>) dimensions = [0]
  %y = arith.addf %x, %w : tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
func.func @a_callee_may_add_one_bias_to_all_rows(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<1, slots<1>>) -> !moe.rows<f32, 8, grouped> {
  %h = moe.experts %r, %p table <[<external, 1, callee = @biased>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<1, slots<1>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// -----

// (verify_moe_c3): position
// expected-note @+1 {{function defined here}}
func.func @numbered(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = linalg.generic {indexing_maps = [affine_map<(u, c) -> (u, c)>], iterator_types = ["parallel", "parallel"]} outs(%x : tensor<?x8xf32>) {
  ^bb0(%v: f32):
    %u = linalg.index 0 : index
    %i = arith.index_cast %u : index to i64
    %n = arith.sitofp %i : i64 to f32
    %d = arith.mulf %v, %n : f32
    linalg.yield %d : f32
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
func.func @a_callee_numbers_no_rows(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<1, slots<1>>) -> !moe.rows<f32, 8, grouped> {
  // expected-error @+1 {{in @numbered 'linalg.generic' may make}}
  %h = moe.experts %r, %p table <[<external, 1, callee = @numbered>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<1, slots<1>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// -----

// (verify_moe_c3): a row that is looked up
// expected-note @+1 {{function defined here}}
func.func @first(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %y = linalg.generic {indexing_maps = [affine_map<(u, c) -> (u, c)>], iterator_types = ["parallel", "parallel"]} outs(%x : tensor<?x8xf32>) {
  ^bb0(%v: f32):
    %c = linalg.index 1 : index
    %f = tensor.extract %x[%c0, %c] : tensor<?x8xf32>
    linalg.yield %f : f32
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
func.func @a_callee_looks_up_no_rows(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<1, slots<1>>) -> !moe.rows<f32, 8, grouped> {
  // expected-error @+1 {{in @first 'linalg.generic' may make}}
  %h = moe.experts %r, %p table <[<external, 1, callee = @first>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<1, slots<1>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// -----

// (verify_moe_c3): other tensors along rows
// expected-note @+1 {{function defined here}}
func.func @weighed(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %w = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %c = tensor.cast %w : tensor<2xf32> to tensor<?xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(u, c) -> (u)>, affine_map<(u, c) -> (u, c)>], iterator_types = ["parallel", "parallel"]} ins(%c : tensor<?xf32>) outs(%x : tensor<?x8xf32>) {
  ^bb0(%s: f32, %v: f32):
    %d = arith.mulf %v, %s : f32
    linalg.yield %d : f32
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
func.func @a_callee_has_no_weights_of_rows(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<1, slots<1>>) -> !moe.rows<f32, 8, grouped> {
  // expected-error @+1 {{in @weighed 'linalg.generic' may make}}
  %h = moe.experts %r, %p table <[<external, 1, callee = @weighed>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<1, slots<1>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// -----

// (verify_moe_c3): order
// expected-note @+1 {{function defined here}}
func.func @shifted(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %m = tensor.dim %x, %c0 : tensor<?x8xf32>
  %y = tensor.extract_slice %x[1, 0] [%m, 8] [1, 1] : tensor<?x8xf32> to tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
func.func @a_callee_moves_no_rows(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<1, slots<1>>) -> !moe.rows<f32, 8, grouped> {
  // expected-error @+1 {{in @shifted 'tensor.extract_slice' may make}}
  %h = moe.experts %r, %p table <[<external, 1, callee = @shifted>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<1, slots<1>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// -----

// (verify_moe_c3): a column at the number of rows
// expected-note @+1 {{function defined here}}
func.func @column(%x: tensor<?x8xf32>) -> tensor<?x1xf32> {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x8xf32>
  %y = tensor.extract_slice %x[0, %m] [%m, 1] [1, 1] : tensor<?x8xf32> to tensor<?x1xf32>
  return %y : tensor<?x1xf32>
}
func.func @a_callee_takes_no_column_by_the_number_of_rows(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<1, slots<1>>) -> !moe.rows<f32, 1, grouped> {
  // expected-error @+1 {{in @column 'tensor.extract_slice' may make}}
  %h = moe.experts %r, %p table <[<external, 1, callee = @column>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<1, slots<1>> -> !moe.rows<f32, 1, grouped>
  return %h : !moe.rows<f32, 1, grouped>
}

// -----

// (verify_moe_c3): a part of a table at the number of rows
// expected-note @+1 {{function defined here}}
func.func @entry(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %t = arith.constant dense<[[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], [2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]]> : tensor<2x8xf32>
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x8xf32>
  %w = tensor.extract_slice %t[%m, 0] [1, 8] [1, 1] : tensor<2x8xf32> to tensor<8xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(u, c) -> (c)>, affine_map<(u, c) -> (u, c)>], iterator_types = ["parallel", "parallel"]} ins(%w : tensor<8xf32>) outs(%x : tensor<?x8xf32>) {
  ^bb0(%s: f32, %v: f32):
    %d = arith.mulf %v, %s : f32
    linalg.yield %d : f32
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
func.func @a_callee_reads_no_table_by_the_number_of_rows(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<1, slots<1>>) -> !moe.rows<f32, 8, grouped> {
  // expected-error @+1 {{in @entry 'tensor.extract_slice' may make}}
  %h = moe.experts %r, %p table <[<external, 1, callee = @entry>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<1, slots<1>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// -----

// (verify_moe_c3): another tensor that takes the number of rows as a size
// expected-note @+1 {{function defined here}}
func.func @unfolded(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %t = arith.constant dense<1.0> : tensor<2xf32>
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x8xf32>
  %c = tensor.cast %t : tensor<2xf32> to tensor<?xf32>
  %e = tensor.expand_shape %c [[0, 1]] output_shape [%m, 1] : tensor<?xf32> into tensor<?x1xf32>
  return %x : tensor<?x8xf32>
}
func.func @a_callee_unfolds_no_table_by_the_number_of_rows(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<1, slots<1>>) -> !moe.rows<f32, 8, grouped> {
  // expected-error @+1 {{in @unfolded 'tensor.expand_shape' may make}}
  %h = moe.experts %r, %p table <[<external, 1, callee = @unfolded>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<1, slots<1>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// -----

// (verify_moe_c3): a size at the number of rows
// expected-note @+1 {{function defined here}}
func.func @measured(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %t = arith.constant dense<1.0> : tensor<2x3xf32>
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x8xf32>
  %k = tensor.dim %t, %m : tensor<2x3xf32>
  return %x : tensor<?x8xf32>
}
func.func @a_callee_measures_no_table_by_the_number_of_rows(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<1, slots<1>>) -> !moe.rows<f32, 8, grouped> {
  // expected-error @+1 {{in @measured 'tensor.dim' may make}}
  %h = moe.experts %r, %p table <[<external, 1, callee = @measured>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<1, slots<1>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// -----

// (verify_moe_c3): heads of a row mix, and rows do not.
func.func @heads(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.expand_shape %x [[0], [1, 2]] output_shape [%m, 4, 2] : tensor<?x8xf32> into tensor<?x4x2xf32>
  %o = tensor.empty(%m) : tensor<?x4x2xf32>
  %i = linalg.fill ins(%zero : f32) outs(%o : tensor<?x4x2xf32>) -> tensor<?x4x2xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(u, h, n, k) -> (u, h, k)>, affine_map<(u, h, n, k) -> (n, k)>, affine_map<(u, h, n, k) -> (u, h, n)>],
                       iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%e, %w : tensor<?x4x2xf32>, tensor<2x2xf32>) outs(%i : tensor<?x4x2xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %q = arith.mulf %a, %b : f32
    %t = arith.addf %s, %q : f32
    linalg.yield %t : f32
  } -> tensor<?x4x2xf32>
  %h = tensor.extract_slice %p[0, 0, 1] [%m, 4, 1] [1, 1, 1] : tensor<?x4x2xf32> to tensor<?x4xf32>
  %g = tensor.extract_slice %p[0, 0, 0] [%m, 4, 1] [1, 1, 1] : tensor<?x4x2xf32> to tensor<?x4xf32>
  %f = arith.addf %h, %g : tensor<?x4xf32>
  %d = tensor.empty(%m) : tensor<?x4x2xf32>
  %y = linalg.broadcast ins(%f : tensor<?x4xf32>) outs(%d : tensor<?x4x2xf32>) dimensions = [2]
  %r = tensor.collapse_shape %y [[0], [1, 2]] : tensor<?x4x2xf32> into tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}
func.func @a_callee_may_do_anything_in_a_row(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<1, slots<1>>) -> !moe.rows<f32, 8, grouped> {
  %h = moe.experts %r, %p table <[<external, 1, callee = @heads>]> apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<1, slots<1>> -> !moe.rows<f32, 8, grouped>
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
