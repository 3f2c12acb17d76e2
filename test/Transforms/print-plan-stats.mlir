// RUN: moe-opt %s --moe-print-plan-stats --convert-moe-to-linalg | %run_linalg | FileCheck %s
// RUN: moe-opt %s --moe-print-plan-stats=format=json --convert-moe-to-linalg | %run_linalg | %python -B %S/Inputs/plan_stats_report.py | FileCheck %s --check-prefix=JSON
// RUN: moe-opt %s --moe-print-plan-stats | FileCheck %s --check-prefix=IR

// JSON: 2 reports agree

// CHECK: plan stats of main, route 0: 4 units, 6 entries, 2 dropped, entropy 1.329
// CHECK-NEXT: expert 0: load 1, dropped 0
// CHECK-NEXT: expert 1: load 2, dropped 1
// CHECK-NEXT: expert 2: load 2, dropped 1
// CHECK-NEXT: expert 3: load 1, dropped 0
// CHECK-NEXT: plan stats of main, route 1 of layer 7: 4 units, 8 entries, 0 dropped, entropy 1.255
// CHECK-NEXT: expert 0: load 1, dropped 0
// CHECK-NEXT: expert 1: load 3, dropped 0
func.func @main() {
  %logits = arith.constant dense<[[0.0, 5.0, 4.0, 1.0], [0.0, 5.0, 4.0, 1.0], [0.0, 5.0, 4.0, 1.0], [9.0, 0.0, 0.0, 8.0]]> : tensor<4x4xf32>
  // IR: %[[P:.*]] = moe.route
  // IR: moe.plan_stats %[[P]] stage <before> counted <entries>
  // IR: moe.plan_stats %[[P]] stage <after> counted <entries>
  %p = moe.route %logits score <softmax> select <topk(2), key = scores> weight <scores> capacity <limit, count = <2>, priority = unit_major, overflow = zero>
    : tensor<4x4xf32> -> !moe.plan<4, slots<2>>
  %q = moe.layer 7 : !moe.plan<4, slots<2>> {
    %r = moe.route %logits score <softmax> select <topk(2), key = scores> weight <scores> : tensor<4x4xf32> -> !moe.plan<4, slots<2>>
    moe.yield %r : !moe.plan<4, slots<2>>
  }
  return
}
