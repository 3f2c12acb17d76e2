// The importer as its callers see it: files, hostile bytes, and the corpus that
// the fuzzer starts from.
#include "moe/Import/Onnx.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"
#include <onnx/onnx_pb.h>
#include <random>

using namespace mlir;

namespace {

class ImportTest : public testing::Test {
protected:
  ImportTest() : context(MLIRContext::Threading::DISABLED) {
    context.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
        messages.push_back(diagnostic.str());
    });
  }
  static std::vector<std::string> corpus() {
    std::vector<std::string> paths;
    std::error_code error;
    for (llvm::sys::fs::directory_iterator it(MOE_FUZZ_CORPUS, error), end;
         it != end && !error; it.increment(error))
      paths.push_back(it->path());
    llvm::sort(paths);
    return paths;
  }
  static std::string read(const std::string &path) {
    auto file = llvm::MemoryBuffer::getFile(path);
    EXPECT_TRUE(file) << path;
    return file ? (*file)->getBuffer().str() : std::string();
  }
  /// Imports, and expects a module without an error or one error without a
  /// module.
  bool import(StringRef bytes) {
    messages.clear();
    OwningOpRef<ModuleOp> module =
        moe::importOnnxBuffer(bytes, "test.onnx", &context);
    EXPECT_EQ(static_cast<bool>(module), messages.empty());
    return static_cast<bool>(module);
  }

  MLIRContext context;
  std::vector<std::string> messages;
};

TEST_F(ImportTest, CorpusImports) {
  ASSERT_GE(corpus().size(), 20u);
  for (const std::string &path : corpus()) {
    // Found by the fuzzer or referring to a file: refused, but not silently.
    bool refused = StringRef(path).contains("crash-") ||
                   StringRef(path).ends_with("external.onnx");
    EXPECT_EQ(import(read(path)), !refused)
        << path << (messages.empty() ? "" : ": " + messages[0]);
  }
}

TEST_F(ImportTest, DamagedCorpusIsRefusedOrImported) {
  std::mt19937 random(1);
  for (const std::string &path : corpus()) {
    std::string bytes = read(path);
    if (bytes.empty())
      continue;
    for (int round = 0; round < 40; ++round) {
      std::string damaged = bytes;
      for (int i = random() % 4; i >= 0; --i)
        damaged[random() % damaged.size()] ^= 1 << random() % 8;
      import(damaged);
      import(StringRef(damaged).take_front(random() % damaged.size()));
    }
  }
}

TEST_F(ImportTest, FilesAreNamedInErrors) {
  EXPECT_FALSE(moe::importOnnx("no/such/model.onnx", &context));
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_NE(messages[0].find("expects a file that can be read, but got "
                             "'no/such/model.onnx'"),
            std::string::npos)
      << messages[0];
}

TEST_F(ImportTest, WeightsInTheFileAreReferences) {
  ::onnx::ModelProto proto;
  ASSERT_TRUE(proto.ParseFromString(
      read(std::string(MOE_FUZZ_CORPUS) + "/external.onnx")));
  ::onnx::TensorProto *tensor = proto.mutable_graph()->mutable_initializer(0);
  tensor->clear_external_data();
  tensor->clear_data_location();
  tensor->clear_dims();
  tensor->add_dims(2048);
  tensor->add_dims(1);
  tensor->set_raw_data(std::string(8192, '\x3f'));
  proto.mutable_graph()
      ->mutable_output(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->clear_shape();
  llvm::SmallString<128> path;
  int descriptor;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("moe-import", "onnx",
                                                  descriptor, path));
  std::string bytes = proto.SerializeAsString();
  llvm::raw_fd_ostream(descriptor, /*shouldClose=*/true) << bytes;

  OwningOpRef<ModuleOp> module = moe::importOnnx(path, &context);
  ASSERT_TRUE(module);
  std::string text;
  llvm::raw_string_ostream(text) << *module;
  size_t offset = bytes.find(std::string(8192, '\x3f'));
  std::string reference = "#moe_support.external<\"" + std::string(path) +
                          "\", " + std::to_string(offset) +
                          "> : tensor<2048x1xf32>";
  EXPECT_NE(text.find(reference), std::string::npos) << text;
  (void)llvm::sys::fs::remove(path);
}

} // namespace
