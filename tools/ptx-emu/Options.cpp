// Parsing of ptx-emu's command line.
#include "Options.h"
#include "../moe-run/Npy.h"

#include <functional>

using namespace moe::ptxemu;
using moe::run::InputError;

const char *const moe::ptxemu::kHelp =
    R"(usage: ptx-emu kernel.ptx --grid X[,Y[,Z]] --block X[,Y[,Z]] [options]
               --args ARGUMENT...

Runs a GPU kernel without a GPU, checks what it does and prints what is wrong.

ARGUMENTs, one for each parameter of the kernel, in order:
  in:FILE.npy              a pointer to what the file holds
  inout:FILE.npy=OUT.npy   the same, written to OUT.npy afterwards
  out:f32[2,3]=OUT.npy     a pointer to memory that nobody has written (also
                           f16, bf16, f64, i8 ... i64, u8 ... u64)
  f32:1.5, u32:7, i64:-1   a number

  --kernel NAME            the kernel (default: the only one)
  --shared BYTES           dynamic shared memory
  --cooperative            all CTAs must be resident at once
  --seed N                 chooses the schedule (default 1)
  --seeds N                runs with N seeds, until one finds something
  --schedule NAME          random, latest (asynchronous copies as late as
                           possible) or starve (one CTA runs last)
  --multiprocessors N      limits how many CTAs are resident (default 132)
  --unchecked              only the checks that keep the emulator safe
  --counters               prints instructions by opcode and traffic by space
  --trace FILE.json        writes when each CTA ran, for Perfetto
  --json                   prints JSON
  --version, --help

Exit status: 0 nothing found, 1 the kernel did something wrong, 2 wrong usage
or a module that the emulator does not support.
)";

static uint64_t parseNumber(const std::string &option, const std::string &text,
                            uint64_t least, uint64_t most) {
  char *end = nullptr;
  unsigned long long value = std::strtoull(text.c_str(), &end, 10);
  if (text.empty() || text[0] < '0' || text[0] > '9' || *end || value < least ||
      value > most)
    throw InputError("option '" + option + "' expects a number from " +
                     std::to_string(least) + " to " + std::to_string(most) +
                     ", but got '" + text + "'");
  return value;
}

static moe::emu::Dim3 parseDim(const std::string &option,
                               const std::string &text) {
  moe::emu::Dim3 dim;
  uint32_t *axes[] = {&dim.x, &dim.y, &dim.z};
  size_t start = 0;
  for (uint32_t *axis : axes) {
    size_t comma = text.find(',', start);
    *axis = static_cast<uint32_t>(
        parseNumber(option, text.substr(start, comma - start), 1, 1 << 20));
    if (comma == std::string::npos)
      return dim;
    start = comma + 1;
  }
  throw InputError("option '" + option + "' expects at most three numbers");
}

static moe::emu::Schedule parseSchedule(const std::string &text) {
  if (text == "random")
    return moe::emu::Schedule::Random;
  if (text == "latest")
    return moe::emu::Schedule::Latest;
  if (text == "starve")
    return moe::emu::Schedule::Starve;
  throw InputError("option '--schedule' expects random, latest or starve, but "
                   "got '" +
                   text + "'");
}

Options moe::ptxemu::parseOptions(int argc, char **argv) {
  Options options;
  const struct {
    const char *name;
    std::function<void(const std::string &)> set;
  } valued[] = {
      {"--kernel", [&](auto &v) { options.kernel = v; }},
      {"--trace", [&](auto &v) { options.trace = v; }},
      {"--grid", [&](auto &v) { options.config.grid = parseDim("--grid", v); }},
      {"--block",
       [&](auto &v) { options.config.block = parseDim("--block", v); }},
      {"--shared",
       [&](auto &v) {
         options.config.dynamicShared =
             static_cast<uint32_t>(parseNumber("--shared", v, 0, 232448));
       }},
      {"--seed",
       [&](auto &v) {
         options.emulator.seed = parseNumber("--seed", v, 0, INT64_MAX);
       }},
      {"--seeds",
       [&](auto &v) { options.seeds = parseNumber("--seeds", v, 1, 1000000); }},
      {"--schedule",
       [&](auto &v) { options.emulator.schedule = parseSchedule(v); }},
      {"--multiprocessors",
       [&](auto &v) {
         options.emulator.multiprocessors = static_cast<unsigned>(
             parseNumber("--multiprocessors", v, 1, 10000));
       }},
  };
  bool unchecked = false;
  const struct {
    const char *name;
    bool *value;
  } flags[] = {
      {"--cooperative", &options.config.cooperative},
      {"--unchecked", &unchecked},
      {"--counters", &options.counters},
      {"--json", &options.json},
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
    if (argument == "--args") {
      while (i + 1 < argc && std::string(argv[i + 1]).rfind("--", 0) != 0)
        options.arguments.emplace_back(argv[++i]);
      return true;
    }
    for (const auto &option : valued) {
      std::string name = option.name;
      if (argument.compare(0, name.size() + 1, name + "=") == 0) {
        option.set(argument.substr(name.size() + 1));
        return true;
      }
      if (argument != name)
        continue;
      if (i + 1 >= argc)
        throw InputError("option '" + name + "' expects a value");
      option.set(argv[++i]);
      return true;
    }
    return false;
  };
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (argument.size() > 1 && argument[0] == '-') {
      if (!parseOption(argument, i))
        throw InputError("unknown option '" + argument +
                         "'; ptx-emu --help lists them");
    } else if (options.file.empty()) {
      options.file = argument;
    } else {
      throw InputError("expects one file, but got '" + options.file +
                       "' and '" + argument +
                       "'; arguments of the kernel follow '--args'");
    }
  }
  options.emulator.checked = !unchecked;
  options.emulator.counting = options.counters;
  if (options.file.empty() && !options.help && !options.version)
    throw InputError("expects a file, such as: ptx-emu kernel.ptx --grid 4 "
                     "--block 128 --args in:x.npy out:f32[512]=y.npy");
  return options;
}
