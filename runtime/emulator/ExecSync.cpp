// What accesses and fences order: the synchronisation rules of
// docs/ptx-memory-model.md.
#include "Machine.h"

#include <algorithm>

using namespace moe::emu;

Knowledge moe::emu::releaseSnapshot(Warp &w, int lane) {
  WarpSync &sync = w.cta->sync[w.index];
  Knowledge result = sync.lanes[lane].knowledge;
  result.plain = Clock::withAgent(result.plain, threadAgent(w, lane), sync.now);
  if (uint32_t copied = sync.lanes[lane].copied)
    result.plain = Clock::withAgent(result.plain, copyAgent(w, lane), copied);
  ++sync.now;
  return result;
}

void moe::emu::acquire(Warp &w, int lane, const Knowledge &knowledge) {
  w.cta->sync[w.index].lanes[lane].knowledge.join(knowledge);
}

void moe::emu::acquire(Warp &w, uint32_t lanes, const Knowledge &knowledge) {
  Knowledge before, after;
  bool any = false;
  forLanes(lanes, [&](int lane) {
    Knowledge &own = w.cta->sync[w.index].lanes[lane].knowledge;
    if (!any || own != before) {
      before = own;
      after = w.machine->joins.of(before, knowledge);
      any = true;
    }
    own = after;
  });
}

void moe::emu::strongWrite(Warp &w, int lane, const Place &place, Order order,
                           Scope scope, bool isRmw) {
  auto &entries = place.allocation->shadow.sync[place.offset];
  // A read-modify-write continues the release patterns that it reads from,
  // another write those of its own thread.
  if (!isRmw)
    std::erase_if(entries, [self = threadAgent(w, lane)](const SyncEntry &e) {
      return e.agent != self;
    });
  strongWrite(w, lane, place, entries, order, scope);
}

void moe::emu::strongWrite(Warp &w, int lane, const Place &place,
                           std::vector<SyncEntry> &entries, Order order,
                           Scope scope) {
  LaneSync &sync = w.cta->sync[w.index].lanes[lane];
  bool releases = order == Order::Release || order == Order::AcqRel ||
                  order == Order::SeqCst;
  Agent self = threadAgent(w, lane);
  auto add = [&](const Knowledge &knowledge, Scope reach) {
    // One entry per thread and scope: the later one knows what the earlier did.
    for (SyncEntry &entry : entries)
      if (entry.agent == self && entry.scope == reach) {
        entry.knowledge.join(knowledge);
        return;
      }
    entries.push_back({knowledge, reach, self});
  };
  for (unsigned fence = 0; fence < 4; ++fence)
    if (sync.fences >> fence & 1)
      add(sync.fenced[fence], std::min(static_cast<Scope>(fence), scope));
  if (sync.fences >> kSharedFence & 1 && place.isShared())
    add(sync.fenced[kSharedFence], std::min(Scope::Cluster, scope));
  if (releases)
    add(releaseSnapshot(w, lane), scope);
}

void moe::emu::strongRead(Warp &w, int lane, const Place &place, Order order,
                          Scope scope) {
  auto found = place.allocation->shadow.sync.find(place.offset);
  if (found != place.allocation->shadow.sync.end())
    strongRead(w, lane, place, found->second, order, scope);
}

void moe::emu::strongRead(Warp &w, int lane, const Place &place,
                          const std::vector<SyncEntry> &entries, Order order,
                          Scope scope) {
  LaneSync &sync = w.cta->sync[w.index].lanes[lane];
  Agent self = threadAgent(w, lane);
  bool acquires = order == Order::Acquire || order == Order::AcqRel ||
                  order == Order::SeqCst;
  const RaceDetector &races = w.machine->races;
  uint64_t address = place.allocation->base + place.offset;
  // An acquire takes part in what strong reads of the place saw before it.
  if (acquires)
    for (const SyncEntry &entry : sync.pending)
      if (entry.address == address && races.includes(scope, self, entry.agent))
        sync.knowledge.join(entry.knowledge);
  for (const SyncEntry &entry : entries) {
    if (!races.includes(entry.scope, entry.agent, self) ||
        !races.includes(scope, self, entry.agent))
      continue;
    if (acquires) {
      sync.knowledge.join(entry.knowledge);
      continue;
    }
    SyncEntry seen = entry;
    seen.scope = scope;
    seen.address = address;
    notePending(sync, std::move(seen));
  }
}

void moe::emu::notePending(LaneSync &sync, SyncEntry seen) {
  auto same = std::find_if(
      sync.pending.begin(), sync.pending.end(), [&](const SyncEntry &known) {
        return known.knowledge.plain == seen.knowledge.plain &&
               known.knowledge.plainShared == seen.knowledge.plainShared &&
               known.scope == seen.scope && known.agent == seen.agent &&
               known.address == seen.address;
      });
  if (same == sync.pending.end())
    sync.pending.push_back(std::move(seen));
}

Knowledge moe::emu::fencedKnowledge(const LaneSync &sync) {
  Knowledge result;
  for (unsigned fence = 0; fence < std::size(sync.fenced); ++fence)
    if (sync.fences >> fence & 1)
      result.join(sync.fenced[fence]);
  return result;
}

const Op *moe::emu::runFence(Warp &w, const Op *op) {
  const auto &info = *static_cast<const FenceInfo *>(op->info);
  if (!w.machine->options.checked) {
    // The strong accesses of threads on other cores are ordered as they are;
    // not so a write before a read.
    if (w.machine->isShared() && info.order == Order::SeqCst &&
        info.kind == FenceInfo::Kind::Memory)
      std::atomic_thread_fence(std::memory_order_seq_cst);
    return op + 1;
  }
  const RaceDetector &races = w.machine->races;
  forLanes(w.lanes(op), [&](int lane) {
    LaneSync &sync = w.cta->sync[w.index].lanes[lane];
    Agent self = threadAgent(w, lane);
    if (info.kind == FenceInfo::Kind::ProxyAsync) {
      // What is known to have happened is visible to the async proxy as well.
      Knowledge all = releaseSnapshot(w, lane), &own = sync.knowledge;
      if (info.sharedOnly) {
        all = all.ofShared();
      } else {
        own.proxied = Clock::join(own.proxied, all.plain);
      }
      own.proxiedShared = Clock::join(own.proxiedShared, all.plainShared);
      return;
    }
    if (info.kind == FenceInfo::Kind::ProxyAlias)
      return;
    if (info.order == Order::SeqCst && w.machine->weak)
      orderFence(w, lane, info.scope);
    if (info.order != Order::Release) {
      std::erase_if(sync.pending, [&](const SyncEntry &entry) {
        if (!races.includes(info.scope, self, entry.agent))
          return false;
        if (info.sharedOnly) { // a wider fence may still come
          if (entry.address < kSharedWindowEnd)
            sync.knowledge.join(entry.knowledge.ofShared());
          return false;
        }
        sync.knowledge.join(entry.knowledge);
        return true;
      });
    }
    if (info.order != Order::Acquire) {
      unsigned fence =
          info.sharedOnly ? kSharedFence : static_cast<unsigned>(info.scope);
      Knowledge all = releaseSnapshot(w, lane);
      sync.fenced[fence] = info.sharedOnly ? all.ofShared() : all;
      sync.fences |= 1u << fence;
    }
  });
  // In an exhaustive search the order of fences is a choice.
  return w.machine->weak && w.budget == 0 ? yieldAt(w, op + 1) : op + 1;
}

ClockRef moe::emu::withCopies(const ClockRef &base, const Cta &cta,
                              std::vector<std::pair<Agent, uint32_t>> &copied) {
  if (copied.empty())
    return base;
  ClockRef result = base;
  // What all threads have done is kept as one number.
  if (copied.size() == cta.launch->config.block.count()) {
    uint32_t all = ~0u;
    for (const auto &[agent, stamp] : copied)
      all = std::min(all, stamp);
    result = Clock::withDomain(result, copied.front().first.domain(), all);
    std::erase_if(copied, [&](const auto &one) { return one.second == all; });
  }
  return copied.empty() ? result : Clock::withStamps(result, copied);
}

void moe::emu::joinParticipants(
    Cta &cta, const std::vector<std::pair<Warp *, uint32_t>> &participants) {
  std::vector<ClockRef> plain, proxied, tensor;
  std::vector<Agent> agents;
  std::vector<std::pair<Agent, uint32_t>> copied;
  ViewRef seen;
  Knowledge shared;
  uint32_t now = 0;
  for (const auto &[warp, lanes] : participants) {
    now = std::max(now, cta.sync[warp->index].now);
    forLanes(lanes, [&, w = warp](int lane) {
      const LaneSync &sync = cta.sync[w->index].lanes[lane];
      const Knowledge &knowledge = sync.knowledge;
      if (sync.copied)
        copied.emplace_back(copyAgent(*w, lane), sync.copied);
      plain.push_back(knowledge.plain);
      proxied.push_back(knowledge.proxied);
      if (knowledge.tensor)
        tensor.push_back(knowledge.tensor);
      seen = joinViews(seen, knowledge.seen);
      shared.joinShared(knowledge);
      agents.push_back(threadAgent(*w, lane));
    });
  }
  auto all = static_cast<uint32_t>(cta.launch->config.block.count());
  Knowledge joined{Clock::joinAll(plain, cta.number, all),
                   Clock::joinAll(proxied, cta.number, all),
                   seen,
                   tensor.empty() ? nullptr
                                  : Clock::joinAll(tensor, cta.number, all),
                   shared.plainShared,
                   shared.proxiedShared};
  if (agents.size() == all)
    joined.plain =
        Clock::withDomain(joined.plain, cta.number << 2 | Agent::Thread, now);
  else
    joined.plain = Clock::withAgents(joined.plain, agents, now);
  joined.plain = withCopies(joined.plain, cta, copied);
  for (const auto &[warp, lanes] : participants) {
    cta.sync[warp->index].now = now + 1;
    forLanes(lanes, [&, w = warp](int lane) {
      LaneSync &sync = cta.sync[w->index].lanes[lane];
      sync.knowledge = joined;
      sync.copied = 0; // among what is known
    });
  }
}
