// RUN: moe-opt %s --verify-roundtrip | FileCheck %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck %s
// RUN: moe-opt %s --emit-bytecode | moe-opt | FileCheck %s

// CHECK-LABEL: func.func @plan_stats
// CHECK-SAME: %[[P:.*]]: !moe.plan<8, slots<2>>
func.func @plan_stats(%p: !moe.plan<8, slots<2>>) -> (tensor<8xi32>, tensor<i32>) {
  // CHECK: %[[C:.*]], %[[N:.*]] = moe.plan_stats %[[P]] stage <after> counted <entries> : !moe.plan<8, slots<2>> -> tensor<8xi32>, tensor<i32>
  %c, %n = moe.plan_stats %p stage <after> counted <entries> : !moe.plan<8, slots<2>> -> tensor<8xi32>, tensor<i32>
  // CHECK: return %[[C]], %[[N]]
  return %c, %n : tensor<8xi32>, tensor<i32>
}

// CHECK-LABEL: func.func @plan_stats_with_everything
// CHECK-SAME: %[[Z:.*]]: tensor<?x8xf32>, %[[O:.*]]: tensor<?xi32>
func.func @plan_stats_with_everything(%z: tensor<?x8xf32>, %o: tensor<?xi32>) -> (tensor<?x8xf64>, tensor<?xf32>) {
  // CHECK: %[[P:.*]], %[[S:.*]] = moe.route
  %p, %s = moe.route %z score <softmax> select <topk(2), key = scores> weight <scores> capacity <limit, count = <4>, priority = unit_major, overflow = zero>
    : tensor<?x8xf32> -> !moe.plan<8, slots<2>>, tensor<?x8xf32>
  // CHECK: %[[C:.*]], %[[N:.*]], %[[A:.*]], %[[Q:.*]] = moe.plan_stats %[[P]] scores(%[[S]] : tensor<?x8xf32>) logits(%[[Z]] : tensor<?x8xf32>) segments(%[[O]] : tensor<?xi32>)
  // CHECK-SAME: stage <before> counted <first> over <segments> normalise : !moe.plan<8, slots<2>> -> tensor<?x8xi32>, tensor<?xi32> score_sums tensor<?x8xf64> lse_squares tensor<?xf32>
  %c, %n, %a, %q = moe.plan_stats %p scores(%s : tensor<?x8xf32>) logits(%z : tensor<?x8xf32>) segments(%o : tensor<?xi32>) stage <before> counted <first>
    over <segments> normalise : !moe.plan<8, slots<2>> -> tensor<?x8xi32>, tensor<?xi32> score_sums tensor<?x8xf64> lse_squares tensor<?xf32>
  // CHECK: return %[[A]], %[[Q]]
  return %a, %q : tensor<?x8xf64>, tensor<?xf32>
}

// CHECK-LABEL: func.func @aux_loss
// CHECK-SAME: %[[C:.*]]: tensor<8xi32>, %[[S:.*]]: tensor<8xf32>, %[[N:.*]]: tensor<i32>, %[[L:.*]]: tensor<f32>
func.func @aux_loss(%c: tensor<8xi32>, %s: tensor<8xf32>, %n: tensor<i32>, %l: tensor<f32>) -> (tensor<f64>, tensor<f32>) {
  // CHECK: %[[V:.*]], %[[M:.*]] = moe.aux_loss <l1_balanced> %[[C]], %[[S]], %[[N]], %[[L]] {coeff = 1.000000e-02 : f64, k = 2 : i64}
  // CHECK-SAME: : tensor<8xi32>, tensor<8xf32>, tensor<i32>, tensor<f32> -> tensor<f64> next tensor<f32>
  %v, %m = moe.aux_loss <l1_balanced> %c, %s, %n, %l {coeff = 0.01 : f64, k = 2 : i64} : tensor<8xi32>, tensor<8xf32>, tensor<i32>, tensor<f32>
    -> tensor<f64> next tensor<f32>
  // CHECK: return %[[V]], %[[M]]
  return %v, %m : tensor<f64>, tensor<f32>
}

// CHECK-LABEL: func.func @aux_loss_by_noise
// CHECK-SAME: %[[Z:.*]]: tensor<?x8xf32>, %[[Y:.*]]: tensor<?x8xf32>
func.func @aux_loss_by_noise(%z: tensor<?x8xf32>, %y: tensor<?x8xf32>) -> tensor<f32> {
  // CHECK: moe.aux_loss <load_cv2> %[[Z]], %[[Y]] {eps = 1.000000e-10 : f64, k = 1 : i64, noise_std = 1.000000e+00 : f64, sample}
  %v = moe.aux_loss <load_cv2> %z, %y {eps = 1.0e-10 : f64, k = 1 : i64, noise_std = 1.0 : f64, sample} : tensor<?x8xf32>, tensor<?x8xf32> -> tensor<f32>
  return %v : tensor<f32>
}

// CHECK-LABEL: func.func @every_kind() attributes {k0 = #moe.aux_loss_kind<switch>, k1 = #moe.aux_loss_kind<switch_sumk>, k10 = #moe.aux_loss_kind<null_mean>, k11 = #moe.aux_loss_kind<l1>, k12 = #moe.aux_loss_kind<mean_importance>
func.func @every_kind() attributes {
    k0 = #moe.aux_loss_kind<switch>, k1 = #moe.aux_loss_kind<switch_sumk>, k2 = #moe.aux_loss_kind<gshard_top1>, k3 = #moe.aux_loss_kind<seq>,
    k4 = #moe.aux_loss_kind<global_batch>, k5 = #moe.aux_loss_kind<z>, k6 = #moe.aux_loss_kind<importance_cv2>, k7 = #moe.aux_loss_kind<load_cv2>,
    k8 = #moe.aux_loss_kind<entropy>, k9 = #moe.aux_loss_kind<mean_entropy>, k10 = #moe.aux_loss_kind<null_mean>,
    k11 = #moe.aux_loss_kind<l1>, k12 = #moe.aux_loss_kind<mean_importance>} {
  return
}

// CHECK-LABEL: func.func @aux_losses_of_sizes_routers_and_chunks
// CHECK-SAME: %[[C:.*]]: tensor<8xi32>, %[[S:.*]]: tensor<8xf32>, %[[N:.*]]: tensor<i32>, %[[W:.*]]: tensor<8x16xbf16>, %[[P:.*]]: tensor<?x8xf32>
func.func @aux_losses_of_sizes_routers_and_chunks(%c: tensor<8xi32>, %s: tensor<8xf32>, %n: tensor<i32>, %w: tensor<8x16xbf16>, %p: tensor<?x8xf32>)
    -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>) {
  // CHECK: moe.aux_loss <size_weighted> %[[C]], %[[S]], %[[N]], %[[S]] : tensor<8xi32>
  %a = moe.aux_loss <size_weighted> %c, %s, %n, %s : tensor<8xi32>, tensor<8xf32>, tensor<i32>, tensor<8xf32> -> tensor<f32>
  // CHECK: moe.aux_loss <latency_weighted> %[[S]], %[[S]], %[[S]] {eps = 1.000000e-10 : f64, sample} : tensor<8xf32>
  %b = moe.aux_loss <latency_weighted> %s, %s, %s {eps = 1.0e-10 : f64, sample} : tensor<8xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<f32>
  // CHECK: moe.aux_loss <gate_orthogonality> %[[W]] : tensor<8x16xbf16> -> tensor<f32>
  %d = moe.aux_loss <gate_orthogonality> %w : tensor<8x16xbf16> -> tensor<f32>
  // CHECK: moe.aux_loss <router_contrastive> %[[W]], %[[W]], %[[C]] {temperature = 7.000000e-02 : f64} : tensor<8x16xbf16>, tensor<8x16xbf16>, tensor<8xi32> -> tensor<f32>
  %e = moe.aux_loss <router_contrastive> %w, %w, %c {temperature = 0.07 : f64} : tensor<8x16xbf16>, tensor<8x16xbf16>, tensor<8xi32> -> tensor<f32>
  // CHECK: moe.aux_loss <cls_chunk> %[[P]] {chunk = 8 : i64, eps = 1.000000e-05 : f64} : tensor<?x8xf32> -> tensor<f32>
  %f = moe.aux_loss <cls_chunk> %p {chunk = 8 : i64, eps = 1.0e-5 : f64} : tensor<?x8xf32> -> tensor<f32>
  return %a, %b, %d, %e, %f : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>
}

// CHECK-LABEL: func.func @attach_loss
// CHECK-SAME: %[[Y:.*]]: tensor<?x64xf32>, %[[L:.*]]: tensor<f32>
func.func @attach_loss(%y: tensor<?x64xf32>, %l: tensor<f32>) -> tensor<?x64xf32> {
  // CHECK: %[[Z:.*]] = moe.attach_loss %[[Y]], %[[L]] : tensor<?x64xf32>, tensor<f32>
  %z = moe.attach_loss %y, %l : tensor<?x64xf32>, tensor<f32>
  // CHECK: return %[[Z]]
  return %z : tensor<?x64xf32>
}

// CHECK-LABEL: func.func @bias_update
// CHECK-SAME: %[[B:.*]]: tensor<8xf32>, %[[C:.*]]: tensor<8xi32>, %[[Z:.*]]: tensor<?x8xbf16>
func.func @bias_update(%b: tensor<8xf32>, %c: tensor<8xi32>, %z: tensor<?x8xbf16>) -> tensor<8xf32> {
  // CHECK: %[[B1:.*]] = moe.bias_update <sign> %[[B]], %[[C]] : tensor<8xf32>, tensor<8xi32>
  %b1 = moe.bias_update <sign> %b, %c {rate = 0.001 : f64} : tensor<8xf32>, tensor<8xi32>
  // CHECK: %[[B2:.*]] = moe.bias_update <proportional> %[[B1]], %[[C]] {rate = 5.000000e-01 : f64} : tensor<8xf32>, tensor<8xi32>
  %b2 = moe.bias_update <proportional> %b1, %c {rate = 0.5 : f64} : tensor<8xf32>, tensor<8xi32>
  // CHECK: %[[B3:.*]] = moe.bias_update <quantile> %[[B2]], %[[Z]] {k = 2 : i64, rate = 1.000000e+00 : f64} : tensor<8xf32>, tensor<?x8xbf16>
  %b3 = moe.bias_update <quantile> %b2, %z {k = 2, rate = 1.0} : tensor<8xf32>, tensor<?x8xbf16>
  // CHECK: return %[[B3]]
  return %b3 : tensor<8xf32>
}

// CHECK-LABEL: func.func @layer
// CHECK-SAME: %[[Z:.*]]: tensor<?x4xf32>, %[[Q:.*]]: !moe.plan<4, slots<4>>
func.func @layer(%z: tensor<?x4xf32>, %q: !moe.plan<4, slots<4>>) -> !moe.plan<4, slots<4>> {
  // CHECK: %[[L:.*]] = moe.layer 12 decode : !moe.plan<4, slots<4>> {
  %l = moe.layer 12 decode : !moe.plan<4, slots<4>> {
    // CHECK: %[[P:.*]] = moe.route %[[Z]] predictor(%[[Q]] : !moe.plan<4, slots<4>>) score <sigmoid> select <expert_topc
    %p = moe.route %z predictor(%q : !moe.plan<4, slots<4>>) score <sigmoid> select <expert_topc, key = scores, count = <1>> weight <scores>
      : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
    // CHECK: moe.yield %[[P]] : !moe.plan<4, slots<4>>
    moe.yield %p : !moe.plan<4, slots<4>>
  }
  // CHECK: return %[[L]]
  return %l : !moe.plan<4, slots<4>>
}
