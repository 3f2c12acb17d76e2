// qwen1.5-moe-a2.7b: hidden 2048, width 1408, top 4 of 60, 1 shared of 5632, router softmax, body swiglu.
// Checked against: transformers 5.23, qwen2_moe.Qwen2MoeSparseMoeBlock.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x2048xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x2048xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<60x2048xf32>
  %shared_mix = moe_support.weight #moe_support.external<"weights.bin", 491520> : tensor<1x2048xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 499712> : tensor<60x1408x2048xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 692559872> : tensor<60x1408x2048xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 1384620032> : tensor<60x2048x1408xf32>
  %shared_gate = moe_support.weight #moe_support.external<"weights.bin", 2076680192> : tensor<1x5632x2048xf32>
  %shared_up = moe_support.weight #moe_support.external<"weights.bin", 2122817536> : tensor<1x5632x2048xf32>
  %shared_down = moe_support.weight #moe_support.external<"weights.bin", 2168954880> : tensor<1x2048x5632xf32>
  %z = moe.logits %x, %router : tensor<?x2048xf32>, tensor<60x2048xf32> -> tensor<?x60xf32>
  %t = moe.logits %x, %shared_mix : tensor<?x2048xf32>, tensor<1x2048xf32> -> tensor<?x1xf32>
  %w = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
    outs(%t : tensor<?x1xf32>) {
  ^bb0(%logit: f32):
    %one = arith.constant 1.0 : f32
    %negative = arith.negf %logit : f32
    %power = math.exp %negative : f32
    %sum = arith.addf %one, %power : f32
    %sigmoid = arith.divf %one, %sum : f32
    linalg.yield %sigmoid : f32
  } -> tensor<?x1xf32>
  %p = moe.route %z always_weights(%w : tensor<?x1xf32>) score <softmax> select <topk(4)> weight <scores> : tensor<?x60xf32> -> !moe.plan<60, slots<4>, always = 1>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x2048xf32>, !moe.plan<60, slots<4>, always = 1> -> !moe.rows<f32, 2048, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down, %shared_gate, %shared_up, %shared_down : tensor<60x1408x2048xf32>, tensor<60x1408x2048xf32>, tensor<60x2048x1408xf32>, tensor<1x5632x2048xf32>, tensor<1x5632x2048xf32>, tensor<1x2048x5632xf32>)
    table <[<ffn, 60, width = 1408, body = <gated, silu>>, <ffn, 1, width = 5632, body = <gated, silu>, activation = always>]> apply <output> : !moe.rows<f32, 2048, grouped>, !moe.plan<60, slots<4>, always = 1> -> !moe.rows<f32, 2048, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 2048, grouped>, !moe.plan<60, slots<4>, always = 1>, tensor<?x2048xf32> -> tensor<?x2048xf32>
  return %y : tensor<?x2048xf32>
}
