// RUN: moe-opt %s --linalg-generalize-named-ops --moe-pack-weights="vector-bits=512 vector-registers=32 bf16-dot=true" | FileCheck %s
// RUN: moe-opt %s --linalg-generalize-named-ops --moe-pack-weights="vector-bits=512 vector-registers=32 bf16-dot=true bf16-tiles=true fetch-distance=1024" | FileCheck %s --check-prefixes=CHECK,TILES

// Weights in bf16 for a CPU that multiplies pairs of it; in halves where tile registers take all of the depth, and kernels fetch.
// TILES-DAG: #[[HALVES:.*]] = affine_map<(d0, d1, d2) -> (d1 floordiv 64, (d1 mod 64) floordiv 32, d2 floordiv 2, d1 mod 32, d2 mod 2)>

// CHECK-DAG: #[[PAIRS:.*]] = affine_map<(d0, d1, d2) -> (d1 floordiv 64, d2 floordiv 2, d1 mod 64, d2 mod 2)>
// CHECK-DAG: #[[PANELS:.*]] = affine_map<(d0, d1, d2) -> (d1 floordiv 64, d2, d1 mod 64)>

// CHECK-LABEL: func.func @neighbours_along_k
func.func @neighbours_along_k(%x: tensor<?x8xbf16>, %y: tensor<?x128xf32>) -> tensor<?x128xf32> {
  // CHECK: %[[W:.*]] = moe_support.weight #moe_support.transpose<#moe_support.external<"w.bin", 0> : tensor<2x64x4x2xbf16>, [0, 2, 1, 3]> : tensor<2x4x64x2xbf16>
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<128x8xbf16>
  // CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[PAIRS]], #{{.*}}]{{.*}} %[[W]]
  %0 = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>] ins(%x, %w : tensor<?x8xbf16>, tensor<128x8xbf16>) outs(%y : tensor<?x128xf32>) -> tensor<?x128xf32>
  return %0 : tensor<?x128xf32>
}

// CHECK-LABEL: func.func @an_odd_depth_has_no_pairs
func.func @an_odd_depth_has_no_pairs(%x: tensor<?x9xbf16>, %y: tensor<?x64xf32>) -> tensor<?x64xf32> {
  // CHECK: tensor<1x9x64xbf16>
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<64x9xbf16>
  // CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[PANELS]], #{{.*}}]
  %0 = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>] ins(%x, %w : tensor<?x9xbf16>, tensor<64x9xbf16>) outs(%y : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// Tokens in f32 are not rounded.
// CHECK-LABEL: func.func @one_side_is_wide
func.func @one_side_is_wide(%x: tensor<?x8xf32>, %y: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<64x8xbf16>
  // CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[PANELS]], #{{.*}}]
  %0 = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>] ins(%x, %w : tensor<?x8xf32>, tensor<64x8xbf16>) outs(%y : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// TILES-LABEL: func.func @whole_tiles
func.func @whole_tiles(%x: tensor<?x64xbf16>, %y: tensor<?x128xf32>) -> tensor<?x128xf32> {
  // TILES: %[[W:.*]] = moe_support.weight #moe_support.transpose<#moe_support.external<"w.bin", 0> : tensor<2x2x32x32x2xbf16>, [0, 1, 3, 2, 4]> : tensor<2x2x32x32x2xbf16>
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<128x64xbf16>
  // TILES: linalg.generic {indexing_maps = [#{{.*}}, #[[HALVES]], #{{.*}}]{{.*}} %[[W]]
  %0 = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>] ins(%x, %w : tensor<?x64xbf16>, tensor<128x64xbf16>) outs(%y : tensor<?x128xf32>) -> tensor<?x128xf32>
  return %0 : tensor<?x128xf32>
}
