// moe-bench: times a real MoE layer against what the machine can do.
#include "CompiledLayer.h"
#include "Machine.h"
#include "Routing.h"
#include "Values.h"

#include "moe/Analysis/RowTiles.h"
#include "moe/Target/CpuTarget.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/JSON.h"
#include "llvm/TargetParser/Host.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <limits>
#include <random>

using namespace moe::bench;
namespace cl = llvm::cl;

namespace {

struct CommandLine {
  cl::OptionCategory category{"Options"};
  cl::opt<std::string> layer{"layer", cl::value_desc("name"),
                             cl::desc("The layer to time; --list prints all"),
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
      cl::desc("Numbers of tokens (default: 1,8,32,128,512)"),
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
  cl::opt<unsigned> threads{"threads", cl::value_desc("n"),
                            cl::desc("Threads (default: 1)"), cl::init(1),
                            cl::cat(category)};
  cl::opt<moe::Schedule> schedule{
      "schedule", cl::desc("How the layer is run (default: unfused)"),
      moe::scheduleValues(), cl::init(moe::Schedule::Unfused),
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
      cl::desc("Write one run of each cell as a timeline of its tasks and "
               "parallel ranges, for Perfetto or chrome://tracing"),
      cl::cat(category)};
  cl::opt<bool> json{"json", cl::desc("Print JSON"), cl::cat(category)};
};

constexpr const char *overview =
    "Times one MoE layer of a published model and compares with the machine's "
    "measured peak.\n\n"
    "  moe-bench --list\n"
    "  moe-bench --machine --threads=2\n"
    "  moe-bench --layer=qwen3-30b-a3b --tokens=1,32,512\n"
    "  moe-bench --layer=qwen3-30b-a3b --dtype=int4 --activations=f32\n"
    "  moe-bench --layer=olmoe-1b-7b --threads=2 --trace=uniform,hot --json\n"
    "  moe-bench --layer=olmoe-1b-7b --schedule=fused --timeline=tasks.json\n\n"
    "The layer is compiled with random weights; its router's logits are an "
    "input, so that the routing\ncan be chosen. The roofline is the larger of "
    "the time for the arithmetic at the measured peak and\nthe time to read "
    "the "
    "weights of the experts in use at the measured bandwidth. Four draws of\n"
    "the routing take turns. The first tokens of each cell are checked "
    "against f64. Wasted rows\nare those that kernels compute and nobody "
    "routed, beside those that whole register tiles would have.\n\n"
    "Exit status: 0, 1 where a layer cannot be run or its numbers are wrong, 2 "
    "for a wrong command line.\n";

/// One number of tokens under one trace.
struct Cell {
  Cell(Trace trace, int64_t tokens) : trace(trace), tokens(tokens) {}

  Trace trace;
  int64_t tokens;
  double active = 0;              ///< experts with rows, mean over the draws
  std::vector<double> seconds;    ///< sorted
  std::vector<double> cpuSeconds; ///< of all threads, sorted
  double stealPercent = 0;
  double error = 0; ///< max |y - r| / max |r|
  uint64_t peakBytes = 0;
  double flops = 0;       ///< useful operations of a run
  double weightBytes = 0; ///< of the experts with rows, mean over the draws
  /// Rows that the kernel computes, and that it would compute in whole register
  /// tiles, beyond those that are routed, as a share of these.
  double wastedRows = 0, paddedRows = 0;

  double median() const { return seconds[seconds.size() / 2]; }
  double cpuMedian() const { return cpuSeconds[cpuSeconds.size() / 2]; }
  double least() const { return seconds.front(); }
  double roofline(const MachinePeak &peak, Precision precision) const {
    return std::max(flops / peakOf(peak, precision),
                    weightBytes / peak.readBytes);
  }

  /// Multiply-adds are of the activations' type: codes are widened to it.
  static double peakOf(const MachinePeak &peak, Precision precision) {
    return precision.activations == Format::F32 ? peak.f32
                                                : peak.bf16.value_or(peak.f32);
  }
};

constexpr unsigned draws = 4;
constexpr int64_t checkedTokens = 2;

/// Bounds of max |y - r| / max |r|.
double errorBound(Precision precision) {
  return precision.activations == Format::F32 ? 1e-4 : 2e-2;
}

} // namespace

static int usageError(const llvm::Twine &message) {
  llvm::errs() << "moe-bench: error: " << message
               << "\nmoe-bench --help shows examples\n";
  return 2;
}

static llvm::StringRef routerName(Layer::Router router) {
  switch (router) {
  case Layer::Router::SoftmaxTopK:
    return "softmax-topk";
  case Layer::Router::SoftmaxTopKRenorm:
    return "softmax-topk-renorm";
  case Layer::Router::TopKSoftmax:
    return "topk-softmax";
  case Layer::Router::SigmoidTopKRenorm:
    return "sigmoid-topk-renorm";
  case Layer::Router::SparseMixer:
    return "sparsemixer";
  }
  llvm_unreachable("a router without a name");
}

static llvm::StringRef bodyName(Layer::Body body) {
  switch (body) {
  case Layer::Body::Silu:
    return "silu";
  case Layer::Body::GptOss:
    return "gpt-oss";
  case Layer::Body::Relu:
    return "relu";
  }
  llvm_unreachable("a body without a name");
}

static uint64_t weightBytes(const Layer &layer) {
  uint64_t bytes = 0;
  for (const Parameter &parameter : parametersOf(layer, {}))
    bytes += parameter.bytes();
  return bytes;
}

static void printLayers() {
  llvm::outs() << "name                 hidden  width  experts  top-k  shared  "
                  "f32 weights  router               body\n";
  for (const Layer &layer : allLayers())
    llvm::outs() << llvm::formatv(
        "{0,-20} {1,6} {2,6} {3,8} {4,6} {5,7} "
        "{6,9:f2} GB  {7,-20} {8}\n",
        layer.name, layer.hidden, layer.width, layer.experts, layer.topK,
        layer.sharedWidth, weightBytes(layer) * 1e-9, routerName(layer.router),
        bodyName(layer.body));
}

static void printLayersJson() {
  llvm::json::Array list;
  for (const Layer &layer : allLayers())
    list.push_back(llvm::json::Object{{"name", layer.name},
                                      {"hidden", layer.hidden},
                                      {"width", layer.width},
                                      {"experts", layer.experts},
                                      {"top_k", layer.topK},
                                      {"shared_width", layer.sharedWidth},
                                      {"router", routerName(layer.router)},
                                      {"body", bodyName(layer.body)}});
  llvm::outs() << llvm::formatv("{0:2}", llvm::json::Value(std::move(list)))
               << "\n";
}

/// Compares the first tokens of the current output with f64.
static llvm::Expected<double> errorOf(CompiledLayer &compiled,
                                      const Layer &layer, Precision precision,
                                      llvm::ArrayRef<float> x,
                                      llvm::ArrayRef<float> logits) {
  int64_t tokens = std::min<int64_t>(x.size() / layer.hidden, checkedTokens);
  llvm::Expected<std::vector<float>> y = compiled.output(tokens * layer.hidden);
  if (!y)
    return y.takeError();
  double difference = 0, largest = 0;
  for (int64_t t = 0; t < tokens; ++t) {
    std::vector<double> reference =
        referenceToken(layer, precision, compiled.parameters(),
                       x.slice(t * layer.hidden, layer.hidden),
                       logits.slice(t * layer.experts, layer.experts));
    for (int64_t i = 0; i < layer.hidden; ++i) {
      double d = std::abs((*y)[t * layer.hidden + i] - reference[i]);
      if (std::isnan(d))
        return std::numeric_limits<double>::infinity();
      difference = std::max(difference, d);
      largest = std::max(largest, std::abs(reference[i]));
    }
  }
  return difference / largest;
}

/// Time that all threads of this process have run.
static double processSeconds() {
  timespec time = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
}

/// Adds the rows that are computed for `selected` to those of `cell`, in tiles
/// as the kernel has them and in whole ones.
static void countRows(const Layer &layer, llvm::ArrayRef<int32_t> selected,
                      int64_t tileRows, Cell &cell) {
  std::vector<int64_t> rows(layer.experts);
  for (int32_t id : selected)
    ++rows[id];
  for (int64_t count : rows) {
    llvm::SmallVector<int64_t> heights = moe::tileHeights(count, tileRows);
    for (int64_t height : heights)
      cell.wastedRows += double(height);
    cell.paddedRows += double(heights.size() * tileRows);
  }
}

static llvm::Error timeCell(CompiledLayer &compiled, const Layer &layer,
                            Precision precision, Cell &cell,
                            double leastSeconds, unsigned seed,
                            int64_t tileRows, Timeline *timeline) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<float> normal;
  std::vector<float> x(cell.tokens * layer.hidden);
  std::vector<uint16_t> narrow(x.size());
  bool isNarrow = precision.activations == Format::BF16;
  for (auto [value, bits] : llvm::zip_equal(x, narrow)) {
    value = normal(engine);
    bits = toBF16(value);
    if (isNarrow)
      value = fromBF16(bits);
  }
  const void *input = isNarrow ? static_cast<const void *>(narrow.data())
                               : static_cast<const void *>(x.data());
  std::vector<float> logits[draws];
  for (unsigned draw = 0; draw < draws; ++draw) {
    logits[draw] =
        makeLogits(layer, cell.tokens, cell.trace, seed * draws + draw);
    std::vector<int32_t> selected = selectExperts(layer, logits[draw]);
    cell.active += double(countActive(layer, selected)) / draws;
    countRows(layer, selected, tileRows, cell);
  }
  double useful = double(draws * cell.tokens * layer.topK);
  cell.wastedRows = cell.wastedRows / useful - 1;
  cell.paddedRows = cell.paddedRows / useful - 1;
  cell.flops = 2.0 * cell.tokens *
               (layer.topK * layer.multiplyAdds(layer.width) +
                layer.multiplyAdds(layer.sharedWidth));
  cell.weightBytes = weightBytesPerElement(precision) *
                     (cell.active * layer.multiplyAdds(layer.width) +
                      layer.multiplyAdds(layer.sharedWidth));

  StealCounter before = StealCounter::now();
  double total = 0;
  for (unsigned run = 0;
       run < draws || cell.seconds.size() < 5 || total < leastSeconds; ++run) {
    const std::vector<float> &z = logits[run % draws];
    if (llvm::Error error = compiled.bind(cell.tokens, input, z.data()))
      return error;
    double cpuStart = processSeconds();
    auto start = std::chrono::steady_clock::now();
    if (llvm::Error error = compiled.run())
      return error;
    std::chrono::duration<double> taken =
        std::chrono::steady_clock::now() - start;
    double cpuTaken = processSeconds() - cpuStart;
    if (run >= draws) { // each draw has run once to warm up
      cell.seconds.push_back(taken.count());
      cell.cpuSeconds.push_back(cpuTaken);
      total += taken.count();
      continue;
    }
    llvm::Expected<double> error = errorOf(compiled, layer, precision, x, z);
    if (!error)
      return error.takeError();
    cell.error = std::max(cell.error, *error);
  }
  cell.stealPercent = StealCounter::now().percentSince(before);
  if (timeline) {
    timeline->begin(traceName(cell.trace) + ", " + llvm::Twine(cell.tokens) +
                    " tokens");
    llvm::Error error = compiled.run();
    timeline->end();
    if (error)
      return error;
  }
  cell.peakBytes = compiled.peakBytes();
  std::sort(cell.seconds.begin(), cell.seconds.end());
  std::sort(cell.cpuSeconds.begin(), cell.cpuSeconds.end());
  return llvm::Error::success();
}

static void printMachine(const MachinePeak &peak, unsigned threads) {
  auto rate = [](const std::optional<double> &rate) {
    return rate ? llvm::formatv("{0:f1}", *rate * 1e-9).str() : "none";
  };
  llvm::outs() << llvm::formatv(
      "{0}, {1} thread{2}: GFLOP/s f32 {3}, bf16 {4}, int8 {5}; reads {6:f1} "
      "GB/s\n",
      llvm::sys::getHostCPUName(), threads, threads == 1 ? "" : "s",
      rate(peak.f32), rate(peak.bf16), rate(peak.int8), peak.readBytes * 1e-9);
}

static void printText(const Layer &layer, Precision precision,
                      const CompiledLayer &compiled, const MachinePeak &peak,
                      llvm::ArrayRef<Cell> cells) {
  llvm::outs() << llvm::formatv(
      "{0}: hidden {1}, width {2}, experts {3}, top-{4}{5}; {6:f2} GB of {7} "
      "weights compiled in {8:f1} s, packed in {9:f1} s of them\n",
      layer.name, layer.hidden, layer.width, layer.experts, layer.topK,
      layer.sharedWidth ? ", shared width " + std::to_string(layer.sharedWidth)
                        : "",
      compiled.parameterBytes() * 1e-9, formatName(precision.weights),
      compiled.compileSeconds(), compiled.packSeconds());
  llvm::outs() << llvm::formatv(
      "{0}, {1} thread{2}: {3:f1} GFLOP/s {4}, reads {5:f1} GB/s\n\n",
      llvm::sys::getHostCPUName(), compiled.threads(),
      compiled.threads() == 1 ? "" : "s", Cell::peakOf(peak, precision) * 1e-9,
      formatName(precision.activations), peak.readBytes * 1e-9);
  llvm::outs() << "trace    tokens  rows/expert  active  median ms   least ms  "
                  "   CPU ms  "
                  "GFLOP/s    GB/s  roofline  wasted rows  in whole tiles  "
                  "memory MiB  error\n";
  for (const Cell &cell : cells)
    llvm::outs() << llvm::formatv(
        "{0,-8} {1,6} {2,12:f1} {3,7:f1} {4,10:f3} "
        "{5,10:f3} {6,10:f3} {7,8:f1} "
        "{8,7:f1} {9,7:f1} % {10,10:f1} % {11,13:f1} % {12,11:f1}  {13:e1}\n",
        traceName(cell.trace), cell.tokens,
        cell.tokens * layer.topK / cell.active, cell.active,
        cell.median() * 1e3, cell.least() * 1e3, cell.cpuMedian() * 1e3,
        cell.flops / cell.median() * 1e-9,
        cell.weightBytes / cell.median() * 1e-9,
        100 * cell.roofline(peak, precision) / cell.median(),
        100 * cell.wastedRows, 100 * cell.paddedRows,
        cell.peakBytes / 1048576.0, cell.error);
}

static llvm::json::Value rateOrNull(const std::optional<double> &rate) {
  return rate ? llvm::json::Value(*rate * 1e-9) : llvm::json::Value(nullptr);
}

static llvm::json::Value machineJson(const MachinePeak &peak,
                                     unsigned threads) {
  return llvm::json::Object{
      {"cpu", llvm::sys::getHostCPUName()},
      {"threads", threads},
      {"last_level_cache_bytes", lastLevelCacheBytes()},
      {"peak_gflops", llvm::json::Object{{"f32", peak.f32 * 1e-9},
                                         {"bf16", rateOrNull(peak.bf16)},
                                         {"int8", rateOrNull(peak.int8)}}},
      {"read_gb_per_s", peak.readBytes * 1e-9}};
}

static void printJson(const Layer &layer, Precision precision,
                      const CompiledLayer &compiled, const MachinePeak &peak,
                      llvm::ArrayRef<Cell> cells) {
  llvm::json::Array results;
  for (const Cell &cell : cells)
    results.push_back(llvm::json::Object{
        {"trace", traceName(cell.trace)},
        {"tokens", cell.tokens},
        {"rows_per_expert", cell.tokens * layer.topK / cell.active},
        {"active_experts", cell.active},
        {"ms", cell.median() * 1e3},
        {"least_ms", cell.least() * 1e3},
        {"cpu_ms", cell.cpuMedian() * 1e3},
        {"runs", cell.seconds.size()},
        {"gflops", cell.flops / cell.median() * 1e-9},
        {"weight_gb_per_s", cell.weightBytes / cell.median() * 1e-9},
        {"roofline_ms", cell.roofline(peak, precision) * 1e3},
        {"roofline_percent",
         100 * cell.roofline(peak, precision) / cell.median()},
        {"wasted_rows_percent", 100 * cell.wastedRows},
        {"whole_tile_rows_percent", 100 * cell.paddedRows},
        {"peak_bytes", cell.peakBytes},
        {"steal_percent", cell.stealPercent},
        {"error", cell.error}});
  llvm::json::Object report{{"machine", machineJson(peak, compiled.threads())},
                            {"layer", layer.name},
                            {"dtype", formatName(precision.weights)},
                            {"activations", formatName(precision.activations)},
                            {"weight_bytes", compiled.parameterBytes()},
                            {"compile_s", compiled.compileSeconds()},
                            {"pack_s", compiled.packSeconds()},
                            {"results", std::move(results)}};
  llvm::outs() << llvm::formatv("{0:2}", llvm::json::Value(std::move(report)))
               << "\n";
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
    (line.json ? printLayersJson : printLayers)();
    return 0;
  }
  if (line.threads == 0)
    return usageError("expects at least one thread, but got 0");
  if (line.machine) {
    MachinePeak peak = measurePeak(line.threads);
    if (line.json)
      llvm::outs() << llvm::formatv("{0:2}", machineJson(peak, line.threads))
                   << "\n";
    else
      printMachine(peak, line.threads);
    return 0;
  }
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
  std::vector<Cell> cells;
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
      cells.emplace_back(*trace, count);
    }
  }

  auto progress = [](const llvm::Twine &message) {
    llvm::errs() << "moe-bench: " << message << '\n';
  };
  // lld, run in this process, resets every registered option.
  unsigned threads = line.threads, seed = line.seed;
  double seconds = line.seconds;
  bool json = line.json;
  std::string timelinePath = line.timeline;
  Timeline timeline;
  Timeline *listener = timelinePath.empty() ? nullptr : &timeline;
  llvm::ExitOnError check("moe-bench: error: ");
  moe::CpuTarget target = check(moe::CpuTarget::create(line.cpu, ""));
  int64_t tileRows =
      moe::registerTileRows(target.vectorBits(), target.vectorRegisters());
  std::unique_ptr<CompiledLayer> compiled =
      check(CompiledLayer::create(*layer, {precision, line.cpu, threads,
                                           line.schedule, listener, progress}));
  progress("measuring the machine");
  MachinePeak peak = measurePeak(threads);
  bool ok = true;
  for (Cell &cell : cells) {
    progress(llvm::Twine(traceName(cell.trace)) + ", " +
             llvm::Twine(cell.tokens) + " tokens");
    if (llvm::Error error = timeCell(*compiled, *layer, precision, cell,
                                     seconds, seed, tileRows, listener)) {
      compiled.reset();
      check(std::move(error));
    }
    if (!(cell.error <= errorBound(precision))) {
      llvm::errs() << "moe-bench: error: the output of " << layer->name
                   << " differs from f64 by " << cell.error << " (bound "
                   << errorBound(precision) << ")\n";
      ok = false;
    }
  }
  (json ? printJson : printText)(*layer, precision, *compiled, peak, cells);
  if (listener) {
    llvm::Error error = timeline.write(timelinePath);
    compiled.reset();
    check(std::move(error));
  }
  return ok ? 0 : 1;
}
