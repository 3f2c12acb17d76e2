// RUN: moe-opt %s --convert-moe-to-linalg --canonicalize --cse --moe-verify-moe --split-input-file | FileCheck %s

// Each expert works on its block of rows with its slices of the weights, and writes into the same block of the result.
// CHECK-DAG: #[[A:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[B:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// CHECK-DAG: #[[C:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-LABEL: func.func @swiglu(
// CHECK-SAME:      %[[ROWS:[^:]*]]: tensor<?x4xf32>, %{{[^:]*}}: tensor<?x2xi32>, %{{[^:]*}}: tensor<?x2xf32>, %[[OFFSETS:[^:]*]]: tensor<9xindex>
// CHECK-SAME:      %[[GATE:[^:]*]]: tensor<8x6x4xf32>, %[[UP:[^:]*]]: tensor<8x6x4xf32>, %[[DOWN:[^:]*]]: tensor<8x4x6xf32>
func.func @swiglu(%r: !moe.rows<f32, 4, grouped>, %p: !moe.plan<8, slots<2>>, %g: tensor<8x6x4xf32>, %u: tensor<8x6x4xf32>, %d: tensor<8x4x6xf32>)
    -> !moe.rows<f32, 4, grouped> {
  // CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
  // CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
  // CHECK-DAG: %[[C8:.*]] = arith.constant 8 : index
  // CHECK: %[[RESULT:.*]] = scf.for %[[E:.*]] = %[[C0]] to %[[C8]] step %[[C1]] iter_args(%[[OUT:.*]] = %{{.*}}) -> (tensor<?x4xf32>)
  // CHECK:   %[[NEXT:.*]] = arith.addi %[[E]], %[[C1]]
  // CHECK:   %[[BEGIN:.*]] = tensor.extract %[[OFFSETS]][%[[E]]]
  // CHECK:   %[[END:.*]] = tensor.extract %[[OFFSETS]][%[[NEXT]]]
  // CHECK:   %[[M:.*]] = arith.subi %[[END]], %[[BEGIN]]
  // CHECK:   %[[SOME:.*]] = arith.cmpi sgt, %[[M]], %[[C0]]
  // CHECK:   %[[DONE:.*]] = scf.if %[[SOME]] -> (tensor<?x4xf32>) {
  // CHECK:     %[[X:.*]] = tensor.extract_slice %[[ROWS]][%[[BEGIN]], 0] [%[[M]], 4] [1, 1]
  // CHECK:     %[[Y:.*]] = tensor.extract_slice %[[OUT]][%[[BEGIN]], 0] [%[[M]], 4] [1, 1]
  // CHECK:     %[[WG:.*]] = tensor.extract_slice %[[GATE]][%[[E]], 0, 0] [1, 6, 4] [1, 1, 1] : tensor<8x6x4xf32> to tensor<6x4xf32>
  // CHECK:     %[[WU:.*]] = tensor.extract_slice %[[UP]][%[[E]], 0, 0] [1, 6, 4] [1, 1, 1] : tensor<8x6x4xf32> to tensor<6x4xf32>
  // CHECK:     %[[WD:.*]] = tensor.extract_slice %[[DOWN]][%[[E]], 0, 0] [1, 4, 6] [1, 1, 1] : tensor<8x4x6xf32> to tensor<4x6xf32>
  // CHECK:     %[[G:.*]] = linalg.matmul indexing_maps = [#[[A]], #[[B]], #[[C]]] ins(%[[X]], %[[WG]] :
  // CHECK:     %[[U:.*]] = linalg.matmul indexing_maps = [#[[A]], #[[B]], #[[C]]] ins(%[[X]], %[[WU]] :
  // CHECK:     %[[H:.*]] = linalg.generic {{.*}} ins(%[[U]], %[[G]] :
  // CHECK:       math.exp
  // CHECK:     %[[INIT:.*]] = linalg.generic {{.*}} outs(%[[Y]] :
  // CHECK:     %[[PRODUCT:.*]] = linalg.matmul indexing_maps = [#[[A]], #[[B]], #[[C]]] ins(%[[H]], %[[WD]] : {{.*}} outs(%[[INIT]] :
  // CHECK:     %[[INSERTED:.*]] = tensor.insert_slice %[[PRODUCT]] into %[[OUT]][%[[BEGIN]], 0] [%[[M]], 4] [1, 1]
  // CHECK:     scf.yield %[[INSERTED]]
  // CHECK:   } else {
  // CHECK:     scf.yield %[[OUT]]
  // CHECK:   scf.yield %[[DONE]]
  // CHECK: return %[[RESULT]]
  %h = moe.experts %r, %p (%g, %u, %d : tensor<8x6x4xf32>, tensor<8x6x4xf32>, tensor<8x4x6xf32>) table <[<ffn, 8, width = 6, body = <gated, silu>>]>
    apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  return %h : !moe.rows<f32, 4, grouped>
}

// -----

// One product gives gate and up of joint storage. Products accumulate in f32 and the hidden vector is rounded before the last one.
// CHECK-LABEL: func.func @interleaved(
func.func @interleaved(%x: tensor<?x4xbf16>, %w: tensor<12x4xbf16>, %wb: tensor<12xbf16>, %d: tensor<4x6xbf16>, %db: tensor<4xbf16>) -> tensor<?x4xbf16> {
  // CHECK: %[[BIAS:.*]] = linalg.generic {{.*}} ins(%{{.*}} : tensor<12xbf16>) outs(%{{.*}} : tensor<?x12xf32>)
  // CHECK: %[[BOTH:.*]] = linalg.matmul {{.*}} outs(%[[BIAS]] : tensor<?x12xf32>)
  // CHECK: %[[GATE:.*]] = tensor.extract_slice %[[BOTH]][0, 0] [%{{.*}}, 6] [1, 2] : tensor<?x12xf32> to tensor<?x6xf32>
  // CHECK: %[[UP:.*]] = tensor.extract_slice %[[BOTH]][0, 1] [%{{.*}}, 6] [1, 2] : tensor<?x12xf32> to tensor<?x6xf32>
  // CHECK: %[[H:.*]] = linalg.generic {{.*}} ins(%[[UP]], %[[GATE]] : {{.*}} outs(%{{.*}} : tensor<?x6xbf16>)
  // CHECK:   arith.truncf
  // CHECK: %[[Y:.*]] = linalg.matmul {{.*}} ins(%[[H]], %{{.*}} : tensor<?x6xbf16>, tensor<4x6xbf16>) outs(%{{.*}} : tensor<?x4xf32>)
  // CHECK: linalg.generic {{.*}} ins(%[[Y]] : tensor<?x4xf32>) outs(%{{.*}} : tensor<?x4xbf16>)
  %y = moe.ffn %x (%w, %wb, %d, %db : tensor<12x4xbf16>, tensor<12xbf16>, tensor<4x6xbf16>, tensor<4xbf16>)
    body <gated, silu, bias = [gate, up, down], storage = interleaved> : tensor<?x4xbf16> -> tensor<?x4xbf16>
  return %y : tensor<?x4xbf16>
}

// -----

// CHECK-LABEL: func.func @concat_up_gate(
func.func @concat_up_gate(%x: tensor<?x4xf32>, %w: tensor<12x4xf32>, %d: tensor<4x6xf32>) -> tensor<?x4xf32> {
  // CHECK: %[[BOTH:.*]] = linalg.matmul
  // CHECK: %[[GATE:.*]] = tensor.extract_slice %[[BOTH]][0, 6] [%{{.*}}, 6] [1, 1]
  // CHECK: %[[UP:.*]] = tensor.extract_slice %[[BOTH]][0, 0] [%{{.*}}, 6] [1, 1]
  // CHECK: linalg.generic {{.*}} ins(%[[UP]], %[[GATE]] :
  %y = moe.ffn %x (%w, %d : tensor<12x4xf32>, tensor<4x6xf32>) body <gated, silu, storage = concat_up_gate> : tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// The body in its exact order: clamps, activation, offset, product.
// CHECK-LABEL: func.func @clamps(
func.func @clamps(%x: tensor<?x4xf32>, %g: tensor<6x4xf32>, %u: tensor<6x4xf32>, %d: tensor<4x6xf32>) -> tensor<?x4xf32> {
  // CHECK: ^bb0(%[[U:.*]]: f32, %[[G:.*]]: f32, %{{.*}}: f32):
  // CHECK:   %[[LO:.*]] = arith.maximumf %[[U]],
  // CHECK:   %[[HI:.*]] = arith.minimumf %[[LO]],
  // CHECK:   %[[CLAMPED:.*]] = arith.minimumf %[[G]],
  // CHECK:   %[[SCALED:.*]] = arith.mulf %[[CLAMPED]],
  // CHECK:   %[[ACTIVE:.*]] = arith.divf %[[CLAMPED]],
  // CHECK:   %[[MOVED:.*]] = arith.addf %[[HI]],
  // CHECK:   arith.mulf %[[ACTIVE]], %[[MOVED]]
  %y = moe.ffn %x (%g, %u, %d : tensor<6x4xf32>, tensor<6x4xf32>, tensor<4x6xf32>)
    body <gated, silu, alpha = 1.702, gate_hi = 7.0, up_lo = -7.0, up_hi = 7.0, up_offset = 1.0> : tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// Classes without parameters are one block each.
// CHECK-LABEL: func.func @classes(
// CHECK-SAME:      %[[ROWS:[^:]*]]: tensor<?x4xf32>, %{{[^:]*}}: tensor<?x2xi32>, %{{[^:]*}}: tensor<?x2xf32>, %[[OFFSETS:[^:]*]]: tensor<8xindex>
func.func @classes(%r: !moe.rows<f32, 4, grouped>, %p: !moe.plan<7, slots<2>>, %v: tensor<2x4xf32>, %m: tensor<2x2x4xf32>) -> !moe.rows<f32, 4, grouped> {
  // CHECK-DAG: %[[C3:.*]] = arith.constant 3 : index
  // CHECK-DAG: %[[C5:.*]] = arith.constant 5 : index
  // CHECK: tensor.extract %[[OFFSETS]][%[[C3]]]
  // CHECK: scf.if
  // CHECK:   %[[COPY:.*]] = tensor.extract_slice %[[ROWS]]
  // CHECK:   tensor.insert_slice %[[COPY]] into
  // CHECK: tensor.extract %[[OFFSETS]][%[[C5]]]
  // CHECK: scf.if
  // CHECK:   linalg.generic {{.*}} outs
  // CHECK: scf.for
  // CHECK:   linalg.matmul {{.*}} -> tensor<?x2xf32>
  // CHECK:   math.exp
  %h = moe.experts %r, %p (%v, %m : tensor<2x4xf32>, tensor<2x2x4xf32>) table <[<copy, 3>, <zero, 2>, <constant, 2, mix = softmax2>]> apply <output>
    : !moe.rows<f32, 4, grouped>, !moe.plan<7, slots<2>> -> !moe.rows<f32, 4, grouped>
  return %h : !moe.rows<f32, 4, grouped>
}

// -----

// Weights of rows multiply the hidden vector and the bias behind it.
// CHECK-LABEL: func.func @hidden(
// CHECK-SAME:      %[[WEIGHTS:[^:]*]]: tensor<?x2xf32>, %{{[^:]*}}: tensor<9xindex>, %[[ENTRIES:[^:]*]]: tensor<?xindex>
func.func @hidden(%r: !moe.rows<f32, 4, grouped>, %p: !moe.plan<8, slots<2>>, %u: tensor<8x6x4xf32>, %d: tensor<8x4x6xf32>, %db: tensor<8x4xf32>)
    -> !moe.rows<f32, 4, grouped> {
  // CHECK: %[[ROWWEIGHTS:.*]] = linalg.generic {{.*}} ins(%[[ENTRIES]] :
  // CHECK:   tensor.extract %[[WEIGHTS]]
  // CHECK: scf.for
  // CHECK:   %[[W:.*]] = tensor.extract_slice %[[ROWWEIGHTS]][%{{.*}}] [%{{.*}}] [1]
  // CHECK:   linalg.matmul
  // CHECK:   linalg.generic {{.*}} ins(%{{.*}}, %[[W]] : tensor<?x6xf32>, tensor<?xf32>)
  // CHECK:   linalg.generic {{.*}} ins(%{{.*}}, %[[W]] : tensor<4xf32>, tensor<?xf32>)
  %h = moe.experts %r, %p (%u, %d, %db : tensor<8x6x4xf32>, tensor<8x4x6xf32>, tensor<8x4xf32>)
    table <[<ffn, 8, width = 6, body = <ungated, relu, bias = [down]>>]> apply <hidden>
    : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  return %h : !moe.rows<f32, 4, grouped>
}

// -----

// CHECK-LABEL: func.func @logits(
// CHECK-SAME:      %[[R:.*]]: tensor<?x4xbf16>, %[[W:.*]]: tensor<8x4xbf16>, %[[BIAS:.*]]: tensor<8xf32>, %[[OFFSET:.*]]: tensor<?x8xf32>
func.func @logits(%r: tensor<?x4xbf16>, %w: tensor<8x4xbf16>, %b: tensor<8xf32>, %o: tensor<?x8xf32>) -> tensor<?x8xbf16> {
  // CHECK: %[[INIT:.*]] = linalg.generic {{.*}} ins(%[[BIAS]] :
  // CHECK: %[[SUM:.*]] = linalg.matmul {{.*}} ins(%[[R]], %[[W]] : {{.*}} outs(%[[INIT]] : tensor<?x8xf32>)
  // CHECK: %[[Z:.*]] = linalg.generic {{.*}} ins(%[[SUM]], %[[OFFSET]] :
  // CHECK:   math.tanh
  // CHECK:   arith.addf
  // CHECK:   arith.divf
  // CHECK:   arith.truncf
  // CHECK: return %[[Z]]
  %z = moe.logits %r, %w bias(%b : tensor<8xf32>) offset(%o : tensor<?x8xf32>) {softcap = 30.0 : f64, temperature = 0.7 : f64}
    : tensor<?x4xbf16>, tensor<8x4xbf16> -> tensor<?x8xbf16>
  return %z : tensor<?x8xbf16>
}
