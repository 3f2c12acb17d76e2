// Layers in words, for remarks and reports.
#ifndef MOE_ANALYSIS_DESCRIBE_H
#define MOE_ANALYSIS_DESCRIBE_H

#include "moe/Dialect/MoE/MoE.h"

#include <string>

namespace moe {

/// Which experts get a unit, and with what weight: "top-2 of 8, softmax before
/// top-k, renormalised".
std::string describe(RouteOp route);

/// "SwiGLU width 32".
std::string describe(BodyAttr body, int64_t width);

/// What experts compute, class by class: "SwiGLU width 32, 4 bits in groups of
/// 64, 1 shared SwiGLU width 64".
std::string describe(ExpertsOp experts);

} // namespace moe

#endif // MOE_ANALYSIS_DESCRIBE_H
