// Reduction patterns: an op goes, and with it what only it needed; a weight
// goes, and with it the file that it lay in. They change what a module
// computes, so each change is tried on a copy first: it stays where the script
// that moe-reduce asks still finds the copy interesting.
#include "moe/Tools/Reduction.h"
#include "moe/Dialect/MoE/MoE.h"
#include "moe/Dialect/StableHLO/Chlo.h"
#include "moe/Dialect/StableHLO/StableHLO.h"
#include "moe/Dialect/Support/MoESupport.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Reducer/ReductionPatternInterface.h"
#include "mlir/Reducer/Tester.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace {

/// Asks the script about changes, about each module once.
class Trial {
public:
  explicit Trial(Tester &tester) : tester(tester) {}

  /// Whether the module stays interesting with `change` at `op`.
  bool accepts(Operation *op,
               llvm::function_ref<void(RewriterBase &, Operation *)> change) {
    Operation *module = op;
    while (Operation *parent = module->getParentOp())
      module = parent;
    IRMapping mapping;
    OwningOpRef<ModuleOp> copy(cast<ModuleOp>(module->clone(mapping)));
    IRRewriter rewriter(op->getContext());
    Operation *same = mapping.lookup(op);
    rewriter.setInsertionPoint(same);
    change(rewriter, same);
    std::string text;
    llvm::raw_string_ostream stream(text);
    copy->print(stream);
    auto [known, isNew] = answers.try_emplace(text, false);
    if (isNew)
      known->second =
          tester.isInteresting(*copy).first == Tester::Interestingness::True;
    return known->second;
  }

private:
  Tester &tester;
  llvm::StringMap<bool> answers;
};

/// A pattern for the ops of one dialect, tried before it is done.
struct TriedPattern : RewritePattern {
  TriedPattern(MLIRContext *context, Dialect *dialect,
               std::shared_ptr<Trial> trial, PatternBenefit benefit)
      : RewritePattern(MatchAnyOpTypeTag(), benefit, context), dialect(dialect),
        trial(std::move(trial)) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    auto change = [&](RewriterBase &rewriter, Operation *op) {
      this->change(rewriter, op);
    };
    if (op->getDialect() != dialect || !applies(op) ||
        !trial->accepts(op, change))
      return failure();
    change(rewriter, op);
    return success();
  }

  virtual bool applies(Operation *op) const = 0;
  virtual void change(RewriterBase &rewriter, Operation *op) const = 0;

private:
  Dialect *dialect;
  std::shared_ptr<Trial> trial;
};

/// The results become operands of their types.
struct ReplaceByOperands : TriedPattern {
  using TriedPattern::TriedPattern;

  bool applies(Operation *op) const override {
    return op->getNumResults() != 0 &&
           llvm::all_of(op->getResultTypes(), [&](Type type) {
             return llvm::is_contained(op->getOperandTypes(), type);
           });
  }

  void change(RewriterBase &rewriter, Operation *op) const override {
    SmallVector<Value> values;
    for (Type type : op->getResultTypes())
      values.push_back(*llvm::find_if(op->getOperands(), [&](Value operand) {
        return operand.getType() == type;
      }));
    rewriter.replaceOp(op, values);
  }
};

/// The results become tensors without contents, every symbolic size 1.
struct ReplaceByEmpty : TriedPattern {
  using TriedPattern::TriedPattern;

  bool applies(Operation *op) const override {
    return op->getNumResults() != 0 && op->getNumOperands() != 0 &&
           llvm::all_of(op->getResultTypes(), llvm::IsaPred<RankedTensorType>);
  }

  void change(RewriterBase &rewriter, Operation *op) const override {
    Location loc = op->getLoc();
    SmallVector<Value> values;
    for (Type result : op->getResultTypes()) {
      auto type = cast<RankedTensorType>(result);
      SmallVector<Value> sizes;
      if (!type.hasStaticShape())
        sizes.assign(type.getNumDynamicDims(),
                     arith::ConstantIndexOp::create(rewriter, loc, 1));
      values.push_back(tensor::EmptyOp::create(rewriter, loc, type, sizes));
    }
    rewriter.replaceOp(op, values);
  }
};

/// The elements of a constant or a weight become 0, which needs no file and no
/// line of hexadecimal digits.
struct ClearElements : TriedPattern {
  using TriedPattern::TriedPattern;

  bool applies(Operation *op) const override {
    auto value = op->getAttrOfType<ElementsAttr>("value");
    return isa<moe::support::WeightOp, moe::stablehlo::ConstantOp>(op) &&
           !isa<SplatElementsAttr>(value) &&
           isa_and_nonnull<ElementsAttr>(zeros(op->getContext(), value));
  }

  void change(RewriterBase &rewriter, Operation *op) const override {
    rewriter.modifyOpInPlace(op, [&] {
      op->setAttr("value", zeros(op->getContext(),
                                 op->getAttrOfType<ElementsAttr>("value")));
    });
  }

private:
  static Attribute zeros(MLIRContext *context, ElementsAttr value) {
    return Builder(context).getZeroAttr(value.getType());
  }
};

class ReductionPatterns : public DialectReductionPatternInterface {
public:
  explicit ReductionPatterns(Dialect *dialect)
      : DialectReductionPatternInterface(dialect) {}

  // None of them keeps what a module computes.
  void populateReductionPatterns(RewritePatternSet &) const override {}

  void populateReductionPatternsWithTester(RewritePatternSet &patterns,
                                           Tester &tester) const override {
    auto trial = std::make_shared<Trial>(tester);
    MLIRContext *context = patterns.getContext();
    patterns.add<ReplaceByOperands>(context, getDialect(), trial,
                                    /*benefit=*/2);
    patterns.add<ClearElements, ReplaceByEmpty>(context, getDialect(), trial,
                                                /*benefit=*/1);
  }
};

template <typename DialectTy>
void addPatterns(MLIRContext *, DialectTy *dialect) {
  dialect->template addInterfaces<ReductionPatterns>();
}

} // namespace

void moe::registerReductionPatterns(DialectRegistry &registry) {
  registry.addExtension(addPatterns<MoEDialect>);
  registry.addExtension(addPatterns<support::MoESupportDialect>);
  registry.addExtension(addPatterns<stablehlo::StableHLODialect>);
  registry.addExtension(addPatterns<chlo::CHLODialect>);
}

void moe::loadReductionDialects(MLIRContext &context) {
  context.loadDialect<arith::ArithDialect, tensor::TensorDialect>();
}
