// C13: experts take the numbers that their plan had before a renumbering, one positive and one negative per precondition. That two renumberings are one is a canonicalisation.
// RUN: moe-opt %s --moe-simplify-routing --allow-unregistered-dialect --split-input-file --verify-diagnostics --remarks-filter='moe-simplify-routing' | FileCheck %s
// RUN: moe-opt %s --moe-simplify-routing=renumber=false --allow-unregistered-dialect --split-input-file | FileCheck %s --check-prefix=KEEP

// Expert 1 of the four is nobody's number, and goes.
// (C13): fires
// KEEP-LABEL: func.func @experts_change_places
// KEEP: %[[Q:.*]] = moe.remap
// KEEP: moe.experts %{{.*}}, %[[Q]](
// CHECK-LABEL: func.func @experts_change_places
func.func @experts_change_places(%p: !moe.plan<3, slots<2>>, %x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe.remap
  // CHECK: %[[W:.*]] = moe_support.weight #moe_support.concat<[#moe_support.slice<#moe_support.external<"w.bin", 0> : tensor<4x4x4xf32>, [2, 0, 0], [1, 1, 1]> : tensor<2x4x4xf32>, #moe_support.slice<#moe_support.external<"w.bin", 0> : tensor<4x4x4xf32>, [0, 0, 0], [1, 1, 1]> : tensor<1x4x4xf32>], 0> : tensor<3x4x4xf32>
  // CHECK: moe.experts %{{.*}}, %[[P:.*]](%[[W]] : tensor<3x4x4xf32>) table <[<linear, 3>]>
  // CHECK: moe.combine %{{.*}}, %[[P]],
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<4x4x4xf32>
  // expected-remark @+1 {{experts take the numbers before it}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 2, 3, 0>} : !moe.plan<3, slots<2>> -> !moe.plan<4, slots<2>>
  %r = moe.dispatch %x, %q apply <output> : tensor<?x4xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %q (%w : tensor<4x4x4xf32>) table <[<linear, 4>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %q, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// Experts keep their places.
// CHECK-LABEL: func.func @experts_take_their_places_along
func.func @experts_take_their_places_along(%p: !moe.plan<3, slots<2>>, %x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe.remap
  // CHECK: moe.experts {{.*}} table <[<linear, 3, input_scale = 2.000000e+00, placement = [7, 7, 5]>]>
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<4x4x4xf32>
  // expected-remark @+1 {{experts take the numbers before it}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 2, 3, 0>} : !moe.plan<3, slots<2>> -> !moe.plan<4, slots<2>>
  %r = moe.dispatch %x, %q apply <output> : tensor<?x4xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %q (%w : tensor<4x4x4xf32>) table <[<linear, 4, input_scale = 2.0, placement = [5, 7]>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %q, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// Classes that keep their experts in order need no constants.
// CHECK-LABEL: func.func @classes_change_places_and_what_stores_them
func.func @classes_change_places_and_what_stores_them(%p: !moe.plan<3, slots<2>, always = 1>, %x: tensor<?x4xf32>, %v: tensor<1x4xf32>, %a: tensor<1x4x4xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe.remap
  // CHECK-DAG: %[[Q:.*]] = moe_support.weight #moe_support.concat<[#moe_support.slice<#moe_support.external<"q.bin", 0> : tensor<2x4x4xi8>, [1, 0, 0], [1, 1, 1]> : tensor<1x4x4xi8>, #moe_support.slice<#moe_support.external<"q.bin", 0> : tensor<2x4x4xi8>, [0, 0, 0], [1, 1, 1]> : tensor<1x4x4xi8>], 0> : tensor<2x4x4xi8>
  // CHECK-DAG: %[[S:.*]] = moe_support.weight #moe_support.concat<[#moe_support.slice<#moe_support.external<"s.bin", 0> : tensor<2x4xf32>, [1, 0], [1, 1]> : tensor<1x4xf32>, #moe_support.slice<#moe_support.external<"s.bin", 0> : tensor<2x4xf32>, [0, 0], [1, 1]> : tensor<1x4xf32>], 0> : tensor<2x4xf32>
  // CHECK: moe.experts %{{.*}}, %{{.*}}(%{{.*}}, %[[Q]], %[[S]], %{{.*}} : tensor<1x4xf32>, tensor<2x4x4xi8>, tensor<2x4xf32>, tensor<1x4x4xf32>) table <[<value, 1>, <linear, 2, quant = [<i8_chan>]>, <linear, 1, activation = always>]>
  %c = moe_support.weight #moe_support.external<"q.bin", 0> : tensor<2x4x4xi8>
  %s = moe_support.weight #moe_support.external<"s.bin", 0> : tensor<2x4xf32>
  // expected-remark @+1 {{experts take the numbers before it}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 2, 1, 0>} : !moe.plan<3, slots<2>, always = 1> -> !moe.plan<3, slots<2>, always = 1>
  %r = moe.dispatch %x, %q apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<2>, always = 1> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %q (%c, %s, %v, %a : tensor<2x4x4xi8>, tensor<2x4xf32>, tensor<1x4xf32>, tensor<1x4x4xf32>) table <[<linear, 2, quant = [<i8_chan>]>, <value, 1>, <linear, 1, activation = always>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>, always = 1> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %q, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>, always = 1>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// What experts share stays where it is.
// CHECK-LABEL: func.func @shared_matrices_stay
func.func @shared_matrices_stay(%p: !moe.plan<2, slots<2>>, %x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: %[[U:.*]] = moe_support.weight #moe_support.external<"u.bin", 0>
  // CHECK: %[[D:.*]] = moe_support.weight #moe_support.external<"d.bin", 0>
  // CHECK: moe.dispatch
  // CHECK: %[[B:.*]] = moe_support.weight #moe_support.concat<{{.*}}"b.bin"
  // CHECK: %[[A:.*]] = moe_support.weight #moe_support.concat<{{.*}}"a.bin"
  // CHECK: moe.experts %{{.*}}(%[[U]], %[[D]], %[[B]], %[[A]] :
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<6x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<4x6xf32>
  %b = moe_support.weight #moe_support.external<"b.bin", 0> : tensor<2x6x2xf32>
  %a = moe_support.weight #moe_support.external<"a.bin", 0> : tensor<2x2x4xf32>
  // expected-remark @+1 {{experts take the numbers before it}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 1, 0>} : !moe.plan<2, slots<2>> -> !moe.plan<2, slots<2>>
  %r = moe.dispatch %x, %q apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<2>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %q (%u, %d, %b, %a : tensor<6x4xf32>, tensor<4x6xf32>, tensor<2x6x2xf32>, tensor<2x2x4xf32>) table <[<lora, 2, width = 6, body = <ungated, relu>, targets = [up], rank = 2>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %q, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @ascending_numbers_keep_the_order_of_sums
func.func @ascending_numbers_keep_the_order_of_sums(%p: !moe.plan<3, slots<2>>, %x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe.remap
  // CHECK: moe.combine {{.*}} order <expert_asc>
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<4x4x4xf32>
  // expected-remark @+1 {{experts take the numbers before it}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 0, 2, 3>} : !moe.plan<3, slots<2>> -> !moe.plan<4, slots<2>>
  %r = moe.dispatch %x, %q apply <output> : tensor<?x4xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %q (%w : tensor<4x4x4xf32>) table <[<linear, 4>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %q, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// (C13): not with sums in the order of numbers
// CHECK-LABEL: func.func @not_where_sums_have_the_order_of_numbers
func.func @not_where_sums_have_the_order_of_numbers(%p: !moe.plan<3, slots<2>>, %x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.remap
  // CHECK: moe.experts
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<3x4x4xf32>
  // expected-remark @+1 {{units are summed in the order of numbers}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 1, 0, 2>} : !moe.plan<3, slots<2>> -> !moe.plan<3, slots<2>>
  %r = moe.dispatch %x, %q apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %q (%w : tensor<3x4x4xf32>) table <[<linear, 3>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %q, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// (C13): not with dropped entries
// CHECK-LABEL: func.func @not_where_entries_are_dropped
func.func @not_where_entries_are_dropped(%p: !moe.plan<3, slots<2>>, %x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.remap
  // CHECK: moe.experts
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<2x4x4xf32>
  // expected-remark @+1 {{entries are dropped or come together}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 1, 0, -1>} : !moe.plan<3, slots<2>> -> !moe.plan<2, slots<2>>
  %r = moe.dispatch %x, %q apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<2>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %q (%w : tensor<2x4x4xf32>) table <[<linear, 2>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %q, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// (C13): not with merged entries
// CHECK-LABEL: func.func @not_where_entries_come_together
func.func @not_where_entries_come_together(%p: !moe.plan<3, slots<2>>, %x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.remap
  // CHECK: moe.experts
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<2x4x4xf32>
  // expected-remark @+1 {{entries are dropped or come together}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 1, 0, 0>} : !moe.plan<3, slots<2>> -> !moe.plan<2, slots<2>>
  %r = moe.dispatch %x, %q apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<2>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %q (%w : tensor<2x4x4xf32>) table <[<linear, 2>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %q, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_of_some_slots
func.func @not_of_some_slots(%p: !moe.plan<3, slots<2>>, %x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.remap
  // CHECK: moe.experts
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<3x4x4xf32>
  // expected-remark @+1 {{some slots are dropped}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 1, 0, 2>, slot_mask = array<i64: 0>} : !moe.plan<3, slots<2>> -> !moe.plan<3, slots<1>>
  %r = moe.dispatch %x, %q apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %q (%w : tensor<3x4x4xf32>) table <[<linear, 3>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %q, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_of_replicas
func.func @not_of_replicas(%p: !moe.plan<3, slots<2>>, %x: tensor<?x4xf32>, %c: tensor<3x2xi32>, %j: tensor<?x2xi32>) -> tensor<?x4xf32> {
  // CHECK: moe.remap
  // CHECK: moe.experts
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<3x4x4xf32>
  // expected-remark @+1 {{replicas are chosen at run time}}
  %q = moe.remap %p replicas(%c : tensor<3x2xi32>) choice(%j : tensor<?x2xi32>) many_to_one <sum> : !moe.plan<3, slots<2>> -> !moe.plan<3, slots<2>>
  %r = moe.dispatch %x, %q apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %q (%w : tensor<3x4x4xf32>) table <[<linear, 3>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %q, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// (C13): not with classes that would fall apart
// CHECK-LABEL: func.func @not_where_a_class_would_fall_apart
func.func @not_where_a_class_would_fall_apart(%p: !moe.plan<3, slots<2>>, %x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.remap
  // CHECK: moe.experts
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<2x4x4xf32>
  %v = moe_support.weight #moe_support.external<"v.bin", 0> : tensor<1x4xf32>
  // expected-remark @+1 {{a class would fall apart}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 0, 2, 1>} : !moe.plan<3, slots<2>> -> !moe.plan<3, slots<2>>
  %r = moe.dispatch %x, %q apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %q (%w, %v : tensor<2x4x4xf32>, tensor<1x4xf32>) table <[<linear, 2>, <value, 1>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %q, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// Of a plan that goes straight to the experts, an id that weighs 0 must not be one of an expert that computes.
// (C13): not with zero or exclude ids of experts that compute
// CHECK-LABEL: func.func @not_where_an_excluded_id_computes
func.func @not_where_an_excluded_id_computes(%z: tensor<?x3xf32>, %x: tensor<?x4xf32>, %v: tensor<1x4xf32>, %a: tensor<1x2x4xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.remap
  // CHECK: moe.experts
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<2x4x4xf32>
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores, exclude = [2]> : tensor<?x3xf32> -> !moe.plan<3, slots<2>>
  // expected-remark @+1 {{zero or exclude ids would be those of experts that compute}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 2, 0, 1>} : !moe.plan<3, slots<2>> -> !moe.plan<3, slots<2>>
  %r = moe.dispatch %x, %q apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %q (%w, %v, %a : tensor<2x4x4xf32>, tensor<1x4xf32>, tensor<1x2x4xf32>) table <[<linear, 2>, <constant, 1, mix = softmax2>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %q, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_where_a_zero_id_computes
func.func @not_where_a_zero_id_computes(%z: tensor<?x3xf32>, %x: tensor<?x4xf32>, %v: tensor<1x4xf32>, %a: tensor<1x2x4xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.remap
  // CHECK: moe.experts
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<2x4x4xf32>
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores, zero = [1]> : tensor<?x3xf32> -> !moe.plan<3, slots<2>>
  // expected-remark @+1 {{zero or exclude ids would be those of experts that compute}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 2, 0, 1>} : !moe.plan<3, slots<2>> -> !moe.plan<3, slots<2>>
  %r = moe.dispatch %x, %q apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %q (%w, %v, %a : tensor<2x4x4xf32>, tensor<1x4xf32>, tensor<1x2x4xf32>) table <[<linear, 2>, <constant, 1, mix = softmax2>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %q, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @excluded_ids_of_constants_go_along
func.func @excluded_ids_of_constants_go_along(%z: tensor<?x3xf32>, %x: tensor<?x4xf32>, %v: tensor<1x4xf32>, %a: tensor<1x2x4xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe.remap
  // CHECK: moe.experts {{.*}} table <[<constant, 1, mix = softmax2>, <linear, 2>]>
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<2x4x4xf32>
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores, exclude = [0]> : tensor<?x3xf32> -> !moe.plan<3, slots<2>>
  // expected-remark @+1 {{experts take the numbers before it}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 2, 0, 1>} : !moe.plan<3, slots<2>> -> !moe.plan<3, slots<2>>
  %r = moe.dispatch %x, %q apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %q (%w, %v, %a : tensor<2x4x4xf32>, tensor<1x4xf32>, tensor<1x2x4xf32>) table <[<linear, 2>, <constant, 1, mix = softmax2>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %q, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_where_parameters_are_no_constants
func.func @not_where_parameters_are_no_constants(%p: !moe.plan<3, slots<2>>, %x: tensor<?x4xf32>, %w: tensor<3x4x4xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.remap
  // CHECK: moe.experts
  // expected-remark @+1 {{its parameters are no constants}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 1, 0, 2>} : !moe.plan<3, slots<2>> -> !moe.plan<3, slots<2>>
  %r = moe.dispatch %x, %q apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %q (%w : tensor<3x4x4xf32>) table <[<linear, 3>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %q, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_where_others_read_the_plan
func.func @not_where_others_read_the_plan(%p: !moe.plan<3, slots<2>>, %x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.remap
  // CHECK: moe.experts
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<3x4x4xf32>
  // expected-remark @+1 {{the ops of its layer have other users or plans}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 1, 0, 2>} : !moe.plan<3, slots<2>> -> !moe.plan<3, slots<2>>
  %r = moe.dispatch %x, %q apply <output> : tensor<?x4xf32>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %q (%w : tensor<3x4x4xf32>) table <[<linear, 3>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %q, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<3, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  %i, %v = moe.unpack_plan %q : !moe.plan<3, slots<2>> -> tensor<?x2xi32>, tensor<?x2xf32>
  %t = "test.use"(%i, %y) : (tensor<?x2xi32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %t : tensor<?x4xf32>
}
