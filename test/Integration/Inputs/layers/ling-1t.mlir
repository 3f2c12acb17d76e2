// ling-1t: hidden 8192, width 2048, top 8 of 256, 1 shared of 2048, router sigmoid, body swiglu.
// Checked against: transformers 5.23, bailing_hybrid.BailingHybridMoE.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x8192xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x8192xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<256x8192xf32>
  %bias = moe_support.weight #moe_support.external<"weights.bin", 8388608> : tensor<256xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 8389632> : tensor<256x2048x8192xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 17188258816> : tensor<256x2048x8192xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 34368128000> : tensor<256x8192x2048xf32>
  %shared_gate = moe_support.weight #moe_support.external<"weights.bin", 51547997184> : tensor<1x2048x8192xf32>
  %shared_up = moe_support.weight #moe_support.external<"weights.bin", 51615106048> : tensor<1x2048x8192xf32>
  %shared_down = moe_support.weight #moe_support.external<"weights.bin", 51682214912> : tensor<1x8192x2048xf32>
  %z = moe.logits %x, %router : tensor<?x8192xf32>, tensor<256x8192xf32> -> tensor<?x256xf32>
  %p = moe.route %z key_offset(%bias : tensor<256xf32>) score <sigmoid> group_filter <8, keep = 4, group_score = sum_top(2), fill = neginf> select <topk(8)> weight <scores, norm = sum(1.0e-20, add), scale = 2.5> : tensor<?x256xf32> -> !moe.plan<256, slots<8>, always = 1>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x8192xf32>, !moe.plan<256, slots<8>, always = 1> -> !moe.rows<f32, 8192, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down, %shared_gate, %shared_up, %shared_down : tensor<256x2048x8192xf32>, tensor<256x2048x8192xf32>, tensor<256x8192x2048xf32>, tensor<1x2048x8192xf32>, tensor<1x2048x8192xf32>, tensor<1x8192x2048xf32>)
    table <[<ffn, 256, width = 2048, body = <gated, silu>>, <ffn, 1, width = 2048, body = <gated, silu>, activation = always>]> apply <output> : !moe.rows<f32, 8192, grouped>, !moe.plan<256, slots<8>, always = 1> -> !moe.rows<f32, 8192, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 8192, grouped>, !moe.plan<256, slots<8>, always = 1>, tensor<?x8192xf32> -> tensor<?x8192xf32>
  return %y : tensor<?x8192xf32>
}
