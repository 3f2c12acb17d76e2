// RUN: moe-opt %s --convert-linalg-to-cpu="vector-bits=512 vector-registers=32 bf16-dot=true" --canonicalize --cse | FileCheck %s

// Panels of pairs for a CPU that multiplies them.

// CHECK-LABEL: func.func @kernel
// CHECK-SAME: %[[X:.*]]: memref<?x8xbf16>, %[[W:.*]]: memref<2x4x64x2xbf16>
func.func @kernel(%x: memref<?x8xbf16>, %w: memref<2x4x64x2xbf16>, %y: memref<?x100xf32>) {
  // CHECK: %[[PANEL:.*]] = memref.subview %[[W]]
  // CHECK: memref.collapse_shape %[[PANEL]] {{\[\[}}0], [1, 2]]
  // CHECK: call @moe_matmul_bf16_6x64_panels_pairs
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n floordiv 64, k floordiv 2, n mod 64, k mod 2)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<?x8xbf16>, memref<2x4x64x2xbf16>) outs(%y : memref<?x100xf32>) {
  ^bb0(%a: bf16, %b: bf16, %c: f32):
    %f = arith.extf %a : bf16 to f32
    %g = arith.extf %b : bf16 to f32
    %p = arith.mulf %f, %g : f32
    %q = arith.addf %c, %p : f32
    linalg.yield %q : f32
  }
  return
}

// CHECK-LABEL: func.func private @moe_matmul_bf16_6x64_panels_pairs
// CHECK: case 6
// CHECK: %[[SUMS:.*]]:24 = scf.for
// CHECK-COUNT-4: vector.load {{.*}} vector<32xbf16>
// CHECK: %[[PAIR:.*]] = vector.load {{.*}} vector<2xbf16>
// CHECK: vector.bitcast %[[PAIR]] : vector<2xbf16> to vector<1xi32>
// CHECK: %[[SPREAD:.*]] = vector.bitcast %{{.*}} : vector<16xi32> to vector<32xbf16>
// CHECK: x86vector.avx512.dot %{{.*}}, %[[SPREAD]], %{{.*}} : vector<32xbf16> -> vector<16xf32>
