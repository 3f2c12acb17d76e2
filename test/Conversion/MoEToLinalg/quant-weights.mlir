// RUN: moe-opt %s --convert-moe-to-linalg --canonicalize --split-input-file | FileCheck %s
// Storage that is known when compiling becomes (code - zero point) * scale, which kernels read from codes.

// CHECK-DAG: #[[ALL:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-DAG: #[[GROUPS:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, d2 floordiv 16)>
// CHECK-LABEL: func.func @zero_points_in_nibbles
func.func @zero_points_in_nibbles() -> tensor<3x4x48xf32> {
  // CHECK-DAG: %[[Q:.*]] = moe_support.weight #moe_support.unpack<#moe_support.external<"w.bin", 0> : tensor<3x4x24xi8>> : tensor<3x4x48xi4>
  // CHECK-DAG: %[[S:.*]] = moe_support.weight #moe_support.external<"w.bin", 288> : tensor<3x4x3xbf16>
  // CHECK-DAG: %[[Z:.*]] = moe_support.weight #moe_support.unpack<#moe_support.external<"w.bin", 360> : tensor<3x4x2xi8>> : tensor<3x4x4xi4>
  // CHECK: %[[W:.*]] = linalg.generic {indexing_maps = [#[[ALL]], #[[GROUPS]], #[[GROUPS]], #[[ALL]]], iterator_types = ["parallel", "parallel", "parallel"]} ins(%[[Q]], %[[S]], %[[Z]] :
  // CHECK-NEXT: ^bb0(%[[CODE:.*]]: i4, %[[SCALE:.*]]: bf16, %[[ZERO:.*]]: i4, %{{.*}}: f32):
  // CHECK-DAG: %[[C:.*]] = arith.uitofp %[[CODE]] : i4 to f32
  // CHECK-DAG: %[[O:.*]] = arith.uitofp %[[ZERO]] : i4 to f32
  // CHECK: %[[D:.*]] = arith.subf %[[C]], %[[O]]
  // CHECK: %[[F:.*]] = arith.extf %[[SCALE]] : bf16 to f32
  // CHECK: %[[R:.*]] = arith.mulf %[[D]], %[[F]]
  // CHECK: linalg.yield %[[R]]
  // CHECK: return %[[W]]
  %q = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<3x4x24xi8>
  %s = moe_support.weight #moe_support.external<"w.bin", 288> : tensor<3x4x3xbf16>
  %z = moe_support.weight #moe_support.external<"w.bin", 360> : tensor<3x4x2xi8>
  %w = moe.dequant %q, %s, %z quant <u_affine, group = 16, bits = 4> : tensor<3x4x24xi8>, tensor<3x4x3xbf16>, tensor<3x4x2xi8> -> tensor<3x4x48xf32>
  return %w : tensor<3x4x48xf32>
}

// -----

// Codes of two bits, in groups of four at least.
// CHECK-LABEL: func.func @two_bits
func.func @two_bits() -> tensor<4x32xf32> {
  // CHECK-DAG: arith.constant 2.000000e+00 : f32
  // CHECK-DAG: moe_support.weight #moe_support.unpack<#moe_support.external<"w.bin", 0> : tensor<4x8xi8>> : tensor<4x32xi2>
  // CHECK: arith.uitofp %{{.*}} : i2 to f32
  // CHECK: arith.subf
  %q = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<4x8xi8>
  %s = moe_support.weight #moe_support.external<"w.bin", 32> : tensor<4x1xf32>
  %w = moe.dequant %q, %s quant <u_sym, group = 32, bits = 2> : tensor<4x8xi8>, tensor<4x1xf32> -> tensor<4x32xf32>
  return %w : tensor<4x32xf32>
}

// -----

// CHECK: #[[ROW:.*]] = affine_map<(d0, d1) -> (d0)>
// CHECK-LABEL: func.func @bytes_with_a_sign
func.func @bytes_with_a_sign() -> tensor<4x32xf32> {
  // CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[ROW]], #{{.*}}]
  // CHECK: arith.sitofp
  // CHECK-NOT: arith.subf
  // CHECK: return
  %q = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<4x32xi8>
  %s = moe_support.weight #moe_support.external<"w.bin", 128> : tensor<4xf32>
  %w = moe.dequant %q, %s quant <i8_chan> : tensor<4x32xi8>, tensor<4xf32> -> tensor<4x32xf32>
  return %w : tensor<4x32xf32>
}

// -----

// Kernels read nibbles of one group in pairs, whose zero points are codes: anything else stays as it is stored.
// CHECK-LABEL: func.func @groups_of_odd_size
// CHECK-NOT: moe_support.unpack
// CHECK: return
func.func @groups_of_odd_size() -> tensor<4x6xf32> {
  %q = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<4x3xi8>
  %s = moe_support.weight #moe_support.external<"w.bin", 12> : tensor<4x2xf32>
  %w = moe.dequant %q, %s quant <u_sym, group = 3, bits = 4> : tensor<4x3xi8>, tensor<4x2xf32> -> tensor<4x6xf32>
  return %w : tensor<4x6xf32>
}
// CHECK-LABEL: func.func @zero_points_that_are_floats
// CHECK-NOT: moe_support.unpack
// CHECK: return
func.func @zero_points_that_are_floats() -> tensor<4x32xf32> {
  %q = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<4x16xi8>
  %s = moe_support.weight #moe_support.external<"w.bin", 64> : tensor<4x1xf32>
  %w = moe.dequant %q, %s, %s quant <u_affine, group = 32, bits = 4> : tensor<4x16xi8>, tensor<4x1xf32>, tensor<4x1xf32> -> tensor<4x32xf32>
  return %w : tensor<4x32xf32>
}
// CHECK-LABEL: func.func @codes_of_a_run
// CHECK-NOT: moe_support.unpack
// CHECK: return
func.func @codes_of_a_run(%q: tensor<4x16xi8>) -> tensor<4x32xf32> {
  %s = moe_support.weight #moe_support.external<"w.bin", 64> : tensor<4x1xf32>
  %w = moe.dequant %q, %s quant <u_sym, group = 32, bits = 4> : tensor<4x16xi8>, tensor<4x1xf32> -> tensor<4x32xf32>
  return %w : tensor<4x32xf32>
}
