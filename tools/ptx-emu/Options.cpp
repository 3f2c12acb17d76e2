// Parsing of ptx-emu's command line.
#include "Options.h"
#include "../moe-run/Npy.h"

#include <cstdlib>
#include <cxxabi.h>
#include <functional>
#include <memory>

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
  bytes:0a0b0c0d           the bytes of a structure, in hexadecimal

  --kernel NAME            the kernel, by its name in PTX or in C++ (default:
                           the only one)
  --shared BYTES           dynamic shared memory
  --cluster X[,Y[,Z]]      CTAs of a cluster (default: as the kernel says)
  --cooperative            all CTAs must be resident at once
  --seed N                 chooses the schedule (default 1)
  --seeds N                runs with N seeds, until one finds something
  --schedule NAME          random, latest (asynchronous copies as late as
                           possible), starve (one CTA runs last) or weak
                           (reads give any value that the memory model allows)
  --exhaustive             all schedules and all values that the memory model
                           allows, for programs of litmus size: prints what the
                           out: and inout: buffers may hold, which begin as
                           zeros or the file and are not written
  --path PATH              of --exhaustive: the one run that PATH names
  --multiprocessors N      limits how many CTAs are resident (default 132)
  --registers N            of a thread, as ptxas -v reports them: limits how many
                           CTAs a multiprocessor holds (default: .maxnreg)
  --unchecked              only the checks that keep the emulator safe
  --cores N                CTAs run side by side on N threads (with --unchecked;
                           no seed repeats such a run)
  --counters               prints instructions by opcode, traffic by space,
                           bank conflicts by line and the use of tensor cores
  --trace FILE.json        writes when each CTA ran, for Perfetto
  --json                   prints JSON
  --version, --help

Examples:
  nvcc -arch=sm_80 -ptx scale.cu
  ptx-emu scale.ptx --grid 4 --block 256 --args in:x.npy out:f32[1000]=y.npy \
                    f32:2.5
  ptx-emu scale.ptx ... --seeds 100              # other schedules: finds races
  ptx-emu scale.ptx ... --seed 17                # the run of seed 17 again
  ptx-emu flags.ptx --grid 2 --block 1 --exhaustive --args out:u32[2]=r.npy

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
  if (text == "weak")
    return moe::emu::Schedule::Weak;
  throw InputError(
      "option '--schedule' expects random, latest, starve or weak, "
      "but got '" +
      text + "'");
}

Options moe::ptxemu::parseOptions(int argc, char **argv) {
  Options options;
  bool unchecked = false, seeded = false;
  auto flag = [](bool &value) {
    return [&value](const std::string &) { value = true; };
  };
  struct Option {
    const char *name;
    bool hasValue;
    std::function<void(const std::string &)> set;
  };
  const Option known[] = {
      {"--kernel", true, [&](auto &v) { options.kernel = v; }},
      {"--trace", true, [&](auto &v) { options.trace = v; }},
      {"--path", true, [&](auto &v) { options.path = v; }},
      {"--grid", true,
       [&](auto &v) { options.config.grid = parseDim("--grid", v); }},
      {"--block", true,
       [&](auto &v) { options.config.block = parseDim("--block", v); }},
      {"--cluster", true,
       [&](auto &v) { options.config.cluster = parseDim("--cluster", v); }},
      {"--shared", true,
       [&](auto &v) {
         options.config.dynamicShared =
             static_cast<uint32_t>(parseNumber("--shared", v, 0, 232448));
       }},
      {"--seed", true,
       [&](auto &v) {
         options.emulator.seed = parseNumber("--seed", v, 0, INT64_MAX);
         seeded = true;
       }},
      {"--seeds", true,
       [&](auto &v) {
         options.seeds = parseNumber("--seeds", v, 1, 1000000);
         seeded = true;
       }},
      {"--schedule", true,
       [&](auto &v) { options.emulator.schedule = parseSchedule(v); }},
      {"--multiprocessors", true,
       [&](auto &v) {
         options.emulator.multiprocessors = static_cast<unsigned>(
             parseNumber("--multiprocessors", v, 1, 10000));
       }},
      {"--cores", true,
       [&](auto &v) {
         options.emulator.cores =
             static_cast<unsigned>(parseNumber("--cores", v, 1, 256));
       }},
      {"--registers", true,
       [&](auto &v) {
         options.config.registers =
             static_cast<uint32_t>(parseNumber("--registers", v, 1, 255));
       }},
      {"--cooperative", false, flag(options.config.cooperative)},
      {"--unchecked", false, flag(unchecked)},
      {"--counters", false, flag(options.counters)},
      {"--json", false, flag(options.json)},
      {"--exhaustive", false, flag(options.exhaustive)},
      {"--help", false, flag(options.help)},
      {"-h", false, flag(options.help)},
      {"--version", false, flag(options.version)},
  };
  std::vector<std::string> words(argv + 1, argv + argc);
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string &word = words[i];
    if (word == "--args") {
      while (i + 1 < words.size() && words[i + 1].rfind("--", 0) != 0)
        options.arguments.push_back(words[++i]);
      continue;
    }
    if (word.size() < 2 || word[0] != '-') {
      if (!options.file.empty())
        throw InputError("expects one file, but got '" + options.file +
                         "' and '" + word +
                         "'; arguments of the kernel follow '--args'");
      options.file = word;
      continue;
    }
    // --name value, --name=value
    size_t equals = word.find('=');
    std::string name = word.substr(0, equals), value;
    const Option *option = nullptr;
    for (const Option &candidate : known)
      if (name == candidate.name &&
          (candidate.hasValue || equals == std::string::npos))
        option = &candidate;
    if (!option)
      throw InputError("unknown option '" + word +
                       "'; ptx-emu --help lists them");
    if (option->hasValue && equals != std::string::npos) {
      value = word.substr(equals + 1);
    } else if (option->hasValue) {
      if (++i == words.size())
        throw InputError("option '" + name + "' expects a value");
      value = words[i];
    }
    option->set(value);
  }
  if (!options.path.empty() && !options.exhaustive)
    throw InputError("option '--path' names a run of '--exhaustive', which is "
                     "not given");
  if (options.exhaustive && unchecked)
    throw InputError(
        "option '--exhaustive' needs the checks that '--unchecked' "
        "leaves out");
  if (options.exhaustive &&
      (options.counters || !options.trace.empty() || options.seeds != 1))
    throw InputError("option '--exhaustive' makes all runs, so it takes no "
                     "'--seeds', '--counters' or '--trace'");
  if (options.emulator.cores > 1 && !unchecked)
    throw InputError("option '--cores' needs '--unchecked': checks follow one "
                     "order of all accesses, which several cores do not have");
  if (options.emulator.cores > 1 &&
      (seeded || options.counters ||
       options.emulator.schedule != moe::emu::Schedule::Random))
    throw InputError("option '--cores' runs in an order that nothing chooses "
                     "or repeats, so it takes no '--seed', '--seeds', "
                     "'--schedule' or '--counters'");
  options.emulator.checked = !unchecked;
  options.emulator.counting = options.counters;
  if (options.file.empty() && !options.help && !options.version)
    throw InputError("expects a file, such as: ptx-emu kernel.ptx --grid 4 "
                     "--block 128 --args in:x.npy out:f32[512]=y.npy");
  return options;
}

/// "scale" of "ns::scale<float>(float*)" and the like.
static std::string functionName(const std::string &kernel) {
  std::unique_ptr<char, void (*)(void *)> demangled(
      abi::__cxa_demangle(kernel.c_str(), nullptr, nullptr, nullptr),
      std::free);
  std::string name = demangled ? demangled.get() : kernel;
  name.resize(std::min(name.find_first_of("<("), name.size()));
  // A template's type of result stands before it.
  size_t start = name.find_last_of(": ");
  return start == std::string::npos ? name : name.substr(start + 1);
}

std::string moe::ptxemu::chooseKernel(const std::vector<std::string> &kernels,
                                      const Options &options) {
  std::vector<std::string> meant;
  std::string names;
  for (const std::string &kernel : kernels) {
    names += (names.empty() ? "" : ", ") + kernel;
    if (kernel == options.kernel)
      return kernel;
    if (options.kernel.empty() || functionName(kernel) == options.kernel)
      meant.push_back(kernel);
  }
  if (meant.size() == 1)
    return meant.front();
  if (options.kernel.empty())
    throw InputError("'" + options.file + "' has " +
                     std::to_string(kernels.size()) +
                     " kernels; choose one with --kernel: " + names);
  throw InputError("'" + options.file + "' has " +
                   (meant.empty() ? "no kernel" : "several kernels") + " '" +
                   options.kernel + "'; its kernels are: " + names);
}
