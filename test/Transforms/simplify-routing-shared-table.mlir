// C10: shared experts beside a layer become always-on classes of its table.
// RUN: moe-opt %s --moe-simplify-routing='shared=table merge-shared=false' --split-input-file --verify-diagnostics --remarks-filter='moe-simplify-routing' | FileCheck %s

// (C10): fires
// CHECK-LABEL: func.func @an_op_becomes_a_class
func.func @an_op_becomes_a_class(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.route %{{.*}} -> !moe.plan<2, slots<1>, always = 1>
  // CHECK-DAG: %[[U:.*]] = moe_support.weight #moe_support.external<"fu.bin", 0> : tensor<1x5x4xf32>
  // CHECK-DAG: %[[D:.*]] = moe_support.weight #moe_support.external<"fd.bin", 0> : tensor<1x4x5xf32>
  // CHECK: moe.experts %{{.*}}, %[[U]], %[[D]] : {{.*}}) table <[<ffn, 2, width = 3, body = <ungated, relu>>, <ffn, 1, width = 5, body = <ungated, relu>, activation = always>]>
  // CHECK: %[[Y:.*]] = moe.combine
  // CHECK-NOT: moe.ffn
  // CHECK: return %[[Y]]
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %fu = moe_support.weight #moe_support.external<"fu.bin", 0> : tensor<5x4xf32>
  %fd = moe_support.weight #moe_support.external<"fd.bin", 0> : tensor<4x5xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<2x3x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  // expected-remark @+1 {{a shared expert becomes an always-on class}}
  %f = moe.ffn %x (%fu, %fd : tensor<5x4xf32>, tensor<4x5xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  %s = arith.addf %y, %f : tensor<?x4xf32>
  return %s : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @on_either_side_of_the_sum
func.func @on_either_side_of_the_sum(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.route %{{.*}} -> !moe.plan<2, slots<1>, always = 1>
  // CHECK-DAG: %[[U:.*]] = moe_support.weight #moe_support.external<"fu.bin", 0> : tensor<1x5x4xf32>
  // CHECK-DAG: %[[D:.*]] = moe_support.weight #moe_support.external<"fd.bin", 0> : tensor<1x4x5xf32>
  // CHECK: moe.experts %{{.*}}, %[[U]], %[[D]] : {{.*}}) table <[<ffn, 2, width = 3, body = <ungated, relu>>, <ffn, 1, width = 5, body = <ungated, relu>, activation = always>]>
  // CHECK: %[[Y:.*]] = moe.combine
  // CHECK-NOT: moe.ffn
  // CHECK: return %[[Y]]
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %fu = moe_support.weight #moe_support.external<"fu.bin", 0> : tensor<5x4xf32>
  %fd = moe_support.weight #moe_support.external<"fd.bin", 0> : tensor<4x5xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<2x3x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  // expected-remark @+1 {{a shared expert becomes an always-on class}}
  %f = moe.ffn %x (%fu, %fd : tensor<5x4xf32>, tensor<4x5xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  %s = arith.addf %f, %y : tensor<?x4xf32>
  return %s : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @of_a_sum_of_the_graph_level
func.func @of_a_sum_of_the_graph_level(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.route %{{.*}} -> !moe.plan<2, slots<1>, always = 1>
  // CHECK-DAG: %[[U:.*]] = moe_support.weight #moe_support.external<"fu.bin", 0> : tensor<1x5x4xf32>
  // CHECK-DAG: %[[D:.*]] = moe_support.weight #moe_support.external<"fd.bin", 0> : tensor<1x4x5xf32>
  // CHECK: moe.experts %{{.*}}, %[[U]], %[[D]] : {{.*}}) table <[<ffn, 2, width = 3, body = <ungated, relu>>, <ffn, 1, width = 5, body = <ungated, relu>, activation = always>]>
  // CHECK: %[[Y:.*]] = moe.combine
  // CHECK-NOT: moe.ffn
  // CHECK: return %[[Y]]
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %fu = moe_support.weight #moe_support.external<"fu.bin", 0> : tensor<5x4xf32>
  %fd = moe_support.weight #moe_support.external<"fd.bin", 0> : tensor<4x5xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<2x3x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  // expected-remark @+1 {{a shared expert becomes an always-on class}}
  %f = moe.ffn %x (%fu, %fd : tensor<5x4xf32>, tensor<4x5xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  %s = stablehlo.add %y, %f : tensor<?x4xf32>
  return %s : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_of_another_input
func.func @not_of_another_input(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>, %x2: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts
  // CHECK-NOT: activation = always
  // CHECK: moe.ffn
  // CHECK: arith.addf
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %fu = moe_support.weight #moe_support.external<"fu.bin", 0> : tensor<5x4xf32>
  %fd = moe_support.weight #moe_support.external<"fd.bin", 0> : tensor<4x5xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<2x3x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  // expected-remark @+1 {{its input is not the layer's}}
  %f = moe.ffn %x2 (%fu, %fd : tensor<5x4xf32>, tensor<4x5xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  %s = arith.addf %y, %f : tensor<?x4xf32>
  return %s : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_where_the_op_has_other_users
func.func @not_where_the_op_has_other_users(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts
  // CHECK-NOT: activation = always
  // CHECK: moe.ffn
  // CHECK: arith.addf
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %fu = moe_support.weight #moe_support.external<"fu.bin", 0> : tensor<5x4xf32>
  %fd = moe_support.weight #moe_support.external<"fd.bin", 0> : tensor<4x5xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<2x3x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  // expected-remark @+1 {{the ops of its layer have other users or plans}}
  %f = moe.ffn %x (%fu, %fd : tensor<5x4xf32>, tensor<4x5xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  %s = arith.addf %y, %f : tensor<?x4xf32>
  %s2 = arith.addf %s, %f : tensor<?x4xf32>
  return %s2 : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_where_the_layer_has_other_users
func.func @not_where_the_layer_has_other_users(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts
  // CHECK-NOT: activation = always
  // CHECK: moe.ffn
  // CHECK: arith.addf
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %fu = moe_support.weight #moe_support.external<"fu.bin", 0> : tensor<5x4xf32>
  %fd = moe_support.weight #moe_support.external<"fd.bin", 0> : tensor<4x5xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<2x3x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  // expected-remark @+1 {{the ops of its layer have other users or plans}}
  %f = moe.ffn %x (%fu, %fd : tensor<5x4xf32>, tensor<4x5xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  %s = arith.addf %y, %f : tensor<?x4xf32>
  %s2 = arith.mulf %s, %y : tensor<?x4xf32>
  return %s2 : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_where_the_input_is_scaled
func.func @not_where_the_input_is_scaled(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts
  // CHECK-NOT: activation = always
  // CHECK: moe.ffn
  // CHECK: arith.addf
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %fu = moe_support.weight #moe_support.external<"fu.bin", 0> : tensor<5x4xf32>
  %fd = moe_support.weight #moe_support.external<"fd.bin", 0> : tensor<4x5xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> {input_scale = 2.0} : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<2x3x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  // expected-remark @+1 {{the input of all experts is scaled}}
  %f = moe.ffn %x (%fu, %fd : tensor<5x4xf32>, tensor<4x5xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  %s = arith.addf %y, %f : tensor<?x4xf32>
  return %s : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @not_where_parameters_are_no_constants
func.func @not_where_parameters_are_no_constants(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>, %fu: tensor<5x4xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.experts
  // CHECK-NOT: activation = always
  // CHECK: moe.ffn
  // CHECK: arith.addf
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %fd = moe_support.weight #moe_support.external<"fd.bin", 0> : tensor<4x5xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<2x3x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  // expected-remark @+1 {{its parameters are no constants}}
  %f = moe.ffn %x (%fu, %fd : tensor<5x4xf32>, tensor<4x5xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  %s = arith.addf %y, %f : tensor<?x4xf32>
  return %s : tensor<?x4xf32>
}

// -----

// (C10): not with gated experts
// CHECK-LABEL: func.func @not_where_always_on_experts_have_weights
func.func @not_where_always_on_experts_have_weights(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>, %a: tensor<?x1xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.ffn
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %fu = moe_support.weight #moe_support.external<"fu.bin", 0> : tensor<5x4xf32>
  %fd = moe_support.weight #moe_support.external<"fd.bin", 0> : tensor<4x5xf32>
  %su = moe_support.weight #moe_support.external<"su.bin", 0> : tensor<1x5x4xf32>
  %sd = moe_support.weight #moe_support.external<"sd.bin", 0> : tensor<1x4x5xf32>
  %p = moe.route %z always_weights(%a : tensor<?x1xf32>) score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>, always = 1>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>, always = 1> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d, %su, %sd : tensor<2x3x4xf32>, tensor<2x4x3xf32>, tensor<1x5x4xf32>, tensor<1x4x5xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>, <ffn, 1, width = 5, body = <ungated, relu>, activation = always>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 1> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>, always = 1>, tensor<?x4xf32> -> tensor<?x4xf32>
  // expected-remark @+1 {{always-on experts have weights}}
  %f = moe.ffn %x (%fu, %fd : tensor<5x4xf32>, tensor<4x5xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  %s = arith.addf %y, %f : tensor<?x4xf32>
  return %s : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @a_soft_plan_has_no_always_on_ids
func.func @a_soft_plan_has_no_always_on_ids(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK: moe.ffn
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %fu = moe_support.weight #moe_support.external<"fu.bin", 0> : tensor<5x4xf32>
  %fd = moe_support.weight #moe_support.external<"fd.bin", 0> : tensor<4x5xf32>
  %p = moe.route %z score <identity> select <soft_slots(1), key = logits> weight <policy> : tensor<?x2xf32> -> !moe.plan<2, soft<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, soft<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<2x3x4xf32>, tensor<2x4x3xf32>) table <[<ffn, 2, width = 3, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, soft<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, soft<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  // expected-remark @+1 {{a soft plan has no always-on ids}}
  %s = moe.ffn %x (%fu, %fd : tensor<5x4xf32>, tensor<4x5xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  %t = arith.addf %y, %s : tensor<?x4xf32>
  return %t : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @an_op_of_made_matrices_becomes_a_stored_class
func.func @an_op_of_made_matrices_becomes_a_stored_class(%x: tensor<?x4xf32>, %z: tensor<?x2xf32>) -> tensor<?x4xf32> {
  // CHECK-DAG: %[[Q:.*]] = moe_support.weight #moe_support.external<"fq.bin", 0> : tensor<1x5x4xi8>
  // CHECK-DAG: %[[S:.*]] = moe_support.weight #moe_support.external<"fs.bin", 0> : tensor<1x5xf32>
  // CHECK: moe.experts %{{.*}}, %[[Q]], %[[S]], %{{.*}} : {{.*}} <ffn, 1, width = 5, body = <ungated, relu>, activation = always, quant = [<i8_chan>, <float>]>]>
  // CHECK-NOT: moe.dequant
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<2x3x4xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<2x4x3xf32>
  %fq = moe_support.weight #moe_support.external<"fq.bin", 0> : tensor<5x4xi8>
  %fs = moe_support.weight #moe_support.external<"fs.bin", 0> : tensor<5xf32>
  %fd = moe_support.weight #moe_support.external<"fd.bin", 0> : tensor<4x5xf32>
  %fu = moe.dequant %fq, %fs quant <i8_chan> : tensor<5x4xi8>, tensor<5xf32> -> tensor<5x4xf32>
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<?x2xf32> -> !moe.plan<2, slots<1>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%u, %d : tensor<2x3x4xf32>, tensor<2x4x3xf32>)
    table <[<ffn, 2, width = 3, body = <ungated, relu>>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>> -> !moe.rows<f32, 4, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 4, grouped>, !moe.plan<2, slots<1>>, tensor<?x4xf32> -> tensor<?x4xf32>
  // expected-remark @+1 {{a shared expert becomes an always-on class}}
  %f = moe.ffn %x (%fu, %fd : tensor<5x4xf32>, tensor<4x5xf32>) body <ungated, relu> : tensor<?x4xf32> -> tensor<?x4xf32>
  %s = arith.addf %y, %f : tensor<?x4xf32>
  return %s : tensor<?x4xf32>
}
