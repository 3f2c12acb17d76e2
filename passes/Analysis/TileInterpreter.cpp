// The interpreter of task graphs: random loads, and who takes the next step.
#include "moe/Analysis/TileInterpreter.h"
#include "TileMachine.h"

#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace moe;
using namespace moe::tile;
using namespace moe::tile::detail;

uint64_t Random::next() {
  // SplitMix64.
  state += 0x9E3779B97F4A7C15;
  uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

StringRef moe::tile::stringifyFindingKind(FindingKind kind) {
  switch (kind) {
  case FindingKind::Deadlock:
    return "deadlock";
  case FindingKind::UnknownCounts:
    return "unknown counts";
  case FindingKind::UnwrittenRead:
    return "unwritten read";
  case FindingKind::UnorderedRead:
    return "unordered read";
  case FindingKind::DoubleWrite:
    return "double write";
  case FindingKind::SlotReuse:
    return "slot reuse";
  case FindingKind::StaleEpoch:
    return "stale epoch";
  case FindingKind::MissingWrite:
    return "missing write";
  }
  llvm_unreachable("every kind has a name");
}

SmallVector<SmallVector<Load>> moe::tile::randomLoads(GraphOp graph,
                                                      int64_t launches,
                                                      int64_t maxTokens,
                                                      Random &random) {
  int64_t experts = graph.getExperts();
  // A tile of the graph's rows or tokens, whose neighbours are worth trying.
  int64_t tile = 1;
  graph.walk([&](TaskOp task) {
    for (const Dim &dim : task.getDomain())
      if (dim.isData())
        tile = std::max(tile, dim.step);
  });
  SmallVector<SmallVector<Load>> loads;
  for (int64_t launch = 0; launch < launches; ++launch) {
    SmallVector<Load> &ranks = loads.emplace_back();
    for (int64_t rank = 0; rank < static_cast<int64_t>(graph.getRanks());
         ++rank) {
      Load &load = ranks.emplace_back();
      const int64_t sizes[] = {0,        1,        tile - 1,
                               tile,     tile + 1, random.below(maxTokens + 1),
                               maxTokens};
      load.tokens = std::min(sizes[random.below(std::size(sizes))], maxTokens);
      load.rows.assign(experts, 0);
      // Evenly, one expert in every token, half of the experts in none, or all
      // of them: every choice is dropped.
      int64_t shape = random.below(4);
      if (shape == 3)
        continue;
      int64_t hot = random.below(experts);
      int64_t used = shape == 2 ? std::min(experts / 2 + 1, experts) : experts;
      for (int64_t token = 0; token < load.tokens; ++token) {
        int64_t first = shape == 1 ? hot : random.below(used);
        ++load.rows[first];
        if (used > 1)
          ++load.rows[(first + 1 + random.below(used - 1)) % used];
      }
    }
  }
  return loads;
}

//===----------------------------------------------------------------------===//
// Scheduling
//===----------------------------------------------------------------------===//

/// All that a task waits for from others has arrived.
bool Machine::isReady(int64_t rank, const Pending &pending) {
  Pending copy = pending;
  int64_t number = instances, count = result.tasks;
  std::unique_ptr<Instance> instance = begin(rank, copy);
  instances = number;
  result.tasks = count;
  for (WaitOp guard : instance->guards)
    if (!isOpen(locateGuard(guard, *instance), instance->launch))
      return false;
  for (const Strand &strand : instance->strands)
    for (const Step &step : strand.steps) {
      auto wait = dyn_cast<WaitOp>(step.op);
      if (!wait)
        continue;
      SignalOp signal = signals.lookup(wait.getSignalAttr().getAttr());
      if (signal.getScope() != Scope::Worker &&
          !isOpen(locate(wait, step.indices, *instance), instance->launch))
        return false;
    }
  return true;
}

/// The next task of a worker that claims its own.
Pending *Machine::claimable(Rank &rank, int64_t worker) {
  int64_t count = rank.tasks.size();
  if (schedule == ScheduleKind::Ticket) {
    const Worker &own = rank.workers[worker];
    int64_t ticket = own.next < own.end ? own.next : rank.nextTicket;
    return ticket < count ? &rank.tasks[ticket] : nullptr;
  }
  for (int64_t &i = rank.workers[worker].next; i < count; ++i) {
    Pending &task = rank.tasks[i];
    int64_t owner = schedule == ScheduleKind::StaticWave ? i
                    : task.point.empty()                 ? 0
                                                         : task.point.front();
    if (owner % workers == worker && !task.taken)
      return &task;
  }
  return nullptr;
}

void Machine::collect(int64_t number, SmallVectorImpl<Action> &actions) {
  Rank &rank = ranks[number];
  int64_t running = llvm::count_if(rank.workers, [](const Worker &worker) {
    return worker.started && !worker.finished;
  });
  bool central = schedule == ScheduleKind::CentralOS;
  for (auto [w, worker] : llvm::enumerate(rank.workers)) {
    auto add = [&, w = w](Action::Kind kind, size_t strand = 0,
                          Pending *pending = nullptr) {
      actions.push_back(
          {number, static_cast<int64_t>(w), kind, strand, pending});
    };
    if (worker.finished)
      continue;
    if (!worker.started) {
      // The scheduler of a central schedule is the last worker to start.
      bool first =
          llvm::all_of(ArrayRef(rank.workers).take_front(w),
                       [](const Worker &other) { return other.started; });
      if (running < resident && (!central || first))
        add(Action::Start);
      continue;
    }
    if (Instance *instance = worker.current.get()) {
      if (instance->nextGuard < instance->guards.size()) {
        Where where =
            locateGuard(instance->guards[instance->nextGuard], *instance);
        if (isOpen(where, instance->launch))
          add(Action::Guard);
        continue;
      }
      for (auto [s, strand] : llvm::enumerate(instance->strands))
        if (!strand.done() && canTake(strand.steps[strand.next], *instance))
          add(Action::Take, s);
      if (instance->done())
        add(Action::End);
      continue;
    }
    if (!central) {
      Pending *pending = claimable(rank, w);
      add(pending ? Action::Claim : Action::Finish, 0, pending);
      continue;
    }
    if (rank.ended == static_cast<int64_t>(rank.tasks.size())) {
      add(Action::Finish);
    } else if (static_cast<int64_t>(w) + 1 == workers) {
      // The last worker hands a task that is ready to an idle one.
      bool idle = llvm::any_of(
          ArrayRef(rank.workers).drop_back(),
          [](const Worker &other) { return other.started && !other.current; });
      SmallVector<Pending *> ready;
      if (idle)
        for (Pending &pending : rank.tasks)
          if (!pending.taken && isReady(number, pending))
            ready.push_back(&pending);
      if (!ready.empty())
        add(Action::Dispatch, 0, ready[random.below(ready.size())]);
    }
  }
}

void Machine::perform(const Action &action) {
  Rank &rank = ranks[action.rank];
  Worker &worker = rank.workers[action.worker];
  switch (action.kind) {
  case Action::Start:
    worker.started = true;
    return;
  case Action::Claim:
    if (schedule == ScheduleKind::Ticket) {
      if (worker.next == worker.end) {
        int64_t left = rank.tasks.size() - rank.nextTicket;
        worker.next = rank.nextTicket;
        rank.nextTicket += 1 + claims.below(std::min(left, mostTickets));
        worker.end = rank.nextTicket;
      }
      ++worker.next;
    }
    worker.current = begin(action.rank, *action.pending);
    if (worker.current->guards.empty())
      checkCounts(*worker.current);
    return;
  case Action::Dispatch: {
    SmallVector<Worker *> idle;
    for (Worker &other : MutableArrayRef(rank.workers).drop_back())
      if (other.started && !other.current)
        idle.push_back(&other);
    std::unique_ptr<Instance> instance = begin(action.rank, *action.pending);
    if (instance->guards.empty())
      checkCounts(*instance);
    idle[random.below(idle.size())]->current = std::move(instance);
    return;
  }
  case Action::Guard:
    takeGuard(*worker.current);
    return;
  case Action::Take: {
    Strand &strand = worker.current->strands[action.strand];
    take(strand.steps[strand.next++], *worker.current);
    return;
  }
  case Action::End:
    ++rank.ended;
    worker.current.reset();
    return;
  case Action::Finish:
    worker.finished = true;
    if (llvm::all_of(rank.workers,
                     [](const Worker &other) { return other.finished; }))
      endLaunch(action.rank);
    return;
  }
}

void Machine::reportDeadlock() {
  for (Rank &rank : ranks) {
    for (Worker &worker : rank.workers) {
      Instance *instance = worker.current.get();
      if (!instance)
        continue;
      auto blocked = [&](WaitOp op, const Where &where) {
        if (isOpen(where, instance->launch))
          return false;
        report(FindingKind::Deadlock, op.getLoc(),
               llvm::formatv("no worker can go on: {0} waits for {1} arrivals "
                             "at {2}, which has {3}",
                             describe(*instance), where.expected, where.name,
                             where.cell->arrived[instance->launch]));
        return true;
      };
      if (instance->nextGuard < instance->guards.size()) {
        WaitOp guard = instance->guards[instance->nextGuard];
        if (blocked(guard, locateGuard(guard, *instance)))
          return;
        continue;
      }
      for (const Strand &strand : instance->strands)
        if (!strand.done())
          if (auto wait = dyn_cast<WaitOp>(strand.steps[strand.next].op))
            if (blocked(wait, locate(wait, strand.steps[strand.next].indices,
                                     *instance)))
              return;
    }
  }
  report(FindingKind::Deadlock, graph.getLoc(),
         "no worker can go on: the one that hands out tasks is not resident, "
         "or has no task that is ready");
}

RunResult Machine::run() {
  for (int64_t rank = 0; rank < static_cast<int64_t>(ranks.size()); ++rank) {
    if (options.loads.empty())
      ranks[rank].finished = true;
    else
      beginLaunch(rank);
  }
  SmallVector<Action> actions;
  while (!result.finding) {
    actions.clear();
    bool live = false;
    for (int64_t rank = 0; rank < static_cast<int64_t>(ranks.size()); ++rank) {
      live |= !ranks[rank].finished;
      if (!ranks[rank].finished)
        collect(rank, actions);
    }
    if (!live)
      break;
    if (actions.empty()) {
      reportDeadlock();
      break;
    }
    size_t choice = random.below(actions.size());
    if (byPriority) {
      auto priority = [&](const Action &action) {
        return ranks[action.rank].workers[action.worker].priority;
      };
      // Now and then another worker comes first.
      if (random.below(64) == 0)
        ranks[actions[choice].rank].workers[actions[choice].worker].priority =
            random.next();
      choice =
          std::distance(actions.begin(),
                        std::max_element(actions.begin(), actions.end(),
                                         [&](const Action &a, const Action &b) {
                                           return priority(a) < priority(b);
                                         }));
    }
    perform(actions[choice]);
  }
  return result;
}

RunResult moe::tile::runTileGraph(GraphOp graph, const RunOptions &options) {
  return Machine(graph, options).run();
}
