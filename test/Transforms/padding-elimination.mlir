// One positive per rewrite and form, one negative per condition. The numbers are compared in padding-elimination-numeric.test.
// RUN: moe-opt %s --moe-padding-elimination --split-input-file --verify-diagnostics --remarks-filter='moe-padding-elimination' | FileCheck %s

// A dropped entry has no row in either encoding; the plan has k columns instead of E.
// CHECK-LABEL: func.func @buckets_become_ragged
// CHECK-SAME: (%[[Z:.*]]: tensor<?x8xf32>, %[[X:.*]]: tensor<?x4xf32>)
func.func @buckets_become_ragged(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: %[[P:.*]] = moe.route %[[Z]] {{.*}} capacity <limit, count = <16>, priority = unit_major, overflow = zero> : tensor<?x8xf32> -> !moe.plan<8, slots<2>>
  // expected-remark @+2 {{2 columns per unit instead of 8}}
  // expected-remark @+1 {{an expert has at most 16 rows, all experts at most min(2 T, 128)}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> capacity <limit, count = <16>, priority = unit_major, overflow = zero> : tensor<?x8xf32> -> !moe.plan<8, buckets<16>>
  // CHECK: %[[R:.*]] = moe.dispatch %[[X]], %[[P]] apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, indexed>
  // expected-remark @+1 {{experts read rows where their units are}}
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, buckets<16>> -> !moe.rows<f32, 4, grouped>
  // CHECK: %[[H:.*]] = moe.experts %[[R]], %[[P]] table <[<copy, 8>]> apply <output> : !moe.rows<f32, 4, indexed>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p table <[<copy, 8>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, buckets<16>> -> !moe.rows<f32, 4, grouped>
  // CHECK: moe.combine %[[H]], %[[P]], %[[X]] apply <output> residual <complement> order <slot>
  %y = moe.combine %h, %p, %x apply <output> residual <complement> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<8, buckets<16>>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// Slots of a dense plan are experts.
// CHECK-LABEL: func.func @dense_becomes_ragged
func.func @dense_becomes_ragged(%z: tensor<5x8xf32>, %x: tensor<5x4xf32>) -> tensor<5x4xf32> {
  // CHECK: moe.route {{.*}} -> !moe.plan<8, slots<1>>
  // expected-remark @+2 {{1 columns per unit instead of 8}}
  // expected-remark @+1 {{an expert has at most 5 rows, all experts at most 5}}
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> : tensor<5x8xf32> -> !moe.plan<8, dense>
  // expected-remark @+1 {{experts read rows where their units are}}
  %r = moe.dispatch %x, %p apply <output> : tensor<5x4xf32>, !moe.plan<8, dense> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p table <[<copy, 8>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, dense> -> !moe.rows<f32, 4, grouped>
  // CHECK: moe.combine {{.*}} residual <none> order <expert_asc>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<8, dense>, tensor<5x4xf32> -> tensor<5x4xf32>
  return %y : tensor<5x4xf32>
}

// -----

// CHECK-LABEL: func.func @csr_and_groups_of_a_conversion
// CHECK-SAME: %[[P:.*]]: !moe.plan<8, slots<2>>
func.func @csr_and_groups_of_a_conversion(%p: !moe.plan<8, slots<2>>, %x: tensor<?x4xf32>) -> (!moe.rows<f32, 4, grouped>, !moe.rows<f32, 4, grouped>) {
  // CHECK-NOT: moe.convert_plan
  // expected-remark @+1 {{2 columns per unit instead of 8}}
  %c = moe.convert_plan %p : !moe.plan<8, slots<2>> -> !moe.plan<8, csr>
  // expected-remark @+1 {{2 columns per unit instead of 8}}
  %g = moe.convert_plan %p : !moe.plan<8, slots<2>> -> !moe.plan<8, grouped>
  // CHECK: moe.dispatch %{{.*}}, %[[P]] apply <output> : tensor<?x4xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{its rows have other users than experts}}
  %r = moe.dispatch %x, %c apply <output> : tensor<?x4xf32>, !moe.plan<8, csr> -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{its rows have other users than experts}}
  %s = moe.dispatch %x, %g apply <output> : tensor<?x4xf32>, !moe.plan<8, grouped> -> !moe.rows<f32, 4, grouped>
  return %r, %s : !moe.rows<f32, 4, grouped>, !moe.rows<f32, 4, grouped>
}

// -----

// CHECK-LABEL: func.func @does_not_narrow_what_experts_choose
func.func @does_not_narrow_what_experts_choose(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>) -> !moe.rows<f32, 4, grouped> {
  // CHECK: -> !moe.plan<8, buckets<4>>
  // expected-remark @+2 {{a unit may have an entry for every expert}}
  // expected-remark @+1 {{an expert has at most 4 rows, all experts at most min(8 T, 32)}}
  %p = moe.route %z score <softmax> select <expert_topc, key = scores, count = <4>> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, buckets<4>>
  // expected-remark @+1 {{its rows have other users than experts}}
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, buckets<4>> -> !moe.rows<f32, 4, grouped>
  return %r : !moe.rows<f32, 4, grouped>
}

// -----

// Rounded counts add entries.
// CHECK-LABEL: func.func @does_not_narrow_rounded_counts
func.func @does_not_narrow_rounded_counts(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>) -> !moe.rows<f32, 4, grouped> {
  // CHECK: -> !moe.plan<8, csr>
  // expected-remark @+2 {{a unit may have an entry for every expert}}
  // expected-remark @+1 {{an expert has at most T rows, all experts at most 8 T}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> capacity <tile_round, tile = 4, mode = nearest, renorm = tc_set> : tensor<?x8xf32> -> !moe.plan<8, csr>
  // expected-remark @+1 {{its rows have other users than experts}}
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, csr> -> !moe.rows<f32, 4, grouped>
  return %r : !moe.rows<f32, 4, grouped>
}

// -----

// CHECK-LABEL: func.func @does_not_narrow_what_others_look_at
func.func @does_not_narrow_what_others_look_at(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>) -> (!moe.rows<f32, 4, grouped>, !moe.plan<8, dense>) {
  // CHECK: -> !moe.plan<8, dense>
  // expected-remark @+2 {{its plan has other users than a layer}}
  // expected-remark @+1 {{an expert has at most T rows, all experts at most 2 T}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, dense>
  // expected-remark @+1 {{its rows have other users than experts}}
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, dense> -> !moe.rows<f32, 4, grouped>
  return %r, %p : !moe.rows<f32, 4, grouped>, !moe.plan<8, dense>
}

// -----

// What two parts of the domain fill together may be more than a bucket holds: an error that stays.
// CHECK-LABEL: func.func @does_not_narrow_buckets_of_a_domain_of_parts
func.func @does_not_narrow_buckets_of_a_domain_of_parts(%z: tensor<?x8xf32>, %x: tensor<?x4xf32>) -> !moe.rows<f32, 4, grouped> {
  // CHECK: -> !moe.plan<8, buckets<16>>
  // expected-remark @+2 {{its buckets may not hold what several parts of the domain fill}}
  // expected-remark @+1 {{an expert has at most T rows, all experts at most T}}
  %p = moe.route %z score <softmax> select <topk(1)> weight <scores> capacity <limit, count = <16>, priority = unit_major, overflow = zero> domain <blocks(32)> : tensor<?x8xf32> -> !moe.plan<8, buckets<16>>
  // expected-remark @+1 {{its rows have other users than experts}}
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, buckets<16>> -> !moe.rows<f32, 4, grouped>
  return %r : !moe.rows<f32, 4, grouped>
}

// -----

// CHECK-LABEL: func.func @does_not_narrow_where_a_conversion_checks_buckets
func.func @does_not_narrow_where_a_conversion_checks_buckets(%p: !moe.plan<8, slots<2>>, %x: tensor<?x4xf32>) -> !moe.rows<f32, 4, grouped> {
  // CHECK: moe.convert_plan
  // expected-remark @+1 {{that its buckets hold the entries is checked at run time}}
  %b = moe.convert_plan %p : !moe.plan<8, slots<2>> -> !moe.plan<8, buckets<4>>
  // expected-remark @+1 {{its rows have other users than experts}}
  %r = moe.dispatch %x, %b apply <output> : tensor<?x4xf32>, !moe.plan<8, buckets<4>> -> !moe.rows<f32, 4, grouped>
  return %r : !moe.rows<f32, 4, grouped>
}

// -----

// CHECK-LABEL: func.func @does_not_narrow_a_plan_of_all_slots
func.func @does_not_narrow_a_plan_of_all_slots(%p: !moe.plan<2, slots<2>>, %x: tensor<?x4xf32>) -> !moe.rows<f32, 4, grouped> {
  // CHECK: moe.convert_plan
  // expected-remark @+1 {{a unit may have an entry for every expert}}
  %b = moe.convert_plan %p : !moe.plan<2, slots<2>> -> !moe.plan<2, csr>
  // expected-remark @+1 {{its rows have other users than experts}}
  %r = moe.dispatch %x, %b apply <output> : tensor<?x4xf32>, !moe.plan<2, csr> -> !moe.rows<f32, 4, grouped>
  return %r : !moe.rows<f32, 4, grouped>
}

// -----

// CHECK-LABEL: func.func @does_not_narrow_a_complement_in_the_order_of_experts
func.func @does_not_narrow_a_complement_in_the_order_of_experts(%z: tensor<?x8xf32>, %h: !moe.rows<f32, 4, grouped>, %x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: -> !moe.plan<8, dense>
  // expected-remark @+2 {{the complement of its weights is summed in the order of experts}}
  // expected-remark @+1 {{an expert has at most T rows}}
  %p = moe.route %z score <softmax> select <topk(2)> weight <scores> : tensor<?x8xf32> -> !moe.plan<8, dense>
  %y = moe.combine %h, %p, %x apply <output> residual <complement> order <slot> : !moe.rows<f32, 4, grouped>, !moe.plan<8, dense>, tensor<?x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @does_not_narrow_beside_a_predictor
func.func @does_not_narrow_beside_a_predictor(%z: tensor<?x8xf32>, %q: !moe.plan<8, csr>, %x: tensor<?x4xf32>) -> !moe.rows<f32, 4, grouped> {
  // CHECK: -> !moe.plan<8, csr>
  // expected-remark @+2 {{a predictor has the type of its plan}}
  // expected-remark @+1 {{an expert has at most 3 rows}}
  %p = moe.route %z predictor(%q : !moe.plan<8, csr>) score <softmax> select <topk(2)> weight <scores> capacity <limit, count = <3>, priority = unit_major, overflow = zero> : tensor<?x8xf32> -> !moe.plan<8, csr>
  // expected-remark @+1 {{its rows have other users than experts}}
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, csr> -> !moe.rows<f32, 4, grouped>
  return %r : !moe.rows<f32, 4, grouped>
}

// -----

// CHECK-LABEL: func.func @does_not_sink_weighted_rows
func.func @does_not_sink_weighted_rows(%p: !moe.plan<8, slots<1>>, %x: tensor<?x4xf32>) -> !moe.rows<f32, 4, grouped> {
  // CHECK: moe.dispatch {{.*}} -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{its rows are not units as they are}}
  %r = moe.dispatch %x, %p apply <input> : tensor<?x4xf32>, !moe.plan<8, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p table <[<copy, 8>]> apply <input> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<1>> -> !moe.rows<f32, 4, grouped>
  return %h : !moe.rows<f32, 4, grouped>
}

// -----

// CHECK-LABEL: func.func @does_not_sink_scaled_rows
func.func @does_not_sink_scaled_rows(%p: !moe.plan<8, slots<1>>, %x: tensor<?x4xf32>) -> !moe.rows<f32, 4, grouped> {
  // CHECK: moe.dispatch {{.*}} -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{its rows are not units as they are}}
  %r = moe.dispatch %x, %p apply <output> {input_scale = 2.0 : f64} : tensor<?x4xf32>, !moe.plan<8, slots<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p table <[<copy, 8>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, slots<1>> -> !moe.rows<f32, 4, grouped>
  return %h : !moe.rows<f32, 4, grouped>
}

// -----

// CHECK-LABEL: func.func @does_not_sink_mixes_of_units
func.func @does_not_sink_mixes_of_units(%p: !moe.plan<8, soft<1>>, %x: tensor<?x4xf32>, %v: tensor<8x4x4xf32>) -> !moe.rows<f32, 4, grouped> {
  // CHECK: moe.dispatch {{.*}} -> !moe.rows<f32, 4, grouped>
  // expected-remark @+1 {{its rows are not units as they are}}
  %r = moe.dispatch %x, %p apply <output> : tensor<?x4xf32>, !moe.plan<8, soft<1>> -> !moe.rows<f32, 4, grouped>
  %h = moe.experts %r, %p (%v : tensor<8x4x4xf32>) table <[<linear, 8>]> apply <output> : !moe.rows<f32, 4, grouped>, !moe.plan<8, soft<1>> -> !moe.rows<f32, 4, grouped>
  return %h : !moe.rows<f32, 4, grouped>
}

// -----

// Tiles of a dense buffer end where the rows of an expert do.
// CHECK-LABEL: func.func @aligned_rows_become_dense
func.func @aligned_rows_become_dense(%x: memref<?x64xf32>, %y: memref<?x64xf32>, %offsets: memref<3xindex>) {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.buffer counts @counts : experts x index in device from %offsets : memref<3xindex>
    moe_tile.buffer input @x : experts x rows x 64 x f32 in device from %x : memref<?x64xf32>
    // CHECK: moe_tile.buffer @h : experts x rows x 64 x f32 in device{{$}}
    // expected-remark @+1 {{rows of experts lie without gaps instead of aligned to 16}}
    moe_tile.buffer @h : experts x rows x 64 x f32 in device align 16 gap zero
    // CHECK: moe_tile.buffer @g : experts x rows x 64 x f32 in device{{$}}
    // expected-remark @+1 {{rows of experts lie without gaps instead of aligned to 8}}
    moe_tile.buffer @g : experts x rows x 64 x f32 in device align 8 gap undef
    moe_tile.buffer output @y : experts x rows x 64 x f32 in device from %y : memref<?x64xf32>
    moe_tile.task @copy over (%e in experts, %m in rows by 32) {
      %0 = moe_tile.compute reads(%a = @x[%e, %m, *] : memref<?x64xf32, strided<[64, 1], offset: ?>>)
          writes(%b = @h[%e, %m, *] : memref<?x64xf32, strided<[64, 1], offset: ?>>) {
        memref.copy %a, %b : memref<?x64xf32, strided<[64, 1], offset: ?>> to memref<?x64xf32, strided<[64, 1], offset: ?>>
      }
      %1 = moe_tile.compute reads(%a = @h[%e, %m, *] : memref<?x64xf32, strided<[64, 1], offset: ?>>)
          writes(%b = @y[%e, %m, *] : memref<?x64xf32, strided<[64, 1], offset: ?>>) after(%0) {
        memref.copy %a, %b : memref<?x64xf32, strided<[64, 1], offset: ?>> to memref<?x64xf32, strided<[64, 1], offset: ?>>
      }
      %2 = moe_tile.compute writes(@g[%e, %m, *])
    }
  }
  return
}

// -----

// CHECK-LABEL: func.func @does_not_close_gaps_that_may_show
func.func @does_not_close_gaps_that_may_show(%x: memref<?x64xf32>, %offsets: memref<3xindex>) {
  moe_tile.graph experts 2 schedule <ticket> {
    moe_tile.buffer counts @counts : experts x index in device from %offsets : memref<3xindex>
    // CHECK: @given {{.*}} align 8 gap undef
    // expected-remark @+1 {{its memory belongs to others}}
    moe_tile.buffer input @given : experts x rows x 64 x f32 in device align 8 gap undef from %x : memref<?x64xf32>
    // CHECK: @result {{.*}} align 8 gap undef
    // expected-remark @+1 {{its memory belongs to others}}
    moe_tile.buffer output @result : experts x rows x 64 x f32 in device align 8 gap undef
    // CHECK: @whole {{.*}} align 8 gap undef
    // expected-remark @+1 {{a computation takes the rows of all experts at once}}
    moe_tile.buffer @whole : experts x rows x 64 x f32 in device align 8 gap undef
    // CHECK: @bodiless {{.*}} align 8 gap zero
    // expected-remark @+1 {{a computation without a body may read its zeros}}
    moe_tile.buffer @bodiless : experts x rows x 64 x f32 in device align 8 gap zero
    // CHECK: @tiles {{.*}} align 8 gap zero
    // expected-remark @+1 {{a computation takes whole tiles}}
    moe_tile.buffer @tiles : experts x rows x 64 x f32 in device align 8 gap zero
    moe_tile.task @fill over (%e in experts, %m in rows by 8) {
      %0 = moe_tile.compute reads(@given[%e, %m, *]) writes(@result[%e, %m, *])
      %1 = moe_tile.compute writes(@whole[*, *, *])
      %2 = moe_tile.compute writes(@bodiless[%e, %m, *])
      %3 = moe_tile.compute writes(%b = @tiles[%e, %m, *] : memref<8x64xf32, strided<[64, 1], offset: ?>>) {
        %zero = arith.constant 0.0 : f32
        linalg.fill ins(%zero : f32) outs(%b : memref<8x64xf32, strided<[64, 1], offset: ?>>)
      }
    }
  }
  return
}
