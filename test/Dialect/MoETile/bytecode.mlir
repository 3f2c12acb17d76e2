// Bytecode is the same bytes each time, round-trips, and is refused where a newer moec wrote it.
// RUN: moe-opt %S/Inputs/layer.mlir --emit-bytecode -o %t.bc
// RUN: moe-opt %S/Inputs/layer.mlir --emit-bytecode -o %t.again.bc
// RUN: cmp %t.bc %t.again.bc
// RUN: moe-opt %t.bc -o %t.round.mlir
// RUN: moe-opt %S/Inputs/layer.mlir -o %t.text.mlir
// RUN: diff %t.round.mlir %t.text.mlir
// RUN: %python %S/../MoE/Inputs/raise_version.py %t.bc %t.new.bc
// RUN: not moe-opt %t.new.bc 2>&1 | FileCheck %s

// CHECK: error: expects 'moe_tile' bytecode of version 2 or older, but got version 3; read it with a newer moec
