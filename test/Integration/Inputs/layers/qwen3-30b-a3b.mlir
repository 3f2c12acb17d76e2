// qwen3-30b-a3b: hidden 2048, width 768, top 8 of 128, router softmax-normalised, body swiglu.
// Checked against: transformers 5.23, qwen3_moe.Qwen3MoeSparseMoeBlock.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x2048xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x2048xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<128x2048xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 1048576> : tensor<128x768x2048xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 806354944> : tensor<128x768x2048xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 1611661312> : tensor<128x2048x768xf32>
  %z = moe.logits %x, %router : tensor<?x2048xf32>, tensor<128x2048xf32> -> tensor<?x128xf32>
  %p = moe.route %z score <softmax> select <topk(8)> weight <scores, norm = sum(0.0, add)> : tensor<?x128xf32> -> !moe.plan<128, slots<8>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x2048xf32>, !moe.plan<128, slots<8>> -> !moe.rows<f32, 2048, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down : tensor<128x768x2048xf32>, tensor<128x768x2048xf32>, tensor<128x2048x768xf32>)
    table <[<ffn, 128, width = 768, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 2048, grouped>, !moe.plan<128, slots<8>> -> !moe.rows<f32, 2048, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 2048, grouped>, !moe.plan<128, slots<8>>, tensor<?x2048xf32> -> tensor<?x2048xf32>
  return %y : tensor<?x2048xf32>
}
