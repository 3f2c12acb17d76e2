// What elements of masks are for one entry of a routing: a slot of a token and
// the expert that it chose. The entry is the first, second, ... of its expert,
// and elements are numbers for each of these.
#ifndef MOE_PASSES_TRANSFORMS_RAISEENTRIES_H
#define MOE_PASSES_TRANSFORMS_RAISEENTRIES_H

#include "Raise.h"

namespace moe::raise {

/// The expert that a mask is looked at for.
enum class MaskExpert {
  Own,    // the one that the entry chose
  Other,  // another one, which other slots of the token may have chosen
  Unused, // one that no slot of the token chose
};

/// numbers[r] where the entry is the one of number r + 1 of its expert, in the
/// column places[r] alone (in all columns where there are none), times
/// `factor`.
struct Amount {
  llvm::SmallVector<double> numbers;
  llvm::SmallVector<int64_t> places;
  Element factor; // null: 1

  bool isZero() const;
  /// Whether it is only numbers.
  bool isPlain() const { return places.empty() && !factor; }
  /// The number that it is whatever the entry's number.
  std::optional<double> asConstant() const;
};

/// The order in which entries are counted, and among which.
struct RunningCount {
  mlir::Value tensor;
  Priority priority;
  Index start; // the first token
};

/// Evaluates elements for one entry, which the first mask that is met names.
/// What is no such function of the entry's number is a factor.
class EntryEvaluator {
public:
  /// The layer's experts, whose places are columns, and tokens.
  EntryEvaluator(IndexFacts &facts, const Mixture &mixture)
      : facts(facts), column(mixture.place), columns(mixture.places),
        experts(mixture.count), units(mixture.units),
        before(computing(mixture.experts.input.tensor, {})) {}

  Amount evaluate(const Element &element, Index expert, MaskExpert which);

  std::optional<Pick> entry;
  std::optional<RunningCount> count;
  /// Why something that counts is none of the known ways.
  std::string reason;

  /// Whether all slots of the token are added up.
  bool addsAllSlots() const;
  /// The expert that the entry chose.
  Index chosen();

private:
  /// A term of a sum at a position, for an expert.
  using Term = llvm::function_ref<Amount(Index, Index, MaskExpert)>;
  using Function = llvm::function_ref<double(llvm::ArrayRef<double>)>;

  Amount constant(double number) const;
  Amount unknown(const Element &element) const;
  bool isEntry(const Pick &pick, MaskExpert which);
  std::optional<Amount> evaluateChoice(const Element &element, Index expert,
                                       MaskExpert which);
  std::optional<Amount> evaluatePlace(const Element &element, Index expert,
                                      MaskExpert which);
  Amount evaluateCount(const Element &element, int64_t dimension, Index expert,
                       MaskExpert which);
  Amount evaluateScalar(const Element &element, Scalar kind, Index expert,
                        MaskExpert which);
  Amount evaluateConvert(const Element &element, const Amount &input);
  Amount evaluateSum(const Element &element, Index expert, MaskExpert which);
  Amount sumOver(const Element &element, Index position, int64_t extent,
                 bool isMax, Term term, Index expert, MaskExpert which);
  Amount multiply(const Element &element, const Amount &a, const Amount &b);
  Amount apply(const Element &element, llvm::ArrayRef<Amount> inputs,
               Function function);
  std::optional<RunningCount> matchOrder(mlir::Value tensor, const Pick &pick,
                                         Index position, int64_t extent);
  bool ordersByBestScore(mlir::Value order, const Pick &pick);
  bool holds(mlir::Type type, double number) const;
  void explain(const llvm::Twine &text) {
    if (reason.empty())
      reason = text.str();
  }

  IndexFacts &facts;
  Index column;
  int64_t columns, experts, units;
  /// Ops that tokens are computed by, which know of no entries.
  llvm::DenseSet<mlir::Operation *> before;
  /// Experts that masks were looked at for, slots that they belong to, and
  /// slots that are added up.
  llvm::SmallDenseSet<Index> seenExperts, seenSlots, added;
};

} // namespace moe::raise

#endif // MOE_PASSES_TRANSFORMS_RAISEENTRIES_H
