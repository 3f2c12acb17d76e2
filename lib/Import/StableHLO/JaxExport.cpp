// The wrapper of jax.export: a FlatBuffers table with the module as one of its
// fields. Every step into it is checked against its bounds.
#include "moe/Import/StableHLO.h"

#include "llvm/Support/Endian.h"

using namespace llvm;

namespace {

/// The number of the field with the module in the table 'Exported'.
constexpr uint64_t kModuleField = 13;

/// Every version of the table has more fields than this and fewer than that.
constexpr uint64_t kLeastFields = 14, kMostFields = 128;

/// Bytes at a position, if they lie within the file.
class Reader {
public:
  explicit Reader(StringRef bytes) : bytes(bytes) {}

  template <typename T>
  std::optional<T> at(uint64_t position) const {
    if (position > bytes.size() || bytes.size() - position < sizeof(T))
      return std::nullopt;
    return support::endian::read<T>(bytes.data() + position,
                                    endianness::little);
  }

  /// True where the root looks like the table: no magic marks the format.
  bool isTable() const {
    std::optional<uint64_t> table = vtable();
    if (!table)
      return false;
    uint64_t size = *at<uint16_t>(*table);
    std::optional<uint16_t> own = at<uint16_t>(*table + 2);
    std::optional<uint16_t> offset =
        at<uint16_t>(*table + 4 + 2 * kModuleField);
    return size % 2 == 0 && size >= 4 + 2 * kLeastFields &&
           size <= 4 + 2 * kMostFields && own && offset && *offset >= 4 &&
           *offset < *own;
  }

  /// The bytes in the vector that a field of the root table holds.
  std::optional<StringRef> field(uint64_t number) const {
    std::optional<uint64_t> table = vtable();
    uint64_t slot = 4 + 2 * number;
    if (!table || slot + 2 > *at<uint16_t>(*table))
      return std::nullopt;
    std::optional<uint16_t> offset = at<uint16_t>(*table + slot);
    if (!offset || *offset == 0)
      return std::nullopt;
    uint64_t position = uint64_t(*at<uint32_t>(0)) + *offset;
    std::optional<uint32_t> distance = at<uint32_t>(position);
    if (!distance)
      return std::nullopt;
    position += *distance;
    std::optional<uint32_t> length = at<uint32_t>(position);
    if (!length || bytes.size() - position - 4 < *length)
      return std::nullopt;
    return bytes.substr(position + 4, *length);
  }

private:
  /// Where the list of the root table's fields stands, with its size readable.
  std::optional<uint64_t> vtable() const {
    std::optional<uint32_t> root = at<uint32_t>(0);
    std::optional<int32_t> back = root ? at<int32_t>(*root) : std::nullopt;
    if (!back || *back > int64_t(*root) ||
        !at<uint16_t>(int64_t(*root) - *back))
      return std::nullopt;
    return int64_t(*root) - *back;
  }

  StringRef bytes;
};

constexpr StringLiteral kBytecodeMagic = "ML\xefR";

} // namespace

bool moe::isJaxExport(StringRef bytes) { return Reader(bytes).isTable(); }

Expected<StringRef> moe::findJaxModule(StringRef bytes) {
  std::optional<StringRef> module = Reader(bytes).field(kModuleField);
  if (!module || !module->starts_with(kBytecodeMagic))
    return createStringError("expects a module in the file of jax.export, but "
                             "found none: the file is damaged or cut off");
  return *module;
}
