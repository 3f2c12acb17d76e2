// RUN: moe-opt %s --moe-contiguous-results | FileCheck %s

// CHECK-LABEL: func.func @view_with_gaps(
// CHECK-SAME:    %[[X:.*]]: memref<?x?xf32, strided<[?, 1]>>)
func.func @view_with_gaps(%x: memref<?x?xf32, strided<[?, 1]>>) -> memref<?x?xf32> {
  // CHECK: %[[DENSE:.*]] = memref.alloc(%{{.*}}, %{{.*}})
  // CHECK: memref.copy %[[X]], %[[DENSE]]
  // CHECK: return %[[DENSE]]
  %y = memref.cast %x : memref<?x?xf32, strided<[?, 1]>> to memref<?x?xf32>
  return %y : memref<?x?xf32>
}

// CHECK-LABEL: func.func @dense_result_stays(
func.func @dense_result_stays(%x: memref<4x4xf32>) -> memref<?x4xf32> {
  // CHECK-NOT: memref.copy
  // CHECK: return
  %y = memref.cast %x : memref<4x4xf32> to memref<?x4xf32>
  return %y : memref<?x4xf32>
}
