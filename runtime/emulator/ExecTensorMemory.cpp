// tcgen05 but for mma: allocation of tensor memory, loads and stores, copies
// from shared memory, and what orders them. Everything is done when it is
// issued; what has not been waited for shows in the clocks of TensorMemory.h.
#include "Machine.h"
#include "SharedMatrix.h"

#include <algorithm>

using namespace moe::emu;

[[noreturn]] static void misuse(Warp &w, const Op *op, int lane,
                                const std::string &message) {
  w.machine->stop(FindingKind::AsyncMisuse, w, op, lane, 0, message);
}

/// The value that all lanes of the warp have to name.
static uint32_t uniform(Warp &w, const Op *op, uint32_t code,
                        const char *what) {
  uint32_t value = w.read32(code, 0);
  for (int lane = 1; w.machine->options.checked && lane < kWarpSize; ++lane)
    if (w.read32(code, lane) != value)
      misuse(w, op, lane,
             std::string("expects the same ") + what +
                 " in all threads of the warp");
  return value;
}

// ---- allocation ----

static const Op *waitForTensorMemory(Warp &w, const Op *op) {
  w.group().next = op;
  w.group().wait = Group::Wait::TensorMemory;
  return switchGroup(w);
}

void moe::emu::retryTensorMemory(Machine &machine) {
  for (auto &cta : machine.resident)
    for (Warp &warp : cta->warps)
      for (Group &group : warp.groups)
        if (group.wait == Group::Wait::TensorMemory) {
          group.wait = Group::Wait::None;
          machine.wake(warp);
        }
  machine.noteProgress();
}

static uint32_t columnsOf(Warp &w, const Op *op) {
  uint32_t columns = uniform(w, op, op->b, "number of columns");
  if (columns < 32 || columns > TensorMemory::kColumns ||
      (columns & (columns - 1)) != 0)
    misuse(w, op, 0,
           "expects 32, 64, 128, 256 or 512 columns, but got " +
               std::to_string(columns));
  return columns;
}

/// The rules for one CTA that allocates.
static void checkAllocation(Warp &w, const Op *op, uint32_t columns) {
  TensorUse &use = w.cta->tensor;
  if (use.relinquished)
    misuse(w, op, 0,
           "allocates tensor memory after 'tcgen05.relinquish_alloc_permit'");
  if (columns > use.mostColumns)
    misuse(w, op, 0,
           "allocates " + std::to_string(columns) +
               " columns after an allocation of " +
               std::to_string(use.mostColumns) + ": they must not become more");
}

/// Gives columns to the CTA of a warp, which gets their address.
static void allocate(Warp &w, const Op *op, uint32_t first, uint32_t columns) {
  const auto &info = *static_cast<const TensorAllocInfo *>(op->info);
  uint64_t address =
      (info.address32 ? w.read32(op->a, 0) : w.read64(op->a, 0)) + op->imm;
  Place place = resolve(w, op, 0, info.space, address, 4, 4, true);
  if (place.allocation != w.cta->shared.get())
    misuse(w, op, 0, "expects the address to be written to shared memory");
  if (w.machine->options.checked)
    checkRace(w, op, 0, place, 4, true, {}, address);
  std::memcpy(place.bytes(), &first, 4);
  markWritten(*w.machine, place, 4);
  if (w.machine->options.checked) // all threads of the warp did it
    acquire(w, w.live, releaseSnapshot(w, 0));
  TensorUse &use = w.cta->tensor;
  use.memory->give(first, columns, w.cta->number);
  use.ranges.push_back({first, columns});
  use.mostColumns = columns;
}

const Op *moe::emu::runTensorAlloc(Warp &w, const Op *op) {
  const auto &info = *static_cast<const TensorAllocInfo *>(op->info);
  uint32_t lanes = w.lanes(op);
  if (!lanes)
    return op + 1;
  needWholeWarp(w, op, lanes);
  uint32_t columns = columnsOf(w, op);
  checkAllocation(w, op, columns);
  Machine &machine = *w.machine;
  Cta *peer = info.pair ? &peerOf(w, op) : nullptr;
  w.cta->tensor.allocating = &w;
  Warp *other = peer ? peer->tensor.allocating : nullptr;
  if (peer && !other)
    return waitForTensorMemory(w, op);
  // Any place will do that is free in both.
  std::vector<uint32_t> places;
  for (uint32_t first = 0; first < TensorMemory::kColumns; first += columns)
    if (w.cta->tensor.memory->isFree(first, columns) &&
        (!peer || peer->tensor.memory->isFree(first, columns)))
      places.push_back(first);
  if (places.empty())
    return waitForTensorMemory(w, op);
  uint32_t first =
      places[machine.isSeeded()
                 ? machine.pick(static_cast<uint32_t>(places.size()))
                 : 0];
  allocate(w, op, first, columns);
  w.cta->tensor.allocating = nullptr;
  if (peer) {
    const Op *theirs = nullptr;
    for (Group &group : other->groups)
      if (group.next->run == runTensorAlloc)
        theirs = group.next++;
    if (uniform(*other, theirs, theirs->b, "number of columns") != columns)
      misuse(w, op, 0,
             "expects the same number of columns in both CTAs of the pair");
    allocate(*other, theirs, first, columns);
    peer->tensor.allocating = nullptr;
    retryTensorMemory(machine);
  }
  machine.noteProgress();
  return --w.budget < 0 ? yieldAt(w, op + 1) : op + 1;
}

/// Columns that are freed must not be in use any more.
static void checkUnused(Warp &w, const Op *op, const TensorUse::Range &range) {
  if (!w.machine->options.checked)
    return;
  TensorUse &use = w.cta->tensor;
  // It is no asynchronous operation: what its thread knows is enough.
  LaneSync &sync = w.cta->sync[w.index].lanes[0];
  sync.tensor = Clock::join(sync.tensor, sync.knowledge.tensor);
  TensorAccessor accessor{w,
                          op,
                          0,
                          *w.cta,
                          {w.cta->number, static_cast<uint8_t>(w.index),
                           TensorUser::Store, 0, op->line}};
  for (uint32_t column = range.first; column < range.first + range.count;
       ++column)
    for (uint32_t group = 0; group < TensorMemory::kGroups; ++group)
      if (const auto &granule = use.memory->granule(column, group);
          granule.write.cta != ~0u || !granule.reads.empty())
        accessor.write(column, group, 0);
}

const Op *moe::emu::runTensorDealloc(Warp &w, const Op *op) {
  const auto &info = *static_cast<const TensorAllocInfo *>(op->info);
  uint32_t lanes = w.lanes(op);
  if (!lanes)
    return op + 1;
  needWholeWarp(w, op, lanes);
  TensorUse &use = w.cta->tensor;
  const Cluster &cluster = *w.cta->cluster;
  uint32_t other = w.cta->rank ^ 1;
  const Cta *peer = info.pair && other < cluster.members.size()
                        ? cluster.members[other]
                        : nullptr;
  bool mayWait = false;
  if (!use.freed[w.index]) {
    uint32_t columns = columnsOf(w, op),
             address = uniform(w, op, op->a, "address");
    auto range = std::find_if(
        use.ranges.begin(), use.ranges.end(),
        [&](const TensorUse::Range &r) { return r.first == address; });
    if (range == use.ranges.end() || range->count != columns)
      misuse(w, op, 0,
             "frees " + std::to_string(columns) +
                 " columns of tensor memory that were not allocated together");
    checkUnused(w, op, *range);
    use.memory->takeBack(range->first, range->count);
    use.ranges.erase(range);
    ++use.deallocations;
    retryTensorMemory(*w.machine);
    // Whether the instruction waits for the other CTA is open.
    mayWait = w.machine->isSeeded() && w.machine->pick(2);
  }
  bool waits = peer && peer->tensor.deallocations < use.deallocations &&
               (mayWait || use.freed[w.index]);
  use.freed[w.index] = waits;
  if (waits)
    return waitForTensorMemory(w, op);
  return --w.budget < 0 ? yieldAt(w, op + 1) : op + 1;
}

const Op *moe::emu::runTensorRelinquish(Warp &w, const Op *op) {
  if (uint32_t lanes = w.lanes(op)) {
    needWholeWarp(w, op, lanes);
    w.cta->tensor.relinquished = true;
  }
  return op + 1;
}

// ---- ld and st ----

namespace {
struct Spot {
  uint32_t lane, word;
};
} // namespace

/// What register `reg` of a thread holds: a word of a lane. Of 16x32bx2 the
/// second half lies elsewhere.
static Spot spotOf(TensorMoveInfo::Shape shape, uint32_t reg, uint32_t thread) {
  using Shape = TensorMoveInfo::Shape;
  switch (shape) {
  case Shape::Lanes16x64:
    return {thread / 4 + thread % 2 * 8, thread / 2 % 2 + reg * 2};
  case Shape::Lanes16x128:
    return {thread / 4 + reg % 2 * 8, thread % 4 + reg / 2 * 4};
  case Shape::Lanes16x256:
    return {thread / 4 + reg / 2 % 2 * 8,
            thread % 4 * 2 + reg % 2 + reg / 4 * 8};
  case Shape::Lanes16x32x2:
    return {thread % 16, reg};
  default:
    return {thread, reg};
  }
}

/// Checks the accesses to `columns` columns from `column` on.
static void checkMove(const TensorAccessor &accessor, uint32_t column,
                      uint32_t columns, uint32_t firstLane, uint32_t lanes,
                      bool store) {
  accessor.need(column, columns, firstLane, lanes);
  if (!accessor.w.machine->options.checked)
    return;
  constexpr uint32_t kGroup = TensorMemory::kGroup;
  for (uint32_t i = 0; i < columns; ++i)
    for (uint32_t group = firstLane / kGroup;
         group < (firstLane + lanes) / kGroup; ++group)
      if (store)
        accessor.write(column + i, group, 0xffff);
      else
        accessor.read(column + i, group, 0xffff);
}

const Op *moe::emu::runTensorMove(Warp &w, const Op *op) {
  using Shape = TensorMoveInfo::Shape;
  const auto &info = *static_cast<const TensorMoveInfo *>(op->info);
  uint32_t lanes = w.lanes(op);
  if (!lanes)
    return op + 1;
  needWholeWarp(w, op, lanes);
  uint32_t address =
      uniform(w, op, op->a, "address") + static_cast<uint32_t>(info.offset);
  uint32_t lane = address >> 16, column = address & 0xffff;
  bool whole = info.shape == Shape::Lanes32x32,
       halves = info.shape == Shape::Lanes16x32x2;
  uint32_t reached = w.index % 4 * 32;
  if (lane != reached && (whole || lane != reached + 16))
    misuse(w, op, 0,
           "accesses tensor memory from lane " + std::to_string(lane) +
               " on: warp " + std::to_string(w.index % 4) +
               " of its warpgroup reaches lanes " + std::to_string(reached) +
               " to " + std::to_string(reached + 31));
  auto count = static_cast<uint32_t>(info.parts.size());
  uint32_t columns =
      count * (whole || halves ? 1u : 2u) * (info.packed ? 2u : 1u);
  TensorUse::Stamps &stamps = w.cta->tensor.stamps[w.index];
  uint32_t stamp = info.store ? ++stamps.stores : ++stamps.loads;
  TensorAccessor accessor{w,
                          op,
                          0,
                          *w.cta,
                          {w.cta->number, static_cast<uint8_t>(w.index),
                           info.store ? TensorUser::Store : TensorUser::Load,
                           stamp, op->line}};
  for (uint32_t half = 0; half <= halves; ++half)
    checkMove(accessor, column + half * info.split, columns, lane,
              whole ? 32 : 16, info.store);
  // Of a packed register the halves of two words.
  countTraffic(*w.machine, "tensor", uint64_t(count) * kWarpSize * 4,
               info.store);
  TensorMemory &memory = *w.cta->tensor.memory;
  for (uint32_t reg = 0; reg < count; ++reg)
    for (uint32_t thread = 0; thread < kWarpSize; ++thread) {
      Spot spot = spotOf(info.shape, reg, thread);
      uint32_t at = column + spot.word * (info.packed ? 2 : 1) +
                    (halves ? thread / 16 * info.split : 0);
      uint32_t *word = memory.word(at, lane + spot.lane);
      uint32_t *next = info.packed ? word + TensorMemory::kLanes : nullptr;
      uint32_t code = info.parts[reg].code;
      int self = static_cast<int>(thread);
      if (info.store) {
        uint32_t value = w.read32(code, self);
        *word = info.packed ? value & 0xffff : value;
        if (next)
          *next = value >> 16;
      } else {
        w.write32(code, self, next ? (*word & 0xffff) | *next << 16 : *word);
      }
    }
  w.machine->noteProgress();
  return --w.budget < 0 ? yieldAt(w, op + 1) : op + 1;
}

// ---- cp ----

/// The lanes that a row of a copy goes to.
static std::vector<uint32_t> lanesOf(const TensorCopyInfo &info, uint32_t row) {
  using Multicast = TensorCopyInfo::Multicast;
  switch (info.multicast) {
  case Multicast::Pairs02And13:
    return {row, row + 64};
  case Multicast::Pairs01And23:
    return {row / 32 * 64 + row % 32, row / 32 * 64 + row % 32 + 32};
  case Multicast::All:
    return {row, row + 32, row + 64, row + 96};
  case Multicast::Quarters:
    return {row * 32};
  default:
    return {row};
  }
}

static void copyToTensorMemory(const TensorAccessor &accessor,
                               const MatrixReader &reader,
                               const SharedMatrix &from, uint32_t address) {
  const auto &info = *static_cast<const TensorCopyInfo *>(accessor.op->info);
  uint32_t first = address >> 16, column = address & 0xffff;
  uint32_t columns = info.chunks * 4;
  uint16_t masks[TensorMemory::kGroups] = {};
  for (uint32_t row = 0; row < info.rows; ++row)
    for (uint32_t lane : lanesOf(info, row)) {
      accessor.need(column, columns, first + lane, 1);
      masks[(first + lane) / 16] |=
          static_cast<uint16_t>(1u << (first + lane) % 16);
    }
  if (accessor.w.machine->options.checked)
    for (uint32_t i = 0; i < columns; ++i)
      for (uint32_t group = 0; group < TensorMemory::kGroups; ++group)
        if (masks[group])
          accessor.write(column + i, group, masks[group]);
  TensorMemory &memory = *accessor.owner.tensor.memory;
  countTraffic(*accessor.w.machine, "tensor",
               uint64_t(info.rows) * lanesOf(info, 0).size() * columns * 4,
               true);
  for (uint32_t row = 0; row < info.rows; ++row)
    for (uint32_t chunk = 0; chunk < info.chunks; ++chunk) {
      uint32_t words[4];
      uint32_t at = from.alongK(row, chunk);
      reader.read(accessor.owner, &at, 1, reinterpret_cast<char *>(words));
      for (uint32_t lane : lanesOf(info, row))
        for (uint32_t i = 0; i < 4; ++i)
          *memory.word(column + chunk * 4 + i, first + lane) = words[i];
    }
}

const Op *moe::emu::runTensorCopy(Warp &w, const Op *op) {
  const auto &info = *static_cast<const TensorCopyInfo *>(op->info);
  Cta &cta = *w.cta;
  forLanes(w.lanes(op), [&](int lane) {
    uint32_t stamp = ++cta.tensor.stamps[w.index].issued;
    SharedMatrix from =
        decodeTensorDescriptor(w, op, lane, w.read64(op->b, lane));
    uint32_t address =
        w.read32(op->a, lane) + static_cast<uint32_t>(info.offset);
    Cta *peer = info.pair ? &peerOf(w, op) : nullptr;
    MatrixReader reader{w,     op,
                        lane,  tensorAgent(cta.number, kTensorDone, w.index),
                        stamp, "tcgen05.cp"};
    for (Cta *owner : {&cta, peer})
      if (owner)
        copyToTensorMemory({w,
                            op,
                            lane,
                            *owner,
                            {cta.number, static_cast<uint8_t>(w.index),
                             TensorUser::Copy, stamp, op->line}},
                           reader, from, address);
  });
  w.machine->noteProgress();
  return --w.budget < 0 ? yieldAt(w, op + 1) : op + 1;
}

// ---- order ----

/// Replaces a clock of each lane, most of which are the same, by what `change`
/// makes of it.
template <typename Change>
static void changeClocks(Warp &w, uint32_t lanes, Change change) {
  std::pair<ClockRef, ClockRef> before, after;
  bool any = false;
  forLanes(lanes, [&](int lane) {
    LaneSync &sync = w.cta->sync[w.index].lanes[lane];
    std::pair now(sync.tensor, sync.knowledge.tensor);
    if (!any || now != before) {
      before = after = now;
      change(after.first, after.second);
      any = true;
    }
    sync.tensor = after.first;
    sync.knowledge.tensor = after.second;
  });
}

const Op *moe::emu::runTensorWait(Warp &w, const Op *op) {
  uint32_t lanes = w.lanes(op);
  if (!lanes)
    return op + 1;
  needWholeWarp(w, op, lanes);
  if (!w.machine->options.checked)
    return op + 1;
  bool stores = op->flags != 0, strict = w.machine->options.tensorFences;
  const TensorUse::Stamps &stamps = w.cta->tensor.stamps[w.index];
  Agent agent = tensorAgent(w.cta->number,
                            stores ? kTensorStores : kTensorLoads, w.index);
  uint32_t stamp = stores ? stamps.stores : stamps.loads;
  changeClocks(w, lanes, [&](ClockRef &own, ClockRef &handedOn) {
    own = Clock::withAgent(own, agent, stamp);
    if (!strict)
      handedOn = Clock::withAgent(handedOn, agent, stamp);
  });
  return op + 1;
}

const Op *moe::emu::runTensorFence(Warp &w, const Op *op) {
  uint32_t lanes = w.lanes(op);
  if (!lanes || !w.machine->options.checked)
    return op + 1;
  Agent issued = tensorAgent(w.cta->number, kTensorIssued, w.index);
  uint32_t stamp = w.cta->tensor.stamps[w.index].issued;
  bool after = op->flags != 0;
  changeClocks(w, lanes, [&](ClockRef &own, ClockRef &handedOn) {
    if (after)
      own = Clock::join(own, handedOn);
    else
      handedOn = Clock::join(handedOn, Clock::withAgent(own, issued, stamp));
  });
  return op + 1;
}

const Op *moe::emu::runTensorCommit(Warp &w, const Op *op) {
  const auto &info = *static_cast<const TensorCommitInfo *>(op->info);
  Machine &machine = *w.machine;
  Cta &cta = *w.cta;
  forLanes(w.lanes(op), [&](int lane) {
    uint64_t address =
        (info.address32 ? w.read32(op->a, lane) : w.read64(op->a, lane)) +
        op->imm;
    Place place = resolve(w, op, lane, info.space, address, 8, 8, true);
    Knowledge done;
    if (machine.options.checked) {
      // It is told behind everything that its thread did before, and hands on
      // what the matrix instructions had to wait for.
      done = releaseSnapshot(w, lane);
      uint32_t stamp = cta.tensor.stamps[w.index].issued;
      Agent finished = tensorAgent(cta.number, kTensorDone, w.index);
      done.plain = Clock::withAgent(done.plain, finished, stamp);
      done.tensor = Clock::withAgents(
          Clock::join(done.tensor, cta.sync[w.index].lanes[lane].tensor),
          {tensorAgent(cta.number, kTensorIssued, w.index), finished}, stamp);
    }
    auto arrive = [&](Cta *target) {
      if (!target)
        misuse(w, op, lane, "expects an mbarrier of a CTA of the cluster");
      Place there{target->shared.get(), place.offset};
      auto found = target->mbarriers.find(static_cast<uint32_t>(place.offset));
      if (found == target->mbarriers.end())
        machine.stop(FindingKind::MbarrierMisuse, w, op, lane, address,
                     "uses an mbarrier that was not initialised");
      if (machine.options.checked)
        checkRace(w, op, lane, there, 8, true, {true, Scope::Cluster}, address);
      found->second.arrived.join(done);
      arriveAt(w, op, lane, address, found->second, 1);
      completePhase(machine, found->second);
    };
    if (!info.multicast) {
      arrive(ownerOf(cta, place.allocation));
      return;
    }
    const auto &members = cta.cluster->members;
    uint32_t mask = w.read32(op->b, lane) & 0xffff;
    if (mask == 0 || mask >> members.size())
      misuse(w, op, lane, "expects a multicast to CTAs of the cluster");
    for (size_t rank = 0; rank < members.size(); ++rank)
      if (mask >> rank & 1)
        arrive(members[rank]);
  });
  machine.noteProgress();
  return --w.budget < 0 ? yieldAt(w, op + 1) : op + 1;
}
