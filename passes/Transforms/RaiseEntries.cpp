// Evaluates masks and positions for an entry, number by number.
#include "RaiseEntries.h"

#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir;
using namespace moe;
using namespace moe::raise;

//===----------------------------------------------------------------------===//
// Amounts
//===----------------------------------------------------------------------===//

bool Amount::isZero() const {
  return llvm::all_of(numbers, [](double x) { return x == 0; });
}

std::optional<double> Amount::asConstant() const {
  if (!isPlain() || !llvm::all_equal(numbers))
    return std::nullopt;
  return numbers.front();
}

EntryEvaluator::EntryEvaluator(IndexFacts &facts, const Mixture &mixture,
                               const Pick &pick)
    : EntryEvaluator(facts, mixture) {
  entry = pick;
  // A token is an entry of an expert once, so that all entries are no more than
  // there are tokens.
  if (pick.slot == facts.constant(1))
    for (int64_t earlier = 1; earlier < units; ++earlier)
      for (int64_t rank = 0; earlier + rank < units; ++rank)
        cases.push_back({earlier, rank});
}

Amount EntryEvaluator::constant(double number) const {
  return {SmallVector<double>(cases.size(), number), {}, {}, {}};
}

Amount EntryEvaluator::unknown(const Element &element) const {
  return {SmallVector<double>(cases.size(), 1.0), {}, element, {}};
}

/// Whether the type holds all numbers up to this one.
bool EntryEvaluator::holds(Type type, double number) const {
  if (auto real = dyn_cast<FloatType>(type))
    return std::abs(number) <= std::ldexp(1.0, APFloat::semanticsPrecision(
                                                   real.getFloatSemantics()));
  return std::abs(number) < std::ldexp(1.0, type.getIntOrFloatBitWidth() - 1) ||
         (type.isInteger(1) && (number == 0 || number == 1));
}

/// Where one factor is 0 the other does not matter.
Amount EntryEvaluator::multiply(const Element &element, const Amount &a,
                                const Amount &b) {
  if (a.isZero() || b.isZero())
    return constant(0);
  if (a.factor && b.factor)
    return unknown(element);
  Amount result{a.numbers, a.places.empty() ? b.places : a.places,
                a.factor ? a.factor : b.factor,
                a.factor ? a.rounded : b.rounded};
  for (size_t i = 0; i < cases.size(); ++i) {
    bool elsewhere =
        !a.places.empty() && !b.places.empty() && a.places[i] != b.places[i];
    result.numbers[i] = elsewhere ? 0 : a.numbers[i] * b.numbers[i];
  }
  return result;
}

/// A function of numbers alone.
Amount EntryEvaluator::apply(const Element &element, ArrayRef<Amount> inputs,
                             Function function) {
  if (!llvm::all_of(inputs, [](const Amount &x) { return x.isPlain(); }))
    return unknown(element);
  Amount result = constant(0);
  for (size_t i = 0; i < cases.size(); ++i) {
    SmallVector<double> in;
    for (const Amount &input : inputs)
      in.push_back(input.numbers[i]);
    result.numbers[i] = function(in);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Masks and counts
//===----------------------------------------------------------------------===//

bool EntryEvaluator::addsAllSlots() const {
  return entry->slots() == 1 || added.contains(entry->slot);
}

/// Whether the pick is another one of the token, which chose another expert.
bool EntryEvaluator::isOtherSlot(const Pick &pick) const {
  return entry && pick.topK == entry->topK && pick.row == entry->row &&
         facts.sub(pick.slot, entry->slot)->asConstant().value_or(0) != 0;
}

/// Whether the pick is the entry; the first one that is met becomes it.
bool EntryEvaluator::isEntry(const Pick &pick, MaskExpert which) {
  if (!entry && which == MaskExpert::Own)
    entry = pick;
  return entry && pick.topK == entry->topK && pick.row == entry->row &&
         (pick.slot == entry->slot || which == MaskExpert::Unused);
}

/// "the slot chose this expert"
std::optional<Amount> EntryEvaluator::evaluateChoice(const Element &element,
                                                     Index expert,
                                                     MaskExpert which) {
  Index asked = nullptr;
  std::optional<Pick> pick = matchChoice(facts, element, asked);
  if (!pick || asked != expert)
    return std::nullopt;
  seenExperts.insert(expert);
  seenSlots.insert(pick->slot);
  if (which == MaskExpert::Own && isOtherSlot(*pick))
    return constant(0);
  if (!isEntry(*pick, which))
    return unknown(element);
  return constant(which == MaskExpert::Own);
}

/// "the position is this column"
std::optional<Amount> EntryEvaluator::evaluatePlace(const Element &element,
                                                    Index expert,
                                                    MaskExpert which) {
  if (kindOf(element) != Scalar::Compare ||
      directionOf(element.tensor.getDefiningOp()) !=
          hlo::ComparisonDirection::EQ)
    return std::nullopt;
  auto a = facts.operand(element, 0), b = facts.operand(element, 1);
  if (!a || !b)
    return std::nullopt;
  for (const auto &[position, number] :
       {std::pair(*a, *b), std::pair(*b, *a)}) {
    // column + offset
    Index value = facts.valueOf(number.tensor, number.at);
    std::optional<int64_t> offset =
        facts.sub(value, mixture.place)->asConstant();
    if (!offset)
      continue;
    Amount amount = evaluate(position, expert, which);
    if (!amount.isPlain())
      return unknown(element);
    Amount result = constant(1);
    for (auto [x, hit] : llvm::zip(amount.numbers, result.numbers)) {
      double place = x - static_cast<double>(*offset);
      if (place != std::trunc(place))
        return unknown(element);
      bool inside = place >= 0 && place < static_cast<double>(mixture.places);
      hit = inside ? 1 : 0;
      result.places.push_back(inside ? static_cast<int64_t>(place) : 0);
    }
    return result;
  }
  return std::nullopt;
}

/// Whether the order sorts tokens by their greatest score, greatest first.
bool EntryEvaluator::ordersByBestScore(Value order, const Pick &pick) {
  Value keys = facts.sortedBy(order);
  if (!keys)
    return false;
  Index token = facts.symbol("t", typeOf(keys).getDimSize(0));
  Element key = facts.trace(keys, {token});
  if (kindOf(key) != Scalar::Neg)
    return false;
  auto best = facts.operand(key, 0);
  if (!best)
    return false;
  if (*best == facts.trace(pick.topK.getValues(), {token, facts.constant(0)}))
    return true;
  Index expert = facts.symbol("e", experts);
  auto reduced = facts.reduced(*best, expert);
  return combinerOf(best->tensor.getDefiningOp()) == Combiner::Max && reduced &&
         *reduced == facts.trace(pick.keys(), {token, expert});
}

/// `pick` is the entry that is counted at `position`.
std::optional<RunningCount> EntryEvaluator::matchOrder(Value tensor,
                                                       const Pick &pick,
                                                       Index position,
                                                       int64_t extent) {
  auto isFree = [&](Index index) {
    Index marker = facts.symbol("x");
    return facts.replace(index, {{position, marker}}) == index;
  };
  // One slot of each token; the evaluator's cases tell of the slots before it.
  if (extent == units && pick.slots() == 2 && pick.slot->asConstant()) {
    Index start = facts.sub(pick.token, position);
    if (isFree(start))
      return RunningCount{tensor, Priority::ChoiceMajor, start};
  }
  int64_t slots = pick.slots();
  if (extent != units * slots) {
    explain("positions in experts are counted over " + Twine(extent) +
            " entries instead of the " + Twine(units * slots) +
            " of a group of tokens");
    return std::nullopt;
  }
  if (pick.slot == facts.mod(position, slots)) {
    Index start = facts.sub(pick.token, facts.floorDiv(position, slots));
    if (isFree(start))
      return RunningCount{tensor, Priority::UnitMajor, start};
  }
  if (pick.slot == facts.floorDiv(position, units)) {
    Index unit = facts.mod(position, units);
    Index start = facts.sub(pick.token, unit);
    if (isFree(start))
      return RunningCount{tensor, Priority::ChoiceMajor, start};
    const IndexAtom *sorted = pick.token->asAtom(IndexAtom::Kind::Element);
    if (sorted && sorted->element.at == Coordinates{unit} &&
        ordersByBestScore(sorted->element.tensor, pick))
      return RunningCount{tensor, Priority::Bpr, facts.constant(0)};
  }
  explain("positions in experts are counted in an order that is neither that "
          "of tokens nor of choices nor of the best scores");
  return std::nullopt;
}

/// How many entries up to and including the one at a position chose the expert.
Amount EntryEvaluator::evaluateCount(const Element &element,
                                     const RunningSum &sum, Index expert,
                                     MaskExpert which) {
  const auto &[counted, dimension] = sum;
  int64_t extent = typeOf(counted).getDimSize(dimension);
  Index position = facts.symbol("i", extent), place = element.at[dimension];
  Coordinates at = element.at;
  at[dimension] = position;
  Index asked = nullptr;
  std::optional<Pick> pick =
      matchChoice(facts, facts.trace(counted, at), asked);
  if (!pick || asked != expert) {
    explain("what is counted are not the entries that chose an expert");
    return unknown(element);
  }
  std::optional<RunningCount> order =
      matchOrder(element.tensor, *pick, position, extent);
  if (!order)
    return unknown(element);
  // The one that is asked for.
  Pick own = *pick;
  auto here = [&](Index &index) {
    index = facts.replace(index, {{position, place}});
  };
  llvm::for_each(own.row, here);
  here(own.token);
  here(own.slot);
  seenExperts.insert(expert);
  seenSlots.insert(own.slot);
  if (!isEntry(own, which)) {
    explain("the position of an entry is that of another one");
    return unknown(element);
  }
  if (which != MaskExpert::Own)
    return unknown(element);
  Type type = typeOf(element.tensor).getElementType();
  if (!holds(type, static_cast<double>(units))) {
    explain("positions are counted in numbers that do not hold " +
            Twine(units));
    return unknown(element);
  }
  count = order;
  Amount result = constant(0);
  for (auto [number, own] : llvm::zip(result.numbers, cases))
    number = static_cast<double>(own.rank + 1);
  return result;
}

/// A sum over all tokens of what their first choices of the entry's expert
/// give, for an entry that is a second choice.
std::optional<Amount> EntryEvaluator::evaluateTotal(const Element &element,
                                                    Index expert) {
  if (!isOfOneSlot() || entry->slot != facts.constant(1))
    return std::nullopt;
  Index token = facts.symbol("u", units);
  int64_t extent = 0;
  std::optional<Element> term = facts.reduced(element, token, &extent);
  if (!term || extent != units)
    return std::nullopt;
  EntryEvaluator first(facts, mixture);
  Amount own = first.evaluate(*term, expert, MaskExpert::Own);
  if (!own.isPlain() || !first.isOfOneSlot() ||
      first.entry->slot != facts.constant(0) ||
      first.entry->topK != entry->topK)
    return std::nullopt;
  // Tokens that chose the expert second, or not at all, give nothing.
  Pick other = *first.entry;
  other.slot = entry->slot;
  EntryEvaluator second(facts, mixture, other);
  if (!second.evaluate(*term, expert, MaskExpert::Own).isZero() ||
      !first.evaluate(*term, expert, MaskExpert::Unused).isZero())
    return std::nullopt;
  std::optional<RunningCount> tokens =
      matchOrder(element.tensor, *first.entry, token, units);
  if (!tokens || (first.count && first.count->start != tokens->start))
    return std::nullopt;
  totalStart = tokens->start;
  SmallVector<double> sums{0};
  for (double number : own.numbers)
    sums.push_back(sums.back() + number);
  Amount result = constant(0);
  for (auto [number, here] : llvm::zip(result.numbers, cases))
    number = sums[here.before];
  return result;
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

/// Sums, or the greatest, over all experts, and sums over the slots of a token:
/// all but one term are the same number, or 0.
Amount EntryEvaluator::sumOver(const Element &element, Index position,
                               int64_t extent, bool isMax, Term term,
                               Index expert, MaskExpert which) {
  Amount own = term(position, position, MaskExpert::Own);
  if (seenExperts.contains(position) && extent == experts && entry) {
    Amount others = term(position, position, MaskExpert::Other);
    std::optional<double> other = others.asConstant();
    if (!other)
      return others.isZero() && !isMax ? own : unknown(element);
    if (own.factor)
      for (Index &coordinate : own.factor.at)
        coordinate =
            facts.replace(coordinate, {{position, idOf(facts, *entry)}});
    if (!isMax && *other == 0)
      return own;
    return apply(element, {own}, [&](ArrayRef<double> in) {
      return isMax ? std::max(in[0], *other)
                   : in[0] + static_cast<double>(extent - 1) * *other;
    });
  }
  if (isMax || which == MaskExpert::Other ||
      (which != MaskExpert::Own && !entry))
    return unknown(element);
  if (which == MaskExpert::Own) {
    Index slot = entry ? entry->slot : position;
    own = term(slot, expert, which);
    if (!entry || entry->slot != slot || !seenSlots.contains(slot) ||
        extent != entry->slots())
      return unknown(element);
    added.insert(slot);
  }
  if (!term(position, expert, MaskExpert::Unused).isZero())
    return unknown(element);
  return which == MaskExpert::Own ? own : constant(0);
}

Amount EntryEvaluator::evaluateSum(const Element &element, Index expert,
                                   MaskExpert which) {
  Operation *op = element.tensor.getDefiningOp();
  if (std::optional<Contraction> product = matchContraction(facts, element)) {
    auto multiplied = [&](Element a, Element b, Index e, MaskExpert w) {
      a = facts.trace(a);
      b = facts.trace(b);
      return multiply(element, evaluate(a, e, w), evaluate(b, e, w));
    };
    if (product->contracted.empty())
      return multiplied(product->lhs, product->rhs, expert, which);
    if (product->contracted.size() != 1)
      return unknown(element);
    Index symbol = product->contracted[0];
    auto term = [&](Index position, Index e, MaskExpert w) {
      Element a = product->lhs, b = product->rhs;
      for (Element *factor : {&a, &b})
        for (Index &coordinate : factor->at)
          coordinate = facts.replace(coordinate, {{symbol, position}});
      return multiplied(a, b, e, w);
    };
    return sumOver(element, symbol, product->extents[0], /*isMax=*/false, term,
                   expert, which);
  }
  if (isa_and_present<hlo::ReduceWindowOp>(op))
    explain("positions in experts are no counts of all entries up to each");
  Combiner combiner = combinerOf(op);
  if (combiner == Combiner::Add && which == MaskExpert::Own)
    if (std::optional<Amount> total = evaluateTotal(element, expert))
      return *total;
  if (!isa_and_present<hlo::ReduceOp>(op) ||
      (combiner != Combiner::Add && combiner != Combiner::Max))
    return unknown(element);
  auto reduce = cast<hlo::ReduceOp>(op);
  if (reduce.getDimensions().size() != 1)
    return unknown(element);
  int64_t extent =
      typeOf(reduce.getInputs()[0]).getDimSize(reduce.getDimensions()[0]);
  if (ShapedType::isDynamic(extent))
    return unknown(element);
  auto term = [&](Index position, Index e, MaskExpert w) {
    return evaluate(*facts.reduced(element, position), e, w);
  };
  return sumOver(element, facts.symbol("q", extent), extent,
                 combiner == Combiner::Max, term, expert, which);
}

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

/// Numbers that both types hold stay what they are.
Amount EntryEvaluator::evaluateConvert(const Element &element,
                                       const Amount &input) {
  Type type = typeOf(element.tensor).getElementType();
  // Of a weight times 0 or 1 it is the weight that is rounded.
  if (input.factor) {
    if (!(takeWidening(facts, element) == element))
      return input;
    auto rounded = dyn_cast<FloatType>(type);
    bool isWeight =
        llvm::all_of(input.numbers, [](double x) { return x == 0 || x == 1; });
    if (!rounded || !isWeight || (input.rounded && input.rounded != rounded) ||
        !isa<FloatType>(typeOf(input.factor.tensor).getElementType()))
      return unknown(element);
    Amount result = input;
    result.rounded = rounded;
    return result;
  }
  if (!llvm::all_of(input.numbers, [&](double x) {
        return x == std::trunc(x) && holds(type, x);
      }))
    return unknown(element);
  return input;
}

Amount EntryEvaluator::evaluateScalar(const Element &element, Scalar kind,
                                      Index expert, MaskExpert which) {
  static constexpr Scalar known[] = {
      Scalar::Mul, Scalar::And,    Scalar::Add,     Scalar::Sub,
      Scalar::Neg, Scalar::Max,    Scalar::Min,     Scalar::Or,
      Scalar::Not, Scalar::Select, Scalar::Convert, Scalar::Compare};
  if (!llvm::is_contained(known, kind))
    return unknown(element);
  SmallVector<Amount> in;
  Operation *op = element.tensor.getDefiningOp();
  for (unsigned i = 0; i < op->getNumOperands(); ++i) {
    auto operand = facts.operand(element, i);
    if (!operand)
      return unknown(element);
    in.push_back(evaluate(*operand, expert, which));
  }
  bool isTruth = typeOf(element.tensor).getElementType().isInteger(1);
  switch (kind) {
  case Scalar::Mul:
    return multiply(element, in[0], in[1]);
  case Scalar::And:
    return isTruth ? multiply(element, in[0], in[1]) : unknown(element);
  case Scalar::Add:
    if (in[0].isZero() || in[1].isZero())
      return in[in[0].isZero() ? 1 : 0];
    return apply(element, in, [](auto x) { return x[0] + x[1]; });
  case Scalar::Sub:
    return apply(element, in, [](auto x) { return x[0] - x[1]; });
  case Scalar::Neg:
    return apply(element, in, [](auto x) { return -x[0]; });
  case Scalar::Max:
    return apply(element, in, [](auto x) { return std::max(x[0], x[1]); });
  case Scalar::Min:
    return apply(element, in, [](auto x) { return std::min(x[0], x[1]); });
  case Scalar::Or:
    if (!isTruth)
      return unknown(element);
    return apply(element, in, [](auto x) { return std::max(x[0], x[1]); });
  case Scalar::Not:
    return isTruth ? apply(element, in, [](auto x) { return 1 - x[0]; })
                   : unknown(element);
  case Scalar::Convert:
    return evaluateConvert(element, in[0]);
  case Scalar::Select:
    if (in[2].isZero())
      return multiply(element, in[0], in[1]);
    return apply(element, in, [](auto x) { return x[0] != 0 ? x[1] : x[2]; });
  case Scalar::Compare:
    return apply(element, in, [&](auto x) -> double {
      switch (directionOf(op)) {
      case hlo::ComparisonDirection::EQ:
        return x[0] == x[1];
      case hlo::ComparisonDirection::NE:
        return x[0] != x[1];
      case hlo::ComparisonDirection::LT:
        return x[0] < x[1];
      case hlo::ComparisonDirection::LE:
        return x[0] <= x[1];
      case hlo::ComparisonDirection::GT:
        return x[0] > x[1];
      case hlo::ComparisonDirection::GE:
        return x[0] >= x[1];
      }
      llvm_unreachable("a comparison of unknown direction");
    });
  default:
    llvm_unreachable("a scalar that is not known");
  }
}

Amount EntryEvaluator::evaluate(const Element &element, Index expert,
                                MaskExpert which) {
  if (std::optional<double> number = facts.numberOf(element))
    return constant(*number);
  if (auto choice = evaluateChoice(element, expert, which))
    return *choice;
  if (auto place = evaluatePlace(element, expert, which))
    return *place;
  Operation *op = element.tensor.getDefiningOp();
  if (before.contains(op))
    return unknown(element);
  if (std::optional<RunningSum> sum = runningSum(element.tensor))
    return evaluateCount(element, *sum, expert, which);
  Scalar kind = kindOf(element);
  if (kind == Scalar::None)
    return evaluateSum(element, expert, which);
  return evaluateScalar(element, kind, expert, which);
}
