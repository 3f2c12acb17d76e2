// The committed graphs are sound; the tile level holds no op of another one.
// RUN: moe-opt %S/../Dialect/MoETile/Inputs/layer.mlir --moe-verify-tile | FileCheck %s --check-prefix=SOUND
// RUN: moe-opt %S/../Dialect/MoETile/Inputs/fused.mlir --moe-verify-tile | FileCheck %s --check-prefix=SOUND
// RUN: moe-opt %S/../Dialect/MoETile/Inputs/exchange.mlir --moe-verify-tile | FileCheck %s --check-prefix=SOUND
// RUN: moe-opt %S/../Dialect/MoETile/Inputs/ring.mlir --moe-verify-tile | FileCheck %s --check-prefix=SOUND
// RUN: moe-opt %S/../Dialect/MoETile/Inputs/sweep.mlir --moe-verify-tile | FileCheck %s --check-prefix=SOUND
// RUN: moe-opt %S/../Dialect/MoETile/Inputs/batches.mlir --moe-verify-tile | FileCheck %s --check-prefix=SOUND
// RUN: moe-opt %s --verify-diagnostics --moe-verify-tile

// SOUND: moe_tile.graph
func.func @a_plan_is_of_the_level_above(%z: tensor<?x8xf32>) {
  // expected-error @+1 {{expects an op of level 'tile' (func, moe_tile, moe_support, linalg, tensor, memref, vector, bufferization, arith, math, scf, cf.assert, affine.apply, affine.min, affine.max), but got 'moe.route'}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return
}
