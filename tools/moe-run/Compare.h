// The project's one definition of error between an output and its reference.
#ifndef MOE_TOOLS_MOE_RUN_COMPARE_H
#define MOE_TOOLS_MOE_RUN_COMPARE_H

#include "Npy.h"

#include <optional>

namespace moe::run {

struct Comparison {
  bool ok = false;
  double error = 0;    ///< max|y - r| / max|r| over the finite elements
  double bound = 0;    ///< 0 for integers and booleans
  std::string problem; ///< what is wrong and where; empty where ok
};

/// Whether a reference of type `reference` can be compared with an output of
/// type `output`: equal types, or floating point both.
bool comparable(moe_dtype_t output, moe_dtype_t reference);

/// Compares an output with its reference, which must be comparable. NaN must
/// meet NaN and an infinity the same infinity; they do not count in the maxima.
/// Where max|r| is 0 the error is 0 or infinite. The bound is `tolerance`, or
/// 1e-4 for f32 and f64 and 2e-2 for f16 and bf16; integers and booleans must
/// be equal.
Comparison compare(const moe_tensor_t &output, const Array &reference,
                   std::optional<double> tolerance);

} // namespace moe::run

#endif // MOE_TOOLS_MOE_RUN_COMPARE_H
