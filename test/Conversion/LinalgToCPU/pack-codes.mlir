// RUN: moe-opt %s --linalg-generalize-named-ops --moe-pack-weights="vector-bits=512 vector-registers=32 bf16-dot=true" --canonicalize --cse | FileCheck %s
// RUN: moe-opt %s --linalg-generalize-named-ops --moe-pack-weights="vector-bits=512 vector-registers=32 bf16-dot=true bf16-tiles=true fetch-distance=1024" --canonicalize --cse | FileCheck %s --check-prefix=HALVES

// Weights stored as codes: what makes numbers of them moves into the contraction.

// CHECK-DAG: #[[NIBBLES:.*]] = affine_map<(d0, d1, d2) -> (d1 floordiv 64, d2 floordiv 2, d1 mod 16, d2 mod 2, (d1 mod 64) floordiv 32)>
// CHECK-DAG: #[[PAIRS:.*]] = affine_map<(d0, d1, d2) -> (d1 floordiv 64, d2 floordiv 2, d1 mod 64, d2 mod 2)>
// CHECK-DAG: #[[QUARTERS:.*]] = affine_map<(d0, d1, d2) -> (d1 floordiv 64, d2 floordiv 4, d1 mod 16, d2 mod 2, (d1 mod 64) floordiv 32)>
// CHECK-DAG: #[[ZEROS:.*]] = affine_map<(d0, d1, d2) -> (d1 floordiv 64, (d2 floordiv 32) floordiv 4, d1 mod 16, (d2 floordiv 32) mod 2, (d1 mod 64) floordiv 32)>
// CHECK-DAG: #[[PLAIN:.*]] = affine_map<(d0, d1, d2) -> (d1 floordiv 64, d2, d1 mod 64)>
// CHECK-DAG: #[[GROUPS:.*]] = affine_map<(d0, d1, d2) -> (d1 floordiv 64, d2 floordiv 32, d1 mod 64)>
// CHECK-DAG: #[[ROWS:.*]] = affine_map<(d0, d1, d2) -> (d1 floordiv 64, 0, d1 mod 64)>

// HALVES-DAG: #[[HALVES:.*]] = affine_map<(d0, d1, d2) -> (d1 floordiv 64, (d1 mod 64) floordiv 32, d2 floordiv 2, d1 mod 32, d2 mod 2)>
// HALVES-DAG: #[[PAIRS:.*]] = affine_map<(d0, d1, d2) -> (d1 floordiv 64, d2 floordiv 2, d1 mod 64, d2 mod 2)>
// HALVES-DAG: #[[GROUPS:.*]] = affine_map<(d0, d1, d2) -> (d1 floordiv 64, d2 floordiv 32, d1 mod 64)>

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>

// One expert of a stack, chosen at run time; four bits, symmetric.
// CHECK-LABEL: func.func @four_bits
// CHECK-SAME: %[[E:[a-z0-9]*]]: index, %[[X:.*]]: tensor<?x64xbf16>, %[[Y:.*]]: tensor<?x64xf32>
func.func @four_bits(%e: index, %x: tensor<?x64xbf16>, %y: tensor<?x64xf32>) -> tensor<?x64xf32> {
  // CHECK-DAG: %[[EIGHT:.*]] = arith.constant 8.0
  // CHECK-DAG: %[[Q:.*]] = moe_support.weight #moe_support.nibbles<#moe_support.transpose<{{.*}}, [0, 1, 4, 3, 5, 2]> : tensor<5x1x32x16x2x4xi4>> : tensor<5x1x32x16x2x2xi8>
  // CHECK-DAG: %[[S:.*]] = moe_support.weight {{.*}} : tensor<5x1x2x64xbf16>
  // CHECK-DAG: %[[QE:.*]] = tensor.extract_slice %[[Q]][%[[E]], 0, 0, 0, 0, 0]
  // CHECK-DAG: %[[SE:.*]] = tensor.extract_slice %[[S]][%[[E]], 0, 0, 0]
  // CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[NIBBLES]], #[[GROUPS]], #{{.*}}]{{.*}} ins(%[[X]], %[[QE]], %[[SE]] : {{.*}}) outs(%[[Y]]
  // CHECK-NEXT: ^bb0(%[[A:.*]]: bf16, %[[BYTE:.*]]: i8, %[[SCALE:.*]]: bf16, %[[C:.*]]: f32):
  // CHECK: %[[SHIFT:.*]] = arith.index_cast %{{.*}} : index to i8
  // CHECK: %[[LOW:.*]] = arith.shrui %[[BYTE]], %[[SHIFT]]
  // CHECK: %[[CODE:.*]] = arith.trunci %[[LOW]] : i8 to i4
  // CHECK: %[[NUMBER:.*]] = arith.uitofp %[[CODE]]
  // CHECK: %[[CENTRED:.*]] = arith.subf %[[NUMBER]], %[[EIGHT]]
  // CHECK: arith.mulf %[[CENTRED]], %{{.*}}
  %q = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<5x64x64xi4>
  %s = moe_support.weight #moe_support.external<"w.bin", 10240> : tensor<5x64x2xbf16>
  %eight = arith.constant 8.0 : f32
  %empty = tensor.empty() : tensor<5x64x64xf32>
  %w = linalg.generic {indexing_maps = [affine_map<(e, n, k) -> (e, n, k)>, affine_map<(e, n, k) -> (e, n, k floordiv 32)>, affine_map<(e, n, k) -> (e, n, k)>], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%q, %s : tensor<5x64x64xi4>, tensor<5x64x2xbf16>) outs(%empty : tensor<5x64x64xf32>) {
  ^bb0(%c: i4, %t: bf16, %o: f32):
    %u = arith.uitofp %c : i4 to f32
    %v = arith.subf %u, %eight : f32
    %f = arith.extf %t : bf16 to f32
    %r = arith.mulf %v, %f : f32
    linalg.yield %r : f32
  } -> tensor<5x64x64xf32>
  %slab = tensor.extract_slice %w[%e, 0, 0] [1, 64, 64] [1, 1, 1] : tensor<5x64x64xf32> to tensor<64x64xf32>
  %0 = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %slab : tensor<?x64xbf16>, tensor<64x64xf32>) outs(%y : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// Two bits: a nibble of the panel holds the codes of k and k + 2; zero points are codes, with groups in place of k.
// CHECK-LABEL: func.func @two_bits
func.func @two_bits(%x: tensor<?x64xbf16>, %y: tensor<?x64xf32>) -> tensor<?x64xf32> {
  // CHECK-DAG: moe_support.weight #moe_support.nibbles<#moe_support.reshape<#moe_support.transpose<{{.*}} : tensor<1x16x16x2x4x2xi2>> : tensor<1x16x16x2x8xi2>> : tensor<1x16x16x2x2xi8>
  // CHECK-DAG: moe_support.weight #moe_support.nibbles<{{.*}} : tensor<1x1x16x2x8xi2>> : tensor<1x1x16x2x2xi8>
  // CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[QUARTERS]], #[[GROUPS]], #[[ZEROS]], #{{.*}}]
  // CHECK-NEXT: ^bb0(%{{.*}}: bf16, %[[BYTE:.*]]: i8, %{{.*}}: bf16, %[[ZERO:.*]]: i8, %{{.*}}: f32):
  // CHECK: %[[K:.*]] = linalg.index 2
  // CHECK: %[[HALF:.*]] = arith.andi %[[K]], %{{.*}} : index
  // CHECK: %[[PLACE:.*]] = arith.ori %{{.*}}, %[[HALF]]
  // CHECK: %[[SHIFT:.*]] = arith.index_cast %[[PLACE]] : index to i8
  // CHECK: %[[LOW:.*]] = arith.shrui %[[BYTE]], %[[SHIFT]]
  // CHECK: arith.trunci %[[LOW]] : i8 to i2
  // CHECK: %[[G:.*]] = arith.divui %{{.*}}, %{{.*}} : index
  // CHECK: arith.andi %[[G]]
  // CHECK: arith.shrui %[[ZERO]]
  %q = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<64x64xi2>
  %s = moe_support.weight #moe_support.external<"w.bin", 1024> : tensor<64x2xbf16>
  %z = moe_support.weight #moe_support.external<"w.bin", 1280> : tensor<64x2xi2>
  %empty = tensor.empty() : tensor<64x64xf32>
  %w = linalg.generic {indexing_maps = [affine_map<(n, k) -> (n, k)>, affine_map<(n, k) -> (n, k floordiv 32)>, affine_map<(n, k) -> (n, k floordiv 32)>, affine_map<(n, k) -> (n, k)>], iterator_types = ["parallel", "parallel"]}
    ins(%q, %s, %z : tensor<64x64xi2>, tensor<64x2xbf16>, tensor<64x2xi2>) outs(%empty : tensor<64x64xf32>) {
  ^bb0(%c: i2, %t: bf16, %p: i2, %o: f32):
    %u = arith.uitofp %c : i2 to f32
    %v = arith.uitofp %p : i2 to f32
    %d = arith.subf %u, %v : f32
    %f = arith.extf %t : bf16 to f32
    %r = arith.mulf %d, %f : f32
    linalg.yield %r : f32
  } -> tensor<64x64xf32>
  %0 = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<?x64xbf16>, tensor<64x64xf32>) outs(%y : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// Eight bits lie in halves where kernels fetch and few rows become digits. Rows of K by N come out alike.
// CHECK-LABEL: func.func @eight_bits
// CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[PAIRS]], #[[GROUPS]], #{{.*}}]{{.*}} tensor<1x32x64x2xi8>
// HALVES-LABEL: func.func @eight_bits
func.func @eight_bits(%x: tensor<?x64xbf16>, %y: tensor<?x48xf32>) -> tensor<?x48xf32> {
  // HALVES: moe_support.weight #moe_support.transpose<{{.*}} : tensor<32x2x1x2x32xi8>, [2, 3, 0, 4, 1]> : tensor<1x2x32x32x2xi8>
  // HALVES: linalg.generic {indexing_maps = [#{{.*}}, #[[HALVES]], #[[GROUPS]], #{{.*}}]{{.*}} tensor<1x2x32x32x2xi8>, tensor<1x2x64xf32>)
  %q = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<64x48xi8>
  %s = moe_support.weight #moe_support.external<"w.bin", 3072> : tensor<2x48xf32>
  %empty = tensor.empty() : tensor<64x48xf32>
  %w = linalg.generic {indexing_maps = [affine_map<(k, n) -> (k, n)>, affine_map<(k, n) -> (k floordiv 32, n)>, affine_map<(k, n) -> (k, n)>], iterator_types = ["parallel", "parallel"]}
    ins(%q, %s : tensor<64x48xi8>, tensor<2x48xf32>) outs(%empty : tensor<64x48xf32>) {
  ^bb0(%c: i8, %t: f32, %o: f32):
    %f = arith.sitofp %c : i8 to f32
    %r = arith.mulf %f, %t : f32
    linalg.yield %r : f32
  } -> tensor<64x48xf32>
  %0 = linalg.matmul ins(%x, %w : tensor<?x64xbf16>, tensor<64x48xf32>) outs(%y : tensor<?x48xf32>) -> tensor<?x48xf32>
  return %0 : tensor<?x48xf32>
}

// Groups that digits do not fit stay in pairs.
// HALVES-LABEL: func.func @groups_of_sixteen
func.func @groups_of_sixteen(%x: tensor<?x64xbf16>, %y: tensor<?x64xf32>) -> tensor<?x64xf32> {
  // HALVES: linalg.generic {indexing_maps = [#{{.*}}, #[[PAIRS]], #{{.*}}, #{{.*}}]{{.*}} tensor<1x32x64x2xi8>
  %q = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<64x64xi8>
  %s = moe_support.weight #moe_support.external<"w.bin", 4096> : tensor<64x4xf32>
  %empty = tensor.empty() : tensor<64x64xf32>
  %w = linalg.generic {indexing_maps = [affine_map<(n, k) -> (n, k)>, affine_map<(n, k) -> (n, k floordiv 16)>, affine_map<(n, k) -> (n, k)>], iterator_types = ["parallel", "parallel"]}
    ins(%q, %s : tensor<64x64xi8>, tensor<64x4xf32>) outs(%empty : tensor<64x64xf32>) {
  ^bb0(%c: i8, %t: f32, %o: f32):
    %f = arith.sitofp %c : i8 to f32
    %r = arith.mulf %f, %t : f32
    linalg.yield %r : f32
  } -> tensor<64x64xf32>
  %0 = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<?x64xbf16>, tensor<64x64xf32>) outs(%y : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// Differences of integers, as DequantizeLinear forms them, and scales spread by views. Several zero points leave no digits.
// HALVES-LABEL: func.func @zero_points
// HALVES: linalg.generic {indexing_maps = [#{{.*}}, #[[PAIRS]], #[[GROUPS]], #[[GROUPS]], #{{.*}}]
// CHECK-LABEL: func.func @zero_points
func.func @zero_points(%x: tensor<?x64xbf16>, %y: tensor<?x64xf32>) -> tensor<?x64xf32> {
  // CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[PAIRS]], #[[GROUPS]], #[[GROUPS]], #{{.*}}]{{.*}} ins(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x64xbf16>, tensor<1x32x64x2xi8>, tensor<1x2x64xf32>, tensor<1x2x64xi8>)
  // CHECK: arith.uitofp
  // CHECK: arith.uitofp
  // CHECK: arith.subf
  %q = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<64x64xi8>
  %s = moe_support.weight #moe_support.external<"w.bin", 4096> : tensor<64x2xf32>
  %z = moe_support.weight #moe_support.external<"w.bin", 4608> : tensor<64x2xi8>
  %empty = tensor.empty() : tensor<64x64xf32>
  %wide = tensor.empty() : tensor<64x2x32xf32>
  %b = linalg.generic {indexing_maps = [affine_map<(n, g, i) -> (n, g)>, affine_map<(n, g, i) -> (n, g, i)>], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%s : tensor<64x2xf32>) outs(%wide : tensor<64x2x32xf32>) {
  ^bb0(%t: f32, %o: f32):
    linalg.yield %t : f32
  } -> tensor<64x2x32xf32>
  %spread = tensor.collapse_shape %b [[0], [1, 2]] : tensor<64x2x32xf32> into tensor<64x64xf32>
  %w = linalg.generic {indexing_maps = [affine_map<(n, k) -> (n, k)>, affine_map<(n, k) -> (n, k)>, affine_map<(n, k) -> (n, k floordiv 32)>, affine_map<(n, k) -> (n, k)>], iterator_types = ["parallel", "parallel"]}
    ins(%q, %spread, %z : tensor<64x64xi8>, tensor<64x64xf32>, tensor<64x2xi8>) outs(%empty : tensor<64x64xf32>) {
  ^bb0(%c: i8, %t: f32, %p: i8, %o: f32):
    %u = arith.extui %c : i8 to i32
    %v = arith.extui %p : i8 to i32
    %d = arith.subi %u, %v : i32
    %f = arith.sitofp %d : i32 to f32
    %r = arith.mulf %f, %t : f32
    linalg.yield %r : f32
  } -> tensor<64x64xf32>
  %0 = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<?x64xbf16>, tensor<64x64xf32>) outs(%y : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// Tokens in f32 are multiplied as they are: no pairs. One scale for a whole row.
// CHECK-LABEL: func.func @one_scale_per_row
func.func @one_scale_per_row(%x: tensor<?x64xf32>, %y: tensor<?x64xf32>) -> tensor<?x64xf32> {
  // CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[PLAIN]], #[[ROWS]], #{{.*}}]{{.*}} tensor<1x64x64xi8>, tensor<1x1x64xf32>)
  %q = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<64x64xi8>
  %s = moe_support.weight #moe_support.external<"w.bin", 4096> : tensor<64xf32>
  %empty = tensor.empty() : tensor<64x64xf32>
  %w = linalg.generic {indexing_maps = [affine_map<(n, k) -> (n, k)>, affine_map<(n, k) -> (n)>, affine_map<(n, k) -> (n, k)>], iterator_types = ["parallel", "parallel"]}
    ins(%q, %s : tensor<64x64xi8>, tensor<64xf32>) outs(%empty : tensor<64x64xf32>) {
  ^bb0(%c: i8, %t: f32, %o: f32):
    %f = arith.sitofp %c : i8 to f32
    %r = arith.mulf %f, %t : f32
    linalg.yield %r : f32
  } -> tensor<64x64xf32>
  %0 = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<?x64xf32>, tensor<64x64xf32>) outs(%y : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// A sum of bytes that may wrap is not a difference of codes.
// CHECK-LABEL: func.func @stays
func.func @stays(%x: tensor<?x64xf32>, %y: tensor<?x64xf32>) -> tensor<?x64xf32> {
  // CHECK: %[[W:.*]] = linalg.generic
  // CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[W]] : tensor<?x64xf32>, tensor<64x64xf32>)
  %q = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<64x64xi8>
  %s = moe_support.weight #moe_support.external<"w.bin", 4096> : tensor<64xf32>
  %three = arith.constant 3 : i8
  %empty = tensor.empty() : tensor<64x64xf32>
  %w = linalg.generic {indexing_maps = [affine_map<(n, k) -> (n, k)>, affine_map<(n, k) -> (n)>, affine_map<(n, k) -> (n, k)>], iterator_types = ["parallel", "parallel"]}
    ins(%q, %s : tensor<64x64xi8>, tensor<64xf32>) outs(%empty : tensor<64x64xf32>) {
  ^bb0(%c: i8, %t: f32, %o: f32):
    %d = arith.subi %c, %three : i8
    %f = arith.sitofp %d : i8 to f32
    %r = arith.mulf %f, %t : f32
    linalg.yield %r : f32
  } -> tensor<64x64xf32>
  %0 = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<?x64xf32>, tensor<64x64xf32>) outs(%y : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}
