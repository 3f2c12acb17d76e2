// RUN: moe-opt %s --convert-attention-to-linalg --canonicalize --cse --split-input-file --verify-diagnostics --remarks-filter='convert-attention-to-linalg' | FileCheck %s

// Even blocks of at most 120 queries; each reads the keys up to its last query.
// CHECK-LABEL: func.func @blocks
// CHECK-SAME:  %[[Q:[a-z0-9]+]]: tensor<?x4x300x16xf32>, %[[K:[a-z0-9]+]]: tensor<?x2x300x16xf32>, %[[V:[a-z0-9]+]]: tensor<?x2x300x8xf32>
// CHECK-DAG:   %[[STEP:.+]] = arith.constant 108 : index
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
// CHECK:       moe_support.require {{.+}}requires the size of dimension #2 of its keys
// CHECK:       moe_support.require {{.+}}requires the size of dimension #0 of its first positions
// CHECK:       moe_support.require {{.+}}requires the size of dimension #2 of its mask ({0}) to equal that of dimension #2 of its keys
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

// Attention that hides nothing is not this pass's.
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

// -----

// A run tells which keys a mask hides: those before the first, and behind the last one that it does not hide from each query. A query from which it hides all keys
// has weights that depend on all of them.
// CHECK-LABEL: func.func @hidden_by_numbers
// CHECK-SAME:  %[[Q:[a-z0-9]+]]: tensor<2x4x240x16xf32>, %[[K:[a-z0-9]+]]: tensor<2x4x16x240xf32>, %[[V:[a-z0-9]+]]: tensor<2x4x240x8xf32>, %[[MASK:[a-z0-9]+]]: tensor<1x240x240xf32>
// CHECK-DAG:   %[[ALL:.+]] = arith.constant 240 : i64
// CHECK-DAG:   %[[NONE:.+]] = arith.constant 0 : i64
// CHECK-DAG:   %[[HIDES:.+]] = arith.constant -9.99{{.+}}E+37 : f32
// CHECK-DAG:   %[[SHOWS:.+]] = arith.constant -9.99{{.+}}E+36 : f32
// CHECK-NOT:   stablehlo.dot_general
// CHECK-NOT:   stablehlo.composite
// CHECK:       %[[KEYS:.+]] = stablehlo.transpose %[[K]], dims = [0, 1, 3, 2]
// CHECK:       scf.for
// CHECK:         %[[ROWS:.+]] = tensor.extract_slice %[[MASK]][0, %{{.+}}, 0] [1, 120, 240] [1, 1, 1] : tensor<1x240x240xf32> to tensor<120x240xf32>
// CHECK:         linalg.generic {{.+}} iterator_types = ["parallel", "reduction"]} ins(%[[ROWS]]
// CHECK-DAG:       %[[SHOWN:.+]] = arith.cmpf oge, %{{.+}}, %[[SHOWS]]
// CHECK-DAG:       %[[HIDDEN:.+]] = arith.cmpf ole, %{{.+}}, %[[HIDES]]
// CHECK:           arith.select %[[HIDDEN]], %[[ALL]]
// CHECK:           arith.minsi
// CHECK:           arith.select %[[HIDDEN]], %[[NONE]]
// CHECK:           arith.maxsi
// CHECK:           arith.extui %[[SHOWN]]
// CHECK:         linalg.generic {{.+}} iterator_types = ["reduction"]
// CHECK:           %[[BOUND:.+]] = arith.cmpi sgt
// CHECK:           arith.select %[[BOUND]], %{{.+}}, %[[NONE]]
// CHECK:           arith.select %[[BOUND]], %{{.+}}, %[[ALL]]
// CHECK:         %[[LOW:.+]] = arith.index_cast
// CHECK:         %[[END:.+]] = arith.index_cast
// CHECK:         %[[FROM:.+]] = arith.minsi %[[LOW]], %[[END]]
// CHECK:         %[[COUNT:.+]] = arith.subi %[[END]], %[[FROM]]
// CHECK:         tensor.extract_slice %[[KEYS]][0, 0, %[[FROM]], 0] [2, 4, %[[COUNT]], 16]
// CHECK-NOT:     arith.cmpf oeq, %{{.+}}, %{{.+}}FF80
// CHECK:         tensor.extract_slice %[[V]][0, 0, %[[FROM]], 0] [2, 4, %[[COUNT]], 8]
func.func @hidden_by_numbers(%q: tensor<2x4x240x16xf32>, %k: tensor<2x4x16x240xf32>, %v: tensor<2x4x240x8xf32>, %mask: tensor<1x240x240xf32>) -> tensor<2x4x240x8xf32> {
  %0 = stablehlo.dot_general %q, %k, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2] : (tensor<2x4x240x16xf32>, tensor<2x4x16x240xf32>) -> tensor<2x4x240x240xf32>
  %1 = chlo.broadcast_add %0, %mask : (tensor<2x4x240x240xf32>, tensor<1x240x240xf32>) -> tensor<2x4x240x240xf32>
  %2 = stablehlo.composite "onnx.Softmax" %1 {composite_attributes = {axis = 3 : i64}, decomposition = @softmax} : (tensor<2x4x240x240xf32>) -> tensor<2x4x240x240xf32>
  // expected-remark @+1 {{products of attention leave out keys that a mask hides from 120 queries}}
  %3 = stablehlo.dot_general %2, %v, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2] : (tensor<2x4x240x240xf32>, tensor<2x4x240x8xf32>) -> tensor<2x4x240x8xf32>
  return %3 : tensor<2x4x240x8xf32>
}
func.func private @softmax(tensor<2x4x240x240xf32>) -> tensor<2x4x240x240xf32>

// -----

// A size of the mask that only a run tells may be 1.
// CHECK-LABEL: func.func @expanded
// CHECK-SAME:  %[[MASK:[a-z0-9]+]]: tensor<?x1x?x5xf32>
// CHECK:       stablehlo.dynamic_broadcast_in_dim %[[MASK]], %{{.+}}, dims = [0, 1, 2, 3] : (tensor<?x1x?x5xf32>, tensor<4xi64>) -> tensor<?x1x?x5xf32>
func.func @expanded(%q: tensor<2x4x5x16xf32>, %k: tensor<2x4x5x16xf32>, %v: tensor<2x4x5x8xf32>, %mask: tensor<?x1x?x5xf32>) -> tensor<2x4x5x8xf32> {
  %0 = stablehlo.dot_general %q, %k, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [3] : (tensor<2x4x5x16xf32>, tensor<2x4x5x16xf32>) -> tensor<2x4x5x5xf32>
  %1 = chlo.broadcast_add %mask, %0 : (tensor<?x1x?x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %2 = stablehlo.composite "onnx.Softmax" %1 {composite_attributes = {axis = 3 : i64}, decomposition = @softmax} : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  // expected-remark @+1 {{products of attention leave out keys}}
  %3 = stablehlo.dot_general %2, %v, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2] : (tensor<2x4x5x5xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  return %3 : tensor<2x4x5x8xf32>
}
func.func private @softmax(tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>

// -----

// Keys behind a cache are more than queries: products of few rows read them where they lie.
// CHECK-LABEL: func.func @behind_a_cache
// CHECK-COUNT-2: stablehlo.dot_general
func.func @behind_a_cache(%q: tensor<?x4x?x16xf32>, %k: tensor<?x4x?x16xf32>, %v: tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32> {
  %0 = stablehlo.dot_general %q, %k, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [3] : (tensor<?x4x?x16xf32>, tensor<?x4x?x16xf32>) -> tensor<?x4x?x?xf32>
  %1 = stablehlo.composite "onnx.Softmax" %0 {composite_attributes = {axis = 3 : i64}, decomposition = @softmax} : (tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  %2 = stablehlo.dot_general %1, %v, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2] : (tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %2 : tensor<?x4x?x8xf32>
}
func.func private @softmax(tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>

// -----

// CHECK-LABEL: func.func @probabilities_are_results
// CHECK-COUNT-2: stablehlo.dot_general
func.func @probabilities_are_results(%q: tensor<1x4x3x16xf32>, %k: tensor<1x4x3x16xf32>, %v: tensor<1x4x3x8xf32>) -> (tensor<1x4x3x8xf32>, tensor<1x4x3x3xf32>) {
  %0 = stablehlo.dot_general %q, %k, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [3] : (tensor<1x4x3x16xf32>, tensor<1x4x3x16xf32>) -> tensor<1x4x3x3xf32>
  %1 = stablehlo.composite "onnx.Softmax" %0 {composite_attributes = {axis = 3 : i64}, decomposition = @softmax} : (tensor<1x4x3x3xf32>) -> tensor<1x4x3x3xf32>
  %2 = stablehlo.dot_general %1, %v, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2] : (tensor<1x4x3x3xf32>, tensor<1x4x3x8xf32>) -> tensor<1x4x3x8xf32>
  return %2, %1 : tensor<1x4x3x8xf32>, tensor<1x4x3x3xf32>
}
func.func private @softmax(tensor<1x4x3x3xf32>) -> tensor<1x4x3x3xf32>

// -----

// Queries and keys of two parts, one of which all heads share, and values of another width, which are slices of as many rows: there are as many keys as queries.
// CHECK-LABEL: func.func @latent
// CHECK-NOT:   stablehlo.dot_general
// CHECK-NOT:   moe_support.require {{.+}}requires the size of dimension #2
// CHECK:       scf.for
// CHECK:         tensor.extract_slice %{{.+}} : tensor<?x4x?x24xf32> to tensor<?x4x?x24xf32>
// CHECK:         tensor.extract_slice %{{.+}} : tensor<?x4x?x9xf32> to tensor<?x4x?x9xf32>
// CHECK:         -> tensor<?x4x?x9xf32>
func.func @latent(%q: tensor<?x4x?x24xf32> {moe.symbols = ["b", "", "s", ""]}, %kv: tensor<?x4x?x25xf32> {moe.symbols = ["b", "", "s", ""]}, %shared: tensor<?x1x?x8xf32> {moe.symbols = ["b", "", "s", ""]},
                  %mask: tensor<?x1x?x?xf32> {moe.symbols = ["b", "", "s", "s"]}) -> tensor<?x4x?x9xf32> {
  %zero = stablehlo.constant dense<0> : tensor<4xi64>
  %values_from = stablehlo.constant dense<[0, 0, 0, 16]> : tensor<4xi64>
  %ones = stablehlo.constant dense<1> : tensor<4xi64>
  %heads = stablehlo.constant dense<4> : tensor<1xi64>
  %c8 = stablehlo.constant dense<8> : tensor<1xi64>
  %c16 = stablehlo.constant dense<16> : tensor<1xi64>
  %c25 = stablehlo.constant dense<25> : tensor<1xi64>
  %0 = stablehlo.get_dimension_size %q, dim = 0 : (tensor<?x4x?x24xf32>) -> tensor<i32>
  %1 = stablehlo.convert %0 : (tensor<i32>) -> tensor<i64>
  %b = stablehlo.reshape %1 : (tensor<i64>) -> tensor<1xi64>
  %2 = stablehlo.get_dimension_size %q, dim = 2 : (tensor<?x4x?x24xf32>) -> tensor<i32>
  %3 = stablehlo.convert %2 : (tensor<i32>) -> tensor<i64>
  %s = stablehlo.reshape %3 : (tensor<i64>) -> tensor<1xi64>
  %to16 = stablehlo.concatenate %b, %heads, %s, %c16, dim = 0 : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4xi64>
  %to25 = stablehlo.concatenate %b, %heads, %s, %c25, dim = 0 : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4xi64>
  %to8 = stablehlo.concatenate %b, %heads, %s, %c8, dim = 0 : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4xi64>
  %own = stablehlo.real_dynamic_slice %kv, %zero, %to16, %ones : (tensor<?x4x?x25xf32>, tensor<4xi64>, tensor<4xi64>, tensor<4xi64>) -> tensor<?x4x?x16xf32>
  %v = stablehlo.real_dynamic_slice %kv, %values_from, %to25, %ones : (tensor<?x4x?x25xf32>, tensor<4xi64>, tensor<4xi64>, tensor<4xi64>) -> tensor<?x4x?x9xf32>
  %all = stablehlo.dynamic_broadcast_in_dim %shared, %to8, dims = [0, 1, 2, 3] : (tensor<?x1x?x8xf32>, tensor<4xi64>) -> tensor<?x4x?x8xf32>
  %k = stablehlo.concatenate %own, %all, dim = 3 : (tensor<?x4x?x16xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x24xf32>
  %4 = stablehlo.dot_general %q, %k, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [3] : (tensor<?x4x?x24xf32>, tensor<?x4x?x24xf32>) -> tensor<?x4x?x?xf32>
  %5 = chlo.broadcast_add %4, %mask : (tensor<?x4x?x?xf32>, tensor<?x1x?x?xf32>) -> tensor<?x4x?x?xf32>
  %6 = stablehlo.composite "onnx.Softmax" %5 {composite_attributes = {axis = 3 : i64}, decomposition = @softmax} : (tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  // expected-remark @+1 {{products of attention leave out keys that a mask hides from 120 queries}}
  %7 = stablehlo.dot_general %6, %v, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2] : (tensor<?x4x?x?xf32>, tensor<?x4x?x9xf32>) -> tensor<?x4x?x9xf32>
  return %7 : tensor<?x4x?x9xf32>
}
func.func private @softmax(tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>

// -----

// Rows that begin at the second one are one fewer, whatever their slice ends at.
// CHECK-LABEL: func.func @from_second_key
// CHECK-COUNT-2: stablehlo.dot_general
func.func @from_second_key(%q: tensor<1x4x?x16xf32> {moe.symbols = ["", "", "s", ""]}, %kv: tensor<1x4x?x16xf32> {moe.symbols = ["", "", "s", ""]}) -> tensor<1x4x?x16xf32> {
  %from = stablehlo.constant dense<[0, 0, 1, 0]> : tensor<4xi64>
  %ones = stablehlo.constant dense<1> : tensor<4xi64>
  %front = stablehlo.constant dense<[1, 4]> : tensor<2xi64>
  %depth = stablehlo.constant dense<16> : tensor<1xi64>
  %0 = stablehlo.get_dimension_size %q, dim = 2 : (tensor<1x4x?x16xf32>) -> tensor<i32>
  %1 = stablehlo.convert %0 : (tensor<i32>) -> tensor<i64>
  %s = stablehlo.reshape %1 : (tensor<i64>) -> tensor<1xi64>
  %to = stablehlo.concatenate %front, %s, %depth, dim = 0 : (tensor<2xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4xi64>
  %k = stablehlo.real_dynamic_slice %kv, %from, %to, %ones : (tensor<1x4x?x16xf32>, tensor<4xi64>, tensor<4xi64>, tensor<4xi64>) -> tensor<1x4x?x16xf32>
  %2 = stablehlo.dot_general %q, %k, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [3] : (tensor<1x4x?x16xf32>, tensor<1x4x?x16xf32>) -> tensor<1x4x?x?xf32>
  %3 = stablehlo.composite "onnx.Softmax" %2 {composite_attributes = {axis = 3 : i64}, decomposition = @softmax} : (tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32>
  %4 = stablehlo.dot_general %3, %k, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2] : (tensor<1x4x?x?xf32>, tensor<1x4x?x16xf32>) -> tensor<1x4x?x16xf32>
  return %4 : tensor<1x4x?x16xf32>
}
func.func private @softmax(tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32>

// -----

// A last logit of each row without a key, whose weight a slice leaves out, begins the sums. The mask is a product, too: the factor of logits is that of the other side.
// CHECK-LABEL: func.func @extra_key
// CHECK-SAME:  %[[SINK:[a-z0-9]+]]: tensor<1x4x1x1xf32>
// CHECK-DAG:   %[[SCALE:.+]] = arith.constant 2.500000e-01 : f32
// CHECK-NOT:   stablehlo.dot_general
// CHECK:       %[[OF_HEADS:.+]] = tensor.collapse_shape %[[SINK]] {{.+}} into tensor<4x1xf32>
// CHECK:       %[[START:.+]] = linalg.generic {{.+}} ins(%[[OF_HEADS]] : tensor<4x1xf32>)
// CHECK:       linalg.generic {{.+}} outs(%{{.+}}, %[[START]] : tensor<2x4x1x5x?xf32>, tensor<2x4x1x5xf32>)
// CHECK:       arith.mulf %{{.+}}, %[[SCALE]] : f32
// CHECK:       arith.maximumf
// CHECK:       math.exp
// CHECK:       math.exp
// CHECK-NOT:   stablehlo.reduce
func.func @extra_key(%q: tensor<2x4x5x16xf32>, %k: tensor<2x4x5x16xf32>, %v: tensor<2x4x5x8xf32>, %hidden: tensor<2x1x5x5xf32>, %sink: tensor<1x4x1x1xf32>) -> tensor<2x4x5x8xf32> {
  %factor = stablehlo.constant dense<0.25> : tensor<f32>
  %least = stablehlo.constant dense<-3.0e38> : tensor<f32>
  %none = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %mask = chlo.broadcast_multiply %hidden, %least : (tensor<2x1x5x5xf32>, tensor<f32>) -> tensor<2x1x5x5xf32>
  %0 = stablehlo.dot_general %q, %k, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [3] : (tensor<2x4x5x16xf32>, tensor<2x4x5x16xf32>) -> tensor<2x4x5x5xf32>
  %1 = chlo.broadcast_multiply %0, %factor : (tensor<2x4x5x5xf32>, tensor<f32>) -> tensor<2x4x5x5xf32>
  %2 = chlo.broadcast_add %mask, %1 : (tensor<2x1x5x5xf32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %3 = stablehlo.broadcast_in_dim %sink, dims = [0, 1, 2, 3] : (tensor<1x4x1x1xf32>) -> tensor<2x4x5x1xf32>
  %4 = stablehlo.concatenate %2, %3, dim = 3 : (tensor<2x4x5x5xf32>, tensor<2x4x5x1xf32>) -> tensor<2x4x5x6xf32>
  %5 = stablehlo.reduce(%4 init: %none) applies stablehlo.maximum across dimensions = [3] : (tensor<2x4x5x6xf32>, tensor<f32>) -> tensor<2x4x5xf32>
  %6 = stablehlo.reshape %5 : (tensor<2x4x5xf32>) -> tensor<2x4x5x1xf32>
  %7 = chlo.broadcast_subtract %4, %6 : (tensor<2x4x5x6xf32>, tensor<2x4x5x1xf32>) -> tensor<2x4x5x6xf32>
  %8 = stablehlo.composite "onnx.Softmax" %7 {composite_attributes = {axis = 3 : i64}, decomposition = @softmax} : (tensor<2x4x5x6xf32>) -> tensor<2x4x5x6xf32>
  %9 = stablehlo.slice %8 [0:2, 0:4, 0:5, 0:5] : (tensor<2x4x5x6xf32>) -> tensor<2x4x5x5xf32>
  // expected-remark @+1 {{products of attention leave out keys that a mask hides from 120 queries}}
  %10 = stablehlo.dot_general %9, %v, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2] : (tensor<2x4x5x5xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  return %10 : tensor<2x4x5x8xf32>
}
func.func private @softmax(tensor<2x4x5x6xf32>) -> tensor<2x4x5x6xf32>

// -----

// The weight of the first key is left out, not that of the extra one.
// CHECK-LABEL: func.func @first_key_left_out
// CHECK-COUNT-2: stablehlo.dot_general
func.func @first_key_left_out(%q: tensor<2x4x5x16xf32>, %k: tensor<2x4x5x16xf32>, %v: tensor<2x4x5x8xf32>, %sink: tensor<4xf32>) -> tensor<2x4x5x8xf32> {
  %0 = stablehlo.dot_general %q, %k, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [3] : (tensor<2x4x5x16xf32>, tensor<2x4x5x16xf32>) -> tensor<2x4x5x5xf32>
  %1 = stablehlo.broadcast_in_dim %sink, dims = [1] : (tensor<4xf32>) -> tensor<2x4x5x1xf32>
  %2 = stablehlo.concatenate %0, %1, dim = 3 : (tensor<2x4x5x5xf32>, tensor<2x4x5x1xf32>) -> tensor<2x4x5x6xf32>
  %3 = stablehlo.composite "onnx.Softmax" %2 {composite_attributes = {axis = 3 : i64}, decomposition = @softmax} : (tensor<2x4x5x6xf32>) -> tensor<2x4x5x6xf32>
  %4 = stablehlo.slice %3 [0:2, 0:4, 0:5, 1:6] : (tensor<2x4x5x6xf32>) -> tensor<2x4x5x5xf32>
  %5 = stablehlo.dot_general %4, %v, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2] : (tensor<2x4x5x5xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  return %5 : tensor<2x4x5x8xf32>
}
func.func private @softmax(tensor<2x4x5x6xf32>) -> tensor<2x4x5x6xf32>

// -----

// What is subtracted is not the greatest logit: the softmax may not be one of these numbers.
// CHECK-LABEL: func.func @less_by_a_sum
// CHECK-COUNT-2: stablehlo.dot_general
func.func @less_by_a_sum(%q: tensor<2x4x5x16xf32>, %k: tensor<2x4x5x16xf32>, %v: tensor<2x4x5x8xf32>, %sink: tensor<4xf32>) -> tensor<2x4x5x8xf32> {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %0 = stablehlo.dot_general %q, %k, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [3] : (tensor<2x4x5x16xf32>, tensor<2x4x5x16xf32>) -> tensor<2x4x5x5xf32>
  %1 = stablehlo.broadcast_in_dim %sink, dims = [1] : (tensor<4xf32>) -> tensor<2x4x5x1xf32>
  %2 = stablehlo.concatenate %0, %1, dim = 3 : (tensor<2x4x5x5xf32>, tensor<2x4x5x1xf32>) -> tensor<2x4x5x6xf32>
  %3 = stablehlo.reduce(%2 init: %zero) applies stablehlo.add across dimensions = [3] : (tensor<2x4x5x6xf32>, tensor<f32>) -> tensor<2x4x5xf32>
  %4 = stablehlo.reshape %3 : (tensor<2x4x5xf32>) -> tensor<2x4x5x1xf32>
  %5 = chlo.broadcast_subtract %2, %4 : (tensor<2x4x5x6xf32>, tensor<2x4x5x1xf32>) -> tensor<2x4x5x6xf32>
  %6 = stablehlo.composite "onnx.Softmax" %5 {composite_attributes = {axis = 3 : i64}, decomposition = @softmax} : (tensor<2x4x5x6xf32>) -> tensor<2x4x5x6xf32>
  %7 = stablehlo.slice %6 [0:2, 0:4, 0:5, 0:5] : (tensor<2x4x5x6xf32>) -> tensor<2x4x5x5xf32>
  %8 = stablehlo.dot_general %7, %v, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2] : (tensor<2x4x5x5xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  return %8 : tensor<2x4x5x8xf32>
}
func.func private @softmax(tensor<2x4x5x6xf32>) -> tensor<2x4x5x6xf32>
