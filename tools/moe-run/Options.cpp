// Parsing of moe-run's command line.
#include "Options.h"
#include "Npy.h"

#include <cmath>
#include <functional>

using namespace moe::run;

const char *const moe::run::kHelp =
    R"(usage: moe-run model.so [options]

Runs a compiled model on tensors in .npy files and compares what it computes.

  --input NAME=FILE.npy    an input; NAME= may be left out where there is one
  --expect NAME=FILE.npy   compares an output with a reference
  --output NAME=FILE.npy   writes an output
  --case DIR               takes DIR/inputs/NAME.npy as inputs and
                           DIR/outputs/NAME.npy as references (characters that
                           a file name cannot have are written as %XX)
  --tolerance T            bound on max|y - r| / max|r| for floating point
                           (default: f32 and f64 1e-4, f16 and bf16 2e-2;
                           integers and booleans must be equal)
  --repeat N               timed runs after the first one (default 1)
  --threads N              threads (default: MOE_NUM_THREADS, else all)
  --entry NAME             entry point (default: the first)
  --poison                 fills memory with NaN before the model gets it
  --verify-weights         reads the whole weights file and checks its hash
  --copy-weights           copies the weights into memory with large pages,
                           which takes time and as much memory as they have,
                           instead of mapping their file; runs that wait for
                           memory are faster where its pages are scattered
  --describe               prints what the model is, and runs nothing
  --json                   prints JSON
  --version, --help

Exit status: 0 done and all comparisons hold, 1 a comparison fails,
2 wrong usage, input or model.
)";

static uint32_t parseCount(const std::string &option, const std::string &text,
                           uint32_t least) {
  char *end = nullptr;
  unsigned long value = std::strtoul(text.c_str(), &end, 10);
  if (text.empty() || text[0] < '0' || text[0] > '9' || *end || value < least ||
      value > 1000000)
    throw InputError("option '" + option + "' expects a number from " +
                     std::to_string(least) + " to 1000000, but got '" + text +
                     "'");
  return static_cast<uint32_t>(value);
}

static double parseTolerance(const std::string &text) {
  char *end = nullptr;
  double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end || !(value >= 0) || std::isinf(value))
    throw InputError("option '--tolerance' expects a number that is not "
                     "negative, but got '" +
                     text + "'");
  return value;
}

Options moe::run::parseOptions(int argc, char **argv) {
  Options options;
  const struct {
    const char *name;
    std::function<void(const std::string &)> set;
  } valued[] = {
      {"--input", [&](auto &v) { options.inputs.push_back(v); }},
      {"--expect", [&](auto &v) { options.expects.push_back(v); }},
      {"--output", [&](auto &v) { options.outputs.push_back(v); }},
      {"--case", [&](auto &v) { options.caseFolder = v; }},
      {"--entry", [&](auto &v) { options.entry = v; }},
      {"--tolerance", [&](auto &v) { options.tolerance = parseTolerance(v); }},
      {"--repeat",
       [&](auto &v) { options.repeat = parseCount("--repeat", v, 0); }},
      {"--threads",
       [&](auto &v) { options.threads = parseCount("--threads", v, 1); }},
  };
  const struct {
    const char *name;
    bool *value;
  } flags[] = {
      {"--describe", &options.describe},
      {"--json", &options.json},
      {"--poison", &options.poison},
      {"--verify-weights", &options.verifyWeights},
      {"--copy-weights", &options.copyWeights},
      {"--help", &options.help},
      {"-h", &options.help},
      {"--version", &options.version},
  };
  auto parseOption = [&](const std::string &argument, int &i) {
    for (const auto &flag : flags)
      if (argument == flag.name) {
        *flag.value = true;
        return true;
      }
    for (const auto &option : valued) {
      std::string name = option.name;
      if (argument == name) {
        if (i + 1 >= argc)
          throw InputError("option '" + name + "' expects a value");
        option.set(argv[++i]);
        return true;
      }
      if (argument.compare(0, name.size() + 1, name + "=") == 0) {
        option.set(argument.substr(name.size() + 1));
        return true;
      }
    }
    return false;
  };
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (argument.size() > 1 && argument[0] == '-') {
      if (!parseOption(argument, i))
        throw InputError("unknown option '" + argument +
                         "'; moe-run --help lists them");
    } else if (options.model.empty()) {
      options.model = argument;
    } else {
      throw InputError("expects one model, but got '" + options.model +
                       "' and '" + argument + "'");
    }
  }
  if (options.model.empty() && !options.help && !options.version)
    throw InputError("expects a model, such as: moe-run model.so --input "
                     "x=x.npy --expect y=y.npy");
  return options;
}
