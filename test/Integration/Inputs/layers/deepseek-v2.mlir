// deepseek-v2: hidden 5120, width 1536, top 6 of 160, 2 shared of 1536, router deepseek-v2, body swiglu.
// Checked against: transformers 5.23, deepseek_v2.DeepseekV2Moe.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x5120xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x5120xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<160x5120xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 3276800> : tensor<160x1536x5120xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 5036441600> : tensor<160x1536x5120xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 10069606400> : tensor<160x5120x1536xf32>
  %shared_gate = moe_support.weight #moe_support.external<"weights.bin", 15102771200> : tensor<2x1536x5120xf32>
  %shared_up = moe_support.weight #moe_support.external<"weights.bin", 15165685760> : tensor<2x1536x5120xf32>
  %shared_down = moe_support.weight #moe_support.external<"weights.bin", 15228600320> : tensor<2x5120x1536xf32>
  %z = moe.logits %x, %router : tensor<?x5120xf32>, tensor<160x5120xf32> -> tensor<?x160xf32>
  %p = moe.route %z score <softmax> group_filter <8, keep = 3, group_score = max, fill = zero> select <topk(6)> weight <scores, scale = 16.0> : tensor<?x160xf32> -> !moe.plan<160, slots<6>, always = 2>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x5120xf32>, !moe.plan<160, slots<6>, always = 2> -> !moe.rows<f32, 5120, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down, %shared_gate, %shared_up, %shared_down : tensor<160x1536x5120xf32>, tensor<160x1536x5120xf32>, tensor<160x5120x1536xf32>, tensor<2x1536x5120xf32>, tensor<2x1536x5120xf32>, tensor<2x5120x1536xf32>)
    table <[<ffn, 160, width = 1536, body = <gated, silu>>, <ffn, 2, width = 1536, body = <gated, silu>, activation = always>]> apply <output> : !moe.rows<f32, 5120, grouped>, !moe.plan<160, slots<6>, always = 2> -> !moe.rows<f32, 5120, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 5120, grouped>, !moe.plan<160, slots<6>, always = 2>, tensor<?x5120xf32> -> tensor<?x5120xf32>
  return %y : tensor<?x5120xf32>
}
