// Bytes of files in memory, which the C API hides.
#include "Weights.h"
#include "Status.h"
#include "TemporaryFolder.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

using namespace moe::rt;

namespace {

/// A weights file of two large pages, a half and a byte, with the header that
/// `module` expects.
class WeightsTest : public ::testing::Test {
protected:
  WeightsTest() {
    bytes.resize((5 << 20) + MOE_WEIGHTS_DATA_OFFSET + 1);
    for (size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<char>(i * 7 + i / 251);
    moe_weights_header_v1 header = {};
    header.magic = MOE_WEIGHTS_MAGIC;
    header.abi_major = MOE_ABI_MAJOR;
    header.abi_minor = MOE_ABI_MINOR;
    header.size = module.weights_size = bytes.size() - MOE_WEIGHTS_DATA_OFFSET;
    std::memcpy(bytes.data(), &header, sizeof(header));
    write();
  }

  void write() {
    std::ofstream(path, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

  std::shared_ptr<const FileBytes> load() {
    return loadWeights(path, module, "model.so", MOE_LOAD_COPY_WEIGHTS);
  }

  void expectBytes(const FileBytes &loaded) {
    ASSERT_EQ(loaded.size(), bytes.size());
    EXPECT_EQ(std::memcmp(loaded.data(), bytes.data(), bytes.size()), 0);
  }

  /// What the system says of the memory that begins at `address`.
  static std::string regionAt(const void *address) {
    std::ostringstream begin;
    begin << std::hex << reinterpret_cast<uintptr_t>(address) << '-';
    std::ifstream smaps("/proc/self/smaps");
    std::string line, region;
    while (std::getline(smaps, line)) {
      if (line.rfind(begin.str(), 0) == 0)
        region = line + "\n";
      else if (!region.empty())
        region += line + "\n";
      if (!region.empty() && line.rfind("VmFlags:", 0) == 0)
        break;
    }
    return region;
  }

  moe::test::TemporaryFolder folder;
  std::string path = folder / "model.weights";
  std::string bytes;
  moe_module_v1 module = {};
};

/// Expects that `body` throws an Error with `code` whose message has `parts`.
template <typename Body>
void expectError(Body body, moe_status_code_t code,
                 std::initializer_list<const char *> parts) {
  try {
    body();
    ADD_FAILURE() << "no error";
  } catch (const Error &error) {
    EXPECT_EQ(error.code, code) << error.what();
    for (const char *part : parts)
      EXPECT_NE(std::strstr(error.what(), part), nullptr) << error.what();
  }
}

} // namespace

TEST_F(WeightsTest, CopiesAreAnonymousAndReadOnly) {
  File file(path);
  FileBytes copied = FileBytes::copy(file), mapped = FileBytes::map(file);
  expectBytes(copied);
  expectBytes(mapped);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(copied.data()) % (2 << 20), 0u);
  std::string region = regionAt(copied.data());
  EXPECT_NE(region.find(" r--p 00000000 00:00 0"), std::string::npos) << region;
  EXPECT_EQ(region.find(path), std::string::npos) << region;
  EXPECT_NE(regionAt(mapped.data()).find(path), std::string::npos);
}

TEST_F(WeightsTest, CopiesFilesWithoutBytes) {
  bytes.clear();
  write();
  FileBytes copied = FileBytes::copy(File(path));
  EXPECT_EQ(copied.data(), nullptr);
  EXPECT_EQ(copied.size(), 0u);
}

TEST_F(WeightsTest, LoadsOfOneFileShareACopy) {
  std::shared_ptr<const FileBytes> loaded[4];
  {
    std::vector<std::thread> threads;
    for (auto &one : loaded)
      threads.emplace_back([&] { one = load(); });
    for (std::thread &thread : threads)
      thread.join();
  }
  for (auto &one : loaded)
    EXPECT_EQ(one->data(), loaded[0]->data());
  // The file with other bytes is another one; the copy stays as it was.
  std::string before = bytes;
  bytes.back() ^= 1;
  std::filesystem::remove(path);
  write();
  std::shared_ptr<const FileBytes> other = load();
  expectBytes(*other);
  bytes = before;
  expectBytes(*loaded[3]);
  EXPECT_EQ(loaded[0].use_count(), 4);
}

TEST_F(WeightsTest, LoadsAgainAfterAnError) {
  File file(path);
  std::filesystem::resize_file(path, 5000);
  expectError(
      [&] { FileBytes::copy(file); }, MOE_STATUS_CORRUPT,
      {"model.weights", "was cut short while it was read", "but got 5000"});
  expectError([&] { load(); }, MOE_STATUS_CORRUPT,
              {"model.weights", "is cut short: expects 5242881 bytes"});
  write();
  expectBytes(*load());
}

TEST_F(WeightsTest, SaysWhereThereIsNoMemory) {
  // A terabyte that takes no place on the disk, and no memory for it.
  std::filesystem::resize_file(path, uintmax_t(1) << 40);
  File file(path);
  size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_AS, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = std::min<rlim_t>(
      before.rlim_max, pages * size_t(sysconf(_SC_PAGESIZE)) + (1u << 30));
  ASSERT_EQ(setrlimit(RLIMIT_AS, &tight), 0);
  expectError([&] { FileBytes::copy(file); }, MOE_STATUS_OUT_OF_MEMORY,
              {"model.weights", "1099511627776 bytes of memory",
               "MOE_LOAD_COPY_WEIGHTS"});
  setrlimit(RLIMIT_AS, &before);
}
