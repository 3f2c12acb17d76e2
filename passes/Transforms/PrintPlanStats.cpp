// moe-print-plan-stats: routes that tell how they load their experts.
#include "moe/Dialect/MoE/MoE.h"
#include "moe/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/JSON.h"

namespace moe {
#define GEN_PASS_DEF_PRINTPLANSTATSPASS
#include "moe/Transforms/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;

namespace {

/// What one run of a route is reported by: statistics of its plan before and
/// after capacity, as tensors of the module.
class RouteReport {
public:
  RouteReport(RouteOp route, unsigned number)
      : b(route.getLoc(), OpBuilder(route.getContext())), route(route),
        number(number), experts(route.getPlan().getType().getExperts()) {
    b.setInsertionPointAfter(route);
    Value before = buildCounts(StatsStage::Before, /*countUnits=*/nullptr);
    loads = buildCounts(StatsStage::After, &units);
    dropped = buildVector(b.getI32Type(), [&](Value expert) -> Value {
      return arith::SubIOp::create(b,
                                   tensor::ExtractOp::create(b, before, expert),
                                   tensor::ExtractOp::create(b, loads, expert));
    });
  }

  void printText() {
    print("plan stats of " + getFunctionName() + ", route " +
          std::to_string(number));
    if (auto layer = getLayer())
      print(" of layer " + std::to_string(layer.getLayerId()));
    print(": ");
    print(tensor::ExtractOp::create(b, units, ValueRange()));
    print(" units, ");
    print(buildSum(loads));
    print(" entries, ");
    print(buildSum(dropped));
    print(" dropped, entropy ");
    print(buildEntropy());
    print("\n");
    forEachExpert([&](Value expert) {
      print("  expert ");
      print(expert);
      print(": load ");
      print(tensor::ExtractOp::create(b, loads, expert));
      print(", dropped ");
      print(tensor::ExtractOp::create(b, dropped, expert));
      print("\n");
    });
  }

  void printJson() {
    std::string name;
    llvm::raw_string_ostream(name) << llvm::json::Value(getFunctionName());
    print("{\"function\": " + name + ", \"route\": " + std::to_string(number));
    if (auto layer = getLayer())
      print(", \"layer\": " + std::to_string(layer.getLayerId()));
    print(", \"units\": ");
    print(tensor::ExtractOp::create(b, units, ValueRange()));
    printList("load", loads);
    printList("dropped", dropped);
    print(", \"entries\": ");
    print(buildSum(loads));
    print(", \"all_dropped\": ");
    print(buildSum(dropped));
    print(", \"entropy\": ");
    print(buildEntropy());
    print("}\n");
  }

  /// Adds what is counted to what `function`, in whose body the route is,
  /// returns.
  void addResults(func::FuncOp function) {
    Value entropy = tensor::FromElementsOp::create(
        b, RankedTensorType::get({}, b.getF32Type()), buildEntropy());
    std::string prefix = "plan_stats." + std::to_string(number) + ".";
    Operation *end = function.getBody().back().getTerminator();
    addResult(function, end, prefix + "load", loads);
    addResult(function, end, prefix + "dropped", dropped);
    addResult(function, end, prefix + "entropy", entropy);
  }

private:
  void addResult(func::FuncOp function, Operation *end, const Twine &name,
                 Value value) {
    unsigned index = function.getNumResults();
    end->insertOperands(index, value);
    SmallVector<StringRef> symbols(
        cast<RankedTensorType>(value.getType()).getRank(), "");
    (void)function.insertResult(
        index, value.getType(),
        b.getDictionaryAttr(
            {b.getNamedAttr("moe.name", b.getStringAttr(name)),
             b.getNamedAttr("moe.symbols", b.getStrArrayAttr(symbols))}));
  }

  std::string getFunctionName() {
    auto function = route->getParentOfType<FunctionOpInterface>();
    return function ? function.getName().str() : std::string();
  }
  LayerOp getLayer() { return route->getParentOfType<LayerOp>(); }

  void print(const Twine &text) {
    vector::PrintOp::create(b, StringRef(text.str()));
  }
  void print(Value number) {
    vector::PrintOp::create(b, number, vector::PrintPunctuation::NoPunctuation);
  }
  void printList(StringRef name, Value counts) {
    print(", \"" + name + "\": [");
    forEachExpert([&](Value expert) {
      Value zero = arith::ConstantIndexOp::create(b, 0);
      Value later =
          arith::CmpIOp::create(b, arith::CmpIPredicate::ne, expert, zero);
      scf::IfOp::create(b, later, [&](OpBuilder &, Location) {
        print(", ");
        scf::YieldOp::create(b);
      });
      print(tensor::ExtractOp::create(b, counts, expert));
    });
    print("]");
  }

  void forEachExpert(function_ref<void(Value)> body) {
    Value zero = arith::ConstantIndexOp::create(b, 0);
    Value one = arith::ConstantIndexOp::create(b, 1);
    Value end = arith::ConstantIndexOp::create(b, experts);
    scf::ForOp::create(b, zero, end, one, ValueRange(),
                       [&](OpBuilder &, Location, Value expert, ValueRange) {
                         body(expert);
                         scf::YieldOp::create(b);
                       });
  }

  /// Entries of each expert.
  Value buildCounts(StatsStage stage, Value *countUnits) {
    Type i32 = b.getI32Type();
    auto stats = PlanStatsOp::create(
        b, RankedTensorType::get({experts}, i32),
        RankedTensorType::get({}, i32),
        /*score_sums=*/Type(), /*lse_squares=*/Type(), route.getPlan(),
        /*scores=*/Value(), /*logits=*/Value(),
        /*segments=*/Value(), stage, Counted::Entries, /*over=*/DomainAttr(),
        /*normalise=*/false);
    if (countUnits)
      *countUnits = stats.getUnits();
    return stats.getCounts();
  }

  /// One element per expert.
  Value buildVector(Type element, function_ref<Value(Value expert)> body) {
    return tensor::GenerateOp::create(
        b, RankedTensorType::get({experts}, element), ValueRange(),
        [&](OpBuilder &, Location, ValueRange expert) {
          tensor::YieldOp::create(b, body(expert[0]));
        });
  }

  /// Sum of a tensor of counts.
  Value buildSum(Value counts) {
    Value zero = arith::ConstantIndexOp::create(b, 0);
    Value one = arith::ConstantIndexOp::create(b, 1);
    Value end = arith::ConstantIndexOp::create(b, experts);
    Value none = arith::ConstantIntOp::create(b, 0, 32);
    auto loop = scf::ForOp::create(
        b, zero, end, one, none,
        [&](OpBuilder &, Location, Value expert, ValueRange sum) {
          Value count = tensor::ExtractOp::create(b, counts, expert);
          Value next = arith::AddIOp::create(b, sum[0], count);
          scf::YieldOp::create(b, next);
        });
    return loop.getResult(0);
  }

  /// −Σ p ln p of the shares of the loads.
  Value buildEntropy() {
    Value loadsAsReals =
        buildVector(b.getF32Type(), [&](Value expert) -> Value {
          Value load = tensor::ExtractOp::create(b, loads, expert);
          return arith::SIToFPOp::create(b, b.getF32Type(), load);
        });
    Value all = tensor::FromElementsOp::create(
        b, RankedTensorType::get({}, b.getI32Type()), buildSum(loads));
    auto loss = AuxLossOp::create(
        b, RankedTensorType::get({}, b.getF32Type()), /*next=*/Type(),
        ValueRange{loadsAsReals, all}, AuxLossKind::Entropy,
        /*coeff=*/APFloat(1.0), /*k=*/IntegerAttr(), /*noise_std=*/FloatAttr(),
        /*eps=*/APFloat(0.0), /*sample=*/false,
        /*null_ids=*/ArrayRef<int64_t>(), /*temperature=*/FloatAttr(),
        /*chunk=*/IntegerAttr());
    return tensor::ExtractOp::create(b, loss.getLoss(), ValueRange());
  }

  ImplicitLocOpBuilder b;
  RouteOp route;
  unsigned number;
  int64_t experts;
  Value loads, dropped, units;
};

/// Instruments each route by itself, in the order of the text; O(E) ops run per
/// route and expert.
struct PrintPlanStats final
    : moe::impl::PrintPlanStatsPassBase<PrintPlanStats> {
  using PrintPlanStatsPassBase::PrintPlanStatsPassBase;

  void runOnOperation() override {
    getOperation()->walk([&](FunctionOpInterface function) {
      SmallVector<RouteOp> routes;
      function->walk([&](RouteOp route) { routes.push_back(route); });
      for (auto [number, route] : llvm::enumerate(routes)) {
        if (route.getPlan().getType().getEncoding() == PlanEncoding::Soft) {
          remark::missed(
              route.getLoc(),
              remark::RemarkOpts::name("soft").category("moe-print-plan-stats"))
              << "a soft plan has no entries";
          continue;
        }
        report(function, route, number);
      }
    });
  }

private:
  void report(FunctionOpInterface function, RouteOp route, unsigned number) {
    if (format != ReportFormat::Results) {
      RouteReport report(route, number);
      return format == ReportFormat::Json ? report.printJson()
                                          : report.printText();
    }
    auto entry = dyn_cast<func::FuncOp>(function.getOperation());
    if (!entry || !entry.isPublic() || route->getParentOp() != entry) {
      remark::missed(route.getLoc(), remark::RemarkOpts::name("inner").category(
                                         "moe-print-plan-stats"))
          << "no result of a public function can be this route's";
      return;
    }
    RouteReport(route, number).addResults(entry);
  }
};

} // namespace
