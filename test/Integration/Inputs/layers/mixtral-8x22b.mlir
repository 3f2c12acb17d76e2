// mixtral-8x22b: hidden 6144, width 16384, top 2 of 8, router softmax-normalised, body swiglu.
// Checked against: transformers 5.23, mixtral.MixtralSparseMoeBlock.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x6144xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x6144xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<8x6144xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 196608> : tensor<8x16384x6144xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 3221422080> : tensor<8x16384x6144xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 6442647552> : tensor<8x6144x16384xf32>
  %z = moe.logits %x, %router : tensor<?x6144xf32>, tensor<8x6144xf32> -> tensor<?x8xf32>
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores, norm = sum(0.0, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x6144xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 6144, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down : tensor<8x16384x6144xf32>, tensor<8x16384x6144xf32>, tensor<8x6144x16384xf32>)
    table <[<ffn, 8, width = 16384, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 6144, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 6144, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 6144, grouped>, !moe.plan<8, slots<2>>, tensor<?x6144xf32> -> tensor<?x6144xf32>
  return %y : tensor<?x6144xf32>
}
