// ernie-4.5-21b-a3b: hidden 2560, width 1536, top 6 of 64, 2 shared of 1536, router ernie, body swiglu.
// Checked against: transformers 5.23, ernie4_5_moe.Ernie4_5_MoeSparseMoeBlock.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x2560xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x2560xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<64x2560xf32>
  %bias = moe_support.weight #moe_support.external<"weights.bin", 655360> : tensor<64xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 655616> : tensor<64x1536x2560xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 1007288576> : tensor<64x1536x2560xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 2013921536> : tensor<64x2560x1536xf32>
  %shared_gate = moe_support.weight #moe_support.external<"weights.bin", 3020554496> : tensor<2x1536x2560xf32>
  %shared_up = moe_support.weight #moe_support.external<"weights.bin", 3052011776> : tensor<2x1536x2560xf32>
  %shared_down = moe_support.weight #moe_support.external<"weights.bin", 3083469056> : tensor<2x2560x1536xf32>
  %z = moe.logits %x, %router : tensor<?x2560xf32>, tensor<64x2560xf32> -> tensor<?x64xf32>
  %p = moe.route %z key_offset(%bias : tensor<64xf32>) score <softmax> select <topk(6)> weight <scores, norm = sum(1.0e-12, clamp)> : tensor<?x64xf32> -> !moe.plan<64, slots<6>, always = 2>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x2560xf32>, !moe.plan<64, slots<6>, always = 2> -> !moe.rows<f32, 2560, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down, %shared_gate, %shared_up, %shared_down : tensor<64x1536x2560xf32>, tensor<64x1536x2560xf32>, tensor<64x2560x1536xf32>, tensor<2x1536x2560xf32>, tensor<2x1536x2560xf32>, tensor<2x2560x1536xf32>)
    table <[<ffn, 64, width = 1536, body = <gated, silu>>, <ffn, 2, width = 1536, body = <gated, silu>, activation = always>]> apply <output> : !moe.rows<f32, 2560, grouped>, !moe.plan<64, slots<6>, always = 2> -> !moe.rows<f32, 2560, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 2560, grouped>, !moe.plan<64, slots<6>, always = 2>, tensor<?x2560xf32> -> tensor<?x2560xf32>
  return %y : tensor<?x2560xf32>
}
