// What Emulator::counters() and its neighbours report.
#include "Machine.h"

#include <algorithm>

using namespace moe::emu;

void moe::emu::addTraffic(Machine &machine, const char *space, uint64_t bytes,
                          bool isStore) {
  Traffic &traffic = machine.traffic[space];
  (isStore ? traffic.stores : traffic.loads) += bytes;
}

const char *moe::emu::spaceOf(const Warp &w, Space space, uint64_t address) {
  static const char *const kNames[] = {
      "generic", "global", "shared", "shared::cluster",
      "local",   "const",  "param"};
  if (space != Space::Generic)
    return kNames[static_cast<size_t>(space)];
  if (address >= kSharedWindow && address < kSharedWindowEnd)
    return address / kSharedStride == w.cta->shared->base / kSharedStride
               ? "shared"
               : "shared::cluster";
  return address >= kLocalWindow && address < kLocalWindowEnd ? "local"
                                                              : "global";
}

/// Shared memory has 32 banks of 4 bytes. A pass serves all lanes where they
/// access up to 4 bytes, half of them with 8 and a quarter with 16 bytes; it
/// takes as many cycles as one bank has to give different words.
static uint64_t cyclesOf(const uint64_t *addresses, uint32_t bytes,
                         uint32_t lanes) {
  constexpr uint32_t kBanks = 32;
  std::vector<uint64_t> words[kBanks];
  forLanes(lanes, [&](int lane) {
    for (uint64_t word = addresses[lane] / 4;
         word <= (addresses[lane] + bytes - 1) / 4; ++word) {
      auto &bank = words[word % kBanks];
      if (std::find(bank.begin(), bank.end(), word) == bank.end())
        bank.push_back(word);
    }
  });
  size_t most = 0;
  for (const auto &bank : words)
    most = std::max(most, bank.size());
  return most;
}

void moe::emu::countBanks(Warp &w, const Op *op, const uint64_t *addresses,
                          uint32_t bytes, uint32_t lanes) {
  BankCounter &counter =
      w.machine->banks[{w.cta->launch->program->name, op->line}];
  uint32_t perPass = bytes <= 4 ? 32 : bytes <= 8 ? 16 : 8;
  for (uint32_t first = 0; first < kWarpSize; first += perPass) {
    uint32_t here =
        lanes & static_cast<uint32_t>(((uint64_t(1) << perPass) - 1) << first);
    if (!here)
      continue;
    ++counter.passes;
    counter.cycles += cyclesOf(addresses, bytes, here);
  }
}

void moe::emu::countAccess(Warp &w, const Op *op, Space space,
                           const uint64_t *addresses, uint32_t bytes,
                           uint32_t lanes, bool loads, bool stores) {
  uint32_t shared = 0;
  forLanes(lanes, [&](int lane) {
    const char *name = spaceOf(w, space, addresses[lane]);
    if (loads)
      addTraffic(*w.machine, name, bytes, false);
    if (stores)
      addTraffic(*w.machine, name, bytes, true);
    shared |= static_cast<uint32_t>(name == std::string("shared")) << lane;
  });
  if (shared)
    countBanks(w, op, addresses, bytes, shared);
}
