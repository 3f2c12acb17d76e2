// lfm2-8b-a1b: hidden 2048, width 1792, top 4 of 32, router lfm2, body swiglu.
// Note: the model evaluates the sigmoid in bf16; this layer is f32 throughout.
// Checked against: transformers 5.23, lfm2_moe.Lfm2MoeSparseMoeBlock.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x2048xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x2048xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<32x2048xf32>
  %bias = moe_support.weight #moe_support.external<"weights.bin", 262144> : tensor<32xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 262272> : tensor<32x1792x2048xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 470024320> : tensor<32x1792x2048xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 939786368> : tensor<32x2048x1792xf32>
  %z = moe.logits %x, %router : tensor<?x2048xf32>, tensor<32x2048xf32> -> tensor<?x32xf32>
  %p = moe.route %z key_offset(%bias : tensor<32xf32>) score <sigmoid> select <topk(4)> weight <scores, norm = sum(1.0e-6, add)> : tensor<?x32xf32> -> !moe.plan<32, slots<4>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x2048xf32>, !moe.plan<32, slots<4>> -> !moe.rows<f32, 2048, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down : tensor<32x1792x2048xf32>, tensor<32x1792x2048xf32>, tensor<32x2048x1792xf32>)
    table <[<ffn, 32, width = 1792, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 2048, grouped>, !moe.plan<32, slots<4>> -> !moe.rows<f32, 2048, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 2048, grouped>, !moe.plan<32, slots<4>>, tensor<?x2048xf32> -> tensor<?x2048xf32>
  return %y : tensor<?x2048xf32>
}
