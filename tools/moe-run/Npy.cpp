// Reading and writing of .npy files.
//
//   \x93NUMPY major minor | header length (2 bytes, or 4 from version 2 on) |
//   {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } padding \n |
//   elements
#include "Npy.h"

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

using namespace moe::run;

static constexpr char kMagic[] = "\x93NUMPY";
static constexpr size_t kMagicSize = 6;
/// numpy's own limit is 10,000; the rest is for long shapes.
static constexpr size_t kMaxHeader = 1 << 20;
static constexpr size_t kMaxRank = 64;

static constexpr struct {
  const char *kind; ///< kind and size, without the byte order
  moe_dtype_t dtype;
} kKinds[] = {
    {"b1", MOE_DTYPE_BOOL}, {"i1", MOE_DTYPE_I8},   {"i2", MOE_DTYPE_I16},
    {"i4", MOE_DTYPE_I32},  {"i8", MOE_DTYPE_I64},  {"u1", MOE_DTYPE_U8},
    {"u2", MOE_DTYPE_U16},  {"u4", MOE_DTYPE_U32},  {"u8", MOE_DTYPE_U64},
    {"f2", MOE_DTYPE_F16},  {"V2", MOE_DTYPE_BF16}, {"f4", MOE_DTYPE_F32},
    {"f8", MOE_DTYPE_F64}};

std::string moe::run::typeText(const moe_tensor_type_t &type) {
  std::string text = std::string(moeRuntimeDtypeName(type.dtype)) + "[";
  for (uint32_t d = 0; d < type.rank; ++d)
    text += (d ? ", " : "") + std::to_string(type.dims[d]);
  return text + "]";
}

namespace {

struct Header {
  std::string descr;
  bool fortranOrder = false;
  std::vector<int64_t> shape;
};

/// Parses the header, which is a Python dictionary of strings, booleans and
/// tuples of integers.
class HeaderParser {
public:
  HeaderParser(std::string_view text, const std::string &path)
      : rest(text), path(path) {}

  Header parse() {
    Header header;
    bool hasDescr = false, hasOrder = false, hasShape = false;
    expect('{');
    while (!accept('}')) {
      std::string key = parseString();
      expect(':');
      if (key == "descr") {
        skipSpace();
        if (!rest.empty() && rest.front() == '[')
          fail("has structured elements, but expects plain numbers");
        header.descr = parseString();
        hasDescr = true;
      } else if (key == "fortran_order") {
        header.fortranOrder = parseBool();
        hasOrder = true;
      } else if (key == "shape") {
        header.shape = parseShape();
        hasShape = true;
      } else {
        fail("has an unknown key '" + key + "' in its header");
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skipSpace();
    if (!rest.empty() || !hasDescr || !hasOrder || !hasShape)
      fail("expects exactly 'descr', 'fortran_order' and 'shape' in its "
           "header");
    return header;
  }

private:
  [[noreturn]] void fail(const std::string &problem) {
    throw InputError("'" + path + "' " + problem);
  }

  void skipSpace() {
    while (!rest.empty() && (rest.front() == ' ' || rest.front() == '\t' ||
                             rest.front() == '\n' || rest.front() == '\r'))
      rest.remove_prefix(1);
  }

  bool accept(char c) {
    skipSpace();
    if (rest.empty() || rest.front() != c)
      return false;
    rest.remove_prefix(1);
    return true;
  }

  void expect(char c) {
    if (!accept(c))
      fail(std::string("expects '") + c + "' in its header, but got " +
           (rest.empty() ? std::string("its end")
                         : "'" + std::string(rest.substr(0, 8)) + "'"));
  }

  std::string parseString() {
    char quote = accept('\'') ? '\'' : '"';
    if (quote == '"')
      expect('"');
    size_t end = rest.find(quote);
    if (end == std::string_view::npos)
      fail("has a string without an end in its header");
    std::string text(rest.substr(0, end));
    rest.remove_prefix(end + 1);
    return text;
  }

  bool parseBool() {
    skipSpace();
    for (bool value : {false, true}) {
      std::string_view word = value ? "True" : "False";
      if (rest.substr(0, word.size()) == word) {
        rest.remove_prefix(word.size());
        return value;
      }
    }
    fail("expects True or False as 'fortran_order'");
  }

  std::vector<int64_t> parseShape() {
    std::vector<int64_t> shape;
    expect('(');
    while (!accept(')')) {
      shape.push_back(parseSize());
      if (shape.size() > kMaxRank)
        fail("has more than " + std::to_string(kMaxRank) + " dimensions");
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return shape;
  }

  int64_t parseSize() {
    skipSpace();
    int64_t size = 0;
    size_t digits = 0;
    while (digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9')
      if (__builtin_mul_overflow(size, int64_t(10), &size) ||
          __builtin_add_overflow(size, int64_t(rest[digits++] - '0'), &size))
        fail("has a dimension that does not fit into 64 bits");
    if (digits == 0)
      fail("expects sizes that are not negative in its 'shape'");
    rest.remove_prefix(digits);
    if (!rest.empty() && rest.front() == 'L') // Python 2
      rest.remove_prefix(1);
    return size;
  }

  std::string_view rest;
  const std::string &path;
};

struct FileCloser {
  void operator()(std::FILE *file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

} // namespace

static moe_dtype_t parseDescr(const std::string &descr,
                              const std::string &path) {
  std::string_view kind = descr;
  char order = kind.empty() ? '\0' : kind.front();
  if (order == '<' || order == '|' || order == '=' || order == '>')
    kind.remove_prefix(1);
  moe_dtype_t dtype = 0;
  for (const auto &known : kKinds)
    if (kind == known.kind)
      dtype = known.dtype;
  if (order == '>' && moeRuntimeDtypeSize(dtype) > 1)
    throw InputError("'" + path +
                     "' expects little-endian elements, but got '" + descr +
                     "'; save it with .astype('<" + std::string(kind) + "')");
  if (dtype)
    return dtype;
  throw InputError("'" + path + "' has elements '" + descr +
                   "', but expects booleans, integers or floating-point "
                   "numbers of 1 to 8 bytes");
}

/// Bytes of the elements; nullopt where they do not fit.
static std::optional<size_t> byteCount(moe_dtype_t dtype,
                                       const std::vector<int64_t> &dims) {
  size_t bytes = moeRuntimeDtypeSize(dtype);
  bool empty = false;
  for (int64_t dim : dims)
    empty |= dim == 0;
  for (int64_t dim : dims)
    if (!empty && (__builtin_mul_overflow(bytes, size_t(dim), &bytes) ||
                   bytes > size_t(PTRDIFF_MAX)))
      return std::nullopt;
  return empty ? 0 : bytes;
}

static void allocate(Array &array, const std::string &path) {
  size_t rounded = (array.bytes + 63) / 64 * 64;
  array.data.reset(
      static_cast<char *>(std::aligned_alloc(64, rounded ? rounded : 64)));
  if (!array.data)
    throw InputError("no memory for the " + std::to_string(array.bytes) +
                     " bytes of '" + path + "'");
}

/// Column-major elements in row-major order.
static Array toRowMajor(const Array &source, const std::string &path) {
  Array result;
  result.dtype = source.dtype;
  result.dims = source.dims;
  result.bytes = source.bytes;
  allocate(result, path);
  size_t rank = source.dims.size();
  size_t size = moeRuntimeDtypeSize(source.dtype);
  std::vector<size_t> stride(rank, size);
  for (size_t d = 1; d < rank; ++d)
    stride[d] = stride[d - 1] * static_cast<size_t>(source.dims[d - 1]);
  std::vector<int64_t> index(rank, 0);
  size_t from = 0;
  for (size_t to = 0; to < result.bytes; to += size) {
    std::memcpy(result.data.get() + to, source.data.get() + from, size);
    for (size_t d = rank; d-- > 0;) {
      from += stride[d];
      if (++index[d] < source.dims[d])
        break;
      from -= stride[d] * static_cast<size_t>(source.dims[d]);
      index[d] = 0;
    }
  }
  return result;
}

Array moe::run::readNpy(const std::string &path) {
  auto fail = [&](const std::string &problem) {
    throw InputError("'" + path + "' " + problem);
  };
  File file(std::fopen(path.c_str(), "rb"));
  struct stat info;
  if (!file || fstat(fileno(file.get()), &info) != 0)
    throw InputError("cannot open '" + path + "': " + std::strerror(errno));
  if (!S_ISREG(info.st_mode))
    fail("is not a regular file");
  auto fileSize = static_cast<size_t>(info.st_size);

  unsigned char head[12] = {};
  if (std::fread(head, 1, 10, file.get()) != 10 ||
      std::memcmp(head, kMagic, kMagicSize) != 0)
    fail("is not a .npy file");
  unsigned version = head[6];
  if (version < 1 || version > 3)
    fail("has .npy format version " + std::to_string(version) + "." +
         std::to_string(head[7]) + ", but expects 1, 2 or 3");
  size_t headEnd = version == 1 ? 10 : 12;
  if (headEnd == 12 && std::fread(head + 10, 1, 2, file.get()) != 2)
    fail("ends within its header");
  size_t headerSize = head[8] | size_t(head[9]) << 8 | size_t(head[10]) << 16 |
                      size_t(head[11]) << 24;
  if (headerSize > kMaxHeader || headerSize > fileSize - headEnd)
    fail("ends within its header");
  std::string text(headerSize, '\0');
  if (std::fread(text.data(), 1, headerSize, file.get()) != headerSize)
    fail("ends within its header");

  Header header = HeaderParser(text, path).parse();
  Array array;
  array.dtype = parseDescr(header.descr, path);
  array.dims = std::move(header.shape);
  std::optional<size_t> bytes = byteCount(array.dtype, array.dims);
  size_t available = fileSize - headEnd - headerSize;
  if (!bytes || *bytes != available)
    fail("expects " + (bytes ? std::to_string(*bytes) : "more than 2^63") +
         " bytes of elements for " + typeText(array.type()) + ", but got " +
         std::to_string(available));
  array.bytes = available;
  allocate(array, path);
  if (std::fread(array.data.get(), 1, array.bytes, file.get()) != array.bytes)
    throw InputError(
        "cannot read '" + path + "': " +
        (std::ferror(file.get()) ? std::strerror(errno) : "it became shorter"));
  if (array.dtype == MOE_DTYPE_BOOL)
    for (size_t i = 0; i < array.bytes; ++i)
      if (array.data.get()[i] & ~1)
        fail("has a boolean that is neither 0 nor 1");
  bool reorder = header.fortranOrder && array.dims.size() > 1;
  return reorder ? toRowMajor(array, path) : std::move(array);
}

/// The header with its length, padded so that elements begin at a multiple of
/// 64 bytes.
static std::string formatHeader(const moe_tensor_type_t &type) {
  std::string kind;
  for (const auto &known : kKinds)
    if (known.dtype == type.dtype)
      kind = known.kind;
  const char *order = moeRuntimeDtypeSize(type.dtype) == 1 ? "|" : "<";
  std::string text =
      "{'descr': '" + (order + kind) + "', 'fortran_order': False, 'shape': (";
  for (uint32_t d = 0; d < type.rank; ++d)
    text += std::to_string(type.dims[d]) + (type.rank == 1      ? ","
                                            : d + 1 < type.rank ? ", "
                                                                : "");
  text += "), }";
  size_t size = kMagicSize + 4 + text.size() + 1;
  text.append((64 - size % 64) % 64, ' ');
  text += '\n';
  std::string head(kMagic, kMagicSize);
  head += {'\x01', '\x00', static_cast<char>(text.size() & 0xFF),
           static_cast<char>(text.size() >> 8)};
  return head + text;
}

void moe::run::writeNpy(const std::string &path, const moe_tensor_t &tensor) {
  // A link is followed, so that the file it names is replaced and not the link.
  std::string target = path;
  struct stat info;
  bool direct = false;
  if (stat(path.c_str(), &info) == 0) {
    direct = !S_ISREG(info.st_mode);
    char resolved[PATH_MAX];
    if (realpath(path.c_str(), resolved))
      target = resolved;
  }
  std::string written =
      direct ? target : target + ".tmp-" + std::to_string(getpid());
  int flags = O_WRONLY | O_CLOEXEC | (direct ? 0 : O_CREAT | O_TRUNC);
  int descriptor = open(written.c_str(), flags, 0666);
  auto fail = [&](int problem) {
    if (!direct)
      unlink(written.c_str());
    throw InputError("cannot write '" + path + "': " + std::strerror(problem));
  };
  if (descriptor < 0)
    throw InputError("cannot write '" + path + "': " + std::strerror(errno));
  File file(fdopen(descriptor, "wb"));
  if (!file) {
    int problem = errno;
    close(descriptor);
    fail(problem);
  }
  std::string head = formatHeader(tensor.type);
  if (std::fwrite(head.data(), 1, head.size(), file.get()) != head.size() ||
      (tensor.bytes > 0 &&
       std::fwrite(tensor.data, 1, tensor.bytes, file.get()) != tensor.bytes))
    fail(errno);
  if (std::fclose(file.release()) != 0)
    fail(errno);
  if (!direct && std::rename(written.c_str(), target.c_str()) != 0)
    fail(errno);
}
