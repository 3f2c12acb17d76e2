// What the interpreter of task graphs does in one step: launches, tasks,
// signals, memory.
#include "TileMachine.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace moe;
using namespace moe::tile;
using namespace moe::tile::detail;

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

Machine::Machine(GraphOp graph, const RunOptions &options)
    : graph(graph), sweeps(getSweeps(graph)), options(options),
      random(options.seed), claims(~options.seed), ranks(graph.getRanks()) {
  ScheduleAttr attr = graph.getSchedule();
  schedule = options.schedule.value_or(attr.getKind());
  experts = graph.getExperts();
  workers = options.workers     ? options.workers
            : attr.getWorkers() ? attr.getWorkers()
                                : 4;
  resident = options.resident     ? options.resident
             : attr.getResident() ? attr.getResident()
                                  : workers;
  // Half of the seeds let some workers starve as long as others can go on.
  byPriority = random.below(2) == 0;
  // Half of them let workers claim several tickets at once.
  mostTickets = claims.below(2) == 0 ? 1 : 6;
  // Half of them take the steps of a sweep in batches, where it has these.
  batches = llvm::any_of(sweeps,
                         [](const Sweep &sweep) { return sweep.batch > 1; }) &&
            claims.below(2) == 0;
  for (Operation &op : graph.getBody().front()) {
    if (auto signal = dyn_cast<SignalOp>(op))
      signals[signal.getSymNameAttr()] = signal;
    if (auto buffer = dyn_cast<BufferOp>(op)) {
      buffers[buffer.getSymNameAttr()] = buffer;
      units[buffer].assign(buffer.getShape().size(), 0);
      if (buffer.isCounts())
        counts = buffer;
    }
  }
  auto isRows = [](const Dim &dim) { return dim.extent == Extent::Rows; };
  graph.walk([&](Operation *op) {
    Operation *task = op->getParentOfType<TaskOp>();
    if (auto self = dyn_cast<TaskOp>(op);
        self && llvm::any_of(self.getDomain(), isRows))
      needsCounts.insert(op);
    if (auto walk = dyn_cast<ForOp>(op); walk && isRows(walk.getDim()[0]))
      needsCounts.insert(task);
    if (auto wait = dyn_cast<WaitOp>(op); wait && task)
      for (DimsAttr term : wait.getExpects().getTerms())
        if (llvm::any_of(term, isRows))
          needsCounts.insert(task);
    auto compute = dyn_cast<ComputeOp>(op);
    if (!compute)
      return;
    for (const Access &access : getAccesses(compute)) {
      BufferOp buffer = buffers.lookup(access.attr.getBuffer().getAttr());
      countsAreWritten |= access.writes() && buffer == counts;
      for (auto [unit, index] : llvm::zip(units[buffer], access.indices)) {
        if (!index)
          continue;
        auto value = dyn_cast<Value>(index);
        unit = std::gcd(unit, value ? getIndexDim(value)->step : 1);
      }
    }
  });
}

int64_t Machine::tiles(const Dim &dim, const Load &load, int64_t expert) const {
  switch (dim.extent) {
  case Extent::Static:
    return dim.staticTiles();
  case Extent::Ranks:
    return ranks.size();
  case Extent::Experts:
    return experts;
  case Extent::Rows:
    return llvm::divideCeil(load.rows[expert], dim.step);
  case Extent::Tokens:
    return llvm::divideCeil(load.tokens, dim.step);
  }
  llvm_unreachable("every extent has a size");
}

int64_t Machine::evaluate(ArrivalsAttr arrivals, const Load &load,
                          int64_t expert) const {
  int64_t sum = 0;
  for (DimsAttr term : arrivals.getTerms()) {
    auto product = [&](int64_t e, bool skipExperts) {
      int64_t value = 1;
      for (const Dim &dim : term)
        if (!skipExperts || dim.extent != Extent::Experts)
          value *= tiles(dim, load, e);
      return value;
    };
    bool all = llvm::any_of(
        term, [](const Dim &dim) { return dim.extent == Extent::Experts; });
    if (!all)
      sum += product(expert, false);
    else
      for (int64_t e = 0; e < experts; ++e)
        sum += product(e, true);
  }
  return sum;
}

//===----------------------------------------------------------------------===//
// Launches and tasks
//===----------------------------------------------------------------------===//

int64_t Machine::itemOf(const Sweep &sweep, const Load &load,
                        ArrayRef<int64_t> indices) const {
  if (!sweep.ofRows())
    return indices[0];
  int64_t item = indices[1];
  for (int64_t e = 0; e < indices[0]; ++e)
    item += tiles(sweep.items, load, e);
  return item;
}

SmallVector<int64_t> Machine::indicesOf(const Sweep &sweep, const Load &load,
                                        int64_t item) const {
  if (!sweep.ofRows())
    return {item};
  int64_t expert = 0;
  while (item >= tiles(sweep.items, load, expert))
    item -= tiles(sweep.items, load, expert++);
  return {expert, item};
}

int64_t Machine::itemsOf(const Sweep &sweep, const Load &load) const {
  return sweep.ofRows() ? itemOf(sweep, load, {experts, 0})
                        : tiles(sweep.items, load, /*expert=*/0);
}

/// The sweep whose items `ring` has entries for; null for one of fixed size.
const Sweep *Machine::sweepOf(BufferOp ring) const {
  if (ring.getShape()[0].isStatic())
    return nullptr;
  return llvm::find_if(sweeps, [&](const Sweep &sweep) {
    return sweep.ofRows() == ring.getRowsDim().has_value();
  });
}

/// The tasks of a family whose points begin with `point`, in order.
void Machine::addTasks(Rank &rank, TaskOp task, SmallVector<int64_t> point,
                       const Load &load) {
  std::function<void()> enumerate = [&]() {
    if (point.size() == task.getDomain().size()) {
      rank.tasks.push_back({task, point});
      return;
    }
    int64_t expert = 0;
    for (auto [dim, at] : llvm::zip(task.getDomain(), point))
      if (dim.extent == Extent::Experts)
        expert = at;
    int64_t count = tiles(task.getDomain()[point.size()], load, expert);
    for (int64_t i = 0; i < count; ++i) {
      point.push_back(i);
      enumerate();
      point.pop_back();
    }
  };
  enumerate();
}

/// Tasks of families that take turns, by single steps or by batches.
void Machine::addTurns(Rank &rank, const Sweep &sweep, const Load &load) {
  int64_t items = itemsOf(sweep, load), batch = batches ? sweep.batch : 1;
  for (int64_t first = 0; first < items + sweep.mostLag(); first += batch)
    for (auto [family, lag] : llvm::zip_equal(sweep.tasks, sweep.lags))
      for (int64_t item = first - lag; item < first - lag + batch; ++item)
        if (item >= 0 && item < items)
          addTasks(rank, family, indicesOf(sweep, load, item), load);
}

void Machine::beginLaunch(int64_t number) {
  Rank &rank = ranks[number];
  const Load &sizes = load(number, rank.launch);
  rank.begin = rank.past;
  rank.nextTicket = rank.ended = 0;
  rank.tasks.clear();
  rank.workers.clear();
  rank.workers.resize(workers);
  for (Worker &worker : rank.workers)
    worker.priority = random.next();
  for (auto task : graph.getBody().front().getOps<TaskOp>()) {
    const Sweep *sweep = findSweep(sweeps, task);
    if (!sweep) {
      addTasks(rank, task, {}, sizes);
      continue;
    }
    if (task != sweep->tasks.front())
      continue;
    addTurns(rank, *sweep, sizes);
  }
  // Whoever launches clears what has to be, on this rank.
  for (auto &[key, cell] : cells) {
    auto signal = cast<SignalOp>(key.first);
    if (signal.getEpoch().getKind() == EpochKind::Fresh &&
        key.second.front() == number)
      cell.value = 0;
  }
}

void Machine::endLaunch(int64_t number) {
  Rank &rank = ranks[number];
  for (auto &entry : buffers) {
    BufferOp buffer = entry.second;
    if (buffer.getRole() != Role::Output || buffer.getSpace() != Space::Device)
      continue;
    // Read everything; what was not written in this launch shows.
    Instance reader;
    reader.rank = number;
    reader.launch = rank.launch;
    SmallVector<OpFoldResult> whole(buffer.getShape().size());
    auto attr =
        AccessAttr::get(buffer.getContext(), Mode::Read,
                        FlatSymbolRefAttr::get(buffer.getSymNameAttr()),
                        SmallVector<int64_t>(whole.size(), AccessAttr::kWhole));
    access(-1, rank.past, {attr, whole}, {}, reader, ComputeOp());
  }
  if (++rank.launch == static_cast<int64_t>(options.loads.size()))
    rank.finished = true;
  else
    beginLaunch(number);
}

void Machine::flatten(Block &block, Instance &instance, size_t strand,
                      DenseMap<Value, int64_t> &indices,
                      DenseMap<Value, int> &tokens) {
  auto tokensOf = [&](ValueRange values) {
    SmallVector<int> found;
    // Tokens from beside the task are part of its beginning.
    for (Value value : values)
      if (auto it = tokens.find(value); it != tokens.end())
        found.push_back(it->second);
    return found;
  };
  for (Operation &op : block) {
    if (auto walk = dyn_cast<ForOp>(op)) {
      const Load &sizes = load(instance.rank, instance.launch);
      int64_t expert = 0;
      for (auto [index, dim] : getIterations(walk))
        if (dim.extent == Extent::Experts)
          expert = indices.lookup(index);
      int64_t count = tiles(walk.getDim()[0], sizes, expert);
      Block &body = walk.getBody().front();
      SmallVector<int> carried = tokensOf(walk.getInit());
      carried.resize(walk.getInit().size(), -1);
      for (int64_t i = 0; i < count; ++i) {
        indices[body.getArgument(0)] = i;
        for (auto [argument, token] :
             llvm::zip(body.getArguments().drop_front(), carried))
          tokens[argument] = token;
        flatten(body, instance, strand, indices, tokens);
        SmallVector<int> next;
        for (Value token : cast<YieldOp>(body.getTerminator()).getTokens())
          next.push_back(tokens.contains(token) ? tokens.lookup(token) : -1);
        carried = next;
      }
      for (auto [value, token] : llvm::zip(walk.getResults(), carried))
        tokens[value] = token;
    } else if (auto role = dyn_cast<RoleOp>(op)) {
      instance.strands.emplace_back();
      Block &body = role.getBody().front();
      flatten(body, instance, instance.strands.size() - 1, indices, tokens);
      for (auto [value, token] :
           llvm::zip(role.getResults(),
                     cast<YieldOp>(body.getTerminator()).getTokens()))
        tokens[value] = tokens.contains(token) ? tokens.lookup(token) : -1;
    } else if (isa<WaitOp, ArriveOp, ComputeOp>(op)) {
      Step step{&op, {}, {}};
      for (Value operand : op.getOperands()) {
        if (isa<TokenType>(operand.getType()))
          continue;
        step.indices.push_back(operand.getDefiningOp<RankOp>()
                                   ? instance.rank
                                   : indices.lookup(operand));
      }
      for (int token : tokensOf(op.getOperands()))
        if (token >= 0)
          step.after.push_back(token);
      if (op.getNumResults() != 0) {
        step.token = instance.tokens.size();
        instance.tokens.emplace_back();
        tokens[op.getResult(0)] = step.token;
      }
      instance.strands[strand].steps.push_back(std::move(step));
    }
  }
}

std::unique_ptr<Instance> Machine::begin(int64_t rank, Pending &pending) {
  auto instance = std::make_unique<Instance>();
  instance->task = pending.task;
  instance->number = instances++;
  instance->rank = rank;
  instance->launch = ranks[rank].launch;
  instance->point = pending.point;
  instance->begin = ranks[rank].begin;
  for (Value token : pending.task.getAfter())
    instance->guards.push_back(token.getDefiningOp<WaitOp>());
  instance->strands.emplace_back();
  DenseMap<Value, int64_t> indices;
  DenseMap<Value, int> tokens;
  for (auto [argument, value] :
       llvm::zip(pending.task.getBody().getArguments(), pending.point))
    indices[argument] = value;
  flatten(pending.task.getBody().front(), *instance, 0, indices, tokens);
  pending.taken = true;
  ++result.tasks;
  return instance;
}

std::string Machine::describe(const Instance &instance) const {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "task '" << TaskOp(instance.task).getName() << "' (";
  llvm::interleaveComma(instance.point, os);
  os << "), rank " << instance.rank << ", launch " << instance.launch;
  return text;
}

//===----------------------------------------------------------------------===//
// Signals
//===----------------------------------------------------------------------===//

template <typename OpTy>
Machine::Where Machine::locate(OpTy op, ArrayRef<int64_t> indices,
                               const Instance &instance) {
  SignalOp signal = signals.lookup(op.getSignalAttr().getAttr());
  std::vector<int64_t> cell;
  for (int64_t index : op.getStaticIndices()) {
    if (index == AccessAttr::kOperand) {
      index = indices.front();
      indices = indices.drop_front();
    }
    cell.push_back(index);
  }
  Where where;
  where.epoch = signal.getEpoch();
  const Load &sizes = load(instance.rank, instance.launch);
  const Sweep *sweep = llvm::find_if(sweeps, [&](const Sweep &sweep) {
    return sweep.leads(signal.getShape());
  });
  if (sweep != sweeps.end()) {
    int64_t item =
        itemOf(*sweep, sizes, cell) - static_cast<int64_t>(op.getBehind());
    where.none = item < 0;
    if (!where.none)
      llvm::copy(indicesOf(*sweep, sizes, item), cell.begin());
  } else if (!cell.empty()) {
    cell.front() -= op.getBehind();
    where.none = cell.front() < 0;
  }
  int64_t expert = 0;
  for (auto [dim, index] : llvm::zip(signal.getShape(), cell))
    if (dim.extent == Extent::Experts)
      expert = index;
  llvm::raw_string_ostream os(where.name);
  os << "'" << op.getSignal() << "'[";
  llvm::interleaveComma(cell, os);
  os << "]";
  if constexpr (std::is_same_v<OpTy, WaitOp>)
    where.expected = evaluate(op.getExpects(), sizes, expert);
  // Whose cells they are comes first: of the rank, of the task instance, or of
  // the rank that is named. Numbers below 0 are instances.
  if (signal.getScope() == Scope::Device)
    cell.insert(cell.begin(), instance.rank);
  else if (signal.getScope() == Scope::Worker)
    cell.insert(cell.begin(), -1 - instance.number);
  if (!where.none)
    where.cell = &cells[{signal, cell}];
  return where;
}

bool Machine::isOpen(const Where &where, int64_t launch) const {
  if (where.none || where.expected == 0)
    return true;
  int64_t value = where.cell->value;
  switch (where.epoch.getKind()) {
  case EpochKind::Fresh:
  case EpochKind::SelfClean:
    return value >= where.expected;
  case EpochKind::Monotone:
    return value >= (launch + 1) * where.expected;
  case EpochKind::Stamp:
    return value >= launch + 1;
  case EpochKind::Cyclic:
    return value != launch % where.epoch.getModulus();
  }
  llvm_unreachable("every epoch has a condition");
}

void Machine::pass(const Where &where, Instance &instance, Past &token,
                   WaitOp op) {
  if (where.none || where.expected == 0)
    return;
  Cell &cell = *where.cell;
  if (cell.arrived[instance.launch] < where.expected)
    report(FindingKind::StaleEpoch, op.getLoc(),
           llvm::formatv("the wait of {0} for {1} goes on with {2} of {3} "
                         "arrivals of its launch",
                         describe(instance), where.name,
                         cell.arrived[instance.launch], where.expected));
  if (where.epoch.getKind() == EpochKind::SelfClean)
    cell.value -= where.expected;
  join(token, cell.published);
}

Machine::Where Machine::locateGuard(WaitOp guard, const Instance &instance) {
  SmallVector<int64_t> self(guard.getIndices().size(), instance.rank);
  return locate(guard, self, instance);
}

void Machine::takeGuard(Instance &instance) {
  WaitOp guard = instance.guards[instance.nextGuard++];
  pass(locateGuard(guard, instance), instance, instance.begin, guard);
  if (instance.nextGuard == instance.guards.size())
    checkCounts(instance);
}

/// The domain of a task that is at hand was computed from the counts.
void Machine::checkCounts(const Instance &instance) {
  if (!countsAreWritten || !needsCounts.contains(instance.task))
    return;
  for (int64_t expert = 0; expert < experts; ++expert) {
    const Slot &slot = memory[{counts, {instance.rank, 0, expert}}];
    if (slot.launch != instance.launch ||
        !contains(instance.begin, slot.writer))
      return report(FindingKind::UnknownCounts, TaskOp(instance.task).getLoc(),
                    describe(instance) +
                        " begins before the counts are known to be written");
  }
}

bool Machine::canTake(const Step &step, const Instance &instance) {
  if (auto wait = dyn_cast<WaitOp>(step.op))
    return isOpen(locate(wait, step.indices, instance), instance.launch);
  return llvm::all_of(step.after, [&](int token) {
    return instance.tokens[token].has_value();
  });
}

void Machine::take(Step &step, Instance &instance) {
  Past past = instance.begin;
  for (int token : step.after)
    join(past, *instance.tokens[token]);
  if (auto wait = dyn_cast<WaitOp>(step.op)) {
    pass(locate(wait, step.indices, instance), instance, past, wait);
  } else if (auto arrive = dyn_cast<ArriveOp>(step.op)) {
    Where where = locate(arrive, step.indices, instance);
    if (where.none)
      return;
    Cell &cell = *where.cell;
    join(cell.published, past);
    ++cell.arrived[instance.launch];
    EpochKind kind = where.epoch.getKind();
    if (kind == EpochKind::Stamp)
      cell.value = instance.launch + 1;
    else if (kind == EpochKind::Cyclic)
      cell.value = (instance.launch + 1) % where.epoch.getModulus();
    else
      ++cell.value;
  } else {
    auto op = cast<ComputeOp>(step.op);
    int event = events++;
    Past before = past;
    ArrayRef<int64_t> indices = step.indices;
    for (const Access &entry : getAccesses(op)) {
      size_t operands = entry.attr.getNumOperands();
      access(event, before, entry, indices.take_front(operands), instance, op);
      indices = indices.drop_front(operands);
    }
    past.resize(std::max<size_t>(past.size(), event + 1));
    past.set(event);
    join(ranks[instance.rank].past, past);
  }
  if (step.token >= 0)
    instance.tokens[step.token] = std::move(past);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// The rows of a region as places in memory: expert after expert, aligned.
SmallVector<Interval> Machine::ragged(BufferOp buffer, const Load &load,
                                      std::optional<int64_t> expert,
                                      std::optional<Interval> rows) const {
  SmallVector<Interval> intervals;
  int64_t align = buffer.getAlign(), offset = 0;
  for (int64_t e = 0; e < experts; ++e) {
    int64_t aligned = llvm::alignTo(load.rows[e], align);
    int64_t end = buffer.getGap() == Gap::Zero ? aligned : load.rows[e];
    if (!expert || *expert == e) {
      Interval part = rows.value_or(Interval{0, end});
      intervals.push_back(
          {offset + part.begin, offset + std::min(part.end, end)});
    }
    offset += aligned;
  }
  return intervals;
}

/// Tiles of rows as places: room for many per expert.
SmallVector<Interval>
Machine::tilesOfRows(const Dim &dim, const Load &load,
                     std::optional<int64_t> expert,
                     std::optional<Interval> range) const {
  constexpr int64_t room = 1 << 20;
  SmallVector<Interval> intervals;
  for (int64_t e = 0; e < experts; ++e) {
    if (expert && *expert != e)
      continue;
    Interval part = range.value_or(Interval{0, tiles(dim, load, e)});
    intervals.push_back({e * room + part.begin, e * room + part.end});
  }
  return intervals;
}

void Machine::access(int event, const Past &before, const Access &access,
                     ArrayRef<int64_t> indices, const Instance &instance,
                     ComputeOp op) {
  BufferOp buffer = buffers.lookup(access.attr.getBuffer().getAttr());
  if (buffer.getRole() == Role::Input ||
      (buffer == counts && !countsAreWritten))
    return;
  const Load &sizes = load(instance.rank, instance.launch);
  DimsAttr shape = buffer.getShape();
  // Places of each dimension, in units; experts and rows become one.
  SmallVector<SmallVector<Interval>> places;
  std::optional<int64_t> expert;
  int64_t entry = -1;
  for (auto [i, dim, index] : llvm::enumerate(shape, access.indices)) {
    std::optional<int64_t> at;
    int64_t step = 1;
    if (index) {
      auto value = dyn_cast<Value>(index);
      at = value ? indices.front()
                 : cast<IntegerAttr>(cast<Attribute>(index)).getInt();
      if (value) {
        indices = indices.drop_front();
        step = getIndexDim(value)->step;
      } else {
        step = dim.step;
      }
    }
    bool isCell = dim.step != 1;
    std::optional<Interval> range;
    if (at)
      range = Interval{*at * step / dim.step,
                       ((*at + 1) * step + dim.step - 1) / dim.step};
    bool beforeRows =
        i + 1 < shape.size() && shape[i + 1].extent == Extent::Rows;
    if (beforeRows) {
      expert = at;
      continue;
    }
    if (dim.extent == Extent::Rows && buffer.getRing()) {
      // Each entry has room for a tile of rows.
      int64_t height = sweepOf(buffer)->items.step;
      entry = itemOf(*sweepOf(buffer), sizes, {*expert, *at});
      int64_t begin = entry % static_cast<int64_t>(*buffer.getRing()) * height;
      int64_t rows = sizes.rows[*expert] - *at * height;
      places.push_back({{begin, begin + std::min(rows, height)}});
      continue;
    }
    if (dim.extent == Extent::Tokens && i == 0 && buffer.getRing()) {
      int64_t height = sweepOf(buffer)->items.step;
      entry = *at;
      int64_t begin = entry % static_cast<int64_t>(*buffer.getRing()) * height;
      int64_t rows = sizes.tokens - *at * height;
      places.push_back({{begin, begin + std::min(rows, height)}});
      continue;
    }
    if (dim.extent == Extent::Rows) {
      places.push_back(isCell ? tilesOfRows(dim, sizes, expert, range)
                              : ragged(buffer, sizes, expert, range));
      continue;
    }
    int64_t size = dim.isStatic() && !isCell
                       ? dim.size
                       : tiles(dim, sizes, expert.value_or(0));
    Interval part = range.value_or(Interval{0, size});
    part.end = std::min(part.end, size);
    if (i == 0 && buffer.getRing()) {
      entry = at.value_or(-1);
      part.begin %= static_cast<int64_t>(*buffer.getRing());
      part.end = part.begin + 1;
    }
    int64_t unit = isCell ? 1 : units[buffer][i];
    if (unit == 0)
      unit = dim.isStatic() ? size : 1;
    if (unit > 1) {
      part.begin /= unit;
      part.end = llvm::divideCeil(part.end, unit);
    }
    places.push_back({part});
  }
  int64_t owner = buffer.getSpace() == Space::Worker   ? -1 - instance.number
                  : buffer.getSpace() == Space::Device ? instance.rank
                                                       : 0;
  std::vector<int64_t> place = {
      owner, instance.launch % static_cast<int64_t>(buffer.getCopies())};
  std::function<void(size_t)> visitAll = [&](size_t i) {
    if (i == places.size())
      return visit(event, before, memory[{buffer, place}], access.mode(), entry,
                   buffer, instance, op);
    for (const Interval &interval : places[i])
      for (int64_t at = interval.begin; at < interval.end; ++at) {
        place.push_back(at);
        visitAll(i + 1);
        place.pop_back();
      }
  };
  visitAll(0);
}

void Machine::visit(int event, const Past &before, Slot &slot, Mode mode,
                    int64_t entry, BufferOp buffer, const Instance &instance,
                    ComputeOp op) {
  bool written =
      slot.writer >= 0 && slot.launch == instance.launch && slot.entry == entry;
  StringRef name = buffer.getSymName();
  if (event < 0) {
    if (!written)
      report(FindingKind::MissingWrite, buffer.getLoc(),
             llvm::formatv("'{0}' is not written everywhere when launch {1} of "
                           "rank {2} ends",
                           name, instance.launch, instance.rank));
    return;
  }
  auto reportAt = [&](FindingKind kind, StringRef what) {
    report(kind, op.getLoc(),
           describe(instance) + " " + what + " '" + name + "'");
  };
  if (mode != Mode::Write) {
    if (!written)
      return reportAt(FindingKind::UnwrittenRead,
                      "reads what its launch has not written of");
    if (!contains(before, slot.writer))
      return reportAt(FindingKind::UnorderedRead,
                      "reads, in no order with its writer,");
  } else if (written) {
    return reportAt(FindingKind::DoubleWrite, "writes again an element of");
  }
  if (mode == Mode::Read) {
    slot.readers.push_back(event);
    return;
  }
  bool inUse = slot.writer >= 0 && !contains(before, slot.writer);
  for (int reader : slot.readers)
    inUse |= !contains(before, reader);
  if (inUse)
    return reportAt(FindingKind::SlotReuse,
                    "overwrites, in no order with its last use,");
  slot = {event, instance.launch, entry, {}};
}
