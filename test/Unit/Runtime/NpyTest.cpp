// Reading and writing of .npy files, and the comparison of tensors.
#include "Npy.h"
#include "Compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>

using namespace moe::run;

namespace {

class NpyTest : public ::testing::Test {
protected:
  NpyTest() {
    std::string pattern = ::testing::TempDir() + "moe-npy-XXXXXX";
    folder = mkdtemp(pattern.data());
    path = folder + "/a.npy";
  }
  ~NpyTest() override { std::filesystem::remove_all(folder); }

  /// Writes a file of format `version` with this header text and elements.
  void write(const std::string &header, const std::string &elements,
             int version = 1) {
    std::string bytes = "\x93NUMPY";
    bytes += char(version);
    bytes += '\0';
    size_t size = header.size();
    for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
      bytes += char(size >> 8 * i & 255);
    writeRaw(bytes + header + elements);
  }
  void writeRaw(const std::string &bytes) {
    std::ofstream(path, std::ios::binary).write(bytes.data(), bytes.size());
  }
  std::string error() {
    try {
      readNpy(path);
      return "accepted";
    } catch (const InputError &failure) {
      std::string message = failure.what();
      EXPECT_NE(message.find(path), std::string::npos) << message;
      return message;
    }
  }
  void expectError(const std::string &part) {
    std::string message = error();
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }

  std::string folder;
  std::string path;
};

template <typename T>
std::string bytesOf(const std::vector<T> &values) {
  return {reinterpret_cast<const char *>(values.data()),
          values.size() * sizeof(T)};
}

template <typename T>
std::vector<T> valuesOf(const Array &array) {
  std::vector<T> values(array.bytes / sizeof(T));
  if (array.bytes)
    std::memcpy(values.data(), array.data.get(), array.bytes);
  return values;
}

constexpr const char *kHeader =
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n";

} // namespace

TEST_F(NpyTest, ReadsEveryVersion) {
  std::vector<float> values = {0, 1, 2, 3, 4, 5};
  for (int version : {1, 2, 3}) {
    write(kHeader, bytesOf(values), version);
    Array array = readNpy(path);
    EXPECT_EQ(array.dtype, uint32_t(MOE_DTYPE_F32));
    EXPECT_EQ(array.dims, (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(valuesOf<float>(array), values);
  }
  write(kHeader, bytesOf(values), 4);
  expectError("format version 4.0");
}

// A recorded case of the test models, as numpy wrote it.
TEST_F(NpyTest, ReadsWhatNumpyWrote) {
  std::string folder =
      MOE_SOURCE_DIR "/test/Integration/Inputs/models/mixtral-tiny/";
  Array ids = readNpy(folder + "inputs/input_ids.npy");
  EXPECT_EQ(ids.dtype, uint32_t(MOE_DTYPE_I64));
  EXPECT_EQ(ids.dims.size(), 2u);
  for (int64_t id : valuesOf<int64_t>(ids)) {
    EXPECT_GE(id, 0);
    EXPECT_LT(id, 1000000);
  }
  Array logits = readNpy(folder + "outputs/logits.npy");
  EXPECT_EQ(logits.dtype, uint32_t(MOE_DTYPE_F32));
  ASSERT_EQ(logits.dims.size(), 3u);
  EXPECT_EQ(logits.dims[0], ids.dims[0]);
  EXPECT_EQ(logits.dims[1], ids.dims[1]);
  for (float logit : valuesOf<float>(logits))
    EXPECT_LT(std::abs(logit), 1e3f);
}

TEST_F(NpyTest, ReadsColumnMajor) {
  // numpy: np.asfortranarray(np.arange(24).reshape(2, 3, 4))
  std::vector<int64_t> stored, expected;
  for (int64_t k = 0; k < 4; ++k)
    for (int64_t j = 0; j < 3; ++j)
      for (int64_t i = 0; i < 2; ++i)
        stored.push_back(i * 12 + j * 4 + k);
  for (int64_t i = 0; i < 24; ++i)
    expected.push_back(i);
  write("{\"descr\": \"<i8\", 'fortran_order': True, 'shape': (2L, 3L, 4L)}\n",
        bytesOf(stored));
  EXPECT_EQ(valuesOf<int64_t>(readNpy(path)), expected);
  write("{'descr': '<i8', 'fortran_order': True, 'shape': (0, 3)}\n", "");
  EXPECT_EQ(readNpy(path).bytes, 0u);
}

TEST_F(NpyTest, RoundTripsEveryType) {
  for (moe_dtype_t dtype = MOE_DTYPE_BOOL; dtype <= MOE_DTYPE_F64; ++dtype)
    for (std::vector<int64_t> dims :
         {std::vector<int64_t>{}, {3}, {2, 0}, {2, 1, 5}}) {
      size_t count = 1;
      for (int64_t dim : dims)
        count *= size_t(dim);
      std::string data;
      for (size_t i = 0; i < count * moeRuntimeDtypeSize(dtype); ++i)
        data += dtype == MOE_DTYPE_BOOL ? char(i & 1) : char(i * 37);
      writeNpy(path, {{dtype, uint32_t(dims.size()), dims.data()},
                      data.data(),
                      data.size()});
      Array array = readNpy(path);
      EXPECT_EQ(array.dtype, dtype);
      EXPECT_EQ(array.dims, dims);
      EXPECT_EQ(valuesOf<char>(array),
                std::vector<char>(data.begin(), data.end()));
    }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1)
      << "no temporary file stays";
}

TEST_F(NpyTest, RefusesWhatItCannotRepresent) {
  auto header = [](const std::string &descr) {
    return "{'descr': " + descr +
           ", 'fortran_order': False, 'shape': (1,), }\n";
  };
  write(header("'>f4'"), "1234");
  expectError("expects little-endian elements, but got '>f4'");
  for (const char *descr :
       {"'<c8'", "'<U3'", "'|O'", "'<M8[ns]'", "''", "'f'"}) {
    write(header(descr), "12345678");
    expectError("has elements ");
  }
  write(header("[('a', '<f4')]"), "1234");
  expectError("structured");
  write(header("'|b1'"), "\x02");
  expectError("a boolean that is neither 0 nor 1");
}

TEST_F(NpyTest, RefusesMalformedFiles) {
  EXPECT_NE(error().find("cannot open"), std::string::npos);
  for (const char *bytes : {"", "\x93NUM", "not numpy at all"}) {
    writeRaw(bytes);
    expectError("is not a .npy file");
  }
  writeRaw(std::string("\x93NUMPY\x01\x00\xff\xff{", 11));
  expectError("ends within its header");
  writeRaw(std::string("\x93NUMPY\x02\x00\xff\xff", 10));
  expectError("ends within its header");
  write(kHeader, std::string(23, 'x'));
  expectError("expects 24 bytes of elements for f32[2, 3], but got 23");
  write(kHeader, std::string(25, 'x'));
  expectError("expects 24 bytes of elements for f32[2, 3], but got 25");

  for (auto [text, part] : {
           std::pair{"", "expects '{'"},
           {"{", "expects '\"'"},
           {"{}", "expects exactly"},
           {"{'descr': '<f4'}", "expects exactly"},
           {"{'descr': '<f4", "without an end"},
           {"{'descr': '<f4', 'fortran_order': 0", "expects True or False"},
           {"{'shape': (2, -3)}", "not negative"},
           {"{'shape': (2 3)}", "expects ')'"},
           {"{'shape': 2}", "expects '('"},
           {"{'shape': (99999999999999999999,)}", "64 bits"},
           {"{'colour': 'red'}", "unknown key 'colour'"},
           {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
            "expects exactly"},
           {"{'descr': '<f4', 'fortran_order': False, 'shape': "
            "(4294967296, 4294967296, 4294967296)}",
            "more than 2^63 bytes"},
           {"{'descr': '<f4', 'fortran_order': False, 'shape': "
            "(1000000000000,)}",
            "expects 4000000000000 bytes"},
       }) {
    write(text, "1234");
    expectError(part);
  }
  std::string deep = "{'shape': (";
  for (int i = 0; i < 65; ++i)
    deep += "1, ";
  write(deep + ")}", "");
  expectError("more than 64 dimensions");
}

// Every file that differs from a good one in a byte or in its length is read or
// refused; the sanitizers watch.
TEST_F(NpyTest, SurvivesEveryDamagedByte) {
  write(kHeader, bytesOf(std::vector<float>(6)));
  std::ifstream file(path, std::ios::binary);
  std::string good((std::istreambuf_iterator<char>(file)), {});
  for (size_t size = 0; size < good.size(); ++size) {
    writeRaw(good.substr(0, size));
    EXPECT_NE(error(), "accepted") << size;
  }
  for (size_t i = 0; i < good.size(); ++i)
    for (int value : {0, 1, 9, 39, 40, 44, 57, 127, 128, 255}) {
      std::string bad = good;
      bad[i] = char(value);
      writeRaw(bad);
      error();
    }
}

TEST_F(NpyTest, LeavesNoPartialFile) {
  float value = 1;
  moe_tensor_t tensor = {{MOE_DTYPE_F32, 0, nullptr}, &value, 4};
  EXPECT_THROW(writeNpy(folder + "/no/such/folder/a.npy", tensor), InputError);
  EXPECT_THROW(writeNpy("/dev/full", tensor), InputError);
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
  EXPECT_THROW(writeNpy(folder, tensor), InputError);
  // A link stays a link.
  std::string link = folder + "/link.npy";
  writeNpy(path, tensor);
  std::filesystem::create_symlink(path, link);
  value = 2;
  writeNpy(link, tensor);
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(valuesOf<float>(readNpy(path)), std::vector<float>{2});
}

namespace {

template <typename T>
Comparison compareValues(moe_dtype_t dtype, const std::vector<T> &y,
                         moe_dtype_t referenceDtype, const auto &r,
                         std::optional<double> tolerance = {}) {
  int64_t count = int64_t(y.size());
  Array reference;
  reference.dtype = referenceDtype;
  reference.dims = {int64_t(r.size())};
  reference.bytes = r.size() * sizeof(r[0]);
  reference.data.reset(static_cast<char *>(std::malloc(reference.bytes + 1)));
  if (reference.bytes > 0)
    std::memcpy(reference.data.get(), r.data(), reference.bytes);
  return compare({{dtype, 1, &count}, y.data(), y.size() * sizeof(T)},
                 reference, tolerance);
}

Comparison compareFloats(const std::vector<float> &y,
                         const std::vector<float> &r,
                         std::optional<double> tolerance = {}) {
  return compareValues(MOE_DTYPE_F32, y, MOE_DTYPE_F32, r, tolerance);
}

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

} // namespace

TEST(CompareTest, MeasuresAgainstTheLargestReference) {
  Comparison result = compareFloats({1, 2, -4}, {1, 2.5, -5});
  EXPECT_DOUBLE_EQ(result.error, 0.2);
  EXPECT_EQ(result.bound, 1e-4);
  EXPECT_FALSE(result.ok);
  EXPECT_EQ(result.problem, "differs most at [2]: expects -5, but got -4");
  EXPECT_TRUE(compareFloats({1, 2, -4}, {1, 2.5, -5}, 0.2).ok);
  EXPECT_FALSE(compareFloats({1, 2, -4}, {1, 2.5, -5}, 0.19).ok);
  EXPECT_TRUE(compareFloats({10000.5f}, {10000}).ok);
  EXPECT_TRUE(compareFloats({}, {}).ok);
  EXPECT_TRUE(compareFloats({0, 0}, {0, -0.f}).ok);
  EXPECT_FALSE(compareFloats({0, 1e-30f}, {0, 0}).ok);
}

TEST(CompareTest, MatchesNaNAndInfinity) {
  EXPECT_TRUE(compareFloats({kNaN, kInf, -kInf, 1}, {kNaN, kInf, -kInf, 1}).ok);
  for (auto [y, r] : {std::pair{kNaN, 1.f},
                      {1.f, kNaN},
                      {kInf, -kInf},
                      {kInf, 1e38f},
                      {1e38f, kInf},
                      {kNaN, kInf},
                      {kInf, kNaN}}) {
    Comparison result = compareFloats({1, y}, {1, r}, 1e30);
    EXPECT_FALSE(result.ok) << y << " " << r;
    EXPECT_TRUE(std::isinf(result.error));
    EXPECT_NE(result.problem.find("NaN or infinity differs in 1 of 2 elements, "
                                  "first at [1]"),
              std::string::npos)
        << result.problem;
  }
}

TEST(CompareTest, NeedsEqualShapes) {
  Comparison result = compareFloats({1, 2}, {1, 2, 3});
  EXPECT_FALSE(result.ok);
  EXPECT_EQ(result.problem, "expects f32[3], but got f32[2]");
}

TEST(CompareTest, NeedsEqualIntegers) {
  using Longs = std::vector<int64_t>;
  int64_t big = (int64_t(1) << 62) + 1;
  auto longs = [](const Longs &y, const Longs &r) {
    return compareValues(MOE_DTYPE_I64, y, MOE_DTYPE_I64, r, 1e9);
  };
  EXPECT_TRUE(longs({1, big}, {1, big}).ok);
  Comparison result = longs({1, big}, {1, big - 1});
  EXPECT_FALSE(result.ok) << "although equal as doubles";
  EXPECT_NE(result.problem.find("1 of 2 elements differ, most at [1]"),
            std::string::npos)
      << result.problem;
  EXPECT_NE(longs({1, 5, 3}, {2, 9, 3})
                .problem.find("2 of 3 elements differ, "
                              "most at [1]: expects 9, "
                              "but got 5"),
            std::string::npos);
}

TEST(CompareTest, ReadsNarrowFloats) {
  using Words = std::vector<uint16_t>;
  using Floats = std::vector<float>;
  // 1, -2, least normal, least subnormal, largest, -0, infinity, NaN.
  Words half = {0x3C00, 0xC000, 0x0400, 0x0001, 0x7BFF, 0x8000, 0x7C00, 0x7E00};
  Floats values = {
      1, -2, std::ldexp(1.f, -14), std::ldexp(1.f, -24), 65504, 0, kInf, kNaN};
  Comparison result =
      compareValues(MOE_DTYPE_F16, half, MOE_DTYPE_F32, values, 0.0);
  EXPECT_TRUE(result.ok) << result.problem;
  EXPECT_EQ(result.error, 0);
  Words brain = {0x3F80, 0xC000, 0x7F80, 0x7FC0, 0x4049};
  values = {1, -2, kInf, kNaN, 3.140625f};
  result = compareValues(MOE_DTYPE_BF16, brain, MOE_DTYPE_F32, values);
  EXPECT_TRUE(result.ok) << result.problem;
  EXPECT_EQ(result.error, 0);
  EXPECT_EQ(result.bound, 2e-2);
  EXPECT_TRUE(comparable(MOE_DTYPE_BF16, MOE_DTYPE_F32));
  EXPECT_FALSE(comparable(MOE_DTYPE_I32, MOE_DTYPE_I64));
  EXPECT_FALSE(comparable(MOE_DTYPE_F32, MOE_DTYPE_I32));
}
