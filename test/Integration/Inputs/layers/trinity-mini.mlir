// trinity-mini: hidden 2048, width 1024, top 8 of 128, 1 shared of 1024, router sigmoid, body swiglu.
// Checked against: transformers 5.23, afmoe.AfmoeSparseMoeBlock.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x2048xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x2048xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<128x2048xf32>
  %bias = moe_support.weight #moe_support.external<"weights.bin", 1048576> : tensor<128xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 1049088> : tensor<128x1024x2048xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 1074790912> : tensor<128x1024x2048xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 2148532736> : tensor<128x2048x1024xf32>
  %shared_gate = moe_support.weight #moe_support.external<"weights.bin", 3222274560> : tensor<1x1024x2048xf32>
  %shared_up = moe_support.weight #moe_support.external<"weights.bin", 3230663168> : tensor<1x1024x2048xf32>
  %shared_down = moe_support.weight #moe_support.external<"weights.bin", 3239051776> : tensor<1x2048x1024xf32>
  %z = moe.logits %x, %router : tensor<?x2048xf32>, tensor<128x2048xf32> -> tensor<?x128xf32>
  %p = moe.route %z key_offset(%bias : tensor<128xf32>) score <sigmoid> select <topk(8)> weight <scores, norm = sum(1.0e-20, add), scale = 2.826> : tensor<?x128xf32> -> !moe.plan<128, slots<8>, always = 1>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x2048xf32>, !moe.plan<128, slots<8>, always = 1> -> !moe.rows<f32, 2048, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down, %shared_gate, %shared_up, %shared_down : tensor<128x1024x2048xf32>, tensor<128x1024x2048xf32>, tensor<128x2048x1024xf32>, tensor<1x1024x2048xf32>, tensor<1x1024x2048xf32>, tensor<1x2048x1024xf32>)
    table <[<ffn, 128, width = 1024, body = <gated, silu>>, <ffn, 1, width = 1024, body = <gated, silu>, activation = always>]> apply <output> : !moe.rows<f32, 2048, grouped>, !moe.plan<128, slots<8>, always = 1> -> !moe.rows<f32, 2048, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 2048, grouped>, !moe.plan<128, slots<8>, always = 1>, tensor<?x2048xf32> -> tensor<?x2048xf32>
  return %y : tensor<?x2048xf32>
}
