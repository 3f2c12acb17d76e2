// Runs a compiled model on .npy files, compares its outputs and times it.
#include "Compare.h"
#include "Describe.h"
#include "Json.h"
#include "Npy.h"
#include "Options.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>

using namespace moe::run;

/// Throws a status of the runtime as an error of moe-run.
static void check(moe_status_t status) {
  if (!status)
    return;
  std::string message = moeRuntimeStatusMessage(status);
  moeRuntimeStatusRelease(status);
  throw InputError(message);
}

namespace {

/// Releases a handle of the runtime at the end of a scope.
template <typename T, void (*release)(T)>
struct Handle {
  Handle() = default;
  Handle(const Handle &) = delete;
  Handle &operator=(const Handle &) = delete;
  ~Handle() { release(value); }
  T value = nullptr;
};

/// A file given for an input or output of the model.
struct Assignment {
  uint32_t index;
  std::string path;
};

/// An output with its reference and the verdict.
struct Checked {
  const moe_argument_t *argument;
  moe_tensor_t tensor;
  std::optional<Comparison> comparison;
};

struct Timing {
  double first = 0;
  std::vector<double> repeats; ///< sorted
  /// Most memory that the first run had in use at once; later ones find its
  /// results, which the runtime keeps until they have ended.
  uint64_t peakBytes = 0;
  double median() const { return repeats[repeats.size() / 2]; }
};

} // namespace

/// Finds an argument by name; the error lists those that the model has.
static uint32_t findArgument(moe_entry_t entry, const std::string &name,
                             bool input) {
  uint32_t index = 0;
  check(input ? moeRuntimeEntryFindInput(entry, name.c_str(), &index)
              : moeRuntimeEntryFindOutput(entry, name.c_str(), &index));
  return index;
}

static uint32_t countArguments(moe_entry_t entry, bool input) {
  return input ? moeRuntimeEntryInputCount(entry)
               : moeRuntimeEntryOutputCount(entry);
}

static const moe_argument_t *getArgument(moe_entry_t entry, uint32_t index,
                                         bool input) {
  return input ? moeRuntimeEntryInput(entry, index)
               : moeRuntimeEntryOutput(entry, index);
}

static bool hasArgument(moe_entry_t entry, const std::string &name,
                        bool input) {
  for (uint32_t i = 0; i < countArguments(entry, input); ++i)
    if (name == getArgument(entry, i, input)->name)
      return true;
  return false;
}

/// Resolves "name=file" or, where the model has one argument of the kind,
/// "file". Names and files may contain '=' themselves: the longest prefix that
/// is a name wins.
static Assignment resolve(moe_entry_t entry, const std::string &text,
                          bool input) {
  for (size_t equals = text.rfind('='); equals != std::string::npos;
       equals = equals ? text.rfind('=', equals - 1) : std::string::npos) {
    std::string name = text.substr(0, equals);
    if (hasArgument(entry, name, input))
      return {findArgument(entry, name, input), text.substr(equals + 1)};
  }
  size_t equals = text.find('=');
  if (equals != std::string::npos)
    findArgument(entry, text.substr(0, equals), input); // throws
  if (countArguments(entry, input) != 1)
    throw InputError("'" + text + "' expects the form NAME=FILE, because the " +
                     "model has " +
                     std::to_string(countArguments(entry, input)) +
                     (input ? " inputs" : " outputs"));
  return {0, text};
}

static std::string percentDecode(const std::string &text) {
  std::string result;
  auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 &&
        digit(text[i + 2]) >= 0) {
      result += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

/// The .npy files of one folder of a recorded case.
static std::vector<Assignment>
resolveCase(moe_entry_t entry, const std::string &folder, bool input) {
  std::vector<Assignment> result;
  std::error_code error;
  std::filesystem::directory_iterator files(folder, error);
  if (error)
    throw InputError("cannot read folder '" + folder + "': " + error.message());
  for (const auto &file : files) {
    if (file.path().extension() != ".npy")
      continue;
    std::string name = file.path().stem().string();
    if (!hasArgument(entry, name, input))
      name = percentDecode(name);
    result.push_back({findArgument(entry, name, input), file.path().string()});
  }
  std::sort(result.begin(), result.end(),
            [](const Assignment &a, const Assignment &b) {
              return a.index < b.index;
            });
  return result;
}

static std::vector<Assignment> resolveAll(moe_entry_t entry,
                                          const std::vector<std::string> &texts,
                                          const std::string &caseFolder,
                                          bool input) {
  std::vector<Assignment> result;
  if (!caseFolder.empty())
    result = resolveCase(entry, caseFolder, input);
  for (const std::string &text : texts)
    result.push_back(resolve(entry, text, input));
  for (size_t i = 0; i < result.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (result[i].index == result[j].index)
        throw InputError(std::string(input ? "input" : "output") + " '" +
                         getArgument(entry, result[i].index, input)->name +
                         "' is given twice: '" + result[j].path + "' and '" +
                         result[i].path + "'");
  return result;
}

static std::vector<Array> readInputs(moe_entry_t entry,
                                     const std::vector<Assignment> &files) {
  std::vector<Array> arrays(moeRuntimeEntryInputCount(entry));
  for (const Assignment &file : files)
    arrays[file.index] = readNpy(file.path);
  std::string missing;
  for (uint32_t i = 0; i < arrays.size(); ++i)
    if (!arrays[i].data) {
      const moe_argument_t *input = moeRuntimeEntryInput(entry, i);
      missing += (missing.empty() ? "" : ", ") + std::string(input->name) +
                 " " + input->text;
    }
  if (!missing.empty())
    throw InputError("the model expects more inputs: " + missing +
                     "; give each as --input NAME=FILE.npy");
  return arrays;
}

static Timing runAll(moe_call_t call, uint32_t repeats) {
  using Clock = std::chrono::steady_clock;
  Timing timing;
  for (uint32_t i = 0; i <= repeats; ++i) {
    Clock::time_point start = Clock::now();
    check(moeRuntimeCallRun(call));
    double seconds =
        std::chrono::duration<double>(Clock::now() - start).count();
    if (i > 0) {
      timing.repeats.push_back(seconds);
      continue;
    }
    timing.first = seconds;
    moe_memory_stats_t memory = {};
    memory.struct_size = sizeof(memory);
    check(moeRuntimeCallMemory(call, &memory));
    timing.peakBytes = memory.peak_bytes;
  }
  std::sort(timing.repeats.begin(), timing.repeats.end());
  return timing;
}

static std::string number(const char *format, double value) {
  char text[64];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

static std::string timeText(double seconds) {
  if (seconds < 1e-3)
    return number("%.3g us", seconds * 1e6);
  if (seconds < 1)
    return number("%.3g ms", seconds * 1e3);
  return number("%.3g s", seconds);
}

static std::string reportText(const std::vector<Checked> &outputs,
                              const Timing &timing, uint32_t threads) {
  std::string report;
  for (const Checked &output : outputs) {
    report += std::string("output ") + output.argument->name + " " +
              typeText(output.tensor.type);
    if (output.comparison) {
      const Comparison &result = *output.comparison;
      report += ": error " + number("%.3g", result.error) + ", bound " +
                number("%.3g", result.bound) +
                (result.ok ? ", ok" : ", FAILED, " + result.problem);
    }
    report += "\n";
  }
  report += "time: first run " + timeText(timing.first);
  if (!timing.repeats.empty())
    report += ", then median " + timeText(timing.median()) + " and least " +
              timeText(timing.repeats.front()) + " of " +
              std::to_string(timing.repeats.size());
  report += "; threads " + std::to_string(threads) + ", model memory " +
            number("%.3g MiB", timing.peakBytes / 1048576.0) + "\n";
  return report;
}

static std::string reportJson(const std::vector<Checked> &outputs,
                              const Timing &timing, uint32_t threads, bool ok) {
  std::string report = "{\"ok\": " + std::string(ok ? "true" : "false");
  report +=
      ", \"outputs\": " + jsonList(outputs, [](const Checked &output) {
        const moe_tensor_type_t &type = output.tensor.type;
        std::vector<int64_t> dims(type.dims, type.dims + type.rank);
        std::string text =
            "{\"name\": " + jsonString(output.argument->name) +
            ", \"dtype\": " + jsonString(moeRuntimeDtypeName(type.dtype)) +
            ", \"shape\": " +
            jsonList(dims, [](int64_t d) { return std::to_string(d); });
        if (output.comparison) {
          const Comparison &result = *output.comparison;
          text += ", \"error\": " + jsonNumber(result.error) +
                  ", \"bound\": " + jsonNumber(result.bound) +
                  ", \"ok\": " + (result.ok ? "true" : "false");
          if (!result.ok)
            text += ", \"problem\": " + jsonString(result.problem);
        }
        return text + "}";
      });
  report += ", \"first_s\": " + jsonNumber(timing.first);
  if (!timing.repeats.empty())
    report += ", \"median_s\": " + jsonNumber(timing.median()) +
              ", \"least_s\": " + jsonNumber(timing.repeats.front());
  report += ", \"repeats\": " + std::to_string(timing.repeats.size());
  report += ", \"threads\": " + std::to_string(threads);
  report += ", \"peak_bytes\": " + std::to_string(timing.peakBytes);
  return report + "}\n";
}

/// Prints to stdout; a full disk is an error.
static void print(const std::string &text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
      std::fflush(stdout) != 0)
    throw InputError(std::string("cannot write to standard output: ") +
                     std::strerror(errno));
}

static int run(const Options &options) {
  if (options.help || options.version) {
    print(options.help ? std::string(kHelp)
                       : std::string("moe-run ") + moeRuntimeVersion() + "\n");
    return 0;
  }
  Handle<moe_instance_t, moeRuntimeInstanceRelease> instance;
  moe_instance_params_t instanceParams = {};
  instanceParams.struct_size = sizeof(instanceParams);
  instanceParams.num_threads = options.threads;
  instanceParams.flags = options.poison ? uint32_t(MOE_INSTANCE_POISON) : 0;
  check(moeRuntimeInstanceCreate(&instanceParams, &instance.value));

  Handle<moe_module_t, moeRuntimeModuleRelease> module;
  moe_load_params_t loadParams = {};
  loadParams.struct_size = sizeof(loadParams);
  if (options.verifyWeights)
    loadParams.flags |= MOE_LOAD_VERIFY_WEIGHTS;
  if (options.copyWeights)
    loadParams.flags |= MOE_LOAD_COPY_WEIGHTS;
  if (options.describe)
    loadParams.flags |= MOE_LOAD_DESCRIBE_ONLY;
  check(moeRuntimeModuleLoad(instance.value, options.model.c_str(), &loadParams,
                             &module.value));
  if (options.describe) {
    print(describe(module.value, options.model, options.json));
    return 0;
  }

  moe_entry_t entry = nullptr;
  check(moeRuntimeModuleFindEntry(
      module.value, options.entry.empty() ? nullptr : options.entry.c_str(),
      &entry));
  bool hasCase = !options.caseFolder.empty();
  std::vector<Assignment> inputFiles =
      resolveAll(entry, options.inputs,
                 hasCase ? options.caseFolder + "/inputs" : "", true);
  std::vector<Assignment> expectFiles =
      resolveAll(entry, options.expects,
                 hasCase ? options.caseFolder + "/outputs" : "", false);
  std::vector<Assignment> outputFiles =
      resolveAll(entry, options.outputs, "", false);

  std::vector<Array> inputs = readInputs(entry, inputFiles);
  std::vector<Array> references(moeRuntimeEntryOutputCount(entry));
  for (const Assignment &file : expectFiles) {
    const moe_argument_t *output = moeRuntimeEntryOutput(entry, file.index);
    Array reference = readNpy(file.path);
    if (!comparable(output->dtype, reference.dtype))
      throw InputError(std::string("output '") + output->name + "' has type " +
                       output->text + ", but its reference '" + file.path +
                       "' has " + typeText(reference.type()));
    references[file.index] = std::move(reference);
  }

  Handle<moe_call_t, moeRuntimeCallRelease> call;
  check(moeRuntimeCallCreate(entry, &call.value));
  std::vector<moe_tensor_type_t> types;
  types.reserve(inputs.size());
  for (const Array &input : inputs)
    types.push_back(input.type());
  check(moeRuntimeCallReshape(call.value, types.data(),
                              static_cast<uint32_t>(types.size())));
  for (uint32_t i = 0; i < inputs.size(); ++i)
    check(moeRuntimeCallBindInput(call.value, i, inputs[i].data.get(),
                                  inputs[i].bytes));
  Timing timing = runAll(call.value, options.repeat);

  bool ok = true;
  std::vector<Checked> outputs;
  for (uint32_t i = 0; i < references.size(); ++i) {
    Checked output = {moeRuntimeEntryOutput(entry, i), {}, {}};
    check(moeRuntimeCallOutput(call.value, i, &output.tensor));
    if (references[i].data) {
      output.comparison =
          compare(output.tensor, references[i], options.tolerance);
      ok &= output.comparison->ok;
    }
    outputs.push_back(std::move(output));
  }
  for (const Assignment &file : outputFiles)
    writeNpy(file.path, outputs[file.index].tensor);

  uint32_t threads = moeRuntimeInstanceNumThreads(instance.value);
  print(options.json ? reportJson(outputs, timing, threads, ok)
                     : reportText(outputs, timing, threads));
  return ok ? 0 : 1;
}

int main(int argc, char **argv) {
  // A file size limit shall be an error of the write, not the end of moe-run.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return run(parseOptions(argc, argv));
  } catch (const std::exception &error) {
    std::fprintf(stderr, "moe-run: error: %s\n", error.what());
    return 2;
  }
}
