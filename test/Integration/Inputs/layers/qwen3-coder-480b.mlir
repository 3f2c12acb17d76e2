// qwen3-coder-480b: hidden 6144, width 2560, top 8 of 160, router softmax-normalised, body swiglu.
// Checked against: transformers 5.23, qwen3_moe.Qwen3MoeSparseMoeBlock.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x6144xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x6144xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<160x6144xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 3932160> : tensor<160x2560x6144xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 10070261760> : tensor<160x2560x6144xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 20136591360> : tensor<160x6144x2560xf32>
  %z = moe.logits %x, %router : tensor<?x6144xf32>, tensor<160x6144xf32> -> tensor<?x160xf32>
  %p = moe.route %z score <softmax> select <topk(8)> weight <scores, norm = sum(0.0, add)> : tensor<?x160xf32> -> !moe.plan<160, slots<8>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x6144xf32>, !moe.plan<160, slots<8>> -> !moe.rows<f32, 6144, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down : tensor<160x2560x6144xf32>, tensor<160x2560x6144xf32>, tensor<160x6144x2560xf32>)
    table <[<ffn, 160, width = 2560, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 6144, grouped>, !moe.plan<160, slots<8>> -> !moe.rows<f32, 6144, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 6144, grouped>, !moe.plan<160, slots<8>>, tensor<?x6144xf32> -> tensor<?x6144xf32>
  return %y : tensor<?x6144xf32>
}
