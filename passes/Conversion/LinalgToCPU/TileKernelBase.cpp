// Tile registers: their shapes, loads and stores.
#include "TileKernelBase.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace moe;

void TileKernelBase::divideRows() {
  blockHeight = divideUp(rowCount, divideUp(rowCount, index(blockRows)));
  isHigh = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ugt,
                                 blockHeight, index(tileRegisterRows));
  heights[0] = arith::SelectOp::create(
      builder, loc, isHigh, divideUp(blockHeight, index(2)), blockHeight);
  // Where there is one tile only, the others' registers serve for more columns.
  heights[1] = arith::SelectOp::create(
      builder, loc, isHigh, sub(blockHeight, heights[0]), blockHeight);
}

/// TILECFG of Intel's manual, palette 1, which has the bytes of rows from byte
/// 16 on and numbers of rows from byte 48 on.
void TileKernelBase::configure() {
  SmallVector<int8_t> bytes(64, 0);
  bytes[0] = 1;
  for (int64_t tile = 0; tile < tileRegisters; ++tile) {
    bytes[16 + 2 * tile] = tileRowBytes;
    bytes[48 + tile] = tileRegisterRows;
  }
  Type byte = builder.getI8Type();
  auto type = VectorType::get({64}, byte);
  Value memory = memref::AllocaOp::create(
      builder, loc, MemRefType::get({64}, byte), builder.getI64IntegerAttr(64));
  vector::StoreOp::create(
      builder, loc,
      arith::ConstantOp::create(
          builder, loc, DenseElementsAttr::get(type, ArrayRef<int8_t>(bytes))),
      memory, index(0));
  auto setRows = [&](int64_t tile, Value height) {
    memref::StoreOp::create(builder, loc, toInteger(height, 8), memory,
                            index(48 + tile));
  };
  for (int64_t i = 0; i < tilesOfA; ++i) {
    setRows(firstOfA + i, heights[i]);
    for (int64_t j = 0; j < tilesOfB; ++j)
      setRows(sumOf(i, j), heights[i]);
  }
  instruct("ldtilecfg", {}, pointerTo(addressOf(memory)));
}

void TileKernelBase::instruct(StringRef name, ArrayRef<int64_t> tiles,
                              ValueRange operands) {
  SmallVector<Value> all;
  for (int64_t number : tiles)
    all.push_back(arith::ConstantIntOp::create(builder, loc, number, 8));
  llvm::append_range(all, operands);
  LLVM::CallIntrinsicOp::create(builder, loc,
                                builder.getStringAttr("llvm.x86." + name), all);
}

void TileKernelBase::access(StringRef name, int64_t tile, Value matrix,
                            Value row, Value column) {
  auto type = cast<MemRefType>(matrix.getType());
  auto layout = memref::ExtractStridedMetadataOp::create(builder, loc, matrix);
  Value bytes = index(type.getElementTypeBitWidth() / 8);
  Value rowBytes = mul(layout.getStrides()[0], bytes);
  Value address =
      add(addressOf(matrix), add(mul(row, rowBytes), mul(column, bytes)));
  instruct(name, {tile}, {pointerTo(address), toInteger(rowBytes, 64)});
}

Value TileKernelBase::toInteger(Value value, unsigned bits) {
  return arith::IndexCastUIOp::create(builder, loc,
                                      builder.getIntegerType(bits), value);
}

Value TileKernelBase::pointerTo(Value address) {
  return LLVM::IntToPtrOp::create(
      builder, loc, LLVM::LLVMPointerType::get(builder.getContext()),
      toInteger(address, 64));
}

Value TileKernelBase::allocate(Type element, int64_t rows, int64_t columns) {
  auto type = MemRefType::get({rows, columns}, element);
  Value memory = memref::AllocaOp::create(builder, loc, type,
                                          builder.getI64IntegerAttr(64));
  return memref::CastOp::create(builder, loc, getRowsType(element), memory);
}

void TileKernelBase::forEach(Value begin, Value end, Value step,
                             function_ref<void(Value)> body) {
  auto steps = scf::ForOp::create(builder, loc, begin, end, step);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(steps.getBody());
  body(steps.getInductionVar());
}

Value TileKernelBase::view(Value matrix, Value row, Value column, Value rows,
                           Value columns) {
  OpFoldResult one = builder.getIndexAttr(1);
  return memref::SubViewOp::create(
      builder, loc, matrix, ArrayRef<OpFoldResult>{row, column},
      ArrayRef<OpFoldResult>{rows, columns}, ArrayRef<OpFoldResult>{one, one});
}

Value TileKernelBase::viewOrCopy(Value isWhole, Value copy,
                                 function_ref<Value()> view,
                                 function_ref<void()> fill) {
  auto branch = scf::IfOp::create(builder, loc, copy.getType(), isWhole,
                                  /*else=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(builder, loc, view());
  builder.setInsertionPointToStart(branch.elseBlock());
  fill();
  scf::YieldOp::create(builder, loc, copy);
  return branch.getResult(0);
}
