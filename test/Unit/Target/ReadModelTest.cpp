// Models that nobody wrote are refused, whatever MLIR's readers make of them.
#include "moe/Pipelines/Compiler.h"
#include "moe/Tools/Registration.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace mlir;

namespace {

class ReadModelTest : public ::testing::Test {
protected:
  ReadModelTest() {
    DialectRegistry registry;
    moe::registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    context.getDiagEngine().registerHandler(
        [this](Diagnostic &diagnostic) { message = diagnostic.str(); });
  }

  std::string bytecode() {
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(R"(
func.func @main(%x: tensor<?x4xf32> {moe.name = "x"}) -> tensor<?x4xf32> {
  %w = stablehlo.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %y = chlo.broadcast_add %x, %w : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
})",
                                                               &context);
    std::string bytes;
    llvm::raw_string_ostream stream(bytes);
    EXPECT_TRUE(succeeded(writeBytecodeToFile(*module, stream)));
    return bytes;
  }
  OwningOpRef<ModuleOp> read(StringRef bytes) {
    message.clear();
    return moe::readModule(llvm::MemoryBufferRef(bytes, "model.mlirbc"),
                           context);
  }

  MLIRContext context;
  std::string message;
};

TEST_F(ReadModelTest, ReadsTextAndBytecode) {
  EXPECT_TRUE(read("func.func private @f()"));
  EXPECT_TRUE(read(bytecode())) << message;
}

TEST_F(ReadModelTest, RefusesTruncatedBytecode) {
  std::string bytes = bytecode();
  for (size_t size = 4; size < bytes.size(); size += 41) {
    EXPECT_FALSE(read(StringRef(bytes).take_front(size))) << size;
    EXPECT_NE(message, "") << size;
  }
}

// Some of the damaged files end the process that reads them, or corrupt its
// memory: this test does not get through where that is its own.
TEST_F(ReadModelTest, SurvivesDamagedBytecode) {
  std::string bytes = bytecode();
  for (size_t i = 4; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(~damaged[i]);
    if (!read(damaged))
      EXPECT_NE(message, "") << i;
  }
}

} // namespace
