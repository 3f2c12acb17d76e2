// wgmma: matrix multiplication of a warpgroup.
#include "Decoder.h"

using namespace moe::emu;
using ast::Operand;

void Decoder::decodeWgmma(const ast::Instruction &i, Modifiers &m) {
  int which = m.takeOneOf({"mma_async", "fence", "commit_group", "wait_group"});
  need(which >= 0, "expects '.mma_async', '.fence', '.commit_group' or "
                   "'.wait_group'");
  need(!m.take("sp"), "sparse wgmma is not supported");
  need(m.take("sync") && m.take("aligned"), "expects '.sync.aligned'");
  if (which == 0) {
    decodeMmaAsync(i, m);
    return;
  }
  needOperands(i, which == 3, which == 3);
  Op op;
  op.run = which == 1   ? runWgmmaFence
           : which == 2 ? runWgmmaCommit
                        : runWgmmaWait;
  op.imm = which == 3 ? immediate(i.operands[0], "the number of groups") : 0;
  emit(op);
}

/// "m64n<N>k<K>"
static void parseShape(const std::string &shape, WgmmaInfo &info) {
  size_t n = shape.find('n'), k = shape.find('k');
  if (shape.rfind("m64n", 0) != 0 || k == std::string::npos)
    throw StatementError("expects a shape 'm64nNkK', but got '." + shape + "'");
  info.n =
      static_cast<uint16_t>(std::strtoul(shape.c_str() + n + 1, nullptr, 10));
  info.k =
      static_cast<uint16_t>(std::strtoul(shape.c_str() + k + 1, nullptr, 10));
}

void Decoder::decodeMmaAsync(const ast::Instruction &i, Modifiers &m) {
  auto *info = newInfo<WgmmaInfo>();
  parseShape(m.takeFront(), *info);
  info->saturate = m.take("satfinite");
  info->dType = m.needType();
  info->aType = m.needType();
  info->bType = m.needType();
  Type a = info->aType, b = info->bType;
  bool half = a == Type::F16 || a == Type::BF16,
       integer = a == Type::S8 || a == Type::U8,
       byteFloat = a == Type::E4M3 || a == Type::E5M2;
  info->elementBytes = half ? 2 : a == Type::TF32 ? 4 : 1;
  need(half || integer || byteFloat || a == Type::TF32,
       "this type of elements is not supported");
  need(integer     ? b == Type::S8 || b == Type::U8
       : byteFloat ? b == Type::E4M3 || b == Type::E5M2
                   : a == b,
       "expects operands of one kind");
  need(!info->saturate || integer, "unknown modifier '.satfinite'");
  need(info->k * info->elementBytes == 32,
       "expects k" + std::to_string(32 / info->elementBytes) +
           " for these types");
  need(info->n >= 8 && info->n <= 256 && info->n % 8 == 0,
       "expects a multiple of 8 up to 256 columns");
  need(!integer || info->n <= 32 || info->n % 16 == 0,
       "expects a multiple of 16 columns for integers");
  bool f16 = info->dType == Type::F16;
  need(integer
           ? info->dType == Type::S32
           : info->dType == Type::F32 || (f16 && (a == Type::F16 || byteFloat)),
       "this type of accumulators is not supported");
  info->dCount = static_cast<uint16_t>(info->n / (f16 ? 4 : 2));

  needOperands(i, 4, 8);
  const Operand &d = i.operands[0], &left = i.operands[1];
  need(d.kind == Operand::Kind::Vector && d.elements.size() == info->dCount,
       "expects " + std::to_string(info->dCount) + " accumulators in braces");
  // The modifiers of the operands: scale-a, scale-b, trans-a, trans-b.
  info->aInRegisters = left.kind == Operand::Kind::Vector;
  size_t scales = integer ? 0 : 2, transposes = !half                ? 0
                                                : info->aInRegisters ? 1
                                                                     : 2;
  needOperands(i, 4 + scales + transposes, 4 + scales + transposes);
  for (size_t s = 0; s < scales; ++s) {
    auto scale = static_cast<int64_t>(immediate(i.operands[4 + s], "a scale"));
    need(scale == 1 || scale == -1, "expects a scale of 1 or -1");
    (s == 0 ? info->negateA : info->negateB) = scale == -1;
  }
  for (size_t t = 0; t < transposes; ++t) {
    uint64_t transpose = immediate(i.operands[6 + t], "a transposition");
    need(transpose <= 1, "expects 0 or 1 as a transposition");
    bool isA = t == 0 && transposes == 2;
    (isA ? info->transposeA : info->transposeB) = transpose == 1;
  }

  Op op;
  op.run = runWgmma;
  op.info = info;
  bool constantScale = i.operands[3].kind == Operand::Kind::Integer;
  for (const Operand &part : d.elements) {
    Value value = write(part, Type::B32);
    if (!constantScale || i.operands[3].bits)
      use(value.code);
    info->parts.push_back({value.code, false});
  }
  if (info->aInRegisters) {
    need(left.elements.size() == 4, "expects 4 registers of A");
    for (const Operand &part : left.elements)
      info->parts.push_back({readCode(part, Type::B32), false});
  } else {
    op.a = readCode(left, Type::B64);
  }
  op.b = readCode(i.operands[2], Type::B64);
  op.c = readPredicate(i.operands[3], info->scaleNegated);
  emit(op);
}
