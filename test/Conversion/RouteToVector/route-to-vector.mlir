// What a kernel is made of, with 4 units per block. That it computes what the reference lowering does is tested in route-to-vector-numbers.test.
// RUN: moe-opt %s --convert-route-to-vector='vector-bits=128' --canonicalize --cse | FileCheck %s
// RUN: moe-opt %s --convert-route-to-vector='vector-bits=512' | FileCheck %s --check-prefix=WIDE
// RUN: moe-opt %s --convert-route-to-vector='vector-bits=128 grain=480' --canonicalize --cse | FileCheck %s --check-prefix=GRAIN
// RUN: moe-opt %s --convert-route-to-vector --convert-moe-to-linalg --canonicalize --moe-verify-tile | FileCheck %s --check-prefix=LEVEL

// Units become blocks, blocks chunks; the plan is made of what the kernel writes.
// CHECK-LABEL: func.func @softmax
// CHECK-SAME: (%[[Z:.*]]: tensor<?x6xf32>)
// CHECK: %[[LOGITS:.*]] = bufferization.to_buffer %[[Z]] read_only
// CHECK: %[[UNITS:.*]] = tensor.dim %[[Z]]
// CHECK: %[[IDS:.*]] = memref.alloc(%[[UNITS]]) {{.*}} : memref<?x2xi32>
// CHECK: %[[WEIGHTS:.*]] = memref.alloc(%[[UNITS]]) {{.*}} : memref<?x2xf32>
// CHECK: arith.ceildivui %[[UNITS]], %c4
// CHECK: scf.parallel
// CHECK: func.call @moe_route_0(%[[LOGITS]], %[[IDS]], %[[WEIGHTS]], %{{.*}}, %{{.*}})
// CHECK: %[[IDS_OUT:.*]] = bufferization.to_tensor %[[IDS]] restrict writable
// CHECK: %[[WEIGHTS_OUT:.*]] = bufferization.to_tensor %[[WEIGHTS]] restrict writable
// CHECK: builtin.unrealized_conversion_cast %[[IDS_OUT]], %[[WEIGHTS_OUT]], {{.*}} to !moe.plan<6, slots<2>>
// Of 6 keys of 4 units, 4 operations each.
// GRAIN-LABEL: func.func @softmax
// GRAIN: %[[BLOCKS:.*]] = arith.ceildivui %{{.*}}, %c4
// GRAIN: %[[WORK:.*]] = arith.muli %[[BLOCKS]], %c96
// GRAIN: arith.divui %[[WORK]], %c480
// WIDE-LABEL: func.func @softmax
// What is left of a level above is gone where the reference lowering has run.
// LEVEL-LABEL: func.func @softmax
// LEVEL-NOT: unrealized_conversion_cast
// LEVEL: func.call @moe_route_0
func.func @softmax(%z: tensor<?x6xf32>) -> !moe.plan<6, slots<2>> {
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores, norm = sum(0.0, add)> : tensor<?x6xf32> -> !moe.plan<6, slots<2>>
  return %p : !moe.plan<6, slots<2>>
}

// A route of the same form shares the kernel, another one has its own.
// CHECK-LABEL: func.func @the_same
// CHECK: func.call @moe_route_0(
func.func @the_same(%z: tensor<?x6xf32>) -> !moe.plan<6, slots<2>> {
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores, norm = sum(0.0, add)> : tensor<?x6xf32> -> !moe.plan<6, slots<2>>
  return %p : !moe.plan<6, slots<2>>
}

// Each route reads the logits where it is, or their memory would be free for others from the first one on.
// CHECK-LABEL: func.func @one_matrix_of_logits
// CHECK-SAME: (%[[Z:.*]]: tensor<?x6xf32>)
// CHECK: %[[FIRST:.*]] = bufferization.to_buffer %[[Z]] read_only
// CHECK: func.call @moe_route_0(%[[FIRST]],
// CHECK: %[[SECOND:.*]] = bufferization.to_buffer %[[Z]] read_only
// CHECK: func.call @moe_route_0(%[[SECOND]],
func.func @one_matrix_of_logits(%z: tensor<?x6xf32>) -> (!moe.plan<6, slots<2>>, !moe.plan<6, slots<2>>) {
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores, norm = sum(0.0, add)> : tensor<?x6xf32> -> !moe.plan<6, slots<2>>
  %q = moe.route %z score <softmax> select <topk(2)> weight <scores, norm = sum(0.0, add)> : tensor<?x6xf32> -> !moe.plan<6, slots<2>>
  return %p, %q : !moe.plan<6, slots<2>>, !moe.plan<6, slots<2>>
}

// CHECK-LABEL: func.func @groups
// CHECK-SAME: (%[[Z:.*]]: tensor<8x8xbf16>, %[[OFFSET:.*]]: tensor<8xf32>)
// CHECK-DAG: %[[BUFFER:.*]] = bufferization.to_buffer %[[Z]] read_only
// CHECK-DAG: %[[LOGITS:.*]] = memref.cast %[[BUFFER]] : memref<8x8xbf16> to memref<?x8xbf16>
// CHECK-DAG: %[[OFFSETS:.*]] = bufferization.to_buffer %[[OFFSET]] read_only
// So few units need no loop.
// CHECK: call @moe_route_1(%[[LOGITS]], %[[OFFSETS]],
func.func @groups(%z: tensor<8x8xbf16>, %offset: tensor<8xf32>) -> !moe.plan<8, slots<1>> {
  %p = moe.route %z key_offset(%offset : tensor<8xf32>) score <sigmoid> group_filter <4, keep = 2, group_score = sum_top(2), fill = neginf>
    select <topk(1)> weight <scores> : tensor<8x8xbf16> -> !moe.plan<8, slots<1>>
  return %p : !moe.plan<8, slots<1>>
}

// CHECK-LABEL: func.func private @moe_route_0(
// CHECK-SAME: %[[Z:.*]]: memref<?x6xf32>, %[[IDS:.*]]: memref<?x2xi32>, %[[WEIGHTS:.*]]: memref<?x2xf32>, %[[BEGIN:.*]]: index, %[[END:.*]]: index)
// CHECK-DAG: %[[LEAST:.*]] = arith.constant dense<-2147483648> : vector<4xi32>
// CHECK-DAG: %[[NEGINF:.*]] = arith.constant dense<0xFF800000> : vector<4xf32>
// CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<4xf32>
// CHECK-DAG: %[[TABLE:.*]] = memref.alloca() {{.*}} : memref<6x4xf32>
// CHECK-DAG: %[[LIST:.*]] = memref.alloca() {{.*}} : memref<2x4xi32>
// CHECK: scf.for %[[BLOCK:.*]] = %[[BEGIN]] to %[[END]]
// Logits are transposed: 4 columns, then the 2 that are left.
// CHECK-COUNT-4: vector.load %[[Z]]{{.*}} : memref<?x6xf32>, vector<4xf32>
// CHECK-COUNT-8: vector.shuffle
// CHECK-COUNT-4: vector.store %{{.*}}, %[[TABLE]]
// CHECK-COUNT-4: vector.load %[[Z]]{{.*}} : memref<?x6xf32>, vector<2xf32>
// CHECK-COUNT-2: vector.store %{{.*}}, %[[TABLE]]
// The softmax: maximum, then sum in ascending order.
// CHECK: %[[MAX:.*]] = scf.for {{.*}} iter_args({{.*}} = %[[NEGINF]])
// CHECK: arith.maximumf
// CHECK: %[[SUM:.*]] = scf.for {{.*}} iter_args(%[[PARTIAL:.*]] = %[[ZERO]])
// CHECK: %[[TERM:.*]] = math.exp
// CHECK: vector.store %[[TERM]], %[[TABLE]]
// CHECK: arith.addf %[[TERM]], %[[PARTIAL]]
// Keys become integers in their order, while the next block comes.
// CHECK: scf.for
// CHECK: memref.prefetch
// CHECK: %[[QUOTIENT:.*]] = arith.divf %{{.*}}, %[[SUM]]
// CHECK: %[[KEY:.*]] = arith.select %{{.*}}, %[[ZERO]], %[[QUOTIENT]]
// CHECK: %[[POSITIVE:.*]] = arith.addf %[[KEY]], %[[ZERO]]
// CHECK: %[[BITS:.*]] = arith.bitcast %[[POSITIVE]] : vector<4xf32> to vector<4xi32>
// CHECK: %[[ORDER:.*]] = arith.xori %[[BITS]]
// CHECK: %[[SOME:.*]] = arith.cmpf ogt, %[[KEY]], %[[NEGINF]]
// CHECK: arith.select %[[SOME]], %[[ORDER]], %[[LEAST]]
// Half of the units at a time: order and id in 64 bits, two candidates sorted and merged with the best two.
// CHECK: scf.for
// CHECK: scf.for {{.*}} iter_args(%[[FIRST:.*]] = %{{.*}}, %[[SECOND:.*]] = %{{.*}}) -> (vector<2xi64>, vector<2xi64>)
// CHECK: %[[A:.*]] = arith.ori
// CHECK: %[[B:.*]] = arith.ori
// CHECK: %[[LARGER:.*]] = arith.maxsi %[[A]], %[[B]]
// CHECK: %[[SMALLER:.*]] = arith.minsi %[[A]], %[[B]]
// CHECK: %[[C:.*]] = arith.maxsi %[[FIRST]], %[[SMALLER]]
// CHECK: %[[D:.*]] = arith.maxsi %[[SECOND]], %[[LARGER]]
// CHECK: %[[BEST:.*]] = arith.maxsi %[[C]], %[[D]]
// CHECK: %[[NEXT:.*]] = arith.minsi %[[C]], %[[D]]
// CHECK: scf.yield %[[BEST]], %[[NEXT]]
// CHECK-COUNT-2: vector.store %{{.*}}, %[[LIST]]
// Weights.
// CHECK-COUNT-2: vector.gather
// CHECK-COUNT-4: vector.store %{{.*}}, %[[IDS]]
// CHECK-COUNT-4: vector.store %{{.*}}, %[[WEIGHTS]]

// WIDE: func.func private @moe_route_0(
// WIDE: memref.alloca() {{.*}} : memref<6x16xf32>
// WIDE: vector<8xi64>

// A filter scores groups by their two best keys, and ranks them.
// CHECK-LABEL: func.func private @moe_route_1(
// CHECK-SAME: %[[Z:[^:]*]]: memref<?x8xbf16>, %[[OFFSET:[^:]*]]: memref<8xf32>, %{{.*}}: memref<?x1xi32>, %{{.*}}: memref<?x1xf32>,
// CHECK-DAG: %[[SCORES:.*]] = memref.alloca() {{.*}} : memref<4x4xf32>
// CHECK-DAG: %[[RANKS:.*]] = memref.alloca() {{.*}} : memref<4x4xi32>
// CHECK: vector.load %[[Z]]
// CHECK-NEXT: arith.extf %{{.*}} : vector<4xbf16> to vector<4xf32>
// CHECK: memref.load %[[OFFSET]]
// CHECK: scf.for {{.*}} -> (vector<4xf32>, vector<4xf32>)
// CHECK: vector.store %{{.*}}, %[[SCORES]]
// CHECK: vector.store %{{.*}}, %[[RANKS]]
// CHECK: %[[RANK:.*]] = vector.load %[[RANKS]]
// CHECK: arith.cmpi slt, %[[RANK]]
// One slot needs no network.
// CHECK: scf.for {{.*}} -> (vector<2xi64>) {
// CHECK: arith.maxsi
// CHECK-NOT: arith.minsi
// CHECK: vector.gather

// CHECK-NOT: moe_route_2
