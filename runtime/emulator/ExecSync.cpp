// What accesses and fences order: the synchronisation rules of
// docs/ptx-memory-model.md.
#include "Machine.h"

#include <algorithm>

using namespace moe::emu;

Knowledge moe::emu::releaseSnapshot(Warp &w, int lane) {
  WarpSync &sync = w.cta->sync[w.index];
  Knowledge result = sync.lanes[lane].knowledge;
  result.plain = Clock::withAgent(result.plain, threadAgent(w, lane), sync.now);
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
    if (!any || own.plain != before.plain || own.proxied != before.proxied) {
      before = after = own;
      after.join(knowledge);
      any = true;
    }
    own = after;
  });
}

void moe::emu::strongWrite(Warp &w, int lane, const Place &place, Order order,
                           Scope scope, bool isRmw) {
  LaneSync &sync = w.cta->sync[w.index].lanes[lane];
  auto &entries = place.allocation->shadow.sync[place.offset];
  // A read-modify-write continues the release sequences that it reads from.
  if (!isRmw)
    entries.clear();
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
  if (releases)
    add(releaseSnapshot(w, lane), scope);
}

void moe::emu::strongRead(Warp &w, int lane, const Place &place, Order order,
                          Scope scope) {
  auto found = place.allocation->shadow.sync.find(place.offset);
  if (found == place.allocation->shadow.sync.end())
    return;
  LaneSync &sync = w.cta->sync[w.index].lanes[lane];
  Agent self = threadAgent(w, lane);
  bool acquires = order == Order::Acquire || order == Order::AcqRel ||
                  order == Order::SeqCst;
  const RaceDetector &races = w.machine->races;
  for (const SyncEntry &entry : found->second) {
    if (!races.includes(entry.scope, entry.agent, self) ||
        !races.includes(scope, self, entry.agent))
      continue;
    if (acquires) {
      sync.knowledge.join(entry.knowledge);
      continue;
    }
    SyncEntry seen = entry;
    seen.scope = scope;
    auto same = std::find_if(
        sync.pending.begin(), sync.pending.end(), [&](const SyncEntry &known) {
          return known.knowledge.plain == seen.knowledge.plain &&
                 known.scope == seen.scope && known.agent == seen.agent;
        });
    if (same == sync.pending.end())
      sync.pending.push_back(std::move(seen));
  }
}

const Op *moe::emu::runFence(Warp &w, const Op *op) {
  const auto &info = *static_cast<const FenceInfo *>(op->info);
  if (!w.machine->options.checked)
    return op + 1;
  const RaceDetector &races = w.machine->races;
  forLanes(w.lanes(op), [&](int lane) {
    LaneSync &sync = w.cta->sync[w.index].lanes[lane];
    Agent self = threadAgent(w, lane);
    if (info.kind == FenceInfo::Kind::ProxyAsync) {
      // What is known to have happened is visible to the async proxy as well.
      Knowledge all = releaseSnapshot(w, lane);
      sync.knowledge.proxied = Clock::join(sync.knowledge.proxied, all.plain);
      return;
    }
    if (info.kind == FenceInfo::Kind::ProxyAlias)
      return;
    if (info.order != Order::Release) {
      std::erase_if(sync.pending, [&](const SyncEntry &entry) {
        if (!races.includes(info.scope, self, entry.agent))
          return false;
        sync.knowledge.join(entry.knowledge);
        return true;
      });
    }
    if (info.order != Order::Acquire) {
      sync.fenced[static_cast<unsigned>(info.scope)] = releaseSnapshot(w, lane);
      sync.fences |= 1u << static_cast<unsigned>(info.scope);
    }
  });
  return op + 1;
}

void moe::emu::joinParticipants(
    Cta &cta, const std::vector<std::pair<Warp *, uint32_t>> &participants) {
  std::vector<ClockRef> plain, proxied;
  std::vector<Agent> agents;
  uint32_t now = 0;
  for (const auto &[warp, lanes] : participants) {
    now = std::max(now, cta.sync[warp->index].now);
    forLanes(lanes, [&, w = warp](int lane) {
      const Knowledge &knowledge = cta.sync[w->index].lanes[lane].knowledge;
      plain.push_back(knowledge.plain);
      proxied.push_back(knowledge.proxied);
      agents.push_back(threadAgent(*w, lane));
    });
  }
  auto all = static_cast<uint32_t>(cta.launch->config.block.count());
  Knowledge joined{Clock::joinAll(plain, cta.number, all),
                   Clock::joinAll(proxied, cta.number, all)};
  if (agents.size() == all)
    joined.plain =
        Clock::withDomain(joined.plain, cta.number << 2 | Agent::Thread, now);
  else
    joined.plain = Clock::withAgents(joined.plain, agents, now);
  for (const auto &[warp, lanes] : participants) {
    cta.sync[warp->index].now = now + 1;
    forLanes(lanes, [&, w = warp](int lane) {
      cta.sync[w->index].lanes[lane].knowledge = joined;
    });
  }
}
