// RUN: moe-opt %s --verify-roundtrip | FileCheck %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck %s
// RUN: moe-opt %s --emit-bytecode | moe-opt | FileCheck %s

// CHECK-LABEL: func.func private @types(!moe.plan<8, csr>, !moe.plan<8, buckets<3>, always = 1>, !moe.plan<8, buckets<?>, weight = bf16>, !moe.plan<8, grouped, carry>, !moe.plan<8, dense, always = 2, weight = f16, carry>)
func.func private @types(!moe.plan<8, csr>, !moe.plan<8, buckets<3>, always = 1>, !moe.plan<8, buckets<?>, weight = bf16>, !moe.plan<8, grouped, carry>,
                         !moe.plan<8, dense, always = 2, weight = f16, carry>)

// CHECK-LABEL: func.func @convert_plan
// CHECK-SAME: %[[P:.*]]: !moe.plan<8, slots<2>>
func.func @convert_plan(%p: !moe.plan<8, slots<2>>) -> !moe.plan<8, csr> {
  // CHECK: moe.convert_plan %[[P]] : !moe.plan<8, slots<2>> -> !moe.plan<8, csr>
  %q = moe.convert_plan %p : !moe.plan<8, slots<2>> -> !moe.plan<8, csr>
  return %q : !moe.plan<8, csr>
}

// CHECK-LABEL: func.func @unpack_plan
// CHECK-SAME: %[[P:.*]]: !moe.plan<8, buckets<?>, carry>
func.func @unpack_plan(%p: !moe.plan<8, buckets<?>, carry>) -> tensor<?xf32> {
  // CHECK: %[[R:.*]]:5 = moe.unpack_plan %[[P]] : !moe.plan<8, buckets<?>, carry> -> tensor<8x?xi32>, tensor<8x?xi32>, tensor<8x?xf32>, tensor<8xi32>, tensor<?xf32>
  %r:5 = moe.unpack_plan %p : !moe.plan<8, buckets<?>, carry> -> tensor<8x?xi32>, tensor<8x?xi32>, tensor<8x?xf32>, tensor<8xi32>, tensor<?xf32>
  // CHECK: return %[[R]]#4
  return %r#4 : tensor<?xf32>
}

// CHECK-LABEL: func.func @pack_plan
// CHECK-SAME: %[[A:.*]]: tensor<9xi32>, %[[B:.*]]: tensor<?xi32>, %[[C:.*]]: tensor<?xi32>, %[[D:.*]]: tensor<?xf32>, %[[U:.*]]: index
func.func @pack_plan(%a: tensor<9xi32>, %b: tensor<?xi32>, %c: tensor<?xi32>, %d: tensor<?xf32>, %u: index) -> !moe.plan<8, grouped> {
  // CHECK: moe.pack_plan %[[A]], %[[B]], %[[C]], %[[D]] units(%[[U]]) : tensor<9xi32>, tensor<?xi32>, tensor<?xi32>, tensor<?xf32> -> !moe.plan<8, grouped>
  %p = moe.pack_plan %a, %b, %c, %d units(%u) : tensor<9xi32>, tensor<?xi32>, tensor<?xi32>, tensor<?xf32> -> !moe.plan<8, grouped>
  return %p : !moe.plan<8, grouped>
}

// CHECK-LABEL: func.func @expand_plan
// CHECK-SAME: %[[P:.*]]: !moe.plan<8, csr>, %[[M:.*]]: tensor<?xi32>
func.func @expand_plan(%p: !moe.plan<8, csr>, %m: tensor<?xi32>) -> !moe.plan<8, csr> {
  // CHECK: moe.expand_plan %[[P]], %[[M]] : !moe.plan<8, csr>, tensor<?xi32>
  %q = moe.expand_plan %p, %m : !moe.plan<8, csr>, tensor<?xi32>
  return %q : !moe.plan<8, csr>
}

// CHECK-LABEL: func.func @remap
// CHECK-SAME: %[[P:.*]]: !moe.plan<4, slots<3>>
func.func @remap(%p: !moe.plan<4, slots<3>>) -> !moe.plan<2, slots<2>, carry> {
  // CHECK: moe.remap %[[P]] many_to_one <max> {carry = array<i64: 3>, map = array<i64: 0, 0, 1, -1>, slot_mask = array<i64: 0, 2>} : !moe.plan<4, slots<3>> -> !moe.plan<2, slots<2>, carry>
  %q = moe.remap %p many_to_one <max> {map = array<i64: 0, 0, 1, -1>, carry = array<i64: 3>, slot_mask = array<i64: 0, 2>}
    : !moe.plan<4, slots<3>> -> !moe.plan<2, slots<2>, carry>
  return %q : !moe.plan<2, slots<2>, carry>
}

// CHECK-LABEL: func.func @remap_to_replicas
// CHECK-SAME: %[[P:.*]]: !moe.plan<4, slots<3>>, %[[R:.*]]: tensor<4x2xi32>, %[[C:.*]]: tensor<?x3xi32>
func.func @remap_to_replicas(%p: !moe.plan<4, slots<3>>, %r: tensor<4x2xi32>, %c: tensor<?x3xi32>) -> !moe.plan<6, slots<3>> {
  // CHECK: moe.remap %[[P]] replicas(%[[R]] : tensor<4x2xi32>) choice(%[[C]] : tensor<?x3xi32>) many_to_one <sum> : !moe.plan<4, slots<3>> -> !moe.plan<6, slots<3>>
  %q = moe.remap %p replicas(%r : tensor<4x2xi32>) choice(%c : tensor<?x3xi32>) many_to_one <sum> : !moe.plan<4, slots<3>> -> !moe.plan<6, slots<3>>
  return %q : !moe.plan<6, slots<3>>
}
