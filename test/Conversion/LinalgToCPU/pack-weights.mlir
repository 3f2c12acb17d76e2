// RUN: moe-opt %s --linalg-generalize-named-ops --moe-pack-weights="vector-bits=256 vector-registers=16" | FileCheck %s
// RUN: moe-opt %s --linalg-generalize-named-ops --moe-pack-weights="vector-bits=512 vector-registers=32 fetch-distance=1024" | FileCheck %s --check-prefix=HALVES

// Where kernels fetch, the columns of a panel of f32 lie in halves.
// HALVES-DAG: #[[HALVES:.*]] = affine_map<(d0, d1, d2) -> (d1 floordiv 64, (d1 mod 64) floordiv 32, d2, d1 mod 32)>

// CHECK-DAG: #[[A:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[PANELS:.*]] = affine_map<(d0, d1, d2) -> (d1 floordiv 16, d2, d1 mod 16)>
// CHECK-DAG: #[[C:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-DAG: #[[COLUMNS:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>

#a = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#c = affine_map<(m, n, k) -> (m, n)>

// CHECK-LABEL: func.func @columns_of_rows
// CHECK-SAME: %[[X:.*]]: tensor<?x8xf32>, %[[Y:.*]]: tensor<?x32xf32>
func.func @columns_of_rows(%x: tensor<?x8xf32>, %y: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<32x8xf32>
  // CHECK: %[[W:.*]] = moe_support.weight #moe_support.transpose<#moe_support.external<"w.bin", 0> : tensor<2x16x8xf32>, [0, 2, 1]> : tensor<2x8x16xf32>
  // CHECK: linalg.generic {indexing_maps = [#[[A]], #[[PANELS]], #[[C]]]{{.*}} ins(%[[X]], %[[W]] : {{.*}}) outs(%[[Y]]
  %0 = linalg.matmul indexing_maps = [#a, #nk, #c] ins(%x, %w : tensor<?x8xf32>, tensor<32x8xf32>) outs(%y : tensor<?x32xf32>) -> tensor<?x32xf32>
  return %0 : tensor<?x32xf32>
}

// HALVES-LABEL: func.func @columns_of_rows
// HALVES: moe_support.weight #moe_support.transpose<#moe_support.reshape<#moe_support.pad<#moe_support.external<"w.bin", 0> : tensor<32x8xf32>> : tensor<64x8xf32>> : tensor<1x2x32x8xf32>, [0, 1, 3, 2]> : tensor<1x2x8x32xf32>
// HALVES: linalg.generic {indexing_maps = [{{#[a-z0-9]+}}, #[[HALVES]], {{#[a-z0-9]+}}]

// A weight that the importer transposed is transposed back.
// CHECK-LABEL: func.func @transposed
func.func @transposed(%x: tensor<?x8xf32>, %y: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %w = moe_support.weight #moe_support.transpose<#moe_support.external<"w.bin", 0> : tensor<32x8xf32>, [1, 0]> : tensor<8x32xf32>
  // CHECK: moe_support.weight #moe_support.transpose<#moe_support.external<"w.bin", 0> : tensor<2x16x8xf32>, [0, 2, 1]> : tensor<2x8x16xf32>
  %0 = linalg.matmul ins(%x, %w : tensor<?x8xf32>, tensor<8x32xf32>) outs(%y : tensor<?x32xf32>) -> tensor<?x32xf32>
  return %0 : tensor<?x32xf32>
}

// A last panel that is not full is padded.
// CHECK-LABEL: func.func @tail
func.func @tail(%x: tensor<?x8xf32>, %y: tensor<?x20xf32>) -> tensor<?x20xf32> {
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<8x20xf32>
  // CHECK: moe_support.weight #moe_support.transpose<#moe_support.reshape<#moe_support.pad<#moe_support.external<"w.bin", 0> : tensor<8x20xf32>> : tensor<8x32xf32>> : tensor<8x2x16xf32>, [1, 0, 2]> : tensor<2x8x16xf32>
  %0 = linalg.matmul ins(%x, %w : tensor<?x8xf32>, tensor<8x20xf32>) outs(%y : tensor<?x20xf32>) -> tensor<?x20xf32>
  return %0 : tensor<?x20xf32>
}

// CHECK-LABEL: func.func @slab
// CHECK-SAME: %[[E:[a-z0-9]*]]: index
func.func @slab(%e: index, %x: tensor<?x8xf32>, %y: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<4x32x8xf32>
  // The upper half of the rows of slab e.
  %s = tensor.extract_slice %w[%e, 16, 0] [1, 16, 8] [1, 1, 1] : tensor<4x32x8xf32> to tensor<16x8xf32>
  // CHECK: %[[W:.*]] = moe_support.weight #moe_support.transpose<#moe_support.reshape<#moe_support.slice<#moe_support.external<"w.bin", 0> : tensor<4x32x8xf32>, [0, 16, 0], [1, 1, 1]> : tensor<4x16x8xf32>> : tensor<4x1x16x8xf32>, [0, 1, 3, 2]> : tensor<4x1x8x16xf32>
  // CHECK: %[[SLAB:.*]] = tensor.extract_slice %[[W]][%[[E]], 0, 0, 0] [1, 1, 8, 16] [1, 1, 1, 1] : tensor<4x1x8x16xf32> to tensor<1x8x16xf32>
  // CHECK: linalg.generic {indexing_maps = [#[[A]], #[[PANELS]], #[[C]]]{{.*}} %[[SLAB]]
  %0 = linalg.matmul indexing_maps = [#a, #nk, #c] ins(%x, %s : tensor<?x8xf32>, tensor<16x8xf32>) outs(%y : tensor<?x16xf32>) -> tensor<?x16xf32>
  return %0 : tensor<?x16xf32>
}

// Rows of several dimensions become one.
// CHECK-LABEL: func.func @rows_of_batches
func.func @rows_of_batches(%x: tensor<?x?x8xf32>, %y: tensor<?x?x32xf32>) -> tensor<?x?x32xf32> {
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<8x32xf32>
  // CHECK-DAG: %[[X2:.*]] = tensor.collapse_shape %{{.*}} {{\[\[}}0, 1], [2]] : tensor<?x?x8xf32> into tensor<?x8xf32>
  // CHECK-DAG: %[[Y2:.*]] = tensor.collapse_shape %{{.*}} {{\[\[}}0, 1], [2]] : tensor<?x?x32xf32> into tensor<?x32xf32>
  // CHECK: linalg.generic {indexing_maps = [#[[A]], #[[PANELS]], #[[C]]]{{.*}} ins(%[[X2]], {{.*}} outs(%[[Y2]]
  // CHECK: tensor.expand_shape
  %0 = linalg.generic {indexing_maps = [affine_map<(b, s, n, k) -> (b, s, k)>, affine_map<(b, s, n, k) -> (k, n)>, affine_map<(b, s, n, k) -> (b, s, n)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
    ins(%x, %w : tensor<?x?x8xf32>, tensor<8x32xf32>) outs(%y : tensor<?x?x32xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %q = arith.addf %c, %p : f32
    linalg.yield %q : f32
  } -> tensor<?x?x32xf32>
  return %0 : tensor<?x?x32xf32>
}

// Other element types and inputs stay.
// CHECK-LABEL: func.func @stays
// CHECK-SAME: %[[X:.*]]: tensor<?x8xf64>, %[[Y:.*]]: tensor<?x32xf64>
func.func @stays(%x: tensor<?x8xf64>, %y: tensor<?x32xf64>) -> tensor<?x32xf64> {
  // CHECK: %[[W:.*]] = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<32x8xf64>
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<32x8xf64>
  // CHECK: linalg.generic {indexing_maps = [#[[A]], #[[COLUMNS]], #[[C]]]{{.*}} ins(%[[X]], %[[W]]
  %0 = linalg.matmul indexing_maps = [#a, #nk, #c] ins(%x, %w : tensor<?x8xf64>, tensor<32x8xf64>) outs(%y : tensor<?x32xf64>) -> tensor<?x32xf64>
  return %0 : tensor<?x32xf64>
}
