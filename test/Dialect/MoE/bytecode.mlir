// Bytecode is the same bytes each time, has no text of attributes and types, round-trips, and is refused where a newer moec wrote it.
// RUN: moe-opt %s --emit-bytecode -o %t.bc
// RUN: moe-opt %s --emit-bytecode -o %t.again.bc
// RUN: cmp %t.bc %t.again.bc
// RUN: not grep -q "softmax\|slots" %t.bc
// RUN: moe-opt %t.bc --emit-bytecode -o %t.round.bc
// RUN: moe-opt %t.round.bc | FileCheck %s
// RUN: %python %S/Inputs/raise_version.py %t.bc %t.new.bc
// RUN: not moe-opt %t.new.bc 2>&1 | FileCheck %s --check-prefix=NEWER

// CHECK-LABEL: func.func @route
// CHECK-SAME: %[[Z:.*]]: tensor<?x8xf32>
func.func @route(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // CHECK: moe.route %[[Z]] score <softmax> select <topk(2), key = scores> weight <scores, scale = 2.000000e+00>
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores, scale = 2.0> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

// NEWER: error: expects 'moe' bytecode of version [[#VERSION:]] or older
// NEWER-SAME: , but got version [[#VERSION + 1]]; read it with a newer moec
