// ldmatrix, stmatrix, mma.sync.
#include "Decoder.h"

using namespace moe::emu;
using ast::Operand;

void Decoder::decodeLdmatrix(const ast::Instruction &i, Modifiers &m) {
  auto *info = newInfo<MatrixInfo>();
  info->store = i.opcode == "stmatrix";
  need(m.take("sync") && m.take("aligned") && m.take("m8n8"),
       "expects '.sync.aligned.m8n8'");
  int count = m.takeOneOf({"x1", "x2", "x4"});
  need(count >= 0, "expects '.x1', '.x2' or '.x4'");
  info->count = static_cast<uint8_t>(1 << count);
  info->transposed = m.take("trans");
  int space = m.takeOneOf({"shared", "shared::cta"});
  info->space = space < 0 ? Space::Generic : Space::Shared;
  need(m.takeType() == Type::B16, "expects '.b16'");
  needOperands(i, 2, 2);
  Address where = address(i.operands[info->store ? 0 : 1]);
  info->address32 = where.is32;
  Op op;
  op.run = runLdmatrix;
  op.info = info;
  op.a = where.code;
  op.imm = static_cast<uint64_t>(where.offset);
  const Operand &fragments = i.operands[info->store ? 1 : 0];
  std::vector<Operand> parts = fragments.kind == Operand::Kind::Vector
                                   ? fragments.elements
                                   : std::vector<Operand>{fragments};
  need(parts.size() == info->count,
       "expects " + std::to_string(info->count) + " registers");
  for (const Operand &part : parts)
    info->parts.push_back(
        {info->store ? readCode(part, Type::B32) : write(part, Type::B32).code,
         false});
  emit(op);
}

void Decoder::decodeMma(const ast::Instruction &i, Modifiers &m) {
  auto *info = newInfo<MatrixInfo>();
  need(m.take("sync") && m.take("aligned"), "expects '.sync.aligned'");
  need(!m.take("sp") && !m.take("sp::ordered_metadata"),
       "sparse mma is not supported");
  std::string shape = m.takeFront();
  int rows = 0, columns = 0, depth = 0;
  size_t n = shape.find('n'), k = shape.find('k');
  need(shape[0] == 'm' && n != std::string::npos && k != std::string::npos,
       "expects a shape, but got '." + shape + "'");
  auto number = [&](size_t from) {
    return static_cast<int>(std::strtol(shape.c_str() + from + 1, nullptr, 10));
  };
  rows = number(0);
  columns = number(n);
  depth = number(k);
  need(m.take("row") && m.take("col"), "expects '.row.col'");
  info->saturate = m.take("satfinite");
  info->dType = m.needType();
  info->aType = m.needType();
  info->bType = m.needType();
  info->cType = m.needType();
  info->m = static_cast<uint8_t>(rows);
  info->n = static_cast<uint8_t>(columns);
  info->k = static_cast<uint8_t>(depth);
  Type a = info->aType;
  bool halfType = a == Type::F16 || a == Type::BF16,
       integer = a == Type::S8 || a == Type::U8,
       byteFloat = a == Type::E4M3 || a == Type::E5M2;
  bool known =
      columns == 8 &&
      (rows == 16 ? (halfType && (depth == 8 || depth == 16)) ||
                        (a == Type::TF32 && (depth == 4 || depth == 8)) ||
                        (integer && (depth == 16 || depth == 32)) ||
                        (byteFloat && (depth == 16 || depth == 32))
                  : rows == 8 && integer && depth == 16);
  need(known, "the shape '." + shape + "' is not supported for these types");
  need(integer     ? info->bType == Type::S8 || info->bType == Type::U8
       : byteFloat ? info->bType == Type::E4M3 || info->bType == Type::E5M2
                   : info->bType == a,
       "expects operands of one kind");
  need(integer
           ? info->dType == Type::S32 && info->cType == Type::S32
           : info->dType == info->cType &&
                 (info->dType == Type::F32 ||
                  (info->dType == Type::F16 && (a == Type::F16 || byteFloat))),
       "this type of accumulators is not supported");
  need(!info->saturate || integer, "unknown modifier '.satfinite'");
  int elementBits = a == Type::TF32 ? 32 : halfType ? 16 : 8;
  info->aCount = static_cast<uint8_t>(rows * depth * elementBits / 32 / 32);
  info->bCount = static_cast<uint8_t>(columns * depth * elementBits / 32 / 32);
  info->cCount = info->dCount = info->dType == Type::F16 || rows == 8 ? 2 : 4;
  needOperands(i, 4, 4);
  auto parts = [&](const Operand &operand, size_t count) {
    std::vector<Operand> elements = operand.kind == Operand::Kind::Vector
                                        ? operand.elements
                                        : std::vector<Operand>{operand};
    need(elements.size() == count, "expects " + std::to_string(count) +
                                       " registers in a fragment, but got " +
                                       std::to_string(elements.size()));
    return elements;
  };
  Type accumulator = info->dType == Type::F16 ? Type::B32 : info->dType;
  for (const Operand &part : parts(i.operands[0], info->dCount))
    info->parts.push_back({write(part, accumulator).code, false});
  for (const Operand &part : parts(i.operands[1], info->aCount))
    info->parts.push_back({readCode(part, Type::B32), false});
  for (const Operand &part : parts(i.operands[2], info->bCount))
    info->parts.push_back({readCode(part, Type::B32), false});
  for (const Operand &part : parts(i.operands[3], info->cCount))
    info->parts.push_back({readCode(part, accumulator), false});
  if (halfType && depth == 16 && info->dType == Type::F32)
    info->fast = a == Type::BF16 ? table.mmaBF16 : table.mmaF16;
  Op op;
  op.run = runMma;
  op.info = info;
  emit(op);
}
