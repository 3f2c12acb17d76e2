// The code of tasks: waits, computations, arrivals.
#include "GraphLowering.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace moe;
using namespace moe::tile;

/// Looks at a cell before a waiting thread lets another one run: some
/// microseconds.
static constexpr int64_t looksPerTurn = 1024;

/// The address of element `number` (i64) of `memory`, 64-bit integers.
Value GraphLowering::addressOf(Value memory, Value number) {
  Type i64 = b.getI64Type();
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  Value base = memref::ExtractAlignedPointerAsIndexOp::create(b, memory);
  base = arith::IndexCastOp::create(b, i64, base);
  Value address = LLVM::IntToPtrOp::create(b, pointer, base);
  return LLVM::GEPOp::create(b, pointer, i64, address, number);
}

Value GraphLowering::loadAtomic(Value address, LLVM::AtomicOrdering ordering) {
  return LLVM::LoadOp::create(b, b.getI64Type(), address, /*alignment=*/8,
                              /*isVolatile=*/false, /*isNonTemporal=*/false,
                              /*isInvariant=*/false,
                              /*isInvariantGroup=*/false, ordering);
}

/// Whether the cell at `address` lacks arrivals. Acquires.
Value GraphLowering::isMissing(Value address, Value expected) {
  return arith::CmpIOp::create(
      b, arith::CmpIPredicate::slt,
      loadAtomic(address, LLVM::AtomicOrdering::acquire), expected);
}

/// Waits until a cell has the arrivals that are expected. What is traced tells
/// of it where they are not there yet.
void GraphLowering::lowerWait(WaitOp op, IRMapping &mapping) {
  auto signal = symbols.lookup<SignalOp>(op.getSignal());
  if (signal.getScope() == Scope::Worker)
    return;
  Cell cell = cellOf(signal, getMixedIndices(op),
                     static_cast<int64_t>(op.getBehind()), mapping);
  auto toI64 = [&](Value value) -> Value {
    return arith::IndexCastOp::create(b, b.getI64Type(), value);
  };
  Value expected = evaluate(op.getExpects(), cell.expert);
  if (cell.exists)
    expected = arith::SelectOp::create(b, cell.exists, expected, index(0));
  expected = toI64(expected);
  Value address = addressOf(cells.lookup(op.getSignal()), toI64(cell.number));
  if (!traces)
    return lowerWait(address, expected);
  auto some =
      scf::IfOp::create(b, isMissing(address, expected), /*else=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(some.thenYield());
  std::string name = ("wait " + op.getSignal()).str();
  lowerTrace(name, /*point=*/{}, /*phase=*/0);
  lowerWait(address, expected);
  lowerTrace(name, /*point=*/{}, /*phase=*/1);
}

/// Looks until nothing is missing. Whoever arrives has claimed its task before
/// and runs, or would if this thread let it: after some looks it does, for
/// where there are more threads than cores.
void GraphLowering::lowerWait(Value address, Value expected) {
  Type i64 = b.getI64Type();
  auto number = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
  };
  auto loop = scf::WhileOp::create(b, TypeRange(i64), number(0));
  OpBuilder::InsertionGuard guard(b);
  Block *before = b.createBlock(&loop.getBefore(), {}, {i64}, {b.getLoc()});
  scf::ConditionOp::create(b, isMissing(address, expected),
                           before->getArguments());
  Block *after = b.createBlock(&loop.getAfter(), {}, {i64}, {b.getLoc()});
  Value looks = arith::AddIOp::create(b, after->getArgument(0), number(1));
  Value rest = arith::RemUIOp::create(b, looks, number(looksPerTurn));
  Value enough =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, rest, number(0));
  auto some = scf::IfOp::create(b, enough, /*else=*/false);
  scf::YieldOp::create(b, looks);
  b.setInsertionPoint(some.thenYield());
  LLVM::CallOp::create(b, getYield(), ValueRange());
}

/// The function of the C library that lets another thread run.
LLVM::LLVMFuncOp GraphLowering::getYield() {
  auto module = graph->getParentOfType<ModuleOp>();
  if (auto function = module.lookupSymbol<LLVM::LLVMFuncOp>("sched_yield"))
    return function;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(module.getBody());
  return LLVM::LLVMFuncOp::create(
      b, "sched_yield", LLVM::LLVMFunctionType::get(b.getI32Type(), {}));
}

void GraphLowering::lowerArrive(ArriveOp op, IRMapping &mapping) {
  auto signal = symbols.lookup<SignalOp>(op.getSignal());
  if (signal.getScope() == Scope::Worker)
    return;
  Value one = arith::ConstantOp::create(b, b.getI64IntegerAttr(1));
  // Acquires and releases.
  memref::AtomicRMWOp::create(b, arith::AtomicRMWKind::addi, one,
                              cells.lookup(op.getSignal()),
                              cellOf(signal, getMixedIndices(op),
                                     /*behind=*/0, mapping)
                                  .number);
}

void GraphLowering::lowerBlock(Block &block, IRMapping &mapping) {
  for (Operation &op : block) {
    b.setLoc(op.getLoc());
    if (auto wait = dyn_cast<WaitOp>(op)) {
      lowerWait(wait, mapping);
    } else if (auto arrive = dyn_cast<ArriveOp>(op)) {
      lowerArrive(arrive, mapping);
    } else if (auto role = dyn_cast<RoleOp>(op)) {
      lowerBlock(role.getBody().front(), mapping);
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
      if (standsApart(compute))
        callBody(compute, mapping);
      else
        for (Operation &nested : body)
          b.clone(nested, mapping);
      if (writesCounts(compute))
        publishCounts();
    }
  }
}

/// True for code, not structured ops, of families that take no turns. A
/// function of its own leaves the registers to the loops of those that do.
bool GraphLowering::standsApart(ComputeOp op) {
  auto task = op->getParentOfType<TaskOp>();
  WalkResult structured = op.walk(
      [](linalg::LinalgOp) -> WalkResult { return WalkResult::interrupt(); });
  return !sweeps.empty() && !findSweep(sweeps, task) &&
         !structured.wasInterrupted();
}

/// Makes a function of the body of `op`, and calls it.
void GraphLowering::callBody(ComputeOp op, const IRMapping &mapping) {
  auto module = graph->getParentOfType<ModuleOp>();
  llvm::SetVector<Value> taken(op.getBody().args_begin(),
                               op.getBody().args_end());
  getUsedValuesDefinedAbove(op.getBody(), taken);
  std::string name;
  for (unsigned i = 0; name.empty() || module.lookupSymbol(name); ++i)
    name = ("moe_step_" + Twine(i)).str();
  SmallVector<Value> operands = llvm::map_to_vector(
      taken, [&](Value value) { return mapping.lookupOrDefault(value); });
  func::FuncOp function;
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(module.getBody());
    function = func::FuncOp::create(
        b, name, b.getFunctionType(ValueRange(operands).getTypes(), {}));
    function.setPrivate();
    function.setNoInline(true);
    Block *entry = function.addEntryBlock();
    IRMapping inner;
    inner.map(taken.getArrayRef(), entry->getArguments());
    b.setInsertionPointToStart(entry);
    for (Operation &nested : op.getBody().front())
      b.clone(nested, inner);
    func::ReturnOp::create(b);
  }
  func::CallOp::create(b, function, operands);
}

void GraphLowering::lowerTask(TaskOp task, ValueRange point) {
  IRMapping mapping;
  mapping.map(task.getBody().getArguments(), point);
  if (traces)
    lowerTrace(task.getName(), point, /*phase=*/0);
  lowerBlock(task.getBody().front(), mapping);
  if (traces)
    lowerTrace(task.getName(), point, /*phase=*/1);
}

/// Calls moe_trace(name, i, j, k, phase), see moe_environment_v1.
void GraphLowering::lowerTrace(StringRef event, ValueRange point,
                               int64_t phase) {
  auto module = graph->getParentOfType<ModuleOp>();
  Type i64 = b.getI64Type(), i32 = b.getI32Type();
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  std::string symbol = ("moe_task_" + event).str();
  llvm::replace(symbol, ' ', '_');
  OpBuilder::InsertionGuard guard(b);
  auto name = module.lookupSymbol<LLVM::GlobalOp>(symbol);
  auto function = module.lookupSymbol<LLVM::LLVMFuncOp>("moe_trace");
  {
    OpBuilder::InsertionGuard inner(b);
    b.setInsertionPointToStart(module.getBody());
    if (!name) {
      std::string text = event.str() + '\0';
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
