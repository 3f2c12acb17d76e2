// Loads, stores, atomics, fences.
#include "Decoder.h"

using namespace moe::emu;
using ast::Operand;

Space Decoder::takeSpace(Modifiers &m) {
  static constexpr Space kSpaces[] = {
      Space::Global,        Space::Shared, Space::Shared,
      Space::SharedCluster, Space::Local,  Space::Const,
      Space::Param,         Space::Param,  Space::Param};
  int index =
      m.takeOneOf({"global", "shared", "shared::cta", "shared::cluster",
                   "local", "const", "param", "param::entry", "param::func"});
  return index < 0 ? Space::Generic : kSpaces[index];
}

/// Hints that change no result.
void Decoder::takeCacheModifiers(Modifiers &m) {
  while (m.takeOneOf({"ca", "cg", "cs", "lu", "cv", "wb", "wt",
                      "L1::evict_normal", "L1::evict_unchanged",
                      "L1::evict_first", "L1::evict_last", "L1::no_allocate",
                      "L2::evict_normal", "L2::evict_first", "L2::evict_last",
                      "L2::cache_hint", "L2::64B", "L2::128B", "L2::256B"}) >=
         0)
    continue;
}

static std::optional<Order> takeOrder(Modifiers &m) {
  static constexpr Order kOrders[] = {Order::Weak,    Order::Relaxed,
                                      Order::Acquire, Order::Release,
                                      Order::AcqRel,  Order::SeqCst};
  int index =
      m.takeOneOf({"weak", "relaxed", "acquire", "release", "acq_rel", "sc"});
  return index < 0 ? std::nullopt : std::optional(kOrders[index]);
}

std::optional<Scope> moe::emu::takeScope(Modifiers &m) {
  static constexpr Scope kScopes[] = {Scope::Cta, Scope::Cluster, Scope::Gpu,
                                      Scope::Sys};
  int index = m.takeOneOf({"cta", "cluster", "gpu", "sys"});
  return index < 0 ? std::nullopt : std::optional(kScopes[index]);
}

/// Fills in the address; the caller adds the registers and emits.
MemoryInfo *Decoder::memoryInfo(const Operand &operand, Space space, Op &op) {
  auto *info = newInfo<MemoryInfo>();
  Address where = address(operand);
  info->space = space;
  info->address32 = where.is32;
  op.a = where.code;
  op.imm = static_cast<uint64_t>(where.offset);
  op.info = info;
  if (where.symbol && space == Space::Param)
    info->space =
        where.symbol->kind == Symbol::Kind::Local ? Space::Local : Space::Param;
  if (where.symbol && space == Space::Generic)
    need(
        where.symbol->kind == Symbol::Kind::Global ||
            where.symbol->kind == Symbol::Kind::KernelParam,
        "expects a generic address, but got a variable of another state space");
  return info;
}

/// ld.param at a known place of the kernel's parameters.
bool Decoder::foldParamLoad(const ast::Instruction &i, Type type,
                            unsigned count) {
  const Operand &where = i.operands[1];
  if (where.kind != Operand::Kind::Address ||
      where.elements[0].kind != Operand::Kind::Name)
    return false;
  const Symbol *symbol = find(where.elements[0].name);
  if (!symbol || symbol->kind != Symbol::Kind::KernelParam)
    return false;
  uint64_t offset = symbol->address + static_cast<uint64_t>(where.offset);
  uint64_t bytes = static_cast<uint32_t>(bitsOf(type)) / 8;
  need(offset + bytes * count <= program.paramBytes,
       "reads behind the end of the parameters");
  need(offset % (bytes * count) == 0,
       "reads parameters at an offset that is not aligned");
  auto *info = newInfo<MemoryInfo>();
  info->bytes = static_cast<uint8_t>(bytes);
  info->count = static_cast<uint8_t>(count);
  info->isSigned = isSigned(type);
  info->space = Space::Param;
  const auto &to = i.operands[0];
  for (unsigned k = 0; k < count; ++k) {
    const Operand &part = count > 1 ? to.elements[k] : to;
    if (part.kind == Operand::Kind::Sink) {
      info->parts.push_back({kTrash, true});
      continue;
    }
    Value value = registerOf(part);
    info->parts.push_back({def(value.code), value.bits == 64});
  }
  Op op;
  op.run = runLoadParam;
  op.info = info;
  op.imm = offset;
  emit(op);
  return true;
}

void Decoder::decodeLoadStore(const ast::Instruction &i, Modifiers &m) {
  bool isLoad = i.opcode != "st";
  if (!isLoad && m.take("async")) {
    decodeStoreAsync(i, m, false);
    return;
  }
  bool isVolatile = m.take("volatile"), mmio = m.take("mmio"),
       nonCoherent = m.take("nc") || i.opcode == "ldu";
  std::optional<Order> order = takeOrder(m);
  std::optional<Scope> scope = takeScope(m);
  Space space = takeSpace(m);
  takeCacheModifiers(m);
  m.take("unified");
  int vector = m.takeOneOf({"v2", "v4", "v8"});
  unsigned count = vector < 0 ? 1 : 2u << vector;
  Type type = m.needType();
  need(type != Type::Pred &&
           !(type >= Type::F16x2 && type != Type::F32 && type != Type::F64),
       "expects a fundamental type");
  need(i.operands.size() == 2 || i.operands.size() == 3,
       "expects two operands");
  need(!order || *order == Order::Weak || isVolatile || scope || mmio,
       "expects a scope");
  if (order)
    need(isLoad ? *order != Order::Release : *order != Order::Acquire,
         "expects another memory order");
  need(!mmio || scope == Scope::Sys, "expects '.relaxed.sys' with '.mmio'");
  unsigned bits = static_cast<unsigned>(bitsOf(type)) * count;
  need(bits <= 256, "expects at most 256 bits");
  if (isLoad && space == Space::Param && foldParamLoad(i, type, count))
    return;

  Op op;
  const Operand &where = i.operands[isLoad ? 1 : 0],
                &what = i.operands[isLoad ? 0 : 1];
  MemoryInfo *info = memoryInfo(where, space, op);
  need(!isLoad || info->space != Space::Const || true, "");
  need(isLoad || (info->space != Space::Const && info->space != Space::Param),
       "expects a state space that can be written");
  info->bytes = static_cast<uint8_t>(std::min(bitsOf(type), 64) / 8);
  info->isSigned = isSigned(type);
  info->order = order.value_or(isVolatile ? Order::Relaxed : Order::Weak);
  info->scope = scope.value_or(Scope::Sys);
  info->isVolatile = isVolatile;
  info->nonCoherent = nonCoherent;
  need((what.kind == Operand::Kind::Vector) == (count > 1),
       "expects as many registers in braces as the vector has elements");
  need(count == 1 || what.elements.size() == count,
       "expects " + std::to_string(count) + " registers in braces");
  for (unsigned k = 0; k < count; ++k) {
    const Operand &part = count > 1 ? what.elements[k] : what;
    if (isLoad && part.kind == Operand::Kind::Sink) {
      info->parts.push_back({kTrash, true});
      if (bitsOf(type) == 128)
        info->parts.push_back({kTrash, true});
      continue;
    }
    bool isRegister = part.kind == Operand::Kind::Name && find(part.name) &&
                      find(part.name)->kind == Symbol::Kind::Register;
    Value value = isLoad || isRegister ? registerOf(part) : read(part, type);
    need(value.bits >= std::min(bitsOf(type), 64) && value.bits != 1,
         "expects a register of at least " + std::to_string(bitsOf(type)) +
             " bits");
    auto add = [&](uint32_t code, bool wide) {
      if (isLoad)
        def(code);
      else if (isRegister)
        use(code);
      info->parts.push_back({code, wide});
    };
    add(value.code, value.bits >= 64);
    if (bitsOf(type) == 128) {
      need(value.bits == 128, "expects a register of 128 bits");
      add(value.high, true);
    }
  }
  info->count = static_cast<uint8_t>(info->parts.size());
  // A 128-bit access is one of two parts with the alignment of the whole.
  bool strong = info->order != Order::Weak;
  need(!strong || info->space != Space::Local,
       "expects shared or global memory");
  op.run = isLoad ? loadHandler(info->space, options.checked)
                  : storeHandler(info->space, options.checked);
  emit(op);
}

void Decoder::decodeAtomic(const ast::Instruction &i, Modifiers &m) {
  bool returns = i.opcode == "atom";
  if (!returns && m.take("async")) {
    decodeStoreAsync(i, m, true);
    return;
  }
  std::optional<Order> order = takeOrder(m);
  std::optional<Scope> scope = takeScope(m);
  Space space = takeSpace(m);
  takeCacheModifiers(m);
  int which = m.takeOneOf(
      {"exch", "cas", "add", "inc", "dec", "min", "max", "and", "or", "xor"});
  need(which >= 0, "expects an operation");
  bool ftz = !m.take("noftz") && false;
  int vector = m.takeOneOf({"v2", "v4", "v8"});
  unsigned count = vector < 0 ? 1 : 2u << vector;
  Type type = m.needType();
  auto atomic = static_cast<AtomicOp>(which);
  need(bitsOf(type) >= 16 && bitsOf(type) <= 64,
       "expects a type of 16, 32 or 64 bits");
  need(!isFloat(type) || atomic == AtomicOp::Add || atomic == AtomicOp::Min ||
           atomic == AtomicOp::Max,
       "expects an integer type");
  bool cas = atomic == AtomicOp::Cas;
  need(!cas || (returns && count == 1), "expects 'atom' without a vector");
  size_t sources = cas ? 2 : 1, first = returns ? 1 : 0;
  needOperands(i, first + 1 + sources, first + 2 + sources);
  Op op;
  MemoryInfo *info = memoryInfo(i.operands[first], space, op);
  info->atomic = atomic;
  info->type = type;
  info->ftz = ftz;
  info->returns = returns && i.operands[0].kind != Operand::Kind::Sink;
  info->bytes = static_cast<uint8_t>(bitsOf(type) / 8);
  info->count = static_cast<uint8_t>(count);
  info->order = order.value_or(Order::Relaxed);
  info->scope = scope.value_or(Scope::Gpu);
  bool wide = bitsOf(type) == 64;
  // parts: `count` destinations (where there are any), then the sources.
  auto elements = [&](const Operand &operand) {
    need((operand.kind == Operand::Kind::Vector) == (count > 1),
         "expects as many registers in braces as the vector has elements");
    return count > 1 ? operand.elements : std::vector<Operand>{operand};
  };
  if (info->returns)
    for (const Operand &part : elements(i.operands[0]))
      info->parts.push_back({write(part, type).code, wide});
  for (size_t s = 0; s < sources; ++s)
    for (const Operand &part : elements(i.operands[first + 1 + s]))
      info->parts.push_back({readCode(part, type), wide});
  op.run = runAtomic;
  emit(op);
}

/// '.release.sync_restrict::shared::cta.cluster' and
/// '.acquire.sync_restrict::shared::cluster.cluster'.
void Decoder::takeRestriction(Modifiers &m, FenceInfo &info) {
  int order = m.takeOneOf({"release", "acquire"});
  need(order >= 0, "expects '.release' or '.acquire'");
  need(m.take(order == 0 ? "sync_restrict::shared::cta"
                         : "sync_restrict::shared::cluster"),
       order == 0 ? "expects '.sync_restrict::shared::cta'"
                  : "expects '.sync_restrict::shared::cluster'");
  need(m.take("cluster"), "expects '.cluster'");
  info.order = order == 0 ? Order::Release : Order::Acquire;
  info.scope = Scope::Cluster;
  info.sharedOnly = true;
}

void Decoder::decodeFence(const ast::Instruction &i, Modifiers &m) {
  needOperands(i, 0, 2);
  auto *info = newInfo<FenceInfo>();
  Op op;
  op.run = runFence;
  op.info = info;
  if (i.opcode == "membar") {
    if (m.take("proxy")) {
      need(m.take("alias"), "expects '.alias'");
      info->kind = FenceInfo::Kind::ProxyAlias;
    } else {
      int level = m.takeOneOf({"cta", "gl", "sys"});
      need(level >= 0, "expects '.cta', '.gl' or '.sys'");
      info->order = Order::SeqCst;
      info->scope = level == 0   ? Scope::Cta
                    : level == 1 ? Scope::Gpu
                                 : Scope::Sys;
    }
  } else if (m.take("proxy")) {
    if (m.take("tensormap::generic")) {
      decodeTensormapFence(i, m);
      return;
    }
    if (m.take("async::generic")) {
      info->kind = FenceInfo::Kind::ProxyAsync;
      takeRestriction(m, *info);
      emit(op);
      return;
    }
    int kind = m.takeOneOf({"async", "alias"});
    need(kind >= 0, "this proxy fence is not supported");
    m.takeOneOf({"global", "shared::cta", "shared::cluster"});
    info->kind =
        kind == 0 ? FenceInfo::Kind::ProxyAsync : FenceInfo::Kind::ProxyAlias;
  } else if (m.take("mbarrier_init")) {
    need(m.take("release") && m.take("cluster"), "expects '.release.cluster'");
    info->kind = FenceInfo::Kind::MbarrierInit;
    info->order = Order::Release;
    info->scope = Scope::Cluster;
  } else if (m.has("sync_restrict::shared::cta") ||
             m.has("sync_restrict::shared::cluster")) {
    takeRestriction(m, *info);
  } else {
    info->order = takeOrder(m).value_or(Order::AcqRel);
    need(info->order != Order::Weak && info->order != Order::Relaxed,
         "expects '.sc', '.acq_rel', '.acquire' or '.release'");
    std::optional<Scope> scope = takeScope(m);
    need(scope.has_value(), "expects a scope");
    info->scope = *scope;
  }
  emit(op);
}

/// Hints: nothing to do.
void Decoder::decodePrefetch(const ast::Instruction &i, Modifiers &m) {
  need(i.opcode != "discard", "discard is not supported");
  m.take("tensormap");
  takeSpace(m);
  m.takeOneOf({"L1", "L2", "L2::evict_last", "L2::evict_normal", "uniform"});
  m.takeOneOf({"L1", "L2", "L2::evict_last", "L2::evict_normal"});
  needOperands(i, 1, 2);
  address(i.operands[0]);
  Op op;
  op.run = runNothing;
  emit(op);
}

/// A cache policy says nothing about results: its register is zero.
void Decoder::decodeCreatePolicy(const ast::Instruction &i, Modifiers &m) {
  int which = m.takeOneOf({"fractional", "range", "cvt"});
  need(which >= 0, "expects '.fractional', '.range' or '.cvt'");
  if (which == 2)
    need(m.take("L2"), "expects '.L2'");
  if (which == 1)
    m.take("global"); // the only space, named or not
  while (m.takeOneOf({"L2::evict_first", "L2::evict_last", "L2::evict_normal",
                      "L2::evict_unchanged"}) >= 0)
    continue;
  need(m.takeType() == Type::B64, "expects '.b64'");
  size_t most = which == 1 ? 4 : 2;
  needOperands(i, which == 0 ? 1 : most, most);
  if (which == 1) {
    address(i.operands[1]);
    for (size_t size : {2, 3})
      readCode(i.operands[size], Type::U32);
  } else if (which == 2) {
    readCode(i.operands[1], Type::B64);
  } else if (i.operands.size() == 2) {
    readCode(i.operands[1], Type::F32);
  }
  emitMove(write(i.operands[0], Type::B64).code, 64, constant(0, Width::W64),
           64);
}
