// cp.async.bulk and cp.reduce.async.bulk: copies of the async proxy between
// global memory and the shared memory of a cluster, plain or of a box of a
// tensor.
//
// A copy is checked when it is issued and done later, at a time that the
// schedule chooses. What it reads must have been made visible to the async
// proxy by a proxy fence, the issuer's own writes included.
#include "Machine.h"
#include "TensorMap.h"

#include <algorithm>

using namespace moe::emu;

/// Segments between one that is looked up and the one that is worked on.
static constexpr size_t kAhead = 2;

static Agent bulkAgent(uint32_t cta, uint32_t slot) {
  return Agent(cta, Agent::Bulk, slot);
}

static void checkBulkRace(Warp &w, const Op *op, int lane, const Place &place,
                          uint32_t bytes, bool isWrite, const BulkCopy &copy,
                          RaceDetector::Memo &memo) {
  // Program order is enough for what the copy overwrites, not for what it
  // reads.
  Observer observer =
      isWrite ? observerOf(w, lane, place) : proxyObserverOf(w, lane, place);
  Agent agent = bulkAgent(copy.issuer, copy.slot + (isWrite ? 1 : 0));
  // Reductions are relaxed atomics.
  Strength strength{isWrite && copy.reduces,
                    copy.to ? Scope::Cluster : Scope::Gpu};
  RaceDetector::Conflict conflict;
  if (!w.machine->races.access(place.allocation->shadow, place.offset, bytes,
                               isWrite, {agent, copy.stamp, op->line, strength},
                               observer, conflict, memo))
    return;
  std::vector<std::string> notes = {
      w.machine->otherAccess(w, conflict.other.line)};
  if (!isWrite &&
      w.machine->races.ordered(observerOf(w, lane, place), conflict.other.agent,
                               conflict.other.stamp))
    notes.emplace_back("'fence.proxy.async' must make it visible to the copy");
  w.machine->report(
      FindingKind::Race, w, op, lane, place.allocation->base + place.offset,
      std::string("the bulk copy ") + (isWrite ? "writes" : "reads") +
          " memory that is not ordered after a " +
          (conflict.otherIsWrite ? "write" : "read") + " by " +
          w.machine->describe(conflict.other.agent),
      std::move(notes));
}

/// Calls body(place, done, bytes) for the pieces of a segment's side in shared
/// memory, which begins at `shared`.
template <typename Body>
static void forPieces(const BulkSegment &segment, uint64_t shared, Body body) {
  constexpr uint32_t kPiece = 16;
  if (!segment.swizzle)
    return body(shared, 0u, segment.bytes);
  for (uint32_t done = 0; done < segment.bytes; done += kPiece)
    body(uint64_t(
             swizzled(segment.swizzle, static_cast<uint32_t>(shared) + done)),
         done, kPiece);
}

// ---- issuing ----

namespace {

/// One bulk copy of one lane while it is issued.
struct Issue {
  Warp &w;
  const Op *op;
  const BulkInfo &info;
  int lane;

  uint64_t address(uint32_t code, int index) const {
    return (info.narrow[index] ? w.read32(code, lane) : w.read64(code, lane)) +
           static_cast<uint64_t>(info.offsets[index]);
  }
  uint32_t part(size_t index) const {
    return w.read32(info.parts[index].code, lane);
  }
  Place at(Space space, uint64_t where, uint32_t bytes, uint32_t align,
           bool isWrite) const {
    return resolve(w, op, lane, space, where, bytes, align, isWrite);
  }
  [[noreturn]] void misuse(uint64_t where, const std::string &message) const {
    w.machine->stop(FindingKind::AsyncMisuse, w, op, lane, where, message);
  }

  void linear();
  void tensor();

private:
  TensorMap map(uint64_t where) const;
  void rows(const TensorMap &map, uint32_t shared, bool toShared,
            BulkCopy &copy) const;
  void tileRow(const TensorMap &map, uint64_t row, bool inside, uint32_t shared,
               bool toShared, BulkCopy &copy) const;
  /// Issues `copy` to `dst` (a place in shared memory; ignored where it goes to
  /// global memory), once for each CTA of a multicast.
  void finish(BulkCopy copy, const Place &shared, uint32_t sharedBytes);
  void start(BulkCopy copy, const Place &shared, uint32_t sharedBytes);
};

} // namespace

/// What a reduction computes with.
static Type typeOf(const TensorMap &map) {
  static constexpr Type kTypes[] = {Type::U8,  Type::U16,  Type::U32, Type::S32,
                                    Type::U64, Type::S64,  Type::F16, Type::F32,
                                    Type::F64, Type::BF16, Type::F32, Type::F32,
                                    Type::F32};
  return kTypes[map.type];
}

TensorMap Issue::map(uint64_t where) const {
  Place place = at(Space::Generic, where, 128, 64, false);
  if (w.machine->options.checked)
    checkTensormapRead(w, op, lane, place, where);
  TensorMap result;
  copyBytes(*w.machine, reinterpret_cast<char *>(&result), place.bytes(),
            sizeof(result));
  if (result.magic != TensorMap::kMagic)
    misuse(where, "expects a tensor map that encodeTensorMap made");
  if (result.rank != info.rank)
    misuse(where, "expects a tensor map of rank " + std::to_string(info.rank) +
                      ", but got one of rank " + std::to_string(result.rank));
  // encodeTensorMap has seen to it, those who changed the map since have not.
  auto need = [&](const char *what, int dim, uint64_t value, uint64_t most) {
    if (value < 1 || value > most)
      misuse(where, std::string("expects a tensor map with ") + what +
                        " in dimension " + std::to_string(dim) + ", but got " +
                        std::to_string(value));
  };
  if (result.type >= std::size(TensorMap::kElementBytes) || result.swizzle > 3)
    misuse(where, "expects a tensor map of an element type from 0 to 12 and a "
                  "swizzle from 0 to 3");
  result.elementBytes = TensorMap::kElementBytes[result.type];
  for (int dim = 0; dim < result.rank; ++dim) {
    need("a size of at least 1", dim, result.dims[dim], ~uint64_t(0));
    need("a box from 1 to 256", dim, result.box[dim], 256);
    need("an element stride from 1 to 8", dim, result.elementStrides[dim], 8);
  }
  uint32_t inner = result.box[0] * result.elementBytes;
  if (inner % 16 || (result.swizzle && inner > 16u << result.swizzle))
    misuse(where, "expects an innermost box of a multiple of 16 bytes within "
                  "the swizzle, but got " +
                      std::to_string(inner) + " bytes");
  if (result.boxBytes() > kMostSharedBytes)
    misuse(where, "expects a box of at most " +
                      std::to_string(kMostSharedBytes) + " bytes, but got " +
                      std::to_string(result.boxBytes()));
  return result;
}

void Issue::linear() {
  uint32_t bytes = w.read32(op->c, lane);
  uint64_t to = address(op->a, 0), from = address(op->b, 1);
  if (bytes == 0 || bytes % 16 != 0)
    misuse(to, "expects a size that is a multiple of 16, but got " +
                   std::to_string(bytes));
  bool toGlobal = info.kind == BulkInfo::Kind::ToGlobal;
  Space dstSpace = toGlobal      ? Space::Global
                   : info.ownCta ? Space::Shared
                                 : Space::SharedCluster;
  Place dst = at(dstSpace, to, bytes, 16, true);
  bool fromGlobal = info.kind == BulkInfo::Kind::ToShared;
  Place src =
      at(fromGlobal ? Space::Global : Space::Shared, from, bytes, 16, false);
  BulkCopy copy;
  copy.from = fromGlobal ? nullptr : w.cta;
  copy.to = toGlobal ? nullptr : ownerOf(*w.cta, dst.allocation);
  copy.bytes = bytes;
  copy.segments.push_back(
      {fromGlobal ? from : src.offset, toGlobal ? to : dst.offset, bytes});
  finish(std::move(copy), toGlobal ? src : dst, bytes);
}

void Issue::tileRow(const TensorMap &map, uint64_t row, bool inside,
                    uint32_t shared, bool toShared, BulkCopy &copy) const {
  auto first = static_cast<int64_t>(static_cast<int32_t>(part(0)));
  auto size = static_cast<int64_t>(map.dims[0]);
  uint32_t rowBytes = map.box[0] * map.elementBytes;
  uint32_t step = map.swizzle ? 16 : rowBytes;
  if (inside && first >= 0 && first + map.box[0] <= size) {
    uint64_t global = row + static_cast<uint64_t>(first) * map.elementBytes;
    copy.segments.push_back({toShared ? global : shared,
                             toShared ? shared : global, rowBytes, false,
                             static_cast<uint8_t>(map.swizzle)});
    return;
  }
  for (uint32_t done = 0; done < rowBytes; done += step) {
    // Bytes of this piece that lie within the tensor.
    int64_t begin = first * map.elementBytes + done,
            end = size * map.elementBytes;
    int64_t low = std::clamp<int64_t>(-begin, 0, step),
            high = std::clamp<int64_t>(end - begin, 0, step);
    if (!inside || high < low)
      low = high = 0;
    uint32_t place = swizzled(map.swizzle, shared + done);
    if (toShared && high - low < step)
      copy.segments.push_back({0, place, step, true});
    if (low == high)
      continue;
    uint64_t global = row + static_cast<uint64_t>(begin + low);
    uint64_t local = place + static_cast<uint64_t>(low);
    auto bytes = static_cast<uint32_t>(high - low);
    copy.segments.push_back(
        {toShared ? global : local, toShared ? local : global, bytes});
  }
}

void Issue::rows(const TensorMap &map, uint32_t shared, bool toShared,
                 BulkCopy &copy) const {
  uint32_t index[5] = {};
  while (true) {
    uint64_t row = map.address;
    bool inside = true;
    for (int dim = 1; dim < map.rank; ++dim) {
      int64_t at = int64_t(static_cast<int32_t>(part(dim))) +
                   int64_t(index[dim]) * map.elementStrides[dim];
      inside &= at >= 0 && at < static_cast<int64_t>(map.dims[dim]);
      row += static_cast<uint64_t>(at) * map.strides[dim - 1];
    }
    tileRow(map, row, inside, shared, toShared, copy);
    shared += map.box[0] * map.elementBytes;
    int dim = 1;
    while (dim < map.rank && ++index[dim] == map.extent(dim))
      index[dim++] = 0;
    if (dim >= map.rank)
      return;
  }
}

void Issue::tensor() {
  bool toShared = info.kind == BulkInfo::Kind::ToShared;
  TensorMap tensorMap = map(address(toShared ? op->b : op->a, toShared));
  auto bytes = static_cast<uint32_t>(tensorMap.boxBytes());
  uint64_t where = address(toShared ? op->a : op->b, !toShared);
  Space space = toShared && !info.ownCta ? Space::SharedCluster : Space::Shared;
  Place shared = at(space, where, bytes, 128, toShared);
  BulkCopy copy;
  (toShared ? copy.to : copy.from) = ownerOf(*w.cta, shared.allocation);
  copy.bytes = bytes;
  copy.type = typeOf(tensorMap);
  copy.segments.reserve(bytes / 16);
  rows(tensorMap, static_cast<uint32_t>(shared.offset), toShared, copy);
  finish(std::move(copy), shared, bytes);
}

void Issue::finish(BulkCopy copy, const Place &shared, uint32_t sharedBytes) {
  copy.issuer = w.cta->number;
  copy.reduces = info.reduces;
  copy.reduction = info.reduction;
  if (!info.rank)
    copy.type = info.type;
  Cta *first = copy.to;
  if (first) {
    uint64_t barrier = address(op->d, 2);
    Place place = at(Space::SharedCluster, barrier, 8, 8, true);
    copy.mbarrier = static_cast<uint32_t>(place.offset);
    copy.told = ownerOf(*w.cta, place.allocation);
    bool inPair =
        info.pair && copy.told && copy.told->rank == (first->rank ^ 1);
    if (copy.told != first && !inPair)
      misuse(barrier,
             "expects the mbarrier in the CTA that is written to" +
                 std::string(info.pair ? " or the other of its pair" : ""));
  }
  if (!info.multicast) {
    start(std::move(copy), shared, sharedBytes);
    return;
  }
  const Cluster &cluster = *w.cta->cluster;
  uint32_t named = copy.told ? copy.told->rank : 0;
  uint32_t mask = part(info.parts.size() - 1) & 0xffff;
  if (first != w.cta || mask == 0 || mask >> cluster.members.size())
    misuse(0, "expects a multicast to CTAs of the cluster, at addresses of the "
              "CTA itself");
  for (size_t rank = 0; rank < cluster.members.size(); ++rank) {
    if (!(mask >> rank & 1))
      continue;
    Cta *member = cluster.members[rank];
    if (!member)
      misuse(0, "copies to CTA " + std::to_string(rank) +
                    " of the cluster, which has ended");
    copy.to = copy.told = member;
    // The even or the odd CTA of its pair, as the one that was named is.
    if (info.pair) {
      size_t told = (rank & ~size_t(1)) | (named & 1);
      if (told >= cluster.members.size())
        misuse(0, "tells CTA " + std::to_string(told) +
                      ", which the cluster of " +
                      std::to_string(cluster.members.size()) + " lacks");
      copy.told = cluster.members[told];
    }
    if (!copy.told)
      misuse(0, "tells a CTA of the cluster that has ended");
    start(copy, {member->shared.get(), shared.offset}, sharedBytes);
  }
}

void Issue::start(BulkCopy copy, const Place &shared, uint32_t sharedBytes) {
  Machine &machine = *w.machine;
  Cta &cta = *w.cta;
  copy.id = ++machine.bulkIds;
  copy.stamp = ++cta.bulkCount;
  copy.slot = bulkSlot(copy.stamp);
  if (copy.to) {
    if (!copy.told->mbarriers.count(copy.mbarrier))
      machine.stop(FindingKind::MbarrierMisuse, w, op, lane,
                   copy.told->shared->base + copy.mbarrier,
                   "uses an mbarrier that was not initialised");
  } else {
    BulkGroup &group = cta.copies[w.index][lane].openBulk;
    group.ids.push_back(copy.id);
    group.slots.emplace_back(copy.slot, copy.stamp);
  }
  // The global side row by row, the shared one as a whole where it is dense.
  bool checked = machine.options.checked;
  RaceDetector::Memo memo, sharedMemo;
  const Allocation *last = nullptr;
  for (size_t i = 0; i < copy.segments.size(); ++i) {
    const BulkSegment &segment = copy.segments[i];
    if (copy.from && copy.to)
      break;
    if (i + kAhead < copy.segments.size()) {
      // What 32 bytes have of cells lies in one line of the host's cache.
      const BulkSegment &soon = copy.segments[i + kAhead];
      for (uint32_t done = 0; done < soon.bytes; done += 32)
        prefetch(w, Space::Global, (copy.to ? soon.from : soon.to) + done);
    }
    if (segment.zero)
      continue;
    uint64_t global = copy.to ? segment.from : segment.to;
    Place place = at(Space::Global, global, segment.bytes, 1, !copy.to);
    if (!checked)
      continue;
    if (copy.to || copy.reduces)
      checkInitialised(w, op, lane, place, segment.bytes, global);
    if (place.allocation != last)
      memo = RaceDetector::Memo();
    last = place.allocation;
    checkBulkRace(w, op, lane, place, segment.bytes, !copy.to, copy, memo);
  }
  if (checked && copy.from) {
    // Only what lies within the tensor is read.
    uint32_t read = 0;
    for (const BulkSegment &segment : copy.segments)
      read += segment.bytes;
    bool dense = read == sharedBytes;
    auto checkRead = [&](uint64_t offset, uint32_t bytes) {
      Place place{copy.from->shared.get(), offset};
      checkInitialised(w, op, lane, place, bytes, offset);
      checkBulkRace(w, op, lane, place, bytes, false, copy, sharedMemo);
    };
    if (dense)
      checkRead(copy.to ? copy.segments[0].from : shared.offset, sharedBytes);
    else
      for (const BulkSegment &segment : copy.segments)
        forPieces(segment, segment.from,
                  [&](uint64_t offset, uint32_t, uint32_t bytes) {
                    checkRead(offset, bytes);
                  });
  }
  if (checked && copy.to) {
    if (copy.reduces)
      checkInitialised(w, op, lane, shared, sharedBytes, shared.offset);
    RaceDetector::Memo written;
    checkBulkRace(w, op, lane, shared, sharedBytes, true, copy, written);
  }
  machine.queueBulk(std::move(copy));
}

/// Whether two lanes copy the same box to the same place. CUTLASS's epilogue
/// has all lanes of a warp execute such a store: it counts once.
static bool isSameStore(const Warp &w, const Op *op, const BulkInfo &info,
                        int a, int b) {
  auto same = [&](uint32_t code, bool narrow) {
    return narrow ? w.read32(code, a) == w.read32(code, b)
                  : w.read64(code, a) == w.read64(code, b);
  };
  return info.rank && info.kind == BulkInfo::Kind::ToGlobal && !info.reduces &&
         same(op->a, info.narrow[0]) && same(op->b, info.narrow[1]) &&
         std::all_of(info.parts.begin(), info.parts.end(),
                     [&](const RegisterPart &part) {
                       return same(part.code, !part.wide);
                     });
}

const Op *moe::emu::runBulkCopy(Warp &w, const Op *op) {
  const auto &info = *static_cast<const BulkInfo *>(op->info);
  uint32_t lanes = w.lanes(op);
  int first = lanes ? __builtin_ctz(lanes) : 0;
  forLanes(lanes, [&](int lane) {
    if (lane != first && isSameStore(w, op, info, first, lane))
      return;
    Issue issue{w, op, info, lane};
    if (info.rank)
      issue.tensor();
    else
      issue.linear();
  });
  return --w.budget < 0 ? yieldAt(w, op + 1) : op + 1;
}

/// Sends `copy.data` to a place in the shared memory of a CTA, and tells an
/// mbarrier there.
static void send(Warp &w, const Op *op, int lane, BulkCopy copy,
                 const Place &place, const Place &told) {
  Machine &machine = *w.machine;
  Cta &cta = *w.cta;
  copy.bytes = static_cast<uint32_t>(copy.data.size());
  copy.id = ++machine.bulkIds;
  copy.issuer = cta.number;
  copy.stamp = ++cta.bulkCount;
  copy.slot = bulkSlot(copy.stamp);
  copy.to = copy.told = ownerOf(cta, place.allocation);
  copy.mbarrier = static_cast<uint32_t>(told.offset);
  uint64_t barrier = told.allocation->base + told.offset;
  if (told.allocation != place.allocation)
    machine.stop(FindingKind::AsyncMisuse, w, op, lane, barrier,
                 "expects the mbarrier in the CTA that is written to");
  if (!copy.told->mbarriers.count(copy.mbarrier))
    machine.stop(FindingKind::MbarrierMisuse, w, op, lane, barrier,
                 "uses an mbarrier that was not initialised");
  copy.segments.push_back({0, place.offset, copy.bytes});
  if (machine.options.checked) {
    if (copy.reduces)
      checkInitialised(w, op, lane, place, copy.bytes,
                       place.allocation->base + place.offset);
    RaceDetector::Memo memo;
    checkBulkRace(w, op, lane, place, copy.bytes, true, copy, memo);
  }
  machine.queueBulk(std::move(copy));
}

static uint64_t addressOf(const Warp &w, const StoreAsyncInfo &info,
                          uint32_t code, int index, int lane) {
  return (info.narrow[index] ? w.read32(code, lane) : w.read64(code, lane)) +
         static_cast<uint64_t>(info.offsets[index]);
}

/// A copy of registers to the shared memory of a CTA of the cluster.
const Op *moe::emu::runStoreAsync(Warp &w, const Op *op) {
  const auto &info = *static_cast<const StoreAsyncInfo *>(op->info);
  forLanes(w.lanes(op), [&](int lane) {
    uint32_t width = static_cast<uint32_t>(bitsOf(info.type)) / 8;
    auto bytes = static_cast<uint32_t>(info.parts.size()) * width;
    Place place =
              resolve(w, op, lane, Space::SharedCluster,
                      addressOf(w, info, op->a, 0, lane), bytes, bytes, true),
          told = resolve(w, op, lane, Space::SharedCluster,
                         addressOf(w, info, op->b, 1, lane), 8, 8, true);
    BulkCopy copy;
    copy.type = info.type;
    copy.reduces = info.reduces;
    copy.reduction = info.reduction;
    for (const RegisterPart &part : info.parts) {
      uint64_t value =
          part.wide ? w.read64(part.code, lane) : w.read32(part.code, lane);
      copy.data.insert(copy.data.end(), reinterpret_cast<char *>(&value),
                       reinterpret_cast<char *>(&value) + width);
    }
    send(w, op, lane, std::move(copy), place, told);
  });
  return --w.budget < 0 ? yieldAt(w, op + 1) : op + 1;
}

// ---- clusterlaunchcontrol ----

/// Takes a cluster of the launch that has not started; somebody else does its
/// work. Returns 1 and where its first CTA would be, or zeros.
static std::array<uint32_t, 4> cancelCluster(Launch &launch) {
  if (launch.nextCta == launch.config.grid.count())
    return {};
  uint64_t size = launch.cluster.count();
  uint32_t index = launch.order[launch.nextCta / size];
  const Dim3 &grid = launch.config.grid, &extent = launch.cluster;
  uint32_t columns = grid.x / extent.x, rows = grid.y / extent.y;
  launch.nextCta += size;
  launch.finished += size;
  launch.dependentsLaunched += size;
  return {1, index % columns * extent.x, index / columns % rows * extent.y,
          index / (columns * rows) * extent.z};
}

const Op *moe::emu::runTryCancel(Warp &w, const Op *op) {
  const auto &info = *static_cast<const StoreAsyncInfo *>(op->info);
  forLanes(w.lanes(op), [&](int lane) {
    Space space = Space::SharedCluster;
    Place place = resolve(w, op, lane, space,
                          addressOf(w, info, op->a, 0, lane), 16, 16, true),
          told = resolve(w, op, lane, space, addressOf(w, info, op->b, 1, lane),
                         8, 8, true);
    if (w.cta->cluster->refused)
      w.machine->stop(FindingKind::AsyncMisuse, w, op, lane, place.offset,
                      "asks for a cluster after a response that none is left");
    std::array<uint32_t, 4> response = [&w] {
      auto lock = w.machine->lockQueues();
      return cancelCluster(*w.cta->launch);
    }();
    const char *bytes = reinterpret_cast<const char *>(response.data());
    for (Cta *member : w.cta->cluster->members) {
      if (!info.multicast &&
          (!member || place.allocation != member->shared.get()))
        continue;
      if (!member)
        w.machine->stop(FindingKind::UseAfterFree, w, op, lane, 0,
                        "responds to a CTA of the cluster that has ended");
      BulkCopy copy;
      copy.data.assign(bytes, bytes + sizeof(response));
      send(w, op, lane, std::move(copy), {member->shared.get(), place.offset},
           info.multicast ? Place{member->shared.get(), told.offset} : told);
    }
  });
  return --w.budget < 0 ? yieldAt(w, op + 1) : op + 1;
}

/// `op.flags` 0: whether a response says that a cluster was cancelled, else a
/// coordinate of its first CTA.
const Op *moe::emu::runCancelQuery(Warp &w, const Op *op) {
  uint32_t lanes = w.lanes(op), cancelled = 0;
  forLanes(lanes, [&](int lane) {
    uint64_t halves[] = {w.read64(op->a, lane), w.read64(op->b, lane)};
    std::array<uint32_t, 4> response;
    std::memcpy(response.data(), halves, sizeof(response));
    if (response[0])
      cancelled |= 1u << lane;
    else
      w.cta->cluster->refused = true;
    if (op->flags && !response[0])
      w.machine->stop(FindingKind::AsyncMisuse, w, op, lane, 0,
                      "asks a response for a CTA that says that none was "
                      "cancelled");
    if (op->flags)
      w.write32(op->dst, lane, response[op->flags]);
  });
  if (!op->flags) {
    uint32_t &to = w.predicate(op->dst);
    to = (to & ~lanes) | cancelled;
  }
  return op + 1;
}

// ---- completion ----

static void reduceBytes(const Machine &machine, const BulkCopy &copy, char *to,
                        const char *from, uint32_t bytes) {
  auto width = static_cast<uint32_t>(bitsOf(copy.type)) / 8;
  for (uint32_t i = 0; i < bytes; i += width) {
    uint64_t value = 0;
    std::memcpy(&value, from + i, width);
    changeBytes(machine, to + i, width, [&](uint64_t old) {
      return atomicResult(copy.reduction, copy.type, false, old, value, 0);
    });
  }
}

/// The pieces of a segment that is swizzled in the shared memory of `to`. Most
/// tiles come this way.
static void copyPieces(const Machine &machine, const Place &to,
                       const char *from, const BulkSegment &segment) {
  constexpr uint32_t kPiece = 16;
  Allocation &shared = *to.allocation;
  bool checked = machine.options.checked;
  if (checked && !shared.shadow.histories.empty())
    forPieces(segment, segment.to, [&](uint64_t at, uint32_t, uint32_t bytes) {
      forgetHistory({&shared, at}, bytes);
    });
  for (uint32_t done = 0; done < segment.bytes; done += kPiece) {
    uint32_t at =
        swizzled(segment.swizzle, static_cast<uint32_t>(segment.to) + done);
    std::memcpy(shared.bytes.get() + at, from + done, kPiece);
    if (checked)
      setAll(shared.states.get() + at, kPiece, Allocation::kInitialised);
  }
}

void Machine::queueBulk(BulkCopy copy) {
  bulk.push_back(std::move(copy));
  if (options.schedule == Schedule::Starve)
    completeBulk(bulk.size() - 1);
}

void Machine::completeBulk(size_t index) {
  BulkCopy copy = std::move(bulk[index]);
  bulk.erase(bulk.begin() + static_cast<ptrdiff_t>(index));
  auto placeOf = [&](Cta *cta, uint64_t where) {
    if (cta)
      return Place{cta->shared.get(), where};
    Allocation *allocation = memory.find(where);
    return Place{allocation, where - allocation->base};
  };
  auto move = [&](const Place &to, const char *from, uint32_t bytes) {
    markWritten(*this, to, bytes);
    if (copy.reduces)
      reduceBytes(*this, copy, to.bytes(), from, bytes);
    else
      copyBytes(*this, to.bytes(), from, bytes);
  };
  noteProgress();
  for (const BulkSegment &segment : copy.segments) {
    if (!segment.zero && copy.data.empty())
      countTraffic(*this, copy.from ? "shared" : "global", segment.bytes,
                   false);
    countTraffic(*this, copy.to ? "shared" : "global", segment.bytes, true);
    Place to = placeOf(copy.to, segment.to);
    if (segment.zero) {
      markWritten(*this, to, segment.bytes);
      std::memset(to.bytes(), 0, segment.bytes);
      continue;
    }
    const char *from = copy.data.empty()
                           ? placeOf(copy.from, segment.from).bytes()
                           : copy.data.data() + segment.from;
    if (copy.to && segment.swizzle && !copy.reduces && !isShared()) {
      copyPieces(*this, to, from, segment);
      continue;
    }
    forPieces(segment, copy.to ? segment.to : segment.from,
              [&](uint64_t shared, uint32_t done, uint32_t bytes) {
                Place piece{to.allocation, copy.to ? shared : to.offset + done};
                move(piece,
                     copy.to ? from + done
                             : copy.from->shared->bytes.get() + shared,
                     bytes);
              });
  }
  if (!copy.to)
    return;
  auto found = copy.told->mbarriers.find(copy.mbarrier);
  if (found == copy.told->mbarriers.end())
    return; // invalidated meanwhile: nobody can wait for it
  MbarrierState &state = found->second;
  state.tx -= copy.bytes;
  if (options.checked) {
    // Both the copy's own write and what it read are done, for either proxy.
    Knowledge done;
    done.proxied = done.plain =
        Clock::withAgents(nullptr,
                          {bulkAgent(copy.issuer, copy.slot),
                           bulkAgent(copy.issuer, copy.slot + 1)},
                          copy.stamp);
    state.arrived.join(done);
  }
  completePhase(*this, state);
}

bool Machine::advanceBulk(bool force) {
  if (bulk.empty())
    return false;
  if (force || isTimeForOthers())
    completeBulk(options.schedule == Schedule::Latest
                     ? bulk.size() - 1
                     : pick(static_cast<uint32_t>(bulk.size())));
  return true;
}

void Machine::checkBulkDone(Cta &cta, const Warp &warp) {
  for (size_t i = bulk.size(); i-- > 0;) {
    if (bulk[i].from != &cta && bulk[i].to != &cta && bulk[i].told != &cta)
      continue;
    const Program &program = *cta.launch->program;
    report(FindingKind::AsyncMisuse, warp, &program.ops.back(), 0, 0,
           "the CTA ends before a bulk copy of " +
               std::to_string(bulk[i].bytes) + " bytes " +
               (bulk[i].from == &cta ? "out of its"
                : bulk[i].to == &cta ? "into its"
                                     : "that tells it into other") +
               " shared memory is done");
    completeBulk(i);
  }
}

const Op *moe::emu::runBulkCommit(Warp &w, const Op *op) {
  forLanes(w.lanes(op), [&](int lane) {
    AsyncQueue &queue = w.cta->copies[w.index][lane];
    queue.bulkGroups.push_back(std::move(queue.openBulk));
    queue.openBulk = BulkGroup();
  });
  return op + 1;
}

const Op *moe::emu::runBulkWait(Warp &w, const Op *op) {
  Machine &machine = *w.machine;
  bool readsOnly = op->flags != 0;
  uint32_t cta = w.cta->number;
  forLanes(w.lanes(op), [&](int lane) {
    AsyncQueue &queue = w.cta->copies[w.index][lane];
    Knowledge &knowledge = w.cta->sync[w.index].lanes[lane].knowledge;
    size_t done = queue.bulkGroups.size() > op->imm
                      ? queue.bulkGroups.size() - op->imm
                      : 0;
    for (size_t g = 0; g < done; ++g) {
      const BulkGroup &group = queue.bulkGroups[g];
      for (uint64_t id : group.ids)
        for (size_t i = machine.bulk.size(); i-- > 0;)
          if (machine.bulk[i].id == id)
            machine.completeBulk(i);
      if (!machine.options.checked)
        continue;
      for (const auto &[slot, stamp] : group.slots) {
        knowledge.plain =
            Clock::withAgent(knowledge.plain, bulkAgent(cta, slot), stamp);
        if (!readsOnly)
          knowledge.plain = Clock::withAgent(knowledge.plain,
                                             bulkAgent(cta, slot + 1), stamp);
      }
    }
    // After a wait for reads the groups may be waited for once more.
    if (!readsOnly)
      queue.bulkGroups.erase(queue.bulkGroups.begin(),
                             queue.bulkGroups.begin() +
                                 static_cast<ptrdiff_t>(done));
  });
  return op + 1;
}
