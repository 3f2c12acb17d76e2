// Generates the kernel of a route: one unit per lane.
#include "RouteKernel.h"
#include "../MoEToLinalg/MoEToLinalg.h"
#include "LaneNetworks.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

using FloatPredicate = arith::CmpFPredicate;
using IntPredicate = arith::CmpIPredicate;

namespace {

/// Longest list that a kernel keeps in vectors.
constexpr int64_t mostSlots = 32;
/// Most experts whose keys a kernel keeps on the stack: 128 KiB for 16 lanes.
constexpr int64_t mostExperts = 2048;

/// Builds one kernel. A block of L units is computed with one unit in each
/// lane, so every formula is that of the reference lowering, operation by
/// operation and in its order: sums over experts or slots ascend, and no lane
/// depends on another. The results have the same bits.
///
///            L lanes
///        +-----------+
///        |  table    |  z of the block, transposed; then exp(z - max) where a
///      E |           |  softmax needs it; then keys; then their order, an i32
///        +-----------+  that grows with the key
///          |       |
///        L / 2   L / 2   order and id make an i64: the larger one comes first
///          |       |     in the order relation, and no two are equal. Sorting
///        +-----------+   networks keep the best P of them.
///      P |  ids      |
///        +-----------+  weights from logits that are gathered again
///
/// A block that has fewer than L units repeats its last one: all lanes compute
/// and write what belongs there.
class RouteKernel {
public:
  RouteKernel(const OpBuilder &builder, RouteOp op, int64_t lanes)
      : b(op.getLoc(), builder), op(op), score(op.getScore()),
        selection(op.getSelect()), weight(weightOf(op)),
        rounds(roundsCounts(op)), filter(op.getGroupFilterAttr()),
        experts(op.getPlan().getType().getExperts()), slots(selection.getK()),
        listed(static_cast<int64_t>(llvm::PowerOf2Ceil(slots))), lanes(lanes),
        f32(b.getF32Type()), reals(VectorType::get({lanes}, f32)),
        ints(VectorType::get({lanes}, b.getI32Type())) {}

  func::FuncOp build(StringRef name);
  /// The code for the blocks [begin, end); null for all of them.
  void buildBlocks(ValueRange memory, Value begin, Value end);
  SmallVector<MemRefType> scratchTypes();

private:
  /// The weights of the entries that a unit lists before counts are rounded.
  static WeightAttr weightOf(RouteOp op) {
    WeightAttr own = op.getWeight();
    if (!roundsCounts(op) ||
        op.getCapacityAttr().getRenorm() == TileRenorm::None)
      return own;
    return WeightAttr::get(
        op.getContext(), own.getSource(), {}, {}, WeightNorm::Sum,
        Builder(op.getContext()).getF64FloatAttr(0.0), EpsMode::Add,
        /*minK=*/1, NormWhen::Before, own.getScale(), own.getDtype(),
        own.getGrad());
  }
  /// The matrix of one block among those of all.
  Value blockOf(Value memory, Value block) {
    auto type = cast<MemRefType>(memory.getType());
    OpFoldResult nothing = b.getIndexAttr(0), one = b.getIndexAttr(1);
    SmallVector<OpFoldResult> offsets = {block, nothing, nothing};
    SmallVector<OpFoldResult> sizes = {one, b.getIndexAttr(type.getDimSize(1)),
                                       b.getIndexAttr(lanes)};
    SmallVector<OpFoldResult> strides(3, one);
    auto matrix = memref::SubViewOp::inferRankReducedResultType(
        type.getShape().drop_front(), type, offsets, sizes, strides);
    return memref::SubViewOp::create(b, matrix, memory, offsets, sizes,
                                     strides);
  }

  // Vectors.
  Value infinity(bool negative) {
    double value = std::numeric_limits<double>::infinity();
    return b.real(reals, negative ? -value : value);
  }
  Value spread(Value scalar, VectorType type) {
    return vector::BroadcastOp::create(b, type.clone(scalar.getType()), scalar);
  }
  Value load(Value memory, ValueRange indices, VectorType type) {
    return vector::LoadOp::create(b, type, memory, indices);
  }
  void store(Value vector, Value memory, ValueRange indices) {
    vector::StoreOp::create(b, vector, memory, indices);
  }
  /// The reals of an expert.
  Value loadTable(Value expert) { return load(table, {expert, zero}, reals); }
  /// One number of each expert, in every lane.
  Value loadForAll(Value memory, Value expert) {
    Value scalar = memref::LoadOp::create(b, memory, expert);
    return spread(scalar, reals);
  }
  SmallVector<Value> overExperts(ValueRange init,
                                 TensorBuilder::LoopBody body) {
    return b.loop(zero, b.index(experts), init, body);
  }
  Value isNotNone(Value key) {
    return b.compare(FloatPredicate::OGT, key, infinity(/*negative=*/true));
  }

  // The steps of a block.
  void buildBlock(Value block);
  void fillTable();
  void buildStatistics();
  void prefetchNext(Value expert);
  /// The score of a logit in f32.
  Value buildScore(Value logit) {
    return buildRouteScore(b, score, logit, shift, sum);
  }
  Value buildKey(Value expert);
  Value applyAllow(Value key, Value expert);
  void storeOrder(Value key, Value expert);
  void buildGroupScores();
  Value buildSumOfLargest(Value lower, Value upper);
  void applyGroupFilter();
  void buildKeys();
  void buildSelection();
  Lanes loadOrders(Value first, int64_t count, Value half);
  Value gather(Value matrix, Value id);
  void buildWeights();
  Value buildDenominator(ArrayRef<Value> numerators);
  void storeRows(Lanes columns, Type element, Value target);

  TensorBuilder b;
  RouteOp op;
  ScoreAttr score;
  SelectAttr selection;
  WeightAttr weight;
  bool rounds;
  GroupFilterAttr filter;
  int64_t experts, slots;
  /// Length of the lists of the selection: `slots` rounded up to a power of 2.
  int64_t listed;
  int64_t lanes;
  Type f32;
  VectorType reals, ints;

  // Arguments; null where the route does not have them.
  Value logits, keyOffset, allow, weightSource, expertScale, ids, weights;
  // Scratch memory: E x L, P x L, and G x L where there are groups.
  Value table, list, groupScores, groupRanks;
  /// The tables, and the statistics, of all blocks; null where they are not
  /// kept.
  Value tables, statistics;
  Value zero, units;
  /// Of the block: its first unit, the unit of each lane, the distance of that
  /// from the first in elements of a row of E.
  Value firstUnit;
  SmallVector<Value> rows;
  Value rowOffsets;
  /// Of a softmax: what is subtracted and what divides.
  Value shift, sum;
};

/// The rows of a matrix as one vector.
Value flatten(TensorBuilder &b, Value matrix) {
  return memref::CollapseShapeOp::create(
      b, matrix, ArrayRef<ReassociationIndices>{{0, 1}});
}

func::FuncOp RouteKernel::build(StringRef name) {
  auto dynamic = ShapedType::kDynamic;
  SmallVector<Type> types;
  for (Value operand : getKernelOperands(op)) {
    if (!operand)
      continue;
    auto type = cast<RankedTensorType>(operand.getType());
    SmallVector<int64_t> shape = {experts};
    if (type.getRank() == 2)
      shape = {dynamic, experts};
    types.push_back(MemRefType::get(shape, type.getElementType()));
  }
  types.push_back(MemRefType::get({dynamic, slots}, b.getI32Type()));
  types.push_back(MemRefType::get({dynamic, slots}, weight.getDtype()));
  types.append(2, b.getIndexType());
  auto function = func::FuncOp::create(b, name, b.getFunctionType(types, {}));
  function.setPrivate();
  function.setNoInline(true);
  Block *entry = function.addEntryBlock();
  b.setInsertionPointToStart(entry);

  ArrayRef<BlockArgument> arguments = entry->getArguments();
  SmallVector<Value> memory(arguments.drop_back(2));
  for (MemRefType type : scratchTypes())
    memory.push_back(
        memref::AllocaOp::create(b, type, b.getI64IntegerAttr(64)));
  buildBlocks(memory, arguments.end()[-2], arguments.back());
  func::ReturnOp::create(b);
  return function;
}

SmallVector<MemRefType> RouteKernel::scratchTypes() {
  Type i32 = b.getI32Type();
  auto ofBlocks = [&](int64_t rows) {
    return MemRefType::get({ShapedType::kDynamic, rows, lanes}, f32);
  };
  SmallVector<MemRefType> types = {
      rounds ? ofBlocks(experts) : MemRefType::get({experts, lanes}, f32),
      MemRefType::get({listed, lanes}, i32)};
  if (filter)
    for (Type element : {f32, i32})
      types.push_back(MemRefType::get({filter.getGroups(), lanes}, element));
  if (rounds && !score.isPointwise())
    types.push_back(ofBlocks(2));
  return types;
}

void RouteKernel::buildBlocks(ValueRange memory, Value begin, Value end) {
  auto take = [&](Value operand) {
    if (!operand)
      return Value();
    Value first = memory.front();
    memory = memory.drop_front();
    return first;
  };
  logits = take(op.getLogits());
  keyOffset = take(op.getKeyOffset());
  allow = take(op.getAllow());
  weightSource = take(op.getWeightSource());
  expertScale = take(op.getExpertScale());
  ids = memory[0];
  weights = memory[1];
  (rounds ? tables : table) = memory[2];
  list = memory[3];
  if (rounds && !score.isPointwise())
    statistics = memory.back();
  if (filter) {
    groupScores = memory[4];
    groupRanks = memory[5];
  }
  zero = b.index(0);
  units = memref::DimOp::create(b, logits, 0);
  if (!begin) {
    begin = zero;
    end = arith::CeilDivUIOp::create(b, units, b.index(lanes));
  }
  b.loop(begin, end, {}, [&](Value block, ValueRange) -> SmallVector<Value> {
    buildBlock(block);
    return {};
  });
}

void RouteKernel::buildBlock(Value block) {
  if (tables)
    table = blockOf(tables, block);
  firstUnit = b.mul(block, b.index(lanes));
  Value most = arith::MinUIOp::create(
      b, b.sub(b.sub(units, b.index(1)), firstUnit), b.index(lanes - 1));
  rows.clear();
  SmallVector<int32_t> numbers;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    Value distance = arith::MinUIOp::create(b, b.index(lane), most);
    rows.push_back(b.add(firstUnit, distance));
    numbers.push_back(static_cast<int32_t>(lane));
  }
  Value distances = arith::MinUIOp::create(
      b, arith::ConstantOp::create(b, b.getI32VectorAttr(numbers)),
      spread(b.toInt32(most), ints));
  rowOffsets = b.mul(distances, b.integer(ints, experts));

  fillTable();
  if (!score.isPointwise())
    buildStatistics();
  if (statistics) {
    Value own = blockOf(statistics, block);
    store(shift, own, {zero, zero});
    store(sum, own, {b.index(1), zero});
  }
  buildKeys();
  buildSelection();
  buildWeights();
}

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

/// The logits of the block in f32, with the experts as rows.
void RouteKernel::fillTable() {
  Type element = cast<MemRefType>(logits.getType()).getElementType();
  auto copyColumns = [&](Value first, int64_t count) {
    auto type = VectorType::get({count}, element);
    Lanes loaded;
    for (Value row : rows)
      loaded.push_back(b.convert(load(logits, {row, first}, type), f32));
    for (auto [column, vector] : llvm::enumerate(transpose(b, loaded, lanes)))
      store(vector, table, {b.add(first, b.index(column)), zero});
  };
  int64_t whole = experts / lanes * lanes;
  if (whole != 0) {
    auto loop = scf::ForOp::create(b, zero, b.index(whole), b.index(lanes));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    copyColumns(loop.getInductionVar(), lanes);
  }
  for (int64_t rest = whole; rest != experts;) {
    auto count =
        static_cast<int64_t>(llvm::bit_floor<uint64_t>(experts - rest));
    copyColumns(b.index(rest), count);
    rest += count;
  }
}

/// The maximum and the sum of a softmax. Where its scores become keys, their
/// numerators stay in the table.
void RouteKernel::buildStatistics() {
  auto rounded = [&](Value expert) {
    return b.roundTo(loadTable(expert), score.getDtype());
  };
  Value maximum =
      overExperts(infinity(/*negative=*/true),
                  [&](Value expert, ValueRange best) -> SmallVector<Value> {
                    return {b.max(rounded(expert), best[0])};
                  })
          .front();
  // −∞ − −∞ would be NaN.
  Value none = b.compare(FloatPredicate::OEQ, maximum, infinity(true));
  shift = b.select(none, b.real(reals, 0.0), maximum);
  bool keeps = selection.getKey() == moe::Key::Scores;
  sum = overExperts(b.real(reals, 0.0),
                    [&](Value expert, ValueRange sums) -> SmallVector<Value> {
                      Value numerator = b.exp(b.sub(rounded(expert), shift));
                      if (keeps)
                        store(numerator, table, {expert, zero});
                      return {b.add(numerator, sums[0])};
                    })
            .front();
}

/// The share of a numerator in a sum, 0 where that is 0.
static Value buildShare(TensorBuilder &b, Value numerator, Value sum) {
  Value zero = b.real(sum.getType(), 0.0);
  Value none = b.compare(FloatPredicate::OEQ, sum, zero);
  return b.select(none, zero, b.div(numerator, sum));
}

Value RouteKernel::applyAllow(Value key, Value expert) {
  if (!allow)
    return key;
  return b.select(loadForAll(allow, expert), key, infinity(/*negative=*/true));
}

/// The key of an expert, before groups are filtered.
Value RouteKernel::buildKey(Value expert) {
  Value key = loadTable(expert);
  if (selection.getKey() == moe::Key::Scores)
    key = score.isPointwise()
              ? buildScore(key)
              : b.roundTo(buildShare(b, key, sum), score.getRoundTo());
  if (keyOffset)
    key = b.add(key, b.convert(loadForAll(keyOffset, expert), f32));
  return applyAllow(b.roundTo(key, selection.getKeyDtype()), expert);
}

/// Replaces a key in the table by an integer that grows with it, the least one
/// where it is −∞ or NaN. Bits of a float order like integers, those of
/// negative ones downwards; adding 0 makes −0 what it equals.
void RouteKernel::storeOrder(Value key, Value expert) {
  Value bits =
      arith::BitcastOp::create(b, ints, b.add(key, b.real(reals, 0.0)));
  Value sign = arith::ShRSIOp::create(b, bits, b.integer(ints, 31));
  Value all = b.integer(ints, std::numeric_limits<int32_t>::max());
  Value order = arith::XOrIOp::create(b, bits, b.both(sign, all));
  Value least = b.integer(ints, std::numeric_limits<int32_t>::min());
  order = b.select(isNotNone(key), order, least);
  store(arith::BitcastOp::create(b, reals, order), table, {expert, zero});
}

/// Fetches one vector of the logits of the next block. Those of a block lie
/// side by side: as many vectors as there are experts.
void RouteKernel::prefetchNext(Value expert) {
  Value elements = b.mul(units, b.index(experts));
  Value next = b.mul(b.add(firstUnit, b.index(lanes)), b.index(experts));
  Value at =
      arith::MinUIOp::create(b, b.add(next, b.mul(expert, b.index(lanes))),
                             b.sub(elements, b.index(1)));
  memref::PrefetchOp::create(b, flatten(b, logits), at, /*isWrite=*/false,
                             /*localityHint=*/3, /*isDataCache=*/true);
}

void RouteKernel::buildKeys() {
  overExperts({}, [&](Value expert, ValueRange) -> SmallVector<Value> {
    prefetchNext(expert);
    Value key = buildKey(expert);
    if (filter)
      store(key, table, {expert, zero});
    else
      storeOrder(key, expert);
    return {};
  });
  if (!filter)
    return;
  buildGroupScores();
  applyGroupFilter();
}

/// Sum of the largest keys of the experts [lower, upper): an insertion into a
/// short list, of values alone.
Value RouteKernel::buildSumOfLargest(Value lower, Value upper) {
  SmallVector<Value> init(filter.getSumTop(), infinity(/*negative=*/true));
  SmallVector<Value> largest =
      b.loop(lower, upper, init,
             [&](Value expert, ValueRange carried) -> SmallVector<Value> {
               Value key = loadTable(expert);
               key = b.select(isNotNone(key), key, infinity(true));
               SmallVector<Value> next;
               for (Value value : carried) {
                 Value larger = b.compare(FloatPredicate::OGT, key, value);
                 next.push_back(b.select(larger, key, value));
                 key = b.select(larger, value, key);
               }
               return next;
             });
  Value total = b.real(reals, 0.0);
  for (Value value : largest)
    total = b.add(total, value);
  return total;
}

/// Scores of groups, and from them ranks: how many groups come before one.
void RouteKernel::buildGroupScores() {
  Value groups = b.index(filter.getGroups());
  Value size = b.index(experts / filter.getGroups());
  b.loop(zero, groups, {}, [&](Value group, ValueRange) -> SmallVector<Value> {
    Value lower = b.mul(group, size), upper = b.add(lower, size);
    Value groupScore =
        filter.getSumTop() != 0
            ? buildSumOfLargest(lower, upper)
            : b.loop(lower, upper, infinity(/*negative=*/true),
                     [&](Value expert, ValueRange best) -> SmallVector<Value> {
                       return {b.max(loadTable(expert), best[0])};
                     })
                  .front();
    store(groupScore, groupScores, {group, zero});
    return {};
  });
  b.loop(zero, groups, {}, [&](Value group, ValueRange) -> SmallVector<Value> {
    Value mine = load(groupScores, {group, zero}, reals);
    Value rank =
        b.loop(zero, groups, b.integer(ints, 0),
               [&](Value other, ValueRange ranks) -> SmallVector<Value> {
                 Value theirs = load(groupScores, {other, zero}, reals);
                 auto flags = VectorType::get({lanes}, b.getI1Type());
                 Value lowerId =
                     spread(b.compare(IntPredicate::ult, other, group), flags);
                 Value tied = b.compare(FloatPredicate::OEQ, theirs, mine);
                 Value before =
                     b.either(b.compare(FloatPredicate::OGT, theirs, mine),
                              b.both(tied, lowerId));
                 Value one = b.integer(ints, 1);
                 return {b.add(ranks[0],
                               b.select(before, one, b.integer(ints, 0)))};
               })
            .front();
    store(rank, groupRanks, {group, zero});
    return {};
  });
}

void RouteKernel::applyGroupFilter() {
  bool zeroFill = filter.getFill() == GroupFill::Zero;
  Value fill = zeroFill ? b.real(reals, 0.0) : infinity(/*negative=*/true);
  Value size = b.index(experts / filter.getGroups());
  b.loop(zero, b.index(filter.getGroups()), {},
         [&](Value group, ValueRange) -> SmallVector<Value> {
           Value rank = load(groupRanks, {group, zero}, ints);
           Value kept = b.compare(IntPredicate::slt, rank,
                                  b.integer(ints, filter.getKeep()));
           Value lower = b.mul(group, size);
           b.loop(lower, b.add(lower, size), {},
                  [&](Value expert, ValueRange) -> SmallVector<Value> {
                    Value key = b.select(kept, loadTable(expert), fill);
                    // A zero must not revive what is not allowed.
                    storeOrder(zeroFill ? applyAllow(key, expert) : key,
                               expert);
                    return {};
                  });
           return {};
         });
}

//===----------------------------------------------------------------------===//
// Selection
//===----------------------------------------------------------------------===//

/// The candidates [first, first + count) of half of the units, sorted, filled
/// up to a list with numbers that are none:
///
///   63            32 31             0
///   +---------------+---------------+
///   | order of key  | 2³² − 1 − id  |
///   +---------------+---------------+
Lanes RouteKernel::loadOrders(Value first, int64_t count, Value half) {
  auto order = VectorType::get({lanes / 2}, f32);
  VectorType narrow = order.clone(b.getI32Type()),
             wide = order.clone(b.getI64Type());
  Value column = b.mul(half, b.index(lanes / 2));
  Lanes list;
  for (int64_t i = 0; i < count; ++i) {
    Value expert = b.add(first, b.index(i));
    Value bits = arith::BitcastOp::create(b, narrow,
                                          load(table, {expert, column}, order));
    Value high = arith::ShLIOp::create(b, arith::ExtSIOp::create(b, wide, bits),
                                       b.integer(wide, 32));
    Value low = b.sub(b.integer(b.getI64Type(), 0xffffffff), b.toInt64(expert));
    list.push_back(arith::OrIOp::create(b, high, spread(low, wide)));
  }
  Value none = b.integer(wide, std::numeric_limits<int64_t>::min());
  list.resize(listed, none);
  sortDescending(b, list);
  return list;
}

/// The ids of the best candidates of each unit, best first, −1 where there are
/// fewer.
void RouteKernel::buildSelection() {
  auto wide = VectorType::get({lanes / 2}, b.getI64Type());
  VectorType narrow = wide.clone(b.getI32Type());
  Value none = b.integer(wide, std::numeric_limits<int64_t>::min());
  int64_t whole = experts / listed * listed;
  b.loop(
      zero, b.index(2), {}, [&](Value half, ValueRange) -> SmallVector<Value> {
        Lanes best(listed, none);
        if (whole != 0) {
          auto loop = scf::ForOp::create(b, zero, b.index(whole),
                                         b.index(listed), best);
          OpBuilder::InsertionGuard guard(b);
          b.setInsertionPointToStart(loop.getBody());
          Lanes carried(loop.getRegionIterArgs());
          keepLargest(b, carried,
                      loadOrders(loop.getInductionVar(), listed, half));
          scf::YieldOp::create(b, carried);
          best = Lanes(loop.getResults());
        }
        if (whole != experts)
          keepLargest(b, best,
                      loadOrders(b.index(whole), experts - whole, half));
        Value column = b.mul(half, b.index(lanes / 2));
        // Above every number whose order is the least.
        int64_t leastOrder = int64_t(std::numeric_limits<int32_t>::min() + 1) *
                             (int64_t(1) << 32);
        for (int64_t slot = 0; slot < slots; ++slot) {
          Value low = arith::TruncIOp::create(b, narrow, best[slot]);
          Value id = arith::XOrIOp::create(b, low, b.integer(narrow, -1));
          Value found = b.compare(IntPredicate::sge, best[slot],
                                  b.integer(wide, leastOrder));
          store(b.select(found, id, b.integer(narrow, -1)), list,
                {b.index(slot), column});
        }
        return {};
      });
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// The element of U x E `matrix` that belongs to each unit and `id`, in f32.
Value RouteKernel::gather(Value matrix, Value id) {
  Type element = cast<MemRefType>(matrix.getType()).getElementType();
  VectorType type = reals.clone(element);
  auto flags = VectorType::get({lanes}, b.getI1Type());
  Value gathered = vector::GatherOp::create(
      b, type, flatten(b, matrix),
      ValueRange{b.mul(firstUnit, b.index(experts))}, b.add(rowOffsets, id),
      b.integer(flags, 1), b.real(type, 0.0));
  return b.convert(gathered, f32);
}

/// What weights are divided by.
Value RouteKernel::buildDenominator(ArrayRef<Value> numerators) {
  bool powers = weight.getNorm() == WeightNorm::PNorm;
  double p = powers ? weight.getNormValueOr(1.0) : 1.0;
  Value total = b.real(reals, 0.0);
  for (Value term : numerators) {
    if (powers)
      term = math::AbsFOp::create(b, term);
    if (p != 1.0)
      term = math::PowFOp::create(b, term, b.real(reals, p));
    total = b.add(total, term);
  }
  if (p != 1.0)
    return math::PowFOp::create(b, total, b.real(reals, 1.0 / p));
  double eps = weight.getNormValueOr(0.0);
  if (weight.getNorm() != WeightNorm::Sum || eps == 0.0)
    return total;
  Value guard = b.real(reals, eps);
  return weight.getEpsMode() == EpsMode::Add ? b.add(total, guard)
                                             : b.max(total, guard);
}

void RouteKernel::buildWeights() {
  Value none = b.real(reals, 0.0);
  Lanes entries, safe, live, raw;
  for (int64_t slot = 0; slot < slots; ++slot) {
    Value id = load(list, {b.index(slot), zero}, ints);
    entries.push_back(id);
    safe.push_back(arith::MaxSIOp::create(b, id, b.integer(ints, 0)));
    live.push_back(buildIsLive(b, weight, id));
    Value value = b.real(reals, 1.0);
    if (weight.getSource() == WeightSource::Scores)
      value = buildScore(gather(logits, safe.back()));
    else if (weight.getSource() == WeightSource::Logits)
      value = gather(logits, safe.back());
    else if (weight.getSource() == WeightSource::Operand)
      value = gather(weightSource, safe.back());
    raw.push_back(b.select(live.back(), value, none));
  }

  Lanes results = raw;
  if (weight.getNorm() == WeightNorm::Softmax) {
    Value maximum = infinity(/*negative=*/true);
    for (auto [value, isLive] : llvm::zip_equal(raw, live))
      maximum = b.select(isLive, b.max(value, maximum), maximum);
    for (auto [value, isLive] : llvm::zip_equal(results, live))
      value = b.select(isLive, b.exp(b.sub(value, maximum)), none);
  }
  if (weight.getNorm() != WeightNorm::None) {
    Value denominator = buildDenominator(results);
    for (Value &value : results)
      value = buildShare(b, value, denominator);
    if (weight.getMinK() > 1) {
      Value count = b.integer(ints, 0);
      for (Value id : entries) {
        Value used = b.compare(IntPredicate::sge, id, b.integer(ints, 0));
        count = b.add(count,
                      b.select(used, b.integer(ints, 1), b.integer(ints, 0)));
      }
      Value enough = b.compare(IntPredicate::sge, count,
                               b.integer(ints, weight.getMinK()));
      for (auto [value, unscaled] : llvm::zip_equal(results, raw))
        value = b.select(enough, value, unscaled);
    }
  }
  for (auto [value, id, isLive] : llvm::zip_equal(results, safe, live)) {
    if (weight.getScaleValue() != 1.0)
      value = b.mul(value, b.real(reals, weight.getScaleValue()));
    if (expertScale) {
      auto type =
          reals.clone(cast<MemRefType>(expertScale.getType()).getElementType());
      auto flags = VectorType::get({lanes}, b.getI1Type());
      Value scale =
          vector::GatherOp::create(b, type, expertScale, ValueRange{zero}, id,
                                   b.integer(flags, 1), b.real(type, 0.0));
      value = b.mul(value, b.convert(scale, f32));
    }
    value = b.convert(b.select(isLive, value, none), weight.getDtype());
  }
  storeRows(entries, b.getI32Type(), ids);
  storeRows(results, weight.getDtype(), weights);
}

/// Writes `columns`, one vector per slot, to the rows of the units of a block.
void RouteKernel::storeRows(Lanes columns, Type element, Value target) {
  // What fills the list up is not stored.
  columns.resize(listed, columns.front());
  Lanes transposed = transpose(b, columns, lanes);
  // A row of `listed` elements is part of a vector, or several.
  for (int64_t lane = 0; lane < lanes; ++lane)
    for (int64_t slot = 0; slot < slots; slot += lanes) {
      int64_t first = lane * listed + slot;
      int64_t count = std::min(slots - slot, lanes);
      Value vector = transposed[first / lanes];
      auto elements =
          llvm::to_vector(llvm::seq(first % lanes, first % lanes + count));
      store(vector::ShuffleOp::create(b, vector, vector, elements), target,
            {rows[lane], b.index(slot)});
    }
}

} // namespace

SmallVector<Value> moe::detail::getKernelOperands(RouteOp op) {
  return {op.getLogits(), op.getKeyOffset(), op.getAllow(),
          op.getWeightSource(), op.getExpertScale()};
}

Value moe::detail::buildRouteScore(TensorBuilder &b, ScoreAttr score,
                                   Value logit, Value shift, Value sum) {
  Value rounded = b.roundTo(logit, score.getDtype());
  Value value = score.isPointwise()
                    ? buildPointwiseScore(b, score.getFn(), rounded)
                    : buildShare(b, b.exp(b.sub(rounded, shift)), sum);
  return b.roundTo(value, score.getRoundTo());
}

bool moe::detail::roundsCounts(RouteOp op) {
  CapacityAttr capacity = op.getCapacityAttr();
  return capacity && capacity.getKind() == CapacityKind::TileRound;
}

std::optional<StringRef> moe::detail::whyNoKernel(RouteOp op, bool rounds) {
  ScoreAttr score = op.getScore();
  SelectAttr selection = op.getSelect();
  WeightAttr weight = op.getWeight();
  if (op.isLazy())
    return "its logits are lazy";
  if (selection.getPolicy() != Policy::TopK)
    return "its policy is not topk";
  if (op.getCapacity() && !(rounds && roundsCounts(op)))
    return "it has a capacity";
  if (selection.getFallback() != Fallback::None)
    return "it has a fallback";
  if (op.getScores())
    return "its scores are used";
  if (score.getFn() == ScoreFn::Entmax15 || score.getPost() != ScorePost::None)
    return "its scores are not a softmax or pointwise";
  if (!score.isPointwise() && score.getOver() != ScoreOver::Experts)
    return "its softmax is not over the experts";
  if (weight.getSource() == WeightSource::Key)
    return "its weights are keys";
  auto isWide = [](Type type) { return getElementTypeOrSelf(type).isF64(); };
  if (isWide(op.getLogits().getType()) || isWide(score.getDtype()) ||
      isWide(selection.getKeyDtype()) || isWide(weight.getDtype()))
    return "it is in f64";
  auto isMatrix = [](Value value) {
    return value && cast<RankedTensorType>(value.getType()).getRank() == 2;
  };
  if (isMatrix(op.getKeyOffset()) || isMatrix(op.getAllow()))
    return "its keys have an operand per unit";
  if (selection.getK() > mostSlots)
    return "it has more than 32 slots";
  if (op.getPlan().getType().getExperts() > mostExperts)
    return "it has more than 2048 experts";
  return std::nullopt;
}

func::FuncOp moe::detail::buildRouteKernel(ModuleOp module, RouteOp op,
                                           StringRef name, int64_t lanes) {
  return RouteKernel(OpBuilder::atBlockEnd(module.getBody()), op, lanes)
      .build(name);
}

SmallVector<MemRefType> moe::detail::getKernelScratch(RouteOp op,
                                                      int64_t lanes) {
  return RouteKernel(OpBuilder(op), op, lanes).scratchTypes();
}

void moe::detail::buildRouteBlocks(OpBuilder &builder, RouteOp op,
                                   int64_t lanes, ValueRange memory) {
  RouteKernel(builder, op, lanes).buildBlocks(memory, /*begin=*/{}, /*end=*/{});
}
