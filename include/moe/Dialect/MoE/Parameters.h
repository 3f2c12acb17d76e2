// The parameter tensors that expert bodies and classes need: roles, order and
// shapes. Verifiers, lowerings and rewrites all read them from here.
#ifndef MOE_DIALECT_MOE_PARAMETERS_H
#define MOE_DIALECT_MOE_PARAMETERS_H

#include "moe/Dialect/MoE/MoE.h"

namespace moe {

/// What a parameter tensor is to its expert. `First` is the matrix of a body
/// with joint storage: gate and up rows of one tensor.
enum class ParameterRole {
  Gate,
  GateBias,
  Up,
  UpBias,
  First,
  FirstBias,
  Down,
  DownBias,
  Vector,
  Mix
};

/// The name of a role in messages, such as "gate bias".
llvm::StringRef stringifyParameterRole(ParameterRole role);

/// A parameter's role and shape, without the leading dimension that stacks the
/// experts of a class.
struct Parameter {
  ParameterRole role;
  llvm::SmallVector<int64_t, 2> shape;
};

/// The parameters of `body` in operand order, where rows are `in` wide, inner
/// vectors `width` and results `out`. A dynamic size gives dynamic shapes.
llvm::SmallVector<Parameter> getParameters(BodyAttr body, int64_t in,
                                           int64_t width, int64_t out);

/// The parameters of `entry` in operand order; empty for classes that have
/// none. Operands have `entry.getCount()` in front of each shape.
llvm::SmallVector<Parameter> getParameters(ClassAttr entry, int64_t in,
                                           int64_t out);

} // namespace moe

#endif // MOE_DIALECT_MOE_PARAMETERS_H
