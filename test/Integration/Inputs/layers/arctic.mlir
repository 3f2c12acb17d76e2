// arctic: hidden 7168, width 4864, top 2 of 128, router softmax-normalised, body swiglu.
// Note: the dense residual is an ordinary MLP beside the layer.
// Checked against: vllm-project/vllm, vllm/model_executor/models/arctic.py at 00db0119: weights are normalised.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x7168xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x7168xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<128x7168xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 3670016> : tensor<128x4864x7168xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 17854627840> : tensor<128x4864x7168xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 35705585664> : tensor<128x7168x4864xf32>
  %z = moe.logits %x, %router : tensor<?x7168xf32>, tensor<128x7168xf32> -> tensor<?x128xf32>
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores, norm = sum(0.0, add)> : tensor<?x128xf32> -> !moe.plan<128, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x7168xf32>, !moe.plan<128, slots<2>> -> !moe.rows<f32, 7168, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down : tensor<128x4864x7168xf32>, tensor<128x4864x7168xf32>, tensor<128x7168x4864xf32>)
    table <[<ffn, 128, width = 4864, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 7168, grouped>, !moe.plan<128, slots<2>> -> !moe.rows<f32, 7168, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 7168, grouped>, !moe.plan<128, slots<2>>, tensor<?x7168xf32> -> tensor<?x7168xf32>
  return %y : tensor<?x7168xf32>
}
