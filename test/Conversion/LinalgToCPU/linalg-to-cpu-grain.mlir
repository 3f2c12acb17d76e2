// Work is cut into chunks of at least `grain` scalar operations, where that makes two of them: three for each of 1,024 elements.
// RUN: moe-opt %s --convert-linalg-to-cpu | FileCheck %s --check-prefix=WHOLE
// RUN: moe-opt %s --convert-linalg-to-cpu='grain=1537' | FileCheck %s --check-prefix=WHOLE
// RUN: moe-opt %s --convert-linalg-to-cpu='grain=1536' --canonicalize | FileCheck %s --check-prefix=CHUNKS

// WHOLE-LABEL: func.func @add
// WHOLE-NOT: scf.parallel
// CHUNKS-LABEL: func.func @add
// CHUNKS: scf.parallel (%{{.*}}) = (%c0) to (%c2) step (%c1)
func.func @add(%a: memref<64x16xf32>, %b: memref<64x16xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>], iterator_types = ["parallel", "parallel"]}
    ins(%a : memref<64x16xf32>) outs(%b : memref<64x16xf32>) {
  ^bb0(%x: f32, %y: f32):
    %s = arith.addf %x, %y : f32
    linalg.yield %s : f32
  }
  return
}
