// The LLVM structures that the compiler emits have the layout of abi.h.
#include "ArtefactABI.h"
#include "moe-rt/abi.h"

#include "llvm/IR/DataLayout.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/LLVMContext.h"
#include "gtest/gtest.h"

#include <cstddef>

namespace {

class ArtefactABI : public ::testing::Test {
protected:
  void expectLayout(llvm::StructType *type, size_t size,
                    std::initializer_list<size_t> offsets) {
    const llvm::StructLayout *actual = layout.getStructLayout(type);
    EXPECT_EQ(actual->getSizeInBytes(), size);
    ASSERT_EQ(type->getNumElements(), offsets.size());
    unsigned index = 0;
    for (size_t offset : offsets) {
      EXPECT_EQ(actual->getElementOffset(index), offset) << "field " << index;
      ++index;
    }
  }

  llvm::LLVMContext context;
  llvm::DataLayout layout{"e-m:e-i64:64-n8:16:32:64-S128"};
  moe::ABITypes types{context};
};

TEST_F(ArtefactABI, Buffer) {
  using T = moe_buffer_v1;
  expectLayout(types.buffer, sizeof(T),
               {offsetof(T, data), offsetof(T, shape), offsetof(T, rank),
                offsetof(T, dtype)});
}

TEST_F(ArtefactABI, Environment) {
  using T = moe_environment_v1;
  expectLayout(types.environment, sizeof(T),
               {offsetof(T, abi_major), offsetof(T, abi_minor),
                offsetof(T, allocate), offsetof(T, release),
                offsetof(T, parallel_for), offsetof(T, fail),
                offsetof(T, trace), offsetof(T, reserved)});
}

TEST_F(ArtefactABI, Dim) {
  using T = moe_dim_v1;
  expectLayout(types.dim, sizeof(T),
               {offsetof(T, constant), offsetof(T, coefficients)});
}

TEST_F(ArtefactABI, Argument) {
  using T = moe_argument_v1;
  expectLayout(types.argument, sizeof(T),
               {offsetof(T, name), offsetof(T, dtype), offsetof(T, rank),
                offsetof(T, dims), offsetof(T, reserved)});
}

TEST_F(ArtefactABI, Entry) {
  using T = moe_entry_v1;
  expectLayout(types.entry, sizeof(T),
               {offsetof(T, name), offsetof(T, symbols),
                offsetof(T, symbol_count), offsetof(T, input_count),
                offsetof(T, output_count), offsetof(T, reserved0),
                offsetof(T, inputs), offsetof(T, outputs), offsetof(T, run),
                offsetof(T, reserved)});
}

TEST_F(ArtefactABI, Module) {
  using T = moe_module_v1;
  expectLayout(
      types.module, sizeof(T),
      {offsetof(T, magic), offsetof(T, abi_major), offsetof(T, abi_minor),
       offsetof(T, entry_count), offsetof(T, features), offsetof(T, producer),
       offsetof(T, target_triple), offsetof(T, target_cpu),
       offsetof(T, target_features), offsetof(T, weights_file),
       offsetof(T, weights_size), offsetof(T, weights_hash), offsetof(T, ranks),
       offsetof(T, reserved0), offsetof(T, entries), offsetof(T, reserved)});
}

} // namespace
