// Workers of a graph whose families take turns claim several tasks of an item at once.
// RUN: moe-opt %s --moe-verify-tile --convert-tile-to-cpu='workers=8' --canonicalize --cse | FileCheck %s
// RUN: moe-opt %s --convert-tile-to-cpu | %run_linalg | FileCheck %s --check-prefix=RESULT

func.func private @printMemrefF32(memref<*xf32>) attributes {llvm.emit_c_interface}

// 6 items of 4 tasks and of 2, 5 rows, none and 6: all of them twice as much.
// RESULT: sizes = [11, 8]
// RESULT: [0, 2, 4, 6, 8, 10, 12, 14]
// RESULT: [160, 162, 164, 166, 168, 170, 172, 174]

// CHECK-LABEL: func.func @double
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0 : i64
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1 : i64
// CHECK-DAG: %[[NO:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[SINGLE:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[MADE:.*]] = arith.constant 4 : index
// CHECK-DAG: %[[STEP:.*]] = arith.constant 6 : index
// CHECK-DAG: %[[TWICE:.*]] = arith.constant 8 : index
// CHECK-DAG: %[[LAST:.*]] = arith.constant 12 : index
// Workers are counted as they come.
// CHECK: %[[COUNTER:.*]] = memref.alloc() {alignment = 64 : i64} : memref<1xi64>
// CHECK-NEXT: memref.store %[[ZERO]], %[[COUNTER]]
// CHECK: %[[CAME:.*]] = memref.alloc() {alignment = 64 : i64} : memref<1xi64>
// CHECK-NEXT: memref.store %[[ZERO]], %[[CAME]]
// CHECK: scf.parallel
// CHECK: arith.cmpi ult, %{{.*}}, %[[TOTAL:.*]] : index
// CHECK-NEXT: scf.if
// CHECK-NEXT: memref.atomic_rmw addi %[[ONE]], %[[CAME]]
// Who has tickets takes the next one of these.
// CHECK-NEXT: scf.while (%[[NEXT:.*]] = %[[NO]], %[[END:.*]] = %[[NO]])
// CHECK-NEXT: %[[HAS:.*]] = arith.cmpi ult, %[[NEXT]], %[[END]]
// CHECK-NEXT: %[[OWN:.*]]:2 = scf.if %[[HAS]]
// CHECK-NEXT: scf.yield %[[NEXT]], %[[END]]
// Others claim: two items' tasks of a family are for all workers together, and no claim goes beyond an item.
// CHECK: %[[AT:.*]] = arith.index_cast
// CHECK: %[[WORKERS:.*]] = arith.index_cast %{{.*}} : i64 to index
// CHECK-NEXT: %[[PLACE:.*]] = arith.remui %[[AT]], %[[STEP]]
// CHECK: %[[SHARE:.*]] = arith.divui %[[TWICE]], %[[WORKERS]]
// CHECK-NEXT: %[[IS_MADE:.*]] = arith.cmpi ult, %[[PLACE]], %[[MADE]]
// CHECK-NEXT: %[[MOST:.*]] = arith.maxui %[[SHARE]], %[[SINGLE]]
// CHECK-NEXT: %[[REST:.*]] = arith.subi %[[MADE]], %[[PLACE]]
// CHECK-NEXT: %[[LENGTH:.*]] = arith.minui %[[MOST]], %[[REST]]
// CHECK-NEXT: %[[SOME:.*]] = arith.select %[[IS_MADE]], %[[LENGTH]]
// One by one where no more than two steps are left for each.
// CHECK-NEXT: %[[LEFT:.*]] = arith.subi %[[TOTAL]], %[[AT]]
// CHECK-NEXT: %[[FEW:.*]] = arith.muli %[[WORKERS]], %[[LAST]]
// CHECK-NEXT: %[[EXISTS:.*]] = arith.cmpi ult, %[[AT]], %[[TOTAL]]
// CHECK-NEXT: %[[MANY:.*]] = arith.cmpi ult, %[[FEW]], %[[LEFT]]
// CHECK-NEXT: %[[EARLY:.*]] = arith.andi %[[EXISTS]], %[[MANY]]
// CHECK-NEXT: %[[COUNT:.*]] = arith.select %[[EARLY]], %[[SOME]], %[[SINGLE]]
// CHECK-NEXT: %[[BITS:.*]] = arith.index_cast %[[COUNT]]
// CHECK-NEXT: %[[CLAIM:.*]] = memref.atomic_rmw addi %[[BITS]], %[[COUNTER]]
// CHECK-NEXT: %[[FIRST:.*]] = arith.index_cast %[[CLAIM]]
// CHECK-NEXT: %[[CLAIM_END:.*]] = arith.addi %[[FIRST]], %[[COUNT]]
// CHECK-NEXT: scf.yield %[[FIRST]], %[[CLAIM_END]]
// CHECK: %[[MORE:.*]] = arith.cmpi ult, %[[OWN]]#0, %[[TOTAL]]
// CHECK-NEXT: scf.condition(%[[MORE]]) %[[OWN]]#0, %[[OWN]]#1
func.func @double(%x: memref<?x8xf32>, %offsets: memref<4xindex>, %y: memref<?x8xf32>) {
  moe_tile.graph experts 3 schedule <ticket sweep = [0, 1]> {
    moe_tile.buffer input @x : experts x rows x 8 x f32 in device from %x : memref<?x8xf32>
    moe_tile.buffer counts @counts : experts x index in device from %offsets : memref<4xindex>
    moe_tile.buffer @h : experts x rows x 8 x f32 in device ring 4
    moe_tile.buffer output @y : experts x rows x 8 x f32 in device from %y : memref<?x8xf32>
    moe_tile.signal @made : experts x rows by 2 in device
    moe_tile.signal @used : experts x rows by 2 in device
    moe_tile.task @make over (%e in experts, %m in rows by 2, %n in 8 by 2) {
      %0 = moe_tile.wait @used[%e, %m] behind 4 expects 2
      %1 = moe_tile.compute reads(%v = @x[%e, %m, %n] : memref<?x?xf32, strided<[?, 1], offset: ?>>)
        writes(%h = @h[%e, %m, %n] : memref<?x?xf32, strided<[?, 1], offset: ?>>) after(%0) {
        linalg.map ins(%v : memref<?x?xf32, strided<[?, 1], offset: ?>>) outs(%h : memref<?x?xf32, strided<[?, 1], offset: ?>>) (%in: f32, %init: f32) {
          %two = arith.constant 2.0 : f32
          %r = arith.mulf %in, %two : f32
          linalg.yield %r : f32
        }
      }
      moe_tile.arrive @made[%e, %m] after %1
    }
    moe_tile.task @use over (%e in experts, %m in rows by 2, %n in 8 by 4) {
      %0 = moe_tile.wait @made[%e, %m] expects 4
      %1 = moe_tile.compute reads(%h = @h[%e, %m, %n] : memref<?x?xf32, strided<[?, 1], offset: ?>>)
        writes(%r = @y[%e, %m, %n] : memref<?x?xf32, strided<[?, 1], offset: ?>>) after(%0) {
        linalg.map ins(%h : memref<?x?xf32, strided<[?, 1], offset: ?>>) outs(%r : memref<?x?xf32, strided<[?, 1], offset: ?>>) (%in: f32, %init: f32) {
          linalg.yield %in : f32
        }
      }
      moe_tile.arrive @used[%e, %m] after %1
    }
  }
  return
}

func.func @main() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %eight = arith.constant 8 : index
  %eleven = arith.constant 11 : index
  %offsets = memref.alloc() : memref<4xindex>
  memref.store %zero, %offsets[%zero] : memref<4xindex>
  %two = arith.constant 2 : index
  %three = arith.constant 3 : index
  %five = arith.constant 5 : index
  memref.store %five, %offsets[%one] : memref<4xindex>
  memref.store %five, %offsets[%two] : memref<4xindex>
  memref.store %eleven, %offsets[%three] : memref<4xindex>
  %x = memref.alloc(%eleven) : memref<?x8xf32>
  %y = memref.alloc(%eleven) : memref<?x8xf32>
  %none = arith.constant -1.0 : f32
  scf.for %i = %zero to %eleven step %one {
    scf.for %j = %zero to %eight step %one {
      %k = arith.muli %i, %eight : index
      %n = arith.addi %k, %j : index
      %int = arith.index_cast %n : index to i32
      %value = arith.sitofp %int : i32 to f32
      memref.store %value, %x[%i, %j] : memref<?x8xf32>
      memref.store %none, %y[%i, %j] : memref<?x8xf32>
    }
  }
  call @double(%x, %offsets, %y) : (memref<?x8xf32>, memref<4xindex>, memref<?x8xf32>) -> ()
  %printed = memref.cast %y : memref<?x8xf32> to memref<*xf32>
  call @printMemrefF32(%printed) : (memref<*xf32>) -> ()
  return
}
