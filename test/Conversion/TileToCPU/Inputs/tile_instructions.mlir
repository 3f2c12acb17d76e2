// What the tile instructions of AMX do, in vectors, for machines without them: the operations of Intel's manual (TILELOADD, TILESTORED, TILEZERO, TDPBF16PS), palette 1. Shapes are those that the
// instruction is configured with, in rows and bytes; what lies beyond them in a tile is zero afterwards.

func.func private @emulated.tilezero(%rows: i16, %bytes: i16) -> vector<256xi32> {
  %zero = arith.constant dense<0> : vector<256xi32>
  return %zero : vector<256xi32>
}

func.func private @emulated.tileloadd64(%rows: i16, %bytes: i16, %base: !llvm.ptr, %stride: i64) -> vector<256xi32> {
  %0 = arith.constant 0 : index
  %1 = arith.constant 1 : index
  %16 = arith.constant 16 : index
  %4 = arith.constant 4 : index
  %none = arith.constant dense<0> : vector<16xi32>
  %all = arith.constant dense<0> : vector<256xi32>
  %tile = memref.alloca() {alignment = 64 : i64} : memref<256xi32>
  vector.store %all, %tile[%0] : memref<256xi32>, vector<256xi32>
  %height = arith.index_castui %rows : i16 to index
  %width = arith.index_castui %bytes : i16 to index
  %words = arith.divui %width, %4 : index
  %mask = vector.create_mask %words : vector<16xi1>
  scf.for %m = %0 to %height step %1 {
    %i = arith.index_cast %m : index to i64
    %offset = arith.muli %i, %stride : i64
    %address = llvm.getelementptr %base[%offset] : (!llvm.ptr, i64) -> !llvm.ptr, i8
    %row = llvm.intr.masked.load %address, %mask, %none {alignment = 1 : i32} : (!llvm.ptr, vector<16xi1>, vector<16xi32>) -> vector<16xi32>
    %at = arith.muli %m, %16 : index
    vector.store %row, %tile[%at] : memref<256xi32>, vector<16xi32>
  }
  %result = vector.load %tile[%0] : memref<256xi32>, vector<256xi32>
  return %result : vector<256xi32>
}

func.func private @emulated.tilestored64(%rows: i16, %bytes: i16, %base: !llvm.ptr, %stride: i64, %value: vector<256xi32>) {
  %0 = arith.constant 0 : index
  %1 = arith.constant 1 : index
  %16 = arith.constant 16 : index
  %4 = arith.constant 4 : index
  %tile = memref.alloca() {alignment = 64 : i64} : memref<256xi32>
  vector.store %value, %tile[%0] : memref<256xi32>, vector<256xi32>
  %height = arith.index_castui %rows : i16 to index
  %width = arith.index_castui %bytes : i16 to index
  %words = arith.divui %width, %4 : index
  %mask = vector.create_mask %words : vector<16xi1>
  scf.for %m = %0 to %height step %1 {
    %i = arith.index_cast %m : index to i64
    %offset = arith.muli %i, %stride : i64
    %address = llvm.getelementptr %base[%offset] : (!llvm.ptr, i64) -> !llvm.ptr, i8
    %at = arith.muli %m, %16 : index
    %row = vector.load %tile[%at] : memref<256xi32>, vector<16xi32>
    llvm.intr.masked.store %row, %address, %mask {alignment = 1 : i32} : vector<16xi32>, vector<16xi1> into !llvm.ptr
  }
  return
}

// A number that is too small to be normal is zero, before and after each operation.
func.func private @emulated.flush(%x: vector<16xf32>) -> vector<16xf32> {
  %exponent = arith.constant dense<0x7f800000> : vector<16xi32>
  %sign = arith.constant dense<0x80000000> : vector<16xi32>
  %0 = arith.constant dense<0> : vector<16xi32>
  %bits = vector.bitcast %x : vector<16xf32> to vector<16xi32>
  %scale = arith.andi %bits, %exponent : vector<16xi32>
  %small = arith.cmpi eq, %scale, %0 : vector<16xi32>
  %zero = arith.andi %bits, %sign : vector<16xi32>
  %kept = arith.select %small, %zero, %bits : vector<16xi1>, vector<16xi32>
  %result = vector.bitcast %kept : vector<16xi32> to vector<16xf32>
  return %result : vector<16xf32>
}

// %m rows of C with %n bytes; %k bytes of a row of A. The first elements of pairs and the second ones are summed up by themselves, then added, then added to C.
func.func private @emulated.tdpbf16ps(%m: i16, %n: i16, %k: i16, %c: vector<256xi32>, %a: vector<256xi32>, %b: vector<256xi32>) -> vector<256xi32> {
  %0 = arith.constant 0 : index
  %1 = arith.constant 1 : index
  %16 = arith.constant 16 : index
  %4 = arith.constant 4 : index
  %half = arith.constant dense<16> : vector<16xi32>
  %upper = arith.constant dense<0xffff0000> : vector<16xi32>
  %no_bits = arith.constant dense<0> : vector<16xi32>
  %zero = arith.constant dense<0.0> : vector<16xf32>
  %all = arith.constant dense<0> : vector<256xi32>
  %a_tile = memref.alloca() {alignment = 64 : i64} : memref<256xi32>
  %b_tile = memref.alloca() {alignment = 64 : i64} : memref<256xi32>
  %c_tile = memref.alloca() {alignment = 64 : i64} : memref<256xi32>
  %result = memref.alloca() {alignment = 64 : i64} : memref<256xi32>
  vector.store %a, %a_tile[%0] : memref<256xi32>, vector<256xi32>
  vector.store %b, %b_tile[%0] : memref<256xi32>, vector<256xi32>
  vector.store %c, %c_tile[%0] : memref<256xi32>, vector<256xi32>
  vector.store %all, %result[%0] : memref<256xi32>, vector<256xi32>
  %rows = arith.index_castui %m : i16 to index
  %depth_bytes = arith.index_castui %k : i16 to index
  %depth = arith.divui %depth_bytes, %4 : index
  %width = arith.index_castui %n : i16 to index
  %columns = arith.divui %width, %4 : index
  %mask = vector.create_mask %columns : vector<16xi1>
  scf.for %i = %0 to %rows step %1 {
    %row = arith.muli %i, %16 : index
    %sums:2 = scf.for %j = %0 to %depth step %1 iter_args(%first = %zero, %second = %zero) -> (vector<16xf32>, vector<16xf32>) {
      %a_at = arith.addi %row, %j : index
      %pair = memref.load %a_tile[%a_at] : memref<256xi32>
      %a_pairs = vector.broadcast %pair : i32 to vector<16xi32>
      %b_at = arith.muli %j, %16 : index
      %b_pairs = vector.load %b_tile[%b_at] : memref<256xi32>, vector<16xi32>
      %a_low = arith.shli %a_pairs, %half : vector<16xi32>
      %a_high = arith.andi %a_pairs, %upper : vector<16xi32>
      %b_low = arith.shli %b_pairs, %half : vector<16xi32>
      %b_high = arith.andi %b_pairs, %upper : vector<16xi32>
      %next_first = func.call @emulated.add_product(%a_low, %b_low, %first) : (vector<16xi32>, vector<16xi32>, vector<16xf32>) -> vector<16xf32>
      %next_second = func.call @emulated.add_product(%a_high, %b_high, %second) : (vector<16xi32>, vector<16xi32>, vector<16xf32>) -> vector<16xf32>
      scf.yield %next_first, %next_second : vector<16xf32>, vector<16xf32>
    }
    %sum = arith.addf %sums#0, %sums#1 : vector<16xf32>
    %flushed = func.call @emulated.flush(%sum) : (vector<16xf32>) -> vector<16xf32>
    %c_bits = vector.load %c_tile[%row] : memref<256xi32>, vector<16xi32>
    %c_row = vector.bitcast %c_bits : vector<16xi32> to vector<16xf32>
    %c_flushed = func.call @emulated.flush(%c_row) : (vector<16xf32>) -> vector<16xf32>
    %total = arith.addf %c_flushed, %flushed : vector<16xf32>
    %total_flushed = func.call @emulated.flush(%total) : (vector<16xf32>) -> vector<16xf32>
    %bits = vector.bitcast %total_flushed : vector<16xf32> to vector<16xi32>
    %kept = arith.select %mask, %bits, %no_bits : vector<16xi1>, vector<16xi32>
    vector.store %kept, %result[%row] : memref<256xi32>, vector<16xi32>
  }
  %tile = vector.load %result[%0] : memref<256xi32>, vector<256xi32>
  return %tile : vector<256xi32>
}

func.func private @emulated.add_product(%a: vector<16xi32>, %b: vector<16xi32>, %sum: vector<16xf32>) -> vector<16xf32> {
  %a_number = vector.bitcast %a : vector<16xi32> to vector<16xf32>
  %b_number = vector.bitcast %b : vector<16xi32> to vector<16xf32>
  %a_flushed = func.call @emulated.flush(%a_number) : (vector<16xf32>) -> vector<16xf32>
  %b_flushed = func.call @emulated.flush(%b_number) : (vector<16xf32>) -> vector<16xf32>
  %next = vector.fma %a_flushed, %b_flushed, %sum : vector<16xf32>
  %flushed = func.call @emulated.flush(%next) : (vector<16xf32>) -> vector<16xf32>
  return %flushed : vector<16xf32>
}
