// What the parts of moe-raise share: what a layer is made of, and the matching
// of its router and of its expert body, which look the same in every form that
// exporters write a layer in.
//
// Matching reads elements, not ops: IndexFacts follows an element of a tensor
// through everything that only moves elements, so that a form is described by
// what it computes for one token and slot, whatever reshapes, gathers and
// transposes lie between. Matchers change nothing.
#ifndef MOE_PASSES_TRANSFORMS_RAISE_H
#define MOE_PASSES_TRANSFORMS_RAISE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "moe/Analysis/IndexFacts.h"
#include "moe/Dialect/MoE/MoE.h"
#include "moe/Dialect/StableHLO/Chlo.h"
#include "moe/Dialect/StableHLO/StableHLO.h"
#include "llvm/ADT/Twine.h"

namespace moe::raise {

namespace hlo = moe::stablehlo;

/// Why something that is a layer in part is not raised.
struct RaiseFinding {
  enum class Kind {
    Missed, // a side condition does not hold; the graph is right as it is
    Wrong,  // the graph does not compute what the model did
  };
  Kind kind;
  mlir::Operation *op;
  std::string text, hint;
};

/// The facts, and the first finding of the match in progress.
class Matcher {
public:
  explicit Matcher(mlir::MLIRContext *context) : context(context) {}

  mlir::MLIRContext *context;
  IndexFacts facts;
  std::optional<RaiseFinding> finding;
  /// Ops that are part of the same sum as the one that is looked at.
  llvm::SmallVector<mlir::Operation *> parts;
  /// What looks like a top-k, and why it is none.
  llvm::DenseMap<mlir::Operation *, std::string> noTopKs;
  /// The top-ks that are written beside what they are another name of, which
  /// orders keys by number: all zeros are equal.
  llvm::DenseMap<mlir::Operation *, mlir::Operation *> named;

  /// Why the nearest choice that the op depends on is no top-k; empty where it
  /// depends on nothing that looks like one.
  llvm::StringRef whyNoTopK(mlir::Operation *op) const;

  /// Records a side condition that fails; the text completes "is not raised:".
  mlir::LogicalResult refuse(mlir::Operation *op, const llvm::Twine &text) {
    return find({RaiseFinding::Kind::Missed, op, text.str(), ""});
  }
  mlir::LogicalResult reject(mlir::Operation *op, const llvm::Twine &text,
                             const llvm::Twine &hint) {
    return find({RaiseFinding::Kind::Wrong, op, text.str(), hint.str()});
  }

private:
  mlir::LogicalResult find(RaiseFinding found) {
    if (!finding)
      finding = std::move(found);
    return mlir::failure();
  }
};

/// Ops whose results the value is computed from, up to `ends`.
llvm::DenseSet<mlir::Operation *> computing(mlir::Value value,
                                            llvm::ArrayRef<mlir::Value> ends);

/// An op of `ops`, or one that uses their results on the way to `last`, whose
/// result is used outside of `inside`; null where there is none.
mlir::Operation *usedOutside(llvm::ArrayRef<mlir::Operation *> ops,
                             const llvm::DenseSet<mlir::Operation *> &inside,
                             mlir::Operation *last);

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

/// The scalar function that computes an element.
inline Scalar kindOf(const Element &element) {
  return scalarKind(element.tensor.getDefiningOp());
}

/// Both operands of an element of the given binary kind.
std::optional<std::pair<Element, Element>>
matchBinary(IndexFacts &facts, const Element &element, Scalar kind);

/// The element times a number: what is left after taking constant factors out
/// into `factor`.
Element takeFactor(IndexFacts &facts, Element element, double &factor);

/// The element without conversions to types that hold all of its numbers.
Element takeWidening(IndexFacts &facts, Element element);
/// The element without conversions between floats, and the type that they round
/// it to (null: none), where it is no more than one.
std::pair<Element, mlir::FloatType> takeRounding(IndexFacts &facts,
                                                 Element element);

/// The element without conversions between floats, whose types join `types`.
Element takeConversions(IndexFacts &facts, Element element,
                        llvm::SmallVectorImpl<mlir::FloatType> &types);
/// Whether a float type holds all numbers of the other one.
bool holds(mlir::FloatType type, mlir::FloatType other);

/// A number as a decimal that a float of the model's precision rounds to the
/// same value: 1.702 rather than 1.7020000219345093.
double shortestDecimal(double value);

/// One element of a product of tensors: sum over all of `contracted` of
/// lhs * rhs.
struct Contraction {
  mlir::Operation *op;
  Element lhs, rhs; // not traced
  Coordinates contracted;
  llvm::SmallVector<int64_t, 2> extents;
};
std::optional<Contraction> matchContraction(IndexFacts &facts,
                                            const Element &element);

/// One element of a matrix product: sum over `contracted` of lhs * rhs.
struct Dot {
  mlir::Operation *op;
  Element lhs, rhs; // not traced
  Index contracted;
  int64_t extent;
};
std::optional<Dot> matchDot(IndexFacts &facts, const Element &element);

/// An element that is a sum of products over `position` in [0, count), written
/// as such or as a matrix product.
struct ProductSum {
  mlir::Operation *op;
  Element a, b;
  Index position;
  int64_t count;
};
std::optional<ProductSum> matchProductSum(IndexFacts &facts,
                                          const Element &element);

/// An element at `position` of its last dimension, which is `rest` but where
/// that is `gone`: there it is `fill` (none where that is no number).
struct Without {
  Element rest;
  Index gone;
  std::optional<double> fill;
};
/// A select by a comparison with the position, or a scatter of one number to
/// each row.
std::optional<Without> matchWithout(IndexFacts &facts, const Element &element,
                                    Index position);

/// Softmax over the coordinates `positions` of the element: its argument.
std::optional<Element> matchSoftmax(IndexFacts &facts, const Element &element,
                                    llvm::ArrayRef<Index> positions);
/// 1 / (1 + exp -x), by that name or written out: x.
std::optional<Element> matchLogistic(IndexFacts &facts, const Element &element);

/// `value` where the mask is zero, and `fill` where it is one.
struct Unmasked {
  Element value, mask;
  double fill;
};
/// A select, or the product with one minus the mask.
std::optional<Unmasked> matchUnmasked(IndexFacts &facts,
                                      const Element &element);

/// The number of a row of a tensor whose last dimension is its columns.
Index rowOf(IndexFacts &facts, mlir::Value tensor,
            llvm::ArrayRef<Index> coordinates);
/// The tensor that shows the element in this row and column; null where none
/// does on the way to what computes it.
mlir::Value matchRows(IndexFacts &facts, const Element &element, Index row,
                      Index column);
/// How many rows there are, where the last dimensions are their columns.
Index rowCount(IndexFacts &facts, mlir::Value tensor, int64_t columnDims = 1);

/// The slot of a token that an expert id belongs to.
struct Pick {
  mutable chlo::TopKOp topK;
  Coordinates row; // of the top-k, which has a row for each token
  Index token;     // the number of the row
  Index slot;

  int64_t experts() const { return typeOf(keys()).getShape().back(); }
  int64_t slots() const { return topK.getK(); }
  mlir::Value keys() const { return topK.getOperand(); }
};
/// The pick whose expert id the integer is: indices[row..., slot] of a top-k.
std::optional<Pick> asPick(IndexFacts &facts, Index id);
/// Refuses keys that may be -0 where the top-k, in total order, tells that from
/// 0, which a routing does not. `key` is one of them.
mlir::LogicalResult checkOrder(Matcher &matcher, const Pick &pick,
                               const Element &key);
/// The expert id that the slot holds.
Index idOf(IndexFacts &facts, const Pick &pick);
/// The number of the slot among those of all tokens.
Index entryOf(IndexFacts &facts, const Pick &pick);
/// The pick whose expert id a mask compares with `expert`.
std::optional<Pick> matchChoice(IndexFacts &facts, const Element &mask,
                                Index &expert);

//===----------------------------------------------------------------------===//
// Router
//===----------------------------------------------------------------------===//

struct Router {
  mlir::Value logits; // E columns
  mlir::ElementsAttr keyOffset;
  ScoreAttr score;
  GroupFilterAttr groupFilter;
  SelectAttr select;
  WeightAttr weight;
  CapacityAttr capacity; // null: no limit
  DomainAttr domain;     // null: all units
  /// Of a token; of an expert where rows are mixtures.
  int64_t experts, slots;
  /// Dimensions of the logits that make up their columns.
  int64_t columnDims = 1;
};

/// What a sparse mixer weighs its picks with (specification, G1): the softmax
/// over the logits that are left and whose distance from the best of them is at
/// most this part of the greater of both, by magnitude. `weight` is that of the
/// slot, and stands beside those of the others; `keys` are the logits.
mlir::FailureOr<double> matchMixerBound(Matcher &matcher, const Pick &pick,
                                        const Element &weight);
/// Whether weights are written in columns, one per slot.
bool hasColumns(const Pick &pick, const Element &weight);

/// A slot of a token, or all of them (where the slot is a symbol), with its
/// weight.
struct Choice {
  Pick pick;
  Element weight;          // null: 1, whatever the router says
  mlir::FloatType rounded; // what the weight is rounded to; null: nothing
  bool isSigmoid = false;  // the weight is the sigmoid of the element
};
/// What weights are, rounded to `type` (null: not at all).
WeightAttr makeWeight(mlir::MLIRContext *context, WeightSource source,
                      mlir::FloatType type, WeightNorm norm = WeightNorm::None,
                      double normValue = 0.0, EpsMode mode = EpsMode::Add,
                      double scale = 1.0);
/// A weight without its rounding, and the type of that; `outer` is what it is
/// rounded to already (null: nothing). Fails where these are two.
mlir::FailureOr<std::pair<Element, mlir::FloatType>>
matchRounding(Matcher &matcher, mlir::Operation *op, const Element &weight,
              mlir::FloatType outer);
/// The slots of the token whose weight for `expert` the element is, and zero
/// where none of them is that expert. A null expert becomes the one that the
/// weight is for.
mlir::FailureOr<llvm::SmallVector<Choice>>
matchChoices(Matcher &matcher, const Element &weight, Index &expert);
/// The router around a top-k, whose combine weight for the picked slot is that
/// of the choice.
mlir::FailureOr<Router> matchRouter(Matcher &matcher, const Choice &choice);
/// The router of such slots.
mlir::FailureOr<Router> matchRouter(Matcher &matcher,
                                    llvm::ArrayRef<Choice> choices);

//===----------------------------------------------------------------------===//
// Experts
//===----------------------------------------------------------------------===//

/// An element of an affine map that each expert has its own parameters for.
struct Linear {
  llvm::SmallVector<mlir::Operation *> ops; // the products
  mlir::ElementsAttr matrix;                // E×out×in
  mlir::ElementsAttr bias;                  // E×out, or null
  Index column;                             // of `out`
  Index expert;                             // whose parameters they are
  Element input; // not traced; `contracted` runs over its columns
  Index contracted;
  int64_t width; // of `in`
};

/// How a form of a layer writes such maps.
using LinearForm =
    llvm::function_ref<std::optional<Linear>(const Element &element)>;

struct Experts {
  BodyAttr body;       // null: the last matrix is the only one
  int64_t width;       // of the hidden vector; 0 without one
  int64_t outputWidth; // of an output
  llvm::SmallVector<mlir::ElementsAttr> parameters; // in operand order
  Element input; // of one row; `inputColumn` runs over its width
  Index inputColumn, outputColumn, expert;
  llvm::SmallVector<mlir::Operation *> ops;
};

/// The body whose result `output` is, as it is or rounded.
mlir::FailureOr<Experts> matchExperts(Matcher &matcher, const Element &output,
                                      LinearForm linear);
/// Whether an element is a map of the form, as it is or rounded.
bool isOutput(IndexFacts &facts, const Element &element, LinearForm linear);
/// Experts that are one such map.
mlir::FailureOr<Experts> matchMap(Matcher &matcher, const Linear &map);
/// The factors of a product of an expert's output and its weight, in this
/// order; none where neither is a map of the form.
std::optional<std::pair<Element, Element>>
outputAndWeight(IndexFacts &facts, std::pair<Element, Element> factors,
                LinearForm linear);

/// The constant factor of a product, widened or not, with its dimensions in the
/// order expert (1 where it has none), column, contracted; `expert` is set to
/// the coordinate of the first. None where coordinates stand for something
/// else.
struct Matrix {
  mlir::ElementsAttr value;
  Index column, expert;
};
std::optional<Matrix> matchMatrix(IndexFacts &facts, const Element &element,
                                  Index contracted);
/// The same for a bias, E×out.
std::optional<Matrix> matchBias(IndexFacts &facts, const Element &element,
                                Index column);

/// Equally shaped parts, one after the other along their first dimension of
/// size 1; slabs of one weight give that weight back.
mlir::ElementsAttr joinWeights(llvm::ArrayRef<mlir::ElementsAttr> parts);

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

/// A dense body on the tokens of a layer, whose output is added to the layer's.
struct SharedExpert {
  mlir::Operation *sum;
  /// Ops between what it is added to and the sum's operand, the first one
  /// first.
  llvm::SmallVector<mlir::Operation *, 2> between;
  Experts experts;
  Element weight;         // of a token; null: 1
  mlir::Value weights;    // one for each token; null: none are known
  bool isSigmoid = false; // the weight is a sigmoid
};

struct Layer {
  llvm::StringRef form;
  mlir::Value tokens; // d columns
  mlir::Value result; // what the layer replaces
  Router router;
  Experts experts;
  Apply apply = Apply::Output;
  /// Experts read, or give, a row for each slot of a token; `tokens`, or
  /// `result`, has those of a token one after the other.
  bool readsSlots = false, givesSlots = false;
  /// Become always-on classes; the last sum is what the layer replaces.
  llvm::SmallVector<SharedExpert, 1> shared = {};

  /// The op whose result the layer replaces.
  mlir::Operation *last() const {
    return shared.empty() ? result.getDefiningOp() : shared.back().sum;
  }
};

/// Makes a layer of branches that each compute one expert, in order of ids.
class Branches {
public:
  Branches(Matcher &matcher, llvm::StringRef form, mlir::Value result)
      : matcher(matcher), result{form, nullptr, result, {}, {}} {}

  /// Refuses a branch that differs from the first one in more than parameters.
  mlir::LogicalResult add(mlir::Operation *op, mlir::Value tokens,
                          const Router &router, const Experts &experts);
  Layer layer();

private:
  Matcher &matcher;
  Layer result;
  int64_t count = 0;
  llvm::SmallVector<llvm::SmallVector<mlir::ElementsAttr>> parameters;
};

/// The rows that the experts read: a tensor whose row `token` they are.
mlir::FailureOr<mlir::Value> matchTokens(Matcher &matcher,
                                         const Experts &experts, Index token);

/// Terms that are added up, or written, to rows.
struct Entries {
  Element term; // of one entry, at `column` of its row
  /// What is multiplied to give it; all that is known where a sum is a matrix
  /// product.
  std::optional<std::pair<Element, Element>> factors;
  Index row; // that the entry belongs to
  Index column;
  Index position;    // of the entry in a list; null where a sum has slots
  Index positions;   // how many the list has
  Index slot;        // that the sum runs over; null where there is a list
  int64_t count = 0; // of slots
};
/// The updates of a scatter of whole rows; the data are operand 0.
std::optional<Entries> matchScatteredRows(IndexFacts &facts,
                                          mlir::Operation *op);

/// A form's matcher looks at one op that could give a layer's result. It fails
/// without a finding where this is no layer of the form.
using FormMatcher = mlir::FailureOr<Layer> (*)(Matcher &, mlir::Operation *);

/// Linear maps by one product per expert, on the rows sorted by expert.
std::optional<Linear> matchGroupedLinear(Matcher &matcher,
                                         const Element &element);
/// The same by one product of ragged groups of these rows.
std::optional<Linear> matchRaggedLinear(Matcher &matcher,
                                        const Element &element);
/// The id that a row of a list sorted by expert stands for, where groups of
/// rows are as long as the histogram says; null where nothing is known to be
/// sorted by what it counts. `hint` is an integer that may be computed from the
/// positions that the sort gives.
Index sortedExpert(IndexFacts &facts, mlir::Operation *op,
                   const Histogram &histogram, Index row, Index hint);
/// Linear maps with parameters looked up by expert id.
std::optional<Linear> matchGatheredLinear(IndexFacts &facts,
                                          const Element &element);

/// Sums of each token's slots.
mlir::FailureOr<Layer> matchSlotSum(Matcher &matcher, mlir::Operation *op);
/// What one matrix per expert makes of the token of each slot: the queries of
/// a mixture of attention heads.
mlir::FailureOr<Layer> matchSlotRows(Matcher &matcher, mlir::Operation *op);
/// All experts on all tokens, where outputs, or inputs, are weighted by a
/// matrix that is zero where a token did not pick the expert.
mlir::FailureOr<Layer> matchDenseExperts(Matcher &matcher, mlir::Operation *op);
/// The same, written as one product per expert and a sum.
mlir::FailureOr<Layer> matchUnrolledExperts(Matcher &matcher,
                                            mlir::Operation *op);
/// One branch per expert on the tokens that picked it.
mlir::FailureOr<Layer> matchExpertLoop(Matcher &matcher, mlir::Operation *op);
/// Rows of experts that are means of all tokens, and tokens that are means of
/// all rows.
mlir::FailureOr<Layer> matchSoftMixture(Matcher &matcher, mlir::Operation *op);
/// Rows of experts that masks of zeros and ones take from the tokens, as many
/// as an expert has places for.
mlir::FailureOr<Layer> matchCapacity(Matcher &matcher, mlir::Operation *op);
/// Tokens that experts choose.
mlir::FailureOr<Layer> matchExpertChoice(Matcher &matcher, mlir::Operation *op);

/// Experts on a fixed number of rows, which sums over tokens make and whose
/// outputs sums over rows give back:
/// result[at] = sum over e, c of combine * f_e(sum over u of dispatch * token).
struct Mixture {
  Experts experts; // their input is that of the token `unit`
  Element dispatch, combine;
  Coordinates at;               // of the result
  Index expert, place, unit;    // e, c and u: symbols
  int64_t count, places, units; // of experts, of rows of each, of tokens
};
std::optional<Mixture> matchMixture(Matcher &matcher, mlir::Operation *op);

/// The tokens among which token `start + unit` is, `units` of them.
struct TokenBlock {
  Index start;
  DomainAttr domain; // null: all
};
/// A fixed number of units per expert.
CountAttr fixedCount(Matcher &matcher, int64_t number);
/// None where tokens are not divided into blocks of that many.
std::optional<TokenBlock> matchBlock(Matcher &matcher, Index token, Index unit,
                                     int64_t units, Index tokens);

/// Takes dense bodies whose outputs are added to those of the layer into it,
/// where its table can hold them, and reports why one stays. Describes that one
/// in words that continue the layer's description: ", 1 shared SwiGLU width 8
/// beside it".
std::string takeShared(Matcher &matcher, Layer &layer);
/// " weighed by a sigmoid"; empty where the weight is 1.
std::string describeWeight(const SharedExpert &shared);

/// Writes a top-k beside what is one by another name, and tells the facts.
void nameTopKs(Matcher &matcher, mlir::func::FuncOp function);
/// Whether the op is a top-k by name: values and positions.
bool isTopK(mlir::Operation *op);

/// The nearest op of some kind that the op depends on.
mlir::Operation *nearest(mlir::Operation *op,
                         llvm::function_ref<bool(mlir::Operation *)> isKind);

/// Tells of loops whether layers are found among the ops of one trip (in
/// `bodies`) in a copy of the function that has one trip instead of each.
using ScanTrial = llvm::function_ref<llvm::SmallVector<bool>(
    mlir::func::FuncOp copy,
    llvm::ArrayRef<llvm::DenseSet<mlir::Operation *>> bodies,
    llvm::ArrayRef<stablehlo::WhileOp> loops)>;
/// Takes loops apart that go over layers which choose experts and take their
/// matrices from stacked constants, and whose layers the trial finds.
void unrollScans(mlir::func::FuncOp function, ScanTrial trial);

/// Whether column `column` of the layer's result is that of the experts'
/// output.
mlir::LogicalResult checkOutput(Matcher &matcher, const Experts &experts,
                                mlir::Value result, Index column);

/// Whether the router chooses among as many experts as have parameters.
mlir::LogicalResult checkExpertCount(Matcher &matcher, const Experts &experts,
                                     const Pick &pick);

} // namespace moe::raise

#endif // MOE_PASSES_TRANSFORMS_RAISE_H
