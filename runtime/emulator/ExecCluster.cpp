// Clusters: addresses of other CTAs' shared memory and the barrier of a
// cluster; launches that wait for the one before them.
#include "Machine.h"

#include <algorithm>

using namespace moe::emu;

Cta *moe::emu::ownerOf(const Cta &cta, const Allocation *shared) {
  for (Cta *member : cta.cluster->members)
    if (member && member->shared.get() == shared)
      return member;
  return nullptr;
}

// ---- addresses ----

// A generic address of shared memory names the window of a CTA. An address
// within .shared::cluster has 32 bits: the rank of the CTA within its cluster
// (8 bits) and an offset. A CTA's own variables have such addresses too, as on
// hardware, where CUTLASS clears bit 24 of one to name the even CTA of a pair.
const Op *moe::emu::runMapAddress(Warp &w, const Op *op) {
  const auto &info = *static_cast<const MapInfo *>(op->info);
  const Cluster &cluster = *w.cta->cluster;
  auto size = static_cast<uint32_t>(cluster.members.size());
  forLanes(w.lanes(op), [&](int lane) {
    uint64_t address =
        info.wide ? w.read64(op->a, lane) : w.read32(op->a, lane);
    auto named = static_cast<uint32_t>(address / kSharedStride);
    if (info.generic) {
      if (address < kSharedWindow || address >= kSharedWindowEnd)
        w.machine->stop(FindingKind::OutOfBounds, w, op, lane, address,
                        "expects an address of shared memory");
      named = static_cast<uint32_t>((address - kSharedWindow) / kSharedStride) -
              cluster.firstSlot;
    }
    if (info.rank) {
      w.write32(op->dst, lane, named);
      return;
    }
    uint32_t rank = w.read32(op->b, lane);
    if (rank >= size)
      w.machine->stop(FindingKind::OutOfBounds, w, op, lane, address,
                      "names CTA " + std::to_string(rank) +
                          " of a cluster of " + std::to_string(size));
    uint64_t offset = address % kSharedStride;
    uint64_t result = rank * kSharedStride + offset;
    if (info.generic)
      result += kSharedWindow + cluster.firstSlot * kSharedStride;
    if (info.wide)
      w.write64(op->dst, lane, result);
    else
      w.write32(op->dst, lane, static_cast<uint32_t>(result));
  });
  return op + 1;
}

// ---- barrier.cluster ----

/// What the lanes hand over when they arrive. Without release semantics only
/// what a fence of at least the cluster's scope has released.
static Knowledge arrivalKnowledge(Warp &w, uint32_t lanes, bool relaxed) {
  WarpSync &sync = w.cta->sync[w.index];
  // Warps that did about the same arrive at one time, so that what a CTA knows
  // of itself becomes one number: a clock may always skip some.
  sync.now |= 63;
  Knowledge result;
  forLanes(lanes, [&](int lane) {
    result.tensor =
        Clock::join(result.tensor, sync.lanes[lane].knowledge.tensor);
  });
  if (relaxed) {
    forLanes(lanes, [&](int lane) {
      const LaneSync &own = sync.lanes[lane];
      for (auto fence = static_cast<unsigned>(Scope::Cluster);
           fence <= kSharedFence; ++fence)
        if (own.fences >> fence & 1)
          result.join(own.fenced[fence]);
    });
    return result;
  }
  std::vector<ClockRef> plain, proxied;
  std::vector<Agent> agents;
  std::vector<std::pair<Agent, uint32_t>> copied;
  forLanes(lanes, [&](int lane) {
    if (sync.lanes[lane].copied)
      copied.emplace_back(copyAgent(w, lane), sync.lanes[lane].copied);
    plain.push_back(sync.lanes[lane].knowledge.plain);
    proxied.push_back(sync.lanes[lane].knowledge.proxied);
    result.joinShared(sync.lanes[lane].knowledge);
    agents.push_back(threadAgent(w, lane));
  });
  auto threads = static_cast<uint32_t>(w.cta->launch->config.block.count());
  result.plain = Clock::joinAll(plain, w.cta->number, threads);
  result.proxied = Clock::joinAll(proxied, w.cta->number, threads);
  result.plain = Clock::withAgents(result.plain, agents, sync.now);
  result.plain = withCopies(result.plain, *w.cta, copied);
  ++sync.now;
  return result;
}

void moe::emu::completeClusterBarrier(Cluster &cluster) {
  uint32_t arrived = 0;
  for (const Cta *member : cluster.members)
    for (size_t w = 0; member && w < member->warps.size(); ++w) {
      uint32_t live = member->warps[w].live;
      if ((member->arrivedAtCluster[w] & live) != live)
        return;
      arrived |= live;
    }
  if (!arrived)
    return;
  // Whole CTAs are kept as one number.
  for (const Cta *member : cluster.members)
    if (member) {
      auto threads =
          static_cast<uint32_t>(member->launch->config.block.count());
      for (ClockRef *clock : {&cluster.arrived.plain, &cluster.arrived.proxied})
        if (*clock)
          *clock = Clock::joinAll({*clock}, member->number, threads);
    }
  cluster.completed = std::move(cluster.arrived);
  cluster.arrived = Knowledge();
  for (Cta *member : cluster.members)
    for (size_t w = 0; member && w < member->warps.size(); ++w) {
      Warp &warp = member->warps[w];
      member->passesCluster[w] |= member->arrivedAtCluster[w];
      member->arrivedAtCluster[w] = 0;
      for (Group &group : warp.groups)
        if (group.wait == Group::Wait::Cluster) {
          group.wait = Group::Wait::None;
          warp.machine->wake(warp);
        }
      warp.machine->noteProgress();
    }
}

const Op *moe::emu::runClusterBarrier(Warp &w, const Op *op) {
  const auto &info = *static_cast<const ClusterBarrierInfo *>(op->info);
  Cta &cta = *w.cta;
  Machine &machine = *w.machine;
  uint32_t lanes = w.lanes(op);
  if (!lanes)
    return op + 1;
  int lane = __builtin_ctz(lanes);
  if (info.aligned && lanes != w.live && !w.group().isForced)
    machine.report(FindingKind::Divergence, w, op, lane, 0,
                   "an aligned barrier is executed by some threads of a warp "
                   "only");
  uint32_t &arrived = cta.arrivedAtCluster[w.index],
           &passes = cta.passesCluster[w.index];
  bool checked = machine.options.checked;
  if (info.arrive) {
    if ((arrived | passes) & lanes)
      machine.stop(FindingKind::BarrierMisuse, w, op, lane, 0,
                   "arrives at the barrier of the cluster again without having "
                   "waited");
    arrived |= lanes;
    if (checked)
      cta.cluster->arrived.join(arrivalKnowledge(w, lanes, info.relaxed));
    completeClusterBarrier(*cta.cluster);
    return op + 1;
  }
  if (((arrived | passes) & lanes) != lanes)
    machine.stop(FindingKind::BarrierMisuse, w, op, lane, 0,
                 "waits at the barrier of the cluster without having arrived");
  if ((passes & lanes) == lanes) {
    passes &= ~lanes;
    if (checked)
      acquire(w, lanes, cta.cluster->completed);
    return op + 1;
  }
  if (lanes != w.mask) { // the others go on
    ++machine.polls;
    Group rest = w.group();
    rest.mask = w.mask & ~lanes;
    rest.next = op + 1;
    w.group().mask = lanes;
    w.groups.push_back(std::move(rest));
  }
  w.group().next = op;
  w.group().wait = Group::Wait::Cluster;
  return switchGroup(w);
}

// ---- griddepcontrol ----

const Op *moe::emu::runLaunchDependents(Warp &w, const Op *op) {
  Cta &cta = *w.cta;
  if (!w.lanes(op) || cta.launchedDependents)
    return op + 1;
  cta.launchedDependents = true;
  w.machine->noteDependents(*cta.launch);
  w.machine->noteProgress();
  return op + 1;
}

const Op *moe::emu::runDependencyWait(Warp &w, const Op *op) {
  const Launch &launch = *w.cta->launch;
  std::pair key(launch.config.device, launch.config.stream);
  uint32_t lanes = w.lanes(op);
  auto isFirst = [&] {
    auto lock = w.machine->lockQueues();
    return w.machine->home->streams[key].front().get() == &launch;
  };
  if (lanes && !isFirst()) {
    ++w.machine->polls;
    return yieldAt(w, op);
  }
  if (w.machine->options.checked)
    acquire(w, lanes, w.machine->streamKnowledge[key]);
  return op + 1;
}
