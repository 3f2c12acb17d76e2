// deepseek-v2-lite: hidden 2048, width 1408, top 6 of 64, 2 shared of 1408, router softmax, body swiglu.
// Checked against: transformers 5.23, deepseek_v2.DeepseekV2Moe.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x2048xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x2048xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<64x2048xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 524288> : tensor<64x1408x2048xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 738721792> : tensor<64x1408x2048xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 1476919296> : tensor<64x2048x1408xf32>
  %shared_gate = moe_support.weight #moe_support.external<"weights.bin", 2215116800> : tensor<2x1408x2048xf32>
  %shared_up = moe_support.weight #moe_support.external<"weights.bin", 2238185472> : tensor<2x1408x2048xf32>
  %shared_down = moe_support.weight #moe_support.external<"weights.bin", 2261254144> : tensor<2x2048x1408xf32>
  %z = moe.logits %x, %router : tensor<?x2048xf32>, tensor<64x2048xf32> -> tensor<?x64xf32>
  %p = moe.route %z score <softmax> select <topk(6)> weight <scores> : tensor<?x64xf32> -> !moe.plan<64, slots<6>, always = 2>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x2048xf32>, !moe.plan<64, slots<6>, always = 2> -> !moe.rows<f32, 2048, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down, %shared_gate, %shared_up, %shared_down : tensor<64x1408x2048xf32>, tensor<64x1408x2048xf32>, tensor<64x2048x1408xf32>, tensor<2x1408x2048xf32>, tensor<2x1408x2048xf32>, tensor<2x2048x1408xf32>)
    table <[<ffn, 64, width = 1408, body = <gated, silu>>, <ffn, 2, width = 1408, body = <gated, silu>, activation = always>]> apply <output> : !moe.rows<f32, 2048, grouped>, !moe.plan<64, slots<6>, always = 2> -> !moe.rows<f32, 2048, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 2048, grouped>, !moe.plan<64, slots<6>, always = 2>, tensor<?x2048xf32> -> tensor<?x2048xf32>
  return %y : tensor<?x2048xf32>
}
