// Finds what a text needs and this compiler or the text itself lacks, all at
// once: a parser stops at the first operation that it does not know.
#include "moe/Import/StableHLO.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OperationSupport.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using moe::MissingInModel;
using moe::MissingPart;
using moe::MissingParts;

namespace {

/// Walks over the tokens of a module's text as far as names of operations and
/// functions ask.
class Scanner {
public:
  Scanner(StringRef text, MLIRContext &context)
      : text(text), context(context) {}
  MissingInModel run();

private:
  static bool isNamePart(char c) {
    return llvm::isAlnum(c) || c == '_' || c == '.' || c == '$' || c == '-';
  }
  StringRef nameAt(size_t position) const {
    return text.substr(position).take_while(isNamePart);
  }
  size_t afterString(size_t quote) const;
  size_t takeString(size_t quote);
  size_t takeSymbol(size_t at);
  size_t takeWord(size_t position);
  char nextVisible(size_t position) const {
    position = text.find_first_not_of(" \t\r\n", position);
    return position == StringRef::npos ? '\0' : text[position];
  }
  void note(MissingParts &parts, StringRef name, size_t position);
  void noteOperation(StringRef name, size_t position);
  void noteCallee(StringRef target, size_t position);

  StringRef text;
  MLIRContext &context;
  MissingInModel missing;
  /// The functions that the text has.
  llvm::StringSet<> functions;
  /// The last word, as long as no more than '=' stands behind it.
  StringRef word;
  // The line of a position that was asked for.
  size_t lineAt = 0;
  unsigned line = 1;
};

} // namespace

/// The dialects whose operations a model of the graph level may have.
static bool isGraphDialect(StringRef dialect) {
  return dialect == "stablehlo" || dialect == "chlo" || dialect == "mhlo" ||
         dialect == "vhlo" || dialect == "sdy";
}

size_t Scanner::afterString(size_t quote) const {
  size_t position = quote + 1;
  while (true) {
    position = text.find_first_of("\"\\\n", position);
    if (position == StringRef::npos)
      return text.size();
    if (text[position] != '\\')
      return position + 1;
    position += 2;
  }
}

void Scanner::note(MissingParts &parts, StringRef name, size_t position) {
  line += text.slice(lineAt, position).count('\n');
  lineAt = position;
  MissingPart &part = parts[name];
  ++part.count;
  part.places.push_back(("line " + Twine(line)).str());
}

void Scanner::noteOperation(StringRef name, size_t position) {
  auto [dialect, operation] = name.split('.');
  if (isGraphDialect(dialect) && !operation.empty() &&
      !RegisteredOperationName::lookup(name, &context))
    note(missing.operations, name, position);
}

void Scanner::noteCallee(StringRef target, size_t position) {
  if (!moe::isKnownCallee(target))
    note(missing.callees, target, position);
}

/// The name of an operation in the generic form, or an attribute.
size_t Scanner::takeString(size_t quote) {
  size_t end = afterString(quote);
  StringRef inside = text.slice(quote + 1, end - 1);
  if (word == "call_target_name")
    noteCallee(inside, quote);
  else if (word == "sym_name")
    functions.insert(inside);
  else if (inside.size() < 128 && nextVisible(end) == '(')
    noteOperation(inside, quote);
  word = "";
  return end;
}

/// `@name` or `@"name"`: a function that is defined, called, or neither.
size_t Scanner::takeSymbol(size_t at) {
  bool isQuoted = text.substr(at + 1).starts_with("\"");
  size_t end = isQuoted ? afterString(at + 1) : at + 1 + nameAt(at + 1).size();
  StringRef name =
      isQuoted ? text.slice(at + 2, end - 1) : text.slice(at + 1, end);
  if (word == "stablehlo.custom_call")
    noteCallee(name, at);
  else if (llvm::is_contained({"call", "func.call", "callee", "decomposition"},
                              word))
    // Functions may follow their calls.
    note(missing.functions, name, at);
  else if (llvm::is_contained(
               {"func.func", "func", "public", "private", "nested"}, word))
    functions.insert(name);
  word = "";
  return end;
}

size_t Scanner::takeWord(size_t position) {
  StringRef name = nameAt(position);
  size_t end = position + name.size();
  // Names of attributes stand before '=' or after '#', those of types after
  // '!', of values after '%', of blocks after '^'.
  char before = position == 0 ? ' ' : text[position - 1];
  if (!StringRef("#!%^").contains(before)) {
    word = name;
    if (nextVisible(end) != '=')
      noteOperation(name, position);
  }
  return end;
}

MissingInModel Scanner::run() {
  size_t position = 0;
  while (position < text.size()) {
    char c = text[position];
    if (c == '/' && text.substr(position).starts_with("//")) {
      position = std::min(text.find('\n', position), text.size());
    } else if (c == '"') {
      position = takeString(position);
    } else if (c == '@') {
      position = takeSymbol(position);
    } else if (llvm::isAlpha(c) || c == '_') {
      position = takeWord(position);
    } else {
      if (c != '=' && !llvm::isSpace(c))
        word = "";
      ++position;
    }
  }
  missing.functions.remove_if(
      [&](const auto &entry) { return functions.contains(entry.first); });
  return std::move(missing);
}

/// Whether only a program that is split among devices has the operation.
static bool isOfSeveralDevices(StringRef name) {
  return llvm::StringSwitch<bool>(name)
      .Cases({"stablehlo.all_gather", "stablehlo.all_reduce",
              "stablehlo.all_to_all", "stablehlo.reduce_scatter"},
             true)
      .Cases({"stablehlo.collective_broadcast", "stablehlo.collective_permute",
              "stablehlo.partition_id", "stablehlo.replica_id"},
             true)
      .Case("sdy.manual_computation", true)
      .Default(false);
}

/// "'stablehlo.fft' (2 times: line 7, line 9), 'stablehlo.rng' (1 time)".
static std::string list(const MissingParts &parts) {
  constexpr size_t shown = 4;
  std::string text;
  for (const auto &[name, part] : parts) {
    ArrayRef<std::string> places(part.places);
    text +=
        ((text.empty() ? "'" : ", '") + name + "' (" + Twine(part.count) +
         (part.count == 1 ? " time" : " times") + (places.empty() ? "" : ": ") +
         llvm::join(places.take_front(shown), ", ") +
         (places.size() > shown ? ", ...)" : ")"))
            .str();
  }
  return text;
}

std::string moe::describeMissing(const MissingInModel &missing) {
  std::string text;
  auto add = [&](StringRef own, StringRef further, const MissingParts &parts) {
    if (!parts.empty())
      text += (text.empty() ? own : further).str() + list(parts);
  };
  add("expects operations that this compiler knows, but the model also has ",
      "", missing.operations);
  add("expects functions that the file has, but the model calls ",
      "; functions that the file lacks: ", missing.functions);
  if (text.empty())
    return text;
  add("", "; functions of other compilers: ", missing.callees);
  if (llvm::any_of(missing.operations, [](const auto &entry) {
        return isOfSeveralDevices(entry.first);
      }))
    text += "; it is split among devices: export it for one, as it is before "
            "shard_map or partitioning";
  return text;
}

std::string moe::findMissing(StringRef text, MLIRContext &context) {
  return describeMissing(Scanner(text, context).run());
}
