// All that is wrong with a module, by line.
#ifndef MOE_RUNTIME_EMULATOR_PROBLEMS_H
#define MOE_RUNTIME_EMULATOR_PROBLEMS_H

#include <map>
#include <stdexcept>
#include <string>
#include <utility>

namespace moe::emu {

/// A problem with one statement; becomes an entry of Problems.
class StatementError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Collects problems, each line's first message once.
class Problems {
public:
  void add(int line, const std::string &message) {
    byLine.emplace(std::pair(line, message), 0).first->second++;
  }
  bool empty() const { return byLine.empty(); }
  size_t size() const { return byLine.size(); }

  /// One line each, such as "k.ptx:12: unknown instruction 'foo.b32'".
  std::string text(const std::string &file) const {
    std::string result;
    for (const auto &[key, count] : byLine)
      result += (result.empty() ? "" : "\n") + file + ":" +
                std::to_string(key.first) + ": " + key.second;
    return result;
  }

private:
  std::map<std::pair<int, std::string>, int> byLine;
};

} // namespace moe::emu

#endif // MOE_RUNTIME_EMULATOR_PROBLEMS_H
