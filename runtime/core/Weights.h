// A model's weights, mapped from the file beside it.
#ifndef MOE_RUNTIME_CORE_WEIGHTS_H
#define MOE_RUNTIME_CORE_WEIGHTS_H

#include "moe-rt/abi.h"

#include <cstddef>
#include <string>

namespace moe::rt {

/// A read-only mapping of a whole file.
class MappedFile {
public:
  MappedFile() = default;
  /// Throws Error where the file cannot be mapped; names it in the message.
  explicit MappedFile(const std::string &path);
  MappedFile(MappedFile &&other) noexcept;
  MappedFile &operator=(MappedFile &&other) noexcept;
  ~MappedFile();

  const unsigned char *data() const { return bytes; }
  size_t size() const { return length; }

private:
  const unsigned char *bytes = nullptr;
  size_t length = 0;
};

/// Maps the weights at `path` and checks that they are those of `module`, which
/// was loaded from `library`; with `verify`, reads them all and checks their
/// hash. Throws Error otherwise.
MappedFile mapWeights(const std::string &path, const moe_module_v1 &module,
                      const std::string &library, bool verify);

} // namespace moe::rt

#endif // MOE_RUNTIME_CORE_WEIGHTS_H
