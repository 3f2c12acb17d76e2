// RUN: moe-opt %s --convert-stablehlo-to-linalg --cse | FileCheck %s

// CHECK-DAG: #[[UNIT:.*]] = affine_map<(d0, d1) -> (0, d1)>
// CHECK-DAG: #[[LHS:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[RHS_T:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>

// Small and splat constants stay in the code, everything else is a weight.
// CHECK-LABEL: func.func @constants
func.func @constants() -> (tensor<2xi32>, tensor<100xf32>, tensor<8x4xf32>, tensor<65xi8>) {
  // CHECK-DAG: arith.constant dense<[1, 255]> : tensor<2xi32>
  %0 = stablehlo.constant dense<[1, 255]> : tensor<2xi32>
  // CHECK-DAG: arith.constant dense<0.000000e+00> : tensor<100xf32>
  %1 = stablehlo.constant dense<0.0> : tensor<100xf32>
  // CHECK-DAG: moe_support.weight #moe_support.external<"w.bin", 64> : tensor<8x4xf32>
  %2 = stablehlo.constant #moe_support.external<"w.bin", 64> : tensor<8x4xf32>
  // CHECK-DAG: moe_support.weight dense<[1, 2, {{.*}}]> : tensor<65xi8>
  %3 = stablehlo.constant dense<"0x0102030405060708091011121314151617181920212223242526272829303132333435363738394041424344454647484950515253545556575859606162636465"> : tensor<65xi8>
  return %0, %1, %2, %3 : tensor<2xi32>, tensor<100xf32>, tensor<8x4xf32>, tensor<65xi8>
}

// Unsigned integers become signless, their meaning stays in the operations, and for callers in an attribute.
// CHECK-LABEL: func.func @unsigned
// CHECK-SAME: (%{{.*}}: tensor<?xi8> {moe.dtype = ui8}, %{{.*}}: tensor<?xi8> {moe.dtype = ui8}) -> (tensor<?xi8> {moe.dtype = ui8})
func.func @unsigned(%x: tensor<?xui8>, %y: tensor<?xui8>) -> tensor<?xui8> {
  // CHECK: linalg.generic
  // CHECK: arith.maxui
  %0 = stablehlo.maximum %x, %y : tensor<?xui8>
  return %0 : tensor<?xui8>
}

// CHECK-LABEL: func.func @matmul
func.func @matmul(%x: tensor<?x64xf32>) -> (tensor<?x32xf32>, tensor<?x16xf32>) {
  // CHECK-DAG: %[[W:.*]] = moe_support.weight {{.*}} : tensor<64x32xf32>
  %w = stablehlo.constant #moe_support.external<"w.bin", 0> : tensor<64x32xf32>
  // CHECK-DAG: %[[V:.*]] = moe_support.weight {{.*}} : tensor<16x64xf32>
  %v = stablehlo.constant #moe_support.external<"w.bin", 8192> : tensor<16x64xf32>
  // CHECK: linalg.matmul ins(%{{.*}}, %[[W]] : tensor<?x64xf32>, tensor<64x32xf32>)
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0] : (tensor<?x64xf32>, tensor<64x32xf32>) -> tensor<?x32xf32>
  // CHECK: linalg.matmul indexing_maps = [#[[LHS]], #[[RHS_T]], #{{.*}}] ins(%{{.*}}, %[[V]] : tensor<?x64xf32>, tensor<16x64xf32>)
  %1 = stablehlo.dot_general %x, %v, contracting_dims = [1] x [1] : (tensor<?x64xf32>, tensor<16x64xf32>) -> tensor<?x16xf32>
  return %0, %1 : tensor<?x32xf32>, tensor<?x16xf32>
}

// Leading rows are one dimension of the product.
// CHECK-LABEL: func.func @matmul_of_rows
func.func @matmul_of_rows(%x: tensor<?x?x64xbf16>, %w: tensor<64x32xbf16>) -> tensor<?x?x32xbf16> {
  // CHECK: %[[ROWS:.*]] = tensor.collapse_shape %{{.*}} {{\[}}[0, 1], [2]] : tensor<?x?x64xbf16> into tensor<?x64xbf16>
  // CHECK: %[[P:.*]] = linalg.matmul ins(%[[ROWS]], %{{.*}} : tensor<?x64xbf16>, tensor<64x32xbf16>) outs(%{{.*}} : tensor<?x32xf32>)
  // CHECK: %[[E:.*]] = tensor.expand_shape %[[P]] {{\[}}[0, 1], [2]] output_shape {{.*}} : tensor<?x32xf32> into tensor<?x?x32xf32>
  // CHECK: linalg.generic {{.*}} ins(%[[E]] : tensor<?x?x32xf32>)
  // CHECK: arith.truncf
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [2] x [0] : (tensor<?x?x64xbf16>, tensor<64x32xbf16>) -> tensor<?x?x32xbf16>
  return %0 : tensor<?x?x32xbf16>
}

// CHECK-LABEL: func.func @batch_matmul
func.func @batch_matmul(%x: tensor<2x4x8xf32>, %y: tensor<2x8x3xf32>) -> tensor<2x4x3xf32> {
  // CHECK: linalg.batch_matmul
  %0 = stablehlo.dot_general %x, %y, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<2x4x8xf32>, tensor<2x8x3xf32>) -> tensor<2x4x3xf32>
  return %0 : tensor<2x4x3xf32>
}

// Symbols prove that the sizes are equal: no check, no computed index.
// CHECK-LABEL: func.func @broadcast_same_symbol
func.func @broadcast_same_symbol(%x: tensor<?x4xf32> {moe.symbols = ["B", ""]}, %y: tensor<?x1xf32> {moe.symbols = ["B", ""]}) -> tensor<?x4xf32> {
  // CHECK-NOT: moe_support.require
  // CHECK-NOT: tensor.extract
  %0 = chlo.broadcast_add %x, %y : (tensor<?x4xf32>, tensor<?x1xf32>) -> tensor<?x4xf32>
  %1 = stablehlo.exponential %0 : tensor<?x4xf32>
  %2 = chlo.broadcast_multiply %1, %x : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: return
  return %2 : tensor<?x4xf32>
}

// CHECK-LABEL: func.func @broadcast_static
func.func @broadcast_static(%x: tensor<?x4xf32>, %y: tensor<1x4xf32>) -> tensor<?x4xf32> {
  // CHECK-NOT: moe_support.require
  // CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[UNIT]], #{{.*}}]
  %0 = chlo.broadcast_add %x, %y : (tensor<?x4xf32>, tensor<1x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// CHECK-LABEL: func.func @broadcast_unknown
func.func @broadcast_unknown(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
  // CHECK: moe_support.require %{{.*}}, "{{.*}}requires the size of dimension #0 of operand #0 ({0}) to be 1 or to equal that of the result ({1})"(%{{.*}}, %{{.*}}) : index, index
  // CHECK: linalg.generic
  // CHECK: arith.select
  // CHECK: tensor.extract
  %0 = chlo.broadcast_add %x, %y : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// CHECK-LABEL: func.func @reshape
func.func @reshape(%x: tensor<2x3x4xf32>) -> (tensor<6x4xf32>, tensor<4x6xf32>) {
  // CHECK: tensor.collapse_shape %{{.*}} {{\[}}[0, 1], [2]] : tensor<2x3x4xf32> into tensor<6x4xf32>
  %0 = stablehlo.reshape %x : (tensor<2x3x4xf32>) -> tensor<6x4xf32>
  // CHECK: tensor.collapse_shape %{{.*}} {{\[}}[0, 1, 2]] : tensor<2x3x4xf32> into tensor<24xf32>
  // CHECK: tensor.expand_shape %{{.*}} {{\[}}[0, 1]] output_shape [4, 6] : tensor<24xf32> into tensor<4x6xf32>
  %1 = stablehlo.reshape %x : (tensor<2x3x4xf32>) -> tensor<4x6xf32>
  return %0, %1 : tensor<6x4xf32>, tensor<4x6xf32>
}

// A cumulative window is one pass: a loop, no window.
// CHECK-LABEL: func.func @cumulative
func.func @cumulative(%x: tensor<4xf32>, %z: tensor<f32>) -> tensor<4xf32> {
  // CHECK-NOT: linalg.generic
  // CHECK: scf.for
  %0 = "stablehlo.reduce_window"(%x, %z) <{padding = dense<[[3, 0]]> : tensor<1x2xi64>, window_dimensions = array<i64: 4>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %1 = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %1 : tensor<f32>
  }) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: func.func @asserts
func.func @asserts(%x: tensor<?xf32>, %s: tensor<2xi64>, %p: tensor<i1>) -> (tensor<?x?xf32>, tensor<2xf32>) {
  // CHECK: moe_support.require %{{.*}}, "{{.*}}shape assertion of the model does not hold"
  stablehlo.custom_call @shape_assertion(%p) {has_side_effect = true} : (tensor<i1>) -> ()
  // CHECK: moe_support.require %{{.*}}, "{{.*}}requires the number of elements before a reshape ({0}) to equal that behind it ({1}), in the sizes of its type"(%{{.*}}, %{{.*}}) : index, index
  %0 = stablehlo.dynamic_reshape %x, %s : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  // CHECK: moe_support.require %{{.*}}, "{{.*}}requires the end of a slice ({0}) to be at most the size of its operand ({1})"(%{{.*}}, %{{.*}}) : index, index
  %1 = stablehlo.slice %x [0:2] : (tensor<?xf32>) -> tensor<2xf32>
  return %0, %1 : tensor<?x?xf32>, tensor<2xf32>
}

// Sizes that nothing shows to be equal are compared when the program runs; the error names the node.
// CHECK-LABEL: func.func @equal_sizes
func.func @equal_sizes(%x: tensor<?x?xf32>, %y: tensor<?x4xf32>) -> (tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>) {
  // CHECK: moe_support.require %{{.*}}, "node 'add': requires the size of dimension #0 of operand #0 ({0}) to equal that of dimension #0 of operand #1 ({1})"
  // CHECK: moe_support.require %{{.*}}, "node 'add': requires the size of dimension #1 of operand #0 ({0}) to equal that of dimension #1 of operand #1 ({1})"
  %0 = stablehlo.add %x, %y : (tensor<?x?xf32>, tensor<?x4xf32>) -> tensor<?x?xf32> loc("add")
  // CHECK: moe_support.require %{{.*}}, "node 'dot': requires the size of dimension #1 of operand #0 ({0}) to equal that of dimension #0 of operand #1 ({1})"
  %1 = stablehlo.dot_general %x, %y, contracting_dims = [1] x [0] : (tensor<?x?xf32>, tensor<?x4xf32>) -> tensor<?x?xf32> loc("dot")
  // CHECK-NOT: dimension #0
  // CHECK: moe_support.require %{{.*}}, "node 'concat': requires the size of dimension #1 of operand #0 ({0}) to equal that of dimension #1 of operand #1 ({1})"
  %2 = stablehlo.concatenate %x, %y, dim = 0 : (tensor<?x?xf32>, tensor<?x4xf32>) -> tensor<?x?xf32> loc("concat")
  return %0, %1, %2 : tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>
}

// Sizes of one symbol are compared where the program is entered.
// CHECK-LABEL: func.func @one_symbol
func.func @one_symbol(%x: tensor<?xf32> {moe.symbols = ["N"]}, %y: tensor<?xf32> {moe.symbols = ["N"]}) -> tensor<?xf32> {
  // CHECK-NOT: moe_support.require
  %0 = stablehlo.add %x, %y : tensor<?xf32>
  %1 = stablehlo.multiply %0, %y : tensor<?xf32>
  // CHECK: return
  return %1 : tensor<?xf32>
}
