// RUN: moe-opt %s --split-input-file --pass-pipeline="builtin.module(func.func(moe-fold-repeated-operands))" | FileCheck %s

// Keys of two heads, each repeated for two query heads, transposed and scaled: the query heads of a group are rows of one product with the keys as they lie.
// CHECK-DAG: #[[QUERY:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4)>
// CHECK-DAG: #[[KEYS:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3, d4)>
// CHECK-LABEL: func.func @repeated_keys
// CHECK-SAME: %[[Q:.*]]: tensor<?x4x?x16xf32>, %[[K:.*]]: tensor<?x2x?x16xf32>
// CHECK: %[[SPLIT:.*]] = tensor.expand_shape %[[Q]] {{.*}} : tensor<?x4x?x16xf32> into tensor<?x2x2x?x16xf32>
// CHECK: %[[ROWS:.*]] = tensor.collapse_shape %[[SPLIT]] {{\[}}[0], [1], [2, 3], [4]] : tensor<?x2x2x?x16xf32> into tensor<?x2x?x16xf32>
// CHECK: %[[SCALED:.*]] = linalg.generic {{.*}} ins(%[[ROWS]]
// CHECK: arith.mulf %{{.*}}, %{{.*}} : f32
// CHECK: linalg.generic {indexing_maps = [#[[QUERY]], #[[KEYS]], #{{.*}}]{{.*}} ins(%[[SCALED]], %[[K]] :
// CHECK: tensor.expand_shape {{.*}} : tensor<?x2x?x?xf32> into tensor<?x2x2x?x?xf32>
// CHECK: tensor.collapse_shape {{.*}} : tensor<?x2x2x?x?xf32> into tensor<?x4x?x?xf32>
func.func @repeated_keys(%q: tensor<?x4x?x16xf32>, %k: tensor<?x2x?x16xf32>, %s: tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %half = arith.constant 0.5 : f32
  %b = tensor.dim %k, %c0 : tensor<?x2x?x16xf32>
  %n = tensor.dim %k, %c2 : tensor<?x2x?x16xf32>
  %wide = tensor.empty(%b, %n) : tensor<?x2x2x?x16xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(b, h, g, n, d) -> (b, h, n, d)>, affine_map<(b, h, g, n, d) -> (b, h, g, n, d)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%k : tensor<?x2x?x16xf32>) outs(%wide : tensor<?x2x2x?x16xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<?x2x2x?x16xf32>
  // As transposed by way of one batch of all heads, whose number only the run knows.
  %c4 = arith.constant 4 : index
  %c16 = arith.constant 16 : index
  %all = arith.muli %b, %c4 : index
  %flat = tensor.from_elements %all, %n, %c16 : tensor<3xindex>
  %1 = tensor.reshape %0(%flat) : (tensor<?x2x2x?x16xf32>, tensor<3xindex>) -> tensor<?x?x16xf32>
  %turned = tensor.empty(%all, %n) : tensor<?x16x?xf32>
  %2 = linalg.generic {indexing_maps = [affine_map<(b, d, n) -> (b, n, d)>, affine_map<(b, d, n) -> (b, d, n)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1 : tensor<?x?x16xf32>) outs(%turned : tensor<?x16x?xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<?x16x?xf32>
  %heads = tensor.from_elements %b, %c4, %c16, %n : tensor<4xindex>
  %3 = tensor.reshape %2(%heads) : (tensor<?x16x?xf32>, tensor<4xindex>) -> tensor<?x4x16x?xf32>
  %empty = tensor.empty(%b, %n) : tensor<?x4x16x?xf32>
  %4 = linalg.generic {indexing_maps = [affine_map<(b, h, d, n) -> (b, h, d, n)>, affine_map<(b, h, d, n) -> ()>, affine_map<(b, h, d, n) -> (b, h, d, n)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%3, %half : tensor<?x4x16x?xf32>, f32) outs(%empty : tensor<?x4x16x?xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %p = arith.mulf %a, %c : f32
    linalg.yield %p : f32
  } -> tensor<?x4x16x?xf32>
  %5 = linalg.generic {indexing_maps = [affine_map<(b, h, r, n, d) -> (b, h, r, d)>, affine_map<(b, h, r, n, d) -> (b, h, d, n)>, affine_map<(b, h, r, n, d) -> (b, h, r, n)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%q, %4 : tensor<?x4x?x16xf32>, tensor<?x4x16x?xf32>) outs(%s : tensor<?x4x?x?xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %t = arith.addf %o, %p : f32
    linalg.yield %t : f32
  } -> tensor<?x4x?x?xf32>
  return %5 : tensor<?x4x?x?xf32>
}

// -----

// What is required tells that the size behind the reshape is that in front of it. Without it nothing is proved: the transposition stays.
// CHECK-LABEL: func.func @proved
// CHECK-SAME: %[[K:[a-z0-9]*]]: tensor<?x2x?x16xf32>
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[K]] :
// CHECK-LABEL: func.func @not_proved
// CHECK-SAME: %[[K:[a-z0-9]*]]: tensor<?x2x?x16xf32>
// CHECK: %[[FLAT:.*]] = tensor.reshape %[[K]]
// CHECK: %[[TURNED:.*]] = linalg.generic {{.*}} ins(%[[FLAT]]
// CHECK: %[[BACK:.*]] = tensor.reshape %[[TURNED]]
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[BACK]] :
func.func @proved(%k: tensor<?x2x?x16xf32>, %s: tensor<?x2x?x?xf32>, %q: tensor<?x2x?x16xf32>, %all: index, %n: index) -> tensor<?x2x?x?xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %b = tensor.dim %k, %c0 : tensor<?x2x?x16xf32>
  %size = tensor.dim %k, %c2 : tensor<?x2x?x16xf32>
  %same = arith.cmpi eq, %n, %size : index
  moe_support.require %same, "requires the sizes to be equal"
  %flat = tensor.from_elements %all, %n, %c16 : tensor<3xindex>
  %0 = tensor.reshape %k(%flat) : (tensor<?x2x?x16xf32>, tensor<3xindex>) -> tensor<?x?x16xf32>
  %turned = tensor.empty(%all, %n) : tensor<?x16x?xf32>
  %1 = linalg.generic {indexing_maps = [affine_map<(b, d, n) -> (b, n, d)>, affine_map<(b, d, n) -> (b, d, n)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%0 : tensor<?x?x16xf32>) outs(%turned : tensor<?x16x?xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<?x16x?xf32>
  %heads = tensor.from_elements %b, %c2, %c16, %n : tensor<4xindex>
  %2 = tensor.reshape %1(%heads) : (tensor<?x16x?xf32>, tensor<4xindex>) -> tensor<?x2x16x?xf32>
  %3 = linalg.generic {indexing_maps = [affine_map<(b, h, r, n, d) -> (b, h, r, d)>, affine_map<(b, h, r, n, d) -> (b, h, d, n)>, affine_map<(b, h, r, n, d) -> (b, h, r, n)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%q, %2 : tensor<?x2x?x16xf32>, tensor<?x2x16x?xf32>) outs(%s : tensor<?x2x?x?xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %t = arith.addf %o, %p : f32
    linalg.yield %t : f32
  } -> tensor<?x2x?x?xf32>
  return %3 : tensor<?x2x?x?xf32>
}

func.func @not_proved(%k: tensor<?x2x?x16xf32>, %s: tensor<?x2x?x?xf32>, %q: tensor<?x2x?x16xf32>, %all: index, %n: index) -> tensor<?x2x?x?xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %b = tensor.dim %k, %c0 : tensor<?x2x?x16xf32>
  %size = tensor.dim %k, %c2 : tensor<?x2x?x16xf32>
  %flat = tensor.from_elements %all, %n, %c16 : tensor<3xindex>
  %0 = tensor.reshape %k(%flat) : (tensor<?x2x?x16xf32>, tensor<3xindex>) -> tensor<?x?x16xf32>
  %turned = tensor.empty(%all, %n) : tensor<?x16x?xf32>
  %1 = linalg.generic {indexing_maps = [affine_map<(b, d, n) -> (b, n, d)>, affine_map<(b, d, n) -> (b, d, n)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%0 : tensor<?x?x16xf32>) outs(%turned : tensor<?x16x?xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<?x16x?xf32>
  %heads = tensor.from_elements %b, %c2, %c16, %n : tensor<4xindex>
  %2 = tensor.reshape %1(%heads) : (tensor<?x16x?xf32>, tensor<4xindex>) -> tensor<?x2x16x?xf32>
  %3 = linalg.generic {indexing_maps = [affine_map<(b, h, r, n, d) -> (b, h, r, d)>, affine_map<(b, h, r, n, d) -> (b, h, d, n)>, affine_map<(b, h, r, n, d) -> (b, h, r, n)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%q, %2 : tensor<?x2x?x16xf32>, tensor<?x2x16x?xf32>) outs(%s : tensor<?x2x?x?xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %t = arith.addf %o, %p : f32
    linalg.yield %t : f32
  } -> tensor<?x2x?x?xf32>
  return %3 : tensor<?x2x?x?xf32>
}

// -----

// One token of a decoder whose queries are [batch, heads of keys, group, tokens, depth]: the heads of a group and the tokens are rows of one product.
// CHECK-LABEL: func.func @grouped
// CHECK-SAME: %[[Q:[a-z0-9]*]]: tensor<?x2x3x?x16xf32>, %[[K:[a-z0-9]*]]: tensor<?x2x?x16xf32>
// CHECK: %[[ROWS:.*]] = tensor.collapse_shape %[[Q]] {{\[}}[0], [1], [2, 3], [4]]
// CHECK: linalg.generic {{.*}} ins(%[[ROWS]], %[[K]] : tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>)
// CHECK: tensor.expand_shape {{.*}} : tensor<?x2x?x?xf32> into tensor<?x2x3x?x?xf32>
func.func @grouped(%q: tensor<?x2x3x?x16xf32>, %k: tensor<?x2x?x16xf32>, %s: tensor<?x2x3x?x?xf32>) -> tensor<?x2x3x?x?xf32> {
  %0 = linalg.generic {indexing_maps = [affine_map<(b, h, g, r, n, d) -> (b, h, g, r, d)>, affine_map<(b, h, g, r, n, d) -> (b, h, n, d)>, affine_map<(b, h, g, r, n, d) -> (b, h, g, r, n)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%q, %k : tensor<?x2x3x?x16xf32>, tensor<?x2x?x16xf32>) outs(%s : tensor<?x2x3x?x?xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %t = arith.addf %o, %p : f32
    linalg.yield %t : f32
  } -> tensor<?x2x3x?x?xf32>
  return %0 : tensor<?x2x3x?x?xf32>
}

// -----

// Sizes of inputs that have the same name are equal.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[K:[a-z0-9]*]]: tensor<?x2x?x16xf32>
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[K]] :
module attributes {moe.interface = {name = "main", outputs = [], inputs = [
    {name = "k", symbols = ["B", "", "P", ""], type = tensor<?x2x?x16xf32>}, {name = "v", symbols = ["B", "", "P", ""], type = tensor<?x2x?x16xf32>}]}} {
func.func @main(%k: tensor<?x2x?x16xf32>, %v: tensor<?x2x?x16xf32>, %s: tensor<?x2x?x?xf32>, %q: tensor<?x2x?x16xf32>, %all: index) -> tensor<?x2x?x?xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %b = tensor.dim %k, %c0 : tensor<?x2x?x16xf32>
  %n = tensor.dim %v, %c2 : tensor<?x2x?x16xf32>
  %flat = tensor.from_elements %all, %n, %c16 : tensor<3xindex>
  %0 = tensor.reshape %k(%flat) : (tensor<?x2x?x16xf32>, tensor<3xindex>) -> tensor<?x?x16xf32>
  %turned = tensor.empty(%all, %n) : tensor<?x16x?xf32>
  %1 = linalg.generic {indexing_maps = [affine_map<(b, d, n) -> (b, n, d)>, affine_map<(b, d, n) -> (b, d, n)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%0 : tensor<?x?x16xf32>) outs(%turned : tensor<?x16x?xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<?x16x?xf32>
  %heads = tensor.from_elements %b, %c2, %c16, %n : tensor<4xindex>
  %2 = tensor.reshape %1(%heads) : (tensor<?x16x?xf32>, tensor<4xindex>) -> tensor<?x2x16x?xf32>
  %3 = linalg.generic {indexing_maps = [affine_map<(b, h, r, n, d) -> (b, h, r, d)>, affine_map<(b, h, r, n, d) -> (b, h, d, n)>, affine_map<(b, h, r, n, d) -> (b, h, r, n)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%q, %2 : tensor<?x2x?x16xf32>, tensor<?x2x16x?xf32>) outs(%s : tensor<?x2x?x?xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %p = arith.mulf %x, %y : f32
    %t = arith.addf %o, %p : f32
    linalg.yield %t : f32
  } -> tensor<?x2x?x?xf32>
  return %3 : tensor<?x2x?x?xf32>
}
}
