// Where many experts have few rows, steps of a sweep come two at a time: one family's tasks of two items behind each other.
// RUN: moe-opt %s --convert-tile-to-cpu='workers=1 trace' | %run_linalg | FileCheck %s
// RUN: moe-opt %s --convert-tile-to-cpu='workers=7 trace' | %run_linalg | FileCheck %s --check-prefix=RESULT

func.func private @printMemrefF32(memref<*xf32>) attributes {llvm.emit_c_interface}
func.func private @printI64(i64)
llvm.func @printString(!llvm.ptr)

// What tasks tell the runtime: here, the family and the expert of each that begins.
llvm.func @moe_trace(%name: !llvm.ptr, %expert: i64, %tile: i64, %column: i64, %phase: i32) {
  %begins = llvm.mlir.constant(0 : i32) : i32
  %is = llvm.icmp "eq" %phase, %begins : i32
  llvm.cond_br %is, ^bb1, ^bb2
^bb1:
  llvm.call @printString(%name) : (!llvm.ptr) -> ()
  func.call @printI64(%expert) : (i64) -> ()
  llvm.br ^bb2
^bb2:
  llvm.return
}

// 16 experts of 3 rows each are 16 items of 3 rows. Each has two tasks of 'make' and one of 'use', which is a step behind. The 17 steps are 9 batches; the last one has one item less.
// CHECK-NOT: {{make|use}}
// CHECK: make0make0make1make1use0make2make2make3make3use1use2make4make4make5make5use3use4make6
// CHECK-SAME: make15make15use13use14use15{{$}}
// 15 experts of 3 rows are too few items: step by step.
// CHECK: make0make0make1make1use0make2make2use1make3make3use2make4
// CHECK-SAME: make14make14use13use14{{$}}
// 16 of 4 rows, and of 65 in all, which is more than 4 on average.
// CHECK: make0make0make1make1use0make2make2make3make3use1use2make4
// CHECK-SAME: make15make15use13use14use15{{$}}
// CHECK: make0make0make1make1use0make2make2use1make3make3use2make4
// CHECK-SAME: make15make15use14use15{{$}}
// Without any rows there is nothing to do.
// CHECK: {{^}}none{{$}}
// CHECK: sizes = [65, 4]
// CHECK: [0, 2, 4, 6],
// CHECK-NEXT: [8, 10, 12, 14],
// CHECK: [512, 514, 516, 518]
// RESULT: sizes = [65, 4]
// RESULT: [0, 2, 4, 6],
// RESULT-NEXT: [8, 10, 12, 14],
// RESULT: [512, 514, 516, 518]
func.func @double(%x: memref<?x4xf32>, %offsets: memref<17xindex>, %y: memref<?x4xf32>) {
  moe_tile.graph experts 16 schedule <ticket sweep = [0, 1] batch 2> {
    moe_tile.buffer input @x : experts x rows x 4 x f32 in device from %x : memref<?x4xf32>
    moe_tile.buffer counts @counts : experts x index in device from %offsets : memref<17xindex>
    moe_tile.buffer @h : experts x rows x 4 x f32 in device ring 3
    moe_tile.buffer output @y : experts x rows x 4 x f32 in device from %y : memref<?x4xf32>
    moe_tile.signal @made : experts x rows by 8 in device
    moe_tile.signal @used : experts x rows by 8 in device
    moe_tile.task @make over (%e in experts, %m in rows by 8, %n in 4 by 2) {
      %0 = moe_tile.wait @used[%e, %m] behind 3 expects 1
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
    moe_tile.task @use over (%e in experts, %m in rows by 8) {
      %0 = moe_tile.wait @made[%e, %m] expects 2
      %1 = moe_tile.compute reads(%h = @h[%e, %m, *] : memref<?x4xf32, strided<[?, 1], offset: ?>>)
        writes(%r = @y[%e, %m, *] : memref<?x4xf32, strided<[?, 1], offset: ?>>) after(%0) {
        linalg.map ins(%h : memref<?x4xf32, strided<[?, 1], offset: ?>>) outs(%r : memref<?x4xf32, strided<[?, 1], offset: ?>>) (%in: f32, %init: f32) {
          linalg.yield %in : f32
        }
      }
      moe_tile.arrive @used[%e, %m] after %1
    }
  }
  return
}

llvm.mlir.global internal constant @line("\0A\00")
llvm.mlir.global internal constant @none("none\0A\00")
func.func @end_line() {
  %line = llvm.mlir.addressof @line : !llvm.ptr
  llvm.call @printString(%line) : (!llvm.ptr) -> ()
  return
}

// As many rows of each of the first experts, and one more of the last of these.
func.func @run(%x: memref<?x4xf32>, %y: memref<?x4xf32>, %experts: index, %rows: index, %more: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %end = arith.constant 17 : index
  %offsets = memref.alloc() : memref<17xindex>
  scf.for %e = %zero to %end step %one {
    %some = arith.minui %e, %experts : index
    %all = arith.muli %some, %rows : index
    %is_last = arith.cmpi uge, %e, %experts : index
    %with = arith.addi %all, %more : index
    %offset = arith.select %is_last, %with, %all : index
    memref.store %offset, %offsets[%e] : memref<17xindex>
  }
  call @double(%x, %offsets, %y) : (memref<?x4xf32>, memref<17xindex>, memref<?x4xf32>) -> ()
  call @end_line() : () -> ()
  return
}

func.func @main() {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %three = arith.constant 3 : index
  %four = arith.constant 4 : index
  %few = arith.constant 15 : index
  %many = arith.constant 16 : index
  %all = arith.constant 65 : index
  %x = memref.alloc(%all) : memref<?x4xf32>
  %y = memref.alloc(%all) : memref<?x4xf32>
  %never = arith.constant -1.0 : f32
  scf.for %i = %zero to %all step %one {
    scf.for %j = %zero to %four step %one {
      %k = arith.muli %i, %four : index
      %n = arith.addi %k, %j : index
      %int = arith.index_cast %n : index to i32
      %value = arith.sitofp %int : i32 to f32
      memref.store %value, %x[%i, %j] : memref<?x4xf32>
      memref.store %never, %y[%i, %j] : memref<?x4xf32>
    }
  }
  call @run(%x, %y, %many, %three, %zero) : (memref<?x4xf32>, memref<?x4xf32>, index, index, index) -> ()
  call @run(%x, %y, %few, %three, %zero) : (memref<?x4xf32>, memref<?x4xf32>, index, index, index) -> ()
  call @run(%x, %y, %many, %four, %zero) : (memref<?x4xf32>, memref<?x4xf32>, index, index, index) -> ()
  call @run(%x, %y, %many, %four, %one) : (memref<?x4xf32>, memref<?x4xf32>, index, index, index) -> ()
  %none = llvm.mlir.addressof @none : !llvm.ptr
  llvm.call @printString(%none) : (!llvm.ptr) -> ()
  call @run(%x, %y, %many, %zero, %zero) : (memref<?x4xf32>, memref<?x4xf32>, index, index, index) -> ()
  %printed = memref.cast %y : memref<?x4xf32> to memref<*xf32>
  call @printMemrefF32(%printed) : (memref<*xf32>) -> ()
  return
}
