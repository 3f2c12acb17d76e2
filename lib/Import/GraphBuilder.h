// Builds functions of the graph level from values with symbolic shapes.
//
// Values are made lazily: a small integer tensor whose elements are known as
// expressions is emitted only if something needs it at run time, and a
// constant only if it is used. Sizes are computed once per function.
//
// Errors are sticky: the first one is reported, and from then on nothing is
// emitted and every result is a placeholder of the right rank, so that callers
// need not check each step.
#ifndef MOE_LIB_IMPORT_GRAPHBUILDER_H
#define MOE_LIB_IMPORT_GRAPHBUILDER_H

#include "SymbolicShape.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "moe/Dialect/StableHLO/StableHLO.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/Twine.h"
#include <deque>
#include <map>
#include <memory>

namespace moe::importer {

/// A tensor of the graph that is being built. At least one of `ssa`,
/// `constant` and `elements` is there.
struct TensorValue {
  mlir::Type elementType;
  SymbolicShape shape;
  mlir::Value ssa;
  mlir::ElementsAttr constant;
  /// The elements in row-major order where they are known as expressions:
  /// integers and truth values only.
  std::optional<llvm::SmallVector<DimExpr>> elements;

  int64_t rank() const { return shape.size(); }
  const DimExpr &dim(int64_t index) const { return shape[index]; }
  bool isFloat() const { return llvm::isa<mlir::FloatType>(elementType); }
  bool isBool() const { return elementType.isInteger(1); }
  bool isUnsigned() const { return elementType.isUnsignedInteger(); }
};
using Val = const TensorValue *;

enum class Binary { Add, Sub, Mul, Div, Rem, Max, Min, Pow, And, Or, Xor };
enum class Reduction { Sum, Product, Max, Min, And, Or };

/// What all functions of one module share.
class ModuleState {
public:
  using ErrorHandler = llvm::function_ref<void(const llvm::Twine &)>;

  explicit ModuleState(mlir::ModuleOp module) : module(module) {}

  mlir::ModuleOp module;
  /// Decompositions by what they do.
  llvm::StringMap<mlir::func::FuncOp> decompositions;
  bool failed = false;
};

class GraphBuilder {
public:
  using ErrorHandler = std::function<void(const llvm::Twine &)>;

  /// Appends to the body of `function`, which has one empty block.
  GraphBuilder(ModuleState &state, mlir::func::FuncOp function,
               ErrorHandler onError);

  mlir::OpBuilder builder;
  mlir::Location loc;
  DimTable dims;

  bool failed() const { return state.failed; }
  /// Reports an error about what is being built, if it is the first.
  void fail(const llvm::Twine &message);
  /// Stops after an error that somebody else has reported.
  void stop() { state.failed = true; }

  //===-- Values ----------------------------------------------------------===//

  /// The values behind block arguments: `symbols` are bound to their sizes.
  Val argument(mlir::Value value, SymbolicShape shape);
  Val value(mlir::Value value, SymbolicShape shape);
  Val constant(mlir::ElementsAttr value);
  /// A scalar of any element type.
  Val scalar(mlir::Type elementType, double value);
  /// A tensor filled with a number.
  Val splat(mlir::Type elementType, double value, const SymbolicShape &shape);
  /// An integer tensor of known elements.
  Val integers(mlir::Type elementType, llvm::ArrayRef<DimExpr> elements,
               llvm::ArrayRef<int64_t> shape);
  Val shapeOf(Val a);

  /// The value itself, emitted where that has not happened yet.
  mlir::Value get(Val value);
  /// The elements of a small integer tensor: those that are known only at run
  /// time are symbols, whose sign is unknown. None where the tensor is large
  /// or of dynamic shape.
  std::optional<llvm::SmallVector<DimExpr>> elementsOf(Val value);
  /// Same, where they are already known.
  static const llvm::SmallVector<DimExpr> *knownElements(Val value) {
    return value->elements ? &*value->elements : nullptr;
  }
  std::optional<int64_t> constantScalar(Val value) const;
  std::optional<double> constantFloat(Val value) const;
  std::optional<llvm::SmallVector<int64_t>> constantIntegers(Val value) const;

  mlir::RankedTensorType typeOf(mlir::Type elementType,
                                llvm::ArrayRef<DimExpr> shape);
  mlir::RankedTensorType typeOf(Val value) {
    return typeOf(value->elementType, value->shape);
  }

  /// A new size that is the scalar i64 tensor `value` at run time.
  DimExpr runtimeSymbol(mlir::Value value, bool nonNegative);
  /// A new size that is dimension `dim` of `value`.
  DimExpr dimensionSymbol(mlir::Value value, int64_t dim,
                          llvm::StringRef name = "");
  void bindDimension(SymbolId symbol, mlir::Value value, int64_t dim);

  /// The size as a scalar i64 tensor; sizes as a one-dimensional i64 tensor.
  mlir::Value size(const DimExpr &expr);
  mlir::Value sizes(llvm::ArrayRef<DimExpr> exprs);

  /// Requires size `a` to equal size `b`, or with LE to be at most that: what
  /// is known to be false is an error, what is not known is checked by the
  /// running program. The message calls the sizes by their names.
  void requireSize(const DimExpr &a, llvm::StringRef nameA,
                   stablehlo::ComparisonDirection direction, const DimExpr &b,
                   llvm::StringRef nameB);

  //===-- Element by element, with broadcasting ---------------------------===//

  template <typename Op>
  Val unary(Val a) {
    if (failed())
      return placeholder(a->elementType, a->shape);
    return value(Op::create(builder, loc, get(a)), a->shape);
  }
  Val binary(Binary kind, Val a, Val b);
  Val add(Val a, Val b) { return binary(Binary::Add, a, b); }
  Val sub(Val a, Val b) { return binary(Binary::Sub, a, b); }
  Val mul(Val a, Val b) { return binary(Binary::Mul, a, b); }
  Val div(Val a, Val b) { return binary(Binary::Div, a, b); }
  Val compare(stablehlo::ComparisonDirection direction, Val a, Val b);
  Val select(Val predicate, Val onTrue, Val onFalse);
  Val convert(Val a, mlir::Type elementType);
  Val logicalNot(Val a);
  SymbolicShape broadcastShape(llvm::ArrayRef<Val> values);

  //===-- Shape -----------------------------------------------------------===//

  Val reshape(Val a, const SymbolicShape &shape);
  Val transpose(Val a, llvm::ArrayRef<int64_t> permutation);
  /// `dimensions` says where the dimensions of `a` stand in the result.
  Val broadcast(Val a, SymbolicShape shape, llvm::ArrayRef<int64_t> dimensions);
  /// Aligns trailing dimensions.
  Val expand(Val a, const SymbolicShape &shape);
  /// Elements `starts` + i * `strides`; bounds must lie within `a`.
  Val slice(Val a, llvm::ArrayRef<DimExpr> starts, SymbolicShape sizes,
            llvm::ArrayRef<int64_t> strides);
  Val sliceDim(Val a, int64_t dim, const DimExpr &start, const DimExpr &size);
  Val concat(llvm::ArrayRef<Val> values, int64_t dim);
  Val iota(mlir::Type elementType, const SymbolicShape &shape, int64_t dim);
  Val reverse(Val a, int64_t dim);
  Val pad(Val a, Val scalar, llvm::ArrayRef<DimExpr> low,
          llvm::ArrayRef<DimExpr> high);

  //===-- The rest --------------------------------------------------------===//

  Val reduce(Reduction kind, Val a, llvm::ArrayRef<int64_t> dims,
             bool keepDims = false);
  /// The mean in the element type of `a`, a float.
  Val mean(Val a, llvm::ArrayRef<int64_t> dims);
  /// Batch dimensions, then the free ones of `a`, then those of `b`.
  Val dot(Val a, Val b, llvm::ArrayRef<int64_t> batchA,
          llvm::ArrayRef<int64_t> batchB, llvm::ArrayRef<int64_t> contractA,
          llvm::ArrayRef<int64_t> contractB);
  /// The product as NumPy's matmul has it.
  Val matmul(Val a, Val b);
  Val softmax(Val a, int64_t dim);
  /// Sums of the elements before (`exclusive`) or up to each one.
  Val cumulativeSum(Val a, int64_t dim, bool exclusive, bool reverse);
  Val gather(Val a, Val indices, stablehlo::GatherDimensionNumbersAttr numbers,
             const SymbolicShape &sliceSizes, const SymbolicShape &result);
  /// Combines with `kind`, or overwrites where there is none.
  Val scatter(Val a, Val indices, Val updates,
              stablehlo::ScatterDimensionNumbersAttr numbers,
              std::optional<Reduction> kind);
  /// The k greatest along the last dimension with their positions in i64.
  std::pair<Val, Val> topK(Val a, int64_t k);
  /// All elements along `dim` in order, with their positions in i64.
  std::pair<Val, Val> sort(Val a, int64_t dim, bool descending);
  /// Counts from the end where an index is negative.
  Val wrapIndices(Val indices, const DimExpr &size);

  /// A `stablehlo.composite` whose decomposition `body` builds. Decompositions
  /// that would be the same are shared: `body` must depend on nothing but its
  /// inputs' shapes and types and `attributes`.
  using Body = llvm::function_ref<llvm::SmallVector<Val>(GraphBuilder &,
                                                         llvm::ArrayRef<Val>)>;
  llvm::SmallVector<Val> composite(llvm::StringRef name,
                                   llvm::ArrayRef<mlir::NamedAttribute> attrs,
                                   llvm::ArrayRef<Val> inputs, Body body);

  /// `onTrue` or `onFalse` of `inputs`, whose results agree in element type and
  /// rank, where `condition`, a scalar, says so. Only what is chosen is
  /// computed. `name` tells the two bodies from all others.
  llvm::SmallVector<Val> conditional(Val condition, llvm::StringRef name,
                                     llvm::ArrayRef<Val> inputs, Body onTrue,
                                     Body onFalse);

  /// Where results are needed for their shape after an error.
  Val placeholder(mlir::Type elementType, SymbolicShape shape);

  mlir::Type i64() { return builder.getI64Type(); }
  mlir::NamedAttribute attr(llvm::StringRef name, int64_t value) {
    return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
  }
  mlir::NamedAttribute attr(llvm::StringRef name, float value) {
    return builder.getNamedAttr(name, builder.getF32FloatAttr(value));
  }
  mlir::NamedAttribute attr(llvm::StringRef name, llvm::StringRef value) {
    return builder.getNamedAttr(name, builder.getStringAttr(value));
  }

private:
  struct Substitution;
  struct Decomposition;

  TensorValue *create(mlir::Type elementType, SymbolicShape shape);
  std::optional<Val> foldBinary(Binary kind, Val a, Val b);
  /// Calls `element` with the elements of `a`, `b` broadcast, if few and known.
  Val foldBroadcast(
      mlir::Type elementType, llvm::ArrayRef<Val> values,
      llvm::function_ref<std::optional<DimExpr>(llvm::ArrayRef<DimExpr>)>
          element);
  mlir::Value symbolSize(SymbolId id);
  /// The tensor of `type`, of 4 bits per element, that `bytes` hold. Weights
  /// are whole bytes: the artefact stays as small as the model, and the program
  /// takes the bytes apart whenever it reads them.
  mlir::Value unpackNibbles(mlir::ElementsAttr bytes,
                            mlir::RankedTensorType type);
  /// Builds the function of a composite, or finds the one that does the same.
  Decomposition decompose(llvm::StringRef name,
                          llvm::ArrayRef<mlir::NamedAttribute> attrs,
                          llvm::ArrayRef<Val> inputs, Body body);
  /// The size here of a size of a decomposition; `ssa` is a result that has it
  /// as dimension `dim`.
  DimExpr sizeOfResult(Decomposition &decomposition, const DimExpr &size,
                       mlir::Value ssa, int64_t dim);
  /// `ssa` under the type that its symbolic shape gives.
  Val valueOfShape(mlir::Value ssa, const SymbolicShape &shape);
  void buildScalarBody(mlir::Region &region, mlir::Type elementType,
                       std::optional<Reduction> kind);
  Val reductionStart(Reduction kind, mlir::Type elementType);

  ModuleState &state;
  ErrorHandler onError;
  std::deque<TensorValue> values;
  /// Symbols whose value is known: a tensor and a dimension, or -1 for the
  /// scalar itself.
  llvm::DenseMap<SymbolId, std::pair<mlir::Value, int64_t>> bindings;
  std::map<std::vector<DimExpr::Term>, mlir::Value> sizeCache;
  std::map<std::vector<std::vector<DimExpr::Term>>, mlir::Value> sizesCache;
};

} // namespace moe::importer

#endif // MOE_LIB_IMPORT_GRAPHBUILDER_H
