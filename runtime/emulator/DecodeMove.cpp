// Comparisons, selections, moves and conversions.
#include "Decoder.h"

using namespace moe::emu;
using ast::Operand;

// ---- comparisons ----

void Decoder::emitCompare(Comparison comparison, Type type, bool ftz, bool high,
                          uint32_t dst, const Operand &first,
                          const Operand &second) {
  uint32_t a = readCode(first, type), b = readCode(second, type);
  int bits = bitsOf(type);
  bool s = isSigned(type);
  if (isVirtual(dst))
    def(dst);
  bool swap = comparison == Comparison::Gt || comparison == Comparison::Ge ||
              comparison == Comparison::Gtu || comparison == Comparison::Geu;
  if (type == Type::F32 && !ftz && comparison < Comparison::Num) {
    bool unordered = comparison >= Comparison::Equ;
    auto base = static_cast<Comparison>(
        static_cast<int>(comparison) -
        (unordered ? static_cast<int>(Comparison::Equ) : 0));
    LaneOp op = base == Comparison::Eq   ? LaneOp::EqF32
                : base == Comparison::Ne ? LaneOp::NeF32
                : base == Comparison::Lt || base == Comparison::Gt
                    ? LaneOp::LtF32
                    : LaneOp::LeF32;
    emitFast(op, dst, swap ? b : a, swap ? a : b, 0, unordered);
    return;
  }
  if (!isFloat(type) && bits >= 32) {
    bool w = bits == 64;
    LaneOp op;
    if (comparison == Comparison::Eq)
      op = w ? LaneOp::EqI64 : LaneOp::EqI32;
    else if (comparison == Comparison::Ne)
      op = w ? LaneOp::NeI64 : LaneOp::NeI32;
    else if (comparison == Comparison::Lt || comparison == Comparison::Gt)
      op = w ? (s ? LaneOp::LtS64 : LaneOp::LtU64)
             : (s ? LaneOp::LtS32 : LaneOp::LtU32);
    else
      op = w ? (s ? LaneOp::LeS64 : LaneOp::LeU64)
             : (s ? LaneOp::LeS32 : LaneOp::LeU32);
    emitFast(op, dst, swap ? b : a, swap ? a : b);
    return;
  }
  emitLane(compareLane, packSpec(CompareSpec{comparison, type, ftz, high}), dst,
           Width::Pred, {{a, widthOf(type)}, {b, widthOf(type)}});
}

void Decoder::decodeSetp(const ast::Instruction &i, Modifiers &m) {
  static const std::map<std::string, Comparison> kComparisons = {
      {"eq", Comparison::Eq},   {"ne", Comparison::Ne},
      {"lt", Comparison::Lt},   {"le", Comparison::Le},
      {"gt", Comparison::Gt},   {"ge", Comparison::Ge},
      {"equ", Comparison::Equ}, {"neu", Comparison::Neu},
      {"ltu", Comparison::Ltu}, {"leu", Comparison::Leu},
      {"gtu", Comparison::Gtu}, {"geu", Comparison::Geu},
      {"num", Comparison::Num}, {"nan", Comparison::Nan},
      {"lo", Comparison::Lt},   {"ls", Comparison::Le},
      {"hi", Comparison::Gt},   {"hs", Comparison::Ge}};
  std::string name = m.takeFront();
  auto found = kComparisons.find(name);
  need(found != kComparisons.end(), "unknown comparison '." + name + "'");
  int boolOp = m.takeOneOf({"and", "or", "xor"});
  bool ftz = m.take("ftz");
  bool isSet = i.opcode == "set";
  Type resultType = isSet ? m.needType() : Type::Pred;
  Type type = m.needType();
  need(isFloat(type) || found->second < Comparison::Equ,
       "expects a floating-point type");
  if (name == "lo" || name == "ls" || name == "hi" || name == "hs")
    need(!isSigned(type) && !isFloat(type), "expects an unsigned type");
  need(type != Type::Pred && bitsOf(type) >= 16 && bitsOf(type) <= 64,
       "expects a type of 16, 32 or 64 bits");
  bool packed = type == Type::F16x2 || type == Type::BF16x2;
  needOperands(i, boolOp >= 0 ? 4 : 3, boolOp >= 0 ? 4 : 3);
  bool isPair = i.operands[0].kind == Operand::Kind::Pair;
  need(!isSet || !packed, "set of packed types is not supported");

  auto combine = [&](uint32_t dst, uint32_t compared, bool negate) {
    bool notC;
    uint32_t c = readPredicate(i.operands[3], notC);
    LaneOp op = boolOp == 0   ? LaneOp::PredAnd
                : boolOp == 1 ? LaneOp::PredOr
                              : LaneOp::PredXor;
    emitFast(op, def(dst), use(compared), c, 0,
             static_cast<uint32_t>(negate) | static_cast<uint32_t>(notC) << 1);
  };
  // All comparisons come first: a destination may be the source c.
  uint32_t compared = newRegister(Width::Pred), second = 0;
  emitCompare(found->second, type, ftz, false, compared, i.operands[1],
              i.operands[2]);
  if (packed) {
    second = newRegister(Width::Pred);
    emitCompare(found->second, type, ftz, true, second, i.operands[1],
                i.operands[2]);
  }
  uint32_t p = newRegister(Width::Pred), q = newRegister(Width::Pred);
  bool negateSecond = !packed;
  if (boolOp >= 0) {
    combine(p, compared, false);
    if (isPair)
      combine(q, packed ? second : compared, negateSecond);
  } else {
    p = compared;
    if (isPair)
      emitFast(negateSecond ? LaneOp::PredNot : LaneOp::PredMov, def(q),
               use(packed ? second : compared));
  }
  if (isSet) {
    bool isF32 = resultType == Type::F32;
    need(isF32 || resultType == Type::U32 || resultType == Type::S32,
         "expects '.u32', '.s32' or '.f32' as the type of the result");
    use(p);
    emitFast(LaneOp::Select32, write(i.operands[0], resultType).code,
             constant(isF32 ? asBits(1.0f) : 0xffffffff, Width::W32),
             constant(0, Width::W32), p);
    return;
  }
  use(p);
  emitFast(LaneOp::PredMov,
           writePredicate(isPair ? i.operands[0].elements[0] : i.operands[0]),
           p);
  if (isPair) {
    use(q);
    emitFast(LaneOp::PredMov, writePredicate(i.operands[0].elements[1]), q);
  }
}

void Decoder::decodeSelect(const ast::Instruction &i, Modifiers &m) {
  needOperands(i, 4, 4);
  if (i.opcode == "slct") {
    bool ftz = m.take("ftz");
    Type type = m.needType(), condition = m.needType();
    need(condition == Type::S32 || condition == Type::F32,
         "expects '.s32' or '.f32' as the type of the condition");
    uint32_t a = readCode(i.operands[1], type),
             b = readCode(i.operands[2], type),
             c = readCode(i.operands[3], condition);
    (void)ftz; // a subnormal number and zero compare alike with >= 0, but for
               // the sign
    IntOp op = condition == Type::S32 ? IntOp::Slct : IntOp::SlctF;
    emitLane(intLane, packSpec(IntSpec{op, type}),
             write(i.operands[0], type).code, widthOf(type),
             {{a, widthOf(type)}, {b, widthOf(type)}, {c, Width::W32}});
    return;
  }
  Type type = m.needType();
  need(type != Type::Pred, "expects bits");
  uint32_t a = readCode(i.operands[1], type), b = readCode(i.operands[2], type);
  bool negated;
  uint32_t p = readPredicate(i.operands[3], negated);
  emitFast(bitsOf(type) == 64 ? LaneOp::Select64 : LaneOp::Select32,
           write(i.operands[0], type).code, a, b, p, negated ? ~0u : 0);
}

// ---- moves ----

static Type bitsType(int bits) {
  switch (bits) {
  case 8:
    return Type::B8;
  case 16:
    return Type::B16;
  case 32:
    return Type::B32;
  default:
    return Type::B64;
  }
}

/// Both codes have been seen by use() and def().
void Decoder::emitMove(uint32_t dst, int dstBits, uint32_t src, int srcBits) {
  if (dstBits == 64)
    emitFast(srcBits == 64 ? LaneOp::Mov64 : LaneOp::Zext64, dst, src);
  else if (srcBits == 64 || dstBits < srcBits)
    emitLane(intLane, packSpec(IntSpec{IntOp::Extract, bitsType(dstBits)}), dst,
             Width::W32, {{src, srcBits == 64 ? Width::W64 : Width::W32}});
  else
    emitFast(LaneOp::Mov32, dst, src);
}

void Decoder::emitExtract(uint32_t dst, int dstBits, uint32_t src, int srcBits,
                          int shift, int width) {
  if (srcBits == 64 && width == 32 && dstBits == 32) {
    emitFast(shift ? LaneOp::UnpackHigh : LaneOp::UnpackLow, dst, src);
    return;
  }
  emitLane(intLane,
           packSpec(IntSpec{IntOp::Extract, bitsType(width), Type::None,
                            static_cast<uint8_t>(shift)}),
           dst, dstBits == 64 ? Width::W64 : Width::W32,
           {{src, srcBits == 64 ? Width::W64 : Width::W32}});
}

void Decoder::emitInsert(uint32_t dst, int dstBits, uint32_t old, uint32_t part,
                         int partRegisterBits, int shift, int width) {
  Width whole = dstBits == 64 ? Width::W64 : Width::W32;
  emitLane(
      intLane,
      packSpec(IntSpec{IntOp::Insert, bitsType(width), Type::None,
                       static_cast<uint8_t>(shift)}),
      dst, whole,
      {{part, partRegisterBits == 64 ? Width::W64 : Width::W32}, {old, whole}});
}

/// dst = {parts[0], parts[1], ...}, the first in the lowest bits.
void Decoder::emitPack(const Value &dst, const std::vector<Operand> &parts,
                       int partBits) {
  Type partType = bitsType(partBits);
  if (dst.bits == 64 && partBits == 32) {
    uint32_t a = readCode(parts[0], partType), b = readCode(parts[1], partType);
    emitFast(LaneOp::Pack64, def(dst.code), a, b);
    return;
  }
  // Built up in a register of its own: parts may be the destination.
  uint32_t sum = constant(0, dst.bits == 64 ? Width::W64 : Width::W32);
  for (size_t i = 0; i < parts.size(); ++i) {
    uint32_t part = readCode(parts[i], partType);
    use(sum);
    uint32_t next = newRegister(dst.bits == 64 ? Width::W64 : Width::W32);
    def(next);
    emitInsert(next, dst.bits, sum, part, partBits,
               static_cast<int>(i) * partBits, partBits);
    sum = next;
  }
  use(sum);
  emitMove(def(dst.code), dst.bits, sum, dst.bits);
}

void Decoder::unpackTo(const std::vector<Operand> &parts, const Value &src,
                       int partBits) {
  // A copy first: parts may be the source.
  uint32_t copy = newRegister(src.bits == 64 ? Width::W64 : Width::W32);
  use(src.code);
  emitMove(def(copy), src.bits == 64 ? 64 : 32, src.code,
           src.bits == 64 ? 64 : 32);
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].kind == Operand::Kind::Sink)
      continue;
    use(copy);
    Value dst = write(parts[i], bitsType(partBits));
    emitExtract(dst.code, partBits, copy, src.bits == 64 ? 64 : 32,
                static_cast<int>(i) * partBits, partBits);
  }
}

void Decoder::decodeMov(const ast::Instruction &i, Modifiers &m) {
  Type type = m.needType();
  needOperands(i, 2, 2);
  const Operand &to = i.operands[0], &from = i.operands[1];
  if (type == Type::Pred) {
    bool negated;
    uint32_t a = readPredicate(from, negated);
    emitFast(LaneOp::PredMov, writePredicate(to), a, a, 0, negated);
    return;
  }
  int bits = bitsOf(type);
  auto partBits = [&](const Operand &vector) {
    auto count = static_cast<int>(vector.elements.size());
    need((count == 2 || count == 4) && bits / count >= 8,
         "expects 2 or 4 parts");
    return bits / count;
  };
  if (bits == 128) {
    if (to.kind == Operand::Kind::Vector) {
      need(partBits(to) == 64, "expects two parts of 64 bits");
      Value src = registerOf(from);
      need(src.bits == 128, "expects a register of 128 bits");
      for (int part : {0, 1})
        if (to.elements[part].kind != Operand::Kind::Sink) {
          use(part ? src.high : src.code);
          emitFast(LaneOp::Mov64, write(to.elements[part], Type::B64).code,
                   part ? src.high : src.code);
        }
      return;
    }
    Value dst = registerOf(to);
    need(dst.bits == 128, "expects a register of 128 bits");
    if (from.kind == Operand::Kind::Vector) {
      need(partBits(from) == 64, "expects two parts of 64 bits");
      for (int part : {0, 1}) {
        uint32_t src = readCode(from.elements[part], Type::B64);
        emitFast(LaneOp::Mov64, def(part ? dst.high : dst.code), src);
      }
      return;
    }
    Value src = registerOf(from);
    need(src.bits == 128, "expects a register of 128 bits");
    for (int part : {0, 1}) {
      use(part ? src.high : src.code);
      emitFast(LaneOp::Mov64, def(part ? dst.high : dst.code),
               part ? src.high : src.code);
    }
    return;
  }
  if (to.kind == Operand::Kind::Vector) {
    int width = partBits(to);
    Value src = read(from, type);
    pendingUses.clear();
    unpackTo(to.elements, src, width);
    return;
  }
  if (from.kind == Operand::Kind::Vector) {
    int width = partBits(from);
    Value dst = registerOf(to);
    need(dst.bits == bits, "expects a register of " + std::to_string(bits) +
                               " bits as destination");
    emitPack(dst, from.elements, width);
    return;
  }
  Value src = read(from, type);
  Value dst = write(to, type);
  if (isVirtual(src.code) && pendingUses.empty())
    use(src.code);
  emitMove(dst.code, bits == 64 ? 64 : bits, src.code,
           src.bits == 64 ? 64 : bits);
}

// ---- conversions ----

void Decoder::decodeCvt(const ast::Instruction &i, Modifiers &m) {
  ConvertSpec spec{Type::None, Type::None};
  if (m.take("pack")) {
    decodeCvtPack(i, m);
    return;
  }
  int integral = m.takeOneOf({"rni", "rzi", "rmi", "rpi"});
  std::optional<Rounding> rounding = m.takeRounding();
  if (m.take("ftz"))
    spec.flags |= ConvertSpec::kFtz;
  if (m.take("sat"))
    spec.flags |= ConvertSpec::kSat;
  if (m.take("relu"))
    spec.flags |= ConvertSpec::kRelu;
  if (m.take("satfinite"))
    spec.flags |= ConvertSpec::kSatFinite;
  spec.to = m.needType();
  spec.from = m.needType();
  need(spec.to != Type::Pred && spec.from != Type::Pred, "expects numbers");
  need(bitsOf(spec.to) <= 64 && bitsOf(spec.from) <= 64 &&
           spec.to != Type::F32x2 && spec.from != Type::F32x2,
       "expects at most 64 bits");
  static constexpr Rounding kIntegral[] = {
      Rounding::NearestEven, Rounding::Zero, Rounding::Down, Rounding::Up};
  bool toFloat = isFloat(spec.to), fromFloat = isFloat(spec.from);
  if (integral >= 0) {
    need(fromFloat, "expects a rounding for floating point");
    spec.rounding = kIntegral[integral];
    spec.flags |= ConvertSpec::kToInteger;
  } else {
    spec.rounding = rounding.value_or(Rounding::NearestEven);
    need(!(fromFloat && !toFloat), "expects '.rni', '.rzi', '.rmi' or '.rpi'");
    bool narrows =
        toFloat &&
        (!fromFloat ||
         formatOf(spec.to).mantissaBits < formatOf(spec.from).mantissaBits ||
         (spec.from == Type::F64 && spec.to != Type::F64));
    need(rounding || !narrows, "expects a rounding");
  }
  bool packedTo = spec.to == Type::F16x2 || spec.to == Type::BF16x2 ||
                  spec.to == Type::E4M3x2 || spec.to == Type::E5M2x2;
  bool packedFrom = spec.from == Type::F16x2 || spec.from == Type::BF16x2 ||
                    spec.from == Type::E4M3x2 || spec.from == Type::E5M2x2;
  size_t count = packedTo && !packedFrom ? 2 : 1;
  need(!packedFrom || packedTo, "expects a packed type as destination");
  need(!packedTo || packedFrom || spec.from == Type::F32,
       "expects '.f32' as the type of the sources");
  needOperands(i, count + 1, count + 1);

  auto sourceType = [&](const Operand &operand) {
    // Registers may be wider than the source type, and immediates as wide.
    if (operand.kind == Operand::Kind::Name && !isFloat(spec.from)) {
      const Symbol *symbol = find(operand.name);
      if (symbol && symbol->kind == Symbol::Kind::Register &&
          symbol->bits > bitsOf(spec.from))
        return symbol->bits == 64   ? Type::B64
               : symbol->bits == 32 ? Type::B32
                                    : Type::B16;
    }
    return spec.from;
  };
  Type aType = sourceType(i.operands[1]);
  uint32_t a = readCode(i.operands[1], aType);
  uint32_t b = count > 1 ? readCode(i.operands[2], spec.from) : 0;
  // The destination may be wider than its type too: extended by its sign.
  Type dstType = spec.to;
  if (!toFloat && i.operands[0].kind == Operand::Kind::Name) {
    int bits = registerOf(i.operands[0]).bits;
    if (bits > bitsOf(spec.to))
      dstType = bits == 64 ? Type::B64 : bits == 32 ? Type::B32 : Type::B16;
  }
  uint32_t dst = write(i.operands[0], dstType).code;

  bool plain = spec.flags == 0;
  int from = bitsOf(spec.from), to = bitsOf(spec.to), has = bitsOf(aType),
      gets = bitsOf(dstType);
  if (plain && !toFloat && !fromFloat && from == has && to == gets) {
    if (from == 32 && to == 64)
      return emitFast(isSigned(spec.from) ? LaneOp::Sext64 : LaneOp::Zext64,
                      dst, a);
    if (from == 64 && to == 32)
      return emitFast(LaneOp::Trunc64, dst, a);
    if (from == to && from >= 32)
      return emitFast(from == 64 ? LaneOp::Mov64 : LaneOp::Mov32, dst, a);
  }
  if (plain && spec.to == Type::BF16x2 && spec.from == Type::F32 &&
      spec.rounding == Rounding::NearestEven)
    return emitFast(LaneOp::CvtBF16x2, dst, a, b);
  emitLane(convertLane, packSpec(spec), dst, widthOf(dstType),
           {{a, widthOf(aType)}, {b, widthOf(spec.from)}},
           static_cast<uint32_t>(gets));
}

void Decoder::decodeCvta(const ast::Instruction &i, Modifiers &m) {
  bool to = m.take("to");
  int space = m.takeOneOf({"global", "shared", "const", "local", "param",
                           "shared::cta", "shared::cluster", "param::entry"});
  Type type = m.needType();
  need(space >= 0 && type == Type::U64, "expects a state space and '.u64'");
  needOperands(i, 2, 2);
  bool shared = space == 1 || space == 5 || space == 6, local = space == 3;
  Value src = read(i.operands[1], type);
  if (isVirtual(src.code) && pendingUses.empty())
    use(src.code);
  // A parameter of an inlined function is local to its thread.
  if (space == 4 && i.operands[1].kind == Operand::Kind::Name) {
    const Symbol *symbol = find(i.operands[1].name);
    local = symbol && symbol->kind == Symbol::Kind::Local;
  }
  uint32_t dst = write(i.operands[0], type).code;
  if (!shared && !local)
    return emitFast(LaneOp::Mov64, dst, src.code);
  uint32_t base =
      special(shared ? "%shared_window" : "%local_window", Width::W64);
  emitFast(to ? LaneOp::Sub64 : LaneOp::Add64, dst, src.code, base);
}

void Decoder::decodeIsspacep(const ast::Instruction &i, Modifiers &m) {
  int space = m.takeOneOf({"global", "shared", "shared::cta", "shared::cluster",
                           "local", "const", "param", "param::entry"});
  need(space >= 0, "expects a state space");
  needOperands(i, 2, 2);
  static constexpr Space kSpaces[] = {
      Space::Global, Space::Shared, Space::Shared, Space::SharedCluster,
      Space::Local,  Space::Const,  Space::Param,  Space::Param};
  Op op;
  op.run = runIsSpace;
  op.a = readCode(i.operands[1], Type::U64);
  op.dst = writePredicate(i.operands[0]);
  op.flags = static_cast<uint32_t>(kSpaces[space]);
  emit(op);
}
