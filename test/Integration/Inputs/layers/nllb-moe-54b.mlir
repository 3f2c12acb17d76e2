// nllb-moe-54b: hidden 2048, width 8192, top 2 of 128, router nllb, body relu-mlp.
// Checked against: transformers 5.23, nllb_moe.NllbMoeTop2Router and NllbMoeDenseActDense.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x2048xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x2048xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<128x2048xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 1048576> : tensor<128x8192x2048xf32>
  %up_bias = moe_support.weight #moe_support.external<"weights.bin", 8590983168> : tensor<128x8192xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 8595177472> : tensor<128x2048x8192xf32>
  %down_bias = moe_support.weight #moe_support.external<"weights.bin", 17185112064> : tensor<128x2048xf32>
  %z = moe.logits %x, %router : tensor<?x2048xf32>, tensor<128x2048xf32> -> tensor<?x128xf32>
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores, norm = sum(1.1920928955078125e-07, clamp), when = after> capacity <limit, count = <factor = 1.0, mult = k_after, share = ceil>, priority = choice_major> : tensor<?x128xf32> -> !moe.plan<128, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x2048xf32>, !moe.plan<128, slots<2>> -> !moe.rows<f32, 2048, grouped>
  %h = moe.experts %r, %p (%up, %up_bias, %down, %down_bias : tensor<128x8192x2048xf32>, tensor<128x8192xf32>, tensor<128x2048x8192xf32>, tensor<128x2048xf32>)
    table <[<ffn, 128, width = 8192, body = <ungated, relu, bias = [up, down]>>]> apply <output> : !moe.rows<f32, 2048, grouped>, !moe.plan<128, slots<2>> -> !moe.rows<f32, 2048, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 2048, grouped>, !moe.plan<128, slots<2>>, tensor<?x2048xf32> -> tensor<?x2048xf32>
  return %y : tensor<?x2048xf32>
}
