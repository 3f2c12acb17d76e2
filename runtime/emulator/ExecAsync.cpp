// cp.async and mbarriers.
#include "Machine.h"

#include <algorithm>
#include <bit>

using namespace moe::emu;

// ---- cp.async ----

/// The copy itself; where it may go has been checked when it was issued.
void moe::emu::completeCopy(Machine &machine, Cta &cta,
                            const PendingCopy &copy) {
  Place to{cta.shared.get(), copy.dst};
  if (copy.valid < copy.bytes)
    std::memset(to.bytes(), 0, copy.bytes);
  if (copy.valid)
    copyBytes(machine, to.bytes(), copy.from.bytes(), copy.valid);
  markWritten(machine, to, copy.bytes);
  machine.noteProgress();
}

/// Checks an access of the asynchronous agent, which follows what its thread
/// did before.
static void checkCopyRace(Warp &w, const Op *op, int lane, const Place &place,
                          uint32_t bytes, bool isWrite, uint32_t stamp) {
  RaceDetector::Conflict conflict;
  if (!w.machine->races.access(place.allocation->shadow, place.offset, bytes,
                               isWrite,
                               {copyAgent(w, lane), stamp, op->line, {}},
                               observerOf(w, lane, place), conflict))
    return;
  w.machine->report(
      FindingKind::Race, w, op, lane, place.allocation->base + place.offset,
      std::string("the asynchronous copy ") + (isWrite ? "writes" : "reads") +
          " memory that is not ordered after a " +
          (conflict.otherIsWrite ? "write" : "read") + " by " +
          w.machine->describe(conflict.other.agent),
      {w.machine->otherAccess(w, conflict.other.line)}, conflict.other.line);
}

const Op *moe::emu::runCpAsync(Warp &w, const Op *op) {
  const auto &info = *static_cast<const CpAsyncInfo *>(op->info);
  Machine &machine = *w.machine;
  auto destination = [&](int lane) {
    return (info.dst32 ? w.read32(info.dst, lane) : w.read64(info.dst, lane)) +
           static_cast<uint64_t>(info.dstOffset);
  };
  auto sourceOf = [&](int lane) {
    return w.read64(info.src, lane) + static_cast<uint64_t>(info.srcOffset);
  };
  forLanes(w.lanes(op), [&](int lane) {
    prefetch(w, Space::Global, sourceOf(lane));
    prefetch(w, Space::Shared, destination(lane));
  });
  forLanes(w.lanes(op), [&](int lane) {
    uint64_t dst = destination(lane), src = sourceOf(lane);
    uint32_t valid = info.bytes;
    if (info.hasSize)
      valid = w.read32(info.srcSize, lane);
    if (info.hasIgnore && ((w.readPredicate(info.ignore) >> lane & 1) !=
                           static_cast<uint32_t>(info.ignoreNegated)))
      valid = 0;
    if (valid > info.bytes)
      machine.stop(FindingKind::AsyncMisuse, w, op, lane, src,
                   "expects a source size of at most " +
                       std::to_string(info.bytes) + ", but got " +
                       std::to_string(valid));
    countTraffic(machine, "global", valid, false);
    countTraffic(machine, "shared", info.bytes, true);
    AsyncQueue &queue = w.cta->copies[w.index][lane];
    Place to =
        resolve(w, op, lane, Space::Shared, dst, info.bytes, info.bytes, true);
    Place from{nullptr, 0};
    if (valid) {
      from = resolve(w, op, lane, Space::Global, src, valid, info.bytes, false);
      if (machine.options.checked) {
        checkInitialised(w, op, lane, from, valid, src);
        checkCopyRace(w, op, lane, from, valid, false, queue.now);
      }
    }
    if (machine.options.checked)
      checkCopyRace(w, op, lane, to, info.bytes, true, queue.now);
    PendingCopy copy{from, static_cast<uint32_t>(to.offset), info.bytes,
                     static_cast<uint8_t>(valid)};
    // A copy may be done at once or wait until something needs it.
    if (machine.options.schedule == Schedule::Starve ||
        (machine.isSeeded() && machine.pick(4) == 0))
      completeCopy(machine, *w.cta, copy);
    else
      queue.copies.push_back(copy);
  });
  return --w.budget < 0 ? yieldAt(w, op + 1) : op + 1;
}

const Op *moe::emu::runCpCommit(Warp &w, const Op *op) {
  forLanes(w.lanes(op), [&](int lane) {
    AsyncQueue &queue = w.cta->copies[w.index][lane];
    queue.groups.push_back({queue.copies.size(), queue.now++});
  });
  return op + 1;
}

/// Does the oldest copies of a lane, as many groups as asked for and, where
/// `open`, those that have not been committed.
static void completeGroups(Warp &w, AsyncQueue &queue, size_t groups,
                           bool open) {
  Machine &machine = *w.machine;
  auto first = queue.copies.begin(), begin = first;
  auto complete = [&](size_t until) {
    auto end = first + static_cast<ptrdiff_t>(until);
    // In any order.
    if (machine.isSeeded())
      std::shuffle(begin, end, machine.random);
    else
      std::reverse(begin, end);
    for (; begin != end; ++begin)
      completeCopy(machine, *w.cta, *begin);
  };
  for (size_t i = 0; i < groups; ++i)
    complete(queue.groups[i].end);
  if (open)
    complete(queue.copies.size());
  auto done = static_cast<size_t>(begin - first);
  queue.copies.erase(first, begin);
  for (AsyncQueue::Group &group : queue.groups)
    group.end -= std::min(group.end, done);
}

const Op *moe::emu::runCpWait(Warp &w, const Op *op) {
  forLanes(w.lanes(op), [&](int lane) {
    AsyncQueue &queue = w.cta->copies[w.index][lane];
    size_t done =
        queue.groups.size() - std::min(queue.groups.size(), size_t(op->imm));
    uint32_t stamp = done ? queue.groups[done - 1].stamp : 0;
    completeGroups(w, queue, done, op->flags != 0);
    queue.groups.erase(queue.groups.begin(),
                       queue.groups.begin() + static_cast<ptrdiff_t>(done));
    if (op->flags)
      stamp = queue.now++;
    if (stamp)
      w.cta->sync[w.index].lanes[lane].copied = stamp;
  });
  return op + 1;
}

// ---- mbarriers ----

static std::string mbarrierText(const MbarrierState &state) {
  return "the mbarrier expects " + std::to_string(state.expected) +
         " arrivals, " + std::to_string(state.pending) + " are missing, and " +
         std::to_string(state.tx) + " bytes; its phase is " +
         std::to_string(state.phase);
}

void moe::emu::completePhase(Machine &machine, MbarrierState &state) {
  if (state.pending != 0 || state.tx != 0)
    return;
  ++state.phase;
  state.pending = state.expected;
  state.completed = state.arrived;
  machine.noteProgress();
}

void moe::emu::arriveAt(Warp &w, const Op *op, int lane, uint64_t address,
                        MbarrierState &state, uint32_t count) {
  if (count == 0 || count > state.pending)
    w.machine->stop(FindingKind::MbarrierMisuse, w, op, lane, address,
                    "arrives " + std::to_string(count) +
                        " times at an mbarrier that waits for fewer",
                    {mbarrierText(state)});
  state.pending -= count;
}

/// Whether the lanes test one mbarrier for one phase.
static bool isUniform(const Warp &w, const Op *op, const MbarrierInfo &info,
                      uint32_t lanes) {
  if (!lanes)
    return false;
  auto same = [&](uint32_t code, bool narrow) {
    int first = __builtin_ctz(lanes);
    uint64_t differ = 0;
    forLanes(lanes, [&](int lane) {
      differ |= narrow ? w.read32(code, lane) ^ w.read32(code, first)
                       : w.read64(code, lane) ^ w.read64(code, first);
    });
    return differ == 0;
  };
  return same(op->a, info.address32) && same(op->b, info.parity);
}

const Op *moe::emu::runMbarrier(Warp &w, const Op *op) {
  using Kind = MbarrierInfo::Kind;
  const auto &info = *static_cast<const MbarrierInfo *>(op->info);
  Machine &machine = *w.machine;
  Cta &cta = *w.cta;
  bool checked = machine.options.checked;
  uint32_t lanes = w.lanes(op), done = 0;
  // Lanes that have seen a phase complete, together since they mostly wait for
  // one mbarrier.
  std::pair<const MbarrierState *, uint32_t> known{nullptr, 0};
  // Where all wait for the same, what holds for the first lane holds for the
  // others. Each of their strong accesses follows the one of the lane before:
  // only the last one leaves something.
  uint32_t visited = lanes;
  if (info.kind == Kind::TestWait && info.order != Order::Relaxed &&
      isUniform(w, op, info, lanes))
    visited = (lanes & -lanes) | std::bit_floor(lanes);
  forLanes(visited, [&](int lane) {
    uint64_t address =
        (info.address32 ? w.read32(op->a, lane) : w.read64(op->a, lane)) +
        op->imm;
    Place place = resolve(w, op, lane, info.space, address, 8, 8, true);
    Cta *owner = ownerOf(cta, place.allocation);
    if (!owner)
      machine.stop(FindingKind::MbarrierMisuse, w, op, lane, address,
                   "expects an mbarrier in shared memory");
    bool mayBeRemote =
        info.kind == Kind::Arrive || info.kind == Kind::ExpectTx ||
        info.kind == Kind::CompleteTx || info.kind == Kind::ArriveExpectTx ||
        info.kind == Kind::Drop || info.kind == Kind::DropExpectTx;
    if (owner != &cta && !mayBeRemote)
      machine.stop(FindingKind::MbarrierMisuse, w, op, lane, address,
                   "expects an mbarrier in the CTA's own shared memory");
    auto offset = static_cast<uint32_t>(place.offset);
    auto found = owner->mbarriers.find(offset);
    if (info.kind == Kind::Init) {
      uint32_t count = w.read32(op->b, lane);
      if (found != owner->mbarriers.end())
        machine.stop(FindingKind::MbarrierMisuse, w, op, lane, address,
                     "initialises an mbarrier that is in use",
                     {mbarrierText(found->second)});
      if (count == 0 || count >= 1u << 20)
        machine.stop(FindingKind::MbarrierMisuse, w, op, lane, address,
                     "expects a count from 1 to 1048575, but got " +
                         std::to_string(count));
      if (checked)
        checkRace(w, op, lane, place, 8, true, {}, address);
      MbarrierState state;
      state.expected = state.pending = count;
      owner->mbarriers[offset] = state;
      std::memset(place.bytes(), 0, 8);
      for (int i = 0; i < 8; ++i)
        place.states()[i] |= Allocation::kInitialised | Allocation::kMbarrier;
      machine.noteProgress();
      return;
    }
    if (found == owner->mbarriers.end())
      machine.stop(FindingKind::MbarrierMisuse, w, op, lane, address,
                   "uses an mbarrier that was not initialised");
    MbarrierState &state = found->second;
    // Its operations are strong, so that they race with its initialisation
    // only. Invalidation is among them: cuda::pipeline lets the last of the
    // threads do it that have seen the last phase, without a word to the
    // others.
    if (checked)
      checkRace(w, op, lane, place, 8, true, {true, Scope::Cluster}, address);
    switch (info.kind) {
    case Kind::Inval:
      owner->mbarriers.erase(found);
      for (int i = 0; i < 8; ++i)
        place.states()[i] &= static_cast<uint8_t>(
            ~(Allocation::kMbarrier | Allocation::kInitialised));
      return;
    case Kind::ExpectTx:
      state.tx += w.read32(op->b, lane);
      return;
    case Kind::CompleteTx:
      state.tx -= w.read32(op->b, lane);
      completePhase(machine, state);
      return;
    case Kind::TestWait: {
      bool complete;
      if (info.parity) {
        uint32_t parity = w.read32(op->b, lane);
        complete = (state.phase & 1) != (parity & 1);
      } else {
        uint64_t token = w.read64(op->b, lane);
        auto phase = static_cast<uint32_t>(token >> 32);
        if (phase > state.phase || phase + 1 < state.phase)
          machine.stop(FindingKind::MbarrierMisuse, w, op, lane, address,
                       "waits for a phase that is neither the current nor the "
                       "one before",
                       {mbarrierText(state)});
        complete = phase < state.phase;
      }
      done |= static_cast<uint32_t>(complete) << lane;
      if (complete && checked && info.order == Order::Relaxed) {
        // Execution is ordered, which tcgen05.fence makes use of. The rest is
        // there for a fence.
        Knowledge tensor;
        tensor.tensor = state.completed.tensor;
        acquire(w, lane, tensor);
        notePending(cta.sync[w.index].lanes[lane],
                    {state.completed, Scope::Cluster, threadAgent(w, lane),
                     place.allocation->base + place.offset});
      } else if (complete && checked) {
        if (known.first != &state) {
          acquire(w, known.second,
                  known.first ? known.first->completed : Knowledge());
          known = {&state, 0};
        }
        known.second |= 1u << lane;
      }
      return;
    }
    case Kind::CpAsyncArrive: {
      // The arrival follows the copies that this thread has issued.
      AsyncQueue &queue = cta.copies[w.index][lane];
      completeGroups(w, queue, queue.groups.size(), true);
      if (checked) {
        Knowledge knowledge;
        knowledge.plain =
            Clock::withAgent(nullptr, copyAgent(w, lane), queue.now++);
        state.arrived.join(knowledge);
      }
      if (!info.noInc) // counts itself first
        ++state.pending;
      arriveAt(w, op, lane, address, state, 1);
      completePhase(machine, state);
      return;
    }
    default:
      break;
    }
    // arrive, arrive_drop, both with '.expect_tx' too
    bool expects = info.kind == Kind::ArriveExpectTx ||
                   info.kind == Kind::DropExpectTx,
         drops = info.kind == Kind::Drop || info.kind == Kind::DropExpectTx;
    uint32_t operand = w.read32(op->b, lane), count = expects ? 1 : operand;
    if (expects)
      state.tx += operand;
    uint64_t token = uint64_t(state.phase) << 32 | state.pending;
    if (checked && info.order == Order::Relaxed) {
      const LaneSync &sync = cta.sync[w.index].lanes[lane];
      Knowledge released = fencedKnowledge(sync);
      released.tensor = Clock::join(released.tensor, sync.knowledge.tensor);
      state.arrived.join(released);
    } else if (checked) {
      state.arrived.join(releaseSnapshot(w, lane));
    }
    arriveAt(w, op, lane, address, state, count);
    if (drops)
      state.expected -= count;
    uint32_t phase = state.phase;
    completePhase(machine, state);
    if (info.noComplete && phase != state.phase)
      machine.stop(FindingKind::MbarrierMisuse, w, op, lane, address,
                   "completes the phase with '.noComplete'");
    if (info.returns)
      w.write64(op->dst, lane, token);
    machine.noteProgress();
  });
  if (info.kind == Kind::TestWait) {
    if (visited != lanes && done)
      known.second = done = lanes;
    if (known.first)
      acquire(w, known.second, known.first->completed);
    ++machine.polls;
    uint32_t &to = w.predicate(op->dst);
    to = (to & ~lanes) | done;
    // try_wait may suspend the thread: whoever it waits for comes first.
    if (info.tryWait && done != lanes)
      return yieldAt(w, op + 1);
  }
  return --w.budget < 0 ? yieldAt(w, op + 1) : op + 1;
}
