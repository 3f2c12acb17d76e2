// Streams weight expressions into a weights file.
#include "moe/Target/WeightPacker.h"
#include "moe-rt/abi.h"
#include "moe/Dialect/Support/MoESupport.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace mlir;
using namespace moe::support;
using llvm::Error;
using llvm::Expected;

namespace {

Error systemError(const llvm::Twine &what, int code) {
  return llvm::createStringError(what + ": " + std::strerror(code));
}

/// A mapped file. Unmapped and closed when it goes.
class Mapping {
public:
  Mapping() = default;
  Mapping(Mapping &&other)
      : memory(std::exchange(other.memory, nullptr)), bytes(other.bytes) {}
  Mapping &operator=(Mapping &&other) {
    std::swap(memory, other.memory);
    std::swap(bytes, other.bytes);
    return *this;
  }
  ~Mapping() {
    if (memory)
      munmap(memory, bytes);
  }

  static Expected<Mapping> read(StringRef path) {
    int file = open(path.str().c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0)
      return systemError("cannot read the weights file '" + path + "'", errno);
    struct stat status;
    if (fstat(file, &status) < 0 || !S_ISREG(status.st_mode)) {
      close(file);
      return llvm::createStringError("expects the weights file '" + path +
                                     "' to be a regular file");
    }
    return map(file, status.st_size, PROT_READ, MAP_PRIVATE, path);
  }

  /// Sizes the file first, for a full disk behind a mapping is a signal, not an
  /// error. Takes over `file`.
  static Expected<Mapping> write(int file, uint64_t size,
                                 const llvm::Twine &path) {
    if (int code = size ? posix_fallocate(file, 0, size) : 0) {
      close(file);
      return systemError("cannot write " + llvm::Twine(size) + " bytes to '" +
                             path + "'",
                         code);
    }
    return map(file, size, PROT_READ | PROT_WRITE, MAP_SHARED, path);
  }

  uint8_t *data() const { return memory; }
  uint64_t size() const { return bytes; }

private:
  static Expected<Mapping> map(int file, uint64_t size, int protection,
                               int flags, const llvm::Twine &path) {
    Mapping result;
    if (size != 0) {
      void *memory = mmap(nullptr, size, protection, flags, file, 0);
      if (memory == MAP_FAILED) {
        int code = errno;
        close(file);
        return systemError("cannot map '" + path + "'", code);
      }
      // What is written in large pages of the file cache stays in them for
      // whoever maps the file then.
      madvise(memory, size, MADV_HUGEPAGE);
      result.memory = static_cast<uint8_t *>(memory);
      result.bytes = size;
    }
    close(file);
    return result;
  }

  uint8_t *memory = nullptr;
  uint64_t bytes = 0;
};

/// One loop of a strided copy; strides are in bytes.
struct CopyLoop {
  int64_t count;
  int64_t fromStride;
  int64_t toStride;
};

/// The last two loops of a copy. Where both sides cannot be contiguous, goes by
/// squares that fit the first cache.
template <typename T>
void copyPlane(const uint8_t *from, uint8_t *to, CopyLoop a, CopyLoop b) {
  constexpr int64_t block = 32;
  for (int64_t i0 = 0; i0 < a.count; i0 += block)
    for (int64_t j0 = 0; j0 < b.count; j0 += block)
      for (int64_t i = i0, iEnd = std::min(i0 + block, a.count); i < iEnd; ++i)
        for (int64_t j = j0, jEnd = std::min(j0 + block, b.count); j < jEnd;
             ++j)
          std::memcpy(to + i * a.toStride + j * b.toStride,
                      from + i * a.fromStride + j * b.fromStride, sizeof(T));
}

void copyLoops(const uint8_t *from, uint8_t *to, ArrayRef<CopyLoop> loops,
               int64_t width) {
  if (loops.size() > 2) {
    for (int64_t i = 0; i < loops.front().count; ++i)
      copyLoops(from + i * loops.front().fromStride,
                to + i * loops.front().toStride, loops.drop_front(), width);
    return;
  }
  CopyLoop one{1, 0, 0};
  CopyLoop b = loops.empty() ? one : loops.back();
  CopyLoop a = loops.size() < 2 ? one : loops.front();
  if (b.fromStride == width && b.toStride == width) {
    for (int64_t i = 0; i < a.count; ++i)
      std::memcpy(to + i * a.toStride, from + i * a.fromStride,
                  b.count * width);
    return;
  }
  switch (width) {
  case 1:
    return copyPlane<uint8_t>(from, to, a, b);
  case 2:
    return copyPlane<uint16_t>(from, to, a, b);
  case 4:
    return copyPlane<uint32_t>(from, to, a, b);
  default:
    return copyPlane<uint64_t>(from, to, a, b);
  }
}

/// Which elements of an expression are wanted, per dimension, and where they
/// go: element offset + i * step of the expression goes to i * toStride bytes.
struct WindowDim {
  int64_t offset, step, count, toStride;
};
using Window = SmallVector<WindowDim>;

/// Evaluates expressions. A window walks from the root to the leaves, each node
/// rewriting it, so that leaves are copied straight to their places.
class Evaluator {
public:
  explicit Evaluator(StringRef scratchDirectory)
      : scratchDirectory(scratchDirectory) {}

  Error evaluate(ElementsAttr value, uint8_t *to);

private:
  Error visit(ElementsAttr value, Window window, uint8_t *to);
  Error visitReshape(ReshapeAttr value, const Window &window, uint8_t *to);
  Error visitConcat(ConcatAttr value, Window window, uint8_t *to);
  Error visitScale(ScaleAttr value, const Window &window, uint8_t *to);
  Error visitConvert(ConvertAttr value, const Window &window, uint8_t *to);
  Error visitNibbles(NibblesAttr value, const Window &window, uint8_t *to);
  Error visitUnpack(UnpackAttr value, const Window &window, uint8_t *to);
  template <typename VisitFn>
  Error visitSlabs(Window window, uint8_t *to, VisitFn &&visitSlab);
  Expected<Mapping> evaluateToScratch(ElementsAttr value);
  Error copyLeaf(const uint8_t *data, ShapedType type, const Window &window,
                 uint8_t *to);
  Expected<ArrayRef<uint8_t>> file(StringRef path);

  StringRef scratchDirectory;
  llvm::StringMap<Mapping> files;
};

int64_t elementBytes(ShapedType type) {
  return llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

Window wholeWindow(ShapedType type) {
  Window window;
  int64_t stride = elementBytes(type);
  for (int64_t size : llvm::reverse(type.getShape())) {
    window.push_back({0, 1, size, stride});
    stride *= size;
  }
  std::reverse(window.begin(), window.end());
  return window;
}

Error Evaluator::evaluate(ElementsAttr value, uint8_t *to) {
  ShapedType type = value.getShapedType();
  unsigned bits = type.getElementTypeBitWidth();
  if (bits > 2 && bits != 4 && bits != 8 && bits != 16 && bits != 32 &&
      bits != 64)
    return llvm::createStringError("expects weights of 1, 4, 8, 16, 32 or 64 "
                                   "bits per element, but got " +
                                   llvm::Twine(bits));
  return visit(value, wholeWindow(type), to);
}

Expected<ArrayRef<uint8_t>> Evaluator::file(StringRef path) {
  auto found = files.find(path);
  if (found == files.end()) {
    Expected<Mapping> mapping = Mapping::read(path);
    if (!mapping)
      return mapping.takeError();
    found = files.try_emplace(path, std::move(*mapping)).first;
  }
  return ArrayRef<uint8_t>(found->second.data(), found->second.size());
}

Error Evaluator::copyLeaf(const uint8_t *data, ShapedType type,
                          const Window &window, uint8_t *to) {
  int64_t width = elementBytes(type);
  SmallVector<CopyLoop> loops;
  int64_t stride = width;
  for (int64_t d = type.getRank(); d-- > 0;) {
    const WindowDim &dim = window[d];
    data += dim.offset * stride;
    if (dim.count == 0)
      return Error::success();
    if (dim.count != 1)
      loops.push_back({dim.count, dim.step * stride, dim.toStride});
    stride *= type.getDimSize(d);
  }
  // Innermost last: by the destination's stride, which is written in order.
  llvm::sort(loops, [](const CopyLoop &a, const CopyLoop &b) {
    return std::tie(a.toStride, a.fromStride) >
           std::tie(b.toStride, b.fromStride);
  });
  SmallVector<CopyLoop> merged;
  for (const CopyLoop &loop : loops) {
    if (!merged.empty() &&
        merged.back().toStride == loop.toStride * loop.count &&
        merged.back().fromStride == loop.fromStride * loop.count)
      merged.back() = {merged.back().count * loop.count, loop.fromStride,
                       loop.toStride};
    else
      merged.push_back(loop);
  }
  // The loop that reads in order is the partner of the last one.
  if (merged.size() > 2 && merged.back().fromStride != width) {
    auto *nearest = llvm::min_element(llvm::MutableArrayRef(merged).drop_back(),
                                      [](const CopyLoop &a, const CopyLoop &b) {
                                        return a.fromStride < b.fromStride;
                                      });
    std::rotate(nearest, nearest + 1, merged.end() - 1);
  }
  copyLoops(data, to, merged, width);
  return Error::success();
}

Error Evaluator::visitConcat(ConcatAttr value, Window window, uint8_t *to) {
  int64_t d = value.getDimension();
  int64_t begin = 0;
  for (ElementsAttr source : value.getSources()) {
    int64_t end = begin + source.getShapedType().getDimSize(d);
    WindowDim dim = window[d];
    // Indices i with begin <= offset + i * step < end.
    auto indexAt = [&](int64_t position) {
      int64_t i = llvm::divideCeilSigned(position - dim.offset, dim.step);
      return std::clamp<int64_t>(i, 0, dim.count);
    };
    int64_t first = indexAt(begin), last = indexAt(end);
    if (first < last) {
      Window part = window;
      part[d] = {dim.offset + first * dim.step - begin, dim.step, last - first,
                 dim.toStride};
      if (Error error = visit(source, part, to + first * dim.toStride))
        return error;
    }
    begin = end;
  }
  return Error::success();
}

/// Rows of a concatenation along the first dimension keep their places under a
/// reshape of the other dimensions; anything else is evaluated to a scratch
/// file first.
Error Evaluator::visitReshape(ReshapeAttr value, const Window &window,
                              uint8_t *to) {
  ElementsAttr source = value.getSource();
  ShapedType type = value.getShapedType();
  if (auto concat = dyn_cast<ConcatAttr>(source);
      concat && concat.getDimension() == 0 && type.getRank() > 0 &&
      type.getDimSize(0) == concat.getShapedType().getDimSize(0)) {
    SmallVector<ElementsAttr> parts =
        llvm::map_to_vector(concat.getSources(), [&](ElementsAttr part) {
          SmallVector<int64_t> shape(type.getShape());
          shape[0] = part.getShapedType().getDimSize(0);
          return reshapeWeight(part, shape);
        });
    return visit(concatWeights(parts, 0), window, to);
  }
  Expected<Mapping> scratch = evaluateToScratch(source);
  if (!scratch)
    return scratch.takeError();
  return copyLeaf(scratch->data(), type, window, to);
}

/// All elements of `value` in a file without a name.
Expected<Mapping> Evaluator::evaluateToScratch(ElementsAttr value) {
  ShapedType type = value.getShapedType();
  uint64_t size = type.getNumElements() * elementBytes(type);
  std::string path = (scratchDirectory + "/.moec-scratch-XXXXXX").str();
  int scratch = mkstemp(path.data());
  if (scratch < 0)
    return systemError("cannot create '" + path + "'", errno);
  unlink(path.c_str());
  Expected<Mapping> mapping = Mapping::write(scratch, size, path);
  if (!mapping)
    return mapping.takeError();
  if (Error error = visit(value, wholeWindow(type), mapping->data()))
    return error;
  return mapping;
}

Error Evaluator::visitNibbles(NibblesAttr value, const Window &window,
                              uint8_t *to) {
  Expected<Mapping> scratch = evaluateToScratch(value.getSource());
  if (!scratch)
    return scratch.takeError();
  uint8_t *codes = scratch->data();
  unsigned bits = value.getSource().getElementType().getIntOrFloatBitWidth();
  unsigned count = 8 / bits;
  for (int64_t i = 0, e = value.getNumElements(); i < e; ++i) {
    uint8_t byte = 0;
    for (unsigned j = 0; j < count; ++j)
      byte |= codes[count * i + j] << (bits * j);
    codes[i] = byte;
  }
  return copyLeaf(codes, value.getShapedType(), window, to);
}

/// Cuts windows of many elements into slabs of few, up to rows, so that memory
/// holds a few bytes of a source at a time.
template <typename VisitFn>
Error Evaluator::visitSlabs(Window window, uint8_t *to, VisitFn &&visitSlab) {
  constexpr int64_t maxElements = int64_t(1) << 20;
  int64_t elements = 1;
  for (const WindowDim &dim : window)
    elements *= dim.count;
  if (elements == 0)
    return Error::success();
  auto *split =
      llvm::find_if(window, [](const WindowDim &dim) { return dim.count > 1; });
  if (elements <= maxElements || split == window.end() ||
      split == std::prev(window.end()))
    return visitSlab(window, to, elements);
  WindowDim whole = *split;
  for (int64_t i = 0; i < whole.count; ++i) {
    *split = {whole.offset + i * whole.step, whole.step, 1, whole.toStride};
    if (Error error = visitSlabs(window, to + i * whole.toStride, visitSlab))
      return error;
  }
  return Error::success();
}

/// The elements of a window, one after the other, as a tensor: its shape.
static SmallVector<int64_t> shapeOf(const Window &window) {
  return llvm::map_to_vector(window,
                             [](const WindowDim &dim) { return dim.count; });
}

/// The window that takes all of such a tensor to where `window` goes.
static Window fromWhole(const Window &window) {
  return llvm::map_to_vector(window, [](const WindowDim &dim) {
    return WindowDim{0, 1, dim.count, dim.toStride};
  });
}

Error Evaluator::visitUnpack(UnpackAttr value, const Window &window,
                             uint8_t *to) {
  int64_t perByte = value.getShapedType().getShape().back() /
                    value.getSource().getShapedType().getShape().back();
  return visitSlabs(
      window, to,
      [&](const Window &slab, uint8_t *to, int64_t elements) -> Error {
        const WindowDim &last = slab.back();
        int64_t first = last.offset / perByte;
        int64_t row =
            (last.offset + (last.count - 1) * last.step) / perByte - first + 1;
        Window source(slab);
        int64_t stride = row;
        source.back() = {first, 1, row, 1};
        for (size_t d = slab.size() - 1; d-- > 0;) {
          source[d].toStride = stride;
          stride *= slab[d].count;
        }
        std::vector<uint8_t> bytes(stride), numbers;
        if (Error error = visit(value.getSource(), source, bytes.data()))
          return error;
        numbers.reserve(elements);
        int64_t bits = 8 / perByte;
        for (int64_t begin = 0; begin < stride; begin += row)
          for (int64_t i = 0; i < last.count; ++i) {
            int64_t at = last.offset + i * last.step;
            numbers.push_back(bytes[begin + at / perByte - first] >>
                                  (at % perByte * bits) &
                              ((1 << bits) - 1));
          }
        return copyLeaf(numbers.data(),
                        value.getShapedType().clone(shapeOf(slab)),
                        fromWhole(slab), to);
      });
}

/// `count` elements of so many bits that share the bytes at `data`, as bytes.
static std::vector<uint8_t> unpackCodes(const uint8_t *data, int64_t count,
                                        unsigned bits) {
  std::vector<uint8_t> codes(count);
  for (int64_t i = 0; i < count; ++i)
    codes[i] = data[i * bits / 8] >> (i * bits % 8) & ((1 << bits) - 1);
  return codes;
}

/// Multiplies the elements of a window in place. `slab` numbers the factor of
/// the dimensions walked so far; `slabs` are the shape of the factors left.
template <typename MultiplyFn>
void multiplyWindow(uint8_t *to, ArrayRef<WindowDim> dims,
                    ArrayRef<int64_t> slabs, int64_t slab,
                    MultiplyFn &&multiply) {
  if (dims.empty())
    return multiply(to, slab);
  const WindowDim &dim = dims.front();
  for (int64_t i = 0; i < dim.count; ++i)
    multiplyWindow(
        to + i * dim.toStride, dims.drop_front(),
        slabs.empty() ? slabs : slabs.drop_front(),
        slabs.empty() ? slab : slab * slabs.front() + dim.offset + i * dim.step,
        multiply);
}

/// The number whose bits lie at `data`, exactly where binary64 has it.
double readFloat(const uint8_t *data, FloatType type) {
  APInt bits(type.getWidth(), 0);
  llvm::LoadIntFromMemory(bits, data, type.getWidth() / 8);
  APFloat value(type.getFloatSemantics(), bits);
  bool inexact;
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &inexact);
  return value.convertToDouble();
}

void writeFloat(double number, uint8_t *data, FloatType type) {
  APFloat value(number);
  bool inexact;
  value.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                &inexact);
  llvm::StoreIntToMemory(value.bitcastToAPInt(), data, type.getWidth() / 8);
}

/// The upper half of an f32, plus one where the lower one is more than half of
/// its range, or half of it behind an odd number. What is no number stays none.
void roundToBF16(const uint8_t *number, uint8_t *result) {
  uint32_t bits = llvm::support::endian::read32le(number);
  bool isNaN = (bits & 0x7fffffff) > 0x7f800000;
  uint32_t upper =
      isNaN ? bits >> 16 | 0x40 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  llvm::support::endian::write16le(result, upper);
}

Error Evaluator::visitScale(ScaleAttr value, const Window &window,
                            uint8_t *to) {
  if (Error error = visit(value.getSource(), window, to))
    return error;
  ShapedType slabs = value.getFactors().getShapedType();
  auto factorType = cast<FloatType>(slabs.getElementType());
  int64_t width = elementBytes(slabs);
  std::vector<uint8_t> bytes(slabs.getNumElements() * width);
  if (Error error = evaluate(value.getFactors(), bytes.data()))
    return error;
  std::vector<double> factors(slabs.getNumElements());
  for (auto [index, factor] : llvm::enumerate(factors))
    factor = readFloat(bytes.data() + index * width, factorType);

  auto type = cast<FloatType>(value.getShapedType().getElementType());
  if (type.isF32())
    multiplyWindow(to, window, slabs.getShape(), 0,
                   [&](uint8_t *element, int64_t slab) {
                     float number;
                     std::memcpy(&number, element, sizeof number);
                     number = static_cast<float>(number * factors[slab]);
                     std::memcpy(element, &number, sizeof number);
                   });
  else
    multiplyWindow(
        to, window, slabs.getShape(), 0, [&](uint8_t *element, int64_t slab) {
          writeFloat(readFloat(element, type) * factors[slab], element, type);
        });
  return Error::success();
}

Error Evaluator::visitConvert(ConvertAttr value, const Window &window,
                              uint8_t *to) {
  ElementsAttr source = value.getSource();
  auto from = cast<FloatType>(source.getElementType()),
       type = cast<FloatType>(value.getElementType());
  int64_t fromWidth = elementBytes(source.getShapedType()),
          width = elementBytes(value.getShapedType());
  return visitSlabs(
      window, to,
      [&](const Window &slab, uint8_t *to, int64_t elements) -> Error {
        SmallVector<int64_t> shape = shapeOf(slab);
        Window packed(slab);
        for (auto [dim, own] :
             llvm::zip(packed, wholeWindow(RankedTensorType::get(shape, from))))
          dim.toStride = own.toStride;
        std::vector<uint8_t> numbers(elements * fromWidth),
            rounded(elements * width);
        if (Error error = visit(source, packed, numbers.data()))
          return error;
        for (int64_t i = 0; i < elements; ++i) {
          const uint8_t *number = numbers.data() + i * fromWidth;
          uint8_t *result = rounded.data() + i * width;
          if (from.isF32() && type.isBF16())
            roundToBF16(number, result);
          else
            writeFloat(readFloat(number, from), result, type);
        }
        return copyLeaf(rounded.data(), RankedTensorType::get(shape, type),
                        fromWhole(slab), to);
      });
}

Error Evaluator::visit(ElementsAttr value, Window window, uint8_t *to) {
  ShapedType type = value.getShapedType();
  if (auto external = dyn_cast<ExternalAttr>(value)) {
    Expected<ArrayRef<uint8_t>> bytes = file(external.getFile());
    if (!bytes)
      return bytes.takeError();
    unsigned bits = type.getElementTypeBitWidth();
    bool shares = bits == 2 || bits == 4;
    uint64_t size = shares ? llvm::divideCeil(type.getNumElements() * bits, 8)
                           : type.getNumElements() * elementBytes(type);
    if (external.getOffset() > bytes->size() ||
        bytes->size() - external.getOffset() < size)
      return llvm::createStringError(
          "requires the weights file '" + external.getFile() + "' (" +
          llvm::Twine(bytes->size()) + " bytes) to hold " + llvm::Twine(size) +
          " bytes from offset " + llvm::Twine(external.getOffset()) +
          " on; it may have changed since the model was imported");
    const uint8_t *data = bytes->data() + external.getOffset();
    if (!shares)
      return copyLeaf(data, type, window, to);
    std::vector<uint8_t> codes = unpackCodes(data, type.getNumElements(), bits);
    return copyLeaf(codes.data(), type, window, to);
  }
  if (auto transpose = dyn_cast<TransposeAttr>(value)) {
    Window source(window.size());
    for (auto [d, from] : llvm::enumerate(transpose.getPermutation()))
      source[from] = window[d];
    return visit(transpose.getSource(), source, to);
  }
  if (auto slice = dyn_cast<SliceAttr>(value)) {
    for (auto [dim, offset, stride] :
         llvm::zip(window, slice.getOffsets(), slice.getStrides()))
      dim = {offset + dim.offset * stride, dim.step * stride, dim.count,
             dim.toStride};
    return visit(slice.getSource(), window, to);
  }
  if (auto pad = dyn_cast<PadAttr>(value)) {
    // The file is zero where nothing is copied.
    for (auto [dim, size] :
         llvm::zip(window, pad.getSource().getShapedType().getShape()))
      dim.count = std::clamp<int64_t>(
          llvm::divideCeilSigned(size - dim.offset, dim.step), 0, dim.count);
    return visit(pad.getSource(), window, to);
  }
  if (auto concat = dyn_cast<ConcatAttr>(value))
    return visitConcat(concat, window, to);
  if (auto reshape = dyn_cast<ReshapeAttr>(value))
    return visitReshape(reshape, window, to);
  if (auto scale = dyn_cast<ScaleAttr>(value))
    return visitScale(scale, window, to);
  if (auto convert = dyn_cast<ConvertAttr>(value))
    return visitConvert(convert, window, to);
  if (auto nibbles = dyn_cast<NibblesAttr>(value))
    return visitNibbles(nibbles, window, to);
  if (auto unpack = dyn_cast<UnpackAttr>(value))
    return visitUnpack(unpack, window, to);
  if (auto dense = dyn_cast<DenseElementsAttr>(value)) {
    int64_t width = elementBytes(type);
    std::vector<uint8_t> bits;
    ArrayRef<char> raw = dense.getRawData();
    const uint8_t *data = reinterpret_cast<const uint8_t *>(raw.data());
    if (type.getElementType().isInteger(1)) {
      for (bool bit : dense.getValues<bool>())
        bits.push_back(bit);
      return copyLeaf(bits.data(), type, window, to);
    }
    if (unsigned few = type.getElementTypeBitWidth(); few == 2 || few == 4) {
      // Stored in a byte each, extended by the sign.
      for (int64_t i = 0, e = type.getNumElements(); i < e; ++i)
        bits.push_back(data[dense.isSplat() ? 0 : i] & ((1 << few) - 1));
      return copyLeaf(bits.data(), type, window, to);
    }
    if (dense.isSplat()) {
      for (int64_t i = 0, e = type.getNumElements(); i < e; ++i)
        bits.insert(bits.end(), data, data + width);
      data = bits.data();
    }
    return copyLeaf(data, type, window, to);
  }
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    uint64_t size = type.getNumElements() * elementBytes(type);
    if (!blob || blob->getData().size() != size)
      return llvm::createStringError(
          "requires the resource '" + resource.getRawHandle().getKey() + "' (" +
          llvm::Twine(blob ? blob->getData().size() : 0) +
          " bytes) to hold the " + llvm::Twine(size) + " bytes of its type");
    return copyLeaf(reinterpret_cast<const uint8_t *>(blob->getData().data()),
                    type, window, to);
  }
  std::string text;
  llvm::raw_string_ostream(text) << value.getShapedType();
  return llvm::createStringError(
      "expects a weight expression or dense elements, but got elements of "
      "another kind: " +
      text);
}

} // namespace

Expected<moe::PackedWeights> moe::packWeights(ArrayRef<PlacedWeight> weights,
                                              uint64_t size, StringRef path,
                                              PackProgress progress) {
  int file =
      open(path.str().c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0)
    return systemError("cannot create '" + path + "'", errno);
  Expected<Mapping> mapping =
      Mapping::write(file, MOE_WEIGHTS_DATA_OFFSET + size, path);
  if (!mapping)
    return mapping.takeError();
  uint8_t *data = mapping->data() + MOE_WEIGHTS_DATA_OFFSET;

  StringRef directory = path.substr(0, path.rfind('/'));
  Evaluator evaluator(directory == path ? StringRef(".") : directory);
  for (const PlacedWeight &weight : weights) {
    if (Error error = evaluator.evaluate(weight.value, data + weight.offset))
      return error;
    if (progress)
      progress(weight.offset + weight.value.getNumElements() *
                                   elementBytes(weight.value.getShapedType()),
               size);
  }

  PackedWeights result;
  result.size = size;
  llvm::XXH128_hash_t hash = llvm::xxh3_128bits({data, size});
  llvm::support::endian::write64be(result.hash.data(), hash.high64);
  llvm::support::endian::write64be(result.hash.data() + 8, hash.low64);
  moe_weights_header_v1 header{};
  header.magic = MOE_WEIGHTS_MAGIC;
  header.abi_major = MOE_ABI_MAJOR;
  header.abi_minor = MOE_ABI_MINOR;
  header.size = size;
  std::copy(result.hash.begin(), result.hash.end(), header.hash);
  std::memcpy(mapping->data(), &header, sizeof header);
  return result;
}
