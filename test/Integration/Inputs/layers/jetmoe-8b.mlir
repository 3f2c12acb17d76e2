// jetmoe-8b: hidden 2048, width 5632, top 2 of 8, router picks, body swiglu.
// Checked against: transformers 5.23, jetmoe.JetMoeMoE.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x2048xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x2048xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<8x2048xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 65536> : tensor<8x5632x2048xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 369164288> : tensor<8x5632x2048xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 738263040> : tensor<8x2048x5632xf32>
  %out_bias = moe_support.weight #moe_support.external<"weights.bin", 1107361792> : tensor<2048xf32>
  %z = moe.logits %x, %router : tensor<?x2048xf32>, tensor<8x2048xf32> -> tensor<?x8xf32>
  %p = moe.route %z score <identity> select <topk(2), key = logits> weight <logits, norm = softmax> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x2048xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 2048, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down : tensor<8x5632x2048xf32>, tensor<8x5632x2048xf32>, tensor<8x2048x5632xf32>)
    table <[<ffn, 8, width = 5632, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 2048, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 2048, grouped>
  %y = moe.combine %h, %p, %x out_bias(%out_bias : tensor<2048xf32>) apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 2048, grouped>, !moe.plan<8, slots<2>>, tensor<?x2048xf32> -> tensor<?x2048xf32>
  return %y : tensor<?x2048xf32>
}
