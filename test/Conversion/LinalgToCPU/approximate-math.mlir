// RUN: moe-opt %s --moe-approximate-math | FileCheck %s

// CHECK-LABEL: func.func @expands
func.func @expands(%x: f32, %h: f16) -> (f32, f32, f16) {
  // CHECK-NOT: math.exp
  // CHECK-NOT: math.tanh
  %0 = math.exp %x : f32
  %1 = math.tanh %x : f32
  %2 = math.exp %h : f16
  // CHECK: return
  return %0, %1, %2 : f32, f32, f16
}

// Exact for large arguments only in the C library.
// CHECK-LABEL: func.func @stays
func.func @stays(%x: f32, %y: f64) -> (f32, f64) {
  // CHECK: math.sin
  // CHECK: math.exp
  %0 = math.sin %x : f32
  %1 = math.exp %y : f64
  return %0, %1 : f32, f64
}
