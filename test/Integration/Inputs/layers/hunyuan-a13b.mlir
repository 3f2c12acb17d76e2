// hunyuan-a13b: hidden 4096, width 3072, top 8 of 64, 1 shared of 3072, router hunyuan, body swiglu.
// Checked against: transformers 5.23, hunyuan_v1_moe.HunYuanMoEV1Moe, which has no capacity any more.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x4096xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x4096xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<64x4096xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 1048576> : tensor<64x3072x4096xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 3222274048> : tensor<64x3072x4096xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 6443499520> : tensor<64x4096x3072xf32>
  %shared_gate = moe_support.weight #moe_support.external<"weights.bin", 9664724992> : tensor<1x3072x4096xf32>
  %shared_up = moe_support.weight #moe_support.external<"weights.bin", 9715056640> : tensor<1x3072x4096xf32>
  %shared_down = moe_support.weight #moe_support.external<"weights.bin", 9765388288> : tensor<1x4096x3072xf32>
  %z = moe.logits %x, %router : tensor<?x4096xf32>, tensor<64x4096xf32> -> tensor<?x64xf32>
  %p = moe.route %z score <softmax> select <topk(8)> weight <scores, norm = sum(1.1920928955078125e-07, clamp)> capacity <limit, count = <factor = 1.0, mult = k, round = floor, min = 8>, priority = choice_major> : tensor<?x64xf32> -> !moe.plan<64, slots<8>, always = 1>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4096xf32>, !moe.plan<64, slots<8>, always = 1> -> !moe.rows<f32, 4096, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down, %shared_gate, %shared_up, %shared_down : tensor<64x3072x4096xf32>, tensor<64x3072x4096xf32>, tensor<64x4096x3072xf32>, tensor<1x3072x4096xf32>, tensor<1x3072x4096xf32>, tensor<1x4096x3072xf32>)
    table <[<ffn, 64, width = 3072, body = <gated, silu>>, <ffn, 1, width = 3072, body = <gated, silu>, activation = always>]> apply <output> : !moe.rows<f32, 4096, grouped>, !moe.plan<64, slots<8>, always = 1> -> !moe.rows<f32, 4096, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4096, grouped>, !moe.plan<64, slots<8>, always = 1>, tensor<?x4096xf32> -> tensor<?x4096xf32>
  return %y : tensor<?x4096xf32>
}
