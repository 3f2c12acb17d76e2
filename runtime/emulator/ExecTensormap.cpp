// Tensor maps that kernels change: tensormap.replace, and the fences between
// the generic proxy, through which threads write them, and the proxy through
// which tensor copies read them (rule m8f of docs/ptx-memory-model.md).
#include "Machine.h"
#include "TensorMap.h"

#include <algorithm>

using namespace moe::emu;

static constexpr uint32_t kMapBytes = 128;

uint64_t TensormapInfo::address(const Warp &w, uint32_t code, int index,
                                int lane) const {
  return (narrow[index] ? w.read32(code, lane) : w.read64(code, lane)) +
         static_cast<uint64_t>(offsets[index]);
}

// ---- tensormap.replace ----

static TensorMap readMap(Warp &w, const Op *op, int lane, const Place &place,
                         uint64_t address) {
  if (w.machine->options.checked)
    checkInitialised(w, op, lane, place, kMapBytes, address);
  TensorMap map;
  copyBytes(*w.machine, reinterpret_cast<char *>(&map), place.bytes(),
            sizeof(map));
  if (map.magic != TensorMap::kMagic)
    w.machine->stop(FindingKind::AsyncMisuse, w, op, lane, address,
                    "expects a tensor map that encodeTensorMap made");
  return map;
}

/// Puts a value into a field. Returns what the field expects where the value
/// breaks the encoding rules.
static const char *replaceField(TensorMap &map, const TensormapInfo &info,
                                uint64_t value) {
  using Field = TensormapInfo::Field;
  // Of CUtensorMapDataType: the numbers of the instruction are others from 8.
  static constexpr uint8_t kTypes[] = {0, 1,  2, 3, 4,  5, 6,
                                       7, 10, 8, 9, 11, 12};
  switch (info.field) {
  case Field::GlobalAddress:
    map.address = value;
    return value % 16 ? "a multiple of 16" : nullptr;
  case Field::Rank:
    map.rank = static_cast<uint8_t>(value + 1);
    return value > 4 ? "a rank less one from 0 to 4" : nullptr;
  case Field::BoxDim:
    map.box[info.ordinal] = static_cast<uint16_t>(value);
    return value < 1 || value > 256 ? "a box from 1 to 256" : nullptr;
  case Field::GlobalDim:
    map.dims[info.ordinal] = value;
    return value < 1 ? "a size of at least 1" : nullptr;
  case Field::GlobalStride:
    map.strides[info.ordinal] = value;
    return value % 16 || value >> 40 ? "a multiple of 16 below 2^40" : nullptr;
  case Field::ElementStride:
    // The innermost stride is ignored without an interleaved layout.
    if (info.ordinal)
      map.elementStrides[info.ordinal] = static_cast<uint8_t>(value);
    return value < 1 || value > 8 ? "an element stride from 1 to 8" : nullptr;
  case Field::ElementType:
    if (value >= std::size(kTypes))
      return "an element type from 0 to 12";
    map.type = kTypes[value];
    map.elementBytes = TensorMap::kElementBytes[map.type];
    return nullptr;
  case Field::Swizzle:
    map.swizzle = static_cast<uint8_t>(value);
    return value > 3 ? "a swizzle of none, 32, 64 or 128 bytes" : nullptr;
  default: // Interleave, Fill
    return value ? "0: other layouts and fills are not supported" : nullptr;
  }
}

const Op *moe::emu::runTensormapReplace(Warp &w, const Op *op) {
  const auto &info = *static_cast<const TensormapInfo *>(op->info);
  bool checked = w.machine->options.checked;
  forLanes(w.lanes(op), [&](int lane) {
    uint64_t address = info.address(w, op->a, 0, lane);
    Place place =
        resolve(w, op, lane, info.space, address, kMapBytes, 64, true);
    TensorMap map = readMap(w, op, lane, place, address);
    uint64_t value =
        info.wideValue ? w.read64(op->b, lane) : w.read32(op->b, lane);
    if (const char *expected = replaceField(map, info, value))
      w.machine->stop(FindingKind::AsyncMisuse, w, op, lane, address,
                      std::string("expects ") + expected + ", but got " +
                          std::to_string(value));
    // A weak write of the whole object.
    if (checked)
      checkRace(w, op, lane, place, kMapBytes, true, Strength(), address);
    copyBytes(*w.machine, place.bytes(), reinterpret_cast<const char *>(&map),
              sizeof(map));
    markWritten(*w.machine, place, kMapBytes);
  });
  w.machine->noteProgress();
  return --w.budget < 0 ? yieldAt(w, op + 1) : op + 1;
}

// ---- fences ----

/// What a thread knows at the fence; its clock moves on.
static TensormapFence fenceOf(Warp &w, int lane, Scope scope) {
  uint32_t stamp = w.cta->sync[w.index].now;
  return {threadAgent(w, lane), stamp, scope, releaseSnapshot(w, lane).plain};
}

const Op *moe::emu::runTensormapFence(Warp &w, const Op *op) {
  const auto &info = *static_cast<const TensormapInfo *>(op->info);
  Machine &machine = *w.machine;
  if (!machine.options.checked)
    return op + 1;
  forLanes(w.lanes(op), [&](int lane) {
    TensormapFence fence = fenceOf(w, lane, info.scope);
    if (!info.acquires) {
      machine.tensormapReleases.push_back(std::move(fence));
      return;
    }
    // It accesses nothing: CUTLASS has warps without a map execute it with
    // null.
    uint64_t address = info.address(w, op->a, 0, lane);
    machine.tensormapAcquires[{address, fence.agent.code, fence.scope}] =
        std::move(fence);
  });
  return op + 1;
}

/// A copy of a tensor map by a whole warp, and the fence that releases it.
const Op *moe::emu::runTensormapCopy(Warp &w, const Op *op) {
  const auto &info = *static_cast<const TensormapInfo *>(op->info);
  Machine &machine = *w.machine;
  uint32_t lanes = w.lanes(op);
  if (!lanes)
    return op + 1;
  if (lanes != w.live)
    machine.stop(
        FindingKind::Divergence, w, op, __builtin_ctz(lanes), 0,
        "an aligned instruction is executed by some threads of a warp only");
  int first = __builtin_ctz(lanes);
  uint64_t to = info.address(w, op->a, 0, first),
           from = info.address(w, op->b, 1, first);
  forLanes(lanes, [&](int lane) {
    if (info.address(w, op->a, 0, lane) != to ||
        info.address(w, op->b, 1, lane) != from)
      machine.stop(FindingKind::AsyncMisuse, w, op, lane, to,
                   "expects the same addresses in all threads of the warp");
  });
  Place source =
            resolve(w, op, first, Space::Shared, from, kMapBytes, 64, false),
        target = resolve(w, op, first, Space::Global, to, kMapBytes, 64, true);
  readMap(w, op, first, source, from);
  if (machine.options.checked) {
    // Which thread reads what is not said: all of them have to know the map.
    forLanes(lanes, [&](int lane) {
      checkRace(w, op, lane, source, kMapBytes, false, Strength(), from);
    });
    checkRace(w, op, first, target, kMapBytes, true, Strength(), to);
  }
  copyBytes(machine, target.bytes(), source.bytes(), kMapBytes);
  markWritten(*w.machine, target, kMapBytes);
  machine.noteProgress();
  if (machine.options.checked) {
    // One operation of the warp, done when any of its threads goes on.
    TensormapFence fence = fenceOf(w, first, info.scope);
    std::vector<Agent> agents;
    forLanes(lanes, [&](int lane) { agents.push_back(threadAgent(w, lane)); });
    Knowledge done;
    done.plain = Clock::withAgents(nullptr, agents, fence.stamp);
    machine.tensormapReleases.push_back(std::move(fence));
    acquire(w, lanes, done);
  }
  return --w.budget < 0 ? yieldAt(w, op + 1) : op + 1;
}

// ---- reading ----

/// Whether a thread that knows `knows` may have a write of the map read by a
/// copy: somebody who knew the write released it, and somebody acquired it from
/// there before the copy.
static bool isVisible(const Machine &machine, uint64_t map, Agent writer,
                      uint32_t stamp, const Observer &knows) {
  const RaceDetector &races = machine.races;
  auto passes = [&](const TensormapFence &acquire) {
    if (!races.ordered(knows, acquire.agent, acquire.stamp))
      return false;
    auto observerAt = [](const TensormapFence &fence) {
      return Observer{fence.known ? *fence.known : nothing(), fence.agent,
                      fence.stamp};
    };
    return std::any_of(
        machine.tensormapReleases.rbegin(), machine.tensormapReleases.rend(),
        [&](const TensormapFence &release) {
          return races.includes(release.scope, release.agent, acquire.agent) &&
                 races.includes(acquire.scope, acquire.agent, release.agent) &&
                 races.ordered(observerAt(acquire), release.agent,
                               release.stamp) &&
                 races.ordered(observerAt(release), writer, stamp);
        });
  };
  const auto &acquires = machine.tensormapAcquires;
  for (auto it = acquires.lower_bound({map, 0, Scope{}});
       it != acquires.end() && std::get<0>(it->first) == map; ++it)
    if (passes(it->second))
      return true;
  return false;
}

void moe::emu::checkTensormapRead(Warp &w, const Op *op, int lane,
                                  const Place &place, uint64_t address) {
  Machine &machine = *w.machine;
  checkInitialised(w, op, lane, place, kMapBytes, address);
  if (place.allocation->readOnly)
    return;
  checkRace(w, op, lane, place, kMapBytes, false, Strength(), address);
  Observer knows = observerOf(w, lane, place);
  Agent last;
  uint32_t lastStamp = 0;
  place.allocation->shadow.forWrites(
      place.offset, kMapBytes, [&](const Access &write) {
        if (write.agent.isNone() || machine.races.isRetired(write.agent) ||
            (write.agent == last && write.stamp == lastStamp))
          return;
        last = write.agent;
        lastStamp = write.stamp;
        if (isVisible(machine, address, write.agent, write.stamp, knows))
          return;
        machine.report(
            FindingKind::Race, w, op, lane, address,
            "a tensor map is read that its proxy need not see since it was "
            "written by " +
                machine.describe(write.agent),
            {machine.otherAccess(w, write.line, "the write"),
             "'fence.proxy.tensormap::generic' must release it behind the "
             "write and acquire it before the copy"},
            write.line);
      });
}
