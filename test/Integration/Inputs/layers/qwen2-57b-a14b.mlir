// qwen2-57b-a14b: hidden 3584, width 2560, top 8 of 64, 1 shared of 20480, router softmax, body swiglu.
// Checked against: transformers 5.23, qwen2_moe.Qwen2MoeSparseMoeBlock.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x3584xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x3584xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<64x3584xf32>
  %shared_mix = moe_support.weight #moe_support.external<"weights.bin", 917504> : tensor<1x3584xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 931840> : tensor<64x2560x3584xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 2349742080> : tensor<64x2560x3584xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 4698552320> : tensor<64x3584x2560xf32>
  %shared_gate = moe_support.weight #moe_support.external<"weights.bin", 7047362560> : tensor<1x20480x3584xf32>
  %shared_up = moe_support.weight #moe_support.external<"weights.bin", 7340963840> : tensor<1x20480x3584xf32>
  %shared_down = moe_support.weight #moe_support.external<"weights.bin", 7634565120> : tensor<1x3584x20480xf32>
  %z = moe.logits %x, %router : tensor<?x3584xf32>, tensor<64x3584xf32> -> tensor<?x64xf32>
  %t = moe.logits %x, %shared_mix : tensor<?x3584xf32>, tensor<1x3584xf32> -> tensor<?x1xf32>
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
  %p = moe.route %z always_weights(%w : tensor<?x1xf32>) score <softmax> select <topk(8)> weight <scores> : tensor<?x64xf32> -> !moe.plan<64, slots<8>, always = 1>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x3584xf32>, !moe.plan<64, slots<8>, always = 1> -> !moe.rows<f32, 3584, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down, %shared_gate, %shared_up, %shared_down : tensor<64x2560x3584xf32>, tensor<64x2560x3584xf32>, tensor<64x3584x2560xf32>, tensor<1x20480x3584xf32>, tensor<1x20480x3584xf32>, tensor<1x3584x20480xf32>)
    table <[<ffn, 64, width = 2560, body = <gated, silu>>, <ffn, 1, width = 20480, body = <gated, silu>, activation = always>]> apply <output> : !moe.rows<f32, 3584, grouped>, !moe.plan<64, slots<8>, always = 1> -> !moe.rows<f32, 3584, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 3584, grouped>, !moe.plan<64, slots<8>, always = 1>, tensor<?x3584xf32> -> tensor<?x3584xf32>
  return %y : tensor<?x3584xf32>
}
