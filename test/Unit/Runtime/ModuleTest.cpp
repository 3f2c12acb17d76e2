// Loading, introspection and the refusal rules of the artefact ABI.
#include "Support.h"
#include "TemporaryFolder.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace moe::test;

namespace {

class ModuleTest : public FakeTest {
protected:
  void expectRefusal(const std::string &path, moe_status_code_t code,
                     const std::vector<std::string> &parts,
                     uint32_t flags = 0) {
    moe_load_params_t params = {};
    params.struct_size = sizeof(params);
    params.flags = flags;
    Module refused;
    Result result(
        moeRuntimeModuleLoad(instance, path.c_str(), &params, refused.out()));
    EXPECT_EQ(result.code, code) << result.message;
    EXPECT_EQ(moe_module_t(refused), nullptr);
    EXPECT_NE(result.message.find(path.substr(path.rfind('/') + 1)),
              std::string::npos)
        << "names the file: " << result.message;
    for (const std::string &part : parts)
      EXPECT_NE(result.message.find(part), std::string::npos)
          << part << " in: " << result.message;
  }
};

} // namespace

TEST_F(ModuleTest, DescribesEntries) {
  const moe_module_v1 *header = moeRuntimeModuleDescription(module);
  ASSERT_NE(header, nullptr);
  EXPECT_STREQ(header->producer, "fake 1.0");
  EXPECT_EQ(header->abi_major, MOE_ABI_MAJOR);
  ASSERT_GE(moeRuntimeModuleEntryCount(module), 3u);
  EXPECT_EQ(moeRuntimeModuleEntryAt(module, 1000), nullptr);

  moe_entry_t main = nullptr;
  ASSERT_STATUS_OK(moeRuntimeModuleFindEntry(module, nullptr, &main));
  EXPECT_STREQ(moeRuntimeEntryName(main), "main");
  ASSERT_EQ(moeRuntimeEntryInputCount(main), 2u);
  ASSERT_EQ(moeRuntimeEntryOutputCount(main), 2u);
  ASSERT_EQ(moeRuntimeEntrySymbolCount(main), 3u);
  EXPECT_STREQ(moeRuntimeEntrySymbol(main, 1), "S");
  EXPECT_EQ(moeRuntimeEntrySymbol(main, 3), nullptr);
  const moe_argument_t *x = moeRuntimeEntryInput(main, 0);
  ASSERT_NE(x, nullptr);
  EXPECT_STREQ(x->name, "x");
  EXPECT_EQ(x->dtype, uint32_t(MOE_DTYPE_F32));
  ASSERT_EQ(x->rank, 3u);
  EXPECT_EQ(x->dims[0], MOE_DIM_DYNAMIC);
  EXPECT_EQ(x->dims[2], 4);
  EXPECT_STREQ(x->dim_texts[0], "B");
  EXPECT_STREQ(x->text, "f32[B, S, 4]");
  EXPECT_EQ(moeRuntimeEntryInput(main, 2), nullptr);
  EXPECT_STREQ(moeRuntimeEntryOutput(main, 1)->text, "i64[]");
  EXPECT_STREQ(moeRuntimeEntryOutput(entry("concat"), 0)->text,
               "f32[B, S + P]");
  EXPECT_STREQ(moeRuntimeEntryOutput(entry("compact"), 0)->text, "f32[?]");
}

TEST_F(ModuleTest, LookupsListWhatThereIs) {
  moe_entry_t found = nullptr;
  EXPECT_STATUS(moeRuntimeModuleFindEntry(module, "decode", &found),
                MOE_STATUS_NOT_FOUND, "has no entry 'decode'; it has main, ");
  EXPECT_EQ(found, nullptr);
  uint32_t index = 77;
  EXPECT_STATUS(moeRuntimeEntryFindInput(entry("main"), "input_ids", &index),
                MOE_STATUS_NOT_FOUND,
                "has no input 'input_ids'; it has x f32[B, S, 4], r f32[B, 4]");
  EXPECT_EQ(index, 77u);
  EXPECT_STATUS_OK(moeRuntimeEntryFindInput(entry("main"), "r", &index));
  EXPECT_EQ(index, 1u);
  EXPECT_STATUS(moeRuntimeEntryFindOutput(entry("main"), "x", &index),
                MOE_STATUS_NOT_FOUND, "has no output 'x'; it has y");
}

TEST_F(ModuleTest, RefusesOtherVersions) {
  expectRefusal(fakePath("wrong-magic.so"), MOE_STATUS_CORRUPT, {"magic"});
  expectRefusal(fakePath("other-major.so"), MOE_STATUS_INCOMPATIBLE,
                {"by 'fake 1.0' has ABI 2.1", "this runtime (", ") has ABI 1.1",
                 "recompile"});
  expectRefusal(fakePath("silent.so"), MOE_STATUS_CORRUPT,
                {"returns no description"});
  expectRefusal(fakePath("newer-minor.so"), MOE_STATUS_INCOMPATIBLE,
                {"ABI 1.9", "ABI 1.1", "recompile"});
  expectRefusal(fakePath("unknown-feature.so"), MOE_STATUS_INCOMPATIBLE,
                {"fake 1.0", "bits 0, 7", "recompile"});
  expectRefusal(fakePath("many-ranks.so"), MOE_STATUS_INCOMPATIBLE,
                {"8 ranks", "--ranks=1"});
}

TEST_F(ModuleTest, RefusesMissingCpuFeatures) {
  expectRefusal(fakePath("impossible-cpu.so"), MOE_STATUS_INCOMPATIBLE,
                {"lacks amx-from-the-future, quantum", "--cpu="});
}

TEST_F(ModuleTest, RefusesOtherWeights) {
  expectRefusal(fakePath("missing-weights.so"), MOE_STATUS_NOT_FOUND,
                {"nowhere.weights", "does not exist"});
  expectRefusal(fakePath("escaping-weights.so"), MOE_STATUS_CORRUPT,
                {"'../fake.weights'", "no plain file name"});
  expectRefusal(fakePath("other-weights.so"), MOE_STATUS_INCOMPATIBLE,
                {"other-hash.weights", "does not belong", "16 bytes, hash "});
  // These name the weights file, mapped or copied.
  for (uint32_t flags : {0u, uint32_t(MOE_LOAD_COPY_WEIGHTS)})
    for (auto [name, code, part] :
         {std::tuple{"short", MOE_STATUS_CORRUPT,
                     "expects 16 bytes of weights, but got 15"},
          std::tuple{"tiny", MOE_STATUS_CORRUPT, "(100 bytes) to be at least"},
          std::tuple{"magic", MOE_STATUS_CORRUPT, "is not a weights file"},
          std::tuple{"major", MOE_STATUS_INCOMPATIBLE, "ABI (2.1)"}}) {
      moe_load_params_t params = {};
      params.struct_size = sizeof(params);
      params.flags = flags;
      Module refused;
      EXPECT_STATUS(moeRuntimeModuleLoad(
                        instance,
                        fakePath(name + std::string("-weights.so")).c_str(),
                        &params, refused.out()),
                    code, part);
    }
}

TEST_F(ModuleTest, VerifiesWeightsOnDemand) {
  std::string path = fakePath("damaged-weights.so");
  for (uint32_t flags : {0u, uint32_t(MOE_LOAD_COPY_WEIGHTS)}) {
    moe_load_params_t params = {};
    params.struct_size = sizeof(params);
    params.flags = flags;
    Module loaded;
    EXPECT_STATUS_OK(
        moeRuntimeModuleLoad(instance, path.c_str(), &params, loaded.out()));
    params.flags |= MOE_LOAD_VERIFY_WEIGHTS;
    Module refused;
    EXPECT_STATUS(
        moeRuntimeModuleLoad(instance, path.c_str(), &params, refused.out()),
        MOE_STATUS_CORRUPT, "damaged.weights' is damaged: expects hash");
    Module verified;
    EXPECT_STATUS_OK(moeRuntimeModuleLoad(instance, fakePath("fake.so").c_str(),
                                          &params, verified.out()));
  }
}

// What the library computes with are copies of the file as it was: they do not
// change with it.
TEST_F(ModuleTest, CopiesWeights) {
  TemporaryFolder folder;
  std::string path = folder / "fake.so", weights = folder / "fake.weights";
  std::filesystem::copy_file(fakePath("fake.so"), path);
  std::filesystem::copy_file(fakePath("fake.weights"), weights);
  std::vector<float> x = ramp(24), r = ramp(8);
  Call mapped = create("main");
  bindMain(mapped, 2, 3, x, r);
  ASSERT_STATUS_OK(moeRuntimeCallRun(mapped));

  moe_load_params_t params = {};
  params.struct_size = sizeof(params);
  params.flags = MOE_LOAD_COPY_WEIGHTS;
  module.reset();
  ASSERT_STATUS_OK(
      moeRuntimeModuleLoad(instance, path.c_str(), &params, module.out()));
  std::ifstream maps("/proc/self/maps");
  std::string regions((std::istreambuf_iterator<char>(maps)), {});
  EXPECT_NE(regions.find(path), std::string::npos) << regions;
  EXPECT_EQ(regions.find(weights), std::string::npos) << regions;
  // The same file, shorter and with other bytes; a mapping would end the test.
  std::ofstream(weights, std::ios::binary) << "other";
  Call copied = create("main");
  bindMain(copied, 2, 3, x, r);
  ASSERT_STATUS_OK(moeRuntimeCallRun(copied));
  EXPECT_EQ(output(copied).values, output(mapped).values);
  EXPECT_EQ(output(copied).values, axpy(x, r, 3));
  std::filesystem::remove(weights);
  ASSERT_STATUS_OK(moeRuntimeCallRun(copied));
  EXPECT_EQ(output(copied).values, axpy(x, r, 3));
}

TEST_F(ModuleTest, RefusesUnknownFlags) {
  moe_load_params_t params = {};
  params.struct_size = sizeof(params);
  params.flags = MOE_LOAD_COPY_WEIGHTS << 1;
  Module refused;
  EXPECT_STATUS(moeRuntimeModuleLoad(instance, fakePath("fake.so").c_str(),
                                     &params, refused.out()),
                MOE_STATUS_INVALID_ARGUMENT, "unknown flags 8");
}

TEST_F(ModuleTest, TakesWeightsFromElsewhere) {
  moe_load_params_t params = {};
  params.struct_size = sizeof(params);
  std::string weights = fakePath("fake.weights");
  params.weights_path = weights.c_str();
  Module loaded;
  EXPECT_STATUS_OK(moeRuntimeModuleLoad(
      instance, fakePath("missing-weights.so").c_str(), &params, loaded.out()));
}

TEST_F(ModuleTest, FindsWeightsBehindALink) {
  TemporaryFolder folder;
  std::filesystem::create_symlink(fakePath("fake.so"), folder / "linked.so");
  Module loaded;
  EXPECT_STATUS_OK(moeRuntimeModuleLoad(
      instance, (folder / "linked.so").c_str(), nullptr, loaded.out()));
}

TEST_F(ModuleTest, DescribesWithoutBeingAbleToRun) {
  moe_load_params_t params = {};
  params.struct_size = sizeof(params);
  params.flags = MOE_LOAD_DESCRIBE_ONLY;
  for (const char *name : {"impossible-cpu.so", "missing-weights.so",
                           "unknown-feature.so", "many-ranks.so"}) {
    Module loaded;
    ASSERT_STATUS_OK(moeRuntimeModuleLoad(instance, fakePath(name).c_str(),
                                          &params, loaded.out()));
    moe_call_t call = nullptr;
    EXPECT_STATUS(
        moeRuntimeCallCreate(moeRuntimeModuleEntryAt(loaded, 0), &call),
        MOE_STATUS_INVALID_ARGUMENT, "MOE_LOAD_DESCRIBE_ONLY");
  }
  expectRefusal(fakePath("other-major.so"), MOE_STATUS_INCOMPATIBLE,
                {"ABI 2.1"}, MOE_LOAD_DESCRIBE_ONLY);
}

TEST_F(ModuleTest, RefusesFilesThatAreNoModel) {
  expectRefusal(fakePath("no-such.so"), MOE_STATUS_NOT_FOUND, {"cannot open"});
  expectRefusal(MOE_FAKE_DIR, MOE_STATUS_IO, {"not a regular file"});
  expectRefusal("/dev/null", MOE_STATUS_IO, {"not a regular file"});
  expectRefusal(fakePath("fake.weights"), MOE_STATUS_CORRUPT,
                {"not a shared library"});
  expectRefusal(fakePath("no-query.so"), MOE_STATUS_CORRUPT,
                {"not a compiled model", MOE_QUERY_SYMBOL});
}

// Whatever prefix of a library is given, and whatever one byte of its headers
// says: an error or a working module, never a crash.
TEST_F(ModuleTest, SurvivesCutLibraries) {
  std::ifstream file(fakePath("fake.so"), std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), {});
  ASSERT_GT(bytes.size(), 1000u);
  TemporaryFolder folder;
  std::string path = folder / "cut.so";
  std::vector<size_t> sizes = {0, 1, 63, 64, 100, 500, bytes.size() / 2};
  for (size_t size : sizes) {
    std::ofstream(path, std::ios::binary).write(bytes.data(), long(size));
    Module refused;
    Result result(
        moeRuntimeModuleLoad(instance, path.c_str(), nullptr, refused.out()));
    EXPECT_EQ(result.code, MOE_STATUS_CORRUPT) << size << result.message;
  }
}

TEST_F(ModuleTest, RefusesOtherMachines) {
  std::ifstream file(fakePath("fake.so"), std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), {});
  TemporaryFolder folder;
  std::string path = folder / "machine.so";
  bytes[18] = '\xF3'; // e_machine: RISC-V
  bytes[19] = 0;
  std::ofstream(path, std::ios::binary).write(bytes.data(), long(bytes.size()));
  expectRefusal(path, MOE_STATUS_INCOMPATIBLE, {"another kind of machine"});
  bytes[4] = 1; // 32 bits
  std::ofstream(path, std::ios::binary).write(bytes.data(), long(bytes.size()));
  expectRefusal(path, MOE_STATUS_CORRUPT, {"64-bit"});
}

TEST_F(ModuleTest, HandlesAreReleasedInAnyOrder) {
  std::vector<float> x = ramp(8);
  Call call = createPlain("scratch", x);
  module.reset();
  instance.reset();
  EXPECT_STATUS_OK(moeRuntimeCallRun(call));
  EXPECT_EQ(output(call).values[4], 10);
}

TEST(InstanceTest, ChecksParameters) {
  Instance instance;
  moe_instance_params_t params = {};
  EXPECT_STATUS(moeRuntimeInstanceCreate(&params, instance.out()),
                MOE_STATUS_INVALID_ARGUMENT, "struct_size");
  params.struct_size = sizeof(params);
  params.flags = 0x80;
  EXPECT_STATUS(moeRuntimeInstanceCreate(&params, instance.out()),
                MOE_STATUS_INVALID_ARGUMENT, "unknown flags");
  params.flags = 0;
  params.release = [](void *, void *, size_t) {};
  EXPECT_STATUS(moeRuntimeInstanceCreate(&params, instance.out()),
                MOE_STATUS_INVALID_ARGUMENT, "both 'allocate' and 'release'");
  params.release = nullptr;
  params.num_threads = 1000000;
  EXPECT_STATUS(moeRuntimeInstanceCreate(&params, instance.out()),
                MOE_STATUS_INVALID_ARGUMENT, "'num_threads' (1000000)");
  EXPECT_STATUS(moeRuntimeInstanceCreate(nullptr, nullptr),
                MOE_STATUS_INVALID_ARGUMENT, "NULL");
  EXPECT_EQ(moe_instance_t(instance), nullptr);
}

TEST(InstanceTest, AcceptsLargerAndSmallerStructures) {
  struct {
    moe_instance_params_t known;
    uint64_t future;
  } params = {};
  params.known.struct_size = sizeof(params);
  params.known.num_threads = 3;
  Instance instance;
  ASSERT_STATUS_OK(moeRuntimeInstanceCreate(&params.known, instance.out()));
  EXPECT_EQ(moeRuntimeInstanceNumThreads(instance), 3u);
  params.future = 1;
  Instance refused;
  EXPECT_STATUS(moeRuntimeInstanceCreate(&params.known, refused.out()),
                MOE_STATUS_INVALID_ARGUMENT, "does not know");
  params.known.struct_size = offsetof(moe_instance_params_t, flags);
  params.known.flags = 0xFFFFFFFF; // beyond the structure
  Instance small;
  EXPECT_STATUS_OK(moeRuntimeInstanceCreate(&params.known, small.out()));
}

TEST(InstanceTest, ReadsTheEnvironment) {
  setenv("MOE_NUM_THREADS", "5", 1);
  Instance instance;
  ASSERT_STATUS_OK(moeRuntimeInstanceCreate(nullptr, instance.out()));
  EXPECT_EQ(moeRuntimeInstanceNumThreads(instance), 5u);
  for (const char *text : {"0", "-1", "two", "3x", "99999999"}) {
    setenv("MOE_NUM_THREADS", text, 1);
    Instance refused;
    EXPECT_STATUS(moeRuntimeInstanceCreate(nullptr, refused.out()),
                  MOE_STATUS_INVALID_ARGUMENT, text);
  }
  unsetenv("MOE_NUM_THREADS");
}

TEST(StatusTest, NullIsHarmless) {
  EXPECT_EQ(moeRuntimeStatusCode(nullptr), MOE_STATUS_OK);
  EXPECT_STREQ(moeRuntimeStatusMessage(nullptr), "ok");
  moeRuntimeStatusRelease(nullptr);
  moeRuntimeInstanceRelease(nullptr);
  moeRuntimeModuleRelease(nullptr);
  moeRuntimeCallRelease(nullptr);
  moeRuntimeCallTrim(nullptr);
  EXPECT_EQ(moeRuntimeModuleDescription(nullptr), nullptr);
  EXPECT_EQ(moeRuntimeModuleEntryCount(nullptr), 0u);
  EXPECT_EQ(moeRuntimeEntryInput(nullptr, 0), nullptr);
  EXPECT_STATUS(moeRuntimeCallRun(nullptr), MOE_STATUS_INVALID_ARGUMENT,
                "NULL");
  moe_module_t module = nullptr;
  EXPECT_STATUS(moeRuntimeModuleLoad(nullptr, "x.so", nullptr, &module),
                MOE_STATUS_INVALID_ARGUMENT, "NULL");
}
