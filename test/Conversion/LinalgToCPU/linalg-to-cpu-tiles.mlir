// RUN: moe-opt %s --convert-linalg-to-cpu="vector-bits=512 vector-registers=32 bf16-dot=true bf16-tiles=true" --canonicalize --cse | FileCheck %s

// RUN: moe-opt %s --convert-linalg-to-cpu="vector-bits=512 vector-registers=32 bf16-dot=true" | FileCheck %s --check-prefix=NONE
// RUN: moe-opt %s --convert-linalg-to-cpu="vector-bits=512 vector-registers=32 bf16-tiles=true" | FileCheck %s --check-prefix=NONE
// NONE-NOT: llvm.x86.t

// Kernels for a CPU that has tile registers. Their panels are those of pairs.

// Few rows, and what the last whole tile leaves of K, are for vectors.

// CHECK-LABEL: func.func @rest
// CHECK-SAME: %[[X:.*]]: memref<?x72xbf16>, %[[W:.*]]: memref<2x36x64x2xbf16>
func.func @rest(%x: memref<?x72xbf16>, %w: memref<2x36x64x2xbf16>, %y: memref<?x100xf32>) {
  // CHECK: %[[ROWS:.*]] = arith.minui %{{.*}}, %c270
  // CHECK: %[[TASK:.*]] = arith.minui %{{.*}}, %c270
  // CHECK: %[[A:.*]] = memref.subview %[[X]][%{{.*}}, 0] [%[[TASK]], 72]
  // CHECK: %[[PANEL:.*]] = memref.subview %[[W]]
  // CHECK: %[[B:.*]] = memref.collapse_shape %[[PANEL]]
  // CHECK: %[[FEW:.*]] = arith.cmpi ule, %[[TASK]], %c3
  // CHECK: scf.if %[[FEW]] {
  // CHECK-NEXT: call @moe_matmul_bf16_3x64_panels_pairs
  // CHECK-NEXT: } else {
  // CHECK: memref.subview %[[A]][0, 0] [%[[TASK]], 64]
  // CHECK: memref.subview %[[B]][0, 0] [32, 128]
  // CHECK: call @moe_matmul_bf16_32x64_panels_tiles
  // CHECK: memref.subview %[[A]][0, 64] [%[[TASK]], 8]
  // CHECK: memref.subview %[[B]][32, 0] [4, 128]
  // CHECK: call @moe_matmul_bf16_6x64_panels_pairs
  // CHECK-NEXT: }
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n floordiv 64, k floordiv 2, n mod 64, k mod 2)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<?x72xbf16>, memref<2x36x64x2xbf16>) outs(%y : memref<?x100xf32>) {
  ^bb0(%a: bf16, %b: bf16, %c: f32):
    %f = arith.extf %a : bf16 to f32
    %g = arith.extf %b : bf16 to f32
    %p = arith.mulf %f, %g : f32
    %q = arith.addf %c, %p : f32
    linalg.yield %q : f32
  }
  return
}

// A depth that is less than that of a tile.

// CHECK-LABEL: func.func @shallow
// CHECK-NOT: tiles
// CHECK: call @moe_matmul_bf16_6x64_panels_pairs
// CHECK-NOT: tiles
// CHECK: return
func.func @shallow(%x: memref<?x8xbf16>, %w: memref<2x4x64x2xbf16>, %y: memref<?x100xf32>) {
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

// Codes in groups of two tiles: each group begins with zeros, and C gets its products multiplied by their scales. In groups that end within a tile they are for vectors. One or two
// rows become digits, and integers are multiplied.

// CHECK-LABEL: func.func @codes
// CHECK: call @moe_matmul_bf16_i8x64_f32_6x64_panels_digits64
// CHECK: else
// CHECK: call @moe_matmul_bf16_i8x64_f32_32x64_panels_tiles
// CHECK-NOT: tiles
// CHECK: call @moe_matmul_bf16_i8x16_f32_6x64_panels_pairs
// CHECK: return
func.func @codes(%x: memref<?x128xbf16>, %w: memref<1x64x64x2xi8>, %s: memref<1x2x64xf32>, %t: memref<1x8x64xf32>, %y: memref<?x64xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n floordiv 64, k floordiv 2, n mod 64, k mod 2)>, affine_map<(m, n, k) -> (n floordiv 64, k floordiv 64, n mod 64)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w, %s : memref<?x128xbf16>, memref<1x64x64x2xi8>, memref<1x2x64xf32>) outs(%y : memref<?x64xf32>) {
  ^bb0(%a: bf16, %b: i8, %scale: f32, %c: f32):
    %f = arith.extf %a : bf16 to f32
    %n = arith.sitofp %b : i8 to f32
    %g = arith.mulf %n, %scale : f32
    %p = arith.mulf %f, %g : f32
    %q = arith.addf %c, %p : f32
    linalg.yield %q : f32
  }
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n floordiv 64, k floordiv 2, n mod 64, k mod 2)>, affine_map<(m, n, k) -> (n floordiv 64, k floordiv 16, n mod 64)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w, %t : memref<?x128xbf16>, memref<1x64x64x2xi8>, memref<1x8x64xf32>) outs(%y : memref<?x64xf32>) {
  ^bb0(%a: bf16, %b: i8, %scale: f32, %c: f32):
    %f = arith.extf %a : bf16 to f32
    %n = arith.sitofp %b : i8 to f32
    %g = arith.mulf %n, %scale : f32
    %p = arith.mulf %f, %g : f32
    %q = arith.addf %c, %p : f32
    linalg.yield %q : f32
  }
  return
}

// The kernel: blocks are as high as rows divide evenly into, the last one is copied where it has fewer. C is copied once there, and for each part where columns end within the panel. Products
// fetch what is read next: pieces of eight pages in turn, or of many rows the next part in order.

// CHECK-LABEL: func.func private @moe_matmul_bf16_32x64_panels_tiles
// CHECK-SAME: (%[[A:[^:]*]]: {{.*}}, %[[B:[^:]*]]: {{.*}}, %[[C:[^:]*]]: {{.*}}) attributes {no_inline, passthrough = ["noinline"]}
// CHECK-DAG: %[[SHAPES:.*]] = arith.constant dense<{{\[}}1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 64, 0, 64, 0, 64, 0, 64, 0, 64, 0, 64, 0, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0]> : vector<64xi8>
// CHECK-DAG: %[[COLUMNS:.*]] = memref.dim %[[C]], %c1
// CHECK-DAG: %[[ROW_COUNT:.*]] = memref.dim %[[C]], %c0
// CHECK-DAG: %[[CUT:.*]] = arith.cmpi ne, %[[COLUMNS]], %c64
// CHECK: %[[COPY_A:.*]] = memref.cast %{{.*}} : memref<32x160xbf16>
// CHECK: %[[COPY_C:.*]] = memref.cast %{{.*}} : memref<32x64xf32>
// CHECK: %[[BLOCKS:.*]] = arith.ceildivui %[[ROW_COUNT]], %c32
// CHECK: %[[BLOCK:.*]] = arith.ceildivui %[[ROW_COUNT]], %[[BLOCKS]]
// CHECK: %[[HIGH:.*]] = arith.cmpi ugt, %[[BLOCK]], %c16
// CHECK: %[[HALF:.*]] = arith.ceildivui %[[BLOCK]], %c2
// CHECK: %[[FIRST:.*]] = arith.select %[[HIGH]], %[[HALF]], %[[BLOCK]]
// CHECK: %[[REST:.*]] = arith.subi %[[BLOCK]], %[[FIRST]]
// CHECK: %[[SECOND:.*]] = arith.select %[[HIGH]], %[[REST]], %[[BLOCK]]
// CHECK: vector.store %[[SHAPES]], %[[MEMORY:.*]][%c0]
// CHECK: %[[FIRST_BYTE:.*]] = arith.index_castui %[[FIRST]] : index to i8
// CHECK-DAG: memref.store %[[FIRST_BYTE]], %[[MEMORY]][%c52]
// CHECK-DAG: memref.store %[[FIRST_BYTE]], %[[MEMORY]][%c48]
// CHECK-DAG: memref.store %[[FIRST_BYTE]], %[[MEMORY]][%c49]
// CHECK: %[[SECOND_BYTE:.*]] = arith.index_castui %[[SECOND]] : index to i8
// CHECK-DAG: memref.store %[[SECOND_BYTE]], %[[MEMORY]][%c53]
// CHECK-DAG: memref.store %[[SECOND_BYTE]], %[[MEMORY]][%c50]
// CHECK-DAG: memref.store %[[SECOND_BYTE]], %[[MEMORY]][%c51]
// CHECK: llvm.call_intrinsic "llvm.x86.ldtilecfg"
// CHECK: scf.if %[[HIGH]] {
// CHECK: %[[TAIL:.*]] = arith.remui %[[ROW_COUNT]], %[[BLOCK]]
// CHECK: scf.for %{{.*}} = %c0 to %[[TAIL]]
// CHECK: vector.maskedload %[[C]]
// CHECK: %[[BY_PAGES:.*]] = arith.cmpi ule, %[[ROW_COUNT]], %c192
// CHECK: %[[AHEAD:.*]] = arith.select %[[BY_PAGES]], %c7680, %c20480
// CHECK: %[[GAP:.*]] = arith.select %[[BY_PAGES]], %c3072, %c0
// CHECK: scf.for %{{.*}} = %c0 to %[[ROW_COUNT]] step %[[BLOCK]]
// CHECK: %[[WHOLE:.*]] = arith.cmpi eq, %{{.*}}, %[[BLOCK]]
// CHECK: scf.if %[[WHOLE]]
// CHECK-NEXT: %[[VIEW:.*]] = memref.subview %[[A]]
// CHECK-NEXT: scf.yield %[[VIEW]]
// CHECK: vector.load %[[A]]
// CHECK: scf.yield %[[COPY_A]]
// CHECK: scf.if
// CHECK-NEXT: memref.subview %[[C]]
// CHECK: scf.if %[[CUT]]
// CHECK: vector.maskedload %[[C]]
// CHECK: scf.yield %[[COPY_C]]
// CHECK: "llvm.x86.tileloadd64"(%c0_i8
// CHECK: "llvm.x86.tileloadd64"(%c1_i8
// CHECK: "llvm.x86.tileloadd64"(%c2_i8
// CHECK: "llvm.x86.tileloadd64"(%c3_i8
// CHECK: scf.for %{{.*}} step %c16 {
// CHECK: "llvm.x86.tileloadd64"(%c6_i8
// CHECK: "llvm.x86.tileloadd64"(%c7_i8
// CHECK: "llvm.x86.tileloadd64"(%c4_i8
// CHECK: "llvm.x86.tileloadd64"(%c5_i8
// CHECK: scf.for %[[PIECE:.*]] = %{{.*}} to %{{.*}} step %c1 {
// CHECK: %[[TURN:.*]] = arith.remui %[[PIECE]], %c8
// CHECK: %[[AT:.*]] = arith.muli %[[PIECE]], %c512
// CHECK: %[[GAPS:.*]] = arith.muli %[[TURN]], %[[GAP]]
// CHECK: %[[FROM:.*]] = arith.addi %[[GAPS]], %[[AHEAD]]
// CHECK: arith.addi %[[AT]], %[[FROM]]
// CHECK-COUNT-8: llvm.intr.prefetch
// CHECK: "llvm.x86.tdpbf16ps"(%c0_i8, %c4_i8, %c6_i8)
// CHECK-NEXT: "llvm.x86.tdpbf16ps"(%c1_i8, %c4_i8, %c7_i8)
// CHECK-NEXT: "llvm.x86.tdpbf16ps"(%c2_i8, %c5_i8, %c6_i8)
// CHECK-NEXT: "llvm.x86.tdpbf16ps"(%c3_i8, %c5_i8, %c7_i8)
// CHECK-NEXT: }
// CHECK-COUNT-4: "llvm.x86.tilestored64"
// CHECK: scf.if %[[CUT]]
// CHECK: vector.maskedstore %[[C]]
// CHECK: scf.for %{{.*}} = %c0 to %[[TAIL]]
// CHECK: vector.maskedstore %[[C]]

// Rows of one tile: all sums in registers, and rows of A where they lie.

// CHECK: } else {
// CHECK-COUNT-4: "llvm.x86.tileloadd64"
// CHECK: scf.for
// CHECK: memref.extract_aligned_pointer_as_index %[[A]]
// CHECK: "llvm.x86.tileloadd64"(%c4_i8
// CHECK: "llvm.x86.tileloadd64"(%c6_i8
// CHECK: "llvm.x86.tdpbf16ps"(%c0_i8, %c4_i8, %c6_i8)
// CHECK: "llvm.x86.tileloadd64"(%c7_i8
// CHECK: "llvm.x86.tdpbf16ps"(%c1_i8, %c4_i8, %c7_i8)
// CHECK: "llvm.x86.tileloadd64"(%c6_i8
// CHECK: "llvm.x86.tdpbf16ps"(%c2_i8, %c4_i8, %c6_i8)
// CHECK: "llvm.x86.tileloadd64"(%c7_i8
// CHECK: "llvm.x86.tdpbf16ps"(%c3_i8, %c4_i8, %c7_i8)
// CHECK-NEXT: }
// CHECK-COUNT-4: "llvm.x86.tilestored64"
// CHECK: "llvm.x86.tilerelease"
// CHECK-NEXT: return

// CHECK-LABEL: func.func private @moe_matmul_bf16_i8x64_f32_32x64_panels_tiles
// CHECK: %[[NUMBERS:.*]] = memref.cast %{{.*}} : memref<32x128xbf16>
// CHECK: "llvm.x86.tilezero"
// CHECK: extract_aligned_pointer_as_index
// CHECK: vector.fma
// CHECK: return
