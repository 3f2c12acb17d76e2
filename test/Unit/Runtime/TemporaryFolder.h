// A place for the files of one test.
#ifndef MOE_TEST_UNIT_RUNTIME_TEMPORARYFOLDER_H
#define MOE_TEST_UNIT_RUNTIME_TEMPORARYFOLDER_H

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace moe::test {

/// A folder that is removed at the end of a test.
class TemporaryFolder {
public:
  TemporaryFolder() {
    std::string pattern = ::testing::TempDir() + "moe-test-XXXXXX";
    folder = mkdtemp(pattern.data());
  }
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(folder); }
  std::filesystem::path operator/(const char *name) const {
    return folder / name;
  }

private:
  std::filesystem::path folder;
};

} // namespace moe::test

#endif // MOE_TEST_UNIT_RUNTIME_TEMPORARYFOLDER_H
