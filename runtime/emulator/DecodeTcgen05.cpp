// tcgen05: tensor memory and the matrix instructions that work on it.
#include "Decoder.h"

using namespace moe::emu;
using ast::Operand;

bool Decoder::takeCtaGroup(Modifiers &m) {
  int group = m.takeOneOf({"cta_group::1", "cta_group::2"}) + 1;
  need(group > 0, "expects '.cta_group::1' or '.cta_group::2'");
  need(!program.tensorCtas ||
           program.tensorCtas == static_cast<uint32_t>(group),
       "expects the '.cta_group' of the other instructions of the kernel");
  program.tensorCtas = static_cast<uint32_t>(group);
  return group == 2;
}

uint32_t Decoder::tensorAddress(const Operand &operand, int64_t &offset) {
  Address where = address(operand);
  need(where.is32, "expects an address of tensor memory, which has 32 bits");
  offset = where.offset;
  return where.code;
}

void Decoder::decodeTcgen05(const ast::Instruction &i, Modifiers &m) {
  int which =
      m.takeOneOf({"alloc", "dealloc", "relinquish_alloc_permit", "ld", "st",
                   "wait::ld", "wait::st", "fence::before_thread_sync",
                   "fence::after_thread_sync", "commit", "cp", "mma", "shift"});
  Op op;
  switch (which) {
  case 0:
  case 1:
  case 2:
    decodeTensorAlloc(i, m, which);
    return;
  case 3:
  case 4:
    decodeTensorMove(i, m, which == 4);
    return;
  case 5:
  case 6:
    need(m.take("sync") && m.take("aligned"), "expects '.sync.aligned'");
    [[fallthrough]];
  case 7:
  case 8:
    needOperands(i, 0, 0);
    op.run = which < 7 ? runTensorWait : runTensorFence;
    op.flags = which == 6 || which == 8;
    emit(op);
    return;
  case 9:
    decodeTensorCommit(i, m);
    return;
  case 10:
    decodeTensorCopy(i, m);
    return;
  case 11:
    decodeTensorMma(i, m);
    return;
  case 12:
    throw StatementError("tcgen05.shift is not supported");
  default:
    throw StatementError("expects an operation of tcgen05");
  }
}

void Decoder::decodeTensorAlloc(const ast::Instruction &i, Modifiers &m,
                                int which) {
  auto *info = newInfo<TensorAllocInfo>();
  Op op;
  op.info = info;
  info->pair = takeCtaGroup(m);
  need(m.take("sync") && m.take("aligned"), "expects '.sync.aligned'");
  if (which == 2) {
    needOperands(i, 0, 0);
    op.run = runTensorRelinquish;
    emit(op);
    return;
  }
  bool shared = which == 0 && m.take("shared::cta");
  info->space = shared ? Space::Shared : Space::Generic;
  need(m.takeType() == Type::B32, "expects '.b32'");
  needOperands(i, 2, 2);
  if (which == 0) {
    Address where = address(i.operands[0]);
    op.a = where.code;
    op.imm = static_cast<uint64_t>(where.offset);
    info->address32 = where.is32;
  } else {
    op.a = readCode(i.operands[0], Type::U32);
  }
  op.b = readCode(i.operands[1], Type::U32);
  op.run = which == 0 ? runTensorAlloc : runTensorDealloc;
  emit(op);
}

void Decoder::decodeTensorMove(const ast::Instruction &i, Modifiers &m,
                               bool store) {
  using Shape = TensorMoveInfo::Shape;
  auto *info = newInfo<TensorMoveInfo>();
  info->store = store;
  need(!m.take("red"), "reductions of tcgen05.ld are not supported");
  need(m.take("sync") && m.take("aligned"), "expects '.sync.aligned'");
  int shape =
      m.takeOneOf({"32x32b", "16x64b", "16x128b", "16x256b", "16x32bx2"});
  need(shape >= 0, "expects a shape such as '.32x32b'");
  info->shape = static_cast<Shape>(shape);
  int repeat =
      m.takeOneOf({"x1", "x2", "x4", "x8", "x16", "x32", "x64", "x128"});
  need(repeat >= 0, "expects '.x1' to '.x128'");
  info->packed = m.take(store ? "unpack::16b" : "pack::16b");
  need(m.takeType() == Type::B32, "expects '.b32'");
  bool halves = info->shape == Shape::Lanes16x32x2;
  size_t perRepeat = info->shape == Shape::Lanes16x128   ? 2
                     : info->shape == Shape::Lanes16x256 ? 4
                                                         : 1;
  size_t count = perRepeat << repeat;
  need(count <= 128, "expects at most 128 registers");
  needOperands(i, 2u + halves, 2u + halves);
  // ld: registers, address, split; st: address, split, registers.
  const Operand &data = i.operands[store ? i.operands.size() - 1 : 0];
  std::vector<Operand> registers = data.kind == Operand::Kind::Vector
                                       ? data.elements
                                       : std::vector<Operand>{data};
  need(registers.size() == count, "expects " + std::to_string(count) +
                                      " registers, but got " +
                                      std::to_string(registers.size()));
  Op op;
  op.run = runTensorMove;
  op.info = info;
  op.a = tensorAddress(i.operands[store ? 0 : 1], info->offset);
  if (halves)
    info->split = static_cast<uint32_t>(
        immediate(i.operands[store ? 1 : 2], "the offset of the second half"));
  for (const Operand &part : registers)
    info->parts.push_back(
        {store ? readCode(part, Type::B32) : write(part, Type::B32).code,
         false});
  emit(op);
}

void Decoder::decodeTensorCopy(const ast::Instruction &i, Modifiers &m) {
  using Multicast = TensorCopyInfo::Multicast;
  auto *info = newInfo<TensorCopyInfo>();
  info->pair = takeCtaGroup(m);
  struct Shape {
    uint32_t rows, chunks;
  };
  static constexpr Shape kShapes[] = {
      {128, 2}, {4, 2}, {128, 1}, {64, 1}, {32, 1}};
  int shape =
      m.takeOneOf({"128x256b", "4x256b", "128x128b", "64x128b", "32x128b"});
  need(shape >= 0, "expects a shape such as '.128x256b'");
  info->rows = kShapes[shape].rows;
  info->chunks = kShapes[shape].chunks;
  int multicast = m.takeOneOf({"warpx2::02_13", "warpx2::01_23", "warpx4"});
  need((shape == 3 && (multicast == 0 || multicast == 1)) ||
           (shape == 4 && multicast == 2) || (shape < 3 && multicast < 0),
       "expects '.warpx2' with '.64x128b' and '.warpx4' with '.32x128b'");
  info->multicast =
      shape == 1 ? Multicast::Quarters : static_cast<Multicast>(multicast + 1);
  need(!m.take("b8x16"), "decompressing copies are not supported");
  needOperands(i, 2, 2);
  Op op;
  op.run = runTensorCopy;
  op.info = info;
  op.a = tensorAddress(i.operands[0], info->offset);
  op.b = readCode(i.operands[1], Type::B64);
  emit(op);
}

void Decoder::decodeTensorCommit(const ast::Instruction &i, Modifiers &m) {
  auto *info = newInfo<TensorCommitInfo>();
  takeCtaGroup(m);
  need(m.take("mbarrier::arrive::one"), "expects '.mbarrier::arrive::one'");
  info->space =
      m.take("shared::cluster") ? Space::SharedCluster : Space::Generic;
  info->multicast = m.take("multicast::cluster");
  need(m.takeType() == Type::B64, "expects '.b64'");
  needOperands(i, 1u + info->multicast, 1u + info->multicast);
  Op op;
  op.run = runTensorCommit;
  op.info = info;
  Address where = address(i.operands[0]);
  op.a = where.code;
  op.imm = static_cast<uint64_t>(where.offset);
  info->address32 = where.is32;
  if (info->multicast)
    op.b = readCode(i.operands[1], Type::U16);
  emit(op);
}

void Decoder::decodeTensorMma(const ast::Instruction &i, Modifiers &m) {
  using Kind = TensorMmaInfo::Kind;
  auto *info = newInfo<TensorMmaInfo>();
  need(!m.take("sp"), "sparse tcgen05.mma is not supported");
  info->weightStationary = m.take("ws");
  info->pair = takeCtaGroup(m);
  int kind = m.takeOneOf({"kind::f16", "kind::tf32", "kind::f8f6f4", "kind::i8",
                          "kind::mxf8f6f4", "kind::mxf4", "kind::mxf4nvf4"});
  need(kind >= 0, "expects a kind such as '.kind::f16'");
  info->kind = static_cast<Kind>(kind);
  bool scaled = info->kind >= Kind::MxF8F6F4;
  need(m.take("block_scale") == scaled,
       scaled ? "expects '.block_scale'" : "unknown modifier '.block_scale'");
  need(!info->weightStationary || (!info->pair && !scaled),
       "expects '.ws' with '.cta_group::1' and without scale factors");
  need(!m.take("ashift"), "'.ashift' is not supported");
  if (scaled) {
    int size = m.takeOneOf({"scale_vec::1X", "scale_vec::2X", "scale_vec::4X",
                            "block32", "block16"});
    bool eight = info->kind == Kind::MxF8F6F4,
         nv = info->kind == Kind::MxF4NvF4;
    need(size >= 0 || !nv, "expects a size of the scale vectors");
    info->scales = size == 0                    ? 1
                   : size == 2 || size == 4     ? 4
                   : size == 1                  ? 2
                   : /*block32, or none*/ eight ? 1
                                                : 2;
    need(info->scales == (eight ? 1 : 2) || (nv && info->scales == 4),
         "expects another size of the scale vectors for this kind");
  }
  // How long an operand is kept changes nothing but time.
  const char *buffers[] = {"a", "b0", "b1", "b2", "b3"};
  for (const char *buffer : buffers)
    for (const char *use : {"fill", "use", "lastuse", "discard"})
      if ((buffer[0] == 'b') == info->weightStationary)
        m.take("collector::" + std::string(buffer) + "::" + use);

  needOperands(i, 5, 7);
  Op op;
  op.run = runTensorMma;
  op.info = info;
  op.a = tensorAddress(i.operands[0], info->dOffset);
  info->aInTensorMemory = i.operands[1].kind == Operand::Kind::Address;
  op.b = info->aInTensorMemory ? tensorAddress(i.operands[1], info->aOffset)
                               : readCode(i.operands[1], Type::B64);
  op.c = readCode(i.operands[2], Type::B64);
  op.d = readCode(i.operands[3], Type::B32);
  // What stands before the predicate.
  size_t next = 4;
  std::vector<RegisterPart> more;
  if (scaled) {
    needOperands(i, 7, 7);
    for (int64_t &offset : info->scaleOffsets)
      more.push_back({tensorAddress(i.operands[next++], offset), false});
  } else if (i.operands[next].kind == Operand::Kind::Vector) {
    const Operand &mask = i.operands[next++];
    size_t words = info->pair ? 8 : 4;
    need(!info->weightStationary && mask.elements.size() == words,
         "expects a mask of " + std::to_string(words) + " registers");
    info->masked = true;
    for (const Operand &part : mask.elements)
      more.push_back({readCode(part, Type::B32), false});
  }
  need(next < i.operands.size(), "expects a predicate");
  info->parts.push_back(
      {readPredicate(i.operands[next++], info->negatedPredicate), false});
  info->parts.insert(info->parts.end(), more.begin(), more.end());
  if (next < i.operands.size()) {
    need(!info->weightStationary, "masks of zero columns are not supported");
    need(info->kind <= Kind::TF32 && next + 1 == i.operands.size(),
         "expects no further operands");
    uint64_t shift = immediate(i.operands[next], "a scale of D");
    need(shift <= 15, "expects a scale of D from 0 to 15");
    info->shift = static_cast<uint8_t>(shift);
  }
  emit(op);
}
