// Loads, stores and atomics, with their checks.
#include "Machine.h"

#include <algorithm>

using namespace moe::emu;

static std::string hex(uint64_t value) {
  char text[32];
  std::snprintf(text, sizeof(text), "0x%llx",
                static_cast<unsigned long long>(value));
  return text;
}

static const char *accessName(bool isWrite) {
  return isWrite ? "write" : "read";
}

/// What lies around a shared address.
static std::string describeShared(const Cta &cta, uint64_t offset) {
  const Program &program = *cta.launch->program;
  for (const SharedSymbol &symbol : program.sharedSymbols)
    if (offset >= symbol.offset && offset < symbol.offset + symbol.size + 64)
      return "'" + symbol.name + "' (" + std::to_string(symbol.size) +
             " bytes) + " + std::to_string(offset - symbol.offset);
  if (program.usesDynamicShared && offset >= program.dynamicShared)
    return "dynamic shared memory (" +
           std::to_string(cta.launch->config.dynamicShared) + " bytes) + " +
           std::to_string(offset - program.dynamicShared);
  return "shared memory (" + std::to_string(cta.shared->size) + " bytes) + " +
         std::to_string(offset);
}

[[noreturn]] static void stopOutOfBounds(Warp &w, const Op *op, int lane,
                                         uint64_t address, uint32_t bytes,
                                         bool isWrite,
                                         const std::string &where) {
  w.machine->stop(FindingKind::OutOfBounds, w, op, lane, address,
                  std::string("out-of-bounds ") + accessName(isWrite) + " of " +
                      std::to_string(bytes) + " bytes at " + hex(address),
                  {"the address is " + where});
}

/// The CTA whose shared memory an address names: a generic one, or one within
/// the cluster (ExecCluster.cpp).
static const Cta *sharedOwner(Warp &w, const Op *op, int lane,
                              bool anyOfCluster, uint64_t address,
                              bool isWrite) {
  const Cta &cta = *w.cta;
  uint64_t rank = address / kSharedStride;
  if (address >= kSharedWindow && address < kSharedWindowEnd)
    rank = (address - kSharedWindow) / kSharedStride - cta.cluster->firstSlot;
  if (rank == cta.rank) [[likely]]
    return &cta;
  const Cluster &cluster = *cta.cluster;
  if (rank >= cluster.members.size())
    w.machine->stop(FindingKind::OutOfBounds, w, op, lane, address,
                    std::string(accessName(isWrite)) +
                        " through a pointer to the shared memory of another "
                        "CTA");
  if (!anyOfCluster)
    w.machine->stop(FindingKind::OutOfBounds, w, op, lane, address,
                    std::string(accessName(isWrite)) +
                        " of the shared memory of CTA " + std::to_string(rank) +
                        " of the cluster without '.shared::cluster'");
  if (!cluster.members[rank])
    w.machine->stop(FindingKind::UseAfterFree, w, op, lane, address,
                    std::string(accessName(isWrite)) +
                        " of the shared memory of CTA " + std::to_string(rank) +
                        " of the cluster, which has ended");
  return cluster.members[rank];
}

Place moe::emu::resolveAny(Warp &w, const Op *op, int lane, Space space,
                           uint64_t address, uint32_t bytes, uint32_t align,
                           bool isWrite) {
  Machine &machine = *w.machine;
  Cta &cta = *w.cta;
  uint64_t full = address;
  if (space == Space::Generic) {
    if (address >= kSharedWindow && address < kSharedWindowEnd)
      space = Space::SharedCluster;
    else if (address >= kLocalWindow && address < kLocalWindowEnd)
      space = Space::Local;
    else
      space = Space::Global;
  }
  Allocation *allocation = nullptr;
  uint64_t offset = 0;
  switch (space) {
  case Space::Shared:
  case Space::SharedCluster: {
    const Cta *owner = sharedOwner(w, op, lane, space == Space::SharedCluster,
                                   address, isWrite);
    allocation = owner->shared.get();
    offset = address % kSharedStride;
    full = allocation->base + offset;
    bool outside = offset + bytes > allocation->size;
    if (outside ||
        (machine.options.checked && anyHas(allocation->states.get() + offset,
                                           bytes, Allocation::kRedZone)))
      stopOutOfBounds(w, op, lane, offset, bytes, isWrite,
                      describeShared(*owner, offset));
    break;
  }
  case Space::Local: {
    Allocation *local = cta.local[w.index].get();
    const Program &program = *cta.launch->program;
    uint64_t perLane = program.localBytes;
    uint64_t within =
        address >= kLocalWindow ? address - kLocalWindow : address;
    if (within + bytes > perLane || within + bytes < within)
      stopOutOfBounds(w, op, lane, within, bytes, isWrite,
                      "local memory (" + std::to_string(perLane) +
                          " bytes) + " + std::to_string(within));
    allocation = local;
    offset = static_cast<uint64_t>(lane) * program.localStride() + within;
    full = within;
    break;
  }
  default:
    allocation = machine.memory.find(address);
    if (!allocation || address - allocation->base + bytes > allocation->size) {
      Allocation *near =
          allocation ? allocation : machine.memory.nearest(address);
      std::string where = "in no allocation";
      if (near) {
        auto distance = static_cast<int64_t>(address - near->base);
        where = "'" + near->name + "' (" + std::to_string(near->size) +
                " bytes on device " + std::to_string(near->device) + ") " +
                (distance < 0 ? "- " + std::to_string(-distance)
                              : "+ " + std::to_string(distance));
      }
      stopOutOfBounds(w, op, lane, address, bytes, isWrite, where);
    }
    offset = address - allocation->base;
    if (allocation->released)
      machine.stop(FindingKind::UseAfterFree, w, op, lane, address,
                   std::string(accessName(isWrite)) + " of " +
                       std::to_string(bytes) + " bytes at " + hex(address) +
                       " after it was released",
                   {"the address is '" + allocation->name + "' + " +
                    std::to_string(offset)});
    if (isWrite && allocation->readOnly)
      machine.stop(FindingKind::ReadOnlyWrite, w, op, lane, address,
                   "writes read-only memory '" + allocation->name + "'");
  }
  if (full % align != 0)
    machine.stop(FindingKind::Misaligned, w, op, lane, address,
                 std::string("misaligned ") + accessName(isWrite) +
                     ": expects an address that is a multiple of " +
                     std::to_string(align) + ", but got " + hex(full),
                 allocation == cta.shared.get()
                     ? std::vector<std::string>{"the address is " +
                                                describeShared(cta, offset)}
                     : std::vector<std::string>{});
  return {allocation, offset};
}

void moe::emu::reportUninitialised(Warp &w, const Op *op, int lane,
                                   const Place &place, uint32_t bytes,
                                   uint64_t address) {
  const uint8_t *states = place.states();
  uint32_t i = 0;
  while (states[i] & Allocation::kInitialised)
    ++i;
  bool shared = place.allocation == w.cta->shared.get();
  w.machine->report(
      FindingKind::UninitialisedMemory, w, op, lane, address,
      "reads " + std::to_string(bytes) + " bytes at " + hex(address) +
          " of which byte " + std::to_string(i) + " was never written",
      {"the address is " + (shared ? describeShared(*w.cta, place.offset)
                                   : "'" + place.allocation->name + "' + " +
                                         std::to_string(place.offset))});
  std::fill_n(place.states(), bytes,
              static_cast<uint8_t>(states[i] | Allocation::kInitialised));
}

void moe::emu::checkRace(Warp &w, const Op *op, int lane, const Place &place,
                         uint32_t bytes, bool isWrite, Strength strength,
                         uint64_t address) {
  Observer observer = observerOf(w, lane, place);
  RaceDetector::Conflict conflict;
  if (!w.machine->races.access(
          place.allocation->shadow, place.offset, bytes, isWrite,
          {observer.self, observer.now, op->line, strength}, observer,
          conflict))
    return;
  bool shared = place.allocation == w.cta->shared.get();
  std::string what = conflict.otherIsWrite ? "write" : "read";
  w.machine->report(
      FindingKind::Race, w, op, lane, address,
      std::string(accessName(isWrite)) + " of " + std::to_string(bytes) +
          " bytes at " + hex(address) + " is not ordered after a " + what +
          " by " + w.machine->describe(conflict.other.agent),
      {w.machine->otherAccess(w, conflict.other.line),
       "the address is " + (shared ? describeShared(*w.cta, place.offset)
                                   : "'" + place.allocation->name + "' + " +
                                         std::to_string(place.offset))},
      conflict.other.line);
}

// ---- loads and stores ----

static uint64_t addressOf(const Warp &w, const Op *op, const MemoryInfo &info,
                          int lane) {
  return (info.address32 ? w.read32(op->a, lane) : w.read64(op->a, lane)) +
         op->imm;
}

/// An element. A strong access orders more than its instruction may ask for,
/// so that a fence beside it needs to do nothing.
static uint64_t loadBytes(const char *from, unsigned bytes, bool isSigned,
                          bool strong = false) {
  uint64_t value = strong ? loadWord<std::memory_order_acquire>(from, bytes)
                          : loadWord(from, bytes);
  if (!isSigned)
    return value;
  unsigned unused = 64 - 8 * bytes;
  return static_cast<uint64_t>(static_cast<int64_t>(value << unused) >> unused);
}

/// Returns whether memory has changed.
static bool storeBytes(char *to, uint64_t value, unsigned bytes, bool strong) {
  bool changes = loadWord(to, bytes) != value;
  if (strong)
    storeWord<std::memory_order_release>(to, value, bytes);
  else
    storeWord(to, value, bytes);
  return changes;
}

/// Tells the counters what the lanes of a load, store or atomic access.
static void count(Warp &w, const Op *op, const MemoryInfo &info, uint32_t lanes,
                  bool loads, bool stores) {
  uint64_t addresses[kWarpSize];
  forLanes(lanes,
           [&](int lane) { addresses[lane] = addressOf(w, op, info, lane); });
  countAccess(w, op, info.space, addresses, uint32_t(info.bytes) * info.count,
              lanes, loads, stores);
}

template <bool Checked>
static const Op *runLoad(Warp &w, const Op *op) {
  const auto &info = *static_cast<const MemoryInfo *>(op->info);
  uint32_t lanes = w.lanes(op), size = info.bytes * info.count;
  bool strong = info.order != Order::Weak;
  ++w.machine->polls;
  if (w.machine->options.counting)
    count(w, op, info, lanes, true, false);
  forLanes(lanes, [&](int lane) {
    uint64_t address = addressOf(w, op, info, lane);
    Place place = resolve(w, op, lane, info.space, address, size, size, false);
    if (Checked) {
      if (!place.allocation->readOnly)
        checkInitialised(w, op, lane, place, size, address);
      if (place.allocation != w.cta->local[w.index].get() &&
          !place.allocation->readOnly) {
        checkRace(w, op, lane, place, size, false, {strong, info.scope},
                  address);
        if (w.machine->weak)
          return weakLoad(w, op, lane, place, info);
        if (strong)
          strongRead(w, lane, place, info.order, info.scope);
      }
    }
    const char *from = place.bytes();
    for (const RegisterPart &part : info.parts) {
      uint64_t value = loadBytes(from, info.bytes, info.isSigned, strong);
      if (part.wide)
        w.write64(part.code, lane, value);
      else
        w.write32(part.code, lane, static_cast<uint32_t>(value));
      from += info.bytes;
    }
  });
  return --w.budget < 0 ? yieldAt(w, op + 1) : op + 1;
}

namespace {
/// Weak stores of words in which lanes side by side fill 16 bytes: as long as
/// nothing is special about such a piece, it is stored and checked as one.
template <bool Checked>
struct PieceStore {
  static constexpr uint32_t kPiece = 16;

  PieceStore(Warp &w, const Op *op, const MemoryInfo &info, uint32_t lanes)
      : w(w), op(op), info(info), lanes(lanes) {
    applies = lanes && info.bytes == 4 && info.count <= 4 &&
              info.order == Order::Weak && !w.machine->weak;
    for (size_t i = 0; i < info.parts.size() && applies; ++i) {
      applies = !info.parts[i].wide;
      words[i] =
          reinterpret_cast<const uint32_t *>(w.source(info.parts[i].code));
    }
    if (!Checked || !applies)
      return;
    const LaneSync *sync = w.cta->sync[w.index].lanes;
    const Clock *first = sync[__builtin_ctz(lanes)].knowledge.plain.get();
    forLanes(lanes, [&](int lane) {
      applies &= sync[lane].knowledge.plain.get() == first;
    });
    known = first ? first : &nothing();
    forLanes(lanes, [&](int lane) {
      prefetch(w, info.space, addressOf(w, op, info, lane));
    });
  }

  /// How many lanes from `lane` on it has done: 0 or those of a piece.
  uint32_t store(int lane) const {
    uint32_t size = 4u * info.count, count = kPiece / size;
    if (!applies || (lanes >> lane & ((1u << count) - 1)) != (1u << count) - 1)
      return 0;
    uint64_t address = addressOf(w, op, info, lane);
    for (uint32_t i = 1; i < count; ++i)
      if (addressOf(w, op, info, lane + static_cast<int>(i)) !=
          address + uint64_t(i) * size)
        return 0;
    Place place;
    if (!resolveUsual(w, info.space, address, kPiece, kPiece, true, place))
      return 0;
    if constexpr (Checked)
      if (anyHas(place.states(), kPiece, Allocation::kMbarrier) ||
          !w.machine->races.writeStriped(
              place.allocation->shadow, place.offset, count,
              {threadAgent(w, lane), w.cta->sync[w.index].now, op->line, {}},
              *known))
        return 0;
    uint32_t data[4];
    for (uint32_t i = 0; i < 4; ++i)
      data[i] =
          words[i % info.count][static_cast<uint32_t>(lane) + i / info.count];
    bool changes = false;
    for (uint32_t i = 0; i < kPiece; i += 8) {
      uint64_t value;
      std::memcpy(&value, &data[i / 4], 8);
      changes |= storeBytes(place.bytes() + i, value, 8, false);
    }
    for (uint32_t i = 0; Checked && i < count; ++i)
      changes |= !(place.states()[i * size] & Allocation::kInitialised);
    if (changes)
      w.machine->noteProgress();
    markWritten(*w.machine, place, kPiece);
    return count;
  }

private:
  Warp &w;
  const Op *op;
  const MemoryInfo &info;
  uint32_t lanes;
  bool applies;
  const uint32_t *words[4];
  const Clock *known = nullptr; ///< by all of the lanes
};
} // namespace

/// What a lane stores of a register.
static uint64_t partOf(const Warp &w, const RegisterPart &part, int lane,
                       unsigned bytes) {
  uint64_t value =
      part.wide ? w.read64(part.code, lane) : w.read32(part.code, lane);
  return value & ~uint64_t(0) >> (64 - 8 * bytes);
}

static void weakStoreLane(Warp &w, const Op *op, int lane, const Place &place,
                          const MemoryInfo &info) {
  char data[64];
  char *to = data;
  for (const RegisterPart &part : info.parts) {
    uint64_t value = partOf(w, part, lane, info.bytes);
    std::memcpy(to, &value, info.bytes);
    to += info.bytes;
  }
  weakStore(w, op, lane, place, info, data);
}

template <bool Checked>
static const Op *runStore(Warp &w, const Op *op) {
  const auto &info = *static_cast<const MemoryInfo *>(op->info);
  uint32_t lanes = w.lanes(op), size = info.bytes * info.count;
  bool strong = info.order != Order::Weak;
  if (w.machine->options.counting)
    count(w, op, info, lanes, false, true);
  auto storeLane = [&](int lane) {
    uint64_t address = addressOf(w, op, info, lane);
    Place place = resolve(w, op, lane, info.space, address, size, size, true);
    if (Checked) {
      if (anyHas(place.states(), size, Allocation::kMbarrier))
        w.machine->stop(FindingKind::MbarrierMisuse, w, op, lane, address,
                        "overwrites an mbarrier that is in use");
      if (place.allocation != w.cta->local[w.index].get()) {
        checkRace(w, op, lane, place, size, true, {strong, info.scope},
                  address);
        if (w.machine->weak)
          return weakStoreLane(w, op, lane, place, info);
        if (strong)
          strongWrite(w, lane, place, info.order, info.scope, false);
      }
    }
    bool changes = Checked && !(*place.states() & Allocation::kInitialised);
    char *at = place.bytes();
    for (const RegisterPart &part : info.parts) {
      changes |=
          storeBytes(at, partOf(w, part, lane, info.bytes), info.bytes, strong);
      at += info.bytes;
    }
    if (changes)
      w.machine->noteProgress();
    markWritten(*w.machine, place, size);
  };
  PieceStore<Checked> pieces(w, op, info, lanes);
  for (uint32_t left = lanes; left;) {
    int lane = __builtin_ctz(left);
    uint32_t done = pieces.store(lane);
    if (!done)
      storeLane(lane);
    left &= ~((done ? (1u << done) - 1 : 1u) << lane);
  }
  return --w.budget < 0 ? yieldAt(w, op + 1) : op + 1;
}

Handler moe::emu::loadHandler(Space, bool checked) {
  return checked ? runLoad<true> : runLoad<false>;
}
Handler moe::emu::storeHandler(Space, bool checked) {
  return checked ? runStore<true> : runStore<false>;
}

const Op *moe::emu::runLoadParam(Warp &w, const Op *op) {
  const auto &info = *static_cast<const MemoryInfo *>(op->info);
  const char *from = w.cta->launch->params->bytes.get() + op->imm;
  uint32_t lanes = w.lanes(op);
  for (const RegisterPart &part : info.parts) {
    uint64_t value = loadBytes(from, info.bytes, info.isSigned);
    forLanes(lanes, [&](int lane) {
      if (part.wide)
        w.write64(part.code, lane, value);
      else
        w.write32(part.code, lane, static_cast<uint32_t>(value));
    });
    from += info.bytes;
  }
  return op + 1;
}

const Op *moe::emu::runAtomic(Warp &w, const Op *op) {
  const auto &info = *static_cast<const MemoryInfo *>(op->info);
  uint32_t lanes = w.lanes(op), size = info.bytes * info.count;
  bool checked = w.machine->options.checked;
  size_t firstSource = info.returns ? info.count : 0;
  ++w.machine->polls;
  if (w.machine->options.counting)
    count(w, op, info, lanes, true, true);
  auto readPart = [&](const RegisterPart &part, int lane) {
    return part.wide ? w.read64(part.code, lane) : w.read32(part.code, lane);
  };
  forLanes(lanes, [&](int lane) {
    uint64_t address = addressOf(w, op, info, lane);
    Place place = resolve(w, op, lane, info.space, address, size, size, true);
    if (checked) {
      checkInitialised(w, op, lane, place, size, address);
      // A read-modify-write is one write for conflicts: whoever races with its
      // read races with its write.
      checkRace(w, op, lane, place, size, true, {true, info.scope}, address);
      if (!w.machine->weak) {
        if (mayAcquire(info))
          strongRead(w, lane, place, info.order, info.scope);
        strongWrite(w, lane, place, info.order, info.scope, true);
      }
    }
    for (unsigned i = 0; i < info.count; ++i) {
      Place part{place.allocation, place.offset + uint64_t(i) * info.bytes};
      uint64_t b = readPart(info.parts[firstSource + i], lane);
      uint64_t c = info.atomic == AtomicOp::Cas
                       ? readPart(info.parts[firstSource + 1], lane)
                       : 0;
      uint64_t old;
      if (w.machine->weak) {
        old = weakAtomic(w, op, lane, part, info, b, c);
      } else {
        auto change = [&](uint64_t before) {
          return atomicResult(info.atomic, info.type, info.ftz, before, b, c);
        };
        old = changeBytes(*w.machine, part.bytes(), info.bytes, change);
        if (change(old) != old)
          w.machine->noteProgress();
      }
      if (info.returns) {
        const RegisterPart &to = info.parts[i];
        if (to.wide)
          w.write64(to.code, lane, old);
        else
          w.write32(to.code, lane, static_cast<uint32_t>(old));
      }
    }
    if (!w.machine->weak)
      markWritten(*w.machine, place, size);
  });
  return --w.budget < 0 ? yieldAt(w, op + 1) : op + 1;
}

const Op *moe::emu::runIsSpace(Warp &w, const Op *op) {
  uint32_t lanes = w.lanes(op), result = 0;
  forLanes(lanes, [&](int lane) {
    uint64_t address = w.read64(op->a, lane);
    bool shared = address >= kSharedWindow && address < kSharedWindowEnd,
         local = address >= kLocalWindow && address < kLocalWindowEnd;
    bool is = false;
    Allocation *params = w.cta->launch->params;
    bool param = params && address - params->base < params->size;
    switch (static_cast<Space>(op->flags)) {
    case Space::Shared:
      is = shared &&
           address / kSharedStride == w.cta->shared->base / kSharedStride;
      break;
    case Space::SharedCluster:
      is = shared && (address - kSharedWindow) / kSharedStride -
                             w.cta->cluster->firstSlot <
                         w.cta->cluster->members.size();
      break;
    case Space::Local:
      is = local;
      break;
    case Space::Param:
      is = param;
      break;
    case Space::Const: {
      Allocation *allocation = w.machine->memory.find(address);
      is = allocation && allocation->readOnly && !param;
      break;
    }
    default:
      is = !shared && !local;
    }
    result |= static_cast<uint32_t>(is) << lane;
  });
  uint32_t &to = w.predicate(op->dst);
  to = (to & ~lanes) | result;
  return op + 1;
}
