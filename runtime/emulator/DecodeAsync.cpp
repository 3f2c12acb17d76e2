// Asynchronous copies and mbarriers.
#include "Decoder.h"

using namespace moe::emu;
using ast::Operand;

void Decoder::decodeCp(const ast::Instruction &i, Modifiers &m) {
  if (m.take("reduce")) {
    need(m.take("async") && m.take("bulk"), "expects '.async.bulk'");
    decodeReduceBulk(i, m);
    return;
  }
  need(m.take("async"), "expects '.async'");
  if (m.take("bulk")) {
    decodeBulk(i, m);
    return;
  }
  if (m.take("mbarrier")) {
    need(m.take("arrive"), "expects '.arrive'");
    auto *info = newInfo<MbarrierInfo>();
    info->kind = MbarrierInfo::Kind::CpAsyncArrive;
    info->noInc = m.take("noinc");
    bool shared = m.takeOneOf({"shared", "shared::cta"}) >= 0;
    info->space = shared ? Space::Shared : Space::Generic;
    need(m.takeType() == Type::B64, "expects '.b64'");
    needOperands(i, 1, 1);
    Address where = address(i.operands[0]);
    Op op;
    op.run = runMbarrier;
    op.info = info;
    op.a = where.code;
    op.imm = static_cast<uint64_t>(where.offset);
    info->address32 = where.is32;
    emit(op);
    return;
  }
  int group = m.takeOneOf({"commit_group", "wait_group", "wait_all"});
  if (group >= 0) {
    Op op;
    op.run = group == 0 ? runCpCommit : runCpWait;
    needOperands(i, group == 1 ? 1 : 0, group == 1 ? 1 : 0);
    op.imm = group == 1 ? immediate(i.operands[0], "the number of groups") : 0;
    op.flags = group == 2; // what was not committed too
    emit(op);
    return;
  }
  decodeCpAsync(i, m);
}

void Decoder::decodeCpAsync(const ast::Instruction &i, Modifiers &m) {
  auto *info = newInfo<CpAsyncInfo>();
  bool ca = m.take("ca"), cg = m.take("cg");
  need(ca != cg, "expects '.ca' or '.cg'");
  need(m.takeOneOf({"shared", "shared::cta"}) >= 0 && m.take("global"),
       "expects '.shared.global'");
  takeCacheModifiers(m);
  needOperands(i, 3, 5);
  Address dst = address(i.operands[0]), src = address(i.operands[1]);
  info->dst = dst.code;
  info->dstOffset = dst.offset;
  info->dst32 = dst.is32;
  info->src = src.code;
  info->srcOffset = src.offset;
  need(!src.is32, "expects a source address of 64 bits");
  uint64_t bytes = immediate(i.operands[2], "the number of bytes");
  need(bytes == 16 || (ca && (bytes == 4 || bytes == 8)),
       "expects 16 bytes, or 4, 8 or 16 with '.ca'");
  info->bytes = static_cast<uint8_t>(bytes);
  if (i.operands.size() > 3) {
    bool isPredicate = i.operands[3].negated;
    if (i.operands[3].kind == Operand::Kind::Name) {
      const Symbol *symbol = find(i.operands[3].name);
      isPredicate =
          symbol && symbol->kind == Symbol::Kind::Register && symbol->bits == 1;
    }
    if (isPredicate) {
      info->hasIgnore = true;
      info->ignore = readPredicate(i.operands[3], info->ignoreNegated);
    } else if (i.operands[3].kind == Operand::Kind::Name &&
               registerOf(i.operands[3]).bits == 64) {
      need(i.operands.size() == 4,
           "expects a cache policy as the last operand"); // a hint
    } else {
      info->hasSize = true;
      info->srcSize = readCode(i.operands[3], Type::U32);
    }
  }
  Op op;
  op.run = runCpAsync;
  op.info = info;
  emit(op);
}

void Decoder::decodeMbarrier(const ast::Instruction &i, Modifiers &m) {
  auto *info = newInfo<MbarrierInfo>();
  using Kind = MbarrierInfo::Kind;
  Op op;
  op.run = runMbarrier;
  op.info = info;
  int which =
      m.takeOneOf({"init", "inval", "arrive_drop", "arrive", "test_wait",
                   "try_wait", "pending_count", "expect_tx", "complete_tx"});
  need(which >= 0, "expects an operation");
  bool expectTx = (which == 2 || which == 3) && m.take("expect_tx");
  info->noComplete = m.take("noComplete");
  info->parity = m.take("parity");
  int order = m.takeOneOf({"release", "acquire", "relaxed"}),
      scope = m.takeOneOf({"cta", "cluster"});
  info->order = order == 0   ? Order::Release
                : order == 1 ? Order::Acquire
                : order == 2 ? Order::Relaxed
                : which >= 4 ? Order::Acquire
                             : Order::Release;
  info->scope = scope == 1 ? Scope::Cluster : Scope::Cta;
  int space = m.takeOneOf({"shared", "shared::cta", "shared::cluster"});
  bool remote = space == 2;
  need(!remote || which == 2 || which == 3 || which == 7 || which == 8,
       "expects an mbarrier of the CTA itself");
  info->space = space < 0 ? Space::Generic
                : remote  ? Space::SharedCluster
                          : Space::Shared;
  need(m.takeType() == Type::B64, "expects '.b64'");
  auto useAddress = [&](size_t index) {
    Address where = address(i.operands[index]);
    op.a = where.code;
    op.imm = static_cast<uint64_t>(where.offset);
    info->address32 = where.is32;
  };
  auto result = [&] {
    info->returns = i.operands[0].kind != Operand::Kind::Sink;
    return write(i.operands[0], Type::B64).code;
  };
  switch (which) {
  case 0:
    info->kind = Kind::Init;
    needOperands(i, 2, 2);
    useAddress(0);
    op.b = readCode(i.operands[1], Type::U32);
    break;
  case 1:
    info->kind = Kind::Inval;
    needOperands(i, 1, 1);
    useAddress(0);
    break;
  case 2:
  case 3: {
    info->kind = which == 2 ? (expectTx ? Kind::DropExpectTx : Kind::Drop)
                 : expectTx ? Kind::ArriveExpectTx
                            : Kind::Arrive;
    needOperands(i, expectTx ? 3 : 2, 3);
    useAddress(1);
    op.b = i.operands.size() == 3 ? readCode(i.operands[2], Type::U32)
                                  : constant(1, Width::W32);
    need(!remote || i.operands[0].kind == Operand::Kind::Sink,
         "expects '_' as the state of an mbarrier of another CTA");
    op.dst = result();
    break;
  }
  case 4:
  case 5: {
    info->kind = Kind::TestWait;
    info->tryWait = which == 5;
    needOperands(i, 3, which == 5 ? 4 : 3);
    useAddress(1);
    op.b = readCode(i.operands[2], info->parity ? Type::U32 : Type::B64);
    if (i.operands.size() == 4)
      readCode(i.operands[3], Type::U32); // the time limit
    op.dst = writePredicate(i.operands[0]);
    break;
  }
  case 6:
    // The lower half of a state (ExecAsync.cpp).
    needOperands(i, 2, 2);
    emitFast(LaneOp::Trunc64, write(i.operands[0], Type::U32).code,
             readCode(i.operands[1], Type::B64));
    return;
  default:
    info->kind = which == 7 ? Kind::ExpectTx : Kind::CompleteTx;
    needOperands(i, 2, 2);
    useAddress(0);
    op.b = readCode(i.operands[1], Type::U32);
  }
  emit(op);
}
