// Random parameters in every format.
#include "Values.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cstring>

using namespace moe::bench;

uint16_t moe::bench::toBF16(float value) {
  uint32_t bits = llvm::bit_cast<uint32_t>(value);
  bits += 0x7fff + ((bits >> 16) & 1);
  return static_cast<uint16_t>(bits >> 16);
}

float moe::bench::fromBF16(uint16_t bits) {
  return llvm::bit_cast<float>(uint32_t(bits) << 16);
}

/// 32 random bits from a counter (splitmix64): fast, and the same everywhere.
static uint32_t randomBits(uint64_t counter) {
  uint64_t z = counter * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return static_cast<uint32_t>(z >> 32);
}

namespace {

/// Writes values to a stream in blocks.
class Writer {
public:
  explicit Writer(llvm::raw_ostream &stream) : stream(stream) {}

  /// `count` values of type T, each from 32 random bits.
  template <typename T, typename Make>
  void write(uint64_t count, Make make) {
    std::vector<T> block(std::min<uint64_t>(count, 1 << 20));
    for (; count != 0; count -= block.size()) {
      block.resize(std::min<uint64_t>(count, block.size()));
      for (T &value : block)
        value = make(randomBits(counter++));
      stream.write(reinterpret_cast<const char *>(block.data()),
                   block.size() * sizeof(T));
    }
  }

  /// Values in [low, high).
  void writeFloats(Format format, uint64_t count, float low, float high) {
    auto make = [&](uint32_t bits) {
      return low + static_cast<float>(bits) * ((high - low) / 4294967296.0f);
    };
    if (format == Format::F32)
      write<float>(count, make);
    else
      write<uint16_t>(count, [&](uint32_t bits) { return toBF16(make(bits)); });
  }

private:
  llvm::raw_ostream &stream;
  uint64_t counter = 0;
};

} // namespace

static void writeParameter(const Parameter &parameter, Writer &writer) {
  float range = parameter.range;
  // Scales differ by group, so that a wrong one shows.
  auto writeScales = [&](float largestCode) {
    float scale = range / largestCode;
    writer.writeFloats(parameter.scaleFormat, parameter.scales(), 0.75f * scale,
                       1.25f * scale);
  };
  switch (parameter.format) {
  case Format::F32:
  case Format::BF16:
    return writer.writeFloats(parameter.format, parameter.elements(), -range,
                              range);
  case Format::Int8:
    writer.write<int8_t>(parameter.elements(), [](uint32_t bits) {
      return static_cast<int8_t>(static_cast<int>(bits % 255) - 127);
    });
    return writeScales(127);
  case Format::Int4:
    writer.write<uint8_t>(parameter.elementBytes(), [](uint32_t bits) {
      return static_cast<uint8_t>(bits);
    });
    return writeScales(8);
  }
}

llvm::Error moe::bench::writeParameters(const Layer &layer, Precision precision,
                                        llvm::StringRef path) {
  std::error_code code;
  llvm::raw_fd_ostream stream(path, code);
  if (code)
    return llvm::createFileError(path, code);
  Writer writer(stream);
  for (const Parameter &parameter : parametersOf(layer, precision))
    writeParameter(parameter, writer);
  stream.close();
  if (stream.has_error()) {
    code = stream.error();
    stream.clear_error();
    return llvm::createFileError(path, code);
  }
  return llvm::Error::success();
}

static float readFloat(Format format, const char *from, int64_t index) {
  if (format == Format::F32) {
    float value;
    std::memcpy(&value, from + index * sizeof(value), sizeof(value));
    return value;
  }
  uint16_t bits;
  std::memcpy(&bits, from + index * sizeof(bits), sizeof(bits));
  return fromBF16(bits);
}

static int readCode(Format format, const char *from, int64_t index) {
  if (format == Format::Int8)
    return static_cast<int8_t>(from[index]);
  auto byte = static_cast<uint8_t>(from[index / 2]);
  return (index % 2 == 0 ? byte & 15 : byte >> 4) - 8;
}

void moe::bench::readParameter(const Parameter &parameter, const char *file,
                               int64_t first,
                               llvm::MutableArrayRef<float> values) {
  const char *from = file + parameter.offset;
  for (size_t i = 0; i < values.size(); ++i) {
    int64_t index = first + static_cast<int64_t>(i);
    values[i] =
        parameter.isQuantized()
            ? static_cast<float>(readCode(parameter.format, from, index)) *
                  readFloat(parameter.scaleFormat,
                            file + parameter.scaleOffset(), index / scaleGroup)
            : readFloat(parameter.format, from, index);
  }
}
