// With format=results a public function returns how its routes load their experts; routes whose plan no result can be of are left alone.
// RUN: moe-opt %s --moe-print-plan-stats=format=results --verify-diagnostics --remarks-filter='moe-print-plan-stats' | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK-SAME: -> (!moe.plan<4, slots<2>>, tensor<4xi32> {moe.name = "plan_stats.0.load", moe.symbols = [""]},
// CHECK-SAME: tensor<4xi32> {moe.name = "plan_stats.0.dropped", moe.symbols = [""]}, tensor<f32> {moe.name = "plan_stats.0.entropy", moe.symbols = []})
func.func @main(%z: tensor<?x4xf32>, %inner: i1) -> !moe.plan<4, slots<2>> {
  // CHECK: %[[P:.*]] = moe.route %{{.*}} score <softmax>
  // CHECK: %[[BEFORE:.*]], %{{.*}} = moe.plan_stats %[[P]] stage <before>
  // CHECK: %[[LOAD:.*]], %{{.*}} = moe.plan_stats %[[P]] stage <after>
  // CHECK: %[[DROPPED:.*]] = tensor.generate
  // CHECK: tensor.extract %[[BEFORE]]
  // CHECK: %[[ENTROPY:.*]] = tensor.from_elements
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> capacity <limit, count = <2>, priority = unit_major, overflow = zero> : tensor<?x4xf32> -> !moe.plan<4, slots<2>>
  %q = scf.if %inner -> !moe.plan<4, slots<2>> {
    // expected-remark @+1 {{no result of a public function can be this route's}}
    %r = moe.route %z score <sigmoid> select <topk(2)> weight <scores> : tensor<?x4xf32> -> !moe.plan<4, slots<2>>
    scf.yield %r : !moe.plan<4, slots<2>>
  } else {
    scf.yield %p : !moe.plan<4, slots<2>>
  }
  // CHECK: return %{{.*}}, %[[LOAD]], %[[DROPPED]], %[[ENTROPY]]
  return %q : !moe.plan<4, slots<2>>
}

// CHECK-LABEL: func.func private @callee
// CHECK-SAME: -> !moe.plan<4, slots<2>> {
func.func private @callee(%z: tensor<?x4xf32>) -> !moe.plan<4, slots<2>> {
  // expected-remark @+1 {{no result of a public function can be this route's}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x4xf32> -> !moe.plan<4, slots<2>>
  return %p : !moe.plan<4, slots<2>>
}
