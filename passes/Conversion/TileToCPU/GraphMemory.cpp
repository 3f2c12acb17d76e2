// What tasks of a graph find things by: tables of its rows, memory, cells.
#include "GraphLowering.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace moe;
using namespace moe::tile;

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

Value GraphLowering::sumOverExperts(function_ref<Value(Value)> term) {
  Value zero = index(0);
  auto loop = scf::ForOp::create(b, zero, index(graph.getExperts()), index(1),
                                 ValueRange{zero});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value sum = add(loop.getRegionIterArg(0), term(loop.getInductionVar()));
  scf::YieldOp::create(b, sum);
  return loop.getResult(0);
}

Value GraphLowering::sizeOf(const Dim &dim, Value expert) {
  switch (dim.extent) {
  case Extent::Static:
    return index(dim.size);
  case Extent::Ranks:
    return index(1);
  case Extent::Experts:
    return index(graph.getExperts());
  case Extent::Rows:
    return rowsOf(expert);
  case Extent::Tokens:
    return tokens;
  }
  llvm_unreachable("every extent has a size");
}

Value GraphLowering::evaluate(ArrivalsAttr arrivals, Value expert) {
  Value sum = index(0);
  for (DimsAttr term : arrivals.getTerms()) {
    auto isExperts = [](const Dim &dim) {
      return dim.extent == Extent::Experts;
    };
    bool all = llvm::any_of(term, isExperts);
    auto product = [&](Value expert) {
      Value value = index(1);
      for (const Dim &dim : term)
        if (!isExperts(dim))
          value = mul(value, tilesOf(dim, expert));
      return value;
    };
    sum = add(sum, all ? sumOverExperts(product) : product(expert));
  }
  return sum;
}

/// The tables for all steps of rows by which tasks and signals number tiles,
/// filled where the rows are known.
void GraphLowering::allocateTables() {
  auto table = [&](int64_t size, ValueRange dynamicSize) -> Value {
    return memref::AllocOp::create(b, MemRefType::get(size, b.getIndexType()),
                                   dynamicSize, b.getI64IntegerAttr(64));
  };
  auto add = [&](DimsAttr dims) {
    for (const Dim &dim : dims) {
      if (dim.extent != Extent::Rows || rowTiles.contains(dim.step))
        continue;
      RowTiles &tiles = rowTiles[dim.step];
      tiles.begins = table(graph.getExperts() + 1, {});
      if (!mostRows) {
        tabulateRows(dim.step);
        continue;
      }
      tiles.found = table(2, {});
      // Each expert with rows has one tile that is not full.
      Value full = arith::DivUIOp::create(b, mostRows, index(dim.step));
      tiles.mostTiles =
          this->add(full, min(index(graph.getExperts()), mostRows));
      tiles.mostHeight = min(index(dim.step), mostRowsOfOne);
      tiles.experts = table(ShapedType::kDynamic, tiles.mostTiles);
    }
  };
  for (Operation &op : graph.getBody().front()) {
    if (auto task = dyn_cast<TaskOp>(op))
      add(task.getDomain());
    if (auto signal = dyn_cast<SignalOp>(op))
      add(signal.getShape());
  }
}

/// Fills the tables of one step.
void GraphLowering::tabulateRows(int64_t step) {
  RowTiles &tiles = rowTiles[step];
  Value zero = index(0), one = index(1), experts = index(graph.getExperts());
  memref::StoreOp::create(b, zero, tiles.begins, zero);
  auto count =
      scf::ForOp::create(b, zero, experts, one, ValueRange{zero, zero});
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(count.getBody());
    Value expert = count.getInductionVar(), rows = rowsOf(expert);
    Value end = add(count.getRegionIterArg(0), ceilDiv(rows, step));
    memref::StoreOp::create(b, end, tiles.begins, add(expert, one));
    Value height = arith::MaxUIOp::create(b, count.getRegionIterArg(1),
                                          min(rows, index(step)));
    scf::YieldOp::create(b, ValueRange{end, height});
  }
  if (tiles.found) {
    for (auto [i, value] : llvm::enumerate(count.getResults()))
      memref::StoreOp::create(b, value, tiles.found, index(i));
  } else {
    tiles.mostTiles = count.getResult(0);
    tiles.mostHeight = count.getResult(1);
    tiles.experts = memref::AllocOp::create(
        b, MemRefType::get(ShapedType::kDynamic, b.getIndexType()),
        tiles.mostTiles, b.getI64IntegerAttr(64));
  }
  auto walk = scf::ForOp::create(b, zero, experts, one);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(walk.getBody());
  Value expert = walk.getInductionVar();
  auto fill = scf::ForOp::create(b, load(tiles.begins, expert),
                                 load(tiles.begins, add(expert, one)), one);
  b.setInsertionPointToStart(fill.getBody());
  memref::StoreOp::create(b, expert, tiles.experts, fill.getInductionVar());
}

/// Behind what has written where the rows of each expert end: the rest of what
/// others find them by.
void GraphLowering::publishCounts() {
  memref::StoreOp::create(b, index(0), offsets, index(0));
  for (auto &[step, tiles] : rowTiles)
    tabulateRows(step);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// Bytes of rows whose lines fall into few sets of a cache, and what keeps them
/// apart. Products read up to 32 rows at once.
static constexpr int64_t crowdedBytes = 1024, lineBytes = 64;

/// Whether all views of `buffer` have rows any distance apart.
bool GraphLowering::hasFreeStrides(BufferOp buffer) {
  bool isFree = true;
  graph.walk([&](ComputeOp op) {
    if (op.getBody().empty())
      return;
    for (auto [argument, access] : llvm::zip_equal(
             op.getBody().front().getArguments(), getAccesses(op))) {
      if (access.attr.getBuffer().getAttr() != buffer.getSymNameAttr())
        continue;
      SmallVector<int64_t> strides =
          cast<MemRefType>(argument.getType()).getStridesAndOffset().first;
      isFree &=
          llvm::all_of(ArrayRef(strides).drop_back(), ShapedType::isDynamic);
    }
  });
  return isFree;
}

/// Memory of the worker or of a ring, with room behind each row where rows
/// would crowd each other out of caches.
Value GraphLowering::allocateApart(MemRefType type, ValueRange sizes) {
  int64_t rank = type.getRank();
  auto allocate = [&](ArrayRef<int64_t> shape) -> Value {
    return memref::AllocOp::create(
        b, MemRefType::get(shape, type.getElementType()), sizes,
        b.getI64IntegerAttr(64));
  };
  if (rank < 2 || type.isDynamicDim(rank - 1) ||
      !isa<FloatType>(type.getElementType()))
    return allocate(type.getShape());
  int64_t columns = type.getShape().back();
  int64_t elementBytes = type.getElementTypeBitWidth() / 8;
  if (columns * elementBytes % crowdedBytes != 0)
    return allocate(type.getShape());
  SmallVector<int64_t> shape(type.getShape());
  shape.back() += lineBytes / elementBytes;
  Value wide = allocate(shape);
  SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0)),
      strides(rank, b.getIndexAttr(1)),
      extents = memref::getMixedSizes(b, b.getLoc(), wide);
  extents.back() = b.getIndexAttr(columns);
  return memref::SubViewOp::create(b, wide, offsets, extents, strides);
}

/// The sweep that `ring` has entries for.
const Sweep &GraphLowering::sweepOf(BufferOp ring) {
  return *llvm::find_if(sweeps, [&](const Sweep &sweep) {
    return sweep.ofRows() == ring.getRowsDim().has_value();
  });
}

void GraphLowering::allocate(BufferOp buffer) {
  if (buffer.getMemory()) {
    memory[buffer.getSymName()] = buffer.getMemory();
    return;
  }
  SmallVector<int64_t> shape;
  SmallVector<Value> sizes;
  std::optional<unsigned> rows = buffer.getRowsDim();
  for (auto [i, dim] : llvm::enumerate(buffer.getShape())) {
    if (rows && i + 1 == *rows)
      continue;
    bool isRows = dim.extent == Extent::Rows;
    shape.push_back(dim.isStatic() ? dim.staticTiles() : ShapedType::kDynamic);
    if (buffer.getRing() && sizes.empty())
      sizes.push_back(mul(index(*buffer.getRing()),
                          isRows
                              ? rowTiles[sweepOf(buffer).items.step].mostHeight
                              : itemHeight(sweepOf(buffer))));
    else if (isRows)
      sizes.push_back(mostRows ? mostRows
                               : firstRow(index(graph.getExperts())));
    else if (!dim.isStatic())
      sizes.push_back(tilesOf(dim, {}));
  }
  auto type = MemRefType::get(shape, buffer.getElement());
  bool isSmall = buffer.getRing() || buffer.getSpace() == Space::Worker;
  memory[buffer.getSymName()] =
      isSmall && hasFreeStrides(buffer)
          ? allocateApart(type, sizes)
          : memref::AllocOp::create(b, type, sizes, b.getI64IntegerAttr(64))
                .getResult();
}

/// Memory of a worker, which has one task at a time: buffers of one kind that
/// different tasks use are the same memory.
void GraphLowering::allocateOfWorker(ArrayRef<BufferOp> buffers) {
  auto taskOf = [&](BufferOp buffer) {
    TaskOp user;
    graph.walk([&](ComputeOp op) {
      for (const Access &access : getAccesses(op))
        if (access.attr.getBuffer().getAttr() == buffer.getSymNameAttr())
          user = op->getParentOfType<TaskOp>();
    });
    return user;
  };
  struct Shared {
    BufferOp first;
    llvm::SmallDenseSet<TaskOp> tasks;
  };
  SmallVector<Shared> allocated;
  for (BufferOp buffer : buffers) {
    TaskOp task = taskOf(buffer);
    auto *found = llvm::find_if(allocated, [&](const Shared &other) {
      BufferOp first = other.first;
      return first.getShape() == buffer.getShape() &&
             first.getElement() == buffer.getElement() &&
             hasFreeStrides(first) == hasFreeStrides(buffer) &&
             !other.tasks.contains(task);
    });
    if (found == allocated.end()) {
      allocate(buffer);
      allocated.push_back({buffer, {task}});
      continue;
    }
    memory[buffer.getSymName()] = memory.lookup(found->first.getSymName());
    found->tasks.insert(task);
  }
}

void GraphLowering::allocate(SignalOp signal) {
  if (signal.getScope() == Scope::Worker)
    return;
  Value count = index(1);
  for (auto [i, dim] : llvm::enumerate(signal.getShape())) {
    bool beforeRows = i + 1 < signal.getShape().size() &&
                      signal.getShape()[i + 1].extent == Extent::Rows;
    if (beforeRows)
      continue;
    count = mul(count, dim.extent == Extent::Rows ? rowTiles[dim.step].mostTiles
                                                  : tilesOf(dim, {}));
  }
  Type i64 = b.getI64Type();
  Value all =
      memref::AllocOp::create(b, MemRefType::get({ShapedType::kDynamic}, i64),
                              count, b.getI64IntegerAttr(64));
  Value zero = arith::ConstantOp::create(b, b.getI64IntegerAttr(0));
  auto loop = scf::ForOp::create(b, index(0), count, index(1));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    memref::StoreOp::create(b, zero, all, loop.getInductionVar());
  }
  cells[signal.getSymName()] = all;
}

/// An index of the graph as a value; null for a whole dimension.
static Value valueOf(OpBuilder &b, Location loc, OpFoldResult index,
                     const IRMapping &mapping) {
  if (!index)
    return {};
  if (auto value = dyn_cast<Value>(index))
    return mapping.lookup(value);
  return arith::ConstantIndexOp::create(
      b, loc, cast<IntegerAttr>(cast<Attribute>(index)).getInt());
}

GraphLowering::Cell GraphLowering::cellOf(SignalOp signal,
                                          ArrayRef<OpFoldResult> indices,
                                          int64_t behind,
                                          const IRMapping &mapping) {
  Cell cell{index(0), {}, {}};
  DimsAttr shape = signal.getShape();
  for (auto [i, dim, entry] : llvm::enumerate(shape, indices)) {
    Value at = valueOf(b, b.getLoc(), entry, mapping), size;
    if (dim.extent == Extent::Experts)
      cell.expert = at;
    if (i + 1 < shape.size() && shape[i + 1].extent == Extent::Rows)
      continue;
    bool isRows = dim.extent == Extent::Rows;
    if (isRows) {
      at = tileNumber(dim, cell.expert, at);
      size = rowTiles[dim.step].mostTiles;
    } else {
      size = tilesOf(dim, {});
    }
    bool leads = i == 0 || (i == 1 && isRows);
    if (leads && behind != 0) {
      Value distance = index(behind);
      cell.exists =
          arith::CmpIOp::create(b, arith::CmpIPredicate::uge, at, distance);
      at = arith::SelectOp::create(b, cell.exists, sub(at, distance), index(0));
      if (isRows)
        cell.expert = load(rowTiles[dim.step].experts, at);
    }
    cell.number = add(mul(cell.number, size), at);
  }
  return cell;
}

Value GraphLowering::viewOf(const Access &access, Type type,
                            const IRMapping &mapping) {
  auto buffer = symbols.lookup<BufferOp>(access.attr.getBuffer().getValue());
  Value source = memory.lookup(buffer.getSymName());
  DimsAttr shape = buffer.getShape();
  SmallVector<unsigned> kept = getViewDims(shape, access.indices);
  SmallVector<OpFoldResult> offset, size;
  OpFoldResult one = b.getIndexAttr(1), zero = b.getIndexAttr(0);
  SmallVector<int64_t> viewShape;
  Value expert;
  bool isExpert = false;
  for (auto [i, dim, entry] : llvm::enumerate(shape, access.indices)) {
    Value at = valueOf(b, b.getLoc(), entry, mapping);
    bool beforeRows =
        i + 1 < shape.size() && shape[i + 1].extent == Extent::Rows;
    if (beforeRows) {
      expert = at;
      isExpert = true;
      continue;
    }
    bool isRows = dim.extent == Extent::Rows && isExpert;
    bool keeps = llvm::is_contained(kept, i);
    // Elements of the dimension from which the view begins, and how many there
    // are behind that.
    Value begin = isRows && expert ? firstRow(expert) : Value();
    Value total = isRows && !expert ? firstRow(index(graph.getExperts()))
                  : isRows          ? rowsOf(expert)
                                    : tilesOf(dim, {});
    bool isEntry = isRows || (i == 0 && dim.extent == Extent::Tokens);
    if (isEntry && buffer.getRing()) {
      const Sweep &sweep = sweepOf(buffer);
      Value item = isRows ? tileNumber(sweep.items, expert, at) : at;
      Value entryNumber =
          arith::RemUIOp::create(b, item, index(*buffer.getRing()));
      offset.push_back(mul(entryNumber, itemHeight(sweep)));
      Value step = index(sweep.items.step);
      size.push_back(min(step, sub(total, mul(at, step))));
    } else if (!at) {
      // Of counts, the ends of experts.
      offset.push_back(begin               ? OpFoldResult(begin)
                       : buffer.isCounts() ? one
                                           : zero);
      size.push_back(dim.isStatic()
                         ? OpFoldResult(b.getIndexAttr(dim.staticTiles()))
                         : OpFoldResult(total));
    } else if (!keeps) {
      offset.push_back(begin ? add(begin, at) : at);
      size.push_back(one);
    } else {
      int64_t step = getIndexDim(cast<Value>(entry))->step / dim.step;
      Value first = mul(at, index(step));
      offset.push_back(begin ? add(begin, first) : first);
      size.push_back(min(index(step), sub(total, first)));
    }
    if (keeps)
      viewShape.push_back(
          getConstantIntValue(size.back()).value_or(ShapedType::kDynamic));
  }
  SmallVector<OpFoldResult> strides(offset.size(), one);
  auto inferred = memref::SubViewOp::inferRankReducedResultType(
      viewShape, cast<MemRefType>(source.getType()), offset, size, strides);
  Value view =
      memref::SubViewOp::create(b, inferred, source, offset, size, strides);
  return view.getType() == type ? view
                                : Value(memref::CastOp::create(b, type, view));
}

Value GraphLowering::expertAt(Operation *op, const IRMapping &mapping) {
  for (auto [index, dim] : getIterations(op))
    if (dim.extent == Extent::Experts)
      return mapping.lookup(index);
  return {};
}
