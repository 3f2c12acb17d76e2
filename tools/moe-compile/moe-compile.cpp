// moe-compile: a model in, a library that an application links out.
#include "moe/Dialect/MoE/MoE.h"
#include "moe/Import/Weights.h"
#include "moe/Pipelines/Compiler.h"
#include "moe/Pipelines/ImportReport.h"
#include "moe/Pipelines/Pipelines.h"
#include "moe/Pipelines/ScheduleReport.h"
#include "moe/Tools/Registration.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
namespace cl = llvm::cl;

namespace {

enum class Explain { None, Import, Schedule };

/// The command line. Built in main(), because LLVM's code generator and linker
/// register options of their own called stop-after and threads, which have to
/// go first.
struct CommandLine {
  cl::OptionCategory category{"Options"};
  cl::opt<std::string> input{cl::Positional, cl::desc("<model>"),
                             cl::cat(category)};
  cl::opt<std::string> output{
      "o", cl::value_desc("file"),
      cl::desc("The library to write; weights and a C header go beside it. "
               "With --stop-after: where the IR goes (default: standard "
               "output)"),
      cl::cat(category)};
  cl::opt<moe::Level> startFrom{
      "start-from", cl::desc("The level of the model, for .mlir and .mlirbc"),
      cl::values(clEnumValN(moe::Level::Graph, "graph", "StableHLO (default)"),
                 clEnumValN(moe::Level::MoE, "moe",
                            "the moe dialect, linalg on tensors"),
                 clEnumValN(moe::Level::Tile, "tile",
                            "task graphs, linalg on tensors"),
                 clEnumValN(moe::Level::Target, "target", "the LLVM dialect")),
      cl::init(moe::Level::Graph), cl::cat(category)};
  cl::opt<std::string> weights{
      "weights", cl::value_desc("file.safetensors"),
      cl::desc("Tensors that become the values of inputs of the same name"),
      cl::cat(category)};
  cl::list<std::string> weight{
      "weight", cl::value_desc("input=tensor"),
      cl::desc(
          "An input, by name or number, and its tensor in --weights, where "
          "their names differ"),
      cl::cat(category)};
  cl::opt<moe::Level> stopAfter{
      "stop-after", cl::desc("Print the IR of a level instead of compiling"),
      cl::values(
          clEnumValN(moe::Level::Graph, "graph", "the model as imported"),
          clEnumValN(moe::Level::MoE, "moe", "with its MoE layers found"),
          clEnumValN(moe::Level::Tile, "tile",
                     "with its layers cut into tasks"),
          clEnumValN(moe::Level::Target, "target", "as it goes to LLVM")),
      cl::cat(category)};
  cl::opt<Explain> explain{
      "explain", cl::desc("Tell people what was done instead of compiling"),
      cl::values(
          clEnumValN(Explain::Import, "import",
                     "the MoE layers of the model: where, in which form, "
                     "what they compute, their weights; what was "
                     "refused"),
          clEnumValN(Explain::Schedule, "schedule",
                     "how each layer is run and why, costs, tiles, rounding, "
                     "bounds of rows, memory beside weights; how all other "
                     "weights are laid out")),
      cl::cat(category)};
  cl::opt<bool> json{"json", cl::desc("With --explain: as JSON"),
                     cl::cat(category)};
  cl::opt<std::string> cpu{
      "cpu", cl::value_desc("name"),
      cl::desc("The CPU to compile for, such as host (default), x86-64-v3 "
               "(any with AVX2), x86-64-v4, znver4, sapphirerapids (AMX)"),
      cl::init("host"), cl::cat(category)};
  cl::opt<std::string> features{"features", cl::value_desc("+a,-b"),
                                cl::desc("CPU features to add or to leave out"),
                                cl::cat(category)};
  cl::opt<moe::ArtefactKind> emit{
      "emit", cl::desc("What to write"),
      cl::values(clEnumValN(moe::ArtefactKind::SharedLibrary, "so",
                            "a shared library (default)"),
                 clEnumValN(moe::ArtefactKind::Object, "obj",
                            "an object file to link into a library"),
                 clEnumValN(moe::ArtefactKind::LLVMIR, "llvm",
                            "LLVM IR as text, before optimisation")),
      cl::init(moe::ArtefactKind::SharedLibrary), cl::cat(category)};
  cl::opt<moe::Schedule> schedule{
      "schedule", cl::desc("How MoE layers are run (default: auto)"),
      moe::scheduleValues(), cl::init(moe::Schedule::Auto), cl::cat(category)};
  cl::opt<std::string> tokenRounding{
      "token-rounding", cl::value_desc("rule"),
      cl::desc("Round the rows of experts to the kernel's tile: nearest, up, "
               "down, sr_f, nr_s or balance_f. Changes results"),
      cl::cat(category)};
  cl::opt<bool> planStats{
      "plan-stats",
      cl::desc("Give the load and the drops of each expert and the entropy of "
               "the loads as outputs plan_stats.<route>.*"),
      cl::cat(category)};
  cl::opt<int64_t> tokens{
      "tokens", cl::value_desc("n"),
      cl::desc("Tokens of a usual call, for decisions that depend on them"),
      cl::init(0), cl::cat(category)};
  cl::opt<int64_t> threads{
      "threads", cl::value_desc("n"),
      cl::desc("Threads of a usual call, for --schedule=auto (default: 1)"),
      cl::init(1), cl::cat(category)};
  cl::opt<int64_t> coldBatch{
      "cold-batch", cl::value_desc("n"),
      cl::desc("Take the tasks of so many tiles of rows together in calls "
               "whose experts have few rows each (default: 1)"),
      cl::init(1), cl::cat(category)};
  cl::opt<double> flops{
      "machine-gflops", cl::value_desc("f"),
      cl::desc("For --schedule=auto: what a thread of the machine computes at "
               "best in f32, as moe-bench prints it (default: as measured "
               "of CPUs like --cpu)"),
      cl::init(0), cl::cat(category)};
  cl::opt<double> readBytes{
      "machine-gbps", cl::value_desc("f"),
      cl::desc("For --schedule=auto: GB/s that all threads read at best, as "
               "moe-bench prints it (default: likewise)"),
      cl::init(0), cl::cat(category)};
  cl::opt<std::string> entry{"entry", cl::value_desc("name"),
                             cl::desc("The function to compile"),
                             cl::init("main"), cl::cat(category)};
  cl::opt<bool> acceptFrozenExport{
      "accept-frozen-export",
      cl::desc("Compile a graph that is known not to compute what its model "
               "did as it is, with a warning"),
      cl::cat(category)};
  cl::opt<bool> verbose{"v",
                        cl::desc("Say what is being done, which MoE layers "
                                 "were found and what was refused"),
                        cl::cat(category)};
};

} // namespace

static constexpr const char *overview =
    "Compiles a Mixture-of-Experts model to a library.\n\n"
    "  moe-compile model.onnx -o model.so          library, weights and "
    "header\n"
    "  moe-compile model.mlir --stop-after=moe     show the layers that were "
    "found\n"
    "  moe-compile model.onnx --explain=schedule   how they are run, and why\n"
    "  moe-compile model.onnx -o m.so --cpu=x86-64-v3   for any CPU with AVX2\n"
    "  moe-run model.so --input x=x.npy            run what was compiled\n\n"
    "Exit status: 0, 1 where the model cannot be compiled, 2 for a wrong "
    "command line.\n";

static int usageError(const llvm::Twine &message) {
  llvm::errs() << "moe-compile: error: " << message
               << "\nmoe-compile --help shows examples\n";
  return 2;
}

namespace {

/// Prints the remarks of raising and scheduling: a line for each layer and
/// decision, refusals included.
class RemarkPrinter : public remark::detail::MLIRRemarkStreamerBase {
public:
  explicit RemarkPrinter(int64_t &layers) : layers(layers) {}

  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    // What the report of a schedule has as aspects of a layer.
    if (remark.getRemarkType() == llvm::remarks::Type::Analysis) {
      layers += remark.getRemarkName() == "form";
      return;
    }
    StringRef subject = remark.getRemarkName() == "logits" ? "logits " : "";
    for (const remark::detail::Remark::Arg &argument : remark.getArgs())
      if (argument.key == "Remark")
        llvm::errs() << "moe-compile: " << subject << argument.val << '\n';
  }

private:
  int64_t &layers;
};

} // namespace

/// Has remarks printed, and the MoE layers counted that come to the tile level.
static LogicalResult reportRemarks(MLIRContext &context, int64_t &layers) {
  remark::RemarkCategories categories;
  categories.passed = "moe-raise|moe-token-rounding|convert-moe-to-tile";
  // That a router has a kernel, a layer no padding and a route its results is
  // the rule.
  categories.missed = *categories.passed +
                      "|convert-route-to-vector|moe-padding-elimination|"
                      "moe-print-plan-stats";
  categories.analysis = "convert-moe-to-tile";
  return remark::enableOptimizationRemarks(
      context, std::make_unique<RemarkPrinter>(layers),
      std::make_unique<remark::RemarkEmittingPolicyAll>(), categories);
}

/// Writes to a file, or to standard output where `output` is empty.
static LogicalResult
writeOutput(StringRef output, function_ref<void(llvm::raw_ostream &)> write) {
  std::string message;
  std::unique_ptr<llvm::ToolOutputFile> file =
      openOutputFile(output.empty() ? "-" : output, &message);
  if (!file) {
    llvm::errs() << "moe-compile: error: " << message << '\n';
    return failure();
  }
  write(file->os());
  file->os().flush();
  if (file->os().has_error()) {
    llvm::errs() << "moe-compile: error: cannot write '" << output
                 << "': " << file->os().error().message() << '\n';
    file->os().clear_error();
    return failure();
  }
  file->keep();
  return success();
}

static LogicalResult printLevel(ModuleOp module, moe::Level level,
                                StringRef output,
                                const moe::CompileOptions &options) {
  if (failed(moe::lowerToLevel(module, level, options)))
    return failure();
  return writeOutput(output, [&](llvm::raw_ostream &os) { module.print(os); });
}

/// Prints what `observer` tells of a module: an import or a schedule.
template <typename Observer>
static LogicalResult explain(Observer &observer, ModuleOp module,
                             StringRef output, bool json,
                             const moe::CompileOptions &options) {
  auto report = observer.explain(module, options);
  if (failed(report))
    return failure();
  return writeOutput(output, [&](llvm::raw_ostream &os) {
    json ? report->printJSON(os) : report->print(os);
  });
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  auto &registered = cl::getRegisteredOptions();
  for (const char *name : {"stop-after", "threads"})
    if (auto other = registered.find(name); other != registered.end())
      other->second->removeArgument();
  CommandLine line;
  cl::HideUnrelatedOptions(line.category);
  if (!cl::ParseCommandLineOptions(argc, argv, overview, &llvm::errs()))
    return 2;
  if (line.input.empty())
    return usageError("expects a model, such as model.onnx, but got none");
  bool prints = line.stopAfter.getNumOccurrences() != 0;
  bool explains = line.explain.getNumOccurrences() != 0;
  if (explains && (prints || line.verbose))
    return usageError("expects --explain without --stop-after and -v");
  bool explainsImport = line.explain == Explain::Import;
  if (explainsImport && line.startFrom != moe::Level::Graph)
    return usageError("expects --explain=import without --start-from");
  if (line.explain == Explain::Schedule && line.startFrom > moe::Level::MoE)
    return usageError("expects --explain=schedule of a model at the graph or "
                      "the moe level");
  if (line.threads < 1)
    return usageError("expects at least one thread, but got " +
                      llvm::Twine(line.threads));
  if (line.coldBatch < 1 || line.coldBatch > moe::mostColdBatch)
    return usageError("expects a --cold-batch of 1 to " +
                      llvm::Twine(moe::mostColdBatch) + ", but got " +
                      llvm::Twine(line.coldBatch));
  if (line.tokens < 0)
    return usageError("expects a number of tokens that is not negative, but "
                      "got " +
                      llvm::Twine(line.tokens));
  for (const cl::opt<double> *rate : {&line.flops, &line.readBytes})
    if (rate->getNumOccurrences() != 0 && !(rate->getValue() > 0))
      return usageError("expects a --" + rate->ArgStr + " above 0, but got " +
                        llvm::formatv("{0}", rate->getValue()).str());
  if (!line.tokenRounding.empty() &&
      !moe::symbolizeTileMode(line.tokenRounding))
    return usageError("expects a rule of rounding (nearest, up, down, sr_f, "
                      "nr_s, balance_f), but got '" +
                      line.tokenRounding + "'");
  if (line.output.empty() && !prints && !explains)
    return usageError("expects an output, such as -o model.so, but got none");
  if (llvm::sys::fs::equivalent(line.input, line.output))
    return usageError("expects an output that is not the model itself, but "
                      "both are '" +
                      line.output + "'");
  if (prints && line.stopAfter < line.startFrom)
    return usageError(
        "requires --stop-after=" + moe::levelName(line.stopAfter) +
        " to be at or below --start-from=" + moe::levelName(line.startFrom));

  std::vector<std::pair<std::string, std::string>> pairs;
  for (StringRef pair : line.weight) {
    auto [input, tensor] = pair.split('=');
    if (input.empty() || tensor.empty() || line.weights.empty())
      return usageError(
          "expects --weight=input=tensor and --weights, but got '" + pair +
          "'");
    pairs.emplace_back(input, tensor);
  }

  DialectRegistry registry;
  moe::registerAllDialects(registry);
  moe::registerTargetTranslations(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  // A model is no IR to its user.
  context.printOpOnDiagnostic(line.verbose);

  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context);
  std::optional<moe::ImportObserver> importObserver;
  std::optional<moe::ScheduleObserver> scheduleObserver;
  if (explainsImport)
    importObserver.emplace(context);
  else if (explains)
    scheduleObserver.emplace(context);
  OwningOpRef<ModuleOp> module = moe::readModel(line.input, context);
  if (!module)
    return 1;

  if (!line.weights.empty() &&
      failed(moe::bindWeights(*module, line.weights, pairs, line.entry)))
    return 1;

  moe::CompileOptions options;
  options.from = line.startFrom;
  options.schedule = {line.schedule, line.tokens, line.threads, line.coldBatch};
  options.machineFlops = line.flops * 1e9;
  options.machineReadBytes = line.readBytes * 1e9;
  options.tokenRounding = line.tokenRounding;
  options.planStats = line.planStats;
  options.entry = line.entry;
  options.cpu = line.cpu;
  options.features = line.features;
  options.kind = line.emit;
  options.acceptFrozenExport = line.acceptFrozenExport;
  if (importObserver)
    return failed(
        explain(*importObserver, *module, line.output, line.json, options));
  if (scheduleObserver)
    return failed(
        explain(*scheduleObserver, *module, line.output, line.json, options));
  int64_t layers = 0;
  if (line.verbose && failed(reportRemarks(context, layers)))
    return 1;
  if (line.verbose)
    options.progress = [](StringRef message) {
      llvm::errs() << "moe-compile: " << message << '\n';
    };
  // lld, run in this process, resets every registered option.
  std::string output = line.output;
  bool tellsOfNone = line.verbose && line.startFrom == moe::Level::Graph &&
                     (!prints || line.stopAfter >= moe::Level::Tile);
  LogicalResult result =
      prints ? printLevel(*module, line.stopAfter, output, options)
             : moe::compileToArtefact(*module, output, options);
  if (tellsOfNone && succeeded(result) && layers == 0)
    llvm::errs() << "moe-compile: found no MoE layer; all of the model runs op "
                    "after op (--explain=import says what was refused)\n";
  return failed(result);
}
