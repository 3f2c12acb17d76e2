// numpy's .npy files, as tensors of the runtime's element types.
#ifndef MOE_TOOLS_MOE_RUN_NPY_H
#define MOE_TOOLS_MOE_RUN_NPY_H

#include "moe-rt/runtime.h"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace moe::run {

/// A problem with what the user gave: a file, an option, a value.
class InputError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// A dense row-major tensor that owns its elements.
struct Array {
  moe_dtype_t dtype = MOE_DTYPE_F32;
  std::vector<int64_t> dims;
  size_t bytes = 0;
  std::unique_ptr<char, decltype(&std::free)> data{nullptr, &std::free};

  size_t count() const { return bytes / moeRuntimeDtypeSize(dtype); }
  moe_tensor_type_t type() const {
    return {dtype, static_cast<uint32_t>(dims.size()), dims.data()};
  }
};

/// "f32[2, 3]".
std::string typeText(const moe_tensor_type_t &type);

/// Reads a file of format version 1, 2 or 3, row-major or column-major, little
/// endian. Two-byte void elements ("V2", what numpy writes for the bfloat16 of
/// ml_dtypes) are bf16. Throws InputError for anything else.
Array readNpy(const std::string &path);

/// Writes format version 1 so that no partial file is ever seen: to a new file
/// in the same folder, renamed when complete. A device or a pipe is written
/// directly. Throws InputError.
void writeNpy(const std::string &path, const moe_tensor_t &tensor);

} // namespace moe::run

#endif // MOE_TOOLS_MOE_RUN_NPY_H
