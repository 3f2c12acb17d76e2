// RUN: moe-opt %s --moe-expand-shapes | FileCheck %s

// Two dynamic sizes in one group: expand-strided-metadata alone cannot derive them.
// CHECK-LABEL: func.func @two_dynamic_sizes(
// CHECK-SAME:    %[[X:.*]]: memref<?x64xf32>, %[[B:.*]]: index, %[[S:.*]]: index)
func.func @two_dynamic_sizes(%x: memref<?x64xf32>, %b: index, %s: index) -> memref<?x?x64xf32> {
  // CHECK: %[[STRIDE:.*]] = arith.muli %{{.*}}, %[[S]]
  // CHECK: %[[VIEW:.*]] = memref.reinterpret_cast %[[X]] to offset: [0], sizes: [%[[B]], %[[S]], 64], strides: [%[[STRIDE]], 64, 1]
  // CHECK: %[[RESULT:.*]] = memref.cast %[[VIEW]]
  // CHECK: return %[[RESULT]]
  %y = memref.expand_shape %x [[0, 1], [2]] output_shape [%b, %s, 64] : memref<?x64xf32> into memref<?x?x64xf32>
  return %y : memref<?x?x64xf32>
}

// CHECK-LABEL: func.func @strided_source_stays(
func.func @strided_source_stays(%x: memref<?x64xf32, strided<[128, 1], offset: ?>>, %b: index) -> memref<?x4x64xf32, strided<[512, 128, 1], offset: ?>> {
  // CHECK: memref.expand_shape
  // CHECK-NOT: memref.reinterpret_cast
  %y = memref.expand_shape %x [[0, 1], [2]] output_shape [%b, 4, 64]
    : memref<?x64xf32, strided<[128, 1], offset: ?>> into memref<?x4x64xf32, strided<[512, 128, 1], offset: ?>>
  return %y : memref<?x4x64xf32, strided<[512, 128, 1], offset: ?>>
}
