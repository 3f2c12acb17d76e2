// Custom and generic form of every op and attribute.
// RUN: moe-opt %s --verify-roundtrip | FileCheck %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck %s
// RUN: moe-opt %s --mlir-print-op-generic | FileCheck %s --check-prefix=GENERIC

// CHECK-LABEL: func.func @one_rank
// GENERIC-LABEL: sym_name = "one_rank"
func.func @one_rank(%x: memref<?x64xf32>, %y: memref<?x64xf32, strided<[128, 1], offset: ?>>) {
  // CHECK: moe_tile.graph experts 8 schedule <ticket> {
  moe_tile.graph experts 8 schedule <ticket> {
    // CHECK-NEXT: moe_tile.buffer input @x : tokens x 64 x f32 in device from %{{.*}} : memref<?x64xf32>
    moe_tile.buffer input @x : tokens x 64 x f32 in device from %x : memref<?x64xf32>
    // CHECK-NEXT: moe_tile.buffer output @y : tokens x 64 x f32 in device from %{{.*}} : memref<?x64xf32, strided<[128, 1], offset: ?>>
    moe_tile.buffer output @y : tokens x 64 x f32 in device from %y : memref<?x64xf32, strided<[128, 1], offset: ?>>
    // CHECK-NEXT: moe_tile.buffer counts @counts : experts x index in device
    moe_tile.buffer counts @counts : experts x index in device
    // CHECK-NEXT: moe_tile.buffer @hidden : experts x rows x 96 x bf16 in device copies 2 align 16 gap zero
    moe_tile.buffer @hidden : experts x rows x 96 x bf16 in device copies 2 align 16 gap zero
    // CHECK-NEXT: moe_tile.buffer @stage : 512 by 64 x 64 x 32 x f32 in worker ring 4
    // GENERIC: "moe_tile.buffer"() <{{.*}}ring = 4 : i64, role = #moe_tile<role scratch>, shape = #moe_tile.dims<512 by 64 x 64 x 32>, space = #moe_tile<space worker>
    moe_tile.buffer @stage : 512 by 64 x 64 x 32 x f32 in worker ring 4
    // CHECK-NEXT: moe_tile.buffer @loose : experts x rows by 32 x i32 in device align 4 gap undef
    moe_tile.buffer @loose : experts x rows by 32 x i32 in device align 4 gap undef
    // CHECK-NEXT: moe_tile.signal @once in device
    // GENERIC: "moe_tile.signal"() <{epoch = #moe_tile.epoch<fresh>, scope = #moe_tile<scope device>, shape = #moe_tile.dims<>, sym_name = "once"}>
    moe_tile.signal @once in device
    // CHECK-NEXT: moe_tile.signal @tiles : experts x rows by 32 in device epoch <self_clean>
    moe_tile.signal @tiles : experts x rows by 32 in device epoch <self_clean>
    // CHECK-NEXT: moe_tile.signal @steps : 512 by 64 in worker
    moe_tile.signal @steps : 512 by 64 in worker
    // CHECK-NEXT: moe_tile.task @count over () {
    moe_tile.task @count over () {
      // CHECK-NEXT: %[[DONE:.*]] = moe_tile.compute reads(@x[*, *]) writes(@counts[*])
      %done = moe_tile.compute reads(@x[*, *]) writes(@counts[*])
      // CHECK-NEXT: moe_tile.arrive @once after %[[DONE]]
      moe_tile.arrive @once after %done
      // CHECK-NEXT: moe_tile.arrive @once
      moe_tile.arrive @once
    }
    // CHECK: %[[KNOWN:.*]] = moe_tile.wait @once expects 2
    %known = moe_tile.wait @once expects 2
    // CHECK-NEXT: moe_tile.task @rows over (%[[E:.*]] in experts, %[[M:.*]] in rows by 32, %[[N:.*]] in 96 by 48) after %[[KNOWN]] {
    moe_tile.task @rows over (%e in experts, %m in rows by 32, %n in 96 by 48) after %known {
      // CHECK-NEXT: %[[A:.*]] = moe_tile.compute reads(@x[*, *], @counts[%[[E]]]) writes(@hidden[%[[E]], %[[M]], %[[N]]])
      %0 = moe_tile.compute reads(@x[*, *], @counts[%e]) writes(@hidden[%e, %m, %n])
      // CHECK-NEXT: moe_tile.arrive @tiles[%[[E]], %[[M]]] after %[[A]]
      moe_tile.arrive @tiles[%e, %m] after %0
    }
    // CHECK: moe_tile.task @walks over (%[[T:.*]] in tokens by 16) after %[[KNOWN]] {
    moe_tile.task @walks over (%t in tokens by 16) after %known {
      // CHECK-NEXT: %[[LOADED:.*]] = moe_tile.role @load {
      %loaded = moe_tile.role @load {
        // CHECK-NEXT: %[[ALL:.*]] = moe_tile.for %[[E:.*]] in experts carry (%[[BEFORE:.*]] = %[[KNOWN]]) {
        %all = moe_tile.for %e in experts carry (%before = %known) {
          // CHECK-NEXT: moe_tile.for %[[M:.*]] in rows by 32 {
          moe_tile.for %m in rows by 32 {
            // CHECK-NEXT: moe_tile.wait @tiles[%[[E]], %[[M]]] expects 2
            %0 = moe_tile.wait @tiles[%e, %m] expects 2
            // CHECK-NEXT: }
          }
          // CHECK-NEXT: moe_tile.yield %[[BEFORE]]
          moe_tile.yield %before
        }
        // CHECK: moe_tile.yield %[[ALL]]
        moe_tile.yield %all
      }
      // CHECK: moe_tile.role @multiply {
      moe_tile.role @multiply {
        // CHECK-NEXT: moe_tile.for %[[K:.*]] in 512 by 64 {
        moe_tile.for %k in 512 by 64 {
          // CHECK-NEXT: %[[READY:.*]] = moe_tile.wait @steps[%[[K]]] behind 4 expects 3 * experts * rows by 32 + experts * tokens + 1
          // GENERIC: "moe_tile.wait"(%{{.*}}) <{behind = 4 : i64, expects = #moe_tile.arrivals<3 * experts * rows by 32 + experts * tokens + 1>, signal = @steps
          %0 = moe_tile.wait @steps[%k] behind 4 expects 1 + tokens * experts + rows by 32 * 3 * experts
          // CHECK-NEXT: %[[USED:.*]] = moe_tile.compute reads(@stage[%[[K]], *, *]) updates(@y[%[[T]], *]) after(%[[READY]], %[[LOADED]])
          %1 = moe_tile.compute reads(@stage[%k, *, *]) updates(@y[%t, *]) after(%0, %loaded)
          // CHECK-NEXT: moe_tile.arrive @steps[%[[K]]] behind 1 after %[[USED]]
          moe_tile.arrive @steps[%k] behind 1 after %1
        }
      }
    }
    // CHECK: moe_tile.task @copy over (%[[T:.*]] in tokens by 16) {
    moe_tile.task @copy over (%t in tokens by 16) {
      // CHECK-NEXT: moe_tile.compute reads(%[[FROM:.*]] = @x[%[[T]], *] : memref<?x64xf32, strided<[64, 1], offset: ?>>)
      // CHECK-SAME: writes(%[[TO:.*]] = @y[%[[T]], 0] : memref<?xf32, strided<[128], offset: ?>>) {
      %0 = moe_tile.compute reads(%from = @x[%t, *] : memref<?x64xf32, strided<[64, 1], offset: ?>>)
        writes(%to = @y[%t, 0] : memref<?xf32, strided<[128], offset: ?>>) {
        // CHECK-NEXT: linalg.reduce { arith.addf } ins(%[[FROM]] : {{.*}}) outs(%[[TO]] : {{.*}}) dimensions = [1]
        linalg.reduce { arith.addf } ins(%from : memref<?x64xf32, strided<[64, 1], offset: ?>>)
          outs(%to : memref<?xf32, strided<[128], offset: ?>>) dimensions = [1]
      }
    }
  }
  return
}

// CHECK-LABEL: func.func @two_ranks
func.func @two_ranks() {
  // CHECK: moe_tile.graph experts 2 ranks 2 schedule <static_wave workers 4 resident 8> {
  moe_tile.graph experts 2 ranks 2 schedule <static_wave workers 4 resident 8> {
    // CHECK-NEXT: %[[SELF:.*]] = moe_tile.rank
    %self = moe_tile.rank
    // CHECK-NEXT: moe_tile.buffer @inbox : ranks x 64 x f32 in symmetric copies 2
    moe_tile.buffer @inbox : ranks x 64 x f32 in symmetric copies 2
    // CHECK-NEXT: moe_tile.signal @landed : ranks x ranks in system epoch <cyclic(3)>
    moe_tile.signal @landed : ranks x ranks in system epoch <cyclic(3)>
    // CHECK-NEXT: moe_tile.signal @all : ranks in system epoch <stamp>
    moe_tile.signal @all : ranks in system epoch <stamp>
    // CHECK-NEXT: moe_tile.signal @sum : ranks in system epoch <monotone>
    moe_tile.signal @sum : ranks in system epoch <monotone>
    // CHECK-NEXT: moe_tile.wait @sum[%[[SELF]]] expects ranks
    %0 = moe_tile.wait @sum[%self] expects ranks
    // CHECK-NEXT: moe_tile.task @put over (%[[P:.*]] in ranks) {
    moe_tile.task @put over (%p in ranks) {
      // CHECK-NEXT: moe_tile.compute writes(@inbox[%[[P]], *])
      %1 = moe_tile.compute writes(@inbox[%p, *])
      // CHECK-NEXT: moe_tile.arrive @landed[%[[P]], %[[SELF]]]
      moe_tile.arrive @landed[%p, %self] after %1
    }
  }
  return
}

// CHECK-LABEL: func.func @attributes
func.func @attributes() attributes {
  // CHECK-SAME: s0 = #moe_tile.schedule<per_worker_queue>, s1 = #moe_tile.schedule<central_os workers 2>
  s0 = #moe_tile.schedule<per_worker_queue>, s1 = #moe_tile.schedule<central_os workers 2>,
  // CHECK-SAME: t0 = #moe_tile.arrivals<6>, t1 = #moe_tile.arrivals<0>, t2 = #moe_tile.arrivals<3 * rows + 1>
  t0 = #moe_tile.arrivals<2 * 3>, t1 = #moe_tile.arrivals<0>, t2 = #moe_tile.arrivals<1 + rows + 2 * rows>} {
  return
}
