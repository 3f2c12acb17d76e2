// Weight expressions: verification, simplifying builders, and the op that
// yields one.
#include "moe/Dialect/Support/MoESupport.h"
#include "moe/Support/BytecodeVersion.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moe::support;

#include "moe/Dialect/Support/MoESupportDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "moe/Dialect/Support/MoESupportAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "moe/Dialect/Support/MoESupportOps.cpp.inc"

/// The version of the dialect's bytecode.
static constexpr uint64_t bytecodeVersion = 2;

void MoESupportDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "moe/Dialect/Support/MoESupportAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "moe/Dialect/Support/MoESupportOps.cpp.inc"
      >();
  addInterface<moe::VersionedBytecodeInterface>(bytecodeVersion);
}

//===----------------------------------------------------------------------===//
// Elements interface: the bytes are not in memory, so no value can be read.
//===----------------------------------------------------------------------===//

#define MOE_SUPPORT_OPAQUE_ELEMENTS(AttrName)                                  \
  FailureOr<::mlir::detail::ElementsAttrIndexer> AttrName::getValuesImpl(      \
      TypeID) const {                                                          \
    return failure();                                                          \
  }                                                                            \
  bool AttrName::isSplat() const { return false; }
MOE_SUPPORT_OPAQUE_ELEMENTS(ExternalAttr)
MOE_SUPPORT_OPAQUE_ELEMENTS(TransposeAttr)
MOE_SUPPORT_OPAQUE_ELEMENTS(ReshapeAttr)
MOE_SUPPORT_OPAQUE_ELEMENTS(ConcatAttr)
MOE_SUPPORT_OPAQUE_ELEMENTS(SliceAttr)
MOE_SUPPORT_OPAQUE_ELEMENTS(PadAttr)
MOE_SUPPORT_OPAQUE_ELEMENTS(ScaleAttr)
MOE_SUPPORT_OPAQUE_ELEMENTS(ConvertAttr)
MOE_SUPPORT_OPAQUE_ELEMENTS(NibblesAttr)
MOE_SUPPORT_OPAQUE_ELEMENTS(UnpackAttr)
#undef MOE_SUPPORT_OPAQUE_ELEMENTS

//===----------------------------------------------------------------------===//
// Verifiers
//===----------------------------------------------------------------------===//

using EmitError = function_ref<InFlightDiagnostic()>;

static LogicalResult verifyStatic(EmitError emitError,
                                  ArrayRef<ShapedType> types) {
  for (ShapedType type : types)
    if (!isa<RankedTensorType>(type) || !type.hasStaticShape())
      return emitError()
             << "expects a ranked tensor type of static shape, but got "
             << type;
  return success();
}

/// A source is as static as a result, and of the same element type.
static LogicalResult verifySource(EmitError emitError, ShapedType source,
                                  ShapedType result) {
  if (failed(verifyStatic(emitError, source)))
    return failure();
  if (source.getElementType() != result.getElementType())
    return emitError() << "requires the element type of the source (" << source
                       << ") to equal that of the result (" << result << ")";
  return success();
}

LogicalResult ExternalAttr::verify(EmitError emitError, ShapedType type,
                                   StringRef file, uint64_t) {
  if (file.empty())
    return emitError() << "expects a file name, but got an empty string";
  if (failed(verifyStatic(emitError, type)))
    return failure();
  if (!type.getElementType().isIntOrFloat())
    return emitError() << "expects an integer or float element type, but got "
                       << type;
  return success();
}

LogicalResult TransposeAttr::verify(EmitError emitError, ShapedType type,
                                    ElementsAttr source,
                                    ArrayRef<int64_t> permutation) {
  ShapedType from = source.getShapedType();
  if (failed(verifyStatic(emitError, type)) ||
      failed(verifySource(emitError, from, type)))
    return failure();
  if (!isPermutationVector(permutation) ||
      static_cast<int64_t>(permutation.size()) != from.getRank())
    return emitError() << "expects a permutation of the " << from.getRank()
                       << " source dimensions, but got [" << permutation << "]";
  if (applyPermutation(from.getShape(), permutation) !=
      SmallVector<int64_t>(type.getShape()))
    return emitError() << "requires the result type (" << type
                       << ") to be the source type (" << from
                       << ") permuted by [" << permutation << "]";
  return success();
}

LogicalResult ReshapeAttr::verify(EmitError emitError, ShapedType type,
                                  ElementsAttr source) {
  ShapedType from = source.getShapedType();
  if (failed(verifyStatic(emitError, type)) ||
      failed(verifySource(emitError, from, type)))
    return failure();
  if (from.getNumElements() != type.getNumElements())
    return emitError() << "requires the result (" << type
                       << ") to have as many elements as the source (" << from
                       << ")";
  return success();
}

LogicalResult ConcatAttr::verify(EmitError emitError, ShapedType type,
                                 ArrayRef<ElementsAttr> sources,
                                 int64_t dimension) {
  if (failed(verifyStatic(emitError, type)))
    return failure();
  if (sources.empty())
    return emitError() << "expects at least one source, but got none";
  if (dimension < 0 || dimension >= type.getRank())
    return emitError() << "requires 'dimension' (" << dimension
                       << ") to be below the rank (" << type.getRank() << ")";
  int64_t total = 0;
  for (auto [index, source] : llvm::enumerate(sources)) {
    ShapedType from = source.getShapedType();
    if (failed(verifySource(emitError, from, type)))
      return failure();
    SmallVector<int64_t> expected(type.getShape());
    if (from.getRank() == type.getRank())
      expected[dimension] = from.getDimSize(dimension);
    if (from.getShape() != ArrayRef<int64_t>(expected))
      return emitError() << "requires source #" << index << " (" << from
                         << ") to have the result's shape (" << type
                         << ") outside dimension " << dimension;
    total += expected[dimension];
  }
  if (total != type.getDimSize(dimension))
    return emitError() << "requires the sources' sizes along dimension "
                       << dimension << " (" << total
                       << ") to sum to the result's ("
                       << type.getDimSize(dimension) << ")";
  return success();
}

LogicalResult SliceAttr::verify(EmitError emitError, ShapedType type,
                                ElementsAttr source, ArrayRef<int64_t> offsets,
                                ArrayRef<int64_t> strides) {
  ShapedType from = source.getShapedType();
  if (failed(verifyStatic(emitError, type)) ||
      failed(verifySource(emitError, from, type)))
    return failure();
  size_t rank = from.getRank();
  if (offsets.size() != rank || strides.size() != rank ||
      static_cast<size_t>(type.getRank()) != rank)
    return emitError() << "expects " << rank
                       << " offsets, strides and result dimensions, but got "
                       << offsets.size() << ", " << strides.size() << " and "
                       << type.getRank();
  for (size_t d = 0; d < rank; ++d) {
    int64_t size = type.getDimSize(d), limit = from.getDimSize(d);
    bool inside = offsets[d] >= 0 && strides[d] > 0 && offsets[d] <= limit;
    // Written without a product that could overflow: size - 1 further steps
    // must stay below the limit.
    if (!inside ||
        (size > 0 && (offsets[d] >= limit ||
                      (limit - 1 - offsets[d]) / strides[d] < size - 1)))
      return emitError() << "requires offset " << offsets[d] << ", size "
                         << size << " and stride " << strides[d]
                         << " of dimension #" << d
                         << " to stay within the source's size (" << limit
                         << ")";
  }
  return success();
}

LogicalResult PadAttr::verify(EmitError emitError, ShapedType type,
                              ElementsAttr source) {
  ShapedType from = source.getShapedType();
  if (failed(verifyStatic(emitError, type)) ||
      failed(verifySource(emitError, from, type)))
    return failure();
  if (from.getRank() != type.getRank() ||
      llvm::any_of(llvm::zip(from.getShape(), type.getShape()), [](auto sizes) {
        return std::get<0>(sizes) > std::get<1>(sizes);
      }))
    return emitError() << "requires the result (" << type
                       << ") to be at least as large as the source (" << from
                       << ") in every dimension";
  return success();
}

LogicalResult NibblesAttr::verify(EmitError emitError, ShapedType type,
                                  ElementsAttr source) {
  ShapedType from = source.getShapedType();
  if (failed(verifyStatic(emitError, {type, from})))
    return failure();
  Type element = from.getElementType();
  if ((!element.isInteger(4) && !element.isInteger(2)) ||
      !type.getElementType().isInteger(8))
    return emitError() << "expects integers of four or two bits in bytes, but "
                          "got "
                       << from << " in " << type;
  int64_t count = 8 / element.getIntOrFloatBitWidth();
  if (from.getRank() == 0 || from.getRank() != type.getRank() ||
      from.getShape().drop_back() != type.getShape().drop_back() ||
      from.getShape().back() != count * type.getShape().back())
    return emitError() << "requires the last dimension of the source (" << from
                       << ") to be " << count << " times that of the result ("
                       << type << ")";
  return success();
}

LogicalResult UnpackAttr::verify(EmitError emitError, ShapedType type,
                                 ElementsAttr source) {
  ShapedType from = source.getShapedType();
  if (failed(verifyStatic(emitError, {type, from})))
    return failure();
  // (unpack_c1)
  Type element = type.getElementType();
  if (!from.getElementType().isInteger(8) ||
      !(element.isInteger(2) || element.isInteger(4) || element.isInteger(8)))
    return emitError() << "expects integers of two, four or eight bits from "
                          "bytes, but got "
                       << type << " from " << from;
  // (unpack_c2)
  auto isCount = [&](int64_t count) {
    return from.getShape().back() * count == type.getShape().back();
  };
  if (from.getRank() == 0 || from.getRank() != type.getRank() ||
      from.getShape().drop_back() != type.getShape().drop_back() ||
      !((isCount(2) && !element.isInteger(2)) || isCount(4)))
    return emitError() << "requires the last dimension of the result (" << type
                       << ") to be two or four times that of the source ("
                       << from << ")";
  return success();
}

LogicalResult ScaleAttr::verify(EmitError emitError, ShapedType type,
                                ElementsAttr source, ElementsAttr factors) {
  ShapedType from = source.getShapedType();
  ShapedType by = factors.getShapedType();
  if (failed(verifyStatic(emitError, type)) ||
      failed(verifySource(emitError, from, type)) ||
      failed(verifyStatic(emitError, by)))
    return failure();
  // (scale_c1)
  if (from != type || !isa<FloatType>(type.getElementType()))
    return emitError() << "requires the source (" << from
                       << ") to hold floats in the shape of the result ("
                       << type << ")";
  // (scale_c2)
  if (by.getRank() > type.getRank() ||
      by.getShape() != type.getShape().take_front(by.getRank()) ||
      !isa<FloatType>(by.getElementType()))
    return emitError() << "requires the factors (" << by
                       << ") to be floats whose shape begins the result's ("
                       << type << ")";
  return success();
}

LogicalResult ConvertAttr::verify(EmitError emitError, ShapedType type,
                                  ElementsAttr source) {
  ShapedType from = source.getShapedType();
  if (failed(verifyStatic(emitError, {type, from})))
    return failure();
  // (convert_c1)
  if (from.getShape() != type.getShape() ||
      !isa<FloatType>(from.getElementType()) ||
      !isa<FloatType>(type.getElementType()))
    return emitError() << "requires the source (" << from
                       << ") to hold floats in the shape of the result ("
                       << type << "), which holds floats too";
  return success();
}

void WeightOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getResult(), "weight");
}

//===----------------------------------------------------------------------===//
// RequireOp
//===----------------------------------------------------------------------===//

std::optional<SmallVector<std::pair<StringRef, std::optional<unsigned>>>>
RequireOp::splitMessage() {
  SmallVector<std::pair<StringRef, std::optional<unsigned>>> pieces;
  StringRef rest = getMessage();
  while (true) {
    auto [text, behind] = rest.split('{');
    if (text.size() == rest.size()) {
      pieces.push_back({rest, std::nullopt});
      return pieces;
    }
    auto [digits, after] = behind.split('}');
    unsigned number;
    if (digits.size() == behind.size() || digits.getAsInteger(10, number) ||
        number >= getValues().size())
      return std::nullopt;
    pieces.push_back({text, number});
    rest = after;
  }
}

LogicalResult RequireOp::verify() {
  // (require_c1)
  if (!splitMessage())
    return emitOpError("expects braces in 'message' to hold the number of one "
                       "of ")
           << getValues().size() << " values, but got \"" << getMessage()
           << '"';
  return success();
}

LogicalResult RequireOp::canonicalize(RequireOp op, PatternRewriter &rewriter) {
  if (!matchPattern(op.getCondition(), m_One()))
    return failure();
  rewriter.eraseOp(op);
  return success();
}

//===----------------------------------------------------------------------===//
// Builders
//===----------------------------------------------------------------------===//

static RankedTensorType withShape(ElementsAttr source,
                                  ArrayRef<int64_t> shape) {
  return RankedTensorType::get(shape, source.getElementType());
}

bool moe::support::isWeightExpression(ElementsAttr attr) {
  return isa<ExternalAttr, TransposeAttr, ReshapeAttr, ConcatAttr, SliceAttr,
             PadAttr, ScaleAttr, ConvertAttr, NibblesAttr, UnpackAttr>(attr);
}

ElementsAttr moe::support::matchWeight(Value value) {
  if (auto weight = value.getDefiningOp<WeightOp>())
    return weight.getValue();
  ElementsAttr constant;
  matchPattern(value, m_Constant(&constant));
  return constant;
}

ElementsAttr moe::support::transposeWeight(ElementsAttr source,
                                           ArrayRef<int64_t> permutation) {
  if (llvm::equal(permutation, llvm::seq<int64_t>(0, permutation.size())))
    return source;
  if (auto inner = dyn_cast<TransposeAttr>(source))
    return transposeWeight(
        inner.getSource(),
        applyPermutation(inner.getPermutation(), permutation));
  RankedTensorType type = withShape(
      source, applyPermutation(source.getShapedType().getShape(), permutation));
  // Dimensions of size 1 may move without moving an element.
  SmallVector<int64_t> moved(permutation);
  llvm::erase_if(moved, [&](int64_t dimension) {
    return source.getShapedType().getDimSize(dimension) == 1;
  });
  if (llvm::is_sorted(moved))
    return reshapeWeight(source, type.getShape());
  return TransposeAttr::get(source.getContext(), type, source, permutation);
}

ElementsAttr moe::support::reshapeWeight(ElementsAttr source,
                                         ArrayRef<int64_t> shape) {
  if (source.getShapedType().getShape() == shape)
    return source;
  if (auto inner = dyn_cast<ReshapeAttr>(source))
    return reshapeWeight(inner.getSource(), shape);
  if (auto dense = dyn_cast<DenseElementsAttr>(source))
    return dense.reshape(withShape(source, shape));
  if (auto external = dyn_cast<ExternalAttr>(source))
    return ExternalAttr::get(source.getContext(), withShape(source, shape),
                             external.getFile(), external.getOffset());
  // Factors stay outside, where they cost no copy, as long as slabs stay.
  if (auto scale = dyn_cast<ScaleAttr>(source)) {
    ArrayRef<int64_t> slabs = scale.getFactors().getShapedType().getShape();
    if (shape.take_front(slabs.size()) == slabs)
      return scaleWeight(reshapeWeight(scale.getSource(), shape),
                         scale.getFactors());
  }
  if (auto convert = dyn_cast<ConvertAttr>(source))
    return convertWeight(reshapeWeight(convert.getSource(), shape),
                         cast<FloatType>(convert.getElementType()));
  return ReshapeAttr::get(source.getContext(), withShape(source, shape),
                          source);
}

ElementsAttr moe::support::concatWeights(ArrayRef<ElementsAttr> sources,
                                         int64_t dimension) {
  if (sources.size() == 1)
    return sources.front();
  SmallVector<int64_t> shape(sources.front().getShapedType().getShape());
  shape[dimension] = 0;
  for (ElementsAttr source : sources)
    shape[dimension] += source.getShapedType().getDimSize(dimension);
  return ConcatAttr::get(sources.front().getContext(),
                         withShape(sources.front(), shape), sources, dimension);
}

/// The one source of `concat` that a slice touches, with the slice's offset
/// moved into it; null where it touches several or none.
static ElementsAttr findSlicedSource(ConcatAttr concat, int64_t &offset,
                                     int64_t size, int64_t stride) {
  int64_t first = 0;
  for (ElementsAttr source : concat.getSources()) {
    int64_t end =
        first + source.getShapedType().getDimSize(concat.getDimension());
    if (offset >= first && offset < end) {
      if (size == 0 || offset + (size - 1) * stride >= end)
        return nullptr;
      offset -= first;
      return source;
    }
    first = end;
  }
  return nullptr;
}

ElementsAttr moe::support::sliceWeight(ElementsAttr source,
                                       ArrayRef<int64_t> offsets,
                                       ArrayRef<int64_t> sizes,
                                       ArrayRef<int64_t> strides) {
  if (source.getShapedType().getShape() == sizes)
    return source;
  if (auto concat = dyn_cast<ConcatAttr>(source)) {
    int64_t d = concat.getDimension();
    SmallVector<int64_t> inner(offsets);
    if (ElementsAttr one =
            findSlicedSource(concat, inner[d], sizes[d], strides[d]))
      return sliceWeight(one, inner, sizes, strides);
  }
  return SliceAttr::get(source.getContext(), withShape(source, sizes), source,
                        offsets, strides);
}

ElementsAttr moe::support::padWeight(ElementsAttr source,
                                     ArrayRef<int64_t> shape) {
  if (source.getShapedType().getShape() == shape)
    return source;
  return PadAttr::get(source.getContext(), withShape(source, shape), source);
}

ElementsAttr moe::support::scaleWeight(ElementsAttr source,
                                       ElementsAttr factors) {
  if (matchPattern(factors, m_OneFloat()))
    return source;
  return ScaleAttr::get(source.getContext(), source.getShapedType(), source,
                        factors);
}

ElementsAttr moe::support::convertWeight(ElementsAttr source, FloatType type) {
  if (source.getElementType() == type)
    return source;
  if (auto dense = dyn_cast<DenseFPElementsAttr>(source))
    return dense.mapValues(type, [&](APFloat value) {
      bool inexact;
      value.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                    &inexact);
      return value.bitcastToAPInt();
    });
  // Rearrangements stay outside, where they are recognised.
  if (auto slice = dyn_cast<SliceAttr>(source))
    return sliceWeight(convertWeight(slice.getSource(), type),
                       slice.getOffsets(), slice.getShapedType().getShape(),
                       slice.getStrides());
  if (auto transpose = dyn_cast<TransposeAttr>(source))
    return transposeWeight(convertWeight(transpose.getSource(), type),
                           transpose.getPermutation());
  return ConvertAttr::get(
      source.getContext(),
      RankedTensorType::get(source.getShapedType().getShape(), type), source);
}

ElementsAttr moe::support::nibbleBytes(ElementsAttr source) {
  SmallVector<int64_t> shape(source.getShapedType().getShape());
  shape.back() /= 8 / source.getElementType().getIntOrFloatBitWidth();
  Type byte = IntegerType::get(source.getContext(), 8);
  return NibblesAttr::get(source.getContext(),
                          RankedTensorType::get(shape, byte), source);
}

ElementsAttr moe::support::unpackBytes(ElementsAttr source, int64_t bits,
                                       Type elementType) {
  SmallVector<int64_t> shape(source.getShapedType().getShape());
  shape.back() *= 8 / bits;
  return UnpackAttr::get(source.getContext(),
                         RankedTensorType::get(shape, elementType), source);
}

ElementsAttr moe::support::reverseWeight(ElementsAttr source,
                                         int64_t dimension) {
  ArrayRef<int64_t> shape = source.getShapedType().getShape();
  SmallVector<int64_t> offsets(shape.size(), 0), sizes(shape),
      strides(shape.size(), 1);
  sizes[dimension] = 1;
  SmallVector<ElementsAttr> slices;
  for (int64_t i = shape[dimension]; i-- > 0;) {
    offsets[dimension] = i;
    slices.push_back(sliceWeight(source, offsets, sizes, strides));
  }
  return slices.empty() ? source : concatWeights(slices, dimension);
}

ElementsAttr moe::support::stackWeights(ArrayRef<ElementsAttr> sources) {
  SmallVector<ElementsAttr> slabs =
      llvm::map_to_vector(sources, [](ElementsAttr source) {
        SmallVector<int64_t> shape(source.getShapedType().getShape());
        shape.insert(shape.begin(), 1);
        return reshapeWeight(source, shape);
      });
  return concatWeights(slabs, 0);
}
