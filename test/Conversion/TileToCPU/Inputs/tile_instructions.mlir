// What the tile instructions of AMX do, in vectors, for machines without them: the operations of Intel's manual (LDTILECFG, TILELOADD, TILESTORED, TILEZERO, TDPBF16PS, TILERELEASE), palette 1.
// Shapes are those that a register is configured with, in rows and bytes; what lies beyond them is zero afterwards.

// The state of a kernel's call comes first: TILECFG, and from byte 64 on eight registers of 16 rows of 64 bytes.

func.func private @emulated.ldtilecfg(%state: !llvm.ptr, %from: !llvm.ptr) {
  %bytes = llvm.load %from {alignment = 1 : i64} : !llvm.ptr -> vector<64xi8>
  llvm.store %bytes, %state {alignment = 64 : i64} : vector<64xi8>, !llvm.ptr
  return
}

// Afterwards registers have no rows.
func.func private @emulated.tilerelease(%state: !llvm.ptr) {
  %bytes = arith.constant dense<0> : vector<64xi8>
  llvm.store %bytes, %state {alignment = 64 : i64} : vector<64xi8>, !llvm.ptr
  return
}

// Rows and bytes of a register.
func.func private @emulated.shape(%state: !llvm.ptr, %tile: i8) -> (i16, i16) {
  %number = arith.extui %tile : i8 to i64
  %first_rows = arith.constant 48 : i64
  %at_rows = arith.addi %number, %first_rows : i64
  %rows_address = llvm.getelementptr %state[%at_rows] : (!llvm.ptr, i64) -> !llvm.ptr, i8
  %rows_byte = llvm.load %rows_address : !llvm.ptr -> i8
  %rows = arith.extui %rows_byte : i8 to i16
  %first_bytes = arith.constant 8 : i64
  %at_bytes = arith.addi %number, %first_bytes : i64
  %bytes_address = llvm.getelementptr %state[%at_bytes] : (!llvm.ptr, i64) -> !llvm.ptr, i16
  %bytes = llvm.load %bytes_address : !llvm.ptr -> i16
  return %rows, %bytes : i16, i16
}

func.func private @emulated.register(%state: !llvm.ptr, %tile: i8) -> !llvm.ptr {
  %number = arith.extui %tile : i8 to i64
  %size = arith.constant 1024 : i64
  %first = arith.constant 64 : i64
  %offset = arith.muli %number, %size : i64
  %at = arith.addi %offset, %first : i64
  %address = llvm.getelementptr %state[%at] : (!llvm.ptr, i64) -> !llvm.ptr, i8
  return %address : !llvm.ptr
}

func.func private @emulated.get(%state: !llvm.ptr, %tile: i8) -> vector<256xi32> {
  %address = func.call @emulated.register(%state, %tile) : (!llvm.ptr, i8) -> !llvm.ptr
  %value = llvm.load %address {alignment = 64 : i64} : !llvm.ptr -> vector<256xi32>
  return %value : vector<256xi32>
}

func.func private @emulated.set(%state: !llvm.ptr, %tile: i8, %value: vector<256xi32>) {
  %address = func.call @emulated.register(%state, %tile) : (!llvm.ptr, i8) -> !llvm.ptr
  llvm.store %value, %address {alignment = 64 : i64} : vector<256xi32>, !llvm.ptr
  return
}

func.func private @emulated.tilezero(%state: !llvm.ptr, %tile: i8) {
  %zero = arith.constant dense<0> : vector<256xi32>
  func.call @emulated.set(%state, %tile, %zero) : (!llvm.ptr, i8, vector<256xi32>) -> ()
  return
}

func.func private @emulated.tileloadd64(%state: !llvm.ptr, %tile: i8, %base: !llvm.ptr, %stride: i64) {
  %rows, %bytes = func.call @emulated.shape(%state, %tile) : (!llvm.ptr, i8) -> (i16, i16)
  %value = func.call @emulated.load(%rows, %bytes, %base, %stride) : (i16, i16, !llvm.ptr, i64) -> vector<256xi32>
  func.call @emulated.set(%state, %tile, %value) : (!llvm.ptr, i8, vector<256xi32>) -> ()
  return
}

func.func private @emulated.tilestored64(%state: !llvm.ptr, %tile: i8, %base: !llvm.ptr, %stride: i64) {
  %rows, %bytes = func.call @emulated.shape(%state, %tile) : (!llvm.ptr, i8) -> (i16, i16)
  %value = func.call @emulated.get(%state, %tile) : (!llvm.ptr, i8) -> vector<256xi32>
  func.call @emulated.store(%rows, %bytes, %base, %stride, %value) : (i16, i16, !llvm.ptr, i64, vector<256xi32>) -> ()
  return
}

func.func private @emulated.tdpbf16ps(%state: !llvm.ptr, %sum: i8, %left: i8, %right: i8) {
  %rows, %bytes = func.call @emulated.shape(%state, %sum) : (!llvm.ptr, i8) -> (i16, i16)
  %rows_of_left, %depth = func.call @emulated.shape(%state, %left) : (!llvm.ptr, i8) -> (i16, i16)
  %c = func.call @emulated.get(%state, %sum) : (!llvm.ptr, i8) -> vector<256xi32>
  %a = func.call @emulated.get(%state, %left) : (!llvm.ptr, i8) -> vector<256xi32>
  %b = func.call @emulated.get(%state, %right) : (!llvm.ptr, i8) -> vector<256xi32>
  %result = func.call @emulated.multiply(%rows, %bytes, %depth, %c, %a, %b) : (i16, i16, i16, vector<256xi32>, vector<256xi32>, vector<256xi32>) -> vector<256xi32>
  func.call @emulated.set(%state, %sum, %result) : (!llvm.ptr, i8, vector<256xi32>) -> ()
  return
}

func.func private @emulated.load(%rows: i16, %bytes: i16, %base: !llvm.ptr, %stride: i64) -> vector<256xi32> {
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

func.func private @emulated.store(%rows: i16, %bytes: i16, %base: !llvm.ptr, %stride: i64, %value: vector<256xi32>) {
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
func.func private @emulated.multiply(%m: i16, %n: i16, %k: i16, %c: vector<256xi32>, %a: vector<256xi32>, %b: vector<256xi32>) -> vector<256xi32> {
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
