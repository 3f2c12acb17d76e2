// RUN: split-file %s %t
// RUN: moe-opt %t/graph.mlir --moe-verify-graph | FileCheck %s
// RUN: moe-opt %t/moe.mlir --moe-verify-moe | FileCheck %s
// RUN: moe-opt %t/target.mlir --moe-verify-target | FileCheck %s
// RUN: moe-opt %t/moe.mlir --convert-moe-to-linalg --moe-verify-moe | FileCheck %s
// RUN: not moe-opt %t/moe.mlir --moe-verify-graph 2>&1 | FileCheck %s --check-prefix=GRAPH
// RUN: not moe-opt %t/graph.mlir --moe-verify-moe 2>&1 | FileCheck %s --check-prefix=MOE
// RUN: not moe-opt %t/single-ops.mlir --moe-verify-moe 2>&1 | FileCheck %s --check-prefix=SINGLE
// RUN: not moe-opt %t/cast.mlir --moe-verify-moe 2>&1 | FileCheck %s --check-prefix=CAST
// RUN: not moe-opt %t/moe.mlir --moe-verify-target 2>&1 | FileCheck %s --check-prefix=TARGET

// A level that a module is at leaves it alone.
// CHECK: @main

// GRAPH: moe.mlir:2:{{[0-9]+}}: error: expects an op of level 'graph' (func, stablehlo, chlo, moe, moe_support), but got 'arith.constant'
// GRAPH-NOT: error:
// MOE: graph.mlir:2:{{[0-9]+}}: error: expects an op of level 'moe' (func, moe, moe_support, linalg, tensor, arith, math, scf, cf.assert, affine.apply, affine.min, affine.max), but got 'stablehlo.add'
// SINGLE: single-ops.mlir:5:{{[0-9]+}}: error: expects an op of level 'moe' ({{.*}}), but got 'cf.br'
// CAST: cast.mlir:2:{{[0-9]+}}: error: expects an op of level 'moe' ({{.*}}), but got 'builtin.unrealized_conversion_cast'
// TARGET: moe.mlir:1:{{[0-9]+}}: error: expects an op of level 'target' (llvm), but got 'func.func'

//--- graph.mlir
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = stablehlo.add %x, %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

//--- moe.mlir
func.func @main(%x: tensor<?x4xf32>, %w: tensor<6x4xf32>, %d: tensor<4x6xf32>) -> tensor<?x4xf32> {
  %true = arith.constant true
  cf.assert %true, "holds"
  %y = moe.ffn %x (%w, %d : tensor<6x4xf32>, tensor<4x6xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

//--- single-ops.mlir
func.func @main(%i: index) {
  %true = arith.constant true
  cf.assert %true, "holds"
  %j = affine.apply affine_map<(d0) -> (d0 * 2)>(%i)
  cf.br ^end
^end:
  return
}

//--- cast.mlir
func.func @main(%i: index) -> i64 {
  %j = builtin.unrealized_conversion_cast %i : index to i64
  return %j : i64
}

//--- target.mlir
module {
  llvm.func @main() {
    llvm.return
  }
}
