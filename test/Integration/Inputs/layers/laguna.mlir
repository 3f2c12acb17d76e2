// laguna: hidden 2048, width 512, top 8 of 256, 1 shared of 512, router laguna, body swiglu.
// Note: the configuration's soft cap and scale were not in the sources: 30 and 1.
// Checked against: transformers 5.23, laguna.LagunaSparseMoeBlock.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x2048xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x2048xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<256x2048xf32>
  %bias = moe_support.weight #moe_support.external<"weights.bin", 2097152> : tensor<256xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 2098176> : tensor<256x512x2048xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 1075840000> : tensor<256x512x2048xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 2149581824> : tensor<256x2048x512xf32>
  %shared_gate = moe_support.weight #moe_support.external<"weights.bin", 3223323648> : tensor<1x512x2048xf32>
  %shared_up = moe_support.weight #moe_support.external<"weights.bin", 3227517952> : tensor<1x512x2048xf32>
  %shared_down = moe_support.weight #moe_support.external<"weights.bin", 3231712256> : tensor<1x2048x512xf32>
  %z = moe.logits %x, %router {softcap = 30.0} : tensor<?x2048xf32>, tensor<256x2048xf32> -> tensor<?x256xf32>
  %p = moe.route %z key_offset(%bias : tensor<256xf32>) score <sigmoid> select <topk(8)> weight <scores, norm = sum(0.0, add)> : tensor<?x256xf32> -> !moe.plan<256, slots<8>, always = 1>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x2048xf32>, !moe.plan<256, slots<8>, always = 1> -> !moe.rows<f32, 2048, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down, %shared_gate, %shared_up, %shared_down : tensor<256x512x2048xf32>, tensor<256x512x2048xf32>, tensor<256x2048x512xf32>, tensor<1x512x2048xf32>, tensor<1x512x2048xf32>, tensor<1x2048x512xf32>)
    table <[<ffn, 256, width = 512, body = <gated, silu>>, <ffn, 1, width = 512, body = <gated, silu>, activation = always>]> apply <output> : !moe.rows<f32, 2048, grouped>, !moe.plan<256, slots<8>, always = 1> -> !moe.rows<f32, 2048, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 2048, grouped>, !moe.plan<256, slots<8>, always = 1>, tensor<?x2048xf32> -> tensor<?x2048xf32>
  return %y : tensor<?x2048xf32>
}
