// minicpm5-moe-16a3: hidden 2048, width 512, top 16 of 160, 1 shared of 512, router sigmoid, body swiglu.
// Note: sizes and scale are from a table of a script.
// Checked against: wyc55069407/vllm, vllm/model_executor/models/minicpm5_moe.py at 5a7b1af3: sigmoid, bias, top 16, normalised, scaled.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x2048xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x2048xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<160x2048xf32>
  %bias = moe_support.weight #moe_support.external<"weights.bin", 1310720> : tensor<160xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 1311360> : tensor<160x512x2048xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 672400000> : tensor<160x512x2048xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 1343488640> : tensor<160x2048x512xf32>
  %shared_gate = moe_support.weight #moe_support.external<"weights.bin", 2014577280> : tensor<1x512x2048xf32>
  %shared_up = moe_support.weight #moe_support.external<"weights.bin", 2018771584> : tensor<1x512x2048xf32>
  %shared_down = moe_support.weight #moe_support.external<"weights.bin", 2022965888> : tensor<1x2048x512xf32>
  %z = moe.logits %x, %router : tensor<?x2048xf32>, tensor<160x2048xf32> -> tensor<?x160xf32>
  %p = moe.route %z key_offset(%bias : tensor<160xf32>) score <sigmoid> select <topk(16)> weight <scores, norm = sum(1.0e-20, add), scale = 3.66> : tensor<?x160xf32> -> !moe.plan<160, slots<16>, always = 1>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x2048xf32>, !moe.plan<160, slots<16>, always = 1> -> !moe.rows<f32, 2048, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down, %shared_gate, %shared_up, %shared_down : tensor<160x512x2048xf32>, tensor<160x512x2048xf32>, tensor<160x2048x512xf32>, tensor<1x512x2048xf32>, tensor<1x512x2048xf32>, tensor<1x2048x512xf32>)
    table <[<ffn, 160, width = 512, body = <gated, silu>>, <ffn, 1, width = 512, body = <gated, silu>, activation = always>]> apply <output> : !moe.rows<f32, 2048, grouped>, !moe.plan<160, slots<16>, always = 1> -> !moe.rows<f32, 2048, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 2048, grouped>, !moe.plan<160, slots<16>, always = 1>, tensor<?x2048xf32> -> tensor<?x2048xf32>
  return %y : tensor<?x2048xf32>
}
