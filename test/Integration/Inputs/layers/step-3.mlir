// step-3: hidden 7168, width 5120, top 3 of 48, 1 shared of 5120, router softmax, body swiglu.
// Note: whether weights are normalised is the configuration's, which says no.
// Checked against: vllm-project/vllm, vllm/model_executor/models/step3_text.py at 0169d396: a softmax, normalised where norm_expert_weight is, which the configuration has false.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x7168xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x7168xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<48x7168xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 1376256> : tensor<48x5120x7168xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 7047806976> : tensor<48x5120x7168xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 14094237696> : tensor<48x7168x5120xf32>
  %shared_gate = moe_support.weight #moe_support.external<"weights.bin", 21140668416> : tensor<1x5120x7168xf32>
  %shared_up = moe_support.weight #moe_support.external<"weights.bin", 21287469056> : tensor<1x5120x7168xf32>
  %shared_down = moe_support.weight #moe_support.external<"weights.bin", 21434269696> : tensor<1x7168x5120xf32>
  %z = moe.logits %x, %router : tensor<?x7168xf32>, tensor<48x7168xf32> -> tensor<?x48xf32>
  %p = moe.route %z score <softmax> select <topk(3)> weight <scores> : tensor<?x48xf32> -> !moe.plan<48, slots<3>, always = 1>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x7168xf32>, !moe.plan<48, slots<3>, always = 1> -> !moe.rows<f32, 7168, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down, %shared_gate, %shared_up, %shared_down : tensor<48x5120x7168xf32>, tensor<48x5120x7168xf32>, tensor<48x7168x5120xf32>, tensor<1x5120x7168xf32>, tensor<1x5120x7168xf32>, tensor<1x7168x5120xf32>)
    table <[<ffn, 48, width = 5120, body = <gated, silu>>, <ffn, 1, width = 5120, body = <gated, silu>, activation = always>]> apply <output> : !moe.rows<f32, 7168, grouped>, !moe.plan<48, slots<3>, always = 1> -> !moe.rows<f32, 7168, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 7168, grouped>, !moe.plan<48, slots<3>, always = 1>, tensor<?x7168xf32> -> tensor<?x7168xf32>
  return %y : tensor<?x7168xf32>
}
