// Graphs, buffers, signals and the rank: verifiers.
#include "Assembly.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace moe;
using namespace moe::tile;

LogicalResult tile::detail::verifyRaggedShape(Operation *op, DimsAttr shape) {
  unsigned experts = llvm::count_if(
      shape, [](const Dim &dim) { return dim.extent == Extent::Experts; });
  unsigned rows = llvm::count_if(
      shape, [](const Dim &dim) { return dim.extent == Extent::Rows; });
  if (rows == 0)
    return success();
  if (rows > 1 || experts > 1)
    return op->emitOpError("expects 'experts x rows' once in a shape, but got ")
           << shape;
  const Dim *dim = llvm::find_if(
      shape, [](const Dim &dim) { return dim.extent == Extent::Rows; });
  if (dim == shape.begin() || std::prev(dim)->extent != Extent::Experts)
    return op->emitOpError("expects 'rows' after 'experts' in a shape, but "
                           "got ")
           << shape;
  return success();
}

//===----------------------------------------------------------------------===//
// Sweep
//===----------------------------------------------------------------------===//

/// True where `dims` begins with tiles of the rows of each expert.
static bool beginsWithRows(DimsAttr dims) {
  return dims.size() > 1 && dims[0].extent == Extent::Experts &&
         dims[1].extent == Extent::Rows;
}

std::optional<int64_t> Sweep::lagOf(TaskOp task) const {
  const auto *found = llvm::find(tasks, task);
  if (found == tasks.end())
    return std::nullopt;
  return lags[found - tasks.begin()];
}

bool Sweep::leads(DimsAttr shape) const {
  return (!ofRows() || beginsWithRows(shape)) && shape.size() >= numIndices() &&
         shape[numIndices() - 1] == items;
}

/// True for a ring whose entries are tiles of tokens.
static bool isTokenRing(BufferOp buffer) {
  DimsAttr shape = buffer.getShape();
  return buffer.getRing() && shape.size() > 0 &&
         shape[0].extent == Extent::Tokens;
}

/// The families that use rings of tokens.
static SmallVector<TaskOp> getTokenRingTasks(Block &body) {
  llvm::StringSet<> rings;
  for (auto buffer : body.getOps<BufferOp>())
    if (isTokenRing(buffer))
      rings.insert(buffer.getSymName());
  return llvm::filter_to_vector(body.getOps<TaskOp>(), [&](TaskOp task) {
    return task
        .walk([&](ComputeOp op) {
          bool usesRing = llvm::any_of(
              op.getAccesses().getAsRange<AccessAttr>(),
              [&](AccessAttr access) {
                return rings.contains(access.getBuffer().getValue());
              });
          return usesRing ? WalkResult::interrupt() : WalkResult::advance();
        })
        .wasInterrupted();
  });
}

SmallVector<Sweep, 2> moe::tile::getSweeps(GraphOp graph) {
  SmallVector<Sweep, 2> sweeps;
  Block &body = graph.getBody().front();
  ScheduleAttr schedule = graph.getSchedule();
  if (!schedule.getSweep().empty()) {
    Sweep &sweep = sweeps.emplace_back();
    sweep.lags = schedule.getSweep();
    sweep.batch = schedule.getBatch();
    sweep.items = Dim::of(Extent::Rows);
    for (auto task : body.getOps<TaskOp>())
      if (beginsWithRows(task.getDomain()))
        sweep.tasks.push_back(task);
    if (!sweep.tasks.empty())
      sweep.items = sweep.tasks.front().getDomain()[1];
  }
  if (!schedule.getTokenSweep().empty()) {
    Sweep &sweep = sweeps.emplace_back();
    sweep.lags = schedule.getTokenSweep();
    sweep.items = Dim::of(Extent::Tokens);
    sweep.tasks = getTokenRingTasks(body);
    if (!sweep.tasks.empty() && sweep.tasks.front().getDomain().size() > 0 &&
        sweep.tasks.front().getDomain()[0].extent == Extent::Tokens)
      sweep.items = sweep.tasks.front().getDomain()[0];
  }
  return sweeps;
}

const Sweep *moe::tile::findSweep(ArrayRef<Sweep> sweeps, TaskOp task) {
  const Sweep *found = llvm::find_if(sweeps, [&](const Sweep &sweep) {
    return llvm::is_contained(sweep.tasks, task);
  });
  return found == sweeps.end() ? nullptr : found;
}

/// (graph_c3)
static LogicalResult verifySweep(GraphOp graph, Sweep &sweep) {
  if (sweep.tasks.size() != sweep.lags.size())
    return graph.emitOpError("requires the number of lags of its ")
           << (sweep.ofRows() ? "sweep (" : "token sweep (")
           << sweep.lags.size() << ") to equal that of tasks "
           << (sweep.ofRows() ? "over 'experts, rows' ("
                              : "that use rings of 'tokens' (")
           << sweep.tasks.size() << ")";
  for (TaskOp task : sweep.tasks)
    if (!sweep.leads(task.getDomain()))
      return task.emitOpError("expects the tiles of ")
             << stringifyExtent(sweep.items.extent)
             << " of the sweep's first task, but got " << task.getDomain();
  for (auto [before, task] :
       llvm::zip(sweep.tasks, llvm::drop_begin(sweep.tasks))) {
    Operation *next = before->getNextNode();
    while (!isa<TaskOp>(next))
      next = next->getNextNode();
    if (next != task)
      return task.emitOpError("expects to stand beside the other tasks of the "
                              "sweep, but got '")
             << cast<TaskOp>(next).getName() << "' between them";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// GraphOp, RankOp
//===----------------------------------------------------------------------===//

LogicalResult GraphOp::verifyRegions() {
  BufferOp counts;
  bool ragged = false;
  auto hasRows = [](DimsAttr dims) {
    return llvm::any_of(
        dims, [](const Dim &dim) { return dim.extent == Extent::Rows; });
  };
  llvm::StringSet<> names;
  for (Operation &op : getBody().front()) {
    if (auto buffer = dyn_cast<BufferOp>(op)) {
      ragged |= hasRows(buffer.getShape());
      if (!buffer.isCounts())
        continue;
      // (graph_c1)
      if (counts)
        return emitOpError("expects one buffer of counts, but got '")
               << counts.getSymName() << "' and '" << buffer.getSymName()
               << "'";
      counts = buffer;
    } else if (auto task = dyn_cast<TaskOp>(op)) {
      ragged |= hasRows(task.getDomain());
      // (graph_c2)
      if (!names.insert(task.getName()).second)
        return task.emitOpError("expects a name of its own, but got '")
               << task.getName() << "' again";
    } else if (!isa<SignalOp, RankOp, WaitOp>(op)) {
      return op.emitOpError("expects to stand within a task");
    }
  }
  // (graph_c1)
  if (ragged && !counts)
    return emitOpError("expects a buffer of counts where there are 'rows'");
  for (Sweep &sweep : getSweeps(*this))
    if (failed(verifySweep(*this, sweep)))
      return failure();
  return success();
}

void RankOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getSelf(), "self");
}

//===----------------------------------------------------------------------===//
// BufferOp, SignalOp
//===----------------------------------------------------------------------===//

std::optional<unsigned> BufferOp::getRowsDim() {
  for (auto [i, dim] : llvm::enumerate(getShape()))
    if (dim.extent == Extent::Rows)
      return i;
  return std::nullopt;
}

LogicalResult BufferOp::verify() {
  DimsAttr shape = getShape();
  // (buffer_c1)
  if (failed(tile::detail::verifyRaggedShape(*this, shape)))
    return failure();
  // (buffer_c2)
  if (getSpace() == Space::Symmetric &&
      (shape.size() == 0 || shape[0].extent != Extent::Ranks))
    return emitOpError("expects a symmetric buffer to begin with 'ranks', but "
                       "got ")
           << shape;
  // (buffer_c3)
  bool countsExperts = shape.size() == 1 && shape[0].extent == Extent::Experts;
  if (isCounts() && (!countsExperts || !getElement().isIndex() ||
                     getSpace() != Space::Device))
    return emitOpError("expects counts to be 'experts x index in device', but "
                       "got ")
           << shape << " of " << getElement() << " in "
           << stringifySpace(getSpace());
  // (buffer_c4)
  bool hasGap = getGap() != Gap::None;
  if (getAlign() != 1 && !getRowsDim())
    return emitOpError("expects 'rows' where there is an alignment, but got ")
           << shape;
  if (hasGap != (getAlign() != 1))
    return emitOpError("requires 'align' (")
           << getAlign() << ") to be above 1 where and only where 'gap' ("
           << stringifyGap(getGap()) << ") is undef or zero";
  // (buffer_c5)
  if (getRing() && (shape.size() == 0 || !shape[0].isStatic())) {
    ScheduleAttr schedule = (*this)->getParentOfType<GraphOp>().getSchedule();
    bool ofItems = beginsWithRows(shape)
                       ? shape[1].step == 1 && !schedule.getSweep().empty()
                       : isTokenRing(*this) && shape[0].step == 1 &&
                             !schedule.getTokenSweep().empty();
    if (!ofItems)
      return emitOpError("expects a ring to begin with a fixed size, or with "
                         "'experts x rows' or 'tokens' under a sweep of "
                         "these, but got ")
             << shape;
  }
  // (buffer_c6)
  if (getMemory()) {
    auto type = dyn_cast<MemRefType>(getMemory().getType());
    int64_t rank = shape.size() - getRowsDim().has_value();
    if (!type || type.getElementType() != getElement() ||
        type.getRank() != rank)
      return emitOpError("requires 'memory' (")
             << getMemory().getType() << ") to have rank " << rank
             << " and elements of " << getElement();
  }
  // (buffer_c7)
  bool isCallers = getRole() == Role::Input || getRole() == Role::Output;
  if (isCallers &&
      (getSpace() == Space::Worker || getRing() || getCopies() != 1))
    return emitOpError("expects an ")
           << stringifyRole(getRole())
           << " to be one array that all tasks of a rank see, but got "
           << (getRing()          ? "a ring"
               : getCopies() != 1 ? "copies"
                                  : "memory of a worker");
  return success();
}

LogicalResult SignalOp::verify() {
  // (signal_c1)
  if (getScope() == Scope::System &&
      (getShape().size() == 0 || getShape()[0].extent != Extent::Ranks))
    return emitOpError("expects a signal of system scope to begin with "
                       "'ranks', but got ")
           << getShape();
  // (signal_c2)
  return tile::detail::verifyRaggedShape(*this, getShape());
}
