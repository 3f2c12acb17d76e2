// RUN: moe-opt %s --canonicalize | FileCheck %s

// What holds is not checked; what fails stays.
// CHECK-LABEL: func.func @known
func.func @known() {
  %true = arith.constant true
  %false = arith.constant false
  // CHECK: %[[FALSE:.*]] = arith.constant false
  // CHECK-NEXT: moe_support.require %[[FALSE]], "second"
  // CHECK-NEXT: return
  moe_support.require %true, "first"
  moe_support.require %false, "second"
  return
}
