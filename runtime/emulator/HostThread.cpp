// Threads of the host that run beside the kernels.
#include "Machine.h"

#include <algorithm>
#include <bit>

using namespace moe::emu;

struct HostThread::State {
  Machine &machine;
  std::function<bool(HostThread &)> step;
  /// For the race detector, like that of a CTA.
  std::optional<uint32_t> number{};
  uint32_t now = 1;
  Knowledge knowledge{};

  Agent agent() const { return Agent(number.value(), Agent::Thread, 0); }
  Place place(uint64_t address, uint64_t bytes, bool isWrite) const {
    Place place = machine.memory.place(address, bytes);
    if (isWrite && place.allocation->readOnly)
      throw UsageError("'" + place.allocation->name + "' is read-only");
    return place;
  }
  /// Of a strong access.
  Place strongPlace(uint64_t address, uint32_t bytes, bool isWrite) const {
    if (bytes > 8 || !std::has_single_bit(bytes))
      throw UsageError("expects an access of 1, 2, 4 or 8 bytes, but got " +
                       std::to_string(bytes));
    if (address % bytes)
      throw UsageError("expects an address that is a multiple of " +
                       std::to_string(bytes));
    return place(address, bytes, isWrite);
  }
  void check(const Place &place, uint64_t bytes, bool isWrite, bool strong);
  /// Of a write that continues what `entries` hand over.
  void release(const Place &place, std::vector<SyncEntry> entries,
               uint32_t bytes);
  void noteWrite(const Place &place, uint64_t bytes) const {
    markWritten(machine, place, static_cast<uint32_t>(bytes));
    machine.noteProgress();
  }
};

HostThread::HostThread(std::unique_ptr<State> state)
    : state(std::move(state)) {}
HostThread::~HostThread() = default;

void HostThread::State::check(const Place &place, uint64_t bytes, bool isWrite,
                              bool strong) {
  if (!machine.options.checked)
    return;
  RaceDetector::Conflict conflict;
  if (!machine.races.access(
          place.allocation->shadow, place.offset, static_cast<uint32_t>(bytes),
          isWrite, {agent(), now, 0, {strong, Scope::Sys}},
          {knowledge.plain ? *knowledge.plain : nothing(), agent(), now},
          conflict))
    return;
  uint32_t line = conflict.other.line; // 0: of the host
  Finding finding;
  finding.kind = FindingKind::Race;
  finding.kernel = "thread of the host";
  finding.address = place.allocation->base + place.offset;
  finding.message = std::string(isWrite ? "write" : "read") + " of " +
                    std::to_string(bytes) + " bytes of '" +
                    place.allocation->name + "' + " +
                    std::to_string(place.offset) + " is not ordered after a " +
                    (conflict.otherIsWrite ? "write" : "read");
  if (machine.findings.size() >= machine.options.maxFindings ||
      !machine.reported
           .insert({finding.kind, finding.message, 0, static_cast<int>(line)})
           .second)
    return;
  if (line)
    finding.message += " at line " + std::to_string(line);
  finding.message += " by " + machine.describe(conflict.other.agent);
  machine.findings.push_back(std::move(finding));
}

void HostThread::State::release(const Place &place,
                                std::vector<SyncEntry> entries,
                                uint32_t bytes) {
  if (!machine.options.checked)
    return;
  check(place, bytes, true, true);
  Knowledge released = knowledge;
  released.plain = Clock::withAgent(released.plain, agent(), now++);
  std::erase_if(entries, [this](const SyncEntry &entry) {
    return entry.agent == agent();
  });
  entries.push_back({std::move(released), Scope::Sys, agent()});
  place.allocation->shadow.sync[place.offset] = std::move(entries);
}

void HostThread::read(uint64_t address, void *data, uint64_t bytes) {
  Place place = state->place(address, bytes, false);
  state->check(place, bytes, false, false);
  copyBytes(state->machine, static_cast<char *>(data), place.bytes(), bytes);
}

void HostThread::write(uint64_t address, const void *data, uint64_t bytes) {
  Place place = state->place(address, bytes, true);
  state->check(place, bytes, true, false);
  copyBytes(state->machine, place.bytes(), static_cast<const char *>(data),
            bytes);
  state->noteWrite(place, bytes);
}

/// What the last write there released.
static std::vector<SyncEntry> releasesAt(const Place &place) {
  RaceShadow &shadow = place.allocation->shadow;
  auto history = shadow.histories.find(place.offset);
  if (history != shadow.histories.end() && !history->second.messages.empty())
    return history->second.messages.back().sync;
  auto found = shadow.sync.find(place.offset);
  return found == shadow.sync.end() ? std::vector<SyncEntry>() : found->second;
}

uint64_t HostThread::loadAcquire(uint64_t address, uint32_t bytes) {
  Place place = state->strongPlace(address, bytes, false);
  state->check(place, bytes, false, true);
  for (const SyncEntry &entry : releasesAt(place))
    if (state->machine.races.includes(entry.scope, entry.agent, state->agent()))
      state->knowledge.join(entry.knowledge);
  return loadWord<std::memory_order_acquire>(place.bytes(), bytes);
}

void HostThread::storeRelease(uint64_t address, uint64_t value,
                              uint32_t bytes) {
  Place place = state->strongPlace(address, bytes, true);
  state->release(place, {}, bytes);
  storeWord<std::memory_order_release>(place.bytes(), value, bytes);
  state->noteWrite(place, bytes);
}

void HostThread::addRelease(uint64_t address, uint64_t value, uint32_t bytes) {
  Place place = state->strongPlace(address, bytes, true);
  state->release(place, releasesAt(place), bytes);
  changeBytes(state->machine, place.bytes(), bytes,
              [&](uint64_t old) { return old + value; });
  state->noteWrite(place, bytes);
}

void Machine::addHost(std::function<bool(HostThread &)> step) {
  auto state = std::make_unique<HostThread::State>(
      HostThread::State{*this, std::move(step)});
  hosts.emplace_back(new HostThread(std::move(state)));
}

bool Machine::isHost(Agent agent) const {
  return std::any_of(hosts.begin(), hosts.end(), [&](const auto &host) {
    return host->state->number == agent.cta();
  });
}

void Machine::startHosts() {
  for (auto &host : hosts) {
    HostThread::State &own = *host->state;
    // Once everything is done its number is one that everybody knows all of.
    if (!own.number || races.isRetired(own.agent())) {
      own.number = races.addCta({-1, races.ctaCount()});
      own.knowledge = {};
    }
    own.knowledge.join(hostKnowledge);
  }
}

bool Machine::advanceHosts(bool force) {
  if (home->hosts.empty() || (!force && !isTimeForOthers()))
    return false;
  auto lock = lockQueues();
  auto count = static_cast<uint32_t>(home->hosts.size());
  uint32_t first = pick(count);
  // One of them, unless nobody else can go on.
  for (uint32_t i = 0; i < (force ? count : 1); ++i) {
    HostThread &host = *home->hosts[(first + i) % count];
    if (host.state->step(host))
      return true;
  }
  return false;
}
