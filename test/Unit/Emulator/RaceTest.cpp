// The race detector against a model that keeps every byte for itself and asks
// clocks without remembering what they said.
#include "Race.h"

#include <gtest/gtest.h>
#include <random>

using namespace moe::emu;

namespace {

/// What the cells of RaceShadow stand for, byte by byte.
class ByteModel {
public:
  explicit ByteModel(const RaceDetector &races) : races(races) {}
  uint32_t retired = 0; ///< CTAs before the last synchroniseAll

  /// The earlier accesses that conflict with this one.
  std::vector<Access> access(uint64_t offset, uint32_t bytes, bool isWrite,
                             const Access &access, const Observer &observer) {
    std::vector<Access> conflicts;
    for (uint64_t at = offset; at < offset + bytes; ++at) {
      Byte &byte = state[at];
      if (!byte.write.agent.isNone() &&
          conflict(byte.write, access, observer, true))
        conflicts.push_back(byte.write);
      if (isWrite) {
        for (const Access &read : byte.reads)
          if (conflict(read, access, observer, true))
            conflicts.push_back(read);
        byte = {access, {}};
        continue;
      }
      read(byte.reads, access, observer);
    }
    return conflicts;
  }

private:
  struct Byte {
    Access write;
    std::vector<Access> reads;
  };

  bool isOrdered(const Access &other, const Observer &observer) const {
    if (other.agent == observer.self)
      return other.stamp <= observer.now;
    return other.agent.cta() < retired ||
           observer.clock.knows(other.agent, other.stamp) ||
           (other.stamp <= observer.copied &&
            other.agent == Agent(observer.self.cta(), Agent::AsyncCopy,
                                 observer.self.thread()));
  }
  bool conflict(const Access &other, const Access &access,
                const Observer &observer, bool strongIsEnough) const {
    return !isOrdered(other, observer) &&
           !(strongIsEnough &&
             races.morallyStrong(other.strength, other.agent, access.strength,
                                 access.agent));
  }
  /// A read takes the place of those that happen before it.
  void read(std::vector<Access> &reads, const Access &access,
            const Observer &observer) const {
    std::erase_if(reads, [&](const Access &other) {
      return !conflict(other, access, observer, false);
    });
    reads.push_back(access);
  }

  const RaceDetector &races;
  std::map<uint64_t, Byte> state;
};

/// Threads that access 96 bytes and synchronise at random.
class RandomProgram {
public:
  explicit RandomProgram(uint64_t seed) : random(seed), model(races) {
    for (uint32_t cta = 0; cta < kCtas; ++cta)
      races.addCta({static_cast<int>(cta / 2), cta});
    for (uint32_t i = 0; i < kCtas * kWarps * kLanes; ++i)
      threads.push_back(Thread{});
  }
  void step();
  uint32_t conflicts = 0, silent = 0, striped = 0; ///< so far

private:
  static constexpr uint32_t kCtas = 3, kWarps = 2, kLanes = 8, kBytes = 96;
  struct Thread {
    ClockRef clock;
    uint32_t copied = 0, copies = 1;
  };

  uint32_t pick(uint32_t count) {
    return static_cast<uint32_t>(random() % count);
  }
  Agent agentOf(uint32_t thread, Agent::Kind kind = Agent::Thread) const {
    uint32_t inCta = thread % (kWarps * kLanes);
    return Agent(base + thread / (kWarps * kLanes), kind,
                 inCta / kLanes * 32 + inCta % kLanes);
  }
  uint32_t &now(uint32_t thread) { return stamps[thread / kLanes]; }
  Observer observerOf(uint32_t thread) {
    const Thread &t = threads[thread];
    return {t.clock ? *t.clock : nothing(), agentOf(thread), now(thread),
            t.copied};
  }
  void access(uint32_t thread);
  void accessAt(uint64_t offset, uint32_t bytes, bool isWrite, const Access &,
                const Observer &);
  void stripe(uint32_t warp);
  void barrier(uint32_t cta);
  void barrierOfAll();

  std::mt19937_64 random;
  RaceDetector races;
  ByteModel model;
  RaceShadow shadow;
  std::vector<Thread> threads;
  uint32_t stamps[kCtas * kWarps] = {1, 1, 1, 1, 1, 1};
  uint32_t base = 0; ///< number of the first CTA
};

void RandomProgram::accessAt(uint64_t offset, uint32_t bytes, bool isWrite,
                             const Access &access, const Observer &observer) {
  RaceDetector::Conflict conflict;
  bool found;
  if (pick(2)) {
    RaceDetector::Memo memo;
    found = races.access(shadow, offset, bytes, isWrite, access, observer,
                         conflict, memo);
  } else {
    found = races.access(shadow, offset, bytes, isWrite, access, observer,
                         conflict);
  }
  std::vector<Access> expected =
      model.access(offset, bytes, isWrite, access, observer);
  ASSERT_EQ(found, !expected.empty())
      << (isWrite ? "write of " : "read of ") << bytes << " at " << offset;
  ++(found ? conflicts : silent);
  ASSERT_TRUE(
      !found ||
      std::any_of(expected.begin(), expected.end(), [&](const Access &other) {
        return other.agent == conflict.other.agent &&
               other.stamp == conflict.other.stamp;
      }));
}

void RandomProgram::access(uint32_t thread) {
  static constexpr uint32_t kSizes[] = {1, 2, 4, 8, 16, 16, 16, 32, 48};
  uint32_t bytes = kSizes[pick(std::size(kSizes))];
  uint32_t align = pick(8) ? std::min(bytes, 16u) : 1;
  uint64_t offset = pick((kBytes - bytes) / align + 1) * align;
  Observer observer = observerOf(thread);
  Access access{observer.self, observer.now, 1 + pick(3), {}};
  if (pick(4) == 0)
    access.strength = {true, static_cast<Scope>(pick(4))};
  if (pick(4) == 0) { // by an agent of its own
    access.agent = agentOf(thread, Agent::AsyncCopy);
    access.stamp = threads[thread].copies;
  }
  accessAt(offset, bytes, pick(3) == 0, access, observer);
}

/// Lanes of a warp that know the same write 16 bytes together.
void RandomProgram::stripe(uint32_t warp) {
  uint32_t lanes = pick(2) ? 4 : 2, first = warp * kLanes + pick(2) * lanes;
  for (uint32_t i = 1; i < lanes; ++i)
    if (threads[first + i].clock != threads[first].clock)
      return;
  uint64_t offset = pick(kBytes / 16) * 16;
  Access access{agentOf(first), now(first), 7, {}};
  bool done = races.writeStriped(shadow, offset, lanes, access,
                                 observerOf(first).clock);
  striped += done;
  for (uint32_t i = 0; i < lanes; ++i) {
    Observer observer = observerOf(first + i);
    Access own = access;
    own.agent = observer.self;
    uint64_t at = offset + uint64_t(i) * 16 / lanes;
    if (done)
      ASSERT_TRUE(model.access(at, 16 / lanes, true, own, observer).empty());
    else
      accessAt(at, 16 / lanes, true, own, observer);
  }
}

void RandomProgram::barrier(uint32_t cta) {
  uint32_t first = cta * kWarps * kLanes, count = kWarps * kLanes;
  std::vector<ClockRef> clocks;
  uint32_t latest = 0;
  for (uint32_t i = first; i < first + count; ++i) {
    clocks.push_back(threads[i].clock);
    latest = std::max(latest, now(i));
  }
  ClockRef joined =
      Clock::withDomain(Clock::joinAll(clocks, base + cta, count),
                        (base + cta) << 2 | Agent::Thread, latest);
  for (uint32_t i = first; i < first + count; ++i) {
    if (threads[i].copied)
      joined = Clock::withAgent(joined, agentOf(i, Agent::AsyncCopy),
                                threads[i].copied);
    now(i) = latest + 1;
  }
  for (uint32_t i = first; i < first + count; ++i)
    threads[i].clock = joined;
}

void RandomProgram::barrierOfAll() {
  ClockRef joined;
  for (uint32_t cta = 0; cta < kCtas; ++cta) {
    barrier(cta);
    joined = Clock::join(joined, threads[cta * kWarps * kLanes].clock);
  }
  for (Thread &thread : threads)
    thread.clock = joined;
}

void RandomProgram::step() {
  auto thread = pick(static_cast<uint32_t>(threads.size()));
  uint32_t kind = pick(100);
  if (kind < 4) { // synchronises with another thread
    Thread &other = threads[pick(static_cast<uint32_t>(threads.size()))];
    other.clock = Clock::join(
        other.clock,
        Clock::withAgent(threads[thread].clock, agentOf(thread), now(thread)));
    ++now(thread);
  } else if (kind < 8) { // waits for its copies
    threads[thread].copied = threads[thread].copies++;
  } else if (kind < 20) {
    barrier(pick(kCtas));
  } else if (kind < 40) {
    barrierOfAll();
  } else if (kind < 60) {
    stripe(pick(kCtas * kWarps));
  } else if (kind == 60 && pick(4) == 0) { // the next launch
    races.synchroniseAll();
    model.retired = base = races.ctaCount();
    for (uint32_t cta = 0; cta < kCtas; ++cta)
      races.addCta({static_cast<int>(cta / 2), base + cta});
    for (Thread &t : threads)
      t = Thread{};
  } else {
    access(thread);
  }
}

} // namespace

// Clocks against maps from agents to stamps. The copies of a CTA come one after
// the other, each known by whole or by half.
TEST(Race, ClocksAgreeWithMaps) {
  struct Model {
    ClockRef clock;
    std::map<uint32_t, uint32_t> stamps; ///< by the agent's code
    void learn(Agent agent, uint32_t stamp) {
      uint32_t &known = stamps[agent.code];
      known = std::max(known, stamp);
    }
  };
  constexpr uint32_t kCtas = 3, kThreads = 8;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    auto pick = [&](uint32_t count) {
      return static_cast<uint32_t>(random() % count);
    };
    std::vector<Model> models(6);
    uint32_t now = 1, copies[kCtas] = {};
    bool compared = false;
    for (int step = 0; step < 1000; ++step) {
      Model &model = models[pick(6)];
      uint32_t cta = pick(kCtas), kind = pick(10);
      if (kind < 3) {
        std::vector<std::pair<Agent, uint32_t>> stamps;
        for (uint32_t thread = pick(3); thread < kThreads;
             thread += 1 + pick(3))
          stamps.emplace_back(Agent(cta, Agent::Thread, thread), ++now);
        model.clock = Clock::withStamps(model.clock, stamps);
        for (const auto &[agent, stamp] : stamps)
          model.learn(agent, stamp);
      } else if (kind < 6) {
        // The latest copy. One model knows of it, another perhaps of half.
        uint32_t stamp = copies[cta] += seed % 4 || pick(50) ? 1 : 300;
        Model &second = models[pick(6)];
        for (uint32_t half = 0; half < 2; ++half) {
          Agent agent(cta, Agent::Bulk, bulkSlot(stamp) + half);
          for (Model *one : {&model, pick(2) ? &second : &model}) {
            one->clock = Clock::withAgent(one->clock, agent, stamp);
            one->learn(agent, stamp);
          }
        }
      } else if (kind < 9) {
        const Model &other = models[pick(6)];
        model.clock = Clock::join(model.clock, other.clock);
        for (const auto &[code, stamp] : other.stamps) {
          Agent agent;
          agent.code = code;
          model.learn(agent, stamp);
        }
      } else if (model.clock && pick(4) == 0) {
        model = Model();
      }
      if (!model.clock)
        continue;
      for (uint32_t thread = 0; thread < kThreads; ++thread) {
        Agent agent(cta, Agent::Thread, thread);
        uint32_t last = model.stamps[agent.code];
        ASSERT_TRUE(!last || model.clock->knows(agent, last));
        ASSERT_FALSE(model.clock->knows(agent, last + 1));
      }
      uint32_t stamp = 1 + pick(copies[cta] + 1);
      for (uint32_t half = 0; half < 2; ++half) {
        Agent agent(cta, Agent::Bulk, bulkSlot(stamp) + half);
        if (stamp > copies[cta])
          continue;
        bool knows = model.stamps[agent.code] >= stamp;
        ASSERT_EQ(model.clock->knows(agent, stamp), knows)
            << "seed " << seed << ", step " << step;
        compared |= knows;
      }
    }
    EXPECT_TRUE(compared);
  }
}

TEST(Race, CellsAgreeWithBytes) {
  uint32_t conflicts = 0, silent = 0, striped = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    RandomProgram program(seed);
    for (int i = 0; i < 2000; ++i) {
      program.step();
      ASSERT_FALSE(HasFatalFailure()) << "seed " << seed << ", step " << i;
    }
    conflicts += program.conflicts;
    silent += program.silent;
    striped += program.striped;
  }
  // Every answer comes often enough to mean something.
  EXPECT_GT(conflicts, 10000u);
  EXPECT_GT(silent, 10000u);
  EXPECT_GT(striped, 1000u);
}
