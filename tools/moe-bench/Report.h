// What moe-bench prints.
#ifndef MOE_TOOLS_MOE_BENCH_REPORT_H
#define MOE_TOOLS_MOE_BENCH_REPORT_H

#include "Cell.h"

namespace moe::bench {

struct Report {
  const LayerFiles &files;
  llvm::ArrayRef<Library> libraries;
  llvm::ArrayRef<Variant> variants;
  llvm::ArrayRef<Cell> cells;
  bool copiedWeights;
};

/// To the standard output.
void printText(const Report &report);
void printJson(const Report &report);
void printLayersText();
void printLayersJson();
void printMachineText(const MachinePeaks &peaks);
void printMachineJson(const MachinePeaks &peaks);

} // namespace moe::bench

#endif // MOE_TOOLS_MOE_BENCH_REPORT_H
