// The structure of a kernel: scopes, variables, operands. Functions that it
// calls become part of it.
#include "Decoder.h"

#include <algorithm>
#include <utility>

using namespace moe::emu;
using ast::Operand;
using ast::Statement;

// ---- modifiers ----

bool Modifiers::has(const std::string &name) const {
  return std::find(rest.begin(), rest.end(), name) != rest.end();
}

bool Modifiers::take(const std::string &name) {
  auto found = std::find(rest.begin(), rest.end(), name);
  if (found == rest.end())
    return false;
  rest.erase(found);
  return true;
}

int Modifiers::takeOneOf(std::initializer_list<const char *> names) {
  for (size_t i = 0; i < rest.size(); ++i) {
    int index = 0;
    for (const char *name : names) {
      if (rest[i] == name) {
        rest.erase(rest.begin() + static_cast<ptrdiff_t>(i));
        return index;
      }
      ++index;
    }
  }
  return -1;
}

Type Modifiers::takeType() {
  Type type = rest.empty() ? Type::None : parseType(rest.front());
  if (type != Type::None)
    rest.erase(rest.begin());
  return type;
}

Type Modifiers::needType() {
  Type type = takeType();
  if (type == Type::None)
    throw StatementError(rest.empty()
                             ? "expects a type"
                             : "unknown modifier '." + rest.front() + "'");
  return type;
}

std::optional<Rounding> Modifiers::takeRounding() {
  int index = takeOneOf({"rn", "rz", "rm", "rp", "rna"});
  if (index < 0)
    return std::nullopt;
  static constexpr Rounding kRoundings[] = {
      Rounding::NearestEven, Rounding::Zero, Rounding::Down, Rounding::Up,
      Rounding::NearestAway};
  return kRoundings[index];
}

std::string Modifiers::takeFront() {
  if (rest.empty())
    throw StatementError("expects another modifier");
  std::string result = rest.front();
  rest.erase(rest.begin());
  return result;
}

void Modifiers::finish() const {
  if (!rest.empty())
    throw StatementError("unknown modifier '." + rest.front() + "'");
}

// ---- structure ----

Decoder::Decoder(const ast::Module &module, const ast::Function &kernel,
                 Problems &problems, const DecodeOptions &options)
    : module(module), kernel(kernel), problems(problems), options(options),
      table(laneTable()), fixedEnd(kTrash + 256) {}

Program Decoder::run() {
  program.name = kernel.name;
  program.directives = kernel.directives;
  declareModule();
  scopes.emplace_back();
  declareParams();
  int end = newLabel();
  frames.push_back({&kernel, scopes.size(), end});
  decodeBlock(*kernel.body);
  frames.pop_back();
  guardCode = 0;
  placeLabel(end);
  line = static_cast<uint32_t>(kernel.line);
  mnemonic = kNoInstruction;
  Op op;
  op.run = runExit;
  emit(op).kind = Node::Kind::Exit;
  if (problems.empty())
    finish();
  return std::move(program);
}

static uint64_t sizeOf(const ast::Variable &variable) {
  uint64_t size =
      static_cast<uint64_t>(std::max(bitsOf(parseType(variable.type)), 8)) / 8 *
      variable.vector;
  for (uint64_t extent : variable.shape)
    size *= extent;
  return size;
}

static uint32_t alignOf(const ast::Variable &variable) {
  return variable.align ? variable.align
                        : static_cast<uint32_t>(
                              std::max(bitsOf(parseType(variable.type)), 8)) /
                              8 * variable.vector;
}

void Decoder::declareModule() {
  scopes.emplace_back();
  for (const ast::Variable &variable : module.variables) {
    try {
      declareVariable(scopes.back(), variable);
    } catch (const StatementError &error) {
      problems.add(variable.line, error.what());
    }
  }
  for (const ast::Function &function : module.functions) {
    if (function.isEntry)
      continue;
    const ast::Function *&known = functions[function.name];
    if (!known || !known->body)
      known = &function;
    Symbol symbol{};
    symbol.kind = Symbol::Kind::Function;
    symbol.name = function.name;
    scopes.back().symbols[function.name] = symbol;
  }
}

void Decoder::declareParams() {
  uint32_t offset = 0;
  for (const ast::Variable &param : kernel.params) {
    uint32_t align = alignOf(param);
    auto size = static_cast<uint32_t>(sizeOf(param));
    offset = (offset + align - 1) / align * align;
    program.params.push_back(
        {param.name, offset, size, align, param.isArray, param.type});
    Symbol symbol{};
    symbol.kind = Symbol::Kind::KernelParam;
    symbol.address = offset;
    symbol.name = param.name;
    scopes.back().symbols[param.name] = symbol;
    offset += size;
  }
  program.paramBytes = offset;
}

uint32_t Decoder::placeShared(const std::string &name, uint64_t size,
                              uint32_t align) {
  // Adversarial: at its own alignment and no better, with a red zone before.
  uint32_t offset =
      program.staticShared +
      (options.checked && !program.sharedSymbols.empty() ? 16 : 0);
  offset = (offset + align - 1) / align * align;
  if (options.checked && offset / align % 2 == 0)
    offset += align;
  program.sharedSymbols.push_back(
      {name, offset, static_cast<uint32_t>(size), align});
  program.staticShared = offset + static_cast<uint32_t>(size);
  return offset;
}

/// Where the shared memory begins that the system keeps for itself, and of
/// which cooperative groups take a part.
uint32_t Decoder::placeReserved() {
  for (const SharedSymbol &known : program.sharedSymbols)
    if (known.isReserved)
      return known.offset;
  program.usesReservedShared = true;
  uint32_t offset = placeShared("reserved shared memory", kReservedShared, 16);
  program.sharedSymbols.back().isReserved = true;
  return offset;
}

uint32_t Decoder::placeLocal(uint64_t size, uint32_t align) {
  uint32_t offset = (program.localBytes + align - 1) / align * align;
  program.localBytes = offset + static_cast<uint32_t>(size);
  return offset;
}

void Decoder::declareVariable(NameScope &scope, const ast::Variable &variable) {
  Symbol symbol{};
  symbol.name = variable.name;
  symbol.type = parseType(variable.type);
  uint64_t size = sizeOf(variable);
  uint32_t align = alignOf(variable);
  if (variable.space == "shared") {
    symbol.kind = Symbol::Kind::Shared;
    bool dynamic = variable.isExtern || (variable.isArray && size == 0);
    if (dynamic) {
      // Placed behind everything static, once that is known.
      symbol.address = ~uint64_t(0);
      program.usesDynamicShared = true;
      program.dynamicShared = std::max(program.dynamicShared, align);
    } else {
      for (const SharedSymbol &known : program.sharedSymbols)
        need(known.name != variable.name,
             "'" + variable.name + "' is declared twice");
      symbol.address = placeShared(variable.name, size, align);
    }
  } else if (variable.space == "local" || variable.space == "param") {
    symbol.kind = Symbol::Kind::Local;
    symbol.address = placeLocal(size, align);
  } else {
    symbol.kind = Symbol::Kind::Global;
  }
  scope.symbols[variable.name] = symbol;
}

void Decoder::declareRegisters(NameScope &scope,
                               const ast::Registers &declared) {
  need(declared.vector == 1, "registers with '.v" +
                                 std::to_string(declared.vector) +
                                 "' are not supported");
  Type type = parseType(declared.type);
  need(type != Type::None,
       "unknown type '." + declared.type + "' of registers");
  auto add = [&](const std::string &name) {
    Symbol symbol{};
    symbol.kind = Symbol::Kind::Register;
    symbol.type = type;
    symbol.bits = bitsOf(type);
    symbol.code = newRegister(symbol.bits == 128 ? Width::W64 : widthOf(type));
    if (symbol.bits == 128)
      symbol.high = newRegister(Width::W64);
    scope.symbols[name] = symbol;
  };
  for (const auto &[name, count] : declared.names) {
    if (!count)
      add(name);
    for (uint32_t i = 0; count && i < *count; ++i)
      add(name + std::to_string(i));
  }
}

/// Labels may be used before they come, variables after their declaration only;
/// all of a block are declared first.
void Decoder::declareIn(NameScope &scope, const ast::Block &block) {
  for (const Statement &statement : block.statements) {
    try {
      switch (statement.kind) {
      case Statement::Kind::Label:
        need(scope.labels.emplace(statement.label, newLabel()).second,
             "label '" + statement.label + "' is defined twice");
        break;
      case Statement::Kind::Registers:
        declareRegisters(scope, statement.registers);
        break;
      case Statement::Kind::Variable:
        declareVariable(scope, statement.variable);
        break;
      case Statement::Kind::Targets: {
        Symbol symbol{};
        symbol.kind = Symbol::Kind::Branches;
        symbol.branches = &statement;
        scope.symbols[statement.label] = symbol;
        break;
      }
      default:
        break;
      }
    } catch (const StatementError &error) {
      problems.add(statement.line, error.what());
    }
  }
}

void Decoder::decodeBlock(const ast::Block &block) {
  scopes.emplace_back();
  declareIn(scopes.back(), block);
  for (const Statement &statement : block.statements) {
    if (statement.kind == Statement::Kind::Label) {
      guardCode = 0;
      placeLabel(scopes.back().labels.at(statement.label));
    } else if (statement.kind == Statement::Kind::Block) {
      decodeBlock(*statement.block);
    } else if (statement.kind == Statement::Kind::Instruction) {
      try {
        decodeInstruction(statement.instruction);
      } catch (const StatementError &error) {
        pendingDefs.clear();
        pendingUses.clear();
        problems.add(statement.instruction.line,
                     std::string("'") + statement.instruction.fullOpcode() +
                         "': " + error.what());
      }
    }
  }
  scopes.pop_back();
}

void Decoder::decodeInstruction(const ast::Instruction &instruction) {
  line = static_cast<uint32_t>(instruction.line);
  guardCode = 0;
  guardNegated = false;
  auto method = methods().find(instruction.opcode);
  if (method == methods().end()) {
    problems.add(instruction.line,
                 "unknown instruction '" + instruction.fullOpcode() + "'");
    return;
  }
  if (!instruction.guard.empty()) {
    const Symbol *symbol = find(instruction.guard);
    need(symbol && symbol->kind == Symbol::Kind::Register && symbol->bits == 1,
         "expects a predicate as guard, but got '" + instruction.guard + "'");
    guardCode = symbol->code;
    guardNegated = instruction.guardNegated;
  }
  mnemonic = mnemonicOf(instruction.fullOpcode());
  Modifiers modifiers(instruction);
  (this->*method->second)(instruction, modifiers);
  modifiers.finish();
}

uint32_t Decoder::mnemonicOf(const std::string &opcode) {
  auto [entry, isNew] =
      mnemonicIndex.try_emplace(opcode, program.mnemonics.size());
  if (isNew)
    program.mnemonics.push_back(opcode);
  return entry->second;
}

const Decoder::Symbol *Decoder::find(const std::string &name) const {
  // The bodies of callers are not visible to inlined functions.
  size_t first = frames.empty() ? 0 : frames.back().firstScope;
  for (size_t i = scopes.size(); i-- > 0;) {
    if (i < first && i > (frames.size() > 1 ? 0u : 1u))
      continue;
    auto found = scopes[i].symbols.find(name);
    if (found != scopes[i].symbols.end())
      return &found->second;
  }
  return nullptr;
}

int Decoder::findLabel(const std::string &name) const {
  for (size_t i = scopes.size(); i-- > frames.back().firstScope;) {
    auto found = scopes[i].labels.find(name);
    if (found != scopes[i].labels.end())
      return found->second;
  }
  throw StatementError("unknown label '" + name + "'");
}

void Decoder::placeLabel(int label) {
  labelPositions.resize(static_cast<size_t>(labelCount), -1);
  labelPositions[static_cast<size_t>(label)] = static_cast<int>(nodes.size());
}

// ---- values ----

uint32_t Decoder::newRegister(Width width) {
  registers.push_back({width});
  return kVirtualBit | static_cast<uint32_t>(registers.size() - 1);
}

uint32_t Decoder::special(const std::string &name, Width width) {
  auto [entry, isNew] = program.specials.try_emplace(name, fixedEnd);
  if (isNew)
    fixedEnd += width == Width::W64 ? 256 : 128;
  return entry->second;
}

uint32_t Decoder::constant(uint64_t bits, Width width) {
  auto [entry, isNew] = constants.try_emplace(std::pair(bits, width), 0);
  if (isNew)
    entry->second = newConstant(bits, width);
  return entry->second;
}

uint32_t Decoder::sharedAddress(uint64_t address, Width width) {
  auto [entry, isNew] =
      sharedAddresses.try_emplace(std::pair(address, width), 0);
  if (isNew) {
    entry->second = newConstant(address, width);
    program.sharedAddresses.emplace_back(entry->second & ~kConstantBit,
                                         width == Width::W64);
  }
  return entry->second;
}

uint32_t Decoder::newConstant(uint64_t bits, Width width) {
  auto offset = static_cast<uint32_t>(program.constants.size());
  program.constants.resize(offset + (width == Width::W64 ? 256 : 128));
  for (int lane = 0; lane < kWarpSize; ++lane) {
    char *to = program.constants.data() + offset;
    if (width == Width::W64)
      std::memcpy(to + size_t(8) * lane, &bits, 8);
    else
      std::memcpy(to + size_t(4) * lane, &bits, 4);
  }
  if (width == Width::Pred) {
    uint32_t mask = bits ? ~0u : 0;
    std::memcpy(program.constants.data() + offset, &mask, 4);
  }
  return kConstantBit | offset;
}

uint32_t Decoder::use(uint32_t code) {
  if (isVirtual(code))
    pendingUses.push_back(code & ~kVirtualBit);
  return code;
}

uint32_t Decoder::def(uint32_t code) {
  if (isVirtual(code))
    pendingDefs.push_back(code & ~kVirtualBit);
  return code;
}

Decoder::Value Decoder::registerOf(const Operand &operand) {
  need(operand.kind == Operand::Kind::Name, "expects a register");
  const Symbol *symbol = find(operand.name);
  need(symbol && symbol->kind == Symbol::Kind::Register,
       "unknown register '" + operand.name + "'");
  Value value;
  value.code = symbol->code;
  value.high = symbol->high;
  value.bits = symbol->bits;
  return value;
}

static const std::map<std::string, int> &specialRegisters() {
  static const std::map<std::string, int> names = [] {
    std::map<std::string, int> result;
    for (const char *base :
         {"%tid", "%ntid", "%ctaid", "%nctaid", "%clusterid", "%nclusterid",
          "%cluster_ctaid", "%cluster_nctaid"})
      for (const char *axis : {".x", ".y", ".z"})
        result[std::string(base) + axis] = 32;
    for (const char *name : {"%laneid",
                             "%warpid",
                             "%nwarpid",
                             "%smid",
                             "%nsmid",
                             "%lanemask_eq",
                             "%lanemask_le",
                             "%lanemask_lt",
                             "%lanemask_ge",
                             "%lanemask_gt",
                             "%cluster_ctarank",
                             "%cluster_nctarank",
                             "%dynamic_smem_size",
                             "%total_smem_size",
                             "%aggr_smem_size",
                             "%clock",
                             "%clock_hi",
                             "%globaltimer_lo",
                             "%globaltimer_hi",
                             "%is_explicit_cluster"})
      result[name] = 32;
    for (int i = 0; i < 32; ++i)
      result["%envreg" + std::to_string(i)] = 32;
    for (const char *name : {"%gridid", "%clock64", "%globaltimer"})
      result[name] = 64;
    result["%is_explicit_cluster"] = 1;
    return result;
  }();
  return names;
}

Decoder::Value Decoder::readSymbol(const Operand &operand, Type type) {
  auto known = specialRegisters().find(operand.name);
  if (known != specialRegisters().end()) {
    Value value;
    value.bits = known->second;
    Width width = value.bits == 64 ? Width::W64 : Width::W32;
    bool dynamic = operand.name.find("clock") != std::string::npos ||
                   operand.name.find("globaltimer") != std::string::npos;
    if (!dynamic) {
      value.code = special(operand.name, width);
      // 32-bit special registers may be read as 16 or 64 bits.
      if (bitsOf(type) == 64 && value.bits == 32) {
        uint32_t wide = newRegister(Width::W64);
        emitFast(LaneOp::Zext64, def(wide), value.code);
        value.code = wide;
        value.bits = 64;
      }
      return value;
    }
    value.code = newRegister(width);
    Op op;
    op.run = runReadClock;
    op.dst = def(value.code);
    op.flags = value.bits == 64 ? 1 : 0;
    op.imm = operand.name.find("hi") != std::string::npos ? 32 : 0;
    emit(op);
    return value;
  }
  Width width = widthOf(type);
  Value value;
  value.bits = bitsOf(type);
  static const std::map<std::string, uint32_t> kReserved = {
      {"%reserved_smem_offset_begin", 0},
      {"%reserved_smem_offset_0", 0},
      {"%reserved_smem_offset_1", kReservedShared / 2},
      {"%reserved_smem_offset_end", kReservedShared}};
  if (auto reserved = kReserved.find(operand.name);
      reserved != kReserved.end()) {
    value.code = sharedAddress(placeReserved() + reserved->second, width);
    return value;
  }
  if (operand.name == "%reserved_smem_offset_cap") {
    value.code = constant(kReservedShared, width);
    return value;
  }
  const Symbol *symbol = find(operand.name);
  need(symbol, "unknown name '" + operand.name + "'");
  auto offset = static_cast<uint64_t>(operand.offset);
  switch (symbol->kind) {
  case Symbol::Kind::Shared:
    if (symbol->address == ~uint64_t(0)) {
      uint32_t base = special("%dynamic_shared", Width::W64);
      value.code = newRegister(Width::W64);
      emitFast(LaneOp::Add64, def(value.code), base,
               constant(offset, Width::W64));
      value.bits = 64;
      if (width == Width::W32) {
        uint32_t narrow = newRegister(Width::W32);
        emitFast(LaneOp::Trunc64, def(narrow), use(value.code));
        value.code = narrow;
        value.bits = 32;
      }
      return value;
    }
    value.code = sharedAddress(symbol->address + offset, width);
    return value;
  case Symbol::Kind::Local:
    value.code = constant(symbol->address + offset, width);
    return value;
  case Symbol::Kind::KernelParam: {
    uint32_t base = special("%param_base", Width::W64);
    value.code = newRegister(Width::W64);
    value.bits = 64;
    emitFast(LaneOp::Add64, def(value.code), base,
             constant(symbol->address + offset, Width::W64));
    return value;
  }
  case Symbol::Kind::Global: {
    // The address is filled in when the module is loaded on a device.
    auto [entry, isNew] =
        relocated.try_emplace(std::pair(symbol->name, operand.offset), 0);
    if (isNew) {
      auto at = static_cast<uint32_t>(program.constants.size());
      program.constants.resize(at + 256);
      program.relocations.push_back({at, symbol->name, operand.offset});
      entry->second = kConstantBit | at;
    }
    value.code = entry->second;
    value.bits = 64;
    return value;
  }
  case Symbol::Kind::Function:
    throw StatementError("addresses of functions are not supported ('" +
                         operand.name + "')");
  default:
    throw StatementError("expects a value, but got '" + operand.name + "'");
  }
}

Decoder::Value Decoder::read(const Operand &operand, Type type) {
  Value value;
  value.bits = bitsOf(type);
  Width width = widthOf(type);
  auto asConstant = [&](uint64_t bits) {
    value.isConstant = true;
    value.constant = bits;
    value.code = constant(bits, width);
    return value;
  };
  switch (operand.kind) {
  case Operand::Kind::Name: {
    const Symbol *symbol = find(operand.name);
    if (!symbol || symbol->kind != Symbol::Kind::Register)
      return readSymbol(operand, type);
    need(!operand.negated, "expects no '!' before '" + operand.name + "'");
    Value found = registerOf(operand);
    int wanted = std::max(bitsOf(type), 16), has = std::max(found.bits, 16);
    need(type == Type::Pred ? found.bits == 1
                            : found.bits != 1 && wanted == has,
         "expects a register of " + std::to_string(bitsOf(type)) +
             " bits, but '" + operand.name + "' has " +
             std::to_string(found.bits));
    use(found.code);
    if (found.bits == 128)
      use(found.high);
    return found;
  }
  case Operand::Kind::Integer: {
    if (type == Type::F32)
      return asConstant(
          asBits(static_cast<float>(static_cast<int64_t>(operand.bits))));
    if (type == Type::F64)
      return asConstant(
          asBits(static_cast<double>(static_cast<int64_t>(operand.bits))));
    int bits = bitsOf(type);
    return asConstant(type == Type::Pred ? operand.bits != 0
                      : bits >= 64
                          ? operand.bits
                          : operand.bits & ((uint64_t(1) << bits) - 1));
  }
  case Operand::Kind::Float32:
    return asConstant(type == Type::F64
                          ? asBits(static_cast<double>(
                                asFloat(static_cast<uint32_t>(operand.bits))))
                          : operand.bits);
  case Operand::Kind::Float64:
    return asConstant(bitsOf(type) == 64
                          ? operand.bits
                          : asBits(static_cast<float>(asDouble(operand.bits))));
  default:
    throw StatementError("expects a register or a number");
  }
}

uint32_t Decoder::readPredicate(const Operand &operand, bool &negated) {
  Operand plain = operand;
  negated = operand.negated;
  plain.negated = false;
  return read(plain, Type::Pred).code;
}

Decoder::Value Decoder::write(const Operand &operand, Type type) {
  if (operand.kind == Operand::Kind::Sink) {
    Value value;
    value.code = value.high = type == Type::Pred ? kPredicateTrash : kTrash;
    value.bits = bitsOf(type);
    return value;
  }
  Value found = registerOf(operand);
  need(type == Type::Pred ? found.bits == 1
                          : found.bits != 1 && std::max(bitsOf(type), 16) ==
                                                   std::max(found.bits, 16),
       "expects a register of " + std::to_string(bitsOf(type)) +
           " bits as destination, but '" + operand.name + "' has " +
           std::to_string(found.bits));
  def(found.code);
  if (found.bits == 128)
    def(found.high);
  return found;
}

uint32_t Decoder::writePredicate(const Operand &operand) {
  return write(operand, Type::Pred).code;
}

Decoder::Address Decoder::address(const Operand &operand) {
  need(operand.kind == Operand::Kind::Address,
       "expects an address in brackets");
  const Operand &base = operand.elements[0];
  if (base.kind == Operand::Kind::Integer)
    return {constant(base.bits, Width::W64), operand.offset, false, nullptr};
  need(base.kind == Operand::Kind::Name,
       "expects a register or a variable in brackets");
  const Symbol *symbol = find(base.name);
  need(symbol, "unknown name '" + base.name + "'");
  if (symbol->kind == Symbol::Kind::Register) {
    need(symbol->bits == 32 || symbol->bits == 64,
         "expects an address register of 32 or 64 bits");
    return {use(symbol->code), operand.offset, symbol->bits == 32, nullptr};
  }
  Value value = readSymbol(base, Type::U64);
  return {use(value.code), operand.offset, false, symbol};
}

uint64_t Decoder::immediate(const Operand &operand, const char *what) {
  need(operand.kind == Operand::Kind::Integer,
       std::string("expects a number as ") + what);
  return operand.bits;
}

void Decoder::needOperands(const ast::Instruction &i, size_t least,
                           size_t most) {
  if (i.operands.size() < least || i.operands.size() > most)
    throw StatementError("expects " + std::to_string(least) +
                         (most == least ? "" : " to " + std::to_string(most)) +
                         " operands, but got " +
                         std::to_string(i.operands.size()));
}

// ---- operations ----

Decoder::Node &Decoder::emit(const Op &op) {
  Node node;
  node.op = op;
  node.op.line = line;
  node.op.mnemonic = std::exchange(mnemonic, kNoInstruction);
  node.op.guard = guardCode ? guardCode : kTrue;
  node.op.guardFlip = guardNegated ? ~0u : 0;
  node.guarded = guardCode != 0;
  if (isVirtual(guardCode))
    pendingUses.push_back(guardCode & ~kVirtualBit);
  node.defs.swap(pendingDefs);
  node.uses.swap(pendingUses);
  nodes.push_back(std::move(node));
  return nodes.back();
}

void Decoder::emitFast(LaneOp which, uint32_t dst, uint32_t a, uint32_t b,
                       uint32_t c, uint32_t flags, uint64_t imm) {
  Op op;
  op.run = table.handlers[static_cast<size_t>(which)];
  op.dst = dst;
  op.a = a;
  op.b = b;
  op.c = c;
  op.flags = flags;
  op.imm = imm;
  emit(op);
}

void Decoder::emitLane(
    LaneFunction function, uint64_t imm, uint32_t dst, Width dstWidth,
    std::initializer_list<std::pair<uint32_t, Width>> sources, uint32_t flags) {
  Op op;
  op.run = runLane;
  op.lane = function;
  op.imm = imm;
  op.dst = dst;
  auto code = [](Width width) { return static_cast<uint32_t>(width) + 1; };
  op.flags = flags | code(dstWidth) << 16;
  uint32_t *fields[] = {&op.a, &op.b, &op.c, &op.d};
  size_t i = 0;
  for (const auto &[source, width] : sources) {
    *fields[i] = source;
    op.flags |= code(width) << (18 + 2 * i++);
  }
  emit(op);
}
