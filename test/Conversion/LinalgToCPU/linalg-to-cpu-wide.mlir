// RUN: moe-opt %s --convert-linalg-to-cpu="vector-bits=512 vector-registers=32 fetch-distance=1024" --canonicalize --cse | FileCheck %s --check-prefixes=CHECK,FETCH
// RUN: moe-opt %s --convert-linalg-to-cpu="vector-bits=512 vector-registers=32" --canonicalize --cse | FileCheck %s --check-prefixes=CHECK,QUIET

func.func @packed(%x: memref<?x1030xf32>, %w: memref<2x1030x64xf32>, %y: memref<?x128xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n floordiv 64, k, n mod 64)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<?x1030xf32>, memref<2x1030x64xf32>) outs(%y : memref<?x128xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %q = arith.addf %c, %p : f32
    linalg.yield %q : f32
  }
  return
}

// Four steps in one turn of a loop, then what they leave of a part. Where the CPU has to be told what to fetch, few rows take shorter parts, unless they are one tile; tiles of up to 24 rows also fetch the lines that they read soon, behind products. One or two rows take single steps.
// CHECK-LABEL: func.func private @moe_matmul_f32_6x64_panels
// FETCH: %[[FEW:.*]] = arith.cmpi ule, %{{.*}}, %c96
// FETCH: %[[SHORT:.*]] = arith.select %[[FEW]], %c128{{.*}}, %c512
// FETCH: %[[ALONE:.*]] = arith.cmpi ule, %{{.*}}, %c6
// FETCH: %[[PART:.*]] = arith.select %[[ALONE]], %c512{{.*}}, %[[SHORT]]
// FETCH: scf.for %{{.*}} = %c0{{.*}} step %[[PART]]
// QUIET-NOT: arith.cmpi ule
// QUIET: scf.for %{{.*}} = %c0{{.*}} step %c512
// CHECK: case 6
// CHECK-COUNT-24: vector.maskedload
// FETCH: %[[LINES:.*]] = arith.cmpi ule, %{{.*}}, %c24
// FETCH: scf.if %[[LINES]]
// CHECK: scf.for {{.*}} step %c4
// CHECK-NOT: hint = 3
// CHECK: arith.cmpi ugt
// CHECK-COUNT-2: llvm.intr.prefetch{{.*}}hint = 2
// CHECK: scf.if
// FETCH-COUNT-8: vector.fma
// FETCH: llvm.intr.prefetch{{.*}}hint = 3
// FETCH-COUNT-88: vector.fma
// FETCH: } else {
// FETCH: scf.for {{.*}} step %c4
// FETCH-NOT: hint = 3
// CHECK-COUNT-96: vector.fma
// CHECK: scf.for {{.*}} step %c1
// CHECK-NOT: prefetch
// CHECK-COUNT-24: vector.fma
// CHECK: scf.yield
// CHECK-COUNT-24: vector.maskedstore
// CHECK: case 5
// CHECK: case 2
// CHECK: scf.for {{.*}} step %c1
// FETCH-COUNT-4: vector.fma
// FETCH-COUNT-2: llvm.intr.prefetch{{.*}}hint = 3
// FETCH-COUNT-4: vector.fma
// FETCH-COUNT-2: llvm.intr.prefetch{{.*}}hint = 3
// QUIET-COUNT-8: vector.fma
// CHECK: scf.yield
// CHECK-NOT: scf.for
// CHECK: default

func.func @halves(%x: memref<?x1030xf32>, %w: memref<2x2x1030x32xf32>, %y: memref<?x128xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n floordiv 64, (n mod 64) floordiv 32, k, n mod 32)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<?x1030xf32>, memref<2x2x1030x32xf32>) outs(%y : memref<?x128xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %q = arith.addf %c, %p : f32
    linalg.yield %q : f32
  }
  return
}

// Rows that are one tile of half of the columns read all of K at once, four steps of each half of it in turns, then what is left. Lines ahead of the end of a half are those of the next columns.
// FETCH-LABEL: func.func private @moe_matmul_f32_12x32_panels
// FETCH: %[[STEPS:.*]] = memref.dim %arg1, %c0
// FETCH: scf.for %{{.*}} = %c0{{.*}} to %[[STEPS]] step %[[STEPS]]
// FETCH: case 12
// FETCH: %[[TURNS:.*]] = arith.divui %{{.*}}, %c8
// FETCH: %[[STREAM:.*]] = arith.muli %[[TURNS]], %c4
// FETCH: scf.for %[[STEP:.*]] = %c0{{.*}} to %[[STREAM]] step %c4
// FETCH: %[[SECOND:.*]] = arith.addi %[[STEP]], %[[STREAM]]
// FETCH: %[[AHEAD:.*]] = arith.addi %[[STEP]], %c8
// FETCH: arith.cmpi uge, %[[AHEAD]], %[[STREAM]]
// FETCH: memref.subview %arg1[%[[STEP]], 0] [4, 32]
// FETCH-COUNT-14: vector.fma
// FETCH: llvm.intr.prefetch{{.*}}hint = 3
// FETCH-COUNT-82: vector.fma
// FETCH: memref.subview %arg1[%[[SECOND]], 0] [4, 32]
// FETCH-COUNT-96: vector.fma
// FETCH: scf.yield
// FETCH: scf.for {{.*}} step %c1
// FETCH-NOT: prefetch
// FETCH-COUNT-24: vector.fma
