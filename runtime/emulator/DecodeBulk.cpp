// Bulk copies and bulk reductions, plain and of tensors.
#include "Decoder.h"

using namespace moe::emu;
using ast::Operand;

/// '.1d' to '.5d' behind '.tensor'; 0 where there is no '.tensor'.
static uint8_t takeRank(Modifiers &m) {
  if (!m.take("tensor"))
    return 0;
  int rank = m.takeOneOf({"1d", "2d", "3d", "4d", "5d"});
  if (rank < 0)
    throw StatementError("expects '.1d' to '.5d'");
  return static_cast<uint8_t>(rank + 1);
}

/// The address operand `index` of BulkInfo, and the coordinates behind it.
void Decoder::readTensorPlace(const Operand &operand, BulkInfo &info, Op &op,
                              uint32_t Op::*code, size_t index) {
  Address where = address(operand);
  op.*code = where.code;
  info.offsets[index] = where.offset;
  info.narrow[index] = where.is32;
  if (operand.elements.size() == 1)
    return;
  need(operand.elements.size() == 2 && info.rank,
       "expects an address without coordinates");
  const Operand &coordinates = operand.elements[1];
  std::vector<Operand> elements = coordinates.kind == Operand::Kind::Vector
                                      ? coordinates.elements
                                      : std::vector<Operand>{coordinates};
  need(elements.size() == info.rank, "expects " + std::to_string(info.rank) +
                                         " coordinates, but got " +
                                         std::to_string(elements.size()));
  for (const Operand &element : elements)
    info.parts.push_back({readCode(element, Type::S32), false});
}

/// Nothing changes but time; addresses are not checked.
void Decoder::decodeBulkPrefetch(const ast::Instruction &i, Modifiers &m) {
  BulkInfo ignored;
  Op op;
  ignored.rank = takeRank(m);
  need(m.take("L2") && m.take("global"), "expects '.L2.global'");
  if (ignored.rank)
    m.take("tile");
  bool hint = m.take("L2::cache_hint");
  size_t count = (ignored.rank ? 1 : 2) + hint;
  needOperands(i, count, count);
  readTensorPlace(i.operands[0], ignored, op, &Op::a, 0);
  op.run = runNothing;
  emit(op);
}

void Decoder::decodeBulk(const ast::Instruction &i, Modifiers &m) {
  int group = m.takeOneOf({"commit_group", "wait_group"});
  if (group >= 0) {
    Op op;
    op.run = group == 0 ? runBulkCommit : runBulkWait;
    op.flags = m.take("read");
    needOperands(i, group, group);
    need(group == 1 || !op.flags, "unknown modifier '.read'");
    op.imm = group ? immediate(i.operands[0], "the number of groups") : 0;
    emit(op);
    return;
  }
  if (m.take("prefetch")) {
    decodeBulkPrefetch(i, m);
    return;
  }
  auto *info = newInfo<BulkInfo>();
  info->rank = takeRank(m);
  if (info->rank && !m.take("cta_group::1"))
    info->pair = m.take("cta_group::2");
  for (const char *mode : {"im2col", "im2col::w", "im2col::w::128",
                           "im2col_no_offs", "tile::gather4", "tile::scatter4"})
    need(!m.take(mode), "'." + std::string(mode) + "' is not supported");
  std::string to = m.takeFront(), from = m.takeFront();
  bool toShared = to == "shared::cluster" || to == "shared::cta";
  need(toShared || !info->pair, "unknown modifier '.cta_group::2'");
  info->ownCta = to == "shared::cta";
  need(toShared ? from == "global" ||
                      (from == "shared::cta" && !info->rank && !info->ownCta)
                : to == "global" && from == "shared::cta",
       "expects a copy between '.global' and shared memory, or from "
       "'.shared::cta' to '.shared::cluster'");
  info->kind = !toShared          ? BulkInfo::Kind::ToGlobal
               : from == "global" ? BulkInfo::Kind::ToShared
                                  : BulkInfo::Kind::BetweenCtas;
  if (info->rank)
    m.take("tile"); // the default
  need(m.take(toShared ? "mbarrier::complete_tx::bytes" : "bulk_group"),
       "expects '.mbarrier::complete_tx::bytes' into shared memory and "
       "'.bulk_group' out of it");
  info->multicast = toShared && m.take("multicast::cluster");
  need(!info->multicast || info->kind == BulkInfo::Kind::ToShared,
       "expects a multicast from '.global'");
  bool hint = m.take("L2::cache_hint");
  emitBulk(i, info, toShared, hint);
}

/// Operands: target, source, the bytes where no tensor map says them, the
/// mbarrier where the target is shared memory, the CTAs of a multicast, a hint.
void Decoder::emitBulk(const ast::Instruction &i, BulkInfo *info, bool toShared,
                       bool hint) {
  size_t next = info->rank ? 2 : 3;
  size_t count = next + toShared + info->multicast + hint;
  needOperands(i, count, count);
  Op op;
  op.run = runBulkCopy;
  op.info = info;
  readTensorPlace(i.operands[0], *info, op, &Op::a, 0);
  readTensorPlace(i.operands[1], *info, op, &Op::b, 1);
  need(info->parts.size() == info->rank, "expects coordinates");
  if (!info->rank)
    op.c = readCode(i.operands[2], Type::U32);
  if (toShared)
    readTensorPlace(i.operands[next++], *info, op, &Op::d, 2);
  if (info->multicast)
    info->parts.push_back({readCode(i.operands[next], Type::U16), false});
  emit(op);
}

/// Of "add", "inc", "dec", "min", "max", "and", "or", "xor".
static AtomicOp reductionOf(int which) {
  static constexpr AtomicOp kOps[] = {
      AtomicOp::Add, AtomicOp::Inc, AtomicOp::Dec, AtomicOp::Min,
      AtomicOp::Max, AtomicOp::And, AtomicOp::Or,  AtomicOp::Xor};
  return kOps[which];
}

void Decoder::decodeReduceBulk(const ast::Instruction &i, Modifiers &m) {
  auto *info = newInfo<BulkInfo>();
  info->rank = takeRank(m);
  std::string to = m.takeFront(), from = m.takeFront();
  bool toShared = to == "shared::cluster";
  need(from == "shared::cta" && (to == "global" || (toShared && !info->rank)),
       "expects '.global.shared::cta', or '.shared::cluster.shared::cta'");
  info->kind =
      toShared ? BulkInfo::Kind::BetweenCtas : BulkInfo::Kind::ToGlobal;
  need(m.take(toShared ? "mbarrier::complete_tx::bytes" : "bulk_group"),
       "expects '.mbarrier::complete_tx::bytes' into shared memory and "
       "'.bulk_group' out of it");
  if (info->rank)
    m.take("tile");
  bool hint = m.take("L2::cache_hint");
  int which =
      m.takeOneOf({"add", "inc", "dec", "min", "max", "and", "or", "xor"});
  need(which >= 0, "expects an operation");
  info->reduces = true;
  info->reduction = reductionOf(which);
  m.take("noftz"); // results are not flushed
  if (info->rank) {
    // The type is that of the tensor map; known when the copy is issued.
    info->type = Type::None;
  } else {
    info->type = m.needType();
    need(bitsOf(info->type) >= 16 && bitsOf(info->type) <= 64,
         "expects a type of 16, 32 or 64 bits");
  }
  emitBulk(i, info, toShared, hint);
}

/// Operands: where it goes, what, and the mbarrier that is told.
void Decoder::decodeStoreAsync(const ast::Instruction &i, Modifiers &m,
                               bool reduces) {
  auto *info = newInfo<StoreAsyncInfo>();
  info->reduces = reduces;
  if (reduces)
    need(m.take("relaxed") && m.take("cluster"), "expects '.relaxed.cluster'");
  else
    m.take("weak");
  m.take("shared::cluster");
  need(m.take("mbarrier::complete_tx::bytes"),
       "expects '.mbarrier::complete_tx::bytes'");
  if (reduces) {
    int which =
        m.takeOneOf({"add", "inc", "dec", "min", "max", "and", "or", "xor"});
    need(which >= 0, "expects an operation");
    info->reduction = reductionOf(which);
  }
  int vector = reduces ? -1 : m.takeOneOf({"v2", "v4"});
  size_t count = vector < 0 ? 1 : size_t(2) << vector;
  info->type = m.needType();
  int bits = bitsOf(info->type);
  need(bits == 32 || bits == 64, "expects a type of 32 or 64 bits");
  needOperands(i, 3, 3);
  const Operand &what = i.operands[1];
  need((what.kind == Operand::Kind::Vector ? what.elements.size() : 1) == count,
       "expects as many registers as the vector has elements");
  for (const Operand &part : what.kind == Operand::Kind::Vector
                                 ? what.elements
                                 : std::vector<Operand>{what})
    info->parts.push_back({readCode(part, info->type), bits == 64});
  Op op;
  op.run = runStoreAsync;
  op.info = info;
  uint32_t *codes[] = {&op.a, &op.b};
  for (size_t index = 0; index < 2; ++index) {
    Address where = address(i.operands[index * 2]);
    *codes[index] = where.code;
    info->offsets[index] = where.offset;
    info->narrow[index] = where.is32;
  }
  emit(op);
}

void Decoder::decodeLaunchControl(const ast::Instruction &i, Modifiers &m) {
  if (m.take("query_cancel")) {
    decodeCancelQuery(i, m);
    return;
  }
  need(m.take("try_cancel") && m.take("async"),
       "expects '.try_cancel.async' or '.query_cancel'");
  auto *info = newInfo<StoreAsyncInfo>();
  m.take("shared::cta");
  need(m.take("mbarrier::complete_tx::bytes"),
       "expects '.mbarrier::complete_tx::bytes'");
  info->multicast = m.take("multicast::cluster::all");
  need(m.takeType() == Type::B128, "expects '.b128'");
  needOperands(i, 2, 2);
  Op op;
  op.run = runTryCancel;
  op.info = info;
  uint32_t *codes[] = {&op.a, &op.b};
  for (size_t index = 0; index < 2; ++index) {
    Address where = address(i.operands[index]);
    *codes[index] = where.code;
    info->offsets[index] = where.offset;
    info->narrow[index] = where.is32;
  }
  emit(op);
}

/// What a response says: whether a cluster was cancelled, and where its first
/// CTA would have been.
void Decoder::decodeCancelQuery(const ast::Instruction &i, Modifiers &m) {
  int which =
      m.takeOneOf({"is_canceled", "get_first_ctaid", "get_first_ctaid::x",
                   "get_first_ctaid::y", "get_first_ctaid::z"});
  need(which >= 0, "expects '.is_canceled' or '.get_first_ctaid'");
  need(which != 1 || m.take("v4"), "expects '.v4'");
  need(m.takeType() == (which ? Type::B32 : Type::Pred) &&
           m.takeType() == Type::B128,
       "expects a type and '.b128'");
  needOperands(i, 2, 2);
  auto emitQuery = [&](const Operand &to, uint32_t part) {
    Value response = read(i.operands[1], Type::B128);
    Op op;
    op.run = runCancelQuery;
    op.a = response.code;
    op.b = response.high;
    op.flags = part;
    op.dst = part ? write(to, Type::B32).code : writePredicate(to);
    emit(op);
  };
  if (which != 1) {
    emitQuery(i.operands[0], which ? static_cast<uint32_t>(which) - 1 : 0);
    return;
  }
  const auto &parts = i.operands[0].elements;
  need(i.operands[0].kind == Operand::Kind::Vector && parts.size() == 4,
       "expects a vector of 4 registers");
  for (uint32_t axis = 0; axis < 3; ++axis)
    if (parts[axis].kind != Operand::Kind::Sink)
      emitQuery(parts[axis], axis + 1);
}
