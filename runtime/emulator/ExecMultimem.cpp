// multimem: loads, stores and reductions of the same place on several devices.
#include "Machine.h"

using namespace moe::emu;

/// The element `i` of a lane's access to one device's copy.
static void accessElement(Warp &w, const MultimemInfo &info, int lane,
                          unsigned i, char *at, bool first) {
  const RegisterPart &part = info.parts[i];
  auto get = [&] {
    return part.wide ? w.read64(part.code, lane)
                     : uint64_t(w.read32(part.code, lane));
  };
  auto set = [&](uint64_t value) {
    if (part.wide)
      w.write64(part.code, lane, value);
    else
      w.write32(part.code, lane, static_cast<uint32_t>(value));
  };
  if (info.kind == MultimemInfo::Kind::LoadReduce) {
    uint64_t value = loadWord<std::memory_order_acquire>(at, info.bytes);
    set(first ? value
              : atomicResult(info.atomic, info.type, false, get(), value, 0));
    return;
  }
  if (info.kind == MultimemInfo::Kind::Store) {
    uint64_t old = loadWord(at, info.bytes);
    storeWord<std::memory_order_release>(at, get(), info.bytes);
    if (loadWord(at, info.bytes) != old)
      w.machine->noteProgress();
    return;
  }
  auto change = [&](uint64_t old) {
    return atomicResult(info.atomic, info.type, false, old, get(), 0);
  };
  uint64_t old = changeBytes(*w.machine, at, info.bytes, change);
  if (change(old) != old)
    w.machine->noteProgress();
}

const Op *moe::emu::runMultimem(Warp &w, const Op *op) {
  const auto &info = *static_cast<const MultimemInfo *>(op->info);
  using Kind = MultimemInfo::Kind;
  Machine &machine = *w.machine;
  ++machine.polls;
  bool isWrite = info.kind != Kind::LoadReduce,
       isRmw = info.kind == Kind::Reduce, strong = info.order != Order::Weak;
  uint32_t size = info.bytes * info.count;
  forLanes(w.lanes(op), [&](int lane) {
    uint64_t address = w.read64(op->a, lane) + op->imm;
    const Multicast *window = machine.multicastAt(address);
    if (!window)
      machine.stop(FindingKind::OutOfBounds, w, op, lane, address,
                   "expects an address of a multicast window");
    bool first = true;
    for (uint64_t base : window->copies) {
      uint64_t own = base + (address - window->base);
      Place place =
          resolve(w, op, lane, Space::Global, own, size, size, isWrite);
      if (machine.options.checked) {
        if (info.kind != Kind::Store)
          checkInitialised(w, op, lane, place, size, own);
        checkRace(w, op, lane, place, size, isWrite, {strong, info.scope}, own);
        if (strong && info.kind == Kind::LoadReduce)
          strongRead(w, lane, place, info.order, info.scope);
        if (strong && isWrite)
          strongWrite(w, lane, place, info.order, info.scope, isRmw);
      }
      for (unsigned i = 0; i < info.count; ++i)
        accessElement(w, info, lane, i, place.bytes() + size_t(i) * info.bytes,
                      first);
      if (isWrite)
        markWritten(machine, place, size);
      first = false;
    }
  });
  return --w.budget < 0 ? yieldAt(w, op + 1) : op + 1;
}
