// The cost model of the forms of a layer.
#include "moe/Analysis/Schedule.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/FormatVariadic.h"

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
  double flops = machine.flops * workers * (layer.pairs ? 2 : 1);
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
