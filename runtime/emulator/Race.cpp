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
  result.parts.reserve(a.parts.size() + b.parts.size());
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

uint32_t Clock::allOf(uint32_t domain) const {
  auto entry =
      std::lower_bound(entries.begin(), entries.end(), domain,
                       [](const Entry &e, uint32_t d) { return e.domain < d; });
  return entry != entries.end() && entry->domain == domain ? entry->all : 0;
}

uint32_t Clock::mostOf(uint32_t domain) const {
  for (const auto &[first, last] : ranges)
    if (domain >> 2 >= first && domain >> 2 < last)
      return ~0u;
  auto entry =
      std::lower_bound(entries.begin(), entries.end(), domain,
                       [](const Entry &e, uint32_t d) { return e.domain < d; });
  if (entry == entries.end() || entry->domain != domain)
    return 0;
  uint32_t most = entry->all;
  for (const Part &part : entry->parts)
    most = std::max(most, part.stamp);
  return most;
}

ClockRef Clock::join(const ClockRef &a, const ClockRef &b) {
  if (a == b || !b)
    return a;
  if (!a)
    return b;
  auto result = std::make_unique<Clock>();
  result->entries.reserve(a->entries.size() + b->entries.size());
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
  auto result = std::make_unique<Clock>();
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
  return withStamps(base, {{agent, stamp}});
}

ClockRef Clock::withAgents(const ClockRef &base,
                           const std::vector<Agent> &agents, uint32_t stamp) {
  std::vector<std::pair<Agent, uint32_t>> stamps;
  stamps.reserve(agents.size());
  for (Agent agent : agents)
    stamps.emplace_back(agent, stamp);
  return withStamps(base, stamps);
}

ClockRef
Clock::withStamps(const ClockRef &base,
                  const std::vector<std::pair<Agent, uint32_t>> &stamps) {
  auto one = std::make_unique<Clock>();
  one->entries.push_back({stamps.front().first.domain(), 0, {}});
  std::vector<Part> &parts = one->entries[0].parts;
  parts.reserve(stamps.size());
  for (const auto &[agent, stamp] : stamps)
    parts.push_back({agent.thread(), stamp});
  std::sort(parts.begin(), parts.end(),
            [](const Part &a, const Part &b) { return a.thread < b.thread; });
  return join(base, std::move(one));
}

ClockRef Clock::withDomain(const ClockRef &base, uint32_t domain,
                           uint32_t stamp) {
  auto one = std::make_unique<Clock>();
  one->entries.push_back({domain, stamp, {}});
  return join(base, std::move(one));
}

ClockRef Clock::withRange(const ClockRef &base, uint32_t first, uint32_t last) {
  auto one = std::make_unique<Clock>();
  if (first < last)
    one->ranges.emplace_back(first, last);
  return join(base, std::move(one));
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

// ---- cells ----

bool RaceDetector::findUnorderedRead(const Request &request,
                                     const ReadEntry &read,
                                     Conflict &conflict) const {
  const Observer &observer = request.observer;
  const Access &access = request.access;
  if (read.domain() >> 2 < retired ||
      knowsAll(observer.clock, read.domain(), read.stamp))
    return false;
  for (uint32_t lanes = read.lanes; lanes; lanes &= lanes - 1) {
    Agent other;
    other.code = read.warp * 32 + static_cast<uint32_t>(__builtin_ctz(lanes));
    if (ordered(observer, other, read.stamp) ||
        (request.isWrite && morallyStrong(read.site.strength(), other,
                                          access.strength, access.agent)))
      continue;
    conflict = {{other, read.stamp, read.site.line(), read.site.strength()},
                false};
    return true;
  }
  return false;
}

bool RaceDetector::writeCell(const Request &request, RaceShadow::Cell &cell,
                             Conflict &conflict) const {
  bool found = conflictsWithWrite(request, cell.write, conflict);
  if (!cell.read.isNobody()) {
    size_t readers = request.shadow.readerCount(cell);
    for (size_t i = 0; i < readers && !found; ++i)
      found =
          findUnorderedRead(request, request.shadow.reader(cell, i), conflict);
    request.shadow.clearReaders(cell);
  }
  cell.write = request.access;
  return found;
}

bool RaceDetector::readCell(const Request &request, RaceShadow::Cell &cell,
                            Conflict &conflict) const {
  const Access &access = request.access;
  bool found = conflictsWithWrite(request, cell.write, conflict);
  const ReadEntry mine(access.agent, access.stamp,
                       Site(access.line, access.strength));
  if (cell.read.isNobody()) {
    cell.read = mine;
    return found;
  }
  RaceShadow &shadow = request.shadow;
  auto isAlike = [&](const ReadEntry &read) {
    return read.warp == mine.warp && read.site.strength() == access.strength;
  };
  // An agent that read before: whoever knows the later read knows the earlier.
  size_t readers = shadow.readerCount(cell);
  for (size_t i = 0; i < readers; ++i) {
    ReadEntry read = shadow.reader(cell, i);
    if (isAlike(read) && read.lanes == mine.lanes &&
        read.stamp <= access.stamp) {
      shadow.setReader(cell, i, mine);
      return found;
    }
  }
  for (size_t i = 0; i < readers; ++i) {
    ReadEntry read = shadow.reader(cell, i);
    Conflict unordered;
    if (isAlike(read) && read.stamp == access.stamp)
      read.lanes |= mine.lanes;
    else if (!findUnorderedRead(request, read, unordered))
      read = mine;
    else
      continue;
    shadow.setReader(cell, i, read);
    return found;
  }
  shadow.addReader(cell, mine);
  return found;
}

uint32_t RaceShadow::takeReaders() {
  if (freeExtra.empty()) {
    extra.emplace_back();
    return static_cast<uint32_t>(extra.size() - 1);
  }
  uint32_t index = freeExtra.back();
  freeExtra.pop_back();
  return index;
}

std::vector<ReadEntry> &RaceShadow::ownReaders(Cell &cell) {
  if (cell.form() != Cell::More || extra[cell.link()].cells > 1) {
    uint32_t own = takeReaders();
    Readers &readers = extra[own];
    readers.cells = 1;
    if (cell.form() == Cell::More) {
      readers.entries = extra[cell.link()].entries;
      releaseReaders(cell.link());
    } else if (cell.form() == Cell::Pair) {
      readers.entries.push_back(reader(cell, 1));
      cell.read = reader(cell, 0);
    }
    cell.set(Cell::More, own);
  }
  return extra[cell.link()].entries;
}

void RaceShadow::addReader(Cell &cell, const ReadEntry &reader) {
  const ReadEntry &first = cell.read;
  if (cell.form() == Cell::Plain && first.stamp == reader.stamp &&
      first.site == reader.site && std::has_single_bit(first.lanes)) {
    auto agentOf = [](const ReadEntry &read) {
      return read.warp * 32 +
             static_cast<uint32_t>(std::countr_zero(read.lanes));
    };
    cell.read.warp = agentOf(first);
    cell.read.lanes = agentOf(reader);
    cell.set(Cell::Pair);
    return;
  }
  ownReaders(cell).push_back(reader);
}

void RaceShadow::setReader(Cell &cell, size_t index, const ReadEntry &reader) {
  if (this->reader(cell, index) == reader)
    return;
  if (cell.form() == Cell::Pair)
    ownReaders(cell);
  if (index)
    ownReaders(cell)[index - 1] = reader;
  else
    cell.read = reader;
}

void RaceShadow::split(Cell &cell) {
  size_t index = parts.size();
  if (freeParts.empty()) {
    parts.push_back(std::make_unique<std::array<Cell, 4>>());
  } else {
    index = freeParts.back();
    freeParts.pop_back();
  }
  auto &four = *parts[index];
  four = {cell, cell, cell, cell};
  if (cell.form() == Cell::Striped)
    for (uint32_t i = 0; i < 4; ++i) {
      four[i].set(Cell::Plain);
      four[i].write.agent.code += i * cell.link() / 4; // a word's lane
    }
  else if (cell.form() == Cell::More)
    extra[cell.link()].cells += 3;
  cell = Cell();
  cell.set(Cell::Split, index);
}

void RaceShadow::unite(Cell &cell, const Access &write) {
  for (Cell &part : *parts[cell.link()]) {
    if (part.form() == Cell::Split)
      unite(part, write);
    clearReaders(part);
  }
  freeParts.push_back(cell.link());
  cell = Cell();
  cell.write = write;
}

/// The bytes [begin, end) of a cell.
bool RaceDetector::accessParts(const Request &request, RaceShadow::Cell &cell,
                               uint64_t cellBytes, uint64_t begin, uint64_t end,
                               Conflict &conflict) const {
  bool whole = end - begin == cellBytes,
       isSplit = cell.form() == RaceShadow::Cell::Split;
  if (!isSplit && whole)
    return accessCell(request, cell, conflict);
  if (!isSplit)
    request.shadow.split(cell);
  bool found = false;
  uint64_t partBytes = cellBytes / 4;
  for (uint64_t at = begin; at < end;) {
    uint64_t part = at / partBytes,
             last = std::min(end, (part + 1) * partBytes);
    auto &parts = *request.shadow.parts[cell.link()];
    found |= accessParts(request, parts[part], partBytes, at - part * partBytes,
                         last - part * partBytes, conflict);
    at = last;
  }
  if (whole && request.isWrite)
    request.shadow.unite(cell, request.access);
  return found;
}

bool RaceDetector::accessCells(const Request &request, uint64_t begin,
                               uint64_t end, Conflict &conflict,
                               Memo &memo) const {
  bool found = false;
  constexpr uint64_t kBytes = RaceShadow::kCellBytes;
  for (uint64_t at = begin; at < end;) {
    uint64_t inCell = at % kBytes, count = std::min(kBytes - inCell, end - at);
    RaceShadow::Cell &cell = request.shadow.cell(at);
    at += count;
    if (count < kBytes || !cell.isWhole()) {
      memo.forget();
      found |= accessPart(request, cell, inCell, inCell + count, conflict);
      continue;
    }
    Memo::Change &change = memo.of(cell);
    if (change.valid && cell == change.before) {
      request.shadow.copyCell(cell, change.after);
      continue;
    }
    // A read may give a list of readers that nobody has any more to another
    // cell: what is remembered of it would be wrong.
    if (!request.isWrite)
      memo.forget();
    change.before = cell;
    bool conflicts = accessCell(request, cell, conflict);
    change.after = cell;
    change.valid = !conflicts;
    found |= conflicts;
  }
  return found;
}
