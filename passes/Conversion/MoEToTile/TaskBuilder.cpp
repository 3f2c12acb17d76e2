// Writes the ops of a task graph one after the other.
#include "TaskBuilder.h"

using namespace mlir;
using namespace moe;
using namespace moe::tile;

MemRefType moe::tile::viewOf(Type element, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), ShapedType::kDynamic);
  strides.back() = 1;
  return MemRefType::get(shape, element,
                         StridedLayoutAttr::get(element.getContext(),
                                                ShapedType::kDynamic, strides));
}

void TaskBuilder::buffer(StringRef name, ArrayRef<Dim> shape, Type element,
                         Value memory, Role role, int64_t ring, Space space) {
  BufferOp::create(b, role, name, DimsAttr::get(b.getContext(), shape), element,
                   space, ring ? b.getI64IntegerAttr(ring) : IntegerAttr(),
                   /*copies=*/1, /*align=*/1, Gap::None, memory);
}

void TaskBuilder::signal(StringRef name, ArrayRef<Dim> shape) {
  SignalOp::create(b, name, DimsAttr::get(b.getContext(), shape), Scope::Device,
                   EpochAttr::get(b.getContext()));
}

TaskOp TaskBuilder::task(StringRef name, ArrayRef<Dim> domain,
                         ValueRange after) {
  auto task =
      TaskOp::create(b, name, DimsAttr::get(b.getContext(), domain), after);
  Block &block = task.getBody().emplaceBlock();
  for ([[maybe_unused]] const Dim &dim : domain)
    block.addArgument(b.getIndexType(), b.getLoc());
  b.setInsertionPointToStart(&block);
  return task;
}

ForOp TaskBuilder::walk(const Dim &dim, Value token) {
  auto walk = ForOp::create(b, token.getType(),
                            DimsAttr::get(b.getContext(), dim), token);
  Block &block = walk.getBody().emplaceBlock();
  block.addArgument(b.getIndexType(), b.getLoc());
  block.addArgument(token.getType(), b.getLoc());
  b.setInsertionPointToStart(&block);
  return walk;
}

Value TaskBuilder::compute(ArrayRef<Region> regions, ValueRange after,
                           function_ref<void(ValueRange)> body) {
  SmallVector<Attribute> accesses;
  SmallVector<Value> operands;
  for (const Region &region : regions) {
    SmallVector<int64_t> places;
    for (OpFoldResult index : region.indices) {
      places.push_back(index ? AccessAttr::kOperand : AccessAttr::kWhole);
      if (index)
        operands.push_back(cast<Value>(index));
    }
    accesses.push_back(AccessAttr::get(
        b.getContext(), region.mode,
        FlatSymbolRefAttr::get(b.getContext(), region.buffer), places));
  }
  auto op = ComputeOp::create(b, TokenType::get(b.getContext()),
                              b.getArrayAttr(accesses), operands, after);
  OpBuilder::InsertionGuard guard(b);
  Block &block = op.getBody().emplaceBlock();
  for (const Region &region : regions)
    block.addArgument(region.view, b.getLoc());
  b.setInsertionPointToStart(&block);
  body(block.getArguments());
  return op.getToken();
}

Value TaskBuilder::wait(StringRef name, ValueRange cell, ArrayRef<Dim> expects,
                        int64_t behind) {
  SmallVector<Dim> factors(expects);
  if (factors.empty())
    factors.push_back(Dim::fixed(1));
  return WaitOp::create(b, TokenType::get(b.getContext()), name, cell,
                        SmallVector<int64_t>(cell.size(), AccessAttr::kOperand),
                        behind,
                        ArrivalsAttr::getCanonical(b.getContext(), factors));
}

void TaskBuilder::arrive(StringRef name, ValueRange cell, Value after) {
  ArriveOp::create(b, name, cell,
                   SmallVector<int64_t>(cell.size(), AccessAttr::kOperand),
                   /*behind=*/0, after);
}
