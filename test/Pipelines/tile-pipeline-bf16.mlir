// A graph's weights lie as the target's instructions take them, like those of a layer without one.
// RUN: moe-opt %s --pass-pipeline='builtin.module(moe-tile-pipeline{schedule=fused vector-bits=512 vector-registers=32 bf16-dot=true})' | FileCheck %s --check-prefix=PAIRS
// RUN: moe-opt %s --pass-pipeline='builtin.module(moe-tile-pipeline{schedule=fused vector-bits=512 vector-registers=32})' | FileCheck %s --check-prefix=PLAIN

// PAIRS: moe_tile.buffer input @up : experts x 64 by 64 x 8 x 64 x 2 x bf16 in device
// PLAIN: moe_tile.buffer input @up : experts x 64 by 64 x 16 x 64 x bf16 in device
func.func @main(%x: tensor<?x16xbf16> {moe.name = "x"}, %z: tensor<?x2xf32> {moe.name = "z"}) -> (tensor<?x16xbf16> {moe.name = "y"}) {
  %u = moe_support.weight dense<0.5> : tensor<2x64x16xbf16>
  %d = moe_support.weight dense<0.25> : tensor<2x16x64xbf16>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x16xbf16>, !moe.plan<2, slots<1>> -> !moe.rows<bf16, 16, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<2x64x16xbf16>, tensor<2x16x64xbf16>) table <[<ffn, 2, width = 64, body = <ungated, relu>>]> apply <output>
    : !moe.rows<bf16, 16, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<bf16, 16, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc>
    : !moe.rows<bf16, 16, grouped>, !moe.plan<2, slots<1>>, tensor<?x16xbf16> -> tensor<?x16xbf16>
  return %y : tensor<?x16xbf16>
}
