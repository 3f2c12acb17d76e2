// Which accesses are ordered: clocks, synchronisation, and the last accesses to
// every word. The rules are those of docs/ptx-memory-model.md.
#ifndef MOE_RUNTIME_EMULATOR_RACE_H
#define MOE_RUNTIME_EMULATOR_RACE_H

#include "Handlers.h"

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <unordered_map>
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

/// What somebody knows to have happened: for every agent a time up to which its
/// accesses happen before whatever comes next. Immutable and shared.
class Clock;
using ClockRef = std::shared_ptr<const Clock>;

class Clock {
public:
  Clock() : serial(++serials) {}
  Clock(const Clock &) = delete;
  Clock &operator=(const Clock &) = delete;

  bool knows(Agent agent, uint32_t stamp) const;
  /// Whether it knows all agents of a domain up to `stamp`.
  bool knowsAll(uint32_t domain, uint32_t stamp) const;
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
  /// `base` and the accesses of all agents of a domain up to `stamp`.
  static ClockRef withDomain(const ClockRef &base, uint32_t domain,
                             uint32_t stamp);
  /// `base` and everything that the CTAs [first, last) ever did.
  static ClockRef withRange(const ClockRef &base, uint32_t first,
                            uint32_t last);

  const uint64_t serial; ///< of no other clock, not even one that is gone

private:
  static std::atomic<uint64_t> serials;
  struct Part {
    uint32_t thread, stamp;
  };
  struct Entry {
    uint32_t domain = 0, all = 0;
    std::vector<Part> parts; ///< by thread; stamps above `all`
  };
  static Entry joinEntries(const Entry &a, const Entry &b);
  std::vector<Entry> entries; ///< by domain
  std::vector<std::pair<uint32_t, uint32_t>> ranges;
};

/// Strong writes that were seen: by location how far its history is known.
/// Immutable, shared, sorted. Null: none. Only the weak schedules have any.
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
  void join(const Knowledge &other) {
    plain = Clock::join(plain, other.plain);
    proxied = Clock::join(proxied, other.proxied);
    seen = joinViews(seen, other.seen);
    tensor = Clock::join(tensor, other.tensor);
  }
};

/// What a release left at a location.
struct SyncEntry {
  Knowledge knowledge;
  Scope scope = Scope::Sys;
  Agent agent;
  uint64_t address = 0; ///< of what a strong read saw
};

/// Race state of a lane.
struct LaneSync {
  Knowledge knowledge;
  /// By scope of the fence that came before: what strong writes release.
  Knowledge fenced[4];
  uint8_t fences = 0; ///< a bit per scope
  /// What strong reads saw, with the scope of the read: a fence acquires it.
  std::vector<SyncEntry> pending;
  /// tcgen05 operations that those of this lane come after.
  ClockRef tensor;
};

struct WarpSync {
  uint32_t now = 1;
  LaneSync lanes[kWarpSize];
};

/// How an access takes part in the memory model.
struct Strength {
  bool strong = false;
  Scope scope = Scope::Cta;
};

struct Access {
  Agent agent;
  uint32_t stamp = 0;
  uint32_t line = 0;
  Strength strength;
};

/// Lanes of a warp that read at one time.
struct ReadEntry {
  uint32_t warp = ~0u; ///< agent code / 32
  uint32_t lanes = 0, stamp = 0, line = 0;
  Strength strength;
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
  struct Cell {
    Access write;
    ReadEntry read;     ///< the first reader
    int32_t more = -1;  ///< index into `extra`: further readers
    int32_t split = -1; ///< index into `parts`: narrower cells
  };
  struct Page {
    Cell cells[kPageCells];
  };
  Cell &cell(uint64_t offset) {
    uint64_t index = offset / kCellBytes, page = index / kPageCells;
    if (page >= pages.size())
      pages.resize(page + 1);
    if (!pages[page])
      pages[page] = std::make_unique<Page>();
    return pages[page]->cells[index % kPageCells];
  }
  /// The last writes to the bytes from `offset`, which is a multiple of 16 like
  /// `bytes`.
  template <typename Function>
  void forWrites(uint64_t offset, uint64_t bytes, Function function) {
    for (uint64_t at = offset; at < offset + bytes; at += kCellBytes)
      forWritesOf(cell(at), function);
  }
  int32_t takeExtra(); ///< index of a list that is empty
  /// Gives the four parts of a cell cells of their own.
  void split(Cell &cell);
  /// Makes a cell whose parts have just been written by `write` one again.
  void unite(Cell &cell, const Access &write);

  std::vector<std::unique_ptr<Page>> pages;
  std::vector<std::vector<ReadEntry>> extra;
  std::vector<std::unique_ptr<std::array<Cell, 4>>> parts;
  std::vector<int32_t> freeParts, freeExtra; ///< indices that are unused
  std::unordered_map<uint64_t, std::vector<SyncEntry>> sync; ///< by offset
  std::map<uint64_t, History> histories; ///< by offset; of the weak schedules

private:
  template <typename Function>
  void forWritesOf(const Cell &cell, Function function) const {
    if (cell.split < 0)
      return function(cell.write);
    for (const Cell &part : *parts[static_cast<size_t>(cell.split)])
      forWritesOf(part, function);
  }
};

/// Where CTAs are, for scopes.
struct CtaPlace {
  int device = 0;
  uint64_t cluster = 0;
};

/// Whose past an access follows: what a thread knows, and its own accesses up
/// to `now`. An asynchronous agent observes what its issuer did.
struct Observer {
  const Clock &clock;
  Agent self;
  uint32_t now;
};

class RaceDetector {
public:
  /// A conflict with an earlier access.
  struct Conflict {
    Access other;
    bool otherIsWrite;
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
              Conflict &conflict);

  /// Whether an earlier access of `other` happens before what is observed.
  bool ordered(const Observer &observer, Agent other, uint32_t stamp) const {
    if (other == observer.self) // program order
      return stamp <= observer.now;
    if (other.cta() < retired)
      return true;
    // Tiles are written by one and read by one.
    if (observer.clock.serial == lastSerial && other == lastKnown &&
        stamp <= lastStamp)
      return true;
    if (!observer.clock.knows(other, stamp))
      return false;
    lastSerial = observer.clock.serial;
    lastKnown = other;
    lastStamp = stamp;
    return true;
  }
  bool includes(Scope scope, Agent from, Agent other) const;
  bool morallyStrong(const Strength &a, Agent agentA, const Strength &b,
                     Agent agentB) const {
    return a.strong && b.strong && includes(a.scope, agentA, agentB) &&
           includes(b.scope, agentB, agentA);
  }

private:
  /// The cells of one access mostly have one writer: whether it is ordered.
  struct WriterMemo {
    Agent agent;
    uint32_t stamp = 0;
    bool ordered = true;
  };
  bool accessCell(RaceShadow &shadow, RaceShadow::Cell &cell, bool isWrite,
                  const Access &access, const Observer &observer,
                  WriterMemo &memo, Conflict &conflict);
  struct Request;
  bool accessParts(const Request &request, RaceShadow::Cell &cell,
                   uint64_t cellBytes, uint64_t begin, uint64_t end,
                   WriterMemo &memo, Conflict &conflict);
  std::vector<CtaPlace> places;
  uint32_t retired = 0;
  // What was last found to be ordered.
  mutable uint64_t lastSerial = 0;
  mutable Agent lastKnown;
  mutable uint32_t lastStamp = 0;
};

} // namespace moe::emu

#endif // MOE_RUNTIME_EMULATOR_RACE_H
