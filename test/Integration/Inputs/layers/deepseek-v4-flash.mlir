// deepseek-v4-flash: hidden 4096, width 2048, top 6 of 256, 1 shared of 2048, router deepseek-v4, body clamped-swiglu.
// Checked against: transformers 5.23, deepseek_v4.DeepseekV4SparseMoeBlock.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x4096xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x4096xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<256x4096xf32>
  %bias = moe_support.weight #moe_support.external<"weights.bin", 4194304> : tensor<256xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 4195328> : tensor<256x2048x4096xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 8594129920> : tensor<256x2048x4096xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 17184064512> : tensor<256x4096x2048xf32>
  %shared_gate = moe_support.weight #moe_support.external<"weights.bin", 25773999104> : tensor<1x2048x4096xf32>
  %shared_up = moe_support.weight #moe_support.external<"weights.bin", 25807553536> : tensor<1x2048x4096xf32>
  %shared_down = moe_support.weight #moe_support.external<"weights.bin", 25841107968> : tensor<1x4096x2048xf32>
  %z = moe.logits %x, %router : tensor<?x4096xf32>, tensor<256x4096xf32> -> tensor<?x256xf32>
  %p = moe.route %z key_offset(%bias : tensor<256xf32>) score <sqrtsoftplus> select <topk(6)> weight <scores, norm = sum(1.0e-20, add), scale = 1.5> : tensor<?x256xf32> -> !moe.plan<256, slots<6>, always = 1>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4096xf32>, !moe.plan<256, slots<6>, always = 1> -> !moe.rows<f32, 4096, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down, %shared_gate, %shared_up, %shared_down : tensor<256x2048x4096xf32>, tensor<256x2048x4096xf32>, tensor<256x4096x2048xf32>, tensor<1x2048x4096xf32>, tensor<1x2048x4096xf32>, tensor<1x4096x2048xf32>)
    table <[<ffn, 256, width = 2048, body = <gated, silu, gate_hi = 10.0, up_lo = -10.0, up_hi = 10.0>>, <ffn, 1, width = 2048, body = <gated, silu, gate_hi = 10.0, up_lo = -10.0, up_hi = 10.0>, activation = always>]> apply <output> : !moe.rows<f32, 4096, grouped>, !moe.plan<256, slots<6>, always = 1> -> !moe.rows<f32, 4096, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4096, grouped>, !moe.plan<256, slots<6>, always = 1>, tensor<?x4096xf32> -> tensor<?x4096xf32>
  return %y : tensor<?x4096xf32>
}
