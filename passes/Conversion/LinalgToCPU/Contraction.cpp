// Recognises contractions and lays out their weights.
#include "Contraction.h"
#include "moe/Analysis/RowTiles.h"
#include "moe/Dialect/Support/MoESupport.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::support;

RegisterTile RegisterTile::get(unsigned vectorBits, unsigned vectorRegisters) {
  int64_t lanes = vectorBits / 32;
  int64_t rows = registerTileRows(vectorBits, vectorRegisters);
  return {rows, (vectorRegisters >= 32 ? 4 : 2) * lanes, lanes};
}

bool VectorUnit::hasHalves(Type a, Type b, int64_t depth,
                           int64_t digitDepth) const {
  if (hasF32Halves(a, b))
    return true;
  if (fetchDistance == 0 || !hasTiles(a))
    return false;
  if (b.isInteger(8))
    return digitDepth != 0;
  return b.isBF16() && !ShapedType::isDynamic(depth) && depth % tileDepth == 0;
}

std::optional<unsigned> moe::positionOf(AffineMap map, unsigned dim) {
  for (auto [position, expr] : llvm::enumerate(map.getResults()))
    if (expr == getAffineDimExpr(dim, map.getContext()))
      return position;
  return std::nullopt;
}

std::string PanelLayout::describe(Type stored) const {
  std::string text = ("panels of " + Twine(width) + " columns, ").str();
  llvm::raw_string_ostream os(text);
  if (kind == Kind::Nibbles)
    os << "codes of " << bits << " bits";
  else
    os << (hasPairs() ? "pairs of " : "") << stored
       << (hasHalves() ? " in halves" : "");
  return text;
}

SmallVector<AffineExpr> PanelLayout::getResults(AffineExpr n,
                                                AffineExpr k) const {
  AffineExpr panel = n.floorDiv(width), column = n % width;
  switch (kind) {
  case Kind::Plain:
    return {panel, k, column};
  case Kind::Pairs:
    return {panel, k.floorDiv(2), column, k % 2};
  case Kind::Nibbles:
    return {panel, k.floorDiv(depth()), n % lanes, k % 2,
            column.floorDiv(2 * lanes)};
  case Kind::Halves:
    return {panel, column.floorDiv(width / 2), k, n % (width / 2)};
  case Kind::PairHalves:
    return {panel, column.floorDiv(width / 2), k.floorDiv(2), n % (width / 2),
            k % 2};
  }
  llvm_unreachable("a layout without a map");
}

ElementsAttr PanelLayout::pack(ElementsAttr value, bool nIsLast) const {
  SmallVector<int64_t> shape(value.getShapedType().getShape());
  size_t lead = shape.size() - 2;
  size_t n = nIsLast ? lead + 1 : lead, k = nIsLast ? lead : lead + 1;
  shape[n] = llvm::alignTo(shape[n], width);
  shape[k] = llvm::alignTo(shape[k], depth());
  value = padWeight(value, shape);

  // Dimensions become several, the innermost last.
  SmallVector<int64_t> nSizes = {shape[n] / width}, kSizes = {shape[k]};
  if (kind == Kind::Nibbles)
    nSizes.append({width / lanes, lanes});
  else if (hasHalves())
    nSizes.append({2, width / 2});
  else
    nSizes.push_back(width);
  bool hasTwoBits = depth() == 4; // of nibbles
  if (hasTwoBits)
    kSizes = {shape[k] / 4, 2, 2};
  else if (depth() == 2)
    kSizes = {shape[k] / 2, 2};
  SmallVector<int64_t> parts(shape.begin(), shape.begin() + lead);
  parts.append(nIsLast ? kSizes : nSizes);
  parts.append(nIsLast ? nSizes : kSizes);
  int64_t nFirst = nIsLast ? lead + kSizes.size() : lead;
  int64_t kFirst = nIsLast ? lead : lead + nSizes.size();

  SmallVector<int64_t> permutation =
      llvm::to_vector(llvm::seq<int64_t>(0, lead));
  switch (kind) {
  case Kind::Plain:
    permutation.append({nFirst, kFirst, nFirst + 1});
    break;
  case Kind::Pairs:
    permutation.append({nFirst, kFirst, nFirst + 1, kFirst + 1});
    break;
  case Kind::Nibbles:
    permutation.append({nFirst, kFirst, nFirst + 2});
    if (hasTwoBits)
      permutation.append({kFirst + 2, nFirst + 1, kFirst + 1});
    else
      permutation.append({kFirst + 1, nFirst + 1});
    break;
  case Kind::Halves:
    permutation.append({nFirst, nFirst + 1, kFirst, nFirst + 2});
    break;
  case Kind::PairHalves:
    permutation.append({nFirst, nFirst + 1, kFirst, nFirst + 2, kFirst + 1});
    break;
  }
  value = transposeWeight(reshapeWeight(value, parts), permutation);
  if (kind != Kind::Nibbles)
    return value;
  if (hasTwoBits) {
    SmallVector<int64_t> joined(value.getShapedType().getShape());
    joined.pop_back();
    joined.back() *= 2;
    value = reshapeWeight(value, joined);
  }
  return nibbleBytes(value);
}

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

/// The place in its byte of the code of column n: (n >> log2(lanes / 4)) & 4.
/// That of two bits lies (k / group) & 2 further.
Value moe::buildNibble(OpBuilder &builder, Location loc, Value byte,
                       const PanelLayout &layout, unsigned n, unsigned k,
                       int64_t group) {
  auto index = [&](int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  Value shift = linalg::IndexOp::create(builder, loc, n);
  shift = arith::ShRUIOp::create(builder, loc, shift,
                                 index(llvm::Log2_64(layout.lanes / 4)));
  shift = arith::AndIOp::create(builder, loc, shift, index(4));
  if (layout.bits == 2) {
    Value half = linalg::IndexOp::create(builder, loc, k);
    if (group != 1)
      half = arith::DivUIOp::create(builder, loc, half, index(group));
    half = arith::AndIOp::create(builder, loc, half, index(2));
    shift = arith::OrIOp::create(builder, loc, shift, half);
  }
  shift = arith::IndexCastOp::create(builder, loc, byte.getType(), shift);
  Value low = arith::ShRUIOp::create(builder, loc, byte, shift);
  return arith::TruncIOp::create(builder, loc,
                                 builder.getIntegerType(layout.bits), low);
}

/// x where the value is x & mask.
static Value matchMask(Value value, int64_t mask) {
  auto bit = value ? value.getDefiningOp<arith::AndIOp>() : arith::AndIOp();
  APInt found;
  bool matches =
      bit && matchPattern(bit.getRhs(), m_ConstantInt(&found)) && found == mask;
  return matches ? bit.getLhs() : Value();
}

/// The group for which the value is (k / group) & 2, as buildNibble has it; 0
/// where it is not.
static int64_t matchHalf(Value value, unsigned k) {
  Value half = matchMask(value, 2);
  int64_t group = 1;
  if (auto quotient = half ? half.getDefiningOp<arith::DivUIOp>() : nullptr) {
    APInt divisor;
    if (!matchPattern(quotient.getRhs(), m_ConstantInt(&divisor)))
      return 0;
    group = divisor.getSExtValue();
    half = quotient.getLhs();
  }
  auto index = half ? half.getDefiningOp<linalg::IndexOp>() : nullptr;
  return index && index.getDim() == k ? group : 0;
}

/// The lanes for which the value is the place that buildNibble gives a code of
/// four bits; 0 where it is not.
static int64_t matchNibbleLanes(Value place, unsigned n) {
  APInt distance(64, 0);
  Value column = matchMask(place, 4);
  if (!column)
    return 0;
  // A shift by nothing folds away.
  if (auto moved = column.getDefiningOp<arith::ShRUIOp>()) {
    if (!matchPattern(moved.getRhs(), m_ConstantInt(&distance)))
      return 0;
    column = moved.getLhs();
  }
  auto index = column.getDefiningOp<linalg::IndexOp>();
  if (!index || index.getDim() != n || distance.ugt(8))
    return 0;
  return int64_t(4) << distance.getZExtValue();
}

namespace {

/// The body of a contraction, taken apart.
struct MultiplyBody {
  Value x, y; ///< the two factors: block arguments
  /// Where `y` holds codes.
  std::optional<CodeFormat> codes;
  int64_t lanes = 0; ///< of nibbles
  Value scale, zero;
  /// Codes along k that share a zero point of two bits; 0 where nothing says
  /// so.
  int64_t zeroGroup = 0;

  static std::optional<MultiplyBody> match(linalg::GenericOp op, unsigned n);
};

/// The value that is widened to f32, or `value` itself.
Value lookThroughWidening(Value value) {
  auto widened = value.getDefiningOp<arith::ExtFOp>();
  return widened ? widened.getIn() : value;
}

/// A code as a number.
struct Code {
  Value byte;
  bool isSigned = false;
  int64_t lanes = 0; ///< 0 for a whole byte
  unsigned bits = 8;
  int64_t group = 0; ///< of k; of codes of two bits alone
};

std::optional<Code> matchCode(Value value, unsigned n, unsigned k) {
  Operation *conversion = value.getDefiningOp();
  if (!isa_and_nonnull<arith::SIToFPOp, arith::UIToFPOp>(conversion))
    return std::nullopt;
  Code code{conversion->getOperand(0), isa<arith::SIToFPOp>(conversion)};
  auto narrow = code.byte.getDefiningOp<arith::TruncIOp>();
  if (!narrow)
    return code.byte.getType().isInteger(8) ? std::optional(code)
                                            : std::nullopt;
  auto low = narrow.getIn().getDefiningOp<arith::ShRUIOp>();
  auto shift = low ? low.getRhs().getDefiningOp<arith::IndexCastOp>() : nullptr;
  code.bits = narrow.getType().getIntOrFloatBitWidth();
  if (!shift || (code.bits != 4 && code.bits != 2))
    return std::nullopt;
  Value place = shift.getIn();
  if (code.bits == 2) {
    auto both = place.getDefiningOp<arith::OrIOp>();
    if (!both)
      return std::nullopt;
    place = both.getLhs();
    code.group = matchHalf(both.getRhs(), k);
    if (code.group == 0)
      return std::nullopt;
  }
  code.byte = low.getLhs();
  code.lanes = matchNibbleLanes(place, n);
  return code.lanes != 0 ? std::optional(code) : std::nullopt;
}

/// (code - zero point) * scale, into `body`; false for anything else.
bool matchDequantization(Value value, unsigned n, unsigned k,
                         MultiplyBody &body) {
  auto product = value.getDefiningOp<arith::MulFOp>();
  if (!product)
    return false;
  for (auto [number, scale] : {std::pair(product.getLhs(), product.getRhs()),
                               std::pair(product.getRhs(), product.getLhs())}) {
    Value zero;
    APFloat constant(0.0f);
    if (auto difference = number.getDefiningOp<arith::SubFOp>()) {
      number = difference.getLhs();
      zero = difference.getRhs();
      if (matchPattern(zero, m_ConstantFloat(&constant)))
        zero = Value();
    }
    std::optional<Code> code = matchCode(number, n, k);
    std::optional<Code> zeroCode;
    if (zero)
      zeroCode = matchCode(zero, n, k);
    if (!code || code->group > 1 ||
        (zero && (!zeroCode || zeroCode->lanes != code->lanes ||
                  zeroCode->bits != code->bits ||
                  zeroCode->isSigned != code->isSigned)))
      continue;
    body.y = code->byte;
    body.scale = lookThroughWidening(scale);
    body.zero = zeroCode ? zeroCode->byte : Value();
    body.lanes = code->lanes;
    body.zeroGroup = zeroCode ? zeroCode->group : 0;
    body.codes = CodeFormat{code->bits, code->isSigned,
                            /*group=*/0,
                            static_cast<int64_t>(constant.convertToDouble())};
    return true;
  }
  return false;
}

/// c + x * y in f32, with x and y widened where they are narrower.
std::optional<MultiplyBody> MultiplyBody::match(linalg::GenericOp op,
                                                unsigned n) {
  Block *block = op.getBody();
  SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  unsigned k =
      llvm::find(kinds, utils::IteratorType::reduction) - kinds.begin();
  auto sum =
      block->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!sum)
    return std::nullopt;
  Value accumulator = block->getArguments().back();
  Value other = sum.getLhs() == accumulator ? sum.getRhs() : sum.getLhs();
  if (sum.getLhs() != accumulator && sum.getRhs() != accumulator)
    return std::nullopt;
  auto product = other.getDefiningOp<arith::MulFOp>();
  if (!product)
    return std::nullopt;
  MultiplyBody body;
  Value lhs = product.getLhs(), rhs = product.getRhs();
  if (matchDequantization(rhs, n, k, body)) {
    body.x = lookThroughWidening(lhs);
  } else if (matchDequantization(lhs, n, k, body)) {
    body.x = lookThroughWidening(rhs);
  } else {
    body.x = lookThroughWidening(lhs);
    body.y = lookThroughWidening(rhs);
  }
  auto isArgument = [&](Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    return argument && argument.getOwner() == block && argument != accumulator;
  };
  if (!isArgument(body.x) || !isArgument(body.y) || body.x == body.y ||
      (body.codes && !isArgument(body.scale)) ||
      (body.zero && !isArgument(body.zero)))
    return std::nullopt;
  return body;
}

bool isNarrowFloat(Type type) {
  return type.isF32() || type.isBF16() || type.isF16();
}

} // namespace

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

/// The layout that the last results of `map` describe, for loops `n` and `k`.
static PanelLayout matchPanels(AffineMap map, unsigned n, unsigned k,
                               int64_t nibbleLanes, unsigned bits) {
  using Kind = PanelLayout::Kind;
  AffineExpr nExpr = getAffineDimExpr(n, map.getContext());
  AffineExpr kExpr = getAffineDimExpr(k, map.getContext());
  for (auto [position, expr] : llvm::enumerate(map.getResults())) {
    auto panel = dyn_cast<AffineBinaryOpExpr>(expr);
    if (!panel) {
      if (!isa<AffineDimExpr>(expr))
        return {};
      continue;
    }
    auto width = dyn_cast<AffineConstantExpr>(panel.getRHS());
    if (!width)
      return {};
    ArrayRef<AffineExpr> last = map.getResults().drop_front(position);
    for (Kind kind : {Kind::Plain, Kind::Pairs, Kind::Nibbles, Kind::Halves,
                      Kind::PairHalves}) {
      if ((kind == Kind::Nibbles) != (nibbleLanes != 0))
        continue;
      PanelLayout layout{kind, width.getValue(), nibbleLanes,
                         nibbleLanes != 0 ? bits : PanelLayout().bits};
      if (last == ArrayRef(layout.getResults(nExpr, kExpr)))
        return layout;
    }
    return {};
  }
  return {};
}

static bool endsIn(AffineMap map, ArrayRef<AffineExpr> results) {
  return map.getNumResults() >= results.size() &&
         map.getResults().take_back(results.size()) == results;
}

/// The number of the group of codes that shares a scale, in terms of `k`: the
/// results of `map` are those of plain panels with k floordiv group in place of
/// k, or 0 for one group.
static std::optional<AffineExpr> matchGroup(AffineMap map, unsigned n,
                                            unsigned k, int64_t width) {
  if (map.getNumResults() < 3)
    return std::nullopt;
  AffineExpr group = map.getResult(map.getNumResults() - 2);
  if (auto quotient = dyn_cast<AffineBinaryOpExpr>(group)) {
    if (quotient.getKind() != AffineExprKind::FloorDiv ||
        !isa<AffineConstantExpr>(quotient.getRHS()) ||
        quotient.getLHS() != getAffineDimExpr(k, map.getContext()))
      return std::nullopt;
  } else if (group != getAffineConstantExpr(0, map.getContext())) {
    return std::nullopt;
  }
  PanelLayout panels{PanelLayout::Kind::Plain, width};
  AffineExpr nExpr = getAffineDimExpr(n, map.getContext());
  if (!endsIn(map, panels.getResults(nExpr, group)))
    return std::nullopt;
  return group;
}

std::optional<Contraction> Contraction::match(linalg::GenericOp op) {
  if (op.getNumDpsInputs() < 2 || op.getNumDpsInits() != 1)
    return std::nullopt;
  Contraction result;
  result.op = op;
  result.c = op.getDpsInitOperand(0);
  AffineMap c = op.getMatchingIndexingMap(result.c);
  if (!c.isProjectedPermutation() || c.getNumResults() == 0 ||
      !result.elementOf(result.c).isF32())
    return std::nullopt;
  unsigned n = cast<AffineDimExpr>(c.getResults().back()).getPosition();
  std::optional<MultiplyBody> body = MultiplyBody::match(op, n);
  if (!body)
    return std::nullopt;
  SmallVector<OpOperand *> unread;
  for (OpOperand *input : op.getDpsInputOperands())
    if (op.getMatchingBlockArgument(input).use_empty())
      unread.push_back(input);
  auto operandOf = [&](Value argument) -> OpOperand * {
    if (!argument)
      return nullptr;
    return &op->getOpOperand(cast<BlockArgument>(argument).getArgNumber());
  };
  OpOperand *left = operandOf(body->x), *right = operandOf(body->y);
  auto uses = [&](OpOperand *operand, unsigned dim) {
    return op.getMatchingIndexingMap(operand).isFunctionOfDim(dim);
  };
  if (uses(left, n) == uses(right, n) || (body->codes && uses(left, n)))
    return std::nullopt;
  result.a = uses(left, n) ? right : left;
  result.b = uses(left, n) ? left : right;
  result.n = n;
  if (!isNarrowFloat(result.elementOf(result.a)) ||
      (!body->codes && !isNarrowFloat(result.elementOf(result.b))))
    return std::nullopt;

  std::optional<unsigned> k;
  for (auto [dim, kind] : llvm::enumerate(op.getIteratorTypesArray())) {
    bool inA = uses(result.a, dim), inB = uses(result.b, dim),
         inC = c.isFunctionOfDim(dim);
    if (kind == utils::IteratorType::reduction) {
      if (k || !inA || !inB || inC)
        return std::nullopt;
      k = dim;
    } else if (dim != n) {
      if (!inA || !inC)
        return std::nullopt;
      (inB ? result.batch : result.m).push_back(dim);
    }
  }
  if (!k || result.m.empty())
    return std::nullopt;
  result.k = *k;
  if (!result.map(result.a).isProjectedPermutation())
    return std::nullopt;
  AffineMap b = result.map(result.b);
  if (b.isProjectedPermutation())
    return body->codes || !unread.empty() ? std::nullopt
                                          : std::optional(result);
  result.panels = matchPanels(b, result.n, result.k, body->lanes,
                              body->codes ? body->codes->bits : 0);
  if (!result.panels)
    return std::nullopt;
  result.hasParts = !unread.empty();
  if (result.hasParts && (result.panels.kind != PanelLayout::Kind::Halves ||
                          static_cast<int64_t>(unread.size()) != partsOfNumber))
    return std::nullopt;
  for (auto [number, part] : llvm::enumerate(unread))
    if (part != result.part(static_cast<int64_t>(number)) ||
        !result.elementOf(part).isBF16() ||
        result.map(part) != result.map(result.a))
      return std::nullopt;
  if (!body->codes)
    return result;

  int64_t depth = op.getStaticLoopRanges()[result.k];
  result.codes = body->codes;
  result.scale = operandOf(body->scale);
  result.zero = operandOf(body->zero);
  std::optional<AffineExpr> group = matchGroup(
      result.map(result.scale), result.n, result.k, result.panels.width);
  if (!group || ShapedType::isDynamic(depth) ||
      !isNarrowFloat(result.elementOf(result.scale)))
    return std::nullopt;
  AffineExpr nExpr = getAffineDimExpr(n, op.getContext());
  if (result.zero &&
      !endsIn(result.map(result.zero),
              result.panels.ofZeroPoints().getResults(nExpr, *group)))
    return std::nullopt;
  auto quotient = dyn_cast<AffineBinaryOpExpr>(*group);
  result.codes->group =
      quotient ? cast<AffineConstantExpr>(quotient.getRHS()).getValue() : depth;
  if (body->zeroGroup != 0 && body->zeroGroup != result.codes->group)
    return std::nullopt;
  return result;
}

bool Contraction::fitsTiles() const {
  linalg::GenericOp generic = op;
  int64_t depth = generic.getStaticLoopRanges()[k];
  if (!ShapedType::isDynamic(depth) && depth < tileDepth)
    return false;
  return !codes || (codes->group % tileDepth == 0 && depth % tileDepth == 0);
}

/// Products with no more columns save less than making parts takes. Routers
/// are among them, whose logits have the same bits in every form of a layer.
static constexpr int64_t mostColumnsWithoutParts = 256;

bool Contraction::takesParts(const VectorUnit &unit) const {
  linalg::GenericOp generic = op;
  SmallVector<int64_t> sizes = generic.getStaticLoopRanges();
  return panels.kind == PanelLayout::Kind::Halves && !hasParts &&
         unit.hasParts(elementOf(a), elementOf(b)) &&
         sizes[k] % tileDepth == 0 && sizes[n] > mostColumnsWithoutParts;
}

int64_t CodeFormat::digitDepth(int64_t depth) const {
  if (bits < 4 || ShapedType::isDynamic(depth))
    return 0;
  // More at a time share an exponent, and fewer of them are exact.
  for (int64_t part : {64, 32})
    if (group % part == 0 && depth % part == 0)
      return part;
  return 0;
}

int64_t Contraction::digitDepth() const {
  linalg::GenericOp generic = op;
  if (!codes || zero)
    return 0;
  return codes->digitDepth(generic.getStaticLoopRanges()[k]);
}
