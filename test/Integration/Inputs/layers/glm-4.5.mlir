// glm-4.5: hidden 5120, width 1536, top 8 of 160, 1 shared of 1536, router sigmoid, body swiglu.
// Checked against: transformers 5.23, glm4_moe.Glm4MoeMoE.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x5120xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x5120xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<160x5120xf32>
  %bias = moe_support.weight #moe_support.external<"weights.bin", 3276800> : tensor<160xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 3277440> : tensor<160x1536x5120xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 5036442240> : tensor<160x1536x5120xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 10069607040> : tensor<160x5120x1536xf32>
  %shared_gate = moe_support.weight #moe_support.external<"weights.bin", 15102771840> : tensor<1x1536x5120xf32>
  %shared_up = moe_support.weight #moe_support.external<"weights.bin", 15134229120> : tensor<1x1536x5120xf32>
  %shared_down = moe_support.weight #moe_support.external<"weights.bin", 15165686400> : tensor<1x5120x1536xf32>
  %z = moe.logits %x, %router : tensor<?x5120xf32>, tensor<160x5120xf32> -> tensor<?x160xf32>
  %p = moe.route %z key_offset(%bias : tensor<160xf32>) score <sigmoid> select <topk(8)> weight <scores, norm = sum(1.0e-20, add), scale = 2.5> : tensor<?x160xf32> -> !moe.plan<160, slots<8>, always = 1>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x5120xf32>, !moe.plan<160, slots<8>, always = 1> -> !moe.rows<f32, 5120, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down, %shared_gate, %shared_up, %shared_down : tensor<160x1536x5120xf32>, tensor<160x1536x5120xf32>, tensor<160x5120x1536xf32>, tensor<1x1536x5120xf32>, tensor<1x1536x5120xf32>, tensor<1x5120x1536xf32>)
    table <[<ffn, 160, width = 1536, body = <gated, silu>>, <ffn, 1, width = 1536, body = <gated, silu>, activation = always>]> apply <output> : !moe.rows<f32, 5120, grouped>, !moe.plan<160, slots<8>, always = 1> -> !moe.rows<f32, 5120, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 5120, grouped>, !moe.plan<160, slots<8>, always = 1>, tensor<?x5120xf32> -> tensor<?x5120xf32>
  return %y : tensor<?x5120xf32>
}
