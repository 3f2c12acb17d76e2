// dots1: hidden 4096, width 1408, top 6 of 128, 2 shared of 1408, router sigmoid, body swiglu.
// Checked against: transformers 5.23, dots1.Dots1MoE.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x4096xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x4096xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<128x4096xf32>
  %bias = moe_support.weight #moe_support.external<"weights.bin", 2097152> : tensor<128xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 2097664> : tensor<128x1408x4096xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 2954887680> : tensor<128x1408x4096xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 5907677696> : tensor<128x4096x1408xf32>
  %shared_gate = moe_support.weight #moe_support.external<"weights.bin", 8860467712> : tensor<2x1408x4096xf32>
  %shared_up = moe_support.weight #moe_support.external<"weights.bin", 8906605056> : tensor<2x1408x4096xf32>
  %shared_down = moe_support.weight #moe_support.external<"weights.bin", 8952742400> : tensor<2x4096x1408xf32>
  %z = moe.logits %x, %router : tensor<?x4096xf32>, tensor<128x4096xf32> -> tensor<?x128xf32>
  %p = moe.route %z key_offset(%bias : tensor<128xf32>) score <sigmoid> select <topk(6)> weight <scores, norm = sum(1.0e-20, add), scale = 2.5> : tensor<?x128xf32> -> !moe.plan<128, slots<6>, always = 2>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4096xf32>, !moe.plan<128, slots<6>, always = 2> -> !moe.rows<f32, 4096, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down, %shared_gate, %shared_up, %shared_down : tensor<128x1408x4096xf32>, tensor<128x1408x4096xf32>, tensor<128x4096x1408xf32>, tensor<2x1408x4096xf32>, tensor<2x1408x4096xf32>, tensor<2x4096x1408xf32>)
    table <[<ffn, 128, width = 1408, body = <gated, silu>>, <ffn, 2, width = 1408, body = <gated, silu>, activation = always>]> apply <output> : !moe.rows<f32, 4096, grouped>, !moe.plan<128, slots<6>, always = 2> -> !moe.rows<f32, 4096, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4096, grouped>, !moe.plan<128, slots<6>, always = 2>, tensor<?x4096xf32> -> tensor<?x4096xf32>
  return %y : tensor<?x4096xf32>
}
