// RUN: moe-opt %s --convert-attention-to-linalg --canonicalize --cse --split-input-file --verify-diagnostics --remarks-filter='convert-attention-to-linalg' | FileCheck %s

// Blocks of 120 queries; each reads the keys up to its last query.
// CHECK-LABEL: func.func @blocks
// CHECK-SAME:  %[[Q:[a-z0-9]+]]: tensor<?x4x300x16xf32>, %[[K:[a-z0-9]+]]: tensor<?x2x300x16xf32>, %[[V:[a-z0-9]+]]: tensor<?x2x300x8xf32>
// CHECK-DAG:   %[[STEP:.+]] = arith.constant 120 : index
// CHECK-DAG:   %[[BLOCKS:.+]] = arith.constant 3 : index
// CHECK-DAG:   %[[TOTAL:.+]] = arith.constant 300 : index
// CHECK:       %[[QUERIES:.+]] = tensor.expand_shape %[[Q]] {{\[\[}}0], [1, 2], [3], [4]] {{.+}} into tensor<?x2x2x300x16xf32>
// CHECK:       scf.for %[[I:.+]] = {{.+}} to %[[BLOCKS]] {{.+}} -> (tensor<?x2x2x300x8xf32>) {
// CHECK:         %[[ROW:.+]] = arith.muli %[[I]], %[[STEP]]
// CHECK:         %[[LEFT:.+]] = arith.subi %[[TOTAL]], %[[ROW]]
// CHECK:         %[[ROWS:.+]] = arith.minsi %[[LEFT]], %[[STEP]]
// CHECK:         %[[END:.+]] = arith.addi %[[ROW]], %[[ROWS]]
// CHECK:         %[[FITS:.+]] = arith.minsi %[[END]], %[[TOTAL]]
// CHECK:         %[[SEEN:.+]] = arith.maxsi %[[FITS]]
// CHECK:         tensor.extract_slice %[[QUERIES]][0, 0, 0, %[[ROW]], 0]
// CHECK:         tensor.extract_slice %[[K]][0, 0, 0, 0] [{{.+}}, 2, %[[SEEN]], 16]
// CHECK:         math.exp
// CHECK:         tensor.extract_slice %[[V]][0, 0, 0, 0] [{{.+}}, 2, %[[SEEN]], 8]
// CHECK:         tensor.insert_slice %{{.+}} into %{{.+}}[0, 0, 0, %[[ROW]], 0]
// CHECK:       tensor.collapse_shape
// CHECK-NOT:   @unused
func.func @blocks(%q: tensor<?x4x300x16xf32>, %k: tensor<?x2x300x16xf32>, %v: tensor<?x2x300x8xf32>) -> tensor<?x4x300x8xf32> {
  // expected-remark @+1 {{products of attention end at the last key that one of 120 queries sees}}
  %0 = stablehlo.composite "onnx.Attention" %q, %k, %v {
      composite_attributes = {causal = "start", has_mask = 0 : i64, has_sink = 0 : i64, scale = 0.25 : f32, softcap = 0.0 : f32, window = 0 : i64},
      decomposition = @unused} : (tensor<?x4x300x16xf32>, tensor<?x2x300x16xf32>, tensor<?x2x300x8xf32>) -> tensor<?x4x300x8xf32>
  return %0 : tensor<?x4x300x8xf32>
}
func.func private @unused(tensor<?x4x300x16xf32>, tensor<?x2x300x16xf32>, tensor<?x2x300x8xf32>) -> tensor<?x4x300x8xf32>

// -----

// Behind a cache the last query sees every key: one block needs no bounds.
// CHECK-LABEL: func.func @decode
// CHECK-NOT:   scf.for
// CHECK-NOT:   arith.minsi
// CHECK:       return
func.func @decode(%q: tensor<1x4x1x16xf32>, %k: tensor<1x4x?x16xf32>, %v: tensor<1x4x?x16xf32>) -> tensor<1x4x1x16xf32> {
  // expected-remark @+1 {{products of attention end}}
  %0 = stablehlo.composite "onnx.Attention" %q, %k, %v {
      composite_attributes = {causal = "end", has_mask = 0 : i64, has_sink = 0 : i64, scale = 1.0 : f32, softcap = 0.0 : f32, window = 0 : i64},
      decomposition = @body} : (tensor<1x4x1x16xf32>, tensor<1x4x?x16xf32>, tensor<1x4x?x16xf32>) -> tensor<1x4x1x16xf32>
  return %0 : tensor<1x4x1x16xf32>
}
func.func private @body(tensor<1x4x1x16xf32>, tensor<1x4x?x16xf32>, tensor<1x4x?x16xf32>) -> tensor<1x4x1x16xf32>

// -----

// Sequences stand at different keys: the range is from the first key in the window of the first one to where the last one stands. The mask of that range
// repeats along the queries; the extra key begins the sums. What types leave open is checked.
// CHECK-LABEL: func.func @window
// CHECK-SAME:  %[[FIRST:[a-z0-9]+]]: tensor<?xi64>, %[[MASK:[a-z0-9]+]]: tensor<4x1x?xi1>, %[[SINK:[a-z0-9]+]]: tensor<4xf32>
// CHECK-DAG:   %[[BEFORE:.+]] = arith.constant 6 : index
// CHECK-DAG:   %[[ONE:.+]] = arith.constant 1 : index
// CHECK:       moe_support.require {{.+}}requires the size of dimension #2 of operand #1
// CHECK:       moe_support.require {{.+}}requires the size of dimension #0 of operand #3
// CHECK:       moe_support.require {{.+}}requires the size of dimension #2 of operand #4
// CHECK:       linalg.generic {{.+}} ins(%[[FIRST]]
// CHECK:         arith.maxsi
// CHECK:       linalg.generic {{.+}} ins(%[[FIRST]]
// CHECK:         arith.minsi
// CHECK:       %[[LEAST:.+]] = arith.index_cast
// CHECK:       %[[FROM:.+]] = arith.subi %[[LEAST]], %[[BEFORE]]
// CHECK:       %[[LOW:.+]] = arith.minsi %[[FROM]], %[[END:[a-z0-9]+]]
// CHECK:       %[[CLAMPED:[a-z0-9]+]] = arith.maxsi %[[LOW]]
// CHECK:       %[[COUNT:.+]] = arith.subi %[[END]], %[[CLAMPED]]
// CHECK:       tensor.extract_slice %{{.+}}[0, 0, %[[CLAMPED]], 0] [{{.+}}, 2, %[[COUNT]], 16]
// CHECK:       tensor.expand_shape %[[SINK]] {{.+}} tensor<2x2xf32>
// CHECK:       tensor.extract_slice %[[MASK]][0, 0, %[[CLAMPED]]] [4, 1, %[[COUNT]]] [1, 1, 1] : tensor<4x1x?xi1> to tensor<4x?xi1>
func.func @window(%q: tensor<?x4x1x16xf16>, %k: tensor<?x2x?x16xf16>, %v: tensor<?x2x?x16xf16>, %first: tensor<?xi64>, %mask: tensor<4x1x?xi1>, %sink: tensor<4xf32>) -> tensor<?x4x1x16xf16> {
  // expected-remark @+1 {{products of attention end}}
  %0 = stablehlo.composite "onnx.Attention" %q, %k, %v, %first, %mask, %sink {
      composite_attributes = {causal = "first", has_mask = 1 : i64, has_sink = 1 : i64, scale = 0.25 : f32, softcap = 2.0 : f32, window = 7 : i64},
      decomposition = @body} : (tensor<?x4x1x16xf16>, tensor<?x2x?x16xf16>, tensor<?x2x?x16xf16>, tensor<?xi64>, tensor<4x1x?xi1>, tensor<4xf32>) -> tensor<?x4x1x16xf16>
  return %0 : tensor<?x4x1x16xf16>
}
func.func private @body(tensor<?x4x1x16xf16>, tensor<?x2x?x16xf16>, tensor<?x2x?x16xf16>, tensor<?xi64>, tensor<4x1x?xi1>, tensor<4xf32>) -> tensor<?x4x1x16xf16>

// -----

// Attention that is not causal is not this pass's.
// CHECK-LABEL: func.func @all
// CHECK:       stablehlo.composite "onnx.Attention"
func.func @all(%q: tensor<1x4x3x16xf32>, %k: tensor<1x2x3x16xf32>, %v: tensor<1x2x3x16xf32>) -> tensor<1x4x3x16xf32> {
  %0 = stablehlo.composite "onnx.Attention" %q, %k, %v {
      composite_attributes = {causal = "none", has_mask = 0 : i64, has_sink = 0 : i64, scale = 1.0 : f32, softcap = 0.0 : f32, window = 0 : i64},
      decomposition = @body} : (tensor<1x4x3x16xf32>, tensor<1x2x3x16xf32>, tensor<1x2x3x16xf32>) -> tensor<1x4x3x16xf32>
  return %0 : tensor<1x4x3x16xf32>
}
func.func private @body(tensor<1x4x3x16xf32>, tensor<1x2x3x16xf32>, tensor<1x2x3x16xf32>) -> tensor<1x4x3x16xf32>

// -----

// CHECK-LABEL: func.func @keys_without_values
// CHECK:       stablehlo.composite "onnx.Attention"
func.func @keys_without_values(%q: tensor<1x4x3x16xf32>, %k: tensor<1x2x4x16xf32>, %v: tensor<1x2x3x16xf32>) -> tensor<1x4x3x16xf32> {
  // expected-remark @+1 {{products of attention compute what a causal mask hides}}
  %0 = stablehlo.composite "onnx.Attention" %q, %k, %v {
      composite_attributes = {causal = "start", has_mask = 0 : i64, has_sink = 0 : i64, scale = 1.0 : f32, softcap = 0.0 : f32, window = 0 : i64},
      decomposition = @body} : (tensor<1x4x3x16xf32>, tensor<1x2x4x16xf32>, tensor<1x2x3x16xf32>) -> tensor<1x4x3x16xf32>
  return %0 : tensor<1x4x3x16xf32>
}
func.func private @body(tensor<1x4x3x16xf32>, tensor<1x2x4x16xf32>, tensor<1x2x3x16xf32>) -> tensor<1x4x3x16xf32>

// -----

// CHECK-LABEL: func.func @operand_missing
// CHECK:       stablehlo.composite "onnx.Attention"
func.func @operand_missing(%q: tensor<1x4x3x16xf32>, %k: tensor<1x2x3x16xf32>, %v: tensor<1x2x3x16xf32>) -> tensor<1x4x3x16xf32> {
  // expected-remark @+1 {{its operands are not those that its attributes name}}
  %0 = stablehlo.composite "onnx.Attention" %q, %k, %v {
      composite_attributes = {causal = "first", has_mask = 0 : i64, has_sink = 0 : i64, scale = 1.0 : f32, softcap = 0.0 : f32, window = 0 : i64},
      decomposition = @body} : (tensor<1x4x3x16xf32>, tensor<1x2x3x16xf32>, tensor<1x2x3x16xf32>) -> tensor<1x4x3x16xf32>
  return %0 : tensor<1x4x3x16xf32>
}
func.func private @body(tensor<1x4x3x16xf32>, tensor<1x2x3x16xf32>, tensor<1x2x3x16xf32>) -> tensor<1x4x3x16xf32>

// -----

// CHECK-LABEL: func.func @another_author
// CHECK:       stablehlo.composite "onnx.Attention"
func.func @another_author(%q: tensor<1x4x3x16xf32>, %k: tensor<1x2x3x16xf32>, %v: tensor<1x2x3x16xf32>) -> tensor<1x4x3x16xf32> {
  // expected-remark @+1 {{its attributes are not those of the ONNX importer}}
  %0 = stablehlo.composite "onnx.Attention" %q, %k, %v {
      composite_attributes = {causal = "upper", scale = 1.0 : f32, softcap = 0.0 : f32},
      decomposition = @body} : (tensor<1x4x3x16xf32>, tensor<1x2x3x16xf32>, tensor<1x2x3x16xf32>) -> tensor<1x4x3x16xf32>
  return %0 : tensor<1x4x3x16xf32>
}
func.func private @body(tensor<1x4x3x16xf32>, tensor<1x2x3x16xf32>, tensor<1x2x3x16xf32>) -> tensor<1x4x3x16xf32>
