// minimax-m3: hidden 6144, width 3072, top 4 of 128, 1 shared of 3072, router sigmoid, body clamped-silu.
// Checked against: transformers 5.23, minimax_m3_vl.MiniMaxM3VLSparseMoeBlock.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x6144xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x6144xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<128x6144xf32>
  %bias = moe_support.weight #moe_support.external<"weights.bin", 3145728> : tensor<128xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 3146240> : tensor<128x3072x6144xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 9666822656> : tensor<128x3072x6144xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 19330499072> : tensor<128x6144x3072xf32>
  %shared_gate = moe_support.weight #moe_support.external<"weights.bin", 28994175488> : tensor<1x3072x6144xf32>
  %shared_up = moe_support.weight #moe_support.external<"weights.bin", 29069672960> : tensor<1x3072x6144xf32>
  %shared_down = moe_support.weight #moe_support.external<"weights.bin", 29145170432> : tensor<1x6144x3072xf32>
  %z = moe.logits %x, %router : tensor<?x6144xf32>, tensor<128x6144xf32> -> tensor<?x128xf32>
  %p = moe.route %z key_offset(%bias : tensor<128xf32>) score <sigmoid> select <topk(4)> weight <scores, norm = sum(1.0e-20, add), scale = 2.0> : tensor<?x128xf32> -> !moe.plan<128, slots<4>, always = 1>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x6144xf32>, !moe.plan<128, slots<4>, always = 1> -> !moe.rows<f32, 6144, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down, %shared_gate, %shared_up, %shared_down : tensor<128x3072x6144xf32>, tensor<128x3072x6144xf32>, tensor<128x6144x3072xf32>, tensor<1x3072x6144xf32>, tensor<1x3072x6144xf32>, tensor<1x6144x3072xf32>)
    table <[<ffn, 128, width = 3072, body = <gated, silu, alpha = 1.702, gate_hi = 7.0, up_lo = -7.0, up_hi = 7.0, up_offset = 1.0>>, <ffn, 1, width = 3072, body = <gated, silu, alpha = 1.702, gate_hi = 7.0, up_lo = -7.0, up_hi = 7.0, up_offset = 1.0>, activation = always>]> apply <output> : !moe.rows<f32, 6144, grouped>, !moe.plan<128, slots<4>, always = 1> -> !moe.rows<f32, 6144, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 6144, grouped>, !moe.plan<128, slots<4>, always = 1>, tensor<?x6144xf32> -> tensor<?x6144xf32>
  return %y : tensor<?x6144xf32>
}
