// The arguments of a kernel on ptx-emu's command line.
#ifndef MOE_TOOLS_PTX_EMU_ARGUMENTS_H
#define MOE_TOOLS_PTX_EMU_ARGUMENTS_H

#include "../moe-run/Npy.h"

#include <optional>

namespace moe::ptxemu {

/// One argument of the kernel as the user gave it.
struct Argument {
  bool isBuffer = false;
  std::optional<run::Array> input; ///< of in and inout
  moe_dtype_t dtype = 0;           ///< of buffers
  std::vector<int64_t> dims;
  std::string output; ///< where a buffer is written, empty: nowhere
  uint64_t bits = 0;  ///< of numbers
  uint32_t bytes = 8;
  std::vector<char> structure; ///< of structures

  size_t bufferBytes() const {
    size_t bytes = moeRuntimeDtypeSize(dtype);
    for (int64_t dim : dims)
      bytes *= static_cast<size_t>(dim);
    return bytes;
  }
};

/// Throws moe::run::InputError.
Argument parseArgument(const std::string &text);

} // namespace moe::ptxemu

#endif // MOE_TOOLS_PTX_EMU_ARGUMENTS_H
