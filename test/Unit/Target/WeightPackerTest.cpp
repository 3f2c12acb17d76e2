// Weight expressions evaluate to the bytes that their descriptions say.
#include "moe/Target/WeightPacker.h"
#include "moe-rt/abi.h"
#include "moe/Dialect/Support/MoESupport.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

using namespace mlir;
using namespace moe::support;

namespace {

class WeightPacker : public ::testing::Test {
protected:
  WeightPacker() {
    context.loadDialect<MoESupportDialect>();
    EXPECT_FALSE(llvm::sys::fs::createUniqueDirectory("moe-packer", directory));
  }
  ~WeightPacker() override {
    (void)llvm::sys::fs::remove_directories(directory);
  }

  std::string path(llvm::StringRef name) {
    return (directory + "/" + name).str();
  }

  /// The elements 0, 1, 2, ... as a file.
  ElementsAttr iota(ArrayRef<int64_t> shape) {
    auto type = RankedTensorType::get(shape, Float32Type::get(&context));
    std::string name = path("iota" + std::to_string(type.getNumElements()));
    std::vector<float> values(type.getNumElements());
    std::iota(values.begin(), values.end(), 0.0f);
    std::error_code code;
    llvm::raw_fd_ostream stream(name, code);
    stream.write("12345678", 8);
    stream.write(reinterpret_cast<const char *>(values.data()),
                 values.size() * sizeof(float));
    return ExternalAttr::get(&context, type, name, 8);
  }

  std::vector<float> pack(ElementsAttr value) {
    uint64_t size = value.getNumElements() * sizeof(float);
    llvm::Expected<moe::PackedWeights> packed =
        moe::packWeights({{0, value}}, size, path("out"));
    if (!packed) {
      ADD_FAILURE() << llvm::toString(packed.takeError());
      return {};
    }
    auto file = llvm::MemoryBuffer::getFile(path("out"));
    EXPECT_EQ((*file)->getBufferSize(), MOE_WEIGHTS_DATA_OFFSET + size);
    std::vector<float> result(value.getNumElements());
    std::memcpy(result.data(),
                (*file)->getBufferStart() + MOE_WEIGHTS_DATA_OFFSET, size);
    return result;
  }

  std::string packError(ElementsAttr value) {
    llvm::Expected<moe::PackedWeights> packed =
        moe::packWeights({{0, value}}, 4096, path("out"));
    return packed ? "" : llvm::toString(packed.takeError());
  }

  MLIRContext context;
  llvm::SmallString<128> directory;
};

TEST_F(WeightPacker, Transpose) {
  // Larger than one block, and not a multiple of it.
  const int64_t rows = 45, columns = 70;
  std::vector<float> result =
      pack(transposeWeight(iota({rows, columns}), {1, 0}));
  for (int64_t i = 0; i < columns; ++i)
    for (int64_t j = 0; j < rows; ++j)
      ASSERT_EQ(result[i * rows + j], j * columns + i);
}

TEST_F(WeightPacker, SliceOfConcatenationAcrossTheSeam) {
  ElementsAttr both = concatWeights({iota({3, 4}), iota({3, 4})}, 1);
  std::vector<float> result = pack(sliceWeight(both, {0, 3}, {3, 2}, {1, 2}));
  EXPECT_EQ(result, (std::vector<float>{3, 1, 7, 5, 11, 9}));
}

TEST_F(WeightPacker, PadIsZero) {
  std::vector<float> result =
      pack(transposeWeight(padWeight(iota({2, 2}), {3, 3}), {1, 0}));
  EXPECT_EQ(result, (std::vector<float>{0, 2, 0, 1, 3, 0, 0, 0, 0}));
}

TEST_F(WeightPacker, ReshapeOfPaddedWeightGoesThroughScratch) {
  ElementsAttr padded = padWeight(iota({3, 2}), {4, 2});
  std::vector<float> result =
      pack(transposeWeight(reshapeWeight(padded, {2, 2, 2}), {0, 2, 1}));
  EXPECT_EQ(result, (std::vector<float>{0, 2, 1, 3, 4, 0, 5, 0}));
}

TEST_F(WeightPacker, ReshapeOfStackKeepsSlabs) {
  ElementsAttr stack = stackWeights({iota({2, 3}), iota({2, 3})});
  std::vector<float> result =
      pack(transposeWeight(reshapeWeight(stack, {2, 3, 2}), {0, 2, 1}));
  EXPECT_EQ(result, (std::vector<float>{0, 2, 4, 1, 3, 5, 0, 2, 4, 1, 3, 5}));
}

TEST_F(WeightPacker, FactorsOfSlabsUnderEveryRearrangement) {
  auto type = RankedTensorType::get({3}, Float32Type::get(&context));
  ElementsAttr factors =
      DenseElementsAttr::get(type, ArrayRef<float>{10, 100, 1000});
  ElementsAttr scaled = scaleWeight(iota({3, 2}), factors);
  EXPECT_EQ(pack(scaled), (std::vector<float>{0, 10, 200, 300, 4000, 5000}));
  EXPECT_EQ(pack(transposeWeight(scaled, {1, 0})),
            (std::vector<float>{0, 200, 4000, 10, 300, 5000}));
  EXPECT_EQ(pack(sliceWeight(scaled, {0, 1}, {2, 1}, {2, 1})),
            (std::vector<float>{10, 5000}));
  EXPECT_EQ(pack(scaleWeight(padWeight(iota({2, 2}), {3, 2}), factors)),
            (std::vector<float>{0, 10, 200, 300, 0, 0}));
}

TEST_F(WeightPacker, FactorsAreExpressionsToo) {
  // Rows 0 and 2 of 0, 1, 2 times 3.
  auto scalar = RankedTensorType::get({}, Float32Type::get(&context));
  ElementsAttr factors = scaleWeight(sliceWeight(iota({3}), {1}, {2}, {1}),
                                     DenseElementsAttr::get(scalar, 3.0f));
  EXPECT_EQ(pack(scaleWeight(iota({2, 3}), factors)),
            (std::vector<float>{0, 3, 6, 18, 24, 30}));
}

TEST_F(WeightPacker, ScaledWeightsRoundOnce) {
  // A product just below the middle of 0x3f81 (1 + 2/256) and 0x3f82
  // (1 + 4/256): rounded to f32 first it would be the middle, and then go to
  // the even one, 0x3f82.
  auto type = RankedTensorType::get({1}, BFloat16Type::get(&context));
  auto factorType = RankedTensorType::get({}, Float64Type::get(&context));
  const double factor = (1.0 + 3 * 0x1p-8 - 0x1p-30) / (1.0 + 0x1p-7);
  ElementsAttr value = scaleWeight(
      DenseElementsAttr::get(type, llvm::APFloat(llvm::APFloat::BFloat(),
                                                 llvm::APInt(16, 0x3f81))),
      DenseElementsAttr::get(factorType, factor));
  llvm::Expected<moe::PackedWeights> packed =
      moe::packWeights({{0, value}}, 64, path("out"));
  ASSERT_TRUE(static_cast<bool>(packed));
  auto file = llvm::MemoryBuffer::getFile(path("out"));
  EXPECT_EQ((*file)->getBuffer().substr(MOE_WEIGHTS_DATA_OFFSET, 2),
            llvm::StringRef("\x81\x3f", 2));
}

TEST_F(WeightPacker, ConversionsRoundToEvenUnderEveryRearrangement) {
  auto bf16 = BFloat16Type::get(&context);
  auto widened = [&](ElementsAttr value) {
    return pack(convertWeight(value, Float32Type::get(&context)));
  };
  // Of 1, 2 and 4 times 1 + 2^-8 the middle of two numbers.
  auto scalar = RankedTensorType::get({}, Float32Type::get(&context));
  ElementsAttr rounded = convertWeight(
      scaleWeight(iota({2, 3}), DenseElementsAttr::get(scalar, 1 + 0x1p-8f)),
      bf16);
  EXPECT_EQ(widened(rounded),
            (std::vector<float>{0, 1, 2, 3.015625, 4, 5.03125}));
  EXPECT_EQ(widened(transposeWeight(rounded, {1, 0})),
            (std::vector<float>{0, 3.015625, 1, 4, 2, 5.03125}));
  EXPECT_EQ(widened(sliceWeight(rounded, {0, 1}, {2, 1}, {1, 1})),
            (std::vector<float>{1, 4}));
  EXPECT_EQ(widened(padWeight(rounded, {2, 4})),
            (std::vector<float>{0, 1, 2, 0, 3.015625, 4, 5.03125, 0}));

  // More than what is read at once; numbers of few bits stay what they are.
  const int64_t columns = 700001;
  std::vector<float> many = widened(convertWeight(iota({3, columns}), bf16));
  for (int64_t i = 0; i < 3 * columns; i += 1 << 13)
    ASSERT_EQ(many[i], i);
}

TEST_F(WeightPacker, ConversionsOfWhatIsNoNumber) {
  auto type = RankedTensorType::get({4}, Float32Type::get(&context));
  auto floats = [](std::vector<uint32_t> bits) {
    return llvm::map_to_vector(
        bits, [](uint32_t number) { return llvm::bit_cast<float>(number); });
  };
  // A NaN that only has low bits, the greatest number, -0, -infinity.
  ElementsAttr odd = DenseElementsAttr::get(
      type, ArrayRef<float>(
                floats({0x7f800001, 0x7f7fffff, 0x80000000, 0xff800000})));
  ElementsAttr rounded =
      ConvertAttr::get(&context, type.clone(BFloat16Type::get(&context)), odd);
  std::vector<float> result =
      pack(convertWeight(rounded, Float32Type::get(&context)));
  EXPECT_TRUE(std::isnan(result[0]));
  EXPECT_EQ(result[1], std::numeric_limits<float>::infinity());
  EXPECT_TRUE(result[2] == 0 && std::signbit(result[2]));
  EXPECT_EQ(result[3], -std::numeric_limits<float>::infinity());
}

TEST_F(WeightPacker, DenseLeaves) {
  auto type = RankedTensorType::get({2, 2}, Float32Type::get(&context));
  ElementsAttr some = DenseElementsAttr::get(type, ArrayRef<float>{1, 2, 3, 4});
  ElementsAttr splat = DenseElementsAttr::get(type, 7.0f);
  EXPECT_EQ(pack(concatWeights({transposeWeight(some, {1, 0}), splat}, 0)),
            (std::vector<float>{1, 3, 2, 4, 7, 7, 7, 7}));
}

TEST_F(WeightPacker, BooleansAreBytes) {
  auto type = RankedTensorType::get({3}, IntegerType::get(&context, 1));
  ElementsAttr value =
      DenseElementsAttr::get(type, ArrayRef<bool>{true, false, true});
  llvm::Expected<moe::PackedWeights> packed =
      moe::packWeights({{0, value}}, 64, path("out"));
  ASSERT_TRUE(static_cast<bool>(packed));
  auto file = llvm::MemoryBuffer::getFile(path("out"));
  EXPECT_EQ((*file)->getBuffer().substr(MOE_WEIGHTS_DATA_OFFSET, 4),
            llvm::StringRef("\1\0\1\0", 4));
}

/// The codes 0, 1, 2, ... 11, two in each byte of the file `codes`.
class PackedCodes : public WeightPacker {
protected:
  PackedCodes() {
    std::error_code code;
    llvm::raw_fd_ostream(path("codes"), code) << "\x10\x32\x54\x76\x98\xba";
  }
  RankedTensorType type(ArrayRef<int64_t> shape, unsigned bits) {
    return RankedTensorType::get(shape, IntegerType::get(&context, bits));
  }
  std::vector<int> bytes(ElementsAttr value) {
    uint64_t size = value.getNumElements();
    EXPECT_TRUE(bool(moe::packWeights({{0, value}}, size, path("out"))));
    auto file = llvm::MemoryBuffer::getFile(path("out"));
    StringRef data = (*file)->getBuffer().drop_front(MOE_WEIGHTS_DATA_OFFSET);
    return std::vector<int>(data.begin(), data.end());
  }
};

// A byte holds two codes in files and under `nibbles`, and one anywhere else.
TEST_F(PackedCodes, OfFourBits) {
  // 0 1 2 3
  // 4 5 6 7
  // 8 9 a b
  auto codes = ExternalAttr::get(&context, type({3, 4}, 4), path("codes"), 0);
  EXPECT_EQ(bytes(codes),
            (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
  ElementsAttr turned = padWeight(transposeWeight(codes, {1, 0}), {4, 4});
  EXPECT_EQ(bytes(nibbleBytes(turned)),
            (std::vector<int>{0x40, 0x08, 0x51, 0x09, 0x62, 0x0a, 0x73, 0x0b}));
  auto dense = DenseElementsAttr::get(
      type({4}, 4),
      ArrayRef<APInt>{APInt(4, 1), APInt(4, 15), APInt(4, 8), APInt(4, 7)});
  EXPECT_EQ(bytes(dense), (std::vector<int>{1, 15, 8, 7}));
  EXPECT_EQ(bytes(nibbleBytes(dense)),
            (std::vector<int>{static_cast<int8_t>(0xf1), 0x78}));
  auto longer = ExternalAttr::get(&context, type({13}, 4), path("codes"), 0);
  EXPECT_NE(packError(longer).find("(6 bytes) to hold 7 bytes"),
            std::string::npos);
}

// Numbers that share bytes come apart in any window of an expression.
TEST_F(PackedCodes, NumbersThatShareBytes) {
  auto packed = ExternalAttr::get(&context, type({3, 2}, 8), path("codes"), 0);
  Type i4 = IntegerType::get(&context, 4), i8 = IntegerType::get(&context, 8);
  ElementsAttr nibbles = unpackBytes(packed, 4, i4);
  EXPECT_EQ(bytes(nibbles),
            (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
  EXPECT_EQ(bytes(transposeWeight(nibbles, {1, 0})),
            (std::vector<int>{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}));
  EXPECT_EQ(bytes(sliceWeight(nibbles, {0, 1}, {2, 2}, {2, 2})),
            (std::vector<int>{1, 3, 9, 11}));
  EXPECT_EQ(bytes(unpackBytes(reverseWeight(packed, 0), 4, i8)),
            (std::vector<int>{8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3}));
  EXPECT_EQ(
      bytes(nibbleBytes(padWeight(nibbles, {3, 6}))),
      (std::vector<int>{0x10, 0x32, 0, 0x54, 0x76, 0, static_cast<int8_t>(0x98),
                        static_cast<int8_t>(0xba), 0}));
  auto quarters =
      ExternalAttr::get(&context, type({2, 1}, 8), path("codes"), 2);
  EXPECT_EQ(bytes(unpackBytes(quarters, 2, i8)),
            (std::vector<int>{0, 1, 1, 1, 2, 1, 3, 1}));
  Type i2 = IntegerType::get(&context, 2);
  ElementsAttr codes = unpackBytes(quarters, 2, i2);
  EXPECT_EQ(bytes(codes), (std::vector<int>{0, 1, 1, 1, 2, 1, 3, 1}));
  EXPECT_EQ(
      bytes(nibbleBytes(reshapeWeight(transposeWeight(codes, {1, 0}), {8}))),
      (std::vector<int>{0x58, 0x5d}));
  // 1032 rows are more than are read at once.
  {
    std::error_code code;
    llvm::raw_fd_ostream large(path("large"), code);
    for (int row = 0; row < 1032; ++row)
      for (int i = 0; i < 512; ++i)
        large << static_cast<char>(row % 16 | (i % 16) << 4);
  }
  auto large =
      ExternalAttr::get(&context, type({1032, 512}, 8), path("large"), 0);
  std::vector<int> all = bytes(unpackBytes(large, 4, i8));
  for (int row = 0; row < 1032; ++row)
    for (int i = 0; i < 512; ++i) {
      ASSERT_EQ(all[row * 1024 + 2 * i], row % 16);
      ASSERT_EQ(all[row * 1024 + 2 * i + 1], i % 16);
    }
}

TEST_F(WeightPacker, HashIsCanonicalXXH3) {
  // XXH3-128 of nothing, as xxhsum -H2 prints it.
  llvm::Expected<moe::PackedWeights> packed =
      moe::packWeights({}, 0, path("out"));
  ASSERT_TRUE(static_cast<bool>(packed));
  const std::array<uint8_t, 16> expected = {0x99, 0xaa, 0x06, 0xd3, 0x01, 0x47,
                                            0x98, 0xd8, 0x60, 0x01, 0xc3, 0x24,
                                            0x46, 0x8d, 0x49, 0x7f};
  EXPECT_EQ(packed->hash, expected);
}

TEST_F(WeightPacker, MissingFile) {
  auto type = RankedTensorType::get({2}, Float32Type::get(&context));
  std::string message =
      packError(ExternalAttr::get(&context, type, path("none"), 0));
  EXPECT_NE(message.find("cannot read the weights file"), std::string::npos);
  EXPECT_NE(message.find("No such file"), std::string::npos);
}

TEST_F(WeightPacker, ShortFile) {
  auto leaf = cast<ExternalAttr>(iota({4}));
  auto type = RankedTensorType::get({5}, Float32Type::get(&context));
  std::string message =
      packError(ExternalAttr::get(&context, type, leaf.getFile(), 8));
  EXPECT_NE(message.find("(24 bytes) to hold 20 bytes from offset 8"),
            std::string::npos);
}

} // namespace
