// The tile level: with one graph per layer, and without where that is asked for. What is printed is read back.
// RUN: moe-opt %s --pass-pipeline='builtin.module(moe-tile-pipeline)' | FileCheck %s --check-prefixes=TILE,FUSED
// RUN: moe-opt %s --pass-pipeline='builtin.module(moe-tile-pipeline{schedule=unfused})' | FileCheck %s --check-prefixes=TILE,UNFUSED
// RUN: moe-compile %s --start-from=moe --stop-after=tile -o %t.mlir
// RUN: FileCheck %s --check-prefixes=TILE,FUSED < %t.mlir
// RUN: moe-compile %t.mlir --start-from=tile --stop-after=target -o %t.once.mlir
// RUN: moe-compile %s --start-from=moe --schedule=fused --stop-after=target -o %t.twice.mlir
// RUN: diff %t.once.mlir %t.twice.mlir
// RUN: FileCheck %s --check-prefix=TARGET < %t.once.mlir
// RUN: FileCheck %s --check-prefix=ORDER --implicit-check-not='atomicrmw {{.*}} {{monotonic|acquire|release}}' < %t.once.mlir

// What tokens order is ordered in the end: an arrival releases what was done before it (and is claimed by the same instruction that claims tickets), a wait acquires it.
// ORDER: llvm.load %{{.*}} atomic acquire {alignment = 8 : i64}
// ORDER: llvm.atomicrmw add %{{.*}}, %{{.*}} acq_rel : !llvm.ptr, i64

// TILE: func.func @main
// FUSED: moe_tile.graph experts 2 schedule <ticket sweep = [0, 1, 3]>
// UNFUSED-NOT: moe_tile
// UNFUSED: linalg.matmul
// TARGET-DAG: llvm.call @moe_parallel_for
// TARGET-DAG: llvm.atomicrmw add {{.*}} acq_rel
func.func @main(%x: tensor<?x16xf32> {moe.name = "x"}, %z: tensor<?x2xf32> {moe.name = "z"}) -> (tensor<?x16xf32> {moe.name = "y"}) {
  %u = moe_support.weight dense<0.5> : tensor<2x32x16xf32>
  %d = moe_support.weight dense<0.25> : tensor<2x16x32xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x16xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 16, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<2x32x16xf32>, tensor<2x16x32xf32>) table <[<ffn, 2, width = 32, body = <ungated, relu>>]> apply <output>
    : !moe.rows<f32, 16, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 16, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc>
    : !moe.rows<f32, 16, grouped>, !moe.plan<2, slots<1>>, tensor<?x16xf32> -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}
