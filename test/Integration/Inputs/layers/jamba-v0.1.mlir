// jamba-v0.1: hidden 4096, width 14336, top 2 of 16, router softmax, body swiglu.
// Checked against: transformers 5.23, jamba.JambaSparseMoeBlock.
// Written by utils/moe-gen from section 8 of the routing specification.
func.func @main(%x: tensor<?x4096xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> (tensor<?x4096xf32> {moe.name = "y", moe.symbols = ["T", ""]}) {
  %router = moe_support.weight #moe_support.external<"weights.bin", 0> : tensor<16x4096xf32>
  %gate = moe_support.weight #moe_support.external<"weights.bin", 262144> : tensor<16x14336x4096xf32>
  %up = moe_support.weight #moe_support.external<"weights.bin", 3758358528> : tensor<16x14336x4096xf32>
  %down = moe_support.weight #moe_support.external<"weights.bin", 7516454912> : tensor<16x4096x14336xf32>
  %z = moe.logits %x, %router : tensor<?x4096xf32>, tensor<16x4096xf32> -> tensor<?x16xf32>
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x16xf32> -> !moe.plan<16, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4096xf32>, !moe.plan<16, slots<2>> -> !moe.rows<f32, 4096, grouped>
  %h = moe.experts %r, %p (%gate, %up, %down : tensor<16x14336x4096xf32>, tensor<16x14336x4096xf32>, tensor<16x4096x14336xf32>)
    table <[<ffn, 16, width = 14336, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 4096, grouped>, !moe.plan<16, slots<2>> -> !moe.rows<f32, 4096, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4096, grouped>, !moe.plan<16, slots<2>>, tensor<?x4096xf32> -> tensor<?x4096xf32>
  return %y : tensor<?x4096xf32>
}
