// Mapping and checking of weights files.
#include "Weights.h"
#include "Status.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace moe::rt;

MappedFile::MappedFile(const std::string &path) {
  int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    throw Error(errno == ENOENT ? MOE_STATUS_NOT_FOUND : MOE_STATUS_IO,
                "cannot open '" + path + "': " + std::strerror(errno));
  struct stat info;
  int problem = fstat(file, &info) != 0 ? errno : 0;
  if (!problem && !S_ISREG(info.st_mode)) {
    close(file);
    throw Error(MOE_STATUS_IO, "'" + path + "' is not a regular file");
  }
  if (!problem && info.st_size > 0) {
    length = static_cast<size_t>(info.st_size);
    void *mapped = mmap(nullptr, length, PROT_READ, MAP_PRIVATE, file, 0);
    if (mapped == MAP_FAILED)
      problem = errno;
    else
      bytes = static_cast<const unsigned char *>(mapped);
    // Kernels that read weights once wait for few page tables then; systems
    // without large pages of files refuse.
    if (!problem)
      madvise(mapped, length, MADV_HUGEPAGE);
  }
  close(file);
  if (problem)
    throw Error(MOE_STATUS_IO,
                "cannot map '" + path + "': " + std::strerror(problem));
}

MappedFile::MappedFile(MappedFile &&other) noexcept
    : bytes(std::exchange(other.bytes, nullptr)),
      length(std::exchange(other.length, 0)) {}

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept {
  std::swap(bytes, other.bytes);
  std::swap(length, other.length);
  return *this;
}

MappedFile::~MappedFile() {
  if (bytes)
    munmap(const_cast<unsigned char *>(bytes), length);
}

static std::string hashText(const uint8_t (&hash)[16]) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  for (uint8_t byte : hash) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

MappedFile moe::rt::mapWeights(const std::string &path,
                               const moe_module_v1 &module,
                               const std::string &library, bool verify) {
  MappedFile file(path);
  moe_weights_header_v1 header;
  if (file.size() < MOE_WEIGHTS_DATA_OFFSET)
    throw Error(MOE_STATUS_CORRUPT,
                "weights file '" + path + "' requires its size (" +
                    std::to_string(file.size()) + " bytes) to be at least " +
                    std::to_string(MOE_WEIGHTS_DATA_OFFSET));
  std::memcpy(&header, file.data(), sizeof(header));
  if (header.magic != MOE_WEIGHTS_MAGIC)
    throw Error(MOE_STATUS_CORRUPT,
                "'" + path + "' is not a weights file of moec");
  if (header.abi_major != MOE_ABI_MAJOR || header.abi_minor > MOE_ABI_MINOR)
    throw Error(MOE_STATUS_INCOMPATIBLE,
                "weights file '" + path + "' requires its ABI (" +
                    std::to_string(header.abi_major) + "." +
                    std::to_string(header.abi_minor) +
                    ") to be one that this runtime reads (" +
                    std::to_string(MOE_ABI_MAJOR) + ".0 to " +
                    std::to_string(MOE_ABI_MAJOR) + "." +
                    std::to_string(MOE_ABI_MINOR) +
                    "); recompile the model with moe-compile " +
                    moeRuntimeVersion());
  if (header.size != module.weights_size ||
      std::memcmp(header.hash, module.weights_hash, sizeof(header.hash)) != 0)
    throw Error(MOE_STATUS_INCOMPATIBLE,
                "weights file '" + path + "' (" + std::to_string(header.size) +
                    " bytes, hash " + hashText(header.hash) +
                    ") does not belong to '" + library + "', which expects " +
                    std::to_string(module.weights_size) + " bytes, hash " +
                    hashText(module.weights_hash) +
                    "; put the weights file of the same moe-compile run "
                    "beside it");
  size_t data = file.size() - MOE_WEIGHTS_DATA_OFFSET;
  if (data < header.size)
    throw Error(MOE_STATUS_CORRUPT,
                "weights file '" + path + "' is cut short: expects " +
                    std::to_string(header.size) +
                    " bytes of weights, but got " + std::to_string(data));
  if (verify) {
    XXH128_hash_t hash =
        XXH3_128bits(file.data() + MOE_WEIGHTS_DATA_OFFSET, header.size);
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, hash);
    uint8_t actual[16];
    std::memcpy(actual, canonical.digest, sizeof(actual));
    if (std::memcmp(actual, module.weights_hash, sizeof(actual)) != 0)
      throw Error(MOE_STATUS_CORRUPT, "weights file '" + path +
                                          "' is damaged: expects hash " +
                                          hashText(module.weights_hash) +
                                          ", but got " + hashText(actual));
  }
  return file;
}
