// Lowers task graphs to a parallel loop whose workers claim tickets.
#include "moe/Conversion/Passes.h"
#include "moe/Dialect/MoETile/MoETile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moe {
#define GEN_PASS_DEF_CONVERTTILETOCPUPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;
using namespace moe::tile;

namespace {

/// Lowers one graph in place.
///
///   cells, counter = 0
///   parallel worker:
///     while (t = counter++) < tasks:
///       if t < tasks of family 0: its point from t; its steps
///       else if ...
class GraphLowering {
public:
  GraphLowering(GraphOp graph, int64_t workers, bool traces)
      : graph(graph), workers(workers), traces(traces),
        b(graph.getLoc(), graph), symbols(graph) {}

  LogicalResult run();

private:
  // What a CPU can do with.
  LogicalResult check();

  // Scalars.
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, x, y); }
  Value sub(Value x, Value y) { return arith::SubIOp::create(b, x, y); }
  Value mul(Value x, Value y) { return arith::MulIOp::create(b, x, y); }
  Value ceilDiv(Value x, int64_t y) {
    return y == 1 ? x : Value(arith::CeilDivUIOp::create(b, x, index(y)));
  }
  Value min(Value x, Value y) { return arith::MinUIOp::create(b, x, y); }
  Value less(Value x, Value y) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ult, x, y);
  }
  Value load(Value memory, Value at) {
    return memref::LoadOp::create(b, memory, at);
  }
  Value sumOverExperts(function_ref<Value(Value)> term);

  // Sizes. Rows are those of `expert`, null where none is at hand.
  Value firstRow(Value expert) { return load(offsets, expert); }
  Value rowsOf(Value expert) {
    return sub(load(offsets, add(expert, index(1))), firstRow(expert));
  }
  Value sizeOf(const Dim &dim, Value expert);
  Value tilesOf(const Dim &dim, Value expert) {
    return dim.isStatic() ? index(dim.staticTiles())
                          : ceilDiv(sizeOf(dim, expert), dim.step);
  }
  Value evaluate(ArrivalsAttr arrivals, Value expert);
  Value points(TaskOp task);
  SmallVector<Value> point(TaskOp task, Value ticket);

  // Memory.
  void allocate(BufferOp buffer);
  void allocate(SignalOp signal);
  Value cellOf(SignalOp signal, ArrayRef<OpFoldResult> indices,
               const IRMapping &mapping);
  Value viewOf(const Access &access, Type type, const IRMapping &mapping);
  /// The expert whose rows are meant around `op`, null where none is.
  Value expertAt(Operation *op, const IRMapping &mapping);

  // Steps.
  void lowerBlock(Block &block, IRMapping &mapping);
  void lowerWait(WaitOp op, IRMapping &mapping);
  void lowerArrive(ArriveOp op, IRMapping &mapping);
  void lowerTask(TaskOp task, Value ticket);
  void lowerTrace(TaskOp task, ValueRange point, int64_t phase);

  GraphOp graph;
  int64_t workers;
  bool traces;
  ImplicitLocOpBuilder b;
  SymbolTable symbols;
  Value offsets, tokens;
  llvm::StringMap<Value> memory, cells;
};

LogicalResult GraphLowering::check() {
  auto refuse = [](Operation *op, const Twine &what) {
    return op->emitOpError("expects ") << what << " on a CPU";
  };
  if (graph.getSchedule().getKind() != ScheduleKind::Ticket)
    return refuse(graph, "the schedule 'ticket'");
  if (graph.getRanks() != 1)
    return refuse(graph, "one rank");
  bool needsTokens = false;
  WalkResult result = graph.walk([&](Operation *op) -> WalkResult {
    auto hasTokens = [](DimsAttr dims) {
      return llvm::any_of(
          dims, [](const Dim &dim) { return dim.extent == Extent::Tokens; });
    };
    if (auto buffer = dyn_cast<BufferOp>(op)) {
      if (buffer.getSpace() != Space::Device || buffer.getRing() ||
          buffer.getCopies() != 1 || buffer.getAlign() != 1)
        return refuse(op, "buffers of the device without rings, copies and "
                          "gaps");
      if (buffer.getRole() != Role::Scratch && !buffer.getMemory())
        return refuse(op, "memory for what the graph does not allocate");
      needsTokens |= hasTokens(buffer.getShape());
    }
    if (auto signal = dyn_cast<SignalOp>(op))
      if (signal.getScope() != Scope::Device ||
          signal.getEpoch().getKind() != EpochKind::Fresh)
        return refuse(op, "signals of the device that are fresh");
    if (auto task = dyn_cast<TaskOp>(op)) {
      if (!task.getAfter().empty())
        return refuse(op, "domains that are known before the graph");
      needsTokens |= hasTokens(task.getDomain());
      for (auto [i, dim] : llvm::enumerate(task.getDomain()))
        if (dim.extent == Extent::Rows && i != 1)
          return refuse(op, "domains of rows that begin with 'experts' and "
                            "'rows'");
    }
    if (isa<RoleOp>(op))
      return refuse(op, "tasks without roles");
    if (auto compute = dyn_cast<ComputeOp>(op);
        compute && compute.getBody().empty())
      return refuse(op, "computations with a body");
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  for (auto buffer : graph.getBody().getOps<BufferOp>()) {
    if (buffer.getRole() == Role::Counts)
      offsets = buffer.getMemory();
    for (auto [i, dim] : llvm::enumerate(buffer.getShape()))
      if (dim.extent == Extent::Tokens && buffer.getMemory() && !tokens)
        tokens = memref::DimOp::create(b, buffer.getMemory(), i);
  }
  if (needsTokens && !tokens)
    return refuse(graph, "memory whose dimension is the number of tokens");
  return success();
}

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

/// Number of tasks of a family.
Value GraphLowering::points(TaskOp task) {
  Value count = index(1);
  bool ragged = false;
  for (const Dim &dim : task.getDomain()) {
    ragged |= dim.extent == Extent::Rows;
    if (dim.extent != Extent::Rows && dim.extent != Extent::Experts)
      count = mul(count, tilesOf(dim, {}));
  }
  for (const Dim &dim : task.getDomain()) {
    if (dim.extent == Extent::Rows)
      count = mul(count, sumOverExperts([&](Value expert) {
                    return tilesOf(dim, expert);
                  }));
    else if (dim.extent == Extent::Experts && !ragged)
      count = mul(count, index(graph.getExperts()));
  }
  return count;
}

/// The point of a family's domain that has the number `ticket`, the last
/// dimension moving fastest.
SmallVector<Value> GraphLowering::point(TaskOp task, Value ticket) {
  DimsAttr domain = task.getDomain();
  SmallVector<Value> found(domain.size());
  for (size_t i = domain.size(); i-- > 0;) {
    const Dim &dim = domain[i];
    if (dim.extent != Extent::Rows) {
      if (i == 0) {
        found[0] = ticket;
        break;
      }
      Value tiles = tilesOf(dim, {});
      found[i] = arith::RemUIOp::create(b, ticket, tiles);
      ticket = arith::DivUIOp::create(b, ticket, tiles);
      continue;
    }
    // Experts are passed by until the ticket is among the tiles of one.
    Type type = b.getIndexType();
    auto search = scf::WhileOp::create(b, TypeRange{type, type},
                                       ValueRange{index(0), ticket});
    OpBuilder::InsertionGuard guard(b);
    Location loc = b.getLoc();
    Block *before =
        b.createBlock(&search.getBefore(), {}, {type, type}, {loc, loc});
    Value expert = before->getArgument(0), rest = before->getArgument(1);
    Value beyond = arith::CmpIOp::create(b, arith::CmpIPredicate::uge, rest,
                                         tilesOf(dim, expert));
    scf::ConditionOp::create(b, beyond, before->getArguments());
    Block *after =
        b.createBlock(&search.getAfter(), {}, {type, type}, {loc, loc});
    expert = after->getArgument(0);
    rest = sub(after->getArgument(1), tilesOf(dim, expert));
    scf::YieldOp::create(b, ValueRange{add(expert, index(1)), rest});
    found[0] = search.getResult(0);
    found[1] = search.getResult(1);
    break;
  }
  return found;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

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
    if (isRows)
      sizes.push_back(firstRow(index(graph.getExperts())));
    else if (!dim.isStatic())
      sizes.push_back(tilesOf(dim, {}));
  }
  memory[buffer.getSymName()] =
      memref::AllocOp::create(b, MemRefType::get(shape, buffer.getElement()),
                              sizes, b.getI64IntegerAttr(64));
}

/// Cells of the tiles of an expert's rows begin at rows before / step + expert,
/// which leaves room for short last tiles without a table.
void GraphLowering::allocate(SignalOp signal) {
  Value count = index(1);
  for (auto [i, dim] : llvm::enumerate(signal.getShape())) {
    bool beforeRows = i + 1 < signal.getShape().size() &&
                      signal.getShape()[i + 1].extent == Extent::Rows;
    if (beforeRows)
      continue;
    Value size;
    if (dim.extent == Extent::Rows) {
      Value experts = index(graph.getExperts());
      size = add(ceilDiv(firstRow(experts), dim.step), experts);
    } else {
      size = tilesOf(dim, {});
    }
    count = mul(count, size);
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

Value GraphLowering::cellOf(SignalOp signal, ArrayRef<OpFoldResult> indices,
                            const IRMapping &mapping) {
  Value cell = index(0), expert;
  DimsAttr shape = signal.getShape();
  for (auto [i, dim, entry] : llvm::enumerate(shape, indices)) {
    Value at = valueOf(b, b.getLoc(), entry, mapping);
    bool beforeRows =
        i + 1 < shape.size() && shape[i + 1].extent == Extent::Rows;
    if (beforeRows) {
      expert = at;
      continue;
    }
    Value size;
    if (dim.extent == Extent::Rows) {
      Value step = index(dim.step), experts = index(graph.getExperts());
      Value begin = arith::DivUIOp::create(b, firstRow(expert), step);
      at = add(add(begin, expert), at);
      size = add(ceilDiv(firstRow(experts), dim.step), experts);
    } else {
      size = tilesOf(dim, {});
    }
    cell = add(mul(cell, size), at);
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
    if (!at) {
      offset.push_back(begin ? OpFoldResult(begin) : zero);
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

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

/// Loads with acquire until the cell has what is expected. Whoever arrives has
/// claimed its task before and runs.
void GraphLowering::lowerWait(WaitOp op, IRMapping &mapping) {
  auto signal = symbols.lookup<SignalOp>(op.getSignal());
  SmallVector<OpFoldResult> indices = getMixedIndices(op);
  Value expert;
  for (auto [dim, entry] : llvm::zip(signal.getShape(), indices))
    if (dim.extent == Extent::Experts)
      expert = valueOf(b, b.getLoc(), entry, mapping);
  Type i64 = b.getI64Type();
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  auto toI64 = [&](Value value) -> Value {
    return arith::IndexCastOp::create(b, i64, value);
  };
  Value expected = toI64(evaluate(op.getExpects(), expert));
  Value base = memref::ExtractAlignedPointerAsIndexOp::create(
      b, cells.lookup(op.getSignal()));
  Value address = LLVM::IntToPtrOp::create(b, pointer, toI64(base));
  address = LLVM::GEPOp::create(b, pointer, i64, address,
                                toI64(cellOf(signal, indices, mapping)));
  auto loop = scf::WhileOp::create(b, TypeRange(), ValueRange());
  OpBuilder::InsertionGuard guard(b);
  b.createBlock(&loop.getBefore());
  Value arrived = LLVM::LoadOp::create(
      b, i64, address, /*alignment=*/8, /*isVolatile=*/false,
      /*isNonTemporal=*/false, /*isInvariant=*/false,
      /*isInvariantGroup=*/false, LLVM::AtomicOrdering::acquire);
  Value missing =
      arith::CmpIOp::create(b, arith::CmpIPredicate::slt, arrived, expected);
  scf::ConditionOp::create(b, missing, ValueRange());
  b.createBlock(&loop.getAfter());
  scf::YieldOp::create(b);
}

void GraphLowering::lowerArrive(ArriveOp op, IRMapping &mapping) {
  auto signal = symbols.lookup<SignalOp>(op.getSignal());
  Value one = arith::ConstantOp::create(b, b.getI64IntegerAttr(1));
  // Acquires and releases.
  memref::AtomicRMWOp::create(b, arith::AtomicRMWKind::addi, one,
                              cells.lookup(op.getSignal()),
                              cellOf(signal, getMixedIndices(op), mapping));
}

void GraphLowering::lowerBlock(Block &block, IRMapping &mapping) {
  for (Operation &op : block) {
    b.setLoc(op.getLoc());
    if (auto wait = dyn_cast<WaitOp>(op)) {
      lowerWait(wait, mapping);
    } else if (auto arrive = dyn_cast<ArriveOp>(op)) {
      lowerArrive(arrive, mapping);
    } else if (auto walk = dyn_cast<ForOp>(op)) {
      Value tiles = tilesOf(walk.getDim()[0], expertAt(walk, mapping));
      auto loop = scf::ForOp::create(b, index(0), tiles, index(1));
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      mapping.map(walk.getBody().getArgument(0), loop.getInductionVar());
      lowerBlock(walk.getBody().front(), mapping);
    } else if (auto compute = dyn_cast<ComputeOp>(op)) {
      Block &body = compute.getBody().front();
      for (auto [argument, access] :
           llvm::zip_equal(body.getArguments(), getAccesses(compute)))
        mapping.map(argument, viewOf(access, argument.getType(), mapping));
      for (Operation &nested : body)
        b.clone(nested, mapping);
    }
  }
}

void GraphLowering::lowerTask(TaskOp task, Value ticket) {
  IRMapping mapping;
  SmallVector<Value> where = point(task, ticket);
  mapping.map(task.getBody().getArguments(), where);
  if (traces)
    lowerTrace(task, where, /*phase=*/0);
  lowerBlock(task.getBody().front(), mapping);
  if (traces)
    lowerTrace(task, where, /*phase=*/1);
}

/// Calls moe_trace(name, i, j, k, phase), see moe_environment_v1.
void GraphLowering::lowerTrace(TaskOp task, ValueRange point, int64_t phase) {
  auto module = graph->getParentOfType<ModuleOp>();
  Type i64 = b.getI64Type(), i32 = b.getI32Type();
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  std::string symbol = ("moe_task_" + task.getName()).str();
  OpBuilder::InsertionGuard guard(b);
  auto name = module.lookupSymbol<LLVM::GlobalOp>(symbol);
  auto function = module.lookupSymbol<LLVM::LLVMFuncOp>("moe_trace");
  {
    OpBuilder::InsertionGuard inner(b);
    b.setInsertionPointToStart(module.getBody());
    if (!name) {
      std::string text = task.getName().str() + '\0';
      auto type = LLVM::LLVMArrayType::get(b.getI8Type(), text.size());
      name = LLVM::GlobalOp::create(b, type, /*isConstant=*/true,
                                    LLVM::Linkage::Internal, symbol,
                                    b.getStringAttr(text));
    }
    if (!function)
      function = LLVM::LLVMFuncOp::create(
          b, "moe_trace",
          LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(b.getContext()),
                                      {pointer, i64, i64, i64, i32}));
  }
  SmallVector<Value> operands = {LLVM::AddressOfOp::create(b, name)};
  for (size_t i = 0; i < 3; ++i)
    operands.push_back(
        i < point.size()
            ? Value(arith::IndexCastOp::create(b, i64, point[i]))
            : Value(arith::ConstantOp::create(b, b.getI64IntegerAttr(-1))));
  operands.push_back(arith::ConstantOp::create(b, b.getI32IntegerAttr(phase)));
  LLVM::CallOp::create(b, function, operands);
}

LogicalResult GraphLowering::run() {
  if (failed(check()))
    return failure();
  for (Operation &op : graph.getBody().front()) {
    if (auto buffer = dyn_cast<BufferOp>(op))
      allocate(buffer);
    if (auto signal = dyn_cast<SignalOp>(op))
      allocate(signal);
  }
  SmallVector<TaskOp> tasks(graph.getBody().getOps<TaskOp>());
  Value total = index(0);
  SmallVector<Value> begins;
  for (TaskOp task : tasks) {
    begins.push_back(total);
    total = add(total, points(task));
  }
  Type i64 = b.getI64Type();
  Value counter = memref::AllocOp::create(b, MemRefType::get({1}, i64),
                                          b.getI64IntegerAttr(64));
  Value zero = index(0), one = index(1);
  memref::StoreOp::create(
      b, arith::ConstantOp::create(b, b.getI64IntegerAttr(0)), counter, zero);

  auto parallel =
      scf::ParallelOp::create(b, zero, min(total, index(workers)), one);
  b.setInsertionPointToStart(parallel.getBody());
  Type indexType = b.getIndexType();
  auto loop = scf::WhileOp::create(b, TypeRange(indexType), ValueRange());
  b.createBlock(&loop.getBefore());
  Value claimed = memref::AtomicRMWOp::create(
      b, arith::AtomicRMWKind::addi,
      arith::ConstantOp::create(b, b.getI64IntegerAttr(1)), counter, zero);
  Value ticket = arith::IndexCastOp::create(b, indexType, claimed);
  scf::ConditionOp::create(b, less(ticket, total), ticket);
  Block *body = b.createBlock(&loop.getAfter(), {}, {indexType}, {b.getLoc()});
  scf::YieldOp::create(b);
  b.setInsertionPoint(body->getTerminator());
  ticket = body->getArgument(0);
  // The families in their order, each behind the one before.
  for (auto [i, task] : llvm::enumerate(tasks)) {
    Value number = sub(ticket, begins[i]);
    if (i + 1 == tasks.size()) {
      lowerTask(task, number);
      break;
    }
    auto choice =
        scf::IfOp::create(b, less(ticket, begins[i + 1]), /*else=*/true);
    b.setInsertionPoint(choice.thenYield());
    lowerTask(task, number);
    b.setInsertionPoint(choice.elseYield());
  }
  graph.erase();
  return success();
}

struct ConvertTileToCPU
    : moe::impl::ConvertTileToCPUPassBase<ConvertTileToCPU> {
  using ConvertTileToCPUPassBase::ConvertTileToCPUPassBase;

  void runOnOperation() override {
    if (workers < 1) {
      getOperation().emitError("expects at least one worker, but got ")
          << workers.getValue();
      return signalPassFailure();
    }
    SmallVector<GraphOp> graphs;
    getOperation().walk([&](GraphOp graph) { graphs.push_back(graph); });
    for (GraphOp graph : graphs)
      if (failed(GraphLowering(graph, workers, trace).run()))
        return signalPassFailure();
  }
};

} // namespace
