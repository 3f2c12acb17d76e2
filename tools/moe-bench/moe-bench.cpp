// moe-bench: times a real MoE layer against what the machine can do, or a whole
// model.
#include "Model.h"
#include "Report.h"

#include "moe/Analysis/RowTiles.h"
#include "moe/Target/CpuTarget.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"

#include <cmath>

using namespace moe::bench;
namespace cl = llvm::cl;

namespace {

struct CommandLine {
  cl::OptionCategory category{"Options"};
  cl::opt<std::string> layer{"layer", cl::value_desc("name"),
                             cl::desc("The layer to time; --list prints all"),
                             cl::cat(category)};
  cl::opt<std::string> model{
      "model", cl::value_desc("file"),
      cl::desc("The model to time instead: a library of moe-compile with its "
               "weights beside it, or what moe-compile reads"),
      cl::cat(category)};
  cl::list<std::string> sizes{
      "dim", cl::value_desc("name=n,..."),
      cl::desc("What a dynamic size of the model is, in turn, or the numbers "
               "and earlier sizes that it is the sum of (name=other+1); once "
               "per size"),
      cl::cat(category)};
  cl::opt<int64_t> vocabulary{
      "vocabulary", cl::value_desc("n"),
      cl::desc("Random integers of the model's inputs are below this (default: "
               "the last dimension of its first output of floating point, "
               "else 2)"),
      cl::cat(category)};
  cl::opt<bool> list{"list", cl::desc("Print the layers and their shapes"),
                     cl::cat(category)};
  cl::opt<bool> machine{"machine", cl::desc("Print the machine's peak alone"),
                        cl::cat(category)};
  cl::opt<bool> printIR{"print-ir",
                        cl::desc("Print the layer's IR instead of timing it"),
                        cl::cat(category)};
  cl::list<unsigned> tokens{
      "tokens", cl::value_desc("n,..."), cl::CommaSeparated,
      cl::desc("Numbers of tokens (default: 1,8,32,128,512; of a model "
               "1,32,128)"),
      cl::cat(category)};
  cl::list<std::string> traces{
      "trace", cl::value_desc("name,..."), cl::CommaSeparated,
      cl::desc("How tokens spread over experts: uniform (default), zipf, hot "
               "(one expert gets all tokens), sticky (neighbours agree)"),
      cl::cat(category)};
  cl::opt<Format> dtype{
      "dtype", cl::desc("How weights are stored"),
      cl::values(clEnumValN(Format::F32, "f32", "(default)"),
                 clEnumValN(Format::BF16, "bf16", ""),
                 clEnumValN(Format::Int8, "int8", "a scale per 64 weights"),
                 clEnumValN(Format::Int4, "int4", "a scale per 64 weights")),
      cl::init(Format::F32), cl::cat(category)};
  cl::opt<Format> activations{
      "activations",
      cl::desc("Element type of tokens where weights are integers"),
      cl::values(clEnumValN(Format::BF16, "bf16", "(default)"),
                 clEnumValN(Format::F32, "f32", "")),
      cl::init(Format::BF16), cl::cat(category)};
  cl::list<unsigned> threads{
      "threads", cl::value_desc("n,..."), cl::CommaSeparated,
      cl::desc("Numbers of threads (default: 1)"), cl::cat(category)};
  cl::list<moe::Schedule> schedules{
      "schedule", cl::CommaSeparated,
      cl::desc("How the layer is run (default: auto)"), moe::scheduleValues(),
      cl::cat(category)};
  cl::opt<std::string> cpu{"cpu", cl::value_desc("name"),
                           cl::desc("The CPU to compile for; see moe-compile"),
                           cl::init("host"), cl::cat(category)};
  cl::opt<double> seconds{
      "seconds", cl::value_desc("s"),
      cl::desc("Time each cell at least this long and five times (default: 2)"),
      cl::init(2), cl::cat(category)};
  cl::opt<unsigned> seed{"seed", cl::desc("Seed of inputs and routing"),
                         cl::init(1), cl::cat(category)};
  cl::opt<std::string> timeline{
      "timeline", cl::value_desc("file.json"),
      cl::desc(
          "Write one run of each cell as a timeline of its tasks, waits and "
          "parallel ranges, for Perfetto or chrome://tracing; JSON gets "
          "its routing_percent: the part of the threads' time outside "
          "products of experts"),
      cl::cat(category)};
  cl::opt<bool> copyWeights{
      "copy-weights",
      cl::desc("Copy the weights into memory with large pages, as the runtime "
               "does where it is asked to, instead of mapping their file, "
               "whose pages may be scattered"),
      cl::cat(category)};
  cl::opt<bool> json{"json", cl::desc("Print JSON"), cl::cat(category)};
};

constexpr const char *overview =
    "Times one MoE layer of a published model and compares with the machine's "
    "measured peak, or a whole\nmodel.\n\n"
    "  moe-bench --list\n"
    "  moe-bench --machine --threads=1,2\n"
    "  moe-bench --layer=qwen3-30b-a3b --tokens=1,32,512\n"
    "  moe-bench --layer=qwen3-30b-a3b --dtype=int4 --activations=f32\n"
    "  moe-bench --layer=olmoe-1b-7b --threads=2 --trace=uniform,hot --json\n"
    "  moe-bench --layer=olmoe-1b-7b --schedule=unfused,fused --threads=1,2\n"
    "  moe-bench --layer=olmoe-1b-7b --schedule=fused --timeline=tasks.json\n"
    "  moe-bench --model=model.so --tokens=1,32,512 --threads=1,2\n"
    "  moe-bench --model=model.onnx --dim=past=0,512 "
    "--dim=total=past+seq --tokens=1\n\n"
    "The layer is compiled with random weights; its router's logits are an "
    "input, so that the routing\ncan be chosen. The roofline is the larger of "
    "the time for the arithmetic at the measured peak (of\nbf16 in tile "
    "registers, AMX, where the CPU has them; f32 in parts of bf16 there can "
    "exceed its peak, that of\nvectors) and the time to read the weights "
    "of the experts in use at the measured bandwidth. Draws of the routing "
    "take turns: 4 to 64, until their experts'\nweights are twice the "
    "last-level cache or all of the layer's; rows whose weights fit the cache "
    "have\na star. Several schedules and numbers of threads take turns too, "
    "and the speedup is over the first\nof them. The first tokens of each "
    "cell are checked against f64. Wasted rows are those that kernels\n"
    "compute and nobody routed, beside those that whole register tiles would "
    "have.\n\n"
    "Of a model, --dim says by its name what a dynamic size is (moe-run "
    "--describe prints them). --tokens\nare for the last one of the first "
    "input that --dim does not name (of token ids [B, S], S); others are\n1. "
    "Tokens are the elements of the first input's dynamic dimensions. Inputs "
    "are made by type: numbers\nof floating point from a normal distribution, "
    "booleans true, integers 1 where the name has 'mask' in\nit, 0, 1, 2, ... "
    "along the last dimension where it has 'position', and else random below "
    "--vocabulary.\nMemory is what the model has in use at once beside "
    "weights, "
    "inputs and results; a result counts where\nonly a run tells its shape. "
    "There is no roofline, since a library does not say what it computes, "
    "and\nnumbers are not checked: moe-run compares with given ones, "
    "utils/check-models a folder of models with\nONNX Runtime. A library that "
    "is compiled already tells of parallel ranges alone in a timeline.\n\n"
    "Exit status: 0, 1 where a layer cannot be run or its numbers are wrong, 2 "
    "for a wrong command line.\n";

/// Bounds of max |y - r| / max |r|.
double errorBound(Precision precision) {
  return precision.activations == Format::F32 ? 1e-4 : 2e-2;
}

/// A command line that was read, checked and completed. It is kept apart, since
/// lld, run in this process, resets every registered option.
struct Task {
  const Layer *layer;
  Precision precision;
  std::string cpu;
  std::vector<moe::Schedule> schedules;
  std::vector<unsigned> threads;
  std::vector<Cell> cells;
  double seconds;
  unsigned seed;
  std::string timeline;
  bool copyWeights;
  bool json;
};

} // namespace

static int usageError(const llvm::Twine &message) {
  llvm::errs() << "moe-bench: error: " << message
               << "\nmoe-bench --help shows examples\n";
  return 2;
}

static void progress(const llvm::Twine &message) {
  llvm::errs() << "moe-bench: " << message << '\n';
}

/// The first of `options` that the command line has.
static const cl::Option *findGiven(
    std::initializer_list<std::reference_wrapper<const cl::Option>> options) {
  for (const cl::Option &option : options)
    if (option.getNumOccurrences() != 0)
      return &option;
  return nullptr;
}

/// Completes what the command line says of a model, or says what is wrong.
static llvm::Expected<ModelTask>
readModelTask(const CommandLine &line, std::vector<moe::Schedule> schedules,
              std::vector<unsigned> threads) {
  if (const cl::Option *option =
          findGiven({line.layer, line.printIR, line.traces, line.dtype,
                     line.activations}))
    return llvm::createStringError("expects --" + option->ArgStr +
                                   " without --model");
  ModelTask task;
  task.path = line.model;
  task.cpu = line.cpu;
  task.schedules = std::move(schedules);
  task.threads = std::move(threads);
  for (const std::string &text : line.sizes) {
    llvm::Expected<SizeChoice> choice = parseSizeChoice(text);
    if (!choice)
      return choice.takeError();
    task.sizes.push_back(std::move(*choice));
  }
  task.tokens.assign(line.tokens.begin(), line.tokens.end());
  if (line.vocabulary.getNumOccurrences() != 0) {
    if (line.vocabulary < 1)
      return llvm::createStringError(
          "expects a vocabulary of at least 1, but got " +
          llvm::Twine(line.vocabulary));
    task.vocabulary = line.vocabulary;
  }
  task.seconds = line.seconds;
  task.seed = line.seed;
  task.timeline = line.timeline;
  task.copyWeights = line.copyWeights;
  task.json = line.json;
  return task;
}

/// The first value that occurs twice.
template <typename T>
static std::optional<T> findTwice(const std::vector<T> &values) {
  for (auto it = values.begin(); it != values.end(); ++it)
    if (std::find(values.begin(), it, *it) != it)
      return *it;
  return std::nullopt;
}

/// Says whether all numbers are right.
static llvm::Expected<bool> run(Task &task) {
  llvm::Expected<moe::CpuTarget> target = moe::CpuTarget::create(task.cpu, "");
  if (!target)
    return target.takeError();
  Timeline timeline;
  Timeline *listener = task.timeline.empty() ? nullptr : &timeline;
  llvm::Expected<std::unique_ptr<LayerFiles>> files =
      LayerFiles::create(*task.layer, task.precision, progress);
  if (!files)
    return files.takeError();
  std::vector<Library> libraries;
  for (moe::Schedule schedule : task.schedules) {
    llvm::Expected<Library> library =
        (*files)->compile(schedule, task.cpu, listener != nullptr, progress);
    if (!library)
      return library.takeError();
    libraries.push_back(std::move(*library));
  }
  progress(task.copyWeights ? "measuring the machine and copying weights"
                            : "measuring the machine");
  std::vector<Variant> variants;
  for (unsigned threads : task.threads) {
    MachinePeak peak = measurePeak(threads);
    for (const Library &library : libraries) {
      llvm::Expected<std::unique_ptr<LoadedLayer>> layer = LoadedLayer::create(
          **files, library, threads, {task.copyWeights, listener});
      if (!layer)
        return layer.takeError();
      variants.push_back({library.schedule, threads, peak, std::move(*layer)});
    }
  }

  bool hasCodes = task.precision.weights == Format::Int8 ||
                  task.precision.weights == Format::Int4;
  bool hasTiles = target->hasBF16Tiles();
  bool hasParts = hasTiles && target->fetchDistance() != 0 &&
                  task.precision.weights == Format::F32 &&
                  task.precision.activations == Format::F32;
  CellParameters parameters{
      task.seconds,
      task.seed,
      {moe::registerTileRows(target->vectorBits(), target->vectorRegisters()),
       hasParts || (hasTiles && task.precision.activations == Format::BF16),
       hasCodes, hasParts},
      listener};
  bool ok = true;
  for (Cell &cell : task.cells) {
    progress(llvm::Twine(traceName(cell.trace)) + ", " +
             llvm::Twine(cell.tokens) + " tokens");
    if (llvm::Error error = timeCell(**files, variants, parameters, cell))
      return error;
    for (auto [variant, timing] : llvm::zip_equal(variants, cell.timings)) {
      if (timing.error <= errorBound(task.precision))
        continue;
      llvm::errs() << "moe-bench: error: the output of " << task.layer->name
                   << ", " << scheduleName(variant.schedule)
                   << ", differs from f64 by " << timing.error << " (bound "
                   << errorBound(task.precision) << ")\n";
      ok = false;
    }
  }
  (task.json ? printJson : printText)(
      {**files, libraries, variants, task.cells, task.copyWeights});
  if (listener)
    if (llvm::Error error = timeline.write(task.timeline))
      return error;
  return ok;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  // LLVM's code generator registers options of its own, such as threads.
  cl::ResetCommandLineParser();
  CommandLine line;
  cl::HideUnrelatedOptions(line.category);
  if (!cl::ParseCommandLineOptions(argc, argv, overview, &llvm::errs()))
    return 2;
  if (line.list) {
    (line.json ? printLayersJson : printLayersText)();
    return 0;
  }
  std::vector<unsigned> threads(line.threads);
  if (threads.empty())
    threads = {1};
  if (llvm::is_contained(threads, 0))
    return usageError("expects at least one thread, but got 0");
  if (std::optional<unsigned> count = findTwice(threads))
    return usageError("expects each number of threads once, but got " +
                      llvm::Twine(*count) + " twice");
  if (!(line.seconds >= 0) || std::isinf(line.seconds))
    return usageError("expects --seconds that are finite and not negative, "
                      "but got " +
                      llvm::formatv("{0}", line.seconds.getValue()).str());
  std::vector<moe::Schedule> schedules(line.schedules);
  if (std::optional<moe::Schedule> schedule = findTwice(schedules))
    return usageError("expects each schedule once, but got '" +
                      scheduleName(*schedule) + "' twice");
  if (line.machine) {
    if (const cl::Option *option =
            findGiven({line.layer, line.model, line.timeline}))
      return usageError("expects no --" + option->ArgStr +
                        " with --machine, which times neither a layer nor a "
                        "model");
    MachinePeaks peaks;
    for (unsigned count : threads)
      peaks.try_emplace(count, measurePeak(count));
    (line.json ? printMachineJson : printMachineText)(peaks);
    return 0;
  }
  if (!line.model.empty()) {
    llvm::Expected<ModelTask> task = readModelTask(line, schedules, threads);
    if (!task)
      return usageError(llvm::toString(task.takeError()));
    if (llvm::Error error = timeModel(*task, progress)) {
      llvm::logAllUnhandledErrors(std::move(error), llvm::errs(),
                                  "moe-bench: error: ");
      return 1;
    }
    return 0;
  }
  if (const cl::Option *option = findGiven({line.sizes, line.vocabulary}))
    return usageError("expects --" + option->ArgStr + " with --model alone");
  const Layer *layer = findLayer(line.layer);
  if (!layer)
    return usageError("expects the name of a layer (--list prints all), but "
                      "got '" +
                      line.layer + "'");
  Precision precision{line.dtype, line.dtype};
  if (line.dtype == Format::Int8 || line.dtype == Format::Int4)
    precision.activations = line.activations;
  else if (line.activations.getNumOccurrences() != 0 &&
           line.activations != line.dtype)
    return usageError("expects --activations with integer weights alone");
  if (line.printIR) {
    llvm::outs() << layerText(*layer, precision, "parameters.bin");
    return 0;
  }
  Task task{layer,    precision,    line.cpu,  schedules,     threads,
            {},       line.seconds, line.seed, line.timeline, line.copyWeights,
            line.json};
  if (task.schedules.empty())
    task.schedules = {moe::Schedule::Auto};
  std::vector<std::string> traces(line.traces);
  std::vector<unsigned> tokens(line.tokens);
  if (traces.empty())
    traces = {"uniform"};
  if (tokens.empty())
    tokens = {1, 8, 32, 128, 512};
  for (const std::string &name : traces) {
    std::optional<Trace> trace = parseTrace(name);
    if (!trace)
      return usageError("expects uniform, zipf, hot or sticky as trace, but "
                        "got '" +
                        name + "'");
    for (unsigned count : tokens) {
      if (count == 0)
        return usageError("expects at least one token, but got 0");
      task.cells.emplace_back(*trace, count);
    }
  }
  llvm::Expected<bool> ok = run(task);
  if (!ok) {
    llvm::logAllUnhandledErrors(ok.takeError(), llvm::errs(),
                                "moe-bench: error: ");
    return 1;
  }
  return *ok ? 0 : 1;
}
