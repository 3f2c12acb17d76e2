// RUN: moe-opt %s --convert-linalg-to-cpu="vector-bits=512 vector-registers=32 bf16-dot=true" --canonicalize --cse | FileCheck %s --check-prefixes=CHECK,PAIRS
// RUN: moe-opt %s --convert-linalg-to-cpu="vector-bits=512 vector-registers=32" --canonicalize --cse | FileCheck %s --check-prefixes=CHECK,WIDE

// The kernel of nibbles: codes are looked up in registers, groups begin with zeros and end with their scales.

// CHECK-LABEL: func.func @four_bits
// CHECK-SAME: %[[X:.*]]: memref<?x64xbf16>, %[[Q:.*]]: memref<2x32x16x2x2xi8>, %[[S:.*]]: memref<2x2x64xbf16>
func.func @four_bits(%x: memref<?x64xbf16>, %q: memref<2x32x16x2x2xi8>, %s: memref<2x2x64xbf16>, %y: memref<?x100xf32>) {
  // CHECK: %[[PANEL:.*]] = memref.subview %[[Q]]
  // CHECK: %[[ROWS:.*]] = memref.collapse_shape %[[PANEL]] {{\[\[}}0], [1, 2, 3]] : {{.*}} into memref<32x64xi8
  // CHECK: memref.subview %[[S]]
  // PAIRS: call @moe_matmul_bf16_u4x32_bf16_zero8_6x64_panels_pairs
  // WIDE: call @moe_matmul_bf16_u4x32_bf16_zero8_6x64_panels(
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n floordiv 64, k floordiv 2, n mod 16, k mod 2, (n mod 64) floordiv 32)>, affine_map<(m, n, k) -> (n floordiv 64, k floordiv 32, n mod 64)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%x, %q, %s : memref<?x64xbf16>, memref<2x32x16x2x2xi8>, memref<2x2x64xbf16>) outs(%y : memref<?x100xf32>) {
  ^bb0(%a: bf16, %byte: i8, %scale: bf16, %c: f32):
    %two = arith.constant 2 : index
    %four = arith.constant 4 : index
    %eight = arith.constant 8.0 : f32
    %n = linalg.index 1 : index
    %moved = arith.shrui %n, %two : index
    %bit = arith.andi %moved, %four : index
    %shift = arith.index_cast %bit : index to i8
    %low = arith.shrui %byte, %shift : i8
    %code = arith.trunci %low : i8 to i4
    %number = arith.uitofp %code : i4 to f32
    %centred = arith.subf %number, %eight : f32
    %factor = arith.extf %scale : bf16 to f32
    %b = arith.mulf %centred, %factor : f32
    %f = arith.extf %a : bf16 to f32
    %p = arith.mulf %f, %b : f32
    %r = arith.addf %c, %p : f32
    linalg.yield %r : f32
  }
  return
}

// PAIRS-LABEL: func.func private @moe_matmul_bf16_u4x32_bf16_zero8_6x64_panels_pairs
// The numbers of codes 0 to 15, twice.
// PAIRS: arith.constant dense<[-8.0{{[^]]*}}, 7.0{{[^]]*}}, -8.0{{[^]]*}}, 7.0{{[^]]*}}]> : vector<32xbf16>
// PAIRS: case 6
// PAIRS: %[[SUMS:.*]]:24 = scf.for {{.*}} iter_args(%{{[^ ]*}} = %[[ZERO:[^,]*]], {{.*}} = %[[ZERO]])
// PAIRS: vector.load {{.*}} vector<64xi8>
// PAIRS: llvm.call_intrinsic "llvm.x86.avx512.permvar.hi.512"
// PAIRS-COUNT-24: x86vector.avx512.dot
// PAIRS: scf.yield
// PAIRS-COUNT-24: vector.fma %[[SUMS]]#
// PAIRS: case 5

// WIDE-LABEL: func.func private @moe_matmul_bf16_u4x32_bf16_zero8_6x64_panels(
// WIDE: case 6
// WIDE: llvm.call_intrinsic "llvm.x86.avx512.permvar.sf.512"
// Both rows that a byte reaches over: twice four vectors times six rows.
// WIDE-COUNT-48: vector.fma
// WIDE: scf.yield
