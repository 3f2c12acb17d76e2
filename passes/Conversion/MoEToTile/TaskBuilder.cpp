// Writes the ops of a task graph one after the other.
#include "TaskBuilder.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;
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
      std::optional<int64_t> number = getConstantIntValue(index);
      auto value = dyn_cast_if_present<Value>(index);
      places.push_back(!index  ? AccessAttr::kWhole
                       : value ? AccessAttr::kOperand
                               : *number);
      if (value)
        operands.push_back(value);
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

Value TaskBuilder::corner(Value matrix, Value rows, Value columns) {
  OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
  return memref::SubViewOp::create(
      b, matrix, ArrayRef<OpFoldResult>{zero, zero},
      ArrayRef<OpFoldResult>{rows, columns}, ArrayRef<OpFoldResult>{one, one});
}

void TaskBuilder::map(Value target, ArrayRef<Indexed> inputs,
                      function_ref<Value(ValueRange)> body) {
  unsigned rank = cast<MemRefType>(target.getType()).getRank();
  SmallVector<AffineMap> maps;
  SmallVector<Value> values;
  for (const Indexed &input : inputs) {
    SmallVector<AffineExpr> exprs;
    for (unsigned loop : input.loops)
      exprs.push_back(b.getAffineDimExpr(loop));
    maps.push_back(AffineMap::get(rank, 0, exprs, b.getContext()));
    values.push_back(input.tensor);
  }
  maps.push_back(b.getMultiDimIdentityMap(rank));
  SmallVector<utils::IteratorType> kinds(rank, utils::IteratorType::parallel);
  linalg::GenericOp::create(b, values, target, maps, kinds,
                            [&](OpBuilder &, Location, ValueRange arguments) {
                              linalg::YieldOp::create(b, body(arguments));
                            });
}

void TaskBuilder::start(Value target, Value bias) {
  SmallVector<Indexed> inputs;
  if (bias)
    inputs.push_back({bias, {1}});
  map(target, inputs, [&](ValueRange in) {
    return bias ? b.convert(in[0], b.getF32Type())
                : b.real(b.getF32Type(), 0.0);
  });
}

Value TaskBuilder::size(Value view, unsigned dim) {
  return memref::DimOp::create(b, view, dim);
}
