// Control flow, divergence, and the operations that work lane by lane.
#include "Machine.h"

using namespace moe::emu;

// ---- lane by lane ----

static uint64_t readField(const Warp &w, uint32_t offset, uint32_t width,
                          int lane) {
  switch (width) {
  case 0:
    return 0;
  case 1:
    return w.readPredicate(offset) >> lane & 1;
  case 2:
    return w.read32(offset, lane);
  default:
    return w.read64(offset, lane);
  }
}

const Op *moe::emu::runLane(Warp &w, const Op *op) {
  uint32_t flags = op->flags;
  forLanes(w.lanes(op), [&](int lane) {
    LaneArguments args{readField(w, op->a, flags >> 18 & 3, lane),
                       readField(w, op->b, flags >> 20 & 3, lane),
                       readField(w, op->c, flags >> 22 & 3, lane),
                       readField(w, op->d, flags >> 24 & 3, lane),
                       flags & 0xffff,
                       op->imm};
    uint64_t result = op->lane(args);
    switch (flags >> 16 & 3) {
    case 1: {
      uint32_t &to = w.predicate(op->dst);
      to = (to & ~(1u << lane)) | static_cast<uint32_t>(result & 1) << lane;
      break;
    }
    case 2:
      w.write32(op->dst, lane, static_cast<uint32_t>(result));
      break;
    default:
      w.write64(op->dst, lane, result);
    }
  });
  return op + 1;
}

const Op *moe::emu::runNothing(Warp &, const Op *op) { return op + 1; }

const Op *moe::emu::runCheckAssigned(Warp &w, const Op *op) {
  uint32_t missing = w.lanes(op) & ~w.predicate(op->a);
  if (missing) {
    int lane = __builtin_ctz(missing);
    w.machine->report(FindingKind::UninitialisedRegister, w, op, lane, 0,
                      "reads a register that was never written");
    w.predicate(op->a) |= missing;
  }
  return op + 1;
}

const Op *moe::emu::runMarkAssigned(Warp &w, const Op *op) {
  w.predicate(op->a) |= w.lanes(op);
  return op + 1;
}

/// Time goes on with the scheduler's slots: a nanosecond each.
const Op *moe::emu::runReadClock(Warp &w, const Op *op) {
  uint64_t now = w.machine->slots >> op->imm;
  forLanes(w.lanes(op), [&](int lane) {
    if (op->flags & 1)
      w.write64(op->dst, lane, now);
    else
      w.write32(op->dst, lane, static_cast<uint32_t>(now));
  });
  return op + 1;
}

const Op *moe::emu::runTrap(Warp &w, const Op *op) {
  uint32_t lanes = w.lanes(op);
  if (!lanes)
    return op + 1;
  w.machine->stop(FindingKind::Trap, w, op, __builtin_ctz(lanes), 0,
                  op->flags ? "an assertion of the kernel fails"
                            : "executes 'trap'");
}

// ---- divergence ----

/// Goes to `target`; a loop gives the core back when its budget is used up.
static const Op *jump(Warp &w, const Op *op, const Op *target) {
  if (target <= op && --w.budget < 0)
    return yieldAt(w, target);
  return target;
}

const Op *moe::emu::runJump(Warp &w, const Op *op) {
  return jump(w, op, op->target);
}

const Op *moe::emu::runBranch(Warp &w, const Op *op) {
  uint32_t taken = w.lanes(op), rest = w.mask & ~taken;
  if (!taken)
    return op + 1;
  if (!rest)
    return jump(w, op, op->target);

  // Both sides go on for themselves and meet at the post-dominator.
  const Op *meet = op->imm == ~uint64_t(0)
                       ? nullptr
                       : w.cta->launch->program->ops.data() + op->imm;
  std::shared_ptr<Join> join = w.group().join;
  if (meet && !(join && join->at == meet)) {
    auto inner = std::make_shared<Join>();
    inner->at = meet;
    inner->expected = w.mask;
    inner->outer = join;
    join = std::move(inner);
  }
  w.group().join = join;
  Group other;
  other.join = std::move(join);
  // An exhaustive search goes on with either side in the slots that follow.
  bool explores = w.machine->options.schedule == Schedule::Exhaustive;
  bool takeFirst = !explores && w.machine->pick(2) == 1;
  other.mask = takeFirst ? rest : taken;
  other.next = takeFirst ? op + 1 : op->target;
  w.group().mask = w.mask = takeFirst ? taken : rest;
  w.groups.push_back(std::move(other));
  if (explores)
    return yieldAt(w, op + 1);
  return takeFirst ? jump(w, op, op->target) : op + 1;
}

const Op *moe::emu::switchGroup(Warp &w) {
  size_t count = w.groups.size();
  size_t first = 0;
  // An exhaustive search chooses among those only that can run.
  if (count > 1 && w.machine->options.schedule == Schedule::Exhaustive) {
    std::vector<size_t> ready;
    for (size_t i = 0; i < count; ++i)
      if (w.groups[i].wait == Group::Wait::None)
        ready.push_back(i);
    if (!ready.empty())
      first = ready[w.machine->pick(static_cast<uint32_t>(ready.size()))];
  } else if (count > 1) {
    first = w.machine->pick(static_cast<uint32_t>(count));
  }
  for (size_t i = 0; i < count; ++i) {
    size_t candidate = (first + i) % count;
    if (w.groups[candidate].wait != Group::Wait::None)
      continue;
    w.current = candidate;
    w.mask = w.groups[candidate].mask;
    return w.groups[candidate].next;
  }
  return nullptr;
}

static void eraseCurrent(Warp &w) {
  w.groups.erase(w.groups.begin() + static_cast<ptrdiff_t>(w.current));
  w.current = 0;
}

const Op *moe::emu::runConverge(Warp &w, const Op *op) {
  while (true) {
    std::shared_ptr<Join> join = w.group().join;
    if (!join || join->at != op)
      return op + 1;
    join->arrived |= w.mask;
    if (join->arrived != join->expected) {
      eraseCurrent(w);
      return switchGroup(w);
    }
    w.group().mask = w.mask = join->arrived;
    w.group().join = join->outer;
  }
}

/// Lanes that exit are waited for no longer. Those that have arrived already go
/// on where they were the last ones missing.
static void leaveJoins(Warp &w, std::shared_ptr<Join> join, uint32_t lanes) {
  for (; join; join = join->outer) {
    join->expected &= ~lanes;
    if (join->arrived && join->arrived == join->expected) {
      Group group;
      group.mask = join->arrived;
      group.next = join->at;
      group.join = join;
      w.groups.push_back(std::move(group));
      return; // what lies outside is left when these lanes get there
    }
  }
}

const Op *moe::emu::runExit(Warp &w, const Op *op) {
  uint32_t lanes = w.lanes(op);
  if (!lanes)
    return op + 1;
  w.live &= ~lanes;
  w.cta->liveThreads -= static_cast<uint32_t>(__builtin_popcount(lanes));
  w.machine->noteProgress();
  std::shared_ptr<Join> join = w.group().join;
  w.group().mask = w.mask &= ~lanes;
  const Op *next = op + 1;
  bool gone = w.mask == 0;
  if (gone)
    eraseCurrent(w);
  size_t current = w.current;
  // Joins further out lose the lanes too, whether or not an inner one
  // completes.
  for (std::shared_ptr<Join> outer = join; outer; outer = outer->outer)
    outer->expected &= ~lanes;
  leaveJoins(w, join, lanes);
  w.current = current;
  completeBarriers(*w.cta);
  if (!gone)
    return next;
  if (w.live == 0) {
    --w.cta->liveWarps;
    return nullptr;
  }
  return switchGroup(w);
}

uint32_t moe::emu::rendezvous(Warp &w, const Op *op, uint32_t members) {
  uint32_t needed = members & w.live;
  uint32_t here = w.mask;
  // Lanes that are guarded off execute the instruction as well, for nothing.
  if ((here & needed) == needed)
    return here;
  uint32_t together = here;
  for (const Group &group : w.groups)
    if (group.wait == Group::Wait::Lanes && group.next == op)
      together |= group.mask;
  if ((together & needed) != needed) {
    w.group().wait = Group::Wait::Lanes;
    w.group().waitMask = needed;
    w.group().next = op;
    return 0;
  }
  for (Group &group : w.groups)
    if (group.wait == Group::Wait::Lanes && group.next == op) {
      group.wait = Group::Wait::None;
      group.next = op + 1;
    }
  return together;
}
