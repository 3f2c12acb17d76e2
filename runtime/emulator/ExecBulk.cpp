// cp.async.bulk: copies of the async proxy between global and shared memory.
//
// A copy is checked when it is issued and done later, at a time that the
// schedule chooses. What it reads must have been made visible to the async
// proxy by a proxy fence, the issuer's own writes included.
#include "Machine.h"

#include <algorithm>

using namespace moe::emu;

/// Reads and writes of a CTA's copies, in turn; a thread number has 10 bits.
static constexpr uint32_t kSlots = 512;

static Agent bulkAgent(const Cta &cta, uint32_t slot) {
  return Agent(cta.number, Agent::Bulk, slot);
}

static void checkBulkRace(Warp &w, const Op *op, int lane, const Place &place,
                          uint32_t bytes, bool isWrite, const BulkCopy &copy) {
  const WarpSync &sync = w.cta->sync[w.index];
  const Knowledge &knowledge = sync.lanes[lane].knowledge;
  static const Clock kNothing;
  const ClockRef &clock = isWrite ? knowledge.plain : knowledge.proxied;
  // Program order is enough for what the copy overwrites, not for what it
  // reads.
  Observer observer{clock ? *clock : kNothing,
                    isWrite ? threadAgent(w, lane) : Agent(), sync.now};
  Agent agent = bulkAgent(*w.cta, copy.slot + (isWrite ? 1 : 0));
  RaceDetector::Conflict conflict;
  if (!w.machine->races.access(place.allocation->shadow, place.offset, bytes,
                               isWrite, {agent, copy.stamp, op->line, {}},
                               observer, conflict))
    return;
  std::vector<std::string> notes = {
      "the other access is at line " + std::to_string(conflict.other.line) +
      ": " + w.machine->lineText(w, conflict.other.line)};
  Agent self = threadAgent(w, lane);
  bool isOrdered =
      conflict.other.agent == self ||
      (knowledge.plain &&
       knowledge.plain->knows(conflict.other.agent, conflict.other.stamp));
  if (!isWrite && isOrdered)
    notes.emplace_back("'fence.proxy.async' must make it visible to the copy");
  w.machine->report(
      FindingKind::Race, w, op, lane, place.allocation->base + place.offset,
      std::string("the bulk copy ") + (isWrite ? "writes" : "reads") +
          " memory that is not ordered after a " +
          (conflict.otherIsWrite ? "write" : "read") + " by " +
          w.machine->describe(conflict.other.agent),
      std::move(notes));
}

const Op *moe::emu::runBulkCopy(Warp &w, const Op *op) {
  const auto &info = *static_cast<const BulkInfo *>(op->info);
  Machine &machine = *w.machine;
  Cta &cta = *w.cta;
  forLanes(w.lanes(op), [&](int lane) {
    auto addressAt = [&](uint32_t code, int index) {
      return (info.narrow[index] ? w.read32(code, lane)
                                 : w.read64(code, lane)) +
             static_cast<uint64_t>(info.offsets[index]);
    };
    uint32_t bytes = w.read32(op->c, lane);
    uint64_t to = addressAt(op->a, 0), from = addressAt(op->b, 1);
    if (bytes == 0 || bytes % 16 != 0)
      machine.stop(FindingKind::AsyncMisuse, w, op, lane, to,
                   "expects a size that is a multiple of 16, but got " +
                       std::to_string(bytes));
    Place dst =
        resolve(w, op, lane, info.toShared ? Space::Shared : Space::Global, to,
                bytes, 16, true);
    Place src =
        resolve(w, op, lane, info.toShared ? Space::Global : Space::Shared,
                from, bytes, 16, false);
    BulkCopy copy;
    copy.cta = &cta;
    copy.id = ++machine.bulkIds;
    copy.toShared = info.toShared;
    copy.shared = static_cast<uint32_t>((info.toShared ? dst : src).offset);
    copy.global = info.toShared ? from : to;
    copy.bytes = bytes;
    copy.slot = cta.bulkCount % kSlots * 2;
    copy.stamp = ++cta.bulkCount;
    if (info.toShared) {
      uint64_t barrier = addressAt(op->d, 2);
      Place place = resolve(w, op, lane, Space::Shared, barrier, 8, 8, true);
      copy.mbarrier = static_cast<uint32_t>(place.offset);
      if (!cta.mbarriers.count(copy.mbarrier))
        machine.stop(FindingKind::MbarrierMisuse, w, op, lane, barrier,
                     "uses an mbarrier that was not initialised");
    } else {
      BulkGroup &group = cta.copies[w.index][lane].openBulk;
      group.ids.push_back(copy.id);
      group.slots.emplace_back(copy.slot, copy.stamp);
    }
    if (machine.options.checked) {
      checkInitialised(w, op, lane, src, bytes, from);
      checkBulkRace(w, op, lane, src, bytes, false, copy);
      checkBulkRace(w, op, lane, dst, bytes, true, copy);
    }
    machine.bulk.push_back(copy);
  });
  return --w.budget < 0 ? yieldAt(w, op + 1) : op + 1;
}

void Machine::completeBulk(size_t index) {
  BulkCopy copy = bulk[index];
  bulk.erase(bulk.begin() + static_cast<ptrdiff_t>(index));
  Allocation &shared = *copy.cta->shared;
  Allocation &global = *memory.find(copy.global);
  char *inShared = shared.bytes.get() + copy.shared;
  char *inGlobal = global.bytes.get() + (copy.global - global.base);
  noteProgress();
  if (!copy.toShared) {
    std::memcpy(inGlobal, inShared, copy.bytes);
    markInitialised({&global, copy.global - global.base}, copy.bytes);
    return;
  }
  std::memcpy(inShared, inGlobal, copy.bytes);
  markInitialised({&shared, copy.shared}, copy.bytes);
  auto found = copy.cta->mbarriers.find(copy.mbarrier);
  if (found == copy.cta->mbarriers.end())
    return; // invalidated meanwhile: nobody can wait for it
  MbarrierState &state = found->second;
  state.tx -= copy.bytes;
  if (options.checked) {
    // Both the copy's own write and what it read are done, for either proxy.
    Knowledge done;
    for (uint32_t part : {copy.slot, copy.slot + 1})
      done.plain =
          Clock::withAgent(done.plain, bulkAgent(*copy.cta, part), copy.stamp);
    done.proxied = done.plain;
    state.arrived.join(done);
  }
  completePhase(*this, state);
}

bool Machine::advanceBulk(bool force) {
  if (bulk.empty())
    return false;
  // Late copies come when the threads wait for nothing else.
  constexpr uint64_t kLate = 300;
  bool late = options.schedule == Schedule::Latest;
  if (!force && (late ? slots - progress < kLate : pick(8) != 0))
    return true;
  completeBulk(late ? bulk.size() - 1
                    : pick(static_cast<uint32_t>(bulk.size())));
  return true;
}

void Machine::checkBulkDone(Cta &cta, const Warp &warp) {
  for (size_t i = bulk.size(); i-- > 0;) {
    if (bulk[i].cta != &cta)
      continue;
    const Program &program = *cta.launch->program;
    report(
        FindingKind::AsyncMisuse, warp, &program.ops.back(), 0, bulk[i].global,
        "the CTA ends before a bulk copy of " + std::to_string(bulk[i].bytes) +
            " bytes " + (bulk[i].toShared ? "into" : "out of") +
            " its shared memory is done");
    completeBulk(i);
  }
}

const Op *moe::emu::runBulkCommit(Warp &w, const Op *op) {
  forLanes(w.lanes(op), [&](int lane) {
    AsyncQueue &queue = w.cta->copies[w.index][lane];
    queue.bulkGroups.push_back(std::move(queue.openBulk));
    queue.openBulk = BulkGroup();
  });
  return op + 1;
}

const Op *moe::emu::runBulkWait(Warp &w, const Op *op) {
  Machine &machine = *w.machine;
  bool readsOnly = op->flags != 0;
  forLanes(w.lanes(op), [&](int lane) {
    AsyncQueue &queue = w.cta->copies[w.index][lane];
    Knowledge &knowledge = w.cta->sync[w.index].lanes[lane].knowledge;
    size_t done = queue.bulkGroups.size() > op->imm
                      ? queue.bulkGroups.size() - op->imm
                      : 0;
    for (size_t g = 0; g < done; ++g) {
      const BulkGroup &group = queue.bulkGroups[g];
      for (uint64_t id : group.ids)
        for (size_t i = machine.bulk.size(); i-- > 0;)
          if (machine.bulk[i].id == id)
            machine.completeBulk(i);
      if (!machine.options.checked)
        continue;
      for (const auto &[slot, stamp] : group.slots) {
        knowledge.plain =
            Clock::withAgent(knowledge.plain, bulkAgent(*w.cta, slot), stamp);
        if (!readsOnly)
          knowledge.plain = Clock::withAgent(
              knowledge.plain, bulkAgent(*w.cta, slot + 1), stamp);
      }
    }
    // After a wait for reads the groups may be waited for once more.
    if (!readsOnly)
      queue.bulkGroups.erase(queue.bulkGroups.begin(),
                             queue.bulkGroups.begin() +
                                 static_cast<ptrdiff_t>(done));
  });
  return op + 1;
}
