// kimi-k2: hidden 7168, width 2048, top 8 of 384, 1 shared of 2048, router sigmoid, body swiglu.
// Checked against: transformers 5.23, deepseek_v3.DeepseekV3MoE.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x7168xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x7168xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<384x7168xf32>
  %bias = moe_support.weight #moe_support.external<"weights.bin", 11010048> : tensor<384xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 11011584> : tensor<384x2048x7168xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 22559589888> : tensor<384x2048x7168xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 45108168192> : tensor<384x7168x2048xf32>
  %shared_gate = moe_support.weight #moe_support.external<"weights.bin", 67656746496> : tensor<1x2048x7168xf32>
  %shared_up = moe_support.weight #moe_support.external<"weights.bin", 67715466752> : tensor<1x2048x7168xf32>
  %shared_down = moe_support.weight #moe_support.external<"weights.bin", 67774187008> : tensor<1x7168x2048xf32>
  %z = moe.logits %x, %router : tensor<?x7168xf32>, tensor<384x7168xf32> -> tensor<?x384xf32>
  %p = moe.route %z key_offset(%bias : tensor<384xf32>) score <sigmoid> select <topk(8)> weight <scores, norm = sum(1.0e-20, add), scale = 2.827> : tensor<?x384xf32> -> !moe.plan<384, slots<8>, always = 1>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x7168xf32>, !moe.plan<384, slots<8>, always = 1> -> !moe.rows<f32, 7168, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down, %shared_gate, %shared_up, %shared_down : tensor<384x2048x7168xf32>, tensor<384x2048x7168xf32>, tensor<384x7168x2048xf32>, tensor<1x2048x7168xf32>, tensor<1x2048x7168xf32>, tensor<1x7168x2048xf32>)
    table <[<ffn, 384, width = 2048, body = <gated, silu>>, <ffn, 1, width = 2048, body = <gated, silu>, activation = always>]> apply <output> : !moe.rows<f32, 7168, grouped>, !moe.plan<384, slots<8>, always = 1> -> !moe.rows<f32, 7168, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 7168, grouped>, !moe.plan<384, slots<8>, always = 1>, tensor<?x7168xf32> -> tensor<?x7168xf32>
  return %y : tensor<?x7168xf32>
}
