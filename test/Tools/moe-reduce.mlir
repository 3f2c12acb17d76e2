// moe-reduce keeps what the script asks for and what that needs, and nothing else.
// RUN: moe-reduce %s --reduction-tree='traversal-mode=0 test=%S/Inputs/holds-route' -o %t
// RUN: FileCheck %s < %t

// CHECK: moe.route
// CHECK-NOT: moe.dispatch
// CHECK-NOT: moe.combine
// CHECK-NOT: @unrelated
func.func @layer(%x: tensor<?x64xf32>, %z: tensor<?x8xf32>) {
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x64xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
  %y = moe.combine %r, %p, %x apply <output> residual <none> order <expert_asc>
    : !moe.rows<f32, 64, grouped>, !moe.plan<8, slots<2>>, tensor<?x64xf32> -> tensor<?x64xf32>
  return
}

func.func @unrelated() {
  return
}
