// Routes that stay for the reference lowering, each with the reason.
// RUN: moe-opt %s --convert-route-to-vector --verify-diagnostics --remarks-filter='convert-route-to-vector' | FileCheck %s
// CHECK-NOT: moe_route_0
// CHECK: func.call @moe_route_0
// CHECK-NOT: func.call @moe_route

func.func @policy(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<4>> {
  // expected-remark @+1 {{routes by the reference lowering: its policy is not topk}}
  %p = moe.route %z score <softmax> select <topk_per_group(4, 1)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<4>>
  return %p : !moe.plan<8, slots<4>>
}

func.func @capacity(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+1 {{routes by the reference lowering: it has a capacity}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> capacity <limit, count = <3>> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

func.func @fallback(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+1 {{routes by the reference lowering: it has a fallback}}
  %p = moe.route %z score <softmax> select <topk(2), fallback = argmax> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

func.func @scores(%z: tensor<?x8xf32>) -> (!moe.plan<8, slots<2>>, tensor<?x8xf32>) {
  // expected-remark @+1 {{routes by the reference lowering: its scores are used}}
  %p, %s = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>, tensor<?x8xf32>
  return %p, %s : !moe.plan<8, slots<2>>, tensor<?x8xf32>
}

func.func @entmax(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+1 {{routes by the reference lowering: its scores are not a softmax or pointwise}}
  %p = moe.route %z score <entmax15> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

func.func @over_group(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+1 {{routes by the reference lowering: its softmax is not over the experts}}
  %p = moe.route %z score <softmax, over = group(2)> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

func.func @key(%z: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+1 {{routes by the reference lowering: its weights are keys}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <key> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

func.func @wide(%z: tensor<?x8xf64>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+1 {{routes by the reference lowering: it is in f64}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x8xf64> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

func.func @per_unit(%z: tensor<?x8xf32>, %offset: tensor<?x8xf32>) -> !moe.plan<8, slots<2>> {
  // expected-remark @+1 {{routes by the reference lowering: its keys have an operand per unit}}
  %p = moe.route %z key_offset(%offset : tensor<?x8xf32>) score <softmax> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  return %p : !moe.plan<8, slots<2>>
}

func.func @slots(%z: tensor<?x64xf32>) -> !moe.plan<64, slots<33>> {
  // expected-remark @+1 {{routes by the reference lowering: it has more than 32 slots}}
  %p = moe.route %z score <softmax> select <topk(33)> weight <scores> : tensor<?x64xf32> -> !moe.plan<64, slots<33>>
  return %p : !moe.plan<64, slots<33>>
}

func.func @experts(%z: tensor<?x2049xf32>) -> !moe.plan<2049, slots<2>> {
  // expected-remark @+1 {{routes by the reference lowering: it has more than 2048 experts}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x2049xf32> -> !moe.plan<2049, slots<2>>
  return %p : !moe.plan<2049, slots<2>>
}

func.func @lazy(%rows: tensor<?x4xf32>, %columns: tensor<?x4xf32>) -> !moe.plan<16, slots<2>> {
  %z = moe.lazy_logits %rows, %columns : tensor<?x4xf32>, tensor<?x4xf32> -> !moe.lazy_logits<f32, 4, 4>
  // expected-remark @+1 {{routes by the reference lowering: its logits are lazy}}
  %p = moe.route %z score <sigmoid> select <topk(2), key = logits> weight <scores> : !moe.lazy_logits<f32, 4, 4> -> !moe.plan<16, slots<2>>
  return %p : !moe.plan<16, slots<2>>
}

// One that does not stay.
func.func @covered(%z: tensor<?x64xf32>) -> !moe.plan<64, slots<32>> {
  // expected-remark @+1 {{routes 8 units at a time}}
  %p = moe.route %z score <softmax> select <topk(32)> weight <scores> : tensor<?x64xf32> -> !moe.plan<64, slots<32>>
  return %p : !moe.plan<64, slots<32>>
}
