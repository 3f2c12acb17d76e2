// Barriers and what the lanes of a warp do together.
#include "Decoder.h"

using namespace moe::emu;
using ast::Operand;

void Decoder::decodeBar(const ast::Instruction &i, Modifiers &m) {
  if (m.take("cluster")) {
    auto *info = newInfo<ClusterBarrierInfo>();
    int which = m.takeOneOf({"arrive", "wait"});
    need(which >= 0, "expects '.arrive' or '.wait'");
    info->arrive = which == 0;
    info->aligned = m.take("aligned");
    info->relaxed = info->arrive && m.take("relaxed");
    m.take(info->arrive ? "release" : "acquire"); // the default
    needOperands(i, 0, 0);
    Op op;
    op.run = runClusterBarrier;
    op.info = info;
    emit(op);
    return;
  }
  if (m.take("warp")) {
    need(m.take("sync"), "expects '.sync'");
    needOperands(i, 1, 1);
    Op op;
    op.run = runWarpBarrier;
    op.a = readCode(i.operands[0], Type::B32);
    emit(op);
    return;
  }
  auto *info = newInfo<BarrierInfo>();
  bool explicitCta = m.take("cta");
  (void)explicitCta; // the default
  int which = m.takeOneOf({"sync", "arrive", "red"});
  need(which >= 0, "expects '.sync', '.arrive' or '.red'");
  info->aligned = m.take("aligned") || i.opcode == "bar";
  Op op;
  op.run = runBarrier;
  op.info = info;
  size_t at = 0;
  uint32_t resultCode = 0;
  if (which == 2) {
    int kind = m.takeOneOf({"popc", "and", "or"});
    need(kind >= 0, "expects '.popc', '.and' or '.or'");
    Type type = m.needType();
    need(kind == 0 ? type == Type::U32 : type == Type::Pred,
         "expects '.popc.u32', '.and.pred' or '.or.pred'");
    info->kind = kind == 0   ? BarrierInfo::Kind::RedPopc
                 : kind == 1 ? BarrierInfo::Kind::RedAnd
                             : BarrierInfo::Kind::RedOr;
    needOperands(i, 3, 4);
    op.c = readPredicate(i.operands.back(), info->negated);
    info->hasCount = i.operands.size() == 4;
    at = 1;
    resultCode = kind == 0 ? write(i.operands[0], Type::U32).code
                           : writePredicate(i.operands[0]);
  } else {
    info->kind =
        which == 0 ? BarrierInfo::Kind::Sync : BarrierInfo::Kind::Arrive;
    needOperands(i, which == 0 ? 1 : 2, 2);
    info->hasCount = i.operands.size() == 2;
  }
  op.dst = resultCode;
  op.a = readCode(i.operands[at], Type::U32);
  if (info->hasCount)
    op.b = readCode(i.operands[at + 1], Type::U32);
  program.namedBarriers = 16;
  emit(op);
}

void Decoder::decodeShfl(const ast::Instruction &i, Modifiers &m) {
  auto *info = newInfo<ShuffleInfo>();
  need(m.take("sync"), "expects '.sync'; shfl without it was removed from PTX");
  int mode = m.takeOneOf({"up", "down", "bfly", "idx"});
  need(mode >= 0 && m.takeType() == Type::B32,
       "expects '.up', '.down', '.bfly' or '.idx', and '.b32'");
  info->mode = static_cast<ShuffleInfo::Mode>(mode);
  needOperands(i, 5, 5);
  Op op;
  op.run = runShuffle;
  op.info = info;
  op.a = readCode(i.operands[1], Type::B32);
  op.b = readCode(i.operands[2], Type::U32);
  op.c = readCode(i.operands[3], Type::U32);
  op.d = readCode(i.operands[4], Type::U32);
  info->hasPredicate = i.operands[0].kind == Operand::Kind::Pair;
  if (info->hasPredicate) {
    op.dst = write(i.operands[0].elements[0], Type::B32).code;
    op.flags = writePredicate(i.operands[0].elements[1]);
  } else {
    op.dst = write(i.operands[0], Type::B32).code;
    op.flags = kPredicateTrash;
  }
  emit(op);
}

void Decoder::decodeVote(const ast::Instruction &i, Modifiers &m) {
  auto *info = newInfo<VoteInfo>();
  need(m.take("sync"), "expects '.sync'; vote without it was removed from PTX");
  int which = m.takeOneOf({"all", "any", "uni", "ballot"});
  need(which >= 0, "expects '.all', '.any', '.uni' or '.ballot'");
  info->kind = static_cast<VoteInfo::Kind>(which);
  Type type = m.needType();
  need(type == (which == 3 ? Type::B32 : Type::Pred),
       "expects '.pred', or '.b32' with '.ballot'");
  needOperands(i, 3, 3);
  Op op;
  op.run = runVote;
  op.info = info;
  op.a = readPredicate(i.operands[1], info->negated);
  op.d = readCode(i.operands[2], Type::U32);
  op.dst = write(i.operands[0], type).code;
  emit(op);
}

void Decoder::decodeMatch(const ast::Instruction &i, Modifiers &m) {
  auto *info = newInfo<VoteInfo>();
  int which = m.takeOneOf({"any", "all"});
  need(which >= 0 && m.take("sync"), "expects '.any' or '.all', and '.sync'");
  Type type = m.needType();
  need(type == Type::B32 || type == Type::B64, "expects '.b32' or '.b64'");
  info->kind = which == 0 ? VoteInfo::Kind::MatchAny : VoteInfo::Kind::MatchAll;
  info->wide = type == Type::B64;
  needOperands(i, 3, 3);
  Op op;
  op.run = runVote;
  op.info = info;
  op.a = readCode(i.operands[1], type);
  op.d = readCode(i.operands[2], Type::U32);
  op.flags = kPredicateTrash;
  if (i.operands[0].kind == Operand::Kind::Pair) {
    need(which == 1, "expects one destination with '.any'");
    op.dst = write(i.operands[0].elements[0], Type::B32).code;
    op.flags = writePredicate(i.operands[0].elements[1]);
  } else {
    op.dst = write(i.operands[0], Type::B32).code;
  }
  emit(op);
}

void Decoder::decodeRedux(const ast::Instruction &i, Modifiers &m) {
  auto *info = newInfo<VoteInfo>();
  need(m.take("sync"), "expects '.sync'");
  int which = m.takeOneOf({"add", "min", "max", "and", "or", "xor"});
  need(which >= 0, "expects an operation");
  static constexpr AtomicOp kOps[] = {AtomicOp::Add, AtomicOp::Min,
                                      AtomicOp::Max, AtomicOp::And,
                                      AtomicOp::Or,  AtomicOp::Xor};
  info->kind = VoteInfo::Kind::Redux;
  info->op = kOps[which];
  need(!m.take("abs") && !m.take("NaN"), "'.abs' and '.NaN' are not supported");
  info->type = m.needType();
  need(bitsOf(info->type) == 32 &&
           (info->type != Type::F32 || which == 1 || which == 2),
       "expects '.u32', '.s32', '.b32', or '.f32' with min or max");
  needOperands(i, 3, 3);
  Op op;
  op.run = runVote;
  op.info = info;
  op.a = readCode(i.operands[1], Type::B32);
  op.d = readCode(i.operands[2], Type::U32);
  op.dst = write(i.operands[0], Type::B32).code;
  emit(op);
}

void Decoder::decodeElect(const ast::Instruction &i, Modifiers &m) {
  auto *info = newInfo<VoteInfo>();
  need(m.take("sync"), "expects '.sync'");
  info->kind = VoteInfo::Kind::Elect;
  needOperands(i, 2, 2);
  need(i.operands[0].kind == Operand::Kind::Pair, "expects two destinations");
  Op op;
  op.run = runVote;
  op.info = info;
  op.d = readCode(i.operands[1], Type::U32);
  op.dst = write(i.operands[0].elements[0], Type::B32).code;
  op.flags = writePredicate(i.operands[0].elements[1]);
  emit(op);
}

void Decoder::decodeActivemask(const ast::Instruction &i, Modifiers &m) {
  need(m.takeType() == Type::B32, "expects '.b32'");
  needOperands(i, 1, 1);
  Op op;
  op.run = runActiveMask;
  op.dst = write(i.operands[0], Type::B32).code;
  emit(op);
}

void Decoder::decodeNanosleep(const ast::Instruction &i, Modifiers &m) {
  need(m.takeType() == Type::U32, "expects '.u32'");
  needOperands(i, 1, 1);
  readCode(i.operands[0], Type::U32);
  Op op;
  op.run = runYield;
  emit(op);
}

/// mapa, getctarank
void Decoder::decodeMapa(const ast::Instruction &i, Modifiers &m) {
  auto *info = newInfo<MapInfo>();
  info->rank = i.opcode == "getctarank";
  info->generic = !m.take("shared::cluster");
  Type type = m.needType();
  info->wide = type == Type::U64;
  need(info->wide || (type == Type::U32 && !info->generic),
       "expects '.u64', or '.u32' with '.shared::cluster'");
  needOperands(i, info->rank ? 2 : 3, info->rank ? 2 : 3);
  Op op;
  op.run = runMapAddress;
  op.info = info;
  op.a = use(readCode(i.operands[1], type));
  if (!info->rank)
    op.b = readCode(i.operands[2], Type::U32);
  op.dst = write(i.operands[0], info->rank ? Type::U32 : type).code;
  emit(op);
}

void Decoder::decodeGriddepcontrol(const ast::Instruction &i, Modifiers &m) {
  int which = m.takeOneOf({"launch_dependents", "wait"});
  need(which >= 0, "expects '.launch_dependents' or '.wait'");
  needOperands(i, 0, 0);
  Op op;
  op.run = which == 0 ? runLaunchDependents : runDependencyWait;
  emit(op);
}

void Decoder::decodeSetmaxnreg(const ast::Instruction &i, Modifiers &m) {
  int which = m.takeOneOf({"dec", "inc"});
  need(which >= 0 && m.take("sync") && m.take("aligned") &&
           m.takeType() == Type::U32,
       "expects '.inc' or '.dec', and '.sync.aligned.u32'");
  needOperands(i, 1, 1);
  uint64_t count = immediate(i.operands[0], "the number of registers");
  need(count >= 24 && count <= 256 && count % 8 == 0,
       "expects a multiple of 8 from 24 to 256");
  Op op;
  op.run = runSetmaxnreg;
  op.imm = count;
  op.flags = static_cast<decltype(op.flags)>(which);
  emit(op);
}
