// The numbers of a layer: made from a counter, and read back.
#ifndef MOE_TOOLS_MOE_BENCH_VALUES_H
#define MOE_TOOLS_MOE_BENCH_VALUES_H

#include "Layers.h"

#include "llvm/Support/Error.h"

namespace moe::bench {

/// Writes random parameters of a layer to `path`.
llvm::Error writeParameters(const Layer &layer, Precision precision,
                            llvm::StringRef path);

/// The values of `parameter` from element `first` on, of the file at `file`.
void readParameter(const Parameter &parameter, const char *file, int64_t first,
                   llvm::MutableArrayRef<float> values);

/// To the nearest, ties to even; finite values only.
uint16_t toBF16(float value);
float fromBF16(uint16_t bits);

} // namespace moe::bench

#endif // MOE_TOOLS_MOE_BENCH_VALUES_H
