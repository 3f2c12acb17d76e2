// How a layer may be run, and what each way is expected to cost.
#ifndef MOE_ANALYSIS_SCHEDULE_H
#define MOE_ANALYSIS_SCHEDULE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Error.h"

#include <cstdint>
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

/// What is asked of the schedule of layers, from the command line down to the
/// pass that decides. As text: a form, then fields by name and value, such as
/// `auto tokens=512 threads=2 flops=1e11 read-bytes=5e10`.
struct ScheduleOptions {
  Schedule form = Schedule::Auto;
  /// Of a usual call; 0 where nobody knows.
  int64_t tokens = 0;
  int64_t threads = 1;
  /// Rates of the machine: operations per second of a thread in f32, and bytes
  /// per second that all threads read; 0 for those of the cost model.
  double flops = 0;
  double readBytes = 0;
};

/// Reads that text; a field that it does not name keeps its default.
llvm::Expected<ScheduleOptions> parseScheduleOptions(llvm::StringRef text);

/// Share of the roofline that each form reaches.
struct FormShares {
  double unfused, twoKernel, fused;
};

/// What the cost model knows of a machine. `flops` and `readBytes` are what
/// moe-bench measures of a Zen 4 core with AVX-512, `allReadBytes` what two of
/// them read.
///
/// The other figures are of `moe-bench --schedule=unfused,two-kernel,fused
/// --threads=1,2`, whose variants take turns, on olmoe-1b-7b in bf16 and
/// qwen3-30b-a3b in f32 at 512 tokens under all traces: `oneThread` and
/// `threads` (two of them) are what forms reach there. `loopSeconds` is what
/// unfused takes longer than fused for one token on two threads, by its
/// parallel loops. Fused was the fastest form, or within 4 % of it, in all
/// cells but one (8 %) from 1 to 2048 tokens.
struct MachineRates {
  /// Operations per second of one thread, multiply-adds as two, in f32; twice
  /// as many on pairs of bf16. `tileFactor` as many on tile registers: what
  /// Intel states of their throughput and that of f32, measured by nobody here.
  double flops = 118e9;
  double tileFactor = 16;
  /// Bytes per second that one thread reads from memory, and that all do.
  double readBytes = 30e9;
  double allReadBytes = 55e9;
  /// Seconds until all threads have begun and left a parallel loop.
  double loopSeconds = 10e-6;
  FormShares oneThread = {0.87, 0.84, 0.88};
  FormShares threads = {0.80, 0.82, 0.85};
};

/// The sizes of a layer of one class of ffn.
struct LayerSize {
  int64_t tokens = 0; ///< of a usual call
  int64_t experts = 0;
  int64_t picks = 0; ///< entries of a token
  int64_t in = 0;
  int64_t width = 0;
  int64_t out = 0;
  bool gated = false;
  /// Bytes that a weight is stored in, its share of scales left out.
  double weightBytes = 4;
  /// Kernels multiply pairs of bf16, in vectors, and in tile registers.
  bool pairs = false, tiles = false;
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
