// longcat-flash: hidden 6144, width 2048, top 12 of 512 and 256 copies, router longcat, body swiglu.
// Checked against: transformers 5.23, longcat_flash.LongcatFlashMoE.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x6144xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x6144xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<768x6144xf32>
  %bias = moe_support.weight #moe_support.external<"weights.bin", 18874368> : tensor<768xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 18877440> : tensor<512x2048x6144xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 25788681216> : tensor<512x2048x6144xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 51558484992> : tensor<512x6144x2048xf32>
  %z = moe.logits %x, %router : tensor<?x6144xf32>, tensor<768x6144xf32> -> tensor<?x768xf32>
  %p = moe.route %z key_offset(%bias : tensor<768xf32>) score <softmax> select <topk(12)> weight <scores, scale = 6.0> : tensor<?x768xf32> -> !moe.plan<768, slots<12>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x6144xf32>, !moe.plan<768, slots<12>> -> !moe.rows<f32, 6144, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down : tensor<512x2048x6144xf32>, tensor<512x2048x6144xf32>, tensor<512x6144x2048xf32>)
    table <[<ffn, 512, width = 2048, body = <gated, silu>>, <copy, 256>]> apply <output> : !moe.rows<f32, 6144, grouped>, !moe.plan<768, slots<12>> -> !moe.rows<f32, 6144, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 6144, grouped>, !moe.plan<768, slots<12>>, tensor<?x6144xf32> -> tensor<?x6144xf32>
  return %y : tensor<?x6144xf32>
}
