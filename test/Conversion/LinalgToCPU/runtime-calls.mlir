// RUN: moe-opt %s --convert-assert-to-runtime --convert-parallel-to-runtime | FileCheck %s

// CHECK-DAG: llvm.func @moe_parallel_for(i64, !llvm.ptr, !llvm.ptr)
// CHECK-DAG: llvm.func @moe_fail(!llvm.ptr)
// CHECK-DAG: llvm.mlir.global internal constant @[[TEXT:.*]]("expects rows\00")
// CHECK-DAG: llvm.mlir.global internal constant @[[FORMAT:.*]]("requires %lld, 100%% of it, to equal %lld\00")

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

// A message shows its values, which are written into it where it is needed.
// CHECK-LABEL: func.func @requirement
// CHECK-SAME: %[[OK:.*]]: i1, %[[A:.*]]: index, %[[B:.*]]: i32
func.func @requirement(%ok: i1, %a: index, %b: i32) {
  // CHECK: %[[BROKEN:.*]] = arith.xori %[[OK]]
  // CHECK: scf.if %[[BROKEN]]
  // CHECK: %[[WIDE_B:.*]] = arith.extsi %[[B]] : i32 to i64
  // CHECK: %[[WIDE_A:.*]] = arith.index_cast %[[A]] : index to i64
  // CHECK: %[[BUFFER:.*]] = llvm.alloca %[[SIZE:.*]] x i8
  // CHECK: %[[ADDRESS:.*]] = llvm.mlir.addressof @[[FORMAT]]
  // CHECK: llvm.call @snprintf(%[[BUFFER]], %[[SIZE]], %[[ADDRESS]], %[[WIDE_B]], %[[WIDE_A]]) vararg
  // CHECK: llvm.call @moe_fail(%[[BUFFER]])
  moe_support.require %ok, "requires {1}, 100% of it, to equal {0}"(%a, %b) : index, i32
  return
}
