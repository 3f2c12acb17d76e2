// RUN: moe-opt %s --convert-moe-to-linalg --verify-diagnostics

// (verify_moe_c4)
func.func @what_was_before_capacity_is_known_of_a_route(%p: !moe.plan<8, slots<2>>) -> tensor<8xi32> {
  // expected-error @+1 {{expects 'stage <before>' of the plan of a 'moe.route', but got another plan}}
  %c, %n = moe.plan_stats %p stage <before> counted <entries> : !moe.plan<8, slots<2>> -> tensor<8xi32>, tensor<i32>
  return %c : tensor<8xi32>
}
