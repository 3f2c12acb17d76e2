// Routers: from a top-k back to the logits, and on to the combine weights.
#include "Raise.h"

#include "moe/Dialect/Support/MoESupport.h"
#include <cmath>

using namespace mlir;
using namespace moe;
using namespace moe::raise;

namespace {

/// Matches one router; all elements are at a symbolic row and expert.
class RouterMatch {
public:
  RouterMatch(Matcher &matcher, const Pick &pick)
      : matcher(matcher), facts(matcher.facts), pick(pick),
        expert(facts.symbol("e", pick.experts())) {
    for (int64_t size : typeOf(pick.keys()).getShape().drop_back())
      row.push_back(facts.symbol("t", size));
    token = rowOf(facts, pick.keys(), row);
  }

  FailureOr<Router> run(const Choice &choice);

private:
  LogicalResult matchKeys();
  LogicalResult matchScores(const Element &scores);
  LogicalResult matchGroupFilter(const Element &mask, double fill,
                                 const Element &base);
  LogicalResult matchGroupScores(const Element &scores, Index group,
                                 int64_t groupSize, const Element &base);
  FailureOr<SelectAttr> matchMixer(const Element &weight);
  FailureOr<WeightAttr> matchWeight(const Choice &choice);
  std::optional<WeightSource> sourceOf(const Element &weight, const Pick &of);
  Element matchSelected(const Element &weight, const Pick &of);
  Element takeUnmasked(Element element);
  bool sumsAllSlots(const Element &sum, WeightSource source);

  /// The element that the given one is for another row and expert.
  Element at(const Element &element, ArrayRef<Index> newRow, Index newExpert) {
    SmallVector<std::pair<Index, Index>> replacements{{expert, newExpert}};
    for (auto [from, to] : llvm::zip(row, newRow))
      replacements.push_back({from, to});
    return replace(element, replacements);
  }
  Element replace(const Element &element,
                  ArrayRef<std::pair<Index, Index>> replacements) {
    Coordinates where;
    for (Index coordinate : element.at)
      where.push_back(facts.replace(coordinate, replacements));
    return facts.trace(element.tensor, where);
  }
  bool isMatrixElement(const Element &element) const {
    return element.at.size() >= 2 && element.at.back() == expert &&
           rowOf(facts, element.tensor, ArrayRef(element.at).drop_back()) ==
               token;
  }
  /// Coordinates in the row.
  Coordinates inRow(ArrayRef<Index> coordinates) const {
    Coordinates result(row);
    llvm::append_range(result, coordinates);
    return result;
  }

  Matcher &matcher;
  IndexFacts &facts;
  Pick pick;
  Coordinates row;
  Index token, expert;

  Element keys, scores, logits;
  ScoreFn function = ScoreFn::Identity;
  ElementsAttr keyOffset;
  GroupFilterAttr filter;
};

} // namespace

/// Peels logical "not" and tests for "not zero" off a truth value; `negated`
/// tells whether an odd number of the former was there.
static Element peelTruth(IndexFacts &facts, Element element, bool &negated) {
  while (typeOf(element.tensor).getElementType().isInteger(1)) {
    Scalar kind = kindOf(element);
    bool isNot = kind == Scalar::Not;
    if (kind == Scalar::Compare) {
      // Of a mask of zeros and ones with zero.
      auto zero = facts.operand(element, 1);
      hlo::ComparisonDirection direction =
          directionOf(element.tensor.getDefiningOp());
      isNot = direction == hlo::ComparisonDirection::EQ;
      if (!zero || facts.numberOf(*zero) != 0.0 ||
          (!isNot && direction != hlo::ComparisonDirection::NE &&
           direction != hlo::ComparisonDirection::GT))
        return element;
    } else if (!isNot && kind != Scalar::Convert) {
      return element;
    }
    auto inner = facts.operand(element, 0);
    if (!inner)
      return element;
    negated ^= isNot;
    element = *inner;
  }
  return element;
}

//===----------------------------------------------------------------------===//
// Keys and scores
//===----------------------------------------------------------------------===//

/// key = filter(score + offset)
LogicalResult RouterMatch::matchKeys() {
  keys = facts.trace(pick.keys(), inRow({expert}));
  Element base = keys;
  if (kindOf(base) == Scalar::Select) {
    auto condition = facts.operand(base, 0);
    auto chosen = facts.operand(base, 1), other = facts.operand(base, 2);
    if (!condition || !chosen || !other)
      return matcher.refuse(pick.topK, "the key mask broadcasts in a way that "
                                       "is not known when compiling");
    // Made true where the key is kept.
    bool negated = false;
    Element mask = peelTruth(facts, *condition, negated);
    Element kept = negated ? *other : *chosen,
            filled = negated ? *chosen : *other;
    std::optional<double> fill = facts.numberOf(filled);
    if (!fill)
      return matcher.refuse(pick.topK,
                            "masked keys are replaced by something that is "
                            "not one number");
    base = kept;
    if (failed(matchGroupFilter(mask, *fill, base)))
      return failure();
  }
  if (auto sum = matchBinary(facts, base, Scalar::Add)) {
    auto [a, b] = *sum;
    auto offset = matchBias(facts, b, expert);
    if (!offset || offset->expert) {
      std::swap(a, b);
      offset = matchBias(facts, b, expert);
    }
    // A sum of other things is a sum of logits, such as a product and a bias.
    Operation *other = a.tensor.getDefiningOp();
    bool isScore = matchLogistic(facts, a) || matchSoftmax(facts, a, expert);
    if (offset && !offset->expert && other && isScore) {
      keyOffset = support::reshapeWeight(offset->value, {pick.experts()});
      base = a;
    }
  }
  return matchScores(base);
}

LogicalResult RouterMatch::matchScores(const Element &element) {
  scores = element;
  logits = element;
  if (auto argument = matchSoftmax(facts, element, expert)) {
    function = ScoreFn::Softmax;
    logits = *argument;
  } else if (auto argument = matchLogistic(facts, element)) {
    function = ScoreFn::Sigmoid;
    logits = *argument;
  }
  if (!isMatrixElement(scores) || !isMatrixElement(logits) ||
      typeOf(logits.tensor).getShape().back() != pick.experts())
    return matcher.refuse(pick.topK,
                          "the scores are not a function of a matrix with one "
                          "row per token and one column per expert");
  if (!typeOf(logits.tensor).getElementType().isF32())
    return matcher.refuse(pick.topK, "the logits are not f32");
  return success();
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

/// The mask is one where the expert's group is among the best.
LogicalResult RouterMatch::matchGroupFilter(const Element &mask, double fill,
                                            const Element &base) {
  auto unknown = [&](const Twine &what) {
    matcher.finding.reset();
    return matcher.refuse(pick.topK,
                          "the key mask is no choice of groups: " + what);
  };
  Index group = nullptr;
  FailureOr<SmallVector<Choice>> choices = matchChoices(matcher, mask, group);
  if (failed(choices))
    return unknown("it is not one for all groups of a top-k and zero for the "
                   "others");
  const Pick &chosen = choices->front().pick;
  int64_t groups = chosen.experts();
  if (pick.experts() % groups != 0)
    return unknown("the groups do not divide the experts");
  int64_t groupSize = pick.experts() / groups;
  if (group != facts.floorDiv(expert, groupSize))
    return unknown("an expert's mask is not that of its group");
  if (!llvm::all_of(*choices, [&](const Choice &choice) {
        return !choice.weight || facts.numberOf(choice.weight) == 1.0;
      }))
    return unknown("it is not one where a group is chosen");
  if (chosen.row != row)
    return unknown("the groups are not the best of each token");
  Index any = facts.symbol("g", groups);
  Element groupKey = facts.trace(chosen.keys(), inRow({any}));
  if (failed(matchGroupScores(groupKey, any, groupSize, base)))
    return failure();
  // The greatest of some keys is one of them.
  bool isKey = combinerOf(groupKey.tensor.getDefiningOp()) == Combiner::Max;
  if (failed(checkOrder(matcher, chosen, isKey ? base : groupKey)))
    return failure();

  // All of them are kept (GLM-4.5 has one group).
  if (chosen.slots() == groups) {
    filter = {};
    return success();
  }
  bool isZero = fill == 0.0, isInfinite = std::isinf(fill) && fill < 0;
  if (!isZero && !isInfinite)
    return unknown("masked keys become " + Twine(std::to_string(fill)) +
                   " instead of 0 or -inf");
  if (isInfinite && pick.slots() > chosen.slots() * groupSize)
    return unknown("the kept groups have fewer experts than are chosen");
  int64_t sumTop = filter ? filter.getSumTop() : 0;
  filter = GroupFilterAttr::get(matcher.context, groups, chosen.slots(), sumTop,
                                isZero ? GroupFill::Zero : GroupFill::NegInf);
  return success();
}

/// The greatest key of a group, or the sum of its n greatest ones; leaves n in
/// `filter`.
LogicalResult RouterMatch::matchGroupScores(const Element &scores, Index group,
                                            int64_t groupSize,
                                            const Element &base) {
  Combiner combiner = combinerOf(scores.tensor.getDefiningOp());
  Index member = facts.symbol("s", groupSize);
  Index inGroup = facts.add(facts.scale(group, groupSize), member);
  int64_t count = 0;
  auto refuse = [&] {
    return matcher.refuse(pick.topK,
                          "the score of a group is neither its greatest key "
                          "nor the sum of its greatest keys");
  };
  if (combiner == Combiner::Max) {
    std::optional<Element> key = facts.reduced(scores, member, &count);
    if (!key || count != groupSize || !(*key == at(base, row, inGroup)))
      return refuse();
    return success();
  }
  if (combiner != Combiner::Add)
    return refuse();
  auto reduce = cast<hlo::ReduceOp>(scores.tensor.getDefiningOp());
  if (reduce.getDimensions().size() != 1)
    return refuse();
  count = typeOf(reduce.getInputs()[0]).getDimSize(reduce.getDimensions()[0]);
  if (ShapedType::isDynamic(count))
    return refuse();
  Index rank = facts.symbol("r", count);
  // What is summed are the values of a top-k over [row..., group, member].
  Coordinates where(scores.at);
  where.insert(where.begin() + reduce.getDimensions()[0], rank);
  Element values = facts.trace(
      reduce.getInputs()[0], where, [](Value tensor, ArrayRef<Index>) {
        return isa_and_nonnull<chlo::TopKOp>(tensor.getDefiningOp());
      });
  auto topK = values.tensor.getDefiningOp<chlo::TopKOp>();
  if (!topK || values.tensor != topK.getValues() ||
      values.at != inRow({group, rank}) ||
      static_cast<int64_t>(topK.getK()) != count ||
      typeOf(topK.getOperand()).getShape().back() != groupSize ||
      !(facts.trace(topK.getOperand(), inRow({group, member})) ==
        at(base, row, inGroup)))
    return refuse();
  filter = GroupFilterAttr::get(matcher.context, 1, 1, count, GroupFill::Zero);
  return success();
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

WeightAttr moe::raise::makeWeight(MLIRContext *context, WeightSource source,
                                  FloatType type, WeightNorm norm,
                                  double normValue, EpsMode mode,
                                  double scale) {
  auto plain = WeightAttr::get(context, source, norm, normValue, scale);
  return WeightAttr::get(context, source, plain.getZero(), plain.getExclude(),
                         norm, plain.getNormValue(), mode, plain.getMinK(),
                         plain.getWhen(), plain.getScale(),
                         type ? type : plain.getDtype(), plain.getGrad());
}

FailureOr<std::pair<Element, FloatType>>
moe::raise::matchRounding(Matcher &matcher, Operation *op,
                          const Element &weight, FloatType outer) {
  auto [inner, type] = takeRounding(matcher.facts, weight);
  if (type && outer && type != outer)
    return matcher.refuse(op, "weights are rounded twice");
  return std::pair(inner, type ? type : outer);
}

/// Where the weight of a picked slot is taken from, as it is.
std::optional<WeightSource> RouterMatch::sourceOf(const Element &weight,
                                                  const Pick &of) {
  Element selected = matchSelected(weight, of);
  auto pickedFrom = [&](const Element &source) {
    return source && selected == at(source, of.row, idOf(facts, of));
  };
  if (pickedFrom(logits))
    return WeightSource::Logits;
  if (pickedFrom(scores))
    return WeightSource::Scores;
  if (pickedFrom(keys) && !keyOffset)
    return WeightSource::Key;
  return std::nullopt;
}

/// Whether the element is the sum over the token's slots of what the source
/// holds for them, term by term.
bool RouterMatch::sumsAllSlots(const Element &sum, WeightSource source) {
  SmallVector<Element> work{sum};
  llvm::SmallDenseSet<int64_t> slots;
  while (!work.empty()) {
    Element term = work.pop_back_val();
    if (auto terms = matchBinary(facts, term, Scalar::Add)) {
      work.push_back(terms->first);
      work.push_back(terms->second);
      continue;
    }
    Pick own = pick;
    int64_t slot = 0;
    for (; slot < pick.slots(); ++slot) {
      own.slot = facts.constant(slot);
      if (sourceOf(term, own) == source)
        break;
    }
    if (slot == pick.slots() || !slots.insert(slot).second)
      return false;
  }
  return static_cast<int64_t>(slots.size()) == pick.slots();
}

/// weight = rounded(scale * normalised(raw)), at the row and slot of the pick
FailureOr<WeightAttr> RouterMatch::matchWeight(const Choice &choice) {
  if (!choice.weight)
    return WeightAttr::get(matcher.context, WeightSource::One);
  auto unrounded =
      matchRounding(matcher, pick.topK, choice.weight, choice.rounded);
  if (failed(unrounded))
    return failure();
  auto [weight, rounded] = *unrounded;
  double scale = 1.0, epsilon = 0.0;
  EpsMode epsilonMode = EpsMode::Add;
  WeightNorm norm = WeightNorm::None;
  weight = takeFactor(facts, weight, scale);
  // Scores may be quotients themselves.
  std::optional<WeightSource> source = sourceOf(weight, pick);
  // The slot's coordinate may be derived (position mod k); sums run over it.
  auto argument =
      source ? std::nullopt : matchSoftmax(facts, weight, pick.slot);
  auto quotient = source || argument ? std::nullopt
                                     : matchBinary(facts, weight, Scalar::Div);
  if (argument) {
    norm = WeightNorm::Softmax;
    weight = *argument;
  } else if (quotient) {
    auto [raw, sum] = *quotient;
    for (auto [kind, mode] : {std::pair{Scalar::Add, EpsMode::Add},
                              std::pair{Scalar::Max, EpsMode::Clamp}}) {
      auto guarded = matchBinary(facts, sum, kind);
      if (!guarded)
        continue;
      auto [a, b] = *guarded;
      if (facts.numberOf(a))
        std::swap(a, b);
      std::optional<double> number = facts.numberOf(b);
      if (!number)
        break;
      if (!(*number >= 0))
        return matcher.refuse(sum.tensor.getDefiningOp(),
                              "the sum of the weights is guarded by a negative "
                              "number");
      epsilon = *number;
      epsilonMode = mode;
      sum = a;
      break;
    }
    int64_t count = 0;
    std::optional<Element> summed;
    if (combinerOf(sum.tensor.getDefiningOp()) == Combiner::Add)
      summed = facts.reduced(sum, pick.slot, &count);
    bool isSum = summed && *summed == raw && count == pick.slots();
    if (auto own = isSum ? std::nullopt : sourceOf(raw, pick))
      isSum = sumsAllSlots(sum, *own);
    if (!isSum)
      return matcher.refuse(weight.tensor.getDefiningOp(),
                            "weights are divided by something that is not "
                            "their sum over the token's slots");
    norm = WeightNorm::Sum;
    weight = raw;
  }

  if (!source)
    source = sourceOf(weight, pick);
  if (!source)
    return matcher.refuse(pick.topK,
                          "the combine weights are not the scores, logits or "
                          "keys of the picked experts");
  if (norm == WeightNorm::Softmax && *source == WeightSource::Scores)
    return matcher.refuse(pick.topK, "weights are a softmax of scores");
  bool isScore = *source != WeightSource::Logits;
  if (norm == WeightNorm::Sum && (!isScore || function == ScoreFn::Identity))
    return matcher.refuse(pick.topK,
                          "weights that may be negative are divided by their "
                          "sum");
  return makeWeight(matcher.context, *source, rounded, norm,
                    shortestDecimal(epsilon), epsilonMode,
                    shortestDecimal(scale));
}

/// What is left of an element by masks that take away what other slots chose.
Element RouterMatch::takeUnmasked(Element element) {
  while (std::optional<Unmasked> rest = matchUnmasked(facts, element)) {
    auto equal = facts.equality(rest->mask);
    auto a = equal ? asPick(facts, equal->a) : std::nullopt,
         b = equal ? asPick(facts, equal->b) : std::nullopt;
    if (!a || !b || a->topK != b->topK || a->row != b->row ||
        facts.sub(a->slot, b->slot)->asConstant().value_or(0) == 0)
      break;
    element = rest->value;
  }
  return element;
}

/// The sum over e of x[e] where e is an id, or the greatest x[e] where that is
/// the first slot's: x at the id.
Element RouterMatch::matchSelected(const Element &weight, const Pick &of) {
  if (auto sum = matchProductSum(facts, weight))
    for (const auto &[mask, value] :
         {std::pair(sum->a, sum->b), std::pair(sum->b, sum->a)}) {
      Index position = nullptr;
      auto own = matchChoice(facts, mask, position);
      if (!own || position != sum->position || own->topK != of.topK ||
          own->row != of.row || own->slot != of.slot)
        continue;
      return takeUnmasked(replace(value, {{position, idOf(facts, of)}}));
    }
  Index position = facts.symbol("m", of.experts());
  auto greatest = combinerOf(weight.tensor.getDefiningOp()) == Combiner::Max
                      ? facts.reduced(weight, position)
                      : std::nullopt;
  if (greatest && of.slot == facts.constant(0) &&
      *greatest == at(keys, of.row, position))
    return at(keys, of.row, idOf(facts, of));
  return weight;
}

/// Selection by a sparse mixer, which has weights of its own.
FailureOr<SelectAttr> RouterMatch::matchMixer(const Element &weight) {
  FailureOr<double> bound = matchMixerBound(matcher, pick, weight);
  if (failed(bound))
    return failure();
  auto epsilon = FloatAttr::get(Float64Type::get(matcher.context),
                                shortestDecimal(*bound) / 2);
  return SelectAttr::get(matcher.context, Policy::SparseMixer, pick.slots(), 1,
                         Key::Logits, Float32Type::get(matcher.context),
                         Fallback::None, epsilon, Boundary::Include, {}, {},
                         {});
}

FailureOr<Router> RouterMatch::run(const Choice &choice) {
  if (failed(matchKeys()))
    return failure();
  bool byLogits = function == ScoreFn::Identity;
  bool mixes = choice.weight && byLogits && !filter && !keyOffset &&
               hasColumns(pick, choice.weight);
  FailureOr<SelectAttr> select =
      mixes ? matchMixer(choice.weight)
            : SelectAttr::get(matcher.context, Policy::TopK, pick.slots(), 1,
                              byLogits ? Key::Logits : Key::Scores);
  if (failed(select))
    return failure();
  FailureOr<WeightAttr> weightAttr =
      mixes ? WeightAttr::get(matcher.context, WeightSource::Policy,
                              WeightNorm::None)
            : matchWeight(choice);
  if (failed(weightAttr) || failed(checkOrder(matcher, pick, keys)))
    return failure();
  Router router;
  router.logits = logits.tensor;
  router.keyOffset = keyOffset;
  router.score = ScoreAttr::get(matcher.context, function);
  router.groupFilter = filter;
  router.select = *select;
  router.weight = *weightAttr;
  router.experts = pick.experts();
  router.slots = pick.slots();
  return router;
}

FailureOr<Router> moe::raise::matchRouter(Matcher &matcher,
                                          const Choice &choice) {
  return RouterMatch(matcher, choice.pick).run(choice);
}
