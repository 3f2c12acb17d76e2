// switch-base-128: hidden 768, width 3072, top 1 of 128, router switch, body relu.
// Checked against: transformers 5.23, switch_transformers.SwitchTransformersSparseMLP.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x768xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x768xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<128x768xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 393216> : tensor<128x3072x768xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 1208352768> : tensor<128x768x3072xf32>
  %z = moe.logits %x, %router : tensor<?x768xf32>, tensor<128x768xf32> -> tensor<?x128xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> capacity <limit, count = <64>, priority = unit_major> : tensor<?x128xf32> -> !moe.plan<128, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x768xf32>, !moe.plan<128, slots<1>> -> !moe.rows<f32, 768, grouped>
  %h = moe.experts %r, %p (%up, %down : tensor<128x3072x768xf32>, tensor<128x768x3072xf32>)
    table <[<ffn, 128, width = 3072, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 768, grouped>, !moe.plan<128, slots<1>> -> !moe.rows<f32, 768, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 768, grouped>, !moe.plan<128, slots<1>>, tensor<?x768xf32> -> tensor<?x768xf32>
  return %y : tensor<?x768xf32>
}
