// glm-4.7-flash: hidden 2048, width 1536, top 4 of 64, 1 shared of 1536, router sigmoid, body swiglu.
// Checked against: transformers 5.23, glm4_moe_lite.Glm4MoeLiteMoE.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x2048xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x2048xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<64x2048xf32>
  %bias = moe_support.weight #moe_support.external<"weights.bin", 524288> : tensor<64xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 524544> : tensor<64x1536x2048xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 805830912> : tensor<64x1536x2048xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 1611137280> : tensor<64x2048x1536xf32>
  %shared_gate = moe_support.weight #moe_support.external<"weights.bin", 2416443648> : tensor<1x1536x2048xf32>
  %shared_up = moe_support.weight #moe_support.external<"weights.bin", 2429026560> : tensor<1x1536x2048xf32>
  %shared_down = moe_support.weight #moe_support.external<"weights.bin", 2441609472> : tensor<1x2048x1536xf32>
  %z = moe.logits %x, %router : tensor<?x2048xf32>, tensor<64x2048xf32> -> tensor<?x64xf32>
  %p = moe.route %z key_offset(%bias : tensor<64xf32>) score <sigmoid> select <topk(4)> weight <scores, norm = sum(1.0e-20, add), scale = 1.8> : tensor<?x64xf32> -> !moe.plan<64, slots<4>, always = 1>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x2048xf32>, !moe.plan<64, slots<4>, always = 1> -> !moe.rows<f32, 2048, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down, %shared_gate, %shared_up, %shared_down : tensor<64x1536x2048xf32>, tensor<64x1536x2048xf32>, tensor<64x2048x1536xf32>, tensor<1x1536x2048xf32>, tensor<1x1536x2048xf32>, tensor<1x2048x1536xf32>)
    table <[<ffn, 64, width = 1536, body = <gated, silu>>, <ffn, 1, width = 1536, body = <gated, silu>, activation = always>]> apply <output> : !moe.rows<f32, 2048, grouped>, !moe.plan<64, slots<4>, always = 1> -> !moe.rows<f32, 2048, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 2048, grouped>, !moe.plan<64, slots<4>, always = 1>, tensor<?x2048xf32> -> tensor<?x2048xf32>
  return %y : tensor<?x2048xf32>
}
