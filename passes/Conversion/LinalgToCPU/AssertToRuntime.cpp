// Turns assertions and requirements into calls of the runtime's fail function.
#include "moe/Conversion/Passes.h"
#include "moe/Dialect/Support/MoESupport.h"

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
using moe::support::RequireOp;

namespace {

struct ConvertAssertToRuntime
    : moe::impl::ConvertAssertToRuntimePassBase<ConvertAssertToRuntime> {
  using ConvertAssertToRuntimePassBase::ConvertAssertToRuntimePassBase;

  void runOnOperation() override {
    texts.clear();
    SmallVector<cf::AssertOp> assertions;
    SmallVector<RequireOp> requirements;
    getOperation().walk([&](Operation *op) {
      if (auto assertion = dyn_cast<cf::AssertOp>(op))
        assertions.push_back(assertion);
      else if (auto requirement = dyn_cast<RequireOp>(op))
        requirements.push_back(requirement);
    });
    for (cf::AssertOp op : assertions) {
      OpBuilder builder(op);
      beginFailure(builder, op.getLoc(), op.getArg());
      callFail(builder, op.getLoc(), text(builder, op.getLoc(), op.getMsg()));
      op.erase();
    }
    for (RequireOp op : requirements) {
      lowerRequirement(op);
      op.erase();
    }
  }

private:
  /// Moves `builder` into a branch that runs where `condition` is false.
  static void beginFailure(OpBuilder &builder, Location loc, Value condition) {
    Value yes = arith::ConstantIntOp::create(builder, loc, 1, 1);
    Value broken = arith::XOrIOp::create(builder, loc, condition, yes);
    auto branch = scf::IfOp::create(builder, loc, broken, /*else=*/false);
    builder.setInsertionPoint(branch.thenYield());
  }

  /// The message with its values is put together where it is needed, on the
  /// stack: the runtime copies it.
  void lowerRequirement(RequireOp op) {
    Location loc = op.getLoc();
    OpBuilder builder(op);
    beginFailure(builder, loc, op.getCondition());
    std::string format;
    SmallVector<Value> values;
    auto pieces = op.splitMessage();
    for (auto [piece, number] : *pieces) {
      for (char c : piece)
        format += c == '%' ? "%%" : std::string(1, c);
      if (!number)
        continue;
      format += "%lld";
      Value value = op.getValues()[*number];
      Type i64 = builder.getI64Type();
      if (value.getType().isIndex())
        value = arith::IndexCastOp::create(builder, loc, i64, value);
      else if (value.getType() != i64)
        value = arith::ExtSIOp::create(builder, loc, i64, value);
      values.push_back(value);
    }
    if (values.empty())
      return callFail(builder, loc, text(builder, loc, op.getMessage()));
    // A number takes up to 20 characters.
    int64_t capacity = format.size() + 20 * values.size() + 1;
    Value size =
        LLVM::ConstantOp::create(builder, loc, builder.getI64Type(), capacity);
    Value buffer = LLVM::AllocaOp::create(builder, loc, pointerType(),
                                          builder.getI8Type(), size);
    SmallVector<Value> arguments{buffer, size, text(builder, loc, format)};
    llvm::append_range(arguments, values);
    LLVM::CallOp::create(
        builder, loc,
        function("snprintf",
                 LLVM::LLVMFunctionType::get(
                     builder.getI32Type(),
                     {pointerType(), builder.getI64Type(), pointerType()},
                     /*isVarArg=*/true)),
        arguments);
    callFail(builder, loc, buffer);
  }

  Type pointerType() { return LLVM::LLVMPointerType::get(&getContext()); }

  LLVM::LLVMFuncOp function(StringRef name, LLVM::LLVMFunctionType type) {
    if (auto known = getOperation().lookupSymbol<LLVM::LLVMFuncOp>(name))
      return known;
    OpBuilder top = OpBuilder::atBlockBegin(getOperation().getBody());
    return LLVM::LLVMFuncOp::create(top, getOperation().getLoc(), name, type);
  }

  void callFail(OpBuilder &builder, Location loc, Value message) {
    LLVM::CallOp::create(
        builder, loc,
        function(failFunction,
                 LLVM::LLVMFunctionType::get(
                     LLVM::LLVMVoidType::get(&getContext()), pointerType())),
        message);
  }

  /// The address of a constant text.
  Value text(OpBuilder &builder, Location loc, StringRef value) {
    LLVM::GlobalOp &global = texts[value];
    if (!global) {
      OpBuilder top = OpBuilder::atBlockBegin(getOperation().getBody());
      std::string bytes = (value + Twine('\0')).str();
      global = LLVM::GlobalOp::create(
          top, loc, LLVM::LLVMArrayType::get(top.getI8Type(), bytes.size()),
          /*isConstant=*/true, LLVM::Linkage::Internal,
          ("moe_message_" + Twine(texts.size() - 1)).str(),
          top.getStringAttr(bytes));
    }
    return LLVM::AddressOfOp::create(builder, loc, global);
  }

  llvm::StringMap<LLVM::GlobalOp> texts;
};

} // namespace
