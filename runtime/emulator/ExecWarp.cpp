// Barriers of a CTA, and instructions that the lanes of a warp execute
// together.
#include "Machine.h"

#include <algorithm>

using namespace moe::emu;

// ---- registers ----

/// How many registers a warp has changes nothing but who has to wait for some:
/// those that others of the CTA give back.
const Op *moe::emu::runSetmaxnreg(Warp &w, const Op *op) {
  uint32_t lanes = w.lanes(op);
  if (!lanes)
    return op + 1;
  needWholeWarp(w, op, lanes);
  Cta &cta = *w.cta;
  auto count = static_cast<uint32_t>(op->imm);
  if (op->flags && count > w.registerCount && w.registerCount) {
    uint32_t more = count - w.registerCount;
    if (more > cta.spareRegisters) {
      w.group().next = op;
      w.group().wait = Group::Wait::Registers;
      return switchGroup(w);
    }
    cta.spareRegisters -= more;
    w.registerCount = count;
  } else if (!op->flags && count < w.registerCount) {
    cta.spareRegisters += w.registerCount - count;
    w.registerCount = count;
    for (Warp &other : cta.warps)
      for (Group &group : other.groups)
        if (group.wait == Group::Wait::Registers) {
          group.wait = Group::Wait::None;
          w.machine->wake(other);
        }
  }
  w.machine->noteProgress();
  return op + 1;
}

// ---- barriers ----

static uint32_t readReductionMask(const Warp &w, const Op *op,
                                  const BarrierInfo &info) {
  uint32_t value = w.readPredicate(op->c);
  return info.negated ? ~value : value;
}

/// Writes the result of a reduction for lanes that waited.
static void writeReduction(Warp &w, const Op *op, uint32_t lanes,
                           const NamedBarrier &barrier) {
  const auto &info = *static_cast<const BarrierInfo *>(op->info);
  uint32_t result = 0;
  switch (info.kind) {
  case BarrierInfo::Kind::RedPopc:
    forLanes(lanes, [&](int lane) { w.write32(op->dst, lane, barrier.popc); });
    return;
  case BarrierInfo::Kind::RedAnd:
    result = barrier.all ? lanes : 0;
    break;
  case BarrierInfo::Kind::RedOr:
    result = barrier.any ? lanes : 0;
    break;
  default:
    return;
  }
  uint32_t &to = w.predicate(op->dst);
  to = (to & ~lanes) | result;
}

static bool isComplete(const Cta &cta, const NamedBarrier &barrier) {
  if (barrier.idle())
    return false;
  return barrier.expected ? barrier.slots >= barrier.expected
                          : barrier.threads >= cta.liveThreads;
}

static void complete(Cta &cta, NamedBarrier &barrier) {
  NamedBarrier done = std::move(barrier);
  barrier = NamedBarrier();
  std::vector<std::pair<Warp *, uint32_t>> participants;
  participants.reserve(done.participants.size());
  for (const auto &participant : done.participants)
    participants.emplace_back(participant.warp, participant.lanes);
  Machine &machine = *done.participants.front().warp->machine;
  if (machine.options.checked)
    joinParticipants(cta, participants);
  machine.noteProgress();
  for (const auto &participant : done.participants) {
    if (!participant.waits)
      continue;
    Warp &w = *participant.warp;
    for (Group &group : w.groups)
      if (group.wait == Group::Wait::Barrier &&
          group.mask == participant.lanes) {
        group.wait = Group::Wait::None;
        writeReduction(w, participant.op, participant.lanes, done);
      }
    machine.wake(w);
  }
}

void moe::emu::completeBarriers(Cta &cta) {
  for (NamedBarrier &barrier : cta.barriers)
    if (isComplete(cta, barrier))
      complete(cta, barrier);
  completeClusterBarrier(*cta.cluster);
}

const Op *moe::emu::runBarrier(Warp &w, const Op *op) {
  const auto &info = *static_cast<const BarrierInfo *>(op->info);
  Machine &machine = *w.machine;
  uint32_t lanes = w.lanes(op);
  if (!lanes)
    return op + 1;
  int lane = __builtin_ctz(lanes);
  // Lanes that were let go on just wait: should the others still come, those
  // are found to be alone.
  if (info.aligned && !w.group().isForced &&
      (w.mask != w.live || lanes != w.mask)) {
    machine.report(
        FindingKind::Divergence, w, op, lane, 0,
        "an aligned barrier is executed by some threads of a warp only");
    if (lanes != w.mask)
      return op + 1;
  }
  uint32_t id = w.read32(op->a, lane),
           count = info.hasCount ? w.read32(op->b, lane) : 0;
  if (id >= 16)
    machine.stop(FindingKind::BarrierMisuse, w, op, lane, 0,
                 "expects a barrier from 0 to 15, but got " +
                     std::to_string(id));
  if (info.hasCount && (count == 0 || count % kWarpSize != 0))
    machine.stop(
        FindingKind::BarrierMisuse, w, op, lane, 0,
        "expects a number of threads that is a multiple of 32, but got " +
            std::to_string(count));
  Cta &cta = *w.cta;
  NamedBarrier &barrier = cta.barriers[id];
  if (!barrier.idle() && barrier.expected != count)
    machine.stop(FindingKind::BarrierMisuse, w, op, lane, 0,
                 "expects " +
                     (count ? std::to_string(count) : std::string("all")) +
                     " threads at barrier " + std::to_string(id) +
                     ", but others expect " +
                     (barrier.expected ? std::to_string(barrier.expected)
                                       : std::string("all")));
  for (const auto &participant : barrier.participants)
    if (participant.warp == &w && (participant.lanes & lanes))
      machine.stop(FindingKind::BarrierMisuse, w, op, lane, 0,
                   "arrives at barrier " + std::to_string(id) +
                       " again before it has completed");
  bool waits = info.kind != BarrierInfo::Kind::Arrive;
  barrier.expected = count;
  // A whole warp counts as 32 threads, also where it has fewer.
  bool whole = lanes == w.live;
  barrier.slots +=
      whole ? kWarpSize : static_cast<uint32_t>(__builtin_popcount(lanes));
  barrier.threads += static_cast<uint32_t>(__builtin_popcount(lanes));
  if (count && barrier.slots > count)
    machine.stop(FindingKind::BarrierMisuse, w, op, lane, 0,
                 "more than " + std::to_string(count) +
                     " threads arrive at barrier " + std::to_string(id));
  if (info.kind == BarrierInfo::Kind::RedPopc ||
      info.kind == BarrierInfo::Kind::RedAnd ||
      info.kind == BarrierInfo::Kind::RedOr) {
    uint32_t values = readReductionMask(w, op, info) & lanes;
    barrier.popc += static_cast<uint32_t>(__builtin_popcount(values));
    barrier.all &= values == lanes;
    barrier.any |= values != 0;
  }
  barrier.participants.push_back({&w, lanes, waits, op});
  if (waits) {
    Group &group = w.group();
    group.next = op + 1;
    // Lanes that a guard keeps away from the barrier go on.
    if (lanes != w.mask) {
      Group rest = group;
      rest.mask = w.mask & ~lanes;
      group.mask = lanes;
      w.groups[w.current].wait = Group::Wait::Barrier;
      w.groups[w.current].barrier = id;
      w.groups.push_back(std::move(rest));
    } else {
      group.wait = Group::Wait::Barrier;
      group.barrier = id;
    }
  }
  if (isComplete(cta, barrier))
    complete(cta, barrier);
  if (!waits)
    return op + 1;
  return switchGroup(w);
}

// ---- within a warp ----

/// Waits for the members that the lanes name and calls body(lanes) for each set
/// of lanes with one member mask: tiles of a warp may execute at once.
template <typename Body>
static const Op *together(Warp &w, const Op *op, uint32_t maskField,
                          Body body) {
  uint32_t lanes = w.lanes(op), members = 0;
  if (!lanes)
    return op + 1;
  forLanes(lanes, [&](int lane) {
    uint32_t mask = w.read32(maskField, lane);
    if (!(mask >> lane & 1))
      w.machine->stop(FindingKind::Divergence, w, op, lane, 0,
                      "executes an instruction whose member mask does not have "
                      "its own lane");
    members |= mask;
  });
  uint32_t all = rendezvous(w, op, members);
  if (!all)
    return switchGroup(w);
  uint32_t own = w.mask;
  w.mask = all;
  for (uint32_t rest = w.lanes(op); rest;) {
    uint32_t mask = w.read32(maskField, __builtin_ctz(rest)), same = 0;
    forLanes(rest, [&](int lane) {
      same |= static_cast<uint32_t>(w.read32(maskField, lane) == mask) << lane;
    });
    rest &= ~same;
    body(same);
  }
  w.mask = own;
  return op + 1;
}

const Op *moe::emu::runWarpBarrier(Warp &w, const Op *op) {
  return together(w, op, op->a, [&](uint32_t lanes) {
    if (w.machine->options.checked)
      joinParticipants(*w.cta, {{&w, lanes}});
  });
}

const Op *moe::emu::runShuffle(Warp &w, const Op *op) {
  const auto &info = *static_cast<const ShuffleInfo *>(op->info);
  return together(w, op, op->d, [&](uint32_t lanes) {
    uint32_t results[kWarpSize] = {}, inRange = 0;
    forLanes(lanes, [&](int lane) {
      auto b = static_cast<int>(w.read32(op->b, lane) & 31);
      uint32_t c = w.read32(op->c, lane);
      auto clamp = static_cast<int>(c & 31),
           segment = static_cast<int>(c >> 8 & 31);
      int most = (lane & segment) | (clamp & ~segment), least = lane & segment;
      int from = lane;
      bool inside = false;
      switch (info.mode) {
      case ShuffleInfo::Mode::Up:
        from = lane - b;
        inside = from >= most;
        break;
      case ShuffleInfo::Mode::Down:
        from = lane + b;
        inside = from <= most;
        break;
      case ShuffleInfo::Mode::Bfly:
        from = lane ^ b;
        inside = from <= most;
        break;
      case ShuffleInfo::Mode::Idx:
        from = least | (b & ~segment);
        inside = from <= most;
        break;
      }
      if (!inside)
        from = lane;
      inRange |= static_cast<uint32_t>(inside) << lane;
      if (!(lanes >> from & 1))
        w.machine->report(FindingKind::Divergence, w, op, lane, 0,
                          "reads a value of lane " + std::to_string(from) +
                              ", which does not take part");
      results[lane] = w.read32(op->a, from);
    });
    forLanes(lanes, [&](int lane) { w.write32(op->dst, lane, results[lane]); });
    uint32_t &to = w.predicate(op->flags);
    to = (to & ~lanes) | inRange;
  });
}

static void reduce(Warp &w, const Op *op, const VoteInfo &info,
                   uint32_t lanes) {
  uint64_t sum = 0;
  bool first = true;
  forLanes(lanes, [&](int lane) {
    uint64_t value = w.read32(op->a, lane);
    sum =
        first ? value : atomicResult(info.op, info.type, false, sum, value, 0);
    first = false;
  });
  forLanes(lanes, [&](int lane) {
    w.write32(op->dst, lane, static_cast<uint32_t>(sum));
  });
}

static void match(Warp &w, const Op *op, const VoteInfo &info, uint32_t lanes) {
  auto value = [&](int lane) {
    return info.wide ? w.read64(op->a, lane) : w.read32(op->a, lane);
  };
  uint32_t results[kWarpSize] = {};
  bool all = true;
  forLanes(lanes, [&](int lane) {
    forLanes(lanes, [&](int other) {
      results[lane] |= static_cast<uint32_t>(value(lane) == value(other))
                       << other;
    });
    all &= results[lane] == lanes;
  });
  bool wantsAll = info.kind == VoteInfo::Kind::MatchAll;
  forLanes(lanes, [&](int lane) {
    w.write32(op->dst, lane, wantsAll ? (all ? lanes : 0) : results[lane]);
  });
  uint32_t &to = w.predicate(op->flags);
  to = (to & ~lanes) | (all ? lanes : 0);
}

const Op *moe::emu::runVote(Warp &w, const Op *op) {
  const auto &info = *static_cast<const VoteInfo *>(op->info);
  return together(w, op, op->d, [&](uint32_t lanes) {
    using Kind = VoteInfo::Kind;
    if (info.kind == Kind::Redux)
      return reduce(w, op, info, lanes);
    if (info.kind == Kind::MatchAny || info.kind == Kind::MatchAll)
      return match(w, op, info, lanes);
    if (info.kind == Kind::Elect) {
      auto leader = static_cast<uint32_t>(__builtin_ctz(lanes));
      forLanes(lanes, [&](int lane) { w.write32(op->dst, lane, leader); });
      uint32_t &to = w.predicate(op->flags);
      to = (to & ~lanes) | 1u << leader;
      return;
    }
    uint32_t votes =
        (info.negated ? ~w.readPredicate(op->a) : w.readPredicate(op->a)) &
        lanes;
    if (info.kind == Kind::Ballot) {
      forLanes(lanes, [&](int lane) { w.write32(op->dst, lane, votes); });
      return;
    }
    bool result = info.kind == Kind::All   ? votes == lanes
                  : info.kind == Kind::Any ? votes != 0
                                           : votes == lanes || votes == 0;
    uint32_t &to = w.predicate(op->dst);
    to = (to & ~lanes) | (result ? lanes : 0);
  });
}

const Op *moe::emu::runActiveMask(Warp &w, const Op *op) {
  uint32_t lanes = w.lanes(op);
  forLanes(lanes, [&](int lane) { w.write32(op->dst, lane, lanes); });
  return op + 1;
}

const Op *moe::emu::runYield(Warp &w, const Op *op) {
  ++w.machine->polls;
  return yieldAt(w, op + 1);
}
