// RUN: moe-opt %s --moe-approximate-math | FileCheck %s --check-prefixes=CHECK,F16C
// RUN: moe-opt %s --moe-approximate-math=f16-conversions=false | FileCheck %s --check-prefixes=CHECK,OLD

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

// Not every CPU computes in bf16: each result is rounded by itself.
// CHECK-LABEL: func.func @computes_in_f32
func.func @computes_in_f32(%x: vector<4xbf16>, %y: vector<4xbf16>, %i: i32) -> (vector<4xbf16>, bf16, i1) {
  // CHECK: %[[PRODUCT:.+]] = arith.mulf %{{.+}}, %{{.+}} : vector<4xf32>
  // CHECK-NOT: math.sqrt %[[PRODUCT]]
  // CHECK: math.sqrt %{{.+}} : vector<4xf32>
  // CHECK: arith.sitofp %{{.+}} : i32 to f32
  // CHECK: arith.cmpf ogt, %{{.+}}, %{{.+}} : f32
  // CHECK-NOT: arith.truncf
  %0 = arith.mulf %x, %y : vector<4xbf16>
  %1 = math.sqrt %0 : vector<4xbf16>
  %2 = arith.sitofp %i : i32 to bf16
  %zero = arith.constant 0.0 : bf16
  %3 = arith.cmpf ogt, %2, %zero : bf16
  return %1, %2, %3 : vector<4xbf16>, bf16, i1
}

// f64 goes by f32 everywhere, f16 by integers where no instruction converts it; what only moves bits stays.
// CHECK-LABEL: func.func @half
// CHECK-SAME:  %[[X:[a-z0-9]+]]: vector<4xf64>, %[[H:[a-z0-9]+]]: vector<4xf16>
func.func @half(%x: vector<4xf64>, %h: vector<4xf16>) -> (vector<4xf16>, vector<4xf64>, vector<4xf16>) {
  // CHECK:     arith.truncf %[[X]] : vector<4xf64> to vector<4xf32>
  // F16C:      arith.truncf {{.+}} : vector<4xf32> to vector<4xf16>
  // F16C:      arith.extf %[[H]] : vector<4xf16> to vector<4xf64>
  // F16C:      arith.negf %[[H]] : vector<4xf16>
  // OLD-NOT:   to vector<4xf16>
  // OLD:       arith.bitcast {{.+}} : vector<4xi16> to vector<4xf16>
  // OLD:       arith.bitcast %[[H]] : vector<4xf16> to vector<4xi16>
  // OLD:       arith.extf {{.+}} : vector<4xf32> to vector<4xf64>
  // OLD:       arith.negf %[[H]] : vector<4xf16>
  %0 = arith.truncf %x : vector<4xf64> to vector<4xf16>
  %1 = arith.extf %h : vector<4xf16> to vector<4xf64>
  %2 = arith.negf %h : vector<4xf16>
  return %0, %1, %2 : vector<4xf16>, vector<4xf64>, vector<4xf16>
}
