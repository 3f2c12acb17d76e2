// Layers that become one graph, and those that stay, with the reason. The numbers are compared in TileToCPU/fused-layers.test.
// RUN: moe-opt %s --convert-moe-to-tile --verify-diagnostics --remarks-filter-passed='convert-moe-to-tile' --remarks-filter-missed='convert-moe-to-tile' | FileCheck %s
// RUN: moe-opt %s --convert-moe-to-tile='vector-bits=512 vector-registers=32' | FileCheck %s --check-prefix=WIDE
// RUN: moe-opt %s --convert-moe-to-tile='vector-bits=512 vector-registers=32 bf16-dot' | FileCheck %s --check-prefix=PAIRS
// RUN: moe-opt %s --convert-moe-to-tile=schedule=two-kernel | FileCheck %s --check-prefix=TWO
// RUN: moe-opt %s --convert-moe-to-tile=schedule=unfused | FileCheck %s --check-prefix=UNFUSED
// RUN: moe-opt %s --pass-pipeline='builtin.module(convert-moe-to-tile{schedule={unfused tokens=512 threads=2}})' --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefixes=OPTIONS,UNFUSED
// RUN: not moe-opt %s --convert-moe-to-tile=schedule=best 2>&1 | FileCheck %s --check-prefix=BEST
// OPTIONS: schedule={unfused tokens=512 threads=2 cold-batch=1 flops=1.180000e+11 {{.*}}read-bytes=5.500000e+10 loop-seconds=1.000000e-05 task-seconds=1.500000e-07}
// BEST: expects auto, unfused, two-kernel or fused, but got 'best'
// RUN: moe-opt %s --convert-moe-to-tile --convert-moe-to-linalg --canonicalize --moe-verify-tile | FileCheck %s --check-prefix=LEVEL

// CHECK-LABEL: func.func @a_gated_layer
// CHECK-SAME: (%[[X:.*]]: tensor<?x32xf32>, %[[P:.*]]: !moe.plan<4, slots<2>>)
// Weights are panels of the register tile's columns.
// CHECK: moe_support.weight #moe_support.transpose<dense<5.000000e-01> : tensor<4x3x16x32xf32>, [0, 1, 3, 2]> : tensor<4x3x32x16xf32>
// CHECK: %[[PARTS:.*]]:5 = builtin.unrealized_conversion_cast %[[P]]
// CHECK-DAG: %[[ROWS:.*]] = tensor.extract %[[PARTS]]#2[%{{.*}}] : tensor<5xindex>
// CHECK-DAG: %[[ENTRIES:.*]] = tensor.extract_slice %[[PARTS]]#3[0] [%[[ROWS]]] [1]
// CHECK: %[[OF:.*]] = linalg.generic {{.*}} ins(%[[ENTRIES]] :
// CHECK: arith.divui
// CHECK: %[[SHARES:.*]] = linalg.generic {{.*}} ins(%[[ENTRIES]] :
// CHECK: tensor.extract %[[PARTS]]#1
// CHECK-DAG: %[[OFFSETS:.*]] = bufferization.to_buffer %[[PARTS]]#2 read_only
// CHECK-DAG: %[[UNITS:.*]] = bufferization.to_buffer %[[OF]] read_only
// CHECK-DAG: %[[WEIGHTS:.*]] = bufferization.to_buffer %[[SHARES]] read_only
// CHECK: %[[Y:.*]] = memref.alloc(%{{.*}}) {{.*}} : memref<?x32xf32>
// CHECK: %[[IN:.*]] = bufferization.to_buffer %[[X]] read_only
// CHECK: moe_tile.graph experts 4 schedule <ticket sweep = [0, 1, 3]> {
// CHECK-NEXT: moe_tile.buffer counts @counts : experts x index in device from %[[OFFSETS]]
// CHECK-NEXT: moe_tile.buffer input @units : experts x rows x index in device from %[[UNITS]]
// CHECK-NEXT: moe_tile.buffer input @weights : experts x rows x f32 in device from %[[WEIGHTS]]
// CHECK-NEXT: moe_tile.buffer input @x : tokens x 32 x f32 in device from %[[IN]]
// Rings are all that is kept of rows, and workers have memory for sums of one tile.
// CHECK-NEXT: moe_tile.buffer @rows : experts x rows x 32 x f32 in device ring 4
// CHECK-NEXT: moe_tile.buffer input @gate : experts x 48 by 16 x 32 x 16 x f32 in device
// CHECK-NEXT: moe_tile.buffer @gates : 120 x 64 x f32 in worker
// CHECK-NEXT: moe_tile.buffer input @up : experts x 48 by 16 x 32 x 16 x f32 in device
// CHECK-NEXT: moe_tile.buffer @hidden : experts x rows x 48 x f32 in device ring 4
// CHECK-NEXT: moe_tile.signal @gathered : experts x rows by 120 in device
// CHECK-NEXT: moe_tile.signal @active : experts x rows by 120 in device
// CHECK-NEXT: moe_tile.buffer input @down : experts x 32 by 16 x 48 x 16 x f32 in device
// CHECK-NEXT: moe_tile.buffer @products : 120 x 32 x f32 in worker
// CHECK-NEXT: moe_tile.buffer output @y : tokens x 32 x f32 in device from %[[Y]]
// CHECK-NEXT: moe_tile.signal @started in device
// CHECK-NEXT: moe_tile.signal @added : experts x rows by 120 x 32 by 32 in device
// CHECK-NEXT: moe_tile.signal @drained : experts x rows by 120 in device
// CHECK-NEXT: moe_tile.task @start over (%[[T:.*]] in tokens by 64) {
// CHECK-NEXT: %[[ZERO:.*]] = moe_tile.compute writes(%{{.*}} = @y[%[[T]], *] : {{.*}}) {
// CHECK: moe_tile.arrive @started after %[[ZERO]]
// Rows are gathered once, when the tile before in the ring is used up.
// CHECK: moe_tile.task @gather over (%[[E:.*]] in experts, %[[M:.*]] in rows by 120) {
// CHECK-NEXT: %[[USED:.*]] = moe_tile.wait @active[%[[E]], %[[M]]] behind 4 expects 1
// CHECK-NEXT: %[[DONE:.*]] = moe_tile.compute reads(%{{.*}} = @x[*, *] : {{.*}}, %{{.*}} = @units[%[[E]], %[[M]]] : {{.*}}) writes(%{{.*}} = @rows[%[[E]], %[[M]], *] : {{.*}}) after(%[[USED]]) {
// CHECK: moe_tile.arrive @gathered[%[[E]], %[[M]]] after %[[DONE]]
// CHECK: moe_tile.task @up over (%[[E:.*]] in experts, %[[M:.*]] in rows by 120, %[[N:.*]] in 48 by 64) {
// CHECK-NEXT: %[[READY:.*]] = moe_tile.wait @gathered[%[[E]], %[[M]]] expects 1
// CHECK-NEXT: %[[USED:.*]] = moe_tile.wait @drained[%[[E]], %[[M]]] behind 4 expects 1
// CHECK-NEXT: %[[DONE:.*]] = moe_tile.compute reads(%{{.*}} = @rows[%[[E]], %[[M]], *] : {{.*}}, %{{.*}} = @up[%[[E]], %[[N]], *, *] : {{.*}}, %{{.*}} = @gate[%[[E]], %[[N]], *, *] : {{.*}}) writes(%{{.*}} = @gates[*, *] : {{.*}}, %{{.*}} = @hidden[%[[E]], %[[M]], %[[N]]] : {{.*}}) after(%[[READY]], %[[USED]]) {
// CHECK: moe_tile.arrive @active[%[[E]], %[[M]]] after %[[DONE]]
// Products are made before the turn to add them comes.
// CHECK: moe_tile.task @down over (%[[E:.*]] in experts, %[[M:.*]] in rows by 120, %[[N:.*]] in 32 by 32) {
// CHECK-NEXT: %[[READY:.*]] = moe_tile.wait @active[%[[E]], %[[M]]] expects 1
// CHECK-NEXT: %[[PRODUCTS:.*]] = moe_tile.compute reads(%{{.*}} = @units[%[[E]], %[[M]]] : {{.*}}, %{{.*}} = @hidden[%[[E]], %[[M]], *] : {{.*}}, %{{.*}} = @down[%[[E]], %[[N]], *, *] : {{.*}}) writes(%{{.*}} = @products[*, *] : {{.*}}) after(%[[READY]]) {
// CHECK: %[[STARTED:.*]] = moe_tile.wait @started expects tokens by 64
// CHECK-NEXT: %[[BEFORE:.*]] = moe_tile.wait @added[%[[E]], %[[M]], %[[N]]] behind 1 expects 1
// CHECK-NEXT: %[[ADDED:.*]] = moe_tile.compute reads(%{{.*}} = @units[%[[E]], %[[M]]] : {{.*}}, %{{.*}} = @weights[%[[E]], %[[M]]] : {{.*}}, %{{.*}} = @products[*, *] : {{.*}}) updates(%{{.*}} = @y[*, %[[N]]] : {{.*}}) after(%[[PRODUCTS]], %[[STARTED]], %[[BEFORE]]) {
// Rows that come later are fetched while one is added to.
// CHECK: scf.for
// CHECK: memref.prefetch %{{.*}}, write, locality<3>, data : memref<?x?xf32,
// CHECK: moe_tile.arrive @added[%[[E]], %[[M]], %[[N]]] after %[[ADDED]]
// CHECK-NEXT: moe_tile.arrive @drained[%[[E]], %[[M]]] after %[[ADDED]]
// CHECK: %[[RESULT:.*]] = bufferization.to_tensor %[[Y]] restrict writable
// CHECK: return %[[RESULT]]

// Two graphs: the hidden vectors are in memory between them, as many rows as there are, and the second one waits for nothing.
// TWO-LABEL: func.func @a_gated_layer
// TWO: %[[ROWS:.*]] = tensor.extract %{{.*}}#2[%{{.*}}] : tensor<5xindex>
// TWO: %[[HIDDEN:.*]] = memref.alloc(%[[ROWS]]) {{.*}} : memref<?x48xf32>
// TWO: moe_tile.graph experts 4 schedule <ticket sweep = [0, 1]> {
// TWO: moe_tile.buffer output @hidden : experts x rows x 48 x f32 in device from %[[HIDDEN]]
// TWO: moe_tile.task @up over
// TWO-NOT: moe_tile.task @down
// TWO: moe_tile.graph experts 4 schedule <ticket> {
// TWO-NOT: moe_tile.signal
// TWO: moe_tile.buffer input @hidden : experts x rows x 48 x f32 in device from %[[HIDDEN]]
// TWO: moe_tile.task @down over
// TWO-NOT: moe_tile.wait
// TWO: moe_tile.for %[[E:.*]] in experts carry
// TWO: moe_tile.for %[[M:.*]] in rows by 120 carry
// TWO-NOT: moe_tile.wait
// TWO: return
// UNFUSED-NOT: moe_tile.graph

// A wider register tile, wider panels.
// WIDE-LABEL: func.func @a_gated_layer
// WIDE: moe_tile.buffer input @up : experts x 48 by 64 x 32 x 64 x f32 in device
// WIDE: moe_tile.task @down over (%{{.*}} in experts, %{{.*}} in rows by 120, %{{.*}} in 32 by 128) {

// What is left of a level above is gone where the reference lowering has run.
// LEVEL-LABEL: func.func @a_gated_layer
// LEVEL: moe_tile.graph
func.func @a_gated_layer(%x: tensor<?x32xf32>, %p: !moe.plan<4, slots<2>>) -> tensor<?x32xf32> {
  %g = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %u = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %d = moe_support.weight dense<0.5> : tensor<4x32x48xf32>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p (%g, %u, %d : tensor<4x48x32xf32>, tensor<4x48x32xf32>, tensor<4x32x48xf32>)
    table <[<ffn, 4, width = 48, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{one graph with row tiles of 120}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// CHECK-LABEL: func.func @it_stays_where_parameters_are_no_constants
// CHECK-NOT: moe_tile.graph
// CHECK: moe.experts
func.func @it_stays_where_parameters_are_no_constants(%x: tensor<?x32xf32>, %p: !moe.plan<4, slots<2>>, %g: tensor<4x48x32xf32>, %u: tensor<4x48x32xf32>, %d: tensor<4x32x48xf32>) -> tensor<?x32xf32> {
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p (%g, %u, %d : tensor<4x48x32xf32>, tensor<4x48x32xf32>, tensor<4x32x48xf32>)
    table <[<ffn, 4, width = 48, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{stays unfused: its parameters are not constants that kernels read}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// In bf16 sums are in f32 all the same; they are rounded when the last tile has been added. Where the target multiplies pairs, weights lie in pairs.
// CHECK-LABEL: func.func @a_layer_in_bf16
// CHECK: %[[Y:.*]] = memref.alloc(%{{.*}}) {{.*}} : memref<?x32xbf16>
// CHECK: moe_tile.buffer @rows : experts x rows x 32 x bf16 in device ring 4
// CHECK: moe_tile.buffer @ups : 120 x 64 x f32 in worker
// CHECK: moe_tile.buffer @hidden : experts x rows x 48 x bf16 in device ring 4
// CHECK: moe_tile.buffer @y : tokens x 32 x f32 in device
// CHECK-NEXT: moe_tile.buffer output @result : tokens x 32 x bf16 in device from %[[Y]]
// CHECK: moe_tile.task @finish over (%[[T:.*]] in tokens by 64) {
// CHECK-NEXT: %[[STARTED:.*]] = moe_tile.wait @started expects tokens by 64
// CHECK-NEXT: %[[ADDED:.*]] = moe_tile.wait @finished expects experts * rows by 120
// CHECK-NEXT: moe_tile.compute reads(%{{.*}} = @y[%[[T]], *] : {{.*}}) writes(%{{.*}} = @result[%[[T]], *] : {{.*}}) after(%[[STARTED]], %[[ADDED]]) {
// CHECK: arith.truncf
// PAIRS-LABEL: func.func @a_layer_in_bf16
// PAIRS: moe_tile.buffer input @up : experts x 48 by 64 x 16 x 64 x 2 x bf16 in device
func.func @a_layer_in_bf16(%x: tensor<?x32xbf16>, %p: !moe.plan<4, slots<2>>) -> tensor<?x32xbf16> {
  %g = moe_support.weight dense<0.5> : tensor<4x48x32xbf16>
  %u = moe_support.weight dense<0.5> : tensor<4x48x32xbf16>
  %d = moe_support.weight dense<0.5> : tensor<4x32x48xbf16>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xbf16>, !moe.plan<4, slots<2>> -> !moe.rows<bf16, 32, grouped>
  %h = moe.experts %r, %p (%g, %u, %d : tensor<4x48x32xbf16>, tensor<4x48x32xbf16>, tensor<4x32x48xbf16>)
    table <[<ffn, 4, width = 48, body = <gated, silu>>]> apply <output> : !moe.rows<bf16, 32, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<bf16, 32, grouped>
  // expected-remark @+1 {{one graph with row tiles of 120}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<bf16, 32, grouped>, !moe.plan<4, slots<2>>, tensor<?x32xbf16> -> tensor<?x32xbf16>
  return %y : tensor<?x32xbf16>
}

// CHECK-LABEL: func.func @it_stays_where_an_always_on_expert_is_no_ffn
// CHECK-NOT: moe_tile.graph
// CHECK: moe.experts
func.func @it_stays_where_an_always_on_expert_is_no_ffn(%x: tensor<?x32xf32>, %p: !moe.plan<4, slots<2>, always = 1>) -> tensor<?x32xf32> {
  %g = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %u = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %d = moe_support.weight dense<0.5> : tensor<4x32x48xf32>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<4, slots<2>, always = 1> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p (%g, %u, %d : tensor<4x48x32xf32>, tensor<4x48x32xf32>, tensor<4x32x48xf32>)
    table <[<ffn, 4, width = 48, body = <gated, silu>>, <zero, 1, activation = always>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>, always = 1> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{stays unfused: its experts are not one class of ffn}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>, always = 1>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// An always-on expert reads the tokens where they are and begins at once. What it gives is in the result when the sum is complete, to which it comes last.
// CHECK-LABEL: func.func @a_layer_with_a_shared_expert
// CHECK: %[[GATES:.*]] = bufferization.to_buffer %{{.*}} read_only {{.*}} : tensor<?x1xf32>
// CHECK: %[[Y:.*]] = memref.alloc(%{{.*}}) {{.*}} : memref<?x32xf32>
// CHECK: moe_tile.graph experts 4 schedule <ticket sweep = [0, 1, 3] token_sweep = [0, 2]> {
// CHECK: moe_tile.buffer distinct_counts @counts : experts x index in device from
// CHECK: moe_tile.buffer @y : tokens x 32 x f32 in device
// CHECK-NEXT: moe_tile.buffer output @result : tokens x 32 x f32 in device from %[[Y]]
// CHECK-NEXT: moe_tile.buffer input @shared_weights : tokens x 1 x f32 in device from %[[GATES]]
// CHECK: moe_tile.signal @finished in device
// CHECK-NEXT: moe_tile.buffer input @shared_gate : 1 x 80 by 16 x 32 x 16 x f32 in device
// CHECK-NEXT: moe_tile.buffer @shared_gates : 120 x 64 x f32 in worker
// CHECK-NEXT: moe_tile.buffer input @shared_up : 1 x 80 by 16 x 32 x 16 x f32 in device
// CHECK-NEXT: moe_tile.buffer @shared_hidden : tokens x 80 x f32 in device ring 4
// CHECK-NEXT: moe_tile.signal @shared_active : tokens by 120 in device
// CHECK-NEXT: moe_tile.buffer input @shared_down : 1 x 32 by 16 x 80 x 16 x f32 in device
// CHECK-NEXT: moe_tile.signal @shared_drained : tokens by 120 in device
// CHECK-NEXT: moe_tile.signal @shared_given in device
// CHECK-NEXT: moe_tile.task @route
// CHECK: %[[KNOWN:.*]] = moe_tile.wait @planned expects 1
// CHECK-NEXT: moe_tile.task @shared_up over (%[[T:.*]] in tokens by 120, %[[N:.*]] in 80 by 64) {
// CHECK-NEXT: %[[USED:.*]] = moe_tile.wait @shared_drained[%[[T]]] behind 4 expects 1
// CHECK-NEXT: %[[DONE:.*]] = moe_tile.compute reads(%{{.*}} = @x[%[[T]], *] : {{.*}}, %{{.*}} = @shared_up[0, %[[N]], *, *] : {{.*}}, %{{.*}} = @shared_gate[0, %[[N]], *, *] : {{.*}}) writes(%{{.*}} = @shared_gates[*, *] : {{.*}}, %{{.*}} = @shared_hidden[%[[T]], %[[N]]] : {{.*}}) after(%[[USED]]) {
// CHECK: moe_tile.arrive @shared_active[%[[T]]] after %[[DONE]]
// CHECK: moe_tile.task @shared_down over (%[[T:.*]] in tokens by 120, %[[N:.*]] in 32 by 32) {
// CHECK-NEXT: %[[READY:.*]] = moe_tile.wait @shared_active[%[[T]]] expects 2
// CHECK-NEXT: %[[DONE:.*]] = moe_tile.compute reads(%{{.*}} = @shared_hidden[%[[T]], *] : {{.*}}, %{{.*}} = @shared_down[0, %[[N]], *, *] : {{.*}}) writes(%{{.*}} = @result[%[[T]], %[[N]]] : {{.*}}) after(%[[READY]]) {
// CHECK: moe_tile.arrive @shared_drained[%[[T]]] after %[[DONE]]
// CHECK-NEXT: moe_tile.arrive @shared_given after %[[DONE]]
// CHECK: moe_tile.task @finish over (%[[T:.*]] in tokens by 64) after %[[KNOWN]] {
// CHECK-NEXT: %[[STARTED:.*]] = moe_tile.wait @started expects tokens by 64
// CHECK-NEXT: %[[SUMMED:.*]] = moe_tile.wait @finished expects experts * rows by 120
// CHECK-NEXT: %[[GIVEN:.*]] = moe_tile.wait @shared_given expects tokens by 120
// CHECK-NEXT: moe_tile.compute reads(%{{.*}} = @y[%[[T]], *] : {{.*}}, %{{.*}} = @shared_weights[%[[T]], *] : {{.*}}) updates(%{{.*}} = @result[%[[T]], *] : {{.*}}) after(%[[STARTED]], %[[SUMMED]], %[[GIVEN]]) {
// Of two kernels, the first makes its hidden vectors, and the second adds them when all others are added.
// TWO-LABEL: func.func @a_layer_with_a_shared_expert
// TWO: moe_tile.buffer output @shared_hidden : tokens x 80 x f32 in device from
// TWO: moe_tile.task @shared_up
// TWO: moe_tile.graph experts 4 schedule <ticket> {
// TWO: %[[ROUTED:.*]] = moe_tile.for %{{.*}} in experts carry
// TWO: moe_tile.for %{{.*}} in tokens by 120 carry (%{{.*}} = %[[ROUTED]])
func.func @a_layer_with_a_shared_expert(%x: tensor<?x32xf32>, %z: tensor<?x4xf32>, %a: tensor<?x1xf32>) -> tensor<?x32xf32> {
  %g = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %u = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %d = moe_support.weight dense<0.5> : tensor<4x32x48xf32>
  %sg = moe_support.weight dense<0.5> : tensor<1x80x32xf32>
  %su = moe_support.weight dense<0.5> : tensor<1x80x32xf32>
  %sd = moe_support.weight dense<0.5> : tensor<1x32x80xf32>
  // expected-remark @+1 {{routes 8 units at a time}}
  %p = moe.route %z always_weights(%a : tensor<?x1xf32>) score <softmax> select <topk(2)> weight <scores> : tensor<?x4xf32> -> !moe.plan<4, slots<2>, always = 1>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<4, slots<2>, always = 1> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p (%g, %u, %d, %sg, %su, %sd : tensor<4x48x32xf32>, tensor<4x48x32xf32>, tensor<4x32x48xf32>, tensor<1x80x32xf32>, tensor<1x80x32xf32>, tensor<1x32x80xf32>)
    table <[<ffn, 4, width = 48, body = <gated, silu>>, <ffn, 1, width = 80, body = <gated, silu>, activation = always>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>, always = 1> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{one graph with row tiles of 120, 1 always-on expert over the tokens as they are}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>, always = 1>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// CHECK-LABEL: func.func @it_stays_where_the_plan_has_rows
// CHECK-NOT: moe_tile.graph
// CHECK: moe.experts
func.func @it_stays_where_the_plan_has_rows(%x: tensor<?x32xf32>, %p: !moe.plan<4, csr>) -> tensor<?x32xf32> {
  %g = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %u = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %d = moe_support.weight dense<0.5> : tensor<4x32x48xf32>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<4, csr> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p (%g, %u, %d : tensor<4x48x32xf32>, tensor<4x48x32xf32>, tensor<4x32x48xf32>)
    table <[<ffn, 4, width = 48, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, csr> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{stays unfused: its plan is not one of slots alone}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, csr>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// CHECK-LABEL: func.func @it_stays_where_weights_multiply_elsewhere
// CHECK-NOT: moe_tile.graph
// CHECK: moe.experts
func.func @it_stays_where_weights_multiply_elsewhere(%x: tensor<?x32xf32>, %p: !moe.plan<4, slots<2>>) -> tensor<?x32xf32> {
  %g = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %u = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %d = moe_support.weight dense<0.5> : tensor<4x32x48xf32>
  %r = moe.dispatch %x, %p apply <hidden> : tensor<?x32xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p (%g, %u, %d : tensor<4x48x32xf32>, tensor<4x48x32xf32>, tensor<4x32x48xf32>)
    table <[<ffn, 4, width = 48, body = <gated, silu>>]> apply <hidden> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{stays unfused: its weights do not multiply the output}}
  %y = moe.combine %h, %p, %x apply <hidden> residual <none> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// CHECK-LABEL: func.func @it_stays_where_the_input_is_added
// CHECK-NOT: moe_tile.graph
// CHECK: moe.experts
func.func @it_stays_where_the_input_is_added(%x: tensor<?x32xf32>, %p: !moe.plan<4, slots<2>>) -> tensor<?x32xf32> {
  %g = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %u = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %d = moe_support.weight dense<0.5> : tensor<4x32x48xf32>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p (%g, %u, %d : tensor<4x48x32xf32>, tensor<4x48x32xf32>, tensor<4x32x48xf32>)
    table <[<ffn, 4, width = 48, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{stays unfused: its sum does not begin with zero}}
  %y = moe.combine %h, %p, %x apply <output> residual <add_x> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// CHECK-LABEL: func.func @it_stays_where_a_class_scales_its_input
// CHECK-NOT: moe_tile.graph
// CHECK: moe.experts
func.func @it_stays_where_a_class_scales_its_input(%x: tensor<?x32xf32>, %p: !moe.plan<4, slots<2>>) -> tensor<?x32xf32> {
  %g = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %u = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %d = moe_support.weight dense<0.5> : tensor<4x32x48xf32>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p (%g, %u, %d : tensor<4x48x32xf32>, tensor<4x48x32xf32>, tensor<4x32x48xf32>)
    table <[<ffn, 4, width = 48, body = <gated, silu>, input_scale = 2.0>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{stays unfused: its experts scale their input}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

func.func private @declared(f32) -> f32

// CHECK-LABEL: func.func @it_stays_where_the_activation_is_a_function
// CHECK-NOT: moe_tile.graph
// CHECK: moe.experts
func.func @it_stays_where_the_activation_is_a_function(%x: tensor<?x32xf32>, %p: !moe.plan<4, slots<2>>) -> tensor<?x32xf32> {
  %g = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %u = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %d = moe_support.weight dense<0.5> : tensor<4x32x48xf32>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p (%g, %u, %d : tensor<4x48x32xf32>, tensor<4x48x32xf32>, tensor<4x32x48xf32>)
    table <[<ffn, 4, width = 48, body = <gated, external, callee = @declared>>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{stays unfused: its activation is a function}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// CHECK-LABEL: func.func @it_stays_where_slots_give_the_order
// CHECK-NOT: moe_tile.graph
// CHECK: moe.experts
func.func @it_stays_where_slots_give_the_order(%x: tensor<?x32xf32>, %p: !moe.plan<4, slots<2>>) -> tensor<?x32xf32> {
  %g = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %u = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %d = moe_support.weight dense<0.5> : tensor<4x32x48xf32>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p (%g, %u, %d : tensor<4x48x32xf32>, tensor<4x48x32xf32>, tensor<4x32x48xf32>)
    table <[<ffn, 4, width = 48, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{stays unfused: its sum is in the order of slots}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// CHECK-LABEL: func.func @it_stays_where_experts_have_a_body_and_more
// CHECK-NOT: moe_tile.graph
// CHECK: moe.experts
func.func @it_stays_where_experts_have_a_body_and_more(%x: tensor<?x32xf32>, %p: !moe.plan<4, slots<2>>) -> tensor<?x32xf32> {
  %u = moe_support.weight #moe_support.external<"u.bin", 0> : tensor<48x32xf32>
  %d = moe_support.weight #moe_support.external<"d.bin", 0> : tensor<32x48xf32>
  %s = moe_support.weight #moe_support.external<"s.bin", 0> : tensor<4x48xf32>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p (%u, %d, %s : tensor<48x32xf32>, tensor<32x48xf32>, tensor<4x48xf32>)
    table <[<scale_vec, 4, width = 48, body = <ungated, relu>, targets = [hidden]>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{stays unfused: its experts are not one class of ffn}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// CHECK-LABEL: func.func @it_stays_where_experts_have_several_classes
// CHECK-NOT: moe_tile.graph
// CHECK: moe.experts
func.func @it_stays_where_experts_have_several_classes(%x: tensor<?x32xf32>, %p: !moe.plan<4, slots<2>>) -> tensor<?x32xf32> {
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p
    table <[<copy, 3>, <zero, 1>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{stays unfused: its experts are not one class of ffn}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// CHECK-LABEL: func.func @it_stays_where_rows_are_used_twice
// CHECK-NOT: moe_tile.graph
// CHECK: moe.experts
func.func @it_stays_where_rows_are_used_twice(%x: tensor<?x32xf32>, %p: !moe.plan<4, slots<2>>) -> (tensor<?x32xf32>, !moe.rows<f32, 32, grouped>) {
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p table <[<copy, 4>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{stays unfused: its rows are not those of experts alone}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y, %h : tensor<?x32xf32>, !moe.rows<f32, 32, grouped>
}

// CHECK-LABEL: func.func @it_stays_where_dispatched_rows_are_used_twice
// CHECK-NOT: moe_tile.graph
// CHECK: moe.experts
func.func @it_stays_where_dispatched_rows_are_used_twice(%x: tensor<?x32xf32>, %p: !moe.plan<4, slots<2>>) -> (tensor<?x32xf32>, !moe.rows<f32, 32, grouped>) {
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p table <[<copy, 4>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{stays unfused: the rows of its experts are not dispatched for them alone}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y, %r : tensor<?x32xf32>, !moe.rows<f32, 32, grouped>
}

// CHECK-LABEL: func.func @it_stays_where_plans_differ
// CHECK-NOT: moe_tile.graph
// CHECK: moe.experts
func.func @it_stays_where_plans_differ(%x: tensor<?x32xf32>, %p: !moe.plan<4, slots<2>>, %q: !moe.plan<4, slots<2>>) -> tensor<?x32xf32> {
  %r = moe.dispatch %x, %q apply <output> : tensor<?x32xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p table <[<copy, 4>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{stays unfused: its parts have different plans}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// A router with a kernel is part of the graph: blocks of tokens, whose last one lets the plan begin, whose end lets the rows be known. Nothing stands before the graph.
// CHECK-LABEL: func.func @a_layer_that_routes
// CHECK-NOT: builtin.unrealized_conversion_cast
// CHECK: %[[TOKENS:.*]] = tensor.dim %[[Z:.*]], %{{.*}} : tensor<?x4xf32>
// CHECK: %[[MOST:.*]] = arith.muli %[[TOKENS]], %{{.*}} : index
// CHECK: memref.alloc(%[[MOST]]) {{.*}} : memref<?xindex>
// CHECK: moe_tile.graph experts 4 schedule <ticket sweep = [0, 1, 3]> {
// CHECK-NEXT: moe_tile.buffer input @logits : tokens x 4 x f32 in device
// CHECK-NEXT: moe_tile.buffer input @key_offset : 4 x f32 in device
// CHECK-NEXT: moe_tile.buffer @ids : tokens x 2 x i32 in device
// CHECK-NEXT: moe_tile.buffer @picks : tokens x 2 x f32 in device
// CHECK-NEXT: moe_tile.buffer distinct_counts @counts : experts x index in device
// CHECK-NEXT: moe_tile.buffer @units : experts x rows x index in device
// CHECK-NEXT: moe_tile.buffer @weights : experts x rows x f32 in device
// CHECK-NEXT: moe_tile.buffer @keys : 4 x 8 x f32 in worker
// CHECK-NEXT: moe_tile.buffer @best : 2 x 8 x i32 in worker
// CHECK-NEXT: moe_tile.buffer @next : 4 x index in worker
// CHECK-NEXT: moe_tile.signal @routed in device
// CHECK-NEXT: moe_tile.signal @planned in device
// CHECK: moe_tile.task @route over (%[[T:.*]] in tokens by 64) {
// CHECK-NEXT: %[[DONE:.*]] = moe_tile.compute reads(%{{.*}} = @logits[%[[T]], *] : {{.*}}, %{{.*}} = @key_offset[*] : {{.*}}) writes(%{{.*}} = @ids[%[[T]], *] : {{.*}}, %{{.*}} = @picks[%[[T]], *] : {{.*}}, %{{.*}} = @keys[*, *] : {{.*}}, %{{.*}} = @best[*, *] : {{.*}}) {
// CHECK: vector.shuffle
// CHECK: moe_tile.arrive @routed after %[[DONE]]
// CHECK: moe_tile.task @plan over () {
// CHECK-NEXT: %[[READY:.*]] = moe_tile.wait @routed expects tokens by 64
// CHECK-NEXT: %[[COUNTED:.*]] = moe_tile.compute reads(%{{.*}} = @ids[*, *] : {{.*}}) writes(%{{.*}} = @counts[*] : {{.*}}) after(%[[READY]]) {
// CHECK: %[[PLACED:.*]] = moe_tile.compute reads(%{{.*}} = @ids[*, *] : {{.*}}, %{{.*}} = @picks[*, *] : {{.*}}, %{{.*}} = @counts[*] : {{.*}}) writes(%{{.*}} = @units[*, *] : {{.*}}, %{{.*}} = @weights[*, *] : {{.*}}, %{{.*}} = @next[*] : {{.*}}) after(%[[COUNTED]]) {
// CHECK: moe_tile.arrive @planned after %[[PLACED]]
// CHECK: %[[KNOWN:.*]] = moe_tile.wait @planned expects 1
// CHECK-NEXT: moe_tile.task @start over (%{{.*}} in tokens by 64) {
// CHECK: moe_tile.task @gather over (%{{.*}} in experts, %{{.*}} in rows by 120) after %[[KNOWN]] {
// CHECK: moe_tile.task @up over ({{.*}}) after %[[KNOWN]] {
// CHECK: moe_tile.task @down over ({{.*}}) after %[[KNOWN]] {
// Of two kernels, the first one routes.
// TWO-LABEL: func.func @a_layer_that_routes
// TWO: moe_tile.graph experts 4 schedule <ticket sweep = [0, 1]> {
// TWO: moe_tile.task @route
// TWO: moe_tile.graph experts 4 schedule <ticket> {
// TWO-NEXT: moe_tile.buffer distinct_counts @counts
// TWO-NEXT: moe_tile.buffer input @units
// TWO-NOT: moe_tile.task @route
// TWO: return
// UNFUSED-LABEL: func.func @a_layer_that_routes
// UNFUSED: moe.route
func.func @a_layer_that_routes(%x: tensor<?x32xf32>, %z: tensor<?x4xf32>, %b: tensor<4xf32>) -> tensor<?x32xf32> {
  %g = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %u = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %d = moe_support.weight dense<0.5> : tensor<4x32x48xf32>
  // expected-remark @+1 {{routes 8 units at a time, in tasks of 64 tokens of the layer's graph; one more task orders its rows}}
  %p = moe.route %z key_offset(%b : tensor<4xf32>) score <softmax> select <topk(2)> weight <scores> : tensor<?x4xf32> -> !moe.plan<4, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p (%g, %u, %d : tensor<4x48x32xf32>, tensor<4x48x32xf32>, tensor<4x32x48xf32>)
    table <[<ffn, 4, width = 48, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{one graph with row tiles of 120}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// The product of a router's logits is a family in front of its route, in the tasks that it has elsewhere: its matrix lies in panels, and nothing stands before the graph.
// CHECK-LABEL: func.func @a_layer_that_makes_its_logits
// CHECK-SAME: (%[[X:.*]]: tensor<?x32xf32>)
// CHECK: %[[PANELS:.*]] = moe_support.weight #moe_support.transpose<{{.*}}> : tensor<1x32x16xf32>
// CHECK-NOT: moe.logits
// CHECK: %[[TOKENS:.*]] = tensor.dim %[[X]], %{{.*}} : tensor<?x32xf32>
// CHECK: memref.alloc(%[[TOKENS]]) {{.*}} : memref<?x2xi32>
// CHECK: %[[ROUTER:.*]] = bufferization.to_buffer %[[PANELS]] read_only
// CHECK: moe_tile.graph experts 4 schedule <ticket sweep = [0, 1, 3]> {
// CHECK-NEXT: moe_tile.buffer input @router : 4 by 16 x 32 x 16 x f32 in device from %[[ROUTER]]
// CHECK-NEXT: moe_tile.buffer @logits : tokens x 4 x f32 in device
// CHECK-NEXT: moe_tile.signal @multiplied in device
// CHECK-NEXT: moe_tile.buffer @ids
// CHECK: moe_tile.buffer input @x : tokens x 32 x f32 in device
// CHECK: moe_tile.task @logits over (%[[T:.*]] in tokens by 120, %[[N:.*]] in 4 by 16) {
// CHECK-NEXT: %[[DONE:.*]] = moe_tile.compute reads(%[[ROWS:.*]] = @x[%[[T]], *] : {{.*}}, %[[PANEL:.*]] = @router[%[[N]], *, *] : memref<32x16xf32, {{.*}}) writes(%[[SUMS:.*]] = @logits[%[[T]], %[[N]]] : {{.*}}) {
// CHECK: linalg.generic {{.*}} outs(%[[SUMS]] :
// CHECK: %[[ONE:.*]] = memref.expand_shape %[[PANEL]] {{\[\[}}0, 1], [2]]
// CHECK: linalg.generic {{.*}} ins(%[[ROWS]], %[[ONE]] : {{.*}}) outs(%[[SUMS]] :
// CHECK-NOT: linalg.generic
// CHECK: moe_tile.arrive @multiplied after %[[DONE]]
// CHECK: moe_tile.task @route over (%[[T:.*]] in tokens by 64) {
// CHECK-NEXT: %[[READY:.*]] = moe_tile.wait @multiplied expects tokens by 120
// CHECK-NEXT: moe_tile.compute reads(%{{.*}} = @logits[%[[T]], *] : {{.*}}) writes({{.*}}) after(%[[READY]]) {
// TWO-LABEL: func.func @a_layer_that_makes_its_logits
// TWO: moe_tile.task @logits
// TWO: moe_tile.graph
// TWO-NOT: @logits
// TWO: return
// UNFUSED-LABEL: func.func @a_layer_that_makes_its_logits
// UNFUSED: moe.logits
func.func @a_layer_that_makes_its_logits(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %w = moe_support.weight dense<0.5> : tensor<4x32xf32>
  %g = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %u = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %d = moe_support.weight dense<0.5> : tensor<4x32x48xf32>
  %z = moe.logits %x, %w : tensor<?x32xf32>, tensor<4x32xf32> -> tensor<?x4xf32>
  // expected-remark @+2 {{routes 8 units at a time, in tasks of 64 tokens of the layer's graph; one more task orders its rows}}
  // expected-remark @+1 {{in tasks of 120 tokens and 16 experts of the layer's graph}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x4xf32> -> !moe.plan<4, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p (%g, %u, %d : tensor<4x48x32xf32>, tensor<4x48x32xf32>, tensor<4x32x48xf32>)
    table <[<ffn, 4, width = 48, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{one graph with row tiles of 120}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// Sums of logits in bf16 are in memory of a worker, where they become what is scored: with what is added to each expert and to each of a token.
// CHECK-LABEL: func.func @logits_in_bf16
// CHECK: moe_tile.buffer input @router_x : tokens x 16 x bf16 in device
// CHECK-NEXT: moe_tile.buffer input @router : 4 by 16 x 16 x 16 x bf16 in device
// CHECK-NEXT: moe_tile.buffer input @router_bias : 4 x f32 in device
// CHECK-NEXT: moe_tile.buffer input @router_offset : tokens x 4 x f32 in device
// CHECK-NEXT: moe_tile.buffer @router_sums : 120 x 16 x f32 in worker
// CHECK-NEXT: moe_tile.buffer @logits : tokens x 4 x bf16 in device
// CHECK: moe_tile.task @logits over (%[[T:.*]] in tokens by 120, %[[N:.*]] in 4 by 16) {
// CHECK-NEXT: moe_tile.compute reads(%{{.*}} = @router_x[%[[T]], *] : {{.*}}, %{{.*}} = @router[%[[N]], *, *] : {{.*}}, %[[BIAS:.*]] = @router_bias[%[[N]]] : {{.*}}, %[[NOISE:.*]] = @router_offset[%[[T]], %[[N]]] : {{.*}}) writes(%[[MEMORY:.*]] = @router_sums[*, *] : {{.*}}, %[[LOGITS:.*]] = @logits[%[[T]], %[[N]]] : {{.*}}) {
// CHECK: %[[SUMS:.*]] = memref.subview %[[MEMORY]]
// CHECK: linalg.generic {{.*}} ins(%[[BIAS]] : {{.*}}) outs(%[[SUMS]] :
// CHECK: linalg.generic {{.*}} outs(%[[SUMS]] :
// CHECK: linalg.generic {{.*}} ins(%[[SUMS]], %[[NOISE]] : {{.*}}) outs(%[[LOGITS]] :
// CHECK: math.tanh
// CHECK: arith.addf
// CHECK: arith.divf
// CHECK: arith.truncf
// Where the target multiplies pairs, so is the router.
// PAIRS-LABEL: func.func @logits_in_bf16
// PAIRS: moe_tile.buffer input @router : 4 by 64 x 8 x 64 x 2 x bf16 in device
func.func @logits_in_bf16(%x: tensor<?x32xf32>, %c: tensor<?x16xbf16>, %b: tensor<4xf32>, %n: tensor<?x4xf32>) -> tensor<?x32xf32> {
  %w = moe_support.weight dense<0.5> : tensor<4x16xbf16>
  %g = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %u = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %d = moe_support.weight dense<0.5> : tensor<4x32x48xf32>
  %z = moe.logits %c, %w bias(%b : tensor<4xf32>) offset(%n : tensor<?x4xf32>) {softcap = 30.0, temperature = 2.0} : tensor<?x16xbf16>, tensor<4x16xbf16> -> tensor<?x4xbf16>
  // expected-remark @+2 {{routes 8 units at a time, in tasks of 64 tokens of the layer's graph; one more task orders its rows}}
  // expected-remark @+1 {{in tasks of 120 tokens and 16 experts of the layer's graph}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x4xbf16> -> !moe.plan<4, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p (%g, %u, %d : tensor<4x48x32xf32>, tensor<4x48x32xf32>, tensor<4x32x48xf32>)
    table <[<ffn, 4, width = 48, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{one graph with row tiles of 120}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// What others read, too, is made once and for all.
// CHECK-LABEL: func.func @logits_that_others_read_come_before
// CHECK: moe.logits
// CHECK: moe_tile.buffer input @logits
// CHECK-NOT: moe_tile.task @logits
// CHECK: moe_tile.task @route
func.func @logits_that_others_read_come_before(%x: tensor<?x32xf32>) -> (tensor<?x32xf32>, tensor<?x4xf32>) {
  %w = moe_support.weight dense<0.5> : tensor<4x32xf32>
  %g = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %u = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %d = moe_support.weight dense<0.5> : tensor<4x32x48xf32>
  %z = moe.logits %x, %w : tensor<?x32xf32>, tensor<4x32xf32> -> tensor<?x4xf32>
  // expected-remark @+2 {{routes 8 units at a time, in tasks of 64 tokens of the layer's graph; one more task orders its rows}}
  // expected-remark @+1 {{before the layer's graph: they have other users than the route}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x4xf32> -> !moe.plan<4, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p (%g, %u, %d : tensor<4x48x32xf32>, tensor<4x48x32xf32>, tensor<4x32x48xf32>)
    table <[<ffn, 4, width = 48, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{one graph with row tiles of 120}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y, %z : tensor<?x32xf32>, tensor<?x4xf32>
}

// CHECK-LABEL: func.func @cosines_come_before
// CHECK: moe.logits
// CHECK: moe_tile.buffer input @logits
// CHECK-NOT: moe_tile.task @logits
// CHECK: moe_tile.task @route
func.func @cosines_come_before(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %w = moe_support.weight dense<0.5> : tensor<4x32xf32>
  %g = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %u = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %d = moe_support.weight dense<0.5> : tensor<4x32x48xf32>
  %z = moe.logits %x, %w form <cosine> : tensor<?x32xf32>, tensor<4x32xf32> -> tensor<?x4xf32>
  // expected-remark @+2 {{routes 8 units at a time, in tasks of 64 tokens of the layer's graph; one more task orders its rows}}
  // expected-remark @+1 {{before the layer's graph: they are no product alone}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x4xf32> -> !moe.plan<4, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p (%g, %u, %d : tensor<4x48x32xf32>, tensor<4x48x32xf32>, tensor<4x32x48xf32>)
    table <[<ffn, 4, width = 48, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{one graph with row tiles of 120}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// CHECK-LABEL: func.func @logits_of_a_matrix_that_is_no_constant_come_before
// CHECK: moe.logits
// CHECK: moe_tile.buffer input @logits
// CHECK-NOT: moe_tile.task @logits
// CHECK: moe_tile.task @route
func.func @logits_of_a_matrix_that_is_no_constant_come_before(%x: tensor<?x32xf32>, %w: tensor<4x32xf32>) -> tensor<?x32xf32> {
  %g = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %u = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %d = moe_support.weight dense<0.5> : tensor<4x32x48xf32>
  %z = moe.logits %x, %w : tensor<?x32xf32>, tensor<4x32xf32> -> tensor<?x4xf32>
  // expected-remark @+2 {{routes 8 units at a time, in tasks of 64 tokens of the layer's graph; one more task orders its rows}}
  // expected-remark @+1 {{before the layer's graph: their matrix is not a constant that kernels read}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x4xf32> -> !moe.plan<4, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p (%g, %u, %d : tensor<4x48x32xf32>, tensor<4x48x32xf32>, tensor<4x32x48xf32>)
    table <[<ffn, 4, width = 48, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{one graph with row tiles of 120}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// CHECK-LABEL: func.func @logits_in_f64_come_before
// CHECK: moe.logits
// CHECK: moe_tile.buffer input @logits
// CHECK-NOT: moe_tile.task @logits
// CHECK: moe_tile.task @route
func.func @logits_in_f64_come_before(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %w = moe_support.weight dense<0.5> : tensor<4x32xf32>
  %g = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %u = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %d = moe_support.weight dense<0.5> : tensor<4x32x48xf32>
  %z = moe.logits %x, %w {acc = f64} : tensor<?x32xf32>, tensor<4x32xf32> -> tensor<?x4xf32>
  // expected-remark @+2 {{routes 8 units at a time, in tasks of 64 tokens of the layer's graph; one more task orders its rows}}
  // expected-remark @+1 {{before the layer's graph: they are not computed in f32}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x4xf32> -> !moe.plan<4, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p (%g, %u, %d : tensor<4x48x32xf32>, tensor<4x48x32xf32>, tensor<4x32x48xf32>)
    table <[<ffn, 4, width = 48, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{one graph with row tiles of 120}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// Experts that choose tokens see them all.
// CHECK-LABEL: func.func @it_routes_before_where_experts_choose
// CHECK: moe.route
// CHECK-NOT: moe_tile.task @route
func.func @it_routes_before_where_experts_choose(%x: tensor<?x32xf32>, %z: tensor<?x4xf32>) -> tensor<?x32xf32> {
  %g = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %u = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %d = moe_support.weight dense<0.5> : tensor<4x32x48xf32>
  // expected-remark @+1 {{routes before the layer's graph: its policy is not topk}}
  %p = moe.route %z score <softmax> select <expert_topc, key = scores, count = <2>> weight <scores> : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<4, slots<4>> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p (%g, %u, %d : tensor<4x48x32xf32>, tensor<4x48x32xf32>, tensor<4x32x48xf32>)
    table <[<ffn, 4, width = 48, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<4>> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{one graph with row tiles of 120}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<4>>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// CHECK-LABEL: func.func @it_routes_before_where_others_read_the_plan
// CHECK: moe.route
// CHECK-NOT: moe_tile.task @route
func.func @it_routes_before_where_others_read_the_plan(%x: tensor<?x32xf32>, %z: tensor<?x4xf32>) -> (tensor<?x32xf32>, !moe.plan<4, slots<2>>) {
  %g = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %u = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %d = moe_support.weight dense<0.5> : tensor<4x32x48xf32>
  // expected-remark @+1 {{routes before the layer's graph: its plan has other users than the layer}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x4xf32> -> !moe.plan<4, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p (%g, %u, %d : tensor<4x48x32xf32>, tensor<4x48x32xf32>, tensor<4x32x48xf32>)
    table <[<ffn, 4, width = 48, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{one graph with row tiles of 120}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<2>>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y, %p : tensor<?x32xf32>, !moe.plan<4, slots<2>>
}

// CHECK-LABEL: func.func @it_routes_before_where_weights_know_the_rounded_counts
// CHECK: moe.route
// CHECK-NOT: moe_tile.task @route
func.func @it_routes_before_where_weights_know_the_rounded_counts(%x: tensor<?x32xf32>, %z: tensor<?x4xf32>) -> tensor<?x32xf32> {
  %g = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %u = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %d = moe_support.weight dense<0.5> : tensor<4x32x48xf32>
  // expected-remark @+1 {{routes before the layer's graph: its weights are divided by their sum after counts are rounded}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> capacity <tile_round, tile = 4, mode = nearest, renorm = selected_set> : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<4, slots<4>> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p (%g, %u, %d : tensor<4x48x32xf32>, tensor<4x48x32xf32>, tensor<4x32x48xf32>)
    table <[<ffn, 4, width = 48, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<4>> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{one graph with row tiles of 120}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<4>>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// CHECK-LABEL: func.func @it_routes_before_where_parts_are_rounded
// CHECK: moe.route
// CHECK-NOT: moe_tile.task @route
func.func @it_routes_before_where_parts_are_rounded(%x: tensor<?x32xf32>, %z: tensor<?x4xf32>) -> tensor<?x32xf32> {
  %g = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %u = moe_support.weight dense<0.5> : tensor<4x48x32xf32>
  %d = moe_support.weight dense<0.5> : tensor<4x32x48xf32>
  // expected-remark @+1 {{routes before the layer's graph: counts are rounded in parts of the tokens}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> capacity <tile_round, tile = 4, mode = nearest, renorm = none> domain <blocks(8)> : tensor<?x4xf32> -> !moe.plan<4, slots<4>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x32xf32>, !moe.plan<4, slots<4>> -> !moe.rows<f32, 32, grouped>
  %h = moe.experts %r, %p (%g, %u, %d : tensor<4x48x32xf32>, tensor<4x48x32xf32>, tensor<4x32x48xf32>)
    table <[<ffn, 4, width = 48, body = <gated, silu>>]> apply <output> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<4>> -> !moe.rows<f32, 32, grouped>
  // expected-remark @+1 {{one graph with row tiles of 120}}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 32, grouped>, !moe.plan<4, slots<4>>, tensor<?x32xf32> -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}
