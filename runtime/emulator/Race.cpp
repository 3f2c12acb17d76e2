// Clocks and the detection of conflicting accesses.
#include "Race.h"

#include <algorithm>

using namespace moe::emu;

std::atomic<uint64_t> Clock::serials{0};

bool Clock::knows(Agent agent, uint32_t stamp) const {
  uint32_t domain = agent.domain();
  auto entry =
      std::lower_bound(entries.begin(), entries.end(), domain,
                       [](const Entry &e, uint32_t d) { return e.domain < d; });
  if (entry != entries.end() && entry->domain == domain) {
    if (stamp <= entry->all)
      return true;
    auto part = std::lower_bound(
        entry->parts.begin(), entry->parts.end(), agent.thread(),
        [](const Part &p, uint32_t t) { return p.thread < t; });
    if (part != entry->parts.end() && part->thread == agent.thread() &&
        stamp <= part->stamp)
      return true;
  }
  for (const auto &[first, last] : ranges)
    if (agent.cta() >= first && agent.cta() < last)
      return true;
  return false;
}

Clock::Entry Clock::joinEntries(const Entry &a, const Entry &b) {
  Entry result;
  result.domain = a.domain;
  result.all = std::max(a.all, b.all);
  auto add = [&](const Part &part) {
    if (part.stamp > result.all)
      result.parts.push_back(part);
  };
  auto i = a.parts.begin(), j = b.parts.begin();
  while (i != a.parts.end() || j != b.parts.end()) {
    if (j == b.parts.end() || (i != a.parts.end() && i->thread < j->thread)) {
      add(*i++);
    } else if (i == a.parts.end() || j->thread < i->thread) {
      add(*j++);
    } else {
      add({i->thread, std::max(i->stamp, j->stamp)});
      ++i;
      ++j;
    }
  }
  return result;
}

bool Clock::knowsAll(uint32_t domain, uint32_t stamp) const {
  auto entry =
      std::lower_bound(entries.begin(), entries.end(), domain,
                       [](const Entry &e, uint32_t d) { return e.domain < d; });
  return entry != entries.end() && entry->domain == domain &&
         stamp <= entry->all;
}

ClockRef Clock::join(const ClockRef &a, const ClockRef &b) {
  if (a == b || !b)
    return a;
  if (!a)
    return b;
  auto result = std::make_shared<Clock>();
  auto i = a->entries.begin(), j = b->entries.begin();
  while (i != a->entries.end() || j != b->entries.end()) {
    if (j == b->entries.end() ||
        (i != a->entries.end() && i->domain < j->domain))
      result->entries.push_back(*i++);
    else if (i == a->entries.end() || j->domain < i->domain)
      result->entries.push_back(*j++);
    else
      result->entries.push_back(joinEntries(*i++, *j++));
  }
  result->ranges = a->ranges;
  for (const auto &range : b->ranges)
    if (std::find(result->ranges.begin(), result->ranges.end(), range) ==
        result->ranges.end())
      result->ranges.push_back(range);
  return result;
}

ClockRef Clock::joinAll(const std::vector<ClockRef> &clocks, uint32_t cta,
                        uint32_t threads) {
  std::vector<const Clock *> unique;
  for (const ClockRef &clock : clocks)
    if (clock && (unique.empty() || unique.back() != clock.get()))
      unique.push_back(clock.get());
  std::sort(unique.begin(), unique.end());
  unique.erase(std::unique(unique.begin(), unique.end()), unique.end());
  auto result = std::make_shared<Clock>();
  // The entries of each domain of all clocks together, then one merge.
  std::vector<const Entry *> entries;
  for (const Clock *clock : unique) {
    for (const Entry &entry : clock->entries)
      entries.push_back(&entry);
    for (const auto &range : clock->ranges)
      if (std::find(result->ranges.begin(), result->ranges.end(), range) ==
          result->ranges.end())
        result->ranges.push_back(range);
  }
  std::sort(entries.begin(), entries.end(), [](const Entry *a, const Entry *b) {
    return a->domain < b->domain;
  });
  for (size_t i = 0; i < entries.size();) {
    Entry merged;
    merged.domain = entries[i]->domain;
    size_t first = i;
    for (; i < entries.size() && entries[i]->domain == merged.domain; ++i)
      merged.all = std::max(merged.all, entries[i]->all);
    std::vector<Part> parts;
    for (size_t k = first; k < i; ++k)
      for (const Part &part : entries[k]->parts)
        if (part.stamp > merged.all)
          parts.push_back(part);
    std::sort(parts.begin(), parts.end(), [](const Part &a, const Part &b) {
      return a.thread != b.thread ? a.thread < b.thread : a.stamp > b.stamp;
    });
    for (const Part &part : parts)
      if (merged.parts.empty() || merged.parts.back().thread != part.thread)
        merged.parts.push_back(part);
    if (merged.domain >> 2 == cta && merged.parts.size() == threads) {
      for (const Part &part : merged.parts)
        merged.all = &part == &merged.parts.front()
                         ? part.stamp
                         : std::min(merged.all, part.stamp);
      std::erase_if(merged.parts,
                    [&](const Part &part) { return part.stamp <= merged.all; });
    }
    result->entries.push_back(std::move(merged));
  }
  return result;
}

ClockRef Clock::withAgent(const ClockRef &base, Agent agent, uint32_t stamp) {
  auto one = std::make_shared<Clock>();
  one->entries.push_back({agent.domain(), 0, {{agent.thread(), stamp}}});
  return join(base, one);
}

ClockRef Clock::withAgents(const ClockRef &base,
                           const std::vector<Agent> &agents, uint32_t stamp) {
  auto one = std::make_shared<Clock>();
  one->entries.push_back({agents.front().domain(), 0, {}});
  for (Agent agent : agents)
    one->entries[0].parts.push_back({agent.thread(), stamp});
  std::sort(one->entries[0].parts.begin(), one->entries[0].parts.end(),
            [](const Part &a, const Part &b) { return a.thread < b.thread; });
  return join(base, one);
}

ClockRef Clock::withDomain(const ClockRef &base, uint32_t domain,
                           uint32_t stamp) {
  auto one = std::make_shared<Clock>();
  one->entries.push_back({domain, stamp, {}});
  return join(base, one);
}

ClockRef Clock::withRange(const ClockRef &base, uint32_t first, uint32_t last) {
  auto one = std::make_shared<Clock>();
  if (first < last)
    one->ranges.emplace_back(first, last);
  return join(base, one);
}

ViewRef moe::emu::joinViews(const ViewRef &a, const ViewRef &b) {
  if (a == b || !b)
    return a;
  if (!a)
    return b;
  auto result = std::make_shared<View>();
  result->reserve(a->size() + b->size());
  auto i = a->begin(), j = b->begin();
  while (i != a->end() || j != b->end()) {
    if (j == b->end() || (i != a->end() && i->first < j->first)) {
      result->push_back(*i++);
    } else if (i == a->end() || j->first < i->first) {
      result->push_back(*j++);
    } else {
      result->emplace_back(i->first, std::max(i->second, j->second));
      ++i;
      ++j;
    }
  }
  return result;
}

bool RaceDetector::includes(Scope scope, Agent from, Agent other) const {
  if (from.cta() == other.cta() || scope == Scope::Sys)
    return true;
  const CtaPlace &a = places[from.cta()], &b = places[other.cta()];
  switch (scope) {
  case Scope::Cta:
    return false;
  case Scope::Cluster:
    return a.device == b.device && a.cluster == b.cluster;
  default:
    return a.device == b.device;
  }
}

bool RaceDetector::accessCell(RaceShadow &shadow, RaceShadow::Cell &cell,
                              bool isWrite, const Access &access,
                              const Observer &observer, WriterMemo &memo,
                              Conflict &conflict) {
  bool found = false;
  const Access &write = cell.write;
  if (write.agent != memo.agent || write.stamp != memo.stamp)
    memo = {write.agent, write.stamp,
            write.agent.isNone() ||
                ordered(observer, write.agent, write.stamp)};
  if (!memo.ordered && !morallyStrong(write.strength, write.agent,
                                      access.strength, access.agent)) {
    conflict = {write, true};
    found = true;
  }
  uint32_t warp = access.agent.code / 32, lane = access.agent.code % 32;
  auto readOrdered = [&](const ReadEntry &read, bool report) {
    uint32_t lanes = read.lanes;
    // A warp's agents are of one domain: 1024 agents, 32 warps.
    if (observer.clock.knowsAll(read.warp / 32, read.stamp))
      return true;
    if (read.warp == observer.self.code / 32 && read.stamp <= observer.now)
      lanes &= ~(1u << observer.self.code % 32);
    bool all = true;
    for (; lanes && all; lanes &= lanes - 1) {
      Agent other;
      other.code = read.warp * 32 + static_cast<uint32_t>(__builtin_ctz(lanes));
      all = ordered(observer, other, read.stamp) ||
            (report && morallyStrong(read.strength, other, access.strength,
                                     access.agent));
      if (!all && report) {
        conflict = {{other, read.stamp, read.line, read.strength}, false};
        found = true;
      }
    }
    return all;
  };
  if (isWrite) {
    if (!found && cell.read.warp != ~0u)
      readOrdered(cell.read, true);
    if (cell.more >= 0) {
      for (const ReadEntry &read : shadow.extra[cell.more])
        if (!found)
          readOrdered(read, true);
      shadow.extra[cell.more].clear();
    }
    cell.read.warp = ~0u;
    cell.write = access;
    return found;
  }
  ReadEntry mine{warp, 1u << lane, access.stamp, access.line, access.strength};
  auto merge = [&](ReadEntry &read) {
    bool same = read.warp == warp && read.stamp == access.stamp &&
                read.strength.strong == access.strength.strong &&
                read.strength.scope == access.strength.scope;
    if (same) {
      read.lanes |= 1u << lane;
      return true;
    }
    if (read.warp == ~0u || readOrdered(read, false)) {
      read = mine;
      return true;
    }
    return false;
  };
  // An agent that read before: whoever knows the later read knows the earlier.
  auto isMine = [&](const ReadEntry &read) {
    return read.warp == warp && read.lanes == 1u << lane &&
           read.stamp <= access.stamp &&
           read.strength.strong == access.strength.strong &&
           read.strength.scope == access.strength.scope;
  };
  if (isMine(cell.read)) {
    cell.read = mine;
    return found;
  }
  if (cell.more >= 0)
    for (ReadEntry &read : shadow.extra[cell.more])
      if (isMine(read)) {
        read = mine;
        return found;
      }
  if (merge(cell.read))
    return found;
  if (cell.more < 0) {
    cell.more = shadow.takeExtra();
  }
  auto &more = shadow.extra[cell.more];
  for (ReadEntry &read : more)
    if (merge(read))
      return found;
  more.push_back(mine);
  return found;
}

void RaceShadow::split(Cell &cell) {
  int32_t index;
  if (freeParts.empty()) {
    index = static_cast<int32_t>(parts.size());
    parts.push_back(std::make_unique<std::array<Cell, 4>>());
  } else {
    index = freeParts.back();
    freeParts.pop_back();
  }
  Cell copy = cell;
  copy.split = -1;
  *parts[static_cast<size_t>(index)] = {copy, copy, copy, copy};
  // Each part has readers of its own from now on.
  for (size_t i = 1; i < 4 && copy.more >= 0; ++i) {
    int32_t more = takeExtra();
    extra[static_cast<size_t>(more)] = extra[static_cast<size_t>(copy.more)];
    (*parts[static_cast<size_t>(index)])[i].more = more;
  }
  cell.more = -1;
  cell.split = index;
}

int32_t RaceShadow::takeExtra() {
  if (freeExtra.empty()) {
    extra.emplace_back();
    return static_cast<int32_t>(extra.size() - 1);
  }
  int32_t index = freeExtra.back();
  freeExtra.pop_back();
  return index;
}

void RaceShadow::unite(Cell &cell, const Access &write) {
  for (Cell &part : *parts[static_cast<size_t>(cell.split)]) {
    if (part.split >= 0)
      unite(part, write);
    if (part.more >= 0) {
      extra[static_cast<size_t>(part.more)].clear();
      freeExtra.push_back(part.more);
    }
  }
  freeParts.push_back(cell.split);
  cell = Cell();
  cell.write = write;
}

struct RaceDetector::Request {
  RaceShadow &shadow;
  bool isWrite;
  const Access &access;
  const Observer &observer;
};

/// The bytes [begin, end) of a cell.
bool RaceDetector::accessParts(const Request &request, RaceShadow::Cell &cell,
                               uint64_t cellBytes, uint64_t begin, uint64_t end,
                               WriterMemo &memo, Conflict &conflict) {
  bool whole = end - begin == cellBytes;
  if (cell.split < 0 && whole)
    return accessCell(request.shadow, cell, request.isWrite, request.access,
                      request.observer, memo, conflict);
  if (cell.split < 0)
    request.shadow.split(cell);
  bool found = false;
  uint64_t partBytes = cellBytes / 4;
  for (uint64_t at = begin; at < end;) {
    uint64_t part = at / partBytes,
             last = std::min(end, (part + 1) * partBytes);
    auto &parts = *request.shadow.parts[static_cast<size_t>(cell.split)];
    found |= accessParts(request, parts[part], partBytes, at - part * partBytes,
                         last - part * partBytes, memo, conflict);
    at = last;
  }
  if (whole && request.isWrite)
    request.shadow.unite(cell, request.access);
  return found;
}

bool RaceDetector::access(RaceShadow &shadow, uint64_t offset, uint32_t bytes,
                          bool isWrite, const Access &access,
                          const Observer &observer, Conflict &conflict) {
  bool found = false;
  WriterMemo memo;
  Request request{shadow, isWrite, access, observer};
  constexpr uint64_t kBytes = RaceShadow::kCellBytes;
  for (uint64_t at = offset, end = offset + bytes; at < end;) {
    uint64_t inCell = at % kBytes, count = std::min(kBytes - inCell, end - at);
    found |= accessParts(request, shadow.cell(at), kBytes, inCell,
                         inCell + count, memo, conflict);
    at += count;
  }
  return found;
}
