// Loads a model, makes its inputs and runs it.
#include "LoadedModel.h"
#include "Values.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"

#include <cstring>
#include <random>
#include <utility>

using namespace moe::bench;

llvm::Expected<std::unique_ptr<LoadedModel>>
LoadedModel::create(const std::string &path, uint32_t threads,
                    const LoadOptions &options) {
  std::unique_ptr<LoadedModel> loaded(new LoadedModel());
  if (llvm::Error error = loaded->library.load(path, threads, options))
    return error;
  return loaded;
}

LoadedModel::~LoadedModel() { moeRuntimeCallRelease(call); }

/// Of the first entry, which is the one that is run.
const moe_entry_v1 &LoadedModel::description() const {
  return moeRuntimeModuleDescription(library.module)->entries[0];
}

std::vector<std::string> LoadedModel::sizeNames() const {
  const moe_entry_v1 &entry = description();
  return {entry.symbols, entry.symbols + entry.symbol_count};
}

std::optional<size_t> LoadedModel::tokenSize(llvm::ArrayRef<bool> taken) const {
  const moe_entry_v1 &entry = description();
  if (entry.input_count == 0)
    return std::nullopt;
  const moe_argument_v1 &first = entry.inputs[0];
  for (uint32_t d = first.rank; d-- > 0;)
    for (uint32_t s = entry.symbol_count; s-- > 0;)
      if (first.dims[d].coefficients && first.dims[d].coefficients[s] != 0 &&
          !taken[s])
        return s;
  return std::nullopt;
}

/// The size that `dim` has where the dynamic ones are `sizes`.
static int64_t evaluate(const moe_dim_v1 &dim, const Sizes &sizes) {
  int64_t size = dim.constant;
  if (dim.coefficients)
    for (size_t s = 0; s < sizes.size(); ++s)
      size += dim.coefficients[s] * sizes[s];
  return size;
}

int64_t LoadedModel::tokens(const Sizes &sizes) const {
  const moe_entry_v1 &entry = description();
  int64_t count = 1;
  if (entry.input_count == 0)
    return count;
  const moe_argument_v1 &first = entry.inputs[0];
  for (uint32_t d = 0; d < first.rank; ++d)
    if (first.dims[d].coefficients)
      count *= evaluate(first.dims[d], sizes);
  return count;
}

static bool isFloat(moe_dtype_v1 dtype) {
  return dtype == MOE_DTYPE_F16 || dtype == MOE_DTYPE_BF16 ||
         dtype == MOE_DTYPE_F32 || dtype == MOE_DTYPE_F64;
}

std::optional<int64_t> LoadedModel::vocabulary() const {
  const moe_entry_v1 &entry = description();
  for (const moe_argument_v1 &output :
       llvm::ArrayRef(entry.outputs, entry.output_count)) {
    if (!isFloat(output.dtype) || output.rank == 0)
      continue;
    const moe_dim_v1 &last = output.dims[output.rank - 1];
    if (last.coefficients || last.constant < 2)
      return std::nullopt;
    return last.constant;
  }
  return std::nullopt;
}

uint64_t LoadedModel::weightBytes() const {
  return moeRuntimeModuleDescription(library.module)->weights_size;
}

namespace {

/// Writes numbers of one element type.
class Writer {
public:
  Writer(moe_dtype_v1 dtype, std::vector<char> &bytes)
      : dtype(dtype), size(moeRuntimeDtypeSize(dtype)), bytes(bytes) {}

  void write(int64_t i, int64_t value) const { put(i, &value); }
  void write(int64_t i, double value) const {
    auto narrow = static_cast<float>(value);
    switch (dtype) {
    case MOE_DTYPE_F64:
      return put(i, &value);
    case MOE_DTYPE_F32:
      return put(i, &narrow);
    case MOE_DTYPE_BF16: {
      uint16_t bits = toBF16(narrow);
      return put(i, &bits);
    }
    default: {
      llvm::APFloat half(narrow);
      bool losesInfo = false;
      half.convert(llvm::APFloat::IEEEhalf(),
                   llvm::APFloat::rmNearestTiesToEven, &losesInfo);
      uint64_t bits = half.bitcastToAPInt().getZExtValue();
      return put(i, &bits);
    }
    }
  }

private:
  /// The low bytes, which come first.
  void put(int64_t i, const void *value) const {
    std::memcpy(bytes.data() + i * size, value, size);
  }

  moe_dtype_v1 dtype;
  size_t size;
  std::vector<char> &bytes;
};

} // namespace

/// The number of elements of a tensor of `dims`.
static int64_t elementsOf(llvm::ArrayRef<int64_t> dims) {
  int64_t count = 1;
  for (int64_t dim : dims)
    count *= dim;
  return count;
}

/// Numbers for an input by its type and name, as the help of moe-bench says.
static std::vector<char> makeInput(const moe_argument_v1 &input,
                                   llvm::ArrayRef<int64_t> dims,
                                   int64_t vocabulary,
                                   std::mt19937_64 &engine) {
  int64_t count = elementsOf(dims);
  std::vector<char> bytes(count * moeRuntimeDtypeSize(input.dtype));
  Writer writer(input.dtype, bytes);
  llvm::StringRef name(input.name);
  if (isFloat(input.dtype)) {
    std::normal_distribution<double> normal;
    for (int64_t i = 0; i < count; ++i)
      writer.write(i, normal(engine));
    return bytes;
  }
  bool isBoolean = input.dtype == MOE_DTYPE_BOOL;
  std::uniform_int_distribution<int64_t> ids(0, vocabulary - 1);
  for (int64_t i = 0; i < count; ++i) {
    if (isBoolean || name.contains_insensitive("mask"))
      writer.write(i, int64_t(1));
    else if (name.contains_insensitive("position"))
      writer.write(i, dims.empty() ? int64_t(0) : i % dims.back());
    else
      writer.write(i, ids(engine));
  }
  return bytes;
}

llvm::Error LoadedModel::reshape(const Sizes &sizes, unsigned seed,
                                 int64_t vocabulary) {
  moeRuntimeCallRelease(std::exchange(call, nullptr));
  if (llvm::Error error = toError(moeRuntimeCallCreate(library.entry, &call)))
    return error;
  const moe_entry_v1 &entry = description();
  std::mt19937_64 engine(seed);
  inputs.clear();
  std::vector<std::vector<int64_t>> dims(entry.input_count);
  std::vector<moe_tensor_type_t> types;
  for (uint32_t i = 0; i < entry.input_count; ++i) {
    const moe_argument_v1 &input = entry.inputs[i];
    for (uint32_t d = 0; d < input.rank; ++d)
      dims[i].push_back(evaluate(input.dims[d], sizes));
    inputs.push_back(makeInput(input, dims[i], vocabulary, engine));
    types.push_back({input.dtype, input.rank, dims[i].data()});
  }
  if (llvm::Error error =
          toError(moeRuntimeCallReshape(call, types.data(), entry.input_count)))
    return error;
  for (auto [i, bytes] : llvm::enumerate(inputs))
    if (llvm::Error error = toError(
            moeRuntimeCallBindInput(call, i, bytes.data(), bytes.size())))
      return error;
  outputs.assign(entry.output_count, {});
  for (auto [i, bytes] : llvm::enumerate(outputs)) {
    moe_tensor_type_t type = {};
    if (llvm::Error error = toError(moeRuntimeCallOutputType(call, i, &type)))
      return error;
    llvm::ArrayRef<int64_t> outputDims(type.dims, type.rank);
    if (llvm::is_contained(outputDims, MOE_DIM_DYNAMIC))
      continue;
    bytes.resize(elementsOf(outputDims) * moeRuntimeDtypeSize(type.dtype));
    if (bytes.empty())
      continue;
    if (llvm::Error error = toError(
            moeRuntimeCallBindOutput(call, i, bytes.data(), bytes.size())))
      return error;
  }
  return llvm::Error::success();
}
