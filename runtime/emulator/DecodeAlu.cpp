// Arithmetic, logic and bits; the table of all instructions.
#include "Decoder.h"

using namespace moe::emu;

const std::map<std::string, Decoder::Method> &Decoder::methods() {
  static const std::map<std::string, Method> known = [] {
    std::map<std::string, Method> m;
    for (const char *name :
         {"add",  "sub",      "mul",   "mad",  "fma",   "div",   "rem",
          "min",  "max",      "neg",   "abs",  "mul24", "mad24", "sad",
          "rcp",  "sqrt",     "rsqrt", "ex2",  "lg2",   "sin",   "cos",
          "tanh", "copysign", "addc",  "subc", "madc"})
      m[name] = &Decoder::decodeArithmetic;
    for (const char *name : {"and", "or", "xor", "not", "cnot", "lop3"})
      m[name] = &Decoder::decodeLogic;
    for (const char *name : {"shl", "shr", "shf"})
      m[name] = &Decoder::decodeShift;
    for (const char *name : {"popc", "clz", "bfind", "brev", "bfe", "bfi",
                             "szext", "bmsk", "fns", "dp4a", "dp2a"})
      m[name] = &Decoder::decodeBits;
    m["prmt"] = &Decoder::decodePermute;
    m["setp"] = m["set"] = &Decoder::decodeSetp;
    m["selp"] = m["slct"] = &Decoder::decodeSelect;
    m["mov"] = &Decoder::decodeMov;
    m["cvt"] = &Decoder::decodeCvt;
    m["cvta"] = &Decoder::decodeCvta;
    m["isspacep"] = &Decoder::decodeIsspacep;
    m["testp"] = &Decoder::decodeTestp;
    m["bra"] = &Decoder::decodeBranch;
    m["brx"] = &Decoder::decodeBrx;
    m["ret"] = &Decoder::decodeReturn;
    m["exit"] = &Decoder::decodeExit;
    m["trap"] = &Decoder::decodeTrap;
    m["call"] = &Decoder::decodeCall;
    for (const char *name : {"pmevent", "brkpt"})
      m[name] = &Decoder::decodeNothing;
    m["ld"] = m["ldu"] = m["st"] = &Decoder::decodeLoadStore;
    m["atom"] = m["red"] = &Decoder::decodeAtomic;
    m["fence"] = m["membar"] = &Decoder::decodeFence;
    for (const char *name :
         {"prefetch", "prefetchu", "discard", "applypriority"})
      m[name] = &Decoder::decodePrefetch;
    m["createpolicy"] = &Decoder::decodeCreatePolicy;
    m["bar"] = m["barrier"] = &Decoder::decodeBar;
    m["shfl"] = &Decoder::decodeShfl;
    m["vote"] = &Decoder::decodeVote;
    m["match"] = &Decoder::decodeMatch;
    m["redux"] = &Decoder::decodeRedux;
    m["activemask"] = &Decoder::decodeActivemask;
    m["elect"] = &Decoder::decodeElect;
    m["nanosleep"] = &Decoder::decodeNanosleep;
    m["setmaxnreg"] = &Decoder::decodeSetmaxnreg;
    m["mapa"] = m["getctarank"] = &Decoder::decodeMapa;
    m["griddepcontrol"] = &Decoder::decodeGriddepcontrol;
    m["cp"] = &Decoder::decodeCp;
    m["mbarrier"] = &Decoder::decodeMbarrier;
    m["ldmatrix"] = m["stmatrix"] = &Decoder::decodeLdmatrix;
    m["mma"] = &Decoder::decodeMma;
    m["wgmma"] = &Decoder::decodeWgmma;
    m["tcgen05"] = &Decoder::decodeTcgen05;
    m["wmma"] = &Decoder::decodeWmma;
    m["multimem"] = &Decoder::decodeMultimem;
    m["clusterlaunchcontrol"] = &Decoder::decodeLaunchControl;
    m["tensormap"] = &Decoder::decodeTensormap;
    return m;
  }();
  return known;
}

static Type widerType(Type type) {
  switch (type) {
  case Type::U16:
    return Type::U32;
  case Type::S16:
    return Type::S32;
  case Type::U32:
    return Type::U64;
  case Type::S32:
    return Type::S64;
  default:
    throw StatementError("expects '.wide' of 16 or 32 bits");
  }
}

void Decoder::decodeArithmetic(const ast::Instruction &i, Modifiers &m) {
  if (i.opcode == "addc" || i.opcode == "subc" || i.opcode == "madc" ||
      std::find(i.modifiers.begin(), i.modifiers.end(), "cc") !=
          i.modifiers.end()) {
    decodeExtended(i, m);
    return;
  }
  need(!i.modifiers.empty(), "expects a type");
  if (i.modifiers.back() == "u16x2" || i.modifiers.back() == "s16x2") {
    decodePairArithmetic(i, m);
    return;
  }
  // The type is the last modifier that names one.
  Type type = parseType(i.modifiers.back());
  need(type != Type::None, "unknown modifier '." + i.modifiers.back() + "'");
  if (isFloat(type))
    decodeFloatArithmetic(i, m, type);
  else
    decodeIntArithmetic(i, m, type);
}

void Decoder::decodeIntArithmetic(const ast::Instruction &i, Modifiers &m,
                                  Type type) {
  bool sat = m.take("sat"), relu = m.take("relu");
  int part = m.takeOneOf({"lo", "hi", "wide"});
  need(m.takeType() == type,
       "unknown modifier '." + (m.empty() ? "" : m.front()) + "'");
  int bits = bitsOf(type);
  const std::string &name = i.opcode;
  need(bits >= 16 && bits <= 64 &&
           (isSigned(type) || (type >= Type::U16 && type <= Type::U64)),
       "expects an integer type of 16, 32 or 64 bits");

  struct Entry {
    IntOp op;
    unsigned operands;
  };
  bool is24 = name == "mul24" || name == "mad24";
  need((part >= 0) == (name == "mul" || name == "mad" || is24),
       "expects '.lo', '.hi' or '.wide' with mul and mad only");
  Entry entry;
  if (name == "add")
    entry = {sat ? IntOp::AddSat : IntOp::Add, 2};
  else if (name == "sub")
    entry = {sat ? IntOp::SubSat : IntOp::Sub, 2};
  else if (name == "mul")
    entry = {part == 0   ? IntOp::MulLo
             : part == 1 ? IntOp::MulHi
                         : IntOp::MulWide,
             2};
  else if (name == "mad")
    entry = {part == 0   ? IntOp::MadLo
             : part == 1 ? (sat ? IntOp::MadHiSat : IntOp::MadHi)
                         : IntOp::MadWide,
             3};
  else if (name == "mul24")
    entry = {part == 0 ? IntOp::Mul24Lo : IntOp::Mul24Hi, 2};
  else if (name == "mad24")
    entry = {part == 0 ? IntOp::Mad24Lo : IntOp::Mad24Hi, 3};
  else if (name == "sad")
    entry = {IntOp::Sad, 3};
  else if (name == "div")
    entry = {IntOp::Div, 2};
  else if (name == "rem")
    entry = {IntOp::Rem, 2};
  else if (name == "min")
    entry = {relu ? IntOp::MinRelu : IntOp::Min, 2};
  else if (name == "max")
    entry = {relu ? IntOp::MaxRelu : IntOp::Max, 2};
  else if (name == "neg")
    entry = {IntOp::Neg, 1};
  else if (name == "abs")
    entry = {IntOp::Abs, 1};
  else
    throw StatementError("expects a floating-point type");
  need(!sat || entry.op == IntOp::AddSat || entry.op == IntOp::SubSat ||
           entry.op == IntOp::MadHiSat,
       "unknown modifier '.sat'");
  need(!relu || entry.op == IntOp::MinRelu || entry.op == IntOp::MaxRelu,
       "unknown modifier '.relu'");
  need(!(is24 && part == 2), "unknown modifier '.wide'");
  needOperands(i, entry.operands + 1, entry.operands + 1);

  bool wide = entry.op == IntOp::MulWide || entry.op == IntOp::MadWide;
  Type resultType = wide ? widerType(type) : type;
  uint32_t a = readCode(i.operands[1], type);
  uint32_t b = entry.operands > 1 ? readCode(i.operands[2], type) : 0;
  uint32_t c = entry.operands > 2 ? readCode(i.operands[3], resultType) : 0;
  uint32_t dst = write(i.operands[0], resultType).code;

  bool s = isSigned(type);
  LaneOp fast = LaneOp::Count;
  auto choose = [&](LaneOp at32, LaneOp at64) {
    fast = bits == 32 ? at32 : bits == 64 ? at64 : LaneOp::Count;
  };
  switch (entry.op) {
  case IntOp::Add:
    choose(LaneOp::Add32, LaneOp::Add64);
    break;
  case IntOp::Sub:
    choose(LaneOp::Sub32, LaneOp::Sub64);
    break;
  case IntOp::MulLo:
    choose(LaneOp::Mul32, LaneOp::Mul64);
    break;
  case IntOp::MulHi:
    choose(s ? LaneOp::MulHiS32 : LaneOp::MulHiU32, LaneOp::Count);
    break;
  case IntOp::MulWide:
    choose(s ? LaneOp::MulWideS32 : LaneOp::MulWideU32, LaneOp::Count);
    break;
  case IntOp::MadLo:
    choose(LaneOp::Mad32, LaneOp::Mad64);
    break;
  case IntOp::MadWide:
    choose(s ? LaneOp::MadWideS32 : LaneOp::MadWideU32, LaneOp::Count);
    break;
  case IntOp::Min:
    choose(s ? LaneOp::MinS32 : LaneOp::MinU32, LaneOp::Count);
    break;
  case IntOp::Max:
    choose(s ? LaneOp::MaxS32 : LaneOp::MaxU32, LaneOp::Count);
    break;
  default:
    break;
  }
  if (fast != LaneOp::Count) {
    emitFast(fast, dst, a, b, c);
    return;
  }
  Width width = widthOf(type);
  emitLane(intLane, packSpec(IntSpec{entry.op, type}), dst, widthOf(resultType),
           {{a, width}, {b, width}, {c, widthOf(resultType)}});
}

/// Two integers of 16 bits in a register.
void Decoder::decodePairArithmetic(const ast::Instruction &i, Modifiers &m) {
  const std::string &name = i.opcode;
  IntSpec spec{name == "add"   ? IntOp::AddX2
               : name == "min" ? IntOp::MinX2
                               : IntOp::MaxX2,
               Type::U16};
  need(name == "add" || name == "min" || name == "max",
       "expects an integer type of 16, 32 or 64 bits");
  spec.extra = name != "add" && m.take("relu");
  if (m.takeFront() == "s16x2")
    spec.type = Type::S16;
  need(!spec.extra || spec.type == Type::S16, "unknown modifier '.relu'");
  needOperands(i, 3, 3);
  uint32_t a = readCode(i.operands[1], Type::B32),
           b = readCode(i.operands[2], Type::B32);
  emitLane(intLane, packSpec(spec), write(i.operands[0], Type::B32).code,
           Width::W32, {{a, Width::W32}, {b, Width::W32}});
}

/// add.cc, addc, sub.cc, subc, mad.cc, madc: the condition code is a predicate.
void Decoder::decodeExtended(const ast::Instruction &i, Modifiers &m) {
  bool setsCarry = m.take("cc");
  bool usesCarry = i.opcode.back() == 'c';
  std::string base = usesCarry ? i.opcode.substr(0, 3) : i.opcode;
  int part = m.takeOneOf({"lo", "hi"});
  Type type = m.needType();
  int bits = bitsOf(type);
  bool isMad = base == "mad";
  need((part >= 0) == isMad, "expects '.lo' or '.hi' with mad only");
  need(base == "add" || base == "sub" || isMad, "unknown modifier '.cc'");
  need(bits >= 32 && bits <= 64 && !isFloat(type),
       "expects an integer type of 32 or 64 bits");
  needOperands(i, isMad ? 4 : 3, isMad ? 4 : 3);
  if (!carry)
    carry = newRegister(Width::Pred);
  IntOp op = base == "add"   ? IntOp::Add
             : base == "sub" ? IntOp::Sub
             : part == 0     ? IntOp::MadLo
                             : IntOp::MadHi;
  IntOp carryOp = base == "add"   ? IntOp::AddCarryOut
                  : base == "sub" ? IntOp::SubBorrowOut
                  : part == 0     ? IntOp::MadCarryOut
                                  : IntOp::MadHiCarryOut;
  Width width = widthOf(type);
  uint32_t carryIn = usesCarry ? carry : 0;
  auto sources = [&] {
    std::array<uint32_t, 3> codes{
        readCode(i.operands[1], type), readCode(i.operands[2], type),
        isMad ? readCode(i.operands[3], type) : constant(0, width)};
    if (usesCarry)
      use(carryIn);
    return codes;
  };
  // The carry is computed first, since the destination may be a source.
  uint32_t newCarry = newRegister(Width::Pred);
  auto flags = static_cast<uint32_t>(usesCarry);
  uint32_t carrySource = usesCarry ? carryIn : kTrue;
  if (setsCarry) {
    auto [a, b, c] = sources();
    emitLane(intLane, packSpec(IntSpec{carryOp, type}), def(newCarry),
             Width::Pred,
             {{a, width}, {b, width}, {c, width}, {carrySource, Width::Pred}},
             flags);
  }
  auto [a, b, c] = sources();
  emitLane(intLane, packSpec(IntSpec{op, type}),
           write(i.operands[0], type).code, width,
           {{a, width}, {b, width}, {c, width}, {carrySource, Width::Pred}},
           flags);
  if (setsCarry)
    emitFast(LaneOp::PredMov, def(carry), use(newCarry));
}

void Decoder::decodeFloatArithmetic(const ast::Instruction &i, Modifiers &m,
                                    Type type) {
  const std::string &name = i.opcode;
  FloatSpec spec{FloatOp::Add, type};
  bool approximate = m.take("approx"), full = m.take("full");
  if (m.take("ftz"))
    spec.flags |= FloatSpec::kFtz;
  if (m.take("sat"))
    spec.flags |= FloatSpec::kSat;
  if (m.take("relu"))
    spec.flags |= FloatSpec::kRelu;
  if (m.take("NaN"))
    spec.flags |= FloatSpec::kNaN;
  if (m.take("xorsign"))
    spec.flags |= FloatSpec::kXorSign;
  if (m.take("abs"))
    spec.flags |= FloatSpec::kAbs;
  std::optional<Rounding> rounding = m.takeRounding();
  need(m.takeType() == type,
       "unknown modifier '." + (m.empty() ? "" : m.front()) + "'");
  need(type == Type::F16 || type == Type::F16x2 || type == Type::BF16 ||
           type == Type::BF16x2 || type == Type::F32 || type == Type::F64 ||
           type == Type::F32x2,
       "expects f16, bf16, f32 or f64");
  need(type != Type::F32x2 || name == "add" || name == "sub" || name == "mul" ||
           name == "fma",
       "expects f16, bf16, f32 or f64");
  spec.rounding = rounding.value_or(Rounding::NearestEven);
  need(spec.rounding != Rounding::NearestAway, "unknown modifier '.rna'");

  static const std::map<std::string, std::pair<FloatOp, unsigned>> kOps = {
      {"add", {FloatOp::Add, 2}},          {"sub", {FloatOp::Sub, 2}},
      {"mul", {FloatOp::Mul, 2}},          {"fma", {FloatOp::Fma, 3}},
      {"mad", {FloatOp::Fma, 3}},          {"div", {FloatOp::Div, 2}},
      {"min", {FloatOp::Min, 2}},          {"max", {FloatOp::Max, 2}},
      {"neg", {FloatOp::Neg, 1}},          {"abs", {FloatOp::Abs, 1}},
      {"rcp", {FloatOp::Rcp, 1}},          {"sqrt", {FloatOp::Sqrt, 1}},
      {"rsqrt", {FloatOp::Rsqrt, 1}},      {"ex2", {FloatOp::Ex2, 1}},
      {"lg2", {FloatOp::Lg2, 1}},          {"sin", {FloatOp::Sin, 1}},
      {"cos", {FloatOp::Cos, 1}},          {"tanh", {FloatOp::Tanh, 1}},
      {"copysign", {FloatOp::CopySign, 2}}};
  auto found = kOps.find(name);
  need(found != kOps.end(), "expects an integer type");
  unsigned count = found->second.second;
  spec.op = found->second.first;
  bool minMax = spec.op == FloatOp::Min || spec.op == FloatOp::Max;
  if (minMax && i.operands.size() == 4) {
    spec.op = spec.op == FloatOp::Min ? FloatOp::Min3 : FloatOp::Max3;
    count = 3;
    need(spec.flags == 0,
         "modifiers of min and max with three operands are not supported");
  }
  // abs.f32 has taken its own name as a modifier nowhere; min.xorsign.abs has.
  need(minMax || !(spec.flags &
                   (FloatSpec::kNaN | FloatSpec::kXorSign | FloatSpec::kAbs)),
       "unknown modifier of '" + name + "'");
  need(!(spec.flags & FloatSpec::kRelu) || name == "fma",
       "unknown modifier '.relu'");
  bool transcendental = spec.op >= FloatOp::Rsqrt && spec.op <= FloatOp::Tanh;
  bool mayApproximate = transcendental || spec.op == FloatOp::Div ||
                        spec.op == FloatOp::Rcp || spec.op == FloatOp::Sqrt;
  need(!(approximate || full) || mayApproximate,
       "unknown modifier '.approx' or '.full'");
  need(!transcendental || approximate || type != Type::F32,
       "expects '.approx'");
  need(!((spec.op == FloatOp::Div || spec.op == FloatOp::Rcp ||
          spec.op == FloatOp::Sqrt) &&
         !approximate && !full && !rounding),
       "expects a rounding, '.approx' or '.full'");
  needOperands(i, count + 1, count + 1);

  uint32_t a = readCode(i.operands[1], type);
  uint32_t b = count > 1 ? readCode(i.operands[2], type) : 0;
  uint32_t c = count > 2 ? readCode(i.operands[3], type) : 0;
  uint32_t dst = write(i.operands[0], type).code;
  bool plain = spec.flags == 0 && spec.rounding == Rounding::NearestEven;
  if (plain && type == Type::F32) {
    static const std::map<FloatOp, LaneOp> kFast = {
        {FloatOp::Add, LaneOp::AddF32}, {FloatOp::Sub, LaneOp::SubF32},
        {FloatOp::Mul, LaneOp::MulF32}, {FloatOp::Fma, LaneOp::FmaF32},
        {FloatOp::Min, LaneOp::MinF32}, {FloatOp::Max, LaneOp::MaxF32},
        {FloatOp::Neg, LaneOp::NegF32}, {FloatOp::Abs, LaneOp::AbsF32}};
    if (auto fast = kFast.find(spec.op); fast != kFast.end()) {
      emitFast(fast->second, dst, a, b, c);
      return;
    }
  }
  if (plain && type == Type::F64) {
    static const std::map<FloatOp, LaneOp> kFast = {
        {FloatOp::Add, LaneOp::AddF64},
        {FloatOp::Sub, LaneOp::SubF64},
        {FloatOp::Mul, LaneOp::MulF64},
        {FloatOp::Fma, LaneOp::FmaF64}};
    if (auto fast = kFast.find(spec.op); fast != kFast.end()) {
      emitFast(fast->second, dst, a, b, c);
      return;
    }
  }
  Width width = widthOf(type);
  emitLane(floatLane, packSpec(spec), dst, width,
           {{a, width}, {b, width}, {c, width}});
}

void Decoder::decodeTestp(const ast::Instruction &i, Modifiers &m) {
  int which = m.takeOneOf(
      {"finite", "infinite", "number", "notanumber", "normal", "subnormal"});
  Type type = m.needType();
  need(which >= 0 && (type == Type::F32 || type == Type::F64),
       "expects what to test and f32 or f64");
  needOperands(i, 2, 2);
  Width width = widthOf(type);
  FloatSpec spec{
      static_cast<FloatOp>(static_cast<int>(FloatOp::TestFinite) + which),
      type};
  uint32_t a = readCode(i.operands[1], type);
  emitLane(floatLane, packSpec(spec), writePredicate(i.operands[0]),
           Width::Pred, {{a, width}});
}

void Decoder::decodeLogic(const ast::Instruction &i, Modifiers &m) {
  const std::string &name = i.opcode;
  if (name == "lop3") {
    int boolOp = m.takeOneOf({"and", "or"});
    need(m.takeType() == Type::B32, "expects '.b32'");
    needOperands(i, boolOp < 0 ? 5 : 6, boolOp < 0 ? 5 : 6);
    uint32_t a = readCode(i.operands[1], Type::B32),
             b = readCode(i.operands[2], Type::B32),
             c = readCode(i.operands[3], Type::B32);
    uint64_t function = immediate(i.operands[4], "the table") & 0xff;
    if (boolOp < 0) {
      emitFast(LaneOp::Lop3, write(i.operands[0], Type::B32).code, a, b, c, 0,
               function);
      return;
    }
    // d | p: p = (d != 0) and / or q.
    const ast::Operand &to = i.operands[0];
    need(to.kind == ast::Operand::Kind::Pair, "expects two destinations");
    uint32_t result = newRegister(Width::W32), isSet = newRegister(Width::Pred);
    emitFast(LaneOp::Lop3, def(result), a, b, c, 0, function);
    emitFast(LaneOp::NeI32, def(isSet), use(result), constant(0, Width::W32));
    bool negated;
    uint32_t q = readPredicate(i.operands[5], negated);
    emitFast(boolOp ? LaneOp::PredOr : LaneOp::PredAnd,
             writePredicate(to.elements[1]), use(isSet), q, 0,
             static_cast<uint32_t>(negated) << 1);
    emitMove(write(to.elements[0], Type::B32).code, 32, use(result), 32);
    return;
  }
  Type type = m.needType();
  bool isUnary = name == "not" || name == "cnot";
  needOperands(i, isUnary ? 2 : 3, isUnary ? 2 : 3);
  if (type == Type::Pred) {
    need(name != "cnot", "expects bits");
    bool notA, notB = false;
    uint32_t a = readPredicate(i.operands[1], notA);
    uint32_t b = isUnary ? a : readPredicate(i.operands[2], notB);
    LaneOp op = name == "and"   ? LaneOp::PredAnd
                : name == "or"  ? LaneOp::PredOr
                : name == "xor" ? LaneOp::PredXor
                                : LaneOp::PredNot;
    emitFast(op, writePredicate(i.operands[0]), a, b, 0,
             static_cast<uint32_t>(notA) | static_cast<uint32_t>(notB) << 1);
    return;
  }
  int bits = bitsOf(type);
  need(type >= Type::B16 && type <= Type::B64,
       "expects '.pred', '.b16', '.b32' or '.b64'");
  uint32_t a = readCode(i.operands[1], type);
  uint32_t b = isUnary ? 0 : readCode(i.operands[2], type);
  uint32_t dst = write(i.operands[0], type).code;
  bool is64 = bits == 64;
  Width width = widthOf(type);
  if (name == "and")
    emitFast(is64 ? LaneOp::And64 : LaneOp::And32, dst, a, b);
  else if (name == "or")
    emitFast(is64 ? LaneOp::Or64 : LaneOp::Or32, dst, a, b);
  else if (name == "xor")
    emitFast(is64 ? LaneOp::Xor64 : LaneOp::Xor32, dst, a, b);
  else if (name == "not" && bits != 16)
    emitFast(is64 ? LaneOp::Not64 : LaneOp::Not32, dst, a);
  else
    emitLane(intLane,
             packSpec(IntSpec{name == "not" ? IntOp::Not : IntOp::Cnot, type}),
             dst, width, {{a, width}});
}

void Decoder::decodeShift(const ast::Instruction &i, Modifiers &m) {
  if (i.opcode == "shf") {
    int direction = m.takeOneOf({"l", "r"}),
        mode = m.takeOneOf({"clamp", "wrap"});
    need(direction >= 0 && mode >= 0 && m.takeType() == Type::B32,
         "expects '.l' or '.r', '.clamp' or '.wrap' and '.b32'");
    needOperands(i, 4, 4);
    uint32_t a = readCode(i.operands[1], Type::B32),
             b = readCode(i.operands[2], Type::B32),
             c = readCode(i.operands[3], Type::B32);
    IntOp op = direction == 0
                   ? (mode == 0 ? IntOp::ShfLeftClamp : IntOp::ShfLeftWrap)
                   : (mode == 0 ? IntOp::ShfRightClamp : IntOp::ShfRightWrap);
    emitLane(intLane, packSpec(IntSpec{op, Type::B32}),
             write(i.operands[0], Type::B32).code, Width::W32,
             {{a, Width::W32}, {b, Width::W32}, {c, Width::W32}});
    return;
  }
  Type type = m.needType();
  int bits = bitsOf(type);
  need(!isFloat(type) && bits >= 16 && bits <= 64,
       "expects an integer type of 16, 32 or 64 bits");
  needOperands(i, 3, 3);
  uint32_t a = readCode(i.operands[1], type),
           b = readCode(i.operands[2], Type::U32);
  uint32_t dst = write(i.operands[0], type).code;
  bool left = i.opcode == "shl", s = isSigned(type);
  if (bits == 32)
    emitFast(left ? LaneOp::Shl32
             : s  ? LaneOp::ShrS32
                  : LaneOp::ShrU32,
             dst, a, b);
  else if (bits == 64)
    emitFast(left ? LaneOp::Shl64
             : s  ? LaneOp::ShrS64
                  : LaneOp::ShrU64,
             dst, a, b);
  else
    emitLane(intLane, packSpec(IntSpec{left ? IntOp::Shl : IntOp::Shr, type}),
             dst, Width::W32, {{a, Width::W32}, {b, Width::W32}});
}

void Decoder::decodeBits(const ast::Instruction &i, Modifiers &m) {
  const std::string &name = i.opcode;
  IntSpec spec{IntOp::Popc, Type::None};
  Type second = Type::U32, third = Type::U32, result = Type::U32;
  size_t count = 1;
  if (name == "dp4a" || name == "dp2a") {
    int half = name == "dp2a" ? m.takeOneOf({"lo", "hi"}) : 0;
    need(half >= 0, "expects '.lo' or '.hi'");
    spec.op = name == "dp4a" ? IntOp::Dp4a
              : half == 0    ? IntOp::Dp2aLo
                             : IntOp::Dp2aHi;
    spec.type = m.needType();
    spec.type2 = m.needType();
    need(bitsOf(spec.type) == 32 && bitsOf(spec.type2) == 32 &&
             !isFloat(spec.type) && !isFloat(spec.type2),
         "expects '.u32' or '.s32' twice");
    count = 3;
  } else {
    bool shift = m.take("shiftamt");
    int mode = m.takeOneOf({"clamp", "wrap"});
    spec.type = m.needType();
    int bits = bitsOf(spec.type);
    need(!isFloat(spec.type) && (bits == 32 || bits == 64),
         "expects an integer type of 32 or 64 bits");
    if (name == "popc" || name == "clz") {
      spec.op = name == "popc" ? IntOp::Popc : IntOp::Clz;
    } else if (name == "bfind") {
      spec.op = shift ? IntOp::BfindShift : IntOp::Bfind;
    } else if (name == "brev") {
      spec.op = IntOp::Brev;
      result = spec.type;
    } else if (name == "bfe") {
      spec.op = IntOp::Bfe;
      result = spec.type;
      count = 3;
    } else if (name == "bfi") {
      spec.op = IntOp::Bfi;
      second = result = spec.type;
      count = 4;
    } else if (name == "fns") {
      need(bits == 32, "expects '.b32'");
      spec.op = IntOp::Fns;
      count = 3;
    } else {
      need(mode >= 0 && bits == 32, "expects '.clamp' or '.wrap' and 32 bits");
      spec.op = name == "szext" ? (mode ? IntOp::SzextWrap : IntOp::Szext)
                                : (mode ? IntOp::BmskWrap : IntOp::BmskClamp);
      count = 2;
    }
    need(!shift || name == "bfind", "unknown modifier '.shiftamt'");
    need(mode < 0 || name == "szext" || name == "bmsk",
         "unknown modifier '.clamp' or '.wrap'");
  }
  needOperands(i, count + 1, count + 1);
  uint32_t a = readCode(i.operands[1], spec.type);
  uint32_t b = count > 1 ? readCode(i.operands[2], second) : 0;
  uint32_t c = count > 2 ? readCode(i.operands[3], third) : 0;
  uint32_t d = count > 3 ? readCode(i.operands[4], Type::U32) : 0;
  emitLane(intLane, packSpec(spec), write(i.operands[0], result).code,
           widthOf(result),
           {{a, widthOf(spec.type)},
            {b, widthOf(second)},
            {c, Width::W32},
            {d, Width::W32}});
}

void Decoder::decodePermute(const ast::Instruction &i, Modifiers &m) {
  need(m.takeType() == Type::B32, "expects '.b32'");
  int mode = m.takeOneOf({"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"});
  needOperands(i, 4, 4);
  auto op = static_cast<IntOp>(static_cast<int>(IntOp::Prmt) + 1 + mode);
  uint32_t a = readCode(i.operands[1], Type::B32),
           b = readCode(i.operands[2], Type::B32),
           c = readCode(i.operands[3], Type::B32);
  emitLane(intLane, packSpec(IntSpec{op, Type::B32}),
           write(i.operands[0], Type::B32).code, Width::W32,
           {{a, Width::W32}, {b, Width::W32}, {c, Width::W32}});
}
