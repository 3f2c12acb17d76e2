// Parameter tensors of bodies and classes: roles, order and shapes.
#include "moe/Dialect/MoE/Parameters.h"
#include "moe/Dialect/MoE/Quant.h"

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
  case ParameterRole::Matrix:
    return "matrix";
  case ParameterRole::MatrixBias:
    return "bias";
  case ParameterRole::Projection:
    return "projection";
  case ParameterRole::Hidden:
    return "hidden";
  case ParameterRole::Output:
    return "output";
  }
  llvm_unreachable("every role has a name");
}

static StringRef stringifyPart(ParameterPart part) {
  switch (part) {
  case ParameterPart::Whole:
    return "";
  case ParameterPart::Left:
    return " left factor";
  case ParameterPart::Core:
    return " core";
  case ParameterPart::Right:
    return " right factor";
  case ParameterPart::Residual:
    return " residual";
  case ParameterPart::Scale:
    return " scale";
  case ParameterPart::Shift:
    return " shift";
  }
  llvm_unreachable("every part has a name");
}

std::string moe::stringifyParameter(const Parameter &parameter) {
  std::string name =
      (stringifyParameterRole(parameter.role) + stringifyPart(parameter.part))
          .str();
  if (parameter.number != 0)
    name += " #" + std::to_string(parameter.number);
  return name;
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

/// a + b, or dynamic where one of them is.
static int64_t addSizes(int64_t a, int64_t b) {
  return ShapedType::isDynamic(a) || ShapedType::isDynamic(b)
             ? ShapedType::kDynamic
             : a + b;
}

static SmallVector<Parameter> shareAll(SmallVector<Parameter> parameters) {
  for (Parameter &parameter : parameters)
    parameter.shared = true;
  return parameters;
}

/// The map W x (+ b) without a body: of linear, nested and factored classes.
static SmallVector<Parameter> getLinearParameters(ClassAttr entry, int64_t in,
                                                  int64_t out) {
  SmallVector<Parameter> parameters = {{ParameterRole::Matrix, {out, in}}};
  if (entry.getBias())
    parameters.push_back({ParameterRole::MatrixBias, {out}});
  return parameters;
}

static SmallVector<Parameter> getWholeParameters(ClassAttr entry, int64_t in,
                                                 int64_t out) {
  return entry.getBody()
             ? getParameters(entry.getBody(), in, entry.getWidth(), out)
             : getLinearParameters(entry, in, out);
}

/// a / b, or dynamic where a is.
static int64_t divideSize(int64_t a, int64_t b) {
  return ShapedType::isDynamic(a) ? a : a / b;
}

/// The tensors of an mpo: the shared one in the middle has what the sizes of
/// the others leave of `out` and `in`.
static SmallVector<Parameter> getOperatorFactors(ClassAttr entry,
                                                 ParameterRole role,
                                                 int64_t out, int64_t in) {
  using enum ParameterPart;
  ArrayRef<int64_t> rows = entry.getWidths();
  ArrayRef<int64_t> columns = entry.getOuterColumns();
  int64_t last = rows.size(), core = last / 2;
  SmallVector<Parameter> factors;
  for (int64_t at = 0; at <= last; ++at) {
    bool isCore = at == core;
    int64_t outer = at > core ? at - 1 : at;
    Parameter &factor = factors.emplace_back();
    factor.role = role;
    factor.part = isCore ? Core : at < core ? Left : Right;
    factor.shared = isCore;
    int64_t alike = at < core ? core : last - core;
    if (!isCore && alike > 1)
      factor.number = at < core ? at + 1 : at - core;
    if (at != 0)
      factor.shape.push_back(entry.getRank());
    factor.shape.push_back(isCore ? divideSize(out, entry.getRowDivisor())
                                  : rows[outer]);
    factor.shape.push_back(isCore ? divideSize(in, entry.getColumnDivisor())
                                  : columns[outer]);
    if (at != last)
      factor.shape.push_back(entry.getRank());
  }
  return factors;
}

/// The factors of an `out` x `in` matrix that are tensors.
static SmallVector<Parameter>
getTensorFactors(ClassAttr entry, ParameterRole role, int64_t out, int64_t in) {
  using enum ParameterPart;
  int64_t rank = entry.getRank();
  switch (entry.getFactors()) {
  case Factorisation::Phm:
    return {{role, {rank, rank, rank}, Left, /*shared=*/true},
            {role, {rank, divideSize(out, rank), divideSize(in, rank)}, Right}};
  case Factorisation::Mpo:
    return getOperatorFactors(entry, role, out, in);
  case Factorisation::TensorRing:
    return {{role, {rank, out, rank}, Left, /*shared=*/true},
            {role, {rank, rank}, Core},
            {role, {rank, in, rank}, Right, /*shared=*/true}};
  default:
    llvm_unreachable("the others are matrices");
  }
}

/// What the factors of `entry` split off a dimension of a matrix, of which the
/// outer tensors of an mpo have `sizes`.
static int64_t getDivisor(ClassAttr entry, ArrayRef<int64_t> sizes) {
  if (entry.getFactors() == Factorisation::Phm)
    return entry.getRank();
  if (entry.getFactors() == Factorisation::Mpo)
    return llvm::product_of(sizes);
  return 1;
}

int64_t ClassAttr::getRowDivisor() const {
  return getDivisor(*this, getWidths());
}

int64_t ClassAttr::getColumnDivisor() const {
  return getDivisor(*this, getOuterColumns());
}

bool ClassAttr::hasTensorFactors() const {
  return getFactors() == Factorisation::Phm ||
         getFactors() == Factorisation::Mpo ||
         getFactors() == Factorisation::TensorRing;
}

/// The factors of an `out` x `in` matrix.
static void appendFactors(SmallVectorImpl<Parameter> &parameters,
                          ClassAttr entry, ParameterRole role, int64_t out,
                          int64_t in) {
  Factorisation factors = entry.getFactors();
  int64_t rank = entry.getRank();
  if (entry.hasTensorFactors()) {
    llvm::append_range(parameters, getTensorFactors(entry, role, out, in));
    return;
  }
  if (factors == Factorisation::Residual) {
    parameters.push_back(
        {role, {out, in}, ParameterPart::Whole, /*shared=*/true});
    parameters.push_back({role, {out, in}, ParameterPart::Residual});
    return;
  }
  bool hasCore =
      factors == Factorisation::Cp || factors == Factorisation::Tucker;
  parameters.push_back({role,
                        {out, rank},
                        ParameterPart::Left,
                        hasCore || factors == Factorisation::SharedLeft});
  if (factors == Factorisation::Cp)
    parameters.push_back({role, {rank}, ParameterPart::Core});
  if (factors == Factorisation::Tucker)
    parameters.push_back({role, {rank, rank}, ParameterPart::Core});
  parameters.push_back({role,
                        {rank, in},
                        ParameterPart::Right,
                        hasCore || factors == Factorisation::SharedRight});
  if (factors == Factorisation::LowRankSparse)
    parameters.push_back({role, {out, in}, ParameterPart::Residual});
}

static SmallVector<Parameter> getFactoredParameters(ClassAttr entry, int64_t in,
                                                    int64_t out) {
  SmallVector<Parameter> parameters;
  for (const Parameter &whole : getWholeParameters(entry, in, out))
    if (whole.shape.size() == 2)
      appendFactors(parameters, entry, whole.role, whole.shape[0],
                    whole.shape[1]);
    else
      parameters.push_back(whole);
  return parameters;
}

static SmallVector<Parameter> getLoraParameters(ClassAttr entry, int64_t in,
                                                int64_t out) {
  int64_t width = entry.getWidth();
  SmallVector<Parameter> parameters =
      shareAll(getParameters(entry.getBody(), in, width, out));
  if (entry.getBase() == ClassBase::InRows) {
    // The products with these matrices stand behind the input in each row.
    llvm::erase_if(parameters, [](const Parameter &parameter) {
      return parameter.role != ParameterRole::Down &&
             parameter.role != ParameterRole::DownBias;
    });
    in = addSizes(in, entry.getBody().getGated() ? -2 * width : -width);
  }
  auto add = [&](ClassTargets target, ParameterRole role, int64_t rows,
                 int64_t columns) {
    if (!entry.hasTarget(target))
      return;
    parameters.push_back({role, {rows, entry.getRank()}, ParameterPart::Left});
    parameters.push_back(
        {role, {entry.getRank(), columns}, ParameterPart::Right});
  };
  add(ClassTargets::Gate, ParameterRole::Gate, width, in);
  add(ClassTargets::Up, ParameterRole::Up, width, in);
  add(ClassTargets::Down, ParameterRole::Down, out, width);
  return parameters;
}

static SmallVector<Parameter> getScaleParameters(ClassAttr entry, int64_t in,
                                                 int64_t out) {
  int64_t width = entry.getWidth();
  SmallVector<Parameter> parameters =
      shareAll(getParameters(entry.getBody(), in, width, out));
  auto add = [&](ClassTargets target, ParameterRole role, int64_t size) {
    if (entry.hasTarget(target))
      parameters.push_back({role, {size}, ParameterPart::Scale});
  };
  add(ClassTargets::Gate, ParameterRole::Gate, width);
  add(ClassTargets::Up, ParameterRole::Up, width);
  add(ClassTargets::Hidden, ParameterRole::Hidden, width);
  add(ClassTargets::Output, ParameterRole::Output, out);
  return parameters;
}

SmallVector<Parameter> moe::getParameters(ClassAttr entry, int64_t in,
                                          int64_t out) {
  int64_t width = entry.getWidth();
  switch (entry.getKind()) {
  case ClassKind::Ffn:
  case ClassKind::Linear:
    return getWholeParameters(entry, in, out);
  case ClassKind::Zero:
  case ClassKind::Copy:
  case ClassKind::External:
    return {};
  case ClassKind::Constant: {
    SmallVector<Parameter> parameters = {{ParameterRole::Vector, {out}}};
    if (entry.getMix() == ConstantMix::Softmax2)
      parameters.push_back({ParameterRole::Mix, {2, in}});
    return parameters;
  }
  case ClassKind::Neuron:
    return {{ParameterRole::Up, {in}}, {ParameterRole::Down, {out}}};
  case ClassKind::Value:
    if (width == 0)
      return {{ParameterRole::Vector, {out}}};
    return {{ParameterRole::Vector, {width}},
            {ParameterRole::Projection,
             {out, width},
             ParameterPart::Whole,
             /*shared=*/true}};
  case ClassKind::ScaleVec:
    return getScaleParameters(entry, in, out);
  case ClassKind::Film: {
    SmallVector<Parameter> parameters =
        shareAll(getParameters(entry.getBody(), in, width, out));
    parameters.push_back(
        {ParameterRole::Hidden, {width}, ParameterPart::Scale});
    parameters.push_back(
        {ParameterRole::Hidden, {width}, ParameterPart::Shift});
    return parameters;
  }
  case ClassKind::Lora:
    return getLoraParameters(entry, in, out);
  case ClassKind::Nested:
    return shareAll(getWholeParameters(entry, in, out));
  case ClassKind::Factored:
    return getFactoredParameters(entry, in, out);
  }
  llvm_unreachable("every kind has parameters");
}

unsigned BodyAttr::getNumParameters() const {
  return getParameters(*this, 1, 1, 1).size();
}

unsigned ClassAttr::getNumParameters() const {
  return getParameters(*this, 1, 1).size();
}

unsigned ClassAttr::getNumOperands() const {
  unsigned operands = getNumParameters();
  for (QuantAttr quant : getQuant())
    operands += getStorageParts(quant, 1, 1).size() - 1;
  return operands;
}

SmallVector<QuantAttr> moe::getStorage(ClassAttr entry) {
  SmallVector<QuantAttr> storage;
  ArrayRef<QuantAttr> formats = entry.getQuant();
  for (const Parameter &parameter : getParameters(entry, 1, 1)) {
    QuantAttr &quant = storage.emplace_back();
    if (!isMatrix(parameter) || formats.empty())
      continue;
    if (!formats.front().isFloat())
      quant = formats.front();
    formats = formats.drop_front();
  }
  return storage;
}

SmallVector<ParameterOperands> moe::groupOperands(ClassAttr entry, int64_t in,
                                                  int64_t out,
                                                  ValueRange operands) {
  SmallVector<ParameterOperands> result;
  for (auto [parameter, quant] :
       llvm::zip_equal(getParameters(entry, in, out), getStorage(entry))) {
    size_t count = quant ? getStorageParts(quant, 1, 1).size() : 1;
    result.push_back({parameter, quant, operands.take_front(count)});
    operands = operands.drop_front(count);
  }
  return result;
}
