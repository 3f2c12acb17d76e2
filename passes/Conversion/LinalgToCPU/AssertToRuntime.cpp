// Turns assertions into calls of the runtime's fail function.
#include "moe/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace moe {
#define GEN_PASS_DEF_CONVERTASSERTTORUNTIMEPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

using namespace mlir;

namespace {

struct ConvertAssertToRuntime
    : moe::impl::ConvertAssertToRuntimePassBase<ConvertAssertToRuntime> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<cf::AssertOp> assertions;
    module.walk([&](cf::AssertOp op) { assertions.push_back(op); });
    if (assertions.empty())
      return;

    OpBuilder top = OpBuilder::atBlockBegin(module.getBody());
    Type pointer = LLVM::LLVMPointerType::get(&getContext());
    auto fail = LLVM::LLVMFuncOp::create(
        top, module.getLoc(), "moe_fail",
        LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(&getContext()),
                                    pointer));
    llvm::StringMap<LLVM::GlobalOp> messages;
    for (cf::AssertOp op : assertions) {
      Location loc = op.getLoc();
      LLVM::GlobalOp &message = messages[op.getMsg()];
      if (!message) {
        std::string text = (op.getMsg() + Twine('\0')).str();
        message = LLVM::GlobalOp::create(
            top, loc, LLVM::LLVMArrayType::get(top.getI8Type(), text.size()),
            /*isConstant=*/true, LLVM::Linkage::Internal,
            ("moe_message_" + Twine(messages.size() - 1)).str(),
            top.getStringAttr(text));
      }
      OpBuilder builder(op);
      Value yes = arith::ConstantIntOp::create(builder, loc, 1, 1);
      Value broken = arith::XOrIOp::create(builder, loc, op.getArg(), yes);
      auto branch = scf::IfOp::create(builder, loc, broken, /*else=*/false);
      builder.setInsertionPoint(branch.thenYield());
      Value address = LLVM::AddressOfOp::create(builder, loc, message);
      LLVM::CallOp::create(builder, loc, fail, address);
      op.erase();
    }
  }
};

} // namespace
