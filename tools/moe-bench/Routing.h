// Router logits with the load patterns that engines meet.
#ifndef MOE_TOOLS_MOE_BENCH_ROUTING_H
#define MOE_TOOLS_MOE_BENCH_ROUTING_H

#include "Layers.h"

#include <optional>
#include <vector>

namespace moe::bench {

/// How tokens spread over experts.
enum class Trace {
  Uniform, ///< every expert equally likely
  Zipf,    ///< the i-th most popular expert is chosen in proportion to 1 / i
  Hot,     ///< every token chooses one expert, and others uniformly
  Sticky   ///< a token's logits are correlated (0.9) with its predecessor's
};

std::optional<Trace> parseTrace(llvm::StringRef name);
llvm::StringRef traceName(Trace trace);

/// Logits [tokens, experts] of `layer` that follow `trace`; the same for the
/// same seed.
std::vector<float> makeLogits(const Layer &layer, int64_t tokens, Trace trace,
                              uint64_t seed);

/// The K experts of each token, largest logit first, ties to the lower id: all
/// routers that moe-bench knows are monotone in the logits.
std::vector<int32_t> selectExperts(const Layer &layer,
                                   llvm::ArrayRef<float> logits);

/// The number of experts that get a row.
int64_t countActive(const Layer &layer, llvm::ArrayRef<int32_t> selected);

/// The output of one token in f64, from its input, its logits and the file with
/// the layer's parameters.
std::vector<double> referenceToken(const Layer &layer, Precision precision,
                                   const char *file, llvm::ArrayRef<float> x,
                                   llvm::ArrayRef<float> logits);

} // namespace moe::bench

#endif // MOE_TOOLS_MOE_BENCH_ROUTING_H
