// qwen3-next-80b-a3b: hidden 2048, width 512, top 10 of 512, 1 shared of 512, router softmax-normalised, body swiglu.
// Checked against: transformers 5.23, qwen3_next.Qwen3NextSparseMoeBlock.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x2048xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x2048xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<512x2048xf32>
  %shared_mix = moe_support.weight #moe_support.external<"weights.bin", 4194304> : tensor<1x2048xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 4202496> : tensor<512x512x2048xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 2151686144> : tensor<512x512x2048xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 4299169792> : tensor<512x2048x512xf32>
  %shared_gate = moe_support.weight #moe_support.external<"weights.bin", 6446653440> : tensor<1x512x2048xf32>
  %shared_up = moe_support.weight #moe_support.external<"weights.bin", 6450847744> : tensor<1x512x2048xf32>
  %shared_down = moe_support.weight #moe_support.external<"weights.bin", 6455042048> : tensor<1x2048x512xf32>
  %z = moe.logits %x, %router : tensor<?x2048xf32>, tensor<512x2048xf32> -> tensor<?x512xf32>
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
  %p = moe.route %z always_weights(%w : tensor<?x1xf32>) score <softmax> select <topk(10)> weight <scores, norm = sum(0.0, add)> : tensor<?x512xf32> -> !moe.plan<512, slots<10>, always = 1>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x2048xf32>, !moe.plan<512, slots<10>, always = 1> -> !moe.rows<f32, 2048, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down, %shared_gate, %shared_up, %shared_down : tensor<512x512x2048xf32>, tensor<512x512x2048xf32>, tensor<512x2048x512xf32>, tensor<1x512x2048xf32>, tensor<1x512x2048xf32>, tensor<1x2048x512xf32>)
    table <[<ffn, 512, width = 512, body = <gated, silu>>, <ffn, 1, width = 512, body = <gated, silu>, activation = always>]> apply <output> : !moe.rows<f32, 2048, grouped>, !moe.plan<512, slots<10>, always = 1> -> !moe.rows<f32, 2048, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 2048, grouped>, !moe.plan<512, slots<10>, always = 1>, tensor<?x2048xf32> -> tensor<?x2048xf32>
  return %y : tensor<?x2048xf32>
}
