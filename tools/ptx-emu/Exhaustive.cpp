// All runs of a kernel of litmus size.
#include "Exhaustive.h"
#include "../moe-run/Json.h"

#include <cstdio>
#include <cstring>

using namespace moe;
using namespace moe::ptxemu;
using run::InputError;
using run::jsonList;
using run::jsonString;

namespace {

/// The kernel with its buffers in one emulator, as Explorer wants it.
class Program {
public:
  Program(const Options &options, const std::string &text,
          const std::vector<Argument> &arguments, emu::Explorer &explorer);
  /// One run, from the same memory each time. Returns what the buffers that
  /// are written hold in the end.
  std::vector<std::vector<char>> run();
  const std::vector<emu::Finding> &findings() const {
    return emulator.findings();
  }

private:
  static emu::EmulatorOptions with(const Options &options,
                                   emu::Explorer &explorer) {
    emu::EmulatorOptions result = options.emulator;
    result.schedule = emu::Schedule::Exhaustive;
    result.explorer = &explorer;
    return result;
  }

  const Options &options;
  const std::vector<Argument> &arguments;
  emu::Emulator emulator;
  emu::Module *module;
  std::string kernel;
  std::vector<uint64_t> addresses; ///< by argument; 0: no buffer
  std::vector<char> parameters;
};

} // namespace

Program::Program(const Options &options, const std::string &text,
                 const std::vector<Argument> &arguments,
                 emu::Explorer &explorer)
    : options(options), arguments(arguments), emulator(with(options, explorer)),
      module(&emulator.load(text, options.file)),
      kernel(chooseKernel(module->kernels(), options)) {
  std::vector<emu::KernelParameter> formal = module->parameters(kernel);
  if (formal.size() != arguments.size())
    throw InputError("kernel '" + kernel + "' expects " +
                     std::to_string(formal.size()) + " arguments, but got " +
                     std::to_string(arguments.size()));
  parameters.resize(module->parameterBytes(kernel));
  for (size_t i = 0; i < arguments.size(); ++i) {
    const Argument &argument = arguments[i];
    if (argument.bytes != formal[i].size)
      throw InputError("parameter '" + formal[i].name + "' expects " +
                       std::to_string(formal[i].size) + " bytes, but got '" +
                       options.arguments[i] + "'");
    addresses.push_back(
        argument.isBuffer
            ? emulator.allocate(argument.bufferBytes(), 0, formal[i].name)
            : 0);
    const void *from =
        argument.isBuffer ? static_cast<const void *>(&addresses.back())
        : argument.structure.empty() ? static_cast<const void *>(&argument.bits)
                                     : argument.structure.data();
    std::memcpy(parameters.data() + formal[i].offset, from, argument.bytes);
  }
}

std::vector<std::vector<char>> Program::run() {
  for (size_t i = 0; i < arguments.size(); ++i)
    if (addresses[i]) {
      size_t bytes = arguments[i].bufferBytes();
      std::vector<char> zeros(arguments[i].input ? 0 : bytes);
      emulator.write(addresses[i],
                     arguments[i].input ? static_cast<const void *>(
                                              arguments[i].input->data.get())
                                        : zeros.data(),
                     bytes);
    }
  emulator.launch(*module, kernel, options.config, parameters);
  emulator.run();
  std::vector<std::vector<char>> result;
  for (size_t i = 0; i < arguments.size(); ++i)
    if (!arguments[i].output.empty()) {
      result.emplace_back(arguments[i].bufferBytes());
      emulator.read(addresses[i], result.back().data(), result.back().size());
    }
  return result;
}

/// The elements of a buffer as numbers.
static std::vector<std::string> numbersOf(const Argument &argument,
                                          const std::vector<char> &bytes) {
  std::string name = moeRuntimeDtypeName(argument.dtype);
  size_t size = moeRuntimeDtypeSize(argument.dtype);
  std::vector<std::string> result;
  for (size_t at = 0; at + size <= bytes.size(); at += size) {
    if (name == "f32") {
      float value;
      std::memcpy(&value, &bytes[at], 4);
      char text[32];
      std::snprintf(text, sizeof(text), "%g", static_cast<double>(value));
      result.emplace_back(text);
      continue;
    }
    uint64_t bits = 0;
    std::memcpy(&bits, &bytes[at], size);
    if (name[0] != 'i') {
      result.push_back(std::to_string(bits)); // other floats: their bits
      continue;
    }
    auto shift = static_cast<unsigned>(64 - 8 * size);
    result.push_back(
        std::to_string(static_cast<int64_t>(bits << shift) >> shift));
  }
  return result;
}

int moe::ptxemu::runExhaustively(const Options &options,
                                 const std::string &text,
                                 const std::vector<Argument> &arguments) {
  emu::Explorer explorer =
      options.path.empty() ? emu::Explorer() : emu::Explorer(options.path);
  Program program(options, text, arguments, explorer);
  /// What the buffers hold, and the first run that led to it.
  std::map<std::vector<std::vector<char>>, std::string> outcomes;
  std::vector<std::string> foundBy; // of each finding, the run that has it
  while (explorer.next()) {
    std::vector<std::vector<char>> outcome = program.run();
    foundBy.resize(program.findings().size(), explorer.path());
    if (!explorer.redundant())
      outcomes.emplace(std::move(outcome), explorer.path());
  }
  std::vector<const Argument *> written;
  for (const Argument &argument : arguments)
    if (!argument.output.empty())
      written.push_back(&argument);
  auto valuesOf = [&](const auto &entry) {
    std::vector<std::string> buffers;
    buffers.reserve(written.size());
    for (size_t i = 0; i < written.size(); ++i)
      buffers.push_back(jsonList(numbersOf(*written[i], entry.first[i]),
                                 [](const std::string &v) { return v; }));
    return buffers;
  };
  const std::vector<emu::Finding> &findings = program.findings();
  if (options.json) {
    std::printf(
        "{\"file\": %s, \"runs\": %llu, \"complete\": %s, \"outcomes\": %s, "
        "\"findings\": %s, \"findingPaths\": %s}\n",
        jsonString(options.file).c_str(),
        static_cast<unsigned long long>(explorer.runs()),
        explorer.complete() ? "true" : "false",
        jsonList(outcomes,
                 [&](const auto &entry) {
                   return "{\"values\": " +
                          jsonList(valuesOf(entry),
                                   [](const std::string &v) { return v; }) +
                          ", \"path\": " + jsonString(entry.second) + "}";
                 })
            .c_str(),
        jsonList(findings, findingJson).c_str(),
        jsonList(foundBy, jsonString).c_str());
    return findings.empty() ? 0 : 1;
  }
  for (size_t i = 0; i < findings.size(); ++i) {
    std::string report = emu::formatFinding(findings[i], 0);
    std::printf("%s  replay with --exhaustive --path=%s\n\n",
                report.substr(0, report.rfind("  replay")).c_str(),
                foundBy[i].c_str());
  }
  for (const auto &entry : outcomes) {
    for (const std::string &buffer : valuesOf(entry))
      std::printf("%s ", buffer.c_str());
    std::printf(" path %s\n", entry.second.c_str());
  }
  std::printf("%s: %llu runs%s, %zu outcomes, %s\n", options.file.c_str(),
              static_cast<unsigned long long>(explorer.runs()),
              explorer.complete() ? "" : " (not all)", outcomes.size(),
              findings.empty()
                  ? "nothing found"
                  : (std::to_string(findings.size()) + " found").c_str());
  return findings.empty() ? 0 : 1;
}
