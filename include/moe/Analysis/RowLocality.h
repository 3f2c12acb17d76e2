// Whether a function makes each row of its result from one row of its argument.
#ifndef MOE_ANALYSIS_ROWLOCALITY_H
#define MOE_ANALYSIS_ROWLOCALITY_H

#include "mlir/Interfaces/FunctionInterfaces.h"

#include <string>

namespace moe {

/// Why row u of the result of `function`, a function with a body from one
/// tensor to another, may depend on more than row u of its argument: on other
/// rows, on their number or on u. Empty where it is shown not to. Rows are the
/// first dimension. Ops on tensors of `linalg`, `tensor` and `arith` are
/// understood; what is not counts as a dependence.
std::string whyNotRowLocal(mlir::FunctionOpInterface function);

} // namespace moe

#endif // MOE_ANALYSIS_ROWLOCALITY_H
