// RUN: moe-opt %s --convert-moe-to-linalg --canonicalize --cse --moe-verify-moe --split-input-file --allow-unregistered-dialect | FileCheck %s

// A plan is used by ops of other dialects through a cast, so what it becomes can be seen.

// Scores, keys and weights are structured ops; the selection is parallel over units and walks the experts once per slot.
// CHECK-LABEL: func.func @topk_of_softmax(
// CHECK-SAME:      %[[Z:.*]]: tensor<?x8xf32>
func.func @topk_of_softmax(%z: tensor<?x8xf32>) -> (tensor<?x2xi32>, tensor<?x2xf32>) {
  // CHECK-DAG: %[[NEGINF:.*]] = arith.constant 0xFF800000 : f32
  // CHECK-DAG: %[[INF:.*]] = arith.constant 0x7F800000 : f32
  // CHECK-DAG: %[[EMPTY:.*]] = arith.constant -1 : i32
  // CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
  // CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
  // CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
  // CHECK-DAG: %[[C8:.*]] = arith.constant 8 : index
  // CHECK: %[[U:.*]] = tensor.dim %[[Z]], %[[C0]]
  // CHECK: %[[MAX:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]} ins(%[[Z]] :
  // CHECK:   arith.maximumf
  // CHECK: %[[EXP:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]} ins(%[[Z]], %[[MAX]] :
  // CHECK:   math.exp
  // CHECK: %[[SUM:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]} ins(%[[EXP]] :
  // CHECK:   arith.addf
  // CHECK: %[[SCORES:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]} ins(%[[EXP]], %[[SUM]] :
  // CHECK:   arith.divf
  // CHECK: %[[IDS:.*]] = scf.forall (%[[UNIT:.*]]) in (%[[U]]) shared_outs(%[[SHARED:.*]] = %{{.*}}) -> (tensor<?x2xi32>)
  // CHECK:   %[[ROW:.*]] = tensor.extract_slice %[[SHARED]][%[[UNIT]], 0] [1, 2] [1, 1] : tensor<?x2xi32> to tensor<2xi32>
  // CHECK:   %[[PICKS:.*]]:4 = scf.for %[[SLOT:.*]] = %[[C0]] to %[[C2]] step %[[C1]] iter_args(%[[KEY:.*]] = %[[INF]], %[[ID:.*]] = %[[EMPTY]], %[[IDROW:.*]] = %[[ROW]],
  // CHECK:     %[[NEXT:.*]]:2 = scf.for %[[E:.*]] = %[[C0]] to %[[C8]] step %[[C1]] iter_args(%[[BEST:.*]] = %[[NEGINF]], %{{.*}} = %[[EMPTY]])
  // CHECK:       %[[K:.*]] = tensor.extract %[[SCORES]][%[[UNIT]], %[[E]]]
  // CHECK:       arith.cmpf oeq, %[[K]], %[[KEY]]
  // CHECK:       arith.cmpf olt, %[[K]], %[[KEY]]
  // CHECK:       arith.cmpi sgt, %{{.*}}, %[[ID]]
  // CHECK:       arith.cmpf ogt, %[[K]], %[[BEST]]
  // CHECK:     tensor.insert %[[NEXT]]#1 into %[[IDROW]][%[[SLOT]]]
  // CHECK:     tensor.parallel_insert_slice %[[PICKS]]#2 into %[[SHARED]][%[[UNIT]], 0] [1, 2] [1, 1]
  // CHECK: %[[RAW:.*]] = linalg.generic {{.*}} ins(%[[IDS]] :
  // CHECK:   %[[SAFE:.*]] = arith.maxsi
  // CHECK:   tensor.extract %[[SCORES]][%{{.*}}, %{{.*}}]
  // CHECK: %[[TOTAL:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]} ins(%[[RAW]] :
  // CHECK: %[[W:.*]] = linalg.generic {{.*}} ins(%[[IDS]], %[[RAW]], %[[RAW]], %[[TOTAL]] :
  // CHECK: return %[[IDS]], %[[W]]
  %p = moe.route %z score <softmax> select <topk(2), key = scores> weight <scores, norm = sum(0.0, add)> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %a:5 = builtin.unrealized_conversion_cast %p : !moe.plan<8, slots<2>>
    to tensor<?x2xi32>, tensor<?x2xf32>, tensor<9xindex>, tensor<?xindex>, tensor<?x2xindex>
  return %a#0, %a#1 : tensor<?x2xi32>, tensor<?x2xf32>
}

// -----

// Only selected logits are scored where nothing else needs scores.
// CHECK-LABEL: func.func @scores_of_entries(
// CHECK-SAME:      %[[Z:.*]]: tensor<?x8xf32>
func.func @scores_of_entries(%z: tensor<?x8xf32>) -> (tensor<?x1xi32>, tensor<?x1xf32>) {
  // CHECK-NOT: math.exp
  // CHECK: %[[IDS:.*]] = scf.forall
  // CHECK:   tensor.extract %[[Z]]
  // CHECK: linalg.generic {{.*}} ins(%[[IDS]] : tensor<?x1xi32>) outs(%{{.*}} : tensor<?x1xf32>)
  // CHECK:   tensor.extract %[[Z]]
  // CHECK:   math.exp
  %p = moe.route %z score <sigmoid> select <topk(1), key = logits> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, slots<1>>
  %a:5 = builtin.unrealized_conversion_cast %p : !moe.plan<8, slots<1>>
    to tensor<?x1xi32>, tensor<?x1xf32>, tensor<9xindex>, tensor<?xindex>, tensor<?x1xindex>
  return %a#0, %a#1 : tensor<?x1xi32>, tensor<?x1xf32>
}

// -----

// Scores that nothing uses are not computed.
// CHECK-LABEL: func.func @no_scores(
// CHECK-NOT:   math.exp
// CHECK:       return
func.func @no_scores(%z: tensor<?x8xf32>) -> (tensor<?x2xi32>, tensor<?x2xf32>) {
  %p = moe.route %z score <softmax> select <topk(2), key = logits> weight <one> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %a:5 = builtin.unrealized_conversion_cast %p : !moe.plan<8, slots<2>>
    to tensor<?x2xi32>, tensor<?x2xf32>, tensor<9xindex>, tensor<?xindex>, tensor<?x2xindex>
  return %a#0, %a#1 : tensor<?x2xi32>, tensor<?x2xf32>
}

// -----

// Groups are ranked by comparison with each other; what lies outside the kept ones gets the key 0, and the mask is applied again.
// CHECK-LABEL: func.func @group_filter(
// CHECK-SAME:      %[[Z:.*]]: tensor<?x8xf32>, %[[ALLOW:.*]]: tensor<8xi1>
func.func @group_filter(%z: tensor<?x8xf32>, %allow: tensor<8xi1>) -> tensor<?x2xi32> {
  // CHECK: %[[MASKED:.*]] = linalg.generic {{.*}} ins(%[[Z]], %[[ALLOW]] :
  // CHECK: %[[SPLIT:.*]] = tensor.expand_shape %[[MASKED]] {{\[\[}}0], [1, 2]] output_shape [%{{.*}}, 4, 2] : tensor<?x8xf32> into tensor<?x4x2xf32>
  // CHECK: %[[GROUPS:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]} ins(%[[SPLIT]] :
  // CHECK:   arith.maximumf
  // CHECK: %[[RANKS:.*]] = linalg.generic {{.*}} ins(%[[GROUPS]], %[[GROUPS]] : {{.*}} outs(%{{.*}} : tensor<?x4xi32>)
  // CHECK: %[[KEPT:.*]] = linalg.generic {{.*}} ins(%[[SPLIT]], %[[RANKS]] :
  // CHECK: %[[JOINED:.*]] = tensor.collapse_shape %[[KEPT]] {{\[\[}}0], [1, 2]]
  // CHECK: %[[KEYS:.*]] = linalg.generic {{.*}} ins(%[[JOINED]], %[[ALLOW]] :
  // CHECK: scf.forall
  // CHECK:   tensor.extract %[[KEYS]]
  %p = moe.route %z allow(%allow : tensor<8xi1>) score <identity> group_filter <4, keep = 2, group_score = max, fill = zero>
    select <topk(2), key = logits> weight <one> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %a:5 = builtin.unrealized_conversion_cast %p : !moe.plan<8, slots<2>>
    to tensor<?x2xi32>, tensor<?x2xf32>, tensor<9xindex>, tensor<?xindex>, tensor<?x2xindex>
  return %a#0 : tensor<?x2xi32>
}

// -----

// Everything that is allowed is selected by comparison alone.
// CHECK-LABEL: func.func @all(
// CHECK-SAME:      %[[Z:.*]]: tensor<?x8xf32>
func.func @all(%z: tensor<?x8xf32>) -> tensor<?x8xi32> {
  // CHECK-NOT: scf.forall
  // CHECK: %[[IDS:.*]] = linalg.generic {{.*}} ins(%[[Z]] : tensor<?x8xf32>) outs(%{{.*}} : tensor<?x8xi32>)
  // CHECK:   linalg.index 1
  // CHECK: return %[[IDS]]
  %p = moe.route %z score <identity> select <all, key = logits> weight <one> : tensor<?x8xf32> -> !moe.plan<8, slots<8>>
  %a:5 = builtin.unrealized_conversion_cast %p : !moe.plan<8, slots<8>>
    to tensor<?x8xi32>, tensor<?x8xf32>, tensor<9xindex>, tensor<?xindex>, tensor<?x8xindex>
  return %a#0 : tensor<?x8xi32>
}

// -----

// Always-on ids follow the selected ones. Ids that weigh nothing are one comparison per range.
// CHECK-LABEL: func.func @always(
func.func @always(%z: tensor<?x8xf32>) -> (tensor<?x5xi32>, tensor<?x5xf32>) {
  // CHECK: %[[IDS:.*]] = scf.forall
  // CHECK: linalg.generic {{.*}} ins(%[[IDS]] : tensor<?x3xi32>)
  // CHECK-COUNT-1: arith.cmpi sgt
  // CHECK-NOT:     arith.cmpi sgt
  // CHECK: %[[W:.*]] = linalg.generic {{.*}} ins(%[[IDS]], %{{.*}} : {{.*}} outs(%{{.*}} : tensor<?x3xf32>)
  // CHECK: %[[ALWAYS:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<?x2xi32>)
  // CHECK: %[[ONES:.*]] = linalg.fill {{.*}} -> tensor<?x2xf32>
  // CHECK: tensor.insert_slice %[[IDS]] into %{{.*}}[0, 0] [%{{.*}}, 3] [1, 1] : tensor<?x3xi32> into tensor<?x5xi32>
  // CHECK: tensor.insert_slice %[[ALWAYS]] into %{{.*}}[0, 3] [%{{.*}}, 2] [1, 1] : tensor<?x2xi32> into tensor<?x5xi32>
  // CHECK: tensor.insert_slice %[[ONES]] into %{{.*}}[0, 3] [%{{.*}}, 2] [1, 1] : tensor<?x2xf32> into tensor<?x5xf32>
  %p = moe.route %z score <identity> select <topk(3), key = logits> weight <logits, zero = [5, 6], exclude = [7]>
    : tensor<?x8xf32> -> !moe.plan<8, slots<3>, always = 2>
  %a:5 = builtin.unrealized_conversion_cast %p : !moe.plan<8, slots<3>, always = 2>
    to tensor<?x5xi32>, tensor<?x5xf32>, tensor<11xindex>, tensor<?xindex>, tensor<?x5xindex>
  return %a#0, %a#1 : tensor<?x5xi32>, tensor<?x5xf32>
}

// -----

// The order of rows: a counting sort with a bucket behind all experts for empty slots.
// CHECK-LABEL: func.func @order(
func.func @order(%z: tensor<?x8xf32>) -> (tensor<9xindex>, tensor<?xindex>, tensor<?x2xindex>) {
  // CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
  // CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
  // CHECK-DAG: %[[C9:.*]] = arith.constant 9 : index
  // CHECK: %[[IDS:.*]] = scf.forall
  // CHECK: %[[FLAT:.*]] = tensor.collapse_shape %[[IDS]] {{\[\[}}0, 1]]
  // CHECK: %[[N:.*]] = tensor.dim %[[FLAT]], %[[C0]]
  // CHECK: %[[COUNTS:.*]] = scf.for %[[I:.*]] = %[[C0]] to %[[N]] step %[[C1]] iter_args(%{{.*}}) -> (tensor<9xindex>)
  // CHECK:   tensor.extract %[[FLAT]][%[[I]]]
  // CHECK: %[[STARTS:.*]]:3 = scf.for %{{.*}} = %[[C0]] to %[[C9]] step %[[C1]] iter_args(%{{.*}} = %[[COUNTS]],
  // CHECK: %[[ORDER:.*]]:3 = scf.for %{{.*}} = %[[C0]] to %[[N]] step %[[C1]] iter_args(%{{.*}} = %[[STARTS]]#0,
  // CHECK: %[[POSITIONS:.*]] = tensor.expand_shape %[[ORDER]]#2 {{\[\[}}0, 1]]
  // CHECK: return %[[STARTS]]#1, %[[ORDER]]#1, %[[POSITIONS]]
  %p = moe.route %z score <identity> select <topk(2), key = logits> weight <one> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  %a:5 = builtin.unrealized_conversion_cast %p : !moe.plan<8, slots<2>>
    to tensor<?x2xi32>, tensor<?x2xf32>, tensor<9xindex>, tensor<?xindex>, tensor<?x2xindex>
  return %a#2, %a#3, %a#4 : tensor<9xindex>, tensor<?xindex>, tensor<?x2xindex>
}

// -----

// Plans and rows pass through structured control flow and functions.
// CHECK-LABEL: func.func @regions(
// CHECK-SAME:      %{{.*}}: tensor<?x8xf32>, %{{.*}}: i1, %{{.*}}: tensor<?x2xi32>, %{{.*}}: tensor<?x2xf32>, %{{.*}}: tensor<9xindex>, %{{.*}}: tensor<?xindex>, %{{.*}}: tensor<?x2xindex>, %{{.*}}: tensor<?x4xf32>)
// CHECK-SAME:      -> (tensor<?x2xi32>, tensor<?x2xf32>, tensor<9xindex>, tensor<?xindex>, tensor<?x2xindex>, tensor<?x4xf32>)
func.func @regions(%z: tensor<?x8xf32>, %c: i1, %p: !moe.plan<8, slots<2>>, %r: !moe.rows<f32, 4, grouped>)
    -> (!moe.plan<8, slots<2>>, !moe.rows<f32, 4, grouped>) {
  // CHECK: scf.if %{{.*}} -> (tensor<?x2xi32>, tensor<?x2xf32>, tensor<9xindex>, tensor<?xindex>, tensor<?x2xindex>)
  %q = scf.if %c -> !moe.plan<8, slots<2>> {
    %new = moe.route %z score <identity> select <topk(2), key = logits> weight <one> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
    scf.yield %new : !moe.plan<8, slots<2>>
  } else {
    scf.yield %p : !moe.plan<8, slots<2>>
  }
  // CHECK: call @callee
  // CHECK-SAME: (tensor<?x2xi32>, tensor<?x2xf32>, tensor<9xindex>, tensor<?xindex>, tensor<?x2xindex>) -> tensor<?x4xf32>
  %s = call @callee(%q) : (!moe.plan<8, slots<2>>) -> !moe.rows<f32, 4, grouped>
  return %q, %s : !moe.plan<8, slots<2>>, !moe.rows<f32, 4, grouped>
}
func.func private @callee(!moe.plan<8, slots<2>>) -> !moe.rows<f32, 4, grouped>
