// The PTX grammar: directives, declarations, statements, constant expressions.
#include "Ast.h"
#include "Problems.h"

#include <cstdlib>
#include <cstring>
#include <set>

using namespace moe::emu;
using namespace moe::emu::ast;

namespace {

struct Token {
  enum class Kind : uint8_t {
    End,
    Word,
    Integer,
    Float32,
    Float64,
    String,
    Punctuation
  };
  Kind kind = Kind::End;
  std::string text; ///< punctuation: one or two characters
  uint64_t bits = 0;
  int line = 0;
};

bool isWordStart(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || c == '$' ||
         c == '%' || c == '.';
}
bool isWordPart(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' ||
         c == '.';
}

/// Splits the text. A word takes its dots and double colons with it, so that an
/// opcode with all of its modifiers is one word.
class Lexer {
public:
  Lexer(const std::string &text, Problems &problems)
      : text(text), problems(problems) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    do
      tokens.push_back(next());
    while (tokens.back().kind != Token::Kind::End);
    return tokens;
  }

private:
  char at(size_t i) const { return i < text.size() ? text[i] : '\0'; }

  void skipSpace() {
    while (position < text.size()) {
      char c = text[position];
      if (c == '\n') {
        ++line;
        ++position;
      } else if (std::isspace(static_cast<unsigned char>(c)) || c == '\0') {
        ++position;
      } else if (c == '/' && at(position + 1) == '/') {
        while (position < text.size() && text[position] != '\n')
          ++position;
      } else if (c == '/' && at(position + 1) == '*') {
        size_t end = text.find("*/", position + 2);
        if (end == std::string::npos) {
          problems.add(line, "a comment has no end");
          end = text.size() - 2;
        }
        for (; position < end + 2; ++position)
          line += text[position] == '\n';
      } else {
        return;
      }
    }
  }

  Token next() {
    skipSpace();
    Token token;
    token.line = line;
    if (position >= text.size())
      return token;
    char c = text[position];
    if (isWordStart(c) && !(c == '%' && !isWordPart(at(position + 1)))) {
      size_t start = position++;
      while (isWordPart(at(position)) ||
             (at(position) == ':' && at(position + 1) == ':' &&
              isWordPart(at(position + 2))))
        position += at(position) == ':' ? 2 : 1;
      token.kind = Token::Kind::Word;
      token.text = text.substr(start, position - start);
      return token;
    }
    if (std::isdigit(static_cast<unsigned char>(c)))
      return number(token);
    if (c == '"') {
      size_t end = text.find('"', position + 1);
      if (end == std::string::npos)
        end = text.size();
      token.kind = Token::Kind::String;
      token.text = text.substr(position + 1, end - position - 1);
      for (char part : token.text)
        line += part == '\n';
      position = std::min(end + 1, text.size());
      return token;
    }
    token.kind = Token::Kind::Punctuation;
    static const std::set<std::string> pairs = {
        "<<", ">>", "<=", ">=", "==", "!=", "&&", "||"};
    std::string pair = text.substr(position, 2);
    token.text = pairs.count(pair) ? pair : pair.substr(0, 1);
    position += token.text.size();
    return token;
  }

  Token number(Token token) {
    const char *start = text.c_str() + position;
    char second = static_cast<char>(std::tolower(at(position + 1)));
    char *end = nullptr;
    token.kind = Token::Kind::Integer;
    if (*start == '0' && (second == 'f' || second == 'd')) {
      token.kind = second == 'f' ? Token::Kind::Float32 : Token::Kind::Float64;
      size_t digits = second == 'f' ? 8 : 16;
      std::string hex = text.substr(position + 2, digits);
      token.bits = std::strtoull(hex.c_str(), &end, 16);
      if (hex.size() != digits || *end)
        problems.add(line, "expects " + std::to_string(digits) +
                               " hexadecimal digits after '0" + second + "'");
      position += 2 + digits;
      token.text = hex;
      return token;
    }
    if (*start == '0' && second == 'b')
      token.bits = std::strtoull(start + 2, &end, 2);
    else
      token.bits = std::strtoull(start, &end, 0);
    if (second != 'x' && (*end == '.' || *end == 'e' || *end == 'E')) {
      double value = std::strtod(start, &end);
      std::memcpy(&token.bits, &value, sizeof(value));
      token.kind = Token::Kind::Float64;
    } else if (*end == 'U') {
      ++end;
    }
    token.text.assign(start, static_cast<size_t>(end - start));
    position += token.text.size();
    return token;
  }

  const std::string &text;
  Problems &problems;
  size_t position = 0;
  int line = 1;
};

std::vector<std::string> splitDots(const std::string &word) {
  std::vector<std::string> parts;
  size_t start = 0;
  while (true) {
    size_t dot = word.find('.', start);
    parts.push_back(word.substr(start, dot - start));
    if (dot == std::string::npos)
      return parts;
    start = dot + 1;
  }
}

/// The value of a constant expression; PTX knows 64-bit integers and doubles.
struct Constant {
  bool isFloat = false;
  uint64_t bits = 0;

  double asDouble() const {
    double value;
    std::memcpy(&value, &bits, sizeof(value));
    return isFloat ? value : static_cast<double>(static_cast<int64_t>(bits));
  }
};

class Parser {
public:
  Parser(const std::string &text, Problems &problems)
      : problems(problems), tokens(Lexer(text, problems).run()) {}

  ast::Module run() {
    while (!atEnd()) {
      size_t before = position;
      try {
        parseTopLevel();
      } catch (const StatementError &error) {
        problems.add(tokens[position].line, error.what());
        recoverTopLevel();
      }
      if (position == before)
        ++position;
    }
    if (module.version.empty())
      problems.add(1, "expects '.version' before anything else");
    return std::move(module);
  }

private:
  [[noreturn]] void fail(const std::string &message) {
    throw StatementError(message);
  }

  const Token &peek(size_t ahead = 0) const {
    return tokens[std::min(position + ahead, tokens.size() - 1)];
  }
  bool atEnd() const { return peek().kind == Token::Kind::End; }
  bool isPunctuation(const char *text, size_t ahead = 0) const {
    return peek(ahead).kind == Token::Kind::Punctuation &&
           peek(ahead).text == text;
  }
  bool isWord(const char *text) const {
    return peek().kind == Token::Kind::Word && peek().text == text;
  }
  std::string shown() const {
    return atEnd() ? "the end of the text" : "'" + peek().text + "'";
  }

  bool accept(const char *text) {
    if (!isPunctuation(text))
      return false;
    ++position;
    return true;
  }
  bool acceptWord(const char *text) {
    if (!isWord(text))
      return false;
    ++position;
    return true;
  }
  void expect(const char *text) {
    if (!accept(text))
      fail(std::string("expects '") + text + "', but got " + shown());
  }
  std::string expectWord(const char *what) {
    if (peek().kind != Token::Kind::Word)
      fail(std::string("expects ") + what + ", but got " + shown());
    return tokens[position++].text;
  }

  void skipTo(const char *stop) {
    int depth = 0;
    for (; !atEnd(); ++position) {
      if (depth == 0 && isPunctuation(stop)) {
        ++position;
        return;
      }
      if (isPunctuation("{"))
        ++depth;
      if (isPunctuation("}") && depth-- == 0)
        return;
    }
  }

  /// Goes on behind the next ';' or the next body.
  void recoverTopLevel() {
    for (; !atEnd(); ++position) {
      if (isPunctuation(";")) {
        ++position;
        return;
      }
      if (isPunctuation("{")) {
        ++position;
        skipTo("\x01");
        accept("}");
        return;
      }
    }
  }

  // ---- constant expressions ----

  Constant parseConstant(int level = 0) {
    static const std::vector<std::vector<std::string>> levels = {
        {"||"},
        {"&&"},
        {"|"},
        {"^"},
        {"&"},
        {"==", "!="},
        {"<", ">", "<=", ">="},
        {"<<", ">>"},
        {"+", "-"},
        {"*", "/", "%"}};
    if (level == static_cast<int>(levels.size()))
      return parseUnary();
    Constant left = parseConstant(level + 1);
    while (true) {
      std::string found;
      for (const std::string &candidate : levels[level])
        if (isPunctuation(candidate.c_str()))
          found = candidate;
      if (found.empty())
        break;
      ++position;
      left = combine(found, left, parseConstant(level + 1));
    }
    if (level == 0 && accept("?")) {
      Constant yes = parseConstant();
      expect(":");
      Constant no = parseConstant();
      return left.bits ? yes : no;
    }
    return left;
  }

  Constant parseUnary() {
    if (accept("-")) {
      Constant value = parseUnary();
      if (value.isFloat)
        value.bits ^= uint64_t(1) << 63;
      else
        value.bits = -value.bits;
      return value;
    }
    if (accept("+"))
      return parseUnary();
    if (accept("~"))
      return {false, ~parseUnary().bits};
    if (accept("!"))
      return {false, parseUnary().bits == 0};
    if (accept("(")) {
      if (acceptWord(".s64") || acceptWord(".u64")) {
        expect(")");
        return parseUnary();
      }
      Constant value = parseConstant();
      expect(")");
      return value;
    }
    if (acceptWord("WARP_SZ"))
      return {false, 32};
    const Token &token = peek();
    if (token.kind == Token::Kind::Integer)
      return {false, tokens[position++].bits};
    if (token.kind == Token::Kind::Float64)
      return {true, tokens[position++].bits};
    if (token.kind == Token::Kind::Float32) {
      float value;
      auto bits = static_cast<uint32_t>(tokens[position++].bits);
      std::memcpy(&value, &bits, sizeof(value));
      Constant result{true, 0};
      double wide = value;
      std::memcpy(&result.bits, &wide, sizeof(wide));
      return result;
    }
    fail("expects a number, but got " + shown());
  }

  Constant combine(const std::string &op, Constant a, Constant b) {
    if (a.isFloat || b.isFloat) {
      double x = a.asDouble(), y = b.asDouble(), value;
      if (op == "+")
        value = x + y;
      else if (op == "-")
        value = x - y;
      else if (op == "*")
        value = x * y;
      else if (op == "/")
        value = x / y;
      else
        fail("expects integers around '" + op + "'");
      Constant result{true, 0};
      std::memcpy(&result.bits, &value, sizeof(value));
      return result;
    }
    uint64_t x = a.bits, y = b.bits;
    auto sx = static_cast<int64_t>(x), sy = static_cast<int64_t>(y);
    if ((op == "/" || op == "%") && y == 0)
      fail("divides by zero");
    uint64_t value = op == "||"   ? x || y
                     : op == "&&" ? x && y
                     : op == "|"  ? x | y
                     : op == "^"  ? x ^ y
                     : op == "&"  ? x & y
                     : op == "==" ? x == y
                     : op == "!=" ? x != y
                     : op == "<"  ? sx < sy
                     : op == ">"  ? sx > sy
                     : op == "<=" ? sx <= sy
                     : op == ">=" ? sx >= sy
                     : op == "<<" ? (y < 64 ? x << y : 0)
                     : op == ">>" ? (y < 64 ? x >> y : 0)
                     : op == "+"  ? x + y
                     : op == "-"  ? x - y
                     : op == "*"  ? x * y
                     : op == "/"
                         ? (sy == -1 ? -x : static_cast<uint64_t>(sx / sy))
                         : (sy == -1 ? 0 : static_cast<uint64_t>(sx % sy));
    return {false, value};
  }

  uint64_t parseInteger() {
    Constant value = parseConstant(1);
    if (value.isFloat)
      fail("expects an integer");
    return value.bits;
  }

  // ---- operands ----

  Operand constantOperand() {
    // 0f and 0d keep their width; everything else is an expression.
    Operand operand;
    bool negative = isPunctuation("-") && peek(1).kind == Token::Kind::Float32;
    if (peek(negative).kind == Token::Kind::Float32) {
      position += negative;
      operand.kind = Operand::Kind::Float32;
      operand.bits = tokens[position++].bits ^ (negative ? 0x80000000u : 0);
      return operand;
    }
    Constant value = parseConstant(2);
    operand.kind =
        value.isFloat ? Operand::Kind::Float64 : Operand::Kind::Integer;
    operand.bits = value.bits;
    return operand;
  }

  /// What follows the name of a register or symbol: nothing, "+4", "-4", "+-4".
  int64_t parseOffset() {
    if (!isPunctuation("+") && !isPunctuation("-"))
      return 0;
    bool minus = isPunctuation("-");
    ++position;
    auto value = static_cast<int64_t>(parseInteger());
    return minus ? -value : value;
  }

  Operand parseOperand() {
    Operand operand;
    if (accept("[")) {
      operand.kind = Operand::Kind::Address;
      operand.elements.push_back(parseOperand());
      std::swap(operand.offset, operand.elements[0].offset);
      if (operand.elements[0].kind == Operand::Kind::Name)
        operand.offset += parseOffset();
      while (accept(","))
        operand.elements.push_back(parseOperand());
      expect("]");
      return operand;
    }
    if (accept("{")) {
      operand.kind = Operand::Kind::Vector;
      do
        operand.elements.push_back(parseOperand());
      while (accept(","));
      expect("}");
      return operand;
    }
    if (isPunctuation("(") && peek(1).kind == Token::Kind::Word &&
        peek(1).text[0] != '.') {
      ++position;
      operand.kind = Operand::Kind::List;
      if (!isPunctuation(")"))
        do
          operand.elements.push_back(parseOperand());
        while (accept(","));
      expect(")");
      return operand;
    }
    if (isPunctuation("(") && isPunctuation(")", 1)) {
      position += 2;
      operand.kind = Operand::Kind::List;
      return operand;
    }
    if (isPunctuation("!") && peek(1).kind == Token::Kind::Word) {
      ++position;
      operand = parseOperand();
      operand.negated = true;
      return operand;
    }
    if (peek().kind == Token::Kind::Word && peek().text != "WARP_SZ") {
      std::string name = tokens[position++].text;
      if (name == "_") {
        operand.kind = Operand::Kind::Sink;
      } else {
        operand.kind = Operand::Kind::Name;
        operand.name = name;
        operand.offset = parseOffset();
      }
      if (accept("|")) {
        Operand pair;
        pair.kind = Operand::Kind::Pair;
        pair.elements.push_back(std::move(operand));
        pair.elements.push_back(parseOperand());
        return pair;
      }
      return operand;
    }
    return constantOperand();
  }

  // ---- declarations ----

  static bool isFundamentalType(const std::string &type) {
    static const std::set<std::string> types = {
        ".s8",   ".s16",    ".s32",    ".s64",        ".u8",     ".u16",
        ".u32",  ".u64",    ".f16",    ".f16x2",      ".f32",    ".f64",
        ".b8",   ".b16",    ".b32",    ".b64",        ".b128",   ".pred",
        ".bf16", ".bf16x2", ".texref", ".samplerref", ".surfref"};
    return types.count(type) != 0;
  }

  /// Attributes, type and the first name of a declaration whose state space has
  /// been read. `more` reads further names of the same type.
  Variable parseDeclarator(const std::string &space) {
    Variable variable;
    variable.space = space;
    variable.line = peek().line;
    bool typed = false;
    while (peek().kind == Token::Kind::Word && peek().text[0] == '.') {
      std::string word = tokens[position++].text;
      if (word == ".align") {
        variable.align = static_cast<uint32_t>(parseInteger());
      } else if (word == ".v2" || word == ".v4" || word == ".v8") {
        variable.vector = static_cast<unsigned>(word[2] - '0');
      } else if (word == ".ptr") {
        variable.pointer = true;
      } else if (word == ".attribute") {
        expect("(");
        skipTo(")");
      } else if (isFundamentalType(word)) {
        variable.type = word.substr(1);
        typed = true;
      } else if (variable.pointer && (word == ".global" || word == ".shared" ||
                                      word == ".const" || word == ".local")) {
        // The space that a pointer parameter points to: a hint.
      } else {
        fail("unknown attribute '" + word + "' of a declaration");
      }
    }
    if (!typed)
      fail("expects the type of a declaration, but got " + shown());
    parseName(variable);
    return variable;
  }

  void parseName(Variable &variable) {
    variable.name = expectWord("a name");
    while (accept("[")) {
      variable.isArray = true;
      variable.shape.push_back(isPunctuation("]") ? 0 : parseInteger());
      expect("]");
    }
  }

  void parseInitialiser(Variable &variable) {
    if (accept("{")) {
      if (!isPunctuation("}"))
        do
          parseInitialiser(variable);
        while (accept(","));
      expect("}");
      return;
    }
    Initialiser part;
    if (acceptWord("generic")) {
      expect("(");
      part.generic = true;
      part.value = parseOperand();
      expect(")");
      part.value.offset += parseOffset();
    } else {
      part.value = parseOperand();
      if (part.value.kind == Operand::Kind::Integer && accept("(")) {
        part.mask = part.value.bits;
        part.value = parseOperand();
        expect(")");
      }
    }
    variable.initialisers.push_back(std::move(part));
  }

  template <typename Sink>
  void parseVariables(const std::string &space, bool isExtern, Sink sink) {
    Variable variable = parseDeclarator(space);
    variable.isExtern = isExtern;
    while (true) {
      if (accept("="))
        parseInitialiser(variable);
      Variable next = variable;
      sink(std::move(variable));
      if (!accept(","))
        break;
      variable = std::move(next);
      variable.shape.clear();
      variable.isArray = false;
      variable.initialisers.clear();
      parseName(variable);
    }
    expect(";");
  }

  Registers parseRegisters() {
    Registers registers;
    registers.line = peek().line;
    std::string word = expectWord("a type");
    if (word == ".v2" || word == ".v4") {
      registers.vector = static_cast<unsigned>(word[2] - '0');
      word = expectWord("a type");
    }
    if (!isFundamentalType(word))
      fail("unknown type '" + word + "' of registers");
    registers.type = word.substr(1);
    do {
      std::string name = expectWord("the name of a register");
      std::optional<uint32_t> count;
      if (accept("<")) {
        count = static_cast<uint32_t>(parseConstant(8).bits);
        expect(">");
      }
      registers.names.emplace_back(std::move(name), count);
    } while (accept(","));
    expect(";");
    return registers;
  }

  // ---- bodies ----

  Block parseBlock() {
    Block block;
    expect("{");
    while (!isPunctuation("}")) {
      if (atEnd())
        fail("a body has no '}'");
      size_t before = position, statements = block.statements.size();
      int line = peek().line;
      try {
        parseStatement(block);
      } catch (const StatementError &error) {
        problems.add(line, error.what());
        while (block.statements.size() > statements)
          block.statements.pop_back();
        position = before;
        skipTo(";");
        if (position == before)
          ++position;
      }
    }
    expect("}");
    return block;
  }

  Statement &append(Block &block, Statement::Kind kind) {
    block.statements.emplace_back();
    block.statements.back().kind = kind;
    block.statements.back().line = peek().line;
    return block.statements.back();
  }

  void parseStatement(Block &block) {
    if (isPunctuation("{")) {
      Statement &statement = append(block, Statement::Kind::Block);
      auto inner = std::make_unique<Block>(parseBlock());
      statement.block = std::move(inner);
      return;
    }
    if (accept(";"))
      return;
    if (peek().kind == Token::Kind::Word && isPunctuation(":", 1)) {
      std::string label = tokens[position].text;
      position += 2;
      if (peek().kind == Token::Kind::Word &&
          (isWord(".branchtargets") || isWord(".calltargets"))) {
        Statement &statement = append(block, Statement::Kind::Targets);
        statement.label = label;
        ++position;
        do
          statement.targets.push_back(expectWord("a label"));
        while (accept(","));
        expect(";");
        return;
      }
      if (isWord(".callprototype")) {
        skipTo(";");
        return;
      }
      append(block, Statement::Kind::Label).label = label;
      return;
    }
    if (peek().kind == Token::Kind::Word && peek().text[0] == '.') {
      parseDirective(block);
      return;
    }
    parseInstruction(append(block, Statement::Kind::Instruction).instruction);
  }

  void parseDirective(Block &block) {
    std::string word = tokens[position].text;
    if (word == ".loc") {
      skipLocation();
    } else if (word == ".pragma") {
      skipTo(";");
    } else if (word == ".reg") {
      ++position;
      Registers registers = parseRegisters();
      append(block, Statement::Kind::Registers).registers =
          std::move(registers);
    } else if (word == ".local" || word == ".shared" || word == ".param" ||
               word == ".const" || word == ".global" ||
               word == ".shared::cta") {
      ++position;
      parseVariables(word == ".shared::cta" ? "shared" : word.substr(1), false,
                     [&](Variable variable) {
                       append(block, Statement::Kind::Variable).variable =
                           std::move(variable);
                     });
    } else {
      fail("unknown directive '" + word + "' in a body");
    }
  }

  /// .loc file line column[, function_name label [+ n], inlined_at file line
  /// column]
  void skipLocation() {
    int line = peek().line;
    while (!atEnd() && peek().line == line && !isPunctuation("}"))
      ++position;
  }

  void parseInstruction(Instruction &instruction) {
    instruction.line = peek().line;
    if (accept("@")) {
      instruction.guardNegated = accept("!");
      instruction.guard = expectWord("a guard predicate");
    }
    instruction.line = peek().line;
    std::vector<std::string> parts = splitDots(expectWord("an instruction"));
    instruction.opcode = parts[0];
    instruction.modifiers.assign(parts.begin() + 1, parts.end());
    if (instruction.opcode.empty() || instruction.opcode[0] == '%')
      fail("expects an instruction, but got '" + parts[0] + "'");
    if (!isPunctuation(";"))
      do
        instruction.operands.push_back(parseOperand());
      while (accept(","));
    expect(";");
  }

  // ---- top level ----

  void parseTopLevel() {
    if (accept(";"))
      return;
    std::string word = expectWord("a directive");
    if (word == ".version") {
      // "9.0" is read as a number, and so is "9".
      module.version = tokens[position++].text;
    } else if (word == ".target") {
      do {
        std::string name = expectWord("a target");
        if (module.target.empty())
          module.target = name;
        else
          module.targetOptions.push_back(name);
      } while (accept(","));
    } else if (word == ".address_size") {
      module.addressSize = static_cast<int>(parseInteger());
      if (module.addressSize != 64)
        fail("expects '.address_size 64', but got " +
             std::to_string(module.addressSize));
    } else if (word == ".file") {
      skipLocation();
    } else if (word == ".section") {
      expectWord("the name of a section");
      expect("{");
      skipTo("\x01");
      expect("}");
    } else if (word == ".pragma" || word == ".alias") {
      skipTo(";");
    } else {
      --position;
      parseLinked();
    }
  }

  void parseLinked() {
    bool isExtern = false, isWeak = false;
    while (true) {
      if (acceptWord(".extern"))
        isExtern = true;
      else if (acceptWord(".weak") || acceptWord(".common"))
        isWeak = true;
      else if (!acceptWord(".visible"))
        break;
    }
    std::string word = expectWord("a declaration");
    if (word == ".entry" || word == ".func") {
      parseFunction(word == ".entry", isExtern, isWeak);
    } else if (word == ".global" || word == ".const" || word == ".shared" ||
               word == ".shared::cta") {
      parseVariables(word == ".shared::cta" ? "shared" : word.substr(1),
                     isExtern, [&](Variable variable) {
                       module.variables.push_back(std::move(variable));
                     });
    } else {
      fail("unknown directive '" + word + "'");
    }
  }

  std::vector<Variable> parseParams() {
    std::vector<Variable> params;
    expect("(");
    if (!isPunctuation(")"))
      do {
        std::string space = expectWord("'.param' or '.reg'");
        if (space != ".param" && space != ".reg")
          fail("expects '.param' or '.reg', but got '" + space + "'");
        params.push_back(parseDeclarator(space.substr(1)));
      } while (accept(","));
    expect(")");
    return params;
  }

  void parseFunction(bool isEntry, bool isExtern, bool isWeak) {
    Function function;
    function.line = peek().line;
    function.isEntry = isEntry;
    function.isExtern = isExtern;
    function.isWeak = isWeak;
    if (!isEntry) {
      while (peek().kind == Token::Kind::Word && peek().text == ".attribute") {
        ++position;
        expect("(");
        skipTo(")");
      }
      if (isPunctuation("("))
        function.results = parseParams();
    }
    function.name = expectWord("the name of a function");
    if (isPunctuation("("))
      function.params = parseParams();
    while (peek().kind == Token::Kind::Word && peek().text[0] == '.') {
      std::string word = tokens[position++].text;
      static const std::set<std::string> known = {".maxnreg",
                                                  ".maxntid",
                                                  ".reqntid",
                                                  ".minnctapersm",
                                                  ".maxnctapersm",
                                                  ".noreturn",
                                                  ".pragma",
                                                  ".reqnctapercluster",
                                                  ".explicitcluster",
                                                  ".maxclusterrank",
                                                  ".blocksareclusters",
                                                  ".abi_preserve",
                                                  ".abi_preserve_control",
                                                  ".unique",
                                                  ".language"};
      if (!known.count(word))
        fail("unknown directive '" + word + "' of a function");
      if (word == ".pragma") {
        skipTo(";");
        continue;
      }
      std::vector<uint64_t> values;
      if (peek().kind == Token::Kind::Integer)
        do
          values.push_back(parseInteger());
        while (accept(","));
      function.directives[word] = values;
    }
    if (isPunctuation("{"))
      function.body = parseBlock();
    else
      expect(";");
    module.functions.push_back(std::move(function));
  }

  Problems &problems;
  std::vector<Token> tokens;
  size_t position = 0;
  ast::Module module;
};

} // namespace

ast::Module moe::emu::parseModule(const std::string &text, Problems &problems) {
  return Parser(text, problems).run();
}
