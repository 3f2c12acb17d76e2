// Parsing of a kernel's arguments.
#include "Arguments.h"

#include <cstring>
#include <sstream>

using namespace moe;
using namespace moe::ptxemu;
using run::InputError;

static moe_dtype_t parseDtype(const std::string &name,
                              const std::string &argument) {
  for (moe_dtype_t dtype = 1; dtype < 64; ++dtype)
    if (name == moeRuntimeDtypeName(dtype))
      return dtype;
  throw InputError("'" + argument +
                   "' expects an element type such as f32, but got '" + name +
                   "'");
}

/// "f32[2,3]"
static void parseShape(const std::string &text, const std::string &whole,
                       Argument &argument) {
  size_t open = text.find('[');
  if (open == std::string::npos || text.back() != ']')
    throw InputError("'" + whole + "' expects a shape such as f32[2,3]");
  argument.dtype = parseDtype(text.substr(0, open), whole);
  std::stringstream sizes(text.substr(open + 1, text.size() - open - 2));
  for (std::string size; std::getline(sizes, size, ',');) {
    char *end = nullptr;
    long long value = std::strtoll(size.c_str(), &end, 10);
    if (size.empty() || *end || value < 1 || value > 1LL << 40)
      throw InputError("'" + whole + "' expects sizes of at least 1");
    argument.dims.push_back(value);
  }
}

static void parseScalar(const std::string &kind, const std::string &value,
                        const std::string &whole, Argument &argument) {
  moe_dtype_t dtype = parseDtype(kind, whole);
  argument.bytes = static_cast<uint32_t>(moeRuntimeDtypeSize(dtype));
  char *end = nullptr;
  if (kind == "f32") {
    float number = std::strtof(value.c_str(), &end);
    std::memcpy(&argument.bits, &number, sizeof(number));
  } else if (kind == "f64") {
    double number = std::strtod(value.c_str(), &end);
    std::memcpy(&argument.bits, &number, sizeof(number));
  } else if (kind[0] == 'i' || kind[0] == 'u') {
    argument.bits =
        kind[0] == 'i'
            ? static_cast<uint64_t>(std::strtoll(value.c_str(), &end, 0))
            : std::strtoull(value.c_str(), &end, 0);
  }
  if (value.empty() || !end || *end)
    throw InputError("'" + whole + "' expects a number");
}

static std::vector<char> parseBytes(const std::string &text,
                                    const std::string &whole) {
  if (text.empty() || text.size() % 2 ||
      text.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
    throw InputError("'" + whole + "' expects two hexadecimal digits per byte");
  std::vector<char> bytes;
  for (size_t i = 0; i < text.size(); i += 2)
    bytes.push_back(
        static_cast<char>(std::stoul(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

Argument moe::ptxemu::parseArgument(const std::string &text) {
  Argument argument;
  size_t colon = text.find(':');
  if (colon == std::string::npos)
    throw InputError("'" + text +
                     "' expects in:, inout:, out: or a type and ':' first");
  std::string kind = text.substr(0, colon), rest = text.substr(colon + 1);
  if (kind == "bytes") {
    argument.structure = parseBytes(rest, text);
    argument.bytes = static_cast<uint32_t>(argument.structure.size());
    return argument;
  }
  argument.isBuffer = kind == "in" || kind == "inout" || kind == "out";
  if (!argument.isBuffer) {
    parseScalar(kind, rest, text, argument);
    return argument;
  }
  if (kind != "in") {
    size_t equals = rest.rfind('=');
    if (equals == std::string::npos)
      throw InputError("'" + text + "' expects '=FILE.npy' at its end");
    argument.output = rest.substr(equals + 1);
    rest.resize(equals);
  }
  if (kind == "out") {
    parseShape(rest, text, argument);
    return argument;
  }
  argument.input = run::readNpy(rest);
  argument.dtype = argument.input->dtype;
  argument.dims = argument.input->dims;
  return argument;
}
