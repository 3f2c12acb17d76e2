// Reads the header of safetensors files, which come from anywhere: every number
// in it is checked.
#include "SafeTensors.h"

#include "StableHLO/Carriers.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace moe::importer;
using llvm::createStringError;
using llvm::Expected;

static Type elementTypeOf(StringRef name, MLIRContext *context) {
  Builder b(context);
  auto unsignedType = [&](unsigned width) {
    return b.getIntegerType(width, /*isSigned=*/false);
  };
  return llvm::StringSwitch<Type>(name)
      .Case("BOOL", b.getI1Type())
      .Case("U8", unsignedType(8))
      .Case("U16", unsignedType(16))
      .Case("U32", unsignedType(32))
      .Case("U64", unsignedType(64))
      .Case("I8", b.getI8Type())
      .Case("I16", b.getI16Type())
      .Case("I32", b.getI32Type())
      .Case("I64", b.getI64Type())
      .Case("F16", b.getF16Type())
      .Case("BF16", b.getBF16Type())
      .Case("F32", b.getF32Type())
      .Case("F64", b.getF64Type())
      .Default(Type());
}

/// One entry of the header; `data` is where the tensors start.
static Expected<SafeTensor> readEntry(StringRef name,
                                      const llvm::json::Value &value,
                                      uint64_t data, uint64_t size,
                                      MLIRContext *context) {
  auto refuse = [&](const llvm::Twine &reason) {
    return createStringError("expects " + reason + " of tensor '" + name + "'");
  };
  const llvm::json::Object *object = value.getAsObject();
  if (!object)
    return refuse("a description");
  std::optional<StringRef> dtype = object->getString("dtype");
  Type element = dtype ? elementTypeOf(*dtype, context) : Type();
  if (!element)
    return refuse("an element type that this compiler knows, but got '" +
                  dtype.value_or("") + "',");
  const llvm::json::Array *sizes = object->getArray("shape");
  if (!sizes || sizes->size() > 64)
    return refuse("a shape");
  SmallVector<int64_t> shape;
  for (const llvm::json::Value &entry : *sizes) {
    std::optional<int64_t> dim = entry.getAsInteger();
    if (!dim || *dim < 0)
      return refuse("sizes that are not negative");
    shape.push_back(*dim);
  }
  const llvm::json::Array *offsets = object->getArray("data_offsets");
  std::optional<int64_t> begin, end;
  if (offsets && offsets->size() == 2) {
    begin = (*offsets)[0].getAsInteger();
    end = (*offsets)[1].getAsInteger();
  }
  if (!begin || !end || *begin < 0 || *begin > *end ||
      uint64_t(*end) > size - data)
    return refuse("offsets within the file");
  std::optional<int64_t> count = checkedElementCount(shape);
  int64_t width = std::max(element.getIntOrFloatBitWidth() / 8, 1u);
  if (!count || *count > INT64_MAX / width || *count * width != *end - *begin)
    return refuse("as many bytes as the elements have");
  return SafeTensor{name.str(), RankedTensorType::get(shape, element),
                    data + *begin};
}

/// True where brackets nest no deeper than in a header. LLVM's reader of JSON
/// calls itself for each bracket, whoever wrote it.
static bool isShallow(StringRef json) {
  constexpr int headerDepth = 3;
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < json.size(); ++i) {
    char c = json[i];
    if (quoted && c == '\\')
      ++i;
    else if (c == '"')
      quoted = !quoted;
    else if (!quoted && (c == '[' || c == '{') && ++depth > headerDepth)
      return false;
    else if (!quoted && (c == ']' || c == '}'))
      --depth;
  }
  return true;
}

Expected<std::vector<SafeTensor>>
moe::importer::readSafeTensors(StringRef bytes, MLIRContext *context) {
  constexpr uint64_t lengthBytes = 8;
  uint64_t length = 0;
  if (bytes.size() >= lengthBytes)
    length = llvm::support::endian::read64le(bytes.data());
  if (length < 2 || length > bytes.size() - lengthBytes)
    return createStringError("expects a header of safetensors, but the file is "
                             "too short or of another kind");
  StringRef json = bytes.substr(lengthBytes, length);
  if (!isShallow(json))
    return createStringError("expects a header that lists tensors, but its "
                             "brackets nest deeper than that");
  Expected<llvm::json::Value> header = llvm::json::parse(json);
  if (!header)
    return createStringError("expects a header in JSON, but got: " +
                             llvm::toString(header.takeError()));
  const llvm::json::Object *entries = header->getAsObject();
  if (!entries)
    return createStringError("expects a header that is an object");
  std::vector<SafeTensor> tensors;
  for (const auto &[key, value] : *entries) {
    if (StringRef(key) == "__metadata__")
      continue;
    Expected<SafeTensor> tensor =
        readEntry(key, value, lengthBytes + length, bytes.size(), context);
    if (!tensor)
      return tensor.takeError();
    tensors.push_back(std::move(*tensor));
  }
  llvm::sort(tensors, [](const SafeTensor &a, const SafeTensor &b) {
    return a.name < b.name;
  });
  return tensors;
}
