// Running sums by windows and by parallel prefix sums.
#include "moe/Analysis/IndexFacts.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace moe;
namespace hlo = moe::stablehlo;

/// Windows that end where they stand and reach back to the start.
static std::optional<RunningSum> windowSum(hlo::ReduceWindowOp window) {
  if (combinerOf(window) != Combiner::Add)
    return std::nullopt;
  auto areOnes = [](std::optional<ArrayRef<int64_t>> list) {
    return !list || llvm::all_of(*list, [](int64_t x) { return x == 1; });
  };
  if (!areOnes(window.getWindowStrides()) ||
      !areOnes(window.getBaseDilations()) ||
      !areOnes(window.getWindowDilations()))
    return std::nullopt;
  SmallVector<int64_t> padding(2 * window.getWindowDimensions().size(), 0);
  if (auto given = window.getPaddingAttr())
    llvm::copy(given.getValues<int64_t>(), padding.begin());
  Value input = window.getInputs()[0];
  std::optional<int64_t> running;
  for (auto [d, size] : llvm::enumerate(window.getWindowDimensions())) {
    if (padding[2 * d] != size - 1 || padding[2 * d + 1] != 0)
      return std::nullopt;
    if (size == 1)
      continue;
    if (running || size != typeOf(input).getDimSize(d))
      return std::nullopt;
    running = d;
  }
  if (!running)
    return std::nullopt;
  return RunningSum{input, *running};
}

namespace {

/// Elements [first, end) of the input, added up.
struct Interval {
  int64_t first = 0, end = 0;

  bool isEmpty() const { return first == end; }
};

/// Works out which elements of `input` each position of a tensor along
/// `dimension` is the sum of: slices, pads with zeros and concatenations move
/// sums, additions join those that stand side by side. In time proportional to
/// the sizes of the tensors along the dimension.
class PrefixSum {
public:
  PrefixSum(Value input, int64_t dimension)
      : input(input), dimension(dimension) {}

  /// None where a position holds something else.
  std::optional<SmallVector<Interval>> sumsOf(Value tensor) {
    auto [known, isNew] = sums.try_emplace(tensor, std::nullopt);
    if (!isNew)
      return known->second;
    std::optional<SmallVector<Interval>> result = compute(tensor);
    return sums[tensor] = result;
  }

private:
  std::optional<SmallVector<Interval>> compute(Value tensor);
  std::optional<SmallVector<Interval>> padded(hlo::PadOp pad);
  std::optional<SmallVector<Interval>> added(hlo::AddOp add);
  /// Whether all other dimensions stay as they are.
  bool keepsOthers(Value from, Value to) const {
    for (int64_t d = 0; d < typeOf(to).getRank(); ++d)
      if (d != dimension &&
          typeOf(from).getDimSize(d) != typeOf(to).getDimSize(d))
        return false;
    return true;
  }

  Value input;
  int64_t dimension;
  llvm::DenseMap<Value, std::optional<SmallVector<Interval>>> sums;
};

} // namespace

std::optional<SmallVector<Interval>> PrefixSum::padded(hlo::PadOp pad) {
  auto own = sumsOf(pad.getOperand());
  Value filling = pad.getPaddingValue();
  if (!own || (!matchPattern(filling, m_Zero()) &&
               !matchPattern(filling, m_AnyZeroFloat())))
    return std::nullopt;
  for (int64_t d = 0; d < typeOf(pad).getRank(); ++d)
    if (d != dimension &&
        (pad.getEdgePaddingLow()[d] != 0 || pad.getEdgePaddingHigh()[d] != 0 ||
         pad.getInteriorPadding()[d] != 0))
      return std::nullopt;
  int64_t low = pad.getEdgePaddingLow()[dimension],
          step = pad.getInteriorPadding()[dimension] + 1;
  SmallVector<Interval> result(typeOf(pad).getDimSize(dimension));
  for (auto [i, interval] : llvm::enumerate(*own)) {
    int64_t position = low + static_cast<int64_t>(i) * step;
    if (position >= 0 && position < static_cast<int64_t>(result.size()))
      result[position] = interval;
  }
  return result;
}

std::optional<SmallVector<Interval>> PrefixSum::added(hlo::AddOp add) {
  auto a = sumsOf(add.getLhs()), b = sumsOf(add.getRhs());
  if (!a || !b)
    return std::nullopt;
  for (auto [own, other] : llvm::zip(*a, *b)) {
    if (own.isEmpty() || other.isEmpty())
      own = own.isEmpty() ? other : own;
    else if (own.end == other.first)
      own.end = other.end;
    else if (other.end == own.first)
      own.first = other.first;
    else
      return std::nullopt;
  }
  return a;
}

std::optional<SmallVector<Interval>> PrefixSum::compute(Value tensor) {
  if (tensor == input) {
    SmallVector<Interval> each;
    for (int64_t i = 0; i < typeOf(input).getDimSize(dimension); ++i)
      each.push_back({i, i + 1});
    return each;
  }
  Operation *op = tensor.getDefiningOp();
  if (auto slice = dyn_cast_if_present<hlo::SliceOp>(op)) {
    auto own = sumsOf(slice.getOperand());
    if (!own || !keepsOthers(slice.getOperand(), tensor))
      return std::nullopt;
    SmallVector<Interval> result;
    for (int64_t i = slice.getStartIndices()[dimension];
         i < slice.getLimitIndices()[dimension];
         i += slice.getStrides()[dimension])
      result.push_back((*own)[i]);
    return result;
  }
  if (auto concat = dyn_cast_if_present<hlo::ConcatenateOp>(op)) {
    if (static_cast<int64_t>(concat.getDimension()) != dimension)
      return std::nullopt;
    SmallVector<Interval> result;
    for (Value part : concat.getInputs()) {
      auto own = sumsOf(part);
      if (!own)
        return std::nullopt;
      llvm::append_range(result, *own);
    }
    return result;
  }
  if (auto pad = dyn_cast_if_present<hlo::PadOp>(op))
    return padded(pad);
  if (auto add = dyn_cast_if_present<hlo::AddOp>(op))
    return added(add);
  return std::nullopt;
}

/// The interleaved sums that end a parallel prefix sum: those of even and of
/// odd positions, padded with zeros and added.
static std::optional<RunningSum> prefixSum(hlo::AddOp add) {
  auto even = add.getLhs().getDefiningOp<hlo::PadOp>(),
       odd = add.getRhs().getDefiningOp<hlo::PadOp>();
  if (!even || !odd || !typeOf(add).hasStaticShape())
    return std::nullopt;
  auto isSpread = [](int64_t padding) { return padding == 1; };
  auto spread = llvm::find_if(even.getInteriorPadding(), isSpread);
  if (spread == even.getInteriorPadding().end())
    return std::nullopt;
  int64_t dimension = spread - even.getInteriorPadding().begin();
  // The nearest tensor of this shape is what is summed.
  llvm::SetVector<Value> work;
  work.insert(even.getOperand());
  work.insert(odd.getOperand());
  for (size_t i = 0; i < work.size(); ++i) {
    if (work[i].getType() == add.getType()) {
      auto sums = PrefixSum(work[i], dimension).sumsOf(add);
      if (!sums)
        return std::nullopt;
      for (auto [position, interval] : llvm::enumerate(*sums))
        if (interval.first != 0 ||
            interval.end != static_cast<int64_t>(position) + 1)
          return std::nullopt;
      return RunningSum{work[i], dimension};
    }
    Operation *op = work[i].getDefiningOp();
    if (isa_and_present<hlo::SliceOp, hlo::ConcatenateOp, hlo::AddOp,
                        hlo::PadOp>(op))
      for (Value operand : op->getOperands())
        work.insert(operand);
  }
  return std::nullopt;
}

std::optional<RunningSum> moe::runningSum(Value sums) {
  Operation *op = sums.getDefiningOp();
  if (auto window = dyn_cast_if_present<hlo::ReduceWindowOp>(op))
    return windowSum(window);
  if (auto add = dyn_cast_if_present<hlo::AddOp>(op))
    return prefixSum(add);
  return std::nullopt;
}
