// A model's weights, from the file beside it.
#ifndef MOE_RUNTIME_CORE_WEIGHTS_H
#define MOE_RUNTIME_CORE_WEIGHTS_H

#include "moe-rt/abi.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <sys/stat.h>

namespace moe::rt {

/// A regular file, open for reading.
class File {
public:
  /// Throws Error where the file cannot be opened; names it in the message.
  explicit File(const std::string &path);
  File(const File &) = delete;
  File &operator=(const File &) = delete;
  ~File();

  const std::string &path() const { return name; }
  int descriptor() const { return number; }
  size_t size() const { return static_cast<size_t>(info.st_size); }
  /// Of the file as it was when it was opened: other files have another one,
  /// and so does this one once it was written to.
  std::array<uint64_t, 7> identity() const;
  /// Fills `bytes` from `offset` on. Throws Error where the file ends before.
  void read(void *bytes, size_t count, size_t offset) const;

private:
  std::string name;
  int number = -1;
  struct stat info = {};
};

/// The bytes of a whole file in memory that is not written to.
class FileBytes {
public:
  /// Pages of the file, which processes share. Throws Error where the file
  /// cannot be mapped; names it in the message.
  static FileBytes map(const File &file);
  /// A copy in memory of its own, in large pages where the system has them.
  /// Throws Error where there is no memory or the file cannot be read.
  static FileBytes copy(const File &file);
  FileBytes(FileBytes &&other) noexcept;
  FileBytes &operator=(FileBytes &&) = delete;
  ~FileBytes();

  const unsigned char *data() const { return bytes; }
  size_t size() const { return length; }

private:
  FileBytes(unsigned char *bytes, size_t length)
      : bytes(bytes), length(length) {}

  unsigned char *bytes = nullptr;
  size_t length = 0;
};

/// Loads the weights at `path` and checks that they are those of `module`,
/// which was loaded from `library`. `flags`: MOE_LOAD_..._WEIGHTS. The copies
/// that loads of one file ask for are one as long as one of them lives. Throws
/// Error.
std::shared_ptr<const FileBytes> loadWeights(const std::string &path,
                                             const moe_module_v1 &module,
                                             const std::string &library,
                                             uint32_t flags);

} // namespace moe::rt

#endif // MOE_RUNTIME_CORE_WEIGHTS_H
