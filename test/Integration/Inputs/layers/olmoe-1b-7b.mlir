// olmoe-1b-7b: hidden 2048, width 1024, top 8 of 64, router softmax, body swiglu.
// Checked against: transformers 5.23, olmoe.OlmoeSparseMoeBlock.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x2048xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x2048xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<64x2048xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 524288> : tensor<64x1024x2048xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 537395200> : tensor<64x1024x2048xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 1074266112> : tensor<64x2048x1024xf32>
  %z = moe.logits %x, %router : tensor<?x2048xf32>, tensor<64x2048xf32> -> tensor<?x64xf32>
  %p = moe.route %z score <softmax> select <topk(8)> weight <scores> : tensor<?x64xf32> -> !moe.plan<64, slots<8>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x2048xf32>, !moe.plan<64, slots<8>> -> !moe.rows<f32, 2048, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down : tensor<64x1024x2048xf32>, tensor<64x1024x2048xf32>, tensor<64x2048x1024xf32>)
    table <[<ffn, 64, width = 1024, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 2048, grouped>, !moe.plan<64, slots<8>> -> !moe.rows<f32, 2048, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 2048, grouped>, !moe.plan<64, slots<8>>, tensor<?x2048xf32> -> tensor<?x2048xf32>
  return %y : tensor<?x2048xf32>
}
