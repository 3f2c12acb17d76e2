// The function of a kernel, and vectors of C.
#include "KernelBase.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace moe;

func::FuncOp KernelBase::beginFunction(ModuleOp module, StringRef name) {
  builder.setInsertionPointToEnd(module.getBody());
  SmallVector<Type> types = {getRowsType(form.a), getRowsType(form.b),
                             getRowsType(builder.getF32Type())};
  if (form.codes)
    types.push_back(getRowsType(form.scale));
  if (form.hasZeros)
    types.push_back(getRowsType(form.b));
  if (form.hasParts)
    types.append(partsOfNumber, getRowsType(builder.getBF16Type()));
  auto function = func::FuncOp::create(builder, loc, name,
                                       builder.getFunctionType(types, {}));
  function.setPrivate();
  function.setNoInline(true);
  Block *entry = function.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  builder.setInsertionPoint(func::ReturnOp::create(builder, loc));
  a = entry->getArgument(0);
  b = entry->getArgument(1);
  c = entry->getArgument(2);
  if (form.codes) {
    scales = entry->getArgument(3);
    codes.emplace(builder, loc, form, b,
                  form.hasZeros ? entry->getArgument(4) : Value());
    codes->buildConstants();
  }
  if (form.hasParts)
    llvm::append_range(parts, entry->getArguments().take_back(partsOfNumber));
  zero =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(vectorType));
  columnCount = size(c, 1);
  auto maskType = VectorType::get({tile.lanes}, builder.getI1Type());
  for (int64_t column = 0; column < tile.columns; column += tile.lanes) {
    columnIndices.push_back(index(column));
    Value rest = sub(columnCount, columnIndices.back());
    masks.push_back(vector::CreateMaskOp::create(builder, loc, maskType, rest));
  }
  return function;
}

Value KernelBase::widen(Value value) {
  Type f32 = builder.getF32Type();
  if (getElementTypeOrSelf(value.getType()) == f32)
    return value;
  Type type = f32;
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    type = vector.clone(f32);
  return arith::ExtFOp::create(builder, loc, type, value);
}

Value KernelBase::loadC(Value row, size_t vector) {
  return vector::MaskedLoadOp::create(builder, loc, vectorType, c,
                                      ValueRange{row, columnIndices[vector]},
                                      masks[vector], zero);
}

void KernelBase::storeC(Value row, size_t vector, Value sum) {
  vector::MaskedStoreOp::create(builder, loc, c,
                                ValueRange{row, columnIndices[vector]},
                                masks[vector], sum);
}

Value KernelBase::spreadPair(Value row, Value k) {
  auto pairType = VectorType::get({form.pair}, form.a);
  Value pair =
      vector::LoadOp::create(builder, loc, pairType, a, ValueRange{row, k});
  Type word = builder.getI32Type();
  pair =
      vector::BitCastOp::create(builder, loc, VectorType::get({1}, word), pair);
  pair = vector::ExtractOp::create(builder, loc, pair, 0);
  pair = vector::BroadcastOp::create(builder, loc,
                                     VectorType::get({tile.lanes}, word), pair);
  return vector::BitCastOp::create(
      builder, loc, VectorType::get({tile.lanes * form.pair}, form.a), pair);
}

Value KernelBase::addressOf(Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  auto layout = memref::ExtractStridedMetadataOp::create(builder, loc, memref);
  Value bytes = index(type.getElementTypeBitWidth() / 8);
  return add(
      memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, memref),
      mul(layout.getOffset(), bytes));
}

void KernelBase::fetch(Value address, int64_t cache) {
  Value word =
      arith::IndexCastOp::create(builder, loc, builder.getI64Type(), address);
  Value pointer = LLVM::IntToPtrOp::create(
      builder, loc, LLVM::LLVMPointerType::get(builder.getContext()), word);
  LLVM::Prefetch::create(builder, loc, pointer, /*rw=*/0, /*hint=*/4 - cache,
                         /*cache=*/1);
}

Value KernelBase::stepsOfB() {
  Value rows = size(b, 0);
  if (!form.hasHalves)
    return rows;
  return arith::DivUIOp::create(builder, loc, rows, index(2));
}

Value KernelBase::skipHalf(Value ahead, Value step, Value steps) {
  Value row = add(step, index(form.fetchDistance / form.rowBytes()));
  Value isBehind = arith::CmpIOp::create(builder, loc,
                                         arith::CmpIPredicate::uge, row, steps);
  Value bytes = mul(steps, index(form.rowBytes()));
  return add(ahead,
             arith::SelectOp::create(builder, loc, isBehind, bytes, index(0)));
}

SmallVector<Value> KernelBase::startGroup(Value step) {
  Value k = mul(step, index(form.stepDepth()));
  Value group =
      arith::DivUIOp::create(builder, loc, k, index(form.codes->group));
  codes->startGroup(group);
  SmallVector<Value> scaleOf;
  for (Value column : columnIndices)
    scaleOf.push_back(
        widen(vector::LoadOp::create(builder, loc, vectorType.clone(form.scale),
                                     scales, ValueRange{group, column})));
  return scaleOf;
}
