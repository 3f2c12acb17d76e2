// Compiles a model where it is none yet, and times it for sizes of its inputs.
#include "Model.h"
#include "LoadedModel.h"
#include "Machine.h"
#include "Turns.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/BinaryFormat/Magic.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/TargetParser/Host.h"

using namespace moe::bench;

/// A number that a size can be.
static std::optional<int64_t> parseSize(llvm::StringRef text) {
  int64_t value = 0;
  if (text.getAsInteger(10, value) || value < 0)
    return std::nullopt;
  return value;
}

llvm::Expected<SizeChoice> moe::bench::parseSizeChoice(llvm::StringRef text) {
  auto [name, list] = text.split('=');
  SizeChoice choice{name.str(), {}, {}};
  llvm::SmallVector<llvm::StringRef> words;
  list.split(words, ',');
  for (llvm::StringRef word : words)
    if (std::optional<int64_t> value = parseSize(word))
      choice.values.push_back(*value);
  if (choice.values.empty() && words.size() == 1 && !list.empty())
    for (llvm::StringRef term : llvm::split(list, '+'))
      choice.terms.push_back(term.str());
  if (name.empty() ||
      (choice.values.size() != words.size() && choice.terms.empty()))
    return llvm::createStringError(
        "expects a size as name=n,... or name=other+n, but got '" + text + "'");
  return choice;
}

namespace {

/// One way to run the model.
struct ModelVariant {
  std::optional<moe::Schedule> schedule; ///< of what was compiled here
  unsigned threads;
  std::unique_ptr<LoadedModel> model;

  llvm::StringRef form() const {
    return schedule ? moe::scheduleName(*schedule) : "compiled";
  }
};

/// The model with one choice of its sizes.
struct ModelCell {
  Sizes sizes;
  int64_t tokens = 0;
  double stealPercent = 0;
  std::vector<RunTimes> times; ///< one per variant, in their order
  std::vector<uint64_t> peakBytes;
};

struct ModelReport {
  const ModelTask &task;
  std::vector<Library> libraries;
  std::vector<std::string> sizeNames;
  std::vector<ModelVariant> variants;
  std::vector<ModelCell> cells;
};

} // namespace

static llvm::Expected<bool> isLibrary(const std::string &path) {
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> head =
      llvm::MemoryBuffer::getFileSlice(path, /*MapSize=*/32, /*Offset=*/0);
  if (!head)
    return llvm::createFileError(path, head.getError());
  return llvm::identify_magic((*head)->getBuffer()) ==
         llvm::file_magic::elf_shared_object;
}

/// Compiles the model of `task` in each form into `folder`.
static llvm::Error compileModel(const ModelTask &task,
                                const TemporaryFolder &folder,
                                const Progress &progress,
                                std::vector<Library> &libraries) {
  std::vector<moe::Schedule> schedules = task.schedules;
  if (schedules.empty())
    schedules = {moe::Schedule::Auto};
  for (moe::Schedule schedule : schedules) {
    progress("compiling " + task.path + ", " + moe::scheduleName(schedule));
    llvm::Expected<Library> library = compileLibrary(
        folder, {moe::Level::Graph, schedule, task.cpu, !task.timeline.empty()},
        [&](mlir::MLIRContext &context) {
          return moe::readModel(task.path, context);
        });
    if (!library)
      return library.takeError();
    libraries.push_back(std::move(*library));
  }
  return llvm::Error::success();
}

/// "(none)", or names in single quotes.
static std::string listNames(llvm::ArrayRef<std::string> names) {
  if (names.empty())
    return "none";
  return llvm::join(
      llvm::map_range(names,
                      [](const std::string &name) { return "'" + name + "'"; }),
      ", ");
}

/// The place of `name` among the dynamic sizes.
static llvm::Expected<size_t> findSize(llvm::ArrayRef<std::string> names,
                                       llvm::StringRef name) {
  const auto *found = llvm::find(names, name);
  if (found == names.end())
    return llvm::createStringError("expects dynamic sizes of the model (" +
                                   listNames(names) + ") in --dim, but got '" +
                                   name + "'");
  return found - names.begin();
}

/// Makes the size at `place` the sum of `terms` in all cells.
static llvm::Error addUp(size_t place, llvm::ArrayRef<std::string> terms,
                         llvm::ArrayRef<std::string> names,
                         llvm::MutableArrayRef<ModelCell> cells) {
  for (ModelCell &cell : cells)
    cell.sizes[place] = 0;
  for (const std::string &term : terms) {
    std::optional<int64_t> number = parseSize(term);
    size_t from = 0;
    if (!number) {
      llvm::Expected<size_t> found = findSize(names, term);
      if (!found)
        return found.takeError();
      from = *found;
    }
    for (ModelCell &cell : cells)
      cell.sizes[place] += number ? *number : cell.sizes[from];
  }
  return llvm::Error::success();
}

/// The cells of `task`: each combination of the sizes.
static llvm::Expected<std::vector<ModelCell>>
chooseSizes(const ModelTask &task, const LoadedModel &model) {
  std::vector<std::string> names = model.sizeNames();
  std::vector<std::vector<int64_t>> values(names.size());
  llvm::SmallVector<bool> taken(names.size(), false);
  for (const SizeChoice &choice : task.sizes) {
    llvm::Expected<size_t> found = findSize(names, choice.name);
    if (!found)
      return found.takeError();
    size_t s = *found;
    if (taken[s])
      return llvm::createStringError("expects each size in --dim once, but "
                                     "got '" +
                                     choice.name + "' twice");
    taken[s] = true;
    values[s] = choice.terms.empty() ? choice.values : std::vector<int64_t>{0};
  }
  std::optional<size_t> ofTokens = model.tokenSize(taken);
  if (ofTokens) {
    taken[*ofTokens] = true;
    values[*ofTokens] = task.tokens;
    if (task.tokens.empty())
      values[*ofTokens] = {1, 32, 128};
  } else if (!task.tokens.empty()) {
    return llvm::createStringError(
        "expects a dynamic size of the first input that --tokens can be, but "
        "of all (" +
        listNames(names) + ") none is left");
  }
  for (auto [list, isTaken] : llvm::zip_equal(values, taken))
    if (!isTaken)
      list = {1};
  std::vector<ModelCell> cells(1);
  for (const std::vector<int64_t> &list : values) {
    std::vector<ModelCell> longer;
    for (const ModelCell &cell : cells)
      for (int64_t value : list) {
        longer.push_back(cell);
        longer.back().sizes.push_back(value);
      }
    cells = std::move(longer);
  }
  for (const SizeChoice &choice : task.sizes)
    if (!choice.terms.empty())
      if (llvm::Error error =
              addUp(llvm::find(names, choice.name) - names.begin(),
                    choice.terms, names, cells))
        return error;
  for (ModelCell &cell : cells)
    cell.tokens = model.tokens(cell.sizes);
  return cells;
}

static std::string describeSizes(const ModelReport &report,
                                 const ModelCell &cell) {
  std::string text;
  for (auto [name, size] : llvm::zip_equal(report.sizeNames, cell.sizes))
    text += (text.empty() ? "" : " ") + name + "=" + std::to_string(size);
  return text.empty() ? "fixed" : text;
}

/// Times all variants in `cell`, after a run of each to warm up.
static llvm::Error timeCell(ModelReport &report, Timeline *timeline,
                            ModelCell &cell) {
  const ModelTask &task = report.task;
  int64_t vocabulary = task.vocabulary.value_or(
      report.variants.front().model->vocabulary().value_or(2));
  for (ModelVariant &variant : report.variants) {
    if (llvm::Error error =
            variant.model->reshape(cell.sizes, task.seed, vocabulary))
      return error;
    if (llvm::Error error = variant.model->run())
      return error;
  }
  cell.times.resize(report.variants.size());
  StealCounter before = StealCounter::now();
  if (llvm::Error error = takeTurns(
          llvm::map_to_vector(
              report.variants,
              [](const ModelVariant &variant) { return variant.threads; }),
          /*draws=*/1, task.seconds,
          [&](size_t i, size_t) {
            return timeOnce([&] { return report.variants[i].model->run(); },
                            cell.times[i]);
          },
          [&](size_t i) -> RunTimes & { return cell.times[i]; }))
    return error;
  cell.stealPercent = StealCounter::now().percentSince(before);
  for (auto [variant, times] : llvm::zip_equal(report.variants, cell.times)) {
    cell.peakBytes.push_back(variant.model->peakBytes());
    times.sort();
    if (!timeline)
      continue;
    std::string name = describeSizes(report, cell);
    if (report.variants.size() > 1)
      name +=
          llvm::formatv(", {0}, threads: {1}", variant.form(), variant.threads);
    timeline->begin(name);
    llvm::Error error = variant.model->run();
    timeline->end();
    if (error)
      return error;
  }
  return llvm::Error::success();
}

static void printText(const ModelReport &report) {
  llvm::outs() << llvm::formatv(
      "{0}: {1:f2} GB of weights{2}, dynamic sizes {3}\n", report.task.path,
      report.variants.front().model->weightBytes() * 1e-9,
      report.task.copyWeights ? ", copied" : "", listNames(report.sizeNames));
  for (const Library &library : report.libraries)
    llvm::outs() << llvm::formatv(
        "{0} compiled in {1:f1} s, weights packed in {2:f1} s of them\n",
        moe::scheduleName(library.schedule), library.compileSeconds,
        library.packSeconds);
  llvm::outs()
      << "\ntokens  form        threads  median ms   least ms     CPU ms  "
         "speedup     tokens/s  memory MiB  sizes\n";
  for (const ModelCell &cell : report.cells)
    for (auto [variant, times, peakBytes] :
         llvm::zip_equal(report.variants, cell.times, cell.peakBytes))
      llvm::outs() << llvm::formatv(
          "{0,6}  {1,-10} {2,8} {3,10:f3} {4,10:f3} {5,10:f3} {6,8:f2} "
          "{7,12:f1} {8,11:f1}  {9}\n",
          cell.tokens, variant.form(), variant.threads, times.median() * 1e3,
          times.least() * 1e3, times.cpuMedian() * 1e3,
          cell.times.front().median() / times.median(),
          cell.tokens / times.median(), peakBytes / 1048576.0,
          describeSizes(report, cell));
}

static void printJson(const ModelReport &report) {
  llvm::json::Array results;
  for (const ModelCell &cell : report.cells)
    for (auto [variant, times, peakBytes] :
         llvm::zip_equal(report.variants, cell.times, cell.peakBytes)) {
      llvm::json::Object sizes;
      for (auto [name, size] : llvm::zip_equal(report.sizeNames, cell.sizes))
        sizes[name] = size;
      results.push_back(llvm::json::Object{
          {"sizes", std::move(sizes)},
          {"tokens", cell.tokens},
          {"schedule", variant.schedule ? llvm::json::Value(variant.form())
                                        : llvm::json::Value(nullptr)},
          {"threads", variant.threads},
          {"ms", times.median() * 1e3},
          {"least_ms", times.least() * 1e3},
          {"cpu_ms", times.cpuMedian() * 1e3},
          {"runs", times.seconds.size()},
          {"speedup", cell.times.front().median() / times.median()},
          {"tokens_per_s", cell.tokens / times.median()},
          {"peak_bytes", peakBytes},
          {"steal_percent", cell.stealPercent}});
    }
  llvm::json::Array libraries;
  for (const Library &library : report.libraries)
    libraries.push_back(
        llvm::json::Object{{"schedule", moe::scheduleName(library.schedule)},
                           {"compile_s", library.compileSeconds},
                           {"pack_s", library.packSeconds}});
  llvm::json::Object whole{
      {"model", report.task.path},
      {"cpu", llvm::sys::getHostCPUName()},
      {"weight_bytes", report.variants.front().model->weightBytes()},
      {"copied_weights", report.task.copyWeights},
      {"libraries", std::move(libraries)},
      {"results", std::move(results)}};
  llvm::outs() << llvm::formatv("{0:2}", llvm::json::Value(std::move(whole)))
               << "\n";
}

llvm::Error moe::bench::timeModel(const ModelTask &task,
                                  const Progress &progress) {
  llvm::Expected<bool> isCompiled = isLibrary(task.path);
  if (!isCompiled)
    return isCompiled.takeError();
  if (*isCompiled && !task.schedules.empty())
    return llvm::createStringError(
        "expects --schedule with a model, but got '" + task.path +
        "', which is compiled already");
  ModelReport report{task, {}, {}, {}, {}};
  std::unique_ptr<TemporaryFolder> folder;
  if (!*isCompiled) {
    llvm::Expected<std::unique_ptr<TemporaryFolder>> made =
        TemporaryFolder::create();
    if (!made)
      return made.takeError();
    folder = std::move(*made);
    if (llvm::Error error =
            compileModel(task, *folder, progress, report.libraries))
      return error;
  }
  Timeline timeline;
  Timeline *listener = task.timeline.empty() ? nullptr : &timeline;
  if (task.copyWeights)
    progress("copying weights");
  for (unsigned threads : task.threads) {
    auto load = [&](const std::string &path,
                    std::optional<Schedule> schedule) -> llvm::Error {
      llvm::Expected<std::unique_ptr<LoadedModel>> model =
          LoadedModel::create(path, threads, {task.copyWeights, listener});
      if (!model)
        return model.takeError();
      report.variants.push_back({schedule, threads, std::move(*model)});
      return llvm::Error::success();
    };
    if (*isCompiled)
      if (llvm::Error error = load(task.path, std::nullopt))
        return error;
    for (const Library &library : report.libraries)
      if (llvm::Error error = load(library.path, library.schedule))
        return error;
  }
  const LoadedModel &model = *report.variants.front().model;
  report.sizeNames = model.sizeNames();
  llvm::Expected<std::vector<ModelCell>> cells = chooseSizes(task, model);
  if (!cells)
    return cells.takeError();
  report.cells = std::move(*cells);
  for (ModelCell &cell : report.cells) {
    progress(describeSizes(report, cell));
    if (llvm::Error error = timeCell(report, listener, cell))
      return error;
  }
  (task.json ? printJson : printText)(report);
  return listener ? timeline.write(task.timeline) : llvm::Error::success();
}
