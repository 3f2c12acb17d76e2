// granite-3.0-3b-a800m: hidden 1536, width 512, top 8 of 40, router picks, body swiglu.
// Checked against: transformers 5.23, granitemoe.GraniteMoeMoE.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x1536xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x1536xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<40x1536xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 245760> : tensor<40x512x1536xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 126074880> : tensor<40x512x1536xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 251904000> : tensor<40x1536x512xf32>
  %z = moe.logits %x, %router : tensor<?x1536xf32>, tensor<40x1536xf32> -> tensor<?x40xf32>
  %p = moe.route %z score <identity> select <topk(8), key = logits> weight <logits, norm = softmax> : tensor<?x40xf32> -> !moe.plan<40, slots<8>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x1536xf32>, !moe.plan<40, slots<8>> -> !moe.rows<f32, 1536, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down : tensor<40x512x1536xf32>, tensor<40x512x1536xf32>, tensor<40x1536x512xf32>)
    table <[<ffn, 40, width = 512, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 1536, grouped>, !moe.plan<40, slots<8>> -> !moe.rows<f32, 1536, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 1536, grouped>, !moe.plan<40, slots<8>>, tensor<?x1536xf32> -> tensor<?x1536xf32>
  return %y : tensor<?x1536xf32>
}
