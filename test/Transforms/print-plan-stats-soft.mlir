// RUN: moe-opt %s --moe-print-plan-stats --remarks-filter='moe-print-plan-stats' --verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func @a_soft_plan_has_no_entries
// CHECK-NOT: moe.plan_stats
func.func @a_soft_plan_has_no_entries(%z: tensor<?x4xf32>) -> !moe.plan<4, soft<1>> {
  // expected-remark @+1 {{a soft plan has no entries}}
  %p = moe.route %z score <identity> select <soft_slots(1), key = logits> weight <policy> : tensor<?x4xf32> -> !moe.plan<4, soft<1>>
  return %p : !moe.plan<4, soft<1>>
}
