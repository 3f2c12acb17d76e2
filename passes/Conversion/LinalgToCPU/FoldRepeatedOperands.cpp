// Lets contractions read an operand before it was repeated, rearranged and
// scaled for them.
#include "Contraction.h"
#include "SizeFacts.h"
#include "moe/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SmallSet.h"

namespace moe {
#define GEN_PASS_DEF_FOLDREPEATEDOPERANDSPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;

namespace {

/// A dimension of a tensor, or a factor of one.
struct Atom {
  Size size;
  /// The dimension of the source that it is; none where elements repeat along
  /// it.
  std::optional<unsigned> source;

  bool repeats() const { return !source; }
};

/// What each dimension of a tensor is made of, the slowest first.
using Atoms = SmallVector<Atom>;
using Shape = SmallVector<Atoms>;

/// A body that gives its first input back.
bool isCopy(linalg::GenericOp op) {
  Block *body = op.getBody();
  return llvm::hasSingleElement(*body) && op.getNumDpsInputs() == 1 &&
         op.getNumDpsInits() == 1 &&
         op.getNumParallelLoops() == op.getNumLoops() &&
         body->getTerminator()->getOperand(0) == body->getArgument(0) &&
         op.getIndexingMapsArray().back().isIdentity();
}

/// The constant that all elements of a value are.
std::optional<APFloat> splatOf(Value value) {
  FloatAttr scalar;
  if (matchPattern(value, m_Constant(&scalar)))
    return scalar.getValue();
  DenseElementsAttr dense;
  if (matchPattern(value, m_Constant(&dense)) && dense.isSplat() &&
      isa<FloatType>(dense.getElementType()))
    return dense.getSplatValue<APFloat>();
  return std::nullopt;
}

/// The tensor and the factor where `op` computes their product in f32. A factor
/// of at most one cannot make a product that was finite overflow.
std::optional<std::pair<Value, APFloat>> matchScaling(linalg::GenericOp op) {
  Block *body = op.getBody();
  auto product =
      body->getTerminator()->getOperand(0).getDefiningOp<arith::MulFOp>();
  if (!product || !product.getType().isF32() || op.getNumDpsInits() != 1 ||
      !llvm::hasNItems(*body, 2) ||
      op.getNumParallelLoops() != op.getNumLoops() ||
      !op.getIndexingMapsArray().back().isIdentity())
    return std::nullopt;
  Value tensor;
  std::optional<APFloat> factor;
  for (Value side : product.getOperands()) {
    Value operand = side;
    auto argument = dyn_cast<BlockArgument>(side);
    bool isInput = argument && argument.getOwner() == body &&
                   argument.getArgNumber() < op.getNumDpsInputs();
    if (isInput)
      operand = op.getDpsInputs()[argument.getArgNumber()];
    if (std::optional<APFloat> splat = splatOf(operand)) {
      if (factor)
        return std::nullopt;
      factor = splat;
    } else {
      if (tensor || !isInput ||
          !op.getIndexingMapsArray()[argument.getArgNumber()].isIdentity())
        return std::nullopt;
      tensor = operand;
    }
  }
  if (!tensor || !factor || !factor->isNormal() || abs(*factor) > APFloat(1.0f))
    return std::nullopt;
  return std::pair(tensor, *factor);
}

/// The tensor that `value` is a rearranged copy, or a multiple, of.
Value sourceOf(Value value) {
  Operation *op = value.getDefiningOp();
  if (isa_and_nonnull<tensor::ReshapeOp, tensor::CollapseShapeOp,
                      tensor::ExpandShapeOp>(op))
    return op->getOperand(0);
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  if (!generic || !generic.hasPureTensorSemantics())
    return Value();
  if (isCopy(generic))
    return generic.getDpsInputs().front();
  if (auto scaling = matchScaling(generic))
    return scaling->first;
  return Value();
}

/// Dimensions of `sizes` for the elements that `atoms` order. None where it is
/// not proved which atoms a dimension has.
///
/// Sizes are matched from both ends; their product is known to be the same, so
/// that what is left in the middle belongs together. Where a size is zero that
/// does not follow, but then there is no element to read.
std::optional<Shape> regroup(const Shape &shape, ArrayRef<Size> sizes,
                             SizeFacts &facts) {
  Atoms atoms;
  for (const Atoms &dimension : shape)
    llvm::append_range(atoms, dimension);
  ArrayRef<Atom> left = atoms;
  Shape result(sizes.size());
  size_t begin = 0, end = sizes.size();
  auto take = [&](const Size &size, bool fromBack) -> std::optional<Atoms> {
    if (size.constant() == 1)
      return Atoms();
    for (size_t count = 1; count <= left.size(); ++count) {
      ArrayRef<Atom> part =
          fromBack ? left.take_back(count) : left.take_front(count);
      Size product = facts.product(llvm::map_to_vector(
          part, [](const Atom &atom) { return atom.size; }));
      if (!facts.areEqual(product, size))
        continue;
      left = fromBack ? left.drop_back(count) : left.drop_front(count);
      return Atoms(part);
    }
    return std::nullopt;
  };
  for (; begin < end; --end) {
    std::optional<Atoms> found = take(sizes[end - 1], /*fromBack=*/true);
    if (!found)
      break;
    result[end - 1] = *found;
  }
  for (; begin < end; ++begin) {
    std::optional<Atoms> found = take(sizes[begin], /*fromBack=*/false);
    if (!found)
      break;
    result[begin] = *found;
  }
  if (end - begin > 1 || (end == begin && !left.empty()))
    return std::nullopt;
  if (end - begin == 1)
    result[begin] = Atoms(left);
  return result;
}

/// The operand B of a contraction in terms of a tensor that it comes from.
struct Origin {
  Value source;
  /// Of each dimension of B.
  Shape shape;
  /// What B is the source times of, in the order of multiplication.
  SmallVector<APFloat> factors;
};

/// Follows the elements of `source` through `ops` to the last one's result.
std::optional<Origin> follow(Value source, ArrayRef<Operation *> ops,
                             SizeFacts &facts) {
  Origin origin{source, {}, {}};
  auto type = cast<RankedTensorType>(source.getType());
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    Atoms atoms;
    if (type.getDimSize(dim) != 1)
      atoms.push_back({facts.sizeOf(source, dim), dim});
    origin.shape.push_back(atoms);
  }
  for (Operation *op : ops) {
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (!generic) {
      SmallVector<Size> sizes;
      auto result = cast<RankedTensorType>(op->getResult(0).getType());
      for (int64_t dim = 0; dim < result.getRank(); ++dim)
        sizes.push_back(facts.sizeOf(op->getResult(0), dim));
      std::optional<Shape> shape = regroup(origin.shape, sizes, facts);
      if (!shape)
        return std::nullopt;
      origin.shape = *shape;
      continue;
    }
    if (!isCopy(generic)) {
      origin.factors.push_back(matchScaling(generic)->second);
      continue;
    }
    AffineMap map = generic.getIndexingMapsArray().front();
    Shape next(generic.getNumLoops());
    for (auto [atoms, expr] : llvm::zip_equal(origin.shape, map.getResults())) {
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        next[dim.getPosition()] = atoms;
      else if (expr != getAffineConstantExpr(0, op->getContext()) ||
               !atoms.empty())
        return std::nullopt;
    }
    for (auto [dim, atoms] : llvm::enumerate(next)) {
      Size size = facts.sizeOf(op->getResult(0), dim);
      if (!map.isFunctionOfDim(dim) && size.constant() != 1)
        atoms.push_back({size, std::nullopt});
    }
    origin.shape = next;
  }
  return origin;
}

/// Rewrites one contraction.
class Folder {
public:
  Folder(const Contraction &contraction, SizeFacts &facts)
      : contraction(contraction), op(contraction.op), loc(op.getLoc()),
        builder(op), facts(facts) {}

  /// Whether another contraction took the place of this one.
  bool run();

private:
  std::optional<Origin> find();
  Value scale(Value value, const APFloat &factor);
  Value leaveOutUnits(Value source);
  bool fits(const Origin &origin) const;
  bool rewrite(const Origin &origin);
  const Atoms &atomsOf(const Origin &origin, unsigned dim) const {
    return origin.shape[*positionOf(contraction.map(contraction.b), dim)];
  }

  const Contraction &contraction;
  linalg::GenericOp op;
  Location loc;
  OpBuilder builder;
  SizeFacts &facts;
};

/// The earliest tensor that B can be read from.
std::optional<Origin> Folder::find() {
  SmallVector<Operation *> ops;
  SmallVector<Value> sources;
  for (Value value = contraction.b->get(); Value source = sourceOf(value);
       value = source) {
    ops.insert(ops.begin(), value.getDefiningOp());
    sources.push_back(source);
  }
  while (!sources.empty()) {
    std::optional<Origin> origin = follow(sources.back(), ops, facts);
    if (origin && fits(*origin))
      return origin;
    sources.pop_back();
    ops.erase(ops.begin());
  }
  return std::nullopt;
}

/// Whether the source has rows along n or k, which both are dimensions of it,
/// and loops of the batch can be split: the types say as much about their sizes
/// as about those of the parts, of which the run tells at most one.
bool Folder::fits(const Origin &origin) const {
  auto rank = cast<RankedTensorType>(origin.source.getType()).getRank();
  bool endsWell = false;
  for (unsigned dim : {contraction.n, contraction.k}) {
    const Atoms &atoms = atomsOf(origin, dim);
    if (atoms.size() != 1 || atoms[0].repeats())
      return false;
    endsWell |= *atoms[0].source + 1 == rank;
  }
  auto canSplit = [&](OpOperand *operand, unsigned dim, int64_t unknown) {
    auto type = cast<RankedTensorType>(operand->get().getType());
    return type.isDynamicDim(*positionOf(contraction.map(operand), dim)) ==
           (unknown == 1);
  };
  return endsWell && llvm::all_of(contraction.batch, [&](unsigned dim) {
           const Atoms &atoms = atomsOf(origin, dim);
           int64_t unknown = llvm::count_if(
               atoms, [](const Atom &atom) { return !atom.size.constant(); });
           return atoms.size() < 2 ||
                  (unknown <= 1 && canSplit(contraction.a, dim, unknown) &&
                   canSplit(contraction.c, dim, unknown));
         });
}

bool Folder::run() {
  if (contraction.panels || contraction.codes)
    return false;
  std::optional<Origin> origin = find();
  if (!origin && contraction.m.size() > 1 && !contraction.batch.empty()) {
    // As it is, for its rows.
    origin = follow(contraction.b->get(), {}, facts);
    bool hasUnits = llvm::any_of(
        origin->shape, [](const Atoms &atoms) { return atoms.empty(); });
    if (hasUnits || !fits(*origin))
      return false;
  }
  return origin && rewrite(*origin);
}

/// A tensor of the new contraction: loops of its dimensions.
struct Operand {
  Value value;
  SmallVector<unsigned> loops;
};

/// Splits and joins dimensions of operands.
class Regrouping {
public:
  Regrouping(OpBuilder &builder, Location loc) : builder(builder), loc(loc) {}

  /// Makes several dimensions of each one: those of `parts`, of which the size
  /// of at most one is unknown.
  Operand split(Value value, ArrayRef<SmallVector<unsigned>> parts,
                llvm::function_ref<int64_t(unsigned)> sizeOf);
  /// Makes one dimension of neighbours that are in one of `groups`; it is that
  /// of the first.
  Operand join(const Operand &operand, ArrayRef<SmallVector<unsigned>> groups);

private:
  OpBuilder &builder;
  Location loc;
};

Operand Regrouping::split(Value value, ArrayRef<SmallVector<unsigned>> parts,
                          llvm::function_ref<int64_t(unsigned)> sizeOf) {
  Operand result{value, {}};
  SmallVector<ReassociationIndices> groups;
  SmallVector<OpFoldResult> sizes;
  SmallVector<int64_t> shape;
  for (auto [dim, loops] : llvm::enumerate(parts)) {
    OpFoldResult rest = tensor::getMixedSize(builder, loc, value, dim);
    int64_t known = 1;
    for (unsigned loop : loops)
      if (!ShapedType::isDynamic(sizeOf(loop)))
        known *= sizeOf(loop);
    ReassociationIndices group;
    for (unsigned loop : loops) {
      group.push_back(shape.size());
      result.loops.push_back(loop);
      bool isWhole = loops.size() == 1;
      shape.push_back(
          isWhole ? cast<RankedTensorType>(value.getType()).getDimSize(dim)
                  : sizeOf(loop));
      if (isWhole)
        sizes.push_back(rest);
      else if (!ShapedType::isDynamic(shape.back()))
        sizes.push_back(builder.getIndexAttr(shape.back()));
      else
        sizes.push_back(arith::DivUIOp::create(
                            builder, loc,
                            getValueOrCreateConstantIndexOp(builder, loc, rest),
                            arith::ConstantIndexOp::create(builder, loc, known))
                            .getResult());
    }
    groups.push_back(group);
  }
  if (shape.size() == parts.size())
    return result;
  auto type = cast<RankedTensorType>(value.getType()).clone(shape);
  result.value =
      tensor::ExpandShapeOp::create(builder, loc, type, value, groups, sizes);
  return result;
}

Operand Regrouping::join(const Operand &operand,
                         ArrayRef<SmallVector<unsigned>> groups) {
  SmallVector<ReassociationIndices> reassociation;
  Operand result;
  for (auto [dim, loop] : llvm::enumerate(operand.loops)) {
    bool continues = llvm::any_of(groups, [&](ArrayRef<unsigned> group) {
      return llvm::is_contained(group.drop_front(), loop);
    });
    if (!continues) {
      reassociation.emplace_back();
      result.loops.push_back(loop);
    }
    reassociation.back().push_back(dim);
  }
  result.value = operand.value;
  if (result.loops.size() != operand.loops.size())
    result.value = tensor::CollapseShapeOp::create(builder, loc, operand.value,
                                                   reassociation);
  return result;
}

/// Loops of the batch along which B repeats become rows; rows that lie side by
/// side in A and in C become one dimension.
bool Folder::rewrite(const Origin &origin) {
  // New loops: those that are not of the batch keep their numbers.
  unsigned loopCount = op.getNumLoops();
  SmallVector<SmallVector<unsigned>> partsOf(loopCount);
  llvm::DenseMap<unsigned, int64_t> constants;
  llvm::DenseMap<unsigned, unsigned> loopOfSource;
  llvm::SmallSet<unsigned, 8> rows(llvm::from_range, contraction.m);
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  for (unsigned dim = 0, e = loopCount; dim < e; ++dim) {
    partsOf[dim] = {dim};
    constants[dim] = ranges[dim];
  }
  for (unsigned dim : {contraction.n, contraction.k})
    loopOfSource[*atomsOf(origin, dim)[0].source] = dim;
  for (unsigned dim : contraction.batch) {
    const Atoms &atoms = atomsOf(origin, dim);
    if (atoms.empty())
      rows.insert(dim);
    else
      partsOf[dim].clear();
    for (const Atom &atom : atoms) {
      unsigned loop = atoms.size() == 1 ? dim : loopCount++;
      partsOf[dim].push_back(loop);
      constants[loop] = atom.size.constant().value_or(ShapedType::kDynamic);
      if (atom.repeats())
        rows.insert(loop);
      else
        loopOfSource[*atom.source] = loop;
    }
  }

  Regrouping regrouping(builder, loc);
  auto split = [&](OpOperand *operand) {
    SmallVector<SmallVector<unsigned>> parts;
    for (AffineExpr expr : contraction.map(operand).getResults())
      parts.push_back(partsOf[cast<AffineDimExpr>(expr).getPosition()]);
    return regrouping.split(operand->get(), parts,
                            [&](unsigned loop) { return constants[loop]; });
  };
  Operand a = split(contraction.a), c = split(contraction.c);
  SmallVector<SmallVector<unsigned>> groups;
  for (size_t i = 0; i + 1 < c.loops.size(); ++i) {
    unsigned loop = c.loops[i], next = c.loops[i + 1];
    auto *inA = llvm::find(a.loops, loop);
    if (!rows.contains(loop) || !rows.contains(next) ||
        inA + 1 >= a.loops.end() || inA[1] != next)
      continue;
    if (groups.empty() || groups.back().back() != loop)
      groups.push_back({loop});
    groups.back().push_back(next);
  }
  if (origin.source == contraction.b->get() && groups.empty())
    return false;
  Operand wide = c;
  a = regrouping.join(a, groups);
  c = regrouping.join(c, groups);
  for (const APFloat &factor : origin.factors)
    a.value = scale(a.value, factor);

  // Loops in the order of C, then k.
  SmallVector<unsigned> order(c.loops);
  order.push_back(contraction.k);
  MLIRContext *context = builder.getContext();
  auto mapOf = [&](ArrayRef<unsigned> loops) {
    SmallVector<AffineExpr> exprs;
    for (unsigned loop : loops)
      exprs.push_back(
          getAffineDimExpr(llvm::find(order, loop) - order.begin(), context));
    return AffineMap::get(order.size(), 0, exprs, context);
  };
  Operand b{leaveOutUnits(origin.source), {}};
  auto sourceType = cast<RankedTensorType>(origin.source.getType());
  for (int64_t dim = 0; dim < sourceType.getRank(); ++dim)
    if (sourceType.getDimSize(dim) != 1)
      b.loops.push_back(loopOfSource.lookup(dim));
  SmallVector<utils::IteratorType> kinds(order.size(),
                                         utils::IteratorType::parallel);
  kinds.back() = utils::IteratorType::reduction;
  bool aIsFirst = contraction.a < contraction.b;
  SmallVector<Value> inputs = {a.value, b.value};
  SmallVector<AffineMap> maps = {mapOf(a.loops), mapOf(b.loops)};
  if (!aIsFirst) {
    std::swap(inputs[0], inputs[1]);
    std::swap(maps[0], maps[1]);
  }
  maps.push_back(mapOf(c.loops));
  auto folded = linalg::GenericOp::create(builder, loc, c.value.getType(),
                                          inputs, c.value, maps, kinds);
  IRMapping mapping;
  op.getRegion().cloneInto(&folded.getRegion(), mapping);

  // Back to the dimensions that the users know.
  Value result = folded.getResult(0);
  auto restore = [&](RankedTensorType type,
                     ArrayRef<ReassociationIndices> groups, Value shape) {
    if (type != result.getType())
      result = tensor::ExpandShapeOp::create(
          builder, loc, type, result, groups,
          tensor::getMixedSizes(builder, loc, shape));
  };
  if (wide.value.getType() != c.value.getType())
    restore(cast<RankedTensorType>(wide.value.getType()),
            c.value.getDefiningOp<tensor::CollapseShapeOp>()
                .getReassociationIndices(),
            wide.value);
  if (auto expanded = wide.value.getDefiningOp<tensor::ExpandShapeOp>();
      expanded && wide.value != contraction.c->get())
    result = tensor::CollapseShapeOp::create(
        builder, loc, op.getResult(0).getType(), result,
        expanded.getReassociationIndices());
  op.getResult(0).replaceAllUsesWith(result);
  return true;
}

/// The source without dimensions of one element.
Value Folder::leaveOutUnits(Value source) {
  auto type = cast<RankedTensorType>(source.getType());
  SmallVector<int64_t> shape;
  for (int64_t size : type.getShape())
    if (size != 1)
      shape.push_back(size);
  if (shape.size() == type.getShape().size())
    return source;
  SmallVector<OpFoldResult> offsets(type.getRank(), builder.getIndexAttr(0)),
      strides(type.getRank(), builder.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(
      builder, loc, type.clone(shape), source, offsets,
      tensor::getMixedSizes(builder, loc, source), strides);
}

/// `value` times `factor`.
Value Folder::scale(Value value, const APFloat &factor) {
  auto type = cast<RankedTensorType>(value.getType());
  Value empty = tensor::EmptyOp::create(
      builder, loc, tensor::getMixedSizes(builder, loc, value),
      type.getElementType());
  AffineMap map = builder.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> kinds(type.getRank(),
                                         utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             builder, loc, type, value, empty, ArrayRef{map, map}, kinds,
             [&](OpBuilder &nested, Location loc, ValueRange values) {
               Value constant = arith::ConstantOp::create(
                   nested, loc,
                   nested.getFloatAttr(type.getElementType(), factor));
               Value product =
                   arith::MulFOp::create(nested, loc, values[0], constant);
               linalg::YieldOp::create(nested, loc, product);
             })
      .getResult(0);
}

struct FoldRepeatedOperands
    : moe::impl::FoldRepeatedOperandsPassBase<FoldRepeatedOperands> {
  using FoldRepeatedOperandsPassBase::FoldRepeatedOperandsPassBase;

  void runOnOperation() override {
    auto module = getOperation()->getParentOfType<ModuleOp>();
    auto interface =
        module ? module->getAttrOfType<DictionaryAttr>("moe.interface")
               : DictionaryAttr();
    getOperation().walk([&](Block *block) {
      SizeFacts facts;
      // Facts are about values: none may go while there are facts.
      SmallVector<Operation *> replaced;
      if (interface)
        facts.learn(getOperation(), interface);
      for (Operation &op : llvm::make_early_inc_range(*block)) {
        if (auto require = dyn_cast<support::RequireOp>(op))
          facts.learn(require);
        auto generic = dyn_cast<linalg::GenericOp>(op);
        if (!generic || !generic.hasPureTensorSemantics())
          continue;
        std::optional<Contraction> contraction = Contraction::match(generic);
        if (contraction && Folder(*contraction, facts).run())
          replaced.push_back(generic);
      }
      for (Operation *op : replaced)
        op->erase();
    });
  }
};

} // namespace
