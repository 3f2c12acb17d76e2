// Which accesses are ordered: clocks, synchronisation, and the last accesses to
// every word. The rules are those of docs/ptx-memory-model.md.
#ifndef MOE_RUNTIME_EMULATOR_RACE_H
#define MOE_RUNTIME_EMULATOR_RACE_H

#include "Handlers.h"

#include <array>
#include <atomic>
#include <bit>
#include <iterator>
#include <map>
#include <memory>
#include <span>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace moe::emu {

/// Who accesses memory. `domain` is CTA * 4 + kind; a thread is warp * 32 +
/// lane of its CTA.
struct Agent {
  enum Kind : uint32_t { Thread = 0, AsyncCopy = 1, Bulk = 2, Matrix = 3 };
  uint32_t code = ~0u;

  Agent() = default;
  Agent(uint32_t cta, Kind kind, uint32_t thread)
      : code((cta << 2 | kind) << 10 | thread) {}
  uint32_t domain() const { return code >> 10; }
  uint32_t cta() const { return code >> 12; }
  uint32_t kind() const { return code >> 10 & 3; }
  uint32_t thread() const { return code & 1023; }
  bool isNone() const { return code == ~0u; }
  bool operator==(const Agent &) const = default;
};

/// The bulk copies of a CTA are agents in turn: the one with stamp s, which is
/// how many there have been, reads as the agent `bulkSlot(s)` of the domain and
/// writes as the next one. Thread numbers have 10 bits.
inline constexpr uint32_t kBulkSlots = 512;
inline uint32_t bulkSlot(uint32_t stamp) {
  return (stamp - 1) % kBulkSlots * 2;
}

/// What somebody knows to have happened: for every agent a time up to which its
/// accesses happen before whatever comes next. Immutable and shared.
class Clock;

/// A clock or none. The users of a clock are counted without atomics, since an
/// emulator is used by one thread at a time; the lanes of a warp copy and drop
/// references at every synchronisation.
class ClockRef {
public:
  ClockRef() = default;
  ClockRef(std::nullptr_t) {}
  ClockRef(std::unique_ptr<Clock> made);
  ClockRef(const ClockRef &other);
  ClockRef(ClockRef &&other) noexcept
      : clock(std::exchange(other.clock, nullptr)) {}
  ClockRef &operator=(ClockRef other) noexcept {
    std::swap(clock, other.clock);
    return *this;
  }
  ~ClockRef();
  const Clock *get() const { return clock; }
  const Clock &operator*() const { return *clock; }
  const Clock *operator->() const { return clock; }
  explicit operator bool() const { return clock != nullptr; }
  bool operator==(const ClockRef &) const = default;

private:
  const Clock *clock = nullptr;
};

class Clock {
public:
  Clock() : serial(++serials) {}
  Clock(const Clock &) = delete;
  Clock &operator=(const Clock &) = delete;

  bool knows(Agent agent, uint32_t stamp) const;
  /// Up to which stamp it knows all agents of a domain; 0: not all.
  uint32_t allOf(uint32_t domain) const;
  /// Up to which stamp it knows any agent of a domain.
  uint32_t mostOf(uint32_t domain) const;
  /// Everything that either knows. Returns one of its arguments where that
  /// knows all that the other does.
  static ClockRef join(const ClockRef &a, const ClockRef &b);
  /// What any of them knows. What covers all `threads` threads of `cta` is kept
  /// as one number.
  static ClockRef joinAll(const std::vector<ClockRef> &clocks, uint32_t cta,
                          uint32_t threads);
  /// `base` and the accesses of one agent up to `stamp`.
  static ClockRef withAgent(const ClockRef &base, Agent agent, uint32_t stamp);
  /// `base` and the accesses of agents of one domain up to `stamp`.
  static ClockRef withAgents(const ClockRef &base,
                             const std::vector<Agent> &agents, uint32_t stamp);
  /// The same with a stamp for each agent.
  static ClockRef
  withStamps(const ClockRef &base,
             const std::vector<std::pair<Agent, uint32_t>> &stamps);
  /// `base` and the accesses of all agents of a domain up to `stamp`.
  static ClockRef withDomain(const ClockRef &base, uint32_t domain,
                             uint32_t stamp);
  /// `base` and everything that the CTAs [first, last) ever did.
  static ClockRef withRange(const ClockRef &base, uint32_t first,
                            uint32_t last);

  const uint64_t serial; ///< of no other clock, not even one that is gone

private:
  friend class ClockRef;
  static std::atomic<uint64_t> serials;
  mutable uint32_t users = 0;
  struct Part {
    uint32_t thread, stamp;
  };
  struct Entry {
    uint32_t domain = 0, all = 0;
    uint32_t first = 0, count = 0; ///< of its parts
  };
  /// Nullptr where there is none.
  const Entry *find(uint32_t domain) const;
  std::span<const Part> partsOf(const Entry &entry) const {
    return {parts.data() + entry.first, entry.count};
  }
  bool isInRange(uint32_t cta) const;
  /// Whether it knows all that the other does; false also where that is hard to
  /// see.
  bool covers(const Clock &other) const;
  // Entries are made in the order of their domains, each with its parts in the
  // order of their threads.
  void begin(uint32_t domain, uint32_t all);
  void add(const Part &part);
  void end();
  void addRanges(const Clock &other);

  std::vector<Entry> entries; ///< by domain
  std::vector<Part> parts;    ///< by thread; stamps above `all`
  std::vector<std::pair<uint32_t, uint32_t>> ranges;
};

inline ClockRef::ClockRef(std::unique_ptr<Clock> made) : clock(made.release()) {
  ++clock->users;
}
inline ClockRef::ClockRef(const ClockRef &other) : clock(other.clock) {
  if (clock)
    ++clock->users;
}
inline ClockRef::~ClockRef() {
  if (clock && --clock->users == 0)
    delete clock;
}

/// What somebody knows who knows of nothing.
inline const Clock &nothing() {
  static const Clock clock;
  return clock;
}

/// Strong writes that were seen: by location how far its history is known.
/// Immutable, shared, sorted. Null: none. Only the weak schedules have any.
/// Locations in shared memory have odd numbers.
using View = std::vector<std::pair<uint64_t, uint64_t>>;
using ViewRef = std::shared_ptr<const View>;
ViewRef joinViews(const ViewRef &a, const ViewRef &b);

/// What a thread knows, for accesses through the generic proxy and, where a
/// proxy fence came in between, through the async proxy; and what it has seen.
struct Knowledge {
  ClockRef plain, proxied;
  ViewRef seen;
  /// Of tcgen05 operations, for those behind a
  /// tcgen05.fence::after_thread_sync.
  ClockRef tensor;
  /// What is known besides of accesses to shared memory, through either proxy.
  /// Fences with '.sync_restrict' make some.
  ClockRef plainShared, proxiedShared;
  void join(const Knowledge &other) {
    bool alike = plain == proxied && other.plain == other.proxied;
    plain = Clock::join(plain, other.plain);
    proxied = alike ? plain : Clock::join(proxied, other.proxied);
    seen = joinViews(seen, other.seen);
    tensor = Clock::join(tensor, other.tensor);
    joinShared(other);
  }
  void joinShared(const Knowledge &other) {
    if (other.plainShared || other.proxiedShared) [[unlikely]] {
      plainShared = Clock::join(plainShared, other.plainShared);
      proxiedShared = Clock::join(proxiedShared, other.proxiedShared);
    }
  }
  /// What it says of shared memory.
  Knowledge ofShared() const;
  bool operator==(const Knowledge &) const = default;
};

/// Remembers joins: the warps that wait for an mbarrier mostly know the same
/// before, and the same after.
class Joins {
public:
  const Knowledge &of(const Knowledge &a, const Knowledge &b) {
    auto serial = [](const ClockRef &clock) {
      return clock ? clock->serial : 0;
    };
    Join &join =
        joins[(serial(a.plain) * 31 + serial(a.proxied) * 7 + serial(b.plain)) %
              std::size(joins)];
    if (!join.known || join.a != a || join.b != b) {
      join = {a, b, a, true};
      join.result.join(b);
    }
    return join.result;
  }

private:
  struct Join {
    Knowledge a, b, result;
    bool known = false;
  };
  Join joins[64];
};

/// What a release left at a location.
struct SyncEntry {
  Knowledge knowledge;
  Scope scope = Scope::Sys;
  Agent agent;
  uint64_t address = 0; ///< of what a strong read saw
};

/// Race state of a lane. What every access looks at comes first, in one line of
/// the host's cache.
struct alignas(64) LaneSync {
  Knowledge knowledge;
  /// The lane's own cp.async up to this stamp are known as well.
  uint32_t copied = 0;
  /// By scope of the fence that came before: what strong writes release. The
  /// last one is that of a fence for shared memory only.
  Knowledge fenced[5];
  uint8_t fences = 0; ///< a bit for each of them
  /// What strong reads saw, with the scope of the read: a fence acquires it.
  std::vector<SyncEntry> pending;
  /// tcgen05 operations that those of this lane come after.
  ClockRef tensor;
  /// What was known last of shared memory, by proxy, where that is more than
  /// of other memory.
  struct {
    ClockRef all, shared, joined;
  } both[2];

  /// What the lane knows of accesses to memory, shared or other, through the
  /// generic or the async proxy.
  const ClockRef &known(bool isShared, bool isProxied) {
    const ClockRef &all = isProxied ? knowledge.proxied : knowledge.plain,
                   &shared = isProxied ? knowledge.proxiedShared
                                       : knowledge.plainShared;
    if (!shared || !isShared) [[likely]]
      return all;
    auto &last = both[isProxied];
    if (last.all != all || last.shared != shared)
      last = {all, shared, Clock::join(all, shared)};
    return last.joined;
  }
};
/// Of a fence for shared memory only.
inline constexpr unsigned kSharedFence = 4;

struct WarpSync {
  uint32_t now = 1;
  LaneSync lanes[kWarpSize];
};

/// How an access takes part in the memory model.
struct Strength {
  bool strong = false;
  Scope scope = Scope::Cta;
  bool operator==(const Strength &) const = default;
};

struct Access {
  Agent agent;
  uint32_t stamp = 0;
  uint32_t line = 0;
  Strength strength;
};

/// The line and strength of an access in one word.
struct Site {
  uint32_t bits = 0;

  Site() = default;
  Site(uint32_t line, const Strength &strength)
      : bits(line << 3 | static_cast<uint32_t>(strength.scope) << 1 |
             static_cast<uint32_t>(strength.strong)) {}
  uint32_t line() const { return bits >> 3; }
  Strength strength() const {
    return {(bits & 1) != 0, static_cast<Scope>(bits >> 1 & 3)};
  }
  bool operator==(const Site &) const = default;
};

/// The last write.
struct WriteEntry {
  Agent agent;
  uint32_t stamp = 0;
  Site site;

  WriteEntry() = default;
  WriteEntry(const Access &access)
      : agent(access.agent), stamp(access.stamp),
        site(access.line, access.strength) {}
  Access access() const { return {agent, stamp, site.line(), site.strength()}; }
};

/// Lanes of a warp that read at one time.
struct ReadEntry {
  uint32_t warp = ~0u; ///< agent code / 32
  uint32_t lanes = 0, stamp = 0;
  Site site;

  ReadEntry() = default;
  ReadEntry(Agent agent, uint32_t stamp, Site site)
      : warp(agent.code / 32), lanes(1u << agent.code % 32), stamp(stamp),
        site(site) {}
  bool isNobody() const { return warp == ~0u; }
  /// All of them are of one domain: 1024 agents, 32 warps.
  uint32_t domain() const { return warp / 32; }
  bool operator==(const ReadEntry &) const = default;
};

/// A write as the weak schedules remember it (ExecWeak.cpp).
struct Message {
  uint64_t time = 0; ///< its place in the coherence order
  uint64_t value = 0;
  Access access;          ///< of no agent: what was there before
  uint64_t readsFrom = 0; ///< of read-modify-writes: the time of what they read
  bool isRmw = false;
  std::vector<SyncEntry> sync; ///< what acquiring it hands over
  ClockRef past;               ///< what its thread knew
};

/// The writes of a location that a read may still see, in coherence order.
struct History {
  uint64_t id = 0;
  uint32_t bytes = 0;
  std::vector<Message> messages;
};

/// The last accesses to an allocation, made when first touched. There is one
/// cell for 16 bytes as long as accesses take all of them, as most do that move
/// tiles; narrower ones split it into cells of words, and those into cells of
/// bytes. A write to all 16 bytes makes them one cell again.
class RaceShadow {
public:
  static constexpr uint64_t kCellBytes = 16, kPageCells = 64;
  struct alignas(32) Cell {
    enum Form : uint32_t {
      Plain, ///< no link
      More,  ///< `link`: index into `extra` of the readers behind the first
      /// Two threads of different warps have read, by one instruction at equal
      /// times: `read` has their agents as `warp` and `lanes`.
      Pair,
      Split, ///< `link`: index into `parts` of narrower cells
      /// `link` lanes of a warp, one after the other, wrote the cell's words;
      /// `write` is that of the first. Nobody has read it since.
      Striped
    };
    WriteEntry write;
    uint32_t tag = Plain; ///< form and link
    ReadEntry read;       ///< the first reader

    Form form() const { return static_cast<Form>(tag & 7); }
    uint32_t link() const { return tag >> 3; }
    void set(Form form, size_t link = 0) {
      tag = form | static_cast<uint32_t>(link) << 3;
    }
    /// Whether one entry says who has written all of it.
    bool isWhole() const { return form() < Split; }
    bool operator==(const Cell &other) const {
      using Words = std::array<uint64_t, 4>;
      auto a = std::bit_cast<Words>(*this), b = std::bit_cast<Words>(other);
      uint64_t differ = 0;
      for (size_t i = 0; i < a.size(); ++i)
        differ |= a[i] ^ b[i];
      return differ == 0;
    }
  };
  static_assert(std::has_unique_object_representations_v<Cell>);
  struct Page {
    Cell cells[kPageCells];
  };
  Cell &cell(uint64_t offset) {
    uint64_t index = offset / kCellBytes, page = index / kPageCells;
    if (page >= pages.size() || !pages[page]) [[unlikely]]
      addPage(page);
    return pages[page]->cells[index % kPageCells];
  }
  /// Says that the cell will be used soon.
  void prefetch(uint64_t offset) const {
    uint64_t index = offset / kCellBytes, page = index / kPageCells;
    if (page >= pages.size() || !pages[page])
      return;
    __builtin_prefetch(&pages[page]->cells[index % kPageCells], 1);
  }
  size_t readerCount(const Cell &cell) const {
    if (cell.form() == Cell::More)
      return 1 + extra[cell.link()].entries.size();
    return cell.form() == Cell::Pair ? 2 : !cell.read.isNobody();
  }
  ReadEntry reader(const Cell &cell, size_t index) const {
    if (cell.form() == Cell::Pair) {
      Agent agent;
      agent.code = index ? cell.read.lanes : cell.read.warp;
      return ReadEntry(agent, cell.read.stamp, cell.read.site);
    }
    return index ? extra[cell.link()].entries[index - 1] : cell.read;
  }
  /// Appends to the readers of a cell, or replaces reader `index`. Cells share
  /// lists as long as they are the same.
  void addReader(Cell &cell, const ReadEntry &reader);
  void setReader(Cell &cell, size_t index, const ReadEntry &reader);
  /// Forgets the readers.
  void clearReaders(Cell &cell) {
    cell.read = ReadEntry();
    if (cell.form() == Cell::More)
      releaseReaders(cell.link());
    if (cell.isWhole())
      cell.set(Cell::Plain);
  }
  /// Gives a cell the value that another cell got.
  void copyCell(Cell &cell, const Cell &value) {
    if (value.form() == Cell::More)
      ++extra[value.link()].cells;
    if (cell.form() == Cell::More)
      releaseReaders(cell.link());
    cell = value;
  }
  /// The last writes to the bytes from `offset`, which is a multiple of 16 like
  /// `bytes`.
  template <typename Function>
  void forWrites(uint64_t offset, uint64_t bytes, Function function) {
    for (uint64_t at = offset; at < offset + bytes; at += kCellBytes)
      forWritesOf(cell(at), function);
  }
  /// Gives the four parts of a cell cells of their own.
  void split(Cell &cell);
  /// Makes a cell whose parts have just been written by `write` one again.
  void unite(Cell &cell, const Access &write);

  struct Readers {
    uint32_t cells = 0; ///< that have this list
    std::vector<ReadEntry> entries;
  };

  std::vector<std::unique_ptr<Page>> pages;
  std::vector<Readers> extra;
  std::vector<std::unique_ptr<std::array<Cell, 4>>> parts;
  std::vector<uint32_t> freeParts, freeExtra; ///< indices that are unused
  std::unordered_map<uint64_t, std::vector<SyncEntry>> sync; ///< by offset
  std::map<uint64_t, History> histories; ///< by offset; of the weak schedules

private:
  void addPage(uint64_t page);
  uint32_t takeReaders(); ///< index of a list that is empty
  void releaseReaders(uint32_t index) {
    Readers &readers = extra[index];
    if (--readers.cells)
      return;
    readers.entries.clear();
    freeExtra.push_back(index);
  }
  /// The readers behind the cell's first one, which no other cell shares from
  /// now on.
  std::vector<ReadEntry> &ownReaders(Cell &cell);
  template <typename Function>
  void forWritesOf(const Cell &cell, Function function) const {
    if (cell.form() == Cell::Split) {
      for (const Cell &part : *parts[cell.link()])
        forWritesOf(part, function);
      return;
    }
    Access write = cell.write.access();
    if (cell.form() == Cell::Striped)
      for (uint32_t i = 1; i < cell.link(); ++i, ++write.agent.code)
        function(write);
    function(write);
  }
};

/// Where CTAs are, for scopes.
struct CtaPlace {
  int device = 0;
  uint64_t cluster = 0;
};

/// Whose past an access follows: what a thread knows, its own accesses up to
/// `now`, and its own cp.async up to `copied`. An asynchronous agent observes
/// what its issuer did.
struct Observer {
  const Clock &clock;
  Agent self;
  uint32_t now;
  uint32_t copied = 0;
};

class RaceDetector {
public:
  /// A conflict with an earlier access.
  struct Conflict {
    Access other;
    bool otherIsWrite;
  };

  /// What an access changed cells from and to. Most cells of a tile are in one
  /// of few states, which the stamps of their readers tell apart: what is true
  /// of one is then true of the next. Good for one access and observer, while
  /// nobody else accesses the shadow.
  struct Memo {
    struct Change {
      RaceShadow::Cell before, after;
      bool valid = false;
      bool hasLists = false; ///< of readers, either of them
    };
    Change &of(const RaceShadow::Cell &cell) {
      return changes[cell.read.stamp % std::size(changes)];
    }
    void forget() {
      for (Change &change : changes)
        change.valid = false;
    }
    Change changes[8];
  };

  uint32_t addCta(CtaPlace place) {
    places.push_back(place);
    return static_cast<uint32_t>(places.size() - 1);
  }
  /// Where a CTA turned out to run.
  void place(uint32_t cta, CtaPlace where) { places[cta] = where; }
  uint32_t ctaCount() const { return static_cast<uint32_t>(places.size()); }
  /// Everything so far happens before everything from now on.
  void synchroniseAll() { retired = ctaCount(); }
  /// Whether all that the agent did came before the last synchroniseAll.
  bool isRetired(Agent agent) const { return agent.cta() < retired; }

  /// Records an access of `bytes` bytes at `offset` and returns true where an
  /// earlier one conflicts.
  bool access(RaceShadow &shadow, uint64_t offset, uint32_t bytes, bool isWrite,
              const Access &access, const Observer &observer,
              Conflict &conflict) {
    Request request{shadow, isWrite, access, observer};
    uint64_t within = offset % RaceShadow::kCellBytes;
    if (within + bytes <= RaceShadow::kCellBytes)
      return accessPart(request, shadow.cell(offset), within, within + bytes,
                        conflict);
    Memo memo;
    return accessCells(request, offset, offset + bytes, conflict, memo);
  }
  /// The same for one of several accesses that differ by their place only.
  bool access(RaceShadow &shadow, uint64_t offset, uint32_t bytes, bool isWrite,
              const Access &access, const Observer &observer,
              Conflict &conflict, Memo &memo) {
    return accessCells({shadow, isWrite, access, observer}, offset,
                       offset + bytes, conflict, memo);
  }
  /// The same for 16 bytes at a multiple of 16, where what is remembered says
  /// what the access does. Returns false, having done nothing, where it does
  /// not.
  [[gnu::always_inline]] static bool repeat(RaceShadow &shadow, uint64_t offset,
                                            Memo &memo) {
    RaceShadow::Cell &cell = shadow.cell(offset);
    const Memo::Change &change = memo.of(cell);
    if (!change.valid || !(cell == change.before))
      return false;
    if (change.hasLists)
      shadow.copyCell(cell, change.after);
    else
      cell = change.after;
    return true;
  }
  /// Records weak writes to the cell at `offset` by `lanes` lanes of a warp, of
  /// which each writes its share; `first` is that of the first one, `known`
  /// what all of them know. Returns false, having done nothing, where it does
  /// not see at once that no earlier access conflicts.
  bool writeStriped(RaceShadow &shadow, uint64_t offset, uint32_t lanes,
                    const Access &first, const Clock &known) {
    using Cell = RaceShadow::Cell;
    Cell &cell = shadow.cell(offset), after;
    if (cell.form() == Cell::Split || !cell.read.isNobody())
      return false;
    after.write = first;
    if (lanes > 1)
      after.set(Cell::Striped, lanes);
    const WriteEntry &last = cell.write;
    bool same = cell.tag == after.tag && last.agent == first.agent;
    if (!last.agent.isNone() && !same && last.agent.cta() >= retired &&
        !knowsAll(known, last.agent.domain(), last.stamp))
      return false;
    cell = after;
    return true;
  }

  /// Whether an earlier access of `other` happens before what is observed.
  bool ordered(const Observer &observer, Agent other, uint32_t stamp) const {
    if (other == observer.self) // program order
      return stamp <= observer.now;
    if (other.cta() < retired)
      return true;
    const Known &domain = knownOf(observer.clock, other.domain());
    if (stamp <= domain.all)
      return true;
    if (stamp <= observer.copied &&
        other == Agent(observer.self.cta(), Agent::AsyncCopy,
                       observer.self.thread()))
      return true;
    if (stamp > domain.most)
      return false;
    // Tiles are written by one and read by few.
    KnownAgent &known = knownAgents[other.code % std::size(knownAgents)];
    if (known.serial == observer.clock.serial && known.agent == other &&
        stamp <= known.stamp)
      return true;
    if (!observer.clock.knows(other, stamp))
      return false;
    known = {observer.clock.serial, other, stamp};
    return true;
  }
  bool includes(Scope scope, Agent from, Agent other) const;
  bool morallyStrong(const Strength &a, Agent agentA, const Strength &b,
                     Agent agentB) const {
    return a.strong && b.strong && includes(a.scope, agentA, agentB) &&
           includes(b.scope, agentB, agentA);
  }

private:
  struct Request {
    RaceShadow &shadow;
    bool isWrite;
    const Access &access;
    const Observer &observer;
  };
  /// What clocks were found to know of whole domains; a clock never changes.
  struct Known {
    uint64_t serial = 0;
    uint32_t domain = 0, all = 0, most = 0;
  };
  const Known &knownOf(const Clock &clock, uint32_t domain) const {
    Known &known = knownDomains[domain % std::size(knownDomains)];
    if (known.serial != clock.serial || known.domain != domain) [[unlikely]]
      known = {clock.serial, domain, clock.allOf(domain), clock.mostOf(domain)};
    return known;
  }
  /// Whether a clock knows all agents of a domain up to `stamp`.
  bool knowsAll(const Clock &clock, uint32_t domain, uint32_t stamp) const {
    return stamp <= knownOf(clock, domain).all;
  }
  /// Whether a cell's last write conflicts with the access.
  bool conflictsWithWrite(const Request &request, const WriteEntry &write,
                          Conflict &conflict) const {
    if (write.agent.isNone() ||
        ordered(request.observer, write.agent, write.stamp) ||
        morallyStrong(write.site.strength(), write.agent,
                      request.access.strength, request.access.agent))
      return false;
    conflict = {write.access(), true};
    return true;
  }
  /// Whether reads of an entry do not happen before the access; for a write,
  /// whether they conflict with it.
  bool findUnorderedRead(const Request &request, const ReadEntry &read,
                         Conflict &conflict) const;
  bool writeCell(const Request &request, RaceShadow::Cell &cell,
                 Conflict &conflict) const;
  bool readCell(const Request &request, RaceShadow::Cell &cell,
                Conflict &conflict) const;
  bool accessCell(const Request &request, RaceShadow::Cell &cell,
                  Conflict &conflict) const {
    return request.isWrite ? writeCell(request, cell, conflict)
                           : readCell(request, cell, conflict);
  }
  bool accessParts(const Request &request, RaceShadow::Cell &cell,
                   uint64_t cellBytes, uint64_t begin, uint64_t end,
                   Conflict &conflict) const;
  /// The bytes [begin, end) of a cell of 16.
  bool accessPart(const Request &request, RaceShadow::Cell &cell,
                  uint64_t begin, uint64_t end, Conflict &conflict) const {
    constexpr uint64_t kBytes = RaceShadow::kCellBytes;
    if (cell.form() == RaceShadow::Cell::Striped)
      request.shadow.split(cell);
    if (end - begin == kBytes && cell.form() != RaceShadow::Cell::Split)
      return accessCell(request, cell, conflict);
    return accessParts(request, cell, kBytes, begin, end, conflict);
  }
  bool accessCells(const Request &request, uint64_t begin, uint64_t end,
                   Conflict &conflict, Memo &memo) const;
  std::vector<CtaPlace> places;
  uint32_t retired = 0;
  mutable Known knownDomains[64];
  /// What they were found to know of single agents.
  struct KnownAgent {
    uint64_t serial = 0;
    Agent agent;
    uint32_t stamp = 0;
  };
  mutable KnownAgent knownAgents[64];
};

} // namespace moe::emu

#endif // MOE_RUNTIME_EMULATOR_RACE_H
