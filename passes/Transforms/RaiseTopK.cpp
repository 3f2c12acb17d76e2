// Top-ks by other names: that of ONNX, the head of a descending sort, and
// arg-maxima of what earlier ones leave. A chlo.top_k is written beside each,
// for the matchers to see; where no layer comes of it, it goes again.
#include "Raise.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace moe;
using namespace moe::raise;

//===----------------------------------------------------------------------===//
// Comparators
//===----------------------------------------------------------------------===//

/// Regions made of comparisons, choices and logic do to all numbers what they
/// do to these: their result depends on the order of the operands and of the
/// constants, which are 0 and the infinities.
static constexpr double kInfinity = std::numeric_limits<double>::infinity();
static constexpr double kSamples[] = {-kInfinity, -2, -1, -0.0,
                                      0,          1,  2,  kInfinity};

namespace {
/// Truth values are 0 and 1; what is not known is absent.
using Number = std::optional<double>;
} // namespace

/// Whether the op tells zeros of different signs apart.
static bool isTotalOrder(Operation *op) {
  auto compare = dyn_cast<hlo::CompareOp>(op);
  return compare && compare.getCompareType() == hlo::ComparisonType::TOTALORDER;
}

static Number evaluateCompare(Operation *op, double a, double b) {
  using Direction = hlo::ComparisonDirection;
  // No sample is between the least number and 0.
  if (a == b && isTotalOrder(op)) {
    a = std::signbit(a) ? -1 : 1;
    b = std::signbit(b) ? -1 : 1;
  }
  switch (directionOf(op)) {
  case Direction::EQ:
    return a == b;
  case Direction::NE:
    return a != b;
  case Direction::LT:
    return a < b;
  case Direction::LE:
    return a <= b;
  case Direction::GT:
    return a > b;
  case Direction::GE:
    return a >= b;
  }
  llvm_unreachable("a comparison of unknown direction");
}

static Number evaluateConstant(hlo::ConstantOp literal) {
  APFloat real(0.0);
  if (matchPattern(literal.getResult(), m_ConstantFloat(&real))) {
    if (real.isNaN())
      return std::numeric_limits<double>::quiet_NaN();
    if (!real.isZero() && !real.isInfinity())
      return std::nullopt;
    return std::copysign(real.isZero() ? 0.0 : kInfinity,
                         real.isNegative() ? -1.0 : 1.0);
  }
  APInt truth;
  if (matchPattern(literal.getResult(), m_ConstantInt(&truth)) &&
      truth.getBitWidth() == 1)
    return truth.isOne();
  return std::nullopt;
}

static Number evaluate(Operation *op, ArrayRef<Number> in) {
  if (auto literal = dyn_cast<hlo::ConstantOp>(op))
    return evaluateConstant(literal);
  if (!llvm::all_of(in, [](Number x) { return x.has_value(); }))
    return std::nullopt;
  switch (scalarKind(op)) {
  case Scalar::Compare:
    return evaluateCompare(op, *in[0], *in[1]);
  case Scalar::Select:
    return *in[0] != 0 ? in[1] : in[2];
  case Scalar::And:
    return *in[0] != 0 && *in[1] != 0;
  case Scalar::Or:
    return *in[0] != 0 || *in[1] != 0;
  case Scalar::Not:
    return *in[0] == 0;
  case Scalar::Max:
    return std::max(*in[0], *in[1]);
  case Scalar::Min:
    return std::min(*in[0], *in[1]);
  case Scalar::Neg:
    return -*in[0];
  default:
    return std::nullopt;
  }
}

static SmallVector<Number> evaluate(Block &block, ArrayRef<Number> arguments) {
  llvm::DenseMap<Value, Number> values;
  for (auto [argument, number] : llvm::zip(block.getArguments(), arguments))
    values[argument] = number;
  auto get = [&](Value value) -> Number {
    // Constants may stand outside.
    auto literal = value.getDefiningOp<hlo::ConstantOp>();
    return literal ? evaluateConstant(literal) : values.lookup(value);
  };
  for (Operation &op : block.without_terminator()) {
    SmallVector<Number> in = llvm::map_to_vector(op.getOperands(), get);
    if (op.getNumResults() == 1)
      values[op.getResult(0)] = evaluate(&op, in);
  }
  return llvm::map_to_vector(block.getTerminator()->getOperands(), get);
}

namespace {
/// What a comparator orders keys by.
enum class KeyOrder {
  None,       // not by their numbers, or by something else too
  Numbers,    // all zeros are equal
  TotalOrder, // numbers, and -0 is less than 0
};
} // namespace

/// The order in which the comparator has keys ascend, or descend.
static KeyOrder keyOrder(hlo::SortOp sort, bool descending) {
  Block &block = sort.getComparator().front();
  KeyOrder result = KeyOrder::Numbers;
  for (double a : kSamples)
    for (double b : kSamples) {
      SmallVector<Number> arguments(block.getNumArguments());
      arguments[0] = a;
      arguments[1] = b;
      Number isBefore = evaluate(block, arguments)[0];
      if (isBefore == static_cast<double>(descending ? a > b : a < b))
        continue;
      if (!isBefore || a != 0 || b != 0)
        return KeyOrder::None;
      result = KeyOrder::TotalOrder;
    }
  return result;
}

/// Whether the element is never -0: a probability, or a sum, which is -0 only
/// where each of its terms is. That of a product of matrices starts at 0. What
/// is too small for its type is not counted: in which order a sum is taken may
/// decide its sign. Looks `depth` steps back, so that sums of sums of one value
/// do not take exponential time.
static bool isNeverNegativeZero(IndexFacts &facts, const Element &element,
                                int depth = 8) {
  if (std::optional<double> number = facts.numberOf(element))
    return *number != 0 || !std::signbit(*number);
  Operation *op = element.tensor.getDefiningOp();
  if (isa_and_present<hlo::DotGeneralOp>(op) ||
      (isa_and_present<hlo::ReduceOp>(op) && combinerOf(op) == Combiner::Add))
    return true;
  if (kindOf(element) == Scalar::Exp || matchLogistic(facts, element) ||
      (!element.at.empty() && matchSoftmax(facts, element, element.at.back())))
    return true;
  auto operandIs = [&](unsigned number) {
    auto operand = facts.operand(element, number);
    return operand && depth > 0 &&
           isNeverNegativeZero(facts, *operand, depth - 1);
  };
  auto isPositive = [&](unsigned number) {
    auto operand = facts.operand(element, number);
    return operand && facts.numberOf(*operand).value_or(0) > 0;
  };
  switch (kindOf(element)) {
  case Scalar::Abs:
    return true;
  case Scalar::Add:
    return operandIs(0) || operandIs(1);
  case Scalar::Mul:
    return (isPositive(1) && operandIs(0)) || (isPositive(0) && operandIs(1));
  case Scalar::Div:
    return isPositive(1) && operandIs(0);
  case Scalar::Max:
  case Scalar::Min:
    return operandIs(0) && operandIs(1);
  case Scalar::Select:
    return operandIs(1) && operandIs(2);
  case Scalar::Convert:
  case Scalar::Sqrt:
  case Scalar::Sub: // -0 - 0 is the only difference that is -0
  case Scalar::Tanh:
    return operandIs(0);
  default:
    return false;
  }
}

/// Whether the reducer of values with their positions keeps the greater one,
/// and of equal ones the first.
static bool keepsGreatest(hlo::ReduceOp reduce) {
  Block &block = reduce.getBody().front();
  for (double a : kSamples)
    for (double b : kSamples)
      for (auto [i, j] : {std::pair(1.0, 2.0), std::pair(2.0, 1.0)}) {
        SmallVector<Number> kept = evaluate(block, {a, i, b, j});
        bool first = a > b || (a == b && i < j);
        if (kept.size() != 2 || kept[0] != (first ? a : b) ||
            kept[1] != (first ? i : j))
          return false;
      }
  return true;
}

//===----------------------------------------------------------------------===//
// Composites and sorts
//===----------------------------------------------------------------------===//

namespace {

class TopKNaming {
public:
  explicit TopKNaming(Matcher &matcher)
      : facts(matcher.facts), others(matcher.noTopKs), named(matcher.named) {}

  void run(func::FuncOp function);

private:
  struct ArgMax {
    Operation *op;
    Element base;                        // what no mask covers
    llvm::SmallVector<Operation *> gone; // arg-maxima that masks take away

    Value keys() const { return op->getOperand(0); }
  };

  void nameComposite(Operation *op);
  void nameSort(hlo::SortOp sort);
  bool isArgMax(Operation *op);
  std::optional<ArgMax> matchArgMax(Operation *op);
  void nameArgMaxima(ArrayRef<ArgMax> maxima);
  void nameColumns(hlo::ConcatenateOp concat);
  chlo::TopKOp write(Operation *before, Value keys, int64_t k) {
    OpBuilder builder(before);
    auto topK = chlo::TopKOp::create(builder, before->getLoc(), keys, k);
    named[topK] = before;
    return topK;
  }
  Coordinates symbols(Value tensor) {
    Coordinates at;
    for (int64_t size : typeOf(tensor).getShape())
      at.push_back(facts.symbol("t", size));
    return at;
  }

  IndexFacts &facts;
  llvm::DenseMap<Operation *, std::string> &others;
  llvm::DenseMap<Operation *, Operation *> &named;
};

} // namespace

/// How many of the first elements of each row are used; none where others are.
static std::optional<int64_t> usedOfHead(hlo::SortOp sort, bool flipped) {
  int64_t used = 0, last = typeOf(sort.getResult(0)).getRank() - 1;
  SmallVector<Operation *> users(sort->getUsers());
  if (flipped) {
    for (Operation *&user : users) {
      if (!isa<hlo::ReverseOp>(user) || !user->hasOneUse())
        return std::nullopt;
      user = *user->getUsers().begin();
    }
  }
  for (Operation *user : users) {
    auto slice = dyn_cast<hlo::SliceOp>(user);
    if (!slice || slice.getStrides()[last] != 1)
      return std::nullopt;
    used = std::max(used, slice.getLimitIndices()[last]);
  }
  return used;
}

void TopKNaming::nameComposite(Operation *op) {
  chlo::TopKOp topK = write(op, op->getOperand(0), *compositeInt(op, "k"));
  facts.identifyHead(op->getResult(0), topK.getValues(), /*flipped=*/false);
  facts.identifyHead(op->getResult(1), topK.getIndices(), /*flipped=*/false);
}

void TopKNaming::nameSort(hlo::SortOp sort) {
  if (sort.getInputs().size() != 2)
    return;
  Value keys = sort.getInputs()[0], positions = sort.getInputs()[1];
  RankedTensorType type = typeOf(keys);
  int64_t last = type.getRank() - 1, size = type.getDimSize(last);
  int64_t dimension = sort.getDimension();
  if (last < 1 || (dimension < 0 ? dimension + last + 1 : dimension) != last ||
      ShapedType::isDynamic(size) || !isa<FloatType>(type.getElementType()) ||
      !isa<IntegerType>(typeOf(positions).getElementType()))
    return;
  // Positions as they are, or from the end.
  Coordinates at = symbols(positions);
  Index position = facts.valueOf(positions, at),
        fromEnd = facts.sub(facts.constant(size - 1), at[last]);
  bool flipped = position == fromEnd;
  std::optional<int64_t> used = usedOfHead(sort, flipped);
  if ((!flipped && position != at[last]) || !used || *used < 1 || *used >= size)
    return;
  auto leave = [&](StringRef why) {
    others[sort] = ("a sort that is no top-k: " + why).str();
  };
  if (!sort.getIsStable())
    return leave("it is not stable");
  KeyOrder order = keyOrder(sort, /*descending=*/!flipped);
  if (flipped) {
    // Ascending from the end is descending, with equal keys in order.
    auto reversed = keys.getDefiningOp<hlo::ReverseOp>();
    if (!reversed || reversed.getDimensions() != ArrayRef<int64_t>{last})
      order = KeyOrder::None;
    else
      keys = reversed.getOperand();
  } else if (order == KeyOrder::None) {
    if (auto negated = keys.getDefiningOp<hlo::NegOp>()) {
      order = keyOrder(sort, /*descending=*/false);
      keys = negated.getOperand();
    }
  }
  if (order == KeyOrder::None)
    return leave("its order is not descending");
  if (order == KeyOrder::TotalOrder &&
      !isNeverNegativeZero(facts, facts.trace(keys, symbols(keys))))
    return leave("its order puts 0 before -0, and keys may be both");
  facts.identifyHead(sort->getResult(1), write(sort, keys, *used).getIndices(),
                     flipped);
}

//===----------------------------------------------------------------------===//
// Arg-maxima
//===----------------------------------------------------------------------===//

/// The positions that an arg-max gives, where it may be one.
static Value positionsOf(Operation *op) {
  if (isa_and_present<hlo::ReduceOp>(op) && op->getNumResults() == 2)
    return op->getResult(1);
  return compositeName(op) == "onnx.ArgMax" ? op->getResult(0) : Value();
}

/// Whether the op gives the first position of the greatest number of each row.
bool TopKNaming::isArgMax(Operation *op) {
  if (!positionsOf(op))
    return false;
  RankedTensorType type = typeOf(op->getOperand(0));
  int64_t last = type.getRank() - 1;
  if (last < 1 || !isa<FloatType>(type.getElementType()) ||
      type.isDynamicDim(last))
    return false;
  auto reduce = dyn_cast<hlo::ReduceOp>(op);
  if (!reduce)
    return compositeInt(op, "axis") == last &&
           compositeInt(op, "select_last_index") == 0;
  Value positions = reduce.getInputs()[1];
  if (reduce.getDimensions() != ArrayRef<int64_t>{last} ||
      !isa<IntegerType>(typeOf(positions).getElementType()))
    return false;
  Coordinates at = symbols(positions);
  if (facts.valueOf(positions, at) != at[last])
    return false;
  auto start = facts.numberOf(facts.trace(reduce.getInitValues()[0], {})),
       first = facts.numberOf(facts.trace(reduce.getInitValues()[1], {}));
  if (start == -kInfinity && first == 0.0 && keepsGreatest(reduce))
    return true;
  others[reduce] =
      "a reduction that is no arg-max of the first greatest element";
  return false;
}

std::optional<TopKNaming::ArgMax> TopKNaming::matchArgMax(Operation *op) {
  if (!isArgMax(op))
    return std::nullopt;
  Value keys = op->getOperand(0);
  Coordinates at = symbols(keys);
  ArrayRef<Index> row = ArrayRef(at).drop_back();
  ArgMax result{op, facts.trace(keys, at), {}};
  bool fillsZero = false;
  while (std::optional<Without> masked =
             matchWithout(facts, result.base, at.back())) {
    const IndexAtom *atom = masked->gone->asAtom(IndexAtom::Kind::Element);
    Operation *taken = atom ? atom->element.tensor.getDefiningOp() : nullptr;
    if (!atom || positionsOf(taken) != atom->element.tensor ||
        ArrayRef(atom->element.at).take_front(row.size()) != row)
      break;
    fillsZero |= masked->fill == 0.0;
    if (masked->fill != 0.0 && masked->fill != -kInfinity) {
      others[op] = "an arg-max where what was chosen before is not -inf";
      return std::nullopt;
    }
    result.gone.push_back(taken);
    result.base = masked->rest;
  }
  // Probabilities are above 0, as far as they are not rounded to it.
  if (fillsZero && !matchSoftmax(facts, result.base, at.back()) &&
      !matchLogistic(facts, result.base)) {
    others[op] = "an arg-max where what was chosen before is 0, and keys "
                 "may be less";
    return std::nullopt;
  }
  if (result.base.at != at)
    result.base = {};
  return result;
}

/// Each takes away what all before it chose.
void TopKNaming::nameArgMaxima(ArrayRef<ArgMax> maxima) {
  for (const ArgMax &root : maxima) {
    if (!root.gone.empty())
      continue;
    SmallVector<Operation *> chain{root.op};
    while (root.base) {
      auto next = llvm::find_if(maxima, [&](const ArgMax &candidate) {
        return candidate.gone.size() == chain.size() &&
               llvm::all_of(chain,
                            [&](Operation *op) {
                              return llvm::is_contained(candidate.gone, op);
                            }) &&
               candidate.base.tensor == root.base.tensor;
      });
      if (next == maxima.end())
        break;
      chain.push_back(next->op);
    }
    chlo::TopKOp topK = write(root.op, root.keys(), chain.size());
    for (auto [slot, op] : llvm::enumerate(chain)) {
      facts.identifySlot(positionsOf(op), topK.getIndices(), slot);
      if (op->getNumResults() == 2)
        facts.identifySlot(op->getResult(0), topK.getValues(), slot);
      // The maximum of what is left may be taken by itself. That of all keys
      // may belong to a softmax, and is left alone.
      for (Operation *user : op->getOperand(0).getUsers()) {
        auto reduce = dyn_cast<hlo::ReduceOp>(user);
        int64_t last = typeOf(op->getOperand(0)).getRank() - 1;
        if (slot > 0 && combinerOf(reduce) == Combiner::Max &&
            reduce.getDimensions() == ArrayRef<int64_t>{last})
          facts.identifySlot(reduce->getResult(0), topK.getValues(), slot);
      }
    }
  }
}

/// The positions of all slots side by side are those of the top-k.
void TopKNaming::nameColumns(hlo::ConcatenateOp concat) {
  Value joined = concat.getResult();
  RankedTensorType type = typeOf(joined);
  int64_t last = type.getRank() - 1;
  if (!isa<IntegerType>(type.getElementType()) || last < 1 ||
      static_cast<int64_t>(concat.getDimension()) != last)
    return;
  Coordinates at = symbols(joined);
  Value same;
  for (auto [slot, column] : llvm::enumerate(concat.getInputs())) {
    if (typeOf(column).getDimSize(last) != 1)
      return;
    at.back() = facts.constant(0);
    Element own = facts.trace(column, at);
    auto topK = own.tensor.getDefiningOp<chlo::TopKOp>();
    at.back() = facts.constant(slot);
    if (!topK || own.tensor != topK.getIndices() || own.at != at ||
        topK.getK() != concat.getInputs().size() ||
        (same && same != own.tensor))
      return;
    same = own.tensor;
  }
  facts.identifyHead(joined, same, /*flipped=*/false);
}

void TopKNaming::run(func::FuncOp function) {
  SmallVector<hlo::CompositeOp> composites(function.getOps<hlo::CompositeOp>());
  for (hlo::CompositeOp composite : composites)
    if (isTopK(composite))
      nameComposite(composite);
  SmallVector<hlo::SortOp> sorts(function.getOps<hlo::SortOp>());
  for (hlo::SortOp sort : sorts)
    nameSort(sort);
  SmallVector<ArgMax> maxima;
  for (Operation &op : function.getOps())
    if (std::optional<ArgMax> match = matchArgMax(&op))
      maxima.push_back(std::move(*match));
  nameArgMaxima(maxima);
  if (!maxima.empty())
    for (auto concat : function.getOps<hlo::ConcatenateOp>())
      nameColumns(concat);
}

void moe::raise::nameTopKs(Matcher &matcher, func::FuncOp function) {
  TopKNaming(matcher).run(function);
}

bool moe::raise::isTopK(Operation *op) {
  return isa_and_present<chlo::TopKOp>(op) ||
         (compositeName(op) == "onnx.TopK" && compositeInt(op, "k"));
}

LogicalResult moe::raise::checkOrder(Matcher &matcher, const Pick &pick,
                                     const Element &key) {
  if (matcher.named.contains(pick.topK) ||
      isNeverNegativeZero(matcher.facts, key))
    return success();
  return matcher.refuse(pick.topK,
                        "its top-k puts 0 before -0, and keys may be both "
                        "(keys + 0 cannot)");
}

Operation *moe::raise::nearest(Operation *op,
                               llvm::function_ref<bool(Operation *)> isKind) {
  llvm::SetVector<Operation *> work;
  work.insert(op);
  for (size_t i = 0; i < work.size(); ++i) {
    if (isKind(work[i]))
      return work[i];
    for (Value operand : work[i]->getOperands())
      if (Operation *next = operand.getDefiningOp())
        work.insert(next);
  }
  return nullptr;
}

StringRef Matcher::whyNoTopK(Operation *op) const {
  Operation *choice =
      nearest(op, [&](Operation *other) { return noTopKs.contains(other); });
  return choice ? noTopKs.find(choice)->second : StringRef();
}
