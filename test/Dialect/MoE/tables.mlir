// Every kind of class, in custom and generic form and in bytecode.
// RUN: moe-opt %s --verify-roundtrip | FileCheck %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck %s
// RUN: moe-opt %s --emit-bytecode | moe-opt | FileCheck %s

// CHECK-LABEL: func.func private @classes
func.func private @classes() attributes {
  // CHECK-SAME: c0 = #moe.class<linear, 4, activation = always>, c1 = #moe.class<linear, 4, bias = true>
  c0 = #moe.class<linear, 4, activation = always, bias = false>, c1 = #moe.class<linear, 4, bias = true>,
  // CHECK-SAME: c2 = #moe.class<neuron, 1048576, body = <ungated, silu, alpha = 2.000000e+00>>, c3 = #moe.class<value, 16>, c4 = #moe.class<value, 16, width = 8>
  c2 = #moe.class<neuron, 1048576, body = <ungated, silu, alpha = 2.0>>, c3 = #moe.class<value, 16, width = 0>, c4 = #moe.class<value, 16, width = 8>,
  // CHECK-SAME: c5 = #moe.class<scale_vec, 2, width = 6, body = <gated, silu, storage = interleaved>, targets = [gate, up, hidden, output]>
  c5 = #moe.class<scale_vec, 2, width = 6, body = <gated, silu, storage = interleaved>, targets = [output, hidden, up, gate]>,
  // CHECK-SAME: c6 = #moe.class<film, 2, width = 6, body = <ungated, relu>>
  c6 = #moe.class<film, 2, width = 6, body = <ungated, relu>>,
  // CHECK-SAME: c7 = #moe.class<lora, 2, width = 6, body = <gated, silu>, targets = [gate, up, down], rank = 4, alpha = 8.000000e+00>
  c7 = #moe.class<lora, 2, width = 6, body = <gated, silu>, rank = 4, alpha = 8.0, targets = [gate, up, down], base = own>,
  // CHECK-SAME: c8 = #moe.class<lora, 2, width = 6, body = <gated, silu>, targets = [down], rank = 4, base = in_rows>
  c8 = #moe.class<lora, 2, width = 6, body = <gated, silu>, rank = 4, targets = [down], base = in_rows>,
  // CHECK-SAME: c9 = #moe.class<nested, 2, width = 6, body = <gated, silu>, widths = [3, 6]>
  c9 = #moe.class<nested, 2, width = 6, body = <gated, silu>, widths = [3, 6]>,
  // CHECK-SAME: d0 = #moe.class<nested, 3, widths = [6, 1, 1], bias = true>
  d0 = #moe.class<nested, 3, widths = [6, 1, 1], bias = true>,
  // CHECK-SAME: d1 = #moe.class<factored, 2, width = 6, body = <gated, silu>, rank = 2, factors = low_rank>
  d1 = #moe.class<factored, 2, width = 6, body = <gated, silu>, rank = 2, factors = low_rank, evaluation = apply_factored>,
  // CHECK-SAME: d2 = #moe.class<factored, 2, rank = 2, factors = shared_left, evaluation = materialise>, d3 = #moe.class<factored, 2, rank = 2, factors = shared_right>
  d2 = #moe.class<factored, 2, rank = 2, factors = shared_left, evaluation = materialise>, d3 = #moe.class<factored, 2, rank = 2, factors = shared_right>,
  // CHECK-SAME: d4 = #moe.class<factored, 2, rank = 2, factors = cp, bias = true>, d5 = #moe.class<factored, 2, rank = 2, factors = tucker>
  d4 = #moe.class<factored, 2, rank = 2, factors = cp, bias = true>, d5 = #moe.class<factored, 2, rank = 2, factors = tucker>,
  // CHECK-SAME: d6 = #moe.class<external, 1, callee = @twice>
  d6 = #moe.class<external, 1, callee = @twice>,
  // CHECK-SAME: d7 = #moe.class<factored, 2, width = 6, body = <gated, silu>, rank = 2, factors = phm, evaluation = materialise>
  d7 = #moe.class<factored, 2, width = 6, body = <gated, silu>, rank = 2, factors = phm, evaluation = materialise>,
  // CHECK-SAME: d8 = #moe.class<factored, 2, rank = 3, widths = [2, 4], factors = mpo, evaluation = materialise>
  d8 = #moe.class<factored, 2, rank = 3, factors = mpo, widths = [2, 4], evaluation = materialise>,
  // CHECK-SAME: d9 = #moe.class<factored, 2, rank = 3, factors = tensor_ring, evaluation = materialise>
  d9 = #moe.class<factored, 2, rank = 3, factors = tensor_ring, evaluation = materialise>,
  // CHECK-SAME: e0 = #moe.class<factored, 2, rank = 3, factors = tensor_ring>, e1 = #moe.class<factored, 2, rank = 3, factors = low_rank_sparse>
  e0 = #moe.class<factored, 2, rank = 3, factors = tensor_ring>, e1 = #moe.class<factored, 2, rank = 3, factors = low_rank_sparse>,
  // CHECK-SAME: e2 = #moe.class<factored, 2, factors = residual, evaluation = materialise, bias = true>
  e2 = #moe.class<factored, 2, factors = residual, bias = true, evaluation = materialise>,
  // CHECK-SAME: e3 = #moe.class<factored, 2, rank = 3, widths = [2, 4, 1, 3], factors = mpo, columns = [4, 2, 3, 1]>, e4 = #moe.class<factored, 2, rank = 3, widths = [2], factors = mpo>
  e3 = #moe.class<factored, 2, rank = 3, factors = mpo, widths = [2, 4, 1, 3], columns = [4, 2, 3, 1]>, e4 = #moe.class<factored, 2, rank = 3, factors = mpo, widths = [2]>,
  // CHECK-SAME: e5 = #moe.class<copy, 1, input_scale = 2.000000e+00>, e6 = #moe.class<linear, 8, input_scale = -5.000000e-01, placement = [3]>
  e5 = #moe.class<copy, 1, input_scale = 2.0>, e6 = #moe.class<linear, 8, placement = [3], input_scale = -0.5>,
  // CHECK-SAME: e7 = #moe.class<zero, 4, placement = [0, 2, 1, 0]>, e8 = #moe.class<linear, 4, quant = [<n_of_m, group = 4, keep = 2>], placement = [0, 1]>
  e7 = #moe.class<zero, 4, placement = [0, 2, 1, 0]>, e8 = #moe.class<linear, 4, quant = [<n_of_m, group = 4, keep = 2>], placement = [0, 1]>}

func.func @twice(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = arith.addf %x, %x : tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @experts
// CHECK-SAME: %[[R:.*]]: !moe.rows<f32, 8, grouped>, %[[P:.*]]: !moe.plan<8, slots<2>>, %[[W:.*]]: tensor<2x8x8xf32>, %[[G:.*]]: tensor<6x8xf32>
func.func @experts(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<8, slots<2>>, %w: tensor<2x8x8xf32>, %g: tensor<6x8xf32>, %d: tensor<8x6xf32>,
                   %b: tensor<2x6x4xf32>, %a: tensor<2x4x8xf32>, %u: tensor<3x8xf32>) -> !moe.rows<f32, 8, grouped> {
  // CHECK: moe.experts %[[R]], %[[P]](%[[W]], %[[G]], %[[G]],
  // CHECK-SAME: table <[<linear, 2>, <lora, 2, width = 6, body = <gated, silu>, targets = [up], rank = 4>, <neuron, 3, body = <ungated, relu>>, <external, 1, callee = @twice>]>
  %h = moe.experts %r, %p (%w, %g, %g, %d, %b, %a, %u, %u : tensor<2x8x8xf32>, tensor<6x8xf32>, tensor<6x8xf32>, tensor<8x6xf32>, tensor<2x6x4xf32>,
                           tensor<2x4x8xf32>, tensor<3x8xf32>, tensor<3x8xf32>)
    table <[<linear, 2>, <lora, 2, width = 6, body = <gated, silu>, targets = [up], rank = 4>, <neuron, 3, body = <ungated, relu>>, <external, 1, callee = @twice>]>
    apply <output> : !moe.rows<f32, 8, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

func.func private @xielu(f32) -> f32
func.func private @wide(f64) -> f64

// CHECK-LABEL: func.func @experts_with_functions
// CHECK-SAME: %[[R:.*]]: !moe.rows<f32, 8, grouped>, %[[P:.*]]: !moe.plan<2, slots<2>>, %[[U:.*]]: tensor<2x6x8xf32>, %[[D:.*]]: tensor<2x8x6xf32>
func.func @experts_with_functions(%r: !moe.rows<f32, 8, grouped>, %p: !moe.plan<2, slots<2>>, %u: tensor<2x6x8xf32>, %d: tensor<2x8x6xf32>) -> !moe.rows<f32, 8, grouped> {
  // CHECK: moe.experts %[[R]], %[[P]](%[[U]], %[[D]] : tensor<2x6x8xf32>, tensor<2x8x6xf32>) table <[<ffn, 2, width = 6, body = <ungated, external, callee = @xielu>>]>
  %h = moe.experts %r, %p (%u, %d : tensor<2x6x8xf32>, tensor<2x8x6xf32>) table <[<ffn, 2, width = 6, body = <ungated, external, callee = @xielu>>]> apply <output>
    : !moe.rows<f32, 8, grouped>, !moe.plan<2, slots<2>> -> !moe.rows<f32, 8, grouped>
  return %h : !moe.rows<f32, 8, grouped>
}

// CHECK-LABEL: func.func @ffn_with_a_function
// CHECK-SAME: %[[X:.*]]: tensor<?x8xf32>, %[[U:.*]]: tensor<6x8xf64>, %[[D:.*]]: tensor<8x6xf32>
func.func @ffn_with_a_function(%x: tensor<?x8xf32>, %u: tensor<6x8xf64>, %d: tensor<8x6xf32>) -> tensor<?x8xf32> {
  // CHECK: moe.ffn %[[X]](%[[U]], %[[D]] : tensor<6x8xf64>, tensor<8x6xf32>) body <ungated, external, callee = @wide>
  %y = moe.ffn %x (%u, %d : tensor<6x8xf64>, tensor<8x6xf32>) body <ungated, external, callee = @wide> : tensor<?x8xf32> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
