// Clocks and the detection of conflicting accesses.
#include "Race.h"

#include <algorithm>

using namespace moe::emu;

std::atomic<uint64_t> Clock::serials{0};

const Clock::Entry *Clock::find(uint32_t domain) const {
  auto entry =
      std::lower_bound(entries.begin(), entries.end(), domain,
                       [](const Entry &e, uint32_t d) { return e.domain < d; });
  return entry != entries.end() && entry->domain == domain ? &*entry : nullptr;
}

bool Clock::isInRange(uint32_t cta) const {
  return std::any_of(ranges.begin(), ranges.end(), [cta](const auto &range) {
    return cta >= range.first && cta < range.second;
  });
}

bool Clock::knows(Agent agent, uint32_t stamp) const {
  if (const Entry *entry = find(agent.domain())) {
    if (stamp <= entry->all)
      return true;
    std::span<const Part> parts = partsOf(*entry);
    auto part = std::lower_bound(
        parts.begin(), parts.end(), agent.thread(),
        [](const Part &p, uint32_t t) { return p.thread < t; });
    if (part != parts.end() && part->thread == agent.thread() &&
        stamp <= part->stamp)
      return true;
  }
  return isInRange(agent.cta());
}

uint32_t Clock::allOf(uint32_t domain) const {
  const Entry *entry = find(domain);
  return entry ? entry->all : 0;
}

uint32_t Clock::mostOf(uint32_t domain) const {
  if (isInRange(domain >> 2))
    return ~0u;
  const Entry *entry = find(domain);
  if (!entry)
    return 0;
  uint32_t most = entry->all;
  for (const Part &part : partsOf(*entry))
    most = std::max(most, part.stamp);
  return most;
}

bool Clock::covers(const Clock &other) const {
  for (const auto &[first, last] : other.ranges)
    if (std::none_of(ranges.begin(), ranges.end(),
                     [first = first, last = last](const auto &range) {
                       return range.first <= first && last <= range.second;
                     }))
      return false;
  auto mine = entries.begin();
  for (const Entry &entry : other.entries) {
    while (mine != entries.end() && mine->domain < entry.domain)
      ++mine;
    if (mine == entries.end() || mine->domain != entry.domain) {
      if (!isInRange(entry.domain >> 2))
        return false;
      continue;
    }
    if (entry.all > mine->all)
      return false;
    std::span<const Part> known = partsOf(*mine);
    auto at = known.begin();
    for (const Part &part : other.partsOf(entry)) {
      if (part.stamp <= mine->all)
        continue;
      while (at != known.end() && at->thread < part.thread)
        ++at;
      if (at == known.end() || at->thread != part.thread ||
          at->stamp < part.stamp)
        return false;
    }
  }
  return true;
}

void Clock::begin(uint32_t domain, uint32_t all) {
  entries.push_back({domain, all, static_cast<uint32_t>(parts.size()), 0});
}

void Clock::add(const Part &part) {
  Entry &entry = entries.back();
  if (part.stamp <= entry.all)
    return;
  parts.push_back(part);
  ++entry.count;
}

/// Whoever knows the reads and the writes of the first copies of a CTA knows
/// all its copies up to there.
void Clock::end() {
  Entry &entry = entries.back();
  if ((entry.domain & 3) != Agent::Bulk || entry.count < 2)
    return;
  uint32_t all = entry.all;
  auto knowsNext = [&] {
    std::span<const Part> known = partsOf(entry);
    uint32_t slot = bulkSlot(all + 1);
    auto part = std::lower_bound(
        known.begin(), known.end(), slot,
        [](const Part &p, uint32_t t) { return p.thread < t; });
    return known.end() - part >= 2 && part[0].thread == slot &&
           part[1].thread == slot + 1 && part[0].stamp > all &&
           part[1].stamp > all;
  };
  while (knowsNext())
    ++all;
  if (all == entry.all)
    return;
  entry.all = all;
  std::erase_if(parts, [&, i = 0u](const Part &part) mutable {
    return i++ >= entry.first && part.stamp <= all;
  });
  entry.count = static_cast<uint32_t>(parts.size()) - entry.first;
}

void Clock::addRanges(const Clock &other) {
  for (const auto &range : other.ranges)
    if (std::find(ranges.begin(), ranges.end(), range) == ranges.end())
      ranges.push_back(range);
}

ClockRef Clock::join(const ClockRef &a, const ClockRef &b) {
  if (a == b || !b)
    return a;
  if (!a || b->covers(*a))
    return b;
  if (a->covers(*b))
    return a;
  auto result = std::make_unique<Clock>();
  result->entries.reserve(a->entries.size() + b->entries.size());
  result->parts.reserve(a->parts.size() + b->parts.size());
  auto copy = [&](const Clock &from, const Entry &entry) {
    result->begin(entry.domain, entry.all);
    for (const Part &part : from.partsOf(entry))
      result->add(part);
  };
  auto i = a->entries.begin(), j = b->entries.begin();
  while (i != a->entries.end() || j != b->entries.end()) {
    if (j == b->entries.end() ||
        (i != a->entries.end() && i->domain < j->domain)) {
      copy(*a, *i++);
      continue;
    }
    if (i == a->entries.end() || j->domain < i->domain) {
      copy(*b, *j++);
      continue;
    }
    result->begin(i->domain, std::max(i->all, j->all));
    std::span<const Part> ofA = a->partsOf(*i++), ofB = b->partsOf(*j++);
    auto p = ofA.begin(), q = ofB.begin();
    while (p != ofA.end() || q != ofB.end()) {
      if (q == ofB.end() || (p != ofA.end() && p->thread < q->thread)) {
        result->add(*p++);
      } else if (p == ofA.end() || q->thread < p->thread) {
        result->add(*q++);
      } else {
        result->add({p->thread, std::max(p->stamp, q->stamp)});
        ++p;
        ++q;
      }
    }
    result->end();
  }
  result->addRanges(*a);
  result->addRanges(*b);
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
  std::vector<std::pair<const Entry *, const Clock *>> entries;
  for (const Clock *clock : unique) {
    for (const Entry &entry : clock->entries)
      entries.emplace_back(&entry, clock);
    result->addRanges(*clock);
  }
  std::sort(entries.begin(), entries.end(), [](const auto &a, const auto &b) {
    return a.first->domain < b.first->domain;
  });
  std::vector<Part> parts;
  for (size_t i = 0; i < entries.size();) {
    uint32_t domain = entries[i].first->domain, all = 0;
    size_t first = i;
    for (; i < entries.size() && entries[i].first->domain == domain; ++i)
      all = std::max(all, entries[i].first->all);
    parts.clear();
    for (size_t k = first; k < i; ++k)
      for (const Part &part : entries[k].second->partsOf(*entries[k].first))
        if (part.stamp > all)
          parts.push_back(part);
    std::sort(parts.begin(), parts.end(), [](const Part &a, const Part &b) {
      return a.thread != b.thread ? a.thread < b.thread : a.stamp > b.stamp;
    });
    parts.erase(std::unique(parts.begin(), parts.end(),
                            [](const Part &a, const Part &b) {
                              return a.thread == b.thread;
                            }),
                parts.end());
    if (domain >> 2 == cta && parts.size() == threads) {
      all = parts.front().stamp;
      for (const Part &part : parts)
        all = std::min(all, part.stamp);
    }
    result->begin(domain, all);
    for (const Part &part : parts)
      result->add(part);
    result->end();
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
  std::vector<Part> parts;
  parts.reserve(stamps.size());
  for (const auto &[agent, stamp] : stamps)
    parts.push_back({agent.thread(), stamp});
  std::sort(parts.begin(), parts.end(),
            [](const Part &a, const Part &b) { return a.thread < b.thread; });
  auto one = std::make_unique<Clock>();
  one->begin(stamps.front().first.domain(), 0);
  for (const Part &part : parts)
    one->add(part);
  one->end();
  return join(base, std::move(one));
}

ClockRef Clock::withDomain(const ClockRef &base, uint32_t domain,
                           uint32_t stamp) {
  auto one = std::make_unique<Clock>();
  one->begin(domain, stamp);
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

Knowledge Knowledge::ofShared() const {
  Knowledge result;
  if (seen) {
    auto view = std::make_shared<View>();
    std::copy_if(seen->begin(), seen->end(), std::back_inserter(*view),
                 [](const auto &one) { return one.first & 1; });
    result.seen = std::move(view);
  }
  result.tensor = tensor;
  result.plainShared = Clock::join(plain, plainShared);
  result.proxiedShared = Clock::join(proxied, proxiedShared);
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

void RaceShadow::addPage(uint64_t page) {
  if (page >= pages.size())
    pages.resize(page + 1);
  pages[page] = std::make_unique<Page>();
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
    if (count == kBytes && repeat(request.shadow, at, memo)) {
      at += count;
      continue;
    }
    RaceShadow::Cell &cell = request.shadow.cell(at);
    at += count;
    if (count < kBytes || !cell.isWhole()) {
      memo.forget();
      found |= accessPart(request, cell, inCell, inCell + count, conflict);
      continue;
    }
    // A read may give a list of readers that nobody has any more to another
    // cell: what is remembered of it would be wrong.
    if (!request.isWrite)
      memo.forget();
    Memo::Change &change = memo.of(cell);
    change.before = cell;
    bool conflicts = accessCell(request, cell, conflict);
    change.after = cell;
    change.valid = !conflicts;
    change.hasLists = change.before.form() == RaceShadow::Cell::More ||
                      cell.form() == RaceShadow::Cell::More;
    found |= conflicts;
  }
  return found;
}
