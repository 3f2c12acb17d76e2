// Parameter tensors of bodies and classes: roles, order and shapes.
#include "moe/Dialect/MoE/Parameters.h"

using namespace mlir;
using namespace moe;

StringRef moe::stringifyParameterRole(ParameterRole role) {
  switch (role) {
  case ParameterRole::Gate:
    return "gate";
  case ParameterRole::GateBias:
    return "gate bias";
  case ParameterRole::Up:
    return "up";
  case ParameterRole::UpBias:
    return "up bias";
  case ParameterRole::First:
    return "first";
  case ParameterRole::FirstBias:
    return "first bias";
  case ParameterRole::Down:
    return "down";
  case ParameterRole::DownBias:
    return "down bias";
  case ParameterRole::Vector:
    return "vector";
  case ParameterRole::Mix:
    return "mix";
  }
  llvm_unreachable("every role has a name");
}

SmallVector<Parameter> moe::getParameters(BodyAttr body, int64_t in,
                                          int64_t width, int64_t out) {
  SmallVector<Parameter> parameters;
  if (body.hasJointStorage()) {
    int64_t rows = ShapedType::isDynamic(width) ? width : 2 * width;
    parameters.push_back({ParameterRole::First, {rows, in}});
    if (body.getUpBias())
      parameters.push_back({ParameterRole::FirstBias, {rows}});
  } else {
    if (body.getGated())
      parameters.push_back({ParameterRole::Gate, {width, in}});
    if (body.getGateBias())
      parameters.push_back({ParameterRole::GateBias, {width}});
    parameters.push_back({ParameterRole::Up, {width, in}});
    if (body.getUpBias())
      parameters.push_back({ParameterRole::UpBias, {width}});
  }
  parameters.push_back({ParameterRole::Down, {out, width}});
  if (body.getDownBias())
    parameters.push_back({ParameterRole::DownBias, {out}});
  return parameters;
}

SmallVector<Parameter> moe::getParameters(ClassAttr entry, int64_t in,
                                          int64_t out) {
  switch (entry.getKind()) {
  case ClassKind::Ffn:
    return getParameters(entry.getBody(), in, entry.getWidth(), out);
  case ClassKind::Zero:
  case ClassKind::Copy:
    return {};
  case ClassKind::Constant: {
    SmallVector<Parameter> parameters = {{ParameterRole::Vector, {out}}};
    if (entry.getMix() == ConstantMix::Softmax2)
      parameters.push_back({ParameterRole::Mix, {2, in}});
    return parameters;
  }
  }
  llvm_unreachable("every kind has parameters");
}

unsigned BodyAttr::getNumParameters() const {
  return getParameters(*this, 1, 1, 1).size();
}

unsigned ClassAttr::getNumParameters() const {
  return getParameters(*this, 1, 1).size();
}
