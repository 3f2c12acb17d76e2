// dbrx: hidden 6144, width 10752, top 4 of 16, router dbrx, body swiglu.
// Checked against: transformers 5.23, dbrx.DbrxFFN.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x6144xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x6144xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<16x6144xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 393216> : tensor<16x10752x6144xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 4228251648> : tensor<16x10752x6144xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 8456110080> : tensor<16x6144x10752xf32>
  %z = moe.logits %x, %router : tensor<?x6144xf32>, tensor<16x6144xf32> -> tensor<?x16xf32>
  %p = moe.route %z score <softmax> select <topk(4)> weight <scores, norm = pnorm(1.0)> : tensor<?x16xf32> -> !moe.plan<16, slots<4>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x6144xf32>, !moe.plan<16, slots<4>> -> !moe.rows<f32, 6144, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down : tensor<16x10752x6144xf32>, tensor<16x10752x6144xf32>, tensor<16x6144x10752xf32>)
    table <[<ffn, 16, width = 10752, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 6144, grouped>, !moe.plan<16, slots<4>> -> !moe.rows<f32, 6144, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 6144, grouped>, !moe.plan<16, slots<4>>, tensor<?x6144xf32> -> tensor<?x6144xf32>
  return %y : tensor<?x6144xf32>
}
