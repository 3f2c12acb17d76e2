// Branches, calls and returns.
#include "Decoder.h"

using namespace moe::emu;
using ast::Operand;

void Decoder::emitBranch(int label, uint32_t predicate, bool negated) {
  guardCode = predicate;
  guardNegated = negated;
  Op op;
  op.run = predicate ? runBranch : runJump;
  Node &node = emit(op);
  node.kind = Node::Kind::Branch;
  node.target = label;
}

void Decoder::decodeBranch(const ast::Instruction &i, Modifiers &m) {
  m.take("uni");
  needOperands(i, 1, 1);
  need(i.operands[0].kind == Operand::Kind::Name, "expects a label");
  emitBranch(findLabel(i.operands[0].name), guardCode, guardNegated);
}

/// brx.idx becomes a chain of comparisons; the last target takes what is left,
/// since an index outside the list is undefined.
void Decoder::decodeBrx(const ast::Instruction &i, Modifiers &m) {
  need(m.take("idx"), "expects '.idx'");
  m.take("uni");
  needOperands(i, 2, 2);
  need(guardCode == 0, "brx.idx with a guard is not supported");
  const Symbol *symbol = find(i.operands[1].name);
  need(symbol && symbol->kind == Symbol::Kind::Branches,
       "expects a list of branch targets");
  const std::vector<std::string> targets = symbol->branches->targets;
  for (size_t index = 0; index < targets.size(); ++index) {
    int label = findLabel(targets[index]);
    if (index + 1 == targets.size()) {
      emitBranch(label, 0, false);
      break;
    }
    guardCode = 0;
    uint32_t equal = newRegister(Width::Pred);
    uint32_t value = readCode(i.operands[0], Type::U32);
    emitFast(LaneOp::EqI32, def(equal), value, constant(index, Width::W32));
    emitBranch(label, equal, false);
  }
}

void Decoder::decodeReturn(const ast::Instruction &i, Modifiers &m) {
  m.take("uni");
  needOperands(i, 0, 0);
  emitBranch(frames.back().returnLabel, guardCode, guardNegated);
}

void Decoder::decodeExit(const ast::Instruction &i, Modifiers &) {
  needOperands(i, 0, 0);
  Op op;
  op.run = runExit;
  emit(op).kind = Node::Kind::Exit;
}

void Decoder::decodeTrap(const ast::Instruction &i, Modifiers &) {
  needOperands(i, 0, 0);
  Op op;
  op.run = runTrap;
  emit(op);
}

void Decoder::decodeNothing(const ast::Instruction &, Modifiers &m) {
  while (!m.empty())
    m.takeFront();
}

/// Makes a parameter of a function that is inlined stand for what the caller
/// passes: a variable of the same space for .param, a copy for .reg.
void Decoder::bindParam(const ast::Variable &formal, const Operand &actual,
                        NameScope &scope, bool isResult) {
  Symbol symbol{};
  symbol.name = formal.name;
  symbol.type = parseType(formal.type);
  if (formal.space == "param") {
    need(actual.kind == Operand::Kind::Name || !isResult,
         "expects a name as argument");
    const Symbol *given =
        actual.kind == Operand::Kind::Name ? find(actual.name) : nullptr;
    if (given && given->kind == Symbol::Kind::Local) {
      symbol.kind = Symbol::Kind::Local;
      symbol.address = given->address;
      scope.symbols[formal.name] = symbol;
      return;
    }
    throw StatementError("expects a variable of '.param' for '" + formal.name +
                         "'");
  }
  symbol.kind = Symbol::Kind::Register;
  symbol.bits = bitsOf(symbol.type);
  if (isResult) {
    symbol.code = registerOf(actual).code;
  } else {
    uint32_t value = readCode(actual, symbol.type);
    symbol.code = newRegister(widthOf(symbol.type));
    def(symbol.code);
    if (symbol.bits == 1)
      emitFast(LaneOp::PredMov, symbol.code, value, value);
    else
      emitMove(symbol.code, symbol.bits, value, symbol.bits);
  }
  scope.symbols[formal.name] = symbol;
}

void Decoder::decodeCall(const ast::Instruction &i, Modifiers &m) {
  m.take("uni");
  needOperands(i, 1, 4);
  size_t at = 0;
  std::vector<Operand> results, arguments;
  if (i.operands[0].kind == Operand::Kind::List) {
    results = i.operands[0].elements;
    at = 1;
  }
  need(at < i.operands.size() && i.operands[at].kind == Operand::Kind::Name,
       "expects the name of a function");
  const std::string name = i.operands[at].name;
  if (at + 1 < i.operands.size()) {
    need(i.operands[at + 1].kind == Operand::Kind::List,
         "expects arguments in parentheses");
    arguments = i.operands[at + 1].elements;
  }
  const Symbol *symbol = find(name);
  need(symbol, "unknown function '" + name + "'");
  need(symbol->kind == Symbol::Kind::Function,
       "indirect calls are not supported");
  const ast::Function *function = functions.at(name);
  if (name == "__assertfail") { // what 'assert' calls: the driver has its body
    Op op;
    op.run = runTrap;
    op.flags = 1;
    emit(op);
    return;
  }
  need(function->body.has_value(),
       "function '" + name + "' has no body in this module");
  for (const Frame &frame : frames)
    need(frame.function != function,
         "recursive calls are not supported ('" + name + "')");
  need(results.size() == function->results.size() &&
           arguments.size() == function->params.size(),
       "expects " + std::to_string(function->params.size()) +
           " arguments and " + std::to_string(function->results.size()) +
           " results of '" + name + "'");

  uint32_t guard = guardCode;
  bool negated = guardNegated;
  int after = newLabel();
  if (guard)
    emitBranch(after, guard, !negated);
  guardCode = 0;
  guardNegated = false;
  NameScope scope;
  for (size_t p = 0; p < arguments.size(); ++p)
    bindParam(function->params[p], arguments[p], scope, false);
  for (size_t p = 0; p < results.size(); ++p)
    bindParam(function->results[p], results[p], scope, true);
  size_t first = scopes.size();
  scopes.push_back(std::move(scope));
  frames.push_back({function, first, after});
  decodeBlock(*function->body);
  frames.pop_back();
  scopes.pop_back();
  guardCode = 0;
  guardNegated = false;
  placeLabel(after);
}
