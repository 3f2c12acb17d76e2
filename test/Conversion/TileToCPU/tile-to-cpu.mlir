// A graph with every kind of domain, cell and region that a CPU takes: what the loop looks like, and what it computes.
// RUN: moe-opt %s --moe-verify-tile --convert-tile-to-cpu='workers=8' --canonicalize --cse | FileCheck %s
// RUN: moe-opt %s --convert-tile-to-cpu | %run_linalg | FileCheck %s --check-prefix=RESULT
// RUN: moe-opt %s --convert-tile-to-cpu=trace | FileCheck %s --check-prefix=TRACE
// RUN: moe-opt %s --convert-tile-to-cpu | FileCheck %s --check-prefix=SILENT
// RUN: not moe-opt %s --convert-tile-to-cpu='workers=0' 2>&1 | FileCheck %s --check-prefix=NOBODY

// NOBODY: error: expects at least one worker, but got 0

// Tasks tell when they begin and end, with their names and points, where that is asked for; else nothing is there for it.
// TRACE-DAG: llvm.func @moe_trace(!llvm.ptr, i64, i64, i64, i32)
// TRACE-DAG: llvm.mlir.global internal constant @moe_task_fill("fill\00")
// TRACE-DAG: llvm.mlir.global internal constant @moe_task_wait_filled("wait filled\00")
// TRACE-LABEL: func.func @graph
// TRACE: %[[NAME:.*]] = llvm.mlir.addressof @moe_task_fill
// TRACE-DAG: %[[E:.*]] = arith.index_cast %{{.*}} : index to i64
// TRACE-DAG: %[[M:.*]] = arith.index_cast %{{.*}} : index to i64
// TRACE-DAG: %[[NONE:.*]] = arith.constant -1 : i64
// TRACE-DAG: %[[BEGINS:.*]] = arith.constant 0 : i32
// TRACE: llvm.call @moe_trace(%[[NAME]], %[[E]], %[[M]], %[[NONE]], %[[BEGINS]])
// TRACE: linalg.map
// TRACE: memref.atomic_rmw addi
// TRACE: %[[ENDS:.*]] = arith.constant 1 : i32
// TRACE: llvm.call @moe_trace({{.*}}, %[[ENDS]])
// So do waits for what is missing.
// TRACE: %[[ARRIVED:.*]] = llvm.load %{{.*}} atomic acquire
// TRACE-NEXT: %[[MISSING:.*]] = arith.cmpi slt, %[[ARRIVED]]
// TRACE-NEXT: scf.if %[[MISSING]]
// TRACE-NEXT: %[[WAIT:.*]] = llvm.mlir.addressof @moe_task_wait_filled
// TRACE: llvm.call @moe_trace(%[[WAIT]]
// TRACE: scf.while
// TRACE: llvm.call @moe_trace(
// SILENT-NOT: moe_trace

func.func private @printMemrefF32(memref<*xf32>) attributes {llvm.emit_c_interface}
func.func private @printMemrefI32(memref<*xi32>) attributes {llvm.emit_c_interface}

// CHECK-LABEL: func.func @graph
// CHECK-SAME: (%[[X:.*]]: memref<?x4xf32>, %[[OFFSETS:.*]]: memref<4xindex>, %[[Y:.*]]: memref<?x4xf32>)
func.func @graph(%x: memref<?x4xf32>, %offsets: memref<4xindex>, %y: memref<?x4xf32>) {
  // Tiles of rows are numbered; scratch has as many rows as there are; cells are zero.
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant 0 : i64
  // CHECK-DAG: %[[ONE:.*]] = arith.constant 1 : i64
  // CHECK-DAG: %[[TASK:.*]] = arith.constant 0 : index
  // CHECK-DAG: %[[EIGHT:.*]] = arith.constant 8 : index
  // CHECK: %[[TOKENS:.*]] = memref.dim %[[X]]
  // CHECK: %[[BEGINS:.*]] = memref.alloc() {alignment = 64 : i64} : memref<4xindex>
  // CHECK: %[[TILES:.*]]:2 = scf.for %[[E:.*]] =
  // CHECK: memref.store %[[END:.*]], %[[BEGINS]]
  // CHECK: scf.yield %[[END]], %{{.*}} : index, index
  // CHECK: %[[EXPERTS:.*]] = memref.alloc(%[[TILES]]#0) {alignment = 64 : i64} : memref<?xindex>
  // CHECK: scf.for %[[E:.*]] =
  // CHECK: scf.for %[[TILE:.*]] =
  // CHECK: memref.store %[[E]], %[[EXPERTS]][%[[TILE]]]
  // CHECK: %[[ROWS:.*]] = memref.load %[[OFFSETS]]
  // CHECK: memref.alloc(%[[ROWS]]) {alignment = 64 : i64} : memref<?x4xf32>
  // CHECK: %[[FILLED:.*]] = memref.alloc(%[[TILES]]#0) {alignment = 64 : i64} : memref<?xi64>
  // CHECK-NEXT: scf.for %[[I:.*]] =
  // CHECK-NEXT: memref.store %[[ZERO]], %[[FILLED]][%[[I]]]
  // CHECK: %[[COUNTER:.*]] = memref.alloc() {alignment = 64 : i64} : memref<1xi64>
  // CHECK-NEXT: memref.store %[[ZERO]], %[[COUNTER]]
  // CHECK-NEXT: %[[WORKERS:.*]] = arith.minui %[[TOTAL:.*]], %[[EIGHT]]
  // CHECK-NEXT: scf.parallel (%{{.*}}) = (%[[TASK]]) to (%[[WORKERS]])
  // Who comes late sees that all is claimed.
  // CHECK-NEXT: %[[COUNTER_AT:.*]] = memref.extract_aligned_pointer_as_index %[[COUNTER]]
  // CHECK: %[[SEEN_BITS:.*]] = llvm.load %{{.*}} atomic monotonic {alignment = 8 : i64}
  // CHECK-NEXT: %[[SEEN:.*]] = arith.index_cast %[[SEEN_BITS]]
  // CHECK-NEXT: %[[SOME:.*]] = arith.cmpi ult, %[[SEEN]], %[[TOTAL]]
  // CHECK-NEXT: scf.if %[[SOME]]
  // A ticket is claimed, up to the number of tasks.
  // CHECK-NEXT: scf.while
  // CHECK-NEXT: %[[CLAIM:.*]] = memref.atomic_rmw addi %[[ONE]], %[[COUNTER]][%[[TASK]]]
  // CHECK-NEXT: %[[TICKET:.*]] = arith.index_cast %[[CLAIM]]
  // CHECK-NEXT: %[[MORE:.*]] = arith.cmpi ult, %[[TICKET]], %[[TOTAL]]
  // CHECK-NEXT: scf.condition(%[[MORE]]) %[[TICKET]]
  // The first family: its point, its work, its arrival.
  // CHECK: ^bb0(%[[NUMBER:.*]]: index):
  // CHECK: scf.if
  // CHECK: %[[EXPERT:.*]] = memref.load %[[EXPERTS]][%[[NUMBER]]]
  // CHECK: memref.load %[[BEGINS]][%[[EXPERT]]]
  // CHECK: linalg.map
  // CHECK: memref.atomic_rmw addi %[[ONE]], %[[FILLED]]
  // The second one waits.
  // CHECK: scf.if
  // CHECK: %[[CELLS:.*]] = memref.extract_aligned_pointer_as_index %[[FILLED]]
  // CHECK: scf.while
  // CHECK-NEXT: %[[ARRIVED:.*]] = llvm.load %{{.*}} atomic acquire {alignment = 8 : i64}
  // CHECK-NEXT: %[[MISSING:.*]] = arith.cmpi slt, %[[ARRIVED]], %[[ONE]]
  // CHECK-NEXT: scf.condition(%[[MISSING]])
  moe_tile.graph experts 3 schedule <ticket> {
    moe_tile.buffer input @x : tokens x 4 x f32 in device from %x : memref<?x4xf32>
    moe_tile.buffer counts @counts : experts x index in device from %offsets : memref<4xindex>
    moe_tile.buffer @h : experts x rows x 4 x f32 in device
    moe_tile.buffer @k : experts x rows x 4 x f32 in device
    moe_tile.buffer output @y : tokens x 4 x f32 in device from %y : memref<?x4xf32>
    moe_tile.signal @filled : experts x rows by 2 in device
    moe_tile.signal @finished : 4 by 3 in device
    // h = 10 e + m
    moe_tile.task @fill over (%e in experts, %m in rows by 2) {
      %0 = moe_tile.compute writes(%h = @h[%e, %m, *] : memref<?x4xf32, strided<[?, 1], offset: ?>>) {
        %c10 = arith.constant 10 : index
        %tens = arith.muli %e, %c10 : index
        %sum = arith.addi %tens, %m : index
        %int = arith.index_cast %sum : index to i32
        %value = arith.sitofp %int : i32 to f32
        linalg.map outs(%h : memref<?x4xf32, strided<[?, 1], offset: ?>>) (%init: f32) {
          linalg.yield %value : f32
        }
      }
      moe_tile.arrive @filled[%e, %m] after %0
    }
    // k = h + 0.5 n
    moe_tile.task @more over (%e in experts, %m in rows by 2, %n in 4 by 3) {
      %0 = moe_tile.wait @filled[%e, %m] expects 1
      %1 = moe_tile.compute reads(%h = @h[%e, %m, %n] : memref<?x?xf32, strided<[?, 1], offset: ?>>)
        writes(%k = @k[%e, %m, %n] : memref<?x?xf32, strided<[?, 1], offset: ?>>) after(%0) {
        %int = arith.index_cast %n : index to i32
        %whole = arith.sitofp %int : i32 to f32
        %half = arith.constant 0.5 : f32
        %more = arith.mulf %whole, %half : f32
        linalg.map ins(%h : memref<?x?xf32, strided<[?, 1], offset: ?>>) outs(%k : memref<?x?xf32, strided<[?, 1], offset: ?>>)
          (%in: f32, %init: f32) {
          %sum = arith.addf %in, %more : f32
          linalg.yield %sum : f32
        }
      }
      moe_tile.arrive @finished[%n] after %1
    }
    // y = k
    moe_tile.task @copy over (%t in tokens by 2) {
      moe_tile.for %n in 4 by 3 {
        %0 = moe_tile.wait @finished[%n] expects experts * rows by 2
        %1 = moe_tile.compute reads(%k = @k[*, *, %n] : memref<?x?xf32, strided<[?, 1], offset: ?>>)
          writes(%y0 = @y[%t, %n] : memref<?x?xf32, strided<[?, 1], offset: ?>>) after(%0) {
          %c0 = arith.constant 0 : index
          %c1 = arith.constant 1 : index
          %c2 = arith.constant 2 : index
          %first = arith.muli %t, %c2 : index
          %count = memref.dim %y0, %c0 : memref<?x?xf32, strided<[?, 1], offset: ?>>
          %columns = memref.dim %y0, %c1 : memref<?x?xf32, strided<[?, 1], offset: ?>>
          %from = memref.subview %k[%first, 0] [%count, %columns] [1, 1]
            : memref<?x?xf32, strided<[?, 1], offset: ?>> to memref<?x?xf32, strided<[?, 1], offset: ?>>
          linalg.copy ins(%from : memref<?x?xf32, strided<[?, 1], offset: ?>>) outs(%y0 : memref<?x?xf32, strided<[?, 1], offset: ?>>)
        }
      }
    }
  }
  return
}

// Roles run in their order: the memory of a worker, what one role puts there and the other takes from there; nothing is left of their signal.
// CHECK-LABEL: func.func @roles
// CHECK-SAME: (%[[X:.*]]: memref<4xf32>, %[[Y:.*]]: memref<4xf32>)
// CHECK: %[[STAGE:.*]] = memref.alloc() {alignment = 64 : i64} : memref<2xf32>
// CHECK: ^bb0(%{{.*}}: index):
// CHECK-NOT: {{atomic|scf.while}}
// CHECK: %[[FROM:.*]] = memref.subview %[[X]]
// CHECK: linalg.copy ins(%[[FROM]] : {{.*}}) outs(%[[STAGE]]
// CHECK-NOT: {{atomic|scf.while}}
// CHECK: %[[TO:.*]] = memref.subview %[[Y]]
// CHECK: linalg.copy ins(%[[STAGE]] : {{.*}}) outs(%[[TO]]
// CHECK-NOT: {{atomic|scf.while}}
// CHECK: return
func.func @roles(%x: memref<4xf32>, %y: memref<4xf32>) {
  moe_tile.graph experts 1 schedule <ticket> {
    moe_tile.buffer input @x : 4 x f32 in device from %x : memref<4xf32>
    moe_tile.buffer @stage : 2 x f32 in worker
    moe_tile.buffer output @y : 4 x f32 in device from %y : memref<4xf32>
    moe_tile.signal @full in worker
    moe_tile.task @copy over (%n in 4 by 2) {
      moe_tile.role @load {
        %0 = moe_tile.compute reads(%from = @x[%n] : memref<?xf32, strided<[1], offset: ?>>) writes(%to = @stage[*] : memref<2xf32>) {
          %static = memref.cast %from : memref<?xf32, strided<[1], offset: ?>> to memref<2xf32, strided<[1], offset: ?>>
          linalg.copy ins(%static : memref<2xf32, strided<[1], offset: ?>>) outs(%to : memref<2xf32>)
        }
        moe_tile.arrive @full after %0
      }
      moe_tile.role @store {
        %0 = moe_tile.wait @full expects 1
        %1 = moe_tile.compute reads(%from = @stage[*] : memref<2xf32>) writes(%to = @y[%n] : memref<?xf32, strided<[1], offset: ?>>) after(%0) {
          %static = memref.cast %to : memref<?xf32, strided<[1], offset: ?>> to memref<2xf32, strided<[1], offset: ?>>
          linalg.copy ins(%from : memref<2xf32>) outs(%static : memref<2xf32, strided<[1], offset: ?>>)
        }
      }
    }
  }
  return
}

// Rows of a multiple of 1 KiB lie a line further apart in a worker's memory, where its views leave that open.
// CHECK-LABEL: func.func @crowded
// CHECK-DAG: memref.alloc() {alignment = 64 : i64} : memref<2x272xf32>
// CHECK-DAG: memref.alloc() {alignment = 64 : i64} : memref<2x256xf32>
// CHECK-DAG: memref.alloc() {alignment = 64 : i64} : memref<2x192xf32>
// CHECK: return
func.func @crowded(%x: memref<4x256xf32>, %y: memref<4x256xf32>) {
  moe_tile.graph experts 1 schedule <ticket> {
    moe_tile.buffer input @x : 4 x 256 x f32 in device from %x : memref<4x256xf32>
    moe_tile.buffer @open : 2 x 256 x f32 in worker
    moe_tile.buffer @closed : 2 x 256 x f32 in worker
    moe_tile.buffer @narrow : 2 x 192 x f32 in worker
    moe_tile.buffer output @y : 4 x 256 x f32 in device from %y : memref<4x256xf32>
    moe_tile.task @copy over (%n in 4 by 2) {
      %0 = moe_tile.compute reads(%from = @x[%n, *] : memref<?x256xf32, strided<[256, 1], offset: ?>>)
        writes(%a = @open[*, *] : memref<2x256xf32, strided<[?, 1], offset: ?>>, %b = @closed[*, *] : memref<2x256xf32, strided<[256, 1], offset: ?>>,
               %c = @narrow[*, *] : memref<2x192xf32, strided<[?, 1], offset: ?>>) {
        %static = memref.cast %from : memref<?x256xf32, strided<[256, 1], offset: ?>> to memref<2x256xf32, strided<[256, 1], offset: ?>>
        linalg.copy ins(%static : memref<2x256xf32, strided<[256, 1], offset: ?>>) outs(%a : memref<2x256xf32, strided<[?, 1], offset: ?>>)
        linalg.copy ins(%a : memref<2x256xf32, strided<[?, 1], offset: ?>>) outs(%b : memref<2x256xf32, strided<[256, 1], offset: ?>>)
        %zero = arith.constant 0.0 : f32
        linalg.fill ins(%zero : f32) outs(%c : memref<2x192xf32, strided<[?, 1], offset: ?>>)
      }
      %1 = moe_tile.compute reads(%from = @closed[*, *] : memref<2x256xf32, strided<[256, 1], offset: ?>>) writes(%to = @y[%n, *] : memref<?x256xf32, strided<[256, 1], offset: ?>>) after(%0) {
        %static = memref.cast %to : memref<?x256xf32, strided<[256, 1], offset: ?>> to memref<2x256xf32, strided<[256, 1], offset: ?>>
        linalg.copy ins(%from : memref<2x256xf32, strided<[256, 1], offset: ?>>) outs(%static : memref<2x256xf32, strided<[256, 1], offset: ?>>)
      }
    }
  }
  return
}

// A graph that counts its rows itself: a ticket behind those that begin at once waits for the counts, and then for as many tasks as there are.
// CHECK-LABEL: func.func @counted
// CHECK-SAME: (%[[CHOICE:.*]]: memref<?xi32>, %[[ENDS:.*]]: memref<4xindex>, %[[UNITS:.*]]: memref<?xindex>, %[[Y:.*]]: memref<?xi32>)
// CHECK: %[[FOUND:.*]] = memref.alloc() {{.*}} : memref<2xindex>
// Tables and cells have room for as many tiles as there can be: one that is not full for each expert.
// CHECK: %[[FULL:.*]] = arith.divui %[[MOST:.*]], %{{.*}} : index
// CHECK: %[[PART:.*]] = arith.minui %[[MOST]], %{{.*}} : index
// CHECK: %[[TILES:.*]] = arith.addi %[[FULL]], %[[PART]] : index
// CHECK: memref.alloc(%[[TILES]]) {{.*}} : memref<?xindex>
// CHECK: memref.alloc(%[[TILES]]) {{.*}} : memref<?xi64>
// CHECK: scf.parallel
// CHECK: scf.while
// CHECK-NEXT: %[[CLAIM:.*]] = memref.atomic_rmw addi
// CHECK-NEXT: %[[TICKET:.*]] = arith.index_cast %[[CLAIM]]
// CHECK-NEXT: %[[NOW:.*]] = arith.cmpi ult, %[[TICKET]], %{{.*}} : index
// CHECK-NEXT: %[[IS:.*]] = scf.if %[[NOW]] -> (i1) {
// CHECK-NEXT: scf.yield %true
// CHECK-NEXT: } else {
// CHECK: llvm.load %{{.*}} atomic acquire
// CHECK: memref.load %[[FOUND]][%c0]
// CHECK: arith.cmpi ult, %[[TICKET]], %{{.*}} : index
// CHECK: scf.condition(%[[IS]]) %[[TICKET]]
// Who has counted fills the tables.
// CHECK: memref.store %c0, %[[ENDS]][%c0]
// CHECK: memref.store %{{.*}}, %[[FOUND]][%c0]
// CHECK: memref.store %{{.*}}, %[[FOUND]][%c1]
func.func @counted(%choice: memref<?xi32>, %offsets: memref<4xindex>, %units: memref<?xindex>, %y: memref<?xi32>) {
  moe_tile.graph experts 3 schedule <ticket> {
    moe_tile.buffer input @choice : tokens x i32 in device from %choice : memref<?xi32>
    moe_tile.buffer counts @counts : experts x index in device from %offsets : memref<4xindex>
    moe_tile.buffer @units : experts x rows x index in device from %units : memref<?xindex>
    moe_tile.buffer output @y : experts x rows x i32 in device from %y : memref<?xi32>
    moe_tile.buffer @next : 3 x index in worker
    moe_tile.signal @planned in device
    moe_tile.signal @filled : experts x rows by 2 in device
    moe_tile.task @plan over () {
      %0 = moe_tile.compute reads(%ids = @choice[*] : memref<?xi32, strided<[1], offset: ?>>)
        writes(%ends = @counts[*] : memref<3xindex, strided<[1], offset: ?>>) {
        %c0 = arith.constant 0 : index
        %c1 = arith.constant 1 : index
        %c3 = arith.constant 3 : index
        %tokens = memref.dim %ids, %c0 : memref<?xi32, strided<[1], offset: ?>>
        scf.for %e = %c0 to %c3 step %c1 {
          %int = arith.index_cast %e : index to i32
          %end = scf.for %t = %c0 to %tokens step %c1 iter_args(%sum = %c0) -> (index) {
            %id = memref.load %ids[%t] : memref<?xi32, strided<[1], offset: ?>>
            %up = arith.cmpi sle, %id, %int : i32
            %more = arith.addi %sum, %c1 : index
            %next = arith.select %up, %more, %sum : index
            scf.yield %next : index
          }
          memref.store %end, %ends[%e] : memref<3xindex, strided<[1], offset: ?>>
        }
      }
      %1 = moe_tile.compute reads(%ids = @choice[*] : memref<?xi32, strided<[1], offset: ?>>, %ends = @counts[*] : memref<3xindex, strided<[1], offset: ?>>)
        writes(%units0 = @units[*, *] : memref<?xindex, strided<[1], offset: ?>>, %next = @next[*] : memref<3xindex, strided<[1], offset: ?>>) after(%0) {
        %c0 = arith.constant 0 : index
        %c1 = arith.constant 1 : index
        %c3 = arith.constant 3 : index
        %tokens = memref.dim %ids, %c0 : memref<?xi32, strided<[1], offset: ?>>
        %last = scf.for %e = %c0 to %c3 step %c1 iter_args(%begin = %c0) -> (index) {
          memref.store %begin, %next[%e] : memref<3xindex, strided<[1], offset: ?>>
          %end = memref.load %ends[%e] : memref<3xindex, strided<[1], offset: ?>>
          scf.yield %end : index
        }
        scf.for %t = %c0 to %tokens step %c1 {
          %id = memref.load %ids[%t] : memref<?xi32, strided<[1], offset: ?>>
          %e = arith.index_cast %id : i32 to index
          %row = memref.load %next[%e] : memref<3xindex, strided<[1], offset: ?>>
          %after = arith.addi %row, %c1 : index
          memref.store %after, %next[%e] : memref<3xindex, strided<[1], offset: ?>>
          memref.store %t, %units0[%row] : memref<?xindex, strided<[1], offset: ?>>
        }
      }
      moe_tile.arrive @planned after %1
    }
    %known = moe_tile.wait @planned expects 1
    // y = 10 e + token
    moe_tile.task @fill over (%e in experts, %m in rows by 2) after %known {
      %0 = moe_tile.compute reads(%units0 = @units[%e, %m] : memref<?xindex, strided<[1], offset: ?>>)
        writes(%y0 = @y[%e, %m] : memref<?xi32, strided<[1], offset: ?>>) {
        %c10 = arith.constant 10 : index
        %tens = arith.muli %e, %c10 : index
        linalg.map ins(%units0 : memref<?xindex, strided<[1], offset: ?>>) outs(%y0 : memref<?xi32, strided<[1], offset: ?>>)
          (%unit: index, %init: i32) {
          %sum = arith.addi %tens, %unit : index
          %value = arith.index_cast %sum : index to i32
          linalg.yield %value : i32
        }
      }
      moe_tile.arrive @filled[%e, %m] after %0
    }
  }
  return
}

// Three rows for expert 0, none for 1, two for 2.
// RESULT: sizes = [5, 4]
// RESULT-NEXT: [0,  0,  0,  0.5],
// RESULT-NEXT: [0,  0,  0,  0.5],
// RESULT-NEXT: [1,  1,  1,  1.5],
// RESULT-NEXT: [20,  20,  20,  20.5],
// RESULT-NEXT: [20,  20,  20,  20.5]
// No row at all: nothing is written, and the loop ends.
// RESULT: sizes = [0, 4]
func.func @run(%tokens: index, %first: index, %second: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %x = memref.alloc(%tokens) : memref<?x4xf32>
  %y = memref.alloc(%tokens) : memref<?x4xf32>
  %offsets = memref.alloc() : memref<4xindex>
  memref.store %c0, %offsets[%c0] : memref<4xindex>
  memref.store %first, %offsets[%c1] : memref<4xindex>
  memref.store %first, %offsets[%c2] : memref<4xindex>
  memref.store %second, %offsets[%c3] : memref<4xindex>
  call @graph(%x, %offsets, %y) : (memref<?x4xf32>, memref<4xindex>, memref<?x4xf32>) -> ()
  %any = memref.cast %y : memref<?x4xf32> to memref<*xf32>
  call @printMemrefF32(%any) : (memref<*xf32>) -> ()
  return
}

// RESULT: sizes = [4]
// RESULT-NEXT: [0,  1,  2,  3]
func.func @run_roles() {
  %x = memref.alloc() : memref<4xf32>
  %y = memref.alloc() : memref<4xf32>
  linalg.generic {indexing_maps = [affine_map<(n) -> (n)>], iterator_types = ["parallel"]} outs(%x : memref<4xf32>) {
  ^bb0(%init: f32):
    %n = linalg.index 0 : index
    %int = arith.index_cast %n : index to i32
    %value = arith.sitofp %int : i32 to f32
    linalg.yield %value : f32
  }
  call @roles(%x, %y) : (memref<4xf32>, memref<4xf32>) -> ()
  %any = memref.cast %y : memref<4xf32> to memref<*xf32>
  call @printMemrefF32(%any) : (memref<*xf32>) -> ()
  return
}

// Two of five tokens choose expert 0, three expert 2; then there are no tokens.
// RESULT: sizes = [5]
// RESULT-NEXT: [1,  3,  20,  22,  24]
// RESULT: sizes = [0]
func.func @count(%tokens: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %choice = memref.alloc(%tokens) : memref<?xi32>
  %offsets = memref.alloc() : memref<4xindex>
  %units = memref.alloc(%tokens) : memref<?xindex>
  %y = memref.alloc(%tokens) : memref<?xi32>
  scf.for %t = %c0 to %tokens step %c1 {
    %odd = arith.remui %t, %c2 : index
    %even = arith.subi %c1, %odd : index
    %id = arith.muli %even, %c2 : index
    %int = arith.index_cast %id : index to i32
    memref.store %int, %choice[%t] : memref<?xi32>
  }
  call @counted(%choice, %offsets, %units, %y) : (memref<?xi32>, memref<4xindex>, memref<?xindex>, memref<?xi32>) -> ()
  %any = memref.cast %y : memref<?xi32> to memref<*xi32>
  call @printMemrefI32(%any) : (memref<*xi32>) -> ()
  return
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  call @run(%c5, %c3, %c5) : (index, index, index) -> ()
  call @run(%c0, %c0, %c0) : (index, index, index) -> ()
  call @run_roles() : () -> ()
  call @count(%c5) : (index) -> ()
  call @count(%c0) : (index) -> ()
  return
}
