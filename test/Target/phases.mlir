// The names of the ops at the target level, without their number.
// RUN: moe-opt %s --pass-pipeline='builtin.module(moe-target-pipeline{vector-bits=512 vector-registers=32},print-op-stats)' -o /dev/null 2>&1 | FileCheck %s

// CHECK: builtin.module
// CHECK-NOT: {{arith|memref|scf|cf|func|linalg|tensor|vector|math|affine|bufferization|builtin}}{{ *}},
// CHECK: llvm.add
// CHECK: llvm.alloca
// CHECK: llvm.call
// CHECK: llvm.func
// CHECK: llvm.intr.fma
// CHECK: llvm.intr.masked.load
// CHECK: llvm.intr.masked.store

func.func @main(%x: tensor<?x64xf32>, %w: tensor<64x64xf32>) -> tensor<?x64xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %m = tensor.dim %x, %c0 : tensor<?x64xf32>
  %empty = tensor.empty(%m) : tensor<?x64xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x64xf32>) -> tensor<?x64xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x64xf32>, tensor<64x64xf32>) outs(%init : tensor<?x64xf32>) -> tensor<?x64xf32>
  %z = linalg.exp ins(%y : tensor<?x64xf32>) outs(%empty : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %z : tensor<?x64xf32>
}
