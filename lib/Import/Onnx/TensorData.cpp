// Reads tensors that a model file holds itself, in any of ONNX's encodings.
#include "TensorData.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/MLIRContext.h"
#include "moe/Dialect/Support/MoESupport.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>

using namespace mlir;
using namespace moe::importer;

namespace {
/// What is to be known of one element type: its code, name and builtin type,
/// and which repeated field holds elements that are not raw bytes.
enum class Field { Float, Int32, Int64, Double, Uint64, None };
struct ElementTypeInfo {
  int32_t code;
  const char *name;
  Type (*build)(MLIRContext *);
  Field field;
};
} // namespace

template <unsigned Width, IntegerType::SignednessSemantics Sign =
                              IntegerType::SignednessSemantics::Signless>
static Type integerType(MLIRContext *context) {
  return IntegerType::get(context, Width, Sign);
}
template <unsigned Width>
static Type unsignedType(MLIRContext *context) {
  return IntegerType::get(context, Width, IntegerType::Unsigned);
}
template <typename T>
static Type floatType(MLIRContext *context) {
  return T::get(context);
}

static const ElementTypeInfo kElementTypes[] = {
    {1, "float", floatType<Float32Type>, Field::Float},
    {2, "uint8", unsignedType<8>, Field::Int32},
    {3, "int8", integerType<8>, Field::Int32},
    {4, "uint16", unsignedType<16>, Field::Int32},
    {5, "int16", integerType<16>, Field::Int32},
    {6, "int32", integerType<32>, Field::Int32},
    {7, "int64", integerType<64>, Field::Int64},
    {8, "string", nullptr, Field::None},
    {9, "bool", integerType<1>, Field::Int32},
    {10, "float16", floatType<Float16Type>, Field::Int32},
    {11, "double", floatType<Float64Type>, Field::Double},
    {12, "uint32", unsignedType<32>, Field::Uint64},
    {13, "uint64", unsignedType<64>, Field::Uint64},
    {14, "complex64", nullptr, Field::None},
    {15, "complex128", nullptr, Field::None},
    {16, "bfloat16", floatType<BFloat16Type>, Field::Int32},
    {17, "float8e4m3fn", nullptr, Field::None},
    {18, "float8e4m3fnuz", nullptr, Field::None},
    {19, "float8e5m2", nullptr, Field::None},
    {20, "float8e5m2fnuz", nullptr, Field::None},
    {21, "uint4", unsignedType<4>, Field::Int32},
    {22, "int4", integerType<4>, Field::Int32},
    {23, "float4e2m1", nullptr, Field::None},
    {24, "float8e8m0", nullptr, Field::None},
    {25, "uint2", nullptr, Field::None},
    {26, "int2", nullptr, Field::None},
};

static const ElementTypeInfo *findElementType(int32_t code) {
  for (const ElementTypeInfo &info : kElementTypes)
    if (info.code == code)
      return &info;
  return nullptr;
}

Type moe::importer::elementTypeFromOnnx(int32_t dataType,
                                        MLIRContext *context) {
  const ElementTypeInfo *info = findElementType(dataType);
  return info && info->build ? info->build(context) : Type();
}

std::string moe::importer::elementTypeName(int32_t dataType) {
  const ElementTypeInfo *info = findElementType(dataType);
  return info ? info->name : "code " + std::to_string(dataType);
}

FailureOr<RankedTensorType>
TensorReader::checkType(const ::onnx::TensorProto &tensor,
                        EmitError emitError) {
  Type elementType =
      elementTypeFromOnnx(tensor.data_type(), model.getContext());
  if (!elementType) {
    emitError() << "expects a supported element type in tensor '"
                << tensor.name() << "', but got "
                << elementTypeName(tensor.data_type());
    return failure();
  }
  // Eight bytes per element must still be countable.
  int64_t elements = 8;
  for (int64_t size : tensor.dims()) {
    if (size < 0 || llvm::MulOverflow(elements, size, elements)) {
      emitError() << "expects sizes of tensor '" << tensor.name()
                  << "' that are not negative and can be counted, but got "
                  << size;
      return failure();
    }
    // Other sizes are still checked when one of them is 0.
    elements = std::max<int64_t>(elements, 1);
  }
  if (tensor.dims_size() > 64) {
    emitError() << "requires the rank of tensor '" << tensor.name() << "' ("
                << tensor.dims_size() << ") to be at most 64";
    return failure();
  }
  SmallVector<int64_t> shape(tensor.dims().begin(), tensor.dims().end());
  return RankedTensorType::get(shape, elementType);
}

FailureOr<ElementsAttr> TensorReader::read(const ::onnx::TensorProto &tensor,
                                           EmitError emitError) {
  FailureOr<RankedTensorType> type = checkType(tensor, emitError);
  if (failed(type))
    return failure();
  if (tensor.has_segment()) {
    emitError() << "expects whole tensors, but tensor '" << tensor.name()
                << "' is a segment";
    return failure();
  }
  if (tensor.data_location() == ::onnx::TensorProto::EXTERNAL)
    return readExternal(tensor, *type, emitError);
  return readInline(tensor, *type, emitError);
}

/// Elements of `width` bytes from a repeated field, truncated to the width.
template <typename Container>
static void appendElements(const Container &values, size_t width,
                           std::vector<char> &bytes) {
  for (auto value : values) {
    char buffer[sizeof(value)];
    std::memcpy(buffer, &value, sizeof(value));
    bytes.insert(bytes.end(), buffer, buffer + width);
  }
}

ElementsAttr moe::importer::decodeElements(RankedTensorType type,
                                           ArrayRef<char> bytes) {
  unsigned bits = type.getElementTypeBitWidth();
  if (bits == 1) {
    SmallVector<bool> values(bytes.begin(), bytes.end());
    return DenseElementsAttr::get(type, values);
  }
  std::vector<char> unpacked;
  if (bits == 4) {
    // The first of two elements is in the low half.
    for (int64_t i = 0, count = type.getNumElements(); i < count; ++i)
      unpacked.push_back((bytes[i / 2] >> (i % 2 * 4)) & 0xf);
    bytes = unpacked;
  }
  return DenseElementsAttr::getFromRawBuffer(type, bytes);
}

FailureOr<ElementsAttr>
TensorReader::readInline(const ::onnx::TensorProto &tensor,
                         RankedTensorType type, EmitError emitError) {
  static_assert(llvm::endianness::native == llvm::endianness::little,
                "raw data is little endian");
  uint64_t bits = type.getElementTypeBitWidth();
  uint64_t elements = type.getNumElements();
  size_t width = bits < 8 ? 1 : bits / 8;
  bool packed = bits == 4;
  uint64_t expected = packed ? llvm::divideCeil(elements, 2) : elements * width;

  std::vector<char> fieldBytes;
  ArrayRef<char> bytes;
  if (tensor.has_raw_data()) {
    bytes = ArrayRef<char>(tensor.raw_data().data(), tensor.raw_data().size());
  } else {
    switch (findElementType(tensor.data_type())->field) {
    case Field::Float:
      appendElements(tensor.float_data(), width, fieldBytes);
      break;
    case Field::Int32:
      appendElements(tensor.int32_data(), width, fieldBytes);
      break;
    case Field::Int64:
      appendElements(tensor.int64_data(), width, fieldBytes);
      break;
    case Field::Double:
      appendElements(tensor.double_data(), width, fieldBytes);
      break;
    case Field::Uint64:
      appendElements(tensor.uint64_data(), width, fieldBytes);
      break;
    case Field::None:
      break;
    }
    bytes = fieldBytes;
  }
  if (bytes.size() != expected) {
    emitError() << "requires the data of tensor '" << tensor.name() << "' ("
                << bytes.size() << " bytes) to be as long as that of its type, "
                << type << " (" << expected << " bytes)";
    return failure();
  }
  if (elements == 0)
    return ElementsAttr(DenseElementsAttr::get(type, ArrayRef<Attribute>()));

  // The file is a weight file like others; what shape arithmetic may look into
  // is small.
  if (bytes.size() > kMaxDenseBytes)
    if (std::optional<uint64_t> offset = model.rawDataOffset(tensor))
      return ElementsAttr(support::ExternalAttr::get(type.getContext(), type,
                                                     model.path(), *offset));

  return decodeElements(type, bytes);
}
