// Finds what a text needs and this compiler lacks, all at once: a parser stops
// at the first operation that it does not know.
#include "moe/Import/StableHLO.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OperationSupport.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using moe::MissingOperation;
using moe::MissingOperations;

namespace {

/// Walks over the tokens of a module's text as far as names of operations ask.
class Scanner {
public:
  Scanner(StringRef text, MLIRContext &context)
      : text(text), context(context) {}
  MissingOperations run();

private:
  static bool isNamePart(char c) {
    return llvm::isAlnum(c) || c == '_' || c == '.' || c == '$' || c == '-';
  }
  StringRef nameAt(size_t position) const {
    return text.substr(position).take_while(isNamePart);
  }
  size_t afterString(size_t quote) const;
  char nextVisible(size_t position) const {
    position = text.find_first_not_of(" \t\r\n", position);
    return position == StringRef::npos ? '\0' : text[position];
  }
  void note(StringRef name, size_t position);

  StringRef text;
  MLIRContext &context;
  MissingOperations missing;
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

void Scanner::note(StringRef name, size_t position) {
  auto [dialect, operation] = name.split('.');
  if (!isGraphDialect(dialect) || operation.empty() ||
      RegisteredOperationName::lookup(name, &context))
    return;
  line += text.slice(lineAt, position).count('\n');
  lineAt = position;
  MissingOperation &own = missing[name];
  ++own.count;
  own.places.push_back(("line " + Twine(line)).str());
}

MissingOperations Scanner::run() {
  size_t position = 0;
  while (position < text.size()) {
    char c = text[position];
    if (c == '/' && text.substr(position).starts_with("//")) {
      position = std::min(text.find('\n', position), text.size());
    } else if (c == '"') {
      size_t end = afterString(position);
      StringRef inside = text.slice(position + 1, end - 1);
      if (inside.size() < 128 && nextVisible(end) == '(')
        note(inside, position);
      position = end;
    } else if (llvm::isAlpha(c) || c == '_') {
      StringRef name = nameAt(position);
      // Names of attributes stand before '=' or after '#', those of types
      // after '!', of values after '%', of functions after '@'.
      char before = position == 0 ? ' ' : text[position - 1];
      if (!StringRef("#!%@^").contains(before) &&
          nextVisible(position + name.size()) != '=')
        note(name, position);
      position += name.size();
    } else {
      ++position;
    }
  }
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

/// "2 times: line 7, line 9"
static std::string describe(const MissingOperation &operation) {
  constexpr size_t shown = 4;
  std::string text =
      (Twine(operation.count) + (operation.count == 1 ? " time" : " times"))
          .str();
  ArrayRef<std::string> places(operation.places);
  if (!places.empty())
    text += ": " + llvm::join(places.take_front(shown), ", ") +
            (places.size() > shown ? ", ..." : "");
  return text;
}

std::string moe::listMissingOperations(const MissingOperations &missing) {
  std::string names;
  for (const auto &[name, operation] : missing)
    names += ((names.empty() ? "'" : ", '") + name + "' (" +
              describe(operation) + ")")
                 .str();
  if (llvm::any_of(missing, [](const auto &operation) {
        return isOfSeveralDevices(operation.first);
      }))
    names += "; it is split among devices: export it for one, as it is before "
             "shard_map or partitioning";
  return names;
}

std::string moe::findMissingOperations(StringRef text, MLIRContext &context) {
  return listMissingOperations(Scanner(text, context).run());
}
