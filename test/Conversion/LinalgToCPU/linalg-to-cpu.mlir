// RUN: moe-opt %s --convert-linalg-to-cpu="vector-bits=256 vector-registers=16" --canonicalize --cse | FileCheck %s

// Small work stays sequential; the innermost loop runs along contiguous memory and is marked for the vectoriser.
// CHECK-LABEL: func.func @small
// CHECK-SAME: %[[X:.*]]: memref<4x8xf32>, %[[Y:.*]]: memref<4x8xf32>
func.func @small(%x: memref<4x8xf32>, %y: memref<4x8xf32>) {
  // CHECK-NOT: scf.parallel
  // CHECK: scf.for %[[I:.*]] = %{{.*}} to %{{.*}} step
  // CHECK: scf.for %[[J:.*]] = %{{.*}} to %{{.*}} step
  // CHECK: %[[V:.*]] = memref.load %[[X]][%[[I]], %[[J]]]
  // CHECK: %[[E:.*]] = math.exp %[[V]]
  // CHECK: memref.store %[[E]], %[[Y]][%[[I]], %[[J]]]
  // CHECK: } {llvm.loop_annotation = #{{.*}}}
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%x : memref<4x8xf32>) outs(%y : memref<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.exp %a : f32
    linalg.yield %r : f32
  }
  return
}

// A reduction along contiguous memory keeps its sum in a register.
// CHECK-LABEL: func.func @row_sum
// CHECK-SAME: %[[X:.*]]: memref<?x64xf32>, %[[Y:.*]]: memref<?xf32>
func.func @row_sum(%x: memref<?x64xf32>, %y: memref<?xf32>) {
  // CHECK: scf.parallel
  // CHECK: scf.for %[[I:.*]] =
  // CHECK: %[[FIRST:.*]] = memref.load %[[Y]][%[[I]]]
  // CHECK: %[[SUM:.*]] = scf.for %[[J:.*]] = {{.*}} iter_args(%[[PART:.*]] = %[[FIRST]]) -> (f32) {
  // CHECK: %[[V:.*]] = memref.load %[[X]][%[[I]], %[[J]]]
  // CHECK: %[[NEXT:.*]] = arith.addf %[[PART]], %[[V]] fastmath<reassoc>
  // CHECK: scf.yield %[[NEXT]]
  // CHECK: memref.store %[[SUM]], %[[Y]][%[[I]]]
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]} ins(%x : memref<?x64xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  }
  return
}

// A sum over rows runs along the columns.
// CHECK-LABEL: func.func @column_sum
// CHECK-SAME: %[[X:.*]]: memref<4x8xf32>, %[[Y:.*]]: memref<8xf32>
func.func @column_sum(%x: memref<4x8xf32>, %y: memref<8xf32>) {
  // CHECK: scf.for %[[I:.*]] =
  // CHECK: scf.for %[[J:.*]] =
  // CHECK: memref.load %[[X]][%[[I]], %[[J]]]
  // CHECK: memref.load %[[Y]][%[[J]]]
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>], iterator_types = ["reduction", "parallel"]} ins(%x : memref<4x8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  }
  return
}

// Rows that the body looks up are contiguous too: sums of rows run along them, one row after the other.
// CHECK-LABEL: func.func @sum_of_looked_up_rows
// CHECK-SAME: %[[ROWS:.*]]: memref<9x64xf32>, %[[AT:.*]]: memref<4x8xindex>, %{{.*}}: memref<4x8xf32>, %[[Y:.*]]: memref<4x64xf32>
func.func @sum_of_looked_up_rows(%rows: memref<9x64xf32>, %at: memref<4x8xindex>, %w: memref<4x8xf32>, %y: memref<4x64xf32>) {
  // CHECK: scf.for %[[U:.*]] =
  // CHECK: scf.for %[[S:.*]] =
  // CHECK: %[[ROW:.*]] = memref.load %[[AT]][%[[U]], %[[S]]]
  // CHECK: scf.for %[[C:.*]] =
  // CHECK: memref.load %[[ROWS]][%[[ROW]], %[[C]]]
  // CHECK: memref.store %{{.*}}, %[[Y]][%[[U]], %[[C]]]
  linalg.generic {indexing_maps = [affine_map<(u, s, c) -> (u, s)>, affine_map<(u, s, c) -> (u, s)>, affine_map<(u, s, c) -> (u, c)>], iterator_types = ["parallel", "reduction", "parallel"]} ins(%at, %w : memref<4x8xindex>, memref<4x8xf32>) outs(%y : memref<4x64xf32>) {
  ^bb0(%row: index, %weight: f32, %sum: f32):
    %c = linalg.index 2 : index
    %v = memref.load %rows[%row, %c] : memref<9x64xf32>
    %p = arith.mulf %weight, %v : f32
    %r = arith.addf %sum, %p : f32
    linalg.yield %r : f32
  }
  return
}

// CHECK-LABEL: func.func @strided_copy
func.func @strided_copy(%x: memref<4x8xf32, strided<[1, 4]>>, %y: memref<4x8xf32>) {
  // CHECK-NOT: memref.copy
  // CHECK: memref.load
  // CHECK: memref.store
  memref.copy %x, %y : memref<4x8xf32, strided<[1, 4]>> to memref<4x8xf32>
  return
}

// Two sizes of one group that only the run knows.
// CHECK-LABEL: func.func @expansion
// CHECK-SAME: %[[X:.*]]: memref<?x64xf32>, %[[M:.*]]: index, %[[N:.*]]: index
func.func @expansion(%x: memref<?x64xf32>, %m: index, %n: index) -> memref<?x?x64xf32> {
  // CHECK: %[[STRIDE:.*]] = arith.muli %[[N]], %{{.*}}
  // CHECK: memref.reinterpret_cast %{{.*}} to offset: [0], sizes: [%[[M]], %[[N]], 64], strides: [%[[STRIDE]], 64, 1]
  %0 = memref.expand_shape %x [[0, 1], [2]] output_shape [%m, %n, 64] : memref<?x64xf32> into memref<?x?x64xf32>
  return %0 : memref<?x?x64xf32>
}

// CHECK-LABEL: func.func @packed
// CHECK-SAME: %[[X:.*]]: memref<?x8xf32>, %[[W:.*]]: memref<2x8x16xf32>, %[[Y:.*]]: memref<?x20xf32>
func.func @packed(%x: memref<?x8xf32>, %w: memref<2x8x16xf32>, %y: memref<?x20xf32>) {
  // CHECK: scf.parallel
  // CHECK: %[[A:.*]] = memref.subview %[[X]]
  // CHECK: %[[C:.*]] = memref.subview %[[Y]]
  // CHECK: %[[B:.*]] = memref.subview %[[W]]
  // CHECK: call @moe_matmul_f32_6x16_panels
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n floordiv 16, k, n mod 16)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<?x8xf32>, memref<2x8x16xf32>) outs(%y : memref<?x20xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %q = arith.addf %c, %p : f32
    linalg.yield %q : f32
  }
  return
}

// A chunk holds enough units to be worth a thread; one costs 100 iterations of three operations and the loop, and its terminator.
// CHECK-LABEL: func.func @independent_units
// CHECK-SAME: %[[Y:.*]]: memref<?x100xf32>, %[[UNITS:.*]]: index
func.func @independent_units(%y: memref<?x100xf32>, %units: index) {
  // CHECK: %[[WORK:.*]] = arith.constant 401 : index
  // CHECK: %[[ALL:.*]] = arith.muli %[[UNITS]], %[[WORK]]
  // CHECK: arith.divui %[[ALL]]
  // CHECK: scf.parallel
  // CHECK: scf.for %[[UNIT:.*]] = %{{.*}} to
  // CHECK: scf.for %[[I:.*]] = %{{.*}} to
  // CHECK: memref.store %{{.*}}, %[[Y]][%[[UNIT]], %[[I]]]
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %hundred = arith.constant 100 : index
  scf.forall (%unit) in (%units) {
    scf.for %i = %zero to %hundred step %one {
      %v = memref.load %y[%unit, %i] : memref<?x100xf32>
      memref.store %v, %y[%unit, %i] : memref<?x100xf32>
    }
  }
  return
}

// CHECK-LABEL: func.func @few_units
func.func @few_units(%y: memref<8xf32>, %v: f32) {
  // CHECK-NOT: scf.parallel
  // CHECK: scf.for
  // CHECK-NEXT: memref.store
  scf.forall (%unit) in (8) {
    memref.store %v, %y[%unit] : memref<8xf32>
  }
  return
}

// bf16 without a product of pairs is widened; panels of pairs have no kernel here.
// CHECK-LABEL: func.func @narrow
func.func @narrow(%x: memref<?x8xbf16>, %w: memref<2x8x16xbf16>, %pairs: memref<2x4x16x2xbf16>, %y: memref<?x20xf32>) {
  // CHECK: call @moe_matmul_bf16_6x16_panels
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n floordiv 16, k, n mod 16)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<?x8xbf16>, memref<2x8x16xbf16>) outs(%y : memref<?x20xf32>) {
  ^bb0(%a: bf16, %b: bf16, %c: f32):
    %f = arith.extf %a : bf16 to f32
    %g = arith.extf %b : bf16 to f32
    %p = arith.mulf %f, %g : f32
    %q = arith.addf %c, %p : f32
    linalg.yield %q : f32
  }
  // CHECK-NOT: call
  // CHECK: return
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n floordiv 16, k floordiv 2, n mod 16, k mod 2)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %pairs : memref<?x8xbf16>, memref<2x4x16x2xbf16>) outs(%y : memref<?x20xf32>) {
  ^bb0(%a: bf16, %b: bf16, %c: f32):
    %f = arith.extf %a : bf16 to f32
    %g = arith.extf %b : bf16 to f32
    %p = arith.mulf %f, %g : f32
    %q = arith.addf %c, %p : f32
    linalg.yield %q : f32
  }
  return
}

// The kernel: six rows of two vectors. Tiles share the fetching of what lies behind their part of B; one that is alone does not.
// CHECK-LABEL: func.func private @moe_matmul_f32_6x16_panels
// CHECK: %[[TILES:.*]] = arith.ceildivui
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[TILES]] step
// CHECK: %[[ALONE:.*]] = arith.cmpi eq, %[[TILES]]
// CHECK: %[[SHARE:.*]] = arith.ceildivui %{{.*}}, %[[TILES]]
// CHECK: %[[BYTES:.*]] = arith.select %[[ALONE]], %{{.*}}, %[[SHARE]]
// CHECK: scf.index_switch
// CHECK: case 6
// CHECK-COUNT-12: vector.maskedload
// CHECK: scf.for
// CHECK: arith.muli %{{.*}}, %[[BYTES]]
// CHECK-COUNT-1: llvm.intr.prefetch
// CHECK-COUNT-2: vector.load
// CHECK-COUNT-12: vector.fma
// CHECK: scf.yield
// CHECK-COUNT-12: vector.maskedstore
// CHECK: case 5
// CHECK: case 2
// CHECK-NOT: prefetch

// CHECK-LABEL: func.func private @moe_matmul_bf16_6x16_panels
// CHECK: case 6
// CHECK: scf.for
// CHECK: %[[NARROW:.*]] = vector.load {{.*}} vector<8xbf16>
// CHECK: arith.extf %[[NARROW]] : vector<8xbf16> to vector<8xf32>
// CHECK: memref.load {{.*}} memref<?x?xbf16
// CHECK: vector.fma
