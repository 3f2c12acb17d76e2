// What the parser makes of PTX text: names and structure, no meaning yet.
#ifndef MOE_RUNTIME_EMULATOR_AST_H
#define MOE_RUNTIME_EMULATOR_AST_H

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace moe::emu::ast {

struct Operand {
  enum class Kind : uint8_t {
    Name,    ///< a register, variable, label, function or special register
    Integer, ///< `bits`
    Float32, ///< `bits` as IEEE binary32
    Float64, ///< `bits` as IEEE binary64; f32 instructions round it
    Address, ///< [elements[0] + offset, elements[1] ...]
    Vector,  ///< {elements...}
    Pair,    ///< elements[0]|elements[1]
    List,    ///< (elements...), of calls
    Sink,    ///< _
  };
  Kind kind = Kind::Sink;
  bool negated = false; ///< !name
  std::string name;
  uint64_t bits = 0;
  int64_t offset = 0;
  std::vector<Operand> elements;
};

struct Instruction {
  int line = 0;
  std::string guard; ///< name of the guard predicate, empty: none
  bool guardNegated = false;
  std::string opcode; ///< up to the first '.'
  /// What follows the opcode, split at '.'; "shared::cta" is one modifier.
  std::vector<std::string> modifiers;
  std::vector<Operand> operands;

  std::string fullOpcode() const {
    std::string text = opcode;
    for (const std::string &modifier : modifiers)
      text += "." + modifier;
    return text;
  }
};

/// .reg .type name or name<count>
struct Registers {
  int line = 0;
  std::string type; ///< "b32", "pred", ...
  unsigned vector = 1;
  std::vector<std::pair<std::string, std::optional<uint32_t>>> names;
};

/// A part of an initialiser: a number, or the address of a symbol.
struct Initialiser {
  Operand value;
  bool generic = false; ///< generic(symbol)
  /// Selects a byte of the value, as in 0xFF00(symbol); 0: the whole value.
  uint64_t mask = 0;
};

/// A variable of any state space, or a parameter.
struct Variable {
  int line = 0;
  std::string space; ///< "global", "shared", "const", "local", "param", "reg"
  std::string type;
  unsigned vector = 1;
  uint32_t align = 0;          ///< 0: that of the type
  std::vector<uint64_t> shape; ///< of arrays; first size 0 where not given
  bool isArray = false;
  bool isExtern = false;
  bool pointer = false; ///< .ptr of kernel parameters
  std::string name;
  std::vector<Initialiser> initialisers; ///< flattened, row-major
};

struct Block;

/// One element of a body.
struct Statement {
  enum class Kind : uint8_t {
    Instruction,
    Label,
    Registers,
    Variable,
    Block,
    Targets
  };
  Kind kind;
  int line = 0;
  Instruction instruction;
  std::string label; ///< of Label and Targets
  Registers registers;
  Variable variable;
  std::unique_ptr<Block> block;
  std::vector<std::string> targets; ///< of .branchtargets and .calltargets
};

struct Block {
  std::vector<Statement> statements;
};

struct Function {
  int line = 0;
  bool isEntry = false;
  bool isExtern = false;
  bool isWeak = false;
  std::string name;
  std::vector<Variable> results;
  std::vector<Variable> params;
  std::optional<Block> body; ///< empty: a prototype
  /// ".maxntid" -> {128, 1, 1}, ".minnctapersm" -> {1}, ...
  std::map<std::string, std::vector<uint64_t>> directives;
};

struct Module {
  std::string version, target;
  std::vector<std::string> targetOptions;
  int addressSize = 64;
  std::vector<Variable> variables;
  std::vector<Function> functions;
};

} // namespace moe::emu::ast

namespace moe::emu {

class Problems;

/// Parses PTX text. Every statement that is not well formed is added to
/// `problems`, and parsing goes on behind it.
ast::Module parseModule(const std::string &text, Problems &problems);

} // namespace moe::emu

#endif // MOE_RUNTIME_EMULATOR_AST_H
