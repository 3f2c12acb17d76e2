// RUN: moe-opt %s --convert-assert-to-runtime --convert-parallel-to-runtime | FileCheck %s

// CHECK-DAG: llvm.func @moe_parallel_for(i64, !llvm.ptr, !llvm.ptr)
// CHECK-DAG: llvm.func @moe_fail(!llvm.ptr)
// CHECK-DAG: llvm.mlir.global internal constant @[[TEXT:.*]]("expects rows\00")

// The body gets what it uses through the context; constants are its own.
// CHECK: func.func private @parallel_parallel_0(%[[CONTEXT:.*]]: !llvm.ptr, %[[BEGIN:.*]]: i64, %[[END:.*]]: i64)
// CHECK: %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
// CHECK: %[[ADDRESS:.*]] = llvm.getelementptr %[[CONTEXT]][0, 0]
// CHECK: %[[LOADED:.*]] = llvm.load %[[ADDRESS]]
// CHECK: %[[X:.*]] = builtin.unrealized_conversion_cast %[[LOADED]] : !llvm.struct<{{.*}}> to memref<?xf32>
// CHECK: scf.for
// CHECK: memref.store %[[ONE]], %[[X]]

// CHECK-LABEL: func.func @parallel
// CHECK-SAME: %[[X:.*]]: memref<?xf32>, %[[N:.*]]: index
func.func @parallel(%x: memref<?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %one = arith.constant 1.0 : f32
  // CHECK: %[[MEMORY:.*]] = llvm.alloca
  // CHECK: %[[CAST:.*]] = builtin.unrealized_conversion_cast %[[X]]
  // CHECK: llvm.store %[[CAST]]
  // CHECK: %[[F:.*]] = constant @parallel_parallel_0
  // CHECK: %[[P:.*]] = builtin.unrealized_conversion_cast %[[F]]
  // CHECK: llvm.call @moe_parallel_for(%{{.*}}, %[[P]], %[[MEMORY]])
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    memref.store %one, %x[%i] : memref<?xf32>
  }
  return
}

// An assertion may only fail on the caller's thread: such a loop is sequential.
// CHECK-LABEL: func.func @assertion
// CHECK-SAME: %[[OK:.*]]: i1, %[[N:.*]]: index
func.func @assertion(%ok: i1, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // CHECK: scf.for
  // CHECK: scf.if
  // CHECK: %[[MESSAGE:.*]] = llvm.mlir.addressof @[[TEXT]]
  // CHECK: llvm.call @moe_fail(%[[MESSAGE]])
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    cf.assert %ok, "expects rows"
  }
  return
}
