// llama-4-scout: hidden 5120, width 8192, top 1 of 16, 1 shared of 8192, router llama-4, body swiglu.
// Checked against: transformers 5.23, llama4.Llama4TextMoe.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x5120xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x5120xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<16x5120xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 327680> : tensor<16x8192x5120xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 2684682240> : tensor<16x8192x5120xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 5369036800> : tensor<16x5120x8192xf32>
  %shared_gate = moe_support.weight #moe_support.external<"weights.bin", 8053391360> : tensor<1x8192x5120xf32>
  %shared_up = moe_support.weight #moe_support.external<"weights.bin", 8221163520> : tensor<1x8192x5120xf32>
  %shared_down = moe_support.weight #moe_support.external<"weights.bin", 8388935680> : tensor<1x5120x8192xf32>
  %z = moe.logits %x, %router : tensor<?x5120xf32>, tensor<16x5120xf32> -> tensor<?x16xf32>
  %p = moe.route %z score <sigmoid> select <topk(1), key = logits> weight <scores> : tensor<?x16xf32> -> !moe.plan<16, slots<1>, always = 1>
  %r = moe.dispatch %x, %p apply <input> : tensor<?x5120xf32>, !moe.plan<16, slots<1>, always = 1> -> !moe.rows<f32, 5120, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down, %shared_gate, %shared_up, %shared_down : tensor<16x8192x5120xf32>, tensor<16x8192x5120xf32>, tensor<16x5120x8192xf32>, tensor<1x8192x5120xf32>, tensor<1x8192x5120xf32>, tensor<1x5120x8192xf32>)
    table <[<ffn, 16, width = 8192, body = <gated, silu>>, <ffn, 1, width = 8192, body = <gated, silu>, activation = always>]> apply <input> : !moe.rows<f32, 5120, grouped>, !moe.plan<16, slots<1>, always = 1> -> !moe.rows<f32, 5120, grouped>
  %y = moe.combine %h, %p, %x apply <input> residual <none> order <expert_asc> : !moe.rows<f32, 5120, grouped>, !moe.plan<16, slots<1>, always = 1>, tensor<?x5120xf32> -> tensor<?x5120xf32>
  return %y : tensor<?x5120xf32>
}
