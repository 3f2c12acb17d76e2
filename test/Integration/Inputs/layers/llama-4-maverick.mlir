// llama-4-maverick: hidden 5120, width 8192, top 1 of 128, 1 shared of 8192, router llama-4, body swiglu.
// Checked against: transformers 5.23, llama4.Llama4TextMoe.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x5120xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x5120xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<128x5120xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 2621440> : tensor<128x8192x5120xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 21477457920> : tensor<128x8192x5120xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 42952294400> : tensor<128x5120x8192xf32>
  %shared_gate = moe_support.weight #moe_support.external<"weights.bin", 64427130880> : tensor<1x8192x5120xf32>
  %shared_up = moe_support.weight #moe_support.external<"weights.bin", 64594903040> : tensor<1x8192x5120xf32>
  %shared_down = moe_support.weight #moe_support.external<"weights.bin", 64762675200> : tensor<1x5120x8192xf32>
  %z = moe.logits %x, %router : tensor<?x5120xf32>, tensor<128x5120xf32> -> tensor<?x128xf32>
  %p = moe.route %z score <sigmoid> select <topk(1), key = logits> weight <scores> : tensor<?x128xf32> -> !moe.plan<128, slots<1>, always = 1>
  %r = moe.dispatch %x, %p apply <input> : tensor<?x5120xf32>, !moe.plan<128, slots<1>, always = 1> -> !moe.rows<f32, 5120, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down, %shared_gate, %shared_up, %shared_down : tensor<128x8192x5120xf32>, tensor<128x8192x5120xf32>, tensor<128x5120x8192xf32>, tensor<1x8192x5120xf32>, tensor<1x8192x5120xf32>, tensor<1x5120x8192xf32>)
    table <[<ffn, 128, width = 8192, body = <gated, silu>>, <ffn, 1, width = 8192, body = <gated, silu>, activation = always>]> apply <input> : !moe.rows<f32, 5120, grouped>, !moe.plan<128, slots<1>, always = 1> -> !moe.rows<f32, 5120, grouped>
  %y = moe.combine %h, %p, %x apply <input> residual <none> order <expert_asc> : !moe.rows<f32, 5120, grouped>, !moe.plan<128, slots<1>, always = 1>, tensor<?x5120xf32> -> tensor<?x5120xf32>
  return %y : tensor<?x5120xf32>
}
