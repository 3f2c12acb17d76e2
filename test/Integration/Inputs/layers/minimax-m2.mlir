// minimax-m2: hidden 3072, width 1536, top 8 of 256, router sigmoid, body swiglu.
// Checked against: transformers 5.23, minimax_m2.MiniMaxM2SparseMoeBlock.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x3072xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x3072xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<256x3072xf32>
  %bias = moe_support.weight #moe_support.external<"weights.bin", 3145728> : tensor<256xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 3146752> : tensor<256x1536x3072xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 4834984960> : tensor<256x1536x3072xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 9666823168> : tensor<256x3072x1536xf32>
  %z = moe.logits %x, %router : tensor<?x3072xf32>, tensor<256x3072xf32> -> tensor<?x256xf32>
  %p = moe.route %z key_offset(%bias : tensor<256xf32>) score <sigmoid> select <topk(8)> weight <scores, norm = sum(1.0e-20, add)> : tensor<?x256xf32> -> !moe.plan<256, slots<8>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x3072xf32>, !moe.plan<256, slots<8>> -> !moe.rows<f32, 3072, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down : tensor<256x1536x3072xf32>, tensor<256x1536x3072xf32>, tensor<256x3072x1536xf32>)
    table <[<ffn, 256, width = 1536, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 3072, grouped>, !moe.plan<256, slots<8>> -> !moe.rows<f32, 3072, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 3072, grouped>, !moe.plan<256, slots<8>>, tensor<?x3072xf32> -> tensor<?x3072xf32>
  return %y : tensor<?x3072xf32>
}
