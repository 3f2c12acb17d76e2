// gpt-oss-20b: hidden 2880, width 2880, top 4 of 32, router picks, body gpt-oss.
// Checked against: transformers 5.23, gpt_oss.GptOssMLP.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x2880xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x2880xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<32x2880xf32>
  %router_bias = moe_support.weight #moe_support.external<"weights.bin", 368640> : tensor<32xf32>
  %first = moe_support.weight #moe_support.external<"weights.bin", 368768> : tensor<32x5760x2880xf32>
  %first_bias = moe_support.weight #moe_support.external<"weights.bin", 2123735168> : tensor<32x5760xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 2124472448> : tensor<32x2880x2880xf32>
  %down_bias = moe_support.weight #moe_support.external<"weights.bin", 3186155648> : tensor<32x2880xf32>
  %z = moe.logits %x, %router bias(%router_bias : tensor<32xf32>) : tensor<?x2880xf32>, tensor<32x2880xf32> -> tensor<?x32xf32>
  %p = moe.route %z score <identity> select <topk(4), key = logits> weight <logits, norm = softmax> : tensor<?x32xf32> -> !moe.plan<32, slots<4>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x2880xf32>, !moe.plan<32, slots<4>> -> !moe.rows<f32, 2880, grouped>
  %h = moe.experts %r, %p (%first, %first_bias, %down, %down_bias : tensor<32x5760x2880xf32>, tensor<32x5760xf32>, tensor<32x2880x2880xf32>, tensor<32x2880xf32>)
    table <[<ffn, 32, width = 2880, body = <gated, silu, alpha = 1.702, gate_hi = 7.0, up_lo = -7.0, up_hi = 7.0, up_offset = 1.0, bias = [gate, up, down], storage = interleaved>>]> apply <output> : !moe.rows<f32, 2880, grouped>, !moe.plan<32, slots<4>> -> !moe.rows<f32, 2880, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 2880, grouped>, !moe.plan<32, slots<4>>, tensor<?x2880xf32> -> tensor<?x2880xf32>
  return %y : tensor<?x2880xf32>
}
