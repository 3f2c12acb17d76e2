// What the weak schedules let reads see: every write of a location that the
// memory model permits (docs/ptx-memory-model.md, "Values").
//
// A location has a history of its writes in coherence order. What a thread must
// not see any more follows from the clocks that find races as well: a read gets
// any write from the last one on that happens before it, or that its thread (or
// one that it acquired from) has seen by morally strong reads. A write takes
// any place behind those. A load may happen behind later accesses of its thread
// as long as nobody needs its value.
#include "Explorer.h"
#include "Machine.h"

#include <algorithm>

using namespace moe::emu;

/// Between the times of two writes; so many can come between them later.
static constexpr uint64_t kGap = uint64_t(1) << 32;
/// Writes of a location that are remembered.
static constexpr size_t kRemembered = 8, kExplored = 64;
/// How often a loop of an exhaustive search reads one value before it waits for
/// another one.
static constexpr uint32_t kPolls = 2;

static uint64_t valueOf(const char *bytes, uint32_t count) {
  uint64_t value = 0;
  std::memcpy(&value, bytes, count);
  return value;
}

void moe::emu::forgetHistory(const Place &place, uint64_t bytes) {
  auto &histories = place.allocation->shadow.histories;
  if (histories.empty())
    return;
  constexpr uint64_t kLongest = 8;
  auto at = histories.lower_bound(
      place.offset < kLongest ? 0 : place.offset - kLongest);
  while (at != histories.end() && at->first < place.offset + bytes) {
    if (at->first + at->second.bytes > place.offset)
      at = histories.erase(at);
    else
      ++at;
  }
}

/// The history of exactly these bytes, or nullptr.
static History *findHistory(const Place &place, uint32_t bytes) {
  auto &histories = place.allocation->shadow.histories;
  auto found = histories.find(place.offset);
  return found != histories.end() && found->second.bytes == bytes
             ? &found->second
             : nullptr;
}

static History &historyOf(Machine &machine, const Place &place,
                          uint32_t bytes) {
  if (History *known = findHistory(place, bytes))
    return *known;
  // Of accesses of different width everybody sees the last.
  forgetHistory(place, bytes);
  History &made = place.allocation->shadow.histories[place.offset];
  made.id = ++machine.historyIds * 2 + (place.isShared() ? 1 : 0);
  made.bytes = bytes;
  const uint8_t *states = place.states();
  if (std::all_of(states, states + bytes, [](uint8_t state) {
        return state & Allocation::kInitialised;
      })) {
    Message before;
    before.time = kGap;
    before.value = valueOf(place.bytes(), bytes);
    // Of writes that have no histories.
    auto released = place.allocation->shadow.sync.find(place.offset);
    if (released != place.allocation->shadow.sync.end())
      before.sync = released->second;
    made.messages.push_back(std::move(before));
  }
  return made;
}

static uint64_t seenTime(const ViewRef &view, uint64_t id) {
  if (!view)
    return 0;
  auto found = std::lower_bound(view->begin(), view->end(),
                                std::pair<uint64_t, uint64_t>(id, 0));
  return found != view->end() && found->first == id ? found->second : 0;
}

/// The last write that the lane cannot overlook.
static size_t oldestVisible(const Warp &w, int lane, const Place &place,
                            const History &history) {
  const Knowledge &knowledge = w.cta->sync[w.index].lanes[lane].knowledge;
  Observer observer = observerOf(w, lane, place);
  uint64_t seen = seenTime(knowledge.seen, history.id);
  for (size_t i = history.messages.size(); i-- > 1;) {
    const Message &message = history.messages[i];
    const Agent &writer = message.access.agent;
    if (message.time <= seen || writer.isNone() ||
        w.machine->races.ordered(observer, writer, message.access.stamp))
      return i;
  }
  return 0;
}

/// Of `count` ways, the last of which is what a strong machine does.
static size_t choose(Machine &machine, size_t count) {
  if (count == 1)
    return 0;
  if (machine.options.schedule == Schedule::Exhaustive)
    return count - 1 - machine.pick(static_cast<uint32_t>(count));
  return machine.pick(2) ? count - 1
                         : machine.pick(static_cast<uint32_t>(count));
}

/// Takes note of an access; in an exhaustive search the schedule may change
/// behind it.
static bool isStep(Warp &w, int lane, const Place &place, uint32_t bytes,
                   bool isWrite) {
  Machine &machine = *w.machine;
  if (machine.options.schedule != Schedule::Exhaustive)
    return true;
  uint32_t thread =
      threadAgent(w, lane).code - Agent(machine.firstExplored, {}, 0).code;
  bool step = machine.explorer().touch(place.allocation->base + place.offset,
                                       bytes, thread, isWrite);
  if (step)
    w.budget = 0;
  return step;
}

static void markSeen(Knowledge &knowledge, uint64_t id, uint64_t time) {
  if (seenTime(knowledge.seen, id) >= time)
    return;
  auto one = std::make_shared<View>();
  one->emplace_back(id, time);
  knowledge.seen = joinViews(knowledge.seen, one);
}

/// What the memory model makes of reading `message`. `acquirable`: of what may
/// be acquired.
static void see(Warp &w, int lane, const Place &place, const History &history,
                const Message &message, const MemoryInfo &info,
                bool acquirable = true) {
  Strength strength{true, info.scope};
  const Access &write = message.access;
  if (info.order == Order::Weak)
    return;
  if (!write.agent.isNone()) { // else everybody sees it, and what it released
    if (!w.machine->races.morallyStrong(write.strength, write.agent, strength,
                                        threadAgent(w, lane)))
      return;
    markSeen(w.cta->sync[w.index].lanes[lane].knowledge, history.id,
             message.time);
  }
  if (acquirable)
    strongRead(w, lane, place, message.sync, info.order, info.scope);
}

/// A loop that reads the same write again and again, and could read no other,
/// waits in an exhaustive search. A location without a history has no other.
static void notePoll(Warp &w, const Op *op, int lane, uint64_t location,
                     uint64_t time, bool isLast) {
  Poll &poll = w.machine->pollsOf[{op, threadAgent(w, lane).code}];
  bool same = poll.location == location && poll.time == time;
  poll = {location, time, same ? poll.count + 1 : 1};
  if (poll.count >= kPolls && isLast) {
    w.stalled = true;
    w.stalledAt = w.machine->writes;
  }
}

/// Reads one element now. `past` 0, or the stamp that a load had that is late:
/// it cannot see writes that happen after it.
static uint64_t readElement(Warp &w, const Op *op, int lane, const Place &place,
                            const MemoryInfo &info, uint32_t past) {
  Machine &machine = *w.machine;
  const History *history = findHistory(place, info.bytes);
  bool explores = machine.options.schedule == Schedule::Exhaustive;
  uint64_t location = place.allocation->base + place.offset;
  if (!history || history->messages.empty()) {
    if (explores)
      notePoll(w, op, lane, location, 0, true);
    if (info.order != Order::Weak)
      strongRead(w, lane, place, info.order, info.scope);
    return valueOf(place.bytes(), info.bytes);
  }
  const Poll *poll = nullptr;
  if (explores) {
    auto known = machine.pollsOf.find({op, threadAgent(w, lane).code});
    if (known != machine.pollsOf.end() && known->second.location == location &&
        known->second.count >= kPolls)
      poll = &known->second;
  }
  std::vector<size_t> ways;
  for (size_t i = oldestVisible(w, lane, place, *history);
       i < history->messages.size(); ++i) {
    const Message &message = history->messages[i];
    if (past && message.past && message.past->knows(threadAgent(w, lane), past))
      continue;
    ways.push_back(i);
  }
  if (poll && ways.size() > 1)
    std::erase_if(ways, [&](size_t i) {
      return history->messages[i].time == poll->time;
    });
  const Message &message =
      history->messages[ways[choose(machine, ways.size())]];
  if (explores)
    notePoll(w, op, lane, location, message.time,
             message.time == history->messages.back().time);
  see(w, lane, place, *history, message, info);
  return message.value;
}

static void putElement(Warp &w, int lane, const RegisterPart &part,
                       const MemoryInfo &info, uint64_t value) {
  if (info.isSigned && info.bytes < 8) {
    int shift = 64 - info.bytes * 8;
    value =
        static_cast<uint64_t>(static_cast<int64_t>(value << shift) >> shift);
  }
  if (part.wide)
    w.write64(part.code, lane, value);
  else
    w.write32(part.code, lane, static_cast<uint32_t>(value));
}

static void readAll(Warp &w, const Op *op, int lane, Place place,
                    const MemoryInfo &info, uint32_t past) {
  for (const RegisterPart &part : info.parts) {
    putElement(w, lane, part, info,
               readElement(w, op, lane, place, info, past));
    place.offset += info.bytes;
  }
}

// ---- late loads ----

/// Performs the late loads of a lane that overlap an access of the same lane.
static void catchUp(Warp &w, int lane, const Place &place, uint32_t bytes) {
  for (LateLoad &late : w.late) {
    const auto &info = *static_cast<const MemoryInfo *>(late.op->info);
    if (late.lane != lane || late.done || late.allocation != place.allocation ||
        late.offset >= place.offset + bytes ||
        place.offset >= late.offset + uint64_t{info.bytes} * info.count)
      continue;
    late.done = true;
    readAll(w, late.op, lane, {late.allocation, late.offset}, info, late.stamp);
  }
}

bool moe::emu::performLate(Warp &w, const Op *next) {
  bool any = false;
  for (LateLoad &late : w.late) {
    if (late.done || late.at != next || !(w.mask >> late.lane & 1))
      continue;
    const auto &info = *static_cast<const MemoryInfo *>(late.op->info);
    late.done = any = true;
    isStep(w, late.lane, {late.allocation, late.offset},
           info.bytes * info.count, false);
    readAll(w, late.op, late.lane, {late.allocation, late.offset}, info,
            late.stamp);
  }
  std::erase_if(w.late, [](const LateLoad &late) { return late.done; });
  return any;
}

// ---- accesses ----

void moe::emu::weakLoad(Warp &w, const Op *op, int lane, const Place &place,
                        const MemoryInfo &info) {
  uint32_t bytes = info.bytes * info.count;
  catchUp(w, lane, place, bytes);
  bool acquires = info.order != Order::Weak && info.order != Order::Relaxed;
  bool step = isStep(w, lane, place, bytes, false);
  if (step && !acquires && !info.later.empty()) {
    // Now, or behind one of the accesses that follow.
    auto ways = static_cast<uint32_t>(info.later.size()) + 1;
    size_t way = choose(*w.machine, ways);
    if (way + 1 != ways) {
      const Program &program = *w.cta->launch->program;
      w.late.push_back({op, program.ops.data() + info.later[way], lane,
                        place.allocation, place.offset,
                        w.cta->sync[w.index].now});
      return;
    }
  }
  readAll(w, op, lane, place, info, 0);
}

/// Places where a write may go: behind the write with this index.
static std::vector<size_t> placesFor(const Machine &machine,
                                     const History &history, size_t oldest,
                                     const Access &access) {
  std::vector<size_t> ways;
  const auto &messages = history.messages;
  for (size_t i = oldest; i < messages.size(); ++i) {
    // Nothing comes between a read-modify-write and what it read but writes
    // that it is not morally strong with.
    bool splits = std::any_of(
        messages.begin() + static_cast<ptrdiff_t>(i) + 1, messages.end(),
        [&](const Message &later) {
          return later.isRmw && later.readsFrom <= messages[i].time &&
                 machine.races.morallyStrong(access.strength, access.agent,
                                             later.access.strength,
                                             later.access.agent);
        });
    bool hasRoom = i + 1 == messages.size() ||
                   messages[i + 1].time - messages[i].time >= 2;
    if (splits || !hasRoom)
      continue;
    ways.push_back(i);
  }
  return ways;
}

/// Puts a write behind messages[after].
static void insert(Machine &machine, History &history, const Place &place,
                   size_t after, Message message) {
  auto &messages = history.messages;
  bool last = messages.empty() || after + 1 == messages.size();
  if (messages.empty())
    message.time = kGap;
  else if (last)
    message.time = messages.back().time + kGap;
  else
    message.time = messages[after].time +
                   (messages[after + 1].time - messages[after].time) / 2;
  if (last) {
    std::memcpy(place.bytes(), &message.value, history.bytes);
    for (uint32_t i = 0; i < history.bytes; ++i)
      place.states()[i] |= Allocation::kInitialised;
  }
  auto at = messages.empty()
                ? messages.end()
                : messages.begin() + static_cast<ptrdiff_t>(after) + 1;
  messages.insert(at, std::move(message));
  size_t most = machine.options.schedule == Schedule::Exhaustive ? kExplored
                                                                 : kRemembered;
  if (messages.size() > most)
    messages.erase(messages.begin());
  ++machine.writes;
  machine.noteProgress();
}

/// What a strong write of this thread continues: its own releases.
static std::vector<SyncEntry> ownReleases(const History &history, Agent self) {
  std::vector<SyncEntry> entries;
  for (size_t i = history.messages.size(); i-- > 0;) {
    const Message &message = history.messages[i];
    if (message.access.agent != self)
      continue;
    for (const SyncEntry &entry : message.sync)
      if (entry.agent == self)
        entries.push_back(entry);
    break;
  }
  return entries;
}

static Message messageOf(Warp &w, const Op *op, int lane, const Place &place,
                         const MemoryInfo &info, uint64_t value) {
  WarpSync &sync = w.cta->sync[w.index];
  Message message;
  message.value = value;
  message.access = {threadAgent(w, lane),
                    sync.now,
                    op->line,
                    {info.order != Order::Weak, info.scope}};
  message.past = sync.lanes[lane].known(place.isShared(), false);
  return message;
}

void moe::emu::weakStore(Warp &w, const Op *op, int lane, Place place,
                         const MemoryInfo &info, const char *data) {
  Machine &machine = *w.machine;
  uint32_t bytes = info.bytes * info.count;
  catchUp(w, lane, place, bytes);
  isStep(w, lane, place, bytes, true);
  for (unsigned i = 0; i < info.count; ++i, place.offset += info.bytes) {
    History &history = historyOf(machine, place, info.bytes);
    Message message =
        messageOf(w, op, lane, place, info,
                  valueOf(data + size_t(i) * info.bytes, info.bytes));
    if (info.order != Order::Weak) {
      message.sync = ownReleases(history, message.access.agent);
      strongWrite(w, lane, place, message.sync, info.order, info.scope);
    }
    size_t after = 0;
    if (!history.messages.empty()) {
      std::vector<size_t> ways =
          placesFor(machine, history, oldestVisible(w, lane, place, history),
                    message.access);
      after = ways[choose(machine, ways.size())];
    }
    insert(machine, history, place, after, std::move(message));
  }
}

uint64_t moe::emu::weakAtomic(Warp &w, const Op *op, int lane,
                              const Place &place, const MemoryInfo &info,
                              uint64_t b, uint64_t c) {
  Machine &machine = *w.machine;
  catchUp(w, lane, place, info.bytes);
  isStep(w, lane, place, info.bytes, true);
  History &history = historyOf(machine, place, info.bytes);
  const auto &messages = history.messages;
  if (messages.empty()) { // it was never written, which has been reported
    Message message =
        messageOf(w, op, lane, place, info, valueOf(place.bytes(), info.bytes));
    insert(machine, history, place, 0, std::move(message));
  }
  Message message = messageOf(w, op, lane, place, info, 0);
  uint64_t mask =
      info.bytes == 8 ? ~uint64_t(0) : (uint64_t(1) << (info.bytes * 8)) - 1;
  auto fails = [&](const Message &read) {
    return info.atomic == AtomicOp::Cas && read.value != (b & mask);
  };
  // It may overlook writes that it is not morally strong with.
  std::vector<size_t> ways;
  size_t oldest = oldestVisible(w, lane, place, history);
  bool overlooks = true;
  for (size_t i = messages.size(); i-- > oldest;) {
    if (overlooks || fails(messages[i]))
      ways.insert(ways.begin(), i);
    overlooks =
        overlooks && !machine.races.morallyStrong(
                         messages[i].access.strength, messages[i].access.agent,
                         message.access.strength, message.access.agent);
    // What was there before counts as a write that everybody agrees on.
    overlooks = overlooks && !messages[i].access.agent.isNone();
  }
  size_t from = ways[choose(machine, ways.size())];
  Message read = messages[from];
  see(w, lane, place, history, read, info, mayAcquire(info));
  if (fails(read))
    return read.value;
  message.value =
      atomicResult(info.atomic, info.type, info.ftz, read.value, b, c) & mask;
  message.isRmw = true;
  message.readsFrom = read.time;
  message.past =
      w.cta->sync[w.index].lanes[lane].known(place.isShared(), false);
  message.sync = std::move(read.sync);
  strongWrite(w, lane, place, message.sync, info.order, info.scope);
  insert(machine, history, place, from, std::move(message));
  return read.value;
}

void moe::emu::orderFence(Warp &w, int lane, Scope scope) {
  Machine &machine = *w.machine;
  const RaceDetector &races = machine.races;
  if (machine.options.schedule == Schedule::Exhaustive) {
    machine.explorer().step.fence = true;
    w.budget = 0;
  }
  Agent self = threadAgent(w, lane);
  Knowledge &own = w.cta->sync[w.index].lanes[lane].knowledge;
  SyncEntry *mine = nullptr;
  for (SyncEntry &entry : machine.scFences) {
    if (entry.agent == self && entry.scope == scope)
      mine = &entry;
    else if (races.includes(scope, self, entry.agent) &&
             races.includes(entry.scope, entry.agent, self))
      own.join(entry.knowledge);
  }
  SyncEntry entry{releaseSnapshot(w, lane), scope, self};
  if (mine)
    *mine = std::move(entry);
  else
    machine.scFences.push_back(std::move(entry));
}
