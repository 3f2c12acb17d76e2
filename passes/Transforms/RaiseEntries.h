// What elements of masks are for one entry of a routing: a slot of a token and
// the expert that it chose. The entry is the first, second, ... of its expert,
// and elements are numbers for each of these. Where slots are counted one after
// the other, they are numbers for each such rank among the entries of the slot
// and for each number of entries that earlier slots have with the expert.
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

/// numbers[i] in case i of the evaluator, in the column places[i] alone (in all
/// columns where there are none), times `factor`.
struct Amount {
  llvm::SmallVector<double> numbers;
  llvm::SmallVector<int64_t> places;
  Element factor;          // null: 1
  mlir::FloatType rounded; // what the factor is rounded to; null: nothing

  bool isZero() const;
  /// Whether it is only numbers.
  bool isPlain() const { return places.empty() && !factor; }
  /// The number that it is in all cases.
  std::optional<double> asConstant() const;
};

/// The order in which entries are counted, and among which.
struct RunningCount {
  mlir::Value tensor;
  Priority priority;
  Index start; // the first token
};

/// Where an entry stands among those with its expert.
struct EntryCase {
  int64_t before; // entries of earlier slots, where those are counted apart
  int64_t rank;   // entries that are counted with it, and come before it

  int64_t number() const { return before + rank; }
};

/// Evaluates elements for one entry, which the first mask that is met names.
/// What is no such function of where the entry stands is a factor.
class EntryEvaluator {
public:
  /// The layer's experts, whose places are columns, and tokens.
  EntryEvaluator(IndexFacts &facts, const Mixture &mixture)
      : facts(facts), mixture(mixture), experts(mixture.count),
        units(mixture.units),
        before(computing(mixture.experts.input.tensor, {})) {
    for (int64_t rank = 0; rank < units; ++rank)
      cases.push_back({0, rank});
  }
  /// For the entries of one of a token's two slots, which are counted apart.
  EntryEvaluator(IndexFacts &facts, const Mixture &mixture, const Pick &entry);

  /// Groups of more tokens have too many cases where slots are counted apart.
  static constexpr int64_t kMaxUnitsApart = 2048;

  Amount evaluate(const Element &element, Index expert, MaskExpert which);
  llvm::ArrayRef<EntryCase> getCases() const { return cases; }
  /// Whether a number of the slot tells it from the token's other ones.
  bool isOfOneSlot() const {
    return entry && entry->slot->asConstant() && entry->slots() > 1;
  }

  std::optional<Pick> entry;
  std::optional<RunningCount> count;
  /// The first of the tokens whose first choices are added up; null where none
  /// are.
  Index totalStart = nullptr;
  /// Why something that counts is none of the known ways.
  std::string reason;

  /// Whether all slots of the token are added up.
  bool addsAllSlots() const;

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
  Amount evaluateCount(const Element &element, const RunningSum &sum,
                       Index expert, MaskExpert which);
  std::optional<Amount> evaluateTotal(const Element &element, Index expert);
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
  bool isOtherSlot(const Pick &pick) const;
  bool ordersByBestScore(mlir::Value order, const Pick &pick);
  bool holds(mlir::Type type, double number) const;
  void explain(const llvm::Twine &text) {
    if (reason.empty())
      reason = text.str();
  }

  IndexFacts &facts;
  const Mixture &mixture;
  int64_t experts, units;
  llvm::SmallVector<EntryCase> cases;
  /// Ops that tokens are computed by, which know of no entries.
  llvm::DenseSet<mlir::Operation *> before;
  /// Experts that masks were looked at for, slots that they belong to, and
  /// slots that are added up.
  llvm::SmallDenseSet<Index> seenExperts, seenSlots, added;
};

} // namespace moe::raise

#endif // MOE_PASSES_TRANSFORMS_RAISEENTRIES_H
