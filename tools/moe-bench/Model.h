// Times whole models.
#ifndef MOE_TOOLS_MOE_BENCH_MODEL_H
#define MOE_TOOLS_MOE_BENCH_MODEL_H

#include "Library.h"
#include "Timeline.h"

#include <optional>
#include <vector>

namespace moe::bench {

/// A dynamic size of a model, and what it is to be in turn, or the numbers and
/// other sizes that it is the sum of.
struct SizeChoice {
  std::string name;
  std::vector<int64_t> values;
  std::vector<std::string> terms;
};

/// Reads "name=1,32,512" or "name=other+another+1".
llvm::Expected<SizeChoice> parseSizeChoice(llvm::StringRef text);

/// What is timed, and how.
struct ModelTask {
  std::string path; ///< a compiled library or a model
  std::string cpu;
  std::vector<Schedule> schedules; ///< of a model; empty for auto
  std::vector<unsigned> threads;
  std::vector<SizeChoice> sizes;
  std::vector<int64_t> tokens; ///< empty where nobody says
  std::optional<int64_t> vocabulary;
  double seconds;
  unsigned seed;
  std::string timeline; ///< file; empty for none
  bool copyWeights;
  bool json;
};

/// Times the model and prints what that gives.
llvm::Error timeModel(const ModelTask &task, const Progress &progress);

} // namespace moe::bench

#endif // MOE_TOOLS_MOE_BENCH_MODEL_H
