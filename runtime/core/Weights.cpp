// Mapping, copying and checking of weights files.
#include "Weights.h"
#include "Status.h"

#include <cerrno>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <optional>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace moe::rt;

/// What a large page is where pages have 4 KiB; memory that begins at a
/// multiple of it can consist of such pages.
static constexpr size_t kLargePage = size_t(2) << 20;

File::File(const std::string &path) : name(path) {
  number = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (number < 0)
    throw Error(errno == ENOENT ? MOE_STATUS_NOT_FOUND : MOE_STATUS_IO,
                "cannot open '" + path + "': " + std::strerror(errno));
  int problem = fstat(number, &info) != 0 ? errno : 0;
  if (problem || !S_ISREG(info.st_mode)) {
    close(number);
    throw Error(MOE_STATUS_IO,
                problem
                    ? "cannot open '" + path + "': " + std::strerror(problem)
                    : "'" + path + "' is not a regular file");
  }
}

File::~File() { close(number); }

std::array<uint64_t, 7> File::identity() const {
  return {uint64_t(info.st_dev),          uint64_t(info.st_ino),
          uint64_t(info.st_size),         uint64_t(info.st_mtim.tv_sec),
          uint64_t(info.st_mtim.tv_nsec), uint64_t(info.st_ctim.tv_sec),
          uint64_t(info.st_ctim.tv_nsec)};
}

void File::read(void *bytes, size_t count, size_t offset) const {
  auto *to = static_cast<unsigned char *>(bytes);
  for (size_t done = 0; done < count;) {
    ssize_t got = pread(number, to + done, count - done,
                        static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      throw Error(MOE_STATUS_IO,
                  "cannot read '" + name + "': " + std::strerror(errno));
    if (got == 0)
      throw Error(MOE_STATUS_CORRUPT,
                  "'" + name + "' was cut short while it was read: expects " +
                      std::to_string(offset + count) + " bytes, but got " +
                      std::to_string(offset + done));
    done += static_cast<size_t>(got);
  }
}

FileBytes FileBytes::map(const File &file) {
  if (file.size() == 0)
    return {nullptr, 0};
  void *mapped =
      mmap(nullptr, file.size(), PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
  if (mapped == MAP_FAILED)
    throw Error(MOE_STATUS_IO,
                "cannot map '" + file.path() + "': " + std::strerror(errno));
  // Kernels that read weights once wait for few page tables then; systems
  // without large pages of files refuse.
  madvise(mapped, file.size(), MADV_HUGEPAGE);
  return {static_cast<unsigned char *>(mapped), file.size()};
}

/// Memory of `size` bytes that begins at a multiple of a large page, or null.
static unsigned char *reserve(size_t size) {
  if (size > SIZE_MAX - kLargePage)
    return nullptr;
  size_t whole = size + kLargePage;
  void *mapped = mmap(nullptr, whole, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED)
    return nullptr;
  auto *bytes = static_cast<unsigned char *>(mapped);
  size_t before = -reinterpret_cast<uintptr_t>(bytes) % kLargePage;
  size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  size_t used = before + (size + page - 1) / page * page;
  if (before != 0)
    munmap(bytes, before);
  if (used < whole)
    munmap(bytes + used, whole - used);
  return bytes + before;
}

FileBytes FileBytes::copy(const File &file) {
  if (file.size() == 0)
    return {nullptr, 0};
  unsigned char *bytes = reserve(file.size());
  if (!bytes)
    throw Error(MOE_STATUS_OUT_OF_MEMORY,
                "a copy of '" + file.path() + "' requires " +
                    std::to_string(file.size()) +
                    " bytes of memory, which the system refuses; load it "
                    "without MOE_LOAD_COPY_WEIGHTS, which maps the file");
  FileBytes copied(bytes, file.size());
  // Systems without large pages refuse, and give small ones.
  madvise(bytes, file.size(), MADV_HUGEPAGE);
  // What is in a file needs no place in a core dump.
  madvise(bytes, file.size(), MADV_DONTDUMP);
  // The file's pages stay in the page cache, for other processes and the next
  // start: the system takes them when it needs memory.
  posix_fadvise(file.descriptor(), 0, 0, POSIX_FADV_SEQUENTIAL);
  file.read(bytes, file.size(), 0);
  mprotect(bytes, file.size(), PROT_READ);
  return copied;
}

FileBytes::FileBytes(FileBytes &&other) noexcept
    : bytes(std::exchange(other.bytes, nullptr)),
      length(std::exchange(other.length, 0)) {}

FileBytes::~FileBytes() {
  if (bytes)
    munmap(bytes, length);
}

namespace {

/// The copy of one file, made by the first load that asks for it while others
/// wait.
struct SharedCopy {
  std::mutex mutex;
  std::optional<FileBytes> bytes;
};

} // namespace

static std::shared_ptr<const FileBytes> copyOnce(const File &file) {
  using Copies = std::map<std::array<uint64_t, 7>, std::weak_ptr<SharedCopy>>;
  static std::mutex mutex;
  static auto *copies = new Copies; // outlives static destructors
  std::shared_ptr<SharedCopy> shared;
  {
    std::lock_guard<std::mutex> lock(mutex);
    std::erase_if(*copies,
                  [](const auto &copy) { return copy.second.expired(); });
    std::weak_ptr<SharedCopy> &known = (*copies)[file.identity()];
    shared = known.lock();
    if (!shared)
      known = shared = std::make_shared<SharedCopy>();
  }
  std::lock_guard<std::mutex> lock(shared->mutex);
  if (!shared->bytes)
    shared->bytes.emplace(FileBytes::copy(file));
  return {shared, &*shared->bytes};
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

std::shared_ptr<const FileBytes>
moe::rt::loadWeights(const std::string &path, const moe_module_v1 &module,
                     const std::string &library, uint32_t flags) {
  File file(path);
  moe_weights_header_v1 header;
  if (file.size() < MOE_WEIGHTS_DATA_OFFSET)
    throw Error(MOE_STATUS_CORRUPT,
                "weights file '" + path + "' requires its size (" +
                    std::to_string(file.size()) + " bytes) to be at least " +
                    std::to_string(MOE_WEIGHTS_DATA_OFFSET));
  file.read(&header, sizeof(header), 0);
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
  std::shared_ptr<const FileBytes> weights =
      flags & MOE_LOAD_COPY_WEIGHTS
          ? copyOnce(file)
          : std::make_shared<const FileBytes>(FileBytes::map(file));
  if (flags & MOE_LOAD_VERIFY_WEIGHTS) {
    XXH128_hash_t hash =
        XXH3_128bits(weights->data() + MOE_WEIGHTS_DATA_OFFSET, header.size);
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
  return weights;
}
