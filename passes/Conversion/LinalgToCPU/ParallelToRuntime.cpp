// Outlines parallel loops into functions that the runtime's parallel_for calls.
#include "moe/Conversion/Passes.h"

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Transforms.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"

namespace moe {
#define GEN_PASS_DEF_CONVERTPARALLELTORUNTIMEPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

using namespace mlir;

namespace {

/// One outlined loop costs a structure on the stack and one call. The context
/// structure holds values in LLVM's types; the casts around it cancel against
/// those of the conversions to LLVM that follow.
struct ConvertParallelToRuntime
    : moe::impl::ConvertParallelToRuntimePassBase<ConvertParallelToRuntime> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<scf::ParallelOp> outlined, sequential;
    module.walk<WalkOrder::PreOrder>([&](scf::ParallelOp op) {
      if (op->getParentOfType<scf::ParallelOp>() || op.getNumLoops() != 1 ||
          op.getNumReductions() != 0 || mayFail(op))
        sequential.push_back(op);
      else
        outlined.push_back(op);
    });

    IRRewriter rewriter(&getContext());
    // Inner loops first, so that a handle never dies with its parent.
    for (scf::ParallelOp op : llvm::reverse(sequential)) {
      rewriter.setInsertionPoint(op);
      if (failed(scf::parallelForToNestedFors(rewriter, op)))
        return signalPassFailure();
    }
    if (outlined.empty())
      return;

    LowerToLLVMOptions options(&getContext());
    LLVMTypeConverter converter(&getContext(), options);
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    auto i64 = rewriter.getI64Type();
    rewriter.setInsertionPointToStart(module.getBody());
    auto parallelFor = LLVM::LLVMFuncOp::create(
        rewriter, module.getLoc(), "moe_parallel_for",
        LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(&getContext()),
                                    {i64, pointer, pointer}));
    for (auto [index, op] : llvm::enumerate(outlined))
      outline(rewriter, converter, parallelFor, op, index);
  }

  static bool mayFail(scf::ParallelOp op) {
    return op
        ->walk([](LLVM::CallOp call) {
          return call.getCallee() == "moe_fail" ? WalkResult::interrupt()
                                                : WalkResult::advance();
        })
        .wasInterrupted();
  }

  static void outline(IRRewriter &rewriter, LLVMTypeConverter &converter,
                      LLVM::LLVMFuncOp parallelFor, scf::ParallelOp op,
                      size_t index) {
    Location loc = op.getLoc();
    MLIRContext *context = rewriter.getContext();
    auto caller = op->getParentOfType<func::FuncOp>();
    auto pointer = LLVM::LLVMPointerType::get(context);
    auto i64 = rewriter.getI64Type();

    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(op.getRegion(), captured);
    captured.insert(op.getLowerBound().front());
    captured.insert(op.getStep().front());
    SmallVector<Operation *> constants;
    SmallVector<Value> values;
    SmallVector<Type> types;
    for (Value value : captured) {
      Operation *definition = value.getDefiningOp();
      if (definition && definition->hasTrait<OpTrait::ConstantLike>()) {
        constants.push_back(definition);
        continue;
      }
      values.push_back(value);
      types.push_back(converter.convertType(value.getType()));
    }
    auto contextType = LLVM::LLVMStructType::getLiteral(context, types);

    // The function that runs iterations [begin, end).
    rewriter.setInsertionPoint(caller);
    auto body = func::FuncOp::create(
        rewriter, loc, (caller.getName() + "_parallel_" + Twine(index)).str(),
        rewriter.getFunctionType({pointer, i64, i64}, {}));
    body.setPrivate();
    Block *entry = body.addEntryBlock();
    rewriter.setInsertionPointToStart(entry);
    IRMapping mapping;
    for (Operation *constant : constants)
      rewriter.clone(*constant, mapping);
    for (auto [position, value] : llvm::enumerate(values)) {
      Value address = LLVM::GEPOp::create(
          rewriter, loc, pointer, contextType, entry->getArgument(0),
          ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(position)});
      Value loaded =
          LLVM::LoadOp::create(rewriter, loc, types[position], address);
      mapping.map(value, fromLLVM(rewriter, loc, value.getType(), loaded));
    }
    Value begin = arith::IndexCastOp::create(
        rewriter, loc, rewriter.getIndexType(), entry->getArgument(1));
    Value end = arith::IndexCastOp::create(
        rewriter, loc, rewriter.getIndexType(), entry->getArgument(2));
    Value one = arith::ConstantIndexOp::create(rewriter, loc, 1);
    Value lower = mapping.lookup(op.getLowerBound().front());
    Value step = mapping.lookup(op.getStep().front());
    auto loop = scf::ForOp::create(rewriter, loc, begin, end, one);
    func::ReturnOp::create(rewriter, loc);
    rewriter.setInsertionPointToStart(loop.getBody());
    Value scaled =
        arith::MulIOp::create(rewriter, loc, loop.getInductionVar(), step);
    mapping.map(op.getInductionVars().front(),
                arith::AddIOp::create(rewriter, loc, lower, scaled));
    for (Operation &nested : op.getBody()->without_terminator())
      rewriter.clone(nested, mapping);

    // The call. The structure lives in the entry block: an allocation on the
    // stack inside a loop would grow it.
    rewriter.setInsertionPointToStart(&caller.front());
    Value oneI64 = LLVM::ConstantOp::create(rewriter, loc, i64, 1);
    Value memory =
        LLVM::AllocaOp::create(rewriter, loc, pointer, contextType, oneI64);
    rewriter.setInsertionPoint(op);
    for (auto [position, value] : llvm::enumerate(values)) {
      Value address = LLVM::GEPOp::create(
          rewriter, loc, pointer, contextType, memory,
          ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(position)});
      Value stored = value;
      if (value.getType() != types[position])
        stored = UnrealizedConversionCastOp::create(rewriter, loc,
                                                    types[position], value)
                     .getResult(0);
      LLVM::StoreOp::create(rewriter, loc, stored, address);
    }
    Value span = arith::SubIOp::create(
        rewriter, loc, op.getUpperBound().front(), op.getLowerBound().front());
    Value count =
        arith::CeilDivSIOp::create(rewriter, loc, span, op.getStep().front());
    Value countI64 = arith::IndexCastOp::create(rewriter, loc, i64, count);
    Value function = func::ConstantOp::create(
        rewriter, loc, body.getFunctionType(), body.getName());
    Value functionAddress =
        UnrealizedConversionCastOp::create(rewriter, loc, pointer, function)
            .getResult(0);
    LLVM::CallOp::create(rewriter, loc, parallelFor,
                         ValueRange{countI64, functionAddress, memory});
    rewriter.eraseOp(op);
  }

  static Value fromLLVM(OpBuilder &builder, Location loc, Type type,
                        Value value) {
    if (value.getType() == type)
      return value;
    return UnrealizedConversionCastOp::create(builder, loc, type, value)
        .getResult(0);
  }
};

} // namespace
