// Products that tile registers can compute in parts of bf16 get the parts of their rows, and kernels to choose from by the number of rows.
// RUN: moe-opt %s --moe-split-rows="vector-bits=512 vector-registers=32 fetch-distance=1024 bf16-dot bf16-tiles" --canonicalize --cse | FileCheck %s
// RUN: moe-opt %s --moe-split-rows="vector-bits=512 vector-registers=32 fetch-distance=1024 bf16-dot" | FileCheck %s --check-prefix=VECTORS --implicit-check-not=truncf
// RUN: moe-opt %s --moe-split-rows="vector-bits=512 vector-registers=32 bf16-dot bf16-tiles" | FileCheck %s --check-prefix=VECTORS --implicit-check-not=truncf
// RUN: moe-opt %s --moe-split-rows="vector-bits=512 vector-registers=32 fetch-distance=1024 bf16-dot bf16-tiles" --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" --convert-linalg-to-cpu="vector-bits=512 vector-registers=32 fetch-distance=1024 bf16-dot bf16-tiles" --canonicalize --cse | FileCheck %s --check-prefix=LOOPS

#mk = affine_map<(m, n, k) -> (m, k)>
#panels = affine_map<(m, n, k) -> (n floordiv 64, (n mod 64) floordiv 32, k, n mod 32)>
#mn = affine_map<(m, n, k) -> (m, n)>

// Two products by the same rows share what is made of them, and bodies say what is computed as before. Rows of parts whose size is a multiple of 1 KiB would be crowded, so all lie a line apart.
// CHECK-LABEL: func.func @two
// CHECK-SAME: (%[[X:.*]]: tensor<?x64xf32>, %[[W:.*]]: tensor<5x2x64x32xf32>, %{{.*}}: tensor<?x320xf32>, %{{.*}}: tensor<?x320xf32>)
// CHECK: %[[MEMORY:.*]] = tensor.empty(%{{.*}}) : tensor<3x?x96xbf16>
// CHECK: %[[PARTS:.*]]:3 = linalg.generic {{.*}} ins(%[[X]] : tensor<?x64xf32>) outs(%{{.*}}, %{{.*}}, %{{.*}} : tensor<?x64xbf16>, tensor<?x64xbf16>, tensor<?x64xbf16>) {
// CHECK: %[[FIRST:.*]] = arith.truncf %[[NUMBER:.*]] : f32 to bf16
// CHECK: %[[SAME:.*]] = arith.extf %[[FIRST]]
// CHECK: %[[LEFT:.*]] = arith.subf %[[NUMBER]], %[[SAME]]
// CHECK: %[[SECOND:.*]] = arith.truncf %[[LEFT]]
// CHECK: %[[LAST:.*]] = arith.subf %[[LEFT]], %{{.*}}
// CHECK: %[[THIRD:.*]] = arith.truncf %[[LAST]]
// CHECK: linalg.yield %[[FIRST]], %[[SECOND]], %[[THIRD]]
// CHECK: linalg.generic {{.*}} ins(%[[X]], %[[W]], %[[PARTS]]#0, %[[PARTS]]#1, %[[PARTS]]#2 :
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32, %{{.*}}: bf16, %{{.*}}: bf16, %{{.*}}: bf16, %[[C:.*]]: f32):
// CHECK-NEXT: %[[TERM:.*]] = arith.mulf %[[A]], %[[B]]
// CHECK-NEXT: %[[SUM:.*]] = arith.addf %[[C]], %[[TERM]]
// CHECK-NEXT: linalg.yield %[[SUM]]
// CHECK: linalg.generic {{.*}} ins(%[[X]], %[[W]], %[[PARTS]]#0, %[[PARTS]]#1, %[[PARTS]]#2 :
// VECTORS-LABEL: func.func @two
// Tasks of 160 rows; up to 12 rows are for vectors.
// LOOPS-LABEL: func.func @two
// LOOPS: arith.ceildivui %{{.*}}, %c160
// LOOPS: %[[FEW:.*]] = arith.cmpi ule, %{{.*}}, %c12
// LOOPS: scf.if %[[FEW]]
// LOOPS: func.call @moe_matmul_f32_12x32_panels
// LOOPS: func.call @moe_matmul_f32_6x64_halves
// LOOPS: } else {
// LOOPS: func.call @moe_matmul_f32_32x64_parts(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}})
func.func @two(%x: tensor<?x64xf32>, %w: tensor<5x2x64x32xf32>, %y: tensor<?x320xf32>, %z: tensor<?x320xf32>) -> (tensor<?x320xf32>, tensor<?x320xf32>) {
  %0 = linalg.generic {indexing_maps = [#mk, #panels, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<?x64xf32>, tensor<5x2x64x32xf32>) outs(%y : tensor<?x320xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %q = arith.addf %c, %p : f32
    linalg.yield %q : f32
  } -> tensor<?x320xf32>
  %1 = linalg.generic {indexing_maps = [#mk, #panels, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<?x64xf32>, tensor<5x2x64x32xf32>) outs(%z : tensor<?x320xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %q = arith.addf %c, %p : f32
    linalg.yield %q : f32
  } -> tensor<?x320xf32>
  return %0, %1 : tensor<?x320xf32>, tensor<?x320xf32>
}

// Few rows, few columns as routers have, and a depth that steps of 32 do not divide stay as they are.
// CHECK-LABEL: func.func @others
// CHECK-NOT: truncf
// CHECK: return
// LOOPS-LABEL: func.func @others
// LOOPS-NOT: @moe_matmul_f32_32x64_parts
// LOOPS: return
func.func @others(%few: tensor<12x64xf32>, %x: tensor<?x64xf32>, %deep: tensor<?x72xf32>, %w: tensor<5x2x64x32xf32>, %narrow: tensor<4x2x64x32xf32>, %wdeep: tensor<5x2x72x32xf32>,
                  %0: tensor<12x320xf32>, %1: tensor<?x256xf32>, %2: tensor<?x320xf32>) -> (tensor<12x320xf32>, tensor<?x256xf32>, tensor<?x320xf32>) {
  %3 = linalg.generic {indexing_maps = [#mk, #panels, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%few, %w : tensor<12x64xf32>, tensor<5x2x64x32xf32>) outs(%0 : tensor<12x320xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %q = arith.addf %c, %p : f32
    linalg.yield %q : f32
  } -> tensor<12x320xf32>
  %4 = linalg.generic {indexing_maps = [#mk, #panels, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %narrow : tensor<?x64xf32>, tensor<4x2x64x32xf32>) outs(%1 : tensor<?x256xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %q = arith.addf %c, %p : f32
    linalg.yield %q : f32
  } -> tensor<?x256xf32>
  %5 = linalg.generic {indexing_maps = [#mk, #panels, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%deep, %wdeep : tensor<?x72xf32>, tensor<5x2x72x32xf32>) outs(%2 : tensor<?x320xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %q = arith.addf %c, %p : f32
    linalg.yield %q : f32
  } -> tensor<?x320xf32>
  return %3, %4, %5 : tensor<12x320xf32>, tensor<?x256xf32>, tensor<?x320xf32>
}
