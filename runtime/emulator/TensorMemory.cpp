// Ownership of tensor memory and the order of accesses to it: the rules t1 to
// t5 of docs/ptx-memory-model.md.
#include "TensorMemory.h"
#include "Machine.h"

#include <algorithm>

using namespace moe::emu;

void TensorMemory::give(uint32_t first, uint32_t count, uint32_t cta) {
  if (!words) {
    words.reset(static_cast<uint32_t *>(
        std::aligned_alloc(128, sizeof(uint32_t) * kLanes * kColumns)));
    if (!words)
      throw std::bad_alloc();
    granules.resize(size_t(kColumns) * kGroups);
  }
  std::fill_n(owners.begin() + first, count, cta);
  std::fill_n(word(first, 0), size_t(count) * kLanes, 0xcbcbcbcb);
  for (uint32_t group = 0; group < count * kGroups; ++group) {
    Granule &granule = granules[size_t(first) * kGroups + group];
    granule.written = 0;
    granule.write = TensorAccess();
    granule.reads.clear();
  }
}

void TensorMemory::takeBack(uint32_t first, uint32_t count) {
  std::fill_n(owners.begin() + first, count, ~0u);
}

bool TensorMemory::isFree(uint32_t first, uint32_t count) const {
  return std::all_of(owners.begin() + first, owners.begin() + first + count,
                     [](uint32_t owner) { return owner == ~0u; });
}

// ---- accesses ----

void TensorAccessor::need(uint32_t column, uint32_t columns, uint32_t firstLane,
                          uint32_t lanes) const {
  constexpr uint32_t kColumns = TensorMemory::kColumns;
  bool inside = owner.tensor.memory && column <= kColumns &&
                columns <= kColumns - column &&
                firstLane + lanes <= TensorMemory::kLanes;
  for (uint32_t i = 0; inside && i < columns; ++i)
    inside = owner.tensor.memory->owners[column + i] == owner.number;
  if (inside)
    return;
  std::string text;
  for (const TensorUse::Range &range : owner.tensor.ranges)
    text += (text.empty() ? "" : ", ") + std::to_string(range.first) + " to " +
            std::to_string(range.first + range.count - 1);
  w.machine->stop(
      FindingKind::OutOfBounds, w, op, lane, uint64_t(firstLane) << 16 | column,
      "accesses columns " + std::to_string(column) + " to " +
          std::to_string(column + columns - 1) + " and lanes " +
          std::to_string(firstLane) + " to " +
          std::to_string(firstLane + lanes - 1) + " of tensor memory",
      {"the CTA has allocated " +
       (text.empty() ? "no columns" : "the columns " + text)});
}

bool TensorAccessor::isOrdered(const TensorAccess &earlier,
                               bool wasWrite) const {
  auto inPipeline = [](TensorUser user) {
    return user == TensorUser::Mma || user == TensorUser::Copy;
  };
  // Accumulators follow each other in order where they have the same shape.
  bool other =
      wasWrite && earlier.user == TensorUser::Mma &&
      (access.user != TensorUser::Mma || earlier.shape != access.shape);
  TensorAgent what = earlier.user == TensorUser::Load    ? kTensorLoads
                     : earlier.user == TensorUser::Store ? kTensorStores
                                                         : kTensorDone;
  if (inPipeline(earlier.user) && inPipeline(access.user) && !other) {
    if (earlier.cta == access.cta && earlier.warp == access.warp)
      return true;
    what = kTensorIssued;
  }
  const LaneSync &sync = w.cta->sync[w.index].lanes[lane];
  Agent agent = tensorAgent(earlier.cta, what, earlier.warp);
  auto known = [&](const ClockRef &clock) {
    return clock && clock->knows(agent, earlier.stamp);
  };
  return known(sync.tensor) ||
         (!w.machine->options.tensorFences && known(sync.knowledge.tensor));
}

void TensorAccessor::report(uint32_t column, const TensorAccess &earlier,
                            bool wasWrite, bool isWrite) const {
  const Machine &machine = *w.machine;
  std::vector<std::string> notes = {machine.otherAccess(w, earlier.line)};
  // What would order it.
  const LaneSync &sync = w.cta->sync[w.index].lanes[lane];
  bool loads = earlier.user == TensorUser::Load,
       moves = loads || earlier.user == TensorUser::Store;
  TensorAgent what = loads ? kTensorLoads : moves ? kTensorStores : kTensorDone;
  Agent agent = tensorAgent(earlier.cta, what, earlier.warp);
  if (sync.knowledge.tensor &&
      sync.knowledge.tensor->knows(agent, earlier.stamp))
    notes.emplace_back("it is done, but 'tcgen05.fence::after_thread_sync' "
                       "must come before this one");
  else if (moves)
    notes.emplace_back(
        std::string("'tcgen05.wait::") + (loads ? "ld" : "st") +
        "' must follow it, and where another warp did it, "
        "'tcgen05.fence::before_thread_sync' and a synchronisation");
  else
    notes.emplace_back("an mbarrier that 'tcgen05.commit' arrives at tells "
                       "when it is done");
  w.machine->report(FindingKind::Race, w, op, lane, column,
                    std::string(isWrite ? "writes" : "reads") +
                        " tensor memory that is not ordered after a " +
                        (wasWrite ? "write" : "read") + " by " +
                        machine.describe(agent),
                    std::move(notes), earlier.line);
}

void TensorAccessor::read(uint32_t column, uint32_t group,
                          uint16_t mask) const {
  TensorMemory::Granule &granule = owner.tensor.memory->granule(column, group);
  if (mask & ~granule.written) {
    w.machine->report(
        FindingKind::UninitialisedMemory, w, op, lane, column,
        "reads column " + std::to_string(column) +
            " of tensor memory, which was never written in lane " +
            std::to_string(
                group * TensorMemory::kGroup +
                static_cast<uint32_t>(__builtin_ctz(mask & ~granule.written))));
    granule.written |= mask;
  }
  if (granule.write.cta != ~0u && !isOrdered(granule.write, true))
    report(column, granule.write, true, false);
  for (TensorAccess &known : granule.reads)
    if (known.cta == access.cta && known.warp == access.warp &&
        known.user == access.user) {
      known = access;
      return;
    }
  granule.reads.push_back(access);
}

void TensorAccessor::write(uint32_t column, uint32_t group,
                           uint16_t mask) const {
  TensorMemory::Granule &granule = owner.tensor.memory->granule(column, group);
  if (granule.write.cta != ~0u && !isOrdered(granule.write, true))
    report(column, granule.write, true, true);
  for (const TensorAccess &known : granule.reads)
    if (!isOrdered(known, false))
      report(column, known, false, true);
  granule.reads.clear();
  granule.write = access;
  granule.written |= mask;
}

void TensorAccessor::accumulate(uint32_t column, uint32_t columns,
                                uint32_t group, bool reads) const {
  constexpr uint16_t kAll = 0xffff;
  // Most columns are in the state of the one before: written last by an access
  // that this one follows. Its own read before its write orders nothing then.
  TensorAccess followed;
  for (uint32_t c = column; c < column + columns; ++c) {
    TensorMemory::Granule &granule = owner.tensor.memory->granule(c, group);
    TensorAccess last = granule.write;
    if (last.cta != ~0u && last == followed && granule.reads.empty() &&
        granule.written == kAll) {
      granule.write = access;
      continue;
    }
    if (reads)
      read(c, group, kAll);
    write(c, group, kAll);
    if (last.cta != ~0u && isOrdered(last, true))
      followed = last;
  }
}

// ---- CTAs ----

Cta &moe::emu::peerOf(Warp &w, const Op *op) {
  const Cluster &cluster = *w.cta->cluster;
  uint32_t rank = w.cta->rank ^ 1;
  if (rank >= cluster.members.size())
    w.machine->stop(FindingKind::AsyncMisuse, w, op, 0, 0,
                    "expects a cluster of pairs of CTAs for '.cta_group::2'");
  if (!cluster.members[rank])
    w.machine->stop(FindingKind::AsyncMisuse, w, op, 0, 0,
                    "expects the other CTA of the pair, which has ended");
  return *cluster.members[rank];
}

void moe::emu::releaseTensorMemory(Machine &machine, Cta &cta,
                                   const Warp &warp) {
  if (!cta.tensor.memory)
    return;
  uint32_t kept = 0;
  for (const TensorUse::Range &range : cta.tensor.ranges) {
    cta.tensor.memory->takeBack(range.first, range.count);
    kept += range.count;
  }
  cta.tensor.ranges.clear();
  retryTensorMemory(machine);
  if (kept)
    machine.report(FindingKind::AsyncMisuse, warp,
                   &cta.launch->program->ops.back(), 0, 0,
                   "the CTA ends without freeing " + std::to_string(kept) +
                       " columns of tensor memory");
}
