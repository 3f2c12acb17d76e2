// gemma-4-26b-a4b: hidden 2816, width 704, top 8 of 128, 1 shared of 2112, router picks, body geglu.
// Note: the norms of router input and parallel MLP are ordinary ops beside the layer.
// Checked against: transformers 5.23, gemma4.Gemma4TextRouter, Gemma4TextExperts and Gemma4TextMLP.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x2816xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x2816xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<128x2816xf32>
  %expert_scale = moe_support.weight #moe_support.external<"weights.bin", 1441792> : tensor<128xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 1442304> : tensor<128x704x2816xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 1016463872> : tensor<128x704x2816xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 2031485440> : tensor<128x2816x704xf32>
  %shared_gate = moe_support.weight #moe_support.external<"weights.bin", 3046507008> : tensor<1x2112x2816xf32>
  %shared_up = moe_support.weight #moe_support.external<"weights.bin", 3070296576> : tensor<1x2112x2816xf32>
  %shared_down = moe_support.weight #moe_support.external<"weights.bin", 3094086144> : tensor<1x2816x2112xf32>
  %z = moe.logits %x, %router : tensor<?x2816xf32>, tensor<128x2816xf32> -> tensor<?x128xf32>
  %p = moe.route %z expert_scale(%expert_scale : tensor<128xf32>) score <identity> select <topk(8), key = logits> weight <logits, norm = softmax> : tensor<?x128xf32> -> !moe.plan<128, slots<8>, always = 1>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x2816xf32>, !moe.plan<128, slots<8>, always = 1> -> !moe.rows<f32, 2816, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down, %shared_gate, %shared_up, %shared_down : tensor<128x704x2816xf32>, tensor<128x704x2816xf32>, tensor<128x2816x704xf32>, tensor<1x2112x2816xf32>, tensor<1x2112x2816xf32>, tensor<1x2816x2112xf32>)
    table <[<ffn, 128, width = 704, body = <gated, gelu_tanh>>, <ffn, 1, width = 2112, body = <gated, gelu_tanh>, activation = always>]> apply <output> : !moe.rows<f32, 2816, grouped>, !moe.plan<128, slots<8>, always = 1> -> !moe.rows<f32, 2816, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 2816, grouped>, !moe.plan<128, slots<8>, always = 1>, tensor<?x2816xf32> -> tensor<?x2816xf32>
  return %y : tensor<?x2816xf32>
}
