// What the integer tensors of a graph hold, and which element of which tensor
// a rearranged tensor shows: the facts that raising proves its conditions by.
#ifndef MOE_ANALYSIS_INDEXFACTS_H
#define MOE_ANALYSIS_INDEXFACTS_H

#include "moe/Analysis/Index.h"

#include "mlir/IR/Operation.h"
#include "moe/Dialect/StableHLO/StableHLO.h"
#include "llvm/ADT/DenseMap.h"

namespace moe {

/// What a graph-level operation computes per element, whichever dialect spells
/// it (`stablehlo.add` and `chlo.broadcast_add` are one).
enum class Scalar {
  None, // not element by element
  Add,
  Sub,
  Mul,
  Div,
  Rem,
  Max,
  Min,
  And,
  Or,
  Not,
  Neg,
  Abs,
  Sign,
  Compare,
  Select,
  Clamp,
  Convert,
  Exp,
  Logistic,
  Tanh,
  Erf,
  Erfc,
  Power,
  Sqrt,
  Rsqrt,
  Floor,
};
Scalar scalarKind(mlir::Operation *op);
/// How a comparison compares.
stablehlo::ComparisonDirection directionOf(mlir::Operation *op);

/// The name of a `stablehlo.composite` ("onnx.Gather"), empty for other ops.
llvm::StringRef compositeName(mlir::Operation *op);
/// An integer among the attributes of a composite.
std::optional<int64_t> compositeInt(mlir::Operation *op, llvm::StringRef name);
/// A string among the attributes of a composite, empty where there is none.
llvm::StringRef compositeString(mlir::Operation *op, llvm::StringRef name);

/// What a reduction of one tensor, in whole or by windows (from a start that
/// changes nothing), or a scatter combines with.
enum class Combiner { None, Replace, Add, Max, Min, Mul, And, Or };
Combiner combinerOf(mlir::Operation *op);

/// Sums of all elements up to and including each, along a dimension.
struct RunningSum {
  mlir::Value input;
  int64_t dimension;
};
/// What the tensor is the running sums of, by windows or by a parallel prefix
/// sum of slices (jax.lax.associative_scan); none where it is something else.
std::optional<RunningSum> runningSum(mlir::Value sums);

/// How often each id occurs in a list.
struct Histogram {
  Index position;   // a symbol for a position in the list
  Index id;         // the id there
  Index count;      // of the ids in the list
  int64_t bins = 0; // ids are in [0, bins)
};

/// "a is b", of two integers.
struct Equality {
  Index a, b;
};

/// What a scatter writes: the update at `from`, whose coordinates are symbols,
/// goes to `to` in the data.
struct Writes {
  Coordinates from, to;
  mlir::Value data, updates;
};

/// Demand-driven: nothing is computed before it is asked for, and facts are
/// about the graph as it was then. Tensors are at the graph level (stablehlo,
/// chlo, composites of ONNX operators). An index that ONNX forbids gives
/// undefined results there, so that only signs need a proof here: non-negative
/// indices are never wrapped.
class IndexFacts : public IndexTable {
public:
  using Stop = llvm::function_ref<bool(mlir::Value, llvm::ArrayRef<Index>)>;

  /// The element that `tensor` shows at `at`, followed through everything that
  /// only moves elements: reshapes, transposes, broadcasts, slices, gathers,
  /// concatenations, selects of known outcome, values of a top-k or sort, and
  /// conversions between integers (counts and positions fit the narrower type).
  /// Ends early where `stop` holds.
  Element trace(mlir::Value tensor, llvm::ArrayRef<Index> at,
                Stop stop = nullptr);
  Element trace(const Element &element) {
    return trace(element.tensor, element.at);
  }

  /// The integer that `tensor` holds at `at`.
  Index valueOf(mlir::Value tensor, llvm::ArrayRef<Index> at);
  /// The truth value that `tensor` holds at `at`, where it is always the same.
  std::optional<bool> truthOf(mlir::Value tensor, llvm::ArrayRef<Index> at);
  /// The number that a constant holds at `at`.
  std::optional<double> numberOf(const Element &element);
  /// The size of a dimension as an expression.
  Index extentOf(mlir::Value tensor, int64_t dimension);

  /// The traced element of operand `number` that the element of an op of known
  /// Scalar kind is computed from; none where broadcasting is ambiguous.
  std::optional<Element> operand(const Element &element, unsigned number);
  /// The element that a reduction over one dimension combines at `position` of
  /// that dimension, with its extent in `count`.
  std::optional<Element> reduced(const Element &element, Index position,
                                 int64_t *count = nullptr);
  /// The same over several dimensions, in ascending order.
  std::optional<Element> reduced(const Element &element,
                                 llvm::ArrayRef<Index> positions);

  /// The list that `positions` sorts in ascending order, ties in order of
  /// position: positions[i] is where the i-th least element stands. Null where
  /// `positions` is something else.
  mlir::Value sortedBy(mlir::Value positions);
  /// The permutation p with inverse[p[i]] = i. Null where there is none.
  mlir::Value inverseOf(mlir::Value inverse);
  std::optional<Histogram> histogram(mlir::Value counts);
  /// The histogram whose running sums, each up to and including its bin,
  /// `sums` holds.
  std::optional<Histogram> offsets(mlir::Value sums);

  /// Where a scatter writes; none where updates may be out of bounds, which
  /// StableHLO skips.
  std::optional<Writes> writes(mlir::Operation *op);
  /// The condition under which a mask holds, or is one and not zero.
  std::optional<Equality> equality(const Element &mask);

  /// From now on, the first elements of each row of `tensor` are seen as those
  /// of `same`, which has no others; `flipped`: the last ones, from the end.
  void identifyHead(mlir::Value tensor, mlir::Value same, bool flipped);
  /// From now on, `tensor` is seen as column `slot` of `same`; it lacks the
  /// last dimension, or has it in size 1.
  void identifySlot(mlir::Value tensor, mlir::Value same, int64_t slot);

  /// Whether a dimension of size `own` that is broadcast to `target` keeps its
  /// coordinates: the sizes are equal, or they are wherever `own` is not 1, and
  /// `target` is at most 1 where it is. Exporters write the latter as the size
  /// that `own` broadcasts to together with another one.
  bool neverGrows(Index own, Index target);

  IndexRange range(Index a) override;

protected:
  IndexRange elementRange(const Element &element) override;
  Index revalued(const Element &element) override {
    return valueOf(element.tensor, element.at);
  }

private:
  /// Values of a function of one bounded atom, one per value of the atom; a
  /// constant has one.
  struct Tabulation {
    const IndexAtom *atom = nullptr;
    int64_t low = 0;
    llvm::SmallVector<double> values;
  };

  /// What a tensor is seen as: one column, or the head, of another one.
  struct Identity {
    mlir::Value same;
    std::optional<int64_t> slot;
    bool flipped;
  };

  bool step(mlir::Value &tensor, Coordinates &at);
  bool stepIdentity(mlir::Value &tensor, Coordinates &at);
  bool stepSort(mlir::Value &tensor, Coordinates &at);
  bool stepComposite(mlir::Value &tensor, Coordinates &at);
  bool stepReshape(mlir::Value &tensor, Coordinates &at, mlir::Value source);
  bool stepGather(mlir::Value &tensor, Coordinates &at, mlir::Value source,
                  mlir::Value indices, mlir::Attribute numbers);
  bool stepPad(mlir::Value &tensor, Coordinates &at);
  bool stepDynamicSlice(mlir::Value &tensor, Coordinates &at);
  bool stepConcatenate(mlir::Value &tensor, Coordinates &at);
  std::optional<Coordinates> operandCoordinates(mlir::Operation *op,
                                                unsigned number,
                                                llvm::ArrayRef<Index> at);
  bool inBounds(Index position, mlir::Value tensor, int64_t dimension);
  std::optional<Histogram> scatteredHistogram(mlir::Operation *op);
  std::optional<Histogram> reducedHistogram(mlir::Operation *op);
  std::optional<Histogram> maskHistogram(mlir::Operation *op);
  std::optional<Writes> stableHLOWrites(mlir::Operation *op);
  std::optional<bool> truthOfReduction(const Element &element);
  Index zeroWhere(const Element &condition);
  Index multipleUnless(const Element &condition);
  Index computedExtent(mlir::Value tensor, int64_t dimension);
  Index foldCounts(Index sum);
  Index elementValue(const Element &element);
  Index constantValue(const Element &element, mlir::Attribute value);
  Index arithmetic(const Element &element, Scalar kind);
  Index truncatedQuotient(const Element &element);
  std::optional<Tabulation> tabulate(mlir::Value tensor,
                                     llvm::ArrayRef<Index> at);
  /// An expression for a function that is tabulated, if there is one.
  Index tabulated(mlir::Value tensor, llvm::ArrayRef<Index> at);

  llvm::DenseMap<std::pair<mlir::Value, int64_t>, Index> extents;
  llvm::DenseMap<mlir::Value, mlir::Value> sorts, inverses;
  llvm::DenseMap<mlir::Value, Identity> identities;
  llvm::DenseMap<mlir::Value, std::optional<Histogram>> histograms, sums;
};

} // namespace moe

#endif // MOE_ANALYSIS_INDEXFACTS_H
