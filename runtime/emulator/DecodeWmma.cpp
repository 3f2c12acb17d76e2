// wmma, multimem and cvt.pack.
#include "Decoder.h"

using namespace moe::emu;
using ast::Operand;

// ---- wmma ----

namespace {
struct WmmaShape {
  const char *name;
  uint8_t m, n, k;
};
} // namespace

static WmmaShape takeShape(Modifiers &m) {
  static constexpr WmmaShape kShapes[] = {{"m16n16k16", 16, 16, 16},
                                          {"m8n32k16", 8, 32, 16},
                                          {"m32n8k16", 32, 8, 16},
                                          {"m16n16k8", 16, 16, 8}};
  for (const WmmaShape &shape : kShapes)
    if (m.take(shape.name))
      return shape;
  throw StatementError("this shape of wmma is not supported");
}

/// The registers that PTX gives a fragment. Which lane has which element is not
/// specified: ExecWmma.cpp chooses.
static WmmaInfo::Fragment fragmentOf(Type type, uint8_t rows, uint8_t columns,
                                     bool isAccumulator, bool byColumns) {
  WmmaInfo::Fragment result;
  result.type = type;
  result.rows = rows;
  result.columns = columns;
  result.byColumns = byColumns;
  int bits = type == Type::TF32 ? 32 : bitsOf(type);
  result.registers = static_cast<uint8_t>(rows * columns * bits / 32 / 32);
  // Elements of A and B in half precision are there twice.
  if (type == Type::F16 && !isAccumulator)
    result.registers = 8;
  return result;
}

static bool takeByColumns(Modifiers &m) {
  int layout = m.takeOneOf({"row", "col"});
  if (layout < 0)
    throw StatementError("expects '.row' or '.col'");
  return layout == 1;
}

static void needElement(Type type, const WmmaShape &shape) {
  bool known = shape.k == 8 ? type == Type::TF32
                            : type == Type::F16 || type == Type::BF16 ||
                                  type == Type::S8 || type == Type::U8;
  if (!known)
    throw StatementError("this type of elements is not supported");
}

static void needAccumulator(Type type) {
  if (type != Type::F16 && type != Type::F32 && type != Type::S32)
    throw StatementError("this type of accumulators is not supported");
}

void Decoder::decodeWmma(const ast::Instruction &i, Modifiers &m) {
  auto *info = newInfo<WmmaInfo>();
  Op op;
  op.run = runWmma;
  op.info = info;
  auto add = [&](const Operand &operand, const WmmaInfo::Fragment &fragment,
                 bool isWrite) {
    std::vector<Operand> parts = operand.kind == Operand::Kind::Vector
                                     ? operand.elements
                                     : std::vector<Operand>{operand};
    need(parts.size() == fragment.registers,
         "expects " + std::to_string(fragment.registers) +
             " registers in a fragment, but got " +
             std::to_string(parts.size()));
    Type type = fragment.type == Type::F32 || fragment.type == Type::S32
                    ? fragment.type
                    : Type::B32;
    for (const Operand &part : parts)
      info->parts.push_back(
          {isWrite ? write(part, type).code : readCode(part, type), false});
  };
  int which = m.takeOneOf({"load", "store", "mma"});
  need(which >= 0, "expects '.load', '.store' or '.mma'");
  info->kind = static_cast<WmmaInfo::Kind>(which);
  int matrix = which == 2 ? -1 : m.takeOneOf({"a", "b", "c", "d"});
  need(m.take("sync") && m.take("aligned"), "expects '.sync.aligned'");
  if (which < 2) {
    need(which == 0 ? matrix >= 0 && matrix < 3 : matrix == 3,
         "expects '.load' of a, b or c, or '.store' of d");
    bool byColumns = takeByColumns(m);
    WmmaShape shape = takeShape(m);
    int space = m.takeOneOf({"global", "shared", "shared::cta"});
    info->space = space < 0    ? Space::Generic
                  : space == 0 ? Space::Global
                               : Space::Shared;
    Type type = m.needType();
    if (matrix < 2)
      needElement(type, shape);
    else
      needAccumulator(type);
    info->d = fragmentOf(type, matrix == 1 ? shape.k : shape.m,
                         matrix == 0 ? shape.k : shape.n, matrix >= 2,
                         byColumns && matrix < 2);
    info->byColumns = byColumns;
    needOperands(i, 2, 3);
    Address where = address(i.operands[which == 0]);
    op.a = where.code;
    op.imm = static_cast<uint64_t>(where.offset);
    info->address32 = where.is32;
    info->hasStride = i.operands.size() == 3;
    if (info->hasStride)
      op.b = readCode(i.operands[2], Type::U32);
    add(i.operands[which], info->d, which == 0);
    emit(op);
    return;
  }
  bool aByColumns = takeByColumns(m), bByColumns = takeByColumns(m);
  WmmaShape shape = takeShape(m);
  need(!m.take("satfinite"), "'.satfinite' is not supported");
  Type d = m.needType(), second = m.needType(), a = Type::F16, b = Type::F16,
       c = second;
  if (!m.empty()) {
    a = second;
    b = m.needType();
    c = m.needType();
  }
  needElement(a, shape);
  need(a == b, "expects operands of one type");
  bool integer = a == Type::S8 || a == Type::U8;
  for (Type type : {d, c}) {
    needAccumulator(type);
    need(integer ? type == Type::S32
                 : type == Type::F32 || (type == Type::F16 && a == Type::F16),
         "this type of accumulators is not supported");
  }
  info->d = fragmentOf(d, shape.m, shape.n, true, false);
  info->a = fragmentOf(a, shape.m, shape.k, false, aByColumns);
  info->b = fragmentOf(b, shape.k, shape.n, false, bByColumns);
  info->c = fragmentOf(c, shape.m, shape.n, true, false);
  needOperands(i, 4, 4);
  add(i.operands[0], info->d, true);
  add(i.operands[1], info->a, false);
  add(i.operands[2], info->b, false);
  add(i.operands[3], info->c, false);
  emit(op);
}

// ---- multimem ----

void Decoder::decodeMultimem(const ast::Instruction &i, Modifiers &m) {
  using Kind = MultimemInfo::Kind;
  int which = m.takeOneOf({"ld_reduce", "st", "red"});
  need(which >= 0, "expects '.ld_reduce', '.st' or '.red'");
  auto *info = newInfo<MultimemInfo>();
  info->kind = static_cast<Kind>(which);
  int order = m.takeOneOf({"weak", "relaxed", "acquire", "release"});
  info->order = order == 1   ? Order::Relaxed
                : order == 2 ? Order::Acquire
                : order == 3 ? Order::Release
                : which == 2 ? Order::Relaxed
                             : Order::Weak;
  need(which == 0   ? order != 3
       : which == 1 ? order != 2
                    : order != 0 && order != 2,
       "expects another memory order");
  int scope = m.takeOneOf({"cta", "cluster", "gpu", "sys"});
  need(order < 1 || scope >= 0, "expects a scope");
  info->scope = scope < 0 ? Scope::Gpu : static_cast<Scope>(scope);
  m.take("global"); // the only space, named or not
  if (which != 1) {
    int operation = m.takeOneOf({"add", "min", "max", "and", "or", "xor"});
    need(operation >= 0, "expects an operation");
    static constexpr AtomicOp kOps[] = {AtomicOp::Add, AtomicOp::Min,
                                        AtomicOp::Max, AtomicOp::And,
                                        AtomicOp::Or,  AtomicOp::Xor};
    info->atomic = kOps[operation];
    // Sums in half precision are rounded once per device.
    m.takeOneOf({"acc::f32", "acc::f16"});
  }
  int vector = m.takeOneOf({"v2", "v4", "v8"});
  unsigned count = vector < 0 ? 1 : 2u << vector;
  info->type = m.needType();
  need(bitsOf(info->type) >= 16 && bitsOf(info->type) <= 64,
       "expects a type of 16, 32 or 64 bits");
  info->bytes = static_cast<uint8_t>(bitsOf(info->type) / 8);
  info->count = static_cast<uint8_t>(count);
  needOperands(i, 2, 2);
  Op op;
  op.run = runMultimem;
  op.info = info;
  Address where = address(i.operands[which == 0]);
  need(!where.is32, "expects an address of 64 bits");
  op.a = where.code;
  op.imm = static_cast<uint64_t>(where.offset);
  const Operand &values = i.operands[which != 0];
  need((values.kind == Operand::Kind::Vector) == (count > 1) &&
           (count == 1 || values.elements.size() == count),
       "expects as many registers in braces as the vector has elements");
  for (unsigned k = 0; k < count; ++k) {
    const Operand &part = count > 1 ? values.elements[k] : values;
    info->parts.push_back(
        {which == 0 ? write(part, info->type).code : readCode(part, info->type),
         info->bytes == 8});
  }
  emit(op);
}

// ---- cvt.pack ----

void Decoder::decodeCvtPack(const ast::Instruction &i, Modifiers &m) {
  need(m.take("sat"), "expects '.sat'");
  static constexpr uint8_t kBits[] = {16, 16, 8, 8, 4, 4, 2, 2};
  int to = m.takeOneOf({"u16", "s16", "u8", "s8", "u4", "s4", "u2", "s2"}),
      from = m.takeOneOf({"u32", "s32"});
  need(to >= 0 && from >= 0, "expects a type of at most 16 bits and '.s32' or "
                             "'.u32'");
  bool three = m.take("b32");
  need(three == (to >= 2), "expects '.b32' for types of at most 8 bits only");
  needOperands(i, three ? 4 : 3, three ? 4 : 3);
  PackSpec spec{kBits[to], to % 2 == 1, from == 1};
  uint32_t a = readCode(i.operands[1], Type::B32),
           b = readCode(i.operands[2], Type::B32),
           c = three ? readCode(i.operands[3], Type::B32)
                     : constant(0, Width::W32);
  emitLane(packLane, packSpec(spec), write(i.operands[0], Type::B32).code,
           Width::W32, {{a, Width::W32}, {b, Width::W32}, {c, Width::W32}});
}
