// Runs on several cores: each has a machine that takes cluster after cluster
// from the queues that all of them share.
#include "Cores.h"

#include <algorithm>
#include <thread>

using namespace moe::emu;

/// Slots between two looks whether there is something to start, so that all
/// cores get their share of a launch.
static constexpr uint64_t kStartEvery = 4;
/// Slots without progress after which a core lets others run.
static constexpr uint64_t kPatience = 64;
/// How long a core without work leaves the threads of the host alone.
static constexpr std::chrono::microseconds kNap(50);

Cores::Cores(Machine &home, unsigned count) : cores(count) {
  for (unsigned i = 0; i < count; ++i) {
    cores[i].machine = std::make_unique<Machine>(home.options);
    cores[i].machine->home = &home;
    cores[i].machine->core = i;
    cores[i].machine->random.seed(home.options.seed + i);
  }
}

bool Cores::isIdle() const {
  return std::all_of(cores.begin(), cores.end(),
                     [](const Core &core) { return core.ctas == 0; });
}

void Cores::abandon() {
  for (Core &core : cores) {
    core.machine->abandon();
    core.ctas = 0;
  }
}

Machine::Machine(const EmulatorOptions &options)
    : options(options), weak(options.schedule == Schedule::Weak ||
                             options.schedule == Schedule::Exhaustive),
      random(options.seed) {}

Machine::~Machine() = default;

std::unique_lock<std::mutex> Machine::lockQueues() const {
  return home->cores ? std::unique_lock<std::mutex>(home->cores->lock)
                     : std::unique_lock<std::mutex>();
}

std::unique_lock<std::mutex> Machine::lockFindings() const {
  return home->cores ? std::unique_lock<std::mutex>(home->cores->reporting)
                     : std::unique_lock<std::mutex>();
}

bool Machine::startOne(const std::optional<StreamKey> &stream) {
  Cores &all = *home->cores;
  Launch *found = nullptr;
  std::shared_ptr<Cluster> cluster;
  std::vector<TensorMemory *> tensors;
  {
    auto lock = lockQueues();
    seenChanges = all.changes;
    home->forStartable([&](Launch &launch) {
      if (!home->hasRoom(launch) || !placeTensorCtas(launch, tensors))
        return true;
      found = &launch;
      cluster = home->placeCluster(launch);
      return false;
    });
    if (found)
      all.cores[core].ctas += cluster->members.size();
    if (stream ? home->streams[*stream].empty() : !found && all.isIdle())
      all.end();
    else if (stream && !found && all.isIdle())
      all.end(); // it waits for an event that nobody brings about
  }
  if (found)
    startCluster(*found, cluster, tensors);
  return found != nullptr;
}

void Machine::waitForWork() {
  Cores &all = *home->cores;
  auto lock = lockQueues();
  auto isOver = [&] { return all.ends || all.changes != seenChanges; };
  if (home->hosts.empty())
    all.changed.wait(lock, isOver);
  else
    all.changed.wait_for(lock, kNap, isOver);
}

/// Whether no core has changed anything for long. Of its own slots a core has
/// only counted those since the last change by anybody where it has been stuck
/// twice.
bool Machine::isStuckEverywhere() {
  Cores &all = *home->cores;
  auto lock = lockQueues();
  uint64_t now = all.progress;
  Cores::Core &own = all.cores[core];
  own.stuckBefore = own.stuck;
  own.stuck = now;
  return std::all_of(all.cores.begin(), all.cores.end(),
                     [now](const Cores::Core &other) {
                       return other.ctas == 0 ||
                              (other.stuck == now && other.stuckBefore == now);
                     });
}

void Machine::giveUp(bool isDeadlock) {
  auto lock = lockQueues();
  Cores &all = *home->cores;
  if (all.stuckCore)
    return;
  all.stuckCore = this;
  all.isDeadlock = isDeadlock;
  all.end();
}

void Machine::runCore(const std::optional<StreamKey> &stream) {
  Cores &all = *home->cores;
  uint64_t first = slots, nextStart = slots;
  while (!all.ends) {
    if (runnable.empty() || slots >= nextStart) {
      nextStart = slots + kStartEvery;
      if (startOne(stream))
        continue;
    }
    if (runnable.empty()) {
      if (all.ends || advanceBulk(true) || advanceHosts(true) ||
          releaseParked())
        continue;
      // What its threads wait for are others of their cluster.
      if (!resident.empty())
        return giveUp(true);
      waitForWork();
      continue;
    }
    runSlot();
    if (progress == slots) {
      all.progress.fetch_add(1, std::memory_order_relaxed);
    } else if (slots - progress > options.livelockSlots) {
      if (!releaseParked() && isStuckEverywhere())
        return giveUp(false);
      noteProgress();
    } else if ((slots - progress) % kPatience == 0) {
      std::this_thread::yield();
    }
    if (options.slotLimit && slots - first > options.slotLimit)
      return giveUp(false);
  }
}

void Machine::runCores(const std::optional<StreamKey> &stream) {
  Cores &all = *cores;
  all.ends = all.stopped = false;
  all.stuckCore = nullptr;
  all.failure = nullptr;
  auto body = [&](Machine &machine) {
    try {
      machine.runCore(stream);
      return;
    } catch (const RunStopped &) {
      auto lock = lockQueues();
      all.stopped = true;
    } catch (...) {
      auto lock = lockQueues();
      all.failure = std::current_exception();
    }
    auto lock = lockQueues();
    all.end();
  };
  for (Cores::Core &core : all.cores) {
    core.stuck = core.stuckBefore = ~uint64_t(0);
    core.machine->memory = memory;
    core.machine->multicasts = multicasts;
  }
  std::vector<std::thread> threads;
  for (size_t i = 1; i < all.cores.size(); ++i)
    threads.emplace_back(body, std::ref(*all.cores[i].machine));
  body(*all.cores.front().machine);
  for (std::thread &thread : threads)
    thread.join();
  for (uint64_t base : all.garbage)
    memory.remove(base);
  all.garbage.clear();
  if (all.failure)
    std::rethrow_exception(all.failure);
  if (all.stopped)
    throw RunStopped();
  if (!all.stuckCore)
    return;
  // What all threads wait for is told in one report.
  slots = all.stuckCore->slots;
  progress = all.stuckCore->progress;
  for (Cores::Core &core : all.cores)
    std::move(core.machine->resident.begin(), core.machine->resident.end(),
              std::back_inserter(resident));
  reportStuck(!all.isDeadlock);
}
