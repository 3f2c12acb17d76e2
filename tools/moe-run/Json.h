// Just enough JSON to print reports.
#ifndef MOE_TOOLS_MOE_RUN_JSON_H
#define MOE_TOOLS_MOE_RUN_JSON_H

#include <cmath>
#include <cstdio>
#include <string>

namespace moe::run {

/// A string in quotes.
inline std::string jsonString(const std::string &text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\u%04x", c);
      result += escape;
    } else {
      result += c;
    }
  }
  return result + "\"";
}

/// A number; null where JSON has none.
inline std::string jsonNumber(double value) {
  if (!std::isfinite(value))
    return "null";
  char text[32];
  std::snprintf(text, sizeof(text), "%.17g", value);
  return text;
}

/// "[a, b]" from anything iterable and a function that prints one element.
template <typename Range, typename Print>
std::string jsonList(const Range &range, Print print) {
  std::string result = "[";
  for (const auto &element : range)
    result += (result.size() > 1 ? ", " : "") + print(element);
  return result + "]";
}

} // namespace moe::run

#endif // MOE_TOOLS_MOE_RUN_JSON_H
