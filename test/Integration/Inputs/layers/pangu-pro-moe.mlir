// pangu-pro-moe: hidden 5120, width 1344, top 8 of 64, 1 shared of 5376, router pangu, body swiglu.
// Checked against: vllm-project/vllm-ascend, vllm_ascend/models/pangu_moe.py at 082c2581.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x5120xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x5120xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<64x5120xf32>
  %expert_scale = moe_support.weight #moe_support.external<"weights.bin", 1310720> : tensor<64xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 1310976> : tensor<64x1344x5120xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 1762918656> : tensor<64x1344x5120xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 3524526336> : tensor<64x5120x1344xf32>
  %shared_gate = moe_support.weight #moe_support.external<"weights.bin", 5286134016> : tensor<1x5376x5120xf32>
  %shared_up = moe_support.weight #moe_support.external<"weights.bin", 5396234496> : tensor<1x5376x5120xf32>
  %shared_down = moe_support.weight #moe_support.external<"weights.bin", 5506334976> : tensor<1x5120x5376xf32>
  %z = moe.logits %x, %router : tensor<?x5120xf32>, tensor<64x5120xf32> -> tensor<?x64xf32>
  %p = moe.route %z expert_scale(%expert_scale : tensor<64xf32>) score <softmax> select <topk_per_group(8, 1)> weight <scores> : tensor<?x64xf32> -> !moe.plan<64, slots<8>, always = 1>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x5120xf32>, !moe.plan<64, slots<8>, always = 1> -> !moe.rows<f32, 5120, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down, %shared_gate, %shared_up, %shared_down : tensor<64x1344x5120xf32>, tensor<64x1344x5120xf32>, tensor<64x5120x1344xf32>, tensor<1x5376x5120xf32>, tensor<1x5376x5120xf32>, tensor<1x5120x5376xf32>)
    table <[<ffn, 64, width = 1344, body = <gated, silu>>, <ffn, 1, width = 5376, body = <gated, silu>, activation = always>]> apply <output> : !moe.rows<f32, 5120, grouped>, !moe.plan<64, slots<8>, always = 1> -> !moe.rows<f32, 5120, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 5120, grouped>, !moe.plan<64, slots<8>, always = 1>, tensor<?x5120xf32> -> tensor<?x5120xf32>
  return %y : tensor<?x5120xf32>
}
