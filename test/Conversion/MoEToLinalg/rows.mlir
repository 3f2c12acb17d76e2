// RUN: moe-opt %s --convert-moe-to-linalg --canonicalize --cse --moe-verify-moe --split-input-file | FileCheck %s

// Rows are gathered in parallel, one unit per row, for those entries that there are: the last offset, or one where that is 0 and there are slots.
// CHECK-LABEL: func.func @dispatch(
// CHECK-SAME:      %[[X:[^:]*]]: tensor<?x4xf32>, %{{[^:]*}}: tensor<?x2xi32>, %{{[^:]*}}: tensor<?x2xf32>, %[[OFFSETS:[^:]*]]: tensor<9xindex>, %[[ENTRIES:[^:]*]]: tensor<?xindex>
func.func @dispatch(%x: tensor<?x4xf32>, %p: !moe.plan<8, slots<2>>) -> !moe.rows<f32, 4, grouped> {
  // CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
  // CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
  // CHECK-DAG: %[[C8:.*]] = arith.constant 8 : index
  // CHECK: %[[LAST:.*]] = tensor.extract %[[OFFSETS]][%[[C8]]]
  // CHECK: %[[ALL:.*]] = tensor.dim %[[ENTRIES]]
  // CHECK: %[[LEAST:.*]] = arith.minui %[[ALL]], %[[C1]]
  // CHECK: %[[COUNT:.*]] = arith.maxui %[[LAST]], %[[LEAST]]
  // CHECK: %[[USED:.*]] = tensor.extract_slice %[[ENTRIES]][0] [%[[COUNT]]] [1]
  // CHECK: %[[ROWS:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]} ins(%[[USED]] : tensor<?xindex>) outs(%{{.*}} : tensor<?x4xf32>)
  // CHECK: ^bb0(%[[ENTRY:.*]]: index, %{{.*}}: f32):
  // CHECK:   %[[UNIT:.*]] = arith.divui %[[ENTRY]], %[[C2]]
  // CHECK:   %[[COLUMN:.*]] = linalg.index 1
  // CHECK:   %[[ELEMENT:.*]] = tensor.extract %[[X]][%[[UNIT]], %[[COLUMN]]]
  // CHECK:   linalg.yield %[[ELEMENT]]
  // CHECK: return %[[ROWS]]
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  return %r : !moe.rows<f32, 4, grouped>
}

// -----

// Weights and scales multiply in f32.
// CHECK-LABEL: func.func @dispatch_weighted(
// CHECK-SAME:      %[[X:[^:]*]]: tensor<?x4xbf16>, %{{[^:]*}}: tensor<?x1xi32>, %[[WEIGHTS:[^:]*]]: tensor<?x1xf32>, %{{[^:]*}}: tensor<9xindex>, %[[ENTRIES:[^:]*]]: tensor<?xindex>
func.func @dispatch_weighted(%x: tensor<?x4xbf16>, %p: !moe.plan<8, slots<1>>) -> !moe.rows<bf16, 4, grouped> {
  // CHECK: %[[USED:.*]] = tensor.extract_slice %[[ENTRIES]][0]
  // CHECK: %[[ROWWEIGHTS:.*]] = linalg.generic {{.*}} ins(%[[ENTRIES]] : tensor<?xindex>) outs(%{{.*}} : tensor<?xf32>)
  // CHECK:   tensor.extract %[[WEIGHTS]]
  // CHECK: %[[USEDWEIGHTS:.*]] = tensor.extract_slice %[[ROWWEIGHTS]][0]
  // CHECK: linalg.generic {{.*}} ins(%[[USED]], %[[USEDWEIGHTS]] :
  // CHECK:   %[[ELEMENT:.*]] = tensor.extract %[[X]]
  // CHECK:   %[[WIDE:.*]] = arith.extf %[[ELEMENT]] : bf16 to f32
  // CHECK:   %[[SCALED:.*]] = arith.mulf %[[WIDE]], %{{.*}} : f32
  // CHECK:   %[[WEIGHTED:.*]] = arith.mulf %[[SCALED]], %{{.*}} : f32
  // CHECK:   arith.truncf %[[WEIGHTED]] : f32 to bf16
  %r = moe.dispatch %x, %p apply <input> {input_scale = 2.0 : f64} : tensor<?x4xbf16>, !moe.plan<8, slots<1>> -> !moe.rows<bf16, 4, grouped>
  return %r : !moe.rows<bf16, 4, grouped>
}

// -----

// In the order of slots entries are summed as they lie; an empty one adds nothing, whatever is in row 0.
// CHECK-LABEL: func.func @combine_slots(
// CHECK-SAME:      %[[ROWS:[^:]*]]: tensor<?x4xf32>, %{{[^:]*}}: tensor<?x2xi32>, %[[WEIGHTS:[^:]*]]: tensor<?x2xf32>, %{{[^:]*}}: tensor<9xindex>, %{{[^:]*}}: tensor<?xindex>, %[[POSITIONS:[^:]*]]: tensor<?x2xindex>, %[[X:.*]]: tensor<?x4xf32>
func.func @combine_slots(%h: !moe.rows<f32, 4, grouped>, %p: !moe.plan<8, slots<2>>, %x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: %[[ZERO:.*]] = linalg.fill
  // CHECK: %[[Y:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "reduction", "parallel"]} ins(%[[POSITIONS]], %[[WEIGHTS]] : {{.*}} outs(%[[ZERO]] :
  // CHECK: ^bb0(%[[POSITION:.*]]: index, %[[WEIGHT:.*]]: f32, %[[SUM:.*]]: f32):
  // CHECK:   %[[ROW:.*]] = arith.maxsi %[[POSITION]]
  // CHECK:   %[[ELEMENT:.*]] = tensor.extract %[[ROWS]][%[[ROW]],
  // CHECK:   %[[PRODUCT:.*]] = arith.mulf %[[ELEMENT]], %[[WEIGHT]]
  // CHECK:   %[[USED:.*]] = arith.cmpi sge, %[[POSITION]]
  // CHECK:   %[[MORE:.*]] = arith.addf %[[SUM]], %[[PRODUCT]]
  // CHECK:   arith.select %[[USED]], %[[MORE]], %[[SUM]]
  // CHECK: return %[[Y]]
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// In the order of experts they are sorted by the position of their rows first. The sum starts from the residual; rounding comes last.
// CHECK-LABEL: func.func @combine_experts(
// CHECK-SAME:      %[[POSITIONS:[^:]*]]: tensor<?x2xindex>, %[[X:[^:]*]]: tensor<?x4xbf16>, %[[BIAS:.*]]: tensor<4xbf16>
func.func @combine_experts(%h: !moe.rows<bf16, 4, grouped>, %p: !moe.plan<8, slots<2>>, %x: tensor<?x4xbf16>, %b: tensor<4xbf16>) -> tensor<?x4xbf16> {
  // CHECK: %[[RESIDUAL:.*]] = linalg.generic {{.*}} ins(%[[X]] : tensor<?x4xbf16>) outs(%{{.*}} : tensor<?x4xf32>)
  // CHECK: %[[RANKS:.*]] = linalg.generic {{.*}} ins(%[[POSITIONS]], %[[POSITIONS]] :
  // CHECK: %[[SORTED:.*]]:2 = linalg.generic {{.*}} ins(%[[RANKS]], %[[POSITIONS]], %{{.*}} :
  // CHECK: %[[SUM:.*]] = linalg.generic {{.*}} ins(%[[SORTED]]#0, %[[SORTED]]#1 : {{.*}} outs(%[[RESIDUAL]] :
  // CHECK: %[[Y:.*]] = linalg.generic {{.*}} ins(%[[SUM]], %[[BIAS]] :
  // CHECK:   arith.addf
  // CHECK:   arith.truncf
  // CHECK: return %[[Y]]
  %y = moe.combine %h, %p, %x out_bias(%b : tensor<4xbf16>) apply <output> residual <add_x> order <expert_asc>
    : !moe.rows<bf16, 4, grouped>, !moe.plan<8, slots<2>>, tensor<?x4xbf16> -> tensor<?x4xbf16>
  return %y : tensor<?x4xbf16>
}

// -----

// Always-on entries are summed, but are no part of the complement.
// CHECK-LABEL: func.func @combine_complement(
func.func @combine_complement(%h: !moe.rows<f32, 4, grouped>, %p: !moe.plan<8, slots<2>, always = 1>, %x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: %[[ROUTED:.*]] = tensor.extract_slice %{{.*}}[0, 0] [%{{.*}}, 2] [1, 1] : tensor<?x3xf32> to tensor<?x2xf32>
  // CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]} ins(%[[ROUTED]] :
  // CHECK:   arith.subf
  %y = moe.combine %h, %p, %x apply <output> residual <complement> order <slot>
    : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>, always = 1>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// Static sizes stay in the types of results.
// CHECK-LABEL: func.func @static(
// CHECK-SAME:      -> tensor<3x4xf32>
func.func @static(%h: !moe.rows<f32, 4, grouped>, %p: !moe.plan<8, slots<2>>, %x: tensor<3x4xf32>) -> tensor<3x4xf32> {
  // CHECK: %[[Y:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<3x4xf32>)
  // CHECK: return %[[Y]]
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>>, tensor<3x4xf32> -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// -----

// Indexed rows are the units; an expert gathers those of its block.
// CHECK-LABEL: func.func @indexed(
// CHECK-SAME:      %[[X:[^:]*]]: tensor<?x4xf32>, %{{[^:]*}}: tensor<?x2xi32>, %{{[^:]*}}: tensor<?x2xf32>, %[[OFFSETS:[^:]*]]: tensor<3xindex>, %[[ENTRIES:[^:]*]]: tensor<?xindex>
func.func @indexed(%x: tensor<?x4xf32>, %p: !moe.plan<2, slots<2>>, %m: tensor<2x4x4xf32>) -> !moe.rows<f32, 4, grouped> {
  // CHECK-NOT: linalg.generic
  // CHECK: scf.for
  // CHECK: %[[BEGIN:.*]] = tensor.extract %[[OFFSETS]]
  // CHECK: scf.if
  // CHECK: %[[OWN:.*]] = tensor.extract_slice %[[ENTRIES]][%[[BEGIN]]]
  // CHECK: %[[ROWS:.*]] = linalg.generic {{.*}} ins(%[[OWN]] : tensor<?xindex>)
  // CHECK:   tensor.extract %[[X]]
  // CHECK: linalg.matmul {{.*}} ins(%[[ROWS]],
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<2, slots<2>> -> !moe.rows<f32, 4, indexed>
  %h = moe.experts %r, %p (%m : tensor<2x4x4xf32>) table <[<linear, 2>]> apply <output> : !moe.rows<f32, 4, indexed>, !moe.plan<2, slots<2>> -> !moe.rows<f32, 4, grouped>
  return %h : !moe.rows<f32, 4, grouped>
}
