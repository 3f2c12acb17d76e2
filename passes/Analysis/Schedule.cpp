// The cost model of the forms of a layer.
#include "moe/Analysis/Schedule.h"
#include "moe/Analysis/RowTiles.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cmath>

using namespace moe;

/// What a form has to be cheaper by, as a share of the fused one, which needs
/// the least memory, before the model is believed: on one thread the forms do
/// the same work.
static constexpr double margin = 0.1;

/// Parallel loops of an expert op after op: the gather, the products and the
/// activation.
static constexpr double loopsPerExpert = 4;

/// Multiply-adds below which the product of an expert op after op is no
/// parallel loop: two grains of convert-linalg-to-cpu.
static constexpr double leastParallel = 2 * 65536;

namespace {

/// A rate by its name in the text of options.
struct NamedRate {
  llvm::StringLiteral name;
  double MachineRates::*rate;
};

constexpr NamedRate namedRates[] = {
    {"flops", &MachineRates::flops},
    {"pair-factor", &MachineRates::pairFactor},
    {"tile-factor", &MachineRates::tileFactor},
    {"parts-factor", &MachineRates::partsFactor},
    {"thread-read-bytes", &MachineRates::readBytes},
    {"read-bytes", &MachineRates::allReadBytes},
    {"loop-seconds", &MachineRates::loopSeconds},
    {"task-seconds", &MachineRates::taskSeconds},
};

} // namespace

llvm::StringRef moe::scheduleName(Schedule schedule) {
  switch (schedule) {
  case Schedule::Auto:
    return "auto";
  case Schedule::Unfused:
    return "unfused";
  case Schedule::TwoKernel:
    return "two-kernel";
  case Schedule::Fused:
    return "fused";
  }
  llvm_unreachable("a schedule without a name");
}

std::optional<Schedule> moe::parseSchedule(llvm::StringRef name) {
  for (Schedule schedule : {Schedule::Auto, Schedule::Unfused,
                            Schedule::TwoKernel, Schedule::Fused})
    if (scheduleName(schedule) == name)
      return schedule;
  return std::nullopt;
}

llvm::Expected<ScheduleOptions>
moe::parseScheduleOptions(llvm::StringRef text) {
  auto [name, fields] = text.trim().split(' ');
  std::optional<Schedule> form = parseSchedule(name);
  if (!form)
    return llvm::createStringError(
        "expects auto, unfused, two-kernel or fused, but got '" + name + "'");
  ScheduleOptions options;
  options.form = *form;
  llvm::SmallVector<llvm::StringRef> words;
  fields.split(words, ' ', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (llvm::StringRef word : words) {
    auto [field, value] = word.split('=');
    bool isWrong = true;
    if (field == "tokens")
      isWrong = value.getAsInteger(10, options.tokens) || options.tokens < 0;
    else if (field == "threads")
      isWrong = value.getAsInteger(10, options.threads) || options.threads < 1;
    else if (field == "cold-batch")
      isWrong = value.getAsInteger(10, options.coldBatch) ||
                options.coldBatch < 1 || options.coldBatch > mostColdBatch;
    for (const NamedRate &known : namedRates) {
      double &rate = options.machine.*known.rate;
      if (field == known.name)
        isWrong = value.getAsDouble(rate) || !(rate > 0);
    }
    if (isWrong)
      return llvm::createStringError(
          "expects a number of tokens, threads or a cold-batch of 1 to " +
          llvm::Twine(mostColdBatch) + ", or a rate (" +
          llvm::join(
              llvm::map_range(namedRates,
                              [](const NamedRate &rate) { return rate.name; }),
              ", ") +
          "), but got '" + word + "'");
  }
  return options;
}

bool llvm::cl::parser<ScheduleOptions>::parse(Option &option, StringRef name,
                                              StringRef text,
                                              ScheduleOptions &value) {
  Expected<ScheduleOptions> options = parseScheduleOptions(text);
  if (!options)
    return option.error(toString(options.takeError()), name);
  value = *options;
  return false;
}

void llvm::cl::parser<ScheduleOptions>::print(raw_ostream &os,
                                              const ScheduleOptions &value) {
  os << formatv("{{{0} tokens={1} threads={2} cold-batch={3}",
                scheduleName(value.form), value.tokens, value.threads,
                value.coldBatch);
  for (const NamedRate &known : namedRates)
    os << formatv(" {0}={1:e}", known.name, value.machine.*known.rate);
  os << '}';
}

void llvm::cl::parser<ScheduleOptions>::printOptionDiff(
    const Option &option, const ScheduleOptions &value,
    const OptionValue<ScheduleOptions> & /*initial*/, size_t width) const {
  printOptionName(option, width);
  print(outs() << "= ", value);
  outs() << '\n';
}

void llvm::cl::parser<ScheduleOptions>::anchor() {}

double FormCosts::of(Schedule schedule) const {
  switch (schedule) {
  case Schedule::Unfused:
    return unfused;
  case Schedule::TwoKernel:
    return twoKernel;
  case Schedule::Fused:
    return fused;
  case Schedule::Auto:
    return of(choose());
  }
  llvm_unreachable("a schedule without a cost");
}

Schedule FormCosts::choose() const {
  Schedule best =
      unfused <= twoKernel ? Schedule::Unfused : Schedule::TwoKernel;
  return of(best) < (1 - margin) * fused ? best : Schedule::Fused;
}

std::string FormCosts::text() const {
  auto cost = [this](Schedule schedule) {
    return llvm::formatv("{0} {1:f3} ms", scheduleName(schedule),
                         of(schedule) * 1e3)
        .str();
  };
  return cost(Schedule::Unfused) + ", " + cost(Schedule::TwoKernel) + ", " +
         cost(Schedule::Fused);
}

/// Weights of an expert with `width` hidden columns in panels, each a
/// multiply-add of its rows, where `matrices` make the hidden vectors.
static double panelsOf(const LayerSize &layer, int64_t width,
                       int64_t matrices) {
  auto filled = [&](int64_t columns) {
    return static_cast<int64_t>(llvm::alignTo(columns, layer.panel));
  };
  int64_t columns = width * (layer.gated ? 2 : 1);
  return static_cast<double>(layer.in * matrices * filled(columns / matrices) +
                             width * filled(layer.out));
}

/// Seconds in which `workers` threads compute and read at best, where `active`
/// experts of so many `weights` have `rows` each.
static double rooflineOf(const LayerSize &layer, const MachineRates &machine,
                         double weights, double active, double rows,
                         double workers) {
  double factor = 1;
  if (layer.tiles)
    factor = machine.tileFactor;
  else if (layer.pairs)
    factor = machine.pairFactor;
  else if (layer.parts && rows > mostRowsBesideParts)
    factor = machine.partsFactor;
  double bandwidth =
      std::min(machine.readBytes * workers, machine.allReadBytes);
  return active * weights *
         std::max(2 * rows / (machine.flops * workers * factor),
                  layer.weightBytes / bandwidth);
}

/// Tasks of the fused graph of `active` experts with `width` hidden columns,
/// each of which has `rows` rows.
static double tasksOf(const LayerSize &layer, int64_t width, double active,
                      double rows) {
  auto count = [](double all, int64_t of) {
    return std::ceil(all / static_cast<double>(of));
  };
  double ofTile = 1 + count(static_cast<double>(width), layer.taskHidden) +
                  count(static_cast<double>(layer.out), layer.taskOut);
  return active * count(rows, layer.taskRows) * ofTile;
}

/// Experts that are alike: so many have rows, as many each.
struct Group {
  int64_t width;
  double active, rows;
};

/// Adds to the costs of a layer what `group` costs.
static void addGroup(FormCosts &costs, const LayerSize &layer,
                     const MachineRates &machine, int64_t threads,
                     const Group &group) {
  auto workers = static_cast<double>(threads);
  int64_t matrices = layer.gated ? 2 : 1;
  auto roofline = [&](int64_t matrices, double workers) {
    return rooflineOf(layer, machine, panelsOf(layer, group.width, matrices),
                      group.active, group.rows, workers);
  };
  // One thread has nobody to wait for.
  bool isAlone = threads == 1;
  const FormShares &shares = isAlone ? machine.oneThread : machine.threads;
  double loop = isAlone ? 0 : machine.loopSeconds;
  double tasks = machine.taskSeconds *
                 tasksOf(layer, group.width, group.active, group.rows) /
                 workers;
  int64_t stored = layer.joint ? 1 : matrices;
  // Small products are computed by the thread that calls.
  double product = group.rows * static_cast<double>(group.width * layer.in);
  costs.unfused += product < leastParallel
                       ? roofline(stored, 1) / machine.oneThread.unfused
                       : roofline(stored, workers) / shares.unfused +
                             group.active * loopsPerExpert * loop;
  costs.twoKernel += roofline(matrices, workers) / shares.twoKernel + tasks;
  costs.fused += roofline(matrices, workers) / shares.fused + tasks;
}

FormCosts moe::estimate(const LayerSize &layer, const MachineRates &machine,
                        int64_t threads) {
  auto tokens = static_cast<double>(layer.tokens);
  auto experts = static_cast<double>(layer.experts);
  auto picks = static_cast<double>(layer.picks);
  // Tokens that choose evenly and by themselves.
  double active = experts * (1 - std::pow(1 - picks / experts, tokens));
  double rows = active > 0 ? tokens * picks / active : 0;
  FormCosts costs;
  addGroup(costs, layer, machine, threads, {layer.width, active, rows});
  if (layer.alwaysWidth > 0)
    addGroup(costs, layer, machine, threads, {layer.alwaysWidth, 1, tokens});
  double loop = threads == 1 ? 0 : machine.loopSeconds;
  // Routes, the plan, and the beginning of the sums; the end of those that
  // always-on experts add to.
  double blocks = std::ceil(tokens / static_cast<double>(layer.taskTokens));
  double tasks = machine.taskSeconds *
                 (1 + (layer.alwaysWidth > 0 ? 3 : 2) * blocks) /
                 static_cast<double>(threads);
  costs.twoKernel += 2 * loop + tasks;
  costs.fused += loop + tasks;
  return costs;
}
