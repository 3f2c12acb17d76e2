// RUN: moe-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @weight_expressions
func.func @weight_expressions() -> (tensor<4x2x4xf32>, tensor<3x4xf32>, tensor<10x4xf32>) {
  %w = stablehlo.constant #moe_support.external<"w.bin", 0> : tensor<8x4xf32>
  // CHECK-DAG: %[[T:.*]] = stablehlo.constant #moe_support.reshape<#moe_support.transpose<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, [1, 0]> : tensor<4x8xf32>> : tensor<4x2x4xf32>
  %0 = stablehlo.transpose %w, dims = [1, 0] : (tensor<8x4xf32>) -> tensor<4x8xf32>
  %1 = stablehlo.reshape %0 : (tensor<4x8xf32>) -> tensor<4x2x4xf32>
  // CHECK-DAG: %[[S:.*]] = stablehlo.constant #moe_support.slice<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, [1, 0], [2, 1]> : tensor<3x4xf32>
  %2 = stablehlo.slice %w [1:7:2, 0:4] : (tensor<8x4xf32>) -> tensor<3x4xf32>
  // CHECK-DAG: %[[C:.*]] = stablehlo.constant #moe_support.concat<[#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, dense<0.000000e+00> : tensor<2x4xf32>], 0> : tensor<10x4xf32>
  %z = stablehlo.constant dense<0.0> : tensor<2x4xf32>
  %3 = stablehlo.concatenate %w, %z, dim = 0 : (tensor<8x4xf32>, tensor<2x4xf32>) -> tensor<10x4xf32>
  // CHECK: return %[[T]], %[[S]], %[[C]]
  return %1, %2, %3 : tensor<4x2x4xf32>, tensor<3x4xf32>, tensor<10x4xf32>
}

// CHECK-LABEL: func.func @small_dense
func.func @small_dense() -> (tensor<3x2xi32>, tensor<2xi32>, tensor<3xi32>, tensor<2x3xi32>) {
  %c = stablehlo.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi32>
  %d = stablehlo.constant dense<[7, 8, 9]> : tensor<3xi32>
  // CHECK-DAG: %[[T:.*]] = stablehlo.constant dense<{{\[}}[1, 4], [2, 5], [3, 6]]> : tensor<3x2xi32>
  %0 = stablehlo.transpose %c, dims = [1, 0] : (tensor<2x3xi32>) -> tensor<3x2xi32>
  // CHECK-DAG: %[[S:.*]] = stablehlo.constant dense<[7, 9]> : tensor<2xi32>
  %1 = stablehlo.slice %d [0:3:2] : (tensor<3xi32>) -> tensor<2xi32>
  // CHECK-DAG: %[[C:.*]] = stablehlo.constant dense<[7, 9, 7]> : tensor<3xi32>
  %2 = stablehlo.slice %d [0:1] : (tensor<3xi32>) -> tensor<1xi32>
  %3 = stablehlo.concatenate %1, %2, dim = 0 : (tensor<2xi32>, tensor<1xi32>) -> tensor<3xi32>
  // CHECK-DAG: %[[B:.*]] = stablehlo.constant dense<{{\[}}[7, 8, 9], [7, 8, 9]]> : tensor<2x3xi32>
  %4 = stablehlo.broadcast_in_dim %d, dims = [1] : (tensor<3xi32>) -> tensor<2x3xi32>
  // CHECK: return %[[T]], %[[S]], %[[C]], %[[B]]
  return %0, %1, %3, %4 : tensor<3x2xi32>, tensor<2xi32>, tensor<3xi32>, tensor<2x3xi32>
}

// The least i32 divided by -1 overflows to itself, a division by zero gives -1.
// CHECK-LABEL: func.func @integer_arithmetic
func.func @integer_arithmetic() -> (tensor<3xi32>, tensor<3xi32>, tensor<3xi1>, tensor<3xi64>, tensor<2xui8>) {
  %a = stablehlo.constant dense<[7, -2147483648, 5]> : tensor<3xi32>
  %b = stablehlo.constant dense<[-2, -1, 0]> : tensor<3xi32>
  // CHECK-DAG: %[[D:.*]] = stablehlo.constant dense<[-3, -2147483648, -1]> : tensor<3xi32>
  %0 = stablehlo.divide %a, %b : tensor<3xi32>
  // CHECK-DAG: %[[R:.*]] = stablehlo.constant dense<[1, 0, 5]> : tensor<3xi32>
  %1 = stablehlo.remainder %a, %b : tensor<3xi32>
  // CHECK-DAG: %[[L:.*]] = stablehlo.constant dense<[false, true, false]> : tensor<3xi1>
  %2 = stablehlo.compare LT, %a, %b : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi1>
  // CHECK-DAG: %[[X:.*]] = stablehlo.constant dense<[7, -1, 5]> : tensor<3xi64>
  %3 = stablehlo.select %2, %b, %a : tensor<3xi1>, tensor<3xi32>
  %4 = stablehlo.convert %3 : (tensor<3xi32>) -> tensor<3xi64>
  // CHECK-DAG: %[[M:.*]] = stablehlo.constant dense<[200, 255]> : tensor<2xui8>
  %c = stablehlo.constant dense<[200, 3]> : tensor<2xui8>
  %d = stablehlo.constant dense<[100, 255]> : tensor<2xui8>
  %5 = stablehlo.maximum %c, %d : tensor<2xui8>
  // CHECK: return %[[D]], %[[R]], %[[L]], %[[X]], %[[M]]
  return %0, %1, %2, %4, %5 : tensor<3xi32>, tensor<3xi32>, tensor<3xi1>, tensor<3xi64>, tensor<2xui8>
}

// Weights are rounded when they are packed; to be widened they stay what they are.
// CHECK-LABEL: func.func @rounded_weights
func.func @rounded_weights() -> (tensor<8x16xbf16>, tensor<1x16xbf16>, tensor<8x16xf32>, tensor<3xbf16>) {
  %w = stablehlo.constant #moe_support.external<"w.bin", 0> : tensor<8x16xf32>
  // CHECK-DAG: %[[W:.*]] = stablehlo.constant #moe_support.convert<#moe_support.external<"w.bin", 0> : tensor<8x16xf32>> : tensor<8x16xbf16>
  %0 = stablehlo.convert %w : (tensor<8x16xf32>) -> tensor<8x16xbf16>
  // CHECK-DAG: %[[S:.*]] = stablehlo.constant #moe_support.slice<#moe_support.convert<#moe_support.external<"w.bin", 0> : tensor<8x16xf32>> : tensor<8x16xbf16>, [1, 0], [1, 1]> : tensor<1x16xbf16>
  %s = stablehlo.slice %w [1:2, 0:16] : (tensor<8x16xf32>) -> tensor<1x16xf32>
  %1 = stablehlo.convert %s : (tensor<1x16xf32>) -> tensor<1x16xbf16>
  // CHECK-DAG: %[[N:.*]] = stablehlo.constant #moe_support.external<"n.bin", 0> : tensor<8x16xbf16>
  // CHECK-DAG: %[[F:.*]] = stablehlo.convert %[[N]] : (tensor<8x16xbf16>) -> tensor<8x16xf32>
  %n = stablehlo.constant #moe_support.external<"n.bin", 0> : tensor<8x16xbf16>
  %2 = stablehlo.convert %n : (tensor<8x16xbf16>) -> tensor<8x16xf32>
  // The middle of two numbers goes to the even one.
  // CHECK-DAG: %[[D:.*]] = stablehlo.constant dense<[1.000000e+00, 1.015630e+00, 0x7F80]> : tensor<3xbf16>
  %d = stablehlo.constant dense<[1.00390625, 1.01171875, 3.4e+38]> : tensor<3xf32>
  %3 = stablehlo.convert %d : (tensor<3xf32>) -> tensor<3xbf16>
  // CHECK: return %[[W]], %[[S]], %[[F]], %[[D]]
  return %0, %1, %2, %3 : tensor<8x16xbf16>, tensor<1x16xbf16>, tensor<8x16xf32>, tensor<3xbf16>
}

// CHECK-LABEL: func.func @identities
// CHECK-SAME: (%[[X:.*]]: tensor<2x3xf32>, %[[N:.*]]: tensor<3xi64>)
func.func @identities(%x: tensor<2x3xf32>, %n: tensor<3xi64>) -> (tensor<2x3xf32>, tensor<3xi64>, tensor<6xf32>) {
  %0 = stablehlo.transpose %x, dims = [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %1 = stablehlo.transpose %0, dims = [1, 0] : (tensor<3x2xf32>) -> tensor<2x3xf32>
  %2 = stablehlo.convert %1 : tensor<2x3xf32>
  %3 = stablehlo.slice %2 [0:2, 0:3] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %4 = stablehlo.broadcast_in_dim %3, dims = [0, 1] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %zero = stablehlo.constant dense<0> : tensor<3xi64>
  %one = stablehlo.constant dense<1> : tensor<3xi64>
  %5 = stablehlo.add %zero, %n : tensor<3xi64>
  %6 = stablehlo.multiply %5, %one : tensor<3xi64>
  %7 = stablehlo.reshape %x : (tensor<2x3xf32>) -> tensor<3x2xf32>
  // CHECK: %[[R:.*]] = stablehlo.reshape %[[X]] : (tensor<2x3xf32>) -> tensor<6xf32>
  %8 = stablehlo.reshape %7 : (tensor<3x2xf32>) -> tensor<6xf32>
  // CHECK-NEXT: return %[[X]], %[[N]], %[[R]]
  return %4, %6, %8 : tensor<2x3xf32>, tensor<3xi64>, tensor<6xf32>
}

// CHECK-LABEL: func.func @static_size
func.func @static_size(%x: tensor<?x5xf32>) -> (tensor<i32>, tensor<i32>) {
  // CHECK-DAG: %[[C:.*]] = stablehlo.constant dense<5> : tensor<i32>
  // CHECK-DAG: %[[D:.*]] = stablehlo.get_dimension_size %{{.*}}, dim = 0
  %0 = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?x5xf32>) -> tensor<i32>
  %1 = stablehlo.get_dimension_size %x, dim = 1 : (tensor<?x5xf32>) -> tensor<i32>
  // CHECK: return %[[D]], %[[C]]
  return %0, %1 : tensor<i32>, tensor<i32>
}

// CHECK-LABEL: func.func @static_forms
func.func @static_forms(%x: tensor<2x3xf32>, %v: tensor<f32>, %y: tensor<8xf32>)
    -> (tensor<6xf32>, tensor<4x2x3xf32>, tensor<2x3xi32>, tensor<3xf32>, tensor<?xf32>) {
  %six = stablehlo.constant dense<6> : tensor<1xi64>
  // CHECK: stablehlo.reshape %{{.*}} : (tensor<2x3xf32>) -> tensor<6xf32>
  %0 = stablehlo.dynamic_reshape %x, %six : (tensor<2x3xf32>, tensor<1xi64>) -> tensor<6xf32>
  // CHECK: stablehlo.broadcast_in_dim %{{.*}}, dims = [1, 2] : (tensor<2x3xf32>) -> tensor<4x2x3xf32>
  %shape = stablehlo.constant dense<[4, 2, 3]> : tensor<3xi64>
  %1 = stablehlo.dynamic_broadcast_in_dim %x, %shape, dims = [1, 2] : (tensor<2x3xf32>, tensor<3xi64>) -> tensor<4x2x3xf32>
  // CHECK: stablehlo.iota dim = 1 : tensor<2x3xi32>
  %pair = stablehlo.constant dense<[2, 3]> : tensor<2xi64>
  %2 = stablehlo.dynamic_iota %pair, dim = 1 : (tensor<2xi64>) -> tensor<2x3xi32>
  // CHECK: stablehlo.slice %{{.*}} [1:6:2] : (tensor<8xf32>) -> tensor<3xf32>
  %one = stablehlo.constant dense<1> : tensor<1xi64>
  %two = stablehlo.constant dense<2> : tensor<1xi64>
  %3 = stablehlo.real_dynamic_slice %y, %one, %six, %two : (tensor<8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3xf32>
  // CHECK: stablehlo.pad %{{.*}}, %{{.*}}, low = [1], high = [2], interior = [1] : (tensor<8xf32>, tensor<f32>) -> tensor<?xf32>
  %4 = stablehlo.dynamic_pad %y, %v, %one, %two, %one : (tensor<8xf32>, tensor<f32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?xf32>
  return %0, %1, %2, %3, %4 : tensor<6xf32>, tensor<4x2x3xf32>, tensor<2x3xi32>, tensor<3xf32>, tensor<?xf32>
}

// A dynamic result becomes static in place where its users do not name its type.
// CHECK-LABEL: func.func @static_in_place
func.func @static_in_place(%x: tensor<?xf32>, %y: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<?x?xf32>) {
  %shape = stablehlo.constant dense<[2, 3]> : tensor<2xi64>
  // CHECK: stablehlo.reshape %{{.*}} : (tensor<?xf32>) -> tensor<2x3xf32>
  %0 = stablehlo.dynamic_reshape %x, %shape : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  %1 = stablehlo.add %0, %y : (tensor<?x?xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  // CHECK: stablehlo.dynamic_reshape
  %2 = stablehlo.dynamic_reshape %x, %shape : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %1, %2 : tensor<2x3xf32>, tensor<?x?xf32>
}

// CHECK-LABEL: func.func @constant_slice_sizes
func.func @constant_slice_sizes(%x: tensor<8x?xf32>, %i: tensor<3xi64>) -> tensor<3x?xf32> {
  %s = stablehlo.constant dense<[1, 2]> : tensor<2xi64>
  // CHECK: "stablehlo.gather"{{.*}}slice_sizes = array<i64: 1, 2>
  %0 = "stablehlo.dynamic_gather"(%x, %i, %s) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0],
      start_index_map = [0], index_vector_dim = 1>}> : (tensor<8x?xf32>, tensor<3xi64>, tensor<2xi64>) -> tensor<3x?xf32>
  return %0 : tensor<3x?xf32>
}

// Nothing reads the elements of a large constant.
// CHECK-LABEL: func.func @large_constants_stay
func.func @large_constants_stay(%x: tensor<65xi32>) -> tensor<65xi32> {
  // CHECK: stablehlo.iota
  %0 = stablehlo.iota dim = 0 : tensor<65xi32>
  // CHECK: stablehlo.add
  %1 = stablehlo.add %0, %x : tensor<65xi32>
  return %1 : tensor<65xi32>
}
