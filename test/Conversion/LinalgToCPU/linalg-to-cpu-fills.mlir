// RUN: moe-opt %s --convert-linalg-to-cpu="vector-bits=256 vector-registers=16" --canonicalize --cse | FileCheck %s

// Tasks of a product fill their part of its result.
// CHECK-LABEL: func.func @filled
func.func @filled(%x: memref<?x8xf32>, %w: memref<2x8x16xf32>, %m: index) -> memref<?x20xf32> {
  // CHECK: %[[VALUE:.*]] = arith.constant 2.5
  // CHECK: %[[Y:.*]] = memref.alloc(
  // CHECK-NOT: memref.store
  // CHECK: scf.parallel
  // CHECK: %[[C:.*]] = memref.subview %[[Y]]
  // CHECK: scf.for %[[I:.*]] = %{{.*}} to
  // CHECK-NEXT: scf.for %[[J:.*]] = %{{.*}} to
  // CHECK-NEXT: memref.store %[[VALUE]], %[[C]][%[[I]], %[[J]]]
  // CHECK: call @moe_matmul_f32_6x16_panels
  // CHECK-NOT: memref.store
  // CHECK: return %[[Y]]
  %value = arith.constant 2.5 : f32
  %y = memref.alloc(%m) : memref<?x20xf32>
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} outs(%y : memref<?x20xf32>) {
  ^bb0(%o: f32):
    linalg.yield %value : f32
  }
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n floordiv 16, k, n mod 16)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<?x8xf32>, memref<2x8x16xf32>) outs(%y : memref<?x20xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %q = arith.addf %c, %p : f32
    linalg.yield %q : f32
  }
  return %y : memref<?x20xf32>
}

// Where somebody else uses the memory before, or it came from elsewhere, all of it is filled first.
// CHECK-LABEL: func.func @read_before
func.func @read_before(%x: memref<?x8xf32>, %w: memref<2x8x16xf32>, %m: index, %i: index) -> (memref<?x20xf32>, f32) {
  // CHECK: scf.parallel
  // CHECK: memref.store
  // CHECK: memref.load
  // CHECK: scf.parallel
  // CHECK-NOT: memref.store
  // CHECK: call @moe_matmul_f32_6x16_panels
  %value = arith.constant 2.5 : f32
  %y = memref.alloc(%m) : memref<?x20xf32>
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} outs(%y : memref<?x20xf32>) {
  ^bb0(%o: f32):
    linalg.yield %value : f32
  }
  %first = memref.load %y[%i, %i] : memref<?x20xf32>
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n floordiv 16, k, n mod 16)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<?x8xf32>, memref<2x8x16xf32>) outs(%y : memref<?x20xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %q = arith.addf %c, %p : f32
    linalg.yield %q : f32
  }
  return %y, %first : memref<?x20xf32>, f32
}

// CHECK-LABEL: func.func @from_elsewhere
func.func @from_elsewhere(%x: memref<?x8xf32>, %w: memref<2x8x16xf32>, %y: memref<?x20xf32>) {
  // CHECK: scf.parallel
  // CHECK: memref.store
  // CHECK: scf.parallel
  // CHECK-NOT: memref.store
  // CHECK: call @moe_matmul_f32_6x16_panels
  %value = arith.constant 2.5 : f32
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} outs(%y : memref<?x20xf32>) {
  ^bb0(%o: f32):
    linalg.yield %value : f32
  }
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n floordiv 16, k, n mod 16)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<?x8xf32>, memref<2x8x16xf32>) outs(%y : memref<?x20xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %q = arith.addf %c, %p : f32
    linalg.yield %q : f32
  }
  return
}

// Few rows that no kernel multiplies are filled by loops of their own; more are filled by their tasks.
// CHECK-LABEL: func.func @few_rows
func.func @few_rows(%x: memref<?x8xbf16>, %w: memref<20x8xbf16>, %m: index) -> memref<?x20xf32> {
  // CHECK: scf.if
  // CHECK: memref.store %[[VALUE:[a-z_0-9]+]], %{{.*}} : memref<?x?xf32
  // CHECK: call @moe_matmul_bf16
  // CHECK: } else {
  // CHECK: memref.store %[[VALUE]], %{{.*}} : memref<?x20xf32>
  // CHECK-NOT: call
  // CHECK: return
  %value = arith.constant 2.5 : f32
  %y = memref.alloc(%m) : memref<?x20xf32>
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} outs(%y : memref<?x20xf32>) {
  ^bb0(%o: f32):
    linalg.yield %value : f32
  }
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<?x8xbf16>, memref<20x8xbf16>) outs(%y : memref<?x20xf32>) {
  ^bb0(%a: bf16, %b: bf16, %c: f32):
    %f = arith.extf %a : bf16 to f32
    %g = arith.extf %b : bf16 to f32
    %p = arith.mulf %f, %g : f32
    %q = arith.addf %c, %p : f32
    linalg.yield %q : f32
  }
  return %y : memref<?x20xf32>
}
