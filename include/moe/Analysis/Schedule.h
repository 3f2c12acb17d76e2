// How a layer may be run, and what each way is expected to cost.
#ifndef MOE_ANALYSIS_SCHEDULE_H
#define MOE_ANALYSIS_SCHEDULE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>

namespace moe {

/// How MoE layers are run.
enum class Schedule {
  Auto,      ///< as the cost model says, layer by layer
  Unfused,   ///< op after op, with a barrier behind each
  TwoKernel, ///< a graph of tile tasks up to the hidden vectors, and one behind
  Fused      ///< one graph of tile tasks without a barrier
};

llvm::StringRef scheduleName(Schedule schedule);
/// None where no schedule has the name.
std::optional<Schedule> parseSchedule(llvm::StringRef name);

/// The values of an option that is a schedule.
inline llvm::cl::ValuesClass scheduleValues() {
  return llvm::cl::values(
      clEnumValN(Schedule::Auto, "auto",
                 "as a cost model says for the usual number of "
                 "tokens, fused where nobody says that"),
      clEnumValN(Schedule::Unfused, "unfused", "op after op"),
      clEnumValN(Schedule::TwoKernel, "two-kernel",
                 "as two graphs of tile tasks where that is possible"),
      clEnumValN(Schedule::Fused, "fused",
                 "as one graph of tile tasks where that is possible"));
}

/// Share of the roofline that each form reaches.
struct FormShares {
  double unfused, twoKernel, fused;
};

/// What the cost model knows of a machine; CpuTarget::rates() has the figures
/// of CPUs. These are of a Zen 4 core with AVX-512.
///
/// `oneThread` and `threads` (two of them) are what forms reach of the roofline
/// on olmoe-1b-7b in bf16 and qwen3-30b-a3b in f32 at 512 tokens under all
/// traces (`moe-bench --schedule=unfused,two-kernel,fused --threads=1,2`, whose
/// variants take turns).
struct MachineRates {
  /// Operations per second of one thread, multiply-adds as two, in f32;
  /// `pairFactor` as many on pairs of bf16 in vectors, and `tileFactor` in tile
  /// registers.
  double flops = 118e9;
  double pairFactor = 2;
  double tileFactor = 16;
  /// As many of f32 that tile registers multiply in parts of bf16, more than
  /// mostRowsBesideParts rows of an expert: what layers reached (OLMoE at 512
  /// tokens and more, a Xeon with AMX), where parts wait for caches.
  double partsFactor = 1.1;
  /// Bytes per second that one thread reads from memory, and that all do.
  double readBytes = 30e9;
  double allReadBytes = 55e9;
  /// Seconds until all threads have begun and left a parallel loop.
  double loopSeconds = 10e-6;
  /// Seconds to claim a task of a graph, find its point and wait for it.
  double taskSeconds = 0.15e-6;
  FormShares oneThread = {0.87, 0.84, 0.88};
  FormShares threads = {0.80, 0.82, 0.85};
};

/// Rings, and so memory, grow with the batch.
constexpr int64_t mostColdBatch = 64;

/// What is asked of the schedule of layers, from the pipeline down to the pass
/// that decides. As text: a form, then fields by name and value, such as `auto
/// tokens=512 threads=2 flops=1e11 read-bytes=5e10`.
struct ScheduleOptions {
  Schedule form = Schedule::Auto;
  /// Of a usual call; 0 where nobody knows.
  int64_t tokens = 0;
  int64_t threads = 1;
  /// Tiles of rows whose tasks come together in a call whose experts have few
  /// rows each, up to mostColdBatch; 1 for none.
  int64_t coldBatch = 1;
  MachineRates machine = {};
};

/// Reads that text; a field that it does not name keeps its default.
llvm::Expected<ScheduleOptions> parseScheduleOptions(llvm::StringRef text);

/// The sizes of a layer of one class of ffn.
struct LayerSize {
  int64_t tokens = 0; ///< of a usual call
  int64_t experts = 0;
  int64_t picks = 0; ///< entries of a token
  int64_t in = 0;
  int64_t width = 0;
  int64_t out = 0;
  bool gated = false;
  /// Hidden columns of all experts that are always on, taken to have the body
  /// of the others.
  int64_t alwaysWidth = 0;
  /// Bytes that a weight is stored in, its share of scales left out.
  double weightBytes = 4;
  /// Kernels multiply pairs of bf16, in vectors, and in tile registers.
  bool pairs = false, tiles = false;
  /// Tile registers multiply f32 in parts of bf16.
  bool parts = false;
  /// Columns of a panel of weights, to which those of a matrix are filled up.
  /// Graphs have gate and up apart; op after op they stay `joint` where the
  /// model has them so.
  int64_t panel = 64;
  bool joint = false;
  /// How graphs cut it: rows of an expert, columns of hidden vectors and of the
  /// result, and tokens of one task.
  int64_t taskRows = 120, taskHidden = 256, taskOut = 128, taskTokens = 64;
};

/// Seconds that a call is expected to take in each form.
struct FormCosts {
  double unfused = 0, twoKernel = 0, fused = 0;

  double of(Schedule schedule) const;
  /// The cheapest form; fused where none is cheaper by what the model may be
  /// wrong by.
  Schedule choose() const;
  /// "unfused 1.20 ms, two-kernel 1.30 ms, fused 1.25 ms".
  std::string text() const;
};

FormCosts estimate(const LayerSize &layer, const MachineRates &machine,
                   int64_t threads);

} // namespace moe

namespace llvm::cl {

/// Reads options of passes and pipelines that are of this type.
template <>
class parser<moe::ScheduleOptions> : public basic_parser<moe::ScheduleOptions> {
public:
  using basic_parser::basic_parser;
  bool parse(Option &option, StringRef name, StringRef text,
             moe::ScheduleOptions &value);
  /// The text of `value` in braces, as options of passes are written.
  static void print(raw_ostream &os, const moe::ScheduleOptions &value);
  StringRef getValueName() const override { return "form field=value ..."; }
  void printOptionDiff(const Option &option, const moe::ScheduleOptions &value,
                       const OptionValue<moe::ScheduleOptions> &initial,
                       size_t width) const;
  void anchor() override;
};

} // namespace llvm::cl

#endif // MOE_ANALYSIS_SCHEDULE_H
