// C17: products with the base of lora experts are made once per unit, one positive and one negative per precondition.
// RUN: moe-opt %s --moe-simplify-routing=lora-base=units --split-input-file --verify-diagnostics --remarks-filter='moe-simplify-routing' | FileCheck %s

// CHECK-DAG: #[[ROWS:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[COLUMNS:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// (C17): fires
// CHECK-LABEL: func.func @products_are_made_once
// CHECK-SAME: %[[P:.*]]: !moe.plan<4, slots<2>>, %[[X:.*]]: tensor<?x4xf32>, %[[G:.*]]: tensor<6x4xf32>, %[[GB:.*]]: tensor<6xf32>, %[[U:.*]]: tensor<6x4xf32>, %[[D:.*]]: tensor<4x6xf32>,
func.func @products_are_made_once(%p: !moe.plan<4, slots<2>>, %x: tensor<?x4xf32>, %g: tensor<6x4xf32>, %gb: tensor<6xf32>, %u: tensor<6x4xf32>, %d: tensor<4x6xf32>, %b: tensor<4x6x2xf32>, %a: tensor<4x2x4xf32>, %b2: tensor<4x4x2xf32>, %a2: tensor<4x2x6xf32>) -> tensor<?x4xf32> {
  // CHECK: %[[BIAS:.*]] = linalg.broadcast ins(%[[GB]] : tensor<6xf32>)
  // CHECK: %[[GATE:.*]] = linalg.matmul indexing_maps = [#[[ROWS]], #[[COLUMNS]], #{{.*}}] ins(%[[X]], %[[G]] : tensor<?x4xf32>, tensor<6x4xf32>) outs(%[[BIAS]]
  // CHECK: %[[UP:.*]] = linalg.matmul {{.*}} ins(%[[X]], %[[U]]
  // CHECK: %[[FIRST:.*]] = tensor.insert_slice %[[X]] into %{{.*}}[0, 0] [%{{.*}}, 4] [1, 1]
  // CHECK: %[[SECOND:.*]] = tensor.insert_slice %[[GATE]] into %[[FIRST]][0, 4] [%{{.*}}, 6] [1, 1]
  // CHECK: %[[WIDE:.*]] = tensor.insert_slice %[[UP]] into %[[SECOND]][0, 10] [%{{.*}}, 6] [1, 1]
  // CHECK: %[[R:.*]] = moe.dispatch %[[WIDE]], %[[P]] apply <output> : tensor<?x16xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 16, grouped>
  // CHECK: %[[H:.*]] = moe.experts %[[R]], %[[P]](%[[D]], %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : tensor<4x6xf32>, tensor<4x6x2xf32>, tensor<4x2x4xf32>, tensor<4x4x2xf32>, tensor<4x2x6xf32>)
  // CHECK-SAME: table <[<lora, 4, width = 6, body = <gated, silu, bias = [gate]>, targets = [up, down], rank = 2, base = in_rows>]>
  // CHECK-SAME: : !moe.rows<f32, 16, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  // CHECK: moe.combine %[[H]], %[[P]], %[[X]]
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{products with the base are made once per unit}}
  %h = moe.experts %r, %p (%g, %gb, %u, %d, %b, %a, %b2, %a2 : tensor<6x4xf32>, tensor<6xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<4x6x2xf32>, tensor<4x2x4xf32>, tensor<4x4x2xf32>, tensor<4x2x6xf32>) table <[<lora, 4, width = 6, body = <gated, silu, bias = [gate]>, targets = [up, down], rank = 2>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// Weights between dispatch and experts are multiplied below them.
// CHECK-LABEL: func.func @weights_follow_the_dispatch
func.func @weights_follow_the_dispatch(%p: !moe.plan<2, slots<2>>, %x: tensor<?x4xf32>, %b: tensor<2x6x2xf32>, %a: tensor<2x2x4xf32>) -> tensor<?x4xf32> {
  // CHECK: %[[U:.*]] = moe_support.weight #moe_support.external<"u.bin", 0>
  // CHECK: linalg.matmul {{.*}} ins(%{{.*}}, %[[U]] :
  // CHECK: moe.dispatch %{{.*}} tensor<?x10xf32>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<2>> -> !moe.rows<f32, 4, grouped>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<6x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<4x6xf32>
  // expected-remark @+1 {{products with the base are made once per unit}}
  %h = moe.experts %r, %p (%u, %d, %b, %a : tensor<6x4xf32>, tensor<4x6xf32>, tensor<2x6x2xf32>, tensor<2x2x4xf32>) table <[<lora, 2, width = 6, body = <ungated, relu>, targets = [up], rank = 2>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// Experts that C13 moves have their weights below the dispatch.
// CHECK-LABEL: func.func @experts_change_places_before_their_base_is_multiplied
func.func @experts_change_places_before_their_base_is_multiplied(%p: !moe.plan<2, slots<2>>, %x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: %[[U:.*]] = moe_support.weight #moe_support.external<"u.bin", 0>
  // CHECK: linalg.matmul {{.*}} ins(%{{.*}}, %[[U]] :
  // CHECK: moe.dispatch %{{.*}} tensor<?x10xf32>
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<6x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<4x6xf32>
  %b = moe_support.weight #moe_support.external<"b.bin", 0> : tensor<2x6x2xf32>
  %a = moe_support.weight #moe_support.external<"a.bin", 0> : tensor<2x2x4xf32>
  // expected-remark @+1 {{experts take the numbers before it}}
  %q = moe.remap %p many_to_one <sum> {map = array<i64: 1, 0>} : !moe.plan<2, slots<2>> -> !moe.plan<2, slots<2>>
  %r = moe.dispatch %x, %q apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{products with the base are made once per unit}}
  %h = moe.experts %r, %q (%u, %d, %b, %a : tensor<6x4xf32>, tensor<4x6xf32>, tensor<2x6x2xf32>, tensor<2x2x4xf32>) table <[<lora, 2, width = 6, body = <ungated, relu>, targets = [up], rank = 2>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %q, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @other_classes_read_the_rows
// CHECK-NOT: in_rows
// CHECK-NOT: linalg
// CHECK: return
func.func @other_classes_read_the_rows(%p: !moe.plan<5, slots<2>>, %x: tensor<?x4xf32>, %g: tensor<6x4xf32>, %gb: tensor<6xf32>, %u: tensor<6x4xf32>, %d: tensor<4x6xf32>, %b: tensor<4x6x2xf32>, %a: tensor<4x2x4xf32>, %b2: tensor<4x4x2xf32>, %a2: tensor<4x2x6xf32>, %v: tensor<1x4xf32>) -> tensor<?x4xf32> {
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<5, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{other classes read the same rows}}
  %h = moe.experts %r, %p (%g, %gb, %u, %d, %b, %a, %b2, %a2, %v : tensor<6x4xf32>, tensor<6xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<4x6x2xf32>, tensor<4x2x4xf32>, tensor<4x4x2xf32>, tensor<4x2x6xf32>, tensor<1x4xf32>) table <[<lora, 4, width = 6, body = <gated, silu, bias = [gate]>, targets = [up, down], rank = 2>, <value, 1>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<5, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<5, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @a_joint_matrix_is_not_split
// CHECK-NOT: in_rows
// CHECK-NOT: linalg
// CHECK: return
func.func @a_joint_matrix_is_not_split(%p: !moe.plan<4, slots<2>>, %x: tensor<?x4xf32>, %g: tensor<12x4xf32>, %d: tensor<4x6xf32>, %b: tensor<4x6x2xf32>, %a: tensor<4x2x4xf32>) -> tensor<?x4xf32> {
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{gate and up are one matrix}}
  %h = moe.experts %r, %p (%g, %d, %b, %a : tensor<12x4xf32>, tensor<4x6xf32>, tensor<4x6x2xf32>, tensor<4x2x4xf32>) table <[<lora, 4, width = 6, body = <gated, silu, storage = interleaved>, targets = [up], rank = 2>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @one_row_per_unit_gains_nothing
// CHECK-NOT: in_rows
// CHECK-NOT: linalg
// CHECK: return
func.func @one_row_per_unit_gains_nothing(%p: !moe.plan<4, slots<1>>, %x: tensor<?x4xf32>, %g: tensor<6x4xf32>, %gb: tensor<6xf32>, %u: tensor<6x4xf32>, %d: tensor<4x6xf32>, %b: tensor<4x6x2xf32>, %a: tensor<4x2x4xf32>, %b2: tensor<4x4x2xf32>, %a2: tensor<4x2x6xf32>) -> tensor<?x4xf32> {
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<4, slots<1>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{a unit has one row}}
  %h = moe.experts %r, %p (%g, %gb, %u, %d, %b, %a, %b2, %a2 : tensor<6x4xf32>, tensor<6xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<4x6x2xf32>, tensor<4x2x4xf32>, tensor<4x4x2xf32>, tensor<4x2x6xf32>) table <[<lora, 4, width = 6, body = <gated, silu, bias = [gate]>, targets = [up, down], rank = 2>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @soft_rows_are_of_no_unit
// CHECK-NOT: in_rows
// CHECK-NOT: linalg
// CHECK: return
func.func @soft_rows_are_of_no_unit(%p: !moe.plan<4, soft<2>>, %x: tensor<?x4xf32>, %g: tensor<6x4xf32>, %gb: tensor<6xf32>, %u: tensor<6x4xf32>, %d: tensor<4x6xf32>, %b: tensor<4x6x2xf32>, %a: tensor<4x2x4xf32>, %b2: tensor<4x4x2xf32>, %a2: tensor<4x2x6xf32>) -> tensor<?x4xf32> {
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<4, soft<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the rows of a soft plan are of no unit}}
  %h = moe.experts %r, %p (%g, %gb, %u, %d, %b, %a, %b2, %a2 : tensor<6x4xf32>, tensor<6xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<4x6x2xf32>, tensor<4x2x4xf32>, tensor<4x4x2xf32>, tensor<4x2x6xf32>) table <[<lora, 4, width = 6, body = <gated, silu, bias = [gate]>, targets = [up, down], rank = 2>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<4, soft<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<4, soft<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @a_scaled_input_is_another
// CHECK-NOT: in_rows
// CHECK-NOT: linalg
// CHECK: return
func.func @a_scaled_input_is_another(%p: !moe.plan<4, slots<2>>, %x: tensor<?x4xf32>, %g: tensor<6x4xf32>, %gb: tensor<6xf32>, %u: tensor<6x4xf32>, %d: tensor<4x6xf32>, %b: tensor<4x6x2xf32>, %a: tensor<4x2x4xf32>, %b2: tensor<4x4x2xf32>, %a2: tensor<4x2x6xf32>) -> tensor<?x4xf32> {
  %r = moe.dispatch %x, %p apply <output> {input_scale = 2.0 : f64} : tensor<?x4xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the input of experts is scaled}}
  %h = moe.experts %r, %p (%g, %gb, %u, %d, %b, %a, %b2, %a2 : tensor<6x4xf32>, tensor<6xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<4x6x2xf32>, tensor<4x2x4xf32>, tensor<4x4x2xf32>, tensor<4x2x6xf32>) table <[<lora, 4, width = 6, body = <gated, silu, bias = [gate]>, targets = [up, down], rank = 2>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @the_scaled_input_of_a_class_is_another
// CHECK-NOT: in_rows
// CHECK-NOT: linalg
// CHECK: return
func.func @the_scaled_input_of_a_class_is_another(%p: !moe.plan<4, slots<2>>, %x: tensor<?x4xf32>, %g: tensor<6x4xf32>, %gb: tensor<6xf32>, %u: tensor<6x4xf32>, %d: tensor<4x6xf32>, %b: tensor<4x6x2xf32>, %a: tensor<4x2x4xf32>, %b2: tensor<4x4x2xf32>, %a2: tensor<4x2x6xf32>) -> tensor<?x4xf32> {
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the input of experts is scaled}}
  %h = moe.experts %r, %p (%g, %gb, %u, %d, %b, %a, %b2, %a2 : tensor<6x4xf32>, tensor<6xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<4x6x2xf32>, tensor<4x2x4xf32>, tensor<4x4x2xf32>, tensor<4x2x6xf32>) table <[<lora, 4, width = 6, body = <gated, silu, bias = [gate]>, targets = [up, down], rank = 2, input_scale = 2.0>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @weights_on_the_input_change_it
// CHECK-NOT: in_rows
// CHECK-NOT: linalg
// CHECK: return
func.func @weights_on_the_input_change_it(%p: !moe.plan<4, slots<2>>, %x: tensor<?x4xf32>, %g: tensor<6x4xf32>, %gb: tensor<6xf32>, %u: tensor<6x4xf32>, %d: tensor<4x6xf32>, %b: tensor<4x6x2xf32>, %a: tensor<4x2x4xf32>, %b2: tensor<4x4x2xf32>, %a2: tensor<4x2x6xf32>) -> tensor<?x4xf32> {
  %r = moe.dispatch %x, %p apply <input> allow_multi : tensor<?x4xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the input of experts is scaled}}
  %h = moe.experts %r, %p (%g, %gb, %u, %d, %b, %a, %b2, %a2 : tensor<6x4xf32>, tensor<6xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<4x6x2xf32>, tensor<4x2x4xf32>, tensor<4x4x2xf32>, tensor<4x2x6xf32>) table <[<lora, 4, width = 6, body = <gated, silu, bias = [gate]>, targets = [up, down], rank = 2>]> apply <input> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <input> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @narrow_products_would_be_rounded
// CHECK-NOT: in_rows
// CHECK-NOT: linalg
// CHECK: return
func.func @narrow_products_would_be_rounded(%p: !moe.plan<4, slots<2>>, %x: tensor<?x4xbf16>, %g: tensor<6x4xbf16>, %gb: tensor<6xbf16>, %u: tensor<6x4xbf16>, %d: tensor<4x6xbf16>, %b: tensor<4x6x2xbf16>, %a: tensor<4x2x4xbf16>, %b2: tensor<4x4x2xbf16>, %a2: tensor<4x2x6xbf16>) -> tensor<?x4xbf16> {
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xbf16>, !moe.plan<4, slots<2>> -> !moe.rows<bf16, 4, grouped>
  // expected-remark @+1 {{products in rows would be rounded}}
  %h = moe.experts %r, %p (%g, %gb, %u, %d, %b, %a, %b2, %a2 : tensor<6x4xbf16>, tensor<6xbf16>, tensor<6x4xbf16>, tensor<4x6xbf16>, tensor<4x6x2xbf16>, tensor<4x2x4xbf16>, tensor<4x4x2xbf16>, tensor<4x2x6xbf16>) table <[<lora, 4, width = 6, body = <gated, silu, bias = [gate]>, targets = [up, down], rank = 2>]> apply <output> : !moe.rows<bf16, 4, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<bf16, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<bf16, 4, grouped>, !moe.plan<4, slots<2>>, tensor<?x4xbf16> -> tensor<?x4xbf16>
  return %y : tensor<?x4xbf16>
}

// -----

// CHECK-LABEL: func.func @sizes_are_static
// CHECK-NOT: in_rows
// CHECK-NOT: linalg
// CHECK: return
func.func @sizes_are_static(%p: !moe.plan<4, slots<2>>, %x: tensor<?x?xf32>, %g: tensor<6x4xf32>, %gb: tensor<6xf32>, %u: tensor<6x4xf32>, %d: tensor<4x6xf32>, %b: tensor<4x6x2xf32>, %a: tensor<4x2x4xf32>, %b2: tensor<4x4x2xf32>, %a2: tensor<4x2x6xf32>) -> tensor<?x4xf32> {
  %r = moe.dispatch %x, %p apply <output> : tensor<?x?xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{its sizes are dynamic}}
  %h = moe.experts %r, %p (%g, %gb, %u, %d, %b, %a, %b2, %a2 : tensor<6x4xf32>, tensor<6xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<4x6x2xf32>, tensor<4x2x4xf32>, tensor<4x4x2xf32>, tensor<4x2x6xf32>) table <[<lora, 4, width = 6, body = <gated, silu, bias = [gate]>, targets = [up, down], rank = 2>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>>, tensor<?x?xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @rows_that_others_read_stay
// CHECK-NOT: in_rows
// CHECK-NOT: linalg
// CHECK: return
func.func @rows_that_others_read_stay(%p: !moe.plan<4, slots<2>>, %x: tensor<?x4xf32>, %g: tensor<6x4xf32>, %gb: tensor<6xf32>, %u: tensor<6x4xf32>, %d: tensor<4x6xf32>, %b: tensor<4x6x2xf32>, %a: tensor<4x2x4xf32>, %b2: tensor<4x4x2xf32>, %a2: tensor<4x2x6xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the ops of its layer have other users or plans}}
  %h = moe.experts %r, %p (%g, %gb, %u, %d, %b, %a, %b2, %a2 : tensor<6x4xf32>, tensor<6xf32>, tensor<6x4xf32>, tensor<4x6xf32>, tensor<4x6x2xf32>, tensor<4x2x4xf32>, tensor<4x4x2xf32>, tensor<4x2x6xf32>) table <[<lora, 4, width = 6, body = <gated, silu, bias = [gate]>, targets = [up, down], rank = 2>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  %h2 = moe.combine %r, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y, %h2 : tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @stored_bases_are_made_once
// CHECK-SAME: %[[UQ:[a-z0-9]*]]: tensor<6x4xi8>, %[[US:[a-z0-9]*]]: tensor<6xf32>, %[[DQ:[a-z0-9]*]]: tensor<4x6xi8>
func.func @stored_bases_are_made_once(%p: !moe.plan<4, slots<2>>, %x: tensor<?x4xf32>, %uq: tensor<6x4xi8>, %us: tensor<6xf32>, %dq: tensor<4x6xi8>, %ds: tensor<4xf32>, %b: tensor<4x4x2xf32>, %a: tensor<4x2x6xf32>) -> tensor<?x4xf32> {
  // CHECK: %[[U:.*]] = moe.dequant %[[UQ]], %[[US]] quant <i8_chan> : tensor<6x4xi8>, tensor<6xf32> -> tensor<6x4xf32>
  // CHECK: linalg.matmul {{.*}} ins(%{{.*}}, %[[U]]
  // CHECK: moe.experts %{{.*}}(%[[DQ]], %{{.*}}, %{{.*}}, %{{.*}} : tensor<4x6xi8>, tensor<4xf32>, tensor<4x4x2xf32>, tensor<4x2x6xf32>) table <[<lora, 4, width = 6, body = <ungated, relu>, targets = [down], rank = 2, base = in_rows, quant = [<i8_chan>, <float>, <float>]>]>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{products with the base are made once per unit}}
  %h = moe.experts %r, %p (%uq, %us, %dq, %ds, %b, %a : tensor<6x4xi8>, tensor<6xf32>, tensor<4x6xi8>, tensor<4xf32>, tensor<4x4x2xf32>, tensor<4x2x6xf32>)
    table <[<lora, 4, width = 6, body = <ungated, relu>, targets = [down], rank = 2, quant = [<i8_chan>, <i8_chan>, <float>, <float>]>]> apply <output>
    : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// What stays of the class has no format.
// CHECK-LABEL: func.func @factors_of_floats_stay
func.func @factors_of_floats_stay(%p: !moe.plan<4, slots<2>>, %x: tensor<?x4xf32>, %uq: tensor<6x4xi8>, %us: tensor<6xf32>, %d: tensor<4x6xf32>, %b: tensor<4x4x2xf32>, %a: tensor<4x2x6xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.dequant
  // CHECK: table <[<lora, 4, width = 6, body = <ungated, relu>, targets = [down], rank = 2, base = in_rows>]>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{products with the base are made once per unit}}
  %h = moe.experts %r, %p (%uq, %us, %d, %b, %a : tensor<6x4xi8>, tensor<6xf32>, tensor<4x6xf32>, tensor<4x4x2xf32>, tensor<4x2x6xf32>)
    table <[<lora, 4, width = 6, body = <ungated, relu>, targets = [down], rank = 2, quant = [<i8_chan>, <float>, <float>, <float>]>]> apply <output>
    : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// (C17): not with widths that are operands
// CHECK-LABEL: func.func @widths_that_operands_say_stay
// CHECK-NOT: in_rows
// CHECK-NOT: linalg
// CHECK: return
func.func @widths_that_operands_say_stay(%p: !moe.plan<4, slots<2>>, %x: tensor<?x4xf32>, %uq: tensor<24xi8>, %us: tensor<6x2xf32>, %uz: tensor<6x2xf32>, %uw: tensor<i8>, %d: tensor<4x6xf32>, %b: tensor<4x4x2xf32>, %a: tensor<4x2x6xf32>) -> tensor<?x4xf32> {
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{the widths of its codes are operands}}
  %h = moe.experts %r, %p (%uq, %us, %uz, %uw, %d, %b, %a : tensor<24xi8>, tensor<6x2xf32>, tensor<6x2xf32>, tensor<i8>, tensor<4x6xf32>, tensor<4x4x2xf32>, tensor<4x2x6xf32>)
    table <[<lora, 4, width = 6, body = <ungated, relu>, targets = [down], rank = 2, quant = [<nested, group = 2, bits = 8, base = 4, plane = 2, widths = operand>, <float>, <float>, <float>]>]> apply <output>
    : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// Matrices of their own have no base.
// (C17): not with matrices of their own
// CHECK-LABEL: func.func @experts_that_share_nothing_multiply_each
func.func @experts_that_share_nothing_multiply_each(%p: !moe.plan<4, slots<2>>, %x: tensor<?x4xf32>, %u: tensor<4x6x4xf32>, %d: tensor<4x4x6xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: linalg.matmul
  // CHECK: moe.dispatch %{{.*}} : tensor<?x4xf32>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<4x6x4xf32>, tensor<4x4x6xf32>) table <[<ffn, 4, width = 6, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<4, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
