// The parameter tensors that expert bodies and classes need: roles, order and
// shapes. Verifiers, lowerings and rewrites all read them from here.
#ifndef MOE_DIALECT_MOE_PARAMETERS_H
#define MOE_DIALECT_MOE_PARAMETERS_H

#include "moe/Dialect/MoE/MoE.h"

#include <string>

namespace moe {

/// The matrix, bias or vector of an expert that a parameter is or is a part of.
/// `First` is the matrix of a body with joint storage: gate and up rows of one
/// tensor.
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
  Mix,
  Matrix,
  MatrixBias,
  Projection,
  Hidden,
  Output
};

/// What a parameter is of its role: all of it, a factor of the matrix or of
/// what is added to it, what is added to these, or what scales and shifts the
/// vector.
enum class ParameterPart { Whole, Left, Core, Right, Residual, Scale, Shift };

/// The name of a role in messages, such as "gate bias".
llvm::StringRef stringifyParameterRole(ParameterRole role);

/// A parameter's role and shape, without the leading dimension that stacks the
/// experts of a class. All experts of the class have a `shared` one in common.
struct Parameter {
  ParameterRole role;
  llvm::SmallVector<int64_t, 2> shape;
  ParameterPart part = ParameterPart::Whole;
  bool shared = false;
  /// Which of several such factors it is, from 1 on; 0 where there is one.
  int64_t number = 0;
};

/// The name of a parameter in messages, such as "gate left factor".
std::string stringifyParameter(const Parameter &parameter);

/// The parameters of `body` in operand order, where rows are `in` wide, inner
/// vectors `width` and results `out`. A dynamic size gives dynamic shapes.
llvm::SmallVector<Parameter> getParameters(BodyAttr body, int64_t in,
                                           int64_t width, int64_t out);

/// The parameters of `entry` in operand order; empty for classes that have
/// none. Operands have `entry.getCount()` in front of each shape that is not
/// shared.
llvm::SmallVector<Parameter> getParameters(ClassAttr entry, int64_t in,
                                           int64_t out);

/// True for what `#moe.quant` can store.
inline bool isMatrix(const Parameter &parameter) {
  return parameter.shape.size() == 2;
}

/// The storage of each parameter of `entry`, null for what is no matrix or
/// stays float.
llvm::SmallVector<QuantAttr> getStorage(ClassAttr entry);

/// A parameter and its operands: itself, or what stores it by `quant`, which is
/// null for the former.
struct ParameterOperands {
  Parameter parameter;
  QuantAttr quant;
  mlir::ValueRange operands;
};

/// The operands of each parameter of `entry`, of which `operands` has
/// `entry.getNumOperands()`.
llvm::SmallVector<ParameterOperands> groupOperands(ClassAttr entry, int64_t in,
                                                   int64_t out,
                                                   mlir::ValueRange operands);

} // namespace moe

#endif // MOE_DIALECT_MOE_PARAMETERS_H
