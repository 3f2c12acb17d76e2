// The cost model of the forms of a layer.
#include "moe/Analysis/Schedule.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/FormatVariadic.h"
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

llvm::Expected<ScheduleOptions>
moe::parseScheduleOptions(llvm::StringRef text) {
  constexpr Schedule forms[] = {Schedule::Auto, Schedule::Unfused,
                                Schedule::TwoKernel, Schedule::Fused};
  auto [name, fields] = text.trim().split(' ');
  const Schedule *form = llvm::find_if(
      forms, [&](Schedule form) { return scheduleName(form) == name; });
  if (form == std::end(forms))
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
    else if (field == "flops")
      isWrong = value.getAsDouble(options.flops) || options.flops < 0;
    else if (field == "read-bytes")
      isWrong = value.getAsDouble(options.readBytes) || options.readBytes < 0;
    if (isWrong)
      return llvm::createStringError("expects a number of tokens, threads, "
                                     "flops or read-bytes, but got '" +
                                     word + "'");
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
  os << formatv("{{{0} tokens={1} threads={2} flops={3:e} read-bytes={4:e}}",
                scheduleName(value.form), value.tokens, value.threads,
                value.flops, value.readBytes);
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

FormCosts moe::estimate(const LayerSize &layer, const MachineRates &machine,
                        int64_t threads) {
  auto tokens = static_cast<double>(layer.tokens);
  auto experts = static_cast<double>(layer.experts);
  auto picks = static_cast<double>(layer.picks);
  auto workers = static_cast<double>(threads);
  // Tokens that choose evenly and by themselves.
  double active = experts * (1 - std::pow(1 - picks / experts, tokens));
  double elements = static_cast<double>(
      layer.width * (layer.in * (layer.gated ? 2 : 1) + layer.out));
  double bandwidth =
      std::min(machine.readBytes * workers, machine.allReadBytes);
  double factor = layer.tiles ? machine.tileFactor : layer.pairs ? 2 : 1;
  double flops = machine.flops * workers * factor;
  double roofline = std::max(2 * tokens * picks * elements / flops,
                             layer.weightBytes * active * elements / bandwidth);
  // One thread has nobody to wait for.
  bool isAlone = threads == 1;
  const FormShares &shares = isAlone ? machine.oneThread : machine.threads;
  double loop = isAlone ? 0 : machine.loopSeconds;
  FormCosts costs;
  costs.unfused = roofline / shares.unfused + active * loopsPerExpert * loop;
  costs.twoKernel = roofline / shares.twoKernel + 2 * loop;
  costs.fused = roofline / shares.fused + loop;
  return costs;
}
